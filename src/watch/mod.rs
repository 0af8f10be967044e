//! Which files changed. Events are reasons to look, and no more: what changed is what differs from what was seen before. So
//! an editor's temporary files leave no trace, a doubled event does no harm, and after a lost one everything is looked at.
//!
//! When to look is decided in `settle`, from events and times alone; what to make of an event in `heard`; which file systems
//! tell of nothing in `mounts`. The disk is read in `tree`, and nowhere else.

mod ear;
mod heard;
mod mounts;
mod settle;
mod tree;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use self::{ear::Ear, tree::Tree};
pub use self::{
    ear::Silence,
    heard::{Heard, Sort, heard},
    settle::{Batch, Settle},
};

/// Between two looks where no one tells of changes.
pub const POLL: Duration = Duration::from_secs(1);

/// What is watched: absolute paths without links, as those of events are.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// With all that is below, but for hidden folders and the insides of packages.
    pub folders: Vec<PathBuf>,
    /// In folders that are not watched otherwise. They need not be there.
    pub files: Vec<PathBuf>,
    /// Folders below a watched one that are not: what we write ourselves.
    pub except: Vec<PathBuf>,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    Added,
    Changed,
    Removed,
}

/// By path.
pub type Changes = BTreeMap<PathBuf, Change>;

/// Watches places.
#[derive(Debug)]
pub struct Watch {
    tree: Tree,
    ear: Ear,
    settle: Settle,
    /// When everything was looked at last, where that has to be done again and again.
    looked: Instant,
    has_begun: bool,
}

impl Watch {
    /// Of these places, once it has begun. `send` is called from another thread with what is heard; it is to be given to
    /// `hear`. With `poll`, nothing is listened to, and everything is looked at so often.
    pub fn of(places: Places, poll: Option<Duration>, send: impl Fn(Heard) + Send + 'static) -> Self {
        let ear = Ear::open(&places, poll, send);
        Self { tree: Tree::new(places), ear, settle: Settle::default(), looked: Instant::now(), has_begun: false }
    }

    /// Listens, and looks at everything for the first time: what is there is no change. It takes its time where there are many
    /// files, and comes before anything is read of them. Once is enough.
    pub fn begin(&mut self) {
        if !std::mem::replace(&mut self.has_begun, true) {
            self.tree.look_at_all(&mut self.ear);
            self.looked = Instant::now();
        }
    }

    /// Why changes are looked for instead of being told of, if that is so.
    #[must_use]
    pub fn silence(&self) -> Option<&Silence> {
        self.ear.silence()
    }

    pub fn hear(&mut self, heard: Heard, now: Instant) {
        self.settle.hear(heard, now);
    }

    /// When to look; never, if nothing happens.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        let poll = self.ear.interval().map(|interval| self.looked + interval);
        [self.settle.due(), poll].into_iter().flatten().min()
    }

    /// Looks, if that is due, and says what changed since the last time.
    pub fn look(&mut self, now: Instant) -> Changes {
        let is_time = self.ear.interval().is_some_and(|interval| now >= self.looked + interval);
        let batch = self.settle.take(now);
        let mut changes = batch.as_ref().map_or_else(Changes::new, |batch| self.tree.look_at(batch, &mut self.ear));
        if is_time || batch.is_some_and(|batch| batch.everything) {
            self.looked = now;
            changes.extend(self.tree.look_at_all(&mut self.ear));
        }
        changes
    }

    /// Whether a file has been seen.
    #[must_use]
    pub fn knows(&self, file: &Path) -> bool {
        self.tree.knows(file)
    }

    /// Looks at one folder now, because what it holds is about to be read. What differs is returned here and not told again.
    pub fn accept(&mut self, folder: &Path) -> Changes {
        let batch = Batch { paths: [(folder.to_owned(), false)].into(), everything: false };
        let changes = self.tree.look_at(&batch, &mut self.ear);
        self.tree.settle(&changes);
        changes
    }
}

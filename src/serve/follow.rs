//! Follows the build folder: whatever happens there is a reason to look, and the look (`Sites::refresh`) decides. So a
//! lost or doubled event does no harm, and where the system tells of no events we look once a second.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use notify::{
    EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode},
};

use crate::site::{ContentHash, SiteName};

use super::snapshot::{Changes, Sites, Told};

/// Even where events come: network folders and containers forget some. Whoever builds in this process tells of it.
const LOOK_ANYWAY: Duration = Duration::from_secs(5);
/// Where none come.
const POLL: Duration = Duration::from_secs(1);
/// Between two times that what is asked for is written down.
const SAVE: Duration = Duration::from_mins(5);
/// Events of one commit come in a burst.
const SETTLE: Duration = Duration::from_millis(10);

/// Follows the folder until it is dropped.
#[derive(Debug)]
pub struct Follower {
    wake: mpsc::Sender<Wake>,
    thread: Option<thread::JoinHandle<()>>,
}

/// Asks a follower to look.
#[derive(Clone, Debug)]
pub struct Look(mpsc::Sender<Wake>);

#[derive(Debug)]
enum Wake {
    Look,
    /// Look, and tell when it is done.
    Tell(mpsc::Sender<()>),
    Stop,
}

impl Look {
    /// Returns once the folder was looked at, or no one follows it any more.
    pub fn now(&self) {
        let (tell, told) = mpsc::channel();
        if self.0.send(Wake::Tell(tell)).is_ok() {
            // Fails when the follower ended meanwhile.
            let _ = told.recv();
        }
    }
}

impl Follower {
    /// Begins to follow `sites`; `told` is what was told already.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn start(sites: Arc<Sites>, told: Told) -> std::io::Result<Self> {
        let (wake, woken) = mpsc::channel();
        let on_event = wake.clone();
        let events = notify::recommended_watcher(move |event| {
            if is_reason_to_look(&event) {
                // Fails when no one follows any more.
                let _ = on_event.send(Wake::Look);
            }
        });
        let events = events
            .inspect_err(|error| tracing::warn!(%error, "the system tells of no changes; looking every second"))
            .ok();
        let follow = move || follow(&sites, told, events, &woken);
        let thread = thread::Builder::new().name("sitekit-follow".to_owned()).spawn(follow)?;
        Ok(Self { wake, thread: Some(thread) })
    }

    #[must_use]
    pub fn look(&self) -> Look {
        Look(self.wake.clone())
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        // Fails only when the thread is gone already.
        let _ = self.wake.send(Wake::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("following the build folder ended in a panic");
        }
    }
}

fn follow(sites: &Sites, mut told: Told, mut events: Option<RecommendedWatcher>, woken: &mpsc::Receiver<Wake>) {
    let mut watched = BTreeSet::new();
    let mut readable = true;
    let mut saved = Instant::now();
    let mut waiting: Vec<mpsc::Sender<()>> = Vec::new();
    loop {
        let events_come = events.as_mut().is_some_and(|events| watch_all(events, sites.build_folder(), &mut watched));
        match sites.refresh(&mut told) {
            Ok(changes) => {
                log(&changes);
                readable = true;
            }
            Err(error) if readable => {
                tracing::error!(%error, "the build folder cannot be read; what is live stays live");
                readable = false;
            }
            Err(_) => {}
        }
        waiting.drain(..).for_each(|tell| {
            // Whoever asked may be gone.
            let _ = tell.send(());
        });
        let first = match (events_come, sites.hears_of_builds()) {
            (true, true) => woken.recv().map_err(|_| mpsc::RecvTimeoutError::Disconnected),
            (true, false) => woken.recv_timeout(LOOK_ANYWAY),
            (false, _) => woken.recv_timeout(POLL),
        };
        let first = match first {
            Ok(wake) => Some(wake),
            Err(mpsc::RecvTimeoutError::Timeout) => None,
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        };
        // Someone who waits for the look does not wait for this.
        let mut more = None;
        let settled = Instant::now() + SETTLE;
        while matches!((&first, &more), (Some(Wake::Look), None | Some(Wake::Look))) {
            match woken.recv_timeout(settled.saturating_duration_since(Instant::now())) {
                Ok(wake) => more = Some(wake),
                Err(_) => break,
            }
        }
        let mut stop = false;
        for wake in first.into_iter().chain(more).chain(woken.try_iter()) {
            match wake {
                Wake::Look => {}
                Wake::Tell(tell) => waiting.push(tell),
                Wake::Stop => stop = true,
            }
        }
        if stop {
            break;
        }
        if saved.elapsed() >= SAVE {
            saved = Instant::now();
            sites.save_hits();
        }
    }
    sites.save_hits();
}

/// Whether something may have changed. Looking opens files and folders, which is an event too: taking that for a reason
/// would never end. A failure to watch is one.
fn is_reason_to_look(event: &notify::Result<notify::Event>) -> bool {
    match event {
        Ok(event) => match event.kind {
            EventKind::Access(AccessKind::Close(mode)) => mode == AccessMode::Write,
            EventKind::Access(_) => false,
            _ => true,
        },
        Err(_) => true,
    }
}

/// Watches the build folder and each site's folder in it, but no folder below: the build's caches are busy places.
/// Whether the build folder is watched.
fn watch_all(events: &mut impl Watcher, build: &Path, watched: &mut BTreeSet<std::path::PathBuf>) -> bool {
    let sites = std::fs::read_dir(build).into_iter().flatten().flatten().filter(|entry| {
        entry.file_name().to_str().is_some_and(|name| SiteName::parse(name).is_ok())
            && entry.file_type().is_ok_and(|kind| kind.is_dir())
    });
    let wanted: BTreeSet<_> = sites.map(|entry| entry.path()).chain(build.is_dir().then(|| build.to_owned())).collect();
    for gone in watched.difference(&wanted) {
        // The watch ended with the folder.
        let _ = events.unwatch(gone);
    }
    watched.retain(|folder| wanted.contains(folder));
    for folder in wanted {
        // A folder that was removed and made again is another one: watching it twice is harmless, missing it is not.
        if events.watch(&folder, RecursiveMode::NonRecursive).is_ok() {
            watched.insert(folder);
        }
    }
    watched.contains(build)
}

/// Tells what a look changed.
pub fn log(changes: &Changes) {
    for (site, before, now) in &changes.swapped {
        let before = before.as_ref().map(ContentHash::to_string);
        tracing::info!(%site, generation = %now, before, "live");
    }
    for site in &changes.removed {
        tracing::info!(%site, "gone");
    }
    for (site, reason) in &changes.refused {
        tracing::error!(%site, reason, "a bundle is refused; the one before it, if any, stays live");
    }
    for (site, reason) in &changes.skipped {
        tracing::warn!(%site, reason, "an older generation cannot be opened: its files do not answer any more");
    }
}

#[cfg(test)]
mod tests {
    use notify::{
        Event,
        event::{CreateKind, ModifyKind, RemoveKind, RenameMode},
    };

    use super::*;

    #[test]
    fn looking_is_no_reason_to_look_again() {
        for (kind, expected) in [
            (EventKind::Access(AccessKind::Open(AccessMode::Any)), false),
            (EventKind::Access(AccessKind::Read), false),
            (EventKind::Access(AccessKind::Close(AccessMode::Read)), false),
            (EventKind::Access(AccessKind::Close(AccessMode::Write)), true),
            (EventKind::Create(CreateKind::Folder), true),
            (EventKind::Modify(ModifyKind::Name(RenameMode::To)), true),
            (EventKind::Remove(RemoveKind::Folder), true),
            (EventKind::Any, true),
        ] {
            assert_eq!(is_reason_to_look(&Ok(Event::new(kind))), expected, "{kind:?}");
        }
        assert!(is_reason_to_look(&Err(notify::Error::generic("an overflow"))));
    }
}

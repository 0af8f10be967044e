//! Commit by rename, because a reader must never see half a bundle, and must find a whole one after a crash at any
//! step. FORMAT.md says why each step stands where it does; `tests/bundle.rs` stops the disk at every one. Going back to
//! a generation that is kept is the second half of the same steps.

use std::{
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use bytes::Bytes;

use super::{Disk, Listed, Sealed};
use crate::{
    bundle::{BundleName, CURRENT, LOCK, TEMPORARY_BUNDLE, TEMPORARY_CURRENT},
    site::{ContentHash, SiteName},
};

/// How many generations of a site are kept, the live one among them, unless someone says otherwise.
pub const KEEP: usize = 5;

/// What could not be done to which file. The site that was live before still is, unless the message says otherwise.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {error}", path.display())]
pub struct CommitError {
    pub action: &'static str,
    pub path: PathBuf,
    #[source]
    pub error: io::Error,
}

/// A bundle that is on disk and live.
#[derive(Debug)]
pub struct Committed {
    pub path: PathBuf,
    pub generation: ContentHash,
    /// Of the bundle, in bytes.
    pub len: u64,
    /// Whether the bundle was written; not when this generation was there already, and whole.
    pub written: bool,
    /// Older generations that were removed.
    pub removed: Vec<ContentHash>,
    /// Older files that should have been removed and could not; the next commit tries again.
    pub left: Vec<CommitError>,
}

impl Sealed {
    /// Writes the bundle to `build/<site>/`, makes it the live one, and removes the oldest generations beyond `keep`.
    /// When this returns, all of it survives a loss of power. Waits for another build that commits the same site.
    ///
    /// # Errors
    /// When the disk refuses a step; the temporary file is removed.
    pub fn commit(&self, disk: &dyn Disk, build: &Path, keep: usize) -> Result<Committed, CommitError> {
        let folder = Folder { disk, path: build.join(self.site.as_str()) };
        folder.step("make the folder", "", |path| disk.create_folder(path))?;
        let lock = folder.step("lock", LOCK, |path| disk.lock(path))?;
        let generation = self.generation();
        let name = BundleName(generation).to_string();
        let before = folder.live();
        let written = !folder.holds(&name, self.pieces());
        if written {
            folder.replace(TEMPORARY_BUNDLE, &name, self.pieces())?;
        } else {
            // It may be the work of a build that was killed before it could do this.
            folder.sync()?;
        }
        if before != Some(generation) {
            folder.put_first(generation, before)?;
        }
        folder.make_live(generation)?;
        let (removed, left) = folder.prune(generation, keep);
        drop(lock);
        Ok(Committed { path: folder.path.join(name), generation, len: self.len(), written, removed, left })
    }
}

/// Makes a generation that is kept the live one; the caller has found its bundle whole. Nothing is removed, and the
/// order of the generations stays: going back twice goes back further. Waits for a build that commits the same site.
/// When this returns, it survives a loss of power.
///
/// # Errors
/// When the bundle is not there any more, or the disk refuses a step.
pub fn publish(disk: &dyn Disk, build: &Path, site: &SiteName, generation: ContentHash) -> Result<(), CommitError> {
    let folder = Folder { disk, path: build.join(site.as_str()) };
    let lock = folder.step("lock", LOCK, |path| disk.lock(path))?;
    folder.step("open", &BundleName(generation).to_string(), |path| disk.open(path))?;
    folder.sync()?;
    folder.make_live(generation)?;
    drop(lock);
    Ok(())
}

/// The folder of a site.
struct Folder<'a> {
    disk: &'a dyn Disk,
    path: PathBuf,
}

impl Folder<'_> {
    /// The generation `current` names. One that cannot be read names none.
    fn live(&self) -> Option<ContentHash> {
        let mut content = String::new();
        let file = self.disk.open(&self.path.join(CURRENT)).ok()?;
        // Longer than what it should hold is something else, however long.
        file.take(64).read_to_string(&mut content).ok()?;
        BundleName::parse_current(&content).map(|name| name.0)
    }

    /// Makes `current` name a bundle that is there, and whose name is synced.
    fn make_live(&self, generation: ContentHash) -> Result<(), CommitError> {
        let current = Bytes::from(BundleName(generation).to_current());
        if !self.holds(CURRENT, [Ok(current.clone())]) {
            self.replace(TEMPORARY_CURRENT, CURRENT, [Ok(current)])?;
        }
        Ok(())
    }

    /// The files' times are the order of the generations, the newest first. A build's own comes first, and the one it
    /// replaces second, also when that had been gone back to: it is what going back from this build should find.
    fn put_first(&self, next: ContentHash, before: Option<ContentHash>) -> Result<(), CommitError> {
        let files = self.newest_first()?;
        let order: Vec<_> = files.iter().filter_map(|file| BundleName::parse(&file.name)).map(|name| name.0).collect();
        let mut wanted = vec![next];
        wanted.extend(before.filter(|before| order.contains(before)));
        if order.starts_with(&wanted) {
            return Ok(());
        }
        let touch =
            |&generation: &_| self.step("touch", &BundleName(generation).to_string(), |path| self.disk.touch(path));
        wanted.iter().rev().try_for_each(touch)
    }

    fn newest_first(&self) -> Result<Vec<Listed>, CommitError> {
        let mut files = self.step("list", "", |path| self.disk.list(path))?;
        files.sort_by(|a, b| b.modified.cmp(&a.modified).then_with(|| a.name.cmp(&b.name)));
        Ok(files)
    }

    /// Whether there is a file `name` with exactly these bytes. One that cannot be read is no such file.
    fn holds(&self, name: &str, pieces: impl IntoIterator<Item = io::Result<Bytes>>) -> bool {
        let Ok(mut file) = self.disk.open(&self.path.join(name)) else { return false };
        let mut chunk = vec![0; CHUNK];
        for piece in pieces {
            // Who writes it will say so.
            let Ok(piece) = piece else { return false };
            for expected in piece.chunks(CHUNK) {
                let found = &mut chunk[..expected.len()];
                if file.read_exact(found).is_err() || found != expected {
                    return false;
                }
            }
        }
        matches!(file.read(&mut chunk[..1]), Ok(0))
    }

    /// Writes `pieces` to `temporary`, then renames it to `name`: whoever opens `name` finds the old file or the whole
    /// new one, also after a loss of power.
    fn replace(
        &self,
        temporary: &str,
        name: &str,
        pieces: impl IntoIterator<Item = io::Result<Bytes>>,
    ) -> Result<(), CommitError> {
        let renamed = self
            .step("write", temporary, |path| self.write(path, pieces))
            .and_then(|()| self.step("replace", name, |path| self.disk.rename(&self.path.join(temporary), path)));
        if renamed.is_err() {
            // Best effort: the disk has just refused something, and the next commit writes over this file anyway.
            let _ = self.disk.remove(&self.path.join(temporary));
        }
        renamed?;
        self.sync()
    }

    fn write(&self, path: &Path, pieces: impl IntoIterator<Item = io::Result<Bytes>>) -> io::Result<()> {
        let mut file = BufWriter::with_capacity(CHUNK, self.disk.create(path)?);
        for piece in pieces {
            file.write_all(&piece?)?;
        }
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync()
    }

    fn sync(&self) -> Result<(), CommitError> {
        self.step("sync", "", |path| self.disk.sync_folder(path))
    }

    /// Removes what no one needs any more; all of it could be left.
    fn prune(&self, live: ContentHash, keep: usize) -> (Vec<ContentHash>, Vec<CommitError>) {
        let files = match self.newest_first() {
            Ok(files) => files,
            Err(error) => return (Vec::new(), vec![error]),
        };
        let older =
            files.iter().filter_map(|Listed { name, .. }| BundleName::parse(name)).filter(|name| name.0 != live);
        let (mut removed, mut left) = (Vec::new(), Vec::new());
        for name in older.skip(keep.saturating_sub(1)) {
            match self.step("remove", &name.to_string(), |path| self.disk.remove(path)) {
                Ok(()) => removed.push(name.0),
                Err(error) => left.push(error),
            }
        }
        // We hold the lock, so a temporary file that is here now is one a killed build left.
        for name in [TEMPORARY_BUNDLE, TEMPORARY_CURRENT] {
            if files.iter().any(|file| file.name == name) {
                left.extend(self.step("remove", name, |path| self.disk.remove(path)).err());
            }
        }
        (removed, left)
    }

    /// Does one thing to one file of the folder, or to the folder itself, and says which when it fails.
    fn step<T>(
        &self,
        action: &'static str,
        name: &str,
        act: impl FnOnce(&Path) -> io::Result<T>,
    ) -> Result<T, CommitError> {
        let path = if name.is_empty() { self.path.clone() } else { self.path.join(name) };
        act(&path).map_err(|error| CommitError { action, path, error })
    }
}

/// How much is written and compared at a time, in bytes.
const CHUNK: usize = 256 * 1024;

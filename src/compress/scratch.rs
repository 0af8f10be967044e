//! Texts and bodies of one build, in a file without a name: what goes beyond a bound of memory is put there until it is needed
//! again. It ends with the build, however that ends. Where the disk takes nothing, everything stays in memory.

use std::{
    fs::{self, File},
    io,
    path::PathBuf,
    sync::{
        OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use crate::site::Shelf;

/// A shelf in a folder of the cache.
#[derive(Debug)]
pub struct Scratch {
    /// The name it has until it has none.
    path: PathBuf,
    /// Made when something is put into it; `None` where that cannot be.
    file: OnceLock<Option<File>>,
    /// How much may still stay in memory.
    room: AtomicUsize,
    end: AtomicU64,
}

impl Scratch {
    pub(super) fn new(path: PathBuf, in_memory: usize) -> Self {
        Self { path, file: OnceLock::new(), room: AtomicUsize::new(in_memory), end: AtomicU64::new(0) }
    }

    fn file(&self) -> Option<&File> {
        let open = || {
            fs::create_dir_all(self.path.parent()?).ok()?;
            let file = File::options().create_new(true).read(true).write(true).open(&self.path).ok()?;
            fs::remove_file(&self.path).ok().map(|()| file)
        };
        self.file.get_or_init(open).as_ref()
    }
}

impl Shelf for Scratch {
    fn put(&self, bytes: &[u8]) -> Option<u64> {
        let taken = self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(bytes.len()));
        if taken.is_ok() {
            return None;
        }
        let file = self.file()?;
        let at = self.end.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        write_at(file, bytes, at).ok().map(|()| at)
    }

    fn read(&self, at: u64, len: usize) -> io::Result<Vec<u8>> {
        let file = self.file().ok_or(io::ErrorKind::NotFound)?;
        let mut bytes = vec![0; len];
        read_at(file, &mut bytes, at)?;
        Ok(bytes)
    }
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

/// Elsewhere a file that is open keeps its name, and would be left behind by a build that is killed.
#[cfg(not(unix))]
fn write_at(_: &File, _: &[u8], _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(unix))]
fn read_at(_: &File, _: &mut [u8], _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn what_has_no_room_in_memory_is_in_a_file_without_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(folder.path().join("a/b.tmp"), 5);
        assert_eq!(scratch.put(b"abc"), None);
        assert_eq!(scratch.put(b"defg"), Some(0));
        assert_eq!(scratch.put(b"hi"), None);
        assert_eq!(scratch.put(b"jkl"), Some(4));
        assert_eq!(scratch.read(0, 4).unwrap(), b"defg");
        assert_eq!(scratch.read(4, 3).unwrap(), b"jkl");
        assert!(scratch.read(4, 4).is_err());
        assert_eq!(fs::read_dir(folder.path().join("a")).unwrap().count(), 0);
    }

    #[test]
    fn without_a_disk_all_stays_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "").unwrap();
        assert_eq!(Scratch::new(folder.path().join("a/b.tmp"), 0).put(b"abc"), None);
    }
}

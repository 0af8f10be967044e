//! A Unix socket and its file: never found before its mode is set, never taken from a server that still listens, and
//! gone when its server is, unless another has put its own in the place.

use std::{
    fs, io,
    os::unix::{
        fs::{FileTypeExt, MetadataExt, PermissionsExt},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

/// A socket that listens, and a share in its file.
#[derive(Debug)]
pub(super) struct UnixSocket {
    pub(super) listener: UnixListener,
    pub(super) file: Arc<SocketFile>,
}

/// Removes itself with the last socket.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// Device and inode: whether the file of that name is still ours.
    identity: Option<(u64, u64)>,
    /// Whether it is for us to remove.
    ours: AtomicBool,
}

impl UnixSocket {
    /// Binds `path`. The file of a server that is gone is replaced.
    ///
    /// # Errors
    /// `AddrInUse` when a server listens there, or the file is no socket; else those of the system.
    pub(super) fn bind(path: &Path, mode: u32) -> io::Result<Self> {
        if UnixStream::connect(path).is_ok() {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, "another server listens there"));
        }
        match fs::symlink_metadata(path) {
            Ok(file) if !file.file_type().is_socket() => {
                return Err(io::Error::new(io::ErrorKind::AddrInUse, "a file of that name is no socket"));
            }
            _ => {}
        }
        Self::replace(path, mode)
    }

    /// The same, whoever listens there: from now on we do.
    pub(super) fn replace(path: &Path, mode: u32) -> io::Result<Self> {
        // Bound under another name and renamed, so that no one finds it before its mode is set.
        let mut hidden = path.as_os_str().to_owned();
        hidden.push(format!(".new-{}", std::process::id()));
        let hidden = PathBuf::from(hidden);
        let _ = fs::remove_file(&hidden);
        let listener = UnixListener::bind(&hidden)?;
        fs::set_permissions(&hidden, fs::Permissions::from_mode(mode))?;
        fs::rename(&hidden, path)?;
        Ok(Self { listener, file: Arc::new(SocketFile::of(path, true)) })
    }

    /// A socket that listens already, whose file stays when we go.
    pub(super) fn adopt(listener: UnixListener) -> Self {
        let file = Arc::new(SocketFile::of(&path_of(&listener), false));
        Self { listener, file }
    }

    /// A socket of the server before us, whose file is ours now.
    pub(super) fn succeed(listener: UnixListener, path: &Path) -> Self {
        Self { listener, file: Arc::new(SocketFile::of(path, true)) }
    }

    pub(super) fn try_clone(&self) -> io::Result<Self> {
        Ok(Self { listener: self.listener.try_clone()?, file: Arc::clone(&self.file) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.file.path
    }
}

impl SocketFile {
    fn of(path: &Path, ours: bool) -> Self {
        Self { path: path.to_owned(), identity: identity(path), ours: AtomicBool::new(ours) }
    }

    /// Another server has it now.
    pub(super) fn give_up(&self) {
        self.ours.store(false, Relaxed);
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.ours.load(Relaxed) && self.identity.is_some() && identity(&self.path) == self.identity {
            // Nothing to do about it when it fails: the next server replaces a stale one.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Where a socket was bound.
fn path_of(listener: &UnixListener) -> PathBuf {
    let address = listener.local_addr().ok();
    address.and_then(|address| address.as_pathname().map(Path::to_owned)).unwrap_or_default()
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_file_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("web.sock");
        let first = UnixSocket::bind(&path, 0o660).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        assert_eq!(UnixSocket::bind(&path, 0o660).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        // Left behind by a server that was killed.
        std::mem::forget(Arc::clone(&first.file));
        drop(first);
        assert!(path.exists());
        let second = UnixSocket::bind(&path, 0o600).unwrap();
        // Someone else's file of that name stays.
        fs::remove_file(&path).unwrap();
        let third = UnixSocket::bind(&path, 0o600).unwrap();
        drop(second);
        assert!(path.exists());
        drop(third);
        assert!(!path.exists());
        fs::write(&path, "not a socket").unwrap();
        assert_eq!(UnixSocket::bind(&path, 0o600).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        assert_eq!(fs::read_to_string(&path).unwrap(), "not a socket");
    }
}

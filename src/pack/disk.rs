//! What committing a bundle needs of a disk. It exists so that a test can stop the disk at any step, and lose what a
//! real one may lose; the steps themselves do not know.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
    time::SystemTime,
};

/// A folder of files with the promises POSIX makes, and no others: what was not synced may be lost.
pub trait Disk {
    /// Makes a folder and those above it, so that they survive a loss of power; fine when it is there.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;

    /// Waits until no one else holds the lock `file`, and holds it until the value is dropped or the process ends.
    fn lock(&self, file: &Path) -> io::Result<Box<dyn Send>>;

    /// Makes an empty file, or empties one.
    fn create(&self, file: &Path) -> io::Result<Box<dyn DiskFile>>;

    fn open(&self, file: &Path) -> io::Result<Box<dyn Read>>;

    /// Says that a file is as good as new.
    fn touch(&self, file: &Path) -> io::Result<()>;

    /// Atomic; replaces what is at `to`.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    fn remove(&self, file: &Path) -> io::Result<()>;

    /// Makes what was created, renamed and removed in a folder survive a loss of power.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>>;
}

/// A file that is being written.
pub trait DiskFile: Write {
    /// Makes what was written survive a loss of power.
    fn sync(&mut self) -> io::Result<()>;
}

/// A file in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub name: String,
    pub modified: SystemTime,
}

/// The disk of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        self.create_folder(above)?;
        match fs::create_dir(folder) {
            // Another build was faster; a file of that name is found by the next step.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
        self.sync_folder(above)
    }

    fn lock(&self, file: &Path) -> io::Result<Box<dyn Send>> {
        let file = File::options().create(true).truncate(false).write(true).open(file)?;
        file.lock()?;
        Ok(Box::new(file))
    }

    fn create(&self, file: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(File::create(file)?))
    }

    fn open(&self, file: &Path) -> io::Result<Box<dyn Read>> {
        Ok(Box::new(File::open(file)?))
    }

    fn touch(&self, file: &Path) -> io::Result<()> {
        File::options().write(true).open(file)?.set_modified(SystemTime::now())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        fs::remove_file(file)
    }

    #[cfg(unix)]
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    /// Elsewhere a folder cannot be opened, and the file system's journal keeps the order of renames.
    #[cfg(not(unix))]
    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            // Names that are not UTF-8 are none of ours.
            let Ok(name) = entry.file_name().into_string() else { continue };
            files.push(Listed { name, modified: entry.metadata()?.modified()? });
        }
        Ok(files)
    }
}

impl DiskFile for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

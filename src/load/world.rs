//! The one door to the outside for site files. Every read of a build goes through [`World`], so that tests need no
//! disk and a dependency cannot be forgotten. Nothing here follows a link out of the site's folder.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;

use super::outside::{MemoryOutside, Outside};

/// Files of one site, by paths relative to the project, with `/` (`sites/docs/config.toml`).
pub trait World: Sync {
    /// The bytes of a file.
    fn read(&self, path: &str) -> Result<Bytes, WorldError>;

    /// What is in a folder, sorted by name (bytes).
    fn list(&self, folder: &str) -> Result<Vec<Entry>, WorldError>;

    /// What is at a path: never [`EntryKind::Refused`]. Links are followed.
    fn kind(&self, path: &str) -> Result<EntryKind, WorldError>;

    /// The path with all links followed, relative to the project again: packages that a package manager links into
    /// `node_modules` find their own dependencies beside the real one.
    fn real(&self, path: &str) -> Result<String, WorldError>;

    /// The inputs that are no files.
    fn outside(&self) -> &dyn Outside;

    /// The same world, for what outlives the borrow: the linker's threads, the functions of templates.
    fn shared(&self) -> Arc<dyn World + Send + Sync>;
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The last segment of the path. Where the file system's name is not UTF-8, what can be shown of it.
    pub name: String,
    pub kind: EntryKind,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// Its length in bytes.
    File(u64),
    Folder,
    /// It is there, and cannot be used.
    Refused(WorldError),
}

/// Why something cannot be read. Reads as the end of a sentence: "`a.md` …".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum WorldError {
    #[error("does not exist")]
    NotFound,
    #[error("may not be read: permission denied")]
    Denied,
    #[error("is a link that leaves the site's folder")]
    LeavesSite,
    #[error("is a link to a folder that contains it")]
    Cycle,
    #[error("is a link to nothing")]
    Dangling,
    #[error("has a name that is not UTF-8")]
    NameNotUtf8,
    #[error("is neither a file nor a folder")]
    Special,
    #[error("is a folder")]
    IsFolder,
    #[error("cannot be read: {0}")]
    Io(String),
}

/// The files on disk.
#[derive(Clone, Debug)]
pub struct DiskWorld {
    project: PathBuf,
    /// What a link may lead to: real paths.
    fence: PathBuf,
    site: String,
    outside: Arc<dyn Outside>,
    /// Real paths of folders, by the path they were asked for under: a build asks for the files of one folder one after another,
    /// and it is a world of its own.
    folders: Arc<Mutex<HashMap<String, PathBuf>>>,
}

impl DiskWorld {
    /// The files of the site at `site` (`sites/docs`) in the folder `project`. The site's folder itself may be a link.
    pub fn new(project: impl Into<PathBuf>, site: &str) -> Result<Self, WorldError> {
        let project = project.into();
        let fence = fs::canonicalize(project.join(site)).map_err(|error| WorldError::from_io(&error))?;
        let outside = Arc::new(MemoryOutside::default());
        Ok(Self { project, fence, site: site.to_owned(), outside, folders: Arc::default() })
    }

    /// With inputs that are no files. Without this there are none.
    #[must_use]
    pub fn with_outside(self, outside: Arc<dyn Outside>) -> Self {
        Self { outside, ..self }
    }

    /// Refuses a real path outside the site, unless what was asked for is not the site's at all (the project's own
    /// `.buildignore`). Packages of the site may be links to anywhere in the project: package managers keep them there.
    fn fenced(&self, path: &str) -> Result<PathBuf, WorldError> {
        let real = self.real_path(path).map_err(|error| WorldError::from_io(&error))?;
        let inside = path.strip_prefix(self.site.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/'));
        match inside {
            Some(inside) if !real.starts_with(&self.fence) => {
                let is_package = inside.split('/').any(|segment| segment == "node_modules");
                let project = || fs::canonicalize(&self.project).is_ok_and(|project| real.starts_with(project));
                if is_package && project() { Ok(real) } else { Err(WorldError::LeavesSite) }
            }
            _ => Ok(real),
        }
    }

    fn real_path(&self, path: &str) -> io::Result<PathBuf> {
        let whole = self.project.join(path);
        let Some((folder, name)) = path.rsplit_once('/').filter(|(_, name)| !matches!(*name, "" | "." | "..")) else {
            return fs::canonicalize(whole);
        };
        if fs::symlink_metadata(&whole)?.is_symlink() {
            return fs::canonicalize(whole);
        }
        // A thread that panicked while it held the lock left a map that is whole.
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(real) = folders.get(folder) {
            return Ok(real.join(name));
        }
        let real = fs::canonicalize(self.project.join(folder))?;
        let file = real.join(name);
        folders.insert(folder.to_owned(), real);
        Ok(file)
    }

    fn kind(&self, entry: &fs::DirEntry, path: &str) -> Result<EntryKind, WorldError> {
        let io = |error| WorldError::from_io(&error);
        let kind = entry.file_type().map_err(io)?;
        let metadata = if kind.is_symlink() {
            let real = self.fenced(path).map_err(|error| match error {
                WorldError::NotFound => WorldError::Dangling,
                other => other,
            })?;
            let metadata = fs::metadata(&real).map_err(io)?;
            if metadata.is_dir() && self.contains_itself(path, &real) {
                return Err(WorldError::Cycle);
            }
            metadata
        } else {
            entry.metadata().map_err(io)?
        };
        if metadata.is_dir() {
            Ok(EntryKind::Folder)
        } else if metadata.is_file() {
            Ok(EntryKind::File(metadata.len()))
        } else {
            Err(WorldError::Special)
        }
    }

    /// Whether one of the folders on the way to `path` is `real`.
    fn contains_itself(&self, path: &str, real: &Path) -> bool {
        path.match_indices('/')
            .any(|(end, _)| fs::canonicalize(self.project.join(&path[..end])).is_ok_and(|up| up == real))
    }
}

impl World for DiskWorld {
    fn read(&self, path: &str) -> Result<Bytes, WorldError> {
        fs::read(self.fenced(path)?).map(Bytes::from).map_err(|error| WorldError::from_io(&error))
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, WorldError> {
        let io = |error| WorldError::from_io(&error);
        let mut entries = Vec::new();
        for entry in fs::read_dir(self.fenced(folder)?).map_err(io)? {
            let entry = entry.map_err(io)?;
            let (name, kind) = match entry.file_name().into_string() {
                Ok(name) => {
                    let path = format!("{folder}/{name}");
                    (name, self.kind(&entry, &path).unwrap_or_else(EntryKind::Refused))
                }
                Err(name) => (name.to_string_lossy().into_owned(), EntryKind::Refused(WorldError::NameNotUtf8)),
            };
            entries.push(Entry { name, kind });
        }
        entries.sort();
        Ok(entries)
    }

    fn kind(&self, path: &str) -> Result<EntryKind, WorldError> {
        let metadata = fs::metadata(self.fenced(path)?).map_err(|error| WorldError::from_io(&error))?;
        if metadata.is_dir() {
            Ok(EntryKind::Folder)
        } else if metadata.is_file() {
            Ok(EntryKind::File(metadata.len()))
        } else {
            Err(WorldError::Special)
        }
    }

    fn real(&self, path: &str) -> Result<String, WorldError> {
        let real = self.fenced(path)?;
        // The site's own folder may be a link; what is in it keeps its name.
        if let Ok(inside) = real.strip_prefix(&self.fence) {
            let inside = inside.to_str().ok_or(WorldError::NameNotUtf8)?;
            return Ok(if inside.is_empty() { self.site.clone() } else { format!("{}/{inside}", self.site) });
        }
        let project = fs::canonicalize(&self.project).map_err(|error| WorldError::from_io(&error))?;
        let inside = real.strip_prefix(&project).map_err(|_| WorldError::LeavesSite)?;
        Ok(inside.to_str().ok_or(WorldError::NameNotUtf8)?.to_owned())
    }

    fn outside(&self) -> &dyn Outside {
        &*self.outside
    }

    fn shared(&self) -> Arc<dyn World + Send + Sync> {
        Arc::new(self.clone())
    }
}

/// Files in memory, for tests. Folders are there when a file is in them.
#[derive(Clone, Debug, Default)]
pub struct MemoryWorld {
    files: BTreeMap<String, Bytes>,
    refused: BTreeMap<String, WorldError>,
    outside: Arc<MemoryOutside>,
}

impl MemoryWorld {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a file.
    #[must_use]
    pub fn with(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.to_owned(), Bytes::from(content.into()));
        self
    }

    /// Adds something that is listed and cannot be used.
    #[must_use]
    pub fn with_refused(mut self, path: &str, why: WorldError) -> Self {
        self.refused.insert(path.to_owned(), why);
        self
    }

    /// Adds inputs that are no files.
    #[must_use]
    pub fn with_outside(self, outside: MemoryOutside) -> Self {
        Self { outside: Arc::new(outside), ..self }
    }

    /// Removes a file.
    #[must_use]
    pub fn without(mut self, path: &str) -> Self {
        self.files.remove(path);
        self
    }
}

impl World for MemoryWorld {
    fn read(&self, path: &str) -> Result<Bytes, WorldError> {
        match self.refused.get(path) {
            Some(why) => Err(why.clone()),
            None => self.files.get(path).cloned().ok_or(WorldError::NotFound),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, WorldError> {
        let mut entries = BTreeMap::new();
        let inside = |path: &str| path.strip_prefix(folder)?.strip_prefix('/').map(str::to_owned);
        for (path, content) in &self.files {
            let Some(rest) = inside(path) else { continue };
            match rest.split_once('/') {
                Some((name, _)) => entries.insert(name.to_owned(), EntryKind::Folder),
                None => entries.insert(rest, EntryKind::File(content.len() as u64)),
            };
        }
        for (path, why) in &self.refused {
            if let Some(rest) = inside(path).filter(|rest| !rest.contains('/')) {
                entries.insert(rest, EntryKind::Refused(why.clone()));
            }
        }
        if entries.is_empty() {
            return Err(WorldError::NotFound);
        }
        Ok(entries.into_iter().map(|(name, kind)| Entry { name, kind }).collect())
    }

    fn kind(&self, path: &str) -> Result<EntryKind, WorldError> {
        match self.read(path) {
            Ok(content) => Ok(EntryKind::File(content.len() as u64)),
            Err(WorldError::NotFound) => self.list(path).map(|_| EntryKind::Folder),
            Err(error) => Err(error),
        }
    }

    /// There are no links in memory.
    fn real(&self, path: &str) -> Result<String, WorldError> {
        self.kind(path).map(|_| path.to_owned())
    }

    fn outside(&self) -> &dyn Outside {
        &*self.outside
    }

    fn shared(&self) -> Arc<dyn World + Send + Sync> {
        Arc::new(self.clone())
    }
}

impl WorldError {
    fn from_io(error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => Self::NotFound,
            ErrorKind::PermissionDenied => Self::Denied,
            ErrorKind::IsADirectory => Self::IsFolder,
            _ => Self::Io(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_lists_sorted_and_only_what_is_there() {
        let world = MemoryWorld::new().with("s/b.md", "12").with("s/a/x.md", "").with("s/a/y.md", "");
        let names = |folder| world.list(folder).unwrap().into_iter().map(|entry| entry.name).collect::<Vec<_>>();
        assert_eq!(names("s"), ["a", "b.md"]);
        assert_eq!(names("s/a"), ["x.md", "y.md"]);
        assert_eq!(world.list("t"), Err(WorldError::NotFound));
        assert_eq!(world.read("s/b.md").unwrap(), "12");
        assert_eq!(world.read("s/c.md"), Err(WorldError::NotFound));
    }

    #[cfg(unix)]
    #[test]
    fn disk_refuses_links_that_leave_the_site_and_names_that_are_not_utf8() {
        use std::{ffi::OsStr, os::unix::ffi::OsStrExt, os::unix::fs::symlink};

        let project = tempfile::tempdir().unwrap();
        let site = project.path().join("sites/s");
        fs::create_dir_all(site.join("static/sub")).unwrap();
        fs::write(project.path().join("secret"), "no").unwrap();
        fs::write(site.join("static/a.txt"), "yes").unwrap();
        symlink(project.path().join("secret"), site.join("static/out.txt")).unwrap();
        symlink(site.join("static/a.txt"), site.join("static/in.txt")).unwrap();
        symlink(&site, site.join("static/up")).unwrap();
        symlink("nothing", site.join("static/void")).unwrap();
        symlink(project.path(), site.join("static/sub/project")).unwrap();
        fs::write(site.join("static").join(OsStr::from_bytes(b"bad\xff")), "").unwrap();

        let world = DiskWorld::new(project.path(), "sites/s").unwrap();
        let entries: Vec<_> =
            world.list("sites/s/static").unwrap().into_iter().map(|entry| (entry.name, entry.kind)).collect();
        let refused = EntryKind::Refused;
        assert_eq!(
            entries,
            [
                ("a.txt".to_owned(), EntryKind::File(3)),
                ("bad\u{fffd}".to_owned(), refused(WorldError::NameNotUtf8)),
                ("in.txt".to_owned(), EntryKind::File(3)),
                ("out.txt".to_owned(), refused(WorldError::LeavesSite)),
                ("sub".to_owned(), EntryKind::Folder),
                ("up".to_owned(), refused(WorldError::Cycle)),
                ("void".to_owned(), refused(WorldError::Dangling)),
            ]
        );
        assert_eq!(world.read("sites/s/static/out.txt"), Err(WorldError::LeavesSite));
        assert_eq!(world.read("sites/s/static/sub/project/secret"), Err(WorldError::LeavesSite));
        assert_eq!(world.read("sites/s/static/in.txt").unwrap(), "yes");
        assert_eq!(world.read("sites/s/static"), Err(WorldError::IsFolder));
        assert_eq!(world.read("secret").unwrap(), "no");
    }

    #[cfg(unix)]
    #[test]
    fn disk_follows_packages_to_where_the_project_keeps_them() {
        use std::os::unix::fs::symlink;

        let outer = tempfile::tempdir().unwrap();
        let project = outer.path().join("project");
        let packages = project.join("sites/s/node_modules");
        let store = project.join("node_modules/.store/a@1/node_modules/a");
        fs::create_dir_all(&packages).unwrap();
        fs::create_dir_all(&store).unwrap();
        fs::write(store.join("index.js"), "a").unwrap();
        fs::write(outer.path().join("secret"), "no").unwrap();
        symlink("../../../node_modules/.store/a@1/node_modules/a", packages.join("a")).unwrap();
        symlink("../../../../secret", packages.join("secret")).unwrap();

        let world = DiskWorld::new(&project, "sites/s").unwrap();
        assert_eq!(world.read("sites/s/node_modules/a/index.js").unwrap(), "a");
        let real = world.real("sites/s/node_modules/a/index.js").unwrap();
        assert_eq!(real, "node_modules/.store/a@1/node_modules/a/index.js");
        assert_eq!(world.read("sites/s/node_modules/secret"), Err(WorldError::LeavesSite));
    }
}

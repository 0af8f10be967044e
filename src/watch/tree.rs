//! The files there are, as they looked when they were last seen. Where a link leads out of what is watched, as package
//! managers link packages of the same project, it is followed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, Metadata},
    io,
    ops::Bound,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{Change, Changes, Places, ear::Ear, settle::Batch};

/// Some file systems know the time of a change no better than this: a file may be written again in this time and look the same.
const COARSE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Tree {
    places: Places,
    /// The watched folders, with all links followed.
    real: Vec<PathBuf>,
    files: BTreeMap<PathBuf, Seen>,
    folders: BTreeSet<PathBuf>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    stamp: Stamp,
    /// It was as good as new then, so that another change may not show.
    fresh: bool,
}

/// What tells cheaply whether a file was written or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
    /// Of the last change, which no one can set, and which file it is. Zeros where there are none.
    changed: (i64, i64),
    file: u64,
}

impl Tree {
    pub(super) fn new(places: Places) -> Self {
        let real = places.folders.iter().filter_map(|folder| fs::canonicalize(folder).ok()).collect();
        Self { places, real, files: BTreeMap::new(), folders: BTreeSet::new() }
    }

    pub(super) fn look_at_all(&mut self, ear: &mut Ear) -> Changes {
        let mut changes = Changes::new();
        for file in self.places.files.clone() {
            self.look_at_path(&file, false, ear, &mut changes);
        }
        for folder in self.places.folders.clone() {
            self.look_at_path(&folder, false, ear, &mut changes);
        }
        changes
    }

    pub(super) fn look_at(&mut self, batch: &Batch, ear: &mut Ear) -> Changes {
        let mut changes = Changes::new();
        let mut looked: Option<PathBuf> = None;
        for (path, written) in &batch.paths {
            let Some(path) = self.known_place(path) else { continue };
            // Whoever looked at a folder looked at what is in it; a file in it may have been written all the same.
            if looked.as_ref().is_some_and(|folder| path.starts_with(folder)) && !self.files.contains_key(&path) {
                continue;
            }
            if self.look_at_path(&path, *written, ear, &mut changes) {
                looked = Some(path);
            }
        }
        changes
    }

    pub(super) fn knows(&self, file: &Path) -> bool {
        self.files.contains_key(file)
    }

    /// Takes these files to be known as they are: events of how they came to be so may come later, and say nothing.
    pub(super) fn settle(&mut self, changes: &Changes) {
        for path in changes.keys() {
            if let Some(seen) = self.files.get_mut(path) {
                seen.fresh = false;
            }
        }
    }

    /// Where to look because of `path`: there, or at the first folder above it that is not known yet. `None` where it is
    /// nobody's business.
    fn known_place(&self, path: &Path) -> Option<PathBuf> {
        if self.places.files.iter().any(|file| file == path) {
            return Some(path.to_owned());
        }
        let root = self.places.folders.iter().find(|root| path.starts_with(root))?;
        let mut place = root.clone();
        for part in path.strip_prefix(root).ok()?.components() {
            if !self.folders.contains(&place) {
                break;
            }
            place.push(part);
            if !self.concerns(&place) {
                return None;
            }
        }
        let inside = place.parent().is_none_or(|parent| place == *root || self.folders.contains(parent));
        inside.then_some(place)
    }

    /// Whether the name of a file or folder counts.
    fn concerns(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        !self.places.except.iter().any(|except| path == except) && !is_swap(name)
    }

    /// Whether what is in a folder counts.
    fn enters(&self, folder: &Path) -> bool {
        if self.places.folders.iter().any(|root| root == folder) {
            return true;
        }
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let hidden = name.starts_with('.') && name != ".well-known";
        !hidden && !self.places.except.iter().any(|except| folder == except)
    }

    /// Whether there is a folder.
    fn look_at_path(&mut self, path: &Path, written: bool, ear: &mut Ear, changes: &mut Changes) -> bool {
        match find(path) {
            Found::Nothing => self.remove(path, ear, changes),
            Found::File(stamp) => {
                if self.folders.contains(path) {
                    self.remove(path, ear, changes);
                }
                self.note(path.to_owned(), stamp, written, changes);
            }
            Found::Folder { link: false, stamp } if is_package(path) => {
                self.note(path.to_owned(), stamp, false, changes);
            }
            Found::Folder { link: true, .. }
                if !self.places.folders.iter().any(|root| root == path) && !self.follows(path) => {}
            Found::Folder { .. } => {
                if self.files.remove(path).is_some() {
                    tell(changes, path.to_owned(), Change::Removed);
                }
                self.walk(path, ear, changes);
                return true;
            }
        }
        false
    }

    fn note(&mut self, path: PathBuf, stamp: Stamp, written: bool, changes: &mut Changes) {
        let fresh = stamp.is_fresh(SystemTime::now());
        let change = match self.files.insert(path.clone(), Seen { stamp, fresh }) {
            None => Change::Added,
            Some(before) if before.stamp != stamp || (written && before.fresh) => Change::Changed,
            Some(_) => return,
        };
        tell(changes, path, change);
    }

    /// Forgets a path and all below it.
    fn remove(&mut self, path: &Path, ear: &mut Ear, changes: &mut Changes) {
        let folders: Vec<PathBuf> = below(&self.folders, path).cloned().collect();
        for folder in folders {
            self.leave(&folder, ear, changes);
        }
        let range = (Bound::Included(path.to_owned()), Bound::Unbounded);
        let files = self.files.range(range).map(|(file, _)| file).take_while(|file| file.starts_with(path));
        for file in files.cloned().collect::<Vec<_>>() {
            self.files.remove(&file);
            tell(changes, file, Change::Removed);
        }
    }

    fn leave(&mut self, folder: &Path, ear: &mut Ear, changes: &mut Changes) {
        ear.forget(folder);
        self.folders.remove(folder);
        if self.is_top(folder) {
            tell(changes, folder.to_owned(), Change::Removed);
        }
    }

    /// Whether a folder itself counts, empty as it may be: those in a watched one do.
    fn is_top(&self, folder: &Path) -> bool {
        folder.parent().is_some_and(|parent| self.places.folders.iter().any(|root| root == parent))
    }

    fn walk(&mut self, top: &Path, ear: &mut Ear, changes: &mut Changes) {
        let (mut seen, mut entered) = (BTreeSet::new(), BTreeSet::new());
        let mut followed = BTreeSet::new();
        let mut waiting = vec![top.to_owned()];
        while let Some(folder) = waiting.pop() {
            if !self.enters(&folder) {
                continue;
            }
            // Listening comes first, so that nothing is written unheard between the two.
            ear.listen_to(&folder);
            if self.folders.insert(folder.clone()) && self.is_top(&folder) {
                tell(changes, folder.clone(), Change::Added);
            }
            entered.insert(folder.clone());
            // A folder that cannot be read is for a build to tell of.
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if !self.concerns(&path) {
                    continue;
                }
                match find(&path) {
                    Found::Nothing => {}
                    Found::File(stamp) => {
                        seen.insert(path.clone());
                        self.note(path, stamp, false, changes);
                    }
                    Found::Folder { link: false, stamp } if is_package(&path) => {
                        // A package that is installed is another folder; what is in it is not looked at.
                        seen.insert(path.clone());
                        self.note(path, stamp, false, changes);
                    }
                    Found::Folder { link: false, .. } => waiting.push(path),
                    Found::Folder { link: true, .. } => {
                        if self.follows(&path) && fs::canonicalize(&path).is_ok_and(|real| followed.insert(real)) {
                            waiting.push(path);
                        }
                    }
                }
            }
        }
        for gone in below(&self.folders, top).filter(|folder| !entered.contains(*folder)).cloned().collect::<Vec<_>>() {
            self.leave(&gone, ear, changes);
        }
        let range = (Bound::Included(top.to_owned()), Bound::Unbounded);
        let known = self.files.range(range).map(|(file, _)| file).take_while(|file| file.starts_with(top));
        for gone in known.filter(|file| !seen.contains(*file)).cloned().collect::<Vec<_>>() {
            self.files.remove(&gone);
            tell(changes, gone, Change::Removed);
        }
    }

    /// Whether a link to a folder leads to what is not watched already.
    fn follows(&self, link: &Path) -> bool {
        let Ok(real) = fs::canonicalize(link) else { return false };
        let is_watched = self.real.iter().any(|root| real.starts_with(root));
        let is_installed = real.components().any(|part| part.as_os_str() == "node_modules");
        !is_watched && !is_installed
    }
}

/// Of two changes of one file, what both come to.
fn tell(changes: &mut Changes, path: PathBuf, change: Change) {
    let both = |before: &mut Change| match (*before, change) {
        (Change::Removed, Change::Added) => *before = Change::Changed,
        (Change::Changed, Change::Removed) => *before = Change::Removed,
        _ => {}
    };
    changes.entry(path).and_modify(both).or_insert(change);
}

fn below<'a>(folders: &'a BTreeSet<PathBuf>, top: &'a Path) -> impl Iterator<Item = &'a PathBuf> {
    let range = (Bound::Included(top.to_owned()), Bound::Unbounded);
    folders.range(range).take_while(move |folder| folder.starts_with(top))
}

/// Whether a folder is one that `node_modules` holds, or a scope's.
fn is_package(folder: &Path) -> bool {
    let name = |path: Option<&Path>| path.and_then(Path::file_name).and_then(|name| name.to_str()).map(str::to_owned);
    let parent = folder.parent();
    let is_scope = name(Some(folder)).is_some_and(|name| name.starts_with('@'));
    match name(parent).as_deref() {
        Some("node_modules") => !is_scope,
        Some(scope) if scope.starts_with('@') => name(parent.and_then(Path::parent)).as_deref() == Some("node_modules"),
        _ => false,
    }
}

/// What editors and systems keep beside files, hidden: it changes at other times than the files do, and no build reads it.
fn is_swap(name: &str) -> bool {
    let Some(rest) = name.strip_prefix('.') else { return false };
    let extension = rest.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_vim = extension.len() == 3 && extension.starts_with("sw");
    is_vim
        || matches!(extension, "swpx" | "kate-swp" | "un~")
        || rest.starts_with('#')
        || rest.starts_with("goutputstream")
        || rest == "DS_Store"
}

enum Found {
    Nothing,
    File(Stamp),
    Folder { link: bool, stamp: Stamp },
}

fn find(path: &Path) -> Found {
    let Ok(metadata) = fs::symlink_metadata(path) else { return Found::Nothing };
    if !metadata.is_symlink() {
        let stamp = Stamp::of(&metadata);
        return if metadata.is_dir() { Found::Folder { link: false, stamp } } else { Found::File(stamp) };
    }
    match fs::metadata(path) {
        Ok(target) if target.is_dir() => Found::Folder { link: true, stamp: Stamp::of(&target) },
        Ok(target) => Found::File(Stamp::of(&target)),
        // A link to nothing is something a build tells of.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Found::File(Stamp::of(&metadata)),
        Err(_) => Found::Nothing,
    }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let (changed, file) = identity(metadata);
        // Folders are as long as their file system likes.
        let len = if metadata.is_dir() { 0 } else { metadata.len() };
        Self { len, modified: metadata.modified().ok(), changed, file }
    }

    fn is_fresh(self, now: SystemTime) -> bool {
        // A time to come is as good as now.
        self.modified
            .is_none_or(|modified| now.duration_since(modified).is_ok_and(|age| age < COARSE) || modified > now)
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> ((i64, i64), u64) {
    use std::os::unix::fs::MetadataExt as _;
    ((metadata.ctime(), metadata.ctime_nsec()), metadata.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> ((i64, i64), u64) {
    ((0, 0), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What looking at everything tells after `edit`, by paths below the watched folder.
    fn check(edit: impl FnOnce(&Path), expected: &[(&str, Change)]) {
        let folder = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(folder.path()).unwrap();
        let write = |path: &str| {
            let path = top.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        };
        for path in ["s/a.md", "s/sub/b.md", "s/.git/HEAD", "s/node_modules/p/index.js", "s/out/c"] {
            write(path);
        }
        let places =
            Places { folders: vec![top.join("s")], files: vec![top.join("f")], except: vec![top.join("s/out")] };
        let mut ear = Ear::open(&Places::default(), Some(Duration::MAX), |_| {});
        let mut tree = Tree::new(places);
        tree.look_at_all(&mut ear);
        assert!(tree.look_at_all(&mut ear).is_empty(), "nothing happened");
        edit(&top);
        let changes = tree.look_at_all(&mut ear);
        let found: Vec<_> = changes
            .iter()
            .map(|(path, change)| (path.strip_prefix(&top).unwrap().to_str().unwrap(), *change))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_counts_as_a_change() {
        use Change::{Added, Changed, Removed};
        check(|top| fs::write(top.join("s/a.md"), "longer").unwrap(), &[("s/a.md", Changed)]);
        check(|top| fs::write(top.join("f"), "").unwrap(), &[("f", Added)]);
        check(|top| fs::write(top.join("g"), "").unwrap(), &[]);
        check(|top| fs::remove_dir_all(top.join("s/sub")).unwrap(), &[("s/sub", Removed), ("s/sub/b.md", Removed)]);
        check(
            |top| fs::rename(top.join("s/sub"), top.join("s/tub")).unwrap(),
            &[("s/sub", Removed), ("s/sub/b.md", Removed), ("s/tub", Added), ("s/tub/b.md", Added)],
        );
        check(|top| fs::write(top.join("s/out/d"), "").unwrap(), &[]);
        check(|top| fs::write(top.join("s/.git/index"), "").unwrap(), &[]);
        check(|top| fs::write(top.join("s/.a.md.swp"), "").unwrap(), &[]);
        check(|top| fs::write(top.join("s/.buildignore"), "").unwrap(), &[("s/.buildignore", Added)]);
        check(|top| fs::write(top.join("s/node_modules/p/index.js"), "longer").unwrap(), &[]);
        check(|top| fs::create_dir(top.join("s/node_modules/q")).unwrap(), &[("s/node_modules/q", Added)]);
        check(
            |top| fs::remove_dir_all(top.join("s")).unwrap(),
            &[
                ("s/a.md", Removed),
                ("s/node_modules", Removed),
                ("s/node_modules/p", Removed),
                ("s/sub", Removed),
                ("s/sub/b.md", Removed),
            ],
        );
    }

    #[test]
    fn a_file_that_is_written_again_at_once_may_look_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(folder.path()).unwrap();
        let file = top.join("a.md");
        fs::write(&file, "x").unwrap();
        let mut ear = Ear::open(&Places::default(), Some(Duration::MAX), |_| {});
        let mut tree = Tree::new(Places { folders: vec![top], ..Places::default() });
        tree.look_at_all(&mut ear);
        let batch = |written| Batch { paths: [(file.clone(), written)].into(), everything: false };
        assert!(tree.look_at(&batch(false), &mut ear).is_empty());
        assert_eq!(tree.look_at(&batch(true), &mut ear), BTreeMap::from([(file.clone(), Change::Changed)]));
        fs::File::options().write(true).open(&file).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        tree.look_at(&batch(true), &mut ear);
        assert!(tree.look_at(&batch(true), &mut ear).is_empty(), "it is old enough to be told apart");
    }
}

//! A disk that stops, or refuses, at any step, and tells what may be left on it: what was not synced is lost in every
//! way a real disk may lose it.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    io::{self, Cursor, Read, Write},
    path::{Path, PathBuf},
    rc::Rc,
    time::{Duration, SystemTime},
};

use sitekit::pack::{Disk, DiskFile, Listed};

/// What is in a build folder: files by path.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// What happens at the step the test names; steps are counted from 0.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    Never,
    /// The machine stops: the step is half done, and nothing is done after it.
    StopAt(usize),
    /// The step fails with this error, and those after it work.
    RefuseAt(usize, io::ErrorKind),
}

#[derive(Clone)]
pub(crate) struct FakeDisk(Rc<RefCell<State>>);

struct State {
    trouble: Trouble,
    steps: usize,
    /// What was written to each file, and what of it was synced. Files are never forgotten; names are.
    contents: Vec<Content>,
    /// What a running program sees.
    names: BTreeMap<PathBuf, usize>,
    /// What is on disk for sure, and what has happened in folders since.
    synced_names: BTreeMap<PathBuf, usize>,
    pending: Vec<Change>,
    clock: u64,
}

#[derive(Clone, Default)]
struct Content {
    written: Vec<u8>,
    synced: Vec<u8>,
    modified: u64,
}

#[derive(Clone)]
enum Change {
    Made(PathBuf, usize),
    Renamed(PathBuf, PathBuf, usize),
    Removed(PathBuf),
}

impl FakeDisk {
    /// A disk with these files, all of them synced.
    pub(crate) fn with(files: &Files, trouble: Trouble) -> Self {
        let contents = files.values().zip(1..).map(|(bytes, modified)| Content {
            written: bytes.clone(),
            synced: bytes.clone(),
            modified,
        });
        let names: BTreeMap<_, _> = files.keys().cloned().zip(0..).collect();
        Self(Rc::new(RefCell::new(State {
            trouble,
            steps: 0,
            clock: files.len() as u64,
            contents: contents.collect(),
            synced_names: names.clone(),
            names,
            pending: Vec::new(),
        })))
    }

    /// How many steps were done or tried.
    pub(crate) fn steps(&self) -> usize {
        self.0.borrow().steps
    }

    /// What the next program sees when only this one was killed.
    pub(crate) fn files(&self) -> Files {
        let state = self.0.borrow();
        state.names.iter().map(|(path, &at)| (path.clone(), state.contents[at].written.clone())).collect()
    }

    /// Everything that may be found after a loss of power: any of the changes to folders that were not synced may be
    /// there or not, and of each file's unsynced bytes all, none, the first half, or zeros in their place.
    pub(crate) fn aftermaths(&self) -> BTreeSet<Files> {
        let state = self.0.borrow();
        assert!(state.pending.len() < 12, "too many unsynced changes to try all combinations");
        let mut found = BTreeSet::from([self.files()]);
        for kept in 0_u32..1 << state.pending.len() {
            let mut names = state.synced_names.clone();
            for (nth, change) in state.pending.iter().enumerate() {
                if kept & 1 << nth != 0 {
                    change.apply(&mut names);
                }
            }
            for surviving in [Content::all, Content::none, Content::half, Content::zeros] {
                let file = |(path, &at): (&PathBuf, &usize)| (path.clone(), surviving(&state.contents[at]));
                found.insert(names.iter().map(file).collect());
            }
        }
        found
    }
}

impl State {
    /// Counts a step; `Ok(true)` when it is done, `Ok(false)` when it is only half done.
    fn step(&mut self) -> io::Result<bool> {
        let step = self.steps;
        self.steps += 1;
        match self.trouble {
            Trouble::StopAt(at) if at == step => Ok(false),
            Trouble::StopAt(at) if at < step => Err(stopped()),
            Trouble::RefuseAt(at, kind) if at == step => Err(kind.into()),
            _ => Ok(true),
        }
    }

    /// Reading is no step, but a machine that stopped does not read.
    fn alive(&self) -> io::Result<()> {
        match self.trouble {
            Trouble::StopAt(at) if at < self.steps => Err(stopped()),
            _ => Ok(()),
        }
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.names);
        self.pending.push(change);
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or(io::ErrorKind::NotFound.into())
    }

    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }
}

fn stopped() -> io::Error {
    io::Error::other("the machine has stopped")
}

impl Change {
    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Made(path, content) => {
                names.insert(path.clone(), *content);
            }
            Self::Renamed(from, to, content) => {
                names.remove(from);
                names.insert(to.clone(), *content);
            }
            Self::Removed(path) => {
                names.remove(path);
            }
        }
    }
}

impl Content {
    fn all(&self) -> Vec<u8> {
        self.written.clone()
    }

    fn none(&self) -> Vec<u8> {
        self.synced.clone()
    }

    fn half(&self) -> Vec<u8> {
        if self.written == self.synced { self.all() } else { self.written[..self.written.len() / 2].to_vec() }
    }

    fn zeros(&self) -> Vec<u8> {
        if self.written == self.synced { self.all() } else { vec![0; self.written.len()] }
    }
}

impl Disk for FakeDisk {
    /// Folders are there as soon as a file is.
    fn create_folder(&self, _folder: &Path) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        if state.step()? { Ok(()) } else { Err(stopped()) }
    }

    fn lock(&self, _file: &Path) -> io::Result<Box<dyn Send>> {
        self.0.borrow().alive()?;
        Ok(Box::new(()))
    }

    fn create(&self, file: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.0.borrow_mut();
        let whole = state.step()?;
        let modified = state.tick();
        let content = if let Ok(content) = state.find(file) {
            state.contents[content].written.clear();
            content
        } else {
            state.contents.push(Content::default());
            let content = state.contents.len() - 1;
            state.change(Change::Made(file.to_owned(), content));
            content
        };
        state.contents[content].modified = modified;
        if whole { Ok(Box::new(FakeFile { disk: self.clone(), content })) } else { Err(stopped()) }
    }

    fn open(&self, file: &Path) -> io::Result<Box<dyn Read>> {
        let state = self.0.borrow();
        state.alive()?;
        Ok(Box::new(Cursor::new(state.contents[state.find(file)?].written.clone())))
    }

    fn touch(&self, file: &Path) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        let whole = state.step()?;
        let (content, modified) = (state.find(file)?, state.tick());
        state.contents[content].modified = modified;
        if whole { Ok(()) } else { Err(stopped()) }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        let whole = state.step()?;
        let content = state.find(from)?;
        state.change(Change::Renamed(from.to_owned(), to.to_owned(), content));
        if whole { Ok(()) } else { Err(stopped()) }
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        let whole = state.step()?;
        state.find(file)?;
        state.change(Change::Removed(file.to_owned()));
        if whole { Ok(()) } else { Err(stopped()) }
    }

    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        if !state.step()? {
            return Err(stopped());
        }
        state.synced_names = state.names.clone();
        state.pending.clear();
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Listed>> {
        let state = self.0.borrow();
        state.alive()?;
        let inside = state.names.iter().filter(|(path, _)| path.parent() == Some(folder));
        let listed = inside.map(|(path, &content)| Listed {
            name: path.file_name().unwrap().to_str().unwrap().to_owned(),
            modified: SystemTime::UNIX_EPOCH + Duration::from_secs(state.contents[content].modified),
        });
        Ok(listed.collect())
    }
}

struct FakeFile {
    disk: FakeDisk,
    content: usize,
}

impl Write for FakeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.disk.0.borrow_mut();
        let whole = state.step()?;
        let written = if whole { bytes } else { &bytes[..bytes.len() / 2] };
        state.contents[self.content].written.extend(written);
        if whole { Ok(bytes.len()) } else { Err(stopped()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl DiskFile for FakeFile {
    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.0.borrow_mut();
        if !state.step()? {
            return Err(stopped());
        }
        let content = &mut state.contents[self.content];
        content.synced = content.written.clone();
        Ok(())
    }
}

//! Listens to the system, where that tells of changes; elsewhere everything is looked at again and again.

use std::{fmt, fs, path::Path, time::Duration};

use notify::{ErrorKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::{
    POLL, Places,
    heard::{Heard, heard},
    mounts,
};

/// Why nothing is listened to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    #[error("as was asked for")]
    Asked,
    #[error("{0} does not tell of changes")]
    FileSystem(String),
    #[error("there are more folders than the system watches (fs.inotify.max_user_watches)")]
    TooMany,
    #[error("the system cannot be listened to: {0}")]
    System(String),
}

pub(super) struct Ear {
    events: Option<RecommendedWatcher>,
    silence: Option<Silence>,
    interval: Duration,
}

impl fmt::Debug for Ear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ear").field("silence", &self.silence).field("interval", &self.interval).finish_non_exhaustive()
    }
}

/// Whether one watch covers all below: there a watch is dear, and on Linux we know better which folders count.
const COVERS: bool = cfg!(any(target_os = "macos", windows));

impl Ear {
    pub(super) fn open(places: &Places, poll: Option<Duration>, send: impl Fn(Heard) + Send + 'static) -> Self {
        let silent = |silence| Self { events: None, silence: Some(silence), interval: poll.unwrap_or(POLL) };
        if poll.is_some() {
            return silent(Silence::Asked);
        }
        let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let real = |folder: &Path| fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        if let Some(kind) = places.folders.iter().find_map(|folder| mounts::silent(&table, &real(folder))) {
            return silent(Silence::FileSystem(kind));
        }
        let tell = move |event| heard(event).into_iter().for_each(&send);
        let mut ear = match notify::recommended_watcher(tell) {
            Ok(events) => Self { events: Some(events), silence: None, interval: POLL },
            Err(error) => return silent(Silence::System(error.to_string())),
        };
        if COVERS {
            places.folders.iter().for_each(|folder| ear.watch(folder, RecursiveMode::Recursive));
        }
        // Files are replaced, so their folders are watched.
        for file in &places.files {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            ear.watch(folder, RecursiveMode::NonRecursive);
        }
        ear
    }

    pub(super) fn silence(&self) -> Option<&Silence> {
        self.silence.as_ref()
    }

    /// How often to look without a reason.
    pub(super) fn interval(&self) -> Option<Duration> {
        self.silence.is_some().then_some(self.interval)
    }

    /// Listens to a folder, but not to those in it. To be called before it is read, each time: one that was removed and made
    /// again is another.
    pub(super) fn listen_to(&mut self, folder: &Path) {
        if !COVERS {
            self.watch(folder, RecursiveMode::NonRecursive);
        }
    }

    pub(super) fn forget(&mut self, folder: &Path) {
        if let Some(events) = &mut self.events
            && !COVERS
        {
            // The watch ended with the folder, unless that was moved.
            let _ = events.unwatch(folder);
        }
    }

    fn watch(&mut self, folder: &Path, mode: RecursiveMode) {
        let Some(events) = &mut self.events else { return };
        match events.watch(folder, mode).map_err(|error| error.kind) {
            Err(ErrorKind::MaxFilesWatch) => self.give_up(Silence::TooMany),
            // A folder that went away again is told of by the one it was in.
            Ok(()) | Err(ErrorKind::PathNotFound) => {}
            Err(ErrorKind::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => self.give_up(Silence::System(format!("{error:?}"))),
        }
    }

    fn give_up(&mut self, silence: Silence) {
        self.events = None;
        self.silence = Some(silence);
    }
}

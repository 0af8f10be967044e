//! What a build reads that is no file, where it really comes from: the network, the environment, the clock. The lock file of
//! a site's remote data is read before its build and written after it, here and nowhere else.

use std::{env, fs, io, path::PathBuf, sync::Arc};

use anyhow::bail;
use bytes::Bytes;
use jiff::{Timestamp, Unit, tz::TimeZone};

use crate::{
    compress::Cache,
    diag::{Diagnostic, Source},
    load::{FetchError, Outside, Request},
    remote::{Change, HttpClient, LOCK_FILE, Lock, Mode, Remote},
};

/// Where remote data may come from.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(super) struct DataArgs {
    /// Ask other hosts nothing: what was fetched before is used
    #[arg(long, conflicts_with = "refresh_data")]
    offline: bool,

    /// Ask other hosts again for the data that templates load, and keep what they answer now
    #[arg(long)]
    refresh_data: bool,
}

impl DataArgs {
    pub(super) fn mode(self) -> Mode {
        match self {
            Self { offline: true, .. } => Mode::Offline,
            Self { refresh_data: true, .. } => Mode::Refresh,
            _ => Mode::Locked,
        }
    }
}

/// The variable that says what time a build is to take it for, as other tools have it: <https://reproducible-builds.org>.
const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// What time it is for a build: the beginning of the day, or what the environment says.
///
/// # Errors
/// When that says something else than a time.
pub(super) fn time_of_build() -> anyhow::Result<Timestamp> {
    let Some(value) = env::var_os(EPOCH).filter(|value| !value.is_empty()) else {
        let today = Timestamp::now().to_zoned(TimeZone::UTC).start_of_day();
        return Ok(today.map_or(Timestamp::UNIX_EPOCH, |day| day.timestamp()));
    };
    let value = value.to_string_lossy();
    match value.trim().parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok()) {
        Some(time) => Ok(time),
        None => bail!("{EPOCH} takes seconds since 1970, such as 1767225600; got `{value}`"),
    }
}

/// The outside of one site's build.
#[derive(Debug)]
pub(super) struct BuildOutside {
    time: Timestamp,
    remote: Remote,
    /// The lock file, and what is in it.
    file: PathBuf,
    written: Option<String>,
}

impl BuildOutside {
    /// `root` is the site's folder, and `shown` what an author calls it.
    ///
    /// # Errors
    /// What is wrong with the lock file.
    pub(super) fn open(
        root: &std::path::Path,
        shown: &str,
        cache: &Arc<Cache>,
        mode: Mode,
        time: Timestamp,
    ) -> Result<Self, Box<Diagnostic>> {
        let file = root.join(LOCK_FILE);
        let shown = format!("{shown}/{LOCK_FILE}");
        let written = match fs::read_to_string(&file) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Box::new(Diagnostic::error(shown, format!("this file cannot be read: {error}")))),
        };
        let lock = match &written {
            Some(text) => Lock::parse(&Source::new(shown, text.as_str()))?,
            None => Lock::default(),
        };
        let now = Timestamp::now().round(Unit::Second).unwrap_or(time);
        let remote = Remote::new(Box::new(HttpClient), Arc::clone(cache), lock, mode, now);
        Ok(Self { time, remote, file, written })
    }

    /// Writes the lock, if it is another than before. When the build was `whole`, what it did not ask for is left out.
    pub(super) fn close(&self, whole: bool) -> io::Result<()> {
        let lock = self.remote.lock(whole);
        let text = lock.to_toml();
        if self.written.as_ref() == Some(&text) {
            return Ok(());
        }
        if lock.is_empty() {
            return if self.written.is_some() { fs::remove_file(&self.file) } else { Ok(()) };
        }
        let temporary = self.file.with_extension("lock.tmp");
        fs::write(&temporary, text)?;
        fs::rename(&temporary, &self.file)
    }

    /// What other hosts answered another way than before.
    pub(super) fn changes(&self) -> Vec<Change> {
        self.remote.changes()
    }
}

impl Outside for BuildOutside {
    fn fetch(&self, request: &Request) -> Result<Bytes, FetchError> {
        self.remote.fetch(request)
    }

    fn variable(&self, name: &str) -> Option<String> {
        env::var(name).ok()
    }

    fn now(&self) -> Timestamp {
        self.time
    }
}

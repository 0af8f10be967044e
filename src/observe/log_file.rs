//! A log file that is put aside when it is large or old enough: by rename, so that no line is copied and a program that
//! follows the file keeps what it has open. When to do so is a function of values; what goes wrong with the disk is told
//! once and ends nothing.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    num::{NonZeroU32, NonZeroU64},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// When a file is put aside, and how many of those are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// In bytes: no line begins in a file that would grow longer by it.
    pub size: Option<NonZeroU64>,
    /// Each time this much has passed since 1970 began: a day ends at midnight UTC.
    pub every: Option<Duration>,
    /// Files put aside: `access.log.1` is the newest of them.
    pub keep: NonZeroU32,
}

/// The file lines are appended to.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    rotation: Rotation,
    file: File,
    state: State,
    /// Pipes and devices are never put aside.
    regular: bool,
    /// The last line lacks its end: the disk was full, or a pipe closed.
    torn: bool,
}

/// What is known of the open file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    len: u64,
    /// When something was last written to it.
    written: SystemTime,
}

impl Rotation {
    /// Whether the file is to be put aside before `more` bytes are written.
    fn is_due(&self, state: State, more: u64, now: SystemTime) -> bool {
        let full = self.size.is_some_and(|size| state.len + more > size.get());
        let old = self.every.is_some_and(|every| period(state.written, every) != period(now, every));
        state.len > 0 && (full || old)
    }
}

/// Which one since 1970.
fn period(time: SystemTime, every: Duration) -> u128 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() / every.as_nanos().max(1)
}

impl LogFile {
    /// Opens `path`, or makes it.
    ///
    /// # Errors
    /// Those of the system.
    pub(super) fn open(path: &Path, rotation: Rotation) -> io::Result<Self> {
        let file = append_to(path)?;
        let found = file.metadata()?;
        let written = found.modified().unwrap_or(UNIX_EPOCH);
        let (state, regular) = (State { len: found.len(), written }, found.is_file());
        Ok(Self { path: path.to_owned(), rotation, file, state, regular, torn: false })
    }

    /// Appends whole lines, in as many files as it takes. The number of bytes that were not written is with the error.
    pub(super) fn append(&mut self, mut lines: &[u8], now: SystemTime) -> Result<(), (io::Error, usize)> {
        if self.torn && !lines.is_empty() {
            write_some(&mut self.file, b"\n").map_err(|(error, _)| (error, lines.len()))?;
            self.torn = false;
        }
        while !lines.is_empty() {
            let first = lines.iter().position(|&byte| byte == b'\n').map_or(lines.len(), |end| end + 1);
            if self.regular && self.rotation.is_due(self.state, first as u64, now) {
                self.put_aside().map_err(|error| (error, lines.len()))?;
            }
            let now_fit = self.fitting(lines).max(first);
            let written = write_some(&mut self.file, &lines[..now_fit]);
            let (bytes, error) = match written {
                Ok(()) => (now_fit, None),
                Err((error, bytes)) => (bytes, Some(error)),
            };
            self.state = State { len: self.state.len + bytes as u64, written: now };
            self.torn = bytes > 0 && lines[bytes - 1] != b'\n';
            lines = &lines[bytes..];
            if let Some(error) = error {
                return Err((error, lines.len()));
            }
        }
        Ok(())
    }

    /// The file at the path, which another program may have put aside.
    ///
    /// # Errors
    /// Those of the system; the old file stays in use.
    pub(super) fn reopen(&mut self) -> io::Result<()> {
        *self = Self::open(&self.path, self.rotation.clone())?;
        Ok(())
    }

    /// The length of the lines that fit in the file.
    fn fitting(&self, lines: &[u8]) -> usize {
        let room = match self.rotation.size {
            Some(size) if self.regular => {
                usize::try_from(size.get().saturating_sub(self.state.len)).unwrap_or(usize::MAX)
            }
            _ => usize::MAX,
        };
        if lines.len() <= room {
            return lines.len();
        }
        lines[..room].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1)
    }

    fn put_aside(&mut self) -> io::Result<()> {
        let aside = |number: u32| {
            let mut name = self.path.clone().into_os_string();
            name.push(format!(".{number}"));
            PathBuf::from(name)
        };
        // The oldest is replaced.
        for number in (1..self.rotation.keep.get()).rev() {
            match fs::rename(aside(number), aside(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        match fs::rename(&self.path, aside(1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.reopen()
    }
}

/// Writes all of it, or says how many bytes were written before it went wrong.
pub(super) fn write_some(out: &mut impl Write, bytes: &[u8]) -> Result<(), (io::Error, usize)> {
    let mut done = 0;
    while done < bytes.len() {
        match out.write(&bytes[done..]) {
            Ok(0) => return Err((io::ErrorKind::WriteZero.into(), done)),
            Ok(written) => done += written,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((error, done)),
        }
    }
    Ok(())
}

fn append_to(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn rotation(size: u64, every: Option<Duration>, keep: u32) -> Rotation {
        Rotation { size: NonZeroU64::new(size), every, keep: NonZeroU32::new(keep).unwrap() }
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn when_a_file_is_put_aside() {
        for (size, every, len, written, more, now, expected) in [
            (0, None, 1 << 40, 0, 1, 1 << 40, false),
            (100, None, 90, 0, 10, 0, false),
            (100, None, 90, 0, 11, 0, true),
            (100, None, 0, 0, 1000, 0, false),
            (0, Some(HOUR), 1, 3599, 1, 3599, false),
            (0, Some(HOUR), 1, 3599, 1, 3600, true),
            (0, Some(HOUR), 0, 3599, 1, 3600, false),
            // A clock that was put back.
            (0, Some(HOUR), 1, 3600, 1, 3599, true),
        ] {
            let rotation = rotation(size, every, 1);
            let state = State { len, written: at(written) };
            assert_eq!(rotation.is_due(state, more, at(now)), expected, "{rotation:?} {state:?} {more} {now}");
        }
    }

    #[test]
    fn files_by_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        let text = |name: &str| fs::read_to_string(folder.path().join(name)).ok();
        let mut log = LogFile::open(&path, rotation(10, None, 2)).unwrap();
        log.append(b"1234\n5678\n90\n", at(0)).unwrap();
        assert_eq!(
            (text("access.log").as_deref(), text("access.log.1").as_deref()),
            (Some("90\n"), Some("1234\n5678\n"))
        );
        // A line that is longer than a file is in a file of its own.
        log.append(b"a line too long\nb\n", at(0)).unwrap();
        assert_eq!(text("access.log").as_deref(), Some("b\n"));
        assert_eq!(text("access.log.1").as_deref(), Some("a line too long\n"));
        assert_eq!(text("access.log.2").as_deref(), Some("90\n"));
        assert_eq!(text("access.log.3"), None);
        // A new run goes on where the last one ended.
        let mut log = LogFile::open(&path, rotation(10, None, 2)).unwrap();
        log.append(b"c\n", at(0)).unwrap();
        assert_eq!(text("access.log").as_deref(), Some("b\nc\n"));
    }

    #[test]
    fn files_by_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.log");
        let mut log = LogFile::open(&path, rotation(0, Some(HOUR), 5)).unwrap();
        for (line, now) in [("a\n", 10), ("b\n", 20), ("c\n", 3600), ("d\n", 7300)] {
            log.append(line.as_bytes(), at(now)).unwrap();
        }
        let text = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(["access.log.2", "access.log.1", "access.log"].map(text), ["a\nb\n", "c\n", "d\n"]);
    }

    #[test]
    fn another_program_may_put_it_aside() {
        let folder = tempfile::tempdir().unwrap();
        let (path, aside) = (folder.path().join("access.log"), folder.path().join("yesterday.log"));
        let mut log = LogFile::open(&path, rotation(0, None, 1)).unwrap();
        log.append(b"a\n", at(0)).unwrap();
        fs::rename(&path, &aside).unwrap();
        log.append(b"b\n", at(0)).unwrap();
        log.reopen().unwrap();
        log.append(b"c\n", at(0)).unwrap();
        assert_eq!([aside, path].map(|path| fs::read_to_string(path).unwrap()), ["a\nb\n", "c\n"]);
    }

    /// Takes as many bytes as it has room for.
    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.0);
            self.0 -= taken;
            if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_says_what_it_took() {
        let (error, done) = write_some(&mut Full(5), b"1234567").unwrap_err();
        assert_eq!((error.kind(), done), (io::ErrorKind::StorageFull, 5));
        assert!(write_some(&mut Full(7), b"1234567").is_ok());
    }
}

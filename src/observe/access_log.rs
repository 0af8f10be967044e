//! The access log: each core appends its lines to a buffer of its own, and one thread writes them out. A disk that is
//! slow, full or gone stalls that thread and nothing else: what finds no room is dropped and counted.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread::{self, Thread},
    time::{Duration, SystemTime},
};

use super::{
    Registry,
    access::{Form, Queries, Record},
    log_file::{LogFile, Rotation, write_some},
};

/// Where the access log goes, and how it looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    pub form: Form,
    pub queries: Queries,
    pub target: Target,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Stdout,
    File(PathBuf, Rotation),
}

/// The log, open. Dropping it closes it.
#[derive(Debug)]
pub struct AccessLog {
    shared: Arc<Shared>,
    writer: Thread,
}

/// What the cores and the writer know in common.
#[derive(Debug)]
struct Shared {
    form: Form,
    queries: Queries,
    buffers: Box<[Buffer]>,
    registry: Arc<Registry>,
    reopen: AtomicBool,
    stop: AtomicBool,
    stopped: Mutex<bool>,
    on_stopped: Condvar,
}

/// Lines of one core. The writer takes all of them by swapping the buffer for an empty one, so a core never waits
/// for more than that.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Buffer(Mutex<Vec<u8>>);

/// A core's lines that are not written yet.
const ROOM: usize = 1 << 20;
/// Lines are gathered this long, so that the writer is not woken for each.
const GATHER: Duration = Duration::from_millis(20);
/// What the writer may take to write out the rest when the server stops.
const LAST_WRITE: Duration = Duration::from_secs(5);

impl AccessLog {
    /// Opens the log and starts its thread. Lines that are lost are counted by `registry`, which knows the cores.
    ///
    /// # Errors
    /// When the file cannot be opened, or the system gives no thread.
    pub fn start(config: LogConfig, registry: Arc<Registry>) -> io::Result<Self> {
        let LogConfig { form, queries, target } = config;
        let sink = Sink::open(target)?;
        let shared = Arc::new(Shared {
            form,
            queries,
            buffers: (0..registry.cores()).map(|_| Buffer::default()).collect(),
            registry,
            reopen: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            stopped: Mutex::new(false),
            on_stopped: Condvar::new(),
        });
        let writing = Arc::clone(&shared);
        let thread =
            thread::Builder::new().name("sitekit-log".to_owned()).spawn(move || write_lines(&writing, sink))?;
        Ok(Self { shared, writer: thread.thread().clone() })
    }

    /// Appends a line of `core`.
    pub fn append(&self, core: usize, record: &Record<'_>) {
        let Shared { form, queries, buffers, registry, .. } = &*self.shared;
        let mut lines = buffers[core].lines();
        let before = lines.len();
        record.write(*form, *queries, &mut lines);
        let after = lines.len();
        if after > ROOM {
            lines.truncate(before);
            drop(lines);
            registry.access_log_dropped(1);
            return;
        }
        drop(lines);
        // Later lines find the writer awake, or on its way.
        if before == 0 {
            self.writer.unpark();
        }
    }

    /// Opens the file anew: another program has put it aside.
    pub fn reopen(&self) {
        self.shared.reopen.store(true, SeqCst);
        self.writer.unpark();
    }

    /// Writes out what was appended, and ends. What is appended later is lost.
    pub fn close(&self) {
        self.shared.stop.store(true, SeqCst);
        self.writer.unpark();
        let stopped = self.shared.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.shared.on_stopped.wait_timeout_while(stopped, LAST_WRITE, |stopped| !*stopped);
        if waited.is_ok_and(|(_, timeout)| timeout.timed_out()) {
            tracing::error!("the access log's last lines could not be written in time");
        }
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        self.close();
    }
}

impl Buffer {
    fn lines(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The life of the writer.
fn write_lines(shared: &Shared, mut sink: Sink) {
    let mut lines = Vec::new();
    let mut failing = false;
    loop {
        let stopping = shared.stop.load(SeqCst);
        if !stopping {
            thread::park();
            thread::sleep(GATHER);
        }
        if shared.reopen.swap(false, SeqCst)
            && let Err(error) = sink.reopen()
        {
            tracing::error!(%error, "the access log cannot be opened anew; it goes on in the old file");
        }
        for buffer in &shared.buffers {
            lines.clear();
            std::mem::swap(&mut lines, &mut buffer.lines());
            match sink.append(&lines) {
                Ok(()) if failing && !lines.is_empty() => {
                    tracing::info!("the access log is written again");
                    failing = false;
                }
                Ok(()) => {}
                Err((error, lost)) => {
                    let lost = &lines[lines.len() - lost..];
                    shared.registry.access_log_dropped(lost.split(|&byte| byte == b'\n').count() as u64 - 1);
                    if !failing {
                        tracing::error!(%error, "the access log cannot be written; lines are lost");
                    }
                    failing = true;
                }
            }
        }
        if stopping {
            break;
        }
    }
    *shared.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
    shared.on_stopped.notify_all();
}

#[derive(Debug)]
enum Sink {
    Stdout,
    File(LogFile),
}

impl Sink {
    fn open(target: Target) -> io::Result<Self> {
        Ok(match target {
            Target::Stdout => Self::Stdout,
            Target::File(path, rotation) => Self::File(LogFile::open(&path, rotation)?),
        })
    }

    /// Errors come with how many bytes at the end of `lines` were not written.
    fn append(&mut self, lines: &[u8]) -> Result<(), (io::Error, usize)> {
        match self {
            Self::File(file) => file.append(lines, SystemTime::now()),
            Self::Stdout => {
                let mut out = io::stdout().lock();
                write_some(&mut out, lines).map_err(|(error, done)| (error, lines.len() - done))?;
                // What was buffered is less than a line, and there is none: each ends.
                out.flush().map_err(|error| (error, 0))
            }
        }
    }

    fn reopen(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout => Ok(()),
            Self::File(file) => file.reopen(),
        }
    }
}

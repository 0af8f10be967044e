//! A build on a thread of its own, which stays there when it is over: everything it made borrows from everything else it made,
//! so it cannot be carried away. It is asked what a source is now, until whoever asks lets go of it.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Instant,
};

use anyhow::Context as _;
use jiff::Timestamp;

use super::{Wake, locked};
use crate::{
    cli::{
        build::{BuildConfig, Builder, BuiltSite},
        progress::Display,
    },
    diag::{Diagnostic, Severity},
    map::Bundle,
    pack,
    pipeline::{self, Held},
    remote::LOCK_FILE,
    site::{Body, ContentHash, SiteImage, SiteName, SitePath},
    watch::{Changes, Watch},
};

/// What a build is made with.
pub(super) struct Order {
    pub(super) config: BuildConfig,
    pub(super) builder: Builder,
    pub(super) site: SiteName,
    /// The site's.
    pub(super) folder: PathBuf,
    pub(super) time: Timestamp,
    pub(super) display: Display,
    /// Whether it is to be asked afterwards.
    pub(super) hold: bool,
    pub(super) watch: Arc<Mutex<Watch>>,
    /// Hears that it is over.
    pub(super) wakes: mpsc::Sender<Wake>,
}

/// What came of a build.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) built: Option<BuiltSite>,
    pub(super) wrong: Vec<Diagnostic>,
    /// Whether it can be asked.
    pub(super) held: bool,
}

/// A build under way.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) site: SiteName,
    pub(super) started: Instant,
    /// Whether the author's own command is over.
    prepared: Arc<AtomicBool>,
    finished: mpsc::Receiver<Finished>,
    questions: mpsc::Sender<Question>,
}

/// A build that is over, and can be asked.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) generation: ContentHash,
    questions: mpsc::Sender<Question>,
}

/// What is a source now?
#[derive(Debug)]
struct Question {
    file: String,
    answer: mpsc::Sender<Option<Again>>,
}

/// What a source that has changed has become, as it can be served.
#[derive(Debug)]
pub(super) enum Again {
    /// The answers at the addresses of a page.
    Page(Bundle),
    /// Style sheets, and the names they have now by those they had.
    Styles(Bundle, BTreeMap<SitePath, SitePath>),
    /// A script that defines a module again.
    Module(String),
}

/// Sends its message at the latest when its thread ends, however that does.
struct Bell(mpsc::Sender<Wake>);

impl Drop for Bell {
    fn drop(&mut self) {
        // Fails when the session is over.
        let _ = self.0.send(Wake::Finished);
    }
}

impl Order {
    /// Begins.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn begin(self) -> anyhow::Result<Running> {
        let (sender, finished) = mpsc::channel();
        let (questions, asked) = mpsc::channel();
        let (site, started) = (self.site.clone(), Instant::now());
        let prepared = Arc::new(AtomicBool::new(false));
        let is_prepared = Arc::clone(&prepared);
        let thread = thread::Builder::new().name("sitekit-build".to_owned());
        thread.spawn(move || self.carry_out(&is_prepared, &sender, asked)).context("the system gives no thread")?;
        Ok(Running { site, started, prepared, finished, questions })
    }

    fn carry_out(self, prepared: &AtomicBool, finished: &mpsc::Sender<Finished>, asked: mpsc::Receiver<Question>) {
        let Self { config, builder, site, folder, time, display, hold, watch, wakes } = self;
        let bell = Bell(wakes.clone());
        // What the author's own command wrote is read by this build, and is no reason for another.
        let hooked = |ran: bool| {
            let changes = if ran { locked(&watch).accept(&folder) } else { Changes::new() };
            prepared.store(true, Ordering::Release);
            // Fails when the session is over.
            let _ = wakes.send(Wake::Prepared { site: site.clone(), changes });
        };
        let finish = |built: Option<BuiltSite>, mut wrong: Vec<Diagnostic>, held: bool| {
            // The build itself writes one file of the site.
            drop(locked(&watch).accept(&folder.join(LOCK_FILE)));
            if built.is_none() && !wrong.iter().any(|one| one.severity == Severity::Error) {
                wrong.push(Diagnostic::error(format!("{}/{site}", config.folder), "this site could not be built"));
            }
            wrong.sort();
            prepared.store(true, Ordering::Release);
            // Fails when the session is over.
            let _ = finished.send(Finished { built, wrong, held });
            drop(bell);
        };
        if !hold {
            let mut wrong = Vec::new();
            let built = builder.build(&config, &site, time, display, &hooked, &mut wrong);
            return finish(built, wrong, false);
        }
        builder.build_and_hold(&config, &site, time, display, &hooked, |built, wrong, held| {
            finish(built, wrong, held.is_some());
            let Some(held) = held else { return };
            for Question { file, answer } in asked {
                // Fails when nobody waits any more.
                let _ = answer.send(again(held, &file));
            }
        });
    }
}

fn again(held: &Held<'_, '_>, file: &str) -> Option<Again> {
    Some(match held.again(file)? {
        pipeline::Again::Page(image) => Again::Page(bundle_of(&image)?),
        pipeline::Again::Styles(image, names) => Again::Styles(bundle_of(&image)?, names),
        pipeline::Again::Module(script) => Again::Module(script),
    })
}

/// A few answers as a bundle of these alone.
fn bundle_of(image: &SiteImage<Body>) -> Option<Bundle> {
    let sealed = pack::seal(image).ok()?;
    let bytes = sealed.pieces().collect::<Result<Vec<_>, _>>().ok()?.concat();
    Bundle::from_bytes(bytes.into()).ok()
}

impl Running {
    /// What came of it, if it is over.
    pub(super) fn finished(&self) -> Option<Finished> {
        match self.finished.try_recv() {
            Ok(finished) => Some(finished),
            Err(mpsc::TryRecvError::Empty) => None,
            Err(mpsc::TryRecvError::Disconnected) => Some(self.broken()),
        }
    }

    /// Whether it has begun to read: before it does, the author's own command may write.
    pub(super) fn is_prepared(&self) -> bool {
        self.prepared.load(Ordering::Acquire)
    }

    /// Waits for what comes of it.
    pub(super) fn wait(&self) -> Finished {
        self.finished.recv().unwrap_or_else(|_| self.broken())
    }

    /// Its thread ended without a word.
    fn broken(&self) -> Finished {
        let message = "this site could not be built: the build ended in a panic, which is a mistake of sitekit's";
        Finished { built: None, wrong: vec![Diagnostic::error(self.site.to_string(), message)], held: false }
    }

    /// To be asked, once it is over.
    pub(super) fn kept(self, generation: ContentHash) -> Kept {
        Kept { generation, questions: self.questions }
    }
}

impl Kept {
    /// What a file of the project is now; `None` where only a build can tell.
    pub(super) fn again(&self, file: &str) -> Option<Again> {
        let (answer, answered) = mpsc::channel();
        self.questions.send(Question { file: file.to_owned(), answer }).ok()?;
        answered.recv().ok().flatten()
    }
}

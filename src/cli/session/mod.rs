//! The loop around the compiler: it holds a project, hears of changed files, builds the sites they belong to, and tells
//! whoever listens. How a site is compiled is none of its business: it calls what `sitekit build` calls.

mod event;
mod layout;
mod rebuild;
mod screen;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;

use self::layout::Layout;
pub(super) use self::{
    event::{Built, Event, problems, update},
    rebuild::{PollArgs, Words, build_and_watch},
    screen::{Screen, audience},
};
use super::{
    build::{BuildConfig, Builder, BuiltSite, Outcome, find_sites},
    outside,
    progress::Display,
};
use crate::{
    diag::{Diagnostic, Severity},
    map::{self, Bundle, differences},
    remote::{LOCK_FILE, Mode},
    site::{Manifest, SiteName},
    watch::{Changes, Heard, Watch},
};

/// Reads the settings again.
pub(super) type Reload = Box<dyn Fn() -> anyhow::Result<Result<BuildConfig, Vec<Diagnostic>>> + Send>;
/// Hears what happens.
pub(super) type Audience = Box<dyn FnMut(&Event) + Send>;

/// What a session is woken by.
#[derive(Clone, Debug)]
pub(super) enum Wake {
    Heard(Heard),
    Asked(Command),
    Stop,
}

/// What a person asks for with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Rebuild,
    Open,
    Stats,
    Help,
    Quit,
}

/// What a session takes beside the project.
pub(super) struct Surroundings {
    /// The file with the settings.
    pub(super) settings: PathBuf,
    pub(super) reload: Reload,
    /// Look for changes so often instead of being told of them.
    pub(super) poll: Option<Duration>,
    pub(super) display: Display,
}

pub(super) struct Session {
    config: BuildConfig,
    layout: Layout,
    reload: Reload,
    builder: Builder,
    /// Locked, because a build tells from its own thread when its sources are about to be read.
    watch: Mutex<Watch>,
    sites: BTreeMap<SiteName, Known>,
    /// What is wrong with no site in particular.
    wrong: Vec<Diagnostic>,
    audience: Vec<Audience>,
    /// Gives what is served of a site.
    live: Box<dyn FnMut(&SiteName) -> Option<Bundle> + Send>,
}

/// What is known of a site since it was built last.
#[derive(Debug, Default)]
struct Known {
    bundle: Option<Bundle>,
    manifest: Manifest,
    wrong: Vec<Diagnostic>,
}

impl Session {
    /// Begins to watch the project, and builds all of it once. Changes are sent to `wakes`, for `run`.
    ///
    /// # Errors
    /// When a setting is wrong, or there are no threads.
    pub(super) fn open(
        config: BuildConfig,
        surroundings: Surroundings,
        wakes: mpsc::Sender<Wake>,
    ) -> anyhow::Result<Result<(Self, Outcome), Box<Diagnostic>>> {
        let Surroundings { settings, reload, poll, display } = surroundings;
        let layout = Layout::of(&config, &settings)?;
        let builder = match Builder::open(&config)? {
            Ok(builder) => builder,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let send = move |heard| {
            // Fails when the session is over.
            let _ = wakes.send(Wake::Heard(heard));
        };
        let watch = Mutex::new(Watch::start(layout.places(), poll, send));
        let mut session = Self {
            config,
            layout,
            reload,
            builder,
            watch,
            sites: BTreeMap::new(),
            wrong: Vec::new(),
            audience: Vec::new(),
            live: Box::new(|_| None),
        };
        let outcome = session.begin(display)?;
        session.builder.trim();
        // What other hosts answer was asked for once, not at each save.
        if session.config.data == Mode::Refresh {
            session.config.data = Mode::Locked;
        }
        Ok(Ok((session, outcome)))
    }

    /// The first build.
    fn begin(&mut self, display: Display) -> anyhow::Result<Outcome> {
        let started = Instant::now();
        let (sites, found) = find_sites(&self.config)?;
        self.wrong.clone_from(&found);
        let mut outcome =
            Outcome { built: Vec::new(), failed_sites: Vec::new(), diagnostics: found, took: Duration::ZERO };
        for site in sites {
            let (built, wrong) = self.compile(&site, display)?;
            outcome.diagnostics.extend(wrong.iter().cloned());
            let known = Known {
                bundle: None,
                manifest: built.as_ref().map(|built| built.manifest.clone()).unwrap_or_default(),
                wrong,
            };
            self.sites.insert(site.clone(), known);
            match built {
                Some(built) => outcome.built.push(built),
                None => outcome.failed_sites.push(site),
            }
        }
        outcome.took = started.elapsed();
        Ok(outcome)
    }

    /// Says how what is served of a site is looked at, from now on: `live` returns when it is the last that was built.
    pub(super) fn serve_with(&mut self, mut live: impl FnMut(&SiteName) -> Option<Bundle> + Send + 'static) {
        for (site, known) in &mut self.sites {
            known.bundle = live(site);
        }
        self.live = Box::new(live);
    }

    /// Looks at what is published, for what differs from one build to the next.
    pub(super) fn serve_from_disk(&mut self) {
        let out = self.config.out.clone();
        self.serve_with(move |site| map::open_live(&out, site).ok());
    }

    /// Tells `audience` what happens from now on; and what is wrong now, unless it was told.
    pub(super) fn add_audience(&mut self, mut audience: Audience, with_state: bool) {
        let state = if with_state { self.state() } else { Vec::new() };
        state.iter().for_each(&mut *audience);
        self.audience.push(audience);
    }

    /// Why changes are looked for instead of being told of, if that is so.
    pub(super) fn silence(&self) -> Option<String> {
        self.watch().silence().map(ToString::to_string)
    }

    /// The sites there are.
    pub(super) fn sites(&self) -> BTreeSet<SiteName> {
        self.sites.keys().cloned().collect()
    }

    /// Builds what changes, until it is told to stop. `asked` does what the session itself does not, and may have something to
    /// say.
    pub(super) fn run(
        &mut self,
        wakes: &mpsc::Receiver<Wake>,
        mut asked: impl FnMut(Command, &BTreeSet<SiteName>) -> Option<String>,
    ) {
        loop {
            let due = self.watch().due();
            let first = match due.map(|due| wakes.recv_timeout(due.saturating_duration_since(Instant::now()))) {
                None => wakes.recv().map(Some).unwrap_or(Some(Wake::Stop)),
                Some(Ok(wake)) => Some(wake),
                Some(Err(RecvTimeoutError::Timeout)) => None,
                Some(Err(RecvTimeoutError::Disconnected)) => Some(Wake::Stop),
            };
            let now = Instant::now();
            for wake in first.into_iter().chain(wakes.try_iter()) {
                match wake {
                    Wake::Heard(heard) => self.watch().hear(heard, now),
                    Wake::Asked(Command::Rebuild) => self.rebuild_all(),
                    Wake::Asked(command) => {
                        let sites = self.sites();
                        if let Some(said) = asked(command, &sites) {
                            self.tell(&Event::Notice(said));
                        }
                    }
                    Wake::Stop => return,
                }
            }
            let changes = self.watch().look(Instant::now());
            if !changes.is_empty() {
                self.take(&changes);
            }
        }
    }

    /// Builds all sites, whatever changed.
    fn rebuild_all(&mut self) {
        let changes = self.watch().look(Instant::now());
        self.build_changed(&changes, true);
    }

    fn take(&mut self, changes: &Changes) {
        self.build_changed(changes, false);
    }

    fn build_changed(&mut self, changes: &Changes, everything: bool) {
        let concerned = self.layout.concerned(changes);
        let mut all = everything || concerned.all_sites;
        let mut wrong = Vec::new();
        if concerned.settings {
            match (self.reload)() {
                Ok(Ok(config)) => all |= self.take_over(config),
                Ok(Err(mistakes)) => wrong = mistakes,
                Err(error) => wrong.push(Diagnostic::error("sitekit.toml", format!("{error:#}"))),
            }
        }
        let sites = match find_sites(&self.config) {
            Ok((sites, found)) => {
                wrong.extend(found);
                sites
            }
            Err(error) => {
                wrong.push(Diagnostic::error(self.config.folder.as_str(), format!("{error:#}")));
                self.sites.keys().cloned().collect()
            }
        };
        if wrong != self.wrong {
            self.wrong.clone_from(&wrong);
            self.tell(&Event::Diagnostics { site: None, found: wrong });
        }
        let gone: Vec<SiteName> = self.sites.keys().filter(|known| !sites.contains(known)).cloned().collect();
        for site in gone {
            self.sites.remove(&site);
            self.tell(&Event::Removed(site));
        }
        let dirty =
            |site: &&SiteName| all || concerned.sites.contains(site.as_str()) || !self.sites.contains_key(*site);
        let dirty: Vec<SiteName> = sites.iter().filter(dirty).cloned().collect();
        if dirty.is_empty() {
            return;
        }
        self.tell(&Event::Building { sites: dirty.clone(), changed: self.layout.shown(changes) });
        for site in dirty {
            self.build(site);
        }
    }

    /// Whether everything must be built again. What a session cannot change while it runs is told.
    fn take_over(&mut self, config: BuildConfig) -> bool {
        if (&config.out, &config.folder, &config.project)
            != (&self.config.out, &self.config.folder, &self.config.project)
        {
            let said = "sitekit.toml names other folders now: they are taken over at the next start";
            self.tell(&Event::Notice(said.to_owned()));
            return false;
        }
        let differs = config.profile != self.config.profile;
        let ending = Arc::clone(&self.config.ending);
        self.config = BuildConfig { data: self.config.data, ending, ..config };
        differs
    }

    fn build(&mut self, site: SiteName) {
        let started = Instant::now();
        let (built, wrong) = match self.compile(&site, Display::Quiet) {
            Ok(compiled) => compiled,
            Err(error) => (None, vec![Diagnostic::error(self.config.folder.as_str(), format!("{error:#}"))]),
        };
        let known = self.sites.entry(site.clone()).or_default();
        let had_wrong = !known.wrong.is_empty();
        known.wrong.clone_from(&wrong);
        match built {
            Some(built) => {
                let before = known.bundle.take();
                let renamed = renamed(&known.manifest, &built.manifest);
                let bundle = (self.live)(&site);
                let known = self.sites.entry(site.clone()).or_default();
                let differences = match (&before, &bundle) {
                    (Some(before), Some(bundle)) => differences(before, bundle),
                    _ => Vec::new(),
                };
                known.manifest = built.manifest;
                known.bundle = bundle;
                let event = Built {
                    base: built.base,
                    generation: built.generation,
                    changed: built.changed,
                    pages: built.report.pages,
                    bytes: built.bundle_len,
                    previous: before.as_ref().map(Bundle::generation),
                    before: before.map(|before| before.len()),
                    took: started.elapsed(),
                    differences,
                    renamed,
                    site: site.clone(),
                };
                self.tell(&Event::Built(event));
            }
            None => self.tell(&Event::Failed { site: site.clone(), took: started.elapsed() }),
        }
        if had_wrong || !wrong.is_empty() {
            self.tell(&Event::Diagnostics { site: Some(site), found: wrong });
        }
    }

    /// Compiles and publishes a site, and says what is wrong with it.
    fn compile(&self, site: &SiteName, display: Display) -> anyhow::Result<(Option<BuiltSite>, Vec<Diagnostic>)> {
        let time = outside::time_of_build()?;
        let mut wrong = Vec::new();
        let folder = self.layout.sites.join(site.as_str());
        // What the author's own command wrote is read by this build, and is no reason for another.
        let watch = &self.watch;
        let hooked = || drop(locked(watch).accept(&folder));
        let built = self.builder.build(&self.config, site, time, display, &hooked, &mut wrong);
        // The build itself writes one file of the site.
        drop(self.watch().accept(&folder.join(LOCK_FILE)));
        if built.is_none() && !wrong.iter().any(|one| one.severity == Severity::Error) {
            wrong.push(Diagnostic::error(format!("{}/{site}", self.config.folder), "this site could not be built"));
        }
        wrong.sort();
        Ok((built, wrong))
    }

    fn watch(&self) -> MutexGuard<'_, Watch> {
        locked(&self.watch)
    }

    fn tell(&mut self, event: &Event) {
        self.audience.iter_mut().for_each(|audience| audience(event));
    }

    /// What is wrong now.
    fn state(&self) -> Vec<Event> {
        let project = (!self.wrong.is_empty()).then(|| Event::Diagnostics { site: None, found: self.wrong.clone() });
        let sites = self.sites.iter().filter(|(_, known)| !known.wrong.is_empty());
        let sites =
            sites.map(|(site, known)| Event::Diagnostics { site: Some(site.clone()), found: known.wrong.clone() });
        project.into_iter().chain(sites).collect()
    }
}

fn locked(watch: &Mutex<Watch>) -> MutexGuard<'_, Watch> {
    watch.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Layout {
    fn of(config: &BuildConfig, settings: &Path) -> anyhow::Result<Self> {
        let real =
            |path: &Path| fs::canonicalize(path).with_context(|| format!("{} cannot be watched", path.display()));
        let project = real(&config.project)?;
        // Files and folders that are not there yet have a folder that is.
        let place = |path: &Path| -> anyhow::Result<PathBuf> {
            let name = path.file_name().unwrap_or_default();
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            Ok(fs::canonicalize(folder).map_or_else(|_| path.to_owned(), |folder| folder.join(name)))
        };
        Ok(Self { sites: project.join(&config.folder), settings: place(settings)?, out: place(&config.out)?, project })
    }
}

/// Files of the same sources that have other names now, old to new.
fn renamed(old: &Manifest, new: &Manifest) -> BTreeMap<String, String> {
    let mut renamed = BTreeMap::new();
    for (source, entry) in &new.entries {
        let Some(before) = old.entries.get(source) else { continue };
        let of_entry = [(&before.file, &entry.file)].into_iter();
        // Style sheets of a script are told apart by their order.
        let styles = before.styles.iter().zip(&entry.styles).filter(|_| before.styles.len() == entry.styles.len());
        let pairs = of_entry.chain(styles).filter(|(old, new)| old != new);
        renamed.extend(pairs.map(|(old, new)| (old.clone(), new.clone())));
    }
    renamed
}

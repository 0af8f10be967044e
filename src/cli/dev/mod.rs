//! `sitekit dev`: builds, serves, and goes on: what is saved is in the browser. What you see is what will ship, but for
//! compression, and for a script that hears of changes.

mod address;
mod editor;
mod keys;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, IsTerminal as _, Write},
    net::IpAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering, mpsc},
    thread,
    time::Duration,
};

use serde_json::json;

use self::keys::Keys;
use super::{
    build::{BuildConfig, Outcome},
    diagnostics, exit,
    log::{self, LogLevel},
    outside::DataArgs,
    progress::Display,
    serve::{Development, ServeConfig, Served, refuse, serve_until_stopped},
    session::{Audience, Command, Event, PollArgs, Screen, Session, Surroundings, Wake, audience, problems, update},
    settings::{self, Config, Face, Loaded, Taker, Typed},
    stats,
};
use crate::{
    diag::Diagnostic,
    pipeline::Profile,
    serve::{LiveUpdates, Look, Phase, Sites},
    site::{BasePath, Host, SiteName},
};

/// Build the sites, serve them, and go on when a file changes
///
/// Builds every folder under `sites/` without compression and serves them all at one address, each below its name. What is
/// saved is built, and open pages change without being loaded again where that can be. Mistakes are shown here and in the
/// browser, and what was built before goes on being served.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sitekit dev                        build and serve everything under sites/
  sitekit dev --open                 and open it in a browser
  sitekit dev --site docs            only this site
  sitekit dev --host                 for a phone in the same network, too
  sitekit dev --https                with a certificate of our own
  sitekit dev --json                 what happens, for editors

Exit status: 0 stopped, 1 there is no site, 2 a flag is wrong or the address is taken.")]
#[expect(clippy::struct_excessive_bools, reason = "flags as they are typed")]
pub(super) struct DevArgs {
    #[command(flatten)]
    settings: Typed<Dev>,

    #[command(flatten)]
    data: DataArgs,

    #[command(flatten)]
    watch: PollArgs,

    /// Open the first site in a browser
    #[arg(long)]
    open: bool,

    /// Serve https, with a certificate that no one but this machine has signed
    #[arg(long)]
    https: bool,

    /// Listen to the network, and show an address for a phone
    #[arg(long, conflicts_with = "addr")]
    host: bool,

    /// Print what happens as JSON, one object a line
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Dev;

impl Taker for Dev {
    const FACE: Face = Face::Dev;
}

/// For a session that builds when it is told to stop.
const FAREWELL: Duration = Duration::from_secs(2);

pub(super) fn run(args: &DevArgs) -> anyhow::Result<ExitCode> {
    let load = {
        let args = Asked { typed: args.settings.clone(), https: args.https, host: args.host };
        move || args.load()
    };
    let loaded = match load() {
        Ok(loaded) => loaded,
        Err(mistakes) => return Ok(refuse(&mistakes)),
    };
    let data = args.data.mode();
    let building = BuildConfig { data, ..BuildConfig::new(&loaded.config, Profile::Dev)? };
    let project = building.project.clone();
    let ending = Arc::clone(&building.ending);
    let surroundings = Surroundings {
        settings: settings::file_of(&args.settings),
        reload: {
            let load = load.clone();
            Box::new(move || {
                Ok(match load() {
                    Ok(loaded) => Ok(BuildConfig { data, ..BuildConfig::new(&loaded.config, Profile::Dev)? }),
                    Err(mistakes) => Err(mistakes),
                })
            })
        },
        poll: args.watch.poll,
        display: if args.json { Display::Quiet } else { Display::of_stderr() },
        hold: true,
    };
    let mut serve = match ServeConfig::resolve(loaded) {
        Ok(config) => config,
        Err(mistakes) => return Ok(refuse(&mistakes)),
    };
    log::start(serve.log_format, serve.log_level);

    let (wakes, woken) = mpsc::channel();
    let (mut session, outcome) = match Session::open(building, surroundings, wakes.clone())? {
        Ok(opened) => opened,
        Err(wrong) => {
            diagnostics::show(&[*wrong]);
            return Ok(ExitCode::from(exit::AUTHOR));
        }
    };
    if !args.json {
        diagnostics::show(&outcome.diagnostics);
        let mut text = outcome.to_text();
        for site in session.resumed().keys() {
            text.extend([site.as_str(), " is served as it was built last, and is built behind it\n"]);
        }
        io::stdout().write_all(text.as_bytes())?;
    }
    if session.sites().is_empty() {
        return Ok(ExitCode::from(exit::AUTHOR));
    }
    let live = Arc::new(LiveUpdates::new(Box::new({
        let project = project.clone();
        move |place| editor::open(&project, place)
    })));
    serve.development = Some(Development {
        live: Arc::clone(&live),
        sites: session.sites(),
        machine: args.host.then(address::of_this_machine).flatten().and_then(host_of),
        on_terminal: io::stdin().is_terminal() && io::stdout().is_terminal(),
    });
    // The terminal is what it was again when this is dropped. It is taken when signals no longer end the program on the spot.
    let mut keys = None;
    let (asked, json) = (args.open, args.json);
    let (over, is_over) = mpsc::channel::<()>();
    serve_until_stopped(serve, load, |served| {
        keys = if json { None } else { Keys::open() };
        let shown = Announcement::of(&served, &outcome, &session);
        let screen = if json { None } else { Screen::open(session.sites(), keys.is_some()) };
        let mut tell = audience(json, screen.clone());
        let with_state = json || screen.is_some();
        if json {
            outcome.built.iter().for_each(|built| tell(&Event::first(built)));
        }
        begin(&mut session, &served, &live, &project);
        shown.tell(json, &mut tell);
        if let Some(screen) = &screen {
            screen.draw();
        }
        if let Some(silence) = session.silence() {
            tell(&Event::looked_for(&silence));
        }
        // As lines, what is wrong was told; on a terminal it is to stay in view.
        session.add_audience(tell, with_state);
        if asked && let Some(url) = shown.first() {
            open(url).inspect(|said| tracing::warn!("{said}"));
        }
        if let Some(keys) = &mut keys {
            let wakes = wakes.clone();
            // Fails when the session is over.
            keys.listen(screen.clone(), move |command| drop(wakes.send(Wake::Asked(command))));
        }
        let out = serve_folder(&served);
        let on_command = move |command: Command, _: &BTreeSet<SiteName>| match command {
            Command::Open => shown.first().and_then(open),
            Command::Stats => Some(stats::text(&out).unwrap_or_else(|error| format!("{error:#}"))),
            Command::Help => {
                if let Some(screen) = &screen {
                    screen.toggle_help();
                }
                None
            }
            Command::Quit => {
                served.stopper.go_to(Phase::Draining);
                None
            }
            Command::Rebuild => None,
        };
        let looping = thread::Builder::new().name("sitekit-session".to_owned());
        let run = move || {
            session.run(&woken, on_command);
            drop(over);
        };
        if let Err(error) = looping.spawn(run) {
            tracing::error!(%error, "the system gives no thread: nothing is built any more");
        }
    })?;
    ending.store(true, Ordering::Relaxed);
    // Whoever is in the middle of a build is let go: a bundle is published as a whole or not at all.
    if wakes.send(Wake::Stop).is_ok() {
        // It says nothing more: it is over, or it is late.
        let _ = is_over.recv_timeout(FAREWELL);
    }
    Ok(ExitCode::SUCCESS)
}

/// What is served from memory, in bytes: where one person asks, the compiler needs the rest more.
const MEMORY: u64 = 256 << 20;

/// The flags that make settings.
#[derive(Clone, Debug)]
struct Asked {
    typed: Typed<Dev>,
    https: bool,
    host: bool,
}

impl Asked {
    fn load(&self) -> Result<Loaded, Vec<Diagnostic>> {
        let mut quiet = Config::default();
        quiet.log.level = LogLevel::Warn;
        quiet.cache.size = Some(MEMORY);
        let mut loaded = settings::load(quiet, &self.typed, &settings::environment())?;
        loaded.config.development = Some(settings::DevelopmentPlace { https: self.https, host: self.host });
        loaded.config.tls.self_signed |= self.https;
        Ok(loaded)
    }
}

/// Lets what the session builds be served, and open pages hear of it.
fn begin(session: &mut Session, served: &Served, live: &Arc<LiveUpdates>, project: &Path) {
    let known = Arc::new(Mutex::new(session.sites()));
    {
        let (sites, look, known) = (Arc::clone(&served.sites), served.look.clone(), Arc::clone(&known));
        session.serve_with(move |site| {
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.insert(site.clone()) {
                sites.serve_only(known.clone());
            }
            look.now();
            let snapshot = sites.snapshot();
            snapshot.sites().iter().find(|live| live.name() == site).map(|live| live.bundle().clone())
        });
    }
    session.edit_in(Arc::clone(live));
    let pages = pages(Arc::clone(live), project.to_owned(), known, Arc::clone(&served.sites), served.look.clone());
    session.add_audience(pages, true);
}

/// Tells open pages.
fn pages(
    live: Arc<LiveUpdates>,
    project: PathBuf,
    known: Arc<Mutex<BTreeSet<SiteName>>>,
    sites: Arc<Sites>,
    look: Look,
) -> Audience {
    let mut wrong: BTreeMap<Option<SiteName>, Vec<Diagnostic>> = BTreeMap::new();
    Box::new(move |event| match event {
        Event::Built(built) if built.changed => live.publish(update(built)),
        Event::Diagnostics { site, found } => {
            wrong.insert(site.clone(), found.clone());
            let all = wrong.iter().flat_map(|(site, found)| found.iter().map(move |one| (site.as_ref(), one)));
            live.set_problems(problems(&project, all));
        }
        Event::Removed(site) => {
            wrong.remove(&Some(site.clone()));
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            known.remove(site);
            sites.serve_only(known.clone());
            look.now();
            live.publish(json!({"type": "sites", "gone": [site.as_str()]}));
        }
        _ => {}
    })
}

/// The folder of the bundles.
fn serve_folder(served: &Served) -> PathBuf {
    served.sites.build_folder().to_owned()
}

fn host_of(address: IpAddr) -> Option<Host> {
    Host::parse(&address.to_string()).ok()
}

/// Opens a browser; what cannot be done is said.
fn open(url: &str) -> Option<String> {
    address::open_browser(url).err().map(|error| format!("no browser can be opened ({error}): {url}"))
}

/// Where to look.
struct Announcement {
    event: Event,
    text: String,
}

impl Announcement {
    fn of(served: &Served, outcome: &Outcome, session: &Session) -> Self {
        let Some(address) = served.address else {
            let event = Event::Notice("serving".to_owned());
            return Self { event, text: String::new() };
        };
        let url = address::url(address, served.secure);
        let network = address::network_url(address, served.secure);
        let at = |site: &SiteName| {
            let built = outcome.built.iter().find(|built| built.site == *site).map(|built| &built.base);
            let base = built.or_else(|| session.resumed().get(site)).cloned();
            match base.unwrap_or_else(|| BasePath::of(site)) {
                // A site at the root of its own hosts has a name on this machine, too.
                base if base == BasePath::root() => {
                    let scheme = if served.secure { "https" } else { "http" };
                    format!("{scheme}://{site}.localhost:{}/", address.port())
                }
                base => format!("{url}{base}"),
            }
        };
        let sites: Vec<(SiteName, String)> = session.sites().iter().map(|site| (site.clone(), at(site))).collect();
        let mut text = format!("\nServing at {url}/\n");
        text.extend(sites.iter().map(|(_, url)| format!("  {url}\n")));
        if let Some(network) = &network {
            let code = address::qr(network).unwrap_or_default();
            text.extend([format!("In this network: {network}/\n{code}\n")]);
        }
        text.push_str("Ctrl-C stops.\n");
        Self { event: Event::Listening { url: format!("{url}/"), network: network.map(|url| url + "/"), sites }, text }
    }

    fn tell(&self, json: bool, tell: &mut Audience) {
        if json {
            return tell(&self.event);
        }
        // Whoever closed standard output does not want to know.
        let mut stdout = io::stdout().lock();
        drop(stdout.write_all(self.text.as_bytes()).and_then(|()| stdout.flush()));
    }

    fn first(&self) -> Option<&str> {
        match &self.event {
            Event::Listening { sites, url, .. } => Some(sites.first().map_or(url, |(_, url)| url)),
            _ => None,
        }
    }
}

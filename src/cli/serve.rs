//! `sitekit serve`: maps bundles and answers from them.

use std::{
    collections::BTreeSet,
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    num::NonZeroUsize,
    path::Path,
    process::ExitCode,
    sync::Arc,
    thread,
    time::Instant,
};

use anyhow::{Context as _, bail};
use arc_swap::ArcSwap;

use crate::{
    cli::{
        diagnostics, exit,
        log::{self, LogFormat, LogLevel},
        settings::{self, Config, Face, Loaded, Origins, Taker, Typed},
    },
    diag::Diagnostic,
    observe::{Metering, Registry},
    serve::{
        self, Choice, Follower, Front, Hosting, Limits, Listening, Phase, Server, Settings, Sites, Sockets, Stopper,
    },
    site::SiteName,
};

/// The port when none was asked for.
const PORT: u16 = 8080;
/// In development, how many ports after it are tried.
const PORTS: u16 = 100;

/// Serve the bundles under build/
///
/// Every site answers below its name, /<site>/, or where its configuration mounts it. A new bundle goes live when
/// a build commits it, without a restart. SIGTERM or Ctrl-C finishes what is in flight; a second one stops at once.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  sitekit serve                                          everything under build/, on this machine only
  sitekit serve --prod --addr 0.0.0.0:80                 for the internet
  sitekit serve --prod --admin-addr 127.0.0.1:9090       with /metrics for Prometheus
  sitekit serve --site docs --spa --log-format json      one site, as a single-page app, logs for machines

Exit status: 0 stopped, 2 there is nothing to serve, a flag is wrong or the address is taken.")]
pub(super) struct ServeArgs {
    #[command(flatten)]
    settings: Typed<Serve>,
}

/// Takes all settings of the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Serve;

impl Taker for Serve {
    const FACE: Face = Face::Serve;
}

/// What to serve, and how: resolved, checked and complete.
#[derive(Clone, Debug)]
pub(super) struct ServeConfig {
    /// What a reload may replace.
    pub(super) settings: Settings,
    pub(super) hosting: Hosting,
    pub(super) address: Address,
    pub(super) choice: Choice,
    pub(super) threads: usize,
    pub(super) shards: usize,
    pub(super) admin: Option<SocketAddr>,
    pub(super) metering: Metering,
    pub(super) log_format: LogFormat,
    pub(super) log_level: LogLevel,
    /// Whom to blame for what cannot be had.
    pub(super) origins: Origins,
}

/// Where to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// There and nowhere else.
    Exactly(SocketAddr),
    /// There, or at the next free port.
    From(SocketAddr),
}

pub(super) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let loaded = match settings::load(Config::default(), &args.settings, &settings::environment()) {
        Ok(loaded) => loaded,
        Err(mistakes) => return Ok(refuse(&mistakes)),
    };
    let config = ServeConfig::resolve(loaded)?;
    log::start(config.log_format, config.log_level);
    serve_until_stopped(config, |_| {})?;
    Ok(ExitCode::SUCCESS)
}

/// Tells what is wrong with the settings.
pub(super) fn refuse(mistakes: &[Diagnostic]) -> ExitCode {
    diagnostics::show(mistakes);
    ExitCode::from(exit::OPERATOR)
}

impl ServeConfig {
    pub(super) fn resolve(loaded: Loaded) -> anyhow::Result<Self> {
        let Loaded { config, origins, .. } = loaded;
        let threads = config.threads.map_or_else(cores, NonZeroUsize::get);
        let address = match config.listen {
            Some(asked) => Address::Exactly(asked),
            None if config.prod => Address::Exactly((Ipv4Addr::UNSPECIFIED, PORT).into()),
            None => Address::From((Ipv4Addr::LOCALHOST, PORT).into()),
        };
        let asked = config.max_connections.map(NonZeroUsize::get);
        let connections = connections(asked, &origins, descriptors(Path::new("/")))?;
        let memory = config.cache.size.unwrap_or_else(memory);
        Ok(Self {
            settings: Settings {
                limits: Limits { connections, ..config.limits },
                front: if config.prod { Front::Nothing } else { Front::Index },
                trusted: config.trusted_proxies,
                ..Settings::default()
            },
            hosting: Hosting { local_names: !config.prod, ..config.hosting },
            address,
            choice: Choice {
                build: config.build.out,
                sites: config.only.into_iter().collect(),
                mode: config.mode,
                memory,
                past: config.build.keep - 1,
            },
            threads,
            shards: config.cache.shards.map_or(threads * 4, NonZeroUsize::get),
            admin: config.admin.address,
            metering: if config.admin.metrics { Metering::On } else { Metering::Off },
            log_format: config.log.format,
            log_level: config.log.level,
            origins,
        })
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

fn memory() -> u64 {
    serve::memory::budget(serve::memory::read(Path::new("/")))
}

/// Opens the bundles, listens, and serves until a signal stops it. `ready` learns the address once connections are
/// taken. Logs must have been started.
///
/// # Errors
/// When there is nothing to serve, the address cannot be had, or the system gives no threads.
pub(super) fn serve_until_stopped(config: ServeConfig, ready: impl FnOnce(SocketAddr)) -> anyhow::Result<()> {
    let registry = Arc::new(Registry::new(config.threads, config.metering, Instant::now()));
    let memory = config.choice.memory;
    let build = config.choice.build.clone();
    let asked = config.choice.sites.clone();
    let sites = Arc::new(Sites::new(config.choice, config.shards, registry));
    sites.set_hosting(config.hosting);
    let known = open_bundles(&sites, &build, &asked)?;
    let sockets = listen(config.address, &config.origins.blame("listen"), config.threads)?;
    let address = sockets.place().and_then(|place| place.address()).context("no listener")?;
    let blame = config.origins.blame("admin.address");
    let admin =
        config.admin.map(|at| TcpListener::bind(at).with_context(|| format!("{blame} {at} cannot be listened at")));
    let admin = admin.transpose()?;
    let local_socket = serve::LocalSocket::bind(&build.join(serve::SOCKET))
        .inspect_err(
            |error| tracing::warn!(%error, "`sitekit stats` finds no socket of this server in {}", build.display()),
        )
        .ok();
    let (stopper, stop) = Stopper::new();
    stop_on_signals(stopper)?;
    let follower = Follower::start(Arc::clone(&sites), known)?;
    tracing::info!(%address, threads = config.threads, memory, "listening");
    ready(address);
    let settings = Arc::new(ArcSwap::from_pointee(config.settings));
    let server =
        Server { listening: vec![Listening::plain(sockets)], sites, settings, access_log: None, local_socket, admin };
    serve::run(server, &stop)?;
    drop(follower);
    tracing::info!("stopped");
    Ok(())
}

/// Makes live what can be, and fails when nothing can, or not all that was asked for by name.
fn open_bundles(
    sites: &Sites,
    build: &Path,
    asked: &BTreeSet<SiteName>,
) -> anyhow::Result<BTreeSet<(SiteName, String)>> {
    let mut known = BTreeSet::new();
    let how = "`sitekit build` makes bundles";
    let changes = match sites.refresh(&mut known) {
        Ok(changes) => changes,
        Err(error) => bail!("nothing to serve: {error}; {how}, --build names the folder they are in"),
    };
    serve::log(&changes);
    let live: BTreeSet<_> = changes.swapped.iter().map(|(site, ..)| site).collect();
    if let Some(missing) = asked.iter().find(|site| !live.contains(site)) {
        if let Some((_, reason)) = changes.refused.iter().find(|(site, _)| site == missing) {
            bail!("site `{missing}` cannot be served: {reason}");
        }
        bail!("--site {missing}: there is no bundle of it in {}; {how}", build.display());
    }
    if live.is_empty() {
        match changes.refused.first() {
            Some((site, reason)) => bail!("nothing to serve: site `{site}` is refused: {reason}"),
            None => bail!("nothing to serve: there is no bundle in {}; {how}", build.display()),
        }
    }
    Ok(known)
}

/// `blame` names the setting that asks for the address.
fn listen(address: Address, blame: &str, threads: usize) -> anyhow::Result<Sockets> {
    let (at, bound) = match address {
        Address::Exactly(at) => (at, Sockets::bind(at, threads)),
        Address::From(at) => (at, Sockets::bind_next(at, threads, PORTS)),
    };
    bound.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => anyhow::anyhow!("{blame} {at} is taken: another program listens there"),
        io::ErrorKind::PermissionDenied => {
            anyhow::anyhow!("{blame} {at} needs a right this user lacks: ports below 1024 are the administrator's")
        }
        io::ErrorKind::AddrNotAvailable => anyhow::anyhow!("{blame} {at} is not an address of this machine"),
        _ => anyhow::Error::from(error).context(format!("{blame} {at} cannot be listened at")),
    })
}

/// The first SIGINT or SIGTERM asks for a gentle stop, the second for an end.
fn stop_on_signals(stopper: Stopper) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = runtime.block_on(async { Signals::new() })?;
    let wait = move || {
        runtime.block_on(async {
            signals.next().await;
            tracing::info!("stopping: what is in flight is finished first");
            stopper.go_to(Phase::Draining);
            signals.next().await;
            tracing::warn!("stopping at once");
            stopper.go_to(Phase::Stopped);
            // Dropping the stopper would say the same.
            std::future::pending::<()>().await;
        });
    };
    thread::Builder::new().name("sitekit-signals".to_owned()).spawn(wait)?;
    Ok(())
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// How many connections, given what was asked for and how many descriptors a process may have.
fn connections(asked: Option<usize>, origins: &Origins, descriptors: Option<usize>) -> anyhow::Result<usize> {
    /// Bundles, listeners, sockets of operators.
    const OTHERS: usize = 64;
    let most = descriptors.map_or(usize::MAX, |descriptors| descriptors.saturating_sub(OTHERS).max(1));
    match asked {
        Some(asked) if asked > most => bail!(
            "{} {asked} is more than the {} file descriptors of this process allow: at most {most} \
             (`ulimit -n` or LimitNOFILE= raises it)",
            origins.blame("limits.connections"),
            most + OTHERS
        ),
        Some(asked) => Ok(asked),
        None => Ok(Limits::default().connections.min(most)),
    }
}

/// The soft limit on open files, where the system says it.
fn descriptors(root: &Path) -> Option<usize> {
    let limits = fs::read_to_string(root.join("proc/self/limits")).ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        serve: ServeArgs,
    }

    fn resolve(line: &str) -> Result<ServeConfig, String> {
        let words = ["serve"].into_iter().chain(line.split_whitespace());
        let args = Line::try_parse_from(words).map_err(|error| error.to_string())?.serve;
        let loaded = settings::load(Config::default(), &args.settings, &BTreeMap::new());
        let loaded = loaded.map_err(|mistakes| mistakes.iter().map(diagnostics::line).collect::<String>())?;
        ServeConfig::resolve(loaded).map_err(|error| error.to_string())
    }

    #[test]
    fn where_to_listen() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        for (line, address, front) in [
            ("", Address::From(at("127.0.0.1:8080")), Front::Index),
            ("--dev", Address::From(at("127.0.0.1:8080")), Front::Index),
            ("--prod", Address::Exactly(at("0.0.0.0:8080")), Front::Nothing),
            ("--addr 127.0.0.1:8080", Address::Exactly(at("127.0.0.1:8080")), Front::Index),
            ("--addr localhost:0", Address::Exactly(at("127.0.0.1:0")), Front::Index),
            ("--prod --addr [::1]:80", Address::Exactly(at("[::1]:80")), Front::Nothing),
        ] {
            let config = resolve(line).unwrap();
            assert_eq!((config.address, config.settings.front), (address, front), "{line}");
        }
    }

    #[test]
    fn what_cannot_be_meant() {
        for (line, part) in [
            ("--prod --dev", "--dev"),
            ("--spa --traditional", "--traditional"),
            ("--addr 8080", "such as 127.0.0.1:8080"),
            ("--site Docs", "lower-case"),
            ("--cache-size big", "64MB"),
            ("--cache-size 99999999999TB", "64MB"),
            ("--header-timeout 0s", "above 0"),
            ("--header-timeout 5", "500ms"),
            ("--threads 0", "--threads"),
            ("--max-connections 99999999999", "file descriptors"),
        ] {
            let error = resolve(line).unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
        }
    }

    #[test]
    fn connections_that_descriptors_allow() {
        for (asked, descriptors, expected) in [
            (None, None, 10_000),
            (None, Some(1024), 960),
            (None, Some(1_000_000), 10_000),
            (Some(500), Some(1024), 500),
            (Some(50_000), Some(1_000_000), 50_000),
        ] {
            assert_eq!(connections(asked, &Origins::default(), descriptors).unwrap(), expected);
        }
        assert!(connections(Some(1000), &Origins::default(), Some(1024)).is_err());
    }
}

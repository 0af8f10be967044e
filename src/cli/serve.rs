//! `sitekit serve`: maps bundles and answers from them.

use std::{
    collections::BTreeSet,
    fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use arc_swap::ArcSwap;

use crate::{
    cli::{
        log::{self, LogFormat, LogLevel},
        typed::{address, duration, site, size},
    },
    observe::{Metering, Registry},
    serve::{self, Choice, Follower, Front, Limits, Listening, Phase, Server, Settings, Sites, Sockets, Stopper},
    site::{Mode, SiteName},
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
#[expect(clippy::struct_excessive_bools, reason = "flags as they are typed; what travels on is `ServeConfig`")]
pub(super) struct ServeArgs {
    /// For the internet: listens on all addresses, and `/` shows no list of sites
    #[arg(long, env = "SITEKIT_PROD", conflicts_with = "dev")]
    prod: bool,

    /// For development (the default): listens on this machine only, and `/` lists the sites
    #[arg(long)]
    dev: bool,

    /// Address to listen at [default: 127.0.0.1:8080, with --prod 0.0.0.0:8080]
    ///
    /// Without this, --dev takes the next free port when 8080 is taken. Port 0 is any free port.
    #[arg(long, env = "SITEKIT_ADDR", value_name = "HOST:PORT", value_parser = address)]
    addr: Option<SocketAddr>,

    /// Serve this site only; may be repeated
    #[arg(long, env = "SITEKIT_SITE", value_name = "NAME", value_delimiter = ',', value_parser = site)]
    site: Vec<SiteName>,

    /// Treat every site as a single-page app: unknown paths that look like pages get the shell
    #[arg(long, env = "SITEKIT_SPA", conflicts_with = "traditional")]
    spa: bool,

    /// Treat every site as a multi-page site: unknown paths are 404
    #[arg(long, env = "SITEKIT_TRADITIONAL")]
    traditional: bool,

    /// Folder the bundles are in
    #[arg(long, env = "SITEKIT_BUILD", value_name = "DIR", default_value = "build")]
    build: PathBuf,

    /// Threads that serve [default: one per core]
    #[arg(long, env = "SITEKIT_THREADS", value_name = "N")]
    threads: Option<NonZeroUsize>,

    /// Address for operators: /metrics (Prometheus) and /stats.json [default: none]
    #[arg(long, env = "SITEKIT_ADMIN_ADDR", value_name = "HOST:PORT", value_parser = address)]
    admin_addr: Option<SocketAddr>,

    /// Memory for bodies, such as 512MB [default: three quarters of what the machine or control group has left]
    #[arg(long, env = "SITEKIT_CACHE_SIZE", value_name = "SIZE", value_parser = size)]
    cache_size: Option<u64>,

    /// Parts of the cache that are locked apart [default: four per thread]
    #[arg(long, env = "SITEKIT_CACHE_SHARDS", value_name = "N")]
    cache_shards: Option<NonZeroUsize>,

    /// Do not count or time requests
    #[arg(long, env = "SITEKIT_NO_METRICS")]
    no_metrics: bool,

    /// Connections open at once; one more is answered 503 [default: 10000, or what file descriptors allow]
    #[arg(long, env = "SITEKIT_MAX_CONNECTIONS", value_name = "N")]
    max_connections: Option<NonZeroUsize>,

    /// Time for a request's head
    #[arg(long, env = "SITEKIT_HEADER_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = duration)]
    header_timeout: Duration,

    /// Time for a request's body
    #[arg(long, env = "SITEKIT_BODY_TIMEOUT", value_name = "TIME", default_value = "20s", value_parser = duration)]
    body_timeout: Duration,

    /// Time between two requests of a connection
    #[arg(long, env = "SITEKIT_IDLE_TIMEOUT", value_name = "TIME", default_value = "60s", value_parser = duration)]
    idle_timeout: Duration,

    /// A client that takes less than 128 bytes per second of an answer over this time is let go
    #[arg(long, env = "SITEKIT_WRITE_TIMEOUT", value_name = "TIME", default_value = "30s", value_parser = duration)]
    write_timeout: Duration,

    /// Time to finish what is in flight when stopping
    #[arg(long, env = "SITEKIT_GRACE", value_name = "TIME", default_value = "10s", value_parser = duration)]
    grace: Duration,

    /// Form of the logs on standard error
    #[arg(long, env = "SITEKIT_LOG_FORMAT", value_name = "FORM", value_enum, default_value_t)]
    log_format: LogFormat,

    /// Least important thing to log
    #[arg(long, env = "SITEKIT_LOG_LEVEL", value_name = "LEVEL", value_enum, default_value_t)]
    log_level: LogLevel,
}

/// What to serve, and how: resolved, checked and complete.
#[derive(Clone, Debug)]
pub(super) struct ServeConfig {
    pub(super) front: Front,
    pub(super) address: Address,
    pub(super) choice: Choice,
    pub(super) limits: Limits,
    pub(super) threads: usize,
    pub(super) shards: usize,
    pub(super) admin: Option<SocketAddr>,
    pub(super) metering: Metering,
    pub(super) log_format: LogFormat,
    pub(super) log_level: LogLevel,
}

/// Where to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// There and nowhere else.
    Exactly(SocketAddr),
    /// There, or at the next free port.
    From(SocketAddr),
}

pub(super) fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    let config = args.resolve()?;
    log::start(config.log_format, config.log_level);
    serve_until_stopped(config, |_| {})?;
    Ok(ExitCode::SUCCESS)
}

impl ServeArgs {
    pub(super) fn resolve(self) -> anyhow::Result<ServeConfig> {
        let threads = self.threads.map_or_else(cores, NonZeroUsize::get);
        let mode = match (self.spa, self.traditional) {
            (true, _) => Some(Mode::Spa),
            (_, true) => Some(Mode::Traditional),
            _ => None,
        };
        let address = match self.addr {
            Some(asked) => Address::Exactly(asked),
            None if self.prod => Address::Exactly((Ipv4Addr::UNSPECIFIED, PORT).into()),
            None => Address::From((Ipv4Addr::LOCALHOST, PORT).into()),
        };
        let limits = Limits {
            connections: connections(self.max_connections.map(NonZeroUsize::get), descriptors(Path::new("/")))?,
            header_timeout: self.header_timeout,
            body_timeout: self.body_timeout,
            idle_timeout: self.idle_timeout,
            write_timeout: self.write_timeout,
            grace: self.grace,
            ..Limits::default()
        };
        let memory = self.cache_size.unwrap_or_else(memory);
        Ok(ServeConfig {
            front: if self.prod { Front::Nothing } else { Front::Index },
            address,
            choice: Choice { build: self.build, sites: self.site.into_iter().collect(), mode, memory },
            limits,
            threads,
            shards: self.cache_shards.map_or(threads * 4, NonZeroUsize::get),
            admin: self.admin_addr,
            metering: if self.no_metrics { Metering::Off } else { Metering::On },
            log_format: self.log_format,
            log_level: self.log_level,
        })
    }
}

impl ServeConfig {
    /// What `sitekit dev` serves with: what `sitekit serve` does when nothing is said.
    #[cfg(feature = "compiler")]
    pub(super) fn of_development(
        build: PathBuf,
        sites: Vec<SiteName>,
        addr: Option<SocketAddr>,
        log_format: LogFormat,
        log_level: LogLevel,
    ) -> anyhow::Result<Self> {
        let threads = cores();
        Ok(Self {
            front: Front::Index,
            address: addr.map_or(Address::From((Ipv4Addr::LOCALHOST, PORT).into()), Address::Exactly),
            choice: Choice { build, sites: sites.into_iter().collect(), mode: None, memory: memory() },
            limits: Limits { connections: connections(None, descriptors(Path::new("/")))?, ..Limits::default() },
            threads,
            shards: threads * 4,
            admin: None,
            metering: Metering::On,
            log_format,
            log_level,
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
    let known = open_bundles(&sites, &build, &asked)?;
    let sockets = listen(config.address, config.threads)?;
    let address = sockets.place().and_then(|place| place.address()).context("no listener")?;
    let admin = config
        .admin
        .map(|at| TcpListener::bind(at).with_context(|| format!("--admin-addr {at} cannot be listened at")));
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
    let settings = Settings { limits: config.limits, front: config.front, ..Settings::default() };
    let settings = Arc::new(ArcSwap::from_pointee(settings));
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

fn listen(address: Address, threads: usize) -> anyhow::Result<Sockets> {
    let (at, bound) = match address {
        Address::Exactly(at) => (at, Sockets::bind(at, threads)),
        Address::From(at) => (at, Sockets::bind_next(at, threads, PORTS)),
    };
    bound.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => anyhow::anyhow!("--addr {at} is taken: another program listens there"),
        io::ErrorKind::PermissionDenied => {
            anyhow::anyhow!("--addr {at} needs a right this user lacks: ports below 1024 are the administrator's")
        }
        io::ErrorKind::AddrNotAvailable => anyhow::anyhow!("--addr {at} is not an address of this machine"),
        _ => anyhow::Error::from(error).context(format!("--addr {at} cannot be listened at")),
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
fn connections(asked: Option<usize>, descriptors: Option<usize>) -> anyhow::Result<usize> {
    /// Bundles, listeners, sockets of operators.
    const OTHERS: usize = 64;
    let most = descriptors.map_or(usize::MAX, |descriptors| descriptors.saturating_sub(OTHERS).max(1));
    match asked {
        Some(asked) if asked > most => bail!(
            "--max-connections {asked} is more than the {} file descriptors of this process allow: at most {most} \
             (`ulimit -n` or LimitNOFILE= raises it)",
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
        args.resolve().map_err(|error| error.to_string())
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
            assert_eq!((config.address, config.front), (address, front), "{line}");
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
            assert_eq!(connections(asked, descriptors).unwrap(), expected);
        }
        assert!(connections(Some(1000), Some(1024)).is_err());
    }
}

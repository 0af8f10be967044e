//! `sitekit serve`: maps bundles and answers from them.

mod places;
mod reload;
mod resolve;
mod signals;
mod systemd;

use std::{
    collections::BTreeSet,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{Instant, SystemTime},
};

use anyhow::{Context as _, bail};
use arc_swap::ArcSwap;

#[cfg_attr(not(feature = "compiler"), expect(unused_imports, reason = "only `dev` names it"))]
pub(super) use self::resolve::Development;
pub(super) use self::resolve::ServeConfig;
use self::{reload::Reloader, signals::Signal};
use crate::{
    cli::{
        diagnostics, exit, log,
        settings::{self, Config, Face, Loaded, Taker, Typed},
    },
    diag::Diagnostic,
    observe::{AccessLog, Registry},
    serve::{self, Follower, Hosting, Look, Protocol, Server, Sites, Stopper, Succession, Tls, TlsSettings, Told},
    site::{Host, HostPattern, SiteName},
};

/// Serve the bundles under build/
///
/// Every site answers below its name, /<site>/, or where its configuration mounts it. A new bundle goes live when
/// a build commits it, without a restart. SIGTERM or Ctrl-C finishes what is in flight; a second one stops at once.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  sitekit serve                                          everything under build/, on this machine only
  sitekit serve --prod --addr 0.0.0.0:80                 for the internet
  sitekit serve --prod --admin-addr 127.0.0.1:9090       with /metrics for Prometheus
  sitekit serve --prod --addr 0.0.0.0:80 --replace       a restart that refuses no connection
  sitekit serve --site docs --spa --log-format json      one site, as a single-page app, logs for machines

Exit status: 0 stopped, 2 there is nothing to serve, a flag is wrong or the address is taken.")]
pub(super) struct ServeArgs {
    #[command(flatten)]
    settings: Typed<Serve>,

    /// Take over from the server of the same bundles: it hands its sockets to this one, and stops when this one serves
    ///
    /// A restart that no client notices, with other flags or another version. Starts as usual when there is none.
    #[arg(long)]
    replace: bool,
}

/// Takes all settings of the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Serve;

impl Taker for Serve {
    const FACE: Face = Face::Serve;
}

pub(super) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let typed = args.settings.clone();
    let load = move || settings::load(Config::default(), &typed, &settings::environment());
    let mut config = match load().and_then(ServeConfig::resolve) {
        Ok(config) => config,
        Err(mistakes) => return Ok(refuse(&mistakes)),
    };
    config.replaces = args.replace;
    log::start(config.log_format, config.log_level);
    serve_until_stopped(config, load, |_| {})?;
    Ok(ExitCode::SUCCESS)
}

/// Tells what is wrong with the settings.
pub(super) fn refuse(mistakes: &[Diagnostic]) -> ExitCode {
    diagnostics::show(mistakes);
    ExitCode::from(exit::OPERATOR)
}

/// A server that takes connections.
#[derive(Debug)]
#[cfg_attr(not(feature = "compiler"), expect(dead_code, reason = "a server alone tells no one where it listens"))]
pub(super) struct Served {
    /// The first address, and whether it speaks TLS.
    pub(super) address: Option<SocketAddr>,
    pub(super) secure: bool,
    pub(super) sites: Arc<Sites>,
    /// Makes it look for new bundles.
    pub(super) look: Look,
    pub(super) stopper: Arc<Stopper>,
}

/// Opens the bundles, listens, and serves until a signal stops it. `load` reads the settings again when a signal asks for
/// that, `ready` is called once connections are taken. Logs must have been started.
///
/// # Errors
/// When there is nothing to serve, an address or a file cannot be had, or the system gives no threads.
pub(super) fn serve_until_stopped(
    config: ServeConfig,
    load: impl Fn() -> Result<Loaded, Vec<Diagnostic>> + Send + 'static,
    ready: impl FnOnce(Served),
) -> anyhow::Result<()> {
    let registry = Arc::new(Registry::new(config.threads, config.metering, Instant::now()));
    let memory = config.choice.memory;
    let build = config.choice.build.clone();
    let asked = config.choice.sites.clone();
    let sites = Arc::new(Sites::new(config.choice, config.shards, Arc::clone(&registry)));
    sites.set_hosting(config.hosting.clone());
    let told = match &config.development {
        None => open_bundles(&sites, &build, &asked)?,
        Some(development) => {
            sites.serve_only(development.sites.clone());
            open_what_is_there(&sites)
        }
    };
    warn_of_fallback(&sites, &config.hosting);
    let machine = config.development.as_ref().and_then(|development| development.machine.clone());
    let names: Vec<Host> = names(&sites).into_iter().chain(machine).collect();
    let own = match &config.tls {
        Some(_) if config.self_signed => Some(serve::self_signed(&build, &names, SystemTime::now())?),
        _ => None,
    };
    let tls = match config.tls {
        Some(TlsSettings { mut certificates }) => {
            certificates.extend(own.clone());
            Some(Tls::open(TlsSettings { certificates }).context("the certificates cannot be used")?)
        }
        None => None,
    };
    let (mut inherited, predecessor) = places::inherit(&build, config.replaces)?;
    let listening = places::listen(&config.listen, &mut inherited, config.redirect, tls.as_ref(), config.threads)?;
    if let (Some(place), None) = (inherited.places().first(), &predecessor) {
        bail!("a socket at {place} was passed to this server, and no setting wants one there: say `listen`");
    }
    let blame = config.loaded.origins.blame("admin.address");
    let admin =
        config.admin.map(|at| TcpListener::bind(at).with_context(|| format!("{blame} {at} cannot be listened at")));
    let admin = admin.transpose()?;
    let access_log = match config.access_log {
        Some(log) => {
            let blame = config.loaded.origins.blame("access_log.to");
            let log = AccessLog::start(log, registry).with_context(|| format!("{blame} cannot be written"))?;
            Some(Arc::new(log))
        }
        None => None,
    };
    let local_socket = build.join(serve::SOCKET);
    let local_socket = match &predecessor {
        Some(_) => serve::LocalSocket::replace(&local_socket),
        None => serve::LocalSocket::bind(&local_socket),
    };
    let local_socket = local_socket
        .inspect_err(
            |error| tracing::warn!(%error, "`sitekit stats` finds no socket of this server in {}", build.display()),
        )
        .ok();
    let (stopper, stop) = Stopper::new();
    let stopper = Arc::new(stopper);
    let succession = Succession::new(build.join(serve::SUCCESSION), Arc::clone(&stopper), predecessor);
    let follower = Follower::start(Arc::clone(&sites), told)?;
    let settings = Arc::new(ArcSwap::from_pointee(config.settings));
    let reloader = Reloader {
        load: Box::new(load),
        running: config.loaded,
        settings: Arc::clone(&settings),
        sites: Arc::clone(&sites),
        look: follower.look(),
        tls,
        own,
        access_log: access_log.clone(),
    };
    let hangup = match &config.development {
        Some(development) if development.on_terminal => Signal::Stop,
        _ => Signal::Reload,
    };
    signals::heed(Arc::clone(&stopper), reloader, hangup)?;
    let places: Vec<_> = listening.iter().filter_map(|listening| listening.sockets.place()).collect();
    for place in &places {
        tracing::info!(address = %place, threads = config.threads, memory, "listening");
    }
    if let Some(address) = admin.as_ref().and_then(|listener| listener.local_addr().ok()) {
        tracing::info!(%address, "listening to operators");
    }
    systemd::ready("serving");
    ready(Served {
        address: places.iter().find_map(serve::Place::address),
        secure: listening.first().is_some_and(|listening| matches!(listening.protocol, Protocol::Tls(_))),
        sites: Arc::clone(&sites),
        look: follower.look(),
        stopper,
    });
    let live = config.development.map(|development| development.live);
    let vigil = systemd::vigil();
    let server = Server { listening, sites, settings, access_log, local_socket, admin, vigil, succession, live };
    serve::run(server, &stop)?;
    drop(follower);
    tracing::info!("stopped");
    Ok(())
}

/// Makes live what can be, and fails when nothing can, or not all that was asked for by name.
fn open_bundles(sites: &Sites, build: &Path, asked: &BTreeSet<SiteName>) -> anyhow::Result<Told> {
    let mut told = Told::default();
    let how = "`sitekit build` makes bundles";
    let changes = match sites.refresh(&mut told) {
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
    Ok(told)
}

/// Makes live what can be. Where sites are built all the time, what cannot be now may be soon.
fn open_what_is_there(sites: &Sites) -> Told {
    let mut told = Told::default();
    match sites.refresh(&mut told) {
        Ok(changes) => serve::log(&changes),
        Err(error) => tracing::debug!(%error, "nothing is built yet"),
    }
    told
}

/// The names a certificate for development is made for: what sites say, and where they are in development.
fn names(sites: &Sites) -> Vec<Host> {
    let snapshot = sites.snapshot();
    let hosted = snapshot.sites().iter().filter(|site| !site.hosts().is_empty());
    let names = hosted.flat_map(|site| {
        let exact = site.hosts().iter().filter_map(|host| match host {
            HostPattern::Exactly(host) => Some(host.clone()),
            HostPattern::Below(_) => None,
        });
        exact.chain(Host::parse(&format!("{}.localhost", site.name()))).collect::<Vec<_>>()
    });
    names.collect()
}

/// The site for hosts that are nobody's answers there only while it is live and has hosts of its own.
fn warn_of_fallback(sites: &Sites, hosting: &Hosting) {
    let Some(name) = &hosting.fallback else { return };
    let snapshot = sites.snapshot();
    if !snapshot.sites().iter().any(|site| site.name() == name && !site.hosts().is_empty()) {
        tracing::warn!(site = %name, "`default_site` names a site that is not live, or has no hosts of its own");
    }
}

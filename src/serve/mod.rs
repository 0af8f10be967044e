//! Answers requests from bundles. It cannot compile a site and opens no site file for a request. Decisions are plain
//! functions of values (`target`, `route`, `negotiate`, `conditional`, `range`), `respond` alone writes header fields,
//! and everything that touches a socket, a clock or the disk stands around them.

mod access;
mod addresses;
mod admin;
mod body;
mod cache;
pub mod conditional;
mod connection;
mod core;
mod cross_origin;
mod follow;
pub mod forwarded;
pub mod frames;
#[cfg(unix)]
mod handover;
#[cfg(not(unix))]
#[path = "no_handover.rs"]
mod handover;
mod health;
pub mod hits;
pub mod hosts;
mod http2;
mod in_site;
mod inherited;
mod limits;
mod listen;
mod live;
pub mod memory;
pub mod negotiate;
mod page;
mod password;
mod past;
mod peer;
pub mod proxy_protocol;
pub mod range;
mod rate;
mod request_id;
mod resident;
mod respond;
pub mod route;
mod rules;
mod self_signed;
mod service;
mod settings;
mod shutdown;
mod snapshot;
pub mod target;
mod tls;
mod to_https;
#[cfg(unix)]
mod unix_socket;
mod wanted;
mod watchdog;
mod wire;

use std::{
    io,
    net::TcpListener,
    sync::{Arc, Barrier, atomic::AtomicUsize},
    thread,
    time::Duration,
};

use arc_swap::ArcSwap;
use tokio::runtime;

use crate::observe::AccessLog;

use self::{admin::Desk, core::Shared, health::Hearts, listen::Door};
pub use self::{
    admin::{LocalSocket, SOCKET},
    core::Front,
    follow::{Follower, Look, log},
    handover::{Predecessor, SUCCESSION, Succession, take_over},
    health::Vigil,
    hosts::{Hosting, SiteChoice},
    inherited::Inherited,
    limits::Limits,
    listen::{Listening, Place, Protocol, Sockets},
    live::{LiveUpdates, OpenEditor, Place as EditorPlace},
    peer::Client,
    rate::{CLIENTS, NotARuleName, RateRule, Rates, RuleName},
    self_signed::{SelfSignedError, self_signed},
    settings::{Hsts, Settings},
    shutdown::{Phase, Stop, Stopper},
    snapshot::{Changes, Choice, LiveSite, Refusal, Sites, Snapshot, Told},
    tls::{CertificateFiles, Tls, TlsError, TlsSettings},
};

/// Threads of one core that read cold bodies.
const READERS: usize = 16;

/// A server, complete but for running.
#[derive(Debug)]
pub struct Server {
    /// Each with a socket for each core, at least.
    pub listening: Vec<Listening>,
    pub sites: Arc<Sites>,
    /// Replaced when the operator asks for it; connections that are open keep what they were opened with.
    pub settings: Arc<ArcSwap<Settings>>,
    /// One line per request, where that is wanted.
    pub access_log: Option<Arc<AccessLog>>,
    /// The Unix socket for operators.
    pub local_socket: Option<LocalSocket>,
    /// A listener for operators.
    pub admin: Option<TcpListener>,
    /// Someone who wants to know, now and then, that every core gets on.
    pub vigil: Option<Vigil>,
    /// Which server was here before, and how the next one finds this one.
    pub succession: Option<Succession>,
    /// What open pages hear, in development.
    pub live: Option<Arc<LiveUpdates>>,
}

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("the server cannot start a thread or its runtime: {0}")]
    Start(io::Error),
    #[error("a core cannot listen: {0}")]
    Listen(io::Error),
    #[error("a core stopped in a panic")]
    Panic,
}

/// Serves until told to stop. Each core gets a thread; the caller's own serves operators meanwhile.
///
/// # Errors
/// When the system gives no threads or sockets, or a core panicked.
pub fn run(server: Server, stop: &Stop) -> Result<(), ServeError> {
    let Server { listening, sites, settings, access_log, local_socket, admin, vigil, succession, live } = server;
    let cores = sites.registry().cores();
    let hearts = Arc::new(Hearts::new(cores));
    let watched = Arc::clone(&hearts);
    let desk = Desk { sites: Arc::clone(&sites), hearts: Arc::clone(&hearts), stop: stop.clone() };
    let shared = Shared {
        sites,
        settings,
        access_log: access_log.clone(),
        open: Arc::new(AtomicUsize::new(0)),
        addresses: Arc::default(),
        checker: Arc::new(password::Checker::new()),
        live,
    };
    let (ended, all_ended) = tokio::sync::mpsc::channel::<()>(1);
    // Whatever takes a descriptor is made before the first connection can take the last one.
    let control = runtime::Builder::new_current_thread().enable_all().build().map_err(ServeError::Start)?;
    let certificates = certificates(&listening);
    let succession =
        succession.map(|succession| succession.prepare(&listening)).transpose().map_err(ServeError::Start)?;
    let doors = doors(listening, cores);
    let start = Arc::new(Barrier::new(doors.len()));
    let mut threads = Vec::new();
    for (index, doors) in doors.into_iter().enumerate() {
        let (shared, stop, ended, start) = (shared.clone(), stop.clone(), ended.clone(), Arc::clone(&start));
        let hearts = Arc::clone(&hearts);
        let thread = thread::Builder::new().name(format!("sitekit-{index}"));
        threads.push(
            thread
                .spawn(move || on_core(index, shared, &hearts, doors, stop, ended, &start))
                .map_err(ServeError::Start)?,
        );
    }
    drop(ended);
    let succeed = async {
        if let Some(succession) = succession {
            succession.run(stop.clone()).await;
        }
        std::future::pending::<()>().await;
    };
    control.block_on(async {
        tokio::select! {
            () = operate(desk, local_socket, admin, all_ended) => {}
            () = tls::follow(&certificates) => {}
            never = watched.keep(vigil) => match never {},
            () = succeed => {}
        }
    });
    control.shutdown_timeout(Duration::ZERO);
    let outcome = threads.into_iter().try_for_each(|thread| thread.join().unwrap_or(Err(ServeError::Panic)));
    if let Some(log) = access_log {
        log.close();
    }
    outcome
}

/// What each core listens at.
fn doors(listening: Vec<Listening>, cores: usize) -> Vec<Vec<Door>> {
    let mut doors: Vec<_> = (0..cores).map(|_| Vec::new()).collect();
    for place in listening {
        // There may be more than one for each, where they come from a server with more cores.
        place.split().enumerate().for_each(|(nth, door)| doors[nth % cores].push(door));
    }
    doors
}

/// All that listeners speak TLS with.
fn certificates(listening: &[Listening]) -> Vec<Arc<Tls>> {
    let mut all: Vec<Arc<Tls>> = Vec::new();
    for place in listening {
        match &place.protocol {
            Protocol::Tls(tls) if !all.iter().any(|known| Arc::ptr_eq(known, tls)) => all.push(Arc::clone(tls)),
            _ => {}
        }
    }
    all
}

/// The life of one core's thread. `_ended` is dropped with it.
fn on_core(
    index: usize,
    shared: Shared,
    hearts: &Hearts,
    doors: Vec<Door>,
    stop: Stop,
    _ended: tokio::sync::mpsc::Sender<()>,
    start: &Barrier,
) -> Result<(), ServeError> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(READERS)
        .build_local(runtime::LocalOptions::default());
    start.wait();
    let runtime = runtime.map_err(ServeError::Start)?;
    let outcome = runtime.block_on(async {
        tokio::select! {
            ended = core::run(index, shared, doors, stop) => ended.map_err(ServeError::Listen),
            never = hearts.beat(index) => match never {},
        }
    });
    runtime.shutdown_timeout(Duration::ZERO);
    hearts.ended(index);
    outcome
}

/// Serves operators until every core has ended. Without them, the sites are served all the same.
async fn operate(
    desk: Desk,
    local_socket: Option<LocalSocket>,
    admin: Option<TcpListener>,
    mut all_ended: tokio::sync::mpsc::Receiver<()>,
) {
    let local = async {
        match local_socket {
            Some(socket) => socket.serve(desk.clone()).await,
            None => std::future::pending().await,
        }
    };
    let admin = async {
        match admin {
            Some(listener) => admin::serve_tcp(listener, desk.clone()).await,
            None => std::future::pending().await,
        }
    };
    let operators = async {
        let (Err(local), Err(admin)) = tokio::join!(local, admin);
        tracing::error!(%local, %admin, "operators are no longer served");
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = all_ended.recv() => {}
        () = operators => {}
    }
}

//! A server of this process with one small site, and how it listens up to the test.

use std::{net::SocketAddr, sync::Arc, thread, time::Instant};

use arc_swap::ArcSwap;
use bytes::Bytes;
use sitekit::{
    observe::{Event, Metering, Registry, Report},
    pack::{self, RealDisk},
    serve::{
        self, Choice, Limits, Listening, Phase, Place, Server, Settings, Sites, Sockets, Stopper, Succession, Told,
    },
    site::{BasePath, Coding, EncodedBody, Field, Manifest, Mode, Response, Rules, SiteImage, SiteName, SitePath},
};

use crate::client::Connection;

pub(crate) const CORES: usize = 2;
/// Longer than what a connection and its kernels keep.
pub(crate) const LARGE: usize = 32 << 20;

/// A server, which ends with this.
pub(crate) struct Rig {
    pub(crate) places: Vec<Place>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) stopper: Arc<Stopper>,
    thread: Option<thread::JoinHandle<()>>,
    _build: tempfile::TempDir,
}

impl Rig {
    /// Plain HTTP on one port.
    pub(crate) fn plain() -> Self {
        Self::with(Settings::default(), vec![Listening::plain(tcp())])
    }

    pub(crate) fn limited(limits: Limits) -> Self {
        Self::with(Settings { limits, ..Settings::default() }, vec![Listening::plain(tcp())])
    }

    pub(crate) fn with(settings: Settings, listening: Vec<Listening>) -> Self {
        Self::succeeding(settings, listening, |_| None)
    }

    /// One that comes after another server, or before one.
    pub(crate) fn succeeding(
        settings: Settings,
        listening: Vec<Listening>,
        succession: impl FnOnce(Arc<Stopper>) -> Option<Succession>,
    ) -> Self {
        let build = tempfile::tempdir().unwrap();
        pack::seal(&site()).unwrap().commit(&RealDisk, build.path(), 3).unwrap();
        let registry = Arc::new(Registry::new(CORES, Metering::On, Instant::now()));
        let choice = Choice { build: build.path().to_owned(), memory: 1 << 30, ..Choice::default() };
        let sites = Arc::new(Sites::new(choice, CORES, Arc::clone(&registry)));
        let changes = sites.refresh(&mut Told::default()).unwrap();
        assert!(changes.refused.is_empty(), "{:?}", changes.refused);
        let places = listening.iter().map(|listening| listening.sockets.place().unwrap()).collect();
        let settings = Arc::new(ArcSwap::from_pointee(settings));
        let (stopper, stop) = Stopper::new();
        let stopper = Arc::new(stopper);
        let server = Server {
            listening,
            sites,
            settings,
            access_log: None,
            local_socket: None,
            admin: None,
            vigil: None,
            succession: succession(Arc::clone(&stopper)),
            live: None,
        };
        let thread = thread::spawn(move || serve::run(server, &stop).unwrap());
        Self { places, registry, stopper, thread: Some(thread), _build: build }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.places[0].address().unwrap()
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::to(self.address())
    }

    pub(crate) fn report(&self) -> Report {
        Report::of(&self.registry, Instant::now())
    }

    pub(crate) fn open(&self) -> u64 {
        self.report().connections.open
    }

    /// How often a limit was reached.
    pub(crate) fn noted(&self, event: Event) -> u64 {
        self.report().refused[event.label()]
    }

    /// Waits for all that is in flight.
    pub(crate) fn stop(&mut self) {
        self.stopper.go_to(Phase::Draining);
        self.ended();
    }

    /// Waits until it has ended of itself.
    pub(crate) fn ended(&mut self) {
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.stopper.go_to(Phase::Stopped);
    }
}

/// A free port of this machine.
pub(crate) fn tcp() -> Sockets {
    Sockets::bind("127.0.0.1:0".parse().unwrap(), CORES).unwrap()
}

#[cfg(unix)]
pub(crate) fn unix(path: &std::path::Path) -> Sockets {
    Sockets::bind_unix(path, 0o660, CORES).unwrap()
}

fn site() -> SiteImage {
    let site = SiteName::parse("docs").unwrap();
    let text = |bytes: Vec<u8>| Response {
        status: 200,
        fields: vec![Field::new("content-type", "text/plain; charset=utf-8")],
        bodies: vec![EncodedBody { coding: Coding::Identity, bytes: Bytes::from(bytes) }],
    };
    let mut page = text(b"home page of the docs".repeat(20));
    page.bodies.push(EncodedBody { coding: Coding::Gzip, bytes: Bytes::from_static(b"zipped home") });
    let routes = [
        ("/", page),
        ("/small.txt", text(b"small".to_vec())),
        ("/empty.txt", text(Vec::new())),
        ("/medium.txt", text(b"0123456789".repeat(20_000))),
        ("/large.txt", text(vec![b'x'; LARGE])),
    ];
    SiteImage {
        base: BasePath::of(&site),
        site,
        mode: Mode::Traditional,
        routes: routes.map(|(path, response)| (SitePath::parse(path).unwrap(), response)).into_iter().collect(),
        not_found: None,
        rules: Rules::default(),
        manifest: Manifest::default(),
    }
}

//! HTTP as a client sees it: raw bytes over a socket in, what comes back taken apart and compared. One function per
//! section of the standard, a table of requests in each.

#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod client;

#[path = "http/addresses.rs"]
mod addresses;
#[path = "http/attack.rs"]
mod attack;
#[path = "http/counting.rs"]
mod counting;
#[path = "http/hits.rs"]
mod hits;
#[path = "http/logs.rs"]
mod logs;
#[path = "http/memory.rs"]
mod memory;
#[path = "http/rates.rs"]
mod rates;
#[path = "http/rules.rs"]
mod rules;
#[path = "http/semantics.rs"]
mod semantics;
#[path = "http/stopping.rs"]
mod stopping;
#[path = "http/wire.rs"]
mod wire;

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, LazyLock},
    thread,
    time::Instant,
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use client::{Connection, Reply};
use sitekit::{
    observe::{AccessLog, LogConfig, Metering, Registry},
    pack::{self, RealDisk},
    serve::{self, Choice, Front, Limits, Listening, Phase, Server, Settings, Sites, Sockets, Stopper, Told},
    site::{BasePath, Coding, EncodedBody, Field, Manifest, Mode, Response, Rules, SiteImage, SiteName, SitePath},
};

const DATE: &str = "Mon, 02 Nov 2026 00:00:00 GMT";
const BEFORE: &str = "Sun, 01 Nov 2026 00:00:00 GMT";
const AFTER: &str = "Tue, 03 Nov 2026 00:00:00 GMT";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

// ---------------------------------------------------------------------------------------------------------------------
// The sites

/// A traditional site, an app and one that is mounted nowhere else.
fn images() -> Vec<SiteImage> {
    let html = "text/html; charset=utf-8";
    let docs = [
        ("/", page("home")),
        ("/guide/", page("guide")),
        ("/guide/a b/", page("space")),
        ("/ä.txt", file("text/plain; charset=utf-8", "umlaut", &[])),
        (
            "/style.0a1b2c3d.css",
            cached(
                file(
                    "text/css; charset=utf-8",
                    &"a{}".repeat(100),
                    &[(Coding::Gzip, "gzip bytes!"), (Coding::Brotli, "br bytes")],
                ),
                IMMUTABLE,
            ),
        ),
        ("/plain.bin", file("application/octet-stream", "0123456789", &[])),
        ("/long.bin", file("application/octet-stream", &long(), &[])),
        ("/empty.txt", file("text/plain; charset=utf-8", "", &[])),
        ("/dated.txt", with(file("text/plain; charset=utf-8", "dated", &[]), "last-modified", DATE)),
        (
            "/located.txt",
            with(
                with(file("text/plain; charset=utf-8", "located", &[]), "content-location", "/docs/located.en.txt"),
                "expires",
                AFTER,
            ),
        ),
        ("/gone/", status(410, file(html, "gone", &[]))),
        ("/old/", with(status(301, file(html, "moved", &[])), "location", "/docs/guide/")),
        ("/404.html", cached(file(html, "this site's own 404", &[(Coding::Gzip, "zipped 404")]), "max-age=60")),
        (
            "/report.pdf",
            with(file("application/pdf", "%PDF", &[]), "content-disposition", "attachment; filename=\"report.pdf\""),
        ),
    ];
    let app =
        [("/", page("shell")), ("/app.js", cached(file("text/javascript; charset=utf-8", "app", &[]), IMMUTABLE))];
    vec![image("docs", Mode::Traditional, docs, Some("/404.html")), image("app", Mode::Spa, app, None)]
}

fn long() -> String {
    (0..100_000).map(|n| char::from(b'a' + u8::try_from(n % 26).unwrap())).collect()
}

fn image<const N: usize>(name: &str, mode: Mode, routes: [(&str, Response); N], not_found: Option<&str>) -> SiteImage {
    let site = SiteName::parse(name).unwrap();
    let path = |path: &str| SitePath::parse(path).unwrap();
    SiteImage {
        base: BasePath::of(&site),
        site,
        mode,
        routes: routes.into_iter().map(|(at, response)| (path(at), response)).collect(),
        not_found: not_found.map(path),
        rules: Rules::default(),
        manifest: Manifest::default(),
    }
}

fn page(text: &str) -> Response {
    cached(
        file(
            "text/html; charset=utf-8",
            &format!("<p>{text}</p>{}", " ".repeat(100)),
            &[(Coding::Gzip, "gz"), (Coding::Brotli, "b"), (Coding::Zstd, "zst")],
        ),
        "no-cache",
    )
}

fn file(media: &str, text: &str, encoded: &[(Coding, &str)]) -> Response {
    let body = |coding, text: &str| EncodedBody { coding, bytes: Bytes::copy_from_slice(text.as_bytes()) };
    Response {
        status: 200,
        fields: vec![Field::new("content-type", media), Field::new("x-content-type-options", "nosniff")],
        bodies: [body(Coding::Identity, text)]
            .into_iter()
            .chain(encoded.iter().map(|(coding, text)| body(*coding, text)))
            .collect(),
    }
}

fn with(mut response: Response, name: &str, value: &str) -> Response {
    response.fields.push(Field::new(name, value));
    response
}

fn cached(response: Response, value: &str) -> Response {
    with(response, "cache-control", value)
}

fn status(status: u16, response: Response) -> Response {
    Response { status, ..response }
}

// ---------------------------------------------------------------------------------------------------------------------
// The server

/// A server of this process, which ends with it.
struct Running {
    address: SocketAddr,
    registry: Arc<Registry>,
    stopper: Stopper,
    access_log: Option<Arc<AccessLog>>,
    thread: Option<thread::JoinHandle<()>>,
    sites: Arc<Sites>,
    build: tempfile::TempDir,
}

#[derive(Clone)]
struct Setup {
    limits: Limits,
    front: Front,
    memory: u64,
    mode: Option<Mode>,
    access_log: Option<LogConfig>,
    tune: fn(&mut Settings),
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            front: Front::Index,
            memory: 1 << 30,
            mode: None,
            access_log: None,
            tune: |_| {},
        }
    }
}

fn commit(build: &Path, image: &SiteImage) {
    pack::seal(image).unwrap().commit(&RealDisk, build, 3).unwrap();
}

fn start(setup: Setup, images: &[SiteImage]) -> Running {
    let build = tempfile::tempdir().unwrap();
    for image in images {
        commit(build.path(), image);
    }
    let registry = Arc::new(Registry::new(2, Metering::On, Instant::now()));
    let choice = Choice { build: build.path().to_owned(), mode: setup.mode, memory: setup.memory, ..Choice::default() };
    let sites = Arc::new(Sites::new(choice, 2, Arc::clone(&registry)));
    let changes = sites.refresh(&mut Told::default()).unwrap();
    assert!(changes.refused.is_empty(), "{:?}", changes.refused);
    let sockets = Sockets::bind("127.0.0.1:0".parse().unwrap(), 2).unwrap();
    let address = sockets.place().unwrap().address().unwrap();
    let (stopper, stop) = Stopper::new();
    let mut settings = Settings { limits: setup.limits, front: setup.front, ..Settings::default() };
    (setup.tune)(&mut settings);
    let access_log = setup.access_log.map(|log| Arc::new(AccessLog::start(log, Arc::clone(&registry)).unwrap()));
    let settings = Arc::new(ArcSwap::from_pointee(settings));
    let server = Server {
        listening: vec![Listening::plain(sockets)],
        sites: Arc::clone(&sites),
        settings,
        access_log: access_log.clone(),
        local_socket: None,
        admin: None,
        vigil: None,
        succession: None,
        live: None,
    };
    let thread = thread::spawn(move || serve::run(server, &stop).unwrap());
    Running { address, registry, stopper, access_log, thread: Some(thread), sites, build }
}

impl Running {
    fn stop(&mut self) {
        self.stopper.go_to(Phase::Draining);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    fn connect(&self) -> Connection {
        Connection::to(self.address)
    }

    /// The next generation of a site goes live.
    fn deploy(&self, image: &SiteImage) {
        commit(self.build.path(), image);
        let changes = self.sites.refresh(&mut Told::default()).unwrap();
        assert_eq!(changes.swapped.len(), 1, "{changes:?}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopper.go_to(Phase::Stopped);
    }
}

/// The server most tests ask.
static SERVER: LazyLock<Running> = LazyLock::new(|| start(Setup::default(), &images()));

// ---------------------------------------------------------------------------------------------------------------------
// The client

fn get(target: &str, fields: &[(&str, &str)]) -> Reply {
    SERVER.connect().ask("GET", target, fields)
}

/// The tag of a representation.
fn etag(target: &str, coding: &str) -> String {
    let reply = get(target, &[("Accept-Encoding", coding)]);
    assert_eq!(reply.field("content-encoding").unwrap_or("identity"), coding);
    reply.field("etag").unwrap().to_owned()
}

/// Sends raw bytes on a connection of its own and returns the status of the answer; 0 when there is none.
#[track_caller]
fn status_of(raw: impl AsRef<[u8]>) -> u16 {
    let mut connection = SERVER.connect();
    connection.send(raw);
    connection.receive("GET").map_or(0, |reply| reply.status)
}

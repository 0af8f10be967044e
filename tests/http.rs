//! HTTP as a client sees it: raw bytes over a socket in, what comes back taken apart and compared. One function per
//! section of the standard, a table of requests in each.

#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod client;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{BufRead, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::{Arc, LazyLock},
    thread,
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use client::{Connection, Reply, request};
use sitekit::{
    observe::{Event, Metering, Registry, Report},
    pack::{self, RealDisk},
    serve::{self, Choice, Front, Limits, Listening, Phase, Server, Settings, Sites, Sockets, Stopper},
    site::{BasePath, Coding, EncodedBody, Field, Mode, Response, Rules, SiteImage, SiteName, SitePath},
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
    thread: Option<thread::JoinHandle<()>>,
    _build: tempfile::TempDir,
}

#[derive(Clone)]
struct Setup {
    limits: Limits,
    front: Front,
    memory: u64,
    mode: Option<Mode>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { limits: Limits::default(), front: Front::Index, memory: 1 << 30, mode: None }
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
    let changes = sites.refresh(&mut std::collections::BTreeSet::new()).unwrap();
    assert!(changes.refused.is_empty(), "{:?}", changes.refused);
    let sockets = Sockets::bind("127.0.0.1:0".parse().unwrap(), 2).unwrap();
    let address = sockets.place().unwrap().address().unwrap();
    let (stopper, stop) = Stopper::new();
    let settings = Settings { limits: setup.limits, front: setup.front, ..Settings::default() };
    let settings = Arc::new(ArcSwap::from_pointee(settings));
    let server =
        Server { listening: vec![Listening::plain(sockets)], sites, settings, local_socket: None, admin: None };
    let thread = thread::spawn(move || serve::run(server, &stop).unwrap());
    Running { address, registry, stopper, thread: Some(thread), _build: build }
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

// ---------------------------------------------------------------------------------------------------------------------
// RFC 9110

#[test]
fn rfc_9110_6_6_1_date() {
    for target in ["/docs/", "/docs/nope", "/docs", "/docs/%00"] {
        let reply = get(target, &[]);
        let date = httpdate::parse_http_date(reply.field("date").expect(target)).unwrap();
        assert!(date.elapsed().unwrap() < Duration::from_mins(1), "{target}");
    }
}

#[test]
fn rfc_9110_8_3_media_types_and_what_else_the_build_decided() {
    for (target, name, value) in [
        ("/docs/", "content-type", "text/html; charset=utf-8"),
        ("/docs/", "x-content-type-options", "nosniff"),
        ("/docs/", "cache-control", "no-cache"),
        ("/docs/style.0a1b2c3d.css", "cache-control", IMMUTABLE),
        ("/docs/report.pdf", "content-disposition", "attachment; filename=\"report.pdf\""),
        ("/docs/old/", "location", "/docs/guide/"),
        ("/docs/dated.txt", "last-modified", DATE),
    ] {
        assert_eq!(get(target, &[]).field(name), Some(value), "{target}");
    }
    assert_eq!(get("/docs/", &[]).field("last-modified"), None);
    for error in ["/docs/%00", "/nowhere"] {
        let reply = get(error, &[]);
        assert_eq!(reply.field("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.field("content-type"), Some("text/html; charset=utf-8"));
    }
}

#[test]
fn rfc_9110_8_6_content_length() {
    assert_eq!(get("/docs/empty.txt", &[]).field("content-length"), Some("0"));
    let no_content = SERVER.connect().ask("OPTIONS", "/docs/", &[]);
    assert_eq!((no_content.status, no_content.field("content-length")), (204, None));
}

#[test]
fn rfc_9110_8_8_3_3_each_coding_has_its_own_strong_tag() {
    let tags = ["identity", "gzip", "br", "zstd"].map(|coding| etag("/docs/", coding));
    for (at, tag) in tags.iter().enumerate() {
        assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        assert!(!tags[..at].contains(tag), "{tag} twice");
    }
}

#[test]
fn rfc_9110_9_1_and_15_5_6_methods() {
    for (method, expected, allow) in [
        ("POST", 405, Some("GET, HEAD, OPTIONS")),
        ("PUT", 405, Some("GET, HEAD, OPTIONS")),
        ("DELETE", 405, Some("GET, HEAD, OPTIONS")),
        ("PATCH", 405, Some("GET, HEAD, OPTIONS")),
        ("TRACE", 405, Some("GET, HEAD, OPTIONS")),
        ("BREW", 501, None),
        ("get", 501, None),
    ] {
        let reply = SERVER.connect().ask(method, "/docs/", &[]);
        assert_eq!((reply.status, reply.field("allow")), (expected, allow), "{method}");
    }
    assert_eq!(status_of("CONNECT test:443 HTTP/1.1\r\nHost: test:443\r\n\r\n"), 405);
}

#[test]
fn rfc_9110_9_3_2_head_is_get_without_a_body() {
    for target in
        ["/docs/", "/docs/plain.bin", "/docs/empty.txt", "/docs/nope", "/docs/guide", "/docs/%00", "/docs/gone/", "/"]
    {
        for coding in ["identity", "gzip"] {
            let mut connection = SERVER.connect();
            let mut head = connection.ask("HEAD", target, &[("Accept-Encoding", coding)]);
            // On the same connection: a body would be taken for the next answer's head.
            let mut get = connection.ask("GET", target, &[("Accept-Encoding", coding)]);
            get.body.clear();
            for reply in [&mut head, &mut get] {
                reply.fields.retain(|(name, _)| name != "date");
                reply.fields.sort();
            }
            assert_eq!(head, get, "{target} {coding}");
        }
    }
}

#[test]
fn rfc_9110_9_3_7_options() {
    for (target, expected) in [("*", 204), ("/docs/", 204), ("/docs/plain.bin", 204), ("/docs/nope", 404)] {
        let reply = SERVER.connect().ask("OPTIONS", target, &[]);
        assert_eq!(reply.status, expected, "{target}");
        if expected == 204 {
            assert_eq!(reply.field("allow"), Some("GET, HEAD, OPTIONS"), "{target}");
        }
    }
}

#[test]
fn rfc_9110_10_1_1_expect() {
    let mut connection = SERVER.connect();
    let reply = connection.ask("GET", "/docs/", &[("Expect", "100-continue")]);
    assert_eq!(reply.status, 200);
    assert_eq!(connection.ask("GET", "/docs/", &[("Expect", "200-ok")]).status, 417);
    // The final answer comes at once, and the body is not asked for.
    let mut connection = SERVER.connect();
    let reply = connection.ask("POST", "/docs/", &[("Expect", "100-continue"), ("Content-Length", "5")]);
    assert_eq!(reply.status, 405);
    assert!(connection.is_closed());
}

#[test]
fn rfc_9110_12_5_3_accept_encoding() {
    for (field, coding) in [
        (None, None),
        (Some(""), None),
        (Some("identity"), None),
        (Some("gzip"), Some("gzip")),
        (Some("x-gzip"), Some("gzip")),
        (Some("gzip, deflate, br, zstd"), Some("br")),
        (Some("br;q=0.1, gzip;q=0.2"), Some("gzip")),
        (Some("*"), Some("br")),
        (Some("*;q=0, gzip"), Some("gzip")),
        (Some("gzip;q=0"), None),
    ] {
        let fields: Vec<_> = field.map(|value| ("Accept-Encoding", value)).into_iter().collect();
        let reply = get("/docs/", &fields);
        assert_eq!((reply.status, reply.field("content-encoding")), (200, coding), "{field:?}");
        assert_eq!(reply.field("vary"), Some("Accept-Encoding"), "{field:?}");
    }
    let several = get("/docs/", &[("Accept-Encoding", "br;q=0"), ("Accept-Encoding", "gzip")]);
    assert_eq!(several.field("content-encoding"), Some("gzip"));
}

#[test]
fn rfc_9110_12_5_3_nothing_acceptable() {
    for (target, field, expected) in [
        ("/docs/", "identity;q=0, gzip;q=0, br;q=0, zstd;q=0", 406),
        ("/docs/", "*;q=0", 406),
        ("/docs/plain.bin", "identity;q=0", 406),
        ("/docs/plain.bin", "*;q=0", 406),
        ("/docs/", "identity;q=0, gzip", 200),
        ("/docs/plain.bin", "gzip", 200),
    ] {
        let reply = get(target, &[("Accept-Encoding", field)]);
        assert_eq!(reply.status, expected, "{target} {field}");
        let negotiated = (target == "/docs/").then_some("Accept-Encoding");
        assert_eq!(reply.field("vary"), negotiated, "{target} {field}");
    }
}

#[test]
fn rfc_9110_12_5_5_vary_names_what_was_used() {
    let tag = etag("/docs/", "gzip");
    let zipped = ("Accept-Encoding", "gzip");
    for (target, fields, status, vary) in [
        ("/docs/", &[zipped][..], 200, Some("Accept-Encoding")),
        ("/docs/", &[zipped, ("Range", "bytes=0-0")], 206, Some("Accept-Encoding")),
        ("/docs/", &[zipped, ("If-None-Match", &tag)], 304, Some("Accept-Encoding")),
        ("/docs/plain.bin", &[zipped], 200, None),
    ] {
        let reply = get(target, fields);
        assert_eq!((reply.status, reply.field("vary")), (status, vary), "{fields:?}");
    }
}

#[test]
fn rfc_9110_13_1_1_if_match() {
    let tag = etag("/docs/", "identity");
    let weak = format!("W/{tag}");
    let list = format!("\"x\", {tag}");
    for (value, expected) in [(tag.as_str(), 200), ("*", 200), (&list, 200), ("\"x\"", 412), (&weak, 412), ("", 412)] {
        assert_eq!(get("/docs/", &[("If-Match", value)]).status, expected, "{value}");
    }
    assert_eq!(get("/docs/", &[("If-Match", "\"x\""), ("If-Match", &tag)]).status, 200);
}

#[test]
fn rfc_9110_13_1_2_if_none_match() {
    let tag = etag("/docs/", "identity");
    let weak = format!("W/{tag}");
    let list = format!("\"x\" , {tag}");
    let other = etag("/docs/", "br");
    for (value, expected) in
        [(tag.as_str(), 304), (&weak, 304), (&list, 304), ("*", 304), ("\"x\"", 200), (&other, 200), ("nonsense", 200)]
    {
        for method in ["GET", "HEAD"] {
            let reply = SERVER.connect().ask(method, "/docs/", &[("If-None-Match", value)]);
            assert_eq!(reply.status, expected, "{method} {value}");
        }
    }
    assert_eq!(get("/docs/", &[("If-None-Match", "\"x\""), ("If-None-Match", &tag)]).status, 304);
}

#[test]
fn rfc_9110_13_1_3_if_modified_since() {
    for (target, value, expected) in [
        ("/docs/dated.txt", DATE, 304),
        ("/docs/dated.txt", AFTER, 304),
        ("/docs/dated.txt", BEFORE, 200),
        ("/docs/dated.txt", "Monday, 02-Nov-26 00:00:00 GMT", 304),
        ("/docs/dated.txt", "Mon Nov  2 00:00:00 2026", 304),
        ("/docs/dated.txt", "last week", 200),
        ("/docs/", AFTER, 200),
    ] {
        assert_eq!(get(target, &[("If-Modified-Since", value)]).status, expected, "{target} {value}");
    }
    let both = [("If-Modified-Since", AFTER), ("If-None-Match", "\"x\"")];
    assert_eq!(get("/docs/dated.txt", &both).status, 200);
    let twice = [("If-Modified-Since", AFTER), ("If-Modified-Since", DATE)];
    assert_eq!(get("/docs/dated.txt", &twice).status, 200);
}

#[test]
fn rfc_9110_13_1_4_if_unmodified_since() {
    for (target, value, expected) in [
        ("/docs/dated.txt", DATE, 200),
        ("/docs/dated.txt", AFTER, 200),
        ("/docs/dated.txt", BEFORE, 412),
        ("/docs/dated.txt", "last week", 200),
        ("/docs/", BEFORE, 200),
    ] {
        assert_eq!(get(target, &[("If-Unmodified-Since", value)]).status, expected, "{target} {value}");
    }
    let tag = etag("/docs/dated.txt", "identity");
    let both = [("If-Unmodified-Since", BEFORE), ("If-Match", tag.as_str())];
    assert_eq!(get("/docs/dated.txt", &both).status, 200);
}

#[test]
fn rfc_9110_13_1_5_if_range() {
    let tag = etag("/docs/dated.txt", "identity");
    let weak = format!("W/{tag}");
    for (value, expected) in [(tag.as_str(), 206), (&weak, 200), ("\"x\"", 200), (DATE, 200), (BEFORE, 200)] {
        let fields = [("Range", "bytes=0-0"), ("If-Range", value)];
        assert_eq!(get("/docs/dated.txt", &fields).status, expected, "{value}");
    }
    assert_eq!(get("/docs/dated.txt", &[("If-Range", "\"x\"")]).status, 200);
    let unsatisfiable = [("Range", "bytes=99-"), ("If-Range", "\"x\"")];
    assert_eq!(get("/docs/dated.txt", &unsatisfiable).status, 200);
}

#[test]
fn rfc_9110_13_2_1_preconditions_are_for_what_would_succeed() {
    for (target, expected) in [("/docs/gone/", 410), ("/docs/old/", 301), ("/docs/nope", 404), ("/docs/guide", 308)] {
        for field in ["If-Match", "If-None-Match"] {
            for value in ["*", "\"x\""] {
                assert_eq!(get(target, &[(field, value)]).status, expected, "{target} {field}: {value}");
            }
        }
    }
    assert_eq!(get("/docs/gone/", &[("Range", "bytes=0-0")]).status, 410);
}

#[test]
fn rfc_9110_13_2_2_precedence() {
    let tag = etag("/docs/dated.txt", "identity");
    let tag = tag.as_str();
    for (fields, expected) in [
        (&[("If-Match", "\"x\""), ("If-None-Match", tag)][..], 412),
        (&[("If-Match", tag), ("If-None-Match", tag)], 304),
        (&[("If-Unmodified-Since", BEFORE), ("If-None-Match", tag)], 412),
        (&[("If-Unmodified-Since", AFTER), ("If-Modified-Since", AFTER)], 304),
        (&[("If-None-Match", tag), ("Range", "bytes=0-0"), ("If-Range", tag)], 304),
        (&[("If-Match", "\"x\""), ("Range", "bytes=0-0")], 412),
        (&[("If-Match", tag), ("Range", "bytes=99-")], 416),
    ] {
        assert_eq!(get("/docs/dated.txt", fields).status, expected, "{fields:?}");
    }
}

#[test]
fn rfc_9110_14_1_2_one_range() {
    for (range, content_range, body) in [
        ("bytes=0-0", "bytes 0-0/10", "0"),
        ("bytes=2-4", "bytes 2-4/10", "234"),
        ("bytes=7-", "bytes 7-9/10", "789"),
        ("bytes=-3", "bytes 7-9/10", "789"),
        ("bytes=-99", "bytes 0-9/10", "0123456789"),
        ("bytes=8-99", "bytes 8-9/10", "89"),
    ] {
        let reply = get("/docs/plain.bin", &[("Range", range)]);
        assert_eq!(
            (reply.status, reply.field("content-range"), reply.text()),
            (206, Some(content_range), body),
            "{range}"
        );
        assert_eq!(reply.field("content-type"), Some("application/octet-stream"));
        assert_eq!(reply.field("etag").unwrap(), etag("/docs/plain.bin", "identity"));
    }
}

#[test]
fn rfc_9110_14_2_range_is_for_get_and_over_the_encoded_bytes() {
    let zipped = get("/docs/style.0a1b2c3d.css", &[("Range", "bytes=0-3"), ("Accept-Encoding", "gzip")]);
    assert_eq!((zipped.status, zipped.text(), zipped.field("content-range")), (206, "gzip", Some("bytes 0-3/11")));
    assert_eq!(zipped.field("content-encoding"), Some("gzip"));
    let head = SERVER.connect().ask("HEAD", "/docs/plain.bin", &[("Range", "bytes=0-3")]);
    assert_eq!((head.status, head.field("content-length")), (200, Some("10")));
    for ignored in ["bytes=5-2", "bytes=x-", "lines=0-1", "bytes=", "0-4"] {
        let reply = get("/docs/plain.bin", &[("Range", ignored)]);
        assert_eq!((reply.status, reply.text()), (200, "0123456789"), "{ignored}");
    }
    let twice = get("/docs/plain.bin", &[("Range", "bytes=0-0"), ("Range", "bytes=1-1")]);
    assert_eq!(twice.status, 200);
}

#[test]
fn rfc_9110_14_3_accept_ranges() {
    for (fields, expected) in [(&[][..], 200), (&[("Range", "bytes=0-0")], 206), (&[("Range", "bytes=99-")], 416)] {
        let reply = get("/docs/plain.bin", fields);
        assert_eq!((reply.status, reply.field("accept-ranges")), (expected, Some("bytes")));
    }
    assert_eq!(get("/docs/nope", &[]).field("accept-ranges"), None);
}

#[test]
fn rfc_9110_15_3_7_2_multipart() {
    let body = long();
    let reply = get("/docs/long.bin", &[("Range", "bytes=0-4, 1000-1004, -5")]);
    assert_eq!((reply.status, reply.field("content-range")), (206, None));
    let media = reply.field("content-type").unwrap();
    let boundary = media.strip_prefix("multipart/byteranges; boundary=").unwrap();
    let mut expected = String::new();
    for (first, last) in [(0, 4), (1000, 1004), (99_995, 99_999)] {
        let _ = write!(
            expected,
            "{}--{boundary}\r\ncontent-type: application/octet-stream\r\ncontent-range: bytes {first}-{last}/100000\r\n\r\n{}",
            if first == 0 { "" } else { "\r\n" },
            &body[first..=last]
        );
    }
    let _ = write!(expected, "\r\n--{boundary}--\r\n");
    assert_eq!(reply.text(), expected);
}

#[test]
fn rfc_9110_15_4_5_a_304_repeats_what_a_cache_needs() {
    let full = get("/docs/style.0a1b2c3d.css", &[("Accept-Encoding", "gzip")]);
    let tag = full.field("etag").unwrap();
    let reply = get("/docs/style.0a1b2c3d.css", &[("Accept-Encoding", "gzip"), ("If-None-Match", tag)]);
    assert_eq!(reply.status, 304);
    for name in ["cache-control", "etag", "vary"] {
        assert_eq!(reply.field(name), full.field(name), "{name}");
        assert!(reply.field(name).is_some(), "{name}");
    }
    assert!(reply.field("date").is_some());
    for name in ["content-type", "content-length", "content-encoding", "last-modified", "accept-ranges"] {
        assert_eq!(reply.field(name), None, "{name}");
    }
}

#[test]
fn rfc_9110_15_5_14_large_bodies() {
    let mut connection = SERVER.connect();
    let reply = connection.ask("POST", "/docs/", &[("Content-Length", "100000000")]);
    assert_eq!((reply.status, reply.field("connection")), (413, Some("close")));
    assert!(connection.is_closed());
    let mut connection = SERVER.connect();
    connection.send(request("GET", "/docs/", &[("Transfer-Encoding", "chunked")]));
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    for _ in 0..6 {
        // The server may have answered and closed already.
        let _ = connection.stream.write_all(chunk.as_bytes());
    }
    assert_eq!(connection.receive("GET").unwrap().status, 413);
}

#[test]
fn rfc_9110_15_5_15_long_addresses() {
    assert_eq!(get(&format!("/docs/{}", "a".repeat(4000)), &[]).status, 404);
    assert_eq!(get(&format!("/docs/{}", "a".repeat(5000)), &[]).status, 414);
}

#[test]
fn rfc_9110_15_5_17_range_not_satisfiable() {
    for (target, range, len) in [
        ("/docs/plain.bin", "bytes=10-", "bytes */10"),
        ("/docs/plain.bin", "bytes=-0", "bytes */10"),
        ("/docs/plain.bin", "bytes=99999999999999999999999-", "bytes */10"),
        ("/docs/empty.txt", "bytes=0-", "bytes */0"),
    ] {
        let reply = get(target, &[("Range", range)]);
        assert_eq!((reply.status, reply.field("content-range")), (416, Some(len)), "{target} {range}");
    }
}

#[test]
fn rfc_9110_17_15_range_floods_cost_nothing() {
    let overlapping = format!("bytes={}", vec!["0-"; 50].join(","));
    let reply = get("/docs/long.bin", &[("Range", &overlapping)]);
    assert_eq!((reply.status, reply.body.len()), (206, 100_000));
    let many = format!("bytes={}", (0..500).map(|n| format!("{0}-{0}", n * 100)).collect::<Vec<_>>().join(","));
    let reply = get("/docs/long.bin", &[("Range", &many)]);
    assert_eq!((reply.status, reply.body.len()), (200, 100_000));
}

// ---------------------------------------------------------------------------------------------------------------------
// RFC 9112

#[test]
fn rfc_9112_2_2_message_format() {
    assert_eq!(status_of("\r\n\r\nGET /docs/ HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
    for (raw, why) in [
        ("GET /docs/ HTTP/1.1\r\n Host: a\r\n\r\n", "space before the first field"),
        ("GET /docs/ HTTP/1.1\r\nHost: a\rb\r\n\r\n", "a bare CR"),
        ("GET /docs/ HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", "a NUL"),
        ("GET /docs/\r\n\r\n", "no version"),
        ("GET /docs/ HTTP/3.7\r\nHost: a\r\n\r\n", "an unknown version"),
        ("GET /do cs/ HTTP/1.1\r\nHost: a\r\n\r\n", "a space in the target"),
        ("GET\t/docs/ HTTP/1.1\r\nHost: a\r\n\r\n", "a tab after the method"),
    ] {
        assert_eq!(status_of(raw), 400, "{why}");
    }
}

#[test]
fn rfc_9112_3_2_host() {
    for (fields, expected) in [
        ("Host: a\r\n", 200),
        ("hOsT: a:80\r\n", 200),
        ("Host: [::1]:8080\r\n", 200),
        ("Host:\r\n", 200),
        ("", 400),
        ("Host: a\r\nHost: a\r\n", 400),
        ("Host: a\r\nHost: b\r\n", 400),
        ("Host: a/b\r\n", 400),
        ("Host: a@b\r\n", 400),
        ("Host: a b\r\n", 400),
        ("Host: a, b\r\n", 400),
    ] {
        assert_eq!(status_of(format!("GET /docs/ HTTP/1.1\r\n{fields}\r\n")), expected, "{fields:?}");
    }
    assert_eq!(status_of("GET /docs/ HTTP/1.0\r\n\r\n"), 200);
}

#[test]
fn rfc_9112_3_2_forms_of_the_target() {
    for (target, expected) in [
        ("http://a/docs/", 200),
        ("HTTP://a/docs/", 200),
        ("https://a:443/docs/?q", 200),
        ("http://a", 200),
        ("http://u:p@a/docs/", 400),
        ("ftp://a/docs/", 400),
        ("a:80", 400),
        ("*", 400),
        ("docs/", 400),
    ] {
        assert_eq!(status_of(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")), expected, "{target}");
    }
    assert_eq!(status_of("GET http://a/docs/ HTTP/1.1\r\n\r\n"), 400);
}

#[test]
fn rfc_9112_5_fields() {
    for (field, why) in [
        ("X : a", "space before the colon"),
        ("X", "no colon"),
        (": a", "no name"),
        ("X: a\r\n b", "a folded line"),
        ("(X): a", "no token"),
    ] {
        assert_eq!(status_of(format!("GET /docs/ HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n")), 400, "{why}");
    }
}

#[test]
fn rfc_9112_6_3_lengths() {
    for fields in [
        "Content-Length: -1",
        "Content-Length: +1",
        "Content-Length: 0x1",
        "Content-Length: 1 1",
        "Content-Length: 99999999999999999999999999",
        "Content-Length: 1\r\nContent-Length: 2",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked, gzip",
    ] {
        let status = status_of(format!("GET /docs/ HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\nx"));
        assert_eq!(status, 400, "{fields:?}");
    }
    // Which of the two frames the body is what request smuggling is about: whatever the answer, the connection ends.
    let mut connection = SERVER.connect();
    connection.send(
        "GET /docs/ HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n\
         GET /docs/smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    assert!(connection.receive("GET").is_some());
    assert!(connection.receive("GET").is_none());
}

#[test]
fn rfc_9112_7_1_chunked_bodies() {
    let chunked = |body: &str| {
        let mut connection = SERVER.connect();
        connection.send(request("POST", "/docs/", &[("Transfer-Encoding", "chunked")]));
        connection.send(body);
        let first = connection.receive("POST").map_or(0, |reply| reply.status);
        connection.send(request("GET", "/docs/plain.bin", &[]));
        (first, connection.receive("GET").map_or(0, |reply| reply.status))
    };
    assert_eq!(chunked("0\r\n\r\n"), (405, 200));
    assert_eq!(chunked("5\r\nhello\r\n0\r\n\r\n"), (405, 200));
    assert_eq!(chunked("5;ext=1\r\nhello\r\n0\r\nTrailer: x\r\n\r\n"), (405, 200));
    assert_eq!(chunked("fffffffffffffffff\r\nhello\r\n0\r\n\r\n").0, 400);
    assert_eq!(chunked("x\r\nhello\r\n0\r\n\r\n").0, 400);
}

#[test]
fn rfc_9112_9_3_persistent_connections() {
    let mut connection = SERVER.connect();
    for _ in 0..3 {
        assert_eq!(connection.ask("GET", "/docs/", &[]).status, 200);
        assert_eq!(connection.ask("GET", "/docs/nope", &[]).status, 404);
        // A small body is read, and what follows it is the next request.
        connection.send(request("POST", "/docs/", &[("Content-Length", "5")]));
        connection.send("hello");
        assert_eq!(connection.receive("POST").unwrap().status, 405);
    }
    let reply = connection.ask("GET", "/docs/", &[("Connection", "close")]);
    assert_eq!((reply.status, reply.field("connection")), (200, Some("close")));
    assert!(connection.is_closed());

    let mut old = SERVER.connect();
    old.send("GET /docs/plain.bin HTTP/1.0\r\n\r\n");
    assert_eq!(old.receive("GET").unwrap().status, 200);
    assert!(old.is_closed());
    let mut old = SERVER.connect();
    for _ in 0..2 {
        old.send("GET /docs/plain.bin HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        assert_eq!(old.receive("GET").unwrap().field("connection"), Some("keep-alive"));
    }
}

#[test]
fn rfc_9112_9_3_2_pipelined_answers_come_in_order() {
    let targets = ["/docs/plain.bin", "/docs/nope", "/docs/guide", "/docs/dated.txt", "/docs/%00"];
    let mut connection = SERVER.connect();
    connection.send(targets.iter().cycle().take(50).map(|target| request("GET", target, &[])).collect::<String>());
    for expected in [200, 404, 308, 200, 400].iter().cycle().take(50) {
        assert_eq!(connection.receive("GET").unwrap().status, *expected);
    }
}

#[test]
fn rfc_9112_9_6_a_client_that_has_nothing_more_to_say_gets_its_answer() {
    let mut connection = SERVER.connect();
    connection.send(request("GET", "/docs/long.bin", &[]));
    connection.stream.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(connection.receive("GET").unwrap().body.len(), 100_000);
    assert!(connection.is_closed());
}

#[test]
fn rfc_9112_9_6_an_error_reaches_a_client_that_is_still_sending() {
    let mut connection = SERVER.connect();
    connection.send("NONSENSE\r\n\r\n");
    connection.send("x".repeat(100_000));
    assert_eq!(connection.receive("GET").unwrap().status, 400);
    assert!(connection.is_closed());
}

// ---------------------------------------------------------------------------------------------------------------------
// Others

#[test]
fn paths_one_canonical_url_per_page() {
    for (target, status, location) in [
        ("/docs/", 200, None),
        ("/docs", 308, Some("/docs/")),
        ("/docs?a=b&c", 308, Some("/docs/?a=b&c")),
        ("/docs/guide", 308, Some("/docs/guide/")),
        ("/docs/guide?q=%2F", 308, Some("/docs/guide/?q=%2F")),
        ("/docs/guide/index.html", 308, Some("/docs/guide/")),
        ("/docs/index.html", 308, Some("/docs/")),
        ("/docs/guide/a%20b/", 200, None),
        ("/docs/guide/a%20b", 308, Some("/docs/guide/a%20b/")),
        ("/docs/%67uide/", 308, Some("/docs/guide/")),
        ("/docs/%C3%A4.txt", 200, None),
        ("/docs/%c3%a4.txt", 308, Some("/docs/%C3%A4.txt")),
        ("/docs/Guide/", 404, None),
        ("/DOCS/", 404, None),
        ("/%64ocs/", 404, None),
        ("/docs/guide/?q=1", 200, None),
        ("/docs/plain.bin/", 404, None),
        ("/docs/guide/;v=1", 404, None),
        ("/docs/guide.", 404, None),
    ] {
        let reply = get(target, &[]);
        assert_eq!((reply.status, reply.field("location")), (status, location), "{target}");
    }
}

#[test]
fn paths_of_nothing() {
    for target in [
        "//",
        "/docs//",
        "/docs//guide/",
        "/docs/../docs/",
        "/docs/./",
        "/docs/%2e%2e/",
        "/docs/%2E/",
        "/docs/guide%2f",
        "/docs/a%5cb",
        "/docs/%00",
        "/docs/%0a",
        "/docs/%7f",
        "/docs/%c0%af",
        "/docs/%e0%80%af",
        "/docs/%ff",
        "/docs/%",
        "/docs/%4",
        "/docs/%zz",
    ] {
        let reply = get(target, &[]);
        // The empty segment is not below any site.
        let expected = if target == "//" { 404 } else { 400 };
        assert_eq!(reply.status, expected, "{target}");
        assert_eq!(reply.field("location"), None, "{target}");
    }
}

#[test]
fn what_is_missing() {
    for (target, body) in [("/docs/nope", "this site's own 404"), ("/docs/nope.0a1b2c3d.css", "this site's own 404")] {
        let reply = get(target, &[]);
        assert_eq!((reply.status, reply.text()), (404, body), "{target}");
        assert_eq!(reply.field("cache-control"), Some("no-store"));
        assert_eq!((reply.field("etag"), reply.field("accept-ranges")), (None, None));
        assert_eq!(reply.field("vary"), Some("Accept-Encoding"));
    }
    let zipped = get("/docs/nope", &[("Accept-Encoding", "gzip")]);
    assert_eq!((zipped.status, zipped.text(), zipped.field("content-encoding")), (404, "zipped 404", Some("gzip")));
    let nowhere = get("/nowhere/", &[]);
    assert_eq!((nowhere.status, nowhere.field("cache-control")), (404, Some("no-store")));
    assert!(nowhere.text().contains("There is nothing at this address."));
}

#[test]
fn a_single_page_app() {
    let shell = get("/app/", &[]);
    for (target, expected) in [("/app/orders", 200), ("/app/orders/17", 200), ("/app/orders/?page=2", 200)] {
        let reply = get(target, &[]);
        assert_eq!(
            (reply.status, reply.text(), reply.field("etag")),
            (expected, shell.text(), shell.field("etag")),
            "{target}"
        );
    }
    for target in ["/app/app.3f9a.js", "/app/orders/17.json", "/app/.env"] {
        let reply = get(target, &[]);
        assert_eq!((reply.status, reply.field("cache-control")), (404, Some("no-store")), "{target}");
        assert!(!reply.text().contains("shell"), "{target}");
    }
    assert_eq!(SERVER.connect().ask("POST", "/app/orders", &[]).status, 405);
}

#[test]
fn the_operator_overrides_a_sites_mode() {
    let spa = start(Setup { mode: Some(Mode::Spa), ..Setup::default() }, &images());
    assert_eq!(spa.connect().ask("GET", "/docs/nope", &[]).status, 200);
    let traditional = start(Setup { mode: Some(Mode::Traditional), ..Setup::default() }, &images());
    assert_eq!(traditional.connect().ask("GET", "/app/orders", &[]).status, 404);
}

#[test]
fn the_front() {
    let index = get("/", &[]);
    assert_eq!(index.status, 200);
    assert!(index.text().contains("href=\"/docs/\"") && index.text().contains("href=\"/app/\""));
    let prod = start(Setup { front: Front::Nothing, ..Setup::default() }, &images());
    assert_eq!(prod.connect().ask("GET", "/", &[]).status, 404);

    let mut main = image("main", Mode::Traditional, [("/", page("main")), ("/about/", page("about"))], None);
    main.base = BasePath::root();
    let images = [images(), vec![main]].concat();
    let rooted = start(Setup::default(), &images);
    for (target, text) in [("/", "main"), ("/about/", "about"), ("/docs/", "home")] {
        let reply = rooted.connect().ask("GET", target, &[]);
        assert!(reply.text().starts_with(&format!("<p>{text}</p>")), "{target}");
    }
    assert_eq!(rooted.connect().ask("GET", "/main/", &[]).status, 404);
    assert_eq!(rooted.connect().ask("GET", "/about", &[]).field("location"), Some("/about/"));
}

// ---------------------------------------------------------------------------------------------------------------------
// Memory

#[test]
fn bundles_larger_than_memory_answer_the_same() {
    let mut sites = images();
    let large: String = (0..3_000_000).map(|n| char::from(b'a' + u8::try_from(n % 23).unwrap())).collect();
    sites[0].routes.insert(SitePath::parse("/large.bin").unwrap(), file("application/octet-stream", &large, &[]));
    // Less than the bundle, so that nothing of it is kept as a whole.
    let small = start(Setup { memory: 1 << 20, ..Setup::default() }, &sites);
    let roomy = start(Setup::default(), &sites);
    let mut connections = [small.connect(), roomy.connect()];
    for round in 0..2 {
        for (target, fields) in [
            ("/docs/", &[("Accept-Encoding", "br")][..]),
            ("/docs/long.bin", &[]),
            ("/docs/long.bin", &[("Range", "bytes=5-9,50000-50009")]),
            ("/docs/nope", &[]),
            ("/docs/large.bin", &[]),
            ("/docs/large.bin", &[("Range", "bytes=1000000-1999999")]),
            ("/docs/large.bin", &[("Range", "bytes=0-9,1000000-1999999,-300000")]),
        ] {
            let [cold, warm] = connections.each_mut().map(|connection| {
                let mut reply = connection.ask("GET", target, fields);
                reply.fields.retain(|(name, _)| name != "date");
                reply
            });
            assert!(cold == warm, "{target} {fields:?} in round {round}");
        }
    }
    drop(connections);
    let cache = |running: &Running| Report::of(&running.registry, Instant::now()).total.cache;
    assert!(cache(&small).misses > 0 && cache(&small).hits > 0, "{:?}", cache(&small));
    assert_eq!(cache(&roomy).misses, 0);
}

// ---------------------------------------------------------------------------------------------------------------------
// Under attack

fn impatient() -> Limits {
    let short = Duration::from_millis(200);
    Limits {
        header_timeout: short,
        idle_timeout: short,
        body_timeout: short,
        write_timeout: short,
        ..Limits::default()
    }
}

#[test]
fn timeouts_fire() {
    let server = start(Setup { limits: impatient(), ..Setup::default() }, &images());
    // Nothing at all; between two requests: closed without a word.
    assert!(server.connect().is_closed());
    let mut idle = server.connect();
    assert_eq!(idle.ask("GET", "/docs/", &[]).status, 200);
    assert!(idle.is_closed());
    // In the middle of a head: told so.
    let mut head = server.connect();
    head.send("GET /docs/ HTTP/1.1\r\nHost: a\r\nX-Slow: ");
    assert_eq!(head.receive("GET").unwrap().status, 408);
    assert!(head.is_closed());
    // In the middle of a body.
    let mut body = server.connect();
    body.send(request("POST", "/docs/", &[("Content-Length", "10")]));
    body.send("12345");
    assert!(body.is_closed());
    // The first waited for its first head in vain.
    let expected = [(Event::HeaderTimeout, 2), (Event::IdleTimeout, 1), (Event::BodyTimeout, 1)];
    assert_eq!(expected.map(|(event, _)| (event, server.registry.noted(event))), expected);
}

#[test]
fn a_slow_reader_is_let_go() {
    let mut sites = images();
    let huge = "x".repeat(64 << 20);
    sites[0].routes.insert(SitePath::parse("/huge.bin").unwrap(), file("application/octet-stream", &huge, &[]));
    let server = start(Setup { limits: impatient(), ..Setup::default() }, &sites);
    let mut reader = server.connect();
    reader.send(request("GET", "/docs/huge.bin", &[]));
    // Reads nothing until the server has given up, then finds the answer cut short.
    let mut line = String::new();
    reader.reader.read_line(&mut line).unwrap();
    wait_until(|| Report::of(&server.registry, Instant::now()).connections.open == 0);
    let mut rest = Vec::new();
    let _ = reader.reader.read_to_end(&mut rest);
    assert!(rest.len() < huge.len());
    assert_eq!(server.registry.noted(Event::WriteTimeout), 1);
}

/// Asks again and again, for at most ten seconds.
fn wait_until(done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(10), "it never came");
        thread::yield_now();
    }
}

#[test]
fn one_connection_too_many_is_told_so() {
    let server = start(Setup { limits: Limits { connections: 2, ..Limits::default() }, ..Setup::default() }, &images());
    let mut held = [server.connect(), server.connect()];
    for connection in &mut held {
        assert_eq!(connection.ask("GET", "/docs/", &[]).status, 200);
    }
    let mut refused = server.connect();
    let reply = refused.receive("GET").unwrap();
    assert_eq!((reply.status, reply.field("retry-after")), (503, Some("1")));
    assert!(refused.is_closed());
    assert_eq!(server.registry.noted(Event::Connections), 1);
    // A place becomes free, and the next one gets it.
    let [left, stays] = held;
    drop(left);
    wait_until(|| Report::of(&server.registry, Instant::now()).connections.open == 1);
    assert_eq!(server.connect().ask("GET", "/docs/", &[]).status, 200);
    drop(stays);
}

#[test]
fn rfc_6585_floods_of_fields() {
    assert_eq!(get("/docs/", &[("X", &"a".repeat(60_000))]).status, 431);
    let many: Vec<_> = (0..200).map(|n| format!("X-{n}: a\r\n")).collect();
    assert_eq!(status_of(format!("GET /docs/ HTTP/1.1\r\nHost: a\r\n{}\r\n", many.concat())), 431);
}

#[test]
fn what_is_too_large_is_counted() {
    let server = start(Setup::default(), &images());
    assert_eq!(server.connect().ask("GET", "/docs/", &[("X", &"a".repeat(60_000))]).status, 431);
    assert_eq!(server.connect().ask("POST", "/docs/", &[("Content-Length", "1000000")]).status, 413);
    wait_until(|| Event::ALL.iter().map(|&event| server.registry.noted(event)).sum::<u64>() == 2);
    assert_eq!([Event::HeadBytes, Event::BodyBytes].map(|event| server.registry.noted(event)), [1, 1]);
}

#[test]
fn a_thousand_idle_connections_harm_no_one() {
    let idle: Vec<_> = (0..300).map(|_| SERVER.connect()).collect();
    assert_eq!(get("/docs/", &[]).status, 200);
    drop(idle);
}

// ---------------------------------------------------------------------------------------------------------------------
// Stopping

#[test]
fn stopping_closes_idle_connections_and_takes_no_new_ones() {
    let mut server = start(Setup::default(), &images());
    let (mut fresh, mut idle) = (server.connect(), server.connect());
    assert_eq!(idle.ask("GET", "/docs/", &[]).status, 200);
    fresh.stream.set_nodelay(true).unwrap();
    server.stop();
    assert!(idle.is_closed() && fresh.is_closed());
    assert!(TcpStream::connect(server.address).is_err());
}

#[test]
fn stopping_finishes_what_is_in_flight() {
    let mut sites = images();
    let huge = "x".repeat(32 << 20);
    sites[0].routes.insert(SitePath::parse("/huge.bin").unwrap(), file("application/octet-stream", &huge, &[]));
    let mut server = start(Setup::default(), &sites);
    let mut download = server.connect();
    download.send(request("GET", "/docs/huge.bin", &[]));
    // Its head is here, so it is in flight; there is no room for all of it between server and client.
    download.reader.fill_buf().unwrap();
    server.stopper.go_to(Phase::Draining);
    let reply = download.receive("GET").unwrap();
    assert_eq!((reply.status, reply.body.len()), (200, huge.len()));
    assert!(download.is_closed());
    server.stop();
}

#[test]
fn stopping_at_once_waits_for_no_one() {
    let mut server = start(Setup::default(), &images());
    let mut half = server.connect();
    half.send("GET /docs/ HTTP/1.1\r\n");
    server.stopper.go_to(Phase::Stopped);
    server.stop();
    assert!(half.is_closed());
}

// ---------------------------------------------------------------------------------------------------------------------
// Counting

#[test]
fn every_answer_is_counted_where_it_belongs() {
    let server = start(Setup::default(), &images());
    let mut connection = server.connect();
    for (target, fields) in [
        ("/docs/", &[("Accept-Encoding", "br")][..]),
        ("/docs/", &[("Accept-Encoding", "gzip")]),
        ("/docs/plain.bin", &[]),
        ("/docs/nope", &[]),
        ("/docs/guide", &[]),
        ("/app/", &[]),
        ("/nowhere", &[]),
    ] {
        connection.ask("GET", target, fields);
    }
    drop(connection);
    wait_until(|| Report::of(&server.registry, Instant::now()).connections.open == 0);
    let report = Report::of(&server.registry, Instant::now());
    let sites: BTreeMap<_, _> = report.sites.iter().map(|site| (site.site.as_str(), &site.traffic)).collect();
    let docs = sites["docs"];
    assert_eq!(
        (docs.requests, docs.statuses.successful, docs.statuses.redirection, docs.statuses.client_error),
        (5, 3, 1, 1)
    );
    assert_eq!((docs.codings.br, docs.codings.gzip, docs.codings.identity), (1, 1, 2));
    assert_eq!((docs.cache.hits, docs.cache.misses), (4, 0));
    assert!(docs.bytes > 500 && docs.latency_ns.p50 > 0 && docs.latency_ns.p50 <= docs.latency_ns.max);
    assert_eq!((sites["app"].requests, sites["-"].requests, report.total.requests), (1, 1, 7));
    assert_eq!(report.connections.accepted, 1);
}

//! What httplint and REDbot note about every kind of answer: nothing bad, and of what they only wonder about each has
//! its reason here.

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    process::Stdio,
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use sitekit::site::{Rules, SiteImage, SitePath};

use crate::{
    server::{Server, commit, image, response, zipped},
    tools::{self, said},
};

const PACKAGES: [&str; 2] = ["httplint==2026.10.4", "redbot==2.7.1"];

/// Notes that are only warnings, and why that is as it should be.
pub(crate) type Explained = &'static [(&'static str, &'static str)];

pub(crate) const BAD_REQUEST: (&str, &str) =
    ("STATUS_BAD_REQUEST", "a 400 says that the request was not understood, and the note says that it says so");

const HTML: &str = "text/html; charset=utf-8";
const IMMUTABLE: &str = "max-age=31536000, immutable";
const PREFLIGHT: &[(&str, &str)] = &[("Origin", "https://other.example"), ("Access-Control-Request-Method", "GET")];
const DATE: &str = "Mon, 02 Nov 2026 00:00:00 GMT";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55\0\0\0\x0aIDAT\x78\x9c\x63\x60\0\0\0\x02\0\x01\x48\xaf\xa4\x71\0\0\0\0IEND\xae\x42\x60\x82";

/// What the build decides for each kind of file, by hand.
fn kinds() -> SiteImage {
    let page = |status, text: &str, more: &[(&str, &str)]| {
        let body = format!("<!doctype html><html lang=en><title>{text}</title><p>{}</p></html>", text.repeat(200));
        let fields = [("content-type", HTML), ("x-content-type-options", "nosniff")];
        zipped(response(status, &[&fields, more].concat(), body.as_bytes()))
    };
    let file = |media: &str, cache: &str, body: &[u8]| {
        let fields = [("content-type", media), ("x-content-type-options", "nosniff"), ("cache-control", cache)];
        response(200, &fields, body)
    };
    let style = "a{color:red}".repeat(100);
    let mut kinds = image(
        "kinds",
        [
            ("/".to_owned(), page(200, "home", &[("cache-control", "no-cache")])),
            ("/dated/".to_owned(), page(200, "dated", &[("cache-control", "no-cache"), ("last-modified", DATE)])),
            ("/drafts/".to_owned(), page(200, "draft", &[("cache-control", "no-cache")])),
            ("/gone/".to_owned(), page(410, "gone", &[("cache-control", "no-cache")])),
            ("/404.html".to_owned(), page(404, "lost", &[("cache-control", "no-cache")])),
            (
                "/old/".to_owned(),
                response(
                    301,
                    &[("location", "/kinds/"), ("content-type", HTML), ("cache-control", "no-cache")],
                    b"moved",
                ),
            ),
            ("/style.0a1b2c3d.css".to_owned(), zipped(file("text/css; charset=utf-8", IMMUTABLE, style.as_bytes()))),
            ("/main.0a1b2c3d.js".to_owned(), file("text/javascript; charset=utf-8", IMMUTABLE, b"let a=1;")),
            ("/dot.png".to_owned(), file("image/png", "max-age=3600", PNG)),
            ("/icon.svg".to_owned(), file("image/svg+xml", "no-cache", b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>")),
            ("/text.0a1b2c3d.woff2".to_owned(), file("font/woff2", IMMUTABLE, b"wOF2\0\x01\0\0")),
            ("/data.json".to_owned(), file("application/json", "no-cache", b"{\"a\":1}")),
            ("/feed.xml".to_owned(), file("application/xml", "no-cache", b"<?xml version=\"1.0\"?><feed/>")),
            (
                "/plain.txt".to_owned(),
                file(
                    "text/plain; charset=utf-8",
                    "no-cache",
                    "plain, and long enough for ranges\n".repeat(100).as_bytes(),
                ),
            ),
            ("/empty.txt".to_owned(), file("text/plain; charset=utf-8", "no-cache", b"")),
            (
                "/report.pdf".to_owned(),
                response(
                    200,
                    &[
                        ("content-type", "application/pdf"),
                        ("content-disposition", "attachment; filename=\"report.pdf\""),
                        ("cache-control", "no-cache"),
                    ],
                    b"%PDF-1.7",
                ),
            ),
        ],
    );
    kinds.not_found = Some(SitePath::parse("/404.html").unwrap());
    kinds.rules = Rules::from_json(RULES).unwrap();
    kinds
}

/// `correct horse`, cheaply hashed.
const RULES: &str = r#"{"protected":[{"paths":["/drafts/*"],"realm":"Drafts","users":{"ann":"$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e"}}],"cors":[{"paths":["/data.json"],"origins":["*"],"max_age":600}]}"#;

/// All of it under maintenance.
fn closed() -> SiteImage {
    let mut closed = image("closed", [("/".to_owned(), response(200, &[("content-type", HTML)], b"<p>open</p>"))]);
    closed.rules = Rules::from_json(r#"{"maintenance":{"retry_after":60}}"#).unwrap();
    closed
}

const SETTINGS: &str = r#"
default_hosts = ["127.0.0.1"]

[[rate_limit]]
name = "once"
site = "kinds"
paths = "/gone/"
requests = 1
per = "1h"
"#;

#[test]
fn every_kind_of_answer() {
    if tools::skipped("httplint") {
        return;
    }
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &kinds());
    commit(build.path(), &closed());
    let settings = build.path().join("sitekit.toml");
    fs::write(&settings, SETTINGS).unwrap();
    let server = Server::start(build.path(), &["--config", settings.to_str().unwrap()]);
    let tag = etag(&server, "/kinds/");
    let mut exchanges = Vec::new();
    for (status, method, target, fields) in [
        (200, "GET", "/kinds/", &[][..]),
        (200, "GET", "/kinds/", &[("Accept-Encoding", "gzip")]),
        (200, "HEAD", "/kinds/", &[]),
        (200, "HEAD", "/kinds/", &[("Accept-Encoding", "gzip")]),
        (200, "GET", "/kinds/dated/", &[]),
        (200, "GET", "/kinds/style.0a1b2c3d.css", &[]),
        (200, "GET", "/kinds/style.0a1b2c3d.css", &[("Accept-Encoding", "gzip")]),
        (200, "GET", "/kinds/main.0a1b2c3d.js", &[]),
        (200, "GET", "/kinds/dot.png", &[]),
        (200, "GET", "/kinds/icon.svg", &[]),
        (200, "GET", "/kinds/text.0a1b2c3d.woff2", &[]),
        (200, "GET", "/kinds/data.json", &[]),
        (200, "GET", "/kinds/feed.xml", &[]),
        (200, "GET", "/kinds/plain.txt", &[]),
        (200, "GET", "/kinds/empty.txt", &[]),
        (200, "GET", "/kinds/report.pdf", &[]),
        (200, "GET", "/", &[]),
        (204, "OPTIONS", "/kinds/", &[]),
        (204, "OPTIONS", "*", &[]),
        (200, "GET", "/kinds/data.json", &[("Origin", "https://other.example")]),
        (204, "OPTIONS", "/kinds/data.json", PREFLIGHT),
        (200, "GET", "/kinds/drafts/", &[("Authorization", "Basic YW5uOmNvcnJlY3QgaG9yc2U=")]),
        (401, "GET", "/kinds/drafts/", &[]),
        (401, "HEAD", "/kinds/drafts/", &[("Authorization", "Basic YW5uOndyb25n")]),
        (206, "GET", "/kinds/plain.txt", &[("Range", "bytes=0-4")]),
        (206, "GET", "/kinds/plain.txt", &[("Range", "bytes=0-4,10-14")]),
        (206, "GET", "/kinds/", &[("Range", "bytes=0-49"), ("Accept-Encoding", "gzip")]),
        (301, "GET", "/kinds/old/", &[]),
        (304, "GET", "/kinds/", &[("If-None-Match", tag.as_str())]),
        (304, "HEAD", "/kinds/", &[("If-None-Match", tag.as_str())]),
        (304, "GET", "/kinds/dated/", &[("If-Modified-Since", DATE)]),
        (308, "GET", "/kinds", &[]),
        (308, "HEAD", "/kinds/dated", &[]),
        (308, "GET", "/kinds/index.html", &[]),
        (400, "GET", "/kinds/%00", &[]),
        (400, "GET", "/kinds/", &[("X ", "refused while it is read")]),
        (404, "GET", "/kinds/nope", &[]),
        (404, "GET", "/kinds/nope", &[("Accept-Encoding", "gzip")]),
        (404, "HEAD", "/kinds/nope", &[]),
        (404, "GET", "/kinds/nope.0a1b2c3d.css", &[]),
        (404, "GET", "/nowhere", &[]),
        (405, "POST", "/kinds/", &[("Content-Length", "0")]),
        (405, "DELETE", "/kinds/", &[]),
        (406, "GET", "/kinds/", &[("Accept-Encoding", "*;q=0")]),
        (410, "GET", "/kinds/gone/", &[]),
        (412, "GET", "/kinds/", &[("If-Match", "\"other\"")]),
        (413, "POST", "/kinds/", &[("Content-Length", "1000000000")]),
        (416, "GET", "/kinds/plain.txt", &[("Range", "bytes=9999-")]),
        (417, "GET", "/kinds/", &[("Expect", "more")]),
        (421, "GET", "/kinds/", &[("Host", "other.example")]),
        (429, "GET", "/kinds/gone/", &[]),
        (501, "BREW", "/kinds/", &[]),
        (503, "GET", "/closed/", &[]),
        (503, "HEAD", "/closed/", &[]),
    ] {
        exchanges.push(exchange(&server, status, method, target, fields));
    }
    let addresses: Vec<_> = ["/kinds/", "/kinds/dated/", "/kinds/style.0a1b2c3d.css", "/kinds/plain.txt"]
        .map(|target| format!("http://{}{target}", server.address))
        .into();
    judge(&exchanges, &addresses, &[BAD_REQUEST]);
}

fn request(method: &str, target: &str, fields: &[(&str, &str)]) -> String {
    let lines = fields.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect::<String>();
    let host = if fields.iter().any(|(name, _)| *name == "Host") { "" } else { "Host: 127.0.0.1\r\n" };
    format!("{method} {target} HTTP/1.1\r\n{host}User-Agent: suites\r\nConnection: close\r\n{lines}\r\n")
}

pub(crate) fn etag(server: &Server, target: &str) -> String {
    let answer = String::from_utf8(server.exchange(request("HEAD", target, &[]))).unwrap();
    answer.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().to_owned()
}

/// Asks, and is answered with this status.
#[track_caller]
pub(crate) fn exchange(server: &Server, status: u16, method: &str, target: &str, fields: &[(&str, &str)]) -> Value {
    let asked = request(method, target, fields);
    let answer = server.exchange(&asked);
    let about = format!("{status} {method} {target} {fields:?}");
    assert_eq!(answer.get(9..12), Some(status.to_string().as_bytes()), "{about}");
    json!({
        "about": about,
        "at": SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64(),
        "request": BASE64_STANDARD.encode(asked),
        "response": BASE64_STANDARD.encode(answer),
    })
}

/// Has everything noted, and fails with all that is bad or not explained; and with an explanation of nothing.
#[track_caller]
pub(crate) fn judge(exchanges: &[Value], addresses: &[String], explained: Explained) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suites/lint.py");
    let mut lint = tools::python(&PACKAGES);
    let lint = lint.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut lint = lint.spawn().unwrap();
    let asked = json!({ "exchanges": exchanges, "addresses": addresses }).to_string();
    let mut stdin = lint.stdin.take().unwrap();
    let writing = thread::spawn(move || stdin.write_all(asked.as_bytes()));
    let output = lint.wait_with_output().unwrap();
    assert!(output.status.success() && writing.join().unwrap().is_ok(), "{}", said(&output));
    let (mut objections, mut noted) = (BTreeSet::new(), BTreeSet::new());
    for line in output.stdout.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let note: Value = serde_json::from_slice(line).unwrap();
        let [about, level, class, says] = ["about", "level", "note", "says"].map(|key| note[key].as_str().unwrap());
        let is_explained = explained.iter().any(|(name, _)| *name == class);
        if level == "bad" || (level == "warning" && !is_explained) {
            objections.insert(format!("{level} {class}: {says} [{about}]"));
        }
        noted.insert(class.to_owned());
    }
    for (class, why) in explained {
        if !noted.contains(*class) {
            objections.insert(format!("{class} is explained ({why}) and never noted"));
        }
    }
    // Something of each kind of check, or the script did not do its work.
    for class in ["CL_CORRECT", "INM_304", "RANGE_CORRECT", "CONNEG_GZIP_GOOD"] {
        assert!(noted.contains(class), "{class} is not among what was noted: {noted:?}");
    }
    assert!(objections.is_empty(), "{objections:#?}");
}

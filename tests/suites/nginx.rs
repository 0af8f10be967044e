//! nginx as an oracle: the same files, the same requests, and every difference between the two answers is explained in
//! a table here, or is a mistake.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    process::{Child, Command, Stdio},
};

use sitekit::site::Response;

use crate::{
    client::{PATIENCE, wait_until},
    nginx_differences::{DIFFERENCES, Difference, who_is_right},
    server::{Server, commit, image, response, zipped},
    tools,
};

const DATE: &str = "Mon, 02 Nov 2026 00:00:00 GMT";
const BEFORE: &str = "Sun, 01 Nov 2026 00:00:00 GMT";
const AFTER: &str = "Tue, 03 Nov 2026 00:00:00 GMT";

/// A file below the site's root, its media type, and what is in it.
fn files() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let long: Vec<u8> = (0..100_000_u32).map(|n| b'a' + u8::try_from(n % 26).unwrap()).collect();
    let html = |text: &str| format!("<!doctype html><title>{text}</title><p>{text}</p>").into_bytes();
    vec![
        ("/index.html", "text/html", html("home")),
        ("/guide/index.html", "text/html", html("guide")),
        ("/guide/a b/index.html", "text/html", html("space")),
        ("/page.html", "text/html", html("page")),
        ("/plain.bin", "application/octet-stream", b"0123456789".to_vec()),
        ("/long.bin", "application/octet-stream", long),
        ("/empty.txt", "text/plain", Vec::new()),
        ("/style.css", "text/css", "a{color:red}".repeat(100).into_bytes()),
        ("/script.js", "text/javascript", b"let a = 1;".to_vec()),
        ("/image.png", "image/png", b"\x89PNG\r\n\x1a\n".to_vec()),
        ("/ä.txt", "text/plain", b"umlaut".to_vec()),
        ("/a+b~c;d=e,f.txt", "text/plain", b"punctuation".to_vec()),
        ("/100%.txt", "text/plain", b"percent".to_vec()),
        ("/.well-known/security.txt", "text/plain", b"contact".to_vec()),
    ]
}

/// What is coded by gzip beforehand.
const ZIPPED: &str = "/style.css";

/// One request, in its parts.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    /// `{etag}` stands for the tag the server gave for the target.
    pub(crate) fields: Vec<(&'static str, String)>,
}

/// All requests: each table with each of what it is for.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for target in TARGETS.iter().chain(ODD_TARGETS) {
        for method in ["GET", "HEAD"] {
            cases.push(Case { method, target: (*target).to_owned(), fields: Vec::new() });
        }
    }
    for method in METHODS {
        for target in ["/docs/", "/docs/plain.bin", "/docs/guide", "/docs/nope"] {
            cases.push(Case { method, target: target.to_owned(), fields: Vec::new() });
        }
    }
    let one = |name: &'static str, values: &[&str]| -> Vec<Vec<(&'static str, String)>> {
        values.iter().map(|value| vec![(name, (*value).to_owned())]).collect()
    };
    let conditions: Vec<_> = CONDITIONS
        .iter()
        .map(|fields| fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect::<Vec<_>>())
        .collect();
    for (targets, fields) in [
        (&["/docs/plain.bin", "/docs/long.bin", "/docs/empty.txt", "/docs/", "/docs/nope"][..], one("Range", RANGES)),
        (&["/docs/plain.bin", "/docs/", "/docs/empty.txt", "/docs/nope", "/docs/guide"], conditions),
        (&["/docs/style.css", "/docs/plain.bin", "/docs/nope"], one("Accept-Encoding", CODINGS)),
        (&["/docs/"], one("Connection", &["Close", "close, x", "x,close"])),
        (&["/docs/"], one("Expect", &["100-continue", "200-ok"])),
    ] {
        for target in targets {
            for fields in &fields {
                for method in ["GET", "HEAD"] {
                    cases.push(Case { method, target: (*target).to_owned(), fields: fields.clone() });
                }
            }
        }
    }
    cases
}

const METHODS: &[&str] =
    &["OPTIONS", "POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "BREW", "get", "Get", "G(T"];

const TARGETS: &[&str] = &[
    "/docs/",
    "/docs/guide/",
    "/docs/guide/a%20b/",
    "/docs/page.html",
    "/docs/plain.bin",
    "/docs/long.bin",
    "/docs/empty.txt",
    "/docs/style.css",
    "/docs/script.js",
    "/docs/image.png",
    "/docs/%C3%A4.txt",
    "/docs/a+b~c;d=e,f.txt",
    "/docs/100%25.txt",
    "/docs/.well-known/security.txt",
    "/docs/nope",
    "/docs/nope/",
    "/docs/nope.css",
];

const ODD_TARGETS: &[&str] = &[
    "/docs",
    "/docs?",
    "/docs?a=b&c=%2F",
    "/docs/?a=b",
    "/docs/plain.bin?a=b",
    "/docs/plain.bin?",
    "/docs/guide",
    "/docs/guide?a=b",
    "/docs/guide/index.html",
    "/docs/index.html",
    "/docs/index.html?a",
    "/docs/guide/a%20b",
    "/docs/plain.bin/",
    "/docs/plain.bin/x",
    "/docs/style.css/",
    "/docs//",
    "/docs//guide/",
    "/docs/guide//",
    "//docs/",
    "/docs/./",
    "/docs/./plain.bin",
    "/docs/guide/../plain.bin",
    "/docs/guide/..",
    "/docs/..",
    "/..",
    "/../docs/",
    "/docs/../../etc/passwd",
    "/docs/%2e%2e/docs/",
    "/docs/%2E/plain.bin",
    "/docs/%2e%2e%2f%2e%2e%2fetc/passwd",
    "/docs%2f",
    "/docs%2Fplain.bin",
    "/docs/guide%2f",
    "/docs/guide%5c",
    "/docs/%5c..%5cplain.bin",
    "/docs/%00",
    "/docs/plain.bin%00",
    "/docs/plain.bin%00.css",
    "/docs/%0a",
    "/docs/%7f",
    "/docs/%c0%af",
    "/docs/%ff",
    "/docs/%",
    "/docs/%4",
    "/docs/%zz",
    "/docs/%u0061",
    "/docs/%70lain.bin",
    "/%64ocs/",
    "/docs/%c3%a4.txt",
    "/docs/\u{e4}.txt",
    "/docs/a%2Bb%7Ec%3Bd%3De%2Cf.txt",
    "/docs/100%.txt",
    "/docs/Plain.bin",
    "/DOCS/",
    "/docs/plain.bin.",
    "/docs/plain.bin%20",
    "/docs/plain.bin;v=1",
    "/docs/plain.bin#part",
    "/docs/{}",
    "/docs/\"",
    "/docs/<",
    "/docs/|",
    "/docs/\\",
    "/docs/^",
    "/docs/`",
    "/docs/*",
    "*",
    "docs/",
    "http://a/docs/",
    "http://a/docs/plain.bin",
    "http://a",
    "http://other/docs/",
    "https://a/docs/",
    "ftp://a/docs/",
    "http://u:p@a/docs/",
    "a:80",
];

const RANGES: &[&str] = &[
    "bytes=0-0",
    "bytes=2-4",
    "bytes=7-",
    "bytes=0-",
    "bytes=-3",
    "bytes=-10",
    "bytes=-99",
    "bytes=-0",
    "bytes=8-99",
    "bytes=10-",
    "bytes=9-9",
    "bytes=99-",
    "bytes=99-100",
    "bytes=5-2",
    "bytes=0-1,4-5",
    "bytes=0-1, 4-5",
    "bytes=0-1,,4-5",
    "bytes=,0-1",
    "bytes=0-1,99-",
    "bytes=99-,0-1",
    "bytes=99-,199-",
    "bytes=4-5,0-1",
    "bytes=0-1,1-2",
    "bytes=0-4,2-6",
    "bytes=0-0,-1",
    "bytes=0-,0-",
    "bytes=0-9,0-9,0-9",
    "bytes=-1,-2,-3,-4,-5",
    "bytes=x-",
    "bytes=0-x",
    "bytes=-",
    "bytes=",
    "bytes",
    "bytes:0-1",
    "bytes 0-1",
    "BYTES=0-1",
    "bytes = 0-1",
    "bytes= 0-1",
    "bytes=0 - 1",
    "bytes=+0-1",
    "lines=0-1",
    "0-1",
    "",
    "bytes=18446744073709551616-",
    "bytes=0-18446744073709551616",
    "bytes=-18446744073709551616",
];

const CONDITIONS: &[&[(&str, &str)]] = &[
    &[("If-Match", "{etag}")],
    &[("If-Match", "*")],
    &[("If-Match", "\"x\"")],
    &[("If-Match", "W/{etag}")],
    &[("If-Match", "\"x\", {etag}")],
    &[("If-Match", "")],
    &[("If-Match", "x")],
    &[("If-None-Match", "{etag}")],
    &[("If-None-Match", "*")],
    &[("If-None-Match", "\"x\"")],
    &[("If-None-Match", "W/{etag}")],
    &[("If-None-Match", "\"x\", {etag}")],
    &[("If-None-Match", "\"x\",{etag},\"y\"")],
    &[("If-None-Match", "W/\"x\" , W/{etag}")],
    &[("If-None-Match", "")],
    &[("If-None-Match", "x")],
    &[("If-Modified-Since", DATE)],
    &[("If-Modified-Since", BEFORE)],
    &[("If-Modified-Since", AFTER)],
    &[("If-Modified-Since", "Monday, 02-Nov-26 00:00:00 GMT")],
    &[("If-Modified-Since", "Mon Nov  2 00:00:00 2026")],
    &[("If-Modified-Since", "yesterday")],
    &[("If-Modified-Since", "")],
    &[("If-Unmodified-Since", DATE)],
    &[("If-Unmodified-Since", BEFORE)],
    &[("If-Unmodified-Since", AFTER)],
    &[("If-Unmodified-Since", "yesterday")],
    &[("If-Match", "{etag}"), ("If-Unmodified-Since", BEFORE)],
    &[("If-Match", "\"x\""), ("If-None-Match", "{etag}")],
    &[("If-None-Match", "\"x\""), ("If-Modified-Since", AFTER)],
    &[("If-None-Match", "{etag}"), ("If-Modified-Since", BEFORE)],
    &[("If-Unmodified-Since", AFTER), ("If-Modified-Since", AFTER)],
    &[("If-Unmodified-Since", BEFORE), ("If-None-Match", "{etag}")],
    &[("Range", "bytes=0-0"), ("If-Range", "{etag}")],
    &[("Range", "bytes=0-0"), ("If-Range", "W/{etag}")],
    &[("Range", "bytes=0-0"), ("If-Range", "\"x\"")],
    &[("Range", "bytes=0-0"), ("If-Range", DATE)],
    &[("Range", "bytes=0-0"), ("If-Range", AFTER)],
    &[("Range", "bytes=0-0"), ("If-Range", "yesterday")],
    &[("Range", "bytes=99-"), ("If-Range", "\"x\"")],
    &[("Range", "bytes=99-"), ("If-None-Match", "{etag}")],
    &[("Range", "bytes=99-"), ("If-Match", "\"x\"")],
    &[("Range", "bytes=0-0"), ("If-None-Match", "{etag}")],
    &[("Range", "bytes=0-0"), ("If-Match", "{etag}")],
    &[("Range", "bytes=0-0"), ("If-Modified-Since", DATE)],
    &[("If-Range", "\"x\"")],
];

const CODINGS: &[&str] = &[
    "",
    "gzip",
    "GZIP",
    "x-gzip",
    "identity",
    "deflate",
    "br",
    "gzip, deflate, br, zstd",
    "deflate, gzip;q=0.5",
    "gzip;q=0",
    "gzip;q=0.0",
    "gzip;q=0.001",
    "gzip;q=1.000",
    "gzip;q=2",
    "gzip;q=x",
    "gzip ; q=0.5",
    "gzip;Q=0",
    "*",
    "*;q=0",
    "*;q=0, gzip",
    "identity;q=0",
    "identity;q=0, gzip",
    "identity;q=0, gzip;q=0",
    "identity, gzip;q=0.5",
    "gzip;q=0.5, identity;q=0.4",
    "agzip",
    "gzipped",
];

#[test]
fn the_same_files_behind_nginx() {
    if tools::skipped("nginx") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let nginx = Nginx::start(folder.path(), &files());
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &image("docs", files().into_iter().map(route)));
    let ours = Server::start(build.path(), &["--prod"]);
    let (mut unexplained, mut used) = (Vec::new(), BTreeSet::new());
    let mut tags = BTreeMap::new();
    let cases = cases();
    for case in &cases {
        let [mine, theirs] = [true, false].map(|is_ours| {
            let ask = |case: &Case, tag: &str| {
                let request = case.request(tag);
                let bytes = if is_ours { ours.exchange(request) } else { nginx.exchange(&request) };
                Answer::parse(&bytes).unwrap_or_else(|| panic!("{case:?}: {bytes:?}"))
            };
            let tag = tags.entry((case.target.clone(), is_ours)).or_insert_with(|| {
                let plain = Case { method: "HEAD", target: case.target.clone(), fields: Vec::new() };
                ask(&plain, "").fields.get("etag").cloned().unwrap_or_default()
            });
            ask(case, tag)
        });
        assert!(case.method != "HEAD" || mine.body.is_empty(), "{case:?}");
        for difference in differences(&mine, &theirs) {
            let row = DIFFERENCES.iter().position(|row| row.explains(case, &difference));
            match row {
                Some(row) => _ = used.insert(row),
                None => unexplained.push(format!("{difference:?} {} {} {:?}", case.method, case.target, case.fields)),
            }
        }
    }
    assert!(cases.len() > 800, "{}", cases.len());
    assert!(unexplained.is_empty(), "{} of {}:\n{}", unexplained.len(), cases.len(), unexplained.join("\n"));
    for (nth, row) in DIFFERENCES.iter().enumerate() {
        assert!(used.contains(&nth), "no difference is explained by: {}", who_is_right(row));
    }
    assert_eq!(ours.complaints(), [""; 0]);
}

/// The route a build makes of a file.
fn route((path, media, body): (&'static str, &'static str, Vec<u8>)) -> (String, Response) {
    let media = if media.starts_with("text/") { format!("{media}; charset=utf-8") } else { media.to_owned() };
    let found = response(200, &[("content-type", &media), ("last-modified", DATE)], &body);
    let path = path.strip_suffix("index.html").unwrap_or(path).to_owned();
    let found = if path == ZIPPED { zipped(found) } else { found };
    (path, found)
}

impl Case {
    fn request(&self, tag: &str) -> String {
        let mut lines = String::new();
        for (name, value) in &self.fields {
            lines.extend([name, ": ", &value.replace("{etag}", tag), "\r\n"]);
        }
        if !self.fields.iter().any(|(name, _)| *name == "Connection") {
            lines.push_str("Connection: close\r\n");
        }
        format!("{} {} HTTP/1.1\r\nHost: a\r\n{lines}\r\n", self.method, self.target)
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.as_str())
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Answers

/// The fields that say something about what is sent.
const COMPARED: [&str; 9] = [
    "accept-ranges",
    "allow",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "last-modified",
    "location",
    "vary",
];

struct Answer {
    status: u16,
    fields: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let mut lines = std::str::from_utf8(&bytes[..end]).ok()?.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let mut fields = BTreeMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            fields.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let body = bytes[end + 4..].to_vec();
        let mut answer = Self { status, fields, body };
        answer.with_one_boundary();
        Some(answer)
    }

    /// Each server has a boundary of its own, and writes its own field names between the parts.
    fn with_one_boundary(&mut self) {
        let Some(media) = self.fields.get_mut("content-type") else { return };
        let Some(boundary) = media.strip_prefix("multipart/byteranges; boundary=").map(str::to_owned) else { return };
        let body = String::from_utf8(std::mem::take(&mut self.body)).unwrap();
        "multipart/byteranges".clone_into(media);
        let body = body.trim_start_matches("\r\n").replace(&boundary, "boundary");
        self.body = body.replace("Content-Type:", "content-type:").replace("Content-Range:", "content-range:").into();
        self.fields.insert("content-length".to_owned(), self.body.len().to_string());
    }
}

/// What differs between two answers. The words of an error are each server's own.
fn differences(ours: &Answer, theirs: &Answer) -> Vec<Difference> {
    if ours.status != theirs.status {
        return vec![Difference::new("status", &ours.status.to_string(), &theirs.status.to_string())];
    }
    let failed = ours.status >= 400;
    let value = |answer: &Answer, name: &str| answer.fields.get(name).cloned().unwrap_or_default();
    let mut found = Vec::new();
    for name in COMPARED {
        // Of a page of the server's own.
        if (failed || ours.status == 308)
            && ["content-length", "content-type", "content-encoding", "vary"].contains(&name)
        {
            continue;
        }
        let [ours, theirs] = [ours, theirs].map(|answer| value(answer, name));
        if ours != theirs {
            found.push(Difference::new(name, &ours, &theirs));
        }
    }
    let tags = [ours, theirs].map(|answer| if answer.fields.contains_key("etag") { "a tag" } else { "" });
    if tags[0] != tags[1] {
        found.push(Difference::new("etag", tags[0], tags[1]));
    }
    if !failed && ours.body != theirs.body {
        let text = |answer: &Answer| String::from_utf8_lossy(&answer.body[..answer.body.len().min(300)]).into_owned();
        found.push(Difference::new("body", &text(ours), &text(theirs)));
    }
    found
}

// ---------------------------------------------------------------------------------------------------------------------
// nginx

struct Nginx {
    child: Child,
    socket: std::path::PathBuf,
}

impl Nginx {
    fn start(folder: &Path, files: &[(&str, &str, Vec<u8>)]) -> Self {
        let program = tools::program("nginx", "nginx-light");
        let date = httpdate::parse_http_date(DATE).unwrap();
        for (path, _, body) in files {
            let file = folder.join(format!("root/docs{path}"));
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, body).unwrap();
            fs::File::options().write(true).open(&file).unwrap().set_modified(date).unwrap();
        }
        let zipped = folder.join(format!("root/docs{ZIPPED}"));
        tools::run(Command::new("gzip").args(["-9", "-n", "-k"]).arg(&zipped));
        let socket = folder.join("nginx.sock");
        let configuration = folder.join("nginx.conf");
        let place = folder.display();
        fs::write(
            &configuration,
            format!(
                "daemon off; master_process off; pid {place}/pid; error_log stderr crit;\n\
                 events {{}}\n\
                 http {{\n\
                   access_log off; server_tokens off; absolute_redirect off; charset utf-8; charset_types text/css text/plain text/javascript;\n\
                   gzip_static on; gzip_vary on;\n\
                   types {{ text/html html; text/css css; text/plain txt; text/javascript js; image/png png; }}\n\
                   default_type application/octet-stream;\n\
                   client_body_temp_path {place}/a; proxy_temp_path {place}/b; fastcgi_temp_path {place}/c;\n\
                   uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;\n\
                   server {{ listen unix:{}; server_name a; root {place}/root; }}\n\
                 }}\n",
                socket.display()
            ),
        )
        .unwrap();
        let mut command = Command::new(program);
        command.arg("-p").arg(folder).arg("-c").arg(&configuration).stdin(Stdio::null());
        let child = command.spawn().unwrap();
        let nginx = Self { child, socket };
        wait_until(|| UnixStream::connect(&nginx.socket).is_ok());
        nginx
    }

    fn exchange(&self, request: &str) -> Vec<u8> {
        let mut stream = UnixStream::connect(&self.socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! The access log: a line per answer, whatever was asked; nothing secret in it; and no disk that can stall a core.

use std::{
    fs,
    io::{Read, Write},
    num::NonZeroU32,
    path::Path,
    process::Command,
    thread,
};

use serde_json::Value;
use sitekit::observe::{Form, LogConfig, Queries, Rotation, Target};

use crate::{
    Setup,
    client::{request, wait_until},
    images, start,
};

fn to_file(path: &Path, form: Form, queries: Queries) -> Setup {
    let rotation = Rotation { size: None, every: None, keep: NonZeroU32::MIN };
    Setup {
        access_log: Some(LogConfig { form, queries, target: Target::File(path.to_owned(), rotation) }),
        ..Setup::default()
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

type Fields<'a> = &'a [(&'a str, &'a str)];

#[test]
fn each_answer_is_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let mut server = start(to_file(&path, Form::Json, Queries::Logged), &images());
    let etag = server.connect().ask("GET", "/docs/", &[]).field("etag").unwrap().to_owned();
    let asked: &[(&str, &str, Fields<'_>, _)] = &[
        ("GET", "/docs/?a=b", &[("Accept-Encoding", "br")], (200, "docs", "br", "hit")),
        ("GET", "/docs/", &[("If-None-Match", &etag)], (304, "docs", "", "")),
        ("HEAD", "/docs/guide/", &[], (200, "docs", "", "")),
        ("GET", "/docs/no", &[], (404, "docs", "identity", "hit")),
        ("GET", "/docs/guide", &[], (308, "docs", "", "")),
        ("GET", "/nothing", &[], (404, "", "", "")),
        ("POST", "/docs/", &[("Content-Length", "0")], (405, "docs", "", "")),
        ("POST", "/docs/", &[("Content-Length", "1000000")], (413, "", "", "")),
    ];
    for (method, target, fields, expected) in asked {
        assert_eq!(server.connect().ask(method, target, fields).status, expected.0, "{method} {target}");
    }
    server.stop();
    let lines = lines(&path);
    assert_eq!(lines.len(), asked.len() + 1);
    // Connections are on two cores, whose lines come as they like.
    for (method, target, _, (status, site, coding, cache)) in asked {
        let (path, query) = target.split_once('?').map_or((*target, None), |(path, query)| (path, Some(query)));
        let line = lines.iter().find(|line| {
            line["method"] == *method
                && line["path"] == path
                && line["status"] == *status
                && line["query"] == Value::from(query)
        });
        let line = line.unwrap_or_else(|| panic!("{method} {target} is not in {lines:#?}"));
        let text = |field: &str| line[field].as_str().unwrap_or("");
        assert_eq!((text("site"), text("coding"), text("cache")), (*site, *coding, *cache), "{line}");
        assert_eq!((text("client"), text("host"), text("protocol")), ("127.0.0.1", "test", "HTTP/1.1"), "{line}");
        assert!(line["bytes"].as_u64().unwrap() > 50 && line["duration_us"].is_u64(), "{line}");
    }
}

/// Streams of one connection, each of them a line with bytes of its own.
#[test]
fn each_stream_is_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let mut server = start(to_file(&path, Form::Json, Queries::Logged), &images());
    let address = server.address;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = h2::client::handshake(stream).await.unwrap();
        let serving = tokio::spawn(connection);
        let mut asked = Vec::new();
        for target in ["/docs/plain.bin", "/docs/", "/nowhere"] {
            let request = http::Request::get(format!("http://a.example{target}")).body(()).unwrap();
            std::future::poll_fn(|cx| sender.poll_ready(cx)).await.unwrap();
            asked.push(sender.send_request(request, true).unwrap().0);
        }
        for response in asked {
            let mut response = response.await.unwrap();
            while response.body_mut().data().await.is_some() {}
        }
        drop(sender);
        serving.await.unwrap().unwrap();
    });
    server.stop();
    let mut lines = lines(&path);
    lines.sort_by_key(|line| line["path"].to_string());
    let short = |line: &Value| {
        let text = |field: &str| line[field].as_str().unwrap_or("").to_owned();
        (text("path"), line["status"].as_u64().unwrap(), text("site"), text("host"), text("protocol"))
    };
    let expected = [("/docs/", 200, "docs"), ("/docs/plain.bin", 200, "docs"), ("/nowhere", 404, "")]
        .map(|(path, status, site)| (path.into(), status, site.into(), "a.example".into(), "HTTP/2.0".into()));
    assert_eq!(lines.iter().map(short).collect::<Vec<_>>(), expected);
    assert!(lines.iter().all(|line| line["bytes"].as_u64().unwrap() >= 10), "{lines:#?}");
}

#[test]
fn what_is_secret_is_not_logged() {
    let folder = tempfile::tempdir().unwrap();
    for form in [Form::Json, Form::Combined] {
        let path = folder.path().join(format!("{form:?}.log"));
        let mut server = start(to_file(&path, form, Queries::LeftOut), &images());
        let fields = [
            ("Authorization", "Basic c2VjcmV0"),
            ("Cookie", "session=c2VjcmV0"),
            ("Referer", "http://test/docs/?token=c2VjcmV0"),
            ("User-Agent", "a\"b"),
        ];
        assert_eq!(server.connect().ask("GET", "/docs/?token=c2VjcmV0", &fields).status, 200);
        server.stop();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("c2VjcmV0"), "{text}");
        assert!(text.contains("/docs/") && text.contains("http://test/docs/"), "{text}");
    }
}

#[test]
fn requests_have_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access.log");
    let theirs = ("X-Request-Id", "theirs-1");
    let id = |setup: Setup, fields: &[(&str, &str)]| {
        let mut server = start(setup, &images());
        let reply = server.connect().ask("GET", "/docs/", fields);
        server.stop();
        reply.field("x-request-id").map(str::to_owned)
    };
    assert_eq!(id(Setup::default(), &[theirs]), None);
    let made = id(Setup { tune: |settings| settings.request_ids = true, ..Setup::default() }, &[theirs]).unwrap();
    assert!(made.len() == 36 && made.as_bytes()[14] == b'7', "{made}");
    let logged = id(to_file(&path, Form::Json, Queries::Logged), &[]).unwrap();
    assert_eq!(lines(&path)[0]["id"], logged);
    // Only from those who are trusted.
    let trusting = || Setup {
        tune: |settings| settings.trusted = vec!["127.0.0.0/8".parse().unwrap()],
        ..to_file(&path, Form::Json, Queries::Logged)
    };
    assert_eq!(id(trusting(), &[theirs]).as_deref(), Some("theirs-1"));
    assert_eq!(lines(&path)[1]["id"], "theirs-1");
    assert_ne!(id(trusting(), &[("X-Request-Id", "not one")]).as_deref(), Some("not one"));
}

#[test]
fn a_file_that_was_put_aside_is_opened_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (path, aside) = (folder.path().join("access.log"), folder.path().join("old.log"));
    let mut server = start(to_file(&path, Form::Json, Queries::Logged), &images());
    assert_eq!(server.connect().ask("GET", "/docs/first", &[]).status, 404);
    wait_until(|| fs::metadata(&path).is_ok_and(|found| found.len() > 0));
    fs::rename(&path, &aside).unwrap();
    server.access_log.as_ref().unwrap().reopen();
    wait_until(|| path.exists());
    assert_eq!(server.connect().ask("GET", "/docs/second", &[]).status, 404);
    server.stop();
    assert_eq!([&aside, &path].map(|path| lines(path).len()), [1, 1]);
    assert_eq!(lines(&path)[0]["path"], "/docs/second");
}

/// A pipe that no one reads is the slowest disk there is.
#[test]
#[cfg(unix)]
fn a_disk_that_takes_nothing_stalls_no_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    // For both, so that opening waits for no one.
    let mut pipe = fs::File::options().read(true).write(true).open(&path).unwrap();
    let mut server = start(to_file(&path, Form::Json, Queries::Logged), &images());
    let count = 1500;
    let agent = "x".repeat(4000);
    let mut client = server.connect();
    for _ in 0..count / 50 {
        client.send(request("GET", "/docs/", &[("User-Agent", &agent)]).repeat(50));
        for _ in 0..50 {
            assert_eq!(client.receive("GET").unwrap().status, 200);
        }
    }
    assert!(server.registry.access_log_lines_dropped() > 0);
    // The disk is back: what was kept is written, and nothing is lost without being counted.
    let reader = thread::spawn(move || {
        let (mut text, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
        while !text.ends_with(b"end\n") {
            let read = pipe.read(&mut buffer).unwrap();
            text.extend_from_slice(&buffer[..read]);
        }
        text
    });
    drop(client);
    server.stop();
    fs::File::options().write(true).open(&path).unwrap().write_all(b"end\n").unwrap();
    let text = String::from_utf8(reader.join().unwrap()).unwrap();
    assert_eq!(text.lines().count() as u64 - 1 + server.registry.access_log_lines_dropped(), count);
}

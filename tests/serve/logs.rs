//! Logs as an operator sets them up.

use std::{fs, path::Path};

use serde_json::Value;

use super::{Connection, commit, image, request, serve, sitekit, with_download};

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Asks for something and waits until its line is in the file.
fn ask(serving: &super::Serving, target: &str, log: &Path) {
    assert_eq!(serving.connect().ask("GET", target, &[]).status, 404);
    let begun = std::time::Instant::now();
    while !lines(log).iter().any(|line| line["path"] == target) {
        assert!(begun.elapsed().as_secs() < 20, "{target} is not in the log");
    }
}

#[test]
fn an_access_log_that_others_rotate() {
    let folder = tempfile::tempdir().unwrap();
    let build = folder.path().join("build");
    commit(&build, &image("docs", 1));
    let log = folder.path().join("access.log");
    let mut serving = serve(&build, &["--access-log", log.to_str().unwrap()]);
    ask(&serving, "/docs/a", &log);
    for (signal, aside, target) in [("-USR1", "1.log", "/docs/b"), ("-HUP", "2.log", "/docs/c")] {
        let aside = folder.path().join(aside);
        fs::rename(&log, &aside).unwrap();
        serving.signal(signal);
        let begun = std::time::Instant::now();
        while !log.exists() {
            assert!(begun.elapsed().as_secs() < 20, "{signal} opened no new file");
        }
        ask(&serving, target, &log);
        assert_eq!(lines(&aside).len(), 1);
    }
    serving.signal("-TERM");
    assert!(serving.wait().success());
    assert_eq!(lines(&log).len(), 1);
}

#[test]
fn an_access_log_to_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let build = folder.path().join("build");
    commit(&build, &image("docs", 1));
    let admin = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let out = folder.path().join("out");
    let mut command = sitekit(&["serve", "--access-log", "stdout", "--access-log-format", "combined"]);
    command.args(["--build", build.to_str().unwrap(), "--addr", &address.to_string()]);
    command.args(["--admin-addr", &admin.to_string()]).stdout(fs::File::create(&out).unwrap());
    let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
    let begun = std::time::Instant::now();
    while std::net::TcpStream::connect(address).is_err() {
        assert!(begun.elapsed().as_secs() < 20, "it never listens");
    }
    let fields = [("User-Agent", "test \"1\""), ("Referer", "http://a/")];
    assert_eq!(Connection::to(address).ask("GET", "/docs/?a", &fields).status, 200);
    assert!(std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    let text = fs::read_to_string(out).unwrap();
    let (before, after) = text.split_once('[').unwrap();
    assert_eq!(before, "127.0.0.1 - - ");
    let (_, after) = after.split_once("] ").unwrap();
    let line: Vec<_> = after.splitn(6, ' ').collect();
    assert_eq!(line[..4], ["\"GET", "/docs/?a", "HTTP/1.1\"", "200"]);
    assert_eq!(line[5], "\"http://a/\" \"test \\x221\\x22\"\n");
}

#[test]
fn what_is_slow_is_told() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &with_download(image("docs", 1), 32 << 20));
    let mut serving = serve(build.path(), &["--slow-request", "1ms"]);
    let mut download = serving.connect();
    download.send(request("GET", "/docs/download", &[]));
    let reply = download.receive("GET").unwrap();
    let told =
        serving.wait_for(|event| event["message"].as_str().is_some_and(|text| text.starts_with("slow: the client")));
    assert_eq!(
        (&told["path"], &told["site"], &told["level"]),
        (&"/docs/download".into(), &"docs".into(), &"WARN".into())
    );
    assert_eq!(reply.field("x-request-id"), told["id"].as_str());
    assert!(told["duration_ms"].as_u64() >= told["client_ms"].as_u64() && told["disk_ms"] == 0, "{told}");
}

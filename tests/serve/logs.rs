//! Logs as an operator sets them up.

use std::{fs, path::Path};

use serde_json::Value;

use super::{commit, image, request, serve, serve_command, sitekit, with_download};
use crate::client::wait_until;

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Asks for something and waits until its line is in the file.
fn ask(serving: &super::Serving, target: &str, log: &Path) {
    assert_eq!(serving.connect().ask("GET", target, &[]).status, 404);
    wait_until(|| lines(log).iter().any(|line| line["path"] == target));
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
        wait_until(|| log.exists());
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
    let out = folder.path().join("out");
    let mut command = sitekit(&[]);
    command.stdout(fs::File::create(&out).unwrap());
    let mut serving = serve_command(command, &build, &["--access-log", "stdout", "--access-log-format", "combined"]);
    let fields = [("User-Agent", "test \"1\""), ("Referer", "http://a/")];
    assert_eq!(serving.connect().ask("GET", "/docs/?a", &fields).status, 200);
    serving.signal("-TERM");
    assert!(serving.wait().success());
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

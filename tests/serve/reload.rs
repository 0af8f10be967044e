//! SIGHUP: the settings are read again, and taken over as a whole or not at all.

use std::{fs, path::Path, time::Duration};

use serde_json::Value;

use crate::{Serving, commit, image, serve};

fn write(folder: &Path, text: &str) -> String {
    let path = folder.join("sitekit.toml");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Reloads, and waits until that is done, well or not.
fn reload(serving: &mut Serving) -> Value {
    serving.seen.clear();
    serving.signal("-HUP");
    serving.wait_for(|event| {
        matches!(event["message"].as_str(), Some("the settings are reloaded" | "the settings stay as they were"))
    })
}

#[test]
fn what_may_change_does() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &image("docs", 1));
    let path = write(build.path(), "[limits]\nidle_timeout = \"10m\"\nhead_bytes = \"32KiB\"\n");
    let mut serving = serve(build.path(), &["--config", &path]);
    let long = "x".repeat(12_000);
    let ask = |serving: &Serving| serving.connect().ask("GET", "/docs/", &[("X-Long", &long)]).status;
    assert_eq!(ask(&serving), 200);
    write(build.path(), "[limits]\nidle_timeout = \"100ms\"\nhead_bytes = \"8KiB\"\n");
    assert_eq!(reload(&mut serving)["message"], "the settings are reloaded");
    assert_eq!(ask(&serving), 431);
    let mut idle = serving.connect();
    assert_eq!(idle.ask("GET", "/docs/", &[]).status, 200);
    assert!(idle.is_closed());
    // A flag wins at a reload as at the start.
    write(build.path(), "default_hosts = [\"main.test\"]\n");
    reload(&mut serving);
    assert_eq!(serving.connect().ask("GET", "/docs/", &[]).status, 421);
    write(build.path(), "");
    reload(&mut serving);
    assert_eq!((ask(&serving), serving.connect().ask("GET", "/docs/", &[]).status), (200, 200));
}

#[test]
fn with_one_mistake_nothing_changes_and_all_are_told() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &image("docs", 1));
    let path = write(build.path(), "[limits]\nhead_bytes = \"8KiB\"\n");
    let mut serving = serve(build.path(), &["--config", &path]);
    write(build.path(), "[limits]\nhead_bytes = \"64KiB\"\nheader_timout = \"1s\"\nstreams = \"many\"\n");
    let refusal = reload(&mut serving);
    assert_eq!((&refusal["message"], &refusal["mistakes"]), (&"the settings stay as they were".into(), &2.into()));
    let lines: Vec<_> = serving.seen.iter().filter_map(|event| event["message"].as_str()).collect();
    for part in [
        "sitekit.toml:3:1: error: there is no setting `limits.header_timout`",
        "sitekit.toml:4:11: error: `limits.streams`",
    ] {
        assert!(lines.iter().any(|line| line.contains(part)), "{part}: {lines:#?}");
    }
    let long = "x".repeat(12_000);
    assert_eq!(serving.connect().ask("GET", "/docs/", &[("X-Long", &long)]).status, 431);
}

#[test]
fn what_takes_a_restart_is_named() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &image("docs", 1));
    let path = write(build.path(), "threads = 1\n");
    let mut serving = serve(build.path(), &["--config", &path]);
    write(build.path(), "threads = 2\n[limits]\ngrace = \"5s\"\n");
    reload(&mut serving);
    let told: Vec<_> = serving.seen.iter().filter(|event| event["level"] == "WARN").collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!((&told[0]["setting"], &told[0]["was"], &told[0]["is"]), (&"threads".into(), &"1".into(), &"2".into()));
}

#[test]
fn hosts_of_a_site_are_the_operators_to_change() {
    let build = tempfile::tempdir().unwrap();
    let mut studio = image("studio", 1);
    studio.base = sitekit::site::BasePath::root();
    studio.rules.hosts = vec![sitekit::site::HostPattern::parse("one.test").unwrap()];
    commit(build.path(), &studio);
    let path = write(build.path(), "");
    let mut serving = serve(build.path(), &["--prod", "--config", &path]);
    let status = |serving: &Serving, host: &str| {
        let mut connection = serving.connect();
        connection.send(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        connection.receive("GET").unwrap().status
    };
    assert_eq!([status(&serving, "one.test"), status(&serving, "two.test")], [200, 421]);
    write(build.path(), "[sites.studio]\nhosts = [\"two.test\"]\n");
    reload(&mut serving);
    assert_eq!([status(&serving, "one.test"), status(&serving, "two.test")], [421, 200]);
    // The bundle is the same one, so nothing went live anew.
    let lived = serving.log.recv_timeout(Duration::from_millis(50)).is_ok_and(|event| event["message"] == "live");
    assert!(!lived && !serving.seen.iter().any(|event| event["message"] == "live"));
}

#[test]
fn a_site_is_closed_and_opened() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &image("docs", 1));
    let path = write(build.path(), "");
    let mut serving = serve(build.path(), &["--config", &path]);
    assert_eq!(serving.connect().ask("GET", "/docs/", &[]).status, 200);
    write(build.path(), "[sites.docs]\nmaintenance = true\n");
    reload(&mut serving);
    let closed = serving.connect().ask("GET", "/docs/", &[]);
    assert_eq!((closed.status, closed.field("retry-after")), (503, Some("600")));
    write(build.path(), "[sites.docs]\nmaintenance = false\n");
    reload(&mut serving);
    assert_eq!(serving.connect().ask("GET", "/docs/", &[]).status, 200);
}

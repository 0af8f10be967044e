//! Many sites on hosts of their own, over sockets: which site answers is decided by the request's host.

use std::{fs, path::Path};

use sitekit::site::{BasePath, HostPattern, SiteImage};

use crate::{Serving, client::Reply, commit, image, output, serve, stderr};

/// A site that says on which hosts it is to be served.
fn hosted(site: &str, generation: usize, hosts: &[&str]) -> SiteImage {
    let mut image = image(site, generation);
    image.base = BasePath::root();
    image.rules.hosts = hosts.iter().map(|host| HostPattern::parse(host).unwrap()).collect();
    image
}

fn ask(serving: &Serving, host: &str, target: &str) -> Reply {
    let mut connection = serving.connect();
    connection.send(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    connection.receive("GET").unwrap()
}

/// Each host, a target, and what it comes to: the generation that answered, where a redirect leads, or a status.
#[track_caller]
fn check(serving: &Serving, cases: &[(&str, &str, &str)]) {
    for (host, target, expected) in cases {
        let reply = ask(serving, host, target);
        let came = match (reply.status, reply.field("location"), reply.field("x-generation")) {
            (308, Some(location), _) => format!("→ {location}"),
            (200, _, Some(generation)) => generation.to_owned(),
            (status, ..) => status.to_string(),
        };
        assert_eq!(came, *expected, "{host} {target}");
    }
}

fn config(build: &Path, text: &str) -> String {
    let path = build.join("sitekit.toml");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn each_host_has_its_site() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &hosted("studio", 1, &["studio.test", "*.studio.test"]));
    commit(build.path(), &hosted("blog", 2, &["www.blog.test"]));
    commit(build.path(), &image("docs", 3));
    let serving = serve(build.path(), &["--prod"]);
    check(
        &serving,
        &[
            ("studio.test", "/", "1"),
            ("STUDIO.test:8080", "/", "1"),
            ("a.b.studio.test", "/", "1"),
            ("www.blog.test", "/", "2"),
            ("blog.test", "/post/?q=1", "→ //www.blog.test/post/?q=1"),
            ("blog.test:8443", "/", "→ //www.blog.test:8443/"),
            ("blog.test", "http://blog.test/x", "→ //www.blog.test/x"),
            // The target's authority is the one that counts (RFC 9112 §3.2.2).
            ("blog.test", "http://studio.test/", "1"),
            // A site with hosts of its own is nowhere else, and the others are on none of them.
            ("127.0.0.1", "/studio/", "404"),
            ("127.0.0.1", "/docs/", "3"),
            ("other.test", "/docs/", "3"),
            ("studio.test", "/docs/", "404"),
            ("studio.localhost", "/", "404"),
        ],
    );
}

#[test]
fn a_host_that_is_nobodys_is_misdirected() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &hosted("studio", 1, &["studio.test"]));
    let serving = serve(build.path(), &["--prod"]);
    check(&serving, &[("studio.test", "/", "1"), ("other.test", "/", "421"), ("127.0.0.1", "/", "421")]);
    let mut old = serving.connect();
    old.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(old.receive("GET").unwrap().status, 404);
    let fallback = serve(build.path(), &["--prod", "--default-site", "studio"]);
    check(&fallback, &[("other.test", "/", "1"), ("127.0.0.1", "/", "1")]);
}

#[test]
fn in_development_a_site_is_at_its_name_below_localhost() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &hosted("studio", 1, &["studio.test"]));
    commit(build.path(), &image("docs", 2));
    let serving = serve(build.path(), &[]);
    let port = serving.address.port();
    check(&serving, &[(&format!("studio.localhost:{port}"), "/", "1"), ("docs.localhost", "/docs/", "2")]);
    let front = ask(&serving, &format!("127.0.0.1:{port}"), "/");
    let text = front.text();
    assert!(text.contains(&format!("href=\"//studio.localhost:{port}/\"")) && text.contains("studio.test"), "{text}");
    assert!(text.contains("href=\"/docs/\""), "{text}");
}

#[test]
fn hosts_come_and_go_without_a_restart() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &hosted("studio", 1, &["one.test"]));
    let mut serving = serve(build.path(), &["--prod"]);
    check(&serving, &[("one.test", "/", "1"), ("two.test", "/", "421")]);
    let generation = commit(build.path(), &hosted("studio", 2, &["two.test"]));
    serving.is_live(&generation);
    check(&serving, &[("one.test", "/", "421"), ("two.test", "/", "2")]);
    let generation = commit(build.path(), &hosted("blog", 3, &["one.test"]));
    serving.is_live(&generation);
    check(&serving, &[("one.test", "/", "3"), ("two.test", "/", "2")]);
    fs::remove_dir_all(build.path().join("blog")).unwrap();
    serving.wait_for(|event| event["message"] == "gone" && event["site"] == "blog");
    check(&serving, &[("one.test", "/", "421"), ("two.test", "/", "2")]);
}

#[test]
fn of_two_sites_that_want_one_host_the_one_that_has_it_keeps_it() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &hosted("studio", 1, &["studio.test"]));
    commit(build.path(), &hosted("app", 2, &["app.test"]));
    let mut serving = serve(build.path(), &["--prod"]);
    // By name it would come first.
    commit(build.path(), &hosted("app", 3, &["app.test", "studio.test"]));
    let refusal = serving.wait_for(|event| event["level"] == "ERROR");
    assert_eq!(refusal["site"], "app");
    let reason = refusal["reason"].as_str().unwrap();
    assert!(reason.contains("studio.test") && reason.contains("`studio`"), "{reason}");
    check(&serving, &[("studio.test", "/", "1"), ("app.test", "/", "2")]);
}

#[test]
fn the_operator_has_the_last_word() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &hosted("studio", 1, &["studio.test"]));
    commit(build.path(), &image("docs", 2));
    let path = config(
        build.path(),
        "default_hosts = [\"main.test\"]\nwww = false\n[sites.studio]\nhosts = [\"preview.test\"]\nmode = \"spa\"\n",
    );
    let serving = serve(build.path(), &["--prod", "--config", &path]);
    check(
        &serving,
        &[
            ("preview.test", "/", "1"),
            ("preview.test", "/any/page", "1"),
            ("studio.test", "/", "421"),
            ("www.preview.test", "/", "421"),
            ("main.test", "/docs/", "2"),
            ("other.test", "/docs/", "421"),
        ],
    );
    // What was built for a path cannot be at `/`.
    let path = config(build.path(), "[sites.docs]\nhosts = [\"docs.test\"]\n");
    let build_dir = build.path().to_str().unwrap();
    let refused =
        output(&["serve", "--build", build_dir, "--site", "docs", "--config", &path, "--addr", "127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("was built for /docs/"), "{}", stderr(&refused));
}

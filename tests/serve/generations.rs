//! A page that was loaded before a deploy goes on working after it, and going back is a deploy like any other.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sitekit::site::{
    Coding, EncodedBody, Field, Mode, PasswordHash, PathPattern, Protected, Realm, Response, SiteImage, SitePath,
    UserName,
};

use super::{Serving, commit_keeping, image, output, serve, stderr};
use crate::client::{Reply, wait_until};

const IMMUTABLE: &str = "public, max-age=31536000, immutable";

fn script(generation: usize, cache_control: &str) -> Response {
    let body = |coding, text: String| EncodedBody { coding, bytes: text.into() };
    Response {
        status: 200,
        fields: vec![
            Field::new("content-type", "text/javascript; charset=utf-8"),
            Field::new("cache-control", cache_control),
            Field::new("x-generation", generation.to_string()),
        ],
        bodies: vec![
            body(Coding::Identity, format!("console.log('generation {generation}')")),
            body(Coding::Gzip, format!("{generation} zipped")),
        ],
    }
}

/// A generation whose page loads `/app.<generation>.js`, and has `/seen.<generation>.json`, which is no fingerprint.
fn deploy_of(generation: usize) -> SiteImage {
    let mut image = image("docs", generation);
    for (path, cache_control) in
        [(format!("/app.{generation}.js"), IMMUTABLE), (format!("/seen.{generation}.json"), "max-age=60")]
    {
        image.routes.insert(SitePath::parse(&path).unwrap(), script(generation, cache_control));
    }
    image
}

/// What a page that was loaded in the past may ask of its script.
const QUESTIONS: &[(&str, &[(&str, &str)])] = &[
    ("GET", &[]),
    ("GET", &[("Accept-Encoding", "gzip")]),
    ("GET", &[("Accept-Encoding", "identity;q=0")]),
    ("GET", &[("Range", "bytes=3-9")]),
    ("GET", &[("Range", "bytes=0-1,5-6")]),
    ("GET", &[("Range", "bytes=1000-")]),
    ("GET", &[("If-Match", "\"other\"")]),
    ("HEAD", &[("Accept-Encoding", "gzip")]),
    ("OPTIONS", &[]),
];

/// All answers to what may be asked, without their dates.
fn answers(serving: &Serving, target: &str) -> Vec<Reply> {
    let mut connection = serving.connect();
    let mut ask = |method: &str, fields: &[(&str, &str)]| {
        let mut reply = connection.ask(method, target, fields);
        reply.fields.retain(|(name, _)| name != "date");
        reply
    };
    let mut replies: Vec<_> = QUESTIONS.iter().map(|(method, fields)| ask(method, fields)).collect();
    for coding in ["identity", "gzip"] {
        let whole = ask("GET", &[("Accept-Encoding", coding)]);
        let etag = whole.field("etag").unwrap_or("\"none\"").to_owned();
        replies.push(ask("GET", &[("Accept-Encoding", coding), ("If-None-Match", &etag)]));
        replies.push(ask("GET", &[("Accept-Encoding", coding), ("If-Range", &etag), ("Range", "bytes=-4")]));
    }
    replies
}

fn statuses(replies: &[Reply]) -> Vec<u16> {
    replies.iter().map(|reply| reply.status).collect()
}

#[track_caller]
fn is_gone(serving: &Serving, target: &str) {
    let reply = serving.connect().ask("GET", target, &[]);
    assert_eq!((reply.status, reply.field("cache-control")), (404, Some("no-store")), "{target}");
    assert!(!reply.text().contains("generation"), "{target}");
}

#[test]
fn a_page_from_before_two_deploys_still_finds_its_script() {
    let build = tempfile::tempdir().unwrap();
    commit_keeping(build.path(), &deploy_of(1), 3);
    let mut serving = serve(build.path(), &["--keep", "3"]);
    let before = answers(&serving, "/docs/app.1.js");
    assert_eq!(statuses(&before), [200, 200, 406, 206, 206, 416, 412, 200, 204, 304, 206, 304, 206]);

    for generation in 2..=3 {
        let live = commit_keeping(build.path(), &deploy_of(generation), 3);
        serving.is_live(&live);
        assert_eq!(serving.connect().ask("GET", "/docs/", &[]).field("x-generation"), Some(&*generation.to_string()));
        let after = answers(&serving, "/docs/app.1.js");
        for (nth, (before, after)) in before.iter().zip(&after).enumerate() {
            assert_eq!(before, after, "question {nth} after deploy {generation}");
        }
        // A name that is no fingerprint means what the live generation says it means: nothing.
        is_gone(&serving, "/docs/seen.1.json");
    }
    // Other spellings lead where they led before.
    let spelled = serving.connect().ask("GET", "/docs/%61pp.1.js?q", &[]);
    assert_eq!((spelled.status, spelled.field("location")), (308, Some("/docs/app.1.js?q")));

    let live = commit_keeping(build.path(), &deploy_of(4), 3);
    serving.is_live(&live);
    serving.becomes(404, "/docs/app.1.js");
    is_gone(&serving, "/docs/app.1.js");
    assert_eq!(serving.connect().ask("GET", "/docs/app.2.js", &[]).status, 200);
}

impl Serving {
    /// Waits until a target is answered with this status: what was removed from the disk is noticed after what went live.
    #[track_caller]
    fn becomes(&self, status: u16, target: &str) {
        wait_until(|| self.connect().ask("GET", target, &[]).status == status);
    }
}

#[test]
fn an_app_never_answers_for_a_script_with_its_shell() {
    let build = tempfile::tempdir().unwrap();
    let app = |generation| SiteImage { mode: Mode::Spa, ..deploy_of(generation) };
    commit_keeping(build.path(), &app(1), 2);
    let mut serving = serve(build.path(), &["--keep", "2"]);
    let live = commit_keeping(build.path(), &app(2), 2);
    serving.is_live(&live);
    assert_eq!(serving.connect().ask("GET", "/docs/some/page", &[]).field("x-generation"), Some("2"));
    assert_eq!(serving.connect().ask("GET", "/docs/app.1.js", &[]).field("x-generation"), Some("1"));
    is_gone(&serving, "/docs/app.0.js");
    is_gone(&serving, "/docs/seen.1.json");
}

/// A server that starts after the deploys knows the generations before them as well, as many as it is told to.
#[test]
fn a_restart_forgets_nothing() {
    let build = tempfile::tempdir().unwrap();
    for generation in 1..=4 {
        commit_keeping(build.path(), &deploy_of(generation), 5);
    }
    let asked = |keep: &str| {
        let serving = serve(build.path(), &["--keep", keep]);
        (1..=4).map(|of| serving.connect().ask("GET", &format!("/docs/app.{of}.js"), &[]).status).collect::<Vec<_>>()
    };
    assert_eq!(asked("5"), [200, 200, 200, 200]);
    assert_eq!(asked("2"), [404, 404, 200, 200]);
    assert_eq!(asked("1"), [404, 404, 404, 200]);
}

#[test]
fn a_file_that_is_the_same_in_every_generation_is_the_live_ones() {
    let build = tempfile::tempdir().unwrap();
    let with_font = |generation| {
        let mut image = deploy_of(generation);
        image.routes.insert(SitePath::parse("/font.0a.woff2").unwrap(), script(generation, IMMUTABLE));
        image
    };
    commit_keeping(build.path(), &with_font(1), 5);
    let mut serving = serve(build.path(), &[]);
    for generation in 2..=3 {
        let live = commit_keeping(build.path(), &with_font(generation), 5);
        serving.is_live(&live);
    }
    assert_eq!(serving.connect().ask("GET", "/docs/font.0a.woff2", &[]).field("x-generation"), Some("3"));
    // Removed, it is found in the newest generation that had it.
    let live = commit_keeping(build.path(), &deploy_of(4), 5);
    serving.is_live(&live);
    assert_eq!(serving.connect().ask("GET", "/docs/font.0a.woff2", &[]).field("x-generation"), Some("3"));
}

/// Without room in memory, an older file is read like any other.
#[test]
fn older_files_are_read_from_the_disk() {
    let build = tempfile::tempdir().unwrap();
    let mut large = deploy_of(1);
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| b'a' + u8::try_from(n % 23).unwrap()).collect();
    let mut response = script(1, IMMUTABLE);
    response.bodies = vec![EncodedBody { coding: Coding::Identity, bytes: bytes.clone().into() }];
    large.routes.insert(SitePath::parse("/large.1.js").unwrap(), response);
    commit_keeping(build.path(), &large, 5);
    let mut serving = serve(build.path(), &["--cache-size", "1MB"]);
    let live = commit_keeping(build.path(), &deploy_of(2), 5);
    serving.is_live(&live);
    for _ in 0..2 {
        assert!(serving.connect().ask("GET", "/docs/large.1.js", &[]).body == bytes);
        let part = serving.connect().ask("GET", "/docs/large.1.js", &[("Range", "bytes=1000000-1999999")]);
        assert!(part.status == 206 && part.body == bytes[1_000_000..2_000_000]);
        assert_eq!(serving.connect().ask("GET", "/docs/app.1.js", &[]).text(), "console.log('generation 1')");
    }
}

/// What was behind a password does not come out from behind it, whatever becomes of the rule.
#[test]
fn what_was_protected_stays_so() {
    let build = tempfile::tempdir().unwrap();
    let protecting = |mut image: SiteImage, users: &[&str]| {
        // `correct horse`, cheaply hashed.
        let hash = "$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";
        image.rules.protected = vec![Protected {
            paths: vec![PathPattern::parse("/*").unwrap()],
            realm: Realm::parse("staff").unwrap(),
            users: users
                .iter()
                .map(|user| (UserName::parse(user).unwrap(), PasswordHash::parse(hash).unwrap()))
                .collect(),
        }];
        image
    };
    commit_keeping(build.path(), &protecting(deploy_of(1), &["ann", "bob"]), 5);
    let mut serving = serve(build.path(), &[]);
    let ann = format!("Basic {}", STANDARD.encode("ann:correct horse"));
    for (next, to_anyone, to_ann) in [
        (deploy_of(2), 404, 404),
        (protecting(deploy_of(3), &["ann"]), 401, 200),
        // Eve was not one of the users then, and whom a password is for is not asked here.
        (protecting(deploy_of(4), &["ann", "eve"]), 401, 404),
        (deploy_of(5), 404, 404),
    ] {
        let live = commit_keeping(build.path(), &next, 5);
        serving.is_live(&live);
        for (fields, expected) in [(&[][..], to_anyone), (&[("Authorization", &*ann)], to_ann)] {
            let reply = serving.connect().ask("GET", "/docs/app.1.js", fields);
            assert_eq!((reply.status, reply.text().contains("console.log")), (expected, expected == 200), "{fields:?}");
        }
    }
    // What was open then and is protected now asks for a password, and what was open stays open.
    assert_eq!(serving.connect().ask("GET", "/docs/app.2.js", &[]).status, 200);
    let live = commit_keeping(build.path(), &protecting(deploy_of(6), &["ann"]), 9);
    serving.is_live(&live);
    assert_eq!(serving.connect().ask("GET", "/docs/app.2.js", &[]).status, 401);
}

#[test]
fn a_refused_deploy_takes_nothing_away() {
    let build = tempfile::tempdir().unwrap();
    commit_keeping(build.path(), &deploy_of(1), 5);
    commit_keeping(build.path(), &deploy_of(2), 5);
    let mut serving = serve(build.path(), &[]);
    let broken = "0".repeat(32);
    fs::write(build.path().join(format!("docs/{broken}.bundle")), "not a bundle").unwrap();
    fs::write(build.path().join("docs/current"), format!("{broken}\n")).unwrap();
    serving.wait_for(|event| event["level"] == "ERROR" && event["site"] == "docs");
    assert_eq!(serving.connect().ask("GET", "/docs/app.1.js", &[]).field("x-generation"), Some("1"));
    let live = commit_keeping(build.path(), &deploy_of(3), 5);
    serving.is_live(&live);
    for generation in ["1", "2", "3"] {
        let reply = serving.connect().ask("GET", &format!("/docs/app.{generation}.js"), &[]);
        assert_eq!(reply.field("x-generation"), Some(generation));
    }
}

#[test]
fn an_older_bundle_that_is_broken_is_told_of_and_passed_over() {
    let build = tempfile::tempdir().unwrap();
    let broken = commit_keeping(build.path(), &deploy_of(1), 5);
    commit_keeping(build.path(), &deploy_of(2), 5);
    commit_keeping(build.path(), &deploy_of(3), 5);
    fs::write(build.path().join(format!("docs/{broken}.bundle")), "not a bundle").unwrap();
    let mut serving = serve(build.path(), &[]);
    let told = serving.wait_for(|event| event["level"] == "WARN" && event["site"] == "docs");
    assert!(told["reason"].as_str().unwrap().contains(&broken), "{told}");
    is_gone(&serving, "/docs/app.1.js");
    assert_eq!(serving.connect().ask("GET", "/docs/app.2.js", &[]).status, 200);
    assert_eq!(serving.connect().ask("GET", "/docs/", &[]).status, 200);
}

/// An operator who removes a file by hand has reasons.
#[test]
fn a_bundle_that_is_removed_answers_no_more() {
    let build = tempfile::tempdir().unwrap();
    let first = commit_keeping(build.path(), &deploy_of(1), 5);
    commit_keeping(build.path(), &deploy_of(2), 5);
    let serving = serve(build.path(), &[]);
    assert_eq!(serving.connect().ask("GET", "/docs/app.1.js", &[]).status, 200);
    fs::remove_file(build.path().join(format!("docs/{first}.bundle"))).unwrap();
    serving.becomes(404, "/docs/app.1.js");
}

#[test]
fn answers_from_older_generations_are_counted() {
    let build = tempfile::tempdir().unwrap();
    commit_keeping(build.path(), &deploy_of(1), 5);
    commit_keeping(build.path(), &deploy_of(2), 5);
    let serving = serve(build.path(), &[]);
    let mut connection = serving.connect();
    let etag = connection.ask("GET", "/docs/app.1.js", &[]).field("etag").unwrap().to_owned();
    assert_eq!(connection.ask("GET", "/docs/app.1.js", &[("If-None-Match", &etag)]).status, 304);
    assert_eq!(connection.ask("GET", "/docs/app.2.js", &[]).status, 200);
    assert_eq!(connection.ask("GET", "/docs/app.0.js", &[]).status, 404);
    let stats = output(&["stats", "--json", "--build", build.path().to_str().unwrap()]);
    assert!(stats.status.success(), "{}", stderr(&stats));
    let report: serde_json::Value = serde_json::from_slice(&stats.stdout).unwrap();
    assert_eq!((&report["sites"][0]["past"], &report["total"]["past"]), (&2.into(), &2.into()));
}

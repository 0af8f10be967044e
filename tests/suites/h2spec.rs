//! h2spec holds the server to RFC 9113 and RFC 7541, frame by frame: all its cases, the strict ones included.
//!
//! Its source is beside this file (`h2spec.tar.gz`: github.com/summerwind/h2spec at af83a65, five fixes after 2.6.0, MIT
//! licence within), because no registry has it; the Go libraries it needs are Debian's.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    server::{Server, commit, image, response},
    tools::{self, program, run, said},
};

const REVISION: &str = "af83a65";

/// Cases that fail, by their place and name, and why that is right.
type Explained<'a> = &'a [(&'a str, &'a str, &'a str)];

#[test]
fn with_prior_knowledge() {
    check(
        Server::start,
        &[],
        &[(
            "http2/3.5",
            "Sends invalid connection preface",
            "what is no preface may be a request of HTTP/1.1, which this port speaks too; it gets that protocol's 400, and the \
         connection ends",
        )],
    );
}

#[test]
fn over_tls() {
    check(Server::start_tls, &["--tls", "--insecure"], &[]);
}

fn check(start: fn(&Path, &[&str]) -> Server, arguments: &[&str], explained: Explained<'_>) {
    if tools::skipped("h2spec") {
        return;
    }
    let h2spec = h2spec();
    let build = tempfile::tempdir().unwrap();
    // Long enough that a case can look at flow control while it is sent.
    let page = response(200, &[("content-type", "text/html; charset=utf-8")], &[b'x'; 10_000]);
    commit(build.path(), &image("docs", [("/".to_owned(), page)]));
    let server = start(build.path(), &[]);
    let address = server.address;
    let report = build.path().join("report.xml");
    let mut command = Command::new(h2spec);
    command.args(["--strict", "--path", "/docs/", "--host", &address.ip().to_string()]);
    command.args(["--port", &address.port().to_string(), "--junit-report"]).arg(&report);
    // Its status says whether a case failed; which one is in the report.
    let output = command.args(arguments).output().unwrap();
    let report = fs::read_to_string(&report).unwrap_or_else(|error| panic!("{error}: {}", said(&output)));
    let cases: Vec<_> = report.split("<testcase ").skip(1).map(Case::read).collect();
    assert!(cases.len() > 140, "only {} cases: {}", cases.len(), said(&output));
    for case in &cases {
        let reason = explained.iter().find(|(place, name, _)| (*place, *name) == (case.place, case.name));
        match reason {
            None => assert!(!case.failed, "{} {}: {}", case.place, case.name, case.said),
            Some((.., why)) => assert!(case.failed, "{} passes; no longer true: {why}", case.name),
        }
    }
    for (place, name, _) in explained {
        assert!(cases.iter().any(|case| (case.place, case.name) == (*place, *name)), "there is no {place} {name}");
    }
    // h2 warns of what clients do; no client may fill the log.
    assert_eq!(server.complaints(), [""; 0]);
}

struct Case<'a> {
    place: &'a str,
    name: &'a str,
    failed: bool,
    said: &'a str,
}

impl<'a> Case<'a> {
    /// Of the report's text after `<testcase `.
    fn read(text: &'a str) -> Self {
        let said = text.split("</testcase>").next().unwrap_or(text);
        let attribute = |name: &str| {
            let value = said.split_once(&format!("{name}=\""));
            value.and_then(|(_, rest)| rest.split('"').next()).unwrap_or_else(|| panic!("no {name} in {said}"))
        };
        let failed = ["<failure", "<error", "<skipped"].iter().any(|element| said.contains(element));
        Self { place: attribute("package"), name: attribute("classname"), failed, said }
    }
}

/// The program, compiled once.
fn h2spec() -> PathBuf {
    let folder = tools::kept(&format!("h2spec-{REVISION}"), |folder| {
        let go = program(
            "go",
            "golang-go golang-golang-x-net-dev golang-github-spf13-cobra-dev golang-github-fatih-color-dev",
        );
        let source = tempfile::tempdir().unwrap();
        let archive = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suites/h2spec.tar.gz");
        run(Command::new("tar").args(["-xzf", archive, "-C"]).arg(source.path()));
        let libraries = std::env::join_paths([source.path(), "/usr/share/gocode".as_ref()]).unwrap();
        run(Command::new(go)
            .args(["build", "-o"])
            .arg(folder.join("h2spec"))
            .arg("github.com/summerwind/h2spec/cmd/h2spec")
            .envs([("GO111MODULE", "off"), ("GOFLAGS", "")])
            .env("GOPATH", libraries)
            .env("GOCACHE", source.path().join("cache"))
            .current_dir(source.path()));
    });
    folder.join("h2spec")
}

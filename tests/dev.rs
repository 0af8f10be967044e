//! `sitekit dev` as a newcomer meets it, and the three example sites under load while they are built again.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "dev/again.rs"]
mod again;
#[path = "dev/ahead.rs"]
mod ahead;
#[expect(dead_code, reason = "what is looked at is the page itself")]
#[path = "browser/chromium.rs"]
mod chromium;
#[expect(dead_code, reason = "the HTTP tables use the rest")]
mod client;
#[path = "dev/edits.rs"]
mod edits;
#[path = "dev/hot.rs"]
mod hot;
#[path = "dev/modules.rs"]
mod modules;
#[path = "dev/pages.rs"]
mod pages;
#[path = "dev/session.rs"]
mod session;
#[path = "dev/terminal.rs"]
mod terminal;
#[path = "dev/watching.rs"]
mod watching;

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use client::Connection;
use sitekit::{map, site::SiteName};

fn sitekit(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sitekit"));
    command.args(args).current_dir(folder);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SITEKIT_")) {
        command.env_remove(name);
    }
    command
}

/// A server that ends with its test.
struct Running {
    process: Child,
    address: SocketAddr,
    /// What it wrote to the pipe that was watched.
    said: String,
}

impl Running {
    /// Starts `command` and reads one of its pipes until a line has an address in it.
    fn start(command: &mut Command, pipe: fn(&mut Child) -> Box<dyn Read + Send>) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let watched = pipe(&mut process);
        let (found, address) = mpsc::channel();
        // Reads to the end, so that the server never waits for a reader.
        thread::spawn(move || {
            let mut said = String::new();
            for line in BufReader::new(watched).lines().map_while(Result::ok) {
                said.push_str(&line);
                said.push('\n');
                if let Some(address) = address_in(&line) {
                    drop(found.send((address, said.clone())));
                }
            }
        });
        let Ok((address, said)) = address.recv_timeout(Duration::from_mins(1)) else {
            process.kill().unwrap();
            panic!("no address: {:?}", process.wait_with_output().unwrap());
        };
        Self { process, address, said }
    }

    fn stop(mut self) -> i32 {
        let sent = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(sent.success());
        self.process.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn stdout(process: &mut Child) -> Box<dyn Read + Send> {
    Box::new(process.stdout.take().unwrap())
}

fn stderr(process: &mut Child) -> Box<dyn Read + Send> {
    Box::new(process.stderr.take().unwrap())
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let start = line.find("127.0.0.1:")?;
    let rest = &line[start..];
    let end = rest.find(|c: char| !c.is_ascii_digit() && !".:".contains(c)).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// Whether there is a process of this number.
fn is_alive(process: &str) -> bool {
    Command::new("kill").args(["-s", "0", process]).stderr(Stdio::null()).status().unwrap().success()
}

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

const HELLO: &[(&str, &str)] = &[("sites/hello/index.html", "<!doctype html><title>Hello</title><h1>Hello</h1>")];

#[test]
fn dev_builds_serves_says_where_and_stops() {
    let folder = project(HELLO);
    let dev = Running::start(&mut sitekit(folder.path(), &["dev", "--addr", "127.0.0.1:0"]), stdout);
    assert!(dev.said.contains("hello → build/hello/"), "{}", dev.said);
    let mut connection = Connection::to(dev.address);
    let page = connection.ask("GET", "/hello/", &[]);
    assert_eq!((page.status, page.text().contains("<h1>Hello</h1>")), (200, true));
    let index = connection.ask("GET", "/", &[]);
    assert!(index.status == 200 && index.text().contains("/hello/"), "{}", index.text());
    drop(connection);
    assert_eq!(dev.stop(), 0);
}

#[test]
fn dev_takes_the_next_free_port_unless_one_was_asked_for() {
    let folder = project(HELLO);
    // Whoever has it, 8080 is now taken.
    let _taken = TcpListener::bind("127.0.0.1:8080");
    let dev = Running::start(&mut sitekit(folder.path(), &["dev"]), stdout);
    assert!((8081..8180).contains(&dev.address.port()), "{}", dev.address);
    assert_eq!(dev.stop(), 0);

    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let output = sitekit(folder.path(), &["dev", "--addr", &address]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&format!("--addr {address} is taken")), "{said}");
}

#[test]
fn dev_serves_what_was_built_before_when_a_site_has_mistakes() {
    let folder = project(HELLO);
    assert!(sitekit(folder.path(), &["build", "--quiet"]).status().unwrap().success());
    fs::write(folder.path().join("sites/hello/main.ts"), "let = 1;").unwrap();
    let dev = Running::start(&mut sitekit(folder.path(), &["dev", "--addr", "127.0.0.1:0"]), stdout);
    assert!(dev.said.contains("hello was not built"), "{}", dev.said);
    assert_eq!(Connection::to(dev.address).ask("GET", "/hello/", &[]).status, 200);
    assert_eq!(dev.stop(), 0);
}

#[test]
fn dev_ends_where_there_is_no_site() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sites")).unwrap();
    let output = sitekit(folder.path(), &["dev"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("there is no site in this folder"));
}

#[test]
fn the_three_sites_answer_every_request_while_they_are_built_again() {
    const GENERATIONS: usize = 6;
    let folder = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("sites"), &folder.path().join("sites"));
    let build = || {
        let output = sitekit(folder.path(), &["build", "--quiet", "--profile", "prod"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    build();
    let urls = urls(&folder.path().join("build"));
    assert!(urls.len() > 80, "{urls:?}");
    let args = ["serve", "--addr", "127.0.0.1:0", "--log-format", "json"];
    let server = Running::start(&mut sitekit(folder.path(), &args), stderr);
    let (done, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for client in 0..4 {
            let (urls, done, asked) = (&urls, &done, &asked);
            scope.spawn(move || {
                // Each round is a connection; the round under way when all is built is finished.
                while !done.load(Ordering::SeqCst) {
                    let mut connection = Connection::to(server.address);
                    for (turn, (url, status)) in urls.iter().enumerate().skip(client % 7) {
                        let codings = ["br", "zstd, gzip", "identity"][turn % 3];
                        let reply = connection.ask("GET", url, &[("Accept-Encoding", codings)]);
                        assert_eq!(reply.status, *status, "{url}");
                        asked.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        // Whatever happens here, the clients end.
        let _end = OnDrop(&done);
        for generation in 1..=GENERATIONS {
            for page in ["docs/content/_index.md", "studio/content/_index.md", "app/index.html"] {
                let path = folder.path().join("sites").join(page);
                let text = fs::read_to_string(&path).unwrap();
                fs::write(&path, format!("{text}\n<!-- --><p hidden>generation {generation}</p>\n")).unwrap();
            }
            build();
            // Every swap is seen before the next one is made.
            let wanted = format!("generation {generation}");
            let seen = (0..3000).any(|_| {
                thread::sleep(Duration::from_millis(10));
                Connection::to(server.address).ask("GET", "/docs/", &[]).text().contains(&wanted)
            });
            assert!(seen, "{wanted} never went live");
        }
    });
    assert!(asked.load(Ordering::Relaxed) > urls.len());
    assert_eq!(server.stop(), 0);
}

struct OnDrop<'a>(&'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Every URL of every site, and the status it is answered with.
fn urls(build: &Path) -> Vec<(String, u16)> {
    let mut urls = Vec::new();
    for site in ["app", "docs", "studio"] {
        let bundle = map::open_live(build, &SiteName::parse(site).unwrap()).unwrap();
        for (path, id) in bundle.routes() {
            let path = sitekit::site::SitePath::parse(path).unwrap();
            urls.push((path.to_url(bundle.base()), bundle.entry(id).status()));
        }
    }
    urls
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

//! `sitekit serve` and `sitekit stats` as their users meet them: through the binary.

#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

mod client;
#[path = "serve/generations.rs"]
mod generations;
#[path = "serve/hosts.rs"]
mod hosts;
#[path = "serve/logs.rs"]
mod logs;
#[cfg(target_os = "linux")]
#[path = "serve/memory.rs"]
mod memory;
#[path = "serve/reload.rs"]
mod reload;
#[cfg(unix)]
#[path = "serve/restart.rs"]
mod restart;
#[path = "serve/rollback.rs"]
mod rollback;
#[path = "serve/settings.rs"]
mod settings;
#[cfg(unix)]
#[path = "serve/systemd.rs"]
mod systemd;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc,
    },
    thread,
};

use bytes::Bytes;
use client::{Connection, PATIENCE, request, wait_until};
use serde_json::Value;
use sitekit::{
    pack::{self, RealDisk},
    site::{BasePath, Coding, EncodedBody, Field, Manifest, Mode, Response, Rules, SiteImage, SiteName, SitePath},
};

// ---------------------------------------------------------------------------------------------------------------------
// Bundles and the binary

/// A site of one page whose field and body both tell its generation.
fn image(site: &str, generation: usize) -> SiteImage {
    let site = SiteName::parse(site).unwrap();
    let text = format!("generation {generation}");
    let page = Response {
        status: 200,
        fields: vec![
            Field::new("content-type", "text/html; charset=utf-8"),
            Field::new("x-generation", generation.to_string()),
        ],
        bodies: vec![
            EncodedBody { coding: Coding::Identity, bytes: format!("{text}{}", " ".repeat(500)).into() },
            EncodedBody { coding: Coding::Gzip, bytes: format!("{text} gzip").into() },
        ],
    };
    SiteImage {
        base: BasePath::of(&site),
        site,
        mode: Mode::Traditional,
        routes: [(SitePath::root(), page)].into(),
        not_found: None,
        rules: Rules::default(),
        manifest: Manifest::default(),
    }
}

fn with_download(mut image: SiteImage, len: usize) -> SiteImage {
    let file = Response {
        status: 200,
        fields: vec![Field::new("content-type", "application/octet-stream")],
        bodies: vec![EncodedBody { coding: Coding::Identity, bytes: Bytes::from(vec![b'x'; len]) }],
    };
    image.routes.insert(SitePath::parse("/download").unwrap(), file);
    image
}

fn commit(build: &Path, image: &SiteImage) -> String {
    commit_keeping(build, image, 2)
}

fn commit_keeping(build: &Path, image: &SiteImage, keep: usize) -> String {
    let sealed = pack::seal(image).unwrap();
    sealed.commit(&RealDisk, build, keep).unwrap();
    sealed.generation().to_string()
}

fn sitekit(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sitekit"));
    command.args(arguments).stdin(Stdio::null()).env_remove("RUST_LOG");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SITEKIT_")) {
        command.env_remove(name);
    }
    command
}

fn output(arguments: &[&str]) -> Output {
    sitekit(arguments).output().unwrap()
}

/// A server in a process of its own, killed when the test ends before it does.
struct Serving {
    child: Child,
    log: mpsc::Receiver<Value>,
    seen: Vec<Value>,
    address: SocketAddr,
}

fn serve(build: &Path, arguments: &[&str]) -> Serving {
    serve_with(build, arguments, None)
}

/// With a limit on file descriptors.
fn serve_with(build: &Path, arguments: &[&str], descriptors: Option<u32>) -> Serving {
    let mut command = sitekit(&[]);
    if let Some(limit) = descriptors {
        command = Command::new("sh");
        command.args(["-c", &format!("ulimit -n {limit}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_sitekit")]);
    }
    serve_command(command, build, arguments)
}

/// With a command that may have an environment of its own.
fn serve_command(mut command: Command, build: &Path, arguments: &[&str]) -> Serving {
    command.args(["serve", "--build", build.to_str().unwrap(), "--log-format", "json"]);
    if !arguments.contains(&"--addr") {
        command.args(["--addr", "127.0.0.1:0"]);
    }
    let mut child = command.args(arguments).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let (tell, log) = mpsc::channel();
    thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
            if tell.send(value).is_err() {
                return;
            }
        }
    });
    let mut serving = Serving { child, log, seen: Vec::new(), address: SocketAddr::from(([0, 0, 0, 0], 0)) };
    let listening = serving.wait_for(|event| event["message"] == "listening");
    serving.address = listening["address"].as_str().unwrap().parse().unwrap();
    serving
}

impl Serving {
    /// The first event of the log, past or to come, that is wanted.
    #[track_caller]
    fn wait_for(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(event) = self.seen.iter().find(|event| wanted(event)) {
            return event.clone();
        }
        loop {
            match self.log.recv_timeout(PATIENCE) {
                Ok(event) => {
                    self.seen.push(event.clone());
                    if wanted(&event) {
                        return event;
                    }
                }
                Err(error) => panic!("{error} after {:#?}", self.seen),
            }
        }
    }

    fn is_live(&mut self, generation: &str) {
        self.wait_for(|event| event["message"] == "live" && event["generation"] == generation);
    }

    /// Where it listens to operators.
    fn admin(&mut self) -> SocketAddr {
        let listening = self.wait_for(|event| event["message"] == "listening to operators");
        listening["address"].as_str().unwrap().parse().unwrap()
    }

    fn connect(&self) -> Connection {
        Connection::to(self.address)
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

// ---------------------------------------------------------------------------------------------------------------------
// Starting and stopping

#[test]
fn serves_until_it_is_told_to_stop() {
    let build = tempfile::tempdir().unwrap();
    let generation = commit(build.path(), &image("docs", 1));
    let mut serving = serve(build.path(), &[]);
    let reply = serving.connect().ask("GET", "/docs/", &[]);
    assert_eq!((reply.status, reply.field("x-generation")), (200, Some("1")));
    assert!(serving.connect().ask("GET", "/", &[]).text().contains(&generation[..8]));
    serving.signal("-TERM");
    assert!(serving.wait().success());
    assert!(!build.path().join("sitekit.sock").exists());
}

#[test]
fn a_download_in_flight_is_finished_before_the_end() {
    let build = tempfile::tempdir().unwrap();
    let len = 64 << 20;
    commit(build.path(), &with_download(image("docs", 1), len));
    let mut serving = serve(build.path(), &[]);
    let mut download = serving.connect();
    download.send(request("GET", "/docs/download", &[]));
    download.reader.fill_buf().unwrap();
    let mut idle = serving.connect();
    assert_eq!(idle.ask("GET", "/docs/", &[]).status, 200);
    serving.signal("-INT");
    serving.wait_for(|event| event["message"].as_str().is_some_and(|text| text.starts_with("stopping")));
    assert!(idle.is_closed());
    let reply = download.receive("GET").unwrap();
    assert_eq!((reply.status, reply.body.len()), (200, len));
    assert!(serving.wait().success());
}

#[test]
fn a_second_signal_waits_for_no_one() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &with_download(image("docs", 1), 64 << 20));
    let mut serving = serve(build.path(), &["--grace", "10m"]);
    let mut download = serving.connect();
    download.send(request("GET", "/docs/download", &[]));
    download.reader.fill_buf().unwrap();
    serving.signal("-TERM");
    serving.wait_for(|event| event["message"].as_str().is_some_and(|text| text.starts_with("stopping")));
    serving.signal("-TERM");
    assert!(serving.wait().success());
}

#[test]
fn what_takes_longer_than_the_grace_is_cut() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &with_download(image("docs", 1), 64 << 20));
    let mut serving = serve(build.path(), &["--grace", "50ms"]);
    let mut download = serving.connect();
    download.send(request("GET", "/docs/download", &[]));
    download.reader.fill_buf().unwrap();
    serving.signal("-TERM");
    assert!(serving.wait().success());
}

#[test]
fn a_port_that_is_taken() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &image("docs", 1));
    let build_dir = build.path().to_str().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    // Asked for: refused.
    let refused = output(&["serve", "--build", build_dir, "--addr", &address]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains(&format!("--addr {address} is taken")), "{}", stderr(&refused));
    // Another of us counts as well, though sockets can share a port.
    let serving = serve(build.path(), &[]);
    let refused = output(&["serve", "--build", build_dir, "--addr", &serving.address.to_string()]);
    assert_eq!(refused.status.code(), Some(2));
    // Not asked for: the next one. Whoever has 8080, it is taken now.
    let _taken = TcpListener::bind("127.0.0.1:8080");
    let mut command = sitekit(&["serve", "--build", build_dir, "--log-format", "json"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    while !line.contains("listening") {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "it ended");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let event: Value = serde_json::from_str(&line).unwrap();
    let port = event["address"].as_str().unwrap().rsplit(':').next().unwrap().parse::<u16>().unwrap();
    assert!((8081..8181).contains(&port), "{port}");
}

#[test]
fn nothing_to_serve() {
    let build = tempfile::tempdir().unwrap();
    let build_dir = build.path().to_str().unwrap();
    let missing = build.path().join("nope");
    for (arguments, part) in [
        (&["serve", "--build", missing.to_str().unwrap()][..], "there is no"),
        (&["serve", "--build", build_dir], "there is no bundle in"),
    ] {
        let refused = output(arguments);
        assert_eq!(refused.status.code(), Some(2));
        assert!(stderr(&refused).contains(part) && stderr(&refused).contains("sitekit build"), "{}", stderr(&refused));
    }
    commit(build.path(), &image("docs", 1));
    let refused = output(&["serve", "--build", build_dir, "--site", "blog", "--addr", "127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("--site blog"), "{}", stderr(&refused));
    fs::write(build.path().join("docs/current"), "nonsense").unwrap();
    let refused = output(&["serve", "--build", build_dir, "--addr", "127.0.0.1:0"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("site `docs` is refused"), "{}", stderr(&refused));
}

#[test]
fn only_the_sites_that_were_chosen() {
    let build = tempfile::tempdir().unwrap();
    for site in ["docs", "app", "blog"] {
        commit(build.path(), &image(site, 1));
    }
    let serving = serve(build.path(), &["--site", "docs", "--site", "app", "--prod"]);
    for (target, expected) in [("/docs/", 200), ("/app/", 200), ("/blog/", 404), ("/", 404)] {
        assert_eq!(serving.connect().ask("GET", target, &[]).status, expected, "{target}");
    }
}

#[test]
fn timeouts_by_flag() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &with_download(image("docs", 1), 64 << 20));
    let flags = ["--header-timeout", "1s", "--write-timeout", "1s", "--idle-timeout", "1s"];
    let mut serving = serve(build.path(), &[&flags[..], &["--grace", "10m"]].concat());
    let mut head = serving.connect();
    head.send("GET /docs/ HTTP/1.1\r\n");
    assert_eq!(head.receive("GET").unwrap().status, 408);
    let mut idle = serving.connect();
    assert_eq!(idle.ask("GET", "/docs/", &[]).status, 200);
    assert!(idle.is_closed());
    let mut reader = serving.connect();
    reader.send(request("GET", "/docs/download", &[]));
    reader.reader.fill_buf().unwrap();
    // Waiting ends long before the grace does, because the reader is let go.
    serving.signal("-TERM");
    assert!(serving.wait().success());
    let mut rest = Vec::new();
    let _ = reader.reader.read_to_end(&mut rest);
    assert!(rest.len() < 64 << 20);
}

#[test]
fn a_new_connection_takes_the_place_of_the_longest_idle() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &with_download(image("docs", 1), 64 << 20));
    // Each core looks among its own, so there is one.
    let serving = serve(build.path(), &["--threads", "1", "--max-connections", "2"]);
    let download = |connection: &mut Connection| {
        connection.send(request("GET", "/docs/download", &[]));
        connection.reader.fill_buf().unwrap();
    };
    let [mut idle, mut busy] = [serving.connect(), serving.connect()];
    assert_eq!(idle.ask("GET", "/docs/", &[]).status, 200);
    download(&mut busy);
    // Not at once: its next request may be on its way.
    let mut new = serving.connect();
    wait_until(|| {
        let _ = new.stream.write_all(request("HEAD", "/docs/", &[]).as_bytes());
        let answered = new.receive("HEAD").is_some_and(|reply| reply.status == 200);
        if !answered {
            new = serving.connect();
        }
        answered
    });
    assert!(idle.is_closed());
    // Who is being answered keeps its place.
    download(&mut new);
    assert_eq!(serving.connect().receive("GET").unwrap().status, 503);
    assert_eq!(busy.receive("GET").unwrap().body.len(), 64 << 20);
    let json = output(&["stats", "--json", "--build", build.path().to_str().unwrap()]);
    let report: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(report["refused"]["idle_connections"], 1);
}

#[test]
fn a_flood_of_connections_neither_stops_nor_spins() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &image("docs", 1));
    // More connections than descriptors: some are told so, and at last not even that is possible.
    let mut serving = serve_with(build.path(), &["--threads", "1"], Some(110));
    let flood: Vec<_> = (0..200).map(|_| serving.connect()).collect();
    serving.wait_for(|event| event["message"].as_str().is_some_and(|text| text.starts_with("cannot accept")));
    drop(flood);
    let mut answered = serving.connect();
    // Those that were refused keep their descriptors for a moment.
    loop {
        // One that was refused may be closed before it can ask.
        let _ = answered.stream.write_all(request("GET", "/docs/", &[]).as_bytes());
        match answered.receive("GET") {
            Some(reply) if reply.status == 200 => break,
            _ => answered = serving.connect(),
        }
    }
    let tellings = serving.log.try_iter().filter(|event| event["level"] == "ERROR").count();
    assert!(tellings < 10, "{tellings}");
}

// ---------------------------------------------------------------------------------------------------------------------
// New generations

#[test]
fn swaps_under_load_fail_no_request() {
    const SITES: [&str; 3] = ["docs", "studio", "app"];
    const GENERATIONS: usize = 12;
    let build = tempfile::tempdir().unwrap();
    for site in SITES {
        commit(build.path(), &image(site, 0));
    }
    let mut serving = serve(build.path(), &["--threads", "2"]);
    let address = serving.address;
    let done = AtomicBool::new(false);
    let (asked, last) = thread::scope(|scope| {
        let clients: Vec<_> = (0..6)
            .map(|number| {
                let done = &done;
                scope.spawn(move || {
                    let mut asked = 0;
                    while !done.load(SeqCst) {
                        let mut connection = Connection::to(address);
                        for turn in 0..50 {
                            let site = SITES[(number + turn) % SITES.len()];
                            let coding = if turn % 2 == 0 { "gzip" } else { "identity" };
                            let reply = connection.ask("GET", &format!("/{site}/"), &[("Accept-Encoding", coding)]);
                            assert_eq!(reply.status, 200);
                            let generation = reply.field("x-generation").unwrap();
                            let text = reply.text().strip_prefix("generation ").unwrap();
                            assert_eq!(text.split(' ').next(), Some(generation), "field and body of two generations");
                            asked += 1;
                        }
                    }
                    asked
                })
            })
            .collect();
        // Whatever happens to this thread, the clients end.
        let end = OnDrop(&done);
        let mut last = Vec::new();
        for generation in 1..=GENERATIONS {
            last = SITES.map(|site| commit(build.path(), &image(site, generation))).to_vec();
            // Each second generation overtakes the one before, which may never be seen.
            if generation % 2 == 0 {
                for generation in &last {
                    serving.is_live(generation);
                }
            }
        }
        drop(end);
        (clients.into_iter().map(|client| client.join().unwrap()).sum::<usize>(), last)
    });
    assert!(asked >= 300 && last.len() == SITES.len());
    for site in SITES {
        let reply = serving.connect().ask("GET", &format!("/{site}/"), &[]);
        assert_eq!(reply.field("x-generation"), Some(GENERATIONS.to_string().as_str()));
    }
    serving.signal("-TERM");
    assert!(serving.wait().success());
}

struct OnDrop<'a>(&'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

#[test]
fn a_broken_generation_is_refused_and_the_one_before_serves_on() {
    let build = tempfile::tempdir().unwrap();
    let good = commit(build.path(), &image("docs", 1));
    let mut serving = serve(build.path(), &[]);
    let docs = build.path().join("docs");
    let mut bytes = fs::read(docs.join(format!("{good}.bundle"))).unwrap();
    let broken = "0123456789abcdef0123456789abcdef";
    bytes.truncate(bytes.len() / 2);
    fs::write(docs.join(format!("{broken}.bundle")), &bytes).unwrap();
    fs::write(docs.join("new"), format!("{broken}\n")).unwrap();
    fs::rename(docs.join("new"), docs.join("current")).unwrap();
    let refusal = serving.wait_for(|event| event["level"] == "ERROR");
    assert_eq!(refusal["site"], "docs");
    assert!(refusal["reason"].as_str().unwrap().contains(broken), "{refusal}");
    assert_eq!(serving.connect().ask("GET", "/docs/", &[]).field("x-generation"), Some("1"));
    let next = commit(build.path(), &image("docs", 2));
    serving.is_live(&next);
    assert_eq!(serving.connect().ask("GET", "/docs/", &[]).field("x-generation"), Some("2"));
}

#[test]
fn sites_come_and_go() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &image("docs", 1));
    let mut serving = serve(build.path(), &[]);
    assert_eq!(serving.connect().ask("GET", "/blog/", &[]).status, 404);
    let blog = commit(build.path(), &image("blog", 1));
    serving.is_live(&blog);
    assert_eq!(serving.connect().ask("GET", "/blog/", &[]).status, 200);
    fs::remove_dir_all(build.path().join("blog")).unwrap();
    serving.wait_for(|event| event["message"] == "gone" && event["site"] == "blog");
    assert_eq!(serving.connect().ask("GET", "/blog/", &[]).status, 404);
    let again = commit(build.path(), &image("blog", 2));
    serving.is_live(&again);
    assert_eq!(serving.connect().ask("GET", "/blog/", &[]).field("x-generation"), Some("2"));
}

#[test]
fn a_request_keeps_the_generation_it_began_with() {
    let build = tempfile::tempdir().unwrap();
    let len = 64 << 20;
    commit(build.path(), &with_download(image("docs", 1), len));
    let mut serving = serve(build.path(), &[]);
    let mut download = serving.connect();
    download.send(request("GET", "/docs/download", &[]));
    download.reader.fill_buf().unwrap();
    for generation in 2..6 {
        let committed = commit(build.path(), &image("docs", generation));
        serving.is_live(&committed);
    }
    assert_eq!(serving.connect().ask("GET", "/docs/download", &[]).status, 404);
    let reply = download.receive("GET").unwrap();
    assert!(reply.status == 200 && reply.body.len() == len && reply.body.iter().all(|&byte| byte == b'x'));
}

// ---------------------------------------------------------------------------------------------------------------------
// What the server is doing

#[test]
fn stats_over_the_local_socket_and_the_admin_address() {
    let build = tempfile::tempdir().unwrap();
    let generation = commit(build.path(), &image("docs", 1));
    let build_dir = build.path().to_str().unwrap();
    let mut serving = serve(build.path(), &["--admin-addr", "127.0.0.1:0"]);
    let admin = serving.admin();
    let mut connection = serving.connect();
    for coding in ["gzip", "gzip", "identity"] {
        assert_eq!(connection.ask("GET", "/docs/", &[("Accept-Encoding", coding)]).status, 200);
    }
    assert_eq!(connection.ask("GET", "/docs/nope", &[]).status, 404);
    // Counted when it was sent, so the next answer on the same connection comes after the count.
    connection.ask("GET", "/nowhere", &[]);

    for place in [&["--build", build_dir][..], &["--addr", &admin.to_string()]] {
        let json = output(&[&["stats", "--json"], place].concat());
        assert!(json.status.success(), "{}", stderr(&json));
        let report: Value = serde_json::from_slice(&json.stdout).unwrap();
        let docs = report["sites"].as_array().unwrap().iter().find(|site| site["site"] == "docs").unwrap();
        assert_eq!(docs["generation"], generation);
        assert_eq!(
            (&docs["requests"], &docs["statuses"]["2xx"], &docs["statuses"]["4xx"]),
            (&4.into(), &3.into(), &1.into())
        );
        assert_eq!((&docs["codings"]["gzip"], &docs["codings"]["identity"]), (&2.into(), &1.into()));
        assert_eq!((&docs["cache"]["hits"], &docs["cache"]["misses"]), (&3.into(), &0.into()));
        assert_eq!(report["connections"]["open"], 1);
        let table = output(&[&["stats"], place].concat());
        let table = String::from_utf8(table.stdout).unwrap();
        assert!(table.contains("docs") && table.contains("p99") && !table.contains('\x1b'), "{table}");
    }
    let metrics = Connection::to(admin).ask("GET", "/metrics", &[]);
    assert!(metrics.text().contains("sitekit_requests_total{site=\"docs\",status=\"2xx\"} 3\n"), "{}", metrics.text());
    assert_eq!(metrics.field("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    // Off the public listener.
    assert_eq!(serving.connect().ask("GET", "/metrics", &[]).status, 404);
}

/// In bytes: the pages of the map that are in memory.
#[cfg(target_os = "linux")]
fn mapped_pages_in_memory(serving: &Serving) -> u64 {
    let maps = fs::read_to_string(format!("/proc/{}/smaps", serving.child.id())).unwrap();
    let (mut in_bundle, mut kilobytes) = (false, 0);
    for line in maps.lines() {
        let first = line.split_ascii_whitespace().next().unwrap_or("");
        if !first.ends_with(':') {
            in_bundle = line.ends_with(".bundle");
        } else if let Some(resident) = line.strip_prefix("Rss:").filter(|_| in_bundle) {
            kilobytes += resident.trim().trim_end_matches(" kB").parse::<u64>().unwrap();
        }
    }
    kilobytes * 1024
}

/// Guards against touching a bundle's pages in a way that the compiler may leave out.
#[cfg(target_os = "linux")]
#[test]
fn a_bundle_that_fits_is_in_memory_before_it_goes_live() {
    const LENGTH: usize = 48 << 20;
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &with_download(image("docs", 1), LENGTH));
    assert!(mapped_pages_in_memory(&serve(build.path(), &[])) >= LENGTH as u64);
    // One that does not fit is left where it is.
    let small = serve(build.path(), &["--cache-size", "8MB"]);
    assert!(mapped_pages_in_memory(&small) < LENGTH as u64 / 2);
    assert_eq!(small.connect().ask("GET", "/docs/download", &[]).body.len(), LENGTH);
}

/// The disk takes back what it gave: the one who asked for it learns, and no one else.
#[cfg(target_os = "linux")]
#[test]
fn a_body_that_cannot_be_read_is_an_error_and_not_the_end() {
    let build = tempfile::tempdir().unwrap();
    let mut larger_than_memory = with_download(image("docs", 1), 16 << 20);
    let (page, download) = (SitePath::parse("/page").unwrap(), SitePath::parse("/download").unwrap());
    let mut small = larger_than_memory.routes[&download].clone();
    small.bodies[0].bytes = Bytes::from(vec![b'y'; 4096]);
    larger_than_memory.routes.insert(page, small);
    let generation = commit(build.path(), &larger_than_memory);
    let mut serving = serve(build.path(), &["--cache-size", "8MB"]);
    assert_eq!(serving.connect().ask("GET", "/docs/", &[]).status, 200);
    // The tables stay, all other bodies go.
    let bundle = build.path().join("docs").join(format!("{generation}.bundle"));
    fs::File::options().write(true).open(bundle).unwrap().set_len(4096).unwrap();
    assert_eq!(serving.connect().ask("HEAD", "/docs/page", &[]).status, 200);
    assert_eq!(serving.connect().ask("GET", "/docs/page", &[]).status, 500);
    serving.wait_for(|event| event["message"] == "reading a body failed");
    assert_eq!(serving.connect().ask("GET", "/docs/nope", &[]).status, 404);
}

#[test]
fn no_server_to_ask() {
    let build = tempfile::tempdir().unwrap();
    let build_dir = build.path().to_str().unwrap();
    let asked = output(&["stats", "--build", build_dir]);
    assert_eq!(asked.status.code(), Some(2));
    assert!(stderr(&asked).contains("no server answers") && stderr(&asked).contains("`sitekit serve` starts one"));
    // Left behind by a server that was killed: no one answers, and the next server takes its place.
    commit(build.path(), &image("docs", 1));
    let mut killed = serve(build.path(), &[]);
    killed.signal("-KILL");
    killed.wait();
    assert!(build.path().join("sitekit.sock").exists());
    assert_eq!(output(&["stats", "--build", build_dir]).status.code(), Some(2));
    let _next = serve(build.path(), &[]);
    assert!(output(&["stats", "--build", build_dir]).status.success());
}

#[cfg(unix)]
#[test]
fn the_local_socket_is_the_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &image("docs", 1));
    let _serving = serve(build.path(), &[]);
    let socket = build.path().join("sitekit.sock");
    assert_eq!(fs::metadata(socket).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn counting_can_be_turned_off() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &image("docs", 1));
    let serving = serve(build.path(), &["--no-metrics"]);
    let mut connection = serving.connect();
    for _ in 0..3 {
        assert_eq!(connection.ask("GET", "/docs/", &[]).status, 200);
    }
    let json = output(&["stats", "--json", "--build", build.path().to_str().unwrap()]);
    let report: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&report["total"]["requests"], &report["connections"]["open"]), (&0.into(), &1.into()));
}

// ---------------------------------------------------------------------------------------------------------------------
// Health

/// The status and text of `/healthz` and `/readyz` at the admin address.
fn health(admin: SocketAddr) -> [(u16, String); 2] {
    ["/healthz", "/readyz"].map(|path| {
        let reply = Connection::to(admin).ask("GET", path, &[]);
        (reply.status, reply.text().trim_end().to_owned())
    })
}

#[test]
fn a_load_balancer_learns_when_to_send_visitors() {
    let build = tempfile::tempdir().unwrap();
    commit(build.path(), &with_download(image("docs", 1), 64 << 20));
    commit(build.path(), &image("blog", 1));
    let mut serving = serve(build.path(), &["--admin-addr", "127.0.0.1:0", "--site", "docs,blog"]);
    let admin = serving.admin();
    let alive = (200, "alive".to_owned());
    assert_eq!(health(admin), [alive.clone(), (200, "ready".to_owned())]);
    let json = Connection::to(admin).ask("GET", "/readyz.json", &[]);
    let ready: Value = serde_json::from_str(json.text()).unwrap();
    assert_eq!(
        (json.status, &ready["ready"], &ready["live"]),
        (200, &Value::Bool(true), &serde_json::json!(["blog", "docs"]))
    );
    // A site that was asked for is gone.
    fs::remove_file(build.path().join("blog/current")).unwrap();
    serving.wait_for(|event| event["message"] == "gone");
    assert_eq!(health(admin), [alive.clone(), (503, "missing: blog".to_owned())]);
    let mut download = serving.connect();
    download.send(request("GET", "/docs/download", &[]));
    download.reader.fill_buf().unwrap();
    serving.signal("-TERM");
    serving.wait_for(|event| event["message"].as_str().is_some_and(|text| text.starts_with("stopping")));
    let [healthy, ready] = health(admin);
    assert_eq!((healthy, ready), (alive, (503, "draining".to_owned())));
    assert_eq!(download.receive("GET").unwrap().status, 200);
    assert!(serving.wait().success());
}

// ---------------------------------------------------------------------------------------------------------------------
// A bundle that does not fit in memory

/// A site of `count` pages of 20 KB, of which those from `changed` on tell their generation.
fn large_image(generation: usize, count: usize, changed: usize) -> SiteImage {
    let mut image = image("docs", generation);
    for number in 0..count {
        let generation = if number < changed { 0 } else { generation };
        let text = format!("page {number} of {generation} ").repeat(1000);
        let page = Response {
            status: 200,
            fields: vec![Field::new("content-type", "text/plain")],
            bodies: vec![EncodedBody { coding: Coding::Identity, bytes: text.into() }],
        };
        image.routes.insert(SitePath::parse(&format!("/{number}")).unwrap(), page);
    }
    image
}

fn cache(build: &Path) -> Value {
    let json = output(&["stats", "--json", "--build", build.to_str().unwrap()]);
    serde_json::from_slice::<Value>(&json.stdout).unwrap()["total"]["cache"].clone()
}

#[track_caller]
fn wait_for_cache(build: &Path, what: &str, count: u64) {
    let begun = std::time::Instant::now();
    while cache(build)[what] != count {
        assert!(begun.elapsed() < PATIENCE, "{what} never was {count}: {}", cache(build));
    }
}

#[test]
fn what_is_asked_for_is_read_before_it_is_asked_for_again() {
    let build = tempfile::tempdir().unwrap();
    let arguments = ["--cache-size", "4MB", "--cache-shards", "1", "--threads", "1"];
    commit(build.path(), &large_image(1, 400, 2));
    let mut serving = serve(build.path(), &arguments);
    for page in ["/docs/1", "/docs/2", "/docs/3"] {
        assert_eq!(serving.connect().ask("GET", page, &[]).status, 200);
    }
    wait_for_cache(build.path(), "misses", 3);
    // Two of the three are replaced: they are dropped, and read in their new form.
    serving.is_live(&commit(build.path(), &large_image(2, 400, 2)));
    wait_for_cache(build.path(), "warmed", 2);
    for (page, text) in [("/docs/1", "page 1 of 0"), ("/docs/2", "page 2 of 2"), ("/docs/3", "page 3 of 2")] {
        assert!(serving.connect().ask("GET", page, &[]).text().starts_with(text), "{page}");
    }
    wait_for_cache(build.path(), "hits", 3);
    assert_eq!(cache(build.path())["misses"], 3);
    serving.signal("-TERM");
    assert!(serving.wait().success());
    // The next start knows what was asked for.
    let serving = serve(build.path(), &arguments);
    wait_for_cache(build.path(), "warmed", 3);
    assert_eq!(serving.connect().ask("GET", "/docs/3", &[]).status, 200);
    wait_for_cache(build.path(), "hits", 1);
    assert_eq!(cache(build.path())["misses"], 0);
}

//! `sitekit dev --json` as an editor runs it: what it says is read line by line, and what it serves is asked for.

use std::{
    collections::VecDeque,
    fs,
    io::{BufRead, BufReader, Read},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    client::{Connection, PATIENCE, Reply},
    sitekit,
};

/// A project with a session.
pub(crate) struct Session {
    pub(crate) folder: tempfile::TempDir,
    process: Child,
    lines: mpsc::Receiver<Value>,
    /// Events that were read, and not looked at yet.
    read: VecDeque<Value>,
    pub(crate) address: SocketAddr,
    pub(crate) url: String,
}

impl Session {
    pub(crate) fn start(files: &[(&str, &str)]) -> Self {
        Self::start_in(crate::project(files), &[])
    }

    pub(crate) fn start_in(folder: tempfile::TempDir, args: &[&str]) -> Self {
        let all: Vec<&str> =
            ["dev", "--json", "--addr", "127.0.0.1:0"].into_iter().chain(args.iter().copied()).collect();
        Self::start_with(folder, sitekit(Path::new("."), &all))
    }

    pub(crate) fn start_with(folder: tempfile::TempDir, mut command: std::process::Command) -> Self {
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut process = command.spawn().unwrap();
        let stdout = process.stdout.take().unwrap();
        let (send, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?} is no JSON"));
                if send.send(event).is_err() {
                    return;
                }
            }
        });
        let address = ([127, 0, 0, 1], 0).into();
        let mut session = Self { folder, process, lines, read: VecDeque::new(), address, url: String::new() };
        let listening = session.event("listening", |_| true);
        listening["url"].as_str().unwrap().clone_into(&mut session.url);
        let host = session.url.trim_end_matches('/').rsplit('/').next().unwrap().to_owned();
        session.address = host.parse().unwrap();
        session
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Waits for an event; those before it are forgotten.
    #[track_caller]
    pub(crate) fn event(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        let mut seen = Vec::new();
        loop {
            let next = self.read.pop_front().or_else(|| self.lines.recv_timeout(Duration::from_millis(100)).ok());
            if let Some(event) = next {
                if event["event"] == kind && wanted(&event) {
                    return event;
                }
                seen.push(event);
            }
            assert!(begun.elapsed() < PATIENCE, "no `{kind}` came, but {seen:#?}");
        }
    }

    /// Waits until nothing has happened for so long, and gives what happened until then.
    pub(crate) fn quiet(&mut self, time: Duration) -> Vec<Value> {
        let mut seen: Vec<Value> = self.read.drain(..).collect();
        let begun = Instant::now();
        loop {
            match self.lines.recv_timeout(time) {
                Ok(event) => seen.push(event),
                Err(RecvTimeoutError::Timeout) => return seen,
                Err(RecvTimeoutError::Disconnected) => panic!("the session ended after {seen:#?}"),
            }
            assert!(begun.elapsed() < PATIENCE, "it never rests: {seen:#?}");
        }
    }

    /// Asks as a browser does, by the name of this machine.
    pub(crate) fn ask(&self, method: &str, target: &str, fields: &[(&str, &str)]) -> Reply {
        let mut connection = Connection::to(self.address);
        let lines = fields.iter().flat_map(|&(name, value)| [name, ": ", value, "\r\n"]).collect::<String>();
        let host = if fields.iter().any(|(name, _)| *name == "Host") { "" } else { "Host: localhost\r\n" };
        connection.send(format!("{method} {target} HTTP/1.1\r\n{host}{lines}\r\n"));
        connection.receive(method).expect("an answer")
    }

    pub(crate) fn get(&self, target: &str) -> String {
        self.ask("GET", target, &[]).text().to_owned()
    }

    /// Waits until `target` is answered with a text that has `part`.
    #[track_caller]
    pub(crate) fn serves(&self, target: &str, part: &str) {
        let begun = Instant::now();
        loop {
            let text = self.get(target);
            if text.contains(part) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{target} never has {part:?}: {text}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// What open pages of a site hear from now on.
    pub(crate) fn messages(&self, query: &str) -> Messages {
        let mut connection = Connection::to(self.address);
        connection.send(format!("GET /@sitekit//events?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        Messages { reader: connection.reader }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn kill(mut self) -> tempfile::TempDir {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }

    /// Asks it to end, and gives its exit status.
    pub(crate) fn stop(&mut self) -> i32 {
        let sent = std::process::Command::new("kill").args(["-INT", &self.process.id().to_string()]).status().unwrap();
        assert!(sent.success());
        self.process.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

pub(crate) struct Messages {
    reader: BufReader<TcpStream>,
}

impl Messages {
    /// The next message of this type.
    #[track_caller]
    pub(crate) fn next(&mut self, kind: &str) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.reader.read_line(&mut line).unwrap() > 0, "the stream ended before `{kind}` came");
            let Some(data) = line.strip_prefix("data: ") else { continue };
            let message: Value = serde_json::from_str(data).unwrap();
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// Reads to the end.
    pub(crate) fn end(mut self) {
        let mut rest = Vec::new();
        // A reset is an end, too.
        drop(self.reader.read_to_end(&mut rest));
    }
}

//! A development server, and a page of it that is open in a browser. What the page sees it tells by asking this program for
//! it, so that nothing of the browser's own tools is between.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};

use crate::{
    peer,
    process::{Process, free_address},
};

/// For a page to be there, and for a save to be seen.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sitekit,
    Vite,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sitekit => "sitekit",
            Self::Vite => "Vite",
        }
    }

    /// The program and what it says of its version, when it is there.
    pub(super) fn find(self, sitekit: Option<&Path>) -> Option<(Server, String)> {
        match self {
            Self::Sitekit => {
                let binary = peer::sitekit(sitekit)?;
                let version = peer::version(&binary, "--version");
                Some((Server { kind: self, binary, script: None }, version))
            }
            Self::Vite => {
                let (binary, script, version) = peer::vite(Path::new(peer::FROM_NPM))?;
                Some((Server { kind: self, binary, script: Some(script) }, version))
            }
        }
    }
}

#[derive(Debug)]
pub(super) struct Server {
    pub(super) kind: Kind,
    binary: PathBuf,
    /// What the program is to run, where it is not the server itself.
    script: Option<PathBuf>,
}

impl Server {
    fn command(&self, folder: &Path, address: SocketAddr) -> Command {
        let mut command = Command::new(&self.binary);
        command.current_dir(folder).args(&self.script);
        match self.kind {
            Kind::Sitekit => command.args(["dev", "--addr", &address.to_string()]),
            Kind::Vite => command
                .arg(folder.join("sites/app"))
                .args(["--base", "/app/", "--host", "127.0.0.1", "--strictPort", "--port"])
                .arg(address.port().to_string()),
        };
        command
    }
}

/// A page that is open.
pub(super) struct Page {
    told: Receiver<(String, Instant)>,
    server: Process,
    _browser: Process,
    _profile: tempfile::TempDir,
}

impl Page {
    /// Starts the server in `folder` and opens its page. `write` makes the site, which tells the address what it sees.
    pub(super) fn open(
        server: &Server,
        folder: &Path,
        write: impl FnOnce(SocketAddr) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("an address for the page")?;
        write(listener.local_addr()?)?;
        let (sender, told) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut reader = BufReader::new(stream);
                let mut line = String::new();
                // A browser may open a connection and ask for nothing.
                while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                    let asked = line.strip_prefix("GET /").and_then(|rest| rest.split(' ').next());
                    if let Some(what) = asked
                        && sender.send((what.to_owned(), Instant::now())).is_err()
                    {
                        return;
                    }
                    if line == "\r\n" {
                        break;
                    }
                    line.clear();
                }
                // It hears it or not.
                drop(reader.get_mut().write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"));
            }
        });
        let address = free_address()?;
        let process = Process::start(&mut server.command(folder, address))?;
        let deadline = Instant::now() + PATIENCE;
        while std::net::TcpStream::connect(address).is_err() {
            if process.ended() || Instant::now() > deadline {
                bail!("it does not listen: {}", process.said());
            }
            thread::sleep(Duration::from_millis(20));
        }
        let profile = tempfile::tempdir()?;
        let browser =
            peer::find("chromium").or_else(|| peer::find("google-chrome")).context("Chromium is not on PATH")?;
        let mut command = Command::new(browser);
        command.args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--remote-debugging-port=0",
        ]);
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg(format!("http://{address}/app/"));
        let browser = Process::start(&mut command)?;
        let page = Self { told, server: process, _browser: browser, _profile: profile };
        page.until("none")?;
        // Whatever is left to be told at first.
        thread::sleep(Duration::from_secs(1));
        while page.told.try_recv().is_ok() {}
        Ok(page)
    }

    /// From the write of a file to the page having seen `mark`, in milliseconds.
    pub(super) fn save(&self, file: &Path, text: &str, mark: &str) -> anyhow::Result<f64> {
        let started = Instant::now();
        fs::write(file, text)?;
        Ok(self.until(mark)?.duration_since(started).as_secs_f64() * 1000.0)
    }

    fn until(&self, mark: &str) -> anyhow::Result<Instant> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.told.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok((what, when)) if what.starts_with(mark) => return Ok(when),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    bail!("the page never sees {mark:?}: {}", self.server.said())
                }
            }
        }
    }
}

//! The servers under test: how each is started, at its best, and ended. Each gets the server's core, a port of its own
//! on loopback, and the same files.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};

use super::{
    client::{self, Answer},
    cpu::CpuTime,
    site::{self, Kind},
};
use crate::{
    pin::Pinned,
    process::{PATIENCE, Process, free_address},
};

/// A server that answers; ended when dropped.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) name: String,
    pub(super) addr: SocketAddr,
    process: Process,
    /// Where it has the 20 KB page.
    page: &'static str,
    /// Its own validator of the 4 KB file.
    etag: String,
}

impl Server {
    /// sitekit on a bundle that exists already.
    pub(super) fn sitekit(binary: &Path, out: &Path, metrics: bool, core: usize) -> anyhow::Result<Self> {
        let addr = free_address()?;
        let mut command = Command::new(binary);
        command.arg("serve").arg("--prod").arg("--build").arg(out);
        command.arg("--addr").arg(addr.to_string()).arg("--threads").arg("1");
        if !metrics {
            command.arg("--no-metrics");
        }
        let name = if metrics { "sitekit" } else { "sitekit --no-metrics" };
        Self::start(name, command, addr, "/bench/page/", core)
    }

    /// nginx with the committed configuration. `scratch` is a folder of its own.
    pub(super) fn nginx(binary: &Path, scratch: &Path, root: &Path, way: Sending, core: usize) -> anyhow::Result<Self> {
        let addr = free_address()?;
        let (sendfile, nopush, name) = match way {
            Sending::Write => ("off", "off", "nginx"),
            Sending::Sendfile => ("on", "off", "nginx sendfile"),
            Sending::SendfileNopush => ("on", "on", "nginx sendfile tcp_nopush"),
        };
        let config = include_str!("../../peers/nginx.conf")
            .replace("{{sendfile}}", sendfile)
            .replace("{{tcp_nopush}}", nopush)
            .replace("{{page}}", INDEX)
            .replace("{{root}}", &root.display().to_string())
            .replace("{{port}}", &addr.port().to_string());
        fs::create_dir_all(scratch)?;
        let file = scratch.join("nginx.conf");
        fs::write(&file, config)?;
        let mut command = Command::new(binary);
        command.arg("-p").arg(scratch).arg("-c").arg(&file).arg("-e").arg(scratch.join("error.log"));
        Self::start(name, command, addr, INDEX, core)
    }

    /// Caddy's file server. `scratch` is a folder of its own.
    pub(super) fn caddy(binary: &Path, scratch: &Path, root: &Path, core: usize) -> anyhow::Result<Self> {
        let addr = free_address()?;
        let config = include_str!("../../peers/Caddyfile")
            .replace("{{root}}", &root.display().to_string())
            .replace("{{port}}", &addr.port().to_string());
        fs::create_dir_all(scratch)?;
        let file = scratch.join("Caddyfile");
        fs::write(&file, config)?;
        let mut command = Command::new(binary);
        command.arg("run").arg("--adapter").arg("caddyfile").arg("--config").arg(&file);
        command
            .env("HOME", scratch)
            .env("XDG_DATA_HOME", scratch)
            .env("XDG_CONFIG_HOME", scratch)
            .env("GOMAXPROCS", "1");
        Self::start("Caddy", command, addr, INDEX, core)
    }

    /// The constant answers, given out in turn by the raw loop or through hyper.
    pub(super) fn floor(answers: &[PathBuf], hyper: bool, core: usize) -> anyhow::Result<Self> {
        let addr = free_address()?;
        let mut command = Command::new(std::env::current_exe().context("finding this program")?);
        command.arg("floor").arg("--addr").arg(addr.to_string());
        for answer in answers {
            command.arg("--answer").arg(answer);
        }
        if hyper {
            command.arg("--hyper");
        }
        let process = pinned(command, core).context("starting the floor")?;
        let name = if hyper { "hyper, constant answer" } else { FLOOR };
        let server = Self { name: name.to_owned(), addr, process, page: INDEX, etag: String::new() };
        server.await_answer()?;
        Ok(server)
    }

    /// The request of that kind, as this server must be asked.
    pub(super) fn request(&self, kind: Kind) -> Vec<u8> {
        kind.request(self.page, &self.etag)
    }

    /// Asks once.
    ///
    /// # Errors
    /// When the answer has another status than its kind, or a coding that the kind does not have.
    pub(super) fn probe(&self, kind: Kind) -> anyhow::Result<Answer> {
        let answer = client::ask(self.addr, &self.request(kind)).with_context(|| format!("asking {}", self.name))?;
        ensure!(
            answer.head.status == kind.status(),
            "{} answers {} to {kind:?}, expected {}",
            self.name,
            answer.head.status,
            kind.status()
        );
        let coding = answer.field("content-encoding");
        let wanted = (kind == Kind::Page).then_some("gzip");
        ensure!(kind == Kind::Missing || coding == wanted, "{} codes {kind:?} as {coding:?}", self.name);
        Ok(answer)
    }

    pub(super) fn cpu_time(&self) -> anyhow::Result<CpuTime> {
        CpuTime::of_tree(self.process.id()).with_context(|| format!("reading the CPU time of {}", self.name))
    }

    fn start(name: &str, command: Command, addr: SocketAddr, page: &'static str, core: usize) -> anyhow::Result<Self> {
        let process = pinned(command, core).with_context(|| format!("starting {name}"))?;
        let mut server = Self { name: name.to_owned(), addr, process, page, etag: String::new() };
        server.await_answer()?;
        let etag = server.probe(Kind::File)?.field("etag").map(str::to_owned);
        server.etag = etag.with_context(|| format!("{name} sends no ETag"))?;
        Ok(server)
    }

    /// Returns when it answers anything at all.
    fn await_answer(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match client::ask(self.addr, &self.request(Kind::File)) {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > deadline => {
                    return Err(error.context(format!("{} does not answer: {}", self.name, self.process.said())));
                }
                Err(_) if self.process.ended() => bail!("{} ended at once: {}", self.name, self.process.said()),
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

/// The name of the raw loop among the servers.
pub(super) const FLOOR: &str = "raw epoll loop";

/// Where a plain file server has the page.
const INDEX: &str = "/bench/page/index.html";

/// How nginx sends a body. Which is best depends on kernel and size, so all are measured.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sending {
    Write,
    Sendfile,
    SendfileNopush,
}

impl Sending {
    pub(super) const ALL: [Self; 3] = [Self::Write, Self::Sendfile, Self::SendfileNopush];
}

/// Starts a server on its core.
fn pinned(mut command: Command, core: usize) -> anyhow::Result<Process> {
    let _pinned = Pinned::to(core)?;
    Process::start(&mut command)
}

/// The folder a plain file server gets: the site, with `gzip` beside the page.
pub(super) fn static_root(sites: &Path, gzip: Option<&[u8]>) -> anyhow::Result<()> {
    let page = sites.join(site::SITE).join("page/index.html");
    if let Some(bytes) = gzip {
        fs::write(page.with_extension("html.gz"), bytes)?;
    } else {
        let status = Command::new("gzip").arg("-9nk").arg(&page).status().context("running gzip")?;
        ensure!(status.success(), "gzip failed on {}", page.display());
    }
    Ok(())
}

//! The server of a soak: the real binary with settings that are tight enough to be reached, and a file of them that is
//! changed under it.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use nix::sys::signal::Signal;
use tokio_rustls::rustls::pki_types::CertificateDer;

use super::door::HOST;
use crate::{
    metrics::Metrics,
    process::{PATIENCE, Process, free_address},
};

/// What the settings allow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) connections: u32,
    pub(super) per_address: u32,
    pub(super) write_timeout: Duration,
}

#[derive(Debug)]
pub(super) struct Server {
    pub(super) plain: SocketAddr,
    pub(super) tls: SocketAddr,
    pub(super) admin: SocketAddr,
    pub(super) certificate: CertificateDer<'static>,
    pub(super) bounds: Bounds,
    process: Process,
    settings: PathBuf,
    build: PathBuf,
    scratch: PathBuf,
}

/// Contents of the settings file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variant {
    /// As at the start.
    First,
    /// Some limits differ.
    Second,
    /// With a mistake: the server must say so and go on as it is.
    Broken,
}

impl Server {
    /// Serves what is in `build`; `good` connections must be possible beside all abuse.
    pub(super) fn start(binary: &Path, scratch: &Path, build: &Path, good: u32) -> anyhow::Result<Self> {
        let (plain, tls, admin) = (free_address()?, free_address()?, free_address()?);
        let bounds = Bounds { connections: good + 400, per_address: good + 40, write_timeout: Duration::from_secs(4) };
        let made = rcgen::generate_simple_self_signed([HOST.to_owned()]).context("a certificate")?;
        fs::write(scratch.join("chain.pem"), made.cert.pem())?;
        fs::write(scratch.join("key.pem"), made.signing_key.serialize_pem())?;
        let settings = scratch.join("sitekit.toml");
        let mut command = Command::new(binary);
        command.arg("serve").arg("--config").arg(&settings).current_dir(scratch);
        let certificate = made.cert.der().clone();
        fs::write(&settings, text(plain, tls, admin, build, scratch, bounds, Variant::First))?;
        let process = Process::start(&mut command).context("starting sitekit")?;
        let (build, scratch) = (build.to_owned(), scratch.to_owned());
        let server = Self { plain, tls, admin, certificate, bounds, process, settings, build, scratch };
        let deadline = Instant::now() + PATIENCE;
        while Metrics::read(admin).is_err() {
            ensure!(!server.process.ended(), "sitekit ended at once: {}", server.said());
            ensure!(Instant::now() < deadline, "sitekit does not answer: {}", server.said());
            thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// Changes the settings and asks for a reload.
    pub(super) fn reload(&self, variant: Variant) -> anyhow::Result<()> {
        let Self { plain, tls, admin, build, scratch, bounds, .. } = self;
        // By rename, so that a reload under way reads one or the other.
        let next = self.settings.with_extension("next");
        fs::write(&next, text(*plain, *tls, *admin, build, scratch, *bounds, variant))?;
        fs::rename(&next, &self.settings)?;
        self.process.signal(Signal::SIGHUP);
        Ok(())
    }

    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(super) fn ended(&self) -> bool {
        self.process.ended()
    }

    pub(super) fn said(&self) -> String {
        self.process.said()
    }

    /// Asks it to stop, and waits.
    pub(super) fn stop(&self) -> bool {
        self.process.signal(Signal::SIGTERM);
        let deadline = Instant::now() + PATIENCE * 2;
        while Instant::now() < deadline {
            if self.process.ended() {
                return true;
            }
            thread::sleep(Duration::from_millis(50));
        }
        false
    }
}

fn text(
    plain: SocketAddr,
    tls: SocketAddr,
    admin: SocketAddr,
    build: &Path,
    scratch: &Path,
    bounds: Bounds,
    variant: Variant,
) -> String {
    let Bounds { connections, per_address, write_timeout } = bounds;
    let (write_timeout, build, scratch) = (write_timeout.as_secs(), build.display(), scratch.display());
    let (idle_timeout, head, rate) = if variant == Variant::Second { (5, 12, 4) } else { (4, 16, 5) };
    let mistake = if variant == Variant::Broken { "no_such_key = true\n" } else { "" };
    format!(
        "prod = true\nlisten = [\"{plain}\", \"{tls} tls\"]\n{mistake}\n\
         [build]\nout = \"{build}\"\n\n\
         [admin]\naddress = \"{admin}\"\n\n\
         [tls]\nchain = \"{scratch}/chain.pem\"\nkey = \"{scratch}/key.pem\"\nredirect = false\n\n\
         [limits]\nconnections = {connections}\nconnections_per_address = {per_address}\nhandshake_timeout = \"2s\"\n\
         header_timeout = \"2s\"\nbody_timeout = \"2s\"\nidle_timeout = \"{idle_timeout}s\"\n\
         write_timeout = \"{write_timeout}s\"\ngrace = \"5s\"\nrequests = 20000\nstreams = 100\nresets = 200\n\
         head_bytes = \"{head}KB\"\nbody_bytes = \"16KB\"\n\n\
         [[rate_limit]]\nname = \"large\"\npaths = \"/soak/large.bin\"\nrequests = {rate}\n"
    )
}

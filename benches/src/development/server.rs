//! A development server under test, seen as a browser sees it: a page is asked for until it is what was saved.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};

use crate::{
    build::generator::{Generator, Work},
    proc,
    process::{Process, free_address},
};

/// For a first build, and for a page to be what it should be.
const PATIENCE: Duration = Duration::from_mins(20);

/// A server counts as idle when it has used less than a hundredth of a core for so long.
const REST: Duration = Duration::from_millis(500);

/// Between two looks at a page.
const LOOK: Duration = Duration::from_millis(1);

pub(super) const PAGE: &str = "measured.md";

pub(super) struct Server<'a> {
    generator: &'a Generator,
    process: Process,
    address: SocketAddr,
}

impl<'a> Server<'a> {
    /// Starts, and waits until the page answers; returns how long that took.
    pub(super) fn start(generator: &'a Generator, work: Work, out: &Path) -> anyhow::Result<(Self, Duration)> {
        let address = free_address()?;
        let mut command = generator.serve(work, address, out)?;
        let started = Instant::now();
        let server = Self { generator, process: Process::start(&mut command)?, address };
        server.until(&server.page_url(), "measured")?;
        Ok((server, started.elapsed()))
    }

    /// From the write of the page to its new text being served.
    pub(super) fn edit(&self, mark: &str) -> anyhow::Result<Duration> {
        let started = Instant::now();
        write_page(self.generator, mark)?;
        self.until(&self.page_url(), mark)?;
        Ok(started.elapsed())
    }

    /// From the write of the template around all pages to all these pages being served with what is new in it.
    pub(super) fn edit_template(&self, mark: &str, pages: &[String]) -> anyhow::Result<Duration> {
        let file = self.generator.base_template();
        let text = fs::read_to_string(&file)?;
        let before = text.split("<p hidden>").next().unwrap_or_default().to_owned();
        let before = before.split("</body>").next().unwrap_or_default().to_owned();
        let started = Instant::now();
        fs::write(&file, format!("{before}<p hidden>{mark}</p>\n</body>\n</html>\n"))?;
        for page in pages {
            self.until(&format!("{}{page}", self.generator.base()), mark)?;
        }
        Ok(started.elapsed())
    }

    /// Waits until it does nothing.
    pub(super) fn rest(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let before = proc::ticks(self.process.id())?;
            thread::sleep(REST);
            if proc::ticks(self.process.id())? == before {
                return Ok(());
            }
        }
        bail!("it never rests");
    }

    /// The CPU time it uses while nothing happens, in ticks.
    pub(super) fn idle(&self, time: Duration) -> anyhow::Result<u64> {
        let before = proc::ticks(self.process.id())?;
        thread::sleep(time);
        Ok(proc::ticks(self.process.id())? - before)
    }

    fn page_url(&self) -> String {
        format!("{}{}/", self.generator.base(), PAGE.trim_end_matches(".md"))
    }

    fn until(&self, url: &str, mark: &str) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // One that builds may not listen.
            if self.ask(url).is_ok_and(|text| text.contains(mark)) {
                return Ok(());
            }
            ensure!(!self.process.ended(), "it ended: {}", self.process.said());
            ensure!(Instant::now() < deadline, "{url} never has {mark:?}: {}", self.process.said());
            thread::sleep(LOOK);
        }
    }

    fn ask(&self, url: &str) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let head =
            format!("GET {url} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n", self.address.port());
        stream.write_all(head.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).context("an answer")?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

/// Writes the page that is measured as editors do that write in place.
pub(super) fn write_page(generator: &Generator, mark: &str) -> anyhow::Result<()> {
    let text = format!("+++\ntitle = \"Measured\"\n+++\n\n# A page\n\nThis page is measured: {mark}.\n");
    fs::write(page_file(generator), text).context("writing the page")
}

fn page_file(generator: &Generator) -> PathBuf {
    generator.site().join("content").join(PAGE)
}

//! Requests at a steady rate, whatever the server does: a page that is late makes the others late, and is counted so.
//! Threads that block, because a runtime's timer is coarser than what is measured here.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use sitekit::site::ContentHash;

use super::{bundle::Page, zipf::Zipf};
use crate::{
    answer::{self, Head},
    random::Random,
};

/// A server that says nothing for so long has stopped.
const SILENCE: Duration = Duration::from_secs(10);

/// What is asked, of whom, and how often.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load<'a> {
    pub(super) server: SocketAddr,
    pub(super) pages: &'a [Page],
    pub(super) zipf: &'a Zipf,
    /// Per second.
    pub(super) rate: u32,
    pub(super) connections: u32,
}

/// An answer that came, whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    pub(super) rank: usize,
    /// From when the request was due, or sent when that was later by our own fault, to the last byte.
    pub(super) latency: Duration,
}

impl Load<'_> {
    /// Asks for as long as `time`, each run with another `seed`.
    ///
    /// # Errors
    /// On the first answer that is not the page that was asked for.
    pub(super) fn run(self, time: Duration, seed: u64) -> anyhow::Result<Vec<Taken>> {
        let (start, tickets) = (Instant::now(), AtomicU64::new(0));
        thread::scope(|scope| {
            let clients: Vec<_> = (0..self.connections)
                .map(|number| {
                    let (tickets, random) = (&tickets, Random::new((seed << 32) + u64::from(number) + 1));
                    scope.spawn(move || self.ask(start, time, tickets, random))
                })
                .collect();
            let mut all = Vec::new();
            for client in clients {
                all.extend(client.join().map_err(|_| anyhow::anyhow!("a client ended in a panic"))??);
            }
            Ok(all)
        })
    }

    fn ask(
        self,
        start: Instant,
        time: Duration,
        tickets: &AtomicU64,
        mut random: Random,
    ) -> anyhow::Result<Vec<Taken>> {
        let mut stream = TcpStream::connect_timeout(&self.server, SILENCE).context("connecting")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SILENCE))?;
        let (mut taken, mut buffer) = (Vec::new(), Vec::new());
        loop {
            let due =
                Duration::from_secs(1) * u32::try_from(tickets.fetch_add(1, Relaxed)).unwrap_or(u32::MAX) / self.rate;
            if due >= time {
                return Ok(taken);
            }
            let early = (start + due).saturating_duration_since(Instant::now());
            // Sleeping takes longer than asked for, which is not the server's doing.
            let from = if early.is_zero() {
                start + due
            } else {
                thread::sleep(early);
                Instant::now()
            };
            let rank = self.zipf.next(&mut random);
            let page = &self.pages[rank];
            let head = fetch(&mut stream, page, &mut buffer).with_context(|| page.path.clone())?;
            taken.push(Taken { rank, latency: from.elapsed() });
            check(head, &buffer[head.length..], page).with_context(|| page.path.clone())?;
        }
    }
}

/// Asks for a page and waits for the end of the answer.
fn fetch(stream: &mut TcpStream, page: &Page, buffer: &mut Vec<u8>) -> anyhow::Result<Head> {
    let request = format!("GET {} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: sitekit-bench\r\n\r\n", page.path);
    stream.write_all(request.as_bytes()).context("sending a request")?;
    buffer.clear();
    let mut chunk = [0; 16 << 10];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => bail!("the connection was closed within an answer"),
            Ok(count) => buffer.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error).context("reading an answer"),
        }
        let head = answer::head(buffer).map_err(|fault| anyhow::anyhow!(fault))?;
        if let Some(head) = head.filter(|head| buffer.len() >= head.length + head.body) {
            return Ok(head);
        }
    }
}

fn check(head: Head, body: &[u8], page: &Page) -> anyhow::Result<()> {
    ensure!(head.status == 200, "status {}", head.status);
    ensure!(body.len() == page.length, "{} bytes of {}", body.len(), page.length);
    ensure!(ContentHash::of(body) == page.hash, "other bytes than were packed");
    Ok(())
}

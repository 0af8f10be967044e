//! The load: many keep-alive connections, each with one request on its way, from one thread that does nothing else. Every
//! answer is checked for its status and length, so that a server cannot be fast by being wrong.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::answer::{self, Head};

/// A server that says nothing for so long has stopped.
const SILENCE: Duration = Duration::from_secs(3);

/// One request and the answer it must get.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    pub(super) request: Vec<u8>,
    pub(super) status: u16,
    pub(super) body: usize,
}

/// A whole answer, as `ask` got it.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) head: Head,
    /// Head and body as they came.
    pub(super) bytes: Vec<u8>,
}

impl Answer {
    pub(super) fn body(&self) -> &[u8] {
        &self.bytes[self.head.length..]
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        answer::field(&self.bytes[..self.head.length], name)
    }
}

/// Sends one request on a connection of its own and waits for the answer.
pub(super) fn ask(server: SocketAddr, request: &[u8]) -> anyhow::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&server, SILENCE).context("connecting")?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.write_all(request).context("sending")?;
    let (mut bytes, mut buffer) = (Vec::new(), vec![0; 64 << 10]);
    loop {
        if let Some(head) = answer::head(&bytes).map_err(|fault| broken(fault, &bytes))? {
            let whole = head.length + head.body;
            ensure!(bytes.len() <= whole, "{} bytes too many in an answer", bytes.len() - whole);
            if bytes.len() == whole {
                return Ok(Answer { head, bytes });
            }
        }
        match stream.read(&mut buffer).context("reading an answer")? {
            0 => bail!("the connection was closed within an answer"),
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Open connections, each somewhere in the same cycle of exchanges.
#[derive(Debug)]
pub(super) struct Load<'a> {
    epoll: Epoll,
    connections: Vec<Connection>,
    cycle: &'a [Exchange],
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    /// Which exchange of the cycle is on its way.
    at: usize,
    received: Vec<u8>,
}

impl<'a> Load<'a> {
    /// Opens `count` connections and sends the first request on each.
    pub(super) fn open(server: SocketAddr, count: usize, cycle: &'a [Exchange]) -> anyhow::Result<Self> {
        ensure!(!cycle.is_empty(), "nothing to ask for");
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).context("epoll")?;
        let mut connections = Vec::with_capacity(count);
        for index in 0..count {
            let stream = TcpStream::connect_timeout(&server, SILENCE).context("connecting")?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, index as u64)).context("epoll")?;
            connections.push(Connection { stream, at: 0, received: Vec::with_capacity(32 << 10) });
        }
        for connection in &mut connections {
            connection.send(&cycle[0])?;
        }
        Ok(Self { epoll, connections, cycle, buffer: vec![0; 64 << 10] })
    }

    /// Keeps all connections busy for a while and counts the answers.
    ///
    /// # Errors
    /// On the first answer that is not the expected one.
    pub(super) fn run(&mut self, time: Duration) -> anyhow::Result<u64> {
        let silence = EpollTimeout::try_from(SILENCE).context("epoll timeout")?;
        let mut events = vec![EpollEvent::empty(); self.connections.len()];
        let (end, mut answers) = (Instant::now() + time, 0);
        while Instant::now() < end {
            let ready = self.epoll.wait(&mut events, silence).context("epoll")?;
            ensure!(ready > 0, "no answer on any connection for {} s", SILENCE.as_secs());
            for event in &events[..ready] {
                let index = usize::try_from(event.data()).context("epoll data")?;
                answers += u64::from(self.connections[index].receive(self.cycle, &mut self.buffer)?);
            }
        }
        Ok(answers)
    }
}

impl Connection {
    /// Reads what is there; true when an answer was completed and the next request is on its way.
    fn receive(&mut self, cycle: &[Exchange], buffer: &mut [u8]) -> anyhow::Result<bool> {
        let count = match self.stream.read(buffer) {
            Ok(0) => bail!("the server closed a connection that was to stay open"),
            Ok(count) => count,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => return Ok(false),
            Err(error) => return Err(error).context("reading an answer"),
        };
        // The common case, a whole answer in one read, is not copied.
        let whole = self.received.is_empty() && complete(&buffer[..count], &cycle[self.at])?;
        if !whole {
            self.received.extend_from_slice(&buffer[..count]);
            if !complete(&self.received, &cycle[self.at])? {
                return Ok(false);
            }
            self.received.clear();
        }
        self.at = (self.at + 1) % cycle.len();
        self.send(&cycle[self.at])?;
        Ok(true)
    }

    /// A request is far smaller than a socket's buffer, which is empty when this is called.
    fn send(&mut self, exchange: &Exchange) -> anyhow::Result<()> {
        let sent = self.stream.write(&exchange.request).context("sending a request")?;
        ensure!(sent == exchange.request.len(), "a request of {} bytes was cut at {sent}", exchange.request.len());
        Ok(())
    }
}

/// Whether all of the answer is there.
///
/// # Errors
/// When it is not the answer that was expected, or there is more than that.
fn complete(bytes: &[u8], expected: &Exchange) -> anyhow::Result<bool> {
    let Some(head) = answer::head(bytes).map_err(|fault| broken(fault, bytes))? else { return Ok(false) };
    ensure!(
        head.status == expected.status && head.body == expected.body,
        "expected {} with {} bytes, got {} with {} bytes",
        expected.status,
        expected.body,
        head.status,
        head.body
    );
    let whole = head.length + head.body;
    ensure!(bytes.len() <= whole, "{} bytes after the end of an answer", bytes.len() - whole);
    Ok(bytes.len() == whole)
}

fn broken(fault: &str, bytes: &[u8]) -> anyhow::Error {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(120)]).into_owned();
    anyhow::anyhow!("{fault}: {start:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Ok(true)` when complete, the error's text when refused.
    fn check(bytes: &str, want: Result<bool, &str>) {
        let expected = Exchange { request: Vec::new(), status: 200, body: 5 };
        let got = complete(bytes.as_bytes(), &expected).map_err(|error| error.to_string());
        assert_eq!(got, want.map_err(str::to_owned), "{bytes:?}");
    }

    #[test]
    fn only_the_expected_answer_is_counted() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Ok(true));
        check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", Ok(false));
        check("HTTP/1.1 200 OK\r\nConte", Ok(false));
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhell",
            Err("expected 200 with 5 bytes, got 200 with 4 bytes"),
        );
        check(
            "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello",
            Err("expected 200 with 5 bytes, got 404 with 5 bytes"),
        );
        check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!", Err("1 bytes after the end of an answer"));
    }
}

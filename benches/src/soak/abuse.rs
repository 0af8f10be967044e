//! Clients that take more than they may, one for each limit, each from addresses of its own: the server must count them,
//! get rid of them, and answer everyone else meanwhile.

use std::{
    cell::Cell,
    io,
    net::{Ipv4Addr, SocketAddr},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};

use super::{
    door::{HOST, from},
    server::Bounds,
};
use crate::random::Random;

/// What slow clients send now and then.
const TRICKLE: Duration = Duration::from_millis(300);
/// The longest an abuser waits for the server to end it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Abuse {
    SlowHead,
    Silence,
    SlowBody,
    Idle,
    SlowReader,
    LongHead,
    ManyFields,
    LongTarget,
    LongBody,
    ResetInAnswer,
    HalfClosed,
    Resets,
    Streams,
    OneAddress,
    ManyAddresses,
    Rate,
    GarbageHandshake,
    NoHandshake,
}

impl Abuse {
    pub(super) const ALL: [Self; 18] = [
        Self::SlowHead,
        Self::Silence,
        Self::SlowBody,
        Self::Idle,
        Self::SlowReader,
        Self::LongHead,
        Self::ManyFields,
        Self::LongTarget,
        Self::LongBody,
        Self::ResetInAnswer,
        Self::HalfClosed,
        Self::Resets,
        Self::Streams,
        Self::OneAddress,
        Self::ManyAddresses,
        Self::Rate,
        Self::GarbageHandshake,
        Self::NoHandshake,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SlowHead => "heads that trickle in",
            Self::Silence => "connections without a request",
            Self::SlowBody => "bodies that trickle in",
            Self::Idle => "connections kept for nothing",
            Self::SlowReader => "answers that are not read",
            Self::LongHead => "heads of 64 KB",
            Self::ManyFields => "heads of a thousand fields",
            Self::LongTarget => "targets of 100 KB",
            Self::LongBody => "bodies of 1 MB",
            Self::ResetInAnswer => "resets in the middle of an answer",
            Self::HalfClosed => "connections closed on one side",
            Self::Resets => "streams reset as soon as they are opened",
            Self::Streams => "three hundred streams at once",
            Self::OneAddress => "connections from one address",
            Self::ManyAddresses => "connections from many addresses",
            Self::Rate => "requests beyond a rate",
            Self::GarbageHandshake => "handshakes of noise",
            Self::NoHandshake => "connections without a handshake",
        }
    }

    /// The limit that must have counted it, as `/metrics` calls it; none where a client only wastes its own time.
    pub(super) fn limit(self) -> Option<&'static str> {
        match self {
            Self::SlowHead | Self::Silence => Some("header_timeout"),
            Self::SlowBody => Some("body_timeout"),
            Self::Idle => Some("idle_timeout"),
            Self::SlowReader => Some("write_timeout"),
            Self::LongHead | Self::ManyFields | Self::LongTarget => Some("head_bytes"),
            Self::LongBody => Some("body_bytes"),
            Self::Resets => Some("resets"),
            Self::OneAddress => Some("connections_per_address"),
            Self::ManyAddresses => Some("connections"),
            Self::Rate => Some("rate_limit"),
            Self::NoHandshake => Some("handshake_timeout"),
            Self::ResetInAnswer | Self::HalfClosed | Self::Streams | Self::GarbageHandshake => None,
        }
    }

    /// How many do it at once: few enough that their number alone is no abuse.
    fn parallel(self) -> u32 {
        match self {
            Self::SlowHead | Self::Silence | Self::SlowBody | Self::Idle | Self::SlowReader => 8,
            Self::GarbageHandshake | Self::NoHandshake | Self::HalfClosed => 4,
            _ => 1,
        }
    }

    /// Between two attempts of one of them.
    fn pause(self) -> Duration {
        Duration::from_millis(match self {
            Self::ManyAddresses => 3000,
            Self::OneAddress | Self::Streams | Self::Resets => 500,
            _ => 50,
        })
    }
}

/// Where and how an abuser is at work.
#[derive(Clone)]
pub(super) struct Abuser {
    pub(super) abuse: Abuse,
    pub(super) plain: SocketAddr,
    pub(super) tls: SocketAddr,
    pub(super) bounds: Bounds,
    /// URL path of the large body.
    pub(super) large: String,
    pub(super) attempts: Rc<Cell<u64>>,
    pub(super) stop: Arc<AtomicBool>,
}

impl Abuser {
    /// Goes on until told to stop.
    pub(super) async fn run(self) {
        let mut all = JoinSet::new();
        for number in 0..self.abuse.parallel() {
            let abuser = self.clone();
            all.spawn_local(async move {
                let mut random = Random::new(u64::from(number) + 1);
                while !abuser.stop.load(Relaxed) {
                    abuser.attempts.set(abuser.attempts.get() + 1);
                    // Being cut off is what is expected; being refused too.
                    let _ = tokio::time::timeout(PATIENCE, abuser.attempt(&mut random)).await;
                    tokio::time::sleep(abuser.abuse.pause()).await;
                }
            });
        }
        // Whoever waits for the server is not waited for.
        while !self.stop.load(Relaxed) && !all.is_empty() {
            let _ = tokio::time::timeout(TRICKLE, all.join_next()).await;
        }
    }

    async fn attempt(&self, random: &mut Random) -> io::Result<()> {
        let get = |path: &str, more: &str| format!("GET {path} HTTP/1.1\r\nhost: {HOST}\r\n{more}\r\n");
        match self.abuse {
            Abuse::SlowHead => self.trickle(&format!("GET / HTTP/1.1\r\nhost: {HOST}\r\n"), "x-more: 1\r\n").await,
            Abuse::SlowBody => {
                let head = format!("POST / HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 1000\r\n\r\n");
                self.trickle(&head, "x").await
            }
            Abuse::Silence => until_closed(&mut self.connect().await?).await,
            Abuse::Idle => self.say(get("/", "").as_bytes()).await,
            Abuse::SlowReader => {
                let mut stream = from(Some(self.source()), self.plain, Some(4096)).await?;
                stream.write_all(get(&self.large, "").as_bytes()).await?;
                tokio::time::sleep(self.bounds.write_timeout * 2).await;
                Ok(())
            }
            Abuse::LongHead => {
                self.say(get("/", &format!("x-long: {}\r\n", "x".repeat(900)).repeat(70)).as_bytes()).await
            }
            Abuse::ManyFields => self.say(get("/", &"x-m: 1\r\n".repeat(1000)).as_bytes()).await,
            Abuse::LongTarget => self.say(get(&format!("/{}", "x".repeat(100_000)), "").as_bytes()).await,
            Abuse::LongBody => {
                let body = "x".repeat(1 << 20);
                let head = format!("POST / HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: {}\r\n\r\n", body.len());
                self.say((head + &body).as_bytes()).await
            }
            Abuse::ResetInAnswer => {
                let mut stream = self.connect().await?;
                stream.write_all(get(&self.large, "").as_bytes()).await?;
                stream.read_exact(&mut [0; 100]).await?;
                // Closing with unread bytes resets the connection.
                Ok(())
            }
            Abuse::HalfClosed => {
                let mut stream = self.connect().await?;
                stream.write_all(get("/", "").as_bytes()).await?;
                stream.shutdown().await?;
                until_closed(&mut stream).await
            }
            Abuse::Resets => self.say(&frames((0..5000).map(|n| (2 * n + 1, true)))).await,
            Abuse::Streams => self.say(&frames((0..300).map(|n| (2 * n + 1, false)))).await,
            Abuse::OneAddress => self.hold([self.source()], 4 * self.bounds.per_address).await,
            Abuse::ManyAddresses => {
                let each = self.bounds.per_address / 2;
                let addresses = self.bounds.connections.div_ceil(each);
                let sources =
                    (0..addresses).map(|nth| Ipv4Addr::new(127, 0, 3, u8::try_from(nth % 250).unwrap_or(0) + 1));
                self.hold(sources, each).await
            }
            Abuse::Rate => {
                let mut stream = self.connect().await?;
                let request = format!("HEAD {} HTTP/1.1\r\nhost: {HOST}\r\n\r\n", self.large);
                for _ in 0..50 {
                    stream.write_all(request.as_bytes()).await?;
                    if stream.read(&mut [0; 4096]).await? == 0 {
                        break;
                    }
                }
                Ok(())
            }
            Abuse::GarbageHandshake => {
                let mut stream = from(Some(self.source()), self.tls, None).await?;
                stream.write_all(&random.bytes(2000)).await?;
                until_closed(&mut stream).await
            }
            Abuse::NoHandshake => until_closed(&mut from(Some(self.source()), self.tls, None).await?).await,
        }
    }

    /// An address for each kind of abuse.
    fn source(&self) -> Ipv4Addr {
        Ipv4Addr::new(127, 0, 2, self.abuse as u8 + 1)
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        from(Some(self.source()), self.plain, None).await
    }

    /// Sends everything, then waits for the end.
    async fn say(&self, bytes: &[u8]) -> io::Result<()> {
        let mut stream = self.connect().await?;
        stream.write_all(bytes).await?;
        until_closed(&mut stream).await
    }

    /// Sends `head`, then a little at a time until the server has had enough.
    async fn trickle(&self, head: &str, little: &str) -> io::Result<()> {
        let mut stream = self.connect().await?;
        stream.write_all(head.as_bytes()).await?;
        loop {
            match tokio::time::timeout(TRICKLE, stream.read(&mut [0; 1024])).await {
                Ok(Ok(0) | Err(_)) => return Ok(()),
                Ok(Ok(_)) => {}
                Err(_) => stream.write_all(little.as_bytes()).await?,
            }
        }
    }

    /// Opens so many connections from each address, and keeps them for a moment.
    async fn hold(&self, sources: impl IntoIterator<Item = Ipv4Addr>, each: u32) -> io::Result<()> {
        let mut held = Vec::new();
        for source in sources {
            for _ in 0..each {
                held.push(from(Some(source), self.plain, None).await?);
            }
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        drop(held);
        Ok(())
    }
}

async fn until_closed(stream: &mut TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 16 << 10];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}

/// A client's beginning of HTTP/2 with prior knowledge, and streams that ask for `/`; those that say so are reset in the
/// same breath. Our window is empty, so that those which are not stay open.
fn frames(streams: impl Iterator<Item = (u32, bool)>) -> Vec<u8> {
    const INITIAL_WINDOW_SIZE: [u8; 6] = [0, 4, 0, 0, 0, 0];
    // `:method GET`, `:scheme http`, `:path /` from the static table, `:authority` as it is (RFC 7541 §6).
    let fields = [&[0x82, 0x86, 0x84, 0x41, 9], HOST.as_bytes()].concat();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    frame(&mut bytes, 4, 0, 0, &INITIAL_WINDOW_SIZE);
    for (stream, reset) in streams {
        frame(&mut bytes, 1, 0x5, stream, &fields);
        if reset {
            frame(&mut bytes, 3, 0, stream, &8_u32.to_be_bytes());
        }
    }
    bytes
}

/// RFC 9113 §4.1.
fn frame(bytes: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    bytes.extend(&length[1..]);
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_have_their_length_in_front() {
        let mut bytes = Vec::new();
        frame(&mut bytes, 3, 0, 5, &8_u32.to_be_bytes());
        assert_eq!(bytes, [0, 0, 4, 3, 0, 0, 0, 0, 5, 0, 0, 0, 8]);
    }

    #[test]
    fn every_abuse_has_an_address_of_its_own() {
        for (at, abuse) in Abuse::ALL.into_iter().enumerate() {
            assert_eq!(abuse as usize, at, "{abuse:?}");
        }
    }
}

//! One connection: hyper speaks HTTP over it, and we see to what hyper does not: that a client which stalls is let go,
//! that an answer counts when it was sent, and that closing never takes away what was sent last.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    io,
    mem::MaybeUninit,
    net::Shutdown,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant, SystemTime},
};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    observe::{Answer, Event, Reading},
    site::Coding,
};

use super::{
    access::Exchange,
    core::{Core, Mounted, Opened, Tuned},
    frames, http2,
    listen::Protocol,
    negotiate::LastAccepted,
    peer::{self, Peer},
    proxy_protocol::{self, Header, Parsed},
    service::Service,
    tls::Tls,
    watchdog::{Overdue, Phase, Pulse, Watched},
    wire::Io,
};

/// After our last byte, what the client still sends is read up to this much.
pub(super) const LINGER_BYTES: usize = 256 << 10;
const FULL_ANSWER: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\ncontent-length: 0\r\ncache-control: no-store\r\n\r\n";

/// What the parts of one connection know in common, or of one stream of HTTP/2. One thread has all of them.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) core: Rc<Core>,
    pub(super) watched: Watched,
    /// The answer that is being sent, when answers are counted.
    pending: RefCell<Option<Pending>>,
    /// hyper was given an answer that was not sent yet.
    answered: Cell<bool>,
    /// Its body has pieces to come.
    sending: Cell<bool>,
    /// What `written` was when the last answer was counted.
    counted: Cell<u64>,
    pub(super) last_accepted: RefCell<LastAccepted>,
    pub(super) peer: Rc<Peer>,
    /// Streams that ended, to be counted when what they gave is on its way. HTTP/2 only.
    ended: RefCell<Vec<Rc<Track>>>,
    /// Requests that came.
    requests: Cell<u32>,
    /// Streams the client reset. HTTP/2 only.
    pub(super) resets: Cell<u32>,
}

/// An answer that is counted once it was sent.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) site: Option<Rc<Mounted>>,
    pub(super) started: Instant,
    /// When it is to be logged, or told of when it was slow.
    pub(super) exchange: Option<Box<Exchange>>,
    pub(super) status: u16,
    pub(super) coding: Option<Coding>,
    pub(super) reading: Reading,
}

impl Track {
    pub(super) fn new(core: &Rc<Core>, watched: Watched, peer: Rc<Peer>) -> Rc<Self> {
        Rc::new(Self {
            watched,
            pending: RefCell::new(None),
            last_accepted: RefCell::default(),
            answered: Cell::new(false),
            sending: Cell::new(false),
            counted: Cell::new(0),
            peer,
            ended: RefCell::default(),
            requests: Cell::new(0),
            resets: Cell::new(0),
            core: Rc::clone(core),
        })
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.watched.pulse.enter(phase);
    }

    /// One more request came; `true` when it is the last one of this connection.
    pub(super) fn had_its_share(&self, limit: u32) -> bool {
        let requests = self.requests.get().saturating_add(1);
        self.requests.set(requests);
        requests >= limit
    }

    pub(super) fn set_sending(&self, sending: bool) {
        self.sending.set(sending);
    }

    /// The body of the pending answer was read for so long.
    pub(super) fn waited_for_disk(&self, time: Duration) {
        if let Some(exchange) = self.pending.borrow_mut().as_mut().and_then(|pending| pending.exchange.as_mut()) {
            exchange.waited_for_disk(time);
        }
    }

    /// hyper is given an answer.
    pub(super) fn answered(&self, pending: Option<Pending>) {
        self.answered.set(true);
        self.count(pending);
    }

    /// A stream of this connection ended: hyper has all there is to send of it.
    pub(super) fn count_when_flushed(&self, stream: Rc<Self>) {
        self.ended.borrow_mut().push(stream);
    }

    /// Everything hyper had was handed to the kernel.
    pub(super) fn flushed(&self) {
        if !self.ended.borrow().is_empty() {
            // Each is counted as it is dropped.
            drop(self.ended.take());
        }
        if self.answered.get() && !self.sending.get() {
            self.answered.set(false);
            self.count(None);
            self.enter(Phase::Idle);
        }
    }

    /// Counts the answer that was pending, if any, and lets `next` be pending.
    fn count(&self, next: Option<Pending>) {
        let Some(sent) = self.pending.replace(next) else { return };
        let written = self.watched.pulse.written();
        let answer = Answer {
            status: sent.status,
            coding: sent.coding,
            bytes: written - self.counted.replace(written),
            latency: sent.started.elapsed(),
            reading: sent.reading,
        };
        self.core.count(&sent, &answer);
    }
}

impl Drop for Track {
    fn drop(&mut self) {
        // The client went away, or was let go, in the middle of an answer.
        self.count(None);
    }
}

/// What HTTP is spoken over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + 'static {
    /// Closing will throw away what was written and not taken: a client that takes nothing would hold it in the kernel's
    /// memory for minutes more.
    fn discard_unsent(&self);
}

impl Stream for TcpStream {
    fn discard_unsent(&self) {
        let _ = self.set_zero_linger();
    }
}

impl Stream for UnixStream {
    /// Its other end is on this machine, and nothing outlives it.
    fn discard_unsent(&self) {}
}

impl<S: Stream> Stream for TlsStream<S> {
    fn discard_unsent(&self) {
        self.get_ref().0.discard_unsent();
    }
}

/// Serves a connection to its end.
pub(super) async fn serve(opened: Opened, tuned: Rc<Tuned>, stream: impl Stream, peer: Peer) {
    let core = &opened.core;
    let track = Track::new(core, core.watchdog.watch(Instant::now()), Rc::new(peer));
    let io = Io::either(stream, &track);
    http1(track, tuned, io).await;
}

/// The same, after what a proxy says of the connection.
pub(super) async fn serve_proxied(
    mut opened: Opened,
    tuned: Rc<Tuned>,
    mut stream: impl Stream,
    mut peer: Peer,
    protocol: Protocol,
) {
    let watched = opened.core.watchdog.watch(Instant::now());
    watched.pulse.enter(Phase::Handshake);
    let header = match watched.within(read_proxy_header(&mut stream)).await {
        Some(Ok(header)) => header,
        Some(Err(error)) => {
            tracing::debug!(?peer, %error, "a proxy said nothing that can be understood");
            return opened.core.note(Event::Proxy);
        }
        None => return opened.core.note(timeout(&watched.pulse)),
    };
    drop(watched);
    if let Header::Client { address, secure } = header {
        peer = Peer { address: Some(address), secure, trusted: peer::is_trusted(address, &tuned.trusted), ..peer };
        if let Err(event) = opened.hold(&peer, &tuned) {
            opened.core.note(event);
            if !matches!(protocol, Protocol::Tls(_)) {
                refuse(stream).await;
            }
            return;
        }
    }
    match protocol {
        Protocol::Tls(tls) => Box::pin(serve_tls(opened, tuned, stream, peer, tls)).await,
        Protocol::Plain | Protocol::ToHttps { .. } => Box::pin(serve(opened, tuned, stream, peer)).await,
    }
}

/// Reads a header of the PROXY protocol, and not a byte more.
async fn read_proxy_header(stream: &mut impl Stream) -> io::Result<Header> {
    let mut read = Vec::new();
    loop {
        match proxy_protocol::parse(&read).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))? {
            Parsed::Header(header) => return Ok(header),
            Parsed::More(more) => {
                let begun = read.len();
                read.resize(begun + more, 0);
                stream.read_exact(&mut read[begun..]).await?;
            }
        }
    }
}

/// The same over TLS.
pub(super) async fn serve_tls(opened: Opened, tuned: Rc<Tuned>, stream: impl Stream, mut peer: Peer, tls: Arc<Tls>) {
    let core = &opened.core;
    let watched = core.watchdog.watch(Instant::now());
    watched.pulse.enter(Phase::Handshake);
    let handshake = TlsAcceptor::from(Arc::clone(&tls.config)).accept(stream);
    let stream = match watched.within(handshake).await {
        Some(Ok(stream)) => stream,
        Some(Err(error)) => {
            tracing::debug!(?peer, %error, "a TLS handshake failed");
            return;
        }
        None => {
            core.note(timeout(&watched.pulse));
            return;
        }
    };
    peer.secure = true;
    peer.tls = Some(tls);
    peer.server_name = stream.get_ref().1.server_name().map(Into::into);
    watched.pulse.enter(Phase::Fresh);
    let is_http2 = stream.get_ref().1.alpn_protocol().is_some_and(|chosen| chosen == b"h2");
    let track = Track::new(core, watched, Rc::new(peer));
    if is_http2 {
        let io = Io::http2(stream, &track);
        Box::pin(http2::serve(track, tuned, io)).await;
    } else {
        let io = Io::http1(stream, &track);
        http1(track, tuned, io).await;
    }
}

/// Serves HTTP/1.1, unless the client turns out to speak HTTP/2.
async fn http1(track: Rc<Track>, tuned: Rc<Tuned>, io: Io<impl Stream>) {
    let core = &track.core;
    let service = Service::new(Rc::clone(core), Rc::clone(&tuned), Rc::clone(&track));
    let mut http = tuned.http1.serve_connection(io, service);
    let pulse = &track.watched.pulse;
    let mut draining = false;
    let ended = poll_fn(|cx| {
        pulse.set_waker(cx.waker());
        if core.is_draining() && !draining {
            match pulse.phase() {
                // The next answer says that it is the last.
                Phase::Fresh | Phase::Idle => pulse.enter(Phase::Farewell),
                Phase::Farewell => {}
                _ => {
                    draining = true;
                    Pin::new(&mut http).graceful_shutdown();
                }
            }
        }
        if pulse.timed_out() {
            return Poll::Ready(if pulse.phase() == Phase::Farewell { End::Done } else { End::TimedOut });
        }
        http.poll_without_shutdown(cx).map(|done| {
            if done.is_err_and(|error| error.is_parse_too_large()) {
                core.note(Event::HeadBytes);
            }
            End::Done
        })
    })
    .await;
    let parts = http.into_parts();
    if parts.read_buf.starts_with(frames::PREFACE) {
        let io = parts.io.rewound(&parts.read_buf);
        // HTTP/2 needs more room, which connections without it need not have.
        return Box::pin(http2::serve(Rc::clone(&track), tuned, io)).await;
    }
    let mut stream = parts.io.into_inner();
    let mut last_words = String::new();
    if ended == End::TimedOut {
        core.note(timeout(pulse));
        match pulse.phase() {
            Phase::Head => last_words = timeout_answer(SystemTime::now()),
            Phase::Answer => return stream.discard_unsent(),
            _ => return,
        }
    }
    track.count(None);
    track.enter(Phase::Linger);
    let _ = track.watched.within(linger(&mut stream, last_words.as_bytes())).await;
}

/// Says that the server is full, and closes.
pub(super) async fn refuse(mut stream: impl Stream) {
    // A stranger gets a moment, not a place on the watchdog's list.
    let _ = tokio::time::timeout(super::limits::LINGER, linger(&mut stream, FULL_ANSWER)).await;
}

/// Says so without waiting: what has come by now is read, so that closing does not reset the connection over it and take
/// the words away (RFC 9112 §9.6).
pub(super) fn refuse_at_once<S>(stream: &S)
where
    for<'a> SockRef<'a>: From<&'a S>,
{
    let socket = SockRef::from(stream);
    let mut unread = [MaybeUninit::uninit(); 4096];
    let _ = socket.recv(&mut unread);
    let _ = socket.send(FULL_ANSWER);
    let _ = socket.shutdown(Shutdown::Write);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Done,
    TimedOut,
}

fn timeout_answer(now: SystemTime) -> String {
    let date = httpdate::fmt_http_date(now);
    format!(
        "HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\ncache-control: no-store\r\ndate: {date}\r\n\r\n"
    )
}

/// Which limit a connection reached whose time is up.
pub(super) fn timeout(pulse: &Pulse) -> Event {
    match pulse.phase() {
        _ if pulse.overdue() == Some(Overdue::Request) => Event::RequestTimeout,
        _ if pulse.overdue() == Some(Overdue::Place) => Event::IdleConnections,
        Phase::Handshake => Event::HandshakeTimeout,
        Phase::Fresh | Phase::Head => Event::HeaderTimeout,
        Phase::Idle | Phase::Farewell => Event::IdleTimeout,
        Phase::Body => Event::BodyTimeout,
        Phase::Answer | Phase::Streams | Phase::Linger => Event::WriteTimeout,
    }
}

/// Says the last words, closes our side, then reads what the client was still sending: closing with unread bytes
/// resets the connection, and a reset throws away what the client has not read yet (RFC 9112 §9.6).
async fn linger(stream: &mut impl Stream, last_words: &[u8]) {
    if stream.write_all(last_words).await.is_err() || stream.shutdown().await.is_err() {
        return;
    }
    let mut left = LINGER_BYTES;
    let mut buffer = [0; 4096];
    while left > 0 {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => left = left.saturating_sub(read),
        }
    }
}

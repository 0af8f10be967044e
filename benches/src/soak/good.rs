//! Clients that do nothing wrong and must not notice that others do: every answer to them is checked to the byte, and
//! each that is wrong, late or missing fails the run.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinSet,
};

use super::{
    door::{Door, HOST, Stream},
    tally::Tally,
    truth::{Answer, Ask, Kind, Truth},
};
use crate::{
    answer::{self, Head},
    random::Random,
};

/// An answer that takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(10);
/// After being told that all places are taken: over HTTP/1.1 in words, else by the end of a connection that has not begun.
const BREATH: Duration = Duration::from_millis(200);
/// A client that is refused more often, one time after the other, is locked out.
const REFUSALS: u32 = 25;

/// What all good clients have in common.
#[derive(Clone)]
pub(super) struct Good {
    pub(super) truth: Arc<Truth>,
    pub(super) tally: Rc<RefCell<Tally>>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) start: Instant,
}

/// A connection's end, when it is nobody's fault.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The server said that it would close, or we were told to stop.
    Said,
    /// There is no place for it, as far as it was told.
    Full(String),
}

impl Good {
    /// Asks over HTTP/1.1, one request after the other, on connections that are opened anew when the server ends them.
    pub(super) async fn http1(self, way: &'static str, door: Door, mut random: Random) {
        let mut refusals = 0;
        while !self.stop.load(Relaxed) {
            let ended = match door.open().await {
                Ok(stream) => self.http1_connection(way, stream, &mut random).await,
                Err(error) => Ok(End::Full(error.to_string())),
            };
            self.note(way, ended, &mut refusals).await;
        }
    }

    async fn http1_connection(
        &self,
        way: &'static str,
        mut stream: Box<dyn Stream>,
        random: &mut Random,
    ) -> Result<End, String> {
        let mut buffer = Vec::with_capacity(64 << 10);
        let mut fresh = true;
        while !self.stop.load(Relaxed) {
            let ask = self.truth.ask(random);
            let asked = Instant::now();
            let exchange = tokio::time::timeout(PATIENCE, exchange(&mut stream, &ask, &mut buffer)).await;
            let within = |error: String| format!("{} {} {:?}: {error}", ask.method(), ask.path, ask.fields());
            let head = match exchange.map_err(|_| within("no answer in time".to_owned()))? {
                Ok(head) => head,
                // A new connection that is closed before its first answer begins is refused, as in HTTP/2.
                Err(error) if fresh && buffer.is_empty() => return Ok(End::Full(error)),
                Err(error) => return Err(within(error)),
            };
            let (now, fields) = (Instant::now(), &buffer[..head.length]);
            if fresh && head.status == 503 && answer::field(fields, "retry-after").is_some() {
                return Ok(End::Full("503".to_owned()));
            }
            fresh = false;
            let field = |name: &str| answer::field(fields, name).map(str::to_owned);
            let answer = Answer { status: head.status, field: &field, body: &buffer[head.length..] };
            self.truth.check(&ask, &answer, asked, now).map_err(within)?;
            self.tally.borrow_mut().answer(way, ask.kind, buffer.len(), now - asked);
            if field("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
                return Ok(End::Said);
            }
        }
        Ok(End::Said)
    }

    /// Asks over HTTP/2, so many streams at once on one connection.
    pub(super) async fn http2(self, way: &'static str, door: Door, streams: u32, mut random: Random) {
        let mut refusals = 0;
        while !self.stop.load(Relaxed) {
            let ended = match door.open().await {
                Ok(stream) => self.http2_connection(way, stream, streams, &mut random).await,
                Err(error) => Ok(End::Full(error.to_string())),
            };
            self.note(way, ended, &mut refusals).await;
        }
    }

    async fn http2_connection(
        &self,
        way: &'static str,
        stream: Box<dyn Stream>,
        streams: u32,
        random: &mut Random,
    ) -> Result<End, String> {
        let handshake = tokio::time::timeout(PATIENCE, h2::client::handshake(stream)).await;
        let (client, connection) = match handshake.map_err(|_| "no handshake in time")? {
            Ok(both) => both,
            Err(error) => return Ok(End::Full(error.to_string())),
        };
        let driver = tokio::task::spawn_local(connection);
        // Whether an answer came: until then its end is a refusal.
        let begun = Rc::new(Cell::new(false));
        let mut asking = JoinSet::new();
        for _ in 0..streams {
            let (good, client, begun) = (self.clone(), client.clone(), Rc::clone(&begun));
            let random = Random::new(random.next() | 1);
            asking.spawn_local(async move { good.http2_stream(way, client, &begun, random).await });
        }
        drop(client);
        let mut outcome = Ok(End::Said);
        while let Some(ended) = asking.join_next().await {
            let ended = ended.unwrap_or_else(|error| Err(error.to_string()));
            if outcome == Ok(End::Said) || (outcome.is_ok() && ended.is_err()) {
                outcome = ended;
            }
        }
        // With its last handle the connection ends by itself.
        let _ = tokio::time::timeout(PATIENCE, driver).await;
        outcome
    }

    async fn http2_stream(
        &self,
        way: &'static str,
        mut client: h2::client::SendRequest<bytes::Bytes>,
        begun: &Cell<bool>,
        mut random: Random,
    ) -> Result<End, String> {
        while !self.stop.load(Relaxed) {
            let ask = self.truth.ask(&mut random);
            let within = |error: String| format!("{} {} {:?}: {error}", ask.method(), ask.path, ask.fields());
            match client.ready().await {
                Ok(ready) => client = ready,
                Err(error) if is_goodbye(&error) => return Ok(End::Said),
                Err(error) if !begun.get() => return Ok(End::Full(error.to_string())),
                Err(error) => return Err(within(format!("opening a stream: {error}"))),
            }
            let asked = Instant::now();
            let exchange = tokio::time::timeout(PATIENCE, fetch(&mut client, &ask)).await;
            let (head, body) = match exchange.map_err(|_| within("no answer in time".to_owned()))? {
                Ok(answer) => answer,
                Err(error) if is_goodbye(&error) => return Ok(End::Said),
                Err(error) if !begun.get() => return Ok(End::Full(error.to_string())),
                Err(error) => return Err(within(error.to_string())),
            };
            begun.set(true);
            let now = Instant::now();
            let field = |name: &str| Some(head.headers.get(name)?.to_str().ok()?.to_owned());
            let answer = Answer { status: head.status.as_u16(), field: &field, body: &body };
            self.truth.check(&ask, &answer, asked, now).map_err(within)?;
            self.tally.borrow_mut().answer(way, ask.kind, body.len(), now - asked);
        }
        Ok(End::Said)
    }

    async fn note(&self, way: &'static str, ended: Result<End, String>, refusals: &mut u32) {
        *refusals = if matches!(ended, Ok(End::Full(_))) { *refusals + 1 } else { 0 };
        match ended {
            Ok(End::Said) => self.tally.borrow_mut().reconnected(),
            Ok(End::Full(how)) => {
                self.tally.borrow_mut().turned_away();
                if *refusals > REFUSALS {
                    let what = format!("{way}: refused {refusals} times, at last: {how}");
                    self.tally.borrow_mut().failure(self.start, &what);
                }
                tokio::time::sleep(BREATH).await;
            }
            Err(error) => {
                self.tally.borrow_mut().failure(self.start, &format!("{way}: {error}"));
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

/// The server ends the connection in good order, and has not begun with this request (RFC 9113 §6.8, §8.7).
fn is_goodbye(error: &h2::Error) -> bool {
    let reason = error.reason();
    (error.is_go_away() && reason == Some(h2::Reason::NO_ERROR)) || reason == Some(h2::Reason::REFUSED_STREAM)
}

async fn exchange(stream: &mut Box<dyn Stream>, ask: &Ask, buffer: &mut Vec<u8>) -> Result<Head, String> {
    let fields: Vec<String> = ask.fields().iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let fields = fields.concat();
    let request =
        format!("{} {} HTTP/1.1\r\nhost: {HOST}\r\nuser-agent: sitekit-bench\r\n{fields}\r\n", ask.method(), ask.path);
    // A server that closes may have said why: what it sent is read all the same.
    let sent = stream.write_all(request.as_bytes()).await;
    buffer.clear();
    loop {
        if let Some(mut head) = answer::head(buffer).map_err(str::to_owned)? {
            if ask.kind == Kind::Head {
                head.body = 0;
            }
            let whole = head.length + head.body;
            if buffer.len() > whole {
                return Err(format!("{} bytes after the end of an answer", buffer.len() - whole));
            }
            if buffer.len() == whole {
                return Ok(head);
            }
        }
        match stream.read_buf(buffer).await {
            Ok(0) => {
                let said = if sent.is_err() { ", and the request could not be sent" } else { "" };
                return Err(format!("the connection was closed after {} bytes of an answer{said}", buffer.len()));
            }
            Ok(_) => {}
            Err(error) => return Err(format!("after {} bytes of an answer: {error}", buffer.len())),
        }
    }
}

async fn fetch(
    client: &mut h2::client::SendRequest<bytes::Bytes>,
    ask: &Ask,
) -> Result<(http::response::Parts, Vec<u8>), h2::Error> {
    let mut request = http::Request::builder().method(ask.method()).uri(format!("http://{HOST}{}", ask.path));
    for (name, value) in ask.fields() {
        request = request.header(name, value);
    }
    let request = request.body(()).map_err(|_| h2::Error::from(h2::Reason::INTERNAL_ERROR))?;
    let (answer, _) = client.send_request(request, true)?;
    let (head, mut stream) = answer.await?.into_parts();
    let mut body = Vec::new();
    while let Some(chunk) = stream.data().await {
        let chunk = chunk?;
        stream.flow_control().release_capacity(chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    Ok((head, body))
}

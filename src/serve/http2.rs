//! HTTP/2 on one connection. hyper and h2 speak it: they bound what a client can make them keep (pending resets,
//! continuations, settings and pings that are not answered yet). We see to the rest: each stream is timed and counted
//! for itself, a connection that has no streams is idle, and one that has had its share is asked to come again.
//!
//! Priorities (RFC 9218) are not followed: h2 sends what streams have in turn, and gives no way to order them.

use std::{
    cell::{Cell, RefCell},
    convert::Infallible,
    future::{Future, poll_fn},
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Instant,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use hyper::{body::Incoming, server::conn::http2};

use crate::observe::Event;

use super::{
    body::Body,
    connection::{self, Stream, Track},
    core::Tuned,
    limits::Limits,
    service::{Reply, Service},
    watchdog::Phase,
    wire::Io,
};

/// What a body gives hyper at a time: h2 keeps it until the client's window takes it.
const CHUNK: usize = 16 << 10;
/// What h2 keeps of one stream's body.
const SEND_BUFFER: usize = 64 << 10;
/// What a client may send of one body, and of all, before we have looked at it.
const STREAM_WINDOW: u32 = 64 << 10;
const CONNECTION_WINDOW: u32 = 128 << 10;
/// Streams a client may reset before we have seen their requests (rapid reset); h2 ends the connection then.
const PENDING_RESETS: usize = 20;

/// What the streams of a connection have in common.
#[derive(Debug)]
struct Streams {
    /// The connection itself: it sees what is read and flushed.
    track: Rc<Track>,
    tuned: Rc<Tuned>,
    open: Cell<usize>,
    begun: Cell<u32>,
    /// The stream whose request was just given to the service; hyper asks for its task next.
    next: RefCell<Option<Rc<Track>>>,
}

/// Serves HTTP/2 to the connection's end.
pub(super) async fn serve(track: Rc<Track>, tuned: Rc<Tuned>, io: Io<impl Stream>) {
    let core = &track.core;
    let pulse = &track.watched.pulse;
    pulse.enter(Phase::Fresh);
    let streams = Rc::new(Streams {
        track: Rc::clone(&track),
        tuned: Rc::clone(&tuned),
        open: Cell::new(0),
        begun: Cell::new(0),
        next: RefCell::new(None),
    });
    let mut builder = http2::Builder::new(Tasks(Rc::clone(&streams)));
    builder
        .max_concurrent_streams(tuned.limits.streams)
        .max_header_list_size(u32::try_from(tuned.limits.head_bytes).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_send_buf_size(SEND_BUFFER)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    let mut http = Box::pin(builder.serve_connection(io, Requests(Rc::clone(&streams))));
    let mut leaving = false;
    poll_fn(|cx| {
        pulse.set_waker(cx.waker());
        loop {
            if pulse.timed_out() {
                core.note(connection::timeout(pulse));
                return Poll::Ready(());
            }
            if !leaving && (core.is_draining() || streams.had_its_share()) {
                leaving = true;
                streams.note_share();
                http.as_mut().graceful_shutdown();
            }
            let ended = http.as_mut().poll(cx);
            if ended.is_ready() || track.resets.get() > tuned.limits.resets.saturating_mul(2) {
                let enough = matches!(&ended, Poll::Ready(Err(error)) if !is_io(error));
                if enough && (PENDING_RESETS..=tuned.limits.resets as usize).contains(&(track.resets.get() as usize)) {
                    // h2 had enough of them before we had.
                    core.note(Event::Resets);
                } else if !leaving {
                    streams.note_share();
                }
                return Poll::Ready(());
            }
            // What was just read may have been the last of its share.
            if leaving || !streams.had_its_share() {
                return Poll::Pending;
            }
        }
    })
    .await;
}

/// Whether a connection ended because it broke, and not for what was sent on it.
fn is_io(error: &hyper::Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<io::Error>)
}

impl Streams {
    /// Whether this connection has had as many requests, or resets, as it may.
    fn had_its_share(&self) -> bool {
        let limits = &self.tuned.limits;
        self.begun.get() >= limits.requests || self.track.resets.get() > limits.resets
    }

    fn note_share(&self) {
        let Limits { requests, resets, .. } = self.tuned.limits;
        if self.begun.get() >= requests {
            self.track.core.note(Event::Requests);
        }
        if self.track.resets.get() > resets {
            self.track.core.note(Event::Resets);
        }
    }

    fn begin(&self) -> Rc<Track> {
        let core = &self.track.core;
        self.begun.set(self.begun.get().saturating_add(1));
        self.open.set(self.open.get() + 1);
        if self.open.get() == 1 {
            self.track.enter(Phase::Streams);
        }
        Track::new(core, core.watchdog.watch(Instant::now()), Rc::clone(&self.track.peer))
    }

    fn end(&self, stream: Rc<Track>) {
        self.open.set(self.open.get() - 1);
        if self.open.get() == 0 {
            self.track.enter(Phase::Idle);
        }
        self.track.count_when_flushed(stream);
    }
}

/// The service as hyper sees it: each request gets a track of its own.
struct Requests(Rc<Streams>);

impl hyper::service::Service<Request<Incoming>> for Requests {
    type Response = Response<StreamBody>;
    type Error = Infallible;
    type Future = StreamReply;

    fn call(&self, request: Request<Incoming>) -> StreamReply {
        let Self(streams) = self;
        let track = streams.begin();
        let service = Service::new(Rc::clone(&track.core), Rc::clone(&streams.tuned), Rc::clone(&track));
        let reply = hyper::service::Service::call(&service, request);
        streams.next.replace(Some(Rc::clone(&track)));
        StreamReply { reply, track }
    }
}

struct StreamReply {
    reply: Reply,
    track: Rc<Track>,
}

impl Future for StreamReply {
    type Output = Result<Response<StreamBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Ok(response) = ready!(Pin::new(&mut self.reply).poll(cx));
        let track = Rc::clone(&self.track);
        Poll::Ready(Ok(response.map(|body| StreamBody { body, cut: Bytes::new(), track })))
    }
}

/// A body in small pieces, each of which is noted as it leaves.
#[derive(Debug)]
struct StreamBody {
    body: Body,
    /// What is left of a piece that was too large.
    cut: Bytes,
    track: Rc<Track>,
}

impl http_body::Body for StreamBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        if this.cut.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                Some(Ok(frame)) => this.cut = frame.into_data().unwrap_or_default(),
                end => return Poll::Ready(end),
            }
        }
        let piece = this.cut.split_to(this.cut.len().min(CHUNK));
        this.track.watched.pulse.wrote(piece.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.cut.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.body.len();
        rest.map_or_else(SizeHint::default, |rest| SizeHint::with_exact(self.cut.len() as u64 + rest))
    }
}

/// Runs the tasks of streams on this core. A stream that takes too long is dropped, which resets it and no other.
#[derive(Clone)]
struct Tasks(Rc<Streams>);

impl<F: Future<Output = ()> + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, task: F) {
        let streams = Rc::clone(&self.0);
        let stream = streams.next.take();
        tokio::task::spawn_local(async move {
            let Some(stream) = stream else { return task.await };
            if stream.watched.within(task).await.is_none() {
                stream.core.note(connection::timeout(&stream.watched.pulse));
            }
            streams.end(stream);
        });
    }
}

//! Bodies of answers: nothing, bytes that are there, or a sequence of pieces, some of which are read from the disk
//! when their turn comes. Lengths are always known and computed from the pieces.

use std::{
    collections::VecDeque,
    future::Future,
    io,
    ops::Range,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Instant,
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::JoinHandle;

use crate::map::Bundle;

use super::{connection::Track, live::Messages, watchdog::Phase};

/// What is read in one go, off the thread that serves, and held by an answer until it was sent.
const CHUNK: u64 = 128 << 10;

#[derive(Debug)]
pub(super) enum Body {
    Empty,
    Whole(Bytes),
    Pieces(Box<Pieces>),
    /// Of an open page in development: what happens, when it happens.
    Messages(Box<Stream>),
}

/// Messages without an end; it ends when the page is let go.
#[derive(Debug)]
pub(super) struct Stream {
    messages: Messages,
    _sending: Sending,
}

/// Pieces that are sent one after another.
#[derive(Debug)]
pub(super) struct Pieces {
    queue: VecDeque<Piece>,
    /// Of all pieces that are still to come.
    remaining: u64,
    /// What is being read, and since when.
    reading: Option<(JoinHandle<io::Result<Bytes>>, Instant)>,
    /// The answer is not over before the last piece is; the connection is told when this is dropped.
    sending: Sending,
}

/// A part of an answer's body.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// In memory.
    Ready(Bytes),
    /// On the disk, perhaps.
    Cold(Cold),
}

/// A part of a bundle's file. Its bytes are copied when they are read: those of the map might be gone again by the time
/// they are sent.
#[derive(Clone, Debug)]
pub(super) struct Cold {
    bundle: Bundle,
    place: Range<u64>,
}

#[derive(Debug)]
struct Sending(Rc<Track>);

impl Drop for Sending {
    fn drop(&mut self) {
        self.0.set_sending(false);
    }
}

impl Body {
    pub(super) fn pieces(pieces: impl IntoIterator<Item = Piece>, track: &Rc<Track>) -> Self {
        let queue: VecDeque<_> = pieces.into_iter().filter(|piece| piece.len() > 0).collect();
        let remaining = queue.iter().map(Piece::len).sum();
        track.set_sending(true);
        Self::Pieces(Box::new(Pieces { queue, remaining, reading: None, sending: Sending(Rc::clone(track)) }))
    }

    pub(super) fn messages(messages: Messages, track: &Rc<Track>) -> Self {
        track.set_sending(true);
        // No one knows how long nothing happens.
        track.enter(Phase::Streams);
        Self::Messages(Box::new(Stream { messages, _sending: Sending(Rc::clone(track)) }))
    }

    /// In bytes; `None` where no one knows.
    pub(super) fn len(&self) -> Option<u64> {
        match self {
            Self::Empty => Some(0),
            Self::Whole(bytes) => Some(bytes.len() as u64),
            Self::Pieces(pieces) => Some(pieces.remaining),
            Self::Messages(_) => None,
        }
    }
}

impl Piece {
    fn len(&self) -> u64 {
        match self {
            Self::Ready(bytes) => bytes.len() as u64,
            Self::Cold(cold) => cold.len(),
        }
    }

    /// A part of it, by positions in it; cut to its length.
    pub(super) fn part(&self, part: Range<u64>) -> Self {
        let (start, end) = (part.start.min(self.len()), part.end.min(self.len()));
        match self {
            Self::Ready(bytes) => {
                // No further than a length that is a `usize`.
                let at = |position| usize::try_from(position).unwrap_or(bytes.len());
                Self::Ready(bytes.slice(at(start)..at(end)))
            }
            Self::Cold(Cold { bundle, place }) => {
                Self::Cold(Cold { bundle: bundle.clone(), place: place.start + start..place.start + end })
            }
        }
    }
}

impl Cold {
    pub(super) fn new(bundle: &Bundle, place: Range<u64>) -> Self {
        Self { bundle: bundle.clone(), place }
    }

    fn len(&self) -> u64 {
        self.place.end.saturating_sub(self.place.start)
    }

    /// Takes a chunk off its beginning.
    fn split_chunk(&mut self) -> Self {
        let end = self.place.end.min(self.place.start + CHUNK);
        let chunk = Self { bundle: self.bundle.clone(), place: self.place.start..end };
        self.place.start = end;
        chunk
    }

    /// Its bytes. Waits for the disk.
    pub(super) fn read(self) -> io::Result<Bytes> {
        self.bundle.read(self.place)
    }
}

impl Pieces {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            if let Some((reading, since)) = &mut self.reading {
                let Poll::Ready(read) = Pin::new(reading).poll(cx) else { return Poll::Pending };
                self.sending.0.waited_for_disk(since.elapsed());
                self.reading = None;
                let read = read.map_err(io::Error::other).flatten();
                return Poll::Ready(Some(read.inspect(|bytes| self.remaining -= bytes.len() as u64)));
            }
            match self.queue.pop_front() {
                None => return Poll::Ready(None),
                Some(Piece::Ready(bytes)) => {
                    self.remaining -= bytes.len() as u64;
                    return Poll::Ready(Some(Ok(bytes)));
                }
                Some(Piece::Cold(mut cold)) => {
                    let chunk = cold.split_chunk();
                    if cold.len() > 0 {
                        self.queue.push_front(Piece::Cold(cold));
                    }
                    self.reading = Some((tokio::task::spawn_blocking(move || chunk.read()), Instant::now()));
                }
            }
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match std::mem::replace(&mut *self, Self::Empty) {
            Self::Empty => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Self::Pieces(mut pieces) => {
                let next = pieces.poll_next(cx);
                if pieces.remaining > 0 && !matches!(next, Poll::Ready(Some(Err(_)))) {
                    *self = Self::Pieces(pieces);
                }
                next.map(|next| next.map(|bytes| bytes.map(Frame::data)))
            }
            Self::Messages(mut stream) => {
                let next = stream.messages.poll_next(cx);
                if !matches!(next, Poll::Ready(None)) {
                    *self = Self::Messages(stream);
                }
                next.map(|next| next.map(|message| Ok(Frame::data(message))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.len() == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.len().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

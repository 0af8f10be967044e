//! Bodies of answers: nothing, bytes that are there, or a sequence of pieces, some of which are read from the disk
//! when their turn comes. Lengths are always known and computed from the pieces.

use std::{
    collections::VecDeque,
    future::Future,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::task::JoinHandle;

use super::{connection::Track, resident};

/// What is read in one go, off the thread that serves.
const CHUNK: usize = 256 << 10;

#[derive(Debug)]
pub(super) enum Body {
    Empty,
    Whole(Bytes),
    Pieces(Box<Pieces>),
}

/// Pieces that are sent one after another.
#[derive(Debug)]
pub(super) struct Pieces {
    queue: VecDeque<Piece>,
    /// Of all pieces that are still to come.
    remaining: u64,
    reading: Option<JoinHandle<Bytes>>,
    /// The answer is not over before the last piece is; the connection is told when this is dropped.
    _sending: Sending,
}

/// A part of an answer's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// In memory.
    Ready(Bytes),
    /// A slice of a map whose pages may not be in memory.
    Cold(Bytes),
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
        let queue: VecDeque<_> = pieces.into_iter().filter(|piece| !piece.bytes().is_empty()).collect();
        let remaining = queue.iter().map(|piece| piece.bytes().len() as u64).sum();
        track.set_sending(true);
        Self::Pieces(Box::new(Pieces { queue, remaining, reading: None, _sending: Sending(Rc::clone(track)) }))
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Whole(bytes) => bytes.len() as u64,
            Self::Pieces(pieces) => pieces.remaining,
        }
    }
}

impl Piece {
    fn bytes(&self) -> &Bytes {
        match self {
            Self::Ready(bytes) | Self::Cold(bytes) => bytes,
        }
    }
}

impl Pieces {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            if let Some(reading) = &mut self.reading {
                let Poll::Ready(read) = Pin::new(reading).poll(cx) else { return Poll::Pending };
                self.reading = None;
                return Poll::Ready(Some(match read {
                    Ok(bytes) => {
                        self.remaining -= bytes.len() as u64;
                        Ok(bytes)
                    }
                    Err(error) => Err(io::Error::other(error)),
                }));
            }
            match self.queue.pop_front() {
                None => return Poll::Ready(None),
                Some(Piece::Ready(bytes)) => {
                    self.remaining -= bytes.len() as u64;
                    return Poll::Ready(Some(Ok(bytes)));
                }
                Some(Piece::Cold(mut bytes)) => {
                    let chunk = bytes.split_to(bytes.len().min(CHUNK));
                    if !bytes.is_empty() {
                        self.queue.push_front(Piece::Cold(bytes));
                    }
                    self.reading = Some(tokio::task::spawn_blocking(move || {
                        resident::touch(&chunk);
                        chunk
                    }));
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
        }
    }

    fn is_end_stream(&self) -> bool {
        self.len() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.len())
    }
}

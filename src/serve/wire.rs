//! A stream as hyper sees it. What passes through is noted: when a request begins, how much was written, when all of it
//! was handed to the kernel, and, of HTTP/2, what kinds of frames came in.

use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::ReadBuf;

use crate::observe::Event;

use super::{
    connection::{LINGER_BYTES, Stream, Track},
    frames::{self, Scanner},
    watchdog::Phase,
};

/// Up to this many bytes, copying a head and a body into one place costs less than the kernel takes for two.
const JOIN_UP_TO: usize = 16 << 10;
/// What is read in one go where we look at it before hyper does.
const LOOK: usize = 4 << 10;

#[derive(Debug)]
pub(super) struct Io<S> {
    stream: TokioIo<S>,
    track: Rc<Track>,
    /// Was read, and not yet given to hyper.
    held: Vec<u8>,
    /// What is being read.
    reading: Reading,
    /// Left to be read before the connection is closed.
    lingering: usize,
}

#[derive(Debug)]
enum Reading {
    /// The first bytes, which say whether this is HTTP/2.
    Either,
    Http1,
    Http2 {
        read: Scanner,
        written: Scanner,
    },
}

impl Reading {
    fn http2() -> Self {
        Self::Http2 { read: Scanner::of_client(), written: Scanner::of_server() }
    }
}

impl<S: Stream> Io<S> {
    pub(super) fn either(stream: S, track: &Rc<Track>) -> Self {
        Self::new(stream, track, Reading::Either)
    }

    pub(super) fn http1(stream: S, track: &Rc<Track>) -> Self {
        Self::new(stream, track, Reading::Http1)
    }

    pub(super) fn http2(stream: S, track: &Rc<Track>) -> Self {
        Self::new(stream, track, Reading::http2())
    }

    fn new(stream: S, track: &Rc<Track>, reading: Reading) -> Self {
        let track = Rc::clone(track);
        Self { stream: TokioIo::new(stream), track, held: Vec::new(), reading, lingering: LINGER_BYTES }
    }

    /// What was taken for HTTP/1.1 is HTTP/2, and this much of it was read.
    pub(super) fn rewound(mut self, read: &[u8]) -> Self {
        self.held = read.to_vec();
        self.reading = Reading::http2();
        self
    }

    pub(super) fn into_inner(self) -> S {
        self.stream.into_inner()
    }

    fn note_read(&self) {
        let pulse = &self.track.watched.pulse;
        if matches!(pulse.phase(), Phase::Fresh | Phase::Idle | Phase::Farewell) {
            pulse.enter(Phase::Head);
        }
    }

    /// The first `written` bytes of `slices` were taken.
    fn note_written(&mut self, slices: &[io::IoSlice<'_>], written: usize) {
        self.track.watched.pulse.wrote(written as u64);
        let Reading::Http2 { written: scanner, .. } = &mut self.reading else { return };
        let mut left = written;
        for slice in slices {
            let taken = left.min(slice.len());
            scanner.scan(&slice[..taken], |code| {
                if code == frames::REFUSED_STREAM {
                    self.track.core.note(Event::Streams);
                }
            });
            left -= taken;
        }
    }

    /// Reads to where we can look at it, at most `room` bytes; 0 at the end of the stream.
    fn poll_held(&mut self, cx: &mut Context<'_>, room: usize) -> Poll<io::Result<usize>> {
        let mut space = [0; LOOK];
        let mut buffer = ReadBuf::new(&mut space[..room.min(LOOK)]);
        ready!(Pin::new(self.stream.inner_mut()).poll_read(cx, &mut buffer))?;
        self.held.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }

    fn give(&mut self, buffer: &mut ReadBufCursor<'_>) {
        let given = self.held.len().min(buffer.remaining());
        buffer.put_slice(&self.held[..given]);
        self.held.drain(..given);
    }
}

impl<S: Stream> Read for Io<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        match &mut this.reading {
            Reading::Http1 => {
                let read = ready!(Pin::new(&mut this.stream).poll_read(cx, buffer));
                this.note_read();
                Poll::Ready(read)
            }
            Reading::Either => {
                // A preface is never given to hyper in parts: it would be taken for a bad request.
                let room = buffer.remaining().saturating_sub(frames::PREFACE.len());
                while ready!(this.poll_held(cx, room))? > 0 {
                    this.note_read();
                    if this.held.len() >= frames::PREFACE.len() || !frames::PREFACE.starts_with(&this.held) {
                        break;
                    }
                }
                this.reading = Reading::Http1;
                this.give(&mut buffer);
                this.held = Vec::new();
                Poll::Ready(Ok(()))
            }
            Reading::Http2 { .. } => {
                if this.held.is_empty() {
                    ready!(this.poll_held(cx, buffer.remaining()))?;
                }
                let Reading::Http2 { read: scanner, .. } = &mut this.reading else { return Poll::Ready(Ok(())) };
                let given = this.held.len().min(buffer.remaining());
                let resets = &this.track.resets;
                scanner.scan(&this.held[..given], |_| resets.set(resets.get().saturating_add(1)));
                this.give(&mut buffer);
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl<S: Stream> Write for Io<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.note_written(&[io::IoSlice::new(bytes)], written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let total: usize = slices.iter().map(|slice| slice.len()).sum();
        let track = Rc::clone(&self.track);
        let written = if total <= JOIN_UP_TO {
            let mut joined = track.core.joined.borrow_mut();
            joined.clear();
            for slice in slices {
                joined.extend_from_slice(slice);
            }
            ready!(Pin::new(&mut self.stream).poll_write(cx, &joined))?
        } else {
            ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices))?
        };
        self.note_written(slices, written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.track.flushed();
        Poll::Ready(Ok(()))
    }

    /// Of HTTP/2 only: what is closed here is all that can be reached of the stream then, so it lingers here
    /// (RFC 9112 §9.6 is as true of HTTP/2).
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        if this.track.watched.pulse.phase() != Phase::Linger {
            this.track.enter(Phase::Linger);
        }
        while this.lingering > 0 {
            this.held.clear();
            match ready!(this.poll_held(cx, LOOK)) {
                Ok(0) | Err(_) => break,
                Ok(read) => this.lingering = this.lingering.saturating_sub(read),
            }
        }
        Poll::Ready(Ok(()))
    }
}

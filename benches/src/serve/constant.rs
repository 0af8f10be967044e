//! The floor of anything built on hyper: the same constant answers as the raw loop, through hyper on a single-threaded
//! tokio. What lies between this and sitekit is sitekit's own; what lies below it is not.

use std::{
    cell::Cell,
    convert::Infallible,
    net::TcpListener,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use anyhow::Context as _;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::{
    HeaderMap, Response, StatusCode,
    header::{CONNECTION, CONTENT_LENGTH, DATE, HeaderName, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;

use crate::answer;

/// Answers each connection with the given answers in turn, for ever.
pub(super) fn serve(listener: TcpListener, answers: &[Vec<u8>]) -> anyhow::Result<()> {
    let answers: Rc<[Constant]> = answers.iter().map(|bytes| Constant::parse(bytes)).collect::<anyhow::Result<_>>()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().context("tokio")?;
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime, async move {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let (answers, answered) = (Rc::clone(&answers), Cell::new(0));
            tokio::task::spawn_local(async move {
                let respond = service_fn(|_| {
                    let answer = &answers[answered.get() % answers.len()];
                    answered.set(answered.get() + 1);
                    std::future::ready(Ok::<_, Infallible>(answer.response()))
                });
                http1::Builder::new().serve_connection(TokioIo::new(stream), respond).await
            });
        }
    })
}

/// An answer, taken apart as hyper wants it.
#[derive(Debug)]
struct Constant {
    status: StatusCode,
    fields: HeaderMap,
    body: Bytes,
}

impl Constant {
    fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        let head = answer::head(bytes).map_err(anyhow::Error::msg)?.context("half an answer")?;
        let mut fields = HeaderMap::new();
        for line in bytes[..head.length].split(|byte| *byte == b'\n').skip(1) {
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let name = HeaderName::from_bytes(&line[..colon])?;
            // These hyper writes itself.
            if ![CONNECTION, CONTENT_LENGTH, DATE].contains(&name) {
                fields.append(name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii())?);
            }
        }
        let status = StatusCode::from_u16(head.status)?;
        Ok(Self { status, fields, body: Bytes::copy_from_slice(&bytes[head.length..]) })
    }

    fn response(&self) -> Response<Whole> {
        let mut response = Response::new(Whole(self.body.clone()));
        *response.status_mut() = self.status;
        response.headers_mut().clone_from(&self.fields);
        response
    }
}

/// A body in one piece.
#[derive(Debug)]
struct Whole(Bytes);

impl http_body::Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = std::mem::take(&mut self.0);
        Poll::Ready((!piece.is_empty()).then(|| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::serve::client::ask;

    #[test]
    fn the_answer_is_the_same_through_hyper() {
        let answer = b"HTTP/1.1 404 Not Found\r\nX-One: 1\r\nContent-Length: 5\r\nDate: then\r\n\r\nhello";
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        thread::spawn(move || serve(listener, &[answer.to_vec()]));
        let got = ask(addr, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        assert_eq!((got.head.status, got.body()), (404, &b"hello"[..]));
        assert_eq!(got.field("x-one"), Some("1"));
        assert_ne!(got.field("date"), Some("then"));
    }
}

//! What operators ask the server: `/stats.json`, `/metrics`, `/healthz` and `/readyz`, over HTTP on the Unix socket in the
//! build folder and, when asked for, at an address of its own. Never on the public listener.

use std::{
    convert::Infallible,
    fmt::Display,
    io,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Frame;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};

use crate::observe::{self, Report};

#[cfg(unix)]
use super::unix_socket::UnixSocket;
use super::{
    health::{Hearts, PATIENCE, Readiness},
    shutdown::{Phase, Stop},
    snapshot::Sites,
};

/// The name of the Unix socket in the build folder.
pub const SOCKET: &str = "sitekit.sock";

/// Operators' tools are few and quick.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// All that operators may ask about.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    pub(super) sites: Arc<Sites>,
    pub(super) hearts: Arc<Hearts>,
    pub(super) stop: Stop,
}

/// Serves operators at a TCP address for as long as it is polled.
pub(super) async fn serve_tcp(listener: std::net::TcpListener, desk: Desk) -> io::Result<Infallible> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(serve(stream, desk.clone()))),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// A Unix socket with a file of its own, which goes when this is dropped.
#[derive(Debug)]
#[cfg(unix)]
pub struct LocalSocket(UnixSocket);

#[cfg(unix)]
impl LocalSocket {
    /// Binds `path`, for us and no other user. The file of a server that is gone is replaced.
    ///
    /// # Errors
    /// `AddrInUse` when a server listens there, else those of the system.
    pub fn bind(path: &Path) -> io::Result<Self> {
        UnixSocket::bind(path, 0o600).map(Self)
    }

    /// The same, in the place of the server before us.
    ///
    /// # Errors
    /// Those of the system.
    pub fn replace(path: &Path) -> io::Result<Self> {
        UnixSocket::replace(path, 0o600).map(Self)
    }

    /// Serves operators for as long as it is polled.
    pub(super) async fn serve(self, desk: Desk) -> io::Result<Infallible> {
        let Self(UnixSocket { listener, file: _file }) = self;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::UnixListener::from_std(listener)?;
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(serve(stream, desk.clone()))),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

/// Where there are no Unix sockets, only `--admin-addr` answers.
#[derive(Debug)]
#[cfg(not(unix))]
pub struct LocalSocket;

#[cfg(not(unix))]
impl LocalSocket {
    /// # Errors
    /// Always.
    pub fn bind(_: &Path) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// # Errors
    /// Always.
    pub fn replace(_: &Path) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) async fn serve(self, _: Desk) -> io::Result<Infallible> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, desk: Desk) {
    let answer = service_fn(move |request: Request<Incoming>| {
        let desk = desk.clone();
        async move { Ok::<_, Infallible>(answer(request.method(), request.uri().path(), &desk).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    if let Err(error) = http.serve_connection(TokioIo::new(stream), answer).await {
        tracing::debug!(%error, "an operator's connection ended early");
    }
}

async fn answer(method: &Method, path: &str, desk: &Desk) -> Response<Text> {
    let registry = desk.sites.registry();
    let (status, media, text) = match path {
        _ if !matches!(*method, Method::GET | Method::HEAD) => {
            (StatusCode::METHOD_NOT_ALLOWED, PLAIN, "GET or HEAD\n".to_owned())
        }
        "/stats.json" => json(StatusCode::OK, &Report::of(registry, Instant::now())),
        "/metrics" => (StatusCode::OK, observe::PROMETHEUS_CONTENT_TYPE, observe::exposition(registry, Instant::now())),
        "/healthz" | "/healthz.json" => {
            let health = desk.hearts.health(PATIENCE).await;
            verdict(path, health.alive, &health)
        }
        "/readyz" | "/readyz.json" => {
            let readiness = desk.readiness();
            verdict(path, readiness.ready, &readiness)
        }
        _ => (StatusCode::NOT_FOUND, PLAIN, HERE.to_owned()),
    };
    let mut response = Response::new(Text(Some(text.into())));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

impl Desk {
    fn readiness(&self) -> Readiness {
        let live = self.sites.live().load();
        let names = live.sites().iter().map(|site| site.name());
        Readiness::of(self.stop.has_reached(Phase::Draining), names, self.sites.asked_for())
    }
}

/// 200 or 503: machines need no more. Where the path asks for it, as JSON.
fn verdict(path: &str, good: bool, said: &(impl Serialize + Display)) -> (StatusCode, &'static str, String) {
    let status = if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    if path.strip_suffix(".json").is_some() { json(status, said) } else { (status, PLAIN, format!("{said}\n")) }
}

fn json(status: StatusCode, said: &impl Serialize) -> (StatusCode, &'static str, String) {
    match serde_json::to_string(said) {
        Ok(text) => (status, "application/json", text),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, PLAIN, error.to_string()),
    }
}

const HERE: &str = "here are /stats.json, /metrics, /healthz and /readyz\n";
const PLAIN: &str = "text/plain; charset=utf-8";

struct Text(Option<Bytes>);

impl http_body::Body for Text {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        std::task::Poll::Ready(self.0.take().map(|text| Ok(Frame::data(text))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.0.as_ref().map_or(0, |text| text.len() as u64))
    }
}

//! How a client gets to the server: plain or over TLS, from an address of its own where it is to count alone.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpSocket, TcpStream},
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::CertificateDer, pki_types::ServerName},
};

/// A server that takes no connection for so long has stopped.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// The host the certificate is for.
pub(super) const HOST: &str = "localhost";

/// What both kinds of connection are.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// A place to connect to, and how.
#[derive(Clone)]
pub(super) enum Door {
    Plain(SocketAddr),
    Tls(SocketAddr, TlsConnector),
}

impl Door {
    /// Over TLS to a server with this certificate; `protocols` are those of ALPN.
    pub(super) fn tls(
        server: SocketAddr,
        certificate: CertificateDer<'static>,
        protocols: &[&str],
    ) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate)?;
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let mut config =
            config.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Ok(Self::Tls(server, TlsConnector::from(Arc::new(config))))
    }

    pub(super) async fn open(&self) -> io::Result<Box<dyn Stream>> {
        let opening = async {
            match self {
                Self::Plain(server) => Ok(Box::new(from(None, *server, None).await?) as Box<dyn Stream>),
                Self::Tls(server, connector) => {
                    let name = ServerName::try_from(HOST).map_err(io::Error::other)?;
                    let stream = from(None, *server, None).await?;
                    Ok(Box::new(connector.connect(name, stream).await?) as Box<dyn Stream>)
                }
            }
        };
        tokio::time::timeout(PATIENCE, opening).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }
}

/// A connection from an address of this machine, with a receive buffer of so many bytes where that matters.
pub(super) async fn from(source: Option<Ipv4Addr>, server: SocketAddr, buffer: Option<u32>) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if let Some(buffer) = buffer {
        socket.set_recv_buffer_size(buffer)?;
    }
    if let Some(source) = source {
        socket.bind(SocketAddr::new(IpAddr::V4(source), 0))?;
    }
    let stream = socket.connect(server).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

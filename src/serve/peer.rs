//! Who is at the other end of a connection, and for whom a request was sent: the same, unless a trusted proxy says
//! otherwise.

use std::net::{IpAddr, SocketAddr};

/// The other end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    /// `None` on a Unix socket, unless a proxy said for whom it speaks.
    pub(super) address: Option<IpAddr>,
    /// Over TLS.
    pub(super) secure: bool,
    /// The host the client named in its TLS handshake, in lower case.
    pub(super) server_name: Option<Box<str>>,
}

impl Peer {
    pub(super) fn at(address: SocketAddr) -> Self {
        Self { address: Some(address.ip().to_canonical()), secure: false, server_name: None }
    }

    /// The other end of a Unix socket.
    pub(super) fn local() -> Self {
        Self { address: None, secure: false, server_name: None }
    }
}

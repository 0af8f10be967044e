//! Who is at the other end of a connection, and for whom a request was sent: the same, unless a trusted proxy says
//! otherwise.

use std::net::IpAddr;

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    /// `None` on a Unix socket, unless a proxy said for whom it speaks.
    pub(super) address: Option<IpAddr>,
    /// Over TLS.
    pub(super) secure: bool,
}

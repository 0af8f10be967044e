//! Who is at the other end of a connection, and for whom a request was sent: the same, unless a trusted proxy says
//! otherwise.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use http::{HeaderMap, HeaderValue};
use ipnet::IpNet;

use crate::site::Host;

use super::{
    forwarded::{self, Contradiction, Forwarding},
    tls::Tls,
};

/// The other end of a connection.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    /// `None` on a Unix socket, unless a proxy said for whom it speaks.
    pub(super) address: Option<IpAddr>,
    /// Over TLS, here or as far as the proxy before us.
    pub(super) secure: bool,
    /// Believed when it says for whom it sends requests. Whoever may open our Unix socket is.
    pub(super) trusted: bool,
    /// The host the client named in its TLS handshake, in lower case.
    pub(super) server_name: Option<Box<str>>,
    /// What TLS is spoken with, here.
    pub(super) tls: Option<Arc<Tls>>,
    /// Came in where everything is redirected to https, at this port.
    pub(super) to_https: Option<u16>,
}

/// For whom a request was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// `None` when no one said it: on a Unix socket, or where a proxy hides it.
    pub address: Option<IpAddr>,
    /// The client spoke TLS, to us or to a proxy we trust.
    pub secure: bool,
    /// The authority it asked for, where a proxy changed it.
    pub host: Option<Box<str>>,
}

impl Peer {
    pub(super) fn at(address: SocketAddr, trusted: &[IpNet]) -> Self {
        let address = address.ip().to_canonical();
        Self { address: Some(address), trusted: is_trusted(address, trusted), ..Self::local() }
    }

    /// The other end of a Unix socket.
    pub(super) fn local() -> Self {
        Self { address: None, secure: false, trusted: true, server_name: None, tls: None, to_https: None }
    }

    /// Whether a request for this authority belongs on another connection: the client named another host in its
    /// handshake, and this one has a certificate of its own (RFC 9110 §7.4). One that covers both may serve both.
    pub(super) fn is_misdirected(&self, authority: &[u8]) -> bool {
        let (Some(tls), Some(name)) = (&self.tls, &self.server_name) else { return false };
        if authority.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.is_empty() || rest.starts_with(b":")) {
            return false;
        }
        let host = std::str::from_utf8(authority).ok().and_then(|text| Host::of_authority(text).ok());
        host.is_some_and(|host| host.as_str() != &**name && tls.has_another_for(name, host.as_str()))
    }

    /// Whose request with these fields is.
    pub(super) fn client(&self, fields: &HeaderMap, trusted: &[IpNet]) -> Result<Client, Contradiction> {
        let itself = Client { address: self.address, secure: self.secure, host: None };
        if !self.trusted {
            return Ok(itself);
        }
        let lines = |name| fields.get_all(name).iter().map(HeaderValue::as_bytes).collect::<Vec<_>>();
        let forwarding = Forwarding {
            forwarded: &lines("forwarded"),
            x_for: &lines("x-forwarded-for"),
            x_proto: &lines("x-forwarded-proto"),
            x_host: &lines("x-forwarded-host"),
        };
        forwarded::client(itself, forwarding, |address| is_trusted(address, trusted))
    }
}

pub(super) fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

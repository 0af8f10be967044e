//! What one client, or all of them, may take: every limit has a value, and each is enforced in one place.

use std::time::Duration;

/// The server's limits. `sitekit serve --help` says what each is for and what it is when nothing is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open at once, on all cores; one more takes the place of the one that has been without a request the longest on its core,
    /// or is answered 503 when none has been for `QUIET`.
    pub connections: usize,
    /// Of these, from one client address, or from the /64 an IPv6 address is in; one more is answered 503. Connections of
    /// trusted proxies do not count, unless they say whose they are.
    pub connections_per_address: usize,
    /// For what comes before HTTP: the handshake of TLS, the header of the PROXY protocol.
    pub handshake_timeout: Duration,
    /// From the first byte of a request head, or the opening of the connection, to the head's end.
    pub header_timeout: Duration,
    /// Between two requests of a connection.
    pub idle_timeout: Duration,
    /// For a request's body.
    pub body_timeout: Duration,
    /// A client that takes less than `MIN_RATE` of an answer over this time is gone.
    pub write_timeout: Duration,
    /// From the end of a request's head to the last byte of its answer, at whatever pace.
    pub request_timeout: Duration,
    /// What is in flight at shutdown may take this long.
    pub grace: Duration,
    /// Requests on one connection; the answer to the last one closes it. A client that was given what it asked for loses
    /// nothing, and what a connection has gathered is let go now and then.
    pub requests: u32,
    /// Open at once on one connection of HTTP/2.
    pub streams: u32,
    /// Streams of HTTP/2 that a client may reset on one connection before it is asked to open another. One that goes on
    /// is cut off.
    pub resets: u32,
    /// Of a request's head, in bytes; more is 431.
    pub head_bytes: usize,
    /// Of a request's head, in fields; more is 431.
    pub fields: usize,
    /// Of a request's body, in bytes: static sites have no use for one, so what is longer is 413.
    pub body_bytes: u64,
}

/// In bytes per second, averaged over `write_timeout`.
pub(super) const MIN_RATE: u64 = 128;
/// After our last byte, for the client's: closing at once would take the answer away from it (RFC 9112 §9.6).
pub(super) const LINGER: Duration = Duration::from_secs(2);

/// A connection without a request for this long may have to make room for a new one: what was on its way has come by then.
pub(super) const QUIET: Duration = Duration::from_secs(1);

/// When the server stops, for a request that is on its way on a connection without one: closing at once would reset it.
pub(super) const FAREWELL: Duration = Duration::from_millis(500);

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_address: 1000,
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            body_timeout: Duration::from_secs(20),
            write_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_hours(1),
            grace: Duration::from_secs(10),
            requests: 100_000,
            streams: 100,
            resets: 1000,
            head_bytes: 32 * 1024,
            fields: 100,
            body_bytes: 64 * 1024,
        }
    }
}

//! What a server refuses, cuts off or throws away, one name for each, so that no limit is without a counter. A new
//! limit is a line here and a `Registry::note` where it is enforced; every reader of the figures shows it from then on.

/// Writes the enum, the list of all its kinds, and their labels from one table, so that none can be forgotten.
macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $label:literal,)*) => {
        /// A limit that was reached, or something else a client did not get.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Event {
            $($(#[$doc])* $name,)*
        }

        impl Event {
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// What it is called in figures: the name of the limit's setting, where there is one.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$name => $label,)*
                }
            }
        }
    };
}

events! {
    /// A connection more than may be open at once, on all cores, while none of them could be spared.
    Connections = "connections",
    /// A connection without a request, closed so that another could have its place.
    IdleConnections = "idle_connections",
    /// A connection more than one client address may have.
    ConnectionsPerAddress = "connections_per_address",
    /// A connection to where proxies connect, from one that is not trusted, or without a header of the PROXY protocol.
    Proxy = "proxy",
    /// What comes before HTTP, such as the handshake of TLS, did not come in time.
    HandshakeTimeout = "handshake_timeout",
    /// A request's head did not come in time, or none did.
    HeaderTimeout = "header_timeout",
    /// Nothing came after the last answer. The everyday end of a connection.
    IdleTimeout = "idle_timeout",
    /// A request's body did not come in time.
    BodyTimeout = "body_timeout",
    /// An answer was not taken at a pace.
    WriteTimeout = "write_timeout",
    /// A request and its answer took too long together, whatever the pace.
    RequestTimeout = "request_timeout",
    /// A connection had as many requests as it may.
    Requests = "requests",
    /// A stream more than may be open at once on a connection.
    Streams = "streams",
    /// A client reset more streams than it may.
    Resets = "resets",
    /// A request's head was too long.
    HeadBytes = "head_bytes",
    /// A request's body was too long.
    BodyBytes = "body_bytes",
    /// A client asked more often than a rule allows.
    RateLimit = "rate_limit",
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn labels_are_distinct_and_need_no_escaping() {
        let labels: BTreeSet<_> = Event::ALL.iter().map(|event| event.label()).collect();
        assert_eq!(labels.len(), Event::ALL.len());
        assert!(labels.iter().all(|label| label.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')));
    }

    #[test]
    fn the_manual_knows_them_all() {
        let manual = include_str!("../../sites/docs/content/server/limits.md");
        for event in Event::ALL {
            assert!(manual.contains(&format!("`{}`", event.label())), "server/limits.md lacks `{}`", event.label());
        }
    }
}

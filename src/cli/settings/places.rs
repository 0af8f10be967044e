//! Where the server listens and with which certificates it speaks TLS: what `listen` and `[[tls.certificate]]` say.

use std::{fmt, net::SocketAddr, path::PathBuf};

use super::{
    form::{Folder, Form, Setting, Text, Word},
    group::{Group, Shape, described, shown},
    key::{Face, Key, When, key},
};
use crate::{cli::typed, serve::Place};

/// A place to listen at, and what is spoken there: `0.0.0.0:443 tls`, `unix:/run/sitekit.sock mode=660`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Listener {
    pub(in crate::cli) place: Place,
    pub(in crate::cli) tls: bool,
    /// Connections begin with a header of the PROXY protocol.
    pub(in crate::cli) proxy: bool,
    /// Of a Unix socket: who may connect.
    pub(in crate::cli) mode: u32,
}

/// The socket's user and group.
const MODE: u32 = 0o660;

impl From<SocketAddr> for Listener {
    fn from(address: SocketAddr) -> Self {
        Self { place: Place::Address(address), tls: false, proxy: false, mode: MODE }
    }
}

#[derive(Debug)]
pub(super) struct ListenAt;

impl Word<ListenAt> for Listener {
    fn form() -> Form {
        Form::Text(Text { name: "ADDRESS", what: "a place to listen at", example: "0.0.0.0:443 tls", path: None })
    }

    fn parse(word: &str) -> Result<Self, String> {
        let mut parts = word.split_whitespace();
        let place = match parts.next() {
            None => return Err("this takes an address, such as 127.0.0.1:8080, or unix:PATH".to_owned()),
            Some(first) => match first.strip_prefix("unix:") {
                Some("") => return Err("a Unix socket has a path: unix:/run/sitekit.sock".to_owned()),
                Some(path) => Place::Path(PathBuf::from(path)),
                None => Place::Address(typed::address(first)?),
            },
        };
        let mut listener = Self { place, tls: false, proxy: false, mode: MODE };
        for part in parts {
            let mode = part.strip_prefix("mode=").map(|mode| u32::from_str_radix(mode, 8));
            match (part, mode) {
                ("tls", _) => listener.tls = true,
                ("proxy", _) => listener.proxy = true,
                (_, Some(Ok(mode))) if mode <= 0o777 && matches!(listener.place, Place::Path(_)) => {
                    listener.mode = mode;
                }
                _ => {
                    return Err(format!(
                        "after the place follow `tls`, `proxy` and, for a Unix socket, `mode=660`; not `{part}`"
                    ));
                }
            }
        }
        Ok(listener)
    }

    fn word(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)?;
        if matches!(self.place, Place::Path(_)) {
            write!(f, " mode={:o}", self.mode)?;
        }
        f.write_str(if self.tls { " tls" } else { "" })?;
        f.write_str(if self.proxy { " proxy" } else { "" })
    }
}

/// A certificate and its key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct Certificate {
    pub(in crate::cli) chain: PathBuf,
    pub(in crate::cli) key: PathBuf,
}

type Table = Certificate;

const KEYS: &[Key<Certificate>] = &[
    key!("chain": Folder = chain, "PEM file with the certificate and those that lead to a root").required(),
    key!("key": Folder = key, "PEM file with the certificate’s private key").required(),
];

pub(super) const CERTIFICATES: Group = Group {
    name: "tls.certificate",
    doc: "A certificate, for the hosts that are named in it; the first one is also for clients that name another host or none",
    shape: Shape::Listed,
    read: |reader, value, config| config.tls.certificates = reader.listed("tls.certificate", KEYS, value),
    keys: || described(KEYS),
    shown: |config| {
        let certificates = config.tls.certificates.iter().enumerate();
        certificates.flat_map(|(n, one)| shown(KEYS, one, &format!("tls.certificate.{n}."))).collect()
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_to_listen_at() {
        for (word, shown) in [
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("localhost:80", "127.0.0.1:80"),
            ("[::]:443 tls", "[::]:443 tls"),
            ("0.0.0.0:443  proxy tls", "0.0.0.0:443 tls proxy"),
            ("unix:/run/s.sock", "unix:/run/s.sock mode=660"),
            ("unix:/run/s.sock mode=600 proxy", "unix:/run/s.sock mode=600 proxy"),
        ] {
            let listener = Listener::parse(word).unwrap();
            assert_eq!(listener.to_string(), shown);
            assert_eq!(Listener::parse(shown).unwrap(), listener, "{word}");
        }
        for wrong in
            ["", "80", "unix:", "127.0.0.1:80 ssl", "127.0.0.1:80 mode=600", "unix:/x mode=999", "unix:/x mode=1777"]
        {
            assert!(Listener::parse(wrong).is_err(), "{wrong}");
        }
    }
}

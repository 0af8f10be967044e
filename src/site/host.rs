//! Names of hosts, and which of them a site answers to. A name is brought into one form where it is read, so that
//! comparing two is comparing their bytes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A host: `example.com`, `127.0.0.1`, `[::1]`. In lower case, without a port and without the dot that may end a
/// domain name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(Box<str>);

/// Hosts a site is served on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum HostPattern {
    /// `example.com`
    Exactly(Host),
    /// `*.example.com`: one label or more before it, and not the name itself.
    Below(Host),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{found}` is not a host: it is a name such as `example.com`, or an IP address, and has no scheme, port or path"
)]
pub struct HostError {
    found: String,
}

impl Host {
    /// A host without a port.
    ///
    /// # Errors
    /// When it is neither a domain name of letters, digits, `-` and `_` (at most 253 bytes, labels of 1 to 63), nor an
    /// IP address.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        let error = || HostError { found: text.to_owned() };
        if let Some(literal) = text.strip_prefix('[') {
            let literal = literal.strip_suffix(']').ok_or_else(error)?;
            let address: std::net::Ipv6Addr = literal.parse().map_err(|_| error())?;
            return Ok(Self(format!("[{address}]").into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(plain);
        if name.len() > 253 || !name.split('.').all(label) {
            return Err(error());
        }
        Ok(Self(name.into()))
    }

    /// The host of a `Host` field or of the authority of a URL (RFC 9110 §7.2): the port is left out.
    pub fn of_authority(text: &str) -> Result<Self, HostError> {
        Self::with_port(text).map(|(host, _)| host)
    }

    /// The same, and the digits of the port, which may be none (RFC 3986 §3.2.3).
    pub(super) fn with_port(text: &str) -> Result<(Self, Option<&str>), HostError> {
        let end = if text.starts_with('[') { text.find(']').map(|end| end + 1) } else { text.find(':') };
        let (host, port) = text.split_at(end.unwrap_or(text.len()));
        let digits = port.strip_prefix(':').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        if !port.is_empty() && digits.is_none() {
            return Err(HostError { found: text.to_owned() });
        }
        Ok((Self::parse(host)?, digits))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl HostPattern {
    /// # Errors
    /// When it is neither a host nor `*.` and a host.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        match text.strip_prefix("*.") {
            Some(above) => Host::parse(above).map(Self::Below),
            None => Host::parse(text).map(Self::Exactly),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(host) => write!(f, "{host}"),
            Self::Below(above) => write!(f, "*.{above}"),
        }
    }
}

impl TryFrom<String> for HostPattern {
    type Error = HostError;

    fn try_from(text: String) -> Result<Self, HostError> {
        Self::parse(&text)
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_per_host() {
        for (text, expected) in [
            ("example.com", Some("example.com")),
            ("EXAMPLE.com.", Some("example.com")),
            ("a_b.example", Some("a_b.example")),
            ("127.0.0.1", Some("127.0.0.1")),
            ("[0:0:0:0:0:0:0:1]", Some("[::1]")),
            ("localhost", Some("localhost")),
            ("", None),
            ("a..b", None),
            ("a b", None),
            ("[::1", None),
            ("ä.example", None),
            ("example.com:80", None),
            ("http://example.com", None),
        ] {
            assert_eq!(Host::parse(text).ok().as_ref().map(Host::as_str), expected, "{text}");
        }
        for (text, expected) in [
            ("a:80", Some("a")),
            ("[::1]:80", Some("[::1]")),
            ("[::1]", Some("[::1]")),
            (":80", None),
            ("a:b", None),
            ("a:1:", None),
            ("[::1]x", None),
        ] {
            assert_eq!(Host::of_authority(text).ok().as_ref().map(Host::as_str), expected, "{text}");
        }
    }

    #[test]
    fn patterns() {
        for (pattern, expected) in [("Example.com", "example.com"), ("*.Example.com.", "*.example.com")] {
            assert_eq!(HostPattern::parse(pattern).unwrap().to_string(), expected, "{pattern}");
        }
        for wrong in ["*", "*.", "a.*.b", "**.a"] {
            assert!(HostPattern::parse(wrong).is_err(), "{wrong}");
        }
    }
}

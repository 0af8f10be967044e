//! What a field of a response may be, and the text of the fields that follow from a body. The writer makes them with
//! this and the reader checks them with it.

use crate::site::{Coding, ContentHash};

/// The most digits of a `Content-Length` a bundle can hold: bodies of up to 9 PB.
pub const LENGTH_DIGITS: usize = 16;

/// The most field lines of a response. More than any client takes, and less than what a `HeaderMap` can hold.
pub const MAX_FIELDS: usize = 256;

/// The fields that follow from a body and its coding, as they stand in a `Representation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Derived {
    /// A strong entity tag (RFC 9110 §8.8.3): the hash of the encoded bytes, and the coding, because the same bytes
    /// in another coding are another representation.
    pub etag: [u8; 40],
    pub length: [u8; LENGTH_DIGITS],
}

impl Derived {
    /// `None` when the body is too long for the format.
    #[must_use]
    pub fn of(hash: ContentHash, len: u64, coding: Coding) -> Option<Self> {
        let mut etag = Text::default();
        etag.push(b'"')?;
        for byte in hash.as_bytes() {
            etag.push(HEX[usize::from(byte >> 4)])?;
            etag.push(HEX[usize::from(byte & 15)])?;
        }
        if coding != Coding::Identity {
            etag.push(b'-')?;
            coding.token().bytes().try_for_each(|byte| etag.push(byte))?;
        }
        etag.push(b'"')?;
        let mut length = Text::default();
        let digits = len.checked_ilog10().unwrap_or(0);
        for place in (0..=digits).rev() {
            length.push(HEX[usize::try_from(len / 10_u64.pow(place) % 10).ok()?])?;
        }
        Some(Self { etag: etag.bytes, length: length.bytes })
    }

    /// The text without the zeros that fill it up.
    #[must_use]
    pub fn text(filled: &[u8]) -> &[u8] {
        let len = filled.iter().position(|&byte| byte == 0).unwrap_or(filled.len());
        filled.get(..len).unwrap_or(filled)
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

struct Text<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self { bytes: [0; N], len: 0 }
    }
}

impl<const N: usize> Text<N> {
    fn push(&mut self, byte: u8) -> Option<()> {
        *self.bytes.get_mut(self.len)? = byte;
        self.len += 1;
        Some(())
    }
}

/// Why a field cannot be in a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldFault {
    #[error("a field name is one or more lower-case token characters (RFC 9110 §5.1)")]
    Name,
    #[error("a field value has no control characters and no space at its ends (RFC 9110 §5.5)")]
    Value,
    #[error("this field follows from the body or from the connection, so a response cannot set it")]
    Reserved,
}

/// Holds a field line to RFC 9110 §5, lower-case names, and to what a response may decide for itself.
pub fn check_field(name: &str, value: &str) -> Result<(), FieldFault> {
    if name.is_empty() || !name.bytes().all(is_lower_token) {
        return Err(FieldFault::Name);
    }
    let visible = |byte: u8| byte > b' ' && byte != 0x7f;
    let bytes = value.as_bytes();
    let ends = [bytes.first(), bytes.last()].into_iter().flatten().all(|&byte| visible(byte));
    if !ends || !bytes.iter().all(|&byte| visible(byte) || matches!(byte, b' ' | b'\t')) {
        return Err(FieldFault::Value);
    }
    if RESERVED.contains(&name) { Err(FieldFault::Reserved) } else { Ok(()) }
}

/// Whether a route can have this status. Informational answers are none, and 204, 206 and 304 are answers to a kind of
/// request, not to a path; a body would break their framing.
#[must_use]
pub const fn check_status(status: u16) -> bool {
    matches!(status, 200..=599) && !matches!(status, 204 | 206 | 304)
}

/// Derived from the body, or owned by the connection (RFC 9110 §7.6.1) or by the moment (`Date`).
const RESERVED: &[&str] = &[
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "date",
    "etag",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
];

const fn is_lower_token(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_fields() {
        let hash = ContentHash::from_bytes([0xa0; 16]);
        for (coding, len, etag, length) in [
            (Coding::Identity, 0, "\"a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0\"", "0"),
            (Coding::Gzip, 9, "\"a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0-gzip\"", "9"),
            (Coding::Brotli, 10, "\"a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0-br\"", "10"),
            (Coding::Zstd, 9_999_999_999_999_999, "\"a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0-zstd\"", "9999999999999999"),
        ] {
            let derived = Derived::of(hash, len, coding).unwrap();
            assert_eq!(Derived::text(&derived.etag), etag.as_bytes());
            assert_eq!(Derived::text(&derived.length), length.as_bytes());
        }
        assert_eq!(Derived::of(hash, 10_000_000_000_000_000, Coding::Identity), None);
    }

    #[test]
    fn fields_on_the_wire() {
        for (name, value, expected) in [
            ("content-type", "text/html; charset=utf-8", Ok(())),
            ("x-empty", "", Ok(())),
            ("x-tab", "a\tb", Ok(())),
            ("x-obs-text", "Grüße", Ok(())),
            ("", "x", Err(FieldFault::Name)),
            ("Content-Type", "x", Err(FieldFault::Name)),
            ("a b", "x", Err(FieldFault::Name)),
            ("a:", "x", Err(FieldFault::Name)),
            ("ä", "x", Err(FieldFault::Name)),
            ("x", "a\r\nset-cookie: b", Err(FieldFault::Value)),
            ("x", "a\0", Err(FieldFault::Value)),
            ("x", " a", Err(FieldFault::Value)),
            ("x", "a\t", Err(FieldFault::Value)),
            ("x", "\u{7f}", Err(FieldFault::Value)),
            ("etag", "\"x\"", Err(FieldFault::Reserved)),
            ("transfer-encoding", "chunked", Err(FieldFault::Reserved)),
        ] {
            assert_eq!(check_field(name, value), expected, "{name}: {value:?}");
        }
    }

    #[test]
    fn statuses() {
        for good in [200, 301, 308, 404, 410, 503, 599] {
            assert!(check_status(good), "{good}");
        }
        for bad in [0, 99, 100, 199, 204, 206, 304, 600, 999, u16::MAX] {
            assert!(!check_status(bad), "{bad}");
        }
    }
}

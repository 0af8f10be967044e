//! Content codings (RFC 9110 §8.4.1) and the bytes they belong to.

use bytes::Bytes;

/// A content coding sitekit produces. The numbers are those of the bundle format and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Coding {
    Identity = 0,
    Gzip = 1,
    Brotli = 2,
    Zstd = 3,
}

impl Coding {
    pub const ALL: [Self; 4] = [Self::Identity, Self::Gzip, Self::Brotli, Self::Zstd];

    /// The token of the IANA registry, as in `Content-Encoding`.
    #[must_use]
    pub const fn token(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    /// The coding of a number in a bundle; `None` for a number no version wrote.
    #[must_use]
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Identity),
            1 => Some(Self::Gzip),
            2 => Some(Self::Brotli),
            3 => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Bytes and the coding they are in. They travel together: a length or a coding that is passed beside its bytes can
/// come to disagree with them. In a build they need not be in memory: then they are a [`Body`](super::Body).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedBody<B = Bytes> {
    pub coding: Coding,
    pub bytes: B,
}

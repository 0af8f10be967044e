//! A response as the build decided it, and the whole of what a bundle holds. `pack` takes these values, `map` gives
//! them back: `unpack(pack(image)) == image`.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{BasePath, EncodedBody, Manifest, Rules, SiteName, SitePath};

/// One header field line (RFC 9110 §5): a lower-case name and a value, both already valid on the wire.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Field {
    pub name: String,
    pub value: String,
}

impl Field {
    #[must_use]
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: value.into() }
    }
}

/// The answer of one route: a status, the fields all its representations share, and one body per coding.
///
/// `Content-Encoding`, `Content-Length`, `ETag` and `Vary` are not among the fields: the packer derives them from the
/// bodies, so they cannot disagree with them. A response always has an identity body (it may be empty), first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response<B = Bytes> {
    pub status: u16,
    pub fields: Vec<Field>,
    pub bodies: Vec<EncodedBody<B>>,
}

/// How a path that has no route of its own is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// A multi-page site: the site's own 404 page.
    #[default]
    Traditional,
    /// A single-page app: paths that look like pages get the shell, `/`, with 200.
    Spa,
}

/// Everything a bundle holds: one site, mounted at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteImage<B = Bytes> {
    pub site: SiteName,
    pub base: BasePath,
    pub mode: Mode,
    pub routes: BTreeMap<SitePath, Response<B>>,
    /// The route whose body answers, with status 404, what has no route. One of `routes`.
    pub not_found: Option<SitePath>,
    pub rules: Rules,
    /// What its scripts and style sheets were made of.
    pub manifest: Manifest,
}

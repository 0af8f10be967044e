//! Paths of a site, percent-decoded and normal, and the place a site is mounted at. A path that would climb out of
//! its site, or could be written in two ways, cannot be made.

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use serde::{Deserialize, Serialize};

use super::SiteName;

/// An absolute path inside a site, decoded: `/`, `/guide/`, `/img/Grüße 100%.png`.
///
/// Begins with `/`; has no empty segment except after a final `/`, no `.` or `..` segment, no control character and
/// no backslash; at most [`SitePath::MAX_LEN`] bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SitePath(Box<str>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("a path begins with `/`")]
    NotAbsolute,
    #[error("a path has no empty segment (`//`)")]
    EmptySegment,
    #[error("a path has no `.` or `..` segment")]
    DotSegment,
    #[error("a path has no control character, backslash or encoded slash")]
    Forbidden,
    #[error("a path is UTF-8, and `%` is followed by two hexadecimal digits")]
    Encoding,
    #[error("a path has at most {} bytes", SitePath::MAX_LEN)]
    TooLong,
}

impl SitePath {
    /// In bytes, decoded. Longer than any path a file system gives, shorter than any limit on a request line.
    pub const MAX_LEN: usize = 4096;

    /// Takes a decoded path.
    ///
    /// # Errors
    /// When it is not as the type says.
    pub fn parse(decoded: &str) -> Result<Self, PathError> {
        Self::check(decoded)?;
        Ok(Self(decoded.into()))
    }

    /// Takes the path of a request target (RFC 9112 §3.2) without its query, and decodes it, once.
    ///
    /// # Errors
    /// When it is not as the type says, or an octet is encoded that has no business in a name (`%2f`, `%5c`, `%00`).
    pub fn from_request(raw: &str) -> Result<Self, PathError> {
        if !raw.contains('%') {
            return Self::parse(raw);
        }
        let mut decoded = Vec::with_capacity(raw.len());
        let mut bytes = raw.bytes();
        while let Some(byte) = bytes.next() {
            if byte != b'%' {
                decoded.push(byte);
                continue;
            }
            let mut digit = || bytes.next().and_then(|b| (b as char).to_digit(16)).ok_or(PathError::Encoding);
            let octet = u8::try_from(digit()? * 16 + digit()?).map_err(|_| PathError::Encoding)?;
            if octet == b'/' {
                return Err(PathError::Forbidden);
            }
            decoded.push(octet);
        }
        let decoded = String::from_utf8(decoded).map_err(|_| PathError::Encoding)?;
        Self::check(&decoded)?;
        Ok(Self(decoded.into_boxed_str()))
    }

    #[must_use]
    pub fn root() -> Self {
        Self("/".into())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names a folder's index: `/`, `/guide/`.
    #[must_use]
    pub fn is_index(&self) -> bool {
        self.0.ends_with('/')
    }

    /// The last segment; empty for an index.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or("")
    }

    /// The part of the last segment after its last dot, if there is a dot and something before it.
    #[must_use]
    pub fn extension(&self) -> Option<&str> {
        self.file_name().rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, extension)| extension)
    }

    /// As it stands in a URL below `base`: percent-encoded, one way only.
    #[must_use]
    pub fn to_url(&self, base: &BasePath) -> String {
        let mut url = base.as_str().to_owned();
        url.extend(utf8_percent_encode(&self.0[1..], PATH));
        url
    }

    fn check(path: &str) -> Result<(), PathError> {
        if path.len() > Self::MAX_LEN {
            return Err(PathError::TooLong);
        }
        let rest = path.strip_prefix('/').ok_or(PathError::NotAbsolute)?;
        if path.chars().any(|c| c.is_control() || c == '\\') {
            return Err(PathError::Forbidden);
        }
        let mut segments = rest.split('/').peekable();
        while let Some(segment) = segments.next() {
            match segment {
                "" if segments.peek().is_some() => return Err(PathError::EmptySegment),
                "." | ".." => return Err(PathError::DotSegment),
                _ => {}
            }
        }
        Ok(())
    }
}

/// What is encoded in a path: everything but `pchar` and `/` (RFC 3986 §3.3).
pub(super) const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

impl fmt::Display for SitePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for SitePath {
    type Error = PathError;

    fn try_from(decoded: String) -> Result<Self, PathError> {
        Self::parse(&decoded)
    }
}

impl From<SitePath> for String {
    fn from(path: SitePath) -> Self {
        path.0.into()
    }
}

/// Where a site is mounted: `/` on a host of its own, `/<site>/` on the default host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BasePath(Box<str>);

impl BasePath {
    #[must_use]
    pub fn root() -> Self {
        Self("/".into())
    }

    #[must_use]
    pub fn of(site: &SiteName) -> Self {
        Self(format!("/{site}/").into())
    }

    /// Reads what `as_str` gives: `/`, or `/` a site's name `/`.
    #[must_use]
    pub fn parse(base: &str) -> Option<Self> {
        if base == "/" {
            return Some(Self::root());
        }
        let name = base.strip_prefix('/')?.strip_suffix('/')?;
        SiteName::parse(name).ok().map(|site| Self::of(&site))
    }

    /// With the slashes at both ends.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, expected: Result<&str, PathError>) {
        assert_eq!(SitePath::from_request(raw).as_ref().map(SitePath::as_str).map_err(|e| *e), expected, "{raw}");
    }

    #[test]
    fn request_paths_are_decoded_once_and_normal() {
        check("/", Ok("/"));
        check("/a/b/", Ok("/a/b/"));
        check("/%41%2d%c3%a4", Ok("/A-ä"));
        check("/100%25", Ok("/100%"));
        check("/%2541", Ok("/%41"));
        check("/a;b=c", Ok("/a;b=c"));
        check("/...", Ok("/..."));
        check("/.well-known/x", Ok("/.well-known/x"));
        check("", Err(PathError::NotAbsolute));
        check("*", Err(PathError::NotAbsolute));
        check("//", Err(PathError::EmptySegment));
        check("/a//b", Err(PathError::EmptySegment));
        check("/a/../b", Err(PathError::DotSegment));
        check("/a/%2e%2E/b", Err(PathError::DotSegment));
        check("/.", Err(PathError::DotSegment));
        check("/a%2fb", Err(PathError::Forbidden));
        check("/a%5Cb", Err(PathError::Forbidden));
        check("/a\\b", Err(PathError::Forbidden));
        check("/%00", Err(PathError::Forbidden));
        check("/%0d%0a", Err(PathError::Forbidden));
        check("/%c0%af", Err(PathError::Encoding));
        check("/%e0%80%af", Err(PathError::Encoding));
        check("/%", Err(PathError::Encoding));
        check("/%4", Err(PathError::Encoding));
        check("/%zz", Err(PathError::Encoding));
        check(&format!("/{}", "a".repeat(SitePath::MAX_LEN)), Err(PathError::TooLong));
    }

    #[test]
    fn urls_read_back() {
        let base = BasePath::parse("/docs/").unwrap();
        for (decoded, url) in [
            ("/", "/docs/"),
            ("/a b/ä%/", "/docs/a%20b/%C3%A4%25/"),
            ("/x?y#z", "/docs/x%3Fy%23z"),
            ("/a;b,c=d&e+f@g:h", "/docs/a;b,c=d&e+f@g:h"),
        ] {
            let path = SitePath::parse(decoded).unwrap();
            assert_eq!(path.to_url(&base), url);
            assert_eq!(SitePath::from_request(&path.to_url(&BasePath::root())), Ok(path));
        }
    }

    #[test]
    fn extensions() {
        for (path, expected) in [
            ("/a.css", Some("css")),
            ("/a.tar.gz", Some("gz")),
            ("/.htaccess", None),
            ("/a.b/", None),
            ("/a", None),
            ("/", None),
        ] {
            assert_eq!(SitePath::parse(path).unwrap().extension(), expected, "{path}");
        }
    }

    #[test]
    fn bases() {
        for good in ["/", "/docs/"] {
            assert_eq!(BasePath::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "docs", "/docs", "docs/", "//", "/a/b/", "/Ä/"] {
            assert_eq!(BasePath::parse(bad), None, "{bad}");
        }
    }
}

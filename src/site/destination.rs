//! Where a redirect or a rewrite leads, as it is written in a link, with places for what a pattern's parts stood for.
//! Whatever a client puts into those places stays inside of the path, the query or the fragment it was put into: a
//! destination can never be talked into leading to another host.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{BasePath, Captures, Host, HostError, PathError, PathPattern, SitePath, path::PATH};

/// A path below a site's base, such as `/posts/:slug/?from=feed`, or a URL such as `https://example.com/:splat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    text: Box<str>,
    /// Scheme and authority, of a URL.
    origin: Option<Box<str>>,
    path: Template,
    query: Option<Template>,
    fragment: Option<Template>,
}

/// Text with places in it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Template(Box<[Part]>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// Decoded in a path of the site; as it stands in a URL elsewhere.
    Text(Box<str>),
    Capture(Box<str>),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    #[error("it leads to a path of this site, which begins with one `/`, or to a URL with `https://` or `http://`")]
    NoPath,
    #[error(transparent)]
    Host(#[from] HostError),
    #[error("the pattern has no part `:{0}` (a `:` that begins no name is written `%3A`)")]
    UnknownName(String),
    #[error(transparent)]
    Path(#[from] PathError),
    #[error("it has no control character and no backslash, and `%` is followed by two hexadecimal digits")]
    Encoding,
    #[error("a rewrite leads to a path of this site, without `?` and `#`")]
    NotAPath,
}

impl Destination {
    /// # Errors
    /// When `text` is not as the type says, or names a part `from` does not have.
    pub fn parse(text: &str, from: &PathPattern) -> Result<Self, DestinationError> {
        if text.chars().any(|c| c.is_control() || c == '\\') {
            return Err(DestinationError::Encoding);
        }
        let (rest, fragment) = split(text, '#');
        let (rest, query) = split(rest, '?');
        let (origin, path) = match split_origin(rest)? {
            Some((origin, path)) => (Some(origin.into()), path),
            None => (None, rest),
        };
        if !path.starts_with('/') || (origin.is_none() && path.starts_with("//")) {
            return Err(DestinationError::NoPath);
        }
        let text_of = if origin.is_none() { decoded } else { encoded };
        let template = |text: &str, text_of| Template::parse(text, from, text_of);
        Ok(Self {
            text: text.into(),
            path: template(path, text_of)?,
            origin,
            query: query.map(|query| template(query, encoded)).transpose()?,
            fragment: fragment.map(|fragment| template(fragment, encoded)).transpose()?,
        })
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it leads to a path of the same site.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.origin.is_none()
    }

    /// Whether it is a path and nothing else, as a rewrite needs it.
    #[must_use]
    pub fn is_path(&self) -> bool {
        self.origin.is_none() && self.query.is_none() && self.fragment.is_none()
    }

    /// The path of this site it leads to. `None` when it leads elsewhere, or what was put in makes no path.
    #[must_use]
    pub fn site_path(&self, captures: &Captures<'_>) -> Option<SitePath> {
        if self.origin.is_some() {
            return None;
        }
        let mut path = String::new();
        for piece in self.path.fill(captures) {
            // What `*` stood for may begin with a slash, or be empty between two.
            let twice = path.ends_with('/') && piece.starts_with('/');
            path.push_str(if twice { &piece[1..] } else { piece });
        }
        SitePath::parse(&path).ok()
    }

    /// The value of a `Location` field, with the request's query after the destination's own. `None` when what was put
    /// in makes no path.
    #[must_use]
    pub fn location(&self, captures: &Captures<'_>, base: &BasePath, query: Option<&str>) -> Option<String> {
        let mut location = match &self.origin {
            None => self.site_path(captures)?.to_url(base),
            Some(origin) => {
                let mut url = origin.clone().into_string();
                self.path.write(captures, PATH, &mut url);
                url
            }
        };
        if let Some(own) = &self.query {
            location.push('?');
            own.write(captures, COMPONENT, &mut location);
        }
        if let Some(query) = query.filter(|query| !query.is_empty()) {
            location.push(if self.query.is_some() { '&' } else { '?' });
            location.push_str(query);
        }
        if let Some(fragment) = &self.fragment {
            location.push('#');
            fragment.write(captures, COMPONENT, &mut location);
        }
        Some(location)
    }
}

/// What of a client's path is put into a query or a fragment: nothing that has a meaning there.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

impl Template {
    fn parse(
        text: &str,
        from: &PathPattern,
        text_of: fn(&str) -> Result<String, DestinationError>,
    ) -> Result<Self, DestinationError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut pieces = text.split(':');
        plain.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let end = piece.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(piece.len());
            let (name, rest) = piece.split_at(end);
            if name.is_empty() {
                plain.push(':');
            } else if from.names().any(|known| known == name) {
                if !plain.is_empty() {
                    parts.push(Part::Text(text_of(&plain)?.into()));
                }
                parts.push(Part::Capture(name.into()));
                plain.clear();
            } else {
                return Err(DestinationError::UnknownName(name.to_owned()));
            }
            plain.push_str(rest);
        }
        if !plain.is_empty() {
            parts.push(Part::Text(text_of(&plain)?.into()));
        }
        Ok(Self(parts.into()))
    }

    fn fill<'a>(&'a self, captures: &'a Captures<'_>) -> impl Iterator<Item = &'a str> {
        self.0.iter().map(|part| match part {
            Part::Text(text) => &**text,
            // A destination was parsed with the pattern whose captures these are.
            Part::Capture(name) => captures.get(name).unwrap_or_default(),
        })
    }

    fn write(&self, captures: &Captures<'_>, set: &'static AsciiSet, out: &mut String) {
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Capture(name) => {
                    out.extend(utf8_percent_encode(captures.get(name).unwrap_or_default(), set));
                }
            }
        }
    }
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

/// Scheme and authority of a URL, and its path.
fn split_origin(text: &str) -> Result<Option<(String, &str)>, DestinationError> {
    let Some((scheme @ ("https" | "http"), rest)) = text.split_once("://") else { return Ok(None) };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = Host::with_port(authority)?;
    let origin = match port {
        None | Some("") => format!("{scheme}://{host}"),
        Some(port) => {
            let port: u16 = port.parse().map_err(|_| DestinationError::NoPath)?;
            format!("{scheme}://{host}:{port}")
        }
    };
    Ok(Some((origin, if path.is_empty() { "/" } else { path })))
}

/// Text of a path of the site, with `%` sequences decoded.
fn decoded(text: &str) -> Result<String, DestinationError> {
    check_escapes(text)?;
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8().map_err(|_| DestinationError::Encoding)?;
    // A slash that is written `%2F` would become one.
    let slashes = |text: &str| text.bytes().filter(|&byte| byte == b'/').count();
    if slashes(&decoded) != slashes(text) || decoded.chars().any(|c| c.is_control() || c == '\\') {
        return Err(PathError::Forbidden.into());
    }
    if decoded.contains("//") {
        return Err(PathError::EmptySegment.into());
    }
    Ok(decoded.into_owned())
}

/// Text of a URL elsewhere, or of a query: what is encoded stays so, and what must be is.
fn encoded(text: &str) -> Result<String, DestinationError> {
    check_escapes(text)?;
    Ok(utf8_percent_encode(text, IN_URL).to_string())
}

/// What cannot stand in a URL at all; `%` was checked.
const IN_URL: &AsciiSet = &PATH.remove(b'%').remove(b'?').remove(b'[').remove(b']');

fn check_escapes(text: &str) -> Result<(), DestinationError> {
    let hex = |after: &str| after.len() >= 2 && after.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    if text.split('%').skip(1).all(hex) { Ok(()) } else { Err(DestinationError::Encoding) }
}

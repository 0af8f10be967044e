//! What a path that has no route stands for: another URL, or another route.

use serde::{Deserialize, Serialize};

use super::{Destination, DestinationError, PathPattern};

/// A redirect or a rewrite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Move {
    from: PathPattern,
    to: Destination,
    how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// The query is kept.
    Redirect(RedirectStatus),
    /// The route that is there answers, with its own status.
    Rewrite,
}

/// A status that a `Location` goes with (RFC 9110 §15.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub enum RedirectStatus {
    MovedPermanently = 301,
    Found = 302,
    SeeOther = 303,
    TemporaryRedirect = 307,
    PermanentRedirect = 308,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a redirect has status 301, 302, 303, 307 or 308, not {0}")]
pub struct RedirectStatusError(u16);

impl Move {
    /// # Errors
    /// When `to` is no destination, names a part that `from` does not have, or is not one a rewrite can have.
    pub fn parse(from: PathPattern, to: &str, how: How) -> Result<Self, DestinationError> {
        let to = Destination::parse(to, &from)?;
        if how == How::Rewrite && !to.is_path() {
            return Err(DestinationError::NotAPath);
        }
        Ok(Self { from, to, how })
    }

    #[must_use]
    pub fn from(&self) -> &PathPattern {
        &self.from
    }

    /// Its names are all those of parts of `from`.
    #[must_use]
    pub fn to(&self) -> &Destination {
        &self.to
    }

    #[must_use]
    pub fn how(&self) -> How {
        self.how
    }
}

impl RedirectStatus {
    /// # Errors
    /// When a redirect cannot have it.
    pub fn new(status: u16) -> Result<Self, RedirectStatusError> {
        Ok(match status {
            301 => Self::MovedPermanently,
            302 => Self::Found,
            303 => Self::SeeOther,
            307 => Self::TemporaryRedirect,
            308 => Self::PermanentRedirect,
            _ => return Err(RedirectStatusError(status)),
        })
    }

    #[must_use]
    pub fn as_u16(self) -> u16 {
        self as u16
    }
}

impl TryFrom<u16> for RedirectStatus {
    type Error = RedirectStatusError;

    fn try_from(status: u16) -> Result<Self, RedirectStatusError> {
        Self::new(status)
    }
}

impl From<RedirectStatus> for u16 {
    fn from(status: RedirectStatus) -> Self {
        status.as_u16()
    }
}

/// As it is stored.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    from: PathPattern,
    to: String,
    how: How,
}

impl TryFrom<Written> for Move {
    type Error = DestinationError;

    fn try_from(written: Written) -> Result<Self, DestinationError> {
        Self::parse(written.from, &written.to, written.how)
    }
}

impl From<Move> for Written {
    fn from(moved: Move) -> Self {
        Self { to: moved.to.as_str().to_owned(), from: moved.from, how: moved.how }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::site::{BasePath, PathError, SiteName, SitePath};

    fn redirect(from: &str, to: &str) -> Result<Move, DestinationError> {
        let how = How::Redirect(RedirectStatus::PermanentRedirect);
        Move::parse(PathPattern::parse(from).unwrap(), to, how)
    }

    #[test]
    fn where_a_redirect_leads() {
        let docs = BasePath::of(&SiteName::parse("docs").unwrap());
        for (from, to, path, query, expected) in [
            ("/a", "/b/", "/a", None, "/docs/b/"),
            ("/a", "/b c/ä%25", "/a", None, "/docs/b%20c/%C3%A4%25"),
            ("/a", "/b%20c", "/a", Some("q=1"), "/docs/b%20c?q=1"),
            ("/a", "/b?x=1", "/a", Some("q=1"), "/docs/b?x=1&q=1"),
            ("/a", "/b?x=1#top", "/a", Some(""), "/docs/b?x=1#top"),
            ("/a", "/b#top", "/a", Some("q"), "/docs/b?q#top"),
            ("/:y/:slug", "/posts/:slug-:y/", "/2026/ä b", None, "/docs/posts/%C3%A4%20b-2026/"),
            ("/old/*", "/new/:splat", "/old/a/b", None, "/docs/new/a/b"),
            ("/old/*", "/new/:splat/x", "/old/", None, "/docs/new/x"),
            (
                "/find/:what",
                "/search/?q=:what#:what",
                "/find/a&b=c#d",
                None,
                "/docs/search/?q=a%26b%3Dc%23d#a%26b%3Dc%23d",
            ),
            ("/:a", "https://example.com:8080/:a?x", "/ä", Some("y"), "https://example.com:8080/%C3%A4?x&y"),
            ("/*", "https://Example.com", "/a", None, "https://example.com/"),
            ("/*", "http://[::1]:80/a%2Fb/:splat", "/c", None, "http://[::1]:80/a%2Fb/c"),
            ("/12:30", "/at%3A30", "/12:30", None, "/docs/at:30"),
        ] {
            let moved = redirect(from, to).unwrap();
            let captures = moved.from().captures(path).unwrap();
            assert_eq!(moved.to().location(&captures, &docs, query).as_deref(), Some(expected), "{from} {to} {path}");
        }
    }

    /// A path that was asked for must not become the name of a host, or climb.
    #[test]
    fn no_path_leads_to_another_host() {
        for (from, to, path, expected) in [
            ("/old*", "/:splat", "/old/evil.example", Some("/evil.example")),
            ("/*", "/:splat", "/", Some("/")),
            ("/:a", "/:a", "/@evil.example", Some("/@evil.example")),
            ("/x*", "/a/.:splat", "/x./b", None),
            ("/*", "https://good.example/:splat", "/.evil.example", Some("https://good.example/.evil.example")),
        ] {
            let moved = redirect(from, to).unwrap();
            let captures = moved.from().captures(path).unwrap();
            let found = moved.to().location(&captures, &BasePath::root(), None);
            assert_eq!(found.as_deref(), expected, "{from} {to} {path}");
        }
    }

    #[test]
    fn what_is_no_destination() {
        let unknown = |name: &str| DestinationError::UnknownName(name.to_owned());
        for (from, to, expected) in [
            ("/a", "b", DestinationError::NoPath),
            ("/a", "", DestinationError::NoPath),
            ("/a", "//evil.example/", DestinationError::NoPath),
            ("/a", "javascript:alert(1)", DestinationError::NoPath),
            ("/a", "ftp://a/", DestinationError::NoPath),
            ("/a", "https://a:99999/", DestinationError::NoPath),
            ("/:a", "/:b", unknown("b")),
            ("/:a", "/12:30", unknown("30")),
            ("/a", "/:splat", unknown("splat")),
            ("/a", "/b\r\nset-cookie: c", DestinationError::Encoding),
            ("/a", "/\\evil.example", DestinationError::Encoding),
            ("/a", "/100%", DestinationError::Encoding),
            ("/a", "/%2f/evil.example", DestinationError::Path(PathError::Forbidden)),
            ("/a", "/%0d%0a", DestinationError::Path(PathError::Forbidden)),
            ("/a", "/b//c", DestinationError::Path(PathError::EmptySegment)),
        ] {
            assert_eq!(redirect(from, to), Err(expected), "{from} {to}");
        }
        for host in ["https:///a", "https://:a/", "https://user@host/", "https://a b/"] {
            assert!(matches!(redirect("/:a", host), Err(DestinationError::Host(_))), "{host}");
        }
        for to in ["https://example.com/", "/a?b", "/a#b"] {
            let rewrite = Move::parse(PathPattern::parse("/x").unwrap(), to, How::Rewrite);
            assert_eq!(rewrite, Err(DestinationError::NotAPath), "{to}");
        }
        assert_eq!(
            RedirectStatus::new(304).unwrap_err().to_string(),
            "a redirect has status 301, 302, 303, 307 or 308, not 304"
        );
    }

    #[test]
    fn moves_are_stored_as_they_are_written() {
        for text in [
            r#"{"from":"/old/*","to":"/new/:splat","how":{"redirect":301}}"#,
            r#"{"from":"/a","to":"/b","how":"rewrite"}"#,
        ] {
            let moved: Move = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&moved).unwrap(), text);
        }
        for wrong in [
            r#"{"from":"/a","to":"/b","how":{"redirect":200}}"#,
            r#"{"from":"/a","to":"/:b","how":"rewrite"}"#,
            r#"{"from":"/a","to":"/b","how":"rewrite","when":1}"#,
        ] {
            assert!(serde_json::from_str::<Move>(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever is asked for, a browser goes where the author said: to the same host and below the site's base, or to
        /// the host that is written out.
        #[test]
        fn a_client_does_not_choose_the_host(
            from in "/([a@]{0,2}/)?(\\*|:a|x\\*)(/:b)?",
            to in "(https://good\\.example)?/([.@a]{0,2}/?:(a|b|splat)/?){1,2}([?#]:(a|splat))?",
            path in "(/[a@x:.?#%;& \u{e9}-]{1,4}){1,3}/?",
            mounted: bool,
        ) {
            let Ok(from) = PathPattern::parse(&from) else { return Ok(()) };
            let Ok(moved) = Move::parse(from, &to, How::Redirect(RedirectStatus::Found)) else { return Ok(()) };
            let Ok(path) = SitePath::parse(&path) else { return Ok(()) };
            let Some(captures) = moved.from().captures(path.as_str()) else { return Ok(()) };
            let base = if mounted { BasePath::of(&SiteName::parse("docs").unwrap()) } else { BasePath::root() };
            let Some(location) = moved.to().location(&captures, &base, Some("q=//evil.example")) else { return Ok(()) };
            prop_assert!(http::HeaderValue::from_str(&location).is_ok(), "{}", location);
            let here = url::Url::parse("https://here.example/x/y").unwrap();
            let there = here.join(&location).unwrap();
            let local = moved.to().is_local();
            let host = if local { "here.example" } else { "good.example" };
            prop_assert_eq!((there.host_str(), there.username()), (Some(host), ""), "{}", location);
            prop_assert!(!local || there.path().starts_with(base.as_str()), "{}", location);
        }
    }
}

//! What a site says about its answers beside the routes themselves: the part of its configuration that is decided per
//! request. What can be decided at build time (fields by pattern, cache lifetimes, policies) is not here but in the
//! responses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Cors, HostPattern, Move, PathPattern, Protected, SitePath};

/// The rules of one site, as its bundle holds them. All patterns and paths are decoded and below the site's base.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Hosts the site is served on, at `/`; when there are none, it is served below its name on the default host.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostPattern>,
    /// Redirects and rewrites, for paths that have no route: the first that matches is taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<Move>,
    /// The routes whose bodies answer with an error status: 401, 403, 404, 429, 503 …
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub error_pages: BTreeMap<ErrorStatus, SitePath>,
    /// Paths that ask for a password; the first that matches decides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub protected: Vec<Protected>,
    /// Who else's scripts may read which paths; the first that matches decides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cors: Vec<Cors>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<Maintenance>,
    #[serde(skip_serializing_if = "TrailingSlash::is_default")]
    pub trailing_slash: TrailingSlash,
}

/// A status of an answer that is an error: 400 to 599.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct ErrorStatus(u16);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no status of an error: those are 400 to 599")]
pub struct ErrorStatusError(u16);

/// The whole site answers 503.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Maintenance {
    /// In seconds.
    pub retry_after: u32,
    /// Paths that answer all the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<PathPattern>,
}

/// Whether the URL of a page in a folder ends in a slash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrailingSlash {
    /// `/guide/`; `/guide` redirects there.
    #[default]
    Always,
    /// `/guide`; `/guide/` redirects there.
    Never,
    /// Both answer.
    Either,
}

/// Why rules cannot stand in a bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    #[error("{0}")]
    Unreadable(String),
    #[error("they are not written the one way they can be")]
    NotCanonical,
    #[error("the page for status {}, {path}, is no route of the site", status.as_u16())]
    ErrorPage { status: ErrorStatus, path: SitePath },
}

impl Rules {
    /// Whether they say anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The one text they are stored as.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Maps have keys of text, and nothing else in serialization can fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what `to_json` writes, and nothing else.
    ///
    /// # Errors
    /// When it is no such text, or any value in it is not as its type says.
    pub fn from_json(text: &str) -> Result<Self, RulesError> {
        let rules: Self = serde_json::from_str(text).map_err(|error| RulesError::Unreadable(error.to_string()))?;
        if rules.is_empty() || rules.to_json() != text { Err(RulesError::NotCanonical) } else { Ok(rules) }
    }

    /// Whose password is asked for at a path.
    #[must_use]
    pub fn protection(&self, path: &str) -> Option<&Protected> {
        self.protected.iter().find(|one| one.paths.iter().any(|pattern| pattern.matches(path)))
    }

    /// Holds them to the routes of their site.
    ///
    /// # Errors
    /// When they name one that is not there.
    pub fn check(&self, is_route: impl Fn(&SitePath) -> bool) -> Result<(), RulesError> {
        match self.error_pages.iter().find(|(_, path)| !is_route(path)) {
            Some((&status, path)) => Err(RulesError::ErrorPage { status, path: path.clone() }),
            None => Ok(()),
        }
    }
}

impl ErrorStatus {
    /// # Errors
    /// When it is not as the type says.
    pub fn new(status: u16) -> Result<Self, ErrorStatusError> {
        if (400..600).contains(&status) { Ok(Self(status)) } else { Err(ErrorStatusError(status)) }
    }

    #[must_use]
    pub fn as_u16(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for ErrorStatus {
    type Error = ErrorStatusError;

    fn try_from(status: u16) -> Result<Self, ErrorStatusError> {
        Self::new(status)
    }
}

impl From<ErrorStatus> for u16 {
    fn from(status: ErrorStatus) -> Self {
        status.0
    }
}

impl TrailingSlash {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde calls takes a reference")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_stored_one_way() {
        for text in [
            r#"{"error_pages":{"404":"/404.html","503":"/soon/"}}"#,
            r#"{"hosts":["*.example.com"],"maintenance":{"retry_after":60,"open":["/soon/"]},"trailing_slash":"never"}"#,
            r#"{"cors":[{"paths":["/api/*"],"origins":["*"],"max_age":600}]}"#,
        ] {
            assert_eq!(Rules::from_json(text).unwrap().to_json(), text);
        }
        for (text, expected) in [
            ("{}", "they are not written the one way they can be"),
            (r#"{"trailing_slash":"always"}"#, "they are not written the one way they can be"),
            (r#"{"trailing_slash": "never"}"#, "they are not written the one way they can be"),
            (
                r#"{"error_pages":{"200":"/"}}"#,
                "200 is no status of an error: those are 400 to 599 at line 1 column 21",
            ),
            (r#"{"error_pages":{"404":"404"}}"#, "a path begins with `/` at line 1 column 28"),
            (
                r#"{"moves":[{"from":"/a","to":"/:b","how":"rewrite"}]}"#,
                "the pattern has no part `:b` (a `:` that begins no name is written `%3A`) at line 1 column 51",
            ),
            (
                r#"{"what":1}"#,
                "unknown field `what`, expected one of `hosts`, `moves`, `error_pages`, `protected`, `cors`, `maintenance`, `trailing_slash` at line 1 column 7",
            ),
        ] {
            assert_eq!(Rules::from_json(text).unwrap_err().to_string(), expected, "{text}");
        }
    }
}

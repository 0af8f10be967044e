//! What a site says about its answers beside the routes themselves: the part of its configuration that is decided per
//! request. What can be decided at build time (fields by pattern, cache lifetimes, policies) is not here but in the
//! responses.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{HostPattern, PathPattern, SitePath};

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
    pub error_pages: BTreeMap<u16, SitePath>,
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

/// What a path that has no route stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    pub from: PathPattern,
    /// A path below the site's base, or for a redirect also a URL (`https://…`); `:name` stands for what the pattern's
    /// part of that name stood for.
    pub to: String,
    pub how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// With this status: 301, 302, 303, 307 or 308. The query is kept.
    Redirect(u16),
    /// The route that is there answers, with its own status.
    Rewrite,
}

/// Basic authentication (RFC 7617).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protected {
    pub paths: Vec<PathPattern>,
    pub realm: String,
    /// Hashes of passwords by user: argon2 (`$argon2id$…`) or bcrypt (`$2y$…`).
    pub users: BTreeMap<String, String>,
}

/// Cross-origin access, as the Fetch standard has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    pub paths: Vec<PathPattern>,
    /// Serialized origins (`https://app.example.com`), or `*` alone.
    pub origins: Vec<String>,
    /// Names of response fields scripts may read besides the safe ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expose: Vec<String>,
    /// Names of request fields scripts may send besides the safe ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    /// How long a preflight holds, in seconds.
    pub max_age: u32,
}

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

impl TrailingSlash {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "what serde calls takes a reference")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

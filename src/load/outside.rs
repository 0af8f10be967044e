//! What a build reads that is no file: answers of other hosts, variables of the environment, the time. They are inputs like
//! any other, so [`World`](super::World) hands them out, and a test brings its own. Nothing here opens a connection or reads
//! a clock.

use std::{collections::BTreeMap, fmt, sync::Mutex, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;

use crate::site::ContentHash;

/// The inputs that are no files.
pub trait Outside: fmt::Debug + Send + Sync {
    /// The body of another host's answer, decoded.
    fn fetch(&self, request: &Request) -> Result<Bytes, FetchError>;

    /// A variable of the environment, if there is one and it is UTF-8.
    fn variable(&self, name: &str) -> Option<String>;

    /// What time it is, as far as this build is concerned: the same for as long as it lasts, and no finer than a day unless
    /// someone said so, for what is built twice should be the same twice.
    fn now(&self) -> Timestamp;
}

/// What is asked of another host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Request {
    /// As the author wrote it.
    pub url: String,
    pub method: Method,
    /// The media type that is hoped for.
    pub accept: &'static str,
    /// Further fields, in their order.
    pub fields: Vec<(String, String)>,
    /// Of a `POST`.
    pub content_type: Option<String>,
    pub body: Option<String>,
    pub limits: Limits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    Get,
    Post,
}

/// What an answer may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Limits {
    /// For one attempt, from the connection to the last byte.
    pub timeout: Duration,
    /// In bytes, after decoding.
    pub max_size: u64,
    /// Attempts after the first.
    pub retries: u32,
}

/// Why there is no answer. Reads as the end of a sentence that begins with the URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    #[error("cannot be asked for: {0}")]
    BadRequest(String),
    /// The status code and its phrase.
    #[error("answered {0}")]
    Status(String),
    #[error("did not answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    #[error("cannot be trusted: {0}")]
    Untrusted(String),
    #[error("redirects too often: {0} times are allowed")]
    Redirects(u32),
    #[error("answered with more than {0} bytes")]
    TooLarge(u64),
    #[error("is not in the cache, and this build is offline")]
    Offline,
    /// When the answer was locked, and the lock file.
    #[error("no longer answers what {lock} holds it to since {since}")]
    Changed { lock: String, since: String },
}

impl FetchError {
    /// Whether there simply is nothing, which a template may forgive.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        matches!(
            self,
            Self::Status(_)
                | Self::TimedOut(_)
                | Self::Unreachable(_)
                | Self::Untrusted(_)
                | Self::Redirects(_)
                | Self::Offline
        )
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Offline => Some("build once with a connection: what was fetched then is kept"),
            Self::Changed { .. } => Some("to take what it answers now, build with --refresh-data"),
            Self::TimedOut(_) => Some("`timeout` in [sitekit.data] of config.toml is in seconds"),
            Self::TooLarge(_) => Some("`max_size` in [sitekit.data] of config.toml is in bytes"),
            _ => None,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(20), max_size: 32 << 20, retries: 2 }
    }
}

impl Method {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// Fields that say who asks, not what for.
const CREDENTIALS: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

impl Request {
    /// A plain `GET`.
    #[must_use]
    pub fn get(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            method: Method::Get,
            accept: "*/*",
            fields: Vec::new(),
            content_type: None,
            body: None,
            limits: Limits::default(),
        }
    }

    /// The URL as people may see it, in a lock file or a message: who asks and what is in the query may be a secret.
    #[must_use]
    pub fn shown(&self) -> String {
        let (bare, query) = match self.url.split_once(['?', '#']) {
            Some((bare, _)) => (bare, "?…"),
            None => (self.url.as_str(), ""),
        };
        let authority = bare.find("://").map_or(0, |at| at + 3);
        let end = bare[authority..].find('/').map_or(bare.len(), |at| authority + at);
        let host = bare[authority..end].rfind('@').map_or(authority, |at| authority + at + 1);
        format!("{}{}{query}", &bare[..authority], &bare[host..])
    }

    /// Stands for all that decides about the answer. Who asks and how long they wait does not: a lock file holds for everybody
    /// who builds the site, and no secret goes into it.
    #[must_use]
    pub fn key(&self) -> ContentHash {
        let mut parts = vec![self.url.clone(), self.method.name().to_owned(), self.accept.to_owned()];
        let is_secret = |name: &str| CREDENTIALS.iter().any(|one| name.eq_ignore_ascii_case(one));
        for (name, value) in self.fields.iter().filter(|(name, _)| !is_secret(name)) {
            parts.push(format!("{}: {value}", name.to_ascii_lowercase()));
        }
        parts.push(self.content_type.clone().unwrap_or_default());
        parts.push(self.body.clone().unwrap_or_default());
        ContentHash::of_parts(parts.iter().map(String::as_bytes))
    }
}

/// Answers, variables and a time in memory, for tests; by itself it has none, and the time is the first of all.
#[derive(Debug, Default)]
pub struct MemoryOutside {
    answers: BTreeMap<String, Result<Bytes, FetchError>>,
    variables: BTreeMap<String, String>,
    now: Timestamp,
    asked: Mutex<Vec<Request>>,
}

impl MemoryOutside {
    /// Adds or replaces the answer of a URL.
    #[must_use]
    pub fn with_answer(mut self, url: &str, answer: Result<&str, FetchError>) -> Self {
        self.answers.insert(url.to_owned(), answer.map(|body| Bytes::copy_from_slice(body.as_bytes())));
        self
    }

    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    /// All that was asked for so far.
    pub fn asked(&self) -> Vec<Request> {
        self.asked.lock().map(|asked| asked.clone()).unwrap_or_default()
    }
}

impl Outside for MemoryOutside {
    fn fetch(&self, request: &Request) -> Result<Bytes, FetchError> {
        if let Ok(mut asked) = self.asked.lock() {
            asked.push(request.clone());
        }
        let unknown = || Err(FetchError::Unreachable("there is no such host".to_owned()));
        self.answers.get(&request.url).cloned().unwrap_or_else(unknown)
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn now(&self) -> Timestamp {
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        for (url, expected) in [
            ("https://x.org/a", "https://x.org/a"),
            ("https://me:secret@x.org/a@b?key=secret#c", "https://x.org/a@b?…"),
            ("https://x.org", "https://x.org"),
            ("x", "x"),
        ] {
            assert_eq!(Request::get(url).shown(), expected);
        }
    }

    #[test]
    fn what_decides_about_an_answer() {
        let plain = Request::get("https://x.org/a");
        let with = |name: &str, value: &str| {
            let fields = vec![(name.to_owned(), value.to_owned())];
            Request { fields, ..plain.clone() }
        };
        let longer = Limits { timeout: Duration::from_secs(99), ..Limits::default() };
        for (what, other, is_same) in [
            ("another URL", Request::get("https://x.org/b"), false),
            ("another method", Request { method: Method::Post, ..plain.clone() }, false),
            ("a body", Request { body: Some("{}".to_owned()), ..plain.clone() }, false),
            ("a field", with("accept-language", "de"), false),
            ("who asks", with("Authorization", "Bearer secret"), true),
            ("how long we wait", Request { limits: longer, ..plain.clone() }, true),
        ] {
            assert_eq!(other.key() == plain.key(), is_same, "{what}");
        }
    }
}

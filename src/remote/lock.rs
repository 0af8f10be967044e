//! The lock file: what every answer of another host was, so that who builds the site next builds the same one. It is
//! made to be read in a diff, and holds no secret: of a URL neither the query nor the user is in it.

use std::{collections::BTreeMap, fmt::Write as _};

use jiff::Timestamp;
use serde::Deserialize;

use crate::{
    diag::{Diagnostic, Source},
    site::ContentHash,
};

/// Beside a site's configuration.
pub const LOCK_FILE: &str = "sitekit.lock";

const VERSION: u32 = 1;

/// What was answered, by [`Request::key`](crate::load::Request::key).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock(BTreeMap<ContentHash, Locked>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// For people.
    pub url: String,
    pub content: ContentHash,
    pub fetched: Timestamp,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default)]
    data: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    url: String,
    request: toml::Spanned<String>,
    content: toml::Spanned<String>,
    fetched: toml::Spanned<String>,
}

impl Lock {
    /// Reads what [`Lock::to_toml`] writes.
    ///
    /// # Errors
    /// What is wrong with it; a merge that left its marks, most of the time.
    pub fn parse(source: &Source) -> Result<Self, Box<Diagnostic>> {
        let wrong = |span, message: String| {
            let diagnostic = Diagnostic::error_at(source, span, message);
            Box::new(diagnostic.with_help("mend it, or delete it: the next build writes it anew"))
        };
        let file: File = toml::from_str(&source.text)
            .map_err(|error| wrong(error.span().unwrap_or(0..0), error.message().trim().to_owned()))?;
        if file.version != VERSION {
            let message = format!("this file has version {}, and this sitekit knows version {VERSION}", file.version);
            return Err(wrong(0..source.text.find('\n').unwrap_or(0), message));
        }
        let mut entries = BTreeMap::new();
        for Entry { url, request, content, fetched } in file.data {
            let hash = |text: &toml::Spanned<String>| {
                let hash = ContentHash::parse(text.get_ref());
                hash.ok_or_else(|| wrong(text.span(), "a hash has 32 hexadecimal digits".to_owned()))
            };
            let time = fetched.get_ref().parse();
            let time = time.map_err(|_| wrong(fetched.span(), "this is not a time".to_owned()))?;
            entries.insert(hash(&request)?, Locked { url, content: hash(&content)?, fetched: time });
        }
        Ok(Self(entries))
    }

    /// The file's text; the same lock has the same text.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = format!(
            "# What other hosts answered when this site was built. Keep this file with the site's sources: the next build takes the\n\
             # same answers, until one with --refresh-data asks again.\nversion = {VERSION}\n"
        );
        let mut entries: Vec<_> = self.0.iter().collect();
        entries.sort_by(|(key, one), (other_key, other)| one.url.cmp(&other.url).then(key.cmp(other_key)));
        for (key, Locked { url, content, fetched }) in entries {
            let url = toml::Value::from(url.as_str());
            // Writing to a string does not fail.
            let _ = write!(
                text,
                "\n[[data]]\nurl = {url}\nrequest = \"{key}\"\ncontent = \"{content}\"\nfetched = \"{fetched}\"\n"
            );
        }
        text
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, key: ContentHash) -> Option<&Locked> {
        self.0.get(&key)
    }

    pub(super) fn extend(&mut self, more: BTreeMap<ContentHash, Locked>) {
        self.0.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_reads_back() {
        let entry = |url: &str, at| Locked {
            url: url.to_owned(),
            content: ContentHash::of(url.as_bytes()),
            fetched: Timestamp::from_second(at).unwrap(),
        };
        let mut lock = Lock::default();
        assert_eq!(Lock::parse(&Source::new("sitekit.lock", lock.to_toml())), Ok(lock.clone()));
        lock.extend(
            [
                (ContentHash::of(b"1"), entry("https://x.org/\"z\"", 0)),
                (ContentHash::of(b"2"), entry("https://x.org/a", 1_764_110_000)),
            ]
            .into(),
        );
        let text = lock.to_toml();
        assert_eq!(Lock::parse(&Source::new("sitekit.lock", text.as_str())), Ok(lock));
        insta::assert_snapshot!(text);
    }

    #[test]
    fn what_is_no_lock_is_told() {
        for (text, expected) in [
            ("version = 2\n", "1:1 this file has version 2, and this sitekit knows version 1"),
            ("<<<<<<< HEAD\nversion = 1\n", "1:9 key with no value, expected `=`"),
            (
                "version = 1\n[[data]]\nurl = 'x'\nrequest = 'y'\ncontent = ''\nfetched = ''\n",
                "6:11 this is not a time",
            ),
            (
                "version = 1\n[[data]]\nurl = 'x'\nrequest = 'y'\ncontent = ''\nfetched = '2026-01-01T00:00:00Z'\n",
                "4:11 a hash has 32 hexadecimal digits",
            ),
        ] {
            let wrong = Lock::parse(&Source::new("sitekit.lock", text)).unwrap_err();
            let (line, column) = wrong.position().unwrap();
            assert_eq!(format!("{line}:{column} {}", wrong.message), expected);
        }
    }
}

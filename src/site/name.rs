//! The name of a site: the folder under `sites/`, a segment of the URL and a folder under `build/`, so it must be
//! plain in all three.

use std::fmt;

/// Lower-case letters, digits, `-`, `_` and `.`, 1 to 64 bytes, beginning with a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteName(Box<str>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{name}` cannot name a site: a name is 1 to 64 lower-case letters, digits, `-`, `_` or `.`, and begins with a \
     letter or digit"
)]
pub struct SiteNameError {
    name: String,
}

impl SiteName {
    /// # Errors
    /// When `name` is not as the type says.
    pub fn parse(name: &str) -> Result<Self, SiteNameError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = name.as_bytes();
        let good = (1..=64).contains(&bytes.len())
            && plain(bytes[0])
            && bytes.iter().all(|&byte| plain(byte) || matches!(byte, b'-' | b'_' | b'.'));
        if good { Ok(Self(name.into())) } else { Err(SiteNameError { name: name.to_owned() }) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SiteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["a", "docs", "my-site_2", "example.com", &"a".repeat(64)] {
            assert!(SiteName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "-a", ".hidden", "Docs", "a/b", "a b", "ä", "a%", &"a".repeat(65)] {
            assert!(SiteName::parse(bad).is_err(), "{bad}");
        }
    }
}

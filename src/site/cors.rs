//! Which scripts of other origins may read what a site answers, in the words of the Fetch standard.

use serde::{Deserialize, Serialize};

use super::{Host, HostError, PathPattern, text::as_text};

/// Cross-origin access to some paths. Never with credentials: a static site has no answer that depends on them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cors {
    pub paths: Vec<PathPattern>,
    pub origins: Origins,
    /// Response fields scripts may read besides the safe ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expose: Vec<FieldName>,
    /// Request fields scripts may send besides the safe ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<FieldName>,
    /// How long a preflight holds, in seconds.
    pub max_age: u32,
}

/// Whose scripts may read; stored as a list of texts, in which `*` stands alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub enum Origins {
    Any,
    These(Vec<Origin>),
}

/// A serialized origin (RFC 6454 §6.2), as a browser sends it: `https://app.example.com`, `http://localhost:5173`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(Box<str>);

/// The name of a field (RFC 9110 §5.1), or `*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FieldName(Box<str>);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    #[error("an origin is `https://` or `http://`, a host and perhaps a port, and nothing behind it: `{found}`")]
    Form { found: String },
    #[error(transparent)]
    Host(#[from] HostError),
    #[error("`*` stands for every origin, so no other can stand beside it")]
    BesideStar,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not the name of a field: letters, digits and `-`")]
pub struct FieldNameError {
    found: String,
}

impl Origins {
    /// # Errors
    /// When one is no origin, or `*` is not alone.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, OriginError> {
        let star = texts.iter().any(|text| text.as_ref() == "*");
        match texts {
            [_] if star => Ok(Self::Any),
            _ if star => Err(OriginError::BesideStar),
            _ => texts.iter().map(|text| Origin::parse(text.as_ref())).collect::<Result<_, _>>().map(Self::These),
        }
    }
}

impl Origin {
    /// # Errors
    /// When it is not as the type says.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        let form = || OriginError::Form { found: text.to_owned() };
        let (scheme, authority) = text.split_once("://").ok_or_else(form)?;
        let scheme = scheme.to_ascii_lowercase();
        let default = match scheme.as_str() {
            "https" => 443,
            "http" => 80,
            _ => return Err(form()),
        };
        let (host, port) = Host::with_port(authority)?;
        let port: Option<u16> = port.map(|digits| digits.parse().map_err(|_| form())).transpose()?;
        let port = port.filter(|port| *port != default).map_or_else(String::new, |port| format!(":{port}"));
        Ok(Self(format!("{scheme}://{host}{port}").into()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FieldName {
    /// # Errors
    /// When it is not as the type says.
    pub fn parse(text: &str) -> Result<Self, FieldNameError> {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if text.is_empty() || !text.bytes().all(token) {
            return Err(FieldNameError { found: text.to_owned() });
        }
        Ok(Self(text.into()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

as_text!(Origin, OriginError);
as_text!(FieldName, FieldNameError);

impl TryFrom<Vec<String>> for Origins {
    type Error = OriginError;

    fn try_from(texts: Vec<String>) -> Result<Self, OriginError> {
        Self::parse(&texts)
    }
}

impl From<Origins> for Vec<String> {
    fn from(origins: Origins) -> Self {
        match origins {
            Origins::Any => vec!["*".to_owned()],
            Origins::These(origins) => origins.into_iter().map(String::from).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_as_browsers_send_them() {
        for (text, expected) in [
            ("https://app.example.com", Some("https://app.example.com")),
            ("https://app.example.com:443", Some("https://app.example.com")),
            ("http://localhost:5173", Some("http://localhost:5173")),
            ("HTTPS://Example.COM", Some("https://example.com")),
            ("http://[::1]:80", Some("http://[::1]")),
            ("https://example.com/", None),
            ("https://example.com:x", None),
            ("https://user@example.com", None),
            ("example.com", None),
            ("ftp://example.com", None),
            ("null", None),
            ("*", None),
        ] {
            assert_eq!(Origin::parse(text).ok().as_ref().map(Origin::as_str), expected, "{text}");
        }
        assert_eq!(Origins::parse(&["*"]), Ok(Origins::Any));
        assert_eq!(Origins::parse(&["*", "https://a.example"]), Err(OriginError::BesideStar));
    }

    #[test]
    fn names_of_fields() {
        for good in ["X-Total", "etag", "*"] {
            assert!(FieldName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "a:", "ä", "a\r\n"] {
            assert!(FieldName::parse(bad).is_err(), "{bad}");
        }
    }
}

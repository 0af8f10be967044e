//! Which scripts may read an answer: the CORS protocol of the Fetch standard, decided from a request's `Origin`.

use http::HeaderValue;

use crate::site::{Cors, FieldName, Origins, PathPattern};

/// Paths that scripts of other origins may read, with the values of the fields that say so.
#[derive(Debug)]
pub(super) struct CrossOrigin {
    paths: Vec<PathPattern>,
    origins: Allowed,
    pub(super) expose: Option<HeaderValue>,
    pub(super) allow: Option<HeaderValue>,
    pub(super) max_age: HeaderValue,
}

#[derive(Debug)]
enum Allowed {
    Any,
    These(Vec<HeaderValue>),
}

const ANY: HeaderValue = HeaderValue::from_static("*");

impl CrossOrigin {
    pub(super) fn new(cors: &Cors) -> Self {
        let list = |names: &[FieldName]| {
            let names: Vec<&str> = names.iter().map(FieldName::as_str).collect();
            HeaderValue::from_str(&names.join(", ")).ok().filter(|_| !names.is_empty())
        };
        Self {
            paths: cors.paths.clone(),
            origins: match &cors.origins {
                Origins::Any => Allowed::Any,
                Origins::These(origins) => {
                    let value = |origin: &crate::site::Origin| HeaderValue::from_str(origin.as_str()).ok();
                    Allowed::These(origins.iter().filter_map(value).collect())
                }
            },
            expose: list(&cors.expose),
            allow: list(&cors.allow),
            max_age: cors.max_age.into(),
        }
    }

    pub(super) fn covers(&self, path: &str) -> bool {
        self.paths.iter().any(|pattern| pattern.matches(path))
    }

    /// The value of `Access-Control-Allow-Origin`; `None` when this origin may not read, or there is none.
    pub(super) fn allowed(&self, origin: Option<&[u8]>) -> Option<HeaderValue> {
        match &self.origins {
            Allowed::Any => Some(ANY),
            Allowed::These(origins) => origins.iter().find(|known| Some(known.as_bytes()) == origin).cloned(),
        }
    }

    /// Whether what is said depends on the request's `Origin`.
    pub(super) fn varies(&self) -> bool {
        matches!(self.origins, Allowed::These(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins() {
        let cross_origin = |origins: &[&str]| {
            CrossOrigin::new(&Cors {
                paths: vec![PathPattern::parse("/api/*").unwrap()],
                origins: Origins::parse(origins).unwrap(),
                expose: Vec::new(),
                allow: vec![FieldName::parse("X-A").unwrap(), FieldName::parse("X-B").unwrap()],
                max_age: 60,
            })
        };
        let app = "https://app.example";
        for (origins, origin, expected) in [
            (&["*"][..], None, Some("*")),
            (&["*"], Some(app), Some("*")),
            (&["https://other.example", app], Some(app), Some(app)),
            (&[app], Some("https://app.example.evil"), None),
            (&[app], Some("null"), None),
            (&[app], None, None),
            (&[], Some(app), None),
        ] {
            let found = cross_origin(origins).allowed(origin.map(str::as_bytes));
            assert_eq!(found.as_ref().map(|value| value.to_str().unwrap()), expected, "{origins:?} {origin:?}");
        }
        let any = cross_origin(&["*"]);
        assert!(!any.varies() && any.covers("/api/x") && !any.covers("/x"));
        assert_eq!((any.expose, any.allow.unwrap()), (None, HeaderValue::from_static("X-A, X-B")));
    }
}

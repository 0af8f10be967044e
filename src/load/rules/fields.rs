//! `[[sitekit.headers]]` and `[[sitekit.cache]]`: header fields by path pattern, decided at build time.

use std::ops::Range;

use super::{super::fields::Fields, PatternTable, WrittenPattern, patterns, seconds};
use crate::{
    diag::Diagnostic,
    load::{Node, Spanned, Table},
    site::{Field, FieldName, PathPattern},
};

/// What becomes of the fields of some paths.
#[derive(Clone, Debug)]
pub struct FieldRule {
    pub paths: Vec<PathPattern>,
    pub changes: Vec<Change>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// In place of whatever has this name.
    Set(Field),
    /// One more line of this name.
    Append(Field),
    /// By name.
    Remove(String),
}

/// How long some paths are fresh.
#[derive(Clone, Debug)]
pub struct CacheRule {
    pub paths: Vec<PathPattern>,
    pub lifetime: Lifetime,
}

/// As `Cache-Control` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// Kept by nobody.
    NoStore,
    /// In seconds.
    MaxAge { max_age: u32, stale_while_revalidate: Option<u32>, immutable: bool },
}

/// What an answer that says `immutable` and no time is fresh for, in seconds: a year, the longest that caches honour.
const YEAR: u32 = 31_536_000;

impl Lifetime {
    /// That of a file whose name changes with its content.
    pub const FOR_GOOD: Self = Self::MaxAge { max_age: YEAR, stale_while_revalidate: None, immutable: true };

    /// The value of `Cache-Control` (RFC 9111 §5.2.2, RFC 8246, RFC 5861). What a password protects is nobody's to keep
    /// but the browser's.
    #[must_use]
    pub fn cache_control(self, is_protected: bool) -> String {
        let Self::MaxAge { max_age, stale_while_revalidate, immutable } = self else { return "no-store".to_owned() };
        // `public` would only say what is so without it (RFC 9111 §5.2.2.9).
        let mut value = format!("{}max-age={max_age}", if is_protected { "private, " } else { "" });
        if let Some(seconds) = stale_while_revalidate {
            value.extend([", stale-while-revalidate=", &seconds.to_string()]);
        }
        if immutable {
            value.push_str(", immutable");
        }
        value
    }
}

pub(super) fn read(fields: &mut Fields<'_>, written: &mut Vec<WrittenPattern>) -> Vec<FieldRule> {
    fields.each("headers", |fields, place| {
        let paths = patterns(fields, &place, PatternTable::Headers, written);
        let mut changes = Vec::new();
        for name in fields.strings("remove").into_iter().flatten().filter_map(|name| field_name(fields, &name)) {
            changes.push(Change::Remove(name));
        }
        let set = fields.table("set");
        changes.extend(lines(fields, "set", set).into_iter().map(Change::Set));
        let append = fields.table("append");
        changes.extend(lines(fields, "append", append).into_iter().map(Change::Append));
        Some(FieldRule { paths: paths?, changes })
    })
}

/// The fields of a table of names and values; a value may be a list, for several lines.
fn lines(fields: &mut Fields<'_>, key: &'static str, table: Option<Table>) -> Vec<Field> {
    let mut lines = Vec::new();
    for (name, node) in table.unwrap_or_default().0 {
        let (name, value) = (field_name(fields, &name), fields.text_of(key, node));
        if let (Some(name), Some(value)) = (name, value)
            && is_value(fields, &value)
        {
            lines.push(Field::new(&name, value.value));
        }
    }
    lines
}

fn is_value(fields: &mut Fields<'_>, value: &Spanned<String>) -> bool {
    let trimmed = value.value.trim_matches([' ', '\t']) == value.value;
    if trimmed && value.value.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) {
        return true;
    }
    let message = "the value of a field is printable ASCII, without white space at its ends (RFC 9110 §5.5)";
    fields.error(value.span.clone(), message);
    false
}

/// The name in lower case, if a site may decide that field.
fn field_name(fields: &mut Fields<'_>, name: &Spanned<String>) -> Option<String> {
    if let Err(error) = FieldName::parse(&name.value) {
        fields.error(name.span.clone(), error.to_string());
        return None;
    }
    let lower = name.value.to_ascii_lowercase();
    let Some((_, help)) = RESERVED.iter().find(|(names, _)| names.contains(&lower.as_str())) else {
        return Some(lower);
    };
    let message = format!("`{}` cannot be set here", name.value);
    fields.push(Diagnostic::error_at(fields.source(), name.span.clone(), message).with_help(*help));
    None
}

/// Fields that are decided elsewhere, and where.
const RESERVED: &[(&[&str], &str)] = &[
    (
        &["content-encoding", "content-length", "content-range", "accept-ranges", "etag", "vary"],
        "it is derived from the bytes that are sent, so that it is always true",
    ),
    (
        &["connection", "date", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"],
        "it belongs to the connection, and the server writes it",
    ),
    (&["location"], "write `[[sitekit.redirects]]`"),
    (&["www-authenticate"], "write `[[sitekit.auth]]`"),
    (
        &[
            "access-control-allow-credentials",
            "access-control-allow-headers",
            "access-control-allow-methods",
            "access-control-allow-origin",
            "access-control-expose-headers",
            "access-control-max-age",
        ],
        "write `[[sitekit.cors]]`, which answers preflights, too",
    ),
];

pub(super) fn read_cache(fields: &mut Fields<'_>, written: &mut Vec<WrittenPattern>) -> Vec<CacheRule> {
    fields.each("cache", |fields, place| {
        let paths = patterns(fields, &place, PatternTable::Cache, written);
        let lifetime = lifetime(fields, &place);
        Some(CacheRule { paths: paths?, lifetime: lifetime? })
    })
}

fn lifetime(fields: &mut Fields<'_>, place: &Range<usize>) -> Option<Lifetime> {
    let max_age = seconds(fields, "max_age");
    let stale_while_revalidate = seconds(fields, "stale_while_revalidate");
    let immutable = fields.bool("immutable").unwrap_or(false);
    let store = fields.node("store");
    match store {
        None => {}
        Some(Node { value: crate::load::Value::Bool(false), .. }) => {
            if max_age.is_some() || stale_while_revalidate.is_some() || immutable {
                fields.error(place.clone(), "what is not stored has no lifetime: remove `store`, or everything else");
            }
            return Some(Lifetime::NoStore);
        }
        Some(Node { span, .. }) => {
            let message = format!("`{}` can be `false`, and nothing else", fields.name_of("store"));
            fields.error(span, message);
            return None;
        }
    }
    let Some(max_age) = max_age.or(immutable.then_some(YEAR)) else {
        let diagnostic = Diagnostic::error_at(fields.source(), place.clone(), "this says nothing about how long")
            .with_help("write `max_age = \"1h\"`, `immutable = true` or `store = false`");
        fields.push(diagnostic);
        return None;
    };
    Some(Lifetime::MaxAge { max_age, stale_while_revalidate, immutable })
}

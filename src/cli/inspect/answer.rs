//! One route's answer, as a client may get it.

use serde::Serialize;

use super::super::text_table::{bytes, table};
use crate::map::{Bundle, Entry, Representation};

#[derive(Debug, Serialize)]
pub(super) struct Answer {
    /// With the site's base, as in a URL.
    url: String,
    status: u16,
    /// Those that all representations share; `Vary` is among them when there are several.
    fields: Vec<FieldLine>,
    representations: Vec<Coded>,
    /// Other routes with the same identity body, unless it is empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    same_body: Vec<String>,
}

#[derive(Debug, Serialize)]
struct FieldLine {
    name: String,
    value: String,
}

#[derive(Debug, Serialize)]
struct Coded {
    coding: &'static str,
    bytes: u64,
    etag: String,
    /// Of the encoded bytes.
    hash: String,
    /// Where they begin in the file.
    offset: u64,
}

impl Answer {
    pub(super) fn of(bundle: &Bundle, entry: &Entry<'_>) -> Self {
        let mut fields: Vec<_> = entry.fields().map(|(name, value)| FieldLine::new(name, value)).collect();
        if entry.is_negotiated() {
            fields.push(FieldLine::new("vary", "Accept-Encoding"));
        }
        let identity = entry.identity();
        let others = bundle.routes().filter(|(_, id)| *id != entry.id() && identity.len() > 0);
        let same_body = others.filter(|(_, id)| bundle.entry(*id).identity().hash() == identity.hash());
        Self {
            url: url(bundle, entry.path()),
            status: entry.status(),
            fields,
            representations: entry.representations().map(|found| Coded::of(&found)).collect(),
            same_body: same_body.map(|(path, _)| url(bundle, path)).collect(),
        }
    }

    pub(super) fn to_text(&self) -> String {
        let fields = self.fields.iter().map(|FieldLine { name, value }| format!("  {name}: {value}\n"));
        let identity = self.representations.first().map_or(0, |first| first.bytes);
        let rows = self.representations.iter().map(|found| {
            let saved = if found.coding == "identity" { String::new() } else { saved(found.bytes, identity) };
            vec![found.coding.to_owned(), bytes(found.bytes), saved, found.etag.clone()]
        });
        let codings = table(&["coding", "size", "saved", "etag"], &rows.collect::<Vec<_>>());
        let mut text = format!("{} {}\n{}\n{codings}", self.status, self.url, fields.collect::<String>());
        if !self.same_body.is_empty() {
            text.push_str("\nthe same body:\n");
            text.extend(self.same_body.iter().map(|path| format!("  {path}\n")));
        }
        text
    }
}

impl FieldLine {
    fn new(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), value: value.to_owned() }
    }
}

impl Coded {
    fn of(found: &Representation<'_>) -> Self {
        Self {
            coding: found.coding().token(),
            bytes: found.len(),
            etag: found.etag().to_owned(),
            hash: found.hash().to_string(),
            offset: found.offset(),
        }
    }
}

fn url(bundle: &Bundle, path: &str) -> String {
    format!("{}{}", bundle.base(), path.trim_start_matches('/'))
}

/// How much smaller `small` is than `whole`: `73 %`.
pub(super) fn saved(small: u64, whole: u64) -> String {
    match whole.saturating_sub(small).saturating_mul(100).checked_div(whole) {
        None | Some(0) => "–".to_owned(),
        Some(percent) => format!("{percent} %"),
    }
}

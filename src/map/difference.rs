//! What differs between two generations of a site, as someone sees it who has a page of the first one open.

use std::cmp::Ordering;

use super::{Bundle, EntryId};
use crate::site::ContentHash;

/// A route that is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// In the site, decoded.
    pub path: String,
    pub kind: Kind,
    pub change: Change,
}

/// What a browser makes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Page,
    Style,
    Script,
    Image,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    Added,
    Changed,
    Removed,
}

/// The routes that differ, by path. Only header fields that differ are no difference.
#[must_use]
pub fn differences(old: &Bundle, new: &Bundle) -> Vec<Difference> {
    let (mut olds, mut news) = (old.routes().peekable(), new.routes().peekable());
    let mut found = Vec::new();
    loop {
        let order = match (olds.peek(), news.peek()) {
            (None, None) => return found,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((one, _)), Some((other, _))) => one.cmp(other),
        };
        let was = if order.is_le() { olds.next() } else { None };
        let is = if order.is_ge() { news.next() } else { None };
        let (bundle, (path, id), change) = match (was, is) {
            (Some(was), None) => (old, was, Change::Removed),
            (None, Some(is)) => (new, is, Change::Added),
            (Some((_, was)), Some(is)) if content(old, was) != content(new, is.1) => (new, is, Change::Changed),
            _ => continue,
        };
        found.push(Difference { path: path.to_owned(), kind: kind(bundle, id), change });
    }
}

fn content(bundle: &Bundle, id: EntryId) -> (u16, ContentHash) {
    let entry = bundle.entry(id);
    (entry.status(), entry.identity().hash())
}

fn kind(bundle: &Bundle, id: EntryId) -> Kind {
    let media = bundle.entry(id).fields().find(|(name, _)| *name == "content-type").map_or("", |(_, media)| media);
    match media.split(';').next().unwrap_or_default().trim() {
        "text/html" => Kind::Page,
        "text/css" => Kind::Style,
        "text/javascript" => Kind::Script,
        media if media.starts_with("image/") => Kind::Image,
        _ => Kind::Other,
    }
}

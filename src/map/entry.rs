//! Entries and representations, read in place. Whatever they rely on was checked when the bundle was opened; should a
//! file change under us against all promises, they give nothing, and never panic.

use std::ops::Range;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::Bundle;
use crate::{
    bundle::{self, Derived, TextRef},
    site::{Coding, ContentHash},
};

/// A route of one bundle, by its place among the sorted paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub(super) u32);

/// A representation of one bundle, by its place among all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepresentationId(pub(super) u32);

/// The answer of a route.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    bundle: &'a Bundle,
    id: EntryId,
    record: bundle::Entry,
}

/// The answer of a route in one coding.
#[derive(Clone, Copy, Debug)]
pub struct Representation<'a> {
    bundle: &'a Bundle,
    id: RepresentationId,
    coding: Coding,
    body: bundle::Body,
}

/// Field lines, in the order they were packed in.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    bundle: &'a Bundle,
    lines: Range<u32>,
}

/// A body that is not what was packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body at byte {offset}, {len} bytes long, is damaged: its hash should be {hash}")]
pub struct Damage {
    pub offset: u64,
    pub len: u64,
    pub hash: ContentHash,
}

impl EntryId {
    /// From 0 to the bundle's `route_count`, without it.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl RepresentationId {
    /// From 0 to the bundle's `representation_count`, without it.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl<'a> Entry<'a> {
    pub(super) fn read(bundle: &'a Bundle, id: EntryId) -> Self {
        let record = bundle.index.tables.entries.get(&bundle.head, id.0).unwrap_or_default();
        Self { bundle, id, record }
    }

    #[must_use]
    pub fn id(&self) -> EntryId {
        self.id
    }

    #[must_use]
    pub fn path(&self) -> &'a str {
        self.bundle.path(self.id.0)
    }

    #[must_use]
    pub fn status(&self) -> u16 {
        self.record.status
    }

    /// The fields all representations share.
    #[must_use]
    pub fn fields(&self) -> Fields<'a> {
        let block = self.bundle.index.tables.blocks.get(&self.bundle.head, self.record.block).unwrap_or_default();
        Fields { bundle: self.bundle, lines: block.first_line..block.first_line.saturating_add(block.lines) }
    }

    /// One to four, the identity coding first.
    #[must_use]
    pub fn representations(&self) -> impl ExactSizeIterator<Item = Representation<'a>> + Clone + use<'a> {
        let (bundle, first) = (self.bundle, self.record.first_representation);
        (0..self.record.representations)
            .map(move |nth| Representation::read(bundle, RepresentationId(first.saturating_add(u32::from(nth)))))
    }

    /// The representation without a content coding.
    #[must_use]
    pub fn identity(&self) -> Representation<'a> {
        Representation::read(self.bundle, RepresentationId(self.record.first_representation))
    }

    /// Every field of the answer in this representation, as values that are slices of its tables: `fields()`, then
    /// `Content-Encoding` unless it is the identity, `Content-Length`, `ETag`, and `Vary` if the coding was negotiated.
    ///
    /// Making it costs an insertion per field. A server that keeps it, per core and `RepresentationId`, pays a clone
    /// per request and no more: no parsing, and no byte of a value is copied.
    #[must_use]
    pub fn header_map(&self, of: &Representation<'_>) -> HeaderMap {
        let mut map = HeaderMap::with_capacity(self.fields().lines.len() + 4);
        for (name, value) in self.fields() {
            let name = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_maybe_shared(self.bundle.head.slice_ref(value.as_bytes()));
            // Fields were checked when the bundle was opened.
            if let (Ok(name), Ok(value)) = (name, value) {
                map.append(name, value);
            }
        }
        if of.coding != Coding::Identity {
            map.insert(header::CONTENT_ENCODING, HeaderValue::from_static(of.coding.token()));
        }
        for (name, text) in [(header::CONTENT_LENGTH, of.length_text()), (header::ETAG, of.etag())] {
            if let Ok(value) = HeaderValue::from_maybe_shared(of.bundle.head.slice_ref(text.as_bytes())) {
                map.insert(name, value);
            }
        }
        if self.is_negotiated() {
            map.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        map
    }

    /// Whether the answer depends on `Accept-Encoding`: there is more than one representation.
    #[must_use]
    pub fn is_negotiated(&self) -> bool {
        self.record.representations > 1
    }
}

impl<'a> Representation<'a> {
    pub(super) fn read(bundle: &'a Bundle, id: RepresentationId) -> Self {
        let tables = &bundle.index.tables;
        let record = tables.representations.get(&bundle.head, id.0).unwrap_or_default();
        let body = tables.bodies.get(&bundle.head, record.body).unwrap_or_default();
        Self { bundle, id, coding: Coding::from_number(record.coding).unwrap_or(Coding::Identity), body }
    }

    #[must_use]
    pub fn id(&self) -> RepresentationId {
        self.id
    }

    #[must_use]
    pub fn coding(&self) -> Coding {
        self.coding
    }

    /// The strong entity tag, with its quotes.
    #[must_use]
    pub fn etag(&self) -> &'a str {
        self.derived_text(8, 40)
    }

    /// The value of `Content-Length`.
    #[must_use]
    pub fn length_text(&self) -> &'a str {
        self.derived_text(48, bundle::LENGTH_DIGITS)
    }

    /// Of the encoded body, in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a length in bytes, not a collection")]
    pub fn len(&self) -> u64 {
        self.body.len
    }

    /// From the start of the file, in bytes.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.body.offset
    }

    /// Of the encoded body. Equal bodies are stored once, so this names one in a cache.
    #[must_use]
    pub fn hash(&self) -> ContentHash {
        self.body.hash
    }

    /// Where the encoded body stands in the file.
    #[must_use]
    pub fn place(&self) -> Range<u64> {
        self.body.offset..self.body.offset.saturating_add(self.body.len)
    }

    /// The encoded body: a slice of the bundle. Touching its bytes may wait for the disk.
    #[must_use]
    pub fn body(&self) -> Bytes {
        range(&self.bundle.file, self.body).map_or_else(Bytes::new, |range| self.bundle.file.slice(range))
    }

    /// Reads the body and compares it with its hash.
    pub fn verify(&self) -> Result<(), Damage> {
        verify(&self.bundle.file, self.body)
    }

    fn derived_text(&self, start: usize, len: usize) -> &'a str {
        let head = &self.bundle.head;
        let record = self.bundle.index.tables.representations.range(self.id.0);
        let filled = record.and_then(|(at, _)| head.get(at + start..at + start + len)).unwrap_or_default();
        std::str::from_utf8(Derived::text(filled)).unwrap_or_default()
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (tables, head) = (&self.bundle.index.tables, &self.bundle.head);
        let line = tables.lines.get(head, self.lines.next()?)?;
        let text = |piece: TextRef| std::str::from_utf8(head.get(tables.text_range(piece)?)?).ok();
        Some((text(line.name)?, text(line.value)?))
    }
}

/// Compares a body, and the zeros that fill up the space behind it, with what was packed.
pub(super) fn verify(file: &[u8], body: bundle::Body) -> Result<(), Damage> {
    let whole = range(file, body).is_some_and(|range| {
        let (end, filled) = (range.end, bundle::aligned(range.end as u64));
        let behind = usize::try_from(filled).ok().and_then(|filled| file.get(end..filled));
        ContentHash::of(&file[range]) == body.hash && behind.is_some_and(|zeros| zeros.iter().all(|&byte| byte == 0))
    });
    if whole { Ok(()) } else { Err(Damage { offset: body.offset, len: body.len, hash: body.hash }) }
}

/// Where a body stands; `None` when it is not inside of the file.
fn range(file: &[u8], body: bundle::Body) -> Option<Range<usize>> {
    let start = usize::try_from(body.offset).ok()?;
    let end = start.checked_add(usize::try_from(body.len).ok()?)?;
    (end <= file.len()).then_some(start..end)
}

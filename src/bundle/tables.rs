//! Where each table stands. Tables follow each other in a fixed order, so their places are sums of the header's
//! counts: there is no offset of a table to get wrong.

use std::{fmt, marker::PhantomData, ops::Range};

use super::{Block, Body, Entry, HEADER_SIZE, Header, Line, Record, Representation, Slot, TextRef};
use crate::site::ContentHash;

/// Of every table and every body, in bytes.
pub const ALIGNMENT: u64 = 8;

/// Where the generation stands in the header.
pub const GENERATION: Range<usize> = 16..32;

/// The next multiple of [`ALIGNMENT`]; saturates.
#[must_use]
pub const fn aligned(offset: u64) -> u64 {
    offset.saturating_add(ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT
}

/// The name of a bundle's content: a hash of header and tables (`head`), the place of the name itself left out. The
/// tables hold the hash of each body, so two bundles of one generation are equal to the byte.
#[must_use]
pub fn generation_of(head: &[u8]) -> ContentHash {
    let before = head.get(..GENERATION.start).unwrap_or(head);
    let after = head.get(GENERATION.end..).unwrap_or(&[]);
    ContentHash::of_parts([before, after])
}

/// A table of records at some place of a file.
pub struct Table<R> {
    offset: usize,
    count: u32,
    record: PhantomData<fn() -> R>,
}

/// The places of all tables of one file.
#[derive(Clone, Copy, Debug)]
pub struct Tables {
    pub slots: Table<Slot>,
    pub entries: Table<Entry>,
    pub representations: Table<Representation>,
    pub bodies: Table<Body>,
    pub blocks: Table<Block>,
    pub lines: Table<Line>,
    text: (usize, usize),
    end: u64,
}

impl Tables {
    /// The places of the tables of a file with this header; `None` when they cannot be addressed on this machine.
    #[must_use]
    pub fn of(header: &Header) -> Option<Self> {
        let mut at = HEADER_SIZE as u64;
        let tables = Self {
            slots: Table::next(&mut at, header.slots)?,
            entries: Table::next(&mut at, header.entries)?,
            representations: Table::next(&mut at, header.representations)?,
            bodies: Table::next(&mut at, header.bodies)?,
            blocks: Table::next(&mut at, header.blocks)?,
            lines: Table::next(&mut at, header.lines)?,
            text: (usize::try_from(at).ok()?, usize::try_from(header.text_len).ok()?),
            end: aligned(at + u64::from(header.text_len)),
        };
        usize::try_from(tables.end).ok().map(|_| tables)
    }

    /// Where the tables end and the bodies begin, in bytes from the start of the file.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// The text region; empty when the file is too short for it.
    #[must_use]
    pub fn text_region<'a>(&self, file: &'a [u8]) -> &'a [u8] {
        file.get(self.text.0..).and_then(|rest| rest.get(..self.text.1)).unwrap_or(&[])
    }

    /// The bytes between the text and the first body.
    #[must_use]
    pub fn text_padding<'a>(&self, file: &'a [u8]) -> &'a [u8] {
        let end = usize::try_from(self.end).unwrap_or(usize::MAX);
        file.get(self.text.0 + self.text.1..end).unwrap_or(&[])
    }

    /// Where a piece of the text stands in the file; `None` when it is outside of the text region.
    #[must_use]
    pub fn text_range(&self, piece: TextRef) -> Option<Range<usize>> {
        let (start, len) = (usize::try_from(piece.offset).ok()?, usize::try_from(piece.len).ok()?);
        let end = start.checked_add(len)?;
        (end <= self.text.1).then(|| self.text.0 + start..self.text.0 + end)
    }
}

impl<R: Record> Table<R> {
    fn next(at: &mut u64, count: u32) -> Option<Self> {
        let offset = usize::try_from(*at).ok()?;
        *at += u64::from(count) * R::SIZE as u64;
        Some(Self { offset, count, record: PhantomData })
    }

    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// From the start of the file, in bytes.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The record at `index`; `None` past the end of the table or of the file.
    #[must_use]
    pub fn get(&self, file: &[u8], index: u32) -> Option<R> {
        let (start, end) = self.range(index)?;
        file.get(start..end).map(R::read)
    }

    /// Where the record at `index` stands in the file, as its first byte and the first byte after it.
    #[must_use]
    pub fn range(&self, index: u32) -> Option<(usize, usize)> {
        if index >= self.count {
            return None;
        }
        let start = self.offset + usize::try_from(index).ok()? * R::SIZE;
        Some((start, start + R::SIZE))
    }

    /// All records that stand in the file.
    pub fn iter<'a>(&self, file: &'a [u8]) -> impl Iterator<Item = (u32, R)> + use<'a, R> {
        let records = file.get(self.offset..).unwrap_or(&[]).chunks_exact(R::SIZE);
        (0..self.count).zip(records.map(R::read))
    }
}

impl<R> Clone for Table<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Table<R> {}

impl<R> fmt::Debug for Table<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records at {}", self.count, self.offset)
    }
}

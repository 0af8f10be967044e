//! The fixed-size records of the tables, little-endian, read from and written to bytes. Reading is total: what a
//! number means is checked once, when a bundle is opened.

use crate::site::ContentHash;

/// A record of a table.
pub trait Record: Copy + Default {
    /// In bytes; a multiple of 8.
    const SIZE: usize;

    /// Reads the first `SIZE` bytes; missing ones are zero.
    fn read(bytes: &[u8]) -> Self;

    /// Appends `SIZE` bytes.
    fn write(&self, out: &mut Vec<u8>);
}

/// A piece of the text region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextRef {
    /// From the start of the text region, in bytes.
    pub offset: u32,
    /// In bytes.
    pub len: u32,
}

/// A place of the hash table of routes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// The upper half of the hash of the entry's path.
    pub tag: u32,
    /// The entry's index plus one; zero where the slot is empty.
    pub entry: u32,
}

/// A route and its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    pub path: TextRef,
    /// The block of the fields all representations share.
    pub block: u32,
    pub first_representation: u32,
    pub representations: u16,
    pub status: u16,
    /// Zero.
    pub reserved: [u8; 4],
}

/// One coding of an answer, with the fields that are derived from its body, as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Representation {
    pub body: u32,
    /// The number of a `Coding`.
    pub coding: u8,
    /// Zero.
    pub reserved: [u8; 3],
    /// The value of `ETag`, filled up with zeros.
    pub etag: [u8; 40],
    /// The value of `Content-Length`, filled up with zeros.
    pub length: [u8; 16],
}

/// The place and the hash of the bytes of one or more representations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body {
    /// From the start of the file, in bytes.
    pub offset: u64,
    /// In bytes.
    pub len: u64,
    pub hash: ContentHash,
}

/// A list of field lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block {
    pub first_line: u32,
    pub lines: u32,
}

/// A field line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    pub name: TextRef,
    pub value: TextRef,
}

/// Takes numbers off the front of some bytes; past the end they are zero.
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl Cursor<'_> {
    pub(super) fn take<const N: usize>(&mut self) -> [u8; N] {
        let Some((head, rest)) = self.0.split_first_chunk() else { return [0; N] };
        self.0 = rest;
        *head
    }

    pub(super) fn u8(&mut self) -> u8 {
        u8::from_le_bytes(self.take())
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.take())
    }

    pub(super) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    pub(super) fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }
}

impl Record for TextRef {
    const SIZE: usize = 8;

    fn read(bytes: &[u8]) -> Self {
        let mut from = Cursor(bytes);
        Self { offset: from.u32(), len: from.u32() }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.offset.to_le_bytes());
        out.extend(self.len.to_le_bytes());
    }
}

impl Record for Slot {
    const SIZE: usize = 8;

    fn read(bytes: &[u8]) -> Self {
        let mut from = Cursor(bytes);
        Self { tag: from.u32(), entry: from.u32() }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.tag.to_le_bytes());
        out.extend(self.entry.to_le_bytes());
    }
}

impl Record for Entry {
    const SIZE: usize = 24;

    fn read(bytes: &[u8]) -> Self {
        let mut from = Cursor(bytes);
        Self {
            path: TextRef::read(&from.take::<8>()),
            block: from.u32(),
            first_representation: from.u32(),
            representations: from.u16(),
            status: from.u16(),
            reserved: from.take(),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.path.write(out);
        out.extend(self.block.to_le_bytes());
        out.extend(self.first_representation.to_le_bytes());
        out.extend(self.representations.to_le_bytes());
        out.extend(self.status.to_le_bytes());
        out.extend(self.reserved);
    }
}

impl Record for Representation {
    const SIZE: usize = 64;

    fn read(bytes: &[u8]) -> Self {
        let mut from = Cursor(bytes);
        Self { body: from.u32(), coding: from.u8(), reserved: from.take(), etag: from.take(), length: from.take() }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.body.to_le_bytes());
        out.extend([self.coding]);
        out.extend(self.reserved);
        out.extend(self.etag);
        out.extend(self.length);
    }
}

impl Default for Representation {
    fn default() -> Self {
        Self { body: 0, coding: 0, reserved: [0; 3], etag: [0; 40], length: [0; 16] }
    }
}

impl Record for Body {
    const SIZE: usize = 32;

    fn read(bytes: &[u8]) -> Self {
        let mut from = Cursor(bytes);
        Self { offset: from.u64(), len: from.u64(), hash: ContentHash::from_bytes(from.take()) }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.offset.to_le_bytes());
        out.extend(self.len.to_le_bytes());
        out.extend(self.hash.as_bytes());
    }
}

impl Default for Body {
    fn default() -> Self {
        Self { offset: 0, len: 0, hash: ContentHash::from_bytes([0; 16]) }
    }
}

impl Record for Block {
    const SIZE: usize = 8;

    fn read(bytes: &[u8]) -> Self {
        let mut from = Cursor(bytes);
        Self { first_line: from.u32(), lines: from.u32() }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.first_line.to_le_bytes());
        out.extend(self.lines.to_le_bytes());
    }
}

impl Record for Line {
    const SIZE: usize = 16;

    fn read(bytes: &[u8]) -> Self {
        let mut from = Cursor(bytes);
        Self { name: TextRef::read(&from.take::<8>()), value: TextRef::read(&from.take::<8>()) }
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.name.write(out);
        self.value.write(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<R: Record + PartialEq + std::fmt::Debug>(record: R) {
        let mut bytes = Vec::new();
        record.write(&mut bytes);
        assert_eq!(bytes.len(), R::SIZE);
        assert_eq!(bytes.len() % 8, 0);
        assert_eq!(R::read(&bytes), record);
        for len in 0..bytes.len() {
            R::read(&bytes[..len]);
        }
    }

    #[test]
    fn records_read_back() {
        let text = |offset| TextRef { offset, len: 0x0403_0201 };
        check(text(0x0807_0605));
        check(Slot { tag: 0x0102_0304, entry: 0x0506_0708 });
        check(Entry {
            path: text(7),
            block: 1,
            first_representation: 2,
            representations: 3,
            status: 404,
            reserved: [5; 4],
        });
        check(Representation { body: 9, coding: 2, reserved: [6; 3], etag: [7; 40], length: [8; 16] });
        check(Body { offset: 1 << 40, len: 1 << 33, hash: ContentHash::of(b"x") });
        check(Block { first_line: 5, lines: 6 });
        check(Line { name: text(1), value: text(2) });
    }
}

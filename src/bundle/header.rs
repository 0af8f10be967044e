//! The first bytes of a bundle: what it is, how long, and how many records each table has.

use super::record::{Cursor, Record, TextRef};
use crate::site::ContentHash;

/// In bytes.
pub const HEADER_SIZE: usize = 128;

/// The first byte is no text in any encoding in use; the line ends show a transfer that changed them; the control-Z
/// ends a file that is printed by mistake.
pub const MAGIC: [u8; 8] = *b"\x89SKB\r\n\x1a\n";

/// The version of the format this program writes. It reads this one and those before it.
pub const VERSION: u32 = 1;

/// The flag of a site that has rules.
pub const RULES: u32 = 1;

/// The flag of a site whose scripts and style sheets were built.
pub const MANIFEST: u32 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub magic: [u8; 8],
    pub version: u32,
    /// Features a reader must know to read the file at all: [`RULES`], [`MANIFEST`].
    pub flags: u32,
    pub generation: ContentHash,
    /// Of the file, in bytes.
    pub file_len: u64,
    /// Of the hash of the paths.
    pub seed: u64,
    /// A power of two.
    pub slots: u32,
    pub entries: u32,
    pub representations: u32,
    pub bodies: u32,
    pub blocks: u32,
    pub lines: u32,
    /// In bytes, without the padding behind it.
    pub text_len: u32,
    /// The index, plus one, of the entry that answers what has no route; zero when there is none.
    pub not_found: u32,
    pub site: TextRef,
    pub base: TextRef,
    /// 0 traditional, 1 single-page.
    pub mode: u32,
    /// Zero.
    pub reserved: [u8; 4],
    /// The rules of the site, as JSON, when the flag says there are some; else zero.
    pub rules: TextRef,
    /// The manifest of the site's assets, as JSON, when the flag says there is one; else zero.
    pub manifest: TextRef,
    /// Zero.
    pub reserved_end: [u8; 8],
}

impl Header {
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let mut from = Cursor(bytes);
        Self {
            magic: from.take(),
            version: from.u32(),
            flags: from.u32(),
            generation: ContentHash::from_bytes(from.take()),
            file_len: from.u64(),
            seed: from.u64(),
            slots: from.u32(),
            entries: from.u32(),
            representations: from.u32(),
            bodies: from.u32(),
            blocks: from.u32(),
            lines: from.u32(),
            text_len: from.u32(),
            not_found: from.u32(),
            site: TextRef::read(&from.take::<8>()),
            base: TextRef::read(&from.take::<8>()),
            mode: from.u32(),
            reserved: from.take(),
            rules: TextRef::read(&from.take::<8>()),
            manifest: TextRef::read(&from.take::<8>()),
            reserved_end: from.take(),
        }
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.magic);
        out.extend(self.version.to_le_bytes());
        out.extend(self.flags.to_le_bytes());
        out.extend(self.generation.as_bytes());
        out.extend(self.file_len.to_le_bytes());
        out.extend(self.seed.to_le_bytes());
        for count in [
            self.slots,
            self.entries,
            self.representations,
            self.bodies,
            self.blocks,
            self.lines,
            self.text_len,
            self.not_found,
        ] {
            out.extend(count.to_le_bytes());
        }
        self.site.write(out);
        self.base.write(out);
        out.extend(self.mode.to_le_bytes());
        out.extend(self.reserved);
        self.rules.write(out);
        self.manifest.write(out);
        out.extend(self.reserved_end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_the_header_is_read_and_written() {
        let bytes: Vec<u8> = (0..128).collect();
        let mut written = Vec::new();
        Header::read(&bytes).write(&mut written);
        assert_eq!(written, bytes);
        assert_eq!(written.len(), HEADER_SIZE);
    }
}

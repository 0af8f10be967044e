//! What stands in a rendered text for a file that is not built yet. It is made of letters and digits alone, so that it comes
//! through every escape there is: of HTML, of URLs, of strings in scripts and JSON.

use std::ops::Range;

use memchr::memmem;

use super::digest::{Bits, Digest};
use crate::site::ContentHash;

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The URL of the file.
    Url,
    /// Its Subresource Integrity metadata.
    Integrity,
    /// Its text.
    Content,
    /// Its path in the site, wherever that is mounted.
    Path,
    /// A digest of its bytes.
    Digest(Digest),
}

/// A placeholder in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// In bytes of the text.
    pub span: Range<usize>,
    pub what: What,
    /// [`key`] of the source.
    pub key: ContentHash,
}

const START: &str = "sitekitasset";

const LEN: usize = START.len() + 1 + 32;

const LETTERS: [(char, What); 10] = [
    ('u', What::Url),
    ('i', What::Integrity),
    ('c', What::Content),
    ('p', What::Path),
    ('d', What::Digest(Digest { bits: Bits::Sha256, base64: true })),
    ('e', What::Digest(Digest { bits: Bits::Sha384, base64: true })),
    ('f', What::Digest(Digest { bits: Bits::Sha512, base64: true })),
    ('g', What::Digest(Digest { bits: Bits::Sha256, base64: false })),
    ('h', What::Digest(Digest { bits: Bits::Sha384, base64: false })),
    ('j', What::Digest(Digest { bits: Bits::Sha512, base64: false })),
];

/// Stands for the file at `source`, relative to the project: no text has it by chance.
#[must_use]
pub fn key(source: &str) -> ContentHash {
    ContentHash::of_parts([START.as_bytes(), source.as_bytes()])
}

/// Stands for what is made of the file at `source` in the way `how`.
#[must_use]
pub fn key_of_made(source: &str, how: &str) -> ContentHash {
    ContentHash::of_parts([START.as_bytes(), source.as_bytes(), how.as_bytes()])
}

/// The placeholder for the file at `source`.
#[must_use]
pub fn write(what: What, source: &str) -> String {
    write_key(what, key(source))
}

/// The placeholder for what has this key.
#[must_use]
pub fn write_key(what: What, key: ContentHash) -> String {
    let letter = LETTERS.iter().find(|(_, one)| *one == what).map_or('u', |(letter, _)| *letter);
    format!("{START}{letter}{key}")
}

/// Whether a text begins as a placeholder does.
#[must_use]
pub fn begins(text: &str) -> bool {
    text.starts_with(START)
}

/// All placeholders of a text, in its order.
pub fn find(text: &str) -> impl Iterator<Item = Placeholder> {
    memmem::find_iter(text.as_bytes(), START).filter_map(|at| {
        let digits = text.get(at + START.len() + 1..at + LEN)?;
        let (_, what) = LETTERS.iter().find(|(letter, _)| text[at + START.len()..].starts_with(*letter))?;
        Some(Placeholder { span: at..at + LEN, what: *what, key: ContentHash::parse(digits)? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_found_where_they_are_and_nowhere_else() {
        let digest = What::Digest(Digest { bits: Bits::Sha512, base64: false });
        let (one, other) = (write(What::Url, "sites/a/x.svg"), write(digest, "sites/a/y"));
        let text = format!("a{one}b{other}sitekitassetu sitekitassetx{} {}", key("z"), &one[..40]);
        let found: Vec<_> = find(&text).map(|one| (text[one.span].to_owned(), one.what, one.key)).collect();
        assert_eq!(found, [(one, What::Url, key("sites/a/x.svg")), (other, digest, key("sites/a/y"))]);
    }
}

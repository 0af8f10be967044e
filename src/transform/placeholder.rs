//! What stands in a rendered text for a file that is not built yet. It is made of letters and digits alone, so that it comes
//! through every escape there is: of HTML, of URLs, of strings in scripts and JSON.

use std::ops::Range;

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

const LETTERS: [(char, What); 3] = [('u', What::Url), ('i', What::Integrity), ('c', What::Content)];

/// Stands for the file at `source`, relative to the project: no text has it by chance.
#[must_use]
pub fn key(source: &str) -> ContentHash {
    ContentHash::of_parts([START.as_bytes(), source.as_bytes()])
}

/// The placeholder for the file at `source`.
#[must_use]
pub fn write(what: What, source: &str) -> String {
    let letter = LETTERS.iter().find(|(_, one)| *one == what).map_or('u', |(letter, _)| *letter);
    format!("{START}{letter}{}", key(source))
}

/// All placeholders of a text, in its order.
pub fn find(text: &str) -> impl Iterator<Item = Placeholder> {
    text.match_indices(START).filter_map(|(at, _)| {
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
        let (one, other) = (write(What::Url, "sites/a/x.svg"), write(What::Content, "sites/a/y"));
        let text = format!("a{one}b{other}sitekitassetu sitekitassetx{} {}", key("z"), &one[..40]);
        let found: Vec<_> = find(&text).map(|one| (text[one.span].to_owned(), one.what, one.key)).collect();
        assert_eq!(found, [(one, What::Url, key("sites/a/x.svg")), (other, What::Content, key("sites/a/y"))]);
    }
}

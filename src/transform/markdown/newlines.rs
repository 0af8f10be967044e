//! Line endings are unified before parsing, so that a file with CRLF gives the same HTML as one with LF; places are
//! translated back, so that a diagnostic points into the file as it is.

use std::{borrow::Cow, ops::Range};

/// A part of a file with every CRLF as LF.
pub(super) struct Unified<'a> {
    text: Cow<'a, str>,
    /// Where the part begins in the file.
    base: usize,
    /// Where in `text` a carriage return was left out, rising.
    removed: Vec<usize>,
}

impl<'a> Unified<'a> {
    pub(super) fn new(text: &'a str, base: usize) -> Self {
        if !text.contains("\r\n") {
            return Self { text: Cow::Borrowed(text), base, removed: Vec::new() };
        }
        let mut unified = String::with_capacity(text.len());
        let mut removed = Vec::new();
        for line in text.split_inclusive('\n') {
            match line.strip_suffix("\r\n") {
                Some(line) => {
                    unified.push_str(line);
                    removed.push(unified.len());
                    unified.push('\n');
                }
                None => unified.push_str(line),
            }
        }
        Self { text: Cow::Owned(unified), base, removed }
    }

    /// Where in the file a range of the unified text stands.
    pub(super) fn in_file(&self, range: &Range<usize>) -> Range<usize> {
        let place = |at: usize| self.base + at + self.removed.partition_point(|&removed| removed < at);
        place(range.start)..place(range.end)
    }
}

impl std::ops::Deref for Unified<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive() {
        let file = "+++\r\n+++\r\na\r\nbc\r\r\n\r\nd";
        let unified = Unified::new(&file[10..], 10);
        assert_eq!(&*unified, "a\nbc\r\n\nd");
        for wanted in ["a", "bc", "d"] {
            let at = unified.find(wanted).unwrap();
            assert_eq!(&file[unified.in_file(&(at..at + wanted.len()))], wanted);
        }
    }
}

//! Line endings are unified before parsing, so that a file with CRLF gives the same HTML as one with LF; places are
//! translated back, so that a diagnostic points into the file as it is.

use std::{borrow::Cow, ops::Range};

use super::{Text, origin::Origins};

/// A text with every CRLF as LF.
pub(super) struct Unified<'a> {
    text: Cow<'a, str>,
    /// Where the Markdown begins in the file.
    base: usize,
    /// Where in `text` a carriage return was left out, rising.
    removed: Vec<usize>,
    /// Where what templates made comes from.
    origins: Option<Origins>,
}

impl<'a> Unified<'a> {
    pub(super) fn new(text: &Text<'a>) -> Self {
        let origins = text.templated.map(|made| Origins::new(text.written(), made));
        let read = text.templated.unwrap_or_else(|| text.written());
        let base = text.body.start;
        if !read.contains("\r\n") {
            return Self { text: Cow::Borrowed(read), base, removed: Vec::new(), origins };
        }
        let mut unified = String::with_capacity(read.len());
        let mut removed = Vec::new();
        for line in read.split_inclusive('\n') {
            match line.strip_suffix("\r\n") {
                Some(line) => {
                    unified.push_str(line);
                    removed.push(unified.len());
                    unified.push('\n');
                }
                None => unified.push_str(line),
            }
        }
        Self { text: Cow::Owned(unified), base, removed, origins }
    }

    /// Where in the file a range of the unified text stands, or what made it.
    pub(super) fn in_file(&self, range: &Range<usize>) -> Range<usize> {
        let place = |at: usize| at + self.removed.partition_point(|&removed| removed < at);
        let range = place(range.start)..place(range.end);
        let range = self.origins.as_ref().map_or(range.clone(), |origins| origins.of(&range));
        self.base + range.start..self.base + range.end
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
    use crate::diag::Source;

    #[test]
    fn places_survive() {
        let file = "+++\r\n+++\r\na\r\nbc\r\r\n\r\nd";
        let source = Source::new("a.md", file);
        let unified = Unified::new(&Text { source: &source, body: 10..file.len(), templated: None });
        assert_eq!(&*unified, "a\nbc\r\n\nd");
        for wanted in ["a", "bc", "d"] {
            let at = unified.find(wanted).unwrap();
            assert_eq!(&file[unified.in_file(&(at..at + wanted.len()))], wanted);
        }
    }
}

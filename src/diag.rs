//! What a site's author is told. A build collects every mistake it meets, with its place, and reports them together in
//! source order; nothing here prints, and nothing here stops a build.

use std::{fmt, ops::Range, sync::Arc};

use rapidfuzz::distance::osa::BatchComparator;

/// A text a diagnostic can point into.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// As the author knows it: relative to the project, with `/` (`sites/docs/content/_index.md`).
    pub path: Arc<str>,
    pub text: Arc<str>,
}

/// A message about one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The file; its place comes first, so that sorting diagnostics puts them in source order.
    pub path: Arc<str>,
    /// Where in the file, and the file's text, when there is such a place.
    pub label: Option<Label>,
    pub severity: Severity,
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// How we got there, outermost last: `included from templates/base.html:12`, `while rendering /guide/`.
    pub trace: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// In bytes of `source.text`, on character boundaries.
    pub span: Span,
    pub source: Source,
    /// What stands there, in a few words; may be empty.
    pub text: String,
}

/// A byte range that sorts by its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The site is not built.
    Error,
    /// The site is built, and the author should know.
    Warning,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Source").field(&self.path).finish()
    }
}

impl Diagnostic {
    /// An error about a file as a whole. The other parts are added with the methods below.
    pub fn error(path: impl Into<Arc<str>>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            label: None,
            severity: Severity::Error,
            message: message.into(),
            help: None,
            trace: Vec::new(),
        }
    }

    /// An error at a place: `span` is in bytes of `source.text`; a span past its end or inside a character is moved to
    /// the nearest place that is not.
    pub fn error_at(source: &Source, span: Range<usize>, message: impl Into<String>) -> Self {
        let mut diagnostic = Self::error(Arc::clone(&source.path), message);
        let boundary = |at: usize| source.text.floor_char_boundary(at.min(source.text.len()));
        let start = boundary(span.start);
        let span = Span { start, end: boundary(span.end).max(start) };
        diagnostic.label = Some(Label { span, source: source.clone(), text: String::new() });
        diagnostic
    }

    /// The same, as a warning.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Says what stands at the place.
    #[must_use]
    pub fn labelled(mut self, text: impl Into<String>) -> Self {
        if let Some(label) = &mut self.label {
            label.text = text.into();
        }
        self
    }

    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds an outer step of how we got there.
    #[must_use]
    pub fn traced(mut self, step: impl Into<String>) -> Self {
        self.trace.push(step.into());
        self
    }

    /// Line and column, both from 1, the column in characters; `None` for a whole file.
    #[must_use]
    pub fn position(&self) -> Option<(usize, usize)> {
        let label = self.label.as_ref()?;
        Some(label.source.position(label.span.start))
    }
}

impl Source {
    pub fn new(path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// Line and column of a byte offset, both from 1, the column in characters.
    #[must_use]
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..self.text.floor_char_boundary(offset.min(self.text.len()))];
        let line_start = memchr::memrchr(b'\n', before.as_bytes()).map_or(0, |at| at + 1);
        (memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1, before[line_start..].chars().count() + 1)
    }

    /// The byte offset of a line and a column, both from 1, the column in characters; the end of the line when it is
    /// shorter, the end of the text when there is no such line.
    #[must_use]
    pub fn offset(&self, line: usize, column: usize) -> usize {
        let mut start = 0;
        for _ in 1..line {
            match self.text[start..].find('\n') {
                Some(at) => start += at + 1,
                None => return self.text.len(),
            }
        }
        let text = self.text[start..].split('\n').next().unwrap_or("");
        start + text.char_indices().nth(column.saturating_sub(1)).map_or(text.len(), |(at, _)| at)
    }
}

/// The nearest of `candidates` to `typed`, when one is near enough to have been meant.
pub fn did_you_mean<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates.into_iter().collect::<Candidates<'_>>().meant(typed)
}

/// What may have been meant, ready to be compared with many texts.
#[derive(Clone, Debug, Default)]
pub struct Candidates<'a>(Vec<(Letters, &'a str)>);

impl<'a> FromIterator<&'a str> for Candidates<'a> {
    fn from_iter<I: IntoIterator<Item = &'a str>>(candidates: I) -> Self {
        Self(candidates.into_iter().map(|candidate| (Letters::of(candidate), candidate)).collect())
    }
}

impl<'a> Candidates<'a> {
    /// The nearest to `typed`, when it is near enough to have been meant.
    #[must_use]
    pub fn meant(&self, typed: &str) -> Option<&'a str> {
        self.nearest_where(typed, |distance, candidate| distance * 3 <= typed.len().max(candidate.len()))
    }

    /// The nearest to `typed`, however far it is.
    #[must_use]
    pub fn nearest(&self, typed: &str) -> Option<&'a str> {
        self.nearest_where(typed, |_, _| true)
    }

    /// Looks closely at those only that can be nearer than the nearest up to then.
    fn nearest_where(&self, typed: &str, is_near: impl Fn(usize, &str) -> bool) -> Option<&'a str> {
        let letters = Letters::of(typed);
        let bounded = self.0.iter().map(|(of_candidate, candidate)| (letters.least_distance(of_candidate), *candidate));
        let mut bounded: Vec<(usize, &str)> = bounded.filter(|&(least, candidate)| is_near(least, candidate)).collect();
        bounded.sort_unstable();
        let typed = BatchComparator::new(typed.chars());
        let mut nearest: Option<(usize, &str)> = None;
        for (least, candidate) in bounded {
            if nearest.is_some_and(|(distance, _)| least > distance) {
                break;
            }
            let found = (typed.distance(candidate.chars()), candidate);
            if is_near(found.0, candidate) && nearest.is_none_or(|nearest| found < nearest) {
                nearest = Some(found);
            }
        }
        nearest.map(|(_, candidate)| candidate)
    }
}

/// How often each letter is in a text, many letters counted as one.
#[derive(Clone, Copy, Debug)]
struct Letters([i16; 32]);

impl Letters {
    fn of(text: &str) -> Self {
        let mut counts = [0_i16; 32];
        for c in text.chars() {
            let count = &mut counts[c as usize % 32];
            *count = count.saturating_add(1);
        }
        Self(counts)
    }

    /// No fewer edits can make one text of the other, since each adds and takes away one letter at most. Most candidates need
    /// no closer look.
    fn least_distance(&self, other: &Self) -> usize {
        let (mut more, mut less) = (0, 0);
        for (one, other) in self.0.iter().zip(&other.0) {
            let difference = i32::from(*one) - i32::from(*other);
            more += difference.max(0);
            less += (-difference).max(0);
        }
        more.max(less).unsigned_abs() as usize
    }
}

#[cfg(test)]
mod tests {
    use rapidfuzz::distance::osa;

    use super::*;

    #[test]
    fn places_read_back() {
        let source = Source::new("a.md", "eins\nzwölf\n\nende");
        for (offset, position) in [(0, (1, 1)), (5, (2, 1)), (9, (2, 4)), (12, (3, 1)), (13, (4, 1)), (17, (4, 5))] {
            assert_eq!(source.position(offset), position, "{offset}");
            assert_eq!(source.offset(position.0, position.1), offset, "{position:?}");
        }
        assert_eq!(source.offset(2, 99), 11);
        assert_eq!(source.offset(99, 1), 17);
    }

    #[test]
    fn spans_are_moved_to_character_boundaries() {
        let source = Source::new("a.md", "ä");
        let label = Diagnostic::error_at(&source, 1..99, "x").label.unwrap();
        assert_eq!((label.span.start, label.span.end), (0, 2));
    }

    #[test]
    fn suggestions() {
        let known = ["title", "template", "weight"];
        assert_eq!(did_you_mean("titel", known), Some("title"));
        assert_eq!(did_you_mean("wieght", known), Some("weight"));
        assert_eq!(did_you_mean("author", known), None);
    }

    /// What is meant, found by a close look at every candidate.
    fn plainly_meant<'a>(typed: &str, candidates: &[&'a str]) -> Option<&'a str> {
        let distances = candidates.iter().map(|one| (osa::distance(typed.chars(), one.chars()), *one));
        let near = distances.filter(|&(distance, one)| distance * 3 <= typed.len().max(one.len()));
        near.min().map(|(_, one)| one)
    }

    proptest::proptest! {
        #[test]
        fn no_look_is_saved_that_was_needed(
            typed in "[a-d/]{0,12}",
            candidates in proptest::collection::vec("[a-d/é]{0,12}", 0..24),
        ) {
            let candidates: Vec<&str> = candidates.iter().map(String::as_str).collect();
            let ready: Candidates<'_> = candidates.iter().copied().collect();
            proptest::prop_assert_eq!(ready.meant(&typed), plainly_meant(&typed, &candidates));
            let nearest = candidates.iter().min_by_key(|one| (osa::distance(typed.chars(), one.chars()), **one));
            proptest::prop_assert_eq!(ready.nearest(&typed), nearest.copied());
        }
    }
}

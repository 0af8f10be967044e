//! Patterns of paths, one notation for every rule. Matching takes time in proportion to the path, whatever the
//! pattern: at most one part of it can match more than one segment.

use serde::{Deserialize, Serialize};

use super::text::as_text;

/// A pattern of decoded paths below a site's base, such as `/blog/:year/:slug/`, `/old/*`, `/*.css`.
///
/// A segment `:name` stands for one segment that is not empty; one `*` stands for any text, slashes included, and may
/// be empty; everything else stands for itself, letter by letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathPattern {
    text: Box<str>,
    before: Box<[Piece]>,
    /// What follows the `*`; `None` when there is no `*`.
    after: Option<Box<[Piece]>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Piece {
    Text(Box<str>),
    /// One segment.
    Capture(Box<str>),
}

/// What the parts of a pattern stood for in one path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures<'a>(Vec<(&'a str, &'a str)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    #[error("a path pattern begins with `/`")]
    NotAbsolute,
    #[error("a path pattern has at most one `*`")]
    SecondStar,
    #[error("`:` begins a name of letters, digits and `_`, which is a whole segment")]
    Name,
    #[error("two parts of the pattern have the same name")]
    SameName,
    #[error("a path pattern has no control character, backslash, `//`, `.` or `..` segment")]
    Forbidden,
}

/// The name of what `*` stood for.
pub const SPLAT: &str = "splat";

impl PathPattern {
    /// # Errors
    /// When it is not as the type says.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if !text.starts_with('/') {
            return Err(PatternError::NotAbsolute);
        }
        if text.contains("//") || text.contains('\\') || text.chars().any(char::is_control) {
            return Err(PatternError::Forbidden);
        }
        if text.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err(PatternError::Forbidden);
        }
        let (before, after) = match text.split_once('*') {
            Some((_, after)) if after.contains('*') => return Err(PatternError::SecondStar),
            Some((before, after)) => (before, Some(after)),
            None => (text, None),
        };
        let (before, after) = (pieces(before)?, after.map(pieces).transpose()?);
        // A segment that goes on with a `*` is not whole.
        if after.is_some() && matches!(before.last(), Some(Piece::Capture(_))) {
            return Err(PatternError::Name);
        }
        let pattern = Self { text: text.into(), before: before.into(), after: after.map(Into::into) };
        let mut names: Vec<&str> = pattern.names().collect();
        names.sort_unstable();
        let twice = names.windows(2).any(|pair| pair[0] == pair[1]);
        if twice { Err(PatternError::SameName) } else { Ok(pattern) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The one path it matches, when it is that plain.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        match (&*self.before, &self.after) {
            ([Piece::Text(text)], None) => Some(text),
            _ => None,
        }
    }

    /// Whether it stands for `path`.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.take(path, &mut |_, _| {}).is_some()
    }

    /// What its parts stand for in `path`, if it matches.
    #[must_use]
    pub fn captures<'a>(&'a self, path: &'a str) -> Option<Captures<'a>> {
        let mut found = Captures::default();
        self.take(path, &mut |name, text| found.0.push((name, text)))?;
        Some(found)
    }

    /// Tells what its parts stand for; `None` when it does not match, whatever was told by then.
    fn take<'a>(&'a self, path: &'a str, found: &mut impl FnMut(&'a str, &'a str)) -> Option<()> {
        let rest = take_front(&self.before, path, found)?;
        match &self.after {
            None => rest.is_empty().then_some(()),
            Some(after) => {
                let splat = take_back(after, rest, found)?;
                found(SPLAT, splat);
                Some(())
            }
        }
    }

    /// Whether it matches every path that `other` matches. `true` is certain; `false` may only mean that it cannot be
    /// told.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let any = other.symbols();
        let Some(rest) = cover_front(&self.before, &any) else { return false };
        match &self.after {
            None => rest.is_empty(),
            Some(after) => cover_back(after, rest).is_some(),
        }
    }

    /// All paths it matches, as one.
    fn symbols(&self) -> Vec<Symbol> {
        let symbols = |piece: &Piece| match piece {
            Piece::Text(text) => text.bytes().map(Symbol::Byte).collect(),
            Piece::Capture(_) => vec![Symbol::Segment],
        };
        let before = self.before.iter().flat_map(symbols);
        let star = self.after.is_some().then_some(Symbol::Anything);
        before.chain(star).chain(self.after.iter().flatten().flat_map(symbols)).collect()
    }

    /// The names of its parts; `*` is called [`SPLAT`].
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let named = self.before.iter().chain(self.after.iter().flatten()).filter_map(|piece| match piece {
            Piece::Capture(name) => Some(&**name),
            Piece::Text(_) => None,
        });
        named.chain(self.after.is_some().then_some(SPLAT))
    }
}

impl<'a> Captures<'a> {
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }
}

/// Splits text without `*`. A capture is a whole segment.
fn pieces(text: &str) -> Result<Vec<Piece>, PatternError> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    for (nth, segment) in text.split('/').enumerate() {
        if nth > 0 {
            plain.push('/');
        }
        // After a `*`, the first part goes on in the star's own segment.
        match segment.strip_prefix(':') {
            Some(name) if nth > 0 => {
                let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
                if name.is_empty() || !name.chars().all(good) {
                    return Err(PatternError::Name);
                }
                pieces.push(Piece::Text(std::mem::take(&mut plain).into()));
                pieces.push(Piece::Capture(name.into()));
            }
            _ => plain.push_str(segment),
        }
    }
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain.into()));
    }
    Ok(pieces)
}

/// Matches `pieces` at the start of `path`; the rest of it.
fn take_front<'a>(pieces: &'a [Piece], mut path: &'a str, found: &mut impl FnMut(&'a str, &'a str)) -> Option<&'a str> {
    for piece in pieces {
        match piece {
            Piece::Text(text) => path = path.strip_prefix(&**text)?,
            Piece::Capture(name) => {
                let (segment, rest) = path.split_at(path.find('/').unwrap_or(path.len()));
                if segment.is_empty() {
                    return None;
                }
                found(name, segment);
                path = rest;
            }
        }
    }
    Some(path)
}

/// Matches `pieces` at the end of `path`; what is before it.
fn take_back<'a>(pieces: &'a [Piece], mut path: &'a str, found: &mut impl FnMut(&'a str, &'a str)) -> Option<&'a str> {
    for piece in pieces.iter().rev() {
        match piece {
            Piece::Text(text) => path = path.strip_suffix(&**text)?,
            Piece::Capture(name) => {
                let (rest, segment) = path.split_at(path.rfind('/').map_or(0, |at| at + 1));
                if segment.is_empty() {
                    return None;
                }
                found(name, segment);
                path = rest;
            }
        }
    }
    Some(path)
}

/// What stands at some place of the paths a pattern matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symbol {
    Byte(u8),
    /// One byte or more, none of them a slash.
    Segment,
    Anything,
}

/// As `take_front`, of all paths at once; `None` where some of them may not match.
fn cover_front<'a>(pieces: &[Piece], mut paths: &'a [Symbol]) -> Option<&'a [Symbol]> {
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                for byte in text.bytes() {
                    paths = paths.strip_prefix(&[Symbol::Byte(byte)])?;
                }
            }
            Piece::Capture(_) => {
                let end = paths.iter().position(|symbol| *symbol == SLASH).unwrap_or(paths.len());
                let (segment, rest) = paths.split_at(end);
                if segment.is_empty() || segment.contains(&Symbol::Anything) {
                    return None;
                }
                paths = rest;
            }
        }
    }
    Some(paths)
}

/// As `take_back`, of all paths at once.
fn cover_back<'a>(pieces: &[Piece], mut paths: &'a [Symbol]) -> Option<&'a [Symbol]> {
    for piece in pieces.iter().rev() {
        match piece {
            Piece::Text(text) => {
                for byte in text.bytes().rev() {
                    paths = paths.strip_suffix(&[Symbol::Byte(byte)])?;
                }
            }
            Piece::Capture(_) => {
                let start = paths.iter().rposition(|symbol| *symbol == SLASH).map_or(0, |at| at + 1);
                let (rest, segment) = paths.split_at(start);
                if segment.is_empty() || segment.contains(&Symbol::Anything) {
                    return None;
                }
                paths = rest;
            }
        }
    }
    Some(paths)
}

const SLASH: Symbol = Symbol::Byte(b'/');

as_text!(PathPattern, PatternError);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn matches() {
        for (pattern, path, expected) in [
            ("/a", "/a", Some(vec![])),
            ("/a", "/a/", None),
            ("/a", "/ab", None),
            ("/blog/:year/:slug/", "/blog/2026/first/", Some(vec![("year", "2026"), ("slug", "first")])),
            ("/blog/:year/:slug/", "/blog/2026/", None),
            ("/blog/:year/:slug/", "/blog//first/", None),
            ("/old/*", "/old/", Some(vec![("splat", "")])),
            ("/old/*", "/old/a/b", Some(vec![("splat", "a/b")])),
            ("/old/*", "/old", None),
            ("/*", "/", Some(vec![("splat", "")])),
            ("/*.css", "/a/b.css", Some(vec![("splat", "a/b")])),
            ("/*.css", "/css", None),
            ("/:lang/*/edit/:id", "/en/a/b/edit/7", Some(vec![("lang", "en"), ("id", "7"), ("splat", "a/b")])),
            ("/a*a", "/a", None),
            ("/12:30", "/12:30", Some(vec![])),
        ] {
            let pattern = PathPattern::parse(pattern).unwrap();
            assert_eq!(pattern.captures(path).map(|found| found.0), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn what_is_no_pattern() {
        for (text, expected) in [
            ("a", PatternError::NotAbsolute),
            ("/*/*", PatternError::SecondStar),
            ("/:", PatternError::Name),
            ("/:a-b", PatternError::Name),
            ("/:a*", PatternError::Name),
            ("/:a/:a", PatternError::SameName),
            ("/:splat/*", PatternError::SameName),
            ("/a//b", PatternError::Forbidden),
            ("/../a", PatternError::Forbidden),
        ] {
            assert_eq!(PathPattern::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn covers() {
        for (pattern, other, expected) in [
            ("/*", "/", true),
            ("/*", "/*.css", true),
            ("/*", "/:a/:b", true),
            ("/old/*", "/old/:year/", true),
            ("/old/*", "/old/a", true),
            ("/old/*", "/old", false),
            ("/old/*", "/old*", false),
            ("/old*", "/old/*", true),
            ("/*.css", "/a/*.min.css", true),
            ("/*.css", "/*", false),
            ("/:a", "/b", true),
            ("/:a", "/b/", false),
            ("/:a/", "/:b/", true),
            ("/:a", "/*", false),
            ("/:a", "/", false),
            ("/a", "/a", true),
            ("/a", "/:a", false),
            ("/*/:a", "/x/y/z", true),
            ("/*/:a", "/x", false),
            ("/*/x", "/:a/*/x", true),
            ("/a*a", "/a", false),
        ] {
            let found = PathPattern::parse(pattern).unwrap().covers(&PathPattern::parse(other).unwrap());
            assert_eq!(found, expected, "{pattern} {other}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        /// Patterns over few letters, so that they meet often.
        #[test]
        fn what_is_covered_is_matched(
            one in "(/([ab]|:x|[ab]?\\*[ab]?)){1,3}/?",
            two in "(/([ab]|:x|[ab]?\\*[ab]?)){1,3}/?",
            paths in proptest::collection::vec("(/[ab]{0,2}){1,4}", 50),
        ) {
            let (Ok(one), Ok(two)) = (PathPattern::parse(&one), PathPattern::parse(&two)) else { return Ok(()) };
            prop_assert!(one.covers(&one));
            if one.covers(&two) {
                for path in paths.iter().filter(|path| two.matches(path)) {
                    prop_assert!(one.matches(path), "{} covers {}, but not {}", one, two, path);
                }
            }
        }
    }
}

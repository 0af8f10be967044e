//! Preconditions (RFC 9110 §13), in the order of §13.2.2. They are asked only where the answer without them would be
//! a 2xx to GET or HEAD (§13.2.1); the caller sees to that.

use std::time::SystemTime;

/// What a request demands. Lines of a field that occurs several times are one list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Preconditions<'a> {
    pub if_match: &'a [&'a [u8]],
    pub if_none_match: &'a [&'a [u8]],
    /// A date field that occurs twice is no valid date: empty here.
    pub if_modified_since: Option<&'a [u8]>,
    pub if_unmodified_since: Option<&'a [u8]>,
}

/// What is known of the selected representation.
#[derive(Clone, Copy, Debug)]
pub struct Validators<'a> {
    /// Strong, with its quotes.
    pub etag: &'a [u8],
    pub last_modified: Option<SystemTime>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Answer as if there were no condition.
    Proceed,
    /// 304
    NotModified,
    /// 412
    Failed,
}

/// Evaluates the preconditions of a GET or HEAD.
#[must_use]
pub fn evaluate(request: Preconditions<'_>, current: Validators<'_>) -> Outcome {
    if !request.if_match.is_empty() {
        if !lists(request.if_match, current.etag, Comparison::Strong) {
            return Outcome::Failed;
        }
    } else if let (Some(limit), Some(modified)) = (date(request.if_unmodified_since), current.last_modified)
        && modified > limit
    {
        return Outcome::Failed;
    }
    if !request.if_none_match.is_empty() {
        if lists(request.if_none_match, current.etag, Comparison::Weak) {
            return Outcome::NotModified;
        }
    } else if let (Some(limit), Some(modified)) = (date(request.if_modified_since), current.last_modified)
        && modified <= limit
    {
        return Outcome::NotModified;
    }
    Outcome::Proceed
}

/// Whether a range may be taken from the current representation (§13.1.5). Only a strong entity tag proves that the
/// client's part and ours are of the same bytes; a date does not (§8.8.2.2): a page can change twice with one date.
#[must_use]
pub fn if_range_holds(field: &[u8], etag: &[u8]) -> bool {
    field.trim_ascii() == etag
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

/// Whether `*`, or a list of entity tags, has our strong `etag` (§8.8.3.2). What follows a malformed tag is not read.
fn lists(lines: &[&[u8]], etag: &[u8], comparison: Comparison) -> bool {
    if let [line] = lines
        && line.trim_ascii() == b"*"
    {
        return true;
    }
    lines.iter().any(|line| tags(line).any(|(weak, tag)| tag == etag && !(weak && comparison == Comparison::Strong)))
}

/// The tags of a list, with their quotes, and whether each is weak.
fn tags(mut rest: &[u8]) -> impl Iterator<Item = (bool, &[u8])> {
    std::iter::from_fn(move || {
        while let [b' ' | b'\t' | b',', after @ ..] = rest {
            rest = after;
        }
        let weak = rest.starts_with(b"W/");
        let quoted = if weak { &rest[2..] } else { rest };
        let inside = quoted.strip_prefix(b"\"")?;
        let end = inside.iter().position(|&byte| !is_etagc(byte))?;
        if inside[end] != b'"' {
            return None;
        }
        let (tag, after) = quoted.split_at(end + 2);
        rest = after;
        Some((weak, tag))
    })
}

const fn is_etagc(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x7e | 0x80..)
}

fn date(field: Option<&[u8]>) -> Option<SystemTime> {
    httpdate::parse_http_date(std::str::from_utf8(field?).ok()?.trim()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        Outcome::{Failed, NotModified, Proceed},
        *,
    };

    const BEFORE: &str = "Sun, 01 Nov 2026 00:00:00 GMT";
    const MODIFIED: &str = "Mon, 02 Nov 2026 00:00:00 GMT";
    const AFTER: &str = "Tue, 03 Nov 2026 00:00:00 GMT";

    /// Against a representation tagged `"a"` and modified on `MODIFIED`; each field is a name and its value.
    #[track_caller]
    fn check(fields: &[(&str, &str)], expected: Outcome) {
        check_against(fields, Some(MODIFIED), expected);
    }

    #[track_caller]
    fn check_against(fields: &[(&str, &str)], last_modified: Option<&str>, expected: Outcome) {
        let lines = |name: &str| -> Vec<&[u8]> {
            fields.iter().filter(|(field, _)| *field == name).map(|(_, value)| value.as_bytes()).collect()
        };
        let (if_match, if_none_match) = (lines("If-Match"), lines("If-None-Match"));
        let request = Preconditions {
            if_match: &if_match,
            if_none_match: &if_none_match,
            if_modified_since: lines("If-Modified-Since").first().copied(),
            if_unmodified_since: lines("If-Unmodified-Since").first().copied(),
        };
        let current = Validators {
            etag: b"\"a\"",
            last_modified: last_modified.map(|text| httpdate::parse_http_date(text).unwrap()),
        };
        assert_eq!(evaluate(request, current), expected, "{fields:?}");
    }

    #[test]
    fn no_condition() {
        check(&[], Proceed);
    }

    #[test]
    fn section_13_1_1_if_match_compares_strongly() {
        check(&[("If-Match", "\"a\"")], Proceed);
        check(&[("If-Match", "\"b\"")], Failed);
        check(&[("If-Match", "W/\"a\"")], Failed);
        check(&[("If-Match", "*")], Proceed);
        check(&[("If-Match", "\"b\", \"a\"")], Proceed);
        check(&[("If-Match", "\"b\""), ("If-Match", "\"a\"")], Proceed);
        check(&[("If-Match", "a")], Failed);
        check(&[("If-Match", "")], Failed);
    }

    #[test]
    fn section_13_1_2_if_none_match_compares_weakly() {
        check(&[("If-None-Match", "\"a\"")], NotModified);
        check(&[("If-None-Match", "W/\"a\"")], NotModified);
        check(&[("If-None-Match", "\"b\"")], Proceed);
        check(&[("If-None-Match", "*")], NotModified);
        check(&[("If-None-Match", "\"x,y\" ,, W/\"z\",\"a\"")], NotModified);
        check(&[("If-None-Match", "\"b\""), ("If-None-Match", "\"a\"")], NotModified);
        check(&[("If-None-Match", "\"a\", *")], NotModified);
        check(&[("If-None-Match", "*, \"b\"")], Proceed);
        check(&[("If-None-Match", "\"a")], Proceed);
        check(&[("If-None-Match", "w/\"a\"")], Proceed);
        check(&[("If-None-Match", "\"A\"")], Proceed);
        check(&[("If-None-Match", "\"a-gzip\"")], Proceed);
    }

    #[test]
    fn section_13_1_3_if_modified_since() {
        check(&[("If-Modified-Since", MODIFIED)], NotModified);
        check(&[("If-Modified-Since", AFTER)], NotModified);
        check(&[("If-Modified-Since", BEFORE)], Proceed);
        check(&[("If-Modified-Since", "Monday, 02-Nov-26 00:00:00 GMT")], NotModified);
        check(&[("If-Modified-Since", "Mon Nov  2 00:00:00 2026")], NotModified);
        check(&[("If-Modified-Since", "yesterday")], Proceed);
        check(&[("If-Modified-Since", AFTER), ("If-None-Match", "\"b\"")], Proceed);
        check_against(&[("If-Modified-Since", AFTER)], None, Proceed);
    }

    #[test]
    fn section_13_1_4_if_unmodified_since() {
        check(&[("If-Unmodified-Since", MODIFIED)], Proceed);
        check(&[("If-Unmodified-Since", BEFORE)], Failed);
        check(&[("If-Unmodified-Since", "tomorrow")], Proceed);
        check(&[("If-Unmodified-Since", BEFORE), ("If-Match", "\"a\"")], Proceed);
        check_against(&[("If-Unmodified-Since", BEFORE)], None, Proceed);
    }

    #[test]
    fn section_13_2_2_precedence() {
        check(&[("If-Match", "\"b\""), ("If-None-Match", "\"a\"")], Failed);
        check(&[("If-Match", "\"a\""), ("If-None-Match", "\"a\"")], NotModified);
        check(&[("If-Unmodified-Since", BEFORE), ("If-Modified-Since", AFTER)], Failed);
        check(&[("If-Unmodified-Since", AFTER), ("If-Modified-Since", AFTER)], NotModified);
        check(&[("If-Match", "\"a\""), ("If-Modified-Since", BEFORE)], Proceed);
    }

    #[test]
    fn section_13_1_5_if_range_is_strong() {
        for (field, holds) in
            [("\"a\"", true), (" \"a\" ", true), ("W/\"a\"", false), ("\"b\"", false), (MODIFIED, false)]
        {
            assert_eq!(if_range_holds(field.as_bytes(), b"\"a\""), holds, "{field}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(field in prop::collection::vec(any::<u8>(), 0..64)) {
            let lines = [field.as_slice()];
            let request = Preconditions { if_match: &lines, if_none_match: &lines, ..Preconditions::default() };
            let _ = evaluate(request, Validators { etag: b"\"a\"", last_modified: None });
        }
    }
}

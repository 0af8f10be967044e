//! Byte ranges of a representation (RFC 9110 §14). Whatever is asked for, the parts of an answer never overlap and
//! never add up to more than the representation has (§17.15).

use std::ops::Range;

/// More ranges than this are no request anyone has a use for: the whole representation is sent.
const MAX_RANGES: usize = 64;
/// Parts closer than this are sent as one: the head of a part is longer.
const MIN_GAP: u64 = 80;

/// What is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// 200: the field is absent, malformed, in a unit we do not know, or asks for too many ranges.
    Whole,
    /// 206 with one part.
    One(Range<u64>),
    /// 206 `multipart/byteranges`: two parts or more, not overlapping.
    Several(Vec<Range<u64>>),
    /// 416
    Unsatisfiable,
}

/// Reads a `Range` field for a representation of `len` bytes.
#[must_use]
pub fn select(field: &[u8], len: u64) -> Selection {
    let Some(asked) = parse(field) else { return Selection::Whole };
    if len == 0 && asked.iter().any(|spec| matches!(spec, Spec::Suffix(1..))) {
        // §14.1.2: satisfiable, but no Content-Range can say so.
        return Selection::Whole;
    }
    let mut parts: Vec<_> = asked.into_iter().filter_map(|spec| spec.within(len)).collect();
    if parts.len() > 1 {
        parts = coalesce(parts);
    }
    match parts.len() {
        0 => Selection::Unsatisfiable,
        1 => Selection::One(parts.swap_remove(0)),
        _ => Selection::Several(parts),
    }
}

#[derive(Clone, Copy, Debug)]
enum Spec {
    /// First and last position, both included.
    Between(u64, u64),
    From(u64),
    Suffix(u64),
}

impl Spec {
    fn within(self, len: u64) -> Option<Range<u64>> {
        match self {
            Self::Between(first, last) if first < len => Some(first..last.saturating_add(1).min(len)),
            Self::From(first) if first < len => Some(first..len),
            Self::Suffix(count) if count > 0 && len > 0 => Some(len.saturating_sub(count)..len),
            _ => None,
        }
    }
}

/// `bytes=` and a list of at least one and at most `MAX_RANGES` ranges; `None` for anything else.
fn parse(field: &[u8]) -> Option<Vec<Spec>> {
    let (unit, ranges) = field.split_at_checked("bytes=".len())?;
    if !unit.eq_ignore_ascii_case(b"bytes=") {
        return None;
    }
    let mut specs = Vec::new();
    for element in ranges.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|element| !element.is_empty()) {
        if specs.len() == MAX_RANGES {
            return None;
        }
        let dash = element.iter().position(|&byte| byte == b'-')?;
        let (first, last) = (&element[..dash], &element[dash + 1..]);
        specs.push(match (first.is_empty(), last.is_empty()) {
            (true, true) => return None,
            (true, false) => Spec::Suffix(number(last)?),
            (false, true) => Spec::From(number(first)?),
            (false, false) => {
                let (first, last) = (number(first)?, number(last)?);
                if last < first {
                    return None;
                }
                Spec::Between(first, last)
            }
        });
    }
    (!specs.is_empty()).then_some(specs)
}

/// Digits; a number too large for 64 bits is as good as the largest.
fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0u64, |number, digit| {
        digit.is_ascii_digit().then(|| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
    })
}

/// In the order asked for when no two parts touch; else merged, in the order of the representation (§15.3.7.2).
fn coalesce(parts: Vec<Range<u64>>) -> Vec<Range<u64>> {
    let mut sorted = parts.clone();
    sorted.sort_unstable_by_key(|part| part.start);
    let mut merged: Vec<Range<u64>> = Vec::with_capacity(sorted.len());
    for part in sorted {
        match merged.last_mut() {
            Some(last) if part.start <= last.end.saturating_add(MIN_GAP) => last.end = last.end.max(part.end),
            _ => merged.push(part),
        }
    }
    if merged.len() == parts.len() { parts } else { merged }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        Selection::{One, Several, Unsatisfiable, Whole},
        *,
    };

    #[track_caller]
    fn check(field: &str, len: u64, expected: impl Into<Option<Selection>>) {
        assert_eq!(Some(select(field.as_bytes(), len)), expected.into(), "{field} of {len}");
    }

    #[test]
    fn section_14_1_2_one_range() {
        check("bytes=0-0", 1000, One(0..1));
        check("bytes=0-499", 1000, One(0..500));
        check("bytes=500-", 1000, One(500..1000));
        check("bytes=-1", 1000, One(999..1000));
        check("bytes=-2000", 1000, One(0..1000));
        check("bytes=900-2000", 1000, One(900..1000));
        check("BYTES=0-1", 1000, One(0..2));
        check("bytes=0-99999999999999999999999", 1000, One(0..1000));
        check("bytes= 0-1 ", 1000, One(0..2));
    }

    #[test]
    fn section_15_5_17_unsatisfiable() {
        check("bytes=1000-", 1000, Unsatisfiable);
        check("bytes=1000-1001", 1000, Unsatisfiable);
        check("bytes=-0", 1000, Unsatisfiable);
        check("bytes=99999999999999999999999-", 1000, Unsatisfiable);
        check("bytes=0-", 0, Unsatisfiable);
        check("bytes=2000-3000, -0", 1000, Unsatisfiable);
    }

    #[test]
    fn section_14_2_what_is_ignored() {
        for field in
            ["", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=0-1-2", "bytes 0-1", "lines=0-1", "0-1"]
        {
            check(field, 1000, Whole);
        }
        check("bytes=0-1,x", 1000, Whole);
        check("bytes=-5", 0, Whole);
    }

    #[test]
    fn section_15_3_7_2_several() {
        check("bytes=0-9,200-209", 1000, Several(vec![0..10, 200..210]));
        check("bytes=200-209, 0-9", 1000, Several(vec![200..210, 0..10]));
        check("bytes=0-9,2000-", 1000, One(0..10));
        check("bytes=,0-9,,-10,", 1000, Several(vec![0..10, 990..1000]));
    }

    #[test]
    fn section_17_15_overlaps_and_floods() {
        check("bytes=0-,0-,0-", 1000, One(0..1000));
        check("bytes=0-9,5-14", 1000, One(0..15));
        check("bytes=0-9,20-29", 1000, One(0..30));
        check("bytes=500-509,0-9,505-520", 1000, Several(vec![0..10, 500..521]));
        let ranges =
            |n: u64| format!("bytes={}", (0..n).map(|i| format!("{0}-{0}", i * 1000)).collect::<Vec<_>>().join(","));
        check(&ranges(65), 1_000_000, Whole);
        assert!(matches!(select(ranges(64).as_bytes(), 1_000_000), Several(parts) if parts.len() == 64));
    }

    proptest! {
        #[test]
        fn parts_lie_inside_apart_from_each_other(field in "bytes=([0-9]{0,4}-[0-9]{0,4},? ?){1,9}", len in 0u64..5000) {
            let parts = match select(field.as_bytes(), len) {
                One(part) => vec![part],
                Several(parts) => { prop_assert!(parts.len() > 1); parts }
                Whole | Unsatisfiable => vec![],
            };
            prop_assert!(parts.iter().all(|part| part.start < part.end && part.end <= len));
            prop_assert!(parts.iter().map(|part| part.end - part.start).sum::<u64>() <= len);
        }

        #[test]
        fn any_bytes_are_read(field in prop::collection::vec(any::<u8>(), 0..64), len: u64) {
            let _ = select(&field, len);
        }
    }
}

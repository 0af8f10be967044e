//! Source maps (ECMA-426, revision 3): the map of a minified chunk is the linker's, read at the places the minifier kept.

use serde::{Deserialize, Serialize};

use crate::transform::script::Origin;

/// What is in a map that we pass on.
#[derive(Serialize, Deserialize)]
struct SourceMap {
    version: u8,
    #[serde(default)]
    sources: Vec<Option<String>>,
    #[serde(default, rename = "sourcesContent", skip_serializing_if = "Vec::is_empty")]
    contents: Vec<Option<String>>,
    #[serde(default)]
    names: Vec<String>,
    mappings: String,
    #[serde(default, rename = "ignoreList", alias = "x_google_ignoreList", skip_serializing_if = "Vec::is_empty")]
    ignored: Vec<u32>,
}

/// A place in generated code and, when it came from one, the place in a source. Columns are in UTF-16 code units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    line: u32,
    column: u32,
    source: Option<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    source: u32,
    line: u32,
    column: u32,
    name: Option<u32>,
}

/// The map of code whose pieces came from `linked`, by the map of `linked` to its sources. `None` when that is no map.
pub(super) fn compose(origins: &[Origin], linked: &str, map: &str) -> Option<String> {
    let mut map: SourceMap = serde_json::from_str(map).ok()?;
    let segments = decode(&map.mappings)?;
    let lines = Lines::of(linked);
    let found = origins.iter().filter(|origin| origin.offset < linked.len()).map(|origin| {
        let (line, column) = lines.place(origin.offset);
        let after = segments.partition_point(|segment| (segment.line, segment.column) <= (line, column));
        let source = after.checked_sub(1).map(|at| segments[at]).filter(|segment| segment.line == line);
        Segment { line: origin.line, column: origin.column, source: source.and_then(|segment| segment.source) }
    });
    let mut composed: Vec<Segment> = Vec::new();
    for segment in found {
        match composed.last_mut() {
            Some(last) if (last.line, last.column) == (segment.line, segment.column) => *last = segment,
            Some(last) if last.line == segment.line && last.source == segment.source => {}
            _ => composed.push(segment),
        }
    }
    map.mappings = encode(&composed);
    serde_json::to_string(&map).ok()
}

/// Where the lines of a text begin, and what tells bytes from UTF-16 code units in it.
struct Lines {
    starts: Vec<usize>,
    /// Ends of characters that are not ASCII, and by how much bytes are ahead of code units there.
    ahead: Vec<(usize, usize)>,
}

impl Lines {
    fn of(text: &str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut ahead = Vec::new();
        let mut sum = 0;
        for (at, c) in text.char_indices().filter(|(_, c)| !c.is_ascii()) {
            sum += c.len_utf8() - c.len_utf16();
            ahead.push((at + c.len_utf8(), sum));
        }
        Self { starts, ahead }
    }

    /// Line and column of an offset, both from 0.
    fn place(&self, offset: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let start = self.starts[line];
        let column = (offset - self.ahead(offset)) - (start - self.ahead(start));
        (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }

    fn ahead(&self, offset: usize) -> usize {
        let passed = self.ahead.partition_point(|(end, _)| *end <= offset);
        passed.checked_sub(1).map_or(0, |at| self.ahead[at].1)
    }
}

/// Reads mappings; they are sorted by place. `None` when they are malformed.
fn decode(mappings: &str) -> Option<Vec<Segment>> {
    let mut segments = Vec::new();
    let mut place = Place { source: 0, line: 0, column: 0, name: None };
    let mut name = 0;
    for (line, text) in (0..).zip(mappings.split(';')) {
        let mut column = 0;
        for text in text.split(',').filter(|text| !text.is_empty()) {
            let mut numbers = Numbers(text.bytes());
            let mut next = |value: &mut u32| -> Option<bool> {
                let Some(difference) = numbers.next() else { return Some(false) };
                *value = value.checked_add_signed(difference?)?;
                Some(true)
            };
            next(&mut column)?;
            let source = if next(&mut place.source)? {
                (next(&mut place.line)? && next(&mut place.column)?).then_some(())?;
                place.name = next(&mut name)?.then_some(name);
                Some(place)
            } else {
                None
            };
            segments.push(Segment { line, column, source });
        }
    }
    segments.sort_by_key(|segment| (segment.line, segment.column));
    Some(segments)
}

/// Writes mappings; they must be sorted by place.
fn encode(segments: &[Segment]) -> String {
    let mut out = String::with_capacity(segments.len() * 6);
    let (mut line, mut column, mut name) = (0, 0, 0);
    let mut before = Place { source: 0, line: 0, column: 0, name: None };
    for segment in segments {
        if segment.line > line {
            out.extend(std::iter::repeat_n(';', (segment.line - line) as usize));
            (line, column) = (segment.line, 0);
        } else if !out.is_empty() && !out.ends_with(';') {
            out.push(',');
        }
        write_number(&mut out, segment.column, column);
        column = segment.column;
        if let Some(place) = segment.source {
            write_number(&mut out, place.source, before.source);
            write_number(&mut out, place.line, before.line);
            write_number(&mut out, place.column, before.column);
            if let Some(new) = place.name {
                write_number(&mut out, new, name);
                name = new;
            }
            before = place;
        }
    }
    out
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The difference as a base64 VLQ: the sign is the lowest bit, five bits to a digit, the lowest first.
fn write_number(out: &mut String, new: u32, old: u32) {
    let difference = i64::from(new) - i64::from(old);
    let mut rest = difference.unsigned_abs() << 1 | u64::from(difference < 0);
    loop {
        let digit = (rest & 31) as usize;
        rest >>= 5;
        out.push(char::from(DIGITS[digit | if rest > 0 { 32 } else { 0 }]));
        if rest == 0 {
            break;
        }
    }
}

/// The numbers of a segment; `Some(None)` is a malformed one.
struct Numbers<'a>(std::str::Bytes<'a>);

impl Iterator for Numbers<'_> {
    type Item = Option<i32>;

    fn next(&mut self) -> Option<Option<i32>> {
        let mut digit = self.0.next()?;
        let (mut value, mut shift) = (0_u64, 0);
        loop {
            let bits = match digit {
                b'A'..=b'Z' => digit - b'A',
                b'a'..=b'z' => digit - b'a' + 26,
                b'0'..=b'9' => digit - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return Some(None),
            };
            value |= u64::from(bits & 31) << shift;
            shift += 5;
            if bits & 32 == 0 {
                break;
            }
            match self.0.next() {
                Some(next) if shift < 35 => digit = next,
                _ => return Some(None),
            }
        }
        let amount = i32::try_from(value >> 1).ok();
        Some(amount.map(|amount| if value & 1 == 1 { -amount } else { amount }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{diag::Source, transform::script};

    const fn at(line: u32, column: u32, source: Option<(u32, u32, u32)>) -> Segment {
        let source = match source {
            Some((source, line, column)) => Some(Place { source, line, column, name: None }),
            None => None,
        };
        Segment { line, column, source }
    }

    #[test]
    fn mappings_read_back() {
        let segments = [
            at(0, 0, Some((0, 0, 0))),
            at(0, 7, Some((2, 1_000_000, 17))),
            at(0, 9, None),
            at(3, 0, Some((1, 0, 0))),
            at(3, 500, Some((1, 0, 400))),
        ];
        assert_eq!(decode(&encode(&segments)).unwrap(), segments);
        // The example of many a page about them.
        assert_eq!(
            decode("AAAA;AACA,QAAU").unwrap(),
            [at(0, 0, Some((0, 0, 0))), at(1, 0, Some((0, 1, 0))), at(1, 8, Some((0, 1, 10))),]
        );
    }

    #[test]
    fn what_is_no_mapping_is_refused() {
        for wrong in ["AAA", "A*", "g", "AD", "gggggggggggB"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_token_leads_to_its_line_through_both_maps() {
        let original = "// A comment.\ntype A = string;\n\nexport function greet(whom: A): string {\n  return \"grüß \" + whom.unknown;\n}\n";
        let linked = "//#region a.ts\nfunction greet(whom) {\n\treturn \"grüß \" + whom.unknown;\n}\n//#endregion\nexport { greet };\n";
        // Each line of the function to its own, by hand: `function`, `return`, `"`, `whom`, `unknown`, `}`.
        let by_hand = [
            at(1, 0, Some((0, 3, 7))),
            at(2, 1, Some((0, 4, 2))),
            at(2, 8, Some((0, 4, 9))),
            at(2, 18, Some((0, 4, 19))),
            at(2, 23, Some((0, 4, 24))),
            at(3, 0, Some((0, 5, 0))),
        ];
        let map = serde_json::json!({
            "version": 3, "sources": ["a.ts"], "sourcesContent": [original], "names": [], "mappings": encode(&by_hand),
        });
        let script::Minified { code, origins } = script::minify(&Source::new("a.js", linked), None).unwrap();
        let composed: SourceMap = serde_json::from_str(&compose(&origins, linked, &map.to_string()).unwrap()).unwrap();
        assert_eq!(composed.contents, [Some(original.to_owned())]);
        let segments = decode(&composed.mappings).unwrap();
        for (token, line, column) in [("unknown", 4, 24), ("return", 4, 2)] {
            let start = u32::try_from(code[..code.find(token).unwrap()].encode_utf16().count()).unwrap();
            let segment = segments.iter().rev().find(|segment| segment.column <= start).unwrap();
            let place = segment.source.unwrap();
            assert_eq!((place.line, place.column), (line, column), "{token} in {code}");
        }
    }

    #[test]
    fn columns_are_utf_16() {
        let lines = Lines::of("a\nü𝄞x\ny");
        for (offset, expected) in [(0, (0, 0)), (2, (1, 0)), (4, (1, 1)), (8, (1, 3)), (10, (2, 0))] {
            assert_eq!(lines.place(offset), expected, "{offset}");
        }
    }
}

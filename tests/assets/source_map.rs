//! Reads source maps (ECMA-426, revision 3), independently of what writes them.

use serde_json::Value;

/// Where generated code comes from.
#[derive(Debug)]
pub(crate) struct SourceMap {
    sources: Vec<String>,
    /// By generated line: column, and the source's index and line.
    lines: Vec<Vec<(i64, usize, i64)>>,
}

impl SourceMap {
    /// The map as it was served: a JSON object without sections.
    #[track_caller]
    pub(crate) fn parse(json: &str) -> Self {
        let map: Value = serde_json::from_str(json).unwrap();
        assert_eq!(map["version"], 3);
        let sources =
            map["sources"].as_array().unwrap().iter().map(|source| source.as_str().unwrap().to_owned()).collect();
        let (mut source, mut line) = (0, 0);
        let mut lines = Vec::new();
        for text in map["mappings"].as_str().unwrap().split(';') {
            let (mut column, mut segments) = (0, Vec::new());
            for segment in text.split(',').filter(|segment| !segment.is_empty()) {
                let numbers = numbers(segment);
                column += numbers[0];
                if let [_, from, down, ..] = numbers[..] {
                    source += from;
                    line += down;
                    segments.push((column, usize::try_from(source).unwrap(), line));
                }
            }
            lines.push(segments);
        }
        Self { sources, lines }
    }

    /// The source and its line for a place in generated code; lines and columns count from 1.
    pub(crate) fn lookup(&self, line: usize, column: usize) -> Option<(String, usize)> {
        let segments = self.lines.get(line.checked_sub(1)?)?;
        let column = i64::try_from(column.checked_sub(1)?).ok()?;
        let (_, source, line) = segments.iter().rfind(|(start, ..)| *start <= column)?;
        Some((self.sources.get(*source)?.clone(), usize::try_from(*line).ok()? + 1))
    }
}

/// The numbers of a segment: base 64 digits of six bits, the highest of which says that more follow; the lowest bit of
/// a number is its sign.
fn numbers(segment: &str) -> Vec<i64> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut numbers, mut number, mut shift) = (Vec::new(), 0, 0);
    for digit in segment.chars() {
        let digit = i64::try_from(DIGITS.find(digit).unwrap()).unwrap();
        number |= (digit & 31) << shift;
        shift += 5;
        if digit & 32 == 0 {
            numbers.push(if number & 1 == 1 { -(number >> 1) } else { number >> 1 });
            (number, shift) = (0, 0);
        }
    }
    numbers
}

#[test]
fn segments_are_what_the_specification_says() {
    for (segment, expected) in [("A", &[0][..]), ("C", &[1]), ("D", &[-1]), ("gB", &[16]), ("AAgBC", &[0, 0, 16, 1])] {
        assert_eq!(numbers(segment), expected, "{segment}");
    }
    let map = SourceMap::parse(r#"{"version": 3, "sources": ["a.ts", "b.ts"], "mappings": "AAEA,ICDA;;EDCA"}"#);
    for ((line, column), expected) in [
        ((1, 1), Some(("a.ts".to_owned(), 3))),
        ((1, 4), Some(("a.ts".to_owned(), 3))),
        ((1, 5), Some(("b.ts".to_owned(), 2))),
        ((2, 1), None),
        ((3, 3), Some(("a.ts".to_owned(), 3))),
        ((3, 2), None),
    ] {
        assert_eq!(map.lookup(line, column), expected, "{line}:{column}");
    }
}

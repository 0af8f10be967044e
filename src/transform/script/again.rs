//! Modules that oxc has minified, once more by swc. It knows some things that oxc does not: it takes functions that are
//! called once into what calls them, and constants to where they are read.

use oxc_sourcemap::{SourceMap, Token};
use swc_core::common::{BytePos, GLOBALS, Globals, LineCol};

use super::{Goal, Minified, Options, Parsed, parse, print, shrink};
use crate::{diag::Source, transform::contained::contained};

/// `code` minified, and the map to it. `None` when swc cannot.
pub(super) fn minify(code: &str, has_map: bool) -> Option<Minified> {
    let source = Source::new("", code);
    contained("", "swc", || GLOBALS.set(&Globals::new(), || minify_plainly(&source, has_map))).ok().flatten()
}

fn minify_plainly(source: &Source, has_map: bool) -> Option<Minified> {
    let options = Options::inline(Goal::Module);
    let Parsed { program, start, comments } = parse(source, &options).ok()?;
    let mut places = Vec::new();
    let code = print(&shrink(program, &comments, &options), has_map.then_some(&mut places)).ok()?;
    let map = has_map.then(|| map(&places, start, &source.text));
    Some(Minified { code, map })
}

/// The map of what was printed to the text it was made of.
pub(super) fn map(places: &[(BytePos, LineCol)], start: BytePos, text: &str) -> SourceMap<'static> {
    let lines = Lines::of(text);
    let known = |position: BytePos| position >= start && ((position.0 - start.0) as usize) < text.len();
    let token = |(position, place): &(BytePos, LineCol)| {
        let (line, column) = lines.place((position.0 - start.0) as usize);
        Token::new(place.line, place.col, line, column, Some(0), None)
    };
    let mut tokens: Vec<Token> = places.iter().filter(|(position, _)| known(*position)).map(token).collect();
    // Where one piece ends the next begins; the sort is stable, and what begins is told last.
    tokens.sort_by_key(|token| (token.get_dst_line(), token.get_dst_col()));
    SourceMap::new(None, Vec::new(), None, vec!["minified.js".into()], vec![None], tokens.into(), None)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_utf_16() {
        let lines = Lines::of("a\nü𝄞x\ny");
        for (offset, expected) in [(0, (0, 0)), (2, (1, 0)), (4, (1, 1)), (8, (1, 3)), (10, (2, 0))] {
            assert_eq!(lines.place(offset), expected, "{offset}");
        }
    }

    #[test]
    fn what_is_no_module_is_left() {
        assert!(minify("import {", false).is_none());
    }
}

//! Where in a file stands what its templates made of it. Most of a file comes through unchanged, and what stands between
//! two such pieces was written by the tags between them: so a link that a component wrote is told where the component is
//! called.

use std::{collections::HashMap, ops::Range};

/// The pieces that a written and a rendered text have in common, in the order both have them in.
#[derive(Debug, Default)]
pub(super) struct Origins {
    pieces: Vec<Piece>,
    /// Of the written text.
    len: usize,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    written: usize,
    rendered: usize,
    len: usize,
}

impl Origins {
    pub(super) fn new(written: &str, rendered: &str) -> Self {
        let mut pieces = Vec::new();
        let mut at = (0, 0);
        for anchor in common_lines(written, rendered) {
            meet(written, rendered, at, (anchor.written, anchor.rendered), &mut pieces);
            pieces.push(anchor);
            at = (anchor.written + anchor.len, anchor.rendered + anchor.len);
        }
        meet(written, rendered, at, (written.len(), rendered.len()), &mut pieces);
        Self { pieces, len: written.len() }
    }

    /// Where in the written text a range of the rendered one comes from.
    pub(super) fn of(&self, rendered: &Range<usize>) -> Range<usize> {
        let before = self.pieces.partition_point(|piece| piece.rendered <= rendered.start);
        let last = before.checked_sub(1).map(|at| self.pieces[at]);
        if let Some(piece) = last
            && rendered.end <= piece.rendered + piece.len
        {
            let shift = piece.written;
            return shift + rendered.start - piece.rendered..shift + rendered.end - piece.rendered;
        }
        // The tags between what is the same before and after it.
        let start = last.map_or(0, |piece| piece.written + piece.len.min(rendered.start - piece.rendered));
        let after = self.pieces[before..].iter().find(|piece| piece.rendered >= rendered.end);
        start..after.map_or(self.len, |piece| piece.written).max(start)
    }
}

/// Lines that both texts have once, in the order of both.
fn common_lines(written: &str, rendered: &str) -> Vec<Piece> {
    let mut once: HashMap<&str, Option<usize>> = HashMap::new();
    for (at, line) in lines(rendered) {
        once.entry(line).and_modify(|place| *place = None).or_insert(Some(at));
    }
    let mut seen: HashMap<&str, usize> = HashMap::new();
    lines(written).for_each(|(_, line)| *seen.entry(line).or_default() += 1);
    let unique = lines(written).filter(|(_, line)| !line.trim().is_empty() && seen.get(line) == Some(&1));
    let pairs =
        unique.filter_map(|(at, line)| Some(Piece { written: at, rendered: (*once.get(line)?)?, len: line.len() }));
    longest_rise(&pairs.collect::<Vec<_>>())
}

/// Parts of lines beside tags that both texts have once, in the order of both.
fn common_parts(written: &str, rendered: &str) -> Vec<Piece> {
    let once = |text: &str, part: &str| {
        let mut found = text.match_indices(part).map(|(at, _)| at);
        found.next().filter(|_| found.next().is_none())
    };
    let parts = parts(written).into_iter().filter(|(_, part)| part.trim().len() >= SHORTEST);
    let pairs = parts.filter_map(|(at, part)| {
        once(written, part)?;
        Some(Piece { written: at, rendered: once(rendered, part)?, len: part.len() })
    });
    longest_rise(&pairs.collect::<Vec<_>>())
}

/// A shorter part of a line could be anything.
const SHORTEST: usize = 3;

/// What stands beside the tags of a template, line by line.
fn parts(text: &str) -> Vec<(usize, &str)> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let tag = text[at..].match_indices('{').map(|(open, _)| at + open).find_map(|open| {
            let close = match text.as_bytes().get(open + 1)? {
                b'{' => "}}",
                b'%' => "%}",
                b'#' => "#}",
                _ => return None,
            };
            Some((open, text[open..].find(close).map_or(text.len(), |end| open + end + close.len())))
        });
        let (end, next) = tag.unwrap_or((text.len(), text.len()));
        parts.extend(lines(&text[at..end]).map(|(start, line)| (at + start, line.trim_end_matches('\n'))));
        at = next;
    }
    parts
}

/// The longest row of pieces that rises in both texts; the pieces rise in the written one.
fn longest_rise(pairs: &[Piece]) -> Vec<Piece> {
    // The ends of the best rows of each length, and of each pair the one before it in its row.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (at, pair) in pairs.iter().enumerate() {
        let place = ends.partition_point(|&end| pairs[end].rendered < pair.rendered);
        previous.push(place.checked_sub(1).map(|before| ends[before]));
        if place == ends.len() { ends.push(at) } else { ends[place] = at }
    }
    let mut row = Vec::with_capacity(ends.len());
    let mut at = ends.last().copied();
    while let Some(pair) = at {
        row.push(pairs[pair]);
        at = previous[pair];
    }
    row.reverse();
    row
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line)
    })
}

/// What is the same at both ends between two places that are.
fn meet(written: &str, rendered: &str, from: (usize, usize), to: (usize, usize), pieces: &mut Vec<Piece>) {
    let (one, two) = (&written[from.0..to.0], &rendered[from.1..to.1]);
    let mut start = one.bytes().zip(two.bytes()).take_while(|(one, two)| one == two).count();
    while !one.is_char_boundary(start) {
        start -= 1;
    }
    let (rest, other) = (&one[start..], &two[start..]);
    let mut end = rest.bytes().rev().zip(other.bytes().rev()).take_while(|(one, two)| one == two).count();
    while !rest.is_char_boundary(rest.len() - end) {
        end -= 1;
    }
    if start > 0 {
        pieces.push(Piece { written: from.0, rendered: from.1, len: start });
    }
    let middle = common_parts(&rest[..rest.len() - end], &other[..other.len() - end]);
    let shifted = |piece: Piece| Piece {
        written: from.0 + start + piece.written,
        rendered: from.1 + start + piece.rendered,
        ..piece
    };
    pieces.extend(middle.into_iter().map(shifted));
    if end > 0 {
        pieces.push(Piece { written: to.0 - end, rendered: to.1 - end, len: end });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `part` of the rendered text comes from.
    #[track_caller]
    fn check(written: &str, rendered: &str, part: &str, expected: &str) {
        let at = rendered.find(part).unwrap();
        let found = Origins::new(written, rendered).of(&(at..at + part.len()));
        assert_eq!(&written[found], expected, "{part} of {rendered}");
    }

    #[test]
    fn what_is_unchanged_is_found_where_it_stands() {
        let written = "{{ a }}\n[x](y)\n\n{{ b }} [z](w) {{ c }}\nend\n";
        let rendered = "one\ntwo\n[x](y)\n\nthree [z](w) four\nend\n";
        check(written, rendered, "x](y", "x](y");
        check(written, rendered, "end", "end");
        check(written, rendered, "two", "{{ a }}");
        check(written, rendered, "four", "{{ c }}");
        check(written, rendered, "z](w", "z](w");
        check("a {{ b }} c", "a ä c", "ä", "{{ b }}");
        check("same\n", "same\n", "same", "same");
        check("{{ all }}", "x", "x", "{{ all }}");
        check(
            "a\n{% for i in x %}b {{ i }}\n{% endfor %}c\n",
            "a\nb 1\nb 2\nc\n",
            "b 2",
            "{% for i in x %}b {{ i }}\n{% endfor %}",
        );
    }
}

//! What chunks are called. A name covers the text of its chunk and of every chunk it names, and theirs in turn, for the text
//! that browsers get has their names in it. Chunks may name each other in circles.

use std::collections::BTreeMap;

use crate::site::ContentHash;

/// A chunk's text, in the pieces between the chunks it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text<'a> {
    /// One more than there are names.
    pieces: Vec<&'a str>,
    /// Chunks by number.
    names: Vec<usize>,
}

impl<'a> Text<'a> {
    /// `placeholders` are those of all chunks, in their order.
    pub(super) fn of(text: &'a str, placeholders: &[&str]) -> Self {
        let (mut pieces, mut names, mut rest) = (Vec::new(), Vec::new(), 0);
        for (at, _) in text.match_indices(common_prefix(placeholders)) {
            let chunk = placeholders.iter().position(|placeholder| text[at..].starts_with(placeholder));
            if let Some(chunk) = chunk.filter(|_| at >= rest) {
                pieces.push(&text[rest..at]);
                names.push(chunk);
                rest = at + placeholders[chunk].len();
            }
        }
        pieces.push(&text[rest..]);
        Self { pieces, names }
    }

    /// The text with `name` in the place of every name.
    pub(super) fn with(&self, name: impl Fn(usize, &str) -> String) -> String {
        let mut out = String::with_capacity(self.pieces.iter().map(|piece| piece.len() + 40).sum());
        for (piece, named) in self.pieces.iter().zip(&self.names) {
            out.push_str(piece);
            out.push_str(&name(*named, piece));
        }
        out.push_str(self.pieces.last().copied().unwrap_or(""));
        out
    }
}

/// The hash each chunk is named by. `stems` are the other part of the names.
pub(super) fn hashes(texts: &[Text<'_>], stems: &[&str], extra: &[Option<&str>]) -> Vec<ContentHash> {
    let own: Vec<ContentHash> = (0..texts.len())
        .map(|at| {
            let pieces = texts[at].pieces.iter().map(|piece| piece.as_bytes());
            ContentHash::of_parts(pieces.chain([stems[at].as_bytes(), extra[at].unwrap_or("").as_bytes()]))
        })
        .collect();
    (0..texts.len()).map(|root| hash(texts, &own, root)).collect()
}

/// The hash of all that can be reached from `root`, in the order it is met: each text, and which of them it names. So it is
/// the same for the same texts that name each other in the same way, and no circle stands in its way.
fn hash(texts: &[Text<'_>], own: &[ContentHash], root: usize) -> ContentHash {
    let mut met = BTreeMap::from([(root, 0_u64)]);
    let mut order = vec![root];
    let mut parts: Vec<u8> = Vec::new();
    let mut next = 0;
    while let Some(&at) = order.get(next) {
        next += 1;
        parts.extend_from_slice(own[at].as_bytes());
        for &named in &texts[at].names {
            let new = order.len() as u64;
            let number = *met.entry(named).or_insert_with(|| {
                order.push(named);
                new
            });
            parts.extend_from_slice(&number.to_le_bytes());
        }
    }
    ContentHash::of(&parts)
}

/// What all of them begin with; never empty unless one of them is or they have nothing in common.
fn common_prefix<'a>(placeholders: &[&'a str]) -> &'a str {
    let Some((first, rest)) = placeholders.split_first() else { return "" };
    let mut length = first.len();
    for other in rest {
        length = first.bytes().zip(other.bytes()).take(length).take_while(|(a, b)| a == b).count();
    }
    &first[..first.floor_char_boundary(length)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["@one.js", "@two.js", "@three.js", "@four.js"];

    /// The names of chunks with these texts, by a short form of their hashes.
    fn named(texts: [&str; 4]) -> Vec<String> {
        let texts: Vec<Text<'_>> = texts.iter().map(|text| Text::of(text, &NAMES)).collect();
        let hashes = hashes(&texts, &["one", "two", "three", "four"], &[None; 4]);
        hashes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_name_changes_with_all_it_reaches_and_with_nothing_else() {
        // One imports two, two and three import each other, four stands alone.
        let before = ["import './@two.js';1", "import './@three.js';2", "import './@two.js';3", "4"];
        for (changed, expected) in [
            (["import './@two.js';1!", before[1], before[2], before[3]], [true, false, false, false]),
            ([before[0], "import './@three.js';2!", before[2], before[3]], [true, true, true, false]),
            ([before[0], before[1], "import './@two.js';3!", before[3]], [true, true, true, false]),
            ([before[0], before[1], before[2], "4!"], [false, false, false, true]),
            ([before[0], before[1], "import './@two.js';import './@four.js';3", before[3]], [true, true, true, false]),
            (["import './@four.js';1", before[1], before[2], before[3]], [true, false, false, false]),
            (before, [false; 4]),
        ] {
            let (old, new) = (named(before), named(changed));
            let differ: Vec<bool> = old.iter().zip(&new).map(|(old, new)| old != new).collect();
            assert_eq!(differ, expected, "{changed:?}");
        }
    }

    #[test]
    fn names_do_not_depend_on_placeholders() {
        let texts = |names: &[&str]| -> Vec<ContentHash> {
            let one = format!("import './{}'", names[1]);
            let two = format!("import('./{}')", names[0]);
            hashes(&[Text::of(&one, names), Text::of(&two, names)], &["a", "b"], &[None; 2])
        };
        assert_eq!(texts(&["@x.js", "@y.js"]), texts(&["#1", "#2"]));
        assert_ne!(texts(&["@x.js", "@y.js"])[0], texts(&["@x.js", "@y.js"])[1]);
    }

    #[test]
    fn every_name_is_replaced_where_it_stands() {
        let text = Text::of("import './@one.js';new URL('@three.js');'@on'", &NAMES);
        let placed = text.with(|chunk, before| format!("<{chunk} {}>", before.ends_with("./")));
        assert_eq!(placed, "import './<0 true>';new URL('<2 false>');'@on'");
        assert_eq!(Text::of("x", &[]).with(|_, _| String::new()), "x");
    }
}

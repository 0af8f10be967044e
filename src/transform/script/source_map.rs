//! Source maps (ECMA-426) of code that was made of code.

use oxc_sourcemap::{SourceMap, Token};

/// The map of code to the sources of what it was made of: by its own map, and the map of that.
#[must_use]
pub fn compose(origins: &SourceMap<'_>, before: SourceMap<'static>) -> SourceMap<'static> {
    let lines = before.generate_lookup_table();
    let mut composed: Vec<Token> = Vec::with_capacity(origins.get_tokens().len());
    for origin in origins.get_tokens() {
        let place = (origin.get_dst_line(), origin.get_dst_col());
        let token = match before.lookup_token(&lines, origin.get_src_line(), origin.get_src_col()) {
            Some(source) => Token::new(
                place.0,
                place.1,
                source.get_src_line(),
                source.get_src_col(),
                source.get_source_id(),
                source.get_name_id(),
            ),
            None => Token::new(place.0, place.1, 0, 0, None, None),
        };
        match composed.last_mut() {
            // Where one piece ends the next begins, and what begins is told last.
            Some(last) if (last.get_dst_line(), last.get_dst_col()) == place => *last = token,
            Some(last) if last.get_dst_line() == place.0 && origin_of(last) == origin_of(&token) => {}
            _ => composed.push(token),
        }
    }
    let mut parts = before.into_parts();
    parts.tokens = composed.into();
    parts.token_chunks = None;
    SourceMap::from_parts(parts)
}

type Origin = (Option<u32>, u32, u32, Option<u32>);

fn origin_of(token: &Token) -> Origin {
    (token.get_source_id(), token.get_src_line(), token.get_src_col(), token.get_name_id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{diag::Source, transform::script};

    fn at(line: u32, column: u32, source: (u32, u32)) -> Token {
        Token::new(line, column, source.0, source.1, Some(0), None)
    }

    #[test]
    fn a_token_leads_to_its_line_through_both_maps() {
        let original = "// A comment.\ntype A = string;\n\nexport function greet(whom: A): string {\n  return \"grüß \" + whom.unknown;\n}\n";
        let linked = "function greet(whom) {\n\treturn \"grüß \" + whom.unknown;\n}\nexport { greet };\n";
        // Each line of the function to its own, by hand: `function`, `return`, `"`, `whom`, `unknown`, `}`.
        let by_hand = [
            at(0, 0, (3, 7)),
            at(1, 1, (4, 2)),
            at(1, 8, (4, 9)),
            at(1, 18, (4, 19)),
            at(1, 23, (4, 24)),
            at(2, 0, (5, 0)),
        ];
        let contents = vec![Some(original.into())];
        let map = SourceMap::new(None, vec![], None, vec!["a.ts".into()], contents, by_hand.into(), None);
        let options = script::Linked { engines: &[], later: None, has_map: true, is_plain: false };
        let script::Minified { code, map: origins } = script::minify(&Source::new("a.js", linked), &options).unwrap();
        let composed = compose(&origins.unwrap(), map);
        assert_eq!(composed.get_source_content(0), Some(original));
        for (token, line, column) in [("unknown", 4, 24), ("return", 4, 2)] {
            let start = u32::try_from(code[..code.find(token).unwrap()].encode_utf16().count()).unwrap();
            let found = composed.get_tokens().filter(|segment| segment.get_dst_col() <= start).last().unwrap();
            assert_eq!((found.get_src_line(), found.get_src_col()), (line, column), "{token} in {code}");
        }
    }

    #[test]
    fn what_came_from_nowhere_says_so() {
        let linked =
            SourceMap::new(None, vec![], None, vec!["a.ts".into()], vec![None], [at(1, 4, (7, 0))].into(), None);
        let origins = [at(0, 0, (0, 0)), at(0, 5, (1, 5)), at(0, 9, (1, 6)), at(0, 12, (1, 2))];
        let origins = SourceMap::new(None, vec![], None, vec!["linked.js".into()], vec![None], origins.into(), None);
        let composed: Vec<_> = compose(&origins, linked).get_tokens().collect();
        let nowhere = |column| Token::new(0, column, 0, 0, None, None);
        assert_eq!(composed, [nowhere(0), at(0, 5, (7, 0)), nowhere(12)]);
    }
}

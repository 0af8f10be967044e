//! A template without what was found wrong in it, so that what else is wrong comes to light in the same run. Only what
//! leaves the rest as it was is taken out; places stay what they were.

use std::ops::Range;

use super::tags::{Kind, Tag, end_of_block, tags};

/// The template with blanks in place of the tag around `fault`, and of all that stands in it. `None` when what follows could
/// be another thing without it.
pub(super) fn without(text: &str, fault: &Range<usize>) -> Option<String> {
    let tags = tags(text);
    let at = tags.iter().position(|tag| tag.span.start <= fault.start && fault.start < tag.span.end)?;
    let span = match tags[at].kind {
        Kind::Expression | Kind::Statement("include", _) => tags[at].span.clone(),
        // What is set is used later.
        Kind::Statement("if" | "for" | "filter", _) | Kind::Call(_) => whole(&tags, at)?,
        _ => return None,
    };
    Some(blanked(text, &span))
}

fn whole(tags: &[Tag<'_>], at: usize) -> Option<Range<usize>> {
    let end = end_of_block(tags, at)?;
    let sets = |tag: &Tag<'_>| matches!(tag.kind, Kind::Statement("set" | "set_global" | "block", _));
    let holds_more = tags[at..end].iter().any(sets);
    (!holds_more).then(|| tags[at].span.start..tags[end].span.end)
}

fn blanked(text: &str, span: &Range<usize>) -> String {
    let blank = text[span.clone()].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' });
    let mut blanked = String::with_capacity(text.len());
    blanked.push_str(&text[..span.start]);
    blanked.extend(blank);
    blanked.push_str(&text[span.end..]);
    blanked
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fault is at the `!`.
    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let at = text.find('!').unwrap();
        assert_eq!(without(text, &(at..at + 1)).as_deref(), expected, "{text}");
    }

    #[test]
    fn what_is_taken_out_and_what_is_not() {
        check("a{{ ! }}b", Some("a       b"));
        check("a{{\n!ä }}b", Some("a  \n      b"));
        check("{% if ! %}{{ a }}{% endif %}b", Some("                            b"));
        check("{% for a in ! %}{{ a }}\n{% endfor %}b", Some("                       \n            b"));
        check("{% if a %}{{ ! }}{% endif %}", Some("{% if a %}       {% endif %}"));
        check("{% set a = ! %}{{ a }}", None);
        check("{% if ! %}{% set a = 1 %}{% endif %}", None);
        check("{% elif ! %}", None);
        check("! {{ a }}", None);
    }
}

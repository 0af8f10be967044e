//! All syntax errors of a template that can be told in one run. Tera stops at the first: here the tag it is in is made into
//! one that says nothing, byte for byte, and the template is parsed again. Where that could make a mistake of what is none,
//! nothing more is told.

use std::ops::Range;

use tera::{ErrorKind, ReportError, Tera};

use super::tags::{Kind, Tag, end_of_block, tags};

/// What Tera says of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) span: Range<usize>,
    pub(super) message: String,
}

/// So many parses of one template at most.
const ATTEMPTS: usize = 50;

/// The syntax errors of a template in the order in which Tera meets them.
pub(super) fn errors(text: &str) -> Vec<Fault> {
    let mut text = text.to_owned();
    let mut found = Vec::new();
    // An unknown tag may have been meant to begin or to end something.
    let mut is_structure_known = true;
    for _ in 0..ATTEMPTS {
        let Some(fault) = first(&text) else { break };
        let Some(repair) = Repair::of(&text, &fault.span) else {
            found.extend(is_structure_known.then_some(fault));
            break;
        };
        is_structure_known &= !repair.is_unknown;
        found.push(fault);
        text = repair.text;
    }
    found
}

/// The first syntax error. What else is wrong with a template is not looked at.
fn first(text: &str) -> Option<Fault> {
    let error = Tera::default().add_raw_template("text", text).err()?;
    let ErrorKind::SyntaxError(report) = error.kind() else { return None };
    Some(Fault::of(report))
}

impl Fault {
    pub(super) fn of(report: &ReportError) -> Self {
        Self { span: report.span().range.clone(), message: report.message().to_owned() }
    }
}

/// A template in which a fault says nothing any more.
struct Repair {
    text: String,
    is_unknown: bool,
}

impl Repair {
    /// `None` where the fault is in no tag, or in one on which depends what others are.
    fn of(text: &str, fault: &Range<usize>) -> Option<Self> {
        let tags = tags(text);
        let at = tags.iter().position(|tag| tag.span.start <= fault.start && fault.start < tag.span.end)?;
        let tag = &tags[at];
        let inner = &text[tag.span.start + 2..tag.span.end - 2];
        // It swallowed another, since its own end is missing.
        if ["{{", "{%", "{#"].iter().any(|open| inner.contains(open)) {
            return None;
        }
        let mut repaired = text.to_owned();
        let mut is_unknown = false;
        match tag.kind {
            Kind::Expression | Kind::Statement("include" | "set_global" | "break" | "continue", _) => {
                blank(&mut repaired, tag);
            }
            Kind::Statement("set", _) if tag.ended_by().is_none() => blank(&mut repaired, tag),
            Kind::Statement(word @ ("if" | "elif"), _) => fill(&mut repaired, tag, &format!("{word} 0"))?,
            Kind::Statement("for", _) => fill(&mut repaired, tag, "for a in b")?,
            Kind::Statement("filter" | "set", _) | Kind::Call(_) => {
                let end = end_of_block(&tags, at)?;
                blank(&mut repaired, tag);
                blank(&mut repaired, &tags[end]);
            }
            Kind::Statement(word, _) if !is_structure(word) => {
                is_unknown = true;
                blank(&mut repaired, tag);
            }
            _ => return None,
        }
        Some(Self { text: repaired, is_unknown })
    }
}

/// Words of tags that begin, part or end something.
fn is_structure(word: &str) -> bool {
    matches!(word, "else" | "block" | "component" | "extends" | "raw") || word.starts_with("end")
}

/// Blanks in place of a tag.
fn blank(text: &mut String, tag: &Tag<'_>) {
    let blanks = blanks(&text[tag.span.clone()]);
    text.replace_range(tag.span.clone(), &blanks);
}

/// A tag that says `words`, if there is room.
fn fill(text: &mut String, tag: &Tag<'_>, words: &str) -> Option<()> {
    let inner = tag.span.start + 2..tag.span.end - 2;
    let blanks = blanks(&text[inner.clone()]);
    let filled = format!(" {words}{}", blanks.get(words.len() + 1..)?);
    text.replace_range(inner, &filled);
    Some(())
}

/// As long as `text`.
fn blanks(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each error as the text that stands at its place.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found = errors(text);
        let found: Vec<&str> = found.iter().map(|fault| &text[fault.span.clone()]).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn errors_do_not_hide_each_other() {
        check("{{ a b }}{{ c }}{{ d e }}", &["b", "e"]);
        check("{% if a b %}{{ c d }}{% elif e f %}{% else %}{{ g h }}{% endif %}", &["b", "d", "f", "h"]);
        check("{% for a in b c %}{{ d e }}{% endfor %}", &["c", "e"]);
        check("{% set a = b c %}{{ a }}{{ d e }}", &["c", "e"]);
        check("{% include 1 %}{{ d e }}", &["1", "e"]);
        check("{% filter upper lower %}{{ a b }}{% endfilter %}{{ c d }}", &["lower", "b", "d"]);
        check("{{ a | }}\n{{ 'ä' + }}\n{{ b c }}", &["}}", "}}", "c"]);
    }

    #[test]
    fn what_follows_from_an_error_is_none_of_its_own() {
        check("{% endfi %}{{ b c }}", &["endfi"]);
        check("{% if a %}{{ b c }}{% endfi %}{{ d e }}", &["c", "endfi"]);
        check("{% iff a %}{% endif %}", &["iff"]);
        check("{% block a b %}{{ c d }}{% endblock %}", &["b"]);
        check("{{ a } b {{ c }}{{ d e }}", &["}"]);
        check("{{ a }}", &[]);
    }
}

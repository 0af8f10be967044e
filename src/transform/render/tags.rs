//! Where the tags of a template stand, and which end which. Tera parses templates and says nothing of what it found; whoever
//! changes a template in place asks here. Nothing here knows what an expression means.

use std::ops::Range;

/// A tag of a template, delimiters and all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag<'t> {
    pub(super) span: Range<usize>,
    pub(super) kind: Kind<'t>,
    /// Whether it takes the white space before it away.
    pub(super) trims_before: bool,
    pub(super) trims_after: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind<'t> {
    /// `{{ … }}`
    Expression,
    /// `{% word … %}`, with what follows the word.
    Statement(&'t str, &'t str),
    /// `{% <name …> %}`: the call of a component with what stands up to its end.
    Call(&'t str),
    /// `{% </name> %}`
    CallEnd,
}

impl Tag<'_> {
    /// How a tag ends that ends this one; `None` where nothing has to.
    pub(super) fn ended_by(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Statement("set" | "set_global", rest) => {
                (!rest[name(rest).len()..].trim_start().starts_with('=')).then_some("endset")
            }
            Kind::Statement("if", _) => Some("endif"),
            Kind::Statement("for", _) => Some("endfor"),
            Kind::Statement("filter", _) => Some("endfilter"),
            Kind::Statement("block", _) => Some("endblock"),
            Kind::Statement("component", _) => Some("endcomponent"),
            Kind::Call(_) => Some(""),
            _ => None,
        }
    }

    fn ends(&self, word: &str) -> bool {
        match self.kind {
            Kind::Statement(own, _) => own == word,
            Kind::CallEnd => word.is_empty(),
            _ => false,
        }
    }
}

/// The tags of a template in its order, but for comments and what is in `raw`. A tag that does not end is none.
pub(super) fn tags(text: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find('{').map(|found| at + found) {
        let Some(end) = end_of_tag(text, open) else {
            at = open + 1;
            continue;
        };
        at = end;
        if text[open..].starts_with("{#") {
            continue;
        }
        let tag = tag(text, open..end);
        if let Kind::Statement("raw", _) = tag.kind {
            at = end_of_raw(text, end);
        } else {
            tags.push(tag);
        }
    }
    tags
}

/// The tag that ends the one numbered `at`.
pub(super) fn end_of_block(tags: &[Tag<'_>], at: usize) -> Option<usize> {
    let mut open = vec![tags.get(at)?.ended_by()?];
    for (number, tag) in tags.iter().enumerate().skip(at + 1) {
        if tag.ends(open.last()?) {
            open.pop();
            if open.is_empty() {
                return Some(number);
            }
        } else {
            open.extend(tag.ended_by());
        }
    }
    None
}

fn tag(text: &str, span: Range<usize>) -> Tag<'_> {
    let inner = &text[span.start + 2..span.end - 2];
    let (trims_before, trims_after) = (inner.starts_with('-'), inner.len() > 1 && inner.ends_with('-'));
    let words = inner.strip_prefix('-').unwrap_or(inner);
    let words = words.strip_suffix('-').unwrap_or(words).trim();
    let kind = if text[span.start..].starts_with("{{") {
        Kind::Expression
    } else if words.starts_with("</") {
        Kind::CallEnd
    } else if let Some(call) = words.strip_prefix('<') {
        Kind::Call(name(call.trim_start()))
    } else {
        let word = name(words);
        Kind::Statement(word, words[word.len()..].trim_start())
    };
    Tag { span, kind, trims_before, trims_after }
}

/// The name a text begins with; that of a component may have dots.
fn name(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.'))).unwrap_or(text.len());
    &text[..end]
}

/// Behind the tag or comment that begins at `open`.
fn end_of_tag(text: &str, open: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let close = match bytes.get(open + 1)? {
        b'#' => return text[open + 2..].find("#}").map(|at| open + 2 + at + 2),
        b'{' => b"}}",
        b'%' => b"%}",
        _ => return None,
    };
    let (mut at, mut braces) = (open + 2, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'' | b'`') => at = end_of_string(bytes, at + 1, quote)?,
            _ if braces == 0 && bytes[at..].starts_with(close) => return Some(at + 2),
            b'{' => braces += 1,
            b'}' => braces = braces.saturating_sub(1),
            _ => {}
        }
        at += 1;
    }
    None
}

/// The place of the quote that ends a string.
fn end_of_string(bytes: &[u8], from: usize, quote: u8) -> Option<usize> {
    let mut at = from;
    loop {
        match bytes.get(at)? {
            b'\\' => at += 2,
            byte if *byte == quote => return Some(at),
            _ => at += 1,
        }
    }
}

/// Behind the `{% endraw %}` that comes next.
fn end_of_raw(text: &str, from: usize) -> usize {
    for (at, _) in text[from..].match_indices("{%") {
        let rest = text[from + at + 2..].trim_start_matches('-').trim_start();
        if let Some(end) = rest.strip_prefix("endraw").and_then(|_| text[from + at..].find("%}")) {
            return from + at + end + 2;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found: Vec<&str> = tags(text).into_iter().map(|tag| &text[tag.span]).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn tags_are_found_where_they_are() {
        check("a {{ b }} {%- c -%} { d } {", &["{{ b }}", "{%- c -%}"]);
        check("{# {{ a }} #}{{ '}}' }}{{ \"\\\"}}\" }}", &["{{ '}}' }}", "{{ \"\\\"}}\" }}"]);
        check("{% raw %}{{ a }}{%- endraw %}{{ b }}", &["{{ b }}"]);
        check("{{ {'a': {'b': 1}} }}{{<c d={e}/>}}", &["{{ {'a': {'b': 1}} }}", "{{<c d={e}/>}}"]);
        check("{{ a", &[]);
    }

    #[test]
    fn what_tags_are() {
        let text = "{{ a }}{%- set b = 1 %}{% <ui.card x={1}> -%}{% </ui.card> %}{% if a%}";
        let found: Vec<_> = tags(text).into_iter().map(|tag| (tag.kind, tag.trims_before, tag.trims_after)).collect();
        let expected = [
            (Kind::Expression, false, false),
            (Kind::Statement("set", "b = 1"), true, false),
            (Kind::Call("ui.card"), false, true),
            (Kind::CallEnd, false, false),
            (Kind::Statement("if", "a"), false, false),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn blocks_end_where_they_end() {
        let text = "{% if a %}{% set x = 1 %}{% set y %}{% endset %}{% if b %}{% else %}{% endif %}{% <c> %}{% </c> %}{% endif %}{{ d }}";
        let found = tags(text);
        assert_eq!(end_of_block(&found, 0), Some(found.len() - 2));
        assert_eq!(end_of_block(&found, 1), None);
        assert_eq!(end_of_block(&found, 2), Some(3));
        assert_eq!(end_of_block(&tags("{% set a | get(key='b') %}{% endset %}"), 0), Some(1));
        assert_eq!(end_of_block(&tags("{% if a %}{% for b in c %}"), 0), None);
    }
}

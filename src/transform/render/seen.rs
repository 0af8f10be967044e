//! What templates can see of pages that are not their own: whether it may be their texts, which change more often than
//! anything else. Found in the templates' words, without knowing what any of them is worth: a value is followed by the names it
//! is given, whichever of them may hold a page. What is not understood may see everything.

use std::collections::BTreeSet;

use super::tags::{Kind, Tag, tags};

/// How much of other pages a template can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sees {
    /// All but what their texts are and say.
    NoTexts,
    Everything,
}

/// What pages and sections have of their texts.
pub(super) const TEXTS: [&str; 5] = ["content", "summary", "toc", "word_count", "reading_time"];

/// Where one page is found in the value of another.
const LISTS: [&str; 4] = ["pages", "lower", "higher", "items"];

/// What a template is given that has pages in it.
const GIVEN: [&str; 6] = ["page", "section", "term", "terms", "taxonomy", "paginator"];

/// What gives a template such a thing.
const CALLS: [&str; 4] = ["get_page", "get_section", "get_taxonomy", "get_taxonomy_term"];

/// Filters that pass on what is in a list.
const PASS: [&str; 4] = ["first", "last", "nth", "reverse"];

/// Filters that do so by what an argument names.
const PASS_BY: [&str; 5] = ["sort", "group_by", "unique", "get", "collate"];

/// What all these templates can see, that are one.
pub(super) fn seen<'t>(texts: impl Iterator<Item = &'t str>) -> Sees {
    let statements: Vec<Statement<'t>> =
        texts.flat_map(|text| tags(text).into_iter().map(|tag| Statement::of(text, &tag))).collect();
    if statements.iter().any(|one| one.is_unclear) {
        return Sees::Everything;
    }
    let bound: BTreeSet<&str> = statements.iter().flat_map(Statement::bound).collect();
    let mut holders: BTreeSet<&str> = GIVEN.into();
    loop {
        let before = holders.len();
        for one in &statements {
            holders.extend(one.given(&holders, &bound));
        }
        if holders.len() == before {
            break;
        }
    }
    if statements.iter().all(|one| one.shows_no_texts(&holders, &bound)) { Sees::NoTexts } else { Sees::Everything }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'t> {
    Name(&'t str),
    Number,
    Text(&'t str),
    Sign(&'t str),
}

use Token::{Name, Number, Sign, Text};

/// A tag in its words.
struct Statement<'t> {
    /// `for`, `set` and so on; nothing for an expression or the call of a component.
    word: &'t str,
    tokens: Vec<Token<'t>>,
    is_unclear: bool,
}

/// A value that is named in a tag.
struct Named {
    /// Of the tokens; behind its filters.
    end: usize,
    /// Whether it may be, or hold, a page.
    holds: bool,
    is_grouped: bool,
    /// Whether it may be the text of another page.
    is_unclear: bool,
}

impl<'t> Statement<'t> {
    fn of(text: &'t str, tag: &Tag<'t>) -> Self {
        let (word, inner) = match tag.kind {
            Kind::Statement(word, rest) => (word, rest),
            _ => ("", &text[tag.span.start + 2..tag.span.end - 2]),
        };
        // These have names that are no values.
        let tokens = match word {
            "block" | "endblock" | "extends" | "include" | "endcomponent" | "raw" => Vec::new(),
            _ => tokens(inner),
        };
        let is_unclear = tokens.iter().any(|one| matches!(one, Name("__tera_context") | Sign("...")));
        let one = Self { word, tokens, is_unclear };
        let is_open = |at: usize| matches!(one.tokens[at], Sign("(" | "[" | "{")) && one.closing(at).is_none();
        Self { is_unclear: is_unclear || (0..one.tokens.len()).any(is_open), ..one }
    }

    fn is_set(&self) -> bool {
        matches!(self.word, "set" | "set_global")
    }

    fn at(&self, at: usize) -> Option<Token<'t>> {
        self.tokens.get(at).copied()
    }

    fn before(&self, at: usize) -> Option<Token<'t>> {
        self.at(at.checked_sub(1)?)
    }

    /// The names that something is given in this tag.
    fn bound(&self) -> Vec<&'t str> {
        let is_parameter = |at: usize| self.word == "component" && matches!(self.before(at), Some(Sign("(" | ",")));
        let names = self.tokens.iter().enumerate().filter_map(|(at, token)| match *token {
            Name(name) if self.is_argument(at) || is_parameter(at) => Some(name),
            Name(name) if at == 0 && self.is_set() => Some(name),
            _ => None,
        });
        names.chain(self.loop_names()).collect()
    }

    fn is_argument(&self, at: usize) -> bool {
        self.at(at + 1) == Some(Sign("="))
    }

    /// The names of a loop: that of the key, if it has one, is the first.
    fn loop_names(&self) -> Vec<&'t str> {
        let names = self.tokens.iter().take_while(|_| self.word == "for");
        let names = names.take_while(|one| **one != Name("in"));
        names.filter_map(|one| if let Name(name) = one { Some(*name) } else { None }).collect()
    }

    /// The names that hold a page when these do.
    fn given(&self, holders: &BTreeSet<&str>, bound: &BTreeSet<&str>) -> Vec<&'t str> {
        let mut given = Vec::new();
        for at in 0..self.tokens.len() {
            let Some(Named { holds: true, .. }) = self.named(at, holders, bound) else { continue };
            match (self.word, self.before(at), at.checked_sub(3).and_then(|at| self.at(at))) {
                ("for", ..) => given.extend(self.loop_names().last()),
                (_, Some(Sign("{")), Some(Name(argument))) => given.push(argument),
                _ if self.is_set() => given.extend(self.bound().first()),
                _ => {}
            }
        }
        given
    }

    /// Whether it cannot show the text of another page.
    fn shows_no_texts(&self, holders: &BTreeSet<&str>, bound: &BTreeSet<&str>) -> bool {
        for at in 0..self.tokens.len() {
            let Some(named) = self.named(at, holders, bound).filter(|_| self.word != "component") else { continue };
            if named.is_unclear {
                return false;
            }
            if !named.holds {
                continue;
            }
            let (before, after) = (self.before(at), self.at(named.end));
            let is_asked = matches!((before, after), (Some(Name("if")), Some(Name("else"))));
            let is_passed = (before, after) == (Some(Sign("{")), Some(Sign("}")))
                && at.checked_sub(2).and_then(|at| self.at(at)) == Some(Sign("="));
            let is_kept = self.is_set()
                && !named.is_grouped
                && matches!(before, Some(Sign("=") | Name("or" | "and" | "not" | "if" | "else")))
                && matches!(after, None | Some(Name("or" | "and" | "if" | "else")));
            let is_tested = matches!(self.word, "if" | "elif")
                && matches!(before, None | Some(Name("and" | "or" | "not")))
                && (matches!(after, None | Some(Name("and" | "or"))) || self.is_harmless_test(named.end));
            // Who goes through the keys of a page meets its text.
            let is_looped = self.word == "for"
                && before == Some(Name("in"))
                && after.is_none()
                && (named.is_grouped || self.loop_names().len() == 1);
            if !(is_asked || is_passed || is_kept || is_tested || is_looped) {
                return false;
            }
        }
        true
    }

    /// Whether there stands a test that looks at no more than what kind of thing a value is.
    fn is_harmless_test(&self, at: usize) -> bool {
        let test = if self.at(at + 1) == Some(Name("not")) { at + 2 } else { at + 1 };
        self.at(at) == Some(Name("is")) && matches!(self.at(test), Some(Name("defined" | "undefined" | "none")))
    }

    /// The value that is named from here on. What is `bound` may be another page than its name says.
    fn named(&self, at: usize, holders: &BTreeSet<&str>, bound: &BTreeSet<&str>) -> Option<Named> {
        let Name(name) = self.at(at)? else { return None };
        let is_target = match self.word {
            "for" => !self.tokens[..at].contains(&Name("in")),
            _ => self.is_argument(at) || (self.is_set() && at == 0),
        };
        if is_target || matches!(self.before(at), Some(Sign("." | "|"))) {
            return None;
        }
        let is_call = self.at(at + 1) == Some(Sign("("));
        let (mut end, mut holds) =
            if is_call { (self.closing(at + 1)? + 1, CALLS.contains(&name)) } else { (at + 1, holders.contains(name)) };
        let mut is_own = !is_call && matches!(name, "page" | "section") && !bound.contains(name);
        let mut is_unclear = false;
        while holds {
            let attribute = match (self.at(end), self.at(end + 1), self.at(end + 2)) {
                (Some(Sign(".")), Some(Name(attribute)), _) => {
                    end += 2;
                    attribute
                }
                (Some(Sign("[")), Some(Text(attribute)), Some(Sign("]"))) => {
                    end += 3;
                    is_unclear |= attribute.contains('\\');
                    attribute
                }
                (Some(Sign("[")), ..) => {
                    let close = self.closing(end)?;
                    // A place in a list, or a part of it.
                    is_unclear |=
                        !self.tokens[end + 1..close].iter().all(|one| matches!(one, Number | Sign("-" | ":")));
                    end = close + 1;
                    continue;
                }
                _ => break,
            };
            is_unclear |= TEXTS.contains(&attribute) && !is_own;
            holds = LISTS.contains(&attribute);
            is_own = false;
        }
        let mut is_grouped = false;
        while holds && let (Some(Sign("|")), Some(Name(filter))) = (self.at(end), self.at(end + 1)) {
            let arguments =
                if self.at(end + 2) == Some(Sign("(")) { end + 2..self.closing(end + 2)? } else { end + 2..end + 2 };
            if filter == "length" {
                holds = false;
            } else if PASS_BY.contains(&filter) && self.names_no_text(arguments.clone()) || PASS.contains(&filter) {
                is_grouped |= filter == "group_by";
            } else {
                break;
            }
            end = if arguments.is_empty() { end + 2 } else { arguments.end + 1 };
        }
        Some(Named { end, holds, is_grouped, is_unclear })
    }

    /// Whether what an argument names is written there, and no text.
    fn names_no_text(&self, arguments: std::ops::Range<usize>) -> bool {
        let mut named = arguments
            .clone()
            .filter(|at| matches!(self.at(*at), Some(Name("attribute" | "key"))) && self.is_argument(*at));
        let is_known = |at: usize| match (self.at(at + 2), self.at(at + 3)) {
            (Some(Text(path)), Some(Sign("," | ")"))) => {
                !path.contains('\\')
                    && !path
                        .split(['.', '[', ']', '"', '\''])
                        .any(|part| TEXTS.contains(&part) || LISTS.contains(&part))
            }
            _ => false,
        };
        matches!((named.next(), named.next()), (Some(at), None) if is_known(at))
    }

    /// The bracket that closes the one at `open`.
    fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate().skip(open) {
            match token {
                Sign("(" | "[" | "{") => depth += 1,
                Sign(")" | "]" | "}") => depth = depth.checked_sub(1)?,
                _ => {}
            }
            if depth == 0 {
                return Some(at);
            }
        }
        None
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let ends = |is_in: &dyn Fn(char) -> bool| rest.find(|c: char| !is_in(c)).unwrap_or(rest.len());
        let (token, length) = match first {
            ' ' | '\t' | '\r' | '\n' => (None, 1),
            '"' | '\'' | '`' => {
                let mut end = 1;
                let bytes = rest.as_bytes();
                while end < bytes.len() && bytes[end] != first as u8 {
                    end += if bytes[end] == b'\\' { 2 } else { 1 };
                }
                (Some(Text(rest.get(1..end).unwrap_or_default())), (end + 1).min(rest.len()))
            }
            '0'..='9' => (Some(Number), ends(&|c| c.is_ascii_digit() || c == '_')),
            c if c.is_alphabetic() || c == '_' => {
                let end = ends(&|c| c.is_alphanumeric() || c == '_');
                (Some(Name(&rest[..end])), end)
            }
            _ => {
                let sign = ["...", "==", "!=", ">=", "<=", "?.", "?["].into_iter().find(|sign| rest.starts_with(sign));
                let length = sign.map_or(first.len_utf8(), str::len);
                let sign = match &rest[..length] {
                    "?." => ".",
                    "?[" => "[",
                    sign => sign,
                };
                (Some(Sign(sign)), length)
            }
        };
        tokens.extend(token);
        rest = rest.get(length..).unwrap_or_default();
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Sees) {
        assert_eq!(seen([text].into_iter()), expected, "{text}");
    }

    #[test]
    fn what_sees_no_texts_of_others() {
        for text in [
            "{{ page.content | safe }}{{ page.toc }}{{ section.content }}{% block content %}{% endblock %}",
            "{% if page %}{{ page.title }}{% elif section is defined and not term %}{{ section.title }}{% endif %}",
            "{{ page.title if page else config.title }}",
            "{% for p in section.pages %}{{ p.title }} {{ p.extra.content }}{% endfor %}",
            "{% for page in paginator.pages %}{{ page.title }}{{ page['permalink'] }}{% endfor %}",
            "{% for year, posts in section.pages | group_by(attribute='year') %}{{ year }}{% for p in posts %}{{ p.date }}{% endfor %}{% endfor %}",
            "{% set s = get_section(path='a/_index.md') %}{{ s.title }}{{ s.pages | length }}{% for p in s.pages[:5] | reverse %}{{ p.path }}{% endfor %}",
            "{% set s = get_section(path=sub) %}{% set first = s.pages | first %}{{ first?.title }}{{ s.pages[0].title }}",
            "{{ <card of={page} size=3 /> }}{% component card(of, size: number) %}{{ of.title }}{% endcomponent %}",
            "{{ page.lower.title }}{% if page.lower %}{{ page.higher?.permalink }}{% endif %}",
            "{% for item in config.extra.items %}{{ item.content }}{{ item.summary[x] }}{% endfor %}{{ data | json_encode }}",
            "{{ get_url(path='@/' ~ page.relative_path) }}{{ '{{ p.content }}' }}{# {{ p.content }} #}",
            "{% for t in terms %}{{ t.name }} {{ t.page_count }}{% endfor %}{{ terms | length }}",
        ] {
            check(text, Sees::NoTexts);
        }
    }

    #[test]
    fn what_may_see_them() {
        for text in [
            "{% for p in section.pages %}{{ p.summary | safe }}{% endfor %}",
            "{% for p in section.pages %}{{ p['content'] }}{% endfor %}",
            "{% for p in section.pages %}{{ p?.content }}{% endfor %}",
            "{% for p in section.pages %}{{ p[name] }}{% endfor %}",
            "{% for page in section.pages %}{{ page.content }}{% endfor %}",
            "{{ page.lower.content }}",
            "{{ get_page(path='a.md').content }}",
            "{{ section.pages[0].word_count }}",
            "{{ (section.pages | first).content }}",
            "{% set s = get_section(path='a') %}{% set t = s %}{{ t.content }}",
            "{% set t = x or page.lower %}{{ t.toc }}",
            "{{ page }}",
            "{{ page.lower }}",
            "{{ section | json_encode }}",
            "{{ 'a' ~ page.lower }}",
            "{% for p in section.pages %}{% if p == other %}{% endif %}{% endfor %}",
            "{% for p in section.pages %}{% if p in others %}{% endif %}{% endfor %}",
            "{% for k, v in page.lower %}{{ v }}{% endfor %}",
            "{{ section.pages | sort(attribute=by) }}",
            "{% for p in section.pages | sort(attribute='word_count') %}{% endfor %}",
            "{% for p in section.pages | sort(attribute=by) %}{% endfor %}",
            "{% set m = section.pages | group_by(attribute='year') %}{% for p in m['2024'] %}{{ p.content }}{% endfor %}",
            "{{ section.pages | join(sep=',') }}",
            "{{ <card of={page.lower} /> }}{% component card(of) %}{{ of.content }}{% endcomponent %}",
            "{{ <card page={page.lower} /> }}{% component card(page) %}{{ page.content }}{% endcomponent %}",
            "{{ <card ...rest /> }}",
            "{{ <card {page} /> }}",
            "{{ __tera_context }}",
            "{{ [p.content for p in section.pages] }}",
            "{% set x = [page.lower] %}{{ x[0].content }}",
            "{% set x = {'a': page.lower} %}{{ x.a.content }}",
            "{% if (page.lower ~ '') is containing('x') %}{% endif %}",
            "{% filter upper %}{{ page.lower }}{% endfilter %}",
            "{{ load_data(literal=page.lower) }}",
            "{% for t in terms %}{{ t.pages[0].summary }}{% endfor %}",
            "{% for key, value in page.lower %}{{ value | length }}{% endfor %}",
            "{{ page.lower[\"con\\u0074ent\"] }}",
        ] {
            check(text, Sees::Everything);
        }
    }
}

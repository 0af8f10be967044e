//! What functions, filters and tests there are and what each takes. Tera passes on whatever it is given, and an argument
//! that is misspelt would have no effect: so the calls of all templates are looked through, before anything is rendered.

use std::ops::Range;

use super::tags::{Kind, tags};
use crate::diag::did_you_mean;

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callable {
    Function,
    Filter,
    Test,
}

impl Callable {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Filter => "filter",
            Self::Test => "test",
        }
    }

    /// All of a kind, by their names: Tera's own, Zola's and ours.
    fn signatures(self) -> &'static [Signature] {
        match self {
            Self::Function => FUNCTIONS,
            Self::Filter => FILTERS,
            Self::Test => TESTS,
        }
    }

    pub(super) fn names(self) -> impl Iterator<Item = &'static str> + Clone {
        self.signatures().iter().map(|(name, _)| *name)
    }
}

type Signature = (&'static str, Takes);

#[derive(Clone, Copy, Debug)]
enum Takes {
    Only(&'static [&'static str]),
    /// The variables of a message are its own.
    Anything,
}

use Takes::{Anything, Only};

const NOTHING: Takes = Only(&[]);

const FUNCTIONS: &[Signature] = &[
    ("asset", Only(&["path"])),
    ("asset_content", Only(&["path"])),
    ("asset_integrity", Only(&["path"])),
    ("get_env", Only(&["name", "default"])),
    ("get_hash", Only(&["path", "literal", "sha_type", "base64"])),
    ("get_image_metadata", Only(&["path", "allow_missing"])),
    ("get_page", Only(&["path", "lang", "allow_missing"])),
    ("get_random", Only(&["start", "end", "seed"])),
    ("get_section", Only(&["path", "lang", "allow_missing", "metadata_only"])),
    ("get_taxonomy", Only(&["kind", "lang", "required"])),
    ("get_taxonomy_term", Only(&["kind", "term", "name", "lang", "required"])),
    ("get_taxonomy_url", Only(&["kind", "term", "name", "lang", "required"])),
    ("get_url", Only(&["path", "lang", "trailing_slash", "cachebust"])),
    ("load_data", Only(&["path", "url", "literal", "format", "required", "method", "body", "content_type", "headers"])),
    ("now", Only(&["timestamp", "utc"])),
    ("range", Only(&["start", "end", "step_by"])),
    ("resize_image", Only(&["path", "width", "height", "op", "format", "quality", "speed"])),
    ("responsive_image", Only(&["path", "widths", "formats"])),
    ("super", NOTHING),
    ("text_direction", Only(&["lang"])),
    ("throw", Only(&["message"])),
    ("trans", Anything),
];

const FILTERS: &[Signature] = &[
    ("abs", NOTHING),
    ("base64_decode", Only(&["url_safe"])),
    ("base64_encode", Only(&["url_safe", "padded"])),
    ("capitalize", NOTHING),
    ("collate", Only(&["attribute", "locale"])),
    ("date", Only(&["format", "length", "time", "locale", "timezone"])),
    ("default", Only(&["value", "boolean"])),
    ("escape", NOTHING),
    ("escape_html", NOTHING),
    ("escape_xml", NOTHING),
    ("filesizeformat", Only(&["binary"])),
    ("first", NOTHING),
    ("float", NOTHING),
    ("format", Only(&["spec"])),
    ("get", Only(&["key", "default"])),
    ("group_by", Only(&["attribute"])),
    ("indent", Only(&["width", "indentation", "first", "blank"])),
    ("int", Only(&["base"])),
    ("join", Only(&["sep"])),
    ("json_encode", Only(&["pretty"])),
    ("keys", NOTHING),
    ("last", NOTHING),
    ("length", NOTHING),
    ("list_format", Only(&["kind", "attribute", "locale"])),
    ("lower", NOTHING),
    ("markdown", Only(&["inline", "lang"])),
    ("newlines_to_br", NOTHING),
    ("nth", Only(&["n"])),
    ("num_format", Only(&["locale"])),
    ("pairs", NOTHING),
    ("pluralize", Only(&["singular", "plural"])),
    ("regex_replace", Only(&["pattern", "rep"])),
    ("replace", Only(&["from", "to"])),
    ("reverse", NOTHING),
    ("round", Only(&["method", "precision"])),
    ("safe", NOTHING),
    ("shuffle", Only(&["seed"])),
    ("slugify", NOTHING),
    ("sort", Only(&["attribute"])),
    ("spaceless", NOTHING),
    ("split", Only(&["pat"])),
    ("str", NOTHING),
    ("striptags", NOTHING),
    ("title", NOTHING),
    ("trim", Only(&["pat"])),
    ("trim_end", Only(&["pat"])),
    ("trim_start", Only(&["pat"])),
    ("truncate", Only(&["length", "end"])),
    ("unique", NOTHING),
    ("upper", NOTHING),
    ("urlencode", NOTHING),
    ("urlencode_strict", NOTHING),
    ("values", NOTHING),
    ("wordcount", NOTHING),
];

const TESTS: &[Signature] = &[
    ("after", Only(&["other", "inclusive"])),
    ("array", NOTHING),
    ("before", Only(&["other", "inclusive"])),
    ("bool", NOTHING),
    ("containing", Only(&["pat"])),
    ("defined", NOTHING),
    ("divisible_by", Only(&["divisor"])),
    ("ending_with", Only(&["pat"])),
    ("even", NOTHING),
    ("float", NOTHING),
    ("integer", NOTHING),
    ("iterable", NOTHING),
    ("map", NOTHING),
    ("matching", Only(&["pat"])),
    ("none", NOTHING),
    ("number", NOTHING),
    ("odd", NOTHING),
    ("starting_with", Only(&["pat"])),
    ("string", NOTHING),
    ("undefined", NOTHING),
];

/// An argument that what is called does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unknown {
    /// Its name, in the template.
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) help: String,
    /// Whether another is near enough to have been meant; else it is only one too many.
    pub(super) is_misspelt: bool,
}

/// All arguments in a template's calls that lead to nothing. The template is one that Tera can parse.
pub(super) fn unknown_arguments(text: &str) -> Vec<Unknown> {
    let mut unknown = Vec::new();
    for tag in tags(text) {
        // What a component takes is Tera's to check.
        if !matches!(tag.kind, Kind::Statement("component", _) | Kind::CallEnd) {
            in_tag(text, tag.span, &mut unknown);
        }
    }
    unknown
}

fn in_tag(text: &str, span: Range<usize>, unknown: &mut Vec<Unknown>) {
    // Who takes the arguments of each parenthesis that is open; nobody does where it only groups.
    let mut open: Vec<Option<(Callable, &str)>> = Vec::new();
    let tokens: Vec<Token<'_>> = tokens(text, span).collect();
    for (at, token) in tokens.iter().enumerate() {
        let before = |back: usize| at.checked_sub(back).map(|at| tokens[at].text);
        match token.text {
            "(" => open.push(called(&tokens[..at])),
            "[" | "{" => open.push(None),
            ")" | "]" | "}" => drop(open.pop()),
            "=" if matches!(before(2), Some("(" | ",")) => {
                let Some(Some((callable, name))) = open.last() else { continue };
                let argument = &tokens[at - 1];
                unknown.extend(check(*callable, name, argument));
            }
            _ => {}
        }
    }
}

/// What a parenthesis behind these tokens calls.
fn called<'t>(tokens: &[Token<'t>]) -> Option<(Callable, &'t str)> {
    let (name, before) = tokens.split_last()?;
    let back = |back: usize| before.len().checked_sub(back).map(|at| before[at].text);
    let callable = match (back(1), back(2)) {
        (Some("|"), _) | (Some("filter"), Some("%" | "-")) => Callable::Filter,
        (Some("is"), _) | (Some("not"), Some("is")) => Callable::Test,
        (Some("."), _) => return None,
        _ => Callable::Function,
    };
    name.is_word().then_some((callable, name.text))
}

/// Names that are not known are Tera's to tell.
fn check(callable: Callable, name: &str, argument: &Token<'_>) -> Option<Unknown> {
    let (_, takes) = callable.signatures().iter().find(|(known, _)| *known == name)?;
    let Only(known) = takes else { return None };
    if known.contains(&argument.text) {
        return None;
    }
    let meant = did_you_mean(argument.text, known.iter().copied());
    let help = match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None if known.is_empty() => "it takes none".to_owned(),
        None => format!("there are: {}", known.join(", ")),
    };
    Some(Unknown {
        span: argument.at..argument.at + argument.text.len(),
        message: format!("the {} `{name}` has no argument `{}`", callable.word(), argument.text),
        help,
        is_misspelt: meant.is_some(),
    })
}

/// A word, a text in quotes, or one character that is neither; `==` and its like are one as well.
#[derive(Clone, Copy, Debug)]
struct Token<'t> {
    at: usize,
    text: &'t str,
}

impl Token<'_> {
    fn is_word(&self) -> bool {
        self.text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
    }
}

fn tokens(text: &str, span: Range<usize>) -> impl Iterator<Item = Token<'_>> {
    let mut at = span.start;
    std::iter::from_fn(move || {
        let rest = &text[at..span.end];
        let start = at + (rest.len() - rest.trim_start().len());
        let rest = &text[start..span.end];
        let first = rest.chars().next()?;
        let len = match first {
            '"' | '\'' | '`' => end_of_text(rest, first),
            _ if first.is_alphanumeric() || first == '_' => {
                rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())
            }
            '=' | '!' | '<' | '>' if rest[1..].starts_with('=') => 2,
            _ => first.len_utf8(),
        };
        at = start + len;
        Some(Token { at: start, text: &rest[..len] })
    })
}

fn end_of_text(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The arguments that are unknown, each as `name: help`.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found = unknown_arguments(text);
        let found: Vec<String> = found.iter().map(|one| format!("{}: {}", &text[one.span.clone()], one.help)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn arguments_that_lead_to_nothing() {
        check("{{ get_url(pth='a') }}", &["pth: did you mean `path`?"]);
        check("{{ asset(zzzzzz='a') }}", &["zzzzzz: there are: path"]);
        check("{{ a | upper(lang='tr') }}", &["lang: it takes none"]);
        check("{{ a | truncate ( lenght = 3 ) }}", &["lenght: did you mean `length`?"]);
        check(
            "{% if a is after(otter='b') or b is not matching(path='c') %}",
            &["otter: did you mean `other`?", "path: did you mean `pat`?"],
        );
        check("{% filter replace(fron='a', to='b') %}{% endfilter %}", &["fron: did you mean `from`?"]);
        check("{% set a = b | get(kei='c') %}", &["kei: did you mean `key`?"]);
        check(
            "{{ get_url(path=asset(pat='a'), lan='fr') }}",
            &["pat: did you mean `path`?", "lan: did you mean `lang`?"],
        );
        check("{{<card title={get_url(paht='a')} />}}", &["paht: did you mean `path`?"]);
    }

    #[test]
    fn what_is_none_of_them() {
        for text in [
            "{{ get_url(path='a', lang='fr', trailing_slash=true,) }}",
            "{{ trans(key='a', whatever=1) }}",
            "{{ a | replace(from='(x=', to=\"y(pth=\") }}",
            "{% if (a == b) and not (c == d) %}",
            "{% if asset(path=a) == b %}",
            "{% component get_url(pth='a') %}{% endcomponent get_url %}",
            "{{ unknown(a=1) }}",
            "get_url(pth='a') {# {{ get_url(pth='a') }} #}",
            "{{ get_url(path=[a, b], lang={'a': b}) }}",
            "{% for a in range(start=1, end=2) %}",
            "{{<card path='x' get_url='y' />}}",
        ] {
            check(text, &[]);
        }
    }
}

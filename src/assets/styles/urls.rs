//! The files a style sheet names: published, and named in the sheet by the URL they are published at. The rest of the text
//! stays as it is, and where it was can be told.

use std::ops::Range;

use percent_encoding::percent_decode_str;

use super::resolve::{self, Meaning};
use crate::{
    assets::Context,
    diag::{Diagnostic, Source},
    transform::{base, links},
};

/// A text with some of its parts replaced.
#[derive(Clone, Debug, Default)]
pub(super) struct Edited {
    pub(super) text: String,
    edits: Vec<Edit>,
}

/// Lengths and columns are in UTF-16 code units, columns and lines count from 0.
#[derive(Clone, Copy, Debug)]
struct Edit {
    line: usize,
    /// Where the new part begins in the new text.
    column: usize,
    new: usize,
    old: usize,
}

/// Replaces what `source` names by where it is published. `origins` are the files its addresses may be relative to, and may
/// be told to be wrong in: the sheet itself, or the files it was compiled from.
pub(super) fn publish(
    context: &Context<'_>,
    source: &Source,
    origins: &[Source],
    found: &mut Vec<Diagnostic>,
) -> Edited {
    let mut replaced: Vec<(Range<usize>, String)> = Vec::new();
    // A mark at the beginning is no part of the sheet.
    if source.text.starts_with('\u{feff}') {
        replaced.push((0..'\u{feff}'.len_utf8(), String::new()));
    }
    base::style_urls(&source.text, |span| {
        if is_file_name(&source.text, &span)
            && let Some(url) = published(context, source, &span, origins, found)
        {
            replaced.push((span, url));
        }
    });
    Edited::new(&source.text, &replaced)
}

/// The new text of the address at `span`; `None` when it stays.
fn published(
    context: &Context<'_>,
    source: &Source,
    span: &Range<usize>,
    origins: &[Source],
    found: &mut Vec<Diagnostic>,
) -> Option<String> {
    let written = unescaped(&source.text[span.clone()]);
    let address = written.trim();
    let (path, suffix) = links::split_path(address);
    if path.is_empty() {
        return None;
    }
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let meant = origins.iter().map(|origin| resolve::resolve(context, &decoded, &origin.path));
    match resolve::first(meant)? {
        Meaning::File(file) => match context.files.url(&file) {
            Ok(url) => return Some(named(context, &url).to_owned() + suffix),
            Err(error) => found.push(told(source, span, address, origins, format!("`{file}` {error}"))),
        },
        Meaning::Nothing(help) => {
            let diagnostic = told(source, span, address, origins, format!("there is no file `{path}`"));
            found.push(match help {
                Some(help) => diagnostic.with_help(help),
                None => diagnostic,
            });
        }
        Meaning::Route if links::is_rooted(address) => {
            let prefix = context.options.base.as_str().trim_end_matches('/');
            return (!prefix.is_empty()).then(|| format!("{prefix}{address}"));
        }
        Meaning::Route | Meaning::Foreign => {}
    }
    None
}

/// How a sheet names a file that is published at `url`.
fn named<'u>(context: &Context<'_>, url: &'u str) -> &'u str {
    match url.rsplit_once('/') {
        // Up to a `:` it would be a scheme.
        Some((_, name)) if context.is_beside && !name.contains(':') => name,
        _ => url,
    }
}

/// At the address in the sheet; in a compiled one, at the first place in its sources that reads the same.
pub(super) fn told(
    source: &Source,
    span: &Range<usize>,
    address: &str,
    origins: &[Source],
    message: String,
) -> Diagnostic {
    if origins.iter().any(|origin| origin == source) {
        return Diagnostic::error_at(source, span.clone(), message);
    }
    let written = origins.iter().find_map(|origin| Some((origin, origin.text.find(address)?)));
    match (written, origins.first()) {
        (Some((origin, at)), _) => Diagnostic::error_at(origin, at..at + address.len(), message),
        (None, Some(origin)) => Diagnostic::error(origin.path.clone(), message),
        (None, None) => Diagnostic::error(source.path.clone(), message),
    }
}

/// Whether the address at `span` is a file's: not the sheet of an `@import`, not the type in an `image-set()`.
fn is_file_name(text: &str, span: &Range<usize>) -> bool {
    let before = text[..span.start].trim_end_matches(['"', '\'', ' ', '\t', '\n']);
    let is_after = |word: &str, before: &str| {
        before.len() >= word.len()
            && before.is_char_boundary(before.len() - word.len())
            && before[before.len() - word.len()..].eq_ignore_ascii_case(word)
    };
    let without_url = if is_after("url(", before) { before[..before.len() - 4].trim_end() } else { before };
    !is_after("@import", without_url) && !is_after("type(", before)
}

/// The value of a string or an address (CSS Syntax §4.3.7): `\29 ` and `\)` are `)`.
fn unescaped(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        value.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let digits = rest.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
        if digits > 0 {
            let code = u32::from_str_radix(&rest[..digits], 16).ok().and_then(char::from_u32);
            value.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
            rest = &rest[digits..];
            rest = rest.strip_prefix([' ', '\t', '\n']).unwrap_or(rest);
        } else if let Some(escaped) = rest.chars().next() {
            if escaped != '\n' {
                value.push(escaped);
            }
            rest = &rest[escaped.len_utf8()..];
        }
    }
    value + rest
}

impl Edited {
    fn new(old: &str, replaced: &[(Range<usize>, String)]) -> Self {
        let units = |text: &str| text.encode_utf16().count();
        let mut edited = Self { text: String::with_capacity(old.len()), edits: Vec::new() };
        let (mut copied, mut line, mut column) = (0, 0, 0);
        for (span, new) in replaced {
            let between = &old[copied..span.start];
            line += between.matches('\n').count();
            column = match between.rfind('\n') {
                Some(at) => units(&between[at + 1..]),
                None => column + units(between),
            };
            edited.text.push_str(between);
            edited.text.push_str(new);
            edited.edits.push(Edit { line, column, new: units(new), old: units(&old[span.clone()]) });
            column += units(new);
            copied = span.end;
        }
        edited.text.push_str(&old[copied..]);
        edited
    }

    /// The column in the old text of one in the new, both from 0.
    pub(super) fn old_column(&self, line: u32, column: u32) -> u32 {
        let (line, column) = (line as usize, column as usize);
        let told = |column: usize| u32::try_from(column).unwrap_or(u32::MAX);
        let (mut old, mut new) = (0, 0);
        for edit in self.edits.iter().filter(|edit| edit.line == line) {
            if column < edit.column + edit.new {
                return told(old + column.min(edit.column).saturating_sub(new));
            }
            old += edit.column - new + edit.old;
            new = edit.column + edit.new;
        }
        told(old + (column - new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        for (written, expected) in [
            ("a.png", "a.png"),
            (r"a\ b.png", "a b.png"),
            (r"\61 b\000063", "abc"),
            (r"a\)", "a)"),
            ("a\\\nb", "ab"),
            ("a\\", "a"),
        ] {
            assert_eq!(unescaped(written), expected, "{written}");
        }
    }

    #[test]
    fn columns_lead_back() {
        let old = "a{b:url(x)}\nc{d:url(é);e:url(long)} f{}";
        let spans = [("x", "/first"), ("é", "/2"), ("long", "s")];
        let replaced: Vec<_> = spans
            .iter()
            .map(|(word, new)| {
                let at = old.find(&format!("({word})")).expect("it is there") + 1;
                (at..at + word.len(), (*new).to_owned())
            })
            .collect();
        let edited = Edited::new(old, &replaced);
        assert_eq!(edited.text, "a{b:url(/first)}\nc{d:url(/2);e:url(s)} f{}");
        for (line, new, expected) in
            [(0, 4, 4), (0, 8, 8), (0, 11, 8), (0, 14, 9), (1, 4, 4), (1, 10, 9), (1, 12, 11), (1, 20, 22)]
        {
            assert_eq!(edited.old_column(line, new), expected, "{line}:{new}");
        }
    }

    #[test]
    fn imports_and_types_are_no_files() {
        let text = "@import url( 'a.css' );@IMPORT \"b.css\";c{d:image-set('e.avif' type('image/avif') 1x) url(f)}";
        let mut names = Vec::new();
        base::style_urls(text, |span| {
            if is_file_name(text, &span) {
                names.push(&text[span]);
            }
        });
        assert_eq!(names, ["e.avif", "f"]);
    }
}

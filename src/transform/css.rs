//! Style sheets, by lightningcss: how it is called, and a sheet that is published where it lies made smaller, never other
//! styles. Of such a sheet nothing is lowered: nesting stays nesting, and what the browsers of [`BROWSERS`] need prefixed is
//! the author's to prefix.

use std::{
    fmt::Display,
    sync::{Arc, RwLock},
};

use lightningcss::{
    error::{Error, ParserError},
    stylesheet::{MinifyOptions, ParserOptions, PrinterOptions, StyleSheet},
    targets::{Browsers, Features, Targets},
};

use super::contained::contained;
use crate::diag::{Diagnostic, Source};

/// The releases of spring 2023: what a site is made for whose author says nothing else.
pub const BROWSERS: Browsers = Browsers {
    android: None, // It is Chrome.
    chrome: Some(version(112, 0)),
    edge: Some(version(112, 0)),
    firefox: Some(version(112, 0)),
    ie: None,
    ios_saf: Some(version(16, 4)),
    opera: Some(version(98, 0)),
    safari: Some(version(16, 4)),
    samsung: Some(version(21, 0)),
};

const fn version(major: u32, minor: u32) -> u32 {
    major << 16 | minor << 8
}

/// The style sheet, smaller.
///
/// # Errors
/// What lightningcss does not understand, as warnings, all of them. The text should then be published as it is: a browser
/// skips what it does not understand, and may understand more than we do.
pub fn minify(source: &Source) -> Result<String, Vec<Diagnostic>> {
    contained(source.path.clone(), "lightningcss", || minify_plainly(source)).flatten()
}

fn minify_plainly(source: &Source) -> Result<String, Vec<Diagnostic>> {
    const HELP: &str = "the style sheet is published as it is, not minified; browsers skip what they do not understand";

    let told = |diagnostic: Diagnostic| vec![diagnostic.as_warning().with_help(HELP)];
    let targets = Targets { browsers: Some(BROWSERS), include: Features::empty(), exclude: Features::all() };
    let (sheet, mistakes) = parse(&source.text, ParserOptions::default());
    let mut sheet = sheet.map_err(|error| told(diagnostic(source, &error)))?;
    if !mistakes.is_empty() {
        return Err(mistakes.iter().flat_map(|mistake| told(diagnostic(source, mistake))).collect());
    }
    let minify = MinifyOptions { targets, ..MinifyOptions::default() };
    sheet.minify(minify).map_err(|error| told(diagnostic(source, &error)))?;
    let printer = PrinterOptions { minify: true, targets, ..PrinterOptions::default() };
    let css = sheet.to_css(printer).map_err(|error| told(diagnostic(source, &error)))?.code;
    let lost: String =
        licences(&source.text).filter(|licence| !css.contains(licence)).flat_map(|one| [one, "\n"]).collect();
    let css = lost + &css;
    Ok(if css.len() < source.text.len() { css } else { source.text.as_ref().to_owned() })
}

/// What lightningcss finds wrong.
type Mistakes<'a> = Vec<Error<ParserError<'a>>>;

/// The rules of `text`, and what is wrong in it: rules and declarations that are left out, as browsers leave them out, and
/// others that are kept though nothing is known of them.
pub fn parse<'a>(
    text: &'a str,
    options: ParserOptions<'a>,
) -> (Result<StyleSheet<'a>, Error<ParserError<'a>>>, Mistakes<'a>) {
    let mistakes = Arc::new(RwLock::new(Vec::new()));
    let options = ParserOptions { error_recovery: true, warnings: Some(Arc::clone(&mistakes)), ..options };
    let sheet = StyleSheet::parse(text, options);
    let mistakes = mistakes.read().map_or_else(|_| Vec::new(), |mistakes| mistakes.clone());
    (sheet, mistakes)
}

/// The comments of a style sheet that begin with `!`, whole: lightningcss keeps those at the very beginning only.
pub fn licences(text: &str) -> impl Iterator<Item = &str> {
    let mut licences = Vec::new();
    let (bytes, mut at) = (text.as_bytes(), 0);
    while let Some(found) = bytes[at..].iter().position(|byte| matches!(byte, b'"' | b'\'' | b'\\' | b'/')) {
        at += found;
        at = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"/*") => {
                let end = text[at + 2..].find("*/").map_or(text.len(), |length| at + 2 + length + 2);
                let comment = &text[at..end];
                if comment.starts_with("/*!") {
                    licences.push(comment);
                }
                end
            }
            b'\\' => at + 2,
            b'/' => at + 1,
            quote => {
                let mut end = at + 1;
                while end < bytes.len() && bytes[end] != quote && bytes[end] != b'\n' {
                    end += 1 + usize::from(bytes[end] == b'\\');
                }
                end + 1
            }
        }
        .min(bytes.len());
    }
    licences.into_iter()
}

/// A mistake that lightningcss found in `source`.
pub fn diagnostic<T: Display>(source: &Source, error: &Error<T>) -> Diagnostic {
    let message = plain(&error.kind.to_string());
    let Some(place) = &error.loc else { return Diagnostic::error(source.path.clone(), message) };
    let start = offset(source, place.line, place.column);
    let end = start + source.text[start..].chars().next().map_or(0, char::len_utf8);
    Diagnostic::error_at(source, start..end, message)
}

/// lightningcss shows tokens as its own code calls them; an author knows what stands in the file.
fn plain(message: &str) -> String {
    const SIGNS: [(&str, &str); 9] = [
        ("Colon", ":"),
        ("Semicolon", ";"),
        ("Comma", ","),
        ("CloseParenthesis", ")"),
        ("CloseCurlyBracket", "}"),
        ("CloseSquareBracket", "]"),
        ("CurlyBracketBlock", "{"),
        ("ParenthesisBlock", "("),
        ("SquareBracketBlock", "["),
    ];
    let message = message.trim_end_matches('.');
    let Some(token) = message.strip_prefix("Unexpected token ") else { return message.to_owned() };
    let sign = SIGNS.iter().find(|(name, _)| *name == token).map(|(_, sign)| *sign);
    let quoted = || token.split(['"', '\'']).nth(1).filter(|text| !text.trim().is_empty());
    match sign.or_else(quoted) {
        Some(text) => format!("Unexpected `{text}`"),
        None => message.to_owned(),
    }
}

/// The byte offset of a place as lightningcss tells it: lines from 0, columns from 1 and in UTF-16 code units.
#[must_use]
pub fn offset(source: &Source, line: u32, column: u32) -> usize {
    let start = source.offset(line as usize + 1, 1);
    let mut units = column.saturating_sub(1) as usize;
    let mut end = start;
    for character in source.text[start..].chars().take_while(|&character| character != '\n') {
        if units == 0 {
            break;
        }
        units = units.saturating_sub(character.len_utf16());
        end += character.len_utf8();
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_told_as_they_are_written() {
        for (message, expected) in [
            ("Unexpected token Ident(\"red\")", "Unexpected `red`"),
            ("Unexpected token Delim('*')", "Unexpected `*`"),
            ("Unexpected token CloseParenthesis", "Unexpected `)`"),
            ("Unexpected token WhiteSpace(\" \")", "Unexpected token WhiteSpace(\" \")"),
            ("Unexpected end of input.", "Unexpected end of input"),
        ] {
            assert_eq!(plain(message), expected);
        }
    }

    #[test]
    fn places_count_in_utf16() {
        let source = Source::new("a.css", "a {}\n/* \u{1f600} */ b");
        assert_eq!(&source.text[offset(&source, 1, 10)..], "b");
        assert_eq!(offset(&source, 9, 1), source.text.len());
    }
}

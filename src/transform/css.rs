//! Style sheets, by lightningcss: smaller, never other styles. Nothing is lowered: nesting stays nesting, and what the
//! browsers of [`BROWSERS`] need prefixed is the author's to prefix.

use std::{
    fmt::Display,
    sync::{Arc, RwLock},
};

use lightningcss::{
    error::Error,
    stylesheet::{MinifyOptions, ParserOptions, PrinterOptions, StyleSheet},
    targets::{Browsers, Features, Targets},
};

use super::contained::contained;
use crate::diag::{Diagnostic, Source};

/// The releases of spring 2023: what a site is made for whose author says nothing else.
pub const BROWSERS: Browsers = Browsers {
    android: Some(version(112, 0)),
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
    let targets = Targets { browsers: Some(BROWSERS), include: Features::empty(), exclude: Features::all() };
    let mistakes = Arc::new(RwLock::new(Vec::new()));
    let options =
        ParserOptions { error_recovery: true, warnings: Some(Arc::clone(&mistakes)), ..ParserOptions::default() };
    let mut sheet = StyleSheet::parse(&source.text, options).map_err(|error| vec![diagnostic(source, &error)])?;
    let mistakes = mistakes.read().map_or_else(|_| Vec::new(), |mistakes| mistakes.clone());
    if !mistakes.is_empty() {
        return Err(mistakes.iter().map(|mistake| diagnostic(source, mistake)).collect());
    }
    sheet.minify(MinifyOptions { targets, ..MinifyOptions::default() }).map_err(|e| vec![diagnostic(source, &e)])?;
    let printer = PrinterOptions { minify: true, targets, ..PrinterOptions::default() };
    let css = sheet.to_css(printer).map_err(|error| vec![diagnostic(source, &error)])?.code;
    let css = lost_licences(&source.text, &css) + &css;
    Ok(if css.len() < source.text.len() { css } else { source.text.as_ref().to_owned() })
}

/// The licences of `text` that are not in `css`: lightningcss keeps those at the very beginning only.
fn lost_licences(text: &str, css: &str) -> String {
    let mut licences = String::new();
    let (bytes, mut at) = (text.as_bytes(), 0);
    while let Some(found) = bytes[at..].iter().position(|byte| matches!(byte, b'"' | b'\'' | b'\\' | b'/')) {
        at += found;
        at = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"/*") => {
                let end = text[at + 2..].find("*/").map_or(text.len(), |length| at + 2 + length + 2);
                let comment = &text[at..end];
                if comment.starts_with("/*!") && !css.contains(comment) {
                    licences.extend([comment, "\n"]);
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
    licences
}

fn diagnostic<T: Display>(source: &Source, error: &Error<T>) -> Diagnostic {
    let message = error.kind.to_string();
    let message = message.trim_end_matches('.');
    let Some(place) = &error.loc else {
        return Diagnostic::error(source.path.clone(), message).as_warning();
    };
    // Its lines count from 0, its columns from 1.
    let start = source.offset(place.line as usize + 1, place.column as usize);
    let end = start + source.text[start..].chars().next().map_or(0, char::len_utf8);
    Diagnostic::error_at(source, start..end, message)
        .as_warning()
        .with_help("the style sheet is published as it is, not minified; browsers skip what they do not understand")
}

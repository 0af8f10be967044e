//! Where the URLs are in a value that may hold several: a `srcset`, a style sheet, a JSON text.

use std::ops::Range;

use crate::transform::html::lexer::is_space;

pub(super) fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let part = &text[span.clone()];
    let start = span.start + part.len() - part.trim_ascii_start().len();
    start..start + part.trim_ascii().len()
}

pub(super) fn words(text: &str, mut url: impl FnMut(Range<usize>)) {
    let mut at = 0;
    for word in text.split(|c: char| c.is_ascii_whitespace()) {
        url(at..at + word.len());
        at += word.len() + 1;
    }
}

/// The URLs of a `srcset`: each goes up to white space, and loses commas at its end (HTML §4.8.4.2.2).
pub(in crate::transform) fn candidates(text: &str, mut url: impl FnMut(Range<usize>)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        at += bytes[at..].iter().take_while(|&&byte| is_space(byte) || byte == b',').count();
        if at == bytes.len() {
            return;
        }
        let end = at + bytes[at..].iter().take_while(|&&byte| !is_space(byte)).count();
        let bare = at + text[at..end].trim_end_matches(',').len();
        url(at..bare);
        at = end;
        if bare == end {
            // Its descriptors; commas in parentheses belong to them.
            let mut depth = 0_usize;
            while let Some(&byte) = bytes.get(at) {
                at += 1;
                match byte {
                    b'(' => depth += 1,
                    b')' => depth = depth.saturating_sub(1),
                    b',' if depth == 0 => break,
                    _ => {}
                }
            }
        }
    }
}

/// The URLs of a style sheet: of `url()`, `@import` and `image-set()`. In a `style` attribute quotes may be character
/// references.
pub fn style_urls(text: &str, mut url: impl FnMut(Range<usize>)) {
    let bytes = text.as_bytes();
    let (mut at, mut importing, mut depth, mut set_depth) = (0, false, 0_usize, None);
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let starts =
            |word: &str| rest.get(..word.len()).is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()));
        match byte {
            b'/' if rest.starts_with(b"/*") => {
                at = text[at + 2..].find("*/").map_or(bytes.len(), |end| at + 2 + end + 2);
                continue;
            }
            b'"' | b'\'' => {
                let end = end_of_string(bytes, at);
                if importing || set_depth.is_some() {
                    url(at + 1..end);
                    importing = false;
                }
                at = end;
            }
            b'u' | b'U' if starts("url(") && !is_name_before(bytes, at) => {
                let open = at + 4 + bytes[at + 4..].iter().take_while(|&&byte| is_space(byte)).count();
                importing = false;
                if matches!(bytes.get(open), Some(b'"' | b'\'')) {
                    let end = end_of_string(bytes, open);
                    url(open + 1..end);
                    at = end + 1;
                } else {
                    let quote = ["&quot;", "&#34;", "&#39;", "&#x27;", "&apos;"];
                    let quote =
                        quote.iter().find(|quote| text[open..].starts_with(**quote)).map_or(0, |quote| quote.len());
                    let end = open + bytes[open..].iter().take_while(|&&byte| byte != b')' && !is_space(byte)).count();
                    let inside = open + quote..end;
                    let inside = if quote > 0 {
                        inside.start..inside.start + text[inside].find('&').unwrap_or(end - open - quote)
                    } else {
                        inside
                    };
                    url(inside);
                    at = end;
                }
                continue;
            }
            b'i' | b'I' if starts("image-set(") => {
                depth += 1;
                set_depth.get_or_insert(depth);
                at += "image-set".len();
            }
            b'@' => importing = starts("@import"),
            b';' | b'{' | b'}' => importing = false,
            b'(' => depth += 1,
            b')' => {
                if set_depth == Some(depth) {
                    set_depth = None;
                }
                depth = depth.saturating_sub(1);
            }
            b'\\' => at += 1,
            _ => {}
        }
        at += 1;
    }
}

/// The place of the quote that ends the string that begins at `open`, or of the end of the line or text.
fn end_of_string(bytes: &[u8], open: usize) -> usize {
    let quote = bytes[open];
    let mut at = open + 1;
    while at < bytes.len() && bytes[at] != quote && bytes[at] != b'\n' {
        at += 1 + usize::from(bytes[at] == b'\\');
    }
    at.min(bytes.len())
}

fn is_name_before(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || matches!(bytes[at - 1], b'-' | b'_' | 0x80..))
}

/// The strings of a JSON text, keys among them, without their quotes, and the last key before each.
pub(in crate::transform) fn json_strings<'a>(text: &'a str, mut string: impl FnMut(Range<usize>, Option<&'a str>)) {
    let bytes = text.as_bytes();
    let (mut at, mut key) = (0, None);
    while let Some(open) = bytes[at..].iter().position(|&byte| byte == b'"') {
        let start = at + open + 1;
        let mut end = start;
        while end < bytes.len() && bytes[end] != b'"' {
            end += 1 + usize::from(bytes[end] == b'\\');
        }
        if end >= bytes.len() {
            return;
        }
        let is_key = text[end + 1..].trim_ascii_start().starts_with(':');
        string(start..end, if is_key { None } else { key });
        if is_key {
            key = Some(&text[start..end]);
        }
        at = end + 1;
    }
}

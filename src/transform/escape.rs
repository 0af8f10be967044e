//! Text on its way into HTML. Markdown and highlighted code write an author's text into a page through here alone,
//! except raw HTML, which the author wrote as such.

/// Element content.
pub(super) fn text(html: &mut String, text: &str) {
    replace(html, text, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        0 => Some("\u{fffd}"),
        _ => None,
    });
}

/// The value of a double-quoted attribute.
pub(super) fn attribute(html: &mut String, value: &str) {
    replace(html, value, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'"' => Some("&quot;"),
        0 => Some("\u{fffd}"),
        _ => None,
    });
}

/// A URL in a double-quoted attribute: what cannot stand in one is percent-encoded, what is encoded already is kept.
pub(super) fn url(html: &mut String, url: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in url.bytes() {
        match byte {
            b'&' => html.push_str("&amp;"),
            b'\'' => html.push_str("&#x27;"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => html.push(byte as char),
            _ if b"-_.+!*(),%#@?=;:/$~".contains(&byte) => html.push(byte as char),
            _ => html.extend(['%', HEX[usize::from(byte >> 4)] as char, HEX[usize::from(byte & 15)] as char]),
        }
    }
}

/// Appends `text`, single ASCII bytes replaced.
fn replace(html: &mut String, text: &str, replacement: impl Fn(u8) -> Option<&'static str>) {
    let mut copied = 0;
    for (at, byte) in text.bytes().enumerate() {
        if let Some(replacement) = replacement(byte) {
            html.push_str(&text[copied..at]);
            html.push_str(replacement);
            copied = at + 1;
        }
    }
    html.push_str(&text[copied..]);
}

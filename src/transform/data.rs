//! JSON and XML: white space that means nothing is dropped, and nothing else: numbers, keys, their order and their
//! repetition, strings and escapes stay byte by byte as they are.

use quick_xml::{Reader, events::Event};

use crate::diag::{Diagnostic, Source};

/// JSON without the white space between its tokens (RFC 8259 §2).
///
/// # Errors
/// A warning with the place where the text stops being JSON; it should then be published as it is.
pub fn minify_json(source: &Source) -> Result<String, Vec<Diagnostic>> {
    let mut json = Json { text: &source.text, at: 0, out: String::with_capacity(source.text.len()) };
    match json.document() {
        Ok(()) => Ok(json.out),
        Err(Fault { at, expected }) => {
            let found = source.text[at..].chars().next();
            let message = match found {
                Some(found) => format!("this is not JSON: expected {expected}, found `{}`", found.escape_debug()),
                None => format!("this is not JSON: expected {expected}, the file ends"),
            };
            let end = at + found.map_or(0, char::len_utf8);
            Err(vec![
                Diagnostic::error_at(source, at..end, message)
                    .as_warning()
                    .with_help("the file is published as it is, not minified"),
            ])
        }
    }
}

struct Fault {
    at: usize,
    expected: &'static str,
}

struct Json<'a> {
    text: &'a str,
    at: usize,
    out: String,
}

/// A reader with its own stack, because JSON may nest as deep as it likes.
impl Json<'_> {
    fn document(&mut self) -> Result<(), Fault> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            // A value is due.
            self.skip_space();
            match self.peek() {
                Some(b'{') => {
                    self.take(1);
                    self.skip_space();
                    if self.peek() == Some(b'}') {
                        self.take(1);
                    } else {
                        open.push(b'}');
                        self.key()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.take(1);
                    self.skip_space();
                    if self.peek() == Some(b']') {
                        self.take(1);
                    } else {
                        open.push(b']');
                        continue;
                    }
                }
                Some(b'"') => self.string()?,
                _ => self.scalar()?,
            }
            // A value is done.
            loop {
                self.skip_space();
                let Some(&close) = open.last() else {
                    return if self.at == self.text.len() { Ok(()) } else { Err(self.fault("the end of the file")) };
                };
                match self.peek() {
                    Some(b',') => {
                        self.take(1);
                        if close == b'}' {
                            self.skip_space();
                            self.key()?;
                        }
                        break;
                    }
                    Some(byte) if byte == close => {
                        self.take(1);
                        open.pop();
                    }
                    _ => return Err(self.fault(if close == b'}' { "`,` or `}`" } else { "`,` or `]`" })),
                }
            }
        }
    }

    fn key(&mut self) -> Result<(), Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.fault("a key in double quotes"));
        }
        self.string()?;
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.fault("`:`"));
        }
        self.take(1);
        Ok(())
    }

    fn string(&mut self) -> Result<(), Fault> {
        let bytes = self.text.as_bytes();
        let mut end = self.at + 1;
        loop {
            match bytes.get(end) {
                Some(b'"') => break,
                Some(b'\\')
                    if matches!(bytes.get(end + 1), Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')) =>
                {
                    end += 2;
                }
                Some(b'\\') if is_escaped_unit(&bytes[end..]) => end += 6,
                Some(b'\\') => return Err(Fault { at: end, expected: "an escape" }),
                Some(0..0x20) => return Err(Fault { at: end, expected: "an escaped control character" }),
                Some(_) => end += 1,
                None => return Err(Fault { at: end, expected: "`\"`" }),
            }
        }
        self.take(end + 1 - self.at);
        Ok(())
    }

    fn scalar(&mut self) -> Result<(), Fault> {
        let rest = &self.text[self.at..];
        let end = rest.bytes().position(|byte| !(byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)));
        let word = &rest[..end.unwrap_or(rest.len())];
        if !matches!(word, "true" | "false" | "null") && !is_number(word) {
            return Err(self.fault("a value"));
        }
        self.take(word.len());
        Ok(())
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, length: usize) {
        self.out.push_str(&self.text[self.at..self.at + length]);
        self.at += length;
    }

    fn skip_space(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).unwrap_or(rest.len());
    }

    const fn fault(&self, expected: &'static str) -> Fault {
        Fault { at: self.at, expected }
    }
}

fn is_escaped_unit(text: &[u8]) -> bool {
    text.get(1) == Some(&b'u') && text.get(2..6).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

/// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`, RFC 8259 §6.
fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match word.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (word, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

/// XML without comments and without white space between elements, where that is known to mean nothing: in SVG outside of
/// text and of what is not SVG, and in feeds and site maps, in elements that hold only elements. Anything else, and anything
/// that is not well-formed, comes back as it is.
#[must_use]
pub fn minify_xml(text: &str) -> String {
    shorter_xml(text).filter(|new| new.len() < text.len()).unwrap_or_else(|| text.to_owned())
}

fn shorter_xml(text: &str) -> Option<String> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut out = String::with_capacity(text.len());
    // Whether white space is kept in each open element.
    let mut kept: Vec<bool> = Vec::new();
    let mut dialect = None;
    loop {
        let start = usize::try_from(reader.buffer_position()).ok()?;
        let event = reader.read_event().ok()?;
        let raw = text.get(start..usize::try_from(reader.buffer_position()).ok()?)?;
        match event {
            Event::Start(tag) => {
                let name = tag.name();
                let name: &str = name.as_ref();
                let dialect = *dialect.get_or_insert_with(|| Dialect::of(name));
                let outer = kept.last().copied().unwrap_or(false);
                kept.push(outer || dialect.keeps_space(name) || raw.contains("xml:space"));
                out.push_str(raw);
            }
            Event::Empty(tag) => {
                dialect.get_or_insert_with(|| Dialect::of(tag.name().as_ref()));
                out.push_str(raw);
            }
            Event::End(_) => {
                kept.pop()?;
                out.push_str(raw);
            }
            Event::Text(_) => {
                let keep = kept.last().copied().unwrap_or(false);
                if keep || !raw.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
                    out.push_str(raw);
                }
            }
            Event::Comment(_) if kept.last() == Some(&true) => out.push_str(raw),
            Event::Comment(_) => {}
            // An internal subset may define entities and defaults: hands off.
            Event::DocType(_) if raw.contains('[') => return None,
            Event::Eof => return kept.is_empty().then_some(out),
            _ => out.push_str(raw),
        }
    }
}

/// The vocabularies in which we know where white space means nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Svg,
    Feed,
    Unknown,
}

impl Dialect {
    fn of(root: &str) -> Self {
        match root {
            "svg" => Self::Svg,
            "rss" | "feed" | "urlset" | "sitemapindex" => Self::Feed,
            _ => Self::Unknown,
        }
    }

    fn keeps_space(self, name: &str) -> bool {
        match self {
            Self::Svg => {
                name.contains(':')
                    || matches!(
                        name,
                        "text"
                            | "tspan"
                            | "textPath"
                            | "a"
                            | "title"
                            | "desc"
                            | "style"
                            | "script"
                            | "foreignObject"
                            | "metadata"
                    )
            }
            // These hold elements only; every other may hold text.
            Self::Feed => !matches!(
                name,
                "rss"
                    | "channel"
                    | "item"
                    | "feed"
                    | "entry"
                    | "author"
                    | "image"
                    | "urlset"
                    | "url"
                    | "sitemapindex"
                    | "sitemap"
            ),
            Self::Unknown => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_json(text: &str, expected: Result<&str, (usize, &str)>) {
        let found = minify_json(&Source::new("a.json", text));
        let found = found.as_deref().map_err(|diagnostics| {
            let label = diagnostics[0].label.as_ref().unwrap();
            (label.span.start, diagnostics[0].message.as_str())
        });
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn json_keeps_every_token() {
        for same in
            ["1e400", "-0.10E+05", "1.0", "\"a \\u00e4\\/ b\"", "{\"a\":1,\"a\":2}", "[[],{}]", "true", "[1,[2,[3]]]"]
        {
            check_json(same, Ok(same));
        }
        check_json(
            " {\n\t\"b\" : [ 1.0 , 12345678901234567890 ],\r\n \"a b\" : null } ",
            Ok("{\"b\":[1.0,12345678901234567890],\"a b\":null}"),
        );
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        check_json(&deep, Ok(&deep));
    }

    #[test]
    fn what_is_not_json_is_told() {
        check_json("", Err((0, "this is not JSON: expected a value, the file ends")));
        check_json("[1,]", Err((3, "this is not JSON: expected a value, found `]`")));
        check_json("{a:1}", Err((1, "this is not JSON: expected a key in double quotes, found `a`")));
        check_json("{\"a\" 1}", Err((5, "this is not JSON: expected `:`, found `1`")));
        check_json("[1 2]", Err((3, "this is not JSON: expected `,` or `]`, found `2`")));
        check_json("01", Err((0, "this is not JSON: expected a value, found `0`")));
        check_json("1. ", Err((0, "this is not JSON: expected a value, found `1`")));
        check_json("\"\\x\"", Err((1, "this is not JSON: expected an escape, found `\\\\`")));
        check_json("\"a\n\"", Err((2, "this is not JSON: expected an escaped control character, found `\\n`")));
        check_json("1 // one", Err((2, "this is not JSON: expected the end of the file, found `/`")));
    }

    #[track_caller]
    fn check_xml(text: &str, expected: &str) {
        assert_eq!(minify_xml(text), expected);
    }

    #[test]
    fn xml_loses_only_what_means_nothing() {
        check_xml(
            "<?xml version=\"1.0\"?>\n<!-- Drawn by hand -->\n<svg xmlns=\"x\">\n  <g>\n    <path d=\"M 0 0\"/>\n  </g>\n</svg>\n",
            "<?xml version=\"1.0\"?><svg xmlns=\"x\"><g><path d=\"M 0 0\"/></g></svg>",
        );
        check_xml(
            "<svg>\n<text> a <tspan> b </tspan>\n<!-- c --></text></svg>",
            "<svg><text> a <tspan> b </tspan>\n<!-- c --></text></svg>",
        );
        check_xml("<svg> <style>\n a > b {}\n</style> </svg>", "<svg><style>\n a > b {}\n</style></svg>");
        check_xml(
            "<svg> <g xml:space='preserve'> <g> </g></g></svg>",
            "<svg><g xml:space='preserve'> <g> </g></g></svg>",
        );
        check_xml(
            "<?xml-stylesheet href='a.xsl'?>\n<rss>\n <channel>\n  <title> A &amp; B </title>\n  <description><![CDATA[ <p> x </p> ]]> \n</description>\n </channel>\n</rss>",
            "<?xml-stylesheet href='a.xsl'?><rss><channel><title> A &amp; B </title><description><![CDATA[ <p> x </p> ]]> \n</description></channel></rss>",
        );
        for same in [
            "<feed> <entry> <content type='xhtml'> <div> <b>a</b> <i>b</i> </div> </content></entry>",
            "<svg> <g> </svg>",
            "<!DOCTYPE svg [<!ENTITY a 'b'>]>\n<svg> <g/> </svg>",
            "<note> <to> a </to> </note>",
            "not XML",
        ] {
            check_xml(same, same);
        }
    }
}

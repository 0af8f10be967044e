//! Cuts a page into tags, text and the rest, with their places, by the tokenizer of the HTML standard (§13.2.5). One
//! lexer serves whoever edits a page in place. It builds no tree and repairs nothing, so it must never decide what a
//! page means: where that depends on the tree, its callers check their result with a real parser.

use std::{borrow::Cow, ops::Range};

/// A piece of the page. Pieces follow each other without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    /// In bytes of the page.
    pub span: Range<usize>,
    /// The name of a tag, as written; the name of the element of `RawText`. Empty elsewhere.
    pub name: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Character data, with character references.
    Text,
    StartTag {
        self_closing: bool,
    },
    EndTag,
    /// `<!--…-->`
    Comment,
    /// What stands in a `script`, `style`, `title`, `textarea` … up to its end tag.
    RawText,
    /// A DOCTYPE, CDATA, anything malformed: not to be touched.
    Other,
}

/// An attribute of the start tag just read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    pub name: Range<usize>,
    /// As written, without quotes; `None` when there is no `=`.
    pub value: Option<Range<usize>>,
}

#[derive(Debug)]
pub struct Lexer<'a> {
    text: &'a str,
    at: usize,
    attributes: Vec<Attribute>,
    /// The element whose raw text comes next.
    raw: Option<Range<usize>>,
    /// How many `svg` and `math` are open.
    foreign: usize,
}

impl<'a> Lexer<'a> {
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0, attributes: Vec::new(), raw: None, foreign: 0 }
    }

    /// The attributes of the start tag that `next` returned last.
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The value of the first attribute called `name`, as written; an attribute without a value has the empty one.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'a str> {
        let found = self.attributes.iter().find(|a| self.text[a.name.clone()].eq_ignore_ascii_case(name))?;
        Some(found.value.clone().map_or("", |value| &self.text[value]))
    }

    /// Whether the start tag that `next` returned last names, loads and runs nothing, whatever its element: it has no attributes
    /// but `class` and `id`, and no raw text comes after it. Most tags of a page are like that.
    #[must_use]
    pub fn is_inert(&self) -> bool {
        let is_plain = |one: &Attribute| matches!(&self.text[one.name.clone()], "class" | "id");
        self.raw.is_none() && self.attributes.iter().all(is_plain)
    }

    /// The next piece that is no text and no quiet tag: one that names, loads and runs nothing, wherever it stands. Whoever looks
    /// for names and URLs misses nothing, and most of a page is neither.
    pub fn next_notable(&mut self) -> Option<Token> {
        if self.raw.is_none() {
            self.skip_quiet();
        }
        self.next()
    }

    fn skip_quiet(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(found) = memchr::memchr(b'<', &bytes[self.at..]) {
            self.at += found;
            let rest = &bytes[self.at..];
            match quiet_tag(rest) {
                Some(length) => self.at += length,
                None if begins_markup(rest.get(1)) => return,
                None => self.at += 1,
            }
        }
        self.at = bytes.len();
    }

    /// Whether the piece just returned is in an `svg` or `math`, or one of them is open by a fault of the page.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.foreign > 0
    }

    /// Where the next piece begins.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Goes on at a later place, which is not inside of raw text.
    pub fn skip_to(&mut self, at: usize) {
        self.at = at;
        self.raw = None;
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn token(&mut self, kind: Kind, end: usize) -> Token {
        let span = self.at..end;
        self.at = end;
        Token { kind, span, name: 0..0 }
    }

    fn end_of_text(&self) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        while let Some(found) = memchr::memchr(b'<', &bytes[at..]) {
            at += found;
            if begins_markup(bytes.get(at + 1)) {
                return at;
            }
            at += 1;
        }
        bytes.len()
    }

    /// The place after the next `needle`; the end of the page when there is none.
    fn after(&self, from: usize, needle: &str) -> usize {
        let from = from.min(self.text.len());
        self.text[from..].find(needle).map_or(self.text.len(), |at| from + at + needle.len())
    }

    fn end_of_comment(&self) -> usize {
        let start = self.at + "<!--".len();
        if self.byte(start) == Some(b'>') {
            return start + 1;
        }
        if self.text[start..].starts_with("->") {
            return start + 2;
        }
        let (plain, bang) = (self.after(start, "-->"), self.after(start, "--!>"));
        plain.min(bang)
    }

    fn tag(&mut self) -> Token {
        let is_end = self.byte(self.at + 1) == Some(b'/');
        let name_start = self.at + 1 + usize::from(is_end);
        let name = name_start..self.run_end(name_start, |byte| !matches!(byte, b'>' | b'/') && !is_space(byte));
        let Some((end, self_closing)) = self.read_attributes(name.end) else {
            // A tag that is not finished is dropped by every parser.
            self.attributes.clear();
            return self.token(Kind::Other, self.text.len());
        };
        let tag_name = &self.text[name.clone()];
        let is_foreign = tag_name.eq_ignore_ascii_case("svg") || tag_name.eq_ignore_ascii_case("math");
        let kind = if is_end {
            self.foreign = self.foreign.saturating_sub(usize::from(is_foreign));
            Kind::EndTag
        } else {
            self.foreign += usize::from(is_foreign && !self_closing);
            if has_raw_text(tag_name) && !(self_closing && self.foreign > 0) {
                self.raw = Some(name.clone());
            }
            Kind::StartTag { self_closing }
        };
        Token { name, ..self.token(kind, end) }
    }

    /// Reads up to the `>` of the tag: the place after it, and whether a `/` stood before it.
    fn read_attributes(&mut self, mut at: usize) -> Option<(usize, bool)> {
        self.attributes.clear();
        loop {
            let gap = at;
            at = self.run_end(at, |byte| is_space(byte) || byte == b'/');
            match self.byte(at)? {
                b'>' => return Some((at + 1, self.text[gap..at].ends_with('/'))),
                _ => at = self.read_attribute(at)?,
            }
        }
    }

    fn read_attribute(&mut self, start: usize) -> Option<usize> {
        // A `=` in front belongs to the name.
        let name = start..self.run_end(start + 1, |byte| !matches!(byte, b'=' | b'>' | b'/') && !is_space(byte));
        let equals = self.run_end(name.end, is_space);
        if self.byte(equals)? != b'=' {
            let end = name.end;
            self.attributes.push(Attribute { name, value: None });
            return Some(end);
        }
        let open = self.run_end(equals + 1, is_space);
        let (value, end) = match self.byte(open)? {
            quote @ (b'"' | b'\'') => {
                let end = self.run_end(open + 1, |byte| byte != quote);
                self.byte(end)?;
                (open + 1..end, end + 1)
            }
            b'>' => (open..open, open),
            _ => {
                let end = self.run_end(open, |byte| byte != b'>' && !is_space(byte));
                (open..end, end)
            }
        };
        self.attributes.push(Attribute { name, value: Some(value) });
        Some(end)
    }

    fn run_end(&self, from: usize, goes_on: impl Fn(u8) -> bool) -> usize {
        let bytes = self.text.as_bytes();
        let from = from.min(bytes.len());
        bytes[from..].iter().position(|&byte| !goes_on(byte)).map_or(bytes.len(), |length| from + length)
    }

    fn end_of_raw_text(&self, name: &str) -> usize {
        if name.eq_ignore_ascii_case("plaintext") {
            return self.text.len();
        }
        let is_script = name.eq_ignore_ascii_case("script");
        // A script that opens a comment may hold whole script elements in it: "script data double escaped".
        let (mut escaped, mut doubly) = (false, false);
        let mut at = self.at;
        while let Some(found) = self.text[at..].find(['<', '-']) {
            at += found;
            let rest = &self.text[at..];
            if rest.starts_with("-->") {
                (escaped, doubly) = (false, false);
            } else if is_script && rest.starts_with("<!--") {
                escaped = true;
            } else if closes(rest, "</", name) {
                if !doubly {
                    return at;
                }
                doubly = false;
            } else if escaped && closes(rest, "<", name) {
                doubly = true;
            }
            at += 1;
        }
        self.text.len()
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        if let Some(name) = self.raw.take() {
            let end = self.end_of_raw_text(&self.text[name.clone()]);
            if end > self.at {
                return Some(Token { name, ..self.token(Kind::RawText, end) });
            }
        }
        let rest = &self.text[self.at..];
        let mut first = rest.bytes();
        Some(match (first.next()?, first.next()) {
            (b'<', Some(b'!')) if rest.starts_with("<!--") => self.token(Kind::Comment, self.end_of_comment()),
            (b'<', Some(b'!')) if self.foreign > 0 && rest.starts_with("<![CDATA[") => {
                self.token(Kind::Other, self.after(self.at, "]]>"))
            }
            (b'<', Some(b'/')) if first.next().is_some_and(|c| c.is_ascii_alphabetic()) => self.tag(),
            (b'<', Some(b'!' | b'?' | b'/')) => self.token(Kind::Other, self.after(self.at, ">")),
            (b'<', Some(letter)) if letter.is_ascii_alphabetic() => self.tag(),
            _ => self.token(Kind::Text, self.end_of_text()),
        })
    }
}

/// Whether this after a `<` begins something other than text.
fn begins_markup(next: Option<&u8>) -> bool {
    next.is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?'))
}

/// The length of a quiet tag at the start of `rest`: of an element of text without attributes, or a `span` that has nothing
/// but a class, of which highlighted code is made.
fn quiet_tag(rest: &[u8]) -> Option<usize> {
    if let Some(value) = rest.strip_prefix(b"<span class=") {
        let is_quoted = value.first() == Some(&b'"');
        let value = &value[usize::from(is_quoted)..];
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || (is_quoted && byte == b' ');
        let length = value.iter().position(|&byte| !is_plain(byte))?;
        let end: &[u8] = if is_quoted { b"\">" } else { b">" };
        let is_whole = length > 0 && value[length..].starts_with(end);
        return is_whole.then(|| rest.len() - value.len() + length + end.len());
    }
    let start = 1 + usize::from(rest.get(1) == Some(&b'/'));
    let length = rest.get(start..)?.iter().take(11).position(|&byte| byte == b'>')?;
    is_quiet(&rest[start..start + length]).then(|| start + length + 1)
}

/// Whether nobody looks for an element of this name when it has no attributes, nor for its end.
fn is_quiet(name: &[u8]) -> bool {
    match name.len() {
        1 => matches!(name, b"a" | b"b" | b"i" | b"p"),
        2 => matches!(
            name,
            b"br"
                | b"dd"
                | b"dl"
                | b"dt"
                | b"em"
                | b"h1"
                | b"h2"
                | b"h3"
                | b"h4"
                | b"hr"
                | b"li"
                | b"ol"
                | b"td"
                | b"th"
                | b"tr"
                | b"ul"
        ),
        _ => matches!(
            name,
            b"blockquote" | b"code" | b"div" | b"pre" | b"span" | b"strong" | b"table" | b"tbody" | b"thead"
        ),
    }
}

/// The name of an element or attribute in small letters, as nearly all are written.
#[must_use]
pub fn lowercase(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// White space as HTML means it.
#[must_use]
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c')
}

/// Whether `rest` begins with `opening`, `name` and what ends a tag's name.
fn closes(rest: &str, opening: &str, name: &str) -> bool {
    let Some(rest) = rest.strip_prefix(opening) else { return false };
    rest.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name))
        && rest.as_bytes().get(name.len()).is_some_and(|&byte| is_space(byte) || matches!(byte, b'/' | b'>'))
}

fn has_raw_text(name: &str) -> bool {
    const NAMES: [&str; 10] =
        ["script", "style", "title", "textarea", "noscript", "iframe", "xmp", "noembed", "noframes", "plaintext"];
    name.len() >= "xmp".len() && NAMES.iter().any(|raw| raw.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pieces as `kind:text`, one letter per kind.
    #[track_caller]
    fn check(page: &str, expected: &[&str]) {
        let found: Vec<String> = Lexer::new(page)
            .map(|token| {
                let letter = match token.kind {
                    Kind::Text => 't',
                    Kind::StartTag { self_closing: false } => 's',
                    Kind::StartTag { self_closing: true } => 'c',
                    Kind::EndTag => 'e',
                    Kind::Comment => 'k',
                    Kind::RawText => 'r',
                    Kind::Other => 'o',
                };
                format!("{letter}:{}", &page[token.span])
            })
            .collect();
        assert_eq!(found, expected, "{page}");
        assert_eq!(found.iter().map(|piece| &piece[2..]).collect::<String>(), page);
    }

    #[test]
    fn pieces() {
        check("", &[]);
        check("a < b & c<d", &["t:a < b & c", "o:<d"]);
        check("<p>x</p >", &["s:<p>", "t:x", "e:</p >"]);
        check("<br/><a b=c/>x", &["c:<br/>", "s:<a b=c/>", "t:x"]);
        check("<a b='>' c=\">\">", &["s:<a b='>' c=\">\">"]);
        check(
            "<!doctype html><!-- a > b --><!--><!--->x",
            &["o:<!doctype html>", "k:<!-- a > b -->", "k:<!-->", "k:<!--->", "t:x"],
        );
        check("</><?x?></ p>", &["o:</>", "o:<?x?>", "o:</ p>"]);
        check(
            "<svg><![CDATA[<b>]]></svg><![CDATA[<b>]]>",
            &["s:<svg>", "o:<![CDATA[<b>]]>", "e:</svg>", "o:<![CDATA[<b>", "t:]]>"],
        );
    }

    #[test]
    fn what_is_notable() {
        let page = "a < b<p>c</p><span class=\"x y\">d</span><span class=z>e</span><span class=z id=f></span><SPAN></p >\
                    <title><p></title><!-- <p> --><pre><code class=\"g\">h</code></pre><span class=\"&amp;\"><b";
        let mut lexer = Lexer::new(page);
        let notable: Vec<&str> = std::iter::from_fn(|| lexer.next_notable()).map(|token| &page[token.span]).collect();
        let expected = [
            "<span class=z id=f>",
            "<SPAN>",
            "</p >",
            "<title>",
            "<p>",
            "</title>",
            "<!-- <p> -->",
            "<code class=\"g\">",
            "<span class=\"&amp;\">",
            "<b",
        ];
        assert_eq!(notable, expected);
    }

    proptest::proptest! {
        /// What is passed over would have been found to be quiet by whoever reads every piece.
        #[test]
        fn nothing_notable_is_passed_over(page in "(<|</|<span class=|\"|>|p|td|svg|script|title| id=|x|&|é|<!--|-->){0,40}") {
            let is_quiet = |lexer: &Lexer<'_>, token: &Token| match token.kind {
                Kind::StartTag { .. } => lexer.is_inert() && !page[token.span.clone()].contains("id="),
                Kind::Text | Kind::EndTag => true,
                _ => false,
            };
            let mut all = Lexer::new(&page);
            let mut every = Vec::new();
            while let Some(token) = all.next() {
                every.push((token.clone(), all.is_foreign(), is_quiet(&all, &token)));
            }
            let mut notable = Lexer::new(&page);
            let mut found = Vec::new();
            while let Some(token) = notable.next_notable() {
                found.push((token, notable.is_foreign()));
            }
            for (token, foreign, quiet) in every {
                let is_found = found.iter().any(|one| *one == (token.clone(), foreign));
                proptest::prop_assert!(quiet || is_found, "{token:?}");
            }
        }
    }

    #[test]
    fn raw_text() {
        check("<TITLE><b></title>x", &["s:<TITLE>", "r:<b>", "e:</title>", "t:x"]);
        check("<script>a</scripty></script>", &["s:<script>", "r:a</scripty>", "e:</script>"]);
        check("<script></script>", &["s:<script>", "e:</script>"]);
        check(
            "<script><!-- <script> </script> --></script>x",
            &["s:<script>", "r:<!-- <script> </script> -->", "e:</script>", "t:x"],
        );
        check("<script><!-- </script>x", &["s:<script>", "r:<!-- ", "e:</script>", "t:x"]);
        check("<style>a", &["s:<style>", "r:a"]);
        check("<plaintext></plaintext>", &["s:<plaintext>", "r:</plaintext>"]);
        check("<svg><script/><path/></svg>", &["s:<svg>", "c:<script/>", "c:<path/>", "e:</svg>"]);
    }

    #[test]
    fn attributes() {
        let page = "<a =x b c = d e='f g' h=\"\" i=j/k L=>";
        let mut lexer = Lexer::new(page);
        lexer.next();
        let found: Vec<_> =
            lexer.attributes().iter().map(|a| (&page[a.name.clone()], a.value.clone().map(|v| &page[v]))).collect();
        let expected = [
            ("=x", None),
            ("b", None),
            ("c", Some("d")),
            ("e", Some("f g")),
            ("h", Some("")),
            ("i", Some("j/k")),
            ("L", Some("")),
        ];
        assert_eq!(found, expected);
        assert_eq!((lexer.attribute("l"), lexer.attribute("b"), lexer.attribute("z")), (Some(""), Some(""), None));
    }
}

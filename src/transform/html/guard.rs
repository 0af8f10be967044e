//! Prepares a page for minify-html: takes out what it would get wrong and puts a control character in its place, so
//! that what is left can only be quoted, decoded and sorted. Without minify-html the prepared page, restored, is a
//! smaller page of its own.
//!
//! | character | stands for |
//! | --- | --- |
//! | `SPACE`, `BREAK` | a space or line break minify-html would drop or merge |
//! | `NAME` | nothing: it hides an attribute's name, so that its value is no known default, boolean or list |
//! | `PIECE` | the next of a list of pieces that are copied as they are |

use std::{borrow::Cow, ops::Range};

use super::{
    is_space,
    lexer::{Kind, Lexer, Token},
    same::{collapse, is_marker, preserves_space},
};

const SPACE: u8 = 1;
const NAME: u8 = 2;
const PIECE: u8 = 3;
const BREAK: u8 = 4;

/// minify-html calls itself for each level; deeper pages are left to our own pass.
const MAX_DEPTH: usize = 200;

/// A page made ready.
#[derive(Debug)]
pub(super) struct Guarded<'a> {
    pub(super) text: String,
    pieces: Vec<Cow<'a, str>>,
    /// Whether it may nest deeper than minify-html bears.
    pub(super) is_deep: bool,
}

/// What an embedded text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Embedded {
    Style,
    Script,
    Module,
    Json,
}

/// Takes `page` apart. `replace` may give an embedded text, found at a place in the page, another wording. `None` when the
/// page itself has one of our control characters.
pub(super) fn guard(
    page: &str,
    mut replace: impl FnMut(Embedded, Range<usize>) -> Option<String>,
) -> Option<Guarded<'_>> {
    if page.bytes().any(|byte| matches!(byte, SPACE..=BREAK)) {
        return None;
    }
    let mut lexer = Lexer::new(page);
    let mut writer = Writer {
        page,
        out: Guarded { text: String::with_capacity(page.len() + page.len() / 8), pieces: Vec::new(), is_deep: false },
        place: Place::Head,
        preserved: None,
        open: Vec::new(),
        embedded: None,
    };
    while let Some(token) = lexer.next() {
        match token.kind {
            Kind::Text => writer.text(&page[token.span]),
            Kind::StartTag { .. } => writer.start_tag(&token, &lexer),
            Kind::EndTag => writer.end_tag(&token),
            Kind::Comment => writer.comment(token.span),
            Kind::RawText => {
                let new = writer.embedded.and_then(|kind| replace(kind, token.span.clone()));
                let new = new.filter(|new| is_safe_inside(new, &page[token.name.clone()]));
                writer.piece(new.map_or(Cow::Borrowed(&page[token.span]), Cow::Owned));
            }
            Kind::Other => {
                writer.leave_head_for_doctype(&page[token.span.clone()]);
                writer.piece(Cow::Borrowed(&page[token.span]));
            }
        }
    }
    Some(writer.out)
}

impl Guarded<'_> {
    /// Puts everything back into `text`, which is this one or what minify-html made of it; `None` when pieces were lost
    /// on the way.
    pub(super) fn restore(&self, text: &str) -> Option<String> {
        let mut pieces = self.pieces.iter();
        let mut out = String::with_capacity(text.len() + self.pieces.iter().map(|piece| piece.len()).sum::<usize>());
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|byte| byte <= BREAK) {
            out.push_str(&rest[..at]);
            match rest.as_bytes()[at] {
                SPACE => out.push(' '),
                BREAK => out.push('\n'),
                PIECE => out.push_str(pieces.next()?),
                NAME => {}
                _ => return None,
            }
            rest = &rest[at + 1..];
        }
        out.push_str(rest);
        pieces.next().is_none().then_some(out)
    }
}

/// Where in the document we are, as far as white space goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before `body`: white space is not shown.
    Head,
    /// `body` has just begun: white space is not shown.
    BodyStart,
    Body,
    /// After `</body>`.
    AfterBody,
}

struct Writer<'a> {
    page: &'a str,
    out: Guarded<'a>,
    place: Place,
    /// The element in which white space is kept, and how many of its name are open.
    preserved: Option<(&'a str, usize)>,
    /// The elements minify-html takes to be open, at least.
    open: Vec<&'a str>,
    /// What the raw text that comes next is for.
    embedded: Option<Embedded>,
}

impl<'a> Writer<'a> {
    fn mark(&mut self, mark: u8) {
        self.out.text.push(char::from(mark));
    }

    fn piece(&mut self, piece: Cow<'a, str>) {
        self.mark(PIECE);
        self.out.pieces.push(piece);
    }

    /// A DOCTYPE stands before everything; other oddities may be anywhere.
    fn leave_head_for_doctype(&mut self, other: &str) {
        let is_doctype = other.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("<!doctype"));
        if !is_doctype && self.place == Place::BodyStart {
            self.place = Place::Body;
        }
    }

    fn comment(&mut self, span: Range<usize>) {
        let comment = &self.page[span];
        let inside = comment.strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->"));
        // In preserved space a comment can stand between an element's start and a line break that is not shown.
        if self.preserved.is_some() || inside.is_none_or(is_marker) {
            self.piece(Cow::Borrowed(comment));
        }
    }

    fn text(&mut self, text: &'a str) {
        if self.preserved.is_some() {
            return self.preserved_text(text);
        }
        let only_space = text.bytes().all(is_space);
        if only_space && self.place != Place::Body {
            return;
        }
        if !only_space {
            self.place = Place::Body;
        }
        let inner = text.trim_matches(|c: char| c.is_ascii() && is_space(c as u8));
        if inner.is_empty() {
            return self.space(text);
        }
        let start = text.len() - text.trim_start_matches(|c: char| c.is_ascii() && is_space(c as u8)).len();
        self.space(&text[..start]);
        self.inner_text(inner);
        self.space(&text[start + inner.len()..]);
    }

    /// A run of white space beside a tag or comment.
    fn space(&mut self, run: &str) {
        if run.is_empty() {
            return;
        }
        let breaks = run.contains('\n');
        match self.out.text.as_bytes().last() {
            // A comment stood between.
            Some(&SPACE) if breaks => {
                self.out.text.pop();
                self.mark(BREAK);
            }
            Some(&(SPACE | BREAK)) => {}
            _ => self.mark(if breaks { BREAK } else { SPACE }),
        }
    }

    fn inner_text(&mut self, text: &str) {
        // A reference may stand for any character: next to one a line break stays.
        let from = self.out.text.len();
        collapse(text, &mut self.out.text);
        if text.contains('\n') && (self.out.text[from..].contains('\n') || text.contains('&')) {
            self.out.text.truncate(from);
            let mut rest = text;
            while let Some(at) = rest.bytes().position(is_space) {
                let run = &rest[at..];
                let run = &run[..run.bytes().position(|byte| !is_space(byte)).unwrap_or(run.len())];
                self.out.text.push_str(&rest[..at]);
                let after = &rest[at + run.len()..];
                let beside_word = |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii() && !matches!(b, b'&' | b';'));
                let word = beside_word(rest[..at].bytes().next_back()) || beside_word(after.bytes().next());
                if run.contains('\n') && !word {
                    self.mark(BREAK);
                } else {
                    self.out.text.push(' ');
                }
                rest = after;
            }
            self.out.text.push_str(rest);
        }
    }

    fn preserved_text(&mut self, text: &'a str) {
        let mut rest = text;
        while let Some(at) = rest.bytes().position(is_space) {
            self.out.text.push_str(&rest[..at]);
            match rest.as_bytes()[at] {
                b' ' => self.mark(SPACE),
                b'\n' => self.mark(BREAK),
                _ => self.piece(Cow::Borrowed(&rest[at..=at])),
            }
            rest = &rest[at + 1..];
        }
        self.out.text.push_str(rest);
    }

    fn start_tag(&mut self, token: &Token, lexer: &Lexer<'a>) {
        let name = &self.page[token.name.clone()];
        let lower = name.to_ascii_lowercase();
        self.move_to(&lower);
        let mut copied = token.span.start;
        for attribute in lexer.attributes() {
            self.out.text.push_str(&self.page[copied..attribute.name.start]);
            self.mark(NAME);
            copied = attribute.name.start;
        }
        self.out.text.push_str(&self.page[copied..token.span.end]);
        self.embedded = embedded(&lower, lexer);

        let is_open = !matches!(token.kind, Kind::StartTag { self_closing: true }) && !is_void(&lower);
        match &mut self.preserved {
            Some((outer, depth)) => *depth += usize::from(is_open && name.eq_ignore_ascii_case(outer)),
            None if is_open && preserves_space(&lower, lexer.attribute("style")) => self.preserved = Some((name, 1)),
            None => {}
        }
        if is_open {
            self.open.push(name);
            self.out.is_deep |= self.open.len() > MAX_DEPTH;
        }
    }

    fn end_tag(&mut self, token: &Token) {
        let name = &self.page[token.name.clone()];
        if let Some((outer, depth)) = &mut self.preserved
            && name.eq_ignore_ascii_case(outer)
        {
            *depth -= 1;
            if *depth == 0 {
                self.preserved = None;
            }
        }
        self.open.pop_if(|open| open.eq_ignore_ascii_case(name));
        if name.eq_ignore_ascii_case("body") {
            if matches!(self.out.text.as_bytes().last(), Some(&(SPACE | BREAK))) {
                self.out.text.pop();
            }
            self.place = Place::AfterBody;
        }
        // The attributes of an end tag mean nothing.
        self.out.text.push_str("</");
        self.out.text.push_str(name);
        self.out.text.push('>');
    }

    fn move_to(&mut self, name: &str) {
        let in_head = matches!(
            name,
            "html" | "head" | "base" | "link" | "meta" | "title" | "style" | "script" | "noscript" | "template"
        );
        self.place = match (name, self.place) {
            ("body", Place::Head) => Place::BodyStart,
            (_, Place::Head) if in_head => Place::Head,
            _ => Place::Body,
        };
    }
}

/// What the raw text of the element that has just been opened is for; `None` when nobody may touch it.
pub(super) fn embedded(name: &str, lexer: &Lexer<'_>) -> Option<Embedded> {
    let kind = lexer.attribute("type").unwrap_or("").trim().to_ascii_lowercase();
    match name {
        "style" if matches!(&*kind, "" | "text/css") => Some(Embedded::Style),
        "script" if lexer.attribute("src").is_some() => None,
        "script" => match &*kind {
            "" | "text/javascript" | "application/javascript" => Some(Embedded::Script),
            "module" => Some(Embedded::Module),
            "application/json" | "importmap" | "speculationrules" => Some(Embedded::Json),
            json if json.ends_with("+json") => Some(Embedded::Json),
            _ => None,
        },
        _ => None,
    }
}

/// Whether `text` ends where it seems to, inside an element called `name`.
pub(super) fn is_safe_inside(text: &str, name: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    !lower.contains("<!--")
        && !lower.contains("<script")
        && !lower.contains(&format!("</{}", name.to_ascii_lowercase()))
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "source"
            | "track"
            | "wbr"
    )
}

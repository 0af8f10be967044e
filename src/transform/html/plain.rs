//! Makes regular pages smaller, token by token: each is written again in as few bytes, and white space that may be shorter
//! is. What was written is then read again beside the original, and only where all tokens are the same is it published: of
//! regular pages the tokens are all that a parser sees. What is not regular is not touched here.
//!
//! Code blocks are the larger part of many pages, and the same on many, as are whole passages from one heading to the next:
//! each is done once, by its content.

use std::{
    borrow::Cow,
    collections::HashMap,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use memchr::memmem;

use super::{
    Embedded,
    guard::{embedded, is_safe_inside},
    is_space,
    lexer::{Kind, Lexer, Token},
    regular::{Opens, Structure, is_heading},
    same::{collapse, is_marker, preserves_space},
};
use crate::site::ContentHash;

/// Parts of pages that were seen, and what became of them; of one that cannot be judged by itself, nothing.
#[derive(Debug)]
pub(super) struct Blocks([Mutex<HashMap<ContentHash, Option<Arc<str>>>>; SHARDS]);

/// More than threads, so that they rarely meet.
const SHARDS: usize = 64;

impl Default for Blocks {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Blocks {
    fn smaller(&self, block: &str) -> Option<Arc<str>> {
        let key = ContentHash::of(block.as_bytes());
        let shard = &self.0[usize::from(key.as_bytes()[0]) % SHARDS];
        if let Some(known) = shard.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return known.clone();
        }
        let mut has_embedded = false;
        let mut leave = |_, _: Range<usize>| {
            has_embedded = true;
            None
        };
        // Code blocks of a passage are known by themselves.
        let memory = (!block.starts_with("<pre")).then_some(self);
        let made = Writer::new(block, Structure::of_part(), memory).run(&mut leave).filter(|_| !has_embedded);
        let made = made.filter(|made| is_same(block, made, Structure::of_part())).map(|made| Arc::from(made.html));
        shard.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(made).clone()
    }
}

/// The page in fewer bytes; `None` when it is not regular, or the two could not be shown to be the same. `replace` may give
/// an embedded text, found at a place in the page, another wording.
pub(super) fn minify(
    page: &str,
    blocks: &Blocks,
    mut replace: impl FnMut(Embedded, Range<usize>) -> Option<String>,
) -> Option<String> {
    // A parser makes other characters of the first two; the third is ours.
    if memchr::memchr3(b'\r', 0, AMPERSAND as u8, page.as_bytes()).is_some() {
        return None;
    }
    let made = Writer::new(page, Structure::of_page(), Some(blocks)).run(&mut replace)?;
    is_same(page, &made, Structure::of_page()).then_some(made.html)
}

/// A smaller text.
struct Made {
    html: String,
    /// Parts that are known to be the same, by their places in the original and here.
    blocks: Vec<(Range<usize>, Range<usize>)>,
    /// Embedded texts that were replaced, by the same.
    replaced: Vec<(Range<usize>, Range<usize>)>,
}

struct Writer<'a, 'b> {
    page: &'a str,
    lexer: Lexer<'a>,
    structure: Structure<'a>,
    memory: Option<&'b Blocks>,
    made: Made,
    /// The texts since the last tag, with nothing but prose comments between.
    text: Pending<'a>,
    /// What the raw text that comes next is for.
    embedded: Option<Embedded>,
}

impl<'a, 'b> Writer<'a, 'b> {
    fn new(page: &'a str, structure: Structure<'a>, memory: Option<&'b Blocks>) -> Self {
        let made = Made { html: String::with_capacity(page.len()), blocks: Vec::new(), replaced: Vec::new() };
        Self { page, lexer: Lexer::new(page), structure, memory, made, text: Pending::default(), embedded: None }
    }

    fn run(mut self, replace: &mut dyn FnMut(Embedded, Range<usize>) -> Option<String>) -> Option<Made> {
        while let Some(token) = self.lexer.next() {
            match token.kind {
                Kind::Text => {
                    let text = &self.page[token.span];
                    self.structure.text(text)?;
                    self.text.push(text);
                }
                Kind::Comment => self.comment(token.span)?,
                Kind::StartTag { self_closing } => self.start_tag(&token, self_closing)?,
                Kind::EndTag => self.end_tag(&token)?,
                Kind::RawText => {
                    self.structure.raw_text()?;
                    let new = self.embedded.and_then(|kind| replace(kind, token.span.clone()));
                    let new = new.filter(|new| is_safe_inside(new, &self.page[token.name.clone()]));
                    self.raw_text(token.span, new);
                }
                Kind::Other => {
                    self.flush();
                    let written = &self.page[token.span];
                    self.structure.doctype(written)?;
                    self.made.html.push_str(written);
                }
            }
        }
        self.flush();
        self.structure.is_whole().then_some(self.made)
    }

    fn comment(&mut self, span: Range<usize>) -> Option<()> {
        let comment = &self.page[span];
        let inside = comment.strip_prefix("<!--")?.strip_suffix("-->")?;
        if self.structure.is_preserved() || is_marker(inside) {
            self.flush();
            self.structure.content();
            self.made.html.push_str(comment);
        }
        Some(())
    }

    fn start_tag(&mut self, token: &Token, self_closing: bool) -> Option<()> {
        let name = &self.page[token.name.clone()];
        self.flush();
        if let Some(memory) = self.memory
            && self.structure.isolates()
            && let Some(end) = self.end_of_part(name, token)
        {
            let block = token.span.start..end;
            if let Some(smaller) = memory.smaller(&self.page[block.clone()]) {
                let start = self.made.html.len();
                self.made.html.push_str(&smaller);
                self.made.blocks.push((block.clone(), start..self.made.html.len()));
                self.lexer.skip_to(block.end);
                self.structure.content();
                return Some(());
            }
        }
        let style = self.lexer.attribute("style");
        // What it says may be hidden in references.
        if style.is_some_and(|style| style.contains('&')) {
            return None;
        }
        let opens = self.structure.start(name, self_closing, preserves_space(name, style))?;
        self.write_tag(name, opens == Opens::Nothing && (self.structure.is_foreign() || name == "svg"))?;
        self.embedded = embedded(name, &self.lexer);
        Some(())
    }

    /// Where a part ends that begins with this tag and is likely to be on other pages, too: a code block, or a heading and what
    /// is below it.
    fn end_of_part(&self, name: &str, token: &Token) -> Option<usize> {
        let rest = &self.page.as_bytes()[token.span.end..];
        let length = match name {
            "pre" => memmem::find(rest, b"</pre>")? + "</pre>".len(),
            // What begins a passage is its heading, and not one more passage.
            _ if is_heading(name) && token.span.start > 0 && !self.structure.is_preserved() => next_heading(rest)?,
            _ => return None,
        };
        Some(token.span.end + length)
    }

    fn write_tag(&mut self, name: &str, is_closed: bool) -> Option<()> {
        let html = &mut self.made.html;
        html.extend(["<", name]);
        let mut is_bare = false;
        for attribute in self.lexer.attributes() {
            let name = &self.page[attribute.name.clone()];
            if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_:.@".contains(&byte)) {
                return None;
            }
            html.extend([" ", name]);
            is_bare = true;
            let Some(span) = attribute.value.clone().filter(|span| !span.is_empty()) else { continue };
            let value = &self.page[span];
            is_bare = !value.bytes().any(needs_quotes);
            match (is_bare, value.contains('"')) {
                (true, _) => html.extend(["=", value]),
                (false, false) => html.extend(["=\"", value, "\""]),
                (false, true) if !value.contains('\'') => html.extend(["='", value, "'"]),
                // Without quotes it was a mistake, and is one still.
                (false, true) => return None,
            }
        }
        html.push_str(match (is_closed, is_bare) {
            (false, _) => ">",
            (true, false) => "/>",
            (true, true) => " />",
        });
        Some(())
    }

    fn end_tag(&mut self, token: &Token) -> Option<()> {
        let name = &self.page[token.name.clone()];
        if self.structure.ends_body(name) {
            self.text.drop_space();
        }
        self.flush();
        self.structure.end(name)?;
        self.made.html.extend(["</", name, ">"]);
        Some(())
    }

    fn raw_text(&mut self, span: Range<usize>, new: Option<String>) {
        let html = &mut self.made.html;
        let start = html.len();
        match new {
            Some(new) => {
                html.push_str(&new);
                self.made.replaced.push((span, start..html.len()));
            }
            None => html.push_str(&self.page[span]),
        }
    }

    /// Writes the text that is pending.
    fn flush(&mut self) {
        let Some(text) = self.text.take() else { return };
        if self.structure.is_preserved() {
            shorter_references(&text, &mut self.made.html);
        } else if !(self.structure.hides_space() && text.bytes().all(is_space)) {
            shorter_space(&text, &mut self.made.html);
        }
    }
}

/// Where the next tag of a heading begins.
fn next_heading(html: &[u8]) -> Option<usize> {
    memmem::find_iter(html, b"<h").find(|&at| {
        matches!(html.get(at + 2), Some(b'1'..=b'6'))
            && html.get(at + 3).is_some_and(|&next| next == b'>' || is_space(next))
    })
}

/// The text between two tags. It has pieces where there were comments that nobody misses.
#[derive(Default)]
struct Pending<'a>(Option<Cow<'a, str>>);

impl<'a> Pending<'a> {
    fn push(&mut self, text: &'a str) {
        match &mut self.0 {
            None => self.0 = Some(Cow::Borrowed(text)),
            Some(before) => before.to_mut().push_str(text),
        }
    }

    fn take(&mut self) -> Option<Cow<'a, str>> {
        self.0.take()
    }

    fn drop_space(&mut self) {
        self.0.take_if(|text| text.bytes().all(is_space));
    }
}

/// Whether an attribute's value with this byte has to stand in quotes (HTML §13.1.2.3).
fn needs_quotes(byte: u8) -> bool {
    is_space(byte) || matches!(byte, b'"' | b'\'' | b'=' | b'<' | b'>' | b'`')
}

/// A text with its runs of white space as short as they may be, see [`collapse`]. What a reference beside a line break
/// stands for is not looked at: the line break stays.
fn shorter_space(text: &str, to: &mut String) {
    let bytes = text.as_bytes();
    let mut rest = 0;
    let mut at = 0;
    while let Some(found) = bytes[at..].iter().position(|&byte| is_space(byte)) {
        let start = at + found;
        let end = bytes[start..].iter().position(|&byte| !is_space(byte)).map_or(bytes.len(), |n| start + n);
        let is_short = end == start + 1 && bytes[start] == b' ';
        if !is_short {
            let may_join = |byte: u8| !byte.is_ascii() || matches!(byte, b'&' | b';');
            let breaks = bytes[start..end].contains(&b'\n')
                && match (start.checked_sub(1).map(|before| bytes[before]), bytes.get(end)) {
                    (Some(before), Some(&after)) => may_join(before) && may_join(after),
                    _ => true,
                };
            shorter_references(&text[rest..start], to);
            to.push(if breaks { '\n' } else { ' ' });
            rest = end;
        }
        at = end;
    }
    shorter_references(&text[rest..], to);
}

/// A text with characters in place of their references, where nothing else could be read there.
fn shorter_references(text: &str, to: &mut String) {
    let mut copied = 0;
    for at in memchr::memchr_iter(b'&', text.as_bytes()) {
        let Some((character, length)) = reference(&text[at..]) else { continue };
        let next = text.as_bytes().get(at + length);
        let is_plain = match character {
            '<' => !next.is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, b'/' | b'!' | b'?')),
            '&' => !next.is_some_and(|next| next.is_ascii_alphanumeric() || *next == b'#'),
            _ => true,
        };
        if is_plain {
            to.push_str(&text[copied..at]);
            to.push(character);
            copied = at + length;
        }
    }
    to.push_str(&text[copied..]);
}

/// The character that a reference at the start of `text` stands for, and how long it is: one of the five that are in every
/// page.
fn reference(text: &str) -> Option<(char, usize)> {
    const KNOWN: [(&str, char); 6] =
        [("&lt;", '<'), ("&gt;", '>'), ("&amp;", '&'), ("&quot;", '"'), ("&#x27;", '\''), ("&#39;", '\'')];
    KNOWN.iter().find(|(name, _)| text.starts_with(name)).map(|(name, character)| (*character, name.len()))
}

/// Whether two texts are the same to whoever reads tokens; the first is known to be regular, and `structure` is before it.
fn is_same<'a>(one: &'a str, made: &Made, mut structure: Structure<'a>) -> bool {
    let mut original = Tokens::new(one, made.blocks.iter().map(|(block, _)| block.clone()));
    let mut smaller = Tokens::new(&made.html, made.blocks.iter().map(|(_, block)| block.clone()));
    loop {
        match (original.next(&structure), smaller.next(&structure)) {
            (None, None) => return true,
            (Some(Piece::Block), Some(Piece::Block)) => structure.content(),
            (Some(Piece::Text(old)), Some(Piece::Text(new))) => {
                if !is_same_text(&old, &new, structure.is_preserved()) || structure.text(&old).is_none() {
                    return false;
                }
            }
            (Some(Piece::Token(old)), Some(Piece::Token(new))) => {
                let are_same = match old.kind {
                    Kind::StartTag { self_closing } => {
                        let is_foreign = structure.is_foreign() || &one[old.name.clone()] == "svg";
                        (!is_foreign || old.kind == new.kind) && original.is_same_tag(&old, &smaller, &new) && {
                            let name = &one[old.name];
                            let preserves = preserves_space(name, original.lexer.attribute("style"));
                            structure.start(name, self_closing, preserves).is_some()
                        }
                    }
                    _ if old.kind != new.kind => false,
                    Kind::EndTag => {
                        one[old.name.clone()] == made.html[new.name] && structure.end(&one[old.name]).is_some()
                    }
                    Kind::RawText => {
                        one[old.span.clone()] == made.html[new.span.clone()]
                            || made.replaced.iter().any(|(from, to)| *from == old.span && *to == new.span)
                    }
                    Kind::Comment => {
                        structure.content();
                        one[old.span] == made.html[new.span]
                    }
                    Kind::Other => {
                        one[old.span.clone()] == made.html[new.span] && structure.doctype(&one[old.span]).is_some()
                    }
                    Kind::Text => false,
                };
                if !are_same {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

/// A text's tokens: what is not shown is left out, and texts are joined where it was.
struct Tokens<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    /// Blocks that are stepped over, the next one last.
    blocks: Vec<Range<usize>>,
    next: Option<Token>,
}

/// A token, or what stands for some.
enum Piece<'a> {
    Text(Cow<'a, str>),
    Block,
    Token(Token),
}

impl<'a> Tokens<'a> {
    fn new(text: &'a str, blocks: impl DoubleEndedIterator<Item = Range<usize>>) -> Self {
        Self { text, lexer: Lexer::new(text), blocks: blocks.rev().collect(), next: None }
    }

    /// What comes next, in the structure that was read so far.
    fn next(&mut self, structure: &Structure<'_>) -> Option<Piece<'a>> {
        let mut text = Pending::default();
        while self.next.is_none() && !self.is_at_block() {
            let Some(token) = self.lexer.next() else { break };
            match token.kind {
                Kind::Text => text.push(&self.text[token.span]),
                Kind::Comment if !structure.is_preserved() && !is_marked(&self.text[token.span.clone()]) => {}
                _ => self.next = Some(token),
            }
        }
        let ends_body = self
            .next
            .as_ref()
            .is_some_and(|next| next.kind == Kind::EndTag && structure.ends_body(&self.text[next.name.clone()]));
        if structure.hides_space() || ends_body {
            text.drop_space();
        }
        if let Some(text) = text.take() {
            return Some(Piece::Text(text));
        }
        if let Some(token) = self.next.take() {
            return Some(Piece::Token(token));
        }
        let block = self.blocks.pop_if(|block| block.start == self.lexer.at())?;
        self.lexer.skip_to(block.end);
        Some(Piece::Block)
    }

    fn is_at_block(&self) -> bool {
        self.blocks.last().is_some_and(|block| block.start == self.lexer.at())
    }

    /// Whether two start tags, each the last that was read, have the same name and attributes.
    fn is_same_tag(&self, own: &Token, other: &Tokens<'_>, others: &Token) -> bool {
        let (ours, theirs) = (self.lexer.attributes(), other.lexer.attributes());
        matches!(others.kind, Kind::StartTag { .. })
            && self.text[own.name.clone()] == other.text[others.name.clone()]
            && ours.len() == theirs.len()
            && ours.iter().zip(theirs).all(|(our, their)| {
                self.text[our.name.clone()] == other.text[their.name.clone()]
                    && our.value.clone().map_or("", |span| &self.text[span])
                        == their.value.clone().map_or("", |span| &other.text[span])
            })
    }
}

fn is_marked(comment: &str) -> bool {
    comment.strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->")).is_none_or(is_marker)
}

fn is_same_text(old: &str, new: &str, preserved: bool) -> bool {
    if old == new {
        return true;
    }
    let (Some(old), Some(new)) = (opened(old), opened(new)) else { return false };
    if preserved {
        return old == new;
    }
    let mut collapsed = [String::with_capacity(old.len()), String::with_capacity(new.len())];
    collapse(&old, &mut collapsed[0]);
    collapse(&new, &mut collapsed[1]);
    collapsed[0] == collapsed[1]
}

/// An ampersand that is one.
const AMPERSAND: char = '\u{1}';

/// A text with the references that [`reference`] knows as their characters, and others as they are; `None` when it has one
/// without a semicolon, which may be none at all.
fn opened(text: &str) -> Option<Cow<'_, str>> {
    let mut opened = String::new();
    let mut copied = 0;
    for at in memchr::memchr_iter(b'&', text.as_bytes()) {
        let (character, length) = match reference(&text[at..]) {
            Some(('&', length)) => (AMPERSAND, length),
            Some(known) => known,
            None => {
                let name = text[at + 1..].trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '#');
                match text.len() - at - 1 - name.len() {
                    0 => (AMPERSAND, 1),
                    _ if name.starts_with(';') => continue,
                    _ => return None,
                }
            }
        };
        opened.push_str(&text[copied..at]);
        opened.push(character);
        copied = at + length;
    }
    if copied == 0 {
        return Some(Cow::Borrowed(text));
    }
    opened.push_str(&text[copied..]);
    Some(Cow::Owned(opened))
}

#[cfg(test)]
mod tests;

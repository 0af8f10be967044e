//! What becomes of a text is the same wherever it stands, but for where its links lead. So a text that stands in many places,
//! or was there in a build before, is rendered once: with its links left open, and closed in each place.
//!
//! It must never be seen that a page was made so: where anything else depends on the place, there is no such form of the text.

use std::{borrow::Cow, cell::RefCell, ops::Range};

use memchr::memmem;
use serde::{Deserialize, Serialize};

use super::{Around, Heading, Link, MarkdownOptions, Rendered, Target, Text, render, writer::is_external};
use crate::{site::ContentHash, transform::highlight::Highlighter};

/// A rendered text whose links are open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portable<'a> {
    /// With a slot where a link leads somewhere.
    #[serde(borrow)]
    html: Cow<'a, str>,
    #[serde(borrow)]
    summary: Option<Cow<'a, str>>,
    toc: Vec<Heading>,
    word_count: usize,
    reading_time: usize,
    /// Their places are counted from where the text begins.
    links: Vec<Link>,
    /// What a slot begins with. Its number follows.
    slot: String,
    /// What is written where the slots are, by their numbers.
    asked: Vec<String>,
}

/// A slot's number has so many decimal digits.
const DIGITS: usize = 6;

impl Portable<'static> {
    /// `None` when there is something to say about the text.
    #[must_use]
    pub fn render(text: &Text<'_>, options: &MarkdownOptions, highlighter: Option<&Highlighter>) -> Option<Self> {
        // Nothing but letters and digits, which stay as they are in a URL, and that no text has in it, because it has its hash.
        let slot = format!("slot{}", ContentHash::of(text.written().as_bytes()));
        let asked = RefCell::new(Vec::new());
        let resolve = |link: &str| {
            let mut asked = asked.borrow_mut();
            asked.push(link.to_owned());
            Target::Url(format!("{slot}{:0DIGITS$}", asked.len() - 1))
        };
        let rendered = render(text, options, &Around { highlighter, resolve: &resolve, ..Around::ALONE });
        let asked = asked.into_inner();
        let start = text.body.start;
        let link = |Link { url, span }| Link { url, span: span.start - start..span.end - start };
        let is_portable = rendered.diagnostics.is_empty() && asked.len() < 10_usize.pow(6);
        is_portable.then(|| Self {
            html: rendered.html.into(),
            summary: rendered.summary.map(Cow::Owned),
            toc: rendered.toc,
            word_count: rendered.word_count,
            reading_time: rendered.reading_time,
            links: rendered.links.into_iter().map(link).collect(),
            slot,
            asked,
        })
    }
}

impl<'a> Portable<'a> {
    /// What [`Portable::to_bytes`] wrote.
    #[must_use]
    pub fn from_bytes(bytes: &'a [u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }

    /// `None` when there is no memory for it.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        postcard::to_allocvec(self).ok()
    }

    /// The text as it is where it begins at `start` of its file, in bytes, and where `resolve` says where links lead, as in
    /// [`Around`]. `None` when that would be more than an address.
    #[must_use]
    pub fn at(&self, start: usize, resolve: &dyn Fn(&str) -> Target) -> Option<Rendered> {
        let close = |link: &String| match resolve(link) {
            Target::Unchanged => Some(link.clone()),
            Target::Url(url) => (!url.is_empty() && !is_external(&url)).then_some(url),
            Target::Broken { .. } => None,
        };
        let urls = self.asked.iter().map(close).collect::<Option<Vec<String>>>()?;
        let in_page: Vec<String> = urls.iter().map(|url| super::url_in_page(url)).collect();
        let link = |link: &Link| {
            let url = match link.url.strip_prefix(&*self.slot) {
                Some(number) => urls.get(number.parse::<usize>().ok()?)?.clone(),
                None => link.url.clone(),
            };
            Some(Link { url, span: link.span.start + start..link.span.end + start })
        };
        let summary = match &self.summary {
            Some(summary) => Some(self.fill(summary, &in_page)?),
            None => None,
        };
        Some(Rendered {
            html: self.fill(&self.html, &in_page)?,
            summary,
            toc: self.toc.clone(),
            word_count: self.word_count,
            reading_time: self.reading_time,
            links: self.links.iter().map(link).collect::<Option<_>>()?,
            diagnostics: Vec::new(),
        })
    }

    fn fill(&self, html: &str, urls: &[String]) -> Option<String> {
        let mut filled = String::with_capacity(html.len());
        let mut copied = 0;
        for at in memmem::find_iter(html.as_bytes(), &*self.slot) {
            let number: Range<usize> = at + self.slot.len()..at + self.slot.len() + DIGITS;
            filled.push_str(&html[copied..at]);
            filled.push_str(urls.get(html.get(number.clone())?.parse::<usize>().ok()?)?);
            copied = number.end;
        }
        filled.push_str(&html[copied..]);
        Some(filled)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{diag::Source, transform::highlight::Look};

    fn resolve(link: &str) -> Target {
        match link {
            "a.md" => Target::Url("/a & b/".to_owned()),
            "far.md" => Target::Url("https://a.example/".to_owned()),
            "gone.md" => Target::Broken { message: "gone".to_owned(), help: None },
            _ => Target::Unchanged,
        }
    }

    /// The text where it begins after some others, in both ways.
    fn both(text: &str, options: &MarkdownOptions) -> (Rendered, Option<Rendered>) {
        let highlighter = Highlighter::new(&Look::Roles);
        let source = Source::new("x.md", format!("+++\n+++\n{text}"));
        let start = source.text.len() - text.len();
        let around = Around { highlighter: Some(&highlighter), resolve: &resolve, ..Around::ALONE };
        let text = Text { source: &source, body: start..source.text.len(), templated: None };
        let alone = render(&text, options, &around);
        let elsewhere = Source::new("y.md", &source.text[start..]);
        let portable = Portable::render(&Text::whole(&elsewhere), options, Some(&highlighter));
        let bytes = portable.and_then(|portable| portable.to_bytes());
        let kept = bytes.as_deref().and_then(Portable::from_bytes).and_then(|kept| kept.at(start, &resolve));
        (alone, kept)
    }

    #[test]
    fn it_is_the_same_text() {
        for (text, is_portable) in [
            ("", true),
            ("# A\n\n[a](a.md) [b](b.md#c) [c](https://c.example) ![d](d.png \"e\") <x@y.example> [f](#f)", true),
            ("a [b]\n\n<!-- more -->\n\n[b]: a.md 'title'\n\n## C\n\n### D\n\n[^1]\n\n[^1]: [e](a.md)", true),
            ("```rust\nfn a() {}\n```\n\n| a |\n|---|\n| [b](a.md) |", true),
            ("a\r\nb [c](a.md)\r\n", true),
            ("[a](far.md)", false),
            ("[a](gone.md)", false),
            ("[a]()", false),
            ("# A {#a}\n\n# B {#a}", false),
        ] {
            let options = MarkdownOptions { bottom_footnotes: true, ..MarkdownOptions::default() };
            let (alone, kept) = both(text, &options);
            assert_eq!(kept, is_portable.then_some(alone), "{text}");
        }
    }

    proptest! {
        #[test]
        fn where_it_is_portable_it_is_the_same(text in r"([a-c \n#*`>|:-]|\[a\]\(a\.md\)|\[\^1\]|\[b\]|!\[a\]\(b\)|\[b\]: a\.md\n|<!-- more -->){0,60}") {
            let (alone, kept) = both(&text, &MarkdownOptions::default());
            if let Some(kept) = kept {
                prop_assert_eq!(kept, alone);
            }
        }
    }
}

//! Markdown to HTML: CommonMark and GitHub's extensions, with Zola's conventions for summaries, word counts and link
//! attributes. It never reads a file: where a link leads is asked of the caller.

mod autolink;
mod emoji;
mod fence;
mod newlines;
mod origin;
mod portable;
mod reading;
mod slug;
mod writer;

use std::{fmt, ops::Range};

use serde::{Deserialize, Serialize};

use self::newlines::Unified;
pub use self::{portable::Portable, slug::Anchors};
use super::{escape, highlight::Highlighter};
use crate::diag::{Diagnostic, Source};

/// How a page's Markdown is read and written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MarkdownOptions {
    /// The language of the text, for how long it takes to read.
    pub lang: String,
    pub dialect: Dialect,
    pub heading_links: HeadingLinks,
    pub anchors: Anchors,
    pub external_links: ExternalLinks,
    /// Images get `loading="lazy" decoding="async"`.
    pub lazy_images: bool,
    /// Footnotes are numbered and listed at the end of the page, with links back; otherwise they stand where they are
    /// written.
    pub bottom_footnotes: bool,
    /// Which elements of a code block get `data-lang` and its like.
    pub data_attributes: DataAttributes,
    /// A code block in a language that nobody knows is an error.
    pub strict_languages: bool,
    pub broken_links: BrokenLinks,
}

/// What a link is that leads nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BrokenLinks {
    #[default]
    Error,
    Warning,
}

/// What is understood beyond CommonMark and GFM.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is an extension of its own")]
pub struct Dialect {
    /// `> [!NOTE]` and its four siblings.
    pub github_alerts: bool,
    /// `"quotes"`, `--`, `---` and `...` become typographic.
    pub smart_punctuation: bool,
    /// A term, and a line that begins with `: `.
    pub definition_lists: bool,
    /// `:smile:` becomes a character.
    pub emoji: bool,
}

/// Where a heading gets a link to itself (`<a class="zola-anchor">`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HeadingLinks {
    #[default]
    None,
    Left,
    Right,
    /// The heading's text is the link.
    Heading,
}

/// What links to other origins (`http:`, `https:`, `//`) get.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own in the file")]
pub struct ExternalLinks {
    pub class: Option<String>,
    /// `target="_blank" rel="noopener"`
    pub target_blank: bool,
    /// `rel="nofollow"`
    pub no_follow: bool,
    /// `rel="noreferrer"`
    pub no_referrer: bool,
    /// `rel="external"`
    pub external: bool,
}

/// Which elements of a code block get its data attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DataAttributes {
    #[default]
    Code,
    Pre,
    Both,
    None,
}

/// The Markdown of a file.
#[derive(Clone, Debug)]
pub struct Text<'a> {
    pub source: &'a Source,
    /// Where in it the Markdown stands, on character boundaries.
    pub body: Range<usize>,
    /// What its templates made of the body, when it has any: this is what is read, and places in it are led back to the
    /// body.
    pub templated: Option<&'a str>,
}

/// What a text asks of the site it is in.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// Without one, code blocks are plain.
    pub highlighter: Option<&'a Highlighter>,
    /// Where a link or image leads that has no scheme and is not a bare fragment.
    pub resolve: &'a dyn Fn(&str) -> Target,
    /// The link to itself of the heading with this id and level: HTML.
    pub heading_link: &'a dyn Fn(&str, u8) -> String,
    /// What ends a summary in the midst of a block: HTML.
    pub cutoff: &'a dyn Fn(&str) -> String,
}

/// Where a link or image leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// As it is written.
    Unchanged,
    /// Here instead: unescaped, as it stands in a URL.
    Url(String),
    /// Nowhere; the link's place is reported with this message and help.
    Broken { message: String, help: Option<String> },
}

/// What became of a page's Markdown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered<H = String> {
    pub html: H,
    /// What stands before `<!-- more -->`, complete in itself: open elements closed, footnote references left out.
    pub summary: Option<String>,
    /// The headings that are not inside another; the rest are their children.
    pub toc: Vec<Heading>,
    /// Of the Markdown text: in words, or in letters where a language has no spaces.
    pub word_count: usize,
    /// In minutes, at the pace of its language.
    pub reading_time: usize,
    /// Links and images in source order, with the URL that was written into the page.
    pub links: Vec<Link>,
    pub diagnostics: Vec<Diagnostic>,
}

/// A heading, and those below it in rank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// 1 to 6.
    pub level: u8,
    pub id: String,
    /// Plain text, not escaped.
    pub title: String,
    pub children: Vec<Heading>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub url: String,
    /// In bytes of the source file: the URL where it can be told apart, else the whole link.
    pub span: Range<usize>,
}

impl fmt::Debug for Around<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Around").field("highlighter", &self.highlighter).finish_non_exhaustive()
    }
}

impl<'a> Text<'a> {
    /// The Markdown of a text that is all Markdown.
    #[must_use]
    pub fn whole(source: &'a Source) -> Self {
        Self { source, body: 0..source.text.len(), templated: None }
    }

    /// What the author wrote.
    fn written(&self) -> &'a str {
        &self.source.text[self.body.clone()]
    }
}

impl Around<'_> {
    /// A text by itself: links stay as they are, and headings get Zola's link.
    pub const ALONE: Around<'static> = Around {
        highlighter: None,
        resolve: &|_| Target::Unchanged,
        heading_link: &plain_heading_link,
        cutoff: &|_| ELLIPSIS.to_owned(),
    };
}

/// A heading's link to itself where the site has no template for it.
fn plain_heading_link(id: &str, _: u8) -> String {
    let mut link = String::from("<a class=\"zola-anchor\" href=\"#");
    escape::url(&mut link, id);
    link.push_str("\" aria-label=\"Anchor link for: ");
    escape::attribute(&mut link, id);
    link.push_str("\">🔗</a>");
    link
}

const ELLIPSIS: &str = "&hellip;";

/// A URL of [`Rendered::links`] as it stands in the page.
#[must_use]
pub fn url_in_page(url: &str) -> String {
    let mut html = String::with_capacity(url.len());
    escape::url(&mut html, url);
    html
}

/// Renders a text.
///
/// # Panics
/// When `text.body` is not a range of the source on character boundaries.
#[must_use]
pub fn render(text: &Text<'_>, options: &MarkdownOptions, around: &Around<'_>) -> Rendered {
    let (word_count, reading_time) = reading::length_and_minutes(text.written(), &options.lang);
    let unified = Unified::new(text);
    let written = writer::write(text.source, &unified, options, around);
    Rendered {
        html: written.html,
        summary: written.summary,
        toc: nest(written.headings),
        word_count,
        reading_time,
        links: written.links,
        diagnostics: written.diagnostics,
    }
}

impl Rendered {
    /// A text that is not rendered yet: only its length is known.
    #[must_use]
    pub fn unread(text: &Text<'_>, lang: &str) -> Self {
        let (word_count, reading_time) = reading::length_and_minutes(text.written(), lang);
        Self { word_count, reading_time, ..Self::default() }
    }
}

/// Puts each heading below the nearest one before it that outranks it.
fn nest(headings: Vec<Heading>) -> Vec<Heading> {
    let mut roots = Vec::new();
    // The headings a next one may still belong to, outermost first, ranks rising.
    let mut open: Vec<Heading> = Vec::new();
    let close = |open: &mut Vec<Heading>, roots: &mut Vec<Heading>| {
        if let Some(done) = open.pop() {
            open.last_mut().map_or(roots, |parent| &mut parent.children).push(done);
        }
    };
    for heading in headings {
        while open.last().is_some_and(|last| last.level >= heading.level) {
            close(&mut open, &mut roots);
        }
        open.push(heading);
    }
    while !open.is_empty() {
        close(&mut open, &mut roots);
    }
    roots
}

#[cfg(test)]
mod tests;

//! Markdown to HTML: CommonMark and GitHub's extensions, with Zola's conventions for summaries, word counts and link
//! attributes. It never reads a file: where a link leads is asked of the caller.

mod autolink;
mod fence;
mod newlines;
mod slug;
mod writer;

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use self::newlines::Unified;
use super::highlight::Highlighter;
use crate::diag::{Diagnostic, Source};

/// How a page's Markdown is read and written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MarkdownOptions {
    pub dialect: Dialect,
    pub heading_links: HeadingLinks,
    pub external_links: ExternalLinks,
    /// Images get `loading="lazy" decoding="async"`.
    pub lazy_images: bool,
}

/// What is understood beyond CommonMark and GFM.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dialect {
    /// `> [!NOTE]` and its four siblings. On by default.
    pub github_alerts: bool,
    /// `"quotes"`, `--`, `---` and `...` become typographic.
    pub smart_punctuation: bool,
    /// A term, and a line that begins with `: `.
    pub definition_lists: bool,
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ExternalLinks {
    /// `target="_blank" rel="noopener"`
    pub target_blank: bool,
    /// `rel="nofollow"`
    pub no_follow: bool,
    /// `rel="noreferrer"`
    pub no_referrer: bool,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub html: String,
    /// What stands before `<!-- more -->`, complete in itself: open elements closed, footnote references left out.
    pub summary: Option<String>,
    /// The headings that are not inside another; the rest are their children.
    pub toc: Vec<Heading>,
    /// Words of the Markdown text by the Unicode rules (UAX #29), markup included, as Zola counts.
    pub word_count: usize,
    /// In minutes at 200 words a minute, rounded up.
    pub reading_time: usize,
    /// Links and images in source order, with the URL that was written into the page.
    pub links: Vec<Link>,
    pub diagnostics: Vec<Diagnostic>,
}

/// A heading, and those below it in rank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// 1 to 6.
    pub level: u8,
    pub id: String,
    /// Plain text, not escaped.
    pub title: String,
    pub children: Vec<Heading>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub url: String,
    /// In bytes of the source file: the URL where it can be told apart, else the whole link.
    pub span: Range<usize>,
}

/// Renders `body`, a byte range of `source` on character boundaries.
///
/// `resolve` is asked about each link and image that has no scheme and is not a bare fragment. Without a `highlighter`
/// code blocks are plain.
///
/// # Panics
/// When `body` is not a range of `source.text` on character boundaries.
pub fn render(
    source: &Source,
    body: Range<usize>,
    options: &MarkdownOptions,
    highlighter: Option<&Highlighter>,
    resolve: &dyn Fn(&str) -> Target,
) -> Rendered {
    let text = Unified::new(&source.text[body.clone()], body.start);
    let word_count = text.lines().map(|line| line.unicode_words().count()).sum();
    let written = writer::write(source, &text, options, highlighter, resolve);
    Rendered {
        html: written.html,
        summary: written.summary,
        toc: nest(written.headings),
        word_count,
        reading_time: word_count.div_ceil(200),
        links: written.links,
        diagnostics: written.diagnostics,
    }
}

impl Default for Dialect {
    fn default() -> Self {
        Self { github_alerts: true, smart_punctuation: false, definition_lists: false }
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

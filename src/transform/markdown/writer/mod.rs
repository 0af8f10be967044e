//! Writes the parser's events as HTML, in one pass. What an element needs from its content (a heading its text, an
//! image its description) is gathered until it ends; everything else goes straight into the page.

mod code;
mod footnotes;
mod heading;
mod link;
mod summary;
mod text;

use std::{mem, ops::Range};

use pulldown_cmark::{
    Alignment, BlockQuoteKind, CodeBlockKind, CowStr, Event, LinkType, OffsetIter, Options, Parser, Tag, TagEnd,
};

pub(super) use self::link::is_external;
use self::{
    code::OpenCode, footnotes::Footnotes, heading::OpenHeading, link::OpenImage, summary::closing, text::TextRun,
};
use super::{Around, Heading, Link, MarkdownOptions, newlines::Unified, slug::Slugs};
use crate::{
    diag::{Diagnostic, Source},
    transform::escape,
};

pub(super) struct Written {
    pub(super) html: String,
    pub(super) summary: Option<String>,
    /// In source order.
    pub(super) headings: Vec<Heading>,
    pub(super) links: Vec<Link>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

pub(super) fn write(source: &Source, text: &Unified<'_>, options: &MarkdownOptions, around: &Around<'_>) -> Written {
    let mut writer = Writer {
        source,
        text,
        options,
        around,
        html: String::with_capacity(text.len() + text.len() / 2),
        summary: None,
        slugs: Slugs::new(options.anchors),
        headings: Vec::new(),
        links: Vec::new(),
        diagnostics: Vec::new(),
        run: TextRun::default(),
        open: Vec::new(),
        anchors: 0,
        heading: None,
        code: None,
        image: None,
        table: Table::default(),
        footnotes: Footnotes::default(),
    };
    let parser = || Parser::new_ext(text, parser_options(options)).into_offset_iter();
    if text.contains("{#") {
        writer.reserve_chosen_ids(parser());
    }
    let mut events = parser();
    while let Some((event, place)) = events.next() {
        writer.event(event, place, &events);
    }
    writer.finish()
}

fn parser_options(options: &MarkdownOptions) -> Options {
    let dialect = &options.dialect;
    let mut parser = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES;
    parser.set(Options::ENABLE_GFM, dialect.github_alerts);
    parser.set(Options::ENABLE_SMART_PUNCTUATION, dialect.smart_punctuation);
    parser.set(Options::ENABLE_DEFINITION_LIST, dialect.definition_lists);
    parser
}

struct Writer<'a> {
    source: &'a Source,
    text: &'a Unified<'a>,
    options: &'a MarkdownOptions,
    around: &'a Around<'a>,

    html: String,
    summary: Option<String>,
    slugs: Slugs,
    headings: Vec<Heading>,
    links: Vec<Link>,
    diagnostics: Vec<Diagnostic>,

    run: TextRun<'a>,
    /// The elements that are open, outermost first.
    open: Vec<TagEnd>,
    /// How many `<a>` are open, raw ones included: there is no link inside a link.
    anchors: usize,
    heading: Option<OpenHeading<'a>>,
    code: Option<OpenCode<'a>>,
    image: Option<OpenImage<'a>>,
    table: Table,
    footnotes: Footnotes,
}

#[derive(Default)]
struct Table {
    alignments: Vec<Alignment>,
    column: usize,
    in_head: bool,
    has_body: bool,
}

impl<'a> Writer<'a> {
    fn event(&mut self, event: Event<'a>, place: Range<usize>, events: &OffsetIter<'a>) {
        if let Some(code) = &mut self.code {
            match event {
                Event::Text(text) => code.text.push_str(&text),
                _ => self.end_code(place),
            }
            return;
        }
        if self.image.is_some() {
            self.describe(event);
            return;
        }
        if let Event::Text(text) = event {
            self.push_text(text, place);
            return;
        }
        self.flush_text();
        match event {
            Event::Start(tag) => self.start(tag, place, events),
            Event::End(tag) => self.end(tag, place),
            Event::Code(code) => {
                if let Some(heading) = &mut self.heading {
                    heading.title.push_str(&code);
                }
                self.html.push_str("<code>");
                escape::text(&mut self.html, &code);
                self.html.push_str("</code>");
            }
            Event::Html(html) => self.raw(&html),
            Event::InlineHtml(html) => {
                let rest = html.trim_start_matches('<');
                let is_anchor = |tag: &str| {
                    tag.starts_with(['a', 'A'])
                        && !tag[1..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-')
                };
                if is_anchor(rest) {
                    self.anchors += 1;
                } else if rest.strip_prefix('/').is_some_and(is_anchor) {
                    self.anchors = self.anchors.saturating_sub(1);
                }
                self.raw(&html);
            }
            Event::FootnoteReference(label) => self.footnote_reference(&label),
            Event::SoftBreak => {
                if let Some(heading) = &mut self.heading {
                    heading.title.push(' ');
                }
                self.html.push('\n');
            }
            Event::HardBreak => {
                if let Some(heading) = &mut self.heading {
                    heading.title.push(' ');
                }
                self.html.push_str("<br />\n");
            }
            Event::Rule => self.block("<hr />\n"),
            Event::TaskListMarker(true) => self.html.push_str("<input type=\"checkbox\" disabled checked /> "),
            Event::TaskListMarker(false) => self.html.push_str("<input type=\"checkbox\" disabled /> "),
            // Mathematics is not enabled; text is above.
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::Text(text) => self.push_text(text, place),
        }
    }

    fn start(&mut self, tag: Tag<'a>, place: Range<usize>, events: &OffsetIter<'a>) {
        let end = tag.to_end();
        match tag {
            Tag::HtmlBlock | Tag::MetadataBlock(_) => self.fresh_line(),
            Tag::Paragraph => self.block("<p>"),
            Tag::Heading { level, id, classes, attrs } => {
                self.fresh_line();
                let at = self.html.len();
                self.heading = Some(OpenHeading { at, level, id, classes, attributes: attrs, title: String::new() });
            }
            Tag::BlockQuote(None) => self.block("<blockquote>\n"),
            Tag::BlockQuote(Some(kind)) => self.alert(kind),
            Tag::CodeBlock(kind) => {
                let info = match kind {
                    CodeBlockKind::Indented => CowStr::Borrowed(""),
                    CodeBlockKind::Fenced(info) => info,
                };
                self.code = Some(OpenCode { info, text: String::new() });
                return;
            }
            Tag::List(None) => self.block("<ul>\n"),
            Tag::List(Some(1)) => self.block("<ol>\n"),
            Tag::List(Some(first)) => self.block(&format!("<ol start=\"{first}\">\n")),
            Tag::Item => self.block("<li>"),
            Tag::DefinitionList => self.block("<dl>\n"),
            Tag::DefinitionListTitle => self.block("<dt>"),
            Tag::DefinitionListDefinition => self.block("<dd>"),
            Tag::FootnoteDefinition(label) => {
                self.start_footnote(label.into_string());
            }
            Tag::Table(alignments) => {
                self.table = Table { alignments, ..Table::default() };
                self.block("<table>\n");
            }
            Tag::TableHead => {
                (self.table.column, self.table.in_head) = (0, true);
                self.html.push_str("<thead>\n<tr>");
            }
            Tag::TableRow => {
                self.table.column = 0;
                if !mem::replace(&mut self.table.has_body, true) {
                    self.html.push_str("<tbody>\n");
                }
                self.html.push_str("<tr>");
            }
            Tag::TableCell => {
                self.html.push_str(if self.table.in_head { "<th" } else { "<td" });
                self.html.push_str(match self.table.alignments.get(self.table.column) {
                    Some(Alignment::Left) => " style=\"text-align: left\">",
                    Some(Alignment::Center) => " style=\"text-align: center\">",
                    Some(Alignment::Right) => " style=\"text-align: right\">",
                    Some(Alignment::None) | None => ">",
                });
                self.table.column += 1;
            }
            Tag::Emphasis => self.html.push_str("<em>"),
            Tag::Strong => self.html.push_str("<strong>"),
            Tag::Strikethrough => self.html.push_str("<del>"),
            Tag::Superscript => self.html.push_str("<sup>"),
            Tag::Subscript => self.html.push_str("<sub>"),
            Tag::Link { link_type, dest_url, title, id } => {
                let place = self.url_place(&dest_url, &id, place, events);
                let prefix = if link_type == LinkType::Email { "mailto:" } else { "" };
                self.start_link(prefix, &dest_url, &title, place);
            }
            Tag::Image { dest_url, title, id, .. } => {
                let place = self.url_place(&dest_url, &id, place, events);
                self.start_image(&dest_url, title, &place);
                return;
            }
        }
        self.open.push(end);
    }

    fn end(&mut self, tag: TagEnd, place: Range<usize>) {
        self.open.pop();
        match tag {
            TagEnd::Heading(_) => self.end_heading(place),
            TagEnd::FootnoteDefinition => self.end_footnote(),
            TagEnd::TableHead => {
                self.table.in_head = false;
                self.html.push_str(closing(tag));
            }
            TagEnd::TableCell => self.html.push_str(if self.table.in_head { "</th>" } else { "</td>" }),
            TagEnd::Table => {
                if self.table.has_body {
                    self.html.push_str("</tbody>\n");
                }
                self.html.push_str(closing(tag));
            }
            TagEnd::Link => {
                self.anchors = self.anchors.saturating_sub(1);
                self.html.push_str(closing(tag));
            }
            _ => self.html.push_str(closing(tag)),
        }
    }

    fn finish(mut self) -> Written {
        self.flush_text();
        self.write_footnotes();
        Written {
            html: self.html,
            summary: self.summary,
            headings: self.headings,
            links: self.links,
            diagnostics: self.diagnostics,
        }
    }

    /// Writes what begins a block, on a line of its own.
    fn block(&mut self, tag: &str) {
        self.fresh_line();
        self.html.push_str(tag);
    }

    fn alert(&mut self, kind: BlockQuoteKind) {
        let class = match kind {
            BlockQuoteKind::Note => "note",
            BlockQuoteKind::Tip => "tip",
            BlockQuoteKind::Important => "important",
            BlockQuoteKind::Warning => "warning",
            BlockQuoteKind::Caution => "caution",
        };
        self.block(&format!("<blockquote class=\"markdown-alert-{class}\">\n"));
    }

    fn fresh_line(&mut self) {
        if !self.html.is_empty() && !self.html.ends_with('\n') {
            self.html.push('\n');
        }
    }
}

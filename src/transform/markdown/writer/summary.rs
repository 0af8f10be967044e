//! The summary: what stands before `<!-- more -->`.

use std::ops::Range;

use pulldown_cmark::TagEnd;

use super::Writer;

impl Writer<'_> {
    /// Writes raw HTML; where it holds the first `<!-- more -->` of the page, the summary ends.
    pub(super) fn raw(&mut self, html: &str) {
        let marker = if self.summary.is_none() && !self.footnotes.is_inside() { find_marker(html) } else { None };
        let Some(marker) = marker else {
            self.html.push_str(html);
            return;
        };
        self.html.push_str(&html[..marker.start]);
        let mut summary = without_footnote_references(&self.html);
        summary.truncate(summary.trim_end().len());
        if self.open.iter().any(|&tag| tag != TagEnd::HtmlBlock) {
            let cutoff = (self.around.cutoff)(&summary);
            summary.push_str(&cutoff);
        }
        summary.extend(self.open.iter().rev().map(|&tag| closing(tag)));
        self.summary = Some(summary);
        self.html.push_str("<span id=\"continue-reading\"></span>");
        self.html.push_str(&html[marker.end..]);
    }
}

/// The end tag of an element, as far as it does not depend on what is in it.
pub(super) fn closing(tag: TagEnd) -> &'static str {
    match tag {
        TagEnd::Paragraph => "</p>\n",
        TagEnd::BlockQuote(_) => "</blockquote>\n",
        TagEnd::List(true) => "</ol>\n",
        TagEnd::List(false) => "</ul>\n",
        TagEnd::Item => "</li>\n",
        TagEnd::DefinitionList => "</dl>\n",
        TagEnd::DefinitionListTitle => "</dt>\n",
        TagEnd::DefinitionListDefinition => "</dd>\n",
        TagEnd::Table => "</table>\n",
        TagEnd::TableHead => "</tr>\n</thead>\n",
        TagEnd::TableRow => "</tr>\n",
        TagEnd::Emphasis => "</em>",
        TagEnd::Strong => "</strong>",
        TagEnd::Strikethrough => "</del>",
        TagEnd::Superscript => "</sup>",
        TagEnd::Subscript => "</sub>",
        TagEnd::Link => "</a>",
        TagEnd::TableCell
        | TagEnd::Heading(_)
        | TagEnd::CodeBlock
        | TagEnd::HtmlBlock
        | TagEnd::FootnoteDefinition
        | TagEnd::Image
        | TagEnd::MetadataBlock(_) => "",
    }
}

fn find_marker(html: &str) -> Option<Range<usize>> {
    html.match_indices("<!--").find_map(|(start, opening)| {
        let comment = &html[start + opening.len()..];
        let end = comment.find("-->")?;
        comment[..end].trim().eq_ignore_ascii_case("more").then_some(start..start + opening.len() + end + "-->".len())
    })
}

/// The notes are not on the page a summary is shown on.
fn without_footnote_references(html: &str) -> String {
    let mut kept = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once("<sup class=\"footnote-reference\"") {
        kept.push_str(before);
        rest = after.split_once("</sup>").map_or("", |(_, after)| after);
    }
    kept.push_str(rest);
    kept
}

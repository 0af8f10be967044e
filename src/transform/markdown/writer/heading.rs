//! Headings: their ids, their links to themselves, and their place in the table of contents.

use std::{fmt::Write as _, ops::Range};

use pulldown_cmark::{CowStr, Event, HeadingLevel, OffsetIter, Tag};

use super::Writer;
use crate::{
    diag::Diagnostic,
    transform::{
        escape,
        markdown::{Heading, HeadingLinks},
    },
};

pub(super) struct OpenHeading<'a> {
    /// Where its content begins in the page; its tag is put there when its id is known.
    pub(super) at: usize,
    pub(super) level: HeadingLevel,
    pub(super) id: Option<CowStr<'a>>,
    pub(super) classes: Vec<CowStr<'a>>,
    pub(super) attributes: Vec<(CowStr<'a>, Option<CowStr<'a>>)>,
    pub(super) title: String,
}

impl<'a> Writer<'a> {
    /// Ids the author chose go to their headings, wherever they stand; the others are made around them.
    pub(super) fn reserve_chosen_ids(&mut self, events: OffsetIter<'a>) {
        for (event, place) in events {
            if let Event::Start(Tag::Heading { id: Some(id), .. }) = event
                && !self.slugs.reserve(&id)
            {
                let place = self.text.in_file(&place);
                let message = format!("the heading id `{id}` is used twice on this page");
                let diagnostic = Diagnostic::error_at(self.source, place, message).as_warning();
                self.diagnostics.push(diagnostic.with_help("give one of the headings another id"));
            }
        }
    }

    pub(super) fn end_heading(&mut self, place: Range<usize>) {
        let Some(mut heading) = self.heading.take() else {
            return;
        };
        self.keep_braces(&mut heading, place);
        let title = heading.title.trim().to_owned();
        let id = heading.id.as_ref().map_or_else(|| self.slugs.of(&title), ToString::to_string);

        let level = heading.level;
        let mut tag = format!("<{level} id=\"");
        escape::attribute(&mut tag, &id);
        tag.push('"');
        if !heading.classes.is_empty() {
            tag.push_str(" class=\"");
            escape::attribute(&mut tag, &heading.classes.join(" "));
            tag.push('"');
        }
        for (name, value) in &heading.attributes {
            tag.push(' ');
            escape::attribute(&mut tag, name);
            tag.push_str("=\"");
            escape::attribute(&mut tag, value.as_deref().unwrap_or_default());
            tag.push('"');
        }
        tag.push('>');

        if self.options.heading_links != HeadingLinks::None {
            let link = (self.around.heading_link)(&id, level as u8);
            match self.options.heading_links {
                HeadingLinks::None => {}
                HeadingLinks::Left => tag.push_str(&link),
                HeadingLinks::Right => self.html.push_str(&link),
                HeadingLinks::Heading => {
                    if let Some(opening) = opening_tag(&link) {
                        tag.push_str(opening);
                        self.html.push_str("</a>");
                    }
                }
            }
        }
        self.html.insert_str(heading.at, &tag);
        // Writing to a string cannot fail.
        let _ = writeln!(self.html, "</{level}>");
        self.headings.push(Heading { level: level as u8, id, title, children: Vec::new() });
    }

    /// `### -Format {Text | XML}` is text: braces hold attributes only if there is an id, a class or a value among
    /// them.
    fn keep_braces(&mut self, heading: &mut OpenHeading<'a>, place: Range<usize>) {
        let meant = heading.id.is_some()
            || !heading.classes.is_empty()
            || heading.attributes.iter().any(|(_, value)| value.is_some());
        if meant {
            return;
        }
        heading.attributes.clear();
        let line = &self.text[place];
        let braces = line.rfind('{').zip(line.rfind('}')).and_then(|(start, end)| line.get(start..=end));
        if let Some(braces) = braces
            && !heading.title.ends_with(braces)
        {
            let braces = format!(" {braces}");
            escape::text(&mut self.html, &braces);
            heading.title.push_str(&braces);
        }
    }
}

/// The tag a link begins with: of a template's link, what goes around a heading's text.
fn opening_tag(link: &str) -> Option<&str> {
    let start =
        link.match_indices("<a").map(|(at, _)| at).find(|at| link[at + 2..].starts_with(char::is_whitespace))?;
    let end = link[start..].find('>')?;
    Some(&link[start..=start + end])
}

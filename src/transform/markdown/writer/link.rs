//! Links and images: where they lead, and what their elements say.

use std::ops::Range;

use pulldown_cmark::{CowStr, Event, OffsetIter, Tag, TagEnd};

use super::Writer;
use crate::{
    diag::Diagnostic,
    transform::{
        escape,
        markdown::{BrokenLinks, Link, Target, emoji},
    },
};

pub(super) struct OpenImage<'a> {
    pub(super) title: CowStr<'a>,
    pub(super) description: String,
    /// Images in the description, which count as their own descriptions.
    pub(super) depth: usize,
}

impl<'a> Writer<'a> {
    /// Writes `<a>`. `place` is the URL's.
    pub(super) fn start_link(&mut self, prefix: &str, url: &str, title: &str, place: Range<usize>) {
        let url = if prefix.is_empty() { self.target(url, &place) } else { format!("{prefix}{url}") };
        if url.is_empty() {
            self.break_link(&place, "this link is missing its URL".to_owned(), None);
        }
        self.html.push_str("<a href=\"");
        escape::url(&mut self.html, &url);
        self.html.push('"');
        if !title.is_empty() {
            self.html.push_str(" title=\"");
            escape::attribute(&mut self.html, title);
            self.html.push('"');
        }
        if is_external(&url) {
            self.mark_external();
        }
        self.html.push('>');
        self.anchors += 1;
        self.links.push(Link { url, span: self.text.in_file(&place) });
    }

    pub(super) fn start_image(&mut self, url: &str, title: CowStr<'a>, place: &Range<usize>) {
        let url = self.target(url, place);
        if url.is_empty() {
            self.break_link(place, "this image is missing its URL".to_owned(), None);
        }
        self.html.push_str("<img src=\"");
        escape::url(&mut self.html, &url);
        self.links.push(Link { url, span: self.text.in_file(place) });
        self.image = Some(OpenImage { title, description: String::new(), depth: 0 });
    }

    /// Takes what stands in an image's description, of which only the text is kept (CommonMark §6.4).
    pub(super) fn describe(&mut self, event: Event<'a>) {
        let Some(image) = &mut self.image else {
            return;
        };
        match event {
            Event::Text(text) if self.options.dialect.emoji => image.description.push_str(&emoji::replaced(&text)),
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                image.description.push_str(&text);
            }
            Event::SoftBreak | Event::HardBreak => image.description.push(' '),
            Event::Start(Tag::Image { .. }) => image.depth += 1,
            Event::End(TagEnd::Image) if image.depth > 0 => image.depth -= 1,
            Event::End(TagEnd::Image) => self.end_image(),
            _ => {}
        }
    }

    fn end_image(&mut self) {
        let Some(image) = self.image.take() else {
            return;
        };
        self.html.push_str("\" alt=\"");
        escape::attribute(&mut self.html, &image.description);
        if !image.title.is_empty() {
            self.html.push_str("\" title=\"");
            escape::attribute(&mut self.html, &image.title);
        }
        self.html.push_str(if self.options.lazy_images {
            "\" loading=\"lazy\" decoding=\"async\" />"
        } else {
            "\" />"
        });
    }

    fn mark_external(&mut self) {
        let external = &self.options.external_links;
        if let Some(class) = &external.class {
            self.html.push_str(" class=\"");
            escape::attribute(&mut self.html, class);
            self.html.push('"');
        }
        if external.target_blank {
            self.html.push_str(" target=\"_blank\"");
        }
        let relations: Vec<&str> = [
            (external.target_blank, "noopener"),
            (external.no_follow, "nofollow"),
            (external.no_referrer, "noreferrer"),
            (external.external, "external"),
        ]
        .into_iter()
        .filter_map(|(wanted, relation)| wanted.then_some(relation))
        .collect();
        if !relations.is_empty() {
            self.html.extend([" rel=\"", &relations.join(" "), "\""]);
        }
    }

    /// Where `url` leads; a broken one is reported and kept as it is.
    fn target(&mut self, url: &str, place: &Range<usize>) -> String {
        if url.is_empty() || url.starts_with('#') || url.starts_with("//") || has_scheme(url) {
            return url.to_owned();
        }
        match (self.around.resolve)(url) {
            Target::Unchanged => url.to_owned(),
            Target::Url(url) => url,
            Target::Broken { message, help } => {
                self.break_link(place, message, help);
                url.to_owned()
            }
        }
    }

    fn break_link(&mut self, place: &Range<usize>, message: String, help: Option<String>) {
        let mut diagnostic = Diagnostic::error_at(self.source, self.text.in_file(place), message);
        diagnostic.help = help;
        if self.options.broken_links == BrokenLinks::Warning {
            diagnostic = diagnostic.as_warning();
        }
        self.diagnostics.push(diagnostic);
    }

    /// Where the URL of a link or image stands: in it, or in the definition it refers to; the whole of either when the
    /// URL is written with escapes.
    pub(super) fn url_place(
        &self,
        url: &str,
        label: &str,
        whole: Range<usize>,
        events: &OffsetIter<'a>,
    ) -> Range<usize> {
        if url.is_empty() {
            return whole;
        }
        let (within, opening): (Range<usize>, &[&str]) =
            match (label.is_empty(), events.reference_definitions().get(label)) {
                (false, Some(definition)) => (definition.span.clone(), &["]:"]),
                _ => (whole, &["](", "<"]),
            };
        let text = &self.text[within.clone()];
        let begins_url = |&(at, _): &(usize, &str)| {
            let before = text[..at].trim_end_matches(|c: char| c == '<' || c.is_whitespace());
            opening.iter().any(|opening| before.ends_with(opening)) || text[..at].ends_with('<')
        };
        match text.match_indices(url).find(begins_url) {
            Some((at, _)) => within.start + at..within.start + at + url.len(),
            None => within,
        }
    }
}

/// Whether a URL is absolute (RFC 3986 §4.3).
fn has_scheme(url: &str) -> bool {
    let scheme = url.split([':', '/', '?', '#']).next().unwrap_or("");
    url[scheme.len()..].starts_with(':')
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

pub(in crate::transform::markdown) fn is_external(url: &str) -> bool {
    let begins = |prefix: &str| url.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    begins("http://") || begins("https://") || url.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes() {
        for (url, absolute, external) in [
            ("https://a.b", true, true),
            ("HTTP://a.b", true, true),
            ("mailto:a@b.c", true, false),
            ("xref:System.String", true, false),
            ("//a.b/c", false, true),
            ("a.md", false, false),
            ("@/a.md", false, false),
            ("./a:b.md", false, false),
            ("?a:b", false, false),
            (":a", false, false),
            ("1a:b", false, false),
            ("ä:b", false, false),
        ] {
            assert_eq!((has_scheme(url), is_external(url)), (absolute, external), "{url}");
        }
    }
}

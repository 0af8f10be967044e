//! Markdown that is a template, and the small templates that Markdown is written with. Both are rendered before there is
//! any content: templates in content see the site without it, so that no page has to wait for another.

use std::{borrow::Cow, ops::Range};

use tera::{Context, Value};

use super::{
    Renderer,
    mistake::{self, Content},
};
use crate::{
    diag::{Diagnostic, Source},
    load::{PageId, SectionId, Site},
    site::SitePath,
};

/// The template of a heading's link to itself, where the site has one.
pub const ANCHOR_LINK: &str = "anchor-link.html";

/// The template of what ends a summary in the midst of a block, where the site has one.
pub const SUMMARY_CUTOFF: &str = "summary-cutoff.html";

/// Whether a text has anything that Tera would do something with.
#[must_use]
pub fn is_template(text: &str) -> bool {
    text.match_indices('{').any(|(at, _)| matches!(text.as_bytes().get(at + 1), Some(b'{' | b'%')))
}

/// Whether anything of the site is rendered before its content is there.
pub(super) fn is_needed(site: &Site) -> bool {
    let pages = site.pages.iter().map(|page| (&page.relative, page.meta.skip_content_templating, &page.source));
    let sections =
        site.sections.iter().map(|section| (&section.relative, section.meta.skip_content_templating, &section.source));
    site.has_template(ANCHOR_LINK)
        || site.has_template(SUMMARY_CUTOFF)
        || pages
            .chain(sections)
            .any(|(relative, own, source)| is_template(&source.text) && site.templating.applies_to(relative, own))
}

impl Renderer<'_> {
    /// What the templates in a page's Markdown, which is `source[body]`, make of it; `None` when there are none.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn page_content(
        &self,
        id: PageId,
        source: &Source,
        body: &Range<usize>,
    ) -> Result<Option<String>, Vec<Diagnostic>> {
        let page = self.site.page(id);
        let own = page.meta.skip_content_templating;
        let text = &source.text[body.clone()];
        if !is_template(text) || !self.site.templating.applies_to(&page.relative, own) {
            return Ok(None);
        }
        let mut context = self.context(&page.path);
        context.insert_value("page", self.library.page_value(id));
        self.content(source, body.start, &page.lang, &context, &page.path).map(Some)
    }

    /// What the templates in a section's Markdown, which is `source[body]`, make of it; `None` when there are none.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn section_content(
        &self,
        id: SectionId,
        source: &Source,
        body: &Range<usize>,
    ) -> Result<Option<String>, Vec<Diagnostic>> {
        let section = self.site.section(id);
        let own = section.meta.skip_content_templating;
        let text = &source.text[body.clone()];
        if !is_template(text) || !self.site.templating.applies_to(&section.relative, own) {
            return Ok(None);
        }
        let mut context = self.context(&section.path);
        context.insert_value("section", self.library.section_value(id));
        self.content(source, body.start, &section.lang, &context, &section.path).map(Some)
    }

    /// A heading's link to itself, by the site's template for it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn anchor_link(&self, id: &str, level: u8, lang: &str, path: &SitePath) -> Result<String, Vec<Diagnostic>> {
        let mut context = Context::new();
        context.insert_value("id", Value::from(id));
        context.insert_value("level", Value::from(u64::from(level)));
        context.insert_value("lang", Value::from(lang));
        self.render(ANCHOR_LINK, lang, &context, path, None)
    }

    /// What ends a summary in the midst of a block, by the site's template for it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn summary_cutoff(&self, summary: &str, lang: &str, path: &SitePath) -> Result<String, Vec<Diagnostic>> {
        let mut context = Context::new();
        context.insert_value("summary", Value::safe_string(summary));
        context.insert_value("lang", Value::from(lang));
        self.render(SUMMARY_CUTOFF, lang, &context, path, None)
    }

    fn content(
        &self,
        source: &Source,
        start: usize,
        lang: &str,
        context: &Context,
        path: &SitePath,
    ) -> Result<String, Vec<Diagnostic>> {
        let text = without_heading_ids(&source.text[start..]);
        match self.tera(lang).render_str(&text, context, false) {
            Ok(made) => Ok(match text {
                Cow::Borrowed(_) => made,
                Cow::Owned(_) => made.replace(HIDDEN, "{#"),
            }),
            Err(error) => {
                let found = mistake::in_content(self.site, Content { source, start, text: &text }, &error);
                let step = format!("while rendering the text of {path}");
                Err(found.into_iter().map(|one| self.at_its_place(one).traced(step.clone())).collect())
            }
        }
    }

    /// What templates in content give to functions, filters and tests that have no use for it.
    pub(super) fn unknown_arguments_in_content(&self) -> Vec<Diagnostic> {
        let templating = &self.site.templating;
        let pages = self.site.pages.iter().filter(|page| {
            templating.applies_to(&page.relative, page.meta.skip_content_templating) && is_template(&page.source.text)
        });
        let sections = self.site.sections.iter().filter(|section| {
            templating.applies_to(&section.relative, section.meta.skip_content_templating)
                && is_template(&section.source.text)
        });
        let texts = pages.map(|page| (&page.source, page.body.clone()));
        let texts = texts.chain(sections.map(|section| (&section.source, section.body.clone())));
        let told = texts.map(|(source, body)| {
            let text = without_heading_ids(&source.text[body.clone()]);
            mistake::in_calls(source, body.start, &text)
        });
        told.flatten().collect()
    }
}

/// What stands for `{#` while Tera reads a text: of the same length, so that places stay.
const HIDDEN: &str = "{\u{1}";

/// `## Title {#id}` is a heading with an id, and no comment of Tera's: that one ends in `#}`.
fn without_heading_ids(text: &str) -> Cow<'_, str> {
    let is_id = |&at: &usize| {
        let rest = &text[at + 2..];
        let end = rest.find(['}', '\n', '{']).unwrap_or(rest.len());
        rest[end..].starts_with('}')
            && !rest[..end].ends_with('#')
            && rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
    };
    let ids: Vec<usize> = text.match_indices("{#").map(|(at, _)| at).filter(is_id).collect();
    if ids.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut hidden = String::with_capacity(text.len());
    let mut copied = 0;
    for at in ids {
        hidden.extend([&text[copied..at], HIDDEN]);
        copied = at + 2;
    }
    hidden.push_str(&text[copied..]);
    Cow::Owned(hidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_template() {
        for (text, expected) in [
            ("", false),
            ("a { b } {# c", false),
            ("## Title {#id}", false),
            ("a {{ b", true),
            ("{%", true),
            ("{", false),
        ] {
            assert_eq!(is_template(text), expected, "{text}");
        }
    }

    #[test]
    fn ids_of_headings_are_no_comments() {
        for (text, hidden) in [
            ("# A {#a .b}\n", "# A {\u{1}a .b}\n"),
            ("{# a #} {#b#} {#c}", "{# a #} {#b#} {\u{1}c}"),
            ("{#- a -#}{#", "{#- a -#}{#"),
        ] {
            assert_eq!(without_heading_ids(text), hidden);
        }
    }
}

//! A page in its languages, as search engines are told of it: in the heads of pages and in the sitemap. A page that stands in
//! for a translation is none.

use super::{Page, Section, Site};
use crate::{diag::Diagnostic, site::SitePath};

/// One language's version of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alternate<'a> {
    /// `x-default` is for whoever speaks none of the others.
    pub lang: &'a str,
    pub path: &'a SitePath,
}

impl Site {
    /// The versions of a page, itself among them, the default language's first and last. Empty where there is but one.
    #[must_use]
    pub fn page_alternates(&self, page: &Page) -> Vec<Alternate<'_>> {
        let all = page.translations.iter().map(|&id| self.page(id));
        let all = all.filter(|page| page.meta.render && !page.is_fallback);
        self.alternates(page.is_fallback, all.map(|page| Alternate { lang: &page.lang, path: &page.path }).collect())
    }

    /// The versions of a section, as for a page.
    #[must_use]
    pub fn section_alternates(&self, section: &Section) -> Vec<Alternate<'_>> {
        let all = section.translations.iter().map(|&id| self.section(id));
        let all = all.filter(|section| section.is_rendered() && !section.is_fallback);
        let all = all.map(|section| Alternate { lang: &section.lang, path: &section.path });
        self.alternates(section.is_fallback, all.collect())
    }

    fn alternates<'a>(&self, is_fallback: bool, mut all: Vec<Alternate<'a>>) -> Vec<Alternate<'a>> {
        if is_fallback || all.len() < 2 {
            return Vec::new();
        }
        let default = all.iter().find(|one| self.config.languages.is_default(one.lang));
        let default = default.map(|one| Alternate { lang: "x-default", path: one.path });
        all.extend(default);
        all
    }

    /// Whether search engines are told by themselves; they want whole addresses.
    #[must_use]
    pub fn tells_alternates(&self) -> bool {
        self.config.translation.hreflang.is_some() && self.config.base_url.is_some()
    }
}

/// Says that nobody is told of the languages of a site that does not know its address.
pub(super) fn check(site: &Site, diagnostics: &mut Vec<Diagnostic>) {
    if let Some(span) = site.config.translation.hreflang.clone().filter(|_| site.config.base_url.is_none()) {
        let message = "search engines want whole addresses, and this site does not know its own: they are told nothing";
        let help = "set `base_url`, as in `base_url = \"https://example.com\"`";
        diagnostics.push(Diagnostic::error_at(&site.config.source, span, message).as_warning().with_help(help));
    }
}

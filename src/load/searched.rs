//! What a search index holds: the pages and sections of a language that a visitor can be led to and that do not say no. A
//! section that says no says it for its pages, too.

use super::{PageId, SectionId, Site};
use crate::{diag::Diagnostic, site::SitePath};

/// Something that can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Searched {
    Page(PageId),
    Section(SectionId),
}

impl Site {
    /// All that can be found in a language, each once, sorted by path.
    #[must_use]
    pub fn searched(&self, lang: &str) -> Vec<Searched> {
        let is_open = |id: &SectionId| self.section(*id).meta.in_search_index;
        let pages = self.pages.iter().enumerate().filter(|(_, page)| {
            page.lang == lang
                && page.meta.render
                && page.meta.in_search_index
                && page.ancestors.last().is_none_or(is_open)
        });
        let sections = self
            .sections
            .iter()
            .enumerate()
            .filter(|(_, section)| section.lang == lang && section.is_rendered() && section.meta.in_search_index);
        let pages = pages.map(|(id, _)| Searched::Page(PageId(id)));
        let mut all: Vec<_> = pages.chain(sections.map(|(id, _)| Searched::Section(SectionId(id)))).collect();
        all.sort_by_key(|&one| self.searched_path(one));
        all
    }

    #[must_use]
    pub fn searched_path(&self, one: Searched) -> &SitePath {
        match one {
            Searched::Page(id) => &self.page(id).path,
            Searched::Section(id) => &self.section(id).path,
        }
    }
}

/// Tells of languages whose words elasticlunr cannot take apart.
pub(super) fn check(site: &Site, diagnostics: &mut Vec<Diagnostic>) {
    for (lang, lists) in site.config.lists() {
        let Some(span) = &lists.build_search_index else { continue };
        if site.config.search_of(lang).format.is_elasticlunr() && elasticlunr_language(lang).is_none() {
            let message = format!("elasticlunr has no search index for the language `{lang}`");
            let help = "Fuse.js takes any language: set `index_format = \"fuse_javascript\"` in `[search]`";
            diagnostics.push(Diagnostic::error_at(&site.config.source, span.clone(), message).with_help(help));
        }
    }
}

/// The language of a tag such as `pt-BR`, by its first subtag: the library knows no others.
#[must_use]
pub fn elasticlunr_language(lang: &str) -> Option<Box<dyn elasticlunr::Language>> {
    let primary = lang.split(['-', '_']).next().unwrap_or(lang);
    elasticlunr::lang::from_code(match primary {
        // Dutch has another name there, and Bokmål and Nynorsk have one.
        "nl" => "du",
        "nb" | "nn" => "no",
        other => other,
    })
}

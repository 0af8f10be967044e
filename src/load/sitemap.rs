//! What a sitemap lists: every page a visitor can be shown, once, by the path it is at. What redirects is not listed, nor what
//! stands in for a translation: it says of itself that the original is to be found.

use super::{ListId, PageDate, SectionId, Site, Table};
use crate::site::SitePath;

/// A page, with what a search engine may want to know of it.
#[derive(Clone, Debug)]
pub struct SitemapEntry<'a> {
    pub path: SitePath,
    pub updated: Option<&'a PageDate>,
    /// Of pages and sections.
    pub extra: Option<&'a Table>,
}

impl Site {
    /// All entries, sorted by path.
    #[must_use]
    pub fn sitemap(&self) -> Vec<SitemapEntry<'_>> {
        let mut entries = Vec::with_capacity(self.pages.len() + self.sections.len());
        for page in self.pages.iter().filter(|page| page.meta.render && !page.is_fallback) {
            let updated = page.meta.updated.as_ref().or(page.date.as_ref());
            entries.push(SitemapEntry { path: page.path.clone(), updated, extra: Some(&page.meta.extra) });
        }
        for (id, section) in
            self.sections.iter().enumerate().filter(|(_, section)| section.is_rendered() && !section.is_fallback)
        {
            let extra = Some(&section.meta.extra);
            entries.push(SitemapEntry { path: section.path.clone(), updated: None, extra });
            self.pagers(ListId::Section(SectionId(id)), &mut entries);
        }
        for (id, taxonomy) in self.rendered_taxonomies() {
            entries.push(SitemapEntry { path: taxonomy.path.clone(), updated: None, extra: None });
            for (id, term) in taxonomy.terms(id) {
                entries.push(SitemapEntry { path: term.path.clone(), updated: None, extra: None });
                self.pagers(ListId::Term(id), &mut entries);
            }
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries
    }

    /// All but the first, which is the list itself.
    fn pagers(&self, list: ListId, entries: &mut Vec<SitemapEntry<'_>>) {
        let Some(pagination) = self.pagination(list).filter(|_| !self.config.exclude_pagers) else { return };
        let paths = (2..=pagination.count()).filter_map(|number| pagination.path(number));
        entries.extend(paths.map(|path| SitemapEntry { path, updated: None, extra: None }));
    }
}

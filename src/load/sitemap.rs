//! What a sitemap lists: every page a visitor can be shown, once, by the path it is at. What redirects is not listed, nor what
//! stands in for a translation: it says of itself that the original is to be found.

use super::{Alternate, ListId, PageDate, SectionId, Site, Table};
use crate::site::SitePath;

/// A page, with what a search engine may want to know of it.
#[derive(Clone, Debug)]
pub struct SitemapEntry<'a> {
    pub path: SitePath,
    pub updated: Option<&'a PageDate>,
    /// Of pages and sections.
    pub extra: Option<&'a Table>,
    /// The page in its languages, where the site tells search engines of them.
    pub alternates: Vec<Alternate<'a>>,
}

impl SitemapEntry<'_> {
    fn of_list(path: SitePath) -> Self {
        Self { path, updated: None, extra: None, alternates: Vec::new() }
    }
}

impl Site {
    /// All entries, sorted by path.
    #[must_use]
    pub fn sitemap(&self) -> Vec<SitemapEntry<'_>> {
        let tells = self.tells_alternates();
        let mut entries = Vec::with_capacity(self.pages.len() + self.sections.len());
        for page in self.pages.iter().filter(|page| page.meta.render && !page.is_fallback) {
            let updated = page.meta.updated.as_ref().or(page.date.as_ref());
            let alternates = if tells { self.page_alternates(page) } else { Vec::new() };
            entries.push(SitemapEntry { path: page.path.clone(), updated, extra: Some(&page.meta.extra), alternates });
        }
        for (id, section) in
            self.sections.iter().enumerate().filter(|(_, section)| section.is_rendered() && !section.is_fallback)
        {
            let extra = Some(&section.meta.extra);
            let alternates = if tells { self.section_alternates(section) } else { Vec::new() };
            entries.push(SitemapEntry { path: section.path.clone(), updated: None, extra, alternates });
            self.pagers(ListId::Section(SectionId(id)), &mut entries);
        }
        for (id, taxonomy) in self.rendered_taxonomies() {
            entries.push(SitemapEntry::of_list(taxonomy.path.clone()));
            for (id, term) in taxonomy.terms(id) {
                entries.push(SitemapEntry::of_list(term.path.clone()));
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
        entries.extend(paths.map(SitemapEntry::of_list));
    }
}

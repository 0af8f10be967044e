//! The routes of what lists pages: pagers, taxonomies and their terms, feeds, the sitemap, search indexes.

use std::sync::Arc;

use super::{Origin, Owner, Routes, Target};
use crate::{
    load::{ListId, Pagination, SectionId, Site},
    site::SitePath,
};

/// A sitemap with more entries is split. The protocol takes 50,000 (sitemaps.org), and Zola 30,000.
const SITEMAP_ENTRIES: usize = 30_000;

const SITEMAP: &str = "sitemap.xml";

impl Routes {
    /// Taxonomies, terms, pagers, feeds.
    pub(super) fn lists(&mut self, site: &Site) {
        let config = &site.config.source;
        for (id, section) in site.sections.iter().enumerate() {
            let list = ListId::Section(SectionId(id));
            if let Some(pagination) = site.pagination(list) {
                self.pagers(list, &pagination, &section.source.path, &section.source.path);
            }
        }
        for (id, taxonomy) in site.rendered_taxonomies() {
            let place = || Some((config, taxonomy.kind.name.span.clone()));
            let name = format!("the taxonomy `{}`", taxonomy.kind.name.value);
            self.claim_as(&taxonomy.path, Origin::Taxonomy(id), name, &config.path, place());
            for (id, term) in taxonomy.terms(id) {
                let name = format!("the term `{}` of the taxonomy `{}`", term.name, taxonomy.kind.name.value);
                self.claim_as(&term.path, Origin::Term(id), name.clone(), &config.path, place());
                let list = ListId::Term(id);
                if let Some(pagination) = site.pagination(list) {
                    self.pagers(list, &pagination, &name, &config.path);
                }
            }
        }
        for (feed, place) in site.feeds() {
            let path = feed.path.clone();
            let name = format!("a feed that {} asks for", place.0.path);
            self.claim_as(&path, Origin::Feed(feed), name, &place.0.path.clone(), Some(place));
        }
    }

    /// All but the first.
    fn pagers(&mut self, list: ListId, pagination: &Pagination<'_>, name: &str, source: &Arc<str>) {
        for number in 2..=pagination.count() {
            // A path that is too long is that of the list already, which has been told.
            let Some(path) = pagination.path(number) else { continue };
            self.claim_as(&path, Origin::Pager(list, number), format!("page {number} of {name}"), source, None);
        }
    }

    /// Visitors may write `/page/1/`; it leads to the list itself.
    pub(super) fn first_pagers(&mut self, site: &Site) {
        for pagination in site.lists().filter_map(|list| site.pagination(list)) {
            if let (Some(from), Some(to)) = (pagination.numbered(1), pagination.path(1)) {
                self.redirect_if_free(from, to);
            }
        }
    }

    /// Pagers move with their section.
    pub(super) fn pagers_of_alias(&mut self, site: &Site, section: SectionId, alias: &SitePath) {
        let pagination = site.pagination(ListId::Section(section)).filter(|_| alias.is_index());
        let Some(pagination) = pagination else { return };
        for number in 1..=pagination.count() {
            if let (Some(from), Some(to)) = (pagination.numbered_below(alias, number), pagination.path(number)) {
                self.redirect_if_free(from, to);
            }
        }
    }

    /// A sitemap lists whole addresses (sitemaps.org), so it needs `base_url`. There is none where the site has a file in its
    /// place, or does not want one.
    pub(super) fn sitemap(&mut self, site: &Site) {
        let Ok(path) = SitePath::parse(&format!("/{SITEMAP}")) else { return };
        let has_own = self.owners.contains_key(&path) && !site.has_template(SITEMAP);
        if !site.config.generate_sitemap || site.config.base_url.is_none() || has_own {
            return;
        }
        let template = site.templates.iter().find(|template| template.name == SITEMAP);
        let owner =
            template.map_or_else(|| format!("{}/templates/{SITEMAP}", site.root).into(), |one| one.source.path.clone());
        let entries = site.sitemap().len();
        if entries <= SITEMAP_ENTRIES {
            self.claim(&path, Origin::Sitemap(0..entries), &owner, None);
            return;
        }
        let starts = (0..entries).step_by(SITEMAP_ENTRIES);
        let mut parts = Vec::new();
        for (number, start) in (1..).zip(starts) {
            let Ok(part) = SitePath::parse(&format!("/sitemap{number}.xml")) else { continue };
            self.claim(&part, Origin::Sitemap(start..entries.min(start + SITEMAP_ENTRIES)), &owner, None);
            parts.push(part);
        }
        self.claim(&path, Origin::SitemapIndex(parts), &owner, None);
    }

    /// A search index for each language that asks for one, and the script that reads them, unless the site has its own.
    pub(super) fn search(&mut self, site: &Site) {
        let config = &site.config.source;
        let mut needs_library = false;
        for (lang, lists) in site.config.lists() {
            let Some(span) = &lists.build_search_index else { continue };
            let format = site.config.search_of(lang).format;
            needs_library |= format.is_elasticlunr();
            if let Ok(path) = SitePath::parse(&format!("/{}", format.file_name(lang))) {
                let place = Some((config, span.clone()));
                let name = format!("the search index of `{lang}`");
                self.claim_as(&path, Origin::SearchIndex(lang.to_owned()), name, &config.path, place);
            }
        }
        if needs_library && let Ok(path) = SitePath::parse("/elasticlunr.min.js") {
            let name = "the script that reads search indexes".to_owned();
            self.owners.entry(path).or_insert(Owner { origin: Origin::SearchLibrary, name });
        }
    }

    fn redirect_if_free(&mut self, from: SitePath, to: SitePath) {
        let name = format!("a redirect to {to}");
        self.owners.entry(from).or_insert(Owner { origin: Origin::Redirect(Target::Path(to, String::new())), name });
    }
}

//! Which pages and sections link to a page: `backlinks`, known when all Markdown is rendered. A link counts by where it
//! leads, however it is written. Only who links to whom is kept: the value of a page has its list made with it.

use std::collections::HashMap;

use tera::{Map, Value};

use super::Contents;
use crate::{
    load::{PageId, SectionId, Site},
    transform::markdown::Link,
};

/// What links to each page and each section of a site: URLs in order, and once each.
#[derive(Debug, Default)]
pub(super) struct Backlinks(HashMap<Place, Vec<Place>>);

/// A page or a section, as what links and as what is linked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Page(PageId),
    Section(SectionId),
}

/// The URLs of a site's pages and sections, in its order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Urls<'a> {
    pub(super) pages: &'a [String],
    pub(super) sections: &'a [String],
}

impl<'a> Urls<'a> {
    fn of(self, place: Place) -> &'a str {
        match place {
            Place::Page(id) => &self.pages[id.0],
            Place::Section(id) => &self.sections[id.0],
        }
    }

    fn by_url(self) -> HashMap<&'a str, Place> {
        let sections = self.sections.iter().enumerate().map(|(id, url)| (url.as_str(), Place::Section(SectionId(id))));
        let pages = self.pages.iter().enumerate().map(|(id, url)| (url.as_str(), Place::Page(PageId(id))));
        sections.chain(pages).collect()
    }
}

impl Backlinks {
    pub(super) fn new(site: &Site, contents: &Contents, urls: Urls<'_>) -> Self {
        let mut found = Self::default();
        // Few sites ask.
        if !site.templates.iter().any(|template| template.source.text.contains("backlinks")) {
            return found;
        }
        let places = urls.by_url();
        // What nobody can be shown is nowhere one could go back to, and what stands in for a translation is a second copy.
        for (id, (page, content)) in site.pages.iter().zip(&contents.pages).enumerate() {
            if page.meta.render && !page.is_fallback {
                found.note(Place::Page(PageId(id)), &content.links, &places);
            }
        }
        for (id, (section, content)) in site.sections.iter().zip(&contents.sections).enumerate() {
            if section.is_rendered() && !section.is_fallback {
                found.note(Place::Section(SectionId(id)), &content.links, &places);
            }
        }
        for origins in found.0.values_mut() {
            origins.sort_by_key(|&origin| urls.of(origin));
            origins.dedup();
        }
        found
    }

    /// Adds what `origin` links to, except itself.
    fn note(&mut self, origin: Place, links: &[Link], places: &HashMap<&str, Place>) {
        for link in links {
            let target = &link.url[..link.url.find(['#', '?']).unwrap_or(link.url.len())];
            if let Some(&place) = places.get(target)
                && place != origin
            {
                self.0.entry(place).or_default().push(origin);
            }
        }
    }

    /// What templates see of it.
    pub(super) fn of(&self, site: &Site, place: Place, urls: Urls<'_>) -> Value {
        let origins = self.0.get(&place).into_iter().flatten().map(|&origin| {
            let title = match origin {
                Place::Page(id) => &site.page(id).meta.title,
                Place::Section(id) => &site.section(id).meta.title,
            };
            let mut map = Map::with_capacity(2);
            map.insert("permalink".into(), urls.of(origin).into());
            map.insert("title".into(), title.as_deref().into());
            Value::from(map)
        });
        Value::from(origins.collect::<Vec<_>>())
    }
}

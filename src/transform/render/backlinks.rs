//! Which pages and sections link to a page: `backlinks`, known when all Markdown is rendered. A link counts by where it
//! leads, however it is written.

use std::collections::{BTreeSet, HashMap};

use tera::{Map, Value};

use super::{Contents, Rendered};
use crate::load::Site;

/// Of every page and every section, in the site's order, what links to it.
#[derive(Debug)]
pub(super) struct Backlinks {
    pub(super) pages: Vec<Value>,
    pub(super) sections: Vec<Value>,
}

/// What links: its URL comes first, so that links are sorted by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Origin<'a> {
    url: &'a str,
    title: Option<&'a str>,
}

impl Backlinks {
    /// `page_urls` and `section_urls` are those of the site's pages and sections, in its order.
    pub(super) fn new(site: &Site, contents: &Contents, page_urls: &[String], section_urls: &[String]) -> Self {
        let mut found: HashMap<&str, BTreeSet<Origin<'_>>> = HashMap::new();
        // Few sites ask, and to have it at hand costs as much as all links of the site.
        if !site.templates.iter().any(|template| template.source.text.contains("backlinks")) {
            let none = |urls: &[String]| vec![value(None); urls.len()];
            return Self { pages: none(page_urls), sections: none(section_urls) };
        }
        // What nobody can be shown is nowhere one could go back to, and what stands in for a translation is a second copy.
        for ((page, url), content) in site.pages.iter().zip(page_urls).zip(&contents.pages) {
            if page.meta.render && !page.is_fallback {
                note(&mut found, Origin { url, title: page.meta.title.as_deref() }, content);
            }
        }
        for ((section, url), content) in site.sections.iter().zip(section_urls).zip(&contents.sections) {
            if section.is_rendered() && !section.is_fallback {
                note(&mut found, Origin { url, title: section.meta.title.as_deref() }, content);
            }
        }
        let of = |urls: &[String]| urls.iter().map(|url| value(found.get(url.as_str()))).collect();
        Self { pages: of(page_urls), sections: of(section_urls) }
    }
}

/// Adds what `content` links to, except itself.
fn note<'a>(found: &mut HashMap<&'a str, BTreeSet<Origin<'a>>>, origin: Origin<'a>, content: &'a Rendered) {
    for link in &content.links {
        let target = &link.url[..link.url.find(['#', '?']).unwrap_or(link.url.len())];
        if target.starts_with('/') && target != origin.url {
            found.entry(target).or_default().insert(origin);
        }
    }
}

fn value(origins: Option<&BTreeSet<Origin<'_>>>) -> Value {
    let origins = origins.into_iter().flatten().map(|origin| {
        let mut map = Map::with_capacity(2);
        map.insert("permalink".into(), origin.url.into());
        map.insert("title".into(), origin.title.into());
        Value::from(map)
    });
    Value::from(origins.collect::<Vec<_>>())
}

//! What templates see of lists, in Zola's shape: taxonomies and their terms, paginators, feeds, sitemaps. Lists hold the values
//! of pages that are there already, so that what a list costs is a pointer for each of its pages.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use tera::{Context, Map, Value};

use super::{
    languages,
    values::{Library, url},
};
use crate::{
    diag::did_you_mean,
    load::{Feed, FeedList, Highlighting, Pagination, Site, Taxonomy, TaxonomyConfig, TaxonomyId, Term, TermId},
    transform::{absolute::absolute, formats::of_table},
};

/// Set where a text is read away from its site, so that all its URLs are whole.
pub(super) const WHOLE_URLS: &str = "__whole_urls";

/// The taxonomies of a site.
#[derive(Debug, Default)]
pub(super) struct Taxonomies {
    /// In the site's order.
    all: Vec<Listed>,
    /// By language, and by name as well as by slug.
    named: HashMap<String, HashMap<String, TaxonomyId>>,
}

#[derive(Debug)]
struct Listed {
    /// Its configuration.
    kind: Value,
    /// Sorted.
    slugs: Vec<String>,
    names: Vec<String>,
}

impl Taxonomies {
    pub(super) fn new(site: &Site) -> Self {
        let mut named: HashMap<String, HashMap<String, TaxonomyId>> = HashMap::new();
        for (id, taxonomy) in site.taxonomies.iter().enumerate() {
            let of_language = named.entry(taxonomy.lang.clone()).or_default();
            for name in [&taxonomy.kind.name.value, &taxonomy.kind.slug] {
                of_language.entry(name.clone()).or_insert(TaxonomyId(id));
            }
        }
        Self { all: site.taxonomies.iter().map(Listed::new).collect(), named }
    }

    pub(super) fn kind(&self, id: TaxonomyId) -> Value {
        self.all[id.0].kind.clone()
    }

    /// The taxonomy of this language with this name or slug, or what is said when there is none.
    pub(super) fn find(&self, lang: &str, name: &str) -> Result<TaxonomyId, String> {
        let of_language = self.named.get(lang);
        if let Some(id) = of_language.and_then(|all| all.get(name)) {
            return Ok(*id);
        }
        let known = of_language.into_iter().flat_map(|all| all.keys().map(String::as_str));
        let meant = did_you_mean(name, known).map_or(String::new(), |meant| format!(". Did you mean `{meant}`?"));
        Err(format!("there is no taxonomy `{name}` for the language `{lang}`{meant}"))
    }

    /// The term with this slug; `name` is what it is called in what is said when there is none.
    pub(super) fn find_term(&self, taxonomy: TaxonomyId, slug: &str, name: &str) -> Result<TermId, String> {
        let listed = &self.all[taxonomy.0];
        if let Ok(nth) = listed.slugs.binary_search_by(|known| known.as_str().cmp(slug)) {
            return Ok(TermId(taxonomy, nth));
        }
        let meant = did_you_mean(name, listed.names.iter().map(String::as_str));
        let meant = meant.map_or(String::new(), |meant| format!(". Did you mean `{meant}`?"));
        let kind = listed.kind.get_from_path("name").and_then(Value::as_str).unwrap_or_default();
        Err(format!("no page has the term `{name}` of the taxonomy `{kind}`{meant}"))
    }
}

impl Listed {
    fn new(taxonomy: &Taxonomy) -> Self {
        Self {
            kind: kind(&taxonomy.kind),
            slugs: taxonomy.terms.iter().map(|term| term.slug.clone()).collect(),
            names: taxonomy.terms.iter().map(|term| term.name.clone()).collect(),
        }
    }
}

pub(super) fn kind(config: &TaxonomyConfig) -> Value {
    let mut map = Map::with_capacity(6);
    map.insert("name".into(), config.name.value.as_str().into());
    map.insert("slug".into(), config.slug.as_str().into());
    map.insert("paginate_by".into(), config.paginate_by.map(std::num::NonZeroUsize::get).into());
    map.insert("paginate_path".into(), config.paginate_path.as_str().into());
    map.insert("feed".into(), config.feed.into());
    map.insert("render".into(), config.render.into());
    Value::from(map)
}

/// A taxonomy with its terms.
pub(super) fn taxonomy(site: &Site, library: &Library, id: TaxonomyId) -> Value {
    taxonomy_of(site, library, id, library.term_values(id))
}

/// The same with these as its terms.
pub(super) fn taxonomy_of(site: &Site, library: &Library, id: TaxonomyId, terms: Value) -> Value {
    let taxonomy = site.taxonomy(id);
    let mut map = Map::with_capacity(6);
    map.insert("kind".into(), library.taxonomies.kind(id));
    map.insert("lang".into(), taxonomy.lang.as_str().into());
    map.insert("slug".into(), taxonomy.kind.slug.as_str().into());
    map.insert("path".into(), taxonomy.path.as_str().into());
    map.insert("permalink".into(), url(site, &taxonomy.path).into());
    map.insert("items".into(), terms);
    Value::from(map)
}

pub(super) fn term(site: &Site, term: &Term, pages: Value) -> Value {
    let mut map = term_alone(term, url(site, &term.path));
    map.insert("pages".into(), pages);
    Value::from(map)
}

fn term_alone(term: &Term, permalink: String) -> Map {
    let mut map = Map::with_capacity(6);
    map.insert("name".into(), term.name.as_str().into());
    map.insert("slug".into(), term.slug.as_str().into());
    map.insert("path".into(), term.path.as_str().into());
    map.insert("permalink".into(), permalink.into());
    map.insert("page_count".into(), term.pages.len().into());
    map
}

/// The variable of one pager.
pub(super) fn paginator(site: &Site, library: &Library, pagination: &Pagination<'_>, number: usize) -> Value {
    let pages = pagination.pages(number).map(|id| library.page_value(id)).collect::<Vec<_>>();
    paginator_of(site, pagination, number, pages.into())
}

/// The same with these as its pages.
pub(super) fn paginator_of(site: &Site, pagination: &Pagination<'_>, number: usize, pages: Value) -> Value {
    let count = pagination.count();
    let permalink = |number: usize| Value::from(pagination.path(number).map(|path| url(site, &path)));
    let mut map = Map::with_capacity(10);
    map.insert("paginate_by".into(), pagination.paginate_by.get().into());
    map.insert("base_url".into(), pagination.base_url().into());
    map.insert("number_pagers".into(), count.into());
    map.insert("first".into(), permalink(1));
    map.insert("last".into(), permalink(count));
    map.insert("previous".into(), if number > 1 { permalink(number - 1) } else { Value::none() });
    map.insert("next".into(), if number < count { permalink(number + 1) } else { Value::none() });
    map.insert("pages".into(), pages);
    map.insert("current_index".into(), number.into());
    map.insert("total_pages".into(), pagination.total().into());
    Value::from(map)
}

/// What a feed's template sees besides what all templates do.
pub(super) fn feed(site: &Site, library: &Library, feed: &Feed, context: &mut Context) {
    let base_url = site.config.base_url.as_deref().unwrap_or_default();
    let whole = |path| format!("{base_url}{}", url(site, path));
    let listed = site.feed_pages(&feed.list);
    let pages = listed.pages.iter().map(|&id| library.whole_page(id)).collect::<Vec<_>>();
    context.insert_value(WHOLE_URLS, true.into());
    context.insert_value("feed_url", Value::from(whole(&feed.path)));
    context.insert_value("lang", Value::from(site.feed_language(&feed.list)));
    context.insert_value("pages", Value::from(pages));
    if let Some(date) = listed.last_updated {
        context.insert_value("last_updated", date.text.as_str().into());
    }
    match &feed.list {
        FeedList::Language(_) => {}
        FeedList::Section(id) => {
            let section = site.section(*id);
            let mut map = read_elsewhere(&library.section_value(*id), base_url);
            let pages = section.pages.iter().map(|&id| library.whole_page(id)).collect::<Vec<_>>();
            map.insert("pages".into(), pages.into());
            context.insert_value("section", Value::from(map));
        }
        FeedList::Term(id) => {
            let term = site.term(*id).1;
            context.insert_value("taxonomy", library.taxonomies.kind(id.0));
            context.insert_value("term", Value::from(term_alone(term, whole(&term.path))));
        }
    }
}

/// The URLs of taxonomies, terms and pagers.
pub(super) fn urls(site: &Site) -> impl Iterator<Item = String> {
    let taxonomies = site.rendered_taxonomies().flat_map(|(_, taxonomy)| {
        let terms = taxonomy.terms.iter().map(|term| &term.path);
        terms.chain([&taxonomy.path]).cloned()
    });
    let pagers = site.lists().filter_map(|list| site.pagination(list));
    let pagers = pagers.flat_map(|pagination| (2..=pagination.count()).filter_map(move |nth| pagination.path(nth)));
    taxonomies.chain(pagers).map(|path| url(site, &path))
}

/// The files the build writes besides, without the slash they begin with.
pub(super) fn files(site: &Site) -> HashSet<String> {
    let feeds = site.feeds().into_iter().map(|(feed, _)| feed.path.as_str().trim_matches('/').to_owned());
    let searched = site.config.lists().filter(|(_, lists)| lists.build_search_index.is_some());
    let indexes = searched.map(|(lang, _)| site.config.search_of(lang).format.file_name(lang));
    feeds.chain(indexes).chain(["elasticlunr.min.js".to_owned()]).collect()
}

/// The files whose bytes are known when all pages are rendered: search indexes and their script, style sheets of code.
pub(super) fn written(site: &Site) -> HashSet<String> {
    let searched = site.config.lists().filter(|(_, lists)| lists.build_search_index.is_some());
    let formats: Vec<_> = searched.map(|(lang, _)| (lang, site.config.search_of(lang).format)).collect();
    let library = formats.iter().any(|(_, format)| format.is_elasticlunr()).then(|| "elasticlunr.min.js".to_owned());
    let indexes = formats.iter().map(|(lang, format)| format.file_name(lang));
    let highlighting = site.config.markdown.highlighting.iter();
    let sheets = highlighting.flat_map(Highlighting::sheets).map(|(path, _)| path[1..].to_owned());
    indexes.chain(library).chain(sheets).collect()
}

/// A page as feeds have it.
pub(super) fn whole_page(page: &Value, base_url: &str) -> Value {
    Value::from(read_elsewhere(page, base_url))
}

/// A page or section whose URLs are whole, and whose HTML is text, which is escaped where it is written.
fn read_elsewhere(value: &Value, base_url: &str) -> Map {
    let mut map = value.as_map().cloned().unwrap_or_default();
    let text = |key| value.get_from_path(key).and_then(Value::as_str);
    let permalink = format!("{base_url}{}", text("permalink").unwrap_or_default());
    for key in ["content", "summary"] {
        if let Some(html) = text(key) {
            map.insert(key.into(), Value::normal_string(&absolute(html, base_url, &permalink)));
        }
    }
    map.insert("permalink".into(), permalink.into());
    map
}

/// These entries of a sitemap: whole URLs, in order.
pub(super) fn sitemap(site: &Site, part: Range<usize>) -> Value {
    let base_url = site.config.base_url.as_deref().unwrap_or_default();
    let entries = site.sitemap();
    let entries = entries[part].iter().map(|entry| {
        let mut map = Map::with_capacity(4);
        map.insert("permalink".into(), Value::from(format!("{base_url}{}", url(site, &entry.path))));
        map.insert("alternates".into(), languages::alternates(site, &entry.alternates));
        map.insert("updated".into(), entry.updated.map(|date| date.text.as_str()).into());
        map.insert("extra".into(), entry.extra.map_or_else(Value::none, of_table));
        Value::from(map)
    });
    Value::from(entries.collect::<Vec<_>>())
}

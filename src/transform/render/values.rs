//! What templates see of a site, in Zola's shape. Tera's values share what they hold, so a page's value, once it is made,
//! stands in its section's list, in its neighbours and in what `get_page` gives without being copied.

use std::{
    borrow::Cow,
    collections::HashSet,
    num::NonZeroUsize,
    sync::{Arc, OnceLock},
};

use tera::{Map, Value};

use super::{
    Contents, Html, Rendered,
    assets::Assets,
    backlinks::{Backlinks, Place, Urls},
    digests::Digests,
    edited::Edited,
    languages::{self, InLanguages, Version},
    lists::{self, Taxonomies},
    made::{Key, Made, Weighed},
    reads,
    trace::{self, Question},
    words::Words,
};
use crate::{
    load::{
        self, ContentAlias, Language, Page, PageId, PublishedFile, Section, SectionId, Site, Strategy, TaxonomyId,
        TermId, in_language,
    },
    site::{BasePath, SitePath},
    transform::{formats::of_table, markdown::Heading},
};

/// Every value of a site.
#[derive(Debug)]
pub(super) struct Library {
    pub(super) languages: InLanguages,
    pub(super) words: Arc<Words>,
    pub(super) site: Arc<Site>,
    pub(super) contents: Arc<Contents>,
    /// What is not as in `contents` any more.
    pub(super) edited: Edited,
    backlinks: Backlinks,
    /// Of pages, sections and lists.
    pub(super) made: Made,
    pub(super) digests: Digests,
    /// Whether links in a text lead to the language of its page.
    links_stay: bool,
    /// Files below `content/` in the order of the site's pages, which are sorted by them.
    pub(super) page_files: Vec<String>,
    /// Files and permalinks of all sections, sorted by file, with their index.
    pub(super) section_files: Vec<(String, usize)>,
    pub(super) page_urls: Vec<String>,
    pub(super) section_urls: Vec<String>,
    /// All of them.
    urls: HashSet<String>,
    /// Files the build writes: feeds, search indexes.
    files: HashSet<String>,
    /// Those of which templates may ask the digest.
    written: HashSet<String>,
    pub(super) taxonomies: Taxonomies,
    /// How a term becomes a slug.
    pub(super) slugify_terms: Strategy,
    /// Where the site is published, without the slash at its end.
    pub(super) base_url: Option<String>,
    /// Pages as feeds have them, made when a feed has the page.
    whole: Vec<OnceLock<Value>>,
    pub(super) assets: Assets,
    aliases: Vec<ContentAlias>,
}

impl Library {
    /// Of a site that is not asked about anything yet.
    pub(super) fn unasked(site: &Arc<Site>, words: Arc<Words>) -> Self {
        Self {
            languages: InLanguages::of(site),
            words,
            site: Arc::clone(site),
            contents: Arc::default(),
            edited: Edited::default(),
            backlinks: Backlinks::default(),
            made: Made::new(0),
            digests: Digests::default(),
            links_stay: site.config.translation.fallback,
            page_files: Vec::new(),
            section_files: Vec::new(),
            page_urls: Vec::new(),
            section_urls: Vec::new(),
            urls: HashSet::new(),
            files: HashSet::new(),
            written: HashSet::new(),
            taxonomies: Taxonomies::default(),
            slugify_terms: site.config.slugify.taxonomies,
            base_url: site.config.base_url.clone(),
            whole: Vec::new(),
            assets: Assets::default(),
            aliases: Vec::new(),
        }
    }

    pub(super) fn new(site: &Arc<Site>, contents: Arc<Contents>, words: Arc<Words>) -> Self {
        let page_urls: Vec<_> = site.pages.iter().map(|page| url(site, &page.path)).collect();
        let section_urls: Vec<_> = site.sections.iter().map(|section| url(site, &section.path)).collect();

        let urls = Urls { pages: &page_urls, sections: &section_urls };
        let backlinks = Backlinks::new(site, &contents, urls);
        let mut section_files: Vec<_> =
            site.sections.iter().enumerate().map(|(id, section)| (section.relative.clone(), id)).collect();
        section_files.sort();
        Self {
            languages: InLanguages::of(site),
            words,
            site: Arc::clone(site),
            contents,
            edited: Edited::default(),
            backlinks,
            made: Made::new(site.pages.len()),
            digests: Digests::new(site),
            links_stay: site.config.translation.fallback,
            files: lists::files(site),
            written: lists::written(site),
            taxonomies: Taxonomies::new(site),
            slugify_terms: site.config.slugify.taxonomies,
            base_url: site.config.base_url.clone(),
            whole: site.pages.iter().map(|_| OnceLock::new()).collect(),
            page_files: site.pages.iter().map(|page| page.relative.clone()).collect(),
            section_files,
            urls: page_urls.iter().chain(&section_urls).cloned().chain(lists::urls(site)).collect(),
            page_urls,
            section_urls,
            assets: Assets::new(site),
            aliases: site.config.rules.content_aliases.clone(),
        }
    }

    /// What templates see of a page.
    pub(super) fn page_value(&self, id: PageId) -> Value {
        self.made.get(Key::Page(id), || {
            let page = self.site.page(id);
            Weighed { value: self.with_neighbours(page, &self.page_alone(id)), weight: MAP }
        })
    }

    pub(super) fn backlinks(&self, place: Place) -> Value {
        self.backlinks.of(&self.site, place, Urls { pages: &self.page_urls, sections: &self.section_urls })
    }

    fn page_alone(&self, id: PageId) -> Value {
        self.made.get(Key::Alone(id), || {
            let edited = self.edited.of(Place::Page(id));
            let content = edited.as_deref().unwrap_or(&self.contents.pages[id.0]);
            let html = self.contents.html(content);
            let value = page(&self.site, self.site.page(id), content, &html, self.backlinks(Place::Page(id)));
            Weighed { value, weight: MAP + html.len() + HEADING * headings(&content.toc) }
        })
    }

    /// The page's value with its neighbours', which have none of their own: a chain would never end.
    fn with_neighbours(&self, page: &Page, alone: &Value) -> Value {
        if page.lower.is_none() && page.higher.is_none() {
            return alone.clone();
        }
        let Some(mut map) = alone.as_map().cloned() else { return alone.clone() };
        for (key, id) in [("lower", page.lower), ("higher", page.higher)] {
            if let Some(id) = id {
                map.insert(key.into(), self.page_alone(id));
            }
        }
        Value::from(map)
    }

    /// What templates see of a section.
    pub(super) fn section_value(&self, id: SectionId) -> Value {
        self.made.get(Key::Section(id), || {
            let edited = self.edited.of(Place::Section(id));
            let content = edited.as_deref().unwrap_or(&self.contents.sections[id.0]);
            let (each, html) = (self.site.section(id), self.contents.html(content));
            let value = section(
                &self.site,
                each,
                content,
                &html,
                self.page_values(&each.pages),
                self.backlinks(Place::Section(id)),
            );
            Weighed { value, weight: MAP + html.len() + HEADING * headings(&content.toc) + POINTER * each.pages.len() }
        })
    }

    /// The values of these pages.
    pub(super) fn page_values(&self, ids: &[PageId]) -> Value {
        Value::from(ids.iter().map(|&id| self.page_value(id)).collect::<Vec<_>>())
    }

    /// What templates see of a term.
    pub(super) fn term_value(&self, id: TermId) -> Value {
        self.made.get(Key::Term(id), || {
            let term = self.site.term(id).1;
            let value = lists::term(&self.site, term, self.page_values(&term.pages));
            Weighed { value, weight: MAP + POINTER * term.pages.len() }
        })
    }

    /// All terms of a taxonomy, in its order.
    pub(super) fn term_values(&self, id: TaxonomyId) -> Value {
        self.made.get(Key::Terms(id), || {
            let count = self.site.taxonomy(id).terms.len();
            let terms = (0..count).map(|nth| self.term_value(TermId(id, nth))).collect::<Vec<_>>();
            Weighed { value: Value::from(terms), weight: MAP + POINTER * count }
        })
    }

    /// A taxonomy with all its terms.
    pub(super) fn taxonomy_value(&self, id: TaxonomyId) -> Value {
        lists::taxonomy(&self.site, self, id)
    }

    /// The URL of a term.
    pub(super) fn term_url(&self, id: TermId) -> String {
        url(&self.site, &self.site.term(id).1.path)
    }

    /// A file below `content/` and a fragment, of what begins with `@/` or with a content alias.
    pub(super) fn internal<'a>(&self, path: &'a str) -> Option<Cow<'a, str>> {
        Some(match load::without_alias(&self.aliases, path)? {
            Cow::Borrowed(path) => Cow::Borrowed(path.strip_prefix("@/")?),
            Cow::Owned(path) => Cow::Owned(path.strip_prefix("@/")?.to_owned()),
        })
    }

    /// The index of the page in this file.
    pub(super) fn page(&self, file: &str) -> Option<usize> {
        reads::note(file);
        self.page_files.binary_search_by(|known| known.as_str().cmp(file)).ok()
    }

    /// The index of the section in this file.
    pub(super) fn section(&self, file: &str) -> Option<usize> {
        reads::note(file);
        let at = self.section_files.binary_search_by(|(known, _)| known.as_str().cmp(file)).ok()?;
        Some(self.section_files[at].1)
    }

    /// Where a link in a text leads: to this very file, unless links stay in the language of the page.
    pub(super) fn linked(&self, file: &str, language: usize) -> Option<&str> {
        let url = self.link(file, language);
        trace::note(|| Question::Linked(file.to_owned(), language), |_| trace::of_text(url));
        url
    }

    fn link(&self, file: &str, language: usize) -> Option<&str> {
        if self.links_stay
            && language != 0
            && let Version::There(url) = self.url_of(&in_language(file, self.languages.code(language)), language)
        {
            return Some(url);
        }
        let page = self.page(file).map(|id| self.page_urls[id].as_str());
        page.or_else(|| self.section(file).map(|id| self.section_urls[id].as_str()))
    }

    /// The URL of what a file is about, in a language.
    pub(super) fn url(&self, file: &str, language: usize) -> Version<&str> {
        let url = self.url_of(file, language);
        trace::note(|| Question::Url(file.to_owned(), language), |_| trace::of_url(&url));
        url
    }

    fn url_of(&self, file: &str, language: usize) -> Version<&str> {
        match self.languages.page(self.page(file), language) {
            Version::Missing => {
                self.languages.section(self.section(file), language).map(|id| self.section_urls[id].as_str())
            }
            page => page.map(|id| self.page_urls[id].as_str()),
        }
    }

    /// Whether a page or a section is there.
    pub(super) fn has_url(&self, url: &str) -> bool {
        let is_there = self.urls.contains(url);
        trace::note(|| Question::HasUrl(url.to_owned()), |_| trace::of_truth(is_there));
        is_there
    }

    /// Whether a page or a section is at this path, with or without its slashes, or something that the build writes.
    pub(super) fn has_page(&self, path: &str) -> bool {
        let is_there = self.is_page(path);
        trace::note(|| Question::HasPage(path.to_owned()), |_| trace::of_truth(is_there));
        is_there
    }

    fn is_page(&self, path: &str) -> bool {
        let bare = path.trim_matches('/');
        bare.is_empty()
            || matches!(bare, "syntax.css" | "giallo.css" | "giallo-light.css" | "giallo-dark.css")
            || self.files.contains(bare)
            || self.urls.contains(&format!("/{bare}/"))
            || self.urls.contains(&format!("/{bare}"))
    }

    /// Whether the build writes a file at this path whose bytes are known when pages are finished.
    pub(super) fn is_written(&self, path: &str) -> bool {
        self.written.contains(path.trim_start_matches('/'))
    }

    /// A page as feeds have it: whole URLs, and HTML as text.
    pub(super) fn whole_page(&self, id: PageId) -> Value {
        let base_url = self.base_url.as_deref().unwrap_or_default();
        self.whole[id.0].get_or_init(|| lists::whole_page(&self.page_value(id), base_url)).clone()
    }
}

/// About what the value of a page or a list takes, of a heading in it, and of one of its pages, in bytes.
const MAP: usize = 5000;
const HEADING: usize = 900;
const POINTER: usize = 24;

fn headings(toc: &[Heading]) -> usize {
    toc.iter().map(|heading| 1 + headings(&heading.children)).sum()
}

/// A path as it stands in a page before the site's base is baked in.
pub(super) fn url(site: &Site, path: &SitePath) -> String {
    site.url(path, &BasePath::root())
}

pub(super) fn page(site: &Site, page: &Page, content: &Rendered<Html>, html: &str, backlinks: Value) -> Value {
    let mut map = Map::with_capacity(34);
    let mut set = |key: &'static str, value: Value| map.insert(key.into(), value);
    let permalink = url(site, &page.path);
    set("relative_path", page.relative.as_str().into());
    set("colocated_path", page.colocated.as_deref().into());
    set("content", Value::safe_string(html));
    set("slug", page.slug.as_str().into());
    set("ancestors", ancestors(site, &page.ancestors));
    set("title", page.meta.title.as_deref().into());
    set("description", page.meta.description.as_deref().into());
    set("updated", page.meta.updated.as_ref().map(|date| date.text.as_str()).into());
    set("date", page.date.as_ref().map(|date| date.text.as_str()).into());
    set("year", page.date.as_ref().map(|date| date.civil.year()).into());
    set("month", page.date.as_ref().map(|date| i32::from(date.civil.month())).into());
    set("day", page.date.as_ref().map(|date| i32::from(date.civil.day())).into());
    set("taxonomies", taxonomies(page));
    set("authors", page.meta.authors.iter().map(String::as_str).map(Value::from).collect::<Vec<_>>().into());
    set("weight", page.meta.weight.into());
    set("extra", of_table(&page.meta.extra));
    set("path", page.path.as_str().into());
    set("components", components(&page.path));
    set("summary", content.summary.as_deref().map(Value::safe_string).into());
    set("toc", toc(&content.toc, &permalink));
    set("word_count", content.word_count.into());
    set("reading_time", content.reading_time.into());
    set(
        "assets",
        assets(&page.assets, |asset| {
            let folder = page.relative.rsplit_once('/').map_or("", |(folder, _)| folder);
            let base = asset.file.path.find("/content/").map_or(0, |at| at + "/content".len());
            debug_assert!(asset.file.path[base + 1..].starts_with(folder));
            asset.file.path[base..].to_owned()
        }),
    );
    set("draft", page.meta.draft.into());
    set("lower", Value::none());
    set("higher", Value::none());
    set("backlinks", backlinks);
    set("permalink", permalink.into());
    for (key, value) in languages::of_page(site, page) {
        set(key, value);
    }
    Value::from(map)
}

pub(super) fn section(
    site: &Site,
    section: &Section,
    content: &Rendered<Html>,
    html: &str,
    pages: Value,
    backlinks: Value,
) -> Value {
    let mut map = Map::with_capacity(26);
    let mut set = |key: &'static str, value: Value| map.insert(key.into(), value);
    let permalink = url(site, &section.path);
    let files = |ids: &[SectionId]| {
        Value::from(ids.iter().map(|&id| Value::from(site.section(id).relative.as_str())).collect::<Vec<_>>())
    };
    set("relative_path", section.relative.as_str().into());
    set("colocated_path", Value::none());
    set("content", Value::safe_string(html));
    set("draft", section.meta.draft.into());
    set("ancestors", files(&section.ancestors));
    set("title", section.meta.title.as_deref().into());
    set("description", section.meta.description.as_deref().into());
    set("weight", section.meta.weight.into());
    set("extra", of_table(&section.meta.extra));
    set("path", section.path.as_str().into());
    set("components", components(&section.path));
    set("toc", toc(&content.toc, &permalink));
    set("word_count", content.word_count.into());
    set("reading_time", content.reading_time.into());
    set("assets", assets(&section.assets, |asset| asset.path.as_str().to_owned()));
    set("pages", pages);
    set("subsections", files(&section.subsections));
    set("backlinks", backlinks);
    set("generate_feeds", section.meta.generate_feeds.is_some().into());
    set("transparent", section.meta.transparent.into());
    set("paginate_by", section.meta.paginate_by.map(NonZeroUsize::get).into());
    set("paginate_reversed", section.meta.paginate_reversed.into());
    set("permalink", permalink.into());
    for (key, value) in languages::of_section(site, section) {
        set(key, value);
    }
    Value::from(map)
}

fn ancestors(site: &Site, ids: &[SectionId]) -> Value {
    Value::from(ids.iter().map(|&id| Value::from(site.section(id).relative.as_str())).collect::<Vec<_>>())
}

fn components(path: &SitePath) -> Value {
    let segments = path.as_str().split('/').filter(|segment| !segment.is_empty());
    Value::from(segments.map(Value::from).collect::<Vec<_>>())
}

fn assets(assets: &[PublishedFile], name: impl Fn(&PublishedFile) -> String) -> Value {
    Value::from(assets.iter().map(|asset| Value::from(name(asset))).collect::<Vec<_>>())
}

fn taxonomies(page: &Page) -> Value {
    let mut map = Map::with_capacity(page.meta.taxonomies.len());
    for (name, terms) in &page.meta.taxonomies {
        let terms = terms.iter().map(|term| Value::from(term.value.as_str())).collect::<Vec<_>>();
        map.insert(name.value.clone().into(), Value::from(terms));
    }
    Value::from(map)
}

pub(super) fn toc(headings: &[Heading], permalink: &str) -> Value {
    let heading = |heading: &Heading| {
        let mut map = Map::with_capacity(5);
        // A table of contents that is printed whole has its keys sorted, as in Zola.
        map.insert("children".into(), toc(&heading.children, permalink));
        map.insert("id".into(), heading.id.as_str().into());
        map.insert("level".into(), u32::from(heading.level).into());
        map.insert("permalink".into(), format!("{permalink}#{}", heading.id).into());
        map.insert("title".into(), heading.title.as_str().into());
        Value::from(map)
    };
    Value::from(headings.iter().map(heading).collect::<Vec<_>>())
}

/// The configuration as it was written, with the defaults of what was not: as a page in `language` sees it.
pub(super) fn config(site: &Site, language: &Language) -> Value {
    let config = &site.config;
    let written = of_table(&config.written);
    let mut map = written.as_map().cloned().unwrap_or_default();
    let mut default = |key: &'static str, value: Value| {
        map.entry(key.into()).or_insert(value);
    };
    default("author", Value::none());
    default("generate_sitemap", config.generate_sitemap.into());
    default("generate_robots_txt", config.generate_robots_txt.into());
    default("markdown", Map::new().into());
    map.insert("default_language".into(), config.languages.default_language().code.as_str().into());
    map.insert("languages".into(), languages::others(site, language));
    for (key, value) in languages::options(language) {
        map.insert(key, value);
    }
    let mut extra = language.extra.clone();
    extra.inherit(config.extra.clone());
    map.insert("extra".into(), of_table(&extra));
    map.insert("base_url".into(), config.base_url.as_deref().unwrap_or("").into());
    map.insert("mode".into(), "build".into());
    Value::from(map)
}

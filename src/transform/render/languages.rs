//! What templates see of the languages of a site: the configuration as each of them has it, and the translations of a page
//! or a section.

use tera::{Kwargs, Map, State, TeraResult, Value};

use super::{
    lists,
    values::{self, url},
};
use crate::{
    diag::did_you_mean,
    load::{Alternate, IndexFormat, Language, Languages, Page, Section, Site},
    site::SitePath,
    transform::formats::of_table,
};

/// What is there in which language. The numbers are those of the site's languages, pages and sections.
#[derive(Debug)]
pub(super) struct InLanguages {
    codes: Vec<String>,
    configs: Vec<Value>,
    pages: Versions,
    sections: Versions,
}

/// Pages, or sections, in all their languages. Empty in a site of one language.
#[derive(Debug, Default)]
struct Versions {
    language: Vec<usize>,
    all: Vec<Vec<usize>>,
}

/// What is there of a file in one language.
pub(super) enum Version<T> {
    There(T),
    /// It is in others.
    Untranslated,
    Missing,
}

impl<T> Version<T> {
    /// Of what a file is, and of what it is in the language.
    fn of(file: Option<usize>, version: impl Fn(usize) -> Option<T>) -> Self {
        match file.map(version) {
            Some(Some(there)) => Self::There(there),
            Some(None) => Self::Untranslated,
            None => Self::Missing,
        }
    }

    pub(super) fn map<U>(self, with: impl FnOnce(T) -> U) -> Version<U> {
        match self {
            Self::There(there) => Version::There(with(there)),
            Self::Untranslated => Version::Untranslated,
            Self::Missing => Version::Missing,
        }
    }
}

impl InLanguages {
    pub(super) fn of(site: &Site) -> Self {
        let languages = &site.config.languages;
        let (mut pages, mut sections) = (Versions::default(), Versions::default());
        if languages.are_several() {
            for page in &site.pages {
                pages.add(languages, &page.lang, page.translations.iter().map(|id| id.0).collect());
            }
            for section in &site.sections {
                sections.add(languages, &section.lang, section.translations.iter().map(|id| id.0).collect());
            }
        }
        Self {
            codes: languages.iter().map(|language| language.code.clone()).collect(),
            configs: languages.iter().map(|language| values::config(site, language)).collect(),
            pages,
            sections,
        }
    }

    /// The configuration as a page in this language sees it.
    pub(super) fn config(&self, code: &str) -> Value {
        let at = self.codes.iter().position(|known| known == code);
        self.configs[at.unwrap_or_default()].clone()
    }

    /// The language a template speaks: what it says itself, what its context says, or `own`. Components see neither.
    pub(super) fn spoken(&self, args: &Kwargs, state: &State, own: &str) -> TeraResult<usize> {
        let spoken = match args.get::<String>("lang")? {
            None => state.get::<String>("lang")?,
            given => given,
        };
        self.position(spoken.as_deref().unwrap_or(own))
    }

    pub(super) fn position(&self, code: &str) -> TeraResult<usize> {
        self.codes.iter().position(|known| known == code).ok_or_else(|| {
            let meant = did_you_mean(code, self.codes.iter().map(String::as_str))
                .map_or(String::new(), |meant| format!(". Did you mean `{meant}`?"));
            tera::Error::message(format!("the site is not in the language `{code}`{meant}"))
        })
    }

    pub(super) fn code(&self, language: usize) -> &str {
        &self.codes[language]
    }

    /// Of the page in a file, which is nothing where there is none, the one in `language`.
    pub(super) fn page(&self, file: Option<usize>, language: usize) -> Version<usize> {
        Version::of(file, |id| self.pages.version(id, language))
    }

    /// Of the section in a file, which is nothing where there is none, the one in `language`.
    pub(super) fn section(&self, file: Option<usize>, language: usize) -> Version<usize> {
        Version::of(file, |id| self.sections.version(id, language))
    }
}

impl Versions {
    fn add(&mut self, languages: &Languages, code: &str, all: Vec<usize>) {
        self.language.push(languages.position(code).unwrap_or_default());
        self.all.push(all);
    }

    fn version(&self, id: usize, language: usize) -> Option<usize> {
        match self.all.get(id) {
            None => Some(id),
            Some(all) => all.iter().copied().find(|&other| self.language[other] == language),
        }
    }
}

/// A page or a section, as far as its languages go.
struct Spoken<'a> {
    lang: &'a str,
    path: &'a SitePath,
    title: Option<&'a str>,
    file: &'a str,
    is_fallback: bool,
}

impl<'a> From<&'a Page> for Spoken<'a> {
    fn from(page: &'a Page) -> Self {
        let Page { lang, path, relative, is_fallback, meta, .. } = page;
        Self { lang, path, title: meta.title.as_deref(), file: relative, is_fallback: *is_fallback }
    }
}

impl<'a> From<&'a Section> for Spoken<'a> {
    fn from(section: &'a Section) -> Self {
        let Section { lang, path, relative, is_fallback, meta, .. } = section;
        Self { lang, path, title: meta.title.as_deref(), file: relative, is_fallback: *is_fallback }
    }
}

/// What a page's value has of languages.
pub(super) fn of_page(site: &Site, page: &Page) -> [(&'static str, Value); 6] {
    let all = page.translations.iter().map(|&id| site.page(id)).filter(|page| page.meta.render);
    said(site, &page.into(), &all.map(Spoken::from).collect::<Vec<_>>(), &site.page_alternates(page))
}

/// What a section's value has of languages.
pub(super) fn of_section(site: &Site, section: &Section) -> [(&'static str, Value); 6] {
    let all = section.translations.iter().map(|&id| Spoken::from(site.section(id)));
    said(site, &section.into(), &all.collect::<Vec<_>>(), &site.section_alternates(section))
}

/// `all` is itself and its translations, the default language's first.
fn said(site: &Site, one: &Spoken<'_>, all: &[Spoken<'_>], alternates: &[Alternate<'_>]) -> [(&'static str, Value); 6] {
    let original = all.first().filter(|_| one.is_fallback);
    let fallback = original.map(|original| {
        let language = site.config.languages.default_language();
        let mut map = Map::with_capacity(3);
        map.insert("lang".into(), original.lang.into());
        map.insert("dir".into(), language.direction().into());
        map.insert("permalink".into(), url(site, original.path).into());
        Value::from(map)
    });
    let dir = site.config.languages.get(one.lang).map_or("ltr", Language::direction);
    [
        ("lang", one.lang.into()),
        ("dir", dir.into()),
        ("translations", Value::from(all.iter().map(|other| translation(site, other)).collect::<Vec<_>>())),
        ("fallback", fallback.into()),
        ("canonical", whole(site, original.map_or(one.path, |original| original.path)).into()),
        ("alternates", self::alternates(site, alternates)),
    ]
}

/// The versions of a page, each with its whole address.
pub(super) fn alternates(site: &Site, all: &[Alternate<'_>]) -> Value {
    let alternate = |one: &Alternate<'_>| {
        let mut map = Map::with_capacity(2);
        map.insert("lang".into(), one.lang.into());
        map.insert("url".into(), whole(site, one.path).into());
        Value::from(map)
    };
    Value::from(all.iter().map(alternate).collect::<Vec<_>>())
}

fn whole(site: &Site, path: &SitePath) -> String {
    site.config.base_url.clone().unwrap_or_default() + &url(site, path)
}

fn translation(site: &Site, one: &Spoken<'_>) -> Value {
    let mut map = Map::with_capacity(5);
    map.insert("lang".into(), one.lang.into());
    map.insert("permalink".into(), url(site, one.path).into());
    map.insert("title".into(), one.title.into());
    map.insert("path".into(), one.file.into());
    map.insert("fallback".into(), one.is_fallback.into());
    Value::from(map)
}

/// What the configuration says of all languages but `language`, by their codes.
pub(super) fn others(site: &Site, language: &Language) -> Value {
    let others = site.config.languages.iter().filter(|other| other.code != language.code);
    let others = others.map(|other| {
        let mut options = options(other);
        options.insert("translations".into(), translations(other));
        (other.code.clone().into(), Value::from(options))
    });
    Value::from(others.collect::<Map>())
}

/// What a language says, with the defaults of what it does not.
pub(super) fn options(language: &Language) -> Map {
    let written = of_table(&language.written);
    let written = |key: &str| written.as_map().and_then(|map| map.get(&tera::value::Key::Str(key)).cloned());
    let feeds = language.lists.feed_filenames.iter().map(|name| Value::from(name.value.as_str())).collect::<Vec<_>>();
    let mut map = Map::with_capacity(8);
    map.insert("title".into(), language.title.as_deref().into());
    map.insert("description".into(), language.description.as_deref().into());
    map.insert("generate_feeds".into(), language.lists.generate_feeds.is_some().into());
    map.insert("feed_filenames".into(), feeds.into());
    map.insert("build_search_index".into(), language.lists.build_search_index.is_some().into());
    let taxonomies = language.lists.taxonomies.iter().map(lists::kind).collect::<Vec<_>>();
    map.insert("taxonomies".into(), taxonomies.into());
    let mut search = written("search").and_then(Value::into_map).unwrap_or_default();
    search.entry("index_format".into()).or_insert_with(|| IndexFormat::default().name().into());
    map.insert("search".into(), search.into());
    map
}

fn translations(language: &Language) -> Value {
    let words = language.translations.iter();
    Value::from(words.map(|(key, text)| (key.clone().into(), text.value.as_str().into())).collect::<Map>())
}

//! Which pages and sections are one thing in several languages: those whose files differ in nothing but the language in
//! their names. What a translation takes from the default language's file, and what stands for a translation that is not
//! there, is for the site to say (`[sitekit.languages]`): by default nothing, as Zola has it.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use super::{
    Config, Page, PageId, PageMeta, Section, SectionId, SectionMeta, Site, Spanned,
    content::{Document, MarkdownFile},
    fields::Fields,
    value::{Node, Value},
};
use crate::{
    diag::{Diagnostic, did_you_mean},
    site::SitePath,
};

/// How the languages of a site go together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Translation {
    /// Whether what is not translated is there in every language, with the default language's text; then links in a text
    /// stay in its language, too.
    pub fallback: bool,
    /// Keys of front matter that a translation has from the default language's file where it does not say them.
    pub inherit: Vec<&'static str>,
    /// Where the site says that search engines are told of its languages, in the heads of pages and in the sitemap.
    pub hreflang: Option<Range<usize>>,
    /// Whether titles are sorted as a dictionary of their language is.
    pub collate: bool,
}

/// What is inherited when all is: everything that does not depend on the language.
const INHERITED: [&str; 18] = [
    "authors",
    "date",
    "draft",
    "extra",
    "generate_feeds",
    "in_search_index",
    "insert_anchor_links",
    "page_template",
    "paginate_by",
    "paginate_path",
    "paginate_reversed",
    "render",
    "sort_by",
    "taxonomies",
    "template",
    "transparent",
    "updated",
    "weight",
];

/// What can be inherited besides, where a site says so.
const INHERITABLE: [&str; 2] = ["description", "title"];

/// Reads `[sitekit.languages]`.
pub(super) fn read(fields: &mut Fields<'_>) -> Translation {
    Translation {
        fallback: fields.bool("fallback").unwrap_or(false),
        inherit: fields.node("inherit").map_or_else(Vec::new, |node| inherit_keys(fields, node)),
        hreflang: fields.enabled("hreflang"),
        collate: fields.bool("collate").unwrap_or(false),
    }
}

fn inherit_keys(fields: &mut Fields<'_>, node: Node) -> Vec<&'static str> {
    let items = match node.value {
        Value::Bool(true) => return INHERITED.to_vec(),
        Value::Bool(false) => return Vec::new(),
        Value::Array(items) => items,
        other => {
            return fields
                .mismatch("inherit", "`true`, `false` or a list of keys", &other, node.span)
                .unwrap_or_default();
        }
    };
    let known = || INHERITED.into_iter().chain(INHERITABLE);
    let mut keys = Vec::new();
    for key in fields.string_items("inherit", items) {
        if let Some(known) = known().find(|known| *known == key.value) {
            keys.push(known);
            continue;
        }
        let message = format!("`{}` is no key of front matter that a translation can inherit", key.value);
        let help = did_you_mean(&key.value, known()).map_or_else(
            || format!("these can be: {}", known().collect::<Vec<_>>().join(", ")),
            |meant| format!("did you mean `{meant}`?"),
        );
        fields.push(Diagnostic::error_at(fields.source(), key.span, message).with_help(help));
    }
    keys
}

/// Gives translations what they have from the default language's files.
pub(super) fn inherit(files: &[MarkdownFile<'_>], documents: &mut [Option<Document>], config: &Config) {
    let keys = &config.translation.inherit;
    if keys.is_empty() || !config.languages.are_several() {
        return;
    }
    let is_original = |file: &MarkdownFile<'_>| config.languages.is_default(&file.language.code);
    let originals = files.iter().enumerate().filter(|(_, file)| is_original(file));
    let originals: HashMap<&str, usize> = originals.map(|(at, file)| (file.canonical.as_str(), at)).collect();
    for (at, file) in files.iter().enumerate().filter(|(_, file)| !is_original(file)) {
        let Some(&original) = originals.get(file.canonical.as_str()) else { continue };
        let Ok([document, original]) = documents.get_disjoint_mut([at, original]) else { continue };
        // Tables are merged, so the translation may well have this one.
        let is_inherited =
            |key: &str, written: &[&str]| keys.contains(&key) && (key == "extra" || !written.contains(&key));
        match (document, original) {
            (Some(Document::Page(page)), Some(Document::Page(original))) => {
                page.meta.inherit(&original.meta, |key| is_inherited(key, &page.keys));
                if is_inherited("taxonomies", &page.keys) {
                    keep_declared(&mut page.meta, &file.language.code, config);
                }
            }
            (Some(Document::Section(section)), Some(Document::Section(original))) => {
                section.meta.inherit(&original.meta, |key| is_inherited(key, &section.keys));
            }
            _ => {}
        }
    }
}

impl PageMeta {
    fn inherit(&mut self, original: &Self, is_inherited: impl Fn(&str) -> bool) {
        let take = |key: &str, copy: &mut dyn FnMut()| {
            if is_inherited(key) {
                copy();
            }
        };
        take("title", &mut || self.title.clone_from(&original.title));
        take("description", &mut || self.description.clone_from(&original.description));
        take("date", &mut || self.date.clone_from(&original.date));
        take("updated", &mut || self.updated.clone_from(&original.updated));
        take("weight", &mut || self.weight = original.weight);
        take("draft", &mut || self.draft = original.draft);
        take("render", &mut || self.render = original.render);
        take("template", &mut || self.template = original.template.as_ref().map(elsewhere));
        take("in_search_index", &mut || self.in_search_index = original.in_search_index);
        take("authors", &mut || self.authors.clone_from(&original.authors));
        take("taxonomies", &mut || {
            let terms = |terms: &Vec<_>| terms.iter().map(elsewhere).collect();
            let taxonomies = original.taxonomies.iter();
            self.taxonomies = taxonomies.map(|(name, of)| (elsewhere(name), terms(of))).collect();
        });
        take("extra", &mut || self.extra.inherit(original.extra.clone()));
    }
}

impl SectionMeta {
    fn inherit(&mut self, original: &Self, is_inherited: impl Fn(&str) -> bool) {
        let take = |key: &str, copy: &mut dyn FnMut()| {
            if is_inherited(key) {
                copy();
            }
        };
        take("title", &mut || self.title.clone_from(&original.title));
        take("description", &mut || self.description.clone_from(&original.description));
        take("sort_by", &mut || self.sort_by = original.sort_by);
        take("weight", &mut || self.weight = original.weight);
        take("draft", &mut || self.draft = original.draft);
        take("template", &mut || self.template = original.template.as_ref().map(elsewhere));
        take("page_template", &mut || self.page_template = original.page_template.as_ref().map(elsewhere));
        take("paginate_by", &mut || self.paginate_by = original.paginate_by);
        take("paginate_path", &mut || self.paginate_path.clone_from(&original.paginate_path));
        take("paginate_reversed", &mut || self.paginate_reversed = original.paginate_reversed);
        take("insert_anchor_links", &mut || self.insert_anchor_links = original.insert_anchor_links);
        take("in_search_index", &mut || self.in_search_index = original.in_search_index);
        take("render", &mut || self.render = original.render);
        take("transparent", &mut || self.transparent = original.transparent);
        take("generate_feeds", &mut || self.generate_feeds = original.generate_feeds.as_ref().map(|_| 0..0));
        take("extra", &mut || self.extra.inherit(original.extra.clone()));
    }
}

/// Leaves out the taxonomies that a language does not have: the default language's file may name them all the same.
fn keep_declared(meta: &mut PageMeta, lang: &str, config: &Config) {
    let declared = &config.lists_of(lang).taxonomies;
    meta.taxonomies.retain(|(name, _)| declared.iter().any(|taxonomy| taxonomy.name.value == name.value));
}

/// A value that stands in another file than the one that has it now.
fn elsewhere(value: &Spanned<String>) -> Spanned<String> {
    Spanned { value: value.value.clone(), span: 0..0 }
}

/// Adds what stands for translations that are not there: the default language's page or section, in each language.
pub(super) fn fall_back(pages: &mut Vec<Page>, sections: &mut Vec<Section>, config: &Config) {
    if !config.translation.fallback {
        return;
    }
    let there: HashSet<(&str, &str)> = pages.iter().map(|page| (page.canonical.as_str(), page.lang.as_str())).collect();
    let originals = || pages.iter().filter(|page| config.languages.is_default(&page.lang));
    let missing = config.languages.others().iter().flat_map(|language| {
        let missing = originals().filter(|page| !there.contains(&(page.canonical.as_str(), language.code.as_str())));
        missing.filter_map(|page| {
            let mut page = page.clone();
            page.path = below(&language.code, &page.path)?;
            page.relative = in_language(&page.canonical, &language.code);
            page.lang.clone_from(&language.code);
            page.is_fallback = true;
            page.meta.aliases.clear();
            keep_declared(&mut page.meta, &language.code, config);
            Some(page)
        })
    });
    let missing: Vec<Page> = missing.collect();

    let there: HashSet<(&str, &str)> =
        sections.iter().map(|section| (section.canonical.as_str(), section.lang.as_str())).collect();
    let originals = || sections.iter().filter(|section| config.languages.is_default(&section.lang));
    let missing_sections = config.languages.others().iter().flat_map(|language| {
        let missing =
            originals().filter(|section| !there.contains(&(section.canonical.as_str(), language.code.as_str())));
        missing.filter_map(|section| {
            let mut section = section.clone();
            section.path = below(&language.code, &section.path)?;
            section.relative = in_language(&section.canonical, &language.code);
            section.lang.clone_from(&language.code);
            section.is_fallback = true;
            section.meta.aliases.clear();
            Some(section)
        })
    });
    let missing_sections: Vec<Section> = missing_sections.collect();
    pages.extend(missing);
    sections.extend(missing_sections);
}

fn below(lang: &str, path: &SitePath) -> Option<SitePath> {
    SitePath::parse(&format!("/{lang}{path}")).ok()
}

/// The file a translation would be in.
#[must_use]
pub fn in_language(canonical: &str, lang: &str) -> String {
    format!("{}.{lang}.md", canonical.strip_suffix(".md").unwrap_or(canonical))
}

/// Fills in the translations of every page and section.
pub(super) fn connect(site: &mut Site) {
    if !site.config.languages.are_several() {
        return;
    }
    let order = |lang: &str| site.config.languages.position(lang);
    let pages = groups(site.pages.iter().map(|page| (page.canonical.as_str(), order(&page.lang))), PageId);
    let sections =
        groups(site.sections.iter().map(|section| (section.canonical.as_str(), order(&section.lang))), SectionId);
    for group in pages {
        for id in &group {
            site.pages[id.0].translations.clone_from(&group);
        }
    }
    for group in sections {
        for id in &group {
            site.sections[id.0].translations.clone_from(&group);
        }
    }
}

/// What shares a file, each group in the order of the languages.
fn groups<'a, Id>(
    all: impl Iterator<Item = (&'a str, Option<usize>)>,
    to_id: impl Fn(usize) -> Id + Copy,
) -> Vec<Vec<Id>> {
    let mut groups: HashMap<&str, Vec<(Option<usize>, usize)>> = HashMap::new();
    for (id, (canonical, order)) in all.enumerate() {
        groups.entry(canonical).or_default().push((order, id));
    }
    let in_order = |mut group: Vec<(Option<usize>, usize)>| {
        group.sort_unstable();
        group.into_iter().map(|(_, id)| to_id(id)).collect()
    };
    groups.into_values().map(in_order).collect()
}

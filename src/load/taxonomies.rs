//! Which pages are in which term. Terms are told apart by their slugs, as Zola does it: `Rust` and `rust` are one. The pages
//! of a term are the newest first, those without a date last.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use super::{PageId, Site, Spanned, TaxonomyConfig, slug::slugify_path};
use crate::{
    diag::{Diagnostic, did_you_mean},
    site::SitePath,
};

/// An index into [`Site::taxonomies`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaxonomyId(pub usize);

/// A taxonomy, and an index into [`Taxonomy::terms`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TermId(pub TaxonomyId, pub usize);

/// A taxonomy of one language, with all that is in it.
#[derive(Clone, Debug)]
pub struct Taxonomy {
    pub kind: TaxonomyConfig,
    pub lang: String,
    pub path: SitePath,
    /// Sorted by slug.
    pub terms: Vec<Term>,
    /// The template of the list of terms.
    pub list_template: String,
    /// The template of each term.
    pub single_template: String,
}

#[derive(Clone, Debug)]
pub struct Term {
    /// As pages write it; of several ways, the first in the order of bytes.
    pub name: String,
    pub slug: String,
    pub path: SitePath,
    pub pages: Vec<PageId>,
}

impl Site {
    #[must_use]
    pub fn taxonomy(&self, id: TaxonomyId) -> &Taxonomy {
        &self.taxonomies[id.0]
    }

    #[must_use]
    pub fn term(&self, TermId(taxonomy, nth): TermId) -> (&Taxonomy, &Term) {
        let taxonomy = self.taxonomy(taxonomy);
        (taxonomy, &taxonomy.terms[nth])
    }

    /// Those that have pages of their own: one that no page uses has none.
    pub fn rendered_taxonomies(&self) -> impl Iterator<Item = (TaxonomyId, &Taxonomy)> {
        let all = self.taxonomies.iter().enumerate().map(|(id, taxonomy)| (TaxonomyId(id), taxonomy));
        all.filter(|(_, taxonomy)| taxonomy.kind.render && !taxonomy.terms.is_empty())
    }
}

impl Taxonomy {
    /// Its terms with their names in the site.
    pub fn terms(&self, id: TaxonomyId) -> impl Iterator<Item = (TermId, &Term)> {
        self.terms.iter().enumerate().map(move |(nth, term)| (TermId(id, nth), term))
    }
}

/// Fills in the site's taxonomies from its configuration and its pages.
pub(super) fn collect(site: &mut Site, diagnostics: &mut Vec<Diagnostic>) {
    let mut taxonomies = declared(site, diagnostics);
    let ids: HashMap<(&str, &str), usize> = taxonomies
        .iter()
        .enumerate()
        .map(|(id, one)| ((one.lang.as_str(), one.kind.name.value.as_str()), id))
        .collect();
    let mut found: Vec<BTreeMap<String, Found>> = taxonomies.iter().map(|_| BTreeMap::new()).collect();
    let mut unknown: BTreeMap<(&str, &str), (Diagnostic, usize)> = BTreeMap::new();
    for (page_id, page) in site.pages.iter().enumerate().filter(|(_, page)| page.meta.render) {
        for (name, terms) in &page.meta.taxonomies {
            let key = (page.lang.as_str(), name.value.as_str());
            let Some(&id) = ids.get(&key) else {
                let known = ids.keys().filter(|(lang, _)| *lang == page.lang).map(|(_, name)| *name);
                let told = || (undeclared(site, PageId(page_id), name, known), 0);
                unknown.entry(key).or_insert_with(told).1 += 1;
                continue;
            };
            for term in terms.iter().filter(|term| !term.value.trim().is_empty()) {
                let slug = slugify_path(term.value.trim(), site.config.slugify.taxonomies);
                let in_term = found[id].entry(slug).or_default();
                in_term.names.entry(term.value.trim()).or_insert((PageId(page_id), term));
                if in_term.pages.last() != Some(&PageId(page_id)) {
                    in_term.pages.push(PageId(page_id));
                }
            }
        }
    }
    diagnostics.extend(unknown.into_values().map(|(diagnostic, count)| match count {
        1 => diagnostic,
        2 => diagnostic.traced("and in 1 more file"),
        more => diagnostic.traced(format!("and in {} more files", more - 1)),
    }));
    drop(ids);
    for (taxonomy, found) in taxonomies.iter_mut().zip(found) {
        let terms = found.into_iter().filter_map(|(slug, found)| term(site, &taxonomy.path, slug, found, diagnostics));
        taxonomy.terms = terms.collect();
    }
    site.taxonomies = taxonomies;
}

/// What is known of a term while pages are looked at.
#[derive(Default)]
struct Found<'a> {
    /// All ways to write it, each with the first page that does.
    names: BTreeMap<&'a str, (PageId, &'a Spanned<String>)>,
    pages: Vec<PageId>,
}

/// The taxonomies of the configuration, empty.
fn declared(site: &Site, diagnostics: &mut Vec<Diagnostic>) -> Vec<Taxonomy> {
    let source = &site.config.source;
    let mut taxonomies: Vec<Taxonomy> = Vec::new();
    for (lang, lists) in site.config.lists() {
        for kind in &lists.taxonomies {
            let Some(lang) = language_of(site, kind, lang, diagnostics) else { continue };
            let known = taxonomies.iter().find(|one| one.lang == lang && one.kind.slug == kind.slug);
            if let Some(known) = known {
                let (first, second) = (&known.kind.name.value, &kind.name.value);
                let message = if first == second {
                    format!("the taxonomy `{second}` is there twice")
                } else {
                    format!("the taxonomies `{first}` and `{second}` would have the same path")
                };
                diagnostics.push(Diagnostic::error_at(source, kind.name.span.clone(), message));
                continue;
            }
            let folders = [site.config.language_prefix(lang), site.config.taxonomy_root.as_deref().unwrap_or("")];
            let folders = folders.into_iter().filter(|folder| !folder.is_empty()).map(|folder| format!("/{folder}"));
            match SitePath::parse(&format!("{}/{}/", folders.collect::<String>(), kind.slug)) {
                Ok(path) => taxonomies.push(Taxonomy {
                    lang: lang.to_owned(),
                    path,
                    terms: Vec::new(),
                    list_template: template(site, &kind.name.value, "list"),
                    single_template: template(site, &kind.name.value, "single"),
                    kind: kind.clone(),
                }),
                Err(error) => {
                    let message = format!("the path of this taxonomy cannot be one of the site: {error}");
                    diagnostics.push(Diagnostic::error_at(source, kind.name.span.clone(), message));
                }
            }
        }
    }
    taxonomies
}

/// The language a taxonomy is for: it may say another than that of its table.
fn language_of<'a>(
    site: &'a Site,
    kind: &TaxonomyConfig,
    table: &'a str,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<&'a str> {
    let Some(written) = &kind.lang else { return Some(table) };
    let codes = || site.config.lists().map(|(code, _)| code);
    let found = codes().find(|code| *code == written.value);
    if found.is_none() {
        let message = format!("the site is not in the language `{}`", written.value);
        let help = did_you_mean(&written.value, codes()).map_or_else(
            || format!("add a table `[languages.{}]`, or leave `lang` out", written.value),
            |meant| format!("did you mean `{meant}`?"),
        );
        let source = &site.config.source;
        diagnostics.push(Diagnostic::error_at(source, written.span.clone(), message).with_help(help));
    }
    found
}

/// Its own template, or the one for all.
fn template(site: &Site, name: &str, what: &str) -> String {
    let own = format!("{name}/{what}.html");
    if site.has_template(&own) { own } else { format!("taxonomy_{what}.html") }
}

fn undeclared<'a>(
    site: &Site,
    page: PageId,
    name: &Spanned<String>,
    known: impl Iterator<Item = &'a str>,
) -> Diagnostic {
    let (page, config) = (site.page(page), &site.config);
    let (of_language, table) = if config.languages.is_default(&page.lang) {
        (String::new(), config.source.path.to_string())
    } else {
        (format!(" for the language `{}`", page.lang), format!("`[languages.{}]` of {}", page.lang, config.source.path))
    };
    let message = format!("the site has no taxonomy `{}`{of_language}", name.value);
    let help = did_you_mean(&name.value, known).map_or_else(
        || format!("add `{{ name = \"{}\" }}` to `taxonomies` in {table}", name.value),
        |meant| format!("did you mean `{meant}`?"),
    );
    Diagnostic::error_at(&page.source, name.span.clone(), message).with_help(help)
}

fn term(
    site: &Site,
    taxonomy: &SitePath,
    slug: String,
    found: Found<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Term> {
    let mut names = found.names.into_iter();
    let (name, (page, written)) = names.next()?;
    let at = |page: PageId, written: &Spanned<String>, message: String| {
        Diagnostic::error_at(&site.page(page).source, written.span.clone(), message)
    };
    if slug.is_empty() {
        let help = "give the term a letter or a digit, or set `slugify.taxonomies` to \"safe\"";
        let message = format!("nothing of the term `{name}` can be part of a path");
        diagnostics.push(at(page, written, message).with_help(help));
        return None;
    }
    for (other, (page, written)) in names {
        // The same word, written large and small, is one term on purpose.
        if other.to_lowercase() != name.to_lowercase() {
            let message =
                format!("the terms `{name}` and `{other}` have one path, `{taxonomy}{slug}/`, and count as one");
            let help = "write one of them another way, or set `slugify.taxonomies` to \"safe\"";
            diagnostics.push(at(page, written, message).as_warning().with_help(help));
        }
    }
    let path = match SitePath::parse(&format!("{taxonomy}{slug}/")) {
        Ok(path) => path,
        Err(error) => {
            let message = format!("the path of the term `{name}` cannot be one of the site: {error}");
            diagnostics.push(at(page, written, message));
            return None;
        }
    };
    let mut pages = found.pages;
    pages.sort_by_key(|&id| {
        let page = site.page(id);
        let date = page.date.as_ref().map(|date| date.instant);
        (Reverse(date), &page.path)
    });
    Some(Term { name: name.to_owned(), slug, path, pages })
}

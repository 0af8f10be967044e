//! How pages and sections belong together, by Zola's rules: a page is in the section whose folder it lies in, and
//! above it only through transparent ones; a page in a folder without `_index.md` is in none.

use std::{cmp::Ordering, collections::HashMap};

use icu_collator::CollatorBorrowed;
use lexical_sort::natural_lexical_cmp;

use super::{Language, Page, PageId, SectionId, Site, SortBy, content::folder_of, languages::collator, translations};
use crate::diag::Diagnostic;

/// Fills in ancestors, subsections, each section's pages in their order, neighbours, translations and inherited
/// templates. Each language is a tree of its own.
pub(super) fn connect(site: &mut Site, diagnostics: &mut Vec<Diagnostic>) {
    let folders = Folders::of(site);
    connect_sections(site, &folders);
    give_pages(site, &folders);
    inherit_templates(site);
    sort_pages(site, diagnostics);
    translations::connect(site);
}

/// The sections of each language, by folder.
struct Folders(HashMap<String, HashMap<String, SectionId>>);

impl Folders {
    fn of(site: &Site) -> Self {
        let mut folders: HashMap<_, HashMap<_, _>> = HashMap::new();
        for (id, section) in site.sections.iter().enumerate() {
            let folder = folder_of(&section.relative).to_owned();
            folders.entry(section.lang.clone()).or_default().insert(folder, SectionId(id));
        }
        Self(folders)
    }

    fn section(&self, lang: &str, folder: &str) -> Option<SectionId> {
        self.0.get(lang)?.get(folder).copied()
    }
}

fn connect_sections(site: &mut Site, folders: &Folders) {
    for id in 0..site.sections.len() {
        let section = &site.sections[id];
        let folder = folder_of(&section.relative);
        if folder.is_empty() {
            continue;
        }
        let above = [0].into_iter().chain(folder.match_indices('/').map(|(end, _)| end));
        let ancestors = above.filter_map(|end| folders.section(&section.lang, &folder[..end])).collect();
        let parent = folders.section(&section.lang, folder_of(folder));
        site.sections[id].ancestors = ancestors;
        if let Some(parent) = parent {
            site.sections[parent.0].subsections.push(SectionId(id));
        }
    }
    for id in 0..site.sections.len() {
        let mut subsections = std::mem::take(&mut site.sections[id].subsections);
        subsections.sort_by_key(|child| (site.section(*child).meta.weight, *child));
        site.sections[id].subsections = subsections;
    }
}

fn give_pages(site: &mut Site, folders: &Folders) {
    for id in 0..site.pages.len() {
        let page = &site.pages[id];
        if !page.meta.render {
            continue;
        }
        let mut folder = folder_of(&page.relative);
        if page.colocated.is_some() {
            folder = folder_of(folder);
        }
        let Some(own) = folders.section(&page.lang, folder) else { continue };
        let mut ancestors = site.section(own).ancestors.clone();
        ancestors.push(own);
        let mut section = Some(own);
        while let Some(SectionId(at)) = section {
            site.sections[at].pages.push(PageId(id));
            section = if site.sections[at].meta.transparent && !folder.is_empty() {
                folder = folder_of(folder);
                folders.section(&page.lang, folder)
            } else {
                None
            };
        }
        site.pages[id].ancestors = ancestors;
    }
}

fn inherit_templates(site: &mut Site) {
    let sections = &site.sections;
    for page in site.pages.iter_mut().filter(|page| page.template.is_none()) {
        let nearest = page.ancestors.iter().rev().find_map(|id| sections[id.0].meta.page_template.as_ref());
        page.template = nearest.cloned();
    }
}

fn sort_pages(site: &mut Site, diagnostics: &mut Vec<Diagnostic>) {
    let titles = title_orders(site);
    for id in 0..site.sections.len() {
        let sort_by = site.sections[id].meta.sort_by;
        if sort_by == SortBy::None {
            continue;
        }
        let pages = std::mem::take(&mut site.sections[id].pages);
        let (mut sortable, rest): (Vec<_>, Vec<_>) =
            pages.into_iter().partition(|&page| can_sort(site.page(page), sort_by));
        let collator = titles.get(site.sections[id].lang.as_str()).filter(|_| sort_by == SortBy::Title);
        sortable.sort_by(|&a, &b| {
            let (a, b) = (site.page(a), site.page(b));
            let order = match collator {
                Some(collator) => collator.compare(title(a), title(b)),
                None => compare(a, b, sort_by),
            };
            order.then_with(|| a.path.cmp(&b.path))
        });
        warn_unsortable(site, SectionId(id), &rest, diagnostics);
        if !site.sections[id].meta.transparent {
            for pair in sortable.windows(2) {
                site.pages[pair[0].0].higher = Some(pair[1]);
                site.pages[pair[1].0].lower = Some(pair[0]);
            }
        }
        site.sections[id].pages = sortable;
    }
}

fn title(page: &Page) -> &str {
    page.meta.title.as_deref().unwrap_or_default()
}

/// The order of each language's dictionaries, where a site wants its titles in it.
fn title_orders(site: &Site) -> HashMap<String, CollatorBorrowed<'static>> {
    if !site.config.translation.collate {
        return HashMap::new();
    }
    let order = |language: &Language| Some((language.code.clone(), collator(&language.locale)?));
    site.config.languages.iter().filter_map(order).collect()
}

fn warn_unsortable(site: &Site, id: SectionId, pages: &[PageId], diagnostics: &mut Vec<Diagnostic>) {
    let [first, rest @ ..] = pages else { return };
    let section = site.section(id);
    let key = match section.meta.sort_by {
        SortBy::Date => "date",
        SortBy::UpdateDate => "date` or `updated",
        SortBy::Weight => "weight",
        _ => "title",
    };
    let page = &site.page(*first).source.path;
    let message = format!("this page has no `{key}`, by which its section is sorted, and is not listed there");
    let mut warning =
        Diagnostic::error(page.clone(), message).as_warning().traced(format!("sorted by {}", section.source.path));
    if !rest.is_empty() {
        warning = warning.traced(format!("and {} more of its pages", rest.len()));
    }
    diagnostics.push(warning);
}

fn can_sort(page: &Page, sort_by: SortBy) -> bool {
    match sort_by {
        SortBy::Date => page.date.is_some(),
        SortBy::UpdateDate => page.date.is_some() || page.meta.updated.is_some(),
        SortBy::Title | SortBy::TitleBytes => page.meta.title.is_some(),
        SortBy::Weight => page.meta.weight.is_some(),
        SortBy::Slug | SortBy::Permalink | SortBy::None => true,
    }
}

/// Newest, lightest, alphabetically first comes first.
fn compare(a: &Page, b: &Page, sort_by: SortBy) -> Ordering {
    let date = |page: &Page| page.date.as_ref().map(|date| date.instant);
    let updated = |page: &Page| date(page).max(page.meta.updated.as_ref().map(|date| date.instant));
    match sort_by {
        SortBy::None => Ordering::Equal,
        SortBy::Date => date(b).cmp(&date(a)),
        SortBy::UpdateDate => updated(b).cmp(&updated(a)),
        SortBy::Title => natural_lexical_cmp(title(a), title(b)),
        SortBy::TitleBytes => title(a).cmp(title(b)),
        SortBy::Weight => a.meta.weight.cmp(&b.meta.weight),
        SortBy::Slug => natural_lexical_cmp(&a.slug, &b.slug),
        SortBy::Permalink => natural_lexical_cmp(a.path.as_str(), b.path.as_str()),
    }
}

//! How pages and sections belong together, by Zola's rules: a page is in the section whose folder it lies in, and
//! above it only through transparent ones; a page in a folder without `_index.md` is in none.

use std::{cmp::Ordering, collections::HashMap};

use lexical_sort::natural_lexical_cmp;

use super::{Page, PageId, SectionId, Site, SortBy, content::folder_of};
use crate::diag::Diagnostic;

/// Fills in ancestors, subsections, each section's pages in their order, neighbours and inherited templates.
pub(super) fn connect(site: &mut Site, diagnostics: &mut Vec<Diagnostic>) {
    let by_folder: HashMap<String, SectionId> = site
        .sections
        .iter()
        .enumerate()
        .map(|(id, section)| (folder_of(&section.relative).to_owned(), SectionId(id)))
        .collect();
    connect_sections(site, &by_folder);
    give_pages(site, &by_folder);
    inherit_templates(site);
    sort_pages(site, diagnostics);
}

fn connect_sections(site: &mut Site, by_folder: &HashMap<String, SectionId>) {
    for id in 0..site.sections.len() {
        let folder = folder_of(&site.sections[id].relative).to_owned();
        if folder.is_empty() {
            continue;
        }
        let mut ancestors = vec![SectionId(0)];
        ancestors.extend(folder.match_indices('/').filter_map(|(end, _)| by_folder.get(&folder[..end]).copied()));
        site.sections[id].ancestors = ancestors;
        if let Some(parent) = by_folder.get(folder_of(&folder)) {
            site.sections[parent.0].subsections.push(SectionId(id));
        }
    }
    for id in 0..site.sections.len() {
        let mut subsections = std::mem::take(&mut site.sections[id].subsections);
        subsections.sort_by_key(|child| (site.section(*child).meta.weight, *child));
        site.sections[id].subsections = subsections;
    }
}

fn give_pages(site: &mut Site, by_folder: &HashMap<String, SectionId>) {
    for id in 0..site.pages.len() {
        let page = &site.pages[id];
        if !page.meta.render {
            continue;
        }
        let mut folder = folder_of(&page.relative).to_owned();
        if page.colocated.is_some() {
            folder = folder_of(&folder).to_owned();
        }
        let Some(&own) = by_folder.get(&folder) else { continue };
        let mut ancestors = site.section(own).ancestors.clone();
        ancestors.push(own);
        site.pages[id].ancestors = ancestors;
        let mut section = Some(own);
        while let Some(SectionId(at)) = section {
            site.sections[at].pages.push(PageId(id));
            section = if site.sections[at].meta.transparent && !folder.is_empty() {
                folder = folder_of(&folder).to_owned();
                by_folder.get(&folder).copied()
            } else {
                None
            };
        }
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
    for id in 0..site.sections.len() {
        let sort_by = site.sections[id].meta.sort_by;
        if sort_by == SortBy::None {
            continue;
        }
        let pages = std::mem::take(&mut site.sections[id].pages);
        let (mut sortable, rest): (Vec<_>, Vec<_>) =
            pages.into_iter().partition(|&page| can_sort(site.page(page), sort_by));
        sortable.sort_by(|&a, &b| {
            let (a, b) = (site.page(a), site.page(b));
            compare(a, b, sort_by).then_with(|| a.path.cmp(&b.path))
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
    let title = |page: &Page| page.meta.title.clone().unwrap_or_default();
    match sort_by {
        SortBy::None => Ordering::Equal,
        SortBy::Date => date(b).cmp(&date(a)),
        SortBy::UpdateDate => updated(b).cmp(&updated(a)),
        SortBy::Title => natural_lexical_cmp(&title(a), &title(b)),
        SortBy::TitleBytes => title(a).cmp(&title(b)),
        SortBy::Weight => a.meta.weight.cmp(&b.meta.weight),
        SortBy::Slug => natural_lexical_cmp(&a.slug, &b.slug),
        SortBy::Permalink => natural_lexical_cmp(a.path.as_str(), b.path.as_str()),
    }
}

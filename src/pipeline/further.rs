//! The mistakes behind the first: a page's rendering ends at its first mistake, and an author wants all of them in one run.
//! Pages that failed are rendered again without what was found, until nothing new comes. What is rendered so is dropped.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::{
    diag::Diagnostic,
    plan::{Origin, Plan},
    site::SitePath,
    transform::render::Renderer,
};

/// So many pages with the same mistake are rendered again: what is wrong in their templates is wrong in all of them.
const PAGES: usize = 16;

/// So many mistakes, one behind the other, are enough for one run.
const ROUNDS: usize = 32;

/// What is wrong with the pages at these paths beyond what has been found.
pub(super) fn further(
    renderer: &Renderer<'_>,
    plan: &Plan,
    mut failed: Vec<(SitePath, Vec<Diagnostic>)>,
) -> Vec<Diagnostic> {
    let mut all = Vec::new();
    let mut known: BTreeSet<Fault> = BTreeSet::new();
    let mut repaired: Option<Renderer<'_>> = None;
    for _ in 0..ROUNDS {
        let chosen = some_of_each(failed);
        let found: Vec<Diagnostic> = chosen.iter().flat_map(|(_, found)| found.iter().cloned()).collect();
        known.extend(found.iter().filter_map(fault));
        let Some(next) = repaired.as_ref().unwrap_or(renderer).repaired(&found) else { break };
        let again = chosen.into_par_iter().map(|(path, _)| {
            let found = rendered(&next, plan, &path).err().unwrap_or_default();
            (path, found)
        });
        let is_new = |one: &Diagnostic| fault(one).is_some_and(|fault| !known.contains(&fault));
        failed = again.filter(|(_, found)| found.iter().any(is_new)).collect();
        if failed.is_empty() {
            break;
        }
        all.extend(failed.iter().flat_map(|(_, found)| found.iter().filter(|one| is_new(one)).cloned()));
        repaired = Some(next);
    }
    all
}

/// File, place and message of a mistake.
type Fault = (String, usize, String);

fn fault(diagnostic: &Diagnostic) -> Option<Fault> {
    let label = diagnostic.label.as_ref()?;
    Some((diagnostic.path.to_string(), label.span.start, diagnostic.message.clone()))
}

fn some_of_each(failed: Vec<(SitePath, Vec<Diagnostic>)>) -> Vec<(SitePath, Vec<Diagnostic>)> {
    let mut counts: BTreeMap<Fault, usize> = BTreeMap::new();
    let mut chosen = Vec::new();
    for (path, found) in failed {
        let Some(first) = found.iter().find_map(fault) else { continue };
        let count = counts.entry(first).or_default();
        *count += 1;
        if *count <= PAGES {
            chosen.push((path, found));
        }
    }
    chosen
}

fn rendered(renderer: &Renderer<'_>, plan: &Plan, path: &SitePath) -> Result<String, Vec<Diagnostic>> {
    match plan.routes.get(path) {
        Some(Origin::Page(id)) => renderer.page(*id),
        Some(Origin::Section(id)) => renderer.section(*id),
        Some(Origin::Pager(list, number)) => renderer.pager(*list, *number),
        Some(Origin::Taxonomy(id)) => renderer.taxonomy(*id),
        Some(Origin::Term(id)) => renderer.term(*id),
        Some(Origin::Feed(feed)) => renderer.feed(feed),
        Some(Origin::Template(name)) => renderer.template(name, path),
        _ => Err(Vec::new()),
    }
}

//! The `Link` field of a page (RFC 8288): what it needs and its HTML does not name, so that a browser fetches all of it
//! at once instead of one file after the other. What the HTML names is left out: it is in the same packet.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::outputs::Output;
use crate::{
    site::{BasePath, SitePath},
    transform::preload::{Loads, Reference, What, resolved},
};

/// So many files, and so many bytes: a long list is no longer a hint but a queue.
const MOST_FILES: usize = 24;
const MOST_BYTES: usize = 2048;

/// The value of the field for the page at `path`, which loads `page`; `None` when the HTML names all it needs.
pub(super) fn link(
    path: &SitePath,
    page: &Loads,
    routes: &BTreeMap<SitePath, Output>,
    base: &BasePath,
    with_fonts: bool,
) -> Option<String> {
    let loads = |path: &SitePath| routes.get(path).and_then(|output| output.loads.as_deref());
    let url = path.to_url(base);
    let from = page.base.as_ref().map_or(Some(url.clone()), |base| resolved(&url, base))?;
    let at = |from: &str, reference: &Reference| {
        let url = resolved(from, &reference.url)?;
        let below = &url[base.as_str().len() - 1..];
        url.starts_with(base.as_str()).then(|| SitePath::from_request(below).ok()).flatten()
    };

    let mut known: BTreeSet<SitePath> = BTreeSet::new();
    let mut waiting: VecDeque<(String, &Loads)> = VecDeque::new();
    for path in page.named.iter().filter_map(|reference| at(&from, reference)) {
        waiting.extend(loads(&path).map(|loads| (path.to_url(base), loads)));
        known.insert(path);
    }
    waiting.push_front((from, page));
    let mut value = String::new();
    let mut files = 0;
    while let Some((from, loads_there)) = waiting.pop_front() {
        for reference in &loads_there.inside {
            let Some(path) = at(&from, reference).filter(|path| routes.contains_key(path)) else { continue };
            if (reference.what == What::Font && !with_fonts) || !known.insert(path.clone()) {
                continue;
            }
            let url = path.to_url(base);
            let entry = entry(&url, reference.what);
            if files == MOST_FILES || value.len() + entry.len() > MOST_BYTES {
                return Some(value);
            }
            if !value.is_empty() {
                value.push_str(", ");
            }
            value.push_str(&entry);
            files += 1;
            waiting.extend(loads(&path).map(|loads| (url, loads)));
        }
    }
    (files > 0).then_some(value)
}

fn entry(url: &str, what: What) -> String {
    match what {
        What::Module => format!("<{url}>; rel=modulepreload"),
        What::StyleSheet => format!("<{url}>; rel=preload; as=style"),
        // Fonts are fetched without credentials, and so must what stands for them.
        What::Font => format!("<{url}>; rel=preload; as=font; type=\"font/woff2\"; crossorigin"),
    }
}

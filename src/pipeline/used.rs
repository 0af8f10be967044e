//! What the pages of a site use, where style rules for anything else are left out. Read before a script or style sheet is
//! built; what built scripts use is added when they are.

use super::drafts::Draft;
use crate::{
    diag::Diagnostic,
    load::{Site, World},
    site::SitePath,
    transform::unused::Used,
};

/// Files that are published as they are, and may make pages: their words count as those of scripts.
const SPEAKING: [&str; 7] = ["js", "mjs", "ts", "mts", "json", "svg", "xml"];

/// `None` where all rules stay.
pub(super) fn used(
    world: &dyn World,
    site: &Site,
    drafts: &[(SitePath, Draft)],
    found: &mut Vec<Diagnostic>,
) -> Option<Used> {
    let config = &site.config.assets;
    if !config.remove_unused {
        return None;
    }
    let used = Used::new(&config.keep, &site.config.rules.source);
    let mut used = used.map_err(|wrong| found.extend(wrong)).ok()?;
    for (_, draft) in drafts {
        match draft {
            Draft::Page(page) => used.page(&page.source.text),
            Draft::Text(text) => used.script(&text.source.text),
            Draft::Manifest(_) | Draft::Plain => {}
        }
    }
    for file in &site.files {
        // What cannot be read is told where it is published.
        if file.path.extension().is_some_and(|extension| SPEAKING.contains(&extension))
            && let Ok(bytes) = world.read(&file.file.path)
        {
            used.script(&String::from_utf8_lossy(&bytes));
        }
    }
    Some(used)
}

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

/// Files of `assets/` that a template may put into a page as they are. Its scripts speak when they are built.
const INLINED: [&str; 5] = ["svg", "xml", "html", "json", "txt"];

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
            Draft::Page(page) => {
                // What cannot be read again is told when the page is finished.
                if let Ok(source) = page.text.read() {
                    used.page(&source.text);
                }
            }
            Draft::Text(text) => used.script(&text.source.text),
            Draft::Manifest(_) | Draft::Made(_) | Draft::Plain => {}
        }
    }
    let speaks =
        |path: &str, extensions: &[&str]| path.rsplit_once('.').is_some_and(|(_, end)| extensions.contains(&end));
    let published = site.files.iter().map(|file| &file.file.path).filter(|path| speaks(path, &SPEAKING));
    let inlined = site.assets.iter().map(|file| &file.path).filter(|path| speaks(path, &INLINED));
    for path in published.chain(inlined) {
        // What cannot be read is told where it is published.
        if let Ok(bytes) = world.read(path) {
            used.script(&String::from_utf8_lossy(&bytes));
        }
    }
    Some(used)
}

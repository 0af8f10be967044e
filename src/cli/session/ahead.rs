//! What has changed alone is shown before the build is over that has it, and stays while that one comes: it is asked of the
//! build that is over (`keeper`).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Instant,
};

use super::{Event, Known, Session, keeper::Again};
use crate::{
    cli::build::BuiltSite,
    site::SiteName,
    watch::{Change, Changes},
};

/// So many files that changed are made again before a build: of more, the build makes more sense.
const MOST_LATE: usize = 8;

impl Session {
    /// Makes what has changed again, with what its site's last build knows.
    pub(super) fn make_again(&mut self, path: &Path) {
        let started = Instant::now();
        let Some(site) = self.layout.site_of_source(path) else { return };
        let (Some(pages), Some(Known { kept: Some(kept), .. })) = (&self.pages, self.sites.get(&site)) else { return };
        let file = self.layout.name(path);
        if let Some(again) = kept.again(&file) {
            let mut redefined = None;
            match again {
                Again::Page(page) => pages.edit(&page, kept.generation, &BTreeMap::new()),
                Again::Styles(sheets, names) => pages.edit(&sheets, kept.generation, &names),
                Again::Module(script) => pages.redefine(&site, redefined.insert(script).clone()),
            }
            self.shown.insert(path.to_owned(), redefined);
            self.made_again.insert(path.to_owned(), kept.generation);
            self.tell(&Event::Edited { site, file, took: started.elapsed() });
        }
    }

    /// The same for what has been found to have changed: not every system says when a file is whole.
    pub(super) fn make_settled_again(&mut self, changes: &Changes) {
        let made = std::mem::take(&mut self.made_again);
        let is_source = |path: &Path| self.layout.site_of_source(path).is_some();
        let are_few = changes.len() <= MOST_LATE;
        if !are_few || !changes.iter().all(|(path, change)| *change == Change::Changed && is_source(path)) {
            return;
        }
        for path in changes.keys() {
            let site = self.layout.site_of_source(path).and_then(|site| self.sites.get(&site));
            let generation = site.and_then(|known| known.kept.as_ref()).map(|kept| kept.generation);
            if made.get(path) != generation.as_ref() {
                self.make_again(path);
            }
        }
    }

    /// What changed while a site was built may be missing in it: it stays as it is shown.
    pub(super) fn make_late_edits_again(&mut self, site: &SiteName, built: &BuiltSite) {
        let Some(pages) = &self.pages else { return };
        pages.end_edits(site, built.generation);
        let is_late = |(path, change): &(&PathBuf, &Change)| {
            **change == Change::Changed && self.layout.site_of_source(path).as_ref() == Some(site)
        };
        // What was made again a moment ago may not have been looked at.
        let shown = self.shown.keys().map(|path| (path, &Change::Changed));
        let late: BTreeSet<&Path> =
            self.pending.iter().chain(shown).filter(is_late).map(|(path, _)| path.as_path()).collect();
        let kept = self.sites.get(site).and_then(|known| known.kept.as_ref()).filter(|_| late.len() <= MOST_LATE);
        for path in late {
            match kept.and_then(|kept| kept.again(&self.layout.name(path))) {
                Some(Again::Page(page)) => pages.edit_before_live(&page, built.generation, &BTreeMap::new()),
                Some(Again::Styles(sheets, names)) => pages.edit_before_live(&sheets, built.generation, &names),
                Some(Again::Module(script)) => pages.redefine_with(site, built.generation, script),
                // It may be half written by now, and pages run what it was.
                None => {
                    if let Some(Some(script)) = self.shown.get(path) {
                        pages.redefine_with(site, built.generation, script.clone());
                    }
                }
            }
        }
    }
}

//! What changes while a build is under way: what it may have read or missed, and what it wrote itself. Nothing that a person
//! saves may be lost here, and nothing that a build writes may be a reason for another without end.

use std::{collections::BTreeSet, path::PathBuf};

use super::Session;
use crate::{
    cli::build::BuiltSite,
    site::SiteName,
    watch::{Change, Changes},
};

/// What the command of an author wrote, as far as that can be told from what a person writes at the same time.
#[derive(Debug, Default)]
pub(super) struct Outputs {
    files: BTreeSet<PathBuf>,
    /// Whether the command runs once more because of what was none of these: what it then writes again is.
    again: bool,
}

impl Session {
    /// The build has what changed while the author's command ran. The command itself may have missed it, where it was a person
    /// who wrote: what it did not write before is a reason to run it once more.
    pub(super) fn take_prepared(&mut self, site: SiteName, changes: &Changes) {
        self.shown.retain(|path, _| self.layout.site_of_source(path).as_ref() != Some(&site));
        if changes.is_empty() {
            self.outputs.entry(site).and_modify(|outputs| outputs.again = false);
            return;
        }
        let is_first = !self.outputs.contains_key(&site);
        let Outputs { files, again } = self.outputs.entry(site).or_default();
        let others: Changes = changes
            .iter()
            .filter(|(path, _)| !files.contains(*path))
            .map(|(path, change)| (path.clone(), *change))
            .collect();
        if is_first || std::mem::take(again) {
            files.extend(others.into_keys());
        } else if !others.is_empty() {
            *again = true;
            self.pending.extend(others);
        }
    }

    /// What a build has read that was never seen here: it came while the build began, and may be gone or another one by now.
    pub(super) fn unseen(&self, built: &BuiltSite) -> Changes {
        let mut unseen = Changes::new();
        for name in built.sources.iter().filter(|name| !name.contains("/node_modules/")) {
            let path = self.layout.project.join(name);
            let mut watch = self.watch();
            if watch.knows(&path) {
                continue;
            }
            let changes = watch.accept(&path);
            if changes.is_empty() && !path.exists() {
                unseen.insert(path, Change::Removed);
            }
            unseen.extend(changes);
        }
        unseen
    }
}

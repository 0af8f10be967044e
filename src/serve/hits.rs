//! Which bodies of a bundle are asked for, and how often, where the bundle does not fit in memory: so that the next
//! generation, and the next start, can read them before anyone waits for them. A count that is a little off does no
//! harm, and a list that is broken is no list; so nothing here is locked, synced or checked twice.

use std::{
    cmp::Reverse,
    fmt::Write as _,
    fs, io,
    path::Path,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
};

use crate::{
    map::{Bundle, Representation, RepresentationId},
    site::Coding,
};

/// Counts of one generation, by representation. Takes no memory before the first hit.
#[derive(Debug, Default)]
pub struct Hits(OnceLock<Box<[AtomicU32]>>);

/// A body that was asked for, named so that another generation knows it, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub count: u32,
    pub coding: Coding,
    /// Below the site's base.
    pub path: String,
}

/// The file in a site's build folder.
const FILE: &str = ".hits";
const NEW_FILE: &str = ".hits.new";
/// The first line, so that a later form is not taken for this one.
const FORM: &str = "sitekit hits 1";
/// So many are remembered: half a megabyte of text, and more than a cache warms to in a few seconds.
const MOST: usize = 8192;

impl Hits {
    /// Counts of `list` for the bodies that `bundle` has.
    #[must_use]
    pub fn of(list: &[Hit], bundle: &Bundle) -> Self {
        let hits = Self::default();
        for hit in list {
            if let Some(found) = hit.find(bundle) {
                hits.count(bundle, found.id()).store(hit.count, Relaxed);
            }
        }
        hits
    }

    /// Any core may say so. Two at once may count as one.
    pub fn note(&self, bundle: &Bundle, id: RepresentationId) {
        let count = self.count(bundle, id);
        count.store(count.load(Relaxed).saturating_add(1), Relaxed);
    }

    /// Whether nothing was ever asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.get().is_none()
    }

    /// What was asked for, the most often first.
    #[must_use]
    pub fn list(&self, bundle: &Bundle) -> Vec<Hit> {
        let Some(counts) = self.0.get() else { return Vec::new() };
        let mut list = Vec::new();
        for (path, id) in bundle.routes() {
            for found in bundle.entry(id).representations() {
                let count = counts.get(found.id().index()).map_or(0, |count| count.load(Relaxed));
                if count > 0 {
                    list.push(Hit { count, coding: found.coding(), path: path.to_owned() });
                }
            }
        }
        list.sort_by_key(|hit| Reverse(hit.count));
        list.truncate(MOST);
        list
    }

    /// Halves all counts: what was asked for long ago counts for little.
    pub fn decay(&self) {
        for count in self.0.get().into_iter().flatten() {
            count.store(count.load(Relaxed) / 2, Relaxed);
        }
    }

    fn count(&self, bundle: &Bundle, id: RepresentationId) -> &AtomicU32 {
        let make = || (0..bundle.representation_count().max(1)).map(|_| AtomicU32::new(0)).collect();
        let counts = self.0.get_or_init(make);
        // Ids are of this bundle.
        &counts[id.index().min(counts.len() - 1)]
    }
}

impl Hit {
    #[must_use]
    pub fn find<'a>(&self, bundle: &'a Bundle) -> Option<Representation<'a>> {
        let id = bundle.lookup(&self.path)?;
        bundle.entry(id).representations().find(|found| found.coding() == self.coding)
    }
}

/// Writes the list of a site, by rename, so that no reader sees half of it.
///
/// # Errors
/// Those of the system: the folder may be read-only, and nothing but warmth is lost.
pub(super) fn save(folder: &Path, list: &[Hit]) -> io::Result<()> {
    let new = folder.join(NEW_FILE);
    fs::write(&new, text(list))?;
    fs::rename(new, folder.join(FILE))
}

/// The list of a site; empty when there is none that can be read.
pub(super) fn saved(folder: &Path) -> Vec<Hit> {
    fs::read_to_string(folder.join(FILE)).ok().and_then(|text| parse(&text)).unwrap_or_default()
}

fn text(list: &[Hit]) -> String {
    let mut text = format!("{FORM}\n");
    for Hit { count, coding, path } in list {
        // Paths have no line ends, as their type says.
        let _ = writeln!(text, "{count} {} {path}", coding.token());
    }
    text
}

fn parse(text: &str) -> Option<Vec<Hit>> {
    let (form, rest) = text.split_once('\n')?;
    let hit = |line: &str| {
        let mut parts = line.splitn(3, ' ');
        let count = parts.next()?.parse().ok()?;
        let token = parts.next()?;
        let coding = Coding::ALL.into_iter().find(|coding| coding.token() == token)?;
        Some(Hit { count, coding, path: parts.next()?.to_owned() })
    };
    let whole = form == FORM && (rest.is_empty() || rest.ends_with('\n'));
    whole.then(|| rest.lines().take(MOST).map(hit).collect()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(count: u32, coding: Coding, path: &str) -> Hit {
        Hit { count, coding, path: path.to_owned() }
    }

    #[test]
    fn lists_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let list = [hit(7, Coding::Brotli, "/a b/\u{e4}"), hit(1, Coding::Identity, "/")];
        assert_eq!(saved(folder.path()), []);
        save(folder.path(), &list).unwrap();
        assert_eq!(saved(folder.path()), list);
        for broken in
            ["", "1 br /\n", "sitekit hits 2\n1 br /\n", "sitekit hits 1\n1 br /\n2 br", "sitekit hits 1\nx\n"]
        {
            assert_eq!(parse(broken), None, "{broken:?}");
        }
        fs::write(folder.path().join(FILE), b"\xff\xfe").unwrap();
        assert_eq!(saved(folder.path()), []);
    }
}

//! What the generations before the live one still answer: fingerprinted files, so that a page loaded before a deploy
//! finds its scripts. Their bundles are opened where the build folder is looked at, never by a thread that serves, and
//! stay on disk: a body is read when it is asked for, like any that does not fit in memory.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
};

use crate::{
    map::{self, Bundle, EntryId, Generation, OpenError},
    site::{ContentHash, SiteName, UserName},
};

/// The generations of a site that are kept beside the live one, and the files only they have.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// The newest first.
    generations: Vec<Kept>,
    /// By path below the base. A map in memory, so that looking for what no one ever had waits for no disk.
    files: HashMap<Box<str>, File>,
}

#[derive(Debug)]
struct Kept {
    hash: ContentHash,
    bundle: Result<Bundle, OpenError>,
}

/// A file of a generation of the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct File {
    generation: usize,
    id: EntryId,
}

impl Past {
    /// Opens those of `kept` that `known` does not have open, and finds what they have that `live` has not.
    pub(super) fn new(live: &Bundle, kept: &[Generation], known: impl Fn(ContentHash) -> Option<Bundle>) -> Self {
        let mut past = Self::default();
        for Generation { hash, path, .. } in kept {
            let bundle = known(*hash).map_or_else(|| open(path, live.site()), Ok);
            if let Ok(bundle) = &bundle {
                let generation = past.generations.len();
                for (path, id) in bundle.routes().filter(|(path, id)| outlives(bundle, path, *id, live)) {
                    past.files.entry(path.into()).or_insert(File { generation, id });
                }
            }
            past.generations.push(Kept { hash: *hash, bundle });
        }
        past
    }

    /// Whether it is made of these.
    pub(super) fn is_of(&self, kept: &[Generation]) -> bool {
        self.generations.iter().map(|known| known.hash).eq(kept.iter().map(|kept| kept.hash))
    }

    /// The newest file there was at a path that the live generation has not.
    pub(super) fn find(&self, path: &str) -> Option<File> {
        self.files.get(path).copied()
    }

    /// Where a file that was found is.
    pub(super) fn entry(&self, file: File) -> Option<(&Bundle, EntryId)> {
        let bundle = self.generations.get(file.generation)?.bundle.as_ref().ok()?;
        Some((bundle, file.id))
    }

    pub(super) fn bundle(&self, generation: ContentHash) -> Option<&Bundle> {
        self.generations.iter().find(|kept| kept.hash == generation)?.bundle.as_ref().ok()
    }

    /// Why some of the generations answer nothing. One that was removed since it was listed is none of them.
    pub(super) fn faults(&self) -> impl Iterator<Item = &OpenError> {
        let faults = self.generations.iter().filter_map(|kept| kept.bundle.as_ref().err());
        faults.filter(|error| !matches!(error, OpenError::Missing { .. }))
    }

    /// What the tables of its bundles take of memory, in bytes.
    pub(super) fn tables_len(&self) -> u64 {
        self.generations.iter().flat_map(|kept| &kept.bundle).map(Bundle::tables_len).sum()
    }

    /// The hashes of all bodies that may be asked for.
    pub(super) fn bodies(&self) -> impl Iterator<Item = ContentHash> {
        self.files.values().filter_map(|&file| self.entry(file)).flat_map(|(bundle, id)| {
            let hashes: Vec<_> = bundle.entry(id).representations().map(|found| found.hash()).collect();
            hashes
        })
    }
}

/// The generations of a site beside the one that is served, the last published first, `most` at most. The one that should
/// be live is none of them, should it be refused.
///
/// # Errors
/// When the site's folder cannot be read.
pub(super) fn kept(
    build: &Path,
    site: &SiteName,
    served: ContentHash,
    most: usize,
) -> Result<Vec<Generation>, OpenError> {
    let mut kept = if most == 0 { Vec::new() } else { map::generations(build, site)? };
    kept.retain(|generation| generation.hash != served && !generation.live);
    kept.truncate(most);
    Ok(kept)
}

fn open(path: &Path, site: &SiteName) -> Result<Bundle, OpenError> {
    let bundle = Bundle::open(path)?;
    if bundle.site() == site { Ok(bundle) } else { Err(OpenError::Missing { path: path.to_owned() }) }
}

/// Whether an entry of an older bundle answers where `live` has no route: its bytes are what whoever asks for it means.
/// Nor may anyone have it now who might not have had it then.
fn outlives(bundle: &Bundle, path: &str, id: EntryId, live: &Bundle) -> bool {
    live.lookup(path).is_none()
        && is_immutable(bundle, id)
        && users(bundle, path).is_none_or(|then| users(live, path).is_some_and(|now| now.is_subset(&then)))
}

/// Who may have what is at a path; `None` when everyone may.
fn users<'a>(bundle: &'a Bundle, path: &str) -> Option<BTreeSet<&'a UserName>> {
    Some(bundle.rules().protection(path)?.users.keys().collect())
}

/// Whether an entry will never be another: its name is a fingerprint (RFC 8246).
pub(super) fn is_immutable(bundle: &Bundle, id: EntryId) -> bool {
    bundle.entry(id).fields().any(|(name, value)| name == "cache-control" && says_immutable(value))
}

fn says_immutable(cache_control: &str) -> bool {
    cache_control.split(',').any(|directive| directive.trim().eq_ignore_ascii_case("immutable"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directive_and_nothing_like_it() {
        for (value, expected) in [
            ("immutable", true),
            ("public, max-age=31536000, immutable", true),
            ("max-age=1,IMMUTABLE , public", true),
            ("max-age=31536000", false),
            ("immutable=1", false),
            ("x-immutable", false),
            ("", false),
        ] {
            assert_eq!(says_immutable(value), expected, "{value}");
        }
    }
}

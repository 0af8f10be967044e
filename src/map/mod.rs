//! Reads bundles: validates one completely before the first answer, then looks paths up in place. Nothing else in the
//! program trusts a byte of a bundle that was not checked here, and nothing here panics on one.
//!
//! # On many cores
//! Bodies and header values are slices of the file that count their references. Cores that share a count fight over
//! its cache line at every request, so each core serves from a [`Bundle::replica`]: the same file, counts of its own.

mod check;
mod entry;
mod folder;
mod mmap;

use std::{fmt, fs, path::Path, sync::Arc};

use bytes::Bytes;

pub use check::{Fault, FormatError};
pub use entry::{Damage, Entry, EntryId, Fields, Representation, RepresentationId};
pub use folder::{Generation, OpenError, generations, live, live_generation, open_live, sites};

use crate::{
    bundle::{MAX_PROBES, RouteHash, Tables},
    site::{BasePath, ContentHash, EncodedBody, Field, Mode, Response, Rules, SiteImage, SiteName, SitePath},
};

/// A bundle that was found whole. Clones share everything.
#[derive(Clone)]
pub struct Bundle {
    file: Bytes,
    index: Arc<Index>,
}

/// What is known of a file once it was checked.
#[derive(Clone, Debug)]
struct Index {
    tables: Tables,
    seed: u64,
    site: SiteName,
    base: BasePath,
    mode: Mode,
    generation: ContentHash,
    not_found: Option<EntryId>,
    rules: Arc<Rules>,
}

impl Bundle {
    /// Maps the file at `path` and checks header and tables; reads no body.
    ///
    /// # Errors
    /// When there is no readable file, or it is not a whole bundle of a version this program reads.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let at = |error| OpenError::io(path, error);
        // Looked at before it is opened: opening a pipe would wait for its writer.
        let found = fs::metadata(path).map_err(at)?;
        if !found.is_file() {
            return Err(OpenError::NotAFile { path: path.to_owned(), folder: found.is_dir() });
        }
        let format = |error| OpenError::Format { path: path.to_owned(), error };
        if found.len() == 0 {
            return Err(format(FormatError::Empty));
        }
        Self::from_bytes(mmap::map(path).map_err(at)?).map_err(format)
    }

    /// Checks header and tables of a bundle in memory.
    ///
    /// # Errors
    /// When it is not a whole bundle of a version this program reads.
    pub fn from_bytes(file: Bytes) -> Result<Self, FormatError> {
        let index = check::check(&file)?;
        Ok(Self { file, index: Arc::new(index) })
    }

    /// The same bundle with reference counts of its own: one for each core that serves from it. Its slices keep the
    /// file mapped as those of any other.
    #[must_use]
    pub fn replica(&self) -> Self {
        Self { file: Bytes::from_owner(self.file.clone()), index: Arc::new((*self.index).clone()) }
    }

    #[must_use]
    pub fn site(&self) -> &SiteName {
        &self.index.site
    }

    /// Where the site is mounted; its links were made for this place.
    #[must_use]
    pub fn base(&self) -> &BasePath {
        &self.index.base
    }

    #[must_use]
    pub fn mode(&self) -> Mode {
        self.index.mode
    }

    /// The name of the content: equal for equal bundles.
    #[must_use]
    pub fn generation(&self) -> ContentHash {
        self.index.generation
    }

    /// Of the file, in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a bundle is never empty")]
    pub fn len(&self) -> u64 {
        self.file.len() as u64
    }

    /// The file. Touching its bytes may wait for the disk.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        self.file.clone()
    }

    /// How many routes there are. `EntryId`s number them, sorted by path.
    #[must_use]
    pub fn route_count(&self) -> u32 {
        self.index.tables.entries.count()
    }

    /// How many representations there are in all entries. `RepresentationId`s number them.
    #[must_use]
    pub fn representation_count(&self) -> u32 {
        self.index.tables.representations.count()
    }

    /// The entry of a decoded path below the base, such as `/guide/`. Looks at a bounded number of slots, whatever
    /// the path.
    #[must_use]
    pub fn lookup(&self, path: &str) -> Option<EntryId> {
        let Index { tables, seed, .. } = &*self.index;
        let hash = RouteHash::of(path.as_bytes(), *seed);
        for probe in 0..MAX_PROBES {
            let slot = tables.slots.get(&self.file, hash.slot(probe, tables.slots.count()))?;
            let entry = slot.entry.checked_sub(1)?;
            if slot.tag == hash.tag() && self.path_bytes(entry) == Some(path.as_bytes()) {
                return Some(EntryId(entry));
            }
        }
        None
    }

    /// The entry that answers, with status 404, what has no route.
    #[must_use]
    pub fn not_found(&self) -> Option<EntryId> {
        self.index.not_found
    }

    /// What the site says about its answers beside the routes. Error pages are routes of the bundle.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.index.rules
    }

    /// The entry of an id this bundle gave.
    #[must_use]
    pub fn entry(&self, id: EntryId) -> Entry<'_> {
        Entry::read(self, id)
    }

    /// The representation of an id this bundle gave.
    #[must_use]
    pub fn representation(&self, id: RepresentationId) -> Representation<'_> {
        Representation::read(self, id)
    }

    /// All routes, sorted by path.
    pub fn routes(&self) -> impl ExactSizeIterator<Item = (&str, EntryId)> {
        (0..self.route_count()).map(|number| (self.path(number), EntryId(number)))
    }

    /// Reads every body and compares it with its hash.
    ///
    /// # Errors
    /// All that do not match.
    pub fn verify_bodies(&self) -> Result<(), Vec<Damage>> {
        let bodies = self.index.tables.bodies.iter(&self.file);
        let damage: Vec<_> = bodies.filter_map(|(_, body)| entry::verify(&self.file, body).err()).collect();
        if damage.is_empty() { Ok(()) } else { Err(damage) }
    }

    /// What was packed. Copies the tables; the bodies are slices of the file.
    #[must_use]
    pub fn to_image(&self) -> SiteImage {
        let mut image = SiteImage {
            site: self.site().clone(),
            base: self.base().clone(),
            mode: self.mode(),
            routes: std::collections::BTreeMap::new(),
            not_found: self.not_found().and_then(|id| SitePath::parse(self.entry(id).path()).ok()),
            rules: self.rules().clone(),
        };
        for (path, id) in self.routes() {
            // Paths were checked when the bundle was opened.
            let Ok(path) = SitePath::parse(path) else { continue };
            let entry = self.entry(id);
            let response = Response {
                status: entry.status(),
                fields: entry.fields().map(|(name, value)| Field::new(name, value)).collect(),
                bodies: entry
                    .representations()
                    .map(|of| EncodedBody { coding: of.coding(), bytes: of.body() })
                    .collect(),
            };
            image.routes.insert(path, response);
        }
        image
    }

    fn path(&self, entry: u32) -> &str {
        self.path_bytes(entry).and_then(|path| std::str::from_utf8(path).ok()).unwrap_or_default()
    }

    fn path_bytes(&self, entry: u32) -> Option<&[u8]> {
        let path = self.index.tables.entries.get(&self.file, entry)?.path;
        self.file.get(self.index.tables.text_range(path)?)
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Index { site, generation, .. } = &*self.index;
        f.debug_struct("Bundle").field("site", site).field("generation", generation).finish_non_exhaustive()
    }
}

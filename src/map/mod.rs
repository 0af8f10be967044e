//! Reads bundles: validates one completely before the first answer, then looks paths up in place. Nothing else in the
//! program trusts a byte of a bundle that was not checked here, and nothing here panics on one.
//!
//! # In little memory
//! Header and tables are copied when a bundle is opened: no lookup ever waits for a page of the file. Bodies are not;
//! whoever cannot afford to wait for one gets it with [`Bundle::read`], on a thread that may.
//!
//! # On many cores
//! Bodies and header values are slices of the file that count their references. Cores that share a count fight over
//! its cache line at every request, so each core serves from a [`Bundle::replica`]: the same file, counts of its own.

mod check;
mod difference;
mod entry;
mod folder;
mod mmap;

use std::{
    fmt,
    fs::{self, File},
    io,
    ops::Range,
    path::Path,
    sync::Arc,
};

use bytes::Bytes;

pub use check::{Fault, FormatError};
pub use difference::{Change, Difference, Kind, differences};
pub use entry::{Damage, Entry, EntryId, Fields, Representation, RepresentationId};
pub use folder::{Generation, OpenError, generations, live, live_generation, open_live, sites};

use crate::{
    bundle::{MAX_PROBES, RouteHash, Tables, TextRef},
    site::{BasePath, ContentHash, EncodedBody, Field, Manifest, Mode, Response, Rules, SiteImage, SiteName, SitePath},
};

/// A bundle that was found whole. Clones share everything.
#[derive(Clone)]
pub struct Bundle {
    /// Header and tables, in memory of their own.
    head: Bytes,
    /// All of it, mapped.
    file: Bytes,
    /// What is mapped, when it is a file.
    disk: Option<Arc<File>>,
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
    /// Its JSON; empty when there is none.
    manifest: TextRef,
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
        let disk = File::open(path).map_err(at)?;
        let bundle = Self::from_bytes(mmap::map(&disk).map_err(at)?).map_err(format)?;
        Ok(Self { disk: Some(Arc::new(disk)), ..bundle })
    }

    /// Checks header and tables of a bundle in memory.
    ///
    /// # Errors
    /// When it is not a whole bundle of a version this program reads.
    pub fn from_bytes(file: Bytes) -> Result<Self, FormatError> {
        let index = check::check(&file)?;
        // The check has shown that the tables end within the file.
        let end = usize::try_from(index.tables.end()).unwrap_or(file.len());
        Ok(Self { head: Bytes::copy_from_slice(&file[..end]), file, disk: None, index: Arc::new(index) })
    }

    /// The same bundle with reference counts of its own: one for each core that serves from it. Its slices keep the
    /// file mapped as those of any other.
    #[must_use]
    pub fn replica(&self) -> Self {
        Self {
            head: Bytes::from_owner(self.head.clone()),
            file: Bytes::from_owner(self.file.clone()),
            disk: self.disk.clone(),
            index: Arc::new((*self.index).clone()),
        }
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

    /// Of header and tables, in bytes: what an open bundle takes of memory however little of it is read.
    #[must_use]
    pub fn tables_len(&self) -> u64 {
        self.head.len() as u64
    }

    /// The file. Touching its bytes may wait for the disk.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        self.file.clone()
    }

    /// Copies a part of the file, such as a body. Waits for the disk where it is not in memory, and reads no more of
    /// it than was asked for: touching the map would, since the kernel takes that for the beginning of a long read.
    ///
    /// # Errors
    /// When the disk does not give it; a touch of the map would end the process.
    pub fn read(&self, part: Range<u64>) -> io::Result<Bytes> {
        let fits = |at: u64| usize::try_from(at).ok().filter(|&at| at <= self.file.len());
        let (Some(start), Some(end)) = (fits(part.start), fits(part.end)) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        #[cfg(unix)]
        if let Some(disk) = &self.disk {
            let mut bytes = vec![0; end.saturating_sub(start)];
            std::os::unix::fs::FileExt::read_exact_at(&**disk, &mut bytes, part.start)?;
            return Ok(bytes.into());
        }
        Ok(Bytes::copy_from_slice(self.file.get(start..end).unwrap_or_default()))
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
            let slot = tables.slots.get(&self.head, hash.slot(probe, tables.slots.count()))?;
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

    /// What the site's scripts and style sheets were made of; empty when it has none. Parsed anew at each call.
    #[must_use]
    pub fn manifest(&self) -> Manifest {
        let Some(json) = self.index.tables.text_range(self.index.manifest).and_then(|range| self.head.get(range))
        else {
            return Manifest::default();
        };
        // What is there was read when the bundle was opened.
        serde_json::from_slice(json).unwrap_or_default()
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
        let bodies = self.index.tables.bodies.iter(&self.head);
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
            manifest: self.manifest(),
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
        let path = self.index.tables.entries.get(&self.head, entry)?.path;
        self.head.get(self.index.tables.text_range(path)?)
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Index { site, generation, .. } = &*self.index;
        f.debug_struct("Bundle").field("site", site).field("generation", generation).finish_non_exhaustive()
    }
}

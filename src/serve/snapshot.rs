//! The live generation of every site, replaced as a whole. Whoever holds a snapshot keeps what it names alive, so a
//! request ends with the generation it began with.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use arc_swap::ArcSwap;

use crate::{
    map::{self, Bundle, OpenError},
    observe::{Registry, SiteCounters},
    site::{BasePath, ContentHash, Mode, SiteName},
};

use super::{cache::Cache, memory, resident};

/// One site's live generation.
#[derive(Debug)]
pub struct LiveSite {
    bundle: Bundle,
    mode: Mode,
    counters: Arc<SiteCounters>,
    /// Every page of the bundle was touched and is meant to stay.
    resident: AtomicBool,
}

impl LiveSite {
    #[must_use]
    pub fn name(&self) -> &SiteName {
        self.bundle.site()
    }

    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// How unknown paths are answered: the site's own mode, unless the operator said otherwise.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    #[must_use]
    pub fn generation(&self) -> ContentHash {
        self.bundle.generation()
    }

    pub(super) fn counters(&self) -> &Arc<SiteCounters> {
        &self.counters
    }

    pub(super) fn is_resident(&self) -> bool {
        self.resident.load(Relaxed)
    }

    pub(super) fn set_resident(&self) {
        self.resident.store(true, Relaxed);
    }
}

/// All sites, sorted by name.
#[derive(Debug, Default)]
pub struct Snapshot {
    sites: Vec<Arc<LiveSite>>,
    root: Option<usize>,
}

impl Snapshot {
    #[must_use]
    pub fn sites(&self) -> &[Arc<LiveSite>] {
        &self.sites
    }

    /// The place, in `sites`, of the one that is mounted below its name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<usize> {
        let at = self.sites.binary_search_by(|site| site.name().as_str().cmp(name)).ok()?;
        (self.root != Some(at)).then_some(at)
    }

    /// The place of the site that is mounted at `/`.
    #[must_use]
    pub fn root(&self) -> Option<usize> {
        self.root
    }
}

/// What the operator chose to serve, and how.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// The folder of the bundles.
    pub build: PathBuf,
    /// All sites when empty.
    pub sites: BTreeSet<SiteName>,
    /// Instead of the site's own.
    pub mode: Option<Mode>,
    /// Memory for bodies, in bytes.
    pub memory: u64,
}

/// Why a site is not served, or not in its newest generation.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the bundle in build/{folder}/ is of the site `{found}`")]
    OtherSite { folder: SiteName, found: SiteName },
    #[error("it is mounted at `/`, and so is `{other}`: only one site can be")]
    SecondRoot { other: SiteName },
}

/// What a look at the build folder found.
#[derive(Debug, Default)]
pub struct Changes {
    /// Went live: name, generation before, generation now.
    pub swapped: Vec<(SiteName, Option<ContentHash>, ContentHash)>,
    pub removed: Vec<SiteName>,
    /// What is not served in its newest generation, and why; said once per reason.
    pub refused: Vec<(SiteName, String)>,
}

/// The live snapshot, and what it takes to make the next one.
#[derive(Debug)]
pub struct Sites {
    live: Arc<ArcSwap<Snapshot>>,
    choice: Choice,
    cache: Cache,
    registry: Arc<Registry>,
}

impl Sites {
    /// No site is live before `refresh`.
    #[must_use]
    pub fn new(choice: Choice, shards: usize, registry: Arc<Registry>) -> Self {
        let cache = Cache::new(choice.memory, shards);
        Self { live: Arc::default(), choice, cache, registry }
    }

    #[must_use]
    pub fn build_folder(&self) -> &Path {
        &self.choice.build
    }

    pub(super) fn live(&self) -> &Arc<ArcSwap<Snapshot>> {
        &self.live
    }

    pub(super) fn cache(&self) -> &Cache {
        &self.cache
    }

    pub(super) fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// Looks at the build folder and makes live what is new there. A site whose new bundle cannot be opened goes on
    /// with the one it has. `known` are the refusals of the last look, so that none is told twice.
    ///
    /// # Errors
    /// When the folder cannot be read; everything stays as it is.
    pub fn refresh(&self, known: &mut BTreeSet<(SiteName, String)>) -> Result<Changes, OpenError> {
        let old = self.live.load_full();
        let mut changes = Changes::default();
        let mut refused = BTreeSet::new();
        let mut next = Snapshot::default();
        for name in map::sites(&self.choice.build)? {
            if !self.choice.sites.is_empty() && !self.choice.sites.contains(&name) {
                continue;
            }
            let before = old.sites.iter().find(|site| *site.name() == name);
            let now = self.open(&name, before).and_then(|site| next.admit(site));
            if let Err(refusal) = now {
                refused.insert((name, refusal.to_string()));
                // The old one was admitted before, so it only fails should the root have been taken since.
                if let Some(Err(second)) = before.map(|site| next.admit(Arc::clone(site))) {
                    tracing::error!(error = %second, "a site that was live cannot stay");
                }
            }
        }
        changes.refused.extend(refused.difference(known).cloned());
        *known = refused;
        self.make_live(&old, next, &mut changes);
        Ok(changes)
    }

    /// The live bundle in the build folder, or `before` when it is that one.
    fn open(&self, name: &SiteName, before: Option<&Arc<LiveSite>>) -> Result<Arc<LiveSite>, Refusal> {
        if let Some(before) = before
            && map::live_generation(&self.choice.build, name)? == before.generation()
        {
            return Ok(Arc::clone(before));
        }
        let bundle = map::open_live(&self.choice.build, name)?;
        // Under another file name, perhaps, but the same.
        if let Some(before) = before
            && bundle.generation() == before.generation()
        {
            return Ok(Arc::clone(before));
        }
        if bundle.site() != name {
            return Err(Refusal::OtherSite { folder: name.clone(), found: bundle.site().clone() });
        }
        Ok(Arc::new(LiveSite {
            mode: self.choice.mode.unwrap_or(bundle.mode()),
            counters: self.registry.site(name.as_str()),
            resident: AtomicBool::new(false),
            bundle,
        }))
    }

    fn make_live(&self, old: &Arc<Snapshot>, next: Snapshot, changes: &mut Changes) {
        for site in &next.sites {
            let before = old.sites.iter().find(|before| before.name() == site.name());
            if before.is_none_or(|before| !Arc::ptr_eq(before, site)) {
                site.counters.set_generation(Some(site.generation().to_string()));
                changes.swapped.push((site.name().clone(), before.map(|site| site.generation()), site.generation()));
            }
        }
        for gone in old.sites.iter().filter(|old| !next.sites.iter().any(|site| site.name() == old.name())) {
            gone.counters.set_generation(None);
            changes.removed.push(gone.name().clone());
        }
        if changes.swapped.is_empty() && changes.removed.is_empty() {
            return;
        }
        let lens: Vec<u64> = next.sites.iter().map(|site| site.bundle.len()).collect();
        let (residents, room) = memory::residents(self.choice.memory, &lens);
        let staying = |wanted: bool| {
            next.sites.iter().zip(&residents).filter(move |(_, resident)| **resident == wanted).map(|(site, _)| site)
        };
        staying(false).for_each(|site| site.resident.store(false, Relaxed));
        // What was just written is in memory already, as a rule: touched before it goes live, no request waits for it.
        resident::touch_small(staying(true));
        self.cache.set_capacity(room);
        let large: Vec<_> = staying(true).filter(|site| !site.is_resident()).cloned().collect();
        self.live.store(Arc::new(next));
        self.drop_dead_bodies();
        resident::touch_in_background(large);
    }

    /// Only bodies of live bundles that are not resident are worth their place.
    fn drop_dead_bodies(&self) {
        if self.cache.is_empty() {
            return;
        }
        let live = self.live.load();
        let cold = live.sites.iter().filter(|site| !site.is_resident());
        let alive: std::collections::HashSet<ContentHash> = cold
            .flat_map(|site| {
                let bundle = &site.bundle;
                bundle.routes().flat_map(|(_, id)| bundle.entry(id).representations().map(|body| body.hash()))
            })
            .collect();
        self.cache.keep_only(|hash| alive.contains(&hash));
    }
}

impl Snapshot {
    /// Sites come sorted by name.
    fn admit(&mut self, site: Arc<LiveSite>) -> Result<(), Refusal> {
        if *site.bundle.base() == BasePath::root() {
            if let Some(root) = self.root {
                return Err(Refusal::SecondRoot { other: self.sites[root].name().clone() });
            }
            self.root = Some(self.sites.len());
        }
        self.sites.push(site);
        Ok(())
    }
}

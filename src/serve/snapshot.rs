//! The live generation of every site, replaced as a whole. Whoever holds a snapshot keeps what it names alive, so a
//! request ends with the generation it began with.

use std::{
    collections::{BTreeSet, HashSet},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use arc_swap::{ArcSwap, ArcSwapOption};

use crate::{
    map::{self, Bundle, OpenError},
    observe::{Registry, SiteCounters},
    site::{BasePath, ContentHash, HostPattern, Mode, SiteName},
};

use super::{
    cache::Cache,
    hits::{self, Hits},
    hosts::{Claimant, HostTable, Hosting},
    memory,
    past::{self, Past},
    resident,
    rules::SiteRules,
};

/// One site's live generation.
#[derive(Debug)]
pub struct LiveSite {
    bundle: Bundle,
    mode: Mode,
    hosts: Vec<HostPattern>,
    rules: Option<SiteRules>,
    /// What the operator said of it.
    maintenance: Option<bool>,
    counters: Arc<SiteCounters>,
    /// Replaced when a generation is removed while this one stays live.
    past: ArcSwap<Past>,
    hits: Hits,
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

    /// The hosts it is served on, at `/`: the site's own, unless the operator said otherwise.
    #[must_use]
    pub fn hosts(&self) -> &[HostPattern] {
        &self.hosts
    }

    #[must_use]
    pub fn generation(&self) -> ContentHash {
        self.bundle.generation()
    }

    pub(super) fn rules(&self) -> Option<&SiteRules> {
        self.rules.as_ref()
    }

    pub(super) fn counters(&self) -> &Arc<SiteCounters> {
        &self.counters
    }

    /// What older generations still answer.
    pub(super) fn past(&self) -> arc_swap::Guard<Arc<Past>> {
        self.past.load()
    }

    /// What of it is asked for, while it is not resident.
    pub(super) fn hits(&self) -> &Hits {
        &self.hits
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
    hosts: HostTable,
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
        (*self.sites[at].bundle.base() != BasePath::root()).then_some(at)
    }

    /// Which site a host belongs to, by its place.
    #[must_use]
    pub fn hosts(&self) -> &HostTable {
        &self.hosts
    }

    /// The place of the site that is mounted at `/` of the default host.
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
    /// How many generations beside the live one go on answering for their fingerprinted files.
    pub past: usize,
}

/// Why a site is not served, or not in its newest generation.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the bundle in build/{folder}/ is of the site `{found}`")]
    OtherSite { folder: SiteName, found: SiteName },
    #[error("it is mounted at `/` of the default host, and so is `{other}`: give one of them hosts of its own")]
    SecondRoot { other: SiteName },
    #[error("it is to be served on {host}, and so is `{other}`")]
    HostTaken { host: HostPattern, other: SiteName },
    #[error("it is to be served on hosts of its own, and was built for {base}: set `hosts` before it is built")]
    BuiltForPath { base: BasePath },
}

/// What was refused and skipped at the last look, so that nothing is told twice.
#[derive(Clone, Debug, Default)]
pub struct Told {
    refused: BTreeSet<(SiteName, String)>,
    skipped: BTreeSet<(SiteName, String)>,
}

/// What a look at the build folder found.
#[derive(Debug, Default)]
pub struct Changes {
    /// Went live: name, generation before, generation now.
    pub swapped: Vec<(SiteName, Option<ContentHash>, ContentHash)>,
    pub removed: Vec<SiteName>,
    /// What is not served in its newest generation, and why; said once per reason.
    pub refused: Vec<(SiteName, String)>,
    /// Older generations whose files do not answer any more, and why; said once per reason.
    pub skipped: Vec<(SiteName, String)>,
}

/// The live snapshot, and what it takes to make the next one.
#[derive(Debug)]
pub struct Sites {
    live: Arc<ArcSwap<Snapshot>>,
    choice: Choice,
    /// All when there is none.
    only: ArcSwapOption<BTreeSet<SiteName>>,
    hosting: ArcSwap<Hosting>,
    cache: Arc<Cache>,
    registry: Arc<Registry>,
}

impl Sites {
    /// No site is live before `refresh`.
    #[must_use]
    pub fn new(choice: Choice, shards: usize, registry: Arc<Registry>) -> Self {
        let cache = Arc::new(Cache::new(choice.memory, shards));
        let only = ArcSwapOption::empty();
        Self { live: Arc::default(), choice, only, hosting: ArcSwap::default(), cache, registry }
    }

    /// No other sites, from the next `refresh` on, whatever bundles there are.
    pub fn serve_only(&self, sites: BTreeSet<SiteName>) {
        self.only.store(Some(Arc::new(sites)));
    }

    /// Whether who builds them says so, and says which there are.
    pub(super) fn hears_of_builds(&self) -> bool {
        self.only.load().is_some()
    }

    /// From the next `refresh` on.
    pub fn set_hosting(&self, hosting: Hosting) {
        self.hosting.store(Arc::new(hosting));
    }

    #[must_use]
    pub fn build_folder(&self) -> &Path {
        &self.choice.build
    }

    /// Sites the operator named; none when all are to be served.
    pub(super) fn asked_for(&self) -> &BTreeSet<SiteName> {
        &self.choice.sites
    }

    /// What is live now.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.live.load_full()
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
    /// with the one it has.
    ///
    /// # Errors
    /// When the folder cannot be read; everything stays as it is.
    pub fn refresh(&self, told: &mut Told) -> Result<Changes, OpenError> {
        let old = self.live.load_full();
        let hosting = self.hosting.load_full();
        let only = self.only.load_full();
        let mut changes = Changes::default();
        let (mut refused, mut skipped) = (BTreeSet::new(), BTreeSet::new());
        let mut next = Snapshot::default();
        let mut found = Vec::new();
        for name in map::sites(&self.choice.build)? {
            if !self.choice.sites.is_empty() && !self.choice.sites.contains(&name) {
                continue;
            }
            if only.as_ref().is_some_and(|only| !only.contains(&name)) {
                continue;
            }
            let before = old.sites.iter().find(|site| *site.name() == name);
            match self.open(&name, before, &hosting) {
                Ok(site) => found.push((site, before)),
                Err(refusal) => {
                    refused.insert((name, refusal.to_string()));
                    found.extend(before.map(|site| (Arc::clone(site), None)));
                }
            }
        }
        // Of two sites that want one place, the one that has it keeps it.
        found.sort_by_key(|(site, before)| before.is_none_or(|before| !has_its_places(site, before)));
        for (site, before) in found {
            let name = site.name().clone();
            let faults = self.keep_past(&site, before.map(|before| &**before));
            skipped.extend(faults.into_iter().map(|fault| (name.clone(), fault)));
            if let Err(refusal) = next.admit(site) {
                refused.insert((name, refusal.to_string()));
                // The old one was admitted before, so it only fails should its place have been taken since.
                if let Some(Err(second)) = before.map(|site| next.admit(Arc::clone(site))) {
                    tracing::error!(error = %second, "a site that was live cannot stay");
                }
            }
        }
        next.arrange(&hosting);
        changes.refused.extend(refused.difference(&told.refused).cloned());
        changes.skipped.extend(skipped.difference(&told.skipped).cloned());
        *told = Told { refused, skipped };
        self.make_live(&old, next, &mut changes);
        Ok(changes)
    }

    /// The live bundle in the build folder, or `before` when it is that one.
    fn open(
        &self,
        name: &SiteName,
        before: Option<&Arc<LiveSite>>,
        hosting: &Hosting,
    ) -> Result<Arc<LiveSite>, Refusal> {
        if let Some(before) = before
            && map::live_generation(&self.choice.build, name)? == before.generation()
        {
            return self.site(before.bundle.clone(), Some(before), hosting);
        }
        let bundle = map::open_live(&self.choice.build, name)?;
        if bundle.site() != name {
            return Err(Refusal::OtherSite { folder: name.clone(), found: bundle.site().clone() });
        }
        self.site(bundle, before, hosting)
    }

    /// The site of a bundle as the operator wants it; `before` when that is what it is already.
    fn site(
        &self,
        bundle: Bundle,
        before: Option<&Arc<LiveSite>>,
        hosting: &Hosting,
    ) -> Result<Arc<LiveSite>, Refusal> {
        let own = hosting.sites.get(bundle.site());
        let hosts = own.and_then(|own| own.hosts.as_ref()).unwrap_or(&bundle.rules().hosts);
        let mode = own.and_then(|own| own.mode).or(self.choice.mode).unwrap_or(bundle.mode());
        let maintenance = own.and_then(|own| own.maintenance);
        // Under another file name, perhaps, but the same.
        let same = before.filter(|before| before.generation() == bundle.generation());
        if let Some(before) = same.filter(|before| before.is_as(hosts, mode, maintenance)) {
            return Ok(Arc::clone(before));
        }
        if !hosts.is_empty() && *bundle.base() != BasePath::root() {
            return Err(Refusal::BuiltForPath { base: bundle.base().clone() });
        }
        let asked_for = match before {
            Some(before) => before.hits.list(&before.bundle),
            None => hits::saved(&self.choice.build.join(bundle.site().as_str())),
        };
        Ok(Arc::new(LiveSite {
            hits: Hits::of(&asked_for, &bundle),
            mode,
            rules: SiteRules::of(&bundle, maintenance),
            maintenance,
            hosts: hosts.clone(),
            counters: self.registry.site(bundle.site().as_str()),
            resident: AtomicBool::new(same.is_some_and(|before| before.is_resident())),
            past: ArcSwap::default(),
            bundle,
        }))
    }

    /// Gives a site the generations that are kept beside it. Those that are open stay open: that which was live until
    /// now goes on answering without a gap. Returns why some do not answer.
    fn keep_past(&self, site: &LiveSite, before: Option<&LiveSite>) -> Vec<String> {
        let kept = match past::kept(&self.choice.build, site.name(), site.generation(), self.choice.past) {
            Ok(kept) => kept,
            Err(error) => return vec![error.to_string()],
        };
        if !site.past().is_of(&kept) {
            let known = |generation| {
                let live = before.map(LiveSite::bundle).filter(|live| live.generation() == generation);
                let older =
                    || [Some(site), before].into_iter().flatten().find_map(|at| at.past().bundle(generation).cloned());
                live.cloned().or_else(older)
            };
            site.past.store(Arc::new(Past::new(site.bundle(), &kept, known)));
        }
        site.past().faults().map(ToString::to_string).collect()
    }

    fn make_live(&self, old: &Arc<Snapshot>, next: Snapshot, changes: &mut Changes) {
        let mut differs = false;
        for site in &next.sites {
            let before = old.sites.iter().find(|before| before.name() == site.name());
            if before.is_none_or(|before| !Arc::ptr_eq(before, site)) {
                site.counters.set_generation(Some(site.generation().to_string()));
                differs = true;
            }
            if before.is_none_or(|before| before.generation() != site.generation()) {
                changes.swapped.push((site.name().clone(), before.map(|site| site.generation()), site.generation()));
            }
        }
        for gone in old.sites.iter().filter(|old| !next.sites.iter().any(|site| site.name() == old.name())) {
            gone.counters.set_generation(None);
            changes.removed.push(gone.name().clone());
        }
        if !differs && changes.removed.is_empty() && old.hosts == next.hosts {
            return;
        }
        let lens: Vec<u64> = next.sites.iter().map(|site| site.bundle.len()).collect();
        // Tables have a place of their own in memory, whatever becomes of the bodies.
        let tables: u64 = next.sites.iter().map(|site| site.bundle.tables_len() + site.past().tables_len()).sum();
        let (residents, room) = memory::residents(self.choice.memory.saturating_sub(tables), &lens);
        let staying = |wanted: bool| {
            next.sites.iter().zip(&residents).filter(move |(_, resident)| **resident == wanted).map(|(site, _)| site)
        };
        staying(false).for_each(|site| site.resident.store(false, Relaxed));
        // What was just written is in memory already, as a rule: touched before it goes live, no request waits for it.
        resident::touch_small(staying(true));
        self.cache.set_capacity(room);
        let large: Vec<_> = staying(true).filter(|site| !site.is_resident()).cloned().collect();
        let is_new = |site: &&Arc<LiveSite>| !old.sites.iter().any(|old| Arc::ptr_eq(old, site));
        let warm: Vec<_> = staying(false).filter(is_new).cloned().collect();
        self.live.store(Arc::new(next));
        self.drop_dead_bodies();
        resident::in_background(large, warm, &self.cache);
    }

    /// Writes down what is asked for of the sites that do not fit in memory, for the next start, and forgets a half of it.
    pub fn save_hits(&self) {
        for site in self.live.load().sites.iter().filter(|site| !site.is_resident()) {
            let list = site.hits.list(&site.bundle);
            let folder = self.choice.build.join(site.name().as_str());
            if !list.is_empty()
                && let Err(error) = hits::save(&folder, &list)
            {
                tracing::debug!(%error, site = %site.name(), "the next start will not know what is asked for");
            }
            site.hits.decay();
        }
    }

    /// Only bodies that are not resident and can be asked for are worth their place.
    fn drop_dead_bodies(&self) {
        if self.cache.is_empty() {
            return;
        }
        let live = self.live.load();
        let cold = live.sites.iter().filter(|site| !site.is_resident());
        let mut alive: HashSet<ContentHash> = cold
            .flat_map(|site| {
                let bundle = &site.bundle;
                bundle.routes().flat_map(|(_, id)| bundle.entry(id).representations().map(|body| body.hash()))
            })
            .collect();
        live.sites.iter().for_each(|site| alive.extend(site.past().bodies()));
        self.cache.keep_only(|hash| alive.contains(&hash));
    }
}

/// Whether `site` asks for nothing that `before` did not have.
fn has_its_places(site: &LiveSite, before: &LiveSite) -> bool {
    site.bundle.base() == before.bundle.base() && site.hosts.iter().all(|host| before.hosts.contains(host))
}

impl Snapshot {
    /// Takes a site in, unless another one has its place.
    fn admit(&mut self, site: Arc<LiveSite>) -> Result<(), Refusal> {
        for other in &self.sites {
            if let Some(host) = site.hosts.iter().find(|host| other.hosts.contains(host)) {
                return Err(Refusal::HostTaken { host: host.clone(), other: other.name().clone() });
            }
            if site.is_root() && other.is_root() {
                return Err(Refusal::SecondRoot { other: other.name().clone() });
            }
        }
        self.sites.push(site);
        Ok(())
    }

    /// Puts the sites in their order once all are there.
    fn arrange(&mut self, hosting: &Hosting) {
        self.sites.sort_by(|one, other| one.name().cmp(other.name()));
        self.root = self.sites.iter().position(|site| site.is_root());
        let claimants: Vec<_> =
            self.sites.iter().map(|site| Claimant { name: site.name(), hosts: &site.hosts }).collect();
        let has_default = self.sites.iter().any(|site| site.hosts.is_empty());
        self.hosts = HostTable::new(hosting, &claimants, has_default);
    }
}

impl LiveSite {
    /// Whether the operator wants what is served already.
    fn is_as(&self, hosts: &[HostPattern], mode: Mode, maintenance: Option<bool>) -> bool {
        self.hosts == hosts && self.mode == mode && self.maintenance == maintenance
    }

    /// Whether it is mounted at `/` of the default host.
    fn is_root(&self) -> bool {
        self.hosts.is_empty() && *self.bundle.base() == BasePath::root()
    }
}

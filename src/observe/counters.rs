//! The counters themselves: one set per core and site, in cache lines of their own, that only that core writes. A
//! write is a load and a store, never a locked instruction; a reader adds the cores up and may see a request's
//! numbers half counted, which a sum over time does not mind.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use crate::site::Coding;

use super::{
    event::Event,
    histogram::{Buckets, Histogram},
};

/// All counters of a server.
#[derive(Debug)]
pub struct Registry {
    cores: usize,
    metering: Metering,
    started: Instant,
    connections: Box<[CoreConnections]>,
    access_log_dropped: AtomicU64,
    /// By name; `-`, which cannot name a site, counts what belongs to none.
    sites: Mutex<BTreeMap<String, Arc<SiteCounters>>>,
}

/// Whether requests are counted and timed. Connections always are: the limit on them needs the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metering {
    On,
    Off,
}

/// The counters of one site, on all cores. They outlive its generations.
#[derive(Debug)]
pub struct SiteCounters {
    cores: Box<[CoreSite]>,
    evictions: AtomicU64,
    warmed: AtomicU64,
    generation: Mutex<Option<String>>,
}

/// The counters of one site on one core.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct CoreSite {
    /// By class, 1xx first.
    statuses: [Count; 5],
    bytes: Count,
    /// By the coding's number.
    codings: [Count; 4],
    hits: Count,
    misses: Count,
    coalesced: Count,
    past: Count,
    latency: Histogram,
}

/// What one answer adds.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    pub status: u16,
    /// The coding of the representation that was sent; none for redirects, 304 and errors.
    pub coding: Option<Coding>,
    /// As written to the connection, head included.
    pub bytes: u64,
    /// From the complete request head to the last byte handed to the kernel.
    pub latency: Duration,
    pub reading: Reading,
}

/// How the body was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// There was none.
    None,
    /// It was in memory.
    Hit,
    /// It had to be read.
    Miss,
    /// Another request was reading it already.
    Coalesced,
}

/// Connections of one core, and what it refused.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct CoreConnections {
    pub(super) accepted: Count,
    pub(super) closed: Count,
    /// By the event's number.
    events: [Count; Event::ALL.len()],
}

/// A number that one thread writes.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    fn add(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// The sums of one site's counters, or of several sites'.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) statuses: [u64; 5],
    pub(super) bytes: u64,
    pub(super) codings: [u64; 4],
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) coalesced: u64,
    pub(super) evictions: u64,
    pub(super) warmed: u64,
    pub(super) past: u64,
    pub(super) latency: Buckets,
}

impl Registry {
    /// What has no site of its own is counted under this name.
    pub const NO_SITE: &'static str = "-";

    #[must_use]
    pub fn new(cores: usize, metering: Metering, now: Instant) -> Self {
        Self {
            cores,
            metering,
            started: now,
            connections: (0..cores).map(|_| CoreConnections::default()).collect(),
            access_log_dropped: AtomicU64::new(0),
            sites: Mutex::default(),
        }
    }

    #[must_use]
    pub fn metering(&self) -> Metering {
        self.metering
    }

    #[must_use]
    pub fn cores(&self) -> usize {
        self.cores
    }

    /// The counters of the site called `name`, made when they are first asked for.
    pub fn site(&self, name: &str) -> Arc<SiteCounters> {
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let counters = sites.entry(name.to_owned()).or_insert_with(|| {
            Arc::new(SiteCounters {
                cores: (0..self.cores).map(|_| CoreSite::default()).collect(),
                evictions: AtomicU64::new(0),
                warmed: AtomicU64::new(0),
                generation: Mutex::new(None),
            })
        });
        Arc::clone(counters)
    }

    /// A connection was accepted by `core`. Like the next two, only that core's thread may say so.
    pub fn connection_accepted(&self, core: usize) {
        self.connections[core].accepted.add(1);
    }

    pub fn connection_closed(&self, core: usize) {
        self.connections[core].closed.add(1);
    }

    /// A limit was reached on `core`.
    pub fn note(&self, core: usize, event: Event) {
        self.connections[core].events[event as usize].add(1);
    }

    /// Lines of the access log were lost. Any thread may say so; it is rare.
    pub fn access_log_dropped(&self, lines: u64) {
        self.access_log_dropped.fetch_add(lines, Relaxed);
    }

    #[must_use]
    pub fn access_log_lines_dropped(&self) -> u64 {
        self.access_log_dropped.load(Relaxed)
    }

    /// How often it happened, on all cores.
    #[must_use]
    pub fn noted(&self, event: Event) -> u64 {
        self.connections.iter().map(|core| core.events[event as usize].get()).sum()
    }

    pub(super) fn uptime(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started)
    }

    pub(super) fn connections(&self) -> &[CoreConnections] {
        &self.connections
    }

    /// Each site's name, live generation and sums, by name.
    pub(super) fn sums(&self) -> Vec<(String, Option<String>, Sums)> {
        let sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        sites.iter().map(|(name, site)| (name.clone(), site.generation(), site.sums())).collect()
    }
}

impl SiteCounters {
    /// The counters of one core. Only that core's thread may write them.
    #[must_use]
    pub fn core(&self, core: usize) -> &CoreSite {
        &self.cores[core]
    }

    /// A body of this site left the cache to make room. Any thread may say so; it is rare.
    pub fn evicted(&self) {
        self.evictions.fetch_add(1, Relaxed);
    }

    /// A body of this site was read before anyone asked for it. Any thread may say so; it is rare.
    pub fn warmed(&self) {
        self.warmed.fetch_add(1, Relaxed);
    }

    /// Says which generation is live; `None` when the site is gone.
    pub fn set_generation(&self, generation: Option<String>) {
        *self.generation.lock().unwrap_or_else(PoisonError::into_inner) = generation;
    }

    fn generation(&self) -> Option<String> {
        self.generation.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn sums(&self) -> Sums {
        let mut sums =
            Sums { evictions: self.evictions.load(Relaxed), warmed: self.warmed.load(Relaxed), ..Sums::default() };
        for core in &self.cores {
            core.add_to(&mut sums);
        }
        sums
    }
}

impl CoreSite {
    pub fn record(&self, answer: &Answer) {
        let class = usize::from(answer.status / 100).clamp(1, 5) - 1;
        self.statuses[class].add(1);
        self.bytes.add(answer.bytes);
        if let Some(coding) = answer.coding {
            self.codings[coding as usize].add(1);
        }
        match answer.reading {
            Reading::None => {}
            Reading::Hit => self.hits.add(1),
            Reading::Miss => self.misses.add(1),
            Reading::Coalesced => self.coalesced.add(1),
        }
        self.latency.record(u64::try_from(answer.latency.as_nanos()).unwrap_or(u64::MAX));
    }

    /// A file of an older generation answers; `record` counts the answer too.
    pub fn from_past(&self) {
        self.past.add(1);
    }

    fn add_to(&self, sums: &mut Sums) {
        for (sum, count) in sums.statuses.iter_mut().zip(&self.statuses) {
            *sum += count.get();
        }
        for (sum, count) in sums.codings.iter_mut().zip(&self.codings) {
            *sum += count.get();
        }
        sums.bytes += self.bytes.get();
        sums.hits += self.hits.get();
        sums.misses += self.misses.get();
        sums.coalesced += self.coalesced.get();
        sums.past += self.past.get();
        self.latency.add_to(&mut sums.latency);
    }
}

impl Sums {
    pub(super) fn requests(&self) -> u64 {
        self.statuses.iter().sum()
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (sum, n) in self.statuses.iter_mut().zip(other.statuses) {
            *sum += n;
        }
        for (sum, n) in self.codings.iter_mut().zip(other.codings) {
            *sum += n;
        }
        self.bytes += other.bytes;
        self.hits += other.hits;
        self.misses += other.misses;
        self.coalesced += other.coalesced;
        self.evictions += other.evictions;
        self.warmed += other.warmed;
        self.past += other.past;
        self.latency.add(&other.latency);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16) -> Answer {
        Answer {
            status,
            coding: Some(Coding::Brotli),
            bytes: 100,
            latency: Duration::from_micros(3),
            reading: Reading::Hit,
        }
    }

    #[test]
    fn cores_add_up() {
        let registry = Registry::new(2, Metering::On, Instant::now());
        let site = registry.site("docs");
        site.core(0).record(&answer(200));
        site.core(1).record(&answer(200));
        site.core(1).record(&Answer { coding: None, reading: Reading::None, ..answer(404) });
        site.evicted();
        site.set_generation(Some("g".to_owned()));
        let [(name, generation, sums)] = &registry.sums()[..] else { panic!("one site") };
        assert_eq!((name.as_str(), generation.as_deref()), ("docs", Some("g")));
        assert_eq!(sums.statuses, [0, 2, 0, 1, 0]);
        assert_eq!((sums.bytes, sums.codings, sums.hits, sums.evictions), (300, [0, 0, 2, 0], 2, 1));
        assert_eq!((sums.requests(), sums.latency.count()), (3, 3));
    }

    #[test]
    fn a_site_keeps_its_counters() {
        let registry = Registry::new(1, Metering::On, Instant::now());
        registry.site("docs").core(0).record(&answer(200));
        registry.site("docs").core(0).record(&answer(200));
        assert_eq!(registry.sums()[0].2.requests(), 2);
    }
}

//! Bodies of bundles that do not fit in memory. The hot ones are kept, admitted by how often they are asked for
//! (S3-FIFO); a cold one is read once, off the threads that serve, however many wait for it.

use std::{io, sync::Arc};

use bytes::Bytes;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter, sync};

use crate::{
    observe::{Reading, SiteCounters},
    site::ContentHash,
};

/// Bodies by the hash of their bytes, whatever site they are of.
#[derive(Debug)]
pub(super) struct Cache {
    bodies: sync::Cache<ContentHash, Cached, ByLength, quick_cache::DefaultHashBuilder, CountEvictions>,
}

#[derive(Clone, Debug)]
struct Cached {
    bytes: Bytes,
    /// Of the site that brought it in.
    counters: Arc<SiteCounters>,
}

#[derive(Clone, Copy, Debug)]
struct ByLength;

#[derive(Clone, Copy, Debug)]
struct CountEvictions;

/// What an entry costs beside its body.
const OVERHEAD: u64 = 128;

impl Weighter<ContentHash, Cached> for ByLength {
    fn weight(&self, _: &ContentHash, cached: &Cached) -> u64 {
        cached.bytes.len() as u64 + OVERHEAD
    }
}

impl Lifecycle<ContentHash, Cached> for CountEvictions {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), _: ContentHash, cached: Cached) {
        cached.counters.evicted();
    }
}

impl Cache {
    /// Room for `capacity` bytes in `shards` parts that are locked apart; the number is rounded up to a power of two.
    pub(super) fn new(capacity: u64, shards: usize) -> Self {
        let options = OptionsBuilder::new()
            .weight_capacity(capacity)
            // Of a size web pages have; the capacity in bytes is what binds.
            .estimated_items_capacity(usize::try_from(capacity / (16 << 10)).unwrap_or(usize::MAX).clamp(64, 1 << 20))
            .shards(shards)
            .build();
        let bodies = match options {
            Ok(options) => {
                sync::Cache::with_options(options, ByLength, quick_cache::DefaultHashBuilder::default(), CountEvictions)
            }
            // `build` fails when a number was not set, and all are.
            Err(_) => {
                sync::Cache::with(64, capacity, ByLength, quick_cache::DefaultHashBuilder::default(), CountEvictions)
            }
        };
        Self { bodies }
    }

    /// The longest body that is worth keeping: a longer one would push out too much, and is read piece by piece.
    pub(super) fn longest(&self) -> u64 {
        (self.bodies.shard_capacity() / 8).min(1 << 20)
    }

    /// The body called `hash`, if it is here.
    pub(super) fn get(&self, hash: ContentHash) -> Option<Bytes> {
        self.bodies.get(&hash).map(|cached| cached.bytes)
    }

    /// The body called `hash`, which `read` would read from the disk; it runs on a thread for that. When someone is
    /// reading it already, waits for them. When the one who reads goes away or fails, the next in line reads.
    ///
    /// # Errors
    /// When the read fails.
    pub(super) async fn get_or_read(
        &self,
        hash: ContentHash,
        counters: &Arc<SiteCounters>,
        read: impl FnOnce() -> io::Result<Bytes> + Send + 'static,
    ) -> io::Result<(Bytes, Reading)> {
        match self.bodies.get_value_or_guard_async(&hash).await {
            Ok(cached) => Ok((cached.bytes, Reading::Coalesced)),
            Err(guard) => {
                let bytes = tokio::task::spawn_blocking(read).await??;
                // Refused when the entry was removed meanwhile; the bytes are right all the same.
                let _ = guard.insert(Cached { bytes: bytes.clone(), counters: Arc::clone(counters) });
                Ok((bytes, Reading::Miss))
            }
        }
    }

    /// Whether the body called `hash` is here.
    pub(super) fn contains(&self, hash: ContentHash) -> bool {
        self.bodies.contains_key(&hash)
    }

    /// Brings in the body called `hash`, for those who will ask for it. Waits for the disk.
    ///
    /// # Errors
    /// When the read fails.
    pub(super) fn warm(
        &self,
        hash: ContentHash,
        counters: &Arc<SiteCounters>,
        read: impl FnOnce() -> io::Result<Bytes>,
    ) -> io::Result<()> {
        let read = || {
            let bytes = read()?;
            counters.warmed();
            Ok(Cached { bytes, counters: Arc::clone(counters) })
        };
        self.bodies.get_or_insert_with(&hash, read).map(drop)
    }

    /// In bytes.
    pub(super) fn capacity(&self) -> u64 {
        self.bodies.capacity()
    }

    /// Bodies that no one can ask for any more leave.
    pub(super) fn keep_only(&self, alive: impl Fn(ContentHash) -> bool) {
        self.bodies.retain(|hash, _| alive(*hash));
    }

    pub(super) fn set_capacity(&self, bytes: u64) {
        self.bodies.set_capacity(bytes);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bodies.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering::SeqCst},
        time::Instant,
    };

    use super::*;
    use crate::observe::{Metering, Registry, Report};

    fn registry() -> Registry {
        Registry::new(1, Metering::On, Instant::now())
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().unwrap()
    }

    #[test]
    fn readers_of_one_body_share_one_read() {
        let (cache, counters) = (Cache::new(1 << 20, 2), registry().site("a"));
        let hash = ContentHash::of(b"body");
        let reads = Arc::new(AtomicUsize::new(0));
        // The read ends when all who want the body have asked for it.
        let (release, released) = std::sync::mpsc::channel::<()>();
        let released = std::sync::Mutex::new(released);
        let read = {
            let reads = Arc::clone(&reads);
            move || {
                reads.fetch_add(1, SeqCst);
                released.lock().unwrap().recv().unwrap();
                Ok(Bytes::from_static(b"body"))
            }
        };
        runtime().block_on(async {
            let first = cache.get_or_read(hash, &counters, read);
            let others = async {
                let second = cache.get_or_read(hash, &counters, || panic!("a second read"));
                let third = cache.get_or_read(hash, &counters, || panic!("a third read"));
                let release = async { release.send(()).unwrap() };
                tokio::join!(second, third, release)
            };
            let (first, (second, third, ())) = tokio::join!(first, others);
            let (mut bodies, mut readings) = (Vec::new(), Vec::new());
            for (body, reading) in [first.unwrap(), second.unwrap(), third.unwrap()] {
                bodies.push(body);
                readings.push(reading);
            }
            assert_eq!(bodies, [b"body".as_slice(); 3]);
            assert_eq!(readings, [Reading::Miss, Reading::Coalesced, Reading::Coalesced]);
        });
        assert_eq!(reads.load(SeqCst), 1);
        assert_eq!(cache.get(hash).as_deref(), Some(b"body".as_slice()));
    }

    #[test]
    fn a_reader_that_goes_away_leaves_the_read_to_the_next() {
        let (cache, counters) = (Cache::new(1 << 20, 1), registry().site("a"));
        let hash = ContentHash::of(b"body");
        // The first read lasts until its reader is gone.
        let (release, released) = std::sync::mpsc::channel::<()>();
        let first_read = move || {
            let _ = released.recv();
            Ok(Bytes::from_static(b"body"))
        };
        runtime().block_on(async {
            let gone = cache.get_or_read(hash, &counters, first_read);
            let mut gone = Box::pin(gone);
            tokio::select! { biased; _ = &mut gone => panic!("it cannot be done yet"), () = async {} => {} }
            drop(gone);
            drop(release);
            let (body, reading) = cache.get_or_read(hash, &counters, || Ok(Bytes::from_static(b"body"))).await.unwrap();
            assert_eq!((&body[..], reading), (b"body".as_slice(), Reading::Miss));
        });
    }

    #[test]
    fn what_does_not_fit_leaves_and_is_counted() {
        let registry = registry();
        let (cache, counters) = (Cache::new(10_000, 1), registry.site("a"));
        runtime().block_on(async {
            for n in 0..100u8 {
                let read = move || Ok(Bytes::from(vec![n; 1000]));
                cache.get_or_read(ContentHash::of(&[n]), &counters, read).await.unwrap();
            }
        });
        assert!(cache.bodies.weight() <= 10_000);
        let kept = cache.bodies.len() as u64;
        assert_eq!(Report::of(&registry, Instant::now()).total.cache.evictions, 100 - kept);
    }

    #[test]
    fn dead_bodies_leave() {
        let (cache, counters) = (Cache::new(1 << 20, 1), registry().site("a"));
        let [dead, alive] = [b"dead", b"life"].map(|body| ContentHash::of(body));
        runtime().block_on(async {
            for hash in [dead, alive] {
                cache.get_or_read(hash, &counters, || Ok(Bytes::from_static(b"body"))).await.unwrap();
            }
        });
        cache.keep_only(|hash| hash == alive);
        assert_eq!((cache.get(dead), cache.get(alive).is_some()), (None, true));
    }
}

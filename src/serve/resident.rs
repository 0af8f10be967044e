//! Brings bundles into memory by touching their pages, so that no thread that serves ever waits for the disk.

use std::{hint, sync::Arc, thread, time::Duration};

use super::{cache::Cache, snapshot::LiveSite};

/// No larger than what a page fault brings in.
const PAGE: usize = 4096;
/// Up to this length a bundle is touched before it goes live.
const SMALL: u64 = 64 << 20;
/// Between two breaths of the background thread.
const STRIDE: usize = 4 << 20;
const BREATH: Duration = Duration::from_millis(1);

/// Reads one byte of each page. Waits for the disk where a page is not in memory.
pub(super) fn touch(bytes: &[u8]) {
    for page in bytes.chunks(PAGE) {
        // The byte, not a reference to it: that could be had without a look at the page.
        hint::black_box(page.first().copied());
    }
    hint::black_box(bytes.last().copied());
}

/// Makes the small ones of `sites` resident, now.
pub(super) fn touch_small<'a>(sites: impl Iterator<Item = &'a Arc<LiveSite>>) {
    for site in sites.filter(|site| site.bundle().len() <= SMALL && !site.is_resident()) {
        touch(&site.bundle().bytes());
        site.set_resident();
    }
}

/// Makes the `large` sites resident, and reads what is asked for of the `cold` ones into the cache: gently, on a thread of
/// its own, because what is served meanwhile must not starve of disk.
pub(super) fn in_background(large: Vec<Arc<LiveSite>>, cold: Vec<Arc<LiveSite>>, cache: &Arc<Cache>) {
    if large.is_empty() && cold.iter().all(|site| site.hits().is_empty()) {
        return;
    }
    let cache = Arc::clone(cache);
    let warm_all = move || {
        for site in cold {
            warm(&site, &cache);
        }
        for site in large {
            touch_gently(&site);
        }
    };
    if let Err(error) = thread::Builder::new().name("sitekit-warm".to_owned()).spawn(warm_all) {
        tracing::warn!(%error, "no thread to bring bundles into memory; their bodies are read when asked for");
    }
}

/// Reads the bodies that were asked for most, and are not there yet, up to half of the cache.
fn warm(site: &Arc<LiveSite>, cache: &Cache) {
    let bundle = site.bundle();
    let mut room = cache.capacity() / 2;
    let mut warmed = 0;
    for hit in site.hits().list(bundle) {
        let Some(found) = hit.find(bundle) else { continue };
        if is_replaced(site) || found.len() > room {
            break;
        }
        if found.len() > cache.longest() || cache.contains(found.hash()) {
            continue;
        }
        let place = found.offset()..found.offset() + found.len();
        if let Err(error) = cache.warm(found.hash(), site.counters(), || bundle.read(place)) {
            tracing::warn!(%error, site = %site.name(), "reading ahead failed; bodies are read when asked for");
            break;
        }
        room -= found.len();
        warmed += 1;
        thread::sleep(BREATH);
    }
    tracing::debug!(site = %site.name(), warmed, "what is asked for is in memory");
}

fn touch_gently(site: &Arc<LiveSite>) {
    for stride in site.bundle().bytes().chunks(STRIDE) {
        if is_replaced(site) {
            break;
        }
        touch(stride);
        thread::sleep(BREATH);
    }
    site.set_resident();
    tracing::debug!(site = %site.name(), bytes = site.bundle().len(), "the bundle is in memory");
}

/// Whether no one else holds it.
fn is_replaced(site: &Arc<LiveSite>) -> bool {
    Arc::strong_count(site) == 1
}

//! Brings bundles into memory by touching their pages, so that no thread that serves ever waits for the disk.

use std::{hint, sync::Arc, thread, time::Duration};

use super::snapshot::LiveSite;

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

/// Makes `sites` resident gently, on a thread of its own: what is served meanwhile must not starve of disk.
pub(super) fn touch_in_background(sites: Vec<Arc<LiveSite>>) {
    if sites.is_empty() {
        return;
    }
    let touch_all = move || {
        for site in sites {
            for stride in site.bundle().bytes().chunks(STRIDE) {
                // Replaced meanwhile: no one else holds it.
                if Arc::strong_count(&site) == 1 {
                    break;
                }
                touch(stride);
                thread::sleep(BREATH);
            }
            site.set_resident();
            tracing::debug!(site = %site.name(), bytes = site.bundle().len(), "the bundle is in memory");
        }
    };
    if let Err(error) = thread::Builder::new().name("sitekit-warm".to_owned()).spawn(touch_all) {
        tracing::warn!(%error, "no thread to bring bundles into memory; their bodies are read when asked for");
    }
}

//! A bundle of many pages that no coding makes smaller, made with sitekit's own packer: as large as a limit needs it.

use std::{fs::File, path::Path};

use anyhow::Context as _;
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use sitekit::{
    pack::{self, RealDisk},
    site::{
        BasePath, Coding, ContentHash, EncodedBody, Field, Manifest, Mode, Response, Rules, SiteImage, SiteName,
        SitePath,
    },
};

use crate::random::Random;

/// The shortest and the longest body. As many lie between 2 and 4 KB as between 50 and 100.
const SHORTEST: f64 = 2_000.0;
const LONGEST: f64 = 100_000.0;

/// A page as a client knows it.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) path: String,
    pub(super) length: usize,
    pub(super) hash: ContentHash,
}

/// Pages by rank, and the image that has them all.
pub(super) struct Made {
    pub(super) pages: Vec<Page>,
    image: SiteImage,
}

/// Pages of about `total` bytes together.
pub(super) fn make(total: u64) -> anyhow::Result<Made> {
    let site = SiteName::parse("memory")?;
    let base = BasePath::of(&site);
    let mut image = SiteImage {
        site,
        base: base.clone(),
        mode: Mode::Traditional,
        routes: std::collections::BTreeMap::new(),
        not_found: None,
        rules: Rules::default(),
        manifest: Manifest::default(),
    };
    let (mut random, mut pages, mut sum) = (Random::new(0x5EED), Vec::new(), 0);
    while sum < total {
        // Named at random, so that pages which are popular together do not lie together.
        let path = SitePath::parse(&format!("/{:016x}.bin", random.next()))?;
        let length = length(random.unit());
        let bytes = random.bytes(length);
        pages.push(Page { path: path.to_url(&base), length, hash: ContentHash::of(&bytes) });
        sum += length as u64;
        let response = Response {
            status: 200,
            fields: vec![
                Field::new("content-type", "application/octet-stream"),
                Field::new("cache-control", "no-cache"),
            ],
            bodies: vec![EncodedBody { coding: Coding::Identity, bytes: bytes.into() }],
        };
        image.routes.insert(path, response);
    }
    Ok(Made { pages, image })
}

impl Made {
    /// Publishes the bundle below `build` and sees to it that none of it is in memory.
    pub(super) fn publish(&self, build: &Path) -> anyhow::Result<u64> {
        let committed = pack::seal(&self.image)?.commit(&RealDisk, build, pack::KEEP)?;
        evict(&committed.path)?;
        Ok(committed.len)
    }
}

/// Takes a file that is on disk out of the kernel's cache, so that who reads it next pays for its pages.
pub(super) fn evict(path: &Path) -> anyhow::Result<()> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    file.sync_all()?;
    posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED).context("posix_fadvise")?;
    Ok(())
}

/// Evenly on a logarithmic scale.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 2,000 and 100,000")]
fn length(unit: f64) -> usize {
    (SHORTEST * (LONGEST / SHORTEST).powf(unit)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_within_bounds() {
        assert_eq!((length(0.0), length(0.999_999) < 100_000), (2000, true));
        assert!((14_000..14_300).contains(&length(0.5)), "{}", length(0.5));
    }

    #[test]
    fn pages_add_up_and_differ() {
        let made = make(1 << 20).unwrap();
        let total: usize = made.pages.iter().map(|page| page.length).sum();
        assert!(((1 << 20)..(1 << 20) + 100_000).contains(&total));
        assert_eq!(made.pages.len(), made.image.routes.len());
    }
}

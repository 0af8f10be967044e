//! The last step of a page: its URLs told where the site is mounted, and all of it minified. What comes out follows from the
//! page, from what is put into it and from the mount point alone, so that it is done once for each, in one build or in several.

use bytes::Bytes;

use super::{files::rebased, memory::Memory};
use crate::{
    compress::Cache,
    diag::{Diagnostic, Source},
    site::ContentHash,
    transform::{
        base::{self, Edit},
        html::Minifier,
        links::Links,
        policy::{self, Needs},
        preload::{self, Loads},
    },
};

/// What finishes pages.
#[derive(Debug, Default)]
pub(super) struct Finisher<'a> {
    minifier: Minifier,
    memory: Option<(&'a Cache, Memory)>,
}

/// A page as it is published, and what is known of it.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) html: Bytes,
    pub(super) needs: Box<Needs>,
    pub(super) loads: Box<Loads>,
}

/// What is kept, in bytes. Pages beyond it are finished by each build.
const MOST_KEPT: usize = 96 << 20;

impl<'a> Finisher<'a> {
    /// With what the build before kept.
    pub(super) fn recalling(cache: Option<&'a Cache>, root: &str) -> Self {
        let memory = cache.map(|cache| {
            let key = cache.key([b"finished pages".as_slice(), root.as_bytes()]);
            (cache, Memory::recalling(cache, key, MOST_KEPT))
        });
        Self { minifier: Minifier::default(), memory }
    }

    /// A page with these edits.
    pub(super) fn finish(
        &self,
        page: &Source,
        links: &Links<'_>,
        edits: &[Edit],
        found: &mut Vec<Diagnostic>,
    ) -> Finished {
        let key = self.memory.as_ref().map(|(cache, memory)| (memory, key(cache, page, links, edits)));
        if let Some(recalled) = key.and_then(|(memory, key)| read(&memory.recall(key)?)) {
            return recalled;
        }
        let based = rebased(page, base::page(&page.text, links, edits));
        let minified = self.minifier.minify(&based);
        let needs = Box::new(policy::of_page(&minified.html));
        let loads = Box::new(preload::of_page(&minified.html));
        let finished = Finished { html: minified.html.into(), needs, loads };
        if minified.warnings.is_empty()
            && let Some((memory, key)) = key
            && let Some(kept) = write(&finished)
        {
            memory.keep(key, &kept);
        }
        found.extend(minified.warnings);
        finished
    }

    /// Keeps for the next build what this one has finished.
    pub(super) fn remember(&self) {
        if let Some((cache, memory)) = &self.memory {
            memory.save(cache);
        }
    }
}

/// All that decides about a page that is finished; nothing resolves specifiers there.
fn key(cache: &Cache, page: &Source, links: &Links<'_>, edits: &[Edit]) -> ContentHash {
    let places: Vec<String> = edits.iter().map(|(span, _)| format!("{span:?}")).collect();
    let folder = links.folder.map_or([b"".as_slice(), b""], |folder| [b"in", folder.as_bytes()]);
    let edits = places.iter().zip(edits).flat_map(|(place, (_, text))| [place.as_bytes(), text.as_bytes()]);
    let head = [links.base.as_str().as_bytes(), page.text.as_bytes()];
    cache.key(head.into_iter().chain(folder).chain(edits))
}

/// What is known of the page, and the page behind it. `None` when there is no memory for it.
fn write(Finished { html, needs, loads }: &Finished) -> Option<Vec<u8>> {
    let mut kept = postcard::to_allocvec(&(needs, loads)).ok()?;
    kept.extend_from_slice(html);
    Some(kept)
}

fn read(kept: &Bytes) -> Option<Finished> {
    let ((needs, loads), html) = postcard::take_from_bytes(kept).ok()?;
    Some(Finished { html: kept.slice_ref(html), needs, loads })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::BasePath;

    #[test]
    fn what_is_recalled_is_what_was_finished() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), Cache::DEFAULT_LIMIT).unwrap();
        let page = Source::new("a", "<p>a  b<script>let a = 1;</script><a href=/x>x</a><img src=https://b.example/c>");
        let base = BasePath::parse("/docs/").unwrap();
        let edit = |text: &str| vec![(3..4, text.to_owned())];
        let plain = Links::at(&base);
        let links = [(Links { folder: Some("/docs/x/"), ..plain }, edit("c")), (plain, edit("c")), (plain, edit("d"))];
        let finish = || {
            let finisher = Finisher::recalling(Some(&cache), "sites/s");
            let mut found = Vec::new();
            let all: Vec<_> =
                links.iter().map(|(links, edits)| finisher.finish(&page, links, edits, &mut found)).collect();
            finisher.remember();
            assert_eq!(found, []);
            all.into_iter().map(|Finished { html, needs, loads }| (html, needs, loads)).collect::<Vec<_>>()
        };
        let first = finish();
        assert_ne!(first[1].0, first[2].0);
        assert_eq!(finish(), first);
    }
}

//! What files a build was made of, kept for the next one, so that it can say what changed. It decides nothing: no build does less
//! because of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{compress::Cache, site::ContentHash};

/// What a build was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sources<'a> {
    /// What it published.
    pub(super) generation: [u8; 16],
    /// Which program it was.
    pub(super) program: &'a str,
    /// Relative to the project, by what was in them.
    pub(super) files: BTreeMap<String, ContentHash>,
}

/// What changed since the build before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Since {
    /// What the build before published.
    pub(in crate::cli) generation: ContentHash,
    /// Whether it was another program.
    pub(in crate::cli) program: bool,
    pub(in crate::cli) files: BTreeMap<String, Change>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli) enum Change {
    Changed,
    New,
    Gone,
}

impl Sources<'_> {
    /// Keeps this in place of what the build before kept, for the site in the folder `root`, and says what differs from that.
    pub(super) fn keep(&self, cache: &Cache, root: &str) -> Option<Since> {
        // Of any program: that it was another is one of the reasons.
        let key = ContentHash::of_parts([b"sources of a build".as_slice(), root.as_bytes()]);
        let kept = cache.get(key);
        let since = kept.as_deref().and_then(|kept| postcard::from_bytes(kept).ok()).map(|before| self.since(&before));
        if let Ok(bytes) = postcard::to_allocvec(self) {
            cache.keep(key, &bytes);
        }
        since
    }

    fn since(&self, before: &Sources<'_>) -> Since {
        let now = self.files.iter().filter_map(|(file, hash)| match before.files.get(file) {
            None => Some((file, Change::New)),
            Some(was) => (was != hash).then_some((file, Change::Changed)),
        });
        let gone = before.files.keys().filter(|file| !self.files.contains_key(*file)).map(|file| (file, Change::Gone));
        Since {
            generation: ContentHash::from_bytes(before.generation),
            program: before.program != self.program,
            files: now.chain(gone).map(|(file, change)| (file.clone(), change)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), Cache::DEFAULT_LIMIT).unwrap();
        let sources = |program, files: &[(&str, &str)]| Sources {
            generation: [u8::try_from(files.len()).unwrap(); 16],
            program,
            files: files.iter().map(|(file, text)| ((*file).to_owned(), ContentHash::of(text.as_bytes()))).collect(),
        };
        let first = sources("1", &[("a", "a"), ("b", "b"), ("c", "c")]);
        assert_eq!(first.keep(&cache, "sites/s"), None);
        assert_eq!(first.keep(&cache, "sites/other"), None);
        let since =
            sources("2", &[("a", "a"), ("b", "other"), ("d", "d"), ("e", "e")]).keep(&cache, "sites/s").unwrap();
        assert_eq!((since.generation, since.program), (ContentHash::from_bytes([3; 16]), true));
        let expected = [("b", Change::Changed), ("c", Change::Gone), ("d", Change::New), ("e", Change::New)];
        assert_eq!(since.files.iter().map(|(file, change)| (file.as_str(), *change)).collect::<Vec<_>>(), expected);
    }
}

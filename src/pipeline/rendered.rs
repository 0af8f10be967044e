//! Pages through their templates, or as they came out of them in the build before, where they would come out the same. What is
//! kept of a page is what its templates made around its content: that is there again, and is most of it.

use std::{
    borrow::Cow,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use memchr::memmem;
use serde::{Deserialize, Serialize};

use super::memory::Memory;
use crate::{
    compress::Cache,
    diag::Diagnostic,
    site::{ContentHash, SitePath},
    transform::render::{Renderer, Shown, Trace},
};

/// What pages are rendered with besides their templates.
#[derive(Debug, Default)]
pub(super) struct Rendering {
    memory: Option<Memory>,
    made: AtomicU64,
    recalled: AtomicU64,
}

/// What came of a page's templates.
#[derive(Serialize, Deserialize)]
struct Known {
    trace: Trace,
    /// What is before the content, and behind it.
    around: (String, Option<String>),
}

/// What is kept, in bytes. Pages beyond it are rendered by each build.
const MOST_KEPT: usize = 96 << 20;

impl Rendering {
    /// With what the build before kept, which rendered in the same way as far as `how` says.
    pub(super) fn recalling(cache: &Cache, how: &[&[u8]]) -> Self {
        let key = cache.key([b"rendered pages".as_slice()].into_iter().chain(how.iter().copied()));
        Self { memory: Some(Memory::recalling(cache, key, MOST_KEPT)), ..Self::default() }
    }

    /// What is `shown` at a path, which has `content` in it, most likely.
    ///
    /// # Errors
    /// What `render` says.
    pub(super) fn render<'c>(
        &self,
        renderer: &Renderer<'_>,
        (shown, path): (Shown<'_>, &SitePath),
        content: impl FnOnce() -> Cow<'c, str>,
        render: impl FnOnce(&Renderer<'_>) -> Result<String, Vec<Diagnostic>>,
    ) -> Result<String, Vec<Diagnostic>> {
        let Some(memory) = &self.memory else {
            self.made.fetch_add(1, Ordering::Relaxed);
            return render(renderer);
        };
        let (key, content) = (renderer.key(shown, path), content());
        if let Some(known) = recalled(memory, key)
            && renderer.holds(shown, &known.trace)
        {
            self.recalled.fetch_add(1, Ordering::Relaxed);
            let (before, after) = known.around;
            return Ok(match after {
                Some(after) => [before.as_str(), &content, &after].concat(),
                None => before,
            });
        }
        self.made.fetch_add(1, Ordering::Relaxed);
        let (html, trace) = renderer.traced(shown, render);
        let html = html?;
        if let Some(trace) = trace {
            let around = around(&html, &content);
            if let Ok(kept) = postcard::to_allocvec(&Known { trace, around }) {
                memory.keep(key, &kept);
            }
        }
        Ok(html)
    }

    /// How many were rendered, and how many were not.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.made.load(Ordering::Relaxed), self.recalled.load(Ordering::Relaxed))
    }

    /// Keeps for the next build what this one has rendered.
    pub(super) fn remember(&self, cache: &Cache) {
        if let Some(memory) = &self.memory {
            memory.save(cache);
        }
    }
}

fn recalled(memory: &Memory, key: ContentHash) -> Option<Known> {
    let kept: Bytes = memory.recall(key)?;
    postcard::from_bytes(&kept).ok()
}

/// So much of a content is looked for at first: to prepare for a long one takes longer than to look for it.
const BEGINNING: usize = 64;

/// What is around the content of a page; all of the page, where it is not in it.
fn around(html: &str, content: &str) -> (String, Option<String>) {
    let beginning = &content.as_bytes()[..content.len().min(BEGINNING)];
    let mut places = memmem::find_iter(html.as_bytes(), beginning);
    let is_it = |at: &usize| !content.is_empty() && html.as_bytes()[*at..].starts_with(content.as_bytes());
    match places.find(is_it) {
        Some(at) => (html[..at].to_owned(), Some(html[at + content.len()..].to_owned())),
        None => (html.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_around_a_text() {
        for (html, content, expected) in [
            ("<main>a</main>", "a", ("<m", Some("in>a</main>"))),
            ("<main>ä</main>", "ä", ("<main>", Some("</main>"))),
            ("<main></main>", "b", ("<main></main>", None)),
            ("<main></main>", "", ("<main></main>", None)),
            ("<p>a</p><p>a</p>b", "<p>a</p>b", ("<p>a</p>", Some(""))),
        ] {
            let (before, after) = around(html, content);
            assert_eq!((before.as_str(), after.as_deref()), expected);
        }
    }
}

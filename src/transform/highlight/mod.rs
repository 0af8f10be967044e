//! Code to HTML: each part of it has a role, and a look says how roles are written. It must never hang: what could is
//! shown plain.

mod grammar;
mod language;
mod look;
mod paint;
mod palette;
mod role;
mod textmate;
mod theme;

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use syntect::parsing::{SyntaxReference, SyntaxSet};

use self::{grammar::Grammars, language::SYNTAXES, paint::Painter};
pub use self::{
    grammar::{Grammar, GrammarError, GrammarFault, faults},
    look::{Colours, Look, Markup, Themed, scope_stylesheet, stylesheet},
    palette::{Color, Palette},
    theme::{Named, Theme, ThemeError, named},
};
use super::recalled::{Keeping, Recalled};
use crate::site::ContentHash;

/// Highlights code blocks, each once however often it appears. Made once per build and shared by its threads.
pub struct Highlighter {
    markup: Markup,
    /// What a site brings.
    grammars: Option<Grammars>,
    painter: Painter,
    shards: [Mutex<HashMap<ContentHash, Arc<OnceLock<Highlighted>>>>; SHARDS],
    recalled: Recalled,
    /// Whether a block was highlighted that was not recalled.
    has_new: AtomicBool,
}

/// What became of a code block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Highlighted {
    /// Spans of classes; every line is well-formed by itself.
    Html(Arc<str>),
    /// There are no rules for this language.
    Unknown,
    /// Beyond [`MAX_BLOCK`] or [`MAX_LINE`].
    TooLarge,
}

/// In bytes. A longer block is not highlighted: the time a syntax needs is bounded by nothing else.
pub const MAX_BLOCK: usize = 256 * 1024;
/// In bytes. A block with a longer line is not highlighted: some regular expressions take time quadratic in it.
pub const MAX_LINE: usize = 4096;

/// More than threads, so that they rarely meet.
const SHARDS: usize = 64;

/// What is kept for the next build, in bytes. What is beyond it is highlighted again.
const MOST_KEPT: usize = 64 << 20;

impl Highlighter {
    #[must_use]
    pub fn new(look: &Look) -> Self {
        Self::with_grammars(look, &[])
    }

    /// Which knows these besides, and in place of what is called like them.
    #[must_use]
    pub fn with_grammars(look: &Look, grammars: &[Grammar]) -> Self {
        Self {
            markup: look.markup(),
            grammars: Grammars::new(grammars),
            painter: Painter::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
            recalled: Recalled::default(),
            has_new: AtomicBool::new(false),
        }
    }

    /// The same, which knows what one like it [remembered](Self::memory): with this look, these grammars and this program. What
    /// is no memory is not recalled.
    #[must_use]
    pub fn recalling(self, memory: Bytes) -> Self {
        Self { recalled: Recalled::read(memory), ..self }
    }

    /// What was highlighted, for the next build; `None` where that is what was recalled. What nobody asked for is kept as long as
    /// there is room: whole texts are recalled as well, and nobody asks for their blocks until they change.
    #[must_use]
    pub fn memory(&self) -> Option<Vec<Vec<u8>>> {
        if !self.has_new.load(Ordering::Relaxed) {
            return None;
        }
        let mut asked: Vec<(ContentHash, Arc<str>)> = Vec::new();
        for shard in &self.shards {
            let html = |slot: &OnceLock<Highlighted>| match slot.get() {
                Some(Highlighted::Html(html)) => Some(Arc::clone(html)),
                _ => None,
            };
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            asked.extend(shard.iter().filter_map(|(key, slot)| Some((*key, html(slot)?))));
        }
        asked.sort_unstable();
        let mut keeping = Keeping::with_room(MOST_KEPT);
        for (key, html) in &asked {
            keeping.keep(*key, html.as_bytes());
        }
        for (key, html) in self.recalled.all() {
            if asked.binary_search_by_key(&key, |(key, _)| *key).is_err() {
                keeping.keep(key, html);
            }
        }
        Some(keeping.into_memory())
    }

    /// What code blocks are written with.
    #[must_use]
    pub fn markup(&self) -> &Markup {
        &self.markup
    }

    /// Whether there are rules for a language, plain text among them.
    #[must_use]
    pub fn knows(&self, language: &str) -> bool {
        self.of_site(language).is_some() || language::is_known(language)
    }

    /// The HTML of `code`, whose language is named as in the info string of a code fence, in any case.
    #[must_use]
    pub fn highlight(&self, language: &str, code: &str) -> Highlighted {
        let known = || language::find(language).map(|syntax| (syntax, &*SYNTAXES));
        let Some((syntax, set)) = self.of_site(language).or_else(known) else {
            return Highlighted::Unknown;
        };
        if code.len() > MAX_BLOCK || code.lines().any(|line| line.len() > MAX_LINE) {
            return Highlighted::TooLarge;
        }
        let key = ContentHash::of_parts([syntax.name.as_bytes(), code.as_bytes()]);
        let shard = &self.shards[usize::from(key.as_bytes()[0]) % SHARDS];
        // A thread that panicked while it held the lock left a map that is whole.
        let slot = Arc::clone(shard.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default());
        slot.get_or_init(|| {
            if let Some(html) = self.recalled.get(key).and_then(|html| std::str::from_utf8(html).ok()) {
                return Highlighted::Html(html.into());
            }
            self.has_new.store(true, Ordering::Relaxed);
            match self.painter.paint(syntax, set, code, &self.markup) {
                Some(html) => Highlighted::Html(html.into()),
                None => Highlighted::Unknown,
            }
        })
        .clone()
    }

    fn of_site(&self, language: &str) -> Option<(&SyntaxReference, &SyntaxSet)> {
        self.grammars.as_ref()?.find(&language.to_lowercase())
    }
}

impl fmt::Debug for Highlighter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Highlighter").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

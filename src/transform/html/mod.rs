//! Makes a page smaller and never another page. A regular page, as most are, is done token by token, and its result
//! published only when it reads as the same tokens. For others minify-html does the work, on a page from which everything it
//! would get wrong has been taken out; its result is published only when html5ever builds the same document of it as of the
//! original. Never run this on templates: only a rendered page is a page.

pub mod decoded;
mod guard;
pub mod lexer;
mod plain;
mod regular;
mod same;

use std::{collections::HashMap, ops::Range, sync::Mutex};

pub use self::guard::Embedded;
use self::{
    guard::{Guarded, guard},
    lexer::is_space,
    plain::Blocks,
    same::{Meaning, meaning},
};
use crate::{
    diag::{Diagnostic, Source},
    site::ContentHash,
    transform::{contained::contained, css, data, script},
};

/// A page and what became of it.
#[derive(Debug)]
pub struct Minified {
    pub html: String,
    pub level: Level,
    /// About scripts and styles inside the page that could not be read. They are published as they are.
    pub warnings: Vec<Diagnostic>,
}

/// How far a page could be minified and stay the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it came.
    Kept,
    /// White space collapsed, comments dropped, embedded texts minified.
    Collapsed,
    /// All that can be.
    Minified,
}

/// Minifies the pages of one build. It remembers what it made of scripts and styles that many pages share.
#[derive(Debug, Default)]
pub struct Minifier {
    blocks: Blocks,
    embedded: Mutex<HashMap<(Embedded, ContentHash), Outcome>>,
}

/// What became of an embedded text: a shorter one, or what is wrong with it, at places in that text.
type Outcome = Result<String, Vec<Diagnostic>>;

impl Minifier {
    /// Makes `page` smaller. What comes back is the same page, at worst the very text that went in.
    pub fn minify(&self, page: &Source) -> Minified {
        let mut warnings = Vec::new();
        let (html, level) = match self.smaller(page, &mut warnings) {
            Some((html, level)) if html.len() < page.text.len() => (html, level),
            _ => (page.text.as_ref().to_owned(), Level::Kept),
        };
        Minified { html, level, warnings }
    }

    fn smaller(&self, page: &Source, warnings: &mut Vec<Diagnostic>) -> Option<(String, Level)> {
        let regular = plain::minify(&page.text, &self.blocks, |kind, span| self.embedded(kind, page, span, warnings));
        if let Some(html) = regular {
            return Some((html, Level::Minified));
        }
        warnings.clear();
        let mut replaced = Vec::new();
        let guarded = guard(&page.text, |kind, span| {
            let new = self.embedded(kind, page, span.clone(), warnings)?;
            replaced.push((page.text[span].to_owned(), new.clone()));
            Some(new)
        })?;
        let original = Original::new(&page.text, replaced)?;
        if let Some(html) = minify_guarded(&guarded)
            && original.is(&html)
        {
            return Some((html, Level::Minified));
        }
        let html = guarded.restore(&guarded.text)?;
        original.is(&html).then_some((html, Level::Collapsed))
    }

    fn embedded(
        &self,
        kind: Embedded,
        page: &Source,
        span: Range<usize>,
        warnings: &mut Vec<Diagnostic>,
    ) -> Option<String> {
        let text = &page.text[span.clone()];
        let key = (kind, ContentHash::of(text.as_bytes()));
        let known = self.embedded.lock().ok().and_then(|memory| memory.get(&key).cloned());
        let outcome = known.unwrap_or_else(|| {
            let outcome = minify_embedded(kind, text);
            if let Ok(mut memory) = self.embedded.lock() {
                memory.insert(key, outcome.clone());
            }
            outcome
        });
        match outcome {
            Ok(new) => (new.len() < text.len()).then_some(new),
            Err(diagnostics) => {
                warnings.extend(diagnostics.into_iter().map(|d| moved(d, page, span.start)));
                None
            }
        }
    }
}

fn minify_embedded(kind: Embedded, text: &str) -> Outcome {
    let source = Source::new("", text);
    match kind {
        Embedded::Style => css::minify(&source),
        Embedded::Json => data::minify_json(&source),
        Embedded::Script => script::compile(&source, &script::Options::inline(script::Goal::Script)),
        Embedded::Module => script::compile(&source, &script::Options::inline(script::Goal::Module)),
    }
}

/// A diagnostic about an embedded text, as one about the page around it.
fn moved(mut diagnostic: Diagnostic, page: &Source, by: usize) -> Diagnostic {
    diagnostic.path = page.path.clone();
    if let Some(label) = &mut diagnostic.label {
        label.span.start += by;
        label.span.end += by;
        label.source = page.clone();
    }
    diagnostic.as_warning()
}

fn minify_guarded(guarded: &Guarded<'_>) -> Option<String> {
    if guarded.is_deep {
        return None;
    }
    let options = minify_html::Cfg {
        keep_closing_tags: true,
        keep_html_and_head_opening_tags: true,
        ..minify_html::Cfg::default()
    };
    let minified = contained("", "minify-html", || minify_html::minify(guarded.text.as_bytes(), &options)).ok()?;
    guarded.restore(std::str::from_utf8(&minified).ok()?)
}

/// What the original page means, to hold others against.
struct Original {
    meanings: Vec<(bool, Meaning)>,
    /// Embedded texts and what they were replaced with, in document order.
    replaced: Vec<(String, String)>,
}

impl Original {
    fn new(page: &str, replaced: Vec<(String, String)>) -> Option<Self> {
        // Without `noscript` a page means the same with scripting and without.
        let modes: &[bool] =
            if page.contains("<noscript") || page.contains("<NOSCRIPT") { &[true, false] } else { &[true] };
        let meanings = modes.iter().map(|&mode| Some((mode, contained_meaning(page, mode)?))).collect::<Option<_>>()?;
        Some(Self { meanings, replaced })
    }

    fn is(&self, page: &str) -> bool {
        self.meanings.iter().all(|(scripting, original)| {
            contained_meaning(page, *scripting).is_some_and(|new| original.allows(&new, &self.replaced))
        })
    }
}

fn contained_meaning(page: &str, scripting: bool) -> Option<Meaning> {
    contained("", "html5ever", || meaning(page, scripting)).ok()
}

impl Meaning {
    fn allows(&self, new: &Self, replaced: &[(String, String)]) -> bool {
        self.structure() == new.structure()
            && self.embedded.len() == new.embedded.len()
            && self
                .embedded
                .iter()
                .zip(&new.embedded)
                .all(|(old, new)| old == new || replaced.iter().any(|(from, to)| from == old && to == new))
    }
}

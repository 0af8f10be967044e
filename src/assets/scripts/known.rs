//! What was linked, kept between builds in development, where most saves change no script: with the questions it was linked
//! from, and what was asked of the thread that compiles style sheets and publishes files. These are compiled and published
//! anew; what was linked is taken when the scripts see nothing else of them.

use std::collections::{BTreeMap, BTreeSet};

use oxc_sourcemap::SourceMap;
use serde::{Deserialize, Serialize};

use super::{Linked, Replaceable, sheets::Sheets};
use crate::{
    assets::{
        Context, Entry,
        chunks::Chunk,
        kept,
        trace::{self, Question, Trace},
    },
    compress::Cache,
    site::{BuiltModule, ContentHash},
};

/// What linking asked of the thread that was given the site.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Files that were published, and their URLs.
    pub(super) urls: BTreeMap<String, String>,
    /// Style sheets by their paths.
    pub(super) sheets: BTreeSet<String>,
    /// Whether there was anything else.
    pub(super) more: bool,
}

/// All that decides and is not asked of the world.
pub(super) fn key(cache: &Cache, context: &Context<'_>, entries: &[&Entry]) -> ContentHash {
    let wanted = entries.iter().map(|entry| (*entry).clone()).collect();
    let key = kept::key(cache, context.site, &wanted, None, context.options);
    let engines = context.browsers.engines().join(" ");
    ContentHash::of_parts([b"linked".as_slice(), key.as_bytes(), engines.as_bytes()])
}

/// What is kept under `key`, when all that was asked would be answered the same.
pub(super) fn get(cache: &Cache, key: ContentHash, context: &Context<'_>, sheets: &mut Sheets) -> Option<Linked> {
    let kept: Kept = postcard::from_bytes(&cache.get(key)?).ok()?;
    let trace = kept.trace.into_iter().map(|(question, answer)| (question, ContentHash::from_bytes(answer))).collect();
    if !trace::holds(&trace, context.world) {
        return None;
    }
    // Linking again tells what is wrong.
    let mut wrong = Vec::new();
    for (path, names) in &kept.sheets {
        let sheet = sheets.compile(context, path, &mut wrong)?;
        if sheet.seen_by_scripts().as_bytes() != names || !wrong.is_empty() {
            return None;
        }
    }
    if kept.urls.iter().any(|(path, url)| context.files.url(path).ok().as_ref() != Some(url)) {
        return None;
    }
    let chunks = kept.chunks.into_iter().map(|chunk| chunk.into_chunk(sheets)).collect::<Option<_>>()?;
    let sources = kept.sources.into_iter().map(Into::into).collect();
    Some(Linked { chunks, foreign: kept.foreign, sources, replaceable: kept.replaceable, found: Vec::new() })
}

/// Keeps what was linked without a word.
pub(super) fn keep(cache: &Cache, key: ContentHash, trace: Trace, asked: Asked, sheets: &Sheets, linked: &Linked) {
    if asked.more || !linked.found.is_empty() {
        return;
    }
    let names = |path: String| {
        let names = *sheets.get(&path)?.seen_by_scripts().as_bytes();
        Some((path, names))
    };
    let Some(names) = asked.sheets.into_iter().map(names).collect::<Option<_>>() else { return };
    let kept = Kept {
        trace: trace.into_iter().map(|(question, answer)| (question, *answer.as_bytes())).collect(),
        urls: asked.urls,
        sheets: names,
        chunks: linked.chunks.iter().map(KeptChunk::of).collect(),
        foreign: linked.foreign.clone(),
        sources: linked.sources.iter().map(ToString::to_string).collect(),
        replaceable: linked.replaceable.clone(),
    };
    if let Ok(bytes) = postcard::to_allocvec(&kept) {
        cache.keep(key, &bytes);
    }
}

#[derive(Serialize, Deserialize)]
struct Kept {
    trace: Vec<(Question, [u8; 16])>,
    urls: BTreeMap<String, String>,
    /// By path, what scripts see of them.
    sheets: Vec<(String, [u8; 16])>,
    chunks: Vec<KeptChunk>,
    foreign: BTreeMap<String, BTreeSet<String>>,
    sources: Vec<String>,
    replaceable: Option<Replaceable>,
}

/// A [`Chunk`].
#[derive(Serialize, Deserialize)]
struct KeptChunk {
    placeholder: String,
    stem: String,
    code: String,
    map: Option<String>,
    imports: Vec<String>,
    later: Vec<String>,
    entry: Option<usize>,
    is_worker: bool,
    modules: Vec<BuiltModule>,
    is_plain: bool,
    /// Paths of its style sheets.
    sheets: Vec<String>,
}

impl KeptChunk {
    fn of(chunk: &Chunk) -> Self {
        Self {
            placeholder: chunk.placeholder.clone(),
            stem: chunk.stem.clone(),
            code: chunk.code.clone(),
            map: chunk.map.as_ref().map(SourceMap::to_json_string),
            imports: chunk.imports.clone(),
            later: chunk.later.clone(),
            entry: chunk.entry,
            is_worker: chunk.is_worker,
            modules: chunk.modules.clone(),
            is_plain: chunk.is_plain,
            sheets: chunk.sheets.iter().map(|sheet| sheet.path.clone()).collect(),
        }
    }

    fn into_chunk(self, sheets: &Sheets) -> Option<Chunk> {
        let map = match &self.map {
            Some(map) => Some(SourceMap::from_json_string(map).ok()?.into_owned()),
            None => None,
        };
        Some(Chunk {
            placeholder: self.placeholder,
            stem: self.stem,
            code: self.code,
            map,
            imports: self.imports,
            later: self.later,
            entry: self.entry,
            is_worker: self.is_worker,
            modules: self.modules,
            is_plain: self.is_plain,
            sheets: self.sheets.iter().map(|path| sheets.get(path).cloned()).collect::<Option<_>>()?,
        })
    }
}

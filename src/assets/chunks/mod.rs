//! From the linker's chunks to files: minified, told what to preload, named by their bytes. All of it is a function of the
//! chunks' text.

mod empty;
mod graph;
mod later;
mod naming;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use oxc_sourcemap::SourceMap;
use rayon::prelude::*;

use self::{
    graph::Graph,
    later::{Function, Needs},
    naming::Text,
};
use super::{
    Asset, BuiltAsset, Context,
    integrity::integrity,
    names::fingerprinted,
    style_file::{Recipe, StyleFile},
    styles::Sheet,
};
use crate::{
    compress::Cache,
    diag::{Diagnostic, Source},
    site::{BasePath, BuiltFile, BuiltKind, BuiltModule, MediaType, SitePath},
    transform::script,
};

pub(super) use later::{MAY_NEED, may_need_client};

/// A script as the linker made it: every chunk is named by a placeholder.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    /// The file name other chunks import it by, as `./NAME`; it stands for a name that is not known yet, wherever it is in
    /// the code of any chunk, and is in nothing else.
    pub(super) placeholder: String,
    /// What a person would call it: the stem of the entry or of the module imported later.
    pub(super) stem: String,
    pub(super) code: String,
    /// From the linker's code to the sources, paths relative to the project.
    pub(super) map: Option<SourceMap<'static>>,
    /// Placeholders of the chunks it imports at once and later.
    pub(super) imports: Vec<String>,
    pub(super) later: Vec<String>,
    /// The entry it is, by the key the linker was given.
    pub(super) entry: Option<usize>,
    /// Whether it is what a worker begins with.
    pub(super) is_worker: bool,
    pub(super) modules: Vec<BuiltModule>,
    /// Whether it stays as it is written, names and all.
    pub(super) is_plain: bool,
    /// The style sheets its modules import, in the order they run.
    pub(super) sheets: Vec<Sheet>,
}

/// The files of all chunks.
#[derive(Debug, Default)]
pub(super) struct Finished {
    pub(super) files: BTreeMap<SitePath, BuiltAsset>,
    pub(super) described: BTreeMap<SitePath, BuiltFile>,
    /// By [`Chunk::entry`].
    pub(super) entries: BTreeMap<usize, Asset>,
    /// By the file they belong to.
    pub(super) maps: BTreeMap<SitePath, String>,
    /// Of the style sheets.
    pub(super) recipes: BTreeMap<SitePath, Recipe>,
}

/// What the name of a script's map comes behind.
const MAP: &str = "\n//# sourceMappingURL=";

/// A chunk that is as small as it gets, and still names others by placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Smaller {
    code: String,
    /// From the code to the sources (Source Map revision 3, JSON).
    map: Option<String>,
}

/// Minifies, in parallel, and names.
pub(super) fn finish(
    context: &Context<'_>,
    mut chunks: Vec<Chunk>,
    cache: Option<&Cache>,
) -> (Finished, Vec<Diagnostic>) {
    let (sheets, wrong): (Vec<Option<StyleFile>>, Vec<Vec<Diagnostic>>) =
        chunks.par_iter_mut().map(|chunk| style(context, chunk)).unzip();
    let making = Making {
        base: context.options.base,
        engines: &context.browsers.engines(),
        maps_are_public: context.maps_are_public(),
        cache,
    };
    let (finished, found) = assemble(&making, chunks, sheets);
    (finished, wrong.into_iter().flatten().chain(found).collect())
}

/// Takes the style sheets of an entry's own chunk away, to be published elsewhere. None where others are loaded with it, or
/// where something else loads it, too.
pub(super) fn take_sheets(chunks: &mut [Chunk], entry: usize) -> Vec<Sheet> {
    let Some(at) = chunks.iter().position(|chunk| chunk.entry == Some(entry)) else { return Vec::new() };
    let graph = Graph::of(chunks);
    let has_others = graph.loaded_with(at).iter().any(|other| *other != at && !chunks[*other].sheets.is_empty());
    let is_loaded_by = |other: usize| graph.imports_of(other).contains(&at) || graph.later_of(other).contains(&at);
    if has_others || (0..chunks.len()).any(is_loaded_by) {
        return Vec::new();
    }
    std::mem::take(&mut chunks[at].sheets)
}

/// What decides what becomes of chunks, beside themselves.
#[derive(Clone, Copy, Debug)]
struct Making<'a> {
    base: &'a BasePath,
    engines: &'a [String],
    maps_are_public: bool,
    cache: Option<&'a Cache>,
}

/// `sheets` are those of the chunks, in their order.
fn assemble(
    making: &Making<'_>,
    mut chunks: Vec<Chunk>,
    sheets: Vec<Option<StyleFile>>,
) -> (Finished, Vec<Diagnostic>) {
    let &Making { base, maps_are_public, .. } = making;
    let empty = empty::without_empty(&mut chunks);
    let graph = Graph::of(&chunks);
    let needs = |chunk| later::needs(&chunks, &graph, &sheets, &empty, chunk);
    let needs: Vec<Needs> = (0..chunks.len()).map(needs).collect();
    let functions = later::functions(&chunks, &graph, &needs);
    let (smaller, found): (Vec<Smaller>, Vec<Vec<Diagnostic>>) = chunks
        .par_iter_mut()
        .zip(needs.par_iter().zip(functions.par_iter()))
        .map(|(chunk, (needs, function))| minify_once(chunk, needs, function, making))
        .unzip();

    let codes: Vec<String> = smaller
        .iter()
        .zip(&chunks)
        .map(|(smaller, chunk)| match smaller.map {
            Some(_) if maps_are_public => {
                format!("{}{MAP}{}.map", smaller.code, chunk.placeholder)
            }
            _ => smaller.code.clone(),
        })
        .collect();
    let placeholders: Vec<&str> = chunks.iter().map(|chunk| &*chunk.placeholder).collect();
    let stems: Vec<&str> = chunks.iter().map(|chunk| &*chunk.stem).collect();
    let texts: Vec<Text<'_>> = codes.par_iter().map(|code| Text::of(code, &placeholders)).collect();
    // A map that is published may not change under its name.
    let maps: Vec<Option<&str>> =
        smaller.iter().map(|smaller| smaller.map.as_deref().filter(|_| maps_are_public)).collect();
    let hashes = naming::hashes(&texts, &stems, &maps);
    let paths: Vec<SitePath> = stems.iter().zip(&hashes).map(|(stem, hash)| fingerprinted(stem, "js", hash)).collect();

    let name = |chunk: usize, before: &str| {
        let path = &paths[chunk];
        // Beside the script that names it, or anywhere.
        if before.ends_with("./") || before.ends_with(MAP) { path.file_name().to_owned() } else { path.to_url(base) }
    };
    let bodies: Vec<Bytes> = texts.par_iter().map(|text| Bytes::from(text.with(name))).collect();

    let mut finished = Finished::default();
    for (at, (chunk, body)) in chunks.iter().zip(bodies).enumerate().filter(|(at, _)| !empty.contains(at)) {
        let built = BuiltAsset { media: MediaType::JAVASCRIPT, integrity: integrity(&body), body };
        let named = |chunks: &[usize]| -> Vec<String> {
            chunks.iter().filter(|at| !empty.contains(at)).map(|at| paths[*at].as_str().to_owned()).collect()
        };
        let described = BuiltFile {
            kind: BuiltKind::Script,
            bytes: built.body.len() as u64,
            integrity: built.integrity.clone(),
            imports: named(graph.imports_of(at)),
            later: named(graph.later_of(at)),
            modules: scaled(&chunk.modules, built.body.len() as u64),
            unused: None,
        };
        finished.described.insert(paths[at].clone(), described);
        finished.files.insert(paths[at].clone(), built);
        if let Some(entry) = chunk.entry {
            finished.entries.insert(entry, asset(&graph, &paths, &sheets, &empty, at));
        }
    }
    for (path, Smaller { map, .. }) in paths.into_iter().zip(smaller) {
        let map = map.filter(|_| finished.files.contains_key(&path));
        finished.maps.extend(map.map(|map| (path, map)));
    }
    for StyleFile { path, built, described, map, recipe } in sheets.into_iter().flatten() {
        finished.recipes.insert(path.clone(), recipe);
        finished.maps.extend(map.map(|map| (path.clone(), map)));
        finished.described.insert(path.clone(), described);
        finished.files.insert(path, built);
    }
    (finished, found.into_iter().flatten().collect())
}

/// The style sheet of a chunk.
fn style(context: &Context<'_>, chunk: &mut Chunk) -> (Option<StyleFile>, Vec<Diagnostic>) {
    let (sheets, mut found) = (std::mem::take(&mut chunk.sheets), Vec::new());
    let file = (!sheets.is_empty()).then(|| StyleFile::of(context, &chunk.stem, &sheets, &mut found));
    (file, found)
}

/// The chunk, minified; as it was where that fails. What was minified before is not minified again.
fn minify_once(
    chunk: &mut Chunk,
    needs: &Needs,
    function: &Function,
    making: &Making<'_>,
) -> (Smaller, Vec<Diagnostic>) {
    let (code, map) = (std::mem::take(&mut chunk.code), chunk.map.take());
    let is_plain = chunk.is_plain;
    let Some(cache) = making.cache.filter(|_| !is_plain) else {
        return minify((&chunk.stem, is_plain), code, map, (needs, function), making);
    };
    let (needed, engines) = (format!("{needs} {function:?}"), making.engines.join(" "));
    // The linker's map is made of the texts of the sources and of what became of them.
    let sources = map.iter().flat_map(|map| map.get_sources().zip(map.get_source_contents()));
    let sources = sources.flat_map(|(source, text)| [source.as_bytes(), text.unwrap_or("").as_bytes()]);
    let parts = [b"chunk".as_slice(), code.as_bytes(), needed.as_bytes(), engines.as_bytes()];
    let key = cache.key(parts.into_iter().chain(sources));
    if let Some(smaller) = cache.get(key).and_then(|kept| Smaller::read(&kept)) {
        return (smaller, Vec::new());
    }
    let (smaller, found) = minify((&chunk.stem, false), code, map, (needs, function), making);
    if found.is_empty() {
        cache.keep(key, &smaller.to_bytes());
    }
    (smaller, found)
}

fn minify(
    (stem, is_plain): (&str, bool),
    code: String,
    map: Option<SourceMap<'static>>,
    (needs, function): (&Needs, &Function),
    making: &Making<'_>,
) -> (Smaller, Vec<Diagnostic>) {
    let (text, function) = needs.written_into(&code, function);
    if is_plain && function.is_none() {
        return (Smaller { code: text, map: map.map(|map| map.to_json_string()) }, Vec::new());
    }
    let source = Source::new(format!("{stem}.js"), text);
    let needs_of = |specifier: &str| needs.of(specifier);
    let later = function.as_deref().map(|function| script::Later { function, needs: &needs_of });
    let linked = script::Linked { engines: making.engines, later, has_map: map.is_some(), is_plain };
    match script::minify(&source, &linked) {
        Ok(script::Minified { code, map: origins }) => {
            let map = map.zip(origins).map(|(map, origins)| script::compose(&origins, map).to_json_string());
            (Smaller { code, map }, Vec::new())
        }
        Err(found) => {
            let map = map.map(|map| map.to_json_string());
            (Smaller { code, map }, found.into_iter().map(Diagnostic::as_warning).collect())
        }
    }
}

impl Smaller {
    /// `length of the code: u64 little-endian · code · map`; no map is an empty one.
    fn to_bytes(&self) -> Vec<u8> {
        let map = self.map.as_deref().unwrap_or("");
        [&(self.code.len() as u64).to_le_bytes(), self.code.as_bytes(), map.as_bytes()].concat()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk()?;
        let (code, map) = str::from_utf8(rest).ok()?.split_at_checked(u64::from_le_bytes(*length).try_into().ok()?)?;
        Some(Self { code: code.to_owned(), map: (!map.is_empty()).then(|| map.to_owned()) })
    }
}

fn asset(
    graph: &Graph,
    paths: &[SitePath],
    sheets: &[Option<StyleFile>],
    empty: &BTreeSet<usize>,
    chunk: usize,
) -> Asset {
    let script = |at: usize| (!empty.contains(&at)).then(|| paths[at].clone());
    let style = |at: usize| sheets[at].as_ref().map(|style| style.path.clone());
    let loaded = graph.loaded_with(chunk);
    let mut styles: Vec<SitePath> = Vec::new();
    for path in loaded.iter().filter_map(|at| style(*at)) {
        if !styles.contains(&path) {
            styles.push(path);
        }
    }
    let mut met: BTreeSet<SitePath> = styles.iter().cloned().collect();
    let later = graph.later_than(chunk);
    Asset {
        file: paths[chunk].clone(),
        imports: loaded.iter().filter(|at| **at != chunk).filter_map(|at| script(*at)).collect(),
        styles,
        later: later
            .iter()
            .flat_map(|at| style(*at).into_iter().chain(script(*at)))
            .filter(|path| met.insert(path.clone()))
            .collect(),
    }
}

/// What each module has of `total` bytes, by what it had before.
fn scaled(modules: &[BuiltModule], total: u64) -> Vec<BuiltModule> {
    let sum: u64 = modules.iter().map(|module| module.bytes).sum();
    let part = |bytes: u64| u128::from(bytes) * u128::from(total) / u128::from(sum.max(1));
    let scale = |module: &BuiltModule| BuiltModule {
        source: module.source.clone(),
        bytes: u64::try_from(part(module.bytes)).unwrap_or(u64::MAX),
    };
    modules.iter().map(scale).collect()
}

#[cfg(test)]
mod tests;

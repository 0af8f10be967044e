//! From what the linker made to chunks.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use oxc_sourcemap::SourceMap;
use rolldown_common::{ModuleId, Output, OutputChunk};

use super::{
    id,
    kind::Kind,
    plugin::{Project, Root},
    sheets::Sheets,
};
use crate::{
    assets::{chunks::Chunk, names::stem_and_extension, styles::Sheet},
    site::{BuiltModule, ContentHash},
};

/// The name a chunk has until its own is known. It is made of the ids of its modules, or of the one it is the entry of: two
/// chunks cannot share it, and no source can hold it by chance.
pub(super) fn placeholder<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = "chunk".to_owned();
    for id in ids {
        text.extend(["\n", id]);
    }
    format!("sitekit-{}.js", ContentHash::of(text.as_bytes()))
}

/// All chunks, sorted by their placeholders.
pub(super) fn chunks(project: &Project, roots: &[Root], sheets: &Sheets, outputs: Vec<Output>) -> Vec<Chunk> {
    let outputs: BTreeMap<String, _> = outputs
        .into_iter()
        .filter_map(|output| match output {
            Output::Chunk(chunk) => Some((chunk.filename.to_string(), Arc::unwrap_or_clone(chunk))),
            Output::Asset(_) => None,
        })
        .collect();
    let known: BTreeSet<String> = outputs.keys().cloned().collect();
    let changed = project.changed();
    let all_modules = outputs.values().flat_map(|output| output.modules.keys.iter());
    let workers: BTreeSet<String> = all_modules.flat_map(|id| project.workers_of(id.as_str())).collect();
    let ours = |names: &[arcstr::ArcStr]| -> Vec<String> {
        names.iter().filter(|name| known.contains(name.as_str())).map(ToString::to_string).collect()
    };
    outputs
        .into_iter()
        .map(|(placeholder, output)| {
            let ids = || output.modules.keys.iter().map(ModuleId::as_str);
            let mut later = ours(&output.dynamic_imports);
            later.extend(ids().flat_map(|id| project.workers_of(id)).filter(|worker| known.contains(worker.as_str())));
            let mut seen = BTreeSet::new();
            later.retain(|name| seen.insert(name.clone()));
            let facade = output.facade_module_id.as_ref().map(ModuleId::as_str);
            let entry = roots.iter().find(|root| output.is_entry && Some(root.id.as_str()) == facade);
            Chunk {
                stem: stem(&output),
                imports: ours(&output.imports),
                later,
                entry: entry.map(|root| root.entry),
                is_worker: workers.contains(&placeholder),
                modules: modules(&output),
                sheets: ids().filter_map(|id| sheet(sheets, id)).collect(),
                map: output.map.map(|linked| map(&changed, linked)),
                code: output.code,
                is_plain: false,
                placeholder,
            }
        })
        .collect()
}

fn sheet(sheets: &Sheets, module: &str) -> Option<Sheet> {
    let (path, query) = id::parts(module)?;
    matches!(Kind::of(path, query)?, Kind::Sheet | Kind::Rules).then(|| sheets.get(path).cloned()).flatten()
}

/// Sources and about how many bytes of the chunk each is. Modules without a file are nobody's sources.
fn modules(chunk: &OutputChunk) -> Vec<BuiltModule> {
    let mut sizes: BTreeMap<&str, u64> = BTreeMap::new();
    for (module, rendered) in chunk.modules.keys.iter().zip(&chunk.modules.values) {
        let Some((path, query)) = id::parts(module.as_str()) else { continue };
        if !matches!(Kind::of(path, query), Some(Kind::Sheet | Kind::Rules)) {
            *sizes.entry(path).or_default() += rendered.rendered_length() as u64;
        }
    }
    sizes.into_iter().map(|(source, bytes)| BuiltModule { source: source.to_owned(), bytes }).collect()
}

/// The stem of what is imported, or of the largest part of what is shared.
fn stem(chunk: &OutputChunk) -> String {
    let largest = || {
        let sizes = chunk.modules.values.iter().map(|module| module.rendered_length());
        let files = chunk.modules.keys.iter().map(ModuleId::as_str).zip(sizes).filter(|(id, _)| id.starts_with('/'));
        files.max_by_key(|&(id, size)| (size, std::cmp::Reverse(id))).map(|(id, _)| id)
    };
    let facade = chunk.facade_module_id.as_ref().map(ModuleId::as_str);
    let path = id::path(facade.or_else(largest).unwrap_or("shared"));
    // In a package, its name says more than its files'.
    if let Some((_, inside)) = path.rsplit_once("node_modules/") {
        let segments = if inside.starts_with('@') { 2 } else { 1 };
        return inside.split('/').take(segments).collect::<Vec<_>>().join("-").trim_start_matches('@').to_owned();
    }
    match stem_and_extension(path).0 {
        "index" => path.rsplit('/').nth(1).unwrap_or("index").to_owned(),
        stem => stem.to_owned(),
    }
}

/// The chunk's map. Where the linker was given another text than the author wrote, it shows the author's.
fn map(changed: &BTreeMap<String, Arc<str>>, map: SourceMap<'static>) -> SourceMap<'static> {
    let mut parts = map.into_parts();
    for (source, content) in parts.sources.iter().zip(&mut parts.source_contents) {
        if let Some(text) = changed.get(&**source) {
            *content = Some(text.to_string().into());
        }
    }
    SourceMap::from_parts(parts)
}

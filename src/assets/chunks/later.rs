//! What is not needed at once: `import()` fetches all its chunk needs at one time, and `mayNeed` fetches the same before
//! anyone asks. The browser's side of both is in `later.js` and `may_need.js`.

use std::collections::{BTreeMap, BTreeSet};

use super::{Chunk, StyleFile, graph::Graph};
use crate::{
    assets::{BuiltAsset, integrity::integrity, names::fingerprinted},
    diag::Source,
    site::{ContentHash, MediaType, SitePath},
    transform::script::{self, Goal},
};

/// The module that scripts import as `sitekit`.
pub(in crate::assets) const MAY_NEED: &str = include_str!("may_need.js");

/// In every program that calls `mayNeed`, and in no other.
const MARK: &str = "sitekit:needs";

const LATER: &str = include_str!("later.js");
/// What it is called in a chunk.
const FUNCTION: &str = "fetched";
/// What a chunk exports it as. The linker gives its own exports names of letters and digits.
const SHARED: &str = "$";

/// Where a chunk has the function from that waits for what an `import()` needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Function {
    /// Nothing in it needs one.
    #[default]
    None,
    Own,
    /// It has one, and others have it from there: some of them may say what they may need.
    Given {
        may_need: bool,
    },
    /// The chunk with this placeholder.
    Of(String),
}

/// Where each chunk has its function from. Those that are loaded only after another that needs one have it from there.
pub(super) fn functions(chunks: &[Chunk], graph: &Graph, needs: &[Needs]) -> Vec<Function> {
    let needing: Vec<usize> = (0..chunks.len()).filter(|at| needs[*at].are_in(&chunks[*at].code)).collect();
    let begins = |at: &usize| chunks[*at].entry.is_some() || chunks[*at].is_worker;
    let beginnings: Vec<usize> = (0..chunks.len()).filter(begins).collect();
    let host = needing.iter().copied().find(|host| {
        let met = graph.reached_without(&beginnings, *host);
        needing.iter().all(|other| other == host || !met.contains(other))
    });
    let mut functions = vec![Function::None; chunks.len()];
    for at in &needing {
        functions[*at] = match host {
            Some(host) if needing.len() > 1 && host == *at => {
                Function::Given { may_need: needing.iter().any(|at| needs[*at].may_need) }
            }
            Some(host) if needing.len() > 1 => Function::Of(chunks[host].placeholder.clone()),
            _ => Function::Own,
        };
    }
    functions
}

/// What the dynamic imports of a chunk need.
#[derive(Clone, Debug, Default)]
pub(super) struct Needs {
    /// By specifier: names relative to the chunk, a style sheet's with its integrity behind it.
    by_specifier: BTreeMap<String, Vec<String>>,
    /// Whether what it imports later may be wanted before.
    may_need: bool,
}

/// The needs of the dynamic imports in `chunk`: what is not there already when it runs. Scripts of `empty` ones are
/// not published.
pub(super) fn needs(
    chunks: &[Chunk],
    graph: &Graph,
    sheets: &[Option<StyleFile>],
    empty: &BTreeSet<usize>,
    chunk: usize,
) -> Needs {
    let loaded = graph.loaded_with(chunk);
    let may_need = loaded.iter().any(|at| chunks[*at].code.contains(MARK));
    let loaded: BTreeSet<usize> = loaded.into_iter().collect();
    let mut by_specifier = BTreeMap::new();
    for &asked in graph.later_of(chunk) {
        let mut new = graph.loaded_with(asked);
        new.retain(|at| !loaded.contains(at) && *at != asked);
        let with_styles = || new.iter().chain([&asked]).filter(|at| !loaded.contains(at));
        let mut needs: Vec<String> = Vec::new();
        for style in with_styles().filter_map(|at| sheets[*at].as_ref()) {
            let need = format!("./{} {}", style.path.file_name(), style.built.integrity);
            if !needs.contains(&need) {
                needs.push(need);
            }
        }
        // The import itself waits for style sheets, but its fetch need not.
        let itself = (!needs.is_empty() || may_need).then_some(asked);
        let scripts = new.iter().copied().chain(itself).filter(|at| !empty.contains(at));
        needs.extend(scripts.map(|at| format!("./{}", chunks[at].placeholder)));
        if !needs.is_empty() {
            by_specifier.insert(format!("./{}", chunks[asked].placeholder), needs);
        }
    }
    Needs { by_specifier, may_need }
}

impl Needs {
    /// Whether some `import()` in `code` has to wait for something, or may be asked what it needs.
    pub(super) fn are_in(&self, code: &str) -> bool {
        !self.by_specifier.is_empty() || (self.may_need && code.contains("import("))
    }

    /// The code with the function that waits for needs, or its import, behind it, so that nothing in front moves. Also the
    /// function's name.
    pub(super) fn written_into(&self, code: &str, function: &Function) -> (String, Option<String>) {
        let mut name = FUNCTION.to_owned();
        while code.contains(&name) {
            name.push('_');
        }
        let written = |may_need: bool| LATER.replace("MAY_NEED", &may_need.to_string()).replace(FUNCTION, &name);
        let behind = match function {
            Function::None => return (code.to_owned(), None),
            Function::Own => written(self.may_need),
            Function::Given { may_need } => format!("{}export{{{name} as {SHARED}}};", written(*may_need)),
            Function::Of(host) => format!("import{{{SHARED} as {name}}}from\"./{host}\";"),
        };
        (format!("{code}\n{behind}"), Some(name))
    }

    /// What is to be fetched for an import of `specifier`.
    pub(super) fn of(&self, specifier: &str) -> Option<Vec<String>> {
        let foreign = || self.may_need && (specifier.starts_with("https://") || specifier.starts_with("http://"));
        self.by_specifier.get(specifier).cloned().or_else(|| foreign().then(|| vec![specifier.to_owned()]))
    }
}

/// The script for pages that say what they may need next, in `<link rel="may-need">`, and the path it is published at.
pub(in crate::assets) fn may_need_client() -> (SitePath, BuiltAsset) {
    let text = format!("{}\nreadPage();", MAY_NEED.replace("export function", "function"));
    let source = Source::new("may-need.js", text);
    let code =
        script::compile(&source, &script::Options::inline(Goal::Module)).unwrap_or_else(|_| source.text.to_string());
    let path = fingerprinted("may-need", "js", &ContentHash::of(code.as_bytes()));
    let integrity = integrity(code.as_bytes());
    (path, BuiltAsset { body: code.into(), media: MediaType::JAVASCRIPT, integrity })
}

/// All that decides what is written; part of a key.
impl std::fmt::Display for Needs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{LATER} {} {:?}", self.may_need, self.by_specifier)
    }
}

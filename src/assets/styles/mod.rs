//! Compiles style sheets: Sass to CSS, imports put in their place, the files they name published, lowered for the browsers
//! the author wants, minified.
//!
//! Each file is opened once and by itself; what is put together in the end are rules, in the order browsers would apply them
//! if they fetched every `@import`.

mod file;
mod modules;
mod print;
mod resolve;
mod sass;
mod urls;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use self::file::{Condition, File, Layer, Lead};
use super::Context;
use crate::{
    diag::{Diagnostic, Severity},
    site::{BuiltModule, ContentHash},
    transform::contained::contained,
};

/// A style sheet and all it imports, ready to be joined with others.
#[derive(Clone, Debug, Default)]
pub(super) struct Sheet {
    /// Of its own file.
    pub(super) path: String,
    /// What a CSS module calls its classes: the author's name and the published one, or ones between spaces.
    pub(super) names: Option<BTreeMap<String, String>>,
    parts: Vec<Part>,
}

/// A style sheet, ready to be published.
#[derive(Clone, Debug, Default)]
pub(super) struct Joined {
    pub(super) css: String,
    /// What it was made of.
    pub(super) modules: Vec<BuiltModule>,
    /// Bytes of rules that nothing uses, where these are left out.
    pub(super) unused: Option<u64>,
    /// From its CSS to the sources (Source Map revision 3, JSON).
    pub(super) map: Option<String>,
}

/// A piece of a sheet.
#[derive(Clone, Debug)]
struct Part {
    file: Arc<File>,
    what: What,
    /// Those of the imports that lead there, the outermost first.
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    /// The rules of the file.
    Rules,
    /// A statement that says the order of layers.
    Layers(Vec<String>),
    /// A sheet of another host, by its address.
    Foreign(String),
}

impl Sheet {
    /// Stands for what a script sees of it.
    pub(super) fn seen_by_scripts(&self) -> ContentHash {
        ContentHash::of(format!("{:?}", self.names).as_bytes())
    }
}

/// The style sheet at `path` and all it imports. `None` when it cannot be published; `found` says why.
pub(super) fn compile(context: &Context<'_>, path: &str, found: &mut Vec<Diagnostic>) -> Option<Sheet> {
    let before = found.len();
    let mut loader = Loader { context, files: BTreeMap::new(), stack: Vec::new(), found };
    let root = loader.load(path);
    let files = loader.files;
    if found[before..].iter().any(|one| one.severity == Severity::Error) {
        return None;
    }
    let root = root?;
    let mut walk = Walk { files: &files, stack: Vec::new(), seen: BTreeSet::new(), parts: Vec::new() };
    walk.visit(&root, &[]);
    walk.parts.reverse();
    Some(Sheet { path: path.to_owned(), names: root.names.clone(), parts: walk.parts })
}

/// One style sheet of one or several, in their order: what a page links, or what the modules of a chunk import. Empty when
/// that cannot be; `found` says why.
pub(super) fn join(context: &Context<'_>, sheets: &[Sheet], found: &mut Vec<Diagnostic>) -> Joined {
    let parts = without_repeats(sheets.iter().flat_map(|sheet| &sheet.parts).cloned().collect());
    let path = parts.last().map_or("", |part| &*part.file.source.path);
    let joined = contained(path, "lightningcss", || print::print(context, &parts, found));
    match joined {
        Ok(joined) => joined.unwrap_or_default(),
        Err(panic) => {
            found.extend(panic.into_iter().map(|one| Diagnostic { severity: Severity::Error, help: None, ..one }));
            Joined::default()
        }
    }
}

/// Opens files, each once.
struct Loader<'a, 'c> {
    context: &'a Context<'c>,
    files: BTreeMap<Arc<str>, Option<Arc<File>>>,
    /// The files that are being opened, each asked for by the one before.
    stack: Vec<Arc<str>>,
    found: &'a mut Vec<Diagnostic>,
}

impl Loader<'_, '_> {
    fn load(&mut self, path: &str) -> Option<Arc<File>> {
        if let Some(known) = self.files.get(path) {
            return known.clone();
        }
        let path: Arc<str> = path.into();
        let opened = file::open(self.context, &path, self.found);
        self.stack.push(Arc::clone(&path));
        let file = opened.map(|opened| {
            for asked in &opened.asked {
                if let Some(at) = self.stack.iter().position(|one| **one == *asked.path) {
                    let mut cycle =
                        Diagnostic::error_at(&asked.source, asked.at..asked.at + 1, "this style sheet imports itself");
                    for (one, next) in self.stack[at..].iter().zip(self.stack[at + 1..].iter()) {
                        cycle = cycle.traced(format!("`{one}` imports `{next}`"));
                    }
                    self.found.push(cycle);
                } else {
                    self.load(&asked.path);
                }
            }
            let mut file = opened.file;
            if let Some(own) = &file.names {
                let of = |path: &str| self.files.get(path)?.as_ref()?.names.clone();
                let names = modules::finish(&file.source, own, &opened.composed, &of, self.found);
                file.names = Some(names);
            }
            Arc::new(file)
        });
        self.stack.pop();
        self.files.insert(path, file.clone());
        file
    }
}

/// Goes through the imports from the last to the first: of a sheet that is imported several times, the last counts.
struct Walk<'a> {
    files: &'a BTreeMap<Arc<str>, Option<Arc<File>>>,
    stack: Vec<Arc<str>>,
    seen: BTreeSet<(Arc<str>, Vec<Condition>)>,
    /// The last first.
    parts: Vec<Part>,
}

impl Walk<'_> {
    fn visit(&mut self, file: &Arc<File>, conditions: &[Condition]) {
        let path = &file.source.path;
        if self.stack.contains(path) {
            return;
        }
        let part = |what| Part { file: Arc::clone(file), what, conditions: conditions.to_vec() };
        if !self.seen.insert((Arc::clone(path), conditions.to_vec())) && !has_nameless_layer(conditions) {
            self.parts.extend(repeated(part(What::Rules)));
            return;
        }
        self.stack.push(Arc::clone(path));
        self.parts.push(part(What::Rules));
        for lead in file.lead.iter().rev() {
            match lead {
                Lead::Layers(names) => self.parts.push(part(What::Layers(names.clone()))),
                Lead::Foreign(address, condition) => {
                    let conditions = with(conditions, condition);
                    self.parts.push(Part { conditions, ..part(What::Foreign(address.clone())) });
                }
                Lead::File(path, condition) => {
                    if let Some(Some(file)) = self.files.get(path) {
                        self.visit(file, &with(conditions, condition));
                    }
                }
            }
        }
        self.stack.pop();
    }
}

/// Of rules that are there several times under the same conditions, the last count.
fn without_repeats(parts: Vec<Part>) -> Vec<Part> {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::with_capacity(parts.len());
    for part in parts.into_iter().rev() {
        let is_new = match &part.what {
            What::Rules => {
                let key = (Arc::clone(&part.file.source.path), What::Rules, part.conditions.clone());
                seen.insert(key) || has_nameless_layer(&part.conditions)
            }
            What::Foreign(_) => seen.insert(("".into(), part.what.clone(), part.conditions.clone())),
            What::Layers(_) => true,
        };
        kept.extend(if is_new { Some(part) } else { repeated(part) });
    }
    kept.reverse();
    kept
}

/// What is left of a part that comes again later: the order of the layers it begins.
fn repeated(part: Part) -> Option<Part> {
    let begins_layers = !part.file.layers.is_empty() || part.conditions.iter().any(|one| one.layer.is_some());
    let what = What::Layers(part.file.layers.clone());
    (begins_layers && matches!(part.what, What::Rules)).then_some(Part { what, ..part })
}

fn has_nameless_layer(conditions: &[Condition]) -> bool {
    conditions.iter().any(|condition| condition.layer == Some(Layer::Nameless))
}

fn with(conditions: &[Condition], condition: &Condition) -> Vec<Condition> {
    let more = (*condition != Condition::default()).then(|| condition.clone());
    conditions.iter().cloned().chain(more).collect()
}

#[cfg(test)]
mod tests;

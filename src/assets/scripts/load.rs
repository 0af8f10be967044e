//! The text of a module: the author's, or what stands for a file that is not a script.

use std::{fmt::Write as _, ops::Range, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use rolldown::ModuleType;
use rolldown_common::side_effects::HookSideEffects;

use super::{
    decorators, id,
    kind::Kind,
    output::placeholder,
    plugin::Project,
    unresolved,
    urls::{self, Use},
};
use crate::{
    assets::{chunks::MAY_NEED, names::stem_and_extension, resolve::Asked, styles::Sheet},
    diag::{Diagnostic, Source},
    site::MediaType,
};

/// A module, ready to be linked.
pub(super) struct Loaded {
    pub(super) code: String,
    pub(super) kind: ModuleType,
    pub(super) side_effects: Option<HookSideEffects>,
    /// The author's text, where `code` is another.
    pub(super) changed: Option<Arc<str>>,
    /// Ids of scripts it starts as workers.
    pub(super) workers: Vec<String>,
}

impl Loaded {
    fn code(code: impl Into<String>) -> Self {
        Self::of(code, ModuleType::Js)
    }

    fn of(code: impl Into<String>, kind: ModuleType) -> Self {
        Self { code: code.into(), kind, side_effects: None, changed: None, workers: Vec::new() }
    }

    /// In the place of a module that something is wrong with.
    fn broken() -> Self {
        Self::code("export {};")
    }

    /// Is part of the chunk even though it does nothing: it marks the place of a style sheet.
    fn kept(mut self) -> Self {
        self.side_effects = Some(HookSideEffects::NoTreeshake);
        self
    }
}

/// `None` for a module that is not ours to load.
pub(super) async fn load(project: &Project, module: &str) -> Option<Loaded> {
    if module == id::SITEKIT {
        return Some(Loaded::code(MAY_NEED));
    }
    if module.starts_with(id::LEFT_OUT) {
        return Some(Loaded::code("module.exports = {};"));
    }
    if let Some(specifier) = module.strip_prefix(id::ABSENT) {
        let message = literal(&format!("Cannot find module '{specifier}'"));
        return Some(Loaded::code(format!(
            "throw Object.assign(new Error({message}), {{ code: \"MODULE_NOT_FOUND\" }});\nmodule.exports = {{}};"
        )));
    }
    let (path, query) = id::parts(module)?;
    Some(match Kind::of(path, query)? {
        Kind::Module(kind) => match text(project, module, path) {
            Some(source) if decorators::may_be_in(module, &source.text, project.has_decorators) => {
                match decorators::find(&source, &kind) {
                    Some(wrong) => {
                        project.broke(module, wrong);
                        Loaded::broken()
                    }
                    None => with_urls(project, module, &source, kind).await,
                }
            }
            Some(source) if may_name_files(&source.text, &kind) => with_urls(project, module, &source, kind).await,
            Some(source) => Loaded::of(&*source.text, kind),
            None => Loaded::broken(),
        },
        Kind::Inline(_) => match project.source(module) {
            Some(source) => with_urls(project, module, &source, ModuleType::Js).await,
            None => Loaded::broken(),
        },
        Kind::Sheet | Kind::Rules => match project.sheet(path).await {
            Some(_) => Loaded::code("").kept(),
            None => broken_sheet(project, module),
        },
        Kind::NamedSheet => match project.sheet(path).await {
            Some(sheet) => Loaded::code(names_of(&sheet, module)),
            None => broken_sheet(project, module),
        },
        Kind::SheetText => match project.sheet_text(path).await {
            Some(css) => exported(&literal(&css)),
            None => broken_sheet(project, module),
        },
        Kind::SheetUrl => match project.sheet_url(path).await {
            Some(url) => exported(&literal(&url)),
            None => broken_sheet(project, module),
        },
        Kind::Text => match text(project, module, path) {
            Some(source) => exported(&literal(&source.text)),
            None => Loaded::broken(),
        },
        Kind::Url => match project.url(path).await {
            Ok(url) => exported(&literal(&url)),
            Err(why) => {
                project.broke(module, Diagnostic::error(path, format!("this file {why}")));
                Loaded::broken()
            }
        },
        Kind::Data => data(project, module, path),
        Kind::Worker => worker(project, path, "Worker"),
        Kind::SharedWorker => worker(project, path, "SharedWorker"),
    })
}

fn exported(expression: &str) -> Loaded {
    Loaded::code(format!("export default {expression};"))
}

/// A string of JavaScript.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The text of a file, which must be UTF-8.
fn text(project: &Project, module: &str, path: &str) -> Option<Source> {
    let bytes = match project.world.read(path) {
        Ok(bytes) => bytes,
        Err(why) => {
            project.broke(module, Diagnostic::error(path, format!("this file {why}")));
            return None;
        }
    };
    match String::from_utf8(bytes.into()) {
        Ok(text) => Some(Source::new(path, text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let byte = error.as_bytes()[at];
            let source = Source::new(path, String::from_utf8_lossy(error.as_bytes()));
            let message = format!("this file is not UTF-8: the byte 0x{byte:02x} cannot stand here");
            let wrong = Diagnostic::error_at(&source, at..at + '\u{fffd}'.len_utf8(), message)
                .with_help("save it as UTF-8 in your editor");
            project.broke(module, wrong);
            None
        }
    }
}

/// What was wrong was told when it was compiled.
fn broken_sheet(project: &Project, module: &str) -> Loaded {
    project.mark_broken(module);
    Loaded::broken()
}

/// The exports of a CSS module: its names together, and each that can be one by itself.
fn names_of(sheet: &Sheet, module: &str) -> String {
    let mut code = format!("import {};\n", literal(&format!("/{}{}", id::path(module), id::RULES)));
    let mut members = String::new();
    for (name, classes) in sheet.names.iter().flatten() {
        if is_binding(name) {
            let _ = writeln!(code, "export const {name} = {};", literal(classes));
            let _ = write!(members, "{name}, ");
        } else {
            let _ = write!(members, "{}: {}, ", literal(name), literal(classes));
        }
    }
    let _ = writeln!(code, "export default {{ {members}}};");
    code
}

/// Whether a constant may be called so.
fn is_binding(name: &str) -> bool {
    const RESERVED: &[&str] = &[
        "arguments",
        "await",
        "break",
        "case",
        "catch",
        "class",
        "const",
        "continue",
        "debugger",
        "default",
        "delete",
        "do",
        "else",
        "enum",
        "eval",
        "export",
        "extends",
        "false",
        "finally",
        "for",
        "function",
        "if",
        "implements",
        "import",
        "in",
        "instanceof",
        "interface",
        "let",
        "new",
        "null",
        "package",
        "private",
        "protected",
        "public",
        "return",
        "static",
        "super",
        "switch",
        "this",
        "throw",
        "true",
        "try",
        "typeof",
        "var",
        "void",
        "while",
        "with",
        "yield",
    ];
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '$');
    !name.is_empty()
        && name.chars().all(plain)
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !RESERVED.contains(&name)
}

fn data(project: &Project, module: &str, path: &str) -> Loaded {
    match project.world.read(path) {
        Ok(bytes) => {
            let media = MediaType::of_extension(Some(stem_and_extension(path).1)).as_str();
            exported(&literal(&format!("data:{media};base64,{}", BASE64_STANDARD.encode(bytes))))
        }
        Err(why) => {
            project.broke(module, Diagnostic::error(path, format!("this file {why}")));
            Loaded::broken()
        }
    }
}

fn worker(project: &Project, path: &str, constructor: &str) -> Loaded {
    let worker = project.resolver.resolve_path(path).map_or_else(|_| format!("/{path}"), |found| id::of(&found));
    let url = literal(&placeholder([worker.as_str()]));
    let code = format!(
        "export default function (options) {{\n  return new {constructor}(new URL({url}, import.meta.url), {{ type: \
         \"module\", ...options }});\n}}\n"
    );
    let mut loaded = Loaded::code(code);
    loaded.workers.push(worker);
    loaded
}

fn may_name_files(text: &str, kind: &ModuleType) -> bool {
    *kind != ModuleType::Json && text.contains("import.meta.url") && text.contains("URL")
}

/// The module with the files it names by `new URL(…, import.meta.url)` published, and named by their URLs.
async fn with_urls(project: &Project, module: &str, source: &Source, kind: ModuleType) -> Loaded {
    let mut loaded = Loaded::of(&*source.text, kind);
    if !may_name_files(&source.text, &loaded.kind) {
        return loaded;
    }
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for Use { specifier, place, worker } in urls::find(source, &loaded.kind) {
        let Some((path, kind)) = named(project, module, source, &specifier, &place) else { continue };
        if kind.is_code() {
            let id = project.resolver.resolve_path(&path).map_or_else(|_| format!("/{path}"), |found| id::of(&found));
            edits.push((place, literal(&placeholder([id.as_str()]))));
            // A classic script that loads others by itself must stay one.
            let is_classic = project.source(&id).is_some_and(|source| source.text.contains("importScripts("));
            if let Some(options) = worker.filter(|_| !is_classic) {
                edits.push((options.at..options.at, options.text.to_owned()));
            }
            loaded.workers.push(id);
        } else if matches!(kind, Kind::Sheet | Kind::NamedSheet) {
            if let Some(url) = project.sheet_url(&path).await {
                edits.push((place, literal(&url)));
            }
        } else {
            match project.url(&path).await {
                Ok(url) => edits.push((place, literal(&url))),
                Err(why) => project.tell(Diagnostic::error_at(source, place, format!("`{specifier}` {why}"))),
            }
        }
    }
    if edits.is_empty() {
        return loaded;
    }
    loaded.changed = Some(Arc::clone(&source.text));
    edits.sort_by_key(|(place, _)| (place.start, place.end));
    for (place, text) in edits.into_iter().rev() {
        loaded.code.replace_range(place, &text);
    }
    loaded
}

/// The file that `new URL(specifier, import.meta.url)` names, and what it is. Packages name by URL what their build put
/// elsewhere, so that only the author is told of a file that is not there.
fn named(
    project: &Project,
    module: &str,
    source: &Source,
    specifier: &str,
    place: &Range<usize>,
) -> Option<(String, Kind)> {
    let is_relative = specifier.starts_with("./") || specifier.starts_with("../");
    let is_path = is_relative || specifier.starts_with('/') || !specifier.contains(':');
    if !is_path || specifier.ends_with('/') || specifier.is_empty() {
        return None;
    }
    let relative =
        if is_relative || specifier.starts_with('/') { specifier.to_owned() } else { format!("./{specifier}") };
    match project.resolve(module, &relative, Asked::Import) {
        Ok(found) => {
            let kind = Kind::of(&found.path, "").unwrap_or(Kind::Url);
            Some((found.path, kind))
        }
        Err(why) => {
            if is_relative && !id::is_of_package(module) {
                project.tell(unresolved::at(project, source, place.clone(), module, specifier, &why));
            }
            None
        }
    }
}

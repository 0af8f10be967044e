//! The text of a module: the author's, or what stands for a file that is not a script.

use std::{fmt::Write as _, ops::Range, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};
use oxc_sourcemap::SourceMap;
use rolldown::ModuleType;
use rolldown_common::side_effects::HookSideEffects;

use super::{
    decorators, environment,
    globs::{self, Globs, What},
    hot, id,
    kind::Kind,
    matched,
    output::placeholder,
    parsed::Parsed,
    plugin::Project,
    unresolved,
    urls::{self, Use},
};
use crate::{
    assets::{self, chunks::MAY_NEED, names::stem_and_extension, resolve::Asked, styles::Sheet},
    diag::{Diagnostic, Source},
    load::WorldError,
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
    /// From `code` to the author's text, where it is not the same but for what was put into lines.
    pub(super) map: Option<SourceMap<'static>>,
}

impl Loaded {
    pub(super) fn code(code: impl Into<String>) -> Self {
        Self::of(code, ModuleType::Js)
    }

    fn of(code: impl Into<String>, kind: ModuleType) -> Self {
        Self { code: code.into(), kind, side_effects: None, changed: None, workers: Vec::new(), map: None }
    }

    /// In the place of a module that something is wrong with.
    fn broken() -> Self {
        Self::code("export {};")
    }

    /// Is part of the chunk even though it does nothing: it marks the place of a style sheet.
    pub(super) fn kept(mut self) -> Self {
        self.side_effects = Some(HookSideEffects::NoTreeshake);
        self
    }
}

/// `None` for a module that is not ours to load.
pub(super) async fn load(project: &Project, module: &str) -> Option<Loaded> {
    if module == id::SITEKIT {
        return Some(Loaded::code(MAY_NEED));
    }
    if let Some(text) = hot::text(module) {
        return Some(Loaded::code(text));
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
            Some(source) => script(project, module, &source, kind).await,
            None => Loaded::broken(),
        },
        Kind::Inline(_) => match project.source(module) {
            Some(source) => script(project, module, &source, ModuleType::Js).await,
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
pub(super) fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The text of a file, which must be UTF-8.
fn text(project: &Project, module: &str, path: &str) -> Option<Source> {
    let mut found = Vec::new();
    let source = assets::read(&*project.world, path, &mut found);
    for wrong in found {
        project.broke(module, wrong);
    }
    source
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
pub(super) fn is_binding(name: &str) -> bool {
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
    let worker = project.id_of(path);
    let url = literal(&placeholder([worker.as_str()]));
    let code = format!(
        "export default function (options) {{\n  return new {constructor}(new URL({url}, import.meta.url), {{ type: \
         \"module\", ...options }});\n}}\n"
    );
    let mut loaded = Loaded::code(code);
    loaded.workers.push(worker);
    loaded
}

/// What a script says that the linker does not understand.
struct Said {
    uses: Vec<Use>,
    globs: Globs,
}

/// `None` where there is nothing of the kind. What cannot be linked is an error.
fn said(project: &Project, module: &str, source: &Source, kind: &ModuleType) -> Result<Option<Said>, Box<Diagnostic>> {
    let text = &*source.text;
    let is_own = !id::is_of_package(module);
    let has_decorators = decorators::may_be_in(module, text, project.has_decorators);
    let names_files =
        (text.contains("import.meta.url") && text.contains("URL")) || text.contains("import.meta.resolve");
    let has_globs = is_own && globs::may_be_in(text);
    let asks_environment = is_own && environment::may_be_asked(text);
    if *kind == ModuleType::Json || !(has_decorators || names_files || has_globs || asks_environment) {
        return Ok(None);
    }
    let Some(parsed) = Parsed::of(source, kind) else { return Ok(None) };
    if has_decorators && let Some(wrong) = decorators::find(&parsed) {
        return Err(Box::new(wrong));
    }
    if asks_environment {
        project.tell_all(environment::unknown(&parsed, &project.environment));
    }
    Ok(Some(Said {
        uses: if names_files { urls::find(&parsed) } else { Vec::new() },
        globs: if has_globs { globs::find(&parsed) } else { Globs::default() },
    }))
}

/// The module with what stands for several files put in its place, and the files it names by `new URL(…, import.meta.url)`
/// published and named by their URLs.
async fn script(project: &Project, module: &str, source: &Source, kind: ModuleType) -> Loaded {
    let Said { uses, globs } = match said(project, module, source, &kind) {
        Ok(Some(said)) => said,
        Ok(None) => return Loaded::of(&*source.text, kind),
        Err(wrong) => {
            project.broke(module, *wrong);
            return Loaded::broken();
        }
    };
    let mut loaded = Loaded::of(&*source.text, kind);
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for Use { specifier, place, worker } in uses {
        let Some((path, kind)) = named(project, module, source, &specifier, &place) else { continue };
        if kind.is_code() {
            let id = project.id_of(&path);
            edits.push((place, literal(&placeholder([id.as_str()]))));
            // A classic script that loads others by itself must stay one.
            let is_classic = project.source(&id).is_some_and(|source| source.text.contains("importScripts("));
            if let Some(options) = worker.filter(|_| !is_classic) {
                edits.push((options.at..options.at, options.text.to_owned()));
            }
            loaded.workers.push(id);
        } else {
            match published(project, &path).await {
                Some(Ok(url)) => edits.push((place, literal(&url))),
                Some(Err(why)) => project.tell(Diagnostic::error_at(source, place, format!("`{specifier}` {why}"))),
                None => {}
            }
        }
    }
    let more = several(project, module, source, globs, &mut edits).await;
    if edits.is_empty() {
        return loaded;
    }
    loaded.changed = Some(Arc::clone(&source.text));
    edits.sort_by_key(|(place, _)| (place.start, place.end));
    // What is inside of something else that is replaced is gone.
    edits.dedup_by(|(place, _), (before, _)| place.start < before.end);
    for (place, text) in edits.into_iter().rev() {
        // What is said of a line later is said of the author's.
        let lines = source.text[place.clone()].matches('\n').count();
        loaded.code.replace_range(place, &(text + &"\n".repeat(lines)));
    }
    if !more.is_empty() {
        loaded.code.extend(["\n", &more]);
    }
    loaded
}

/// Edits that put files in the place of what stands for several, and the imports they need.
async fn several(
    project: &Project,
    module: &str,
    source: &Source,
    globs: Globs,
    edits: &mut Vec<(Range<usize>, String)>,
) -> String {
    project.tell_all(globs.wrong);
    let mut imports = matched::Imports::of(&source.text);
    for call in &globs.calls {
        let files = matched::of_call(project, module, source, call);
        edits.push((call.place.clone(), matched::object(module, call, &files, &mut imports)));
    }
    for varying in &globs.varying {
        let files = matched::of_varying(project, module, source, varying);
        let made = &source.text[varying.specifier.clone()];
        match varying.what {
            _ if files.is_empty() => {}
            What::Import => edits.push((varying.place.clone(), matched::import(module, varying, made, &files))),
            What::Url => {
                let mut urls = Vec::new();
                for file in files {
                    if let Some(Ok(url)) = published(project, &file.path).await {
                        urls.push((file.key, url));
                    }
                }
                edits.push((varying.place.clone(), matched::url(made, &urls)));
            }
        }
    }
    imports.code
}

/// The URL of a file that is no script. `None` where what is wrong with it has been told.
async fn published(project: &Project, path: &str) -> Option<Result<String, WorldError>> {
    match Kind::of(path, "") {
        Some(Kind::Sheet | Kind::NamedSheet) => project.sheet_url(path).await.map(Ok),
        Some(kind) if kind.is_code() => None,
        _ => Some(project.url(path).await),
    }
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

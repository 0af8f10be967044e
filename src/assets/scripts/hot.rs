//! Scripts that can be replaced while a page is open. Where modules of the site say that they accept others (`import.meta.hot`),
//! or are components of React or Preact, a site in development is linked a second time: each module of the author becomes
//! a definition (`transform::script::register`) that `hot/runtime.js` runs. Packages stay as they are, in chunks of their own.
//!
//! What can be replaced is decided by the first link, which is that of production and finds all mistakes; nothing of this
//! is in a bundle for production.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
};

use oxc::span::SourceType;
use oxc_sourcemap::SourceMap;
use rolldown::{BundlerTransformOptions, Either, JsxOptions, ModuleType};
use rolldown_common::{
    CodeSplittingMode, EnhancedTransformOptions, EnhancedTransformResult, ExportsKind, ManualCodeSplittingOptions,
    MatchGroup, MatchGroupName, MatchGroupTest, ModuleInfo, TsconfigOption, enhanced_transform,
};
use serde::{Deserialize, Serialize};

use super::{
    id,
    kind::Kind,
    load::{Loaded, is_binding, literal},
    plugin::Project,
};
use crate::{
    assets::resolve::{Asked, below, folder},
    diag::Source,
    site::ContentHash,
    transform::script::{self, Interface, Registered},
};

/// In front of the names of our own modules, as they are imported.
const SPECIFIER: &str = "sitekit:";

/// In front of the same, in their ids.
const ID: &str = "\0sitekit/hot:";

/// Our own modules and those of others that we bring, by name.
const MODULES: &[(&str, &str)] = &[
    ("hot", include_str!("hot/runtime.js")),
    ("react", include_str!("hot/react.js")),
    ("preact", include_str!("hot/preact.js")),
    ("react-refresh", include_str!("../../../vendor/react-refresh/runtime.development.js")),
    ("prefresh/index", include_str!("../../../vendor/prefresh/index.js")),
    ("prefresh/computeKey", include_str!("../../../vendor/prefresh/computeKey.js")),
    ("prefresh/constants", include_str!("../../../vendor/prefresh/constants.js")),
    ("prefresh/utils", include_str!("../../../vendor/prefresh/utils.js")),
    ("prefresh/runtime/catchError", include_str!("../../../vendor/prefresh/runtime/catchError.js")),
    ("prefresh/runtime/debounceRendering", include_str!("../../../vendor/prefresh/runtime/debounceRendering.js")),
    ("prefresh/runtime/signaturesForType", include_str!("../../../vendor/prefresh/runtime/signaturesForType.js")),
    ("prefresh/runtime/unmount", include_str!("../../../vendor/prefresh/runtime/unmount.js")),
    ("prefresh/runtime/vnode", include_str!("../../../vendor/prefresh/runtime/vnode.js")),
    ("prefresh/runtime/vnodesForComponent", include_str!("../../../vendor/prefresh/runtime/vnodesForComponent.js")),
];

/// What is linked so that it can be replaced.
#[derive(Debug)]
pub(super) struct Hot {
    /// Ids of the modules that become definitions.
    modules: BTreeSet<String>,
    /// Those that pages and workers begin with.
    beginnings: BTreeSet<String>,
    refresh: Option<Refresh>,
    transform: BundlerTransformOptions,
    /// What names stand for, of those that are gone when rolldown sees the module.
    defines: Vec<(String, String)>,
}

/// Who replaces components.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Refresh {
    React,
    Preact,
}

/// What was linked so that it can be replaced: enough to make a definition of a module again, when it alone has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::assets) struct Replaceable {
    /// By id.
    modules: BTreeMap<String, Interface>,
    refresh: Option<Refresh>,
}

/// What a link found of the modules of a site.
pub(super) struct Found<'a> {
    pub(super) modules: &'a BTreeMap<String, Arc<ModuleInfo>>,
    pub(super) beginnings: BTreeSet<String>,
    /// The author's text of a module.
    pub(super) text: &'a dyn Fn(&str) -> Option<Source>,
}

impl Hot {
    /// `None` where no module can be replaced, or none says that it can.
    pub(super) fn of(
        found: &Found<'_>,
        language: impl FnOnce() -> (BundlerTransformOptions, Vec<(String, String)>),
    ) -> Option<Self> {
        let modules = replaceable(found.modules);
        let has_package = |name: &str| found.modules.keys().any(|id| id.contains(&format!("node_modules/{name}/")));
        let is_component = |id: &String| matches!(kind(id), Some(Kind::Module(ModuleType::Jsx | ModuleType::Tsx)));
        let refresh = match modules.iter().any(is_component) {
            true if has_package("react-dom") => Some(Refresh::React),
            true if has_package("preact") => Some(Refresh::Preact),
            _ => None,
        };
        let says = |id: &String| {
            kind(id).is_some_and(|kind| kind.is_code())
                && (found.text)(id).is_some_and(|source| source.text.contains("import.meta.hot"))
        };
        if refresh.is_none() && !modules.iter().any(says) {
            return None;
        }
        Some(Self::new(modules, found.beginnings.clone(), refresh, language()))
    }

    /// To make definitions again of what was linked.
    pub(super) fn again(linked: &Replaceable, language: (BundlerTransformOptions, Vec<(String, String)>)) -> Self {
        Self::new(linked.modules.keys().cloned().collect(), BTreeSet::new(), linked.refresh, language)
    }

    fn new(
        modules: BTreeSet<String>,
        beginnings: BTreeSet<String>,
        refresh: Option<Refresh>,
        (mut transform, defines): (BundlerTransformOptions, Vec<(String, String)>),
    ) -> Self {
        if refresh.is_some() {
            let jsx = transform.jsx.take().and_then(Either::right).unwrap_or_default();
            transform.jsx = Some(Either::Right(JsxOptions { refresh: Some(Either::Left(true)), ..jsx }));
        }
        let defines = defines.into_iter().filter(|(name, _)| name != "import.meta.hot").collect();
        Self { modules, beginnings, refresh, transform, defines }
    }

    pub(super) fn replaces(&self, module: &str) -> bool {
        self.modules.contains(module)
    }

    /// What it made of modules, with what each of them turned out to be to the others.
    pub(super) fn linked(&self, modules: BTreeMap<String, Interface>) -> Replaceable {
        Replaceable { modules, refresh: self.refresh }
    }
}

impl Replaceable {
    /// The module of a file, and what it is to others. `None` where there is no such, or where the file is something else, too.
    pub(super) fn module_of(&self, file: &str) -> Option<(&str, &Interface)> {
        let mut modules = self.modules.iter().filter(|(id, _)| id::path(id) == file);
        let (module, interface) = modules.next()?;
        modules.next().is_none().then_some((module, interface))
    }
}

impl Refresh {
    /// The module of ours that does it.
    const fn module(self) -> &'static str {
        match self {
            Self::React => "react",
            Self::Preact => "preact",
        }
    }
}

fn kind(id: &str) -> Option<Kind> {
    let (path, query) = id::parts(id)?;
    Kind::of(path, query)
}

/// The author's modules that can be definitions: neither `CommonJS`, nor imported by what is none.
fn replaceable(all: &BTreeMap<String, Arc<ModuleInfo>>) -> BTreeSet<String> {
    let is_candidate = |(id, info): &(&String, &Arc<ModuleInfo>)| {
        !id::is_of_package(id)
            && kind(id).is_some_and(|kind| !matches!(kind, Kind::Sheet | Kind::Rules))
            && !matches!(info.input_format, ExportsKind::CommonJs)
    };
    let mut modules: BTreeSet<String> = all.iter().filter(is_candidate).map(|(id, _)| id.clone()).collect();
    loop {
        let others = all.iter().filter(|(id, _)| !modules.contains(*id)).map(|(_, info)| info);
        let imported = others.flat_map(|info| info.imported_ids.iter().chain(&info.dynamically_imported_ids));
        let bound: Vec<String> = imported.map(|id| id.as_str().to_owned()).filter(|id| modules.contains(id)).collect();
        if bound.is_empty() {
            return modules;
        }
        for id in bound {
            modules.remove(&id);
        }
    }
}

/// The chunks of a link that can be replaced: nothing of a package is in one with something of the site, for it would run
/// again with that.
pub(super) fn chunks() -> CodeSplittingMode {
    let test = |id: &str| {
        let is_theirs = id::is_of_package(id) || id.starts_with('\0');
        Box::pin(async move { Ok(Some(is_theirs)) }) as std::pin::Pin<Box<dyn Future<Output = _> + Send>>
    };
    let packages = MatchGroup {
        name: MatchGroupName::Static("packages".to_owned()),
        test: Some(MatchGroupTest::Function(Arc::new(test))),
        entries_aware: Some(true),
        include_dependencies_recursively: Some(false),
        ..MatchGroup::default()
    };
    CodeSplittingMode::Advanced(ManualCodeSplittingOptions {
        groups: Some(vec![packages]),
        ..ManualCodeSplittingOptions::default()
    })
}

/// The id of one of our own modules; `importer` is who asks.
pub(super) fn resolved(specifier: &str, importer: &str) -> Option<String> {
    let name = match (specifier.strip_prefix(SPECIFIER), importer.strip_prefix(ID)) {
        (Some(name), _) => name.to_owned(),
        (None, Some(importer)) if specifier.starts_with('.') => below(folder(importer), specifier)?,
        _ => return None,
    };
    Some(format!("{ID}{}", name.trim_end_matches(".js")))
}

/// Whether a module is one that we bring.
pub(super) fn is_ours(module: &str) -> bool {
    module.starts_with(ID)
}

/// The text of a module that we bring.
pub(super) fn text(module: &str) -> Option<&'static str> {
    let name = module.strip_prefix(ID)?;
    MODULES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// A module as a definition, and what it is to others. `None` where it cannot be made one.
pub(super) fn defined(project: &Project, hot: &Hot, module: &str, loaded: &Loaded) -> Option<(Loaded, Interface)> {
    let definition = Definition::of(project, hot, module, loaded)?;
    let mut text = definition.head();
    let lines = lines_of(&text);
    text.extend([&definition.code, ";\n"]);
    if hot.beginnings.contains(module) {
        let _ = writeln!(text, "sitekit$run({});", literal(module));
    }
    let defined = Loaded {
        map: definition.map.map(|map| script::below(map, lines)),
        changed: loaded.changed.clone(),
        workers: loaded.workers.clone(),
        ..Loaded::kept(Loaded::code(text))
    };
    Some((defined, definition.interface))
}

/// A script that defines a module again in a page that has it, and from it to the author's text. `None` where others have
/// to be looked at: it is something else to them than in `before`.
pub(super) fn redefined(
    project: &Project,
    hot: &Hot,
    module: &str,
    loaded: &Loaded,
    before: &Interface,
) -> Option<(String, Option<SourceMap<'static>>)> {
    let definition = Definition::of(project, hot, module, loaded)?;
    if !loaded.workers.is_empty() || !definition.interface.fits(before) {
        return None;
    }
    let mut text = definition.head_again();
    let lines = lines_of(&text);
    text.extend([&definition.code, ";\n"]);
    Some((text, definition.map.map(|map| script::below(map, lines))))
}

fn lines_of(text: &str) -> u32 {
    u32::try_from(text.matches('\n').count()).unwrap_or(u32::MAX)
}

/// The module in JavaScript, and where it came from.
fn compiled(hot: &Hot, module: &str, loaded: &Loaded) -> Option<(String, Option<SourceMap<'static>>)> {
    let source_type = match &loaded.kind {
        ModuleType::Json => return Some((exports_of(&loaded.code)?, None)),
        ModuleType::Js => SourceType::mjs(),
        ModuleType::Jsx => SourceType::jsx(),
        ModuleType::Ts => SourceType::ts(),
        ModuleType::Tsx => SourceType::tsx(),
        _ => return None,
    };
    let options = EnhancedTransformOptions {
        source_type: Some(source_type),
        tsconfig: Some(TsconfigOption::Disabled),
        sourcemap: true,
        define: Some(hot.defines.clone()),
        ..EnhancedTransformOptions::from(hot.transform.clone())
    };
    let EnhancedTransformResult { code, map, errors, .. } =
        enhanced_transform(&format!("/{}", id::path(module)), &loaded.code, options, false);
    errors.is_empty().then_some((code, map))
}

/// The module of a file of JSON.
fn exports_of(json: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(json).ok()?;
    let mut code = String::new();
    for (name, value) in value.as_object().into_iter().flatten().filter(|(name, _)| is_binding(name)) {
        let _ = writeln!(code, "export const {name} = {value};");
    }
    let _ = writeln!(code, "export default {value};");
    Some(code)
}

/// What a module is as a definition.
struct Definition<'a> {
    hot: &'a Hot,
    module: &'a str,
    /// The call with the function that makes it run.
    code: String,
    /// From `code` to the author's text.
    map: Option<SourceMap<'static>>,
    /// What it names, and what that means: what it imports before it runs, what it asks for later, what it takes replacements of.
    imports: Vec<(String, Meant)>,
    later: Vec<(String, Meant)>,
    accepted: Vec<(String, Meant)>,
    interface: Interface,
    workers: &'a [String],
}

/// What a specifier means to a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Meant {
    /// Another definition.
    Module(String),
    /// A style sheet, which the page has and the module does not see.
    Style,
    /// What is linked as ever.
    Package,
}

impl<'a> Definition<'a> {
    fn of(project: &Project, hot: &'a Hot, module: &'a str, loaded: &'a Loaded) -> Option<Self> {
        let (code, map) = compiled(hot, module, loaded)?;
        let Registered { code, imports, later, accepted, interface, map: origins } =
            script::register(&Source::new(id::path(module), code))?;
        let meant = |specifiers: Vec<String>| -> Vec<(String, Meant)> {
            let meant = |specifier: String| {
                let meant = meant(project, hot, module, &specifier);
                (specifier, meant)
            };
            specifiers.into_iter().map(meant).collect()
        };
        let (imports, later, accepted) = (meant(imports), meant(later), meant(accepted));
        let map = map.map(|map| script::compose(&origins, map));
        Some(Self { hot, module, code, map, imports, later, accepted, interface, workers: &loaded.workers })
    }

    /// All that stands before the call.
    fn head(&self) -> String {
        let id = literal(self.module);
        let mut head = format!("import {{ define as sitekit$define, run as sitekit$run }} from \"{SPECIFIER}hot\";\n");
        // Before what it works on.
        if let Some(refresh) = self.hot.refresh {
            let _ = writeln!(head, "import sitekit$refresh from \"{SPECIFIER}{}\";", refresh.module());
        }
        let (mut packages, mut later) = <(String, String)>::default();
        for (at, (specifier, meant)) in self.imports.iter().enumerate() {
            let name = literal(specifier);
            if matches!(meant, Meant::Package) {
                let _ = writeln!(head, "import * as sitekit${at} from {name};");
                let _ = write!(packages, "{name}: sitekit${at}, ");
            } else {
                let _ = writeln!(head, "import {name};");
            }
        }
        for (specifier, meant) in &self.later {
            let name = literal(specifier);
            let id = if let Meant::Module(id) = meant { literal(id) } else { "null".to_owned() };
            let _ = write!(later, "{name}: [{id}, () => import({name})], ");
        }
        head.push_str(&self.refreshes());
        let _ = writeln!(
            head,
            "const {called} = (imports, register) => sitekit$define({id}, {{ url: import.meta.url, packages: {{ {packages} }}, \
             later: {{ {later} }}, {what} }});",
            called = script::CALLED,
            what = self.what(),
        );
        head
    }

    /// The same in a script of its own. What comes of packages or later is where it was.
    fn head_again(&self) -> String {
        let id = literal(self.module);
        let mut head = "const sitekit$hot = globalThis[Symbol.for(\"sitekit.hot\")];\n".to_owned();
        if self.hot.refresh.is_some() {
            head.push_str("const sitekit$refresh = sitekit$hot.refresher;\n");
        }
        head.push_str(&self.refreshes());
        let _ = writeln!(
            head,
            "const {called} = (imports, register) => sitekit$hot.redefine({id}, {{ {what} }});",
            called = script::CALLED,
            what = self.what(),
        );
        head
    }

    /// What components are told to.
    fn refreshes(&self) -> String {
        if self.hot.refresh.is_none() || !self.code.contains("$Refresh") {
            return String::new();
        }
        format!(
            "const $RefreshReg$ = (type, name) => sitekit$refresh.register(type, {} + \" \" + name);\n\
             const $RefreshSig$ = sitekit$refresh.sign;\n",
            literal(self.module)
        )
    }

    /// The members of a definition that are of the module alone.
    fn what(&self) -> String {
        let (own, accepts) = (modules(&self.imports), modules(&self.accepted));
        let refreshes = self.hot.refresh.is_some() && self.code.contains("$RefreshReg$");
        let refresh = if refreshes { "sitekit$refresh" } else { "undefined" };
        let version = version(&self.code, &own, self.workers);
        format!("version: {version}, imports, own: {{ {own} }}, accepts: {{ {accepts} }}, refresh: {refresh}, register")
    }
}

/// The definitions among what is meant, as members.
fn modules(meant: &[(String, Meant)]) -> String {
    let mut members = String::new();
    for (specifier, meant) in meant {
        if let Meant::Module(id) = meant {
            let _ = write!(members, "{}: {}, ", literal(specifier), literal(id));
        }
    }
    members
}

fn meant(project: &Project, hot: &Hot, module: &str, specifier: &str) -> Meant {
    if specifier.ends_with(id::RULES) {
        return Meant::Style;
    }
    let found = match project.resolve(module, specifier, Asked::Import) {
        Ok(found) => id::of(&found),
        Err(_) => return Meant::Package,
    };
    match kind(&found) {
        Some(Kind::Sheet | Kind::Rules) => Meant::Style,
        _ if hot.modules.contains(&found) => Meant::Module(found),
        _ => Meant::Package,
    }
}

/// Another for another module. The names of workers' chunks are not known yet, and become part of it.
fn version(code: &str, own: &str, workers: &[String]) -> String {
    let mut version = ContentHash::of_parts([code.as_bytes(), own.as_bytes()]).to_string();
    for worker in workers {
        version.extend([" ", &super::output::placeholder([worker.as_str()])]);
    }
    literal(&version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(id: &str, format: ExportsKind, imports: &[&str]) -> (String, Arc<ModuleInfo>) {
        let imported = |ids: &[&str]| ids.iter().map(|id| (*id).into()).collect();
        let info = ModuleInfo {
            code: None,
            id: id.into(),
            is_entry: false,
            importers: imported(&[]),
            dynamic_importers: imported(&[]),
            imported_ids: imported(imports),
            dynamically_imported_ids: imported(&[]),
            exports: Vec::new(),
            input_format: format,
        };
        (id.to_owned(), Arc::new(info))
    }

    #[test]
    fn what_can_be_replaced() {
        let (esm, common) = (ExportsKind::Esm, ExportsKind::CommonJs);
        let all = BTreeMap::from([
            module("/a/main.ts", esm, &["/a/part.ts", "/a/old.cjs", "/a/node_modules/p/index.js", "/a/look.css"]),
            module("/a/part.ts", esm, &["/a/data.json", "/a/look.module.css"]),
            module("/a/data.json", ExportsKind::None, &[]),
            module("/a/look.css", esm, &[]),
            module("/a/look.module.css", esm, &["/a/look.module.css?rules"]),
            module("/a/look.module.css?rules", esm, &[]),
            // What something else is linked to as ever has to be there for that.
            module("/a/old.cjs", common, &["/a/used.ts"]),
            module("/a/used.ts", esm, &["/a/below.ts"]),
            module("/a/below.ts", esm, &[]),
            module("/a/node_modules/p/index.js", esm, &["/a/theirs.ts"]),
            module("/a/theirs.ts", esm, &[]),
            module("\0sitekit", esm, &[]),
        ]);
        let found: Vec<String> = replaceable(&all).into_iter().collect();
        assert_eq!(found, ["/a/data.json", "/a/look.module.css", "/a/main.ts", "/a/part.ts"]);
    }

    #[test]
    fn modules_that_we_bring() {
        for (specifier, importer, expected) in [
            ("sitekit:hot", "/a/main.ts", Some("\0sitekit/hot:hot")),
            ("sitekit:prefresh/index", "\0sitekit/hot:preact", Some("\0sitekit/hot:prefresh/index")),
            ("./runtime/vnode", "\0sitekit/hot:prefresh/index", Some("\0sitekit/hot:prefresh/runtime/vnode")),
            ("../constants", "\0sitekit/hot:prefresh/runtime/vnode", Some("\0sitekit/hot:prefresh/constants")),
            ("preact", "\0sitekit/hot:prefresh/index", None),
            ("./a.ts", "/a/main.ts", None),
        ] {
            let found = resolved(specifier, importer);
            assert_eq!(found.as_deref(), expected, "{specifier} in {importer}");
            assert!(found.is_none_or(|id| text(&id).is_some()), "{specifier}");
        }
    }

    #[test]
    fn exports_of_a_file_of_json() {
        let code = exports_of("{\"size\": 1, \"a-b\": [true], \"class\": null}").unwrap();
        assert_eq!(code, "export const size = 1;\nexport default {\"size\":1,\"a-b\":[true],\"class\":null};\n");
        assert_eq!(exports_of("[1]").unwrap(), "export default [1];\n");
        assert!(exports_of("{").is_none());
    }
}

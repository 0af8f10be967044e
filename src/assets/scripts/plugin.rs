//! The linker's door to the site: answers what a specifier means and what a module's text is, for every module, so that
//! rolldown never asks the file system itself.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
};

use rolldown::plugin::{
    HookLoadArgs, HookLoadOutput, HookLoadReturn, HookNoopReturn, HookResolveIdArgs, HookResolveIdOutput,
    HookResolveIdReturn, HookUsage, Plugin, PluginContext, SharedLoadPluginContext,
};
use rolldown_common::{
    EmittedChunk, ImportKind, ModuleId, ModuleInfo, NormalModule, ResolvedExternal, side_effects::HookSideEffects,
};

use tokio::sync::oneshot;

use super::{
    Foreign,
    hot::{self, Hot, Replaceable},
    id,
    kind::Kind,
    load::{self, Loaded},
    settings,
    sheets::Question,
    unresolved,
};
use crate::{
    assets::{
        Context, Entry, Mapped,
        resolve::{Asked, Found, Resolver, Unresolved},
        styles::Sheet,
    },
    diag::{Diagnostic, Severity, Source},
    load::{World, WorldError},
    transform::script::Interface,
};

/// An entry that can be linked.
#[derive(Clone, Debug)]
pub(super) struct Root {
    /// What the linker is asked for.
    pub(super) asked: String,
    /// The module that is.
    pub(super) id: String,
    /// Which of the entries it is.
    pub(super) entry: usize,
}

/// What the linker's threads share.
pub(super) struct Project {
    pub(super) world: Arc<dyn World + Send + Sync>,
    pub(super) resolver: Arc<Resolver>,
    /// The site's folder.
    pub(super) root: Arc<str>,
    /// Whether it is a folder without content.
    pub(super) is_plain: bool,
    /// The names that `import.meta.env` has.
    pub(super) environment: BTreeSet<String>,
    /// The package JSX is compiled for, where the configuration says it.
    pub(super) jsx: Option<String>,
    /// Whether decorators are compiled, as `experimentalDecorators` of TypeScript are.
    pub(super) has_decorators: bool,
    /// What is linked so that it can be replaced.
    pub(super) hot: Option<Hot>,
    inline: BTreeMap<usize, Source>,
    mapped: Mapped,
    questions: mpsc::Sender<Question>,
    told: Mutex<Told>,
}

/// What was learnt on the way.
#[derive(Default)]
struct Told {
    found: Vec<Diagnostic>,
    /// Modules that could not be loaded; what is missing in them is not told as well.
    broken: BTreeSet<String>,
    /// Names of chunks that are workers, by the modules that start them.
    workers: BTreeMap<String, Vec<String>>,
    /// Ids of the modules that workers begin with.
    started: BTreeSet<String>,
    /// Whether something that was to be replaceable could not be made so.
    failed: bool,
    /// What modules are to others that were made replaceable, by id.
    defined: BTreeMap<String, Interface>,
    /// The author's texts of modules the linker got another text of, by path.
    changed: BTreeMap<String, Arc<str>>,
    modules: BTreeMap<String, Arc<ModuleInfo>>,
    /// How the author's modules name each other: the specifier by importer and imported.
    specifiers: BTreeMap<(String, String), String>,
    foreign: Foreign,
}

impl Project {
    pub(super) fn new(
        context: &Context<'_>,
        entries: &[&Entry],
        questions: mpsc::Sender<Question>,
        hot: Option<Hot>,
    ) -> Self {
        let world = context.world.shared();
        let inline = entries.iter().enumerate().filter_map(|(index, entry)| match entry {
            Entry::Inline(source) => Some((index, source.clone())),
            _ => None,
        });
        let tsconfig = context.resolver.tsconfig(&settings::compiled_as(context)).ok().flatten();
        let decorators = tsconfig.and_then(|config| config.compiler_options.experimental_decorators);
        Self {
            has_decorators: decorators == Some(true),
            resolver: Arc::clone(context.resolver),
            root: Arc::clone(&context.site.root),
            is_plain: context.site.kind == crate::load::Kind::Plain,
            environment: settings::environment(context).into_iter().map(|(name, _)| name).collect(),
            world,
            jsx: context.options.config.jsx.as_ref().map(|jsx| jsx.value.clone()),
            hot,
            inline: inline.collect(),
            mapped: context.options.mapped.clone(),
            questions,
            told: Mutex::default(),
        }
    }

    /// The entries that are there; the others are told.
    pub(super) fn roots(&self, entries: &[&Entry], found: &mut Vec<Diagnostic>) -> Vec<Root> {
        let mut roots = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            match entry {
                Entry::Module(path) => match self.resolver.resolve_path(path) {
                    Ok(module) => roots.push(Root { asked: format!("/{path}"), id: id::of(&module), entry: index }),
                    Err(Unresolved::Refused(_, why)) => {
                        found.push(Diagnostic::error(Arc::clone(path), format!("this script {why}")));
                    }
                    Err(_) => found.push(Diagnostic::error(Arc::clone(path), "this script does not exist")),
                },
                Entry::Inline(source) => {
                    let id = format!("/{}{}{index}", source.path, id::SCRIPT);
                    roots.push(Root { asked: id.clone(), id, entry: index });
                }
                Entry::Classic(_) | Entry::Style(_) | Entry::File(_) | Entry::Within(_) | Entry::Picture(_) => {}
            }
        }
        roots
    }

    /// The id of the module at a path of the project.
    pub(super) fn id_of(&self, path: &str) -> String {
        self.resolver.resolve_path(path).map_or_else(|_| format!("/{path}"), |found| id::of(&found))
    }

    /// The text of a module as its author wrote it.
    pub(super) fn source(&self, module: &str) -> Option<Source> {
        let (path, query) = id::parts(module)?;
        if let Some(Kind::Inline(index)) = Kind::of(path, query) {
            return self.inline.get(&index).cloned();
        }
        let text = String::from_utf8(self.world.read(path).ok()?.into()).ok()?;
        Some(Source::new(path, text))
    }

    /// Whether a text is that of a script in a page.
    pub(super) fn is_in_page(&self, script: &Source) -> bool {
        self.inline.values().any(|source| Arc::ptr_eq(&source.text, &script.text))
    }

    pub(super) fn take_found(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.told().found)
    }

    pub(super) fn take_foreign(&self) -> Foreign {
        std::mem::take(&mut self.told().foreign)
    }

    pub(super) fn is_broken(&self, module: &str) -> bool {
        self.told().broken.contains(module)
    }

    pub(super) fn workers_of(&self, module: &str) -> Vec<String> {
        self.told().workers.get(module).cloned().unwrap_or_default()
    }

    /// What can be replaced of what was linked, where anything is to be.
    pub(super) fn replaceable(
        &self,
        context: &Context<'_>,
        roots: &[Root],
        found: &mut Vec<Diagnostic>,
    ) -> Option<Hot> {
        let told = self.told();
        let modules = hot::Found {
            modules: &told.modules,
            beginnings: roots.iter().map(|root| root.id.clone()).chain(told.started.iter().cloned()).collect(),
            text: &|module| self.source(module),
        };
        Hot::of(&modules, || settings::language(context, &self.resolver, found))
    }

    /// What was linked so that it can be replaced. `None` where something could not be.
    pub(super) fn replaced(&self) -> Option<Replaceable> {
        let told = self.told();
        let hot = self.hot.as_ref().filter(|_| !told.failed)?;
        Some(hot.linked(told.defined.clone()))
    }

    /// Whether nothing was wrong.
    pub(super) fn is_sound(&self) -> bool {
        let told = self.told();
        told.broken.is_empty() && !told.found.iter().any(|one| one.severity == Severity::Error)
    }

    pub(super) fn changed(&self) -> BTreeMap<String, Arc<str>> {
        self.told().changed.clone()
    }

    /// The names that a module exports itself.
    pub(super) fn exports(&self, module: &str) -> Vec<String> {
        let info = self.told().modules.get(module).cloned();
        info.map(|info| info.exports.iter().map(ToString::to_string).collect()).unwrap_or_default()
    }

    /// The modules that are no package's, by their ids.
    pub(super) fn own_modules(&self) -> Vec<String> {
        self.told().modules.keys().filter(|module| is_own(module)).cloned().collect()
    }

    /// The scripts that are no package's, by their paths.
    pub(super) fn own_scripts(&self) -> BTreeSet<Arc<str>> {
        let modules = self.own_modules();
        let parts = modules.iter().filter_map(|module| id::parts(module));
        let scripts = parts.filter(|(path, query)| matches!(Kind::of(path, query), Some(Kind::Module(_))));
        scripts.map(|(path, _)| path.into()).collect()
    }

    /// The modules of the author that a module imports before it runs, in the order it does.
    pub(super) fn imported(&self, module: &str) -> Vec<String> {
        let info = self.told().modules.get(module).cloned();
        let ids = info.iter().flat_map(|info| info.imported_ids.iter()).map(ModuleId::as_str);
        ids.filter(|id| is_own(id)).map(str::to_owned).collect()
    }

    /// How one of the author's modules names another that it imports.
    pub(super) fn specifier(&self, importer: &str, module: &str) -> Option<String> {
        self.told().specifiers.get(&(importer.to_owned(), module.to_owned())).cloned()
    }

    /// Remembers what is wrong with a module; it counts as empty from here on.
    pub(super) fn broke(&self, module: &str, wrong: Diagnostic) {
        let mut told = self.told();
        told.broken.insert(module.to_owned());
        told.found.push(wrong);
    }

    /// The same, of what is told elsewhere.
    pub(super) fn mark_broken(&self, module: &str) {
        self.told().broken.insert(module.to_owned());
    }

    pub(super) fn tell(&self, wrong: Diagnostic) {
        self.told().found.push(wrong);
    }

    pub(super) fn tell_all(&self, wrong: impl IntoIterator<Item = Diagnostic>) {
        self.told().found.extend(wrong);
    }

    pub(super) async fn url(&self, path: &str) -> Result<String, WorldError> {
        let answer = self.ask(|answer| Question::Url(path.to_owned(), answer)).await;
        answer.unwrap_or_else(|| Err(WorldError::Io("the build was given up".to_owned())))
    }

    pub(super) async fn sheet(&self, path: &str) -> Option<Arc<Sheet>> {
        self.ask(|answer| Question::Sheet(path.to_owned(), answer)).await?
    }

    pub(super) async fn sheet_text(&self, path: &str) -> Option<String> {
        self.ask(|answer| Question::SheetText(path.to_owned(), answer)).await?
    }

    pub(super) async fn sheet_url(&self, path: &str) -> Option<String> {
        self.ask(|answer| Question::SheetUrl(path.to_owned(), answer)).await?
    }

    /// `None` when nobody answers any more.
    async fn ask<T>(&self, question: impl FnOnce(oneshot::Sender<T>) -> Question) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.questions.send(question(answer)).ok()?;
        answered.await.ok()
    }

    /// What a specifier means in a module.
    pub(super) fn resolve(&self, importer: &str, specifier: &str, asked: Asked) -> Result<Found, Unresolved> {
        if let Some(mapped) = self.mapped(specifier) {
            return self.resolver.resolve_path(&mapped);
        }
        let (path, query) = id::parts(importer).unwrap_or((importer, ""));
        match (Kind::of(path, query), specifier.strip_prefix('/')) {
            (Some(Kind::Inline(_)), Some(project_path)) => self.resolver.resolve_path(project_path),
            _ => self.resolver.resolve(path, specifier, asked),
        }
    }

    /// Whether an import map leads a specifier to what is no file of the project.
    fn is_mapped_elsewhere(&self, specifier: &str) -> bool {
        self.mapping(specifier).is_some_and(|(_, path)| path.is_none())
    }

    /// The path of the project that an import map leads a specifier to.
    fn mapped(&self, specifier: &str) -> Option<String> {
        let (name, path) = self.mapping(specifier)?;
        Some(path.clone()? + &specifier[name.len()..])
    }

    /// What import maps say of a specifier: the longest of its names decides.
    fn mapping(&self, specifier: &str) -> Option<(&String, &Option<String>)> {
        let is_of = |name: &str| name == specifier || (name.ends_with('/') && specifier.starts_with(name));
        self.mapped.iter().rev().find(|(name, _)| is_of(name))
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Project {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Project").field("resolver", &self.resolver).finish_non_exhaustive()
    }
}

/// The plugin that answers.
#[derive(Debug)]
pub(super) struct Modules(pub(super) Arc<Project>);

impl Plugin for Modules {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("sitekit")
    }

    fn register_hook_usage(&self) -> HookUsage {
        HookUsage::ResolveId | HookUsage::Load | HookUsage::ModuleParsed
    }

    async fn resolve_id(&self, _: &PluginContext, args: &HookResolveIdArgs<'_>) -> HookResolveIdReturn {
        Ok(self.resolved(args))
    }

    async fn load(&self, linker: SharedLoadPluginContext, args: &HookLoadArgs<'_>) -> HookLoadReturn {
        let Some(loaded) = load::load(&self.0, args.id).await else { return Ok(None) };
        let Loaded { code, kind, side_effects, changed, workers, map } = self.replaceable(args.id, loaded);
        if let Some(text) = changed {
            self.0.told().changed.insert(id::path(args.id).to_owned(), text);
        }
        if !workers.is_empty() {
            let names = workers.iter().map(|worker| super::output::placeholder([worker.as_str()])).collect();
            let mut told = self.0.told();
            told.workers.insert(args.id.to_owned(), names);
            told.started.extend(workers.iter().cloned());
        }
        for worker in workers {
            linker.emit_chunk(EmittedChunk { id: worker, ..EmittedChunk::default() })?;
        }
        Ok(Some(HookLoadOutput { code: code.into(), module_type: Some(kind), side_effects, map }))
    }

    async fn module_parsed(&self, _: &PluginContext, info: Arc<ModuleInfo>, _: &NormalModule) -> HookNoopReturn {
        self.0.told().modules.insert(info.id.as_str().to_owned(), info);
        Ok(())
    }
}

impl Modules {
    /// A module as it can be replaced, where it is to be.
    fn replaceable(&self, module: &str, loaded: Loaded) -> Loaded {
        let Some(hot) = self.0.hot.as_ref().filter(|hot| hot.replaces(module)) else { return loaded };
        let Some((defined, interface)) = hot::defined(&self.0, hot, module, &loaded) else {
            self.0.told().failed = true;
            return loaded;
        };
        self.0.told().defined.insert(module.to_owned(), interface);
        defined
    }

    /// `None` for what rolldown and its own plugins answer.
    fn resolved(&self, args: &HookResolveIdArgs<'_>) -> Option<HookResolveIdOutput> {
        let specifier = args.specifier;
        let Some(importer) = args.importer.filter(|_| !args.is_entry) else {
            return Some(HookResolveIdOutput::from_id(self.root(specifier)));
        };
        if let Some(id) = hot::resolved(specifier, importer) {
            return Some(HookResolveIdOutput::from_id(id));
        }
        // What we bring asks for packages of the site.
        let site = hot::is_ours(importer).then(|| format!("/{}/index.js", self.0.root));
        let importer = site.as_deref().unwrap_or(importer);
        if specifier.starts_with('\0') || importer.starts_with('\0') || specifier.starts_with("data:") {
            return None;
        }
        if specifier == "sitekit" {
            let side_effects = Some(HookSideEffects::False);
            return Some(HookResolveIdOutput { side_effects, ..HookResolveIdOutput::from_id(id::SITEKIT) });
        }
        if specifier.ends_with(id::RULES) && id::path(importer) == id::path(specifier) {
            return Some(HookResolveIdOutput::from_id(specifier));
        }
        let is_elsewhere = ["http:", "https:", "//"].iter().any(|scheme| specifier.starts_with(scheme));
        if is_elsewhere {
            let url = specifier.to_owned();
            self.0.told().foreign.entry(id::path(importer).to_owned()).or_default().insert(url);
        }
        if is_elsewhere || self.0.is_mapped_elsewhere(specifier) {
            return Some(external(specifier));
        }
        let asked = if args.kind == ImportKind::Require { Asked::Require } else { Asked::Import };
        let found = self.0.resolve(importer, specifier, asked);
        Some(match found {
            Ok(found) => {
                let id = id::of(&found);
                if Kind::of(&found.path, found.query.as_deref().unwrap_or_default()).is_none() {
                    self.0.tell(unresolved::unknown_kind(&self.0, importer, specifier, &found.path));
                    return Some(external(specifier));
                }
                if !id::is_of_package(importer) {
                    let names = (importer.to_owned(), id.clone());
                    self.0.told().specifiers.insert(names, specifier.to_owned());
                }
                let side_effects = found.is_pure.then_some(HookSideEffects::False);
                HookResolveIdOutput { side_effects, ..HookResolveIdOutput::from_id(id) }
            }
            Err(Unresolved::LeftOut) => HookResolveIdOutput::from_id(format!("{}{specifier}", id::LEFT_OUT)),
            // Packages try what they can do without.
            Err(_) if id::is_of_package(importer) && args.kind != ImportKind::Import => {
                HookResolveIdOutput::from_id(format!("{}{specifier}", id::ABSENT))
            }
            Err(why) => {
                self.0.tell(unresolved::tell(&self.0, importer, specifier, &why));
                external(specifier)
            }
        })
    }

    /// The id of an entry or a worker.
    fn root(&self, asked: &str) -> String {
        match id::parts(asked) {
            Some((path, "")) => self.0.id_of(path),
            _ => asked.to_owned(),
        }
    }
}

fn is_own(module: &str) -> bool {
    module.starts_with('/') && !id::is_of_package(module)
}

fn external(specifier: &str) -> HookResolveIdOutput {
    HookResolveIdOutput { external: Some(ResolvedExternal::Bool(true)), ..HookResolveIdOutput::from_id(specifier) }
}

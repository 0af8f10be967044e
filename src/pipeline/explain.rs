//! What a build was made of: what its templates and components cost, what nothing uses, and for one URL the files it comes
//! from. All of it is found out by rendering again, beside the build, which is as fast as if nobody had asked.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use rayon::prelude::*;

use super::{
    Build, Profile, Progress, Stage,
    broken_links::template_of,
    drafts::{Draft, Drafter},
    highlighting::Highlighting,
    noted::Noted,
    outputs::{Keep, prepare},
    references::Places,
    rendered::Rendering,
    shelves::Shelves,
    sources::Sources,
};
use crate::{
    assets::Entry as Asset,
    load::{self, Entry, EntryKind, ListId, Site, World},
    plan::{self, Origin, Plan, Target},
    site::{Manifest, SiteName, SitePath},
    transform::render::{Clock, Contents, Cost, Part, Renderer, names, reads},
};

/// What was found out about a whole site.
#[derive(Clone, Debug, Default)]
pub struct Explained {
    /// The expensive ones first, by their own time. Those that were not called are left out.
    pub parts: Vec<(Part, Cost)>,
    /// Files that nothing seems to use, sorted.
    pub unused: Vec<String>,
}

/// What one answer was made of.
#[derive(Clone, Debug, Default)]
pub struct MadeOf {
    pub files: Vec<Made>,
    /// The templates and components that it was rendered with, the expensive ones first.
    pub parts: Vec<(Part, Cost)>,
}

/// A file, and what it was for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    pub role: Role,
    /// Relative to the project; where an answer is made of another path of the site, that.
    pub file: String,
    /// Further words: which component, or how many pages.
    pub note: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Content,
    Template,
    Extended,
    Included,
    Component,
    /// A page or section that a template asked for, or a section whose pages it was given.
    Read,
    /// A file that a template read.
    Data,
    Asset,
    /// A file that stands in one that the page loads.
    Module,
    File,
    Redirect,
    Configuration,
}

/// Renders the site in the folder `root` once more, with marks. `None` where it cannot be rendered.
pub fn explain(
    world: &dyn World,
    name: &SiteName,
    root: &str,
    clock: &Clock,
    progress: &dyn Progress,
) -> Option<Explained> {
    let site = Arc::new(load::load(world, name, root).0?);
    let (plan, _) = plan::plan(&site);
    let (renderer, contents) = prepared(world, &site, clock)?;
    let (sources, places) = (Sources::new(&site, &plan), Places::new(&site, &plan, false));
    let base = &super::mounted(&site);
    let renderer = Some(renderer);
    let drafter = Drafter {
        world,
        site: &site,
        base,
        sources: &sources,
        contents: &contents,
        places: &places,
        renderer,
        rendering: &Rendering::default(),
        shelf: None,
    };
    progress.begin(Stage::Render, plan.routes.len());
    let drafts: Vec<Draft> = plan
        .routes
        .par_iter()
        .filter_map(|(path, origin)| {
            let draft = drafter.draft(path, origin, &mut Vec::new());
            progress.step();
            draft
        })
        .collect();
    let costs = drafter.renderer.as_ref().map_or_else(BTreeMap::new, Renderer::costs);
    let unused = unused(world, &site, &costs, &drafts);
    Some(Explained { parts: by_cost(costs), unused })
}

/// The files that the answer at `path` comes from. `manifest` is what the build made of the site. `None` where there is no such
/// answer.
pub fn made_of(
    world: &dyn World,
    name: &SiteName,
    root: &str,
    path: &SitePath,
    manifest: &Manifest,
    clock: &Clock,
) -> Option<MadeOf> {
    let read: Arc<Mutex<BTreeSet<String>>> = Arc::default();
    let noted = Arc::clone(&read);
    let note = move |path: &str, _: &Bytes| {
        lock(&noted).insert(path.to_owned());
    };
    let world = Noted { world, note };
    let site = Arc::new(load::load(&world, name, root).0?);
    let (plan, _) = plan::plan(&site);
    let (renderer, contents) = prepared(&world, &site, clock)?;
    let (path, origin) = found(&plan, path)?;
    let (sources, places) = (Sources::new(&site, &plan), Places::new(&site, &plan, false));
    let (base, world_of) = (&super::mounted(&site), &world);
    let renderer = Some(renderer);
    let drafter = Drafter {
        world: world_of,
        site: &site,
        base,
        sources: &sources,
        contents: &contents,
        places: &places,
        renderer,
        rendering: &Rendering::default(),
        shelf: None,
    };
    lock(&read).clear();
    let (draft, asked) = reads::noting(|| drafter.draft(path, origin, &mut Vec::new()));
    let costs = drafter.renderer.as_ref().map_or_else(BTreeMap::new, Renderer::costs);
    let mut making = Making { site: &site, renderer: drafter.renderer.as_ref()?, files: Vec::new() };
    making.origin(origin);
    let template = template_of(&site, origin).map(str::to_owned);
    if let Some(template) = &template {
        making.templates(template, &costs);
    }
    making.reads(origin, &asked, template.as_deref());
    let data = lock(&read).clone();
    for file in data {
        making.add(Role::Data, file, "");
    }
    if let Some(draft) = &draft {
        making.assets(draft, manifest);
    }
    if let Some(file) = configuration(&world, root).filter(|_| template.is_some()) {
        making.add(Role::Configuration, file, "");
    }
    Some(MadeOf { files: making.files, parts: by_cost(costs) })
}

/// All templates, with marks. What is wrong with the site has been told when it was built.
fn prepared<'a>(world: &dyn World, site: &'a Arc<Site>, clock: &Clock) -> Option<(Renderer<'a>, Arc<Contents>)> {
    let mut told = Vec::new();
    let highlighting = Highlighting::of(world, site, &mut told);
    let build = Build { world, profile: Profile::Dev, cache: None, shelves: Shelves::default(), progress: &Silent };
    let prepared = prepare(&build, site, highlighting.as_ref(), Keep::Nothing, &mut told);
    Some((prepared.renderer?.measured(Arc::clone(clock))?, prepared.contents))
}

/// The route of a path, which may lack its last slash.
fn found<'p>(plan: &'p Plan, path: &SitePath) -> Option<(&'p SitePath, &'p Origin)> {
    let with_slash = SitePath::parse(&format!("{path}/")).ok();
    [Some(path.clone()), with_slash].into_iter().flatten().find_map(|path| plan.routes.get_key_value(&path))
}

fn by_cost(costs: BTreeMap<Part, Cost>) -> Vec<(Part, Cost)> {
    let mut parts: Vec<_> = costs.into_iter().filter(|(_, cost)| cost.calls > 0 || !cost.total.is_zero()).collect();
    parts.sort_by_key(|(_, cost)| std::cmp::Reverse(cost.own));
    parts
}

/// The file that configures the site.
fn configuration(world: &dyn World, root: &str) -> Option<String> {
    let names = ["config.toml", "zola.toml"];
    names.iter().map(|name| format!("{root}/{name}")).find(|path| matches!(world.kind(path), Ok(EntryKind::File(_))))
}

struct Making<'a> {
    site: &'a Site,
    renderer: &'a Renderer<'a>,
    files: Vec<Made>,
}

impl Making<'_> {
    fn add(&mut self, role: Role, file: impl Into<String>, note: impl Into<String>) {
        let made = Made { role, file: file.into(), note: note.into() };
        if !made.file.is_empty()
            && !self.files.iter().any(|one| one.role == made.role && one.file == made.file && one.note == made.note)
        {
            self.files.push(made);
        }
    }

    fn origin(&mut self, origin: &Origin) {
        match origin {
            Origin::Page(id) => self.add(Role::Content, &*self.site.page(*id).source.path, ""),
            Origin::Section(id) | Origin::Pager(ListId::Section(id), _) => {
                self.add(Role::Content, &*self.site.section(*id).source.path, "");
            }
            Origin::File(file) | Origin::Script(file) | Origin::Sass(file) => self.add(Role::File, &*file.path, ""),
            Origin::Redirect(Target::Path(to, _)) => self.add(Role::Redirect, to.as_str(), ""),
            Origin::Redirect(Target::Url(to)) => self.add(Role::Redirect, to.as_str(), ""),
            _ => {}
        }
    }

    /// The template and those it extends, from the page outwards; then what was rendered besides.
    fn templates(&mut self, template: &str, costs: &BTreeMap<Part, Cost>) {
        let mut chain: Vec<String> = Vec::new();
        let mut next = Some(template.to_owned());
        while let Some(found) = next.take().and_then(|name| self.renderer.named(&name)) {
            if chain.contains(&found.name) {
                break;
            }
            self.add(if chain.is_empty() { Role::Template } else { Role::Extended }, &*found.source.path, "");
            chain.push(found.name.clone());
            next = names(&found.source.text).extends;
        }
        for (part, cost) in costs {
            if cost.calls == 0 && cost.total.is_zero() {
                continue;
            }
            match part {
                Part::Template(name) if !chain.contains(name) => {
                    let file = self.renderer.named(name).map_or(name.clone(), |one| one.source.path.to_string());
                    self.add(Role::Included, file, "");
                }
                Part::Template(_) => {}
                Part::Component(name) => {
                    let defines = |one: &&load::Template| names(&one.source.text).defines.contains(name);
                    let file = self.site.templates.iter().find(defines).map(|one| one.source.path.to_string());
                    self.add(Role::Component, file.unwrap_or_default(), name);
                }
            }
        }
    }

    /// What templates asked for, and whose pages a section has shown.
    fn reads(&mut self, origin: &Origin, asked: &BTreeSet<String>, template: Option<&str>) {
        for file in asked {
            let page = self.site.pages.iter().find(|page| page.relative == *file).map(|page| &page.source);
            let section = || self.site.sections.iter().find(|section| section.relative == *file);
            if let Some(source) = page.or_else(|| section().map(|section| &section.source)) {
                self.add(Role::Read, &*source.path, "");
            }
        }
        let (Origin::Section(id) | Origin::Pager(ListId::Section(id), _)) = origin else { return };
        let shows_pages =
            template.is_some_and(|name| ["section.pages", "paginator"].iter().any(|words| self.mentions(name, words)));
        let section = self.site.section(*id);
        if shows_pages && !section.pages.is_empty() {
            let note = format!("its {} pages", section.pages.len());
            self.add(Role::Read, &*section.source.path, note);
        }
    }

    /// Whether a template or one that it extends or includes has these words.
    fn mentions(&self, template: &str, words: &str) -> bool {
        let mut waiting = vec![template.to_owned()];
        let mut seen = BTreeSet::new();
        while let Some(found) = waiting.pop().and_then(|name| self.renderer.named(&name)) {
            if !seen.insert(&found.name) {
                continue;
            }
            if found.source.text.contains(words) {
                return true;
            }
            let names = names(&found.source.text);
            waiting.extend(names.extends.into_iter().chain(names.includes));
        }
        false
    }

    /// What the page loads, and what that was made of.
    fn assets(&mut self, draft: &Draft, manifest: &Manifest) {
        for entry in draft.entries() {
            // What stands in the page is in the template or the file that has been named.
            if matches!(entry, Asset::Inline(_)) {
                continue;
            }
            let file = entry.source().to_owned();
            self.add(Role::Asset, &*file, "");
            let built = manifest.entries.get(&file);
            let files = built
                .into_iter()
                .flat_map(|built| [&built.file].into_iter().chain(&built.imports).chain(&built.styles));
            let modules: BTreeSet<&str> = files
                .filter_map(|name| manifest.files.get(name))
                .flat_map(|built| built.modules.iter().map(|module| module.source.as_str()))
                .filter(|source| *source != file)
                .collect();
            for module in modules {
                self.add(Role::Module, module, &*file);
            }
        }
    }
}

/// What a file is named by in a text.
fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Files that browsers and hosts ask for by themselves.
const ASKED_FOR: [&str; 8] = [
    "favicon.ico",
    "apple-touch-icon.png",
    "apple-touch-icon-precomposed.png",
    "robots.txt",
    "humans.txt",
    "CNAME",
    "_headers",
    "_redirects",
];

/// Ends of files that are there to be named by others.
const NAMED: [&str; 20] = [
    "css", "scss", "sass", "png", "jpg", "jpeg", "gif", "webp", "avif", "svg", "ico", "woff", "woff2", "ttf", "otf",
    "toml", "json", "yaml", "yml", "csv",
];

/// Templates that nothing rendered or names, and files of the kinds that are named whose names stand nowhere. It is a hint: a name
/// that is put together from parts is not seen.
fn unused(world: &dyn World, site: &Site, costs: &BTreeMap<Part, Cost>, drafts: &[Draft]) -> Vec<String> {
    let mut unused = unused_templates(site, costs);
    let mut words = Words::default();
    for template in &site.templates {
        words.add(&template.source.text);
    }
    for source in site.pages.iter().map(|page| &page.source).chain(site.sections.iter().map(|one| &one.source)) {
        words.add(&source.text);
    }
    for draft in drafts {
        if let Draft::Page(page) = draft {
            // What cannot be read again is told where it is published.
            if let Ok(source) = page.text.read() {
                words.add(&source.text);
            }
        }
    }
    let beside = site.pages.iter().flat_map(|page| &page.assets);
    let beside = beside.chain(site.sections.iter().flat_map(|section| &section.assets));
    let published = site.files.iter().chain(&site.sass).chain(beside).map(|one| &*one.file.path);
    let mut files: BTreeSet<String> =
        published.chain(site.assets.iter().map(|one| &*one.path)).map(str::to_owned).collect();
    files.extend(below(world, &format!("{}/sass", site.root)));
    files.extend(below(world, &format!("{}/data", site.root)));
    for path in files.iter().chain(&configuration(world, &site.root)) {
        let end = path.rsplit_once('.').map_or("", |(_, end)| end);
        let speaks = matches!(
            end,
            "css" | "scss" | "sass" | "js" | "mjs" | "ts" | "mts" | "tsx" | "jsx" | "html" | "svg" | "json"
        ) || matches!(end, "toml" | "webmanifest" | "xml" | "txt" | "yaml" | "yml");
        if speaks && let Ok(bytes) = world.read(path) {
            words.add(&String::from_utf8_lossy(&bytes));
        }
    }
    let sheets: BTreeSet<&str> = site.sass.iter().map(|sheet| &*sheet.file.path).collect();
    let is_unused = |path: &&String| {
        let name = file_name(path);
        let (stem, end) = name.rsplit_once('.').unwrap_or((name, ""));
        // A sheet of `sass/` is published under another name, a partial is imported without its `_` and its end, a table of
        // `data/` is known by its stem.
        let sheet = sheets.contains(path.as_str()).then(|| format!("{stem}.css"));
        let by_stem = matches!(end, "scss" | "sass" | "toml" | "json" | "yaml" | "yml" | "csv");
        let is_used = ASKED_FOR.contains(&name)
            || words.has(name)
            || sheet.is_some_and(|sheet| words.has(&sheet))
            || (by_stem && words.has(stem.trim_start_matches('_')));
        !is_used && NAMED.contains(&end.to_ascii_lowercase().as_str())
    };
    unused.extend(files.iter().filter(is_unused).cloned());
    unused.sort();
    unused
}

/// The site's own templates that were not rendered, and that none which was names.
fn unused_templates(site: &Site, costs: &BTreeMap<Part, Cost>) -> Vec<String> {
    let was_used = |part: &Part| costs.get(part).is_some_and(|cost| cost.calls > 0 || !cost.total.is_zero());
    let all: BTreeMap<&str, _> =
        site.templates.iter().map(|one| (one.name.as_str(), names(&one.source.text))).collect();
    let calls_from_content: BTreeSet<String> =
        site.pages.iter().flat_map(|page| names(&page.source.text[page.body.clone()]).calls).collect();
    let mut used: BTreeSet<&str> = all
        .iter()
        .filter(|(name, names)| {
            was_used(&Part::Template((**name).to_owned()))
                || names
                    .defines
                    .iter()
                    .any(|one| was_used(&Part::Component(one.clone())) || calls_from_content.contains(one))
        })
        .map(|(name, _)| *name)
        .collect();
    let mut waiting: Vec<&str> = used.iter().copied().collect();
    let prefix = site.theme_prefix().unwrap_or_default();
    while let Some(names) = waiting.pop().and_then(|name| all.get(name)) {
        let named = names.extends.iter().chain(&names.includes);
        let named = named.filter_map(|name| {
            let of_theme = format!("{prefix}{name}");
            all.get_key_value(name.as_str()).or_else(|| all.get_key_value(of_theme.as_str()))
        });
        let called = all.iter().filter(|(_, one)| one.defines.iter().any(|component| names.calls.contains(component)));
        for (name, _) in named.chain(called) {
            if used.insert(name) {
                waiting.push(name);
            }
        }
    }
    let own = format!("{}/templates/", site.root);
    let is_unused = |one: &&load::Template| !used.contains(one.name.as_str()) && one.source.path.starts_with(&own);
    site.templates.iter().filter(is_unused).map(|one| one.source.path.to_string()).collect()
}

/// All files below a folder, hidden ones left out.
fn below(world: &dyn World, folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    for Entry { name, kind } in world.list(folder).unwrap_or_default() {
        let path = format!("{folder}/{name}");
        match kind {
            EntryKind::File(_) if !name.starts_with('.') => files.push(path),
            EntryKind::Folder if !name.starts_with('.') => files.extend(below(world, &path)),
            _ => {}
        }
    }
    files
}

/// All words of some texts that could name a file, with and without what follows a dot.
#[derive(Default)]
struct Words(HashSet<String>);

impl Words {
    fn add(&mut self, text: &str) {
        let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '%' | '+' | '~');
        for word in text.split(|c: char| !is_inside(c)).filter(|word| !word.is_empty()) {
            if !self.0.contains(word) {
                let decoded = percent_encoding::percent_decode_str(word).decode_utf8_lossy();
                self.0.insert(decoded.trim_end_matches('.').to_owned());
                self.0.extend(word.split('.').map(str::to_owned));
                self.0.insert(word.to_owned());
            }
        }
    }

    /// Whether a name of spaces and the like stands there cannot be known: then it does.
    fn has(&self, name: &str) -> bool {
        let is_plain =
            name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '%' | '+' | '~'));
        !is_plain || self.0.contains(name)
    }
}

fn lock(read: &Mutex<BTreeSet<String>>) -> MutexGuard<'_, BTreeSet<String>> {
    read.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Stage, _: usize) {}
    fn step(&self) {}
}

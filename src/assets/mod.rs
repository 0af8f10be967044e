//! The asset pipeline: from what the pages of a site ask for to the files browsers get. Scripts are linked into chunks,
//! style sheets compiled, every file named by a fingerprint of its last bytes. Nothing here knows a page or decides a header
//! field, and nothing is opened but through [`World`].
//!
//! The order is that of who names whom: other files first, then style sheets, which name files, then scripts, which name
//! both, and pages last, elsewhere.

mod again;
mod browsers;
mod chunks;
mod classic;
mod files;
mod integrity;
mod kept;
mod names;
mod pictures;
mod resolve;
mod scripts;
mod style_file;
mod styles;
mod trace;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use self::{
    again::Recipes,
    browsers::Browsers,
    chunks::Finished,
    classic::Classic,
    files::{Files, Published},
    resolve::Resolver,
    scripts::Foreign,
    style_file::StyleFile,
    styles::Sheet,
    trace::Recorder,
};
pub use self::{
    again::{Again, again},
    scripts::types,
};
use crate::{
    compress::Cache,
    diag::{Diagnostic, Source},
    load::{self, AssetsConfig, Site, SourceMaps, World},
    site::{BasePath, BuiltEntry, BuiltFile, BuiltKind, ContentHash, Manifest, MediaType, SitePath},
    transform::{images::Picture, unused::Used},
};

/// What a page, a template or a script asks for. Paths are relative to the project (`sites/app/main.ts`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// A module script.
    Module(Arc<str>),
    /// The text of a module that stands inside a page; its relative specifiers are paths of the project with a slash in
    /// front (`/sites/app/main.ts`). The path of the source is where packages are looked for and what diagnostics name.
    Inline(Source),
    /// A classic script: compiled, and linked to nothing.
    Classic(Arc<str>),
    /// A style sheet: `.css`, `.scss`, `.sass`.
    Style(Arc<str>),
    /// Any other file.
    File(Arc<str>),
    /// The text of what is built of another, to stand in a page: it is no file of the site.
    Within(Box<Entry>),
    /// What is made of a picture.
    Picture(Arc<Picture>),
}

impl Entry {
    /// The path of its source.
    #[must_use]
    pub fn source(&self) -> &str {
        match self {
            Self::Module(path) | Self::Classic(path) | Self::Style(path) | Self::File(path) => path,
            Self::Inline(source) => &source.path,
            Self::Within(entry) => entry.source(),
            Self::Picture(picture) => &picture.source,
        }
    }
}

/// How a site's assets are built.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    pub config: &'a AssetsConfig,
    /// Where the site is mounted; URLs in scripts and style sheets name it.
    pub base: &'a BasePath,
    /// Whether `import.meta.env.DEV` holds.
    pub is_dev: bool,
    pub mapped: &'a Mapped,
    pub together: &'a Together,
}

/// Style sheets, by their paths, and the script that is on every page that has the sheet and on no other: what the script
/// imports of style sheets is put behind the sheet.
pub type Together = BTreeMap<Arc<str>, Entry>;

/// What the import maps of pages say names mean (HTML §8.1.6.2): a path of the project, or `None` for what browsers fetch
/// elsewhere. A name that ends in `/` is of all that begin with it, and so is its path.
pub type Mapped = BTreeMap<String, Option<String>>;

/// What was built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Built {
    /// What stands for each entry; none for one that could not be built.
    pub assets: BTreeMap<Entry, Asset>,
    /// By path, which holds a fingerprint of the body: `/assets/main.4f2a9c81d0.js`.
    pub files: BTreeMap<SitePath, BuiltAsset>,
    /// The texts of [`Entry::Within`].
    pub texts: BTreeMap<Entry, Bytes>,
    /// What the scripts of other hosts are that a script of the site imports, by its path: URLs.
    pub foreign: BTreeMap<SitePath, BTreeSet<String>>,
    /// Maps that are not published, by the file name they should have: `main.4f2a9c81d0.js.map`.
    pub hidden_maps: BTreeMap<String, Bytes>,
    /// Sources that are inside of a built script or style sheet.
    pub taken_in: BTreeSet<Arc<str>>,
    pub manifest: Manifest,
    again: Recipes,
}

/// A file and what comes with it. All paths are keys of [`Built::files`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    pub file: SitePath,
    /// The scripts a script imports before it runs, theirs among them.
    pub imports: Vec<SitePath>,
    /// The style sheets that a script brings, in their order.
    pub styles: Vec<SitePath>,
    /// The scripts and style sheets it may ask for later, theirs among them.
    pub later: Vec<SitePath>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltAsset {
    pub body: Bytes,
    pub media: MediaType,
    /// Subresource Integrity metadata of the body: `sha384-…` (W3C SRI §3.1).
    pub integrity: String,
}

/// What every part of the pipeline needs.
#[derive(Clone, Copy)]
struct Context<'a> {
    world: &'a dyn World,
    site: &'a Site,
    options: &'a Options<'a>,
    browsers: &'a Browsers,
    files: &'a Files<'a>,
    resolver: &'a Arc<Resolver>,
    /// What pages and scripts use, where style rules for anything else are left out. Not known before scripts are linked.
    used: Option<&'a Used>,
    /// Whether style sheets are published beside the files they name, and name them so.
    is_beside: bool,
}

/// A script for pages that name what they may need next, and its path: it reads their `<link rel="may-need">` and fetches
/// when the browser is idle and the connection allows it.
///
/// `href` of such an element is a page, and `data-scripts` and `data-styles` are lists of URLs between spaces.
#[must_use]
pub fn may_need_client() -> (SitePath, BuiltAsset) {
    chunks::may_need_client()
}

/// A file that no source stands for, called `name`, and its path.
#[must_use]
pub fn named(name: &str, body: Bytes) -> (SitePath, BuiltAsset) {
    let (stem, extension) = names::stem_and_extension(name);
    let path = names::fingerprinted(stem, extension, &ContentHash::of(&body));
    let integrity = integrity::integrity(&body);
    (path, BuiltAsset { media: MediaType::of_extension(Some(extension)), body, integrity })
}

/// The text of a file. `None` when there is none, which `found` says.
fn read(world: &dyn World, path: &str, found: &mut Vec<Diagnostic>) -> Option<Source> {
    match world.read(path) {
        Ok(bytes) => load::utf8(path, bytes.into(), found),
        Err(error) => {
            found.push(Diagnostic::error(path, format!("this file {error}")));
            None
        }
    }
}

impl Context<'_> {
    /// Whether source maps are files of the site.
    fn maps_are_public(&self) -> bool {
        match self.options.config.source_maps {
            SourceMaps::Public => true,
            SourceMaps::Hidden => self.options.is_dev,
            SourceMaps::None => false,
        }
    }
}

/// Builds what `wanted` asks for. What is wrong is told, all of it, and what it concerns is left out. `used` is what the
/// pages use, where style rules for anything else are to be left out. Nothing is built that was built before and is in
/// `cache`.
pub fn build(
    world: &dyn World,
    site: &Site,
    wanted: &BTreeSet<Entry>,
    used: Option<Used>,
    options: &Options<'_>,
    cache: Option<&Cache>,
) -> (Built, Vec<Diagnostic>) {
    let (made, wanted): (BTreeSet<&Entry>, _) = wanted.iter().partition(|entry| matches!(entry, Entry::Picture(_)));
    let wanted = wanted.into_iter().cloned().collect::<BTreeSet<Entry>>();
    let (mut built, mut found) = build_texts(world, site, &wanted, used, options, cache);
    pictures::add(world, &made, cache, &mut built, &mut found);
    (built, found)
}

/// All but pictures, which are kept one by one.
fn build_texts(
    world: &dyn World,
    site: &Site,
    wanted: &BTreeSet<Entry>,
    used: Option<Used>,
    options: &Options<'_>,
    cache: Option<&Cache>,
) -> (Built, Vec<Diagnostic>) {
    let Some(cache) = cache.filter(|_| !wanted.is_empty()) else {
        return make(world, site, wanted, used, options, None);
    };
    let key = kept::key(cache, site, wanted, used.as_ref(), options);
    if let Some(kept) = kept::get(cache, key, world, wanted) {
        return kept;
    }
    let recorder = Recorder::new(world);
    let (built, found) = make(&recorder, site, wanted, used, options, Some(cache));
    if let Some(trace) = recorder.trace() {
        kept::keep(cache, key, trace, wanted, (&built, &found));
    }
    (built, found)
}

fn make(
    world: &dyn World,
    site: &Site,
    wanted: &BTreeSet<Entry>,
    mut used: Option<Used>,
    options: &Options<'_>,
    cache: Option<&Cache>,
) -> (Built, Vec<Diagnostic>) {
    let (mut built, mut found) = (Built::default(), Vec::new());
    let browsers = browsers::of(world, site, options, &mut found);
    let resolver = Arc::new(Resolver::new(site, world.shared(), options.is_dev));
    let files = Files::new(world, &resolver, options.base);
    let context = Context {
        world,
        site,
        options,
        browsers: &browsers,
        files: &files,
        resolver: &resolver,
        used: None,
        is_beside: false,
    };
    for entry in wanted {
        match entry {
            Entry::File(path) => {
                if let Err(error) = files.publish(path) {
                    found.push(Diagnostic::error(Arc::clone(path), format!("this file {error}")));
                }
            }
            Entry::Classic(path) => {
                if let Some(script) = classic::compile(&context, path, &mut found) {
                    built.add_classic(entry, path, script);
                }
            }
            Entry::Within(inner) => built.add_text(&context, entry, inner, &mut found),
            Entry::Style(_) | Entry::Module(_) | Entry::Inline(_) | Entry::Picture(_) => {}
        }
    }
    let scripts: Vec<&Entry> =
        wanted.iter().filter(|entry| matches!(entry, Entry::Module(_) | Entry::Inline(_))).collect();
    let scripts::Linked { mut chunks, foreign, sources, replaceable, found: wrong } =
        scripts::link(&context, &scripts, cache);
    built.taken_in.extend(sources);
    built.again.replaceable = replaceable;
    found.extend(wrong);
    if let Some(used) = &mut used {
        for chunk in &chunks {
            used.script(&chunk.code);
        }
        for classic in built.files.values().map(|file| &file.body).chain(built.texts.values()) {
            used.script(&String::from_utf8_lossy(classic));
        }
    }

    let context = Context { used: used.as_ref(), ..context };
    // Files that hold a script's style sheets, by the script.
    let mut held: BTreeMap<usize, SitePath> = BTreeMap::new();
    for entry in wanted {
        match entry {
            Entry::Style(path) => {
                // Those of Zola's are published at a second address, which is not beside them.
                let context = Context { is_beside: site.sass.iter().all(|sheet| sheet.file.path != *path), ..context };
                let Some(sheet) = styles::compile(&context, path, &mut found) else { continue };
                let script =
                    options.together.get(path).and_then(|script| scripts.iter().position(|one| *one == script));
                let mut sheets = vec![sheet];
                sheets.extend(script.into_iter().flat_map(|script| chunks::take_sheets(&mut chunks, script)));
                let file = built.add_sheet(&context, entry, path, &sheets, &mut found);
                if sheets.len() > 1 {
                    held.extend(script.map(|script| (script, file)));
                }
            }
            Entry::Within(inner) => built.add_sheet_text(&context, entry, inner, &mut found),
            _ => {}
        }
    }
    let (mut finished, wrong) = chunks::finish(&context, chunks, cache);
    for (script, file) in held {
        finished.entries.entry(script).and_modify(|asset| asset.styles.push(file));
    }
    found.extend(wrong);
    built.add_scripts(&context, &scripts, finished, &foreign);
    found.extend(built.add_files(wanted, files));
    (built, found)
}

impl Built {
    /// Adds a file that no entry asked for.
    pub fn add(&mut self, path: SitePath, file: BuiltAsset) {
        let kind = match file.media {
            MediaType::JAVASCRIPT => BuiltKind::Script,
            MediaType::CSS => BuiltKind::Style,
            _ => BuiltKind::File,
        };
        let described = BuiltFile::of(kind, file.body.len() as u64, file.integrity.clone());
        self.manifest.files.entry(path.as_str().to_owned()).or_insert(described);
        self.files.insert(path, file);
    }

    /// Gives the path of the file.
    fn add_sheet(
        &mut self,
        context: &Context<'_>,
        entry: &Entry,
        source: &str,
        sheets: &[Sheet],
        found: &mut Vec<Diagnostic>,
    ) -> SitePath {
        let (stem, _) = names::stem_and_extension(source);
        let StyleFile { path, built, described, map, recipe } = StyleFile::of(context, stem, sheets, found);
        self.taken_in.extend(described.modules.iter().map(|module| module.source.as_str().into()));
        // One at a second address is no file that pages name.
        if context.is_beside {
            self.again.styles.insert(path.clone(), recipe);
        }
        self.add_maps(context, map.map(|map| (path.clone(), map)));
        self.manifest.files.insert(path.as_str().to_owned(), described);
        self.files.insert(path.clone(), built);
        self.add_asset(entry, Some(source), Asset::alone(path.clone()));
        path
    }

    fn add_classic(&mut self, entry: &Entry, source: &Arc<str>, script: Classic) {
        let Classic { path, built, described } = script;
        if classic::is_typescript(source) {
            self.taken_in.insert(Arc::clone(source));
        }
        self.manifest.files.insert(path.as_str().to_owned(), described);
        self.files.insert(path.clone(), built);
        self.add_asset(entry, Some(source), Asset::alone(path));
    }

    /// Adds the text of a file or classic script.
    fn add_text(&mut self, context: &Context<'_>, entry: &Entry, inner: &Entry, found: &mut Vec<Diagnostic>) {
        let text = match inner {
            Entry::File(path) => match context.files.content(path) {
                Ok(text) => Some(text),
                Err(error) => {
                    found.push(Diagnostic::error(Arc::clone(path), format!("this file {error}")));
                    None
                }
            },
            Entry::Classic(path) => {
                let text = self.body_of(inner).or_else(|| Some(classic::compile(context, path, found)?.built.body));
                if classic::is_typescript(path) {
                    self.taken_in.insert(Arc::clone(path));
                }
                text
            }
            _ => None,
        };
        self.texts.extend(text.map(|text| (entry.clone(), text)));
    }

    /// Adds the text of a style sheet.
    fn add_sheet_text(&mut self, context: &Context<'_>, entry: &Entry, inner: &Entry, found: &mut Vec<Diagnostic>) {
        let Entry::Style(path) = inner else { return };
        let Some(sheet) = styles::compile(context, path, found) else { return };
        let joined = styles::join(context, &[sheet], found);
        self.taken_in.extend(joined.modules.iter().map(|module| module.source.as_str().into()));
        self.texts.insert(entry.clone(), joined.css.into());
    }

    /// The body of what was built of an entry.
    fn body_of(&self, entry: &Entry) -> Option<Bytes> {
        Some(self.files.get(&self.assets.get(entry)?.file)?.body.clone())
    }

    fn add_scripts(&mut self, context: &Context<'_>, entries: &[&Entry], finished: Finished, foreign: &Foreign) {
        for (at, asset) in finished.entries {
            let source = match entries[at] {
                Entry::Module(path) => Some(&**path),
                _ => None,
            };
            self.add_asset(entries[at], source, asset);
        }
        self.files.extend(finished.files);
        for (path, file) in &finished.described {
            let urls = file.modules.iter().filter_map(|module| foreign.get(&module.source)).flatten();
            let urls: BTreeSet<String> = urls.cloned().collect();
            if !urls.is_empty() {
                self.foreign.insert(path.clone(), urls);
            }
        }
        let sources = finished.described.values().flat_map(|file| &file.modules).map(|module| module.source.as_str());
        self.taken_in.extend(sources.map(Arc::from));
        let described = finished.described.into_iter().map(|(path, file)| (path.as_str().to_owned(), file));
        self.manifest.files.extend(described);
        self.again.styles.extend(finished.recipes);
        self.add_maps(context, finished.maps);
    }

    /// Maps lie beside the files they belong to, or where no browser finds them.
    fn add_maps(&mut self, context: &Context<'_>, maps: impl IntoIterator<Item = (SitePath, String)>) {
        for (file, map) in maps {
            let body = Bytes::from(map);
            match SitePath::parse(&format!("{file}.map")) {
                Ok(path) if context.maps_are_public() => {
                    let integrity = integrity::integrity(&body);
                    self.files.insert(path, BuiltAsset { body, media: MediaType::JSON, integrity });
                }
                _ => drop(self.hidden_maps.insert(format!("{}.map", file.file_name()), body)),
            }
        }
    }

    fn add_files(&mut self, wanted: &BTreeSet<Entry>, files: Files<'_>) -> Vec<Diagnostic> {
        let Published { files, sources, found } = files.into_published();
        for (path, file) in files {
            self.add(path, file);
        }
        for entry in wanted {
            if let Entry::File(source) = entry
                && let Some(path) = sources.get(&**source)
            {
                self.add_asset(entry, Some(source), Asset::alone(path.clone()));
            }
        }
        found
    }

    /// `source` is what the manifest calls the entry; the text of a page has no name.
    fn add_asset(&mut self, entry: &Entry, source: Option<&str>, asset: Asset) {
        if let Some(source) = source {
            let texts = |paths: &[SitePath]| paths.iter().map(|path| path.as_str().to_owned()).collect();
            let described = BuiltEntry {
                file: asset.file.as_str().to_owned(),
                imports: texts(&asset.imports),
                styles: texts(&asset.styles),
                later: texts(&asset.later),
            };
            self.manifest.entries.insert(source.to_owned(), described);
        }
        self.assets.insert(entry.clone(), asset);
    }
}

impl Asset {
    /// A file that brings nothing with it.
    const fn alone(file: SitePath) -> Self {
        Self { file, imports: Vec::new(), styles: Vec::new(), later: Vec::new() }
    }
}

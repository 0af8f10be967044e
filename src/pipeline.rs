//! load → plan → transform → compress: from a `World` to everything a bundle holds. It publishes nothing and prints
//! nothing; what it found wrong it returns, all of it.

mod asking;
mod broken_links;
mod convert;
mod drafts;
mod explain;
mod fields;
mod files;
mod finished;
mod further;
mod head;
mod held;
mod highlighting;
mod known;
mod links;
mod memory;
mod noted;
mod outputs;
mod pages;
mod preload;
mod redirects;
mod references;
mod rendered;
mod shelves;
mod sources;
mod texts;
mod together;
mod used;

use std::{
    collections::{BTreeMap, HashMap},
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use rayon::prelude::*;

pub use self::{
    explain::{Explained, Made, MadeOf, Role, explain, made_of},
    held::{Again, Held},
    outputs::Ask,
    references::Unreached,
};
use self::{
    fields::Fields,
    noted::Noted,
    outputs::{Output, Outputs},
    shelves::Shelves,
};
use crate::{
    compress::{self, Cache},
    diag::{Diagnostic, Severity},
    load::{self, World},
    plan,
    site::{BasePath, Body, Coding, ContentHash, EncodedBody, Response, SiteImage, SiteName, SitePath},
};

/// What kind of output is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// As it will ship, but not compressed.
    Dev,
    /// Compressed at the highest level.
    Prod,
}

#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub profile: Profile,
}

/// What a build does, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Load,
    Markdown,
    Render,
    /// Scripts, style sheets and other files that pages ask for.
    Assets,
    /// Names of built files, minification.
    Finish,
    Compress,
}

/// Told how far a build is, from any of its threads.
pub trait Progress: Sync {
    /// A stage begins; `steps` is 0 when their number is not known.
    fn begin(&self, stage: Stage, steps: usize);
    /// One step of it is done.
    fn step(&self);
}

/// The figures of one site's build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Routes that are HTML pages.
    pub pages: u64,
    /// Of these, pages that templates made in this build, and in an earlier one.
    pub rendered: u64,
    pub recalled: u64,
    /// All other routes.
    pub files: u64,
    /// Bytes of all files read.
    pub bytes_in: u64,
    /// Bytes of all bodies by coding; equal bodies are counted once.
    pub bytes_out: BTreeMap<Coding, u64>,
    pub cache_hits: u64,
    pub cache_misses: u64,
}

/// What a site was compiled to.
#[derive(Debug)]
pub struct Compiled {
    pub image: SiteImage<Body>,
    pub report: Report,
    /// Source maps that are not published, by the file name they should have: `main.4f2a9c81d0.js.map`.
    pub hidden_maps: BTreeMap<String, Bytes>,
    /// All files that were read, relative to the project, by what was in them.
    pub sources: BTreeMap<String, ContentHash>,
}

/// Compiles the site `name` in the folder `root` of `world`. Diagnostics come in source order; something is compiled
/// if and only if none of them is an error.
pub fn compile(
    world: &dyn World,
    name: &SiteName,
    root: &str,
    options: &Options,
    cache: Option<&Cache>,
    progress: &dyn Progress,
) -> (Option<Compiled>, Vec<Diagnostic>) {
    let build = Build { world, profile: options.profile, cache, shelves: Shelves::of(cache), progress };
    compile_with(&build, name, root)
}

/// The same, and what was compiled is given to `then` while all that it was made with is still there, if there is anything: so
/// that a page whose text changes meanwhile can be made again.
pub fn compile_and_hold<R>(
    world: &dyn World,
    name: &SiteName,
    root: &str,
    options: &Options,
    cache: Option<&Cache>,
    progress: &dyn Progress,
    then: impl FnOnce(Option<Compiled>, Vec<Diagnostic>, Option<&Held<'_, '_>>) -> R,
) -> R {
    let build = Build { world, profile: options.profile, cache, shelves: Shelves::of(cache), progress };
    let read = Read::default();
    let world = read.noting(build.world);
    let build = Build { world: &world, ..build };
    let Loaded { site, plan, base, diagnostics } = match load_and_plan(&build, name, root) {
        Ok(loaded) => loaded,
        Err(diagnostics) => return then(None, diagnostics, None),
    };
    outputs::make_and_keep(&build, &site, &plan, &base, |outputs, state| {
        match respond(&build, &site, &plan, &base, outputs, diagnostics, &read) {
            (Some((compiled, routes)), diagnostics) => {
                let held = Held::new(build.world, &plan, &base, build.profile, state, &routes);
                then(Some(compiled), diagnostics, Some(&held))
            }
            (None, diagnostics) => then(None, diagnostics, None),
        }
    })
}

fn compile_with(build: &Build<'_>, name: &SiteName, root: &str) -> (Option<Compiled>, Vec<Diagnostic>) {
    let read = Read::default();
    let world = read.noting(build.world);
    let Build { profile, cache, progress, .. } = *build;
    let build = Build { world: &world, profile, cache, shelves: build.shelves.clone(), progress };
    let Loaded { site, plan, base, diagnostics } = match load_and_plan(&build, name, root) {
        Ok(loaded) => loaded,
        Err(diagnostics) => return (None, diagnostics),
    };
    let (compiled, diagnostics) = outputs::make(&build, &site, &plan, &base, |outputs| {
        respond(&build, &site, &plan, &base, outputs, diagnostics, &read)
    });
    (compiled.map(|(compiled, _)| compiled), diagnostics)
}

/// What was read.
#[derive(Clone, Debug, Default)]
struct Read {
    bytes: Arc<AtomicU64>,
    files: Arc<Mutex<BTreeMap<String, ContentHash>>>,
}

impl Read {
    fn noting<'a>(
        &self,
        world: &'a dyn World,
    ) -> Noted<&'a dyn World, impl Fn(&str, &Bytes) + Clone + Send + Sync + use<>> {
        let Self { bytes: counter, files } = self.clone();
        let note = move |path: &str, bytes: &Bytes| {
            counter.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            let hash = ContentHash::of(bytes);
            files.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), hash);
        };
        Noted { world, note }
    }

    fn take_files(&self) -> BTreeMap<String, ContentHash> {
        std::mem::take(&mut self.files.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A site that can be built, and what is wrong with it so far.
struct Loaded {
    site: Arc<load::Site>,
    plan: plan::Plan,
    base: BasePath,
    diagnostics: Vec<Diagnostic>,
}

fn load_and_plan(build: &Build<'_>, name: &SiteName, root: &str) -> Result<Loaded, Vec<Diagnostic>> {
    build.progress.begin(Stage::Load, 0);
    let (site, mut diagnostics) = load::load(build.world, name, root);
    let Some(site) = site.map(Arc::new) else { return Err(diagnostics) };
    let (plan, found) = plan::plan(&site);
    diagnostics.extend(found);
    let base = mounted(&site);
    Ok(Loaded { site, plan, base, diagnostics })
}

/// What is published of all routes, and what they were made as.
type Responded = (Compiled, BTreeMap<SitePath, Output>);

/// `None` when something is wrong.
fn respond(
    build: &Build<'_>,
    site: &load::Site,
    plan: &plan::Plan,
    base: &BasePath,
    outputs: Outputs,
    mut diagnostics: Vec<Diagnostic>,
    read: &Read,
) -> (Option<Responded>, Vec<Diagnostic>) {
    let Outputs { routes: outputs, manifest, hidden_maps, rendered, diagnostics: found } = outputs;
    diagnostics.extend(found);
    let diagnostics = merge_equal(diagnostics);
    if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return (None, diagnostics);
    }
    let mut report = Report { bytes_in: read.bytes.load(Ordering::Relaxed), ..Report::default() };
    (report.rendered, report.recalled) = rendered;
    for output in outputs.values() {
        *(if output.is_page { &mut report.pages } else { &mut report.files }) += 1;
    }
    let bodies = match encode(build, &outputs, &mut report) {
        Ok(bodies) => bodies,
        Err(error) => {
            let message = format!("a body cannot be read again from the build cache: {error}");
            return (None, vec![Diagnostic::error(&*site.root, message)]);
        }
    };
    let fields = Fields::new(&site.config, &outputs, base);
    let respond = |(path, output): (&SitePath, &Output)| {
        let bodies = bodies.get(&output.body.hash()).cloned().unwrap_or_default();
        (path.clone(), Response { status: output.status, fields: fields.of(path, output), bodies })
    };
    let routes = outputs.par_iter().map(respond).collect();
    drop(fields);
    let image = SiteImage {
        site: site.name.clone(),
        base: base.clone(),
        mode: site.config.mode,
        routes,
        not_found: plan.not_found.clone(),
        rules: site.config.rules.served(),
        manifest,
    };
    (Some((Compiled { image, report, hidden_maps, sources: read.take_files() }, outputs)), diagnostics)
}

/// Says everything that is wrong with the links of the site `name` in the folder `root`, those to other sites among them:
/// `ask` finds out about these. Nothing is built.
pub fn check_links(
    world: &dyn World,
    name: &SiteName,
    root: &str,
    ask: &Ask<'_>,
    progress: &dyn Progress,
) -> Vec<Diagnostic> {
    progress.begin(Stage::Load, 0);
    let (site, mut diagnostics) = load::load(world, name, root);
    let Some(site) = site.map(Arc::new) else { return diagnostics };
    let (plan, found) = plan::plan(&site);
    diagnostics.extend(found);
    let build = Build { world, profile: Profile::Dev, cache: None, shelves: Shelves::default(), progress };
    diagnostics.extend(outputs::check_links(&build, &site, &plan, ask));
    merge_equal(diagnostics)
}

/// What one build works with.
struct Build<'a> {
    world: &'a dyn World,
    profile: Profile,
    cache: Option<&'a Cache>,
    shelves: Shelves,
    progress: &'a dyn Progress,
}

/// The bodies of each content, coded once however many routes have it, the largest first so that no thread is left
/// with one at the end.
fn encode(
    build: &Build<'_>,
    routes: &BTreeMap<SitePath, Output>,
    report: &mut Report,
) -> io::Result<HashMap<ContentHash, Vec<EncodedBody<Body>>>> {
    let mut contents: BTreeMap<ContentHash, (&Body, bool)> = BTreeMap::new();
    for output in routes.values() {
        contents.entry(output.body.hash()).or_insert((&output.body, false)).1 |= output.media.is_compressible();
    }
    let mut contents: Vec<(&Body, bool)> = contents.into_values().collect();
    contents.sort_by_key(|(body, _)| std::cmp::Reverse(body.len()));
    let is_coded =
        |body: &Body, compressible| build.profile == Profile::Prod && compressible && compress::can_pay(body.len());
    let coded = contents.iter().filter(|(body, compressible)| is_coded(body, *compressible)).count();
    if coded > 0 {
        build.progress.begin(Stage::Compress, coded);
    }
    let put_aside = |EncodedBody { coding, bytes }| EncodedBody {
        coding,
        bytes: Body::from(bytes).put_aside(build.shelves.bodies.as_ref()),
    };
    let encoded: Vec<(ContentHash, Vec<EncodedBody<Body>>, Option<bool>)> = contents
        .into_par_iter()
        .with_max_len(1)
        .map(|(body, compressible)| {
            let mut bodies = vec![EncodedBody { coding: Coding::Identity, bytes: body.clone() }];
            if !is_coded(body, compressible) {
                return Ok((body.hash(), bodies, None));
            }
            let content = body.read()?;
            let (coded, hit) = match build.cache {
                Some(cache) => cache.encode_all(&content),
                None => (compress::encode_all(&content), false),
            };
            bodies.extend(coded.into_iter().filter(|body| body.coding != Coding::Identity).map(put_aside));
            build.progress.step();
            Ok((body.hash(), bodies, Some(hit)))
        })
        .collect::<io::Result<_>>()?;
    for (_, bodies, hit) in &encoded {
        for body in bodies {
            *report.bytes_out.entry(body.coding).or_default() += body.bytes.len() as u64;
        }
        report.cache_hits += u64::from(*hit == Some(true));
        report.cache_misses += u64::from(*hit == Some(false));
    }
    Ok(encoded.into_iter().map(|(hash, bodies, _)| (hash, bodies)).collect())
}

/// Where a site is mounted: at `/` of its own hosts, or below its name.
fn mounted(site: &load::Site) -> BasePath {
    if site.config.rules.hosts().is_empty() { BasePath::of(&site.name) } else { BasePath::root() }
}

/// A mistake in a template is met by every page that uses it, and told once: the first page's way there is kept, and
/// the others are counted.
fn merge_equal(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort();
    let mut merged: Vec<(Diagnostic, usize)> = Vec::new();
    for diagnostic in diagnostics {
        match merged.last_mut() {
            Some((last, _)) if is_same(last, &diagnostic) && last.trace.is_empty() => last.trace = diagnostic.trace,
            Some((last, more)) if is_same(last, &diagnostic) => *more += usize::from(last.trace != diagnostic.trace),
            _ => merged.push((diagnostic, 0)),
        }
    }
    let told = |(diagnostic, more)| match more {
        0 => diagnostic,
        1 => Diagnostic::traced(diagnostic, "and 1 more page"),
        _ => diagnostic.traced(format!("and {more} more pages")),
    };
    merged.into_iter().map(told).collect()
}

fn is_same(one: &Diagnostic, other: &Diagnostic) -> bool {
    (&one.path, &one.label, one.severity, &one.message) == (&other.path, &other.label, other.severity, &other.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{diag::Source, load::MemoryWorld, pack};

    struct Silent;

    impl Progress for Silent {
        fn begin(&self, _: Stage, _: usize) {}
        fn step(&self) {}
    }

    #[test]
    fn what_is_put_aside_is_published_the_same() {
        let page =
            "{{ page.title }}{% if page.lower %}{{ page.lower.content | safe }}{% endif %}{{ page.content | safe }}";
        let list = "{{ section.content | safe }}{% for page in section.pages %}{{ page.content | safe }}{% endfor %}";
        let config = "base_url = 'https://a.example'\ngenerate_feeds = true\nbuild_search_index = true\n\
                      taxonomies = [{ name = 'tags' }]\n[link_checker]\ninternal_level = 'warn'\n[sitekit.assets]\n\
                      remove_unused = true";
        let text =
            "+++\ntitle = 'A'\nweight = 1\n[taxonomies]\ntags = ['x', 'y']\n+++\n# A\n[b](@/b.md#b) <i id=c>c</i>";
        let mut world = MemoryWorld::new();
        for (path, content) in [
            ("config.toml", config),
            ("templates/page.html", &*format!("<link rel=stylesheet href=/a.css>{page}")),
            ("templates/section.html", list),
            ("templates/index.html", list),
            ("templates/taxonomy_list.html", "{% for term in terms %}{{ term.name }}{% endfor %}"),
            ("templates/taxonomy_single.html", "{% for page in term.pages %}{{ page.content | safe }}{% endfor %}"),
            ("static/a.css", "a { color: red } b { color: blue }"),
            ("content/_index.md", "+++\nsort_by = 'weight'\n+++\n# Home"),
            ("content/a.md", text),
            ("content/b.md", &*text.replace("weight = 1", "weight = 2").replace("# A", "# B")),
        ] {
            world = world.with(&format!("sites/s/{path}"), content);
        }
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), 0).unwrap();
        let bundle = |shelves: Shelves| {
            let build = Build { world: &world, profile: Profile::Prod, cache: None, shelves, progress: &Silent };
            let (compiled, diagnostics) = compile_with(&build, &SiteName::parse("s").unwrap(), "sites/s");
            let sealed = pack::seal(&compiled.unwrap().image).unwrap();
            (sealed.pieces().flat_map(Result::unwrap).collect::<Vec<u8>>(), diagnostics)
        };
        let aside = Shelves::with_room(&cache, 0);
        assert_eq!(bundle(aside.clone()), bundle(Shelves::default()));
        for shelf in [aside.contents, aside.drafts, aside.bodies] {
            assert!(shelf.unwrap().read(0, 1).is_ok(), "nothing was put there");
        }
    }

    #[test]
    fn a_mistake_many_pages_meet_is_told_once() {
        let source = Source::new("page.html", "{{ x }}");
        let met = |page: &str| Diagnostic::error_at(&source, 3..4, "there is no `x`").traced(page);
        let other = Diagnostic::error_at(&source, 0..1, "something else");
        let merged = merge_equal(vec![met("/b/"), other.clone(), met("/a/"), met("/c/"), met("/a/")]);
        assert_eq!(merged, [other, met("/a/").traced("and 2 more pages")]);
    }
}

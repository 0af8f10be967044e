//! load → plan → transform → compress: from a `World` to everything a bundle holds. It publishes nothing and prints
//! nothing; what it found wrong it returns, all of it.

mod asking;
mod broken_links;
mod convert;
mod drafts;
mod explain;
mod fields;
mod files;
mod further;
mod head;
mod highlighting;
mod links;
mod outputs;
mod pages;
mod preload;
mod redirects;
mod references;
mod sources;
mod together;
mod used;

use std::{
    collections::{BTreeMap, HashMap},
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use rayon::prelude::*;

pub use self::{
    explain::{Explained, Made, MadeOf, Role, explain, made_of},
    outputs::Ask,
    references::Unreached,
};
use self::{
    fields::Fields,
    outputs::{Output, Outputs},
};
use crate::{
    compress::{self, Cache},
    diag::{Diagnostic, Severity},
    load::{self, Entry, EntryKind, Outside, World, WorldError},
    plan,
    site::{BasePath, Coding, ContentHash, EncodedBody, Response, SiteImage, SiteName, SitePath},
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
    pub image: SiteImage,
    pub report: Report,
    /// Source maps that are not published, by the file name they should have: `main.4f2a9c81d0.js.map`.
    pub hidden_maps: BTreeMap<String, Bytes>,
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
    let world = Counting { world, bytes: Arc::default() };
    progress.begin(Stage::Load, 0);
    let (site, mut diagnostics) = load::load(&world, name, root);
    let Some(site) = site else { return (None, diagnostics) };
    let (plan, found) = plan::plan(&site);
    diagnostics.extend(found);

    let base = mounted(&site);
    let Outputs { routes, manifest, hidden_maps, diagnostics: found } =
        outputs::make(&world, &site, &plan, &base, options.profile, cache, progress);
    diagnostics.extend(found);
    let diagnostics = merge_equal(diagnostics);
    if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return (None, diagnostics);
    }

    let mut report = Report { bytes_in: world.bytes.load(Ordering::Relaxed), ..Report::default() };
    for output in routes.values() {
        *(if output.is_page { &mut report.pages } else { &mut report.files }) += 1;
    }
    let bodies = encode(&routes, options.profile, cache, progress, &mut report);
    let fields = Fields::new(&site.config, &routes, &base);
    let respond = |(path, output): (&SitePath, &Output)| {
        let bodies = bodies.get(&output.hash).cloned().unwrap_or_default();
        (path.clone(), Response { status: output.status, fields: fields.of(path, output), bodies })
    };
    let routes = routes.par_iter().map(respond).collect();
    let image = SiteImage {
        site: name.clone(),
        base,
        mode: site.config.mode,
        routes,
        not_found: plan.not_found,
        rules: site.config.rules.served(),
        manifest,
    };
    (Some(Compiled { image, report, hidden_maps }), diagnostics)
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
    let Some(site) = site else { return diagnostics };
    let (plan, found) = plan::plan(&site);
    diagnostics.extend(found);
    diagnostics.extend(outputs::check_links(world, &site, &plan, ask, progress));
    merge_equal(diagnostics)
}

/// The bodies of each content, coded once however many routes have it, the largest first so that no thread is left
/// with one at the end.
fn encode(
    routes: &BTreeMap<SitePath, Output>,
    profile: Profile,
    cache: Option<&Cache>,
    progress: &dyn Progress,
    report: &mut Report,
) -> HashMap<ContentHash, Vec<EncodedBody>> {
    let mut contents: BTreeMap<ContentHash, (&Bytes, bool)> = BTreeMap::new();
    for output in routes.values() {
        contents.entry(output.hash).or_insert((&output.body, false)).1 |= output.media.is_compressible();
    }
    let mut contents: Vec<(ContentHash, &Bytes, bool)> =
        contents.into_iter().map(|(hash, (body, compressible))| (hash, body, compressible)).collect();
    contents.sort_by_key(|(_, body, _)| std::cmp::Reverse(body.len()));
    let is_coded = |body: &Bytes, compressible| profile == Profile::Prod && compressible && compress::can_pay(body);
    let coded = contents.iter().filter(|(_, body, compressible)| is_coded(body, *compressible)).count();
    if coded > 0 {
        progress.begin(Stage::Compress, coded);
    }
    let encoded: Vec<(ContentHash, Vec<EncodedBody>, Option<bool>)> = contents
        .into_par_iter()
        .with_max_len(1)
        .map(|(hash, body, compressible)| {
            if !is_coded(body, compressible) {
                return (hash, vec![compress::identity(body)], None);
            }
            let (bodies, hit) = match cache {
                Some(cache) => cache.encode_all(body),
                None => (compress::encode_all(body), false),
            };
            progress.step();
            (hash, bodies, Some(hit))
        })
        .collect();
    for (_, bodies, hit) in &encoded {
        for body in bodies {
            *report.bytes_out.entry(body.coding).or_default() += body.bytes.len() as u64;
        }
        report.cache_hits += u64::from(*hit == Some(true));
        report.cache_misses += u64::from(*hit == Some(false));
    }
    encoded.into_iter().map(|(hash, bodies, _)| (hash, bodies)).collect()
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

/// Counts what is read.
struct Counting<W> {
    world: W,
    bytes: Arc<AtomicU64>,
}

impl<W: Deref<Target: World> + Sync> World for Counting<W> {
    fn read(&self, path: &str) -> Result<Bytes, WorldError> {
        let bytes = self.world.read(path)?;
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(bytes)
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, WorldError> {
        self.world.list(folder)
    }

    fn kind(&self, path: &str) -> Result<EntryKind, WorldError> {
        self.world.kind(path)
    }

    fn real(&self, path: &str) -> Result<String, WorldError> {
        self.world.real(path)
    }

    fn outside(&self) -> &dyn Outside {
        self.world.outside()
    }

    fn shared(&self) -> Arc<dyn World + Send + Sync> {
        Arc::new(Counting { world: self.world.shared(), bytes: Arc::clone(&self.bytes) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Source;

    #[test]
    fn a_mistake_many_pages_meet_is_told_once() {
        let source = Source::new("page.html", "{{ x }}");
        let met = |page: &str| Diagnostic::error_at(&source, 3..4, "there is no `x`").traced(page);
        let other = Diagnostic::error_at(&source, 0..1, "something else");
        let merged = merge_equal(vec![met("/b/"), other.clone(), met("/a/"), met("/c/"), met("/a/")]);
        assert_eq!(merged, [other, met("/a/").traced("and 2 more pages")]);
    }
}

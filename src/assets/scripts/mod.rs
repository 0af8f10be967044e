//! Links module scripts into chunks, by rolldown: what is imported by several is in one chunk of its own, what is imported
//! later is a chunk, what is not used is nowhere. Every file comes through `World`.

mod alone;
mod cycles;
mod decorators;
mod environment;
mod globs;
mod hot;
mod id;
mod in_page;
mod kind;
mod known;
mod load;
mod matched;
mod output;
mod parsed;
mod plugin;
mod report;
mod settings;
mod sheets;
#[cfg(test)]
mod tests;
mod types;
mod unresolved;
mod urls;

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    pin::pin,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use rolldown::{BundleOutput, BundlerBuilder, BundlerOptions};
use rolldown_error::{BatchedBuildDiagnostic, BuildDiagnostic};
use tokio::{
    runtime::{Builder, Handle},
    time::timeout,
};

pub use self::types::types;
pub(super) use self::{alone::again, hot::Replaceable};
use self::{
    hot::Hot,
    known::Asked,
    plugin::{Modules, Project, Root},
    sheets::{Question, Sheets},
};
use super::{Context, chunks::Chunk, resolve::Resolver, trace::Recorder};
use crate::{assets::Entry, compress::Cache, diag::Diagnostic, load::World as _};

/// What linking gave.
#[derive(Debug, Default)]
pub(super) struct Linked {
    pub(super) chunks: Vec<Chunk>,
    pub(super) foreign: Foreign,
    /// The scripts of the site that were linked, whether anything is left of them or not.
    pub(super) sources: BTreeSet<Arc<str>>,
    /// What can be replaced in open pages.
    pub(super) replaceable: Option<Replaceable>,
    pub(super) found: Vec<Diagnostic>,
}

/// The URLs of other hosts that modules import, by the paths of their sources.
pub(super) type Foreign = BTreeMap<String, BTreeSet<String>>;

/// Links `entries` ([`Entry::Module`] and [`Entry::Inline`]), which [`Chunk::entry`] counts.
pub(super) fn link(context: &Context<'_>, entries: &[&Entry], cache: Option<&Cache>) -> Linked {
    if entries.is_empty() {
        return Linked::default();
    }
    let Some(cache) = cache.filter(|_| context.options.is_dev) else {
        return link_anew(&mut Linking::new(context, context), entries);
    };
    let key = known::key(cache, context, entries);
    if let Some(linked) = known::get(cache, key, context, &mut Sheets::default()) {
        return linked;
    }
    // It may be linked twice, which has to be of the same.
    let recorder = Recorder::steady(context.world);
    let resolver = Arc::new(Resolver::new(context.site, recorder.shared(), context.options.is_dev));
    let noting = Context { world: &recorder, resolver: &resolver, ..*context };
    let mut linking = Linking::new(&noting, context);
    let linked = link_anew(&mut linking, entries);
    let Linking { sheets, asked, .. } = linking;
    if let Some(trace) = recorder.trace() {
        known::keep(cache, key, trace, asked, &sheets, &linked);
    }
    linked
}

/// What links share.
struct Linking<'a> {
    /// What the linker asks.
    context: &'a Context<'a>,
    /// What style sheets are compiled and files published with.
    outer: &'a Context<'a>,
    sheets: Sheets,
    asked: Asked,
}

impl<'a> Linking<'a> {
    fn new(context: &'a Context<'a>, outer: &'a Context<'a>) -> Self {
        Self { context, outer, sheets: Sheets::default(), asked: Asked::default() }
    }
}

fn link_anew(linking: &mut Linking<'_>, entries: &[&Entry]) -> Linked {
    let mut found = Vec::new();
    let (linked, project, roots) = link_once(linking, entries, None, &mut found);
    if roots.is_empty() {
        return Linked { found, ..Linked::default() };
    }
    found.extend(project.take_found());
    found.extend(cycles::find(&project));
    let mut replaceable = None;
    let chunks = match linked {
        Ok(Ok(BundleOutput { assets, warnings })) => {
            report::warnings(&project, &warnings, &mut found);
            let is_dev = linking.context.options.is_dev;
            match is_dev.then(|| link_replaceable(linking, entries, (&project, &roots))).flatten() {
                Some((chunks, linked)) => {
                    replaceable = Some(linked);
                    chunks
                }
                None => output::chunks(&project, &roots, &linking.sheets, assets),
            }
        }
        Ok(Err(errors)) => {
            report::errors(&project, &errors, &mut found);
            Vec::new()
        }
        Err(_) => {
            found.push(report::failed(&project, "it panicked"));
            Vec::new()
        }
    };
    in_page::show_as_written(&project, &mut found);
    found.sort();
    found.dedup();
    Linked { chunks, foreign: project.take_foreign(), sources: project.own_scripts(), replaceable, found }
}

type Attempt = (thread::Result<Result<BundleOutput, Vec<BuildDiagnostic>>>, Arc<Project>, Vec<Root>);

/// Links `entries`; with `hot`, so that their modules can be replaced.
fn link_once(linking: &mut Linking<'_>, entries: &[&Entry], hot: Option<Hot>, found: &mut Vec<Diagnostic>) -> Attempt {
    let &mut Linking { context, outer, ref mut sheets, ref mut asked } = linking;
    let (ask, questions) = mpsc::channel();
    let is_replaceable = hot.is_some();
    let project = Arc::new(Project::new(context, entries, ask.clone(), hot));
    let roots = project.roots(entries, found);
    if roots.is_empty() {
        return (Ok(Err(Vec::new())), project, roots);
    }
    let options = settings::options(context, &project.resolver, &roots, is_replaceable, found);
    let plugin = Modules(Arc::clone(&project));
    // What is borrowed stays on this thread, and answers what the linker's threads ask for.
    let linked = thread::scope(|scope| {
        let linking = scope.spawn(move || {
            let _last = Last(ask);
            run(options, plugin)
        });
        for question in questions {
            match question {
                Question::Url(path, answer) => {
                    let url = outer.files.url(&path);
                    asked.urls.extend(url.as_ref().ok().map(|url| (path, url.clone())));
                    drop(answer.send(url));
                }
                Question::Sheet(path, answer) => {
                    drop(answer.send(sheets.compile(outer, &path, found)));
                    asked.sheets.insert(path);
                }
                Question::SheetText(path, answer) => {
                    asked.more = true;
                    drop(answer.send(Sheets::text(outer, &path, found)));
                }
                Question::SheetUrl(path, answer) => {
                    asked.more = true;
                    drop(answer.send(sheets.url(outer, &path, found)));
                }
                Question::NoMore => break,
            }
        }
        linking.join()
    });
    (linked, project, roots)
}

/// The chunks of what was linked without a mistake, linked once more so that their modules can be replaced while a page is
/// open. `None` where none of them says that it can.
fn link_replaceable(
    linking: &mut Linking<'_>,
    entries: &[&Entry],
    (project, roots): (&Project, &[Root]),
) -> Option<(Vec<Chunk>, Replaceable)> {
    // All that is wrong has been told.
    let mut told = Vec::new();
    let hot = project.replaceable(linking.context, roots, &mut told)?;
    let (linked, project, roots) = link_once(linking, entries, Some(hot), &mut told);
    match (linked, project.replaced()) {
        (Ok(Ok(BundleOutput { assets, .. })), Some(replaceable)) => {
            let mut chunks = output::chunks(&project, &roots, &linking.sheets, assets);
            for chunk in &mut chunks {
                chunk.is_plain = true;
            }
            Some((chunks, replaceable))
        }
        (wrong, _) => {
            let why = wrong.map(|linked| linked.map(drop));
            tracing::warn!(?why, "modules cannot be replaced in open pages: this is a mistake of sitekit's");
            None
        }
    }
}

/// Tells the thread that answers that nobody asks any more, however linking ends.
struct Last(mpsc::Sender<Question>);

impl Drop for Last {
    fn drop(&mut self) {
        // Nobody listens when nobody waits.
        let _ = self.0.send(Question::NoMore);
    }
}

fn run(options: BundlerOptions, plugin: Modules) -> Result<BundleOutput, Vec<BuildDiagnostic>> {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let runtime = runtime.map_err(|error| vec![BuildDiagnostic::unhandleable_error(error.into())])?;
    let bundler = BundlerBuilder::default().with_options(options).with_plugins(vec![Arc::new(plugin)]).build();
    let mut bundler = bundler.map_err(BatchedBuildDiagnostic::into_vec)?;
    let linked = runtime.block_on(unless_stuck(runtime.handle(), bundler.generate()));
    let linked = linked.map_err(|stuck| vec![BuildDiagnostic::unhandleable_error(stuck.into())])?;
    linked.map_err(BatchedBuildDiagnostic::into_vec)
}

/// Something waits for a task that is no more.
#[derive(Debug, thiserror::Error)]
#[error("a task of the linker panicked")]
struct Stuck;

/// What `linking` gives. rolldown waits without end for a module whose task has panicked: nothing is left then that could
/// bring it on.
async fn unless_stuck<T>(runtime: &Handle, linking: impl Future<Output = T>) -> Result<T, Stuck> {
    let mut linking = pin!(linking);
    let mut idle = 0;
    while idle < 3 {
        match timeout(Duration::from_millis(200), &mut linking).await {
            Ok(linked) => return Ok(linked),
            Err(_) if runtime.metrics().num_alive_tasks() == 0 => idle += 1,
            Err(_) => idle = 0,
        }
    }
    Err(Stuck)
}

//! Links module scripts into chunks, by rolldown: what is imported by several is in one chunk of its own, what is imported
//! later is a chunk, what is not used is nowhere. Every file comes through `World`.

mod cycles;
mod decorators;
mod environment;
mod globs;
mod id;
mod in_page;
mod kind;
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
use self::{
    plugin::{Modules, Project},
    sheets::{Question, Sheets},
};
use super::{Context, chunks::Chunk};
use crate::{assets::Entry, diag::Diagnostic};

/// What linking gave.
#[derive(Debug, Default)]
pub(super) struct Linked {
    pub(super) chunks: Vec<Chunk>,
    pub(super) foreign: Foreign,
    /// The scripts of the site that were linked, whether anything is left of them or not.
    pub(super) sources: BTreeSet<Arc<str>>,
    pub(super) found: Vec<Diagnostic>,
}

/// The URLs of other hosts that modules import, by the paths of their sources.
pub(super) type Foreign = BTreeMap<String, BTreeSet<String>>;

/// Links `entries` ([`Entry::Module`] and [`Entry::Inline`]), which [`Chunk::entry`] counts.
pub(super) fn link(context: &Context<'_>, entries: &[&Entry]) -> Linked {
    if entries.is_empty() {
        return Linked::default();
    }
    let mut found = Vec::new();
    let (ask, questions) = mpsc::channel();
    let project = Arc::new(Project::new(context, entries, ask.clone()));
    let roots = project.roots(entries, &mut found);
    if roots.is_empty() {
        return Linked { found, ..Linked::default() };
    }
    let options = settings::options(context, &project.resolver, &roots, &mut found);
    let plugin = Modules(Arc::clone(&project));
    // What is borrowed stays on this thread, and answers what the linker's threads ask for.
    let mut sheets = Sheets::default();
    let linked = thread::scope(|scope| {
        let linking = scope.spawn(move || {
            let _last = Last(ask);
            run(options, plugin)
        });
        for question in questions {
            match question {
                Question::Url(path, answer) => drop(answer.send(context.files.url(&path))),
                Question::Sheet(path, answer) => drop(answer.send(sheets.compile(context, &path, &mut found))),
                Question::SheetText(path, answer) => drop(answer.send(Sheets::text(context, &path, &mut found))),
                Question::SheetUrl(path, answer) => drop(answer.send(sheets.url(context, &path, &mut found))),
                Question::NoMore => break,
            }
        }
        linking.join()
    });
    found.extend(project.take_found());
    found.extend(cycles::find(&project));
    let chunks = match linked {
        Ok(Ok(BundleOutput { assets, warnings })) => {
            report::warnings(&project, &warnings, &mut found);
            output::chunks(&project, &roots, &sheets, assets)
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
    Linked { chunks, foreign: project.take_foreign(), sources: project.own_scripts(), found }
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

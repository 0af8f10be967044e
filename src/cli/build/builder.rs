//! One site from its folder to a published bundle, once or again and again.

use std::{
    num::NonZeroUsize,
    sync::Arc,
    time::{Instant, SystemTime},
};

use anyhow::Context as _;
use jiff::Timestamp;

use super::{AssetFigures, BuildConfig, BuiltSite, sources::Sources};
use crate::{
    cli::{
        beside,
        hooks::{self, Hook},
        outside::BuildOutside,
        progress::{Display, SiteProgress, Stages},
    },
    compress::Cache,
    diag::{Diagnostic, Severity},
    load::{DiskWorld, Outside},
    map, pack,
    pipeline::{self, Compiled, Held, Options},
    remote::LOCK_FILE,
    site::{BuiltKind, SiteName},
};

/// What builds have in common, however many there are.
#[derive(Debug)]
pub(in crate::cli) struct Builder {
    pool: rayon::ThreadPool,
    cache: Arc<Cache>,
}

impl Builder {
    /// The inner error is a cache that cannot be had.
    ///
    /// # Errors
    /// When there are no threads.
    pub(in crate::cli) fn open(config: &BuildConfig) -> anyhow::Result<Result<Self, Box<Diagnostic>>> {
        let pool = threads(config)?;
        Ok(match Cache::open(&config.out.join(".cache"), config.cache_limit) {
            Ok(cache) => Ok(Self { pool, cache: Arc::new(cache) }),
            Err(error) => Err(Box::new(Diagnostic::error(config.out.display().to_string(), error.to_string()))),
        })
    }

    /// Builds and publishes one site. `hooked` is called when a command of the site's author has run, before anything is read.
    pub(in crate::cli) fn build(
        &self,
        config: &BuildConfig,
        site: &SiteName,
        time: Timestamp,
        display: Display,
        hooked: &(dyn Fn(bool) + Sync),
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<BuiltSite> {
        let progress = SiteProgress::new(site.clone(), display);
        let work = || {
            let begun = Begun::new(config, site, &self.cache, time, &progress, hooked, diagnostics)?;
            let Begun { world, root, stages, .. } = &begun;
            let options = Options { profile: config.profile };
            let (compiled, found) = pipeline::compile(world, site, root, &options, Some(&self.cache), stages);
            begun.publish(config, site, &self.cache, compiled, found, diagnostics)
        };
        let built = self.pool.install(work);
        progress.finish();
        built
    }

    /// The same, and what came of it is given to `then` with the build that is held, if that can be. It has the threads for
    /// itself: nothing else may be built with them until `then` returns.
    pub(in crate::cli) fn build_and_hold(
        &self,
        config: &BuildConfig,
        site: &SiteName,
        time: Timestamp,
        display: Display,
        hooked: &(dyn Fn(bool) + Sync),
        then: impl FnOnce(Option<BuiltSite>, Vec<Diagnostic>, Option<&Held<'_, '_>>) + Send,
    ) {
        let progress = SiteProgress::new(site.clone(), display);
        self.pool.install(|| {
            let mut diagnostics = Vec::new();
            let begun = Begun::new(config, site, &self.cache, time, &progress, hooked, &mut diagnostics);
            let Some(begun) = begun else {
                progress.finish();
                return then(None, diagnostics, None);
            };
            let Begun { world, root, stages, .. } = &begun;
            let options = Options { profile: config.profile };
            let cache = Some(&*self.cache);
            pipeline::compile_and_hold(world, site, root, &options, cache, stages, |compiled, found, held| {
                let built = begun.publish(config, site, &self.cache, compiled, found, &mut diagnostics);
                progress.finish();
                let held = held.filter(|_| built.is_some());
                then(built, diagnostics, held);
            });
        });
    }

    /// Another one with threads of its own.
    ///
    /// # Errors
    /// When there are none.
    pub(in crate::cli) fn again(&self, config: &BuildConfig) -> anyhow::Result<Self> {
        Ok(Self { pool: threads(config)?, cache: Arc::clone(&self.cache) })
    }

    /// Keeps the cache to its size.
    pub(in crate::cli) fn trim(&self) {
        self.cache.trim(SystemTime::now());
    }
}

fn threads(config: &BuildConfig) -> anyhow::Result<rayon::ThreadPool> {
    let threads = config.concurrency.map_or(0, NonZeroUsize::get);
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().context("cannot start the build's threads")
}

/// A build of one site that can begin: what its author wants done before is done.
struct Begun<'a> {
    started: Instant,
    root: String,
    world: DiskWorld,
    outside: Arc<BuildOutside>,
    hook: Option<Hook>,
    stages: Stages<'a>,
}

impl<'a> Begun<'a> {
    fn new(
        config: &BuildConfig,
        site: &SiteName,
        cache: &Arc<Cache>,
        time: Timestamp,
        progress: &'a SiteProgress,
        hooked: &(dyn Fn(bool) + Sync),
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let started = Instant::now();
        let root = format!("{}/{site}", config.folder);
        let world = match DiskWorld::new(&config.project, &root) {
            Ok(world) => world,
            Err(error) => {
                diagnostics.push(Diagnostic::error(root, format!("this folder {error}")));
                return None;
            }
        };
        let (hook, mut found) = hooks::before(config, site, &root, &world, &|command| progress.hook(command));
        let failed = found.iter().any(|one| one.severity == Severity::Error);
        diagnostics.append(&mut found);
        hooked(failed || hook == Some(Hook::Ran));
        if failed {
            return None;
        }
        let outside = match BuildOutside::open(&config.project.join(&root), &root, cache, config.data, time) {
            Ok(outside) => Arc::new(outside),
            Err(wrong) => {
                diagnostics.push(*wrong);
                return None;
            }
        };
        let world = world.with_outside(Arc::clone(&outside) as Arc<dyn Outside>);
        Some(Self { started, root, world, outside, hook, stages: Stages::new(progress) })
    }

    /// Publishes what was compiled, with what was found meanwhile.
    fn publish(
        &self,
        config: &BuildConfig,
        site: &SiteName,
        cache: &Cache,
        compiled: Option<Compiled>,
        mut found: Vec<Diagnostic>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<BuiltSite> {
        let Self { started, ref root, ref outside, hook, .. } = *self;
        let stages = self.stages.end();
        diagnostics.append(&mut found);
        if let Err(error) = outside.close(compiled.is_some()) {
            let message = format!("{LOCK_FILE} cannot be written: {error}");
            let help = "the next build will ask other hosts again";
            diagnostics.push(Diagnostic::error(root.as_str(), message).as_warning().with_help(help));
        }
        let Compiled { image, report, hidden_maps, sources } = compiled?;
        let sealed = match pack::seal(&image) {
            Ok(sealed) => sealed,
            Err(error) => {
                diagnostics.push(Diagnostic::error(root.as_str(), error.to_string()));
                return None;
            }
        };
        let live = map::live(&config.out, site).ok();
        let committed = match sealed.commit(&pack::RealDisk, &config.out, config.keep) {
            Ok(committed) => committed,
            Err(error) => {
                let help = "nothing was published: the generation that was live still is";
                diagnostics
                    .push(Diagnostic::error(config.out.display().to_string(), error.to_string()).with_help(help));
                return None;
            }
        };
        if let Err(error) = beside::refresh(&config.out, site, &hidden_maps) {
            let help = "the site is published all the same";
            let diagnostic = Diagnostic::error(config.out.display().to_string(), error.to_string());
            diagnostics.push(diagnostic.as_warning().with_help(help));
        }
        let sources =
            Sources { generation: *committed.generation.as_bytes(), program: cache.program(), files: sources };
        let since = sources.keep(cache, root);
        Some(BuiltSite {
            since,
            sources: sources.files.into_keys().collect(),
            site: site.clone(),
            generation: committed.generation,
            changed: live.as_ref() != Some(&committed.path),
            bundle: committed.path,
            bundle_len: committed.len,
            base: image.base.clone(),
            report,
            scripts: AssetFigures::of(&image, BuiltKind::Script),
            styles: AssetFigures::of(&image, BuiltKind::Style),
            hook,
            changes: outside.changes(),
            manifest: image.manifest,
            stages,
            took: started.elapsed(),
        })
    }
}

//! What `sitekit check` looks at of sites' sources: their configurations, and with `--external` all links of their pages.
//! They are read, and nothing is published or run.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    process::ExitCode,
    thread,
    time::{Duration, SystemTime},
};

use serde_json::json;

use super::{
    build::{BuildConfig, find_sites},
    diagnostics, exit, explain,
    progress::{Display, SiteProgress},
    settings::Config,
    text_table::{grouped, table},
    typed,
};
use crate::{
    diag::{Diagnostic, Severity},
    external::{self, HttpAsker, Kept, Manners, Verdict},
    load::{self, DiskWorld, LinkChecker},
    pipeline::{self, Profile, Unreached},
    site::SiteName,
};

/// What was reached lately, below the folder of the bundles.
const KEPT: &str = ".cache/links.json";

/// How links to other sites are checked.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct LinkArgs {
    /// Check all links of the sites' pages, those to other sites among them: their hosts are asked
    #[arg(long, conflicts_with_all = ["bundles", "deep"])]
    external: bool,

    /// Pause between two questions to a host
    #[arg(long, value_name = "TIME", value_parser = typed::duration, default_value = "500ms", requires = "external")]
    delay: Duration,

    /// Longest time for an answer
    #[arg(long, value_name = "TIME", value_parser = typed::duration, default_value = "20s", requires = "external")]
    timeout: Duration,
}

impl LinkArgs {
    pub(super) fn wanted(self) -> bool {
        self.external
    }
}

/// What is wrong with the configurations of all sites, where there are sources at all: a server needs none.
///
/// # Errors
/// When a setting is wrong.
pub(super) fn mistakes(config: &Config) -> anyhow::Result<Vec<Diagnostic>> {
    let config = BuildConfig::new(config, Profile::Dev)?;
    if !config.project.join(&config.folder).is_dir() {
        return Ok(Vec::new());
    }
    // What else is wrong with the folder is for a build to tell.
    let (sites, _) = find_sites(&config)?;
    let mut found = Vec::new();
    for site in sites {
        let root = format!("{}/{site}", config.folder);
        if let Ok(world) = DiskWorld::new(&config.project, &root) {
            found.extend(load::configure(&world, &root).2);
        }
    }
    Ok(found)
}

/// Checks all links of the sites' pages and says what came of it.
///
/// # Errors
/// When a setting is wrong.
pub(super) fn check_links(args: LinkArgs, config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    let config = BuildConfig::new(config, Profile::Dev)?;
    let (sites, mut found) = find_sites(&config)?;
    let now = SystemTime::now();
    let file = config.out.join(KEPT);
    let kept = RefCell::new(Kept::read(&file));
    let display = if json { Display::Quiet } else { Display::of_stderr() };
    let mut checked = Vec::new();
    for site in sites {
        let (world, root) = explain::sources(&config, &site)?;
        let progress = SiteProgress::new(site.clone(), display);
        let figures = RefCell::new(Figures::default());
        let ask = |checker: &LinkChecker, links: BTreeSet<String>| {
            let done = || progress.asked();
            let mut site = Asking { args, now, kept: &mut kept.borrow_mut(), figures: &mut figures.borrow_mut() };
            site.unreached(checker, links, &|hosts, pages| progress.asking(hosts, pages), &done)
        };
        found.extend(pipeline::check_links(&world, &site, &root, &ask, &progress));
        progress.finish();
        checked.push((site, figures.into_inner()));
    }
    if let Err(error) = kept.borrow_mut().write(&file, now) {
        let help = "the next check asks for everything again";
        let diagnostic = Diagnostic::error(file.display().to_string(), format!("cannot be written: {error}"));
        found.push(diagnostic.as_warning().with_help(help));
    }
    found.sort();
    let failed = found.iter().any(|one| one.severity == Severity::Error);
    let text = if json {
        format!("{:#}\n", to_json(&checked, &found, !failed))
    } else {
        diagnostics::show(&found);
        to_text(&checked)
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(if failed { ExitCode::from(exit::AUTHOR) } else { ExitCode::SUCCESS })
}

/// Links of one site to others: different ones, not counted as often as they are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Figures {
    links: u64,
    /// Reached within the last week.
    kept: u64,
    broken: u64,
    undecided: u64,
}

/// One site's links to others.
struct Asking<'a> {
    args: LinkArgs,
    now: SystemTime,
    kept: &'a mut Kept,
    figures: &'a mut Figures,
}

impl Asking<'_> {
    fn unreached(
        &mut self,
        checker: &LinkChecker,
        links: BTreeSet<String>,
        begin: &dyn Fn(usize, usize),
        done: &(dyn Fn() + Sync),
    ) -> Unreached {
        self.figures.links = links.len() as u64;
        let mut wanted = BTreeMap::new();
        for link in links {
            if self.kept.knows(&link, self.now) {
                self.figures.kept += 1;
            } else {
                let counts = !checker.skips_anchor(&link);
                wanted.insert(link, counts);
            }
        }
        let (hosts, pages) = external::count(&wanted);
        if pages > 0 {
            begin(hosts, pages);
        }
        let manners = Manners { delay: self.args.delay, ..Manners::default() };
        let asker = HttpAsker::new(self.args.timeout, self.now);
        let verdicts = external::check(&wanted, &manners, &asker, &thread::sleep, done);
        let mut unreached = Unreached::new();
        for (link, verdict) in verdicts {
            match verdict {
                Verdict::Reached => self.kept.note(&link, self.now),
                Verdict::Broken(why) => {
                    self.figures.broken += 1;
                    unreached.insert(link, (checker.external, why));
                }
                Verdict::Undecided(why) => {
                    self.figures.undecided += 1;
                    unreached.insert(link, (Severity::Warning, why));
                }
            }
        }
        unreached
    }
}

impl Figures {
    fn cells(self) -> [u64; 4] {
        [self.links, self.kept, self.broken, self.undecided]
    }
}

fn to_text(checked: &[(SiteName, Figures)]) -> String {
    let head = ["site", "links to other sites", "reached lately", "broken", "undecided"];
    let row = |(site, figures): &(SiteName, Figures)| {
        std::iter::once(site.to_string()).chain(figures.cells().map(grouped)).collect::<Vec<_>>()
    };
    table(&head, &checked.iter().map(row).collect::<Vec<_>>())
}

fn to_json(checked: &[(SiteName, Figures)], found: &[Diagnostic], ok: bool) -> serde_json::Value {
    let site = |(site, figures): &(SiteName, Figures)| {
        json!({
            "site": site.as_str(),
            "links": figures.links,
            "reached_lately": figures.kept,
            "broken": figures.broken,
            "undecided": figures.undecided,
        })
    };
    json!({
        "ok": ok,
        "sites": checked.iter().map(site).collect::<Vec<_>>(),
        "diagnostics": found.iter().map(diagnostics::json).collect::<Vec<_>>(),
    })
}

//! `sitekit build --explain`: what a build was made of, as tables and as JSON. It finds out nothing itself.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow, bail};
use serde_json::{Value, json};

use super::{
    build::{BuildConfig, BuiltSite, Outcome, milliseconds},
    outside::{self, BuildOutside},
    progress::{Display, SiteProgress},
    text_table::{grouped, table},
};
use crate::{
    compress::Cache,
    load::DiskWorld,
    pipeline::{self, Explained, MadeOf, Role, Stage},
    site::{SiteName, SitePath},
    transform::render::{Clock, Cost, Part},
};

/// So many templates and components are shown to a person, and so many files that nothing uses.
const SHOWN: usize = 30;

/// What is said of a build.
#[derive(Debug)]
pub(super) enum Explanation {
    Sites(Vec<SiteExplained>),
    Url { url: String, made: MadeOf },
}

#[derive(Debug)]
pub(super) struct SiteExplained {
    site: SiteName,
    stages: Vec<(Stage, Duration)>,
    explained: Explained,
}

/// Explains the sites that were built, or the answer at one URL.
///
/// # Errors
/// When no site that was built has such a URL, or one cannot be read any more.
pub(super) fn explain(
    config: &BuildConfig,
    outcome: &Outcome,
    url: Option<&str>,
    display: Display,
) -> anyhow::Result<Explanation> {
    let start = Instant::now();
    let clock: Clock = Arc::new(move || start.elapsed());
    let Some(url) = url else {
        let sites = outcome.built.iter().map(|built| site(config, built, &clock, display));
        return Ok(Explanation::Sites(sites.collect::<anyhow::Result<_>>()?));
    };
    let (built, path) = addressed(outcome, url, "--explain")?;
    let (world, root) = sources(config, &built.site)?;
    let made = pipeline::made_of(&world, &built.site, &root, &path, &built.manifest, &clock)
        .ok_or_else(|| anyhow!("--explain: the site `{}` has nothing at `{path}`", built.site))?;
    Ok(Explanation::Url { url: path.to_url(&built.base), made })
}

fn site(config: &BuildConfig, built: &BuiltSite, clock: &Clock, display: Display) -> anyhow::Result<SiteExplained> {
    let (world, root) = sources(config, &built.site)?;
    let progress = SiteProgress::new(built.site.clone(), display);
    let explained = pipeline::explain(&world, &built.site, &root, clock, &progress).unwrap_or_default();
    progress.finish();
    Ok(SiteExplained { site: built.site.clone(), stages: built.stages.clone(), explained })
}

/// The sources of a site as a build reads them, and its folder in the project. Nothing is written of what is fetched.
pub(super) fn sources(config: &BuildConfig, site: &SiteName) -> anyhow::Result<(DiskWorld, String)> {
    let root = format!("{}/{site}", config.folder);
    let world = DiskWorld::new(&config.project, &root).with_context(|| format!("{root} cannot be read"))?;
    let cache = Arc::new(Cache::open(&config.out.join(".cache"), config.cache_limit)?);
    let time = outside::time_of_build()?;
    let outside = BuildOutside::open(&config.project.join(&root), &root, &cache, config.data, time);
    let outside = outside.map_err(|wrong| anyhow!("{}: {}", wrong.path, wrong.message))?;
    Ok((world.with_outside(Arc::new(outside)), root))
}

/// The site and the path in it that a URL means: with the place where the site is mounted, with scheme and host before it, or,
/// where only one site was built, a path in that.
pub(super) fn addressed<'o>(outcome: &'o Outcome, url: &str, flag: &str) -> anyhow::Result<(&'o BuiltSite, SitePath)> {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let mounted = outcome.built.iter().filter_map(|built| {
        let base = built.base.as_str();
        let is_root = path == base.trim_end_matches('/');
        Some((built, if is_root { "" } else { path.strip_prefix(base)? }))
    });
    let (built, below) = match (mounted.max_by_key(|(built, _)| built.base.as_str().len()), &outcome.built[..]) {
        (Some(found), _) => found,
        (None, [built]) => (built, path.trim_start_matches('/')),
        (None, built) => {
            let bases = built.iter().map(|built| built.base.as_str()).collect::<Vec<_>>().join(", ");
            bail!("{flag}: `{url}` is below none of the sites that were built: {bases}");
        }
    };
    let path = SitePath::from_request(&format!("/{below}"));
    Ok((built, path.with_context(|| format!("{flag}: `{url}`"))?))
}

impl Explanation {
    /// What a person reads.
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Sites(sites) => sites.iter().map(SiteExplained::to_text).collect(),
            Self::Url { url, made } => {
                let rows =
                    made.files.iter().map(|one| vec![word(one.role).to_owned(), one.file.clone(), one.note.clone()]);
                format!("\n{url}\n{}{}", left_table(&rows.collect::<Vec<_>>()), parts_table(&made.parts))
            }
        }
    }

    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Sites(sites) => sites.iter().map(SiteExplained::to_json).collect(),
            Self::Url { url, made } => {
                let files =
                    made.files.iter().map(|one| json!({"role": word(one.role), "file": one.file, "note": one.note}));
                json!({"url": url, "files": files.collect::<Vec<_>>(), "parts": parts_json(&made.parts)})
            }
        }
    }
}

impl SiteExplained {
    fn to_text(&self) -> String {
        let rows = self.stages.iter().map(|(stage, took)| vec![stage_word(*stage).to_owned(), time(*took)]);
        let stages = table(&["stage", "time"], &rows.collect::<Vec<_>>());
        let mut text = format!("\n{}\n{stages}{}", self.site, parts_table(&self.explained.parts));
        let unused = &self.explained.unused;
        if !unused.is_empty() {
            text.push_str("\nnothing seems to use\n");
            text.extend(unused.iter().take(SHOWN).map(|file| format!("  {file}\n")));
            if unused.len() > SHOWN {
                text.extend(["  ", &more(unused.len())]);
            }
        }
        text
    }

    fn to_json(&self) -> Value {
        let stages =
            self.stages.iter().map(|(stage, took)| json!({"stage": stage_word(*stage), "ms": milliseconds(*took)}));
        json!({
            "site": self.site.as_str(),
            "stages": stages.collect::<Vec<_>>(),
            "parts": parts_json(&self.explained.parts),
            "unused": self.explained.unused,
        })
    }
}

/// Templates and components, the expensive ones first.
fn parts_table(parts: &[(Part, Cost)]) -> String {
    if parts.is_empty() {
        return String::new();
    }
    let rows = parts.iter().take(SHOWN).map(|(part, cost)| {
        vec![
            shown(part),
            grouped(cost.calls),
            time(cost.own),
            time(cost.total),
            per_call(cost).map_or_else(String::new, time),
            cost.repeated.map_or_else(|| "–".to_owned(), |repeated| percent(repeated, cost.calls)),
        ]
    });
    let head = ["template or component", "calls", "own time", "with what it calls", "each", "same again"];
    let mut text = format!("\n{}", table(&head, &rows.collect::<Vec<_>>()));
    if parts.len() > SHOWN {
        text.push_str(&more(parts.len()));
    }
    text
}

fn more(count: usize) -> String {
    format!("and {} more; --json has them all\n", count - SHOWN)
}

fn parts_json(parts: &[(Part, Cost)]) -> Vec<Value> {
    let micros = |took: Duration| u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let part = |(part, cost): &(Part, Cost)| {
        let (kind, name) = match part {
            Part::Template(name) => ("template", name),
            Part::Component(name) => ("component", name),
        };
        json!({
            "kind": kind,
            "name": name,
            "calls": cost.calls,
            "own_us": micros(cost.own),
            "total_us": micros(cost.total),
            "repeated": cost.repeated,
        })
    };
    parts.iter().map(part).collect()
}

fn shown(part: &Part) -> String {
    match part {
        Part::Template(name) => name.clone(),
        Part::Component(name) => format!("<{name}>"),
    }
}

fn per_call(cost: &Cost) -> Option<Duration> {
    u32::try_from(cost.calls).ok().filter(|&calls| calls > 0).map(|calls| cost.total / calls)
}

fn percent(part: u64, whole: u64) -> String {
    part.saturating_mul(100).checked_div(whole).map_or_else(|| "–".to_owned(), |percent| format!("{percent} %"))
}

/// For a person: `340 µs`, `12 ms`, `1.3 s`.
fn time(took: Duration) -> String {
    match took.as_micros() {
        micros @ 0..=999 => format!("{micros} µs"),
        1000..=999_999 => format!("{} ms", took.as_millis()),
        _ => format!("{:.1} s", took.as_secs_f64()),
    }
}

/// Texts in columns.
pub(super) fn left_table(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (first, second) = (width(0), width(1));
    let line = |row: &Vec<String>| {
        let text = format!("  {:first$}  {:second$}  {}", row[0], row[1], row[2]);
        text.trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Load => "reading",
        Stage::Markdown => "Markdown",
        Stage::Render => "templates",
        Stage::Assets => "assets",
        Stage::Finish => "finishing",
        Stage::Compress => "compressing",
    }
}

pub(super) fn word(role: Role) -> &'static str {
    match role {
        Role::Content => "content",
        Role::Template => "template",
        Role::Extended => "extends",
        Role::Included => "includes",
        Role::Component => "component",
        Role::Read => "asks for",
        Role::Data => "reads",
        Role::Asset => "loads",
        Role::Module => "with",
        Role::File => "file",
        Role::Redirect => "redirects to",
        Role::Configuration => "configured by",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_for_a_person() {
        for (micros, expected) in
            [(0, "0 µs"), (999, "999 µs"), (1000, "1 ms"), (999_999, "999 ms"), (1_250_000, "1.2 s")]
        {
            assert_eq!(time(Duration::from_micros(micros)), expected);
        }
        assert_eq!((percent(1, 3), percent(0, 0)), ("33 %".to_owned(), "–".to_owned()));
    }
}

//! The development loop: how long it takes from a save to what is served. Each server has the same pages and templates, runs
//! alone, and is asked as a browser asks; only what a person waits for is counted.

mod server;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, ensure};

use self::server::Server;
use crate::{
    Common,
    build::{
        corpus,
        generator::{Generator, Kind, Work},
    },
    machine, progress,
    report::Report,
    sample::{median, quantile},
    table::{Table, figure},
};

/// A page is there so soon, in milliseconds: up to `SMALL` pages, and beyond.
const PAGE_GOALS: [f64; 2] = [50.0, 100.0];
const SMALL: usize = 10_000;

/// And so many times sooner than that of the best peer.
const TIMES: f64 = 10.0;

/// A session that begins where another ended serves so soon, in milliseconds.
const START_GOAL: f64 = 1000.0;

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct LoopArgs {
    /// What is built: an archive that tar unpacks, or a folder, with a `content` folder in it
    #[arg(long, env = "SITEKIT_CORPUS", value_name = "PATH")]
    corpus: PathBuf,
    /// Repeats the corpus under new names up to so many pages
    #[arg(long, value_name = "N")]
    pages: Option<usize>,
    /// Saves of a page, of each kind
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1000))]
    edits: u32,
    /// Saves of the template around all pages
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    templates: u32,
    /// Seconds of rest that are looked at
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    idle: u64,
    /// sitekit alone
    #[arg(long)]
    alone: bool,
}

pub(crate) fn run(common: &Common, args: &LoopArgs) -> anyhow::Result<Report> {
    let rounds = Rounds {
        edits: if common.quick { 3 } else { args.edits },
        templates: if common.quick { 1 } else { args.templates },
        idle: Duration::from_secs(if common.quick { 2 } else { args.idle }),
    };
    let scratch = tempfile::tempdir().context("a temporary folder")?;
    let mut content = corpus::open(&args.corpus, scratch.path())?;
    if let Some(pages) = args.pages {
        let repeated = scratch.path().join("repeated");
        corpus::repeat(&content, &repeated, pages).context("repeating the corpus")?;
        content = repeated;
    }
    let pages = count(&content)?;
    let mut report = Report {
        heading: format!("the development loop, {pages} pages"),
        findings: machine::caution(machine::load()).into_iter().collect(),
        ..Report::default()
    };
    let peers: &[Kind] = if args.alone { &[] } else { &[Kind::Hugo, Kind::Zola] };
    let mut measured = Vec::new();
    for &kind in [Kind::Sitekit].iter().chain(peers) {
        let Some((binary, version)) = kind.find(common.sitekit.as_deref()) else {
            report.findings.push(format!("skipped {}: not found", kind.name()));
            continue;
        };
        report.versions.push((kind.name().to_owned(), version));
        let project = scratch.path().join("project");
        let generator = Generator::new(kind, binary, project.clone(), &content)?;
        match measure(&generator, &rounds, scratch.path()) {
            Ok(times) => measured.push((kind, times)),
            Err(error) => report.findings.push(format!("{} failed: {error:#}", kind.name())),
        }
        for folder in [project, scratch.path().join("out"), scratch.path().join("out.cache")] {
            // It may not be there.
            drop(std::fs::remove_dir_all(folder));
        }
    }
    ensure!(!measured.is_empty(), "nothing could be measured: {}", report.findings.join("; "));
    let (table, findings) = judge(pages, &measured);
    report.tables.push(table);
    report.findings.extend(findings);
    Ok(report)
}

#[derive(Debug, Clone, Copy)]
struct Rounds {
    edits: u32,
    templates: u32,
    idle: Duration,
}

/// What was waited for, in milliseconds.
#[derive(Debug, Clone, Default)]
struct Times {
    cold: f64,
    warm: f64,
    /// One page, while nothing else is done.
    page: Vec<f64>,
    /// One page right after the other.
    burst: Vec<f64>,
    template: Vec<f64>,
    /// Per second of rest.
    idle: f64,
}

fn measure(generator: &Generator, rounds: &Rounds, scratch: &Path) -> anyhow::Result<Times> {
    let name = generator.kind.name();
    let work = Work { highlight: true, minify: false };
    let out = scratch.join("out");
    server::write_page(generator, "at first")?;
    let some = some_pages(&generator.site().join("content"))?;
    let mut times = Times::default();

    progress(&format!("{name}: the first start"));
    let (first, cold) = Server::start(generator, work, &out)?;
    times.cold = milliseconds(cold);
    first.rest()?;
    for round in 0..rounds.edits {
        progress(&format!("{name}: a page, {} of {}", round + 1, rounds.edits));
        times.page.push(milliseconds(first.edit(&format!("page-{round}-"))?));
        first.rest()?;
    }
    progress(&format!("{name}: one page right after the other"));
    for round in 0..rounds.edits {
        times.burst.push(milliseconds(first.edit(&format!("burst-{round}-"))?));
    }
    first.rest()?;
    for round in 0..rounds.templates {
        progress(&format!("{name}: a template, {} of {}", round + 1, rounds.templates));
        times.template.push(milliseconds(first.edit_template(&format!("template-{round}-"), &some)?));
        first.rest()?;
    }
    progress(&format!("{name}: at rest"));
    #[expect(clippy::cast_precision_loss, reason = "ticks of a few seconds")]
    let ticks = first.idle(rounds.idle)? as f64;
    // A hundred ticks are a second, on every Linux there is.
    times.idle = ticks * 10.0 / rounds.idle.as_secs_f64();
    drop(first);
    progress(&format!("{name}: another start"));
    let (_second, warm) = Server::start(generator, work, &out)?;
    times.warm = milliseconds(warm);
    Ok(times)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Addresses of a few pages below the site's: the first folder's and the last's, and that of the page that is measured.
fn some_pages(content: &Path) -> anyhow::Result<Vec<String>> {
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(content)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if is_plain && entry.path().join("_index.md").is_file() {
            folders.push(format!("{name}/"));
        }
    }
    folders.sort();
    let ends = [folders.first(), folders.last()].into_iter().flatten().cloned();
    Ok(ends.chain([String::new(), format!("{}/", server::PAGE.trim_end_matches(".md"))]).collect())
}

/// The Markdown files of a folder.
fn count(folder: &Path) -> anyhow::Result<usize> {
    let mut files = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        files +=
            if path.is_dir() { count(&path)? } else { usize::from(path.extension().is_some_and(|end| end == "md")) };
    }
    Ok(files)
}

/// The table and what follows from it. Pure: all that is known is in the times.
fn judge(pages: usize, measured: &[(Kind, Times)]) -> (Table, Vec<String>) {
    let mut table = Table::new(
        "milliseconds from a save, or from the start, to what is served",
        &[
            "server",
            "a page",
            "p95",
            "one after the other",
            "p95",
            "base template",
            "first start",
            "another start",
            "CPU ms per idle second",
        ],
    );
    for (kind, times) in measured {
        table.push(vec![
            kind.name().to_owned(),
            figure(median(&times.page), 1),
            figure(quantile(&times.page, 0.95), 1),
            figure(median(&times.burst), 1),
            figure(quantile(&times.burst, 0.95), 1),
            figure(median(&times.template), 0),
            figure(Some(times.cold), 0),
            figure(Some(times.warm), 0),
            figure(Some(times.idle), 1),
        ]);
    }
    let Some((_, ours)) = measured.iter().find(|(kind, _)| *kind == Kind::Sitekit) else { return (table, Vec::new()) };
    let word = |is_met: bool| if is_met { "met" } else { "missed" };
    let goal = PAGE_GOALS[usize::from(pages > SMALL)];
    let mut findings = Vec::new();
    if let Some(page) = median(&ours.page) {
        findings.push(format!("a page within {goal:.0} ms: {page:.1} ms, {}", word(page <= goal)));
        let best = measured.iter().filter(|(kind, _)| *kind != Kind::Sitekit);
        let best = best.filter_map(|(kind, times)| Some((*kind, median(&times.page)?)));
        if let Some((kind, theirs)) = best.min_by(|one, other| one.1.total_cmp(&other.1)) {
            let times = theirs / page;
            let (name, word) = (kind.name(), word(times >= TIMES));
            findings.push(format!("{times:.1} times sooner than {name}, the best peer; goal {TIMES:.0} {word}"));
        }
    }
    findings.push(format!("another start within a second: {:.0} ms, {}", ours.warm, word(ours.warm <= START_GOAL)));
    findings.push(format!("nothing is done at rest: {}", word(ours.idle < 1.0)));
    (table, findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_by_the_number_of_pages() {
        let times = |page: f64, warm| Times { page: vec![page], warm, ..Times::default() };
        let measured =
            [(Kind::Sitekit, times(70.0, 900.0)), (Kind::Zola, times(800.0, 1.0)), (Kind::Hugo, times(300.0, 1.0))];
        let (_, small) = judge(3000, &measured);
        let expected = [
            "a page within 50 ms: 70.0 ms, missed",
            "4.3 times sooner than Hugo, the best peer; goal 10 missed",
            "another start within a second: 900 ms, met",
            "nothing is done at rest: met",
        ];
        assert_eq!(small, expected);
        let (_, large) = judge(100_000, &measured);
        assert_eq!(large[0], "a page within 100 ms: 70.0 ms, met");
    }

    #[test]
    fn pages_are_looked_at_from_both_ends() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "a", "c", "Upper case"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            std::fs::write(folder.path().join(name).join("_index.md"), "").unwrap();
        }
        assert_eq!(some_pages(folder.path()).unwrap(), ["a/", "c/", "", "measured/"]);
        assert_eq!(count(folder.path()).unwrap(), 4);
    }
}

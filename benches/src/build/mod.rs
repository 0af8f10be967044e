//! The cold build of a real corpus: what every generator takes for the same pages, from nothing to an output that can be
//! published. Rounds are interleaved, each into a folder that did not exist, with the file cache warm for all alike.

pub(crate) mod corpus;
pub(crate) mod generator;
mod growth;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};

use self::{
    corpus::Made,
    generator::{Generator, Kind, Work},
};
use crate::{
    Common, machine,
    meter::{self, Usage},
    progress,
    report::Report,
    sample::{median, ratio, spread},
    table::{Table, figure, percent},
};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct BuildArgs {
    /// What is built: an archive that tar unpacks, or a folder, with a `content` folder in it
    #[arg(long, env = "SITEKIT_CORPUS", value_name = "PATH")]
    corpus: PathBuf,
    /// What is done to the pages
    #[arg(long = "work", value_enum, value_name = "WORK", default_values = ["plain", "highlight"])]
    works: Vec<WorkArg>,
    /// Builds sitekit alone, with the corpus repeated under new names up to so many pages, to see time and memory grow
    #[arg(long, value_name = "N")]
    pages: Option<usize>,
    /// Builds of each kind
    #[arg(long = "builds", value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    builds: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum WorkArg {
    /// Code blocks as they are
    Plain,
    /// Code blocks highlighted; and sitekit once more with compression, which no peer has
    Highlight,
}

impl WorkArg {
    fn title(self) -> &'static str {
        match self {
            Self::Plain => "without highlighting",
            Self::Highlight => "with highlighting",
        }
    }
}

pub(crate) fn run(common: &Common, args: &BuildArgs) -> anyhow::Result<Report> {
    let builds = if common.quick { 1 } else { args.builds };
    let scratch = tempfile::tempdir().context("a temporary folder")?;
    let content = corpus::open(&args.corpus, scratch.path())?;
    if let Some(pages) = args.pages {
        return growth::run(common, pages, &content, scratch.path());
    }
    let mut report = Report {
        heading: "cold builds of the corpus".to_owned(),
        findings: machine::caution(machine::load()).into_iter().collect(),
        ..Report::default()
    };
    let mut generators = Vec::new();
    for kind in [Kind::Sitekit, Kind::SitekitProd, Kind::Hugo, Kind::Zola] {
        if let Some((binary, version)) = kind.find(common.sitekit.as_deref()) {
            let project = scratch.path().join(format!("{kind:?}"));
            generators.push(Generator::new(kind, binary, project, &content)?);
            if kind != Kind::SitekitProd {
                report.versions.push((kind.name().to_owned(), version));
            }
        } else if kind != Kind::SitekitProd {
            report.findings.push(format!("skipped {}: not found", kind.name()));
        }
    }
    ensure!(!generators.is_empty(), "none of sitekit, Hugo and Zola is there to be measured");
    for work in &args.works {
        let rows = measure(*work, &generators, builds, scratch.path())?;
        let (table, findings) = judge(work.title(), &rows);
        report.tables.push(table);
        report.findings.extend(findings);
    }
    Ok(report)
}

/// A generator's builds of one kind.
#[derive(Debug, Default)]
struct Row {
    name: String,
    usages: Vec<Usage>,
    made: Made,
    /// Why there are no further builds.
    fault: Option<String>,
}

fn measure(work: WorkArg, generators: &[Generator], builds: u32, scratch: &Path) -> anyhow::Result<Vec<Row>> {
    let highlight = work == WorkArg::Highlight;
    let mut contenders: Vec<Contender<'_>> = Vec::new();
    for generator in generators {
        for minify in generator.kind.minifies() {
            if highlight || generator.kind != Kind::SitekitProd {
                contenders.push(Contender::new(generator, Work { highlight, minify: *minify }));
            }
        }
    }
    for round in 0..builds as usize {
        // Each round begins with another contender, so that none always follows the same one.
        for turn in 0..contenders.len() {
            let index = (round + turn) % contenders.len();
            let Contender { generator, work: what, cold, warm } = &mut contenders[index];
            progress(&format!("{}: {}, {} of {builds}", work.title(), cold.name, round + 1));
            let out = scratch.join("out");
            for row in std::iter::once(cold).chain(warm) {
                row.build(generator, *what, &out);
            }
            discard(&out)?;
        }
    }
    Ok(contenders.into_iter().flat_map(|contender| std::iter::once(contender.cold).chain(contender.warm)).collect())
}

/// A generator with its settings, and what came of it.
#[derive(Debug)]
struct Contender<'a> {
    generator: &'a Generator,
    work: Work,
    cold: Row,
    /// A second build into the same folder, for those that keep a cache.
    warm: Option<Row>,
}

impl<'a> Contender<'a> {
    fn new(generator: &'a Generator, work: Work) -> Self {
        let name = generator.kind.name();
        let is_peer = generator.kind.minifies().len() > 1;
        let cold = Row::new(if is_peer && work.minify { format!("{name}, minified") } else { name.to_owned() });
        let warm = (generator.kind == Kind::SitekitProd).then(|| Row::new(format!("{name}, cache warm")));
        Self { generator, work, cold, warm }
    }
}

impl Row {
    fn new(name: String) -> Self {
        Self { name, ..Self::default() }
    }

    /// One build more. A generator that fails is not asked again; the others are still measured.
    fn build(&mut self, generator: &Generator, work: Work, out: &Path) {
        if self.fault.is_some() {
            return;
        }
        // What the build before left to be written would be written during this one.
        nix::unistd::sync();
        let built = generator.command(work, out).and_then(|command| {
            let (usage, output) = meter::measure(&command)?;
            let made = generator.made(out, &output)?;
            ensure!(made.spans > 0 || !work.highlight, "nothing was highlighted");
            Ok((usage, made))
        });
        match built {
            Ok((usage, made)) => {
                self.usages.push(usage);
                self.made = made;
            }
            Err(error) => self.fault = Some(format!("{error:#}")),
        }
    }

    fn wall(&self) -> Vec<f64> {
        self.usages.iter().map(|usage| usage.wall.as_secs_f64()).collect()
    }

    fn cpu(&self) -> Vec<f64> {
        self.usages.iter().map(|usage| usage.cpu.as_secs_f64()).collect()
    }

    /// Bytes.
    #[expect(clippy::cast_precision_loss, reason = "memory is less than 2^53 bytes")]
    fn peak(&self) -> Vec<f64> {
        self.usages.iter().map(|usage| usage.peak as f64).collect()
    }
}

/// Output and cache of a build, gone.
fn discard(out: &Path) -> anyhow::Result<()> {
    for folder in [out.to_owned(), out.with_extension("cache")] {
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("removing {}", folder.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The table of one kind of work and what follows from it. Pure: all that is known is in the rows.
fn judge(title: &str, rows: &[Row]) -> (Table, Vec<String>) {
    let ours = rows.iter().find(|row| row.name == Kind::Sitekit.name() && !row.usages.is_empty());
    let mut table = Table::new(
        title,
        &[
            "generator",
            "wall s",
            "CPU s",
            "peak MiB",
            "spread",
            "pages",
            "spans",
            "output MB",
            "× sitekit wall",
            "× sitekit CPU",
        ],
    );
    let mut findings = Vec::new();
    for row in rows {
        if let Some(fault) = &row.fault {
            findings.push(format!("{title}: {} failed: {fault}", row.name));
        }
        if row.usages.is_empty() {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "an output is less than 2^53 bytes")]
        let megabytes = row.made.bytes as f64 / 1e6;
        table.push(vec![
            row.name.clone(),
            figure(median(&row.wall()), 2),
            figure(median(&row.cpu()), 2),
            figure(median(&row.peak()).map(|bytes| bytes / f64::from(1 << 20)), 0),
            percent(spread(&row.wall())),
            row.made.pages.to_string(),
            row.made.spans.to_string(),
            figure(Some(megabytes), 1),
            figure(ours.and_then(|ours| ratio(&row.wall(), &ours.wall())), 2),
            figure(ours.and_then(|ours| ratio(&row.cpu(), &ours.cpu())), 2),
        ]);
        if let Some(ours) = ours
            && ours.made.pages != row.made.pages
        {
            let (theirs, pages) = (row.made.pages, ours.made.pages);
            findings
                .push(format!("{title}: {} made {theirs} pages, sitekit {pages}: not quite the same work", row.name));
        }
    }
    (table, findings)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn row(name: &str, seconds: &[u64], pages: u64) -> Row {
        let usage = |seconds: &u64| Usage {
            wall: Duration::from_secs(*seconds),
            cpu: Duration::from_secs(seconds * 2),
            peak: 100 << 20,
        };
        Row {
            name: name.to_owned(),
            usages: seconds.iter().map(usage).collect(),
            made: Made { pages, spans: 7, bytes: 12_300_000 },
            fault: None,
        }
    }

    #[test]
    fn peers_are_said_in_multiples_of_ours() {
        let failed = Row { fault: Some("a page is broken".into()), ..Row::new("Zola".to_owned()) };
        let (table, findings) = judge("plain", &[row("sitekit", &[2, 4], 10), row("Hugo", &[8, 8], 11), failed]);
        let rows: Vec<Vec<String>> =
            table.to_text().lines().skip(2).map(|line| line.split_whitespace().map(str::to_owned).collect()).collect();
        assert_eq!(rows[0], ["sitekit", "3.00", "6.00", "100", "66.7", "%", "10", "7", "12.3", "1.00", "1.00"]);
        assert_eq!(rows[1], ["Hugo", "8.00", "16.00", "100", "0.0", "%", "11", "7", "12.3", "3.00", "3.00"]);
        assert_eq!(rows.len(), 2);
        assert_eq!(
            findings,
            ["plain: Hugo made 11 pages, sitekit 10: not quite the same work", "plain: Zola failed: a page is broken"]
        );
    }

    #[test]
    fn without_sitekit_there_is_no_ratio() {
        let (table, findings) = judge("plain", &[row("Hugo", &[8], 11)]);
        assert!(table.to_text().contains('–'));
        assert!(findings.is_empty());
    }
}

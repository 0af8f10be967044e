//! Scripts and style sheets: what sitekit, esbuild and Vite make of the same pages, how large it is, and how long they
//! take. Rounds are interleaved, each into a folder that did not exist, with the file cache warm for all alike.

mod bundler;
mod made;
mod project;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use self::{
    bundler::{Bundler, Kind},
    made::Made,
    project::Project,
};
use crate::{
    Common, machine, peer, progress,
    report::Report,
    sample::{median, ratio},
    table::{Table, figure},
};

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct AssetsArgs {
    /// Only these fixtures
    #[arg(long = "fixture", value_name = "NAME")]
    fixtures: Vec<String>,
    /// Builds of each kind
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
}

/// The project the fixtures are sites of.
const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/assets/fixtures");

pub(crate) fn run(common: &Common, args: &AssetsArgs) -> anyhow::Result<Report> {
    let rounds = if common.quick { 1 } else { args.rounds };
    let scratch = tempfile::tempdir().context("a temporary folder")?;
    let project = Project::copy(Path::new(PROJECT), scratch.path().join("project"))?;
    let fixtures = chosen(&project.fixtures, &args.fixtures)?;
    let mut report = Report {
        heading: "scripts and style sheets".to_owned(),
        findings: machine::caution(machine::load()).into_iter().collect(),
        ..Report::default()
    };
    let mut bundlers = Vec::new();
    for kind in Kind::ALL {
        match Bundler::find(kind, common.sitekit.as_deref(), Path::new(peer::FROM_NPM)) {
            Some((bundler, version)) => {
                bundlers.push(bundler);
                report.versions.push((kind.name().to_owned(), version));
            }
            None if kind == Kind::Sitekit => bail!("sitekit is not there to be measured"),
            None => {
                report.findings.push(format!("skipped {}: npm ci --prefix benches/peers/assets", kind.name()));
            }
        }
    }
    let mut rows = Vec::new();
    for fixture in fixtures {
        rows.push(measure(&project, fixture, &bundlers, rounds, &scratch.path().join("out")));
    }
    report.tables = vec![sizes(&rows), times(&rows)];
    report.findings.extend(rows.iter().flat_map(Row::findings));
    report.findings.extend(goals(&rows));
    Ok(report)
}

/// Those that were asked for, or all.
fn chosen<'a>(all: &'a [String], wanted: &'a [String]) -> anyhow::Result<&'a [String]> {
    if let Some(unknown) = wanted.iter().find(|name| !all.contains(name)) {
        bail!("there is no fixture `{unknown}`; there are: {}", all.join(", "));
    }
    Ok(if wanted.is_empty() { all } else { wanted })
}

/// All builds of one fixture.
#[derive(Debug, Default)]
struct Row {
    fixture: String,
    sitekit: Builds,
    /// Once more into the same folder, where nothing has changed.
    warm: Builds,
    esbuild: Builds,
    vite: Builds,
}

/// What one program made of a fixture, and how long each time took.
#[derive(Debug, Default)]
struct Builds {
    /// Without compression.
    milliseconds: Vec<f64>,
    /// To the end.
    whole: Vec<f64>,
    made: Made,
    /// Why there are no further builds.
    fault: Option<String>,
}

fn measure(project: &Project, fixture: &str, bundlers: &[Bundler], rounds: u32, out: &Path) -> Row {
    let mut row = Row { fixture: fixture.to_owned(), ..Row::default() };
    for round in 0..rounds as usize {
        progress(&format!("{fixture}, {} of {rounds}", round + 1));
        // Each round begins with another bundler, so that none always follows the same one.
        for turn in 0..bundlers.len() {
            let bundler = &bundlers[(round + turn) % bundlers.len()];
            if bundler.kind.takes(fixture) {
                let out: PathBuf = out.join(format!("{fixture}-{round}-{:?}", bundler.kind));
                row.builds(bundler.kind).build(bundler, project, fixture, &out);
                if bundler.kind == Kind::Sitekit {
                    row.warm.build(bundler, project, fixture, &out);
                }
            }
        }
    }
    row
}

impl Builds {
    /// One build more. A program that fails is not asked again; the others are still measured.
    fn build(&mut self, bundler: &Bundler, project: &Project, fixture: &str, out: &Path) {
        if self.fault.is_some() {
            return;
        }
        // What the build before left to be written would be written during this one.
        nix::unistd::sync();
        let built = bundler.build(project, fixture, out).and_then(|took| {
            if self.milliseconds.is_empty() {
                self.made = bundler.made(fixture, out)?;
            }
            Ok(took)
        });
        match built {
            Ok(took) => {
                self.milliseconds.push(took.uncompressed.as_secs_f64() * 1e3);
                self.whole.push(took.whole.as_secs_f64() * 1e3);
            }
            Err(error) => self.fault = Some(format!("{error:#}")),
        }
    }

    /// What was made, when something was.
    fn made(&self) -> Option<Made> {
        (!self.milliseconds.is_empty()).then_some(self.made)
    }
}

impl Row {
    fn builds(&mut self, kind: Kind) -> &mut Builds {
        match kind {
            Kind::Sitekit => &mut self.sitekit,
            Kind::Esbuild => &mut self.esbuild,
            Kind::Vite => &mut self.vite,
        }
    }

    /// What went wrong.
    fn findings(&self) -> Vec<String> {
        let all = [
            ("sitekit", &self.sitekit),
            ("sitekit, warm", &self.warm),
            ("esbuild", &self.esbuild),
            ("Vite", &self.vite),
        ];
        let failed = all.into_iter().filter_map(|(name, builds)| Some((name, builds.fault.as_ref()?)));
        failed.map(|(name, fault)| format!("{}: {name} failed: {fault}", self.fixture)).collect()
    }
}

/// Files and bytes, side by side.
fn sizes(rows: &[Row]) -> Table {
    let head = [
        "fixture",
        "files: sitekit",
        "esbuild",
        "Vite",
        "bytes: sitekit",
        "esbuild",
        "Vite",
        "brotli: sitekit",
        "esbuild",
        "Vite",
        "× smaller peer",
    ];
    let mut table = Table::new("files (scripts + style sheets), minified bytes, bytes after brotli 11", &head);
    for row in rows {
        let made = [&row.sitekit, &row.esbuild, &row.vite].map(Builds::made);
        let cells = |text: fn(Made) -> String| made.map(|made| made.map_or_else(|| "–".to_owned(), text));
        let mut line = vec![row.fixture.clone()];
        line.extend(cells(|made| format!("{}+{}", made.scripts, made.styles)));
        line.extend(cells(|made| made.bytes.to_string()));
        line.extend(cells(|made| made.brotli.to_string()));
        let smaller = row.smaller_peer(|made| made.brotli);
        line.push(figure(made[0].zip(smaller).map(|(ours, theirs)| part(ours.brotli, theirs)), 3));
        table.push(line);
    }
    table
}

/// Wall time, side by side: medians, and the medians of the ratios within the rounds.
fn times(rows: &[Row]) -> Table {
    let head =
        ["fixture", "sitekit", "esbuild", "Vite", "× esbuild", "× Vite", "sitekit with compression", "nothing changed"];
    let mut table = Table::new("milliseconds, cold", &head);
    for row in rows {
        let middle = |milliseconds: &[f64]| figure(median(milliseconds), 0);
        let to = |peer: &Builds| figure(ratio(&row.sitekit.milliseconds, &peer.milliseconds), 2);
        table.push(vec![
            row.fixture.clone(),
            middle(&row.sitekit.milliseconds),
            middle(&row.esbuild.milliseconds),
            middle(&row.vite.milliseconds),
            to(&row.esbuild),
            to(&row.vite),
            middle(&row.sitekit.whole),
            middle(&row.warm.whole),
        ]);
    }
    table
}

impl Row {
    /// The figure of the peer whose is smaller.
    fn smaller_peer(&self, figure: fn(Made) -> u64) -> Option<u64> {
        [&self.esbuild, &self.vite].into_iter().filter_map(Builds::made).map(figure).min()
    }
}

/// What was aimed at, and where it was missed. Pure: all that is known is in the rows.
fn goals(rows: &[Row]) -> Vec<String> {
    /// Whether it is met and the figures, where there is something to compare.
    type Goal = fn(&Row) -> Option<(bool, String)>;
    let goals: [(&str, Goal); 4] = [
        ("no more bytes than the smaller peer", |row| {
            let (ours, theirs) = (row.sitekit.made()?.bytes, row.smaller_peer(|made| made.bytes)?);
            Some((ours <= theirs, format!("{ours} to {theirs}")))
        }),
        ("no more bytes after brotli than the smaller peer", |row| {
            let (ours, theirs) = (row.sitekit.made()?.brotli, row.smaller_peer(|made| made.brotli)?);
            Some((ours <= theirs, format!("{ours} to {theirs}")))
        }),
        ("less time than Vite", |row| {
            let times = ratio(&row.sitekit.milliseconds, &row.vite.milliseconds)?;
            Some((times < 1.0, format!("{times:.2} times as long")))
        }),
        ("at most twice esbuild's time", |row| {
            let times = ratio(&row.sitekit.milliseconds, &row.esbuild.milliseconds)?;
            Some((times <= 2.0, format!("{times:.2} times as long")))
        }),
    ];
    let told = goals.map(|(goal, judge)| {
        let judged: Vec<(&Row, (bool, String))> = rows.iter().filter_map(|row| Some((row, judge(row)?))).collect();
        let missed = judged.iter().filter(|(_, (is_met, _))| !is_met);
        let missed: Vec<String> = missed.map(|(row, (_, figures))| format!("{} ({figures})", row.fixture)).collect();
        let (met, all) = (judged.len() - missed.len(), judged.len());
        let told = format!("goal met in {met} of {all} fixtures: {goal}");
        if missed.is_empty() { told } else { format!("{told}; not in {}", missed.join(", ")) }
    });
    told.into()
}

#[expect(clippy::cast_precision_loss, reason = "an output is less than 2^53 bytes")]
fn part(ours: u64, theirs: u64) -> f64 {
    ours as f64 / theirs as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builds(milliseconds: &[f64], bytes: u64, brotli: u64) -> Builds {
        let made = Made { scripts: 2, styles: 1, bytes, brotli };
        let whole = milliseconds.iter().map(|milliseconds| milliseconds * 10.0).collect();
        Builds { milliseconds: milliseconds.to_vec(), whole, made, fault: None }
    }

    fn rows() -> [Row; 2] {
        let both = Row {
            fixture: "react".into(),
            sitekit: builds(&[30.0, 60.0], 900, 90),
            warm: builds(&[2.0], 900, 90),
            esbuild: builds(&[10.0, 20.0], 1000, 80),
            vite: builds(&[60.0, 120.0], 950, 100),
        };
        let alone = Row {
            fixture: "worker".into(),
            sitekit: builds(&[30.0], 900, 90),
            vite: Builds { fault: Some("no such file".into()), ..Builds::default() },
            ..Row::default()
        };
        [both, alone]
    }

    #[test]
    fn peers_stand_beside_ours() {
        let text = sizes(&rows()).to_text();
        let line = |number: usize| text.lines().nth(number).unwrap().split_whitespace().collect::<Vec<_>>();
        assert_eq!(line(2), ["react", "2+1", "2+1", "2+1", "900", "1000", "950", "90", "80", "100", "1.125"]);
        assert_eq!(line(3), ["worker", "2+1", "–", "–", "900", "–", "–", "90", "–", "–", "–"]);
        let text = times(&rows()).to_text();
        let line = |number: usize| text.lines().nth(number).unwrap().split_whitespace().collect::<Vec<_>>();
        assert_eq!(line(2), ["react", "45", "15", "90", "3.00", "0.50", "450", "20"]);
        assert_eq!(line(3), ["worker", "30", "–", "–", "–", "–", "300", "–"]);
    }

    #[test]
    fn a_goal_that_is_missed_says_where() {
        let expected = [
            "goal met in 1 of 1 fixtures: no more bytes than the smaller peer",
            "goal met in 0 of 1 fixtures: no more bytes after brotli than the smaller peer; not in react (90 to 80)",
            "goal met in 1 of 1 fixtures: less time than Vite",
            "goal met in 0 of 1 fixtures: at most twice esbuild's time; not in react (3.00 times as long)",
        ];
        assert_eq!(goals(&rows()), expected);
        assert_eq!(rows()[1].findings(), ["worker: Vite failed: no such file"]);
    }

    #[test]
    fn an_unknown_fixture_is_refused() {
        let all = ["react".to_owned(), "three".to_owned()];
        assert_eq!(chosen(&all, &[]).unwrap(), all);
        let error = chosen(&all, &["vue".to_owned()]).unwrap_err().to_string();
        assert_eq!(error, "there is no fixture `vue`; there are: react, three");
    }
}

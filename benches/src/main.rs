//! Side-by-side measurements against peers, because a figure without its rival from the same minute on the same machine
//! says little. Prints ratios; never a verdict that a single run cannot carry. Linux only: it pins cores and reads `/proc`.

mod answer;
mod assets;
mod build;
mod development;
mod machine;
mod memory;
mod meter;
mod metrics;
mod modules;
mod peer;
mod pin;
mod proc;
mod process;
mod random;
mod report;
mod sample;
mod serve;
mod soak;
mod table;
mod zola;

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::report::Report;

/// Measures sitekit beside its peers, in one run, on this machine
#[derive(Debug, Parser)]
#[command(name = "sitekit-bench", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// CPU time per request: a raw epoll loop, sitekit, nginx, Caddy
    Serve {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        args: serve::ServeArgs,
    },
    /// Time, memory and output of a cold build: sitekit, Hugo, Zola
    Build {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        args: build::BuildArgs,
    },
    /// From a save to what is served: sitekit dev, hugo server, zola serve
    Loop {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        args: development::LoopArgs,
    },
    /// From a save to the new module running in a browser: sitekit dev, vite dev
    Modules {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        args: modules::ModulesArgs,
    },
    /// Files, bytes and time of scripts and style sheets: sitekit, esbuild, Vite
    Assets {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        args: assets::AssetsArgs,
    },
    /// `serve` and `build`, one after the other
    Compare {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        serve: serve::ServeArgs,
        #[command(flatten)]
        build: build::BuildArgs,
    },
    /// A bundle larger than memory: what the hottest pages pay for it
    Memory {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        args: memory::MemoryArgs,
    },
    /// Full load, deploys, reloads and abuse at once; fails when one good request does
    Soak {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        args: soak::SoakArgs,
    },
    /// Whether Zola's sites are the same sites here; fails when a difference has no reason
    Zola {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        args: zola::ZolaArgs,
    },
    /// The constant answer that `serve` compares with
    #[command(hide = true)]
    Floor(serve::floor::FloorArgs),
    /// Runs one command and writes down what it used
    #[command(hide = true)]
    Meter(meter::MeterArgs),
}

/// What every measurement takes.
#[derive(Debug, Clone, Args)]
struct Common {
    /// The sitekit binary [default: the one beside this program, else the one on PATH]
    #[arg(long, env = "SITEKIT", value_name = "FILE")]
    sitekit: Option<PathBuf>,
    /// Shows that everything runs; the figures are too short to mean much
    #[arg(long)]
    quick: bool,
    /// Appends the tables, the machine and the command to benches/RESULTS.md
    #[arg(long, conflicts_with = "quick")]
    record: bool,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve { common, args } => finish(&common, &[serve::run(&common, &args)?]),
        Command::Build { common, args } => finish(&common, &[build::run(&common, &args)?]),
        Command::Loop { common, args } => finish(&common, &[development::run(&common, &args)?]),
        Command::Modules { common, args } => finish(&common, &[modules::run(&common, &args)?]),
        Command::Assets { common, args } => finish(&common, &[assets::run(&common, &args)?]),
        Command::Compare { common, serve, build } => {
            finish(&common, &[serve::run(&common, &serve)?, build::run(&common, &build)?])
        }
        Command::Memory { common, args } => finish(&common, &[memory::run(&common, &args)?]),
        Command::Soak { common, args } => {
            let (report, faults) = soak::run(&common, &args)?;
            finish(&common, &[report])?;
            anyhow::ensure!(faults.is_empty(), "the soak failed:\n  {}", faults.join("\n  "));
            Ok(())
        }
        Command::Zola { common, args } => {
            let (text, unexplained) = zola::run(&common, &args)?;
            io::stdout().write_all(text.as_bytes()).context("writing to the terminal")?;
            anyhow::ensure!(unexplained == 0, "{unexplained} differences have no reason");
            Ok(())
        }
        Command::Floor(args) => serve::floor::run(&args),
        Command::Meter(args) => meter::run(&args),
    }
}

/// Says what is being done, to whoever waits; the figures go to standard output.
fn progress(doing: &str) {
    // Nobody may be listening; that is no reason to stop.
    let _ = writeln!(io::stderr(), "{doing} …");
}

/// Prints the reports and, when asked to, keeps them.
fn finish(common: &Common, reports: &[Report]) -> anyhow::Result<()> {
    let machine = machine::Machine::read();
    let mut out = io::stdout().lock();
    for report in reports {
        write!(out, "\n{}", report.to_text(&machine)).context("writing to the terminal")?;
    }
    if common.record {
        let file = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/RESULTS.md"));
        report::record(&file, reports, &machine).with_context(|| format!("appending to {}", file.display()))?;
        writeln!(out, "recorded in {}", file.display())?;
    }
    Ok(())
}

//! The command line: what was typed becomes a resolved configuration, and one file per subcommand runs it.

mod serve;
mod stats;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Exit codes. 0 is success.
pub mod exit {
    /// The site's author made a mistake; diagnostics say where.
    pub const AUTHOR: u8 = 1;
    /// The operator did: a flag, a file, an address, a permission.
    pub const OPERATOR: u8 = 2;
    /// We did.
    pub const OURS: u8 = 70;
}

/// Compiles, serves and instruments web sites
#[derive(Debug, Parser)]
#[command(name = "sitekit", version, arg_required_else_help = true, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::ServeArgs),
    Stats(stats::StatsArgs),
}

/// Runs the program and says how it ended.
#[must_use]
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Serve(args) => serve::run(args),
        Command::Stats(args) => stats::run(args),
    };
    outcome.unwrap_or_else(|error| {
        report(&error);
        ExitCode::from(exit::OPERATOR)
    })
}

/// A closed pipe is success elsewhere; here everything that could not be done is said on one line, causes included.
#[expect(clippy::print_stderr, reason = "the one place where the program says why it stops")]
fn report(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

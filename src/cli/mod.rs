//! The command line: what was typed becomes a resolved configuration, and one file per subcommand runs it.

mod beside;
#[cfg(feature = "compiler")]
mod build;
mod check;
mod completions;
#[cfg(feature = "compiler")]
mod dev;
mod diagnostics;
#[cfg(feature = "compiler")]
mod explain;
mod hash_password;
#[cfg(feature = "compiler")]
mod hooks;
mod inspect;
mod log;
#[cfg(feature = "compiler")]
mod new;
#[cfg(feature = "compiler")]
mod outside;
#[cfg(feature = "compiler")]
mod progress;
mod rollback;
mod schema;
mod serve;
#[cfg(feature = "compiler")]
mod session;
mod settings;
#[cfg(feature = "compiler")]
mod sources;
#[cfg(not(feature = "compiler"))]
#[path = "no_sources.rs"]
mod sources;
mod stats;
mod text_table;
mod typed;
#[cfg(feature = "compiler")]
mod types;
#[cfg(feature = "compiler")]
mod why;

use std::{io, process::ExitCode};

use clap::{Parser, Subcommand};

/// Exit codes. 0 is success.
mod exit {
    /// The site's author made a mistake, or a bundle is damaged; what was printed says where.
    pub(super) const AUTHOR: u8 = 1;
    /// The operator did: a flag, a file, an address, a permission.
    pub(super) const OPERATOR: u8 = 2;
}

/// Compiles, serves and instruments web sites
#[derive(Debug, Parser)]
#[command(name = "sitekit", version, arg_required_else_help = true, propagate_version = true)]
#[command(after_help = "The manual is a site: `sitekit dev` serves it under /docs/.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[cfg(feature = "compiler")]
    New(new::NewArgs),
    #[cfg(feature = "compiler")]
    Dev(dev::DevArgs),
    #[cfg(feature = "compiler")]
    Build(build::BuildArgs),
    Serve(serve::ServeArgs),
    Stats(stats::StatsArgs),
    Check(check::CheckArgs),
    Inspect(inspect::InspectArgs),
    Rollback(rollback::RollbackArgs),
    Schema(schema::SchemaArgs),
    #[cfg(feature = "compiler")]
    Types(types::TypesArgs),
    HashPassword(hash_password::HashPasswordArgs),
    Completions(completions::CompletionsArgs),
}

/// Runs the program and says how it ended.
#[must_use]
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        #[cfg(feature = "compiler")]
        Command::New(args) => new::run(&args),
        #[cfg(feature = "compiler")]
        Command::Dev(args) => dev::run(&args),
        #[cfg(feature = "compiler")]
        Command::Build(args) => build::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Stats(args) => stats::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Rollback(args) => rollback::run(&args),
        Command::Schema(args) => schema::run(&args),
        #[cfg(feature = "compiler")]
        Command::Types(args) => types::run(&args),
        Command::HashPassword(args) => hash_password::run(&args),
        Command::Completions(args) => completions::run(&args),
    };
    match outcome {
        Ok(code) => code,
        // Whoever read our output has read enough.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::from(exit::OPERATOR)
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// What could not be done, on one line, causes included.
#[expect(clippy::print_stderr, reason = "the one place where the program says why it stops")]
fn report(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

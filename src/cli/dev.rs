//! `sitekit dev`: builds, then serves: what you see is what will ship, but for compression.

use std::{
    io::{self, Write},
    net::SocketAddr,
    num::NonZeroUsize,
    path::PathBuf,
    process::ExitCode,
};

use super::{
    build::{self, BuildConfig, Outcome},
    diagnostics, exit,
    log::{self, LogFormat, LogLevel},
    progress::Display,
    serve::{ServeConfig, serve_until_stopped},
    typed::{address, site},
};
use crate::{compress::Cache, map, pipeline::Profile, site::SiteName};

/// Build the sites and serve them
///
/// Builds every folder under `sites/` without compression and serves them all at one address, each below its name. A site
/// with mistakes is reported; if an earlier build of it is there, that one is served.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sitekit dev                        build and serve everything under sites/
  sitekit dev --site docs            only this site
  sitekit dev --addr 0.0.0.0:3000    reachable from other devices

Exit status: 0 stopped, 1 there is nothing to serve, 2 a flag is wrong or the address is taken.")]
pub(super) struct DevArgs {
    /// Address to listen at [default: 127.0.0.1:8080, or the next free port]
    #[arg(long, env = "SITEKIT_ADDR", value_name = "HOST:PORT", value_parser = address)]
    addr: Option<SocketAddr>,

    /// Build and serve only this site; may be given several times
    #[arg(long = "site", env = "SITEKIT_SITE", value_name = "NAME", value_delimiter = ',', value_parser = site)]
    only: Vec<SiteName>,

    /// The folder that holds the sites
    #[arg(long = "sites", value_name = "DIR", env = "SITEKIT_SITES", default_value = "sites")]
    folder: PathBuf,

    /// The folder that bundles are written to
    #[arg(long, value_name = "DIR", env = "SITEKIT_BUILD", default_value = "build")]
    out: PathBuf,

    /// Threads to build with; all cores by default
    #[arg(long, value_name = "N", env = "SITEKIT_CONCURRENCY")]
    concurrency: Option<NonZeroUsize>,

    /// Form of the logs on standard error
    #[arg(long, env = "SITEKIT_LOG_FORMAT", value_name = "FORM", value_enum, default_value_t)]
    log_format: LogFormat,

    /// Least important thing to log
    #[arg(long, env = "SITEKIT_LOG_LEVEL", value_name = "LEVEL", value_enum, default_value_t = LogLevel::Warn)]
    log_level: LogLevel,
}

pub(super) fn run(args: DevArgs) -> anyhow::Result<ExitCode> {
    let DevArgs { addr, only, folder, out, concurrency, log_format, log_level } = args;
    let build = BuildConfig::new(&folder, &out, only.clone(), Profile::Dev, concurrency, Cache::DEFAULT_LIMIT)?;
    let serve = ServeConfig::of_development(out.clone(), only, addr, log_format, log_level)?;
    log::start(serve.log_format, serve.log_level);
    let outcome = build::build(&build, Display::of_stderr())?;
    diagnostics::show(&outcome.diagnostics);
    io::stdout().write_all(outcome.to_text().as_bytes())?;
    let is_servable = |site: &SiteName| map::open_live(&out, site).is_ok();
    if outcome.built.is_empty() && !outcome.failed_sites.iter().any(is_servable) {
        return Ok(ExitCode::from(exit::AUTHOR));
    }
    serve_until_stopped(serve, |address| announce(address, &outcome))?;
    Ok(ExitCode::SUCCESS)
}

/// Where to look. Whoever closed standard output does not want to know.
fn announce(address: SocketAddr, outcome: &Outcome) {
    let mut text = format!("\nServing at http://{address}/\n");
    text.extend(outcome.built.iter().map(|built| format!("  http://{address}/{}/\n", built.site)));
    text.push_str("Ctrl-C stops.\n");
    let mut stdout = io::stdout().lock();
    drop(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()));
}

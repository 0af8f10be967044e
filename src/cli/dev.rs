//! `sitekit dev`: builds, then serves: what you see is what will ship, but for compression.

use std::{
    io::{self, Write},
    net::SocketAddr,
    process::ExitCode,
};

use super::{
    build::{self, BuildConfig, Outcome},
    diagnostics, exit,
    log::{self, LogLevel},
    outside::DataArgs,
    progress::Display,
    serve::{ServeConfig, refuse, serve_until_stopped},
    settings::{self, Config, Face, Taker, Typed},
};
use crate::{
    map,
    pipeline::Profile,
    site::{BasePath, SiteName},
};

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
    #[command(flatten)]
    settings: Typed<Dev>,

    #[command(flatten)]
    data: DataArgs,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Dev;

impl Taker for Dev {
    const FACE: Face = Face::Dev;
}

pub(super) fn run(args: &DevArgs) -> anyhow::Result<ExitCode> {
    let typed = args.settings.clone();
    let load = move || {
        let mut quiet = Config::default();
        quiet.log.level = LogLevel::Warn;
        settings::load(quiet, &typed, &settings::environment())
    };
    let loaded = match load() {
        Ok(loaded) => loaded,
        Err(mistakes) => return Ok(refuse(&mistakes)),
    };
    let building = BuildConfig { data: args.data.mode(), ..BuildConfig::new(&loaded.config, Profile::Dev)? };
    let out = loaded.config.build.out.clone();
    let serve = match ServeConfig::resolve(loaded) {
        Ok(config) => config,
        Err(mistakes) => return Ok(refuse(&mistakes)),
    };
    log::start(serve.log_format, serve.log_level);
    let outcome = build::build(&building, Display::of_stderr())?;
    diagnostics::show(&outcome.diagnostics);
    io::stdout().write_all(outcome.to_text().as_bytes())?;
    let is_servable = |site: &SiteName| map::open_live(&out, site).is_ok();
    if outcome.built.is_empty() && !outcome.failed_sites.iter().any(is_servable) {
        return Ok(ExitCode::from(exit::AUTHOR));
    }
    serve_until_stopped(serve, load, |address| {
        if let Some(address) = address {
            announce(address, &outcome);
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Where to look. Whoever closed standard output does not want to know.
fn announce(address: SocketAddr, outcome: &Outcome) {
    let mut text = format!("\nServing at http://{address}/\n");
    // A site at the root of its own hosts has a name on this machine, too.
    text.extend(outcome.built.iter().map(|built| match &built.base {
        base if *base == BasePath::root() => format!("  http://{}.localhost:{}/\n", built.site, address.port()),
        base => format!("  http://{address}{base}\n"),
    }));
    text.push_str("Ctrl-C stops.\n");
    let mut stdout = io::stdout().lock();
    drop(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()));
}

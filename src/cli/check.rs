//! `sitekit check`: whether bundles are whole.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::bail;

use super::{
    exit,
    serve::refuse,
    settings::{self, Config, Look, Typed},
    text_table::{bytes, grouped},
};
use crate::map::{self, Bundle, OpenError};

/// Check that bundles are whole
///
/// Opens each site's live bundle as the server would: header, tables and their checksum. With --deep every body is read
/// too and compared with its own checksum.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sitekit check                   the live bundle of every site under build/
  sitekit check --deep            to the last byte
  sitekit check path/to.bundle    these files

Exit status: 0 all are whole, 1 one is not, 2 there is nothing to check.")]
pub(super) struct CheckArgs {
    /// Bundles to check; the live ones under --build when none is named
    #[arg(value_name = "BUNDLE")]
    bundles: Vec<PathBuf>,

    /// Read every body and compare it with its checksum
    #[arg(long)]
    deep: bool,

    #[command(flatten)]
    settings: Typed<Look>,
}

pub(super) fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let loaded = match settings::load(Config::default(), &args.settings, &settings::environment()) {
        Ok(loaded) => loaded,
        Err(mistakes) => return Ok(refuse(&mistakes)),
    };
    let build = loaded.config.build.out;
    let mut bundles: Vec<(String, Result<PathBuf, OpenError>)> =
        args.bundles.iter().map(|path| (path.display().to_string(), Ok(path.clone()))).collect();
    if bundles.is_empty() {
        for site in map::sites(&build)? {
            bundles.push((site.to_string(), map::live(&build, &site)));
        }
    }
    if bundles.is_empty() {
        bail!("there is no bundle under {}: `sitekit build` makes them", build.display());
    }
    let (mut text, mut whole) = (String::new(), true);
    for (name, path) in bundles {
        let verdict = path.and_then(|path| Bundle::open(&path)).map_err(|error| error.to_string());
        let verdict = verdict.and_then(|bundle| if args.deep { deep(bundle) } else { Ok(bundle) });
        match verdict {
            Ok(bundle) => text += &line(&name, &bundle),
            Err(why) => {
                whole = false;
                text.extend([name.as_str(), ": ", &why, "\n"]);
            }
        }
    }
    io::stdout().write_all(text.as_bytes())?;
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(exit::AUTHOR) })
}

fn line(name: &str, bundle: &Bundle) -> String {
    let (generation, routes) = (bundle.generation(), grouped(bundle.route_count().into()));
    format!("{name}: whole, generation {generation}, {routes} routes, {}\n", bytes(bundle.len()))
}

fn deep(bundle: Bundle) -> Result<Bundle, String> {
    match bundle.verify_bodies() {
        Ok(()) => Ok(bundle),
        Err(damage) => Err(damage.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
    }
}

//! `sitekit check`: whether a server would start here: settings and what they come to, certificates, bundles; and the
//! configurations of the sites whose sources are there. With `--external`, all links of these sites.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use serde_json::json;

use super::{
    diagnostics, exit,
    serve::{Serve, ServeConfig, refuse},
    settings::{self, Config, Loaded, Shown, Typed, When},
    sources,
    text_table::{bytes, grouped, table},
};
use crate::{
    diag::{Diagnostic, Severity},
    map::{self, Bundle, OpenError},
    serve::Tls,
};

/// Check settings and bundles
///
/// Reads sitekit.toml, the environment and flags as `serve` would, and says what each setting comes to and where that was
/// said; reads the certificates; and opens each site's live bundle: header, tables and their checksum. With --deep every
/// body is read too and compared with its own checksum. Where there are sources of sites, their `config.toml` is read as a
/// build would; no command in it is run.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sitekit check                   the settings, and the live bundle of every site
  sitekit check --prod --json     what `serve --prod` would do, for machines
  sitekit check --deep            to the last byte
  sitekit check path/to.bundle    these files and nothing else
  sitekit check --external        all links of all sites, those to other sites among them

Exit status: 0 all is well, 1 a bundle is not whole, or a site’s configuration or a link is wrong, 2 a setting is wrong, or there is nothing to check.")]
pub(super) struct CheckArgs {
    /// Bundles to check; the live ones when none is named
    #[arg(value_name = "BUNDLE")]
    bundles: Vec<PathBuf>,

    /// Read every body and compare it with its checksum
    #[arg(long)]
    deep: bool,

    /// Print the result as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    links: sources::LinkArgs,

    #[command(flatten)]
    settings: Typed<Serve>,
}

/// A bundle, or what is wrong with it.
type Verdict = (String, Result<Bundle, String>);

pub(super) fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    if args.links.wanted() {
        return match settings::load(Config::default(), &args.settings, &settings::environment()) {
            Ok(loaded) => sources::check_links(args.links, &loaded.config, args.json),
            Err(mistakes) => Ok(refuse(&mistakes)),
        };
    }
    let named: Vec<_> = args.bundles.iter().map(|path| (path.display().to_string(), Ok(path.clone()))).collect();
    let (loaded, verdicts, mistakes) = if named.is_empty() {
        let loaded = settings::load(Config::default(), &args.settings, &settings::environment());
        let config = match loaded.and_then(ServeConfig::resolve) {
            Ok(config) => config,
            Err(mistakes) => return Ok(refuse(&mistakes)),
        };
        if let Some(tls) = config.tls.as_ref().filter(|tls| !tls.certificates.is_empty()) {
            Tls::open(tls.clone()).context("the certificates cannot be used")?;
        }
        let mistakes = sources::mistakes(&config.loaded.config)?;
        let verdicts = verdicts(live(&config.loaded)?, args.deep);
        (Some(config.loaded), verdicts, mistakes)
    } else {
        (None, verdicts(named, args.deep), Vec::new())
    };
    let text = match (args.json, &loaded) {
        (true, _) => format!("{:#}\n", json(loaded.as_ref(), &verdicts, &mistakes)),
        (false, Some(loaded)) => format!("{}\n{}", effective(loaded), lines(&verdicts)),
        (false, None) => lines(&verdicts),
    };
    if !args.json {
        diagnostics::show(&mistakes);
    }
    io::stdout().write_all(text.as_bytes())?;
    let whole = verdicts.iter().all(|(_, verdict)| verdict.is_ok());
    let right = mistakes.iter().all(|mistake| mistake.severity != Severity::Error);
    Ok(if whole && right { ExitCode::SUCCESS } else { ExitCode::from(exit::AUTHOR) })
}

/// The live bundle of each site.
fn live(loaded: &Loaded) -> anyhow::Result<Vec<(String, Result<PathBuf, OpenError>)>> {
    let build = &loaded.config.build.out;
    let sites = map::sites(build)?;
    if sites.is_empty() {
        bail!("there is no bundle under {}: `sitekit build` makes them", build.display());
    }
    Ok(sites.into_iter().map(|site| (site.to_string(), map::live(build, &site))).collect())
}

fn verdicts(bundles: Vec<(String, Result<PathBuf, OpenError>)>, to_the_last_byte: bool) -> Vec<Verdict> {
    let verdict = |path: Result<PathBuf, OpenError>| {
        let bundle = path.and_then(|path| Bundle::open(&path)).map_err(|error| error.to_string())?;
        if to_the_last_byte { deep(bundle) } else { Ok(bundle) }
    };
    bundles.into_iter().map(|(name, path)| (name, verdict(path))).collect()
}

fn deep(bundle: Bundle) -> Result<Bundle, String> {
    match bundle.verify_bodies() {
        Ok(()) => Ok(bundle),
        Err(damage) => Err(damage.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
    }
}

/// Each setting, what it comes to and where that was said.
fn effective(loaded: &Loaded) -> String {
    let rows = loaded.shown().into_iter().map(|shown| vec![shown.name.clone(), shown.text(), origin(loaded, &shown)]);
    table(&["setting", "value", "from"], &rows.collect::<Vec<_>>())
}

fn origin(loaded: &Loaded, shown: &Shown) -> String {
    loaded.origins.of(&shown.name).map_or_else(|| "default".to_owned(), ToString::to_string)
}

fn lines(verdicts: &[Verdict]) -> String {
    let line = |(name, verdict): &Verdict| match verdict {
        Ok(bundle) => {
            let (generation, routes) = (bundle.generation(), grouped(bundle.route_count().into()));
            format!("{name}: whole, generation {generation}, {routes} routes, {}\n", bytes(bundle.len()))
        }
        Err(why) => format!("{name}: {why}\n"),
    };
    verdicts.iter().map(line).collect()
}

fn json(loaded: Option<&Loaded>, verdicts: &[Verdict], mistakes: &[Diagnostic]) -> serde_json::Value {
    let bundles = verdicts.iter().map(|(name, verdict)| match verdict {
        Ok(bundle) => json!({
            "name": name,
            "whole": true,
            "generation": bundle.generation().to_string(),
            "routes": bundle.route_count(),
            "bytes": bundle.len(),
        }),
        Err(why) => json!({"name": name, "whole": false, "error": why}),
    });
    let mut report = json!({"bundles": bundles.collect::<Vec<_>>()});
    if let Some(loaded) = loaded {
        let setting = |shown: Shown| {
            json!({
                "name": &shown.name,
                "value": shown.json(),
                "text": shown.text(),
                "origin": origin(loaded, &shown),
                "reload": shown.when == When::Reload,
            })
        };
        report["file"] = loaded.file.as_ref().map(|file| file.display().to_string()).into();
        report["diagnostics"] = mistakes.iter().map(diagnostics::json).collect();
        report["settings"] = loaded.shown().into_iter().map(setting).collect();
    }
    report
}

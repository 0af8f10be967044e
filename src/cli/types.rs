//! `sitekit types`: what the build adds to the language, as declarations for editors and the TypeScript compiler.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};

use super::{diagnostics, exit};
use crate::{
    assets,
    diag::Severity,
    load::{self, AssetsConfig, DiskWorld},
};

/// Print type declarations for what the build adds to the language
///
/// `import.meta.env` and `import.meta.glob`, the module `sitekit`, `?url`, `?raw`, `?inline` and `?worker`, style sheets and
/// their classes, images and other files. With the folder of a site, `import.meta.env` has the names of its configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sitekit types sites/app > sites/app/sitekit.d.ts

A file that ends in .d.ts is read by editors and by `tsc`, and is not published.

Exit status: 0 printed, 1 the site’s configuration has mistakes, 2 there is no such folder.")]
pub(super) struct TypesArgs {
    /// The folder of a site
    #[arg(value_name = "SITE")]
    site: Option<PathBuf>,
}

pub(super) fn run(args: &TypesArgs) -> anyhow::Result<ExitCode> {
    let config = match &args.site {
        Some(folder) => match configured(folder)? {
            Some(config) => config,
            None => return Ok(ExitCode::from(exit::AUTHOR)),
        },
        None => AssetsConfig::default(),
    };
    io::stdout().write_all(assets::types(&config.env).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// What the site in a folder says about its scripts; `None` when that has mistakes, which are shown.
fn configured(folder: &Path) -> anyhow::Result<Option<AssetsConfig>> {
    let Some(name) = folder.file_name().and_then(|name| name.to_str()) else {
        bail!("SITE is the folder of a site, such as `sites/app`; got `{}`", folder.display());
    };
    let project = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let world = DiskWorld::new(project, name).with_context(|| format!("the folder `{}`", folder.display()))?;
    let (config, _, found) = load::configure(&world, name);
    diagnostics::show(&found);
    Ok(found.iter().all(|one| one.severity != Severity::Error).then_some(config.assets))
}

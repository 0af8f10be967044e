//! What `sitekit check` looks at of sites' sources: their configurations. They are read, and nothing is built or run.

use super::{
    build::{BuildConfig, find_sites},
    settings::Config,
};
use crate::{
    diag::Diagnostic,
    load::{self, DiskWorld},
    pipeline::Profile,
};

/// What is wrong with the configurations of all sites, where there are sources at all: a server needs none.
///
/// # Errors
/// When a setting is wrong.
pub(super) fn mistakes(config: &Config) -> anyhow::Result<Vec<Diagnostic>> {
    let config = BuildConfig::new(config, Profile::Dev)?;
    if !config.project.join(&config.folder).is_dir() {
        return Ok(Vec::new());
    }
    // What else is wrong with the folder is for a build to tell.
    let (sites, _) = find_sites(&config)?;
    let mut found = Vec::new();
    for site in sites {
        let root = format!("{}/{site}", config.folder);
        if let Ok(world) = DiskWorld::new(&config.project, &root) {
            found.extend(load::configure(&world, &root).2);
        }
    }
    Ok(found)
}

//! What a session built last is served by the next one before that has built anything, where it can be trusted to be what the
//! next one would have built: by the very same program, of the same configuration. Whether the sources are what they were is not
//! asked: the build behind it knows.

use std::{fs, path::PathBuf, time::UNIX_EPOCH};

use crate::{
    cli::build::BuildConfig,
    map::{self, Bundle},
    site::{ContentHash, SiteName},
};

/// Beside a site's bundles: the generation that a session built, and what it was built by and with.
const FILE: &str = ".session";

/// Notes that a session has built this.
pub(super) fn note(config: &BuildConfig, site: &SiteName, generation: ContentHash) {
    let text = format!("{generation} {}\n", maker(config, site));
    if let Err(error) = fs::write(file(config, site), text) {
        tracing::debug!(%error, %site, "the next session will build before it serves");
    }
}

/// What can be served of a site before it is built.
pub(super) fn last(config: &BuildConfig, site: &SiteName) -> Option<Bundle> {
    let noted = fs::read_to_string(file(config, site)).ok()?;
    let bundle = map::open_live(&config.out, site).ok()?;
    (noted == format!("{} {}\n", bundle.generation(), maker(config, site))).then_some(bundle)
}

fn file(config: &BuildConfig, site: &SiteName) -> PathBuf {
    config.out.join(site.as_str()).join(FILE)
}

/// The program and the configuration of a site, as one name.
fn maker(config: &BuildConfig, site: &SiteName) -> ContentHash {
    let program = std::env::current_exe().and_then(fs::metadata).ok();
    let len = program.as_ref().map_or(0, fs::Metadata::len);
    let changed = program.and_then(|program| program.modified().ok()?.duration_since(UNIX_EPOCH).ok());
    let folder = config.project.join(&config.folder).join(site.as_str());
    let read = |name: &str| fs::read(folder.join(name)).unwrap_or_default();
    let (own, theirs) = (read("config.toml"), read("zola.toml"));
    let profile = format!("{:?}", config.profile);
    ContentHash::of_parts([
        env!("CARGO_PKG_VERSION").as_bytes(),
        &len.to_le_bytes(),
        &changed.unwrap_or_default().as_nanos().to_le_bytes(),
        profile.as_bytes(),
        &own,
        &theirs,
    ])
}

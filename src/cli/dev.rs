//! `sitekit dev`: builds, then serves.

use std::process::ExitCode;

/// Build the sites and serve them
#[derive(Debug, clap::Args)]
pub(super) struct DevArgs {}

pub(super) fn run(_args: DevArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not yet")
}

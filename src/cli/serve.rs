//! `sitekit serve`: maps bundles and answers from them.

use std::process::ExitCode;

/// Serve the bundles under build/
#[derive(Debug, clap::Args)]
pub(super) struct ServeArgs {}

pub(super) fn run(_args: ServeArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not yet")
}

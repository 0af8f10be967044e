//! `sitekit stats`: what the server is doing.

use std::process::ExitCode;

/// Show what the running server is doing/
#[derive(Debug, clap::Args)]
pub(super) struct StatsArgs {}

pub(super) fn run(_args: StatsArgs) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not yet")
}

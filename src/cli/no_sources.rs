//! A server that cannot compile a site looks at none of its sources.

use std::process::ExitCode;

use super::settings::Config;
use crate::diag::Diagnostic;

/// What can be asked about sources: nothing.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct LinkArgs {}

impl LinkArgs {
    #[expect(clippy::unused_self, reason = "the shape of its namesake")]
    pub(super) fn wanted(self) -> bool {
        false
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of its namesake")]
pub(super) fn mistakes(_config: &Config) -> anyhow::Result<Vec<Diagnostic>> {
    Ok(Vec::new())
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of its namesake")]
pub(super) fn check_links(_args: LinkArgs, _config: &Config, _json: bool) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}

//! A server that cannot compile a site looks at none of its sources.

use super::settings::Config;
use crate::diag::Diagnostic;

#[expect(clippy::unnecessary_wraps, reason = "the shape of its namesake")]
pub(super) fn mistakes(_config: &Config) -> anyhow::Result<Vec<Diagnostic>> {
    Ok(Vec::new())
}

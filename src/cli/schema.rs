//! `sitekit schema`: the JSON Schema of `sitekit.toml`, for editors.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use super::settings;

/// Print the JSON Schema of sitekit.toml
///
/// Editors complete and check the file by it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  sitekit schema > sitekit.schema.json

With Taplo (Even Better TOML), the first line of sitekit.toml names it:
  #:schema ./sitekit.schema.json

Exit status: 0 printed.")]
pub(super) struct SchemaArgs {}

pub(super) fn run(_: &SchemaArgs) -> anyhow::Result<ExitCode> {
    writeln!(io::stdout(), "{:#}", settings::schema())?;
    Ok(ExitCode::SUCCESS)
}

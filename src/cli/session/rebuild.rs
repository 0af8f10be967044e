//! `sitekit build --watch`: the same build again and again, for whoever serves the bundles by other means.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::mpsc,
    time::Duration,
};

use super::{Event, Reload, Screen, Session, Surroundings, audience};
use crate::cli::{build::BuildConfig, diagnostics, exit, progress::Display, typed};

/// How changes are found.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(in crate::cli) struct PollArgs {
    /// Look for changes instead of being told of them, so often; for file systems that tell nothing
    #[arg(long, value_name = "TIME", value_parser = typed::duration, num_args = 0..=1, require_equals = true, default_missing_value = "1s")]
    pub(in crate::cli) poll: Option<Duration>,
}

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Words {
    Json,
    /// Mistakes only.
    Few,
    All,
}

/// Builds, and goes on building what changes, until it is ended.
///
/// # Errors
/// When a setting is wrong, or standard output is closed.
pub(in crate::cli) fn build_and_watch(
    config: BuildConfig,
    settings: PathBuf,
    reload: Reload,
    poll: Option<Duration>,
    words: Words,
) -> anyhow::Result<ExitCode> {
    let display = if words == Words::All { Display::of_stderr() } else { Display::Quiet };
    let (wakes, woken) = mpsc::channel();
    let surroundings = Surroundings { settings, reload, poll, display, hold: false };
    let (mut session, outcome) = match Session::open(config, surroundings, wakes)? {
        Ok(opened) => opened,
        Err(wrong) => {
            diagnostics::show(&[*wrong]);
            return Ok(ExitCode::from(exit::AUTHOR));
        }
    };
    let screen = if words == Words::All { Screen::open(session.sites(), false) } else { None };
    let mut tell = audience(words == Words::Json, screen.clone());
    if words == Words::Json {
        outcome.built.iter().for_each(|built| tell(&Event::first(built)));
    } else {
        diagnostics::show(&outcome.diagnostics);
    }
    if words == Words::All {
        io::stdout().write_all(outcome.to_text().as_bytes())?;
    }
    if session.sites().is_empty() {
        return Ok(ExitCode::from(exit::AUTHOR));
    }
    if let Some(silence) = session.silence() {
        tell(&Event::looked_for(&silence));
    }
    session.serve_from_disk();
    if let Some(screen) = &screen {
        screen.draw();
    }
    session.add_audience(tell, words == Words::Json || screen.is_some());
    session.run(&woken, |_, _| None);
    Ok(ExitCode::SUCCESS)
}

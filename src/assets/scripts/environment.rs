//! Names of the environment that have no value. What reads one of `import.meta.env` gets `undefined`, and one of `process.env` is
//! an error in every browser: both are hard to find where something was meant.

use std::collections::BTreeSet;

use swc_core::ecma::{
    ast::MemberExpr,
    visit::{Visit, VisitWith},
};

use super::parsed::{Parsed, of_import_meta};
use crate::diag::{Diagnostic, did_you_mean};

/// Whether it is worth to look.
pub(super) fn may_be_asked(text: &str) -> bool {
    text.contains("import.meta.env") || text.contains("process.env")
}

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
        } else if member.obj.as_member().is_some_and(is_environment_of_node)
            && let Some(name) = member.prop.as_ident().filter(|name| name.sym != "NODE_ENV")
        {
            let wrong = Diagnostic::error_at(
                self.parsed.source,
                self.parsed.place(member.span),
                "browsers have no `process`, and it is not replaced here",
            );
            let help =
                format!("write `import.meta.env.{}`; values stand in `[sitekit.assets.env]` of config.toml", name.sym);
            self.found.push(wrong.as_warning().with_help(help));
        }
        member.visit_children_with(self);
    }
}

/// Whether it is `process.env`.
fn is_environment_of_node(member: &MemberExpr) -> bool {
    member.obj.as_ident().is_some_and(|name| name.sym == "process")
        && member.prop.as_ident().is_some_and(|name| name.sym == "env")
}

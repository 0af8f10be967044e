//! Decorators that nothing compiles: no browser runs them, and a script with one is no script there.

use swc_core::{
    common::Span,
    ecma::{
        ast::Decorator,
        visit::{Visit, VisitWith},
    },
};

use super::{id, parsed::Parsed};
use crate::diag::Diagnostic;

/// Whether it is worth to look. Packages ship no decorators.
pub(super) fn may_be_in(module: &str, text: &str, are_compiled: bool) -> bool {
    !are_compiled && !id::is_of_package(module) && text.contains('@') && text.contains("class")
}

/// The first decorator of a script.
pub(super) fn find(parsed: &Parsed<'_>) -> Option<Diagnostic> {
    let mut first = First(None);
    parsed.program.visit_with(&mut first);
    let place = parsed.place(first.0?);
    Some(Diagnostic::error_at(parsed.source, place, "browsers do not run decorators yet").with_help(
        "`\"experimentalDecorators\": true` in `compilerOptions` of `tsconfig.json` compiles them as TypeScript's older ones",
    ))
}

struct First(Option<Span>);

impl Visit for First {
    fn visit_decorator(&mut self, decorator: &Decorator) {
        self.0.get_or_insert(decorator.span);
    }
}

//! Decorators that nothing compiles: no browser runs them, and a script with one is no script there.

use rolldown::ModuleType;
use swc_core::{
    common::Span,
    ecma::{
        ast::Decorator,
        visit::{Visit, VisitWith},
    },
};

use super::{id, urls};
use crate::diag::{Diagnostic, Source};

/// Whether it is worth to look. Packages ship no decorators.
pub(super) fn may_be_in(module: &str, text: &str, are_compiled: bool) -> bool {
    !are_compiled && !id::is_of_package(module) && text.contains('@') && text.contains("class")
}

/// The first decorator of a script.
pub(super) fn find(source: &Source, kind: &ModuleType) -> Option<Diagnostic> {
    let (start, program) = urls::parse(source, kind)?;
    let mut first = First(None);
    program.visit_with(&mut first);
    let span = first.0?;
    let place = (span.lo.0 - start.0) as usize..(span.hi.0 - start.0) as usize;
    Some(Diagnostic::error_at(source, place, "browsers do not run decorators yet").with_help(
        "`\"experimentalDecorators\": true` in `compilerOptions` of `tsconfig.json` compiles them as TypeScript's older ones",
    ))
}

struct First(Option<Span>);

impl Visit for First {
    fn visit_decorator(&mut self, decorator: &Decorator) {
        self.0.get_or_insert(decorator.span);
    }
}

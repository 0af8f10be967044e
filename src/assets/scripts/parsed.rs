//! A module's syntax tree, made once for all that look for what the linker does not understand.

use std::ops::Range;

use rolldown::ModuleType;
use swc_core::{
    common::{BytePos, FileName, SourceMap, Span, sync::Lrc},
    ecma::{
        ast::{EsVersion, Expr, MemberExpr, MetaPropKind, Program},
        parser::{EsSyntax, Syntax, TsSyntax, parse_file_as_program},
    },
};

use crate::diag::Source;

pub(super) struct Parsed<'a> {
    pub(super) source: &'a Source,
    pub(super) program: Program,
    start: BytePos,
}

impl<'a> Parsed<'a> {
    /// `None` for a text that cannot be parsed: the linker says why.
    pub(super) fn of(source: &'a Source, kind: &ModuleType) -> Option<Self> {
        let map = SourceMap::default();
        let file = map.new_source_file(Lrc::new(FileName::Anon), source.text.to_string());
        let syntax = match kind {
            ModuleType::Ts | ModuleType::Tsx => {
                Syntax::Typescript(TsSyntax { tsx: *kind == ModuleType::Tsx, decorators: true, ..TsSyntax::default() })
            }
            _ => Syntax::Es(EsSyntax { jsx: true, decorators: true, ..EsSyntax::default() }),
        };
        let program = parse_file_as_program(&file, syntax, EsVersion::EsNext, None, &mut Vec::new()).ok()?;
        Some(Self { source, program, start: file.start_pos })
    }

    /// The bytes of the source that a node stands at.
    pub(super) fn place(&self, span: Span) -> Range<usize> {
        (span.lo.0 - self.start.0) as usize..(span.hi.0 - self.start.0) as usize
    }
}

/// What of `import.meta` an expression is: `url` of `import.meta.url`.
pub(super) fn of_import_meta(expression: &Expr) -> Option<&str> {
    member_of_import_meta(expression.as_member()?)
}

/// The same of a member expression.
pub(super) fn member_of_import_meta(member: &MemberExpr) -> Option<&str> {
    let is_meta = member.obj.as_meta_prop().is_some_and(|meta| meta.kind == MetaPropKind::ImportMeta);
    member.prop.as_ident().filter(|_| is_meta).map(|name| &*name.sym)
}

//! Finds the files that a script names as a browser would resolve them: `new URL("./x.png", import.meta.url)`, and those it
//! starts as workers.

use std::ops::Range;

use rolldown::ModuleType;
use swc_core::{
    common::{BytePos, FileName, SourceMap, Span, Spanned, sync::Lrc},
    ecma::{
        ast::{
            EsVersion, Expr, ExprOrSpread, Lit, MemberProp, MetaPropKind, NewExpr, ObjectLit, Program, Prop, PropName,
            PropOrSpread,
        },
        parser::{EsSyntax, Syntax, TsSyntax, parse_file_as_program},
        visit::{Visit, VisitWith},
    },
};

use crate::diag::Source;

/// A file that is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) specifier: String,
    /// The string, its quotes with it.
    pub(super) place: Range<usize>,
    /// What has to be said more to start it as a worker that is a module.
    pub(super) worker: Option<Missing>,
}

/// A text to be inserted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) at: usize,
    pub(super) text: &'static str,
}

/// All uses, in their order. None in a text that cannot be parsed: the linker says why.
pub(super) fn find(source: &Source, kind: &ModuleType) -> Vec<Use> {
    let Some((start, program)) = parse(source, kind) else { return Vec::new() };
    let mut finder = Finder { start, text: &source.text, found: Vec::new() };
    program.visit_with(&mut finder);
    finder.found
}

/// A script's tree, and where its first byte is. `None` when it cannot be parsed.
pub(super) fn parse(source: &Source, kind: &ModuleType) -> Option<(BytePos, Program)> {
    let map = SourceMap::default();
    let file = map.new_source_file(Lrc::new(FileName::Anon), source.text.to_string());
    let syntax = match kind {
        ModuleType::Ts | ModuleType::Tsx => {
            Syntax::Typescript(TsSyntax { tsx: *kind == ModuleType::Tsx, decorators: true, ..TsSyntax::default() })
        }
        _ => Syntax::Es(EsSyntax { jsx: true, decorators: true, ..EsSyntax::default() }),
    };
    let program = parse_file_as_program(&file, syntax, EsVersion::EsNext, None, &mut Vec::new()).ok()?;
    Some((file.start_pos, program))
}

struct Finder<'a> {
    start: BytePos,
    text: &'a str,
    found: Vec<Use>,
}

impl Finder<'_> {
    fn place(&self, span: Span) -> Range<usize> {
        (span.lo.0 - self.start.0) as usize..(span.hi.0 - self.start.0) as usize
    }

    fn add(&mut self, url: &NewExpr, worker: Option<Missing>) -> bool {
        let Some([specifier, base]) = url.args.as_deref() else { return false };
        let (Expr::Lit(Lit::Str(literal)), true) = (&*specifier.expr, is_import_meta_url(&base.expr)) else {
            return false;
        };
        let Some(specifier) = literal.value.as_str() else { return false };
        self.found.push(Use { specifier: specifier.to_owned(), place: self.place(literal.span), worker });
        true
    }

    /// What the arguments after the script's URL lack.
    fn missing(&self, first: Span, options: Option<&ExprOrSpread>) -> Option<Missing> {
        match options {
            None => Some(Missing { at: self.place(first).end, text: ", { type: \"module\" }" }),
            Some(options) => match &*options.expr {
                Expr::Object(object) if !says_type(object) => {
                    let brace = self.place(object.span).start + 1;
                    let text = if object.props.is_empty() { " type: \"module\" " } else { " type: \"module\"," };
                    debug_assert!(self.text.is_char_boundary(brace), "a brace is one byte");
                    Some(Missing { at: brace, text })
                }
                _ => None,
            },
        }
    }
}

impl Visit for Finder<'_> {
    fn visit_new_expr(&mut self, new: &NewExpr) {
        let name = new.callee.as_ident().map(|name| &*name.sym);
        if let Some("Worker" | "SharedWorker") = name
            && let Some([first, rest @ ..]) = new.args.as_deref()
            && let Expr::New(url) = &*first.expr
            && is_url(url)
        {
            let missing = self.missing(first.span(), rest.first());
            if self.add(url, missing) {
                rest.visit_with(self);
                return;
            }
        }
        if is_url(new) {
            self.add(new, None);
        }
        new.visit_children_with(self);
    }
}

fn is_url(new: &NewExpr) -> bool {
    new.callee.as_ident().is_some_and(|name| name.sym == "URL")
}

fn is_import_meta_url(expression: &Expr) -> bool {
    expression.as_member().is_some_and(|member| {
        let is_meta = member.obj.as_meta_prop().is_some_and(|meta| meta.kind == MetaPropKind::ImportMeta);
        is_meta && matches!(&member.prop, MemberProp::Ident(name) if name.sym == "url")
    })
}

/// Whether an object has a `type`, or may have one.
fn says_type(object: &ObjectLit) -> bool {
    object.props.iter().any(|property| match property {
        PropOrSpread::Spread(_) => true,
        PropOrSpread::Prop(property) => match &**property {
            Prop::Shorthand(name) => name.sym == "type",
            Prop::KeyValue(pair) => match &pair.key {
                PropName::Ident(name) => name.sym == "type",
                PropName::Str(name) => name.value == "type",
                PropName::Computed(_) => true,
                PropName::Num(_) | PropName::BigInt(_) => false,
            },
            _ => false,
        },
    })
}

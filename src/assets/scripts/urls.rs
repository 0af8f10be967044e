//! Finds the files that a script names as a browser would resolve them: `new URL("./x.png", import.meta.url)`,
//! `import.meta.resolve("./x.png")`, and those it starts as workers.

use std::ops::Range;

use swc_core::{
    common::{Span, Spanned},
    ecma::{
        ast::{CallExpr, Callee, Expr, ExprOrSpread, Lit, NewExpr, ObjectLit, Prop, PropName, PropOrSpread},
        visit::{Visit, VisitWith},
    },
};

use super::parsed::{Parsed, of_import_meta};

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

/// All uses, in their order.
pub(super) fn find(parsed: &Parsed<'_>) -> Vec<Use> {
    let mut finder = Finder { parsed, found: Vec::new() };
    parsed.program.visit_with(&mut finder);
    finder.found
}

struct Finder<'a> {
    parsed: &'a Parsed<'a>,
    found: Vec<Use>,
}

impl Finder<'_> {
    fn add(&mut self, url: &NewExpr, worker: Option<Missing>) -> bool {
        let Some([specifier, base]) = url.args.as_deref() else { return false };
        let Some(literal) = text(&specifier.expr).filter(|_| of_import_meta(&base.expr) == Some("url")) else {
            return false;
        };
        self.found.push(Use { specifier: literal.to_owned(), place: self.parsed.place(specifier.expr.span()), worker });
        true
    }

    /// What the arguments after the script's URL lack.
    fn missing(&self, first: Span, options: Option<&ExprOrSpread>) -> Option<Missing> {
        match options {
            None => Some(Missing { at: self.parsed.place(first).end, text: ", { type: \"module\" }" }),
            Some(options) => match &*options.expr {
                Expr::Object(object) if !says_type(object) => {
                    let brace = self.parsed.place(object.span).start + 1;
                    let text = if object.props.is_empty() { " type: \"module\" " } else { " type: \"module\"," };
                    debug_assert!(self.parsed.source.text.is_char_boundary(brace), "a brace is one byte");
                    Some(Missing { at: brace, text })
                }
                _ => None,
            },
        }
    }
}

impl Visit for Finder<'_> {
    fn visit_call_expr(&mut self, call: &CallExpr) {
        if let Callee::Expr(callee) = &call.callee
            && of_import_meta(callee) == Some("resolve")
            && let Some(first) = call.args.first()
            && let Some(literal) = text(&first.expr)
            && literal.starts_with(['.', '/'])
        {
            let place = self.parsed.place(first.expr.span());
            self.found.push(Use { specifier: literal.to_owned(), place, worker: None });
        }
        call.visit_children_with(self);
    }

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

/// The value of a string, or of a template without holes.
pub(super) fn text(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Lit(Lit::Str(literal)) => literal.value.as_str(),
        Expr::Tpl(template) if template.exprs.is_empty() => template.quasis.first()?.cooked.as_ref()?.as_str(),
        _ => None,
    }
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

//! The last step of a module that a linker made: minified, each `import()` told what else it needs, and where every piece
//! of the result came from. Nothing here knows what a chunk is called in the end.

use swc_core::{
    common::{BytePos, DUMMY_SP, GLOBALS, Globals, LineCol},
    ecma::{
        ast::{ArrayLit, ArrowExpr, ArrowFunctionBody, CallExpr, Callee, Expr, Ident, Lit},
        visit::{VisitMut, VisitMutWith},
    },
};

use super::{Goal, Options, Parsed, licences, parse, print, shrink};
use crate::{
    diag::{Diagnostic, Source},
    transform::contained::contained,
};

/// How `import()` is written anew: as `function(() => import("./a.js"), ["./b.js", …])`.
#[derive(Clone, Copy)]
pub struct Later<'a> {
    /// A function that the module has.
    pub function: &'a str,
    /// The second argument for what is imported by a specifier; `None` leaves the import as it is.
    pub needs: &'a dyn Fn(&str) -> Option<Vec<String>>,
}

impl std::fmt::Debug for Later<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Later").field("function", &self.function).finish_non_exhaustive()
    }
}

/// A module as small as we can make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minified {
    pub code: String,
    /// In the order of the code.
    pub origins: Vec<Origin>,
}

/// Where a piece of minified code came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// In the minified code, both from 0, the column in UTF-16 code units.
    pub line: u32,
    pub column: u32,
    /// In bytes of the source.
    pub offset: usize,
}

/// The module `source`, in JavaScript and with its specifiers as they should be, minified. Its licences stand before it.
///
/// # Errors
/// What swc said or did that kept it from doing so; the module can be published as it was.
pub fn minify(source: &Source, later: Option<&Later<'_>>) -> Result<Minified, Vec<Diagnostic>> {
    contained(source.path.clone(), "swc", || GLOBALS.set(&Globals::new(), || minify_plainly(source, later))).flatten()
}

fn minify_plainly(source: &Source, later: Option<&Later<'_>>) -> Result<Minified, Vec<Diagnostic>> {
    let options = Options::inline(Goal::Module);
    let Parsed { mut program, start, comments } = parse(source, &options)?;
    if let Some(later) = later {
        program.visit_mut_with(&mut Imports(later));
    }
    let licences = licences(&comments);
    let mut places = Vec::new();
    let code = print(&shrink(program, &comments, &options), Some(&mut places)).map_err(|error| {
        vec![Diagnostic::error(source.path.clone(), format!("swc could not print this script: {error}")).as_warning()]
    })?;
    let lines_above = u32::try_from(licences.matches('\n').count()).unwrap_or(u32::MAX);
    Ok(Minified { code: licences + &code, origins: origins(&places, start, lines_above) })
}

fn origins(places: &[(BytePos, LineCol)], start: BytePos, lines_above: u32) -> Vec<Origin> {
    let mut origins: Vec<_> = places
        .iter()
        .filter(|(position, _)| *position >= start && position.0 != u32::MAX)
        .map(|(position, place)| Origin {
            line: place.line + lines_above,
            column: place.col,
            offset: (position.0 - start.0) as usize,
        })
        .collect();
    // Where one piece ends the next begins; the sort is stable, and what begins is told last.
    origins.sort_by_key(|origin| (origin.line, origin.column));
    origins
}

struct Imports<'a>(&'a Later<'a>);

impl VisitMut for Imports<'_> {
    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        expression.visit_mut_children_with(self);
        let Some(needs) = imported(expression).and_then(|specifier| (self.0.needs)(&specifier)) else { return };
        let import = std::mem::take(expression);
        let load = ArrowExpr { body: Box::new(ArrowFunctionBody::Expr(Box::new(import))), ..ArrowExpr::default() };
        let strings = needs.into_iter().map(|need| Some(Expr::Lit(Lit::Str(need.into())).into())).collect();
        let needs = ArrayLit { span: DUMMY_SP, elems: strings };
        *expression = Expr::Call(CallExpr {
            callee: Callee::Expr(Box::new(Ident::from(self.0.function).into())),
            args: vec![Expr::Arrow(load).into(), Expr::Array(needs).into()],
            ..CallExpr::default()
        });
    }
}

/// What an expression imports, when it is `import("…")` and nothing can be computed about it.
fn imported(expression: &Expr) -> Option<String> {
    let Expr::Call(CallExpr { callee: Callee::Import(_), args, .. }) = expression else { return None };
    match &*args.first()?.expr {
        Expr::Lit(Lit::Str(specifier)) => Some(specifier.value.as_str()?.to_owned()),
        Expr::Tpl(template) if template.exprs.is_empty() => {
            Some(template.quasis.first()?.cooked.as_ref()?.as_str()?.to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minified(text: &str, later: Option<&Later<'_>>) -> Minified {
        minify(&Source::new("a.js", text), later).unwrap()
    }

    #[test]
    fn later_imports_are_told_what_they_need() {
        let needs = |specifier: &str| (specifier == "./a.js").then(|| vec!["./b.js".to_owned(), "./a.css".to_owned()]);
        let later = Later { function: "fetched", needs: &needs };
        for (text, expected) in [
            ("x = import('./a.js')", r#"x=fetched(()=>import("./a.js"),["./b.js","./a.css"]);"#),
            ("x = import(`./a.js`)", r#"x=fetched(()=>import("./a.js"),["./b.js","./a.css"]);"#),
            ("x = import('./c.js')", r#"x=import("./c.js");"#),
            ("x = import(y)", "x=import(y);"),
            ("x = import(`./${y}.js`)", "x=import(`./${y}.js`);"),
        ] {
            assert_eq!(minified(text, Some(&later)).code, expected, "{text}");
        }
    }

    #[test]
    fn pieces_know_where_they_came_from() {
        let text = "/*! kept */\n// gone\nconst wörd = 'ü';\nconsole.log(wörd, 'end');\nfail();";
        let Minified { code, origins } = minified(text, None);
        let lines: Vec<&str> = code.lines().collect();
        for token in ["fail", "console", "log"] {
            let (line, column) = (0..)
                .zip(&lines)
                .find_map(|(at, line)| Some((at, line.find(token)?)))
                .unwrap_or_else(|| panic!("{code}"));
            let column = u32::try_from(lines[line as usize][..column].encode_utf16().count()).unwrap();
            let offset = text.find(token).unwrap();
            assert!(origins.contains(&Origin { line, column, offset }), "{token}: {code}\n{origins:?}");
        }
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(minify(&Source::new("a.js", "import {"), None).is_err());
    }
}

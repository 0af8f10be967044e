//! Finds what stands for several files at once: `import.meta.glob("./views/*.ts")`, and imports and URLs a part of which is
//! known only when they run: ``import(`./views/${name}.ts`)``. Which files these are is looked up in [`super::matched`].

use std::ops::Range;

use swc_core::{
    common::{Span, Spanned},
    ecma::{
        ast::{
            BinaryOp, CallExpr, Callee, Expr, ExprOrSpread, ExprStmt, Lit, MemberExpr, NewExpr, ObjectLit, PropName,
            PropOrSpread,
        },
        visit::{Visit, VisitWith},
    },
};

use super::{
    parsed::{Parsed, member_of_import_meta, of_import_meta},
    urls::text,
};
use crate::diag::{Diagnostic, did_you_mean};

/// What was found in a module, in its order.
#[derive(Debug, Default)]
pub(super) struct Globs {
    pub(super) calls: Vec<Call>,
    pub(super) varying: Vec<Varying>,
    pub(super) wrong: Vec<Diagnostic>,
}

/// A call of `import.meta.glob`.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) place: Range<usize>,
    pub(super) patterns: Vec<Pattern>,
    pub(super) options: Options,
    /// Whether an object in its place would be read as a block.
    pub(super) begins_statement: bool,
}

#[derive(Debug)]
pub(super) struct Pattern {
    /// Without the `!` in front.
    pub(super) glob: String,
    pub(super) is_negated: bool,
    /// The string, its quotes with it.
    pub(super) place: Range<usize>,
}

#[derive(Debug, Default)]
pub(super) struct Options {
    /// Whether the modules are imported at once.
    pub(super) eager: bool,
    /// The one export that is wanted.
    pub(super) import: Option<String>,
    /// What is put behind the paths, with its question mark.
    pub(super) query: String,
    /// Whether packages and hidden files count.
    pub(super) exhaustive: bool,
    /// What patterns and keys are relative to, as written, and where.
    pub(super) base: Option<(String, Range<usize>)>,
}

/// A specifier with parts that are known only when it is used.
#[derive(Debug)]
pub(super) struct Varying {
    pub(super) what: What,
    /// What is replaced: the call, or the argument of `URL`.
    pub(super) place: Range<usize>,
    /// The expression that makes the specifier.
    pub(super) specifier: Range<usize>,
    /// The folder all the files are in, as written, with its slash: `./views/`.
    pub(super) folder: String,
    /// What follows it: `*.ts`.
    pub(super) glob: String,
    /// What stands behind the path, with its question mark.
    pub(super) query: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// `import(…)`.
    Import,
    /// `new URL(…, import.meta.url)`.
    Url,
}

/// Whether it is worth to look.
pub(super) fn may_be_in(text: &str) -> bool {
    text.contains("import.meta.glob")
        || varies(text, "import(")
        || (text.contains("import.meta.url") && varies(text, "URL("))
}

/// Whether something that varies may follow `call`.
fn varies(text: &str, call: &str) -> bool {
    text.match_indices(call).any(|(at, _)| {
        let rest = &text[at + call.len()..];
        let arguments = &rest[..rest.find(')').unwrap_or(rest.len())];
        arguments.contains('`') || arguments.contains('+')
    })
}

/// All that is found in a module.
pub(super) fn find(parsed: &Parsed<'_>) -> Globs {
    let mut finder = Finder { parsed, found: Globs::default(), statement: None };
    parsed.program.visit_with(&mut finder);
    finder.found
}

struct Finder<'a> {
    parsed: &'a Parsed<'a>,
    found: Globs,
    /// Where the statement begins that is an expression and was met last.
    statement: Option<Span>,
}

impl Visit for Finder<'_> {
    fn visit_expr_stmt(&mut self, statement: &ExprStmt) {
        self.statement = Some(statement.span);
        statement.visit_children_with(self);
    }

    fn visit_call_expr(&mut self, call: &CallExpr) {
        match &call.callee {
            Callee::Import(_) => {
                if let Some(first) = call.args.first() {
                    self.varying(What::Import, call.span, &first.expr);
                }
                call.visit_children_with(self);
            }
            Callee::Expr(callee) if of_import_meta(callee) == Some("glob") => self.call(call),
            _ => call.visit_children_with(self),
        }
    }

    fn visit_new_expr(&mut self, new: &NewExpr) {
        if new.callee.as_ident().is_some_and(|name| name.sym == "URL")
            && let Some([specifier, base]) = new.args.as_deref()
            && of_import_meta(&base.expr) == Some("url")
        {
            self.varying(What::Url, specifier.expr.span(), &specifier.expr);
        }
        new.visit_children_with(self);
    }

    fn visit_member_expr(&mut self, member: &MemberExpr) {
        match member_of_import_meta(member) {
            Some("glob") => self.wrong(
                member.span,
                "`import.meta.glob` can only be called, where it stands",
                "the build puts the files in its place: `const pages = import.meta.glob(\"./pages/*.ts\")`",
            ),
            Some("globEager") => self.wrong(
                member.span,
                "there is no `import.meta.globEager` any more",
                "write `import.meta.glob(\"…\", { eager: true })`",
            ),
            _ => member.visit_children_with(self),
        }
    }
}

impl Finder<'_> {
    fn wrong(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        let wrong = Diagnostic::error_at(self.parsed.source, self.parsed.place(span), message);
        self.found.wrong.push(wrong.with_help(help));
    }

    fn call(&mut self, call: &CallExpr) {
        let before = self.found.wrong.len();
        let patterns = self.patterns(call);
        let options = call.args.get(1).map_or_else(Options::default, |options| self.options(options));
        if self.found.wrong.len() > before {
            return;
        }
        let begins_statement = self.statement.is_some_and(|statement| statement.lo == call.span.lo);
        self.found.calls.push(Call { place: self.parsed.place(call.span), patterns, options, begins_statement });
    }

    fn patterns(&mut self, call: &CallExpr) -> Vec<Pattern> {
        let all: Vec<&Expr> = match call.args.first().map(|first| &*first.expr) {
            Some(Expr::Array(array)) => array.elems.iter().flatten().map(|one| &*one.expr).collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        };
        if all.is_empty() {
            self.wrong(call.span, "`import.meta.glob` has no pattern", "such as `import.meta.glob(\"./pages/*.ts\")`");
        }
        all.into_iter().filter_map(|one| self.pattern(one)).collect()
    }

    fn pattern(&mut self, expression: &Expr) -> Option<Pattern> {
        let Some(written) = text(expression) else {
            let help = "files are looked for when the site is built, and nothing has run then";
            self.wrong(expression.span(), "a pattern is a string that stands here", help);
            return None;
        };
        let (glob, is_negated) = written.strip_prefix('!').map_or((written, false), |glob| (glob, true));
        let is_placed = ["./", "../", "/"].iter().any(|start| glob.starts_with(start));
        let is_anywhere = is_negated && glob.starts_with("**/");
        if !(is_placed || is_anywhere) {
            let help = format!("`./{glob}` looks beside this file, `/{glob}` from the root of the site");
            self.wrong(expression.span(), "a pattern begins with `./`, `../` or `/`", help);
            return None;
        }
        // `!(…)` and the like are known to shells, and to other tools.
        if ["@(", "+(", "?(", "*(", "!("].iter().any(|list| glob.contains(list)) {
            let help = "alternatives are written `{a,b}`; what is left out has a pattern of its own, with `!` in front";
            self.wrong(expression.span(), "a pattern has no lists in parentheses", help);
            return None;
        }
        Some(Pattern { glob: glob.to_owned(), is_negated, place: self.parsed.place(expression.span()) })
    }

    fn options(&mut self, options: &ExprOrSpread) -> Options {
        let mut read = Options::default();
        let Expr::Object(object) = &*options.expr else {
            let help = "such as `{ eager: true, import: \"default\" }`";
            self.wrong(options.span(), "the options are an object that stands here", help);
            return read;
        };
        for property in &object.props {
            let Some((name, key, value)) = pair(property) else {
                self.wrong(property.span(), "an option is a name and a value that stand here", "such as `eager: true`");
                continue;
            };
            let string = text(value).map(str::to_owned);
            match (name, string) {
                ("eager", _) if is_bool(value) => read.eager = is_true(value),
                ("exhaustive", _) if is_bool(value) => read.exhaustive = is_true(value),
                ("eager" | "exhaustive", _) => {
                    self.wrong(value.span(), format!("`{name}` is `true` or `false`"), "and it stands here");
                }
                ("import", Some(name)) => read.import = Some(name).filter(|name| name != "*"),
                ("base", Some(base)) => read.base = Some((base, self.parsed.place(value.span()))),
                ("query", Some(query)) => read.query = with_mark(&query),
                ("query", None) => match value.as_object().and_then(query_of) {
                    Some(query) => read.query = with_mark(&query),
                    None => self.wrong(value.span(), "a query is a string that stands here", "such as `\"?raw\"`"),
                },
                ("import" | "base", None) => {
                    let help = format!("such as `{name}: \"{}\"`", if name == "base" { "./pages" } else { "default" });
                    self.wrong(value.span(), format!("`{name}` is a string that stands here"), help);
                }
                ("as", written) => {
                    let help =
                        format!("write `query: \"?{}\", import: \"default\"`", written.as_deref().unwrap_or("raw"));
                    self.wrong(key, "there is no option `as` any more", help);
                }
                (unknown, _) => {
                    let known = ["eager", "import", "query", "exhaustive", "base"];
                    let help = match did_you_mean(unknown, known) {
                        Some(meant) => format!("did you mean `{meant}`?"),
                        None => format!("its options are `{}`", known.join("`, `")),
                    };
                    self.wrong(key, format!("`import.meta.glob` has no option `{unknown}`"), help);
                }
            }
        }
        read
    }

    fn varying(&mut self, what: What, whole: Span, specifier: &Expr) {
        let (Some(parts), place) = (parts(specifier), self.parsed.place(whole)) else { return };
        let start = self.parsed.place(specifier.span());
        if self.parsed.source.text[place.start..start.start].contains("@vite-ignore") {
            return;
        }
        let Some(Part::Text(first)) = parts.first() else { return };
        let is_rooted = first.starts_with('/') && !first.starts_with("//");
        if !(is_rooted || first.starts_with("./") || first.starts_with("../")) {
            return;
        }
        let Some(folder) = first.rfind('/').map(|slash| first[..=slash].to_owned()) else { return };
        let last = match parts.last() {
            Some(Part::Text(last)) => &**last,
            _ => "",
        };
        let end = last.find('?').unwrap_or(last.len());
        let has_extension = last[..end].rsplit_once('.').is_some_and(|(_, extension)| {
            !extension.is_empty() && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        if !has_extension {
            // What begins with a slash may be any URL of the host.
            if !is_rooted && what == What::Import {
                let help = "the build takes in every file that fits, and the ending says which these are: `….ts`";
                self.wrong(specifier.span(), "an import that varies ends with the extension of its files", help);
            }
            return;
        }
        let mut glob = String::new();
        let count = parts.len();
        for (at, part) in parts.iter().enumerate() {
            match part {
                Part::Text(text) => {
                    let start = if at == 0 { folder.len() } else { 0 };
                    let end = if at + 1 == count { end.max(start) } else { text.len() };
                    glob.push_str(&globset::escape(&text[start..end]));
                }
                Part::Hole if glob.ends_with('*') => {}
                Part::Hole => glob.push('*'),
            }
        }
        let query = last[end..].to_owned();
        self.found.varying.push(Varying { what, place, specifier: start, folder, glob, query });
    }
}

enum Part {
    Text(String),
    /// What is known only when it runs.
    Hole,
}

/// What an expression puts together to a string; `None` where nothing is put together.
fn parts(expression: &Expr) -> Option<Vec<Part>> {
    match expression {
        Expr::Tpl(template) if !template.exprs.is_empty() => {
            let mut parts = Vec::new();
            for (at, quasi) in template.quasis.iter().enumerate() {
                if at > 0 {
                    parts.push(Part::Hole);
                }
                let text = quasi.cooked.as_ref()?.as_str()?;
                if !text.is_empty() {
                    parts.push(Part::Text(text.to_owned()));
                }
            }
            Some(parts)
        }
        Expr::Bin(sum) if sum.op == BinaryOp::Add => {
            let side = |side: &Expr| match text(side) {
                Some(text) => vec![Part::Text(text.to_owned())],
                None => parts(side).unwrap_or_else(|| vec![Part::Hole]),
            };
            Some(side(&sum.left).into_iter().chain(side(&sum.right)).collect())
        }
        _ => None,
    }
}

/// The name, its place and the value of a property.
fn pair(property: &PropOrSpread) -> Option<(&str, Span, &Expr)> {
    let pair = property.as_prop()?.as_key_value()?;
    let name = match &pair.key {
        PropName::Ident(name) => &*name.sym,
        PropName::Str(name) => name.value.as_str()?,
        _ => return None,
    };
    Some((name, pair.key.span(), &pair.value))
}

const fn is_bool(expression: &Expr) -> bool {
    matches!(expression, Expr::Lit(Lit::Bool(_)))
}

fn is_true(expression: &Expr) -> bool {
    matches!(expression, Expr::Lit(Lit::Bool(flag)) if flag.value)
}

/// `raw` of `{ raw: true }`, `a=b` of `{ a: "b" }`.
fn query_of(object: &ObjectLit) -> Option<String> {
    let pairs = object.props.iter().map(|property| {
        let (name, _, value) = pair(property)?;
        match text(value) {
            Some("") => Some(name.to_owned()),
            Some(text) => Some(format!("{name}={text}")),
            None => is_true(value).then(|| name.to_owned()),
        }
    });
    pairs.collect::<Option<Vec<String>>>().map(|pairs| pairs.join("&"))
}

fn with_mark(query: &str) -> String {
    if query.is_empty() || query.starts_with('?') { query.to_owned() } else { format!("?{query}") }
}

//! JavaScript and TypeScript. Scripts that are published one by one are swc's: types stripped, compressed, mangled, nothing
//! lowered: ES2022 and later stay as they are. Whatever a script shows to others (a classic script's globals, a module's
//! exports) keeps its name. Modules that were linked are oxc's (`linked`), and swc's as well where they are
//! small.

mod again;
mod linked;
mod registered;
mod shorter;
mod source_map;

pub use linked::{Later, Linked, Minified, below, minify};
pub use registered::{CALLED, Interface, Registered, register};
pub use source_map::compose;

use std::{collections::HashSet, ops::Range};

use swc_core::{
    common::{
        BytePos, FileName, GLOBALS, Globals, LineCol, Mark, SourceMap, Span, Spanned, comments::SingleThreadedComments,
        sync::Lrc,
    },
    ecma::{
        ast::{
            AssignPatProp, BindingIdent, CallExpr, Callee, Decl, Decorator, EsVersion, ExportAll, Expr, Ident,
            ImportDecl, Lit, MemberProp, MetaPropKind, ModuleDecl, ModuleItem, NamedExport, NewExpr, Program, Stmt,
            Str, TsExportAssignment, TsExternalModuleRef, VarDeclKind,
        },
        codegen::{
            Config, Emitter,
            text_writer::{JsWriter, omit_trailing_semi},
        },
        minifier::{
            optimize,
            option::{CompressOptions, ExtraOptions, MangleOptions, MinifyOptions, TopLevelOptions},
        },
        parser::{
            EsSyntax, Syntax as ParserSyntax, TsSyntax, error::SyntaxError, parse_file_as_module, parse_file_as_script,
        },
        transforms::{
            base::{
                fixer::{fixer, paren_remover},
                hygiene::{Config as HygieneConfig, hygiene_with_config},
                resolver,
            },
            typescript::{Config as TypeScriptConfig, typescript},
        },
        visit::{Visit, VisitMut, VisitMutWith, VisitWith},
    },
};

use super::{contained::contained, links::Links};
use crate::diag::{Diagnostic, Severity, Source};

/// The language a script is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    JavaScript,
    TypeScript,
}

/// How a browser runs it: the goal symbol of the grammar (ECMA-262 §16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    Script,
    Module,
}

/// What to make of a script.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    pub syntax: Syntax,
    pub goal: Goal,
    /// `None` when they were seen to before.
    pub links: Option<Links<'a>>,
}

impl Options<'_> {
    /// Those of a script inside a page whose links are already as they should be.
    #[must_use]
    pub const fn inline(goal: Goal) -> Self {
        Self { syntax: Syntax::JavaScript, goal, links: None }
    }
}

/// The script as browsers get it.
///
/// # Errors
/// Every syntax error, with its place. When they are warnings only, the fault is not the author's and the text should be
/// published as it is.
pub fn compile(source: &Source, options: &Options<'_>) -> Result<String, Vec<Diagnostic>> {
    match contained(source.path.clone(), "swc", || compile_plainly(source, options)) {
        // A browser cannot run TypeScript as it is.
        Err(mut failures) if options.syntax == Syntax::TypeScript => {
            for failure in &mut failures {
                failure.severity = Severity::Error;
            }
            Err(failures)
        }
        result => result.flatten(),
    }
}

/// What a module imports before it runs, as written, in the order of the text; nothing of what is no module.
#[must_use]
pub fn imports(text: &str) -> Vec<String> {
    if !text.contains("import") && !text.contains("from") {
        return Vec::new();
    }
    let parsed = contained("", "swc", || parse(&Source::new("", text), &Options::inline(Goal::Module)));
    let Ok(Ok(Parsed { program: Program::Module(module), .. })) = parsed else { return Vec::new() };
    let specifier = |item: &ModuleItem| match item {
        ModuleItem::ModuleDecl(ModuleDecl::Import(import)) => Some(import.src.value.as_str()?.to_owned()),
        ModuleItem::ModuleDecl(ModuleDecl::ExportAll(export)) => Some(export.src.value.as_str()?.to_owned()),
        ModuleItem::ModuleDecl(ModuleDecl::ExportNamed(export)) => {
            Some(export.src.as_ref()?.value.as_str()?.to_owned())
        }
        _ => None,
    };
    module.body.iter().filter_map(specifier).collect()
}

/// The places where a module names others, quotes and all, with the names as they are: in what it imports and exports, in
/// `import()` and in `new URL(…, import.meta.url)`. Nothing of what is no module.
#[must_use]
pub fn specifiers(text: &str) -> Vec<(Range<usize>, String)> {
    let found = contained("", "swc", || {
        let parsed = parse(&Source::new("", text), &Options::inline(Goal::Module)).ok()?;
        let mut named = Named::default();
        parsed.program.visit_with(&mut named);
        let offset = |position: BytePos| (position - parsed.start).0 as usize;
        let mut found: Vec<_> =
            named.0.into_iter().map(|(span, name)| (offset(span.lo)..offset(span.hi), name)).collect();
        found.sort_by_key(|(span, _)| span.start);
        Some(found)
    });
    found.ok().flatten().unwrap_or_default()
}

/// The module with its specifiers as `links` has them and every other byte as it was; `None` when nothing changes or the
/// text is no module.
#[must_use]
pub fn relink(text: &str, links: &Links<'_>) -> Option<String> {
    let source = Source::new("", text);
    contained("", "swc", || {
        let options = Options { syntax: Syntax::JavaScript, goal: Goal::Module, links: Some(*links) };
        let mut parsed = parse(&source, &options).ok()?;
        let mut specifiers = Specifiers { links: *links, changed: Vec::new() };
        parsed.program.visit_mut_with(&mut specifiers);
        let (mut out, mut copied) = (String::with_capacity(text.len()), 0);
        for (span, new) in specifiers.changed {
            let (start, end) = ((span.lo - parsed.start).0 as usize, (span.hi - parsed.start).0 as usize);
            let plain = !new.contains(['"', '\'', '\\', '`']) && start >= copied;
            let inside = plain.then(|| text.get(start + 1..end - 1)).flatten()?;
            if inside.contains('\\') {
                return None;
            }
            out.push_str(&text[copied..=start]);
            out.push_str(&new);
            copied = end - 1;
        }
        out.push_str(&text[copied..]);
        (copied > 0).then_some(out)
    })
    .ok()
    .flatten()
}

fn compile_plainly(source: &Source, options: &Options<'_>) -> Result<String, Vec<Diagnostic>> {
    GLOBALS.set(&Globals::new(), || {
        let Parsed { mut program, start, comments } = parse(source, options)?;
        let mut relinked = false;
        if let Some(links) = options.links {
            let mut specifiers = Specifiers { links, changed: Vec::new() };
            program.visit_mut_with(&mut specifiers);
            relinked = !specifiers.changed.is_empty();
        }
        let mut refused = Refused { source, start, found: Vec::new() };
        program.visit_with(&mut refused);
        if !refused.found.is_empty() {
            return Err(refused.found);
        }
        let licences = licences(&comments);
        let code = print(&shrink(program, &comments, options), None).map_err(|error| {
            vec![
                Diagnostic::error(source.path.clone(), format!("swc could not print this script: {error}"))
                    .as_warning(),
            ]
        })?;
        let code = licences + &code;
        let is_worse = code.len() >= source.text.len() && options.syntax == Syntax::JavaScript && !relinked;
        Ok(if is_worse { source.text.as_ref().to_owned() } else { code })
    })
}

struct Parsed {
    program: Program,
    /// The position of the text's first byte.
    start: BytePos,
    comments: SingleThreadedComments,
}

fn parse(source: &Source, options: &Options<'_>) -> Result<Parsed, Vec<Diagnostic>> {
    let map: Lrc<SourceMap> = Lrc::default();
    let file = map.new_source_file(Lrc::new(FileName::Anon), source.text.as_ref().to_owned());
    let comments = SingleThreadedComments::default();
    let syntax = match options.syntax {
        Syntax::JavaScript => ParserSyntax::Es(EsSyntax { decorators: true, ..EsSyntax::default() }),
        Syntax::TypeScript => ParserSyntax::Typescript(TsSyntax { decorators: true, ..TsSyntax::default() }),
    };
    let mut recovered = Vec::new();
    let version = EsVersion::latest();
    let program = match options.goal {
        Goal::Module => {
            parse_file_as_module(&file, syntax, version, Some(&comments), &mut recovered).map(Program::Module)
        }
        Goal::Script => {
            parse_file_as_script(&file, syntax, version, Some(&comments), &mut recovered).map(Program::Script)
        }
    };
    let start = file.start_pos;
    let mut errors = recovered;
    match program {
        Ok(program) if errors.is_empty() => return Ok(Parsed { program, start, comments }),
        Ok(_) => {}
        Err(fatal) => errors.push(fatal),
    }
    let mut diagnostics: Vec<_> =
        errors.iter().map(|error| syntax_error(source, start, error.span(), error.kind(), options)).collect();
    diagnostics.sort();
    diagnostics.dedup();
    Err(diagnostics)
}

fn syntax_error(source: &Source, start: BytePos, span: Span, kind: &SyntaxError, options: &Options<'_>) -> Diagnostic {
    let message = kind.msg();
    let diagnostic = at(source, start, span, message.trim_end_matches('.'));
    let help = match kind {
        SyntaxError::ImportExportInScript if options.goal == Goal::Script => {
            "only modules import and export: load it with `<script type=\"module\">`"
        }
        SyntaxError::WithInStrict => "modules are always strict, and strict code has no `with`",
        _ if options.goal == Goal::Script && follows_await(source, &diagnostic) => {
            "outside of async functions only modules may `await`: load it with `<script type=\"module\">`"
        }
        _ if options.syntax == Syntax::JavaScript && has_type_syntax(source, &diagnostic) => {
            "types are for TypeScript: call the file `.ts`"
        }
        _ => return diagnostic,
    };
    diagnostic.with_help(help)
}

/// Whether what stands at the place looks like a type annotation or declaration.
fn has_type_syntax(source: &Source, diagnostic: &Diagnostic) -> bool {
    diagnostic.label.as_ref().is_some_and(|label| {
        let rest = &source.text[label.span.start..];
        [":", "interface ", "enum ", "type ", "declare ", "namespace "].iter().any(|word| rest.starts_with(word))
    })
}

/// Whether the place is what an `await` waits for.
fn follows_await(source: &Source, diagnostic: &Diagnostic) -> bool {
    diagnostic.label.as_ref().is_some_and(|label| source.text[..label.span.start].trim_end().ends_with("await"))
}

fn at(source: &Source, start: BytePos, span: Span, message: impl Into<String>) -> Diagnostic {
    let offset = |position: BytePos| position.0.saturating_sub(start.0) as usize;
    Diagnostic::error_at(source, offset(span.lo)..offset(span.hi), message)
}

/// Rewrites what imports, exports, `import()` and `new URL(…, import.meta.url)` name.
struct Specifiers<'a> {
    links: Links<'a>,
    /// Places and new values, in the order of the text.
    changed: Vec<(Span, String)>,
}

impl Specifiers<'_> {
    fn follow(&mut self, specifier: &mut Str) {
        if let Some(new) = specifier.value.as_str().and_then(|old| self.links.specifier(old)) {
            self.changed.push((specifier.span, new.clone()));
            *specifier = new.into();
        }
    }
}

impl VisitMut for Specifiers<'_> {
    fn visit_mut_import_decl(&mut self, import: &mut ImportDecl) {
        self.follow(&mut import.src);
    }

    fn visit_mut_named_export(&mut self, export: &mut NamedExport) {
        if let Some(specifier) = &mut export.src {
            self.follow(specifier);
        }
    }

    fn visit_mut_export_all(&mut self, export: &mut ExportAll) {
        self.follow(&mut export.src);
    }

    fn visit_mut_call_expr(&mut self, call: &mut CallExpr) {
        if matches!(call.callee, Callee::Import(_))
            && let Some(Expr::Lit(Lit::Str(specifier))) = call.args.first_mut().map(|argument| &mut *argument.expr)
        {
            self.follow(specifier);
        }
        call.visit_mut_children_with(self);
    }

    fn visit_mut_new_expr(&mut self, new: &mut NewExpr) {
        let is_url = new.callee.as_ident().is_some_and(|name| name.sym == "URL");
        if is_url
            && let Some([specifier, url]) = new.args.as_deref_mut()
            && is_import_meta_url(&url.expr)
            && let Expr::Lit(Lit::Str(specifier)) = &mut *specifier.expr
        {
            self.follow(specifier);
        }
        new.visit_mut_children_with(self);
    }
}

/// What a module names.
#[derive(Default)]
struct Named(Vec<(Span, String)>);

impl Named {
    fn note(&mut self, specifier: &Str) {
        self.0.extend(specifier.value.as_str().map(|name| (specifier.span, name.to_owned())));
    }
}

impl Visit for Named {
    fn visit_import_decl(&mut self, import: &ImportDecl) {
        self.note(&import.src);
    }

    fn visit_named_export(&mut self, export: &NamedExport) {
        export.src.iter().for_each(|specifier| self.note(specifier));
    }

    fn visit_export_all(&mut self, export: &ExportAll) {
        self.note(&export.src);
    }

    fn visit_call_expr(&mut self, call: &CallExpr) {
        if matches!(call.callee, Callee::Import(_))
            && let Some(Expr::Lit(Lit::Str(specifier))) = call.args.first().map(|argument| &*argument.expr)
        {
            self.note(specifier);
        }
        call.visit_children_with(self);
    }

    fn visit_new_expr(&mut self, new: &NewExpr) {
        if new.callee.as_ident().is_some_and(|name| name.sym == "URL")
            && let Some([specifier, url]) = new.args.as_deref()
            && is_import_meta_url(&url.expr)
            && let Expr::Lit(Lit::Str(specifier)) = &*specifier.expr
        {
            self.note(specifier);
        }
        new.visit_children_with(self);
    }
}

fn is_import_meta_url(expression: &Expr) -> bool {
    expression.as_member().is_some_and(|member| {
        let is_meta = member.obj.as_meta_prop().is_some_and(|meta| meta.kind == MetaPropKind::ImportMeta);
        is_meta && matches!(&member.prop, MemberProp::Ident(name) if name.sym == "url")
    })
}

/// Finds what parses and no browser runs.
struct Refused<'a> {
    source: &'a Source,
    start: BytePos,
    found: Vec<Diagnostic>,
}

impl Refused<'_> {
    fn refuse(&mut self, span: Span, message: &str, help: &str) {
        self.found.push(at(self.source, self.start, span, message).with_help(help));
    }
}

impl Visit for Refused<'_> {
    fn visit_stmts(&mut self, statements: &[Stmt]) {
        self.declared(statements.iter().filter_map(Stmt::as_decl));
        statements.visit_children_with(self);
    }

    fn visit_module_items(&mut self, items: &[ModuleItem]) {
        self.declared(items.iter().filter_map(|item| match item {
            ModuleItem::Stmt(statement) => statement.as_decl(),
            ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => Some(&export.decl),
            ModuleItem::ModuleDecl(_) => None,
        }));
        items.visit_children_with(self);
    }

    fn visit_decorator(&mut self, decorator: &Decorator) {
        self.refuse(decorator.span, "browsers do not run decorators yet", "call the decorator as a function");
    }

    fn visit_ts_external_module_ref(&mut self, reference: &TsExternalModuleRef) {
        let help = "write `import name from \"…\"` or `import * as name from \"…\"`";
        self.refuse(reference.span, "browsers have no `require`", help);
    }

    fn visit_ts_export_assignment(&mut self, export: &TsExportAssignment) {
        self.refuse(export.span, "`export =` is for CommonJS, browsers load modules", "write `export default`");
    }
}

impl Refused<'_> {
    /// Names declared twice by `let`, `const` or `class` in one block: an early error (ECMA-262 §14.2.1) the parser lets
    /// pass, so that the script would be minified and would have failed before.
    fn declared<'d>(&mut self, declarations: impl Iterator<Item = &'d Decl>) {
        let mut names = HashSet::new();
        for declaration in declarations {
            let mut declared = Names::default();
            match declaration {
                Decl::Var(variables) if variables.kind != VarDeclKind::Var && !variables.declare => {
                    variables.decls.iter().for_each(|variable| variable.name.visit_with(&mut declared));
                }
                Decl::Class(class) if !class.declare => declared.0.push(class.ident.clone()),
                _ => {}
            }
            for name in declared.0 {
                if !names.insert(name.sym.clone()) {
                    let message = format!("`{}` is declared twice", name.sym);
                    self.refuse(name.span, &message, "a name can be declared once in each block");
                }
            }
        }
    }
}

/// The names a pattern binds.
#[derive(Default)]
struct Names(Vec<Ident>);

impl Visit for Names {
    fn visit_binding_ident(&mut self, name: &BindingIdent) {
        self.0.push(name.id.clone());
    }

    fn visit_assign_pat_prop(&mut self, property: &AssignPatProp) {
        self.0.push(property.key.id.clone());
    }

    /// Default values and computed keys bind nothing here.
    fn visit_expr(&mut self, _: &Expr) {}
}

/// The comments that must be published with the script, each on its own line.
fn licences(comments: &SingleThreadedComments) -> String {
    let (leading, trailing) = comments.borrow_all();
    let all = leading.values().chain(trailing.values()).flatten();
    let mut found: Vec<_> = all.filter(|comment| is_licence(&comment.text)).collect();
    found.sort_by_key(|comment| comment.span.lo);
    found.dedup_by_key(|comment| comment.span.lo);
    written(found.into_iter().map(|comment| &*comment.text))
}

/// Whether the text of a comment must be published with the script.
fn is_licence(comment: &str) -> bool {
    comment.starts_with('!') || ["@license", "@licence", "@preserve"].iter().any(|mark| comment.contains(mark))
}

fn written<'c>(licences: impl IntoIterator<Item = &'c str>) -> String {
    let mut text = String::new();
    for licence in licences {
        // A `//` comment may hold what would end a `/*` comment.
        text.extend(["/*", &licence.replace("*/", "* /"), "*/\n"]);
    }
    text
}

fn shrink(program: Program, comments: &SingleThreadedComments, options: &Options<'_>) -> Program {
    let is_module = options.goal == Goal::Module;
    let mut program = program.apply(paren_remover(None));
    if options.syntax == Syntax::TypeScript {
        program = strip_types(program);
    }
    let (unresolved_mark, top_level_mark) = (Mark::new(), Mark::new());
    let program = program.apply(resolver(unresolved_mark, top_level_mark, false));
    let options = MinifyOptions {
        compress: Some(CompressOptions {
            ecma: EsVersion::Es2022,
            module: is_module,
            top_level: is_module.then_some(TopLevelOptions { functions: true }),
            drop_debugger: false,
            ..CompressOptions::default()
        }),
        mangle: Some(MangleOptions { top_level: Some(is_module), ..MangleOptions::default() }),
        ..MinifyOptions::default()
    };
    let extra = ExtraOptions { unresolved_mark, top_level_mark, mangle_name_cache: None };
    let program = optimize(program, Lrc::default(), Some(comments), None, &options, &extra);
    program.apply(fixer(None))
}

/// Types go. Names are made plain again, so that the minifier can resolve them afresh: what an enum becomes binds its name
/// a second time.
fn strip_types(program: Program) -> Program {
    let (unresolved_mark, top_level_mark) = (Mark::new(), Mark::new());
    let config =
        TypeScriptConfig { native_class_properties: true, no_empty_export: true, ..TypeScriptConfig::default() };
    program
        .apply(resolver(unresolved_mark, top_level_mark, true))
        .apply(typescript(config, unresolved_mark, top_level_mark))
        .apply(hygiene_with_config(HygieneConfig { top_level_mark, ..HygieneConfig::default() }))
}

/// The text; `places` is told where in it pieces of the source ended up.
fn print(program: &Program, places: Option<&mut Vec<(BytePos, LineCol)>>) -> std::io::Result<String> {
    let map: Lrc<SourceMap> = Lrc::default();
    let mut code = Vec::new();
    let config = Config::default().with_minify(true).with_target(EsVersion::Es2022).with_inline_script(true);
    let mut emitter = Emitter {
        cfg: config,
        cm: map.clone(),
        comments: None,
        wr: omit_trailing_semi(JsWriter::new(map, "\n", &mut code, places)),
    };
    match program {
        Program::Module(module) => emitter.emit_module(module)?,
        Program::Script(script) => emitter.emit_script(script)?,
    }
    drop(emitter);
    String::from_utf8(code).map_err(std::io::Error::other)
}

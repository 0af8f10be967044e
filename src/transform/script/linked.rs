//! The last step of a module that a linker made: minified, each `import()` told what else it needs, and where every piece
//! of the result came from. Nothing here knows what a chunk is called in the end.

use std::path::PathBuf;

use oxc::{
    allocator::{Allocator, GetAllocator, TakeIn, Vec as ArenaVec},
    ast::{
        ast::{
            Argument, ArrayExpressionElement, ArrowFunctionBody, Declaration, Expression, FormalParameterKind,
            FormalParameters, ImportExpression, Program, Statement,
        },
        builder::AstBuilder,
    },
    ast_visit::{VisitMut, walk_mut},
    codegen::{Codegen, CodegenOptions, CodegenReturn, CommentOptions},
    mangler::{MangleOptions, Mangler},
    minifier::{CompressOptions, Compressor},
    parser::{ParseOptions, Parser},
    semantic::SemanticBuilder,
    span::{GetSpan, SPAN, SourceType},
    str::Str,
    transformer::EngineTargets,
};
use oxc_sourcemap::{SourceMap, Token};

use super::{again, shorter::shorten, source_map::compose};
use crate::{
    diag::{Diagnostic, Source},
    transform::contained::contained,
};

/// A module of at most so many bytes is minified by swc as well, which knows some things that oxc does not: some percent of
/// it, for 5 ms where oxc takes one. In a large one there is less of it to find and more to wait for.
const SMALL: usize = 100_000;

/// Nor does swc find much where a declaration of the module is so many bytes long on average: that is a program which somebody
/// has put together before, inside of one function.
const LONG: usize = 5_000;

/// What to make of a linked module.
#[derive(Clone, Copy, Debug)]
pub struct Linked<'a> {
    /// What it must run in: `chrome112`, `safari16.4`. Nothing is written in a way that one of them does not know.
    pub engines: &'a [String],
    pub later: Option<Later<'a>>,
    /// Whether to tell where the pieces came from.
    pub has_map: bool,
    /// Whether all stays as it is written, names and all, but for what is imported later.
    pub is_plain: bool,
}

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
#[derive(Clone, Debug)]
pub struct Minified {
    pub code: String,
    /// From the code to the module it was.
    pub map: Option<SourceMap<'static>>,
}

/// The module `source`, in JavaScript and with its specifiers as they should be, minified. Its licences stand before it.
///
/// # Errors
/// What oxc said or did that kept it from doing so; the module can be published as it was.
pub fn minify(source: &Source, options: &Linked<'_>) -> Result<Minified, Vec<Diagnostic>> {
    contained(source.path.clone(), "oxc", || minify_plainly(source, options)).flatten()
}

fn minify_plainly(source: &Source, options: &Linked<'_>) -> Result<Minified, Vec<Diagnostic>> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, &source.text, SourceType::mjs())
        .with_options(ParseOptions { preserve_parens: false, ..ParseOptions::default() })
        .parse();
    if parsed.panicked || !parsed.diagnostics.is_empty() {
        let told = parsed.diagnostics.iter().map(|one| Diagnostic::error(source.path.clone(), one.to_string()));
        return Err(told.map(Diagnostic::as_warning).collect());
    }
    let mut program = parsed.program;
    let licences = licences(&program);
    if let Some(later) = &options.later {
        Imports { later, ast: AstBuilder::new(&allocator) }.visit_program(&mut program);
    }

    if options.is_plain {
        let source_map_path = options.has_map.then(|| PathBuf::from("linked.js"));
        let codegen = CodegenOptions { source_map_path, ..CodegenOptions::default() };
        let CodegenReturn { code, map, .. } = Codegen::new().with_options(codegen).build(&program);
        return Ok(Minified { code, map: map.map(SourceMap::into_owned) });
    }
    let scoping = SemanticBuilder::new().build(&program).semantic.into_scoping();
    let target = EngineTargets::from_target_list(options.engines).unwrap_or_default();
    let compress = CompressOptions { target, ..CompressOptions::smallest() };
    Compressor::new(&allocator).build_with_scoping(&mut program, scoping, compress);
    shorten(&mut program, &allocator);
    let declared = program.body.iter().map(declarations).sum::<usize>();

    let mut semantic = SemanticBuilder::new().with_build_nodes(true).with_class_table(true).build(&program).semantic;
    let mangle = MangleOptions { top_level: Some(true), ..MangleOptions::default() };
    let private_names = Mangler::new().with_options(mangle).build_with_semantic(&mut semantic, &program);
    let codegen = CodegenOptions {
        minify: true,
        comments: CommentOptions::disabled(),
        source_map_path: options.has_map.then(|| PathBuf::from("linked.js")),
        ..CodegenOptions::default()
    };
    let CodegenReturn { code, map, .. } = Codegen::new()
        .with_options(codegen)
        .with_scoping(Some(semantic.into_scoping()))
        .with_private_member_mappings(Some(private_names))
        .build(&program);
    let mut minified = Minified { code, map: map.map(SourceMap::into_owned) };
    if minified.code.len() <= SMALL.min(LONG * declared.max(1))
        && let Some(again) =
            again::minify(&minified.code, options.has_map).filter(|again| again.code.len() < minified.code.len())
    {
        let map = minified.map.zip(again.map).map(|(map, origins)| compose(&origins, map));
        minified = Minified { code: again.code, map };
    }
    let lines_above = u32::try_from(licences.matches('\n').count()).unwrap_or(u32::MAX);
    let Minified { code, map } = minified;
    Ok(Minified { code: licences + &code, map: map.map(|map| below(map, lines_above)) })
}

/// How many things a statement of a module declares.
fn declarations(statement: &Statement<'_>) -> usize {
    let declaration = match statement {
        Statement::ExportDeclaration(export) => Some(&export.declaration),
        statement => statement.as_declaration(),
    };
    match declaration {
        Some(Declaration::VariableDeclaration(variables)) => variables.declarations.len(),
        Some(_) => 1,
        None => usize::from(matches!(statement, Statement::ExportDefaultDeclaration(_))),
    }
}

/// The map of the same code with so many lines before it.
#[must_use]
pub fn below(map: SourceMap<'static>, lines: u32) -> SourceMap<'static> {
    if lines == 0 {
        return map;
    }
    let mut parts = map.into_parts();
    for token in &mut parts.tokens {
        *token = Token::new(
            token.get_dst_line() + lines,
            token.get_dst_col(),
            token.get_src_line(),
            token.get_src_col(),
            token.get_source_id(),
            token.get_name_id(),
        );
    }
    parts.token_chunks = None;
    SourceMap::from_parts(parts)
}

/// The comments that must be published with the script, each on its own line and none of them twice.
fn licences(program: &Program<'_>) -> String {
    let mut found: Vec<&str> = Vec::new();
    for comment in &program.comments {
        let text = comment.content_span().source_text(program.source_text);
        if super::is_licence(text) && !found.contains(&text) {
            found.push(text);
        }
    }
    super::written(found)
}

struct Imports<'a, 'l> {
    later: &'l Later<'l>,
    ast: AstBuilder<'a>,
}

impl<'a> VisitMut<'a> for Imports<'a, '_> {
    fn visit_expression(&mut self, expression: &mut Expression<'a>) {
        walk_mut::walk_expression(self, expression);
        let Expression::ImportExpression(import) = &*expression else { return };
        let Some(needs) = imported(import).and_then(self.later.needs) else { return };
        let ast = &self.ast;
        let import = expression.take_in(ast);
        let span = import.span();
        let parameters = FormalParameters::boxed(SPAN, FormalParameterKind::ArrowFormalParameters, [], None, ast);
        let body = ArrowFunctionBody::from(import);
        let load = Expression::new_arrow_function_expression(SPAN, false, None, parameters, None, body, ast);
        let string = |need: &String| {
            let text: &str = ast.allocator().alloc_str(need);
            ArrayExpressionElement::from(Expression::new_string_literal(SPAN, text, None, ast))
        };
        let needs = ArenaVec::from_iter_in(needs.iter().map(string), ast);
        let needs = Expression::new_array_expression(SPAN, needs, ast);
        let function: &str = ast.allocator().alloc_str(self.later.function);
        let function = Expression::new_identifier(SPAN, function, ast);
        let arguments = [Argument::from(load), Argument::from(needs)];
        *expression = Expression::new_call_expression(span, function, None, arguments, false, ast);
    }
}

/// What is imported, where nothing can be computed about it.
fn imported<'a>(import: &'a ImportExpression<'_>) -> Option<&'a str> {
    match &import.source {
        Expression::StringLiteral(specifier) => Some(specifier.value.as_str()),
        Expression::TemplateLiteral(template) if template.expressions.is_empty() => {
            template.quasis.first()?.value.cooked.as_ref().map(Str::as_str)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minified(text: &str, later: Option<Later<'_>>) -> Minified {
        minify(&Source::new("a.js", text), &Linked { engines: &[], later, has_map: true, is_plain: false }).unwrap()
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
            assert_eq!(minified(text, Some(later)).code.replace('`', "\""), expected.replace('`', "\""), "{text}");
        }
    }

    #[test]
    fn pieces_know_where_they_came_from() {
        let text = "/*! kept */\n// gone\nconst wörd = 'ü' + Math.random();\nconsole.log(wörd, 'end');\nfail();";
        let Minified { code, map } = minified(text, None);
        let map = map.unwrap();
        let place = |text: &str, token: &str| {
            let (line, found) = (0..).zip(text.lines()).find_map(|(at, line)| Some((at, line.find(token)?))).unwrap();
            let before = &text.lines().nth(usize::try_from(line).unwrap()).unwrap()[..found];
            (line, u32::try_from(before.encode_utf16().count()).unwrap())
        };
        assert!(code.starts_with("/*! kept */\n"), "{code}");
        for token in ["fail", "console", "log"] {
            let (here, there): ((u32, u32), (u32, u32)) = (place(&code, token), place(text, token));
            let is_told = map.get_tokens().any(|one| {
                (one.get_dst_line(), one.get_dst_col()) == here && (one.get_src_line(), one.get_src_col()) == there
            });
            assert!(is_told, "{token}: {code}\n{:?}", map.get_tokens().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_licence_is_published_once() {
        let text = "/*! one */ a();\n// @license two\nb();\n/*! one */ c();";
        assert_eq!(minified(text, None).code, "/*! one */\n/* @license two*/\na(),b(),c();");
    }

    #[test]
    fn what_a_module_declares_is_counted() {
        for (text, expected) in [
            ("var a = 1, b = 2; function c() {} class D {}", 4),
            ("export const a = 1, b = 2; export function c() {} export { a as d }", 3),
            ("export default function () {}", 1),
            ("import { a } from 'b'; a(function c() {})", 0),
        ] {
            let allocator = Allocator::default();
            let program = Parser::new(&allocator, text, SourceType::mjs()).parse().program;
            assert_eq!(program.body.iter().map(declarations).sum::<usize>(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_module_is_refused() {
        let options = Linked { engines: &[], later: None, has_map: false, is_plain: false };
        assert!(minify(&Source::new("a.js", "import {"), &options).is_err());
    }
}

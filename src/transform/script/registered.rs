//! Modules that can be replaced while a page runs: the text of a module as a call that says what it imports and gives a
//! function to run it with, in the form of `System.register` (`SystemJS`, `docs/system-register.md`): imports are set from
//! outside whenever they change, exports are told. Nothing here knows what is done with it.

use std::collections::BTreeSet;

use oxc_sourcemap::SourceMap;
use serde::{Deserialize, Serialize};
use swc_core::{
    common::{GLOBALS, Globals, Mark},
    ecma::{
        ast::{
            BindingIdent, CallExpr, Callee, Decl, ExportSpecifier, Expr, ExprOrSpread, ImportSpecifier, Lit,
            ModuleDecl, ModuleExportName, OptCall, Program,
        },
        transforms::{
            base::{fixer::fixer, hygiene::hygiene, resolver},
            module::{
                path::Resolver,
                system_js::{Config, system_js},
            },
        },
        visit::{Visit, VisitWith},
    },
};

use super::{Goal, Options, Parsed, again, parse, print};
use crate::{diag::Source, transform::contained::contained};

/// What the call is to in [`Registered::code`].
pub const CALLED: &str = "sitekit$defined";

/// What swc calls; as long as the other, so that no place in the text moves.
const REGISTER: &str = "System.register";

/// A module as a call: `sitekit$defined(["./a.js"], function (_export, _context) { … })`.
#[derive(Debug)]
pub struct Registered {
    pub code: String,
    /// The specifiers of what it imports before it runs, in the order of the array.
    pub imports: Vec<String>,
    /// The specifiers of what it imports later, as far as they stand in the text.
    pub later: Vec<String>,
    /// Those it says in `import.meta.hot.accept` that it takes replacements of.
    pub accepted: Vec<String>,
    pub interface: Interface,
    /// From the code to the module.
    pub map: SourceMap<'static>,
}

/// What others can tell of a module without running it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// The names of its exports. All of another module stand there as `*` and its specifier.
    pub exports: BTreeSet<String>,
    /// Specifiers and what it takes from them: `*` for all of it, nothing for that it runs. Those it asks for later have
    /// no name behind them but `import()`.
    pub imports: BTreeSet<(String, String)>,
}

impl Interface {
    /// Whether a module with this one can take the place of one with the other, and no one has to look at the modules around.
    #[must_use]
    pub fn fits(&self, other: &Self) -> bool {
        self.exports == other.exports && self.imports.is_subset(&other.imports)
    }
}

/// `None` for what is no module, or what swc cannot print.
#[must_use]
pub fn register(module: &Source) -> Option<Registered> {
    contained("", "swc", || GLOBALS.set(&Globals::new(), || register_plainly(module))).ok().flatten()
}

fn register_plainly(module: &Source) -> Option<Registered> {
    let Parsed { program, start, .. } = parse(module, &Options::inline(Goal::Module)).ok()?;
    let mut named = Named::default();
    program.visit_with(&mut named);
    let interface = interface(&program, &named.later);
    let (unresolved, top_level) = (Mark::new(), Mark::new());
    let program = program
        .apply(resolver(unresolved, top_level, false))
        .apply(system_js(Resolver::Default, unresolved, Config::default()))
        .apply(hygiene())
        .apply(fixer(None));
    let imports = imports(&program)?;
    let mut places = Vec::new();
    let code = print(&program, Some(&mut places)).ok()?;
    let rest = code.strip_prefix(REGISTER)?;
    Some(Registered {
        code: format!("{CALLED}{rest}"),
        imports,
        later: named.later,
        accepted: named.accepted,
        interface,
        map: again::map(&places, start, &module.text),
    })
}

fn interface(program: &Program, later: &[String]) -> Interface {
    let mut interface = Interface::default();
    let Interface { exports, imports } = &mut interface;
    imports.extend(later.iter().map(|specifier| (specifier.clone(), "import()".to_owned())));
    let declarations = program.as_module().into_iter().flat_map(|module| &module.body);
    for declaration in declarations.filter_map(|item| item.as_module_decl()) {
        match declaration {
            ModuleDecl::Import(import) => {
                let from = import.src.value.to_string_lossy();
                imports.insert((from.to_string(), String::new()));
                imports.extend(import.specifiers.iter().map(|specifier| (from.to_string(), imported(specifier))));
            }
            ModuleDecl::ExportNamed(export) => {
                let from = export.src.as_ref().map(|source| source.value.to_string_lossy());
                imports.extend(from.iter().map(|from| (from.to_string(), String::new())));
                for specifier in &export.specifiers {
                    let (taken, given) = exported(specifier);
                    exports.insert(given);
                    imports.extend(from.iter().map(|from| (from.to_string(), taken.clone())));
                }
            }
            ModuleDecl::ExportAll(export) => {
                let from = export.src.value.to_string_lossy();
                imports.insert((from.to_string(), "*".to_owned()));
                exports.insert(format!("* {from}"));
            }
            ModuleDecl::ExportDefaultDecl(_) | ModuleDecl::ExportDefaultExpr(_) => {
                exports.insert("default".to_owned());
            }
            ModuleDecl::ExportDecl(export) => exports.extend(declared(&export.decl)),
            // TypeScript's, which are gone by now.
            _ => {}
        }
    }
    interface
}

fn imported(specifier: &ImportSpecifier) -> String {
    match specifier {
        ImportSpecifier::Named(named) => named.imported.as_ref().map_or_else(|| named.local.sym.to_string(), name),
        ImportSpecifier::Default(_) => "default".to_owned(),
        ImportSpecifier::Namespace(_) => "*".to_owned(),
    }
}

/// What a name of a list of exports is there, and here.
fn exported(specifier: &ExportSpecifier) -> (String, String) {
    match specifier {
        ExportSpecifier::Namespace(all) => ("*".to_owned(), name(&all.name)),
        ExportSpecifier::Default(default) => ("default".to_owned(), default.exported.sym.to_string()),
        ExportSpecifier::Named(named) => {
            let taken = name(&named.orig);
            let given = named.exported.as_ref().map_or_else(|| taken.clone(), name);
            (taken, given)
        }
    }
}

fn declared(declaration: &Decl) -> Vec<String> {
    match declaration {
        Decl::Class(class) => vec![class.ident.sym.to_string()],
        Decl::Fn(function) => vec![function.ident.sym.to_string()],
        Decl::Var(variables) => {
            let mut bound = Bound(Vec::new());
            variables.decls.iter().for_each(|one| one.name.visit_with(&mut bound));
            bound.0
        }
        _ => Vec::new(),
    }
}

/// The names that a pattern gives to what it finds.
struct Bound(Vec<String>);

impl Visit for Bound {
    fn visit_binding_ident(&mut self, name: &BindingIdent) {
        self.0.push(name.sym.to_string());
    }

    /// What stands for what is not found.
    fn visit_expr(&mut self, _: &Expr) {}
}

fn name(name: &ModuleExportName) -> String {
    name.atom().to_string()
}

/// The strings of the array that the call begins with.
fn imports(program: &Program) -> Option<Vec<String>> {
    let Program::Module(module) = program else { return None };
    let call = module.body.first()?.as_stmt()?.as_expr()?.expr.as_call()?;
    let list = call.args.first()?.expr.as_array()?;
    list.elems.iter().map(|element| string(element.as_ref()?)).collect()
}

fn string(argument: &ExprOrSpread) -> Option<String> {
    match &*argument.expr {
        Expr::Lit(Lit::Str(text)) => text.value.as_str().map(str::to_owned),
        Expr::Tpl(text) if text.exprs.is_empty() => text.quasis.first()?.cooked.as_ref()?.as_str().map(str::to_owned),
        _ => None,
    }
}

#[derive(Default)]
struct Named {
    later: Vec<String>,
    accepted: Vec<String>,
}

impl Named {
    fn call(&mut self, callee: &Expr, arguments: &[ExprOrSpread]) {
        let Some(first) = arguments.first().filter(|_| is_accept(callee)) else { return };
        match &*first.expr {
            Expr::Array(list) => self.accepted.extend(list.elems.iter().flatten().filter_map(string)),
            _ => self.accepted.extend(string(first)),
        }
    }
}

impl Visit for Named {
    fn visit_opt_call(&mut self, call: &OptCall) {
        self.call(&call.callee, &call.args);
        call.visit_children_with(self);
    }

    fn visit_call_expr(&mut self, call: &CallExpr) {
        match &call.callee {
            Callee::Import(_) => self.later.extend(call.args.first().and_then(string)),
            Callee::Expr(callee) => self.call(callee, &call.args),
            Callee::Super(_) => {}
        }
        call.visit_children_with(self);
    }
}

/// Whether it is `import.meta.hot.accept`, with or without question marks.
fn is_accept(callee: &Expr) -> bool {
    let Some(member) = member(callee) else { return false };
    member.1 == "accept" && self::member(member.0).is_some_and(|(of, name)| name == "hot" && of.is_meta_prop())
}

fn member(expression: &Expr) -> Option<(&Expr, &str)> {
    let member = match expression {
        Expr::Member(member) => member,
        Expr::OptChain(chain) => chain.base.as_member()?,
        _ => return None,
    };
    Some((&member.obj, &member.prop.as_ident()?.sym))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_module_names() {
        let text = "import { a as b } from './a.js';\nimport './b.js';\nexport * from 'c';\nexport const one = b + 1;\n\
                    import.meta.hot?.accept(['./a.js', './b.js'], () => {});\nimport.meta.hot.accept(`./e.js`);\n\
                    hot.accept('./no.js');\nvoid import('./d.js');\nvoid import(one);\n";
        let found = register(&Source::new("m.js", text)).unwrap();
        assert_eq!(found.imports, ["./a.js", "./b.js", "c"]);
        assert_eq!(found.later, ["./d.js"]);
        assert_eq!(found.accepted, ["./a.js", "./b.js", "./e.js"]);
        assert!(found.code.starts_with("sitekit$defined([\"./a.js\",\"./b.js\",\"c\"],function("), "{}", found.code);
        assert!(!found.code.contains("import.meta") && !found.code.contains(" import("), "{}", found.code);
    }

    #[test]
    fn what_others_can_tell_of_a_module() {
        let text = "import a, { b as c, 'd e' as f } from './x.js';\nimport * as all from 'y';\nimport './z.js';\n\
                    export * from 'p';\nexport * as q from 'p';\nexport { r, s as default } from './x.js';\n\
                    export const { t, u: [v = 1, ...w] } = a;\nexport function f1() {}\nexport class C {}\nlet k = 1;\n\
                    export { k as m };\nvoid import('./late.js');\n";
        let Interface { exports, imports } = register(&Source::new("m.js", text)).unwrap().interface;
        assert_eq!(Vec::from_iter(exports), ["* p", "C", "default", "f1", "m", "q", "r", "t", "v", "w"]);
        let imports: Vec<String> = imports.into_iter().map(|(from, name)| format!("{from} {name}")).collect();
        assert_eq!(
            imports,
            [
                "./late.js import()",
                "./x.js ",
                "./x.js b",
                "./x.js d e",
                "./x.js default",
                "./x.js r",
                "./x.js s",
                "./z.js ",
                "p ",
                "p *",
                "y ",
                "y *",
            ]
        );
    }

    #[test]
    fn which_module_can_take_the_place_of_another() {
        let of = |text: &str| register(&Source::new("m.js", text)).unwrap().interface;
        let before = of("import { a, b } from 'x'; export const c = a + b;");
        for (text, fits) in [
            ("import { a, b } from 'x'; export const c = a * b;", true),
            ("import { a } from 'x'; export function c() { return a; }", true),
            ("export let c = 1;", true),
            ("import { a, d } from 'x'; export const c = a + d;", false),
            ("import { a } from 'x'; export const d = a;", false),
            ("import { a, b } from 'x'; export const c = a + b, d = 1;", false),
            ("import 'y'; export const c = 1;", false),
            ("export const c = import('x');", false),
        ] {
            assert_eq!(of(text).fits(&before), fits, "{text}");
        }
    }

    #[test]
    fn a_place_is_found_again() {
        let text = "let _export = 'ü';\nexport function greet() {\n  return _export + unknown;\n}\n";
        let Registered { code, map, .. } = register(&Source::new("m.js", text)).unwrap();
        let at = u32::try_from(code[..code.find("unknown").unwrap()].encode_utf16().count()).unwrap();
        let token = map.get_tokens().filter(|token| token.get_dst_col() <= at).last().unwrap();
        assert_eq!((token.get_src_line(), token.get_src_col()), (2, 19), "{code}");
    }

    #[test]
    fn what_is_no_module_is_left() {
        assert!(register(&Source::new("m.js", "import {")).is_none());
    }
}

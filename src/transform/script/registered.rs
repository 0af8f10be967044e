//! Modules that can be replaced while a page runs: the text of a module as a call that says what it imports and gives a
//! function to run it with, in the form of `System.register` (`SystemJS`, `docs/system-register.md`): imports are set from
//! outside whenever they change, exports are told. Nothing here knows what is done with it.

use oxc_sourcemap::SourceMap;
use swc_core::{
    common::{GLOBALS, Globals, Mark},
    ecma::{
        ast::{CallExpr, Callee, Expr, ExprOrSpread, Lit, OptCall, Program},
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
    /// From the code to the module.
    pub map: SourceMap<'static>,
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
        map: again::map(&places, start, &module.text),
    })
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

//! What becomes of pieces of scripts, as pairs of texts.

use oxc::{
    codegen::Codegen,
    parser::{ParseOptions, Parser},
    span::SourceType,
};

use super::*;

fn print(text: &str, change: impl for<'a> FnOnce(&mut Program<'a>, &'a Allocator)) -> String {
    let allocator = Allocator::default();
    let options = ParseOptions { preserve_parens: false, ..ParseOptions::default() };
    let parsed = Parser::new(&allocator, text, SourceType::mjs()).with_options(options).parse();
    assert!(parsed.diagnostics.is_empty(), "{text}");
    let mut program = parsed.program;
    change(&mut program, &allocator);
    Codegen::new().build(&program).code
}

/// `expected` is written as a person would.
fn check(table: &[(&str, &str)]) {
    for (text, expected) in table {
        assert_eq!(print(text, shorten), print(expected, |_, _| {}), "{text}");
    }
}

#[test]
fn conditions_are_turned_round_where_that_is_shorter() {
    check(&[
        ("!(a && b) && c()", "a && b || c()"),
        ("(a === 1 || !b) && c()", "a !== 1 && b || c()"),
        ("!a && c()", "a || c()"),
        ("a && c()", "a && c()"),
        ("(a || b) && c()", "(a || b) && c()"),
        ("a < b && c()", "a < b && c()"),
        ("!(a < b) && c()", "a < b || c()"),
        ("x, !(a || b) || c()", "x, (a || b) && c()"),
        ("if (!(a && !b)) c(); else d()", "if (!a || b) c(); else d()"),
        ("if (!(a === 1 && b)) f(); else g()", "if (a === 1 && b) g(); else f()"),
        ("if (x && !(a && !b)) { let c; f(c) }", "if (x && (!a || b)) { let c; f(c) }"),
        ("y = !(a && !b) ? c : d", "y = !a || b ? c : d"),
        ("y = !(a == b) || c", "y = !(a == b) || c"),
        ("y = !(a && b) && c", "y = !(a && b) && c"),
        ("!(a ?? b) && c()", "(a ?? b) || c()"),
    ]);
}

#[test]
fn values_that_are_read_stay() {
    check(&[
        ("f((a === 1 || !b) && c)", "f((a === 1 || !b) && c)"),
        ("y = () => !(a && b) && c()", "y = () => !(a && b) && c()"),
        ("y = (a, !(b && c) && d)", "y = (a, !(b && c) && d)"),
    ]);
}

#[test]
fn what_is_returned_either_way_is_written_once() {
    check(&[
        ("function f() { return a ? x : (y(), x) }", "function f() { return a || y(), x }"),
        ("function f() { return a ? (y(), z(), this) : this }", "function f() { return a && (y(), z()), this }"),
        ("function f() { return !a ? x : (y(), x) }", "function f() { return a && y(), x }"),
        ("function f() { return a ? x.y : (y(), x.y) }", "function f() { return a ? x.y : (y(), x.y) }"),
        ("function f() { return a ? x : (y(), z) }", "function f() { return a ? x : (y(), z) }"),
    ]);
}

#[test]
fn whole_numbers_are_made_whole_once() {
    check(&[
        ("x = 1 << a | 0", "x = 1 << a"),
        ("x = a & 255 | 0", "x = a & 255"),
        ("x = a << b | 0", "x = a << b | 0"),
        ("x = a >>> 1 | 0", "x = a >>> 1 | 0"),
        ("x = a | 0", "x = a | 0"),
        ("x = 1 << a | 1", "x = 1 << a | 1"),
    ]);
}

#[test]
fn variables_of_the_module_are_declared_together() {
    check(&[
        ("const a = 1; let b; var c = 2; f(); let d = 3", "var a = 1, b, c = 2; f(); var d = 3"),
        ("{ const a = 1; let b }", "{ const a = 1; let b }"),
        ("export const a = 1; const b = 2", "export const a = 1; var b = 2"),
        ("for (let a of b) c(a)", "for (let a of b) c(a)"),
    ]);
}

#[test]
fn functions_that_return_early_go_one_way_or_the_other() {
    check(&[
        ("function f() { if (a) { b(); return } c() }", "function f() { a ? b() : c() }"),
        ("function f() { x(); if (!a) { b(); return } c() }", "function f() { x(), a ? c() : b() }"),
        (
            "function f() { if (a) { b(); return } if (c) { d(); return } e() }",
            "function f() { a ? b() : c ? d() : e() }",
        ),
        (
            "function f() { if (a) { b(); return } for (let x of y) z(x) }",
            "function f() { if (a) b(); else for (let x of y) z(x) }",
        ),
        ("for (let x of y) { if (x) { b(); continue } c() }", "for (let x of y) x ? b() : c()"),
        ("function f() { if (a) { b(); return 1 } c() }", "function f() { if (a) { b(); return 1 } c() }"),
        (
            "function f() { if (a) { b(); return } let c = 1; d(c) }",
            "function f() { if (a) { b(); return } let c = 1; d(c) }",
        ),
        (
            "function f() { if (a) { b(); return } function c() {} }",
            "function f() { if (a) { b(); return } function c() {} }",
        ),
        (
            "o: for (;;) for (;;) { if (x) { b(); continue o } c() }",
            "o: for (;;) for (;;) { if (x) { b(); continue o } c() }",
        ),
        ("if (a) { b(); } c()", "if (a) { b(); } c()"),
    ]);
}

#[test]
fn cases_that_do_the_same_do_it_once() {
    let function = |cases: &str| format!("function f(x) {{ switch (x) {{ {cases} }} }}");
    for (text, expected) in [
        ("case 1: return a; case 2: return a; default: return b", "case 1: case 2: return a; default: return b"),
        ("case 1: a(); break; case 2: b(); break; case 3: a()", "case 2: b(); break; case 1: case 3: a()"),
        (
            "case 1: return a; case 2: return b; case 3: return a; case 4: return b; case 5: return c",
            "case 1: case 3: return a; case 2: case 4: return b; case 5: return c",
        ),
        ("default: a(); break; case 2: b(); break; case 3: a()", "case 2: b(); break; default: case 3: a()"),
        // What a test does comes in its order, and so does what runs on.
        (
            "case y: return a; case 2: return b; case 3: return a",
            "case y: return a; case 2: return b; case 3: return a",
        ),
        ("case 1: a(); case 2: b(); break; case 3: a()", "case 1: a(); case 2: b(); break; case 3: a()"),
        (
            "case 1: return a; case 2: return b; case 1: return a",
            "case 1: return a; case 2: return b; case 1: return a",
        ),
        (
            "case 1: let z = 1; return z; case 2: return b; case 3: return b",
            "case 1: let z = 1; return z; case 2: case 3: return b",
        ),
    ] {
        check(&[(&function(text), &function(expected))]);
    }
}

//! Style sheets as their author writes them, and what is published.

use std::collections::BTreeMap;

use super::*;
use crate::{
    assets::{Options, files::Files},
    load::{self, MemoryWorld, Site},
    site::{BasePath, SiteName},
};

/// What came of a sheet.
struct Outcome {
    css: String,
    names: Option<BTreeMap<String, String>>,
    joined: Joined,
    /// Sources and where they are published.
    published: BTreeMap<String, String>,
    told: Vec<String>,
}

fn site(files: &[(&str, &str)]) -> (MemoryWorld, Site) {
    let world = MemoryWorld::new().with("sites/s/templates/index.html", "").with("sites/s/content/_index.md", "");
    let world = files.iter().fold(world, |world, (path, text)| {
        let path = if path.starts_with("node_modules/") { (*path).to_owned() } else { format!("sites/s/{path}") };
        world.with(&path, *text)
    });
    let name = SiteName::parse("s").expect("a name");
    let (site, _) = load::load(&world, &name, "sites/s");
    (world, site.expect("a site"))
}

/// Compiles and joins sheets of the site `s`, which is mounted at `/s/`.
fn outcome(files: &[(&str, &str)], sheets: &[&str]) -> Outcome {
    let (world, site) = site(files);
    let base = BasePath::of(&site.name);
    let options = Options { config: &site.config.assets, base: &base, is_dev: false };
    let (published, mut found) = (Files::new(&world, &base), Vec::new());
    let browsers = crate::assets::browsers::of(&world, &site, &options, &mut found);
    let context = Context { world: &world, site: &site, options: &options, browsers: &browsers, files: &published };
    let sheets: Vec<Sheet> = sheets
        .iter()
        .filter_map(|path| {
            let path = if path.starts_with("node_modules/") { (*path).to_owned() } else { format!("sites/s/{path}") };
            compile(&context, &path, &mut found)
        })
        .collect();
    let joined = join(&context, &sheets, &mut found);
    found.sort();
    let told = found.iter().map(|one| {
        let place = one.position().map_or_else(String::new, |(line, column)| format!(":{line}:{column}"));
        let severity = if one.severity == Severity::Error { "" } else { "warning: " };
        let path = one.path.strip_prefix("sites/s/").unwrap_or(&one.path);
        let help = one.help.as_ref().map_or_else(String::new, |help| format!(" ({help})"));
        format!("{path}{place}: {severity}{}{help}", one.message)
    });
    let told = told.collect();
    let (_, sources) = published.into_built();
    Outcome {
        css: joined.css.clone(),
        names: sheets.last().and_then(|sheet| sheet.names.clone()),
        joined,
        published: sources.into_iter().map(|(source, path)| (source, path.to_url(&base))).collect(),
        told,
    }
}

#[track_caller]
fn check(files: &[(&str, &str)], expected: &str) {
    let outcome = outcome(files, &[files[0].0]);
    assert_eq!((outcome.css.as_str(), outcome.told), (expected, vec![]), "{files:?}");
}

#[test]
fn plain_sheets() {
    for (text, expected) in [
        ("", ""),
        ("\u{feff}a { color: red }", "a{color:red}"),
        ("@charset \"utf-8\"; a { color: #ff0000 }", "a{color:red}"),
        (".a { &:hover { color: red } > b { margin: 0 } }", ".a:hover{color:red}.a>b{margin:0}"),
        ("@custom-media --wide (width > 40em); @media (--wide) { a { b: c } }", "@media (width>40em){a{b:c}}"),
        ("a { user-select: none }", "a{-webkit-user-select:none;user-select:none}"),
        ("/*! (c) A */ a { b: c } /*! (c) B */ /* d */", "/*! (c) A */\n/*! (c) B */\na{b:c}"),
        (
            "@import url('https://h.example/a.css') print; a { b: c }",
            "@import \"https://h.example/a.css\" print;a{b:c}",
        ),
    ] {
        check(&[("assets/a.css", text)], expected);
    }
}

#[test]
fn older_browsers_get_older_css() {
    let config = ("config.toml", "[sitekit.assets]\nbrowsers = [\"chrome 80\", \"safari 13\"]\n");
    for (text, expected) in [
        (".a { & b { inset: 0 } }", ".a b{top:0;bottom:0;left:0;right:0}"),
        ("a { color: rgb(0 0 0 / 50%) }", "a{color:#00000080}"),
        ("@media (width >= 40em) { a { b: c } }", "@media (min-width:40em){a{b:c}}"),
    ] {
        check(&[("assets/a.css", text), config], expected);
    }
}

#[test]
fn imports_are_put_in_their_place() {
    for (files, expected) in [
        (&[("assets/a.css", "@import './b.css'; a { b: 1 }"), ("assets/b.css", "b { b: 2 }")][..], "b{b:2}a{b:1}"),
        (&[("assets/a.css", "@import url(/b.css);"), ("static/b.css", "b { b: 2 }")], "b{b:2}"),
        (&[("assets/x/a.css", "@import '/x/b.css';"), ("assets/x/b.css", "b { b: 2 }")], "b{b:2}"),
        (
            &[
                ("assets/a.css", "@import 'p'; @import '~p/q.css'; @import 'p/r';"),
                ("node_modules/p/package.json", r#"{"style": "p.css"}"#),
                ("node_modules/p/p.css", "p { a: 1 }"),
                ("node_modules/p/q.css", "q { a: 1 }"),
                ("node_modules/p/r.css", "r { a: 2 }"),
            ],
            "p,q{a:1}r{a:2}",
        ),
        (
            &[
                (
                    "assets/a.css",
                    "@import 'b.css' layer(base) supports(display: grid) screen and (width > 1px); @import 'b.css' layer;",
                ),
                ("assets/b.css", "b { b: 2 }"),
            ],
            "@media screen and (width>1px){@supports (display:grid){@layer base{b{b:2}}}}@layer{b{b:2}}",
        ),
        // Of a sheet that is there twice, the last counts.
        (
            &[
                ("assets/a.css", "@import 'b.css'; @import 'c.css'; @import 'b.css';"),
                ("assets/b.css", "b { b: 2 }"),
                ("assets/c.css", "c { b: 3 }"),
            ],
            "c{b:3}b{b:2}",
        ),
        // But the order of layers is that of the first.
        (
            &[
                ("assets/a.css", "@import 'b.css' layer(x); @import 'c.css' layer(y); @import 'b.css' layer(x);"),
                ("assets/b.css", "b { b: 2 }"),
                ("assets/c.css", "c { b: 3 }"),
            ],
            "@layer x{b{b:2}}@layer y{c{b:3}}",
        ),
        (
            &[
                ("assets/a.css", "@layer z, y; @import 'b.css' layer(y); a { b: 1 }"),
                ("assets/b.css", "@layer q; @import 'c.css' layer(p); b { b: 2 }"),
                ("assets/c.css", "c { b: 3 }"),
            ],
            "@layer z;@layer y{@layer q;@layer p{c{b:3}}b{b:2}}a{b:1}",
        ),
        (
            &[
                ("assets/a.css", "@import 'b.css' print;"),
                ("assets/b.css", "@import 'https://h.example/c.css' layer(x); b { b: 2 }"),
            ],
            "@import \"data:text/css,%40import%20url%28%22https%3A%2F%2Fh%2Eexample%2Fc%2Ecss%22%29%20layer%28x%29%3B\" print;@media print{b{b:2}}",
        ),
        (
            &[
                ("assets/a.css", "@import 'b.css'; @import 'c.css';"),
                ("assets/b.css", "@custom-media --b (width > 1px);"),
                ("assets/c.css", "@media (--b) { c { b: 3 } }"),
            ],
            "@media (width>1px){c{b:3}}",
        ),
    ] {
        check(files, expected);
    }
}

#[test]
fn sheets_are_joined_in_their_order() {
    let files = [
        ("assets/a.css", "@import 'base.css'; a { b: 1 }"),
        ("assets/c.css", "@import 'base.css'; @import 'https://h.example/c.css'; c { b: 3 }"),
        ("assets/base.css", "/*! base */ * { margin: 0 }"),
    ];
    let outcome = outcome(&files, &["assets/a.css", "assets/c.css"]);
    assert_eq!(outcome.css, "/*! base */\n@import \"https://h.example/c.css\";a{b:1}*{margin:0}c{b:3}");
}

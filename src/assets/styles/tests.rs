//! Style sheets as their author writes them, and what is published.

use std::collections::BTreeMap;

use super::*;
use crate::{
    assets::{
        Options,
        files::{Files, Published},
        resolve::Resolver,
    },
    load::{self, MemoryWorld, Site, World},
    site::{BasePath, SiteName},
    transform::unused::Used,
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

/// What `act` gives in a site at `base`, what was published, and all that was told.
fn in_context<T>(
    (world, site): (&MemoryWorld, &Site),
    base: &BasePath,
    used: Option<&Used>,
    act: impl FnOnce(&Context<'_>, &mut Vec<Diagnostic>) -> T,
) -> (T, Published, Vec<Diagnostic>) {
    let mapped = crate::assets::Mapped::new();
    let options =
        Options { config: &site.config.assets, base, is_dev: false, mapped: &mapped, together: &BTreeMap::new() };
    let resolver = Arc::new(Resolver::new(site, world.shared(), false));
    let (files, mut found) = (Files::new(world, &resolver, base), Vec::new());
    let browsers = crate::assets::browsers::of(world, site, &options, &mut found);
    let context = Context {
        world,
        site,
        options: &options,
        browsers: &browsers,
        files: &files,
        resolver: &resolver,
        used,
        is_beside: false,
    };
    let given = act(&context, &mut found);
    let published = files.into_published();
    found.extend(published.found.iter().cloned());
    found.sort();
    (given, published, found)
}

/// Compiles and joins sheets of the site `s`, which is mounted at `/s/`.
fn outcome(files: &[(&str, &str)], sheets: &[&str]) -> Outcome {
    let (world, site) = site(files);
    let base = BasePath::of(&site.name);
    let built = in_context((&world, &site), &base, None, |context, found| {
        let path = |path: &str| {
            if path.starts_with("node_modules/") { path.to_owned() } else { format!("sites/s/{path}") }
        };
        let sheets: Vec<Sheet> = sheets.iter().filter_map(|sheet| compile(context, &path(sheet), found)).collect();
        (join(context, &sheets, found), sheets.last().and_then(|sheet| sheet.names.clone()))
    });
    let ((joined, names), Published { sources, .. }, found) = built;
    let told = found.iter().map(|one| {
        let place = one.position().map_or_else(String::new, |(line, column)| format!(":{line}:{column}"));
        let severity = if one.severity == Severity::Error { "" } else { "warning: " };
        let path = one.path.strip_prefix("sites/s/").unwrap_or(&one.path);
        let help = one.help.as_ref().map_or_else(String::new, |help| format!(" ({help})"));
        format!("{path}{place}: {severity}{}{help}", one.message)
    });
    let told = told.collect();
    Outcome {
        css: joined.css.clone(),
        names,
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
        ("a[b='c' i], d { e: f }", "a[b=c i],d{e:f}"),
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

#[test]
fn files_that_sheets_name_are_published() {
    let files = |css: &'static str| {
        [
            ("assets/css/a.css", css),
            ("assets/css/x.png", "x"),
            ("assets/img/y z.png", "y"),
            ("static/z.svg", "<svg/>"),
            ("assets/f.woff2", "f"),
            ("content/about/_index.md", ""),
            ("node_modules/p/q.png", "q"),
        ]
    };
    for (css, expected, published) in [
        ("a { b: url(x.png) }", "a{b:url(X)}", &[("sites/s/assets/css/x.png", "X")][..]),
        (
            "a { b: url( '../img/y%20z.png' ), url(\"../img/y\\20z.png\") }",
            "a{b:url(Y), url(Y)}",
            &[("sites/s/assets/img/y z.png", "Y")],
        ),
        (
            "a { b: url(/z.svg#part); c: url('/assets/f.woff2?#iefix') }",
            "a{b:url(Z#part);c:url(F?#iefix)}",
            &[("sites/s/assets/f.woff2", "F"), ("sites/s/static/z.svg", "Z")],
        ),
        ("a { b: url(~p/q.png) url(p/q.png) }", "a{b:url(Q) url(Q)}", &[("node_modules/p/q.png", "Q")]),
        (
            "a { background: image-set('x.png' 1x, url(x.png) type('image/png') 2x) }",
            "a{background:-webkit-image-set(url(X) 1x,url(X) 2x type(\"image/png\"));background:image-set(\"X\" 1x,\"X\" 2x type(\"image/png\"))}",
            &[("sites/s/assets/css/x.png", "X")],
        ),
        (
            "@font-face { font-family: F; src: url(/f.woff2) format('woff2') }",
            "@font-face{font-family:F;src:url(F)format(\"woff2\")}",
            &[("sites/s/assets/f.woff2", "F")],
        ),
        (":root { --logo: url(x.png) }", ":root{--logo:url(X)}", &[("sites/s/assets/css/x.png", "X")]),
        // What is no file of the site stays, below the place where the site is mounted.
        ("a { b: url(/about/) }", "a{b:url(/s/about/)}", &[]),
        (
            "a { b: url(#c) url(data:,x) url(https://h.example/x.png) url(//h.example/y.png) url() }",
            "a{b:url(#c) url(data:,x) url(https://h.example/x.png) url(//h.example/y.png) url()}",
            &[],
        ),
    ] {
        let outcome = outcome(&files(css), &["assets/css/a.css"]);
        assert_eq!(outcome.told, Vec::<String>::new(), "{css}");
        assert_eq!(
            outcome.published.keys().collect::<Vec<_>>(),
            published.iter().map(|(path, _)| path).collect::<Vec<_>>()
        );
        let expected = published.iter().fold(expected.to_owned(), |expected, (source, short)| {
            expected
                .replace(&format!("url({short}"), &format!("url({}", outcome.published[*source]))
                .replace(&format!("\"{short}\""), &format!("\"{}\"", outcome.published[*source]))
        });
        assert_eq!(outcome.css, expected, "{css}");
    }
}

#[test]
fn equal_addresses_in_two_folders_are_two_files() {
    let outcome = outcome(
        &[
            ("assets/a.css", "@import 'x/a.css'; @import 'y/a.css';"),
            ("assets/x/a.css", "a { background: url(i.png) }"),
            ("assets/y/a.css", "b { background: url(i.png) }"),
            ("assets/x/i.png", "x"),
            ("assets/y/i.png", "y"),
        ],
        &["assets/a.css"],
    );
    let [x, y] = ["x", "y"].map(|folder| &outcome.published[&format!("sites/s/assets/{folder}/i.png")]);
    assert_eq!(outcome.css, format!("a{{background:url({x})}}b{{background:url({y})}}"));
}

#[test]
fn a_theme_names_the_files_of_the_site_above_its_own() {
    let outcome = outcome(
        &[
            ("themes/t/static/css/a.css", "a { b: url(../logo.png); c: url(../own.png) }"),
            ("config.toml", "theme = \"t\""),
            ("themes/t/static/logo.png", "the theme's"),
            ("themes/t/static/own.png", "own"),
            ("static/logo.png", "the site's"),
        ],
        &["themes/t/static/css/a.css"],
    );
    let sources: Vec<_> = outcome.published.keys().map(String::as_str).collect();
    assert_eq!(sources, ["sites/s/static/logo.png", "sites/s/themes/t/static/own.png"]);
}

#[test]
fn sass_is_css_before_all_else() {
    for (files, expected) in [
        (&[("assets/a.scss", "$c: red; a { b { color: $c } }")][..], "a b{color:red}"),
        (&[("assets/a.sass", "$c: red\na\n  b\n    color: $c\n")], "a b{color:red}"),
        (
            &[
                (
                    "assets/a.scss",
                    "@use 'x/vars'; @use 'other'; @use 'both'; a { b: vars.$v; c: other.$v; d: both.$v }",
                ),
                ("assets/x/_vars.scss", "$v: 1"),
                ("assets/_both.scss", "$v: 2"),
                ("sass/both.scss", "$v: 3"),
                ("sass/_other.sass", "$v: 4"),
            ],
            "a{b:1;c:4;d:2}",
        ),
        (
            &[
                (
                    "assets/a.scss",
                    "@use 'p/scss/p'; @use '~p/scss/q'; @import 'p/scss/r.scss', 'p'; a { b: p.$v; c: q.$v; d: $r }",
                ),
                ("node_modules/p/package.json", r#"{"sass": "scss/all.scss"}"#),
                ("node_modules/p/scss/_p.scss", "@use 'deep/d'; $v: d.$v;"),
                ("node_modules/p/scss/deep/_index.scss", ""),
                ("node_modules/p/scss/deep/d.scss", "$v: 5;"),
                ("node_modules/p/scss/q.scss", "@forward 'deep/d';"),
                ("node_modules/p/scss/_r.scss", "$r: 6;"),
                ("node_modules/p/scss/all.scss", "all { b: c }"),
            ],
            "all{b:c}a{b:5;c:5;d:6}",
        ),
        (
            &[
                ("assets/a.scss", "@import url('https://h.example/x.css'); @import 'b.css'; a { &:hover { b: c } }"),
                ("assets/b.css", "b { b: 2 }"),
            ],
            "@import \"https://h.example/x.css\";b{b:2}a:hover{b:c}",
        ),
        (
            &[
                ("assets/a.scss", "@use 'parts'; a { b: c }"),
                ("assets/parts/_index.scss", "@use 'one';"),
                ("assets/parts/_one.scss", "/*! one */ p { q: r }"),
            ],
            "/*! one */\np{q:r}a{b:c}",
        ),
        (
            &[("assets/a.scss", "@media (width >= 40em) { a { b: calc(1px + 2px); c: min(1px, 2vw) } }")],
            "@media (width>=40em){a{b:3px;c:min(1px, 2vw)}}",
        ),
    ] {
        check(files, expected);
    }
}

#[test]
fn files_of_sass_share_the_bytes_that_were_made_of_them() {
    let outcome = outcome(
        &[
            ("assets/a.scss", "@use 'vars'; @use 'base';\na { color: vars.$ink }\n"),
            ("assets/_vars.scss", "// Colours.\n$ink: black;\n@mixin wide { @media (width > 1px) { @content } }\n"),
            ("assets/_base.scss", "body { margin: 0 }\nmain { display: grid; gap: 1rem; padding: 1rem }\n"),
        ],
        &["assets/a.scss"],
    );
    let modules = &outcome.joined.modules;
    let bytes = |name: &str| modules.iter().find(|one| one.source == format!("sites/s/assets/{name}")).unwrap().bytes;
    assert_eq!(modules.iter().map(|one| one.bytes).sum::<u64>(), outcome.css.len() as u64);
    assert_eq!(bytes("_vars.scss"), 0);
    assert!(bytes("_base.scss") > 2 * bytes("a.scss") && bytes("a.scss") > 0, "{modules:?}");
}

#[test]
fn addresses_in_sass_are_relative_to_the_sheet_or_to_where_they_stand() {
    let outcome = outcome(
        &[
            ("assets/a.scss", "@use 'icons/icons'; a { b: url(x.png) }"),
            ("assets/x.png", "x"),
            ("assets/icons/_icons.scss", "$path: '.' !default; i { b: url('#{$path}/i.png') }"),
            ("assets/icons/i.png", "i"),
        ],
        &["assets/a.scss"],
    );
    assert_eq!(outcome.told, Vec::<String>::new());
    let sources: Vec<_> = outcome.published.keys().map(String::as_str).collect();
    assert_eq!(sources, ["sites/s/assets/icons/i.png", "sites/s/assets/x.png"]);
    let modules: Vec<_> = outcome.joined.modules.iter().map(|one| (one.source.as_str(), one.bytes > 0)).collect();
    assert_eq!(modules, [("sites/s/assets/a.scss", true), ("sites/s/assets/icons/_icons.scss", true)]);
}

#[test]
fn classes_of_modules_are_their_own() {
    let outcome = outcome(
        &[
            (
                "assets/card.module.css",
                "@import 'plain.css';
                .card { composes: box from './box.module.scss'; composes: shadow from global; color: red }
                .title { composes: card; animation: fade 1s; grid-area: main }
                #id > :global(.outer) .title { margin: 0 }
                @keyframes fade { to { opacity: 0 } }",
            ),
            ("assets/box.module.scss", ".box { composes: base; .in { padding: 1px } } .base { border: 0 }"),
            ("assets/plain.css", ".plain { b: c }"),
        ],
        &["assets/card.module.css"],
    );
    assert_eq!(outcome.told, Vec::<String>::new());
    insta::assert_snapshot!(format!("{}\n\n{:#?}", outcome.css, outcome.names.unwrap_or_default()));
}

#[test]
fn a_source_map_leads_to_the_sources() {
    let outcome = outcome(
        &[
            ("assets/a.css", "@import 'm.module.css';\na { b: url(x.png) } c { d: e }"),
            ("assets/m.module.css", "\n\n.m { color: red }\n  .n { color: blue }"),
            ("assets/x.png", "x"),
        ],
        &["assets/a.css"],
    );
    let mut sheet = print::empty_map();
    let json = outcome.joined.map.expect("a map");
    let json = percent_encoding::utf8_percent_encode(&json, percent_encoding::NON_ALPHANUMERIC);
    sheet.source_map_urls = vec![Some(format!("data:application/json,{json}"))];
    let mut map = sheet.source_map(0).expect("a map");
    let mut origin = |text: &str| {
        let column = outcome.css.find(text).expect("it is there") + text.len() - text.trim_start_matches('}').len();
        let mapping = map.find_closest_mapping(0, u32::try_from(column).expect("a column")).expect("a mapping");
        let original = mapping.original.expect("it has an origin");
        let source = map.get_source(original.source).expect("a source");
        format!("{source}:{}:{}", original.original_line, original.original_column)
    };
    assert_eq!(
        [".m_", ".n_", "}a{", "}c{"].map(&mut origin),
        [
            "sites/s/assets/m.module.css:2:0",
            "sites/s/assets/m.module.css:3:2",
            "sites/s/assets/a.css:1:0",
            "sites/s/assets/a.css:1:20"
        ]
    );
    assert_eq!(outcome.joined.modules.iter().map(|one| one.bytes).sum::<u64>(), outcome.css.len() as u64);
}

#[test]
fn every_mistake_is_told_where_it_stands() {
    let config = "[sitekit.assets]\nbrowsers = [\"netscape 4\"]\n";
    let cases: &[(&str, &[(&str, &str)])] = &[
        ("a sheet that is not there", &[]),
        (
            "addresses of nothing",
            &[
                (
                    "assets/a.css",
                    "@import './bb.css';\n@import 'pakage/x.css' print;\n@import '/nowhere.css';\n\na { b: url(ü/x.png), url('logo.pgn?v=1#x') }\n",
                ),
                ("assets/b.css", ""),
                ("assets/logo.png", ""),
            ],
        ),
        (
            "mistakes in several files",
            &[
                ("assets/a.css", "@import 'b.css';\na { color red; b: c }\n.x { url: url(none.png) }\n"),
                ("assets/b.css", "/* ä */ b { c: d } ) { e: f }\n@unknown x;\ni { j: k; }\n"),
            ],
        ),
        (
            "imports in a circle",
            &[
                ("assets/a.css", "@import 'b.css';"),
                ("assets/b.css", "@import 'c.css';"),
                ("assets/c.css", "\n  @import './b.css';"),
            ],
        ),
        (
            "an import too late, another that is moved",
            &[
                ("assets/a.css", "@import 'b.css';\n@import 'https://h.example/x.css';\na { b: c }\n@import 'd.css';"),
                ("assets/b.css", ""),
            ],
        ),
        (
            "a custom media query that is not defined",
            &[
                ("assets/a.css", "@import 'b.css';"),
                ("assets/b.css", "i { background: url(data:,x) } @media (--wide) { a { b: c } }"),
            ],
        ),
        (
            "classes that are not there",
            &[
                (
                    "assets/a.module.css",
                    ".a { composes: b }\n.c { composes: big tiny from './b.module.css' }\n.d { composes: x from 'none.css' }",
                ),
                ("assets/b.module.css", ".bigg {}"),
            ],
        ),
        ("a selector that cannot compose", &[("assets/a.module.css", ".a .b { composes: c }\n.c {}")]),
        ("a mistake in Sass", &[("assets/a.scss", "@use 'b';\n"), ("assets/_b.scss", "$x: 1;\na { b: $y; }\n")]),
        ("Sass that is not there", &[("assets/a.scss", "a { b: c }\n@import 'x', 'bootstrap/scss/bootstrap';\n")]),
        (
            "Sass that was perhaps meant",
            &[("assets/a.scss", "@use \"parts/tokns\";\n"), ("assets/parts/_tokens.scss", "$a: 1;")],
        ),
        ("Sass that is not closed", &[("assets/a.scss", "a {\n  b: c;\n")]),
        (
            "addresses in Sass",
            &[
                ("assets/a.scss", "@use 'b';\n$u: 'two';\na { b: url('#{$u}.png'); c: url('three.png') }\n"),
                ("assets/_b.scss", "i { b: url('one.png') }\n"),
                ("assets/tow.png", ""),
            ],
        ),
        ("browsers nobody knows", &[("assets/a.css", "a{b:c}"), ("config.toml", config)]),
    ];
    let report = cases.iter().map(|(what, files)| {
        let entry = files.first().map_or("assets/a.css", |(path, _)| path);
        format!("# {what}\n{}\n", outcome(files, &[entry]).told.join("\n"))
    });
    insta::assert_snapshot!(report.collect::<Vec<_>>().join("\n"));
}

#[test]
fn what_is_not_understood_is_left_out_where_browsers_skip_it_and_else_kept() {
    for (css, expected) in [
        ("a { color red; b: c }", "a{b:c}"),
        ("a { b: c } ) { d: e } f { g: h }", "a{b:c}f{g:h}"),
        ("@new x { a { b: c } } d { e: f }", "@new x{a { b: c }}d{e:f}"),
        ("a { color: brand-new(1 2); new-property: x y }", "a{color:brand-new(1 2);new-property:x y}"),
        ("a::brand-new, b:brand-new { c: d }", "a::brand-new{c:d}b:brand-new{c:d}"),
    ] {
        assert_eq!(outcome(&[("assets/a.css", css)], &["assets/a.css"]).css, expected, "{css}");
    }
}

#[test]
fn a_sheet_that_is_not_utf8_is_told() {
    for (entry, part) in
        [("assets/a.css", "assets/a.css"), ("assets/a.scss", "assets/_b.scss"), ("assets/a.css", "assets/b.css")]
    {
        let (world, site) = site(&[(
            entry,
            if entry == part {
                ""
            } else if entry.ends_with("scss") {
                "@use 'b';"
            } else {
                "@import 'b.css';"
            },
        )]);
        let world = world.with(&format!("sites/s/{part}"), b"a { }\n/* \xff */".to_vec());
        let (compiled, _, found) = in_context((&world, &site), &BasePath::root(), None, |context, found| {
            compile(context, &format!("sites/s/{entry}"), found).is_some()
        });
        assert!(!compiled);
        let told: Vec<_> = found.iter().map(|one| (&*one.path, one.message.as_str())).collect();
        assert_eq!(told, [(&*format!("sites/s/{part}"), "this text is not UTF-8: byte 0xff")]);
    }
}

#[test]
fn what_nothing_uses_is_left_out_of_all_sheets() {
    let mut used = Used::default();
    used.page("<p class=a>");
    let (world, site) = site(&[
        ("assets/a.css", "@import 'b.css'; .a { b: c } .x { b: c }"),
        ("assets/b.css", ".y { b: c } p { b: d }"),
    ]);
    let (joined, _, found) = in_context((&world, &site), &BasePath::root(), Some(&used), |context, found| {
        let sheet = compile(context, "sites/s/assets/a.css", found).expect("a sheet");
        join(context, &[sheet], found)
    });
    assert_eq!((joined.css.as_str(), joined.unused), ("p{b:d}.a{b:c}", Some(10)));
    assert_eq!(found, []);
}

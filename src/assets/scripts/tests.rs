//! Linking, from files in memory.

use std::collections::BTreeMap;

use super::*;
use crate::{
    assets::{Options, browsers::Browsers, files::Files},
    diag::Severity,
    load::{self, AssetsConfig, MemoryWorld},
    site::{BasePath, SiteName},
};

/// A project with one plain site, `sites/app`.
struct Project {
    world: MemoryWorld,
    config: AssetsConfig,
    is_dev: bool,
}

/// What linking gave.
struct Linked {
    chunks: Vec<Chunk>,
    found: Vec<Diagnostic>,
}

impl Project {
    fn with(files: &[(&str, &str)]) -> Self {
        let mut world = MemoryWorld::new().with("sites/app/index.html", "<p>");
        for (path, text) in files {
            world = world.with(path, *text);
        }
        Self { world, config: AssetsConfig::default(), is_dev: false }
    }

    /// Links modules of the site by their paths in it.
    #[track_caller]
    fn link(&self, modules: &[&str]) -> Linked {
        let entries: Vec<_> = modules.iter().map(|path| Entry::Module(format!("sites/app/{path}").into())).collect();
        self.link_entries(&entries)
    }

    #[track_caller]
    fn link_entries(&self, entries: &[Entry]) -> Linked {
        let base = BasePath::of(&SiteName::parse("app").unwrap());
        let (site, found) = load::load(&self.world, &SiteName::parse("app").unwrap(), "sites/app");
        assert_eq!(found, []);
        let files = Files::new(&self.world, &base);
        let options = Options { config: &self.config, base: &base, is_dev: self.is_dev };
        let (site, browsers) = (site.unwrap(), Browsers::default());
        let context =
            Context { world: &self.world, site: &site, options: &options, browsers: &browsers, files: &files };
        let entries: Vec<&Entry> = entries.iter().collect();
        let (chunks, found) = link(&context, &entries);
        Linked { chunks, found }
    }
}

impl Linked {
    /// The code of all chunks, by their stems, placeholders replaced by those.
    #[track_caller]
    fn code(&self) -> BTreeMap<String, String> {
        assert_eq!(self.found, [], "{}", self.said());
        let mut codes = BTreeMap::new();
        for chunk in &self.chunks {
            let mut code = chunk.code.clone();
            for other in &self.chunks {
                code = code.replace(&other.placeholder, &format!("{}.js", other.stem));
            }
            assert!(codes.insert(chunk.stem.clone(), code).is_none(), "two chunks are called {}", chunk.stem);
        }
        codes
    }

    /// The code of the only chunk.
    #[track_caller]
    fn only(&self) -> String {
        let mut code = self.code();
        assert_eq!(code.len(), 1, "{:?}", code.keys());
        code.pop_first().unwrap().1
    }

    fn said(&self) -> String {
        let one = |wrong: &Diagnostic| {
            let place = wrong.position().map_or(String::new(), |(line, column)| format!(":{line}:{column}"));
            let marked = wrong.label.as_ref().map(|label| &label.source.text[label.span.start..label.span.end]);
            let severity = if wrong.severity == Severity::Error { "error" } else { "warning" };
            let marked = marked.map_or(String::new(), |text| format!(" at {text}"));
            let help = wrong.help.as_ref().map_or(String::new(), |help| format!("\n    {help}"));
            format!("{}{place} {severity}: {}{marked}{help}\n", wrong.path, wrong.message)
        };
        self.found.iter().map(one).collect()
    }
}

/// Links `sites/app/main.ts` into one chunk, and looks for texts that are in its code and texts that are not.
#[track_caller]
fn check(files: &[(&str, &str)], has: &[&str], lacks: &[&str]) {
    let code = Project::with(files).link(&["main.ts"]).only();
    for text in has {
        assert!(code.contains(text), "`{text}` is not in:\n{code}");
    }
    for text in lacks {
        assert!(!code.contains(text), "`{text}` is in:\n{code}");
    }
}

#[test]
fn types_go_and_what_is_not_used_is_not_there() {
    check(
        &[
            ("sites/app/main.ts", "import { used, type T } from './a.js';\nconst x: T = used();\nconsole.log(x);"),
            (
                "sites/app/a.ts",
                "export type T = number;\nexport function used(): T { return 1 }\nexport function not() {}",
            ),
        ],
        &["function used() {", "const x = used();"],
        &["function not", ": T"],
    );
}

#[test]
fn commonjs_is_imported() {
    check(
        &[
            ("sites/app/main.ts", "import thing, { name } from 'thing';\nconsole.log(thing, name);"),
            ("node_modules/thing/package.json", r#"{"name": "thing", "main": "./lib"}"#),
            (
                "node_modules/thing/lib/index.js",
                "const b = require('./b'); exports.name = b; exports.env = process.env.NODE_ENV;",
            ),
            ("node_modules/thing/lib/b.js", "module.exports = 'b';"),
        ],
        &["module.exports = \"b\"", "exports.env = \"production\""],
        &["require("],
    );
}

#[test]
fn what_import_meta_env_holds() {
    let mut project = Project::with(&[(
        "sites/app/main.ts",
        "const env = import.meta.env; console.log(env);\nconsole.log(env.DEV, import.meta.env.DEV, import.meta.env.MODE, import.meta.env.KEY, \
         import.meta.env.BASE_URL, import.meta.env.NONE, process.env.NODE_ENV);\nif (import.meta.hot) console.log('hot');",
    )]);
    project.config.env.insert("KEY".to_owned(), "secret".into());
    let code = project.link(&["main.ts"]).only();
    assert!(code.contains(r#"DEV, false, "production", "secret", "/app/", void 0, "production")"#), "{code}");
    assert!(!code.contains("hot"), "{code}");
    project.is_dev = true;
    let code = project.link(&["main.ts"]).only();
    assert!(code.contains(r#"DEV, true, "development", "secret", "/app/", void 0, "development")"#), "{code}");
}

#[test]
fn what_is_shared_is_in_one_chunk() {
    let linked = Project::with(&[
        ("sites/app/a.js", "import { count } from './state.js';\nconsole.log('a', count());"),
        ("sites/app/b.js", "import('./c.js');\nimport('./d.js');"),
        ("sites/app/c.js", "import { count } from './state.js';\nconsole.log('c', count());"),
        ("sites/app/d.js", "import { count } from './state.js';\nconsole.log('d', count());"),
        ("sites/app/state.js", "let n = 0;\nexport const count = () => ++n;"),
    ])
    .link(&["a.js", "b.js"]);
    let code = linked.code();
    assert_eq!(code.keys().collect::<Vec<_>>(), ["a", "b", "c", "d", "state"]);
    assert_eq!(code.values().filter(|code| code.contains("let n = 0")).count(), 1);
    let chunk = |stem: &str| linked.chunks.iter().find(|chunk| chunk.stem == stem).unwrap();
    let state = &chunk("state").placeholder;
    for importer in ["a", "c", "d"] {
        assert_eq!(chunk(importer).imports, std::slice::from_ref(state), "{importer}");
    }
    let mut later = [chunk("c").placeholder.clone(), chunk("d").placeholder.clone()];
    later.sort();
    let mut found = chunk("b").later.clone();
    found.sort();
    assert_eq!(found, later);
    assert_eq!([chunk("a").entry, chunk("b").entry, chunk("c").entry], [Some(0), Some(1), None]);
}

/// What is told of `sites/app/main.ts` beside `files`.
#[track_caller]
fn told(files: &[(&str, &str)], main: &str) -> String {
    let mut all = vec![("sites/app/main.ts", main)];
    all.extend(files);
    let said = Project::with(&all).link(&["main.ts"]).said();
    format!("{main}\n--\n{said}\n")
}

#[test]
fn what_is_told_of_imports_that_lead_nowhere() {
    let package = ("node_modules/lodash-es/package.json", r#"{"name": "lodash-es", "type": "module"}"#);
    let exporting = (
        "node_modules/exporting/package.json",
        r#"{"name": "exporting", "exports": {".": {"node": "./n.js"}, "./plugin": "./p.js", "./theme": "./t.js"}}"#,
    );
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("sites/app/utils.ts", "export {}")], "import './utls';"),
        (&[("sites/app/utils.ts", "export {}")], "import { a } from \"./utls.js\";\nimport './nothing-alike';\na();"),
        (&[], "import './lib/a.js';"),
        (&[], "import('/lib/a.js');"),
        (&[package], "import { map } from 'lodash-se';\nmap();"),
        (&[package], "import 'chart.js/auto';"),
        (&[package], "import 'lodash-es/mop.js';"),
        (&[("node_modules/lodash-es/map.js", "export {}"), package], "import map from 'lodash-es/mop.js';\nmap();"),
        (&[exporting], "import 'exporting';"),
        (&[exporting], "import 'exporting/plugins';"),
        (&[exporting], "import 'exporting/src/deep.js';"),
        (&[], "import fs from 'fs';\nimport path from 'node:path';\nfs(path);"),
        (&[], "import x from '@/x';\nx();"),
        (&[("sites/app/a.vue", "")], "import x from './a.vue';\nx();"),
        (
            &[("sites/app/a.ts", "export const value = 1;\nexport function other() {}")],
            "import { valeu } from './a';\nvaleu();",
        ),
        (&[("sites/app/a.ts", "export const value = 1;")], "import a from './a';\na();"),
        (&[("sites/app/a.ts", "export default 1;")], "import { b } from './a';\nb();"),
        (&[("sites/app/a.ts", "console.log(1);")], "export { c } from './a';"),
        (&[("sites/app/a.ts", "const = 1;"), ("sites/app/b.js", "let x = {;")], "import './a';\nimport './b';"),
        (&[("sites/app/a.js", "const x = <p>;</p>;")], "import './a.js';"),
        (&[("sites/app/a.json", "{\"a\": 1,}")], "import a from './a.json';\nconsole.log(a);"),
        (
            &[("sites/app/a.ts", "import { m } from './main';\nexport const a = () => m;")],
            "import { a } from './a';\nexport const m = 1;\nconsole.log(a());",
        ),
        (&[], "const worker = new Worker(new URL('./w.ts', import.meta.url));\nnew URL('./x.png', import.meta.url);"),
        (
            &[
                ("node_modules/p/package.json", "{}"),
                ("node_modules/p/index.js", "import { x } from 'absent'; export const p = x;"),
            ],
            "import { p } from 'p';\np();",
        ),
        (&[("sites/app/a.tsx", "export const a = <p/>;")], "import { a } from './a';\nconsole.log(a);"),
        (
            &[("sites/app/tsconfig.json", "{\"extends\": \"./base.json\"}"), ("sites/app/a.ts", "export const a = 1;")],
            "import { a } from './a';\nconsole.log(a);",
        ),
        (&[], "let a = 1;\nlet a = 2;"),
        (&[], "a = 1;\nawait 1;\nreturn;"),
        (&[], "class A { @dec m() {} }"),
    ];
    let said: String = cases.iter().map(|(files, main)| told(files, main)).collect();
    insta::assert_snapshot!(said);
}

#[test]
fn a_script_that_is_not_utf8() {
    let mut project = Project::with(&[("sites/app/main.ts", "import { a } from './a';\nconsole.log(a);")]);
    project.world = project.world.with("sites/app/a.ts", b"// gr\xfcn\nexport const a = 1;".to_vec());
    insta::assert_snapshot!(project.link(&["main.ts"]).said());
}

//! Linking, from files in memory.

mod globs;
mod known;
mod packages;

use std::{collections::BTreeMap, fmt::Write as _};

use oxc::{
    allocator::Allocator,
    codegen::{Codegen, CodegenOptions},
    minifier::{Minifier, MinifierOptions},
    parser::Parser,
    span::SourceType,
};

use super::*;
use crate::{
    assets::{Options, browsers::Browsers, files::Files, resolve::Resolver},
    diag::{Severity, Source},
    load::{self, AssetsConfig, MemoryWorld, Spanned, World},
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
        let entries: Vec<&Entry> = entries.iter().collect();
        let super::Linked { chunks, found, .. } = self.with_context(|context| link(context, &entries, None));
        Linked { chunks, found }
    }

    #[track_caller]
    fn with_context<T>(&self, does: impl FnOnce(&Context<'_>) -> T) -> T {
        let base = BasePath::of(&SiteName::parse("app").unwrap());
        let (site, found) = load::load(&self.world, &SiteName::parse("app").unwrap(), "sites/app");
        assert_eq!(found, []);
        let mapped = crate::assets::Mapped::new();
        let options = Options {
            config: &self.config,
            base: &base,
            is_dev: self.is_dev,
            mapped: &mapped,
            together: &BTreeMap::new(),
        };
        let (site, browsers) = (site.unwrap(), Browsers::default());
        let resolver = Arc::new(Resolver::new(&site, self.world.shared(), self.is_dev));
        let files = Files::new(&self.world, &resolver, &base);
        let context = Context {
            world: &self.world,
            site: &site,
            options: &options,
            browsers: &browsers,
            files: &files,
            resolver: &resolver,
            used: None,
            is_beside: false,
        };
        does(&context)
    }
}

impl Linked {
    /// The code of all chunks, minified, by their stems, placeholders replaced by those.
    #[track_caller]
    fn code(&self) -> BTreeMap<String, String> {
        assert_eq!(self.found, [], "{}", self.said());
        let mut codes = BTreeMap::new();
        for chunk in &self.chunks {
            let mut code = minified(&chunk.code);
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

/// The code as oxc alone minifies it.
fn minified(code: &str) -> String {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, code, SourceType::mjs()).parse();
    assert!(parsed.diagnostics.is_empty(), "{code}");
    let mut program = parsed.program;
    let minified = Minifier::new(MinifierOptions::default()).minify(&allocator, &mut program);
    Codegen::new()
        .with_options(CodegenOptions::minify())
        .with_scoping(minified.scoping)
        .with_private_member_mappings(minified.class_private_mappings)
        .build(&program)
        .code
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
                "export type T = number;\nexport function used(): T { return 1 }\nexport function unused() { not(); }",
            ),
        ],
        &["return 1", "console.log("],
        &["not", "number"],
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
        &[".exports=`b`", ".env=`production`"],
        &["require("],
    );
}

#[test]
fn what_import_meta_env_holds() {
    const MAIN: &str = "const env = import.meta.env; console.log(env);\nconsole.log(env.DEV, import.meta.env.DEV, import.meta.env.MODE, import.meta.env.KEY, \
         import.meta.env.BASE_URL, env.NONE, process.env.NODE_ENV);\n";
    let hot = MAIN.to_owned() + "if (import.meta.hot) console.log('hot');";
    let mut project = Project::with(&[("sites/app/main.ts", &hot)]);
    project.config.env.insert("KEY".to_owned(), "secret".into());
    let code = project.link(&["main.ts"]).only();
    assert!(code.contains("DEV,!1,`production`,`secret`,`/app/`,e.NONE,`production`)"), "{code}");
    assert!(!code.contains("hot"), "{code}");
    let mut project = Project::with(&[("sites/app/main.ts", MAIN)]);
    project.config.env.insert("KEY".to_owned(), "secret".into());
    project.is_dev = true;
    let code = project.link(&["main.ts"]).only();
    assert!(code.contains("DEV,!0,`development`,`secret`,`/app/`,e.NONE,`development`)"), "{code}");
}

#[test]
fn what_is_shared_is_in_one_chunk() {
    let linked = Project::with(&[
        ("sites/app/a.js", "import { count } from './state.js';\nconsole.log('a', count());"),
        ("sites/app/b.js", "import('./c.js');\nimport('./d.js');"),
        ("sites/app/c.js", "import { count } from './state.js';\nconsole.log('c', count());"),
        ("sites/app/d.js", "import { count } from './state.js';\nconsole.log('d', count());"),
        ("sites/app/state.js", "let n = 4711;\nexport const count = () => ++n;"),
    ])
    .link(&["a.js", "b.js"]);
    let code = linked.code();
    assert_eq!(code.keys().collect::<Vec<_>>(), ["a", "b", "c", "d", "state"]);
    assert_eq!(code.values().filter(|code| code.contains("4711")).count(), 1);
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

/// Files by path.
type Texts<'a> = &'a [(&'a str, &'a str)];

#[test]
fn jsx_is_compiled_for_the_package_that_is_asked_for() {
    let runtime = |package: &'static str| {
        [
            (format!("node_modules/{package}/package.json"), "{\"sideEffects\": false}".to_owned()),
            (
                format!("node_modules/{package}/jsx-runtime.js"),
                format!("export const jsx = () => 'made by {package}';"),
            ),
        ]
    };
    let tsconfig = r#"{"compilerOptions": {"jsx": "react-jsx", "jsxImportSource": "solid"}}"#;
    let classic = r#"{"compilerOptions": {"jsx": "react", "jsxFactory": "h"}}"#;
    let plain = "console.log(<p>a</p>);";
    let own = "/** @jsxImportSource preact */\nconsole.log(<p>a</p>);";
    let written = "import { h } from './h'; console.log(<p>a</p>);";
    for (config, tsconfig, main, expected) in [
        (None, "", plain, "made by react"),
        (None, tsconfig, plain, "made by solid"),
        (Some("preact"), tsconfig, plain, "made by preact"),
        (Some("preact"), classic, plain, "made by preact"),
        (None, "", own, "made by preact"),
        (None, classic, written, "made by h"),
    ] {
        let runtimes = ["react", "preact", "solid"].map(runtime);
        let mut files = vec![("sites/app/main.tsx", main), ("sites/app/h.ts", "export const h = () => 'made by h';")];
        files.extend(runtimes.iter().flatten().map(|(path, text)| (path.as_str(), text.as_str())));
        if !tsconfig.is_empty() {
            files.push(("sites/app/tsconfig.json", tsconfig));
        }
        let mut project = Project::with(&files);
        project.config.jsx = config.map(|name: &str| Spanned { value: name.to_owned(), span: 0..0 });
        let code = project.link(&["main.tsx"]).only();
        assert!(code.contains(expected), "{config:?} {tsconfig} {main}:\n{code}");
    }
}

#[test]
fn decorators_of_typescript() {
    check(
        &[
            ("sites/app/tsconfig.json", r#"{"compilerOptions": {"experimentalDecorators": true}}"#),
            ("sites/app/main.ts", "const dec = (t: any) => t;\n@dec class A { a = 'kept' }\nconsole.log(A);"),
        ],
        &["kept"],
        &["@"],
    );
}

#[test]
fn files_are_named_by_their_urls() {
    let project = Project::with(&[
        (
            "sites/app/main.ts",
            "import logo from './logo.svg';\nimport text from './note.txt?url';\nimport inline from './dot.gif?inline';\nimport sheet from './sheet.css?url';\n\
             import unused from './unused.png';\nconsole.log(logo, text, inline, sheet, new URL('./font.woff2', import.meta.url), \
             new URL('https://example.org/x.png', import.meta.url), new URL(logo, import.meta.url).href, import.meta.resolve('./pin.png'), import.meta.resolve('pin'));",
        ),
        ("sites/app/logo.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("sites/app/note.txt", "n"),
        ("sites/app/sheet.css", ".a { color: red }"),
        ("sites/app/dot.gif", "GIF"),
        ("sites/app/unused.png", "u"),
        ("sites/app/pin.png", "p"),
        ("sites/app/font.woff2", "f"),
    ]);
    let linked = project.link(&["main.ts"]);
    let code = linked.only();
    for text in [
        "`/app/assets/logo.",
        "`/app/assets/note.",
        "`/app/assets/sheet.",
        "`data:image/gif;base64,R0lG`",
        "new URL(`/app/assets/font.",
        "new URL(`https://example.org/x.png`",
        "import.meta.resolve(`/app/assets/pin.",
        "import.meta.resolve(`pin`)",
    ] {
        assert!(code.contains(text), "`{text}` is not in:\n{code}");
    }
    let map: serde_json::Value =
        serde_json::from_str(&linked.chunks[0].map.as_ref().unwrap().to_json_string()).unwrap();
    let sources = map["sources"].as_array().unwrap().iter().map(|source| source.as_str().unwrap());
    let main = sources.clone().position(|source| source == "sites/app/main.ts").unwrap();
    let content = map["sourcesContent"][main].as_str().unwrap();
    assert!(content.contains("new URL('./font.woff2'"), "the author's text is shown: {content}");
}

#[test]
fn workers_are_chunks_and_share_what_they_can() {
    let linked = Project::with(&[
        (
            "sites/app/main.ts",
            "import { shared } from './shared';\nimport Sums from './sums?worker';\n\
             const a = new Worker(new URL('./a.ts', import.meta.url));\n\
             const b = new Worker(new URL('./a.ts', import.meta.url), { name: 'b' });\n\
             const c = new SharedWorker(new URL('./c.js', import.meta.url), { type: 'module' });\n\
             const d = new Worker(new URL('./classic.js', import.meta.url));\n\
             console.log(a, b, c, d, new Sums({ name: 'sums' }), shared());",
        ),
        ("sites/app/a.ts", "import { shared } from './shared';\npostMessage(shared());"),
        ("sites/app/c.js", "onconnect = () => {};"),
        ("sites/app/classic.js", "importScripts('/x.js');"),
        ("sites/app/sums.ts", "import { shared } from './shared';\nself.onmessage = () => postMessage(shared() + 1);"),
        ("sites/app/shared.ts", "export function shared() { return 4711 }"),
    ])
    .link(&["main.ts"]);
    let code = linked.code();
    assert_eq!(code.keys().collect::<Vec<_>>(), ["a", "c", "classic", "main", "shared", "sums"]);
    assert_eq!(code.values().filter(|code| code.contains("4711")).count(), 1);
    let main = &code["main"];
    for text in [
        "new Worker(new URL(`a.js`,import.meta.url),{type:`module`})",
        "new Worker(new URL(`a.js`,import.meta.url),{type:`module`,name:`b`})",
        "new SharedWorker(new URL(`c.js`,import.meta.url),{type:`module`})",
        "new Worker(new URL(`classic.js`,import.meta.url))",
        "new Worker(new URL(`sums.js`,import.meta.url),{type:`module`,...",
    ] {
        assert!(main.contains(text), "`{text}` is not in:\n{main}");
    }
    let main = linked.chunks.iter().find(|chunk| chunk.stem == "main").unwrap();
    assert_eq!(main.later.len(), 4, "{:?}", main.later);
}

#[test]
fn scripts_in_pages() {
    let page = Source::new(
        "sites/app/index.html",
        "import { a } from '/sites/app/a.ts';\nimport p from 'p';\nconsole.log(a, p);",
    );
    let other = Source::new("sites/app/index.html", "import { a } from '/sites/app/a.ts';\nconsole.log('other', a);");
    let project = Project::with(&[
        ("sites/app/a.ts", "console.log('a runs');\nexport const a = { state: 4711 };"),
        ("node_modules/p/index.js", "module.exports = 'package';"),
    ]);
    let linked = project.link_entries(&[Entry::Inline(page), Entry::Inline(other)]);
    assert_eq!(linked.said(), "");
    let mut entries: Vec<_> = linked.chunks.iter().filter_map(|chunk| chunk.entry).collect();
    entries.sort_unstable();
    assert_eq!(entries, [0, 1]);
    let holding = |text: &str| linked.chunks.iter().filter(|chunk| chunk.code.contains(text)).count();
    assert_eq!((holding("4711"), holding("package"), holding("other")), (1, 1, 1));
}

#[test]
fn what_is_told_of_scripts_in_pages() {
    let page = "<!doctype html>\n<p>ä</p><script type=module>import { a } from './man.ts';\na();\nimport b from 'absent';\nb();\n\
                import { valeu } from './main';\nvaleu();\n</script>";
    let script = "import { a } from \"/sites/app/man.ts\";\na();\nimport b from 'absent';\nb();\n\
                  import { valeu } from \"/sites/app/main.ts\";\nvaleu();\n";
    let template = format!("{{% block x %}}\n{page}\n{{% endblock %}}");
    let project = Project::with(&[
        ("sites/app/page.html", page),
        ("sites/app/other.html", &template),
        ("sites/app/main.ts", "export const value = 1;"),
    ]);
    let padding = "\n".to_owned() + &" ".repeat("<p>ä</p><script type=module>".chars().count());
    let of_file = Entry::Inline(Source::new("sites/app/page.html", padding + script));
    let of_template = Entry::Inline(Source::new("sites/app/other.html", script));
    let linked = project.link_entries(&[of_file, of_template]);
    insta::assert_snapshot!(linked.said());
}

#[test]
fn style_sheets_belong_to_the_chunk_that_imports_them() {
    let linked = Project::with(&[
        (
            "sites/app/main.ts",
            "import './first.css';\nimport { button } from './button';\nimport './last.css';\n\
             console.log(button);\nimport('./later');",
        ),
        ("sites/app/first.css", ".first { color: red }"),
        ("sites/app/last.css", ".last { color: red }"),
        (
            "sites/app/button.ts",
            "import styles, { large } from './button.module.css';\nexport const button = styles['is-on'] + large;",
        ),
        ("sites/app/button.module.css", ".is-on { color: red } .large { color: blue } .never { color: green }"),
        ("sites/app/later.ts", "import './later.css';\nimport text from './text.css?inline';\nconsole.log(text);"),
        ("sites/app/later.css", ".later { color: red }"),
        ("sites/app/text.css", ".text { color: red }"),
    ])
    .link(&["main.ts"]);
    let code = linked.code();
    let sheets = |stem: &str| linked.chunks.iter().find(|chunk| chunk.stem == stem).unwrap().sheets.len();
    assert_eq!((sheets("main"), sheets("later")), (3, 1), "{code:?}");
    assert!(code["main"].contains("large"), "{code:?}");
    assert!(code["later"].contains(".text{color:red}"), "{code:?}");
}

#[test]
fn what_is_linked_does_not_depend_on_threads() {
    let mut files = vec![("sites/app/main.ts".to_owned(), String::new())];
    for n in 0..40 {
        let _ = writeln!(files[0].1, "import {{ f{n} }} from './m{n}';\nf{n}();\nimport('./l{n}');");
        let text = format!("import {{ s }} from './s{}';\nexport const f{n} = () => s('f{n}');", n % 3);
        files.push((format!("sites/app/m{n}.ts"), text));
        let text = format!(
            "import {{ s }} from './s{}';\nnew Worker(new URL('./w{n}.ts', import.meta.url));\ns('l{n}');",
            n % 5
        );
        files.push((format!("sites/app/l{n}.ts"), text));
        files.push((format!("sites/app/w{n}.ts"), format!("import {{ s }} from './s{}';\ns('w{n}');", n % 5)));
        files.push((format!("sites/app/s{n}.ts"), format!("export const s = (x: string) => console.log(x, 's{n}');")));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let project = Project::with(&files);
    let first = format!("{:?}", project.link(&["main.ts"]).chunks);
    for _ in 0..3 {
        assert_eq!(format!("{:?}", project.link(&["main.ts"]).chunks), first);
    }
}

/// Guards a build against waiting for ever: a task that panics leaves rolldown with a channel nobody writes to.
#[test]
fn a_panic_in_a_task_ends_the_build() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let linked = runtime.block_on(unless_stuck(runtime.handle(), async {
        let (send, mut receive) = tokio::sync::mpsc::unbounded_channel::<()>();
        tokio::spawn(async { panic!("as oxc might") });
        let received = receive.recv().await;
        drop(send);
        received
    }));
    assert!(linked.is_err());
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
        (
            &[
                (
                    "sites/app/a.ts",
                    "import { b } from './b';\nimport type { T } from './main';\nexport const a = () => b();",
                ),
                ("sites/app/b.ts", "import { c } from './c';\nexport const b = () => c();"),
                ("sites/app/c.ts", "import { a } from './a';\nexport const c = () => a();"),
                ("node_modules/p/index.js", "export { q } from './q.js'; export const p = 1;"),
                ("node_modules/p/q.js", "import { p } from './index.js'; export const q = () => p;"),
            ],
            "import { c } from './c';\nimport { q } from 'p';\nexport type T = 1;\nconsole.log(c, q, import('./main'));",
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
        (
            &[
                ("node_modules/p/package.json", r#"{"sideEffects": false}"#),
                ("node_modules/p/index.js", "export { default as map } from './map.js'; export * from './more.js';"),
                ("node_modules/p/map.js", "export default 1;"),
                ("node_modules/p/more.js", "export const filter = 1;"),
            ],
            "import { mapp } from 'p';\nimport * as all from 'p';\nmapp(all.fliter);",
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

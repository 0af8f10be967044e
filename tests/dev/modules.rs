//! Modules that are replaced while a page is open, in a real browser: what accepts what (`import.meta.hot`, as Vite has it),
//! components of React and Preact that keep their state, and what makes the page load again.

use std::path::Path;

use serde_json::json;

use crate::{
    ahead::CONFIG,
    hot::{Visit, visit_in},
};

const PAGE: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>t</title><link rel=\"icon\" href=\"data:,\">\
<script type=\"module\" src=\"main.ts\"></script></head><body><div id=\"root\"></div><p id=\"said\"></p></body></html>";

/// What each module notes, in order, as one text.
const NOTED: &str = "return [window.kept === true, (window.noted ?? []).join(' ')]";

fn write(visit: &Visit, path: &str, text: &str) {
    visit.session.write(&format!("sites/a/{path}"), text);
}

/// A site of these files below its page; `packages` are from those of the fixtures.
fn site(files: &[(&str, &str)], packages: &[&str]) -> tempfile::TempDir {
    let paths: Vec<String> = files.iter().map(|(path, _)| format!("sites/a/{path}")).collect();
    let brings_page = files.iter().any(|(path, _)| path.ends_with("index.html"));
    let mut all = if brings_page { Vec::new() } else { vec![("sites/a/index.html", PAGE)] };
    all.extend(paths.iter().map(String::as_str).zip(files.iter().map(|(_, text)| *text)));
    let project = crate::project(&all);
    for package in packages {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/assets/fixtures/node_modules").join(package);
        assert!(from.is_dir(), "{package} is installed by tests/setup");
        crate::copy(&from, &project.path().join("node_modules").join(package));
    }
    project
}

const NOTE: &str =
    "export const note = (text: string) => { ((window as any).noted ??= []).push(text); };\nexport const never = 1;\n";

#[test]
fn a_module_that_accepts_itself() {
    let main = "import { note } from './note.ts';\nimport { draw } from './draw.ts';\nnote('main');\n\
                (window as any).drawn = () => draw();\n";
    let draw = |what: &str| {
        format!(
            "import {{ note }} from './note.ts';\nexport function draw() {{ return '{what}'; }}\nnote('draw:{what}');\n\
             if (import.meta.hot) {{\n  const {{ data }} = import.meta.hot;\n  data.times = (data.times ?? 0) + 1;\n  note(`times:${{data.times}}`);\n\
             import.meta.hot.dispose((data) => note(`gone:${{data.times}}`));\n  import.meta.hot.accept((next) => note(`accepted:${{next.draw()}}`));\n}}\n"
        )
    };
    visit_in(site(&[("main.ts", main), ("draw.ts", &draw("one")), ("note.ts", NOTE)], &[]), async |visit| {
        visit.open("a/").await?;
        visit.run("window.kept = true").await?;
        visit.sees(NOTED, json!([true, "draw:one times:1 main"])).await?;
        write(visit, "draw.ts", &draw("two"));
        visit.sees(NOTED, json!([true, "draw:one times:1 main gone:1 draw:two times:2 accepted:two"])).await?;
        // Who imported it sees the new one.
        visit.sees("return window.drawn()", json!("two")).await?;
        write(visit, "draw.ts", &draw("three"));
        visit.sees("return window.drawn()", json!("three")).await?;
        // A comment makes no other module.
        write(visit, "draw.ts", &(draw("three") + "// Nothing.\n"));
        visit.session.serves("/a/", "<script");
        write(visit, "draw.ts", &draw("four"));
        let all = "draw:one times:1 main gone:1 draw:two times:2 accepted:two gone:2 draw:three times:3 accepted:three gone:3 draw:four times:4 accepted:four";
        visit.sees(NOTED, json!([true, all])).await?;
        // What nobody accepts: the page is loaded again.
        write(visit, "main.ts", &main.replace("note('main')", "note('another')"));
        visit.sees(NOTED, json!([false, "draw:four times:1 another"])).await?;
        assert_eq!(visit.browser.faults().await?, [] as [String; 0]);
        Ok(())
    });
}

#[test]
fn modules_that_others_accept() {
    let main = "import { note } from './note.ts';\nimport { text } from './text.ts';\nimport settings from './settings.json';\n\
                import styles from './look.module.css';\nimport './plain.css';\n\
                const show = () => { document.getElementById('said')!.textContent = [text(), settings.size, styles.part].join(' '); };\nshow();\n\
                import('./late.ts').then(({ late }) => note(late));\n\
                import.meta.hot?.accept(['./text.ts', './settings.json', './look.module.css'], ([changed]) => { note(changed ? 'text' : 'other'); show(); });\n\
                import.meta.hot?.accept('./late.ts', (next) => note(next!.late));\n";
    let files = [
        ("main.ts", main),
        ("note.ts", NOTE),
        ("text.ts", "import { word } from './word.ts';\nexport const text = () => `a ${word}`;\n"),
        ("word.ts", "export let word = 'word';\n"),
        ("late.ts", "import { word } from './word.ts';\nexport const late = `late:${word}`;\n"),
        ("settings.json", "{\"size\": 1}"),
        ("look.module.css", ".part { color: rgb(1, 2, 3) }\n"),
        ("plain.css", "p { color: rgb(255, 0, 0) }\n"),
    ];
    visit_in(site(&files, &[]), async |visit| {
        let state = "return [window.kept === true, document.getElementById('said').textContent.split(' ').slice(0, 3).join(' '), \
                     getComputedStyle(document.getElementById('said')).color]";
        visit.open("a/").await?;
        visit.run("window.kept = true").await?;
        visit.sees(state, json!([true, "a word 1", "rgb(255, 0, 0)"])).await?;
        visit.sees(NOTED, json!([true, "late:word"])).await?;
        // It is imported by two that are accepted: each of them runs again.
        write(visit, "word.ts", "export let word = 'deed';\n");
        visit.sees(state, json!([true, "a deed 1", "rgb(255, 0, 0)"])).await?;
        visit.sees("return window.noted.toSorted().join(' ')", json!("late:deed late:word text")).await?;
        write(visit, "settings.json", "{\"size\": 2}");
        visit.sees(state, json!([true, "a deed 2", "rgb(255, 0, 0)"])).await?;
        write(visit, "plain.css", "p { color: rgb(0, 0, 255) }\n");
        visit.sees(state, json!([true, "a deed 2", "rgb(0, 0, 255)"])).await?;
        // Classes of a CSS module are what a script sees of it.
        write(visit, "look.module.css", ".part { color: rgb(1, 2, 3) }\n.other { color: rgb(4, 5, 6) }\n");
        visit.sees("return window.noted.filter(note => note === 'other').length", json!(2)).await?;
        write(visit, "late.ts", "export const late = 'late:alone';\n");
        visit.sees("return [window.kept, window.noted.at(-1)]", json!([true, "late:alone"])).await?;
        assert_eq!(visit.browser.faults().await?, [] as [String; 0]);
        Ok(())
    });
}

#[test]
fn modules_that_go_and_modules_that_give_up() {
    let main = "import './part.ts';\nimport { note } from './note.ts';\nimport.meta.hot?.accept('./part.ts', () => note('part'));\n\
                import.meta.hot?.on('vite:afterUpdate', () => note('after'));\n";
    let part = "import './gone.ts';\nimport './stubborn.ts';\n";
    let gone = "import { note } from './note.ts';\nimport.meta.hot?.prune(() => note('pruned'));\nimport.meta.hot?.accept();\n";
    let stubborn = |what: &str| {
        format!(
            "import {{ note }} from './note.ts';\nnote('{what}');\nimport.meta.hot?.accept(() => import.meta.hot!.invalidate('no'));\n"
        )
    };
    let files =
        [("main.ts", main), ("part.ts", part), ("gone.ts", gone), ("stubborn.ts", &stubborn("one")), ("note.ts", NOTE)];
    visit_in(site(&files, &[]), async |visit| {
        visit.open("a/").await?;
        visit.run("window.kept = true").await?;
        visit.sees(NOTED, json!([true, "one"])).await?;
        write(visit, "stubborn.ts", &stubborn("two"));
        // It runs once for itself, and once more with what imports it.
        visit.sees(NOTED, json!([true, "one two two part after"])).await?;
        write(visit, "part.ts", "import './stubborn.ts';\n");
        visit.sees(NOTED, json!([true, "one two two part after part pruned after"])).await?;
        Ok(())
    });
}

#[test]
fn a_module_that_throws_and_a_mistake() {
    let main = "import { text } from './text.ts';\n(window as any).text = () => text;\nimport.meta.hot?.accept('./text.ts', () => {});\n";
    visit_in(site(&[("main.ts", main), ("text.ts", "export const text = 'one';\n")], &[]), async |visit| {
        let state = "return [window.kept === true, window.text?.() ?? null]";
        visit.open("a/").await?;
        visit.run("window.kept = true").await?;
        visit.sees(state, json!([true, "one"])).await?;
        // What cannot be built is shown, and what runs goes on running.
        write(visit, "text.ts", "export const text = ;\n");
        let shown = "return !!document.querySelector('sitekit-problems')?.shadowRoot.textContent.includes('sites/a/text.ts:1:21')";
        visit.sees(shown, json!(true)).await?;
        visit.sees(state, json!([true, "one"])).await?;
        write(visit, "text.ts", "export const other = 'no';\n");
        let shown = "return !!document.querySelector('sitekit-problems')?.shadowRoot.textContent.includes('text')";
        visit.sees(shown, json!(true)).await?;
        write(visit, "text.ts", "export const text = 'two';\n");
        visit.sees("return document.querySelector('sitekit-problems')", json!(null)).await?;
        visit.sees(state, json!([true, "two"])).await?;
        // What throws while it begins cannot take a place: the page begins anew, and says so.
        write(visit, "text.ts", "throw new Error('on purpose');\nexport const text = 'three';\n");
        visit.sees(state, json!([false, null])).await?;
        write(visit, "text.ts", "export const text = 'four';\n");
        visit.sees(state, json!([false, "four"])).await
    });
}

#[test]
fn modules_run_as_those_of_a_bundle_do() {
    // Circles, live bindings, star exports, functions that are there before they run, top-level await, all names.
    let main = "import { note } from './note.ts';\nimport { count, more, early } from './even.ts';\nimport * as all from './all.ts';\n\
                note(early());\nmore();\nnote(String(count));\nnote(Object.keys(all).toSorted().join());\nnote(typeof all.default);\n\
                const slow = await import('./slow.ts');\nnote(slow.value);\nnote(String(slow[Symbol.toStringTag]));\n\
                note(String(Reflect.set(all, 'a', 5)));\n\
                import { word } from './slow.ts';\nnote(word);\nimport.meta.hot?.accept('./never.ts', () => {});\n\
                note(import.meta.env.MODE + new URL('x', import.meta.url).pathname.endsWith('/x'));\n";
    let files = [
        ("main.ts", main),
        ("note.ts", NOTE),
        (
            "even.ts",
            "import { odd } from './odd.ts';\nexport let count = 0;\nexport function more() { count += odd(); }\nexport function early() { return 'early'; }\n",
        ),
        (
            "odd.ts",
            "import { early } from './even.ts';\nconst said = early();\nexport const odd = () => said.length;\n",
        ),
        (
            "all.ts",
            "export * from './part.ts';\nexport { note as c } from './note.ts';\nexport default class Named {}\nexport const a = 1;\n",
        ),
        ("part.ts", "export const a = 2, b = 3;\nexport default 4;\n"),
        ("slow.ts", "export const value = await Promise.resolve('slow');\nexport const word = 'word';\n"),
    ];
    let expected = "early 5 a,b,c,default function slow Module false word developmenttrue";
    visit_in(site(&files, &[]), async |visit| {
        visit.open("a/").await?;
        visit.sees("return window.noted?.join(' ')", json!(expected)).await?;
        assert!(visit.session.get("/a/").contains("type=module"), "a module");
        // Without a word of replacing anything, it is linked as ever; and does the same.
        write(visit, "main.ts", &main.replace("import.meta.hot?.accept('./never.ts', () => {});", "note('plain');"));
        visit.sees("return window.noted?.join(' ')", json!(expected.replace("word ", "word plain "))).await?;
        visit.sees("return Symbol.for('sitekit.hot') in globalThis", json!(false)).await?;
        assert_eq!(visit.browser.faults().await?, [] as [String; 0]);
        Ok(())
    });
}

#[test]
fn workers_begin_again_with_who_starts_them() {
    let main = "import { note } from './note.ts';\nimport { ask } from './ask.ts';\nask(note);\nimport.meta.hot?.accept('./ask.ts', (next) => next!.ask(note));\n";
    let ask = "import Worker from './work.ts?worker';\nexport const ask = (note: (text: string) => void) => { new Worker().onmessage = ({ data }) => note(data); };\n";
    let files = [
        ("main.ts", main),
        ("note.ts", NOTE),
        ("ask.ts", ask),
        ("work.ts", "import { word } from './word.ts';\npostMessage(word);\n"),
        ("word.ts", "export const word = 'one';\n"),
    ];
    visit_in(site(&files, &[]), async |visit| {
        visit.open("a/").await?;
        visit.run("window.kept = true").await?;
        visit.sees(NOTED, json!([true, "one"])).await?;
        write(visit, "word.ts", "export const word = 'two';\n");
        visit.sees(NOTED, json!([true, "one two"])).await
    });
}

#[test]
fn under_a_policy_of_the_site() {
    let config = "title = \"A\"\n[sitekit.content_security_policy]\nconnect-src = \"'none'\"\nrequire-trusted-types-for = \"'script'\"\ntrusted-types = \"'none'\"\n";
    let page = PAGE.replace("src=\"main.ts\"", "src=\"{{ asset(path='main.ts') }}\"");
    let main = "import { note } from './note.ts';\nimport { word } from './word.ts';\nnote(word);\nimport.meta.hot?.accept('./word.ts', () => note(word));\n";
    let files = [
        ("config.toml", config),
        ("content/_index.md", "+++\n+++\n"),
        ("templates/index.html", &page),
        ("assets/main.ts", main),
        ("assets/note.ts", NOTE),
        ("assets/word.ts", "export const word = 'one';\n"),
    ];
    visit_in(site(&files, &[]), async |visit| {
        visit.open("a/").await?;
        visit.run("window.kept = true").await?;
        visit.sees(NOTED, json!([true, "one"])).await?;
        // What was imported is the new one as well, for who accepts it.
        write(visit, "assets/word.ts", "export const word = 'two';\n");
        visit.sees(NOTED, json!([true, "one two"])).await
    });
}

/// A component with a state, and one below it.
fn app(package: &str, word: &str, hook: &str) -> String {
    format!(
        "import {{ useState, useEffect }} from '{package}';\nimport {{ Below }} from './Below.tsx';\n\
         export default function App() {{\n  const [count, setCount] = useState(0);\n  {hook}\n\
         return <main><button id=\"more\" onClick={{() => setCount(count + 1)}}>{word} {{count}}</button><Below /></main>;\n}}\n"
    )
}

fn below(package: &str, word: &str, rest: &str) -> String {
    let heard = if package == "react" { "onChange" } else { "onInput" };
    format!(
        "import {{ useState }} from '{package}';\nexport function Below() {{\n  const [text, setText] = useState('');\n\
         return <label>{word}<input id=\"text\" value={{text}} {heard}={{(event) => setText((event.target as any).value)}} /><i>{{text}}</i></label>;\n}}\n{rest}"
    )
}

/// `after_hooks` is what is left of the lower component when the upper one has begun anew.
fn components(main: &str, hooks: &str, after_hooks: &str, more: &[(&str, &str)], packages: &[&str]) {
    let files: Vec<(&str, &str)> = [("main.tsx", main)].into_iter().chain(more.iter().copied()).collect();
    let page = PAGE.replace("main.ts", "main.tsx");
    let (first, first_below) = (app(hooks, "Clicked", ""), below(hooks, "Below", ""));
    let own =
        [("index.html", page.as_str()), ("config.toml", CONFIG), ("App.tsx", &first), ("Below.tsx", &first_below)];
    let all: Vec<(&str, &str)> = own.into_iter().chain(files).collect();
    visit_in(site(&all, packages), async |visit| {
        let state = "return [window.kept === true, document.getElementById('more')?.textContent, document.querySelector('label')?.textContent]";
        visit.open("a/").await?;
        visit.sees(state, json!([false, "Clicked 0", "Below"])).await?;
        visit.run("window.kept = true").await?;
        visit.browser.find("#more").await?.click().await?;
        visit.browser.find("#more").await?.click().await?;
        visit.browser.find("#text").await?.send_keys("typed").await?;
        visit.sees(state, json!([true, "Clicked 2", "Belowtyped"])).await?;

        // Each keeps its own state and the other's, before a build has them.
        visit.hold();
        write(visit, "App.tsx", &app(hooks, "Pressed", ""));
        visit.sees(state, json!([true, "Pressed 2", "Belowtyped"])).await?;
        write(visit, "Below.tsx", &below(hooks, "Under", ""));
        visit.sees(state, json!([true, "Pressed 2", "Undertyped"])).await?;
        std::fs::remove_file(visit.session.path("held")).unwrap();

        // A mistake changes nothing, and is forgotten.
        write(visit, "Below.tsx", &below(hooks, "Under", "export const broken = ;\n"));
        visit.sees("return !!document.querySelector('sitekit-problems')", json!(true)).await?;
        visit.sees(state, json!([true, "Pressed 2", "Undertyped"])).await?;
        write(visit, "Below.tsx", &below(hooks, "Mended", ""));
        visit.sees(state, json!([true, "Pressed 2", "Mendedtyped"])).await?;
        visit.sees("return !!document.querySelector('sitekit-problems')", json!(false)).await?;

        // Other hooks: the state of this component begins anew.
        write(visit, "App.tsx", &app(hooks, "Pressed", "useEffect(() => { document.title = 'effect'; });"));
        visit.sees(state, json!([true, "Pressed 0", after_hooks])).await?;
        visit.sees("return document.title", json!("effect")).await?;

        // What is no component beside one: those that import it are replaced with it.
        write(visit, "Below.tsx", &below(hooks, "Beside", "export const size = 3;\n"));
        visit.sees("return document.querySelector('label').textContent.startsWith('Beside')", json!(true)).await?;
        visit
            .sees("return [window.kept, document.getElementById('more').textContent]", json!([true, "Pressed 0"]))
            .await?;
        assert_eq!(visit.browser.faults().await?, [] as [String; 0]);
        Ok(())
    });
}

#[test]
fn components_of_react_keep_their_state() {
    let main = "import { createRoot } from 'react-dom/client';\nimport App from './App.tsx';\ncreateRoot(document.getElementById('root')!).render(<App />);\n";
    // What is below a component that begins anew does so, too.
    components(main, "react", "Mended", &[], &["react", "react-dom", "scheduler"]);
}

#[test]
fn components_of_preact_keep_their_state() {
    let main = "import { render } from 'preact';\nimport App from './App.tsx';\nrender(<App />, document.getElementById('root')!);\n";
    let tsconfig = "{ \"compilerOptions\": { \"jsx\": \"react-jsx\", \"jsxImportSource\": \"preact\" } }";
    components(main, "preact/hooks", "Mendedtyped", &[("tsconfig.json", tsconfig)], &["preact"]);
}

//! What stands for several files at once.

use super::*;

/// The views that most cases are about.
const VIEWS: &[(&str, &str)] = &[
    ("sites/app/views/home.ts", "export const setup = () => 'home is set up';\nexport default 'home';"),
    ("sites/app/views/deep/about.ts", "export const setup = () => 'about is set up';\nexport default 'about';"),
    ("sites/app/views/home.test.ts", "export const setup = () => 'a test';"),
    ("sites/app/views/.hidden.ts", "export default 'hidden';"),
    ("sites/app/views/node_modules/p/index.ts", "export default 'a package';"),
    ("sites/app/lib/a.js", "export const a = 'a';"),
    ("sites/app/lib/b.js", "export const b = 'b';"),
    ("sites/app/text/one.md", "# One"),
    ("sites/app/text/two.md", "# Two"),
    ("sites/app/img/a.png", "a"),
    ("sites/app/img/b.png", "b"),
    ("node_modules/q/one.js", "export const one = 1;"),
];

fn linked(main: &str) -> Linked {
    Project::with(&[VIEWS, &[("sites/app/main.ts", main)]].concat()).link(&["main.ts"])
}

/// The code of `main.ts`.
#[track_caller]
fn code(main: &str) -> String {
    linked(main).code().remove("main").unwrap()
}

/// The names of the members of objects in `main.ts`.
#[track_caller]
fn keys(main: &str) -> Vec<String> {
    let code = code(main);
    let parts: Vec<&str> = code.split('"').collect();
    let is_key = |at: &usize| parts.get(at + 1).is_some_and(|next| next.starts_with(':'));
    (1..parts.len()).filter(is_key).map(|at| parts[at].to_owned()).collect()
}

#[test]
fn a_pattern_means_the_files_that_vite_finds() {
    for (patterns, expected) in [
        ("'./views/*.ts'", &["./views/home.test.ts", "./views/home.ts"][..]),
        ("'./views/**/*.ts'", &["./views/deep/about.ts", "./views/home.test.ts", "./views/home.ts"]),
        ("['./views/**/*.ts', '!**/*.test.ts']", &["./views/deep/about.ts", "./views/home.ts"]),
        ("['./views/*.ts', '!./views/home.test.ts', './lib/{a,c}.js']", &["./lib/a.js", "./views/home.ts"]),
        ("'/views/*.ts'", &["/views/home.test.ts", "/views/home.ts"]),
        ("['/lib/?.js', './views/home.ts']", &["/lib/a.js", "/lib/b.js", "/views/home.ts"]),
        ("'./*/[ab].js'", &["./lib/a.js", "./lib/b.js"]),
        ("'../../node_modules/q/*.js'", &["../../node_modules/q/one.js"]),
        ("'./*.ts'", &[]),
        ("`./views/home.ts`", &["./views/home.ts"]),
        ("'./**/*.ts', { base: './views' }", &["./deep/about.ts", "./home.test.ts", "./home.ts"]),
        ("'./views/*.ts', { exhaustive: true }", &["./views/.hidden.ts", "./views/home.test.ts", "./views/home.ts"]),
    ] {
        let main = format!("console.log(import.meta.glob({patterns}));");
        let linked = linked(&main);
        let found: Vec<_> = linked.found.iter().filter(|one| one.severity == Severity::Error).collect();
        assert!(found.is_empty(), "{patterns}: {}", linked.said());
        if expected.is_empty() {
            continue;
        }
        assert_eq!(keys(&main), expected, "{patterns}");
    }
}

#[test]
fn what_a_glob_is_replaced_by() {
    let later = code("console.log(import.meta.glob('./views/**/*.ts')['./views/home.ts']());");
    for text in ["\"./views/deep/about.ts\":()=>import(`./about.js`)", "\"./views/home.ts\":()=>import(`./home.js`)"] {
        assert!(later.contains(text), "`{text}` is not in:\n{later}");
    }
    let one = code("console.log(import.meta.glob<{ (): string }>('./views/home.ts', { import: 'setup' }));");
    assert!(one.contains("()=>import(`./home.js`).then("), "{one}");

    let at_once = code("console.log(import.meta.glob('./views/home.ts', { eager: true, import: 'default' }));");
    assert!(at_once.contains("\"./views/home.ts\":`home`"), "{at_once}");
    assert!(!at_once.contains("is set up"), "what is not wanted goes:\n{at_once}");

    let texts =
        code("console.log(import.meta.glob('./text/*.md', { query: '?raw', import: 'default', eager: true }));");
    assert!(texts.contains("`# One`") && texts.contains("`# Two`"), "{texts}");
    let urls =
        code("console.log(import.meta.glob('./img/*', { query: { url: true }, import: 'default', eager: true }));");
    assert!(urls.contains("\"./img/a.png\":`/app/assets/a."), "{urls}");

    let statement = code("const a = 1\nimport.meta.glob('./views/home.ts', { eager: true })\nconsole.log(a)");
    assert!(statement.contains("console.log(1)"), "{statement}");
}

#[test]
fn lines_stay_where_they_were() {
    let linked = linked("const views = import.meta.glob([\n  './views/home.ts',\n]);\nconsole.log(views, 4711);");
    assert_eq!(linked.found, []);
    let main = linked.chunks.iter().find(|chunk| chunk.stem == "main").unwrap();
    let map: serde_json::Value = serde_json::from_str(&main.map.as_ref().unwrap().to_json_string()).unwrap();
    let content = map["sourcesContent"][0].as_str().unwrap();
    assert!(content.contains("import.meta.glob(["), "the author's text is shown: {content}");
    let wrong = told(
        VIEWS,
        "const views = import.meta.glob([\n  './views/home.ts',\n]);\nconsole.log(views, import('./non'));",
    );
    assert!(wrong.contains("main.ts:4:27 error: there is no file `./non`"), "{wrong}");
}

#[test]
fn imports_and_urls_that_vary() {
    for (main, expected) in [
        ("console.log(import(`./views/${name}.ts`));", &["./views/home.test.ts", "./views/home.ts"][..]),
        ("console.log(import('./views/' + name + '.ts'));", &["./views/home.test.ts", "./views/home.ts"]),
        ("console.log(import(`./views/${a}/${b}.ts`));", &["./views/deep/about.ts"]),
        ("console.log(import(`./views/home.${kind}.ts`));", &["./views/home.test.ts"]),
        ("console.log(import(`/lib/${name}.js`));", &["/lib/a.js", "/lib/b.js"]),
        ("console.log(import(`./text/${name}.md?raw`));", &["./text/one.md?raw", "./text/two.md?raw"]),
        ("console.log(new URL(`./img/${name}.png`, import.meta.url));", &["./img/a.png", "./img/b.png"]),
    ] {
        assert_eq!(
            keys(&format!("const name = location.hash, a = name, b = name, kind = name;\n{main}")),
            expected,
            "{main}"
        );
    }
    let plain = code("console.log(import(`./views/home.ts`));");
    assert!(plain.contains("import(`./home.js`)"), "{plain}");
    for left in [
        "import(`https://a.example/${name}.js`)",
        "import(`/api/${name}.js`)",
        "import(`${name}.js`)",
        "import(/* @vite-ignore */ `./x/${name}.js`)",
    ] {
        let code = code(&format!("const name = location.hash;\nconsole.log({left});"));
        assert!(code.contains(".js`)"), "{left}:\n{code}");
    }
}

#[test]
fn a_page_that_means_several_files() {
    let page = Source::new("sites/app/index.html", "console.log(import.meta.glob('./lib/*.js', { eager: true }));");
    let linked = Project::with(VIEWS).link_entries(&[Entry::Inline(page)]);
    assert_eq!(linked.said(), "");
    assert!(linked.chunks[0].code.contains("\"./lib/a.js\":"), "{}", linked.chunks[0].code);
}

#[test]
fn what_is_told_of_globs() {
    let cases = [
        "console.log(import.meta.glob());",
        "const dir = './views';\nconsole.log(import.meta.glob(`${dir}/*.ts`));",
        "console.log(import.meta.glob('views/*.ts'));",
        "console.log(import.meta.glob('./views/*.js'));",
        "console.log(import.meta.glob('./veiws/*.ts'));",
        "console.log(import.meta.glob('./views/!(a).ts'));",
        "console.log(import.meta.glob('./views/[a.ts'));",
        "console.log(import.meta.glob('../../../../x/*.ts'));",
        "console.log(import.meta.glob('./text/*.md'));",
        "console.log(import.meta.glob('./views/*.ts', { egaer: true }));",
        "console.log(import.meta.glob('./views/*.ts', { as: 'raw' }));",
        "const eager = true;\nconsole.log(import.meta.glob('./views/*.ts', { eager, import: 1, query: 2 }));",
        "console.log(import.meta.glob('./views/*.ts', { base: 'views' }));",
        "console.log(import.meta.glob('./lib/*.js', { eager: true, import: 'a' }));",
        "const glob = import.meta.glob;\nconsole.log(glob, import.meta.globEager('./x/*.ts'));",
        "console.log(import(`./veiws/${location.hash}.ts`));",
        "console.log(import(`./views/${location.hash}`));",
        "console.log(import.meta.env.PRDO, import.meta.env.VITE_API);",
        "console.log(process.env.NODE_ENV, process.env.API);",
    ];
    let said: String = cases.iter().map(|main| told(VIEWS, main)).collect();
    insta::assert_snapshot!(said);
}

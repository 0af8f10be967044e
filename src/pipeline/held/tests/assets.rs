//! Modules and style sheets that are made again.

use super::*;

/// A site whose page links a style sheet and runs a script that brings another.
fn app(more: &[(&str, &str)]) -> Desk {
    let page = "<!doctype html><html lang=en><head><title>A</title><link rel=stylesheet href=look.css>\
                <script type=module src=main.ts></script></head><body><p class=a>text</p></body></html>";
    let files = [
        ("index.html", page),
        ("config.toml", "[sitekit.assets]\n"),
        (
            "main.ts",
            "import './part.css';\nimport styles from './names.module.css';\nimport { a, b } from './a.ts';\n\
             import data from './data.json';\nconsole.log(a, b, data, styles.part);\nimport.meta.hot?.accept('./a.ts', () => {});\n\
             void import('./late.ts');\n",
        ),
        ("a.ts", "import { c } from './c.ts';\nexport const a: number = c + 1, b = import.meta.env.MODE;\n"),
        ("c.ts", "export const c = 1;\n"),
        ("late.ts", "import './late.css';\nconsole.log(new URL('./a.svg', import.meta.url).href);\n"),
        ("data.json", "{\"size\": 1}"),
        ("look.css", "@import './parts/deep.css';\n.a { color: red }"),
        ("parts/deep.css", ".a { background: url(../a.svg) }"),
        ("part.css", ".a { margin: 1px }"),
        ("names.module.css", ".part { padding: 1px }"),
        ("late.css", ".a { border: 1px solid }"),
        ("a.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("b.svg", "<svg xmlns='http://www.w3.org/2000/svg'><g/></svg>"),
    ];
    let desk = Desk::default();
    for (path, text) in files.into_iter().chain(more.iter().copied()) {
        desk.write(path, text);
    }
    desk
}

/// What is made of `file` when it is `text`: the files of style sheets, or the name of a module in a page.
#[track_caller]
fn made(more: &[(&str, &str)], file: &str, text: &str) -> Option<String> {
    let desk = app(more);
    holding(&desk, |held| {
        desk.write(file, text);
        let again = held.again(&format!("sites/s/{file}"))?;
        let cold = cold(&desk).0.expect("only what can be built is made again");
        Some(match again {
            Again::Page(_) => panic!("{file} is no page"),
            Again::Styles(sheets, names) => {
                is_as(&sheets, &cold);
                assert!(names.values().all(|path| sheets.routes.contains_key(path)), "{names:?}");
                let stem = |path: &SitePath| path.file_name().split('.').next().unwrap().to_owned();
                names.iter().map(|(was, now)| format!("{} {}", stem(was), stem(now))).collect::<Vec<_>>().join(", ")
            }
            Again::Module(script) => {
                // A page that comes to the build finds that it has this one by its version, which stands for its code.
                assert!(file.ends_with("json") || script.contains("\n//# sourceMappingURL=data:"), "{script}");
                let (_, version) = script.split_once("version: \"").unwrap();
                let version = version.split_once('"').unwrap().0;
                let text =
                    |body: &Response<Body>| String::from_utf8_lossy(&body.bodies[0].bytes.read().unwrap()).into_owned();
                assert!(cold.routes.values().any(|body| text(body).contains(version)), "{script}");
                let (_, named) = script.split_once("sitekit$hot.redefine(\"").unwrap();
                named.split_once('"').unwrap().0.to_owned()
            }
        })
    })
}

#[test]
fn a_module_or_a_style_sheet_alone() {
    for (file, text, expected) in [
        ("a.ts", "import { c } from './c.ts';\nexport const a: number = c + 2, b = 'b';\n", "/sites/s/a.ts"),
        ("a.ts", "export function a() {}\nexport class b { name = import.meta.env.MODE; }\n", "/sites/s/a.ts"),
        ("c.ts", "type C = number;\nexport const c: C = 2;\nimport.meta.hot?.accept();\n", "/sites/s/c.ts"),
        ("data.json", "{\"size\": 2}", "/sites/s/data.json"),
        (
            "main.ts",
            "import { a } from './a.ts';\nvoid import('./late.ts').then(() => a);\nimport.meta.hot?.accept('./a.ts');\n",
            "/sites/s/main.ts",
        ),
        (
            "late.ts",
            "import './late.css';\nconsole.log(`${new URL('./a.svg', import.meta.url)}`);\n",
            "/sites/s/late.ts",
        ),
        ("look.css", "@import './parts/deep.css';\n.a { color: blue }", "look look"),
        ("parts/deep.css", ".a { background: url(../a.svg) 1px 1px }", "look look"),
        ("part.css", ".a { margin: 2px }", "look look"),
        ("names.module.css", ".part { padding: 2px }", "look look"),
        ("late.css", ".a { border: 2px solid }", "late late"),
    ] {
        assert_eq!(made(&[], file, text).as_deref(), Some(expected), "{file}: {text}");
    }
}

#[test]
fn what_a_build_has_to_tell() {
    let main = "import './part.css';\nimport { a, b } from './a.ts';\nconsole.log(a, b);\n";
    let no_hot = ("main.ts", main);
    let unused = ("config.toml", "[sitekit.assets]\nremove_unused = true\n");
    let none: &[(&str, &str)] = &[];
    for (more, file, text) in [
        // Something else to others.
        (none, "a.ts", "import { c } from './c.ts';\nexport const a = c, b = 1, d = 2;\n"),
        (none, "a.ts", "export const a = 1;\n"),
        (none, "c.ts", "import './a.ts';\nexport const c = 1;\n"),
        (none, "c.ts", "export const c = import('./late.ts');\n"),
        (none, "data.json", "{\"size\": 1, \"more\": 2}"),
        (none, "names.module.css", ".other { padding: 1px }"),
        // Mistakes.
        (none, "a.ts", "export const a = ;\n"),
        (none, "data.json", "{"),
        (none, "part.css", "@import './gone.css';\n"),
        // Files that are not published yet, or may not be.
        (none, "part.css", ".a { background: url(b.svg) }"),
        (none, "late.ts", "import './late.css';\nconsole.log(new URL('./b.svg', import.meta.url).href);\n"),
        // Nothing else.
        (none, "part.css", ".a { margin: 1px }"),
        (none, "a.svg", "<svg/>"),
        (none, "index.html", "<p>"),
        (none, "unknown.ts", "export {};"),
        // No module can be replaced, or style rules are left out.
        (&[no_hot], "a.ts", "export const a = 2, b = 1;\n"),
        (&[unused], "part.css", ".a { margin: 2px }"),
    ] {
        assert_eq!(made(more, file, text), None, "{file}: {text}");
    }
}

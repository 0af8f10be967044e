//! Style sheets from the page that links them to the bytes a browser gets.

use crate::project::Project;

/// The address of the style sheet that the page at `route` links.
#[track_caller]
fn linked(project: &Project, route: &str) -> String {
    let page = project.text("s", route);
    let link = page.split("<link").find(|link| link.contains("stylesheet")).unwrap_or_else(|| panic!("{page}"));
    let href = link.split("href=").nth(1).unwrap().trim_start_matches('"');
    let href = href.split(['"', ' ', '>']).next().unwrap();
    href.strip_prefix("/s").unwrap_or_else(|| panic!("{href}")).to_owned()
}

fn is_sheet(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| extension == "css")
}

#[test]
fn a_linked_sheet_is_compiled_and_has_a_fingerprint() {
    let project = Project::with(&[
        ("sites/s/content/_index.md", ""),
        (
            "sites/s/templates/index.html",
            "<!doctype html><html lang=en><head><title>S</title><link rel=stylesheet href=/assets/main.scss></head><body><p>s</p></body></html>",
        ),
        (
            "sites/s/assets/main.scss",
            "@use 'tokens'; @import 'kit/kit.css'; body { .a { color: tokens.$ink; background: url(dot.png) } }",
        ),
        ("sites/s/assets/_tokens.scss", "$ink: #112233;"),
        ("sites/s/assets/dot.png", "dot"),
        ("node_modules/kit/kit.css", "/*! kit */ p { margin: 0 }"),
    ]);
    project.build(&[]);
    let address = linked(&project, "/");
    let css = project.text("s", &address);
    assert!(address.starts_with("/assets/main.") && is_sheet(&address), "{address}");
    let start = "/*! kit */\np{margin:0}body .a{color:#123;background:url(dot.";
    assert!(css.starts_with(start) && css.ends_with(".png)}"), "{css}");
}

#[test]
fn the_sass_folder_of_zola_is_published() {
    let project = Project::with(&[
        ("sites/s/config.toml", "compile_sass = true"),
        ("sites/s/content/_index.md", ""),
        (
            "sites/s/templates/index.html",
            "<!doctype html><html lang=en><head><title>S</title><link rel=stylesheet href=\"{{ get_url(path='style.css') }}\"></head><body><p>s</p></body></html>",
        ),
        ("sites/s/sass/style.scss", "@import 'part'; a { color: $c }"),
        ("sites/s/sass/_part.scss", "$c: red;"),
        ("sites/s/sass/print/more.sass", "a\n  color: black\n"),
    ]);
    project.build(&[]);
    assert_eq!(project.text("s", "/style.css"), "a{color:red}");
    assert_eq!(project.text("s", "/print/more.css"), "a{color:#000}");
    let address = linked(&project, "/");
    assert!(address.starts_with("/assets/style."), "{address}");
    assert_eq!(project.text("s", &address), "a{color:red}");

    project.build(&["--profile", "dev"]);
    let css = project.text("s", &linked(&project, "/"));
    let map = css.strip_prefix("a{color:red}\n/*# sourceMappingURL=").and_then(|rest| rest.strip_suffix("*/"));
    assert!(project.text("s", &format!("/assets/{}", map.unwrap())).contains("sites/s/sass/style.scss.css"));
    assert_eq!(project.text("s", "/style.css"), "a{color:red}");
}

#[test]
fn what_no_page_and_no_script_names_is_left_out() {
    let project = Project::with(&[
        ("sites/s/config.toml", "[sitekit.assets]\nremove_unused = true\nkeep = [\"is-*\"]"),
        ("sites/s/content/_index.md", "# Hello"),
        (
            "sites/s/templates/index.html",
            "<!doctype html><html lang=en><head><title>S</title><link rel=stylesheet href=/assets/a.css>\
             <script type=module src=/assets/a.ts></script></head><body><main class=card>{{ section.content | safe }}{{ asset_content(path='mark.svg') }}</main></body></html>",
        ),
        ("sites/s/assets/mark.svg", "<svg xmlns='http://www.w3.org/2000/svg' class='mark'/>"),
        ("sites/s/assets/a.ts", "import './b.css';\ndocument.body.classList.add('ready');"),
        (
            "sites/s/assets/a.css",
            ".card { a: 1 } .none { a: 2 } .ready { a: 3 } .is-open { a: 4 } h1 { a: 5 } h2 { a: 6 } .mark { a: 7 }",
        ),
        ("sites/s/assets/b.css", ".card { b: 1 } .none { b: 2 }"),
    ]);
    let sheets = |project: &Project| {
        let bundle = project.bundle("s");
        let paths = bundle.routes().map(|(path, _)| path).filter(|path| is_sheet(path));
        let mut sheets: Vec<String> = paths.map(|path| project.text("s", path)).collect();
        sheets.sort();
        sheets
    };
    project.build(&[]);
    assert_eq!(sheets(&project), [".card{a:1}.ready{a:3}.is-open{a:4}h1{a:5}.mark{a:7}.card{b:1}"]);

    project.write("sites/s/config.toml", b"");
    project.build(&[]);
    assert_eq!(
        sheets(&project),
        [".card{a:1}.none{a:2}.ready{a:3}.is-open{a:4}h1{a:5}h2{a:6}.mark{a:7}.card{b:1}.none{b:2}"]
    );
}

#[test]
fn mistakes_in_style_sheets_are_told_together_and_nothing_is_published() {
    let page = "<!doctype html><html lang=en><head><title>S</title><link rel=stylesheet href=a.css><link rel=stylesheet href=b.scss></head><body><p>s</p></body></html>";
    let project = Project::with(&[
        ("sites/s/index.html", page),
        ("sites/s/a.css", "@import \"./tokns.css\";\na { background: url(missing.png) }\n"),
        ("sites/s/tokens.css", ""),
        ("sites/s/b.scss", "a { color: $ink }\n"),
    ]);
    let run = project.run(&["build"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    for part in [
        "there is no style sheet `./tokns.css`",
        "did you mean `./tokens.css`?",
        "there is no file `missing.png`",
        "Undefined variable",
        "sites/s/b.scss:1:12",
    ] {
        assert!(run.stderr.contains(part), "{part} is not in {}", run.stderr);
    }
}

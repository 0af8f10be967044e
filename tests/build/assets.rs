//! What becomes of the scripts, style sheets and images that pages ask for: their names, what holds a browser to their bytes,
//! and which addresses files keep.

use base64::{Engine, prelude::BASE64_STANDARD as STANDARD};
use sha2::{Digest, Sha384};
use sitekit::{
    site::Coding,
    transform::html::lexer::{Kind, Lexer},
};

use crate::project::{Project, body, manifest};

const ICON: &str =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"8\" height=\"8\"><rect width=\"8\" height=\"8\"/></svg>\n";

/// The paths of all routes.
pub(crate) fn routes(project: &Project) -> Vec<String> {
    project.bundle("a").routes().map(|(path, _)| path.to_owned()).collect()
}

/// The one path of the site that begins and ends like this.
#[track_caller]
pub(crate) fn built(project: &Project, start: &str, end: &str) -> String {
    let found: Vec<_> =
        routes(project).into_iter().filter(|path| path.starts_with(start) && path.ends_with(end)).collect();
    let [path] = &found[..] else { panic!("{start}….{end}: {found:?} of\n{}", manifest(&project.bundle("a"))) };
    path.clone()
}

#[track_caller]
pub(crate) fn field(project: &Project, path: &str, name: &str) -> Option<String> {
    let bundle = project.bundle("a");
    let entry = bundle.entry(bundle.lookup(path).unwrap());
    entry.fields().find(|(field, _)| *field == name).map(|(_, value)| value.to_owned())
}

#[test]
fn images_are_named_by_their_bytes_and_keep_their_address() {
    let project = Project::with(&[
        (
            "sites/a/about/index.html",
            "<!doctype html><title>A</title><link rel=icon href=/icon.svg><link rel=manifest href=/app.webmanifest>\
             <img src=../icon.svg srcset='../icon.svg 1x, photo.png 2x' alt=x><p style='background: url(photo.png)'>b\
             <svg><use href='../icon.svg#a'></use></svg><a href=photo.png>c</a><img src=none.png alt=d>",
        ),
        ("sites/a/about/photo.png", "png"),
        ("sites/a/config.toml", "[link_checker]\nskip_prefixes = [\"none.png\"]\n"),
        ("sites/a/index.html", "<!doctype html><title>A</title>"),
        ("sites/a/icon.svg", ICON),
        (
            "sites/a/app.webmanifest",
            "{\"start_url\": \"/\", \"icons\": [{\"src\": \"icon.svg\"}], \"screenshots\": [{\"src\": \"/about/photo.png\"}]}",
        ),
    ]);
    project.build(&[]);
    let (icon, photo) = (built(&project, "/assets/icon.", ".svg"), built(&project, "/assets/photo.", ".png"));
    let page = project.text("a", "/about/");
    for expected in [
        format!("<link href=/a{icon} rel=icon>"),
        format!("<img srcset=\"/a{icon} 1x, /a{photo} 2x\" alt=x src=/a{icon}>"),
        format!("url(/a{photo})"),
        format!("<use href=/a{icon}#a>"),
        "<a href=photo.png>".to_owned(),
        "<link href=/a/app.webmanifest rel=manifest>".to_owned(),
        "src=none.png".to_owned(),
    ] {
        assert!(page.contains(&expected), "{expected} in {page}");
    }
    let app = project.text("a", "/app.webmanifest");
    let expected = format!(
        "{{\"start_url\":\"/a/\",\"icons\":[{{\"src\":\"/a{icon}\"}}],\"screenshots\":[{{\"src\":\"/a{photo}\"}}]}}"
    );
    assert_eq!(app, expected);
    assert_eq!(body(&project.bundle("a"), "/icon.svg"), body(&project.bundle("a"), &icon));
    assert_eq!(field(&project, &icon, "cache-control").as_deref(), Some("max-age=31536000, immutable"));
    assert_eq!(field(&project, "/icon.svg", "cache-control").as_deref(), Some("no-cache"));
}

#[test]
fn what_a_drawing_names_beside_it_is_found_from_anywhere() {
    let drawing = |inside: &str| format!("<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"x\">{inside}</svg>");
    let project = Project::with(&[
        (
            "sites/a/index.html",
            "<!doctype html><title>A</title><object data=maps/trip.svg></object><img src=maps/one.svg alt=x>",
        ),
        (
            "sites/a/maps/trip.svg",
            &drawing(
                "<image href=\"photo.png\"/><image xlink:href=\"../b%20c.png?x#y\"/><use href=\"marks.svg#pin\"/><use href=\"#here\"/>\
                 <style>p{fill:url(photo.png)}</style><rect fill=\"url(marks.svg#a)\"/><a href=\"../guide/\">b</a><a href=\"/guide/\">b</a>\
                 <image href=\"data:image/png,x\"/><image href=\"none.png\"/>",
            ),
        ),
        ("sites/a/maps/photo.png", "photo"),
        ("sites/a/b c.png", "another"),
        ("sites/a/maps/marks.svg", &drawing("<g id=\"pin\"/>")),
        ("sites/a/maps/one.svg", &drawing("<use href=\"two.svg#x\"/>")),
        ("sites/a/maps/two.svg", &drawing("<use href=\"one.svg#x\"/>")),
        ("sites/a/guide/index.html", "<!doctype html><title>B</title>"),
    ]);
    let run = project.build(&["--quiet"]);
    assert!(run.stderr.contains("`none.png` does not exist"), "{}", run.stderr);
    assert!(run.stderr.contains("sites/a/maps/trip.svg:1:"), "{}", run.stderr);
    let trip = project.text("a", &built(&project, "/assets/trip.", ".svg"));
    let at = |start: &str, end: &str| format!("/a{}", built(&project, start, end));
    let (photo, marks) = (at("/assets/photo.", ".png"), at("/assets/marks.", ".svg"));
    for expected in [
        format!("<image href=\"{photo}\"/>"),
        format!("xlink:href=\"{}?x#y\"", at("/assets/b-c.", ".png")),
        format!("<use href=\"{marks}#pin\"/><use href=\"#here\"/>"),
        format!("url({photo})"),
        format!("url({marks}#a)"),
        "<a href=\"/a/guide/\">b</a><a href=\"/a/guide/\">b</a>".to_owned(),
        "href=\"data:image/png,x\"".to_owned(),
    ] {
        assert!(trip.contains(&expected), "{expected} in {trip}");
    }
    assert!(project.text("a", "/maps/trip.svg").contains("href=\"photo.png\""), "what lies where it lay stays");
    let one = project.text("a", &built(&project, "/assets/one.", ".svg"));
    assert!(one.contains("href=\"/a/maps/two.svg#x\""), "a circle has no fingerprints: {one}");
}

#[test]
fn what_an_author_or_a_password_says_of_a_built_file_holds() {
    let page = ("sites/a/index.html", "<!doctype html><title>A</title><img src=icon.svg alt=x>");
    for (config, expected) in [
        ("[[sitekit.cache]]\npath = \"/assets/*\"\nmax_age = \"1h\"\n", "max-age=3600"),
        (
            "[[sitekit.auth]]\npath = \"/assets/*\"\nrealm = \"x\"\nusers = { ada = \"$2y$04$zVHmKQtGGQob.b/Nc7l9NO8UlrYcW05FiuCj/SxsFO/ZtiN9.mNzy\" }\n",
            "private, max-age=31536000, immutable",
        ),
    ] {
        let project = Project::with(&[page, ("sites/a/icon.svg", ICON), ("sites/a/config.toml", config)]);
        let run = project.build(&[]);
        assert!(!run.stderr.contains("does nothing"), "{}", run.stderr);
        let icon = built(&project, "/assets/icon.", ".svg");
        assert_eq!(field(&project, &icon, "cache-control").as_deref(), Some(expected), "{config}");
    }
}

#[test]
fn what_tools_keep_beside_a_site_is_not_published() {
    let project = Project::with(&[
        ("sites/a/index.html", "<!doctype html><title>A</title>"),
        ("sites/a/package.json", "{}"),
        ("sites/a/pnpm-lock.yaml", ""),
        ("sites/a/tsconfig.app.json", "{}"),
        ("sites/a/vite.config.ts", "export default {}"),
        ("sites/a/postcss.config.cjs", ""),
        ("sites/a/.browserslistrc", "defaults"),
        ("sites/a/node_modules/x/index.js", ""),
        ("sites/a/sub/node_modules/x/index.js", ""),
        ("sites/a/view.tsx", "export const a = <p/>;"),
        ("sites/a/part.scss", "a { b { c: d } }"),
        ("sites/a/alone.ts", "export const b = 1;"),
    ]);
    project.build(&[]);
    assert_eq!(routes(&project), ["/", "/alone.js"]);
}

#[test]
fn a_script_or_style_sheet_that_is_not_there_is_told_where_it_is_asked_for() {
    let project = Project::with(&[
        (
            "sites/a/index.html",
            "<!doctype html><title>A</title>\n<link rel=stylesheet href=/stile.css>\n<script src=lib/mian.js></script>\n<script src=https://a.example/x.js></script>\n",
        ),
        ("sites/a/style.css", "a{b:c}"),
        ("sites/a/lib/main.js", "1"),
    ]);
    let run = project.run(&["build"]);
    assert_eq!(run.code, 1);
    insta::assert_snapshot!("assets_missing", run.stderr);

    let project = Project::with(&[
        (
            "sites/a/config.toml",
            "[markdown.highlighting]\n[[sitekit.rewrites]]\nfrom = \"/moved.js\"\nto = \"/x.txt\"\n",
        ),
        ("sites/a/content/_index.md", "+++\n+++\n"),
        ("sites/a/content/one.md", "+++\n+++\n"),
        ("sites/a/content/two.md", "+++\n+++\n"),
        ("sites/a/templates/index.html", "<link rel=stylesheet href=/syntax.css><script src=/moved.js></script>"),
        ("sites/a/templates/page.html", "<title>{{ page.path }}</title>{% include \"foot.html\" %}"),
        ("sites/a/templates/foot.html", "<script type=module src=\"/mian.ts\"></script>"),
        ("sites/a/static/x.txt", "x"),
        ("sites/a/assets/main.ts", "console.log(1);"),
    ]);
    let run = project.run(&["build"]);
    assert_eq!(run.code, 1);
    insta::assert_snapshot!("assets_missing_in_a_template", run.stderr);
}

/// An element of a page: its name, and its attributes with their values.
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Element {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }
}

/// The start tags of a minified page, as a browser's parser sees them.
fn elements(page: &str) -> Vec<Element> {
    let mut found = Vec::new();
    let mut lexer = Lexer::new(page);
    while let Some(token) = lexer.next() {
        if matches!(token.kind, Kind::StartTag { .. }) {
            let attributes = lexer.attributes().iter().map(|one| {
                let value = one.value.clone().map_or("", |value| &page[value]);
                (page[one.name.clone()].to_owned(), value.to_owned())
            });
            found.push(Element { name: page[token.name].to_owned(), attributes: attributes.collect() });
        }
    }
    found
}

/// `link` and `script` elements, a line each, with what a browser would load; hashes are left out.
pub(crate) fn loads(project: &Project, route: &str) -> Vec<String> {
    let page = project.text("a", route);
    let line = |element: &Element| {
        let Some(url) = element.get("src").or(element.get("href")) else {
            return element.get("type").map(str::to_owned);
        };
        let what = element.get("rel").or(element.get("type")).unwrap_or("classic");
        let more = ["data-scripts", "data-styles", "crossorigin"]
            .into_iter()
            .filter_map(|name| Some(format!(" {name}={}", unhashed(element.get(name)?))));
        Some(format!("{what} {}{}", unhashed(url), more.collect::<String>()))
    };
    let named = |element: &&Element| matches!(element.name.as_str(), "link" | "script");
    elements(&page).iter().filter(named).filter_map(line).collect()
}

/// Without the ten digits of fingerprints.
pub(crate) fn unhashed(text: &str) -> String {
    let is_hash = |part: &str| part.len() == 10 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split('.').filter(|part| !is_hash(part)).collect::<Vec<_>>().join(".")
}

/// Every script, style sheet and preload of the site's own that a page names holds the browser to the bytes that are there.
#[track_caller]
fn check_integrity(project: &Project, route: &str) {
    let bundle = project.bundle("a");
    let base = bundle.base().to_string();
    let below = |url: &str| url.strip_prefix(&base).map(|path| format!("/{path}"));
    for element in elements(&project.text("a", route)) {
        let is_held = match element.name.as_str() {
            "script" => element.get("src").is_some(),
            "link" => matches!(element.get("rel"), Some("stylesheet" | "modulepreload")),
            _ => false,
        };
        let Some(path) = element.get("src").or(element.get("href")).filter(|_| is_held).and_then(below) else {
            continue;
        };
        let integrity = element.get("integrity").unwrap_or_else(|| panic!("{route}: no integrity of {path}"));
        assert_eq!(integrity, sha384(body(&bundle, &path).as_bytes()), "{route}: {path}");
    }
}

fn sha384(bytes: &[u8]) -> String {
    format!("sha384-{}", STANDARD.encode(Sha384::digest(bytes)))
}

/// The bytes of a route.
fn raw(project: &Project, path: &str) -> Vec<u8> {
    let bundle = project.bundle("a");
    let entry = bundle.entry(bundle.lookup(path).unwrap());
    entry
        .representations()
        .find(|one| one.coding() == Coding::Identity)
        .map_or_else(Vec::new, |one| one.body().to_vec())
}

/// The import map of a page.
fn import_map(project: &Project, route: &str) -> serde_json::Value {
    let page = project.text("a", route);
    let (_, after) = page.split_once("type=importmap>").unwrap();
    serde_json::from_str(after.split_once("</script>").unwrap().0).unwrap()
}

const APP: &[(&str, &str)] = &[
    (
        "sites/a/index.html",
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>A</title><link rel=stylesheet href=style.css?v=1>\
         <script src=/theme.ts></script><script type=module src=./main.ts></script></head><body><p class=x>a</body></html>",
    ),
    (
        "sites/a/other.html",
        "<!doctype html><title>B</title><body><script type=module>import { shared } from \"./lib/shared\";\nshared(2);</script>\
         <link rel=modulepreload href=lib/shared.ts>",
    ),
    ("sites/a/style.css", "@import 'parts/type.css';\n.x { color: red; background: url(bg.svg) }\n"),
    ("sites/a/parts/type.css", "p { margin: 0px }\n"),
    ("sites/a/bg.svg", ICON),
    ("sites/a/theme.ts", "const theme: string = \"dark\";\ndocument.body.className = theme;\n"),
    (
        "sites/a/main.ts",
        "import \"./main.css\";\nimport { shared } from \"./lib/shared.ts\";\nshared(1);\naddEventListener(\"click\", () => import(\"./later.ts\"));\n",
    ),
    ("sites/a/main.css", "h1 { color: blue }\n"),
    ("sites/a/later.ts", "import { shared } from \"./lib/shared.ts\";\nexport const later = shared(3);\n"),
    (
        "sites/a/lib/shared.ts",
        "let state = 0;\nexport function shared(by: number): number {\n  state += by;\n  console.log(\"shared\", state);\n  return state;\n}\n",
    ),
    ("sites/a/alone.ts", "console.log(\"nobody imports me\");\n"),
];

#[test]
fn a_plain_folder_with_scripts_and_styles() {
    let project = Project::with(APP);
    project.build(&[]);
    let mut names: Vec<_> = routes(&project).iter().map(|path| unhashed(path)).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "/",
            "/alone.js",
            "/assets/bg.svg",
            "/assets/later.js",
            "/assets/main.js",
            "/assets/other.js",
            "/assets/shared.js",
            "/assets/style.css",
            "/assets/theme.js",
            "/bg.svg",
            "/other.html",
        ]
    );
    assert_eq!(
        loads(&project, "/"),
        [
            "stylesheet /a/assets/style.css",
            "classic /a/assets/theme.js",
            "importmap",
            "modulepreload /a/assets/shared.js",
            "module /a/assets/main.js",
        ]
    );
    assert_eq!(loads(&project, "/other.html"), ["module /a/assets/other.js", "modulepreload /a/assets/shared.js"]);
    for route in ["/", "/other.html"] {
        check_integrity(&project, route);
    }
    let later = built(&project, "/assets/later.", ".js");
    let expected =
        serde_json::json!({"integrity": {format!("/a{later}"): sha384(body(&project.bundle("a"), &later).as_bytes())}});
    assert_eq!(import_map(&project, "/"), expected);
    assert!(!project.text("a", "/other.html").contains("importmap"));
    assert_eq!(field(&project, "/", "link"), None);
    // No page has the one without the other.
    let style = project.text("a", &built(&project, "/assets/style.", ".css"));
    let (linked, imported) = (style.find("color:red").unwrap(), style.find("color:#00f").unwrap());
    assert!(linked < imported, "{style}");
}

#[test]
fn style_sheets_that_some_page_has_alone_stay_apart() {
    let page = |head: &str| format!("<!doctype html><title>A</title>{head}<p>a");
    let both = "<link rel=stylesheet href=/style.css><script type=module src=/main.ts></script>";
    let none = "<p>";
    for (what, first, second, expected) in [
        ("always together", both, both, 1),
        ("a page without either", both, none, 1),
        ("a page with the sheet", both, "<link rel=stylesheet href=/style.css>", 2),
        ("a page with the script", both, "<script type=module src=/main.ts></script>", 2),
        (
            "a page where it is for paper",
            both,
            "<link rel=stylesheet media=print href=/style.css><script type=module src=/main.ts></script>",
            2,
        ),
        (
            "rules between them",
            "<link rel=stylesheet href=/style.css><style>p{top:0}</style><script type=module src=/main.ts></script>",
            none,
            2,
        ),
        (
            "another sheet between them",
            "<link rel=stylesheet href=/style.css><link rel=stylesheet href=https://a.example/b.css>\
             <script type=module src=/main.ts></script>",
            none,
            2,
        ),
    ] {
        let project = Project::with(&[
            ("sites/a/index.html", page(first).as_str()),
            ("sites/a/other.html", page(second).as_str()),
            ("sites/a/style.css", "p { color: red }"),
            ("sites/a/main.ts", "import './main.css';\nconsole.log(1);\n"),
            ("sites/a/main.css", "p { color: blue }"),
        ]);
        project.build(&[]);
        let is_sheet =
            |path: &str| path.strip_prefix("/assets/").is_some_and(|name| name.split('.').next_back() == Some("css"));
        let sheets = routes(&project).iter().filter(|path| is_sheet(path)).count();
        assert_eq!(sheets, expected, "{what}");
        check_integrity(&project, "/");
        check_integrity(&project, "/other.html");
    }
}

#[test]
fn the_same_site_on_a_host_of_its_own() {
    let project = Project::with(APP);
    project.write("sites/a/config.toml", b"[sitekit]\nhosts = [\"a.example\"]\n");
    project.build(&[]);
    assert_eq!(loads(&project, "/other.html"), ["module /assets/other.js", "modulepreload /assets/shared.js"]);
    check_integrity(&project, "/");
}

#[test]
fn a_changed_script_changes_the_pages_that_load_it_and_no_other_name() {
    let project = Project::with(APP);
    project.build(&[]);
    let before = routes(&project);
    project.write("sites/a/later.ts", b"export const later = 4;\n");
    project.build(&[]);
    let after = routes(&project);
    let gone: Vec<_> = before.iter().filter(|path| !after.contains(path)).map(|path| unhashed(path)).collect();
    assert!(gone.contains(&"/assets/later.js".to_owned()), "{gone:?}");
    for kept in ["/assets/style.css", "/assets/theme.js", "/assets/bg.svg"] {
        assert!(!gone.contains(&kept.to_owned()), "{gone:?}");
    }
}

const SITE: &[(&str, &str)] = &[
    ("sites/a/config.toml", "base_url = \"https://a.example\"\n[markdown.highlighting]\n"),
    ("sites/a/content/_index.md", "+++\n+++\n![x](/photo.png)\n"),
    ("sites/a/content/trip/index.md", "+++\n+++\n![x](map.svg)\n"),
    ("sites/a/content/trip/map.svg", ICON),
    (
        "sites/a/templates/index.html",
        "<!doctype html><html><head><title>A</title>\
         <link rel=stylesheet href=\"{{ asset(path=\"main.scss\") }}\"><link rel=stylesheet href=/syntax.css>\
         <meta property=og:image content=\"https://a.example{{ asset(path=\"/photo.png\") }}\">\
         <style>{{ asset_content(path=\"critical.css\") }}</style>\
         <script>{{ asset_content(path=\"theme.ts\") }}</script>\
         <script src=\"{{ asset(path=\"old.js\") }}\" integrity=\"{{ asset_integrity(path=\"old.js\") }}\"></script>\
         <script type=module src=\"{{ asset(path=\"main.ts\") }}\"></script>\
         <script type=application/json>{\"icon\": {{ asset(path=\"@/trip/map.svg\") | json_encode | safe }}}</script>\
         </head><body>{{ section.content | safe }}{{ asset_content(path=\"icon.svg\") }}\
         <a href=\"{{ get_url(path=\"photo.png\", cachebust=true) }}\">x</a><a href=\"{{ get_url(path=\"photo.png\") }}\">y</a>\
         <p data-of=\"{{ asset_integrity(path=\"main.ts\") }}\">z</p></body></html>",
    ),
    (
        "sites/a/templates/page.html",
        "<title>B</title>{{ page.content | safe }}<script type=module>\
         import { go } from \"{{ asset(path=\"main.ts\") }}\"; go();</script>",
    ),
    ("sites/a/templates/robots.txt", "# {{ asset(path=\"icon.svg\") }}\n"),
    ("sites/a/static/photo.png", "png"),
    ("sites/a/assets/main.scss", "$c: red;\n.x { .y { color: $c; background: url(icon.svg) } }\n"),
    ("sites/a/assets/critical.css", "body { margin: 0px }\n"),
    ("sites/a/assets/theme.ts", "const theme: string = \"dark\";\ndocument.body.className = theme;\n"),
    ("sites/a/assets/old.js", "var old = 1 + 1;\n"),
    ("sites/a/assets/main.ts", "export function go(): void {\n  console.log(\"go\");\n}\ngo();\n"),
    (
        "sites/a/assets/icon.svg",
        "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"/>",
    ),
    ("sites/a/assets/unused.png", "nobody asks for me"),
];

#[test]
fn a_content_site_that_names_its_assets() {
    let project = Project::with(SITE);
    project.build(&[]);
    let mut names: Vec<_> = routes(&project).iter().map(|path| unhashed(path)).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "/",
            "/assets/icon.svg",
            "/assets/main.css",
            "/assets/main.js",
            "/assets/map.svg",
            "/assets/old.js",
            "/assets/page.js",
            "/assets/photo.png",
            "/assets/syntax.css",
            "/photo.png",
            "/robots.txt",
            "/sitemap.xml",
            "/syntax.css",
            "/trip/",
            "/trip/map.svg",
        ]
    );
    for route in ["/", "/trip/"] {
        check_integrity(&project, route);
    }
    assert_eq!(
        loads(&project, "/"),
        [
            "stylesheet /a/assets/main.css",
            "stylesheet /a/assets/syntax.css",
            "classic /a/assets/old.js",
            "module /a/assets/main.js",
            "application/json",
        ]
    );
    let page = project.text("a", "/");
    let (main, map) = (built(&project, "/assets/main.", ".js"), built(&project, "/assets/map.", ".svg"));
    let (photo, icon) = (built(&project, "/assets/photo.", ".png"), built(&project, "/assets/icon.", ".svg"));
    for expected in [
        format!("content=https://a.example/a{photo}"),
        "<style>body{margin:0}</style>".to_owned(),
        "\"dark\"".to_owned(),
        format!("{{\"icon\":\"/a{map}\"}}"),
        format!("src=/a{photo}"),
        "width=9 height=9 /><a".to_owned(),
        format!("href=/a{photo}>x"),
        "href=/a/photo.png>y".to_owned(),
        format!("data-of={}", sha384(project.text("a", &main).as_bytes())),
    ] {
        assert!(page.contains(&expected), "{expected} in {page}");
    }
    assert_eq!(project.text("a", "/robots.txt"), format!("# /a{icon}\n"));
    assert!(project.text("a", &built(&project, "/assets/main.", ".css")).contains(icon.trim_start_matches("/assets/")));
    assert!(routes(&project).iter().all(|path| raw(&project, path).windows(12).all(|bytes| bytes != b"sitekitasset")));
}

#[test]
fn an_asset_that_is_not_there_is_a_mistake_of_the_template() {
    let project = Project::with(SITE);
    project.write(
        "sites/a/templates/index.html",
        b"<title>A</title>\n<script src=\"{{ asset(path=\"mian.ts\") }}\"></script>\n",
    );
    project.write("sites/a/templates/page.html", b"{{ get_url(path=\"foto.png\", cachebust=true) }}\n");
    let run = project.run(&["build"]);
    assert_eq!(run.code, 1);
    insta::assert_snapshot!("assets_unknown", run.stderr);
}

#[test]
fn import_maps_preconnects_and_hints() {
    let project = Project::with(&[
        (
            "sites/a/index.html",
            "<!doctype html><html><head><meta charset=utf-8><title>A</title>\
             <script type=importmap>{\"imports\": {\"lit\": \"https://cdn.example/lit.js\", \"state\": \"/lib/state.ts\"}}</script>\
             <link rel=stylesheet href=https://fonts.example/css><link rel=preconnect href=https://known.example>\
             <script src=https://known.example/x.js></script><script src=//old.example/x.js></script>\
             <link rel=stylesheet href=style.css><link rel=may-need href=/next/><link rel=may-need href=editor.ts>\
              <script type=module>import { html } from \"lit\"; html``;</script>\
             <script type=module src=main.ts></script></head><body>a</body></html>",
        ),
        ("sites/a/lib/state.ts", "export const state = { of: \"all\" };\n"),
        (
            "sites/a/next/index.html",
            "<!doctype html><title>B</title><link rel=stylesheet href=../next.css><script type=module src=/next.ts></script>",
        ),
        ("sites/a/style.css", "@font-face { font-family: x; src: url(https://type.example/x.woff2) }\n"),
        ("sites/a/next.css", "p { color: red }\n"),
        ("sites/a/next.ts", "console.log(\"next\");\n"),
        (
            "sites/a/main.ts",
            "import { html } from \"lit\";\nimport { state } from \"state\";\nhtml(state);\ndocument.body.onclick = () => import(\"./editor.ts\");\n",
        ),
        ("sites/a/editor.ts", "export const editor = 1;\n"),
    ]);
    project.build(&[]);
    assert_eq!(
        loads(&project, "/"),
        [
            "preconnect https://fonts.example",
            "preconnect //old.example",
            "preconnect https://type.example crossorigin=",
            "importmap",
            "stylesheet https://fonts.example/css",
            "preconnect https://known.example",
            "classic https://known.example/x.js",
            "classic //old.example/x.js",
            "stylesheet /a/assets/style.css",
            "may-need /a/next/ data-scripts=/a/assets/next.js data-styles=/a/assets/next.css",
            "may-need /a/assets/editor.js data-scripts=/a/assets/editor.js",
            "module",
            "module /a/assets/main.js",
            "module /a/assets/may-need.js",
        ]
    );
    check_integrity(&project, "/");
    let editor = built(&project, "/assets/editor.", ".js");
    let map = import_map(&project, "/");
    assert_eq!(map["imports"]["lit"], "https://cdn.example/lit.js");
    assert_eq!(map["integrity"][format!("/a{editor}")], sha384(project.text("a", &editor).as_bytes()));
    let main = project.text("a", &built(&project, "/assets/main.", ".js"));
    assert!(main.contains("from\"lit\"") && main.contains("all"), "{main}");
    let policy = field(&project, "/", "content-security-policy").unwrap();
    assert!(policy.contains("https://cdn.example"), "{policy}");
    assert!(!loads(&project, "/next/").iter().any(|line| line.contains("may-need")));
}

#[test]
fn a_mistake_in_a_script_or_style_sheet_is_told_once() {
    let project = Project::with(&[
        (
            "sites/a/index.html",
            "<!doctype html><title>A</title><link rel=stylesheet href=style.css><script type=module src=main.ts></script>\n\
             <script src=old.js></script><script type=module>\n  import { b } from \"./othr.ts\";\n  b();\n</script>\n",
        ),
        ("sites/a/main.ts", "import \"./other.ts\";\nimport \"./text.js\";\n"),
        ("sites/a/other.ts", "export const b: number = ;\n"),
        ("sites/a/old.js", "var a = ;\n"),
        ("sites/a/style.css", "a { color: red }\n@import;\n"),
    ]);
    project.write("sites/a/text.js", b"export const c = \"\xff\";\n");
    let run = project.run(&["build"]);
    assert_eq!(run.code, 1);
    insta::assert_snapshot!("assets_mistakes", run.stderr);
}

//! What becomes of the scripts, style sheets and images that pages ask for: their names, what holds a browser to their bytes,
//! and which addresses files keep.

use crate::project::{Project, body, manifest};

const ICON: &str =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"8\" height=\"8\"><rect width=\"8\" height=\"8\"/></svg>\n";

/// The paths of all routes.
fn routes(project: &Project) -> Vec<String> {
    project.bundle("a").routes().map(|(path, _)| path.to_owned()).collect()
}

/// The one path of the site that begins and ends like this.
#[track_caller]
fn built(project: &Project, start: &str, end: &str) -> String {
    let found: Vec<_> =
        routes(project).into_iter().filter(|path| path.starts_with(start) && path.ends_with(end)).collect();
    let [path] = &found[..] else { panic!("{start}….{end}: {found:?} of\n{}", manifest(&project.bundle("a"))) };
    path.clone()
}

#[track_caller]
fn field(project: &Project, path: &str, name: &str) -> Option<String> {
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

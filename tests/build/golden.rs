//! Sites whose whole manifest is known, edited and built again: what changes is what was touched, and nothing else.

use crate::project::{Project, body, manifest};

const BLOG: &[(&str, &str)] = &[
    ("sites/blog/config.toml", "title = \"Notes\"\n\n[markdown.highlighting]\n\n[extra]\nauthor = \"Ada\"\n"),
    ("sites/blog/content/_index.md", "+++\ntitle = \"Home\"\nsort_by = \"date\"\n+++\nWelcome to **Notes**.\n"),
    (
        "sites/blog/content/first.md",
        "+++\ntitle = \"First\"\ndate = 2026-01-02\n+++\nHello.<!-- more -->\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] done\n\n```rust\nfn main() {}\n```\n",
    ),
    (
        "sites/blog/content/second.md",
        "---\ntitle: Second & more\ndate: 2026-02-03\naliases: [old/second]\n---\nSee [the first](@/first.md). ~~Gone.~~\n",
    ),
    (
        "sites/blog/templates/base.html",
        "<!doctype html>\n<html lang=\"en\"><head><title>{% block title %}{{ config.title }}{% endblock %}</title>\n<link rel=\"stylesheet\" href=\"/style.css\"></head>\n<body>{% block main %}{% endblock %}</body></html>\n",
    ),
    (
        "sites/blog/templates/index.html",
        "{% extends \"base.html\" %}{% block main %}<h1>{{ section.title }}</h1>{{ section.content | safe }}<ul>{% for page in section.pages %}<li><a href=\"{{ page.permalink }}\">{{ page.title }}</a></li>{% endfor %}</ul>{% endblock %}\n",
    ),
    (
        "sites/blog/templates/page.html",
        "{% extends \"base.html\" %}{% block title %}{{ page.title }} – {{ config.title }}{% endblock %}{% block main %}<article><h1>{{ page.title }}</h1>{{ page.content | safe }}</article><p>by {{ config.extra.author }}</p>{% endblock %}\n",
    ),
    ("sites/blog/templates/404.html", "{% extends \"base.html\" %}{% block main %}<h1>Not here</h1>{% endblock %}\n"),
    ("sites/blog/static/style.css", "/* all */\nbody {\n  margin: 0px;\n  background: url(/img/bg.svg);\n}\n"),
    (
        "sites/blog/static/img/bg.svg",
        "<?xml version=\"1.0\"?>\n<!-- drawn by hand -->\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"8\" height=\"8\">\n  <rect width=\"8\" height=\"8\" fill=\"#eee\"/>\n</svg>\n",
    ),
    ("sites/blog/static/data.json", "{\n  \"a\": [1, 2.0, 1e400],\n  \"b\": \"x y\"\n}\n"),
    ("sites/blog/static/main.ts", "export const twice = (n: number): number => n * 2;\nconsole.log(twice(21));\n"),
    ("sites/blog/static/robots.txt", "User-agent: *\nDisallow: /drafts/\n"),
];

const APP: &[(&str, &str)] = &[
    ("sites/app/config.toml", "[sitekit]\nmode = \"spa\"\n"),
    (
        "sites/app/index.html",
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<base href=\"/\">\n<title>App</title>\n<script type=\"module\" src=\"main.ts\"></script>\n</head>\n<body></body>\n</html>\n",
    ),
    (
        "sites/app/main.ts",
        "import { view } from \"./views/home.ts\";\n\ndocument.body.append(view() satisfies string);\n",
    ),
    ("sites/app/views/home.ts", "export function view(): string {\n  return \"home\";\n}\n"),
];

#[test]
fn a_blog_built_edited_and_built_again() {
    let project = Project::with(BLOG);
    project.build(&[]);
    let before = project.bundle("blog");
    insta::assert_snapshot!("blog", manifest(&before));
    insta::assert_snapshot!("blog_first", body(&before, "/first/"));
    insta::assert_snapshot!("blog_index", body(&before, "/"));
    insta::assert_snapshot!("blog_style", body(&before, "/style.css"));

    project.write(
        "sites/blog/content/second.md",
        b"+++\ntitle = \"Second, again\"\ndate = 2026-02-03\n+++\nSee [the first](@/first.md).\n",
    );
    project.write("sites/blog/content/third.md", b"+++\ntitle = \"Third\"\ndate = 2026-03-04\n+++\nNew.\n");
    project.remove("sites/blog/static/robots.txt");
    project.build(&[]);
    let after = project.bundle("blog");
    assert_eq!(
        changed_lines(&manifest(&before), &manifest(&after)),
        ["- /", "- /old/second/", "- /robots.txt", "- /second/", "+ /", "+ /robots.txt", "+ /second/", "+ /third/"]
    );

    for (path, text) in BLOG {
        project.write(path, text.as_bytes());
    }
    project.remove("sites/blog/content/third.md");
    project.build(&[]);
    assert_eq!(project.bundle("blog").generation(), before.generation(), "the edits taken back give the same bundle");
}

#[test]
fn a_plain_folder_is_a_site() {
    let project = Project::with(APP);
    project.build(&[]);
    let bundle = project.bundle("app");
    insta::assert_snapshot!("app", manifest(&bundle));
    insta::assert_snapshot!("app_index", body(&bundle, "/"));
    let main = bundle.routes().map(|(path, _)| path).find(|path| path.starts_with("/assets/main."));
    insta::assert_snapshot!("app_main", body(&bundle, main.unwrap()));
}

#[test]
fn what_a_page_needs_and_does_not_name_is_in_its_link_field() {
    let project = Project::with(&[
        ("sites/a/index.html", "<!doctype html><title>A</title><style>@import \"/all.css\"; p { color: red }</style>"),
        ("sites/a/plain/index.html", "<!doctype html><title>B</title><p>nothing"),
        ("sites/a/linked/index.html", "<!doctype html><title>C</title><link rel=stylesheet href=/all.css>"),
        ("sites/a/all.css", "@import \"parts/type.css\";\np { margin: 0 }\n"),
        ("sites/a/parts/type.css", "@font-face { font-family: x; src: url(../x.woff2) }\n"),
        ("sites/a/x.woff2", "font"),
    ]);
    let links = |route: &str| -> Vec<String> {
        let bundle = project.bundle("a");
        let entry = bundle.entry(bundle.lookup(route).unwrap());
        let lines = entry.fields().filter(|(name, _)| *name == "link").map(|(_, value)| value.to_owned());
        lines.collect::<Vec<_>>().iter().flat_map(|line| line.split(", ")).map(str::to_owned).collect()
    };
    let built = |extension: &str| -> String {
        let bundle = project.bundle("a");
        let is_it = |path: &&str| path.starts_with("/assets/") && path.ends_with(extension);
        bundle.routes().map(|(path, _)| path).find(is_it).unwrap().to_owned()
    };
    project.build(&[]);
    let sheet = format!("</a{}>; rel=preload; as=style", built(".css"));
    assert_eq!(links("/"), std::slice::from_ref(&sheet));
    assert_eq!(links("/plain/"), Vec::<String>::new());
    assert_eq!(links("/linked/"), Vec::<String>::new());

    project.write("sites/a/config.toml", b"[sitekit]\npreload_fonts = true\n");
    project.build(&[]);
    let font = format!("</a{}>; rel=preload; as=font; type=\"font/woff2\"; crossorigin", built(".woff2"));
    assert_eq!(links("/"), [sheet, font.clone()]);
    assert_eq!(links("/linked/"), [font]);
}

#[test]
fn the_same_inputs_give_the_same_bytes_whatever_the_threads_the_time_and_the_folder() {
    let one = Project::with(&[BLOG, APP].concat());
    let other = Project::with(&[APP, BLOG].concat());
    one.build(&["--concurrency", "1"]);
    other.build(&["--concurrency", "7"]);
    for site in ["blog", "app"] {
        assert_eq!(one.bundle(site).generation(), other.bundle(site).generation());
    }
    let warm = one.build(&["--json"]);
    let json: serde_json::Value = serde_json::from_str(&warm.stdout).unwrap();
    for site in json["sites"].as_array().unwrap() {
        assert_eq!(site["changed"], false, "{site}");
        assert_eq!(site["cache"]["misses"], 0, "{site}");
    }
    one.remove_cache();
    one.build(&[]);
    assert_eq!(one.bundle("blog").generation(), other.bundle("blog").generation(), "cold as warm");
}

/// `- /route` for each line that is gone, `+ /route` for each that is new.
fn changed_lines(before: &str, after: &str) -> Vec<String> {
    let missing_in = |lines: &str, other: &str, sign: &str| -> Vec<String> {
        lines
            .lines()
            .filter(|line| !other.lines().any(|one| one == *line))
            .map(|line| format!("{sign} {}", line.split(' ').next().unwrap_or("")))
            .collect()
    };
    [missing_in(before, after, "-"), missing_in(after, before, "+")].concat()
}

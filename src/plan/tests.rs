//! One owner per URL.

mod lists;

use super::*;
use crate::{
    load::{MemoryWorld, load},
    site::SiteName,
};

fn plan_of(files: &[(&str, &str)]) -> (Plan, Vec<String>) {
    let plain = files.iter().any(|(path, _)| *path == "index.html");
    let mut world = MemoryWorld::new();
    let templates = ["templates/index.html", "templates/section.html", "templates/page.html"].map(|path| (path, ""));
    for (path, text) in templates.iter().filter(|_| !plain).chain(files) {
        world = world.with(&format!("sites/s/{path}"), *text);
    }
    let (site, diagnostics) = load(&world, &SiteName::parse("s").unwrap(), "sites/s");
    assert_eq!(diagnostics, []);
    let (planned, diagnostics) = plan(&site.unwrap());
    let show = |diagnostic: &Diagnostic| {
        let position = diagnostic.position().map_or(String::new(), |(line, column)| format!(":{line}:{column}"));
        format!("{}{position} {}", diagnostic.path, diagnostic.message)
    };
    (planned, diagnostics.iter().map(show).collect())
}

/// Routes as `path kind`, but for `/robots.txt`, which every site has.
#[track_caller]
fn check(files: &[(&str, &str)], expected: &[&str]) {
    let (plan, diagnostics) = plan_of(files);
    assert_eq!(diagnostics, Vec::<String>::new());
    let show = |(path, origin): (&SitePath, &Origin)| match origin {
        Origin::Page(_) => format!("{path} page"),
        Origin::Section(_) => format!("{path} section"),
        Origin::Pager(_, number) => format!("{path} pager {number}"),
        Origin::Taxonomy(_) => format!("{path} taxonomy"),
        Origin::Term(_) => format!("{path} term"),
        Origin::Feed(_) => format!("{path} feed"),
        Origin::Sitemap(_) => format!("{path} sitemap"),
        Origin::SitemapIndex(_) => format!("{path} sitemap index"),
        Origin::SearchIndex(_) => format!("{path} search index"),
        Origin::SearchLibrary => format!("{path} search library"),
        Origin::Template(name) => format!("{path} template {name}"),
        Origin::File(file) => format!("{path} file {}", file.path.trim_start_matches("sites/s/")),
        Origin::Script(file) => format!("{path} script {}", file.path.trim_start_matches("sites/s/")),
        Origin::Sass(file) => format!("{path} sass {}", file.path.trim_start_matches("sites/s/")),
        Origin::Highlighting(_) => format!("{path} highlighting"),
        Origin::Redirect(Target::Path(to, behind)) => format!("{path} -> {to}{behind}"),
        Origin::Redirect(Target::Url(to)) => format!("{path} -> {to}"),
    };
    let routes: Vec<_> =
        plan.routes.iter().map(show).filter(|route| route != "/robots.txt template robots.txt").collect();
    assert_eq!(routes, expected);
}

#[track_caller]
fn check_collision(files: &[(&str, &str)], expected: &str) {
    assert_eq!(plan_of(files).1, [expected]);
}

#[test]
fn routes_of_content() {
    check(&[("content/a.md", "")], &["/ section", "/a/ page"]);
    check(&[("content/a.md", "+++\nrender = false\n+++")], &["/ section"]);
    check(&[("content/_index.md", "+++\nrender = false\n+++")], &[]);
    check(
        &[("content/a/index.md", ""), ("content/a/x.png", "")],
        &["/ section", "/a/ page", "/a/x.png file content/a/x.png"],
    );
    check(
        &[("static/app.ts", ""), ("static/app.d.ts", ""), ("static/w.mts", ""), ("static/a.css", "")],
        &["/ section", "/a.css file static/a.css", "/app.js script static/app.ts", "/w.mjs script static/w.mts"],
    );
    let sass =
        [("sass/a.scss", ""), ("sass/b/c.sass", ""), ("sass/_d.scss", ""), ("sass/_e/f.scss", ""), ("sass/g.txt", "")];
    check(&sass, &["/ section"]);
    let theme = ("themes/t/sass/a.scss", "");
    let other = ("themes/t/sass/x.scss", "");
    let config = ("config.toml", "compile_sass = true\ntheme = 't'");
    check(
        &[&sass[..], &[theme, other, config]].concat(),
        &["/ section", "/a.css sass sass/a.scss", "/b/c.css sass sass/b/c.sass", "/x.css sass themes/t/sass/x.scss"],
    );
    check(&[("static/x/index.html", "")], &["/ section", "/x/ file static/x/index.html"]);
    check(
        &[("config.toml", "base_url = 'https://x.org'\ngenerate_robots_txt = false")],
        &["/ section", "/sitemap.xml sitemap"],
    );
    check(&[("config.toml", "base_url = 'https://x.org'\ngenerate_sitemap = false")], &["/ section"]);
}

#[test]
fn redirects() {
    check(
        &[("content/a.md", "+++\naliases = ['/old', 'x/y.html', 'z/index.html']\n+++")],
        &["/ section", "/a/ page", "/old/ -> /a/", "/x/y.html -> /a/", "/z/ -> /a/"],
    );
    check(
        &[("content/a.md", ""), ("content/b/_index.md", "+++\nredirect_to = '@/a.md'\n+++")],
        &["/ section", "/a/ page", "/b/ -> /a/"],
    );
    check(
        &[("content/a.md", ""), ("content/b/_index.md", "+++\nredirect_to = 'a?b#c'\n+++")],
        &["/ section", "/a/ page", "/b/ -> /a/?b#c"],
    );
    check(
        &[
            ("config.toml", "[sitekit.content_aliases]\nx = 'y'"),
            ("content/y/a.md", ""),
            ("content/b/_index.md", "+++\nredirect_to = '@x/a.md#c'\n+++"),
        ],
        &["/ section", "/b/ -> /y/a/#c", "/y/a/ page"],
    );
    check(
        &[("content/b/_index.md", "+++\nredirect_to = 'https://x.org/'\n+++")],
        &["/ section", "/b/ -> https://x.org/"],
    );
}

#[test]
fn routes_of_a_plain_folder() {
    check(
        &[("index.html", ""), ("x/index.html", ""), ("a.html", ""), ("app.ts", ""), ("404.html", "")],
        &[
            "/ file index.html",
            "/404.html file 404.html",
            "/a.html file a.html",
            "/app.js script app.ts",
            "/x/ file x/index.html",
        ],
    );
}

#[test]
fn not_found_pages() {
    let not_found = |files: &[(&str, &str)]| plan_of(files).0.not_found.map(|path| path.to_string());
    assert_eq!(not_found(&[("content/a.md", "")]), None);
    assert_eq!(not_found(&[("templates/404.html", "")]).as_deref(), Some("/404.html"));
    assert_eq!(not_found(&[("static/404.html", "")]).as_deref(), Some("/404.html"));
    assert_eq!(not_found(&[("index.html", ""), ("404.html", "")]).as_deref(), Some("/404.html"));
}

#[test]
fn two_sources_for_one_url() {
    check_collision(
        &[("content/a.md", ""), ("content/A.md", "")],
        "sites/s/content/a.md two sources for `/a/`: sites/s/content/A.md and sites/s/content/a.md",
    );
    check_collision(
        &[("content/a.md", ""), ("content/b.md", "+++\nslug = 'a'\n+++")],
        "sites/s/content/b.md:2:8 two sources for `/a/`: sites/s/content/a.md and sites/s/content/b.md",
    );
    check_collision(
        &[("content/a.md", ""), ("static/a/index.html", "")],
        "sites/s/static/a/index.html two sources for `/a/`: sites/s/content/a.md and sites/s/static/a/index.html",
    );
    check_collision(
        &[("content/a.md", ""), ("content/b.md", "+++\naliases = ['/a/']\n+++")],
        "sites/s/content/b.md:2:12 two sources for `/a/`: sites/s/content/a.md and a redirect in sites/s/content/b.md",
    );
    check_collision(
        &[("content/a.md", "+++\naliases = ['/x/']\n+++"), ("content/b.md", "+++\naliases = ['/x/']\n+++")],
        "sites/s/content/b.md:2:12 two sources for `/x/`: a redirect in sites/s/content/a.md and a redirect in \
         sites/s/content/b.md",
    );
    check_collision(
        &[("static/a.js", ""), ("static/a.ts", "")],
        "sites/s/static/a.ts two sources for `/a.js`: sites/s/static/a.js and sites/s/static/a.ts",
    );
    check_collision(
        &[("templates/404.html", ""), ("static/404.html", "")],
        "sites/s/templates/404.html two sources for `/404.html`: sites/s/static/404.html and sites/s/templates/404.html",
    );
    check_collision(
        &[("content/b/_index.md", "+++\nredirect_to = '@/x.md'\n+++")],
        "sites/s/content/b/_index.md:2:15 there is no `x.md` in the site's content to redirect to",
    );
}

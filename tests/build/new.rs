//! `sitekit new`: what it writes builds without a word, and is what was asked for.

use std::fs;

use crate::project::{Project, files_below};

#[track_caller]
fn check(args: &[&str], expected_files: &[&str], expected_routes: &[&str]) {
    let project = Project::with(&[]);
    let run = project.run(&[&["new", "my-site"], args].concat());
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let root = project.path("sites/my-site");
    let written: Vec<String> = files_below(&root)
        .into_iter()
        .map(|(path, _)| path.strip_prefix(&root).unwrap().display().to_string())
        .collect();
    assert_eq!(written, expected_files);
    let listed: Vec<&str> = run.stdout.lines().take_while(|line| !line.is_empty()).collect();
    let all: Vec<String> = expected_files.iter().map(|file| format!("sites/my-site/{file}")).collect();
    assert_eq!(listed, all, "every file is named");
    assert!(run.stdout.ends_with("`sitekit dev` builds it and serves it under /my-site/\n"), "{}", run.stdout);

    let run = project.build(&["--profile", "dev", "--quiet"]);
    assert_eq!(run.stderr, "", "it builds without a word");
    let bundle = project.bundle("my-site");
    let routes: Vec<&str> = bundle.routes().map(|(path, _)| path).collect();
    for route in expected_routes {
        assert!(routes.contains(route), "{route} in {routes:?}");
    }
    for (path, bytes) in files_below(&root) {
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains("{{title}}") && !text.contains("{{name}}"), "{}", path.display());
    }
    assert!(project.text("my-site", "/").contains("My site"));
}

#[test]
fn a_blog() {
    check(
        &[],
        &[
            "config.toml",
            "content/_index.md",
            "content/hello.md",
            "content/writing.md",
            "static/favicon.svg",
            "static/style.css",
            "templates/404.html",
            "templates/base.html",
            "templates/index.html",
            "templates/page.html",
            "templates/section.html",
        ],
        &["/", "/404.html", "/hello/", "/writing/", "/style.css", "/robots.txt", "/atom.xml", "/sitemap.xml"],
    );
}

#[test]
fn a_blog_has_a_feed_that_its_pages_name() {
    let project = Project::with(&[]);
    assert_eq!(project.run(&["new", "notes"]).code, 0);
    project.build(&["--profile", "dev"]);
    for page in ["/", "/hello/", "/404.html"] {
        let text = project.text("notes", page);
        assert!(text.contains("/notes/atom.xml"), "{page}: {text}");
    }
    let feed = project.text("notes", "/atom.xml");
    let written: Vec<_> = feed.match_indices("<entry").collect();
    assert_eq!(written.len(), 2, "{feed}");
    assert!(feed.contains("https://example.com/hello/"), "{feed}");
}

#[test]
fn a_blog_speaks_another_language_with_a_table_and_texts() {
    let project = Project::with(&[]);
    assert_eq!(project.run(&["new", "notes"]).code, 0);
    let config = fs::read_to_string(project.path("sites/notes/config.toml")).unwrap();
    for (path, text) in [
        (
            "sites/notes/config.toml",
            &*(config + "[languages.de]\ntitle = \"Notizen\"\ndescription = \"Gelernt.\"\ngenerate_feeds = true\n"),
        ),
        ("sites/notes/content/_index.de.md", "+++\ntitle = \"Notizen\"\nsort_by = \"date\"\n+++\n"),
        ("sites/notes/content/hello.de.md", "+++\ntitle = \"Hallo\"\ndate = 2026-03-14\n+++\nGuten Tag.\n"),
        ("sites/notes/content/later.de.md", "+++\ntitle = \"Bald\"\ndate = 2026-03-15\ndraft = true\n+++\n"),
    ] {
        fs::write(project.path(path), text).unwrap();
    }
    let run = project.build(&["--profile", "dev", "--quiet"]);
    assert_eq!(run.stderr, "");
    for (path, expected) in [
        ("/de/", &["<html lang=de", "14.03.2026", "/notes/de/hello/", "/notes/de/atom.xml"][..]),
        ("/de/hello/", &["14. März 2026", "Guten Tag.", "content=Gelernt.", "<a href=/notes/de/>"]),
        ("/de/atom.xml", &["Hallo", "https://example.com/de/hello/"]),
        ("/", &["<html lang=en", "/notes/hello/", "/notes/atom.xml"]),
    ] {
        let text = project.text("notes", path);
        for part in expected {
            assert!(text.contains(part), "{part} in {path}: {text}");
        }
        assert!(!text.contains("Bald"), "{path}: {text}");
    }
}

#[test]
fn a_single_page_app() {
    check(&["--spa"], &["config.toml", "favicon.svg", "index.html", "main.ts", "style.css", "views.ts"], &["/"]);
}

#[test]
fn a_plain_page() {
    check(&["--plain"], &["404.html", "favicon.svg", "index.html", "style.css"], &["/", "/404.html"]);
}

#[test]
fn what_is_there_stays() {
    let project = Project::with(&[("sites/blog/index.html", "mine")]);
    let run = project.run(&["new", "blog"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert_eq!(run.stderr, "error: there is sites/blog already: choose another name, or remove it\n");
    assert_eq!(fs::read_to_string(project.path("sites/blog/index.html")).unwrap(), "mine");
    let run = project.run(&["new", "My Blog"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("`My Blog` cannot name a site"), "{}", run.stderr);
}

#[test]
fn into_the_folder_of_the_settings() {
    let project = Project::with(&[("sitekit.toml", "[build]\nsites = \"pages\"\n")]);
    assert_eq!(project.run(&["new", "a", "--plain"]).code, 0);
    assert!(project.path("pages/a/index.html").is_file());
    assert_eq!(project.run(&["new", "b", "--plain", "--sites", "more"]).code, 0);
    assert!(project.path("more/b/index.html").is_file());
}

//! Sites in several languages, through the binary and over HTTP.

use std::{collections::BTreeMap, fs};

use crate::{
    project::{Project, body, manifest},
    served::Served,
};

const MANUAL: &str = "sites/docs/content/writing/languages.md";

/// The files the manual has its reader write: each code block after a sentence that names one, one after the other.
fn of_the_manual() -> BTreeMap<String, String> {
    let text = fs::read_to_string(MANUAL).unwrap();
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let (mut named, mut block): (Option<String>, Option<String>) = (None, None);
    for line in text.lines() {
        match (&mut block, line.starts_with("```")) {
            (Some(written), false) => written.extend([line, "\n"]),
            (Some(written), true) => {
                if let Some(path) = named.take() {
                    *files.entry(path).or_default() += written;
                }
                block = None;
            }
            (None, true) => block = Some(String::new()),
            (None, false) => {
                let paths = line.split('`').skip(1).step_by(2).filter(|code| code.starts_with("sites/blog/"));
                named = paths.last().map(str::to_owned).or(named);
            }
        }
    }
    files
}

#[test]
fn the_blog_of_the_manual_is_what_the_manual_says() {
    let files = of_the_manual();
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let project = Project::with(&files);
    let run = project.build(&[]);
    assert!(!run.stderr.contains("warning"), "{}", run.stderr);
    let bundle = project.bundle("blog");
    insta::assert_snapshot!("manual_blog", manifest(&bundle));
    for (name, route) in [("manual_home", "/"), ("manual_home_fr", "/fr/"), ("manual_bowl_fr", "/fr/bowl/")] {
        insta::assert_snapshot!(name, body(&bundle, route));
    }

    let server = Served::start(&project);
    let bowl = server.get("/blog/fr/bowl/");
    assert_eq!(bowl.status, 200);
    let text = bowl.text();
    assert!(text.contains("<html lang=fr") || text.contains("<html lang=\"fr\""), "{text}");
    assert!(text.contains("href=\"/blog/bowl/\"") || text.contains("href=/blog/bowl/"), "{text}");
    assert_eq!(server.get("/blog/fr/kiln/").status, 404);
}

#[test]
fn a_page_without_a_translation_stands_in_every_language_where_the_site_wants_that() {
    let project = Project::with(&[
        (
            "sites/a/config.toml",
            "base_url = \"https://a.example\"\n[languages.ar]\n[sitekit.languages]\nfallback = true\n",
        ),
        ("sites/a/content/_index.md", "+++\ntitle = \"Home\"\n+++\n"),
        ("sites/a/content/one.md", "+++\ntitle = \"One\"\n+++\n[Two](@/two.md)\n"),
        ("sites/a/content/two.md", "+++\ntitle = \"Two\"\n+++\n[One](one.md)\n"),
        ("sites/a/content/two.ar.md", "+++\ntitle = \"اثنان\"\n+++\n[1](@/one.md)\n"),
        (
            "sites/a/templates/page.html",
            "<!doctype html><html lang=\"{{ lang }}\" dir=\"{{ dir }}\"><head><title>{{ page.title }}</title>{% include \"hreflang.html\" %}</head><body>{% if page.fallback %}<main lang=\"{{ page.fallback.lang }}\" dir=\"{{ page.fallback.dir }}\">{% else %}<main>{% endif %}{{ page.content | safe }}</main></body></html>",
        ),
        (
            "sites/a/templates/index.html",
            "{% for page in section.pages %}<a href=\"{{ page.permalink }}\">{{ page.title }}</a>{% endfor %}",
        ),
    ]);
    project.build(&[]);
    let bundle = project.bundle("a");
    for (name, route) in [("fallback_one", "/ar/one/"), ("fallback_two", "/ar/two/"), ("fallback_home", "/ar/")] {
        insta::assert_snapshot!(name, body(&bundle, route));
    }
}

#[test]
fn words_that_are_missing_are_warned_about_with_the_place_that_asks() {
    let project = Project::with(&[
        ("sites/a/config.toml", "[languages.fr]\n[translations]\nmore = \"More\"\n"),
        ("sites/a/content/one.fr.md", ""),
        ("sites/a/templates/page.html", "<p>\n{{ trans(key=\"more\") }}"),
        ("sites/a/templates/index.html", "<p>"),
    ]);
    let run = project.build(&[]);
    assert!(run.stderr.contains("`fr` has no word `more`"), "{}", run.stderr);
    assert!(run.stderr.contains("sites/a/templates/page.html:2:15"), "{}", run.stderr);
    assert!(project.text("a", "/fr/one/").contains("More"));
}

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
    assert!(text.contains("/blog/fr/atom.xml"), "{text}");
    assert!(server.get("/blog/fr/atom.xml").text().contains("Un bol"));
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
fn search_engines_are_told_where_the_configuration_says_so() {
    let page = "<!doctype html><html lang=\"{{ lang }}\"><head><title>{{ page.title }}</title></head><body><nav>\
                {% for other in page.translations %}<a hreflang=\"{{ other.lang }}\" href=\"{{ other.permalink }}\">x</a>{% endfor %}</nav></body></html>";
    let files = |languages: &str| {
        Project::with(&[
            (
                "sites/a/config.toml",
                &format!("base_url = \"https://a.example\"\n[languages.fr]\n[sitekit.languages]\n{languages}"),
            ),
            ("sites/a/content/one.md", "+++\ntitle = \"One\"\n+++\n"),
            ("sites/a/content/one.fr.md", "+++\ntitle = \"Un\"\nslug = \"un\"\n+++\n"),
            ("sites/a/content/two.md", "+++\ntitle = \"Two\"\n+++\n"),
            ("sites/a/content/own.md", "+++\ntitle = \"Own\"\ntemplate = \"own.html\"\n+++\n"),
            ("sites/a/content/own.fr.md", "+++\ntitle = \"À soi\"\ntemplate = \"own.html\"\n+++\n"),
            ("sites/a/templates/page.html", page),
            (
                "sites/a/templates/own.html",
                "<head><link rel=canonical href=\"https://b.example/\">{% include \"hreflang.html\" %}</head>",
            ),
            ("sites/a/templates/index.html", "<!doctype html><title>A</title><p>A"),
        ])
    };
    let told = files("hreflang = true\n");
    told.build(&["--profile", "dev"]);
    for (path, head) in [
        (
            "/fr/un/",
            "<title>Un</title><link rel=canonical href=https://a.example/fr/un/>\
             <link rel=alternate hreflang=en href=https://a.example/one/>\
             <link rel=alternate hreflang=fr href=https://a.example/fr/un/>\
             <link rel=alternate hreflang=x-default href=https://a.example/one/></head>",
        ),
        ("/two/", "<title>Two</title><link rel=canonical href=https://a.example/two/></head>"),
    ] {
        let text = told.text("a", path);
        assert!(text.contains(head), "{path}: {text}");
    }
    let sitemap = told.text("a", "/sitemap.xml");
    for entry in [
        " xmlns:xhtml=\"http://www.w3.org/1999/xhtml\">",
        "<url><loc>https://a.example/one/</loc><xhtml:link rel=\"alternate\" hreflang=\"en\" href=\"https://a.example/one/\"/>\
         <xhtml:link rel=\"alternate\" hreflang=\"fr\" href=\"https://a.example/fr/un/\"/>\
         <xhtml:link rel=\"alternate\" hreflang=\"x-default\" href=\"https://a.example/one/\"/></url>",
        "<url><loc>https://a.example/two/</loc></url>",
    ] {
        assert!(sitemap.contains(entry), "{entry} in {sitemap}");
    }
    let own = told.text("a", "/own/");
    assert_eq!(own.matches("canonical").count(), 2, "{own}");
    assert_eq!(own.matches("hreflang").count(), 3, "{own}");

    let silent = files("");
    silent.build(&["--profile", "dev"]);
    assert!(!silent.text("a", "/fr/un/").contains("canonical"));
    assert!(!silent.text("a", "/sitemap.xml").contains("xhtml"));
}

#[test]
fn a_site_without_an_address_is_told_that_nobody_hears_of_its_languages() {
    let project = Project::with(&[
        ("sites/a/config.toml", "[languages.fr]\n[sitekit.languages]\nhreflang = true\n"),
        ("sites/a/content/one.md", ""),
        ("sites/a/templates/page.html", "<title>x</title>"),
        ("sites/a/templates/index.html", "<title>x</title>"),
    ]);
    let run = project.build(&["--profile", "dev"]);
    assert!(run.stderr.contains("sites/a/config.toml:3:12") && run.stderr.contains("base_url"), "{}", run.stderr);
}

#[test]
fn mistakes_behind_the_first_are_told_in_every_language() {
    let project = Project::with(&[
        (
            "sites/a/config.toml",
            "[languages.fr]\n[translations]\nmore = \"More\"\n[languages.fr.translations]\nplus = \"Plus\"\n",
        ),
        ("sites/a/content/one.md", ""),
        ("sites/a/content/one.fr.md", ""),
        ("sites/a/templates/index.html", "<p>"),
        (
            "sites/a/templates/page.html",
            "{{ page.first }}\n{% if lang == \"fr\" %}{{ page.second }}{% endif %}\n{{ trans(key=\"mor\") }}\n{{ trans(key=\"plus\") }}\n{{<part/>}}\n",
        ),
        ("sites/a/templates/parts.html", "{% component part() %}{{ trans(key=\"nothing\") }}{% endcomponent part %}"),
    ]);
    let run = project.run(&["build", "--profile", "dev"]);
    assert_eq!(run.code, 1);
    for told in [
        "page.html:1:",
        "unknown field `first`",
        "page.html:2:",
        "unknown field `second`",
        "page.html:3:",
        "the word `mor`",
        "page.html:4:",
        "the word `plus`",
        "parts.html:1:",
        "the word `nothing`",
    ] {
        assert!(run.stderr.contains(told), "{told} in {}", run.stderr);
    }
    // The French have it.
    let plus = run.stderr.split("the word `plus`").nth(1).unwrap();
    assert!(plus.contains("while rendering /one/") && !plus[..plus.find("while").unwrap()].contains("/fr/"), "{plus}");
}

#[test]
fn dates_in_the_zones_of_the_world() {
    let project = Project::with(&[
        (
            "sites/a/templates/index.html",
            concat!(
                "<p>{{ \"2026-07-01T12:00:00Z\" | date(format=\"%Y-%m-%d %H:%M %Z\", timezone=\"Europe/Paris\") }}\n",
                "<p>{{ \"2026-01-01T12:00:00Z\" | date(format=\"%H:%M %:z\", timezone=\"America/New_York\") }}\n",
                "<p>{{ \"2026-01-01T23:30:00-05:00\" | date(timezone=\"asia/tokyo\") }}\n",
                "<p>{{ \"2026-07-01T12:00:00\" | date(format=\"%H:%M %:z\", timezone=\"Europe/Paris\") }}\n",
                "<p>{{ \"2026-07-01\" | date(format=\"%F %H:%M %:z\", timezone=\"Pacific/Auckland\") }}\n",
                "<p>{{ 1782907200 | date(length=\"short\", time=true, timezone=\"Asia/Kathmandu\") }}\n",
                "<p>{{ \"2026-07-01T12:00:00+02:00\" | date(format=\"%H:%M %:z\") }}\n",
                "<p>{{ \"2026-07-01\" is before(other=\"2026-07-01\", inclusive=true) }} {{ \"2026-07-01\" is after(other=\"2026-07-01\") }}\n",
            ),
        ),
        ("sites/a/content/_index.md", ""),
    ]);
    project.build(&["--profile", "dev"]);
    let text = project.text("a", "/").replace('\u{202f}', " ");
    let said: Vec<&str> = text.split("<p>").skip(1).map(str::trim).collect();
    let expected = [
        "2026-07-01 14:00 CEST",
        "07:00 -05:00",
        "2026-01-02",
        "12:00 +02:00",
        "2026-07-01 00:00 +12:00",
        "7/1/26, 5:45 PM",
        "12:00 +02:00",
        "true false",
    ];
    assert_eq!(said, expected);
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

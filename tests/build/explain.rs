//! `sitekit build --explain`: what templates cost, what nothing uses, and what an answer was made of.

use crate::project::{Project, manifest};

const SITE: &[(&str, &str)] = &[
    ("sites/a/config.toml", "title = \"A\"\n"),
    ("sites/a/content/_index.md", "+++\ntitle = \"Home\"\n+++\n"),
    ("sites/a/content/one.md", "+++\ntitle = \"One\"\n+++\nSee [two](@/two.md).\n"),
    ("sites/a/content/two.md", "+++\ntitle = \"Two\"\n+++\n![](/img/used.png)\n"),
    (
        "sites/a/templates/base.html",
        "<!doctype html><html lang=\"en\"><title>{% block title %}A{% endblock title %}</title><link rel=\"stylesheet\" href=\"/style.css\">\n<script type=\"module\" src=\"{{ asset(path=\"main.ts\") }}\"></script>{% block main -%}{%- endblock %}{% include \"foot.html\" %}</html>\n",
    ),
    (
        "sites/a/templates/index.html",
        "{% extends \"base.html\" %}{% block main -%} {% for page in section.pages %}{{<card page={page}/>}}{% endfor %} {%- endblock %}\n",
    ),
    (
        "sites/a/templates/page.html",
        "{% extends \"base.html\" %}{% block main %}{{ page.content | safe }}{% set two = get_page(path=\"@/two.md\") %}{{ two.title }}{% endblock %}\n",
    ),
    ("sites/a/templates/foot.html", "<footer>{% if true -%} always {%- endif %}</footer>\n"),
    (
        "sites/a/templates/parts.html",
        "{% component card(page: map) -%}\n<b>{{ page.title }}</b>\n{%- endcomponent card %}\n",
    ),
    ("sites/a/templates/forgotten.html", "{% include \"too.html\" %}\n"),
    ("sites/a/templates/too.html", "x\n"),
    ("sites/a/static/style.css", "@font-face { font-family: x; src: url(used.woff2) }\nb { font-family: x }\n"),
    ("sites/a/static/used.woff2", "font"),
    ("sites/a/static/img/used.png", "png"),
    ("sites/a/static/img/unused.png", "png"),
    ("sites/a/static/favicon.ico", "icon"),
    ("sites/a/assets/main.ts", "import { x } from \"./lib.ts\";\nconsole.log(x);\n"),
    ("sites/a/assets/lib.ts", "export const x: number = Math.random();\n"),
];

#[test]
fn templates_and_components_with_what_they_cost() {
    let project = Project::with(SITE);
    let run = project.build(&["--profile", "dev", "--explain", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let site = &json["explained"][0];
    let mut parts: Vec<String> = site["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| {
            assert!(part["own_us"].as_u64() <= part["total_us"].as_u64(), "{part}");
            format!("{} {} {}", part["name"].as_str().unwrap(), part["calls"], part["repeated"])
        })
        .collect();
    let own: Vec<u64> = site["parts"].as_array().unwrap().iter().map(|part| part["own_us"].as_u64().unwrap()).collect();
    assert!(own.is_sorted_by(|one, next| one >= next), "the expensive ones first: {own:?}");
    parts.sort();
    assert_eq!(parts, ["base.html 3 null", "card 2 0", "foot.html 3 2", "index.html 1 null", "page.html 2 null"]);
    let stages: Vec<&str> =
        site["stages"].as_array().unwrap().iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
    assert_eq!(stages, ["reading", "Markdown", "templates", "assets", "finishing"]);
    let unused: Vec<&str> = site["unused"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
    assert_eq!(
        unused,
        ["sites/a/static/img/unused.png", "sites/a/templates/forgotten.html", "sites/a/templates/too.html"]
    );
}

/// A component that speaks the language of its page, in English, French and Arabic.
const LANGUAGES: &[(&str, &str)] = &[
    (
        "sites/a/config.toml",
        "title = \"A\"\n[translations]\nby = \"by\"\n[languages.fr.translations]\nby = \"par\"\n[languages.ar.translations]\nby = \"من\"\n",
    ),
    ("sites/a/content/one.md", "+++\ntitle = \"One\"\n+++\n"),
    ("sites/a/content/one.fr.md", "+++\ntitle = \"Un\"\n+++\n"),
    ("sites/a/content/one.ar.md", "+++\ntitle = \"واحد\"\n+++\n"),
    ("sites/a/content/two.fr.md", "+++\ntitle = \"Deux\"\n+++\n"),
    ("sites/a/templates/index.html", "<p>A"),
    ("sites/a/templates/section.html", "<p>A"),
    ("sites/a/templates/parts.html", "{% component by() %}<b>{{ trans(key=\"by\") }}</b>{% endcomponent by %}\n"),
    ("sites/a/templates/page.html", "<p>{{<by/>}} {{<by/>}}\n"),
];

#[test]
fn all_languages_are_counted_together_and_each_speaks_for_itself() {
    let project = Project::with(LANGUAGES);
    let run = project.build(&["--profile", "dev", "--explain", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let parts = json["explained"][0]["parts"].as_array().unwrap();
    let calls = |name: &str| {
        let part = parts.iter().find(|part| part["name"] == name).unwrap();
        (part["calls"].as_u64().unwrap(), part["repeated"].as_u64())
    };
    // Of eight calls three said something new: by, par, من. Two pages are the same.
    assert_eq!((calls("page.html"), calls("by")), ((4, Some(1)), (8, Some(5))));
    for (path, word) in [("/one/", "by"), ("/fr/one/", "par"), ("/fr/two/", "par"), ("/ar/one/", "من")] {
        let text = project.text("a", path);
        assert_eq!(text.matches(&format!("<b>{word}</b>")).count(), 2, "{path}: {text}");
    }
    let plain = Project::with(LANGUAGES);
    plain.build(&["--profile", "dev"]);
    assert_eq!(manifest(&project.bundle("a")), manifest(&plain.bundle("a")));
}

#[test]
fn who_asks_gets_the_same_bundle() {
    let (asked, not) = (Project::with(SITE), Project::with(SITE));
    asked.build(&["--profile", "dev", "--explain"]);
    not.build(&["--profile", "dev"]);
    assert_eq!(manifest(&asked.bundle("a")), manifest(&not.bundle("a")));
}

#[test]
fn a_person_reads_tables() {
    let project = Project::with(SITE);
    let run = project.build(&["--profile", "dev", "--explain"]);
    for line in
        ["stage", "template or component  calls  own time  with what it calls", "nothing seems to use", "<card>"]
    {
        assert!(run.stdout.lines().any(|one| one.starts_with(line)), "{line} in {}", run.stdout);
    }
    assert!(run.stdout.contains("\n  sites/a/static/img/unused.png\n"), "{}", run.stdout);
}

/// The files of an answer, as `role file note`.
#[track_caller]
fn check(project: &Project, url: &str, expected: &[&str]) {
    let run = project.build(&["--profile", "dev", "--json", "--explain", url]);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let files: Vec<String> = json["explained"]["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |key: &str| one[key].as_str().unwrap().replace("sites/a/", "");
            format!("{} {} {}", text("role"), text("file"), text("note")).trim_end().to_owned()
        })
        .collect();
    assert_eq!(files, expected, "{url}");
}

#[test]
fn what_an_answer_was_made_of() {
    let project = Project::with(SITE);
    let page = [
        "content content/one.md",
        "template templates/page.html",
        "extends templates/base.html",
        "includes templates/foot.html",
        "asks for content/two.md",
        "loads static/style.css",
        "loads assets/main.ts",
        "with assets/lib.ts assets/main.ts",
        "configured by config.toml",
    ];
    check(&project, "/a/one/", &page);
    check(&project, "https://host.example/a/one?x#y", &page);
    check(&project, "/one/", &page);
    check(
        &project,
        "/a/",
        &[
            "content content/_index.md",
            "template templates/index.html",
            "extends templates/base.html",
            "includes templates/foot.html",
            "component templates/parts.html card",
            "asks for content/_index.md its 2 pages",
            "loads static/style.css",
            "loads assets/main.ts",
            "with assets/lib.ts assets/main.ts",
            "configured by config.toml",
        ],
    );
    check(&project, "/a/img/used.png", &["file static/img/used.png"]);
    let run = project.run(&["build", "--profile", "dev", "--explain", "/a/nowhere/"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.ends_with("error: --explain: the site `a` has nothing at `/nowhere/`\n"), "{}", run.stderr);
}

#[test]
fn why_an_answer_is_another() {
    let project = Project::with(SITE);
    let why = |url: &str| {
        let run = project.build(&["--profile", "dev", "--why", url]);
        run.stdout.split_once(&format!("\n/a{url}")).map(|(_, said)| format!("/a{url}{said}")).unwrap()
    };
    let mut said = why("/one/");
    said += &why("/one/");
    project.write("sites/a/content/two.md", b"+++\ntitle = \"Second\"\n+++\n![](/img/used.png)\n");
    said += &why("/one/");
    project.write("sites/a/assets/lib.ts", b"export const x: number = 2;\n");
    project.write("sites/a/templates/foot.html", b"<footer>never</footer>\n");
    said += &why("/one/");
    project.write("sites/a/content/three.md", b"+++\ntitle = \"Three\"\n+++\n");
    project.remove("sites/a/content/one.md");
    said += &why("/");
    said += &why("/three/");
    project.write("sites/a/content/three.md", b"+++\ntitle = \"Three\"\n+++\n\n");
    said += &why("/three/");
    project.write("sites/a/static/style.css", b"b { font-family: y }\n");
    said += &why("/style.css");
    insta::assert_snapshot!(said);
}

#[test]
fn a_machine_reads_why() {
    let project = Project::with(SITE);
    project.build(&["--profile", "dev"]);
    project.write("sites/a/content/two.md", b"+++\ntitle = \"Second\"\n+++\n![](/img/used.png)\n");
    let run = project.build(&["--profile", "dev", "--why", "https://example.org/a/", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let expected = serde_json::json!({
        "url": "/a/",
        "answer": "another",
        "another_program": false,
        "reasons": [
            {"role": "asks for", "file": "sites/a/content/two.md", "change": "changed", "shown_by": "sites/a/content/_index.md"}
        ],
        "besides": [],
    });
    assert_eq!(json["why"], expected);
    let run = project.run(&["build", "--why", "/a/nowhere/"]);
    assert!(run.stderr.contains("--why: the site `a` has nothing at `/nowhere/`"), "{}", run.stderr);
}

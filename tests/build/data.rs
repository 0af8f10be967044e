//! Data in templates: files in every format, looked for where authors keep them; the time, the environment and chance, which
//! give the same site as long as they are the same.

use sitekit::transform::digest::{Bits, Digest};

use crate::project::Project;

/// A site whose home page is this template.
fn site(template: &str, files: &[(&str, &str)]) -> Project {
    let all = [
        ("sites/a/content/_index.md", ""),
        ("sites/a/templates/section.html", ""),
        ("sites/a/templates/page.html", ""),
        ("sites/a/templates/index.html", template),
    ];
    Project::with(&[&all, files].concat())
}

/// What the home page says, between `<main>` and `</main>`.
#[track_caller]
fn said(project: &Project) -> String {
    let page = project.text("a", "/");
    let (_, rest) = page.split_once("<main>").unwrap();
    rest.split_once("</main>").map_or(rest, |(said, _)| said).to_owned()
}

#[track_caller]
fn check(template: &str, files: &[(&str, &str)], expected: &str) {
    let project = site(&format!("<!doctype html><title>A</title><main>{template}</main>"), files);
    project.build(&[]);
    assert_eq!(said(&project), expected, "{template}");
}

#[test]
fn every_format_is_a_value() {
    check(
        "{% set d = load_data(path='data/shop.toml') %}{% for item in d.items %}{{ item.name }}={{ item.price }};{% endfor %}{{ d.since }}",
        &[(
            "sites/a/data/shop.toml",
            "since = 2024-05-01\n[[items]]\nname = 'Bowl'\nprice = 12.5\n[[items]]\nname = 'Jar'\nprice = 30\n",
        )],
        "Bowl=12.5;Jar=30;2024-05-01",
    );
    check(
        "{% set d = load_data(path='team.json') %}{% for name, role in d %}{{ name }}:{{ role }} {% endfor %}",
        &[("sites/a/data/team.json", "{\"Zoe\": \"fires\", \"Ada\": \"throws\"}")],
        "Zoe:fires Ada:throws ",
    );
    check(
        "{% set d = load_data(path='list.yaml') %}{{ d[1].n }}",
        &[("sites/a/static/list.yaml", "- n: 1\n- n: two\n")],
        "two",
    );
    check(
        "{% set d = load_data(path='@/b/t.csv') %}{{ d.headers | join(sep='|') }} {{ d.records[0][1] }}",
        &[("sites/a/content/b/t.csv", "year,kind\n2024,ash\n"), ("sites/a/content/b/index.md", "")],
        "year|kind ash",
    );
    check(
        "{% set d = load_data(path='data/a.xml') %}{{ d.shop.item[1]['@id'] }}",
        &[("sites/a/data/a.xml", "<shop><item id='1'/><item id='2'/></shop>")],
        "2",
    );
    check(
        "{% set d = load_data(path='refs.bib') %}{{ d.bibliographies[0].tags.title }}",
        &[("sites/a/data/refs.bib", "@book{leach, title = {A Potter's Book}, year = 1940}")],
        "A Potter's Book",
    );
    check(
        "{% set d = load_data(literal='{\"n\":[1,2]}', format='json') %}{{ load_data(path='data/a.json', format='plain') }}|{{ d.n[1] }}|{{ load_data(literal='n = 1') }}",
        &[("sites/a/data/a.json", "[1]")],
        "[1]|2|n = 1",
    );
    check("{{ load_data(path='gone.toml', required=false) is none }}", &[], "true");
}

#[test]
fn a_file_is_looked_for_from_the_site_to_its_theme() {
    let theme = [
        ("sites/a/config.toml", "theme = 't'\n"),
        ("sites/a/themes/t/theme.toml", ""),
        ("sites/a/themes/t/static/x.txt", "the theme's"),
    ];
    let places = ["assets", "data", "static", "."];
    let mut files = theme.to_vec();
    let mut expected = "the theme's";
    let paths: Vec<String> = places.iter().map(|place| format!("sites/a/{place}/x.txt")).collect();
    for at in 0..=places.len() {
        check("{{ load_data(path='/x.txt') | safe }}", &files, expected);
        if let (Some(path), Some(place)) = (paths.get(at), places.get(at)) {
            files.push((path, place));
            expected = place;
        }
    }
    check("{{ load_data(path='x.txt') }}", &[("sites/a/content/x.txt", "c"), ("sites/a/data/x.txt", "d")], "c");
}

#[test]
fn digests_of_texts_and_files() {
    check(
        "{{ get_hash(literal='abc', sha_type=256, base64=false) }} {{ get_hash(path='x.txt', sha_type=256, base64=false) }}",
        &[("sites/a/static/x.txt", "abc")],
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
}

/// As themes for Zola write it, and still true of the bytes a browser gets.
#[test]
fn the_digest_of_a_script_is_that_of_what_is_built() {
    let template = "<!doctype html><title>A</title><script src=\"{{ get_url(path='js/a.js') }}\" \
                    integrity=\"sha384-{{ get_hash(path='static/js/a.js', sha_type=384, base64=true) | safe }}\"></script>\
                    <main>{{ get_hash(path='js/a.js', sha_type=256, base64=false) }}</main>";
    let project = site(template, &[("sites/a/static/js/a.js", "let answer = 40 + 2;\nconsole.log(answer);\n")]);
    project.build(&[]);
    let page = project.text("a", "/");
    let body = project.text("a", value(&page, "src").strip_prefix("/a").unwrap());
    assert_eq!(value(&page, "integrity"), format!("sha384-{}", digest(&body, Bits::Sha384)));
    assert_eq!(said(&project), digest(&body, Bits::Sha256));
}

#[test]
fn the_digest_of_what_the_build_writes_is_of_its_last_bytes() {
    let template = "<!doctype html><title>A</title><link rel=stylesheet href=\"{{ get_url(path='/syntax.css') }}\" \
                    integrity=\"sha384-{{ get_hash(path='/syntax.css') }}\">\
                    <main>{{ get_hash(path='search_index.en.js', sha_type=256, base64=false) }}</main>";
    let config = "build_search_index = true\n[markdown.highlighting]\n";
    let project =
        site(template, &[("sites/a/config.toml", config), ("sites/a/content/_index.md", "```rust\nfn\n```\n")]);
    project.build(&[]);
    let page = project.text("a", "/");
    let body = project.text("a", value(&page, "href").strip_prefix("/a").unwrap());
    assert_eq!(value(&page, "integrity"), format!("sha384-{}", digest(&body, Bits::Sha384)));
    assert_eq!(said(&project), digest(&project.text("a", "/search_index.en.js"), Bits::Sha256));
}

/// What an author promised of a file holds for what is built of it.
#[test]
fn an_integrity_of_the_source_becomes_that_of_what_is_published() {
    let script = "let answer = 40 + 2;\nconsole.log(answer);\n";
    let template = |of: &str| {
        let integrity = digest(of, Bits::Sha384);
        format!("<!doctype html><title>A</title><script src=\"js/a.js\" integrity=\"sha384-{integrity}\"></script>")
    };
    let project = site(&template(script), &[("sites/a/static/js/a.js", script)]);
    project.build(&[]);
    let page = project.text("a", "/");
    let body = project.text("a", value(&page, "src").strip_prefix("/a").unwrap());
    assert_eq!(value(&page, "integrity"), format!("sha384-{}", digest(&body, Bits::Sha384)));
    let project = site(&template("another"), &[("sites/a/static/js/a.js", script)]);
    let output = project.command(&["build"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}

/// An attribute of the page's first tag that has it.
fn value(page: &str, name: &str) -> String {
    let (_, rest) = page.split_once(&format!("{name}=")).unwrap();
    rest.trim_start_matches('"').split(['"', ' ', '>']).next().unwrap().to_owned()
}

/// In base 64 as `integrity` has it, or in hexadecimal digits.
fn digest(text: &str, bits: Bits) -> String {
    Digest { bits, base64: bits == Bits::Sha384 }.of(text.as_bytes())
}

#[test]
fn the_time_is_an_input() {
    let project = site(
        "<!doctype html><title>A</title><main>{{ now() | date(format='%Y') }} {{ now() }} {{ now(timestamp=true) }}</main>",
        &[],
    );
    let build = |epoch: &str| {
        let output = project.command(&["build"]).env("SOURCE_DATE_EPOCH", epoch).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(build("1767323045").0, 0);
    assert_eq!(said(&project), "2026 2026-01-02T03:04:05Z 1767323045");
    let (code, stderr) = build("tomorrow");
    assert!(code == 2 && stderr.contains("SOURCE_DATE_EPOCH takes seconds since 1970"), "{code} {stderr}");

    let output = project.command(&["build"]).env_remove("SOURCE_DATE_EPOCH").output().unwrap();
    assert!(output.status.success());
    let today = said(&project);
    assert!(today.contains("T00:00:00Z"), "no finer than a day: {today}");
}

#[test]
fn a_variable_of_the_environment_is_read_where_the_site_says_so() {
    let project = site(
        "<!doctype html><title>A</title><main>{{ get_env(name='COMMIT') }} {{ get_env(name='BRANCH', default='main') }}</main>",
        &[("sites/a/config.toml", "[sitekit.data]\nenvironment = ['COMMIT', 'BRANCH']\n")],
    );
    let build = |commit: Option<&str>| {
        let mut command = project.command(&["build"]);
        command.env_remove("BRANCH").env_remove("COMMIT");
        if let Some(commit) = commit {
            command.env("COMMIT", commit);
        }
        String::from_utf8(command.output().unwrap().stderr).unwrap()
    };
    build(Some("4f2a9c8"));
    assert_eq!(said(&project), "4f2a9c8 main");
    let stderr = build(None);
    assert!(stderr.contains("`COMMIT` is not set in the environment"), "{stderr}");

    project.write("sites/a/config.toml", b"");
    let stderr = build(Some("4f2a9c8"));
    let expected = "this site may not read the environment's `COMMIT`";
    assert!(stderr.contains(expected) && stderr.contains("environment = [\"COMMIT\"]"), "{stderr}");
}

#[test]
fn chance_is_the_pages_own() {
    let template = "<!doctype html><title>A</title><main>{{ get_random(end=1000000) }} {{ get_random(end=1000000) }} \
                    {{ get_random(start=5, end=6) }} {{ [1, 2, 3, 4, 5, 6, 7, 8] | shuffle | join(sep='') }} \
                    {{ [1, 2, 3, 4, 5, 6, 7, 8] | shuffle(seed='x') | join(sep='') }}\
                    {{ [1, 2, 3, 4, 5, 6, 7, 8] | shuffle(seed='x') | join(sep='') }}</main>";
    let project = site(template, &[]);
    project.build(&[]);
    let once = said(&project);
    let words: Vec<&str> = once.split_whitespace().collect();
    assert_ne!(words[0], words[1], "{once}");
    assert_eq!(words[2], "5");
    let mut digits: Vec<char> = words[3].chars().collect();
    assert_ne!(words[3], "12345678");
    digits.sort_unstable();
    assert_eq!(digits, ['1', '2', '3', '4', '5', '6', '7', '8']);
    assert_eq!(words[4][..8], words[4][8..], "one seed, one order");
    project.remove_cache();
    project.build(&["--concurrency", "1"]);
    assert_eq!(said(&project), once);
}

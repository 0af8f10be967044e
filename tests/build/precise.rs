//! What a build renders again after an edit: the pages that show what has changed, and no other. `warm.rs` holds what comes of
//! that to builds that know of nothing.

use std::collections::BTreeMap;

use sitekit::{
    compress::Cache,
    load::MemoryWorld,
    pipeline::{Options, Profile, Progress, Report, Stage, compile, compile_and_hold},
    site::SiteName,
};

struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Stage, _: usize) {}
    fn step(&self) {}
}

/// Pages of a blog, which show each other's titles in `nav.html`, and notes, which show their neighbours', a number from a file and
/// where the first page of the blog is.
const SITE: &[(&str, &str)] = &[
    (
        "config.toml",
        "base_url = 'https://a.example'\ntitle = 'Site'\ntaxonomies = [{ name = 'tags' }]\ngenerate_feeds = true\n",
    ),
    (
        "templates/base.html",
        "<!doctype html><title>{{ config.title }}</title><link rel=stylesheet href=\"{{ asset(path='main.css') }}\"><main>{% block main %}{% endblock %}</main>",
    ),
    (
        "templates/nav.html",
        "{% set blog = get_section(path='blog/_index.md') %}{% for one in blog.pages %}<a href=\"{{ one.permalink }}\">{{ one.title }}</a>{% endfor %}",
    ),
    (
        "templates/page.html",
        "{% extends 'base.html' %}{% block main %}{% include 'nav.html' %}<h1>{{ page.title }}</h1>{{ page.content | safe }}{% endblock %}",
    ),
    (
        "templates/note.html",
        "{% extends 'base.html' %}{% block main %}{{ page.content | safe }}{% if page.lower %}{{ page.lower.title }}{% endif %}{% if page.higher %}{{ page.higher.title }}{% endif %}{% set facts = load_data(path='data/facts.toml') %}{{ facts.number }}<a href=\"{{ get_url(path='@/blog/a.md') }}\">a</a>{% endblock %}",
    ),
    (
        "templates/index.html",
        "{% extends 'base.html' %}{% block main %}{% for path in section.subsections %}{% set sub = get_section(path=path) %}{{ sub.title }} {{ sub.pages | length }}{% endfor %}{% endblock %}",
    ),
    (
        "templates/section.html",
        "{% extends 'base.html' %}{% block main %}{{ section.content | safe }}{% for one in section.pages %}{{ one.title }}{% endfor %}{% endblock %}",
    ),
    (
        "templates/taxonomy_list.html",
        "{% extends 'base.html' %}{% block main %}{% for term in terms %}{{ term.name }}{% endfor %}{% endblock %}",
    ),
    (
        "templates/taxonomy_single.html",
        "{% extends 'base.html' %}{% block main %}{% for one in term.pages %}{{ one.title }}{{ one.summary }}{% endfor %}{% endblock %}",
    ),
    ("templates/404.html", "{% extends 'base.html' %}{% block main %}Not here{% endblock %}"),
    ("data/facts.toml", "number = 1\n"),
    ("assets/main.css", "main { color: red }"),
    ("content/_index.md", "+++\ntitle = 'Home'\n+++\n"),
    ("content/blog/_index.md", "+++\ntitle = 'Blog'\nsort_by = 'date'\n+++\nAll.\n"),
    ("content/blog/a.md", "+++\ntitle = 'A'\ndate = 2026-01-01\n[taxonomies]\ntags = ['x']\n+++\nText.\n"),
    ("content/blog/b.md", "+++\ntitle = 'B'\ndate = 2026-01-02\n+++\nText.\n"),
    ("content/blog/c.md", "+++\ntitle = 'C'\ndate = 2026-01-03\n+++\n[a](@/blog/a.md)\n"),
    ("content/notes/_index.md", "+++\ntitle = 'Notes'\nsort_by = 'weight'\npage_template = 'note.html'\n+++\n"),
    ("content/notes/d.md", "+++\ntitle = 'D'\nweight = 1\n+++\nText.\n"),
    ("content/notes/e.md", "+++\ntitle = 'E'\nweight = 2\n+++\nText.\n"),
    ("content/notes/f.md", "+++\ntitle = 'F'\nweight = 3\n+++\nText.\n"),
];

/// `/`, `/blog/` with three pages, `/notes/` with three, `/tags/`, `/tags/x/` and `/404.html`.
const ALL: u64 = 12;

type Files = BTreeMap<&'static str, String>;

fn build(files: &Files, cache: &Cache) -> Report {
    build_for(Profile::Dev, files, cache)
}

fn build_for(profile: Profile, files: &Files, cache: &Cache) -> Report {
    let world = world(files);
    let (name, options) = (SiteName::parse("s").unwrap(), Options { profile });
    let (compiled, said) = compile(&world, &name, "sites/s", &options, Some(cache), &Silent);
    compiled.unwrap_or_else(|| panic!("{said:#?}")).report
}

fn world(files: &Files) -> MemoryWorld {
    let add =
        |world: MemoryWorld, (path, text): (&&str, &String)| world.with(&format!("sites/s/{path}"), text.as_str());
    files.iter().fold(MemoryWorld::new(), add)
}

/// How many pages are rendered when this has been edited.
#[track_caller]
fn check(what: &str, edit: impl Fn(&mut Files), expected: u64) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path(), Cache::DEFAULT_LIMIT).unwrap();
    let mut files: Files = SITE.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
    for _ in 0..2 {
        let first = build(&files, &cache);
        assert_eq!((first.rendered, first.recalled), (ALL, 0), "{what}");
    }
    edit(&mut files);
    let report = build(&files, &cache);
    assert_eq!(report.rendered, expected, "{what}");
    assert_eq!(report.rendered + report.recalled, report.pages, "{what}");
    let again = build(&files, &cache);
    assert_eq!((again.rendered, again.recalled), (0, report.pages), "{what}, and nothing");
}

fn replaced(path: &'static str, from: &'static str, to: &'static str) -> impl Fn(&mut Files) {
    move |files| {
        let text = files.get_mut(path).unwrap();
        assert!(text.contains(from), "{path} has no {from}");
        *text = text.replace(from, to);
    }
}

#[test]
fn only_what_shows_it_is_rendered_again() {
    check("nothing", |_| {}, 0);
    // It and its term's page, which shows summaries.
    check("a text", replaced("content/blog/a.md", "Text", "Other"), 2);
    check("a text that nothing else shows", replaced("content/blog/c.md", "[a]", "[b]"), 1);
    // It and the term's page, which could show what is beside the pages it lists.
    check("a text beside another", replaced("content/blog/b.md", "Text", "Other"), 2);
    check("a note's text", replaced("content/notes/e.md", "Text", "Other"), 1);
    check("a section's text", replaced("content/blog/_index.md", "All.", "Everything."), 1);
    // The blog's three pages and its list; the home page, which could show it.
    check("a title", replaced("content/blog/c.md", "'C'", "'See'"), 5);
    // Its term's page and the list of terms besides, which could show it.
    check("a title with a term", replaced("content/blog/a.md", "'A'", "'Ah'"), 7);
    check("a title beside one with a term", replaced("content/blog/b.md", "'B'", "'Bee'"), 7);
    // It and its neighbours, their list, the home page.
    check("a note's title", replaced("content/notes/e.md", "'E'", "'Eh'"), 5);
    check("the last note's title", replaced("content/notes/f.md", "'F'", "'Eff'"), 4);
    // What a page with another title is, and the notes, which show where it is; `c` links to it.
    check("an address", replaced("content/blog/a.md", "title", "slug = 'z'\ntitle"), 10);
    // It and its neighbour, their list, the home page.
    check(
        "a page is added",
        |files| drop(files.insert("content/notes/g.md", "+++\ntitle = 'G'\nweight = 4\n+++\n".to_owned())),
        4,
    );
    check("a page is removed", |files| drop(files.remove("content/notes/f.md")), 3);
}

#[test]
fn what_templates_are_made_of() {
    check("the base of all", replaced("templates/base.html", "<main>", "<main class=a>"), ALL);
    check("a page's", replaced("templates/page.html", "<h1>", "<h1 class=a>"), 3);
    check("one that is included", replaced("templates/nav.html", "<a ", "<a class=a "), 3);
    check("the notes'", replaced("templates/note.html", "a</a>", "b</a>"), 3);
    check("a list's", replaced("templates/section.html", "{% for", "<hr>{% for"), 2);
    check("one that nothing uses", |files| drop(files.insert("templates/more.html", "{{ page.title }}".to_owned())), 0);
    check("data", replaced("data/facts.toml", "1", "2"), 3);
    check("other data", |files| drop(files.insert("data/more.toml", "number = 1".to_owned())), 0);
    check("a file behind it", |files| drop(files.insert("static/data/facts.toml", "number = 3".to_owned())), 0);
    check("a style sheet", replaced("assets/main.css", "red", "blue"), 0);
    check("a file nobody names", |files| drop(files.insert("static/a.txt", "a".to_owned())), 0);
    check("the title of the site", replaced("config.toml", "'Site'", "'Other'"), ALL);
}

/// What may be another thing in another build is not kept.
#[test]
fn chance_is_taken_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path(), Cache::DEFAULT_LIMIT).unwrap();
    let mut files: Files = SITE.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
    replaced("templates/note.html", "{{ facts.number }}", "{{ get_random(end=9) }}")(&mut files);
    for expected in [ALL, ALL, 3] {
        assert_eq!(build(&files, &cache).rendered, expected);
    }
}

/// The first build takes no note of what it asks: mostly there is no second one.
#[test]
fn pages_are_known_from_the_second_build_on() {
    for profile in [Profile::Dev, Profile::Prod] {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path(), Cache::DEFAULT_LIMIT).unwrap();
        let files: Files = SITE.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
        for expected in [ALL, ALL, 0, 0] {
            assert_eq!(build_for(profile, &files, &cache).rendered, expected);
        }
    }
}

/// Where there is certainly a next one, the first does.
#[test]
fn pages_of_a_session_are_known_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(folder.path(), Cache::DEFAULT_LIMIT).unwrap();
    let files: Files = SITE.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
    let world = world(&files);
    let (name, options) = (SiteName::parse("s").unwrap(), Options { profile: Profile::Dev });
    for expected in [ALL, 0] {
        let rendered = compile_and_hold(&world, &name, "sites/s", &options, Some(&cache), &Silent, |compiled, _, _| {
            compiled.unwrap().report.rendered
        });
        assert_eq!(rendered, expected);
    }
}

//! What lists pages: terms, pagers, feeds, what can be found.

use super::*;

const PAGES: [(&str, &str); 4] = [
    ("content/blog/_index.md", "+++\nsort_by = 'date'\npaginate_by = 2\n+++"),
    ("content/blog/a.md", "+++\ndate = 2026-01-01\n[taxonomies]\ntags = ['Rust', 'C++']\n+++"),
    ("content/blog/b.md", "+++\ndate = 2026-03-01\n[taxonomies]\ntags = ['rust', 'rust']\n+++"),
    ("content/blog/c.md", "+++\ndate = 2026-02-01\nupdated = 2026-05-01\n[taxonomies]\ntags = ['rust']\n+++"),
];

fn site(config: &str, files: &[(&str, &str)]) -> Site {
    let files: Vec<_> =
        [("config.toml", config), ("templates/taxonomy_list.html", ""), ("templates/taxonomy_single.html", "")]
            .into_iter()
            .chain(files.iter().copied())
            .collect();
    let (site, diagnostics) = load_world(&world(&files));
    assert_eq!(diagnostics, Vec::<String>::new());
    site.unwrap()
}

/// Each term as `path name: slugs of its pages`.
#[track_caller]
fn check_terms(config: &str, files: &[(&str, &str)], expected: &[&str]) {
    let site = site(config, files);
    let term = |term: &Term| {
        let slugs: Vec<_> = term.pages.iter().map(|&id| site.page(id).slug.as_str()).collect();
        format!("{} {}: {}", term.path, term.name, slugs.join(" "))
    };
    let terms: Vec<_> = site.taxonomies.iter().flat_map(|taxonomy| &taxonomy.terms).map(term).collect();
    assert_eq!(terms, expected);
}

#[test]
fn pages_are_grouped_by_the_slugs_of_terms() {
    check_terms("taxonomies = [{ name = 'tags' }]", &PAGES, &["/tags/c/ C++: a", "/tags/rust/ Rust: b c a"]);
    check_terms(
        "taxonomy_root = '/topics/'\ntaxonomies = [{ name = 'tags' }]\n[slugify]\ntaxonomies = 'safe'",
        &PAGES,
        &["/topics/tags/C++/ C++: a", "/topics/tags/Rust/ Rust: a", "/topics/tags/rust/ rust: b c"],
    );
    check_terms(
        "taxonomies = [{ name = 'made_by' }]",
        &[
            ("content/a.md", "+++\n[taxonomies]\nmade_by = ['Ada']\n+++"),
            ("content/b.md", "+++\nrender = false\n[taxonomies]\nmade_by = ['Ada']\n+++"),
            ("content/d.md", "+++\ndate = 2026-01-01\n[taxonomies]\nmade_by = ['Ada']\n+++"),
        ],
        &["/made-by/ada/ Ada: d a"],
    );
}

#[test]
fn templates_of_taxonomies() {
    let config = "taxonomies = [{ name = 'tags' }]";
    let own =
        site(config, &[&PAGES[..], &[("templates/tags/list.html", ""), ("templates/tags/single.html", "")]].concat());
    let templates =
        |site: &Site| [site.taxonomies[0].list_template.clone(), site.taxonomies[0].single_template.clone()];
    assert_eq!(templates(&own), ["tags/list.html", "tags/single.html"]);
    assert_eq!(templates(&site(config, &PAGES)), ["taxonomy_list.html", "taxonomy_single.html"]);
    check_diagnostics(
        &[&PAGES[1..2], &[("config.toml", config)]].concat(),
        &["error templates content needs templates that are not there: `taxonomy_list.html`, `taxonomy_single.html` \
           (write them in `sites/s/templates/`: the list of a taxonomy gets `terms`, a term gets `term`, as in `{{ term.name }}`) \
           [`taxonomy_list.html` is for sites/s/config.toml] [`taxonomy_single.html` is for sites/s/config.toml]"],
    );
    check_diagnostics(
        &[&PAGES[1..2], &[("config.toml", "taxonomies = [{ name = 'tags', render = false }]")]].concat(),
        &[],
    );
}

#[test]
fn mistakes_in_taxonomies() {
    let page = |text| ("content/a.md", text);
    for (config, text, expected) in [
        (
            "taxonomies = [{ name = 'tags' }]",
            "+++\n[taxonomies]\ntag = ['x']\n+++",
            "error content/a.md:3:1 the site has no taxonomy `tag` (did you mean `tags`?)",
        ),
        (
            "",
            "+++\n[taxonomies]\nseries = ['x']\n+++",
            "error content/a.md:3:1 the site has no taxonomy `series` (add `{ name = \"series\" }` to `taxonomies` in \
             sites/s/config.toml)",
        ),
        (
            "taxonomies = [{ name = 'tags', render = false }]",
            "+++\n[taxonomies]\ntags = ['C#', 'C++']\n+++",
            "warning content/a.md:3:15 the terms `C#` and `C++` have one path, `/tags/c/`, and count as one (write one of \
             them another way, or set `slugify.taxonomies` to \"safe\")",
        ),
        (
            "taxonomies = [{ name = 'tags', render = false }]",
            "+++\n[taxonomies]\ntags = ['++']\n+++",
            "error content/a.md:3:9 nothing of the term `++` can be part of a path (give the term a letter or a digit, or \
             set `slugify.taxonomies` to \"safe\")",
        ),
        (
            "taxonomies = [{ name = 'tags', render = false }]",
            "+++\n[taxonomies]\ntags = ['']\n+++",
            "error content/a.md:3:9 a term of `taxonomies.tags` cannot be empty",
        ),
        (
            "taxonomies = [{ name = 'a b' }, { name = 'a-b' }]",
            "",
            "error config.toml:1:42 the taxonomies `a b` and `a-b` would have the same path",
        ),
        ("taxonomies = [{ name = 'a' }, { name = 'a' }]", "", "error config.toml:1:40 the taxonomy `a` is there twice"),
        ("taxonomies = [{ feed = true }]", "", "error config.toml:1:15 `taxonomies.name` is missing"),
        ("taxonomies = [{ name = '++' }]", "", "error config.toml:1:24 nothing of this name can be part of a path"),
        (
            "taxonomies = [{ name = 'a', paginate_by = 0 }]",
            "",
            "warning config.toml:1:43 `taxonomies.paginate_by` of 0 paginates nothing (write how many pages of the list \
             are to be on one page, or leave it out)",
        ),
        (
            "taxonomies = [{ name = 'a', paginate_path = '../x' }]",
            "",
            "error config.toml:1:45 `../x` cannot be part of a path: a path has no `.` or `..` segment",
        ),
    ] {
        check_diagnostics(&[("config.toml", config), page(text)], &[expected]);
    }
}

#[test]
fn an_unknown_taxonomy_is_told_once() {
    let page = "+++\n[taxonomies]\nseries = ['x']\n+++";
    let files = [("content/a.md", page), ("content/b.md", page), ("content/c.md", page)];
    let [told] = &load_world(&world(&files)).1[..] else { panic!("told more than once") };
    assert!(told.ends_with("[and in 2 more files]"), "{told}");
}

/// Each pager as `path: slugs of its pages`.
#[track_caller]
fn check_pagers(front_matter: &str, expected: &[&str]) {
    let section = format!("+++\nsort_by = 'date'\n{front_matter}\n+++");
    let site = site(
        "taxonomies = [{ name = 'tags', paginate_by = 2 }]",
        &[("content/blog/_index.md", section.as_str()), PAGES[1], PAGES[2], PAGES[3]],
    );
    let blog = site.sections.iter().position(|section| section.relative == "blog/_index.md").unwrap();
    let pagination = site.pagination(ListId::Section(SectionId(blog)));
    let pager = |pagination: &Pagination<'_>, number| {
        let slugs: Vec<_> = pagination.pages(number).map(|id| site.page(id).slug.as_str()).collect();
        format!("{}: {}", pagination.path(number).unwrap(), slugs.join(" "))
    };
    let pagers = pagination.iter().flat_map(|one| (1..=one.count()).map(|number| pager(one, number)));
    assert_eq!(pagers.collect::<Vec<_>>(), expected);
    let rust = site.pagination(ListId::Term(TermId(TaxonomyId(0), 1))).unwrap();
    assert_eq!([pager(&rust, 1), pager(&rust, 2)], ["/tags/rust/: b c", "/tags/rust/page/2/: a"]);
}

#[test]
fn lists_are_cut_into_pagers() {
    check_pagers("", &[]);
    check_pagers("paginate_by = 2", &["/blog/: b c", "/blog/page/2/: a"]);
    check_pagers("paginate_by = 2\npaginate_reversed = true", &["/blog/: a c", "/blog/page/2/: b"]);
    check_pagers("paginate_by = 2\npaginate_path = 'seite'", &["/blog/: b c", "/blog/seite/2/: a"]);
    check_pagers("paginate_by = 2\npaginate_path = ''", &["/blog/: b c", "/blog/2/: a"]);
    check_pagers("paginate_by = 3", &["/blog/: b c a"]);
    check_pagers("paginate_by = 2\nrender = false", &[]);
}

#[test]
fn an_empty_list_has_one_pager() {
    let site = site("", &[("content/_index.md", "+++\npaginate_by = 5\n+++")]);
    let pagination = site.pagination(ListId::Section(SectionId(0))).unwrap();
    assert_eq!((pagination.count(), pagination.total(), pagination.pages(1).count()), (1, 0, 0));
    assert_eq!(pagination.base_url(), "/page/");
}

/// Each feed as `path: slugs of its pages, last change`.
#[track_caller]
fn check_feeds(config: &str, files: &[(&str, &str)], expected: &[&str]) {
    let site = site(config, files);
    let feed = |feed: &Feed| {
        let listed = site.feed_pages(&feed.list);
        let slugs: Vec<_> = listed.pages.iter().map(|&id| site.page(id).slug.as_str()).collect();
        format!(
            "{}: {}, {}",
            feed.path,
            slugs.join(" "),
            listed.last_updated.map_or("never", |date| date.text.as_str())
        )
    };
    assert_eq!(site.feeds().iter().map(|(one, _)| feed(one)).collect::<Vec<_>>(), expected);
}

#[test]
fn feeds_of_a_site_its_sections_and_terms() {
    let base = "base_url = 'https://x.org'\n";
    let tags = "taxonomies = [{ name = 'tags', feed = true }]\n";
    let quiet = "taxonomies = [{ name = 'tags' }]\n";
    check_feeds(&format!("{base}{quiet}generate_feeds = true"), &PAGES, &["/atom.xml: b c a, 2026-05-01"]);
    check_feeds(
        &format!("{base}{tags}feed_filenames = ['atom.xml', 'rss.xml']\nfeed_limit = 1"),
        &PAGES,
        &[
            "/tags/c/atom.xml: a, 2026-01-01",
            "/tags/c/rss.xml: a, 2026-01-01",
            "/tags/rust/atom.xml: b, 2026-05-01",
            "/tags/rust/rss.xml: b, 2026-05-01",
        ],
    );
    let section = ("content/blog/_index.md", "+++\ngenerate_feeds = true\n+++");
    let undated = ("content/blog/d.md", "");
    let files = [section, PAGES[1], undated];
    check_feeds(&format!("{base}{quiet}"), &files, &["/blog/atom.xml: a, 2026-01-01"]);
    // The feed of all pages is at the path that the root section's would have.
    let root = ("content/_index.md", "+++\ngenerate_feeds = true\n+++");
    check_feeds(&format!("{base}generate_feeds = true"), &[root], &["/atom.xml: , never"]);
}

#[test]
fn mistakes_in_feeds_and_search() {
    for (config, expected) in [
        (
            "generate_feeds = true",
            "warning config.toml:1:18 a feed names whole addresses, and this site does not know its own: no feed is \
             written (set `base_url` in sites/s/config.toml, as in `base_url = \"https://example.com\"`)",
        ),
        (
            "base_url = 'https://x.org'\ngenerate_feeds = true\nfeed_filenames = ['atm.xml']",
            "error config.toml:3:19 there is no template `atm.xml` for this feed (did you mean `atom.xml`, which needs \
             none?)",
        ),
        (
            "base_url = 'https://x.org'\ngenerate_feeds = true\nfeed_filenames = ['updates.json']",
            "error config.toml:3:19 there is no template `updates.json` for this feed (write \
             `sites/s/templates/updates.json`, or take `atom.xml` or `rss.xml`, which need none)",
        ),
        (
            "feed_filenames = ['a/b.xml']",
            "error config.toml:1:19 `a/b.xml` cannot be the name of a file (a feed lies beside the page of what it lists: \
             its name is one like `atom.xml`)",
        ),
        ("feed_filenames = ['rss.xml', 'rss.xml']", "error config.toml:1:30 `rss.xml` is named twice"),
        (
            "default_language = 'ja'\nbuild_search_index = true",
            "error config.toml:2:22 elasticlunr has no search index for the language `ja` (Fuse.js takes any language: set \
             `index_format = \"fuse_javascript\"` in `[search]`)",
        ),
        (
            "[search]\nindex_format = 'fuse'",
            "error config.toml:2:16 `search.index_format` is one of `elasticlunr_javascript`, `elasticlunr_json`, \
             `fuse_javascript`, `fuse_json`, not `fuse`",
        ),
        (
            "taxonomy_root = '..'",
            "error config.toml:1:17 `..` cannot be a path of the site: a path has no `.` or `..` segment",
        ),
    ] {
        check_diagnostics(&[("config.toml", config)], &[expected]);
    }
}

/// The paths of all that can be found.
#[track_caller]
fn check_searched(files: &[(&str, &str)], expected: &[&str]) {
    let site = site("build_search_index = true", files);
    let found: Vec<_> = site.searched("en").into_iter().map(|one| site.searched_path(one).as_str()).collect();
    assert_eq!(found, expected);
}

#[test]
fn what_can_be_found() {
    check_searched(
        &[("content/b.md", ""), ("content/a/_index.md", ""), ("content/a/c.md", "")],
        &["/", "/a/", "/a/c/", "/b/"],
    );
    check_searched(
        &[("content/a.md", "+++\nin_search_index = false\n+++"), ("content/b.md", "+++\nrender = false\n+++")],
        &["/"],
    );
    let closed = ("content/a/_index.md", "+++\nin_search_index = false\n+++");
    check_searched(
        &[closed, ("content/a/c.md", ""), ("content/a/d/_index.md", ""), ("content/a/d/e.md", "")],
        &["/", "/a/d/", "/a/d/e/"],
    );
    // A page of a transparent section is the section above's as well, and found once.
    check_searched(
        &[("content/a/_index.md", "+++\ntransparent = true\n+++"), ("content/a/c.md", "")],
        &["/", "/a/", "/a/c/"],
    );
    check_searched(&[("content/a/_index.md", "+++\nredirect_to = '/'\n+++")], &["/"]);
}

#[test]
fn a_sitemap_lists_what_is_shown_once() {
    let config = "base_url = 'https://x.org'\ntaxonomies = [{ name = 'tags', paginate_by = 1 }]\n";
    let paths = |config: &str| {
        let site = site(config, &PAGES);
        site.sitemap().into_iter().map(|entry| entry.path.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        paths(config),
        [
            "/",
            "/blog/",
            "/blog/a/",
            "/blog/b/",
            "/blog/c/",
            "/blog/page/2/",
            "/tags/",
            "/tags/c/",
            "/tags/rust/",
            "/tags/rust/page/2/",
            "/tags/rust/page/3/",
        ]
    );
    assert_eq!(
        paths(&format!("exclude_paginated_pages_in_sitemap = 'all'\n{config}")),
        ["/", "/blog/", "/blog/a/", "/blog/b/", "/blog/c/", "/tags/", "/tags/c/", "/tags/rust/"]
    );
}

const FRENCH: &str =
    "[languages.fr]\ntaxonomies = [{ name = 'mots' }]\ngenerate_feeds = true\nbuild_search_index = true\n";

#[test]
fn other_languages_have_lists_of_their_own() {
    let config = format!(
        "base_url = 'https://x.org'\ntaxonomies = [{{ name = 'tags' }}, {{ name = 'lieux', lang = 'fr' }}]\n{FRENCH}"
    );
    let files = [
        ("content/a.md", "+++\ndate = 2026-01-01\n[taxonomies]\ntags = ['One']\n+++"),
        ("content/a.fr.md", "+++\ndate = 2026-01-01\n[taxonomies]\nmots = ['Un']\nlieux = ['Ici']\n+++"),
    ];
    check_terms(&config, &files, &["/tags/one/ One: a", "/fr/lieux/ici/ Ici: a", "/fr/mots/un/ Un: a"]);
    check_feeds(&config, &files, &["/fr/atom.xml: a, 2026-01-01"]);
    let found = site(&config, &files);
    let paths: Vec<_> = found.searched("fr").into_iter().map(|one| found.searched_path(one).as_str()).collect();
    assert_eq!(paths, ["/fr/", "/fr/a/"]);
    check_diagnostics(
        &[
            ("config.toml", format!("taxonomies = [{{ name = 'tags', lang = 'it' }}]\n{FRENCH}").as_str()),
            ("content/b.fr.md", "+++\n[taxonomies]\ntags = ['x']\n+++"),
        ],
        &[
            "error config.toml:1:39 the site is not in the language `it` (add a table `[languages.it]`, or leave `lang` out)",
            "warning config.toml:4:18 a feed names whole addresses, and this site does not know its own: no feed is written \
             (set `base_url` in sites/s/config.toml, as in `base_url = \"https://example.com\"`)",
            "error content/b.fr.md:3:1 the site has no taxonomy `tags` for the language `fr` (add `{ name = \"tags\" }` to \
             `taxonomies` in `[languages.fr]` of sites/s/config.toml)",
        ],
    );
}

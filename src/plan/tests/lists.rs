//! Routes of what lists pages.

use super::*;

const TEMPLATES: [(&str, &str); 2] = [("templates/taxonomy_list.html", ""), ("templates/taxonomy_single.html", "")];

#[track_caller]
fn check_lists(files: &[(&str, &str)], expected: &[&str]) {
    check(&[files, &TEMPLATES].concat(), expected);
}

#[test]
fn pagers_and_the_way_to_the_first() {
    let pages = [("content/b/x.md", ""), ("content/b/y.md", ""), ("content/b/z.md", "")];
    let section = ("content/b/_index.md", "+++\npaginate_by = 2\naliases = ['old']\n+++");
    check_lists(
        &[&pages[..], &[section]].concat(),
        &[
            "/ section",
            "/b/ section",
            "/b/page/1/ -> /b/",
            "/b/page/2/ pager 2",
            "/b/x/ page",
            "/b/y/ page",
            "/b/z/ page",
            "/old/ -> /b/",
            "/old/page/1/ -> /b/",
            "/old/page/2/ -> /b/page/2/",
        ],
    );
}

#[test]
fn an_alias_of_a_section_that_redirects_leads_to_the_end() {
    check(
        &[("content/a.md", ""), ("content/b/_index.md", "+++\nredirect_to = '@/a.md'\naliases = ['old']\n+++")],
        &["/ section", "/a/ page", "/b/ -> /a/", "/old/ -> /a/"],
    );
}

#[test]
fn taxonomies_terms_and_feeds() {
    let config = "base_url = 'https://x.org'\ngenerate_sitemap = false\ngenerate_feeds = true\n\
                  taxonomies = [{ name = 'tags', feed = true }, { name = 'unused' }, { name = 'quiet', render = false, feed = true }]";
    let page = "+++\ndate = 2026-01-01\n[taxonomies]\ntags = ['x']\nquiet = ['y']\n+++";
    check_lists(
        &[("config.toml", config), ("content/a.md", page)],
        &["/ section", "/a/ page", "/atom.xml feed", "/tags/ taxonomy", "/tags/x/ term", "/tags/x/atom.xml feed"],
    );
}

#[test]
fn search_indexes() {
    check(
        &[("config.toml", "build_search_index = true")],
        &["/ section", "/elasticlunr.min.js search library", "/search_index.en.js search index"],
    );
    check(
        &[("config.toml", "build_search_index = true\n[search]\nindex_format = 'fuse_json'")],
        &["/ section", "/search_index.en.json search index"],
    );
    check(
        &[("config.toml", "build_search_index = true"), ("static/elasticlunr.min.js", "")],
        &["/ section", "/elasticlunr.min.js file static/elasticlunr.min.js", "/search_index.en.js search index"],
    );
}

#[test]
fn a_sitemap_is_split_when_it_is_large() {
    let mut files = vec![("config.toml".to_owned(), "base_url = 'https://x.org'".to_owned())];
    let page = "+++\n[taxonomies]\nx = ['a']\n+++";
    let tags: Vec<String> = (0..30_000).map(|number| format!("t{number}")).collect();
    files[0].1.push_str("\ntaxonomies = [{ name = 'x' }]");
    files.push((
        "content/a.md".to_owned(),
        page.replace("'a'", &tags.iter().map(|tag| format!("'{tag}'")).collect::<Vec<_>>().join(",")),
    ));
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).chain(TEMPLATES).collect();
    let (plan, diagnostics) = plan_of(&files);
    assert_eq!(diagnostics, Vec::<String>::new());
    let at = |path: &str| plan.routes.get(&SitePath::parse(path).unwrap());
    let parts = ["/sitemap1.xml", "/sitemap2.xml"].map(|path| SitePath::parse(path).unwrap());
    assert_eq!(at("/sitemap.xml"), Some(&Origin::SitemapIndex(parts.to_vec())));
    assert_eq!(at("/sitemap1.xml"), Some(&Origin::Sitemap(0..30_000)));
    assert_eq!(at("/sitemap2.xml"), Some(&Origin::Sitemap(30_000..30_003)));
    assert_eq!(at("/sitemap3.xml"), None);
}

#[test]
fn lists_collide_with_pages() {
    let page = ("content/a.md", "+++\n[taxonomies]\ntags = ['x']\n+++");
    let config = ("config.toml", "taxonomies = [{ name = 'tags' }]");
    check_collision(
        &[&TEMPLATES[..], &[config, page, ("content/tags.md", "")]].concat(),
        "sites/s/config.toml:1:24 two sources for `/tags/`: sites/s/content/tags.md and the taxonomy `tags`",
    );
    check_collision(
        &[&TEMPLATES[..], &[config, page, ("content/tags/x.md", "")]].concat(),
        "sites/s/config.toml:1:24 two sources for `/tags/x/`: sites/s/content/tags/x.md and the term `x` of the taxonomy \
         `tags`",
    );
    check_collision(
        &[
            ("config.toml", "base_url = 'https://x.org'\ngenerate_feeds = true"),
            ("content/a.md", ""),
            ("static/atom.xml", "<a/>"),
        ],
        "sites/s/static/atom.xml two sources for `/atom.xml`: a feed that sites/s/config.toml asks for and \
         sites/s/static/atom.xml",
    );
    check_collision(
        &[
            ("content/b/_index.md", "+++\npaginate_by = 1\n+++"),
            ("content/b/x.md", ""),
            ("content/b/page/2.md", ""),
            ("content/b/y.md", ""),
        ],
        "sites/s/content/b/_index.md two sources for `/b/page/2/`: sites/s/content/b/page/2.md and page 2 of \
         sites/s/content/b/_index.md",
    );
}

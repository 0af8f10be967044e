//! What templates see of taxonomies, paginators, feeds and sitemaps.

use super::*;
use crate::load::Feed;

const CONFIG: (&str, &str) = (
    "config.toml",
    "base_url = 'https://x.org/s'\ntitle = 'A & B'\ngenerate_feeds = true\nfeed_filenames = ['atom.xml', 'rss.xml']\n\
     taxonomies = [{ name = 'tags', paginate_by = 1, feed = true }]",
);

const PAGES: [(&str, &str); 3] = [
    (
        "content/blog/_index.md",
        "+++\ntitle = 'Blog'\nsort_by = 'date'\npaginate_by = 1\ngenerate_feeds = true\n+++\nAll *posts*.",
    ),
    (
        "content/blog/a.md",
        "+++\ntitle = 'One'\ndate = 2026-01-01\nauthors = ['Ada']\n[taxonomies]\ntags = ['Rust & co', 'Web']\n+++\n[b](/blog/b/)",
    ),
    (
        "content/blog/b.md",
        "+++\ntitle = 'Two & three'\ndate = 2026-02-01T10:00:00+02:00\nupdated = 2026-03-01\n[taxonomies]\ntags = ['rust & co']\n\
         +++\n![x](p.png) <br>&nbsp;",
    ),
];

fn with(files: &[(&str, &str)]) -> Arc<Site> {
    let templates = [("templates/taxonomy_list.html", ""), ("templates/taxonomy_single.html", "")];
    site(&[&templates[..], &[CONFIG], &PAGES, files].concat())
}

#[track_caller]
fn renderer(site: &Arc<Site>) -> Renderer<'_> {
    Renderer::new(site, MarkdownFilter::default(), Arc::new(MemoryWorld::new()))
        .0
        .unwrap()
        .with_contents(&contents(site))
}

fn feed(site: &Site, path: &str) -> Feed {
    site.feeds().into_iter().map(|(feed, _)| feed).find(|feed| feed.path.as_str() == path).unwrap()
}

#[test]
fn taxonomies_and_terms() {
    let site = with(&[
        (
            "templates/taxonomy_list.html",
            "{{ taxonomy.name }} {{ current_path }}{% for term in terms %} [{{ term.name }} {{ term.slug }} {{ term.permalink }} \
             {{ term.page_count }} {{ term.pages[0].title }}]{% endfor %}",
        ),
        (
            "templates/taxonomy_single.html",
            "{{ taxonomy.paginate_by }} {{ taxonomy.feed }} {{ term.path }} {{ term.pages | length }} {{ lang }} \
             {{ current_url }} {{ paginator.current_index }}/{{ paginator.number_pagers }} \
             {% for page in paginator.pages %}{{ page.title }}{% endfor %}",
        ),
    ]);
    let renderer = renderer(&site);
    assert_eq!(
        renderer.taxonomy(TaxonomyId(0)).unwrap(),
        "tags /tags/ [Rust &amp; co rust-co /tags/rust-co/ 2 Two &amp; three] [Web web /tags/web/ 1 One]"
    );
    let rust = TermId(TaxonomyId(0), 0);
    assert_eq!(renderer.term(rust).unwrap(), "1 true /tags/rust-co/ 2 en /tags/rust-co/ 1/2 Two &amp; three");
    let second = renderer.pager(ListId::Term(rust), 2).unwrap();
    assert_eq!(second, "1 true /tags/rust-co/ 2 en /tags/rust-co/page/2/ 2/2 One");
}

#[test]
fn paginators_of_sections() {
    let template = "{{ section.title }} {{ paginator.paginate_by }} {{ paginator.base_url }} {{ paginator.first }} \
                    {{ paginator.last }} {{ paginator.previous }}|{{ paginator.next }} {{ paginator.total_pages }} \
                    {% for page in paginator.pages %}{{ page.title }}{% endfor %} {{ current_path }}";
    let site = with(&[("templates/section.html", template)]);
    let blog = ListId::Section(SectionId(1));
    let renderer = renderer(&site);
    assert_eq!(
        renderer.pager(blog, 1).unwrap(),
        "Blog 1 /blog/page/ /blog/ /blog/page/2/ |/blog/page/2/ 2 Two &amp; three /blog/"
    );
    assert_eq!(renderer.pager(blog, 2).unwrap(), "Blog 1 /blog/page/ /blog/ /blog/page/2/ /blog/| 2 One /blog/page/2/");
    assert_eq!(renderer.pager(ListId::Section(SectionId(0)), 1).unwrap(), "", "one that is not cut has no paginator");
}

#[test]
fn functions_of_taxonomies() {
    let files =
        [&[CONFIG, ("templates/taxonomy_list.html", ""), ("templates/taxonomy_single.html", "")], &PAGES[..]].concat();
    for (template, expected) in [
        ("{{ get_taxonomy_url(kind='tags', term='Rust & Co') }}", "/tags/rust-co/"),
        ("{{ get_taxonomy_url(kind='tags', name='web') }}", "/tags/web/"),
        ("{% if get_taxonomy_url(kind='tags', term='x', required=false) %}y{% else %}n{% endif %}", "n"),
        (
            "{% set tags = get_taxonomy(kind='tags') %}{% for term in tags.items %}{{ term.slug }} {% endfor %}",
            "rust-co web ",
        ),
        ("{% set tags = get_taxonomy(kind='tags') %}{{ tags.kind.name }}", "tags"),
        ("{% set tags = get_taxonomy(kind='tags') %}{{ tags.permalink }}", "/tags/"),
        ("{% if get_taxonomy(kind='x', required=false) %}y{% else %}n{% endif %}", "n"),
        ("{% set web = get_taxonomy_term(kind='tags', term='web') %}{{ web.page_count }}", "1"),
        (
            "{% for name, terms in page.taxonomies %}{{ name }}: {{ terms | join(sep=', ') }}{% endfor %}",
            "tags: rust &amp; co",
        ),
        ("{{ get_url(path='tags/web') }}", "/tags/web/"),
        ("{{ get_url(path='blog/page/2') }}", "/blog/page/2/"),
        ("{{ get_url(path='atom.xml', cachebust=true) }}", "/atom.xml"),
    ] {
        check(template, &files, expected);
    }
    for (template, expected) in [
        (
            "{{ get_taxonomy(kind='tag') }}",
            "templates/page.html:1:4 there is no taxonomy `tag` for the language `en` (did you mean `tags`?) [while rendering \
             /blog/a/ (sites/s/content/blog/a.md)]",
        ),
        (
            "{{ get_taxonomy_url(kind='tags', term='Wbe') }}",
            "templates/page.html:1:4 no page has the term `Wbe` of the taxonomy `tags` (did you mean `Web`?) [while rendering \
             /blog/a/ (sites/s/content/blog/a.md)]",
        ),
    ] {
        check_mistakes(&[&files[..], &[("templates/page.html", template)]].concat(), &[expected]);
    }
}

#[test]
fn feeds_have_whole_urls_and_text_that_is_escaped_once() {
    let own = "{{ feed_url }} {{ lang }} {{ last_updated }} {{ get_url(path='x.xsl') }} {{ get_url(path='@/blog/a.md') }}\
               {% for page in pages %}\n{{ page.permalink }} {{ page.content }}{% endfor %}\n\
               {% if term %}{{ taxonomy.name }} {{ term.permalink }}{% endif %}\
               {% if section %}{{ section.permalink }} {{ section.content }}{{ section.pages[0].permalink }}{% endif %}";
    let site = with(&[("templates/atom.xml", own)]);
    let renderer = renderer(&site);
    let render = |path: &str| renderer.feed(&feed(&site, path)).unwrap();
    let pages = "https://x.org/s/blog/b/ &lt;p&gt;&lt;img src=&quot;https://x.org/s/blog/b/p.png&quot; alt=&quot;x&quot; \
                 /&gt; &lt;br&gt;\u{a0}&lt;/p&gt;\n\n\
                 https://x.org/s/blog/a/ &lt;p&gt;&lt;a href=&quot;https://x.org/s/blog/b/&quot;&gt;b&lt;/a&gt;&lt;/p&gt;\n\n";
    let head = |url: &str| {
        format!("https://x.org/s{url} en 2026-03-01 https://x.org/s/x.xsl https://x.org/s/blog/a/\n{pages}")
    };
    assert_eq!(render("/atom.xml"), head("/atom.xml"));
    assert_eq!(
        render("/blog/atom.xml"),
        head("/blog/atom.xml")
            + "https://x.org/s/blog/ &lt;p&gt;All &lt;em&gt;posts&lt;/em&gt;.&lt;/p&gt;\nhttps://x.org/s/blog/b/"
    );
    assert_eq!(render("/tags/rust-co/atom.xml"), head("/tags/rust-co/atom.xml") + "tags https://x.org/s/tags/rust-co/");
}

#[test]
fn built_in_feeds() {
    let site = with(&[]);
    let renderer = renderer(&site);
    let render = |path: &str| renderer.feed(&feed(&site, path)).unwrap();
    insta::assert_snapshot!("atom", render("/blog/atom.xml"));
    insta::assert_snapshot!("rss", render("/tags/rust-co/rss.xml"));
}

#[test]
fn sitemaps() {
    let site = with(&[("templates/robots.txt", "Sitemap: {{ get_url(path='sitemap.xml') }}")]);
    let renderer = renderer(&site);
    let path = SitePath::parse("/sitemap1.xml").unwrap();
    assert_eq!(
        renderer.sitemap(&path, 1..3).unwrap(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n\
         <url><loc>https://x.org/s/blog/</loc></url>\n\
         <url><loc>https://x.org/s/blog/a/</loc><lastmod>2026-01-01</lastmod></url>\n</urlset>\n"
    );
    assert_eq!(
        renderer.sitemap_index(&path, std::slice::from_ref(&path)).unwrap(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n\
         <sitemap><loc>https://x.org/s/sitemap1.xml</loc></sitemap>\n</sitemapindex>\n"
    );
    let robots = renderer.template("robots.txt", &SitePath::parse("/robots.txt").unwrap()).unwrap();
    assert_eq!(robots, "Sitemap: https://x.org/s/sitemap.xml");
}

//! Templates against small sites: what they see, and what is said when they are wrong.

mod languages;
mod lists;

use super::*;
use crate::{
    load::{MemoryWorld, load},
    site::SiteName,
    transform::markdown::{self, Around},
};

fn site(files: &[(&str, &str)]) -> Arc<Site> {
    let mut world = MemoryWorld::new();
    let templates = ["templates/index.html", "templates/section.html", "templates/page.html"].map(|path| (path, ""));
    for (path, text) in templates.iter().chain(files) {
        world = world.with(&format!("sites/s/{path}"), *text);
    }
    let (site, diagnostics) = load(&world, &SiteName::parse("s").unwrap(), "sites/s");
    assert_eq!(diagnostics, []);
    Arc::new(site.unwrap())
}

fn contents(site: &Site) -> Arc<Contents> {
    let options = MarkdownOptions::default();
    let render =
        |source, body| markdown::render(&Text { source, body, templated: None }, &options, &Around::ALONE).kept(None);
    Arc::new(Contents::new(
        site.pages.iter().map(|page| render(&page.source, page.body.clone())).collect(),
        site.sections.iter().map(|section| render(&section.source, section.body.clone())).collect(),
    ))
}

/// Everything that is rendered: sections, then pages. Mistakes in place of their output.
fn render_all(site: &Arc<Site>) -> Vec<Result<String, Vec<Diagnostic>>> {
    match Renderer::new(site, MarkdownFilter::default(), Arc::new(MemoryWorld::new())) {
        (Some(renderer), diagnostics) if diagnostics.is_empty() => {
            let renderer = renderer.with_contents(&contents(site));
            (0..site.sections.len())
                .map(|id| renderer.section(SectionId(id)))
                .chain((0..site.pages.len()).map(|id| renderer.page(PageId(id))))
                .collect()
        }
        (_, diagnostics) => vec![Err(diagnostics)],
    }
}

/// The first page's output through `page.html`.
#[track_caller]
fn check(template: &str, files: &[(&str, &str)], expected: &str) {
    let files: Vec<_> = [("templates/page.html", template)].into_iter().chain(files.iter().copied()).collect();
    let site = site(&files);
    assert_eq!(render_all(&site).pop().unwrap().as_deref(), Ok(expected));
}

/// What is said of the first thing that cannot be rendered.
#[track_caller]
fn check_mistakes(files: &[(&str, &str)], expected: &[&str]) {
    let site = site(files);
    let found = render_all(&site).into_iter().find_map(Result::err).unwrap();
    let show = |diagnostic: &Diagnostic| {
        let position = diagnostic.position().map_or(String::new(), |(line, column)| format!(":{line}:{column}"));
        let help = diagnostic.help.as_ref().map_or(String::new(), |help| format!(" ({help})"));
        let trace = diagnostic.trace.iter().fold(String::new(), |steps, step| steps + " [" + step + "]");
        format!("{}{position} {}{help}{trace}", diagnostic.path.trim_start_matches("sites/s/"), diagnostic.message)
    };
    assert_eq!(found.iter().map(show).collect::<Vec<_>>(), expected);
}

#[test]
fn a_page_sees_itself() {
    let page = ("content/blog/2024-05-31-Hi.md", "+++\ntitle = 'A & B'\n[extra]\nk = { n = 1 }\n+++\n# H\n\n*x*");
    let all = [("content/blog/_index.md", ""), page];
    check("{{ page.title }} {{ page.path }} {{ page.permalink }}", &all, "A &amp; B /blog/hi/ /blog/hi/");
    check("{{ page.date }} {{ page.year }} {{ page.month }} {{ page.day }}", &all, "2024-05-31 2024 5 31");
    check("{{ page.extra.k.n }} {{ page.components[1] }} {{ page.slug }}", &all, "1 hi hi");
    check("{{ page.ancestors[1] }} {{ page.relative_path }}", &all, "blog/_index.md blog/2024-05-31-Hi.md");
    check("{{ page.toc[0].title }} {{ page.toc[0].permalink }}", &all, "H /blog/hi/#h");
    check("[{{ page.description }}{{ page.lower }}{{ page.updated }}]", &all, "[]");
    check("{{ page.word_count }} {{ page.reading_time }} {{ lang }}", &all, "2 1 en");
    check("{{ current_path }} {{ current_url }}", &all, "/blog/hi/ /blog/hi/");
    check("{{ page.content }}", &[("content/a.md", "*x*")], "<p><em>x</em></p>\n");
    check("{{ page.content | safe }}", &[("content/a.md", "*x*")], "<p><em>x</em></p>\n");
    check("{{ page.permalink }}", &[("content/7 5/a.md", "")], "/7%205/a/");
}

#[test]
fn sections_list_their_pages() {
    let site = site(&[
        ("content/_index.md", "+++\nsort_by = 'weight'\ntitle = 'Home'\n+++"),
        ("content/a.md", "+++\ntitle = 'A'\nweight = 2\n+++\nalpha"),
        ("content/b.md", "+++\ntitle = 'B'\nweight = 1\n+++\nbeta"),
        ("content/sub/_index.md", "+++\ntitle = 'Sub'\n+++"),
        (
            "templates/index.html",
            "{% for p in section.pages %}{{ p.title }}{{ p.content }}{% endfor %}{{ section.subsections[0] }}",
        ),
        (
            "templates/section.html",
            "{% set up = get_section(path=section.ancestors[0]) %}{{ up.title }}{{ up.pages | length }}",
        ),
        (
            "templates/page.html",
            "{% if page.lower %}<{{ page.lower.title }}{% endif %}{% if page.higher %}>{{ page.higher.title }}{% endif %}",
        ),
    ]);
    let out: Vec<_> = render_all(&site).into_iter().map(Result::unwrap).collect();
    assert_eq!(out, ["B<p>beta</p>\nA<p>alpha</p>\nsub/_index.md", "Home2", "<B", ">A"]);
}

#[test]
fn backlinks() {
    let list = "{% for one in page.backlinks %}[{{ one.title }} {{ one.permalink }}]{% endfor %}";
    let of_section = list.replace("page.", "section.");
    let site = site(&[
        ("content/_index.md", "+++\ntitle = 'Home'\n+++\n[a](/a/#top) [a](/a/?b)"),
        ("content/a.md", "+++\ntitle = 'A & a'\n+++\n[itself](/a/) [place](#top) [s](/s/) [out](https://x.org/s/)"),
        ("content/b.md", "[a](/a/) [a, again](/a/) [nothing](/c/)"),
        ("content/hidden.md", "+++\nrender = false\n+++\n[a](/a/)"),
        ("content/s/_index.md", "+++\nredirect_to = 'https://x.org/'\n+++\n[a](/a/)"),
        ("templates/page.html", list),
        ("templates/index.html", &of_section),
        ("templates/section.html", &of_section),
    ]);
    let out: Vec<_> = render_all(&site).into_iter().map(Result::unwrap).collect();
    assert_eq!(out, ["", "[A &amp; a /a/]", "[Home /][ /b/]", "", ""]);
}

#[test]
fn a_table_of_contents_is_printed_as_zola_does() {
    let printed = "[{&quot;children&quot;: [], &quot;id&quot;: &quot;h&quot;, &quot;level&quot;: 2, &quot;permalink&quot;: \
                   &quot;/a/#h&quot;, &quot;title&quot;: &quot;H&quot;}]";
    check("{{ page.toc }}", &[("content/a.md", "## H")], printed);
}

#[test]
fn functions() {
    let page = [("content/b/_index.md", ""), ("content/b/a.md", "+++\ntitle = 'T'\n+++")];
    for (template, expected) in [
        ("{{ get_url(path='@/b/a.md') }}", "/b/a/"),
        ("{{ get_url(path='@/b/a.md#x') }}", "/b/a/#x"),
        ("{{ get_url(path='@/b/_index.md') }}", "/b/"),
        ("{{ get_url(path='css/a b.css') }}", "/css/a%20b.css"),
        ("{{ get_url(path='/css/a%20b.css?x=1') }}", "/css/a%20b.css?x=1"),
        ("{{ get_url(path='100%.png') }}", "/100%25.png"),
        ("{{ get_url(path='/') }}", "/"),
        ("{{ get_url(path='b/a') }}", "/b/a/"),
        ("{{ get_url(path='b/a/') }}", "/b/a/"),
        ("{{ get_url(path='x', trailing_slash=true) }}", "/x/"),
        ("{{ get_url(path='https://x.org/y') }}", "https://x.org/y"),
        ("{% set p = get_page(path='b/a.md') %}{{ p.title }}", "T"),
        ("{% if get_page(path='x.md', allow_missing=true) %}y{% else %}n{% endif %}", "n"),
        ("{{ 'a *b*' | markdown(inline=true) }}", "a <em>b</em>"),
        ("{{ '[x](@/b/a.md)' | markdown }}", "<p><a href=\"/b/a/\">x</a></p>\n"),
        ("{{ '2024-05-31T18:30:00+02:00' | date(format='%d %B %Y %H:%M %:z') }}", "31 May 2024 18:30 +02:00"),
        ("{{ '2024-05-31' | date }} {{ 0 | date }}", "2024-05-31 1970-01-01"),
        ("{% if '2024-01-01' is before(other='2024-01-02') %}y{% endif %}", "y"),
        ("{{ 'a1b' | regex_replace(pattern=`[0-9]`, rep='-') }}", "a-b"),
        ("{{ 'Ä b' | slugify }} {{ 'a b' | urlencode }}", "a-b a%20b"),
        ("{{ config.title }}{{ config.base_url }}{{ config.extra | length }}", "0"),
    ] {
        check(template, &page, expected);
    }
}

#[test]
fn inheritance_components_and_themes() {
    check(
        "{% extends 'base.html' %}{% block b %}in {{ super() }}{{<hello name={page.title} />}}{% endblock %}",
        &[
            ("templates/base.html", "<{% block b %}base {% endblock %}>"),
            ("templates/parts.html", "{% component hello(name) %}hello {{ name }}{% endcomponent hello %}"),
            ("content/a.md", "+++\ntitle = 'T'\n+++"),
        ],
        "<in base hello T>",
    );
    check(
        "{% include 'part.html' %}{% include 'th/templates/part.html' %}",
        &[
            ("config.toml", "theme = 'th'"),
            ("themes/th/templates/part.html", "theme"),
            ("templates/part.html", "own "),
            ("content/a.md", ""),
        ],
        "own theme",
    );
}

#[test]
fn templates_without_a_page() {
    let site = site(&[
        ("config.toml", "base_url = 'https://x.org'"),
        ("content/a.md", "+++\ndate = 2024-05-31\n+++"),
        ("content/b.md", "+++\nrender = false\n+++"),
        ("templates/404.html", "{{ current_path }}"),
    ]);
    let renderer = Renderer::new(&site, MarkdownFilter::default(), Arc::new(MemoryWorld::new()))
        .0
        .unwrap()
        .with_contents(&contents(&site));
    let template = |name: &str| renderer.template(name, &SitePath::parse(&format!("/{name}")).unwrap()).unwrap();
    assert_eq!(template("404.html"), "/404.html");
    assert_eq!(template("robots.txt"), "User-agent: *\nDisallow:\nSitemap: https://x.org/sitemap.xml\n");
    assert_eq!(
        renderer.sitemap(&SitePath::parse("/sitemap.xml").unwrap(), 0..2).unwrap(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n\
         <url><loc>https://x.org/</loc></url>\n<url><loc>https://x.org/a/</loc><lastmod>2024-05-31</lastmod></url>\n</urlset>\n"
    );
}

#[test]
fn mistakes_seen_without_rendering_are_all_told() {
    check_mistakes(
        &[
            ("templates/a.html", "{% if %}{% component in_a() %}{% endcomponent in_a %}"),
            ("templates/b.html", "x\n{{ 1 | uper }}{{ get_ulr(path='') }}{{ 1 is strin }}"),
            ("templates/c.html", "{% extends 'basis.html' %}"),
            ("templates/d.html", "{% include \"e.htm\" %}{{<butn/>}}"),
            ("templates/e.html", "{% component button() %}{% endcomponent button %}"),
            ("templates/f.html", "{% include 'a.html' %}{{<in_a/>}}"),
            ("templates/base.html", ""),
        ],
        &[
            "templates/a.html:1:7 found `%}` but expected one of: integer, float, string, bool, ident, `-`, `not`, `<`, \
             `{`, `[` or `(`",
            "templates/b.html:2:8 unknown filter `uper` (did you mean `upper`?)",
            "templates/b.html:2:18 unknown function `get_ulr` (did you mean `get_url`?)",
            "templates/b.html:2:45 unknown test `strin` (did you mean `string`?)",
            "templates/c.html:1:12 there is no template `basis.html` (did you mean `base.html`?)",
            "templates/d.html:1:12 there is no template `e.htm` (did you mean `e.html`?)",
            "templates/d.html:1:24 unknown component `butn` (did you mean `button`?)",
        ],
    );
}

#[test]
fn circles_are_told() {
    check_mistakes(
        &[("templates/a.html", "{% extends 'b.html' %}"), ("templates/b.html", "{% extends 'a.html' %}")],
        &["templates/a.html:1:1 templates extend each other in a circle: `a.html` → `b.html` → `a.html`"],
    );
    check_mistakes(
        &[
            ("templates/a.html", "x{% include 'b.html' %}"),
            ("templates/b.html", "{% include 'c.html' %}"),
            ("templates/c.html", "{% include 'b.html' %}"),
        ],
        &["templates/b.html:1:1 templates include each other in a circle: `b.html` → `c.html` → `b.html`"],
    );
    check_mistakes(
        &[
            ("templates/a.html", "{% component x() %}{% endcomponent x %}"),
            ("templates/b.html", "{% component x() %}{% endcomponent x %}"),
        ],
        &["templates/b.html:1:1 component `x` is defined here and in sites/s/templates/a.html"],
    );
}

#[test]
fn mistakes_met_while_rendering_are_told_with_how_we_got_there() {
    check_mistakes(
        &[
            ("templates/base.html", "{% block b %}{% endblock %}\n{% include 'part.html' %}"),
            ("templates/page.html", "{% extends 'base.html' %}"),
            ("templates/part.html", "{{ page.titel }}"),
            ("content/a.md", ""),
        ],
        &["templates/part.html:1:9 unknown field `titel` (did you mean `title`?) [called from \
           sites/s/templates/base.html:2:12] [while rendering /a/ (sites/s/content/a.md)]"],
    );
    check_mistakes(
        &[("templates/page.html", "{{ pgae.title }}"), ("content/a.md", "")],
        &[
            "templates/page.html:1:4 unknown variable `pgae` (did you mean `page`? there are: config, current_path, current_url, dir, lang, page) [while rendering /a/ \
           (sites/s/content/a.md)]",
        ],
    );
    check_mistakes(
        &[("templates/page.html", "\n{{ get_url(path='@/b.md') }}"), ("content/a.md", "")],
        &["templates/page.html:2:4 there is no page or section `b.md` in `content/` (did you mean `a.md`?) [while \
           rendering /a/ (sites/s/content/a.md)]"],
    );
}

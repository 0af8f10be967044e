//! From Markdown to HTML as an author meets it: templates in content, options, highlighting, and what is said of pages by
//! their paths.

use crate::project::Project;

const TEMPLATES: &[(&str, &str)] = &[
    ("sites/a/templates/index.html", "{{ section.content | safe }}"),
    ("sites/a/templates/section.html", "{{ section.content | safe }}"),
    ("sites/a/templates/page.html", "{{ page.content | safe }}"),
];

/// The pages of a site with these files, by their routes.
#[track_caller]
fn check(files: &[(&str, &str)], pages: &[(&str, &str)]) {
    let files: Vec<_> = TEMPLATES.iter().chain(files).map(|(path, text)| (*path, *text)).collect();
    let project = Project::with(&files);
    project.build(&["--profile", "dev"]);
    for (route, expected) in pages {
        let page = project.text("a", route).replace('\n', "");
        assert_eq!(page, *expected, "{route}");
    }
}

#[test]
fn content_is_a_template_before_it_is_markdown() {
    let components = "{% component hi(name) %}Hi *{{ name }}*{% endcomponent hi %}\n\
                      {% component note() %}<aside>\n\n{{ body }}\n\n</aside>{% endcomponent note %}";
    check(
        &[
            ("sites/a/config.toml", "title = \"Site\"\n[extra]\nk = \"v\""),
            ("sites/a/templates/components.html", components),
            ("sites/a/content/_index.md", "{{ section.relative_path }} {{ config.title }}"),
            ("sites/a/content/b/_index.md", "+++\ntitle = \"B\"\n+++\n"),
            (
                "sites/a/content/b/one.md",
                "+++\ntitle = \"One\"\n[extra]\nlist = [\"x\", \"y\"]\n+++\n## {{ page.title }} {#kept}\n\n\
                 {{ <hi name=\"you\" /> }} {{ lang }} {{ config.extra.k }}\n\n\
                 {% <note> %}**bold** [b](@/b/_index.md){% </note> %}\n\n\
                 {% for item in page.extra.list %}- {{ item }}\n{% endfor %}\n",
            ),
            (
                "sites/a/content/b/two.md",
                "{% set other = get_page(path=\"b/one.md\") %}[{{ other.title }}]({{ get_url(path=\"@/b/one.md\") }}) \
                 {% set b = get_section(path=\"b/_index.md\") %}[{{ other.content }}{{ page.content }}{{ b.pages | length }}] \
                 {% raw %}{{ raw }}{% endraw %}",
            ),
        ],
        &[
            ("/", "<p>_index.md Site</p>"),
            (
                "/b/one/",
                "<h2 id=kept>One</h2><p>Hi <em>you</em> en v</p><aside><p><strong>bold</strong> <a href=/a/b/>b</a></p></aside>\
                 <ul><li>x</li><li>y</li></ul>",
            ),
            ("/b/two/", "<p><a href=/a/b/one/>One</a> [2] {{ raw }}</p>"),
        ],
    );
}

#[test]
fn a_page_knows_what_links_to_it() {
    let list = "{% for one in page.backlinks %}<a href=\"{{ one.permalink }}\">{{ one.title }}</a>{% endfor %}";
    check(
        &[
            ("sites/a/templates/page.html", list),
            ("sites/a/content/b/_index.md", "+++\ntitle = \"B\"\n+++\n[One](@/b/one.md) and [again](@/b/one.md)\n"),
            ("sites/a/content/b/one.md", "+++\ntitle = \"One\"\n+++\n[Two](@/b/two.md)\n"),
            ("sites/a/content/b/two.md", "+++\ntitle = \"Two\"\n+++\n[one](/b/one/)\n"),
        ],
        &[("/b/one/", "<a href=/a/b/>B</a><a href=/a/b/two/>Two</a>"), ("/b/two/", "<a href=/a/b/one/>One</a>")],
    );
}

#[test]
fn templating_is_switched_off_for_a_file_a_section_or_a_site() {
    let skip = "+++\nskip_content_templating = true\n+++\n";
    let keep = "+++\nskip_content_templating = false\n+++\n";
    let of = |front: &str| format!("{front}{{{{ 1 + 1 }}}}");
    check(
        &[
            ("sites/a/config.toml", "skip_content_templating = [\"themes/**\"]"),
            ("sites/a/content/on.md", &of("")),
            ("sites/a/content/off.md", &of(skip)),
            ("sites/a/content/s/_index.md", &of(skip)),
            ("sites/a/content/s/off.md", &of("")),
            ("sites/a/content/s/on.md", &of(keep)),
            ("sites/a/content/s/deep/off.md", &of("")),
            ("sites/a/content/themes/off.md", &of("")),
        ],
        &[
            ("/on/", "<p>2</p>"),
            ("/off/", "<p>{{ 1 + 1 }}</p>"),
            ("/s/", "<p>{{ 1 + 1 }}</p>"),
            ("/s/off/", "<p>{{ 1 + 1 }}</p>"),
            ("/s/on/", "<p>2</p>"),
            ("/s/deep/off/", "<p>{{ 1 + 1 }}</p>"),
            ("/themes/off/", "<p>{{ 1 + 1 }}</p>"),
        ],
    );
    check(
        &[("sites/a/config.toml", "skip_content_templating = true"), ("sites/a/content/off.md", &of(""))],
        &[("/off/", "<p>{{ 1 + 1 }}</p>")],
    );
}

#[test]
fn headings_and_summaries_have_templates_of_the_site() {
    check(
        &[
            ("sites/a/config.toml", "[markdown]\ninsert_anchor_links = \"right\""),
            ("sites/a/templates/anchor-link.html", "<a href=\"#{{ id }}\">{{ level }}{{ lang }}</a>"),
            ("sites/a/templates/summary-cutoff.html", "<i>{{ summary | striptags | length }}</i>"),
            ("sites/a/templates/page.html", "{{ page.summary }}|{{ page.content | safe }}"),
            ("sites/a/content/s/_index.md", "+++\ninsert_anchor_links = \"heading\"\n+++\n"),
            ("sites/a/content/one.md", "## A\n\nabc<!-- more -->d"),
            ("sites/a/content/s/two.md", "# B"),
        ],
        &[
            (
                "/one/",
                "<h2 id=a>A<a href=#a>2en</a></h2><p>abc<i>8</i></p>|<h2 id=a>A<a href=#a>2en</a></h2>\
                 <p>abc<span id=continue-reading></span>d</p>",
            ),
            ("/s/two/", "|<h1 id=b><a href=#b>B</a></h1>"),
        ],
    );
}

#[test]
fn code_has_the_colours_of_themes() {
    // Zola wrote it for other classes.
    let old = ("sites/a/static/giallo-dark.css", ".z-d-1{color:red}");
    let code = ("sites/a/content/one.md", "```rust,linenos,hl_lines=2\nfn a() {}\n// b\n```");
    let project = |config: &str| {
        let files = [TEMPLATES, &[("sites/a/config.toml", config), code, old]].concat();
        let project = Project::with(&files);
        project.build(&["--profile", "dev"]);
        project
    };
    let inline = project("[markdown.highlighting]\ntheme = \"github-dark\"");
    let page = inline.text("a", "/one/");
    assert!(page.contains("<span style=\"color: #ff7b72;\">fn</span>"), "{page}");
    assert!(inline.bundle("a").lookup("/giallo.css").is_none() && inline.bundle("a").lookup("/syntax.css").is_none());

    let both =
        project("[markdown.highlighting]\nlight_theme = \"github-light\"\ndark_theme = \"nord\"\nstyle = \"class\"");
    let page = both.text("a", "/one/");
    assert!(
        page.contains(
            "<span class=giallo-l><span aria-hidden=true class=giallo-ln>1</span><span class=z-keyword>fn</span>"
        ),
        "{page}"
    );
    assert!(page.contains("<span class=\"giallo-l z-l-hl z-d-hl\">"), "{page}");
    assert!(both.text("a", "/giallo-light.css").contains(".z-keyword{color:#cf222e}"));
    assert!(both.text("a", "/giallo-dark.css").contains(".z-keyword{color:#81a1c1}"));

    let theme = "[markdown.highlighting]\ntheme = \"Mine\"\nextra_themes = [\"mine.json\"]";
    let files = [TEMPLATES, &[("sites/a/config.toml", theme), code]].concat();
    let brought = Project::with(&files);
    brought.write(
        "sites/a/mine.json",
        br##"{"name": "Mine", "tokenColors": [{"scope": "keyword", "settings": {"foreground": "#123456"}}]}"##,
    );
    brought.build(&["--profile", "dev"]);
    assert!(brought.text("a", "/one/").contains("#123456"));
}

#[test]
fn pages_are_told_by_their_paths_what_renders_them_and_what_their_heads_have() {
    let head = "<!doctype html><html lang=en><head><title>t</title></head><body>";
    let page = format!("{head}{{{{ page.content | safe }}}}</body></html>");
    let post = format!("{head}<article>{{{{ page.content | safe }}}}</article></body></html>");
    let section = format!("{head}{{{{ section.content | safe }}}}</body></html>");
    let config = "[sitekit.content_aliases]\nposts = \"blog/2026\"\n\
                  [[sitekit.pages]]\npath = \"/blog/*\"\ntemplate = \"post.html\"\nstyles = \"blog.css\"\nscripts = [\"blog.ts\"]\n\
                  meta = { robots = \"noindex\", \"og:type\" = \"article\" }\n";
    let project = Project::with(&[
        ("sites/a/config.toml", config),
        ("sites/a/templates/index.html", &section),
        ("sites/a/templates/section.html", &section),
        ("sites/a/templates/page.html", &page),
        ("sites/a/templates/post.html", &post),
        ("sites/a/templates/own.html", &page),
        ("sites/a/assets/blog.css", "p { color: red }"),
        ("sites/a/assets/blog.ts", "document.title = \"b\" satisfies string;"),
        ("sites/a/content/other.md", "[first](@posts/first.md#x) {{ get_url(path=\"@posts/first.md\") }}\n"),
        ("sites/a/content/blog/_index.md", ""),
        ("sites/a/content/blog/2026/first.md", "# x\n"),
        ("sites/a/content/blog/2026/own.md", "+++\ntemplate = \"own.html\"\n+++\n# y\n"),
    ]);
    project.build(&["--profile", "dev"]);
    let other = project.text("a", "/other/");
    assert!(other.contains("<a href=/a/blog/2026/first/#x>first</a> /blog/2026/first/"), "{other}");
    assert!(!other.contains("robots"), "{other}");
    let first = project.text("a", "/blog/2026/first/");
    assert!(first.contains("<article>"), "{first}");
    for (tag, attributes) in [("meta", "name=robots content=noindex"), ("meta", "property=og:type content=article")] {
        assert!(has_tag(&first, tag, attributes), "{tag} {attributes} in {first}");
    }
    let own = project.text("a", "/blog/2026/own/");
    assert!(!own.contains("<article>") && own.contains("robots"), "{own}");
    for page in [&first, &own] {
        assert!(has_tag(page, "link", "rel=stylesheet href=/a/assets/blog."), "{page}");
        assert!(has_tag(page, "script", "type=module src=/a/assets/blog."), "{page}");
    }
}

/// Whether a page has a tag with all these attributes, in whatever order.
fn has_tag(page: &str, tag: &str, attributes: &str) -> bool {
    let tags = page.split('<').filter_map(|rest| rest.strip_prefix(tag)?.split('>').next());
    tags.into_iter().any(|found| attributes.split(' ').all(|attribute| found.contains(attribute)))
}

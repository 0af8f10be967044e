//! Sites in several languages, by Zola's rules and where they say nothing by ours.

use super::*;

const TWO: (&str, &str) = ("config.toml", "default_language = 'en'\n[languages.fr]\n[languages.it]\n");

#[test]
fn paths_begin_with_the_language() {
    let roots = ["/", "/fr/", "/it/"];
    let check = |files: &[(&str, &str)], expected: &[&str]| {
        check_paths(&[&[TWO], files].concat(), &[&roots, expected].concat());
    };
    check(&[("content/a.md", ""), ("content/a.fr.md", "")], &["/fr/a/", "/a/"]);
    check(&[("content/_index.fr.md", ""), ("content/_index.md", "")], &[]);
    check(
        &[("content/b/_index.md", ""), ("content/b/_index.fr.md", ""), ("content/b/c.it.md", "")],
        &["/b/", "/fr/b/", "/it/b/c/"],
    );
    check(&[("content/a/index.fr.md", ""), ("content/a/index.md", "")], &["/fr/a/", "/a/"]);
    check(&[("content/2024-05-31-a.fr.md", "")], &["/fr/a/"]);
    check(&[("content/a.fr.md", "+++\nslug = 'B'\n+++")], &["/fr/b/"]);
    check(&[("content/a.fr.md", "+++\npath = 'ici'\n+++")], &["/ici/"]);
    // The default language may be named.
    check(&[("content/a.en.md", ""), ("content/b/_index.en.md", "")], &["/b/", "/a/"]);
    // What is no language is a part of the name.
    check(&[("content/v1.2.md", ""), ("content/a.draft.fr.md", "")], &["/fr/a-draft/", "/v1-2/"]);
    check_paths(&[("content/a.fr.md", "")], &["/", "/a-fr/"]);
}

#[test]
fn each_language_is_a_tree_of_its_own() {
    let dated = |day: u8| format!("+++\ndate = 2024-01-0{day}\n+++");
    let by_date = "+++\nsort_by = 'date'\n+++";
    let (site, diagnostics) = load_world(&world(&[
        TWO,
        ("content/blog/_index.md", by_date),
        ("content/blog/_index.fr.md", "+++\nsort_by = 'date'\ntransparent = true\npage_template = 'section.html'\n+++"),
        ("content/blog/a.md", &dated(1)),
        ("content/blog/a.fr.md", &dated(3)),
        ("content/blog/b.md", &dated(2)),
        ("content/blog/c.fr.md", &dated(2)),
        ("content/blog/d.it.md", &dated(2)),
    ]));
    assert_eq!(diagnostics, Vec::<String>::new());
    let site = site.unwrap();
    let section = |file: &str| site.sections.iter().find(|section| section.relative == file).unwrap();
    let page = |file: &str| site.pages.iter().find(|page| page.relative == file).unwrap();
    let files = |ids: &[PageId]| ids.iter().map(|&id| site.page(id).relative.as_str()).collect::<Vec<_>>();
    let sections = |ids: &[SectionId]| ids.iter().map(|&id| site.section(id).relative.as_str()).collect::<Vec<_>>();

    assert_eq!(files(&section("blog/_index.md").pages), ["blog/b.md", "blog/a.md"]);
    assert_eq!(files(&section("blog/_index.fr.md").pages), ["blog/a.fr.md", "blog/c.fr.md"]);
    assert_eq!(files(&section("_index.fr.md").pages), ["blog/a.fr.md", "blog/c.fr.md"]);
    assert_eq!(sections(&section("_index.fr.md").subsections), ["blog/_index.fr.md"]);
    assert_eq!(sections(&page("blog/a.fr.md").ancestors), ["_index.fr.md", "blog/_index.fr.md"]);
    assert_eq!(sections(&page("blog/d.it.md").ancestors), [""; 0]);
    assert_eq!(page("blog/c.fr.md").template_name(), "section.html");

    assert_eq!(files(&page("blog/a.fr.md").translations), ["blog/a.md", "blog/a.fr.md"]);
    assert_eq!(files(&page("blog/b.md").translations), ["blog/b.md"]);
    assert_eq!(sections(&section("_index.fr.md").translations), ["_index.md", "_index.fr.md", "_index.it.md"]);
    assert_eq!(site.find("blog/_index.fr.md").map(SitePath::as_str), Some("/fr/blog/"));
    assert_eq!(site.find("blog/a.fr.md").map(SitePath::as_str), Some("/fr/blog/a/"));
}

#[test]
fn translations_have_the_same_files() {
    let (site, _) = load_world(&world(&[
        TWO,
        ("content/a/index.md", ""),
        ("content/a/index.fr.md", ""),
        ("content/a/img/x.png", ""),
        ("content/b/_index.md", ""),
        ("content/b/_index.it.md", ""),
        ("content/b/y.png", ""),
    ]));
    let site = site.unwrap();
    let pages = site.pages.iter().flat_map(|page| &page.assets);
    let all = pages.chain(site.sections.iter().flat_map(|section| &section.assets));
    let paths: Vec<_> = all.map(|asset| asset.path.as_str()).collect();
    assert_eq!(paths, ["/fr/a/img/x.png", "/a/img/x.png", "/b/y.png", "/it/b/y.png"]);
}

#[test]
fn a_draft_takes_its_translations_with_it() {
    let draft = "+++\ndraft = true\n+++";
    let b = [("content/b/_index.md", ""), ("content/b/a.md", ""), ("content/b/a.fr.md", "")];
    check_paths(&[&[TWO, ("content/b/_index.fr.md", draft)], &b[..]].concat(), &["/", "/fr/", "/it/", "/b/", "/b/a/"]);
    let drafted = [TWO, ("content/b/_index.fr.md", ""), ("content/b/_index.md", draft)];
    check_paths(&[&drafted[..], &b[1..]].concat(), &["/", "/fr/", "/it/"]);
}

#[test]
fn what_a_language_says() {
    let text = "base_url = 'https://x.org'\ndefault_language = 'de'\ntitle = 'T'\ngenerate_feeds = true\n[translations]\na = 'A'\n[languages.zh-Hant]\n\
                title = 'Z'\nfeed_filenames = ['rss.xml']\n[languages.ar]\nbuild_search_index = true\n\
                [languages.ar.translations]\na = 'B'\n[languages.ar.extra]\nk = 1\n[languages.de]\ndescription = 'D'\n";
    let (site, diagnostics) = load_world(&world(&[("config.toml", text)]));
    assert_eq!(diagnostics, Vec::<String>::new());
    let languages = site.unwrap().config.languages;
    let codes: Vec<_> = languages.iter().map(|language| language.code.as_str()).collect();
    assert_eq!(codes, ["de", "zh-Hant", "ar"]);
    let [de, zh, ar] = ["de", "zh-Hant", "ar"].map(|code| languages.get(code).unwrap());
    let said = |language: &Language| {
        let feeds = language.lists.feed_filenames.iter().map(|name| name.value.clone()).collect::<Vec<_>>().join(" ");
        let title = language.title.clone().unwrap_or_default();
        let description = language.description.clone().unwrap_or_default();
        format!(
            "{title} {description} {} {} {feeds}",
            language.lists.generate_feeds.is_some(),
            language.lists.build_search_index.is_some()
        )
    };
    assert_eq!(said(de), "T D true false atom.xml");
    assert_eq!(said(zh), "Z  false false rss.xml");
    assert_eq!(said(ar), "  false true atom.xml");
    assert_eq!((de.direction(), ar.direction()), ("ltr", "rtl"));
    assert_eq!([de, ar].map(|language| language.translations["a"].value.as_str()), ["A", "B"]);
    assert_eq!(ar.extra.get("k").unwrap().value, Value::Integer(1));
}

#[test]
fn directions() {
    for (code, expected) in [
        ("en", "ltr"),
        ("ar", "rtl"),
        ("he", "rtl"),
        ("fa-AF", "rtl"),
        ("ur", "rtl"),
        ("ckb", "rtl"),
        ("az-Arab", "rtl"),
        ("az", "ltr"),
        ("mn-Mong", "ltr"),
        ("zh_Hant", "ltr"),
    ] {
        let config = format!("default_language = '{code}'");
        let (site, diagnostics) = load_world(&world(&[("config.toml", &config)]));
        assert_eq!(diagnostics, Vec::<String>::new(), "{code}");
        assert_eq!(site.unwrap().config.languages.default_language().direction(), expected, "{code}");
    }
}

#[test]
fn mistakes_about_languages() {
    for (text, expected) in [
        (
            "default_language = 'english language'",
            "error config.toml:1:20 `english language` is not a language tag (a language is written as `fr`, `pt-BR` or \
             `zh-Hant` (BCP 47))",
        ),
        (
            "[languages.'f r']\ntitle = 'x'",
            "error config.toml:1:12 `f r` is not a language tag (a language is written as `fr`, `pt-BR` or `zh-Hant` \
             (BCP 47))",
        ),
        ("[languages]\nfr = 1", "error config.toml:2:6 `languages.fr` is a table, not an integer"),
        (
            "[languages.fr]\ntitel = 'x'",
            "warning config.toml:2:1 `languages.fr.titel` is not a key sitekit knows (did you mean `title`?)",
        ),
        (
            "[languages.fr.translations]\nx = 1",
            "error config.toml:2:5 `languages.fr.translations` is a table of strings, not an integer",
        ),
        (
            "title = 'x'\n[languages.en]\ntitle = 'y'",
            "error config.toml:3:1 `title` of the default language is written twice (it stands in line 1, too: keep one \
             of the two)",
        ),
    ] {
        check_diagnostics(&[("config.toml", text)], &[expected]);
    }
    check_diagnostics(
        &[TWO, ("content/a.fi.md", ""), ("content/b/_index.dee.md", "")],
        &[
            "error content/a.fi.md this file's name says that it is in the language `fi`, which the site does not have \
             (add a table `[languages.fi]` to the site's configuration, or rename the file)",
            "error content/b/_index.dee.md this file's name says that it is in the language `dee`, which the site does \
             not have (add a table `[languages.dee]` to the site's configuration, or rename the file)",
        ],
    );
    check_diagnostics(
        &[("content/_index.fr.md", "")],
        &[
            "error content/_index.fr.md this file's name says that it is in the language `fr`, which the site does not have \
           (add a table `[languages.fr]` to the site's configuration, or rename the file)",
        ],
    );
}

#[test]
fn messages_are_read_from_fluent_files() {
    let (site, diagnostics) = load_world(&world(&[
        ("config.toml", "theme = 'th'\n[languages.fr]\n"),
        ("i18n/en.ftl", "a = A\n"),
        ("i18n/fr/x.ftl", "a = B\n"),
        ("i18n/fr/y.ftl", "b = B\n"),
        ("i18n/notes.txt", ""),
        ("themes/th/i18n/fr.ftl", "a = C\n"),
        ("themes/th/i18n/fi.ftl", "a = D\n"),
    ]));
    assert_eq!(diagnostics, Vec::<String>::new());
    let site = site.unwrap();
    let files: Vec<_> = site.messages.iter().map(|file| format!("{} {}", file.lang, file.source.path)).collect();
    let expected = [
        "en sites/s/i18n/en.ftl",
        "fr sites/s/i18n/fr/x.ftl",
        "fr sites/s/i18n/fr/y.ftl",
        "fr sites/s/themes/th/i18n/fr.ftl",
    ];
    assert_eq!(files, expected);

    check_diagnostics(
        &[
            TWO,
            ("i18n/fr.ftl", "a = A\nb\nc = { $x ->\n  [one] C\n}\n"),
            ("i18n/fr/x.ftl", "a = B"),
            ("i18n/fi.ftl", ""),
        ],
        &[
            "warning i18n/fi.ftl nothing uses these messages: the site is not in the language `fi` (a file of messages is called \
             as its language: `i18n/fr.ftl`, or lies in its folder: `i18n/fr/blog.ftl`)",
            "error i18n/fr.ftl:2:2 this message cannot be read: expected a token starting with \"=\" (a message is written \
             `key = text`, and the lines that go on with it are indented (https://projectfluent.org/fluent/guide/))",
            "error i18n/fr.ftl:5:1 this message cannot be read: the select expression must have a default variant (a message \
             is written `key = text`, and the lines that go on with it are indented (https://projectfluent.org/fluent/guide/))",
            "error i18n/fr/x.ftl:1:1 the message `a` is written twice for the language `fr`",
        ],
    );
}

const FALLBACK: (&str, &str) = ("config.toml", "[languages.fr]\n[sitekit.languages]\nfallback = true\n");

#[test]
fn what_is_not_translated_falls_back() {
    check_paths(
        &[
            FALLBACK,
            ("content/_index.md", ""),
            ("content/a.md", "+++\naliases = ['/old/']\n+++"),
            ("content/b/_index.md", ""),
            ("content/b/c.md", ""),
            ("content/b/c.fr.md", "+++\nslug = 'le-c'\n+++"),
            ("content/b/d.fr.md", ""),
        ],
        &["/", "/fr/", "/b/", "/fr/b/", "/fr/a/", "/a/", "/fr/b/le-c/", "/b/c/", "/fr/b/d/"],
    );
    let (site, diagnostics) = load_world(&world(&[
        FALLBACK,
        ("content/a/index.md", "+++\ntitle = 'A'\naliases = ['/old/']\n+++"),
        ("content/a/x.png", ""),
    ]));
    assert_eq!(diagnostics, Vec::<String>::new());
    let site = site.unwrap();
    let shown: Vec<_> = site
        .pages
        .iter()
        .map(|page| {
            (page.path.as_str(), page.lang.as_str(), page.is_fallback, page.meta.aliases.len(), page.assets.len())
        })
        .collect();
    assert_eq!(shown, [("/fr/a/", "fr", true, 0, 1), ("/a/", "en", false, 1, 1)]);
    assert_eq!(site.pages[0].translations, [PageId(1), PageId(0)]);
    assert_eq!(site.sections[1].pages, [PageId(0)]);
    assert!(!site.sections[1].is_fallback, "nobody wrote the default language's root");
}

#[test]
fn translations_inherit_front_matter() {
    let original = "+++\ntitle = 'A'\ndate = 2024-05-31\nweight = 3\ntemplate = 'post.html'\nauthors = ['N']\n[extra]\na = 1\n\
                    b = { c = 1, d = 2 }\n+++";
    let translation = "+++\nweight = 4\n[extra]\nb = { c = 3 }\n+++";
    let load = |inherit: &str| {
        let config = format!("[languages.fr]\n[sitekit.languages]\ninherit = {inherit}\n");
        let (site, diagnostics) = load_world(&world(&[
            ("config.toml", &config),
            ("content/a.md", original),
            ("content/a.fr.md", translation),
            ("content/b.fr.md", "+++\ntitle = 'B'\n+++"),
            ("content/s/_index.md", "+++\nsort_by = 'date'\npage_template = 'post.html'\n+++"),
            ("content/s/_index.fr.md", "+++\nsort_by = 'weight'\n+++"),
            ("templates/post.html", ""),
        ]));
        assert_eq!(diagnostics, Vec::<String>::new());
        site.unwrap()
    };
    let shown = |site: &Site| {
        let page = site.pages.iter().find(|page| page.relative == "a.fr.md").unwrap();
        let meta = &page.meta;
        let date = page.date.as_ref().map(|date| date.text.clone());
        let section = site.sections.iter().find(|section| section.relative == "s/_index.fr.md").unwrap();
        let inner = section.meta.page_template.is_some();
        format!(
            "{:?} {date:?} {:?} {} {:?} {:?} {inner}",
            meta.title,
            meta.weight,
            page.template_name(),
            meta.authors,
            section.meta.sort_by
        )
    };
    assert_eq!(shown(&load("false")), "None None Some(4) page.html [] Weight false");
    let all = load("true");
    assert_eq!(shown(&all), r#"None Some("2024-05-31") Some(4) post.html ["N"] Weight true"#);
    let extra = &all.pages.iter().find(|page| page.relative == "a.fr.md").unwrap().meta.extra;
    assert_eq!(extra.get("a").unwrap().value, Value::Integer(1));
    let Value::Table(inner) = &extra.get("b").unwrap().value else { panic!("{extra:?}") };
    assert_eq!(["c", "d"].map(|key| &inner.get(key).unwrap().value), [&Value::Integer(3), &Value::Integer(2)]);
    assert_eq!(shown(&load("['title', 'date']")), r#"Some("A") Some("2024-05-31") Some(4) page.html [] Weight false"#);

    check_diagnostics(
        &[("config.toml", "[sitekit.languages]\ninherit = ['wieght', 'slug']\nfalback = true")],
        &[
            "error config.toml:2:12 `wieght` is no key of front matter that a translation can inherit (did you mean \
             `weight`?)",
            "error config.toml:2:22 `slug` is no key of front matter that a translation can inherit (these can be: authors, \
             date, draft, extra, generate_feeds, in_search_index, insert_anchor_links, page_template, paginate_by, \
             paginate_path, paginate_reversed, render, sort_by, taxonomies, template, transparent, updated, weight, \
             description, title)",
            "error config.toml:3:1 `sitekit.languages.falback` is not a key sitekit knows (did you mean `fallback`?)",
        ],
    );
}

#[test]
fn titles_are_sorted_as_their_language_sorts_them() {
    let order = |settings: &str| {
        let config = format!("default_language = 'sv'\n[languages.de]\n{settings}");
        let page = |title: &str| format!("+++\ntitle = '{title}'\n+++");
        let (z, a) = (page("z"), page("ä"));
        let section = "+++\nsort_by = 'title'\n+++";
        let (site, _) = load_world(&world(&[
            ("config.toml", &config),
            ("content/_index.md", section),
            ("content/_index.de.md", section),
            ("content/1.md", &a),
            ("content/2.md", &z),
            ("content/1.de.md", &a),
            ("content/2.de.md", &z),
        ]));
        let site = site.unwrap();
        let pages = site.sections.iter().flat_map(|section| &section.pages);
        pages.map(|&id| site.page(id).meta.title.clone().unwrap()).collect::<String>()
    };
    assert_eq!(order(""), "äzäz");
    assert_eq!(order("[sitekit.languages]\ncollate = true"), "zääz");
}

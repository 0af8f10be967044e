//! What lists pages, through the binary: taxonomies, pagers, feeds, the sitemap, search indexes. What others read is read here
//! as they do: XML by a parser, an index by the library it is for.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use quick_xml::{Reader, events::Event};

use crate::project::{Project, body, manifest};

const JOURNAL: &[(&str, &str)] = &[
    (
        "sites/journal/config.toml",
        "base_url = \"https://journal.example/\"\ntitle = \"Tides & kilns\"\ndescription = \"Of <both>.\"\nauthor = \"The \
         pottery\"\ngenerate_feeds = true\nfeed_filenames = [\"atom.xml\", \"rss.xml\"]\nfeed_limit = 3\nbuild_search_index = \
         true\ntaxonomies = [\n  { name = \"tags\", paginate_by = 2, feed = true },\n  { name = \"people\" },\n]\n\n[search]\n\
         include_path = true\ninclude_date = true\n",
    ),
    ("sites/journal/content/_index.md", "+++\ntitle = \"Home\"\n+++\nWelcome.\n"),
    (
        "sites/journal/content/notes/_index.md",
        "+++\ntitle = \"Notes\"\nsort_by = \"date\"\npaginate_by = 2\naliases = [\"blog\"]\ngenerate_feeds = true\n+++\n",
    ),
    (
        "sites/journal/content/notes/first.md",
        "+++\ntitle = \"First\"\ndate = 2026-01-02\nauthors = [\"Ada\", \"Grace\"]\n[taxonomies]\ntags = [\"Salt glaze\", \
         \"Kilns\"]\npeople = [\"Ada\"]\n+++\nFiring *jars* in the [second](@/notes/second.md) kiln.\n\n```rust\nfn hidden() {}\n```\n",
    ),
    (
        "sites/journal/content/notes/second.md",
        "+++\ntitle = \"Second & more\"\ndescription = \"What \\\"more\\\" is\"\ndate = 2026-02-03T08:30:00+01:00\nupdated = \
         2026-06-01\n[taxonomies]\ntags = [\"salt glaze\"]\n+++\nIn short.<!-- more -->\n\nAnd <b>long</b>.\n",
    ),
    (
        "sites/journal/content/notes/third/index.md",
        "+++\ntitle = \"Third\"\ndate = 2026-03-04\n[taxonomies]\ntags = [\"Salt glaze\"]\n+++\n![A jar](jar.png)\n",
    ),
    ("sites/journal/content/notes/third/jar.png", "png"),
    (
        "sites/journal/content/notes/fourth.md",
        "+++\ntitle = \"Fourth\"\ndate = 2025-12-31\nin_search_index = false\n+++\nOld.\n",
    ),
    ("sites/journal/content/about.md", "+++\ntitle = \"About\"\n+++\nNo date.\n"),
    (
        "sites/journal/templates/base.html",
        "<!doctype html>\n<html lang=\"{{ lang }}\"><head><title>{% block title %}{{ config.title }}{% endblock %}</title>\
         <script src=\"{{ get_url(path='elasticlunr.min.js') }}\"></script></head><body>{% block main %}{% endblock \
         %}</body></html>\n",
    ),
    (
        "sites/journal/templates/index.html",
        "{% extends \"base.html\" %}{% block main %}{% set tags = get_taxonomy(kind=\"tags\") %}{% for term in tags.items %}<a href=\"{{ \
         term.permalink }}\">{{ term.name }} ({{ term.page_count }})</a>{% endfor %}{% endblock %}\n",
    ),
    (
        "sites/journal/templates/section.html",
        "{% extends \"base.html\" %}{% block main %}<ol>{% for page in paginator.pages %}<li><a href=\"{{ page.permalink \
         }}\">{{ page.title }}</a></li>{% endfor %}</ol>{% if paginator.previous %}<a href=\"{{ paginator.previous }}\">newer</a>\
         {% endif %}{% if paginator.next %}<a href=\"{{ paginator.next }}\">older</a>{% endif %}{% endblock %}\n",
    ),
    (
        "sites/journal/templates/page.html",
        "{% extends \"base.html\" %}{% block title %}{{ page.title }}{% endblock %}{% block main %}{{ page.content }}{% for name \
         in page.taxonomies.tags | default(value=[]) %}<a href=\"{{ get_taxonomy_url(kind='tags', term=name) }}\">{{ name \
         }}</a>{% endfor %}{% endblock %}\n",
    ),
    (
        "sites/journal/templates/taxonomy_list.html",
        "{% extends \"base.html\" %}{% block main %}<h1>{{ taxonomy.name }}</h1>{% for term in terms %}<a href=\"{{ \
         term.permalink }}\">{{ term.name }}</a>{% endfor %}{% endblock %}\n",
    ),
    (
        "sites/journal/templates/taxonomy_single.html",
        "{% extends \"base.html\" %}{% block main %}<h1>{{ term.name }}</h1>{% for page in term.pages %}<a href=\"{{ \
         page.permalink }}\">{{ page.title }}</a>{% endfor %}{% endblock %}\n",
    ),
    (
        "sites/journal/templates/tags/single.html",
        "{% extends \"taxonomy_single.html\" %}{% block title %}{{ term.name }} {{ paginator.current_index }}{% endblock %}\n",
    ),
];

#[test]
fn a_journal_with_tags_pagers_feeds_and_search() {
    let project = Project::with(JOURNAL);
    project.build(&[]);
    let bundle = project.bundle("journal");
    insta::assert_snapshot!("journal", manifest(&bundle));
    for (name, route) in [
        ("journal_index", "/"),
        ("journal_notes", "/notes/"),
        ("journal_notes_2", "/notes/page/2/"),
        ("journal_tags", "/tags/"),
        ("journal_tag", "/tags/salt-glaze/"),
        ("journal_people", "/people/ada/"),
        ("journal_atom", "/atom.xml"),
        ("journal_rss", "/tags/salt-glaze/rss.xml"),
        ("journal_sitemap", "/sitemap.xml"),
    ] {
        insta::assert_snapshot!(name, body(&bundle, route));
    }
}

#[test]
fn an_edit_moves_a_page_between_lists() {
    let project = Project::with(JOURNAL);
    project.build(&[]);
    let before = project.bundle("journal");
    project.write(
        "sites/journal/content/notes/first.md",
        b"+++\ntitle = \"First\"\ndate = 2026-05-02\n[taxonomies]\ntags = [\"Ash\"]\n+++\nFiring.\n",
    );
    project.build(&[]);
    let bundle = project.bundle("journal");
    let routes: Vec<&str> = bundle.routes().map(|(path, _)| path).collect();
    for (route, is_there) in [
        ("/tags/kilns/", false),
        ("/tags/ash/", true),
        ("/tags/ash/atom.xml", true),
        ("/tags/salt-glaze/page/2/", false),
        ("/people/", false),
    ] {
        assert_eq!(routes.contains(&route), is_there, "{route}");
    }
    for (path, text) in JOURNAL {
        project.write(path, text.as_bytes());
    }
    project.build(&[]);
    assert_eq!(project.bundle("journal").generation(), before.generation());
}

/// What stands in a feed or sitemap: elements from the root down, with their text.
fn elements(xml: &str) -> Vec<(String, String)> {
    let mut reader = Reader::from_str(xml);
    let (mut open, mut found): (Vec<String>, Vec<(String, String)>) = Default::default();
    let mut text = String::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                open.push(start.name().as_ref().to_owned());
                text.clear();
            }
            Event::Empty(empty) => {
                let href = empty.attributes().map(Result::unwrap).find(|one| one.key.as_ref() == "href");
                let name = format!("{}/{}", open.join("/"), empty.name().as_ref());
                found.push((name, href.map(|one| one.value.to_string()).unwrap_or_default()));
            }
            Event::Text(part) => text.push_str(&part),
            Event::GeneralRef(part) => {
                let resolved = match &*part {
                    "amp" => "&",
                    "lt" => "<",
                    "gt" => ">",
                    "quot" => "\"",
                    "apos" | "#x27" | "#39" => "'",
                    other => panic!("&{other}; is no reference of XML's"),
                };
                text.push_str(resolved);
            }
            Event::End(end) => {
                found.push((open.join("/"), std::mem::take(&mut text)));
                assert_eq!(open.pop().as_deref(), Some(end.name().as_ref()));
            }
            Event::Eof => {
                assert!(open.is_empty(), "{open:?}");
                return found;
            }
            Event::Decl(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn feeds_are_what_their_formats_demand() {
    let project = Project::with(JOURNAL);
    project.build(&[]);
    let bundle = project.bundle("journal");
    let routes: Vec<String> = bundle.routes().map(|(path, _)| path.to_owned()).collect();
    let feeds = |name: &str| routes.iter().filter(|route| route.ends_with(name)).cloned().collect::<Vec<_>>();
    let lists = ["/", "/notes/", "/tags/kilns/", "/tags/salt-glaze/"];
    assert_eq!(feeds("/atom.xml"), lists.map(|list| format!("{list}atom.xml")));
    for route in feeds("/atom.xml") {
        let elements = elements(&body(&bundle, &route));
        let of = |path: &str| {
            elements.iter().filter(|(name, _)| name == path).map(|(_, text)| text.as_str()).collect::<Vec<_>>()
        };
        let entries = of("feed/entry").len();
        assert!((1..=3).contains(&entries));
        // RFC 4287 §4.1.1 and §4.1.2: exactly one of each.
        for one in ["feed/id", "feed/title", "feed/updated"] {
            assert_eq!(of(one).len(), 1, "{one} in {route}");
        }
        for one in ["feed/entry/id", "feed/entry/title", "feed/entry/updated"] {
            assert_eq!(of(one).len(), entries, "{one} in {route}");
        }
        assert!(of("feed/entry/author/name").len() >= entries);
        assert_eq!(of("feed/link")[0], format!("https://journal.example{route}"));
        for date in [of("feed/updated"), of("feed/entry/updated"), of("feed/entry/published")].concat() {
            assert!(date.parse::<jiff::Timestamp>().is_ok(), "{date}");
        }
        for id in of("feed/entry/id") {
            assert!(id.starts_with("https://journal.example/notes/"), "{id}");
        }
    }
    let atom = elements(&body(&bundle, "/atom.xml"));
    let text = |element: &str| atom.iter().find(|(name, _)| name == element).map(|(_, text)| &**text);
    let jar = "<p><img src=\"https://journal.example/notes/third/jar.png\" alt=\"A jar\" /></p>\n";
    assert_eq!(text("feed/entry/content"), Some(jar));
    assert_eq!(text("feed/entry/summary"), Some("<p>In short.&hellip;</p>\n"));
    for route in feeds("/rss.xml") {
        let elements = elements(&body(&bundle, &route));
        let of = |path: &str| {
            elements.iter().filter(|(name, _)| name == path).map(|(_, text)| text.as_str()).collect::<Vec<_>>()
        };
        for one in ["rss/channel/title", "rss/channel/link", "rss/channel/description"] {
            assert_eq!(of(one).len(), 1, "{one} in {route}");
        }
        assert_eq!(of("rss/channel/item/guid"), of("rss/channel/item/link"));
        for date in [of("rss/channel/lastBuildDate"), of("rss/channel/item/pubDate")].concat() {
            assert!(jiff::fmt::rfc2822::parse(date).is_ok(), "{date}");
        }
    }
}

#[test]
fn what_a_feed_cannot_hold_is_left_out() {
    let project = Project::with(JOURNAL);
    project.write(
        "sites/journal/content/notes/first.md",
        "+++\ntitle = \"\\u0008First\"\ndate = 2026-05-02\n+++\na\u{b}b\n".as_bytes(),
    );
    project.build(&[]);
    let atom = elements(&project.text("journal", "/atom.xml"));
    assert!(atom.iter().any(|(name, text)| name == "feed/entry/title" && text == "First"));
}

#[test]
fn a_large_sitemap_is_split() {
    let project = Project::with(JOURNAL);
    let tags: Vec<String> = (0..30_000).map(|number| format!("\"t{number}\"")).collect();
    let page = format!("+++\ntitle = \"Many\"\n[taxonomies]\npeople = [{}]\n+++\n", tags.join(","));
    project.write("sites/journal/content/many.md", page.as_bytes());
    project.write("sites/journal/templates/taxonomy_single.html", b"<!doctype html><title>{{ term.name }}</title>");
    project.write("sites/journal/templates/tags/single.html", b"<!doctype html><title>{{ term.name }}</title>");
    project.build(&[]);
    let bundle = project.bundle("journal");
    let locations = |route: &str| {
        let elements = elements(&body(&bundle, route));
        elements.into_iter().filter(|(name, _)| name.ends_with("/loc")).map(|(_, text)| text).collect::<Vec<_>>()
    };
    let parts = ["sitemap1.xml", "sitemap2.xml"];
    assert_eq!(locations("/sitemap.xml"), parts.map(|part| format!("https://journal.example/{part}")));
    let (first, second) = (locations("/sitemap1.xml"), locations("/sitemap2.xml"));
    assert_eq!(first.len(), 30_000);
    let mut all = [first, second].concat();
    let pages = bundle.routes().filter(|(path, id)| path.ends_with('/') && bundle.entry(*id).status() == 200);
    let mut pages: Vec<_> = pages.map(|(path, _)| format!("https://journal.example{path}")).collect();
    all.sort();
    pages.sort();
    assert_eq!(all, pages);
}

/// What `script` prints.
#[track_caller]
fn node(script: &str) -> String {
    let mut node = Command::new("node")
        .args(["--input-type=commonjs", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is installed");
    node.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn elasticlunr_reads_its_index() {
    let project = Project::with(JOURNAL);
    project.build(&[]);
    let (library, index) =
        (project.text("journal", "/elasticlunr.min.js"), project.text("journal", "/search_index.en.js"));
    let find = |words: &str| {
        node(&format!(
            "const vm = require('node:vm');\nconst page = vm.createContext({{ console }});\npage.window = page;\n\
             vm.runInContext({library:?}, page);\nvm.runInContext({index:?}, page);\n\
             const index = page.elasticlunr.Index.load(page.searchIndex);\n\
             const found = index.search({words:?}, {{ bool: 'AND' }}).map(hit => hit.doc);\n\
             console.log(found.map(page => `${{page.id}} ${{page.title}} ${{page.date}}`).join('; '));"
        ))
    };
    assert_eq!(find("fired jar"), "/journal/notes/first/ First 2026-01-02");
    assert_eq!(find("date"), "/journal/about/ About");
    assert_eq!(find("hidden"), "", "code is not indexed");
    assert_eq!(find("fourth"), "", "it said no");
}

#[test]
fn fuse_reads_its_index() {
    let project = Project::with(JOURNAL);
    project.write(
        "sites/journal/config.toml",
        b"build_search_index = true\ntaxonomies = [{ name = \"tags\" }, { name = \"people\" }]\n[search]\nindex_format = \
          \"fuse_json\"\ntruncate_content_length = 12\n",
    );
    project.write(
        "sites/journal/templates/base.html",
        b"<!doctype html><title>{% block title %}{% endblock %}</title>{% block main %}{% endblock %}",
    );
    project.write("sites/journal/templates/tags/single.html", b"<!doctype html><title>{{ term.name }}</title>");
    project.build(&[]);
    let index: serde_json::Value = serde_json::from_str(&project.text("journal", "/search_index.en.json")).unwrap();
    let urls: Vec<_> = index.as_array().unwrap().iter().map(|one| one["url"].as_str().unwrap()).collect();
    assert_eq!(
        urls,
        [
            "/journal/",
            "/journal/about/",
            "/journal/notes/",
            "/journal/notes/first/",
            "/journal/notes/second/",
            "/journal/notes/third/"
        ]
    );
    assert_eq!(
        index[3],
        serde_json::json!({ "url": "/journal/notes/first/", "title": "First", "body": "Firing jars " })
    );
    assert!(project.bundle("journal").lookup("/elasticlunr.min.js").is_none());
}

#[test]
fn another_language_has_lists_of_its_own() {
    let template = "<!doctype html><title>{{ lang }}</title>{% set tags = get_taxonomy(kind='tags') %}{% for tag in tags.items %}\
                    {{ tag.permalink }} {% endfor %}{{ config.taxonomies | length }} {{ config.search.index_format }}";
    let project = Project::with(&[
        (
            "sites/n/config.toml",
            "base_url = \"https://n.example\"\ntitle = \"Notes\"\ngenerate_feeds = true\nbuild_search_index = true\n\
             taxonomies = [{ name = \"tags\" }, { name = \"tags\", lang = \"fr\", feed = true }]\n\
             [languages.fr]\ntitle = \"Carnet\"\ngenerate_feeds = true\nbuild_search_index = true\n",
        ),
        (
            "sites/n/content/a.md",
            "+++\ntitle = \"One\"\ndate = 2026-01-01\n[taxonomies]\ntags = [\"Kilns\"]\n+++\nText.\n",
        ),
        (
            "sites/n/content/a.fr.md",
            "+++\ntitle = \"Un\"\ndate = 2026-01-02\n[taxonomies]\ntags = [\"Fours\"]\n+++\nTexte.\n",
        ),
        ("sites/n/templates/index.html", template),
        ("sites/n/templates/page.html", "<!doctype html><title>{{ page.title }}</title>"),
        ("sites/n/templates/taxonomy_list.html", "<!doctype html><title>{{ lang }}</title>"),
        ("sites/n/templates/taxonomy_single.html", "<!doctype html><title>{{ lang }}</title>"),
    ]);
    project.build(&[]);
    assert!(project.text("n", "/").ends_with("/tags/kilns/ 2 elasticlunr_javascript"));
    assert!(project.text("n", "/fr/").ends_with("/fr/tags/fours/ 0 elasticlunr_javascript"));
    let titles = |feed: &str| {
        let elements = elements(&project.text("n", feed));
        elements.into_iter().filter(|(name, _)| name.ends_with("/title")).map(|(_, text)| text).collect::<Vec<_>>()
    };
    assert_eq!(titles("/atom.xml"), ["Notes", "One"]);
    assert_eq!(titles("/fr/atom.xml"), ["Carnet", "Un"]);
    assert_eq!(titles("/fr/tags/fours/atom.xml"), ["Carnet - Fours", "Un"]);
    assert!(project.text("n", "/search_index.fr.js").contains("\"/n/fr/a/\""));
    assert!(!project.text("n", "/search_index.en.js").contains("\"/n/fr/a/\""));
}

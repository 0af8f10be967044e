//! Zola's conventions, one small site each.

mod languages;
mod lists;

use super::*;

/// A world with these files in `sites/s`, and templates for everything unless the case brings its own.
fn world(files: &[(&str, &str)]) -> MemoryWorld {
    let mut world = MemoryWorld::new();
    let templates = ["templates/index.html", "templates/section.html", "templates/page.html"].map(|path| (path, ""));
    for (path, text) in templates.iter().chain(files) {
        world = world.with(&format!("sites/s/{path}"), *text);
    }
    world
}

fn load_world(world: &MemoryWorld) -> (Option<Site>, Vec<String>) {
    let (site, diagnostics) = load(world, &SiteName::parse("s").unwrap(), "sites/s");
    (site, diagnostics.iter().map(show).collect())
}

/// `error content/a.md:2:1 message (help)`.
fn show(diagnostic: &Diagnostic) -> String {
    let severity = format!("{:?}", diagnostic.severity).to_lowercase();
    let path = diagnostic.path.trim_start_matches("sites/s/");
    let position = diagnostic.position().map_or(String::new(), |(line, column)| format!(":{line}:{column}"));
    let help = diagnostic.help.as_ref().map_or(String::new(), |help| format!(" ({help})"));
    let trace = diagnostic.trace.iter().fold(String::new(), |steps, step| steps + " [" + step + "]");
    format!("{severity} {path}{position} {}{help}{trace}", diagnostic.message)
}

/// The paths of all pages and sections of a site without mistakes.
#[track_caller]
fn check_paths(files: &[(&str, &str)], expected: &[&str]) {
    let (site, diagnostics) = load_world(&world(files));
    assert_eq!(diagnostics, Vec::<String>::new());
    let site = site.unwrap();
    let sections = site.sections.iter().map(|section| &section.path);
    let paths: Vec<_> = sections.chain(site.pages.iter().map(|page| &page.path)).map(SitePath::as_str).collect();
    assert_eq!(paths, expected);
}

#[track_caller]
fn check_diagnostics(files: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(load_world(&world(files)).1, expected);
}

#[test]
fn paths_of_pages_and_sections() {
    check_paths(&[("content/a.md", "")], &["/", "/a/"]);
    check_paths(&[("content/_index.md", ""), ("content/About us.md", "")], &["/", "/about-us/"]);
    check_paths(&[("content/a/index.md", "")], &["/", "/a/"]);
    check_paths(&[("content/a/_index.md", ""), ("content/a/b.md", "")], &["/", "/a/", "/a/b/"]);
    check_paths(&[("content/a/b/c.md", "")], &["/", "/a/b/c/"]);
    check_paths(&[("content/blog/2024-01-02-first.md", "")], &["/", "/blog/first/"]);
    check_paths(&[("content/2024-01-02-first/index.md", "")], &["/", "/first/"]);
    check_paths(&[("content/2024-01-02.md", "")], &["/", "/2024-01-02/"]);
    check_paths(&[("content/a.md", "+++\nslug = 'Other One'\n+++")], &["/", "/other-one/"]);
    check_paths(&[("content/b/a.md", "+++\npath = '/x/Y'\n+++")], &["/", "/x/Y/"]);
    check_paths(&[("content/7.5 x/_index.md", ""), ("content/7.5 x/A_b.md", "")], &["/", "/7.5 x/", "/7.5 x/a-b/"]);
    check_paths(&[("content/Grüße 100%.md", "")], &["/", "/grusse-100/"]);
    let safe = ("config.toml", "[slugify]\npaths = 'safe'");
    check_paths(&[safe, ("content/Grüße 100%.md", "")], &["/", "/Grüße 100%/"]);
    let dates = ("config.toml", "[slugify]\npaths_keep_dates = true");
    check_paths(&[dates, ("content/2024-01-02-first.md", "")], &["/", "/2024-01-02-first/"]);
    let long = "x".repeat(300);
    check_paths(&[(&format!("content/{long}.md"), "")], &["/", &format!("/{long}/")]);
}

#[test]
fn what_is_left_out() {
    check_paths(&[("content/a.md", "+++\ndraft = true\n+++")], &["/"]);
    check_paths(&[("content/a/_index.md", "+++\ndraft = true\n+++"), ("content/a/b/c.md", "")], &["/"]);
    check_paths(&[("content/.a.md", ""), ("content/.git/b.md", "")], &["/"]);
    check_paths(&[(".buildignore", "old/\n*.tmp.md\n"), ("content/old/a.md", ""), ("content/b.tmp.md", "")], &["/"]);
    check_paths(
        &[("config.toml", "ignored_content = ['b/*', 'x.md']"), ("content/b/a.md", ""), ("content/c/x.md", "")],
        &["/"],
    );
    let world = world(&[("content/a.md", "")]).with(".buildignore", "sites/*/content/a.md");
    assert_eq!(load_world(&world).0.unwrap().pages.len(), 0);
}

#[test]
fn front_matter_comes_in_every_form() {
    for (text, title, body) in [
        ("+++\ntitle = 'T'\n+++\nbody", Some("T"), "body"),
        ("---\ntitle: T\n---\nbody", Some("T"), "body"),
        ("\u{feff}---\r\ntitle: T\r\n---\r\nbody", Some("T"), "body"),
        ("\n\n+++\ntitle = 'T'\n+++", Some("T"), ""),
        ("---\n---\nbody", None, "body"),
        ("---\n# only a comment\n---\nbody", None, "body"),
        ("no front matter\n\n---\n\nat all", None, "no front matter\n\n---\n\nat all"),
        ("---\ntitle: 404\n---\n", Some("404"), ""),
        ("---\ntitle: 1.10\n---\n", Some("1.10"), ""),
        ("", None, ""),
    ] {
        let (site, diagnostics) = load_world(&world(&[("content/a.md", text)]));
        assert_eq!(diagnostics, Vec::<String>::new(), "{text:?}");
        let page = &site.unwrap().pages[0];
        assert_eq!(page.meta.title.as_deref(), title, "{text:?}");
        assert_eq!(&page.source.text[page.body.clone()], body, "{text:?}");
    }
}

#[test]
fn mistakes_in_front_matter_have_their_place() {
    for (text, expected) in [
        ("+++\ntitle = 1\n+++", "error content/a.md:2:9 `title` is a string, not an integer"),
        ("---\ndraft: maybe\n---", "error content/a.md:2:8 `draft` is `true` or `false`, not a string"),
        (
            "+++\ntitle = 'x'\n",
            "error content/a.md:1:1 the front matter that begins here has no end (close it with a line that is `+++`)",
        ),
        (
            "---\ndate: 05/31/2024\n---",
            "error content/a.md:2:7 `date` is not a date: `05/31/2024` (a date is written as 2024-05-31, or with a time \
             as 2024-05-31T18:30:00Z)",
        ),
        ("+++\nslug = ''\n+++", "error content/a.md:2:8 `slug` cannot be empty"),
        (
            "+++\npath = 'a/../b'\n+++",
            "error content/a.md:2:8 `/a/../b/` cannot be a path of the site: a path has no `.` or `..` segment",
        ),
        (
            "+++\nslug = '!!!'\n+++",
            "error content/a.md:2:8 nothing of this slug can be part of a path (give the page a `slug` of letters and \
             digits, or a `path`)",
        ),
        (
            "+++\ntitel = 'x'\n+++",
            "warning content/a.md:2:1 front matter has no key `titel` (did you mean `title`? It is kept as `extra.titel`)",
        ),
        (
            "+++\ntags = ['x']\n+++",
            "warning content/a.md:2:1 front matter has no key `tags` (terms stand in the table `taxonomies`; as it is, it \
             is kept as `extra.tags`)",
        ),
    ] {
        check_diagnostics(&[("content/a.md", text)], &[expected]);
    }
    let (_, several) =
        load_world(&world(&[("content/a.md", "+++\ntitle = 1\nweight = 'x'\n+++"), ("content/b.md", "+++\n=\n+++")]));
    assert_eq!(several.len(), 3, "{several:#?}");
    let (_, yaml) = load_world(&world(&[("content/a.md", "---\ntitle: [a\n---\n")]));
    assert!(yaml[0].starts_with("error content/a.md:"), "{yaml:#?}");
    assert_eq!(yaml.len(), 1);
}

#[test]
fn keys_that_nobody_knows_are_kept_and_told_once() {
    let foreign = "---\nms.date: 09/26/2023\naliases:\n- %\n- foreach\n---\n";
    let (site, diagnostics) = load_world(&world(&[("content/a.md", foreign), ("content/b.md", foreign)]));
    assert_eq!(
        diagnostics,
        [
            "warning content/a.md:2:1 front matter has no key `ms.date` (it is kept as `extra.ms.date`; write it there \
             and this warning goes) [and in 1 more file]",
            "warning content/a.md:4:3 this alias is not a path, so nothing redirects from it (an earlier path of the \
             page is written `/old/path/`; anything else is kept as `extra.aliases`) [and in 1 more file]",
        ]
    );
    let page = &site.unwrap().pages[1];
    assert_eq!(page.meta.extra.get("ms.date").unwrap().value, Value::String("09/26/2023".to_owned()));
    let Value::Array(aliases) = &page.meta.extra.get("aliases").unwrap().value else { panic!("{page:?}") };
    assert_eq!(aliases[0].value, Value::String("%".to_owned()));
    assert!(page.meta.aliases.is_empty());
}

#[test]
fn sections_and_their_pages() {
    let (site, _) = load_world(&world(&[
        ("content/_index.md", ""),
        ("content/a.md", ""),
        ("content/blog/_index.md", "+++\nsort_by = 'date'\nweight = 2\npage_template = 'post.html'\n+++"),
        ("content/blog/2024-01-01-old.md", ""),
        ("content/blog/2024-03-01-new.md", ""),
        ("content/blog/2024-02-01-mid/index.md", ""),
        ("content/blog/undated.md", ""),
        ("content/blog/2023/_index.md", "+++\ntransparent = true\n+++"),
        ("content/blog/2023/2023-01-01-older.md", "+++\ntemplate = 'page.html'\n+++"),
        ("content/docs/_index.md", "+++\nweight = 1\n+++"),
        ("content/loose/b.md", ""),
        ("content/docs/loose/deep/_index.md", ""),
        ("templates/post.html", ""),
    ]));
    let site = site.unwrap();
    let pages = |relative: &str| {
        let section = site.sections.iter().find(|section| section.relative == relative).unwrap();
        section.pages.iter().map(|&id| site.page(id).slug.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(pages("_index.md"), ["a"]);
    assert_eq!(pages("blog/_index.md"), ["new", "mid", "old", "older"]);
    assert_eq!(pages("blog/2023/_index.md"), ["older"]);

    let files = |ids: &[SectionId]| ids.iter().map(|&id| site.section(id).relative.clone()).collect::<Vec<_>>();
    let page = |slug: &str| site.pages.iter().find(|page| page.slug == slug).unwrap();
    assert_eq!(files(&page("older").ancestors), ["_index.md", "blog/_index.md", "blog/2023/_index.md"]);
    assert_eq!(files(&page("b").ancestors), [""; 0]);
    assert_eq!(files(&site.sections[0].subsections), ["docs/_index.md", "blog/_index.md"]);
    let deep = site.sections.iter().find(|section| section.relative == "docs/loose/deep/_index.md").unwrap();
    assert_eq!(files(&deep.ancestors), ["_index.md", "docs/_index.md"]);

    let mid = page("mid");
    assert_eq!(mid.lower.map(|id| site.page(id).slug.as_str()), Some("new"));
    assert_eq!(mid.higher.map(|id| site.page(id).slug.as_str()), Some("old"));
    assert_eq!(mid.template_name(), "post.html");
    assert_eq!(page("older").template_name(), "page.html");
    assert_eq!(page("a").template_name(), "page.html");
}

#[test]
fn orders() {
    let page = |front: &str| format!("+++\n{front}\n+++");
    for (sort_by, expected) in [
        ("none", "a b c"),
        ("title", "b c a"),
        ("title_bytes", "b a c"),
        ("weight", "c a b"),
        ("update_date", "b c a"),
        ("slug", "a b c"),
    ] {
        let (site, _) = load_world(&world(&[
            ("content/_index.md", &page(&format!("sort_by = '{sort_by}'"))),
            ("content/a.md", &page("title = 'Track 10'\nweight = 2\ndate = 2024-01-01")),
            ("content/b.md", &page("title = 'Track 1'\nweight = 2\ndate = 2024-01-01\nupdated = 2024-09-01")),
            ("content/c.md", &page("title = 'track 2'\nweight = -1\ndate = 2024-02-01")),
        ]));
        let site = site.unwrap();
        let order: Vec<_> = site.sections[0].pages.iter().map(|&id| site.page(id).slug.clone()).collect();
        assert_eq!(order.join(" "), expected, "{sort_by}");
    }
    check_diagnostics(
        &[("content/_index.md", &page("sort_by = 'wieght'"))],
        &["error content/_index.md:2:11 `sort_by` is one of `none`, `date`, `update_date`, `title`, `title_bytes`, \
           `weight`, `slug`, `permalink`, not `wieght` (did you mean `weight`?)"],
    );
    check_diagnostics(
        &[("content/_index.md", &page("sort_by = 'weight'")), ("content/a.md", ""), ("content/b.md", "")],
        &["warning content/a.md this page has no `weight`, by which its section is sorted, and is not listed there \
           [sorted by sites/s/content/_index.md] [and 1 more of its pages]"],
    );
}

#[test]
fn assets_lie_beside_what_they_belong_to() {
    let (site, diagnostics) = load_world(&world(&[
        ("content/logo.png", ""),
        ("content/blog/_index.md", ""),
        ("content/blog/b.css", ""),
        ("content/blog/Post One/index.md", ""),
        ("content/blog/Post One/a.png", "12345"),
        ("content/blog/Post One/img/b.png", ""),
        ("content/nobody/c.png", ""),
    ]));
    assert_eq!(diagnostics, Vec::<String>::new());
    let site = site.unwrap();
    let paths = |assets: &[PublishedFile]| assets.iter().map(|asset| asset.path.to_string()).collect::<Vec<_>>();
    assert_eq!(paths(&site.sections[0].assets), ["/logo.png"]);
    assert_eq!(paths(&site.sections[1].assets), ["/blog/b.css"]);
    assert_eq!(paths(&site.pages[0].assets), ["/blog/post-one/a.png", "/blog/post-one/img/b.png"]);
    assert_eq!(site.pages[0].assets[0].file.size, 5);
}

#[test]
fn configuration() {
    let text = "base_url = 'https://x.org/'\ntitle = 'T'\n[sitekit]\nmode = 'spa'\n[markdown.highlighting]\n\
                light_theme = 'a'\ndark_theme = 'b'\n[extra]\nk = 1\n[search]\ninclude_title = true\n";
    let (site, diagnostics) = load_world(&world(&[("config.toml", text)]));
    assert_eq!(diagnostics, Vec::<String>::new());
    let config = site.unwrap().config;
    assert_eq!(config.base_url.as_deref(), Some("https://x.org"));
    assert_eq!(config.mode, crate::site::Mode::Spa);
    assert!(matches!(config.markdown.highlighting.unwrap().themes, Themes::LightDark(..)));
    assert_eq!(config.extra.get("k").unwrap().value, Value::Integer(1));

    for (text, expected) in [
        ("base_ulr = '/'", "warning config.toml:1:1 `base_ulr` is not a key sitekit knows (did you mean `base_url`?)"),
        ("[sitekit]\nmode = 1", "error config.toml:2:8 `sitekit.mode` is a string, not an integer"),
        (
            "[sitekit]\nmode = 'spaa'",
            "error config.toml:2:8 `sitekit.mode` is one of `traditional`, `spa`, not `spaa` (did you mean `spa`?)",
        ),
        ("[hooks]\nbefore = ''", "error config.toml:2:10 `hooks.before` cannot be empty"),
        (
            "[hooks]\nbfore = 'make'",
            "error config.toml:2:1 `hooks.bfore` is not a key sitekit knows (did you mean `before`?)",
        ),
        (
            "[hooks]\nbefore = 'make'\ninputs = ['a.css', '../b.css']",
            "error config.toml:3:20 what a command reads is in the site's folder: the pattern leads out of it",
        ),
        (
            "[hooks]\nbefore = 'make'\ninputs = '[z-a]'",
            "error config.toml:3:10 not a glob pattern: invalid range; 'z' > 'a'",
        ),
        (
            "[markdown]\nsmart_puctuation = true",
            "warning config.toml:2:1 `markdown.smart_puctuation` is not a key sitekit knows (did you mean \
             `smart_punctuation`?)",
        ),
        (
            "base_url = 'x.org'",
            "error config.toml:1:12 `base_url` is not a URL: `x.org` (it begins with `https://` and a host, as in \
             `https://example.com`)",
        ),
        ("title = ", "error config.toml:1:9 string values must be quoted, expected literal string"),
        (
            "[markdown.highlighting]\ntheme = 'a'\nlight_theme = 'b'",
            "error config.toml:2:9 highlighting takes either `theme`, or both `light_theme` and `dark_theme`",
        ),
    ] {
        check_diagnostics(&[("config.toml", text)], &[expected]);
    }
}

#[test]
fn a_theme_gives_what_the_site_lacks() {
    let (site, diagnostics) = load_world(&world(&[
        ("config.toml", "theme = 'th'\n[extra]\na = 1"),
        ("themes/th/theme.toml", "name = 'th'\n[extra]\na = 2\nb = 3"),
        ("themes/th/templates/post.html", ""),
        ("themes/th/static/x.css", "theme"),
        ("themes/th/static/y.css", ""),
        ("static/x.css", "own"),
        ("content/a.md", "+++\ntemplate = 'post.html'\n+++"),
    ]));
    assert_eq!(diagnostics, Vec::<String>::new());
    let site = site.unwrap();
    assert_eq!(site.config.extra.get("a").unwrap().value, Value::Integer(1));
    assert_eq!(site.config.extra.get("b").unwrap().value, Value::Integer(3));
    let files: Vec<_> = site.files.iter().map(|file| &*file.file.path).collect();
    assert_eq!(files, ["sites/s/static/x.css", "sites/s/themes/th/static/y.css"]);
    check_diagnostics(
        &[("config.toml", "theme = 'dust'"), ("themes/dusk/theme.toml", "")],
        &["error config.toml:1:9 there is no theme `dust` (did you mean `dusk`?)"],
    );
}

#[test]
fn missing_templates() {
    let bare = MemoryWorld::new().with("sites/s/content/a.md", "").with("sites/s/content/b.md", "");
    assert_eq!(
        load_world(&bare.with("sites/s/content/c/_index.md", "")).1,
        ["error templates content needs templates that are not there: `page.html`, `section.html` (write them in \
          `sites/s/templates/`: a section gets `section`, a page gets `page`, as in `{{ page.content }}`) [`page.html` \
          is for sites/s/content/a.md and 1 more] [`section.html` is for sites/s/content/c/_index.md]"]
    );
    check_diagnostics(
        &[("templates/post.html", ""), ("content/a.md", "+++\ntemplate = 'pots.html'\n+++")],
        &["error content/a.md:2:12 there is no template `pots.html` (did you mean `post.html`?)"],
    );
    check_diagnostics(
        &[
            ("content/blog/_index.md", "+++\npage_template = 'nowhere.xyz'\n+++"),
            ("content/blog/a.md", ""),
            ("content/blog/b.md", ""),
        ],
        &["error content/blog/_index.md:2:17 there is no template `nowhere.xyz` (templates are looked for in \
           `sites/s/templates/`) [for sites/s/content/blog/_index.md and 1 more]"],
    );
}

#[test]
fn a_plain_folder_is_a_site() {
    let world = MemoryWorld::new()
        .with("sites/s/index.html", "<p>")
        .with("sites/s/app/main.ts", "")
        .with("sites/s/config.toml", "[sitekit]\nmode = 'spa'")
        .with("sites/s/.well-known/x.txt", "")
        .with("sites/s/.env", "secret")
        .with("sites/s/node_modules/x/index.js", "")
        .with("sites/s/zero", "");
    let (site, diagnostics) = load_world(&world);
    assert_eq!(diagnostics, Vec::<String>::new());
    let site = site.unwrap();
    assert_eq!(site.kind, Kind::Plain);
    let paths: Vec<_> = site.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["/.well-known/x.txt", "/app/main.ts", "/index.html", "/zero"]);
}

#[test]
fn what_is_no_site_is_told() {
    let no_site = load_world(&MemoryWorld::new().with("sites/s/readme.txt", "")).1;
    assert!(no_site[0].starts_with("error sites/s this folder is not a site"), "{no_site:?}");
    assert_eq!(load_world(&MemoryWorld::new()).1, ["error sites/s the site's folder does not exist"]);
}

#[test]
fn files_that_cannot_be_used_are_told() {
    let world = world(&[("content/a.md", "")])
        .with("sites/s/content/b.md", b"ok\nno\xff".to_vec())
        .with_refused("sites/s/content/c.md", WorldError::Denied)
        .with_refused("sites/s/static/out.png", WorldError::LeavesSite)
        .with("sites/s/static/a\\b.png", "");
    assert_eq!(
        load_world(&world).1,
        [
            "error content/b.md:2:3 this text is not UTF-8: byte 0xff (save it as UTF-8)",
            "error content/c.md this file may not be read: permission denied",
            "error static/a\\b.png this file's name cannot be part of a URL: a path has no control character, backslash \
             or encoded slash (rename it, or name it in .buildignore)",
            "error static/out.png this file is a link that leaves the site's folder (copy what it leads to into the \
             site, or name it in .buildignore)",
        ]
    );
    check_diagnostics(
        &[("content/a/index.md", ""), ("content/a/_index.md", "")],
        &[
            "error content/a/index.md this folder has both an `index.md` and an `_index.md` (`index.md` makes the folder a \
           page, `_index.md` makes it a section: keep one)",
        ],
    );
    check_diagnostics(
        &[("content/_index.md", ""), ("content/index.md", "")],
        &[
            "error content/index.md this folder has both an `index.md` and an `_index.md` (`index.md` makes the folder a \
           page, `_index.md` makes it a section: keep one)",
        ],
    );
    check_diagnostics(
        &[(".buildignore", "a\n[z-a]\n")],
        &["error .buildignore:2:1 not a pattern: error parsing glob '[z-a]': invalid range; 'z' > 'a'"],
    );
}

#[test]
fn pages_and_sections_are_found_by_their_file() {
    let (site, _) =
        load_world(&world(&[("content/b/_index.md", ""), ("content/b/a.md", ""), ("content/b-c/_index.md", "")]));
    let site = site.unwrap();
    let find = |file| site.find(file).map(SitePath::as_str);
    assert_eq!(find("b/a.md"), Some("/b/a/"));
    assert_eq!(find("b/_index.md"), Some("/b/"));
    assert_eq!(find("b-c/_index.md"), Some("/b-c/"));
    assert_eq!(find("_index.md"), Some("/"));
    assert_eq!(find("b/x.md"), None);
}

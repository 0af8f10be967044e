//! What an author's rules make of the answers: the golden fields of a site with one of each, and what the build says of
//! itself when they change.

use sitekit::site::Rules;

use crate::project::{Project, manifest};

const SITE: &[(&str, &str)] = &[
    (
        "sites/shop/config.toml",
        r#"title = "Shop"
base_url = "https://shop.example"

[sitekit]
hosts = ["shop.example", "*.shop.example"]
trailing_slash = "either"

[[sitekit.headers]]
path = "/*"
set = { X-Shop = "1" }
remove = ["X-Frame-Options"]

[[sitekit.headers]]
path = ["/files/*", "/offers/"]
set = { Content-Disposition = "attachment", X-Shop = "2" }
append = { X-Shop = "3" }

[[sitekit.cache]]
path = "/files/*.v1.txt"
immutable = true

[[sitekit.cache]]
path = "/files/*"
max_age = "10m"
stale_while_revalidate = "1d"

[[sitekit.cache]]
path = "/account/secret.txt"
max_age = 60

[[sitekit.cache]]
path = "/data.json"
store = false

[[sitekit.redirects]]
from = "/blog/:year/*"
to = "/offers/?from=:year"

[[sitekit.rewrites]]
from = "/sale"
to = "/offers/"

[[sitekit.redirects]]
from = "/forum/*"
to = "https://forum.example/:splat"
status = 302

[sitekit.error_pages]
404 = "/missing.html"
503 = "/soon.html"

[[sitekit.cors]]
path = "/data.json"
origins = "*"
expose = "X-Shop"
max_age = "1h"

[[sitekit.auth]]
path = "/account/*"
realm = "Account"
users = { ann = "$2y$04$zVHmKQtGGQob.b/Nc7l9NO8UlrYcW05FiuCj/SxsFO/ZtiN9.mNzy" }

[sitekit.maintenance]
retry_after = "10m"
open = ["/soon.html"]

[sitekit.content_security_policy]
connect-src = ["https://api.example"]
frame-ancestors = ["https://partner.example"]
report_to = "https://reports.example/csp"
"#,
    ),
    (
        "sites/shop/index.html",
        "<!doctype html>\n<title>Shop</title>\n<link rel=\"stylesheet\" href=\"/shop.css\">\n<script>\n  let unused = 1;\n  console.log( 'hello' );\n</script>\n<style>\nbody { color: #ff0000 }\n</style>\n<script type=\"application/ld+json\">{ \"a\": 1 }</script>\n<p style=\"color: red\" onclick=\"go( 'x' )\">Hello</p>\n<img src=\"https://cdn.example/logo.png\">\n",
    ),
    ("sites/shop/offers/index.html", "<!doctype html><title>Offers</title><p>None."),
    ("sites/shop/account/index.html", "<!doctype html><title>Account</title><p>Yours."),
    ("sites/shop/account/secret.txt", "secret\n"),
    ("sites/shop/files/a.v1.txt", "one\n"),
    ("sites/shop/files/b.txt", "two\n"),
    ("sites/shop/data.json", "{}\n"),
    ("sites/shop/missing.html", "<!doctype html><title>Not here</title>"),
    ("sites/shop/soon.html", "<!doctype html><title>Soon</title>"),
    ("sites/shop/shop.css", "@font-face { font-family: x; src: url(https://fonts.example/x.woff2) }\n"),
];

/// One field a line, so that a change of one is a change of one line.
fn fields(manifest: &str) -> String {
    let line = |line: &str| -> String {
        let fields = line
            .split(" | ")
            .filter(|field| !field.starts_with("br ") && !field.starts_with("zstd ") && !field.starts_with("gzip "));
        fields.collect::<Vec<_>>().join("\n    ") + "\n"
    };
    manifest.lines().map(line).collect()
}

#[test]
fn a_site_with_one_of_each() {
    let project = Project::with(SITE);
    project.build(&[]);
    let bundle = project.bundle("shop");
    insta::assert_snapshot!("rules_fields", fields(&manifest(&bundle)));
    let rules: Rules = bundle.rules().clone();
    insta::assert_snapshot!("rules_served", serde_json::to_string_pretty(&rules).unwrap());
}

#[test]
fn a_site_with_hosts_is_at_their_root_and_another_below_its_name() {
    let page = "<!doctype html><title>A</title><a href=/b/>b</a>";
    let project = Project::with(&[("sites/a/index.html", page), ("sites/a/b/index.html", page)]);
    project.build(&[]);
    assert_eq!(project.bundle("a").base().as_str(), "/a/");
    assert!(project.text("a", "/").contains("href=/a/b/"), "{}", project.text("a", "/"));
    project.write("sites/a/config.toml", b"[sitekit]\nhosts = \"a.example\"\n");
    project.build(&[]);
    assert_eq!(project.bundle("a").base().as_str(), "/");
    assert!(project.text("a", "/").contains("href=/b/"), "{}", project.text("a", "/"));
}

#[test]
fn a_policy_can_be_tried_and_left_out() {
    let page = ("sites/a/index.html", "<!doctype html><title>A</title><script>hello()</script>");
    for (mode, name) in [
        ("enforce", Some("content-security-policy")),
        ("report-only", Some("content-security-policy-report-only")),
        ("off", None),
    ] {
        let config = format!("[sitekit.content_security_policy]\nmode = \"{mode}\"\n");
        let project = Project::with(&[page, ("sites/a/config.toml", &config)]);
        project.build(&[]);
        let bundle = project.bundle("a");
        let entry = bundle.entry(bundle.lookup("/").unwrap());
        let found: Vec<_> =
            entry.fields().map(|(name, _)| name).filter(|name| name.starts_with("content-security")).collect();
        assert_eq!(found, Vec::from_iter(name), "{mode}");
    }
}

#[test]
fn a_page_without_its_slash_still_finds_what_lies_beside_it() {
    let files = |slash: &str| -> Vec<(&'static str, String)> {
        vec![
            ("sites/a/config.toml", format!("[sitekit]\ntrailing_slash = \"{slash}\"\n\n[link_checker]\ninternal_level = \"warn\"\n")),
            ("sites/a/content/_index.md", "+++\n+++\n[in](@/guide/index.md#x) ![cat](cat.svg)\n".to_owned()),
            (
                "sites/a/content/guide/index.md",
                "+++\naliases = [\"old\"]\n+++\n![cat](cat.svg) [notes](notes.txt) [up](../) [top](#top) [ask](?q) [mail](mailto:a@example.org) [out](https://a.example/)\n".to_owned(),
            ),
            ("sites/a/content/guide/cat.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_owned()),
            ("sites/a/content/guide/notes.txt", "notes".to_owned()),
            ("sites/a/templates/index.html", "{{ section.content | safe }}<a href=\"{{ get_url(path=\"@/guide/index.md\") }}\">g</a>".to_owned()),
            ("sites/a/templates/page.html", "<title>{{ page.permalink }} {{ current_url }}</title>{{ page.content | safe }}<iframe src=app.html></iframe>".to_owned()),
        ]
    };
    for (slash, permalink, folder) in
        [("always", "/guide/", ""), ("either", "/guide/", "/a/guide/"), ("never", "/guide", "/a/guide/")]
    {
        let files = files(slash);
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let project = Project::with(&files);
        project.build(&[]);
        let (home, page) = (project.text("a", "/"), project.text("a", "/guide/"));
        assert!(home.contains(&format!("href=/a{permalink}#x")), "{slash}: {home}");
        assert!(home.contains(&format!("href=/a{permalink}>")), "{slash}: {home}");
        assert!(home.contains("src=/a/cat.svg"), "{slash}: {home}");
        assert!(page.contains(&format!("<title>{permalink} {permalink}</title>")), "{slash}: {page}");
        assert!(page.contains("href=/a/guide/notes.txt>"), "{slash}: {page}");
        assert!(page.contains("src=/a/assets/cat."), "{slash}: {page}");
        assert!(page.contains(&format!("src={folder}app.html")), "{slash}: {page}");
        assert!(page.contains(&format!("href={folder}../")), "{slash}: {page}");
        for kept in ["href=#top", "href=\"?q\"", "href=mailto:a@example.org", "href=https://a.example/"] {
            assert!(page.contains(kept) || page.contains(&kept.replace('"', "")), "{slash} {kept}: {page}");
        }
        let bundle = project.bundle("a");
        let moved = bundle.entry(bundle.lookup("/old/").unwrap());
        let location = moved.fields().find(|(name, _)| *name == "location").map(|(_, value)| value.to_owned());
        assert_eq!(location, Some(format!("/a{permalink}")), "{slash}");
    }
}

//! What open pages hear, as bytes: the script that is added to pages and to nothing else, its messages, and who may ask.

use std::{fs, process::Command};

use serde_json::json;
use sitekit::serve::LiveUpdates;

use crate::session::Session;

const SITE: &[(&str, &str)] = &[
    ("sites/a/config.toml", "title = \"A\"\n"),
    ("sites/a/content/_index.md", "+++\n+++\nStart\n"),
    ("sites/a/content/guide.md", "+++\n+++\nfirst\n"),
    (
        "sites/a/templates/index.html",
        "<!doctype html><html lang=\"en\"><head><title>A</title></head><body>{{ section.content | safe }}</body></html>",
    ),
    (
        "sites/a/templates/page.html",
        "<!doctype html><html lang=\"en\"><head><title>A</title></head><body>{{ page.content | safe }}</body></html>",
    ),
    ("sites/a/static/style.css", "p { color: red }\n"),
    ("sites/b/index.html", "<!doctype html><title>B</title><p>b"),
];

#[test]
fn the_script_is_in_pages_and_in_no_bundle() {
    let session = Session::start(SITE);
    let tag = "<script src=\"/@sitekit//client.js\"";
    for (target, status, site) in [("/a/", 200, "a"), ("/a/none/", 404, ""), ("/", 200, ""), ("/nothing", 404, "")] {
        let reply = session.ask("GET", target, &[("Accept-Encoding", "br, gzip")]);
        assert_eq!(reply.status, status, "{target}");
        assert_eq!(reply.text().matches(tag).count(), 1, "{target}: {}", reply.text());
        assert!(site.is_empty() || reply.text().contains(&format!("data-site=\"{site}\"")), "{}", reply.text());
        assert_eq!((reply.field("cache-control"), reply.field("etag")), (Some("no-store"), None), "{target}");
        let head = session.ask("HEAD", target, &[]);
        assert_eq!((head.status, head.body.len()), (status, 0), "{target}");
    }
    // As it is in its bundle, for the page itself.
    let bare = session.ask("GET", "/@sitekit//page/a/guide/", &[]);
    assert!(bare.status == 200 && !bare.text().contains("client.js"), "{}", bare.text());
    let generation = bare.field("sitekit-generation").unwrap();
    let bundle = fs::read(session.path(&format!("build/a/{generation}.bundle"))).unwrap();
    assert!(!String::from_utf8_lossy(&bundle).contains("@sitekit//"));
    let style = session.ask("GET", "/a/style.css", &[]);
    assert_eq!((style.status, style.field("cache-control")), (200, Some("no-cache")));
    assert!(!style.text().contains("sitekit"));
}

#[test]
fn only_this_machine_and_its_sites_are_told() {
    let session = Session::start(SITE);
    for (host, told) in [
        ("localhost", true),
        ("127.0.0.1:8080", true),
        ("[::1]", true),
        ("a.localhost", true),
        ("attacker.example", false),
        ("localhost.attacker.example", false),
    ] {
        let reply = session.ask("GET", "/@sitekit//client.js", &[("Host", host)]);
        assert_eq!(reply.status, if told { 200 } else { 421 }, "{host}");
    }
    // A server that is not for development has none of it.
    let folder = crate::project(SITE);
    assert!(crate::sitekit(folder.path(), &["build", "--quiet"]).status().unwrap().success());
    let mut command = crate::sitekit(folder.path(), &["serve", "--addr", "127.0.0.1:0", "--log-format", "json"]);
    let server = crate::Running::start(&mut command, crate::stderr);
    let mut connection = crate::Connection::to(server.address);
    assert_eq!(connection.ask("GET", "/@sitekit//client.js", &[]).status, 404);
    assert!(!connection.ask("GET", "/a/", &[]).text().contains("@sitekit"));
    assert_eq!(server.stop(), 0);
}

#[test]
fn open_pages_hear_what_differs() {
    let mut session = Session::start(SITE);
    let mut a = session.messages("site=a&generation=");
    let hello = a.next("hello");
    assert_eq!((&hello["problems"], &hello["missed"]), (&json!([]), &json!(null)));
    let first = hello["sites"]["a"].as_str().unwrap().to_owned();
    session.write("sites/a/content/guide.md", "+++\n+++\nsecond\n");
    let update = a.next("update");
    assert_eq!((&update["site"], &update["previous"], &update["files"]), (&json!("a"), &json!(first), &json!([])));
    let second = update["generation"].as_str().unwrap().to_owned();
    // What is told is served already.
    assert!(session.get("/a/guide/").contains("second"));
    session.write("sites/a/static/style.css", "p { color: blue }\n");
    let update = a.next("update");
    assert_eq!(update["files"], json!([{"path": "/a/style.css", "kind": "style"}]));

    // Who was away is told what it missed, as far as that is known.
    for (generation, missed) in [
        (&first, json!([{"path": "/a/style.css", "kind": "style"}])),
        (&second, json!([{"path": "/a/style.css", "kind": "style"}])),
        (&"0".repeat(32), json!(null)),
    ] {
        let mut late = session.messages(&format!("site=a&generation={generation}"));
        assert_eq!(late.next("hello")["missed"], missed, "{generation}");
    }

    // Another site's pages hear of it, and whose it is.
    session.write("sites/b/index.html", "<!doctype html><title>B</title><p>bb");
    assert_eq!(a.next("update")["site"], "b");
    fs::remove_dir_all(session.path("sites/b")).unwrap();
    assert_eq!(a.next("sites")["gone"], json!(["b"]));
    assert_eq!(session.stop(), 0);
    a.end();
}

#[test]
fn a_mistake_is_told_and_what_was_good_is_served() {
    let mut session = Session::start(SITE);
    let mut a = session.messages("site=a&generation=");
    session.write("sites/a/templates/page.html", "<!doctype html><html lang=\"en\">\n<p>{{ page.titel }}</p>\n");
    let told = a.next("problems");
    let problem = &told["problems"][0];
    assert_eq!(
        (&problem["site"], &problem["path"], &problem["line"]),
        (&json!("a"), &json!("sites/a/templates/page.html"), &json!(2))
    );
    assert_eq!((&problem["excerpt"]["first"], &problem["opens"]), (&json!(1), &json!(true)));
    assert!(problem["help"].as_str().unwrap().contains("title"), "{problem:#}");
    session.event("failed", |failed| failed["site"] == "a");
    assert!(session.get("/a/guide/").contains("first"));
    // Who comes now is told, too.
    assert_eq!(session.messages("site=a&generation=").next("hello")["problems"], told["problems"]);
    session.write("sites/a/templates/page.html", SITE[4].1);
    assert_eq!(a.next("problems")["problems"], json!([]));
}

#[test]
fn a_session_begins_with_mistakes_and_without_a_page() {
    let files: Vec<_> = SITE.iter().copied().chain([("sites/a/content/bad.md", "+++\ntitle = \n")]).collect();
    let session = Session::start(&files);
    let page = session.ask("GET", "/a/", &[]);
    assert!(page.status == 404 && page.text().contains("client.js"), "{}", page.text());
    let mut any = session.messages("site=&generation=");
    assert_eq!(any.next("hello")["problems"][0]["path"], "sites/a/content/bad.md");
    fs::remove_file(session.path("sites/a/content/bad.md")).unwrap();
    session.serves("/a/", "Start");
}

#[cfg(unix)]
#[test]
fn an_editor_is_opened_for_files_of_the_project_and_pages_of_ours() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = crate::project(SITE);
    let editor = folder.path().join("editor.sh");
    fs::write(&editor, "#!/bin/sh\necho \"$@\" > \"$(dirname \"$0\")/opened.new\"\nmv \"$(dirname \"$0\")/opened.new\" \"$(dirname \"$0\")/opened\"\n").unwrap();
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(folder.path().parent().unwrap().join("outside.txt"), "x").unwrap();
    let mut command: Command = crate::sitekit(folder.path(), &["dev", "--json", "--addr", "127.0.0.1:0"]);
    command.env("SITEKIT_EDITOR", format!("{} {{file}} at {{line}} {{column}}", editor.display()));
    let session = Session::start_with(folder, command);
    let place = "/@sitekit//open?file=sites%2Fa%2Fcontent%2Fguide.md&line=3&column=2";
    let ours = ("sitekit", "open");
    for (method, target, fields, status) in [
        ("GET", place, vec![ours], 404),
        ("POST", place, vec![], 403),
        ("POST", place, vec![ours, ("Sec-Fetch-Site", "cross-site")], 403),
        ("POST", place, vec![ours, ("Host", "attacker.example")], 421),
        ("POST", "/@sitekit//open?line=3", vec![ours], 400),
        ("POST", "/@sitekit//open?file=..%2Foutside.txt", vec![ours], 422),
        ("POST", "/@sitekit//open?file=%2Fetc%2Fpasswd", vec![ours], 422),
        ("POST", "/@sitekit//open?file=sites", vec![ours], 422),
    ] {
        assert_eq!(session.ask(method, target, &fields).status, status, "{method} {target} {fields:?}");
        assert!(!session.path("opened").exists());
    }
    assert_eq!(session.ask("POST", place, &[ours, ("Sec-Fetch-Site", "same-origin")]).status, 204);
    crate::client::wait_until(|| session.path("opened").exists());
    let opened = fs::read_to_string(session.path("opened")).unwrap();
    assert!(opened.ends_with("sites/a/content/guide.md at 3 2\n"), "{opened}");
}

#[test]
fn the_script_is_small() {
    let client = LiveUpdates::client();
    let (minified, wrong) = minify(client);
    assert!(wrong.is_empty(), "{wrong}");
    let brotli = sitekit::compress::encode_all(&bytes::Bytes::from(minified))
        .into_iter()
        .find(|body| body.coding == sitekit::site::Coding::Brotli)
        .unwrap();
    assert!(brotli.bytes.len() <= 6 * 1024, "{} bytes", brotli.bytes.len());
}

/// As a build does with an author's script.
fn minify(text: &str) -> (String, String) {
    let folder = crate::project(&[
        ("sites/m/index.html", "<!doctype html><title>m</title><script src=\"client.js\"></script>"),
        ("sites/m/client.js", text),
    ]);
    let output = crate::sitekit(folder.path(), &["build", "--quiet", "--profile", "dev"]).output().unwrap();
    let bundle =
        sitekit::map::open_live(&folder.path().join("build"), &sitekit::site::SiteName::parse("m").unwrap()).unwrap();
    let script = bundle
        .routes()
        .find(|(path, _)| path.rsplit('.').next() == Some("js"))
        .map(|(_, id)| bundle.entry(id).identity().body());
    (String::from_utf8(script.unwrap().to_vec()).unwrap(), String::from_utf8(output.stderr).unwrap())
}

//! One file of content is saved: its page is there at once, and the build behind it brings all that shows the page.

use std::{fs, path::Path, time::Duration};

use serde_json::Value;

use crate::{session::Session, sitekit};

const SITE: &[(&str, &str)] = &[
    ("sites/a/config.toml", "title = \"A\"\n"),
    ("sites/a/content/_index.md", "+++\nsort_by = \"weight\"\n+++\nStart\n"),
    ("sites/a/content/one.md", "+++\ntitle = \"One\"\nweight = 1\n+++\n# First\n[two](@/two.md#second)\n"),
    ("sites/a/content/two.md", "+++\ntitle = \"Two\"\nweight = 2\n+++\n# Second\nText\n"),
    (
        "sites/a/templates/index.html",
        "<!doctype html><html lang=en><head><title>{{ config.title }}</title></head><body>{{ section.content | safe }}{% for page in section.pages %}<p>{{ page.title }} {{ page.word_count }}</p>{% endfor %}</body></html>",
    ),
    (
        "sites/a/templates/page.html",
        "<!doctype html><html lang=en><head><title>{{ page.title }}</title><link rel=stylesheet href=\"{{ asset(path='main.css') }}\"></head><body>{{ page.content | safe }}<p>{{ page.word_count }} words</p></body></html>",
    ),
    ("sites/a/assets/main.css", "p { color: red }\n"),
    ("sites/a/assets/other.css", "p { color: blue }\n"),
];

/// A project whose builds take so long that what is served before one is over can be seen.
fn slow() -> Session {
    let mut files: Vec<_> = SITE.iter().copied().filter(|(path, _)| !path.ends_with("config.toml")).collect();
    let config = "title = \"A\"\n[hooks]\nbefore = \"while test -e ../../wait; do sleep 0.05; done\"\n";
    files.push(("sites/a/config.toml", config));
    Session::start(&files)
}

/// The page of an address as it is in its bundle, and its fields.
fn page(session: &Session, path: &str) -> (Vec<u8>, Vec<(String, String)>) {
    let reply = session.ask("GET", &format!("/@sitekit//page{path}"), &[]);
    let fields = ["content-type", "content-security-policy", "link", "last-modified", "content-length"];
    let fields = fields.iter().filter_map(|name| Some(((*name).to_owned(), reply.field(name)?.to_owned())));
    (reply.body.clone(), fields.map(|(name, value)| (name, without_nonce(&value))).collect())
}

fn without_nonce(value: &str) -> String {
    value.split(' ').filter(|part| !part.starts_with("'nonce-")).collect::<Vec<_>>().join(" ")
}

/// What a session serves that has built these sources and no others before.
fn fresh(folder: &Path, path: &str) -> (Vec<u8>, Vec<(String, String)>) {
    let copy = tempfile::tempdir().unwrap();
    crate::copy(&folder.join("sites"), &copy.path().join("sites"));
    page(&Session::start_in(copy, &[]), path)
}

fn generation(session: &Session) -> String {
    session.ask("GET", "/a/", &[]).field("sitekit-generation").unwrap_or_default().to_owned()
}

fn cold(folder: &Path) -> String {
    let out = folder.join("cold");
    drop(fs::remove_dir_all(&out));
    let mut build = sitekit(folder, &["build", "--quiet", "--profile", "dev", "--out", "cold"]);
    assert!(build.status().unwrap().success());
    fs::read_to_string(out.join("a/current")).unwrap().trim().trim_end_matches(".bundle").to_owned()
}

fn is_of(file: &str) -> impl Fn(&Value) -> bool {
    move |event| event["file"] == file
}

#[test]
fn a_page_is_there_before_the_build_is_over_and_as_a_build_makes_it() {
    let mut session = slow();
    let before = generation(&session);
    session.write("wait", "");
    for (nth, body) in
        ["# First\nOther text, and more of it.\n", "# First\n<style>p{margin:0}</style>\n", "# First\nShort.\n"]
            .iter()
            .enumerate()
    {
        session.write("sites/a/content/one.md", &format!("+++\ntitle = \"One\"\nweight = 1\n+++\n{body}"));
        session.event("edited", is_of("sites/a/content/one.md"));
        let served = page(&session, "/a/one/");
        assert_ne!(generation(&session), before, "{nth}: the page has another name");
        assert!(generation(&session).starts_with(&before), "{nth}: no build is over");
        let expected = fresh(session.folder.path(), "/a/one/");
        assert_eq!(served, expected, "{nth}");
    }
    fs::remove_file(session.path("wait")).unwrap();
    session.quiet(Duration::from_secs(1));
    assert_eq!(generation(&session), cold(session.folder.path()));
    assert!(!page(&session, "/a/").0.is_empty());
}

#[test]
fn open_pages_hear_of_it_at_once() {
    let mut session = slow();
    let mut messages = session.messages(&format!("site=a&generation={}", generation(&session)));
    messages.next("hello");
    session.write("wait", "");
    session.write("sites/a/content/two.md", "+++\ntitle = \"Two\"\nweight = 2\n+++\n# Second\nOther\n");
    let update = messages.next("update");
    assert_eq!(update["generation"], generation(&session));
    assert!(String::from_utf8(page(&session, "/a/two/").0).unwrap().contains("Other"));
    fs::remove_file(session.path("wait")).unwrap();
    let built = messages.next("update");
    assert_eq!(built["previous"], update["generation"]);
    session.quiet(Duration::from_millis(500));
    assert_eq!(built["generation"], generation(&session));
}

#[test]
fn what_concerns_more_than_a_page_is_for_a_build() {
    let head = "+++\ntitle = \"One\"\nweight = 1\n+++\n";
    for (file, text, is_mistake) in [
        ("one.md", "+++\ntitle = \"Another\"\nweight = 1\n+++\n# First\n".to_owned(), false),
        ("one.md", format!("{head}<link rel=stylesheet href=/assets/other.css>\n"), false),
        ("three.md", format!("{head}A page that was not there.\n"), false),
        ("one.md", format!("{head}[nowhere](@/nowhere.md)\n"), true),
        ("one.md", format!("{head}{{{{ nowhere.at.all }}}}\n"), true),
        ("two.md", "+++\ntitle = \"Two\"\nweight = 2\n+++\n# Another place than one links to\n".to_owned(), true),
        ("one.md", "+++\ntitle = \"One\n".to_owned(), true),
    ] {
        let mut session = Session::start(SITE);
        session.write(&format!("sites/a/content/{file}"), &text);
        let happened = session.quiet(Duration::from_secs(1));
        let has = |kind: &str| happened.iter().any(|event| event["event"] == kind);
        assert!(!has("edited"), "{text}: {happened:#?}");
        assert_eq!((has("built"), has("failed")), (!is_mistake, is_mistake), "{text}: {happened:#?}");
        if !is_mistake {
            assert_eq!(generation(&session), cold(session.folder.path()), "{text}");
        }
    }
}

#[test]
fn half_a_file_is_never_served() {
    let mut session = Session::start(SITE);
    let whole = fs::read_to_string(session.path("sites/a/content/two.md")).unwrap() + &"More text. ".repeat(2_000);
    session.write("sites/a/content/two.md", &whole);
    session.event("edited", |_| true);
    for nth in 0..20 {
        session.write("sites/a/content/two.md", &format!("{whole}{nth}"));
        let body = page(&session, "/a/two/").0;
        assert!(body.len() > whole.len() / 2 && String::from_utf8_lossy(&body).contains("words</p>"), "{nth}");
    }
    session.quiet(Duration::from_secs(1));
    assert_eq!(generation(&session), cold(session.folder.path()));
}

#[test]
fn a_thousand_edits_end_as_a_build_of_the_last_does() {
    let mut session = Session::start(SITE);
    for nth in 0..1000 {
        let (file, weight, heading) = if nth % 3 == 0 { ("two", 2, "Second") } else { ("one", 1, "First") };
        let title = if file == "two" { "Two" } else { "One" };
        let text = format!("+++\ntitle = \"{title}\"\nweight = {weight}\n+++\n# {heading}\nText {nth}\n");
        session.write(&format!("sites/a/content/{file}.md"), &text);
    }
    session.quiet(Duration::from_secs(2));
    assert_eq!(generation(&session), cold(session.folder.path()));
}

#[test]
fn what_was_built_last_is_served_while_the_next_session_builds() {
    let mut first = slow();
    let before = generation(&first);
    assert_eq!(first.stop(), 0);
    let folder = std::mem::replace(&mut first.folder, tempfile::tempdir().unwrap());
    fs::write(folder.path().join("wait"), "").unwrap();
    let text = "+++\ntitle = \"Two\"\nweight = 2\n+++\n# Second\nWritten between them\n";
    fs::write(folder.path().join("sites/a/content/two.md"), text).unwrap();
    // It serves, though its build cannot end.
    let mut second = Session::start_in(folder, &[]);
    assert_eq!(generation(&second), before);
    fs::remove_file(second.path("wait")).unwrap();
    second.event("built", |_| true);
    second.serves("/a/two/", "Written between them");
    assert_eq!(generation(&second), cold(second.folder.path()));
}

#[test]
fn another_configuration_is_built_before_it_is_served() {
    let mut first = Session::start(SITE);
    assert_eq!(first.stop(), 0);
    let folder = std::mem::replace(&mut first.folder, tempfile::tempdir().unwrap());
    fs::write(folder.path().join("sites/a/config.toml"), "title = \"B\"\n").unwrap();
    let second = Session::start_in(folder, &[]);
    assert!(second.get("/a/").contains("<title>B"), "{}", second.get("/a/"));
}

//! Looking into a bundle, through the binary: what a person reads, what a machine gets, and a body byte for byte.

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use bytes::Bytes;
use sitekit::{
    pack::{RealDisk, seal},
    site::{Coding, EncodedBody, Field, Response, SiteImage},
};

use crate::images;

/// A site with every kind of thing to be looked at.
fn site() -> SiteImage {
    use Coding::{Brotli, Gzip, Identity};
    let mut image = images::ruled();
    let script = |text: &'static str, len: usize| {
        let bytes = Bytes::from(text.repeat(len));
        let field = Field::new("cache-control", "public, max-age=31536000, immutable");
        let mut response =
            images::response(200, "text/javascript; charset=utf-8", &[(Brotli, "brotli bytes"), (Gzip, "gzip")]);
        response.fields.push(field);
        response.bodies.insert(0, EncodedBody { coding: Identity, bytes });
        response
    };
    let style = images::response(200, "text/css; charset=utf-8", &[(Identity, "body{margin:0}")]);
    for (path, response) in [
        ("/app.3f9a.js", script("let a;", 1000)),
        ("/copy.3f9a.js", script("let a;", 1000)),
        ("/style.css", style),
        ("/feed.xml", images::response(200, "application/atom+xml", &[(Identity, "<feed/>")])),
    ] {
        image.routes.insert(images::path(path), response);
    }
    image
}

struct Built {
    build: tempfile::TempDir,
    /// Of the bundle.
    file: String,
    generation: String,
}

fn built(image: &SiteImage) -> Built {
    let build = tempfile::tempdir().unwrap();
    let committed = seal(image).unwrap().commit(&RealDisk, build.path(), 5).unwrap();
    Built { file: committed.path.to_str().unwrap().to_owned(), generation: committed.generation.to_string(), build }
}

impl Built {
    fn inspect(&self, arguments: &[&str]) -> Output {
        inspect(self.build.path(), arguments)
    }

    /// What was printed, with stand-ins for what differs from run to run.
    #[track_caller]
    fn text(&self, arguments: &[&str]) -> String {
        let output = self.inspect(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        text.replace(&self.file, "<file>").replace(&self.generation, "<generation>")
    }
}

fn inspect(build: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sitekit"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("SITEKIT_")) {
        command.env_remove(name);
    }
    command.args(["inspect", "--build", build.to_str().unwrap()]).args(arguments).output().unwrap()
}

#[test]
fn the_overview_for_a_person() {
    insta::assert_snapshot!(built(&site()).text(&["docs"]));
}

#[test]
fn an_overview_of_nothing() {
    insta::assert_snapshot!(built(&images::empty()).text(&["a"]));
}

/// What is sent at once is what the entry imports and its style sheets; a coding that one file lacks counts as it is sent.
#[test]
fn what_scripts_and_style_sheets_are_made_of() {
    let built = built(&images::built());
    let text = built.text(&["docs"]);
    insta::assert_snapshot!(text[text.find("entries, ").unwrap()..text.find("biggest bodies").unwrap()]);
    let json: serde_json::Value = serde_json::from_str(&built.text(&["docs", "--json"])).unwrap();
    let main = &json["assets"]["entries"][0];
    assert_eq!((&main["source"], &main["at_once"]["br"]), (&"sites/docs/main.ts".into(), &35.into()));
    assert_eq!(main["in_time"], serde_json::json!({"identity": 37, "gzip": null, "br": null, "zstd": null}));
    let editor = &json["assets"]["files"][0];
    assert_eq!((&editor["kind"], &editor["modules"][0]["bytes"]), (&"script".into(), &31.into()));
    assert_eq!(json["assets"]["duplicates"][0]["files"].as_array().unwrap().len(), 2);
    let none: serde_json::Value = serde_json::from_str(&self::built(&site()).text(&["docs", "--json"])).unwrap();
    assert_eq!(none.get("assets"), None);
}

/// The page says all without a script, and asks for nothing that is not in it. `tests/browser` opens one.
#[test]
fn a_page_of_what_is_in_them() {
    let mut image = images::built();
    let file = image.manifest.files.values_mut().next().unwrap();
    file.modules[0].source = "sites/docs/</script><b>&\"{{data}}.ts".to_owned();
    let built = built(&image);
    let beside = Path::new(&built.file).with_file_name("inspect.html");
    let printed = built.inspect(&["docs", "--html"]);
    assert_eq!(String::from_utf8_lossy(&printed.stdout), format!("{}\n", beside.display()));
    let page = fs::read_to_string(&beside).unwrap();
    for part in ["<h1>docs</h1>", "sites/docs/main.ts", "@scope/shared", "/assets/editor.1c0ffee150.js", "lodash-es"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(page.contains("&lt;/script&gt;&lt;b&gt;&amp;&quot;{{data}}.ts"), "names are text");
    assert_eq!(page.matches("</script>").count(), 2, "and none ends the data");
    assert!(!["http:", "https:", "src=", "@import", "url("].iter().any(|asks| page.contains(asks)));

    let elsewhere = built.build.path().join("page.html");
    assert!(built.inspect(&["docs", "--html", elsewhere.to_str().unwrap()]).status.success());
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), page);
    assert_eq!(String::from_utf8(built.inspect(&[&built.file, "--html", "-"]).stdout).unwrap(), page);
}

#[test]
fn every_route() {
    let text = built(&site()).text(&["docs", "--routes"]);
    insta::assert_snapshot!(text[text.find("path ").unwrap()..]);
}

#[test]
fn one_answer_for_a_person() {
    let built = built(&site());
    insta::assert_snapshot!(built.text(&["docs", "/app.3f9a.js"]));
    insta::assert_snapshot!(built.text(&["docs", "/guide"]));
}

#[test]
fn a_route_by_any_of_its_names() {
    let built = built(&site());
    for (bundle, path, url) in [
        ("docs", "/guide/", "/docs/guide/"),
        ("docs", "/docs/guide/", "/docs/guide/"),
        ("docs", "/docs/", "/docs/"),
        ("docs", "/", "/docs/"),
        ("docs", "/img/Gr%C3%BC%C3%9Fe%20100%25.svg", "/docs/img/Grüße 100%.svg"),
        ("docs", "/img/Grüße 100%.svg", "/docs/img/Grüße 100%.svg"),
        (&built.file, "/style.css", "/docs/style.css"),
    ] {
        let text = built.text(&[bundle, path]);
        assert!(text.starts_with("200 ") && text.lines().next().unwrap().ends_with(url), "{path}: {text}");
    }
}

#[test]
fn machines_get_all_of_it() {
    let built = built(&site());
    let json = |arguments: &[&str]| serde_json::from_str::<serde_json::Value>(&built.text(arguments)).unwrap();
    let overview = json(&["docs", "--json", "--routes"]);
    assert_eq!((&overview["site"], &overview["generation"]), (&"docs".into(), &"<generation>".into()));
    assert_eq!(overview["bytes"], fs::metadata(&built.file).unwrap().len());
    assert_eq!(overview["routes"].as_array().unwrap().len(), site().routes.len());
    let kinds = overview["kinds"].as_array().unwrap();
    let sum = |name: &str| kinds.iter().map(|kind| kind[name].as_u64().unwrap()).sum::<u64>();
    for name in ["routes", "identity", "gzip", "br", "zstd", "smallest"] {
        assert_eq!(overview["total"][name], sum(name), "{name}");
    }
    assert_eq!(overview["shared"][0]["path"], "/app.3f9a.js");

    let answer = json(&["docs", "/app.3f9a.js", "--json"]);
    assert_eq!((&answer["status"], &answer["url"]), (&200.into(), &"/docs/app.3f9a.js".into()));
    assert_eq!(answer["same_body"][0], "/docs/copy.3f9a.js");
    let brotli = &answer["representations"][1];
    assert_eq!((&brotli["coding"], &brotli["bytes"]), (&"br".into(), &12.into()));
    assert!(brotli["etag"].as_str().unwrap().ends_with("-br\""), "{brotli}");
}

/// Whoever may read a bundle may read the hashes in it; a terminal that others look at is something else.
#[test]
fn hashes_of_passwords_are_not_shown() {
    let image = site();
    let hashes: Vec<_> = image.rules.protected.iter().flat_map(|one| one.users.values()).collect();
    assert!(!hashes.is_empty(), "the site has users");
    let built = built(&image);
    for arguments in [&["docs"][..], &["docs", "--json"]] {
        let text = built.text(arguments);
        assert!(!text.contains("$2") && !text.contains("$argon2"), "{text}");
        let names = image.rules.protected.iter().flat_map(|one| one.users.keys());
        assert!(names.into_iter().all(|name| text.contains(&name.to_string())), "{text}");
    }
}

#[test]
fn a_body_byte_for_byte() {
    let image = site();
    let built = built(&image);
    let Response { bodies, .. } = &image.routes[&images::path("/app.3f9a.js")];
    for (arguments, coding) in [
        (&["docs", "/app.3f9a.js", "--body"][..], Coding::Identity),
        (&["docs", "/app.3f9a.js", "--body", "br"], Coding::Brotli),
        (&["docs", "/app.3f9a.js", "--body", "gzip"], Coding::Gzip),
        (&["docs", "--body=identity", "/app.3f9a.js"], Coding::Identity),
    ] {
        let output = built.inspect(arguments);
        let expected = bodies.iter().find(|body| body.coding == coding).unwrap();
        assert!(output.status.success() && output.stdout == expected.bytes, "{arguments:?}");
    }
}

#[test]
fn what_is_not_there() {
    let built = built(&site());
    for (arguments, part) in [
        (&["dcos"][..], "did you mean `docs`?"),
        (&["Docs"], "a file is named by a path, such as ./Docs"),
        (&["./docs"], "there is no ./docs"),
        (&["docs", "/gide/"], "did you mean `/guide/`?"),
        (&["docs", "/same"], "--routes lists those that are there"),
        (&["docs", "/style.css", "--body", "zstd"], "/style.css has no zstd body; there are: identity"),
        (&["docs", "/style.css", "--body", "deflate"], "possible values: identity, gzip, br, zstd"),
        (&["docs", "--body", "br"], "<PATH>"),
        (&["docs", "/", "--routes"], "cannot be used with"),
        (&["docs", "--html"], "has no scripts or style sheets that sitekit built"),
        (&["docs", "--json", "--html"], "cannot be used with"),
    ] {
        let output = built.inspect(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
        assert!(error.contains(part), "{arguments:?}: {error}");
    }
}

#[test]
fn a_damaged_bundle() {
    let built = built(&site());
    let whole = fs::read(&built.file).unwrap();
    fs::write(&built.file, &whole[..whole.len() / 2]).unwrap();
    let output = built.inspect(&["docs"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&built.file));
    // A body that is not what was packed is not handed out as if it were.
    let at = whole.windows(6).position(|bytes| bytes == b"let a;").unwrap();
    let mut flipped = whole.clone();
    flipped[at] ^= 1;
    fs::write(&built.file, flipped).unwrap();
    let output = built.inspect(&["docs", "/app.3f9a.js", "--body"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(built.inspect(&["docs", "/app.3f9a.js", "--body", "br"]).status.success());
}

#[test]
fn a_reader_that_has_read_enough_is_no_error() {
    let mut image = site();
    let body = EncodedBody { coding: Coding::Identity, bytes: Bytes::from(vec![b'x'; 1 << 20]) };
    image.routes.insert(images::path("/large"), Response { status: 200, fields: Vec::new(), bodies: vec![body] });
    let built = built(&image);
    let folder = built.build.path().to_str().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sitekit"));
    command.args(["inspect", "--build", folder, "docs", "/large", "--body"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

//! Three thousand real pages, when a corpus is at hand: `SITEKIT_CORPUS` names an archive or a folder that holds a
//! `content` folder.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::project::{Project, manifest};

/// The pages were written for GitHub: their anchors are its, and braces in them are text.
const CONFIG: &str = "\
title = \"PowerShell\"
skip_content_templating = true

[slugify]
anchors = \"github\"

[markdown.highlighting]

[link_checker]
internal_level = \"warn\"
";

#[test]
fn the_corpus_builds_without_a_false_diagnostic_and_twice_to_the_same_bytes() {
    let Some(corpus) = std::env::var_os("SITEKIT_CORPUS").map(PathBuf::from) else {
        println!("skipped: SITEKIT_CORPUS names no corpus");
        return;
    };
    let template =
        "<!doctype html><html lang=\"en\"><head><title>{{ title }}</title></head><body>{{ body }}</body></html>";
    let of = |name: &str| {
        template
            .replace("{{ title }}", &format!("{{{{ {name}.title | default(value=\"\") }}}}"))
            .replace("{{ body }}", &format!("{{{{ {name}.content | safe }}}}"))
    };
    let project = Project::with(&[
        ("sites/ps/config.toml", CONFIG),
        ("sites/ps/templates/index.html", &of("section")),
        ("sites/ps/templates/section.html", &of("section")),
        ("sites/ps/templates/page.html", &of("page")),
    ]);
    let unpacked = tempfile::tempdir().unwrap();
    let content = content_folder(&corpus, unpacked.path());
    copy(&content, &project.path("sites/ps/content"));

    let run = project.build(&["--profile", "dev", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(json["sites"][0]["pages"].as_u64().unwrap() > 3000, "{}", json["sites"][0]);
    let diagnostics = json["diagnostics"].as_array().unwrap();
    let bundle = project.bundle("ps");
    let (links, others): (Vec<_>, Vec<_>) = diagnostics.iter().partition(|one| lost(one).is_some());
    for link in links {
        if let Some(url) = leads_to(link) {
            // A file beside the text is there for a reader only where it is published below the page.
            assert_eq!(bundle.lookup(url), None, "there is such a route: {link}");
            continue;
        }
        let file = project.path(link["path"].as_str().unwrap());
        let target = lost(link).unwrap();
        let (from, target) = match target.strip_prefix('/') {
            Some(below) => (project.path("sites/ps/content"), below),
            None => (file.parent().unwrap().to_owned(), target),
        };
        assert!(!from.join(target).is_file(), "there is such a file: {link}");
    }
    let errors: Vec<String> =
        others.iter().map(|one| format!("{}:{}: {}", one["path"], one["line"], one["message"])).collect();
    insta::assert_snapshot!("corpus_diagnostics", errors.join("\n"));
    let first = manifest(&bundle);
    project.build(&["--profile", "dev", "--concurrency", "1"]);
    assert_eq!(manifest(&project.bundle("ps")), first);
}

/// The path that a relative link comes to in a browser, where that is told.
fn leads_to(diagnostic: &serde_json::Value) -> Option<&str> {
    diagnostic["help"].as_str()?.split_once("` it leads to `")?.1.strip_suffix('`')
}

/// Where a broken link leads: much of what these pages link to is on other sites or was not taken into the corpus.
fn lost(diagnostic: &serde_json::Value) -> Option<&str> {
    let message = diagnostic["message"].as_str().unwrap();
    let starts = ["there is no page or file at `", "there is no file `"];
    starts.iter().find_map(|start| message.strip_prefix(start)?.strip_suffix('`'))
}

fn content_folder(corpus: &Path, unpacked: &Path) -> PathBuf {
    let root = if corpus.is_dir() {
        corpus.to_owned()
    } else {
        let status = Command::new("tar").arg("-xf").arg(corpus).arg("-C").arg(unpacked).status().unwrap();
        assert!(status.success(), "cannot unpack {}", corpus.display());
        unpacked.to_owned()
    };
    let below = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path().join("content"));
    [root.join("content")].into_iter().chain(below).find(|path| path.is_dir()).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            let _ = fs::copy(entry.path(), target).unwrap();
        }
    }
}

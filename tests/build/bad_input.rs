//! Every bad input is one clear diagnostic with its place, all of them in one run, exit status 1, and what was published
//! before stays live.

use std::{
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    process::Command,
    sync::Arc,
};

use bytes::Bytes;
use sitekit::{
    diag::{Diagnostic, Severity},
    load::{DiskWorld, Entry, EntryKind, Outside, World, WorldError},
    pipeline::{self, Options, Profile},
    site::SiteName,
};

use crate::project::Project;

const PAGE: &str = "<h1>{{ page.title }}</h1>{{ page.content | safe }}";

/// A site that builds, is then broken, and is built again: says what a person reads, and that the site stays as it was.
#[track_caller]
fn check(name: &str, breaking: &[(&str, &[u8])]) {
    let project = Project::with(&[
        ("sites/a/content/_index.md", "+++\ntitle = \"A\"\n+++\nHello.\n"),
        ("sites/a/content/page.md", "+++\ntitle = \"Page\"\n+++\nText.\n"),
        ("sites/a/templates/index.html", "<h1>{{ section.title }}</h1>"),
        ("sites/a/templates/page.html", PAGE),
    ]);
    project.build(&["--profile", "dev"]);
    let live = project.bundle("a").generation();
    for (path, bytes) in breaking {
        project.write(path, bytes);
    }
    let run = project.run(&["build", "--profile", "dev", "--quiet"]);
    insta::assert_snapshot!(format!("bad_{name}"), run.stderr);
    assert_eq!((run.code, run.stdout.as_str()), (1, ""));
    assert_eq!(project.bundle("a").generation(), live, "the live generation stays");
}

#[test]
fn mistakes_in_templates() {
    check("unknown_variable", &[("sites/a/templates/page.html", b"<h1>\n  {{ page.titel }}\n</h1>")]);
    check(
        "template_cycle",
        &[
            ("sites/a/templates/page.html", b"{% extends \"one.html\" %}"),
            ("sites/a/templates/one.html", b"{% extends \"two.html\" %}"),
            ("sites/a/templates/two.html", b"{% extends \"one.html\" %}"),
        ],
    );
    check("include_of_a_missing_template", &[("sites/a/templates/page.html", b"<p>\n{% include \"navv.html\" %}")]);
    check("template_syntax", &[("sites/a/templates/page.html", b"{% if page.title %}never closed")]);
    check("unknown_filter", &[("sites/a/templates/page.html", b"{{ page.title | uper }}")]);
}

#[test]
fn mistakes_in_content() {
    check("front_matter_toml", &[("sites/a/content/page.md", b"+++\ntitle = \"Page\nweight = 1\n+++\n")]);
    check("front_matter_yaml", &[("sites/a/content/page.md", b"---\ntitle: [a\n---\n")]);
    check("front_matter_type", &[("sites/a/content/page.md", b"+++\nweight = \"heavy\"\n+++\n")]);
    check("not_utf8", &[("sites/a/content/page.md", b"+++\n+++\nGr\xfc\xdfe\n")]);
    check("broken_internal_link", &[("sites/a/content/page.md", b"+++\n+++\nSee [x](@/nowhere.md).\n")]);
    check("no_template", &[("sites/a/content/page.md", b"+++\ntemplate = \"poster.html\"\n+++\n")]);
}

#[test]
fn mistakes_in_files() {
    check("script", &[("sites/a/static/main.ts", b"const x: number = ;\nlet y = 1;\n")]);
    check("config", &[("sites/a/config.toml", b"title = \"A\"\n[sitekit]\nmode = \"spaa\"\n")]);
}

#[test]
fn what_does_no_harm_is_a_warning_and_the_site_is_built() {
    let project = Project::with(&[
        ("sites/a/config.toml", "titel = \"A\"\n[slugify]\npath = \"on\"\n"),
        ("sites/a/index.html", "<p>a</p>"),
        ("sites/a/style.css", "a { color: red }\n} b { }\n"),
        ("sites/a/data.json", "{\"a\": 1,}"),
    ]);
    insta::assert_snapshot!("warnings", project.build(&["--quiet"]).stderr);
    assert_eq!(project.text("a", "/style.css"), "a { color: red }\n} b { }\n", "published as it is");
}

#[test]
fn two_sources_for_one_url() {
    check(
        "two_sources",
        &[("sites/a/static/page/index.html", b"<p>also</p>"), ("sites/a/content/page/index.md", b"+++\n+++\n")],
    );
}

#[test]
fn all_mistakes_are_reported_in_one_run() {
    check(
        "many",
        &[
            ("sites/a/content/one.md", b"+++\ntitel = 1\nweight = \"x\"\n+++\n"),
            ("sites/a/content/two.md", b"+++\n+++\n[x](@/nowhere.md) and [y](@/neither.md)\n"),
            ("sites/a/templates/page.html", b"{{ page.titel }}"),
            ("sites/a/static/style.css", b"a { color: red }\n} b { }\n"),
            ("sites/a/static/main.ts", b"const = 1;\n"),
        ],
    );
}

#[test]
fn a_symlink_out_of_the_site() {
    let project = Project::with(&[("sites/a/index.html", "<p>a</p>"), ("secret.txt", "not for the public")]);
    project.build(&[]);
    let live = project.bundle("a").generation();
    std::os::unix::fs::symlink("../../secret.txt", project.path("sites/a/leak.txt")).unwrap();
    let run = project.run(&["build", "--quiet"]);
    insta::assert_snapshot!("bad_symlink", run.stderr);
    assert_eq!(run.code, 1);
    assert_eq!(project.bundle("a").generation(), live);
}

#[test]
fn no_sites_folder_and_an_empty_one() {
    let project = Project::with(&[]);
    let run = project.run(&["build"]);
    insta::assert_snapshot!("bad_no_sites", run.stderr);
    assert_eq!(run.code, 1);
    fs::create_dir(project.path("sites")).unwrap();
    let run = project.run(&["build"]);
    insta::assert_snapshot!("bad_empty_sites", run.stderr);
    assert_eq!(run.code, 1);
}

#[test]
fn a_site_with_content_but_no_template() {
    let project = Project::with(&[("sites/a/content/page.md", "Text.\n")]);
    let run = project.run(&["build", "--quiet"]);
    insta::assert_snapshot!("bad_no_templates", run.stderr);
    assert_eq!(run.code, 1);
}

#[test]
fn operators_mistakes_exit_with_2_and_name_the_flag() {
    let project = Project::with(&[("sites/docs/index.html", "<p>a</p>")]);
    let run = project.run(&["build", "--site", "dosc"]);
    assert_eq!(run.code, 2);
    insta::assert_snapshot!("bad_site_flag", run.stderr);
    for (flag, value) in [("--site", "../x"), ("--concurrency", "0"), ("--profile", "fast"), ("--cache-limit", "much")]
    {
        let run = project.run(&["build", flag, value]);
        assert_eq!(run.code, 2, "{flag}");
        assert!(run.stderr.contains(flag), "{}", run.stderr);
    }
}

#[test]
fn one_site_with_mistakes_does_not_keep_the_others_from_being_built() {
    let project = Project::with(&[
        ("sites/good/index.html", "<p>good</p>"),
        ("sites/bad/main.ts", "let = 1;"),
        ("sites/bad/index.html", "x"),
    ]);
    let run = project.run(&["build", "--json"]);
    assert_eq!(run.code, 1);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let published: Vec<(&str, bool)> = json["sites"]
        .as_array()
        .unwrap()
        .iter()
        .map(|site| (site["site"].as_str().unwrap(), site["published"].as_bool().unwrap()))
        .collect();
    assert_eq!(published, [("good", true), ("bad", false)]);
    assert_eq!(json["diagnostics"][0]["path"], "sites/bad/main.ts");
    assert_eq!(json["diagnostics"][0]["line"], 1);
    assert!(project.text("good", "/").contains("good"));
}

#[test]
fn a_folder_that_cannot_name_a_site_does_not_keep_the_others_from_being_built() {
    let project = Project::with(&[("sites/good/index.html", "<p>good</p>"), ("sites/My Site/index.html", "x")]);
    let run = project.run(&["build", "--quiet"]);
    insta::assert_snapshot!("bad_site_name", run.stderr);
    assert_eq!(run.code, 1);
    assert!(project.text("good", "/").contains("good"));
}

#[test]
fn odd_names_are_served_under_their_encoded_urls() {
    let long = "n".repeat(250);
    let names = [
        "a b.txt",
        "100%.txt",
        "%41.txt",
        "Grüße & mehr.txt",
        "emoji-🙂.txt",
        "q?#.txt",
        &format!("{long}.txt"),
        "empty.txt",
    ];
    let project = Project::with(&[("sites/a/index.html", "<p>a</p>")]);
    for name in names {
        project.write(&format!("sites/a/{name}"), if name == "empty.txt" { b"" } else { name.as_bytes() });
    }
    // 300 bytes of path in several segments; one segment can have 255.
    let deep = format!("{}/{}/x.txt", "d".repeat(150), "e".repeat(150));
    project.write(&format!("sites/a/{deep}"), b"deep");
    project.build(&[]);
    for name in names {
        assert_eq!(project.text("a", &format!("/{name}")), if name == "empty.txt" { "" } else { name });
    }
    assert_eq!(project.text("a", &format!("/{deep}")), "deep");
}

#[test]
fn names_that_cannot_be_served_are_diagnostics() {
    let project = Project::with(&[("sites/a/index.html", "<p>a</p>")]);
    project.write("sites/a/back\\slash.txt", b"x");
    project.write("sites/a/new\nline.txt", b"x");
    let latin1 = std::ffi::OsStr::from_bytes(b"sites/a/gr\xfc\xdfe.txt");
    fs::write(project.path("").join(latin1), "x").unwrap();
    let run = project.run(&["build", "--quiet"]);
    insta::assert_snapshot!("bad_names", run.stderr);
    assert_eq!(run.code, 1);
}

#[test]
fn a_large_video_is_copied_as_it_is() {
    let project = Project::with(&[("sites/a/index.html", "<video src=\"/v.mp4\"></video>")]);
    let file = fs::File::create(project.path("sites/a/v.mp4")).unwrap();
    file.set_len(300 << 20).unwrap();
    project.build(&[]);
    let bundle = project.bundle("a");
    let entry = bundle.entry(bundle.lookup("/v.mp4").unwrap());
    let lengths: Vec<u64> = entry.representations().map(|one| one.len()).collect();
    assert_eq!(lengths, [300 << 20], "one representation, not compressed");
}

#[test]
fn a_file_without_read_permission() {
    let project = Project::with(&[("sites/a/index.html", "<p>a</p>"), ("sites/a/private.txt", "x")]);
    project.build(&[]);
    let live = project.bundle("a").generation();
    fs::set_permissions(project.path("sites/a/private.txt"), fs::Permissions::from_mode(0o000)).unwrap();
    let run = as_nobody(&project, &["build", "--quiet"]);
    insta::assert_snapshot!("bad_permission", run);
    assert_eq!(project.bundle("a").generation(), live);
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0"
}

/// Runs the binary without the rights of root: permissions do not hold for root. Returns what went to standard error.
fn as_nobody(project: &Project, args: &[&str]) -> String {
    let output = if is_root() {
        // A copy, because a build folder may be where only root can go.
        let binary = project.path("sitekit");
        // Copied by a process of its own: what another test starts in this moment would inherit our descriptor, and a file
        // that is open for writing cannot be run.
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_sitekit")).arg(&binary).status().unwrap();
        assert!(copied.success());
        fs::set_permissions(project.path(""), fs::Permissions::from_mode(0o755)).unwrap();
        let owned = Command::new("chown").args(["-R", "65534:65534"]).arg(project.path("build")).status().unwrap();
        assert!(owned.success());
        Command::new("setpriv")
            .args(["--reuid", "65534", "--regid", "65534", "--clear-groups"])
            .arg(&binary)
            .args(args)
            .current_dir(project.path(""))
            .output()
            .unwrap()
    } else {
        project.command(args).output().unwrap()
    };
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_full_disk() {
    let project = Project::with(&[("sites/a/index.html", "<p>a</p>")]);
    fs::create_dir_all(project.path("build")).unwrap();
    // A file system of our own, 256 KiB: built once, then given more than fits, then built again.
    let script = r#"
        set -e
        mount -t tmpfs -o size=256k tmpfs build
        "$SITEKIT" build --quiet --profile dev
        before=$(cat build/a/current)
        head -c 300000 /dev/urandom > sites/a/noise.bin
        code=0; "$SITEKIT" build --quiet --profile dev || code=$?
        [ "$code" = 1 ] || { echo "exit $code" >&2; exit 9; }
        [ "$(cat build/a/current)" = "$before" ] || { echo "current changed" >&2; exit 9; }
        "$SITEKIT" check --deep
        ls build/a
    "#;
    // Mounting takes a root, or a namespace in which we are one.
    let namespaces: &[&str] = if is_root() { &["--mount"] } else { &["--user", "--map-root-user", "--mount"] };
    let output = Command::new("unshare")
        .args(namespaces)
        .args(["sh", "-c", script])
        .env("SITEKIT", env!("CARGO_BIN_EXE_sitekit"))
        .current_dir(project.path(""))
        .output()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}{stderr}");
    assert!(stderr.contains("No space left on device") && stderr.contains("build/a/"), "{stderr}");
    assert!(stdout.contains("a: whole"), "{stdout}");
    assert!(!stdout.contains("tmp"), "no half bundle is left behind: {stdout}");
}

/// A disk whose files vanish between being listed and being read.
struct Vanishing(DiskWorld);

impl World for Vanishing {
    fn read(&self, path: &str) -> Result<Bytes, WorldError> {
        if path.contains("gone") { Err(WorldError::NotFound) } else { self.0.read(path) }
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, WorldError> {
        self.0.list(folder)
    }

    fn kind(&self, path: &str) -> Result<EntryKind, WorldError> {
        self.0.kind(path)
    }

    fn real(&self, path: &str) -> Result<String, WorldError> {
        self.0.real(path)
    }

    fn outside(&self) -> &dyn Outside {
        self.0.outside()
    }

    fn shared(&self) -> Arc<dyn World + Send + Sync> {
        Arc::new(Self(self.0.clone()))
    }
}

#[test]
fn a_file_that_vanishes_during_the_build() {
    let project =
        Project::with(&[("sites/a/index.html", "<p>a</p>"), ("sites/a/gone.css", "a{}"), ("sites/a/gone.bin", "x")]);
    let site = SiteName::parse("a").unwrap();
    let options = Options { profile: Profile::Dev };
    let world = Vanishing(DiskWorld::new(project.path(""), "sites/a").unwrap());
    let (compiled, diagnostics) = pipeline::compile(&world, &site, "sites/a", &options, None, &Silent);
    assert!(compiled.is_none());
    let said: Vec<(&str, Severity)> = diagnostics.iter().map(|one: &Diagnostic| (&*one.path, one.severity)).collect();
    assert_eq!(said, [("sites/a/gone.bin", Severity::Error), ("sites/a/gone.css", Severity::Error)]);
}

struct Silent;

impl pipeline::Progress for Silent {
    fn begin(&self, _: pipeline::Stage, _: usize) {}
    fn step(&self) {}
}

//! What the binary prints: the summary, JSON, help.

use crate::project::Project;

const SITE: &[(&str, &str)] = &[
    (
        "sites/a/index.html",
        "<!doctype html><html lang=en><title>A</title><p>hello hello hello hello hello hello hello</p>",
    ),
    ("sites/a/style.css", "body { margin: 0; background: linear-gradient(red, green, red, green, red, green) }"),
    (
        "sites/b/index.html",
        "<!doctype html><html lang=en><title>B</title><p>hello hello hello hello hello hello hello</p>",
    ),
];

#[test]
fn the_summary_has_a_line_a_site() {
    let project = Project::with(SITE);
    let run = project.build(&[]);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(lines[0].starts_with("site  pages  rendered  files"), "{}", run.stdout);
    assert!(lines[1].starts_with("a         1         0      1"), "{}", run.stdout);
    assert!(lines[2].starts_with("b         1         0      0"), "{}", run.stdout);
    assert!(lines[3].starts_with("a → build/a/"), "{}", run.stdout);
    assert!(run.stderr.contains("a: compressing 2 bodies"), "plain lines off a terminal: {}", run.stderr);
    assert!(!run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}'), "no colours off a terminal");
    let again = project.build(&[]);
    assert!(again.stdout.contains("(unchanged)"), "{}", again.stdout);
}

#[test]
fn json_has_the_figures() {
    let project = Project::with(SITE);
    let run = project.build(&["--json"]);
    assert_eq!(run.stderr, "");
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["ok"], true);
    let a = &json["sites"][0];
    assert_eq!((&a["site"], &a["pages"], &a["files"]), (&"a".into(), &1.into(), &1.into()));
    assert_eq!(a["bytes_in"], SITE[0].1.len() + SITE[1].1.len());
    assert_eq!(a["cache"], serde_json::json!({"hits": 0, "misses": 2}));
    assert_eq!(a["generation"].as_str().unwrap(), project.bundle("a").generation().to_string());
    assert!(project.path(a["bundle"].as_str().unwrap()).is_file());
}

#[test]
fn the_dev_profile_does_not_compress() {
    let words = "the same words again and again, ".repeat(100);
    let project = Project::with(&[("sites/a/index.html", &words)]);
    project.build(&["--profile", "dev"]);
    let codings = |project: &Project| {
        let bundle = project.bundle("a");
        let entry = bundle.entry(bundle.lookup("/").unwrap());
        entry.representations().map(|one| one.coding().token()).collect::<Vec<_>>()
    };
    assert_eq!(codings(&project), ["identity"]);
    project.build(&["--profile", "prod"]);
    let mut all = codings(&project);
    all.sort_unstable();
    assert_eq!(all, ["br", "gzip", "identity", "zstd"]);
}

#[test]
fn equal_bodies_are_compressed_and_kept_once() {
    let words = "the same words again and again, ".repeat(100);
    let project = Project::with(&[("sites/a/index.html", "x"), ("sites/a/1.txt", &words), ("sites/a/2.txt", &words)]);
    let run = project.build(&["--json"]);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["sites"][0]["cache"]["misses"], 1, "`x` is too short to code");
    assert_eq!(json["sites"][0]["bytes_out"]["identity"], words.len() + 1);
}

#[test]
fn a_cache_that_is_full_is_trimmed() {
    let project = Project::with(SITE);
    let long: Vec<_> = (0..3000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_string()).collect();
    let long = long.join(" ");
    for page in 0..4 {
        project.write(&format!("sites/a/{page}.txt"), format!("{page} {long}").as_bytes());
    }
    project.build(&["--cache-limit", "30KB"]);
    let kept: u64 =
        crate::project::files_below(&project.path("build/.cache")).iter().map(|(_, bytes)| bytes.len() as u64).sum();
    assert!(kept <= 30_000, "{kept}");
}

#[test]
fn help_and_completions() {
    let project = Project::with(&[]);
    let help = project.run(&["build", "--help"]);
    assert_eq!(help.code, 0);
    assert!(help.stdout.contains("Examples:"));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let run = project.run(&["completions", shell]);
        assert_eq!(run.code, 0);
        assert!(run.stdout.contains("sitekit"), "{shell}");
    }
    assert_eq!(project.run(&["bild"]).code, 2);
}

#[test]
fn check_says_whether_bundles_are_whole() {
    let project = Project::with(SITE);
    assert_eq!(project.run(&["check"]).code, 2, "nothing to check");
    project.build(&[]);
    let whole = project.run(&["check", "--deep"]);
    assert_eq!(whole.code, 0, "{}{}", whole.stdout, whole.stderr);
    assert_eq!(whole.stdout.matches("whole").count(), 2);
    let path = sitekit::map::live(&project.path("build"), &sitekit::site::SiteName::parse("a").unwrap()).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(project.run(&["check"]).code, 0, "a quick check reads no body");
    let damaged = project.run(&["check", "--deep"]);
    assert_eq!(damaged.code, 1, "{}", damaged.stdout);
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(project.run(&["check"]).code, 1);
}

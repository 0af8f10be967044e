//! Who may import whom. ARCHITECTURE.md says why; this reads every `crate::` path in `src/` and holds it to the table.
//! A module that is not in the table may import nothing, and fails until someone decides where it belongs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A module and what it may import; `*` is anything.
const RULES: &[(&str, &[&str])] = &[
    ("site", &[]),
    ("diag", &[]),
    ("bundle", &["site"]),
    ("compress", &["site"]),
    ("observe", &["site"]),
    ("load", &["site", "diag"]),
    ("agent", &[]),
    ("remote", &["agent", "load", "compress", "site", "diag"]),
    ("external", &["agent", "transform"]),
    ("plan", &["load", "site", "diag"]),
    ("transform", &["load", "site", "diag"]),
    ("assets", &["load", "transform", "compress", "site", "diag"]),
    ("pack", &["bundle", "site"]),
    ("map", &["bundle", "site"]),
    ("pipeline", &["load", "plan", "transform", "assets", "compress", "pack", "site", "diag", "observe"]),
    ("serve", &["map", "site", "observe"]),
    ("watch", &[]),
    ("cli", &["*"]),
    ("main", &["cli"]),
    ("lib", &[]),
];

#[test]
fn modules_import_only_what_the_table_allows() {
    let mut faults = Vec::new();
    for file in rust_files(Path::new("src")) {
        let module = module_of(&file);
        let Some((_, allowed)) = RULES.iter().find(|(name, _)| *name == module) else {
            faults.push(format!("{}: `{module}` is not in the table", file.display()));
            continue;
        };
        for imported in imports(&fs::read_to_string(&file).unwrap()) {
            let fine = imported == module || allowed.contains(&"*") || allowed.contains(&imported.as_str());
            if !fine {
                faults.push(format!("{}: `{module}` may not import `{imported}`", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn unsafe_code_lives_in_the_memory_map_alone() {
    for file in rust_files(Path::new("src")) {
        let text = fs::read_to_string(&file).unwrap();
        let has_unsafe = text.lines().any(|line| line.split("//").next().unwrap_or("").contains("unsafe {"));
        assert!(!has_unsafe || file.ends_with("map/mmap.rs"), "unsafe code in {}", file.display());
    }
}

#[test]
fn every_file_says_why_it_exists() {
    for file in rust_files(Path::new("src")) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//!"), "{} has no header", file.display());
    }
}

#[test]
fn anyhow_and_miette_stay_at_the_edge() {
    for file in rust_files(Path::new("src")) {
        let text = fs::read_to_string(&file).unwrap();
        let wide = ["anyhow", "miette"]
            .iter()
            .any(|name| text.contains(&format!("{name}::")) || text.contains(&format!("use {name}")));
        assert!(!wide || module_of(&file) == "cli", "{} uses anyhow or miette", file.display());
    }
}

#[test]
fn the_import_reader_sees_every_form() {
    let text = "use crate::map::Bundle;\nuse crate::{site::SitePath, diag};\nfn f() -> crate::plan::Plan {}\n// crate::ignored\n";
    assert_eq!(imports(text), ["diag", "map", "plan", "site"].map(str::to_owned).into());
}

/// The first segments of all paths below `crate::`, in `use` lists and in code, comments left out.
fn imports(text: &str) -> BTreeSet<String> {
    let code: String = text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => found.extend(top_level(list).into_iter().map(|item| first_segment(item).to_owned())),
            None => found.extend([first_segment(rest).to_owned()]),
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

fn first_segment(path: &str) -> &str {
    let path = path.trim_start();
    let end = path.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(path.len());
    &path[..end]
}

/// The items of a `{…}` list that has just been opened, nested lists left whole.
fn top_level(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                items.push(&list[start..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    items
}

fn module_of(file: &Path) -> String {
    let inside = file.strip_prefix("src").unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.strip_suffix(".rs").map_or(first.clone(), str::to_owned)
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// What `cargo run` and `cargo test` compile differently, each compiles for itself: minutes, where it stands below the largest
/// dependencies.
#[test]
fn the_program_and_its_tests_share_what_was_compiled_of_the_largest_dependencies() {
    let trees = [&["--package", "sitekit", "--edges", "normal,build"][..], &["--workspace", "--edges", "all"]];
    let [of_program, of_tests] = trees.map(features);
    let below = |name| cargo_tree(&["--edges", "normal,build", "--package", name, "--format", "{p}"]);
    for (package, features) in
        below("rolldown").union(&below("swc_core")).filter_map(|one| of_program.get_key_value(one))
    {
        // One for what runs while compiling, perhaps, and another for the program.
        let known = of_tests.get(package).is_some_and(|known| features.is_subset(known));
        assert!(known, "{package} has other features than {features:?} in the tests: name those in Cargo.toml");
    }
}

/// Of each package its features, by all ways there are to it.
fn features(options: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
    let mut packages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let lines = cargo_tree(&[options, &["--format", "{p}|{f}"]].concat());
    for (package, features) in lines.iter().filter_map(|line| line.split_once('|')) {
        packages.entry(package.to_owned()).or_default().insert(features.to_owned());
    }
    packages
}

fn cargo_tree(options: &[&str]) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap();
    let tree =
        Command::new(cargo).args(["tree", "--offline", "--locked", "--prefix", "none"]).args(options).output().unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let text = String::from_utf8(tree.stdout).unwrap();
    let marks = |line: &str| line.replace(" (*)", "").replace(" (proc-macro)", "").trim().to_owned();
    text.lines().map(marks).filter(|line| !line.is_empty()).collect()
}

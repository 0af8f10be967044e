//! One small site per mistake, in `tests/broken/`. What is expected stands in the site, beside the mistake:
//!
//! - `error: text` (or `warning: text`) in a comment of any kind: a diagnostic on this line,
//! - `error at 3: text`: on line 3 of the file, where no comment can stand,
//! - `error in file: text`: about the file, without a place,
//! - `expected.txt`, a line `error path: text` each: about what has no text; `error (rendered /a/):3: text`: on line 3 of
//!   what was rendered there.
//!
//! `text` is the message, or the message and the help in brackets. Every diagnostic is expected, and every one that is
//! expected comes.

use std::{collections::BTreeMap, fs, path::Path};

use sitekit::{
    diag::{Diagnostic, Severity},
    load::DiskWorld,
    pipeline::{Options, Profile, Progress, Stage, compile},
    site::SiteName,
};

const SITES: &str = "tests/broken";

#[test]
fn every_mistake_is_told_where_it_is() {
    let mut names: Vec<_> =
        fs::read_dir(SITES).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let faults: Vec<_> = names.iter().flat_map(|name| compare(name)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What was expected and did not come, and the other way round.
fn compare(name: &str) -> Vec<String> {
    let mut expected = BTreeMap::new();
    read_expected(name, &Path::new(SITES).join(name), &mut expected);
    let mut faults = Vec::new();
    for found in diagnostics(name) {
        let severity = if found.severity == Severity::Error { "error" } else { "warning" };
        let line = found.position().map(|(line, _)| line);
        let key = (severity.to_owned(), found.path.to_string(), line);
        let with_help = found.help.as_ref().map_or(found.message.clone(), |help| format!("{} ({help})", found.message));
        let texts: &mut Vec<String> = expected.entry(key).or_default();
        match texts.iter().position(|text| *text == found.message || *text == with_help) {
            Some(at) => drop(texts.remove(at)),
            None => faults.push(format!("not expected: {severity} {}:{line:?}: {with_help}", found.path)),
        }
    }
    for ((severity, path, line), texts) in expected {
        faults.extend(texts.into_iter().map(|text| format!("did not come: {severity} {path}:{line:?}: {text}")));
    }
    faults
}

/// Severity, path and line; the texts.
type Expected = BTreeMap<(String, String, Option<usize>), Vec<String>>;

fn read_expected(path: &str, folder: &Path, expected: &mut Expected) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{path}/{name}");
        if entry.path().is_dir() {
            read_expected(&path, &entry.path(), expected);
            continue;
        }
        let text = fs::read_to_string(entry.path()).unwrap();
        for (number, line) in (1..).zip(text.lines()) {
            if name == "expected.txt" {
                let (severity, rest) = line.split_once(' ').unwrap();
                let (file, text) = rest.split_once(": ").unwrap();
                let site = path.trim_end_matches("/expected.txt");
                let (file, at) = match file.rsplit_once(':') {
                    Some((rendered, at)) => (format!("{site} {rendered}"), Some(at.parse().unwrap())),
                    None if file.is_empty() => (site.to_owned(), None),
                    None => (format!("{site}/{file}"), None),
                };
                expected.entry((severity.to_owned(), file, at)).or_default().push(text.to_owned());
            } else if let Some((severity, at, text)) = annotation(line, number) {
                expected.entry((severity.to_owned(), path.clone(), at)).or_default().push(text.to_owned());
            }
        }
    }
}

/// The severity, the line and the text that a comment on line `number` expects.
fn annotation(line: &str, number: usize) -> Option<(&str, Option<usize>, &str)> {
    let (start, severity) = ["error", "warning"].iter().find_map(|&word| {
        Some((
            ["# ", "{# ", "<!-- ", "// ", "/* "]
                .iter()
                .find_map(|open| line.find(&format!("{open}{word}")).map(|at| at + open.len()))?,
            word,
        ))
    })?;
    let rest =
        line[start + severity.len()..].trim_end().trim_end_matches("#}").trim_end_matches("-->").trim_end_matches("*/");
    let (place, text) = rest.split_once(':')?;
    let at = match place {
        "" => Some(number),
        " in file" => None,
        _ => Some(place.strip_prefix(" at ")?.parse().ok()?),
    };
    Some((severity, at, text.trim()))
}

/// Everything a build says.
fn diagnostics(name: &str) -> Vec<Diagnostic> {
    let world = DiskWorld::new(SITES, name).unwrap();
    let site = SiteName::parse(name).unwrap();
    let options = Options { profile: Profile::Dev };
    let (image, diagnostics) = compile(&world, &site, name, &options, None, &Silent);
    let errors = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    assert_eq!(image.is_none(), errors, "{name}");
    diagnostics
}

struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Stage, _: usize) {}
    fn step(&self) {}
}

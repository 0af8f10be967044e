//! What must be true of all settings, whichever there are.

use std::{collections::BTreeSet, fs, path::Path};

use super::{
    Origins, file,
    key::Face,
    keys::{Config, GROUPS, KEYS},
    schema::{reference, schema},
};
use crate::diag::Source;

/// Compares a file of the repository with what it is made of; with `SITEKIT_ACCEPT=1`, writes it.
#[track_caller]
fn holds(path: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("SITEKIT_ACCEPT").is_some() {
        fs::write(&path, expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{} is not what the settings say: SITEKIT_ACCEPT=1 cargo test settings", path.display());
}

#[test]
fn the_schema_is_the_one_that_is_published() {
    holds("sitekit.schema.json", &format!("{:#}\n", schema()));
}

/// What is wrong with a file by its schema, and by what reads it.
fn judged(text: &str) -> (Option<String>, Vec<String>) {
    let (mut schemas, mut reading) = (boon::Schemas::new(), boon::Compiler::new());
    reading.add_resource("sitekit.schema.json", schema()).unwrap();
    let compiled = reading.compile("sitekit.schema.json", &mut schemas).unwrap();
    let value: serde_json::Value = toml::from_str(text).unwrap();
    let by_schema = schemas.validate(&value, compiled).err().map(|error| error.to_string());
    let source = Source::new("sitekit.toml", text);
    let mistakes = file::read(&source, Path::new(""), &mut Config::default(), &mut Origins::default());
    (by_schema, mistakes.into_iter().map(|mistake| mistake.message).collect())
}

#[test]
fn examples_are_right_by_their_schema_and_by_what_reads_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = vec![fs::read_to_string(root.join("examples/sitekit.toml")).unwrap(), String::new()];
    for page in ["configuration/sitekit-toml.md", "server/hosts.md", "server/production.md"] {
        let page = fs::read_to_string(root.join("sites/docs/content").join(page)).unwrap();
        let blocks = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap_or("").to_owned());
        texts.extend(blocks);
    }
    assert!(texts.len() > 4, "the manual's examples were not found");
    for text in texts {
        assert_eq!(judged(&text), (None, Vec::new()), "{text}");
    }
}

#[test]
fn schema_and_reader_refuse_the_same() {
    for text in [
        "treads = 1",
        "prod = \"yes\"",
        "threads = 0",
        "threads = \"2\"",
        "[limits]\ngrace = 10",
        "[limits]\ngrace = \"10\"",
        "[limits]\ngrace = \"0s\"",
        "[limits]\nhead_bytes = \"big\"",
        "limits = 1",
        "[log]\nlevel = \"loud\"",
        "only = [1]",
        "[[rate_limit]]\nname = \"a\"",
        "[[rate_limit]]\nname = \"a\"\nrequests = 1\nper_second = 2",
        "[rate_limit]\nname = \"a\"",
        "[sites.docs]\nhost = \"a.example\"",
        "[tls]\ncertificate = \"x.pem\"",
    ] {
        let (by_schema, mistakes) = judged(text);
        assert!(by_schema.is_some() && !mistakes.is_empty(), "{text}: {by_schema:?} {mistakes:?}");
    }
}

#[test]
fn the_manual_has_every_setting() {
    let page = "sites/docs/content/configuration/sitekit-toml.md";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = fs::read_to_string(path).unwrap();
    let (intro, _) = text.split_once("\n## Top level").unwrap();
    holds(page, &format!("{intro}{}", reference()));
}

#[test]
fn every_setting_can_be_set_everywhere_and_by_one_name() {
    let (mut names, mut flags) = (BTreeSet::new(), BTreeSet::new());
    for key in KEYS {
        assert!(names.insert(key.name), "{} twice", key.name);
        assert!(key.flag.is_some() || !key.switches.is_empty(), "{} has no flag", key.name);
        assert!(!key.doc.ends_with('.') && !key.doc.is_empty(), "{}: {}", key.name, key.doc);
        for flag in key.flag.iter().chain(&key.alias).chain(key.switches.iter().map(|(flag, _)| flag)) {
            assert!(flags.insert(*flag), "--{flag} twice");
        }
        // What is not set says what holds instead.
        let unset = Config::default();
        assert_eq!((key.words)(&unset).is_none(), !key.unset.is_empty(), "{}", key.name);
        assert!(key.faces.contains(&Face::Serve) || key.name.starts_with("build."), "{}", key.name);
    }
    for group in GROUPS {
        assert!(KEYS.iter().all(|key| !key.name.starts_with(group.name)), "{}", group.name);
        assert!(!group.doc.ends_with('.') && !(group.keys)().is_empty(), "{}", group.name);
    }
}

#[test]
fn what_is_shown_reads_back() {
    for key in KEYS {
        let Some(words) = (key.words)(&Config::default()) else { continue };
        let mut read = Config::default();
        (key.read)(&mut read, &words).unwrap();
        assert_eq!((key.words)(&read), Some(words), "{}", key.name);
    }
}

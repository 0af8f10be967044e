//! What must be true of all settings, whichever there are.

use std::{collections::BTreeSet, fs, path::Path};

use super::{
    key::Face,
    keys::{Config, GROUPS, KEYS},
    schema::{reference, schema},
};

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

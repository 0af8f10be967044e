//! A machine that stops at any step of a commit leaves the old generation or the new one, whole, and the next build
//! works. A disk that refuses a step leaves the old one, and nothing half done.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use sitekit::{
    map::open_live,
    pack::{Sealed, seal},
    site::{Coding, ContentHash, EncodedBody},
};

use crate::{
    disk::{FakeDisk, Files, Trouble},
    images,
};

const BUILD: &str = "build";

/// The third generation has a body that is larger than what is written at once.
fn generation(number: u8) -> Sealed {
    let mut image = images::small();
    let len = if number == 3 { 300 * 1024 } else { 100 };
    let root = image.routes.get_mut(&images::path("/")).unwrap();
    root.bodies[0] = EncodedBody { coding: Coding::Identity, bytes: Bytes::from(vec![number; len]) };
    seal(&image).unwrap()
}

fn file(name: &str) -> PathBuf {
    [BUILD, "docs", name].iter().collect()
}

/// A build folder in which these generations were published, one after the other.
fn published(generations: &[u8], keep: usize) -> Files {
    let mut files = Files::new();
    for &number in generations {
        let disk = FakeDisk::with(&files, Trouble::Never);
        generation(number).commit(&disk, Path::new(BUILD), keep).unwrap();
        files = disk.files();
    }
    files
}

/// The generation a server finds in these files; `None` when nothing was published. Panics on a broken one.
fn live(files: &Files) -> Option<ContentHash> {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    if !files.contains_key(&file("current")) {
        return None;
    }
    let bundle = open_live(&folder.path().join(BUILD), &images::site("docs")).unwrap();
    bundle.verify_bodies().unwrap();
    Some(bundle.generation())
}

/// Stops the machine at every step of committing `number` over `before`, and looks at everything that may be left.
#[track_caller]
fn check(before: &Files, number: u8, keep: usize) {
    let (old, new) = (live(before), generation(number));
    let mut seen = BTreeSet::new();
    for step in 0.. {
        let disk = FakeDisk::with(before, Trouble::StopAt(step));
        let committed = new.commit(&disk, Path::new(BUILD), keep);
        for files in disk.aftermaths() {
            if !seen.insert((committed.is_ok(), files.clone())) {
                continue;
            }
            let found = live(&files);
            assert!(found == old && committed.is_err() || found == Some(new.generation()), "step {step}: {found:?}");

            let next = FakeDisk::with(&files, Trouble::Never);
            let again = new.commit(&next, Path::new(BUILD), keep).unwrap();
            assert!(again.left.is_empty());
            assert_eq!(live(&next.files()), Some(new.generation()), "the next build works after step {step}");
            assert!(next.files().keys().all(|path| path.extension().is_none_or(|extension| extension != "tmp")));
        }
        if disk.steps() <= step {
            assert!(step >= 3, "there was something to do");
            return;
        }
    }
}

#[test]
fn in_the_first_commit_of_a_site() {
    check(&Files::new(), 1, 5);
}

#[test]
fn in_the_commit_of_a_new_generation() {
    check(&published(&[1], 5), 2, 5);
}

#[test]
fn in_the_commit_of_a_large_generation() {
    check(&published(&[1], 5), 3, 5);
}

#[test]
fn in_the_commit_of_a_generation_that_is_there_already() {
    check(&published(&[1, 2], 5), 1, 5);
}

#[test]
fn in_the_commit_of_the_live_generation() {
    check(&published(&[1, 2], 5), 2, 5);
}

#[test]
fn while_older_generations_are_removed() {
    check(&published(&[1, 2, 4, 5], 5), 6, 1);
}

#[test]
fn over_a_damaged_file_of_the_same_name() {
    let mut files = published(&[1], 5);
    let name = format!("{}.bundle", generation(2).generation());
    files.insert(file(&name), b"damaged".to_vec());
    check(&files, 2, 5);
}

#[test]
fn over_what_a_killed_build_left() {
    let mut files = published(&[1], 5);
    files.insert(file(".bundle.tmp"), vec![7; 1000]);
    files.insert(file(".current.tmp"), b"half".to_vec());
    check(&files, 2, 5);
}

/// A full disk, one that fails, one that is read-only: the message names the file, the old generation stays, and no
/// temporary file does.
#[test]
fn a_disk_that_refuses_a_step() {
    let before = published(&[1], 5);
    let (old, new) = (live(&before), generation(3));
    let mut messages = BTreeSet::new();
    for step in 0.. {
        let disk = FakeDisk::with(&before, Trouble::RefuseAt(step, io::ErrorKind::StorageFull));
        let committed = new.commit(&disk, Path::new(BUILD), 5);
        if disk.steps() <= step {
            break;
        }
        let found = live(&disk.files());
        match committed {
            Ok(committed) => panic!("step {step} was not needed: {committed:?}"),
            Err(error) => {
                assert!(found == old || error.action == "sync", "{error}");
                messages.insert(error.to_string().replace(&new.generation().to_string(), "<generation>"));
            }
        }
        assert!(disk.files().keys().all(|path| path.extension().is_none_or(|extension| extension != "tmp")));
        for files in disk.aftermaths() {
            assert!(live(&files) == old || live(&files) == Some(new.generation()));
        }
    }
    insta::assert_snapshot!(messages.into_iter().collect::<Vec<_>>().join("\n"), @"
    cannot make the folder build/docs: no storage space
    cannot replace build/docs/<generation>.bundle: no storage space
    cannot replace build/docs/current: no storage space
    cannot sync build/docs: no storage space
    cannot write build/docs/.bundle.tmp: no storage space
    cannot write build/docs/.current.tmp: no storage space
    ");
}

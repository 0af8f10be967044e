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
    pack::{CommitError, Disk, Sealed, publish, seal},
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

/// The same folder after going back to a generation in it.
fn went_back(files: &Files, number: u8) -> Files {
    let disk = FakeDisk::with(files, Trouble::Never);
    publish(&disk, Path::new(BUILD), &images::site("docs"), generation(number).generation()).unwrap();
    disk.files()
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
    check_act(before, number, keep, |new, disk| new.commit(disk, Path::new(BUILD), keep).map(drop));
}

/// The same for going back to `number`.
#[track_caller]
fn check_publish(before: &Files, number: u8) {
    let go_back =
        |to: &Sealed, disk: &dyn Disk| publish(disk, Path::new(BUILD), &images::site("docs"), to.generation());
    check_act(before, number, 5, go_back);
}

#[track_caller]
fn check_act(before: &Files, number: u8, keep: usize, act: impl Fn(&Sealed, &dyn Disk) -> Result<(), CommitError>) {
    let (old, new) = (live(before), generation(number));
    let mut seen = BTreeSet::new();
    for step in 0.. {
        let disk = FakeDisk::with(before, Trouble::StopAt(step));
        let acted = act(&new, &disk);
        for files in disk.aftermaths() {
            if !seen.insert((acted.is_ok(), files.clone())) {
                continue;
            }
            let found = live(&files);
            assert!(found == old && acted.is_err() || found == Some(new.generation()), "step {step}: {found:?}");

            let next = FakeDisk::with(&files, Trouble::Never);
            let again = new.commit(&next, Path::new(BUILD), keep).unwrap();
            assert!(again.left.is_empty());
            assert_eq!(live(&next.files()), Some(new.generation()), "the next build works after step {step}");
            assert!(next.files().keys().all(|path| path.extension().is_none_or(|extension| extension != "tmp")));
        }
        if disk.steps() <= step {
            assert!(step >= 2, "there was something to do");
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
fn in_the_commit_over_a_generation_that_was_gone_back_to() {
    let before = went_back(&published(&[1, 2, 4], 5), 1);
    check(&before, 5, 5);
}

#[test]
fn in_going_back() {
    check_publish(&published(&[1, 2], 5), 1);
    check_publish(&published(&[1, 2, 4], 5), 1);
}

#[test]
fn in_going_forward_again() {
    check_publish(&went_back(&published(&[1, 2, 4], 5), 1), 4);
}

/// `current` is not whole, or gone: going to a generation mends it.
#[test]
fn in_going_back_from_nowhere() {
    let mut files = published(&[1, 2], 5);
    files.remove(&file("current"));
    check_publish(&files, 1);
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

/// What is gone cannot be gone back to, and nothing changes.
#[test]
fn going_back_to_what_was_removed() {
    let before = published(&[1, 2], 5);
    let disk = FakeDisk::with(&before, Trouble::Never);
    let gone = generation(4).generation();
    let error = publish(&disk, Path::new(BUILD), &images::site("docs"), gone).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot open build/docs/{gone}.bundle: entity not found"));
    assert_eq!(disk.files(), before);
}

/// A disk that refuses a step of going back: the old generation stays, or the new one is live and only not yet safe.
#[test]
fn a_disk_that_refuses_to_go_back() {
    let before = published(&[1, 2], 5);
    let (old, new) = (live(&before), generation(1).generation());
    let mut messages = BTreeSet::new();
    for step in 0.. {
        let disk = FakeDisk::with(&before, Trouble::RefuseAt(step, io::ErrorKind::StorageFull));
        let published = publish(&disk, Path::new(BUILD), &images::site("docs"), new);
        if disk.steps() <= step {
            break;
        }
        let error = published.unwrap_err();
        assert!(live(&disk.files()) == old || error.action == "sync", "{error}");
        assert!(disk.aftermaths().iter().all(|files| live(files) == old || live(files) == Some(new)));
        messages.insert(error.to_string());
    }
    insta::assert_snapshot!(messages.into_iter().collect::<Vec<_>>().join("\n"), @"
    cannot replace build/docs/current: no storage space
    cannot sync build/docs: no storage space
    cannot write build/docs/.current.tmp: no storage space
    ");
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

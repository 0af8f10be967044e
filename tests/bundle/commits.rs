//! Committing to a real folder: what is written, what is kept, and two builds at once.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use bytes::Bytes;
use sitekit::{
    map::{generations, live, open_live, sites},
    pack::{Committed, RealDisk, Sealed, publish, seal},
    site::{Coding, ContentHash, EncodedBody, SiteName},
};

use crate::images;

fn docs() -> SiteName {
    images::site("docs")
}

/// A site whose first page has this text.
fn sealed(text: &str) -> Sealed {
    let mut image = images::small();
    let root = image.routes.get_mut(&images::path("/")).unwrap();
    root.bodies[0] = EncodedBody { coding: Coding::Identity, bytes: Bytes::copy_from_slice(text.as_bytes()) };
    seal(&image).unwrap()
}

fn commit(build: &Path, text: &str, keep: usize) -> Committed {
    sealed(text).commit(&RealDisk, build, keep).unwrap()
}

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// The hashes of the kept generations, the last published first.
fn kept(build: &Path) -> Vec<ContentHash> {
    generations(build, &docs()).unwrap().into_iter().map(|generation| generation.hash).collect()
}

#[test]
fn a_commit_is_found_by_readers() {
    let build = tempfile::tempdir().unwrap();
    let build = build.path().join("made/on/the/way");
    let committed = commit(&build, "one", 5);
    assert!(committed.written);
    assert_eq!(committed.len, fs::metadata(&committed.path).unwrap().len());
    assert_eq!(live(&build, &docs()).unwrap(), committed.path);
    assert_eq!(open_live(&build, &docs()).unwrap().generation(), committed.generation);
    let file = format!("{}.bundle", committed.generation);
    assert_eq!(names(&build.join("docs")), BTreeSet::from([".lock".to_owned(), file, "current".to_owned()]));

    fs::create_dir(build.join("cache")).unwrap();
    fs::write(build.join("notes.txt"), "").unwrap();
    assert_eq!(sites(&build).unwrap(), [docs()]);
}

#[test]
fn a_generation_that_is_there_is_not_written_again() {
    let build = tempfile::tempdir().unwrap();
    let first = commit(build.path(), "one", 5);
    let before = fs::metadata(&first.path).unwrap();
    let again = commit(build.path(), "one", 5);
    assert_eq!((again.written, &again.path), (false, &first.path));
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::MetadataExt::ino(&fs::metadata(&first.path).unwrap()),
        std::os::unix::fs::MetadataExt::ino(&before)
    );
    assert_eq!(before.len(), again.len);
}

#[test]
fn a_damaged_generation_is_written_again() {
    let build = tempfile::tempdir().unwrap();
    let first = commit(build.path(), "one", 5);
    let whole = fs::read(&first.path).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for damaged in [&flipped[..], &whole[..100], &[], &[&whole[..], &[0]].concat()] {
        fs::write(&first.path, damaged).unwrap();
        assert!(commit(build.path(), "one", 5).written);
        assert_eq!(fs::read(&first.path).unwrap(), whole);
    }
}

#[test]
fn the_last_generations_are_kept_and_the_live_one_always() {
    let build = tempfile::tempdir().unwrap();
    let texts = ["one", "two", "three", "four"];
    let hashes: Vec<_> = texts.iter().map(|text| commit(build.path(), text, 3).generation).collect();
    assert_eq!(kept(build.path()), [hashes[3], hashes[2], hashes[1]]);

    // Published again, an old one is the newest.
    let back = commit(build.path(), "two", 3);
    assert_eq!((back.written, back.removed.len()), (false, 0));
    assert_eq!(kept(build.path()), [hashes[1], hashes[3], hashes[2]]);
    let live: Vec<_> = generations(build.path(), &docs()).unwrap().iter().map(|generation| generation.live).collect();
    assert_eq!(live, [true, false, false]);

    let last = commit(build.path(), "five", 0);
    assert_eq!(last.removed.len(), 3);
    assert_eq!(kept(build.path()), [last.generation]);
}

/// A build folder in which one, two and three were built, and what happened then: builds, and goings back, after which
/// these are kept, the newest first, and this one is live.
#[track_caller]
fn check_order(keep: usize, happened: &[(&str, &str)], expected: &[&str], live: &str) {
    let build = tempfile::tempdir().unwrap();
    for (what, text) in [("build", "one"), ("build", "two"), ("build", "three")].iter().chain(happened) {
        match *what {
            "build" => drop(commit(build.path(), text, keep)),
            _ => publish(&RealDisk, build.path(), &docs(), sealed(text).generation()).unwrap(),
        }
    }
    let generations = generations(build.path(), &docs()).unwrap();
    let texts = ["one", "two", "three", "four", "five"];
    let text_of = |hash| *texts.iter().find(|text| sealed(text).generation() == hash).unwrap();
    let found: Vec<_> = generations.iter().map(|generation| text_of(generation.hash)).collect();
    let now_live: Vec<_> = generations.iter().filter(|one| one.live).map(|one| text_of(one.hash)).collect();
    assert_eq!((&found[..], &now_live[..]), (expected, &[live][..]), "{happened:?}");
}

/// The order is what "the one before the live one" is found by, and what is removed when there are too many.
#[test]
fn going_back_keeps_the_order_and_a_build_after_it_comes_before_what_it_replaced() {
    for (happened, expected, live) in [
        (&[("back", "two")][..], &["three", "two", "one"][..], "two"),
        (&[("back", "two"), ("back", "one")], &["three", "two", "one"], "one"),
        (&[("back", "one"), ("back", "three")], &["three", "two", "one"], "three"),
        // Going back from the fourth leads to the second, not to the third, which had been gone back from.
        (&[("back", "two"), ("build", "four")], &["four", "two", "three", "one"], "four"),
        (&[("back", "two"), ("build", "one")], &["one", "two", "three"], "one"),
        // A build that changes nothing changes no order.
        (&[("back", "two"), ("build", "two")], &["three", "two", "one"], "two"),
    ] {
        check_order(5, happened, expected, live);
    }
    // Of those that are beyond the number, the one that was live until now is the last to go.
    check_order(2, &[("back", "two"), ("build", "four")], &["four", "two"], "four");
    check_order(3, &[("back", "one"), ("build", "four")], &["four", "one", "three"], "four");
    check_order(3, &[("back", "one"), ("build", "four"), ("build", "five")], &["five", "four", "one"], "five");
}

#[test]
fn what_cannot_be_written_is_named() {
    let build = tempfile::tempdir().unwrap();
    fs::write(build.path().join("docs"), "a file where the folder should be").unwrap();
    let error = sealed("one").commit(&RealDisk, build.path(), 5).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot lock {}: Not a directory (os error 20)", build.path().join("docs/.lock").display())
    );
}

#[test]
fn builds_at_once_and_a_server_between_them() {
    let build = tempfile::tempdir().unwrap();
    let build = build.path();
    commit(build, "first", 1);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let builds: Vec<_> = ["a", "b", "c"]
            .map(|who| {
                scope.spawn(move || {
                    for nth in 0..15 {
                        // The same text now and then, so that builds meet on one generation.
                        commit(build, &format!("{}{}", if nth % 3 == 0 { "x" } else { who }, nth), 1);
                    }
                })
            })
            .into();
        let server = scope.spawn(|| {
            let mut seen = BTreeSet::new();
            while !done.load(Ordering::Relaxed) {
                let bundle = open_live(build, &docs()).unwrap();
                bundle.verify_bodies().unwrap();
                seen.insert(bundle.generation());
            }
            seen.len()
        });
        let finished: Vec<_> = builds.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        assert!(finished.iter().all(Result::is_ok));
        assert!(server.join().unwrap() >= 1);
    });
    assert_eq!(kept(build), [open_live(build, &docs()).unwrap().generation()]);
    assert_eq!(names(&build.join("docs")).len(), 3, "no temporary file is left");
}

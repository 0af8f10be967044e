//! What a server reads from a bundle: entries, representations and the header fields of an answer.

use std::{fs::File, io};

use http::HeaderMap;
use sitekit::{
    map::{Bundle, Entry},
    pack::{RealDisk, SealError, seal},
    site::{Coding, ContentHash, Field, SiteImage},
};

use crate::{bundle, images};

fn entry<'a>(bundle: &'a Bundle, path: &str) -> Entry<'a> {
    bundle.entry(bundle.lookup(path).unwrap())
}

/// Fields as lines, sorted.
fn lines(fields: &HeaderMap) -> Vec<String> {
    let mut lines: Vec<_> = fields.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.sort();
    lines
}

#[test]
fn the_fields_of_each_representation_are_decided() {
    let bundle = bundle(&images::small());
    let tag = |body: &str| ContentHash::of(body.as_bytes());
    for (path, nth, coding, expected) in [
        (
            "/",
            0,
            Coding::Identity,
            vec![
                "content-length: 16".to_owned(),
                "content-type: text/html; charset=utf-8".to_owned(),
                format!("etag: \"{}\"", tag("<h1>Welcome</h1>")),
                "vary: Accept-Encoding".to_owned(),
                "x-content-type-options: nosniff".to_owned(),
            ],
        ),
        (
            "/",
            1,
            Coding::Brotli,
            vec![
                "content-encoding: br".to_owned(),
                "content-length: 2".to_owned(),
                "content-type: text/html; charset=utf-8".to_owned(),
                format!("etag: \"{}-br\"", tag("br")),
                "vary: Accept-Encoding".to_owned(),
                "x-content-type-options: nosniff".to_owned(),
            ],
        ),
        (
            "/guide",
            0,
            Coding::Identity,
            vec!["content-length: 0".to_owned(), format!("etag: \"{}\"", tag("")), "location: /docs/guide/".to_owned()],
        ),
    ] {
        let entry = entry(&bundle, path);
        let representation = entry.representations().nth(nth).unwrap();
        assert_eq!(representation.coding(), coding);
        assert_eq!(lines(&entry.header_map(&representation)), expected, "{path} {coding:?}");
    }
}

#[test]
fn entries_and_their_representations() {
    let bundle = bundle(&images::small());
    assert_eq!(bundle.site().as_str(), "docs");
    assert_eq!(bundle.base().as_str(), "/docs/");
    assert_eq!(bundle.not_found(), bundle.lookup("/404.html"));
    assert_eq!(bundle.route_count(), 7);
    assert_eq!(bundle.representation_count(), 11);

    let guide = entry(&bundle, "/guide/");
    assert_eq!((guide.path(), guide.status(), guide.is_negotiated()), ("/guide/", 200, true));
    let [identity, gzip] = guide.representations().collect::<Vec<_>>().try_into().unwrap();
    assert_eq!((identity.coding(), &identity.body()[..]), (Coding::Identity, &b"<p>Guide</p>"[..]));
    assert_eq!((gzip.coding(), &gzip.body()[..]), (Coding::Gzip, &b"gz"[..]));
    assert_eq!(guide.identity().id(), identity.id());
    assert_eq!(bundle.representation(gzip.id()).etag(), gzip.etag());
    assert_eq!(identity.length_text(), "12");
    assert_eq!(gzip.verify(), Ok(()));

    let same = entry(&bundle, "/same.html");
    assert_eq!(same.identity().offset(), identity.offset(), "equal bodies are one");
    assert!(!same.is_negotiated());
    for missing in ["", "/guid", "/guide//", "/GUIDE/", "/img/Gr\u{fc}\u{df}e 100%.svg\0"] {
        assert_eq!(bundle.lookup(missing), None, "{missing:?}");
    }
}

#[test]
fn a_replica_serves_the_same_file_when_the_first_is_gone() {
    let image = images::small();
    let first = bundle(&image);
    let (replica, body) = (first.replica(), entry(&first, "/").identity().body());
    assert_eq!(entry(&replica, "/").identity().body().as_ptr(), body.as_ptr(), "nothing is copied");
    drop((first, body));
    assert_eq!(replica.to_image(), image);
}

/// Whoever looks up a path must not wait for a page of the file, and neither must whoever sends a header field.
#[test]
fn tables_are_in_memory_of_their_own() {
    let bundle = bundle(&images::small());
    let file = bundle.bytes().as_ptr_range();
    for (path, id) in bundle.routes() {
        let entry = bundle.entry(id);
        assert!(!file.contains(&path.as_ptr()), "{path}");
        for representation in entry.representations() {
            let fields = entry.header_map(&representation);
            assert!(fields.values().all(|value| !file.contains(&value.as_bytes().as_ptr())), "{path}");
            let body = representation.body();
            assert!(body.is_empty() || file.contains(&body.as_ptr()), "{path}: bodies are not copied");
        }
    }
}

#[test]
fn a_part_of_the_file_is_copied() {
    let folder = tempfile::tempdir().unwrap();
    let committed = seal(&images::small()).unwrap().commit(&RealDisk, folder.path(), 1).unwrap();
    let from_disk = Bundle::open(&committed.path).unwrap();
    for bundle in [bundle(&images::small()), from_disk.clone(), from_disk.replica()] {
        for (_, id) in bundle.routes() {
            for representation in bundle.entry(id).representations() {
                let place = representation.place();
                assert_eq!(place.end - place.start, representation.len());
                assert_eq!(bundle.read(place).unwrap(), representation.body());
            }
        }
        assert_eq!(bundle.read(0..bundle.len()).unwrap(), bundle.bytes());
        for outside in [bundle.len()..bundle.len() + 1, u64::MAX - 1..u64::MAX] {
            assert_eq!(bundle.read(outside).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        }
    }
    // Against all promises, the file is cut: a touch of the map would end the process.
    File::options().write(true).open(&committed.path).unwrap().set_len(1).unwrap();
    assert_eq!(from_disk.read(0..from_disk.len()).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
}

/// Ids of another bundle are a mistake of ours; they may find nothing, and must not panic.
#[test]
fn an_id_of_a_larger_bundle_finds_nothing() {
    let (large, small) = (bundle(&images::small()), bundle(&images::empty()));
    let last = large.routes().last().unwrap().1;
    let entry = small.entry(last);
    assert_eq!((entry.path(), entry.status(), entry.fields().count()), ("", 0, 0));
    assert_eq!(entry.representations().count(), 0);
    let representation = large.entry(last).identity();
    assert_eq!(small.representation(representation.id()).body().len(), 0);
    assert_eq!(entry.header_map(&representation).len(), 2);
}

#[test]
fn an_image_a_bundle_cannot_hold_is_refused() {
    #[track_caller]
    fn check(expected: &str, edit: impl FnOnce(&mut SiteImage)) {
        let mut image = images::small();
        edit(&mut image);
        assert_eq!(seal(&image).map(|sealed| sealed.generation()).unwrap_err().to_string(), expected);
    }
    let root = images::path("/");
    let field = |name: &str, value: &str| {
        let (root, field) = (root.clone(), Field::new(name, value));
        move |image: &mut SiteImage| image.routes.get_mut(&root).unwrap().fields.push(field)
    };
    check("/ has status 304, which no route can have", |image| image.routes.get_mut(&root).unwrap().status = 304);
    check("/ has 257 fields, and 256 are the most a response can have", |image| {
        image.routes.get_mut(&root).unwrap().fields = vec![Field::new("x-a", "b"); 257];
    });
    check("/ must have an identity body first, and at most one body per coding", |image| {
        image.routes.get_mut(&root).unwrap().bodies.remove(0);
    });
    check("/ must have an identity body first, and at most one body per coding", |image| {
        let bodies = &mut image.routes.get_mut(&root).unwrap().bodies;
        bodies.push(bodies[1].clone());
    });
    check("the page for what is not found, /nowhere, is no route of the site", |image| {
        image.not_found = Some(images::path("/nowhere"));
    });
    check("the rules of the site are wrong: the page for status 404, /404.html, is no route of the site", |image| {
        *image = images::ruled();
        image.not_found = None;
        image.routes.remove(&images::path("/404.html"));
    });
    check(
        "/ has a field `X-Upper: a`: a field name is one or more lower-case token characters (RFC 9110 §5.1)",
        field("X-Upper", "a"),
    );
    check(
        "/ has a field `etag: \"a\"`: this field follows from the body or from the connection, so a response cannot set it",
        field("etag", "\"a\""),
    );
    let injected = seal_with(field("x-a", "b\r\nset-cookie: c"));
    assert!(matches!(injected, SealError::Field { .. }), "{injected}");
}

fn seal_with(edit: impl FnOnce(&mut SiteImage)) -> SealError {
    let mut image = images::small();
    edit(&mut image);
    seal(&image).map(|sealed| sealed.generation()).unwrap_err()
}

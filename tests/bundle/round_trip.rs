//! `unpack(pack(x)) == x`, and always to the same bytes.

use std::{fs, path::Path, thread};

use bytes::Bytes;
use proptest::prelude::*;
use sitekit::{
    bundle::{Header, MANIFEST, RULES},
    map::Bundle,
    pack::seal,
    site::{SiteImage, SitePath},
};

use crate::{bundle, images, packed};

#[track_caller]
fn check(image: &SiteImage) {
    let sealed = seal(image).unwrap();
    let bundle = bundle(image);
    assert_eq!(&bundle.to_image(), image);
    assert_eq!(bundle.generation(), sealed.generation());
    assert_eq!(bundle.len(), sealed.len());
    assert_eq!(bundle.len() % 8, 0);
    assert_eq!(bundle.verify_bodies(), Ok(()));
    let paths: Vec<&str> = image.routes.keys().map(SitePath::as_str).collect();
    assert_eq!(bundle.routes().map(|(path, _)| path).collect::<Vec<_>>(), paths);
    for (path, id) in bundle.routes() {
        assert_eq!(bundle.lookup(path), Some(id), "{path}");
        let other = format!("{path}x");
        assert_eq!(bundle.lookup(&other).is_some(), paths.binary_search(&other.as_str()).is_ok(), "{other}");
    }
}

#[test]
fn a_small_site_comes_back() {
    check(&images::small());
}

#[test]
fn a_site_with_rules_comes_back() {
    check(&images::ruled());
    assert_eq!(bundle(&images::ruled()).rules(), &images::rules());
}

#[test]
fn a_site_with_a_manifest_comes_back() {
    check(&images::built());
    assert_eq!(bundle(&images::built()).manifest(), images::built().manifest);
    check(&SiteImage { rules: images::rules(), ..images::built() });
}

#[test]
fn a_site_with_nothing_comes_back() {
    check(&images::empty());
    assert_eq!(bundle(&images::empty()).lookup("/"), None);
}

#[test]
fn a_site_with_very_many_routes_comes_back() {
    let mut image = images::small();
    let response = image.routes[&images::path("/")].clone();
    image.routes.extend((0..50_000).map(|n| (images::path(&format!("/{}/page-{n}/", n % 37)), response.clone())));
    check(&image);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_site_comes_back(image in images::any_site()) {
        check(&image);
    }

    #[test]
    fn equal_sites_have_equal_bytes_and_others_another_name(one in images::any_site(), two in images::any_site()) {
        // The same values in other memory, put together in another order.
        let mut again = SiteImage { routes: std::collections::BTreeMap::new(), ..one.clone() };
        for (path, response) in one.routes.iter().rev() {
            let mut response = response.clone();
            for body in &mut response.bodies {
                body.bytes = Bytes::copy_from_slice(&body.bytes);
            }
            again.routes.insert(path.clone(), response);
        }
        prop_assert_eq!(packed(&one), packed(&again));
        prop_assert_eq!(seal(&one).unwrap().generation() == seal(&two).unwrap().generation(), one == two);
    }
}

#[test]
fn the_bytes_do_not_depend_on_the_thread() {
    let here = packed(&images::small());
    let threads: Vec<_> = (0..4).map(|_| thread::spawn(|| packed(&images::small()))).collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), here);
    }
}

#[test]
fn equal_bodies_fields_and_texts_are_stored_once() {
    let mut image = images::small();
    let before = packed(&image).len();
    let response = image.routes[&images::path("/guide/")].clone();
    let path = "/guide/again/";
    image.routes.insert(images::path(path), response);
    let records = 24 + 2 * 64 + 16 * 16;
    assert!(packed(&image).len() - before <= records + path.len() + 16);
}

/// An older reader must not serve a site whose rules it does not know; one that says nothing is for every reader.
#[test]
fn only_a_site_with_rules_or_a_manifest_asks_for_a_reader_that_knows_them() {
    let both = SiteImage { rules: images::rules(), ..images::built() };
    for (image, flags) in
        [(images::small(), 0), (images::ruled(), RULES), (images::built(), MANIFEST), (both, RULES | MANIFEST)]
    {
        let header = Header::read(&packed(&image));
        assert_eq!((header.version, header.flags), (1, flags));
    }
}

/// The files were written by version 1 of the format, and are never written again: a site that was published once must
/// still be served by every later sitekit.
#[test]
fn bundles_of_version_1_still_open() {
    for (file, image, generation) in [
        ("v1.bundle", images::small(), "03b1d19b2f2314d1f54de189cfb92f11"),
        ("v1-rules.bundle", images::ruled(), "a5c58b969943792b1219ec0e85910e58"),
        ("v1-manifest.bundle", images::built(), "a24572aea71d8e97d392e9a46f7e5a5d"),
    ] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bundle").join(file);
        let bundle = Bundle::open(&file).unwrap();
        assert_eq!(bundle.to_image(), image);
        assert_eq!(bundle.verify_bodies(), Ok(()));
        assert_eq!(bundle.generation().to_string(), generation);
        assert_eq!(fs::read(&file).unwrap(), packed(&image), "the writer still writes version 1 as it did");
    }
}

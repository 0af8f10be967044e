//! The bundle: what is packed comes back, the same image gives the same bytes, and whatever is not whole is refused.

#[path = "bundle/images.rs"]
mod images;

use bytes::Bytes;
use proptest::prelude::*;
use sitekit::{
    map::Bundle,
    pack::{Sealed, seal},
    site::SiteImage,
};

/// The bytes of a bundle, in one piece.
fn bytes_of(sealed: &Sealed) -> Vec<u8> {
    sealed.pieces().flatten().copied().collect()
}

fn bundle_of(image: &SiteImage) -> Bundle {
    Bundle::from_bytes(Bytes::from(bytes_of(&seal(image).unwrap()))).unwrap()
}

mod round_trip {
    use super::*;

    #[track_caller]
    fn check(image: &SiteImage) {
        let sealed = seal(image).unwrap();
        let bundle = bundle_of(image);
        assert_eq!(&bundle.to_image(), image);
        assert_eq!(bundle.generation(), sealed.generation());
        assert_eq!(bundle.len(), sealed.len());
        assert_eq!(bundle.len() % 8, 0);
        assert_eq!(bundle.verify_bodies(), Ok(()));
        let paths: Vec<&str> = image.routes.keys().map(|path| path.as_str()).collect();
        assert_eq!(bundle.routes().map(|(path, _)| path).collect::<Vec<_>>(), paths);
        for (path, id) in bundle.routes() {
            assert_eq!(bundle.lookup(path), Some(id), "{path}");
        }
    }

    #[test]
    fn of_a_small_site() {
        check(&images::small());
    }

    #[test]
    fn of_a_site_with_nothing() {
        check(&images::empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn of_any_site(image in images::any_site()) {
            check(&image);
        }
    }
}

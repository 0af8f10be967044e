//! What is asked for of one generation, and what the next one makes of it.

use sitekit::{
    map::Bundle,
    pack,
    serve::hits::{Hit, Hits},
    site::{Coding, Mode, SiteImage},
};

use crate::{file, image};

fn bundle(image: &SiteImage) -> Bundle {
    let sealed = pack::seal(image).unwrap();
    Bundle::from_bytes(sealed.pieces().flat_map(Result::unwrap).collect::<Vec<_>>().into()).unwrap()
}

fn hit(count: u32, coding: Coding, path: &str) -> Hit {
    Hit { count, coding, path: path.to_owned() }
}

#[test]
fn hits_name_what_the_next_generation_has_too() {
    let of = |generation: &str, paths: [&'static str; 3]| {
        let page = |path: &str| file("text/html", &format!("{path} of {generation}, in full"), &[(Coding::Gzip, path)]);
        bundle(&image("docs", Mode::Traditional, paths.map(|path| (path, page(path))), None))
    };
    let (old, new) = (of("old", ["/", "/a b", "/gone"]), of("new", ["/", "/a b", "/new"]));
    let hits = Hits::default();
    assert_eq!(hits.list(&old), []);
    for (path, coding, times) in [("/", Coding::Gzip, 2), ("/a b", Coding::Identity, 5), ("/gone", Coding::Gzip, 9)] {
        for _ in 0..times {
            hits.note(&old, hit(0, coding, path).find(&old).unwrap().id());
        }
    }
    let list = hits.list(&old);
    assert_eq!(list, [hit(9, Coding::Gzip, "/gone"), hit(5, Coding::Identity, "/a b"), hit(2, Coding::Gzip, "/")]);
    let next = Hits::of(&list, &new);
    assert_eq!(next.list(&new), [hit(5, Coding::Identity, "/a b"), hit(2, Coding::Gzip, "/")]);
    next.decay();
    assert_eq!(next.list(&new), [hit(2, Coding::Identity, "/a b"), hit(1, Coding::Gzip, "/")]);
    next.decay();
    assert_eq!(next.list(&new), [hit(1, Coding::Identity, "/a b")]);
}

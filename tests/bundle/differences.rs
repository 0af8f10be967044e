//! What differs between two generations.

use sitekit::{
    map::{Change, Difference, Kind, differences},
    site::{Coding, Field, SiteImage},
};

use crate::{bundle, images};

/// The differences that `edit` makes to the small site.
fn check(edit: impl FnOnce(&mut SiteImage), expected: &[(&str, Kind, Change)]) {
    let (old, mut new) = (images::small(), images::small());
    edit(&mut new);
    let expected: Vec<_> =
        expected.iter().map(|&(path, kind, change)| Difference { path: path.to_owned(), kind, change }).collect();
    assert_eq!(differences(&bundle(&old), &bundle(&new)), expected);
}

#[test]
fn routes_that_differ() {
    use Change::{Added, Changed, Removed};
    let add = |path: &'static str, media: &'static str| {
        move |image: &mut SiteImage| {
            image.routes.insert(images::path(path), images::response(200, media, &[(Coding::Identity, "new")]));
        }
    };
    check(|_| {}, &[]);
    check(add("/", "text/html; charset=utf-8"), &[("/", Kind::Page, Changed)]);
    check(add("/a.css", "text/css; charset=utf-8"), &[("/a.css", Kind::Style, Added)]);
    check(add("/a.js", "text/javascript; charset=utf-8"), &[("/a.js", Kind::Script, Added)]);
    check(add("/img/Grüße 100%.svg", "image/svg+xml"), &[("/img/Grüße 100%.svg", Kind::Image, Changed)]);
    check(|image| drop(image.routes.remove(&images::path("/empty.txt"))), &[("/empty.txt", Kind::Other, Removed)]);
    check(
        |image| image.routes.get_mut(&images::path("/guide/")).unwrap().status = 404,
        &[("/guide/", Kind::Page, Changed)],
    );
    let field = Field::new("x-new", "yes");
    check(|image| image.routes.get_mut(&images::path("/")).unwrap().fields.push(field), &[]);
    check(
        |image| {
            let page = image.routes.remove(&images::path("/guide/")).unwrap();
            image.routes.insert(images::path("/zebra/"), page);
        },
        &[("/guide/", Kind::Page, Removed), ("/zebra/", Kind::Page, Added)],
    );
}

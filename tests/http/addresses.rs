//! Addresses: one canonical URL per page, the others redirect to it or are refused, always the same way.

use sitekit::{
    serve::Front,
    site::{BasePath, Mode},
};

use crate::{SERVER, Setup, get, image, images, page, start};

#[test]
fn paths_one_canonical_url_per_page() {
    for (target, status, location) in [
        ("/docs/", 200, None),
        ("/docs", 308, Some("/docs/")),
        ("/docs?a=b&c", 308, Some("/docs/?a=b&c")),
        ("/docs/guide", 308, Some("/docs/guide/")),
        ("/docs/guide?q=%2F", 308, Some("/docs/guide/?q=%2F")),
        ("/docs/guide/index.html", 308, Some("/docs/guide/")),
        ("/docs/index.html", 308, Some("/docs/")),
        ("/docs/guide/a%20b/", 200, None),
        ("/docs/guide/a%20b", 308, Some("/docs/guide/a%20b/")),
        ("/docs/%67uide/", 308, Some("/docs/guide/")),
        ("/docs/%C3%A4.txt", 200, None),
        ("/docs/%c3%a4.txt", 308, Some("/docs/%C3%A4.txt")),
        ("/docs/Guide/", 404, None),
        ("/DOCS/", 404, None),
        ("/%64ocs/", 404, None),
        ("/docs/guide/?q=1", 200, None),
        ("/docs/plain.bin/", 404, None),
        ("/docs/guide/;v=1", 404, None),
        ("/docs/guide.", 404, None),
    ] {
        let reply = get(target, &[]);
        assert_eq!((reply.status, reply.field("location")), (status, location), "{target}");
    }
}

#[test]
fn a_query_does_not_change_an_answer() {
    for target in ["/docs/", "/docs/plain.bin", "/docs/nope", "/app/orders"] {
        let mut plain = get(target, &[]);
        let mut asked = get(&format!("{target}?a=%00&b=../..//;#x"), &[]);
        for reply in [&mut plain, &mut asked] {
            reply.fields.retain(|(name, _)| name != "date");
        }
        assert_eq!(plain, asked, "{target}");
    }
}

#[test]
fn paths_of_nothing() {
    for target in [
        "//",
        "/docs//",
        "/docs//guide/",
        "/docs/../docs/",
        "/docs/./",
        "/docs/%2e%2e/",
        "/docs/%2E/",
        "/docs/guide%2f",
        "/docs/a%5cb",
        "/docs/%00",
        "/docs/%0a",
        "/docs/%7f",
        "/docs/%c0%af",
        "/docs/%e0%80%af",
        "/docs/%ff",
        "/docs/%",
        "/docs/%4",
        "/docs/%zz",
    ] {
        let reply = get(target, &[]);
        // The empty segment is not below any site.
        let expected = if target == "//" { 404 } else { 400 };
        assert_eq!(reply.status, expected, "{target}");
        assert_eq!(reply.field("location"), None, "{target}");
    }
}

#[test]
fn what_is_missing() {
    for (target, body) in [("/docs/nope", "this site's own 404"), ("/docs/nope.0a1b2c3d.css", "this site's own 404")] {
        let reply = get(target, &[]);
        assert_eq!((reply.status, reply.text()), (404, body), "{target}");
        assert_eq!(reply.field("cache-control"), Some("no-store"));
        assert_eq!((reply.field("etag"), reply.field("accept-ranges")), (None, None));
        assert_eq!(reply.field("vary"), Some("Accept-Encoding"));
    }
    let zipped = get("/docs/nope", &[("Accept-Encoding", "gzip")]);
    assert_eq!((zipped.status, zipped.text(), zipped.field("content-encoding")), (404, "zipped 404", Some("gzip")));
    let nowhere = get("/nowhere/", &[]);
    assert_eq!((nowhere.status, nowhere.field("cache-control")), (404, Some("no-store")));
    assert!(nowhere.text().contains("There is nothing at this address."));
}

#[test]
fn a_single_page_app() {
    let shell = get("/app/", &[]);
    for (target, expected) in [("/app/orders", 200), ("/app/orders/17", 200), ("/app/orders/?page=2", 200)] {
        let reply = get(target, &[]);
        assert_eq!(
            (reply.status, reply.text(), reply.field("etag")),
            (expected, shell.text(), shell.field("etag")),
            "{target}"
        );
    }
    for target in ["/app/app.3f9a.js", "/app/orders/17.json", "/app/.env"] {
        let reply = get(target, &[]);
        assert_eq!((reply.status, reply.field("cache-control")), (404, Some("no-store")), "{target}");
        assert!(!reply.text().contains("shell"), "{target}");
    }
    assert_eq!(SERVER.connect().ask("POST", "/app/orders", &[]).status, 405);
}

#[test]
fn the_operator_overrides_a_sites_mode() {
    let spa = start(Setup { mode: Some(Mode::Spa), ..Setup::default() }, &images());
    assert_eq!(spa.connect().ask("GET", "/docs/nope", &[]).status, 200);
    let traditional = start(Setup { mode: Some(Mode::Traditional), ..Setup::default() }, &images());
    assert_eq!(traditional.connect().ask("GET", "/app/orders", &[]).status, 404);
}

#[test]
fn the_front() {
    let index = get("/", &[]);
    assert_eq!(index.status, 200);
    assert!(index.text().contains("href=\"/docs/\"") && index.text().contains("href=\"/app/\""));
    let prod = start(Setup { front: Front::Nothing, ..Setup::default() }, &images());
    assert_eq!(prod.connect().ask("GET", "/", &[]).status, 404);

    let mut main = image("main", Mode::Traditional, [("/", page("main")), ("/about/", page("about"))], None);
    main.base = BasePath::root();
    let images = [images(), vec![main]].concat();
    let rooted = start(Setup::default(), &images);
    for (target, text) in [("/", "main"), ("/about/", "about"), ("/docs/", "home")] {
        let reply = rooted.connect().ask("GET", target, &[]);
        assert!(reply.text().starts_with(&format!("<p>{text}</p>")), "{target}");
    }
    assert_eq!(rooted.connect().ask("GET", "/main/", &[]).status, 404);
    assert_eq!(rooted.connect().ask("GET", "/about", &[]).field("location"), Some("/about/"));
}

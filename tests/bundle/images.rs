//! Sites to pack: two small ones written out, and any.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::{collection, option, prelude::*, sample, string::string_regex};
use sitekit::site::{BasePath, Coding, EncodedBody, Field, Mode, Response, Rules, SiteImage, SiteName, SitePath};

pub(crate) fn site(name: &str) -> SiteName {
    SiteName::parse(name).unwrap()
}

pub(crate) fn path(path: &str) -> SitePath {
    SitePath::parse(path).unwrap()
}

/// A response with the bodies of these codings; the first must be the identity.
pub(crate) fn response(status: u16, media: &str, bodies: &[(Coding, &'static str)]) -> Response {
    let encoded =
        |&(coding, text): &(Coding, &'static str)| EncodedBody { coding, bytes: Bytes::from_static(text.as_bytes()) };
    Response {
        status,
        fields: vec![Field::new("content-type", media), Field::new("x-content-type-options", "nosniff")],
        bodies: bodies.iter().map(encoded).collect(),
    }
}

/// Every kind of thing a bundle holds, once.
pub(crate) fn small() -> SiteImage {
    use Coding::{Brotli, Gzip, Identity, Zstd};
    let html = "text/html; charset=utf-8";
    let mut redirect = response(308, html, &[(Identity, "")]);
    redirect.fields = vec![Field::new("location", "/docs/guide/")];
    SiteImage {
        site: site("docs"),
        base: BasePath::parse("/docs/").unwrap(),
        mode: Mode::Traditional,
        routes: BTreeMap::from([
            (
                path("/"),
                response(200, html, &[(Identity, "<h1>Welcome</h1>"), (Brotli, "br"), (Gzip, "gz"), (Zstd, "zs")]),
            ),
            (path("/404.html"), response(404, html, &[(Identity, "Not here.")])),
            (path("/empty.txt"), response(200, "text/plain; charset=utf-8", &[(Identity, "")])),
            (path("/guide"), redirect),
            (path("/guide/"), response(200, html, &[(Identity, "<p>Guide</p>"), (Gzip, "gz")])),
            (path("/img/Grüße 100%.svg"), response(200, "image/svg+xml", &[(Identity, "<svg/>")])),
            (path("/same.html"), response(200, html, &[(Identity, "<p>Guide</p>")])),
        ]),
        not_found: Some(path("/404.html")),
        rules: Rules::default(),
    }
}

pub(crate) fn empty() -> SiteImage {
    SiteImage {
        site: site("a"),
        base: BasePath::root(),
        mode: Mode::Spa,
        routes: BTreeMap::new(),
        not_found: None,
        rules: Rules::default(),
    }
}

/// Any site: Unicode paths, empty bodies, bodies and fields that are shared, from none to some hundred routes.
pub(crate) fn any_site() -> impl Strategy<Value = SiteImage> {
    let head = (string_regex("[a-z0-9][a-z0-9._-]{0,20}").unwrap(), any::<bool>(), any::<bool>());
    let few = collection::btree_map(any_path(), any_response(), 0..12);
    let many = (any_response(), 0..400_usize).prop_map(|(response, count)| {
        (0..count).map(|n| (path(&format!("/page-{n}/")), response.clone())).collect::<BTreeMap<_, _>>()
    });
    (head, prop_oneof![4 => few, 1 => many], option::of(any::<sample::Index>())).prop_map(
        |((name, mounted, spa), routes, not_found)| {
            let site = site(&name);
            let not_found = not_found
                .filter(|_| !routes.is_empty())
                .and_then(|index| routes.keys().nth(index.index(routes.len())).cloned());
            SiteImage {
                base: if mounted { BasePath::of(&site) } else { BasePath::root() },
                site,
                mode: if spa { Mode::Spa } else { Mode::Traditional },
                routes,
                not_found,
                rules: Rules::default(),
            }
        },
    )
}

fn any_path() -> impl Strategy<Value = SitePath> {
    "(/[^/\\\\\\p{Cc}]{1,12}){0,4}/?".prop_filter_map("a path of a site", |text| SitePath::parse(&text).ok())
}

fn any_response() -> impl Strategy<Value = Response> {
    let status = prop_oneof![Just(200), Just(200), Just(308), Just(404), Just(503)];
    let field = prop_oneof![
        Just(Field::new("content-type", "text/html; charset=utf-8")),
        Just(Field::new("cache-control", "no-cache")),
        ("x-[a-z]{1,8}", "([!-~ä→]([ \t!-~]{0,20}[!-~])?)?").prop_map(|(name, value)| Field::new(&name, value)),
    ];
    let codings = sample::subsequence(vec![Coding::Gzip, Coding::Brotli, Coding::Zstd], 0..=3).prop_shuffle();
    let body = prop_oneof![Just(Vec::new()), Just(b"shared".to_vec()), collection::vec(any::<u8>(), 0..40),];
    (status, collection::vec(field, 0..6), codings, collection::vec(body, 4)).prop_map(
        |(status, fields, codings, bodies)| Response {
            status,
            fields,
            bodies: std::iter::once(Coding::Identity)
                .chain(codings)
                .zip(bodies)
                .map(|(coding, bytes)| EncodedBody { coding, bytes: Bytes::from(bytes) })
                .collect(),
        },
    )
}

//! What a site says beyond its routes, as a client finds it: one site per subject, with the rules that are about it.

use std::{
    num::NonZeroU32,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sitekit::serve::{CLIENTS, RateRule, Rates, RuleName, Settings};
use sitekit::site::{
    Cors, ErrorStatus, FieldName, How, Maintenance, Mode, Move, Origins, PasswordHash, PathPattern, Protected, Realm,
    RedirectStatus, Rules, SiteImage, SitePath, TrailingSlash, UserName,
};

use crate::{IMMUTABLE, Running, Setup, cached, client::Reply, file, image, page, start, status};

/// The site `docs` with these rules.
fn serve(rules: Rules) -> Running {
    serve_as(Mode::Traditional, rules)
}

fn serve_as(mode: Mode, rules: Rules) -> Running {
    start(Setup::default(), &[docs(mode, rules)])
}

fn docs(mode: Mode, rules: Rules) -> SiteImage {
    let html = "text/html; charset=utf-8";
    let routes = [
        ("/", page("home")),
        ("/guide/", page("guide")),
        ("/drafts/", page("drafts")),
        ("/drafts/one/", page("a draft")),
        ("/drafts/style.0a1b2c3d.css", cached(file("text/css; charset=utf-8", "a{}", &[]), IMMUTABLE)),
        ("/public.css", file("text/css; charset=utf-8", "b{}", &[])),
        ("/style.0a1b2c3d.css", cached(file("text/css; charset=utf-8", "a{}", &[]), IMMUTABLE)),
        ("/old/kept/", page("kept")),
        ("/401.html", status(401, cached(file(html, "who are you?", &[]), "max-age=60"))),
        ("/404.html", status(404, file(html, "not here", &[]))),
        ("/soon/", page("soon")),
        ("/wrong.html", file(html, "something is wrong", &[])),
    ];
    SiteImage { rules, ..image("docs", mode, routes, Some("/404.html")) }
}

fn pattern(text: &str) -> PathPattern {
    PathPattern::parse(text).unwrap()
}

fn redirect(from: &str, to: &str, status: u16) -> Move {
    Move::parse(pattern(from), to, How::Redirect(RedirectStatus::new(status).unwrap())).unwrap()
}

fn rewrite(from: &str, to: &str) -> Move {
    Move::parse(pattern(from), to, How::Rewrite).unwrap()
}

fn error_pages(pages: &[(u16, &str)]) -> std::collections::BTreeMap<ErrorStatus, SitePath> {
    let page = |(status, path): &(u16, &str)| (ErrorStatus::new(*status).unwrap(), SitePath::parse(path).unwrap());
    pages.iter().map(page).collect()
}

#[test]
fn redirects() {
    let server = serve(Rules {
        moves: vec![
            redirect("/old/:year/:slug/", "/archive/:slug-:year/", 301),
            redirect("/old/*", "/guide/:splat", 302),
            redirect("/guide/", "/never/", 308),
            redirect("/away/*", "https://example.com/:splat?from=docs#top", 307),
            redirect("/find/:what", "/search/?q=:what", 303),
            redirect("/first", "/a", 308),
            redirect("/first", "/b", 308),
            redirect("/*.php", "/", 308),
            redirect("/x*", "/:splat", 308),
        ],
        ..Rules::default()
    });
    for (target, status, location) in [
        ("/docs/old/2026/first/", 301, Some("/docs/archive/first-2026/")),
        ("/docs/old/a/b/c?q=1", 302, Some("/docs/guide/a/b/c?q=1")),
        ("/docs/old/", 302, Some("/docs/guide/")),
        ("/docs/old/%C3%A4%20b", 302, Some("/docs/guide/%C3%A4%20b")),
        // A page wins, however it is spelled.
        ("/docs/old/kept/", 200, None),
        ("/docs/old/kept", 308, Some("/docs/old/kept/")),
        ("/docs/guide/", 200, None),
        ("/docs/away/a/b?x=1", 307, Some("https://example.com/a/b?from=docs&x=1#top")),
        ("/docs/find/a&b=c", 303, Some("/docs/search/?q=a%26b%3Dc")),
        ("/docs/first", 308, Some("/docs/a")),
        ("/docs/wp/login.php?redirect=//evil.example", 308, Some("/docs/?redirect=//evil.example")),
        // Nothing a client asks for makes another host of the target.
        ("/docs/x/evil.example", 308, Some("/docs/evil.example")),
        ("/docs/x//evil.example", 400, None),
        ("/docs/x%2fevil.example", 400, None),
        ("/docs/old/%0d%0aset-cookie:a", 400, None),
        ("/docs/nope", 404, None),
    ] {
        for method in ["GET", "HEAD", "OPTIONS"] {
            let reply = server.connect().ask(method, target, &[]);
            let expected = if method == "OPTIONS" && status == 200 { 204 } else { status };
            assert_eq!((reply.status, reply.field("location")), (expected, location), "{method} {target}");
            if location.is_some() {
                assert_eq!(reply.field("cache-control"), Some("no-cache"), "{target}");
                assert_eq!(reply.field("content-length"), Some("0"), "{target}");
            }
        }
    }
}

/// A site that is mounted at `/`: no path of it may become the name of a host.
#[test]
fn no_redirect_leaves_the_host() {
    let routes = [("/", page("home"))];
    let rules = Rules { moves: vec![redirect("/x*", "/:splat", 308)], ..Rules::default() };
    let own =
        SiteImage { rules, base: sitekit::site::BasePath::root(), ..image("main", Mode::Traditional, routes, None) };
    let server = start(Setup::default(), &[own]);
    for (target, location) in [("/x/evil.example/a", "/evil.example/a"), ("/x/@evil.example", "/@evil.example")] {
        assert_eq!(server.connect().ask("GET", target, &[]).field("location"), Some(location), "{target}");
    }
}

fn undated(reply: &Reply) -> Reply {
    let fields = reply.fields.iter().filter(|(name, _)| name != "date").cloned().collect();
    Reply { fields, ..reply.clone() }
}

#[test]
fn rewrites() {
    let rules = Rules {
        moves: vec![
            rewrite("/start", "/guide/"),
            rewrite("/help/*", "/guide"),
            rewrite("/lost", "/nowhere"),
            rewrite("/refused", "/401.html"),
        ],
        ..Rules::default()
    };
    for mode in [Mode::Traditional, Mode::Spa] {
        let server = serve_as(mode, rules.clone());
        let page = server.connect().ask("GET", "/docs/guide/", &[("Accept-Encoding", "br")]);
        for target in ["/docs/start", "/docs/help/a/b", "/docs/start?q=1"] {
            let reply = server.connect().ask("GET", target, &[("Accept-Encoding", "br")]);
            assert_eq!(undated(&reply), undated(&page), "{target}");
            let etag = reply.field("etag").unwrap();
            let fields = [("Accept-Encoding", "br"), ("If-None-Match", etag)];
            assert_eq!(server.connect().ask("GET", target, &fields).status, 304, "{target}");
        }
        assert_eq!(server.connect().ask("GET", "/docs/refused", &[]).status, 401);
        assert_eq!(server.connect().ask("GET", "/docs/lost", &[]).text(), "not here");
        let unknown = server.connect().ask("GET", "/docs/orders/7", &[]);
        assert_eq!(unknown.status, if mode == Mode::Spa { 200 } else { 404 }, "rules leave the rest as it is");
    }
}

/// `correct horse`, cheaply hashed.
const HASH: &str = "$2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e";

fn protected(paths: &[&str], users: &[&str]) -> Protected {
    Protected {
        paths: paths.iter().map(|path| pattern(path)).collect(),
        realm: Realm::parse("The \"drafts\"").unwrap(),
        users: users.iter().map(|user| (UserName::parse(user).unwrap(), PasswordHash::parse(HASH).unwrap())).collect(),
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[track_caller]
fn check_refused(reply: &Reply, target: &str) {
    assert_eq!(reply.status, 401, "{target}");
    assert_eq!(
        reply.field("www-authenticate"),
        Some("Basic realm=\"The \\\"drafts\\\"\", charset=\"UTF-8\""),
        "{target}"
    );
    assert_eq!(reply.field("cache-control"), Some("no-store"), "{target}");
    assert!(!String::from_utf8_lossy(&reply.body).contains("draft"), "{target}");
}

#[test]
fn rfc_7617_basic_authentication() {
    let server = serve(Rules {
        protected: vec![protected(&["/drafts/*", "/later/*"], &["ann", "Jörg"])],
        moves: vec![rewrite("/sneak", "/drafts/one/"), redirect("/later/*", "/guide/", 308)],
        ..Rules::default()
    });
    let guarded = ["/docs/drafts/", "/docs/drafts/one/", "/docs/drafts/one", "/docs/drafts/nope", "/docs/later/x"];
    for target in guarded.into_iter().chain(["/docs/sneak", "/docs/drafts/%6fne/"]) {
        for authorization in [
            None,
            Some(basic("ann", "wrong")),
            Some(basic("ann", "")),
            Some(basic("bob", "correct horse")),
            Some(basic("", "")),
            Some("Basic !".to_owned()),
            Some("Bearer x".to_owned()),
        ] {
            let fields: Vec<_> = authorization.iter().map(|value| ("Authorization", value.as_str())).collect();
            for method in ["GET", "HEAD", "OPTIONS"] {
                check_refused(&server.connect().ask(method, target, &fields), target);
            }
        }
        let twice = basic("ann", "correct horse");
        let twice = [("Authorization", twice.as_str()), ("Authorization", twice.as_str())];
        check_refused(&server.connect().ask("GET", target, &twice), target);
    }
    for (user, target, status) in [
        ("ann", "/docs/drafts/", 200),
        ("Jörg", "/docs/drafts/one/", 200),
        ("ann", "/docs/drafts/one", 308),
        ("ann", "/docs/drafts/nope", 404),
        ("ann", "/docs/later/x", 308),
        ("ann", "/docs/sneak", 200),
    ] {
        let authorization = basic(user, "correct horse");
        for _ in 0..2 {
            let reply = server.connect().ask("GET", target, &[("Authorization", &authorization)]);
            assert_eq!(reply.status, status, "{target}");
            let kept = reply.field("cache-control").unwrap();
            assert!(kept.starts_with("private") || kept == "no-store", "{target}: {kept}");
        }
    }
    let authorization = basic("ann", "correct horse");
    let file = server.connect().ask("GET", "/docs/drafts/style.0a1b2c3d.css", &[("Authorization", &authorization)]);
    assert_eq!(file.field("cache-control"), Some("private, max-age=31536000, immutable"));
    let (etag, fields) = (file.field("etag").unwrap(), [("Authorization", authorization.as_str())]);
    let again = [fields[0], ("If-None-Match", etag)];
    let again = server.connect().ask("GET", "/docs/drafts/style.0a1b2c3d.css", &again);
    assert_eq!((again.status, again.field("cache-control")), (304, file.field("cache-control")));
    // What is not protected does not change.
    assert_eq!(server.connect().ask("GET", "/docs/guide/", &fields).field("cache-control"), Some("no-cache"));
    for target in ["/docs/guide/", "/docs/style.0a1b2c3d.css", "/docs/nope"] {
        assert_ne!(server.connect().ask("GET", target, &[]).status, 401, "{target}");
    }
}

/// The one password is right in one area and not in the other: a rewrite from one into the other takes both.
#[test]
fn each_area_asks_for_itself() {
    let server = serve(Rules {
        protected: vec![protected(&["/drafts/*"], &["ann"]), protected(&["/team/*"], &["ann", "bob"])],
        moves: vec![rewrite("/team/*", "/drafts/one/")],
        ..Rules::default()
    });
    for (user, status) in [("bob", 401), ("ann", 200)] {
        let authorization = basic(user, "correct horse");
        let reply = server.connect().ask("GET", "/docs/team/x", &[("Authorization", &authorization)]);
        assert_eq!(reply.status, status, "{user}");
    }
}

/// Requests with bodies, several on one connection, and many at once: whoever has the password gets in.
#[test]
fn passwords_are_checked_beside_everything_else() {
    let server = serve(Rules { protected: vec![protected(&["/drafts/*"], &["ann"])], ..Rules::default() });
    let right = basic("ann", "correct horse");
    let with_body = [("Authorization", right.as_str()), ("Content-Length", "0")];
    assert_eq!(server.connect().ask("GET", "/docs/drafts/", &with_body).status, 200);
    thread::scope(|scope| {
        for nth in 0..8 {
            let (server, right) = (&server, &right);
            scope.spawn(move || {
                let mut connection = server.connect();
                for _ in 0..5 {
                    let wrong = basic("ann", &format!("wrong {nth}"));
                    assert_eq!(connection.ask("GET", "/docs/drafts/", &[("Authorization", &wrong)]).status, 401);
                    assert_eq!(connection.ask("GET", "/docs/drafts/", &[("Authorization", right)]).status, 200);
                    assert_eq!(connection.ask("GET", "/docs/guide/", &[]).status, 200);
                }
            });
        }
    });
}

fn cors(paths: &[&str], origins: &[&str]) -> Cors {
    Cors {
        paths: paths.iter().map(|path| pattern(path)).collect(),
        origins: Origins::parse(origins).unwrap(),
        expose: vec![FieldName::parse("ETag").unwrap(), FieldName::parse("X-Total").unwrap()],
        allow: vec![FieldName::parse("X-Token").unwrap()],
        max_age: 600,
    }
}

const APP: &str = "https://app.example";

#[test]
fn fetch_3_2_cross_origin_answers() {
    let server = serve(Rules {
        cors: vec![
            cors(&["/guide/", "/old/*", "/drafts/*", "/guide"], &[APP, "http://localhost:5173"]),
            cors(&["/*.css"], &["*"]),
        ],
        protected: vec![protected(&["/drafts/*"], &["ann"])],
        moves: vec![redirect("/old/*", "/guide/", 301)],
        ..Rules::default()
    });
    let etag = |target: &str| {
        let reply = server.connect().ask("GET", target, &[("Accept-Encoding", "gzip")]);
        reply.field("etag").unwrap().to_owned()
    };
    let guide = etag("/docs/guide/");
    for (target, fields, origin, status, allowed, vary) in [
        ("/docs/guide/", None, Some(APP), 200, Some(APP), Some("Accept-Encoding, Origin")),
        (
            "/docs/guide/",
            None,
            Some("http://localhost:5173"),
            200,
            Some("http://localhost:5173"),
            Some("Accept-Encoding, Origin"),
        ),
        ("/docs/guide/", None, Some("https://evil.example"), 200, None, Some("Accept-Encoding, Origin")),
        ("/docs/guide/", None, Some("null"), 200, None, Some("Accept-Encoding, Origin")),
        ("/docs/guide/", None, None, 200, None, Some("Accept-Encoding, Origin")),
        (
            "/docs/guide/",
            Some(("If-None-Match", guide.as_str())),
            Some(APP),
            304,
            Some(APP),
            Some("Accept-Encoding, Origin"),
        ),
        ("/docs/guide/", Some(("Range", "bytes=0-0")), Some(APP), 206, Some(APP), Some("Accept-Encoding, Origin")),
        ("/docs/guide/", Some(("Range", "bytes=9999-")), Some(APP), 416, Some(APP), Some("Accept-Encoding, Origin")),
        ("/docs/guide/", Some(("If-Match", "\"x\"")), Some(APP), 412, Some(APP), Some("Accept-Encoding, Origin")),
        ("/docs/guide", None, Some(APP), 308, Some(APP), Some("Origin")),
        ("/docs/old/x", None, Some(APP), 301, Some(APP), Some("Origin")),
        ("/docs/old/kept/", None, Some(APP), 200, Some(APP), Some("Accept-Encoding, Origin")),
        ("/docs/drafts/", None, Some(APP), 401, Some(APP), Some("Origin")),
        ("/docs/public.css", None, Some(APP), 200, Some("*"), None),
        ("/docs/public.css", None, None, 200, Some("*"), None),
        ("/docs/nope.css", None, Some(APP), 404, Some("*"), None),
        ("/docs/", None, Some(APP), 200, None, Some("Accept-Encoding")),
    ] {
        let fields: Vec<_> = [("Accept-Encoding", "gzip")]
            .into_iter()
            .chain(fields)
            .chain(origin.map(|origin| ("Origin", origin)))
            .collect();
        for method in ["GET", "HEAD"] {
            if method == "HEAD" && matches!(status, 206 | 416) {
                continue;
            }
            let reply = server.connect().ask(method, target, &fields);
            assert_eq!(reply.status, status, "{method} {target}");
            assert_eq!(reply.field("access-control-allow-origin"), allowed, "{target} {origin:?}");
            assert_eq!(reply.field("vary"), vary, "{target} {origin:?}");
            let expose = allowed.map(|_| "ETag, X-Total");
            assert_eq!(reply.field("access-control-expose-headers"), expose, "{target} {origin:?}");
        }
    }
    // No method but these, and not even the error is kept from the script.
    let reply = server.connect().ask("POST", "/docs/guide/", &[("Origin", APP), ("Content-Length", "0")]);
    assert_eq!((reply.status, reply.field("access-control-allow-origin")), (405, Some(APP)));
}

#[test]
fn fetch_4_8_preflights() {
    let server = serve(Rules {
        cors: vec![cors(&["/drafts/*"], &[APP]), cors(&["/*.css"], &["*"])],
        protected: vec![protected(&["/drafts/*"], &["ann"])],
        ..Rules::default()
    });
    let asked = ("Access-Control-Request-Method", "GET");
    for (target, origin, status, allowed) in [
        ("/docs/drafts/", APP, 204, Some(APP)),
        ("/docs/drafts/nope", APP, 204, Some(APP)),
        ("/docs/drafts/", "https://evil.example", 204, None),
        ("/docs/public.css", APP, 204, Some("*")),
        ("/docs/guide/", APP, 204, None),
    ] {
        let reply = server.connect().ask("OPTIONS", target, &[("Origin", origin), asked]);
        let field = |name: &str| reply.field(name).map(str::to_owned);
        let when = |value: &str| allowed.map(|_| value.to_owned());
        assert_eq!(reply.status, status, "{target}");
        assert_eq!(field("access-control-allow-origin").as_deref(), allowed, "{target}");
        assert_eq!(field("access-control-allow-methods"), when("GET, HEAD"), "{target}");
        assert_eq!(field("access-control-allow-headers"), when("X-Token"), "{target}");
        assert_eq!(field("access-control-max-age"), when("600"), "{target}");
        assert_eq!(field("access-control-expose-headers"), None, "{target}");
        assert_eq!(field("vary").as_deref(), target.contains("drafts").then_some("Origin"), "{target}");
    }
    // Without the field it is no preflight, and the password is asked for.
    assert_eq!(server.connect().ask("OPTIONS", "/docs/drafts/", &[("Origin", APP)]).status, 401);
}

#[test]
fn errors_in_the_words_of_the_site() {
    let server = serve(Rules {
        error_pages: error_pages(&[
            (400, "/wrong.html"),
            (401, "/401.html"),
            (405, "/wrong.html"),
            (406, "/wrong.html"),
            (412, "/wrong.html"),
            (416, "/soon/"),
        ]),
        protected: vec![protected(&["/drafts/*"], &["ann"])],
        ..Rules::default()
    });
    let words = "something is wrong";
    for (method, target, fields, status, body) in [
        ("GET", "/docs/%00", &[][..], 400, words),
        ("POST", "/docs/guide/", &[("Content-Length", "0")], 405, words),
        ("GET", "/docs/guide/", &[("If-Match", "\"x\"")], 412, words),
        ("GET", "/docs/guide/", &[("Range", "bytes=9999-"), ("Accept-Encoding", "gzip")], 416, "gz"),
        ("GET", "/docs/drafts/", &[], 401, "who are you?"),
        ("OPTIONS", "/docs/drafts/", &[], 401, "who are you?"),
        ("OPTIONS", "/docs/nope", &[], 404, "not here"),
        ("GET", "/docs/nope", &[], 404, "not here"),
    ] {
        let reply = server.connect().ask(method, target, fields);
        assert_eq!((reply.status, reply.text()), (status, body), "{method} {target}");
        assert_eq!(reply.field("cache-control"), Some("no-store"), "{target}");
        for name in ["etag", "last-modified"] {
            assert_eq!(reply.field(name), None, "{target}");
        }
        assert_eq!(reply.field("content-type"), Some("text/html; charset=utf-8"), "{target}");
        if method == "GET" && status != 416 {
            let head = server.connect().ask("HEAD", target, fields);
            assert_eq!(
                (head.status, head.field("content-length")),
                (status, reply.field("content-length")),
                "{target}"
            );
        }
    }
    // What the error itself says is there.
    let get = |method: &str, target: &str, fields: &[(&str, &str)]| server.connect().ask(method, target, fields);
    assert_eq!(get("POST", "/docs/", &[("Content-Length", "0")]).field("allow"), Some("GET, HEAD, OPTIONS"));
    assert!(get("GET", "/docs/drafts/", &[]).field("www-authenticate").is_some());
    let range = get("GET", "/docs/guide/", &[("Range", "bytes=9999-"), ("Accept-Encoding", "gzip")]);
    assert_eq!((range.field("content-range"), range.field("content-encoding")), (Some("bytes */2"), Some("gzip")));
    // Nothing of it is acceptable either: our own words.
    let refused = get("GET", "/docs/guide/", &[("Accept-Encoding", "identity;q=0, *;q=0")]);
    assert_eq!(refused.status, 406);
    assert!(refused.text().contains("406"), "{}", refused.text());
}

#[test]
fn maintenance() {
    let server = serve(Rules {
        maintenance: Some(Maintenance { retry_after: 120, open: vec![pattern("/public.css"), pattern("/guide/*")] }),
        error_pages: error_pages(&[(503, "/soon/")]),
        moves: vec![redirect("/old/*", "/guide/", 301)],
        protected: vec![protected(&["/drafts/*"], &["ann"])],
        ..Rules::default()
    });
    for (target, expected) in [
        ("/docs/", 503),
        ("/docs/nope", 503),
        ("/docs/old/x", 503),
        ("/docs/drafts/", 503),
        ("/docs/soon/", 503),
        ("/docs/guide/", 200),
        ("/docs/public.css", 200),
        // A page that is open, or still in a browser, finds its files; but not those that take a password.
        ("/docs/style.0a1b2c3d.css", 200),
        ("/docs/drafts/style.0a1b2c3d.css", 401),
        ("/docs/%00", 400),
    ] {
        let reply = server.connect().ask("GET", target, &[("Accept-Encoding", "br")]);
        assert_eq!(reply.status, expected, "{target}");
        if expected == 503 {
            assert_eq!(reply.field("retry-after"), Some("120"), "{target}");
            assert_eq!(reply.field("cache-control"), Some("no-store"), "{target}");
            assert_eq!((reply.text(), reply.field("content-encoding")), ("b", Some("br")), "{target}");
            let head = server.connect().ask("HEAD", target, &[("Accept-Encoding", "br")]);
            assert_eq!((head.status, head.body.len()), (503, 0), "{target}");
        }
    }
}

#[test]
fn trailing_slashes() {
    for (policy, answers) in [
        (TrailingSlash::Never, [200, 308, 308]),
        (TrailingSlash::Either, [200, 200, 308]),
        (TrailingSlash::Always, [308, 200, 308]),
    ] {
        // A rule that says nothing, so that the default goes the same way.
        let server = serve(Rules {
            trailing_slash: policy,
            cors: vec![cors(&["/nothing"], &["*"])],
            protected: vec![protected(&["/drafts/*"], &["ann"])],
            ..Rules::default()
        });
        let mut connection = server.connect();
        for (target, expected) in ["/docs/guide", "/docs/guide/", "/docs/guide/index.html"].into_iter().zip(answers) {
            let reply = connection.ask("GET", &format!("{target}?q"), &[]);
            assert_eq!(reply.status, expected, "{policy:?} {target}");
            let canonical = if policy == TrailingSlash::Never { "/docs/guide?q" } else { "/docs/guide/?q" };
            assert_eq!(reply.field("location"), (expected == 308).then_some(canonical), "{policy:?} {target}");
        }
        assert_eq!(connection.ask("GET", "/docs/", &[]).status, 200, "{policy:?}");
        // The folder's own page is below the pattern, with its slash or without.
        let drafts = connection.ask("GET", "/docs/drafts", &[]).status;
        assert_eq!(drafts, if policy == TrailingSlash::Always { 308 } else { 401 }, "{policy:?}");
    }
}

/// Who was let in by the last generation is not by the next one, if that does not know the user or the password.
#[test]
fn rules_change_with_the_generation() {
    let guarded = |users: &[&str]| Rules { protected: vec![protected(&["/drafts/*"], users)], ..Rules::default() };
    let server = serve(guarded(&["ann", "bob"]));
    let (ann, bob) = (basic("ann", "correct horse"), basic("bob", "correct horse"));
    let mut connection = server.connect();
    let mut status =
        |authorization: &str| connection.ask("GET", "/docs/drafts/", &[("Authorization", authorization)]).status;
    assert_eq!((status(&ann), status(&bob), status("")), (200, 200, 401));
    server.deploy(&docs(Mode::Traditional, guarded(&["bob"])));
    assert_eq!((status(&ann), status(&bob), status("")), (401, 200, 401));
    server.deploy(&docs(Mode::Traditional, Rules::default()));
    assert_eq!((status(&ann), status(&bob), status("")), (200, 200, 200));
    server.deploy(&docs(Mode::Traditional, Rules { moves: vec![redirect("/*", "/", 308)], ..guarded(&[]) }));
    assert_eq!((status(&ann), status(&bob), status("")), (401, 401, 401), "nobody is let in where there is no user");
    assert_eq!(connection.ask("GET", "/docs/nope", &[]).field("location"), Some("/docs/"));
}

/// A request is counted once, however often it is decided, and told so in the words of the site.
#[test]
fn a_request_that_waits_for_a_password_is_one_request() {
    let tune = |settings: &mut Settings| {
        let three = NonZeroU32::new(3).unwrap();
        let rule = RateRule {
            name: RuleName::parse("drafts").unwrap(),
            site: None,
            paths: pattern("/drafts/*"),
            requests: three,
            // Nothing is forgiven while the test runs.
            per: Duration::from_hours(1000),
            burst: three,
        };
        settings.rates = Some(Arc::new(Rates::new(vec![rule], CLIENTS, Instant::now())));
    };
    let rules = Rules {
        protected: vec![protected(&["/drafts/*"], &["ann"])],
        error_pages: error_pages(&[(429, "/wrong.html")]),
        ..Rules::default()
    };
    let server = start(Setup { tune, ..Setup::default() }, &[docs(Mode::Traditional, rules)]);
    let (right, wrong) = (basic("ann", "correct horse"), basic("ann", "wrong"));
    for (authorization, status, left) in [(&wrong, 401, "r=2"), (&right, 200, "r=1"), (&right, 200, "r=0")] {
        let reply = server.connect().ask("GET", "/docs/drafts/", &[("Authorization", authorization)]);
        assert_eq!(reply.status, status);
        assert!(reply.field("ratelimit").unwrap().contains(left), "{reply:?}");
    }
    let reply = server.connect().ask("GET", "/docs/drafts/", &[("Authorization", &right)]);
    assert_eq!((reply.status, reply.text()), (429, "something is wrong"));
    assert!(reply.field("retry-after").is_some() && reply.field("ratelimit").is_some(), "{reply:?}");
}

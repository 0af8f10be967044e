//! Any request target and any fields: decided without a panic, and never for bytes that are not there.
//! A line each: the target, then `Host`, `Accept-Encoding`, `Range`, and entity tags.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sitekit::{
    serve::{
        conditional::{self, Outcome, Preconditions, Validators},
        negotiate::AcceptEncoding,
        range::{self, Selection},
        route::{self, Mount, Route},
        target::{self, Action, Target},
    },
    site::{BasePath, Coding, Mode, TrailingSlash},
};

const ROUTES: [&str; 5] = ["/", "/guide/", "/a b/", "/é.png", "/{x}"];
const LEN: u64 = 1000;
const ETAG: &[u8] = b"\"0123456789abcdef\"";

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.split(|&byte| byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (target, host, accept, range, tags) = (line(), line(), line(), line(), line());

    if let Ok(uri) = http::Uri::try_from(target)
        && let Ok(Target::Path { path, .. }) = target::target(Action::Get, http::Version::HTTP_11, &uri, [host].iter())
    {
        assert!(path.starts_with('/'));
        match route::mount(path, |name| (name == "docs").then_some(()), None) {
            Mount::Site((), below) => check_route(below),
            Mount::NeedsSlash(()) => assert_eq!(path, "/docs"),
            Mount::None => {}
        }
    }

    let offered = Coding::ALL.map(|coding| (coding, 100 - coding as u64, coding));
    let chosen = AcceptEncoding::parse([accept]).choose(offered);
    if !accept.contains(&b'0') {
        // Nothing is forbidden without a `q=0`.
        assert!(chosen.is_some());
    }

    let parts = match range::select(range, LEN) {
        Selection::One(part) => vec![part],
        Selection::Several(parts) => parts,
        Selection::Whole | Selection::Unsatisfiable => vec![],
    };
    assert!(parts.iter().all(|part| part.start < part.end && part.end <= LEN));
    assert!(parts.iter().map(|part| part.end - part.start).sum::<u64>() <= LEN);

    let none_match = Preconditions { if_none_match: &[tags], ..Preconditions::default() };
    let current = Validators { etag: ETAG, last_modified: None };
    if conditional::evaluate(none_match, current) == Outcome::NotModified {
        let listed = tags.windows(ETAG.len()).any(|window| window == ETAG);
        assert!(listed || tags.trim_ascii() == b"*");
    }
    if conditional::if_range_holds(tags, ETAG) {
        assert_eq!(tags.trim_ascii(), ETAG);
    }
});

/// A redirect leads to a page, not to another redirect, and stays on the site.
fn check_route(raw: &str) {
    let find = |path: &str| ROUTES.into_iter().find(|route| *route == path);
    let slashes = [TrailingSlash::Always, TrailingSlash::Never, TrailingSlash::Either];
    for (mode, slash) in slashes.into_iter().flat_map(|slash| [(Mode::Traditional, slash), (Mode::Spa, slash)]) {
        let Route::Moved(path) = route::resolve(raw, mode, slash, find) else { continue };
        let url = path.to_url(&BasePath::root());
        assert!(url != raw && !url.starts_with("//"), "{raw}");
        assert!(matches!(route::resolve(&url, mode, slash, find), Route::Found(_) | Route::Shell(_)), "{raw} {url}");
    }
}

//! Any text as the rules of a site, and any path asked for under them: read without a panic, written back as it was, and
//! no path leads to a host that the author did not name. A line each: JSON, two patterns, a destination, a path, a query.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sitekit::site::{BasePath, How, Move, PathPattern, RedirectStatus, Rules, SitePath};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let (json, one, two, to, path, query) = (line(), line(), line(), line(), line(), line());

    if let Ok(rules) = Rules::from_json(json) {
        assert_eq!(rules.to_json(), json);
    }
    let (Ok(one), Ok(path)) = (PathPattern::parse(one), SitePath::from_request(path)) else { return };
    assert_eq!(PathPattern::parse(one.as_str()).as_ref(), Ok(&one));
    assert!(one.covers(&one));
    if let Ok(two) = PathPattern::parse(two) {
        assert!(!one.covers(&two) || !two.matches(path.as_str()) || one.matches(path.as_str()), "{one} {two} {path}");
    }
    let Some(captures) = one.captures(path.as_str()) else { return };
    let Ok(moved) = Move::parse(one.clone(), to, How::Redirect(RedirectStatus::Found)) else { return };
    // The query of a request is a URI's.
    let query = query.bytes().all(|byte| byte.is_ascii_graphic()).then_some(query);
    let Some(location) = moved.to().location(&captures, &BasePath::root(), query) else { return };
    assert!(location.bytes().all(|byte| byte.is_ascii_graphic()), "{location:?}");
    if moved.to().is_local() {
        assert!(location.starts_with('/') && !location.starts_with("//") && !location.starts_with("/\\"), "{location}");
    } else {
        // The forms of a port and of an address, and the dot that may end a name, are made one.
        let host = |url: &str| {
            let authority = url.split('/').nth(2).unwrap_or_default().split(['?', '#']).next().unwrap_or_default();
            let name = authority.rsplit_once(':').map_or(authority, |(name, _)| name);
            name.trim_end_matches('.').to_lowercase()
        };
        assert!(host(to) == host(&location) || host(to).starts_with('['), "{to} {location}");
    }
});

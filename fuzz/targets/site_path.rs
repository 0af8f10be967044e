//! Any request path: refused, or one path with one URL, that leads nowhere outside of its site.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sitekit::site::{BasePath, SitePath};

fuzz_target!(|bytes: &[u8]| {
    let Ok(raw) = std::str::from_utf8(bytes) else { return };
    // The other constructors take any text too.
    let _ = BasePath::parse(raw);
    if let Ok(path) = SitePath::parse(raw) {
        assert_eq!(path.as_str(), raw);
    }
    let Ok(path) = SitePath::from_request(raw) else { return };
    let decoded = path.as_str();
    assert!(decoded.starts_with('/') && decoded.len() <= SitePath::MAX_LEN);
    assert!(!decoded.contains("//") && !decoded.contains('\\') && !decoded.contains(char::is_control));
    assert!(decoded.split('/').all(|segment| segment != "." && segment != ".."));
    assert_eq!(SitePath::parse(decoded).as_ref(), Ok(&path));

    let url = path.to_url(&BasePath::root());
    assert!(url.is_ascii() && !url.contains([' ', '?', '#', '"', '<', '>']));
    assert_eq!(SitePath::from_request(&url).as_ref(), Ok(&path), "{url}");
    if let Some(extension) = path.extension() {
        assert!(decoded.ends_with(extension));
    }
});

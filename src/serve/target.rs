//! What a request is for: its method and the forms of its target (RFC 9110 §9, RFC 9112 §3.2), checked before anything
//! else is looked at. hyper parses; it does not check `Host`, and it lets forms through that only a proxy takes.

use http::{Method, StatusCode, Uri, Version};

/// What we do with a request of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Get,
    Head,
    Options,
}

/// The methods of a resource, as in `Allow`.
pub const ALLOW: &str = "GET, HEAD, OPTIONS";

/// Sorts a method: what we do, or how it is refused. A method we know but no resource of ours has is 405 (RFC 9110
/// §15.5.6), one we do not know is 501 (§9.1).
pub fn action(method: &Method) -> Result<Action, StatusCode> {
    match *method {
        Method::GET => Ok(Action::Get),
        Method::HEAD => Ok(Action::Head),
        Method::OPTIONS => Ok(Action::Options),
        Method::POST | Method::PUT | Method::DELETE | Method::PATCH | Method::TRACE | Method::CONNECT => {
            Err(StatusCode::METHOD_NOT_ALLOWED)
        }
        _ => Err(StatusCode::NOT_IMPLEMENTED),
    }
}

/// Checks how the body of an HTTP/1.1 request is framed (RFC 9112 §6.1, §6.3). `codings` are all values of
/// `Transfer-Encoding`; hyper refuses them where `chunked` is not the last, and in HTTP/1.0.
///
/// hyper also takes away a `Content-Length` that came beside it, so whether there was one cannot be told here. Both
/// together are how a request is smuggled past a proxy, and nothing honest sends content with a method that has no use
/// for it: such a request is refused (RFC 9110 §9.3.1). One of another method is refused for its method.
pub fn framing<'a>(method: &Method, codings: impl Iterator<Item = &'a [u8]>) -> Result<(), StatusCode> {
    let mut chunked = 0;
    for coding in codings.flat_map(|line| line.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii) {
        match coding {
            [] => {}
            _ if coding.eq_ignore_ascii_case(b"chunked") => chunked += 1,
            // §6.1: what is not known is 501.
            _ => return Err(StatusCode::NOT_IMPLEMENTED),
        }
    }
    match chunked {
        0 => Ok(()),
        1 if action(method).is_err() => Ok(()),
        _ => Err(StatusCode::BAD_REQUEST),
    }
}

/// A request target that passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// Origin- or absolute-form: a path that begins with `/`, and what follows its `?`.
    Path { path: &'a str, query: Option<&'a str> },
    /// `OPTIONS *`
    Server,
}

/// What is wrong with a target or its `Host`; all are 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadTarget;

/// Checks target and `Host` of a request whose method passed `action`. `hosts` are all values of `Host`.
///
/// In HTTP/2, `:authority` says what `Host` does, and one of them is enough (RFC 9113 §8.3.1); where both are, they must
/// be the same.
pub fn target(
    action: Action,
    version: Version,
    uri: &Uri,
    mut hosts: impl Iterator<Item: AsRef<[u8]>>,
) -> Result<Target<'_>, BadTarget> {
    // §3.2: exactly one, valid; only HTTP/1.0 does without.
    let first = hosts.next();
    let valid = match &first {
        Some(host) => hosts.next().is_none() && is_host(host.as_ref()),
        None => version < Version::HTTP_11 || (version == Version::HTTP_2 && uri.authority().is_some()),
    };
    let differs = match (&first, uri.authority()) {
        (Some(host), Some(authority)) if version == Version::HTTP_2 => {
            !authority.as_str().as_bytes().eq_ignore_ascii_case(host.as_ref())
        }
        _ => false,
    };
    if !valid || differs {
        return Err(BadTarget);
    }
    if uri.path() == "*" {
        return if action == Action::Options { Ok(Target::Server) } else { Err(BadTarget) };
    }
    match (uri.scheme_str(), uri.authority()) {
        (None, None) => {}
        // Of HTTP/2 without `:authority`.
        (Some("http" | "https"), None) if version == Version::HTTP_2 => {}
        // §3.2.2: a server takes absolute-form from anyone.
        (Some("http" | "https"), Some(authority)) if is_host(authority.as_str().as_bytes()) => {}
        _ => return Err(BadTarget),
    }
    // An absolute URI may have no path at all; `/` is meant.
    let path = if uri.path().is_empty() { "/" } else { uri.path() };
    Ok(Target::Path { path, query: uri.query() })
}

/// `uri-host [":" port]` (RFC 9110 §7.2). It may be empty, as RFC 9112 §3.2 demands of a client that has none.
fn is_host(value: &[u8]) -> bool {
    let (host, port) = match value {
        [b'[', ..] => match value.iter().position(|&byte| byte == b']') {
            Some(end) => (&value[..=end], &value[end + 1..]),
            None => return false,
        },
        _ => value.split_at(value.iter().position(|&byte| byte == b':').unwrap_or(value.len())),
    };
    let port_fine = match port {
        [] => true,
        [b':', digits @ ..] => digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    let host_fine = match host {
        [b'[', literal @ .., b']'] => {
            std::str::from_utf8(literal).is_ok_and(|literal| literal.parse::<std::net::Ipv6Addr>().is_ok())
        }
        _ => is_reg_name(host),
    };
    port_fine && host_fine
}

/// RFC 3986 §3.2.2.
fn is_reg_name(name: &[u8]) -> bool {
    let mut rest = name;
    while let [byte, after @ ..] = rest {
        rest = match byte {
            b'%' => match after {
                [high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => after,
                _ => return false,
            },
            // unreserved / sub-delims
            byte if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(byte) => after,
            _ => return false,
        };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods() {
        for (method, expected) in [
            ("GET", Ok(Action::Get)),
            ("HEAD", Ok(Action::Head)),
            ("OPTIONS", Ok(Action::Options)),
            ("POST", Err(StatusCode::METHOD_NOT_ALLOWED)),
            ("TRACE", Err(StatusCode::METHOD_NOT_ALLOWED)),
            ("CONNECT", Err(StatusCode::METHOD_NOT_ALLOWED)),
            ("get", Err(StatusCode::NOT_IMPLEMENTED)),
            ("BREW", Err(StatusCode::NOT_IMPLEMENTED)),
        ] {
            assert_eq!(action(&Method::from_bytes(method.as_bytes()).unwrap()), expected, "{method}");
        }
    }

    #[test]
    fn section_6_1_framing() {
        let check = |method: Method, codings: &[&str], expected| {
            let lines = codings.iter().map(|line| line.as_bytes());
            assert_eq!(framing(&method, lines), expected, "{method} {codings:?}");
        };
        let (bad, unknown) = (Err(StatusCode::BAD_REQUEST), Err(StatusCode::NOT_IMPLEMENTED));
        check(Method::GET, &[], Ok(()));
        check(Method::GET, &["chunked"], bad);
        check(Method::HEAD, &["Chunked"], bad);
        check(Method::OPTIONS, &[",chunked ,"], bad);
        check(Method::POST, &["chunked"], Ok(()));
        check(Method::POST, &["CHUNKED"], Ok(()));
        check(Method::POST, &["chunked, chunked"], bad);
        check(Method::POST, &["chunked", "chunked"], bad);
        check(Method::POST, &["gzip, chunked"], unknown);
        check(Method::GET, &["gzip", "chunked"], unknown);
        check(Method::POST, &["identity, chunked"], unknown);
    }

    #[track_caller]
    fn check(action: Action, uri: &str, version: Version, hosts: &[&str], expected: Result<Target<'_>, BadTarget>) {
        let uri: Uri = uri.parse().unwrap();
        assert_eq!(target(action, version, &uri, hosts.iter()), expected, "{uri} {hosts:?}");
    }

    #[test]
    fn section_3_2_targets() {
        use Action::{Get, Options};
        let at = |path, query| Ok(Target::Path { path, query });
        check(Get, "/a?b", Version::HTTP_11, &["x"], at("/a", Some("b")));
        check(Get, "/a?", Version::HTTP_11, &["x"], at("/a", Some("")));
        check(Get, "http://x/a", Version::HTTP_11, &["x"], at("/a", None));
        check(Get, "http://x", Version::HTTP_11, &["y"], at("/", None));
        check(Get, "http://x?q", Version::HTTP_11, &["x"], at("/", Some("q")));
        check(Options, "*", Version::HTTP_11, &["x"], Ok(Target::Server));
        check(Get, "*", Version::HTTP_11, &["x"], Err(BadTarget));
        check(Get, "x:80", Version::HTTP_11, &["x"], Err(BadTarget));
        check(Get, "ftp://x/a", Version::HTTP_11, &["x"], Err(BadTarget));
        check(Get, "http://u:p@x/a", Version::HTTP_11, &["x"], Err(BadTarget));
    }

    #[test]
    fn rfc_9113_8_3_1_authority() {
        let fine = Ok(Target::Path { path: "/a", query: None });
        let check = |uri: &str, hosts: &[&str], expected| check(Action::Get, uri, Version::HTTP_2, hosts, expected);
        check("https://x/a", &[], fine);
        check("https://x:443/a", &[], fine);
        check("https://x/a", &["x"], fine);
        check("https://x/a", &["X"], fine);
        check("/a", &["x"], fine);
        check("/a", &[], Err(BadTarget));
        check("https://x/a", &["y"], Err(BadTarget));
        check("https://x/a", &["x", "x"], Err(BadTarget));
        check("https://u:p@x/a", &[], Err(BadTarget));
        check("ftp://x/a", &[], Err(BadTarget));
    }

    #[test]
    fn section_3_2_exactly_one_host() {
        let fine = Ok(Target::Path { path: "/", query: None });
        let check = |version, hosts: &[&str], expected| check(Action::Get, "/", version, hosts, expected);
        check(Version::HTTP_11, &[], Err(BadTarget));
        check(Version::HTTP_10, &[], fine);
        check(Version::HTTP_11, &["a", "a"], Err(BadTarget));
        check(Version::HTTP_10, &["a", "a"], Err(BadTarget));
        for good in ["", "a", "a:80", "a:", "127.0.0.1:8080", "[::1]", "[::1]:443", "%41", "a_b.example", "EXAMPLE.com"]
        {
            check(Version::HTTP_11, &[good], fine);
        }
        for bad in ["a b", "a/b", "a@b", "a:b", "a:123456", "a,b:1:2", "[::1", "[x]", "[::1]x", "%4", "%zz", "ä", "a?b"]
        {
            check(Version::HTTP_11, &[bad], Err(BadTarget));
        }
    }
}

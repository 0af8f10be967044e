//! What a Content-Security-Policy must allow beside what the site says, so that our script runs in its pages: this script,
//! and connections to where it asks. Nothing else of the site is allowed more than where it will be published.

/// What is to be allowed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) nonce: &'a str,
    /// Host and port of the page, and where below it we are.
    pub(super) authority: Option<&'a str>,
    pub(super) prefix: &'a str,
}

/// The value of the field, which may hold several policies (CSP Level 3 §2.2): each is obeyed.
pub(super) fn allow(value: &str, wanted: Wanted<'_>) -> String {
    value.split(',').map(|policy| allow_in_one(policy, wanted)).collect::<Vec<_>>().join(", ")
}

fn allow_in_one(policy: &str, wanted: Wanted<'_>) -> String {
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for line in policy.split(';') {
        let mut words = line.split_ascii_whitespace();
        let Some(name) = words.next().map(str::to_ascii_lowercase) else { continue };
        // Of a directive that is there twice the first one counts (§2.2.1).
        if !lines.iter().any(|(known, _)| *known == name) {
            lines.push((name, words.map(str::to_owned).collect()));
        }
    }
    add(&mut lines, &["script-src-elem", "script-src", "default-src"], |sources| script_source(sources, wanted));
    add(&mut lines, &["connect-src", "default-src"], |sources| own_source(sources, wanted));
    if let Some((_, names)) = lines.iter_mut().find(|(name, _)| name == "trusted-types") {
        names.retain(|name| name != "'none'");
        if !names.iter().any(|name| name == "*" || name == "sitekit") {
            names.push("sitekit".to_owned());
        }
    }
    let line = |(name, words): (String, Vec<String>)| std::iter::once(name).chain(words).collect::<Vec<_>>().join(" ");
    lines.into_iter().map(line).collect::<Vec<_>>().join("; ")
}

/// Adds a source to the directive that decides, the first of `names` that is there. What falls back to `default-src` gets a
/// directive of its own, so that nothing else is allowed more.
fn add(lines: &mut Vec<(String, Vec<String>)>, names: &[&str], source: impl Fn(&[String]) -> Option<String>) {
    let Some(at) = names.iter().find_map(|name| lines.iter().position(|(known, _)| known == name)) else { return };
    let Some(source) = source(&lines[at].1) else { return };
    let mut sources = lines[at].1.clone();
    sources.retain(|source| !source.eq_ignore_ascii_case("'none'"));
    sources.push(source);
    if lines[at].0 == "default-src" {
        let name = names[names.len() - 2].to_owned();
        lines.push((name, sources));
    } else {
        lines[at].1 = sources;
    }
}

/// What allows our script. A nonce would end what `'unsafe-inline'` allows; there it is the script's address.
fn script_source(sources: &[String], wanted: Wanted<'_>) -> Option<String> {
    let has = |found: &dyn Fn(&str) -> bool| sources.iter().any(|source| found(&source.to_ascii_lowercase()));
    let names_some =
        has(&|source| source.starts_with("'nonce-") || source.starts_with("'sha") || source == "'strict-dynamic'");
    if has(&|source| source == "'unsafe-inline'") && !names_some {
        return own_source(sources, wanted);
    }
    Some(format!("'nonce-{}'", wanted.nonce))
}

/// What allows our addresses; nothing where they are allowed.
fn own_source(sources: &[String], wanted: Wanted<'_>) -> Option<String> {
    if sources.iter().any(|source| source == "*" || source.eq_ignore_ascii_case("'self'")) {
        return None;
    }
    let host = wanted.authority.filter(|authority| is_host_source(authority));
    Some(host.map_or_else(|| "'self'".to_owned(), |host| format!("{host}{}", wanted.prefix)))
}

/// Addresses other than this one are no sources (§6.7.2.6).
fn is_host_source(authority: &str) -> bool {
    let host = authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let host = host.map_or(authority, |(host, _)| host);
    let is_plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte)) && !host.is_empty();
    is_plain && (host == "127.0.0.1" || host.parse::<std::net::Ipv4Addr>().is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_script_and_nothing_else() {
        let wanted = Wanted { nonce: "n", authority: Some("127.0.0.1:8080"), prefix: "/@/" };
        for (policy, expected) in [
            ("", ""),
            ("img-src 'self'", "img-src 'self'"),
            ("default-src 'self'", "default-src 'self'; script-src 'self' 'nonce-n'"),
            ("default-src 'none'", "default-src 'none'; script-src 'nonce-n'; connect-src 127.0.0.1:8080/@/"),
            (
                "Script-Src 'sha256-x' 'strict-dynamic'; connect-src 'NONE'",
                "script-src 'sha256-x' 'strict-dynamic' 'nonce-n'; connect-src 127.0.0.1:8080/@/",
            ),
            (
                "script-src-elem https://a.example; script-src 'none'",
                "script-src-elem https://a.example 'nonce-n'; script-src 'none'",
            ),
            ("script-src 'unsafe-inline' 'self'", "script-src 'unsafe-inline' 'self'"),
            ("script-src 'unsafe-inline'", "script-src 'unsafe-inline' 127.0.0.1:8080/@/"),
            ("script-src 'unsafe-inline' 'nonce-a'", "script-src 'unsafe-inline' 'nonce-a' 'nonce-n'"),
            ("connect-src *; connect-src 'none'", "connect-src *"),
            (
                "require-trusted-types-for 'script'; trusted-types 'none'",
                "require-trusted-types-for 'script'; trusted-types sitekit",
            ),
            (
                "default-src 'self', default-src 'none'",
                "default-src 'self'; script-src 'self' 'nonce-n', default-src 'none'; script-src 'nonce-n'; connect-src 127.0.0.1:8080/@/",
            ),
        ] {
            assert_eq!(allow(policy, wanted), expected, "{policy}");
        }
    }

    #[test]
    fn hosts_that_are_sources() {
        for (authority, expected) in [
            ("localhost:8080", true),
            ("docs.localhost", true),
            ("127.0.0.1:80", true),
            ("192.168.0.7:8080", false),
            ("[::1]:8080", false),
            ("a;b", false),
            ("", false),
        ] {
            assert_eq!(is_host_source(authority), expected, "{authority}");
        }
    }
}

//! From a request's path to the answer's place: which site, and which of its routes. One URL per page; every other
//! spelling of it redirects there, always with 308. Nothing here knows a bundle: lookups are arguments.

use std::borrow::Cow;

use crate::site::{BasePath, Mode, PathError, SitePath, TrailingSlash};

/// Which site a path belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mount<'a, S> {
    /// It, and the path below its base, which begins with `/`.
    Site(S, &'a str),
    /// `/<site>`: the site's root lacks its slash.
    NeedsSlash(S),
    None,
}

impl<S: Copy> Mount<'_, S> {
    pub fn site(&self) -> Option<S> {
        match *self {
            Self::Site(site, _) | Self::NeedsSlash(site) => Some(site),
            Self::None => None,
        }
    }
}

/// Finds the site of `path`: by its first segment, else the one that is mounted at `/`.
pub fn mount<S>(path: &str, named: impl FnOnce(&str) -> Option<S>, root: Option<S>) -> Mount<'_, S> {
    let below = path.strip_prefix('/').unwrap_or(path);
    let (first, slash) = below.split_at(below.find('/').unwrap_or(below.len()));
    match (named(first), root) {
        (Some(site), _) if slash.is_empty() => Mount::NeedsSlash(site),
        (Some(site), _) => Mount::Site(site, slash),
        (None, Some(site)) => Mount::Site(site, path),
        (None, None) => Mount::None,
    }
}

/// What a path below a site's base comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route<Id> {
    Found(Id),
    /// It has another URL; 308 there.
    Moved(SitePath),
    /// A page of a single-page app: the shell answers.
    Shell(Id),
    Missing,
    /// It cannot be the path of anything.
    Bad(PathError),
}

/// Resolves `raw`, a path below a site's base as it stands in the request target.
pub fn resolve<Id>(raw: &str, mode: Mode, slash: TrailingSlash, find: impl Fn(&str) -> Option<Id>) -> Route<Id> {
    if raw.bytes().all(is_plain)
        && (slash != TrailingSlash::Never || !raw.ends_with('/'))
        && let Some(id) = find(raw)
    {
        return Route::Found(id);
    }
    let path = match SitePath::from_request(raw) {
        Ok(path) => path,
        Err(fault) => return Route::Bad(fault),
    };
    let canonical = path.to_url(&BasePath::root()) == raw;
    if let Some((id, own)) = page(&path, slash, &find) {
        return match own {
            Some(own) => Route::Moved(own),
            None if canonical => Route::Found(id),
            None => Route::Moved(path),
        };
    }
    if mode == Mode::Spa
        && !path.file_name().contains('.')
        && let Some(shell) = find("/")
    {
        return if canonical { Route::Shell(shell) } else { Route::Moved(path) };
    }
    Route::Missing
}

/// The entry `path` means in any of its spellings.
pub fn entry<Id>(path: &SitePath, find: impl Fn(&str) -> Option<Id>) -> Option<Id> {
    page(path, TrailingSlash::Either, &find).map(|(id, _)| id)
}

/// The entry `path` means, and the path of its URL where that is another one.
fn page<Id>(
    path: &SitePath,
    slash: TrailingSlash,
    find: &impl Fn(&str) -> Option<Id>,
) -> Option<(Id, Option<SitePath>)> {
    if let Some(id) = find(path.as_str()) {
        let own = (slash == TrailingSlash::Never).then(|| without_slash(path, find)).flatten();
        return Some((id, own));
    }
    let index = SitePath::parse(&index_of(path)?).ok()?;
    let id = find(index.as_str())?;
    let named = path.as_str().ends_with("/index.html");
    match slash {
        TrailingSlash::Always => Some((id, Some(index))),
        TrailingSlash::Never if named => Some((id, Some(without_slash(&index, find).unwrap_or(index)))),
        TrailingSlash::Either if named => Some((id, Some(index))),
        TrailingSlash::Never | TrailingSlash::Either => Some((id, None)),
    }
}

/// `/guide` for `/guide/`, unless that is another page.
fn without_slash<Id>(index: &SitePath, find: impl Fn(&str) -> Option<Id>) -> Option<SitePath> {
    let page = index.as_str().strip_suffix('/')?;
    if find(page).is_some() { None } else { SitePath::parse(page).ok() }
}

/// Where a redirect to `path` of a site leads. The query is kept.
#[must_use]
pub fn location(base: &BasePath, path: &SitePath, query: Option<&str>) -> String {
    let mut location = path.to_url(base);
    if let Some(query) = query {
        location.push('?');
        location.push_str(query);
    }
    location
}

/// The folder's index that `/guide` or `/guide/index.html` would have meant.
fn index_of(path: &SitePath) -> Option<Cow<'_, str>> {
    if path.is_index() {
        return None;
    }
    match path.as_str().strip_suffix("/index.html") {
        Some(folder) => Some(format!("{folder}/").into()),
        None => Some(format!("{path}/").into()),
    }
}

/// Bytes that stand for themselves in a path and in a URL (RFC 3986 §3.3), `/` among them and `%` not.
const fn is_plain(byte: u8) -> bool {
    matches!(byte,
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'!' | b'$' | b'&' | b'\'' | b'('
        | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::site::SiteName;

    const ROUTES: &[&str] =
        &["/", "/guide/", "/guide/a b/", "/style.css", "/ä.png", "/index.html/", "/x{y}", "/both", "/both/", "/100%"];

    fn find(path: &str) -> Option<&'static str> {
        ROUTES.iter().find(|route| **route == path).copied()
    }

    fn moved(to: &str) -> Route<&'static str> {
        Route::Moved(SitePath::parse(to).unwrap())
    }

    #[track_caller]
    fn check(raw: &str, mode: Mode, expected: &Route<&'static str>) {
        assert_eq!(&resolve(raw, mode, TrailingSlash::Always, find), expected, "{raw}");
    }

    #[test]
    fn slashes_as_the_site_likes_them() {
        let found = Route::Found;
        // The path, and what becomes of it when slashes are never there, and when both answer.
        for (raw, never, either) in [
            ("/", found("/"), found("/")),
            ("/guide", found("/guide/"), found("/guide/")),
            ("/guide/", moved("/guide"), found("/guide/")),
            ("/guide/index.html", moved("/guide"), moved("/guide/")),
            ("/index.html", moved("/"), moved("/")),
            ("/index.html/", moved("/index.html"), found("/index.html/")),
            ("/guide/a%20b", found("/guide/a b/"), found("/guide/a b/")),
            ("/guide/a%20b/", moved("/guide/a b"), found("/guide/a b/")),
            ("/%67uide", moved("/guide"), moved("/guide")),
            ("/%67uide/", moved("/guide"), moved("/guide/")),
            ("/both", found("/both"), found("/both")),
            ("/both/", found("/both/"), found("/both/")),
            ("/both/index.html", moved("/both/"), moved("/both/")),
            ("/style.css", found("/style.css"), found("/style.css")),
            ("/style.css/", Route::Missing, Route::Missing),
            ("/nope/", Route::Missing, Route::Missing),
        ] {
            assert_eq!(resolve(raw, Mode::Traditional, TrailingSlash::Never, find), never, "never: {raw}");
            assert_eq!(resolve(raw, Mode::Traditional, TrailingSlash::Either, find), either, "either: {raw}");
        }
    }

    #[test]
    fn an_entry_in_any_spelling() {
        for (path, expected) in
            [("/guide", Some("/guide/")), ("/guide/", Some("/guide/")), ("/both", Some("/both")), ("/nope", None)]
        {
            assert_eq!(entry(&SitePath::parse(path).unwrap(), find), expected, "{path}");
        }
    }

    #[test]
    fn one_url_per_page() {
        for (raw, expected) in [
            ("/", Route::Found("/")),
            ("/guide/", Route::Found("/guide/")),
            ("/guide", moved("/guide/")),
            ("/guide/index.html", moved("/guide/")),
            ("/index.html", moved("/")),
            ("/index.html/", Route::Found("/index.html/")),
            ("/both", Route::Found("/both")),
            ("/both/", Route::Found("/both/")),
            ("/style.css", Route::Found("/style.css")),
            ("/style.css/", Route::Missing),
            ("/Style.css", Route::Missing),
            ("/nope/index.html", Route::Missing),
            ("/nope", Route::Missing),
        ] {
            check(raw, Mode::Traditional, &expected);
        }
    }

    #[test]
    fn one_spelling_per_url() {
        for (raw, expected) in [
            ("/guide/a%20b/", Route::Found("/guide/a b/")),
            ("/guide/a%20b", moved("/guide/a b/")),
            ("/%67uide/", moved("/guide/")),
            ("/style%2ecss", moved("/style.css")),
            ("/%C3%A4.png", Route::Found("/ä.png")),
            ("/%c3%a4.png", moved("/ä.png")),
            ("/ä.png", moved("/ä.png")),
            ("/x%7By%7D", Route::Found("/x{y}")),
            ("/x%7by%7d", moved("/x{y}")),
            ("/x{y}", moved("/x{y}")),
            ("/100%25", Route::Found("/100%")),
            ("/%6eope", Route::Missing),
        ] {
            check(raw, Mode::Traditional, &expected);
        }
    }

    #[test]
    fn paths_of_nothing() {
        for (raw, fault) in [
            ("//", PathError::EmptySegment),
            ("/guide//", PathError::EmptySegment),
            ("/guide/../", PathError::DotSegment),
            ("/guide/%2e%2e/", PathError::DotSegment),
            ("/a%2fb", PathError::Forbidden),
            ("/a%5cb", PathError::Forbidden),
            ("/%00", PathError::Forbidden),
            ("/%c0%af", PathError::Encoding),
            ("/100%", PathError::Encoding),
            ("/%4", PathError::Encoding),
        ] {
            check(raw, Mode::Traditional, &Route::Bad(fault));
            check(raw, Mode::Spa, &Route::Bad(fault));
        }
    }

    #[test]
    fn an_app_answers_for_its_pages_and_not_for_missing_files() {
        for (raw, expected) in [
            ("/orders/17", Route::Shell("/")),
            ("/orders/", Route::Shell("/")),
            ("/nope;v=1.2/x", Route::Shell("/")),
            ("/%6frders", moved("/orders")),
            ("/app.3f9a.js", Route::Missing),
            ("/orders/17.json", Route::Missing),
            ("/.env", Route::Missing),
            ("/guide", moved("/guide/")),
            ("/style.css", Route::Found("/style.css")),
        ] {
            check(raw, Mode::Spa, &expected);
        }
        assert_eq!(resolve("/orders", Mode::Spa, TrailingSlash::Always, |_| None::<()>), Route::Missing);
    }

    #[test]
    fn sites_by_their_first_segment() {
        let named = |name: &str| (name == "docs").then_some("docs");
        for (path, root, expected) in [
            ("/docs/", None, Mount::Site("docs", "/")),
            ("/docs/a/b", None, Mount::Site("docs", "/a/b")),
            ("/docs", None, Mount::NeedsSlash("docs")),
            ("/docs", Some("main"), Mount::NeedsSlash("docs")),
            ("/docsx/", None, Mount::None),
            ("/docsx/", Some("main"), Mount::Site("main", "/docsx/")),
            ("/", None, Mount::None),
            ("/", Some("main"), Mount::Site("main", "/")),
            ("//docs/", None, Mount::None),
        ] {
            assert_eq!(mount(path, named, root), expected, "{path}");
        }
    }

    #[test]
    fn redirects_keep_the_query_and_stay_on_the_site() {
        let docs = BasePath::of(&SiteName::parse("docs").unwrap());
        for (base, path, query, expected) in [
            (&docs, "/guide/", None, "/docs/guide/"),
            (&docs, "/a b/", Some("q=1&r"), "/docs/a%20b/?q=1&r"),
            (&BasePath::root(), "/", Some(""), "/?"),
        ] {
            assert_eq!(location(base, &SitePath::parse(path).unwrap(), query), expected);
        }
    }

    proptest! {
        /// A redirect that leads to another redirect, or to itself, is a loop in waiting.
        #[test]
        fn a_redirect_arrives(
            raw in "(/([a-c%0-9é{]|%[2-7][0-9a-fA-F]|index\\.html){0,4}){1,3}/?",
            spa: bool,
            slash in proptest::sample::select(vec![TrailingSlash::Always, TrailingSlash::Never, TrailingSlash::Either]),
        ) {
            let mode = if spa { Mode::Spa } else { Mode::Traditional };
            let routes = ["/", "/a/", "/b", "/é/", "/{", "/a b/", "/c", "/c/", "/a/index.html/"];
            let find = |path: &str| routes.iter().find(|route| **route == path);
            if let Route::Moved(to) = resolve(&raw, mode, slash, find) {
                let url = to.to_url(&BasePath::root());
                prop_assert!(url != raw && !url.starts_with("//"));
                prop_assert!(matches!(resolve(&url, mode, slash, find), Route::Found(_) | Route::Shell(_)), "{} {}", raw, url);
            }
        }
    }
}

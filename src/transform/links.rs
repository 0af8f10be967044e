//! Where the URLs of a site lead. Authors write them as if the site stood at `/` and as their files are called; what is
//! published names the place where the site is mounted and the files as they are served.

use std::fmt;

use crate::site::BasePath;

/// How URLs are rewritten.
#[derive(Clone, Copy)]
pub struct Links<'a> {
    /// Put in front of what is relative to the site's root: of `/x`, not of `//host/x`, `x` or `https:…`.
    pub base: &'a BasePath,
    /// Put in front of what is relative to the page: the URL of its folder, where a browser cannot be sure to see it as one,
    /// because the page answers without the slash at its end, too.
    pub folder: Option<&'a str>,
    /// Says what a relative or root-relative module specifier without an extension means (`./store` may be
    /// `./store.ts`); asked before anything is renamed.
    pub resolve: &'a dyn Fn(&str) -> Option<String>,
}

impl fmt::Debug for Links<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links").field("base", self.base).finish_non_exhaustive()
    }
}

impl<'a> Links<'a> {
    /// Those of a site mounted at `base`, all of whose specifiers have extensions.
    #[must_use]
    pub fn at(base: &'a BasePath) -> Self {
        Self { base, folder: None, resolve: &|_| None }
    }

    /// The base without its last slash: what is put in front of a `/`. Empty for `/`.
    #[must_use]
    pub fn prefix(&self) -> &'a str {
        self.base.as_str().trim_end_matches('/')
    }

    /// What a module specifier becomes; `None` when it stays.
    #[must_use]
    pub fn specifier(&self, specifier: &str) -> Option<String> {
        let is_rooted = is_rooted(specifier);
        if !is_rooted && !specifier.starts_with("./") && !specifier.starts_with("../") {
            return None;
        }
        let (path, query) = split_path(specifier);
        let has_extension = path.rsplit('/').next().is_some_and(|file| file.contains('.'));
        let resolved = if has_extension { None } else { (self.resolve)(path) };
        let renamed = compiled_name(resolved.as_deref().unwrap_or(path)).or(resolved);
        let path = renamed.as_deref().unwrap_or(path);
        let prefix = if is_rooted { self.prefix() } else { self.folder.unwrap_or("") };
        let new = format!("{prefix}{path}{query}");
        (new != specifier).then_some(new)
    }
}

/// Whether `url` is relative to the root of the site. A slash may be written as a character reference; browsers read
/// `/\host` as they read `//host`.
#[must_use]
pub fn is_rooted(url: &str) -> bool {
    strip_slash(url).is_some_and(|rest| strip_slash(rest).is_none() && !rest.starts_with('\\'))
}

fn strip_slash(url: &str) -> Option<&str> {
    ["/", "&#x2F;", "&#x2f;", "&#47;", "&sol;"].iter().find_map(|slash| url.strip_prefix(slash))
}

/// The path of a URL, and its query and fragment.
#[must_use]
pub fn split_path(url: &str) -> (&str, &str) {
    // The `#` of a character reference is no fragment.
    let end = url.match_indices(['?', '#']).map(|(at, _)| at).find(|&at| !url[..at].ends_with('&'));
    url.split_at(end.unwrap_or(url.len()))
}

/// The name under which a TypeScript file is published: `.ts` becomes `.js`, `.mts` `.mjs`. `None` for other files, and
/// for declarations, which are not published.
#[must_use]
pub fn compiled_name(path: &str) -> Option<String> {
    let (stem, extension) = path.rsplit_once('.')?;
    let new = match extension {
        "ts" => "js",
        "mts" => "mjs",
        _ => return None,
    };
    let is_declaration = stem.rsplit_once('.').is_some_and(|(_, inner)| inner == "d");
    (!is_declaration).then(|| format!("{stem}.{new}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots() {
        for rooted in ["/", "/a", "&#x2F;a", "&sol;", "/?q", "/#f"] {
            assert!(is_rooted(rooted), "{rooted}");
        }
        for other in ["", "a", "//host", "/&#47;host", "/\\host", "#f", "?q", "https://host/", "data:,/", "./a"] {
            assert!(!is_rooted(other), "{other}");
        }
    }

    #[test]
    fn specifiers() {
        let base = BasePath::parse("/docs/").unwrap();
        let resolve = |path: &str| (path == "./store").then(|| "./store.ts".to_owned());
        let links = Links { base: &base, folder: None, resolve: &resolve };
        for (specifier, expected) in [
            ("./a.ts", Some("./a.js")),
            ("../a.mts?x#y", Some("../a.mjs?x#y")),
            ("/lib/a.ts", Some("/docs/lib/a.js")),
            ("/lib/a.js", Some("/docs/lib/a.js")),
            ("./store", Some("./store.js")),
            ("./other", None),
            ("./a.js", None),
            ("./a.d.ts", None),
            ("lit.ts", None),
            ("//host/a.ts", None),
            ("https://host/a.ts", None),
        ] {
            assert_eq!(links.specifier(specifier).as_deref(), expected, "{specifier}");
        }
    }
}

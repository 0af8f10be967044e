//! What built files are called: a name a person recognises and a fingerprint of the last bytes, so that a name never means
//! other bytes and may be kept by caches for good.

use crate::site::{BasePath, ContentHash, SitePath};

/// The folder of all built files, in the site.
const FOLDER: &str = "/assets";

/// The folder of what is made of pictures. Zola's name for it: rules by path go on meaning the same files.
const PICTURES: &str = "/processed_images";

/// So many hexadecimal digits of the hash are in a name: 40 bits, within one site and stem.
const DIGITS: usize = 10;

/// `/assets/main.4f2a9c81d0.js` for a source called `main.ts`. Characters of `stem` that a URL would have to escape become
/// `-`.
#[must_use]
pub(super) fn fingerprinted(stem: &str, extension: &str, hash: &ContentHash) -> SitePath {
    below(FOLDER, stem, extension, hash)
}

/// `/processed_images/tide-bowls.4f2a9c81d0.webp` for what is made of `tide-bowls.jpg`.
#[must_use]
pub(super) fn picture(stem: &str, extension: &str, hash: &ContentHash) -> SitePath {
    below(PICTURES, stem, extension, hash)
}

fn below(folder: &str, stem: &str, extension: &str, hash: &ContentHash) -> SitePath {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    let stem: String = stem.chars().map(plain).collect();
    let stem = match stem.trim_matches(['.', '-']) {
        "" => "asset",
        stem => stem,
    };
    let hash = &hash.to_string()[..DIGITS];
    let dot = if extension.is_empty() { "" } else { "." };
    let path = format!("{folder}/{stem}.{hash}{dot}{extension}");
    SitePath::parse(&path).unwrap_or_else(|_| unreachable!("{path} is made of characters every path may have"))
}

/// What a source map beside built files calls a source, as a URL from the root of the host.
#[must_use]
pub(super) fn source_url(source: &str, base: &BasePath) -> String {
    let path = format!("{FOLDER}/{source}");
    SitePath::parse(&path).map_or(path, |path| path.to_url(base))
}

/// The stem and the extension of a file's name: `logo` and `svg` of `sites/app/logo.svg`.
#[must_use]
pub(super) fn stem_and_extension(path: &str) -> (&str, &str) {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() => (stem, extension),
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_urls_without_escapes() {
        let hash = ContentHash::of(b"x");
        let digits = &hash.to_string()[..DIGITS];
        for (stem, extension, expected) in [
            ("main", "js", format!("/assets/main.{digits}.js")),
            ("grün & blau", "svg", format!("/assets/gr-n---blau.{digits}.svg")),
            ("[...slug]", "js", format!("/assets/slug.{digits}.js")),
            ("...", "", format!("/assets/asset.{digits}")),
        ] {
            assert_eq!(fingerprinted(stem, extension, &hash).as_str(), expected);
        }
    }

    #[test]
    fn stems() {
        assert_eq!(stem_and_extension("a/b/main.module.css"), ("main.module", "css"));
        assert_eq!(stem_and_extension("LICENSE"), ("LICENSE", ""));
        assert_eq!(stem_and_extension("a/.env"), (".env", ""));
    }
}

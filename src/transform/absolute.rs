//! HTML that is read elsewhere: in a feed there is no page that a URL could be relative to, so each is made whole.

use std::borrow::Cow;

use super::{
    base::{self, Edit},
    links::is_rooted,
    placeholder::{self, What},
};

/// The content of the page at `permalink`, with whole URLs. `base_url` is where the site is published, without the slash at its
/// end; both are whole.
#[must_use]
pub fn absolute<'a>(html: &'a str, base_url: &str, permalink: &str) -> Cow<'a, str> {
    let folder = permalink.trim_end_matches('/');
    let mut edits: Vec<Edit> = Vec::new();
    base::urls(html, |url| {
        // A file that is not built yet has the path of the site in its URL, and `base_url` has it, too.
        if let Some(file) = placeholder::find(url.raw).next().filter(|one| one.span.start == 0 && one.what == What::Url)
        {
            let start = url.span.start;
            edits.push((
                start..start + file.span.end,
                format!("{base_url}{}", placeholder::write_key(What::Path, file.key)),
            ));
            return;
        }
        let before = match url.raw.as_bytes().first() {
            None => return,
            Some(b'#' | b'?') => permalink.to_owned(),
            _ if is_rooted(url.raw) => base_url.to_owned(),
            _ if base::is_foreign(url.raw) => return,
            _ => format!("{folder}/"),
        };
        edits.push((url.span.start..url.span.start, before));
    });
    base::edited(html, &edits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_become_whole() {
        for (html, expected) in [
            (r#"<a href="/b/?c#d">x</a>"#, r#"<a href="https://x.org/s/b/?c#d">x</a>"#),
            (r##"<a href="#d">x</a>"##, r#"<a href="https://x.org/s/a/#d">x</a>"#),
            (r#"<img src=p.png srcset="p.png 1x, /q.png 2x">"#, {
                r#"<img src=https://x.org/s/a/p.png srcset="https://x.org/s/a/p.png 1x, https://x.org/s/q.png 2x">"#
            }),
            (r#"<a href="https://y.org/">x</a>"#, r#"<a href="https://y.org/">x</a>"#),
            (r#"<a href="mailto:a@b.c">x</a><a href="//y.org">y</a>"#, {
                r#"<a href="mailto:a@b.c">x</a><a href="//y.org">y</a>"#
            }),
            ("<p>href=/x</p>", "<p>href=/x</p>"),
        ] {
            assert_eq!(absolute(html, "https://x.org/s", "https://x.org/s/a/"), expected);
        }
        let built = |what| placeholder::write(what, "a.jpg");
        let html = format!("<img src='{0}' srcset='{0} 1x, /b 2x'>", built(What::Url));
        let whole = format!("https://x.org/s{}", built(What::Path));
        let expected = format!("<img src='{whole}' srcset='{whole} 1x, https://x.org/s/b 2x'>");
        assert_eq!(absolute(&html, "https://x.org/s", "https://x.org/s/a/"), expected);
        assert_eq!(absolute("<img src=p.png>", "https://x.org", "https://x.org/a"), "<img src=https://x.org/a/p.png>");
    }
}

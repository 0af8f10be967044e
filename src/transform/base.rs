//! Bakes the place where a site is mounted into what it publishes, and the published names of TypeScript modules into
//! pages. Edits in place: every byte that is no such URL stays as it is. Pages go through this before they are minified.

mod values;

use std::{borrow::Cow, ops::Range};

pub use self::values::style_urls;
pub(super) use self::values::{candidates, json_strings};
use self::values::{trimmed, words};
use super::{
    html::lexer::{Kind, Lexer},
    links::{Links, compiled_name, is_rooted, split_path},
    script,
};
use crate::site::BasePath;

/// A URL in a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url<'a> {
    /// In bytes of the page; without quotes and white space around it.
    pub span: Range<usize>,
    /// As written, character references and all.
    pub raw: &'a str,
    pub site: Site<'a>,
}

/// Where a URL stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site<'a> {
    /// In an attribute, both names as written.
    Attribute { element: &'a str, attribute: &'a str },
    /// What a browser loads as a module or classic script.
    Script { element: &'a str, attribute: &'a str },
    /// In a style sheet or `style` attribute.
    Style,
    /// In an import map.
    ImportMap,
}

/// A change to a text: what stands at a place becomes something else.
pub type Edit = (Range<usize>, String);

/// The page, or SVG image, with its URLs as `links` has them, but for those at places in `decided`, which are in the order
/// of the text and do not overlap.
#[must_use]
pub fn page<'a>(page: &'a str, links: &Links<'_>, decided: &[Edit]) -> Cow<'a, str> {
    let has_base = page.contains("<base") || page.contains("<BASE");
    let links = &Links { folder: links.folder.filter(|_| !has_base), ..*links };
    let is_unmoved = links.prefix().is_empty() && links.folder.is_none();
    if decided.is_empty() && is_unmoved && !page.contains(".ts") && !page.contains(".mts") && !page.contains("module") {
        return Cow::Borrowed(page);
    }
    let mut edits = Edits::new(page, decided);
    scan(page, &mut |found| match found {
        Found::Url(url) => {
            if is_rooted(url.raw) {
                edits.insert(url.span.start, links.prefix());
            } else if let Some(folder) = links.folder
                && is_beside(url.raw, url.site)
            {
                edits.insert(url.span.start, folder);
            }
            if matches!(url.site, Site::Script { .. } | Site::ImportMap) && !is_foreign(url.raw) {
                let (path, _) = split_path(url.raw);
                if let Some(new) = compiled_name(path) {
                    edits.replace(url.span.start..url.span.start + path.len(), &new);
                }
            }
        }
        Found::Module(span) => {
            let text = &page[span.clone()];
            if let Some(new) =
                (text.contains("import") || text.contains("export")).then(|| script::relink(text, links)).flatten()
            {
                edits.replace(span, &new);
            }
        }
    });
    edits.finish()
}

/// Calls `found` for every URL of the page that a browser would load or lead to, in the order of the text.
pub fn urls<'a>(page: &'a str, mut found: impl FnMut(Url<'a>)) {
    scan(page, &mut |item| {
        if let Found::Url(url) = item {
            found(url);
        }
    });
}

/// The style sheet with its URLs below `base`.
#[must_use]
pub fn style_sheet<'a>(text: &'a str, base: &BasePath) -> Cow<'a, str> {
    let links = Links::at(base);
    if links.prefix().is_empty() {
        return Cow::Borrowed(text);
    }
    let mut edits = Edits::new(text, &[]);
    style_urls(text, |span| {
        if is_rooted(&text[span.clone()]) {
            edits.insert(span.start, links.prefix());
        }
    });
    edits.finish()
}

/// The web app manifest with its URLs below `base`, but for those `decided`.
#[must_use]
pub fn manifest<'a>(text: &'a str, base: &BasePath, decided: &[Edit]) -> Cow<'a, str> {
    let links = Links::at(base);
    if links.prefix().is_empty() && decided.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut edits = Edits::new(text, decided);
    json_strings(text, |span, key| {
        let is_url = matches!(key, Some("start_url" | "scope" | "id" | "src" | "url" | "action" | "new_note_url"));
        if is_url && is_rooted(&text[span.clone()]) {
            edits.insert(span.start, links.prefix());
        }
    });
    edits.finish()
}

/// The text with its changes, which are in its order.
#[must_use]
pub fn edited<'a>(text: &'a str, changes: &[Edit]) -> Cow<'a, str> {
    Edits::new(text, changes).finish()
}

/// The places of the images a web app manifest names: of its icons, its screenshots, its shortcuts' icons.
#[must_use]
pub fn manifest_images(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    json_strings(text, |span, key| {
        if key == Some("src") {
            found.push(span);
        }
    });
    found
}

/// Changes to a text, in the order of the text.
struct Edits<'a, 'd> {
    text: &'a str,
    /// Made before all others that begin where they do; others do not touch what they change.
    decided: &'d [Edit],
    out: String,
    copied: usize,
}

impl<'a, 'd> Edits<'a, 'd> {
    const fn new(text: &'a str, decided: &'d [Edit]) -> Self {
        Self { text, decided, out: String::new(), copied: 0 }
    }

    fn insert(&mut self, at: usize, new: &str) {
        self.replace(at..at, new);
    }

    fn replace(&mut self, span: Range<usize>, new: &str) {
        self.decided_before(span.start + 1);
        let is_free = self.decided.first().is_none_or(|(next, _)| next.start >= span.end);
        if span.start >= self.copied && is_free {
            self.make(span, new);
        }
    }

    fn decided_before(&mut self, end: usize) {
        while let Some(((span, new), rest)) = self.decided.split_first().filter(|((span, _), _)| span.start < end) {
            self.decided = rest;
            self.make(span.clone(), new);
        }
    }

    fn make(&mut self, span: Range<usize>, new: &str) {
        if self.out.is_empty() {
            self.out.reserve(self.text.len() + self.text.len() / 16);
        }
        self.out.push_str(&self.text[self.copied..span.start]);
        self.out.push_str(new);
        self.copied = span.end;
    }

    fn finish(mut self) -> Cow<'a, str> {
        self.decided_before(self.text.len() + 1);
        if self.copied == 0 && self.out.is_empty() {
            return Cow::Borrowed(self.text);
        }
        self.out.push_str(&self.text[self.copied..]);
        Cow::Owned(self.out)
    }
}

enum Found<'a> {
    Url(Url<'a>),
    /// The text of a module inside the page.
    Module(Range<usize>),
}

/// What an attribute holds.
enum Holds {
    Url,
    /// URLs with descriptors, between commas.
    Candidates,
    /// URLs between white space.
    List,
    Style,
    /// A delay, then maybe `url=` and a URL.
    Refresh,
}

fn scan<'a>(page: &'a str, found: &mut dyn FnMut(Found<'a>)) {
    let mut lexer = Lexer::new(page);
    let mut inside = Inside::Other;
    while let Some(token) = lexer.next_notable() {
        match token.kind {
            Kind::StartTag { .. } if lexer.is_inert() => {}
            Kind::StartTag { .. } => {
                let element = &page[token.name];
                inside = Inside::of(element, &lexer);
                tag(page, element, &lexer, found);
            }
            Kind::RawText => {
                let text = &page[token.span.clone()];
                let start = token.span.start;
                let url = |span: Range<usize>, site| {
                    let span = span.start + start..span.end + start;
                    Found::Url(Url { raw: &page[span.clone()], span, site })
                };
                match inside {
                    Inside::Style => style_urls(text, |span| found(url(span, Site::Style))),
                    Inside::ImportMap => json_strings(text, |span, _| found(url(span, Site::ImportMap))),
                    Inside::Module => found(Found::Module(token.span)),
                    Inside::Noscript => scan(text, &mut |item| {
                        if let Found::Url(Url { span, site, .. }) = item {
                            found(url(span, site));
                        }
                    }),
                    Inside::Other => {}
                }
            }
            _ => {}
        }
    }
}

/// What the raw text of the element just opened is.
enum Inside {
    Style,
    Module,
    ImportMap,
    Noscript,
    Other,
}

impl Inside {
    fn of(element: &str, lexer: &Lexer<'_>) -> Self {
        let kind =
            |expected: &str| lexer.attribute("type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case(expected));
        if element.eq_ignore_ascii_case("style") {
            Self::Style
        } else if element.eq_ignore_ascii_case("noscript") {
            Self::Noscript
        } else if element.eq_ignore_ascii_case("script") && kind("module") {
            Self::Module
        } else if element.eq_ignore_ascii_case("script") && kind("importmap") {
            Self::ImportMap
        } else {
            Self::Other
        }
    }
}

fn tag<'a>(page: &'a str, element: &'a str, lexer: &Lexer<'a>, found: &mut dyn FnMut(Found<'a>)) {
    for attribute in lexer.attributes() {
        let Some(value) = attribute.value.clone() else { continue };
        let name = &page[attribute.name.clone()];
        let Some(holds) = holds(element, name, lexer) else { continue };
        let site = if is_script(element, name, lexer) {
            Site::Script { element, attribute: name }
        } else if matches!(holds, Holds::Style) {
            Site::Style
        } else {
            Site::Attribute { element, attribute: name }
        };
        let (text, start) = (&page[value.clone()], value.start);
        let mut url = |span: Range<usize>| {
            let span = span.start + start..span.end + start;
            if !span.is_empty() {
                found(Found::Url(Url { raw: &page[span.clone()], span, site }));
            }
        };
        match holds {
            Holds::Url => url(trimmed(text, 0..text.len())),
            Holds::Style => style_urls(text, url),
            Holds::Candidates => candidates(text, url),
            Holds::List => words(text, url),
            Holds::Refresh => {
                let lower = text.to_ascii_lowercase();
                if let Some(at) = lower.find("url=") {
                    let span = trimmed(text, at + "url=".len()..text.len());
                    let quote = text[span.clone()].starts_with(['\'', '"']);
                    let end = text[span.clone()].trim_end_matches(['\'', '"']).len() + span.start;
                    url(span.start + usize::from(quote)..end.max(span.start + usize::from(quote)));
                }
            }
        }
    }
}

fn holds(element: &str, attribute: &str, lexer: &Lexer<'_>) -> Option<Holds> {
    let element_is = |names: &[&str]| names.iter().any(|name| element.eq_ignore_ascii_case(name));
    let mut lower = [0; 16];
    let name = lower.get_mut(..attribute.len())?;
    name.copy_from_slice(attribute.as_bytes());
    name.make_ascii_lowercase();
    match &*name {
        b"href" | b"src" | b"xlink:href" | b"action" | b"formaction" | b"poster" | b"background" | b"longdesc" => {
            Some(Holds::Url)
        }
        b"cite" => element_is(&["blockquote", "q", "ins", "del"]).then_some(Holds::Url),
        b"data" => element_is(&["object"]).then_some(Holds::Url),
        b"manifest" => element_is(&["html"]).then_some(Holds::Url),
        b"srcset" | b"imagesrcset" => Some(Holds::Candidates),
        b"ping" => Some(Holds::List),
        b"style" | b"fill" | b"stroke" | b"filter" | b"mask" | b"clip-path" => Some(Holds::Style),
        b"content" if element_is(&["meta"]) => meta(lexer),
        _ => None,
    }
}

fn meta(lexer: &Lexer<'_>) -> Option<Holds> {
    const URLS: [&str; 17] = [
        "og:image",
        "og:image:url",
        "og:image:secure_url",
        "og:url",
        "og:video",
        "og:video:url",
        "og:video:secure_url",
        "og:audio",
        "og:audio:url",
        "og:audio:secure_url",
        "twitter:image",
        "twitter:image:src",
        "twitter:player",
        "twitter:player:stream",
        "twitter:url",
        "msapplication-TileImage",
        "msapplication-config",
    ];
    if lexer.attribute("http-equiv").is_some_and(|directive| directive.trim().eq_ignore_ascii_case("refresh")) {
        return Some(Holds::Refresh);
    }
    let name = lexer.attribute("property").or_else(|| lexer.attribute("name"))?.trim();
    URLS.iter().any(|url| url.eq_ignore_ascii_case(name)).then_some(Holds::Url)
}

fn is_script(element: &str, attribute: &str, lexer: &Lexer<'_>) -> bool {
    (element.eq_ignore_ascii_case("script") && attribute.eq_ignore_ascii_case("src"))
        || (element.eq_ignore_ascii_case("link")
            && attribute.eq_ignore_ascii_case("href")
            && lexer
                .attribute("rel")
                .is_some_and(|rel| rel.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("modulepreload"))))
}

/// Whether a URL is relative to the folder of its page. In an import map other names are those of modules.
#[must_use]
pub fn is_beside(url: &str, site: Site<'_>) -> bool {
    match site {
        Site::ImportMap => url.starts_with("./") || url.starts_with("../"),
        _ => !url.is_empty() && !url.starts_with(['/', '\\', '#', '?', '&']) && !is_foreign(url),
    }
}

/// Whether a URL names a scheme or host, so that the file is not ours to rename.
pub(super) fn is_foreign(url: &str) -> bool {
    url.starts_with("//") || url.find(':').is_some_and(|colon| !url[..colon].contains(['/', '?', '#']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn docs() -> BasePath {
        BasePath::parse("/docs/").unwrap()
    }

    #[track_caller]
    fn check(before: &str, after: &str) {
        assert_eq!(page(before, &Links::at(&docs()), &[]), after);
    }

    #[test]
    fn urls_of_a_page_go_below_the_base() {
        check("<a href=\"/\">", "<a href=\"/docs/\">");
        check("<A HREF=/x?a=/b#c>", "<A HREF=/docs/x?a=/b#c>");
        check("<a href=' /x '>", "<a href=' /docs/x '>");
        check("<a href=\"&#x2F;x\">", "<a href=\"/docs&#x2F;x\">");
        check(
            "<img src=/a.png srcset=\"/a.png 1x, /b,c.png 2x,/d.png\">",
            "<img src=/docs/a.png srcset=\"/docs/a.png 1x, /docs/b,c.png 2x,/docs/d.png\">",
        );
        check("<link rel=preload imagesrcset='/a.png 100w'>", "<link rel=preload imagesrcset='/docs/a.png 100w'>");
        check(
            "<form action=/go><button formaction=\"/other\">",
            "<form action=/docs/go><button formaction=\"/docs/other\">",
        );
        check("<video poster=/p.jpg src=/v.mp4>", "<video poster=/docs/p.jpg src=/docs/v.mp4>");
        check("<object data=/o.svg><blockquote cite=/c>", "<object data=/docs/o.svg><blockquote cite=/docs/c>");
        check("<html manifest=/m><base href=\"/\">", "<html manifest=/docs/m><base href=\"/docs/\">");
        check(
            "<meta http-equiv=Refresh content=\"0; URL='/new/'\">",
            "<meta http-equiv=Refresh content=\"0; URL='/docs/new/'\">",
        );
        check("<meta property=og:image content=/i.png>", "<meta property=og:image content=/docs/i.png>");
        check(
            "<meta name=\"twitter:image\" content=\"/i.png\">",
            "<meta name=\"twitter:image\" content=\"/docs/i.png\">",
        );
        check(
            "<svg><use xlink:href=\"/i.svg#a\"/><image href='/i.png'/></svg>",
            "<svg><use xlink:href=\"/docs/i.svg#a\"/><image href='/docs/i.png'/></svg>",
        );
        check("<a ping='/a  /b'>", "<a ping='/docs/a  /docs/b'>");
        check("<p style=\"background:url(/a.png)\">", "<p style=\"background:url(/docs/a.png)\">");
        check(
            "<p style=\"background:url(&quot;/a.png&quot;)\">",
            "<p style=\"background:url(&quot;/docs/a.png&quot;)\">",
        );
        check("<style>a{b:url(/c)}</style>", "<style>a{b:url(/docs/c)}</style>");
        check("<noscript><img src=/a.png></noscript>", "<noscript><img src=/docs/a.png></noscript>");
        check(
            "<script type=importmap>{\"imports\": {\"a\": \"/a.ts\", \"/x/\": \"https://b/c.ts\"}}</script>",
            "<script type=importmap>{\"imports\": {\"a\": \"/docs/a.js\", \"/docs/x/\": \"https://b/c.ts\"}}</script>",
        );
        check(
            "<script type=\"module\">import a from '/a.ts'; import(\"./b.ts\"); // '/c.ts'\n</script>",
            "<script type=\"module\">import a from '/docs/a.js'; import(\"./b.js\"); // '/c.ts'\n</script>",
        );
    }

    #[test]
    fn everything_else_is_left() {
        for same in [
            "<a href=\"//host/x\">",
            "<a href=x>",
            "<a href=./x>",
            "<a href=#x>",
            "<a href=https://h/x>",
            "<a href>",
            "<a href=''>",
            "<img src=data:,/x srcset='data:,/x 1x'>",
            "<p title=/x data-href=/x>/x</p>",
            "<meta name=description content=/x>",
            "<meta http-equiv=refresh content=5>",
            "<script>a = '<a href=\"/x\">'</script>",
            "<!-- <a href=/x> -->",
            "<textarea><a href=/x></textarea>",
            "<style>a{b:url(//c)}/* url(/d) */</style>",
            "<a href=\"/x",
            "<p data=/x cite=/x>",
            "<script type=module>import 'x'; f('/y')</script>",
            "<a href='/\\host'>",
            "ä<p title='ü'>",
        ] {
            check(same, same);
        }
    }

    #[test]
    fn typescript_is_linked_as_it_is_published() {
        let root = BasePath::root();
        for (before, after) in [
            ("<script type=module src=\"main.ts?v=1\"></script>", "<script type=module src=\"main.js?v=1\"></script>"),
            ("<script src=/a/b.mts></script>", "<script src=/a/b.mjs></script>"),
            ("<link rel=\"modulepreload\" href=\"./x.ts\">", "<link rel=\"modulepreload\" href=\"./x.js\">"),
            ("<script src=https://h/x.ts></script>", "<script src=https://h/x.ts></script>"),
            ("<script src=//h/x.ts></script>", "<script src=//h/x.ts></script>"),
            ("<a href=x.ts>x.ts</a>", "<a href=x.ts>x.ts</a>"),
        ] {
            assert_eq!(page(before, &Links::at(&root), &[]), after);
        }
        check("<script src=/a.ts></script>", "<script src=/docs/a.js></script>");
    }

    #[test]
    fn what_was_decided_stays() {
        let decided = [(7..9, "/docs/a.0.js".to_owned()), (9..9, " b".to_owned()), (11..12, "c".to_owned())];
        assert_eq!(page("<a src=/a>./", &Links::at(&docs()), &decided), "<a src=/docs/a.0.js b>.c");
        let inside = [(4..5, "x".to_owned())];
        assert_eq!(edited("abcdefg", &inside), "abcdxfg");
    }

    #[test]
    fn nothing_to_do_costs_no_copy() {
        assert!(matches!(page("<a href=/x>", &Links::at(&BasePath::root()), &[]), Cow::Borrowed(_)));
        assert!(matches!(page("<a href=x>", &Links::at(&docs()), &[]), Cow::Borrowed(_)));
    }

    #[test]
    fn urls_of_a_style_sheet_go_below_the_base() {
        for (before, after) in [
            (
                "@import \"/a.css\";@import url('/b.css') screen;",
                "@import \"/docs/a.css\";@import url('/docs/b.css') screen;",
            ),
            ("a{b:url( /c.png ), URL(\"/d\")}", "a{b:url( /docs/c.png ), URL(\"/docs/d\")}"),
            (
                "a{b:image-set(\"/a.png\" 1x, url(/b.png) 2x) \"/c\"}",
                "a{b:image-set(\"/docs/a.png\" 1x, url(/docs/b.png) 2x) \"/c\"}",
            ),
            (
                "a{content:\"url(/x)\"} /* url(/y) */ b{c:curl(/z)}",
                "a{content:\"url(/x)\"} /* url(/y) */ b{c:curl(/z)}",
            ),
            ("a{b:url(//h/x) url(x) url(#y) url(data:,/z)}", "a{b:url(//h/x) url(x) url(#y) url(data:,/z)}"),
            ("a{b:\"\\\"/x\" url(/y", "a{b:\"\\\"/x\" url(/docs/y"),
            // What closes the string of a `url()` opens none.
            ("a{b:url('/c');d:url('/e') }", "a{b:url('/docs/c');d:url('/docs/e') }"),
        ] {
            assert_eq!(style_sheet(before, &docs()), after);
        }
    }

    #[test]
    fn urls_of_a_manifest_go_below_the_base() {
        assert_eq!(
            manifest(
                "{\"name\": \"/\", \"start_url\": \"/?pwa\", \"icons\": [{\"src\": \"/i.png\"}, {\"src\": \"j.png\"}]}",
                &docs(),
                &[]
            ),
            "{\"name\": \"/\", \"start_url\": \"/docs/?pwa\", \"icons\": [{\"src\": \"/docs/i.png\"}, {\"src\": \"j.png\"}]}"
        );
    }

    #[test]
    fn all_urls_are_listed_with_their_places() {
        let text = "<a href=x>y</a><img srcset='a 1x, b'><style>c{d:url(e)}</style>";
        let mut found = Vec::new();
        urls(text, |url| found.push((url.span.start, url.raw)));
        assert_eq!(found, [(8, "x"), (28, "a"), (34, "b"), (52, "e")]);
    }
}

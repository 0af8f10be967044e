//! What a page makes a browser load that its own site may have to build: scripts, style sheets, images, and where the page
//! says so; where it leads, and what in it can be led to. Nothing here knows which files there are; URLs come out as they
//! are written.

use std::ops::Range;

use super::{
    base::{candidates, style_urls},
    html::{
        decoded::decoded,
        lexer::{Kind, Lexer, lowercase},
    },
    policy::is_import,
};

/// Everything a page asks for. Places are in bytes of its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// The URL of the `base` element.
    pub base: Option<String>,
    /// In the order of the text.
    pub all: Vec<Request>,
    /// The URLs it leads to and does not load: of `a`, `area`, frames, and links that name other pages. In the order of the
    /// text.
    pub links: Vec<Range<usize>>,
    /// What a fragment can name, as written: ids, and the names of `a` (HTML §7.4.6.4). In the order of the text.
    pub anchors: Vec<Range<usize>>,
    pub head: Head,
}

/// Where a page's `head` is, as far as its tags say so: they may all be left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// After its start tag, or before the first element that can be in one.
    pub start: Option<usize>,
    /// Before its end tag, or that of the body's start.
    pub end: Option<usize>,
}

/// One thing asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub asks: Asks,
    /// The URL, without quotes and white space around it; of a script in the page, its text.
    pub span: Range<usize>,
    /// The start tag it stands in, or after; of what stands in a `style` element, that of the element.
    pub tag: Range<usize>,
    /// After the attribute it stands in, quote and all; of a script in the page, before the end of its start tag.
    pub after: usize,
    /// The value of the element's `integrity`, where it has one.
    pub integrity: Option<Range<usize>>,
    /// The credentials mode of its `crossorigin`, where it has one.
    pub crossorigin: bool,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// `script type=module src`.
    Module,
    /// `script src`.
    Classic,
    /// The text of a `script type=module`.
    InlineModule,
    /// The text of a `script type=importmap`.
    ImportMap,
    /// `link rel=stylesheet`, or one that preloads it.
    StyleSheet,
    /// `@import` in a `style` element.
    Import,
    /// `link rel=modulepreload`.
    ModulePreload,
    /// `link rel=may-need`.
    MayNeed,
    /// `link rel=manifest`.
    Manifest,
    /// `link rel=preload as=font`.
    Font,
    /// `link rel=preconnect`.
    Preconnect,
    /// An image or whatever else is shown or played.
    File,
}

impl Requests {
    #[must_use]
    pub fn of(page: &str) -> Self {
        let mut found = Self::default();
        found.scan(page, 0);
        found
    }

    fn scan(&mut self, page: &str, offset: usize) {
        let mut lexer = Lexer::new(page);
        let mut inside = None;
        while let Some(token) = lexer.next_notable() {
            match token.kind {
                Kind::StartTag { self_closing } => {
                    if lexer.is_inert() {
                        if offset == 0 {
                            self.note_head(&page[token.name], &token.span);
                        }
                        let ids = lexer.attributes().iter().filter(|one| &page[one.name.clone()] == "id");
                        let ids = ids.filter_map(|one| one.value.clone());
                        self.anchors.extend(ids.map(|id| id.start + offset..id.end + offset));
                        continue;
                    }
                    let element = lowercase(&page[token.name]);
                    if offset == 0 {
                        self.note_head(&element, &token.span);
                    }
                    let tag = Tag { page, offset, element: &element, span: token.span.clone(), lexer: &lexer };
                    inside = tag.inside(self_closing);
                    self.add_tag(&tag);
                }
                Kind::EndTag if offset == 0 && page[token.name.clone()].eq_ignore_ascii_case("head") => {
                    self.head.end.get_or_insert(token.span.start);
                }
                Kind::RawText => {
                    let (text, start) = (&page[token.span.clone()], token.span.start + offset);
                    match inside.take() {
                        Some(Inside::Noscript) => self.scan(text, start),
                        Some(Inside::Style(request)) => style_urls(text, |url| {
                            let asks = if is_import(text, url.start) { Asks::Import } else { Asks::File };
                            self.push(Request { asks, span: url.start + start..url.end + start, ..request.clone() });
                        }),
                        Some(Inside::Script(request)) => {
                            self.push(Request { span: start..token.span.end + offset, ..request });
                        }
                        None => {}
                    }
                }
                _ => {}
            }
        }
    }

    fn note_head(&mut self, element: &str, tag: &Range<usize>) {
        let is = |name: &&str| element.eq_ignore_ascii_case(name);
        if is(&"head") {
            self.head.start = Some(tag.end);
        } else if is(&"body") {
            self.head.end.get_or_insert(tag.start);
        } else if self.head.start.is_none() && ["meta", "link", "title", "script", "style", "base"].iter().any(is) {
            self.head.start = Some(tag.start);
        }
    }

    fn add_tag(&mut self, tag: &Tag<'_>) {
        if tag.element == "base" && self.base.is_none() {
            self.base = tag.lexer.attribute("href").map(|url| decoded(url).trim().to_owned());
        }
        for attribute in tag.lexer.attributes() {
            let Some(value) = attribute.value.clone() else { continue };
            let name = lowercase(&tag.page[attribute.name.clone()]);
            let text = &tag.page[value.clone()];
            if name == "id" || (name == "name" && tag.element == "a") {
                self.anchors.push(value.start + tag.offset..value.end + tag.offset);
                continue;
            }
            let Some((asks, holds)) = tag.asks(&name) else {
                if tag.leads(&name) {
                    let url = trimmed(text);
                    self.links.push(value.start + url.start + tag.offset..value.start + url.end + tag.offset);
                }
                continue;
            };
            let is_quoted = tag.page[..value.start].ends_with(['"', '\'']);
            let after = value.end + usize::from(is_quoted) + tag.offset;
            let mut one = |url: Range<usize>| {
                let (start, end) = (value.start + url.start + tag.offset, value.start + url.end + tag.offset);
                self.push(tag.request(asks, start..end, after));
            };
            match holds {
                Holds::Url => one(trimmed(text)),
                Holds::Candidates => candidates(text, one),
                Holds::Style => style_urls(text, one),
            }
        }
    }

    fn push(&mut self, request: Request) {
        if !request.span.is_empty() {
            self.all.push(request);
        }
    }
}

/// What the raw text after a start tag is, with a request that lacks its span.
enum Inside {
    Noscript,
    Style(Request),
    Script(Request),
}

/// What an attribute holds.
enum Holds {
    Url,
    /// URLs with descriptors, between commas.
    Candidates,
    Style,
}

struct Tag<'a> {
    page: &'a str,
    /// Of `page` in the whole page.
    offset: usize,
    element: &'a str,
    span: Range<usize>,
    lexer: &'a Lexer<'a>,
}

impl Tag<'_> {
    fn request(&self, asks: Asks, span: Range<usize>, after: usize) -> Request {
        let attributes = self.lexer.attributes();
        let named = |name: &str| attributes.iter().find(|one| self.page[one.name.clone()].eq_ignore_ascii_case(name));
        let integrity = named("integrity").and_then(|one| one.value.clone());
        Request {
            asks,
            span,
            tag: self.span.start + self.offset..self.span.end + self.offset,
            after,
            integrity: integrity.map(|value| value.start + self.offset..value.end + self.offset),
            crossorigin: named("crossorigin").is_some(),
        }
    }

    fn inside(&self, self_closing: bool) -> Option<Inside> {
        let before_end = self.span.end + self.offset - 1 - usize::from(self_closing);
        let request = |asks| self.request(asks, 0..0, before_end);
        match self.element {
            "noscript" => Some(Inside::Noscript),
            "style" => Some(Inside::Style(request(Asks::File))),
            "script" if self.lexer.attribute("src").is_none() => match self.script()? {
                Script::Module => Some(Inside::Script(request(Asks::InlineModule))),
                Script::ImportMap => Some(Inside::Script(request(Asks::ImportMap))),
                Script::Classic => None,
            },
            _ => None,
        }
    }

    /// What this attribute asks for.
    fn asks(&self, attribute: &str) -> Option<(Asks, Holds)> {
        let file = Some((Asks::File, Holds::Url));
        match (self.element, attribute) {
            ("script", "src") => match self.script()? {
                Script::Module => Some((Asks::Module, Holds::Url)),
                Script::Classic => Some((Asks::Classic, Holds::Url)),
                Script::ImportMap => None,
            },
            ("link", "href") => Some((self.link()?, Holds::Url)),
            ("img" | "source", "srcset") | ("link", "imagesrcset") => Some((Asks::File, Holds::Candidates)),
            ("img" | "source" | "video" | "audio" | "track" | "input" | "embed", "src")
            | ("video", "poster")
            | ("object", "data")
            | ("use" | "image" | "feimage", "href" | "xlink:href")
            | (_, "background") => file,
            (_, "style") => Some((Asks::File, Holds::Style)),
            _ => None,
        }
    }

    /// Whether what this attribute asks nothing of is where the element leads.
    fn leads(&self, attribute: &str) -> bool {
        match (self.element, attribute) {
            ("a", "href" | "xlink:href") | ("area", "href") | ("iframe" | "frame", "src") => true,
            // What is looked up or connected to ahead of time is a host.
            ("link", "href") => {
                let rel = self.lexer.attribute("rel").unwrap_or("").to_ascii_lowercase();
                !rel.split_ascii_whitespace().any(|word| matches!(word, "dns-prefetch" | "preconnect" | "preload"))
            }
            _ => false,
        }
    }

    fn link(&self) -> Option<Asks> {
        let rel = self.lexer.attribute("rel")?.to_ascii_lowercase();
        rel.split_ascii_whitespace().find_map(|word| match word {
            "stylesheet" => Some(Asks::StyleSheet),
            "modulepreload" => Some(Asks::ModulePreload),
            "may-need" => Some(Asks::MayNeed),
            "manifest" => Some(Asks::Manifest),
            "preconnect" => Some(Asks::Preconnect),
            "icon"
            | "apple-touch-icon"
            | "apple-touch-icon-precomposed"
            | "apple-touch-startup-image"
            | "mask-icon" => Some(Asks::File),
            "preload" => match self.lexer.attribute("as")?.to_ascii_lowercase().as_str() {
                "style" => Some(Asks::StyleSheet),
                "script" => Some(Asks::Classic),
                "font" => Some(Asks::Font),
                "image" | "audio" | "video" | "track" | "fetch" => Some(Asks::File),
                _ => None,
            },
            _ => None,
        })
    }

    /// How a browser runs the element (HTML §4.12.1); `None` for a data block.
    fn script(&self) -> Option<Script> {
        let Some(kind) = self.lexer.attribute("type") else { return Some(Script::Classic) };
        let kind = kind.trim().to_ascii_lowercase();
        match kind.as_str() {
            "module" => Some(Script::Module),
            "importmap" => Some(Script::ImportMap),
            "" => Some(Script::Classic),
            kind if kind.ends_with("/javascript") || kind.ends_with("/x-javascript") => Some(Script::Classic),
            kind if kind.ends_with("/ecmascript") || kind.ends_with("/typescript") => Some(Script::Classic),
            _ => None,
        }
    }
}

/// The place of a URL in the value that holds it.
fn trimmed(text: &str) -> Range<usize> {
    let start = text.len() - text.trim_ascii_start().len();
    start..start + text.trim_ascii().len()
}

enum Script {
    Classic,
    Module,
    ImportMap,
}

/// The name of a place in a page that a fragment is, without what browsers take away from it (`:~:text=`). `None` for the top
/// of the page, and for the words of a script's: `#/orders`, `#!orders`.
#[must_use]
pub fn place_in_page(fragment: &str) -> Option<&str> {
    let name = fragment.split(":~:").next().unwrap_or(fragment);
    let is_one = !name.is_empty() && !name.eq_ignore_ascii_case("top") && !name.starts_with(['/', '!']);
    is_one.then_some(name)
}

/// Scheme, where there is one, and host of a URL that names a host: `https://a.example`, `//a.example`. As written in an
/// attribute.
#[must_use]
pub fn origin(url: &str) -> Option<String> {
    let url = decoded(url);
    let url = url.trim();
    let at = ["https://", "http://", "//"]
        .into_iter()
        .find(|start| url.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start)))?;
    let rest = &url[at.len()..];
    let host = rest.split(['/', '?', '#', '\\']).next().filter(|host| !host.is_empty())?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'[' | b']');
    host.bytes().all(is_plain).then(|| format!("{at}{}", host.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(page: &str, expected: &[(Asks, &str)]) {
        let found: Vec<_> =
            Requests::of(page).all.into_iter().map(|request| (request.asks, &page[request.span])).collect();
        assert_eq!(found, expected, "{page}");
    }

    #[test]
    fn scripts_and_style_sheets() {
        check(
            "<script src=a.js></script><SCRIPT TYPE=Module src=' b.ts '></SCRIPT><script type=text/javascript src=c.js></script>",
            &[(Asks::Classic, "a.js"), (Asks::Module, "b.ts"), (Asks::Classic, "c.js")],
        );
        check("<script type=application/json src=a></script><script>'<img src=x>'</script>", &[]);
        check(
            "<script type=module>import 'a'</script><script type=module></script>",
            &[(Asks::InlineModule, "import 'a'")],
        );
        check("<script type=importmap>{}</script>", &[(Asks::ImportMap, "{}")]);
        check(
            "<link rel='preload stylesheet' as=style href=a.css><link rel=modulepreload href=b.js><link href=c rel=may-need>",
            &[(Asks::StyleSheet, "a.css"), (Asks::ModulePreload, "b.js"), (Asks::MayNeed, "c")],
        );
        check("<style>@import 'a.css'; b { c: url(d.png) }</style>", &[(Asks::Import, "a.css"), (Asks::File, "d.png")]);
    }

    #[test]
    fn files() {
        let file = |url| (Asks::File, url);
        check(
            "<img src=a srcset='b 1x, c 2x'><video poster=d src=e></video>",
            &[file("a"), file("b"), file("c"), file("d"), file("e")],
        );
        check("<link rel='shortcut icon' href=a><link rel=apple-touch-icon href=b>", &[file("a"), file("b")]);
        check(
            "<svg><use href='a#b'/><image xlink:href=c /></svg><object data=d></object>",
            &[file("a#b"), file("c"), file("d")],
        );
        check("<p style='background:url(a) url(\"b\")'>", &[file("a"), file("b")]);
        check(
            "<noscript><link rel=stylesheet href=a.css><img src=b></noscript>",
            &[(Asks::StyleSheet, "a.css"), file("b")],
        );
        check(
            "<link rel=preload as=font href=a crossorigin><link rel=manifest href=b>",
            &[(Asks::Font, "a"), (Asks::Manifest, "b")],
        );
    }

    #[test]
    fn hosts() {
        for (url, expected) in [
            ("https://A.example/x?y", Some("https://a.example")),
            ("//a.example:8443", Some("//a.example:8443")),
            ("http://a.example#x", Some("http://a.example")),
            ("/x", None),
            ("https:///x", None),
            ("data:,x", None),
            ("https://a\" onload=x", None),
        ] {
            assert_eq!(origin(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn what_keeps_its_address() {
        check(
            "<a href=a><form action=b><meta property=og:image content=c><link rel=canonical href=d><iframe src=e></iframe>\
             <link rel=alternate href=f><!-- <img src=g> --><textarea><img src=h></textarea>",
            &[],
        );
    }

    #[test]
    fn what_leads_and_what_can_be_led_to() {
        let page = "<a href=' /a '>x</a><a>y</a><area href=b><iframe src=c></iframe><link rel=canonical href=d>\
                    <link rel=preconnect href=e><img src=f id=g><a name=h></a><meta name=i><svg id=j><a xlink:href=k>\
                    <noscript><p id=l><a href=m></a></noscript><!-- <a href=n id=o> -->";
        let Requests { links, anchors, .. } = Requests::of(page);
        let texts = |spans: Vec<Range<usize>>| spans.into_iter().map(|span| &page[span]).collect::<Vec<_>>();
        assert_eq!(texts(links), ["/a", "b", "c", "d", "k", "m"]);
        assert_eq!(texts(anchors), ["g", "h", "j", "l"]);
    }

    #[test]
    fn fragments() {
        for (fragment, expected) in [
            ("a", Some("a")),
            ("a:~:text=b", Some("a")),
            ("", None),
            (":~:text=b", None),
            ("Top", None),
            ("/orders", None),
            ("!orders", None),
        ] {
            assert_eq!(place_in_page(fragment), expected, "{fragment}");
        }
    }

    #[test]
    fn places() {
        let page =
            "<!doctype html><html><head><base href='/x/'><script src=\"a.js\" integrity=''></script></head><body>";
        let requests = Requests::of(page);
        let [script] = &requests.all[..] else { panic!("one script") };
        assert_eq!(&page[script.tag.clone()], "<script src=\"a.js\" integrity=''>");
        assert!(page[..script.after].ends_with("src=\"a.js\""));
        assert_eq!(script.integrity.clone().map(|span| &page[span]), Some(""));
        assert_eq!(requests.base.as_deref(), Some("/x/"));
        assert!(page[requests.head.start.unwrap()..].starts_with("<base"));
        assert!(page[requests.head.end.unwrap()..].starts_with("</head>"));
        let page = "<title>x</title><body><script type=module>a</script>";
        let requests = Requests::of(page);
        assert_eq!((requests.head.start, requests.head.end), (Some(0), page.find("<body")));
        assert!(page[..requests.all[0].after].ends_with("type=module"));
    }
}

//! A page as lines, one for each tag and each text, so that two pages can be held against each other. What is left out is
//! what sitekit changes in every page and says so: comments, the length of white space, the texts of scripts and styles
//! (they are minified), the host in front of a path, where a file lies and its fingerprint, what holds a browser to it.

use std::borrow::Cow;

use html5ever::{ParseOpts, parse_document, tendril::TendrilSink as _};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// The document a browser makes of a page.
pub(super) fn of_html(page: &str, base_url: &str) -> Vec<String> {
    let dom = parse_document(RcDom::default(), ParseOpts::default()).one(page);
    let mut writer = Writer { base_url, lines: Vec::new(), is_xml: false };
    writer.children(&dom.document, false);
    writer.lines
}

/// A feed, a map of a site: XML, with the HTML in its texts.
pub(super) fn of_xml(text: &str, base_url: &str) -> Vec<String> {
    let dom = xml5ever::driver::parse_document(RcDom::default(), xml5ever::driver::XmlParseOpts::default()).one(text);
    let mut writer = Writer { base_url, lines: Vec::new(), is_xml: true };
    writer.children(&dom.document, false);
    writer.lines
}

/// An address of the site without its host.
pub(super) fn local(url: &str, base_url: &str) -> String {
    match url.strip_prefix(base_url) {
        Some("") => "/".to_owned(),
        Some(rest) if rest.starts_with(['/', '#', '?']) => rest.to_owned(),
        _ => url.to_owned(),
    }
}

/// `main.4f2a9c81d0.js` is `main.js`; so is `main.js?h=4f2a9c81d0`.
pub(super) fn without_fingerprint(url: &str) -> Cow<'_, str> {
    if let Some((path, hash)) = url.split_once("?h=")
        && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
    {
        return Cow::Borrowed(path);
    }
    let is_hash = |part: &str| matches!(part.len(), 10 | 16) && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (folder, name) = url.split_at(url.rfind('/').map_or(0, |slash| slash + 1));
    let parts: Vec<&str> = name.split('.').collect();
    match parts.iter().rposition(|part| is_hash(part)) {
        Some(at) if at > 0 && at + 1 < parts.len() => {
            let parts: Vec<&str> = parts[..at].iter().chain(&parts[at + 1..]).copied().collect();
            Cow::Owned(format!("{folder}{}", parts.join(".")))
        }
        _ => Cow::Borrowed(url),
    }
}

/// Extensions of files that are no pages.
const FILES: [&str; 22] = [
    "avif",
    "css",
    "gif",
    "ico",
    "jpeg",
    "jpg",
    "js",
    "m4a",
    "map",
    "mjs",
    "mp3",
    "mp4",
    "ogg",
    "pdf",
    "png",
    "svg",
    "wav",
    "webm",
    "webmanifest",
    "webp",
    "woff",
    "woff2",
];

/// A file of the site by its name alone, without its fingerprint: where it lies is each builder's own business.
fn file_name(url: &str) -> Option<String> {
    let (path, rest) = url.split_at(url.find(['?', '#']).unwrap_or(url.len()));
    let (_, extension) = path.rsplit_once('.')?;
    if !FILES.contains(&extension) || path.contains("://") || path.starts_with("//") {
        return None;
    }
    let rest = if rest.starts_with("?h=") { "" } else { rest };
    let name = path.rsplit('/').next().unwrap_or(path);
    Some(format!("…/{}{rest}", without_fingerprint(name)))
}

/// Elements that are laid out as blocks: white space beside them is not shown.
fn is_block(name: &str) -> bool {
    const BLOCKS: [&str; 20] = [
        "article",
        "blockquote",
        "div",
        "dl",
        "figure",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "header",
        "hr",
        "li",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "ul",
    ];
    BLOCKS.contains(&name)
}

struct Writer<'a> {
    base_url: &'a str,
    lines: Vec<String>,
    is_xml: bool,
}

impl Writer<'_> {
    fn children(&mut self, node: &Handle, as_written: bool) {
        let mut text = String::new();
        let mut follows_block = false;
        for child in node.children.borrow().iter() {
            match &child.data {
                NodeData::Text { contents } if follows_block && text.is_empty() && !as_written => {
                    text.push_str(contents.borrow().trim_start());
                }
                NodeData::Text { contents } => text.push_str(&contents.borrow()),
                NodeData::Comment { .. } | NodeData::ProcessingInstruction { .. } => {}
                NodeData::Doctype { name, .. } => self.lines.push(format!("<!doctype {name}>")),
                NodeData::Document => self.children(child, as_written),
                NodeData::Element { name, .. } => {
                    let before = std::mem::take(&mut text);
                    self.text(
                        if is_block(&name.local) && !as_written { before.trim_end() } else { &before },
                        as_written,
                    );
                    self.element(child, as_written);
                    follows_block = is_block(&name.local);
                }
            }
        }
        self.text(&text, as_written);
    }

    fn element(&mut self, node: &Handle, as_written: bool) {
        let NodeData::Element { name, attrs, template_contents, .. } = &node.data else { return };
        let name = &*name.local;
        if name == "pre" && !self.is_xml {
            return self.preformatted(node);
        }
        let mut attributes: Vec<String> = attrs
            .borrow()
            .iter()
            .filter(|one| !matches!(&*one.name.local, "integrity"))
            .map(|one| format!(" {}=\"{}\"", one.name.local, self.address(&one.value)))
            .collect();
        attributes.sort();
        self.lines.push(format!("<{name}{}>", attributes.concat()));
        match name {
            "script" | "style" if !self.is_xml => {
                if !node.children.borrow().is_empty() {
                    self.lines.push("(minified)".to_owned());
                }
            }
            _ => {
                self.children(node, as_written || name == "textarea");
                if let Some(contents) = &*template_contents.borrow() {
                    self.children(contents, as_written);
                }
            }
        }
        self.lines.push(format!("</{name}>"));
    }

    /// Highlighters differ in their spans and in what they call languages, and never in the text: of code its lines are compared.
    fn preformatted(&mut self, node: &Handle) {
        self.lines.push("<pre>".to_owned());
        let mut text = String::new();
        gather(node, &mut text);
        if !self.base_url.is_empty() {
            text = text.replace(self.base_url, "");
        }
        self.lines.extend(text.trim_end_matches('\n').split('\n').map(|line| format!("| {line}")));
        self.lines.push("</pre>".to_owned());
    }

    fn text(&mut self, text: &str, as_written: bool) {
        if text.is_empty() || (self.is_xml && text.trim().is_empty()) {
            return;
        }
        if self.is_xml && text.contains('<') {
            let inside = of_html(text, self.base_url);
            self.lines.extend(inside);
            return;
        }
        let text = match text.trim() {
            url if self.is_xml && url == self.base_url => "/".to_owned(),
            _ if self.base_url.is_empty() => text.to_owned(),
            _ => text.replace(self.base_url, ""),
        };
        if as_written {
            self.lines.push(format!("\"{text}\""));
            return;
        }
        let mut collapsed = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                ' ' | '\t' | '\n' | '\r' | '\x0c' if collapsed.ends_with(' ') => {}
                ' ' | '\t' | '\n' | '\r' | '\x0c' => collapsed.push(' '),
                _ => collapsed.push(character),
            }
        }
        let collapsed = if self.is_xml { collapsed.trim() } else { &collapsed };
        // White space alone lays out nothing where the elements around it are blocks, and their order says what they are.
        if collapsed != " " {
            self.lines.push(format!("\"{collapsed}\""));
        }
    }

    fn address(&self, value: &str) -> String {
        let one = |url: &str| {
            let url = local(url, self.base_url).replace("/./", "/");
            file_name(&url).unwrap_or(url)
        };
        // Of a `srcset` too.
        value.split(' ').map(one).collect::<Vec<_>>().join(" ")
    }
}

fn gather(node: &Handle, text: &mut String) {
    for child in node.children.borrow().iter() {
        if let NodeData::Text { contents } = &child.data {
            text.push_str(&contents.borrow());
        }
        gather(child, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_is_left_out() {
        let zola = "<!DOCTYPE html><html><body>\n<a href=\"https://h.example/x/\">a  b</a> <!-- c --><link rel=x \
                    href=\"https://h.example/m.css?h=0123456789abcdef\">";
        let ours = "<!doctype html><html><body><a href=/x/>a\nb</a> <link href=/m.0123456789.css rel=x integrity=i>";
        assert_eq!(of_html(zola, "https://h.example"), of_html(ours, "https://h.example"));
        for (one, other) in [
            ("<li>a<p>b</p>c", "<li>a\n<p>b</p>\nc"),
            ("<pre><code>https://h.example/x</code></pre>", "<pre><code>/x</code></pre>"),
        ] {
            assert_eq!(of_html(one, "https://h.example"), of_html(other, "https://h.example"), "{one} {other}");
        }
    }

    #[test]
    fn what_matters_is_kept() {
        for (one, other) in [
            ("<p>a b", "<p>ab"),
            ("<p>a", "<div>a"),
            ("<p class=a>", "<p class=b>"),
            ("<pre><code>a\n b</code></pre>", "<pre><code>a\nb</code></pre>"),
            ("<img src=/a.png>", "<img src=/b.png>"),
            ("<a href=/x>", "<a href=/x/>"),
        ] {
            assert_ne!(of_html(one, "https://h.example"), of_html(other, "https://h.example"), "{one} {other}");
        }
    }

    #[test]
    fn fingerprints() {
        for (url, expected) in [
            ("/a/main.4f2a9c81d0.js", "/a/main.js"),
            ("/a/x.13b6432894d881a2.png", "/a/x.png"),
            ("/main.js?h=4f2a", "/main.js"),
            ("/4f2a9c81d0.js", "/4f2a9c81d0.js"),
            ("/a.4f2a9c81d0/b.js", "/a.4f2a9c81d0/b.js"),
            ("/a.min.js", "/a.min.js"),
        ] {
            assert_eq!(without_fingerprint(url), expected);
        }
        for (url, expected) in [
            ("/a/main.4f2a9c81d0.js#x", Some("…/main.js#x")),
            ("main.js?h=4f2a", Some("…/main.js")),
            ("https://h.example/main.js", None),
            ("/a/b/", None),
        ] {
            assert_eq!(file_name(url).as_deref(), expected);
        }
    }
}

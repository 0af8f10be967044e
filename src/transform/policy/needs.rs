//! What a page runs and loads, found in its bytes.

use super::{Directive, Needs, hash_source};
use crate::transform::{
    base::{candidates, json_strings, style_urls},
    html::{
        decoded::decoded,
        lexer::{Kind, Lexer, lowercase},
    },
};

impl Needs {
    pub(super) fn add_page(&mut self, page: &str) {
        let mut lexer = Lexer::new(page);
        let mut inside = Inside::Other;
        while let Some(token) = lexer.next_notable() {
            match token.kind {
                Kind::StartTag { .. } if lexer.is_inert() => {}
                Kind::StartTag { .. } => {
                    let element = lowercase(&page[token.name]);
                    inside = Inside::of(&element, &lexer);
                    self.add_tag(page, &element, &lexer);
                }
                Kind::RawText => {
                    let raw = &page[token.span];
                    // What stands in an SVG is text with references; elsewhere it is the very bytes.
                    let text = if lexer.is_foreign() { decoded(raw) } else { unbroken(raw) };
                    match inside {
                        Inside::Script => drop(self.scripts.insert(hash_source(&text))),
                        Inside::ImportMap => {
                            self.scripts.insert(hash_source(&text));
                            json_strings(&text, |url, key| {
                                if key.is_some() {
                                    self.add(Directive::Script, &text[url]);
                                }
                            });
                        }
                        Inside::Style => {
                            self.styles.insert(hash_source(&text));
                            self.add_style(&text);
                        }
                        Inside::Noscript => self.add_page(raw),
                        Inside::Other => {}
                    }
                }
                _ => {}
            }
        }
    }

    fn add_tag(&mut self, page: &str, element: &str, lexer: &Lexer<'_>) {
        for attribute in lexer.attributes() {
            let Some(span) = attribute.value.clone() else { continue };
            let (name, value) = (lowercase(&page[attribute.name.clone()]), decoded(&page[span]));
            match &*name {
                "style" => {
                    self.style_attributes.insert(hash_source(&value));
                    self.add_style(&value);
                }
                // A document inside a document, with this document's policy.
                "srcdoc" if element == "iframe" => self.add_page(&value),
                _ if name.starts_with("on") => drop(self.handlers.insert(hash_source(&value))),
                "srcset" | "imagesrcset" => candidates(&value, |url| self.add(Directive::Image, &value[url])),
                _ => {
                    if let Some(directive) = loads(element, &name, lexer) {
                        self.add(directive, &value);
                    }
                }
            }
        }
    }

    pub(super) fn add_style(&mut self, text: &str) {
        style_urls(text, |url| {
            if is_import(text, url.start) {
                self.add(Directive::Style, &text[url]);
            } else {
                self.add(Directive::Image, &text[url.clone()]);
                self.add(Directive::Font, &text[url]);
            }
        });
    }

    pub(super) fn add(&mut self, directive: Directive, url: &str) {
        let Some(source) = source(url) else { return };
        // A page that runs what its URLs hold would let an injected URL do the same.
        if source == "data:" && matches!(directive, Directive::Script | Directive::Object | Directive::Frame) {
            return;
        }
        let is_sheet = directive == Directive::Style;
        self.elsewhere.entry(directive).or_default().insert(source);
        if is_sheet {
            // What a foreign style sheet loads is not known.
            for directive in [Directive::Font, Directive::Image] {
                self.elsewhere.entry(directive).or_default().insert("https:".to_owned());
            }
        }
    }
}

/// What the raw text of the element just opened is.
#[derive(Clone, Copy)]
enum Inside {
    /// What a browser runs, or asks the policy about as if it did.
    Script,
    /// The same, and names scripts.
    ImportMap,
    Style,
    Noscript,
    Other,
}

impl Inside {
    fn of(element: &str, lexer: &Lexer<'_>) -> Self {
        match element {
            "style" => Self::Style,
            "noscript" => Self::Noscript,
            "script" if lexer.attribute("type").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("importmap")) => {
                Self::ImportMap
            }
            "script" if lexer.attribute("src").is_none() && is_run(lexer.attribute("type")) => Self::Script,
            _ => Self::Other,
        }
    }
}

/// Whether a script of this `type` is no data block (HTML §4.12.1).
fn is_run(kind: Option<&str>) -> bool {
    let Some(kind) = kind else { return true };
    let essence = kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    matches!(essence.as_str(), "" | "module" | "importmap" | "speculationrules")
        || essence.ends_with("/javascript")
        || essence.ends_with("/ecmascript")
        || essence.ends_with("/x-javascript")
        || essence.starts_with("text/javascript1.")
}

/// What a browser fetches, or leads to, from this attribute.
fn loads(element: &str, attribute: &str, lexer: &Lexer<'_>) -> Option<Directive> {
    Some(match (element, attribute) {
        ("script", "src" | "href" | "xlink:href") => Directive::Script,
        ("img" | "input", "src")
        | ("image" | "feimage", "href" | "xlink:href")
        | ("video", "poster")
        | (_, "background") => Directive::Image,
        ("video" | "audio" | "source" | "track", "src") => Directive::Media,
        ("iframe" | "frame", "src") => Directive::Frame,
        ("embed", "src") | ("object", "data") => Directive::Object,
        ("base", "href") => Directive::Base,
        ("form", "action") | ("button" | "input", "formaction") => Directive::Form,
        ("link", "href") => return link(lexer),
        _ => return None,
    })
}

fn link(lexer: &Lexer<'_>) -> Option<Directive> {
    let rel = lexer.attribute("rel")?.to_ascii_lowercase();
    rel.split_ascii_whitespace().find_map(|word| match word {
        "stylesheet" => Some(Directive::Style),
        "modulepreload" => Some(Directive::Script),
        "icon" | "apple-touch-icon" | "mask-icon" => Some(Directive::Image),
        "manifest" => Some(Directive::Manifest),
        "preload" => match lexer.attribute("as")?.to_ascii_lowercase().as_str() {
            "script" => Some(Directive::Script),
            "style" => Some(Directive::Style),
            "font" => Some(Directive::Font),
            "image" => Some(Directive::Image),
            "audio" | "video" | "track" => Some(Directive::Media),
            "fetch" => Some(Directive::Connect),
            _ => None,
        },
        _ => None,
    })
}

/// The source (CSP3 §2.3.1) that allows `url`; `None` when `'self'` does, or nothing can.
fn source(url: &str) -> Option<String> {
    let url = url.trim();
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    for known in ["data", "blob"] {
        if scheme.eq_ignore_ascii_case(known) {
            return Some(format!("{known}:"));
        }
    }
    let (scheme, rest) = match url.strip_prefix("//") {
        Some(rest) => (String::new(), rest),
        None if ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) => {
            (format!("{}://", scheme.to_ascii_lowercase()), url[scheme.len() + 1..].strip_prefix("//")?)
        }
        None => return None,
    };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or("");
    let host = authority.rsplit('@').next().unwrap_or("").to_ascii_lowercase();
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'[' | b']');
    (!host.is_empty() && host.bytes().all(good)).then(|| scheme + &host)
}

/// Whether the URL at this place of a style sheet is that of an `@import`.
pub(in crate::transform) fn is_import(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end_matches(['"', '\'', '(', ' ']);
    let before = before.strip_suffix("url").unwrap_or(before).trim_end();
    let word = before.len().saturating_sub("@import".len());
    before.get(word..).is_some_and(|word| word.eq_ignore_ascii_case("@import"))
}

/// With one kind of line break, as every parser sees it.
fn unbroken(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n").into() } else { text.into() }
}

//! What a page turns out to need once its scripts and style sheets are read: modules imported by modules, style sheets
//! by style sheets, fonts. A browser learns of them one round trip after another; whoever has read them all can say so
//! at once. Nothing here knows a route: URLs come out as they are written.

use serde::{Deserialize, Serialize};

use super::{
    base::style_urls,
    html::{
        decoded::decoded,
        lexer::{Kind, Lexer, lowercase},
    },
    policy::is_import,
    script,
};

/// What a page, a module or a style sheet makes a browser load.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loads {
    /// The URL of a page's `base` element.
    pub base: Option<String>,
    /// What the HTML of a page names: a browser sees that by itself.
    pub named: Vec<Reference>,
    /// What stands inside of scripts and style sheets.
    pub inside: Vec<Reference>,
}

/// A URL, as written, and what it is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    pub what: What,
    pub url: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum What {
    Module,
    StyleSheet,
    Font,
}

/// What a page needs before it can be shown: the modules and style sheets it names, and what those inside of it name.
#[must_use]
pub fn of_page(page: &str) -> Loads {
    let mut found = Loads::default();
    let mut lexer = Lexer::new(page);
    let (mut in_module, mut in_style) = (false, false);
    while let Some(token) = lexer.next_notable() {
        match token.kind {
            Kind::StartTag { .. } if lexer.is_inert() => {}
            Kind::StartTag { .. } => {
                let element = lowercase(&page[token.name]);
                let url = |name| lexer.attribute(name).map(|raw| decoded(raw).trim().to_owned());
                let is_modular = element == "script"
                    && lexer.attribute("type").is_some_and(|kind| kind.eq_ignore_ascii_case("module"));
                (in_module, in_style) = (is_modular, element == "style");
                let reference = match &*element {
                    "base" => {
                        found.base = found.base.or_else(|| url("href"));
                        None
                    }
                    "script" if is_modular => url("src").map(|url| Reference { what: What::Module, url }),
                    "link" => linked(&lexer).and_then(|what| Some(Reference { what, url: url("href")? })),
                    _ => None,
                };
                found.named.extend(reference);
            }
            Kind::RawText if in_module => found.inside.extend(of_module(&page[token.span]).inside),
            Kind::RawText if in_style => found.inside.extend(of_style_sheet(&page[token.span]).inside),
            _ => {}
        }
    }
    found
}

/// What a module imports, but for what it imports later.
#[must_use]
pub fn of_module(text: &str) -> Loads {
    let inside = script::imports(text).into_iter().map(|url| Reference { what: What::Module, url });
    Loads { inside: inside.collect(), ..Loads::default() }
}

/// What a style sheet imports, and the first WOFF2 file of each of its fonts: every browser that preloads reads that.
#[must_use]
pub fn of_style_sheet(text: &str) -> Loads {
    let mut inside = Vec::new();
    style_urls(text, |url| {
        if is_import(text, url.start) {
            inside.push(Reference { what: What::StyleSheet, url: text[url].to_owned() });
        }
    });
    for (at, face) in text.match_indices("@font-face") {
        let rest = &text[at + face.len()..];
        let rule = &rest[..rest.find('}').unwrap_or(rest.len())];
        let mut file = None;
        style_urls(rule, |url| {
            let extension = rule[url.clone()].rsplit('.').next().unwrap_or("");
            if file.is_none() && extension.eq_ignore_ascii_case("woff2") {
                file = Some(rule[url].to_owned());
            }
        });
        inside.extend(file.map(|url| Reference { what: What::Font, url }));
    }
    Loads { inside, ..Loads::default() }
}

/// The absolute path `reference` leads to from the page or file at the path `from`; `None` when it leads to another
/// origin, or has a query. (RFC 3986 §5.2.)
#[must_use]
pub fn resolved(from: &str, reference: &str) -> Option<String> {
    let reference = reference.split('#').next().unwrap_or("");
    let first = reference.split('/').next().unwrap_or("");
    if reference.is_empty() || reference.contains('?') || reference.starts_with("//") || first.contains(':') {
        return None;
    }
    let folder = if reference.starts_with('/') { "" } else { &from[..from.rfind('/')?] };
    let mut segments: Vec<&str> = Vec::new();
    for segment in folder.split('/').chain(reference.split('/')).filter(|segment| !matches!(*segment, "" | ".")) {
        match segment {
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    let slash = if reference.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    Some(format!("/{}{slash}", segments.join("/")))
}

/// What a `link` makes a browser load at once.
fn linked(lexer: &Lexer<'_>) -> Option<What> {
    let rel = lexer.attribute("rel")?.to_ascii_lowercase();
    let has = |word: &str| rel.split_ascii_whitespace().any(|one| one == word);
    // One that is for print, or chosen by the reader, is not waited for.
    if has("stylesheet") && !has("alternate") && lexer.attribute("media").is_none_or(|media| media == "all") {
        return Some(What::StyleSheet);
    }
    if has("modulepreload") {
        return Some(What::Module);
    }
    let is_font = has("preload") && lexer.attribute("as").is_some_and(|kind| kind.eq_ignore_ascii_case("font"));
    is_font.then_some(What::Font)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `named` and `inside`, as `module url` and so on.
    #[track_caller]
    fn check(loads: &Loads, named: &[&str], inside: &[&str]) {
        let show = |references: &[Reference]| -> Vec<String> {
            references.iter().map(|one| format!("{:?} {}", one.what, one.url)).collect()
        };
        assert_eq!((show(&loads.named), show(&loads.inside)), (show_all(named), show_all(inside)));
    }

    fn show_all(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn pages() {
        let loads = of_page(
            "<base href=/app/><link rel=stylesheet href=a.css><link rel=stylesheet media=print href=b.css>\
             <link rel='alternate stylesheet' href=c.css><link rel=modulepreload href='d.js?a&amp;b'>\
             <link rel=icon href=e.svg><script src=f.js></script><script type=module src=g.js></script>\
             <script type=module>import'./h.js';import('./i.js')</script><style>@import'j.css';p{background:url(k.png)}</style>",
        );
        check(&loads, &["StyleSheet a.css", "Module d.js?a&b", "Module g.js"], &["Module ./h.js", "StyleSheet j.css"]);
        assert_eq!(loads.base.as_deref(), Some("/app/"));
    }

    #[test]
    fn modules() {
        let text = "import a from'./a.js';import'./b.js';export*from'./c.js';export{d}from'./d.js';import('./e.js');export const f=1";
        check(&of_module(text), &[], &["Module ./a.js", "Module ./b.js", "Module ./c.js", "Module ./d.js"]);
        check(&of_module("const a = 1; this is no module"), &[], &[]);
        check(&of_module("var imported = 'export'"), &[], &[]);
    }

    #[test]
    fn style_sheets() {
        let text = "@import url(a.css);@import \"b.css\" print;@font-face{font-family:x;src:url(x.woff)format(\"woff\"),url(x.woff2),\
                    url(y.woff2)}p{background:url(z.png)}";
        check(&of_style_sheet(text), &[], &["StyleSheet a.css", "StyleSheet b.css", "Font x.woff2"]);
    }

    #[test]
    fn references() {
        for (from, reference, expected) in [
            ("/app/", "main.js", Some("/app/main.js")),
            ("/app/views/a.js", "../b.js", Some("/app/b.js")),
            ("/app/a.js", "./b/../c.js", Some("/app/c.js")),
            ("/a", "/b.js#x", Some("/b.js")),
            ("/a", "../../b.js", Some("/b.js")),
            ("/a", "b/", Some("/b/")),
            ("/a", "https://a.example/b.js", None),
            ("/a", "//a.example/b.js", None),
            ("/a", "data:text/javascript,1", None),
            ("/a", "b.js?v=1", None),
            ("/a", "", None),
        ] {
            assert_eq!(resolved(from, reference).as_deref(), expected, "{reference} from {from}");
        }
    }
}

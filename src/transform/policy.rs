//! What a page runs and loads, found in its final bytes, and the Content-Security-Policy (CSP Level 3) that allows
//! exactly this. A script or style that is not in the page when this looks at it does not run: so nothing may change a
//! page afterwards.

mod needs;

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub(super) use self::needs::is_import;
use crate::load::PolicySettings;

/// What one page, or one style sheet, runs and loads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Needs {
    /// Hash sources (`sha256-…`) of the scripts in the page.
    scripts: BTreeSet<String>,
    /// … of its event handlers, which are attributes.
    handlers: BTreeSet<String>,
    /// … of its `style` elements.
    styles: BTreeSet<String>,
    /// … of its `style` attributes.
    style_attributes: BTreeSet<String>,
    /// Sources of other origins, by the directive that has to name them.
    elsewhere: BTreeMap<Directive, BTreeSet<String>>,
}

/// The directives whose sources are found in pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Directive {
    Script,
    Style,
    Image,
    Font,
    Media,
    Connect,
    Frame,
    Object,
    Manifest,
    Base,
    Form,
}

/// What the build knows of a site beside its pages.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// What all its style sheets load.
    pub style_sheets: Needs,
    /// Whether it is a single-page app: what that fetches, nobody knows but its scripts.
    pub is_app: bool,
    /// Whether it has WebAssembly.
    pub has_wasm: bool,
    /// Scheme and host it is published at, if it says so.
    pub origin: Option<String>,
}

/// So many different `style` attributes are allowed one by one; beyond that, their hashes would outweigh the page.
const MOST_STYLE_ATTRIBUTES: usize = 16;

/// What the page runs and loads.
#[must_use]
pub fn of_page(page: &str) -> Needs {
    let mut needs = Needs::default();
    needs.add_page(page);
    needs
}

/// What the style sheet loads.
#[must_use]
pub fn of_style_sheet(text: &str) -> Needs {
    let mut needs = Needs::default();
    needs.add_style(text);
    needs
}

/// A hash source, without its quotes: of the text of an element, or the value of an attribute.
#[must_use]
pub fn hash_source(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// The policy of a page, as it stands in its field.
#[must_use]
pub fn policy(page: &Needs, site: &Surroundings, settings: &PolicySettings) -> String {
    let mut lines: Vec<String> = vec!["default-src 'self'".to_owned()];
    let mut written: Vec<&str> = Vec::new();
    let is_open = site.is_app || page.runs_foreign_scripts(site, settings);
    for line in LINES {
        let own = settings.directive(line.name);
        written.extend(own.map(|_| line.name));
        if let Some([only]) = own
            && only == "'none'"
        {
            lines.push(format!("{} 'none'", line.name));
            continue;
        }
        let mut sources: Vec<String> = line.always.iter().map(|source| (*source).to_owned()).collect();
        if let Some(directive) = line.directive {
            sources.extend(page.inline(directive, site));
            if is_open && own.is_none() {
                sources = with_openings(sources, line.open);
            }
            let elsewhere = [&page.elsewhere, &site.style_sheets.elsewhere];
            sources.extend(elsewhere.iter().filter_map(|found| found.get(&directive)).flatten().cloned());
        }
        sources.extend(own.into_iter().flatten().cloned());
        let sources = tidy(sources);
        let falls_back = matches!(line.directive, Some(directive) if directive.is_fetched()) && sources == ["'self'"];
        if !falls_back {
            lines.push(format!("{} {}", line.name, sources.join(" ")));
        }
    }
    if page.style_attributes.len() > MOST_STYLE_ATTRIBUTES && settings.directive("style-src-attr").is_none() {
        lines.push("style-src-attr 'unsafe-inline'".to_owned());
    }
    for (name, sources) in &settings.directives {
        if !written.contains(&name.as_str()) {
            // Like those above, what an author names comes beside the site's own.
            let own = ["'self'".to_owned()];
            let own = if name == "worker-src" { &own[..] } else { &[] };
            lines.push([std::slice::from_ref(name), own, sources].concat().join(" "));
        }
    }
    lines.join("; ")
}

/// A directive that every policy has, or falls back from.
struct Line {
    name: &'static str,
    directive: Option<Directive>,
    always: &'static [&'static str],
    /// Added where the build cannot know what scripts fetch.
    open: &'static [&'static str],
}

impl Line {
    const fn new(
        name: &'static str,
        directive: Option<Directive>,
        always: &'static [&'static str],
        open: &'static [&'static str],
    ) -> Self {
        Self { name, directive, always, open }
    }
}

const LINES: &[Line] = &[
    Line::new("script-src", Some(Directive::Script), &["'self'"], &[]),
    Line::new("style-src", Some(Directive::Style), &["'self'"], &["'unsafe-inline'", "https:"]),
    Line::new("img-src", Some(Directive::Image), &["'self'", "data:"], &["blob:", "https:"]),
    Line::new("font-src", Some(Directive::Font), &["'self'"], &["data:", "https:"]),
    Line::new("media-src", Some(Directive::Media), &["'self'"], &["blob:", "https:"]),
    Line::new("connect-src", Some(Directive::Connect), &["'self'"], &["https:", "wss:"]),
    Line::new("frame-src", Some(Directive::Frame), &["'self'"], &["https:"]),
    Line::new("manifest-src", Some(Directive::Manifest), &["'self'"], &[]),
    Line::new("object-src", Some(Directive::Object), &[], &[]),
    Line::new("base-uri", Some(Directive::Base), &["'self'"], &[]),
    Line::new("form-action", Some(Directive::Form), &["'self'"], &[]),
    Line::new("frame-ancestors", None, &["'self'"], &[]),
];

impl Directive {
    /// Whether `default-src` stands in for it (CSP3 §6.1).
    const fn is_fetched(self) -> bool {
        !matches!(self, Self::Object | Self::Base | Self::Form)
    }
}

/// Where anything inline is allowed, naming some of it would forbid the rest (CSP3 §6.7.3.2).
fn with_openings(mut sources: Vec<String>, open: &[&str]) -> Vec<String> {
    if open.contains(&"'unsafe-inline'") {
        sources.retain(|source| !is_inline(source));
    }
    sources.extend(open.iter().map(|source| (*source).to_owned()));
    sources
}

/// Each source once, in the order they came; `'none'` only when it is alone, hashes only where they count.
fn tidy(mut sources: Vec<String>) -> Vec<String> {
    if sources.iter().any(|source| source == "'unsafe-inline'") {
        sources.retain(|source| !is_inline(source));
    }
    let has_https = sources.iter().any(|source| source == "https:");
    let mut seen = BTreeSet::new();
    sources.retain(|source| {
        let covered = has_https && source.starts_with("https://");
        source != "'none'" && !covered && seen.insert(source.clone())
    });
    if sources.is_empty() {
        sources.push("'none'".to_owned());
    }
    sources
}

fn is_inline(source: &str) -> bool {
    source.starts_with("'sha") || source == "'unsafe-hashes'"
}

impl Needs {
    /// A larger page, or site.
    pub fn merge(&mut self, other: &Self) {
        self.scripts.extend(other.scripts.iter().cloned());
        self.handlers.extend(other.handlers.iter().cloned());
        self.styles.extend(other.styles.iter().cloned());
        self.style_attributes.extend(other.style_attributes.iter().cloned());
        for (directive, sources) in &other.elsewhere {
            self.elsewhere.entry(*directive).or_default().extend(sources.iter().cloned());
        }
    }

    /// … that also runs the script at `url`.
    pub fn add_script(&mut self, url: &str) {
        self.add(Directive::Script, url);
    }

    /// Whether scripts run in it that the build has not seen.
    fn runs_foreign_scripts(&self, site: &Surroundings, settings: &PolicySettings) -> bool {
        let named = self.elsewhere.get(&Directive::Script).into_iter().flatten();
        let configured = settings.directive("script-src").into_iter().flatten();
        let configured = configured.filter(|source| !source.starts_with('\''));
        named.chain(configured).any(|source| site.origin.as_ref() != Some(source))
    }

    /// Sources that allow what stands in the page itself.
    fn inline(&self, directive: Directive, site: &Surroundings) -> Vec<String> {
        let (elements, attributes) = match directive {
            Directive::Script => (&self.scripts, &self.handlers),
            Directive::Style => (&self.styles, &self.style_attributes),
            _ => return Vec::new(),
        };
        let too_many = directive == Directive::Style && attributes.len() > MOST_STYLE_ATTRIBUTES;
        let attributes: Vec<&String> = if too_many { Vec::new() } else { attributes.iter().collect() };
        let hashes = (!attributes.is_empty()).then(|| "'unsafe-hashes'".to_owned());
        let wasm = (directive == Directive::Script && site.has_wasm).then(|| "'wasm-unsafe-eval'".to_owned());
        let quoted = elements.iter().chain(attributes).map(|source| format!("'{source}'"));
        wasm.into_iter().chain(hashes).chain(quoted).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::PolicyMode;

    const HELLO: &str = "'sha256-mTytrf2QssaOZNGNRT1WCtMRd3ocH8LJxQQu5qMUanU='";

    fn settings(directives: &[(&str, &[&str])]) -> PolicySettings {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let directives = directives.iter().map(|(name, sources)| ((*name).to_owned(), texts(sources))).collect();
        PolicySettings { mode: PolicyMode::Enforce, directives, report_to: None }
    }

    /// The directives of a page's policy that are not those of an empty page.
    fn of(page: &str, site: &Surroundings, settings: &PolicySettings) -> Vec<String> {
        let lines =
            |page| -> Vec<String> { policy(&of_page(page), site, settings).split("; ").map(str::to_owned).collect() };
        let plain: Vec<String> = policy(&Needs::default(), &Surroundings::default(), &PolicySettings::default())
            .split("; ")
            .map(str::to_owned)
            .collect();
        lines(page).into_iter().filter(|line| !plain.contains(line)).collect()
    }

    #[track_caller]
    fn check(page: &str, expected: &[&str]) {
        assert_eq!(of(page, &Surroundings::default(), &PolicySettings::default()), expected, "{page}");
    }

    #[test]
    fn hashes_are_those_of_the_standard() {
        // CSP3 §2.3.1 and §7.3 name these.
        for (text, expected) in [
            ("alert('Hello, world.');", "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng="),
            ("doSubmit()", "sha256-jzgBGA4UWFFmpOBq0JpdsySukE1FrEN5bUpoK8Z29fY="),
            ("", "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        ] {
            assert_eq!(hash_source(text), expected, "{text}");
        }
    }

    #[test]
    fn an_empty_page_may_have_what_is_its_sites_own() {
        let expected = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; \
                        frame-ancestors 'self'";
        assert_eq!(policy(&Needs::default(), &Surroundings::default(), &PolicySettings::default()), expected);
    }

    #[test]
    fn scripts_in_the_page() {
        let script = format!("script-src 'self' {HELLO}");
        check("<script></script>", &[]);
        for page in [
            "<script>hello()</script>",
            "<script type=module>hello()</script>",
            "<SCRIPT TYPE='text/javascript; charset=utf-8'>hello()</SCRIPT>",
            "<script type=importmap>hello()</script>",
            "<svg><script>hello&#40;)</script></svg>",
            "<noscript></noscript><p><script>hello()</script>",
            "<iframe srcdoc='<script>hello()</script>'></iframe>",
        ] {
            check(page, &[&script]);
        }
        check("<script src=/x.js>hello()</script>", &[]);
        check("<script type=application/ld+json>{}</script><script type=text/template><b></script>", &[]);
        check("<textarea><script>hello()</script></textarea><!--<script>hello()</script>-->", &[]);
        let broken = format!("script-src 'self' '{}'", hash_source("a\nb"));
        check("<script>a\r\nb</script>", &[&broken]);
    }

    #[test]
    fn handlers_and_styles() {
        check("<a onclick='hello()'>", &[&format!("script-src 'self' 'unsafe-hashes' {HELLO}")]);
        let quoted = format!("script-src 'self' 'unsafe-hashes' '{}'", hash_source("a(\"b\")"));
        check("<a ONCLICK='a(&quot;b&quot;)'>", &[&quoted]);
        check("<style>hello()</style>", &[&format!("style-src 'self' {HELLO}")]);
        check("<noscript><style>hello()</style></noscript>", &[&format!("style-src 'self' {HELLO}")]);
        check("<p style='hello()'>", &[&format!("style-src 'self' 'unsafe-hashes' {HELLO}")]);
        let many: Vec<_> = (0..=MOST_STYLE_ATTRIBUTES).map(|width| format!("<p style='width:{width}px'>")).collect();
        check(&many.concat(), &["style-src-attr 'unsafe-inline'"]);
    }

    #[test]
    fn what_comes_from_elsewhere() {
        check("<img src=https://a.example/x.png>", &["img-src 'self' data: https://a.example"]);
        check("<img srcset='//A.example:8080/x 1x, /y 2x'>", &["img-src 'self' data: a.example:8080"]);
        check(
            "<video src=https://a.example poster=http://b.example>",
            &["img-src 'self' data: http://b.example", "media-src 'self' https://a.example"],
        );
        check("<iframe src='https://video.example/e?x'>", &["frame-src 'self' https://video.example"]);
        check("<form action=https://forms.example/x>", &["form-action 'self' https://forms.example"]);
        check("<object data=https://a.example/x.pdf>", &["object-src https://a.example"]);
        check(
            "<link rel=preload as=font href=https://a.example/f crossorigin>",
            &["font-src 'self' https://a.example"],
        );
        check(
            "<p style='background:url(https://a.example/b.png)'>",
            &[
                &format!(
                    "style-src 'self' 'unsafe-hashes' '{}'",
                    hash_source("background:url(https://a.example/b.png)")
                ),
                "img-src 'self' data: https://a.example",
                "font-src 'self' https://a.example",
            ],
        );
        let map = "{\"imports\":{\"x\":\"https://a.example/x.js\",\"https://b.example/\":\"/b/\"}}";
        check(
            &format!("<script type=importmap>{map}</script>"),
            &[&[&*format!("script-src 'self' '{}' https://a.example", hash_source(map))], &OPEN[..]].concat(),
        );
        check("<a href=https://a.example><link rel=canonical href=https://b.example>", &[]);
        check("<script src=data:,alert(1)></script><img src=\"https://a' 'unsafe-inline/\">", &[]);
    }

    #[test]
    fn a_foreign_style_sheet_may_load_its_fonts() {
        check(
            "<link rel=stylesheet href=https://fonts.example/css>",
            &["style-src 'self' https://fonts.example", "img-src 'self' data: https:", "font-src 'self' https:"],
        );
        check(
            "<style>@import 'https://fonts.example/css'</style>",
            &[
                &format!(
                    "style-src 'self' '{}' https://fonts.example",
                    hash_source("@import 'https://fonts.example/css'")
                ),
                "img-src 'self' data: https:",
                "font-src 'self' https:",
            ],
        );
    }

    const OPEN: [&str; 6] = [
        "style-src 'self' 'unsafe-inline' https:",
        "img-src 'self' data: blob: https:",
        "font-src 'self' data: https:",
        "media-src 'self' blob: https:",
        "connect-src 'self' https: wss:",
        "frame-src 'self' https:",
    ];

    #[test]
    fn what_scripts_of_others_fetch_is_not_known() {
        let page = "<style>x</style><p style=x><script src=https://a.example/x.js></script>";
        check(page, &[&["script-src 'self' https://a.example"], &OPEN[..]].concat());
        let own = Surroundings { origin: Some("https://a.example".to_owned()), ..Surroundings::default() };
        let found = of("<script src=https://a.example/x.js></script>", &own, &PolicySettings::default());
        assert_eq!(found, ["script-src 'self' https://a.example"]);
        let app = Surroundings { is_app: true, ..Surroundings::default() };
        assert_eq!(of("", &app, &PolicySettings::default()), OPEN);
        let told = settings(&[("connect-src", &["https://api.example"]), ("style-src", &[])]);
        let expected = ["connect-src 'self' https://api.example"];
        let found: Vec<_> = of("", &app, &told).into_iter().filter(|line| !OPEN.contains(&line.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_an_author_adds() {
        let none = Surroundings::default();
        let add = |directives| of("<script>hello()</script>", &none, &settings(directives));
        assert_eq!(
            add(&[("img-src", &["https://a.example"]), ("frame-ancestors", &["'none'"]), ("worker-src", &["blob:"])]),
            [
                &format!("script-src 'self' {HELLO}"),
                "img-src 'self' data: https://a.example",
                "frame-ancestors 'none'",
                "worker-src 'self' blob:",
            ]
        );
        assert_eq!(add(&[("script-src", &["'unsafe-inline'"])]), ["script-src 'self' 'unsafe-inline'"]);
        assert_eq!(
            add(&[("upgrade-insecure-requests", &[])]),
            [&format!("script-src 'self' {HELLO}"), "upgrade-insecure-requests"]
        );
    }
}

//! What the configuration adds to the heads of pages: by their paths style sheets, scripts and meta elements, and what search
//! engines are told of a page's languages.

use tera::Value;

use super::{Renderer, assets::Assets, languages};
use crate::{
    diag::{Diagnostic, did_you_mean},
    load::{PageId, SectionId, Site, Spanned},
    site::SitePath,
    transform::{
        escape,
        placeholder::{self, What},
    },
};

/// Names of meta elements that are properties: those of Open Graph and the vocabularies beside it (<https://ogp.me>).
const PROPERTIES: [&str; 7] = ["og:", "article:", "book:", "fb:", "music:", "profile:", "video:"];

/// What the head of a page says of its languages; empty where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InLanguages {
    canonical: String,
    alternates: String,
}

impl InLanguages {
    /// The elements that a head does not have which a template has written.
    #[must_use]
    pub fn missing_in(&self, head: &str) -> String {
        let head = head.to_ascii_lowercase();
        let missing = [("canonical", &self.canonical), ("hreflang", &self.alternates)];
        missing.into_iter().filter(|(word, _)| !head.contains(word)).map(|(_, elements)| elements.as_str()).collect()
    }
}

impl Renderer<'_> {
    /// The elements that the head of the page at `path` gets besides its template's; empty for most.
    #[must_use]
    pub fn head_of(&self, path: &SitePath) -> String {
        let mut head = String::new();
        let rules = self.site.config.rules.pages.iter().filter(|rule| rule.has_head() && rule.matches(path.as_str()));
        for rule in rules {
            for (name, content) in &rule.meta {
                let attribute =
                    if PROPERTIES.iter().any(|prefix| name.starts_with(prefix)) { "property" } else { "name" };
                head.extend(["<meta ", attribute, "=\""]);
                escape::attribute(&mut head, name);
                head.push_str("\" content=\"");
                escape::attribute(&mut head, content);
                head.push_str("\">");
            }
            for style in &rule.styles {
                self.element(&mut head, "<link rel=\"stylesheet\" href=\"", style, "\">");
            }
            for script in &rule.scripts {
                self.element(&mut head, "<script type=\"module\" src=\"", script, "\"></script>");
            }
        }
        head
    }

    /// What the head of a page says of the page in other languages, where the site wants that told; see
    /// [`Renderer::section_in_languages`].
    #[must_use]
    pub fn page_in_languages(&self, id: PageId) -> InLanguages {
        self.in_languages(|site| languages::of_page(site, site.page(id)))
    }

    /// The same of a section.
    #[must_use]
    pub fn section_in_languages(&self, id: SectionId) -> InLanguages {
        self.in_languages(|site| languages::of_section(site, site.section(id)))
    }

    fn in_languages(&self, shown: impl FnOnce(&Site) -> [(&'static str, Value); 6]) -> InLanguages {
        let mut said = InLanguages::default();
        if !self.site.tells_alternates() {
            return said;
        }
        let shown = shown(self.site);
        let value_of = |wanted: &str| shown.iter().find(|(key, _)| *key == wanted).map(|(_, value)| value);
        let text = |value: &Value, key: &str| {
            let text = value.get_from_path(key).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        said.canonical.push_str("<link rel=\"canonical\" href=\"");
        let canonical = value_of("canonical").and_then(Value::as_str);
        escape::url(&mut said.canonical, canonical.unwrap_or_default());
        said.canonical.push_str("\">");
        for other in value_of("alternates").and_then(Value::as_array).unwrap_or_default() {
            let (lang, url) = (text(other, "lang"), text(other, "url"));
            said.alternates.extend(["<link rel=\"alternate\" hreflang=\"", &lang, "\" href=\""]);
            escape::url(&mut said.alternates, &url);
            said.alternates.push_str("\">");
        }
        said
    }

    fn element(&self, head: &mut String, before: &str, name: &Spanned<String>, after: &str) {
        let Some(url) = url(&self.library.assets, &name.value) else { return };
        head.push_str(before);
        escape::url(head, &url);
        head.push_str(after);
    }
}

/// Style sheets and scripts that the configuration names for pages and that are not there.
pub(super) fn missing(site: &Site, assets: &Assets) -> Vec<Diagnostic> {
    let rules = site.config.rules.pages.iter();
    let names = rules.flat_map(|rule| rule.styles.iter().chain(&rule.scripts));
    let missing = names.filter(|name| url(assets, &name.value).is_none());
    let told = missing.map(|name| {
        let message = format!("there is no file `{}` in `assets/` or `static/`", name.value);
        let error = Diagnostic::error_at(&site.config.rules.source, name.span.clone(), message);
        match did_you_mean(name.value.trim_start_matches('/'), assets.names()) {
            Some(meant) => error.with_help(format!("did you mean `{meant}`?")),
            None => error.with_help("files are named as templates name them for `asset`"),
        }
    });
    told.collect()
}

/// A placeholder for a file of the site, or a whole URL as it is.
fn url(assets: &Assets, name: &str) -> Option<String> {
    if name.contains("://") {
        return Some(name.to_owned());
    }
    assets.find(name).map(|source| placeholder::write(What::Url, source))
}

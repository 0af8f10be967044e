//! What the configuration adds to the heads of pages, by their paths: style sheets, scripts and meta elements.

use super::{Renderer, assets::Assets};
use crate::{
    diag::{Diagnostic, did_you_mean},
    load::{Site, Spanned},
    site::SitePath,
    transform::{
        escape,
        placeholder::{self, What},
    },
};

/// Names of meta elements that are properties: those of Open Graph and the vocabularies beside it (<https://ogp.me>).
const PROPERTIES: [&str; 7] = ["og:", "article:", "book:", "fb:", "music:", "profile:", "video:"];

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

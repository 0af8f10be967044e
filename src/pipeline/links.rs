//! Where the links of Markdown files lead: `@/blog/first.md` and `../first.md` to the page's URL.

use std::collections::HashMap;

use crate::{
    diag::did_you_mean,
    load::{Site, in_language},
    site::BasePath,
    transform::markdown::Target,
};

/// The URLs of a site's pages by the file they come from, relative to `content/`.
#[derive(Debug)]
pub(super) struct Links<'a> {
    pages: HashMap<&'a str, String>,
    /// The default language, where links stay in the language of their page.
    stays_but_in: Option<&'a str>,
}

impl<'a> Links<'a> {
    pub(super) fn new(site: &'a Site) -> Self {
        let url = |path| site.url(path, &BasePath::root());
        let pages = site.pages.iter().filter(|page| page.meta.render);
        let pages = pages.map(|page| (page.relative.as_str(), url(&page.path)));
        let sections = site.sections.iter().filter(|section| section.written);
        let sections = sections.map(|section| (section.relative.as_str(), url(&section.path)));
        let stays_but_in =
            site.config.translation.fallback.then(|| site.config.languages.default_language().code.as_str());
        Self { pages: pages.chain(sections).collect(), stays_but_in }
    }

    /// The URL of a file, for a page in the language `lang`.
    fn page(&self, file: &str, lang: &str) -> Option<&String> {
        let translated = self.stays_but_in.filter(|default| *default != lang).map(|_| in_language(file, lang));
        translated.and_then(|file| self.pages.get(file.as_str())).or_else(|| self.pages.get(file))
    }

    /// Where `link` leads from the file `from`, relative to `content/`, in the language `lang`.
    pub(super) fn resolve(&self, link: &str, from: &str, lang: &str) -> Target {
        let (path, fragment) = link.find(['#', '?']).map_or((link, ""), |end| link.split_at(end));
        if let Some(file) = path.strip_prefix("@/") {
            return match self.page(file, lang) {
                Some(page) => Target::Url(page.clone() + fragment),
                None => Target::Broken {
                    message: format!("there is no page `{file}` in content/"),
                    help: did_you_mean(file, self.pages.keys().copied())
                        .map(|near| format!("did you mean `@/{near}`?")),
                },
            };
        }
        if path.is_empty() || path.starts_with('/') {
            return Target::Unchanged;
        }
        let Some(file) = below(from, path) else { return Target::Unchanged };
        if let Some(page) = self.page(&file, lang) {
            return Target::Url(page.clone() + fragment);
        }
        // What is no page is a file, and means what the browser makes of it.
        Target::Unchanged
    }
}

/// `path` as seen from the file `from`, both with `/`, percent-decoded; `None` when it leaves the folder they are in.
fn below(from: &str, path: &str) -> Option<String> {
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8().ok()?;
    let mut segments: Vec<&str> = from.split('/').collect();
    segments.pop();
    for segment in decoded.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()?),
            _ => segments.push(segment),
        }
    }
    Some(segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::SitePath;

    #[track_caller]
    fn check(link: &str, from: &str, expected: &Target) {
        let paths = [
            ("_index.md", SitePath::root()),
            ("blog/_index.md", SitePath::parse("/blog/").unwrap()),
            ("blog/ä b.md", SitePath::parse("/blog/ä b/").unwrap()),
        ];
        let pages = paths.iter().map(|(file, path)| (*file, path.to_url(&BasePath::root()))).collect();
        let links = Links { pages, stays_but_in: None };
        assert_eq!(links.resolve(link, from, "en"), *expected, "{link} from {from}");
    }

    #[test]
    fn links_between_markdown_files() {
        let url = |url: &str| Target::Url(url.to_owned());
        check("@/blog/_index.md", "x.md", &url("/blog/"));
        check("@/blog/ä b.md#c", "x.md", &url("/blog/%C3%A4%20b/#c"));
        check("../_index.md", "blog/x.md", &url("/"));
        check("%C3%A4%20b.md?d#e", "blog/x.md", &url("/blog/%C3%A4%20b/?d#e"));
        check("./../blog/./_index.md", "blog/x.md", &url("/blog/"));
        for elsewhere in ["nowhere.md", "../../x.md", "#c", "/blog/_index.md", "pic.png", "%ff.md"] {
            check(elsewhere, "blog/x.md", &Target::Unchanged);
        }
        check(
            "@/blog/_indx.md",
            "x.md",
            &Target::Broken {
                message: "there is no page `blog/_indx.md` in content/".to_owned(),
                help: Some("did you mean `@/blog/_index.md`?".to_owned()),
            },
        );
    }
}

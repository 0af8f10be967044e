//! Decides which URLs a site has and what each is made from. Each URL has exactly one owner; two sources that claim
//! one are a mistake of the author's, told with both names. Nothing is read or rendered here.

mod lists;
mod rules;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use crate::{
    diag::{Diagnostic, Source, did_you_mean},
    load::{
        CodeSheet, Feed, File, Kind, ListId, PageId, PublishedFile, Section, SectionId, Site, Spanned, TaxonomyId,
        TermId,
    },
    site::{BasePath, SitePath},
};

/// All routes of a site.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub routes: BTreeMap<SitePath, Origin>,
    /// The route whose body answers, with status 404, what has no route. One of `routes`.
    pub not_found: Option<SitePath>,
}

/// What a route's answer is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A page through its template: HTML.
    Page(PageId),
    /// A section through its template: HTML.
    Section(SectionId),
    /// A pager of a list, but the first, which is the list itself: HTML.
    Pager(ListId, usize),
    /// All terms of a taxonomy: HTML.
    Taxonomy(TaxonomyId),
    /// The pages of a term: HTML.
    Term(TermId),
    Feed(Feed),
    /// A sitemap of these of its entries.
    Sitemap(Range<usize>),
    /// What lists the parts of a sitemap that is too large for one file, and is their paths.
    SitemapIndex(Vec<SitePath>),
    /// The search index of a language.
    SearchIndex(String),
    /// The script that reads it.
    SearchLibrary,
    /// A template that belongs to no page: `404.html`, `robots.txt`.
    Template(&'static str),
    /// A file as it is, smaller where its type allows.
    File(File),
    /// A TypeScript file, compiled; the route ends in `.js` or `.mjs`.
    Script(File),
    /// A Sass file, compiled; the route ends in `.css`.
    Sass(File),
    /// A style sheet of highlighted code.
    Highlighting(CodeSheet),
    /// An answer with status 308 (RFC 9110 §15.4.9).
    Redirect(Target),
}

/// Where a redirect leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To a path of this site, below its base, with the query and the fragment behind it.
    Path(SitePath, String),
    /// To a whole URL elsewhere.
    Url(String),
}

/// The template, and the file, that answers what has no route.
const NOT_FOUND: &str = "404.html";

/// Gives every URL its owner.
#[must_use]
pub fn plan(site: &Site) -> (Plan, Vec<Diagnostic>) {
    let mut routes = Routes::default();
    match site.kind {
        Kind::Plain => {
            let published: Vec<_> = site.files.iter().filter(|file| !is_source(&file.path)).cloned().collect();
            routes.files(&published, Index::Folder);
        }
        Kind::Content => {
            routes.sections(site);
            routes.pages(site);
            routes.lists(site);
            routes.files(&site.files, Index::Folder);
            for PublishedFile { file, path } in &site.sass {
                routes.claim(path, Origin::Sass(file.clone()), &file.path, None);
            }
            for section in &site.sections {
                routes.files(&section.assets, Index::File);
            }
            for page in &site.pages {
                routes.files(&page.assets, Index::File);
            }
            routes.templates(site);
            routes.sitemap(site);
            routes.search(site);
            routes.aliases(site);
            routes.first_pagers(site);
        }
    }
    routes.highlighting(site);
    let mut diagnostics = routes.diagnostics;
    let routes: BTreeMap<_, _> = routes.owners.into_iter().map(|(path, owner)| (path, owner.origin)).collect();
    diagnostics.extend(rules::check(site, &routes));
    diagnostics.sort();
    let mut error_pages = site.config.rules.error_pages.iter();
    let not_found = match error_pages.find(|error| error.status.as_u16() == 404) {
        Some(error) => Some(error.page.value.clone()),
        None => SitePath::parse("/404.html").ok(),
    };
    let not_found = not_found.filter(|path| routes.contains_key(path));
    (Plan { routes, not_found }, diagnostics)
}

/// Whether no browser reads it as it is: it is published as what becomes of it, where a page asks for that.
fn is_source(path: &SitePath) -> bool {
    matches!(path.extension(), Some("tsx" | "jsx" | "scss" | "sass"))
}

/// What a file called `index.html` is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Index {
    /// Its folder's page.
    Folder,
    /// A file like any other: the folder's page is the Markdown file beside it.
    File,
}

#[derive(Default)]
struct Routes {
    owners: BTreeMap<SitePath, Owner>,
    diagnostics: Vec<Diagnostic>,
}

struct Owner {
    origin: Origin,
    /// For a message: `sites/docs/content/a.md`, or `the alias in …`.
    name: String,
}

impl Routes {
    fn sections(&mut self, site: &Site) {
        for (id, section) in site.sections.iter().enumerate() {
            if section.is_rendered() {
                self.claim(&section.path, Origin::Section(SectionId(id)), &section.source.path, None);
            } else if let Some(to) = &section.meta.redirect_to {
                let place = Some((&section.source, to));
                if let Some(target) = self.target(site, section, to) {
                    self.claim(&section.path, Origin::Redirect(target), &section.source.path, place);
                }
            }
        }
    }

    fn pages(&mut self, site: &Site) {
        for (id, page) in site.pages.iter().enumerate().filter(|(_, page)| page.meta.render) {
            let place = page.meta.path.as_ref().or(page.meta.slug.as_ref()).map(|written| (&page.source, written));
            self.claim(&page.path, Origin::Page(PageId(id)), &page.source.path, place);
        }
    }

    fn files(&mut self, files: &[PublishedFile], index: Index) {
        for PublishedFile { file, path } in files {
            let text = path.as_str();
            let (route, origin) = match path.extension() {
                Some("ts") if text.ends_with(".d.ts") => continue,
                Some("ts") => (format!("{}.js", text.trim_end_matches(".ts")), Origin::Script(file.clone())),
                Some("mts") => (format!("{}.mjs", text.trim_end_matches(".mts")), Origin::Script(file.clone())),
                _ if index == Index::Folder && path.file_name() == "index.html" => {
                    (text.trim_end_matches("index.html").to_owned(), Origin::File(file.clone()))
                }
                _ => (text.to_owned(), Origin::File(file.clone())),
            };
            match SitePath::parse(&route) {
                Ok(route) => self.claim(&route, origin, &file.path, None),
                Err(error) => {
                    let message = format!("`{route}` cannot be a path of the site: {error}");
                    self.diagnostics.push(Diagnostic::error(file.path.clone(), message));
                }
            }
        }
    }

    /// A 404 page where there is a template for one; `robots.txt` unless the site has its own or does not want it.
    fn templates(&mut self, site: &Site) {
        let wanted = [(NOT_FOUND, site.has_template(NOT_FOUND)), ("robots.txt", site.config.generate_robots_txt)];
        for (name, wanted) in wanted {
            let Ok(path) = SitePath::parse(&format!("/{name}")) else { continue };
            if !wanted || (self.owners.contains_key(&path) && !site.has_template(name)) {
                continue;
            }
            let source = site.templates.iter().find(|template| template.name == name);
            let owner =
                source.map_or_else(|| Arc::from(format!("{}/templates/{name}", site.root)), |t| t.source.path.clone());
            self.claim(&path, Origin::Template(name), &owner, None);
        }
    }

    /// The style sheets of highlighted code. Our own gives way to a file of the site; those by Zola's names do not, because
    /// what lies there was written by Zola, for classes that number the colours of its theme.
    fn highlighting(&mut self, site: &Site) {
        let Some(highlighting) = &site.config.markdown.highlighting else { return };
        for &(path, sheet) in highlighting.sheets() {
            let Ok(path) = SitePath::parse(path) else { continue };
            let name = "a style sheet of highlighted code".to_owned();
            let owner = Owner { origin: Origin::Highlighting(sheet), name };
            if sheet == CodeSheet::Roles {
                self.owners.entry(path).or_insert(owner);
            } else {
                self.owners.insert(path, owner);
            }
        }
    }

    fn aliases(&mut self, site: &Site) {
        for (id, section) in site.sections.iter().enumerate() {
            let to = match self.owners.get(&section.path).map(|owner| &owner.origin) {
                // No visitor is sent around twice.
                Some(Origin::Redirect(target)) if section.meta.redirect_to.is_some() => target.clone(),
                _ if section.is_rendered() => Target::Path(section.path.clone(), String::new()),
                _ => continue,
            };
            for alias in &section.meta.aliases {
                if let Some(from) = self.alias(&section.source, &section.path, &to, alias) {
                    self.pagers_of_alias(site, SectionId(id), &from);
                }
            }
        }
        for page in site.pages.iter().filter(|page| page.meta.render) {
            let to = Target::Path(page.path.clone(), String::new());
            for alias in &page.meta.aliases {
                self.alias(&page.source, &page.path, &to, alias);
            }
        }
    }

    /// Redirects from an earlier path of what is at `own`, and gives it.
    fn alias(&mut self, source: &Source, own: &SitePath, to: &Target, alias: &Spanned<String>) -> Option<SitePath> {
        let bare = alias.value.trim().trim_start_matches('/');
        let extension = bare.rsplit_once('.').map_or("", |(_, extension)| extension);
        let is_file = matches!(extension, "html" | "htm");
        let bare = bare.strip_suffix("index.html").unwrap_or(bare);
        let text = if is_file && !bare.is_empty() && !bare.ends_with('/') {
            format!("/{bare}")
        } else {
            format!("/{bare}/").replace("//", "/")
        };
        match SitePath::from_request(&text.replace(' ', "%20")) {
            Ok(path) if path == *own => None,
            Ok(path) => {
                self.claim(&path, Origin::Redirect(to.clone()), &source.path, Some((source, alias)));
                Some(path)
            }
            Err(error) => {
                let message = format!("this alias cannot be a path of the site: {error}");
                self.diagnostics.push(Diagnostic::error_at(source, alias.span.clone(), message));
                None
            }
        }
    }

    /// A URL as it is; `@/a.md` and `@alias/a.md` as the page's path; anything else is a path of the site.
    fn target(&mut self, site: &Site, section: &Section, to: &Spanned<String>) -> Option<Target> {
        let source = &section.source;
        let text = to.value.trim();
        if text.contains("://") {
            return Some(Target::Url(text.to_owned()));
        }
        let (text, behind) = text.split_at(text.find(['?', '#']).unwrap_or(text.len()));
        let Some(written_out) = site.config.rules.without_alias(text) else {
            let (message, help) = site.config.rules.unknown_alias(text);
            self.diagnostics.push(Diagnostic::error_at(source, to.span.clone(), message).with_help(help));
            return None;
        };
        if let Some(relative) = written_out.strip_prefix("@/") {
            if let Some(path) = site.linked(relative, &section.lang) {
                return Some(Target::Path(path.clone(), behind.to_owned()));
            }
            let message = format!("there is no `{relative}` in the site's content to redirect to");
            let pages = site.pages.iter().map(|page| &*page.relative);
            let sections = site.sections.iter().filter(|section| section.written).map(|section| &*section.relative);
            let mut diagnostic = Diagnostic::error_at(source, to.span.clone(), message);
            diagnostic.help =
                did_you_mean(relative, pages.chain(sections)).map(|near| format!("did you mean `@/{near}`?"));
            self.diagnostics.push(diagnostic);
            return None;
        }
        let bare = text.trim_matches('/');
        let is_file = bare.rsplit('/').next().is_some_and(|name| name.contains('.')) && !text.ends_with('/');
        let path = match bare {
            "" => "/".to_owned(),
            _ if is_file => format!("/{bare}"),
            _ => format!("/{bare}/"),
        };
        match SitePath::from_request(&path) {
            Ok(path) => Some(Target::Path(path, behind.to_owned())),
            Err(error) => {
                let message = format!("`{text}` cannot be a path of the site: {error}");
                self.diagnostics.push(Diagnostic::error_at(source, to.span.clone(), message));
                None
            }
        }
    }

    /// Makes `origin` the owner of `path`. The first to come stays; the second is told, at `place` where its author
    /// wrote the path.
    fn claim(
        &mut self,
        path: &SitePath,
        origin: Origin,
        source: &Arc<str>,
        place: Option<(&Source, &Spanned<String>)>,
    ) {
        let name = match &origin {
            Origin::Redirect(_) => format!("a redirect in {source}"),
            _ => source.to_string(),
        };
        let place = place.map(|(source, written)| (source, written.span.clone()));
        self.claim_as(path, origin, name, source, place);
    }

    /// The same, for an owner that is not a file by itself: `name` is what it is called.
    fn claim_as(
        &mut self,
        path: &SitePath,
        origin: Origin,
        name: String,
        source: &Arc<str>,
        place: Option<(&Source, Range<usize>)>,
    ) {
        let Some(first) = self.owners.get(path) else {
            self.owners.insert(path.clone(), Owner { origin, name });
            return;
        };
        let url = path.to_url(&BasePath::root());
        let message = format!("two sources for `{url}`: {} and {name}", first.name);
        let diagnostic = match place {
            Some((source, span)) => Diagnostic::error_at(source, span, message),
            None => Diagnostic::error(source.clone(), message),
        };
        let help = match (&first.origin, &origin) {
            (Origin::Redirect(_), _) | (_, Origin::Redirect(_)) => "remove the alias: what is there already answers",
            (Origin::Page(_), Origin::Page(_)) => "give one of the pages another `slug`",
            _ => "rename one of them",
        };
        self.diagnostics.push(diagnostic.with_help(help));
    }
}

//! What a page asks for, resolved to files of its site: by URLs, by placeholders of its template, by the specifiers of modules
//! that stand in it. What is asked for and is not there is told where its author wrote it.

use std::{ops::Range, sync::Arc};

use super::{
    drafts::{Authors, Drafter, Target},
    sources::{Kind, Sources},
};
use crate::{
    assets::{Entry, Mapped},
    diag::{Diagnostic, Source},
    load,
    site::SitePath,
    transform::{
        base, digest, placeholder,
        requests::{Asks, Request},
        script,
    },
};

/// One page that asks.
pub(super) struct Asking<'a, 'site> {
    pub(super) drafter: &'a Drafter<'site>,
    pub(super) source: &'a Source,
    /// What its URLs are relative to; empty when that is elsewhere.
    pub(super) from: &'a str,
    pub(super) path: &'a SitePath,
    /// None of an HTML file.
    pub(super) authors: Option<&'a Authors<'a>>,
    /// What the import maps of the page said up to here.
    pub(super) mapped: Mapped,
    pub(super) found: &'a mut Vec<Diagnostic>,
}

/// Where a URL leads.
enum Place {
    File(Arc<str>),
    /// To what is made of a picture.
    Picture(Entry),
    /// To a path of the site that is no file of the author's.
    Path(SitePath),
    Elsewhere,
}

impl Asking<'_, '_> {
    /// What stands for what is asked for.
    pub(super) fn target(&mut self, request: &Request) -> Target {
        match request.asks {
            Asks::InlineModule => return self.inline(request).map_or(Target::Elsewhere, Target::Entry),
            Asks::ImportMap => return self.names(request),
            _ => {}
        }
        let (path, source) = match self.locate(&self.source.text[request.span.clone()]) {
            Place::File(source) => (None, source),
            Place::Picture(entry) => return Target::Entry(entry),
            Place::Path(path) => match self.drafter.sources.at(&path) {
                Some(source) => (Some(path), Arc::clone(source)),
                None if request.asks == Asks::MayNeed => {
                    return self.drafter.sources.page(&path).map_or(Target::Elsewhere, Target::Page);
                }
                None => {
                    self.missing(request, &path);
                    return Target::Path(path);
                }
            },
            Place::Elsewhere => return Target::Elsewhere,
        };
        let kind = Kind::of(&source);
        Target::Entry(match request.asks {
            Asks::Module if kind == Kind::Script => Entry::Module(source),
            Asks::Classic if kind == Kind::Script => Entry::Classic(source),
            Asks::StyleSheet | Asks::Import if kind == Kind::StyleSheet => Entry::Style(source),
            Asks::File | Asks::Font if kind == Kind::Other => Entry::File(source),
            Asks::ModulePreload if kind == Kind::Script => return Target::Module(source),
            Asks::MayNeed => match (kind, path) {
                (Kind::Script | Kind::StyleSheet, _) => return Target::Module(source),
                (Kind::Page, Some(path)) => return Target::Page(path),
                _ => Entry::File(source),
            },
            _ => return path.map_or(Target::Elsewhere, Target::Path),
        })
    }

    /// Whether the author wrote an `integrity` that is of the file asked for, before anything is built of it.
    pub(super) fn is_vouched_for(&self, request: &Request, target: &Target) -> bool {
        let Some(span) = &request.integrity else { return false };
        let (Target::Entry(Entry::Module(source) | Entry::Classic(source) | Entry::Style(source))
        | Target::Module(source)) = target
        else {
            return false;
        };
        self.drafter.world.read(source).is_ok_and(|bytes| digest::lets_through(&self.source.text[span.clone()], &bytes))
    }

    /// Where a URL or specifier leads. A placeholder of a template's is a file by itself.
    fn locate(&self, url: &str) -> Place {
        if self.authors.is_some()
            && let Some(placeholder) = placeholder::find(url).next().filter(|one| one.span.start == 0)
        {
            if let Some(source) = self.drafter.sources.named(placeholder.key) {
                return Place::File(Arc::clone(source));
            }
            if let Some(entry) = self.drafter.picture(placeholder.key) {
                return Place::Picture(entry);
            }
        }
        Sources::locate(url, self.from).map_or(Place::Elsewhere, Place::Path)
    }

    /// What the import map of the page says; nothing where it is none.
    fn names(&mut self, request: &Request) -> Target {
        let map: serde_json::Value = serde_json::from_str(&self.source.text[request.span.clone()]).unwrap_or_default();
        let imports = map.get("imports").and_then(|imports| imports.as_object()).into_iter().flatten();
        for (name, url) in imports.filter_map(|(name, url)| Some((name, url.as_str()?))) {
            let path = match self.locate(url) {
                Place::File(source) => Some(source.to_string()),
                Place::Path(path) if name.ends_with('/') => Some(self.project_path(&path)),
                Place::Path(path) => self.drafter.sources.module(&path).map(ToString::to_string),
                Place::Picture(_) | Place::Elsewhere => None,
            };
            self.mapped.insert(name.clone(), path);
        }
        Target::Names(self.mapped.clone())
    }

    fn is_mapped_elsewhere(&self, specifier: &str) -> bool {
        self.mapped.iter().any(|(name, path)| {
            path.is_none() && (name == specifier || (name.ends_with('/') && specifier.starts_with(name.as_str())))
        })
    }

    /// The module that stands in the page, when a browser could not run it as it is, for what it imports has other names.
    fn inline(&mut self, request: &Request) -> Option<Entry> {
        let text = &self.source.text[request.span.clone()];
        if !text.contains("import") && !text.contains("from") {
            return None;
        }
        let mut changes = Vec::new();
        let mut is_ours = text.contains("import.meta.env") || text.contains("import.meta.glob");
        for (span, specifier) in script::specifiers(text) {
            let is_path = specifier.starts_with(['/', '.']) && !specifier.starts_with("//");
            let file = match self.locate(&specifier) {
                Place::File(source) => source.to_string(),
                Place::Path(path) if is_path => self.project_path(&path),
                Place::Path(_) => {
                    is_ours |= !self.is_mapped_elsewhere(&specifier);
                    continue;
                }
                Place::Picture(_) | Place::Elsewhere => continue,
            };
            let suffix = &specifier[specifier.find(['?', '#']).unwrap_or(specifier.len())..];
            changes.push((span, format!("\"/{file}{suffix}\"")));
            is_ours = true;
        }
        if is_ours {
            self.no_placeholders(request, &changes);
        }
        is_ours.then(|| {
            let text = base::edited(text, &changes);
            Entry::Inline(match self.authors {
                // At the same place as in the file, so that what is said of it is said of the file.
                None => {
                    let (line, column) = self.source.position(request.span.start);
                    let padding = "\n".repeat(line - 1) + &" ".repeat(column - 1);
                    Source::new(Arc::clone(&self.source.path), padding + &text)
                }
                // The same for all pages of a template in which it is the same.
                Some(authors) => {
                    Source::new(format!("{}/templates/{}", self.drafter.site.root, authors.template), text.into_owned())
                }
            })
        })
    }

    /// What is built of the text cannot have the name of what is built after it.
    fn no_placeholders(&mut self, request: &Request, changes: &[base::Edit]) {
        let text = &self.source.text[request.span.clone()];
        let inside = |place: &Range<usize>| changes.iter().any(|(span, _)| span.contains(&place.start));
        let Some(found) = placeholder::find(text).find(|one| !inside(&one.span)) else { return };
        let span = request.span.start + found.span.start..request.span.start + found.span.end;
        let source = self.drafter.sources.named(found.key).map_or("…", |source| source);
        let message = "a module that imports others cannot have the name of a file from its template";
        let help =
            format!("write `new URL(\"/{source}\", import.meta.url)`, or put the name into an attribute of the page");
        let (source, span) = self.place(span, "asset(");
        self.found.push(
            Diagnostic::error_at(&source, span, message)
                .with_help(help)
                .traced(format!("while rendering {}", self.path)),
        );
    }

    /// The file a module at `path` would be in, whether it is there or not.
    fn project_path(&self, path: &SitePath) -> String {
        if let Some(source) = self.drafter.sources.module(path) {
            return source.to_string();
        }
        let root = &self.drafter.site.root;
        let is_below_root = self.drafter.site.kind == load::Kind::Plain || path.as_str().starts_with("/assets/");
        if is_below_root { format!("{root}{path}") } else { format!("{root}/static{path}") }
    }

    /// A page without its script or style sheet is broken in another way than by a link: this says where it is looked for.
    fn missing(&mut self, request: &Request, path: &SitePath) {
        let (what, kind) = match request.asks {
            Asks::Module | Asks::Classic | Asks::ModulePreload => ("script", Kind::Script),
            Asks::StyleSheet | Asks::Import => ("style sheet", Kind::StyleSheet),
            _ => return,
        };
        if self.drafter.sources.is_answered(path) {
            return;
        }
        let raw = &self.source.text[request.span.clone()];
        let help = match self.drafter.sources.near(path, kind) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.drafter.site.kind == load::Kind::Plain => {
                "it is looked for in the site's folder, at the path the page says".to_owned()
            }
            None => "it is looked for in `static/`, and for `/assets/…` in `assets/`".to_owned(),
        };
        let (source, span) = self.place(request.span.clone(), raw);
        let diagnostic = Diagnostic::error_at(&source, span, format!("there is no {what} `{raw}`")).with_help(help);
        self.found.push(match self.authors {
            None => diagnostic,
            Some(_) => diagnostic.traced(format!("while rendering {}", self.path)),
        });
    }

    /// Where the author wrote what stands at a place of the page: where the same text is in a template or in the content.
    fn place(&self, span: Range<usize>, raw: &str) -> (Source, Range<usize>) {
        let Some(authors) = self.authors else { return (self.source.clone(), span) };
        let templates = &self.drafter.site.templates;
        let own = templates.iter().filter(|template| template.name == authors.template);
        let mut written = own.chain(templates).map(|template| &template.source).chain(authors.content);
        let found = written.find_map(|source| Some((source.clone(), source.text.find(raw)?)));
        found.map_or_else(|| (self.source.clone(), span), |(source, at)| (source, at..at + raw.len()))
    }
}

//! Pages before their assets are built: templates rendered, HTML files read, and what each asks for resolved to files of the
//! site. Nothing here knows what anything will be called, so that no change of a script renders a page again.

use std::{
    collections::BTreeSet,
    ops::Range,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::{
    files,
    sources::{Kind, Sources},
};
use crate::{
    assets::Entry,
    diag::{Diagnostic, Source},
    load::{self, File, Site, World},
    plan::Origin,
    site::{Field, MediaType, SitePath},
    transform::{
        base,
        render::Renderer,
        requests::{Asks, Head, Request, Requests},
        script,
    },
};

/// What is known of a route's answer before its assets are built.
#[derive(Debug)]
pub(super) enum Draft {
    Page(Box<PageDraft>),
    /// A rendered text of another type.
    Text(Source, MediaType),
    /// A web app manifest.
    Manifest(ManifestDraft),
    /// What its origin says is all there is to know.
    Plain,
}

/// A page with its names as the author wrote them.
#[derive(Debug)]
pub(super) struct PageDraft {
    pub(super) source: Source,
    pub(super) head: Head,
    /// In the order of the text.
    pub(super) wishes: Vec<Wish>,
    pub(super) fields: Vec<Field>,
}

/// Something a page asks for.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) request: Request,
    pub(super) target: Target,
}

#[derive(Debug)]
pub(super) enum Target {
    /// What is built of an entry.
    Entry(Entry),
    /// The file that has this module in it.
    Module(Arc<str>),
    /// A path of the site.
    Path(SitePath),
    /// Nothing of the site.
    Elsewhere,
}

#[derive(Debug)]
pub(super) struct ManifestDraft {
    pub(super) source: Source,
    /// The places of the images it names, and what they are.
    pub(super) images: Vec<(Range<usize>, Entry)>,
}

impl Draft {
    /// What has to be built before it can be finished.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        let wishes = match self {
            Self::Page(page) => &page.wishes[..],
            _ => &[],
        };
        let images = match self {
            Self::Manifest(manifest) => &manifest.images[..],
            _ => &[],
        };
        let of_wishes = wishes.iter().filter_map(|wish| match &wish.target {
            Target::Entry(entry) => Some(entry),
            _ => None,
        });
        of_wishes.chain(images.iter().map(|(_, entry)| entry))
    }
}

/// Makes drafts.
pub(super) struct Drafter<'a> {
    pub(super) world: &'a dyn World,
    pub(super) site: &'a Site,
    pub(super) sources: &'a Sources<'a>,
    /// `None` when templates cannot be read: then nothing that needs one is made.
    pub(super) renderer: Option<Renderer<'a>>,
}

/// Who wrote a rendered page.
struct Authors<'a> {
    template: &'a str,
    /// The Markdown file.
    content: Option<&'a Source>,
}

impl Drafter<'_> {
    /// `None` when there can be no answer, which `found` says.
    pub(super) fn draft(&self, path: &SitePath, origin: &Origin, found: &mut Vec<Diagnostic>) -> Option<Draft> {
        match origin {
            Origin::Page(id) => {
                let page = self.site.page(*id);
                let html = self.rendered(page.template_name(), |renderer| renderer.page(*id), found)?;
                let authors = Authors { template: page.template_name(), content: Some(&page.source) };
                let mut draft = self.page(path, Source::new(self.rendered_name(path), html), Some(&authors), found);
                let date = page.meta.updated.as_ref().or(page.date.as_ref());
                draft.fields.extend(date.and_then(last_modified));
                Some(Draft::Page(Box::new(draft)))
            }
            Origin::Section(id) => {
                let section = self.site.section(*id);
                let html = self.rendered(section.template_name(), |renderer| renderer.section(*id), found)?;
                let authors = Authors { template: section.template_name(), content: Some(&section.source) };
                let source = Source::new(self.rendered_name(path), html);
                Some(Draft::Page(Box::new(self.page(path, source, Some(&authors), found))))
            }
            Origin::Template(name) => {
                let text = render_with(self.renderer.as_ref()?, |renderer| renderer.template(name, path), found)?;
                let source = Source::new(self.rendered_name(path), text);
                let media = MediaType::of_extension(path.extension());
                if media != MediaType::HTML {
                    return Some(Draft::Text(source, media));
                }
                let authors = Authors { template: name, content: None };
                Some(Draft::Page(Box::new(self.page(path, source, Some(&authors), found))))
            }
            Origin::File(file) if files::media_of(path) == MediaType::HTML => {
                let source = files::read_text(self.world, file, found)?;
                Some(Draft::Page(Box::new(self.page(path, source, None, found))))
            }
            Origin::File(_) | Origin::Script(_) | Origin::Sass(_) | Origin::Highlighting | Origin::Redirect(_) => {
                Some(Draft::Plain)
            }
        }
    }

    /// The web app manifest in `file`, at `path`.
    pub(super) fn manifest(&self, path: &SitePath, file: &File, found: &mut Vec<Diagnostic>) -> Option<Draft> {
        let source = files::read_text(self.world, file, found)?;
        let images = base::manifest_images(&source.text).into_iter().filter_map(|span| {
            let path = Sources::locate(&source.text[span.clone()], path.as_str())?;
            Some((span, Entry::File(Arc::clone(self.sources.at(&path)?))))
        });
        let images = images.collect();
        Some(Draft::Manifest(ManifestDraft { source, images }))
    }

    /// Nothing where the template is not there: loading has said so.
    fn rendered(
        &self,
        template: &str,
        render: impl FnOnce(&Renderer<'_>) -> Result<String, Vec<Diagnostic>>,
        found: &mut Vec<Diagnostic>,
    ) -> Option<String> {
        let renderer = self.renderer.as_ref().filter(|_| self.site.has_template(template))?;
        render_with(renderer, render, found)
    }

    /// What a diagnostic about a rendered text calls it.
    fn rendered_name(&self, path: &SitePath) -> String {
        format!("{} (rendered {path})", self.site.root)
    }

    fn page(
        &self,
        path: &SitePath,
        source: Source,
        authors: Option<&Authors<'_>>,
        found: &mut Vec<Diagnostic>,
    ) -> PageDraft {
        let requests = Requests::of(&source.text);
        let from = match &requests.base {
            None => Some(path.clone()),
            Some(base) => Sources::locate(base, path.as_str()),
        };
        let from = from.as_ref().map_or("", SitePath::as_str);
        let asking = Asking { drafter: self, source: &source, from, path, authors };
        let wishes = requests.all.into_iter().map(|request| {
            let target = asking.target(&request, found);
            Wish { request, target }
        });
        let wishes = wishes.collect();
        PageDraft { source, head: requests.head, wishes, fields: Vec::new() }
    }
}

/// One page that asks.
struct Asking<'a> {
    drafter: &'a Drafter<'a>,
    source: &'a Source,
    /// What its URLs are relative to; empty when that is elsewhere.
    from: &'a str,
    path: &'a SitePath,
    /// None of an HTML file.
    authors: Option<&'a Authors<'a>>,
}

impl Asking<'_> {
    fn target(&self, request: &Request, found: &mut Vec<Diagnostic>) -> Target {
        match request.asks {
            Asks::InlineModule => return self.inline(request).map_or(Target::Elsewhere, Target::Entry),
            Asks::ImportMap => return Target::Elsewhere,
            _ => {}
        }
        let raw = &self.source.text[request.span.clone()];
        let Some(path) = Sources::locate(raw, self.from) else { return Target::Elsewhere };
        let Some(source) = self.drafter.sources.at(&path) else {
            self.missing(request, &path, found);
            return Target::Path(path);
        };
        let source = Arc::clone(source);
        let kind = Kind::of(&source);
        Target::Entry(match request.asks {
            Asks::Module if kind == Kind::Script => Entry::Module(source),
            Asks::Classic if kind == Kind::Script => Entry::Classic(source),
            Asks::StyleSheet | Asks::Import if kind == Kind::StyleSheet => Entry::Style(source),
            Asks::File | Asks::Font if kind == Kind::Other => Entry::File(source),
            Asks::ModulePreload if kind == Kind::Script => return Target::Module(source),
            _ => return Target::Path(path),
        })
    }

    /// The module that stands in the page, when a browser could not run it as it is, for what it imports has other names.
    fn inline(&self, request: &Request) -> Option<Entry> {
        let text = &self.source.text[request.span.clone()];
        if !text.contains("import") && !text.contains("from") {
            return None;
        }
        let mut changes = Vec::new();
        let mut is_ours = text.contains("import.meta.env");
        for (span, specifier) in script::specifiers(text) {
            let is_path = specifier.starts_with(['/', '.']) && !specifier.starts_with("//");
            if is_path && let Some(path) = Sources::locate(&specifier, self.from) {
                let suffix = &specifier[specifier.find(['?', '#']).unwrap_or(specifier.len())..];
                changes.push((span, format!("\"/{}{suffix}\"", self.project_path(&path))));
                is_ours = true;
            } else {
                is_ours |= !is_path && !specifier.contains(':') && !specifier.starts_with("//");
            }
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

    /// The file a module at `path` would be in, whether it is there or not.
    fn project_path(&self, path: &SitePath) -> String {
        if let Some(source) = self.drafter.sources.module(path) {
            return source.to_string();
        }
        let root = &self.drafter.site.root;
        let is_below_root = self.drafter.site.kind == load::Kind::Plain || path.as_str().starts_with("/assets/");
        if is_below_root { format!("{root}{path}") } else { format!("{root}/static{path}") }
    }

    /// A page without its script or style sheet is broken; of other files a browser says so itself, where it is looked at.
    fn missing(&self, request: &Request, path: &SitePath, found: &mut Vec<Diagnostic>) {
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
        found.push(match self.authors {
            None => diagnostic,
            Some(_) => diagnostic.traced(format!("while rendering {}", self.path)),
        });
    }

    /// Where the author wrote what stands at a place of the page: where the same text is in a template or in the content.
    fn place(&self, span: Range<usize>, raw: &str) -> (Source, Range<usize>) {
        let Some(authors) = self.authors else { return (self.source.clone(), span) };
        let templates = &self.drafter.site.templates;
        let own = templates.iter().filter(|template| template.name == authors.template);
        let written = own.chain(templates).map(|template| &template.source).chain(authors.content);
        let found = written.filter_map(|source| Some((source.clone(), source.text.find(raw)?))).next();
        found.map_or_else(|| (self.source.clone(), span), |(source, at)| (source, at..at + raw.len()))
    }
}

fn render_with(
    renderer: &Renderer<'_>,
    render: impl FnOnce(&Renderer<'_>) -> Result<String, Vec<Diagnostic>>,
    found: &mut Vec<Diagnostic>,
) -> Option<String> {
    render(renderer).map_err(|diagnostics| found.extend(diagnostics)).ok()
}

/// The page's own date, an input of the build (RFC 9110 §8.8.2); a clock would make every build different.
fn last_modified(date: &load::PageDate) -> Option<Field> {
    let seconds = u64::try_from(date.instant.as_second()).ok()?;
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    Some(Field::new("last-modified", httpdate::fmt_http_date(time)))
}

/// The paths that pages name as those of their web app manifest.
pub(super) fn linked_manifests<'a>(drafts: impl Iterator<Item = &'a Draft>) -> BTreeSet<SitePath> {
    let wishes = drafts.filter_map(|draft| match draft {
        Draft::Page(page) => Some(&page.wishes),
        _ => None,
    });
    let manifest = |wish: &Wish| match (&wish.request.asks, &wish.target) {
        (Asks::Manifest, Target::Path(path)) => Some(path.clone()),
        _ => None,
    };
    wishes.flatten().filter_map(manifest).collect()
}

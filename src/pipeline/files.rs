//! What is published of a file that is no page, at the path it lies at: made smaller where its type allows, and told where
//! the site is mounted. Files that pages ask for are built elsewhere, and have other names.

use std::{borrow::Cow, collections::HashSet, sync::Arc};

use bytes::Bytes;

use super::{drafts::ManifestDraft, highlighting::Highlighting, outputs::Output};
use crate::{
    assets::Built,
    diag::{Diagnostic, Severity, Source},
    load::{self, File, Site, World},
    plan::{Origin, Target},
    site::{BasePath, Field, MediaType, SitePath},
    transform::{
        base, css, data,
        links::Links,
        script::{self, Goal, Syntax},
    },
};

/// What every file is made with.
pub(super) struct Files<'a> {
    world: &'a dyn World,
    site: &'a Site,
    base: &'a BasePath,
    highlighting: Option<&'a Highlighting>,
    /// The paths of all published files, as the author names them.
    paths: HashSet<&'a str>,
}

impl<'a> Files<'a> {
    pub(super) fn new(
        world: &'a dyn World,
        site: &'a Site,
        base: &'a BasePath,
        highlighting: Option<&'a Highlighting>,
    ) -> Self {
        Self { world, site, base, highlighting, paths: site.files.iter().map(|one| one.path.as_str()).collect() }
    }

    /// The answer at `path`. `None` when there is none, which `found` says, or when it is not made of a file.
    pub(super) fn make(&self, path: &SitePath, origin: &Origin, found: &mut Vec<Diagnostic>) -> Option<Output> {
        match origin {
            Origin::File(file) => self.file(path, file, found),
            Origin::Script(file) => {
                let source = read_text(self.world, file, found)?;
                let script = self.script(&source, Syntax::TypeScript, path, found)?;
                // Types alone are nothing a browser could fetch.
                (!is_nothing(&script)).then(|| Output::of_script(script))
            }
            Origin::Highlighting(sheet) => Some(Output::of_style_sheet(self.highlighting?.sheet(*sheet))),
            Origin::Redirect(target) => {
                let location = match target {
                    Target::Path(path, behind) => self.site.url(path, self.base) + behind,
                    Target::Url(url) => url.clone(),
                };
                let mut output = Output::of(Bytes::new(), MediaType::OCTETS);
                output.status = 308;
                output.fields.push(Field::new("location", location));
                Some(output)
            }
            // Rendered, or built.
            Origin::Page(_)
            | Origin::Section(_)
            | Origin::Pager(..)
            | Origin::Taxonomy(_)
            | Origin::Term(_)
            | Origin::Feed(_)
            | Origin::Sitemap(_)
            | Origin::SitemapIndex(_)
            | Origin::SearchIndex(_)
            | Origin::SearchLibrary
            | Origin::Template(_)
            | Origin::Sass(_) => None,
        }
    }

    fn file(&self, path: &SitePath, file: &File, found: &mut Vec<Diagnostic>) -> Option<Output> {
        let media = media_of(path);
        let bytes = read(self.world, file, found)?;
        if !media.is_compressible() {
            return Some(Output::of(bytes, media));
        }
        match std::str::from_utf8(&bytes) {
            Ok(text) => self.text(&Source::new(Arc::clone(&file.path), text), media, path, found),
            Err(_) if media.as_str().contains("charset=utf-8") => {
                load::utf8(Arc::clone(&file.path), bytes.into(), found);
                None
            }
            Err(_) => Some(Output::of(bytes, media)),
        }
    }

    /// A text made smaller, as its type allows, and told where it is mounted.
    pub(super) fn text(
        &self,
        source: &Source,
        media: MediaType,
        path: &SitePath,
        found: &mut Vec<Diagnostic>,
    ) -> Option<Output> {
        let smaller = match media {
            MediaType::CSS => {
                let based = rebased(source, base::style_sheet(&source.text, self.base));
                return Some(Output::of_style_sheet(or_unchanged(&based, css::minify(&based), found)));
            }
            MediaType::JAVASCRIPT => {
                return Some(Output::of_script(self.script(source, Syntax::JavaScript, path, found)?));
            }
            MediaType::JSON => or_unchanged(source, data::minify_json(source), found),
            MediaType::SVG => data::minify_xml(&base::page(&source.text, &Links::at(self.base), &[])),
            MediaType::XML => data::minify_xml(&source.text),
            _ => source.text.to_string(),
        };
        Some(Output::of(smaller.into(), media))
    }

    /// A web app manifest with the images it names as they were built.
    pub(super) fn manifest(
        &self,
        path: &SitePath,
        draft: &ManifestDraft,
        built: &Built,
        found: &mut Vec<Diagnostic>,
    ) -> Output {
        let url = |(span, entry): &(_, _)| {
            let asset = built.assets.get(entry)?;
            Some((std::ops::Range::clone(span), asset.file.to_url(self.base)))
        };
        let images: Vec<base::Edit> = draft.images.iter().filter_map(url).collect();
        let based = rebased(&draft.source, base::manifest(&draft.source.text, self.base, &images));
        Output::of(or_unchanged(&based, data::minify_json(&based), found).into(), media_of(path))
    }

    /// A script compiled. Whether a `.js` file is a module cannot be told from its name: it is one when it is not a
    /// script, so that what a classic script declares stays global.
    fn script(&self, source: &Source, syntax: Syntax, path: &SitePath, found: &mut Vec<Diagnostic>) -> Option<String> {
        let resolve = |specifier: &str| self.resolve_module(path, specifier);
        let links = Links { resolve: &resolve, ..Links::at(self.base) };
        let compile = |goal| script::compile(source, &script::Options { syntax, goal, links: Some(links) });
        let is_module = syntax == Syntax::TypeScript || path.extension() == Some("mjs");
        let outcome = if is_module {
            compile(Goal::Module)
        } else {
            compile(Goal::Script).or_else(|as_script| compile(Goal::Module).map_err(|_| as_script))
        };
        match outcome {
            Ok(text) => Some(text),
            Err(diagnostics) => {
                let is_fatal = diagnostics.iter().any(|one| one.severity == Severity::Error);
                found.extend(diagnostics);
                (!is_fatal).then(|| source.text.to_string())
            }
        }
    }

    /// `./store` in the script at `path` means `./store.ts` when there is such a file, else `./store.js`.
    fn resolve_module(&self, path: &SitePath, specifier: &str) -> Option<String> {
        let folder = path.as_str().rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut segments: Vec<&str> = if specifier.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
        for segment in specifier.split('/') {
            match segment {
                "" | "." => {}
                ".." => drop(segments.pop()?),
                _ => segments.push(segment),
            }
        }
        let target = format!("/{}", segments.join("/").trim_start_matches('/'));
        ["ts", "mts", "js", "mjs"]
            .into_iter()
            .find(|extension| self.paths.contains(format!("{target}.{extension}").as_str()))
            .map(|extension| format!("{specifier}.{extension}"))
    }
}

/// Whether a compiled script does nothing and exports nothing.
fn is_nothing(script: &str) -> bool {
    matches!(script.trim().trim_end_matches(';'), "" | "export{}" | "export {}")
}

/// The type of what is published at a path.
pub(super) fn media_of(path: &SitePath) -> MediaType {
    MediaType::of_extension(if path.is_index() { Some("html") } else { path.extension() })
}

/// The bytes of a file, or what `found` says.
fn read(world: &dyn World, file: &File, found: &mut Vec<Diagnostic>) -> Option<Bytes> {
    let read = world.read(&file.path);
    read.map_err(|error| found.push(Diagnostic::error(Arc::clone(&file.path), format!("this file {error}")))).ok()
}

/// The text of a file, or what `found` says.
pub(super) fn read_text(world: &dyn World, file: &File, found: &mut Vec<Diagnostic>) -> Option<Source> {
    let bytes = read(world, file, found)?;
    load::utf8(Arc::clone(&file.path), bytes.into(), found)
}

/// The source with another text, if it is another.
pub(super) fn rebased(source: &Source, text: Cow<'_, str>) -> Source {
    match text {
        Cow::Borrowed(_) => source.clone(),
        Cow::Owned(text) => Source::new(Arc::clone(&source.path), text),
    }
}

/// What a minifier gave, or the text as it was and what it said.
fn or_unchanged(source: &Source, outcome: Result<String, Vec<Diagnostic>>, found: &mut Vec<Diagnostic>) -> String {
    outcome.unwrap_or_else(|diagnostics| {
        found.extend(diagnostics);
        source.text.to_string()
    })
}

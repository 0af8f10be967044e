//! What each route's answer is: Markdown converted, templates rendered, files read, all of it minified and told where the
//! site is mounted. Nothing is coded yet.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet},
    ops::Range,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use rayon::prelude::*;

use super::{Progress, Stage, links::Links};
use crate::{
    diag::{Diagnostic, Severity, Source},
    load::{self, AnchorLinks, File, Page, Section, Site, World},
    plan::{Origin, Plan, Target},
    site::{BasePath, ContentHash, Field, MediaType, SitePath, TrailingSlash},
    transform::{
        base, css, data,
        highlight::{self, Highlighter, Palette},
        html::Minifier,
        links,
        markdown::{self, Dialect, ExternalLinks, HeadingLinks, MarkdownOptions},
        policy::{self, Needs},
        preload::{self, Loads},
        render::{Contents, Renderer},
        script::{self, Goal, Syntax},
    },
};

/// A route's answer before it is coded.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) status: u16,
    pub(super) body: Bytes,
    pub(super) hash: ContentHash,
    pub(super) media: MediaType,
    pub(super) is_page: bool,
    /// What a page or a style sheet runs and loads.
    pub(super) needs: Option<Box<Needs>>,
    /// What a page, a module or a style sheet makes a browser load at once.
    pub(super) loads: Option<Box<Loads>>,
    /// Beyond those every answer has.
    pub(super) fields: Vec<Field>,
}

/// The answers of all routes that could be made, and what is wrong with the others.
#[derive(Debug)]
pub(super) struct Outputs {
    pub(super) routes: BTreeMap<SitePath, Output>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Makes them, in parallel.
pub(super) fn make(world: &dyn World, site: &Site, plan: &Plan, base: &BasePath, progress: &dyn Progress) -> Outputs {
    let options = markdown_options(&site.config.markdown);
    let mut contents = convert(site, &options, progress);
    let converted = contents.pages.iter_mut().chain(&mut contents.sections);
    let mut diagnostics: Vec<Diagnostic> = converted.flat_map(|one| std::mem::take(&mut one.diagnostics)).collect();
    let renderer = match Renderer::new(site, &contents, &options) {
        Ok(ready) => Some(ready),
        Err(found) => {
            diagnostics.extend(found);
            None
        }
    };

    let files = site.files.iter().map(|one| one.path.as_str()).collect();
    let maker = Maker { world, site, base, renderer, minifier: Minifier::default(), files };
    progress.begin(Stage::Render, plan.routes.len());
    let made: Vec<(SitePath, Option<Output>, Vec<Diagnostic>)> = plan
        .routes
        .par_iter()
        .map(|(path, origin)| {
            let mut found = Vec::new();
            let output = maker.make(path, origin, &mut found);
            progress.step();
            (path.clone(), output, found)
        })
        .collect();
    let mut routes = BTreeMap::new();
    for (path, output, found) in made {
        diagnostics.extend(found);
        routes.extend(output.map(|output| (path, output)));
    }
    Outputs { routes, diagnostics }
}

fn convert(site: &Site, options: &MarkdownOptions, progress: &dyn Progress) -> Contents {
    let links = Links::new(site);
    let highlighter = site.config.markdown.highlighting.as_ref().map(|_| Highlighter::new());
    let files = site.pages.len() + site.sections.iter().filter(|section| section.written).count();
    if files > 0 {
        progress.begin(Stage::Markdown, files);
    }
    let convert = |source: &Source, body: &Range<usize>, relative: &str, of: Option<&Section>| {
        let anchors = of.and_then(|section| section.meta.insert_anchor_links);
        let heading_links = anchors.map_or(options.heading_links, heading_links);
        let options = MarkdownOptions { heading_links, ..options.clone() };
        let resolve = |link: &str| links.resolve(link, relative);
        let rendered = markdown::render(source, body.clone(), &options, highlighter.as_ref(), &resolve);
        progress.step();
        rendered
    };
    let page = |page: &Page| {
        convert(&page.source, &page.body, &page.relative, page.ancestors.last().map(|id| site.section(*id)))
    };
    let section = |section: &Section| convert(&section.source, &section.body, &section.relative, Some(section));
    let (pages, sections) =
        rayon::join(|| site.pages.par_iter().map(page).collect(), || site.sections.par_iter().map(section).collect());
    Contents { pages, sections }
}

fn markdown_options(config: &load::Markdown) -> MarkdownOptions {
    MarkdownOptions {
        dialect: Dialect {
            github_alerts: config.github_alerts,
            smart_punctuation: config.smart_punctuation,
            definition_lists: config.definition_list,
        },
        heading_links: heading_links(config.insert_anchor_links),
        external_links: ExternalLinks {
            target_blank: config.external_links_target_blank,
            no_follow: config.external_links_no_follow,
            no_referrer: config.external_links_no_referrer,
        },
        lazy_images: config.lazy_async_image,
    }
}

fn heading_links(config: AnchorLinks) -> HeadingLinks {
    match config {
        AnchorLinks::None => HeadingLinks::None,
        AnchorLinks::Left => HeadingLinks::Left,
        AnchorLinks::Right => HeadingLinks::Right,
        AnchorLinks::Heading => HeadingLinks::Heading,
    }
}

/// What every route of a site is made with.
struct Maker<'a> {
    world: &'a dyn World,
    site: &'a Site,
    base: &'a BasePath,
    /// `None` when templates cannot be read: then nothing that needs one is made.
    renderer: Option<Renderer<'a>>,
    minifier: Minifier,
    /// The paths of all published files, as the author names them.
    files: HashSet<&'a str>,
}

impl Maker<'_> {
    fn make(&self, path: &SitePath, origin: &Origin, found: &mut Vec<Diagnostic>) -> Option<Output> {
        match origin {
            Origin::Page(id) => {
                let page = self.site.page(*id);
                let html = self.rendered(page.template_name(), |renderer| renderer.page(*id), found)?;
                let mut output = self.page(path, &Source::new(self.rendered_name(path), html), found);
                let date = page.meta.updated.as_ref().or(page.date.as_ref());
                output.fields.extend(date.and_then(last_modified));
                Some(output)
            }
            Origin::Section(id) => {
                let template = self.site.section(*id).template_name();
                let html = self.rendered(template, |renderer| renderer.section(*id), found)?;
                Some(self.page(path, &Source::new(self.rendered_name(path), html), found))
            }
            Origin::Template(name) => {
                let text = render_with(self.renderer.as_ref()?, |renderer| renderer.template(name, path), found)?;
                let media = MediaType::of_extension(path.extension());
                Some(self.text(&Source::new(self.rendered_name(path), text), media, path, found)?)
            }
            Origin::File(file) => self.file(path, file, found),
            Origin::Script(file) => {
                let source = self.read_text(file, found)?;
                Some(Output::of_script(self.script(&source, Syntax::TypeScript, path, found)?))
            }
            Origin::Highlighting => {
                let sheet = highlight::stylesheet(&Palette::LIGHT, &Palette::DARK);
                Some(Output::of(sheet.into(), MediaType::CSS))
            }
            Origin::Redirect(target) => {
                let location = match target {
                    Target::Path(path) => self.site.url(path, self.base),
                    Target::Url(url) => url.clone(),
                };
                let mut output = Output::of(Bytes::new(), MediaType::OCTETS);
                output.status = 308;
                output.fields.push(Field::new("location", location));
                Some(output)
            }
        }
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

    fn file(&self, path: &SitePath, file: &File, found: &mut Vec<Diagnostic>) -> Option<Output> {
        let extension = if path.is_index() { Some("html") } else { path.extension() };
        let media = MediaType::of_extension(extension);
        let bytes = self.read(file, found)?;
        if !media.is_compressible() {
            return Some(Output::of(bytes, media));
        }
        match std::str::from_utf8(&bytes) {
            Ok(text) => self.text(&Source::new(Arc::clone(&file.path), text), media, path, found),
            Err(error) if media.as_str().contains("charset=utf-8") => {
                found.push(not_utf8(file, &bytes, error.valid_up_to()));
                None
            }
            Err(_) => Some(Output::of(bytes, media)),
        }
    }

    /// A text made smaller, as its type allows, and told where it is mounted.
    fn text(&self, source: &Source, media: MediaType, path: &SitePath, found: &mut Vec<Diagnostic>) -> Option<Output> {
        let smaller = match media {
            MediaType::HTML => return Some(self.page(path, source, found)),
            MediaType::CSS => {
                let based = rebased(source, base::style_sheet(&source.text, self.base));
                let sheet = or_unchanged(&based, css::minify(&based), found);
                let needs = Some(Box::new(policy::of_style_sheet(&sheet)));
                let loads = Some(Box::new(preload::of_style_sheet(&sheet)));
                return Some(Output { needs, loads, ..Output::of(sheet.into(), media) });
            }
            MediaType::JAVASCRIPT => {
                return Some(Output::of_script(self.script(source, Syntax::JavaScript, path, found)?));
            }
            MediaType::JSON => or_unchanged(source, data::minify_json(source), found),
            MediaType::SVG => data::minify_xml(&base::page(&source.text, &self.links(&|_| None))),
            MediaType::XML => data::minify_xml(&source.text),
            _ if path.extension() == Some("webmanifest") => {
                let based = rebased(source, base::manifest(&source.text, self.base));
                or_unchanged(&based, data::minify_json(&based), found)
            }
            _ => source.text.to_string(),
        };
        Some(Output::of(smaller.into(), media))
    }

    /// A page: told where it is mounted, then minified.
    fn page(&self, path: &SitePath, source: &Source, found: &mut Vec<Diagnostic>) -> Output {
        let has_two_urls = self.site.config.rules.trailing_slash() != TrailingSlash::Always;
        let folder = (has_two_urls && path.is_index() && path.as_str() != "/").then(|| path.to_url(self.base));
        let links = links::Links { folder: folder.as_deref(), ..self.links(&|_| None) };
        let based = rebased(source, base::page(&source.text, &links));
        let minified = self.minifier.minify(&based);
        found.extend(minified.warnings);
        let needs = Some(Box::new(policy::of_page(&minified.html)));
        let loads = Some(Box::new(preload::of_page(&minified.html)));
        Output { is_page: true, needs, loads, ..Output::of(minified.html.into(), MediaType::HTML) }
    }

    /// A script compiled. Whether a `.js` file is a module cannot be told from its name: it is one when it is not a
    /// script, so that what a classic script declares stays global.
    fn script(&self, source: &Source, syntax: Syntax, path: &SitePath, found: &mut Vec<Diagnostic>) -> Option<String> {
        let resolve = |specifier: &str| self.resolve_module(path, specifier);
        let compile =
            |goal| script::compile(source, &script::Options { syntax, goal, links: Some(self.links(&resolve)) });
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
            .find(|extension| self.files.contains(format!("{target}.{extension}").as_str()))
            .map(|extension| format!("{specifier}.{extension}"))
    }

    fn links<'a>(&'a self, resolve: &'a dyn Fn(&str) -> Option<String>) -> links::Links<'a> {
        links::Links { base: self.base, folder: None, resolve }
    }

    fn read(&self, file: &File, found: &mut Vec<Diagnostic>) -> Option<Bytes> {
        self.world
            .read(&file.path)
            .map_err(|error| found.push(Diagnostic::error(Arc::clone(&file.path), format!("this file {error}"))))
            .ok()
    }

    fn read_text(&self, file: &File, found: &mut Vec<Diagnostic>) -> Option<Source> {
        let bytes = self.read(file, found)?;
        match std::str::from_utf8(&bytes) {
            Ok(text) => Some(Source::new(Arc::clone(&file.path), text)),
            Err(error) => {
                found.push(not_utf8(file, &bytes, error.valid_up_to()));
                None
            }
        }
    }
}

fn render_with(
    renderer: &Renderer<'_>,
    render: impl FnOnce(&Renderer<'_>) -> Result<String, Vec<Diagnostic>>,
    found: &mut Vec<Diagnostic>,
) -> Option<String> {
    render(renderer).map_err(|diagnostics| found.extend(diagnostics)).ok()
}

impl Output {
    fn of_script(text: String) -> Self {
        let loads = Some(Box::new(preload::of_module(&text)));
        Self { loads, ..Self::of(text.into(), MediaType::JAVASCRIPT) }
    }

    fn of(body: Bytes, media: MediaType) -> Self {
        Self {
            status: 200,
            hash: ContentHash::of(&body),
            body,
            media,
            is_page: false,
            needs: None,
            loads: None,
            fields: Vec::new(),
        }
    }
}

fn rebased(source: &Source, text: Cow<'_, str>) -> Source {
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

fn not_utf8(file: &File, bytes: &[u8], at: usize) -> Diagnostic {
    let line = bytes[..at].split(|&byte| byte == b'\n').count();
    Diagnostic::error(
        Arc::clone(&file.path),
        format!("is not UTF-8: byte {at}, in line {line}, is 0x{:02x}", bytes[at]),
    )
    .with_help("save the file as UTF-8: that is what browsers are told it is")
}

/// The page's own date, an input of the build (RFC 9110 §8.8.2); a clock would make every build different.
fn last_modified(date: &load::PageDate) -> Option<Field> {
    let seconds = u64::try_from(date.instant.as_second()).ok()?;
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    Some(Field::new("last-modified", httpdate::fmt_http_date(time)))
}

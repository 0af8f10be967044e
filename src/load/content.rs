//! Reads `content/`: every Markdown file becomes a page or a section with its path, every other file an asset of the
//! page or section it lies beside. How they belong together is `tree`'s work.

use std::{
    collections::{BTreeMap, HashSet},
    ops::Range,
};

use globset::GlobSet;
use rayon::prelude::*;

use super::{
    Config, File, Page, PageMeta, PublishedFile, Section, SectionMeta, Spanned,
    date::PageDate,
    files::Reader,
    front_matter::{self, Habits},
    slug::slugify_path,
    value::Value,
};
use crate::{
    diag::{Diagnostic, Source},
    site::SitePath,
};

/// Pages sorted by file, sections sorted by folder with the root first. Drafts, and what lies below a section that is
/// one, are left out.
pub(super) fn read(
    reader: &Reader<'_>,
    root: &str,
    config: &Config,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Vec<Page>, Vec<Section>) {
    let content = format!("{root}/content");
    let files = Files::of(reader, &content, config, diagnostics);

    let read_one = |relative: &String| {
        let mut diagnostics = Vec::new();
        let mut habits = Habits::default();
        let path = format!("{content}/{relative}");
        let document = reader.text(&path, &mut diagnostics).map(|source| {
            if is_section(relative) {
                let (meta, body) = front_matter::read_section(&source, &mut diagnostics, &mut habits);
                Document::Section(source, meta, body)
            } else {
                let (meta, body) = front_matter::read_page(&source, &mut diagnostics, &mut habits);
                Document::Page(source, meta, body)
            }
        });
        (document, diagnostics, habits)
    };
    let documents: Vec<_> = files.markdown.par_iter().map(read_one).collect();

    let mut habits = Habits::default();
    let (mut pages, mut sections) = (Vec::new(), Vec::new());
    let mut drafts: Vec<String> = Vec::new();
    for (relative, (document, found, new_habits)) in files.markdown.iter().zip(documents) {
        diagnostics.extend(found);
        habits.merge(new_habits);
        match document {
            Some(Document::Section(source, meta, body)) => {
                if meta.draft {
                    drafts.push(folder_of(relative).to_owned());
                } else if let Some(section) = section(relative, source, meta, body, config, diagnostics) {
                    sections.push(section);
                }
            }
            Some(Document::Page(source, meta, body)) if !meta.draft => {
                pages.extend(page(relative, source, meta, body, config, diagnostics));
            }
            Some(Document::Page(..)) | None => {}
        }
    }
    diagnostics.extend(habits.into_diagnostics());
    let is_draft = |relative: &str| drafts.iter().any(|folder| folder.is_empty() || below(relative, folder).is_some());
    pages.retain(|page| !is_draft(&page.relative));
    sections.retain(|section| !is_draft(&section.relative));

    if !sections.iter().any(Section::is_root) {
        sections.push(implicit_root(&content, config));
    }
    sections.sort_by(|a, b| folder_of(&a.relative).cmp(folder_of(&b.relative)));
    pages.sort_by(|a, b| a.relative.cmp(&b.relative));
    refuse_two_indexes(&pages, &sections, diagnostics);
    files.give_assets(&content, &mut pages, &mut sections, diagnostics);
    (pages, sections)
}

enum Document {
    Page(Source, PageMeta, Range<usize>),
    Section(Source, SectionMeta, Range<usize>),
}

/// The files of `content/`, by folder.
struct Files {
    /// Relative to `content/`.
    markdown: Vec<String>,
    /// Files that are not Markdown, by the folder they are in.
    others: BTreeMap<String, Vec<File>>,
}

impl Files {
    fn of(reader: &Reader<'_>, content: &str, config: &Config, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut files = Self { markdown: Vec::new(), others: BTreeMap::new() };
        let languages = other_languages(config);
        let mut translations = Vec::new();
        for file in reader.walk(content, diagnostics) {
            let relative = file.path[content.len() + 1..].to_owned();
            if glob_matches(&config.ignored_content, &relative) {
                continue;
            }
            let name = relative.rsplit('/').next().unwrap_or("");
            match name.strip_suffix(".md") {
                Some(stem) if languages.iter().any(|code| stem.ends_with(&format!(".{code}"))) => {
                    translations.push(file.path);
                }
                Some(_) => files.markdown.push(relative),
                None => files.others.entry(folder_of(&relative).to_owned()).or_default().push(file),
            }
        }
        if let [first, rest @ ..] = translations.as_slice() {
            let warning =
                Diagnostic::error(first.clone(), "this translation is left out: only the default language is built")
                    .as_warning();
            diagnostics.push(if rest.is_empty() {
                warning
            } else {
                warning.traced(format!("and {} more files in other languages", rest.len()))
            });
        }
        files
    }

    /// An `index.md` takes everything in and below its folder, a section what lies directly in its own.
    fn give_assets(
        mut self,
        content: &str,
        pages: &mut [Page],
        sections: &mut [Section],
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        for page in pages {
            let Some(folder) = page.colocated.as_deref().map(|folder| folder.trim_end_matches('/')) else { continue };
            let inside =
                self.others.range(folder.to_owned()..).map(|(key, _)| key).filter(|key| below(key, folder).is_some());
            let inside: Vec<_> = inside.take_while(|key| key.starts_with(folder)).cloned().collect();
            let base = content.len() + 1 + folder.len() + 1;
            for file in inside.iter().filter_map(|key| self.others.remove(key)).flatten() {
                page.assets.extend(asset(file, base, &page.path, diagnostics));
            }
        }
        for section in sections {
            let folder = folder_of(&section.relative).to_owned();
            let base = content.len() + 1 + if folder.is_empty() { 0 } else { folder.len() + 1 };
            for file in self.others.remove(&folder).unwrap_or_default() {
                section.assets.extend(asset(file, base, &section.path, diagnostics));
            }
        }
    }
}

fn asset(file: File, base: usize, owner: &SitePath, diagnostics: &mut Vec<Diagnostic>) -> Option<PublishedFile> {
    match SitePath::parse(&format!("{owner}{}", &file.path[base..])) {
        Ok(path) => Some(PublishedFile { file, path }),
        Err(error) => {
            let message = format!("this file's name cannot be part of a URL: {error}");
            diagnostics.push(Diagnostic::error(file.path, message).with_help("rename it, or name it in .buildignore"));
            None
        }
    }
}

fn page(
    relative: &str,
    source: Source,
    meta: PageMeta,
    body: Range<usize>,
    config: &Config,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Page> {
    let folder = folder_of(relative);
    let stem = relative.rsplit('/').next().unwrap_or("").trim_end_matches(".md");
    let colocated = (stem == "index" && !folder.is_empty()).then(|| format!("{folder}/"));
    let (parent, name) = if colocated.is_some() { (folder_of(folder), last_segment(folder)) } else { (folder, stem) };

    let dated = PageDate::of_file_name(name);
    let written_slug = meta.slug.as_ref().map(|slug| slug.value.as_str());
    let name_slug = dated.as_ref().and_then(|(_, slug)| *slug).filter(|_| !config.slugify.paths_keep_dates);
    let slug = slugify_path(written_slug.or(name_slug).unwrap_or(name), config.slugify.paths);
    if slug.is_empty() && meta.path.is_none() {
        let (what, span) = match &meta.slug {
            Some(slug) => ("this slug", Some(slug.span.clone())),
            None => ("this file's name", None),
        };
        let message = format!("nothing of {what} can be part of a path");
        let at = span.map_or_else(
            || Diagnostic::error(source.path.clone(), message.clone()),
            |span| Diagnostic::error_at(&source, span, message.clone()),
        );
        diagnostics.push(at.with_help("give the page a `slug` of letters and digits, or a `path`"));
        return None;
    }

    let path = match &meta.path {
        Some(path) => format!("/{}/", path.value.trim().trim_matches('/')),
        None if parent.is_empty() && stem == "index" && colocated.is_none() => "/".to_owned(),
        None if parent.is_empty() => format!("/{slug}/"),
        None => format!("/{parent}/{slug}/"),
    };
    let path = checked_path(&path.replace("//", "/"), &source, meta.path.as_ref().or(meta.slug.as_ref()), diagnostics)?;
    Some(Page {
        lang: config.default_language.clone(),
        relative: relative.to_owned(),
        date: meta.date.clone().or(dated.map(|(date, _)| date)),
        template: meta.template.clone(),
        ancestors: Vec::new(),
        lower: None,
        higher: None,
        assets: Vec::new(),
        source,
        body,
        meta,
        colocated,
        slug,
        path,
    })
}

fn section(
    relative: &str,
    source: Source,
    meta: SectionMeta,
    body: Range<usize>,
    config: &Config,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Section> {
    let folder = folder_of(relative);
    let path = if folder.is_empty() { "/".to_owned() } else { format!("/{folder}/") };
    let path = checked_path(&path, &source, None, diagnostics)?;
    Some(Section {
        lang: config.default_language.clone(),
        relative: relative.to_owned(),
        ancestors: Vec::new(),
        subsections: Vec::new(),
        pages: Vec::new(),
        assets: Vec::new(),
        written: true,
        source,
        body,
        meta,
        path,
    })
}

fn implicit_root(content: &str, config: &Config) -> Section {
    Section {
        source: Source::new(format!("{content}/_index.md"), ""),
        body: 0..0,
        meta: SectionMeta::default(),
        relative: "_index.md".to_owned(),
        path: SitePath::root(),
        lang: config.default_language.clone(),
        ancestors: Vec::new(),
        subsections: Vec::new(),
        pages: Vec::new(),
        assets: Vec::new(),
        written: false,
    }
}

fn checked_path(
    path: &str,
    source: &Source,
    written: Option<&Spanned<String>>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<SitePath> {
    match SitePath::parse(path) {
        Ok(path) => Some(path),
        Err(error) => {
            let message = format!("`{path}` cannot be a path of the site: {error}");
            diagnostics.push(match written {
                Some(written) => Diagnostic::error_at(source, written.span.clone(), message),
                None => Diagnostic::error(source.path.clone(), message),
            });
            None
        }
    }
}

/// A folder is a section or a page, not both.
fn refuse_two_indexes(pages: &[Page], sections: &[Section], diagnostics: &mut Vec<Diagnostic>) {
    let written = sections.iter().filter(|section| section.written).map(|section| folder_of(&section.relative));
    let folders: HashSet<&str> = written.collect();
    for page in pages.iter().filter(|page| last_segment(&page.relative) == "index.md") {
        if folders.contains(folder_of(&page.relative)) {
            let diagnostic =
                Diagnostic::error(page.source.path.clone(), "this folder has both an `index.md` and an `_index.md`");
            diagnostics.push(
                diagnostic.with_help("`index.md` makes the folder a page, `_index.md` makes it a section: keep one"),
            );
        }
    }
}

/// Codes in `[languages]` that are not the default's.
fn other_languages(config: &Config) -> Vec<String> {
    let Some(Value::Table(languages)) = config.written.get("languages").map(|node| &node.value) else {
        return Vec::new();
    };
    languages.0.iter().map(|(code, _)| code.value.clone()).filter(|code| *code != config.default_language).collect()
}

/// A pattern is for a whole path below the folder, or for a name.
pub(super) fn glob_matches(globs: &GlobSet, relative: &str) -> bool {
    !globs.is_empty() && (globs.is_match(relative) || globs.is_match(last_segment(relative)))
}

fn is_section(relative: &str) -> bool {
    last_segment(relative) == "_index.md"
}

/// Of `a/b.md`, `a`; of `b.md`, nothing.
pub(super) fn folder_of(relative: &str) -> &str {
    relative.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn last_segment(relative: &str) -> &str {
    relative.rsplit('/').next().unwrap_or("")
}

/// What follows when `path` is `folder` or inside it.
fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    path.strip_prefix(folder).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

//! Reads `content/`: every Markdown file becomes a page or a section with its path, every other file an asset of the
//! page or section it lies beside. How they belong together is `tree`'s work.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    ops::Range,
    sync::Arc,
};

use globset::GlobSet;
use rayon::prelude::*;

use super::{
    Config, File, Page, PageMeta, PublishedFile, Section, SectionMeta, Spanned,
    date::PageDate,
    files::Reader,
    front_matter::{self, Habits},
    languages::Language,
    slug::slugify_path,
    translations,
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

    let read_one = |file: &MarkdownFile<'_>| {
        let mut diagnostics = Vec::new();
        let mut habits = Habits::default();
        let path = format!("{content}/{}", file.relative);
        let document = reader.text(&path, &mut diagnostics).map(|source| {
            if file.is_section() {
                let (meta, keys, body) = front_matter::read_section(&source, &mut diagnostics, &mut habits);
                Document::Section(Written { source, meta, keys, body })
            } else {
                let (meta, keys, body) = front_matter::read_page(&source, &mut diagnostics, &mut habits);
                Document::Page(Written { source, meta, keys, body })
            }
        });
        (document, (diagnostics, habits))
    };
    let (mut documents, found): (Vec<_>, Vec<_>) = files.markdown.par_iter().map(read_one).unzip();
    let mut habits = Habits::default();
    for (found, new_habits) in found {
        diagnostics.extend(found);
        habits.merge(new_habits);
    }
    if documents.len() > MANY {
        hold_equal_texts_once(&mut documents);
    }
    translations::inherit(&files.markdown, &mut documents, config);

    let (mut pages, mut sections) = (Vec::new(), Vec::new());
    let mut drafts = Drafts::default();
    for (file, document) in files.markdown.iter().zip(documents) {
        match document {
            Some(Document::Section(written)) if written.meta.draft => drafts.add(file, config),
            Some(Document::Section(written)) => sections.extend(section(file, written, config, diagnostics)),
            Some(Document::Page(written)) if !written.meta.draft => {
                pages.extend(page(file, written, config, diagnostics));
            }
            Some(Document::Page(_)) | None => {}
        }
    }
    diagnostics.extend(habits.into_diagnostics());
    pages.retain(|page| !drafts.contain(&page.relative, &page.lang));
    sections.retain(|section| !drafts.contain(&section.relative, &section.lang));
    translations::fall_back(&mut pages, &mut sections, config);

    for language in config.languages.iter() {
        if !sections.iter().any(|section| section.lang == language.code && section.is_root()) {
            sections.push(implicit_root(&content, language, config));
        }
    }
    let order = |section: &Section| config.languages.position(&section.lang);
    sections.sort_by(|a, b| folder_of(&a.relative).cmp(folder_of(&b.relative)).then(order(a).cmp(&order(b))));
    pages.sort_by(|a, b| a.relative.cmp(&b.relative));
    refuse_two_indexes(&pages, &sections, diagnostics);
    files.give_assets(&content, &mut pages, &mut sections, diagnostics);
    (pages, sections)
}

/// From so many files on, equal texts among them are looked for: versions of a manual have many.
const MANY: usize = 10_000;

fn hold_equal_texts_once(documents: &mut [Option<Document>]) {
    let mut known: HashSet<Arc<str>> = HashSet::with_capacity(documents.len());
    for document in documents.iter_mut().flatten() {
        let (Document::Page(Written { source, .. }) | Document::Section(Written { source, .. })) = document;
        match known.get(&source.text) {
            Some(equal) => source.text = Arc::clone(equal),
            None => drop(known.insert(Arc::clone(&source.text))),
        }
    }
}

/// What a Markdown file says.
pub(super) enum Document {
    Page(Written<PageMeta>),
    Section(Written<SectionMeta>),
}

pub(super) struct Written<Meta> {
    source: Source,
    pub(super) meta: Meta,
    /// The keys its front matter has.
    pub(super) keys: Vec<&'static str>,
    body: Range<usize>,
}

/// A Markdown file, and what its name says.
pub(super) struct MarkdownFile<'a> {
    /// Below `content/`.
    relative: String,
    /// The same without the language: what all its translations share.
    pub(super) canonical: String,
    pub(super) language: &'a Language,
}

impl MarkdownFile<'_> {
    fn is_section(&self) -> bool {
        last_segment(&self.canonical) == "_index.md"
    }
}

/// The folders that are drafts.
#[derive(Default)]
struct Drafts {
    whole: Vec<String>,
    /// In one language that is not the default.
    translated: Vec<(String, String)>,
}

impl Drafts {
    /// A section that is a draft takes with it what lies below it; a translation only what is in its language.
    fn add(&mut self, section: &MarkdownFile<'_>, config: &Config) {
        let folder = folder_of(&section.relative).to_owned();
        if config.languages.is_default(&section.language.code) {
            self.whole.push(folder);
        } else {
            self.translated.push((folder, section.language.code.clone()));
        }
    }

    fn contain(&self, relative: &str, lang: &str) -> bool {
        let is_in = |folder: &str| folder.is_empty() || below(relative, folder).is_some();
        self.whole.iter().any(|folder| is_in(folder))
            || self.translated.iter().any(|(folder, of)| of == lang && is_in(folder))
    }
}

/// The files of `content/`, by folder.
struct Files<'a> {
    markdown: Vec<MarkdownFile<'a>>,
    /// Files that are not Markdown, by the folder they are in.
    others: BTreeMap<String, Vec<File>>,
}

impl<'a> Files<'a> {
    fn of(reader: &Reader<'_>, content: &str, config: &'a Config, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut files = Self { markdown: Vec::new(), others: BTreeMap::new() };
        for file in reader.walk(content, diagnostics) {
            let relative = file.path[content.len() + 1..].to_owned();
            if glob_matches(&config.ignored_content, &relative) {
                continue;
            }
            let name = last_segment(&relative);
            match name.strip_suffix(".md").map(|stem| config.languages.of_file(stem)) {
                None => files.others.entry(folder_of(&relative).to_owned()).or_default().push(file),
                Some(Ok(parsed)) => {
                    let canonical = format!("{}{}.md", &relative[..relative.len() - name.len()], parsed.stem);
                    let language = parsed.language;
                    files.markdown.push(MarkdownFile { relative, canonical, language });
                }
                Some(Err(code)) => diagnostics.push(config.languages.unknown(file.path.to_string(), code)),
            }
        }
        files
    }

    /// An `index.md` takes everything in and below its folder, a section what lies directly in its own. Translations
    /// have the same files, each below its own path.
    fn give_assets(
        mut self,
        content: &str,
        pages: &mut [Page],
        sections: &mut [Section],
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let mut taken = BTreeSet::new();
        for page in pages {
            let Some(folder) = page.colocated.as_deref().map(|folder| folder.trim_end_matches('/')) else { continue };
            let inside = self.others.range(folder.to_owned()..).filter(|(key, _)| below(key, folder).is_some());
            let base = content.len() + 1 + folder.len() + 1;
            for (key, files) in inside.take_while(|(key, _)| key.starts_with(folder)) {
                page.assets.extend(files.iter().filter_map(|file| asset(file, base, &page.path, diagnostics)));
                taken.insert(key.clone());
            }
        }
        self.others.retain(|folder, _| !taken.contains(folder));
        for section in sections {
            let folder = folder_of(&section.relative);
            let base = content.len() + 1 + if folder.is_empty() { 0 } else { folder.len() + 1 };
            let files = self.others.get(folder).into_iter().flatten();
            section.assets.extend(files.filter_map(|file| asset(file, base, &section.path, diagnostics)));
        }
    }
}

fn asset(file: &File, base: usize, owner: &SitePath, diagnostics: &mut Vec<Diagnostic>) -> Option<PublishedFile> {
    match SitePath::parse(&format!("{owner}{}", &file.path[base..])) {
        Ok(path) => Some(PublishedFile { file: file.clone(), path }),
        Err(error) => {
            let message = format!("this file's name cannot be part of a URL: {error}");
            diagnostics
                .push(Diagnostic::error(file.path.clone(), message).with_help("rename it, or name it in .buildignore"));
            None
        }
    }
}

fn page(
    file: &MarkdownFile<'_>,
    Written { source, meta, body, .. }: Written<PageMeta>,
    config: &Config,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Page> {
    let folder = folder_of(&file.relative);
    let stem = last_segment(&file.canonical).trim_end_matches(".md");
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

    let prefix = config.languages.prefix(&file.language.code);
    let path = match &meta.path {
        Some(path) => format!("/{}/", path.value.trim().trim_matches('/')),
        None if parent.is_empty() && stem == "index" && colocated.is_none() => format!("{prefix}/"),
        None if parent.is_empty() => format!("{prefix}/{slug}/"),
        None => format!("{prefix}/{parent}/{slug}/"),
    };
    let path = checked_path(&path.replace("//", "/"), &source, meta.path.as_ref().or(meta.slug.as_ref()), diagnostics)?;
    Some(Page {
        lang: file.language.code.clone(),
        relative: file.relative.clone(),
        canonical: file.canonical.clone(),
        translations: Vec::new(),
        is_fallback: false,
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
    file: &MarkdownFile<'_>,
    Written { source, meta, body, .. }: Written<SectionMeta>,
    config: &Config,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Section> {
    let folder = folder_of(&file.relative);
    let prefix = config.languages.prefix(&file.language.code);
    let path = if folder.is_empty() { format!("{prefix}/") } else { format!("{prefix}/{folder}/") };
    let path = checked_path(&path, &source, None, diagnostics)?;
    Some(Section {
        lang: file.language.code.clone(),
        relative: file.relative.clone(),
        canonical: file.canonical.clone(),
        translations: Vec::new(),
        is_fallback: false,
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

/// A language's home, where no file is there for it.
fn implicit_root(content: &str, language: &Language, config: &Config) -> Section {
    let (relative, path) = if config.languages.is_default(&language.code) {
        ("_index.md".to_owned(), Ok(SitePath::root()))
    } else {
        (format!("_index.{}.md", language.code), SitePath::parse(&format!("/{}/", language.code)))
    };
    Section {
        source: Source::new(format!("{content}/{relative}"), ""),
        body: 0..0,
        meta: SectionMeta::default(),
        relative,
        canonical: "_index.md".to_owned(),
        translations: Vec::new(),
        is_fallback: false,
        // A language tag is letters, digits and hyphens.
        path: path.unwrap_or_else(|_| SitePath::root()),
        lang: language.code.clone(),
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
    for page in pages.iter().filter(|page| last_segment(&page.canonical) == "index.md" && !page.is_fallback) {
        if folders.contains(folder_of(&page.relative)) {
            let diagnostic =
                Diagnostic::error(page.source.path.clone(), "this folder has both an `index.md` and an `_index.md`");
            diagnostics.push(
                diagnostic.with_help("`index.md` makes the folder a page, `_index.md` makes it a section: keep one"),
            );
        }
    }
}

/// A pattern is for a whole path below the folder, or for a name.
pub(super) fn glob_matches(globs: &GlobSet, relative: &str) -> bool {
    !globs.is_empty() && (globs.is_match(relative) || globs.is_match(last_segment(relative)))
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

//! The only reader of site files. [`load`] turns a folder into a [`Site`]: configuration, pages, sections, templates
//! and files, every mistake reported and every path decided. It renders nothing, and opens nothing but through
//! [`World`].

mod again;
mod alternates;
mod assets;
mod by_path;
mod config;
mod content;
mod data;
mod date;
mod feeds;
mod fields;
mod files;
mod front_matter;
mod languages;
mod link_checker;
mod lists;
mod messages;
mod outside;
mod pagination;
mod rules;
mod searched;
mod sitemap;
mod slug;
mod taxonomies;
mod templating;
#[cfg(test)]
mod tests;
mod translations;
mod tree;
mod value;
mod wanted;
mod world;

use std::{collections::BTreeMap, ops::Range, sync::Arc};

pub use again::with_another_body;
pub use alternates::Alternate;
pub use assets::{AssetsConfig, Hooks, SourceMaps};
pub use config::{
    AnchorLinks, Anchors, CodeSheet, Config, DataAttrPosition, HighlightStyle, Highlighting, Markdown, Slugify, Themes,
};
pub use data::DataConfig;
pub use date::PageDate;
pub use feeds::{Feed, FeedList, FeedPages};
pub use files::{File, utf8};
pub use front_matter::{PageMeta, SectionMeta, SortBy};
pub use languages::{Language, Languages, collator, direction};
pub use link_checker::LinkChecker;
pub use lists::{IndexFormat, Lists, Search, TaxonomyConfig};
pub use messages::{MessageFile, message_ids};
pub use outside::{FetchError, Limits, MemoryOutside, Method, Outside, Request};
pub use pagination::{ListId, PaginatePath, Pagination};
pub use rules::{
    CacheRule, Change, ContentAlias, ErrorPage, FieldRule, Lifetime, MoveRule, PageRule, PatternTable, PolicyMode,
    PolicySettings, SiteRules, WrittenPattern, without_alias,
};
pub use searched::{Searched, elasticlunr_language};
pub use sitemap::SitemapEntry;
pub use slug::{Strategy, slugify_path};
pub use taxonomies::{Taxonomy, TaxonomyId, Term, TermId};
pub use templating::Templating;
pub use translations::{Translation, in_language};
pub use value::{Node, Spanned, Table, Value, toml, yaml};
pub use world::{DiskWorld, Entry, EntryKind, MemoryWorld, World, WorldError};

use crate::{
    diag::{Diagnostic, Source, did_you_mean},
    site::{BasePath, SiteName, SitePath, TrailingSlash},
};
use files::Reader;

/// A site as its author wrote it, checked and connected.
#[derive(Clone, Debug)]
pub struct Site {
    pub name: SiteName,
    /// Its folder, relative to the project: `sites/docs`.
    pub root: Arc<str>,
    pub kind: Kind,
    pub config: Config,
    /// Sorted by [`Page::relative`].
    pub pages: Vec<Page>,
    /// Sorted by folder, then by language, so the default language's root is the first. A content site has one root for
    /// each language, a plain folder none.
    pub sections: Vec<Section>,
    /// In the order of the configuration, the default language's first.
    pub taxonomies: Vec<Taxonomy>,
    /// The site's own and its theme's.
    pub templates: Vec<Template>,
    /// Files that are published as they are, at their path: sorted by path. Scripts among them are compiled.
    pub files: Vec<PublishedFile>,
    /// Sass that is published as style sheets, the site's own and its theme's, by the path of the sheet (`/style.css`):
    /// sorted by path.
    pub sass: Vec<PublishedFile>,
    /// Files in `assets/`, which are published only where something asks for them: sorted by path.
    pub assets: Vec<File>,
    /// Which content is a template.
    pub templating: Templating,
    /// Files of `i18n/`, in the order in which a message is looked for.
    pub messages: Vec<MessageFile>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `content/`, `templates/`.
    Content,
    /// A folder with an `index.html`: every file is published.
    Plain,
}

/// An index into [`Site::pages`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageId(pub usize);

/// An index into [`Site::sections`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SectionId(pub usize);

/// A Markdown file that becomes a page.
#[derive(Clone, Debug)]
pub struct Page {
    pub source: Source,
    /// The Markdown after the front matter, in bytes of `source.text`.
    pub body: Range<usize>,
    pub meta: PageMeta,
    /// The file, relative to `content/`: `blog/first.fr.md`.
    pub relative: String,
    /// The same without its language, which its translations share: `blog/first.md`.
    pub canonical: String,
    /// For an `index.md`, its folder: `blog/first/`.
    pub colocated: Option<String>,
    pub slug: String,
    pub path: SitePath,
    /// The code of one of the site's languages.
    pub lang: String,
    /// The page in all languages it is in, in their order, itself among them; nothing in a site of one language.
    pub translations: Vec<PageId>,
    /// Whether the default language's text stands here, for there is none in `lang`.
    pub is_fallback: bool,
    /// From front matter, or from the file's name.
    pub date: Option<PageDate>,
    /// Its own template, or the nearest section's `page_template`. `None` is `page.html`.
    pub template: Option<Spanned<String>>,
    /// The sections it is in, from the root to its own; none for a page in a folder without `_index.md`.
    pub ancestors: Vec<SectionId>,
    /// Its neighbours where its section is sorted: later, lighter, alphabetically before …
    pub lower: Option<PageId>,
    /// … and earlier, heavier, alphabetically after.
    pub higher: Option<PageId>,
    /// Files beside an `index.md`, with the paths they are published at.
    pub assets: Vec<PublishedFile>,
}

/// A folder with an `_index.md`, or the root.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its `_index.md`. Empty for a root that has none.
    pub source: Source,
    /// The Markdown after the front matter, in bytes of `source.text`.
    pub body: Range<usize>,
    pub meta: SectionMeta,
    /// The file, relative to `content/`: `blog/_index.fr.md`.
    pub relative: String,
    /// The same without its language, which its translations share: `blog/_index.md`.
    pub canonical: String,
    pub path: SitePath,
    /// The code of one of the site's languages.
    pub lang: String,
    /// The section in all languages it is in, in their order, itself among them; nothing in a site of one language.
    pub translations: Vec<SectionId>,
    /// Whether the default language's text stands here, for there is none in `lang`.
    pub is_fallback: bool,
    /// The sections above it, from the root.
    pub ancestors: Vec<SectionId>,
    /// Direct ones, by weight, then by path.
    pub subsections: Vec<SectionId>,
    /// Sorted as [`SectionMeta::sort_by`] says; pages that lack what is sorted by are not in it.
    pub pages: Vec<PageId>,
    pub assets: Vec<PublishedFile>,
    /// Whether there is a file for it.
    pub written: bool,
}

/// A file and where it is published. A script's path still ends as its file does (`.ts`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedFile {
    pub file: File,
    pub path: SitePath,
}

#[derive(Clone, Debug)]
pub struct Template {
    /// As other templates call it: its path below `templates/`, and for a theme's `<theme>/templates/<path>`.
    pub name: String,
    pub source: Source,
}

/// What a template's name must end in; other files in `templates/` are none.
const TEMPLATE_EXTENSIONS: [&str; 10] = ["html", "htm", "xml", "md", "txt", "json", "ics", "svg", "css", "js"];

impl Site {
    #[must_use]
    pub fn page(&self, id: PageId) -> &Page {
        &self.pages[id.0]
    }

    #[must_use]
    pub fn section(&self, id: SectionId) -> &Section {
        &self.sections[id.0]
    }

    /// The path of a page or a section, by its file's path below `content/`.
    #[must_use]
    pub fn find(&self, relative: &str) -> Option<&SitePath> {
        let page = self.pages.binary_search_by(|page| page.relative.as_str().cmp(relative));
        if let Ok(at) = page {
            return Some(&self.pages[at].path);
        }
        let folder = content::folder_of(relative);
        let first = self.sections.partition_point(|section| content::folder_of(&section.relative) < folder);
        let mut here =
            self.sections[first..].iter().take_while(|section| content::folder_of(&section.relative) == folder);
        here.find(|section| section.relative == relative).map(|section| &section.path)
    }

    /// The path that `@/relative` leads to from the language `lang`: to that very file, unless links stay in their language.
    #[must_use]
    pub fn linked(&self, relative: &str, lang: &str) -> Option<&SitePath> {
        let stays = self.config.translation.fallback && !self.config.languages.is_default(lang);
        let translated = stays.then(|| in_language(relative, lang));
        translated.and_then(|file| self.find(&file)).or_else(|| self.find(relative))
    }

    /// The URL of a path below `base`, with the slash at its end that the site likes.
    #[must_use]
    pub fn url(&self, path: &SitePath, base: &BasePath) -> String {
        let mut url = path.to_url(base);
        if self.config.rules.trailing_slash() == TrailingSlash::Never && url.len() > base.as_str().len() {
            url.truncate(url.trim_end_matches('/').len());
        }
        url
    }

    /// Whether a template can be asked for by this name, in the site or in its theme.
    #[must_use]
    pub fn has_template(&self, name: &str) -> bool {
        self.templates.iter().any(|template| template.name == name || self.theme_template(&template.name) == Some(name))
    }

    /// The prefix of the names of the theme's templates.
    #[must_use]
    pub fn theme_prefix(&self) -> Option<String> {
        self.config.theme.as_ref().map(|theme| format!("{}/templates/", theme.value))
    }

    fn theme_template<'a>(&self, name: &'a str) -> Option<&'a str> {
        name.strip_prefix(self.theme_prefix()?.as_str())
    }
}

impl Page {
    /// The name of the template that renders it.
    #[must_use]
    pub fn template_name(&self) -> &str {
        self.template.as_ref().map_or("page.html", |template| &template.value)
    }
}

impl Section {
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.canonical == "_index.md"
    }

    /// The name of the template that renders it.
    #[must_use]
    pub fn template_name(&self) -> &str {
        let default = if self.is_root() { "index.html" } else { "section.html" };
        self.meta.template.as_ref().map_or(default, |template| &template.value)
    }

    /// Whether it has a page of its own: rendered, not redirected.
    #[must_use]
    pub fn is_rendered(&self) -> bool {
        self.meta.render && self.meta.redirect_to.is_none()
    }
}

/// Reads the site called `name` in the folder `root` (`sites/docs`). Diagnostics are in source order; the site is
/// there when it can be looked at, which does not mean that there are no errors.
pub fn load(world: &dyn World, name: &SiteName, root: &str) -> (Option<Site>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let site = read(world, name, root.trim_end_matches('/'), &mut diagnostics);
    diagnostics.sort();
    (site, diagnostics)
}

/// Reads a site's configuration and nothing else, and says where it stands and what is wrong with it.
pub fn configure(world: &dyn World, root: &str) -> (Config, Source, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    // What is wrong with `.buildignore` is no concern here.
    let reader = Reader::new(world, root, &mut Vec::new());
    let (config, source) = configuration(&reader, root, &mut diagnostics);
    diagnostics.sort();
    (config, source, diagnostics)
}

fn read(world: &dyn World, name: &SiteName, root: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Site> {
    let top = match world.list(root) {
        Ok(entries) => entries,
        Err(error) => {
            diagnostics.push(Diagnostic::error(root, format!("the site's folder {error}")));
            return None;
        }
    };
    let folder = |name: &str| top.iter().any(|entry| entry.name == name && entry.kind == EntryKind::Folder);
    let kind = if folder("content") || folder("templates") {
        Kind::Content
    } else if top.iter().any(|entry| entry.name == "index.html") {
        Kind::Plain
    } else {
        let diagnostic = Diagnostic::error(root, "this folder is not a site: it has no content to build").with_help(
            "a site has Markdown in `content/` and templates in `templates/`, or it is a folder with an `index.html`",
        );
        diagnostics.push(diagnostic);
        return None;
    };

    let reader = Reader::new(world, root, diagnostics);
    let (mut config, config_source) = configuration(&reader, root, diagnostics);
    let mut site = match kind {
        Kind::Plain => {
            let files = plain_files(&reader, root, diagnostics);
            Site::new(name, root, kind, config, files)
        }
        Kind::Content => {
            theme_defaults(&reader, root, &mut config, &config_source, diagnostics);
            let files = static_files(&reader, root, &config, diagnostics);
            Site::new(name, root, kind, config, files)
        }
    };
    if kind == Kind::Content {
        site.sass = sass(&reader, root, &site.config, diagnostics);
        site.assets = reader.walk(&format!("{root}/assets"), diagnostics);
        site.messages = messages::read(&reader, root, &site.config, diagnostics);
        site.templates = templates(&reader, root, &site.config, diagnostics);
        (site.pages, site.sections) = content::read(&reader, root, &site.config, diagnostics);
        tree::connect(&mut site, diagnostics);
        site.templating = Templating::new(&site.config.skip_content_templating, &site.sections);
        by_path::give_templates(&mut site, diagnostics);
        by_path::check_aliases(&site, diagnostics);
        taxonomies::collect(&mut site, diagnostics);
        feeds::check(&site, diagnostics);
        alternates::check(&site, diagnostics);
        searched::check(&site, diagnostics);
        wanted::require(&mut site, diagnostics);
    }
    Some(site)
}

impl Site {
    fn new(name: &SiteName, root: &str, kind: Kind, config: Config, files: Vec<PublishedFile>) -> Self {
        Self {
            name: name.clone(),
            root: root.into(),
            kind,
            config,
            pages: Vec::new(),
            sections: Vec::new(),
            taxonomies: Vec::new(),
            templates: Vec::new(),
            files,
            sass: Vec::new(),
            assets: Vec::new(),
            templating: Templating::default(),
            messages: Vec::new(),
        }
    }
}

fn configuration(reader: &Reader<'_>, root: &str, diagnostics: &mut Vec<Diagnostic>) -> (Config, Source) {
    let mut found = None;
    for name in config::FILE_NAMES {
        let Some(source) = reader.optional_text(&format!("{root}/{name}"), diagnostics) else { continue };
        if found.is_some() {
            let message =
                format!("this site has both `{}` and `{name}`, and only one can count", config::FILE_NAMES[0]);
            diagnostics.push(Diagnostic::error(source.path, message));
        } else {
            found = Some((config::read(&source, diagnostics), source));
        }
    }
    found.unwrap_or_else(|| {
        let source = Source::new(format!("{root}/{}", config::FILE_NAMES[0]), "");
        (Config::silent(source.clone()), source)
    })
}

/// What `theme.toml` sets in `[extra]` holds where the site's own configuration is silent.
fn theme_defaults(
    reader: &Reader<'_>,
    root: &str,
    config: &mut Config,
    config_source: &Source,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Some(theme) = config.theme.clone() else { return };
    let folder = format!("{root}/themes/{}", theme.value);
    if reader.world.list(&folder).is_err() {
        let message = format!("there is no theme `{}`", theme.value);
        let mut diagnostic = Diagnostic::error_at(config_source, theme.span, message)
            .with_help(format!("a theme is a folder in `{root}/themes/`"));
        if let Ok(entries) = reader.world.list(&format!("{root}/themes"))
            && let Some(meant) = did_you_mean(&theme.value, entries.iter().map(|entry| entry.name.as_str()))
        {
            diagnostic = diagnostic.with_help(format!("did you mean `{meant}`?"));
        }
        diagnostics.push(diagnostic);
        return;
    }
    if let Some(source) = reader.optional_text(&format!("{folder}/theme.toml"), diagnostics) {
        let mut table = value::parse_toml(&source, 0..source.text.len(), diagnostics);
        let at = table.0.iter().position(|(key, _)| key.value == "extra");
        if let Some(Value::Table(extra)) = at.map(|at| table.0.swap_remove(at).1.value) {
            config.extra.inherit(extra);
        }
    }
}

/// The theme's `static/` below the site's.
fn static_files(
    reader: &Reader<'_>,
    root: &str,
    config: &Config,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<PublishedFile> {
    let mut folders = vec![format!("{root}/static")];
    folders.extend(config.theme.iter().map(|theme| format!("{root}/themes/{}/static", theme.value)));
    let mut published = BTreeMap::new();
    for folder in folders {
        for file in reader.walk(&folder, diagnostics) {
            let relative = &file.path[folder.len() + 1..];
            if content::glob_matches(&config.ignored_static, relative) {
                continue;
            }
            if let Some(path) = site_path(&file.path, relative, diagnostics) {
                published.entry(path.clone()).or_insert(PublishedFile { file, path });
            }
        }
    }
    published.into_values().collect()
}

/// What Zola compiles of `sass/`: all but what other files take in, which begins with `_`. The theme's is below the site's.
fn sass(reader: &Reader<'_>, root: &str, config: &Config, diagnostics: &mut Vec<Diagnostic>) -> Vec<PublishedFile> {
    if !config.compile_sass {
        return Vec::new();
    }
    let mut folders = vec![format!("{root}/sass")];
    folders.extend(config.theme.iter().map(|theme| format!("{root}/themes/{}/sass", theme.value)));
    let mut published = BTreeMap::new();
    for folder in folders {
        for file in reader.walk(&folder, diagnostics) {
            let relative = &file.path[folder.len() + 1..];
            let sheet = relative.strip_suffix(".scss").or_else(|| relative.strip_suffix(".sass"));
            let Some(sheet) = sheet.filter(|sheet| !sheet.split('/').any(|segment| segment.starts_with('_'))) else {
                continue;
            };
            if let Some(path) = site_path(&file.path, &format!("{sheet}.css"), diagnostics) {
                published.entry(path.clone()).or_insert(PublishedFile { file, path });
            }
        }
    }
    published.into_values().collect()
}

/// Everything in a plain folder but what tools keep beside it.
fn plain_files(reader: &Reader<'_>, root: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<PublishedFile> {
    let mut published = Vec::new();
    for file in reader.walk(root, diagnostics) {
        let relative = &file.path[root.len() + 1..];
        if config::FILE_NAMES.contains(&relative) || is_for_tools(relative) {
            continue;
        }
        if let Some(path) = site_path(&file.path, relative, diagnostics) {
            published.push(PublishedFile { file, path });
        }
    }
    published
}

/// Whether a file says how to build, and is no part of what is built.
fn is_for_tools(relative: &str) -> bool {
    let name = relative.rsplit('/').next().unwrap_or(relative);
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let is_script = matches!(extension, "js" | "cjs" | "mjs" | "ts" | "cts" | "mts" | "json");
    let is_tsconfig = extension == "json" && (stem == "tsconfig" || stem.starts_with("tsconfig."));
    LOCK_FILES.contains(&name) || is_tsconfig || (is_script && TOOL_CONFIGS.contains(&stem))
}

const LOCK_FILES: [&str; 9] = [
    "package.json",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "bun.lock",
    "bun.lockb",
    "deno.lock",
];

/// Names of configuration files without their extension.
const TOOL_CONFIGS: [&str; 8] = [
    "vite.config",
    "vitest.config",
    "postcss.config",
    "tailwind.config",
    "eslint.config",
    "prettier.config",
    "jsconfig",
    "deno",
];

fn templates(reader: &Reader<'_>, root: &str, config: &Config, diagnostics: &mut Vec<Diagnostic>) -> Vec<Template> {
    let mut folders = vec![(format!("{root}/templates"), String::new())];
    folders.extend(
        config
            .theme
            .iter()
            .map(|theme| (format!("{root}/themes/{}/templates", theme.value), format!("{}/templates/", theme.value))),
    );
    let mut templates = Vec::new();
    for (folder, prefix) in folders {
        for file in reader.walk(&folder, diagnostics) {
            let relative = &file.path[folder.len() + 1..];
            let extension = relative.rsplit_once('.').map_or("", |(_, extension)| extension);
            if !TEMPLATE_EXTENSIONS.contains(&extension) {
                continue;
            }
            let name = format!("{prefix}{relative}");
            if let Some(source) = reader.text(&file.path, diagnostics) {
                templates.push(Template { name, source });
            }
        }
    }
    templates
}

/// The path of a file that is published where it lies.
fn site_path(file: &str, relative: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<SitePath> {
    match SitePath::parse(&format!("/{relative}")) {
        Ok(path) => Some(path),
        Err(error) => {
            let diagnostic = Diagnostic::error(file, format!("this file's name cannot be part of a URL: {error}"));
            diagnostics.push(diagnostic.with_help("rename it, or name it in .buildignore"));
            None
        }
    }
}

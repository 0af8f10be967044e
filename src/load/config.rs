//! A site's configuration: `config.toml` with Zola's keys and one table of ours, `[sitekit]`. Everything is optional.
//! Keys that a part of the compiler does not use are still known, so that no key of Zola's is called a mistake.

use globset::{Glob, GlobSet, GlobSetBuilder};

use super::{
    assets::{self, AssetsConfig, Hooks},
    data::{self, DataConfig},
    fields::Fields,
    languages::{self, Languages},
    link_checker::{self, LinkChecker},
    lists::{Lists, Search},
    rules::{self, SiteRules},
    slug::Strategy,
    translations::{self, Translation},
    value::{self, Spanned, Table, Value},
};
use crate::{
    diag::{Diagnostic, Source},
    site::{Mode, SitePath},
};

/// The file's names: Zola's old and new one.
pub(super) const FILE_NAMES: [&str; 2] = ["config.toml", "zola.toml"];

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own in the file")]
pub struct Config {
    /// The file it stands in.
    pub source: Source,
    pub mode: Mode,
    pub rules: SiteRules,
    pub assets: AssetsConfig,
    pub data: DataConfig,
    pub hooks: Hooks,
    /// Scheme, host and path the site is published at, without the final slash.
    pub base_url: Option<String>,
    pub languages: Languages,
    pub translation: Translation,
    pub theme: Option<Spanned<String>>,
    pub generate_sitemap: bool,
    pub generate_robots_txt: bool,
    /// Whether a sitemap leaves out all pagers but the first.
    pub exclude_pagers: bool,
    /// Of pages that name none.
    pub author: Option<String>,
    /// A folder that the paths of all taxonomies are in.
    pub taxonomy_root: Option<String>,
    /// How many pages a feed has at most.
    pub feed_limit: Option<usize>,
    /// Whether the files of `sass/` are published as style sheets.
    pub compile_sass: bool,
    pub slugify: Slugify,
    pub markdown: Markdown,
    pub link_checker: LinkChecker,
    pub ignored_content: GlobSet,
    pub ignored_static: GlobSet,
    /// Content that is no template, by its path below `content/`.
    pub skip_content_templating: GlobSet,
    pub extra: Table,
    /// The whole file as it was written, for templates.
    pub written: Table,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Slugify {
    pub paths: Strategy,
    pub taxonomies: Strategy,
    pub anchors: Anchors,
    /// Whether `2024-01-02-title.md` keeps its date in its path.
    pub paths_keep_dates: bool,
}

/// How headings get their ids. The first two are Zola's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Anchors {
    /// ASCII words joined by `-`.
    #[default]
    On,
    /// As they are, with `_` for white space.
    Off,
    /// As GitHub makes them.
    Github,
}

/// How Markdown is rendered. The names are Zola's.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own in the file")]
pub struct Markdown {
    pub smart_punctuation: bool,
    pub definition_list: bool,
    pub bottom_footnotes: bool,
    pub github_alerts: bool,
    pub render_emoji: bool,
    pub lazy_async_image: bool,
    pub external_links_class: Option<String>,
    pub external_links_target_blank: bool,
    pub external_links_no_follow: bool,
    pub external_links_no_referrer: bool,
    pub external_links_external: bool,
    pub insert_anchor_links: AnchorLinks,
    /// `None` is no highlighting.
    pub highlighting: Option<Highlighting>,
}

/// Where a heading's link to itself goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnchorLinks {
    #[default]
    None,
    Left,
    Right,
    /// The whole heading is the link.
    Heading,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Highlighting {
    pub themes: Themes,
    /// `None` is inline where a theme is named, and classes where none is.
    pub style: Option<HighlightStyle>,
    pub error_on_missing_language: bool,
    pub data_attr_position: DataAttrPosition,
    /// Themes of VS Code, relative to the site's folder.
    pub extra_themes: Vec<Spanned<String>>,
    pub extra_grammars: Vec<Spanned<String>>,
}

/// A style sheet of highlighted code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeSheet {
    /// That of our own short classes.
    Roles,
    /// Those of a theme, by the names Zola has for them.
    One,
    Light,
    Dark,
}

impl Highlighting {
    /// The style sheets that the build writes for it, and where they are.
    #[must_use]
    pub fn sheets(&self) -> &'static [(&'static str, CodeSheet)] {
        match (&self.themes, self.style) {
            (Themes::Default, None | Some(HighlightStyle::Class)) => &[("/syntax.css", CodeSheet::Roles)],
            (Themes::One(_), Some(HighlightStyle::Class)) => &[("/giallo.css", CodeSheet::One)],
            (Themes::LightDark(..), Some(HighlightStyle::Class)) => {
                &[("/giallo-light.css", CodeSheet::Light), ("/giallo-dark.css", CodeSheet::Dark)]
            }
            // The colours are in the pages.
            (_, None | Some(HighlightStyle::Inline)) => &[],
        }
    }
}

/// Which elements of a code block get its data attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DataAttrPosition {
    #[default]
    Code,
    Pre,
    Both,
    None,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Themes {
    /// No name was given: the highlighter's own pair.
    Default,
    One(Spanned<String>),
    LightDark(Spanned<String>, Spanned<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HighlightStyle {
    Inline,
    Class,
}

pub(super) const ANCHOR_LINKS: &[(&str, AnchorLinks)] = &[
    ("none", AnchorLinks::None),
    ("left", AnchorLinks::Left),
    ("right", AnchorLinks::Right),
    ("heading", AnchorLinks::Heading),
];

const STRATEGIES: &[(&str, Strategy)] = &[("on", Strategy::On), ("safe", Strategy::Safe), ("off", Strategy::Off)];

const ANCHORS: &[(&str, Anchors)] =
    &[("on", Anchors::On), ("safe", Anchors::Off), ("off", Anchors::Off), ("github", Anchors::Github)];

const POSITIONS: &[(&str, DataAttrPosition)] = &[
    ("code", DataAttrPosition::Code),
    ("pre", DataAttrPosition::Pre),
    ("both", DataAttrPosition::Both),
    ("none", DataAttrPosition::None),
];

impl Default for Config {
    fn default() -> Self {
        Self {
            source: Source::new("", ""),
            mode: Mode::default(),
            rules: SiteRules::default(),
            assets: AssetsConfig::default(),
            data: DataConfig::default(),
            hooks: Hooks::default(),
            base_url: None,
            languages: Languages::default(),
            translation: Translation::default(),
            theme: None,
            generate_sitemap: true,
            generate_robots_txt: true,
            exclude_pagers: false,
            author: None,
            taxonomy_root: None,
            feed_limit: None,
            compile_sass: false,
            slugify: Slugify::default(),
            markdown: Markdown::default(),
            link_checker: LinkChecker::default(),
            ignored_content: GlobSet::empty(),
            ignored_static: GlobSet::empty(),
            skip_content_templating: GlobSet::empty(),
            extra: Table::default(),
            written: Table::default(),
        }
    }
}

impl Default for Markdown {
    fn default() -> Self {
        Self {
            smart_punctuation: false,
            definition_list: false,
            bottom_footnotes: false,
            github_alerts: false,
            render_emoji: false,
            lazy_async_image: false,
            external_links_class: None,
            external_links_target_blank: false,
            external_links_no_follow: false,
            external_links_no_referrer: false,
            external_links_external: true,
            insert_anchor_links: AnchorLinks::None,
            highlighting: None,
        }
    }
}

impl Config {
    /// That of a site which has no such file.
    pub(super) fn silent(source: Source) -> Self {
        Self { source, ..Self::default() }
    }

    /// How pages are listed, by language, the default one first.
    pub fn lists(&self) -> impl Iterator<Item = (&str, &Lists)> {
        self.languages.iter().map(|language| (language.code.as_str(), &language.lists))
    }

    /// How the pages of a language are listed; one that is not configured is listed as the default.
    #[must_use]
    pub fn lists_of(&self, lang: &str) -> &Lists {
        &self.languages.get(lang).unwrap_or_else(|| self.languages.default_language()).lists
    }

    /// What the search index of a language holds, where it has one.
    #[must_use]
    pub fn search_of(&self, lang: &str) -> Search {
        let own = self.lists_of(lang).search.as_ref();
        own.or(self.languages.default_language().lists.search.as_ref()).cloned().unwrap_or_default()
    }

    /// The first segment of the paths of a language: nothing for the default one.
    #[must_use]
    pub fn language_prefix<'a>(&self, lang: &'a str) -> &'a str {
        if self.languages.is_default(lang) { "" } else { lang }
    }
}

/// Reads a configuration. What is wrong is a diagnostic, and the default stands in for it.
pub(super) fn read(source: &Source, diagnostics: &mut Vec<Diagnostic>) -> Config {
    let mut written = value::parse_toml(source, 0..source.text.len(), diagnostics);
    languages::lift_default(&mut written, source, diagnostics);
    let mut fields = Fields::new(source, written.clone(), diagnostics);
    let default = Config::default();
    let ((mode, mut rules), assets, data, translation) = fields
        .within_ours("sitekit", |fields| {
            let rules = rules::read(fields);
            let assets = fields.within_ours("assets", assets::read).unwrap_or_default();
            let data = fields.within_ours("data", data::read).unwrap_or_default();
            (rules, assets, data, fields.within_ours("languages", translations::read).unwrap_or_default())
        })
        .unwrap_or_default();
    // What says a place in the file says it of a site without a table of ours, too.
    rules.source = source.clone();
    let hooks = fields.within_ours("hooks", assets::read_hooks).unwrap_or_default();
    let slugify = fields.within("slugify", slugify).unwrap_or_default();
    let config = Config {
        source: source.clone(),
        mode,
        rules,
        assets,
        data,
        hooks,
        base_url: base_url(&mut fields),
        languages: languages::read(&mut fields, &written, slugify.taxonomies),
        translation,
        theme: fields.string("theme").filter(|theme| !theme.value.is_empty()),
        generate_sitemap: fields.bool("generate_sitemap").unwrap_or(default.generate_sitemap),
        generate_robots_txt: fields.bool("generate_robots_txt").unwrap_or(default.generate_robots_txt),
        exclude_pagers: fields
            .word("exclude_paginated_pages_in_sitemap", &[("none", false), ("all", true)])
            .unwrap_or_default(),
        author: text(&mut fields, "author"),
        taxonomy_root: taxonomy_root(&mut fields),
        feed_limit: fields.count("feed_limit"),
        compile_sass: fields.bool("compile_sass").unwrap_or(false),
        slugify,
        markdown: fields.within("markdown", markdown).unwrap_or_default(),
        link_checker: fields.within("link_checker", link_checker::read).unwrap_or_default(),
        ignored_content: globs(&mut fields, "ignored_content"),
        ignored_static: globs(&mut fields, "ignored_static"),
        skip_content_templating: skip_content_templating(&mut fields),
        extra: fields.table("extra").unwrap_or_default(),
        written,
    };
    known_elsewhere(&mut fields);
    fields.report_unknown();
    config
}

/// `/`, an empty string and absence all say that the site does not know where it will be published.
fn base_url(fields: &mut Fields<'_>) -> Option<String> {
    let url = fields.string("base_url")?;
    let text = url.value.trim_end_matches('/');
    if text.is_empty() {
        return None;
    }
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if host.is_none_or(|host| host.is_empty() || host.starts_with('/')) {
        let diagnostic = Diagnostic::error_at(fields.source(), url.span, format!("`base_url` is not a URL: `{text}`"))
            .with_help("it begins with `https://` and a host, as in `https://example.com`");
        fields.push(diagnostic);
        return None;
    }
    Some(text.to_owned())
}

fn taxonomy_root(fields: &mut Fields<'_>) -> Option<String> {
    let root = fields.string("taxonomy_root")?;
    let bare = root.value.trim_matches('/');
    if let Err(error) = SitePath::parse(&format!("/{bare}")) {
        fields.error(root.span, format!("`{}` cannot be a path of the site: {error}", root.value));
        return None;
    }
    (!bare.is_empty()).then(|| bare.to_owned())
}

fn slugify(fields: &mut Fields<'_>) -> Slugify {
    Slugify {
        paths: fields.word("paths", STRATEGIES).unwrap_or_default(),
        taxonomies: fields.word("taxonomies", STRATEGIES).unwrap_or_default(),
        anchors: fields.word("anchors", ANCHORS).unwrap_or_default(),
        paths_keep_dates: fields.bool("paths_keep_dates").unwrap_or(false),
    }
}

fn markdown(fields: &mut Fields<'_>) -> Markdown {
    let default = Markdown::default();
    let markdown = Markdown {
        smart_punctuation: fields.bool("smart_punctuation").unwrap_or(default.smart_punctuation),
        definition_list: fields.bool("definition_list").unwrap_or(default.definition_list),
        bottom_footnotes: fields.bool("bottom_footnotes").unwrap_or(default.bottom_footnotes),
        github_alerts: fields.bool("github_alerts").unwrap_or(default.github_alerts),
        render_emoji: fields.bool("render_emoji").unwrap_or(default.render_emoji),
        lazy_async_image: fields.bool("lazy_async_image").unwrap_or(default.lazy_async_image),
        external_links_class: external_links_class(fields),
        external_links_target_blank: fields.bool("external_links_target_blank").unwrap_or(false),
        external_links_no_follow: fields.bool("external_links_no_follow").unwrap_or(false),
        external_links_no_referrer: fields.bool("external_links_no_referrer").unwrap_or(false),
        external_links_external: fields.bool("external_links_external").unwrap_or(default.external_links_external),
        insert_anchor_links: fields.word("insert_anchor_links", ANCHOR_LINKS).unwrap_or_default(),
        highlighting: fields.within("highlighting", highlighting),
    };
    // Up to Zola 0.21 highlighting was switched on here.
    fields.knows(&["highlight_code", "highlight_theme", "extra_syntaxes_and_themes", "highlight_themes_css"]);
    markdown
}

/// What is written into an attribute, and means something in CSS.
fn external_links_class(fields: &mut Fields<'_>) -> Option<String> {
    let class = fields.name("external_links_class")?;
    if class.value.contains(['"', '\'', '<', '>']) {
        fields.error(class.span, "a class has no quotes and no angle brackets");
        return None;
    }
    Some(class.value)
}

fn highlighting(fields: &mut Fields<'_>) -> Highlighting {
    let (one, light, dark) = (fields.name("theme"), fields.name("light_theme"), fields.name("dark_theme"));
    let themes = match (one, light, dark) {
        (Some(one), None, None) => Themes::One(one),
        (None, Some(light), Some(dark)) => Themes::LightDark(light, dark),
        (None, None, None) => Themes::Default,
        (one, light, dark) => {
            let Some(span) = one.or(light).or(dark).map(|theme| theme.span) else { unreachable!("one of them is set") };
            fields.error(span, "highlighting takes either `theme`, or both `light_theme` and `dark_theme`");
            Themes::Default
        }
    };
    Highlighting {
        themes,
        style: fields.word("style", &[("inline", HighlightStyle::Inline), ("class", HighlightStyle::Class)]),
        error_on_missing_language: fields.bool("error_on_missing_language").unwrap_or(false),
        data_attr_position: fields.word("data_attr_position", POSITIONS).unwrap_or_default(),
        extra_themes: fields.strings("extra_themes").unwrap_or_default(),
        extra_grammars: fields.strings("extra_grammars").unwrap_or_default(),
    }
}

/// Keys of Zola's that other parts read from [`Config::written`], or that have no meaning here.
fn known_elsewhere(fields: &mut Fields<'_>) {
    fields.knows(&["hard_link_static", "minify_html", "output_dir", "preserve_dotfiles_in_output"]);
}

fn text(fields: &mut Fields<'_>, key: &'static str) -> Option<String> {
    fields.string(key).map(|text| text.value)
}

fn globs(fields: &mut Fields<'_>, key: &'static str) -> GlobSet {
    let patterns = fields.strings(key).unwrap_or_default();
    glob_set(fields, patterns)
}

/// Patterns as Zola has them, or `true` for all content.
fn skip_content_templating(fields: &mut Fields<'_>) -> GlobSet {
    const KEY: &str = "skip_content_templating";
    let Some(node) = fields.node(KEY) else { return GlobSet::empty() };
    let patterns = match node.value {
        Value::Bool(false) => Vec::new(),
        Value::Bool(true) => vec![Spanned { value: "**".to_owned(), span: node.span }],
        Value::Array(items) => fields.string_items(KEY, items),
        other => fields.mismatch(KEY, "`true` or a list of patterns", &other, node.span).unwrap_or_default(),
    };
    glob_set(fields, patterns)
}

fn glob_set(fields: &mut Fields<'_>, patterns: Vec<Spanned<String>>) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    let mut spans = Vec::new();
    for pattern in patterns {
        match Glob::new(&pattern.value) {
            Ok(glob) => {
                set.add(glob);
                spans.push(pattern.span);
            }
            Err(error) => fields.error(pattern.span, format!("not a glob pattern: {}", error.kind())),
        }
    }
    match set.build() {
        Ok(set) => set,
        Err(error) => {
            fields.error(spans.first().cloned().unwrap_or(0..0), format!("these patterns are too large: {error}"));
            GlobSet::empty()
        }
    }
}

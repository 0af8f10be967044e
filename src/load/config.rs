//! A site's configuration: `config.toml` with Zola's keys and one table of ours, `[sitekit]`. Everything is optional.
//! Keys that a part of the compiler does not use are still known, so that no key of Zola's is called a mistake.

use globset::{Glob, GlobSet, GlobSetBuilder};

use super::{
    assets::{self, AssetsConfig, Hooks},
    fields::Fields,
    rules::{self, SiteRules},
    slug::Strategy,
    value::{self, Spanned, Table},
};
use crate::{
    diag::{Diagnostic, Source},
    site::Mode,
};

/// The file's names: Zola's old and new one.
pub(super) const FILE_NAMES: [&str; 2] = ["config.toml", "zola.toml"];

#[derive(Clone, Debug)]
pub struct Config {
    pub mode: Mode,
    pub rules: SiteRules,
    pub assets: AssetsConfig,
    pub hooks: Hooks,
    /// Scheme, host and path the site is published at, without the final slash.
    pub base_url: Option<String>,
    pub title: Option<String>,
    pub description: Option<String>,
    pub default_language: String,
    pub theme: Option<Spanned<String>>,
    pub generate_sitemap: bool,
    pub generate_robots_txt: bool,
    /// Whether the files of `sass/` are published as style sheets.
    pub compile_sass: bool,
    pub slugify: Slugify,
    pub markdown: Markdown,
    pub ignored_content: GlobSet,
    pub ignored_static: GlobSet,
    pub extra: Table,
    /// The whole file as it was written, for templates.
    pub written: Table,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Slugify {
    pub paths: Strategy,
    pub taxonomies: Strategy,
    pub anchors: Strategy,
    /// Whether `2024-01-02-title.md` keeps its date in its path.
    pub paths_keep_dates: bool,
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
    pub style: HighlightStyle,
    pub error_on_missing_language: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Themes {
    /// No name was given: the highlighter's own pair.
    Default,
    One(Spanned<String>),
    LightDark(Spanned<String>, Spanned<String>),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HighlightStyle {
    #[default]
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

impl Default for Config {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            rules: SiteRules::default(),
            assets: AssetsConfig::default(),
            hooks: Hooks::default(),
            base_url: None,
            title: None,
            description: None,
            default_language: "en".to_owned(),
            theme: None,
            generate_sitemap: true,
            generate_robots_txt: true,
            compile_sass: false,
            slugify: Slugify::default(),
            markdown: Markdown::default(),
            ignored_content: GlobSet::empty(),
            ignored_static: GlobSet::empty(),
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

/// Reads a configuration. What is wrong is a diagnostic, and the default stands in for it.
pub(super) fn read(source: &Source, diagnostics: &mut Vec<Diagnostic>) -> Config {
    let written = value::parse_toml(source, 0..source.text.len(), diagnostics);
    let mut fields = Fields::new(source, written.clone(), diagnostics);
    let default = Config::default();
    let ((mode, rules), assets) = fields
        .within_ours("sitekit", |fields| {
            (rules::read(fields), fields.within_ours("assets", assets::read).unwrap_or_default())
        })
        .unwrap_or_default();
    let hooks = fields.within_ours("hooks", assets::read_hooks).unwrap_or_default();
    let config = Config {
        mode,
        rules,
        assets,
        hooks,
        base_url: base_url(&mut fields),
        title: text(&mut fields, "title"),
        description: text(&mut fields, "description"),
        default_language: text(&mut fields, "default_language").unwrap_or(default.default_language),
        theme: fields.string("theme").filter(|theme| !theme.value.is_empty()),
        generate_sitemap: fields.bool("generate_sitemap").unwrap_or(default.generate_sitemap),
        generate_robots_txt: fields.bool("generate_robots_txt").unwrap_or(default.generate_robots_txt),
        compile_sass: fields.bool("compile_sass").unwrap_or(false),
        slugify: fields.within("slugify", slugify).unwrap_or_default(),
        markdown: fields.within("markdown", markdown).unwrap_or_default(),
        ignored_content: globs(&mut fields, "ignored_content"),
        ignored_static: globs(&mut fields, "ignored_static"),
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

fn slugify(fields: &mut Fields<'_>) -> Slugify {
    Slugify {
        paths: fields.word("paths", STRATEGIES).unwrap_or_default(),
        taxonomies: fields.word("taxonomies", STRATEGIES).unwrap_or_default(),
        anchors: fields.word("anchors", STRATEGIES).unwrap_or_default(),
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
        external_links_class: text(fields, "external_links_class"),
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
    let highlighting = Highlighting {
        themes,
        style: fields
            .word("style", &[("inline", HighlightStyle::Inline), ("class", HighlightStyle::Class)])
            .unwrap_or_default(),
        error_on_missing_language: fields.bool("error_on_missing_language").unwrap_or(false),
    };
    fields.knows(&["extra_grammars", "extra_themes", "data_attr_position"]);
    highlighting
}

/// Keys of Zola's that other parts read from [`Config::written`], or that have no meaning here.
fn known_elsewhere(fields: &mut Fields<'_>) {
    fields.knows(&[
        "author",
        "build_search_index",
        "exclude_paginated_pages_in_sitemap",
        "feed_filenames",
        "feed_limit",
        "generate_feeds",
        "hard_link_static",
        "languages",
        "minify_html",
        "output_dir",
        "preserve_dotfiles_in_output",
        "skip_content_templating",
        "taxonomies",
        "taxonomy_root",
        "translations",
    ]);
    fields.within("link_checker", |fields| {
        fields.knows(&["skip_prefixes", "skip_anchor_prefixes", "internal_level", "external_level"]);
    });
    fields.within("search", |fields| {
        fields.knows(&[
            "include_title",
            "include_description",
            "include_date",
            "include_path",
            "include_content",
            "truncate_content_length",
            "index_format",
        ]);
    });
}

fn text(fields: &mut Fields<'_>, key: &'static str) -> Option<String> {
    fields.string(key).map(|text| text.value)
}

fn globs(fields: &mut Fields<'_>, key: &'static str) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    let mut spans = Vec::new();
    for pattern in fields.strings(key).unwrap_or_default() {
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

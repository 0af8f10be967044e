//! What the configuration says of lists: taxonomies, feeds and search indexes. The keys stand at the top of the file for the
//! default language and in `[languages.<code>]` for another, so one piece of code reads them for all.

use std::{num::NonZeroUsize, ops::Range};

use super::{
    fields::Fields,
    pagination::PaginatePath,
    slug::{Strategy, slugify_path},
    value::Spanned,
};
use crate::{diag::Diagnostic, site::SitePath};

/// How the pages of one language are listed.
#[derive(Clone, Debug)]
pub struct Lists {
    pub taxonomies: Vec<TaxonomyConfig>,
    /// The place that asks for a feed of all pages.
    pub generate_feeds: Option<Range<usize>>,
    /// What feeds are called: of the language, of its sections and of its terms.
    pub feed_filenames: Vec<Spanned<String>>,
    /// The place that asks for a search index.
    pub build_search_index: Option<Range<usize>>,
    /// `None` is as the default language has it.
    pub search: Option<Search>,
}

/// A way to group pages.
#[derive(Clone, Debug)]
pub struct TaxonomyConfig {
    pub name: Spanned<String>,
    /// Its part of a path.
    pub slug: String,
    /// The language it is for, where that is not the one its table stands in.
    pub lang: Option<Spanned<String>>,
    /// `None` is no pagination.
    pub paginate_by: Option<NonZeroUsize>,
    pub paginate_path: PaginatePath,
    /// Whether each of its terms has feeds.
    pub feed: bool,
    pub render: bool,
}

/// What a search index holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own in the file")]
pub struct Search {
    pub title: bool,
    pub description: bool,
    pub date: bool,
    pub path: bool,
    pub content: bool,
    /// In characters.
    pub truncate_content: Option<usize>,
    pub format: IndexFormat,
}

/// The library that reads an index, and how it is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IndexFormat {
    #[default]
    ElasticlunrJavascript,
    ElasticlunrJson,
    FuseJavascript,
    FuseJson,
}

const FORMATS: &[(&str, IndexFormat)] = &[
    ("elasticlunr_javascript", IndexFormat::ElasticlunrJavascript),
    ("elasticlunr_json", IndexFormat::ElasticlunrJson),
    ("fuse_javascript", IndexFormat::FuseJavascript),
    ("fuse_json", IndexFormat::FuseJson),
];

impl Default for Lists {
    fn default() -> Self {
        Self {
            taxonomies: Vec::new(),
            generate_feeds: None,
            feed_filenames: vec![Spanned { value: "atom.xml".to_owned(), span: 0..0 }],
            build_search_index: None,
            search: None,
        }
    }
}

impl Default for Search {
    fn default() -> Self {
        Self {
            title: true,
            description: false,
            date: false,
            path: false,
            content: true,
            truncate_content: None,
            format: IndexFormat::default(),
        }
    }
}

impl IndexFormat {
    /// As the configuration writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        FORMATS.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }

    /// Whether elasticlunr reads it.
    #[must_use]
    pub fn is_elasticlunr(self) -> bool {
        matches!(self, Self::ElasticlunrJavascript | Self::ElasticlunrJson)
    }

    /// Whether it is a script that sets `window.searchIndex`.
    #[must_use]
    pub fn is_script(self) -> bool {
        matches!(self, Self::ElasticlunrJavascript | Self::FuseJavascript)
    }

    /// The name of the index of a language.
    #[must_use]
    pub fn file_name(self, lang: &str) -> String {
        format!("search_index.{lang}.{}", if self.is_script() { "js" } else { "json" })
    }
}

/// Takes the keys of one language.
pub(super) fn read(fields: &mut Fields<'_>, strategy: Strategy) -> Lists {
    let default = Lists::default();
    Lists {
        taxonomies: fields.each("taxonomies", |fields, place| taxonomy(fields, &place, strategy)),
        generate_feeds: fields.enabled("generate_feeds"),
        feed_filenames: feed_filenames(fields).unwrap_or(default.feed_filenames),
        build_search_index: fields.enabled("build_search_index"),
        search: fields.within("search", search),
    }
}

fn taxonomy(fields: &mut Fields<'_>, place: &Range<usize>, strategy: Strategy) -> Option<TaxonomyConfig> {
    let name = fields.name("name");
    let (lang, paginate_by, paginate_path) = (fields.name("lang"), fields.paginate_by(), PaginatePath::read(fields));
    let (feed, render) = (fields.bool("feed").unwrap_or(false), fields.bool("render").unwrap_or(true));
    let name = fields.required("name", place, name)?;
    let slug = slugify_path(&name.value, strategy);
    let taxonomy = TaxonomyConfig { name, slug, lang, paginate_by, paginate_path, feed, render };
    if SitePath::parse(&format!("/{}/", taxonomy.slug)).is_err() {
        fields.error(taxonomy.name.span, "nothing of this name can be part of a path");
        return None;
    }
    Some(taxonomy)
}

fn feed_filenames(fields: &mut Fields<'_>) -> Option<Vec<Spanned<String>>> {
    let mut names: Vec<Spanned<String>> = Vec::new();
    for name in fields.strings("feed_filenames")? {
        let is_name = !name.value.contains('/') && SitePath::parse(&format!("/{}", name.value)).is_ok();
        if !is_name || name.value.is_empty() {
            let message = format!("`{}` cannot be the name of a file", name.value);
            let help = "a feed lies beside the page of what it lists: its name is one like `atom.xml`";
            fields.push(Diagnostic::error_at(fields.source(), name.span, message).with_help(help));
        } else if names.iter().any(|known| known.value == name.value) {
            fields.error(name.span, format!("`{}` is named twice", name.value));
        } else {
            names.push(name);
        }
    }
    Some(names)
}

fn search(fields: &mut Fields<'_>) -> Search {
    let default = Search::default();
    Search {
        title: fields.bool("include_title").unwrap_or(default.title),
        description: fields.bool("include_description").unwrap_or(default.description),
        date: fields.bool("include_date").unwrap_or(default.date),
        path: fields.bool("include_path").unwrap_or(default.path),
        content: fields.bool("include_content").unwrap_or(default.content),
        truncate_content: fields.count("truncate_content_length"),
        format: fields.word("index_format", FORMATS).unwrap_or(default.format),
    }
}

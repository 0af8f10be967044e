//! The head of a Markdown file: TOML between `+++`, YAML between `---`, or nothing. A page and a section each have
//! their keys; what neither knows goes to `extra`, and is warned about once for the whole site.

use std::{collections::BTreeMap, num::NonZeroUsize, ops::Range};

use super::{
    config::{ANCHOR_LINKS, AnchorLinks},
    date::{self, PageDate},
    fields::Fields,
    pagination::PaginatePath,
    value::{self, Node, Spanned, Table, Value},
};
use crate::diag::{Diagnostic, Source, did_you_mean};

/// What a page says of itself.
#[derive(Clone, Debug)]
pub struct PageMeta {
    pub title: Option<String>,
    pub description: Option<String>,
    pub date: Option<PageDate>,
    pub updated: Option<PageDate>,
    pub weight: Option<i64>,
    pub draft: bool,
    pub render: bool,
    pub slug: Option<Spanned<String>>,
    pub path: Option<Spanned<String>>,
    pub aliases: Vec<Spanned<String>>,
    pub template: Option<Spanned<String>>,
    pub in_search_index: bool,
    pub authors: Vec<String>,
    /// By name, in the order they were written.
    pub taxonomies: Vec<(Spanned<String>, Vec<Spanned<String>>)>,
    /// Whether the text is no template; `None` is what is said further out.
    pub skip_content_templating: Option<bool>,
    pub extra: Table,
}

/// What a section says of itself.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own in the file")]
pub struct SectionMeta {
    pub title: Option<String>,
    pub description: Option<String>,
    pub sort_by: SortBy,
    pub weight: i64,
    pub draft: bool,
    pub template: Option<Spanned<String>>,
    pub page_template: Option<Spanned<String>>,
    /// `None` is no pagination.
    pub paginate_by: Option<NonZeroUsize>,
    pub paginate_path: PaginatePath,
    pub paginate_reversed: bool,
    /// `None` is what the configuration says.
    pub insert_anchor_links: Option<AnchorLinks>,
    pub in_search_index: bool,
    pub render: bool,
    pub redirect_to: Option<Spanned<String>>,
    /// Whether its pages count as its parent's too.
    pub transparent: bool,
    pub aliases: Vec<Spanned<String>>,
    /// The place that asks for feeds of its pages.
    pub generate_feeds: Option<Range<usize>>,
    /// Whether its text and what lies below it are no templates; `None` is what is said further out.
    pub skip_content_templating: Option<bool>,
    pub extra: Table,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortBy {
    #[default]
    None,
    Date,
    UpdateDate,
    Title,
    TitleBytes,
    Weight,
    Slug,
    Permalink,
}

const SORTS: &[(&str, SortBy)] = &[
    ("none", SortBy::None),
    ("date", SortBy::Date),
    ("update_date", SortBy::UpdateDate),
    ("title", SortBy::Title),
    ("title_bytes", SortBy::TitleBytes),
    ("weight", SortBy::Weight),
    ("slug", SortBy::Slug),
    ("permalink", SortBy::Permalink),
];

/// Things that many files of a corpus do alike, and that are said once.
#[derive(Debug, Default)]
pub(super) struct Habits {
    unknown_keys: BTreeMap<String, (Diagnostic, usize)>,
    odd_aliases: Option<(Diagnostic, usize)>,
}

impl Default for PageMeta {
    fn default() -> Self {
        Self {
            title: None,
            description: None,
            date: None,
            updated: None,
            weight: None,
            draft: false,
            render: true,
            slug: None,
            path: None,
            aliases: Vec::new(),
            template: None,
            in_search_index: true,
            authors: Vec::new(),
            taxonomies: Vec::new(),
            skip_content_templating: None,
            extra: Table::default(),
        }
    }
}

impl Default for SectionMeta {
    fn default() -> Self {
        Self {
            title: None,
            description: None,
            sort_by: SortBy::None,
            weight: 0,
            draft: false,
            template: None,
            page_template: None,
            paginate_by: None,
            paginate_path: PaginatePath::default(),
            paginate_reversed: false,
            insert_anchor_links: None,
            in_search_index: true,
            render: true,
            redirect_to: None,
            transparent: false,
            aliases: Vec::new(),
            generate_feeds: None,
            skip_content_templating: None,
            extra: Table::default(),
        }
    }
}

/// Reads a page's front matter, and says which keys it has and where its Markdown begins.
pub(super) fn read_page(
    source: &Source,
    diagnostics: &mut Vec<Diagnostic>,
    habits: &mut Habits,
) -> (PageMeta, Vec<&'static str>, Range<usize>) {
    let (table, body) = read_table(source, diagnostics);
    let mut fields = Fields::new(source, table, diagnostics);
    let default = PageMeta::default();
    let mut meta = PageMeta {
        title: text(&mut fields, "title"),
        description: text(&mut fields, "description"),
        date: page_date(&mut fields, "date"),
        updated: page_date(&mut fields, "updated"),
        weight: fields.integer("weight"),
        draft: fields.bool("draft").unwrap_or(default.draft),
        render: fields.bool("render").unwrap_or(default.render),
        slug: fields.name("slug"),
        path: fields.name("path"),
        aliases: Vec::new(),
        template: fields.name("template"),
        in_search_index: fields.bool("in_search_index").unwrap_or(default.in_search_index),
        authors: authors(&mut fields),
        taxonomies: taxonomies(&mut fields),
        skip_content_templating: fields.bool("skip_content_templating"),
        extra: fields.table("extra").unwrap_or_default(),
    };
    meta.aliases = aliases(&mut fields, &mut meta.extra, habits);
    let written = fields.taken().to_vec();
    unknown_to_extra(source, fields, &mut meta.extra, habits);
    (meta, written, body)
}

/// Reads a section's front matter, and says which keys it has and where its Markdown begins.
pub(super) fn read_section(
    source: &Source,
    diagnostics: &mut Vec<Diagnostic>,
    habits: &mut Habits,
) -> (SectionMeta, Vec<&'static str>, Range<usize>) {
    let (table, body) = read_table(source, diagnostics);
    let mut fields = Fields::new(source, table, diagnostics);
    let default = SectionMeta::default();
    let mut meta = SectionMeta {
        title: text(&mut fields, "title"),
        description: text(&mut fields, "description"),
        sort_by: fields.word("sort_by", SORTS).unwrap_or_default(),
        weight: fields.integer("weight").unwrap_or(default.weight),
        draft: fields.bool("draft").unwrap_or(default.draft),
        template: fields.name("template"),
        page_template: fields.name("page_template"),
        paginate_by: fields.paginate_by(),
        paginate_path: PaginatePath::read(&mut fields),
        paginate_reversed: fields.bool("paginate_reversed").unwrap_or(default.paginate_reversed),
        insert_anchor_links: fields.word("insert_anchor_links", ANCHOR_LINKS),
        in_search_index: fields.bool("in_search_index").unwrap_or(default.in_search_index),
        render: fields.bool("render").unwrap_or(default.render),
        redirect_to: fields.name("redirect_to"),
        transparent: fields.bool("transparent").unwrap_or(default.transparent),
        aliases: Vec::new(),
        generate_feeds: fields.enabled("generate_feeds"),
        skip_content_templating: fields.bool("skip_content_templating"),
        extra: fields.table("extra").unwrap_or_default(),
    };
    meta.aliases = aliases(&mut fields, &mut meta.extra, habits);
    // A date says when the homepage or a list was written; Zola refuses it, other generators have it.
    fields.knows(&["date", "updated"]);
    let written = fields.taken().to_vec();
    unknown_to_extra(source, fields, &mut meta.extra, habits);
    (meta, written, body)
}

impl Habits {
    /// Adds what another file does.
    pub(super) fn merge(&mut self, other: Self) {
        for (key, (diagnostic, count)) in other.unknown_keys {
            self.unknown_keys.entry(key).or_insert((diagnostic, 0)).1 += count;
        }
        if let Some((diagnostic, count)) = other.odd_aliases {
            self.odd_aliases.get_or_insert((diagnostic, 0)).1 += count;
        }
    }

    /// One warning each, at the first place.
    pub(super) fn into_diagnostics(self) -> impl Iterator<Item = Diagnostic> {
        self.unknown_keys.into_values().chain(self.odd_aliases).map(|(diagnostic, count)| match count {
            0 | 1 => diagnostic,
            2 => diagnostic.traced("and in 1 more file"),
            more => diagnostic.traced(format!("and in {} more files", more - 1)),
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Toml,
    Yaml,
}

/// Where the front matter stands and where the Markdown does.
struct Split {
    front: Option<(Format, Range<usize>)>,
    body: Range<usize>,
}

fn read_table(source: &Source, diagnostics: &mut Vec<Diagnostic>) -> (Table, Range<usize>) {
    let split = split(source, diagnostics);
    let table = match split.front {
        None => Table::default(),
        Some((Format::Toml, range)) => value::parse_toml(source, range, diagnostics),
        Some((Format::Yaml, range)) => value::parse_yaml(source, range, diagnostics),
    };
    (table, split.body)
}

/// Where the Markdown of a file is; `None` where its front matter has no end.
pub(super) fn body(source: &Source) -> Option<Range<usize>> {
    let mut found = Vec::new();
    let split = split(source, &mut found);
    found.is_empty().then_some(split.body)
}

/// Blank lines may come first. A file may have no front matter; one that is opened and never
/// closed is a mistake.
fn split(source: &Source, diagnostics: &mut Vec<Diagnostic>) -> Split {
    let text = &*source.text;
    let start = text.len() - text.trim_start().len();
    let mut lines = text[start..].split_inclusive('\n');
    let first = lines.next().unwrap_or("");
    let (format, fence) = match first.trim_end() {
        "+++" => (Format::Toml, "+++"),
        "---" => (Format::Yaml, "---"),
        _ => return Split { front: None, body: 0..text.len() },
    };
    let front = start + first.len();
    let mut at = front;
    for line in lines {
        let end = line.trim_end();
        if end == fence || (format == Format::Yaml && end == "...") {
            return Split { front: Some((format, front..at)), body: at + line.len()..text.len() };
        }
        at += line.len();
    }
    let diagnostic = Diagnostic::error_at(source, start..start + 3, "the front matter that begins here has no end")
        .with_help(format!("close it with a line that is `{fence}`"));
    diagnostics.push(diagnostic);
    Split { front: None, body: text.len()..text.len() }
}

fn text(fields: &mut Fields<'_>, key: &'static str) -> Option<String> {
    fields.string(key).map(|text| text.value)
}

fn page_date(fields: &mut Fields<'_>, key: &'static str) -> Option<PageDate> {
    let node = fields.node(key)?;
    let (Value::String(text) | Value::Date(text)) = node.value else {
        return fields.mismatch(key, "a date", &node.value, node.span);
    };
    let date = PageDate::parse(&text);
    if date.is_none() {
        let diagnostic = Diagnostic::error_at(fields.source(), node.span, format!("`{key}` is not a date: `{text}`"));
        fields.push(diagnostic.with_help(date::FORMS));
    }
    date
}

/// A list; one name alone is a list of one.
fn authors(fields: &mut Fields<'_>) -> Vec<String> {
    match fields.node("authors") {
        None => Vec::new(),
        Some(Spanned { value: Value::String(author), .. }) => vec![author],
        Some(Spanned { value: Value::Array(items), .. }) => {
            fields.string_items("authors", items).into_iter().map(|author| author.value).collect()
        }
        Some(other) => {
            let _: Option<()> = fields.mismatch("authors", "a list of strings", &other.value, other.span);
            Vec::new()
        }
    }
}

fn taxonomies(fields: &mut Fields<'_>) -> Vec<(Spanned<String>, Vec<Spanned<String>>)> {
    let mut taxonomies = Vec::new();
    for (name, node) in fields.table("taxonomies").unwrap_or_default().0 {
        let key = format!("taxonomies.{}", name.value);
        match node.value {
            Value::Array(items) => {
                let terms = fields.string_items(&key, items);
                for term in &terms {
                    if term.value.trim().is_empty() {
                        fields.error(term.span.clone(), format!("a term of `{key}` cannot be empty"));
                    }
                }
                taxonomies.push((name, terms));
            }
            other => {
                let _: Option<()> = fields.mismatch(&key, "a list of strings", &other, node.span);
            }
        }
    }
    taxonomies
}

/// Earlier paths of this page. In YAML, where the key has other meanings elsewhere, only what looks like a path is
/// one; anything else stays readable as `extra.aliases`.
fn aliases(fields: &mut Fields<'_>, extra: &mut Table, habits: &mut Habits) -> Vec<Spanned<String>> {
    let Some(node) = fields.node("aliases") else { return Vec::new() };
    let toml = fields.source().text.trim_start().starts_with("+++");
    let items = match &node.value {
        Value::Array(items) => items.clone(),
        Value::String(_) => vec![node.clone()],
        _ => Vec::new(),
    };
    let mut paths = Vec::new();
    for item in items.iter().cloned() {
        match item.value {
            Value::String(path) if toml || path.contains('/') => paths.push(Spanned { value: path, span: item.span }),
            _ => {}
        }
    }
    if paths.len() == items.len() && !items.is_empty() || node.value == Value::Array(Vec::new()) {
        return paths;
    }
    let odd = items.into_iter().find(|item| !matches!(&item.value, Value::String(path) if path.contains('/')));
    let span = odd.map_or(node.span.clone(), |item| item.span);
    let warning =
        Diagnostic::error_at(fields.source(), span.clone(), "this alias is not a path, so nothing redirects from it")
            .as_warning()
            .with_help("an earlier path of the page is written `/old/path/`; anything else is kept as `extra.aliases`");
    habits.odd_aliases.get_or_insert((warning, 0)).1 += 1;
    if extra.get("aliases").is_none() {
        extra.0.push((Spanned { value: "aliases".to_owned(), span }, node));
    }
    paths
}

/// What other programs have as keys of their own.
const USUAL_TAXONOMIES: &[&str] = &["tags", "categories"];

fn unknown_to_extra(source: &Source, fields: Fields<'_>, extra: &mut Table, habits: &mut Habits) {
    let (rest, known): (Vec<(Spanned<String>, Node)>, _) = fields.into_rest();
    for (key, node) in rest {
        let mut warning =
            Diagnostic::error_at(source, key.span.clone(), format!("front matter has no key `{}`", key.value))
                .as_warning();
        warning = match did_you_mean(&key.value, known.iter().copied()) {
            _ if USUAL_TAXONOMIES.contains(&&*key.value) && matches!(node.value, Value::Array(_)) => warning.with_help(
                format!("terms stand in the table `taxonomies`; as it is, it is kept as `extra.{}`", key.value),
            ),
            Some(meant) => warning.with_help(format!("did you mean `{meant}`? It is kept as `extra.{}`", key.value)),
            None => {
                warning.with_help(format!("it is kept as `extra.{0}`; write it there and this warning goes", key.value))
            }
        };
        habits.unknown_keys.entry(key.value.clone()).or_insert((warning, 0)).1 += 1;
        if extra.get(&key.value).is_none() {
            extra.0.push((key, node));
        }
    }
}

//! What an author says about a site's answers: the tables of `[sitekit]` in the site's configuration. They are read here
//! with their places, so that whoever holds them to the site's routes can say where a mistake is. Nothing here knows a
//! route.

mod access;
mod fields;
mod moves;
mod pages;
mod policy;

use std::{borrow::Cow, ops::Range};

pub use fields::{CacheRule, Change, FieldRule, Lifetime};
pub use moves::MoveRule;
pub use pages::{ContentAlias, PageRule, without_alias};
pub use policy::{PolicyMode, PolicySettings};

use super::{fields::Fields, value::Spanned};
use crate::{
    diag::{Diagnostic, Source, did_you_mean},
    site::{ErrorStatus, HostPattern, Mode, PathPattern, Rules, SitePath, TrailingSlash},
};

/// The tables of `[sitekit]`, each mistake reported and left out.
#[derive(Clone, Debug)]
pub struct SiteRules {
    /// The file they stand in.
    pub source: Source,
    /// What the server applies to each request, but for the two that follow.
    served: Rules,
    /// In the order of the file, which is the order they are tried in.
    pub moves: Vec<MoveRule>,
    pub error_pages: Vec<ErrorPage>,
    /// All that match are applied, in the order of the file.
    pub fields: Vec<FieldRule>,
    /// The first that matches decides.
    pub cache: Vec<CacheRule>,
    /// The first that chooses a template decides; what all that match add to the head is added.
    pub pages: Vec<PageRule>,
    pub content_aliases: Vec<ContentAlias>,
    pub policy: PolicySettings,
    /// Whether pages name the fonts of their style sheets in advance.
    pub preload_fonts: bool,
    /// Patterns that say nothing when no route matches them.
    pub patterns: Vec<WrittenPattern>,
}

/// A page that answers with an error status.
#[derive(Clone, Debug)]
pub struct ErrorPage {
    pub status: ErrorStatus,
    pub page: Spanned<SitePath>,
}

/// A pattern, and the table it stands in.
#[derive(Clone, Debug)]
pub struct WrittenPattern {
    pub pattern: Spanned<PathPattern>,
    pub table: PatternTable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternTable {
    Headers,
    Cache,
    Cors,
    Auth,
    Maintenance,
    Pages,
}

impl Default for SiteRules {
    fn default() -> Self {
        Self {
            source: Source::new("", ""),
            served: Rules::default(),
            moves: Vec::new(),
            error_pages: Vec::new(),
            fields: Vec::new(),
            cache: Vec::new(),
            pages: Vec::new(),
            content_aliases: Vec::new(),
            policy: PolicySettings::default(),
            preload_fonts: false,
            patterns: Vec::new(),
        }
    }
}

impl SiteRules {
    /// Hosts the site is served on, at `/`.
    #[must_use]
    pub fn hosts(&self) -> &[HostPattern] {
        &self.served.hosts
    }

    #[must_use]
    pub fn trailing_slash(&self) -> TrailingSlash {
        self.served.trailing_slash
    }

    /// Whether a password is asked for at `path`.
    #[must_use]
    pub fn is_protected(&self, path: &str) -> bool {
        self.served.protection(path).is_some()
    }

    /// A link to content with its alias written out, see [`without_alias`].
    #[must_use]
    pub fn without_alias<'a>(&self, link: &'a str) -> Option<Cow<'a, str>> {
        without_alias(&self.content_aliases, link)
    }

    /// What is wrong with a link whose alias nobody knows, and what to do about it.
    #[must_use]
    pub fn unknown_alias(&self, link: &str) -> (String, String) {
        let name = link.trim_start_matches('@').split('/').next().unwrap_or("");
        let help = match did_you_mean(name, self.content_aliases.iter().map(|alias| alias.name.as_str())) {
            Some(meant) => format!("did you mean `@{meant}/…`?"),
            None => "name it in `[sitekit.content_aliases]`, or begin with `@/`".to_owned(),
        };
        (format!("there is no content alias `{name}`"), help)
    }

    /// What the server applies to each request.
    #[must_use]
    pub fn served(&self) -> Rules {
        Rules {
            moves: self.moves.iter().map(|one| one.moved.value.clone()).collect(),
            error_pages: self.error_pages.iter().map(|one| (one.status, one.page.value.clone())).collect(),
            ..self.served.clone()
        }
    }
}

const SLASHES: &[(&str, TrailingSlash)] =
    &[("always", TrailingSlash::Always), ("never", TrailingSlash::Never), ("either", TrailingSlash::Either)];

/// Reads `[sitekit]`.
pub(super) fn read(fields: &mut Fields<'_>) -> (Mode, SiteRules) {
    let mode = fields.word("mode", &[("traditional", Mode::Traditional), ("spa", Mode::Spa)]).unwrap_or_default();
    let mut rules = SiteRules { source: fields.source().clone(), ..SiteRules::default() };
    rules.served.hosts = hosts(fields);
    rules.served.trailing_slash = fields.word("trailing_slash", SLASHES).unwrap_or_default();
    rules.preload_fonts = fields.bool("preload_fonts").unwrap_or(false);
    rules.moves = moves::read(fields);
    rules.error_pages = error_pages(fields);
    rules.fields = fields::read(fields, &mut rules.patterns);
    rules.cache = fields::read_cache(fields, &mut rules.patterns);
    rules.served.cors = access::cors(fields, &mut rules.patterns);
    rules.served.protected = access::protected(fields, &mut rules.patterns);
    rules.served.maintenance = access::maintenance(fields, &mut rules.patterns);
    rules.pages = pages::read(fields, &mut rules.patterns);
    rules.content_aliases = pages::read_aliases(fields);
    rules.policy = policy::read(fields);
    (mode, rules)
}

fn hosts(fields: &mut Fields<'_>) -> Vec<HostPattern> {
    let mut hosts: Vec<HostPattern> = Vec::new();
    for host in fields.one_or_more("hosts").unwrap_or_default() {
        match HostPattern::parse(&host.value) {
            Ok(found) if hosts.contains(&found) => {
                let message = format!("the host `{found}` is in this list twice");
                fields.error(host.span, message);
            }
            Ok(found) => hosts.push(found),
            Err(error) => fields.error(host.span, error.to_string()),
        }
    }
    hosts
}

fn error_pages(fields: &mut Fields<'_>) -> Vec<ErrorPage> {
    let mut pages = Vec::new();
    for (key, node) in fields.table("error_pages").unwrap_or_default().0 {
        let Ok(status) = key.value.parse::<u16>() else {
            let message = format!(
                "`{}` is a table of statuses and pages, and `{}` is no status",
                fields.name_of("error_pages"),
                key.value
            );
            let help = "write `404 = \"/404.html\"`";
            fields.push(Diagnostic::error_at(fields.source(), key.span, message).with_help(help));
            continue;
        };
        let status = match ErrorStatus::new(status) {
            Ok(status) => status,
            Err(error) => {
                fields.error(key.span, error.to_string());
                continue;
            }
        };
        let Some(page) = fields.text_of("error_pages", node) else { continue };
        match SitePath::parse(&page.value) {
            Ok(path) => pages.push(ErrorPage { status, page: Spanned { value: path, span: page.span } }),
            Err(error) => fields.error(page.span, format!("`{}` is no page of the site: {error}", page.value)),
        }
    }
    pages
}

/// The patterns of a table's `path`, which is one or a list, and where they are.
fn patterns(
    fields: &mut Fields<'_>,
    place: &Range<usize>,
    table: PatternTable,
    written: &mut Vec<WrittenPattern>,
) -> Option<Vec<PathPattern>> {
    let paths = fields.one_or_more("path");
    let paths = fields.required("path", place, paths)?;
    let found: Vec<Spanned<PathPattern>> = paths.into_iter().filter_map(|path| pattern(fields, path)).collect();
    let patterns = found.iter().map(|one| one.value.clone()).collect();
    written.extend(found.into_iter().map(|pattern| WrittenPattern { pattern, table }));
    Some(patterns)
}

fn pattern(fields: &mut Fields<'_>, text: Spanned<String>) -> Option<Spanned<PathPattern>> {
    let Spanned { value: text, span } = text;
    let decoded = percent_encoding::percent_decode_str(&text).decode_utf8();
    if let Ok(decoded) = &decoded
        && *decoded != text
    {
        let diagnostic = Diagnostic::error_at(fields.source(), span, "a path pattern is written decoded")
            .with_help(format!("write `{decoded}`"));
        fields.push(diagnostic);
        return None;
    }
    match PathPattern::parse(&text) {
        Ok(value) => Some(Spanned { value, span }),
        Err(error) => {
            let help = if text.contains("**") {
                format!("`*` stands for slashes, too: write `{}`", text.replace("**", "*"))
            } else if text.starts_with('/') {
                "a pattern is a path such as `/blog/:year/*`: `:name` is one segment, `*` is any text".to_owned()
            } else {
                format!("write `/{}`", text.trim_start_matches("./"))
            };
            fields.push(Diagnostic::error_at(fields.source(), span, error.to_string()).with_help(help));
            None
        }
    }
}

/// `30`, `"90s"`, `"10m"`, `"1h"`, `"7d"`, `"2w"`, `"1y"`: in seconds. No cache counts further than 2³¹ (RFC 9111 §1.2.2).
fn seconds(fields: &mut Fields<'_>, key: &'static str) -> Option<u32> {
    use super::value::Value;
    let node = fields.node(key)?;
    let parsed = match &node.value {
        Value::Integer(number) => u64::try_from(*number).ok(),
        Value::String(text) => parse_seconds(text),
        _ => None,
    };
    let parsed = parsed.and_then(|seconds| u32::try_from(seconds).ok()).filter(|&seconds| seconds <= 1 << 31);
    if parsed.is_none() {
        let message = format!(
            "`{}` is a time, such as \"90s\", \"10m\", \"1h\", \"7d\", \"1y\", or seconds",
            fields.name_of(key)
        );
        fields.error(node.span, message);
    }
    parsed
}

fn parse_seconds(text: &str) -> Option<u64> {
    let (number, unit) = text.trim().split_at(text.trim().find(|c: char| !c.is_ascii_digit())?);
    let unit = match unit.trim() {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        "y" => 31_536_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

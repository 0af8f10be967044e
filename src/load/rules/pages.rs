//! `[[sitekit.pages]]` and `[sitekit.content_aliases]`: what pages are rendered with and what their heads have, by path
//! pattern, and short names for folders of content.

use std::borrow::Cow;

use super::{super::fields::Fields, PatternTable, WrittenPattern, patterns};
use crate::{
    diag::Diagnostic,
    load::{Spanned, Table},
    site::PathPattern,
};

/// What some pages have in common.
#[derive(Clone, Debug)]
pub struct PageRule {
    pub paths: Vec<PathPattern>,
    /// For pages that name none themselves and whose sections name none for them.
    pub template: Option<Spanned<String>>,
    /// For sections that name none themselves.
    pub section_template: Option<Spanned<String>>,
    /// Files as templates name them for `asset`, or whole URLs.
    pub styles: Vec<Spanned<String>>,
    pub scripts: Vec<Spanned<String>>,
    /// Names and contents.
    pub meta: Vec<(String, String)>,
}

impl PageRule {
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.paths.iter().any(|pattern| pattern.matches(path))
    }

    /// Whether it adds anything to the heads of pages.
    #[must_use]
    pub fn has_head(&self) -> bool {
        !(self.styles.is_empty() && self.scripts.is_empty() && self.meta.is_empty())
    }
}

/// A short name for a folder of content: `@name/…` in links is `@/folder/…`.
#[derive(Clone, Debug)]
pub struct ContentAlias {
    pub name: String,
    /// Without slashes at its ends.
    pub folder: Spanned<String>,
}

/// A link to content with its alias written out: `@blog/a.md` is `@/journal/a.md`. `None` for one that begins as an alias
/// does and is none.
#[must_use]
pub fn without_alias<'a>(aliases: &[ContentAlias], link: &'a str) -> Option<Cow<'a, str>> {
    let Some((name, rest)) = link.strip_prefix('@').and_then(|rest| rest.split_once('/')) else {
        return Some(Cow::Borrowed(link));
    };
    if name.is_empty() {
        return Some(Cow::Borrowed(link));
    }
    let alias = aliases.iter().find(|alias| alias.name == name)?;
    Some(Cow::Owned(match alias.folder.value.as_str() {
        "" => format!("@/{rest}"),
        folder => format!("@/{folder}/{rest}"),
    }))
}

pub(super) fn read(fields: &mut Fields<'_>, written: &mut Vec<WrittenPattern>) -> Vec<PageRule> {
    fields.each("pages", |fields, place| {
        let paths = patterns(fields, &place, PatternTable::Pages, written);
        let rule = PageRule {
            paths: paths.clone().unwrap_or_default(),
            template: fields.name("template"),
            section_template: fields.name("section_template"),
            styles: fields.one_or_more("styles").unwrap_or_default(),
            scripts: fields.one_or_more("scripts").unwrap_or_default(),
            meta: meta(fields),
        };
        let says_nothing = rule.template.is_none() && rule.section_template.is_none() && !rule.has_head();
        if says_nothing && paths.is_some() {
            let help = "write `template`, `section_template`, `styles`, `scripts` or `meta`";
            let message = "this says nothing about its pages";
            fields.push(Diagnostic::error_at(fields.source(), place, message).with_help(help));
        }
        paths.map(|_| rule)
    })
}

fn meta(fields: &mut Fields<'_>) -> Vec<(String, String)> {
    let Table(entries) = fields.table("meta").unwrap_or_default();
    let mut meta = Vec::with_capacity(entries.len());
    for (name, content) in entries {
        if let Some(content) = fields.text_of("meta", content) {
            meta.push((name.value, content.value));
        }
    }
    meta
}

pub(super) fn read_aliases(fields: &mut Fields<'_>) -> Vec<ContentAlias> {
    let Table(entries) = fields.table("content_aliases").unwrap_or_default();
    let mut aliases = Vec::with_capacity(entries.len());
    for (name, folder) in entries {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.value.is_empty() || !name.value.chars().all(is_name) {
            let message = format!("`{}` cannot be a content alias: it has letters, digits, `-` and `_`", name.value);
            fields.error(name.span, message);
            continue;
        }
        let Some(folder) = fields.text_of("content_aliases", folder) else { continue };
        let bare = folder.value.trim_start_matches("@/").trim_matches('/').to_owned();
        aliases.push(ContentAlias { name: name.value, folder: Spanned { value: bare, span: folder.span } });
    }
    aliases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_written_out() {
        let alias = |name: &str, folder: &str| ContentAlias {
            name: name.to_owned(),
            folder: Spanned { value: folder.to_owned(), span: 0..0 },
        };
        let aliases = [alias("blog", "journal/2026"), alias("root", "")];
        for (link, expected) in [
            ("@blog/a.md#b", Some("@/journal/2026/a.md#b")),
            ("@root/a.md", Some("@/a.md")),
            ("@/blog/a.md", Some("@/blog/a.md")),
            ("@blogs/a.md", None),
            ("../a.md", Some("../a.md")),
            ("@nothing", Some("@nothing")),
        ] {
            assert_eq!(without_alias(&aliases, link).as_deref(), expected, "{link}");
        }
    }
}

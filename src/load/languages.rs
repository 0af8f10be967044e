//! The languages of a site, and what each says of itself: Zola's keys at the top of the configuration for the default
//! language, and in `[languages.fr]` for another. A file's name says which language it is in (`first.fr.md`); paths of
//! other languages than the default begin with their code (`/fr/first/`).

use std::collections::BTreeMap;

use icu_collator::{
    CollatorBorrowed, CollatorPreferences, options::CollatorOptions, preferences::CollationNumericOrdering,
};
use icu_locale::Locale;

use super::{
    fields::Fields,
    lists::{self, Lists},
    slug::Strategy,
    value::{Node, Spanned, Table, Value},
};
use crate::diag::{Diagnostic, Source, did_you_mean};

/// Never empty: the default language is the first, the others follow as they are written.
#[derive(Clone, Debug)]
pub struct Languages(Vec<Language>);

/// One language and what the configuration says for it.
#[derive(Clone, Debug)]
pub struct Language {
    /// As files, paths and templates name it: `fr`, `pt-BR`.
    pub code: String,
    /// What dates, numbers and sort orders go by.
    pub locale: Locale,
    pub title: Option<String>,
    pub description: Option<String>,
    /// How its pages are listed.
    pub lists: Lists,
    /// Words of the site's own, by key: what `trans` gives.
    pub translations: BTreeMap<String, Spanned<String>>,
    /// What it says differently from the site's `[extra]`.
    pub extra: Table,
    /// Its keys as they were written, for templates.
    pub written: Table,
}

/// Keys that say something for one language: at the top of the file for the default one.
const KEYS: [&str; 8] = [
    "title",
    "description",
    "generate_feeds",
    "feed_filenames",
    "build_search_index",
    "taxonomies",
    "search",
    "translations",
];

const DEFAULT_CODE: &str = "en";

/// The language of a file, and its name without it.
pub(super) struct FileName<'site, 'name> {
    pub(super) language: &'site Language,
    /// Without its language and without `.md`.
    pub(super) stem: &'name str,
}

impl Languages {
    #[must_use]
    pub fn default_language(&self) -> &Language {
        &self.0[0]
    }

    /// All of them, the default one first.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Language> + Clone {
        self.0.iter()
    }

    /// All but the default one.
    #[must_use]
    pub fn others(&self) -> &[Language] {
        &self.0[1..]
    }

    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Language> {
        self.0.iter().find(|language| language.code == code)
    }

    /// Where a language stands among all.
    #[must_use]
    pub fn position(&self, code: &str) -> Option<usize> {
        self.0.iter().position(|language| language.code == code)
    }

    #[must_use]
    pub fn is_default(&self, code: &str) -> bool {
        self.default_language().code == code
    }

    /// Whether there is more than one.
    #[must_use]
    pub fn are_several(&self) -> bool {
        self.0.len() > 1
    }

    /// What paths of a language begin with: nothing, or `/fr`.
    #[must_use]
    pub fn prefix(&self, code: &str) -> String {
        if self.is_default(code) { String::new() } else { format!("/{code}") }
    }

    /// Takes the name of a Markdown file apart, which is given without its `.md`.
    ///
    /// # Errors
    /// What it has in the place of a language, when that is none of the site's.
    pub(super) fn of_file<'name>(&self, stem: &'name str) -> Result<FileName<'_, 'name>, &'name str> {
        let whole = FileName { language: self.default_language(), stem };
        let Some((before, code)) = stem.rsplit_once('.').filter(|(before, _)| !before.is_empty()) else {
            return Ok(whole);
        };
        let is_section = before == "_index";
        match self.get(code) {
            Some(language) if is_section || self.are_several() => Ok(FileName { language, stem: before }),
            // In a site of one language a name may have points in it.
            None if is_section || (self.are_several() && looks_like_code(code)) => Err(code),
            _ => Ok(whole),
        }
    }

    /// What is said of a file that seems to be in another language.
    pub(super) fn unknown(&self, path: String, code: &str) -> Diagnostic {
        let message =
            format!("this file's name says that it is in the language `{code}`, which the site does not have");
        let near = did_you_mean(code, self.0.iter().map(|language| language.code.as_str()));
        let help = near.map_or_else(
            || format!("add a table `[languages.{code}]` to the site's configuration, or rename the file"),
            |near| format!("did you mean `{near}`?"),
        );
        Diagnostic::error(path, message).with_help(help)
    }
}

impl Default for Languages {
    fn default() -> Self {
        Self(vec![Language::new(DEFAULT_CODE.to_owned())])
    }
}

impl Language {
    fn new(code: String) -> Self {
        Self {
            locale: locale(&code).unwrap_or(Locale::UNKNOWN),
            code,
            title: None,
            description: None,
            lists: Lists::default(),
            translations: BTreeMap::new(),
            extra: Table::default(),
            written: Table::default(),
        }
    }

    /// `rtl` for what is written from the right to the left, and `ltr`.
    #[must_use]
    pub fn direction(&self) -> &'static str {
        direction(&self.locale)
    }
}

/// A language tag (BCP 47). What Zola takes as well is `_` between its parts.
pub(super) fn locale(code: &str) -> Option<Locale> {
    Locale::try_from_str(&code.replace('_', "-")).ok().filter(|locale| !locale.id.language.is_unknown())
}

/// The direction a language's lines run in, as HTML's `dir` has it.
#[must_use]
pub fn direction(locale: &Locale) -> &'static str {
    let is_rtl = icu_locale::LocaleDirectionality::new_extended().is_right_to_left(&locale.id);
    if is_rtl { "rtl" } else { "ltr" }
}

/// The order of a language's dictionaries; numbers in a text are in theirs (`Track 2` before `Track 10`).
#[must_use]
pub fn collator(locale: &Locale) -> Option<CollatorBorrowed<'static>> {
    let mut preferences = CollatorPreferences::from(locale);
    preferences.numeric_ordering = Some(CollationNumericOrdering::True);
    CollatorBorrowed::try_new(preferences, CollatorOptions::default()).ok()
}

/// Two or three letters, perhaps with a region or a script: what else stands between points is part of a name.
fn looks_like_code(text: &str) -> bool {
    let language = text.split(['-', '_']).next().unwrap_or("");
    (2..=3).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_lowercase())
        && locale(text).is_some()
}

/// Moves what the default language says in a table of its own to the top, where it says the rest.
pub(super) fn lift_default(table: &mut Table, source: &Source, diagnostics: &mut Vec<Diagnostic>) {
    let code = match table.get("default_language").map(|node| &node.value) {
        Some(Value::String(code)) => code.clone(),
        _ => DEFAULT_CODE.to_owned(),
    };
    let languages = table.0.iter_mut().find(|(key, _)| key.value == "languages");
    let Some((_, Spanned { value: Value::Table(languages), .. })) = languages else { return };
    let own = languages.0.iter_mut().find(|(key, _)| key.value == code);
    let Some((_, Spanned { value: Value::Table(own), .. })) = own else { return };
    let (lifted, rest): (Vec<_>, Vec<_>) =
        std::mem::take(&mut own.0).into_iter().partition(|(key, _)| KEYS.contains(&key.value.as_str()));
    own.0 = rest;
    for (key, node) in lifted {
        match table.0.iter_mut().find(|(name, _)| name.value == key.value) {
            None => table.0.push((key, node)),
            Some((_, Spanned { value: Value::Bool(first), .. })) if matches!(node.value, Value::Bool(_)) => {
                *first |= node.value == Value::Bool(true);
            }
            Some((first, _)) => {
                let (line, _) = source.position(first.span.start);
                let message = format!("`{}` of the default language is written twice", key.value);
                let help = format!("it stands in line {line}, too: keep one of the two");
                diagnostics.push(Diagnostic::error_at(source, key.span, message).with_help(help));
            }
        }
    }
}

/// Reads `default_language`, `[languages]`, and the default language's keys at the top.
pub(super) fn read(fields: &mut Fields<'_>, written: &Table, taxonomy_slugs: Strategy) -> Languages {
    let code = fields.string("default_language").and_then(|code| checked(fields, code));
    let mut default = Language::new(code.unwrap_or_else(|| DEFAULT_CODE.to_owned()));
    options(fields, &mut default, taxonomy_slugs);
    default.written = of_language(written);
    let written = match written.get("languages").map(|node| &node.value) {
        Some(Value::Table(languages)) => languages,
        _ => &Table::default(),
    };

    let mut others = fields.tables("languages", |fields, code| {
        let at = code.span.start;
        let written = written.get(&code.value).cloned();
        let mut language = Language::new(code.value.clone());
        options(fields, &mut language, taxonomy_slugs);
        language.extra = fields.table("extra").unwrap_or_default();
        checked(fields, code)?;
        if let Some(Spanned { value: Value::Table(written), .. }) = written {
            language.written = of_language(&written);
        }
        Some((at, language))
    });
    others.sort_by_key(|(at, _)| *at);
    let mut all = vec![default];
    for (_, language) in others {
        if language.code == all[0].code {
            all[0].extra = language.extra;
        } else {
            all.push(language);
        }
    }
    Languages(all)
}

fn checked(fields: &mut Fields<'_>, code: Spanned<String>) -> Option<String> {
    if locale(&code.value).is_some() {
        return Some(code.value);
    }
    let message = format!("`{}` is not a language tag", code.value);
    let help = "a language is written as `fr`, `pt-BR` or `zh-Hant` (BCP 47)";
    fields.push(Diagnostic::error_at(fields.source(), code.span, message).with_help(help));
    None
}

/// What any language may say. The names are Zola's.
fn options(fields: &mut Fields<'_>, language: &mut Language, taxonomy_slugs: Strategy) {
    language.title = fields.string("title").map(|text| text.value);
    language.description = fields.string("description").map(|text| text.value);
    language.lists = lists::read(fields, taxonomy_slugs);
    for (key, node) in fields.table("translations").unwrap_or_default().0 {
        if let Some(text) = fields.text_of("translations", node) {
            language.translations.insert(key.value, text);
        }
    }
}

fn of_language(table: &Table) -> Table {
    let is_one = |(key, _): &&(Spanned<String>, Node)| KEYS.contains(&key.value.as_str());
    Table(table.0.iter().filter(is_one).cloned().collect())
}

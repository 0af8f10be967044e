//! A site's own words in its languages: `trans`. A word stands in the configuration's tables, in a Fluent file of the site, or
//! in one of its theme; where a language lacks it, the default language's is taken, and that is told once.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use fluent_bundle::{
    FluentArgs, FluentError, FluentResource, FluentValue,
    concurrent::FluentBundle,
    resolver::{ResolverError, errors::ReferenceKind},
    types::FluentNumber,
};
use icu_locale::Locale;
use intl_memoizer::{Memoizable, concurrent::IntlLangMemoizer};
use tera::{Kwargs, TeraResult, Value};
use unic_langid::LanguageIdentifier;

use super::{
    locale::{self, Grouping},
    trace,
};
use crate::{
    diag::{Diagnostic, Source, did_you_mean},
    load::{Language, Site},
};

/// All words, and which of them were missed.
pub(super) struct Words {
    /// In the order of the site's languages.
    languages: Vec<Vocabulary>,
    /// Keys, and the languages they were asked for in.
    missed: Mutex<BTreeSet<(String, usize)>>,
}

struct Vocabulary {
    /// What the configuration says.
    table: BTreeMap<String, String>,
    messages: FluentBundle<Arc<FluentResource>>,
    /// What there is, for those who mistype it.
    keys: Vec<String>,
}

impl Words {
    pub(super) fn of(site: &Site) -> Self {
        let languages = site.config.languages.iter().map(|language| Vocabulary::of(site, language)).collect();
        Self { languages, missed: Mutex::default() }
    }

    /// `trans(key, lang, …)`: what else is given are the variables of the message.
    pub(super) fn call(&self, args: &Kwargs, language: usize) -> TeraResult<String> {
        let key = args.must_get::<&str>("key")?;
        let variables = variables(args)?;
        if let Some(text) = self.languages[language].find(key, &variables)? {
            return Ok(text);
        }
        let Some(text) = self.languages[0].find(key, &variables)? else {
            let known = [&self.languages[language], &self.languages[0]].into_iter().flat_map(|one| &one.keys);
            let meant = did_you_mean(key, known.map(String::as_str))
                .map_or(String::new(), |meant| format!(". Did you mean `{meant}`?"));
            return Err(tera::Error::message(format!("no language of the site has the word `{key}`{meant}")));
        };
        trace::note_missed(key, language);
        self.miss(key, language);
        Ok(text)
    }

    /// A word was asked for in a language that lacks it.
    pub(super) fn miss(&self, key: &str, language: usize) {
        self.missed.lock().unwrap_or_else(PoisonError::into_inner).insert((key.to_owned(), language));
    }

    /// What was asked for in a language that lacks it, each word once.
    pub(super) fn missed(&self, site: &Site) -> Vec<Diagnostic> {
        let missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        let codes: Vec<_> = site.config.languages.iter().map(|language| language.code.as_str()).collect();
        let told = |(key, language): &(String, usize)| {
            let (lang, default) = (codes[*language], codes[0]);
            let message = format!("`{lang}` has no word `{key}`: the one of `{default}` stands in its pages");
            let near = did_you_mean(key, self.languages[*language].keys.iter().map(String::as_str));
            let help = near.map_or_else(
                || format!("add it to `[languages.{lang}.translations]`, or to `i18n/{lang}.ftl`"),
                |near| format!("it has `{near}`: is that the same?"),
            );
            let diagnostic = match asked(site, key) {
                Some((source, at)) => Diagnostic::error_at(source, at..at + key.len(), message),
                None => Diagnostic::error(format!("{}/templates", site.root), message),
            };
            diagnostic.as_warning().with_help(help)
        };
        missed.iter().map(told).collect()
    }
}

/// Where a template asks for a word, or a text that is one.
fn asked<'a>(site: &'a Site, key: &str) -> Option<(&'a Source, usize)> {
    let find = |source: &'a Source| {
        ['"', '\'', '`'].iter().find_map(|quote| {
            let quoted = format!("{quote}{key}{quote}");
            let is_key = |at: usize| source.text[..at].trim_end().trim_end_matches('=').trim_end().ends_with("key");
            source.text.match_indices(&quoted).map(|(at, _)| at).find(|&at| is_key(at)).map(|at| (source, at + 1))
        })
    };
    let templates = site.templates.iter().map(|template| &template.source);
    let texts = site.pages.iter().map(|page| &page.source).chain(site.sections.iter().map(|section| &section.source));
    templates.chain(texts).find_map(find)
}

impl Vocabulary {
    fn of(site: &Site, language: &Language) -> Self {
        let locales: Vec<LanguageIdentifier> = language.code.parse().into_iter().collect();
        let mut messages = FluentBundle::new_concurrent(locales);
        // What runs against its surroundings is isolated from them: a Latin name in Arabic. In other languages these
        // characters would stand in every page for a case that hardly comes.
        messages.set_use_isolating(language.direction() == "rtl");
        messages.set_formatter(Some(written));
        let mut keys: Vec<_> = language.translations.keys().cloned().collect();
        for file in site.messages.iter().filter(|file| file.lang == language.code) {
            keys.extend(crate::load::message_ids(&file.resource).filter(|id| !id.starts_with('-')));
            // What is there already stays: a site's own words come before its theme's.
            drop(messages.add_resource(Arc::clone(&file.resource)));
        }
        // It is refused only where a function of this name is there.
        drop(messages.add_builtins());
        let table = language.translations.iter().map(|(key, text)| (key.clone(), text.value.clone())).collect();
        Self { table, messages, keys }
    }

    fn find(&self, key: &str, variables: &FluentArgs<'_>) -> TeraResult<Option<String>> {
        if let Some(text) = self.table.get(key) {
            return Ok(Some(text.clone()));
        }
        let (id, attribute) = key.split_once('.').map_or((key, None), |(id, attribute)| (id, Some(attribute)));
        let Some(message) = self.messages.get_message(id) else { return Ok(None) };
        let pattern = match attribute {
            None => message.value(),
            Some(attribute) => message.get_attribute(attribute).map(|attribute| attribute.value()),
        };
        let Some(pattern) = pattern else { return Ok(None) };
        let mut errors = Vec::new();
        let text = self.messages.format_pattern(pattern, Some(variables), &mut errors);
        if errors.is_empty() { Ok(Some(text.into_owned())) } else { Err(wrong(key, &errors)) }
    }
}

/// What is wrong with a message or with what it was given.
fn wrong(key: &str, errors: &[FluentError]) -> tera::Error {
    let told: BTreeSet<String> = errors.iter().map(|error| why(key, error)).collect();
    let told: Vec<String> = told.into_iter().collect();
    tera::Error::message(format!("the message `{key}` cannot be written: {}", told.join(", ")))
}

fn why(key: &str, error: &FluentError) -> String {
    let FluentError::ResolverError(error) = error else { return error.to_string() };
    match error {
        ResolverError::Reference(ReferenceKind::Variable { id }) => {
            format!("it needs `${id}`, as in `trans(key=\"{key}\", {id}=…)`")
        }
        ResolverError::Reference(ReferenceKind::Message { id, attribute: None }) => {
            format!("there is no message `{id}`")
        }
        ResolverError::Reference(ReferenceKind::Term { id, attribute: None }) => format!("there is no term `-{id}`"),
        ResolverError::Reference(ReferenceKind::Function { id }) => format!("there is no function `{id}`"),
        other => other.to_string(),
    }
}

/// What `trans` is given beside the key.
fn variables(args: &Kwargs) -> TeraResult<FluentArgs<'_>> {
    let mut variables = FluentArgs::new();
    for (name, value) in args.iter() {
        let Some(name) = name.as_str().filter(|name| !matches!(*name, "key" | "lang")) else { continue };
        variables.set(name.to_owned(), variable(name, value)?);
    }
    Ok(variables)
}

fn variable<'a>(name: &str, value: &'a Value) -> TeraResult<FluentValue<'a>> {
    if let Some(text) = value.as_str() {
        return Ok(FluentValue::String(Cow::Borrowed(text)));
    }
    if let Some(number) = value.as_i64() {
        return Ok(FluentValue::from(number));
    }
    if let Some(number) = value.as_f64() {
        return Ok(FluentValue::from(number));
    }
    Err(tera::Error::message(format!(
        "`{name}` is a variable of a message: a string or a number, not {}",
        value.name()
    )))
}

/// A number as the language of its message writes it.
fn written(value: &FluentValue<'_>, language: &IntlLangMemoizer) -> Option<String> {
    let FluentValue::Number(number) = value else { return None };
    let grouping = if number.options.use_grouping { Grouping::Locale } else { Grouping::Never };
    let write = |spoken: &Spoken| locale::number(&digits(number), &spoken.0, grouping);
    language.with_try_get((), write).unwrap_or_default()
}

fn digits(number: &FluentNumber) -> String {
    let Some(most) = number.options.maximum_fraction_digits else { return number.as_string().into_owned() };
    let least = number.options.minimum_fraction_digits.unwrap_or(0);
    let mut digits = format!("{:.most$}", number.value);
    while let Some(point) = digits.find('.')
        && digits.ends_with(['0', '.'])
        && digits.len() > point + 1 + least
    {
        digits.pop();
    }
    if digits.ends_with('.') {
        digits.pop();
    }
    digits
}

/// The language of a message, for what is called without it.
struct Spoken(Locale);

impl Memoizable for Spoken {
    type Args = ();
    type Error = Infallible;

    fn construct(lang: LanguageIdentifier, (): ()) -> Result<Self, Infallible> {
        Ok(Self(locale::parse(&lang.to_string()).unwrap_or(Locale::UNKNOWN)))
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Words").field("missed", &self.missed).finish_non_exhaustive()
    }
}

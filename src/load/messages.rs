//! The words of a site that need more than a table: messages with plurals and variables, in Fluent files (`i18n/fr.ftl`, or
//! any number of them in `i18n/fr/`), the site's own and its theme's.

use std::{collections::HashSet, ops::Range, sync::Arc};

use fluent_bundle::FluentResource;
use fluent_syntax::ast::Entry;

use super::{Config, Languages, files::Reader};
use crate::diag::{Diagnostic, Source, did_you_mean};

/// A file of messages in one language.
#[derive(Clone, Debug)]
pub struct MessageFile {
    /// The code of one of the site's languages.
    pub lang: String,
    pub source: Source,
    pub resource: Arc<FluentResource>,
}

/// All files in the order in which a message is looked for: the site's, then its theme's.
pub(super) fn read(
    reader: &Reader<'_>,
    root: &str,
    config: &Config,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<MessageFile> {
    let own = read_folder(reader, &format!("{root}/i18n"), Whose::Site, &config.languages, diagnostics);
    let theme = config.theme.as_ref().map(|theme| format!("{root}/themes/{}/i18n", theme.value));
    let themes = theme.map(|folder| read_folder(reader, &folder, Whose::Theme, &config.languages, diagnostics));
    own.into_iter().chain(themes.into_iter().flatten()).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Site,
    /// It may be in languages the site is not in.
    Theme,
}

fn read_folder(
    reader: &Reader<'_>,
    folder: &str,
    whose: Whose,
    languages: &Languages,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<MessageFile> {
    let mut files = Vec::new();
    let mut known = HashSet::new();
    for file in reader.walk(folder, diagnostics) {
        let Some(name) = file.path[folder.len() + 1..].strip_suffix(".ftl") else { continue };
        let lang = name.split('/').next().unwrap_or(name);
        if languages.get(lang).is_none() {
            if whose == Whose::Site {
                diagnostics.push(unused(&file.path, lang, languages));
            }
            continue;
        }
        let Some(source) = reader.text(&file.path, diagnostics) else { continue };
        let resource = parse(&source, diagnostics);
        for id in message_ids(&resource) {
            if !known.insert((lang.to_owned(), id.clone())) {
                let message = format!("the message `{id}` is written twice for the language `{lang}`");
                diagnostics.push(Diagnostic::error_at(&source, place(&source, &id), message));
            }
        }
        files.push(MessageFile { lang: lang.to_owned(), source, resource: Arc::new(resource) });
    }
    files
}

fn unused(path: &str, lang: &str, languages: &Languages) -> Diagnostic {
    let message = format!("nothing uses these messages: the site is not in the language `{lang}`");
    let near = did_you_mean(lang, languages.iter().map(|language| language.code.as_str()));
    let help = near.map_or_else(
        || {
            "a file of messages is called as its language: `i18n/fr.ftl`, or lies in its folder: `i18n/fr/blog.ftl`"
                .to_owned()
        },
        |near| format!("did you mean `{near}`?"),
    );
    Diagnostic::error(path, message).as_warning().with_help(help)
}

/// What can be read of a file; every mistake in it is told.
fn parse(source: &Source, diagnostics: &mut Vec<Diagnostic>) -> FluentResource {
    let (resource, errors) = match FluentResource::try_new(source.text.to_string()) {
        Ok(resource) => return resource,
        Err(found) => found,
    };
    for error in errors {
        let end = source.text.len();
        let span = error.pos.start.min(end)..error.pos.end.min(end);
        let mut message = error.kind.to_string();
        if let Some(first) = message.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        let help = "a message is written `key = text`, and the lines that go on with it are indented \
                    (https://projectfluent.org/fluent/guide/)";
        let message = format!("this message cannot be read: {message}");
        diagnostics.push(Diagnostic::error_at(source, span, message).with_help(help));
    }
    resource
}

/// The names of its messages, and of its terms with their hyphen.
pub fn message_ids(resource: &FluentResource) -> impl Iterator<Item = String> {
    let id = |entry: &Entry<&str>| match entry {
        Entry::Message(message) => Some(message.id.name.to_owned()),
        Entry::Term(term) => Some(format!("-{}", term.id.name)),
        _ => None,
    };
    resource.entries().filter_map(id)
}

/// Where a message stands last in a file.
fn place(source: &Source, id: &str) -> Range<usize> {
    let is_it = |line: &str| line.strip_prefix(id).is_some_and(|rest| rest.trim_start().starts_with('='));
    let mut at = 0;
    let mut found = 0..0;
    for line in source.text.split_inclusive('\n') {
        if is_it(line) {
            found = at..at + id.len();
        }
        at += line.len();
    }
    found
}

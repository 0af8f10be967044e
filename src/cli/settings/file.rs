//! Reads `sitekit.toml`. Every mistake in it is told in one run, with its place; a key nobody knows is a mistake, because
//! a limit that is misspelt is a limit that is not there.

use std::{ops::Range, path::Path};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Origins,
    form::Form,
    key::Key,
    keys::{Config, GROUPS, KEYS},
};
use crate::diag::{Diagnostic, Source, did_you_mean};

/// A file that is being read.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) source: &'a Source,
    /// What relative paths are relative to.
    folder: &'a Path,
    pub(super) origins: &'a mut Origins,
    mistakes: Vec<Diagnostic>,
}

/// Reads `source`, a file in `folder`, into `config`. Returns all mistakes.
pub(super) fn read(source: &Source, folder: &Path, config: &mut Config, origins: &mut Origins) -> Vec<Diagnostic> {
    let (parsed, errors) = DeTable::parse_recoverable(&source.text);
    let mut syntax: Vec<Diagnostic> = Vec::new();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let mistake = Diagnostic::error_at(source, span, error.message().trim().to_owned());
        // What follows on the line of an error is its consequence.
        if syntax.iter().all(|earlier| line(earlier) != line(&mistake)) {
            syntax.push(mistake);
        }
    }
    let mut reader = Reader { source, folder, origins, mistakes: Vec::new() };
    reader.table(KEYS, parsed.get_ref(), "", "", config, |reader, name, value, config| {
        let group = GROUPS.iter().find(|group| group.name == name);
        group.inspect(|group| (group.read)(reader, value, config)).is_some()
    });
    let Reader { mut mistakes, .. } = reader;
    // The parser makes values up to go on after an error.
    mistakes.retain(|mistake| syntax.iter().all(|error| line(error) != line(mistake)));
    mistakes.append(&mut syntax);
    mistakes
}

fn line(diagnostic: &Diagnostic) -> Option<usize> {
    diagnostic.position().map(|(line, _)| line)
}

impl Reader<'_> {
    /// Reads one table of the file. `place` is where it stands (`sites.docs.`), `prefix` how its keys begin; `other` takes
    /// what is no key, and says whether it did.
    pub(super) fn table<T>(
        &mut self,
        keys: &[Key<T>],
        table: &DeTable<'_>,
        place: &str,
        prefix: &str,
        into: &mut T,
        other: impl Fn(&mut Self, &str, &Spanned<DeValue<'_>>, &mut T) -> bool + Copy,
    ) {
        for (name, value) in table {
            let full = format!("{prefix}{}", name.get_ref());
            let below = format!("{full}.");
            if let Some(key) = keys.iter().find(|key| key.name == full) {
                self.value(key, place, value, into);
            } else if other(self, &full, value, into) {
            } else if keys.iter().any(|key| key.name.starts_with(&below)) {
                match value.get_ref() {
                    DeValue::Table(inner) => self.table(keys, inner, place, &below, into, other),
                    _ => self.wrong(value, format!("`{full}` is a table: `[{full}]`")),
                }
            } else {
                self.unknown(keys, name.span(), place, &full);
            }
        }
    }

    fn value<T>(&mut self, key: &Key<T>, place: &str, value: &Spanned<DeValue<'_>>, into: &mut T) {
        let form = (key.form)(into);
        let items: Vec<&Spanned<DeValue<'_>>> = match (&form, value.get_ref()) {
            (Form::List(_), DeValue::Array(items)) => items.iter().collect(),
            _ => vec![value],
        };
        let item_form = if let Form::List(item) = &form { item } else { &form };
        let mut words = Vec::new();
        for &item in &items {
            match word(item_form, item.get_ref()) {
                Some(word) => words.push(self.placed(item_form, word)),
                None => self.wrong(item, format!("`{}` takes {}", key.name, form.takes())),
            }
        }
        if words.len() < items.len() {
            return;
        }
        match (key.read)(into, &words) {
            Ok(()) => {
                let origin = self.origin(value.span().start);
                self.origins.set(&format!("{place}{}", key.name), origin);
            }
            Err(fault) => {
                let at = items.get(fault.word).copied().unwrap_or(value);
                self.mistake(at.span(), format!("`{}` has a value it does not take", key.name), fault.message);
            }
        }
    }

    /// A path is meant from the folder of the file that says it.
    fn placed(&self, form: &Form, word: String) -> String {
        match form {
            Form::Text(text) if text.path.is_some_and(|taken| taken != word) && !word.is_empty() => {
                self.folder.join(word).display().to_string()
            }
            _ => word,
        }
    }

    fn unknown<T>(&mut self, keys: &[Key<T>], span: Range<usize>, place: &str, full: &str) {
        let mistake = Diagnostic::error_at(self.source, span, format!("there is no setting `{place}{full}`"));
        let last = |name: &'static str| name.rsplit('.').next().unwrap_or(name);
        let typed = full.rsplit('.').next().unwrap_or(full);
        let groups = GROUPS.iter().map(|group| group.name).filter(|_| place.is_empty());
        let tables = keys.iter().map(Key::section).filter(|section| !section.is_empty());
        let near = did_you_mean(full, keys.iter().map(|key| key.name).chain(tables).chain(groups));
        // Perhaps it only stands in the wrong table.
        let near = near.or_else(|| {
            let near = did_you_mean(typed, keys.iter().map(|key| last(key.name)))?;
            keys.iter().find(|key| last(key.name) == near).map(|key| key.name)
        });
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if place.is_empty() => "`sitekit check` lists the settings there are".to_owned(),
            None => format!("there are: {}", keys.iter().map(|key| key.name).collect::<Vec<_>>().join(", ")),
        };
        self.mistakes.push(mistake.with_help(help));
    }

    /// A value of a type that is not taken there.
    pub(super) fn wrong(&mut self, value: &Spanned<DeValue<'_>>, message: String) {
        self.mistake(value.span(), message, format!("this is {}", describe(value.get_ref())));
    }

    /// `label` is what is said at the place itself.
    pub(super) fn mistake(&mut self, span: Range<usize>, message: String, label: String) {
        self.mistakes.push(Diagnostic::error_at(self.source, span, message).labelled(label));
    }
}

/// A value of the file as the text the form is read from; `None` when it is of another type.
fn word(form: &Form, value: &DeValue<'_>) -> Option<String> {
    match (form, value) {
        (Form::Switch, DeValue::Boolean(truth)) => Some(truth.to_string()),
        (Form::Count | Form::Size, DeValue::Integer(number)) => {
            i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok().map(|number| number.to_string())
        }
        (Form::Size | Form::Time | Form::OneOf(_) | Form::Text(_), DeValue::String(text)) => Some(text.to_string()),
        _ => None,
    }
}

fn describe(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

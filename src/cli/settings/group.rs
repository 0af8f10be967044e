//! Settings that come in tables of their own, as many as one likes: `[sites.NAME]`, `[[rate_limit]]`. They stand in the
//! file alone: no flag could say which one is meant.

use toml::{Spanned, de::DeValue};

use super::{Origin, file::Reader, key::Key, keys::Config};

/// A kind of table.
#[derive(Debug)]
pub(super) struct Group {
    /// `sites`, `rate_limit`
    pub(super) name: &'static str,
    /// A sentence without a full stop.
    pub(super) doc: &'static str,
    pub(super) shape: Shape,
    pub(super) read: fn(&mut Reader<'_>, &Spanned<DeValue<'_>>, &mut Config),
    /// What each table takes.
    pub(super) keys: fn() -> Vec<Described>,
    /// Each value of each table: its name, words and form.
    pub(super) shown: fn(&Config) -> Vec<Shown>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// `[name.SITE]`
    Named,
    /// `[[name]]`
    Listed,
}

/// A key, whatever the type it is read into.
#[derive(Clone, Debug)]
pub(super) struct Described {
    pub(super) name: &'static str,
    pub(super) doc: &'static str,
    pub(super) form: super::form::Form,
    pub(super) default: Option<Vec<String>>,
    pub(super) unset: &'static str,
    pub(super) required: bool,
    pub(super) when: super::key::When,
}

/// A value as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Shown {
    pub(in crate::cli) name: String,
    /// `None` when nothing is set.
    pub(super) words: Option<Vec<String>>,
    pub(super) form: super::form::Form,
    /// What holds when nothing is set.
    pub(super) unset: &'static str,
    pub(in crate::cli) when: super::key::When,
}

impl Shown {
    /// For programs: lists are lists, counts are numbers.
    pub(in crate::cli) fn json(&self) -> serde_json::Value {
        self.words.as_ref().map_or(serde_json::Value::Null, |words| self.form.json(words))
    }

    /// As text: what was set, or what holds when nothing is.
    pub(in crate::cli) fn text(&self) -> String {
        self.words.as_ref().map_or_else(|| self.unset.to_owned(), |words| words.join(", "))
    }
}

pub(super) fn described<T: Default>(keys: &[Key<T>]) -> Vec<Described> {
    let unset = T::default();
    let described = |key: &Key<T>| Described {
        name: key.name,
        doc: key.doc,
        form: (key.form)(&unset),
        default: (key.words)(&unset),
        unset: key.unset,
        required: key.required,
        when: key.when,
    };
    keys.iter().map(described).collect()
}

/// The values of one table; `prefix` is its name and a dot, or nothing.
pub(super) fn shown<T>(keys: &[Key<T>], table: &T, prefix: &str) -> Vec<Shown> {
    let shown = |key: &Key<T>| Shown {
        name: format!("{prefix}{}", key.name),
        words: (key.words)(table),
        form: (key.form)(table),
        unset: key.unset,
        when: key.when,
    };
    keys.iter().map(shown).collect()
}

impl Reader<'_> {
    /// `[name.SITE]`: calls `put` for each table that was read.
    pub(super) fn named<T: Default, N>(
        &mut self,
        group: &str,
        keys: &[Key<T>],
        value: &Spanned<DeValue<'_>>,
        parse: impl Fn(&str) -> Result<N, String>,
        mut put: impl FnMut(N, T),
    ) {
        let DeValue::Table(tables) = value.get_ref() else {
            return self.wrong(value, format!("`{group}` holds tables: `[{group}.NAME]`"));
        };
        for (name, table) in tables {
            let parsed = parse(name.get_ref());
            let prefix = format!("{group}.{}.", name.get_ref());
            let read = self.one(keys, table, &prefix);
            match (parsed, read) {
                (Ok(name), Some(table)) => put(name, table),
                (Err(why), _) => self.mistake(name.span(), format!("`{group}` has no `{}`", name.get_ref()), why),
                (Ok(_), None) => {}
            }
        }
    }

    /// `[[name]]`: all tables that were read.
    pub(super) fn listed<T: Default>(&mut self, group: &str, keys: &[Key<T>], value: &Spanned<DeValue<'_>>) -> Vec<T> {
        let DeValue::Array(tables) = value.get_ref() else {
            self.wrong(value, format!("`{group}` is a list of tables: `[[{group}]]`"));
            return Vec::new();
        };
        let read = |(place, table)| self.one(keys, table, &format!("{group}.{place}."));
        tables.iter().enumerate().filter_map(read).collect()
    }

    fn one<T: Default>(&mut self, keys: &[Key<T>], value: &Spanned<DeValue<'_>>, prefix: &str) -> Option<T> {
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong(value, format!("`{}` is a table", prefix.trim_end_matches('.')));
            return None;
        };
        let mut read = T::default();
        self.table(keys, table, prefix, "", &mut read, |_, _, _, _| false);
        for key in keys.iter().filter(|key| key.required) {
            if self.origins.of(&format!("{prefix}{}", key.name)).is_none() {
                self.mistake(value.span(), format!("this table lacks `{}`", key.name), key.doc.to_owned());
            }
        }
        Some(read)
    }

    /// Where a value stands.
    pub(super) fn origin(&self, at: usize) -> Origin {
        Origin::File { path: std::sync::Arc::clone(&self.source.path), line: self.source.position(at).0 }
    }
}

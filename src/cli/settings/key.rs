//! One setting: its name, what it means, and where its value goes. Everything that is said of a setting anywhere (help,
//! schema, manual, mistakes) is derived from its `Key`; nothing is said twice.

use super::form::{Fault, Form, Setting};

/// A setting of a table that is read into a `T`.
#[derive(Debug)]
pub(in crate::cli) struct Key<T: 'static> {
    /// As in the file: `limits.header_timeout`.
    pub(super) name: &'static str,
    /// A sentence without a full stop.
    pub(super) doc: &'static str,
    /// Without its dashes. The variable's name is derived from it.
    pub(super) flag: Option<&'static str>,
    /// Another name of the flag.
    pub(super) alias: Option<&'static str>,
    /// Flags that take no value, and the value each stands for.
    pub(super) switches: &'static [(&'static str, &'static str)],
    /// What holds when nothing is set and the default is no constant: `one per core`.
    pub(super) unset: &'static str,
    pub(super) when: When,
    pub(super) required: bool,
    /// The commands that have the flag and heed the variable.
    pub(super) faces: &'static [Face],
    pub(super) form: fn(&T) -> Form,
    pub(super) read: fn(&mut T, &[String]) -> Result<(), Fault>,
    pub(super) words: fn(&T) -> Option<Vec<String>>,
}

/// When a change of the file is heeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum When {
    /// At the next start.
    Restart,
    /// At SIGHUP.
    Reload,
}

/// Who reads settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Face {
    /// `serve`, and `check`, which looks at what `serve` would do.
    Serve,
    Dev,
    Build,
    /// `new`, which writes a site.
    New,
    /// Commands that only look: `stats`.
    Look,
}

/// `key!("name": Form = field, "doc")`: the value lives in `field` of the table, whose type the module
/// calls `Table`.
macro_rules! key {
    ($name:literal: $form:ty = $($field:ident).+, $doc:literal) => {
        Key {
            name: $name,
            doc: $doc,
            flag: None,
            alias: None,
            switches: &[],
            unset: "",
            when: When::Restart,
            required: false,
            faces: &[Face::Serve],
            form: |table: &Table| crate::cli::settings::key::form_of::<$form, _>(&table.$($field).+),
            read: |table: &mut Table, words| {
                table.$($field).+ = Setting::<$form>::read(words)?;
                Ok(())
            },
            words: |table: &Table| Setting::<$form>::words(&table.$($field).+),
        }
    };
}
pub(super) use key;

pub(super) fn form_of<F, V: Setting<F>>(_: &V) -> Form {
    V::form()
}

impl<T> Key<T> {
    /// The flag, without its dashes: `--header-timeout` and `SITEKIT_HEADER_TIMEOUT` set it too.
    pub(super) const fn flag(self, flag: &'static str) -> Self {
        Self { flag: Some(flag), ..self }
    }

    pub(super) const fn alias(self, alias: &'static str) -> Self {
        Self { alias: Some(alias), ..self }
    }

    /// Flags that stand for a value, and variables of the same names.
    pub(super) const fn switches(self, switches: &'static [(&'static str, &'static str)]) -> Self {
        Self { switches, ..self }
    }

    /// A table without it is a mistake.
    pub(super) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// SIGHUP is enough.
    pub(super) const fn reloads(self) -> Self {
        Self { when: When::Reload, ..self }
    }

    pub(super) const fn when_unset(self, unset: &'static str) -> Self {
        Self { unset, ..self }
    }

    pub(super) const fn on(self, faces: &'static [Face]) -> Self {
        Self { faces, ..self }
    }

    /// The part before the last dot: the table of the file it stands in.
    pub(super) fn section(&self) -> &'static str {
        self.name.rsplit_once('.').map_or("", |(section, _)| section)
    }

    /// The variables that set it, with the value each stands for; `None` is the variable's own.
    pub(super) fn variables(&self) -> impl Iterator<Item = (String, Option<&'static str>)> {
        let valued = self.flag.iter().map(|flag| (variable(flag), None));
        valued.chain(self.switches.iter().map(|(flag, value)| (variable(flag), Some(*value))))
    }
}

/// `SITEKIT_HEADER_TIMEOUT` of `header-timeout`.
pub(super) fn variable(flag: &str) -> String {
    format!("SITEKIT_{}", flag.to_ascii_uppercase().replace('-', "_"))
}

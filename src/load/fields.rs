//! Takes a table apart key by key. A wrong type or an unknown word is a diagnostic with its place, and the rest is
//! still read: an author sees all mistakes of a file in one run.

use std::ops::Range;

use super::value::{Node, Spanned, Table, Value};
use crate::diag::{Diagnostic, Severity, Source, did_you_mean};

/// What is left of a table, and where its diagnostics go.
pub(super) struct Fields<'a> {
    source: &'a Source,
    /// Where the table hangs, for messages: `markdown.`, or nothing.
    prefix: String,
    table: Vec<(Spanned<String>, Node)>,
    known: Vec<&'static str>,
    /// Those of `known` that were there.
    taken: Vec<&'static str>,
    /// What a key is that nobody takes.
    unknown: Severity,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(source: &'a Source, table: Table, diagnostics: &'a mut Vec<Diagnostic>) -> Self {
        Self {
            source,
            prefix: String::new(),
            table: table.0,
            known: Vec::new(),
            taken: Vec::new(),
            unknown: Severity::Warning,
            diagnostics,
        }
    }

    /// Takes a key's value as it stands. A YAML key without a value is as good as absent.
    pub(super) fn node(&mut self, key: &'static str) -> Option<Node> {
        self.known.push(key);
        let at = self.table.iter().position(|(name, _)| name.value == key)?;
        self.taken.push(key);
        Some(self.table.remove(at).1).filter(|node| node.value != Value::Null)
    }

    pub(super) fn string(&mut self, key: &'static str) -> Option<Spanned<String>> {
        let node = self.node(key)?;
        let text = match node.value {
            Value::String(text) => text,
            // YAML guesses: `title: 404`, `title: 2024-01-02`, `title: true`.
            Value::Integer(number) if self.is_yaml() => number.to_string(),
            Value::Float(_) | Value::Bool(_) if self.is_yaml() => self.source.text[node.span.clone()].to_owned(),
            other => return self.mismatch(key, "a string", &other, node.span),
        };
        Some(Spanned { value: text, span: node.span })
    }

    /// A string that must not be empty.
    pub(super) fn name(&mut self, key: &'static str) -> Option<Spanned<String>> {
        let name = self.string(key)?;
        if name.value.trim().is_empty() {
            self.error(name.span, format!("`{}{key}` cannot be empty", self.prefix));
            return None;
        }
        Some(name)
    }

    pub(super) fn bool(&mut self, key: &'static str) -> Option<bool> {
        let node = self.node(key)?;
        match node.value {
            Value::Bool(truth) => Some(truth),
            other => self.mismatch(key, "`true` or `false`", &other, node.span),
        }
    }

    /// The place where a switch is turned on.
    pub(super) fn enabled(&mut self, key: &'static str) -> Option<Range<usize>> {
        let node = self.node(key)?;
        match node.value {
            Value::Bool(truth) => truth.then_some(node.span),
            other => self.mismatch(key, "`true` or `false`", &other, node.span),
        }
    }

    pub(super) fn integer(&mut self, key: &'static str) -> Option<i64> {
        let node = self.node(key)?;
        match node.value {
            Value::Integer(number) => Some(number),
            other => self.mismatch(key, "an integer", &other, node.span),
        }
    }

    /// An integer that counts something.
    pub(super) fn count(&mut self, key: &'static str) -> Option<usize> {
        let node = self.node(key)?;
        match node.value {
            Value::Integer(number) if number >= 0 => usize::try_from(number).ok(),
            other => self.mismatch(key, "an integer of at least 0", &other, node.span),
        }
    }

    pub(super) fn strings(&mut self, key: &'static str) -> Option<Vec<Spanned<String>>> {
        let node = self.node(key)?;
        match node.value {
            Value::Array(items) => Some(self.string_items(key, items)),
            other => self.mismatch(key, "a list of strings", &other, node.span),
        }
    }

    pub(super) fn string_items(&mut self, key: &str, items: Vec<Node>) -> Vec<Spanned<String>> {
        let mut strings = Vec::with_capacity(items.len());
        for item in items {
            match item.value {
                Value::String(value) => strings.push(Spanned { value, span: item.span }),
                Value::Integer(number) if self.is_yaml() => {
                    strings.push(Spanned { value: number.to_string(), span: item.span });
                }
                other => {
                    let _: Option<()> = self.mismatch(key, "a list of strings", &other, item.span);
                }
            }
        }
        strings
    }

    pub(super) fn table(&mut self, key: &'static str) -> Option<Table> {
        let node = self.node(key)?;
        match node.value {
            Value::Table(table) => Some(table),
            other => self.mismatch(key, "a table", &other, node.span),
        }
    }

    /// The keys of an inner table, for as long as `read` needs them; those it leaves are unknown.
    pub(super) fn within<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Fields<'_>) -> T) -> Option<T> {
        let table = self.table(key)?;
        Some(self.inside(key, table, self.unknown, read))
    }

    /// The same, and a key that `read` leaves is an error: what it should have said would be missing without a word.
    pub(super) fn within_ours<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Fields<'_>) -> T) -> Option<T> {
        let table = self.table(key)?;
        Some(self.inside(key, table, Severity::Error, read))
    }

    /// The keys of each table of a list, as `[[key]]` makes one, with the place of the table.
    pub(super) fn each<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Fields<'_>, Range<usize>) -> Option<T>,
    ) -> Vec<T> {
        let Some(node) = self.node(key) else { return Vec::new() };
        let Value::Array(items) = node.value else {
            let help = format!("begin each with a line `[[{}{key}]]`", self.prefix);
            let message = format!("`{}{key}` is a list of tables, not {}", self.prefix, node.value.describe());
            self.push(Diagnostic::error_at(self.source, node.span, message).with_help(help));
            return Vec::new();
        };
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            match item.value {
                Value::Table(table) => {
                    values.extend(self.inside(key, table, self.unknown, |fields| read(fields, item.span)));
                }
                other => drop(self.mismatch::<()>(key, "a list of tables", &other, item.span)),
            }
        }
        values
    }

    /// The keys of each table in a table whose keys are names of the author's.
    pub(super) fn tables<T>(
        &mut self,
        key: &'static str,
        mut read: impl FnMut(&mut Fields<'_>, Spanned<String>) -> Option<T>,
    ) -> Vec<T> {
        let mut values = Vec::new();
        for (name, node) in self.table(key).unwrap_or_default().0 {
            let inner = format!("{key}.{}", name.value);
            match node.value {
                Value::Table(table) => {
                    values.extend(self.inside(&inner, table, self.unknown, |fields| read(fields, name)));
                }
                other => drop(self.mismatch::<()>(&inner, "a table", &other, node.span)),
            }
        }
        values
    }

    fn inside<T>(&mut self, key: &str, table: Table, unknown: Severity, read: impl FnOnce(&mut Fields<'_>) -> T) -> T {
        let mut inner = Fields {
            source: self.source,
            prefix: format!("{}{key}.", self.prefix),
            table: table.0,
            known: Vec::new(),
            taken: Vec::new(),
            unknown,
            diagnostics: &mut *self.diagnostics,
        };
        let value = read(&mut inner);
        inner.report_unknown();
        value
    }

    /// A value that must be there: when it is not, that is an error about the table at `place`.
    pub(super) fn required<T>(&mut self, key: &str, place: &Range<usize>, value: Option<T>) -> Option<T> {
        // What is there and wrong has been told.
        if value.is_none() && !self.had(key) {
            self.error(place.clone(), format!("`{}{key}` is missing", self.prefix));
        }
        value
    }

    /// Whether the table had this key when its tables were looked at: it is gone from what is left.
    fn had(&self, key: &str) -> bool {
        self.taken.contains(&key)
    }

    /// Those of the keys that were asked for which are there.
    pub(super) fn taken(&self) -> &[&'static str] {
        &self.taken
    }

    /// A string, or a list of strings.
    pub(super) fn one_or_more(&mut self, key: &'static str) -> Option<Vec<Spanned<String>>> {
        let node = self.node(key)?;
        match node.value {
            Value::String(value) => Some(vec![Spanned { value, span: node.span }]),
            Value::Array(items) => Some(self.string_items(key, items)),
            other => self.mismatch(key, "a string or a list of strings", &other, node.span),
        }
    }

    /// The text of a value of the table `key`.
    pub(super) fn text_of(&mut self, key: &str, node: Node) -> Option<Spanned<String>> {
        match node.value {
            Value::String(value) => Some(Spanned { value, span: node.span }),
            other => self.mismatch(key, "a table of strings", &other, node.span),
        }
    }

    /// The name of a key of this table, as it is told.
    pub(super) fn name_of(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&mut self, key: &'static str, words: &[(&'static str, T)]) -> Option<T> {
        let word = self.string(key)?;
        if let Some((_, value)) = words.iter().find(|(name, _)| *name == word.value) {
            return Some(*value);
        }
        let list = words.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let mut diagnostic = Diagnostic::error_at(
            self.source,
            word.span,
            format!("`{}{key}` is one of {list}, not `{}`", self.prefix, word.value),
        );
        if let Some(meant) = did_you_mean(&word.value, words.iter().map(|(name, _)| *name)) {
            diagnostic = diagnostic.with_help(format!("did you mean `{meant}`?"));
        }
        self.diagnostics.push(diagnostic);
        None
    }

    /// Says that a key is known, without taking it.
    pub(super) fn knows(&mut self, keys: &[&'static str]) {
        for key in keys {
            let _ = self.node(key);
        }
    }

    pub(super) fn error(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error_at(self.source, span, message));
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    pub(super) fn source(&self) -> &'a Source {
        self.source
    }

    /// Tells of every key that nobody took.
    pub(super) fn report_unknown(&mut self) {
        for (key, _) in std::mem::take(&mut self.table) {
            let message = format!("`{}{}` is not a key sitekit knows", self.prefix, key.value);
            let mut diagnostic = Diagnostic::error_at(self.source, key.span, message);
            diagnostic.severity = self.unknown;
            if let Some(meant) = did_you_mean(&key.value, self.known.iter().copied()) {
                diagnostic = diagnostic.with_help(format!("did you mean `{meant}`?"));
            }
            self.diagnostics.push(diagnostic);
        }
    }

    /// The keys that nobody took, and those that were asked for.
    pub(super) fn into_rest(self) -> (Vec<(Spanned<String>, Node)>, Vec<&'static str>) {
        (self.table, self.known)
    }

    pub(super) fn mismatch<T>(&mut self, key: &str, expected: &str, got: &Value, span: Range<usize>) -> Option<T> {
        self.error(span, format!("`{}{key}` is {expected}, not {}", self.prefix, got.describe()));
        None
    }

    fn is_yaml(&self) -> bool {
        self.source.text.trim_start().starts_with("---")
    }
}

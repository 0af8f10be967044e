//! Structured data as an author wrote it, TOML or YAML, with the place of every key and value: what a diagnostic
//! points at, and what `extra` hands to templates. One tree for both, so that a key is checked by one piece of code.

use std::{fmt, ops::Range};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::diag::{Diagnostic, Source};

/// A value and where it stands: bytes of the file's text.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Range<usize>,
}

pub type Node = Spanned<Value>;

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    String(String),
    /// As it was written (RFC 3339, or a part of it).
    Date(String),
    Array(Vec<Node>),
    Table(Table),
}

/// Keys in the order they were written; TOML's are sorted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table(pub Vec<(Spanned<String>, Node)>);

impl Value {
    /// What it is, for a message: `a string`.
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number",
            Self::String(_) => "a string",
            Self::Date(_) => "a date",
            Self::Array(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

impl Table {
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.0.iter().find(|(name, _)| name.value == key).map(|(_, node)| node)
    }

    /// Drops what stands at these places: values that a parser made up to go on.
    fn forget(&mut self, broken: &[usize]) {
        self.0.retain_mut(|(key, node)| match &mut node.value {
            Value::Table(inner) => {
                inner.forget(broken);
                true
            }
            _ => !broken.iter().any(|at| (key.span.start..=node.span.end).contains(at)),
        });
    }

    /// Lets `self` win where both have a key; tables are merged.
    pub fn inherit(&mut self, defaults: Self) {
        for (key, default) in defaults.0 {
            match (self.0.iter_mut().find(|(name, _)| name.value == key.value), default.value) {
                (None, value) => self.0.push((key, Spanned { value, span: default.span })),
                (Some((_, Spanned { value: Value::Table(own), .. })), Value::Table(inner)) => own.inherit(inner),
                (Some(_), _) => {}
            }
        }
    }
}

/// Reads a file of data as TOML.
///
/// # Errors
/// The first syntax error.
pub fn toml(source: &Source) -> Result<Table, Box<Diagnostic>> {
    let mut found = Vec::new();
    let table = parse_toml(source, 0..source.text.len(), &mut found);
    found.into_iter().next().map_or(Ok(table), |first| Err(Box::new(first)))
}

/// Reads a file of data as YAML; nothing at all is [`Value::Null`].
///
/// # Errors
/// The syntax error.
pub fn yaml(source: &Source) -> Result<Node, Box<Diagnostic>> {
    if source.text.trim().is_empty() {
        return Ok(Spanned { value: Value::Null, span: 0..0 });
    }
    let root = serde_saphyr::from_str::<serde_saphyr::Spanned<Yaml>>(&source.text).map_err(|error| {
        let (message, at) = yaml_error(&error);
        Box::new(Diagnostic::error_at(source, at..at.saturating_add(1), message))
    })?;
    Ok(Places::same(0).node(root))
}

/// Reads the part `range` of a file as TOML. All syntax errors are reported, and what could be read is returned.
pub(super) fn parse_toml(source: &Source, range: Range<usize>, diagnostics: &mut Vec<Diagnostic>) -> Table {
    let text = &source.text[range.clone()];
    let (table, errors) = toml::de::DeTable::parse_recoverable(text);
    let mut broken = Vec::new();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        // What follows on the line of an error is its consequence.
        let line = text[..text.floor_char_boundary(span.start)].rfind('\n').map_or(0, |at| at + 1);
        let is_consequence = broken.iter().any(|&at| at >= range.start + line);
        broken.push(range.start + span.start);
        if is_consequence {
            continue;
        }
        let message = match error.message().trim() {
            "duplicate key" => format!("`{}` is set twice in one table", &text[span.clone()]),
            message => message.to_owned(),
        };
        diagnostics.push(Diagnostic::error_at(source, range.start + span.start..range.start + span.end, message));
    }
    let mut table = toml_table(table.into_inner(), range.start);
    table.forget(&broken);
    table
}

fn toml_table(table: toml::de::DeTable<'_>, shift: usize) -> Table {
    let entries = table.into_iter().map(|(key, value)| {
        let span = key.span();
        let key = Spanned { span: shift + span.start..shift + span.end, value: key.into_inner().into_owned() };
        (key, toml_node(value, shift))
    });
    let mut entries: Vec<_> = entries.collect();
    entries.sort_by_key(|(key, _)| key.span.start);
    Table(entries)
}

fn toml_node(node: toml::Spanned<toml::de::DeValue<'_>>, shift: usize) -> Node {
    use toml::de::DeValue;
    let span = shift + node.span().start..shift + node.span().end;
    let value = match node.into_inner() {
        DeValue::String(text) => Value::String(text.into_owned()),
        DeValue::Integer(number) => match i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()) {
            Ok(integer) => Value::Integer(integer),
            Err(_) => Value::String(number.to_string()),
        },
        DeValue::Float(number) => {
            number.as_str().replace('_', "").parse().map_or_else(|_| Value::String(number.to_string()), Value::Float)
        }
        DeValue::Boolean(truth) => Value::Bool(truth),
        DeValue::Datetime(date) => Value::Date(date.to_string()),
        DeValue::Array(items) => Value::Array(items.into_iter().map(|item| toml_node(item, shift)).collect()),
        DeValue::Table(table) => Value::Table(toml_table(table, shift)),
    };
    Spanned { value, span }
}

/// Reads the part `range` of a file as one YAML mapping; nothing at all is an empty one.
///
/// A plain scalar may not begin with `%` or `@` in YAML, and people write them in lists all the same (`- %`): such
/// lines are read as if they were quoted.
pub(super) fn parse_yaml(source: &Source, range: Range<usize>, diagnostics: &mut Vec<Diagnostic>) -> Table {
    let text = &source.text[range.clone()];
    if text.trim().is_empty() {
        return Table::default();
    }
    match serde_saphyr::from_str::<serde_saphyr::Spanned<Yaml>>(text) {
        Ok(root) => return yaml_root(source, root, &Places::same(range.start), diagnostics),
        Err(error) => {
            let (quoted, places) = quote_indicators(text, range.start);
            if let Some(quoted) = quoted
                && let Ok(root) = serde_saphyr::from_str(&quoted)
            {
                return yaml_root(source, root, &places, diagnostics);
            }
            let (message, at) = yaml_error(&error);
            let start = range.start + text.floor_char_boundary(at.min(text.len()));
            diagnostics.push(Diagnostic::error_at(source, start..start + 1, message));
        }
    }
    Table::default()
}

fn yaml_root(
    source: &Source,
    root: serde_saphyr::Spanned<Yaml>,
    places: &Places,
    diagnostics: &mut Vec<Diagnostic>,
) -> Table {
    let root = places.node(root);
    match root.value {
        Value::Table(table) => table,
        Value::Null => Table::default(),
        other => {
            let message = format!("front matter is a list of `key: value`, and this is {}", other.describe());
            diagnostics.push(Diagnostic::error_at(source, root.span, message));
            Table::default()
        }
    }
}

/// The first line of a YAML error, without the place and the excerpt that it draws itself.
fn yaml_error(error: &serde_saphyr::Error) -> (String, usize) {
    let error = error.without_snippet();
    let location = error.location();
    let text = error.to_string();
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("invalid YAML").trim();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    let message = match (line.rfind(" at line "), line.strip_prefix("line ")) {
        (Some(end), _) => &line[..end],
        (None, Some(rest)) => rest.split_once(": ").map_or(line, |(_, message)| message),
        (None, None) => line,
    };
    let at = location.and_then(|location| location.span().byte_offset()).unwrap_or(0);
    (message.to_owned(), usize::try_from(at).unwrap_or(usize::MAX))
}

/// Quotes plain scalars that begin with `%`, `@` or a backtick. `None` when there are none.
fn quote_indicators(text: &str, shift: usize) -> (Option<String>, Places) {
    let mut quoted = String::with_capacity(text.len() + 16);
    let mut inserted = Vec::new();
    for line in text.split_inclusive('\n') {
        let end = line.trim_end().len();
        let start = line.find(|c: char| !c.is_whitespace()).unwrap_or(end);
        let start = match line[start..].strip_prefix("- ") {
            Some(item) => start + 2 + (item.len() - item.trim_start().len()),
            None => match line[start..end].find(": ") {
                Some(colon) => start + colon + 2,
                None => start,
            },
        };
        let scalar = line.get(start..end).unwrap_or("");
        if start > 0 && scalar.starts_with(['%', '@', '`']) {
            quoted.push_str(&line[..start]);
            inserted.push(quoted.len());
            quoted.push('\'');
            quoted.push_str(&scalar.replace('\'', "''"));
            inserted.push(quoted.len());
            quoted.push('\'');
            quoted.push_str(&line[end..]);
        } else {
            quoted.push_str(line);
        }
    }
    let any = !inserted.is_empty();
    (any.then_some(quoted), Places { shift, inserted })
}

/// From bytes of the text that was parsed to bytes of the file.
struct Places {
    shift: usize,
    /// Where a byte was inserted, ascending.
    inserted: Vec<usize>,
}

impl Places {
    fn same(shift: usize) -> Self {
        Self { shift, inserted: Vec::new() }
    }

    fn offset(&self, at: usize) -> usize {
        self.shift + at - self.inserted.iter().take_while(|&&inserted| inserted < at).count()
    }

    fn span(&self, location: serde_saphyr::Location) -> Range<usize> {
        let span = location.span();
        let number = |value: Option<u64>| usize::try_from(value.unwrap_or(0)).unwrap_or(0);
        let (start, len) = (number(span.byte_offset()), number(span.byte_len()));
        self.offset(start)..self.offset(start + len)
    }

    fn node(&self, spanned: serde_saphyr::Spanned<Yaml>) -> Node {
        let span = self.span(spanned.referenced);
        let value = match spanned.value {
            Yaml::Scalar(value) => value,
            Yaml::Sequence(items) => Value::Array(items.into_iter().map(|item| self.node(item)).collect()),
            Yaml::Mapping(entries) => Value::Table(Table(
                entries
                    .into_iter()
                    .map(|(key, value)| {
                        let span = self.span(key.referenced);
                        (Spanned { value: key.value, span }, self.node(value))
                    })
                    .collect(),
            )),
        };
        Spanned { value, span }
    }
}

enum Yaml {
    Scalar(Value),
    Sequence(Vec<serde_saphyr::Spanned<Yaml>>),
    Mapping(Vec<(serde_saphyr::Spanned<String>, serde_saphyr::Spanned<Yaml>)>),
}

impl<'de> Deserialize<'de> for Yaml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(YamlVisitor)
    }
}

struct YamlVisitor;

impl<'de> Visitor<'de> for YamlVisitor {
    type Value = Yaml;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Yaml, D::Error> {
        Yaml::deserialize(deserializer)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(Value::Bool(truth)))
    }

    fn visit_i64<E>(self, integer: i64) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(Value::Integer(integer)))
    }

    fn visit_u64<E>(self, integer: u64) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(i64::try_from(integer).map_or_else(|_| Value::String(integer.to_string()), Value::Integer)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(Value::Float(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(Value::String(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Yaml, E> {
        Ok(Yaml::Scalar(Value::String(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Yaml, A::Error> {
        let mut sequence = Vec::new();
        while let Some(item) = items.next_element()? {
            sequence.push(item);
        }
        Ok(Yaml::Sequence(sequence))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Yaml, A::Error> {
        let mut mapping = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            mapping.push(entry);
        }
        Ok(Yaml::Mapping(mapping))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree with, for every leaf, the text its span covers.
    fn show(source: &Source, table: &Table) -> String {
        table.0.iter().fold(String::new(), |out, (key, value)| {
            assert!(source.text[key.span.clone()].contains(&key.value), "{key:?}");
            out + &format!("{}={}", key.value, show_node(source, value))
        })
    }

    fn show_node(source: &Source, node: &Node) -> String {
        match &node.value {
            Value::Array(items) => {
                format!("[{}]", items.iter().map(|item| show_node(source, item)).collect::<Vec<_>>().concat())
            }
            Value::Table(inner) => format!("{{{}}}", show(source, inner)),
            leaf => format!("{leaf:?}<{}> ", &source.text[node.span.clone()]),
        }
    }

    #[track_caller]
    fn check(parse: fn(&Source, Range<usize>, &mut Vec<Diagnostic>) -> Table, text: &str, expected: &str) {
        let source = Source::new("a.md", format!("---\n{text}"));
        let mut diagnostics = Vec::new();
        let table = parse(&source, 4..source.text.len(), &mut diagnostics);
        let told = diagnostics.iter().map(|diagnostic| {
            let (line, column) = diagnostic.position().unwrap();
            format!("! {line}:{column} {}", diagnostic.message)
        });
        let shown = show(&source, &table).trim_end().to_owned() + &told.collect::<Vec<_>>().concat();
        assert_eq!(shown, expected);
    }

    #[test]
    fn toml() {
        check(parse_toml, "b = 1\na = 'x'", "b=Integer(1)<1> a=String(\"x\")<'x'>");
        check(parse_toml, "[t]\nd = 2024-01-02", "t={d=Date(\"2024-01-02\")<2024-01-02> }");
        check(parse_toml, "a = [1_000, true]", "a=[Integer(1000)<1_000> Bool(true)<true> ]");
        check(parse_toml, "a = 1\nb = ", "a=Integer(1)<1>! 3:5 string values must be quoted, expected literal string");
    }

    #[test]
    fn yaml() {
        check(parse_yaml, "", "");
        check(parse_yaml, "b: 1\nä: x", "b=Integer(1)<1> ä=String(\"x\")<x>");
        check(parse_yaml, "ms.date: 09/26/2023", "ms.date=String(\"09/26/2023\")<09/26/2023>");
        check(
            parse_yaml,
            "d: 2024-01-02\nn:\nt: true",
            "d=String(\"2024-01-02\")<2024-01-02> n=Null<> t=Bool(true)<true>",
        );
        check(
            parse_yaml,
            "a:\n- %\n- foreach\nt: @me",
            "a=[String(\"%\")<%> String(\"foreach\")<foreach> ]t=String(\"@me\")<@me>",
        );
        check(parse_yaml, "t: {a: [1]}\r\nu: 2\r\n", "t={a=[Integer(1)<1> ]}u=Integer(2)<2>");
        check(parse_yaml, "- a", "! 2:1 front matter is a list of `key: value`, and this is a list");
    }
}

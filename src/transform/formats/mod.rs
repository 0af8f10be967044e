//! Data as authors keep it, TOML, JSON, YAML, CSV, XML and `BibTeX`, as values a template can walk through, in the shapes Zola
//! gives them. Keys keep the order they were written in; a mistake has its place in the data.

mod bibtex;
mod json;
mod xml;

use tera::{Map, Value};

use crate::{
    diag::{Diagnostic, Source},
    load::{self, Node, Table},
};

/// How a text is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Format {
    Toml,
    Json,
    Yaml,
    Csv,
    Xml,
    Bibtex,
    /// Not at all: the text is the value.
    Plain,
}

/// The words templates have for them.
pub const FORMATS: [(&str, Format); 8] = [
    ("toml", Format::Toml),
    ("json", Format::Json),
    ("yaml", Format::Yaml),
    ("yml", Format::Yaml),
    ("csv", Format::Csv),
    ("xml", Format::Xml),
    ("bibtex", Format::Bibtex),
    ("plain", Format::Plain),
];

impl Format {
    /// The format a template names.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        FORMATS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, format)| *format)
    }

    /// The format of a file, by the end of its name.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        if extension.eq_ignore_ascii_case("bib") {
            return Self::Bibtex;
        }
        Self::named(extension).unwrap_or(Self::Plain)
    }

    /// The media type to ask another host for.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Toml => "application/toml",
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
            Self::Csv => "text/csv",
            Self::Xml => "text/xml",
            Self::Bibtex => "application/x-bibtex",
            Self::Plain => "text/plain",
        }
    }
}

/// Reads a text.
///
/// # Errors
/// What is wrong with it, the first in its order.
pub fn parse(format: Format, source: &Source) -> Result<Value, Box<Diagnostic>> {
    match format {
        Format::Toml => load::toml(source).map(|table| of_table(&table)),
        Format::Yaml => load::yaml(source).map(|node| of_node(&node)),
        Format::Json => json::parse(source),
        Format::Csv => csv(source),
        Format::Xml => xml::parse(source),
        Format::Bibtex => bibtex::parse(source),
        Format::Plain => Ok(Value::from(&*source.text)),
    }
}

/// A table as an author wrote it.
#[must_use]
pub fn of_table(written: &Table) -> Value {
    let mut map = Map::with_capacity(written.0.len());
    for (key, value) in &written.0 {
        map.insert(key.value.clone().into(), of_node(value));
    }
    Value::from(map)
}

fn of_node(written: &Node) -> Value {
    match &written.value {
        load::Value::Null => Value::none(),
        load::Value::Bool(truth) => (*truth).into(),
        load::Value::Integer(number) => (*number).into(),
        load::Value::Float(number) => (*number).into(),
        load::Value::String(text) | load::Value::Date(text) => text.as_str().into(),
        load::Value::Array(items) => Value::from(items.iter().map(of_node).collect::<Vec<_>>()),
        load::Value::Table(inner) => of_table(inner),
    }
}

/// `headers` and `records`, all of them strings: nothing else is known of them.
fn csv(source: &Source) -> Result<Value, Box<Diagnostic>> {
    let mistake = |error: &csv::Error| {
        let at = error.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(0);
        let message = match error.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("this record has {len} fields, and those before have {expected_len}")
            }
            _ => format!("this is not CSV: {error}"),
        };
        let line = source.text[at..].find('\n').unwrap_or(source.text.len() - at);
        Box::new(Diagnostic::error_at(source, at..at + line, message))
    };
    let list = |record: &csv::StringRecord| Value::from(record.iter().map(Value::from).collect::<Vec<_>>());
    let mut reader = csv::Reader::from_reader(source.text.as_bytes());
    let headers = list(reader.headers().map_err(|error| mistake(&error))?);
    let records = reader.records().map(|record| record.map(|record| list(&record)));
    let records = records.collect::<Result<Vec<_>, _>>().map_err(|error| mistake(&error))?;
    let mut map = Map::with_capacity(2);
    map.insert("headers".into(), headers);
    map.insert("records".into(), records.into());
    Ok(Value::from(map))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value as JSON, or the place and the message.
    #[track_caller]
    pub(super) fn check(format: Format, text: &str, expected: &str) {
        let found = match parse(format, &Source::new("a", text)) {
            Ok(value) => serde_json::to_string(&value).unwrap(),
            Err(mistake) => {
                let (line, column) = mistake.position().unwrap();
                format!("! {line}:{column} {}", mistake.message)
            }
        };
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn formats_by_name() {
        for (path, expected) in [
            ("data/a.toml", Format::Toml),
            ("a.b/c.JSON", Format::Json),
            ("a.yml", Format::Yaml),
            ("refs.bib", Format::Bibtex),
            ("a.json/b", Format::Plain),
            ("a.svg", Format::Plain),
            ("csv", Format::Plain),
        ] {
            assert_eq!(Format::of_path(path), expected, "{path}");
        }
    }

    #[test]
    fn toml_and_yaml() {
        check(
            Format::Toml,
            "z = 1\na = [true, 1.5]\n[t]\nd = 2024-01-02\n",
            r#"{"z":1,"a":[true,1.5],"t":{"d":"2024-01-02"}}"#,
        );
        check(Format::Toml, "a = 1\nb = \n", "! 2:5 string values must be quoted, expected literal string");
        check(Format::Yaml, "- a: 1\n  b: ~\n- x\n", r#"[{"a":1,"b":null},"x"]"#);
        check(Format::Yaml, "", "null");
        check(Format::Yaml, "a: [1\n", "! 1:1 unclosed bracket '['");
    }

    #[test]
    fn csv_has_headers_and_records() {
        check(
            Format::Csv,
            "Number, Title\n1,Gutenberg\n2,\"Prin,ting\"\n",
            r#"{"headers":["Number"," Title"],"records":[["1","Gutenberg"],["2","Prin,ting"]]}"#,
        );
        check(Format::Csv, "a,b\n1,2\n3\n", "! 3:1 this record has 1 fields, and those before have 2");
        check(Format::Csv, "", r#"{"headers":[],"records":[]}"#);
    }
}

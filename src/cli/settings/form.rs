//! The forms a setting can have: a time, a size, a name. Each says what it takes, and how a type of the program is read
//! from it and written in it; where a value stands (file, environment, flag) is not known here.

use std::{
    net::SocketAddr,
    num::{NonZero, NonZeroU64},
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;
use serde_json::{Value, json};

use crate::{
    cli::typed,
    site::{HostPattern, SiteName},
};

/// What a setting looks like, for people and for schemas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Form {
    /// `true` or `false`
    Switch,
    /// A whole number from 1 on.
    Count,
    /// Bytes: a number, or a text with a unit.
    Size,
    /// A text with a unit.
    Time,
    /// One of these words.
    OneOf(Vec<&'static str>),
    Text(Text),
    /// In the file an array, elsewhere separated by commas.
    List(Box<Self>),
}

/// A text that is not just any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Text {
    /// In upper case, as help has it.
    pub(super) name: &'static str,
    /// With its article: `a host`.
    pub(super) what: &'static str,
    pub(super) example: &'static str,
    /// It is a path: relative ones in a file are meant from the file's folder. The word in it is taken as it is.
    pub(super) path: Option<&'static str>,
}

/// Which of the words given was wrong, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) word: usize,
    pub(super) message: String,
}

/// A type that holds a setting of the form `F`.
pub(super) trait Setting<F>: Sized {
    fn form() -> Form;

    /// `words` has one item, or any number when the form is a list.
    fn read(words: &[String]) -> Result<Self, Fault>;

    /// What `read` takes; `None` when nothing is set.
    fn words(&self) -> Option<Vec<String>>;
}

/// A type that is written in one word.
pub(super) trait Word<F>: Sized {
    fn form() -> Form;
    fn parse(word: &str) -> Result<Self, String>;
    fn word(&self) -> String;
}

impl<F, T: Word<F>> Setting<F> for T {
    fn form() -> Form {
        T::form()
    }

    fn read(words: &[String]) -> Result<Self, Fault> {
        let word = words.first().map_or("", String::as_str);
        T::parse(word).map_err(|message| Fault { word: 0, message })
    }

    fn words(&self) -> Option<Vec<String>> {
        Some(vec![self.word()])
    }
}

/// It may be unset.
#[derive(Debug)]
pub(super) struct Maybe<F>(F);

impl<F, T: Word<F>> Setting<Maybe<F>> for Option<T> {
    fn form() -> Form {
        T::form()
    }

    fn read(words: &[String]) -> Result<Self, Fault> {
        <T as Setting<F>>::read(words).map(Some)
    }

    fn words(&self) -> Option<Vec<String>> {
        self.as_ref().map(|value| vec![value.word()])
    }
}

#[derive(Debug)]
pub(super) struct List<F>(F);

impl<F, T: Word<F>> Setting<List<F>> for Vec<T> {
    fn form() -> Form {
        Form::List(Box::new(T::form()))
    }

    fn read(words: &[String]) -> Result<Self, Fault> {
        let read = |(word, text): (usize, &String)| T::parse(text).map_err(|message| Fault { word, message });
        words.iter().enumerate().map(read).collect()
    }

    fn words(&self) -> Option<Vec<String>> {
        (!self.is_empty()).then(|| self.iter().map(Word::word).collect())
    }
}

/// An empty list is said, and is not the same as nothing.
impl<F, T: Word<F>> Setting<Maybe<List<F>>> for Option<Vec<T>> {
    fn form() -> Form {
        <Vec<T> as Setting<List<F>>>::form()
    }

    fn read(words: &[String]) -> Result<Self, Fault> {
        <Vec<T> as Setting<List<F>>>::read(words).map(Some)
    }

    fn words(&self) -> Option<Vec<String>> {
        self.as_ref().map(|values| values.iter().map(Word::word).collect())
    }
}

#[derive(Debug)]
pub(super) struct Switch;

impl Word<Switch> for bool {
    fn form() -> Form {
        Form::Switch
    }

    fn parse(word: &str) -> Result<Self, String> {
        match word.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err("this takes true or false".to_owned()),
        }
    }

    fn word(&self) -> String {
        self.to_string()
    }
}

#[derive(Debug)]
pub(super) struct Count;

/// Counts in the types the program counts in; 0 is never meant.
macro_rules! counts {
    ($($integer:ty),*) => {$(
        impl Word<Count> for NonZero<$integer> {
            fn form() -> Form {
                Form::Count
            }

            fn parse(word: &str) -> Result<Self, String> {
                word.parse().map_err(|_| format!("a count is a whole number from 1 to {}", Self::MAX))
            }

            fn word(&self) -> String {
                self.to_string()
            }
        }

        impl Word<Count> for $integer {
            fn form() -> Form {
                Form::Count
            }

            fn parse(word: &str) -> Result<Self, String> {
                <NonZero<Self> as Word<Count>>::parse(word).map(NonZero::get)
            }

            fn word(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

counts!(u32, usize);

#[derive(Debug)]
pub(super) struct Size;

impl Word<Size> for u64 {
    fn form() -> Form {
        Form::Size
    }

    fn parse(word: &str) -> Result<Self, String> {
        typed::size(word)
    }

    /// In the largest unit that says it exactly.
    fn word(&self) -> String {
        const UNITS: [(u64, &str); 8] = [
            (1 << 40, "TiB"),
            (1000_u64.pow(4), "TB"),
            (1 << 30, "GiB"),
            (1000_u64.pow(3), "GB"),
            (1 << 20, "MiB"),
            (1000_u64.pow(2), "MB"),
            (1 << 10, "KiB"),
            (1000, "KB"),
        ];
        match UNITS.iter().find(|(unit, _)| *self > 0 && self.is_multiple_of(*unit)) {
            Some((unit, name)) => format!("{}{name}", self / unit),
            None => self.to_string(),
        }
    }
}

impl Word<Size> for usize {
    fn form() -> Form {
        Form::Size
    }

    fn parse(word: &str) -> Result<Self, String> {
        Self::try_from(typed::size(word)?).map_err(|_| "this is more than the machine can address".to_owned())
    }

    fn word(&self) -> String {
        <u64 as Word<Size>>::word(&(*self as u64))
    }
}

impl Word<Size> for NonZeroU64 {
    fn form() -> Form {
        Form::Size
    }

    fn parse(word: &str) -> Result<Self, String> {
        Self::new(typed::size(word)?).ok_or_else(|| "a size of 0 is never meant".to_owned())
    }

    fn word(&self) -> String {
        <u64 as Word<Size>>::word(&self.get())
    }
}

#[derive(Debug)]
pub(super) struct Time;

impl Word<Time> for Duration {
    fn form() -> Form {
        Form::Time
    }

    fn parse(word: &str) -> Result<Self, String> {
        typed::duration(word)
    }

    fn word(&self) -> String {
        match self.as_millis() {
            ms if ms.is_multiple_of(3_600_000) => format!("{}h", ms / 3_600_000),
            ms if ms.is_multiple_of(60_000) && ms > 60_000 => format!("{}m", ms / 60_000),
            ms if ms.is_multiple_of(1000) => format!("{}s", ms / 1000),
            ms => format!("{ms}ms"),
        }
    }
}

/// A type with few values, each of which has a name.
pub(in crate::cli) trait Choice: Copy + PartialEq + 'static {
    const ALL: &'static [(&'static str, Self)];
}

#[derive(Debug)]
pub(super) struct OneOf;

impl<E: Choice> Word<OneOf> for E {
    fn form() -> Form {
        Form::OneOf(E::ALL.iter().map(|(name, _)| *name).collect())
    }

    fn parse(word: &str) -> Result<Self, String> {
        let names = || E::ALL.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let known = E::ALL.iter().find(|(name, _)| *name == word);
        known.map(|(_, value)| *value).ok_or_else(|| format!("this takes one of {}", names()))
    }

    fn word(&self) -> String {
        E::ALL.iter().find(|(_, value)| value == self).map_or("", |(name, _)| name).to_owned()
    }
}

#[derive(Debug)]
pub(super) struct Address;

impl Word<Address> for SocketAddr {
    fn form() -> Form {
        let example = "127.0.0.1:9090";
        Form::Text(Text { name: "HOST:PORT", what: "an address", example, path: None })
    }

    fn parse(word: &str) -> Result<Self, String> {
        typed::address(word)
    }

    fn word(&self) -> String {
        self.to_string()
    }
}

#[derive(Debug)]
pub(super) struct Folder;

impl Word<Folder> for PathBuf {
    fn form() -> Form {
        Form::Text(Text { name: "DIR", what: "a folder", example: "build", path: Some("") })
    }

    fn parse(word: &str) -> Result<Self, String> {
        if word.is_empty() { Err("a path has at least one character".to_owned()) } else { Ok(Path::new(word).into()) }
    }

    fn word(&self) -> String {
        self.display().to_string()
    }
}

#[derive(Debug)]
pub(super) struct Name;

impl Word<Name> for SiteName {
    fn form() -> Form {
        Form::Text(Text { name: "NAME", what: "a site’s name", example: "docs", path: None })
    }

    fn parse(word: &str) -> Result<Self, String> {
        typed::site(word)
    }

    fn word(&self) -> String {
        self.to_string()
    }
}

#[derive(Debug)]
pub(super) struct HostName;

impl Word<HostName> for HostPattern {
    fn form() -> Form {
        Form::Text(Text { name: "HOST", what: "a host", example: "example.com", path: None })
    }

    fn parse(word: &str) -> Result<Self, String> {
        Self::parse(word).map_err(|error| error.to_string())
    }

    fn word(&self) -> String {
        self.to_string()
    }
}

#[derive(Debug)]
pub(super) struct Network;

impl Word<Network> for IpNet {
    fn form() -> Form {
        Form::Text(Text { name: "NETWORK", what: "a network", example: "10.0.0.0/8", path: None })
    }

    fn parse(word: &str) -> Result<Self, String> {
        let address = || word.parse::<std::net::IpAddr>().map(Self::from);
        word.parse().or_else(|_| address()).map_err(|_| {
            "a network is an IP address and the length of its prefix, such as 10.0.0.0/8 or fd00::/8".to_owned()
        })
    }

    fn word(&self) -> String {
        self.to_string()
    }
}

impl Form {
    /// A value in JSON, as the file would have it.
    pub(super) fn json(&self, words: &[String]) -> Value {
        let word = words.first().map_or("", String::as_str);
        match self {
            Self::Switch => (word == "true").into(),
            Self::Count => word.parse::<u64>().map_or_else(|_| word.into(), Into::into),
            Self::List(item) => words.iter().map(|word| item.json(std::slice::from_ref(word))).collect(),
            Self::Size | Self::Time | Self::OneOf(_) | Self::Text(_) => word.into(),
        }
    }

    /// What the file takes, as JSON Schema.
    pub(super) fn schema(&self) -> Value {
        match self {
            Self::Switch => json!({"type": "boolean"}),
            Self::Count => json!({"type": "integer", "minimum": 1}),
            Self::Size => json!({"anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": "^[0-9]+ *([kKmMgGtT]([iI]?[bB])?|[bB])?$"},
            ]}),
            Self::Time => json!({"type": "string", "pattern": "^0*[1-9][0-9]* *(ms|s|m|h|d)$"}),
            Self::OneOf(words) => json!({"enum": words}),
            Self::Text(text) => json!({"type": "string", "minLength": 1, "examples": [text.example]}),
            Self::List(item) => json!({"anyOf": [{"type": "array", "items": item.schema()}, item.schema()]}),
        }
    }

    /// What stands for a value in help.
    pub(super) fn placeholder(&self) -> &'static str {
        match self {
            Self::Switch => "BOOL",
            Self::Count => "N",
            Self::Size => "SIZE",
            Self::Time => "TIME",
            Self::OneOf(_) => "WORD",
            Self::Text(text) => text.name,
            Self::List(item) => item.placeholder(),
        }
    }

    /// What the file takes, as the end of `takes …`.
    pub(super) fn takes(&self) -> String {
        match self {
            Self::Switch => "`true` or `false`".to_owned(),
            Self::Count => "a whole number above 0".to_owned(),
            Self::Size => "a size, such as \"64MB\", or a number of bytes".to_owned(),
            Self::Time => "a time in quotes, such as \"10s\"".to_owned(),
            Self::OneOf(names) => names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(" or "),
            Self::Text(text) => format!("{} in quotes, such as \"{}\"", text.what, text.example),
            Self::List(item) => format!("a list, of which each item is {}", item.takes()),
        }
    }
}

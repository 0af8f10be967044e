//! Settings: `sitekit.toml`, the environment and flags become one value that knows where each part of it came from.
//! A later source overrides an earlier one: default, file, environment, flag. Every mistake of every source is told in
//! one run, and with one mistake nothing is used.
//!
//! # A setting more
//! 1. Give it a field: in `serve::Limits` or another struct of `serve` that [`Config`] holds, or in `Config` itself.
//! 2. Add a line to `KEYS` in `keys.rs`: its name in the file, form, field and a sentence; `.flag("…")`, from which the
//!    variable's name follows; `.reloads()` when SIGHUP applies it; `.when_unset("…")` for an `Option`.
//! 3. A form that is new (an enum: `Choice`; a text of a certain kind: `Word`) goes into `form.rs`.
//! 4. Use it: `ServeArgs::resolve` in `cli/serve.rs`, or nothing at all when it is part of a struct that travels whole.
//!
//! Flags, `sitekit check`, the JSON Schema and the manual's table follow; the latter two are files that a test compares,
//! and writes anew with `SITEKIT_ACCEPT=1 cargo test settings`.

mod file;
mod flags;
mod form;
mod group;
mod key;
mod keys;
mod places;
mod rates;
mod schema;
mod sites;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::diag::{Diagnostic, Source};

#[cfg(feature = "compiler")]
pub(in crate::cli) use self::keys::{BuildProfile, Building};
pub(in crate::cli) use self::{
    flags::{Look, Taker, Typed},
    form::Choice,
    group::Shown,
    key::{Face, When},
    keys::{Config, DevelopmentPlace, Target},
    places::{Certificate, Listener},
    rates::Rate,
    schema::schema,
};
use self::{
    form::{Form, Switch},
    key::Key,
    keys::{GROUPS, KEYS},
};

/// The file that is read when no other is asked for.
const FILE: &str = "sitekit.toml";

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Origin {
    File {
        path: Arc<str>,
        line: usize,
    },
    /// The name of the variable.
    Environment(String),
    /// The flag, with its dashes.
    Flag(String),
}

/// Where the values came from that are not the default.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct Origins(BTreeMap<String, Origin>);

impl Origins {
    pub(in crate::cli) fn of(&self, name: &str) -> Option<&Origin> {
        self.0.get(name)
    }

    fn set(&mut self, name: &str, origin: Origin) {
        self.0.insert(name.to_owned(), origin);
    }

    /// What to mend when the setting is wrong: `--max-connections`, or `limits.connections (sitekit.toml:3)`.
    pub(in crate::cli) fn blame(&self, name: &str) -> String {
        match self.of(name) {
            None => format!("`{name}`"),
            Some(Origin::Flag(flag)) => flag.clone(),
            Some(origin) => format!("`{name}` ({origin})"),
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{path}:{line}"),
            Self::Environment(variable) => f.write_str(variable),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// All settings, read and found right.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Loaded {
    pub(in crate::cli) config: Config,
    pub(in crate::cli) origins: Origins,
    /// The file that was read, if any.
    pub(in crate::cli) file: Option<PathBuf>,
}

impl Loaded {
    /// Every setting and its value.
    pub(in crate::cli) fn shown(&self) -> Vec<Shown> {
        let keys = group::shown(KEYS, &self.config, "");
        keys.into_iter().chain(GROUPS.iter().flat_map(|group| (group.shown)(&self.config))).collect()
    }
}

/// The file that is read, whether it is there or not.
#[cfg(feature = "compiler")]
pub(in crate::cli) fn file_of<T: Taker>(typed: &Typed<T>) -> PathBuf {
    typed.config.clone().unwrap_or_else(|| PathBuf::from(FILE))
}

/// The environment's variables that are meant for us.
pub(in crate::cli) fn environment() -> BTreeMap<String, String> {
    let lossy = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
    };
    std::env::vars_os().map(lossy).filter(|(name, value)| name.starts_with("SITEKIT_") && !value.is_empty()).collect()
}

/// Reads all sources over `defaults`. A variable that is empty is not set.
///
/// # Errors
/// All mistakes.
pub(in crate::cli) fn load<T: Taker>(
    defaults: Config,
    typed: &Typed<T>,
    environment: &BTreeMap<String, String>,
) -> Result<Loaded, Vec<Diagnostic>> {
    let (mut config, mut origins, mut mistakes) = (defaults, Origins::default(), Vec::new());
    let asked = typed.config.as_deref();
    let path = asked.unwrap_or(Path::new(FILE));
    let file = match fs::read_to_string(path) {
        Ok(text) => {
            let source = Source::new(path.display().to_string(), text);
            let folder = path.parent().unwrap_or(Path::new(""));
            let mut read = config.clone();
            mistakes.extend(file::read(&source, folder, &mut read, &mut origins));
            take_over::<T>(read, &mut config, &mut origins);
            Some(path.to_owned())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && asked.is_none() => None,
        Err(error) => {
            let why = match error.kind() {
                io::ErrorKind::NotFound => "there is no such file".to_owned(),
                io::ErrorKind::InvalidData => "is not UTF-8".to_owned(),
                _ => format!("cannot be read: {error}"),
            };
            mistakes.push(Diagnostic::error(path.display().to_string(), why));
            None
        }
    };
    for key in KEYS.iter().filter(|key| key.faces.contains(&T::FACE)) {
        for (variable, stands_for) in key.variables() {
            let Some(text) = environment.get(&variable) else { continue };
            match environment_words(key, &config, text, stands_for) {
                Ok(None) => {}
                Ok(Some(words)) => {
                    let origin = Origin::Environment(variable.clone());
                    set(key, &mut config, &words, variable, origin, &mut origins, &mut mistakes);
                }
                Err(message) => mistakes.push(Diagnostic::error(variable, format!("`{text}`: {message}"))),
            }
        }
        for (_, flag, words) in typed.values.iter().filter(|(name, ..)| *name == key.name) {
            set(key, &mut config, words, flag.clone(), Origin::Flag(flag.clone()), &mut origins, &mut mistakes);
        }
    }
    if mistakes.is_empty() { Ok(Loaded { config, origins, file }) } else { Err(mistakes) }
}

/// `sitekit dev` shows what will ship on this machine, so it heeds what the file says of building, and not the
/// addresses, limits and logs of the server it is not.
fn take_over<T: Taker>(read: Config, config: &mut Config, origins: &mut Origins) {
    if T::FACE == Face::Dev {
        config.build = read.build;
        origins.0.retain(|name, _| name.starts_with("build."));
    } else {
        *config = read;
    }
}

/// What a variable says; `None` when it turns off a switch that sets something else.
fn environment_words(
    key: &Key<Config>,
    config: &Config,
    text: &str,
    stands_for: Option<&str>,
) -> Result<Option<Vec<String>>, String> {
    let Some(value) = stands_for else {
        return Ok(Some(match (key.form)(config) {
            Form::List(_) => text.split(',').map(|word| word.trim().to_owned()).collect(),
            _ => vec![text.to_owned()],
        }));
    };
    let on = <bool as form::Word<Switch>>::parse(text)?;
    Ok(match ((key.form)(config), on) {
        (_, true) => Some(vec![value.to_owned()]),
        (Form::Switch, false) => Some(vec![(value == "false").to_string()]),
        (_, false) => None,
    })
}

fn set(
    key: &Key<Config>,
    config: &mut Config,
    words: &[String],
    place: String,
    origin: Origin,
    origins: &mut Origins,
    mistakes: &mut Vec<Diagnostic>,
) {
    match (key.read)(config, words) {
        Ok(()) => origins.set(key.name, origin),
        Err(fault) => {
            let found = words.get(fault.word).map_or("", String::as_str);
            mistakes.push(Diagnostic::error(place, format!("`{found}`: {}", fault.message)));
        }
    }
}

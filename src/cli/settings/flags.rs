//! Settings as flags of a command. clap splits the line and writes the help; what a value may be is decided where those
//! of the file and of the environment are, so that all three are read alike and all mistakes are told together.

use std::{marker::PhantomData, path::PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command, parser::ValueSource};

use super::{
    form::Form,
    key::{Face, Key, variable},
    keys::{Config, KEYS},
};

/// A command that takes settings.
pub(in crate::cli) trait Taker {
    const FACE: Face;
}

/// Takes the folder of the bundles, to look at what is there.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Look;

impl Taker for Look {
    const FACE: Face = Face::Look;
}

/// The settings that were typed, unread.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Typed<T> {
    /// The file to read instead of `./sitekit.toml`.
    pub(super) config: Option<PathBuf>,
    /// Name of the setting, the flag with its dashes, and what followed it.
    pub(super) values: Vec<(&'static str, String, Vec<String>)>,
    taker: PhantomData<T>,
}

const CONFIG: &str = "config";

impl<T: Taker> clap::Args for Typed<T> {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new(CONFIG)
            .long(CONFIG)
            .value_name("FILE")
            .value_parser(clap::value_parser!(PathBuf))
            .env("SITEKIT_CONFIG")
            .help("File with settings [default: sitekit.toml, if there is one]");
        let unset = Config::default();
        KEYS.iter()
            .filter(|key| key.faces.contains(&T::FACE))
            .fold(command.arg(config), |command, key| command.args(arguments(key, &unset)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<T: Taker> clap::FromArgMatches for Typed<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut values = Vec::new();
        let was_typed = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
        for key in KEYS.iter().filter(|key| key.faces.contains(&T::FACE)) {
            if let Some(flag) = key.flag.filter(|flag| was_typed(flag)) {
                let words = matches.get_many::<String>(flag).into_iter().flatten().cloned().collect();
                values.push((key.name, format!("--{flag}"), words));
            }
            for (flag, value) in key.switches.iter().filter(|(flag, _)| was_typed(flag)) {
                values.push((key.name, format!("--{flag}"), vec![(*value).to_owned()]));
            }
        }
        Ok(Self { config: matches.get_one::<PathBuf>(CONFIG).cloned(), values, taker: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The flags of a setting.
fn arguments(key: &Key<Config>, unset: &Config) -> Vec<Arg> {
    let form = (key.form)(unset);
    let mut arguments = Vec::new();
    let heading = match key.section() {
        "" => None,
        section => Some(heading(section)),
    };
    if let Some(flag) = key.flag {
        let default = (key.words)(unset).map_or_else(|| key.unset.to_owned(), |words| words.join(","));
        let words = match &form {
            Form::OneOf(words) => format!(": {}", words.join(", ")),
            _ => String::new(),
        };
        let help = format!("{}{words} [default: {default}] [env: {}]", key.doc, variable(flag));
        let arg = Arg::new(flag).long(flag).value_name(form.placeholder()).help(help).help_heading(heading);
        let arg = match form {
            Form::List(_) => arg.action(ArgAction::Append).value_delimiter(','),
            Form::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
            _ => arg,
        };
        arguments.push(key.alias.map_or(arg.clone(), |alias| arg.visible_alias(alias)));
    }
    for (flag, value) in key.switches {
        let help = format!("{} (`{} = {value}`) [env: {}]", key.doc, key.name, variable(flag));
        let others: Vec<&str> = key.switches.iter().map(|(other, _)| *other).filter(|other| other != flag).collect();
        let arg = Arg::new(*flag).long(*flag).action(ArgAction::SetTrue).help(help).help_heading(heading);
        arguments.push(arg.conflicts_with_all(others));
    }
    arguments
}

/// Of the part of the help that has the flags of a table.
fn heading(section: &'static str) -> &'static str {
    match section {
        "build" => "Building",
        "admin" => "For operators",
        "cache" => "Memory",
        "limits" => "Limits",
        "log" => "Logs",
        other => other,
    }
}

//! What an author says about scripts and style sheets: `[sitekit.assets]` in the site's configuration, and the command that
//! makes files before a build, `[hooks]`. Nothing here compiles anything or runs a command.

use std::collections::BTreeMap;

use globset::Glob;

use super::{
    fields::Fields,
    value::{Spanned, Value},
};

/// `[sitekit.assets]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AssetsConfig {
    /// What scripts and style sheets have to run in: browserslist queries. Empty: what `package.json` or `.browserslistrc`
    /// says, or else the releases of spring 2023.
    pub browsers: Vec<Spanned<String>>,
    /// The package JSX is compiled for: its `jsx-runtime` is imported. `None`: what `tsconfig.json` says, or else `react`.
    pub jsx: Option<Spanned<String>>,
    /// What `import.meta.env` holds besides `MODE`, `DEV`, `PROD` and `BASE_URL`: JSON values.
    pub env: BTreeMap<String, serde_json::Value>,
    pub source_maps: SourceMaps,
    /// Whether rules that no page and no script can match are left out of style sheets.
    pub remove_unused: bool,
    /// Class names, ids and elements that count as used: globs.
    pub keep: Vec<Spanned<String>>,
}

/// What becomes of source maps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SourceMaps {
    /// In development beside their files; else in the output folder, on no route.
    #[default]
    Hidden,
    /// Beside their files, which name them.
    Public,
    /// Not made.
    None,
}

/// `[hooks]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hooks {
    /// A command for the shell, run in the site's folder before it is read.
    pub before: Option<Spanned<String>>,
    /// Files the command reads, as globs relative to the site's folder: while none changes it is not run again. Empty: it
    /// is run before every build.
    pub inputs: Vec<Spanned<String>>,
}

const SOURCE_MAPS: &[(&str, SourceMaps)] =
    &[("hidden", SourceMaps::Hidden), ("public", SourceMaps::Public), ("none", SourceMaps::None)];

/// Reads `[sitekit.assets]`.
pub(super) fn read(fields: &mut Fields<'_>) -> AssetsConfig {
    AssetsConfig {
        browsers: fields.one_or_more("browsers").unwrap_or_default(),
        jsx: fields.name("jsx"),
        env: env(fields),
        source_maps: fields.word("source_maps", SOURCE_MAPS).unwrap_or_default(),
        remove_unused: fields.bool("remove_unused").unwrap_or(false),
        keep: fields.one_or_more("keep").unwrap_or_default(),
    }
}

/// Reads `[hooks]`.
pub(super) fn read_hooks(fields: &mut Fields<'_>) -> Hooks {
    let hooks = Hooks { before: fields.name("before"), inputs: fields.one_or_more("inputs").unwrap_or_default() };
    for input in &hooks.inputs {
        if let Err(error) = Glob::new(&input.value) {
            fields.error(input.span.clone(), format!("not a glob pattern: {}", error.kind()));
        } else if input.value.starts_with('/') || input.value.split('/').any(|segment| segment == "..") {
            fields
                .error(input.span.clone(), "what a command reads is in the site's folder: the pattern leads out of it");
        }
    }
    hooks
}

fn env(fields: &mut Fields<'_>) -> BTreeMap<String, serde_json::Value> {
    let mut env = BTreeMap::new();
    for (key, node) in fields.table("env").unwrap_or_default().0 {
        let value = match node.value {
            Value::String(text) => text.into(),
            Value::Integer(number) => number.into(),
            Value::Float(number) => number.into(),
            Value::Bool(flag) => flag.into(),
            other => {
                let message = format!(
                    "`{}.{}` is a string, a number or a boolean, not {}",
                    fields.name_of("env"),
                    key.value,
                    other.describe()
                );
                fields.error(node.span, message);
                continue;
            }
        };
        let built_in = ["MODE", "DEV", "PROD", "SSR", "BASE_URL"].contains(&key.value.as_str());
        let is_name = !key.value.is_empty()
            && !key.value.starts_with(|c: char| c.is_ascii_digit())
            && key.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if built_in {
            fields.error(key.span, format!("`import.meta.env.{}` is set by the build", key.value));
        } else if is_name {
            env.insert(key.value, value);
        } else {
            fields.error(key.span, format!("`{}` cannot follow `import.meta.env.`: it is no name", key.value));
        }
    }
    env
}

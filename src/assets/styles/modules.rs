//! CSS modules: classes, ids and animations of a file called `*.module.css` are its own, and scripts learn what they are
//! called in the end. Names hold a hash of the file's path in the project, never of the machine's.

use std::collections::{BTreeMap, BTreeSet};

use lightningcss::{
    css_modules::{Config, Pattern},
    error::{Error, PrinterErrorKind},
    properties::{Property, css_modules::Specifier},
    rules::{CssRule, style::StyleRule},
    selector::Component,
    stylesheet::{ParserOptions, PrinterOptions, StyleSheet},
};

use super::{
    file::{self, File},
    print,
};
use crate::diag::{Diagnostic, Source, did_you_mean};

/// What the classes of a CSS module are called: the author's name and the published one, or ones between spaces.
pub(super) type Names = BTreeMap<String, String>;

/// A class that a class of a file brings with it.
#[derive(Debug)]
pub(super) struct Composed {
    /// The class of this file, as its author calls it.
    class: String,
    name: String,
    pub(super) from: From,
    /// Where `composes` stands.
    pub(super) at: usize,
}

/// Whose a class is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum From {
    Here,
    /// Nobody's: it is not renamed.
    Global,
    /// As it is written, and then the path of the project.
    File(String),
}

/// Whether a file is a CSS module by its name.
pub(super) fn is_module(path: &str) -> bool {
    ["css", "scss", "sass"].iter().any(|extension| path.ends_with(&format!(".module.{extension}")))
}

/// What is renamed: classes, ids and animations, as other tools do.
pub(super) fn config() -> Config {
    Config {
        pattern: Pattern::parse("[local]_[hash]").unwrap_or_default(),
        grid: false,
        container: false,
        custom_idents: false,
        ..Config::default()
    }
}

/// Renames what is in `file`, and says what its classes compose.
pub(super) fn scope(file: &mut File, found: &mut Vec<Diagnostic>) -> Option<Vec<Composed>> {
    let Scoped { css, map, names, composed } = scoped(file, found)?;
    file.map = Some(map);
    file.names = Some(names);
    file.printed = Some(css);
    file.skipped = 0;
    Some(composed)
}

/// A CSS module after its names have become published ones.
struct Scoped {
    css: String,
    /// A `data:` URL.
    map: String,
    names: Names,
    composed: Vec<Composed>,
}

/// `None` without a word where the sheet cannot be parsed, which has been told.
fn scoped(file: &File, found: &mut Vec<Diagnostic>) -> Option<Scoped> {
    let options = file::options(&file.source.path, 0);
    let options = ParserOptions { css_modules: Some(config()), ..options };
    let mut sheet = file::parsed(&file.css.text, options)?;
    sheet.rules.0.drain(..file.skipped);
    let mut map = print::empty_map().source_map(0)?;
    map.add_source(&file.source.path);
    let printed = sheet.to_css(PrinterOptions { source_map: Some(&mut map), ..PrinterOptions::default() });
    let tell = |error: Error<PrinterErrorKind>| {
        let at = error.loc.as_ref().map_or(0, |place| file.place(place.line, place.column));
        let message = match error.kind {
            PrinterErrorKind::InvalidComposesNesting | PrinterErrorKind::InvalidComposesSelector => {
                "`composes` can stand only in a rule for one class, in no other: `.title { composes: … }`".to_owned()
            }
            other => other.to_string(),
        };
        Diagnostic::error_at(&file::shown(&file.source), at..at + 1, message)
    };
    let printed = printed.map_err(|error| found.push(tell(error))).ok()?;
    let composed = composed(file, &sheet);
    let names = printed.exports.into_iter().flatten().map(|(name, export)| (name, export.name)).collect();
    Some(Scoped { css: printed.code, map: map.to_data_url(None).ok()?, names, composed })
}

/// The names of a file whose own classes are called `own`, with those they compose; `of` knows the names of other files.
pub(super) fn finish(
    source: &Source,
    own: &Names,
    composed: &[Composed],
    of: &dyn Fn(&str) -> Option<Names>,
    found: &mut Vec<Diagnostic>,
) -> Names {
    let mut elsewhere = BTreeMap::new();
    for one in composed {
        let missing = |known: &Names, whose: &str| {
            let start = source.text[one.at..].find(&one.name).map_or(one.at, |offset| one.at + offset);
            let message = format!("{whose} has no class `{}` to compose", one.name);
            let diagnostic = Diagnostic::error_at(&file::shown(source), start..start + one.name.len(), message);
            match did_you_mean(&one.name, known.keys().map(String::as_str)) {
                Some(meant) => diagnostic.with_help(format!("did you mean `{meant}`?")),
                None => diagnostic,
            }
        };
        match &one.from {
            From::Here if !own.contains_key(&one.name) => found.push(missing(own, "this file")),
            From::File(path) => {
                // A file that could not be read has been told.
                let Some(names) = of(path) else { continue };
                match names.get(&one.name) {
                    Some(published) => drop(elsewhere.insert((path.as_str(), one.name.as_str()), published.clone())),
                    None => found.push(missing(&names, &format!("`{path}`"))),
                }
            }
            From::Here | From::Global => {}
        }
    }
    let whole = |name: &String| {
        let (mut published, mut seen, mut next) = (Vec::new(), BTreeSet::new(), vec![name.as_str()]);
        while let Some(name) = next.pop() {
            if !seen.insert(name) {
                continue;
            }
            published.extend(own.get(name).cloned());
            for one in composed.iter().filter(|one| one.class == name).rev() {
                match &one.from {
                    From::Here => next.push(&one.name),
                    From::Global => published.push(one.name.clone()),
                    From::File(path) => published.extend(elsewhere.get(&(path.as_str(), one.name.as_str())).cloned()),
                }
            }
        }
        (name.clone(), published.join(" "))
    };
    own.keys().map(whole).collect()
}

fn composed(file: &File, sheet: &StyleSheet<'_>) -> Vec<Composed> {
    let mut composed = Vec::new();
    for rule in &sheet.rules.0 {
        let CssRule::Style(style) = rule else { continue };
        let declarations = &style.declarations;
        for property in declarations.declarations.iter().chain(&declarations.important_declarations) {
            let Property::Composes(rule) = property else { continue };
            let at = file.place(rule.loc.line.saturating_sub(1), rule.loc.column);
            let from = match &rule.from {
                None | Some(Specifier::SourceIndex(_)) => From::Here,
                Some(Specifier::Global) => From::Global,
                Some(Specifier::File(path)) => From::File(path.to_string()),
            };
            for class in classes(style) {
                composed.extend(rule.names.iter().map(|name| Composed {
                    class: class.clone(),
                    name: name.0.to_string(),
                    from: from.clone(),
                    at,
                }));
            }
        }
    }
    composed
}

/// The classes whose selector is nothing else; others cannot compose.
fn classes(style: &StyleRule<'_>) -> Vec<String> {
    let class = |component: &Component<'_>| match component {
        Component::Class(name) => Some(name.0.to_string()),
        _ => None,
    };
    style
        .selectors
        .0
        .iter()
        .filter(|one| one.len() == 1)
        .filter_map(|one| class(one.iter_raw_match_order().next()?))
        .collect()
}

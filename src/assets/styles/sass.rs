//! Sass, by grass: to CSS that goes the way of all style sheets. Every file comes through `World`.

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use grass::{ErrorKind, InputSyntax, OutputStyle};

use super::resolve::is_file;
use crate::{
    assets::{
        self, Context,
        resolve::{Resolver, below, folder, is_sheet, package_folders},
    },
    diag::{Diagnostic, Severity, Source, did_you_mean},
    load::{EntryKind, World},
    transform::contained::contained,
};

/// What a Sass file compiles to.
pub(super) struct Compiled {
    pub(super) css: String,
    /// The files it was made of, the sheet itself first.
    pub(super) sources: Vec<Source>,
}

/// The extensions Sass is written in.
const EXTENSIONS: [&str; 3] = ["scss", "sass", "css"];

/// Whether a file is Sass by its name.
pub(super) fn is_sass(path: &str) -> bool {
    matches!(path.rsplit_once('.'), Some((_, "scss" | "sass")))
}

/// Compiles the Sass in `source`. Sass stops at its first mistake; files that cannot be read are told all.
pub(super) fn compile(context: &Context<'_>, source: &Source) -> Result<Compiled, Vec<Diagnostic>> {
    let root = &context.site.root;
    let mut load_paths = vec![format!("{root}/sass"), format!("{root}/assets")];
    let theme = context.site.config.theme.as_ref();
    load_paths.extend(theme.map(|theme| format!("{root}/themes/{}/sass", theme.value)));
    let files = Files { world: context.world, resolver: context.resolver, load_paths, seen: Mutex::default() };
    let syntax = if source.path.rsplit_once('.').is_some_and(|(_, extension)| extension == "sass") {
        InputSyntax::Sass
    } else {
        InputSyntax::Scss
    };
    let options = grass::Options::default()
        .fs(&files)
        .style(OutputStyle::Expanded)
        .allows_charset(false)
        .input_syntax(syntax)
        .quiet(true);
    let outcome =
        contained(Arc::clone(&source.path), "the Sass compiler", || grass::from_path(&*source.path, &options));
    let seen = files.with(std::mem::take);
    if !seen.refused.is_empty() {
        return Err(seen.refused);
    }
    match outcome {
        Ok(Ok(css)) => Ok(Compiled { css, sources: seen.sources }),
        Ok(Err(error)) => Err(vec![seen.diagnostic(context.world, source, *error)]),
        Err(panic) => Err(panic.into_iter().map(|one| Diagnostic { severity: Severity::Error, ..one }).collect()),
    }
}

/// The project as Sass sees it.
struct Files<'a> {
    world: &'a dyn World,
    resolver: &'a Resolver,
    /// Where it looks after the folder of the file that asks.
    load_paths: Vec<String>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    sources: Vec<Source>,
    /// What files ask for and who does, by the path it would have beside them.
    asked: BTreeMap<String, (String, String)>,
    /// The files that stand for paths where nothing is.
    elsewhere: BTreeMap<String, String>,
    refused: Vec<Diagnostic>,
}

/// About how much of a file is rules: what it says without comments, variables, mixins, functions and what it asks for.
pub(super) fn length_of_rules(source: &Source) -> u64 {
    let is_silent = |statement: &str| {
        ["$", "@mixin", "@function", "@use", "@forward", "@import"].iter().any(|start| statement.starts_with(start))
    };
    let (mut length, mut rest) = (0, source.text.trim_start());
    while !rest.is_empty() {
        let comment = match rest.as_bytes() {
            [b'/', b'/', ..] => Some(rest.find('\n').unwrap_or(rest.len())),
            [b'/', b'*', ..] => Some(rest.find("*/").map_or(rest.len(), |at| at + 2)),
            _ => None,
        };
        let end = comment.unwrap_or_else(|| end_of_statement(rest));
        if comment.is_none() && !is_silent(rest) {
            length += end as u64;
        }
        rest = rest[end..].trim_start();
    }
    length
}

/// Where a statement ends: behind its block, or behind its semicolon. Of indented Sass it is all that is left.
fn end_of_statement(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth <= 1 => return at + 1,
            b'}' => depth -= 1,
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    text.len()
}

impl Files<'_> {
    fn with<T>(&self, act: impl FnOnce(&mut Seen) -> T) -> T {
        act(&mut self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// The file that stands for `path`, which is not there. Asked at the last of the paths Sass tries beside the file that
    /// asks, `_name.css`: what is beside it comes first.
    fn elsewhere(&self, path: &str) -> Option<String> {
        if let Some(known) = self.with(|seen| seen.elsewhere.get(path).cloned()) {
            return Some(known);
        }
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let beside = below(folder, name.strip_prefix('_')?)?;
        let (specifier, from) = self.with(|seen| {
            let asked = seen.asked.get(&beside).or_else(|| seen.asked.get(beside.strip_suffix(".css")?));
            asked.cloned()
        })?;
        let has_index = EXTENSIONS.iter().flat_map(|extension| {
            let folder = beside.strip_suffix(".css").unwrap_or(&beside);
            [format!("{folder}/index.{extension}"), format!("{folder}/_index.{extension}")]
        });
        if has_index.into_iter().any(|index| is_file(self.world, &index)) {
            return None;
        }
        let file = self.find(&specifier, &from)?;
        self.with(|seen| seen.elsewhere.insert(path.to_owned(), file.clone()));
        Some(file)
    }

    /// In the load paths, then in packages.
    fn find(&self, specifier: &str, from: &str) -> Option<String> {
        let package = specifier.strip_prefix('~').or_else(|| specifier.strip_prefix("pkg:"));
        let plain = package.unwrap_or(specifier).trim_start_matches('/');
        let in_folder = |folder: &String| {
            let path = below(folder, plain)?;
            candidates(&path).into_iter().find(|path| is_file(self.world, path))
        };
        if package.is_none()
            && let Some(file) = self.load_paths.iter().find_map(in_folder)
        {
            return Some(file);
        }
        let of_package = package_folders(from)
            .find_map(|folder| in_folder(&folder))
            .or_else(|| self.resolver.resolve_in_packages(from, plain).filter(|file| is_sheet(file)))?;
        Some(self.world.real(&of_package).unwrap_or(of_package))
    }
}

/// What Sass may mean by a path, in its order.
fn candidates(path: &str) -> Vec<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut candidates = Vec::new();
    let mut add = |stem: &str| candidates.extend([format!("{folder}/{stem}"), format!("{folder}/_{stem}")]);
    if EXTENSIONS.iter().any(|extension| name.ends_with(&format!(".{extension}"))) {
        add(name);
        return candidates;
    }
    for extension in EXTENSIONS {
        add(&format!("{name}.{extension}"));
    }
    for extension in EXTENSIONS {
        candidates.extend([format!("{path}/_index.{extension}"), format!("{path}/index.{extension}")]);
    }
    candidates
}

impl Seen {
    fn see(&mut self, source: Source) {
        for specifier in specifiers(&source) {
            let folder = if specifier.starts_with('/') { "" } else { folder(&source.path) };
            if let Some(beside) = below(folder, &specifier) {
                self.asked.entry(beside).or_insert_with(|| (specifier, source.path.to_string()));
            }
        }
        self.sources.push(source);
    }

    fn diagnostic(&self, world: &dyn World, entry: &Source, error: grass::Error) -> Diagnostic {
        let ErrorKind::ParseError { message, loc, .. } = error.kind() else {
            return Diagnostic::error(Arc::clone(&entry.path), "the Sass compiler failed on this file");
        };
        let message = message.trim_end_matches('.');
        let path = normal(Path::new(loc.file.name()));
        let source = self.sources.iter().find(|source| *source.path == *path).unwrap_or(entry);
        let start = source.offset(loc.begin.line + 1, loc.begin.column + 1);
        let end = source.offset(loc.end.line + 1, loc.end.column + 1).max(start);
        if message == "Can't find stylesheet to import" {
            let written = source.text[start..end].split(['"', '\'']).nth(1).unwrap_or_default();
            let diagnostic = Diagnostic::error_at(source, start..end, format!("there is no style sheet `{written}`"));
            return diagnostic.with_help(match meant(world, &source.path, written) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "Sass looks beside the file that asks, then in `sass/` and `assets/` of the site, then in `node_modules`"
                    .to_owned(),
            });
        }
        let wrong = Diagnostic::error_at(source, start..end, message);
        let written = &source.text[start..end];
        let known = self.sources.iter().flat_map(|source| variables(&source.text)).filter(|name| *name != written);
        match did_you_mean(written, known).filter(|_| message == "Undefined variable") {
            Some(meant) => wrong.with_help(format!("did you mean `{meant}`?")),
            None => wrong,
        }
    }
}

/// The names of variables that stand in a text.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('$').map(|(at, _)| {
        let is_end = |c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_'));
        let rest = &text[at + 1..];
        &text[at..at + 1 + rest.find(is_end).unwrap_or(rest.len())]
    })
}

/// The Sass file beside the one at `from` that was perhaps meant.
fn meant(world: &dyn World, from: &str, written: &str) -> Option<String> {
    let (above, name) = written.rsplit_once('/').map_or(("", written), |(above, name)| (above, name));
    let entries = world.list(&below(folder(from), above)?).ok()?;
    let names: Vec<&str> = entries
        .iter()
        .filter_map(|entry| EXTENSIONS.iter().find_map(|one| entry.name.strip_suffix(&format!(".{one}"))))
        .map(|stem| stem.strip_prefix('_').unwrap_or(stem))
        .collect();
    let meant = did_you_mean(name, names)?;
    Some(if above.is_empty() { meant.to_owned() } else { format!("{above}/{meant}") })
}

/// What a Sass file may ask for: the strings of its `@use`, `@forward` and `@import`, and more that does no harm.
fn specifiers(source: &Source) -> Vec<String> {
    let end_of_rule: &[char] = if source.path.rsplit_once('.').is_some_and(|(_, extension)| extension == "sass") {
        &['\n']
    } else {
        &[';', '}']
    };
    let mut found = Vec::new();
    for rule in ["@use", "@forward", "@import", "load-css("] {
        for (at, _) in source.text.match_indices(rule) {
            let rest = &source.text[at + rule.len()..];
            let rest = &rest[..rest.find(end_of_rule).unwrap_or(rest.len())];
            if rest.contains(['"', '\'']) {
                let quoted = rest.split(['"', '\'']).skip(1).step_by(2);
                found.extend(quoted.filter(|text| !text.contains('\n')).map(str::to_owned));
            } else {
                found.extend(rest.split(',').map(|word| word.trim().to_owned()));
            }
        }
    }
    found
}

impl grass::Fs for Files<'_> {
    fn is_dir(&self, path: &Path) -> bool {
        self.world.kind(&normal(path)) == Ok(EntryKind::Folder)
    }

    fn is_file(&self, path: &Path) -> bool {
        let path = normal(path);
        is_file(self.world, &path) || self.elsewhere(&path).is_some()
    }

    /// What cannot be read is remembered, and empty: the compiler panics when it is told so.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let path = normal(path);
        let mut refused = Vec::new();
        let source = assets::read(self.world, &path, &mut refused);
        let bytes = source.as_ref().map(|source| source.text.as_bytes().to_vec());
        self.with(|seen| {
            seen.refused.extend(refused);
            if let Some(source) = source {
                seen.see(source);
            }
        });
        Ok(bytes.unwrap_or_default())
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        let path = normal(path);
        let elsewhere = self.with(|seen| seen.elsewhere.get(&path).cloned());
        Ok(elsewhere.unwrap_or(path).into())
    }
}

impl fmt::Debug for Files<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").finish_non_exhaustive()
    }
}

/// A path of the project as `World` knows it.
fn normal(path: &Path) -> String {
    below("", &path.to_string_lossy()).unwrap_or_default()
}

//! What an author is told of an import that leads nowhere: where it stands, what was looked for, what was perhaps meant.

use std::ops::Range;

use oxc_resolver::ResolveError;

use super::{id, in_page, plugin::Project, settings::lower};
use crate::{
    assets::{
        names::stem_and_extension,
        resolve::{EXTENSIONS, Unresolved, below, folder, is_of_tsconfig, package_folders, package_of},
    },
    diag::{Diagnostic, Source, did_you_mean},
    load::EntryKind,
};

/// An import of `specifier` in `importer` that cannot be resolved.
pub(super) fn tell(project: &Project, importer: &str, specifier: &str, why: &Unresolved) -> Diagnostic {
    match project.source(importer) {
        Some(source) => {
            let place = place_of(&source.text, specifier);
            at(project, &source, place.unwrap_or(0..0), importer, specifier, why)
        }
        None => at(project, &Source::new(id::path(importer), ""), 0..0, importer, specifier, why),
    }
}

/// A file that no script can import as it is.
pub(super) fn unknown_kind(project: &Project, importer: &str, specifier: &str, path: &str) -> Diagnostic {
    let extension = stem_and_extension(path).1;
    let what =
        if extension.is_empty() { "a file without an extension".to_owned() } else { format!("a `.{extension}` file") };
    let message = format!("a script cannot import {what}");
    let help = format!(
        "`{specifier}?url` is the URL of the file, `{specifier}?raw` its text; a command in `[hooks]` can compile it first"
    );
    let source = project.source(importer).unwrap_or_else(|| Source::new(id::path(importer), ""));
    let place = place_of(&source.text, specifier);
    placed(&source, place.unwrap_or(0..0), message).with_help(help)
}

/// The same as [`tell`], where the place is known.
pub(super) fn at(
    project: &Project,
    source: &Source,
    place: Range<usize>,
    importer: &str,
    specifier: &str,
    why: &Unresolved,
) -> Diagnostic {
    let plain = |specifier: &str| specifier.split(['?', '#']).next().unwrap_or_default().to_owned();
    let is_in_page = project.is_in_page(source);
    let written = in_page::as_written(project, source, place.clone())
        .map(|(page, place)| page.text[place.start + 1..place.end - 1].to_owned());
    let importer = id::path(importer);
    let beside = folder(importer);
    let is_path = specifier.starts_with('.') || specifier.starts_with('/');
    if let (true, Some(path), Unresolved::Failed(error)) = (is_in_page, specifier.strip_prefix('/'), why)
        && !is_of_tsconfig(error)
    {
        // A path of the project, whatever the page calls it.
        return missing_in(project, source, place, folder(path), &plain(written.as_deref().unwrap_or(specifier)));
    }
    let plain = &*plain(specifier);
    match why {
        Unresolved::Refused(path, why) => placed(source, place, format!("`{path}` {why}")),
        Unresolved::Failed(error) if is_of_tsconfig(error) => placed(source, place, lower(&error.to_string())),
        Unresolved::Failed(_) | Unresolved::LeftOut if is_path => missing_file(project, source, place, beside, plain),
        Unresolved::Failed(error) => missing_package(project, source, place, importer, plain, error),
        Unresolved::LeftOut => placed(source, place, format!("`{specifier}` is not there for browsers")),
    }
}

/// Of the whole file where no place is known: a compiler may import what the author does not name.
fn placed(source: &Source, place: Range<usize>, message: String) -> Diagnostic {
    if place.is_empty() {
        Diagnostic::error(source.path.clone(), message)
    } else {
        Diagnostic::error_at(source, place, message)
    }
}

fn missing_file(project: &Project, source: &Source, place: Range<usize>, beside: &str, specifier: &str) -> Diagnostic {
    if let Some(rooted) = specifier.strip_prefix('/') {
        let help =
            format!("a path with a slash in front is one of the site, or of a file in its `assets/`: `{rooted}`");
        return placed(source, place, format!("there is no file `{specifier}`")).with_help(help);
    }
    let above = specifier.rsplit_once('/').map_or("", |(above, _)| above);
    missing_in(project, source, place, &below(beside, above).unwrap_or_default(), specifier)
}

/// `specifier` leads to a file that is not in the folder `looked_in`.
fn missing_in(project: &Project, source: &Source, place: Range<usize>, looked_in: &str, specifier: &str) -> Diagnostic {
    let wrong = placed(source, place, format!("there is no file `{specifier}`"));
    let (above, name) = specifier.rsplit_once('/').unwrap_or(("", specifier));
    let Ok(entries) = project.world.list(looked_in) else {
        return wrong.with_help(format!("there is no folder `{looked_in}`"));
    };
    let names = entries.iter().filter(|entry| !matches!(entry.kind, EntryKind::Refused(_))).map(|entry| &*entry.name);
    let has_extension = !stem_and_extension(name).1.is_empty();
    let names: Vec<&str> = names.map(|name| if has_extension { name } else { without_extension(name) }).collect();
    match did_you_mean(name, names) {
        Some(meant) => wrong.with_help(format!("did you mean `{above}/{meant}`?")),
        None => wrong.with_help(format!("there is nothing like it in `{looked_in}/`")),
    }
}

/// The name as an import may write it.
fn without_extension(name: &str) -> &str {
    EXTENSIONS.iter().find_map(|extension| name.strip_suffix(extension)).unwrap_or(name)
}

fn missing_package(
    project: &Project,
    source: &Source,
    place: Range<usize>,
    importer: &str,
    specifier: &str,
    error: &ResolveError,
) -> Diagnostic {
    let (package, inside) = package_of(specifier);
    if specifier.starts_with("node:") || NODE.contains(&package) {
        let message = format!("`{specifier}` is a part of Node.js, which browsers do not have");
        let help = match package.trim_start_matches("node:") {
            "path" => "the package `path-browserify` does the same: import it instead".to_owned(),
            "crypto" => "browsers have `crypto.subtle` and `crypto.randomUUID()`".to_owned(),
            "url" | "querystring" => "browsers have `URL` and `URLSearchParams`".to_owned(),
            "timers" => "browsers have `setTimeout` and its like without an import".to_owned(),
            "util" => "browsers have `TextEncoder`, `TextDecoder` and `structuredClone()`".to_owned(),
            "http" | "https" => "browsers have `fetch()`".to_owned(),
            plain @ ("assert" | "buffer" | "events" | "punycode" | "string_decoder") => {
                format!("the package `{plain}` does the same: `npm install {plain}`, and import it as `{plain}/`")
            }
            _ => "what needs it cannot run in a browser".to_owned(),
        };
        return placed(source, place, message).with_help(help);
    }
    if specifier.starts_with('#') || package.is_empty() || specifier.starts_with("~/") || specifier.starts_with("@/") {
        let help = "names of this kind are `paths` in `tsconfig.json`, or `imports` in `package.json`";
        return placed(source, place, format!("there is nothing at `{specifier}`")).with_help(help);
    }
    let installed = package_folders(importer).collect::<Vec<_>>();
    let Some(home) = installed.iter().map(|folder| format!("{folder}/{package}")).find(|path| is_folder(project, path))
    else {
        let wrong = placed(source, place.clone(), format!("the package `{package}` is not installed"));
        let names = installed.iter().flat_map(|folder| packages_in(project, folder)).collect::<Vec<_>>();
        // A link to nothing has the name, and no package.
        let meant = did_you_mean(package, names.iter().map(String::as_str).filter(|name| *name != package));
        let help = match meant {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if place.is_empty() && package == project.jsx.as_deref().unwrap_or("react") => format!(
                "JSX is compiled for it: `npm install {package}`, or name another package as `jsx` in `[sitekit.assets]`"
            ),
            None => format!("`npm install {package}`"),
        };
        return wrong.with_help(help);
    };
    match error {
        ResolveError::PackagePathNotExported { .. } if inside.is_empty() => {
            let message =
                format!("the package `{package}` has nothing for browsers: its `exports` give no entry for them");
            let help = match exported(project, &home) {
                names if names.is_empty() => format!("it may be made for Node.js alone: see `{home}/package.json`"),
                names => format!("it exports {}", listed(&names, package)),
            };
            placed(source, place, message).with_help(help)
        }
        ResolveError::PackagePathNotExported { .. } => {
            let message = format!("the package `{package}` does not export `./{inside}`");
            let names = exported(project, &home);
            let wanted = format!("./{inside}");
            let help = match did_you_mean(&wanted, names.iter().map(String::as_str)) {
                Some(meant) => format!("did you mean `{package}{}`?", &meant[1..]),
                None if names.is_empty() => format!("what it exports is in `{home}/package.json`"),
                None => format!("it exports {}", listed(&names, package)),
            };
            placed(source, place, message).with_help(help)
        }
        ResolveError::NotFound(_) | ResolveError::ExtensionAlias(..) if inside.is_empty() => {
            let message = format!("the package `{package}` has no script to import");
            placed(source, place, message)
                .with_help(format!("no file is where `{home}/package.json` says its entry is"))
        }
        ResolveError::NotFound(_) | ResolveError::ExtensionAlias(..) => {
            let wrong = placed(source, place, format!("the package `{package}` has no file `{inside}`"));
            let (above, name) = inside.rsplit_once('/').unwrap_or(("", inside));
            let entries = project.world.list(&below(&home, above).unwrap_or_default()).unwrap_or_default();
            match did_you_mean(name, entries.iter().map(|entry| &*entry.name)) {
                Some(meant) => {
                    let above = if above.is_empty() { String::new() } else { format!("{above}/") };
                    wrong.with_help(format!("did you mean `{package}/{above}{meant}`?"))
                }
                None => wrong.with_help(format!("its files are in `{home}/`")),
            }
        }
        error => {
            let message = format!("the package `{package}` cannot be used: {}", lower(&error.to_string()));
            placed(source, place, message).with_help(format!("see `{home}/package.json`"))
        }
    }
}

/// Keys of a package's `exports` that name something.
fn exported(project: &Project, home: &str) -> Vec<String> {
    let json = project.world.read(&format!("{home}/package.json")).ok();
    let json: Option<serde_json::Value> = json.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let keys = json.as_ref().and_then(|json| json.get("exports")?.as_object());
    let names = keys.into_iter().flatten().map(|(name, _)| name.clone());
    names.filter(|name| name.starts_with("./") && name != "./package.json").collect()
}

fn listed(names: &[String], package: &str) -> String {
    let some: Vec<_> = names.iter().take(5).map(|name| format!("`{package}{}`", &name[1..])).collect();
    let more = if names.len() > some.len() { ", …" } else { "" };
    format!("{}{more}", some.join(", "))
}

fn packages_in(project: &Project, node_modules: &str) -> Vec<String> {
    let mut names = Vec::new();
    for entry in project.world.list(node_modules).unwrap_or_default() {
        if entry.name.starts_with('@') {
            let inner = project.world.list(&format!("{node_modules}/{}", entry.name)).unwrap_or_default();
            names.extend(inner.into_iter().map(|inner| format!("{}/{}", entry.name, inner.name)));
        } else if !entry.name.starts_with('.') {
            names.push(entry.name);
        }
    }
    names
}

fn is_folder(project: &Project, path: &str) -> bool {
    project.world.kind(path).is_ok_and(|kind| kind == EntryKind::Folder)
}

/// Where a script names what it imports: the string that stands as one does, or else the first that reads so. The quotes
/// are with it.
pub(super) fn place_of(text: &str, specifier: &str) -> Option<Range<usize>> {
    let mut first = None;
    for (at, _) in text.match_indices(specifier) {
        let (before, after) = (&text[..at], &text[at + specifier.len()..]);
        let Some(quote) = before.chars().next_back().filter(|quote| matches!(quote, '"' | '\'' | '`')) else {
            continue;
        };
        if !after.starts_with(quote) {
            continue;
        }
        let place = at - 1..at + specifier.len() + 1;
        let leading = before[..before.len() - 1].trim_end();
        if leading.ends_with("from") || leading.ends_with("import") || leading.ends_with('(') {
            return Some(place);
        }
        first.get_or_insert(place);
    }
    first
}

/// Modules of Node.js (`require("module").builtinModules`).
const NODE: &[&str] = &[
    "assert",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "constants",
    "crypto",
    "dgram",
    "diagnostics_channel",
    "dns",
    "domain",
    "events",
    "fs",
    "http",
    "http2",
    "https",
    "inspector",
    "module",
    "net",
    "os",
    "path",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "readline",
    "repl",
    "stream",
    "string_decoder",
    "sys",
    "timers",
    "tls",
    "trace_events",
    "tty",
    "url",
    "util",
    "v8",
    "vm",
    "wasi",
    "worker_threads",
    "zlib",
];

//! What a style sheet means by an address: a file beside it, of the site or of a package, or something that is not ours to
//! look for.

use serde_json::Value;

use crate::{
    assets::Context,
    diag::did_you_mean,
    load::{EntryKind, World},
    transform::links,
};

/// What an address stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A path of the project.
    File(String),
    /// Another host's, `data:`, or a place in the page: left as it is.
    Foreign,
    /// A path from the site's root that no file has; a route may.
    Route,
    /// Nothing. What may help.
    Nothing(Option<String>),
}

/// What `exports` of a package may be asked for, by who asks.
const CONDITIONS: &[&str] = &["sass", "style", "browser", "import", "default"];

/// The meaning of `address`, without its query and fragment, in the sheet at `from`.
pub(super) fn resolve(context: &Context<'_>, address: &str, from: &str) -> Meaning {
    if is_foreign(address) {
        return Meaning::Foreign;
    }
    if let Some(rooted) = address.strip_prefix('/') {
        return rooted_file(context, rooted).map_or(Meaning::Route, Meaning::File);
    }
    let package = address.strip_prefix('~').or_else(|| address.strip_prefix("pkg:"));
    if let Some(specifier) = package {
        return in_packages(context.world, specifier, from).map_or_else(|| no_package(specifier), Meaning::File);
    }
    let beside = [published(context, address, from), below(folder(from), address)];
    if let Some(file) = beside.into_iter().flatten().find(|path| is_file(context.world, path)) {
        return Meaning::File(file);
    }
    let is_relative = address.starts_with("./") || address.starts_with("../");
    match in_packages(context.world, address, from).filter(|_| !is_relative) {
        Some(file) => Meaning::File(file),
        None => Meaning::Nothing(help(context.world, address, from)),
    }
}

/// The first of several meanings that is something, else the first.
pub(super) fn first(meanings: impl Iterator<Item = Meaning>) -> Option<Meaning> {
    meanings.reduce(|first, next| match first {
        Meaning::Nothing(_) if !matches!(next, Meaning::Nothing(_)) => next,
        first => first,
    })
}

/// The file of the site at a path from its root: published there, or in `assets/`, whose name may lead the path.
pub(super) fn rooted_file(context: &Context<'_>, path: &str) -> Option<String> {
    let site = context.site;
    let beside = site.pages.iter().flat_map(|page| &page.assets);
    let beside = beside.chain(site.sections.iter().flat_map(|section| &section.assets));
    let published = site.files.iter().chain(beside).find(|file| &file.path.as_str()[1..] == path);
    published.map(|file| file.file.path.to_string()).or_else(|| {
        let asset = below(&format!("{}/assets", site.root), path.strip_prefix("assets/").unwrap_or(path))?;
        is_file(context.world, &asset).then_some(asset)
    })
}

/// A relative address in a sheet that is published where it lies is relative to where that is: the file it means may be the
/// site's own while the sheet is the theme's.
fn published(context: &Context<'_>, address: &str, from: &str) -> Option<String> {
    let sheet = context.site.files.iter().find(|file| &*file.file.path == from)?;
    let path = below(folder(&sheet.path.as_str()[1..]), address)?;
    context.site.files.iter().find(|file| file.path.as_str()[1..] == path).map(|file| file.file.path.to_string())
}

/// A file of a package: `bootstrap`, `bootstrap/scss/bootstrap`, `@fontsource/inter/400.css`.
pub(super) fn in_packages(world: &dyn World, specifier: &str, from: &str) -> Option<String> {
    let name_end = specifier.match_indices('/').nth(usize::from(specifier.starts_with('@')));
    let (name, inside) = name_end.map_or((specifier, ""), |(at, _)| (&specifier[..at], &specifier[at + 1..]));
    if name.is_empty() || name.starts_with('.') {
        return None;
    }
    let package = package_folders(from)
        .map(|folder| format!("{folder}/{name}").trim_start_matches('/').to_owned())
        .find(|folder| world.kind(folder) == Ok(EntryKind::Folder))?;
    let package = world.real(&package).unwrap_or(package);
    let manifest: Value = world
        .read(&format!("{package}/package.json"))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    let exported = manifest.get("exports").and_then(|exports| exported(exports, inside));
    let fields = ["sass", "style", "main"].iter().filter(|_| inside.is_empty());
    let named = fields.filter_map(|field| manifest.get(field)?.as_str()).filter(|file| is_sheet(file));
    let candidates = exported.into_iter().chain(named.map(str::to_owned)).chain([
        inside.to_owned(),
        format!("{inside}.css"),
        format!("{inside}/index.css"),
        "index.css".to_owned(),
    ]);
    candidates.filter_map(|inside| below(&package, &inside)).find(|path| is_file(world, path))
}

/// The `node_modules` folders that files at `from` may use, the nearest first.
pub(super) fn package_folders(from: &str) -> impl Iterator<Item = String> {
    let mut next = Some(folder(from));
    std::iter::from_fn(move || {
        let here = next?;
        next = (!here.is_empty()).then(|| folder(here));
        Some(format!("{here}/node_modules").trim_start_matches('/').to_owned())
    })
}

/// What `exports` says of a path in the package (Node.js, "Package entry points").
fn exported(exports: &Value, inside: &str) -> Option<String> {
    let wanted = if inside.is_empty() { ".".to_owned() } else { format!("./{inside}") };
    let paths = exports.as_object().filter(|table| table.keys().any(|key| key.starts_with('.')));
    let Some(paths) = paths else { return if inside.is_empty() { target(exports, "") } else { None } };
    if let Some(exact) = paths.get(&wanted) {
        return target(exact, "");
    }
    let patterns = paths.iter().filter_map(|(key, value)| {
        let (start, end) = key.split_once('*')?;
        let star = wanted.strip_prefix(start)?.strip_suffix(end)?;
        Some((start.len(), value, star))
    });
    let (_, value, star) = patterns.max_by_key(|(length, ..)| *length)?;
    target(value, star)
}

fn target(value: &Value, star: &str) -> Option<String> {
    match value {
        Value::String(path) => Some(path.replace('*', star)).filter(|path| is_sheet(path) || !path.ends_with("js")),
        Value::Array(values) => values.iter().find_map(|value| target(value, star)),
        Value::Object(table) => CONDITIONS.iter().find_map(|name| target(table.get(*name)?, star)),
        _ => None,
    }
}

/// Whether a file is CSS or Sass by its name.
pub(super) fn is_sheet(path: &str) -> bool {
    matches!(path.rsplit_once('.'), Some((_, "css" | "scss" | "sass")))
}

/// Whether an address is none of ours: it has a scheme or a host, or names a place in the page.
pub(super) fn is_foreign(address: &str) -> bool {
    let scheme = address.split([':', '/', '?', '#']).next().unwrap_or("");
    let has_scheme = address[scheme.len()..].starts_with(':')
        && !address.starts_with("pkg:")
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let has_host = address.starts_with('/') && !links::is_rooted(address);
    address.starts_with('#') || has_scheme || has_host
}

pub(super) fn is_file(world: &dyn World, path: &str) -> bool {
    matches!(world.kind(path), Ok(EntryKind::File(_)))
}

/// The folder of a path, without the slash.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// `relative` from `folder`; `None` when that leaves the project.
pub(super) fn below(folder: &str, relative: &str) -> Option<String> {
    let mut segments: Vec<&str> = folder.split('/').filter(|segment| !segment.is_empty()).collect();
    for segment in relative.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()?),
            segment => segments.push(segment),
        }
    }
    Some(segments.join("/"))
}

fn no_package(specifier: &str) -> Meaning {
    Meaning::Nothing(Some(format!(
        "`{specifier}` is looked for in the `node_modules` folders of the site and above it"
    )))
}

/// A file that may have been meant.
fn help(world: &dyn World, address: &str, from: &str) -> Option<String> {
    let path = below(folder(from), address)?;
    let (folder, name) = path.rsplit_once('/')?;
    match world.list(folder) {
        Ok(entries) => {
            let names = entries.iter().map(|entry| entry.name.as_str());
            let meant = did_you_mean(name, names)?;
            Some(format!("did you mean `{}{meant}`?", &address[..address.len().saturating_sub(name.len())]))
        }
        Err(_) => Some(format!("there is no folder `{folder}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::MemoryWorld;

    #[test]
    fn foreign_addresses() {
        for (address, expected) in [
            ("https://example.com/a.css", true),
            ("//example.com/a.css", true),
            ("data:image/png;base64,AA", true),
            ("#clip", true),
            ("blob:x", true),
            ("a.png", false),
            ("./a:b.png", false),
            ("/a.png", false),
            ("pkg:bootstrap", false),
            ("~bootstrap/a.css", false),
            ("", false),
        ] {
            assert_eq!(is_foreign(address), expected, "{address}");
        }
    }

    #[test]
    fn files_of_packages() {
        let world = MemoryWorld::new()
            .with("node_modules/plain/package.json", r#"{"main": "index.js", "style": "dist/plain.css"}"#)
            .with("node_modules/plain/dist/plain.css", "")
            .with("node_modules/plain/themes/dark.css", "")
            .with("node_modules/bare/index.css", "")
            .with("node_modules/near/index.css", "")
            .with("sites/s/node_modules/near/index.css", "")
            .with(
                "node_modules/@a/b/package.json",
                r#"{"exports": {".": {"import": "./main.js", "style": "./b.css"}, "./css/*": "./dist/*.min.css", "./css/x": {"default": "./x.css"}}}"#,
            )
            .with("node_modules/@a/b/b.css", "")
            .with("node_modules/@a/b/x.css", "")
            .with("node_modules/@a/b/dist/y.min.css", "")
            .with("node_modules/@a/b/unlisted.css", "");
        for (specifier, expected) in [
            ("plain", Some("node_modules/plain/dist/plain.css")),
            ("plain/themes/dark.css", Some("node_modules/plain/themes/dark.css")),
            ("plain/themes/dark", Some("node_modules/plain/themes/dark.css")),
            ("bare", Some("node_modules/bare/index.css")),
            ("near", Some("sites/s/node_modules/near/index.css")),
            ("@a/b", Some("node_modules/@a/b/b.css")),
            ("@a/b/css/x", Some("node_modules/@a/b/x.css")),
            ("@a/b/css/y", Some("node_modules/@a/b/dist/y.min.css")),
            ("@a/b/unlisted.css", Some("node_modules/@a/b/unlisted.css")),
            ("@a/b/none.css", None),
            ("none", None),
            ("../plain", None),
        ] {
            assert_eq!(in_packages(&world, specifier, "sites/s/assets/a.css").as_deref(), expected, "{specifier}");
        }
    }

    #[test]
    fn paths_stay_in_the_project() {
        for (folder, relative, expected) in [
            ("sites/s/css", "../img/a.png", Some("sites/s/img/a.png")),
            ("sites", "./a//b", Some("sites/a/b")),
            ("", "a", Some("a")),
            ("sites", "../../a", None),
        ] {
            assert_eq!(below(folder, relative).as_deref(), expected, "{folder} {relative}");
        }
    }
}

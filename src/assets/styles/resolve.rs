//! What a style sheet means by an address: a file beside it, of the site or of a package, or something that is not ours to
//! look for.

use crate::{
    assets::{
        Context,
        resolve::{below, folder},
    },
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
        return context
            .resolver
            .resolve_in_packages(from, specifier)
            .map_or_else(|| no_package(specifier), Meaning::File);
    }
    let beside = [published(context, address, from), below(folder(from), address)];
    if let Some(file) = beside.into_iter().flatten().find(|path| is_file(context.world, path)) {
        return Meaning::File(file);
    }
    let is_relative = address.starts_with("./") || address.starts_with("../");
    let in_packages = || context.resolver.resolve_in_packages(from, address);
    match (!is_relative).then(in_packages).flatten() {
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
    let published = context.resolver.published_at(&format!("/{path}"));
    published.map(str::to_owned).or_else(|| {
        let asset = below(&format!("{}/assets", context.site.root), path.strip_prefix("assets/").unwrap_or(path))?;
        is_file(context.world, &asset).then_some(asset)
    })
}

/// A relative address in a sheet that is published where it lies is relative to where that is: the file it means may be the
/// site's own while the sheet is the theme's.
fn published(context: &Context<'_>, address: &str, from: &str) -> Option<String> {
    let sheet = context.resolver.address(from)?;
    let path = below(folder(sheet), address)?;
    context.resolver.published_at(&format!("/{path}")).map(str::to_owned)
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
}

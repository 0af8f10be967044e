//! How the linker calls a module: the path in the project with a slash in front, and a query where the file is not simply
//! what its extension says. Ids with a zero byte in front are modules without a file.

use super::kind::Kind;
use crate::assets::resolve::Found;

/// The module that a page's author imports by the name of the product.
pub(super) const SITEKIT: &str = "\0sitekit";

/// In front of the specifier of a module that is not there and may be done without.
pub(super) const ABSENT: &str = "\0sitekit/absent:";

/// In front of what a package leaves out for browsers.
pub(super) const LEFT_OUT: &str = "\0sitekit/left-out:";

/// Behind the path of a CSS module: its rules, without its names.
pub(super) const RULES: &str = "?rules";

/// Behind the path of a page: the text of a script in it, by the entry it is.
pub(super) const SCRIPT: &str = "?script=";

/// The id of a file's module.
pub(super) fn of(found: &Found) -> String {
    let path = &found.path;
    match &found.query {
        Some(query) if Kind::of(path, query).is_some_and(|kind| !matches!(kind, Kind::Module(_))) => {
            format!("/{path}{query}")
        }
        // rolldown reads from the end of the id how CommonJS is to be imported from here.
        _ if found.is_module && Kind::of(path, "").is_some_and(|kind| kind.is_code()) => format!("/{path}?.mjs"),
        _ => format!("/{path}"),
    }
}

/// For a file's module: its path in the project, and its query with the question mark.
pub(super) fn parts(id: &str) -> Option<(&str, &str)> {
    let path = id.strip_prefix('/')?;
    let end = path.find('?').unwrap_or(path.len());
    Some((&path[..end], &path[end..]))
}

/// What a person is told a module is.
pub(super) fn path(id: &str) -> &str {
    parts(id).map_or_else(|| id.trim_start_matches('\0'), |(path, _)| path)
}

/// Whether a module is of a package.
pub(super) fn is_of_package(id: &str) -> bool {
    id.contains("node_modules/")
}

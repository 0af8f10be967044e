//! What the asset pipeline made of a site's scripts, style sheets and other files: which file stands for which source, what
//! it brings with it, and what is in it. Kept in the bundle, so that what ships can be looked into where it runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything that was built, by the names authors and browsers know. Sizes are in bytes before any content coding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// By the source a page or template asks for, relative to the project: `sites/app/main.ts`.
    pub entries: BTreeMap<String, BuiltEntry>,
    /// By path in the site: `/assets/main.4f2a9c81d0.js`.
    pub files: BTreeMap<String, BuiltFile>,
}

/// What a browser gets for an entry. All are keys of [`Manifest::files`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltEntry {
    pub file: String,
    /// The scripts it imports, theirs among them, before it runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub imports: Vec<String>,
    /// The style sheets that belong to it, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub styles: Vec<String>,
    /// What it may import later, and what that imports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub later: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltFile {
    pub kind: BuiltKind,
    pub bytes: u64,
    /// Subresource Integrity metadata: `sha384-…`.
    pub integrity: String,
    /// What it imports at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub imports: Vec<String>,
    /// What it imports later.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub later: Vec<String>,
    /// What it was made of, and about how many of its bytes come from each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<BuiltModule>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BuiltKind {
    Script,
    Style,
    /// An image, a font, anything else.
    File,
}

/// A source in a built file, relative to the project: `node_modules/react/index.js`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltModule {
    pub source: String,
    pub bytes: u64,
}

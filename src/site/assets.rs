//! What the asset pipeline made of a site's scripts, style sheets and other files: which file stands for which source, what
//! it brings with it, and what is in it. Kept in the bundle, so that what ships can be looked into where it runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{BasePath, ContentHash, SiteName, SitePath};

/// Everything that was built, by the names authors and browsers know. Sizes are in bytes before any content coding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// By the source a page or template asks for, relative to the project: `sites/app/main.ts`.
    pub entries: BTreeMap<String, BuiltEntry>,
    /// By path in the site: `/assets/main.4f2a9c81d0.js`. Each is a route of it.
    pub files: BTreeMap<String, BuiltFile>,
}

/// What a browser gets for an entry. All are keys of [`Manifest::files`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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

/// What `imports` and `later` name are keys of [`Manifest::files`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    /// Bytes of style rules that nothing on the site uses, where these are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unused: Option<u64>,
}

impl BuiltFile {
    /// A file that names no others and of which nothing more is known.
    #[must_use]
    pub const fn of(kind: BuiltKind, bytes: u64, integrity: String) -> Self {
        Self { kind, bytes, integrity, imports: Vec::new(), later: Vec::new(), modules: Vec::new(), unused: None }
    }
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
#[serde(deny_unknown_fields)]
pub struct BuiltModule {
    pub source: String,
    pub bytes: u64,
}

/// Why a manifest cannot stand in a bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    #[error("{0}")]
    Unreadable(String),
    #[error("it is not written the one way it can be")]
    NotCanonical,
    #[error("`{0}` is no route of the site")]
    NoRoute(String),
    #[error("`{by}` names `{name}`, which is none of its files")]
    NoFile { by: String, name: String },
}

impl Manifest {
    /// Whether nothing was built.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The one text it is stored as.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Maps have keys of text, and nothing else in serialization can fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what `to_json` writes, and nothing else.
    ///
    /// # Errors
    /// When it is no such text.
    pub fn from_json(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self =
            serde_json::from_str(text).map_err(|error| ManifestError::Unreadable(error.to_string()))?;
        if manifest.is_empty() || manifest.to_json() != text { Err(ManifestError::NotCanonical) } else { Ok(manifest) }
    }

    /// The manifest with whose it is, as it is written for people and other tools; none when nothing was built.
    #[must_use]
    pub fn describe(&self, site: &SiteName, base: &BasePath, generation: ContentHash) -> Option<String> {
        #[derive(Serialize)]
        struct Described<'a> {
            site: &'a str,
            base: &'a str,
            generation: String,
            #[serde(flatten)]
            manifest: &'a Manifest,
        }
        let (site, base, generation) = (site.as_str(), base.as_str(), generation.to_string());
        let described = Described { site, base, generation, manifest: self };
        // As above.
        (!self.is_empty()).then(|| serde_json::to_string_pretty(&described).unwrap_or_default() + "\n")
    }

    /// Holds it to the routes of its site, and what it names to what it lists.
    ///
    /// # Errors
    /// When it lists what is no route, or names a file it does not list.
    pub fn check(&self, is_route: impl Fn(&SitePath) -> bool) -> Result<(), ManifestError> {
        let is_published = |path: &str| SitePath::parse(path).is_ok_and(|path| is_route(&path));
        if let Some(path) = self.files.keys().find(|path| !is_published(path)) {
            return Err(ManifestError::NoRoute(path.clone()));
        }
        let of_entries = self.entries.iter().flat_map(|(source, entry)| {
            let BuiltEntry { file, imports, styles, later } = entry;
            [file].into_iter().chain(imports).chain(styles).chain(later).map(move |name| (source, name))
        });
        let of_files = self
            .files
            .iter()
            .flat_map(|(path, file)| file.imports.iter().chain(&file.later).map(move |name| (path, name)));
        match of_entries.chain(of_files).find(|(_, name)| !self.files.contains_key(*name)) {
            Some((by, name)) => Err(ManifestError::NoFile { by: by.clone(), name: name.clone() }),
            None => Ok(()),
        }
    }
}

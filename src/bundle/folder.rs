//! The names in `build/<site>/`: bundles, the file that says which one is live, and what a commit needs while it runs.

use std::fmt;

use crate::site::ContentHash;

/// The file that names the live bundle: its generation and a line end.
pub const CURRENT: &str = "current";

/// Held by the build that publishes, and empty. A lock of the system, so a killed build holds none.
pub const LOCK: &str = ".lock";

/// A bundle that is being written. One name is enough: only the holder of the lock writes.
pub const TEMPORARY_BUNDLE: &str = ".bundle.tmp";

/// The next `current`, being written.
pub const TEMPORARY_CURRENT: &str = ".current.tmp";

/// What the live generation is made of, for people and other tools: JSON.
pub const MANIFEST_FILE: &str = "manifest.json";

/// The next `manifest.json`, being written.
pub const TEMPORARY_MANIFEST: &str = ".manifest.tmp";

/// The folder of the source maps that are not published.
pub const MAPS: &str = "maps";

/// A source map, being written.
pub const TEMPORARY_MAP: &str = ".map.tmp";

/// The file name of a generation: `<32 hexadecimal digits>.bundle`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BundleName(pub ContentHash);

impl BundleName {
    /// Reads what `Display` writes; `None` for any other file name.
    #[must_use]
    pub fn parse(file_name: &str) -> Option<Self> {
        file_name.strip_suffix(".bundle").and_then(ContentHash::parse).map(Self)
    }

    /// Reads the content of [`CURRENT`]; `None` when it names no bundle.
    #[must_use]
    pub fn parse_current(content: &str) -> Option<Self> {
        content.strip_suffix('\n').and_then(ContentHash::parse).map(Self)
    }

    /// The content of [`CURRENT`] when this bundle is live.
    #[must_use]
    pub fn to_current(self) -> String {
        format!("{}\n", self.0)
    }
}

impl fmt::Display for BundleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.bundle", self.0)
    }
}

//! What a build folder holds: the sites in it, the live bundle of each, and the generations that can be gone back to.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::{Bundle, FormatError};
use crate::{
    bundle::{BundleName, CURRENT},
    site::{ContentHash, SiteName},
};

/// Why a bundle cannot be opened. Every message names the file.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("there is no {}", path.display())]
    Missing { path: PathBuf },
    #[error("no permission to read {}", path.display())]
    Permission { path: PathBuf },
    #[error("{} is {}, not a bundle", path.display(), if *folder { "a folder" } else { "a device or a pipe" })]
    NotAFile { path: PathBuf, folder: bool },
    #[error("cannot read {}: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("{}: {error}", path.display())]
    Format { path: PathBuf, error: FormatError },
    #[error("{} should hold the name of a bundle, 32 hexadecimal digits and a line end, but holds {found:?}", path.display())]
    Current { path: PathBuf, found: String },
}

/// A bundle of a site that can be gone back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    pub hash: ContentHash,
    pub path: PathBuf,
    /// When it was last published.
    pub published: SystemTime,
    pub live: bool,
}

/// The sites that have a live bundle in `build`, sorted. Folders that are no site, such as a cache, are passed over.
///
/// # Errors
/// When there is no such folder, or it cannot be read.
pub fn sites(build: &Path) -> Result<Vec<SiteName>, OpenError> {
    let mut sites = Vec::new();
    for entry in fs::read_dir(build).map_err(|error| OpenError::io(build, error))? {
        let entry = entry.map_err(|error| OpenError::io(build, error))?;
        let name = entry.file_name().to_str().and_then(|name| SiteName::parse(name).ok());
        if let Some(name) = name.filter(|_| entry.path().join(CURRENT).is_file()) {
            sites.push(name);
        }
    }
    sites.sort();
    Ok(sites)
}

/// The file of the live bundle of a site.
///
/// # Errors
/// When none was published, or `current` does not name one.
pub fn live(build: &Path, site: &SiteName) -> Result<PathBuf, OpenError> {
    let folder = build.join(site.as_str());
    Ok(folder.join(live_name(&folder)?.to_string()))
}

/// Which generation of a site is live.
///
/// # Errors
/// As `live`.
pub fn live_generation(build: &Path, site: &SiteName) -> Result<ContentHash, OpenError> {
    Ok(live_name(&build.join(site.as_str()))?.0)
}

/// Opens the live bundle of a site, and opens the next one when a build replaced it meanwhile.
///
/// # Errors
/// As `live` and `Bundle::open`.
pub fn open_live(build: &Path, site: &SiteName) -> Result<Bundle, OpenError> {
    let mut path = live(build, site)?;
    loop {
        match Bundle::open(&path) {
            Err(OpenError::Missing { path: missing }) => {
                path = live(build, site)?;
                if path == missing {
                    return Err(OpenError::Missing { path });
                }
            }
            opened => return opened,
        }
    }
}

/// The generations of a site that are kept, the last published first.
///
/// # Errors
/// When the site has no folder, or it cannot be read.
pub fn generations(build: &Path, site: &SiteName) -> Result<Vec<Generation>, OpenError> {
    let folder = build.join(site.as_str());
    let at = |error| OpenError::io(&folder, error);
    let live = live_name(&folder).ok();
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).map_err(at)? {
        let entry = entry.map_err(at)?;
        let Some(name) = entry.file_name().to_str().and_then(BundleName::parse) else { continue };
        // It may have been removed since it was listed.
        let Ok(published) = entry.metadata().and_then(|metadata| metadata.modified()) else { continue };
        found.push(Generation { hash: name.0, path: entry.path(), published, live: live == Some(name) });
    }
    found.sort_by_key(|generation| (std::cmp::Reverse(generation.published), generation.hash));
    Ok(found)
}

fn live_name(folder: &Path) -> Result<BundleName, OpenError> {
    let path = folder.join(CURRENT);
    let content = fs::read(&path).map_err(|error| OpenError::io(&path, error))?;
    let content = String::from_utf8_lossy(&content);
    BundleName::parse_current(&content).ok_or_else(|| {
        let found = content.chars().take(80).collect();
        OpenError::Current { path, found }
    })
}

impl OpenError {
    /// Sorts an error of the system by what an operator can do about it.
    pub(super) fn io(path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing { path },
            io::ErrorKind::PermissionDenied => Self::Permission { path },
            io::ErrorKind::IsADirectory => Self::NotAFile { path, folder: true },
            _ => Self::Io { path, error },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tests run as root too, whom no file refuses; so the error itself is what is sorted here.
    #[test]
    fn errors_of_the_system_are_clear_sentences() {
        for (kind, expected) in [
            (io::ErrorKind::NotFound, "there is no build/a"),
            (io::ErrorKind::PermissionDenied, "no permission to read build/a"),
            (io::ErrorKind::IsADirectory, "build/a is a folder, not a bundle"),
            (io::ErrorKind::TimedOut, "cannot read build/a: timed out"),
        ] {
            assert_eq!(OpenError::io(Path::new("build/a"), kind.into()).to_string(), expected);
        }
    }
}

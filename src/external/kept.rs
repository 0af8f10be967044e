//! What was reached lately is not asked for again. What was not is: whoever mended a link wants to see it.

use std::{
    collections::BTreeMap,
    fs, io,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// How long what was reached counts as there.
pub const LIFETIME: Duration = Duration::from_hours(7 * 24);

/// Links that were reached, and when, in seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    reached: BTreeMap<String, u64>,
}

impl Kept {
    /// Reads the file at `path`. Without it, or with one that another version wrote, nothing is known.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Writes what is still of use, by rename: another check may be reading.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, path: &Path, now: SystemTime) -> io::Result<()> {
        self.reached.retain(|_, &mut reached| is_fresh(reached, now));
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let new = path.with_extension(format!("{}.tmp", std::process::id()));
        fs::write(&new, serde_json::to_vec(self)?)?;
        fs::rename(new, path)
    }

    /// Whether a link was reached no longer ago than counts.
    #[must_use]
    pub fn knows(&self, link: &str, now: SystemTime) -> bool {
        self.reached.get(link).is_some_and(|&reached| is_fresh(reached, now))
    }

    /// Notes that a link was reached.
    pub fn note(&mut self, link: &str, now: SystemTime) {
        let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        self.reached.insert(link.to_owned(), seconds);
    }
}

/// What lies ahead was noted by a clock that went wrong.
fn is_fresh(reached: u64, now: SystemTime) -> bool {
    now.duration_since(UNIX_EPOCH + Duration::from_secs(reached)).is_ok_and(|age| age < LIFETIME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_reached_is_known_for_a_week() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cache/links.json");
        let start = UNIX_EPOCH + Duration::from_secs(1_000_000);
        let mut kept = Kept::read(&file);
        assert!(!kept.knows("https://a/", start));
        kept.note("https://a/", start);
        kept.write(&file, start).unwrap();
        let mut kept = Kept::read(&file);
        assert!(kept.knows("https://a/", start + LIFETIME - Duration::from_secs(1)));
        assert!(!kept.knows("https://a/", start + LIFETIME));
        assert!(!kept.knows("https://a/", start - Duration::from_secs(1)));
        kept.write(&file, start + LIFETIME).unwrap();
        assert_eq!(Kept::read(&file), Kept::default());
        fs::write(&file, "not JSON").unwrap();
        assert_eq!(Kept::read(&file), Kept::default());
    }
}

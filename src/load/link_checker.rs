//! `[link_checker]`: how broken links count, and which are let be. The keys are Zola's.

use super::fields::Fields;
use crate::diag::Severity;

/// How links are checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkChecker {
    /// What a link is that leads nowhere in the site.
    pub internal: Severity,
    /// What a link to another site is that leads nowhere.
    pub external: Severity,
    /// Links that begin with one of these, as they are written, are not checked.
    pub skip_prefixes: Vec<String>,
    /// Of links that begin with one of these, only the part before `#` is.
    pub skip_anchor_prefixes: Vec<String>,
}

const LEVELS: &[(&str, Severity)] = &[("error", Severity::Error), ("warn", Severity::Warning)];

impl Default for LinkChecker {
    fn default() -> Self {
        Self {
            internal: Severity::Error,
            external: Severity::Error,
            skip_prefixes: Vec::new(),
            skip_anchor_prefixes: Vec::new(),
        }
    }
}

impl LinkChecker {
    /// Whether a link, as written, is let be.
    #[must_use]
    pub fn skips(&self, url: &str) -> bool {
        self.skip_prefixes.iter().any(|prefix| url.starts_with(prefix.as_str()))
    }

    /// Whether what stands behind the `#` of a link, as written, is let be.
    #[must_use]
    pub fn skips_anchor(&self, url: &str) -> bool {
        self.skip_anchor_prefixes.iter().any(|prefix| url.starts_with(prefix.as_str()))
    }
}

pub(super) fn read(fields: &mut Fields<'_>) -> LinkChecker {
    let mut prefixes = |key| {
        let prefixes = fields.strings(key).unwrap_or_default().into_iter();
        // Every link begins with nothing.
        prefixes.map(|prefix| prefix.value).filter(|prefix| !prefix.is_empty()).collect()
    };
    let (skip_prefixes, skip_anchor_prefixes) = (prefixes("skip_prefixes"), prefixes("skip_anchor_prefixes"));
    LinkChecker {
        internal: fields.word("internal_level", LEVELS).unwrap_or(Severity::Error),
        external: fields.word("external_level", LEVELS).unwrap_or(Severity::Error),
        skip_prefixes,
        skip_anchor_prefixes,
    }
}

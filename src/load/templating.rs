//! Which Markdown is a template before it is Markdown: all of it, unless the configuration, a section or the file says
//! otherwise. The nearest word counts.

use globset::GlobSet;

use super::{Section, content::folder_of};

#[derive(Clone, Debug, Default)]
pub struct Templating {
    skipped: GlobSet,
    /// Folders of sections that say something, and whether what is in them is skipped; outer ones first.
    sections: Vec<(String, bool)>,
}

impl Templating {
    pub(super) fn new(skipped: &GlobSet, sections: &[Section]) -> Self {
        let says = |section: &Section| {
            let skips = section.meta.skip_content_templating?;
            Some((folder_of(&section.relative).to_owned(), skips))
        };
        let mut sections: Vec<_> = sections.iter().filter_map(says).collect();
        sections.sort();
        Self { skipped: skipped.clone(), sections }
    }

    /// Whether the file at `relative`, below `content/`, is a template. `own` is what it says of itself:
    /// `skip_content_templating`.
    #[must_use]
    pub fn applies_to(&self, relative: &str, own: Option<bool>) -> bool {
        if let Some(skips) = own {
            return !skips;
        }
        let holds =
            |folder: &str| folder.is_empty() || relative.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        match self.sections.iter().rev().find(|(folder, _)| holds(folder)) {
            Some((_, skips)) => !skips,
            None => self.skipped.is_empty() || !self.skipped.is_match(relative),
        }
    }
}

#[cfg(test)]
mod tests {
    use globset::{Glob, GlobSetBuilder};

    use super::*;

    #[test]
    fn the_nearest_word_counts() {
        let skipped = GlobSetBuilder::new().add(Glob::new("themes/**").unwrap()).build().unwrap();
        let sections = vec![("docs".to_owned(), true), ("docs/live".to_owned(), false)];
        let templating = Templating { skipped, sections };
        for (relative, own, expected) in [
            ("a.md", None, true),
            ("a.md", Some(true), false),
            ("themes/a/index.md", None, false),
            ("themes/a/index.md", Some(false), true),
            ("docs/a.md", None, false),
            ("docs/_index.md", None, false),
            ("docs/live/a.md", None, true),
            ("docs/live/a.md", Some(true), false),
            ("docsier/a.md", None, true),
        ] {
            assert_eq!(templating.applies_to(relative, own), expected, "{relative}");
        }
    }
}

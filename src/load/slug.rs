//! Turns names into parts of a URL, by Zola's three strategies.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// ASCII words joined by `-`.
    #[default]
    On,
    /// Only what no file system takes is removed.
    Safe,
    /// Nothing is changed.
    Off,
}

/// A page's part of a path.
#[must_use]
pub fn slugify_path(name: &str, strategy: Strategy) -> String {
    match strategy {
        Strategy::On => slug::slugify(name),
        Strategy::Safe => name.trim_end_matches([' ', '.']).replace(['<', '>', ':', '"', '/', '\\', '|', '?', '*'], ""),
        Strategy::Off => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (name, on, safe, off) in [
            ("plain", "plain", "plain", "plain"),
            ("Two Words ", "two-words", "Two Words", "Two Words "),
            ("Grüße 100%", "grusse-100", "Grüße 100%", "Grüße 100%"),
            ("a?b*c. ", "a-b-c", "abc", "a?b*c. "),
            ("日本", "ri-ben", "日本", "日本"),
            ("about_Aliases", "about-aliases", "about_Aliases", "about_Aliases"),
        ] {
            let slugs = [Strategy::On, Strategy::Safe, Strategy::Off].map(|strategy| slugify_path(name, strategy));
            assert_eq!(slugs, [on, safe, off], "{name}");
        }
    }
}

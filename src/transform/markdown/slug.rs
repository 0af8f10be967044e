//! The ids of headings: slugs as Zola makes them, or as GitHub does, so that links written for GitHub's rendering of a
//! file lead to the same heading here.

use std::collections::HashMap;

/// How a heading's text becomes its id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Anchors {
    /// ASCII words joined by `-`.
    #[default]
    Slug,
    /// As it is, with `_` for white space.
    Text,
    /// As GitHub does it: lower case, spaces as `-`, no punctuation but `-` and `_`.
    Github,
}

/// The ids of one page; no two are equal.
#[derive(Default)]
pub(super) struct Slugs {
    anchors: Anchors,
    /// Each id given, and the last number tried after it.
    given: HashMap<String, usize>,
}

impl Anchors {
    fn slug(self, title: &str) -> String {
        match self {
            Self::Slug => slug::slugify(title),
            Self::Text => title.replace(|c: char| c.is_ascii_whitespace(), "_"),
            Self::Github => {
                let mut slug = String::with_capacity(title.len());
                for c in title.chars().flat_map(char::to_lowercase) {
                    match c {
                        ' ' => slug.push('-'),
                        '-' | '_' => slug.push(c),
                        _ if c.is_alphanumeric() || is_combining(c) => slug.push(c),
                        _ => {}
                    }
                }
                slug
            }
        }
    }
}

impl Slugs {
    pub(super) fn new(anchors: Anchors) -> Self {
        Self { anchors, given: HashMap::new() }
    }

    /// Keeps an id the author chose from being given to another heading. Whether it was free.
    pub(super) fn reserve(&mut self, id: &str) -> bool {
        self.given.insert(id.to_owned(), 0).is_none()
    }

    /// The id of a heading with this text, numbered from `-1` when it is taken.
    pub(super) fn of(&mut self, title: &str) -> String {
        let mut slug = self.anchors.slug(title.trim());
        if slug.is_empty() {
            slug.push_str("section");
        }
        let Some(&last) = self.given.get(&slug) else {
            self.given.insert(slug.clone(), 0);
            return slug;
        };
        let mut number = last;
        let id = loop {
            number += 1;
            let id = format!("{slug}-{number}");
            if !self.given.contains_key(&id) {
                break id;
            }
        };
        self.given.insert(slug, number);
        self.given.insert(id.clone(), 0);
        id
    }
}

/// Combining marks that are not alphabetic by themselves but part of a word.
fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_github() {
        let mut slugs = Slugs::new(Anchors::Github);
        assert!(slugs.reserve("chosen"));
        for (title, id) in [
            ("Hello, World!", "hello-world"),
            ("Example 3 - x", "example-3---x"),
            ("Grüße & Küsse", "grüße--küsse"),
            ("snake_case `code`", "snake_case-code"),
            ("Hello World", "hello-world-1"),
            ("Hello World 1", "hello-world-1-1"),
            ("hello world", "hello-world-2"),
            ("Chosen", "chosen-1"),
            ("日本語", "日本語"),
            ("?!", "section"),
            ("", "section-1"),
        ] {
            assert_eq!(slugs.of(title), id, "{title}");
        }
        assert!(!slugs.reserve("hello-world"));
    }

    #[test]
    fn ids_are_those_of_zola() {
        for (title, slug, text) in [
            ("Hello, World!", "hello-world", "Hello,_World!"),
            ("Example 3 - x", "example-3-x", "Example_3_-_x"),
            ("L'écologie et vous", "l-ecologie-et-vous", "L'écologie_et_vous"),
            ("日本", "ri-ben", "日本"),
        ] {
            let id = |anchors| Slugs::new(anchors).of(title);
            assert_eq!([id(Anchors::Slug), id(Anchors::Text)], [slug, text], "{title}");
        }
    }
}

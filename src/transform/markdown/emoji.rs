//! `:smile:` and its like, by the names GitHub has for them.

use std::borrow::Cow;

/// `text` with its emoji as characters; what no emoji is called stays.
pub(super) fn replaced(text: &str) -> Cow<'_, str> {
    let mut replaced = String::new();
    let mut copied = 0;
    // The last colon that a name may begin after.
    let mut open = None;
    for (at, _) in text.match_indices(':') {
        let emoji = open.and_then(|start: usize| Some((start, emojis::get_by_shortcode(&text[start + 1..at])?)));
        open = match emoji {
            Some((start, emoji)) => {
                replaced.extend([&text[copied..start], emoji.as_str()]);
                copied = at + 1;
                None
            }
            None => Some(at),
        };
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    replaced.push_str(&text[copied..]);
    Cow::Owned(replaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_characters() {
        for (text, expected) in [
            ("", ""),
            ("Hello :smile:!", "Hello 😄!"),
            (":+1::tada:", "👍🎉"),
            ("a: b :rocket:: c", "a: b 🚀: c"),
            ("12:30:smile:", "12:30😄"),
            (":no such: :nosuch:", ":no such: :nosuch:"),
            ("::", "::"),
        ] {
            assert_eq!(replaced(text), expected);
        }
    }
}

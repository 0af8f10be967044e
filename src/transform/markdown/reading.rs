//! How long a text is, and how long it takes to read: words by the Unicode rules (UAX #29) with the markup between them, as
//! Zola counts, and letters in Chinese and Japanese, which have no spaces. Code blocks are not read.

use unicode_segmentation::UnicodeSegmentation;

/// What is counted in a language, and how many of it are read in a minute. The figures are Zola's, which are those of studies
/// of silent reading: Brysbaert 2019 (English), Song et al. 2016 (Korean), Wang et al. 2024 (Chinese), Kobayashi and
/// Kawashima 2018 (Japanese).
fn speed(lang: &str) -> (Unit, usize) {
    match lang.split(['-', '_']).next().unwrap_or(lang) {
        "en" => (Unit::Words, 238),
        "ko" => (Unit::Words, 202),
        "zh" => (Unit::Letters, 439),
        "ja" => (Unit::Letters, 653),
        _ => (Unit::Words, 200),
    }
}

#[derive(Clone, Copy)]
enum Unit {
    Words,
    Letters,
}

/// The length of a Markdown text in a language, and the minutes it takes, rounded up.
pub(super) fn length_and_minutes(text: &str, lang: &str) -> (usize, usize) {
    let (unit, per_minute) = speed(lang);
    let count = |text: &str| match unit {
        Unit::Words => text.lines().map(|line| line.unicode_words().count()).sum(),
        Unit::Letters => text.chars().filter(|letter| letter.is_alphabetic()).count(),
    };
    // Each fence begins or ends a code block.
    let length: usize = text.split("```").step_by(2).map(count).sum();
    (length, length.div_ceil(per_minute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_minutes() {
        let words = |count: usize| "a ".repeat(count);
        for (text, lang, expected) in [
            ("", "en", (0, 0)),
            ("Don't *stop* (me) now; 3.5 `x_y`", "en", (6, 1)),
            ("Grüße, Welt\nzwei", "de", (3, 1)),
            ("one\n\n```rust\nfn two() {}\n```\n\nthree", "en", (2, 1)),
            (&words(238), "en-GB", (238, 1)),
            (&words(239), "en", (239, 2)),
            (&words(200), "fr", (200, 1)),
            (&words(201), "fr", (201, 2)),
            (&words(202), "ko", (202, 1)),
            ("你好，世界。", "zh-Hans", (4, 1)),
            (&"字".repeat(440), "zh", (440, 2)),
            (&"字".repeat(653), "ja", (653, 1)),
        ] {
            assert_eq!(length_and_minutes(text, lang), expected, "{lang} {text:.20}");
        }
    }
}

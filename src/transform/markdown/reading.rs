//! How long a text is, and how long it takes to read: words by the Unicode rules (UAX #29) with the markup between them, as
//! Zola counts, and letters in Chinese and Japanese, which have no spaces. Code blocks are not read.

use memchr::memmem;
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
        Unit::Words => text.lines().map(words).sum(),
        Unit::Letters => text.chars().filter(|letter| letter.is_alphabetic()).count(),
    };
    // Each fence begins or ends a code block.
    let fences = memmem::find_iter(text.as_bytes(), b"```").chain([text.len()]);
    let mut start = 0;
    let mut length = 0;
    for (number, fence) in fences.enumerate() {
        if number % 2 == 0 {
            length += count(&text[start..fence]);
        }
        start = (fence + 3).min(text.len());
    }
    (length, length.div_ceil(per_minute))
}

/// The words of a line.
fn words(line: &str) -> usize {
    if !line.is_ascii() {
        return line.unicode_words().count();
    }
    let bytes = line.as_bytes();
    let (mut count, mut at) = (0, 0);
    while at < bytes.len() {
        let (start, mut is_word) = (at, false);
        while let Some(&byte) = bytes.get(at) {
            let is_inside = is_joined(byte) || (at > start && joins(bytes[at - 1], byte, bytes.get(at + 1)));
            if !is_inside {
                break;
            }
            is_word |= byte != b'_';
            at += 1;
        }
        count += usize::from(is_word);
        at += 1;
    }
    count
}

/// Whether there is never a word's end between two of these: letters, digits and low lines (WB5, WB8 to WB10, `WB13a`, `WB13b`).
fn is_joined(byte: u8) -> bool {
    const JOINED: [bool; 256] = {
        let mut joined = [false; 256];
        let mut byte: u8 = 0;
        while byte < 128 {
            joined[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_';
            byte += 1;
        }
        joined
    };
    JOINED[usize::from(byte)]
}

/// Whether a mark holds together what is on its two sides: letters (WB6, WB7), or digits (WB11, WB12).
fn joins(before: u8, mark: u8, after: Option<&u8>) -> bool {
    after.is_some_and(|after| match mark {
        b'.' | b'\'' => {
            before.is_ascii_alphabetic() && after.is_ascii_alphabetic()
                || before.is_ascii_digit() && after.is_ascii_digit()
        }
        b':' => before.is_ascii_alphabetic() && after.is_ascii_alphabetic(),
        b',' | b';' => before.is_ascii_digit() && after.is_ascii_digit(),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        /// What most lines are made of is counted in one pass, by the same rules.
        #[test]
        fn words_are_those_of_unicode(line in "[ -~\\t\\x00-\\x1f]{0,40}|[a-c1-3_.,:;' -]{0,20}") {
            proptest::prop_assert_eq!(words(&line), line.unicode_words().count());
        }
    }

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

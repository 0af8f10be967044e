//! Dates by strftime's conversions with the names of a language: those are put into the format as text, and the rest of it is
//! jiff's.

use icu_locale::Locale;
use jiff::{Zoned, fmt::strtime};

use super::locale::{PatternError, date_by_pattern};

/// A date by a format such as `%d. %B %Y`, in the Gregorian calendar and in Latin digits.
pub(super) fn date(zoned: &Zoned, locale: &Locale, format: &str) -> Result<String, PatternError> {
    let mut filled = String::with_capacity(format.len());
    let mut rest = format;
    while let Some((before, conversion)) = rest.split_once('%') {
        filled.push_str(before);
        // Flags and a width come before the letter.
        let letter = conversion.find(|c: char| c.is_ascii_alphabetic() || c == '%').unwrap_or(conversion.len());
        let (flags, behind) = conversion.split_at(letter);
        let end = behind.chars().next().map_or(0, char::len_utf8);
        match name(&behind[..end]) {
            Some(pattern) => {
                let name = date_by_pattern(zoned, locale, pattern)?;
                let name = if flags.contains('^') { name.to_uppercase() } else { name };
                filled.push_str(&name.replace('%', "%%"));
            }
            None => filled.extend(["%", flags, &behind[..end]]),
        }
        rest = &behind[end..];
    }
    filled.push_str(rest);
    strtime::format(&filled, zoned).map_err(|error| PatternError::Pattern(error.to_string()))
}

/// What UTS 35 calls a conversion that is a name.
fn name(letter: &str) -> Option<&'static str> {
    Some(match letter {
        "A" => "EEEE",
        "a" => "EEE",
        "B" => "MMMM",
        "b" | "h" => "MMM",
        "p" => "a",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{super::locale, *};

    #[test]
    fn names_are_those_of_the_language() {
        let zoned = "2024-05-31T18:05:00+02:00[+02:00]".parse::<Zoned>().unwrap();
        for (code, format, expected) in [
            ("en_US", "%B %d, %Y", "May 31, 2024"),
            ("de_DE", "%A, %-d. %B %Y", "Freitag, 31. Mai 2024"),
            ("fr", "%a %d %b %y, 100 %%", "ven. 31 mai 24, 100 %"),
            ("cs", "%e. %B", "31. května"),
            ("fr", "%^A %H:%M %:z", "VENDREDI 18:05 +02:00"),
            ("en", "%I:%M %p", "06:05 PM"),
            ("fr", "%d é", "31 é"),
        ] {
            let locale = locale::parse(code).unwrap();
            assert_eq!(date(&zoned, &locale, format).ok().as_deref(), Some(expected), "{code} {format}");
        }
        let locale = locale::parse("fr").unwrap();
        for format in ["%", "%!", "%5"] {
            assert!(matches!(date(&zoned, &locale, format), Err(PatternError::Pattern(_))), "{format}");
        }
    }
}

//! Dates, numbers, lists and orders as a language has them (CLDR, by ICU4X): functions of values, with no page in sight.
//! `None` is what ICU4X has no data for, or what is outside of its calendars.

use icu_calendar::Gregorian;
use icu_datetime::{
    DateTimeFormatter,
    fieldsets::{
        builder::{DateFields, FieldSetBuilder},
        enums::CompositeFieldSet,
    },
    input::{Date, DateTime, Time, TimeZone, UtcOffset, ZonedDateTime},
    options::{Length, TimePrecision},
    pattern::{DateTimePattern, FixedCalendarDateTimeNames},
};
use icu_decimal::{DecimalFormatter, input::Decimal, options::GroupingStrategy};
use icu_list::{
    ListFormatter,
    options::{ListFormatterOptions, ListLength},
};
use icu_locale::Locale;
use jiff::{Zoned, civil};
use writeable::TryWriteable;

/// How much of a date is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DateLength {
    Short,
    Medium,
    Long,
    /// With the day of the week.
    Full,
}

/// How the parts of a list belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListKind {
    And,
    Or,
    /// Nothing is said between the last two.
    Unit,
}

/// A locale as an author writes it: `fr`, `pt-BR`, `pt_BR`.
pub(super) fn parse(text: &str) -> Option<Locale> {
    Locale::try_from_str(&text.replace('_', "-")).ok()
}

/// A date, perhaps with hours and minutes, in the language's own form and calendar.
pub(super) fn date(at: civil::DateTime, locale: &Locale, length: DateLength, with_time: bool) -> Option<String> {
    let mut fields = FieldSetBuilder::new();
    fields.date_fields = Some(if length == DateLength::Full { DateFields::YMDE } else { DateFields::YMD });
    fields.length = Some(match length {
        DateLength::Short => Length::Short,
        DateLength::Medium => Length::Medium,
        DateLength::Long | DateLength::Full => Length::Long,
    });
    fields.time_precision = with_time.then_some(TimePrecision::Minute);
    let fields = fields.build_composite_datetime().ok()?;
    let formatter = DateTimeFormatter::try_new(locale.into(), fields).ok()?;
    Some(formatter.format(&moment(at)?).to_string())
}

/// Why a date cannot be written by a pattern.
pub(super) enum PatternError {
    /// It is none, or asks for what a date does not have.
    Pattern(String),
    NoData,
}

/// A date by a pattern of UTS 35 (`d MMMM y`), with the language's names, in the Gregorian calendar.
pub(super) fn date_by_pattern(zoned: &Zoned, locale: &Locale, pattern: &str) -> Result<String, PatternError> {
    let wrong = |error: &dyn std::fmt::Display| PatternError::Pattern(error.to_string());
    let pattern = DateTimePattern::try_from_pattern_str(pattern).map_err(|error| wrong(&error))?;
    let names = FixedCalendarDateTimeNames::<Gregorian, CompositeFieldSet>::try_new(locale.into());
    let mut names = names.map_err(|_| PatternError::NoData)?;
    let formatter = names.include_for_pattern(&pattern).map_err(|error| wrong(&error))?;
    let DateTime { date, time } = moment(zoned.datetime()).ok_or(PatternError::NoData)?;
    let offset = UtcOffset::try_from_seconds(zoned.offset().seconds()).ok();
    let zone = TimeZone::UNKNOWN.with_offset(offset).at_date_time(DateTime { date, time });
    let written = formatter.format(&ZonedDateTime { date, time, zone });
    written.try_write_to_string().map(std::borrow::Cow::into_owned).map_err(|(error, _)| wrong(&error))
}

fn moment(at: civil::DateTime) -> Option<DateTime<Gregorian>> {
    let part = |number: i8| u8::try_from(number).ok();
    let date = Date::try_new_gregorian(at.year().into(), part(at.month())?, part(at.day())?).ok()?;
    let nanosecond = u32::try_from(at.subsec_nanosecond()).ok()?;
    let time = Time::try_new(part(at.hour())?, part(at.minute())?, part(at.second())?, nanosecond).ok()?;
    Some(DateTime { date, time })
}

/// Whether the digits of a number are in groups: `1,000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grouping {
    Locale,
    Never,
}

/// A number as it is written in digits (`-1234.5`), in the language's digits and groups.
pub(super) fn number(digits: &str, locale: &Locale, grouping: Grouping) -> Option<String> {
    let decimal = digits.parse::<Decimal>().ok()?;
    let grouping = match grouping {
        Grouping::Locale => GroupingStrategy::Auto,
        Grouping::Never => GroupingStrategy::Never,
    };
    let formatter = DecimalFormatter::try_new(locale.into(), grouping.into()).ok()?;
    Some(formatter.format(&decimal).to_string())
}

/// `a, b and c`.
pub(super) fn list(items: &[&str], locale: &Locale, kind: ListKind) -> Option<String> {
    let options = ListFormatterOptions::default().with_length(ListLength::Wide);
    let formatter = match kind {
        ListKind::And => ListFormatter::try_new_and(locale.into(), options),
        ListKind::Or => ListFormatter::try_new_or(locale.into(), options),
        ListKind::Unit => ListFormatter::try_new_unit(locale.into(), options),
    };
    Some(formatter.ok()?.format(items.iter()).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str) -> Locale {
        parse(code).unwrap()
    }

    #[test]
    fn dates() {
        let at = civil::date(2024, 5, 31).at(18, 5, 0, 0);
        for (code, length, with_time, expected) in [
            ("en", DateLength::Long, false, "May 31, 2024"),
            ("en-GB", DateLength::Long, false, "31 May 2024"),
            ("de", DateLength::Short, false, "31.05.24"),
            ("de", DateLength::Full, true, "Freitag, 31. Mai 2024 um 18:05"),
            ("fr", DateLength::Medium, false, "31 mai 2024"),
            ("ja", DateLength::Long, false, "2024年5月31日"),
            ("ar", DateLength::Long, false, "31 مايو 2024"),
        ] {
            assert_eq!(date(at, &of(code), length, with_time).as_deref(), Some(expected), "{code}");
        }
    }

    #[test]
    fn dates_by_patterns() {
        let zoned = "2024-05-31T18:05:00+02:00[+02:00]".parse::<Zoned>().unwrap();
        let by = |code: &str, pattern: &str| match date_by_pattern(&zoned, &of(code), pattern) {
            Ok(text) => text,
            Err(PatternError::Pattern(why)) => format!("error: {why}"),
            Err(PatternError::NoData) => "no data".to_owned(),
        };
        assert_eq!(by("fr", "EEEE d MMMM y"), "vendredi 31 mai 2024");
        assert_eq!(by("de", "d. MMM y, HH:mm xxx"), "31. Mai 2024, 18:05 +02:00");
        assert_eq!(by("cs", "LLLL"), "květen");
        assert_eq!(by("en", "'unclosed"), "error: unclosed literal in pattern");
    }

    #[test]
    fn numbers() {
        for (digits, code, expected) in [
            ("1234567.5", "en", "1,234,567.5"),
            ("1234567.5", "de", "1.234.567,5"),
            ("1234567", "hi", "12,34,567"),
            ("-1234", "fr", "-1\u{202f}234"),
            ("1234", "es", "1234"),
            ("12", "ar-EG", "١٢"),
        ] {
            assert_eq!(number(digits, &of(code), Grouping::Locale).as_deref(), Some(expected), "{digits} {code}");
        }
        assert_eq!(number("1234.5", &of("en"), Grouping::Never).as_deref(), Some("1234.5"));
        assert_eq!(number("many", &of("en"), Grouping::Locale), None);
    }

    #[test]
    fn lists() {
        for (items, code, kind, expected) in [
            (&["a", "b", "c"][..], "en", ListKind::And, "a, b, and c"),
            (&["a", "b", "c"], "de", ListKind::Or, "a, b oder c"),
            (&["a", "b"], "fr", ListKind::And, "a et b"),
            (&["a", "b", "c"], "en", ListKind::Unit, "a, b, c"),
            (&["a"], "fr", ListKind::And, "a"),
            (&[], "fr", ListKind::And, ""),
        ] {
            assert_eq!(list(items, &of(code), kind).as_deref(), Some(expected), "{code}");
        }
    }

    #[test]
    fn orders() {
        for (code, expected) in [("sv", ["a2", "a10", "z", "å", "ö"]), ("de", ["å", "a2", "a10", "ö", "z"])] {
            let mut words = ["z", "ö", "a10", "å", "a2"];
            let collator = crate::load::collator(&of(code)).unwrap();
            words.sort_by(|a, b| collator.compare(a, b));
            assert_eq!(words, expected, "{code}");
        }
    }
}

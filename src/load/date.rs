//! Dates of pages: from front matter, from file names. What an author may leave out is filled in by one rule: no time
//! is midnight, no zone is UTC.

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

/// A page's date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageDate {
    /// RFC 3339, or its date alone: as templates get it.
    pub text: String,
    /// As the calendar on the wall shows it in the zone it was written in.
    pub civil: DateTime,
    /// What pages are sorted by.
    pub instant: Timestamp,
}

pub(super) const FORMS: &str = "a date is written as 2024-05-31, or with a time as 2024-05-31T18:30:00Z";

impl PageDate {
    /// Takes RFC 3339, its date alone, or a date and a time without a zone, with `T` or spaces between.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(date) = text.parse::<Date>().or_else(|_| Date::strptime("%Y-%m-%d", text))
            && text.len() <= 10
        {
            let civil = date.to_datetime(jiff::civil::Time::midnight());
            return Some(Self { text: date.to_string(), civil, instant: in_utc(civil)? });
        }
        // A date, a time, and perhaps a zone: spaces as YAML allows them are made RFC 3339.
        let (day, rest) = text.split_once(['T', 't', ' '])?;
        let rest = rest.trim();
        let zone_at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
        let (time, zone) = (rest[..zone_at].trim(), rest[zone_at..].trim());
        let civil: DateTime = format!("{day}T{time}").parse().ok()?;
        if zone.is_empty() {
            return Some(Self { text: civil.to_string(), civil, instant: in_utc(civil)? });
        }
        let normal = format!("{day}T{time}{}", normal_zone(zone)?);
        Some(Self { instant: normal.parse().ok()?, text: normal, civil })
    }

    /// Whether it says of which zone its time is.
    #[must_use]
    pub fn has_zone(&self) -> bool {
        self.text.parse::<Timestamp>().is_ok()
    }

    /// The date a file's name begins with, and what follows it: `2024-01-02-title` and `2024-01-02_title`.
    #[must_use]
    pub fn of_file_name(name: &str) -> Option<(Self, Option<&str>)> {
        let day = name.get(..10)?;
        if !day
            .bytes()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() })
        {
            return None;
        }
        let date_time = name[10..].starts_with('T').then(|| {
            let end = name.find('Z').map_or(name.len(), |at| at + 1);
            end.max(10)
        });
        for end in [date_time.unwrap_or(10), 10] {
            let rest = &name[end..];
            let slug = rest.strip_prefix(' ').unwrap_or(rest).strip_prefix(['_', '-']).filter(|slug| !slug.is_empty());
            if (slug.is_some() || rest.is_empty())
                && let Some(date) = Self::parse(&name[..end])
            {
                return Some((date, slug));
            }
        }
        Self::parse(day).map(|date| (date, None))
    }
}

fn in_utc(civil: DateTime) -> Option<Timestamp> {
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// `Z`, `+02:00`; `-5` and `+0530` are made so.
fn normal_zone(zone: &str) -> Option<String> {
    if zone.eq_ignore_ascii_case("z") {
        return Some("Z".to_owned());
    }
    let (sign, digits) = (zone.get(..1)?, zone.get(1..)?.replace(':', ""));
    if digits.is_empty() || digits.len() > 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = if digits.len() <= 2 { (digits.as_str(), "00") } else { digits.split_at(digits.len() - 2) };
    Some(format!("{sign}{hours:0>2}:{minutes}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (text, expected) in [
            ("2024-05-31", Some(("2024-05-31", "2024-05-31T00:00:00Z"))),
            ("2024-05-31T18:30:00Z", Some(("2024-05-31T18:30:00Z", "2024-05-31T18:30:00Z"))),
            ("2024-05-31t18:30:00z", Some(("2024-05-31T18:30:00Z", "2024-05-31T18:30:00Z"))),
            ("2024-05-31T18:30:00+02:00", Some(("2024-05-31T18:30:00+02:00", "2024-05-31T16:30:00Z"))),
            ("2001-12-14 21:59:43.10 -5", Some(("2001-12-14T21:59:43.10-05:00", "2001-12-15T02:59:43.1Z"))),
            ("2024-05-31 18:30:00", Some(("2024-05-31T18:30:00", "2024-05-31T18:30:00Z"))),
            ("2024-02-30", None),
            ("05/31/2024", None),
            ("2024-05-31T25:00:00Z", None),
            ("yesterday", None),
            ("", None),
        ] {
            let date = PageDate::parse(text);
            let shown = date.as_ref().map(|date| (date.text.as_str(), date.instant.to_string()));
            assert_eq!(shown, expected.map(|(text, instant)| (text, instant.to_owned())), "{text}");
        }
    }

    #[test]
    fn dates_in_file_names() {
        for (name, expected) in [
            ("2024-01-02-title", Some(("2024-01-02", Some("title")))),
            ("2024-01-02_title", Some(("2024-01-02", Some("title")))),
            ("2024-01-02 -new world", Some(("2024-01-02", Some("new world")))),
            ("2024-01-02", Some(("2024-01-02", None))),
            ("2024-01-02T10:00:00Z-x", Some(("2024-01-02T10:00:00Z", Some("x")))),
            ("2024-01-02x", Some(("2024-01-02", None))),
            ("2024-13-02-title", None),
            ("title-2024-01-02", None),
            ("é24-01-02-x", None),
        ] {
            let found = PageDate::of_file_name(name);
            let shown = found.as_ref().map(|(date, slug)| (date.text.as_str(), *slug));
            assert_eq!(shown, expected, "{name}");
        }
    }
}

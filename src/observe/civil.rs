//! Dates of logs, in UTC. The proleptic Gregorian calendar is some arithmetic; a crate of time zones would be more to
//! read than this.

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

/// A moment as a calendar and a clock in Greenwich have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Civil {
    year: u64,
    /// 1 to 12
    month: u64,
    /// 1 to 31
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
    millisecond: u32,
}

/// As RFC 3339 has it, to the millisecond: `2026-11-21T05:46:35.123Z`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rfc3339(pub(super) Civil);

/// As the Common Log Format has it: `21/Nov/2026:05:46:35 +0000`.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommonLog(pub(super) Civil);

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Civil {
    /// What is before 1970 is taken for its first moment.
    pub(super) fn of(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
        // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`: years begin in March, so that
        // the day that some have is the last, and come in eras of 400.
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Self {
            year: era * 400 + year_of_era + u64::from(month <= 2),
            month,
            day: day_of_year - (153 * from_march + 2) / 5 + 1,
            hour: seconds / 3600,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            millisecond: since.subsec_millis(),
        }
    }
}

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second, millisecond } = self.0;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z")
    }
}

impl fmt::Display for CommonLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second, .. } = self.0;
        let name = MONTHS.get(usize::try_from(month).unwrap_or(0).wrapping_sub(1)).unwrap_or(&"-");
        write!(f, "{day:02}/{name}/{year:04}:{hour:02}:{minute:02}:{second:02} +0000")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates() {
        for (milliseconds, rfc_3339, common) in [
            (0, "1970-01-01T00:00:00.000Z", "01/Jan/1970:00:00:00 +0000"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z", "28/Feb/2000:23:59:59 +0000"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z", "29/Feb/2000:00:00:00 +0000"),
            (1_767_225_599_001, "2025-12-31T23:59:59.001Z", "31/Dec/2025:23:59:59 +0000"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z", "01/Mar/2100:00:00:00 +0000"),
        ] {
            let civil = Civil::of(UNIX_EPOCH + Duration::from_millis(milliseconds));
            assert_eq!((Rfc3339(civil).to_string(), CommonLog(civil).to_string()), (rfc_3339.into(), common.into()));
        }
    }

    #[test]
    fn days_follow_one_another() {
        let text = |day: u64| Rfc3339(Civil::of(UNIX_EPOCH + Duration::from_secs(day * 86_400))).to_string();
        // RFC 3339 dates sort as they follow.
        assert!((0..100_000).map(text).is_sorted_by(|before, after| before < after));
    }
}

//! Time: stored as UTC microseconds, counted in India's days.

use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDate, SecondsFormat};
use serde::{Deserialize, Serialize};

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// India's offset from UTC, in seconds. It has no summer time.
pub const IST_OFFSET_SECONDS: i32 = 5 * 3600 + 1800;

impl Timestamp {
    /// Midnight at the start of `day`, India's time.
    pub fn start_of_day_ist(day: NaiveDate) -> Self {
        let midnight = day.and_hms_opt(0, 0, 0).expect("midnight exists on every day");
        Self(midnight.and_utc().timestamp_micros() - i64::from(IST_OFFSET_SECONDS) * 1_000_000)
    }

    /// Reads what [`Timestamp`] shows, RFC 3339 to the microsecond; or a day (`2026-04-01`), which is its last microsecond
    /// in India: what was so on a day is what was so at its end.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(day) = text.parse::<NaiveDate>() {
            return Some(Self(Self::start_of_day_ist(day.succ_opt()?).0 - 1));
        }
        DateTime::parse_from_rfc3339(text).ok().map(|instant| Self(instant.timestamp_micros()))
    }

    /// What to say of a text that [`Timestamp::parse`] does not read; `what` is the text, or the name of the field that it stands in.
    pub fn no_time(what: &str) -> String {
        format!("`{what}` is no time; write a day as 2026-04-01, or 2026-04-01T09:30:00Z")
    }

    /// The last microsecond in India of a day (`2026-04-01`); of nothing else than a day.
    pub fn parse_day_end(text: &str) -> Option<Self> {
        text.trim().parse::<NaiveDate>().ok().and_then(|day| Self::parse(&day.to_string()))
    }

    /// The day in India on which this instant falls.
    pub fn day_ist(self) -> NaiveDate {
        let ist = FixedOffset::east_opt(IST_OFFSET_SECONDS).expect("a whole number of minutes below a day");
        self.utc().with_timezone(&ist).date_naive()
    }

    /// The last day in India of a period that ends before this instant.
    pub fn last_day_ist(self) -> NaiveDate {
        Self(self.0.saturating_sub(1)).day_ist()
    }

    fn utc(self) -> DateTime<chrono::Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 with `Z`, to the microsecond where it has any.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

/// Where the time comes from: the system, or a test's fixed instant.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the one place where the system's time enters")]
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still, for tests and for replays.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_evening_in_utc_is_the_next_day_in_india() {
        let evening = Timestamp(1_711_909_800_000_000); // 2024-03-31T18:30:00Z
        assert_eq!(evening.day_ist(), NaiveDate::from_ymd_opt(2024, 4, 1).unwrap());
        assert_eq!(Timestamp(evening.0 - 1).day_ist(), NaiveDate::from_ymd_opt(2024, 3, 31).unwrap());
        assert_eq!(Timestamp::start_of_day_ist(evening.day_ist()), evening);
        assert_eq!(evening.to_string(), "2024-03-31T18:30:00Z");
        assert_eq!(
            evening.last_day_ist(),
            NaiveDate::from_ymd_opt(2024, 3, 31).unwrap(),
            "what ends then held that day"
        );
        assert_eq!(Timestamp(evening.0 + 1).last_day_ist(), evening.day_ist());
    }

    #[test]
    fn an_instant_reads_back_and_a_day_is_its_end_in_india() {
        for instant in [Timestamp(1_711_909_800_000_000), Timestamp(1_711_909_800_123_456), Timestamp(-1)] {
            assert_eq!(Timestamp::parse(&instant.to_string()), Some(instant));
        }
        assert_eq!(Timestamp::parse("2024-04-01T00:00:00+05:30"), Some(Timestamp(1_711_909_800_000_000)));
        assert_eq!(Timestamp::parse("2024-03-31"), Some(Timestamp(1_711_909_800_000_000 - 1)));
        assert_eq!(Timestamp::parse_day_end(" 2024-03-31"), Timestamp::parse("2024-03-31"));
        assert_eq!(Timestamp::parse_day_end("2024-03-31T18:30:00Z"), None, "an instant is no day");
        for bad in ["", "yesterday", "2024-02-30", "2024-03-31T18:30:00"] {
            assert_eq!(Timestamp::parse(bad), None, "{bad}");
        }
    }
}

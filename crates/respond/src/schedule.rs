//! When people are told: at the beginning of each period, by the clock of the organisation.

use crate::limits;

/// How often people are told of what is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// As soon as it is held.
    Immediately,
    /// Every so many hours, of what was held before.
    Hours(u32),
}

impl Every {
    /// As the configuration has it: `immediately`, `hour`, `day`, `week`, or a number of hours with an `h` (`4h`).
    pub fn read(text: &str) -> Option<Self> {
        let hours = match text.trim() {
            "immediately" => return Some(Self::Immediately),
            "hour" => 1,
            "day" => 24,
            "week" => 168,
            other => other.strip_suffix('h')?.parse().ok()?,
        };
        (1..=limits::EVERY_HOURS_MAX).contains(&hours).then_some(Self::Hours(hours))
    }
}

/// A time of day as minutes since midnight: `07:00`.
pub fn time_of_day(text: &str) -> Option<u32> {
    let (hours, minutes) = text.trim().split_once(':')?;
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = |text: &str, end: u32| text.parse::<u32>().ok().filter(|n| digits(text) && *n < end);
    Some(number(hours, 24)? * 60 + number(minutes, 60)?)
}

/// The time, and how far the organisation's clock is ahead of UTC then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    /// Seconds since 1970.
    pub now: i64,
    /// Seconds that local time is ahead of UTC; negative in the west.
    pub ahead: i32,
}

/// A Monday, in days since 1970: weeks begin on one.
const MONDAY: i64 = 4;

/// The last beginning of a period, at or before now, seconds since 1970. Periods begin at this time of day (minutes) and
/// so many hours later. Where the clock of the organisation is put forward or back, one period is an hour shorter or
/// longer, or begins twice.
pub fn beginning(clock: Clock, hours: u32, at: u32) -> i64 {
    let (period, ahead) = (i64::from(hours.max(1)) * 3600, i64::from(clock.ahead));
    let anchor = MONDAY * 86_400 + i64::from(at) * 60;
    let local = clock.now.saturating_add(ahead);
    local.saturating_sub((local - anchor).rem_euclid(period)) - ahead
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sunday, 22 November 2026, 23:41:24 UTC.
    const NOW: i64 = 1_795_390_884;

    fn check(every: &str, at: &str, ahead_hours: i32) -> String {
        let Some(Every::Hours(hours)) = Every::read(every) else { return "none".into() };
        let clock = Clock { now: NOW, ahead: ahead_hours * 3600 };
        let begun = beginning(clock, hours, time_of_day(at).unwrap());
        assert!(begun <= NOW && NOW - begun < i64::from(hours) * 3600);
        time::OffsetDateTime::from_unix_timestamp(begun).unwrap().to_string()
    }

    #[test]
    fn periods_begin_at_the_time_of_day() {
        assert_eq!(check("day", "07:00", 0), "2026-11-22 7:00:00.0 +00:00:00");
        assert_eq!(check("day", "07:00", 9), "2026-11-22 22:00:00.0 +00:00:00", "Monday, 7:00 in Tokyo");
        assert_eq!(check("day", "23:45", 0), "2026-11-21 23:45:00.0 +00:00:00");
        assert_eq!(check("hour", "00:30", 0), "2026-11-22 23:30:00.0 +00:00:00");
        assert_eq!(check("4h", "07:00", 0), "2026-11-22 23:00:00.0 +00:00:00");
        assert_eq!(check("week", "07:00", 0), "2026-11-16 7:00:00.0 +00:00:00");
        assert_eq!(check("week", "07:00", 9), "2026-11-22 22:00:00.0 +00:00:00");
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(Every::read("immediately"), Some(Every::Immediately));
        for text in ["", "0h", "169h", "-1h", "4", "daily", "4 h"] {
            assert_eq!(Every::read(text), None, "{text:?}");
        }
        for text in ["7:00", "24:00", "12:60", "+1:00", "noon", "07:00:00"] {
            assert_eq!(time_of_day(text), None, "{text:?}");
        }
    }
}

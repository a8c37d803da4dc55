//! Points in time.

use std::fmt;

use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

/// A point in time, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub struct Timestamp(i64);

/// For times stored as milliseconds since the Unix epoch.
impl TryFrom<i64> for Timestamp {
    type Error = i64;

    fn try_from(milliseconds: i64) -> Result<Self, i64> {
        Self::from_milliseconds(milliseconds).ok_or(milliseconds)
    }
}

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(0);

    /// The instant this many milliseconds after the Unix epoch, or `None` if it can't be written in RFC
    /// 3339 with every offset: the range is the year 0 to 9999-12-30T22:00Z.
    #[must_use]
    pub fn from_milliseconds(milliseconds: i64) -> Option<Self> {
        const YEAR_0: i64 = -62_167_219_200_000;
        let writable =
            YEAR_0 <= milliseconds && jiff::Timestamp::from_millisecond(milliseconds).is_ok();
        writable.then_some(Self(milliseconds))
    }

    /// Reads an RFC 3339 time with any offset; digits past the millisecond are cut off. `None` if the
    /// text is not such a time.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        if !has_rfc3339_shape(text) {
            return None;
        }
        let parsed: jiff::Timestamp = text.parse().ok()?;
        Self::from_milliseconds(parsed.as_millisecond())
    }

    /// Midnight UTC at the start of a date written `YYYY-MM-DD`, or `None` if the text is not a date.
    #[must_use]
    pub fn from_date(text: &str) -> Option<Self> {
        if text.len() != "YYYY-MM-DD".len() {
            return None;
        }
        Self::from_rfc3339(&format!("{text}T00:00:00Z"))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_milliseconds(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// This instant moved by `milliseconds`, kept within the range of a timestamp.
    #[must_use]
    pub fn plus_milliseconds(self, milliseconds: i64) -> Self {
        Self::from_milliseconds(self.0.saturating_add(milliseconds)).unwrap_or(self)
    }
}

/// Whether the text has the layout of RFC 3339: the library also reads other layouts.
fn has_rfc3339_shape(text: &str) -> bool {
    const SECONDS: &[u8; 19] = b"0000-00-00T00:00:00";
    const OFFSET: &[u8; 6] = b"+00:00";
    let fits = |text: &[u8], pattern: &[u8]| {
        text.len() == pattern.len()
            && text
                .iter()
                .zip(pattern)
                .all(|(byte, expected)| match expected {
                    b'0' => byte.is_ascii_digit(),
                    b'T' => matches!(byte, b'T' | b't'),
                    b'+' => matches!(byte, b'+' | b'-'),
                    _ => byte == expected,
                })
    };
    let Some((seconds, rest)) = text.as_bytes().split_at_checked(SECONDS.len()) else {
        return false;
    };
    let offset = match rest.strip_prefix(b".") {
        None => rest,
        Some(decimals) => {
            let digits = decimals.iter().take_while(|byte| byte.is_ascii_digit());
            match decimals.split_at_checked(digits.count()) {
                Some(([_, ..], offset)) => offset,
                _ => return false,
            }
        }
    };
    fits(seconds, SECONDS) && (matches!(offset, b"Z" | b"z") || fits(offset, OFFSET))
}

/// RFC 3339 in UTC with three decimals of a second: `2026-01-31T09:30:00.000Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        let at = Offset::UTC.to_datetime(instant);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let numbers = [
            (0..4, at.year()),
            (5..7, at.month().into()),
            (8..10, at.day().into()),
            (11..13, at.hour().into()),
            (14..16, at.minute().into()),
            (17..19, at.second().into()),
            (20..23, at.millisecond()),
        ];
        for (place, number) in numbers {
            let place = text.get_mut(place).ok_or(fmt::Error)?;
            write_digits(place, number).ok_or(fmt::Error)?;
        }
        f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

/// Writes a number over all of `place`. `format!` takes several times as long, which matters in lists.
fn write_digits(place: &mut [u8], number: i16) -> Option<()> {
    let mut rest = usize::try_from(number).ok()?;
    for digit in place.iter_mut().rev() {
        *digit = *b"0123456789".get(rest % 10)?;
        rest /= 10;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_rfc_3339_with_milliseconds() {
        let written = Timestamp::from_milliseconds(1_769_851_800_007).map(|at| at.to_string());
        assert_eq!(written.as_deref(), Some("2026-01-31T09:30:00.007Z"));
    }

    #[test]
    fn every_offset_is_read_and_finer_digits_are_cut_off() {
        let utc = Timestamp::from_rfc3339("2026-01-31T09:30:00.0079999Z");
        assert_eq!(
            utc,
            Timestamp::from_rfc3339("2026-01-31T10:30:00.007+01:00")
        );
        assert_eq!(utc, Timestamp::from_milliseconds(1_769_851_800_007));
    }

    #[test]
    fn other_ways_of_writing_a_time_are_refused() {
        for wrong in [
            "2026-01-31 09:30:00Z",
            "2026-01-31T09:30Z",
            "20260131T093000Z",
            "2026-01-31T09:30:00",
            "2026-01-31T09:30:00.Z",
            "2026-01-31T09:30:00Z[UTC]",
            "2026-01-31T09:30:00+01",
            "2026-01-31T09:30:00+0100",
            "2026-01-31T25:30:00Z",
        ] {
            assert_eq!(Timestamp::from_rfc3339(wrong), None, "{wrong}");
        }
        assert!(Timestamp::from_rfc3339("2026-01-31t09:30:00.5-01:00").is_some());
    }

    #[test]
    fn a_date_is_its_midnight_in_utc() {
        assert_eq!(
            Timestamp::from_date("2026-01-31"),
            Timestamp::from_rfc3339("2026-01-31T00:00:00Z")
        );
        for wrong in ["2026-02-30", "2026-1-31", "20260131", "2026-01-31T", ""] {
            assert_eq!(Timestamp::from_date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn years_beyond_rfc_3339_are_refused() {
        assert_eq!(Timestamp::from_milliseconds(i64::MAX), None);
        assert_eq!(Timestamp::from_milliseconds(253_402_300_800_000), None);
        assert_eq!(Timestamp::from_milliseconds(-62_167_219_200_001), None);
    }

    #[test]
    fn every_timestamp_can_be_written() {
        let last = (253_402_200_000_000..253_402_300_800_000)
            .step_by(60_000)
            .filter_map(Timestamp::from_milliseconds)
            .last();
        let first = Timestamp::from_milliseconds(-62_167_219_200_000);
        for (at, written) in [
            (first, "0000-01-01T00:00:00.000Z"),
            (last, "9999-12-30T22:00:00.000Z"),
        ] {
            assert_eq!(at.map(|at| at.to_string()).as_deref(), Some(written));
        }
    }
}

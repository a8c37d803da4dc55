//! Moments, as forms and addresses write them.

use stockroom_domain::Timestamp;

const DAY_MILLISECONDS: i64 = 86_400_000;

/// The moment that a text means, in UTC: what a field for a time sends, a date, or RFC 3339.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    Timestamp::from_date(text)
        .or_else(|| Timestamp::from_rfc3339(text))
        .or_else(|| Timestamp::from_rfc3339(&format!("{text}Z")))
        .or_else(|| Timestamp::from_rfc3339(&format!("{text}:00Z")))
}

/// The text by which a field for a time shows this moment, to the second.
pub(crate) fn field(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..19).unwrap_or_default().to_owned()
}

/// The second in which a moment lies. Addresses name moments to the second.
pub(crate) fn whole_second(at: Timestamp) -> Timestamp {
    let beyond = at.as_milliseconds().rem_euclid(1_000);
    at.plus_milliseconds(beyond.saturating_neg())
}

/// The moment this number of days before another.
pub(crate) fn days_before(at: Timestamp, days: i64) -> Timestamp {
    at.plus_milliseconds(days.saturating_mul(DAY_MILLISECONDS).saturating_neg())
}

/// The beginning of the month in which a moment lies.
pub(crate) fn month_of(at: Timestamp) -> Timestamp {
    let text = at.to_string();
    let month = text.get(..7).unwrap_or_default();
    Timestamp::from_date(&format!("{month}-01")).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_utc() {
        let at = Timestamp::from_rfc3339("2026-01-31T09:30:00Z");
        for text in [
            "2026-01-31T09:30",
            "2026-01-31T09:30:00",
            "2026-01-31T09:30:00.000",
            "2026-01-31T10:30:00+01:00",
            " 2026-01-31T09:30:00Z ",
        ] {
            assert_eq!(moment(text), at, "{text}");
        }
        assert_eq!(
            moment("2026-01-31").map(field).as_deref(),
            Some("2026-01-31T00:00:00")
        );
        for text in ["", "yesterday", "2026-01-32", "2026-01-31T25:00"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }

    #[test]
    fn moments_are_moved() {
        let at = Timestamp::from_rfc3339("2026-01-31T09:30:00.123Z").unwrap();
        assert_eq!(whole_second(at).to_string(), "2026-01-31T09:30:00.000Z");
        assert_eq!(days_before(at, 31).to_string(), "2025-12-31T09:30:00.123Z");
        assert_eq!(month_of(at).to_string(), "2026-01-01T00:00:00.000Z");
    }
}

//! Figures and times, as pages show them.

use std::fmt;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use stockroom_domain::{Quantity, Timestamp};

use super::problem::Problem;

/// Answers with a page.
///
/// # Errors
/// [`Problem`] if the template fails, which it doesn't.
pub(crate) fn show(page: &impl Template) -> Result<Response, Problem> {
    let html = page.render().map_err(|error| {
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, "a template failed");
        Problem::internal()
    })?;
    Ok(Html(html).into_response())
}

/// Answers with a page and a status, which says whether something was refused.
///
/// # Errors
/// [`Problem`] if the template fails, which it doesn't.
pub(crate) fn show_as(status: StatusCode, page: &impl Template) -> Result<Response, Problem> {
    let mut response = show(page)?;
    *response.status_mut() = status;
    Ok(response)
}

/// A number with its digits in groups of three, which a narrow space parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) i64);

impl From<Quantity> for Number {
    fn from(quantity: Quantity) -> Self {
        Self(i64::try_from(quantity.get()).unwrap_or(i64::MAX))
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl Number {
    /// The number with its sign, as a change.
    pub(crate) fn signed(self) -> String {
        if self.0 > 0 {
            format!("+{self}")
        } else {
            self.to_string()
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.unsigned_abs().to_string();
        if self.0 < 0 {
            f.write_str("\u{2212}")?;
        }
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                f.write_str("\u{202f}")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// `1 piece`, `2 pieces`.
pub(crate) fn pieces(quantity: impl Into<Number>) -> String {
    let number = quantity.into();
    let word = if number.0 == 1 { "piece" } else { "pieces" };
    format!("{number}\u{a0}{word}")
}

/// A time as an element, which the script shows in the time zone of the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeTag(pub(crate) Timestamp);

impl HtmlSafe for TimeTag {}

impl fmt::Display for TimeTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let (date, time) = text.split_at_checked(10).ok_or(fmt::Error)?;
        let time = time.get(1..9).ok_or(fmt::Error)?;
        write!(
            f,
            "<time datetime=\"{text}\">{date}\u{a0}{time}\u{a0}UTC</time>"
        )
    }
}

/// The time from `from` to `to` in the largest unit that fits: `5 min`, `3 h`, `2 days`.
pub(crate) fn ago(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.as_seconds().saturating_sub(from.as_seconds()).max(0);
    match seconds {
        0..60 => format!("{seconds}\u{a0}s"),
        60..3_600 => format!("{}\u{a0}min", seconds / 60),
        3_600..172_800 => format!("{}\u{a0}h", seconds / 3_600),
        _ => format!("{}\u{a0}days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped() {
        let cases = [
            (0, "0"),
            (7, "7"),
            (999, "999"),
            (1_000, "1\u{202f}000"),
            (-12_345, "\u{2212}12\u{202f}345"),
            (
                9_007_199_254_740_991,
                "9\u{202f}007\u{202f}199\u{202f}254\u{202f}740\u{202f}991",
            ),
        ];
        for (number, text) in cases {
            assert_eq!(Number(number).to_string(), text);
        }
        assert_eq!(Number(5).signed(), "+5");
        assert_eq!(Number(0).signed(), "0");
    }

    #[test]
    fn times_are_elements() {
        let time = Timestamp::from_rfc3339("2026-11-28T05:14:59.123Z").unwrap();
        assert_eq!(
            TimeTag(time).to_string(),
            "<time datetime=\"2026-11-28T05:14:59.123Z\">2026-11-28\u{a0}05:14:59\u{a0}UTC</time>"
        );
        assert_eq!(ago(time, time.plus_milliseconds(59_000)), "59\u{a0}s");
        assert_eq!(ago(time, time.plus_milliseconds(7_200_000)), "2\u{a0}h");
        assert_eq!(ago(time, time.plus_milliseconds(-5)), "0\u{a0}s");
    }
}

//! What was measured, as a table.

use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// A table with one line for each thing measured.
#[derive(Serialize)]
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// A Markdown table.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.title)?;
        writeln!(f, "| {} |", self.columns.join(" | "))?;
        writeln!(f, "|{}", "---|".repeat(self.columns.len()))?;
        for row in &self.rows {
            writeln!(f, "| {} |", row.join(" | "))?;
        }
        Ok(())
    }
}

/// The middle one of some measurements.
pub(crate) fn median<T: Copy + PartialOrd>(mut measurements: Vec<T>) -> Option<T> {
    measurements.sort_unstable_by(|one, other| one.partial_cmp(other).unwrap_or(Ordering::Equal));
    measurements.get(measurements.len() / 2).copied()
}

/// A number of people's size: in thousands, if it is large.
pub(crate) fn number(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration in microseconds.
pub(crate) fn microseconds(duration: Duration) -> String {
    format!("{} µs", duration.as_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        let shown = [0.4, 12.0, 999.0, 1_000.0, 65_432.1, 1_000_000.0].map(number);
        assert_eq!(shown, ["0", "12", "999", "1,000", "65,432", "1,000,000"]);
    }

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median(vec![3, 1, 2]), Some(2));
        assert_eq!(median::<u8>(Vec::new()), None);
    }

    #[test]
    fn a_table_is_markdown() {
        let table = Table {
            title: "T".to_owned(),
            columns: vec!["a".to_owned(), "b".to_owned()],
            rows: vec![vec!["1".to_owned(), "2".to_owned()]],
        };
        assert_eq!(table.to_string(), "T\n\n| a | b |\n|---|---|\n| 1 | 2 |\n");
    }
}

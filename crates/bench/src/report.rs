//! What was measured, as a table.

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
pub(crate) fn median<T: Copy + Ord>(measurements: &mut [T]) -> Option<T> {
    measurements.sort_unstable();
    measurements.get(measurements.len() / 2).copied()
}

/// A duration in microseconds.
pub(crate) fn microseconds(duration: Duration) -> String {
    format!("{} µs", duration.as_micros())
}

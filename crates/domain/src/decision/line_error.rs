//! The errors of the lines of a file.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::refusal::Refusal;

/// The reason for which a line failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LineProblem {
    /// It can't be read, or names nothing; a text for people.
    Invalid(String),
    /// The rules don't allow it.
    Refused(Refusal),
}

impl fmt::Display for LineProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(text) => text.fmt(f),
            Self::Refused(refusal) => refusal.fmt(f),
        }
    }
}

impl From<Refusal> for LineProblem {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A line that failed, or whose entry could not be undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineError {
    /// The number of the line in the file, from 1.
    pub line: u32,
    /// The reason.
    pub problem: LineProblem,
    /// Whether it was an entry of the line that could not be undone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_of_undo: bool,
}

impl LineError {
    /// The error of a line that failed.
    #[must_use]
    pub const fn new(line: u32, problem: LineProblem) -> Self {
        Self {
            line,
            problem,
            is_of_undo: false,
        }
    }
}

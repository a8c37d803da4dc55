//! What is wrong with a file, or with a line of it.

use std::fmt;

use stockroom_domain::{Invalid, shortened};

use crate::profile::{Format, Profile};

/// The most characters of a client's text that an error repeats.
const REPEATED_MAX: usize = 64;

/// A client's text, in the length in which errors repeat it.
pub(crate) fn repeated(text: &str) -> String {
    // Only as much is copied as can be kept.
    let text = text.chars().take(REPEATED_MAX + 1).collect();
    shortened(text, REPEATED_MAX)
}

/// The reason for which a file can't be read at all. Its text is for the person who sent the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// A line isn't UTF-8.
    #[error("Line {line} is not UTF-8")]
    NotUtf8 {
        /// Number of the line.
        line: u32,
    },
    /// The file begins as UTF-16 does.
    #[error("The file is UTF-16; save it as UTF-8")]
    Utf16,
    /// A line contains a NUL, as no text does.
    #[error("Line {line} contains a NUL character; the file must be a text in UTF-8")]
    Nul {
        /// Number of the line.
        line: u32,
    },
    /// A line is longer than [`LINE_BYTES_MAX`](crate::LINE_BYTES_MAX).
    #[error("Line {line} is longer than 64 KiB; is a quote not closed?")]
    LineTooLong {
        /// Number of the line.
        line: u32,
    },
    /// The file has more lines than [`LINES_MAX`](crate::LINES_MAX).
    #[error("The file has more than 1,000,000 lines")]
    TooManyLines,
    /// The file has more columns than [`COLUMNS_MAX`](crate::COLUMNS_MAX).
    #[error("The file has more than 1,000 columns")]
    TooManyColumns,
    /// The file is empty, though the first line of a CSV file names its columns.
    #[error("The file has no header: its first line must name the columns")]
    NoHeader,
    /// A column that the profile doesn't have.
    #[error("The column \"{}\" is not known; columns are {known}", repeated(.name))]
    UnknownColumn {
        /// The column's name in the file.
        name: String,
        /// The names of the columns that there can be.
        known: String,
    },
    /// A column without a name.
    #[error("Column {number} has no name in the header")]
    UnnamedColumn {
        /// The place of the column in the header, from 1.
        number: usize,
    },
    /// A column without which lines say too little.
    #[error("The file lacks the column {name}")]
    MissingColumn {
        /// The name of the column, or the names of those of which one is needed.
        name: String,
    },
    /// Two columns of one name.
    #[error("The file has the column \"{}\" twice", repeated(.name))]
    DuplicateColumn {
        /// The column's name in the file.
        name: String,
    },
    /// A format that files of the profile don't have.
    #[error("Files of the profile {profile} are not {}", .format.title())]
    WrongFormat {
        /// The profile.
        profile: Profile,
        /// The format that was asked for, or found.
        format: Format,
    },
}

/// The reason for which a line can't be read. The text is for the person who sent the file, and names the
/// field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFault(pub String);

impl fmt::Display for LineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Invalid> for LineFault {
    fn from(invalid: Invalid) -> Self {
        Self(invalid.to_string())
    }
}

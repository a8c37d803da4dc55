//! Errors of the database, converted to those of the ports.

use stockroom_application::ports::StoreError;

/// A fault that the driver doesn't report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// A statement didn't change the rows that the change was decided on.
    #[error("expected to change {expected} rows of {table}, but changed {actual}")]
    Guard {
        table: &'static str,
        expected: usize,
        actual: usize,
    },
    /// The file was written by a later version of the program.
    #[error(
        "the database has migration {migration}, which this version of the program doesn't know: \
         a newer version made the database"
    )]
    Newer { migration: usize },
    /// The schema lacks a migration.
    #[error("the database lacks migration {migration}: `stockroom migrate` brings it up to date")]
    Outdated { migration: usize },
    /// The file is from before the first release.
    #[error(
        "the database was made by a version before the first release, which can't be brought up to date"
    )]
    Prerelease,
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        Self::Failed(Box::new(fault))
    }
}

/// Converts an error of the driver to one of the ports.
pub(crate) fn failed(error: rusqlite::Error) -> StoreError {
    let code = error.sqlite_error().map(|error| error.extended_code);
    if code.is_some_and(is_passing) {
        StoreError::Unavailable(Box::new(error))
    } else {
        StoreError::Failed(Box::new(error))
    }
}

/// Whether an (extended) result code says that nothing was done and that a retry may succeed.
fn is_passing(code: i32) -> bool {
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    const FULL: i32 = 13;
    const CANTOPEN: i32 = 14;
    // The lowest byte of an extended code is the primary code.
    matches!(code & 0xff, BUSY | LOCKED | FULL | CANTOPEN)
}

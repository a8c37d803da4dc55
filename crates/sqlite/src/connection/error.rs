//! What can go wrong, as the ports say it.

use stockroom_application::ports::StoreError;

/// A fault that the driver doesn't report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// A statement changed other rows than those that the change was decided on.
    #[error("{expected} rows of {table} were to be changed, but {actual} were")]
    Guard {
        table: &'static str,
        expected: usize,
        actual: u64,
    },
    /// The file was written by a later version of the program.
    #[error(
        "the database has migration {migration}, which this version of the program doesn't know: \
         it was made by a newer one"
    )]
    Newer { migration: i64 },
    /// The schema lacks something.
    #[error("the database lacks migration {migration}: `stockroom migrate` brings it up to date")]
    Outdated { migration: i64 },
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        Self::Failed(Box::new(fault))
    }
}

/// What an error of the driver is to the ports.
pub(crate) fn failed(error: sqlx::Error) -> StoreError {
    let unavailable = match &error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
        sqlx::Error::Database(error) => error
            .code()
            .and_then(|code| code.parse().ok())
            .is_some_and(is_passing),
        _ => false,
    };
    if unavailable {
        StoreError::Unavailable(Box::new(error))
    } else {
        StoreError::Failed(Box::new(error))
    }
}

/// What an error of the direct connection is to the ports.
pub(crate) fn failed_directly(error: rusqlite::Error) -> StoreError {
    let code = error.sqlite_error().map(|error| error.extended_code);
    if code.is_some_and(is_passing) {
        StoreError::Unavailable(Box::new(error))
    } else {
        StoreError::Failed(Box::new(error))
    }
}

/// Whether an (extended) result code says that nothing was done and trying again may help.
fn is_passing(code: i32) -> bool {
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    const FULL: i32 = 13;
    const CANTOPEN: i32 = 14;
    // The lowest byte of an extended code is the primary one.
    matches!(code & 0xff, BUSY | LOCKED | FULL | CANTOPEN)
}

/// Checks that a statement changed as many rows as it was to change.
pub(crate) fn expect_rows(
    table: &'static str,
    expected: usize,
    result: &sqlx::sqlite::SqliteQueryResult,
) -> Result<(), StoreError> {
    let actual = result.rows_affected();
    if u64::try_from(expected) == Ok(actual) {
        Ok(())
    } else {
        Err(Fault::Guard {
            table,
            expected,
            actual,
        }
        .into())
    }
}

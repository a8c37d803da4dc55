//! What can go wrong, as the ports say it.

use std::borrow::Cow;

use sqlx::postgres::PgQueryResult;
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
    /// The database was written by a later version of the program.
    #[error(
        "the database has migration {migration}, which this version of the program doesn't know: \
         it was made by a newer one"
    )]
    Newer { migration: i64 },
    /// The schema lacks something.
    #[error("the database lacks migration {migration}: `stockroom migrate` brings it up to date")]
    Outdated { migration: i64 },
    /// Another server has answered a request of this key meanwhile.
    #[error("an answer was kept under the same key by another server")]
    KeyTaken,
    /// The URL is something else's.
    #[error("a PostgreSQL database's URL begins with postgres:// or postgresql://")]
    NotPostgres,
    /// The server can't be reached.
    #[error("the database server is away")]
    Away,
    /// The tables can't be spread over machines.
    #[error("the database lacks the extension Citus: `CREATE EXTENSION citus` there first")]
    NoCitus,
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Away => Self::Unavailable(Box::new(fault)),
            fault => Self::Failed(Box::new(fault)),
        }
    }
}

/// What an error of the driver is to the ports.
pub(crate) fn failed(error: sqlx::Error) -> StoreError {
    if is_passing(&error) {
        StoreError::Unavailable(Box::new(error))
    } else {
        StoreError::Failed(Box::new(error))
    }
}

/// Whether trying again later may help.
fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // By class: connections, resources (such as too many connections), the machine below
            // the server, shutdowns and starts.
            let class = code.get(..2);
            let is_short_of = matches!(class, Some("08" | "53" | "58")) || code.starts_with("57P");
            let passing = [CANCELED, LOCKED, READ_ONLY, IDLE, TOO_LONG];
            is_short_of || lost_race(&code) || passing.contains(&&*code)
        }),
        _ => false,
    }
}

/// A statement took longer than `statement_timeout`.
const CANCELED: &str = "57014";
/// A lock was waited for longer than `lock_timeout`.
const LOCKED: &str = "55P03";
/// The server is a standby, or was made one.
const READ_ONLY: &str = "25006";
/// Too long passed between two statements of a transaction, or from its beginning: this process
/// was paused.
const IDLE: &str = "25P03";
const TOO_LONG: &str = "25P04";

/// Whether the database gave up this transaction for the sake of another one: nothing of it was
/// done, and it can be done again at once.
pub(crate) fn is_lost_race(error: &StoreError) -> bool {
    code_of(error).is_some_and(|code| lost_race(&code))
}

/// Whether another server was faster with a request of the same key: nothing was done, and doing
/// it again shows what it was answered.
pub(crate) fn is_key_taken(error: &StoreError) -> bool {
    let StoreError::Failed(source) = error else {
        return false;
    };
    matches!(source.downcast_ref::<Fault>(), Some(Fault::KeyTaken))
}

/// Whether the connection is to a server that only reads. It may stay so while others, to the same
/// address, lead to one that can be written to.
pub(crate) fn is_read_only(error: &StoreError) -> bool {
    code_of(error).is_some_and(|code| code == READ_ONLY)
}

/// What an error of `COMMIT` is: unless the database says that it gave the transaction up, nobody
/// knows whether it was stored, and it mustn't be done again.
pub(crate) fn unclear(error: StoreError) -> StoreError {
    match error {
        StoreError::Failed(source) => StoreError::Unavailable(source),
        error => error,
    }
}

/// Whether a statement found that rows aren't as it was told, and undid all that it did.
pub(crate) fn is_outdated(error: &StoreError) -> bool {
    const INVALID_TEXT_REPRESENTATION: &str = "22P02";
    code_of(error).is_some_and(|code| code == INVALID_TEXT_REPRESENTATION)
}

/// What an error is of a statement that is a transaction of its own: of most it isn't known whether
/// they came before the commit or with it.
pub(crate) fn certain(error: StoreError) -> StoreError {
    // By class: data, and constraints. They are found before.
    let is_certain = code_of(&error).is_some_and(|code| matches!(code.get(..2), Some("22" | "23")));
    if is_certain { error } else { unclear(error) }
}

fn code_of(error: &StoreError) -> Option<Cow<'_, str>> {
    let (StoreError::Unavailable(source) | StoreError::Failed(source)) = error else {
        return None;
    };
    source
        .downcast_ref::<sqlx::Error>()
        .and_then(sqlx::Error::as_database_error)
        .and_then(sqlx::error::DatabaseError::code)
}

fn lost_race(code: &str) -> bool {
    const SERIALIZATION_FAILURE: &str = "40001";
    const DEADLOCK_DETECTED: &str = "40P01";
    [SERIALIZATION_FAILURE, DEADLOCK_DETECTED].contains(&code)
}

/// Checks that there is nothing to store in a table that a statement doesn't write to.
pub(crate) fn expect_none(table: &'static str, rows: usize) -> Result<(), StoreError> {
    if rows == 0 {
        return Ok(());
    }
    Err(Fault::Guard {
        table,
        expected: rows,
        actual: 0,
    }
    .into())
}

/// Checks that a statement changed as many rows as it was to change.
pub(crate) fn expect_rows(
    table: &'static str,
    expected: usize,
    result: &PgQueryResult,
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

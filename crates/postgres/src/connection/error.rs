//! Errors of the database, converted to those of the ports.

use std::borrow::Cow;

use sqlx::postgres::PgQueryResult;
use stockroom_application::ports::StoreError;

/// A fault that the driver doesn't report.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// A statement didn't change the rows that the change was decided on.
    #[error("expected to change {expected} rows of {table}, but changed {actual}")]
    Guard {
        table: &'static str,
        expected: usize,
        actual: u64,
    },
    /// The database was written by a later version of the program.
    #[error(
        "the database has migration {migration}, which this version of the program doesn't know: \
         a newer version made the database"
    )]
    Newer { migration: i64 },
    /// The schema lacks a migration.
    #[error("the database lacks migration {migration}: `stockroom migrate` brings it up to date")]
    Outdated { migration: i64 },
    /// Another server has answered a request with this idempotency key in the meantime.
    #[error("another server has stored an idempotency record under the same key")]
    KeyTaken,
    /// Another server has stored a reservation of this order in the meantime.
    #[error("another server has stored a reservation of the same order")]
    OrderTaken,
    /// The URL isn't that of a PostgreSQL database.
    #[error("the URL of a PostgreSQL database must begin with postgres:// or postgresql://")]
    NotPostgres,
    /// The server can't be reached.
    #[error("the database server can't be reached")]
    Away,
    /// The tables can't be distributed over machines.
    #[error("the database lacks the extension Citus: run `CREATE EXTENSION citus` in it first")]
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

/// Converts an error of the driver to one of the ports.
pub(crate) fn failed(error: sqlx::Error) -> StoreError {
    if is_passing(&error) {
        StoreError::Unavailable(Box::new(error))
    } else {
        StoreError::Failed(Box::new(error))
    }
}

/// Whether a later retry may succeed.
fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // By class of code: connections, resources (such as too many connections), the machine of
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
/// Too much time passed between two statements of a transaction, or since its beginning: this process
/// was paused.
const IDLE: &str = "25P03";
const TOO_LONG: &str = "25P04";

/// Whether the database rolled back this transaction in favour of another one. Nothing was stored, and
/// the transaction can be retried at once.
pub(crate) fn is_lost_race(error: &StoreError) -> bool {
    code_of(error).is_some_and(|code| lost_race(&code))
}

/// Whether another server was faster to answer a request with the same idempotency key, or to reserve for
/// the same order. Nothing was stored, and a retry finds the answer or the reservation of that server.
pub(crate) fn is_taken(error: &StoreError) -> bool {
    let StoreError::Failed(source) = error else {
        return false;
    };
    let fault = source.downcast_ref::<Fault>();
    matches!(fault, Some(Fault::KeyTaken | Fault::OrderTaken))
}

/// Whether the connection leads to a read-only server. It may stay read-only while other connections to
/// the same address lead to a server that accepts writes.
pub(crate) fn is_read_only(error: &StoreError) -> bool {
    code_of(error).is_some_and(|code| code == READ_ONLY)
}

/// Converts an error of `COMMIT`. Unless the database says that it rolled back the transaction, it is
/// unknown whether the transaction was stored, and it mustn't be retried.
pub(crate) fn unclear(error: StoreError) -> StoreError {
    match error {
        StoreError::Failed(source) => StoreError::Unavailable(source),
        error => error,
    }
}

/// Whether a statement found that rows differ from its parameters, and undid all of its changes.
pub(crate) fn is_outdated(error: &StoreError) -> bool {
    const INVALID_TEXT_REPRESENTATION: &str = "22P02";
    code_of(error).is_some_and(|code| code == INVALID_TEXT_REPRESENTATION)
}

/// Converts an error of a statement that is a transaction of its own. For most errors, it is unknown
/// whether they occurred before the commit or during it.
pub(crate) fn certain(error: StoreError) -> StoreError {
    // By class of code: data and constraints. These errors occur before the commit.
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

/// Checks that a statement changed the expected number of rows.
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

//! The one connection that writes.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use stockroom_application::ports::StoreError;

use super::error::failed;
use super::log::Log;
use super::options::{LOG_BYTES_MAX, STATEMENTS_MAX, SqliteOptions};
use super::thread::ConnectionThread;

/// The page cache of the connection that copies the log, in KiB: copying needs no pages.
const COPIER_CACHE_KIBIBYTES: u32 = 64;

/// Opens the database in the file at `path`, creates the file if it is missing, and starts the thread
/// that writes.
///
/// # Errors
/// [`StoreError`] if the file can't be opened, or the thread can't be started.
pub(crate) fn start(path: &Path, options: &SqliteOptions) -> Result<ConnectionThread, StoreError> {
    let connect =
        |cache_kibibytes| connect(path, options.busy_timeout, cache_kibibytes).map_err(failed);
    let mut connection = connect(options.write_cache_kibibytes)?;
    let copying = connect(COPIER_CACHE_KIBIBYTES)?;
    let log_pages = options.log_pages;
    ConnectionThread::start("sqlite-writer", move |jobs| {
        if let Ok(mut log) = Log::start(&connection, copying, log_pages) {
            while jobs.next(|| Ok(&mut connection)) {
                log.look_after(&connection);
            }
        }
    })
}

fn connect(
    path: &Path,
    busy_timeout: Duration,
    cache_kibibytes: u32,
) -> rusqlite::Result<Connection> {
    // Only the thread uses the connection, so SQLite needn't protect it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(busy_timeout)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -i64::from(cache_kibibytes))?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_MAX)?;
    Ok(connection)
}

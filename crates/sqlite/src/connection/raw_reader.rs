//! The connection for the verification of whole ledgers.

use rusqlite::OpenFlags;

use super::error::failed_directly as failed;

pub(crate) fn open(path: &Path, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    // To read a write-ahead log, a connection needs write access to the files beside it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(busy_timeout)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIBIBYTES)?;
    Ok(connection)
}

use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use stockroom_application::ports::StoreError;
use tokio::sync::Mutex;

/// The page cache of this connection, in KiB: ledgers are read once, and in the order in which they are
/// stored.
pub(crate) const CACHE_KIBIBYTES: i64 = 4 * 1024;

/// The connection. It is opened when it is first needed.
pub(crate) struct RawConnection {
    path: PathBuf,
    busy_timeout: Duration,
    connection: Arc<Mutex<State>>,
}

enum State {
    Unopened,
    Open(Connection),
    Closed,
}

impl RawConnection {
    /// A connection to the database in the file at `path`, which isn't opened yet.
    pub(crate) fn new(path: &Path, busy_timeout: Duration) -> Self {
        Self {
            path: path.to_owned(),
            busy_timeout,
            connection: Arc::new(Mutex::new(State::Unopened)),
        }
    }

    /// Waits for running work, and closes the connection.
    pub(crate) async fn close(&self) {
        *self.connection.lock().await = State::Closed;
    }

    /// Runs `read` when its turn comes, on one state of the database. It runs to its end even if the
    /// caller no longer waits.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (path, busy_timeout) = (self.path.clone(), self.busy_timeout);
        let mut state = Arc::clone(&self.connection).lock_owned().await;
        let reading = tokio::task::spawn_blocking(move || {
            if matches!(*state, State::Unopened) {
                *state = State::Open(open(&path, busy_timeout).map_err(failed)?);
            }
            let State::Open(connection) = &mut *state else {
                return Err(StoreError::Unavailable("the database is closed".into()));
            };
            let snapshot = connection.transaction().map_err(failed)?;
            let answer = read(&snapshot)?;
            snapshot.commit().map_err(failed)?;
            Ok(answer)
        });
        let broken_off = |_| Err(StoreError::Failed("the read was interrupted".into()));
        reading.await.unwrap_or_else(broken_off)
    }
}

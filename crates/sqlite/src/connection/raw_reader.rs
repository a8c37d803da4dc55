//! A connection for those who verify whole ledgers.

use super::error::failed_directly as failed;
use rusqlite::OpenFlags;

pub(crate) fn open(path: &Path, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    // Whoever reads a write-ahead log has to be able to write beside it.
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

/// Ledgers are read once, and in the order in which they lie.
pub(crate) const CACHE_KIBIBYTES: i64 = 4 * 1024;

/// The connection, which is opened when it is first needed.
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
    /// For the database in the file at `path`.
    pub(crate) fn new(path: &Path, busy_timeout: Duration) -> Self {
        Self {
            path: path.to_owned(),
            busy_timeout,
            connection: Arc::new(Mutex::new(State::Unopened)),
        }
    }

    /// Waits for what is under way, and closes the connection.
    pub(crate) async fn close(&self) {
        *self.connection.lock().await = State::Closed;
    }

    /// Reads when it is its turn, seeing one state of the database. It is done to its end also if
    /// nobody waits any more.
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
        let broken_off = |_| Err(StoreError::Failed("reading was broken off".into()));
        reading.await.unwrap_or_else(broken_off)
    }
}

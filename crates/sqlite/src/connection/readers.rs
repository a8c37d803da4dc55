//! Connections that read.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use stockroom_application::ports::StoreError;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::error::failed;
use super::options::{STATEMENTS_MAX, SqliteOptions};

/// Connections for reads, each opened when it is first needed. A read runs on one of Tokio's threads
/// for blocking work.
pub(crate) struct Readers {
    path: PathBuf,
    cache_kibibytes: u32,
    acquire_timeout: Duration,
    busy_timeout: Duration,
    /// One permit for each connection. Closed together with the database.
    permits: Arc<Semaphore>,
    limit: u32,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    /// At most `limit` connections to the file at `path`, each with a page cache of this size.
    pub(crate) fn new(
        path: &Path,
        options: &SqliteOptions,
        limit: u32,
        cache_kibibytes: u32,
    ) -> Self {
        Self {
            path: path.to_owned(),
            cache_kibibytes,
            acquire_timeout: options.acquire_timeout,
            busy_timeout: options.busy_timeout,
            permits: Arc::new(Semaphore::new(
                usize::try_from(limit).unwrap_or(Semaphore::MAX_PERMITS),
            )),
            limit,
            idle: Arc::default(),
        }
    }

    /// Runs `read` when a connection is free, on one state of the database. It runs to its end even if
    /// the caller no longer waits.
    ///
    /// # Errors
    /// The errors of `read`, or [`StoreError`] if no connection is free in time, or the database is
    /// closed.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = Arc::clone(&self.permits).acquire_owned();
        let permit = timeout(self.acquire_timeout, permit)
            .await
            .map_err(|elapsed| StoreError::Unavailable(Box::new(elapsed)))?
            .map_err(|_| StoreError::Unavailable("the database is closed".into()))?;
        let idle = Arc::clone(&self.idle);
        let connection = lock(&idle).pop();
        let open = Open {
            path: self.path.clone(),
            cache_kibibytes: self.cache_kibibytes,
            busy_timeout: self.busy_timeout,
        };
        let reading = tokio::task::spawn_blocking(move || {
            let mut connection = match connection {
                Some(connection) => connection,
                None => open.connect().map_err(failed)?,
            };
            let snapshot = connection.transaction().map_err(failed)?;
            let answer = read(&snapshot)?;
            snapshot.commit().map_err(failed)?;
            lock(&idle).push(connection);
            drop(permit);
            Ok(answer)
        });
        let broken_off = |_| Err(StoreError::Failed("the read was interrupted".into()));
        reading.await.unwrap_or_else(broken_off)
    }

    /// Waits for running reads, and closes all connections.
    pub(crate) async fn close(&self) {
        drop(self.permits.acquire_many(self.limit).await);
        self.permits.close();
        lock(&self.idle).clear();
    }
}

/// The settings of a connection.
struct Open {
    path: PathBuf,
    cache_kibibytes: u32,
    busy_timeout: Duration,
}

impl Open {
    fn connect(&self) -> rusqlite::Result<Connection> {
        // To read a write-ahead log, a connection needs write access to the files beside it.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(self.busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cache_size", -i64::from(self.cache_kibibytes))?;
        connection.pragma_update(None, "temp_store", "memory")?;
        Ok(connection)
    }
}

fn lock(idle: &Mutex<Vec<Connection>>) -> std::sync::MutexGuard<'_, Vec<Connection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

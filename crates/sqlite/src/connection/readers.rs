//! Connections that read.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use stockroom_application::ports::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::error::failed;
use super::options::{STATEMENTS_MAX, SqliteOptions};
use super::thread::ConnectionThread;

/// Some connections for reads, each on a thread of its own, and opened when it is first needed.
pub(crate) struct Readers {
    threads: Vec<ConnectionThread>,
    acquire_timeout: Duration,
    turns: Arc<Turns>,
}

/// The threads that have nothing to do.
struct Turns {
    /// One for each thread. Closed together with the database.
    permits: Arc<Semaphore>,
    /// The places of the threads; the last one was used last, and has its pages still in memory.
    idle: Mutex<Vec<usize>>,
}

/// The right to use a thread.
struct Turn {
    turns: Arc<Turns>,
    thread: usize,
    _permit: OwnedSemaphorePermit,
}

impl Readers {
    /// `count` connections to the file at `path`, each with a page cache of this size.
    ///
    /// # Errors
    /// [`StoreError`] if a thread can't be started.
    pub(crate) fn start(
        name: &str,
        path: &Path,
        options: &SqliteOptions,
        count: u32,
        cache_kibibytes: u32,
    ) -> Result<Self, StoreError> {
        let start = |_| {
            let settings = Settings {
                path: path.to_owned(),
                cache_kibibytes,
                busy_timeout: options.busy_timeout,
            };
            ConnectionThread::start(name, move |jobs| {
                let mut connection = None;
                while jobs.next(|| settings.connection(&mut connection)) {}
            })
        };
        let threads = (0..count).map(start).collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            acquire_timeout: options.acquire_timeout,
            turns: Arc::new(Turns {
                permits: Arc::new(Semaphore::new(threads.len())),
                idle: Mutex::new((0..threads.len()).collect()),
            }),
            threads,
        })
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
        let closed = || StoreError::Unavailable("the database is closed".into());
        let permit = Arc::clone(&self.turns.permits).acquire_owned();
        let permit = timeout(self.acquire_timeout, permit)
            .await
            .map_err(|elapsed| StoreError::Unavailable(Box::new(elapsed)))?
            .map_err(|_| closed())?;
        let turn = self.turns.take(permit).ok_or_else(closed)?;
        let thread = self.threads.get(turn.thread).ok_or_else(closed)?;
        let job = move |connection: &mut Connection| {
            let snapshot = connection.transaction().map_err(failed)?;
            let answer = read(&snapshot)?;
            snapshot.commit().map_err(failed)?;
            drop(turn);
            Ok(answer)
        };
        thread.run(job).await
    }

    /// Waits for running reads, and closes all connections.
    pub(crate) async fn close(&self) {
        self.turns.permits.close();
        for thread in &self.threads {
            thread.close().await;
        }
    }
}

impl Turns {
    fn take(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Option<Turn> {
        let thread = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        thread.map(|thread| Turn {
            turns: Arc::clone(self),
            thread,
            _permit: permit,
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let idle = self.turns.idle.lock();
        idle.unwrap_or_else(PoisonError::into_inner)
            .push(self.thread);
    }
}

/// The settings of a connection.
struct Settings {
    path: PathBuf,
    cache_kibibytes: u32,
    busy_timeout: Duration,
}

impl Settings {
    fn connection<'c>(
        &self,
        connection: &'c mut Option<Connection>,
    ) -> Result<&'c mut Connection, StoreError> {
        if connection.is_none() {
            *connection = Some(self.connect().map_err(failed)?);
        }
        let unopened = || StoreError::Unavailable("the database is not open".into());
        connection.as_mut().ok_or_else(unopened)
    }

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

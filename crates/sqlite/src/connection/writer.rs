//! The writer thread: the one connection that writes, on a thread of its own.
//!
//! A whole transaction is handed to the thread, and runs prepared statements row by row.

use std::path::Path;
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use stockroom_application::ports::StoreError;
use tokio::sync::{OwnedMutexGuard, oneshot};

use super::error::failed;
use super::log::Log;
use super::options::{LOG_BYTES_MAX, STATEMENTS_MAX, SqliteOptions};

/// The page cache of the connection that copies the log, in KiB: copying needs no pages.
const COPIER_CACHE_KIBIBYTES: u32 = 64;

/// The right to write. SQLite has one writer at a time: a caller that queues for the right doesn't try
/// in vain.
pub(crate) type WritePermit = OwnedMutexGuard<()>;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The writer thread, as long as its connection is open.
pub(crate) struct WriterThread {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    ended: Mutex<Option<oneshot::Receiver<()>>>,
}

impl WriterThread {
    /// Opens the database in the file at `path`, creates the file if it is missing, and starts the
    /// thread.
    ///
    /// # Errors
    /// [`StoreError`] if the file can't be opened, or the thread can't be started.
    pub(crate) fn open(path: &Path, options: &SqliteOptions) -> Result<Self, StoreError> {
        let connect =
            |cache_kibibytes| connect(path, options.busy_timeout, cache_kibibytes).map_err(failed);
        let connection = connect(options.write_cache_kibibytes)?;
        let copying = connect(COPIER_CACHE_KIBIBYTES)?;
        let log_pages = options.log_pages;
        let (jobs, queue) = mpsc::channel();
        let (ending, ended) = oneshot::channel();
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || {
                if let Ok(log) = Log::start(&connection, copying, log_pages) {
                    work(connection, log, &queue);
                }
                drop(ending);
            })
            .map_err(|error| StoreError::Failed(Box::new(error)))?;
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
            ended: Mutex::new(Some(ended)),
        })
    }

    /// Runs `job` when its turn comes. It runs to its end even if the caller no longer waits.
    ///
    /// # Errors
    /// The errors of the job, or [`StoreError`] if the connection is closed.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        turn: WritePermit,
        job: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = job(connection);
            drop(turn);
            drop(reply.send(result));
        });
        let jobs = self.jobs.lock();
        let is_sent = jobs
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .is_some_and(|jobs| jobs.send(job).is_ok());
        if !is_sent {
            return Err(StoreError::Unavailable("the database is closed".into()));
        }
        let broken_off = |_| Err(StoreError::Failed("the transaction was interrupted".into()));
        answer.await.unwrap_or_else(broken_off)
    }

    /// Waits for running work, and closes the connection.
    pub(crate) async fn close(&self) {
        let jobs = self
            .jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(jobs);
        let ended = self
            .ended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(ended) = ended {
            drop(ended.await);
        }
    }
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

/// Runs jobs until no more can be sent.
fn work(mut connection: Connection, mut log: Log, queue: &mpsc::Receiver<Job>) {
    while let Ok(job) = queue.recv() {
        let job = std::panic::AssertUnwindSafe(|| job(&mut connection));
        // If the job panics, its caller gets an error, and its transaction is rolled back.
        drop(std::panic::catch_unwind(job));
        log.look_after(&connection);
    }
}

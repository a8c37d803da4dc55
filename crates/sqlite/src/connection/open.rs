//! Opening, migrating and closing a database.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use stockroom_application::Environment;
use stockroom_application::ports::StoreError;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::error::{Fault, failed};
use super::options::SqliteOptions;
use super::readers::Readers;
use super::thread::ConnectionThread;
use super::writer;

/// The migrations, in order. A database has the number of applied ones as its `user_version`.
const MIGRATIONS: [&str; 1] = [include_str!(
    "../../../../migrations/sqlite/0001_initial.sql"
)];

/// The pragma that has the number of applied migrations.
const VERSION: &str = "user_version";

/// The page cache of the connection for verification, in KiB: ledgers are read once, and in the order
/// in which they are stored.
const RAW_CACHE_KIBIBYTES: u32 = 4 * 1024;

/// A database in a file. It implements all the ports.
pub struct SqliteDatabase {
    writer: ConnectionThread,
    /// The queue for the right to write.
    line: Arc<Mutex<()>>,
    readers: Readers,
    /// The connection for data that the server itself uses: credentials, revocations, and whether the
    /// file is there.
    own_readers: Readers,
    /// The connection for verification, which reads whole ledgers.
    raw_readers: Readers,
    acquire_timeout: Duration,
    pub(crate) parallel_searches: usize,
    pub(crate) environment: Environment,
}

impl SqliteDatabase {
    /// Opens the database in the file at `path`, and creates the file if it is missing. The folder must
    /// exist. A new or outdated database has to be [migrated](Self::migrate) before it is used.
    ///
    /// # Errors
    /// [`StoreError`] if the file can't be opened, or isn't a database.
    pub async fn open(
        path: &Path,
        environment: Environment,
        options: SqliteOptions,
    ) -> Result<Self, StoreError> {
        let (file, settings) = (path.to_owned(), options.clone());
        let opening = tokio::task::spawn_blocking(move || writer::start(&file, &settings));
        let broken_off = |_| Err(StoreError::Failed("the opening was interrupted".into()));
        let writer = opening.await.unwrap_or_else(broken_off)?;
        let readers = |name, count, cache| Readers::start(name, path, &options, count, cache);
        let cache = options.read_cache_kibibytes;
        Ok(Self {
            writer,
            line: Arc::default(),
            readers: readers("sqlite-reader", options.read_connections.max(1), cache)?,
            own_readers: readers("sqlite-own", 1, cache)?,
            raw_readers: readers("sqlite-verify", 1, RAW_CACHE_KIBIBYTES)?,
            acquire_timeout: options.acquire_timeout,
            parallel_searches: (options.read_connections / 2).max(1) as usize,
            environment,
        })
    }

    /// Brings the schema up to date: completely or, if anything fails, not at all. Does nothing if the
    /// schema is up to date already.
    ///
    /// # Errors
    /// [`StoreError`] if a newer version of the program made the database, or if the database fails.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        // One transaction covers everything, so that two processes don't migrate at the same time.
        self.write(|transaction| {
            let applied = applied(transaction)?;
            if applied > MIGRATIONS.len() {
                return Err(Fault::Newer { migration: applied }.into());
            }
            for migration in MIGRATIONS.iter().skip(applied) {
                transaction.execute_batch(migration).map_err(failed)?;
            }
            transaction
                .pragma_update(None, VERSION, MIGRATIONS.len())
                .map_err(failed)
        })
        .await
    }

    /// Checks that the schema is the one that this version of the program needs. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] if the schema is older or newer, or if the database fails.
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        self.read(check).await
    }

    /// Waits for running operations, copies the log into the database file and closes the file. Later
    /// calls fail with [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.readers.close().await;
        self.own_readers.close().await;
        self.raw_readers.close().await;
        // SQLite copies the log when its last connection to the file is closed.
        self.writer.close().await;
    }

    /// Runs `change` as a transaction, alone. It runs to its end even if the caller no longer waits; if
    /// it fails, nothing is changed.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(|connection| {
            // The write lock is taken at the start: what is read is still so when it is changed, even
            // if another process has the file open.
            let transaction = connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(failed)?;
            let answer = change(&transaction)?;
            transaction.commit().map_err(failed)?;
            Ok(answer)
        })
        .await
    }

    /// Runs `job` on the writer thread.
    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        // SQLite has one writer at a time: a caller that queues here doesn't try in vain.
        let turn = Arc::clone(&self.line).lock_owned();
        let turn = timeout(self.acquire_timeout, turn)
            .await
            .map_err(|elapsed| StoreError::Unavailable(Box::new(elapsed)))?;
        let job = move |connection: &mut Connection| {
            let result = job(connection);
            drop(turn);
            result
        };
        self.writer.run(job).await
    }

    /// Runs `read` on one state of the database.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.readers.read(read).await
    }

    /// Runs a read of data for the server itself.
    pub(crate) async fn own_read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.own_readers.read(read).await
    }

    /// Runs a read of raw rows, for verification.
    pub(crate) async fn raw_read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.raw_readers.read(read).await
    }
}

/// The number of migrations that the database has.
fn applied(connection: &Connection) -> Result<usize, StoreError> {
    let version = connection.pragma_query_value(None, VERSION, |row| row.get(0));
    let version = version.map_err(failed)?;
    if version == 0 && has_tables(connection)? {
        return Err(Fault::Prerelease.into());
    }
    Ok(version)
}

/// Whether anything has created tables of ours.
fn has_tables(connection: &Connection) -> Result<bool, StoreError> {
    let tables = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'organizations')";
    let has_tables = connection.query_row(tables, [], |row| row.get(0));
    has_tables.map_err(failed)
}

fn check(connection: &Connection) -> Result<(), StoreError> {
    let applied = applied(connection)?;
    if applied > MIGRATIONS.len() {
        return Err(Fault::Newer { migration: applied }.into());
    }
    if applied < MIGRATIONS.len() {
        let migration = applied.saturating_add(1);
        return Err(Fault::Outdated { migration }.into());
    }
    Ok(())
}

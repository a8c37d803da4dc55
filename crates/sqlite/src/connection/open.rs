//! Opening, migrating and closing a database.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};
use stockroom_application::Environment;
use stockroom_application::ports::StoreError;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::error::{Fault, failed};
use super::options::{LOG_BYTES_MAX, SqliteOptions};
use super::raw_reader::RawConnection;
use super::writer::{WritePermit, WriterThread};

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// The length of the log, in pages of 4 KiB, at which the writing driver copies it into the database.
/// Copying costs a stall and two flushes, so it is done less often than by default.
const CHECKPOINT_PAGES: u32 = 4000;

/// The page cache of the writing driver, in KiB. This driver makes only the rare changes.
const RARE_CACHE_KIBIBYTES: u32 = 4 * 1024;

/// A database in a file. It implements all the ports.
pub struct SqliteDatabase {
    /// The thread for transactions on stock.
    pub(crate) writer_thread: WriterThread,
    /// The connection for all other changes.
    writer: SqlitePool,
    readers: SqlitePool,
    /// The connection for data that the server itself uses: credentials, revocations, and whether the
    /// file is there.
    own_reader: SqlitePool,
    /// The connection for verification, which reads whole ledgers.
    pub(crate) stored: RawConnection,
    line: Arc<Mutex<()>>,
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
        let connect = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(options.busy_timeout)
            .pragma("cache_size", format!("-{}", options.read_cache_kibibytes))
            .pragma("temp_store", "memory")
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES.to_string())
            .pragma("journal_size_limit", LOG_BYTES_MAX.to_string())
            .statement_cache_capacity(256);
        let pool = SqlitePoolOptions::new()
            .acquire_timeout(options.acquire_timeout)
            // A connection to a file doesn't break like one over a network.
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None);
        // The writer is opened first: it creates the file and sets its journal mode.
        let writer = pool
            .clone()
            .max_connections(1)
            .after_release(|connection, _| {
                Box::pin(async move {
                    // If a transaction was dropped, its rollback has ended when the ping returns. If
                    // the rollback failed, the connection is not used again.
                    connection.ping().await?;
                    Ok(!connection.is_in_transaction())
                })
            })
            .connect_with(
                connect
                    .clone()
                    .pragma("cache_size", format!("-{RARE_CACHE_KIBIBYTES}")),
            )
            .await
            .map_err(failed)?;
        let writer_thread = WriterThread::open(path, &options)?;
        let connect = connect.create_if_missing(false).pragma("query_only", "on");
        let own_reader = pool
            .clone()
            .max_connections(1)
            .connect_lazy_with(connect.clone());
        let readers = pool
            .max_connections(options.read_connections.max(1))
            .connect_lazy_with(connect);
        Ok(Self {
            writer_thread,
            writer,
            readers,
            own_reader,
            stored: RawConnection::new(path, options.busy_timeout),
            line: Arc::default(),
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
        let mut transaction = self.write().await?;
        MIGRATIONS
            .run_direct(None, &mut *transaction, false)
            .await
            .map_err(|error| match error {
                MigrateError::VersionMissing(migration) => Fault::Newer { migration }.into(),
                MigrateError::Execute(error) => failed(error),
                error => StoreError::Failed(Box::new(error)),
            })?;
        transaction.commit().await
    }

    /// Checks that the schema is the one that this version of the program needs. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] if the schema is older or newer, or if the database fails.
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        let mut reader = self.read().await?;
        // Prepared at run time, because a new file doesn't have the table yet.
        let applied = sqlx::query_scalar("SELECT version FROM _sqlx_migrations WHERE success");
        let applied: Vec<i64> = match applied.fetch_all(&mut *reader).await {
            Ok(applied) => applied,
            Err(error) if lacks_table(&error) => Vec::new(),
            Err(error) => return Err(failed(error)),
        };
        if let Some(migration) = applied.iter().find(|it| !MIGRATIONS.version_exists(**it)) {
            let migration = *migration;
            return Err(Fault::Newer { migration }.into());
        }
        let mut known = MIGRATIONS.iter().map(|migration| migration.version);
        if let Some(migration) = known.find(|version| !applied.contains(version)) {
            return Err(Fault::Outdated { migration }.into());
        }
        Ok(())
    }

    /// Waits for running operations, copies the log into the database file and closes the file. Later
    /// calls fail with [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.readers.close().await;
        self.own_reader.close().await;
        self.stored.close().await;
        self.writer_thread.close().await;
        // SQLite copies the log when its last connection to the file is closed.
        self.writer.close().await;
    }

    /// Queues for the right to write.
    pub(crate) async fn write_permit(&self) -> Result<WritePermit, StoreError> {
        let turn = Arc::clone(&self.line).lock_owned();
        timeout(self.acquire_timeout, turn)
            .await
            .map_err(|elapsed| StoreError::Unavailable(Box::new(elapsed)))
    }

    /// A transaction that holds the write lock. Dropping it rolls it back.
    pub(crate) async fn write(&self) -> Result<Writing, StoreError> {
        let turn = self.write_permit().await?;
        let transaction = self.writer.begin_with("BEGIN IMMEDIATE").await;
        Ok(Writing {
            transaction: transaction.map_err(failed)?,
            _turn: turn,
        })
    }

    /// A connection for a single statement that reads.
    pub(crate) async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        self.readers.acquire().await.map_err(failed)
    }

    /// The connection for a single statement that reads data for the server itself.
    pub(crate) async fn own_reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        self.own_reader.acquire().await.map_err(failed)
    }

    /// A transaction on the same connection, in which all statements read the same state.
    pub(crate) async fn own_read(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.own_reader.begin().await.map_err(failed)
    }

    /// A transaction in which all statements read the same state of the database.
    pub(crate) async fn read(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.readers.begin().await.map_err(failed)
    }
}

/// A transaction of the writing driver.
pub(crate) struct Writing {
    transaction: Transaction<'static, Sqlite>,
    /// Released when the transaction has ended.
    _turn: WritePermit,
}

impl Writing {
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit().await.map_err(failed)
    }

    pub(crate) async fn rollback(self) -> Result<(), StoreError> {
        self.transaction.rollback().await.map_err(failed)
    }
}

impl Deref for Writing {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.transaction
    }
}

impl DerefMut for Writing {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }
}

fn lacks_table(error: &sqlx::Error) -> bool {
    // SQLite has no separate code for a missing table.
    let database = error.as_database_error();
    database.is_some_and(|error| error.message().starts_with("no such table"))
}

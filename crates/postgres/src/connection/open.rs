//! Opening, migrating and closing a database.

use std::io::ErrorKind;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use stockroom_application::Environment;
use stockroom_application::ports::StoreError;

use super::availability::WatchedPool;
use super::error::{Fault, failed};
use super::options::PostgresOptions;
use super::session::Session;
use crate::key_cache::KeyCache;
use crate::reservation_cache::ReservationCache;
use crate::stock_cache::StockCache;

/// The script that distributes the tables over the machines of a Citus cluster.
const CITUS: &str = include_str!("../../../../migrations/postgres/citus.sql");

/// Begins every transaction that changes something, whatever the server's default is: each statement
/// sees everything that was committed before it, so that data that is read under a lock is current.
const WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// Begins every transaction that only reads: all its statements see the same state.
const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The same for lists. Their best plan depends on the request, so they are planned each time.
const READ_LIST: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
     SET LOCAL plan_cache_mode = force_custom_plan";

/// Drops prepared statements: the library prepares named statements when it migrates, even behind a
/// pooler.
const FORGET_STATEMENTS: &str = "DEALLOCATE ALL";

/// Makes Citus distribute tables that refer to each other in one transaction.
const ONE_BY_ONE: &str = "SET LOCAL citus.multi_shard_modify_mode = 'sequential'";

const NO_TIMEOUTS: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0";

/// The lock of the one server that migrates.
const MIGRATION_LOCK: i64 = i64::from_be_bytes(*b"stockrm\0");

/// The code of the error for a missing table.
const NO_TABLE: &str = "42P01";

/// The idle time after which a connection is tested before it is used.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// The number of connections that the server has for itself, in addition to those for requests.
const OWN_CONNECTIONS: u32 = 2;

/// The number of unused connections that are kept open.
const CONNECTIONS_KEPT: u32 = 2;

/// The time that a tested connection may take to answer. A silent connection is given up, since a
/// server that lost power gives no notice of it.
const PING_TIMEOUT: Duration = Duration::from_millis(500);

/// A database on a PostgreSQL server. It implements all the ports.
pub struct PostgresDatabase {
    server: WatchedPool,
    /// Connections for data that the server itself uses: credentials, revocations, and whether
    /// PostgreSQL is there.
    own: WatchedPool,
    pub(crate) keeps_statements: bool,
    /// Whether tables may be spread over the machines of a Citus cluster.
    pub(crate) on_citus: bool,
    pub(crate) parallel_commits: usize,
    pub(crate) stock_cache: StockCache,
    pub(crate) reservation_cache: ReservationCache,
    pub(crate) key_cache: KeyCache,
    pub(crate) environment: Environment,
}

impl PostgresDatabase {
    /// Opens the database at `url` (`postgres://user:password@host/name?sslmode=…`), which must exist.
    /// A new or outdated database has to be [migrated](Self::migrate) before it is used.
    ///
    /// # Errors
    /// [`StoreError`] if the server can't be reached, or refuses the connection.
    pub async fn open(
        url: &str,
        environment: Environment,
        options: PostgresOptions,
    ) -> Result<Self, StoreError> {
        // The pool would only report a timeout.
        let first = first_look(options.connect(url, false)?);
        let first = tokio::time::timeout(options.acquire_timeout, first).await;
        let (on_citus, ssl_mode) = first.map_err(|_| Fault::Away)?.map_err(failed)?;
        let connect = options.connect(url, on_citus)?.ssl_mode(ssl_mode);
        let pool = PgPoolOptions::new()
            .acquire_timeout(options.acquire_timeout)
            // Not before each use, which would double the round trips of a read. A connection in steady
            // use shows by itself that it is broken.
            .test_before_acquire(false)
            .before_acquire(|connection, metadata| {
                Box::pin(async move {
                    if metadata.idle_for > TRUSTED_FOR {
                        let answered = tokio::time::timeout(PING_TIMEOUT, connection.ping());
                        let silent = |_| sqlx::Error::Io(ErrorKind::TimedOut.into());
                        answered.await.map_err(silent)??;
                    }
                    Ok(true)
                })
            });
        let own = pool
            .clone()
            .max_connections(OWN_CONNECTIONS)
            .connect_lazy_with(connect.clone());
        let server = pool
            .max_connections(options.max_connections.max(1))
            // Some connections stay open, so that requests needn't wait for new ones after a quiet
            // time.
            .min_connections(options.max_connections.min(CONNECTIONS_KEPT))
            .connect_lazy_with(connect);
        Ok(Self {
            server: WatchedPool::new(server),
            own: WatchedPool::new(own),
            keeps_statements: !options.behind_pooler,
            on_citus,
            parallel_commits: options.parallel_commits(),
            stock_cache: StockCache::default(),
            reservation_cache: ReservationCache::default(),
            key_cache: KeyCache::default(),
            environment,
        })
    }

    /// Brings the schema up to date: completely or, if anything fails, not at all. Does nothing if the
    /// schema is up to date already. Any number of servers may migrate at the same time.
    ///
    /// # Errors
    /// [`StoreError`] if a newer version of the program made the database, or if the database fails.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        // Begun by the library, because the library begins transactions within this one.
        let mut transaction = self.server.pool.begin_with(WRITE).await.map_err(failed)?;
        // A migration may take long, and so may the wait for another server's migration.
        run(&mut transaction, NO_TIMEOUTS).await?;
        if !self.keeps_statements {
            run(&mut transaction, FORGET_STATEMENTS).await?;
        }
        lock_migrations(&mut transaction).await?;
        migrations()
            .run_direct(None, &mut *transaction, false)
            .await
            .map_err(|error| match error {
                MigrateError::VersionMissing(migration) => Fault::Newer { migration }.into(),
                MigrateError::Execute(error) => failed(error),
                error => StoreError::Failed(Box::new(error)),
            })?;
        if !self.keeps_statements {
            run(&mut transaction, FORGET_STATEMENTS).await?;
        }
        transaction.commit().await.map_err(failed)
    }

    /// Checks that the schema is the one that this version of the program needs. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] if the schema is older or newer, or if the database fails.
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        let mut session = self.reader().await?;
        let applied = sqlx::query_scalar!("SELECT version FROM _sqlx_migrations WHERE success");
        let applied = match applied.fetch_all(&mut session).await {
            Ok(applied) => applied,
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(NO_TABLE) => {
                Vec::new()
            }
            Err(error) => return Err(failed(error)),
        };
        let migrations = migrations();
        if let Some(migration) = applied.iter().find(|it| !migrations.version_exists(**it)) {
            let migration = *migration;
            return Err(Fault::Newer { migration }.into());
        }
        let mut known = migrations.iter().map(|migration| migration.version);
        if let Some(migration) = known.find(|version| !applied.contains(version)) {
            return Err(Fault::Outdated { migration }.into());
        }
        session.commit().await
    }

    /// Distributes the tables over the machines of a Citus cluster, each organization on one of them,
    /// by running `migrations/postgres/citus.sql`. Does nothing if they are distributed already.
    ///
    /// # Errors
    /// [`StoreError`] if the database doesn't have Citus, or fails.
    pub async fn distribute(&self) -> Result<(), StoreError> {
        let mut transaction = self.server.pool.begin_with(WRITE).await.map_err(failed)?;
        run(&mut transaction, NO_TIMEOUTS).await?;
        lock_migrations(&mut transaction).await?;
        // Not a prepared statement: without the extension, there is no such table.
        let distributed = "SELECT FROM pg_dist_partition \
             WHERE logicalrelid = 'entries'::regclass";
        let distributed = sqlx::raw_sql(distributed).fetch_optional(&mut *transaction);
        match distributed.await {
            Ok(Some(_)) => {}
            Ok(None) => {
                run(&mut transaction, ONE_BY_ONE).await?;
                run(&mut transaction, CITUS).await?;
            }
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(NO_TABLE) => {
                return Err(Fault::NoCitus.into());
            }
            Err(error) => return Err(failed(error)),
        }
        transaction.commit().await.map_err(failed)
    }

    /// Waits for running operations and closes all connections. Later calls fail with
    /// [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.own.pool.close().await;
        self.server.pool.close().await;
    }

    /// A transaction that changes something.
    pub(crate) async fn write(&self) -> Result<Session, StoreError> {
        self.begin(WRITE).await
    }

    /// A transaction in which all statements read the same state of the database.
    pub(crate) async fn read(&self) -> Result<Session, StoreError> {
        self.begin(READ).await
    }

    /// The same for lists and other filtered reads.
    pub(crate) async fn read_list(&self) -> Result<Session, StoreError> {
        self.begin(READ_LIST).await
    }

    /// A session for a single statement that reads.
    pub(crate) async fn reader(&self) -> Result<Session, StoreError> {
        if self.keeps_statements {
            self.session().await
        } else {
            // A pooler may prepare a statement on one connection and run it on another, unless both
            // happen in one transaction.
            self.read().await
        }
    }

    /// A session for a single statement that reads data for the server itself.
    pub(crate) async fn own_reader(&self) -> Result<Session, StoreError> {
        if self.keeps_statements {
            self.own_session().await
        } else {
            self.own_read().await
        }
    }

    /// A transaction on the server's own connections in which all statements read the same state.
    pub(crate) async fn own_read(&self) -> Result<Session, StoreError> {
        let mut session = self.own_session().await?;
        session.begin(READ).await?;
        Ok(session)
    }

    /// A transaction on the server's own connections that could change something.
    pub(crate) async fn own_write(&self) -> Result<Session, StoreError> {
        let mut session = self.own_session().await?;
        session.begin(WRITE).await?;
        Ok(session)
    }

    async fn own_session(&self) -> Result<Session, StoreError> {
        let (connection, watch) = self.own.acquire().await?;
        Ok(Session::new(connection, watch, self.keeps_statements))
    }

    async fn begin(&self, statement: &'static str) -> Result<Session, StoreError> {
        let mut session = self.session().await?;
        session.begin(statement).await?;
        Ok(session)
    }

    /// A session outside of any transaction: each statement is a transaction of its own.
    pub(crate) async fn session(&self) -> Result<Session, StoreError> {
        let (connection, watch) = self.server.acquire().await?;
        Ok(Session::new(connection, watch, self.keeps_statements))
    }
}

/// Connects, and checks whether the database has the extension Citus. If TLS is only preferred and
/// fails, connects without it, as PostgreSQL's own clients do: the library can't read the certificate
/// that Citus makes for itself, because of its version.
async fn first_look(connect: PgConnectOptions) -> sqlx::Result<(bool, PgSslMode)> {
    let preferred = connect.get_ssl_mode();
    match has_citus(connect.clone()).await {
        Err(sqlx::Error::Tls(error)) if matches!(preferred, PgSslMode::Prefer) => {
            tracing::warn!(%error, "connections to PostgreSQL are not encrypted: TLS failed");
            let without = PgSslMode::Disable;
            let on_citus = has_citus(connect.ssl_mode(without)).await?;
            Ok((on_citus, without))
        }
        on_citus => Ok((on_citus?, preferred)),
    }
}

/// Whether the database has the extension Citus.
async fn has_citus(connect: PgConnectOptions) -> sqlx::Result<bool> {
    let mut connection = connect.connect().await?;
    // Not a prepared statement, because of poolers.
    let citus = sqlx::raw_sql("SELECT FROM pg_extension WHERE extname = 'citus'");
    let citus = citus.fetch_optional(&mut connection).await?;
    connection.close().await?;
    Ok(citus.is_some())
}

fn migrations() -> Migrator {
    let mut migrations = sqlx::migrate!("../../migrations/postgres");
    // The library's lock outlives the transaction, which poolers don't support.
    migrations.set_locking(false);
    migrations
}

async fn lock_migrations(connection: &mut PgConnection) -> Result<(), StoreError> {
    let locked = sqlx::query!("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK);
    locked.execute(connection).await.map(drop).map_err(failed)
}

async fn run(connection: &mut PgConnection, statement: &'static str) -> Result<(), StoreError> {
    let done = sqlx::raw_sql(statement).execute(connection).await;
    done.map(drop).map_err(failed)
}

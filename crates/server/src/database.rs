//! The only module that names the adapters.

use std::fs::OpenOptions;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use stockroom_application::Environment;
use stockroom_application::ports::Database;
use stockroom_memory::MemoryDatabase;
use stockroom_postgres::{PostgresDatabase, PostgresOptions};
use stockroom_sqlite::{SqliteDatabase, SqliteOptions};

use crate::cli;

const FILE_NAME: &str = "stockroom.sqlite3";

/// An open database.
pub(crate) enum OpenDatabase {
    Memory(Arc<MemoryDatabase>),
    Sqlite(Arc<SqliteDatabase>),
    Postgres(Arc<PostgresDatabase>),
}

impl OpenDatabase {
    /// A database that exists as long as the program runs.
    pub(crate) fn in_memory(environment: &Environment) -> Self {
        Self::Memory(Arc::new(MemoryDatabase::new(environment.clone())))
    }

    /// The kind of the database, for people.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Memory(_) => "in memory",
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// The database that the settings name, with its schema up to date.
    ///
    /// # Errors
    /// If it doesn't exist, can't be opened, or belongs to a newer version of the program; or to an
    /// older one, if it is not to be migrated.
    pub(crate) async fn open(
        settings: &cli::Database,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let folder = &settings.storage.data_folder;
        ensure!(
            settings.storage.database_url()?.is_some() || folder.join(FILE_NAME).exists(),
            "there is no database in the data folder {}; `stockroom serve` or `stockroom migrate` \
             makes one",
            folder.display()
        );
        Self::open_or_create(settings, environment).await
    }

    /// The same, but an embedded database is created if it doesn't exist.
    ///
    /// # Errors
    /// The same, and if it can't be created.
    pub(crate) async fn open_or_create(
        settings: &cli::Database,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let database = Self::create(&settings.storage, environment).await?;
        if settings.no_migrate {
            database.check_schema().await?;
        } else {
            database.migrate().await?;
        }
        Ok(database)
    }

    /// The database that the settings name, whatever its schema. An embedded one that doesn't exist
    /// is created without a schema.
    ///
    /// # Errors
    /// If it can't be created or opened.
    pub(crate) async fn create(
        settings: &cli::Storage,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        match &settings.database_url()? {
            None => Self::create_sqlite(&settings.data_folder, environment).await,
            Some(url) => {
                let options = PostgresOptions {
                    max_connections: settings.database_connections,
                    acquire_timeout: Duration::from_secs(settings.database_connect_timeout_seconds),
                    statement_timeout: Duration::from_secs(
                        settings.database_statement_timeout_seconds,
                    ),
                    lock_timeout: Duration::from_secs(settings.database_lock_timeout_seconds),
                    behind_pooler: settings.database_pooler,
                };
                let database = PostgresDatabase::open(url, environment.clone(), options).await;
                // The message omits the URL, which contains a password.
                let database = database.context("the PostgreSQL database can't be opened")?;
                Ok(Self::Postgres(Arc::new(database)))
            }
        }
    }

    async fn create_sqlite(folder: &Path, environment: &Environment) -> anyhow::Result<Self> {
        // Only for the server's user: the database contains the key for signing tokens.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("cannot create the data folder {}", folder.display()))?;
        let file = folder.join(FILE_NAME);
        let failure = || format!("the database {} can't be opened", file.display());
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&file)
            .with_context(failure)?;
        warn_of_others(folder, &file).with_context(failure)?;
        let options = SqliteOptions::default();
        let database = SqliteDatabase::open(&file, environment.clone(), options).await;
        Ok(Self::Sqlite(Arc::new(database.with_context(failure)?)))
    }

    /// Brings the schema up to date.
    ///
    /// # Errors
    /// If the schema belongs to a newer version of the program, or the database fails.
    pub(crate) async fn migrate(&self) -> anyhow::Result<()> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::Sqlite(database) => database.migrate().await,
            Self::Postgres(database) => database.migrate().await,
        }
        .context("the database's schema can't be brought up to date")
    }

    async fn check_schema(&self) -> anyhow::Result<()> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::Sqlite(database) => database.check_schema().await,
            Self::Postgres(database) => database.check_schema().await,
        }
        .context("the database's schema is out of date, and --no-migrate forbids migrating")
    }

    /// Distributes the tables over the machines of a Citus cluster.
    ///
    /// # Errors
    /// If the database isn't such a cluster, or fails.
    pub(crate) async fn distribute(&self) -> anyhow::Result<()> {
        let Self::Postgres(database) = self else {
            bail!("--citus is for a PostgreSQL database: give --database-url");
        };
        let distributed = database.distribute().await;
        distributed.context("the tables can't be distributed")
    }

    pub(crate) fn ports(&self) -> Arc<dyn Database> {
        match self {
            Self::Memory(database) => Arc::clone(database) as Arc<dyn Database>,
            Self::Sqlite(database) => Arc::clone(database) as Arc<dyn Database>,
            Self::Postgres(database) => Arc::clone(database) as Arc<dyn Database>,
        }
    }

    /// Writes out pending data, and closes the database.
    pub(crate) async fn close(&self) {
        match self {
            Self::Memory(_) => {}
            Self::Sqlite(database) => database.close().await,
            Self::Postgres(database) => database.close().await,
        }
    }
}

/// Logs a warning if other users than the server's may read or change the folder or the file in it.
fn warn_of_others(folder: &Path, file: &Path) -> std::io::Result<()> {
    let mode =
        |path: &Path| Ok::<_, std::io::Error>(path.metadata()?.permissions().mode() & 0o7777);
    let (folder_mode, file_mode) = (mode(folder)?, mode(file)?);
    // A user who may not enter the folder can't reach the file.
    let reaches_file = folder_mode & 0o011 != 0 && file_mode & 0o066 != 0;
    for (path, mode, is_open) in [
        (folder, folder_mode, folder_mode & 0o066 != 0),
        (file, file_mode, reaches_file),
    ] {
        if is_open {
            tracing::warn!(
                path = %path.display(),
                mode = %format_args!("{mode:04o}"),
                "others may read or change the data, which holds the key that tokens are signed with: \
                 take the permissions of group and others away"
            );
        }
    }
    Ok(())
}

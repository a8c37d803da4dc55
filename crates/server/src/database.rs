//! The one place that names the adapters.

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
    /// A database that lives as long as the program.
    pub(crate) fn in_memory(environment: &Environment) -> Self {
        Self::Memory(Arc::new(MemoryDatabase::new(environment.clone())))
    }

    /// The database that the settings name, with its schema up to date.
    ///
    /// # Errors
    /// If there is none, it can't be opened, or belongs to a newer version of the program; or to
    /// an older one, if it is not to be migrated.
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

    /// The same, but an embedded database that isn't there is made.
    ///
    /// # Errors
    /// The same, and if it can't be made.
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

    /// The database that the settings name, whatever its schema. An embedded one that isn't there
    /// is made, empty.
    ///
    /// # Errors
    /// If it can't be made or opened.
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
                // Without its URL, which has a password in it.
                let database = database.context("the PostgreSQL database can't be opened")?;
                Ok(Self::Postgres(Arc::new(database)))
            }
        }
    }

    async fn create_sqlite(folder: &Path, environment: &Environment) -> anyhow::Result<Self> {
        // For no one else's eyes: the database holds the key that tokens are signed with.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("the data folder {} can't be made", folder.display()))?;
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
    /// If it belongs to a newer version of the program, or the database fails.
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
        .context("the database's schema isn't up to date, and --no-migrate says to leave it so")
    }

    /// Spreads the tables over the machines of a Citus cluster.
    ///
    /// # Errors
    /// If the database is no such cluster, or fails.
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

    /// Writes out what is to be written, and closes.
    pub(crate) async fn close(&self) {
        match self {
            Self::Memory(_) => {}
            Self::Sqlite(database) => database.close().await,
            Self::Postgres(database) => database.close().await,
        }
    }
}

/// Names in the log a folder or a file in it that others than the server's user may read or change.
fn warn_of_others(folder: &Path, file: &Path) -> std::io::Result<()> {
    let mode =
        |path: &Path| Ok::<_, std::io::Error>(path.metadata()?.permissions().mode() & 0o7777);
    let (folder_mode, file_mode) = (mode(folder)?, mode(file)?);
    // Whoever may not enter the folder can't reach the file.
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

//! The one place that names the adapters.

use std::fs::OpenOptions;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::sync::Arc;

use anyhow::{Context, ensure};
use stockroom_application::Environment;
use stockroom_application::ports::Database;
use stockroom_memory::MemoryDatabase;
use stockroom_sqlite::{SqliteDatabase, SqliteOptions};

use crate::cli;

const FILE_NAME: &str = "stockroom.sqlite3";

/// An open database.
pub(crate) enum OpenDatabase {
    Memory(Arc<MemoryDatabase>),
    Sqlite(Arc<SqliteDatabase>),
}

impl OpenDatabase {
    /// A database that lives as long as the program.
    pub(crate) fn in_memory(environment: &Environment) -> Self {
        Self::Memory(Arc::new(MemoryDatabase::new(environment.clone())))
    }

    /// The database that the settings name, with its schema up to date.
    ///
    /// # Errors
    /// If there is none, it can't be opened, or belongs to a newer version of the program.
    pub(crate) async fn open(
        settings: &cli::Database,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let folder = &settings.data_folder;
        ensure!(
            folder.join(FILE_NAME).exists(),
            "there is no database in the data folder {}; `stockroom serve` or `stockroom migrate` \
             makes one",
            folder.display()
        );
        Self::open_or_create(settings, environment).await
    }

    /// The same, but a database that isn't there is made.
    ///
    /// # Errors
    /// If it can't be made or opened, or belongs to a newer version of the program.
    pub(crate) async fn open_or_create(
        settings: &cli::Database,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let folder = &settings.data_folder;
        // For no one else's eyes: the database holds the key that tokens are signed with.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("the data folder {} can't be made", folder.display()))?;
        let file = folder.join(FILE_NAME);
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&file)
            .with_context(|| format!("the database {} can't be opened", file.display()))?;
        let opened = async {
            let options = SqliteOptions::default();
            let database = SqliteDatabase::open(&file, environment.clone(), options).await?;
            database.migrate().await?;
            anyhow::Ok(database)
        };
        let database = opened
            .await
            .with_context(|| format!("the database {} can't be opened", file.display()))?;
        Ok(Self::Sqlite(Arc::new(database)))
    }

    pub(crate) fn ports(&self) -> Arc<dyn Database> {
        match self {
            Self::Memory(database) => Arc::clone(database) as Arc<dyn Database>,
            Self::Sqlite(database) => Arc::clone(database) as Arc<dyn Database>,
        }
    }

    /// Writes out what is to be written, and closes.
    pub(crate) async fn close(&self) {
        match self {
            Self::Memory(_) => {}
            Self::Sqlite(database) => database.close().await,
        }
    }
}

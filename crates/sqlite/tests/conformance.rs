//! The suite that every adapter must pass.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use stockroom_application::Environment;
use stockroom_sqlite::{SqliteDatabase, SqliteOptions};
use tempfile::TempDir;

async fn setup(environment: Environment) -> (SqliteDatabase, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stockroom.db");
    let database = SqliteDatabase::open(&path, environment, SqliteOptions::default())
        .await
        .unwrap();
    database.migrate().await.unwrap();
    (database, folder)
}

stockroom_conformance::suite!(setup);

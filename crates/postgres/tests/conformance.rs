//! The suite that every adapter must pass.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use stockroom_application::Environment;
use stockroom_postgres::{PostgresDatabase, PostgresOptions};
use stockroom_test_postgres::TestDatabase;

async fn setup(environment: Environment) -> (PostgresDatabase, TestDatabase) {
    let server = TestDatabase::create().await;
    let database = PostgresDatabase::open(server.url(), environment, PostgresOptions::default())
        .await
        .unwrap();
    database.migrate().await.unwrap();
    (database, server)
}

stockroom_conformance::suite!(setup);

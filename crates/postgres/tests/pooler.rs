//! The suite that every adapter must pass, behind `PgBouncer` in its transaction mode. On a machine
//! that has none, the same without it: nothing is kept on a connection.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use stockroom_application::Environment;
use stockroom_postgres::{PostgresDatabase, PostgresOptions};
use stockroom_test_postgres::{Pooler, TestDatabase};

async fn setup(environment: Environment) -> (PostgresDatabase, (Option<Pooler>, TestDatabase)) {
    let server = TestDatabase::create().await;
    let pooler = Pooler::start(&server).await;
    let url = pooler.as_ref().map_or(server.url(), Pooler::url);
    let options = PostgresOptions {
        behind_pooler: true,
        ..PostgresOptions::default()
    };
    let database = PostgresDatabase::open(url, environment, options)
        .await
        .unwrap();
    database.migrate().await.unwrap();
    (database, (pooler, server))
}

stockroom_conformance::suite!(setup);

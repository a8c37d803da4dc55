//! The tests of the HTTP API in `crates/http`, on PostgreSQL. They are compared with the same
//! snapshots, which is why this has the name that it has.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

#[path = "../../http/tests/api/application_keys.rs"]
mod application_keys;
#[path = "../../http/tests/api/documentation.rs"]
mod documentation;
#[path = "../../http/tests/api/every_endpoint/mod.rs"]
mod every_endpoint;
#[path = "../../http/tests/api/integrations.rs"]
mod integrations;
#[path = "../../http/tests/api/inventories/mod.rs"]
mod inventories;
#[path = "../../http/tests/api/oauth_access_token.rs"]
mod oauth_access_token;
#[path = "../../http/tests/api/product_search.rs"]
mod product_search;
#[path = "../../http/tests/api/products.rs"]
mod products;
#[path = "../../http/tests/api/settings.rs"]
mod settings;
#[path = "../../http/tests/api/support/mod.rs"]
mod support;
#[path = "../../http/tests/api/tenancy.rs"]
mod tenancy;
#[path = "../../http/tests/api/to_the_end.rs"]
mod to_the_end;

use std::any::Any;
use std::sync::Arc;

use stockroom_application::Environment;
use stockroom_application::ports::Database;
use stockroom_postgres::{PostgresDatabase, PostgresOptions};
use stockroom_test_postgres::TestDatabase;

/// The database that each test has for itself, and what keeps it.
async fn database(environment: Environment) -> (Arc<dyn Database>, Box<dyn Any + Send + Sync>) {
    let keeper = TestDatabase::create().await;
    let database = PostgresDatabase::open(keeper.url(), environment, PostgresOptions::default())
        .await
        .unwrap();
    database.migrate().await.unwrap();
    (Arc::new(database), Box::new(keeper))
}

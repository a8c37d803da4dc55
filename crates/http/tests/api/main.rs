//! Tests of the HTTP API as a whole: the router on a database in memory. The modules stand in a
//! tree like the URLs; what holds for every endpoint is in `every_endpoint`. `crates/server` runs
//! the same modules on PostgreSQL.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod application_keys;
mod documentation;
mod every_endpoint;
mod integrations;
mod inventories;
mod oauth_access_token;
mod product_search;
mod products;
mod settings;
mod support;
mod tenancy;
mod to_the_end;

use std::any::Any;
use std::sync::Arc;

use stockroom_application::Environment;
use stockroom_application::ports::Database;
use stockroom_memory::MemoryDatabase;

/// The database that each test has for itself, and what keeps it.
#[expect(clippy::unused_async, reason = "others have to be waited for")]
async fn database(environment: Environment) -> (Arc<dyn Database>, Box<dyn Any + Send + Sync>) {
    (Arc::new(MemoryDatabase::new(environment)), Box::new(()))
}

//! Several servers on one PostgreSQL database.

mod aborted;
mod events;
mod imports;
mod outages;
mod races;
mod reservations;
mod signing_key;
mod starts;
mod webhooks;

use stockroom_test_postgres::TestDatabase;

use crate::support::Server;

/// Servers on one new database. The first one made, and printed, the key.
struct Servers<const N: usize> {
    servers: [Server; N],
    database: TestDatabase,
}

impl<const N: usize> Servers<N> {
    async fn start() -> Self {
        Self::start_with(&[]).await
    }

    async fn start_with(arguments: &[&str]) -> Self {
        let database = TestDatabase::create().await;
        let server = |_| Server::start_on_with(database.url(), arguments);
        let servers = std::array::from_fn(server);
        Self { servers, database }
    }
}

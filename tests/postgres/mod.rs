//! Several servers on one PostgreSQL database.

mod outages;
mod races;
mod starts;

use stockroom_test_postgres::TestDatabase;

use crate::support::Server;

/// Servers on one new database. The first one made, and printed, the key.
struct Servers<const N: usize> {
    servers: [Server; N],
    database: TestDatabase,
}

impl<const N: usize> Servers<N> {
    async fn start() -> Self {
        let database = TestDatabase::create().await;
        let servers = std::array::from_fn(|_| Server::start_on(database.url()));
        Self { servers, database }
    }
}

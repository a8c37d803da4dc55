//! Searches and sorted lists among as many rows as they look at.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use stockroom_application::Environment;
use stockroom_application::ports::{CommandStore as _, Scope};
use stockroom_conformance::search_limits::{assert_all_are_looked_at, assert_too_many_are_refused};
use stockroom_domain::{
    Actor, Command, CreateOrganization, Name, Operation, OrganizationId, Owner,
};
use stockroom_postgres::{PostgresDatabase, PostgresOptions};
use stockroom_test_postgres::TestDatabase;
use uuid::Uuid;

const ORGANIZATION: OrganizationId = OrganizationId::new(Uuid::from_u128(1));
const VIEW: Scope = Scope {
    organization: ORGANIZATION,
    acting: Owner::Organization,
};

/// Products and stock with these numbers.
fn rows(numbers: &str, count: u32) -> String {
    format!(
        "CREATE TEMPORARY TABLE numbered AS
            SELECT
                '00000000-0000-0000-0000-000000000001'::uuid AS organization_id,
                ('10000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid AS id,
                n
            FROM generate_series({numbers}) AS n;
        INSERT INTO products (
            organization_id, product_id, owner_id, name, status, commodity_type, manage_stock,
            created_at, updated_at, name_key
        )
            SELECT
                organization_id, id, organization_id, 'Product ' || n, 'live', 'physical', false,
                0, 0, 'product ' || n
            FROM numbered;
        INSERT INTO stocks
            SELECT organization_id, id, organization_id, id, organization_id, n, 0, n, 0, 1,
                decode(repeat('00', 32), 'hex'), 0, 0, false
            FROM numbered;
        DELETE FROM level_counts WHERE kind IN ('product', 'stock');
        INSERT INTO level_counts
            SELECT DISTINCT organization_id, organization_id, kind, {count}
            FROM numbered, unnest(ARRAY['product', 'stock']) AS kind;
        DROP TABLE numbered;
        ANALYZE"
    )
}

async fn setup() -> (PostgresDatabase, PgConnection, TestDatabase) {
    let server = TestDatabase::create().await;
    let options = PostgresOptions::default();
    let database = PostgresDatabase::open(server.url(), Environment::system(), options);
    let database = database.await.unwrap();
    database.migrate().await.unwrap();
    let organization = CreateOrganization {
        id: ORGANIZATION,
        name: Name::new("name", "Pear").unwrap(),
    };
    let command = Command::new(Actor::OPERATOR, Operation::from(organization));
    database.commit(ORGANIZATION, &[command]).await.unwrap();
    let connection = PgConnection::connect(server.url()).await.unwrap();
    (database, connection, server)
}

/// What no index leads to looks at 100,000 rows, and at no more.
#[tokio::test]
async fn a_hundred_thousand_rows_are_looked_at() {
    let (database, mut connection, _server) = setup().await;
    let statements = AssertSqlSafe(rows("1, 100000", 100_000));
    connection.execute(sqlx::raw_sql(statements)).await.unwrap();
    assert_all_are_looked_at(&database, VIEW).await;
    let statements = AssertSqlSafe(rows("100001, 100001", 100_001));
    connection.execute(sqlx::raw_sql(statements)).await.unwrap();
    assert_too_many_are_refused(&database, VIEW).await;
}

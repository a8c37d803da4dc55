//! Searches and sorted lists among as many rows as they look at.

use rusqlite::Connection;
use stockroom_application::Environment;
use stockroom_application::ports::{CommandStore as _, Scope};
use stockroom_conformance::search_limits::{assert_all_are_looked_at, assert_too_many_are_refused};
use stockroom_domain::{
    Actor, Command, CreateOrganization, Name, Operation, OrganizationId, Owner,
};
use stockroom_sqlite::{SqliteDatabase, SqliteOptions};
use uuid::Uuid;

const ORGANIZATION: OrganizationId = OrganizationId::new(Uuid::from_u128(1));
const VIEW: Scope = Scope {
    organization: ORGANIZATION,
    acting: Owner::Organization,
};

/// Products and stock with these numbers.
fn rows(first: u32, last: u32) -> String {
    format!(
        "CREATE TEMPORARY TABLE numbered AS
            WITH RECURSIVE counted(n) AS (
                SELECT {first} UNION ALL SELECT n + 1 FROM counted WHERE n < {last}
            )
            SELECT
                unhex('00000000000000000000000000000001') AS organization_id,
                unhex(printf('10000000000000000000%012d', n)) AS id,
                n
            FROM counted;
        INSERT INTO products (
            organization_id, product_id, owner_id, name, status, commodity_type, manage_stock,
            created_at, updated_at, version, name_key
        )
            SELECT
                organization_id, id, organization_id, 'Product ' || n, 'live', 'physical', 0, 0, 0,
                1, 'product ' || n
            FROM numbered;
        INSERT INTO stocks (
            organization_id, product_id, owner_id, stock_id, product_owner_id, available, allocated,
            unlocated_available, unlocated_allocated, sequence, last_hash, created_at, updated_at
        )
            SELECT
                organization_id, id, organization_id, id, organization_id, n, 0, n, 0, 1,
                zeroblob(32), 0, 0
            FROM numbered;
        DELETE FROM level_counts WHERE kind IN ('product', 'stock');
        INSERT INTO level_counts
            SELECT DISTINCT organization_id, organization_id, kind, {last}
            FROM numbered, (SELECT 'product' AS kind UNION SELECT 'stock');
        DROP TABLE numbered"
    )
}

/// What no index leads to looks at 100,000 rows, and at no more.
#[tokio::test]
async fn a_hundred_thousand_rows_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stockroom.db");
    let options = SqliteOptions::default();
    let database = SqliteDatabase::open(&path, Environment::system(), options);
    let database = database.await.unwrap();
    database.migrate().await.unwrap();
    let organization = CreateOrganization {
        id: ORGANIZATION,
        name: Name::new("name", "Pear").unwrap(),
    };
    let command = Command::new(Actor::OPERATOR, Operation::from(organization));
    database.commit(ORGANIZATION, &[command]).await.unwrap();
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(&rows(1, 100_000)).unwrap();
    assert_all_are_looked_at(&database, VIEW).await;
    connection.execute_batch(&rows(100_001, 100_001)).unwrap();
    assert_too_many_are_refused(&database, VIEW).await;
}

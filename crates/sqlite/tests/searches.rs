//! Searches and sorted lists among as many rows as they look at.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rusqlite::Connection;
use stockroom_application::filter::Pattern;
use stockroom_application::ports::{
    CommandStore as _, IndexedText, ProductCondition, ProductFilter, ProductOrder, ProductReader,
    ProductTextCondition, Scope, StockOrder, StockReader, StockSort,
};
use stockroom_application::{Environment, PageRequest};
use stockroom_domain::{
    Actor, Command, CreateOrganization, Name, Operation, OrganizationId, Owner, ProductStatus,
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

fn pattern(text: &str, open_start: bool) -> Pattern {
    Pattern {
        text: text.to_owned(),
        open_start,
        open_end: true,
    }
}

fn named(text: &str, open_start: bool) -> ProductFilter {
    let condition = ProductTextCondition::ignoring_case(&pattern(text, open_start));
    ProductFilter(vec![ProductCondition::Text(IndexedText::Name, condition)])
}

fn of_status(status: ProductStatus) -> ProductFilter {
    ProductFilter(vec![ProductCondition::Status(vec![status])])
}

/// The number of products that a filter finds; `None` if there are too many to look at.
async fn found(database: &impl ProductReader, filter: &ProductFilter) -> Option<u64> {
    let (order, page) = (ProductOrder::default(), PageRequest::default());
    let found = database.list_products(VIEW, filter, order, page);
    found.await.unwrap().map(|page| page.total.unwrap())
}

/// The first figures of the list of stock, if it can be sorted.
async fn sorted(database: &impl StockReader) -> Option<Vec<u64>> {
    let order = StockOrder {
        by: StockSort::Available,
        descending: true,
    };
    let page = PageRequest::from_offset(3, 0);
    let sorted = database
        .sort_stocks(VIEW, &[], order, page)
        .await
        .unwrap()?;
    let figures = sorted
        .items
        .iter()
        .map(|stock| stock.sums().available.get());
    Some(figures.collect())
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
    assert_eq!(found(&database, &named("T 9999", true)).await, Some(11));
    assert_eq!(
        found(&database, &named("product 9999", false)).await,
        Some(11)
    );
    assert_eq!(
        found(&database, &of_status(ProductStatus::Live)).await,
        Some(100_000)
    );
    assert_eq!(sorted(&database).await, Some(vec![100_000, 99_999, 99_998]));
    connection.execute_batch(&rows(100_001, 100_001)).unwrap();
    assert_eq!(found(&database, &named("T 9999", true)).await, None);
    assert_eq!(found(&database, &named("product", false)).await, None);
    assert_eq!(
        found(&database, &of_status(ProductStatus::Live)).await,
        None
    );
    assert_eq!(sorted(&database).await, None);
    // An index leads to these.
    assert_eq!(
        found(&database, &named("product 9999", false)).await,
        Some(11)
    );
    assert_eq!(
        found(&database, &of_status(ProductStatus::Draft)).await,
        Some(0)
    );
}

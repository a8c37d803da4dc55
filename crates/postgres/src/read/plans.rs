//! Looks at how PostgreSQL carries out lists: none may read much more than it gives, however much
//! there is.

use sqlx::postgres::PgRow;
use sqlx::{Executor as _, Postgres, QueryBuilder, Row as _};
use stockroom_application::filter::{StockCondition, TextCondition};
use stockroom_application::ports::View;
use stockroom_application::{Environment, PageRequest};
use stockroom_domain::{OrganizationId, Owner, ProductId, StoreId};
use stockroom_test_postgres::TestDatabase;
use uuid::Uuid;

use super::{ListQuery, location, product, stock};
use crate::{PostgresDatabase, PostgresOptions};

/// What is looked at: an owner of each kind with 20,000 stocks, products and locations, one in ten
/// stocks in a location, and one in ten products with both owners.
const ROWS: &str = "
    INSERT INTO organizations VALUES ('00000000-0000-0000-0000-000000000001', 'Pear', true, 0);
    CREATE TEMPORARY TABLE numbered AS
        SELECT
            '00000000-0000-0000-0000-000000000001'::uuid AS organization_id,
            ('00000000-0000-0000-0000-' || lpad(owner::text, 12, '0'))::uuid AS owner_id,
            ('10000000-0000-0000-0000-' || lpad((n + 18000 * owner)::text, 12, '0'))::uuid
                AS product_id,
            ('2000000' || owner || '-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid AS id,
            owner,
            n
        FROM generate_series(1, 2) AS owner, generate_series(1, 20000) AS n;
    INSERT INTO stocks
        SELECT organization_id, product_id, owner_id, id, owner_id, 5, 0, 0, 0, 1, n, n, true
        FROM numbered;
    INSERT INTO locations (
        organization_id, location_id, owner_id, name, slug, created_at, updated_at
    )
        SELECT organization_id, id, owner_id, 'A location', 'l' || n, n, n FROM numbered;
    INSERT INTO products (
        organization_id, product_id, owner_id, name, status, commodity_type, manage_stock,
        created_at, updated_at
    )
        SELECT organization_id, id, owner_id, 'A product', 'live', 'physical', true, n, n
        FROM numbered;
    INSERT INTO positions SELECT organization_id, id, id, 5, 0 FROM numbered WHERE n % 10 = 0;
    -- As PostgreSQL does by itself before long.
    ANALYZE";

/// The most pages that a list may look at: a few for each row that it gives, where the tables have
/// thousands.
const PAGES_MAX: u64 = 300;

const VIEW: View = View {
    organization: OrganizationId::new(Uuid::from_u128(1)),
    acting: Owner::Store(StoreId::new(Uuid::from_u128(2))),
};

async fn database() -> (PostgresDatabase, TestDatabase) {
    let server = TestDatabase::create().await;
    let options = PostgresOptions::default();
    let database = PostgresDatabase::open(server.url(), Environment::system(), options)
        .await
        .unwrap();
    database.migrate().await.unwrap();
    let mut session = database.write().await.unwrap();
    session.execute(sqlx::raw_sql(ROWS)).await.unwrap();
    session.commit().await.unwrap();
    (database, server)
}

/// Carries out the page and gives how many rows and pages that took, and the plan.
async fn explain<P>(database: &PostgresDatabase, list: ListQuery<P>) -> (u64, String)
where
    P: Fn(&mut QueryBuilder<Postgres>, Owner),
{
    const EXPLAIN: &str = "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) ";
    let mut session = database.reader().await.unwrap();
    let mut query = list.page_query(EXPLAIN, PageRequest::default());
    let rows: Vec<PgRow> = query.build().fetch_all(&mut session).await.unwrap();
    let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    // The first such line is of the whole: `Buffers: shared hit=12 read=3`.
    let buffers = plan.iter().find(|line| line.contains("Buffers: shared"));
    let numbers = buffers.unwrap().split(['=', ' ']);
    let pages = numbers.filter_map(|word| word.parse::<u64>().ok()).sum();
    (pages, plan.join("\n"))
}

async fn assert_narrow<P>(database: &PostgresDatabase, list: ListQuery<P>)
where
    P: Fn(&mut QueryBuilder<Postgres>, Owner),
{
    let (pages, plan) = explain(database, list).await;
    assert!(pages <= PAGES_MAX, "{pages} pages\n{plan}");
}

#[tokio::test]
async fn lists_read_little_more_than_they_give() {
    let (database, _server) = database().await;
    assert_narrow(&database, location::select(VIEW, &[])).await;
    assert_narrow(&database, product::select(VIEW)).await;
    let organization = View {
        acting: Owner::Organization,
        ..VIEW
    };
    assert_narrow(&database, stock::select(organization, &[])).await;
    let product = Uuid::from_u128((0x1000_0000 << 96) | 0x2_0000);
    let id = [StockCondition::Id(vec![ProductId::new(product)])];
    assert_narrow(&database, stock::select(VIEW, &id)).await;
    let slug = TextCondition::In(vec!["l10".to_owned()]);
    let slug = [StockCondition::Location(slug)];
    assert_narrow(&database, stock::select(VIEW, &slug)).await;
    assert_narrow(&database, stock::select(VIEW, &[])).await;
}

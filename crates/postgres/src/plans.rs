//! Tests how PostgreSQL runs statements: none may read many more rows than it returns, whatever the
//! size of the tables, and whatever PostgreSQL knows of them.

use std::collections::BTreeMap;

use sqlx::postgres::PgRow;
use sqlx::{Executor as _, Postgres, QueryBuilder, Row as _};
use stockroom_application::filter::TextCondition;
use stockroom_application::ports::{
    CommandStore as _, Cursor, HistoryReader as _, LedgerRange, RawReader as _,
    ReservationCondition, ReservationReader as _, Scope, StockCondition, StockReader as _,
};
use stockroom_application::{Environment, HoldPlace, PageRequest};
use stockroom_domain::{
    Actor, Command, CreateStock, DeleteStock, ExpiresIn, ExtendReservation, FulfilReservation,
    ItemPlace, Operation, OrderId, OrganizationId, Owner, PayReservation, ProductId, Quantity,
    ReleaseReservation, ReservationId, ReservationItem, ReservationStatus, Reserve, SettleStock,
    StockId, StoreId, Timestamp, Transact, TransactionAction,
};
use stockroom_test_postgres::TestDatabase;
use uuid::Uuid;

use crate::connection::open::PostgresDatabase;
use crate::connection::options::PostgresOptions;
use crate::list::ListQuery;
use crate::{locations, reservations, stock};

pub(crate) const ORGANIZATION: &str = "
    INSERT INTO organizations VALUES ('00000000-0000-0000-0000-000000000001', 'Pear', true, 0);
    INSERT INTO locations (
        organization_id, location_id, owner_id, name, slug, created_at, updated_at
    ) VALUES (
        '00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000003',
        '00000000-0000-0000-0000-000000000002', 'A location', 'place', 0, 0
    )";

/// The rows to read: an owner of each kind with 20,000 stocks, products and locations. One in ten
/// stocks is in a location, and one in ten products belongs to both owners.
const ROWS: &str = "
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
        SELECT organization_id, product_id, owner_id, id, owner_id, 5, 0, 0, 0, 1,
            decode(repeat('00', 32), 'hex'), n, n, true
        FROM numbered;
    INSERT INTO locations (
        organization_id, location_id, owner_id, name, slug, created_at, updated_at
    )
        SELECT organization_id, id, owner_id, 'A location', 'l' || n, n, n FROM numbered;
    INSERT INTO products (
        organization_id, product_id, owner_id, name, status, commodity_type, manage_stock,
        created_at, updated_at, name_key, sku_key, slug_key, external_key
    )
        SELECT
            organization_id, id, owner_id, 'Product ' || n, 'live', 'physical', true, n, n,
            'product ' || n, 'product ' || n, 'product ' || n, 'product ' || n
        FROM numbered;
    INSERT INTO positions SELECT organization_id, id, id, 5, 0 FROM numbered WHERE n % 10 = 0;
    INSERT INTO reservations
        SELECT organization_id, id, owner_id, 'o' || n, 'pending', 4000000000000, 0, 0
        FROM numbered;
    INSERT INTO reservation_orders SELECT organization_id, owner_id, 'o' || n, id FROM numbered;
    INSERT INTO reservation_lines
        SELECT organization_id, id, 0, id, product_id, owner_id, NULL, 1, 0, 0, 0, 4000000000000
        FROM numbered";

/// Five entries for each of these stocks.
const ENTRIES: &str = "
    INSERT INTO entries (
        organization_id, stock_id, sequence, transaction_id, action, quantity, available, allocated,
        created_at, hash
    )
        SELECT
            organization_id, id, sequence, id, 'increment', 1, sequence, 0, 0,
            decode(repeat('00', 32), 'hex')
        FROM numbered, generate_series(1, 5) AS sequence";

/// Updates the planner's statistics, as PostgreSQL soon does by itself.
const ANALYZE: &str = "ANALYZE";

/// The most pages that a list may read: a few for each row that it returns. The tables have thousands.
const PAGES_MAX: u64 = 300;

pub(crate) const VIEW: Scope = Scope {
    organization: OrganizationId::new(Uuid::from_u128(1)),
    acting: Owner::Store(StoreId::new(Uuid::from_u128(2))),
};

/// A new database, used through one connection.
pub(crate) async fn database() -> (PostgresDatabase, TestDatabase) {
    let server = TestDatabase::create().await;
    let options = PostgresOptions {
        max_connections: 1,
        ..PostgresOptions::default()
    };
    let database = PostgresDatabase::open(server.url(), Environment::system(), options)
        .await
        .unwrap();
    database.migrate().await.unwrap();
    (database, server)
}

pub(crate) async fn execute(database: &PostgresDatabase, statements: &str) {
    let mut session = database.session().await.unwrap();
    let statements = sqlx::raw_sql(sqlx::AssertSqlSafe(statements));
    session.execute(statements).await.unwrap();
    session.commit().await.unwrap();
}

pub(crate) const EXPLAIN: &str = "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) ";

/// An id of `ROWS`.
fn id(owner: u128, number: u128) -> Uuid {
    // Decimal digits, read as hexadecimal ones.
    let number = u128::from_str_radix(&number.to_string(), 16).unwrap();
    Uuid::from_u128(((0x2000_0000 + owner) << 96) | number)
}

/// The first page of a list, and pages deep in the rows of the organization and of the store.
pub(crate) fn pages() -> [PageRequest<Uuid>; 4] {
    let behind = |owner, number| PageRequest::after(25, id(owner, number));
    let first = PageRequest::default();
    [
        first,
        behind(1, 15_000),
        behind(2, 5_000),
        behind(2, 19_990),
    ]
}

/// Fails if the query reads more than `PAGES_MAX` pages.
pub(crate) async fn assert_narrow_query(
    database: &PostgresDatabase,
    query: QueryBuilder<Postgres>,
) {
    let (pages, plan) = explain(database, query).await;
    assert!(pages <= PAGES_MAX, "{pages} pages\n{plan}");
}

/// Runs a query, and returns the number of table pages that it read, and its plan.
async fn explain(database: &PostgresDatabase, mut query: QueryBuilder<Postgres>) -> (u64, String) {
    let mut session = database.reader().await.unwrap();
    let rows: Vec<PgRow> = query.build().fetch_all(&mut session).await.unwrap();
    let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    // The first such line is for the whole query: `Buffers: shared hit=12 read=3`.
    let buffers = plan.iter().find(|line| line.contains("Buffers: shared"));
    let numbers = buffers.unwrap().split(['=', ' ']);
    let pages = numbers.filter_map(|word| word.parse::<u64>().ok()).sum();
    (pages, plan.join("\n"))
}

async fn assert_narrow<P>(database: &PostgresDatabase, list: ListQuery<P>)
where
    P: Fn(&mut QueryBuilder<Postgres>, Owner),
{
    for page in pages() {
        assert_narrow_query(database, list.page_query(EXPLAIN, page)).await;
    }
}

/// Fills the database with the rows to read.
pub(crate) async fn fill(database: &PostgresDatabase) {
    execute(database, ORGANIZATION).await;
    execute(database, ROWS).await;
    execute(database, ANALYZE).await;
}

#[tokio::test]
async fn lists_read_little_more_than_they_give() {
    let (database, _server) = database().await;
    fill(&database).await;
    assert_narrow(&database, locations::read::select(VIEW, &[])).await;
    let organization = Scope {
        acting: Owner::Organization,
        ..VIEW
    };
    assert_narrow(&database, stock::read::select(organization, &[])).await;
    let product = Uuid::from_u128((0x1000_0000 << 96) | 0x2_0000);
    let id = [StockCondition::Id(vec![ProductId::new(product)])];
    assert_narrow(&database, stock::read::select(VIEW, &id)).await;
    let slug = TextCondition::In(vec!["l10".to_owned()]);
    let slug = [StockCondition::Location(slug)];
    assert_narrow(&database, stock::read::select(VIEW, &slug)).await;
    let low = [StockCondition::Low(true)];
    assert_narrow(&database, stock::read::select(VIEW, &low)).await;
    assert_narrow(&database, stock::read::select(VIEW, &[])).await;
    let now = Timestamp::from_milliseconds(3_000_000_000_000).unwrap();
    let pending = [ReservationCondition::Status(vec![
        ReservationStatus::Pending,
    ])];
    let held = [ReservationCondition::Status(vec![ReservationStatus::Held])];
    let damaged = TextCondition::In(vec!["damaged".to_owned()]);
    let damaged = [ReservationCondition::HoldReason(damaged)];
    for page in pages() {
        let page = page.map(ReservationId::new);
        for filter in [&[][..], &pending, &held, &damaged] {
            let query = reservations::read::page_query(EXPLAIN, VIEW, filter, now, page);
            assert_narrow_query(&database, query).await;
        }
    }
}

/// The other lists, deep in 20,000 items.
#[tokio::test]
async fn pages_behind_a_place_read_little_more_than_they_give() {
    const ROWS_MAX: i64 = 300;
    const MANY_HOLDS: &str = "
        INSERT INTO reservation_lines
            SELECT organization_id, id, 1, '20000002-0000-0000-0000-000000000001', product_id,
                owner_id, NULL, 1, 0, 0, 0, 4000000000000
            FROM numbered";
    let (database, _server) = database().await;
    execute(&database, ORGANIZATION).await;
    execute(&database, ROWS).await;
    execute(&database, MANY_HOLDS).await;
    execute(&database, ANALYZE).await;
    let now = Timestamp::from_milliseconds(3_000_000_000_000).unwrap();
    let organization = VIEW.organization;
    let holds = async |page| {
        let before = rows_read(&database).await;
        let stock = StockId::new(id(2, 1));
        let holds = database
            .holds(organization, stock, now, page)
            .await
            .unwrap();
        assert!(!holds.items.is_empty());
        let read = rows_read(&database).await;
        read["reservation_lines"] - before["reservation_lines"]
    };
    // The first page counts all holds, which can't be avoided.
    let first = holds(PageRequest::default()).await;
    for page in pages() {
        let page = page.map(|id| HoldPlace {
            document: id,
            line: 1,
        });
        let read = holds(page).await;
        assert!(
            read <= first + ROWS_MAX,
            "{read} rows, and {first} of the first page"
        );
    }
    for page in pages() {
        let before = rows_read(&database).await;
        let periods = database.periods_at(VIEW, now, page.map(StockId::new)).await;
        assert!(!periods.unwrap().is_empty());
        assert_few_rows(&database, &before, ROWS_MAX).await;
    }
}

pub(crate) async fn assert_few_rows(
    database: &PostgresDatabase,
    before: &BTreeMap<String, i64>,
    rows_max: i64,
) {
    for (table, rows) in rows_read(database).await {
        let read = rows - before.get(&table).unwrap_or(&0);
        assert!(read <= rows_max, "{read} rows of {table}");
    }
}

/// The number of rows of each table that PostgreSQL has read so far, on the only connection.
pub(crate) async fn rows_read(database: &PostgresDatabase) -> BTreeMap<String, i64> {
    execute(database, "SELECT pg_stat_force_next_flush()").await;
    let mut session = database.session().await.unwrap();
    let read: Vec<(String, i64)> = sqlx::query_as(
        "SELECT relname::text, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables",
    )
    .fetch_all(&mut session)
    .await
    .unwrap();
    session.commit().await.unwrap();
    read.into_iter().collect()
}

pub(crate) async fn commit(database: &PostgresDatabase, operation: impl Into<Operation>) {
    let command = Command::new(
        Actor {
            acting: VIEW.acting,
            ..Actor::OPERATOR
        },
        operation.into(),
    );
    let outcomes = database.commit(VIEW.organization, &[command]).await;
    outcomes.unwrap().pop().unwrap().unwrap();
}

/// Runs a stock through its operations, in a location of this name and in none, from its creation to
/// its deletion.
async fn live(database: &PostgresDatabase, product: u128, location: &str) {
    let product = ProductId::new(Uuid::from_u128(product));
    let quantity = Quantity::new(1).unwrap();
    let create = CreateStock {
        product,
        unlocated: quantity,
        located: BTreeMap::new(),
    };
    commit(database, create).await;
    for location in [None, Some(location), None] {
        let transact = Transact {
            location: location.map(str::to_owned),
            ..Transact::new(product, TransactionAction::Increment, quantity)
        };
        commit(database, transact).await;
    }
    reserve(database, product).await;
    database.stock(VIEW, product).await.unwrap().unwrap();
    let history = database.transactions(VIEW, product, &[], 25, 0).await;
    let last = history.unwrap().unwrap().items.pop().unwrap();
    let found = database.transaction(VIEW, product, last.entry.id).await;
    found.unwrap().unwrap();
    commit(database, DeleteStock { product }).await;
}

/// Reserves a piece, extends the reservation, pays for it and releases it. Then fulfils a second
/// reservation.
async fn reserve(database: &PostgresDatabase, product: ProductId) {
    let item = ReservationItem {
        product,
        place: ItemPlace::Unnamed,
        quantity: Quantity::new(1).unwrap(),
    };
    let reserve = Reserve {
        order: OrderId::new("order_id", product.to_string()).ok(),
        expires_in: ExpiresIn::from_seconds(1).unwrap(),
        items: vec![item],
        sourcing: None,
    };
    for is_shipped in [false, true] {
        commit(database, reserve.clone()).await;
        let now = Timestamp::from_milliseconds(3_000_000_000_000).unwrap();
        let organization = VIEW.organization;
        // By that time the reservation has expired, but isn't stored as expired.
        let due = database.due_reservations(organization, now, 5).await;
        let (_, reservation) = due.unwrap().pop().unwrap();
        let due = database.due_stocks(organization, now, 5).await.unwrap();
        assert_eq!(due.len(), 1);
        let stock = database.stock(VIEW, product).await.unwrap().unwrap();
        let page = PageRequest::default();
        let holds = database.holds(organization, stock.id, stock.created_at, page);
        assert_eq!(holds.await.unwrap().total, Some(1));
        let extend = ExtendReservation {
            reservation: reservation.clone(),
            expires_in: ExpiresIn::default(),
        };
        commit(database, extend).await;
        let pay = PayReservation {
            reservation: reservation.clone(),
        };
        commit(database, pay).await;
        let items = None;
        if is_shipped {
            commit(database, FulfilReservation { reservation, items }).await;
        } else {
            commit(database, ReleaseReservation { reservation, items }).await;
        }
    }
    settle(database, product, reserve).await;
}

/// Reserves a piece for so short a time that the next command settles the hold.
async fn settle(database: &PostgresDatabase, product: ProductId, reserve: Reserve) {
    let stock = database.stock(VIEW, product).await.unwrap().unwrap();
    commit(
        database,
        Reserve {
            order: None,
            ..reserve
        },
    )
    .await;
    let mut session = database.session().await.unwrap();
    for (table, column, revised) in [
        ("stocks", "next_expiry", ", revision = revision + 1"),
        ("reservation_lines", "expires_at", ""),
    ] {
        let sooner = format!(
            "UPDATE {table} SET {column} = 1{revised} \
             WHERE {column} > 1 AND product_id = $1 AND organization_id = $2"
        );
        let sooner = sqlx::query(sqlx::AssertSqlSafe(sooner));
        let sooner = sooner.bind(product.uuid()).bind(VIEW.organization.uuid());
        sooner.execute(&mut session).await.unwrap();
    }
    session.commit().await.unwrap();
    let stocks = [stock.key()].into();
    commit(database, SettleStock { stocks }).await;
    let settled = database.stock(VIEW, product).await.unwrap().unwrap();
    assert_eq!(settled.next_expiry, None);
}

#[tokio::test]
async fn plans_that_were_made_while_tables_were_empty_stay_good() {
    const ROWS_MAX: i64 = 100;
    let (database, _server) = database().await;
    execute(&database, ORGANIZATION).await;
    live(&database, 1, "place").await;
    execute(&database, ROWS).await;
    let before = rows_read(&database).await;
    live(&database, 2, "place").await;
    assert_few_rows(&database, &before, ROWS_MAX).await;
}

/// Reads a few rows of each kind that is verified.
async fn read_stored(database: &PostgresDatabase, stock: Uuid) {
    let (organization, stock) = (VIEW.organization, StockId::new(stock));
    let after = Cursor::before(stock);
    let stocks = database.raw_stocks(organization, &after, 5).await;
    stocks.unwrap();
    let stocks = database.raw_stocks_of(organization, &[stock]).await;
    stocks.unwrap();
    let product = ProductId::new(Uuid::from_u128(1));
    database.raw_stock(VIEW, product).await.unwrap();
    let to_the_end = LedgerRange { after, until: None };
    for range in [LedgerRange::of(stock), to_the_end] {
        let entries = database.raw_entries(organization, &range, 7).await;
        entries.unwrap();
    }
}

#[tokio::test]
async fn what_is_verified_is_read_as_far_as_it_is_asked_for() {
    const ROWS_MAX: i64 = 50;
    let (database, _server) = database().await;
    execute(&database, ORGANIZATION).await;
    let stock = Uuid::from_u128((0x2000_0001 << 96) | 0x1_0000);
    read_stored(&database, stock).await;
    execute(&database, ROWS).await;
    execute(&database, ENTRIES).await;
    let before = rows_read(&database).await;
    read_stored(&database, stock).await;
    assert_few_rows(&database, &before, ROWS_MAX).await;
}

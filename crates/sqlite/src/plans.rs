//! Tests how SQLite runs the statements: none may read many more rows than it returns.

use std::path::Path;

use sqlx::{AssertSqlSafe, QueryBuilder, Row, Sqlite, SqliteConnection};
use stockroom_application::filter::{Comparison, Pattern, TextCondition};
use stockroom_application::ports::{
    LocationCondition, Scope, StockCondition, TransactionCondition,
};
use stockroom_application::{Environment, PageRequest, ProductPlace};
use stockroom_domain::{
    LocationId, OrganizationId, Owner, ProductId, ReservationId, StockId, StockPeriod, StoreId,
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::connection::open::SqliteDatabase;
use crate::connection::options::SqliteOptions;
use crate::list::{COUNT, ListQuery};
use crate::{ledger, locations, products, reservations, stock};

const EXPLAIN: &str = "EXPLAIN QUERY PLAN ";

async fn database() -> (SqliteDatabase, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stockroom.db");
    let database = SqliteDatabase::open(&path, Environment::system(), SqliteOptions::default())
        .await
        .unwrap();
    database.migrate().await.unwrap();
    (database, folder)
}

/// The scope of a store.
fn scope() -> Scope {
    Scope {
        organization: OrganizationId::new(Uuid::from_u128(1)),
        acting: Owner::Store(StoreId::new(Uuid::from_u128(2))),
    }
}

type Step = (i64, i64, i64, String);

fn texts(steps: Vec<Step>) -> Vec<String> {
    steps.into_iter().map(|(.., text)| text).collect()
}

/// The steps of the plan of a page.
async fn page_steps(connection: &mut SqliteConnection, list: ListQuery) -> Vec<String> {
    let page = PageRequest::<()>::default();
    texts(list.page(connection, &page).await.unwrap())
}

/// The steps of the plans of a page and of its count.
async fn steps(
    connection: &mut SqliteConnection,
    query: impl Fn(&str) -> ListQuery,
) -> (Vec<String>, Vec<String>) {
    let page = page_steps(connection, query(EXPLAIN)).await;
    let mut count = query(&format!("{EXPLAIN}{COUNT}"));
    count.0.push(")");
    let count: Vec<Step> = count.all(connection).await.unwrap();
    (page, texts(count))
}

/// The steps of the plan of a query.
async fn query_steps(
    connection: &mut SqliteConnection,
    mut query: QueryBuilder<Sqlite>,
) -> Vec<String> {
    let query = query.build_query_as();
    let steps: Vec<Step> = query.fetch_all(connection).await.unwrap();
    texts(steps)
}

/// Fails unless `parts` parts of the list find the rows after the place in an index, by this condition.
fn assert_sought(steps: &[String], condition: &str, parts: usize) {
    let sought = steps.iter().filter(|step| {
        step.starts_with("SEARCH ") && step.ends_with(&format!(" AND {condition})"))
    });
    assert_eq!(sought.count(), parts, "{steps:#?}");
}

/// Fails if a step goes through a whole table, or through all rows of an organization in it.
fn assert_narrow(steps: &[String], statement: &str) {
    for step in steps {
        let reads_table = step.starts_with("SCAN ")
            && !step.contains("VIRTUAL TABLE")
            && !step.contains("CONSTANT ROW")
            && !step.contains("subquery")
            // The few steps of a binary search in a ledger.
            && step != "SCAN search";
        // Tables with a few rows for each store, and an index of which only the first row is read.
        let reads_little = [
            " organizations ",
            " level_counts ",
            " reservations_pending ",
        ]
        .iter()
        .any(|name| step.contains(name));
        let reads_tenant = step.ends_with("(organization_id=?)") && !reads_little;
        assert!(
            !reads_table && !reads_tenant,
            "{step}\n{statement}\n{steps:#?}"
        );
    }
}

/// Fails unless the whole page is read in order from indexes, by merging the owner's rows and the
/// organization's.
fn assert_merged(steps: &[String]) {
    assert!(steps[0].starts_with("MERGE (UNION ALL)"), "{steps:#?}");
    assert!(
        !steps.iter().any(|step| step.contains("TEMP B-TREE")),
        "{steps:#?}"
    );
    assert_narrow(steps, "");
}

/// The statements that are checked at compile time.
fn checked_statements() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let files = std::fs::read_dir(folder).unwrap();
    let statements = files.map(|file| {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let described: serde_json::Value = serde_json::from_str(&text).unwrap();
        described["query"].as_str().unwrap().to_owned()
    });
    statements.collect()
}

#[tokio::test]
async fn no_checked_statement_reads_whole_tables() {
    let (database, _folder) = database().await;
    let mut connection = database.reader().await.unwrap();
    let mut statements = 0;
    for statement in checked_statements() {
        // These are the operator's lists of all organizations, and of all stores of one.
        if statement.contains("ORDER BY created_at") {
            continue;
        }
        let steps: Vec<String> = sqlx::raw_sql(AssertSqlSafe(format!("{EXPLAIN}{statement}")))
            .fetch_all(&mut *connection)
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(3))
            .collect();
        assert_narrow(&steps, &statement);
        statements += 1;
    }
    assert!(statements > 40, "{statements}");
}

#[tokio::test]
async fn no_statement_of_a_direct_connection_reads_whole_tables() {
    let (database, _folder) = database().await;
    let mut connection = database.reader().await.unwrap();
    let statements = crate::commit::transactions::STATEMENTS.iter();
    for statement in statements.chain(&crate::verify::rows::STATEMENTS) {
        let steps: Vec<String> = sqlx::raw_sql(AssertSqlSafe(format!("{EXPLAIN}{statement}")))
            .fetch_all(&mut *connection)
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(3))
            .collect();
        assert_narrow(&steps, statement);
    }
}

#[tokio::test]
async fn lists_are_merged_from_indexes() {
    let (database, _folder) = database().await;
    let mut connection = database.reader().await.unwrap();
    for list in [
        stock::read::select(EXPLAIN, scope(), None, &[]),
        locations::read::select(EXPLAIN, scope(), None, &[]),
        products::read::select(EXPLAIN, scope(), None),
    ] {
        let page = page_steps(&mut connection, list).await;
        assert_merged(&page);
    }
}

/// Rows before the place are not read.
#[tokio::test]
async fn pages_behind_a_place_begin_there() {
    let (database, _folder) = database().await;
    let mut connection = database.reader().await.unwrap();
    let place = Uuid::from_u128(3);
    let filter = [StockCondition::Available(Comparison::Greater(3))];
    let stock_id = Some(StockId::new(place));
    let product = ProductPlace {
        registered_at: Environment::system().now(),
        id: ProductId::new(place),
    };
    for (list, condition) in [
        (
            stock::read::select(EXPLAIN, scope(), stock_id, &[]),
            "stock_id>?",
        ),
        (
            stock::read::select(EXPLAIN, scope(), stock_id, &filter),
            "stock_id>?",
        ),
        (
            locations::read::select(EXPLAIN, scope(), Some(LocationId::new(place)), &[]),
            "location_id>?",
        ),
        (
            products::read::select(EXPLAIN, scope(), Some(product)),
            "(created_at,product_id)>(?,?)",
        ),
    ] {
        let page = page_steps(&mut connection, list).await;
        assert_merged(&page);
        assert_sought(&page, condition, 2);
    }
    let now = Environment::system().now();
    let behind = PageRequest::after(25, ReservationId::new(place));
    let page = reservations::read::page_query(EXPLAIN, scope(), &[], now, behind);
    let page = query_steps(&mut connection, page).await;
    assert_narrow(&page, "");
    assert_sought(&page, "reservation_id>?", 1);
    let behind = PageRequest::after(25, StockId::new(place));
    let page = ledger::past::lives_query(EXPLAIN, scope(), now, behind);
    let page = query_steps(&mut connection, page).await;
    assert_merged(&page);
    assert_sought(&page, "stock_id>?", 4);
}

/// The same for lists whose statements are checked at compile time.
#[tokio::test]
async fn pages_of_keys_and_holds_begin_behind_their_places() {
    let (database, _folder) = database().await;
    let mut connection = database.reader().await.unwrap();
    let mut found = 0;
    for statement in checked_statements() {
        let sought = [
            (
                "key_id > ?3",
                "(organization_id=? AND owner_id=? AND key_id>?)",
            ),
            (
                "(lines.reservation_id, lines.line) > (?4, ?5)",
                "(organization_id=? AND stock_id=? AND (reservation_id,line)>(?,?))",
            ),
        ];
        for (condition, search) in sought {
            if statement.contains(condition) {
                let explained = QueryBuilder::new(format!("{EXPLAIN}{statement}"));
                let steps = query_steps(&mut connection, explained).await;
                assert!(
                    steps.iter().any(|step| step.ends_with(search)),
                    "{steps:#?}"
                );
                assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")));
                found += 1;
            }
        }
    }
    assert_eq!(found, 2);
}

#[tokio::test]
async fn filtered_lists_are_merged_from_indexes() {
    let (database, _folder) = database().await;
    let mut connection = database.reader().await.unwrap();
    let filter = [
        StockCondition::Available(Comparison::Greater(3)),
        StockCondition::Location(TextCondition::IsNull),
        StockCondition::CreatedAt(Comparison::In(vec![])),
    ];
    let (page, count) = steps(&mut connection, |start| {
        stock::read::select(start, scope(), None, &filter)
    })
    .await;
    assert_merged(&page);
    assert_narrow(&count, "");
    let filter = [LocationCondition::Slug(TextCondition::Like(Pattern {
        text: "berlin".to_owned(),
        open_start: false,
        open_end: true,
    }))];
    let (page, count) = steps(&mut connection, |start| {
        locations::read::select(start, scope(), None, &filter)
    })
    .await;
    assert_merged(&page);
    assert_narrow(&count, "");
}

#[tokio::test]
async fn stock_in_a_location_and_of_a_product_is_looked_up() {
    let (database, _folder) = database().await;
    let mut connection = database.reader().await.unwrap();
    let location = StockCondition::Location(TextCondition::In(vec!["berlin".to_owned()]));
    let id = StockCondition::Id(vec![ProductId::new(Uuid::from_u128(3))]);
    for (condition, found_by) in [(location, "stock_id=?"), (id, "product_id=?")] {
        let filter = [condition];
        let (page, count) = steps(&mut connection, |start| {
            stock::read::select(start, scope(), None, &filter)
        })
        .await;
        for steps in [page, count] {
            assert_narrow(&steps, "");
            let lookups = steps
                .iter()
                .filter(|step| step.starts_with("SEARCH stocks") && step.contains(found_by));
            assert_eq!(lookups.count(), 2, "{steps:#?}");
        }
    }
}

#[tokio::test]
async fn filtered_history_goes_along_the_ledger() {
    let (database, _folder) = database().await;
    let mut connection = database.reader().await.unwrap();
    let now = Environment::system().now();
    let period = StockPeriod {
        id: StockId::new(Uuid::from_u128(4)),
        product: ProductId::new(Uuid::from_u128(3)),
        owner: Owner::Organization,
        product_owner: Owner::Organization,
        sequence: 1,
        created_at: now,
        deleted_at: None,
    };
    let filter = [
        TransactionCondition::Location(TextCondition::In(vec!["berlin".to_owned()])),
        TransactionCondition::Quantity(Comparison::Less(9)),
    ];
    let select = format!("{EXPLAIN}SELECT entries.sequence");
    let mut query = ledger::read::select(&select, scope().organization, &period, &filter);
    query.push(" ORDER BY entries.sequence LIMIT 25");
    let steps: Vec<(i64, i64, i64, String)> = query
        .build_query_as()
        .fetch_all(&mut *connection)
        .await
        .unwrap();
    let steps: Vec<String> = steps.into_iter().map(|(.., text)| text).collect();
    assert_narrow(&steps, "");
    assert!(
        !steps.iter().any(|step| step.contains("TEMP B-TREE")),
        "{steps:#?}"
    );
}

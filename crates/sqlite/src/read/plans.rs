//! Looks at how SQLite carries out the statements: none may read much more than it gives.

use std::path::Path;

use sqlx::{AssertSqlSafe, Row, SqliteConnection};
use stockroom_application::filter::{
    Comparison, LocationCondition, Pattern, StockCondition, TextCondition, TransactionCondition,
};
use stockroom_application::ports::View;
use stockroom_application::{Environment, PageRequest};
use stockroom_domain::{OrganizationId, Owner, ProductId, StockId, StockLife, StoreId};
use tempfile::TempDir;
use uuid::Uuid;

use super::{COUNT, ListQuery, history, location, product, stock};
use crate::{SqliteDatabase, SqliteOptions};

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

/// What a store sees.
fn view() -> View {
    View {
        organization: OrganizationId::new(Uuid::from_u128(1)),
        acting: Owner::Store(StoreId::new(Uuid::from_u128(2))),
    }
}

/// The steps of a page and of its count.
async fn steps(
    connection: &mut SqliteConnection,
    query: impl Fn(&str) -> ListQuery,
) -> (Vec<String>, Vec<String>) {
    let page: Vec<(i64, i64, i64, String)> = query(EXPLAIN)
        .page(&mut *connection, PageRequest::default())
        .await
        .unwrap();
    let mut count = query(&format!("{EXPLAIN}{COUNT}"));
    count.0.push(")");
    let count: Vec<(i64, i64, i64, String)> = count.all(connection).await.unwrap();
    let texts = |steps: Vec<(i64, i64, i64, String)>| {
        steps.into_iter().map(|(.., text)| text).collect::<Vec<_>>()
    };
    (texts(page), texts(count))
}

/// Fails if a step goes through a whole table, or through all that an organization has in it.
fn assert_narrow(steps: &[String], statement: &str) {
    for step in steps {
        let reads_table = step.starts_with("SCAN ")
            && !step.contains("VIRTUAL TABLE")
            && !step.contains("CONSTANT ROW")
            && !step.contains("subquery")
            // The few halves of a ledger in which an entry may be.
            && step != "SCAN search";
        // A few numbers for each store; and the first in an index, and no further.
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

/// Fails if the page isn't read in its order off indexes, the owner's and the organization's in
/// turns, from its start to its end.
fn assert_merged(steps: &[String]) {
    assert!(steps[0].starts_with("MERGE (UNION ALL)"), "{steps:#?}");
    assert!(
        !steps.iter().any(|step| step.contains("TEMP B-TREE")),
        "{steps:#?}"
    );
    assert_narrow(steps, "");
}

#[tokio::test]
async fn no_checked_statement_reads_whole_tables() {
    let (database, _folder) = database().await;
    let mut connection = database.reader().await.unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".sqlx");
    let mut statements = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let described: serde_json::Value = serde_json::from_str(&text).unwrap();
        let statement = described["query"].as_str().unwrap();
        // The operator lists all organizations, and all stores of one.
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
        assert_narrow(&steps, statement);
        statements += 1;
    }
    assert!(statements > 40, "{statements}");
}

#[tokio::test]
async fn no_statement_of_a_direct_connection_reads_whole_tables() {
    let (database, _folder) = database().await;
    let mut connection = database.reader().await.unwrap();
    let statements = crate::commit::STATEMENTS.iter();
    for statement in statements.chain(&crate::stored::STATEMENTS) {
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
    let (page, _) = steps(&mut connection, |start| stock::select(start, view(), &[])).await;
    assert_merged(&page);
    let (page, _) = steps(&mut connection, |start| {
        location::select(start, view(), &[])
    })
    .await;
    assert_merged(&page);
    let (page, _) = steps(&mut connection, |start| product::select(start, view())).await;
    assert_merged(&page);
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
        stock::select(start, view(), &filter)
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
        location::select(start, view(), &filter)
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
            stock::select(start, view(), &filter)
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
    let life = StockLife {
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
    let mut query = history::select(&select, view().organization, &life, &filter);
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

//! Tests how SQLite runs the statements: none may read many more rows than it returns.

use std::path::Path;

use rusqlite::types::Null;
use rusqlite::{Connection, params_from_iter};
use stockroom_application::filter::{Comparison, Pattern, TextCondition};
use stockroom_application::ports::{
    LocationCondition, ProductOrder, ProductSort, ReservationCondition, Scope, StockCondition,
    TransactionCondition,
};
use stockroom_application::{Environment, PageRequest};
use stockroom_domain::{
    LocationId, OrganizationId, Owner, ProductId, ReservationId, ReservationStatus, StockId,
    StockPeriod, StoreId, TransferId,
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::connection::open::SqliteDatabase;
use crate::connection::options::SqliteOptions;
use crate::connection::query::Query;
use crate::connection::statement::Statement;
use crate::list::{COUNT, ListQuery};
use crate::{
    counts, events, idempotency, imports, integrations, keys, ledger, locations, products,
    reservations, stock, tenancy, transfers, verify,
};

pub(crate) const EXPLAIN: &str = "EXPLAIN QUERY PLAN ";

/// A connection to a new database.
pub(crate) async fn connection() -> (Connection, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stockroom.db");
    let database = SqliteDatabase::open(&path, Environment::system(), SqliteOptions::default())
        .await
        .unwrap();
    database.migrate().await.unwrap();
    (Connection::open(&path).unwrap(), folder)
}

/// The scope of a store.
pub(crate) fn scope() -> Scope {
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
pub(crate) fn page_steps(connection: &Connection, list: ListQuery) -> Vec<String> {
    let page = PageRequest::<()>::default();
    texts(list.page(connection, &page).unwrap())
}

/// The steps of the plans of a page and of its count.
fn steps(connection: &Connection, query: impl Fn(&str) -> ListQuery) -> (Vec<String>, Vec<String>) {
    let page = page_steps(connection, query(EXPLAIN));
    let mut count = query(&format!("{EXPLAIN}{COUNT}"));
    count.0.push(")");
    (page, query_steps(connection, &count.0))
}

/// The steps of the plan of a query.
pub(crate) fn query_steps(connection: &Connection, query: &Query) -> Vec<String> {
    texts(query.rows(connection).unwrap())
}

/// The steps of the plan of a statement, whose parameters are all NULL.
fn statement_steps(connection: &Connection, statement: &str) -> Vec<String> {
    let explained = format!("{EXPLAIN}{statement}");
    let mut statement = connection.prepare(&explained).unwrap();
    let nulls = params_from_iter((0..statement.parameter_count()).map(|_| Null));
    let steps = statement.query_map(nulls, |row| row.get(3)).unwrap();
    steps.collect::<Result<_, _>>().unwrap()
}

/// Fails unless `parts` parts of the list find the rows after the place in an index, by this condition.
pub(crate) fn assert_sought(steps: &[String], condition: &str, parts: usize) {
    let sought = steps.iter().filter(|step| {
        step.starts_with("SEARCH ") && step.ends_with(&format!(" AND {condition})"))
    });
    assert_eq!(sought.count(), parts, "{steps:#?}");
}

/// Fails if a step goes through a whole table, or through all rows of an organization in it.
pub(crate) fn assert_narrow(steps: &[String], statement: &str) {
    for step in steps {
        let reads_table = step.starts_with("SCAN ")
            && !step.contains("VIRTUAL TABLE")
            && !step.contains("CONSTANT ROW")
            && !step.contains("subquery")
            // The few steps of a binary search in a ledger.
            && step != "SCAN search";
        // Tables with a few rows for each store, and indexes of which only the first rows are read.
        let reads_little = [
            " organizations ",
            " event_heads ",
            " event_pages ",
            " import_chunks_kept ",
            " imports_waiting ",
            " integrations ",
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
pub(crate) fn assert_merged(steps: &[String]) {
    assert!(steps[0].starts_with("MERGE (UNION ALL)"), "{steps:#?}");
    assert!(
        !steps.iter().any(|step| step.contains("TEMP B-TREE")),
        "{steps:#?}"
    );
    assert_narrow(steps, "");
}

/// All statements that aren't put together at run time: a list for each module that has some.
const STATEMENTS: [&[&Statement]; 48] = [
    counts::STATEMENTS,
    events::read::STATEMENTS,
    events::store::STATEMENTS,
    idempotency::store::STATEMENTS,
    imports::chunks::STATEMENTS,
    imports::forget::STATEMENTS,
    imports::lease::STATEMENTS,
    imports::read::STATEMENTS,
    imports::rows::STATEMENTS,
    imports::store::STATEMENTS,
    integrations::deliver::STATEMENTS,
    integrations::read::STATEMENTS,
    integrations::rows::STATEMENTS,
    integrations::store::STATEMENTS,
    keys::read::STATEMENTS,
    keys::rows::STATEMENTS,
    keys::store::STATEMENTS,
    ledger::corrections::STATEMENTS,
    ledger::load::STATEMENTS,
    ledger::past::STATEMENTS,
    ledger::past_rows::STATEMENTS,
    ledger::periods::STATEMENTS,
    ledger::read::STATEMENTS,
    ledger::rows::STATEMENTS,
    ledger::store::STATEMENTS,
    locations::load::STATEMENTS,
    locations::rows::STATEMENTS,
    locations::store::STATEMENTS,
    products::load::STATEMENTS,
    products::rows::STATEMENTS,
    products::store::STATEMENTS,
    reservations::read::STATEMENTS,
    reservations::rows::STATEMENTS,
    reservations::store::STATEMENTS,
    stock::rows::STATEMENTS,
    stock::store::STATEMENTS,
    tenancy::read::STATEMENTS,
    tenancy::rows::STATEMENTS,
    tenancy::server_state::STATEMENTS,
    transfers::expected::STATEMENTS,
    transfers::load::STATEMENTS,
    transfers::read::STATEMENTS,
    transfers::rows::STATEMENTS,
    transfers::store::STATEMENTS,
    tenancy::store::STATEMENTS,
    verify::entries::STATEMENTS,
    verify::repair::STATEMENTS,
    verify::rows::STATEMENTS,
];

#[test]
fn every_module_with_statements_is_listed() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules = 0;
    let mut folders = vec![sources];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read_to_string(path)
                .unwrap()
                .contains("\nstatements! {\n")
            {
                modules += 1;
            }
        }
    }
    assert_eq!(modules, STATEMENTS.len());
}

/// Preparing a statement shows that SQLite understands it, and that its tables and columns exist.
#[tokio::test]
async fn no_statement_reads_whole_tables() {
    let (connection, _folder) = connection().await;
    for statement in STATEMENTS.into_iter().flatten() {
        let text = statement.text();
        let steps = statement_steps(&connection, text);
        // These are the operator's lists of all organizations, and of all stores of one. The number of
        // all entries adds up all stock. A server delivers the events of all organizations.
        if [
            "ORDER BY created_at",
            "total(sequence)",
            "integration_id FROM active_integrations",
            "import_id FROM active_imports",
            "WHERE lease_holder IS NOT NULL",
        ]
        .iter()
        .any(|part| text.contains(part))
        {
            continue;
        }
        assert_narrow(&steps, text);
    }
}

#[tokio::test]
async fn lists_are_merged_from_indexes() {
    let (connection, _folder) = connection().await;
    for list in [
        stock::read::select(EXPLAIN, scope(), None, &[]),
        locations::read::select(EXPLAIN, scope(), None, &[]),
    ] {
        let page = page_steps(&connection, list);
        assert_merged(&page);
    }
    for (order, _) in product_orders() {
        let list = products::search::select(EXPLAIN, scope(), order, None);
        assert_merged(&page_steps(&connection, list));
    }
}

/// The orders of products, with the columns that a place is sought by.
pub(crate) fn product_orders() -> impl Iterator<Item = (ProductOrder, &'static str)> {
    let sorts = [
        (ProductSort::CreatedAt, "created_at"),
        (ProductSort::UpdatedAt, "updated_at"),
        (ProductSort::Name, "name_key"),
        (ProductSort::Sku, "sku_key"),
    ];
    sorts.into_iter().flat_map(|(by, column)| {
        [false, true].map(|descending| (ProductOrder { by, descending }, column))
    })
}

/// Rows before the place are not read.
#[tokio::test]
async fn pages_behind_a_place_begin_there() {
    let (connection, _folder) = connection().await;
    let place = Uuid::from_u128(3);
    let filter = [StockCondition::Available(Comparison::Greater(3))];
    let stock_id = Some(StockId::new(place));
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
    ] {
        let page = page_steps(&connection, list);
        assert_merged(&page);
        assert_sought(&page, condition, 2);
    }
    let now = Environment::system().now();
    let behind = PageRequest::after(25, ReservationId::new(place));
    let held = [ReservationCondition::Status(vec![ReservationStatus::Held])];
    for filter in [&[][..], &held] {
        let page = reservations::read::page_query(EXPLAIN, scope(), filter, now, behind);
        let page = query_steps(&connection, &page);
        assert_narrow(&page, "");
        assert_sought(&page, "reservation_id>?", 1);
    }
    let behind = PageRequest::after(25, TransferId::new(place));
    let page = transfers::read::page_query(EXPLAIN, scope(), &[], behind);
    let page = query_steps(&connection, &page);
    assert_merged(&page);
    assert_sought(&page, "transfer_id>?", 2);
    let behind = PageRequest::after(25, StockId::new(place));
    let page = ledger::past::periods_query(EXPLAIN, scope(), now, behind);
    let page = query_steps(&connection, &page);
    assert_merged(&page);
    assert_sought(&page, "stock_id>?", 4);
}

/// The same for lists whose statements aren't put together at run time.
#[tokio::test]
async fn pages_of_keys_and_holds_begin_behind_their_places() {
    let (connection, _folder) = connection().await;
    let mut found = 0;
    for statement in STATEMENTS.into_iter().flatten() {
        let statement = statement.text();
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
                let steps = statement_steps(&connection, statement);
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
    let (connection, _folder) = connection().await;
    let filter = [
        StockCondition::Available(Comparison::Greater(3)),
        StockCondition::Location(TextCondition::IsNull),
        StockCondition::CreatedAt(Comparison::In(vec![])),
    ];
    let (page, count) = steps(&connection, |start| {
        stock::read::select(start, scope(), None, &filter)
    });
    assert_merged(&page);
    assert_narrow(&count, "");
    let filter = [LocationCondition::Slug(TextCondition::Like(Pattern {
        text: "berlin".to_owned(),
        open_start: false,
        open_end: true,
    }))];
    let (page, count) = steps(&connection, |start| {
        locations::read::select(start, scope(), None, &filter)
    });
    assert_merged(&page);
    assert_narrow(&count, "");
}

#[tokio::test]
async fn stock_in_a_location_and_of_a_product_is_looked_up() {
    let (connection, _folder) = connection().await;
    let location = StockCondition::Location(TextCondition::In(vec!["berlin".to_owned()]));
    let id = StockCondition::Id(vec![ProductId::new(Uuid::from_u128(3))]);
    for (condition, found_by) in [(location, "stock_id=?"), (id, "product_id=?")] {
        let filter = [condition];
        let (page, count) = steps(&connection, |start| {
            stock::read::select(start, scope(), None, &filter)
        });
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
    let (connection, _folder) = connection().await;
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
    let steps = query_steps(&connection, &query);
    assert_narrow(&steps, "");
    assert!(
        !steps.iter().any(|step| step.contains("TEMP B-TREE")),
        "{steps:#?}"
    );
}

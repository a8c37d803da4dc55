//! What only a database on a server can get wrong.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use stockroom_application::ports::{
    CommandStore, KeyReader, Scope, ServerState, StockReader, StoreError,
};
use stockroom_application::{Environment, PageRequest};
use stockroom_domain::{
    Actor, Answer, Balance, CheckAvailability, Command, CreateLocation, CreateOrganization,
    CreateStock, DeleteStock, ExpiresIn, Idempotency, IdempotencyKey, ItemPlace, LocationId, Name,
    Operation, OrderId, OrganizationId, Owner, Patch, PolicyUpdate, ProductId, Quantity, Refusal,
    RefusedMovement, RequestDigest, ReservationItem, Reserve, SetPolicy, Slug, Transact,
    TransactionAction, UpdateLocation,
};
use stockroom_postgres::{PostgresDatabase, PostgresOptions};
use stockroom_test_postgres::TestDatabase;
use tokio::task::JoinSet;
use uuid::Uuid;

const ORGANIZATION: OrganizationId = OrganizationId::new(Uuid::from_u128(1));
const PRODUCT: ProductId = ProductId::new(Uuid::from_u128(2));
const VIEW: Scope = Scope {
    organization: ORGANIZATION,
    acting: Owner::Organization,
};

async fn open_with(server: &TestDatabase, options: PostgresOptions) -> PostgresDatabase {
    PostgresDatabase::open(server.url(), Environment::system(), options)
        .await
        .unwrap()
}

async fn open(server: &TestDatabase) -> PostgresDatabase {
    open_with(server, PostgresOptions::default()).await
}

/// A new database with an organization, and ten pieces of a product.
async fn setup() -> (PostgresDatabase, TestDatabase) {
    let server = TestDatabase::create().await;
    let database = open(&server).await;
    database.migrate().await.unwrap();
    let organization = CreateOrganization {
        id: ORGANIZATION,
        name: name("Pear Ltd"),
    };
    commit(&database, [organization]).await.unwrap();
    commit(&database, [stock(PRODUCT)]).await.unwrap();
    (database, server)
}

/// A connection of someone else.
async fn other(server: &TestDatabase) -> PgConnection {
    PgConnection::connect(server.url()).await.unwrap()
}

async fn commit<T: Into<Operation>>(
    database: &PostgresDatabase,
    operations: impl IntoIterator<Item = T>,
) -> Result<(), StoreError> {
    let commands = operations
        .into_iter()
        .map(|operation| Command::new(Actor::OPERATOR, operation.into()));
    let commands: Vec<Command> = commands.collect();
    for outcome in database.commit(ORGANIZATION, &commands).await? {
        outcome.unwrap();
    }
    Ok(())
}

fn name(text: &str) -> Name {
    Name::new("name", text).unwrap()
}

fn stock(product: ProductId) -> CreateStock {
    CreateStock {
        product,
        unlocated: Quantity::new(10).unwrap(),
        located: BTreeMap::new(),
    }
}

fn allocate(product: ProductId, pieces: u64) -> Transact {
    Transact::new(
        product,
        TransactionAction::Allocate,
        Quantity::new(pieces).unwrap(),
    )
}

async fn available(database: &PostgresDatabase) -> u64 {
    let stock = database.stock(VIEW, PRODUCT).await.unwrap().unwrap();
    stock.sums().available.get()
}

fn is_unavailable<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Unavailable(_)))
}

#[tokio::test]
async fn ten_servers_start_at_once_on_an_empty_database() {
    let server = Arc::new(TestDatabase::create().await);
    let mut starts = JoinSet::new();
    for _ in 0..10 {
        let server = Arc::clone(&server);
        starts.spawn(async move {
            let database = open(&server).await;
            database.migrate().await.unwrap();
            database.get_or_keep("key", b"value").await.unwrap()
        });
    }
    assert_eq!(starts.join_all().await, vec![b"value"; 10]);
}

#[tokio::test]
async fn migrating_again_changes_nothing() {
    let (database, _server) = setup().await;
    database.migrate().await.unwrap();
    assert_eq!(available(&database).await, 10);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let (database, server) = setup().await;
    other(&server)
        .await
        .execute(
            "INSERT INTO _sqlx_migrations \
             (version, description, success, checksum, execution_time) \
             VALUES (9999, 'later', true, '', 0)",
        )
        .await
        .unwrap();
    for refused in [database.migrate().await, database.check_schema().await] {
        let Err(StoreError::Failed(reason)) = refused else {
            panic!("{refused:?}");
        };
        assert!(reason.to_string().contains("newer"), "{reason}");
    }
}

#[tokio::test]
async fn a_schema_is_checked_and_left_as_it_is() {
    let server = TestDatabase::create().await;
    let database = open(&server).await;
    for _ in 0..2 {
        let checked = database.check_schema().await;
        let Err(StoreError::Failed(reason)) = checked else {
            panic!("{checked:?}");
        };
        assert!(reason.to_string().contains("migrate"), "{reason}");
    }
    database.migrate().await.unwrap();
    database.check_schema().await.unwrap();
}

/// What Citus has of the kind, as far as it can be seen: which tables are spread, and how.
const CITUS: &str = "
    CREATE TABLE pg_dist_partition (logicalrelid regclass UNIQUE, colocated_with text);
    CREATE FUNCTION create_reference_table(name text) RETURNS void LANGUAGE sql AS $$
        INSERT INTO pg_dist_partition VALUES (name::regclass, 'reference')
    $$;
    CREATE FUNCTION create_distributed_table(
        name text, distribution_column text, colocate_with text DEFAULT 'default'
    ) RETURNS void LANGUAGE sql AS $$
        INSERT INTO pg_dist_partition
        SELECT attrelid, colocate_with FROM pg_attribute
        WHERE attrelid = name::regclass AND attname = distribution_column
    $$";

#[tokio::test]
async fn every_table_is_distributed_once() {
    let (database, server) = setup().await;
    let mut other = other(&server).await;
    other.execute(CITUS).await.unwrap();
    database.distribute().await.unwrap();
    database.distribute().await.unwrap();
    let left_out: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class \
         WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace \
         AND relname NOT IN ('_sqlx_migrations', 'pg_dist_partition') \
         AND oid NOT IN (SELECT logicalrelid FROM pg_dist_partition)",
    )
    .fetch_all(&mut other)
    .await
    .unwrap();
    assert_eq!(left_out, [""; 0]);
    let apart: Vec<String> = sqlx::query_scalar(
        "SELECT logicalrelid::text FROM pg_dist_partition \
         WHERE colocated_with NOT IN ('reference', 'organizations')",
    )
    .fetch_all(&mut other)
    .await
    .unwrap();
    assert_eq!(apart, ["organizations"]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let nowhere = "postgres://postgres@127.0.0.1:1/postgres";
    let options = PostgresOptions {
        acquire_timeout: Duration::from_millis(50),
        ..PostgresOptions::default()
    };
    let opened = PostgresDatabase::open(nowhere, Environment::system(), options).await;
    assert!(is_unavailable(&opened));
}

#[tokio::test]
async fn a_closed_database_is_unavailable() {
    let (database, _server) = setup().await;
    database.close().await;
    assert!(is_unavailable(&database.stock(VIEW, PRODUCT).await));
    assert!(is_unavailable(
        &commit(&database, [allocate(PRODUCT, 1)]).await
    ));
}

#[tokio::test]
async fn a_server_that_goes_away_is_unavailable_until_it_is_back() {
    let (_, server) = setup().await;
    let options = PostgresOptions {
        max_connections: 1,
        ..PostgresOptions::default()
    };
    let database = open_with(&server, options).await;
    let mut other = other(&server).await;
    for _ in 0..3 {
        let before = available(&database).await;
        // As a shutdown does it.
        other
            .execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
                 WHERE application_name = 'stockroom' AND datname = current_database()",
            )
            .await
            .unwrap();
        // Who comes first may find the broken connection, or have been given a new one already.
        let allocated = match commit(&database, [allocate(PRODUCT, 1)]).await {
            Ok(()) => 1,
            Err(StoreError::Unavailable(_)) => 0,
            Err(error) => panic!("{error:?}"),
        };
        // So may the first who uses each of the server's own two.
        let mut broken = 0;
        while let Err(error) = database.ping().await {
            assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
            broken += 1;
            assert!(broken <= 2, "{error:?}");
        }
        assert_eq!(available(&database).await, before - allocated);
    }
}

#[tokio::test]
async fn a_server_that_only_reads_is_unavailable_for_changes() {
    let (_, server) = setup().await;
    let mut other = other(&server).await;
    let name: String = sqlx::query_scalar("SELECT current_database()::text")
        .fetch_one(&mut other)
        .await
        .unwrap();
    // Like a standby.
    let read_only = format!("ALTER DATABASE {name} SET default_transaction_read_only = on");
    other.execute(AssertSqlSafe(read_only)).await.unwrap();
    let database = open(&server).await;
    assert_eq!(available(&database).await, 10);
    assert!(is_unavailable(
        &commit(&database, [allocate(PRODUCT, 1)]).await
    ));
    assert!(is_unavailable(&database.ping().await));
    // A change is the last that each connection was used for.
    assert_eq!(available(&database).await, 10);
    assert!(is_unavailable(
        &commit(&database, [allocate(PRODUCT, 1)]).await
    ));
    let writable = format!("ALTER DATABASE {name} RESET default_transaction_read_only");
    other.execute(AssertSqlSafe(writable)).await.unwrap();
    // Connections from before are not used again: at the latest the one after the last of them
    // can be written to.
    let mut refused = 0;
    while is_unavailable(&commit(&database, [allocate(PRODUCT, 1)]).await) {
        refused += 1;
        assert!(refused <= PostgresOptions::default().max_connections);
    }
}

/// Has PostgreSQL fail in the middle of `COMMIT`, as far as anybody can tell.
const COMMIT_FAILS: &str = "
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'the disk is gone' USING ERRCODE = 'XX001'; END
    $$;
    CREATE CONSTRAINT TRIGGER fails AFTER INSERT ON entries DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION fail()";

#[tokio::test]
async fn whether_a_commit_that_failed_is_stored_is_not_known() {
    let (database, server) = setup().await;
    other(&server).await.execute(COMMIT_FAILS).await.unwrap();
    let unclear = commit(&database, [allocate(PRODUCT, 1)]).await;
    assert!(is_unavailable(&unclear), "{unclear:?}");
}

#[tokio::test]
async fn a_commit_that_nobody_waits_for_hurts_no_one() {
    let (_, server) = setup().await;
    let options = PostgresOptions {
        max_connections: 1,
        ..PostgresOptions::default()
    };
    let database = open_with(&server, options).await;
    // Dropped after it had to wait once, twice, and so on, or finished before that.
    for polls_max in 1..=20 {
        let mut polls = 0;
        let mut doomed = Box::pin(commit(&database, [allocate(PRODUCT, 0)]));
        std::future::poll_fn(|context| {
            polls += 1;
            match doomed.as_mut().poll(context) {
                Poll::Pending if polls < polls_max => Poll::Pending,
                _ => Poll::Ready(()),
            }
        })
        .await;
        drop(doomed);
        // Whoever comes next can write, and sees a ledger without a gap.
        commit(&database, [allocate(PRODUCT, 0)]).await.unwrap();
        let history = database.transactions(VIEW, PRODUCT, &[], 100, 0);
        let history = history.await.unwrap().unwrap();
        let entries = history.items.iter().map(|recorded| recorded.entry.sequence);
        assert!(entries.eq(1..=history.total.unwrap()));
    }
}

#[tokio::test]
async fn the_ledger_cannot_be_rewritten() {
    let (_, server) = setup().await;
    let allowed: Vec<String> = sqlx::query_scalar(
        "SELECT privilege_type FROM pg_class, aclexplode(relacl) \
         WHERE oid = 'entries'::regclass ORDER BY 1",
    )
    .fetch_all(&mut other(&server).await)
    .await
    .unwrap();
    assert!(allowed.contains(&"INSERT".to_owned()), "{allowed:?}");
    for forbidden in ["UPDATE", "DELETE", "TRUNCATE"] {
        assert!(!allowed.contains(&forbidden.to_owned()), "{allowed:?}");
    }
}

#[tokio::test]
async fn an_impossible_row_is_named() {
    let (database, server) = setup().await;
    other(&server)
        .await
        .execute("UPDATE stocks SET available = 11, located = true")
        .await
        .unwrap();
    let error = database.stock(VIEW, PRODUCT).await.unwrap_err();
    assert!(error.to_string().starts_with("stocks.available"), "{error}");
}

#[tokio::test]
async fn texts_that_postgresql_has_not_are_not_found() {
    let (database, _server) = setup().await;
    let found = database.key_by_client_id("a\0b").await.unwrap();
    assert_eq!(found, None);
}

/// What a server remembers of stock is never what it decides on if another one has changed it.
#[tokio::test]
async fn what_another_server_changed_is_known() {
    let (one, server) = setup().await;
    let other = open(&server).await;
    let refused = async |database: &PostgresDatabase, request: Operation| {
        let command = Command::new(Actor::OPERATOR, request);
        let outcomes = database.commit(ORGANIZATION, &[command]).await.unwrap();
        outcomes[0].as_ref().err().cloned()
    };
    let increment = |pieces: u64| Transact {
        action: TransactionAction::Increment,
        ..allocate(PRODUCT, pieces)
    };
    // Of ten, nine are left, and then none.
    assert_eq!(refused(&one, allocate(PRODUCT, 1).into()).await, None);
    assert_eq!(refused(&other, allocate(PRODUCT, 9).into()).await, None);
    let insufficient = Some(Refusal::InsufficientStock(RefusedMovement {
        requested: Quantity::new(1).unwrap(),
        balance: Balance {
            available: Quantity::ZERO,
            allocated: Quantity::new(10).unwrap(),
        },
        reserved: Quantity::ZERO,
    }));
    assert_eq!(
        refused(&one, allocate(PRODUCT, 1).into()).await,
        insufficient
    );
    assert_eq!(refused(&other, increment(1).into()).await, None);
    assert_eq!(refused(&one, allocate(PRODUCT, 1).into()).await, None);
    let delete = DeleteStock { product: PRODUCT };
    assert_eq!(refused(&other, delete.into()).await, None);
    let unknown = Some(Refusal::UnknownStock);
    assert_eq!(refused(&one, increment(1).into()).await, unknown);
    assert_eq!(refused(&other, stock(PRODUCT).into()).await, None);
    assert_eq!(refused(&one, allocate(PRODUCT, 10).into()).await, None);
    assert_eq!(
        refused(&other, allocate(PRODUCT, 1).into()).await,
        insufficient
    );
    assert_eq!(available(&one).await, 0);
}

/// A policy writes no entry: a server that remembers the stock notices it by the row alone.
#[tokio::test]
async fn a_policy_that_another_server_sets_is_known() {
    let (one, server) = setup().await;
    let other = open(&server).await;
    let reserve = |pieces| {
        let item = ReservationItem {
            product: PRODUCT,
            place: ItemPlace::Unnamed,
            quantity: Quantity::new(pieces).unwrap(),
        };
        Command::new(
            Actor::OPERATOR,
            Reserve {
                order: None,
                expires_in: ExpiresIn::default(),
                items: vec![item],
                sourcing: None,
            },
        )
    };
    for (safety_stock, is_sold) in [(9, true), (9, false), (8, true), (8, false), (0, true)] {
        let policy = SetPolicy {
            product: PRODUCT,
            update: PolicyUpdate {
                safety_stock: Patch::Set(Quantity::new(safety_stock).unwrap()),
                alerts: Patch::Keep,
            },
            locations: Patch::Keep,
        };
        commit(&other, [policy]).await.unwrap();
        let outcomes = one.commit(ORGANIZATION, &[reserve(1)]).await.unwrap();
        assert_eq!(outcomes[0].is_ok(), is_sold, "{safety_stock}: {outcomes:?}");
    }
    assert_eq!(available(&one).await, 7);
}

/// The location of this number, as it is created.
async fn locate(database: &PostgresDatabase, number: u128) -> LocationId {
    let slug = Slug::new(format!("l{number}")).unwrap();
    let location = CreateLocation::new(name("A location"), slug);
    let command = Command::new(Actor::OPERATOR, location);
    let outcomes = database.commit(ORGANIZATION, &[command]).await.unwrap();
    let [Ok(Answer::Location(location))] = &outcomes[..] else {
        panic!("{outcomes:?}");
    };
    location.id
}

/// Neither server remembers whether a location sells.
#[tokio::test]
async fn a_location_that_another_server_disables_sells_nothing() {
    let (one, server) = setup().await;
    let other = open(&server).await;
    let location = locate(&one, 0).await;
    let item = |pieces| ReservationItem {
        product: PRODUCT,
        place: ItemPlace::Location("l0".to_owned()),
        quantity: Quantity::new(pieces).unwrap(),
    };
    let increment = Transact {
        action: TransactionAction::Increment,
        location: Some("l0".to_owned()),
        ..allocate(PRODUCT, 9)
    };
    commit(&one, [increment]).await.unwrap();
    for (here, there, enabled) in [
        (&one, &other, true),
        (&other, &one, false),
        (&one, &other, true),
        (&one, &other, false),
        (&other, &one, true),
    ] {
        let update = UpdateLocation {
            enabled: Patch::Set(enabled),
            ..UpdateLocation::new(location)
        };
        commit(here, [update]).await.unwrap();
        let reserve = Reserve {
            order: None,
            expires_in: ExpiresIn::default(),
            items: vec![item(1)],
            sourcing: None,
        };
        let check = CheckAvailability {
            order: Some(OrderId::new("order_id", "none").unwrap()),
            items: vec![item(1)],
            sourcing: None,
            by: None,
        };
        for database in [here, there] {
            let reserve = Command::new(Actor::OPERATOR, reserve.clone());
            let check = Command::new(Actor::OPERATOR, check.clone());
            let outcomes = database.commit(ORGANIZATION, &[check, reserve]).await;
            let outcomes = outcomes.unwrap();
            let [Ok(Answer::Availability(found)), reserved] = &outcomes[..] else {
                panic!("{outcomes:?}");
            };
            assert_eq!(!found[0].available.is_zero(), enabled);
            assert_eq!(reserved.is_ok(), enabled, "{reserved:?}");
        }
    }
}

/// One of the five products that everyone wants.
fn wanted(number: u128) -> ProductId {
    ProductId::new(Uuid::from_u128(100 + number % 5))
}

/// What one server does at once, in an order of its own: four pieces more, in locations and not, a
/// location renamed, stock created and deleted.
fn tangle(task: u128, round: u128, locations: &[LocationId]) -> Vec<Operation> {
    let increment = |number: u128, location: Option<u128>| -> Operation {
        Transact {
            location: location.map(|number| format!("l{}", number % 3)),
            ..Transact::new(
                wanted(number),
                TransactionAction::Increment,
                Quantity::new(1).unwrap(),
            )
        }
        .into()
    };
    let rename = UpdateLocation {
        name: Some(name("Another name")),
        ..UpdateLocation::new(locations[usize::try_from(task % 3).unwrap()])
    };
    let own = ProductId::new(Uuid::from_u128(1_000_000 * (task + 1) + round));
    let mut operations: Vec<Operation> = vec![
        increment(task, None),
        increment(task + 1, Some(round)),
        stock(own).into(),
        increment(task + 2, Some(task)),
        rename.into(),
        increment(task + 3, None),
        DeleteStock { product: own }.into(),
    ];
    if task.is_multiple_of(2) {
        operations[..2].reverse();
        operations.swap(0, 3);
    }
    operations
}

/// Batches of several servers over the same products and locations in all orders, creations,
/// deletions and renames among them: no one is given up for the sake of another, nothing is lost.
/// `STOCKROOM_TEST_ROUNDS` has it last longer.
#[tokio::test(flavor = "multi_thread")]
async fn servers_never_wait_in_a_circle() {
    const TASKS: u128 = 24;
    let rounds = std::env::var("STOCKROOM_TEST_ROUNDS");
    let rounds: u128 = rounds.map_or(10, |number| number.parse().unwrap());
    let (database, server) = setup().await;
    let mut locations = Vec::new();
    for number in 0..3 {
        locations.push(locate(&database, number).await);
    }
    for number in 0..5 {
        commit(&database, [stock(wanted(number))]).await.unwrap();
    }
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let database = open(&server).await;
        let locations = locations.clone();
        tasks.spawn(async move {
            for round in 0..rounds {
                let operations = tangle(task, round, &locations);
                commit(&database, operations).await.unwrap();
            }
            database.close().await;
        });
    }
    tasks.join_all().await;
    let mut pieces = 0;
    for number in 0..5 {
        let stock = database.stock(VIEW, wanted(number)).await.unwrap();
        pieces += stock.unwrap().sums().available.get() - 10;
    }
    assert_eq!(u128::from(pieces), TASKS * rounds * 4);
    let deadlocks: i64 = sqlx::query_scalar(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
    )
    .fetch_one(&mut other(&server).await)
    .await
    .unwrap();
    assert_eq!(deadlocks, 0);
    let page = PageRequest::default();
    let listed = database.list_stocks(VIEW, &[], page).await.unwrap();
    assert_eq!(listed.total, Some(6));
}

/// It was carried out: to do so again is what a key is to prevent.
#[tokio::test]
async fn a_request_whose_answer_cannot_be_read_is_not_carried_out_again() {
    let (database, server) = setup().await;
    let single = keyed("single", allocate(PRODUCT, 2));
    // Another way to commit.
    let removal = keyed("removal", DeleteStock { product: PRODUCT });
    for command in [&single, &removal] {
        let outcomes = database
            .commit(ORGANIZATION, std::slice::from_ref(command))
            .await;
        assert!(outcomes.unwrap()[0].is_ok());
    }
    let changed =
        "UPDATE idempotency_keys SET outcome = replace(outcome, '\"format\":1', '\"format\":0')";
    other(&server).await.execute(changed).await.unwrap();
    for command in [single, removal] {
        for _ in 0..2 {
            let outcomes = database
                .commit(ORGANIZATION, std::slice::from_ref(&command))
                .await;
            assert_eq!(outcomes.unwrap(), [Err(Refusal::KeptAnswerUnreadable)]);
        }
    }
}

fn keyed(key: &str, operation: impl Into<Operation>) -> Command {
    let mut command = Command::new(Actor::OPERATOR, operation.into());
    command.idempotency = Some(Idempotency {
        key: IdempotencyKey::new(key).unwrap(),
        request: RequestDigest([1; 32]),
        kept_milliseconds: 3_600_000,
    });
    command
}

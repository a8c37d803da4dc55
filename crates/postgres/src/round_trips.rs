//! Tests that most changes take one statement.

use std::collections::BTreeMap;

use stockroom_application::Environment;
use stockroom_application::ports::CommandStore as _;
use stockroom_domain::{
    Actor, Answer, Command, Count, CountStock, CreateOrganization, CreateStock, ExpiresIn,
    FulfilReservation, Idempotency, IdempotencyKey, Name, Operation, OrderId, OrganizationId,
    PayReservation, ProductId, Quantity, ReleaseReservation, RequestDigest, ReservationItem,
    ReservationRef, Reserve, Transact, TransactMany, TransactionAction,
};
use stockroom_test_postgres::TestDatabase;
use uuid::Uuid;

use crate::commit::optimistic;
use crate::connection::open::PostgresDatabase;
use crate::connection::options::PostgresOptions;

const ORGANIZATION: OrganizationId = OrganizationId::new(Uuid::from_u128(1));
const PRODUCT: ProductId = ProductId::new(Uuid::from_u128(2));

async fn setup() -> (PostgresDatabase, TestDatabase) {
    let server = TestDatabase::create().await;
    let options = PostgresOptions {
        max_connections: 1,
        ..PostgresOptions::default()
    };
    let database = PostgresDatabase::open(server.url(), Environment::system(), options)
        .await
        .unwrap();
    database.migrate().await.unwrap();
    let organization = CreateOrganization {
        id: ORGANIZATION,
        name: Name::new("name", "Pear Ltd").unwrap(),
    };
    let stock = CreateStock {
        product: PRODUCT,
        unlocated: pieces(10),
        located: BTreeMap::new(),
    };
    commit(&database, command(organization)).await;
    commit(&database, command(stock)).await;
    (database, server)
}

fn pieces(pieces: u64) -> Quantity {
    Quantity::new(pieces).unwrap()
}

fn command(operation: impl Into<Operation>) -> Command {
    Command::new(Actor::OPERATOR, operation)
}

async fn commit(database: &PostgresDatabase, command: Command) -> Answer {
    let outcomes = database.commit(ORGANIZATION, &[command]).await;
    outcomes.unwrap().pop().unwrap().unwrap()
}

/// The number of the current transaction on the only connection, which counts all of its transactions.
async fn transaction(database: &PostgresDatabase) -> i64 {
    let mut session = database.session().await.unwrap();
    let number = sqlx::query_scalar(
        "SELECT split_part(virtualtransaction, '/', 2)::bigint FROM pg_locks \
         WHERE locktype = 'virtualxid' AND pid = pg_backend_pid()",
    )
    .fetch_one(&mut session)
    .await
    .unwrap();
    session.commit().await.unwrap();
    number
}

/// Commits a command without locks, and returns how many statements that took. Outside of a transaction,
/// each statement is a transaction of its own, and so is its preparation.
async fn count(database: &PostgresDatabase, command: Command) -> (i64, Answer) {
    let before = transaction(database).await;
    let outcomes = optimistic::commit(database, ORGANIZATION, &[command]).await;
    let after = transaction(database).await;
    let mut outcomes = outcomes.unwrap().expect("no locks are needed");
    (after - before - 1, outcomes.pop().unwrap().unwrap())
}

/// Commits a command in one statement; in two if it is also prepared.
async fn assert_one(database: &PostgresDatabase, command: Command, is_prepared: bool) -> Answer {
    let name = command.operation.name();
    let (statements, answer) = count(database, command).await;
    assert!(statements == 1 || !is_prepared, "{name}: {statements}");
    answer
}

fn reserve_one(order: Option<&str>) -> Reserve {
    let item = ReservationItem {
        product: PRODUCT,
        location: None,
        quantity: pieces(1),
    };
    Reserve {
        order: order.map(|order| OrderId::new("order_id", order).unwrap()),
        expires_in: ExpiresIn::default(),
        items: vec![item],
    }
}

/// Reserves a piece in one statement.
async fn reserve(
    database: &PostgresDatabase,
    order: Option<&str>,
    is_prepared: bool,
) -> ReservationRef {
    let answer = assert_one(database, command(reserve_one(order)), is_prepared).await;
    let Answer::Reserved(reserved) = answer else {
        panic!("{answer:?}");
    };
    assert!(reserved.is_new);
    reserved.reservation.reference()
}

#[tokio::test]
async fn reservations_take_one_statement() {
    let (database, _server) = setup().await;
    for (order, is_prepared) in [(None, false), (None, true), (Some("o1"), true)] {
        let reservation = reserve(&database, order, is_prepared).await;
        let items = None;
        let pay = PayReservation {
            reservation: reservation.clone(),
        };
        assert_one(&database, command(pay), true).await;
        let fulfil = FulfilReservation { reservation, items };
        assert_one(&database, command(fulfil), true).await;
    }
    let reservation = reserve(&database, Some("o2"), true).await;
    let items = None;
    let release = ReleaseReservation { reservation, items };
    assert_one(&database, command(release), true).await;
}

/// In one batch, an order is given up and reserved anew.
#[tokio::test]
async fn an_order_that_changes_takes_one_statement() {
    let (database, _server) = setup().await;
    let mut reservation = reserve(&database, Some("o1"), false).await;
    for _ in 0..3 {
        let items = None;
        let release = ReleaseReservation {
            reservation: reservation.clone(),
            items,
        };
        let commands = [command(release), command(reserve_one(Some("o1")))];
        let before = transaction(&database).await;
        let outcomes = optimistic::commit(&database, ORGANIZATION, &commands).await;
        assert_eq!(transaction(&database).await - before - 1, 1);
        let outcomes = outcomes.unwrap().expect("no locks are needed");
        let [Ok(_), Ok(Answer::Reserved(reserved))] = &outcomes[..] else {
            panic!("{outcomes:?}");
        };
        assert!(reserved.is_new);
        let next = reserved.reservation.reference();
        assert_ne!(next.id, reservation.id);
        reservation = next;
    }
}

#[tokio::test]
async fn transactions_batches_and_counts_take_one_statement() {
    let (database, _server) = setup().await;
    for is_prepared in [false, true] {
        let transact = Transact::new(PRODUCT, TransactionAction::Increment, pieces(1));
        assert_one(&database, command(transact.clone()), is_prepared).await;
        let many = TransactMany {
            lines: vec![Some(transact); 3],
            atomic: true,
        };
        assert_one(&database, command(many), is_prepared).await;
        let count = Count {
            product: PRODUCT,
            location: None,
            counted: pieces(20),
            reference: None,
        };
        let as_of = None;
        assert_one(&database, command(CountStock { count, as_of }), is_prepared).await;
    }
}

/// Records of known keys are read first.
#[tokio::test]
async fn commands_with_a_new_key_take_one_statement() {
    let (database, _server) = setup().await;
    let keyed = |key| Command {
        idempotency: Some(Idempotency {
            key: IdempotencyKey::new(key).unwrap(),
            request: RequestDigest([1; 32]),
            kept_milliseconds: 3_600_000,
        }),
        ..command(reserve_one(Some(key)))
    };
    assert_one(&database, keyed("one"), false).await;
    assert_one(&database, keyed("two"), true).await;
    // Reading is prepared, too.
    count(&database, keyed("one")).await;
    let (statements, answer) = count(&database, keyed("two")).await;
    assert_eq!(statements, 2);
    assert!(matches!(answer, Answer::Replayed(_)), "{answer:?}");
}

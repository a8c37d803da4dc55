//! Tests that most changes take one statement.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use stockroom_application::ports::CommandStore as _;
use stockroom_domain::{
    Actor, Answer, Command, Count, CountStock, CreateOrganization, CreateStock, ExpiresIn,
    FulfilReservation, Idempotency, IdempotencyKey, ItemPlace, Name, Operation, OrderId,
    OrganizationId, PayReservation, ProductId, Quantity, ReleaseReservation, RequestDigest,
    ReservationItem, ReservationRef, Reserve, Transact, TransactMany, TransactionAction,
};
use stockroom_test_postgres::TestDatabase;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use uuid::Uuid;

use crate::commit::optimistic;
use crate::connection::open::PostgresDatabase;
use crate::plans::database;

const ORGANIZATION: OrganizationId = OrganizationId::new(Uuid::from_u128(1));
const PRODUCT: ProductId = ProductId::new(Uuid::from_u128(2));

async fn setup() -> (PostgresDatabase, TestDatabase) {
    let (database, server) = database().await;
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

/// Counts the statements that sqlx logs.
#[derive(Clone, Default)]
struct Statements(Arc<AtomicUsize>);

impl Subscriber for Statements {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, _event: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

/// Commits commands without locks, and returns how many statements that took.
async fn count(database: &PostgresDatabase, commands: &[Command]) -> (usize, Vec<Answer>) {
    let statements = Statements::default();
    let counting = tracing::subscriber::set_default(statements.clone());
    let outcomes = optimistic::commit(database, ORGANIZATION, commands).await;
    drop(counting);
    let outcomes = outcomes.unwrap().expect("no locks are needed");
    let answers = outcomes.into_iter().map(Result::unwrap).collect();
    (statements.0.load(Ordering::Relaxed), answers)
}

async fn assert_one(database: &PostgresDatabase, command: Command) -> Answer {
    let name = command.operation.name();
    let (statements, mut answers) = count(database, &[command]).await;
    assert_eq!(statements, 1, "{name}");
    answers.pop().unwrap()
}

fn reserve_one(order: Option<&str>) -> Reserve {
    let item = ReservationItem {
        product: PRODUCT,
        place: ItemPlace::Unnamed,
        quantity: pieces(1),
    };
    Reserve {
        order: order.map(|order| OrderId::new("order_id", order).unwrap()),
        expires_in: ExpiresIn::default(),
        items: vec![item],
        sourcing: None,
    }
}

/// Reserves a piece in one statement.
async fn reserve(database: &PostgresDatabase, order: Option<&str>) -> ReservationRef {
    match assert_one(database, command(reserve_one(order))).await {
        Answer::Reserved(reserved) if reserved.is_new => reserved.reservation.reference(),
        answer => panic!("{answer:?}"),
    }
}

fn release(reservation: ReservationRef) -> Command {
    let items = None;
    command(ReleaseReservation { reservation, items })
}

#[tokio::test]
async fn reservations_take_one_statement() {
    let (database, _server) = setup().await;
    for order in [None, Some("o1")] {
        let reservation = reserve(&database, order).await;
        let pay = PayReservation {
            reservation: reservation.clone(),
        };
        assert_one(&database, command(pay)).await;
        let items = None;
        let fulfil = FulfilReservation { reservation, items };
        assert_one(&database, command(fulfil)).await;
    }
    let reservation = reserve(&database, Some("o2")).await;
    assert_one(&database, release(reservation)).await;
}

/// In one batch, an order is given up and reserved anew.
#[tokio::test]
async fn an_order_that_changes_takes_one_statement() {
    let (database, _server) = setup().await;
    let mut reservation = reserve(&database, Some("o1")).await;
    for _ in 0..3 {
        let again = command(reserve_one(Some("o1")));
        let commands = [release(reservation.clone()), again];
        let (statements, answers) = count(&database, &commands).await;
        assert_eq!(statements, 1);
        let [_, Answer::Reserved(reserved)] = &answers[..] else {
            panic!("{answers:?}");
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
    let transact = Transact::new(PRODUCT, TransactionAction::Increment, pieces(1));
    assert_one(&database, command(transact.clone())).await;
    let many = TransactMany {
        lines: vec![Some(transact); 3],
        atomic: true,
    };
    assert_one(&database, command(many)).await;
    let count = Count {
        product: PRODUCT,
        location: None,
        counted: pieces(20),
        reference: None,
    };
    let as_of = None;
    assert_one(&database, command(CountStock { count, as_of })).await;
}

/// Records of known keys are read first.
#[tokio::test]
async fn commands_with_a_new_key_take_one_statement() {
    let (database, _server) = setup().await;
    let keyed = Command {
        idempotency: Some(Idempotency {
            key: IdempotencyKey::new("key").unwrap(),
            request: RequestDigest([1; 32]),
            kept_milliseconds: 3_600_000,
        }),
        ..command(reserve_one(Some("o1")))
    };
    assert_one(&database, keyed.clone()).await;
    let (statements, answers) = count(&database, &[keyed]).await;
    assert_eq!(statements, 2);
    assert!(matches!(answers[..], [Answer::Replayed(_)]), "{answers:?}");
}

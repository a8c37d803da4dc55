//! Reservations on several servers: what one of them remembers is never what it decides on if another
//! one has changed it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::SeedableRng;
use rand::rngs::StdRng;
use sqlx::{Connection, PgConnection};
use stockroom_application::ports::{CommandStore, ReservationReader, Scope, StockReader};
use stockroom_application::{Clock, Environment, SystemClock};
use stockroom_domain::{
    Actor, Answer, Balance, CheckAvailability, Command, CreateOrganization, CreateStock,
    CreateStore, ExpiresIn, ExtendReservation, FulfilReservation, Idempotency, IdempotencyKey,
    ItemPlace, Name, Operation, OrderId, OrganizationId, Outcome, Owner, PayReservation, ProductId,
    Quantity, Refusal, ReleaseReservation, RequestDigest, Reservation, ReservationItem,
    ReservationRef, ReservationState, Reserve, Reserved, SettleStock, Shortage, StockKey, StoreId,
    Timestamp, Transact, TransactionAction, UpdateSettings,
};
use stockroom_postgres::{PostgresDatabase, PostgresOptions};
use stockroom_test_postgres::TestDatabase;
use tokio::task::JoinSet;
use uuid::Uuid;

const ORGANIZATION: OrganizationId = OrganizationId::new(Uuid::from_u128(1));
const STORE: Owner = Owner::Store(StoreId::new(Uuid::from_u128(2)));
const ONE: ProductId = ProductId::new(Uuid::from_u128(11));
const OTHER: ProductId = ProductId::new(Uuid::from_u128(12));
const SCOPE: Scope = Scope {
    organization: ORGANIZATION,
    acting: Owner::Organization,
};

/// A clock that is ahead of the machine's.
struct Ahead(i64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_milliseconds(self.0)
    }
}

/// How far a clock is ahead that has passed the time of any reservation here.
const HOUR: i64 = 3_600_000;

async fn open_with(server: &TestDatabase, environment: Environment) -> PostgresDatabase {
    PostgresDatabase::open(server.url(), environment, PostgresOptions::default())
        .await
        .unwrap()
}

async fn open(server: &TestDatabase) -> PostgresDatabase {
    open_with(server, Environment::system()).await
}

/// A server whose clock is ahead.
async fn open_ahead(server: &TestDatabase) -> PostgresDatabase {
    let generator = StdRng::from_rng(&mut rand::rng());
    open_with(server, Environment::new(Ahead(HOUR), generator)).await
}

/// Two servers of an organization that has ten pieces of either product.
async fn setup() -> (PostgresDatabase, PostgresDatabase, TestDatabase) {
    let server = TestDatabase::create().await;
    let database = open(&server).await;
    database.migrate().await.unwrap();
    let organization = CreateOrganization {
        id: ORGANIZATION,
        name: Name::new("name", "Pear Ltd").unwrap(),
    };
    ask(&database, organization).await.unwrap();
    for product in [ONE, OTHER] {
        ask(&database, stock(product)).await.unwrap();
    }
    let other = open(&server).await;
    (database, other, server)
}

async fn ask(database: &PostgresDatabase, operation: impl Into<Operation>) -> Outcome {
    ask_as(database, Owner::Organization, operation).await
}

async fn ask_as(
    database: &PostgresDatabase,
    acting: Owner,
    operation: impl Into<Operation>,
) -> Outcome {
    let actor = Actor {
        acting,
        ..Actor::OPERATOR
    };
    let command = Command::new(actor, operation);
    let outcomes = database.commit(ORGANIZATION, &[command]).await;
    outcomes.unwrap().pop().unwrap()
}

fn pieces(pieces: u64) -> Quantity {
    Quantity::new(pieces).unwrap()
}

fn stock(product: ProductId) -> CreateStock {
    CreateStock {
        product,
        unlocated: pieces(10),
        located: BTreeMap::new(),
    }
}

fn order(order: &str) -> OrderId {
    OrderId::new("order_id", order).unwrap()
}

fn item(product: ProductId, quantity: u64) -> ReservationItem {
    ReservationItem {
        product,
        place: ItemPlace::Unnamed,
        quantity: pieces(quantity),
    }
}

/// For a minute.
fn reserve(order_id: Option<&str>, product: ProductId, quantity: u64) -> Reserve {
    Reserve {
        order: order_id.map(order),
        expires_in: ExpiresIn::from_seconds(60).unwrap(),
        items: vec![item(product, quantity)],
        sourcing: None,
    }
}

async fn reserved(database: &PostgresDatabase, request: Reserve) -> Reservation {
    take_reserved(ask(database, request).await).reservation
}

fn take_reserved(outcome: Outcome) -> Reserved {
    match outcome {
        Ok(Answer::Reserved(reserved)) => reserved,
        outcome => panic!("{outcome:?}"),
    }
}

fn pay(reservation: ReservationRef) -> PayReservation {
    PayReservation { reservation }
}

fn release(reservation: ReservationRef) -> ReleaseReservation {
    ReleaseReservation {
        reservation,
        items: None,
    }
}

fn fulfil(reservation: ReservationRef) -> FulfilReservation {
    FulfilReservation {
        reservation,
        items: None,
    }
}

/// Available and allocated pieces.
async fn figures(database: &PostgresDatabase, product: ProductId) -> (u64, u64) {
    let stock = database.stock(SCOPE, product).await.unwrap().unwrap();
    let Balance {
        available,
        allocated,
    } = stock.sums();
    assert_eq!(stock.unlocated_held, allocated);
    (available.get(), allocated.get())
}

async fn state(database: &PostgresDatabase, of: &Reservation) -> ReservationState {
    let found = database.reservation(SCOPE, of.id).await.unwrap();
    found.unwrap().state
}

#[tokio::test]
async fn a_reservation_that_another_server_changed_is_known() {
    let (one, other, _server) = setup().await;
    for order in [None, Some("o1")] {
        // Released elsewhere.
        let first = reserved(&one, reserve(order, ONE, 3)).await;
        ask(&other, release(first.reference())).await.unwrap();
        let refused = ask(&one, pay(first.reference())).await;
        let released = Refusal::ReservationIs(ReservationState::Released);
        assert_eq!(refused, Err(released));
        // Paid for elsewhere.
        let second = reserved(&one, reserve(order, ONE, 3)).await;
        assert_ne!(second.id, first.id);
        ask(&other, pay(second.reference())).await.unwrap();
        let extend = ExtendReservation {
            reservation: second.reference(),
            expires_in: ExpiresIn::default(),
        };
        let paid = Refusal::ReservationIs(ReservationState::Paid);
        assert_eq!(ask(&one, extend).await, Err(paid));
        // Extended elsewhere: nothing changes but the time.
        let third = reserved(&one, reserve(None, ONE, 1)).await;
        let extend = ExtendReservation {
            reservation: third.reference(),
            expires_in: ExpiresIn::default(),
        };
        let extended = ask(&other, extend).await.unwrap();
        let Answer::Reservation(extended) = extended else {
            panic!("{extended:?}");
        };
        let released = ask(&one, release(third.reference())).await.unwrap();
        let Answer::Reservation(released) = released else {
            panic!("{released:?}");
        };
        assert!(released.updated_at >= extended.updated_at);
        // Fulfilled elsewhere.
        ask(&other, fulfil(second.reference())).await.unwrap();
        let fulfilled = Refusal::ReservationIs(ReservationState::Fulfilled);
        let refused = ask(&one, release(second.reference())).await;
        assert_eq!(refused, Err(fulfilled));
        let add = Transact::new(ONE, TransactionAction::Increment, pieces(3));
        ask(&one, add).await.unwrap();
        assert_eq!(figures(&other, ONE).await, (10, 0));
    }
}

#[tokio::test]
async fn a_refusal_for_shortage_is_never_stale() {
    let (one, other, _server) = setup().await;
    let all = reserved(&one, reserve(None, ONE, 10)).await;
    let short = |product| {
        Err(Refusal::ReservationShort(vec![Shortage {
            product,
            location: None,
            requested: 1,
            available: Quantity::ZERO,
        }]))
    };
    assert_eq!(ask(&one, reserve(Some("o1"), ONE, 1)).await, short(ONE));
    ask(&other, release(all.reference())).await.unwrap();
    reserved(&one, reserve(Some("o1"), ONE, 1)).await;
    assert_eq!(figures(&one, ONE).await, (9, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn payment_and_release_at_once_are_decided_one_after_the_other() {
    let (one, other, _server) = setup().await;
    for round in 0..20 {
        let order = format!("o{round}");
        let order = (round % 2 == 0).then_some(order.as_str());
        let held = reserved(&one, reserve(order, ONE, 4)).await;
        let reference = held.reference();
        // Each server does either.
        let (first, second) = if round % 4 < 2 {
            (&one, &other)
        } else {
            (&other, &one)
        };
        let (paid, released) = tokio::join!(
            ask(first, pay(reference.clone())),
            ask(second, release(reference.clone())),
        );
        released.unwrap();
        if let Err(refusal) = paid {
            let expected = Refusal::ReservationIs(ReservationState::Released);
            assert_eq!(refusal, expected);
        }
        assert_eq!(state(&one, &held).await, ReservationState::Released);
        assert_eq!(figures(&other, ONE).await, (10, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_are_either_shipped_or_released() {
    let (one, other, _server) = setup().await;
    let mut left = 10;
    for round in 0..10 {
        let held = reserved(&one, reserve(None, ONE, 1)).await;
        let reference = held.reference();
        ask(
            if round % 2 == 0 { &one } else { &other },
            pay(reference.clone()),
        )
        .await
        .unwrap();
        let (shipped, released) = tokio::join!(
            ask(&one, fulfil(reference.clone())),
            ask(&other, release(reference.clone())),
        );
        let expected = match (shipped, released) {
            (Ok(_), Err(refusal)) => {
                left -= 1;
                assert_eq!(refusal, Refusal::ReservationIs(ReservationState::Fulfilled));
                ReservationState::Fulfilled
            }
            (Err(refusal), Ok(_)) => {
                assert_eq!(refusal, Refusal::ReservationIs(ReservationState::Released));
                ReservationState::Released
            }
            both => panic!("{both:?}"),
        };
        assert_eq!(state(&one, &held).await, expected);
        assert_eq!(figures(&other, ONE).await, (left, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_reserved_on_two_servers_at_once_has_one_reservation() {
    let (one, other, _server) = setup().await;
    for round in 0..20 {
        let order = format!("o{round}");
        let request = reserve(Some(&order), ONE, 2);
        let (first, second) = tokio::join!(ask(&one, request.clone()), ask(&other, request));
        let (first, second) = (take_reserved(first), take_reserved(second));
        assert_eq!(first.reservation.id, second.reservation.id);
        assert_ne!(first.is_new, second.is_new);
        assert_eq!(figures(&one, ONE).await, (8, 2));
        let reference = first.reservation.reference();
        ask(&other, release(reference)).await.unwrap();
    }
}

/// The same request on several servers at once is carried out once, and answered with that.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_used_on_two_servers_at_once_is_used_once() {
    let (one, other, _server) = setup().await;
    for round in 0..20 {
        let mut command = Command::new(Actor::OPERATOR, reserve(None, ONE, 2));
        command.idempotency = Some(Idempotency {
            key: IdempotencyKey::new(&format!("k{round}")).unwrap(),
            request: RequestDigest([1; 32]),
            kept_milliseconds: 3_600_000,
        });
        let commands = [command];
        let ask = async |database: &PostgresDatabase| {
            let outcomes = database.commit(ORGANIZATION, &commands).await;
            match outcomes.unwrap().pop().unwrap() {
                Ok(Answer::Replayed(outcome)) => take_reserved(*outcome),
                outcome => take_reserved(outcome),
            }
        };
        let (first, second) = tokio::join!(ask(&one), ask(&other));
        assert_eq!(first, second);
        // Once more, where it may be unknown.
        assert_eq!(ask(&other).await, first);
        assert_eq!(figures(&one, ONE).await, (8, 2));
        let reference = first.reservation.reference();
        self::ask(&one, release(reference)).await.unwrap();
    }
}

#[tokio::test]
async fn an_order_that_is_reserved_elsewhere_is_known() {
    let (one, other, _server) = setup().await;
    let request = reserve(Some("o1"), ONE, 2);
    let held = reserved(&one, request.clone()).await;
    let again = take_reserved(ask(&other, request.clone()).await);
    assert_eq!((again.reservation, again.is_new), (held.clone(), false));
    let different = reserve(Some("o1"), ONE, 3);
    assert_eq!(ask(&one, different).await, Err(Refusal::OrderReserved));
    let check = CheckAvailability {
        order: Some(order("o1")),
        items: vec![item(ONE, 10)],
        sourcing: None,
        by: None,
    };
    let available = |outcome: Outcome| match outcome {
        Ok(Answer::Availability(items)) => items[0].available.get(),
        outcome => panic!("{outcome:?}"),
    };
    for database in [&one, &other] {
        assert_eq!(available(ask(database, check.clone()).await), 10);
    }
    // Released and reserved again elsewhere, for less.
    ask(&other, release(held.reference())).await.unwrap();
    let less = reserved(&other, reserve(Some("o1"), ONE, 1)).await;
    assert_ne!(less.id, held.id);
    assert_eq!(ask(&one, request).await, Err(Refusal::OrderReserved));
    assert_eq!(available(ask(&one, check).await), 10);
    assert_eq!(figures(&one, ONE).await, (9, 1));
}

/// By the clock of another server, the reservation has expired, and its order may be reserved again. The
/// stock of the reservation isn't looked at then.
#[tokio::test]
async fn a_reservation_that_lost_its_order_is_not_paid_for() {
    let (one, _, server) = setup().await;
    let ahead = open_ahead(&server).await;
    let held = reserved(&one, reserve(Some("o1"), ONE, 2)).await;
    let next = reserved(&ahead, reserve(Some("o1"), OTHER, 2)).await;
    assert_ne!(held.id, next.id);
    let expired = Refusal::ReservationIs(ReservationState::Expired);
    for _ in 0..2 {
        let refused = ask(&one, pay(held.reference())).await;
        assert_eq!(refused, Err(expired.clone()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_paid_for_or_reserved_again() {
    let (one, _, server) = setup().await;
    let ahead = open_ahead(&server).await;
    for round in 0..10 {
        let order = format!("o{round}");
        let held = reserved(&one, reserve(Some(&order), ONE, 1)).await;
        let (paid, again) = tokio::join!(
            ask(&one, pay(held.reference())),
            ask(&ahead, reserve(Some(&order), OTHER, 1)),
        );
        match (paid, again) {
            (Ok(_), Err(refusal)) => assert_eq!(refusal, Refusal::OrderReserved),
            (Err(refusal), Ok(_)) => {
                let expired = Refusal::ReservationIs(ReservationState::Expired);
                assert_eq!(refusal, expired);
            }
            both => panic!("{both:?}"),
        }
    }
}

#[tokio::test]
async fn holds_that_another_server_booked_as_expired_are_known() {
    let (one, _, server) = setup().await;
    let ahead = open_ahead(&server).await;
    let held = reserved(&one, reserve(Some("o1"), ONE, 2)).await;
    let key = StockKey {
        product: ONE,
        owner: Owner::Organization,
    };
    let stocks = [key].into();
    ask(&ahead, SettleStock { stocks }).await.unwrap();
    let expired = Refusal::ReservationIs(ReservationState::Expired);
    for request in [
        Operation::from(pay(held.reference())),
        fulfil(held.reference()).into(),
    ] {
        let refused = ask(&one, request).await;
        assert_eq!(refused, Err(expired.clone()));
    }
    assert_eq!(figures(&one, ONE).await, (10, 0));
}

/// A store uses the organization's stock until it has stock of its own.
#[tokio::test]
async fn stock_that_a_store_gets_elsewhere_is_known() {
    let (one, other, _server) = setup().await;
    let Owner::Store(id) = STORE else {
        unreachable!();
    };
    let name = Name::new("name", "A store").unwrap();
    ask(&one, CreateStore { id, name }).await.unwrap();
    let settings = UpdateSettings {
        per_store_stock: Some(true),
    };
    ask(&one, settings).await.unwrap();
    let owner_of = async |database: &PostgresDatabase| {
        let outcome = ask_as(database, STORE, reserve(None, ONE, 1)).await;
        let reservation = take_reserved(outcome).reservation;
        reservation.lines[0].key.owner
    };
    for _ in 0..3 {
        assert_eq!(owner_of(&one).await, Owner::Organization);
    }
    ask_as(&other, STORE, stock(ONE)).await.unwrap();
    for database in [&one, &other, &one] {
        assert_eq!(owner_of(database).await, STORE);
    }
    assert_eq!(figures(&one, ONE).await, (7, 3));
}

/// Orders that several servers reserve at the same time.
fn wanted(task: u64, round: u64) -> Vec<Operation> {
    let both = |first, second| Reserve {
        items: vec![item(first, 1), item(second, 1)],
        ..reserve(None, first, 1)
    };
    let ordered = |number: u64| Reserve {
        order: Some(order(&format!("o{}-{round}", number % 3))),
        ..both(ONE, OTHER)
    };
    let add = |product| Transact::new(product, TransactionAction::Increment, pieces(5));
    let own = ProductId::new(Uuid::from_u128(u128::from(1_000 * (task + 1) + round)));
    let mut operations: Vec<Operation> = vec![
        add(ONE).into(),
        ordered(task).into(),
        add(OTHER).into(),
        both(OTHER, ONE).into(),
        ordered(task + 1).into(),
    ];
    if task.is_multiple_of(2) {
        operations.reverse();
    }
    if task.is_multiple_of(3) {
        operations.insert(2, stock(own).into());
    }
    operations
}

/// Batches of several servers that reserve the same products and orders, pay for them and release them,
/// in all orders: none waits in a circle, and nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn servers_that_reserve_never_wait_in_a_circle() {
    const TASKS: u64 = 8;
    const ROUNDS: u64 = 8;
    let (database, _, server) = setup().await;
    let server = Arc::new(server);
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let server = Arc::clone(&server);
        tasks.spawn(async move {
            let database = open(&server).await;
            for round in 0..ROUNDS {
                let commands: Vec<Command> = wanted(task, round)
                    .into_iter()
                    .map(|operation| Command::new(Actor::OPERATOR, operation))
                    .collect();
                let outcomes = database.commit(ORGANIZATION, &commands).await.unwrap();
                let made = outcomes.into_iter().filter_map(|outcome| match outcome {
                    Ok(Answer::Reserved(reserved)) => Some(reserved.reservation.reference()),
                    Ok(_) | Err(Refusal::ReservationShort(_)) => None,
                    outcome => panic!("{outcome:?}"),
                });
                let made: Vec<ReservationRef> = made.collect();
                let paid = made.iter().cloned().map(|it| pay(it).into());
                let released = made.iter().cloned().rev().map(|it| release(it).into());
                let commands: Vec<Command> = paid
                    .chain(released)
                    .map(|operation: Operation| Command::new(Actor::OPERATOR, operation))
                    .collect();
                // Another server may have released one before this one paid for it.
                database.commit(ORGANIZATION, &commands).await.unwrap();
            }
            database.close().await;
        });
    }
    tasks.join_all().await;
    let added = 10 + TASKS * ROUNDS * 5;
    for product in [ONE, OTHER] {
        assert_eq!(figures(&database, product).await, (added, 0));
    }
    let deadlocks: i64 = sqlx::query_scalar(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
    )
    .fetch_one(&mut PgConnection::connect(server.url()).await.unwrap())
    .await
    .unwrap();
    assert_eq!(deadlocks, 0);
}

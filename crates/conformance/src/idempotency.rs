//! Repeated requests: they are carried out once, and answered the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use TransactionAction::{Allocate, Increment};
use stockroom_domain::{
    Answer, CheckAvailability, Command, CountMany, CreateOrganization, CreateStore, DeleteStock,
    DisableIntegration, ExpireReservation, Idempotency, IdempotencyKey, ImportOptions, Operation,
    OrderId, Outcome, Owner, ProductId, Reason, Refusal, RequestDigest, SettleStock, ShowProducts,
    ShowStock, StockKey, TransactMany, TransactionAction, UpdateSettings,
};

use crate::client::stored;
use crate::counts::count;
use crate::imports::submission;
use crate::reservations::{item, pay, reserve};
use crate::transfer_make::draft;
use crate::{Bench, Client, make};

const DAY: i64 = 24 * 3_600_000;

/// The request with this content and key.
fn keyed(client: &Client, key: &str, content: u8, operation: impl Into<Operation>) -> Command {
    Command {
        idempotency: Some(Idempotency {
            key: IdempotencyKey::new(key).expect("a key"),
            request: RequestDigest([content; 32]),
            kept_milliseconds: DAY,
        }),
        ..client.command(operation)
    }
}

fn transaction(action: TransactionAction, product: ProductId, pieces: u64) -> Operation {
    make::transaction(product, action, pieces, None).into()
}

async fn one(client: &Client, command: Command) -> Outcome {
    client.commit(vec![command]).await.remove(0)
}

#[expect(clippy::unnecessary_wraps, reason = "as outcomes are")]
fn replayed(outcome: &Outcome) -> Outcome {
    Ok(Answer::Replayed(Box::new(outcome.clone())))
}

/// A repeated request is carried out once and always answered the same, whatever has changed since.
pub async fn what_is_sent_again_is_answered_the_same(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 5).await;
    let command = keyed(&store, "key", 1, transaction(Allocate, product, 2));
    let first = one(&store, command.clone()).await;
    assert!(first.is_ok(), "{first:?}");
    store.transact(product, Increment, 7).await.expect("room");
    assert_eq!(one(&store, command.clone()).await, replayed(&first));
    store.delete(product).await;
    assert_eq!(one(&store, command).await, replayed(&first));
    store.create(product, 1).await;
    assert_eq!(store.history(product).await.len(), 1);
}

/// Lists every kind of answer, so that the compiler demands a request for each new kind below.
macro_rules! kinds {
    ($($kind:ident)*) => {
        const KINDS: &[&str] = &[$(stringify!($kind)),*];

        fn kind(answer: &Answer) -> &'static str {
            match answer {
                $(Answer::$kind(_) => stringify!($kind),)*
                Answer::Replayed(_) => "Replayed",
            }
        }
    };
}

kinds! {
    Stock Recorded Lines Counted CountedLines Reserved Reservation Expired Settled Availability
    Stocks Products
    Location Product Key Organization Store Settings Deleted Integration SecretIssued Import
    Transfer
}

/// Every kind of answer is stored and given again.
#[expect(clippy::too_many_lines, reason = "a few lines for each kind")]
pub async fn every_kind_of_answer_is_kept(bench: Bench) {
    let tenant = bench.tenant().await;
    let (store, organization) = (tenant.store().await, tenant.organization());
    let founder = bench.newcomer();
    let product = bench.product();
    store.locate("berlin").await;
    let lines = [5, 6].map(|pieces| Some(make::transaction(product, Allocate, pieces, None)));
    let many = TransactMany {
        lines: lines.into(),
        atomic: false,
    };
    let mut registration = make::registration("A product");
    registration.stock = Some(make::quantity(3));
    let mut location = make::location("paris");
    location.geolocation = stockroom_domain::Geolocation::new(48.85, 2.35).ok();
    location.address = stockroom_domain::Address::new(vec!["Rue \"A\"".to_owned()]).ok();
    let held = bench.product();
    store.create(held, 9).await;
    let reservation = store.reserved(reserve(held, 2)).await;
    let counted = count(held, None, 8, None);
    let counts = CountMany {
        counts: vec![Some(counted.count.clone()), None],
        as_of: None,
        atomic: false,
    };
    let name = || make::name("Another");
    let key = StockKey {
        product: held,
        owner: store.owner(),
    };
    let integration = store
        .done(make::integration("An integration"))
        .await
        .integration;
    let disabling = DisableIntegration {
        id: integration.id,
        version: integration.version,
        reason: Reason::new("reason", "gone").expect("a reason"),
    };
    let operations: [(&Client, Operation); 24] = [
        (&store, draft(held, 2, None, "berlin").into()),
        (&store, make::stock(product, 10, [("berlin", 4)]).into()),
        (&store, many.into()),
        (&store, transaction(Allocate, product, 1)),
        (&store, make::put(product, [("berlin", None)]).into()),
        (&store, DeleteStock { product }.into()),
        (&store, registration.into()),
        (&store, location.into()),
        (
            &organization,
            UpdateSettings {
                per_store_stock: Some(true),
            }
            .into(),
        ),
        (&store, make::key("client of the key").into()),
        (&store, make::integration("Another").into()),
        (&store, disabling.into()),
        (
            &store,
            submission(bench.id(), ImportOptions::default()).into(),
        ),
        (&store, counted.into()),
        (&store, counts.into()),
        (&store, reserve(held, 1).into()),
        (&store, pay(&reservation).into()),
        (
            &store,
            ExpireReservation {
                reservation: reservation.reference(),
            }
            .into(),
        ),
        (
            &store,
            SettleStock {
                stocks: [key].into(),
            }
            .into(),
        ),
        (
            &store,
            CheckAvailability {
                order: Some(OrderId::new("order_id", "one").expect("an order")),
                items: vec![item(held, None, 1)],
                sourcing: None,
                by: None,
            }
            .into(),
        ),
        (
            &store,
            ShowStock {
                products: [held].into(),
            }
            .into(),
        ),
        (
            &store,
            ShowProducts {
                products: [held].into(),
            }
            .into(),
        ),
        (
            &organization,
            CreateStore {
                id: bench.id(),
                name: name(),
            }
            .into(),
        ),
        (
            &founder,
            CreateOrganization {
                id: founder.scope.organization,
                name: name(),
            }
            .into(),
        ),
    ];
    let mut seen = BTreeSet::new();
    for (number, (client, operation)) in operations.into_iter().enumerate() {
        let command = keyed(client, &format!("key-{number}"), 1, operation);
        let first = one(client, command.clone()).await;
        seen.insert(first.as_ref().map(kind).expect("it is accepted"));
        assert_eq!(one(client, command).await, replayed(&first));
    }
    assert_eq!(seen, KINDS.iter().copied().collect());
}

/// Refusals because of the state of the stock, or because something doesn't exist, are stored.
pub async fn refusals_are_kept(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    let missing = keyed(&store, "missing", 1, transaction(Allocate, product, 2));
    let refused = one(&store, missing.clone()).await;
    assert_eq!(refused, Err(Refusal::UnknownStock));
    store.create(product, 1).await;
    let short = keyed(&store, "short", 1, transaction(Allocate, product, 2));
    let short_of = one(&store, short.clone()).await;
    assert_eq!(short_of, Err(make::insufficient(2, 1, 0)));
    store.transact(product, Increment, 9).await.expect("room");
    assert_eq!(one(&store, missing).await, replayed(&refused));
    assert_eq!(one(&store, short).await, replayed(&short_of));
    assert_eq!(store.available(product).await.get(), 10);
}

/// A refusal of a request that makes no sense isn't stored, because it may make sense later.
pub async fn what_makes_no_sense_is_not_kept(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 5).await;
    let request = make::transaction(product, Increment, 2, Some("berlin"));
    let command = keyed(&store, "key", 1, request);
    let refused = one(&store, command.clone()).await;
    assert!(matches!(refused, Err(Refusal::UnknownLocation { .. })));
    store.locate("berlin").await;
    let made = one(&store, command.clone()).await;
    assert!(matches!(made, Ok(Answer::Recorded(_))), "{made:?}");
    assert_eq!(one(&store, command).await, replayed(&made));
}

/// Another request with the same key changes nothing.
pub async fn a_key_is_for_one_request(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 5).await;
    let command = keyed(&store, "key", 1, transaction(Allocate, product, 2));
    let first = one(&store, command.clone()).await;
    let other = keyed(&store, "key", 2, transaction(Allocate, product, 1));
    let refused = one(&store, other).await;
    assert_eq!(refused, Err(Refusal::IdempotencyKeyReused));
    assert_eq!(store.available(product).await.get(), 3);
    assert_eq!(one(&store, command).await, replayed(&first));
}

/// A key belongs to its caller, and means nothing in another caller's request.
pub async fn keys_of_others_are_other_keys(bench: Bench) {
    let tenant = bench.tenant().await;
    let clients = [
        tenant.store().await,
        tenant.store().await,
        tenant.organization(),
        bench.store().await,
    ];
    for client in &clients {
        let product = bench.product();
        client.create(product, 5).await;
        let command = keyed(client, "key", 1, transaction(Allocate, product, 2));
        let outcome = one(client, command).await;
        assert!(matches!(outcome, Ok(Answer::Recorded(_))), "{outcome:?}");
    }
}

/// An organization's key may do more in a store than the store's own key, so its answers aren't
/// given to the latter, even if the owner of the key is the only difference between the two.
pub async fn what_an_organizations_key_was_answered_is_not_for_a_stores(bench: Bench) {
    let store = bench.store().await;
    let mut organization = store.clone();
    organization.actor.key_owner = Owner::Organization;
    let product = bench.product();
    store.create(product, 5).await;
    let allocate = || transaction(Allocate, product, 2);
    let place = |slug| Operation::from(make::location(slug));
    for (key, operation, later_operation) in [
        ("stock", allocate(), allocate()),
        ("place", place("berlin"), place("paris")),
    ] {
        let by_organization = keyed(&organization, key, 1, operation.clone());
        let answered = one(&organization, by_organization.clone()).await;
        assert!(answered.is_ok(), "{answered:?}");
        let refused = one(&store, keyed(&store, key, 1, operation)).await;
        assert_eq!(refused, Err(Refusal::OrganizationKeyRequired));
        let again = one(&organization, by_organization).await;
        assert_eq!(again, replayed(&answered));

        let key = format!("{key}-of-the-store");
        let by_store = keyed(&store, &key, 1, later_operation.clone());
        let answered = one(&store, by_store).await;
        assert!(answered.is_ok(), "{answered:?}");
        let by_organization = keyed(&organization, &key, 1, later_operation);
        let again = one(&organization, by_organization).await;
        assert_eq!(again, replayed(&answered));
    }
}

/// Repeats in one batch, next to each other, and with other kinds of changes in between.
pub async fn a_request_may_be_repeated_within_a_batch(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 5).await;
    let command = keyed(&store, "key", 1, transaction(Allocate, product, 2));
    let location = keyed(&store, "place", 1, make::location("berlin"));
    let batch = vec![
        command.clone(),
        command.clone(),
        location.clone(),
        command.clone(),
        location,
        command,
    ];
    let outcomes = store.commit(batch).await;
    assert!(matches!(outcomes[0], Ok(Answer::Recorded(_))));
    assert!(matches!(outcomes[2], Ok(Answer::Location(_))));
    for (place, first) in [(1, 0), (3, 0), (4, 2), (5, 0)] {
        assert_eq!(outcomes[place], replayed(&outcomes[first]), "{place}");
    }
    assert_eq!(store.available(product).await.get(), 3);
}

/// An answer is not given again after its time, whether or not it was cleared away.
pub async fn an_answer_is_kept_for_its_time(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 5).await;
    let command = keyed(&store, "key", 1, transaction(Allocate, product, 2));
    let first = one(&store, command.clone()).await;
    bench.clock.advance(DAY - 1);
    assert_eq!(one(&store, command.clone()).await, replayed(&first));
    bench.clock.advance(1);
    let again = one(&store, command.clone()).await;
    assert!(matches!(again, Ok(Answer::Recorded(_))), "{again:?}");
    assert_eq!(store.available(product).await.get(), 1);
    assert_eq!(one(&store, command).await, replayed(&again));
}

/// Clearing removes the expired answers of one organization, at most a given number at once.
pub async fn answers_are_forgotten_in_steps(bench: Bench) {
    let (store, other) = (bench.store().await, bench.store().await);
    let product = bench.product();
    for client in [&store, &other] {
        client.create(product, 9).await;
    }
    let command = |client, key| keyed(client, key, 1, transaction(Allocate, product, 1));
    for key in ["a", "b", "c"] {
        drop(one(&store, command(&store, key)).await);
    }
    drop(one(&other, command(&other, "a")).await);
    bench.clock.advance(DAY);
    drop(one(&store, command(&store, "d")).await);
    let now = bench.clock.now();
    let forget = || {
        store
            .database
            .forget_answers(store.scope.organization, now, 2)
    };
    assert_eq!(stored(forget().await), 2);
    assert_eq!(stored(forget().await), 1);
    assert_eq!(stored(forget().await), 0);
    let kept = one(&store, command(&store, "d")).await;
    assert!(matches!(kept, Ok(Answer::Replayed(_))), "{kept:?}");
    bench.clock.advance(-1);
    let others = one(&other, command(&other, "a")).await;
    assert!(matches!(others, Ok(Answer::Replayed(_))), "{others:?}");
}

/// Of equal requests at once, one is carried out; the others wait, and are answered the same.
pub async fn of_many_at_once_one_acts(bench: Bench) {
    const ASKERS: usize = 16;
    const REQUESTS: usize = 8;
    let store = Arc::new(bench.store().await);
    let product = bench.product();
    store.create(product, 1_000).await;
    let asker = |asker: usize| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            let mut outcomes = Vec::new();
            for number in 0..REQUESTS {
                // In opposite orders, so that they meet.
                let number = if asker.is_multiple_of(2) {
                    number
                } else {
                    REQUESTS - 1 - number
                };
                let operation = transaction(Allocate, product, 1);
                let command = keyed(&store, &format!("key-{number}"), 1, operation);
                let own = store.command(transaction(Increment, product, 0));
                let mut batch = store.commit(vec![own, command]).await;
                outcomes.push((number, batch.remove(1)));
            }
            outcomes
        })
    };
    let askers: Vec<_> = (0..ASKERS).map(asker).collect();
    let mut acted = vec![Vec::new(); REQUESTS];
    let mut told = vec![Vec::new(); REQUESTS];
    for asker in askers {
        for (number, outcome) in asker.await.expect("an asker") {
            match outcome {
                Ok(Answer::Replayed(first)) => told[number].push(*first),
                outcome => acted[number].push(outcome),
            }
        }
    }
    for (acted, told) in acted.iter().zip(&told) {
        assert_eq!(acted.len(), 1);
        assert!(told.iter().all(|outcome| *outcome == acted[0]));
    }
    let available = store.available(product).await.get();
    assert_eq!(available, 1_000 - REQUESTS as u64);
}

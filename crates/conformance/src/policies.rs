//! Policies of stock: safety stock, and alerts.

use stockroom_application::ports::{FeedContent, StockCondition};
use stockroom_domain::{
    Alert, DeleteLocation, DeletePolicy, DeleteStock, Event, EventName, Patch, PolicyUpdate,
    ProductId, Refusal, SetPolicy, Stock, TransactMany, TransactionAction,
};

use crate::reservations::{EXPIRY, reserve, reserve_all};
use crate::verify::assert_intact;
use crate::{Bench, Client, make};

pub(crate) fn alert(at: u64, rearm_at: u64) -> Alert {
    let alert = Alert::new(make::quantity(at), Some(make::quantity(rearm_at)));
    alert.expect("an alert")
}

fn update(safety_stock: u64, alerts: &[(u64, u64)]) -> PolicyUpdate {
    let alerts = alerts.iter().map(|(at, rearm_at)| alert(*at, *rearm_at));
    PolicyUpdate {
        safety_stock: Patch::Set(make::quantity(safety_stock)),
        alerts: Patch::Set(alerts.collect()),
    }
}

/// Alerts by their levels: where they go on, and where they go off again.
type Levels = [(u64, u64)];

/// The request for the policy of a whole stock, and of some of its locations.
pub(crate) fn policy(
    product: ProductId,
    safety_stock: u64,
    alerts: &Levels,
    locations: &[(&str, u64, &Levels)],
) -> SetPolicy {
    let locations = locations.iter().map(|(slug, safety_stock, alerts)| {
        ((*slug).to_owned(), Some(update(*safety_stock, alerts)))
    });
    SetPolicy {
        product,
        update: update(safety_stock, alerts),
        locations: Patch::Set(locations.collect()),
    }
}

async fn low(client: &Client, wanted: bool) -> Vec<ProductId> {
    let stocks = client.stocks(&[StockCondition::Low(wanted)]).await;
    stocks.iter().map(|stock| stock.product).collect()
}

async fn current(client: &Client, product: ProductId) -> Stock {
    client.stock(product).await.expect("it is managed")
}

/// A policy is read as it was set, and goes with its stock.
pub async fn a_policy_is_kept_with_its_stock(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.locate("berlin").await;
    store.locate("paris").await;
    store
        .done(make::stock(product, 50, [("berlin", 5), ("paris", 5)]))
        .await;
    bench.clock.advance(1);
    let set = policy(product, 7, &[(40, 50), (0, 1)], &[("berlin", 2, &[(3, 4)])]);
    let answered = store.done(set.clone()).await;
    let read = current(&store, product).await;
    assert_eq!(answered, read);
    assert_eq!(read.policy.safety_stock, make::quantity(7));
    assert_eq!(read.policy.alerts, [alert(40, 50), alert(0, 1)]);
    let with_policy = read.located.values().filter(|it| !it.policy.is_default());
    assert_eq!(with_policy.count(), 1);
    assert_eq!(store.several(&[product]).await, std::slice::from_ref(&read));
    assert_eq!(store.stocks(&[]).await, std::slice::from_ref(&read));
    // The same again changes nothing.
    bench.clock.advance(1);
    assert_eq!(store.done(set).await, read);
    let names = store.names().await;
    let policies = names
        .iter()
        .filter(|name| **name == EventName::PolicyUpdated);
    assert_eq!(policies.count(), 1);
    // Neither other movements nor a location that is set again change it.
    store
        .transact(product, TransactionAction::Increment, 1)
        .await
        .expect("room");
    store
        .done(make::put(product, [("berlin", Some(9)), ("paris", None)]))
        .await;
    let moved = current(&store, product).await;
    assert_eq!(moved.policy, read.policy);
    assert!(moved.located.values().all(|it| !it.policy.is_default()));
    assert_intact(&store).await;
    store.done(DeletePolicy { product }).await;
    assert!(!current(&store, product).await.has_policy());
    store.done(policy(product, 7, &[(0, 1)], &[])).await;
    store.delete(product).await;
    store.create(product, 0).await;
    assert!(!current(&store, product).await.has_policy());
    assert_intact(&store).await;
}

/// Stock that is deleted and created anew in one commit doesn't inherit the policy.
pub async fn new_stock_has_no_policy(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.locate("berlin").await;
    let create = make::stock(product, 50, [("berlin", 5)]);
    store.done(create.clone()).await;
    store
        .done(policy(
            product,
            7,
            &[(60, 70)],
            &[("berlin", 2, &[(9, 10)])],
        ))
        .await;
    let anew = vec![
        store.command(DeleteStock { product }),
        store.command(create),
    ];
    for outcome in store.commit(anew).await {
        outcome.expect("it is allowed");
    }
    assert!(!current(&store, product).await.has_policy());
    assert!(low(&store, true).await.is_empty());
    assert_intact(&store).await;
}

/// Reservations leave the safety stock; movements don't care.
pub async fn reservations_leave_the_safety_stock(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.locate("berlin").await;
    store.done(make::stock(product, 6, [("berlin", 5)])).await;
    store
        .done(policy(product, 4, &[], &[("berlin", 2, &[])]))
        .await;
    let refused = store
        .ask(reserve_all(&[(product, Some("berlin"), 4)]))
        .await;
    assert!(
        matches!(refused, Err(Refusal::ReservationShort(_))),
        "{refused:?}"
    );
    let both = [(product, Some("berlin"), 3), (product, None, 5)];
    let Err(Refusal::ReservationShort(short)) = store.ask(reserve_all(&both)).await else {
        panic!("the stock keeps four pieces");
    };
    assert_eq!(short[0].available, make::quantity(4));
    store
        .done(reserve_all(&[
            (product, Some("berlin"), 3),
            (product, None, 4),
        ]))
        .await;
    let refused = store.ask(reserve(product, 1)).await;
    assert!(
        matches!(refused, Err(Refusal::ReservationShort(_))),
        "{refused:?}"
    );
    let decrement = TransactionAction::Decrement;
    store
        .transact(product, decrement, 2)
        .await
        .expect("they are there");
    assert_intact(&store).await;
}

/// An alert rings once until it is rearmed, whatever moved the stock, and lists find the stock.
pub async fn alerts_ring_once_until_they_are_rearmed(bench: Bench) {
    let store = bench.store().await;
    let [product, other] = [bench.product(), bench.product()];
    store.create(other, 1).await;
    store.create(product, 12).await;
    store.done(policy(product, 0, &[(10, 12)], &[])).await;
    assert_eq!(low(&store, true).await, []);
    assert_eq!(low(&store, false).await, [other, product]);
    store.reserved(reserve(product, 3)).await;
    assert_eq!(low(&store, true).await, [product]);
    assert_eq!(low(&store, false).await, [other]);
    store
        .transact(product, TransactionAction::Increment, 2)
        .await
        .expect("room");
    // Between the two figures; and then the reservation expires.
    assert_eq!(low(&store, true).await, [product]);
    bench.clock.advance(EXPIRY);
    let lines = [TransactionAction::Decrement, TransactionAction::Increment];
    let lines = lines.into_iter().cycle().take(11);
    let lines = lines.map(|action| Some(make::transaction(product, action, 8, None)));
    let many = TransactMany {
        lines: lines.collect(),
        atomic: true,
    };
    store.done(many).await;
    let events = store.events().await;
    let rung = events.iter().filter_map(|event| match &event.content {
        FeedContent::Event(event) => match &**event {
            Event::StockLow(it) => Some(("low", it.balance.available.get())),
            Event::StockRecovered(it) => Some(("recovered", it.balance.available.get())),
            _ => None,
        },
        FeedContent::Entry(..) => None,
    });
    let rung: Vec<_> = rung.collect();
    assert_eq!(rung, [("low", 9), ("recovered", 14), ("low", 6)]);
    assert_intact(&store).await;
}

/// An alert of a location ends with the location.
pub async fn an_alert_of_a_location_ends_with_it(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    let location = store.locate("berlin").await;
    store.done(make::stock(product, 6, [("berlin", 0)])).await;
    store
        .done(policy(product, 0, &[], &[("berlin", 0, &[(0, 1)])]))
        .await;
    assert_eq!(low(&store, true).await, [product]);
    assert!(current(&store, product).await.is_low());
    store.done(DeleteLocation { id: location.id }).await;
    assert_eq!(low(&store, true).await, []);
    assert!(!current(&store, product).await.has_policy());
    assert_intact(&store).await;
}

/// An owner's alerts are not those of others.
pub async fn alerts_of_others_are_not_listed(bench: Bench) {
    let (store, other) = (bench.store().await, bench.store().await);
    let product = bench.product();
    for client in [&store, &other] {
        client.create(product, 1).await;
    }
    store.done(policy(product, 0, &[(1, 2)], &[])).await;
    assert_eq!(low(&store, true).await, [product]);
    assert_eq!(low(&other, true).await, []);
}

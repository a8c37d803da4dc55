//! Locations that sell nothing.

use stockroom_domain::{
    CheckAvailability, Count, CountStock, ExpiresIn, ExtendReservation, Location, OrderId, Patch,
    ProductId, Refusal, Shortage, TransactionAction, UpdateLocation,
};

use crate::reservations::{EXPIRY, for_order, fulfil, pay, release, reserve_all};
use crate::{Bench, Client, make};

fn sells(location: &Location, enabled: bool) -> UpdateLocation {
    UpdateLocation {
        enabled: Patch::Set(enabled),
        ..UpdateLocation::new(location.id)
    }
}

fn short(product: ProductId, requested: u64, available: u64) -> Refusal {
    Refusal::ReservationShort(vec![Shortage {
        product,
        location: Some(make::slug("berlin")),
        requested,
        available: make::quantity(available),
    }])
}

/// The number of pieces in `berlin` that are available to an order.
async fn available(client: &Client, order: &str, product: ProductId) -> u64 {
    let check = CheckAvailability {
        order: Some(OrderId::new("order_id", order).expect("an order")),
        items: reserve_all(&[(product, Some("berlin"), 1)]).items,
        sourcing: None,
        by: None,
    };
    client.done(check).await[0].available.get()
}

/// Whether the stock shows its location as enabled, however it is read.
async fn assert_shown(client: &Client, product: ProductId, location: &Location, enabled: bool) {
    let mut read = client.stocks(&[]).await;
    read.extend(client.several(&[product]).await);
    read.extend(client.stock(product).await);
    read.retain(|stock| stock.product == product);
    assert_eq!(read.len(), 3);
    for stock in read {
        assert_eq!(stock.located[&location.id].enabled, enabled);
        assert_eq!(stock.sells_at(Some(location.id)), enabled);
    }
}

/// Every reservation sees at once whether a location is enabled, of its own or of shared stock.
pub async fn a_disabled_location_sells_nothing(bench: Bench) {
    let tenant = bench.tenant().await;
    let organization = tenant.organization();
    let store = tenant.store().await;
    for owner in [&organization, &store] {
        let berlin = owner.locate("berlin").await;
        let product = bench.product();
        owner.done(make::stock(product, 5, [("berlin", 4)])).await;
        let wanted = reserve_all(&[(product, Some("berlin"), 2)]);
        assert_shown(owner, product, &berlin, true).await;
        store.reserved(wanted.clone()).await;
        for _ in 0..2 {
            owner.done(sells(&berlin, false)).await;
            assert_shown(owner, product, &berlin, false).await;
            let refused = store.ask(wanted.clone()).await;
            assert_eq!(refused, Err(short(product, 2, 0)));
            assert_eq!(available(&store, "a", product).await, 0);
            let all = reserve_all(&[(product, None, 1), (product, Some("berlin"), 1)]);
            assert_eq!(store.ask(all).await, Err(short(product, 1, 0)));
            owner.done(sells(&berlin, true)).await;
            assert_eq!(available(&store, "a", product).await, 2);
        }
        let too_many = reserve_all(&[(product, Some("berlin"), 3)]);
        assert_eq!(store.ask(too_many).await, Err(short(product, 3, 2)));
        store.reserved(wanted).await;
        assert_eq!(available(&store, "a", product).await, 0);
        owner.assert_adds_up(product).await;
    }
}

/// In one batch, each command sees what those before it have done to the location.
pub async fn commands_of_one_batch_see_a_location_disabled(bench: Bench) {
    let store = bench.store().await;
    let berlin = store.locate("berlin").await;
    let product = bench.product();
    store.done(make::stock(product, 0, [("berlin", 9)])).await;
    let wanted = || store.command(reserve_all(&[(product, Some("berlin"), 1)]));
    let outcomes = store
        .commit(vec![
            wanted(),
            store.command(sells(&berlin, false)),
            wanted(),
            wanted(),
            store.command(sells(&berlin, true)),
            wanted(),
        ])
        .await;
    let accepted: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(accepted, [true, true, false, false, true, true]);
    assert_eq!(outcomes[2], Err(short(product, 1, 0)));
    assert_eq!(store.figures(product).await, [7, 2, 2]);
}

/// An order counts what it holds in a disabled location, and its reservation goes its way.
pub async fn what_is_reserved_in_a_disabled_location_goes_on(bench: Bench) {
    let store = bench.store().await;
    let berlin = store.locate("berlin").await;
    let product = bench.product();
    store.done(make::stock(product, 0, [("berlin", 10)])).await;
    let wanted =
        |order: &str, pieces| for_order(order, reserve_all(&[(product, Some("berlin"), pieces)]));
    let shipped = store.reserved(wanted("shipped", 3)).await;
    let released = store.reserved(wanted("released", 2)).await;
    store.reserved(wanted("expired", 1)).await;
    store.done(sells(&berlin, false)).await;
    for (order, pieces) in [("shipped", 3), ("released", 2), ("expired", 1), ("none", 0)] {
        assert_eq!(available(&store, order, product).await, pieces, "{order}");
    }
    // Asked for again, it is the same reservation.
    let again = store.done(wanted("shipped", 3)).await;
    assert_eq!((again.reservation.id, again.is_new), (shipped.id, false));
    let extend = ExtendReservation {
        reservation: shipped.reference(),
        expires_in: ExpiresIn::from_seconds(600).expect("a time"),
    };
    store.done(extend).await;
    store.done(release(&released)).await;
    bench.clock.advance(EXPIRY);
    store.done(pay(&shipped)).await;
    store.done(fulfil(&shipped)).await;
    store.settle(product).await;
    assert_eq!(store.figures(product).await, [7, 0, 0]);
    assert_eq!(available(&store, "expired", product).await, 0);
    store.assert_adds_up(product).await;
}

/// Nothing but reservations and availability checks looks at whether a location is enabled.
pub async fn stock_moves_in_a_disabled_location(bench: Bench) {
    let store = bench.store().await;
    let berlin = store.locate("berlin").await;
    store.done(sells(&berlin, false)).await;
    let [created, added, put] = [bench.product(), bench.product(), bench.product()];
    let stock = store.done(make::stock(created, 0, [("berlin", 1)])).await;
    assert!(!stock.sells_at(Some(berlin.id)));
    store.create(added, 1).await;
    store.create(put, 1).await;
    let stock = store.done(make::put(put, [("berlin", Some(2))])).await;
    assert!(!stock.sells_at(Some(berlin.id)));
    for (action, pieces) in [
        (TransactionAction::Increment, 6),
        (TransactionAction::Allocate, 4),
        (TransactionAction::Deallocate, 1),
        (TransactionAction::Decrement, 2),
        (TransactionAction::Set, 9),
    ] {
        let done = store.transact_at(added, action, pieces, "berlin").await;
        done.unwrap_or_else(|refusal| panic!("{action:?}: {refusal:?}"));
    }
    let count = Count {
        product: added,
        location: Some("berlin".to_owned()),
        counted: make::quantity(20),
        reference: None,
    };
    store.done(CountStock { count, as_of: None }).await;
    let stock = store.stock(added).await.expect("the stock");
    let balance = stock.balance(Some(berlin.id)).expect("a position");
    assert_eq!(balance.available, make::quantity(17));
    assert_eq!(balance.allocated, make::quantity(3));
    assert_eq!(stock.sellable_at(Some(berlin.id)), make::quantity(0));
    store.done(sells(&berlin, true)).await;
    for (product, pieces) in [(created, 1), (added, 17), (put, 2)] {
        assert_eq!(available(&store, "a", product).await, pieces);
    }
    for product in [created, added, put] {
        store.assert_adds_up(product).await;
    }
}

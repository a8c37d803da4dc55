//! An order's own reservation, seen by the order: in its cart, and after its expiry.

use stockroom_domain::{
    CheckAvailability, FulfilReservation, OrderId, PayReservation, ProductId, ReleaseReservation,
    ReservationState,
};

use crate::reservations::{EXPIRY, for_order, item, reserve, reserve_all};
use crate::{Bench, Client, make};

fn check(order: &str, items: &[(ProductId, Option<&str>, u64)]) -> CheckAvailability {
    CheckAvailability {
        order: Some(OrderId::new("order_id", order).expect("an order")),
        items: reserve_all(items).items,
        sourcing: None,
        by: None,
    }
}

/// A pending or paid reservation counts as available to its own order only; an order of the same
/// name in another store is another order.
pub async fn what_an_order_holds_is_available_to_it(bench: Bench) {
    let tenant = bench.tenant().await;
    let organization = tenant.organization();
    let [store, other] = [tenant.store().await, tenant.store().await];
    organization.locate("berlin").await;
    let [shared, own] = [bench.product(), bench.product()];
    let located = [("berlin", 4)];
    organization.done(make::stock(shared, 10, located)).await;
    store.create(own, 5).await;
    let items = [
        (shared, None, 8),
        (shared, Some("berlin"), 3),
        (own, None, 5),
        (shared, Some("berlin"), 1),
    ];
    let reserved = store.reserved(for_order("7", reserve_all(&items))).await;
    let asked = [
        (own, None, 1),
        (shared, Some("berlin"), 4),
        (shared, None, 10),
    ];
    let available = async |client: &Client, order: &str| {
        let found = client.done(check(order, &asked)).await;
        let pieces: Vec<u64> = found.iter().map(|it| it.available.get()).collect();
        pieces
    };
    let figures = [store.figures(own).await, store.figures(shared).await];
    for _ in 0..2 {
        assert_eq!(available(&store, "7").await, [5, 4, 10]);
        assert_eq!(available(&store, "8").await, [0, 0, 2]);
        assert_eq!(available(&other, "7").await, [0, 0, 2]);
        let reservation = reserved.reference();
        store.done(PayReservation { reservation }).await;
    }
    assert_eq!(
        [store.figures(own).await, store.figures(shared).await],
        figures
    );
    let reservation = reserved.reference();
    let items = Some(vec![item(shared, None, 6)]);
    store.done(FulfilReservation { reservation, items }).await;
    assert_eq!(available(&store, "7").await, [5, 4, 4]);
    // An unpaid reservation, until it expires.
    let short = for_order("9", reserve(shared, 2));
    store.reserved(short).await;
    bench.clock.advance(EXPIRY - 1);
    assert_eq!(available(&store, "9").await, [0, 0, 2]);
    bench.clock.advance(1);
    assert_eq!(available(&store, "9").await, [0, 0, 2]);
    assert_eq!(available(&other, "9").await, [0, 0, 2]);
    organization.assert_adds_up(shared).await;
}

/// An expired reservation is booked once, and keeps its state.
pub async fn releasing_what_has_expired_changes_nothing(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 10).await;
    let reserved = store.reserved(reserve(product, 4)).await;
    bench.clock.advance(EXPIRY + 5);
    let release = |items| ReleaseReservation {
        reservation: reserved.reference(),
        items,
    };
    let parts = [
        None,
        Some(vec![item(product, None, 1)]),
        Some(vec![item(product, None, 9)]),
    ];
    for items in parts {
        let answer = store.done(release(items)).await;
        assert_eq!(answer.state, ReservationState::Expired);
        let expected = reserved.clone().at(bench.clock.now());
        assert_eq!(answer, expected);
        assert_eq!(store.figures(product).await, [10, 0, 0]);
    }
    let written = [("create", 10), ("allocate", 4), ("deallocate", 4)];
    assert_eq!(store.written(product).await, written);
    let read = store.reservation(reserved.id, bench.clock.now()).await;
    assert_eq!(read.map(|it| it.state), Some(ReservationState::Expired));
}

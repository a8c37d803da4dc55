//! Shipped pieces that come back, in every database.

use stockroom_domain::{
    ItemPlace, ProductId, Quantity, Refusal, Reservation, ReservationState, ReturnReservation,
    ReturnedItem,
};

use crate::reservations::{for_order, fulfil, item, pay, release, reserve, reserve_all};
use crate::verify::assert_intact;
use crate::{Bench, Client, make};

pub(crate) fn returned(
    reservation: &Reservation,
    items: &[(ProductId, Option<&str>, u64)],
    reserve: bool,
) -> ReturnReservation {
    let items = items.iter().map(|(product, slug, pieces)| ReturnedItem {
        item: item(*product, *slug, *pieces),
        to: ItemPlace::Unnamed,
        damaged: false,
    });
    ReturnReservation {
        reservation: reservation.reference(),
        items: items.collect(),
        reserve,
    }
}

/// An order of 5 pieces in no location and 4 in berlin that is shipped.
async fn shipped(store: &Client, product: ProductId) -> Reservation {
    store.locate("berlin").await;
    store.done(make::stock(product, 9, [("berlin", 4)])).await;
    let items = [(product, None, 5), (product, Some("berlin"), 4)];
    let made = for_order("7", reserve_all(&items));
    let reservation = store.reserved(made).await;
    store.done(pay(&reservation)).await;
    store.done(fulfil(&reservation)).await
}

/// The pieces of each line: reserved, shipped, released, and those that came back.
fn figures(reservation: &Reservation) -> Vec<[u64; 4]> {
    let lines = reservation.lines.iter().map(|line| {
        [line.quantity, line.fulfilled, line.released, line.returned].map(Quantity::get)
    });
    lines.collect()
}

/// What came back is in the stock and in the lines, whatever is done next.
pub async fn what_comes_back_is_kept(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    let reservation = shipped(&store, product).await;
    let mut request = returned(&reservation, &[(product, None, 2)], false);
    request.items.push(ReturnedItem {
        item: item(product, Some("berlin"), 3),
        to: ItemPlace::Unlocated,
        damaged: true,
    });
    let after = store.done(request).await;
    assert_eq!(after.state, ReservationState::Fulfilled);
    assert_eq!(figures(&after), [[5, 5, 0, 2], [4, 4, 0, 3]]);
    let now = bench.clock.now();
    assert_eq!(store.reservation(after.id, now).await, Some(after.clone()));
    assert_eq!(store.figures(product).await, [6, 0, 0]);
    let refused = store
        .ask(returned(&after, &[(product, Some("berlin"), 2)], false))
        .await;
    let open = Refusal::NotSoManyShipped { product, open: 1 };
    assert_eq!(refused, Err(open));
    store.assert_adds_up(product).await;
    assert_intact(&store).await;
}

/// A shipment that was cancelled is open again, is shipped again, and keeps what came back otherwise.
pub async fn a_cancelled_shipment_is_shipped_again(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    let reservation = shipped(&store, product).await;
    store
        .done(returned(&reservation, &[(product, None, 1)], false))
        .await;
    let items = [(product, None, 3), (product, Some("berlin"), 4)];
    let open = store.done(returned(&reservation, &items, true)).await;
    assert_eq!(open.state, ReservationState::Paid);
    assert_eq!(figures(&open), [[5, 2, 0, 1], [4, 0, 0, 0]]);
    assert_eq!(store.figures(product).await, [5, 7, 7]);
    let now = bench.clock.now();
    assert_eq!(store.reservation(open.id, now).await, Some(open.clone()));
    assert_intact(&store).await;
    let shipped = store.done(fulfil(&open)).await;
    assert_eq!(figures(&shipped), [[5, 5, 0, 1], [4, 4, 0, 0]]);
    assert_eq!(store.reservation(open.id, now).await, Some(shipped));
    assert_eq!(store.figures(product).await, [5, 0, 0]);
    assert_intact(&store).await;
}

/// A reservation that lives again is the last one of its order, though the order has had another since.
pub async fn an_order_gets_its_old_reservation_again(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    let first = shipped(&store, product).await;
    // One piece is released, so that the order can get another reservation.
    let one = [(product, None, 1)];
    let open = store.done(returned(&first, &one, true)).await;
    let over = store.done(release(&open)).await;
    assert_eq!(over.state, ReservationState::Released);
    let second = store.reserved(for_order("7", reserve(product, 1))).await;
    let refused = store.ask(returned(&first, &one, true)).await;
    assert_eq!(refused, Err(Refusal::OrderReserved));
    store.done(release(&second)).await;
    for _ in 0..2 {
        let again = store.done(returned(&first, &one, true)).await;
        assert_eq!(again.state, ReservationState::Paid);
        let other = store.ask(for_order("7", reserve(product, 1))).await;
        assert_eq!(other.map(drop), Err(Refusal::OrderReserved));
    }
    let part = store.ask(returned(&second, &one, true)).await;
    assert_eq!(part, Err(Refusal::OrderReserved));
    let now = bench.clock.now();
    let read = store.reservation(first.id, now).await.expect("it exists");
    store.done(release(&read)).await;
    let third = store.reserved(for_order("7", reserve(product, 1))).await;
    assert_ne!(third.id, first.id);
    assert_intact(&store).await;
}

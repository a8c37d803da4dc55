//! Shipped pieces that come back.

use stockroom_domain::{
    DeleteStock, Entry, Event, FulfilReservation, ItemPlace, PayReservation, Quantity, Reason,
    Refusal, ReleaseReservation, Reservation, ReservationRef, ReservationState, ReservationStep,
    ReturnReservation, ReturnedItem,
};

use crate::scene::{MOST, at, balance, product, quantity, stock, store};
use crate::shop::{BERLIN, EXPIRY, Shop, berlin, item, reserve_for, set_aside};

/// A time at which all that these tests reserve has expired, unless it is paid for.
const LATER: i64 = EXPIRY + 10;

/// Pieces that come back to a place.
fn returned(slug: Option<&str>, pieces: u64, to: ItemPlace) -> ReturnedItem {
    ReturnedItem {
        item: item(slug, pieces),
        to,
        damaged: false,
    }
}

/// Pieces that come back to where they were.
fn back(slug: Option<&str>, pieces: u64) -> ReturnedItem {
    returned(slug, pieces, ItemPlace::Unnamed)
}

fn damaged(slug: Option<&str>, pieces: u64) -> ReturnedItem {
    ReturnedItem {
        damaged: true,
        ..back(slug, pieces)
    }
}

fn bring_back(
    shop: &mut Shop,
    reservation: &ReservationRef,
    items: Vec<ReturnedItem>,
    reserve: bool,
) -> Result<Reservation, Refusal> {
    let reservation = reservation.clone();
    shop.ask(
        LATER,
        ReturnReservation {
            reservation,
            items,
            reserve,
        },
    )
}

/// An order of 6 pieces in no location and 4 in berlin, of which 5 and 3 are shipped, in a shop that has no
/// others. The rest is released.
fn shipped() -> (Shop, ReservationRef) {
    let mut shop = Shop::with_berlin(6, 4);
    let made = shop.ask(0, reserve_for("order", &[(None, 6), (BERLIN, 4)]));
    let reservation = made.expect("reserved").reservation.reference();
    let pay = PayReservation {
        reservation: reservation.clone(),
    };
    shop.ask(1, pay).expect("paid");
    let fulfil = FulfilReservation {
        reservation: reservation.clone(),
        items: Some(vec![item(None, 5), item(BERLIN, 3)]),
    };
    shop.ask(2, fulfil).expect("fulfilled");
    let release = ReleaseReservation {
        reservation: reservation.clone(),
        items: None,
    };
    shop.ask(3, release).expect("released");
    assert_eq!(shop.figures(), [2, 0, 0]);
    (shop, reservation)
}

/// What the ledger says since an entry: what was done, to how many pieces, where, and why.
fn written(shop: &Shop, since: usize) -> Vec<(&'static str, u64, bool, &str)> {
    let entries = shop.entries[since..].iter().map(|entry: &Entry| {
        let reason = entry.annotation.reason.as_ref().map(Reason::as_str);
        let in_berlin = entry.location == Some(berlin());
        let (action, quantity) = (entry.action.as_str(), entry.quantity.get());
        (action, quantity, in_berlin, reason.unwrap_or_default())
    });
    entries.collect()
}

fn lines(reservation: &Reservation) -> Vec<[u64; 4]> {
    let lines = reservation.lines.iter().map(|line| {
        [line.quantity, line.fulfilled, line.released, line.returned].map(Quantity::get)
    });
    lines.collect()
}

fn last_steps(shop: &Shop) -> Vec<ReservationStep> {
    match shop.events.last() {
        Some(Event::ReservationUpdated(_, steps)) => steps.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn pieces_come_back_in_parts_and_damaged_ones_leave_at_once() {
    let (mut shop, reservation) = shipped();
    let since = shop.entries.len();
    let items = vec![back(None, 2), back(BERLIN, 1), damaged(None, 1)];
    let after = bring_back(&mut shop, &reservation, items, false).expect("they come back");
    assert_eq!(after.state, ReservationState::Released);
    assert_eq!(lines(&after), [[6, 5, 1, 3], [4, 3, 1, 1]]);
    assert_eq!(
        written(&shop, since),
        [
            ("increment", 2, false, "return"),
            ("increment", 1, true, "return"),
            ("increment", 1, false, "return damaged"),
            ("decrement", 1, false, "return damaged"),
        ]
    );
    assert_eq!(shop.figures(), [5, 0, 0]);
    assert_eq!(last_steps(&shop), [ReservationStep::Returned]);
    let id = reservation.id.to_string();
    for entry in &shop.entries[since..] {
        let reference = entry.annotation.reference.as_ref().expect("a reference");
        assert_eq!(reference.as_str(), id);
    }
    // No more than were shipped.
    for (items, open) in [
        (vec![back(None, 3)], 2),
        (vec![back(None, 1), damaged(None, 2)], 2),
        (vec![back(BERLIN, 3)], 2),
        (vec![back(Some("nowhere"), 1)], 0),
    ] {
        let refused = bring_back(&mut shop, &reservation, items, false);
        let product = product();
        assert_eq!(refused, Err(Refusal::NotSoManyShipped { product, open }));
    }
    assert_eq!(shop.figures(), [5, 0, 0]);
}

#[test]
fn pieces_come_to_the_place_that_is_named() {
    let (mut shop, reservation) = shipped();
    let to = |slug: &str| ItemPlace::Location(slug.to_owned());
    let items = vec![
        returned(None, 2, to("berlin")),
        returned(BERLIN, 1, ItemPlace::Unlocated),
    ];
    let since = shop.entries.len();
    bring_back(&mut shop, &reservation, items, false).expect("they come back");
    let expected = [
        ("increment", 1, false, "return"),
        ("increment", 2, true, "return"),
    ];
    assert_eq!(written(&shop, since), expected);
    let nowhere = vec![returned(None, 9, to("nowhere"))];
    let refused = bring_back(&mut shop, &reservation, nowhere, false);
    let slug = "nowhere".to_owned();
    assert_eq!(refused, Err(Refusal::UnknownLocation { slug }));
}

#[test]
fn a_cancelled_shipment_is_open_again_for_the_same_order() {
    let (mut shop, reservation) = shipped();
    let since = shop.entries.len();
    let items = vec![back(None, 2), back(BERLIN, 3)];
    let after = bring_back(&mut shop, &reservation, items, true).expect("they come back");
    assert_eq!(after.state, ReservationState::Paid);
    assert_eq!(lines(&after), [[6, 3, 1, 0], [4, 0, 1, 0]]);
    assert_eq!(
        written(&shop, since),
        [
            ("increment", 2, false, "return"),
            ("allocate", 2, false, "return"),
            ("increment", 3, true, "return"),
            ("allocate", 3, true, "return"),
        ]
    );
    assert_eq!(shop.figures(), [2, 5, 5]);
    assert_eq!(last_steps(&shop), [ReservationStep::Returned]);
    // They are shipped again.
    let fulfil = FulfilReservation {
        reservation: reservation.clone(),
        items: None,
    };
    let shipped = shop.ask(LATER, fulfil).expect("fulfilled");
    assert_eq!(shipped.state, ReservationState::Fulfilled);
    assert_eq!(lines(&shipped), [[6, 5, 1, 0], [4, 3, 1, 0]]);
    assert_eq!(shop.figures(), [2, 0, 0]);
}

/// A line of that place is added, as when pieces are moved.
#[test]
fn a_cancelled_shipment_may_be_open_at_another_place() {
    let (mut shop, reservation) = shipped();
    let to = ItemPlace::Location("berlin".to_owned());
    let items = vec![returned(None, 2, to)];
    let after = bring_back(&mut shop, &reservation, items, true).expect("they come back");
    assert_eq!(lines(&after), [[4, 3, 1, 0], [2, 0, 0, 0], [4, 3, 1, 0]]);
    let items = after.items();
    assert_eq!(items.len(), 2);
    assert!(items[0].is_sourced() && !items[1].is_sourced());
    assert!(after.is_consistent());
    let stock = shop.stock();
    assert_eq!(stock.held(Some(berlin())), quantity(2));
}

#[test]
fn an_order_has_one_living_reservation() {
    let (mut shop, reservation) = shipped();
    let next = shop.ask(4, reserve_for("order", &[(None, 1)]));
    let next = next.expect("reserved").reservation.reference();
    let refused = bring_back(&mut shop, &reservation, vec![back(None, 1)], true);
    // It has expired by now, and is the last of its order all the same.
    let reopened = refused.expect("the other one has expired");
    assert_eq!(reopened.state, ReservationState::Paid);
    let order = reopened.order.clone().expect("an order");
    assert_eq!(shop.orders[&(store(), order)], reopened.id);
    let pay = PayReservation { reservation: next };
    let expired = Refusal::ReservationIs(ReservationState::Expired);
    assert_eq!(shop.ask(LATER, pay), Err(expired));
    let other = shop.ask(LATER, reserve_for("order", &[(None, 1)]));
    assert_eq!(other, Err(Refusal::OrderReserved));

    let (mut shop, reservation) = shipped();
    let next = shop.ask(4, reserve_for("order", &[(None, 1)]));
    let pay = PayReservation {
        reservation: next.expect("reserved").reservation.reference(),
    };
    shop.ask(5, pay).expect("paid");
    let refused = bring_back(&mut shop, &reservation, vec![back(None, 1)], true);
    assert_eq!(refused, Err(Refusal::OrderReserved));
    bring_back(&mut shop, &reservation, vec![back(None, 1)], false).expect("it comes back");
}

#[test]
fn what_was_written_off_can_be_set_aside_again() {
    let mut shop = Shop::with(5);
    let held = shop.ask(0, set_aside(&[(None, 3)])).expect("set aside");
    let reservation = held.reservation.reference();
    let fulfil = FulfilReservation {
        reservation: reservation.clone(),
        items: None,
    };
    shop.ask(1, fulfil).expect("written off");
    let after = bring_back(&mut shop, &reservation, vec![back(None, 2)], true);
    assert_eq!(after.expect("they come back").state, ReservationState::Held);
    assert_eq!(shop.figures(), [2, 2, 2]);
    assert_eq!(shop.stock().set_aside_in_all(), quantity(2));
}

#[test]
fn nothing_comes_back_to_stock_that_is_gone_or_full() {
    let (mut shop, reservation) = shipped();
    shop.ask(4, DeleteStock { product: product() })
        .expect("deleted");
    let refused = bring_back(&mut shop, &reservation, vec![back(None, 1)], false);
    let products = vec![product()];
    assert_eq!(refused, Err(Refusal::ProductsWithoutStock { products }));
    // Stock that was created anew takes it, though it isn't in the location yet.
    let anew = stock(store(), balance(MOST - 1, 0));
    shop.add(stockroom_domain::Stock {
        updated_at: at(5),
        ..anew
    });
    let full = bring_back(
        &mut shop,
        &reservation,
        vec![back(None, 1), damaged(None, 1)],
        false,
    );
    assert!(
        matches!(full, Err(Refusal::TotalWouldOverflow(_))),
        "{full:?}"
    );
    let one = bring_back(&mut shop, &reservation, vec![back(BERLIN, 1)], false);
    one.expect("it comes back");
    assert_eq!(shop.stock().balance(Some(berlin())), Some(balance(1, 0)));
}

#[test]
fn nothing_comes_back_of_what_was_never_shipped() {
    let mut shop = Shop::with(5);
    let reservation = shop.pending(5);
    let refused = bring_back(&mut shop, &reservation, vec![back(None, 1)], true);
    let product = product();
    assert_eq!(refused, Err(Refusal::NotSoManyShipped { product, open: 0 }));
}

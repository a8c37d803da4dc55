//! Locations that sell nothing: what stops there, and what goes on.

use stockroom_domain::{
    CheckAvailability, Count, CountStock, EchoedFigures, ExpiresIn, ExtendReservation,
    FulfilReservation, OrderId, PayReservation, Refusal, ReleaseReservation, ReservationRef,
    SetLocations, Shortage, Transact, TransactionAction,
};

use crate::scene::{balance, id, product, quantity, slug};
use crate::shop::{BERLIN, EXPIRY, Shop, berlin, item, reserve, reserve_for};

fn short(location: Option<&str>, requested: u64, available: u64) -> Refusal {
    Refusal::ReservationShort(vec![Shortage {
        product: product(),
        location: location.map(slug),
        requested,
        available: quantity(available),
    }])
}

/// The figures available to an order: in no location, and in `berlin`.
fn available(shop: &mut Shop, now: i64, order: &str) -> [u64; 2] {
    let check = CheckAvailability {
        order: Some(OrderId::new("order_id", order).expect("an order")),
        items: vec![item(None, 1), item(BERLIN, 1)],
        sourcing: None,
        by: None,
    };
    let found = shop.ask(now, check).expect("an answer");
    [found[0].available.get(), found[1].available.get()]
}

fn in_berlin(shop: &Shop) -> [u64; 2] {
    let balance = shop.stock().balance(Some(berlin())).expect("a position");
    [balance.available.get(), balance.allocated.get()]
}

#[test]
fn the_pool_and_enabled_locations_sell_what_is_available() {
    let mut shop = Shop::with_berlin(3, 5);
    let madrid = Some(id(0x11));
    for (enabled, sellable) in [(true, 5), (false, 0)] {
        let mut stock = shop.stock().clone();
        stock.located.get_mut(&berlin()).expect("berlin").enabled = enabled;
        assert!(stock.sells_at(None));
        assert_eq!(stock.sells_at(Some(berlin())), enabled);
        assert!(!stock.sells_at(madrid), "the stock isn't there");
        assert_eq!(stock.sellable_at(None), quantity(3));
        assert_eq!(stock.sellable_at(Some(berlin())), quantity(sellable));
        assert_eq!(stock.sellable_at(madrid), quantity(0));
        // Whether it sells changes no figure.
        assert_eq!(stock.sums(), balance(8, 0));
        shop.add(stock);
    }
}

#[test]
fn nothing_is_reserved_until_it_is_enabled_again() {
    let mut shop = Shop::with_berlin(3, 5);
    shop.berlin_disabled = true;
    assert_eq!(
        shop.ask(0, reserve(&[(BERLIN, 1)])),
        Err(short(BERLIN, 1, 0))
    );
    // All or nothing: the pool alone would have had enough.
    assert_eq!(
        shop.ask(1, reserve(&[(None, 2), (BERLIN, 4), (BERLIN, 1)])),
        Err(short(BERLIN, 5, 0))
    );
    assert_eq!(shop.entries, []);
    shop.ask(2, reserve(&[(None, 3)])).expect("of the pool");
    shop.berlin_disabled = false;
    shop.ask(3, reserve(&[(BERLIN, 5)])).expect("enabled again");
    assert_eq!(in_berlin(&shop), [0, 5]);
}

#[test]
fn an_order_still_counts_what_it_holds_there() {
    let mut shop = Shop::with_berlin(3, 5);
    shop.ask(0, reserve_for("a", &[(BERLIN, 2)]))
        .expect("a reservation");
    assert_eq!(available(&mut shop, 1, "a"), [3, 5]);
    assert_eq!(available(&mut shop, 1, "b"), [3, 3]);
    shop.berlin_disabled = true;
    assert_eq!(available(&mut shop, 2, "a"), [3, 2]);
    assert_eq!(available(&mut shop, 2, "b"), [3, 0]);
    // Asked for the same again, it is the same reservation.
    let again = shop.ask(3, reserve_for("a", &[(BERLIN, 2)]));
    assert!(!again.expect("the reservation").is_new);
    // What has run out is there again, but not for sale.
    assert_eq!(available(&mut shop, EXPIRY, "a"), [3, 0]);
    assert_eq!(in_berlin(&shop), [5, 0]);
}

#[test]
fn what_is_reserved_there_is_extended_paid_for_shipped_and_released() {
    let mut shop = Shop::with_berlin(0, 5);
    let reserved = shop.ask(0, reserve(&[(BERLIN, 4)])).expect("reserved");
    let reservation: ReservationRef = reserved.reservation.reference();
    shop.berlin_disabled = true;
    let expires_in = ExpiresIn::from_seconds(600).expect("a time");
    let extend = ExtendReservation {
        reservation: reservation.clone(),
        expires_in,
    };
    shop.ask(1, extend).expect("extended");
    let pay = PayReservation {
        reservation: reservation.clone(),
    };
    shop.ask(2, pay).expect("paid");
    let fulfil = FulfilReservation {
        reservation: reservation.clone(),
        items: Some(vec![item(BERLIN, 3)]),
    };
    shop.ask(3, fulfil).expect("fulfilled");
    assert_eq!(in_berlin(&shop), [1, 1]);
    let release = ReleaseReservation {
        reservation,
        items: None,
    };
    shop.ask(4, release).expect("released");
    assert_eq!(in_berlin(&shop), [2, 0]);
}

#[test]
fn every_transaction_goes_on() {
    let mut shop = Shop::with_berlin(0, 5);
    shop.berlin_disabled = true;
    for (action, pieces, expected) in [
        (TransactionAction::Allocate, 5, [0, 5]),
        (TransactionAction::Deallocate, 2, [2, 3]),
        (TransactionAction::Increment, 4, [6, 3]),
        (TransactionAction::Decrement, 6, [0, 3]),
        (TransactionAction::Set, 10, [7, 3]),
    ] {
        let request = Transact {
            location: Some("berlin".to_owned()),
            ..Transact::new(product(), action, quantity(pieces))
        };
        shop.ask(0, request).expect("accepted");
        assert_eq!(in_berlin(&shop), expected, "{action:?}");
    }
    let put = SetLocations {
        product: product(),
        located: [(slug("berlin"), Some(quantity(1)))].into(),
        echoed: EchoedFigures::default(),
    };
    shop.ask(1, put).expect("set");
    assert_eq!(in_berlin(&shop), [1, 3]);
    let count = Count {
        product: product(),
        location: Some("berlin".to_owned()),
        counted: quantity(9),
        reference: None,
    };
    let count = CountStock { count, as_of: None };
    shop.ask(2, count).expect("counted");
    assert_eq!(in_berlin(&shop), [6, 3]);
}

/// A stock that comes to a disabled location has a disabled position, in the answer already.
#[test]
fn stock_that_comes_there_is_not_for_sale() {
    for place in ["transaction", "put"] {
        let mut shop = Shop::with(3);
        shop.berlin_disabled = true;
        if place == "put" {
            let put = SetLocations {
                product: product(),
                located: [(slug("berlin"), Some(quantity(2)))].into(),
                echoed: EchoedFigures::default(),
            };
            let answer = shop.ask(0, put).expect("set");
            assert!(!answer.sells_at(Some(berlin())));
        } else {
            let request = Transact {
                location: Some("berlin".to_owned()),
                ..Transact::new(product(), TransactionAction::Increment, quantity(2))
            };
            shop.ask(0, request).expect("accepted");
        }
        assert!(!shop.stock().located[&berlin()].enabled, "{place}");
    }
}

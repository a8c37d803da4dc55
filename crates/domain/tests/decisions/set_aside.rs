//! Stock set aside with a reason.

use stockroom_domain::{
    EditReservation, FulfilReservation, MoveReservation, MovedItem, Policy, Reason, Reference,
    Refusal, ReleaseReservation, Reservation, ReservationRef, ReservationState, Shortage,
};

use crate::scene::{at, product, quantity, slug};
use crate::shop::{BERLIN, EXPIRY, Shop, berlin, item, reserve, set_aside};

/// A shop with 10 pieces in no location and 4 in berlin, which sells nothing. All of them are safety stock.
fn shop() -> Shop {
    let mut shop = Shop::with_berlin(10, 4);
    shop.berlin_disabled = true;
    let mut stock = shop.stock().clone();
    stock.policy = Policy {
        safety_stock: quantity(14),
        ..Policy::default()
    };
    let position = stock.located.get_mut(&berlin()).expect("berlin");
    position.policy.safety_stock = quantity(4);
    shop.add(stock);
    shop
}

fn aside(shop: &mut Shop, items: &[(Option<&str>, u64)]) -> Reservation {
    let reserved = shop.ask(0, set_aside(items)).expect("set aside");
    assert!(reserved.is_new);
    reserved.reservation
}

/// The pieces set aside: in no location, in berlin, and in all.
fn figures(shop: &Shop) -> [u64; 3] {
    let stock = shop.stock();
    [
        stock.set_aside(None).get(),
        stock.set_aside(Some(berlin())).get(),
        stock.set_aside_in_all().get(),
    ]
}

#[test]
fn safety_stock_and_disabled_locations_do_not_count() {
    let mut shop = shop();
    assert!(shop.reserve(0, 1).is_err());
    let held = aside(&mut shop, &[(None, 6), (BERLIN, 4), (None, 4)]);
    assert_eq!(held.state, ReservationState::Held);
    assert_eq!(
        held.hold_reason.as_ref().map(Reason::as_str),
        Some("damaged")
    );
    assert_eq!(shop.figures(), [0, 14, 14]);
    assert_eq!(figures(&shop), [10, 4, 14]);
    assert_eq!(shop.written(0), [("allocate", 10), ("allocate", 4)]);
    for entry in &shop.entries {
        let (reason, reference) = (&entry.annotation.reason, &entry.annotation.reference);
        assert_eq!(reason.as_ref().map(Reason::as_str), Some("damaged"));
        let id = held.id.to_string();
        assert_eq!(reference.as_ref().map(Reference::as_str), Some(id.as_str()));
    }
}

#[test]
fn all_that_is_short_is_named_with_what_is_available() {
    let mut shop = shop();
    let refused = shop.ask(0, set_aside(&[(None, 11), (BERLIN, 5)]));
    let shortage = |location: Option<&str>, requested, available| Shortage {
        product: product(),
        location: location.map(slug),
        requested,
        available: quantity(available),
    };
    let shortages = vec![shortage(None, 11, 10), shortage(BERLIN, 5, 4)];
    assert_eq!(refused, Err(Refusal::ReservationShort(shortages)));
    let refused = shop.ask(0, set_aside(&[(None, 11), (Some("nowhere"), 1)]));
    let slug = "nowhere".to_owned();
    assert_eq!(refused, Err(Refusal::UnknownLocation { slug }));
    assert_eq!(figures(&shop), [0, 0, 0]);
}

#[test]
fn parts_are_released_or_written_off_for_the_same_reason() {
    let mut shop = shop();
    let reservation = aside(&mut shop, &[(None, 6), (BERLIN, 4)]).reference();
    let part = |slug, pieces| Some(vec![item(slug, pieces)]);
    let release = |reservation: &ReservationRef, items| ReleaseReservation {
        reservation: reservation.clone(),
        items,
    };
    let fulfil = |reservation: &ReservationRef, items| FulfilReservation {
        reservation: reservation.clone(),
        items,
    };
    // Time doesn't matter to it.
    let released = shop.ask(EXPIRY, release(&reservation, part(None, 2)));
    assert_eq!(released.expect("released").state, ReservationState::Held);
    assert_eq!((figures(&shop), shop.figures()), ([4, 4, 8], [6, 8, 8]));
    let written_off = shop.ask(EXPIRY, fulfil(&reservation, part(BERLIN, 3)));
    assert_eq!(
        written_off.expect("written off").state,
        ReservationState::Held
    );
    assert_eq!((figures(&shop), shop.figures()), ([4, 1, 5], [6, 5, 5]));
    let refused = shop.ask(EXPIRY, fulfil(&reservation, part(BERLIN, 2)));
    let open = Refusal::NotSoManyOpen {
        product: product(),
        open: 1,
    };
    assert_eq!(refused, Err(open));
    let done = shop.ask(EXPIRY, release(&reservation, None));
    assert_eq!(done.expect("released").state, ReservationState::Released);
    assert_eq!((figures(&shop), shop.figures()), ([0, 0, 0], [11, 0, 0]));
    let reasons = shop.entries.iter().map(|it| it.annotation.reason.as_ref());
    let mut reasons = reasons.map(|reason| reason.map(Reason::as_str));
    assert!(reasons.all(|reason| reason == Some("damaged")));
}

#[test]
fn pieces_for_a_buyer_and_pieces_set_aside_are_told_apart() {
    let mut shop = Shop::with(10);
    let sold = shop.ask(0, reserve(&[(None, 3)])).expect("reserved");
    aside(&mut shop, &[(None, 2)]);
    assert_eq!((figures(&shop), shop.figures()), ([2, 0, 2], [5, 5, 5]));
    let reservation = sold.reservation.reference();
    let items = None;
    shop.ask(1, ReleaseReservation { reservation, items })
        .expect("released");
    assert_eq!((figures(&shop), shop.figures()), ([2, 0, 2], [8, 2, 2]));
}

#[test]
fn what_is_set_aside_is_neither_moved_nor_edited() {
    let mut shop = shop();
    let reservation = aside(&mut shop, &[(None, 2)]).reference();
    let moved = shop.ask(
        1,
        MoveReservation {
            reservation: reservation.clone(),
            items: vec![MovedItem {
                product: product(),
                from: None,
                to: BERLIN.map(str::to_owned),
                quantity: quantity(1),
            }],
        },
    );
    assert_eq!(moved, Err(Refusal::ReservationIs(ReservationState::Held)));
    let edited = shop.ask(
        1,
        EditReservation {
            reservation: reservation.clone(),
            items: vec![item(None, 1)],
            expires_in: None,
            expect_version: None,
        },
    );
    assert_eq!(edited, Err(Refusal::ReservationIs(ReservationState::Held)));
    let untouched = shop.reservation(&reservation).clone().at(at(EXPIRY));
    assert_eq!(untouched.state, ReservationState::Held);
    assert_eq!(figures(&shop), [2, 0, 2]);
}

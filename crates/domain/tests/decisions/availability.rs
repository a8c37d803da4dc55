//! What is available to an order that may have a reservation already.

use stockroom_domain::{
    CheckAvailability, FulfilReservation, ItemAvailability, OrderId, PayReservation,
    ReleaseReservation, ReservationItem, ReservationRef,
};

use crate::scene::{Scene, actor, balance, id, location, other_store, quantity, stock, store};
use crate::shop::{EXPIRY, Shop, item, item_of, other_stock, reserve_for};

fn order(name: &str) -> OrderId {
    OrderId::new("order_id", name).expect("an order")
}

fn check(name: &str, items: Vec<ReservationItem>) -> CheckAvailability {
    CheckAvailability {
        order: Some(order(name)),
        items,
        sourcing: None,
        by: None,
    }
}

/// What is available to an order of one piece of the product.
fn available(shop: &mut Shop, now: i64, name: &str) -> u64 {
    let before = shop.clone();
    let found = shop.ask(now, check(name, vec![item(None, 1)]));
    let found = found.expect("an answer").remove(0);
    // What has run out is booked, which any decision does.
    if now < EXPIRY {
        assert_eq!(shop.stocks, before.stocks);
        assert_eq!(shop.reservations, before.reservations);
    }
    found.available.get()
}

/// A shop with 10 pieces, of which the order `a` has reserved 8.
fn shop() -> (Shop, ReservationRef) {
    let mut shop = Shop::with(10);
    let reserved = shop.ask(0, reserve_for("a", &[(None, 8)]));
    let reserved = reserved.expect("a reservation").reservation;
    (shop, reserved.reference())
}

#[test]
fn what_an_order_holds_itself_is_available_to_it() {
    let (mut shop, reservation) = shop();
    for (name, pieces) in [("a", 10), ("b", 2)] {
        assert_eq!(available(&mut shop, 1, name), pieces, "pending, to {name}");
    }
    let pay = PayReservation {
        reservation: reservation.clone(),
    };
    shop.ask(2, pay).expect("paid");
    for now in [3, EXPIRY * 2] {
        for (name, pieces) in [("a", 10), ("b", 2)] {
            assert_eq!(available(&mut shop, now, name), pieces, "paid, to {name}");
        }
    }
}

/// What is shipped is gone, and what is given back is there for all.
#[test]
fn only_what_is_open_counts() {
    let (mut shop, reservation) = shop();
    let part = |pieces| Some(vec![item(None, pieces)]);
    let release = ReleaseReservation {
        reservation: reservation.clone(),
        items: part(1),
    };
    shop.ask(1, release).expect("released");
    assert_eq!(
        [available(&mut shop, 2, "a"), available(&mut shop, 2, "b")],
        [10, 3]
    );
    let pay = PayReservation {
        reservation: reservation.clone(),
    };
    shop.ask(3, pay).expect("paid");
    let fulfil = |items| FulfilReservation {
        reservation: reservation.clone(),
        items,
    };
    shop.ask(4, fulfil(part(5))).expect("fulfilled");
    assert_eq!(
        [available(&mut shop, 5, "a"), available(&mut shop, 5, "b")],
        [5, 3]
    );
    shop.ask(6, fulfil(None)).expect("fulfilled");
    assert_eq!(
        [available(&mut shop, 7, "a"), available(&mut shop, 7, "b")],
        [3, 3]
    );
}

/// From the instant of expiry on, all of it is there for all, and is counted once.
#[test]
fn what_has_expired_is_not_the_orders() {
    let (mut shop, _) = shop();
    assert_eq!(available(&mut shop, EXPIRY - 1, "a"), 10);
    for now in [EXPIRY, EXPIRY + 1] {
        for name in ["a", "b"] {
            assert_eq!(available(&mut shop, now, name), 10, "{name}");
        }
    }
    // Another one takes what has become free.
    shop.ask(EXPIRY + 2, reserve_for("b", &[(None, 7)]))
        .expect("a reservation");
    assert_eq!(available(&mut shop, EXPIRY + 3, "a"), 3);
}

#[test]
fn each_position_counts_what_is_held_there() {
    let mut shop = Shop::with(10);
    shop.add(other_stock(4));
    let mut located = shop.stock().clone();
    let berlin = location(store(), 0x10, "berlin");
    let position = stockroom_domain::Position {
        balance: balance(6, 0),
        ..stockroom_domain::Position::empty(&berlin)
    };
    located.located.insert(berlin.id, position);
    shop.add(located);
    let mut reserve = reserve_for("a", &[(None, 3), (Some("berlin"), 1), (Some("berlin"), 4)]);
    reserve.items.push(item_of(id(0xB), None, 4));
    shop.ask(0, reserve).expect("a reservation");
    let items = vec![
        item_of(id(0xB), None, 4),
        item(Some("berlin"), 5),
        item(None, 11),
        item(Some("berlin"), 2),
        item(Some("madrid"), 1),
        item_of(id(0xC), None, 1),
    ];
    let found = shop.ask(1, check("a", items.clone())).expect("an answer");
    let shown = |it: &ItemAvailability| (it.requested, it.available.get(), it.is_sufficient());
    let expected = [
        (4, 4, true),
        (7, 6, false),
        (11, 10, false),
        (7, 6, false),
        (1, 0, false),
        (1, 0, false),
    ];
    assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), expected);
    let others = shop.ask(1, check("b", items)).expect("an answer");
    let available: Vec<u64> = others.iter().map(|it| it.available.get()).collect();
    assert_eq!(available, [0, 1, 7, 1, 0, 0]);
}

/// Of the same name, in the same organization, of the same shared stock.
#[test]
fn another_stores_order_is_nothing_to_it() {
    let (shop, reservation) = shop();
    let mut reservation = shop.reservations[&reservation.id].clone();
    reservation.owner = other_store();
    let mut scene =
        Scene::new(check("a", vec![item(None, 1)])).with_stock(stock(store(), balance(2, 8)));
    let key = (other_store(), order("a"));
    scene.state.orders.insert(key, reservation.id);
    scene.state.reservations.insert(reservation.id, reservation);
    assert_eq!(scene.accepted().answer[0].available, quantity(2));
    scene.actor = actor(other_store());
    // It doesn't see the stock that its reservation is of, either.
    assert_eq!(scene.accepted().answer[0].available, quantity(0));
}

/// A store that has got stock of its own since sees that alone.
#[test]
fn what_is_held_of_other_stock_does_not_count() {
    let (shop, reservation) = shop();
    let mut reservation = shop.reservations[&reservation.id].clone();
    let line = &mut reservation.lines[0];
    line.stock = id(0x77);
    let mut scene =
        Scene::new(check("a", vec![item(None, 1)])).with_stock(stock(store(), balance(2, 0)));
    scene
        .state
        .orders
        .insert((store(), order("a")), reservation.id);
    scene.state.reservations.insert(reservation.id, reservation);
    assert_eq!(scene.accepted().answer[0].available, quantity(2));
}

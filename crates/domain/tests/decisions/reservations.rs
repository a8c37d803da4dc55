//! Reservations, from the first to the last.

use stockroom_domain::{
    DeleteStock, EntryAction, ExpireReservation, ExpiresIn, ExtendReservation, FulfilReservation,
    PayReservation, Refusal, RefusedMovement, ReleaseReservation, Reservation, ReservationRef,
    ReservationState, SettleStock, Shortage, Stock, Transact, TransactionAction, Undo,
};

use crate::scene::{
    MOST, Scene, assert_precedence, at, balance, id, location, product, quantity, slug, stock,
    store,
};
use crate::shop::{EXPIRY, Shop, item, item_of, other_stock, reserve, reserve_for, set_aside};

/// The states, by what leads to each from a reservation of 5 pieces out of 10.
const STATES: [&str; 6] = [
    "pending",
    "paid",
    "fulfilled",
    "released",
    "expired",
    "held",
];

/// A shop in which a reservation has got so far at the given time.
fn shop_with(state: &str) -> (Shop, ReservationRef) {
    let mut shop = Shop::with(10);
    if state == "held" {
        let held = shop.ask(0, set_aside(&[(None, 5)])).expect("set aside");
        return (shop, held.reservation.reference());
    }
    let reservation = shop.pending(5);
    let pay = PayReservation {
        reservation: reservation.clone(),
    };
    match state {
        // Whether or not anybody has noticed yet that it has expired.
        "pending" | "expired" => {}
        "paid" => drop(shop.ask(1, pay).expect("paid")),
        "fulfilled" => {
            shop.ask(1, pay).expect("paid");
            shop.ask(1, fulfil(&reservation)).expect("fulfilled");
        }
        "released" => drop(shop.ask(1, release(&reservation)).expect("released")),
        other => panic!("{other}"),
    }
    (shop, reservation)
}

fn release(reservation: &ReservationRef) -> ReleaseReservation {
    ReleaseReservation {
        reservation: reservation.clone(),
        items: None,
    }
}

fn fulfil(reservation: &ReservationRef) -> FulfilReservation {
    FulfilReservation {
        reservation: reservation.clone(),
        items: None,
    }
}

fn extend(reservation: &ReservationRef, seconds: u64) -> ExtendReservation {
    ExtendReservation {
        reservation: reservation.clone(),
        expires_in: ExpiresIn::from_seconds(seconds).expect("a time"),
    }
}

/// Asks for a transition by its name.
fn transition(
    shop: &mut Shop,
    now: i64,
    name: &str,
    reservation: &ReservationRef,
) -> Result<Reservation, Refusal> {
    let reservation = reservation.clone();
    match name {
        "pay" => shop.ask(now, PayReservation { reservation }),
        "release" => shop.ask(now, release(&reservation)),
        "fulfil" => shop.ask(now, fulfil(&reservation)),
        "extend" => shop.ask(now, extend(&reservation, 120)),
        "expire" => {
            let id = reservation.id;
            shop.ask(now, ExpireReservation { reservation })?;
            Ok(shop.reservations[&id].clone().at(at(now)))
        }
        other => panic!("{other}"),
    }
}

#[test]
fn each_transition_from_each_state_does_what_it_is_for() {
    // What becomes of pending, paid, fulfilled, released, expired and held ones: the state after it, or
    // nothing where it is refused; and what the ledger says.
    let table = [
        ("pay", ["paid", "paid", "", "", "", ""]),
        (
            "release",
            [
                "released", "released", "", "released", "expired", "released",
            ],
        ),
        (
            "fulfil",
            ["", "fulfilled", "fulfilled", "", "", "fulfilled"],
        ),
        ("extend", ["pending", "", "", "", "", ""]),
        ("expire", STATES),
    ];
    for (name, afters) in table {
        for (before, after) in STATES.into_iter().zip(afters) {
            let (mut shop, reservation) = shop_with(before);
            let now = if before == "expired" { EXPIRY } else { 2 };
            let written = shop.entries.len();
            let made = transition(&mut shop, now, name, &reservation);
            let what = format!("{name} of {before}");
            if after.is_empty() {
                let refused = made.expect_err(&what);
                let Refusal::ReservationIs(state) = refused else {
                    panic!("{what}: {refused:?}");
                };
                assert_eq!(state.as_str(), before, "{what}");
            } else {
                assert_eq!(made.expect(&what).state.as_str(), after, "{what}");
            }
            let expected: &[(&str, u64)] = match (name, before) {
                (_, "expired") | ("release", "pending" | "paid" | "held") => &[("deallocate", 5)],
                ("fulfil", "paid" | "held") => &[("deallocate", 5), ("decrement", 5)],
                _ => &[],
            };
            assert_eq!(shop.written(written), expected, "{what}");
            let reference = reservation.id.to_string();
            for entry in &shop.entries {
                let said = entry.annotation.reference.as_ref().expect("a reference");
                assert_eq!(said.as_str(), reference, "{what}");
            }
            let figures = match shop.reservation(&reservation).clone().at(at(now)).state {
                ReservationState::Pending { .. }
                | ReservationState::Paid
                | ReservationState::Held => [5, 5, 5],
                ReservationState::Fulfilled => [5, 0, 0],
                ReservationState::Released | ReservationState::Expired => [10, 0, 0],
            };
            assert_eq!(shop.figures(), figures, "{what}");
        }
    }
}

#[test]
fn refusals_of_a_reservation_come_in_order() {
    let request = reserve_for("order", &[(Some("here"), 1)]);
    let scene = Scene::new(request)
        .with_stock(stock(store(), balance(0, 0)))
        .with_position(store(), 1, "here", balance(5, 0));
    let reserved = |scene: &mut Scene<stockroom_domain::Reserve>| {
        let mut reservation = scene.accepted().answer.reservation;
        reservation.lines[0].quantity = quantity(2);
        let order = reservation.order.clone().expect("an order");
        let order = (store(), order);
        scene.state.orders.insert(order, reservation.id);
        scene.state.reservations.insert(reservation.id, reservation);
    };
    // Made while all is well, so that it can be brought in together with any other fault.
    let mut with_order = scene.clone();
    reserved(&mut with_order);
    assert_eq!(with_order.decide(), Err(Refusal::OrderReserved));
    let nowhere = "nowhere".to_owned();
    assert_precedence(
        &scene,
        &[
            (
                |scene| scene.request.items.push(item(Some("nowhere"), 1)),
                Refusal::UnknownLocation { slug: nowhere },
            ),
            (
                |scene| scene.request.items[0].quantity = quantity(6),
                Refusal::ReservationShort(vec![Shortage {
                    product: product(),
                    location: Some(slug("here")),
                    requested: 6,
                    available: quantity(5),
                }]),
            ),
        ],
    );
    with_order.request.items[0].quantity = quantity(6);
    assert_eq!(with_order.decide(), Err(Refusal::OrderReserved));
    with_order.request.items.push(item(Some("nowhere"), 1));
    let refused = with_order.decide().expect_err("refused");
    assert!(matches!(refused, Refusal::UnknownLocation { .. }));
}

#[test]
fn all_that_is_short_is_named_and_nothing_is_taken() {
    let mut shop = Shop::with(5);
    shop.add(other_stock(7));
    let mut request = reserve(&[(None, 3), (Some("berlin"), 1), (None, 3)]);
    request.items.push(item_of(id(0xB), None, 7));
    request.items.push(item_of(id(0xC), None, MOST));
    request.items.push(item_of(id(0xC), None, MOST));
    let shortage = |product, location: Option<&str>, requested, available| Shortage {
        product,
        location: location.map(slug),
        requested,
        available: quantity(available),
    };
    let refused = shop.ask(0, request);
    assert_eq!(
        refused,
        Err(Refusal::ReservationShort(vec![
            shortage(product(), None, 6, 5),
            shortage(product(), Some("berlin"), 1, 0),
            shortage(id(0xC), None, 2 * MOST, 0),
        ]))
    );
    assert_eq!(shop.entries, []);
    assert_eq!(shop.figures(), [5, 0, 0]);
}

#[test]
fn a_reservation_keeps_its_lines_and_takes_each_position_at_once() {
    let mut shop = Shop::with(9);
    let stock = shop.stocks.values_mut().next().expect("the stock");
    let berlin = location(store(), 0x10, "berlin");
    let position = stockroom_domain::Position {
        balance: balance(4, 1),
        ..stockroom_domain::Position::empty(&berlin)
    };
    stock.located.insert(berlin.id, position);
    shop.add(other_stock(7));
    let mut request = reserve(&[(None, 2), (Some("berlin"), 4), (None, 3)]);
    request.items.push(item_of(id(0xB), None, 7));
    let reserved = shop.ask(0, request).expect("a reservation");
    assert!(reserved.is_new);
    let reservation = reserved.reservation;
    let expires_at = at(EXPIRY);
    assert_eq!(reservation.state, ReservationState::Pending { expires_at });
    let quantities = reservation.lines.iter().map(|line| line.quantity.get());
    assert_eq!(quantities.collect::<Vec<_>>(), [2, 4, 3, 7]);
    let written = [("allocate", 5), ("allocate", 4), ("allocate", 7)];
    assert_eq!(shop.written(0), written);
    assert_eq!(shop.figures(), [4, 10, 9]);
    assert_eq!(shop.stock().next_expiry, Some(expires_at));
}

#[test]
fn an_order_gets_its_reservation_back_as_long_as_it_lives() {
    for state in STATES.into_iter().filter(|state| *state != "held") {
        let mut shop = Shop::with(10);
        let items = [(None, 2), (None, 3)];
        let first = shop.ask(0, reserve_for("order", &items)).expect("reserved");
        let reservation = first.reservation.reference();
        match state {
            "paid" | "fulfilled" => {
                let reservation = reservation.clone();
                shop.ask(1, PayReservation { reservation }).expect("paid");
            }
            "released" => drop(shop.ask(1, release(&reservation)).expect("released")),
            _ => {}
        }
        if state == "fulfilled" {
            shop.ask(1, fulfil(&reservation)).expect("fulfilled");
        }
        let now = if state == "expired" { EXPIRY } else { 2 };
        let is_over = matches!(state, "released" | "expired");
        // However the same is divided into lines.
        let again = shop.ask(now, reserve_for("order", &[(None, 5)]));
        let again = again.unwrap_or_else(|refusal| panic!("{state}: {refusal:?}"));
        assert_eq!(again.is_new, is_over, "{state}");
        let is_same = again.reservation.id == first.reservation.id;
        assert_eq!(is_same, !is_over, "{state}");
        let other = shop.ask(now, reserve_for("order", &[(None, 4)]));
        assert_eq!(other, Err(Refusal::OrderReserved), "{state}");
        assert!(shop.ask(now, reserve_for("another", &[(None, 4)])).is_ok());
    }
}

#[test]
fn stock_is_available_from_the_instant_of_expiry_on() {
    let mut shop = Shop::with(1);
    shop.pending(1);
    let short = shop.reserve(EXPIRY - 1, 1);
    assert!(matches!(short, Err(Refusal::ReservationShort(_))));
    assert_eq!(shop.figures(), [0, 1, 1]);
    shop.reserve(EXPIRY, 1).expect("a reservation");
    assert_eq!(shop.written(1), [("deallocate", 1), ("allocate", 1)]);
    assert_eq!(shop.figures(), [0, 1, 1]);
}

/// What has run out is dated when it did, and in that order.
#[test]
fn each_hold_is_given_back_once_at_its_own_time() {
    let mut shop = Shop::with(10);
    shop.pending(1);
    shop.reserve(5, 2).expect("a reservation");
    shop.reserve(7, 3).expect("a reservation");
    let stocks = || shop_stock_keys();
    let settle = |shop: &mut Shop, now| {
        let stocks = stocks();
        shop.ask(now, SettleStock { stocks }).expect("settled");
    };
    settle(&mut shop, EXPIRY - 1);
    assert_eq!(shop.written(3), []);
    for _ in 0..2 {
        settle(&mut shop, EXPIRY + 6);
        assert_eq!(shop.written(3), [("deallocate", 1), ("deallocate", 2)]);
    }
    let dates: Vec<_> = shop.entries[3..].iter().map(|it| it.created_at).collect();
    assert_eq!(dates, [at(EXPIRY), at(EXPIRY + 5)]);
    let made_by = |place: usize| (shop.entries[place].actor, shop.entries[place].action);
    assert_eq!(made_by(3), (None, EntryAction::Deallocate));
    assert_eq!(shop.stock().next_expiry, Some(at(EXPIRY + 7)));
    assert_eq!(shop.figures(), [7, 3, 3]);
}

fn shop_stock_keys() -> std::collections::BTreeSet<stockroom_domain::StockKey> {
    [stock(store(), balance(0, 0)).key()].into()
}

/// It doesn't matter to the others on the same stock.
#[test]
fn what_is_paid_for_in_time_stays() {
    let mut shop = Shop::with(10);
    let paid = shop.pending(1);
    shop.reserve(0, 2).expect("a reservation");
    let reservation = paid.clone();
    shop.ask(EXPIRY - 1, PayReservation { reservation })
        .expect("paid");
    let reservation = paid.clone();
    let again = shop.ask(EXPIRY, PayReservation { reservation });
    assert_eq!(again.expect("paid").state, ReservationState::Paid);
    assert_eq!(shop.written(2), [("deallocate", 2)]);
    assert_eq!(shop.figures(), [9, 1, 1]);
    assert_eq!(shop.stock().next_expiry, None);
}

#[test]
fn more_time_counts_from_now_on_and_less_does_as_well() {
    for (seconds, expires_at) in [(120, 121_000), (1, 2_000)] {
        let mut shop = Shop::with(10);
        let reservation = shop.pending(1);
        let extended = shop.ask(1_000, extend(&reservation, seconds));
        let expires_at = at(expires_at);
        let state = extended.expect("extended").state;
        assert_eq!(state, ReservationState::Pending { expires_at });
        let earlier = expires_at.min(at(EXPIRY));
        assert_eq!(shop.stock().next_expiry, Some(earlier));
    }
}

#[test]
fn parts_are_taken_from_the_lines_in_their_order() {
    let mut shop = Shop::with(10);
    let items = [(None, 2), (None, 3)];
    let reserved = shop.ask(0, reserve(&items)).expect("a reservation");
    let reservation = reserved.reservation.reference();
    let part = |pieces| Some(vec![item(None, pieces)]);
    let open = |shop: &Shop| {
        let lines = &shop.reservation(&reservation).lines;
        lines
            .iter()
            .map(|line| line.open().get())
            .collect::<Vec<_>>()
    };
    let release = |pieces| ReleaseReservation {
        reservation: reservation.clone(),
        items: part(pieces),
    };
    let fulfil = |pieces| FulfilReservation {
        reservation: reservation.clone(),
        items: part(pieces),
    };
    let released = shop.ask(1, release(1)).expect("released");
    assert_eq!(released.state.as_str(), "pending");
    assert_eq!(open(&shop), [1, 3]);
    let too_many = shop.ask(1, release(5));
    let product = product();
    let refusal = Refusal::NotSoManyOpen { product, open: 4 };
    assert_eq!(too_many, Err(refusal));
    let pay = PayReservation {
        reservation: reservation.clone(),
    };
    shop.ask(1, pay).expect("paid");
    let fulfilled = shop.ask(1, fulfil(2)).expect("fulfilled");
    assert_eq!(fulfilled.state.as_str(), "paid");
    assert_eq!(open(&shop), [0, 2]);
    assert_eq!(shop.figures(), [6, 2, 2]);
    let fulfilled = shop.ask(1, fulfil(2)).expect("fulfilled");
    assert_eq!(fulfilled.state.as_str(), "fulfilled");
    assert_eq!(shop.figures(), [6, 0, 0]);
}

#[test]
fn what_isn_t_in_a_reservation_is_not_open() {
    let mut shop = Shop::with(10);
    shop.add(other_stock(7));
    let reservation = shop.pending(5);
    for wanted in [item(Some("berlin"), 1), item_of(id(0xB), None, 1)] {
        let product = wanted.product;
        let items = Some(vec![item(None, 1), wanted]);
        let reservation = reservation.clone();
        let refused = shop.ask(1, ReleaseReservation { reservation, items });
        let refusal = Refusal::NotSoManyOpen { product, open: 0 };
        assert_eq!(refused, Err(refusal));
    }
    assert_eq!(shop.figures(), [5, 5, 5]);
}

#[test]
fn what_is_shipped_before_the_rest_is_given_back_stays_shipped() {
    let mut shop = Shop::with(10);
    let reservation = shop.pending(5);
    let pay = PayReservation {
        reservation: reservation.clone(),
    };
    shop.ask(1, pay).expect("paid");
    let part = FulfilReservation {
        reservation: reservation.clone(),
        items: Some(vec![item(None, 2)]),
    };
    shop.ask(1, part).expect("fulfilled");
    let released = shop.ask(1, release(&reservation)).expect("released");
    assert_eq!(released.state, ReservationState::Released);
    let line = &released.lines[0];
    assert_eq!([line.fulfilled, line.released], [quantity(2), quantity(3)]);
    assert_eq!(shop.figures(), [8, 0, 0]);
}

#[test]
fn a_reservation_is_its_owners() {
    let (mut shop, mut reservation) = shop_with("pending");
    reservation.id = id(0x99);
    for name in ["pay", "release", "fulfil", "extend", "expire"] {
        let refused = transition(&mut shop, 1, name, &reservation);
        assert_eq!(refused, Err(Refusal::ReservationNotFound), "{name}");
    }
    let (mut shop, reservation) = shop_with("pending");
    let stored = shop
        .reservations
        .values_mut()
        .next()
        .expect("a reservation");
    stored.owner = crate::scene::other_store();
    for name in ["pay", "release", "fulfil", "extend", "expire"] {
        let refused = transition(&mut shop, 1, name, &reservation);
        assert_eq!(refused, Err(Refusal::ReservationNotFound), "{name}");
    }
}

#[test]
fn nothing_else_takes_what_a_reservation_holds() {
    let mut shop = Shop::with(10);
    let transact = |action, pieces| Transact::new(product(), action, quantity(pieces));
    let deallocate = |pieces| transact(TransactionAction::Deallocate, pieces);
    shop.ask(0, transact(TransactionAction::Allocate, 2))
        .expect("allocated");
    shop.pending(5);
    let refused = shop.ask(1, deallocate(3)).expect_err("refused");
    let unreserved = quantity(2);
    let movement = |pieces| RefusedMovement {
        requested: quantity(pieces),
        balance: balance(3, 7),
        reserved: quantity(5),
    };
    let expected = Refusal::AllocatedForReservations {
        unreserved,
        movement: movement(3),
    };
    assert_eq!(refused, expected);
    let refused = shop.ask(1, deallocate(8)).expect_err("refused");
    assert_eq!(refused, Refusal::InsufficientStock(movement(8)));
    shop.ask(1, deallocate(2)).expect("deallocated");
    let delete = DeleteStock { product: product() };
    assert_eq!(shop.ask(1, delete.clone()), Err(Refusal::StockReserved));
    assert_eq!(shop.figures(), [5, 5, 5]);
    // Until it is over.
    assert_eq!(shop.ask(EXPIRY, delete), Ok(()));
}

#[test]
fn what_a_reservation_has_done_is_not_undone_one_by_one() {
    let mut shop = Shop::with(10);
    shop.pending(5);
    let undo = Undo {
        recorded: stockroom_domain::Recorded {
            entry: shop.entries[0].clone(),
            product: product(),
            slug: None,
            actor_name: None,
            undone_by: None,
        },
    };
    assert_eq!(shop.ask(1, undo), Err(Refusal::MadeByReservation));
}

/// A server whose clock is ahead has noticed on one stock that a reservation has expired. Then it has
/// for those whose clocks are behind, too.
#[test]
fn a_reservation_that_has_expired_anywhere_can_t_be_paid_for() {
    let mut shop = Shop::with(10);
    shop.add(other_stock(7));
    let mut request = reserve(&[(None, 5)]);
    request.items.push(item_of(id(0xB), None, 2));
    let reserved = shop.ask(0, request).expect("a reservation");
    let reservation = reserved.reservation.reference();
    let stocks = shop_stock_keys();
    shop.ask(EXPIRY, SettleStock { stocks }).expect("settled");
    let paid = transition(&mut shop, EXPIRY - 10, "pay", &reservation);
    assert_eq!(paid, Err(Refusal::ReservationIs(ReservationState::Expired)));
}

#[test]
fn a_reservation_that_has_expired_anywhere_is_not_given_back_to_its_order() {
    let mut shop = Shop::with(10);
    let reserve = reserve_for("order", &[(None, 5)]);
    let first = shop.ask(0, reserve.clone()).expect("a reservation");
    let stocks = first.reservation.reference().stocks;
    shop.ask(EXPIRY, SettleStock { stocks }).expect("settled");
    let second = shop.ask(EXPIRY - 1, reserve).expect("a reservation");
    assert!(second.is_new);
    assert_ne!(second.reservation.id, first.reservation.id);
}

#[test]
fn an_order_that_got_another_reservation_can_t_pay_for_the_first() {
    let mut shop = Shop::with(10);
    let request = || reserve_for("order", &[(None, 1)]);
    let first = shop.ask(0, request()).expect("a reservation").reservation;
    let second = shop.ask(EXPIRY, request()).expect("a reservation");
    assert!(second.is_new);
    // By a clock that is behind.
    let stock: &mut Stock = shop.stocks.values_mut().next().expect("the stock");
    stock.updated_at = at(0);
    let paid = transition(&mut shop, 1, "pay", &first.reference());
    assert_eq!(paid, Err(Refusal::ReservationIs(ReservationState::Expired)));
}

#[test]
fn a_reservation_takes_from_a_second_to_31_days() {
    for seconds in [1, 900, 2_678_400] {
        assert!(ExpiresIn::from_seconds(seconds).is_ok(), "{seconds}");
    }
    for seconds in [0, 2_678_401, u64::MAX] {
        let refused = ExpiresIn::from_seconds(seconds).expect_err("refused");
        assert_eq!(refused.field, "expires_in");
    }
}

/// Pieces that are reserved were deallocated, since the database was damaged: there are no more of
/// them for that.
#[test]
fn nothing_is_made_of_nothing() {
    for (names, left, written) in [
        (&["release"][..], 10, &[("deallocate", 2)][..]),
        (&["expire"], 10, &[("deallocate", 2)]),
        (
            &["pay", "fulfil"],
            8,
            &[("deallocate", 2), ("decrement", 2)],
        ),
    ] {
        let mut shop = Shop::with(10);
        let reservation = shop.pending(5);
        for stock in shop.stocks.values_mut() {
            stock.unlocated = balance(8, 2);
        }
        let before = shop.entries.len();
        for name in names {
            let now = if *name == "expire" { EXPIRY } else { 1 };
            transition(&mut shop, now, name, &reservation).expect("it is possible");
        }
        assert_eq!(shop.figures(), [left, 0, 0], "{names:?}");
        assert_eq!(shop.written(before), written);
    }
}

//! Verifying the reservations' totals in stock, and repairing them.

use TransactionAction::{Allocate, Deallocate};
use stockroom_application::Repairing;
use stockroom_domain::{
    ExpireReservation, ExpiresIn, ExtendReservation, FulfilReservation, HeldTotals, LocationId,
    ProductId, ReleaseReservation, Reservation, TransactionAction,
};
use tokio::task::JoinSet;

use crate::bench::Clock;
use crate::client::stored;
use crate::damage::Told;
use crate::reservations::{EXPIRY, fulfil, item, pay, release, reserve, reserve_all};
use crate::verify::{assert_intact, raw_stock, verifier, verify};
use crate::{Bench, Client, make};

fn extend(reservation: &Reservation, seconds: u64) -> ExtendReservation {
    ExtendReservation {
        reservation: reservation.reference(),
        expires_in: ExpiresIn::from_seconds(seconds).expect("a time"),
    }
}

fn held(
    pieces: impl IntoIterator<Item = (Option<LocationId>, i64)>,
    first_expiry: Option<i64>,
) -> HeldTotals {
    HeldTotals {
        pieces: pieces.into_iter().collect(),
        first_expiry,
        ..HeldTotals::default()
    }
}

/// Reservations in every state, completely or in part, verify, whether or not their expiry was
/// booked.
pub async fn whatever_becomes_of_reservations_verifies(bench: Bench) {
    let store = bench.store().await;
    let (product, other) = (bench.product(), bench.product());
    store.locate("berlin").await;
    store.done(make::stock(product, 50, [("berlin", 50)])).await;
    store.create(other, 50).await;
    store
        .transact(product, Allocate, 3)
        .await
        .expect("there are fifty");
    let all = reserve_all(&[
        (product, None, 4),
        (product, Some("berlin"), 5),
        (other, None, 6),
    ]);
    let mut reservations = Vec::new();
    for _ in 0..7 {
        reservations.push(store.reserved(all.clone()).await);
        bench.clock.advance(1);
    }
    assert_intact(&store).await;
    store.done(release(&reservations[0])).await;
    store.done(extend(&reservations[1], 1)).await;
    store.done(extend(&reservations[2], 1_000)).await;
    assert_intact(&store).await;
    for paid in &reservations[3..6] {
        store.done(pay(paid)).await;
        assert_intact(&store).await;
    }
    let part = FulfilReservation {
        reservation: reservations[3].reference(),
        items: Some(vec![item(product, Some("berlin"), 2)]),
    };
    store.done(part).await;
    let part = ReleaseReservation {
        reservation: reservations[3].reference(),
        items: Some(vec![item(product, None, 1), item(other, None, 6)]),
    };
    store.done(part).await;
    store.done(fulfil(&reservations[4])).await;
    assert_intact(&store).await;
    // Two of them expire: first unnoticed, then booked for one of the stocks, then completely.
    bench.clock.advance(EXPIRY);
    assert_intact(&store).await;
    store.settle(other).await;
    assert_intact(&store).await;
    for run_out in [&reservations[1], &reservations[6]] {
        let reservation = run_out.reference();
        store.done(ExpireReservation { reservation }).await;
        assert_intact(&store).await;
    }
    for reservation in [&reservations[2], &reservations[3], &reservations[5]] {
        store.done(release(reservation)).await;
    }
    assert_intact(&store).await;
    store
        .transact(product, Deallocate, 3)
        .await
        .expect("three are allocated");
    for product in [product, other] {
        store.delete(product).await;
    }
    assert_eq!(assert_intact(&store).await.stocks, 2);
}

/// The reservations' totals are read from stock, and from all open lines.
pub async fn what_reservations_hold_is_read_with_stock(bench: Bench) {
    let store = bench.store().await;
    let (product, other) = (bench.product(), bench.product());
    let berlin = store.locate("berlin").await;
    store.done(make::stock(product, 50, [("berlin", 50)])).await;
    store.create(other, 50).await;
    let berlin = Some(berlin.id);
    let first = bench.clock.now().as_milliseconds() + EXPIRY;
    let items = [(product, None, 2), (other, None, 9), (product, None, 1)];
    let paid = store.reserved(reserve_all(&items)).await;
    bench.clock.advance(1);
    let in_berlin = reserve_all(&[(product, Some("berlin"), 5)]);
    store.reserved(in_berlin.clone()).await;
    let stock = raw_stock(&store, product).await;
    assert_eq!(stock.held, held([(None, 3), (berlin, 5)], Some(first)));
    assert_eq!(stock.lines, stock.held);
    // The line that expires first may be gone; `first_expiry` doesn't follow.
    store.done(pay(&paid)).await;
    let stock = raw_stock(&store, product).await;
    assert_eq!(stock.held.first_expiry, Some(first));
    assert_eq!(stock.lines, held([(None, 3), (berlin, 5)], Some(first + 1)));
    let another = store.reserved(in_berlin).await;
    store.done(release(&another)).await;
    store.done(fulfil(&paid)).await;
    let stock = raw_stock(&store, product).await;
    assert_eq!(stock.lines, held([(berlin, 5)], Some(first + 1)));
    assert_eq!(stock.held, held([(berlin, 5)], Some(first)));
    let organization = store.scope.organization;
    let of = store
        .database
        .raw_stocks_of(organization, &[stock.id])
        .await;
    assert_eq!(stored(of), [stock]);
    let untouched = raw_stock(&store, other).await;
    assert_eq!(untouched.lines, HeldTotals::default());
}

/// Reserves both products, and pays for, fulfils, releases, shortens or expires the reservations.
/// Concurrent callers may do the same to them.
async fn come_and_go(store: Client, clock: Clock, products: [ProductId; 2], rounds: u64) {
    let [one, other] = products;
    for round in 0..rounds {
        let items = [(one, None, 2), (one, Some("berlin"), 1), (other, None, 3)];
        let reservation = store.reserved(reserve_all(&items)).await;
        let part = ReleaseReservation {
            reservation: reservation.reference(),
            items: Some(vec![item(one, None, 1)]),
        };
        // Either request may be too late.
        let _ = store.ask(part).await;
        match round % 4 {
            0 => {
                let _ = store.ask(pay(&reservation)).await;
                let _ = store.ask(fulfil(&reservation)).await;
            }
            1 => drop(store.ask(release(&reservation)).await),
            2 => drop(store.ask(extend(&reservation, 1)).await),
            _ => {
                clock.advance(EXPIRY);
                store.settle(one).await;
                let reservation = reservation.reference();
                store.done(ExpireReservation { reservation }).await;
            }
        }
    }
}

/// Stock may be reserved and released while it is verified.
pub async fn what_is_reserved_meanwhile_is_no_difference(bench: Bench) {
    const WRITERS: usize = 3;
    const ROUNDS: u64 = 24;
    let store = bench.store().await;
    store.locate("berlin").await;
    let products: Vec<ProductId> = (0..WRITERS).map(|_| bench.product()).collect();
    for product in &products {
        store
            .done(make::stock(*product, 1_000, [("berlin", 1_000)]))
            .await;
    }
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let pair = [products[number], products[(number + 1) % WRITERS]];
        writers.spawn(come_and_go(
            store.clone(),
            bench.clock.clone(),
            pair,
            ROUNDS,
        ));
    }
    let mut times = 0;
    while !writers.is_empty() || times == 0 {
        let (_, told) = verify(verifier(&store).in_chunks_of(7)).await;
        assert_eq!(told.lines(), [""; 0]);
        times += 1;
        while let Some(done) = writers.try_join_next() {
            done.expect("a writer");
        }
    }
    assert_intact(&store).await;
    bench.clock.advance(EXPIRY);
    for product in products {
        store.settle(product).await;
        assert_eq!(raw_stock(&store, product).await.held.first_expiry, None);
    }
    assert_intact(&store).await;
}

/// Totals in stock that disagree with the reservations' lines are corrected by the lines.
pub async fn what_is_held_is_repaired(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    let berlin = store.locate("berlin").await;
    store.done(make::stock(product, 10, [("berlin", 5)])).await;
    store
        .transact(product, Allocate, 1)
        .await
        .expect("there are ten");
    let items = [(product, None, 3), (product, Some("berlin"), 2)];
    let reservation = store.reserved(reserve_all(&items)).await;
    let right = store.stock(product).await.expect("it is managed");
    let found = raw_stock(&store, product).await;
    let later = found.held.first_expiry.map(|at| at + 1);
    let organization = store.scope.organization;
    for wrong_held in [
        held([(None, 1)], found.held.first_expiry),
        held([(None, 4), (Some(berlin.id), 2)], None),
        held([(None, 3), (Some(berlin.id), 1)], later),
        held([(None, 3), (Some(berlin.id), 2)], None),
    ] {
        let mut wrong = found.clone();
        wrong.held = wrong_held;
        let damage = store.database.repair_stock(organization, &found, &wrong);
        assert!(stored(damage.await));
        assert_eq!(raw_stock(&store, product).await, wrong);
        let (_, told) = verify(verifier(&store)).await;
        let mut repairs = Told::default();
        let repaired = verifier(&store)
            .repair(Repairing::Apply, &mut repairs)
            .await;
        assert_eq!(stored(repaired).repaired, 1);
        assert_eq!(repairs.outcomes, ["done"]);
        assert_eq!(repairs.lines(), told.lines());
        assert_eq!(store.stock(product).await, Some(right.clone()));
        assert_intact(&store).await;
    }
    // The stock is then like any other.
    let refused = store.transact(product, Deallocate, 2).await;
    assert!(refused.is_err());
    store
        .transact(product, Deallocate, 1)
        .await
        .expect("one is allocated plainly");
    bench.clock.advance(EXPIRY);
    store.settle(product).await;
    assert_eq!(store.figures(product).await, [15, 0, 0]);
    let refused = store.ask(pay(&reservation)).await;
    assert!(refused.is_err());
    store.reserved(reserve(product, 10)).await;
    assert_intact(&store).await;
}

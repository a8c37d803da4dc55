//! Reservations that race for stock.

use stockroom_domain::{FulfilReservation, Reservation, ReservationState, TransactionAction};

use crate::concurrency::race;
use crate::reservations::{fulfil, pay, release, reserve};
use crate::{Bench, Client};

/// Of several buyers of the last piece, one gets it.
pub async fn the_last_piece_is_reserved_once(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 1).await;
    let outcomes = race(16, |_| {
        let store = store.clone();
        async move { store.ask(reserve(product, 1)).await }
    });
    let outcomes = outcomes.await;
    let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!(won, 1);
    assert_eq!(store.figures(product).await, [0, 1, 1]);
}

/// A reservation is either paid for or released, never both.
pub async fn a_reservation_is_paid_for_or_released(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 5).await;
    for _ in 0..10 {
        let reservation = store.reserved(reserve(product, 5)).await;
        let outcomes = race(8, |number| {
            let (store, reservation) = (store.clone(), reservation.clone());
            async move {
                if number % 2 == 0 {
                    store.ask(release(&reservation)).await
                } else {
                    store.ask(fulfil_paid(&store, &reservation).await).await
                }
            }
        });
        drop(outcomes.await);
        let now = bench.clock.now();
        let read = store.reservation(reservation.id, now).await;
        let read = read.expect("the reservation");
        let available = match read.state {
            ReservationState::Released => 5,
            ReservationState::Fulfilled => 0,
            state => panic!("{state:?}"),
        };
        assert_eq!(store.figures(product).await, [available, 0, 0]);
        store.assert_adds_up(product).await;
        let missing = 5 - available;
        store
            .transact(product, TransactionAction::Increment, missing)
            .await
            .expect("an increment");
    }
}

async fn fulfil_paid(store: &Client, reservation: &Reservation) -> FulfilReservation {
    // Refused if the reservation was released meanwhile.
    drop(store.ask(pay(reservation)).await);
    fulfil(reservation)
}

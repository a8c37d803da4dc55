//! Reservations: their holds, their expiry, and their outcomes.

use std::collections::BTreeSet;

use stockroom_application::PageRequest;
use stockroom_application::ports::ReservationCondition;
use stockroom_domain::{
    DeleteStock, ExpireReservation, ExpiresIn, ExtendReservation, FulfilReservation, OrderId,
    Owner, PayReservation, ProductId, Refusal, RefusedMovement, ReleaseReservation, Reservation,
    ReservationId, ReservationItem, ReservationRef, ReservationState, Reserve, Reserved,
    SettleStock, StockKey, Timestamp, TransactionAction, Undo,
};

use crate::client::stored;
use crate::transactions::assert_adds_up;
use crate::{Bench, Client, make};

/// The time after which the reservations of these cases expire, in milliseconds.
pub(crate) const EXPIRY: i64 = 60_000;

pub(crate) fn reserve(product: ProductId, pieces: u64) -> Reserve {
    reserve_all(&[(product, None, pieces)])
}

pub(crate) fn reserve_all(items: &[(ProductId, Option<&str>, u64)]) -> Reserve {
    let expires_in = ExpiresIn::from_seconds(60).expect("a time");
    Reserve {
        order: None,
        expires_in,
        items: items
            .iter()
            .map(|(product, slug, pieces)| item(*product, *slug, *pieces))
            .collect(),
        sourcing: None,
    }
}

pub(crate) fn item(product: ProductId, slug: Option<&str>, pieces: u64) -> ReservationItem {
    ReservationItem {
        product,
        place: slug.map(str::to_owned).into(),
        quantity: make::quantity(pieces),
    }
}

pub(crate) fn for_order(order: &str, reserve: Reserve) -> Reserve {
    Reserve {
        order: OrderId::new("order_id", order).ok(),
        ..reserve
    }
}

impl Client {
    pub(crate) async fn reserved(&self, request: Reserve) -> Reservation {
        self.done(request).await.reservation
    }

    pub(crate) async fn reservation(
        &self,
        id: ReservationId,
        now: Timestamp,
    ) -> Option<Reservation> {
        let reservation = stored(self.database.reservation(self.scope, id).await);
        reservation.map(|reservation| reservation.at(now))
    }

    pub(crate) async fn reservations(
        &self,
        filter: &[ReservationCondition],
        now: Timestamp,
    ) -> Vec<ReservationId> {
        let page = PageRequest::from_offset(100, 0);
        let listed = self
            .database
            .list_reservations(self.scope, filter, now, page);
        let page = stored(listed.await);
        assert_eq!(page.total, Some(page.items.len() as u64));
        page.items.iter().map(|it| it.id).collect()
    }

    pub(crate) async fn settle(&self, product: ProductId) {
        let owner = self.owner();
        let stocks = [StockKey { product, owner }].into();
        self.done(SettleStock { stocks }).await;
    }

    /// The available, the allocated, and the held quantity of a product.
    pub(crate) async fn figures(&self, product: ProductId) -> [u64; 3] {
        let stock = self.stock(product).await.expect("the product is managed");
        let sums = stock.sums();
        let plainly = stock.allocated_unreserved().get();
        let allocated = sums.allocated.get();
        [sums.available.get(), allocated, allocated - plainly]
    }

    pub(crate) async fn assert_adds_up(&self, product: ProductId) {
        let stock = self.stock(product).await.expect("the product is managed");
        assert_adds_up(&stock, &self.history(product).await);
    }

    pub(crate) async fn written(&self, product: ProductId) -> Vec<(&'static str, u64)> {
        let history = self.history(product).await;
        let entries = history.iter().map(|recorded| &recorded.entry);
        entries
            .map(|entry| (entry.action.as_str(), entry.quantity.get()))
            .collect()
    }
}

pub(crate) fn pay(reservation: &Reservation) -> PayReservation {
    PayReservation {
        reservation: reservation.reference(),
    }
}

pub(crate) fn release(reservation: &Reservation) -> ReleaseReservation {
    ReleaseReservation {
        reservation: reservation.reference(),
        items: None,
    }
}

pub(crate) fn fulfil(reservation: &Reservation) -> FulfilReservation {
    FulfilReservation {
        reservation: reservation.reference(),
        items: None,
    }
}

/// A reservation is read with all its lines, as requested, and with the locations' current names.
pub async fn a_reservation_is_read_as_answered(bench: Bench) {
    let store = bench.store().await;
    let (product, other) = (bench.product(), bench.product());
    let berlin = store.locate("berlin").await;
    store.done(make::stock(product, 9, [("berlin", 4)])).await;
    store.create(other, 7).await;
    let items = [
        (product, None, 2),
        (other, None, 7),
        (product, Some("berlin"), 4),
        (product, None, 3),
    ];
    let request = for_order("order 'one' ☺", reserve_all(&items));
    let Reserved {
        reservation,
        is_new,
    } = store.done(request).await;
    assert!(is_new);
    let now = bench.clock.now();
    let read = store.reservation(reservation.id, now).await;
    assert_eq!(read, Some(reservation.clone()));
    assert_eq!(reservation.actor, store.actor.acting_key());
    assert_eq!(store.figures(product).await, [4, 9, 9]);
    store.done(crate::history::rename(&berlin, "hamburg")).await;
    let read = store.reservation(reservation.id, now).await;
    let read = read.expect("the reservation");
    let (_, slug) = read.lines[2].location.as_ref().expect("a location");
    assert_eq!(slug.as_str(), "hamburg");
    let unknown = store.reservation(bench.id(), now).await;
    assert_eq!(unknown, None);
}

/// If one item is short, nothing is reserved.
pub async fn a_reservation_takes_all_or_nothing(bench: Bench) {
    let store = bench.store().await;
    let (product, other) = (bench.product(), bench.product());
    store.create(product, 9).await;
    let items = [(product, None, 2), (other, None, 1)];
    let refused = store.ask(reserve_all(&items)).await;
    assert!(matches!(refused, Err(Refusal::ReservationShort(short)) if short.len() == 1));
    assert_eq!(store.figures(product).await, [9, 0, 0]);
    assert_eq!(store.reservations(&[], bench.clock.now()).await, []);
}

/// A reservation is fulfilled at once, or in parts.
pub async fn what_is_paid_for_and_shipped_is_gone(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 9).await;
    let reservation = store.reserved(reserve(product, 5)).await;
    let paid = store.done(pay(&reservation)).await;
    assert_eq!(paid.state, ReservationState::Paid);
    bench.clock.advance(EXPIRY);
    let items = Some(vec![item(product, None, 2)]);
    let part = FulfilReservation {
        reservation: reservation.reference(),
        items,
    };
    store.done(part).await;
    assert_eq!(store.figures(product).await, [4, 3, 3]);
    let read = store.reservation(reservation.id, bench.clock.now()).await;
    let line = read.expect("the reservation").lines.remove(0);
    assert_eq!([line.fulfilled.get(), line.released.get()], [2, 0]);
    let fulfilled = store.done(fulfil(&reservation)).await;
    assert_eq!(fulfilled.state, ReservationState::Fulfilled);
    let read = store.reservation(reservation.id, bench.clock.now()).await;
    assert_eq!(read, Some(fulfilled));
    let written = [
        ("create", 9),
        ("allocate", 5),
        ("deallocate", 2),
        ("decrement", 2),
        ("deallocate", 3),
        ("decrement", 3),
    ];
    assert_eq!(store.written(product).await, written);
    assert_eq!(store.figures(product).await, [4, 0, 0]);
}

/// Pieces of a released reservation are available again, whether it was paid for or not.
pub async fn what_is_released_is_available_again(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 9).await;
    for is_paid in [false, true] {
        let reservation = store.reserved(reserve(product, 5)).await;
        if is_paid {
            store.done(pay(&reservation)).await;
        }
        let released = store.done(release(&reservation)).await;
        assert_eq!(released.state, ReservationState::Released);
        let again = store.done(release(&reservation)).await;
        assert_eq!(again, released);
        assert_eq!(store.figures(product).await, [9, 0, 0]);
        let refused = store.ask(pay(&reservation)).await;
        let refusal = Refusal::ReservationIs(ReservationState::Released);
        assert_eq!(refused, Err(refusal));
    }
}

/// From its expiry on, a reservation's pieces are available to every decision, booked or not.
pub async fn expiry_is_exact(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 1).await;
    let reservation = store.reserved(reserve(product, 1)).await;
    let expires_at = bench.clock.now().plus_milliseconds(EXPIRY);
    bench.clock.advance(EXPIRY - 1);
    let refused = store.ask(reserve(product, 1)).await;
    assert!(matches!(refused, Err(Refusal::ReservationShort(_))));
    let read = store.reservation(reservation.id, bench.clock.now()).await;
    assert_eq!(read, Some(reservation.clone()));
    bench.clock.advance(1);
    let read = store.reservation(reservation.id, bench.clock.now()).await;
    let read = read.expect("the reservation");
    assert_eq!(read.state, ReservationState::Expired);
    assert_eq!(read.lines[0].released.get(), 1);
    bench.clock.advance(5_000);
    store.reserved(reserve(product, 1)).await;
    let refused = store.ask(pay(&reservation)).await;
    let refusal = Refusal::ReservationIs(ReservationState::Expired);
    assert_eq!(refused, Err(refusal));
    let history = store.history(product).await;
    let given_back = &history[2].entry;
    assert_eq!(given_back.action.as_str(), "deallocate");
    assert_eq!(given_back.created_at, expires_at);
    assert_eq!(history[3].entry.action.as_str(), "allocate");
    assert_eq!(history.len(), 4);
}

/// Reservations expire one after the other, on several stocks, each at its own time; some share a
/// stock with reservations that stay.
pub async fn what_runs_out_goes_back_once(bench: Bench) {
    let store = bench.store().await;
    let (product, other) = (bench.product(), bench.product());
    store.create(product, 10).await;
    store.create(other, 10).await;
    let both = [(product, None, 1), (other, None, 2)];
    let first = store.reserved(reserve_all(&both)).await;
    let kept = store.reserved(reserve(product, 2)).await;
    store.done(pay(&kept)).await;
    bench.clock.advance(10);
    store.reserved(reserve(product, 4)).await;
    bench.clock.advance(EXPIRY - 1);
    let organization = store.scope.organization;
    let due_stocks = async || {
        let due = store
            .database
            .due_stocks(organization, bench.clock.now(), 10);
        stored(due.await).into_iter().collect::<BTreeSet<_>>()
    };
    let owner = store.owner();
    let key = |product| StockKey { product, owner };
    assert_eq!(due_stocks().await, [key(product), key(other)].into());
    store.settle(product).await;
    store.settle(product).await;
    assert_eq!(due_stocks().await, [key(other)].into());
    assert_eq!(store.figures(product).await, [4, 6, 6]);
    assert_eq!(store.figures(other).await, [8, 2, 2]);
    let stock = store.stock(product).await.expect("the stock");
    let next_expiry = bench.clock.now().plus_milliseconds(1);
    assert_eq!(stock.next_expiry, Some(next_expiry));
    bench.clock.advance(1);
    let due = store
        .database
        .due_reservations(organization, bench.clock.now(), 10);
    let due: Vec<(Owner, ReservationRef)> = stored(due.await);
    assert_eq!(due.len(), 2);
    assert_eq!(due[0], (owner, first.reference()));
    for (_, reservation) in due {
        store.done(ExpireReservation { reservation }).await;
    }
    let due = store
        .database
        .due_reservations(organization, bench.clock.now(), 10);
    assert_eq!(stored(due.await), []);
    assert_eq!(due_stocks().await, BTreeSet::new());
    let given_back = [
        ("create", 10),
        ("allocate", 1),
        ("allocate", 2),
        ("allocate", 4),
        ("deallocate", 1),
        ("deallocate", 4),
    ];
    assert_eq!(store.written(product).await, given_back);
    assert_eq!(store.figures(product).await, [8, 2, 2]);
    assert_eq!(store.figures(other).await, [10, 0, 0]);
    let stock = store.stock(product).await.expect("the stock");
    assert_eq!(stock.next_expiry, None);
    for product in [product, other] {
        store.assert_adds_up(product).await;
    }
}

/// The time of a reservation is extended, or shortened.
pub async fn more_time_is_kept(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 1).await;
    for seconds in [120, 1] {
        let reservation = store.reserved(reserve(product, 1)).await;
        let extend = ExtendReservation {
            reservation: reservation.reference(),
            expires_in: ExpiresIn::from_seconds(seconds).expect("a time"),
        };
        let extended = store.done(extend).await;
        let milliseconds = i64::try_from(seconds).expect("few seconds") * 1_000;
        let expires_at = bench.clock.now().plus_milliseconds(milliseconds);
        assert_eq!(extended.state, ReservationState::Pending { expires_at });
        let read = store.reservation(reservation.id, bench.clock.now()).await;
        assert_eq!(read, Some(extended));
        bench.clock.advance(milliseconds - 1);
        store.settle(product).await;
        assert_eq!(store.figures(product).await, [0, 1, 1]);
        bench.clock.advance(1);
        store.settle(product).await;
        assert_eq!(store.figures(product).await, [1, 0, 0]);
    }
}

/// An order that reserves the same items again gets its existing reservation.
pub async fn an_order_has_one_living_reservation(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 100).await;
    let request = || for_order("order", reserve(product, 5));
    let first = store.reserved(request()).await;
    let again = store.done(request()).await;
    assert_eq!(again.reservation, first);
    assert!(!again.is_new);
    let other = store.ask(for_order("order", reserve(product, 6))).await;
    assert_eq!(other, Err(Refusal::OrderReserved));
    bench.clock.advance(EXPIRY);
    let second = store.done(request()).await;
    assert!(second.is_new);
    store.done(release(&second.reservation)).await;
    let third = store.done(request()).await;
    assert!(third.is_new);
    store.done(pay(&third.reservation)).await;
    bench.clock.advance(EXPIRY);
    assert!(!store.done(request()).await.is_new);
    // The same within one commit.
    let commands = [7, 7, 8].map(|pieces| {
        let request = for_order("another", reserve(product, pieces));
        store.command(request)
    });
    let outcomes = store.commit(commands.into()).await;
    let accepted: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(accepted, [true, true, false]);
    assert_eq!(store.figures(product).await, [88, 12, 12]);
}

/// Transactions and deletions don't take reserved pieces.
pub async fn nothing_else_takes_what_is_reserved(bench: Bench) {
    let store = bench.store().await;
    let product = bench.product();
    store.create(product, 10).await;
    let deallocate = TransactionAction::Deallocate;
    let allocate = TransactionAction::Allocate;
    store
        .transact(product, allocate, 2)
        .await
        .expect("allocated");
    store.reserved(reserve(product, 5)).await;
    let refused = store.transact(product, deallocate, 3).await;
    let unreserved = make::quantity(2);
    let movement = RefusedMovement {
        reserved: make::quantity(5),
        ..make::refused(3, 3, 7)
    };
    let refusal = Refusal::AllocatedForReservations {
        unreserved,
        movement,
    };
    assert_eq!(refused, Err(refusal));
    store
        .transact(product, deallocate, 2)
        .await
        .expect("deallocated");
    let refused = store.ask(DeleteStock { product }).await;
    assert_eq!(refused, Err(Refusal::StockReserved));
    let recorded = store.history(product).await.remove(2);
    let refused = store.ask(Undo { recorded }).await;
    assert_eq!(refused, Err(Refusal::MadeByReservation));
    bench.clock.advance(EXPIRY);
    store.delete(product).await;
}

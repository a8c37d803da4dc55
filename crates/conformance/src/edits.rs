//! Moves and edits of reservations.

use stockroom_application::ports::FeedContent;
use stockroom_domain::{
    EditReservation, EntryAction, Event, ExpiresIn, FulfilReservation, ItemPlace, MoveReservation,
    MovedItem, ProductId, Reason, Refusal, ReleaseReservation, Reservation, ReservationItem,
    ReservationState, ReservationStep, Reserve, Slug, Split,
};

use crate::reservations::{EXPIRY, for_order, fulfil, item, pay, reserve_all};
use crate::sourcing::{assert_sources, placed, short, split, stocked};
use crate::verify::assert_intact;
use crate::{Bench, Client, make};

fn moved(
    reservation: &Reservation,
    items: &[(ProductId, Option<&str>, Option<&str>, u64)],
) -> MoveReservation {
    let items = items.iter().map(|(product, from, to, pieces)| MovedItem {
        product: *product,
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
        quantity: make::quantity(*pieces),
    });
    MoveReservation {
        reservation: reservation.reference(),
        items: items.collect(),
    }
}

fn edited(reservation: &Reservation, items: Vec<ReservationItem>) -> EditReservation {
    EditReservation {
        reservation: reservation.reference(),
        items,
        expires_in: None,
        expect_version: None,
    }
}

/// The steps of the last update of a reservation.
async fn last_steps(client: &Client) -> Vec<ReservationStep> {
    let events = client.events().await;
    let steps = events.iter().rev().find_map(|event| match &event.content {
        FeedContent::Event(event) => match &**event {
            Event::ReservationUpdated(_, steps) => Some(steps.clone()),
            _ => None,
        },
        FeedContent::Entry(..) => None,
    });
    steps.unwrap_or_default()
}

const YORK: Option<&str> = Some("york");
const LEEDS: Option<&str> = Some("leeds");

fn of_york(product: ProductId) -> Reserve {
    let items = [(product, YORK, 3), (product, None, 1)];
    for_order("one", reserve_all(&items))
}

/// Items of one place become one, with one line.
pub async fn items_of_one_place_are_joined(bench: Bench) {
    let (store, product) = stocked(&bench, 0, [9, 0]).await;
    let twice = [(product, YORK, 2), (product, YORK, 3)];
    let reservation = store.reserved(reserve_all(&twice)).await;
    let reservation = store.done(pay(&reservation)).await;
    let part = FulfilReservation {
        items: Some(vec![item(product, YORK, 3)]),
        ..fulfil(&reservation)
    };
    let reservation = store.done(part).await;
    let joined = edited(&reservation, vec![item(product, YORK, 6)]);
    let joined = store.done(joined).await;
    let lines = joined.lines.iter();
    let lines: Vec<_> = lines
        .map(|it| (it.quantity.get(), it.fulfilled.get()))
        .collect();
    assert_eq!(lines, [(6, 3)]);
    assert!(joined.sent.is_none());
    assert_intact(&store).await;
}

/// The same items again change nothing, wherever their pieces were moved: in an order that has no locations
/// chosen, an item without a place is one of the unlocated pool.
pub async fn an_order_that_was_moved_is_sent_again(bench: Bench) {
    let (store, product) = stocked(&bench, 5, [3, 3]).await;
    let one = [(product, YORK, 1), (product, None, 1)];
    let reservation = store.reserved(reserve_all(&one)).await;
    let steps = [(product, YORK, LEEDS, 1)];
    let reservation = store.done(moved(&reservation, &steps)).await;
    let unnamed = item(product, None, 1);
    let unlocated = ReservationItem {
        place: ItemPlace::Unlocated,
        ..unnamed.clone()
    };
    let same = edited(&reservation, vec![item(product, YORK, 1), unnamed.clone()]);
    assert_eq!(store.done(same).await, reservation);
    // As it is shown: what was moved names no place.
    let shown = edited(&reservation, vec![unnamed, unlocated]);
    let echoed = store.done(shown).await;
    assert_eq!(echoed.lines, reservation.lines);
    assert_intact(&store).await;
}

/// Pieces that aren't open, or that the new place can't have, aren't moved.
pub async fn a_move_needs_pieces_and_a_place(bench: Bench) {
    let (store, product) = stocked(&bench, 5, [4, 2]).await;
    let reservation = store.reserved(of_york(product)).await;
    let before = store.stock(product).await;
    for (items, refusal) in [
        (vec![(product, YORK, YORK, 1)], Refusal::SamePlace),
        (
            vec![(product, YORK, Some("x"), 1)],
            Refusal::unknown_location("x"),
        ),
        (
            vec![(product, Some("x"), YORK, 1)],
            Refusal::unknown_location("x"),
        ),
        (
            vec![(product, YORK, LEEDS, 2), (product, YORK, None, 2)],
            Refusal::NotSoManyOpen { product, open: 3 },
        ),
        (
            vec![(product, YORK, LEEDS, 3)],
            short(&[(product, LEEDS, 3, 2)]),
        ),
    ] {
        let refused = store.ask(moved(&reservation, &items)).await;
        assert_eq!(refused.map(drop), Err(refusal));
    }
    assert_eq!(store.stock(product).await, before);
}

/// Open pieces go to other places, and are given back there.
pub async fn open_pieces_are_moved(bench: Bench) {
    let (store, product) = stocked(&bench, 5, [4, 2]).await;
    let reservation = store.reserved(of_york(product)).await;
    let before = store.written(product).await.len();
    bench.clock.advance(1);
    let after = store
        .done(moved(
            &reservation,
            &[(product, YORK, LEEDS, 2), (product, None, YORK, 1)],
        ))
        .await;
    assert_sources(&after, &[&[("york", 1), ("leeds", 2)], &[("york", 1)]]);
    assert_eq!(after.version, reservation.version + 1);
    let entries = store.history(product).await.split_off(before);
    let entries = entries.iter().map(|it| {
        let entry = &it.entry;
        assert_eq!(
            entry.annotation.reason.as_ref().map(Reason::as_str),
            Some("moved")
        );
        (
            entry.action,
            it.slug.as_ref().map(Slug::as_str),
            entry.quantity.get(),
        )
    });
    let expected = [
        (EntryAction::Deallocate, None, 1),
        (EntryAction::Deallocate, YORK, 2),
        (EntryAction::Allocate, YORK, 1),
        (EntryAction::Allocate, LEEDS, 2),
    ];
    assert!(entries.eq(expected));
    assert_eq!(last_steps(&store).await, [ReservationStep::Moved]);
    // A retry of the order finds it, and its expiry gives all of it back where it lies now.
    assert_eq!(store.reserved(of_york(product)).await, after);
    assert_intact(&store).await;
    bench.clock.advance(EXPIRY);
    store.settle(product).await;
    assert_eq!(store.figures(product).await, [11, 0, 0]);
    let stock = store.stock(product).await.expect("it is managed");
    let located: Vec<u64> = stock
        .located
        .values()
        .map(|it| it.balance.available.get())
        .collect();
    assert_eq!(located, [4, 2]);
    let refused = store
        .ask(moved(&reservation, &[(product, YORK, LEEDS, 1)]))
        .await;
    assert_eq!(
        refused.map(drop),
        Err(Refusal::ReservationIs(ReservationState::Expired))
    );
    store.assert_adds_up(product).await;
    assert_intact(&store).await;
}

/// An edited order has other items, in one step, and keeps the places that were chosen for it.
pub async fn an_order_is_edited(bench: Bench) {
    let store = bench.store().await;
    store.locate("york").await;
    store.locate("leeds").await;
    let [shirt, shoe] = [bench.product(), bench.product()];
    store
        .done(make::stock(shirt, 0, [("york", 4), ("leeds", 4)]))
        .await;
    store.done(make::stock(shoe, 3, [])).await;
    let reservation = store
        .reserved(placed(&[(shirt, 6)], split(Split::Units)))
        .await;
    let id = reservation.id;
    let current = async || {
        let now = bench.clock.now();
        store.reservation(id, now).await.expect("the reservation")
    };
    // Less is given back from the last source.
    let less = edited(&reservation, vec![item(shirt, None, 5)]);
    let after = store.done(less.clone()).await;
    assert_sources(&after, &[&[("york", 4), ("leeds", 1)]]);
    assert_eq!(last_steps(&store).await, [ReservationStep::Edited]);
    // The same again changes nothing.
    assert_eq!(store.done(less).await, after);
    // Another editor has seen it as it was.
    let late = EditReservation {
        expect_version: Some(1),
        ..edited(&after, vec![item(shirt, None, 1)])
    };
    let refused = store.ask(late).await;
    assert_eq!(refused.map(drop), Err(Refusal::VersionIs { version: 2 }));
    // More than there is changes nothing, and says what there would have been.
    let more = edited(&after, vec![item(shirt, None, 9), item(shoe, None, 1)]);
    let refused = store.ask(more).await;
    assert_eq!(refused.map(drop), Err(short(&[(shirt, None, 9, 8)])));
    assert_eq!(current().await, after);
    // Another product is placed by the stored rules.
    let items = || vec![item(shoe, None, 3), item(shirt, None, 2)];
    let after = store.done(edited(&after, items())).await;
    assert_sources(&after, &[&[("-", 3)], &[("york", 2)]]);
    assert_eq!(current().await, after);
    assert_eq!(store.figures(shirt).await, [6, 2, 2]);
    // Who read it before that doesn't know the stock that it has now.
    let refused = store.ask(pay(&reservation)).await;
    assert_eq!(refused.map(drop), Err(Refusal::ReservationEdited));
    store.done(pay(&after)).await;
    let part = FulfilReservation {
        items: Some(vec![item(shoe, None, 2)]),
        ..fulfil(&after)
    };
    store.done(part).await;
    let dropped = edited(&after, vec![item(shirt, None, 2)]);
    let refused = store.ask(dropped).await;
    let fulfilled = Refusal::AlreadyFulfilled {
        product: shoe,
        fulfilled: 2,
    };
    assert_eq!(refused.map(drop), Err(fulfilled));
    let longer = EditReservation {
        expires_in: ExpiresIn::from_seconds(9).ok(),
        ..edited(&after, items())
    };
    let refused = store.ask(longer).await;
    assert_eq!(
        refused.map(drop),
        Err(Refusal::ReservationIs(ReservationState::Paid))
    );
    assert_intact(&store).await;
    // Nothing is left open: it is done.
    let done = store.done(edited(&after, vec![item(shoe, None, 2)])).await;
    assert_eq!(done.state, ReservationState::Fulfilled);
    assert_eq!(store.figures(shirt).await, [8, 0, 0]);
    assert_eq!(current().await, done);
    for product in [shirt, shoe] {
        store.assert_adds_up(product).await;
    }
    assert_intact(&store).await;
}

/// What was released is reserved again by an edit; the new time counts for all of it, and its expiry gives
/// back all of it.
pub async fn an_edited_order_expires_whole(bench: Bench) {
    let store = bench.store().await;
    let berlin = store.locate("berlin").await;
    let [one, other] = [bench.product(), bench.product()];
    store.done(make::stock(one, 3, [("berlin", 5)])).await;
    store.done(make::stock(other, 3, [])).await;
    let reservation = store
        .reserved(reserve_all(&[(one, Some("berlin"), 4)]))
        .await;
    let release = ReleaseReservation {
        reservation: reservation.reference(),
        items: Some(vec![item(one, Some("berlin"), 3)]),
    };
    store.done(release).await;
    let edit = EditReservation {
        expires_in: ExpiresIn::from_seconds(600).ok(),
        ..edited(
            &reservation,
            vec![item(one, Some("berlin"), 4), item(other, None, 2)],
        )
    };
    let after = store.done(edit).await;
    assert_eq!(after.sent, None, "its lines say it all");
    assert_sources(&after, &[&[("berlin", 4)], &[("-", 2)]]);
    assert_eq!(store.figures(one).await, [4, 4, 4]);
    bench.clock.advance(EXPIRY + 1);
    store.settle(one).await;
    assert_eq!(store.figures(one).await, [4, 4, 4], "it has got more time");
    bench.clock.advance(600_000);
    store.settle(other).await;
    store.settle(one).await;
    assert_eq!(store.figures(one).await, [8, 0, 0]);
    assert_eq!(store.figures(other).await, [3, 0, 0]);
    let stock = store.stock(one).await.expect("it is managed");
    assert_eq!(stock.located[&berlin.id].held, make::quantity(0));
    assert_intact(&store).await;
}

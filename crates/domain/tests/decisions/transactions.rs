//! Single transactions.

use stockroom_domain::{
    Annotation, EntryAction, Expectation, Owner, Reference, Refusal, RefusedMovement,
    STOCK_LOCATIONS_MAX, Transact, TransactionAction,
};

use crate::scene::{
    MOST, Scene, assert_precedence, balance, changed_stock, entries, id, location, other_store,
    product, quantity, refused, slug, stock, store,
};
use TransactionAction::{Allocate, Deallocate, Decrement, Increment, Set};

fn transact(action: TransactionAction, pieces: u64, location: Option<&str>) -> Transact {
    Transact {
        location: location.map(str::to_owned),
        ..Transact::new(product(), action, quantity(pieces))
    }
}

#[test]
fn refusals_come_in_order() {
    let scene = Scene::new(transact(Decrement, 1, None)).with_stock(stock(store(), balance(5, 5)));
    let nowhere = "nowhere".to_owned();
    assert_precedence(
        &scene,
        &[
            (
                |scene| scene.request.location = Some("nowhere".to_owned()),
                Refusal::UnknownLocation { slug: nowhere },
            ),
            (|scene| scene.remove_stock(store()), Refusal::UnknownStock),
            (
                |scene| scene.request.expectation.available = Some(quantity(4)),
                Refusal::ExpectationFailed(balance(5, 5)),
            ),
            (
                |scene| scene.request.quantity = quantity(6),
                Refusal::InsufficientStock(refused(6, balance(5, 5))),
            ),
        ],
    );
}

#[test]
fn refusals_of_a_new_location_come_in_order() {
    let scene = Scene::new(transact(Increment, 1, Some("new")))
        .with_stock(stock(store(), balance(0, 0)))
        .with_location(location(store(), 1, "new"));
    assert_precedence(
        &scene,
        &[
            (
                |scene| {
                    for number in 0..STOCK_LOCATIONS_MAX {
                        let called = format!("l{number}");
                        let number = 0x100 + u128::try_from(number).expect("it fits");
                        scene.add_position(store(), number, &called, balance(0, 0));
                    }
                },
                Refusal::TooManyStockLocations {
                    locations_max: STOCK_LOCATIONS_MAX,
                },
            ),
            (
                |scene| {
                    for stock in scene.state.stocks.values_mut() {
                        stock.unlocated = balance(MOST, 0);
                    }
                },
                Refusal::TotalWouldOverflow(refused(1, balance(0, 0))),
            ),
        ],
    );
}

/// A text that can be no slug names no location, like any other unknown one.
#[test]
fn a_location_that_is_no_slug_is_unknown() {
    for text in ["", "no slug", "ümlaut", "a/b"] {
        let scene = Scene::new(transact(Increment, 1, Some(text)))
            .with_stock(stock(store(), balance(0, 0)));
        let slug = text.to_owned();
        assert_eq!(scene.decide(), Err(Refusal::UnknownLocation { slug }));
    }
}

/// A refusal is stored with each line of a batch, and must not take more room than the line.
#[test]
fn a_refusal_repeats_the_beginning_of_a_long_location() {
    let long = "ü".repeat(700);
    let scene =
        Scene::new(transact(Increment, 1, Some(&long))).with_stock(stock(store(), balance(0, 0)));
    let slug = format!("{}…", "ü".repeat(64));
    assert_eq!(scene.decide(), Err(Refusal::UnknownLocation { slug }));
}

/// A stock lies in its holder's locations, whoever asks.
#[test]
fn locations_are_those_of_the_stocks_holder() {
    let organization = Owner::Organization;
    for (holder, locations_owner, known) in [
        (store(), store(), true),
        (store(), organization, false),
        (organization, organization, true),
        (organization, store(), false),
        (store(), other_store(), false),
    ] {
        let scene = Scene::new(transact(Increment, 1, Some("here")))
            .with_stock(stock(holder, balance(0, 0)))
            .with_location(location(locations_owner, 1, "here"));
        let unknown = Refusal::UnknownLocation {
            slug: "here".to_owned(),
        };
        let refusal = scene.decide().err();
        assert_eq!(
            refusal,
            (!known).then_some(unknown),
            "{holder}, {locations_owner}"
        );
    }
}

/// Without stock, a location that the caller sees is no reason: the missing stock is.
#[test]
fn a_visible_location_without_stock_is_no_reason() {
    for owner in [store(), Owner::Organization] {
        let scene = Scene::new(transact(Increment, 1, Some("here")))
            .with_location(location(owner, 1, "here"));
        assert_eq!(scene.decide(), Err(Refusal::UnknownStock));
    }
}

#[test]
fn another_stores_stock_is_unknown() {
    let scene =
        Scene::new(transact(Increment, 1, None)).with_stock(stock(other_store(), balance(5, 0)));
    assert_eq!(scene.decide(), Err(Refusal::UnknownStock));
}

#[test]
fn own_stock_stands_in_for_the_organizations() {
    let mut scene = Scene::new(transact(Decrement, 1, None))
        .with_stock(stock(Owner::Organization, balance(5, 0)));
    let shared = scene.accepted();
    let changed = changed_stock(&shared.changes).map(|stock| stock.owner);
    assert_eq!(changed, Some(Owner::Organization));
    scene.add_stock(stock(store(), balance(0, 0)));
    let refusal = Refusal::InsufficientStock(refused(1, balance(0, 0)));
    assert_eq!(scene.decide(), Err(refusal));
}

/// An action with a quantity on a position's figures, and what is recorded with which quantity and
/// which figures after it.
type Row = (
    TransactionAction,
    u64,
    [u64; 2],
    Result<(EntryAction, u64, [u64; 2]), Reason>,
);

type Reason = fn(RefusedMovement) -> Refusal;

const INSUFFICIENT: Reason = Refusal::InsufficientStock;
const OVERFLOW: Reason = Refusal::TotalWouldOverflow;

#[rustfmt::skip]
const BOUNDS: [Row; 39] = [
    (Increment, 0, [0, 0], Ok((EntryAction::Increment, 0, [0, 0]))),
    (Increment, 1, [5, 3], Ok((EntryAction::Increment, 1, [6, 3]))),
    (Increment, MOST, [0, 0], Ok((EntryAction::Increment, MOST, [MOST, 0]))),
    (Increment, MOST, [1, 0], Err(OVERFLOW)),
    (Increment, MOST, [0, 1], Err(OVERFLOW)),
    (Increment, 1, [MOST - 1, 0], Ok((EntryAction::Increment, 1, [MOST, 0]))),
    (Increment, 1, [MOST, 0], Err(OVERFLOW)),
    (Increment, 1, [0, MOST], Err(OVERFLOW)),
    (Increment, 1, [MOST - 5, 5], Err(OVERFLOW)),
    (Increment, 0, [MOST, 0], Ok((EntryAction::Increment, 0, [MOST, 0]))),
    (Decrement, 0, [0, 0], Ok((EntryAction::Decrement, 0, [0, 0]))),
    (Decrement, 5, [5, 3], Ok((EntryAction::Decrement, 5, [0, 3]))),
    (Decrement, 6, [5, 3], Err(INSUFFICIENT)),
    (Decrement, 1, [0, 3], Err(INSUFFICIENT)),
    (Decrement, MOST, [MOST, 0], Ok((EntryAction::Decrement, MOST, [0, 0]))),
    (Decrement, MOST, [MOST - 1, 0], Err(INSUFFICIENT)),
    (Allocate, 0, [0, 0], Ok((EntryAction::Allocate, 0, [0, 0]))),
    (Allocate, 1, [5, 3], Ok((EntryAction::Allocate, 1, [4, 4]))),
    (Allocate, 5, [5, 3], Ok((EntryAction::Allocate, 5, [0, 8]))),
    (Allocate, 6, [5, 3], Err(INSUFFICIENT)),
    (Allocate, MOST, [MOST, 0], Ok((EntryAction::Allocate, MOST, [0, MOST]))),
    (Allocate, 1, [0, MOST], Err(INSUFFICIENT)),
    (Deallocate, 0, [0, 0], Ok((EntryAction::Deallocate, 0, [0, 0]))),
    (Deallocate, 1, [5, 3], Ok((EntryAction::Deallocate, 1, [6, 2]))),
    (Deallocate, 3, [5, 3], Ok((EntryAction::Deallocate, 3, [8, 0]))),
    (Deallocate, 4, [5, 3], Err(INSUFFICIENT)),
    (Deallocate, MOST, [0, MOST], Ok((EntryAction::Deallocate, MOST, [MOST, 0]))),
    (Deallocate, 1, [MOST, 0], Err(INSUFFICIENT)),
    (Set, 10, [5, 3], Ok((EntryAction::Increment, 2, [7, 3]))),
    (Set, 7, [5, 3], Ok((EntryAction::Decrement, 1, [4, 3]))),
    (Set, 8, [5, 3], Ok((EntryAction::Increment, 0, [5, 3]))),
    (Set, 3, [5, 3], Ok((EntryAction::Decrement, 5, [0, 3]))),
    (Set, 2, [5, 3], Err(INSUFFICIENT)),
    (Set, 0, [0, 3], Err(INSUFFICIENT)),
    (Set, 0, [0, 0], Ok((EntryAction::Increment, 0, [0, 0]))),
    (Set, MOST, [0, 0], Ok((EntryAction::Increment, MOST, [MOST, 0]))),
    (Set, MOST, [0, MOST], Ok((EntryAction::Increment, 0, [0, MOST]))),
    (Set, MOST - 1, [0, MOST], Err(INSUFFICIENT)),
    (Set, 0, [MOST, 0], Ok((EntryAction::Decrement, MOST, [0, 0]))),
];

/// In the unlocated pool and in a location alike.
#[test]
fn every_action_at_its_bounds() {
    for (action, pieces, [available, allocated], expected) in BOUNDS {
        for position in [None, Some("here")] {
            let case = format!("{action:?} {pieces} on {available}+{allocated} in {position:?}");
            let before = balance(available, allocated);
            let mut held = stock(store(), balance(0, 0));
            if position.is_none() {
                held.unlocated = before;
            }
            let mut scene = Scene::new(transact(action, pieces, position)).with_stock(held);
            if position.is_some() {
                scene.add_position(store(), 1, "here", before);
            }
            let decision = match (scene.decide(), &expected) {
                (Err(refusal), Err(expected)) => {
                    assert_eq!(refusal, expected(refused(pieces, before)), "{case}");
                    continue;
                }
                (decision, _) => decision.unwrap_or_else(|refusal| panic!("{case}: {refusal}")),
            };
            let entry = &decision.answer.entry;
            let after = [entry.balance.available.get(), entry.balance.allocated.get()];
            let recorded = (entry.action, entry.quantity.get(), after);
            assert_eq!(Some(recorded), expected.ok(), "{case}");
            let changed = changed_stock(&decision.changes).expect("the stock changes");
            assert_eq!(
                changed.balance(entry.location),
                Some(entry.balance),
                "{case}"
            );
            assert_eq!(changed.sums(), entry.balance, "{case}");
            assert_eq!(changed.sequence, entry.sequence, "{case}");
            assert_eq!(entries(&decision.changes), [entry], "{case}");
        }
    }
}

/// The limit is one of the whole stock: a position that has room is none when others are full.
#[test]
fn the_limit_is_that_of_the_whole_stock() {
    for (action, pieces, is_refused) in [
        (Increment, 1, false),
        (Increment, 2, true),
        (Set, 11, false),
        (Set, 12, true),
        // Nothing is added to the total by these.
        (Allocate, 10, false),
        (Decrement, 10, false),
        (Set, 0, false),
    ] {
        let scene = Scene::new(transact(action, pieces, None))
            .with_stock(stock(store(), balance(10, 0)))
            .with_position(store(), 1, "full", balance(1, MOST - 12));
        let refusal = Refusal::TotalWouldOverflow(refused(pieces, balance(10, 0)));
        let refusal = is_refused.then_some(refusal);
        assert_eq!(scene.decide().err(), refusal, "{action:?} {pieces}");
    }
}

/// A location that the stock doesn't have is a position of nothing, which `increment` and `set`
/// add and the other actions find insufficient, even for nothing.
#[test]
fn a_location_is_added_by_increment_and_set_only() {
    for (action, pieces, accepted) in [
        (Increment, 0, true),
        (Increment, 5, true),
        (Set, 0, true),
        (Set, 5, true),
        (Decrement, 0, false),
        (Allocate, 0, false),
        (Deallocate, 0, false),
    ] {
        let scene = Scene::new(transact(action, pieces, Some("new")))
            .with_stock(stock(store(), balance(9, 0)))
            .with_location(location(store(), 1, "new"));
        match scene.decide() {
            Ok(decision) => {
                assert!(accepted, "{action:?}");
                let changed = changed_stock(&decision.changes).expect("the stock changes");
                let added = changed.balance(Some(id(1)));
                assert_eq!(added, Some(balance(pieces, 0)), "{action:?}");
                assert_eq!(changed.unlocated, balance(9, 0));
                assert_eq!(decision.answer.slug, Some(slug("new")));
            }
            Err(refusal) => {
                assert!(!accepted, "{action:?}");
                let expected = refused(pieces, balance(0, 0));
                assert_eq!(refusal, Refusal::InsufficientStock(expected));
            }
        }
    }
}

#[test]
fn the_answer_names_the_position_the_maker_and_the_place_in_the_ledger() {
    let mut held = stock(store(), balance(9, 0));
    held.sequence = 41;
    let scene = Scene::new(transact(Allocate, 4, Some("here")))
        .with_stock(held)
        .with_position(store(), 1, "here", balance(7, 0));
    let recorded = scene.accepted().answer;
    assert_eq!(recorded.product, product());
    assert_eq!(recorded.slug, Some(slug("here")));
    assert_eq!(recorded.entry.location, Some(id(1)));
    assert_eq!(recorded.entry.sequence, 42);
    assert_eq!(recorded.entry.actor, scene.actor.key);
    assert_eq!(recorded.entry.stock, id(0x57));
}

/// What isn't named may be anything; a location that the stock doesn't have holds nothing.
#[test]
fn a_position_has_to_be_as_expected() {
    let here = Some("here");
    for (location, available, allocated, total, met) in [
        (None, Some(5), None, None, true),
        (None, None, Some(3), None, true),
        (None, None, None, Some(8), true),
        (None, Some(5), Some(3), Some(8), true),
        (None, Some(8), None, None, false),
        (None, Some(5), Some(2), None, false),
        (None, None, None, Some(5), false),
        (here, Some(0), Some(0), Some(0), true),
        (here, Some(5), None, None, false),
    ] {
        let mut request = transact(Increment, 1, location);
        request.expectation = Expectation {
            available: available.map(quantity),
            allocated: allocated.map(quantity),
            total: total.map(quantity),
        };
        let scene = Scene::new(request)
            .with_stock(stock(store(), balance(5, 3)))
            .with_location(self::location(store(), 1, "here"));
        let expected = scene.request.expectation;
        assert_eq!(scene.decide().is_ok(), met, "{location:?}: {expected:?}");
    }
}

#[test]
fn an_entry_says_what_the_client_says_of_it() {
    let mut request = transact(Allocate, 1, None);
    request.annotation = Annotation {
        reason: Some(stockroom_domain::Reason::new("reason", "sold").expect("a reason")),
        reference: Some(Reference::new("reference", "order 7").expect("a reference")),
    };
    let annotation = request.annotation.clone();
    let scene = Scene::new(request).with_stock(stock(store(), balance(5, 3)));
    assert_eq!(scene.accepted().answer.entry.annotation, annotation);
}

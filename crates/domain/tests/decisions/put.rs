//! Setting what is available in locations of a stock.

use stockroom_domain::{
    EchoedFigures, EntryAction, Owner, Refusal, STOCK_LOCATIONS_MAX, SetLocations,
};

use crate::scene::{
    MOST, Scene, assert_precedence, at, balance, changed_stock, entries, id, location, other_store,
    product, quantity, slug, stock, store,
};

fn put(located: &[(&str, Option<u64>)]) -> SetLocations {
    SetLocations {
        product: product(),
        located: located
            .iter()
            .map(|(at, pieces)| (slug(at), pieces.map(quantity)))
            .collect(),
        echoed: EchoedFigures::default(),
    }
}

/// The organization's stock with something in `here` (10 available, 5 allocated) and `there`
/// (3 available), and a location `new` that it doesn't have.
fn scene(located: &[(&str, Option<u64>)]) -> Scene<SetLocations> {
    let organization = Owner::Organization;
    Scene::new(put(located))
        .by(organization)
        .with_stock(stock(organization, balance(100, 0)))
        .with_position(organization, 1, "here", balance(10, 5))
        .with_position(organization, 2, "there", balance(3, 0))
        .with_location(location(organization, 3, "new"))
}

#[test]
fn refusals_come_in_order() {
    let nowhere = "nowhere".to_owned();
    assert_precedence(
        &scene(&[("there", Some(1))]),
        &[
            (
                |scene| {
                    scene.actor.key_owner = store();
                    scene.actor.acting = store();
                },
                Refusal::OrganizationKeyRequired,
            ),
            (
                |scene| {
                    scene.request.located.insert(slug("nowhere"), None);
                },
                Refusal::UnknownLocation { slug: nowhere },
            ),
            (
                |scene| {
                    scene.request.located.insert(slug("here"), None);
                },
                Refusal::LocationAllocated { slug: slug("here") },
            ),
            (
                |scene| {
                    scene
                        .request
                        .located
                        .insert(slug("new"), Some(quantity(MOST)));
                },
                Refusal::TotalTooLarge,
            ),
            (
                |scene| {
                    for number in 0..STOCK_LOCATIONS_MAX {
                        let called = format!("l{number}");
                        let number = 0x100 + u128::try_from(number).expect("it fits");
                        scene
                            .state
                            .add_location(location(Owner::Organization, number, &called));
                        let nothing = Some(quantity(0));
                        scene.request.located.insert(slug(&called), nothing);
                    }
                },
                Refusal::TooManyStockLocations {
                    locations_max: STOCK_LOCATIONS_MAX,
                },
            ),
        ],
    );
}

#[test]
fn an_unknown_location_is_refused_before_missing_stock() {
    assert_precedence(
        &scene(&[("there", Some(1))]),
        &[
            (
                |scene| {
                    scene.request.located.insert(slug("nowhere"), None);
                },
                Refusal::UnknownLocation {
                    slug: "nowhere".to_owned(),
                },
            ),
            (
                |scene| scene.remove_stock(Owner::Organization),
                Refusal::UnknownStock,
            ),
        ],
    );
}

/// From what `here` holds (10 available, 5 allocated), what is written to reach a figure.
#[test]
fn a_figure_is_reached_by_the_entry_that_leads_there() {
    for (pieces, written) in [
        (10, None),
        (11, Some((EntryAction::Increment, 1))),
        (9, Some((EntryAction::Decrement, 1))),
        (0, Some((EntryAction::Decrement, 10))),
    ] {
        let decision = scene(&[("here", Some(pieces))]).accepted();
        let entries = entries(&decision.changes);
        let read: Vec<_> = entries
            .iter()
            .map(|entry| {
                assert_eq!(entry.balance, balance(pieces, 5), "allocated stays");
                (entry.action, entry.quantity.get())
            })
            .collect();
        assert_eq!(read, Vec::from_iter(written), "to {pieces}");
        let after = decision.answer.balance(Some(id(1)));
        assert_eq!(after, Some(balance(pieces, 5)));
        let sequence = 1 + u64::try_from(entries.len()).expect("it fits");
        assert_eq!(decision.answer.sequence, sequence);
    }
}

#[test]
fn null_takes_a_location_out_and_records_what_was_there() {
    let decision = scene(&[("there", None)]).accepted();
    let [entry] = entries(&decision.changes)[..] else {
        panic!("one entry")
    };
    assert_eq!(entry.action, EntryAction::Decrement);
    assert_eq!((entry.location, entry.quantity.get()), (Some(id(2)), 3));
    assert_eq!(entry.balance, balance(0, 0));
    assert_eq!(decision.answer.balance(Some(id(2))), None);
    assert_eq!(decision.answer.sums(), balance(110, 5));
}

#[test]
fn null_for_an_empty_location_takes_it_out_without_an_entry() {
    let scene =
        scene(&[("empty", None)]).with_position(Owner::Organization, 4, "empty", balance(0, 0));
    let decision = scene.accepted();
    assert!(entries(&decision.changes).is_empty());
    assert_eq!(decision.answer.balance(Some(id(4))), None);
    assert_eq!(decision.answer.updated_at, at(0));
}

#[test]
fn null_for_a_location_that_the_stock_does_not_have_is_nothing() {
    let decision = scene(&[("new", None)]).accepted();
    assert!(entries(&decision.changes).is_empty());
    assert_eq!(decision.answer.sequence, 1);
    assert_eq!(decision.answer.updated_at, at(-1_000), "nothing changed");
}

/// A location that is only allocated in can't be taken out, but its available figure can be 0.
#[test]
fn what_is_allocated_stays() {
    let refused = scene(&[("here", None)]).decide();
    let slug = slug("here");
    assert_eq!(refused, Err(Refusal::LocationAllocated { slug }));
    let decision = scene(&[("here", Some(0))]).accepted();
    assert_eq!(decision.answer.balance(Some(id(1))), Some(balance(0, 5)));
}

#[test]
fn a_location_is_added_even_with_nothing_in_it() {
    for (pieces, entries_written) in [(0, 0), (7, 1)] {
        let decision = scene(&[("new", Some(pieces))]).accepted();
        assert_eq!(entries(&decision.changes).len(), entries_written);
        let added = decision.answer.balance(Some(id(3)));
        assert_eq!(added, Some(balance(pieces, 0)));
        assert_eq!(decision.answer.updated_at, at(0));
    }
}

#[test]
fn a_put_that_changes_nothing_leaves_the_stock_as_it_was() {
    for located in [
        &[][..],
        &[("here", Some(10)), ("there", Some(3)), ("new", None)],
    ] {
        let scene = scene(located);
        let decision = scene.accepted();
        assert!(entries(&decision.changes).is_empty());
        let before = scene.state.visible_stock(Owner::Organization, product());
        assert_eq!(Some(&decision.answer), before);
    }
}

/// What one location gives up, another may take: only the sum after all of it counts.
#[test]
fn the_limit_counts_the_outcome_only() {
    let room = MOST - 100 - 15 - 3;
    for (located, accepted) in [
        (vec![("new", Some(room))], true),
        (vec![("new", Some(room + 1))], false),
        (vec![("new", Some(room + 3)), ("there", None)], true),
        (vec![("new", Some(room + 4)), ("there", None)], false),
        (vec![("here", Some(0)), ("new", Some(room + 10))], true),
    ] {
        let refusal = scene(&located).decide().err();
        assert_eq!(
            refusal,
            (!accepted).then_some(Refusal::TotalTooLarge),
            "{located:?}"
        );
    }
}

/// A full stock may swap a location for another.
#[test]
fn the_number_of_locations_counts_the_outcome_only() {
    let mut scene = scene(&[("there", None), ("new", Some(1))]);
    for number in 2..STOCK_LOCATIONS_MAX {
        let called = format!("l{number}");
        let number = 0x100 + u128::try_from(number).expect("it fits");
        scene.add_position(Owner::Organization, number, &called, balance(0, 0));
    }
    assert_eq!(scene.accepted().answer.located.len(), STOCK_LOCATIONS_MAX);
    scene.request.located.remove(&slug("there"));
    let locations_max = STOCK_LOCATIONS_MAX;
    assert_eq!(
        scene.decide(),
        Err(Refusal::TooManyStockLocations { locations_max })
    );
}

#[test]
fn several_locations_change_in_one_step() {
    let decision = scene(&[("here", Some(1)), ("new", Some(2)), ("there", None)]).accepted();
    let mut sequences = Vec::new();
    for entry in entries(&decision.changes) {
        sequences.push(entry.sequence);
    }
    assert_eq!(sequences, [2, 3, 4]);
    assert_eq!(changed_stock(&decision.changes), Some(&decision.answer));
    assert_eq!(decision.answer.sums(), balance(103, 5));
}

#[test]
fn another_stores_stock_is_unknown() {
    let scene = Scene::new(put(&[])).with_stock(stock(other_store(), balance(1, 0)));
    assert_eq!(scene.decide(), Err(Refusal::UnknownStock));
}

/// The stock has 113 available and 5 allocated in all.
#[test]
fn figures_without_locations_have_to_be_those_of_the_stock() {
    let figures =
        |available: Option<u64>, allocated: Option<u64>, total: Option<u64>| EchoedFigures {
            available: available.map(quantity),
            allocated: allocated.map(quantity),
            total: total.map(quantity),
        };
    for (echoed, accepted) in [
        (figures(None, None, None), true),
        (figures(Some(113), Some(5), Some(118)), true),
        (figures(None, Some(5), None), true),
        (figures(Some(100), None, None), false),
        (figures(None, Some(0), None), false),
        (figures(None, None, Some(117)), false),
        (figures(Some(113), Some(5), Some(119)), false),
    ] {
        let mut scene = scene(&[]);
        scene.request.echoed = echoed;
        match scene.decide() {
            Ok(decision) => {
                assert!(accepted, "{echoed:?}");
                assert!(entries(&decision.changes).is_empty(), "{echoed:?}");
            }
            Err(refusal) => {
                assert!(!accepted, "{echoed:?}");
                assert_eq!(refusal, Refusal::FiguresNotSet);
            }
        }
        // Beside a location they say nothing.
        scene
            .request
            .located
            .insert(slug("there"), Some(quantity(3)));
        scene.accepted();
    }
}

#[test]
fn refusals_of_figures_come_in_order() {
    let mut scene = scene(&[]);
    scene.request.echoed.total = Some(quantity(118));
    assert_precedence(
        &scene,
        &[(
            |scene| scene.request.echoed.total = Some(quantity(1)),
            Refusal::FiguresNotSet,
        )],
    );
    scene.remove_stock(Owner::Organization);
    scene.request.echoed.total = Some(quantity(1));
    assert_eq!(scene.decide(), Err(Refusal::UnknownStock));
}

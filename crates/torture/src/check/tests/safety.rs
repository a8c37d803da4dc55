//! The check finds reservations that take of the safety stock, and answers that don't count it.

use serde_json::json;

use super::reservations::item;
use super::world::{LOCATED, World, errors, line, said};
use crate::ask::Request;
use crate::model::{Action, Location};
use crate::reservation::{Act, Item, ItemPlace, Reserve};
use crate::safety::Safety;

const NORTH: Option<Location> = Some(Location::North);

/// Five pieces and three in the north; one stays there, and four stay in all.
fn world() -> World {
    let mut world = World::new();
    world.products[LOCATED].safety = Safety {
        in_all: 4,
        located: [(Location::North, 1)].into(),
    };
    world
}

fn at(location: Option<Location>, quantity: u64) -> Item {
    Item {
        place: ItemPlace::At(location),
        ..item(LOCATED, quantity)
    }
}

/// What is said of a reservation of these pieces.
#[track_caller]
fn assert_reserved(items: &[Item], says: &str) {
    let mut world = world();
    world.reserve(items.to_vec());
    if says.is_empty() {
        assert_eq!(world.faults(), [""; 0]);
    } else {
        world.assert_fault(says);
    }
}

#[test]
fn a_reservation_that_takes_of_the_safety_stock_is_found() {
    assert_reserved(&[at(NORTH, 2), at(None, 2)], "");
    assert_reserved(&[at(None, 4)], "");
    assert_reserved(&[at(NORTH, 3)], "takes of the safety stock");
    assert_reserved(&[at(None, 5)], "takes of the safety stock");
}

#[test]
fn what_a_reservation_holds_may_leave_when_others_took_the_safety_stock() {
    let mut world = world();
    let reserved = world.reserve(vec![at(None, 4)]);
    let mut taken = line(LOCATED, Action::Decrement, 3);
    taken.change.location = NORTH;
    world.transact(taken);
    world.act(reserved, Act::Pay, &[]);
    world.act(reserved, Act::Fulfil(None), &[at(None, 4)]);
    assert_eq!(world.faults(), [""; 0]);
}

#[test]
fn a_refusal_says_how_much_is_above_the_safety_stock() {
    for (location, requested, available, is_so) in [
        (NORTH, 3, 2, true),
        (NORTH, 4, 3, false),
        (None, 5, 4, true),
        (None, 5, 3, false),
    ] {
        let mut world = world();
        let mut refusal = errors(422);
        refusal[0]["meta"] = json!({ "shortages": [{
            "product_id": world.products[LOCATED].id,
            "location": location,
            "requested": requested,
            "available": available,
        }] });
        let reserve = Reserve {
            items: vec![at(location, requested)],
            is_sourced: false,
            order: None,
            expires_in: 1,
        };
        let answer = said(422, json!({ "errors": refusal }));
        world.record(Request::Reserve(reserve), Ok(answer));
        if is_so {
            assert_eq!(world.faults(), [""; 0]);
        } else {
            world.assert_fault("is due");
        }
    }
}

#[test]
fn availability_is_what_can_be_reserved() {
    for (north, is_so) in [(1, true), (2, false), (3, false)] {
        let mut world = world();
        let product = world.products[LOCATED].id;
        let line = |location, requested, available| {
            json!({
                "product_id": product,
                "location": location,
                "requested": requested,
                "available": available,
                "sufficient": requested <= available,
            })
        };
        let lines = [line(None, 3, 4), line(NORTH, 1, north)];
        let answer = said(200, json!({ "data": lines }));
        let asked = Request::Availability(vec![at(None, 3), at(NORTH, 1)]);
        world.record(asked, Ok(answer));
        if is_so {
            assert_eq!(world.faults(), [""; 0]);
        } else {
            world.assert_fault("was told of");
        }
    }
}

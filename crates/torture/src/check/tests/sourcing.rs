//! The check finds each kind of fault where servers choose places, or pieces are moved, and none where all
//! is well.

use serde_json::{Value, json};

use super::reservations::item;
use super::world::{LOCATED, World, errors, said};
use crate::ask::Request;
use crate::model::{Action, Location};
use crate::reservation::{Act, Item, ItemPlace, Reserve};

const NORTH: Option<Location> = Some(Location::North);

fn at(location: Option<Location>, quantity: u64) -> Item {
    Item {
        place: ItemPlace::At(location),
        ..item(LOCATED, quantity)
    }
}

fn order(items: Vec<Item>) -> Reserve {
    Reserve {
        items,
        is_sourced: true,
        order: None,
        expires_in: 1,
    }
}

/// An item as it is shown, with what was released of each source.
fn sourced(world: &World, sources: &[(Option<Location>, u64, u64)]) -> Value {
    let quantity: u64 = sources.iter().map(|(_, quantity, _)| quantity).sum();
    let released: u64 = sources.iter().map(|(_, _, released)| released).sum();
    let sources = sources.iter().map(|(location, quantity, released)| {
        json!({
            "location": location,
            "quantity": quantity,
            "fulfilled": 0,
            "released": released,
        })
    });
    json!({
        "product_id": world.products[LOCATED].id,
        "quantity": quantity,
        "fulfilled": 0,
        "released": released,
        "sources": sources.collect::<Vec<Value>>(),
    })
}

/// Reserves an item for which these places are chosen, and gives which reservation it is.
fn source(world: &mut World, sources: &[Item]) -> usize {
    let number = world.reserve(sources.to_vec());
    let quantity = sources.iter().map(|it| it.quantity).sum();
    let shown = sources.iter();
    let shown: Vec<_> = shown
        .map(|it| (it.place.location(), it.quantity, 0))
        .collect();
    let shown = sourced(world, &shown);
    world.reservations[number]["attributes"]["items"] = json!([shown]);
    let record = world.records.len() - 1;
    world.records[record].request = Request::Reserve(order(vec![item(LOCATED, quantity)]));
    world.answer(record).body = json!({ "data": world.reservations[number] });
    number
}

/// Does something with part of a reservation, whose item is then shown so.
fn act(world: &mut World, reservation: usize, act: Act, shown: &Value) -> usize {
    world.act_and_show(reservation, act, json!([shown]))
}

/// Asks for an order of which something is said to be short.
fn refuse(world: &mut World, request: Request, shortages: &[(Option<Location>, u64, u64)]) {
    let product = world.products[LOCATED].id;
    let shortages = shortages.iter().map(|(location, requested, available)| {
        json!({
            "product_id": product,
            "location": location,
            "requested": requested,
            "available": available,
        })
    });
    let mut refusal = errors(422);
    refusal[0]["meta"] = json!({ "shortages": shortages.collect::<Vec<Value>>() });
    world.record(request, Ok(said(422, json!({ "errors": refusal }))));
}

/// What is said of a refusal for lack of stock, of which there are 5 pieces, and 3 in the north.
#[track_caller]
fn assert_short(items: Vec<Item>, shortages: &[(Option<Location>, u64, u64)], says: &str) {
    let mut world = World::new();
    refuse(&mut world, Request::Reserve(order(items)), shortages);
    if says.is_empty() {
        assert_eq!(world.faults(), [""; 0]);
    } else {
        world.assert_fault(says);
    }
}

#[test]
fn a_sound_life_has_no_faults() {
    let mut world = World::new();
    let sources = [at(NORTH, 2), at(None, 3)];
    let fulfilled = source(&mut world, &sources);
    world.act(fulfilled, Act::Read, &[]);
    world.act(fulfilled, Act::Pay, &[]);
    world.act(fulfilled, Act::Fulfil(None), &sources);
    let expired = source(&mut world, &[at(None, 1)]);
    world.expire(expired, &[at(None, 1)]);
    let released = source(&mut world, &[at(NORTH, 1), at(None, 1)]);
    world.act(released, Act::Release(None), &[at(NORTH, 1), at(None, 1)]);
    assert_eq!(world.faults(), [""; 0]);
}

#[test]
fn a_part_without_a_place_takes_from_the_sources_in_order() {
    for (north, pool) in [(2, 1), (1, 2)] {
        let mut world = World::new();
        let reserved = source(&mut world, &[at(NORTH, 2), at(None, 3)]);
        let id = world.id(reserved);
        let taken = [at(NORTH, north), at(None, pool)];
        world.move_all(id, &taken, &[Action::Deallocate]);
        let release = Act::Release(Some(vec![item(LOCATED, 3)]));
        let shown = sourced(&world, &[(NORTH, 2, north), (None, 3, pool)]);
        act(&mut world, reserved, release, &shown);
        if north == 2 {
            assert_eq!(world.faults(), [""; 0]);
        } else {
            world.assert_fault("is shown with other items");
        }
    }
}

#[test]
fn a_part_that_names_a_place_has_it_before_the_others() {
    let mut world = World::new();
    let reserved = source(&mut world, &[at(NORTH, 2), at(None, 3)]);
    let id = world.id(reserved);
    world.move_all(id, &[at(NORTH, 2), at(None, 1)], &[Action::Deallocate]);
    let part = vec![item(LOCATED, 2), at(NORTH, 1)];
    let shown = sourced(&world, &[(NORTH, 2, 2), (None, 3, 1)]);
    act(&mut world, reserved, Act::Release(Some(part)), &shown);
    assert_eq!(world.faults(), [""; 0]);
}

#[test]
fn a_source_that_the_ledger_does_not_have_is_found() {
    let mut world = World::new();
    let reserved = source(&mut world, &[at(NORTH, 2), at(None, 3)]);
    let shown = sourced(&world, &[(NORTH, 1, 0), (None, 4, 0)]);
    world.reservations[reserved]["attributes"]["items"] = json!([shown]);
    world.answer(0).body = json!({ "data": world.reservations[reserved] });
    world.assert_fault("1-1-0 moves other stock than entry 3 of product 1");
}

#[test]
fn sources_that_change_by_themselves_are_found() {
    let mut world = World::new();
    let reserved = source(&mut world, &[at(NORTH, 2), at(None, 3)]);
    let shown = sourced(&world, &[(None, 3, 0), (NORTH, 2, 0)]);
    world.reservations[reserved]["attributes"]["items"] = json!([shown]);
    world.assert_fault("in the end it is shown with other items");
}

#[test]
fn places_that_nobody_wanted_to_be_chosen_are_found() {
    let mut world = World::new();
    source(&mut world, &[at(NORTH, 2), at(None, 3)]);
    let Request::Reserve(reserve) = &mut world.records[0].request else {
        panic!("it is something else");
    };
    reserve.is_sourced = false;
    world.assert_fault("1-1-0 asked for another one");
}

#[test]
fn an_order_that_is_sourced_is_another_one_than_one_that_is_not() {
    let mut world = World::new();
    let reserved = source(&mut world, &[at(None, 3)]);
    world.reservations[reserved]["attributes"]["order_id"] = json!("1-order-7");
    world.answer(0).body = json!({ "data": world.reservations[reserved] });
    let Request::Reserve(made) = &mut world.records[0].request else {
        panic!("it is something else");
    };
    made.order = Some(7);
    let mut other = made.clone();
    let same = other.clone();
    let shown = world.answer(0).body.clone();
    world.record(Request::Reserve(same), Ok(said(200, shown.clone())));
    other.is_sourced = false;
    let conflict = said(409, json!({ "errors": errors(409) }));
    world.record(Request::Reserve(other.clone()), Ok(conflict));
    assert_eq!(world.faults(), [""; 0]);
    world.record(Request::Reserve(other), Ok(said(200, shown)));
    world.assert_fault("was shown a reservation that its order doesn't have");
}

#[test]
fn a_refusal_though_enough_was_there_is_found() {
    assert_short(vec![item(LOCATED, 9)], &[(None, 9, 8)], "");
    assert_short(vec![item(LOCATED, 8)], &[(None, 8, 7)], "1-1-0 was told of");
    // The pool alone isn't all that there is.
    assert_short(vec![item(LOCATED, 9)], &[(None, 9, 5)], "1-1-0 was told of");
    assert_short(vec![item(LOCATED, 9)], &[(None, 8, 7)], "[9] of");
}

#[test]
fn what_names_a_place_comes_first() {
    let items = || vec![item(LOCATED, 4), at(NORTH, 2), item(LOCATED, 3)];
    assert_short(items(), &[(None, 7, 6)], "");
    assert_short(items(), &[(None, 7, 5)], "1-1-0 was told of");
    // What is short itself takes nothing.
    let items = || vec![at(NORTH, 4), item(LOCATED, 9), at(None, 2)];
    assert_short(items(), &[(NORTH, 4, 3), (None, 9, 6)], "");
    assert_short(items(), &[(NORTH, 4, 3), (None, 9, 2)], "1-1-0 was told of");
    let items = || vec![at(None, 6), item(LOCATED, 6)];
    assert_short(items(), &[(None, 6, 5)], "");
}

/// Two pieces in the north, of which one is moved to the pool.
fn moved(world: &mut World, reason: Option<&str>) {
    let reserved = world.reserve(vec![at(NORTH, 2)]);
    let id = world.id(reserved).to_string();
    for (location, action) in [(NORTH, Action::Deallocate), (None, Action::Allocate)] {
        world.write(LOCATED, action, 1, location, Some(id.clone()));
        if let Some(reason) = reason {
            let entry = world.histories[LOCATED].last_mut().unwrap();
            entry["attributes"]["reason"] = json!(reason);
        }
    }
    let shown = sourced(world, &[(NORTH, 1, 0), (None, 1, 0)]);
    let part = vec![at(NORTH, 1)];
    let to = vec![None];
    act(world, reserved, Act::Move { part, to }, &shown);
    world.act(reserved, Act::Read, &[]);
    let taken = [at(NORTH, 1), at(None, 1)];
    world.act(reserved, Act::Release(None), &taken);
}

#[test]
fn a_move_is_told_by_the_ledger() {
    let mut world = World::new();
    moved(&mut world, Some("moved"));
    assert_eq!(world.faults(), [""; 0]);
    let mut world = World::new();
    moved(&mut world, None);
    world.assert_fault("1-1-1 moves other stock than entry 5 of product 1");
    let mut world = World::new();
    moved(&mut world, Some("moved"));
    world.records.remove(1);
    world.assert_fault("is shown with other items");
}

#[test]
fn a_move_that_is_refused_though_there_is_enough_is_found() {
    let short = |quantity, requested, available| {
        let mut world = World::new();
        let reserved = world.reserve(vec![at(None, 4)]);
        let reservation = world.id(reserved);
        let part = vec![at(None, quantity)];
        let to = vec![NORTH];
        let act = Act::Move { part, to };
        let request = Request::Act { reservation, act };
        refuse(&mut world, request, &[(NORTH, requested, available)]);
        world
    };
    assert_eq!(short(4, 4, 3).faults(), [""; 0]);
    short(3, 3, 2).assert_fault("1-1-1 was told of");
    // So many aren't open.
    short(5, 5, 3).assert_fault("1-1-1 was told that stock is short");
}

//! The check finds each kind of fault in edits of reservations, and none where all is well.

use serde_json::json;

use super::reservations::item;
use super::world::{LOCATED, PLAIN, World, errors, said};
use crate::ask::Request;
use crate::model::{Action, Location};
use crate::reservation::{Act, Item, ItemPlace};

const NORTH: Option<Location> = Some(Location::North);

fn at(product: usize, location: Option<Location>, quantity: u64) -> Item {
    Item {
        place: ItemPlace::At(location),
        ..item(product, quantity)
    }
}

/// An entry that an edit makes.
fn write(world: &mut World, reservation: usize, action: Action, item: &Item, reason: &str) {
    let id = world.id(reservation).to_string();
    let location = item.place.location();
    world.write(item.product, action, item.quantity, location, Some(id));
    let entry = world.histories[item.product].last_mut().unwrap();
    entry["attributes"]["reason"] = json!(reason);
}

/// Makes a reservation these items, and has it shown so.
fn edit(world: &mut World, reservation: usize, items: &[Item]) {
    let shown = world.shown_items(items);
    world.act_and_show(reservation, Act::Edit(items.to_vec()), shown);
}

/// Three pieces of a product, of which two are given back for one of another.
fn edited(reason: &str) -> (World, usize) {
    let mut world = World::new();
    let reserved = world.reserve(vec![at(LOCATED, NORTH, 3)]);
    let gone = at(LOCATED, NORTH, 2);
    let come = at(PLAIN, None, 1);
    write(&mut world, reserved, Action::Deallocate, &gone, reason);
    write(&mut world, reserved, Action::Allocate, &come, reason);
    edit(&mut world, reserved, &[at(LOCATED, NORTH, 1), come]);
    (world, reserved)
}

#[test]
fn an_edit_is_told_by_the_ledger() {
    let (mut world, reserved) = edited("edited");
    let left = [at(LOCATED, NORTH, 1), at(PLAIN, None, 1)];
    world.act(reserved, Act::Release(None), &left);
    assert_eq!(world.faults(), [""; 0]);
    let (world, _) = edited("moved");
    world.assert_fault("moves other stock than entry");
    let (mut world, _) = edited("edited");
    world.records.remove(1);
    world.assert_fault("is shown with other items");
}

#[test]
fn an_edit_that_moves_nothing_is_found() {
    let mut world = World::new();
    let reserved = world.reserve(vec![at(LOCATED, NORTH, 3)]);
    edit(&mut world, reserved, &[at(LOCATED, NORTH, 2)]);
    world.assert_fault("lacks entries of product 1");
}

#[test]
fn fewer_than_are_shipped_are_refused() {
    let refused = |fulfilled: u64| {
        let mut world = World::new();
        let reserved = world.reserve(vec![at(LOCATED, NORTH, 3)]);
        world.act(reserved, Act::Pay, &[]);
        let part = vec![at(LOCATED, NORTH, 2)];
        let id = world.id(reserved);
        let actions = [Action::Deallocate, Action::Decrement];
        world.move_all(id, &part, &actions);
        let body = &mut world.reservations[reserved];
        body["attributes"]["items"][0]["fulfilled"] = json!(2);
        let answer = Ok(said(200, json!({ "data": body })));
        let act = Act::Fulfil(Some(part));
        let reservation = id;
        world.record(Request::Act { reservation, act }, answer);
        let mut refusal = errors(422);
        let product = world.products[LOCATED].id;
        refusal[0]["meta"] = json!({ "product_id": product, "fulfilled": fulfilled });
        let act = Act::Edit(vec![at(LOCATED, NORTH, 1)]);
        let answer = Ok(said(422, json!({ "errors": refusal })));
        world.record(Request::Act { reservation, act }, answer);
        world
    };
    assert_eq!(refused(2).faults(), [""; 0]);
    refused(3).assert_fault("was answered 422");
}

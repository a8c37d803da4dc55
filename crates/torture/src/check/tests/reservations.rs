//! The check finds each kind of fault in what reservations did, and none where all is well.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ask::Request;
use crate::model::{Action, Location};
use crate::record::Unclear;
use crate::reservation::{Act, Item, ItemPlace, Reserve};

use super::world::{LOCATED, PLAIN, World, errors, line, said};

pub(super) fn item(product: usize, quantity: u64) -> Item {
    Item {
        product,
        place: ItemPlace::Unnamed,
        quantity,
    }
}

impl World {
    /// Reserves for a second, as it should be, and gives which reservation it is.
    pub(super) fn reserve(&mut self, items: Vec<Item>) -> usize {
        let number = self.reservations.len();
        let id = Uuid::from_u128(0x1000_0000 + number as u128);
        self.move_all(id, &items, &[Action::Allocate]);
        let lines = self.shown_items(&items);
        let at = self.at.to_string();
        self.reservations.push(json!({
            "id": id,
            "attributes": {
                "state": "pending",
                "order_id": null,
                "expires_at": (self.at + SignedDuration::from_secs(1)).to_string(),
                "items": lines,
            },
            "meta": { "timestamps": { "created_at": at, "updated_at": at } },
        }));
        let request = Request::Reserve(Reserve {
            items,
            is_sourced: false,
            order: None,
            expires_in: 1,
        });
        let answer = said(201, json!({ "data": self.reservations[number] }));
        self.record(request, Ok(answer));
        number
    }

    /// Items as they are shown, of which nothing is fulfilled or released.
    pub(super) fn shown_items(&self, items: &[Item]) -> Value {
        let items = items.iter().map(|item| {
            json!({
                "product_id": self.products[item.product].id,
                "location": item.place.location(),
                "quantity": item.quantity,
                "fulfilled": 0,
                "released": 0,
            })
        });
        items.collect()
    }

    /// Does something with a reservation, whose items are then shown so.
    pub(super) fn act_and_show(&mut self, reservation: usize, act: Act, items: Value) -> usize {
        let id = self.id(reservation);
        let at = self.at.to_string();
        let body = &mut self.reservations[reservation];
        body["attributes"]["items"] = items;
        body["meta"]["timestamps"]["updated_at"] = json!(at);
        let answer = Ok(said(200, json!({ "data": body })));
        let reservation = id;
        self.record(Request::Act { reservation, act }, answer)
    }

    /// Writes entries for each position of these items.
    pub(super) fn move_all(&mut self, id: Uuid, items: &[Item], actions: &[Action]) {
        let mut positions: Vec<(usize, Option<Location>)> = Vec::new();
        for item in items {
            let position = (item.product, item.place.location());
            if !positions.contains(&position) {
                positions.push(position);
            }
        }
        positions.sort_by_key(|(product, location)| (*product, *location));
        for (product, location) in positions {
            let its = |it: &&Item| (it.product, it.place.location()) == (product, location);
            let quantity = items.iter().filter(its).map(|it| it.quantity).sum();
            for action in actions {
                self.write(product, *action, quantity, location, Some(id.to_string()));
            }
        }
    }

    pub(super) fn id(&self, reservation: usize) -> Uuid {
        serde_json::from_value(self.reservations[reservation]["id"].clone()).unwrap()
    }

    /// Does something with all of a reservation, as it should be done.
    pub(super) fn act(&mut self, reservation: usize, act: Act, items: &[Item]) -> usize {
        let id = self.id(reservation);
        let (state, field, actions): (_, _, &[Action]) = match act {
            Act::Pay => ("paid", None, &[]),
            Act::Release(_) => ("released", Some("released"), &[Action::Deallocate]),
            Act::Fulfil(_) => {
                let actions = &[Action::Deallocate, Action::Decrement];
                ("fulfilled", Some("fulfilled"), actions)
            }
            Act::Extend { .. } | Act::Move { .. } | Act::Edit(_) | Act::Read => {
                ("pending", None, &[])
            }
        };
        self.move_all(id, items, actions);
        let at = json!(self.at.to_string());
        let shown = &mut self.reservations[reservation];
        if act != Act::Read {
            shown["attributes"]["state"] = json!(state);
            shown["attributes"]["expires_at"] = json!(null);
            shown["meta"]["timestamps"]["updated_at"] = at;
        }
        if let Some(field) = field {
            close(shown, field);
        }
        let answer = said(200, json!({ "data": shown }));
        let reservation = id;
        self.record(Request::Act { reservation, act }, Ok(answer))
    }

    /// Does once more what was done, which changes nothing.
    fn repeat(&mut self, reservation: usize, act: Act) -> usize {
        let answer = said(200, json!({ "data": self.reservations[reservation] }));
        let reservation = self.id(reservation);
        self.record(Request::Act { reservation, act }, Ok(answer))
    }

    /// Lets a second go by, so that a reservation expires.
    pub(super) fn expire(&mut self, reservation: usize, items: &[Item]) {
        let id = self.id(reservation);
        let expires_at = self.reservations[reservation]["attributes"]["expires_at"].take();
        self.at = expires_at.as_str().unwrap().parse().unwrap();
        self.now += 2_000;
        let shown = &mut self.reservations[reservation];
        shown["attributes"]["state"] = json!("expired");
        shown["meta"]["timestamps"]["updated_at"] = expires_at;
        close(shown, "released");
        self.move_all(id, items, &[Action::Deallocate]);
    }
}

fn close(shown: &mut Value, field: &str) {
    for line in shown["attributes"]["items"].as_array_mut().unwrap() {
        line[field] = line["quantity"].clone();
        let sources = line.get_mut("sources").and_then(Value::as_array_mut);
        for source in sources.into_iter().flatten() {
            source[field] = source["quantity"].clone();
        }
    }
}

/// Two lines of one position, and another product.
fn items() -> Vec<Item> {
    vec![item(PLAIN, 2), item(LOCATED, 1), item(PLAIN, 3)]
}

#[test]
fn a_sound_life_has_no_faults() {
    let mut world = World::new();
    let fulfilled = world.reserve(items());
    world.act(fulfilled, Act::Read, &[]);
    world.act(fulfilled, Act::Pay, &[]);
    world.transact(line(PLAIN, Action::Allocate, 4));
    world.act(fulfilled, Act::Fulfil(None), &items());
    let released = world.reserve(vec![item(LOCATED, 1)]);
    world.act(released, Act::Release(None), &[item(LOCATED, 1)]);
    let expired = world.reserve(vec![item(PLAIN, 1)]);
    world.read(PLAIN);
    world.expire(expired, &[item(PLAIN, 1)]);
    world.read(PLAIN);
    world.act(expired, Act::Read, &[]);
    world.reserve(vec![item(PLAIN, 1)]);
    assert_eq!(world.faults(), [""; 0]);
}

#[test]
fn what_nobody_knows_of_may_have_happened() {
    let mut world = World::new();
    let reserved = world.reserve(items());
    world.records[0].attempts[0].outcome = Err(Unclear::Lost);
    let paid = world.act(reserved, Act::Pay, &[]);
    world.records[paid].attempts[0].outcome = Err(Unclear::Lost);
    world.act(reserved, Act::Fulfil(None), &items());
    assert_eq!(world.faults(), [""; 0]);
    world.records.remove(0);
    world.assert_fault("nobody asked for it");
}

#[test]
fn a_step_may_be_that_of_a_request_without_an_answer() {
    let mut world = World::new();
    let reserved = world.reserve(vec![item(PLAIN, 4)]);
    let released = world.act(reserved, Act::Release(None), &[item(PLAIN, 4)]);
    world.records[released].attempts[0].outcome = Err(Unclear::Cut);
    let seen = world.read(PLAIN);
    world.repeat(reserved, Act::Release(None));
    assert_eq!(world.faults(), [""; 0]);
    // Nobody had asked for the release when the stock was seen.
    world.time(seen, 2, 3);
    world.time(released, 4, 5);
    world.assert_fault("1-1-2 was shown a stock of 10 available");
}

#[test]
fn a_step_is_not_that_of_a_request_after_its_answer() {
    let mut world = World::new();
    let reserved = world.reserve(vec![item(PLAIN, 4)]);
    let seen = world.read(PLAIN);
    world.act(reserved, Act::Release(None), &[item(PLAIN, 4)]);
    let repeated = world.repeat(reserved, Act::Release(None));
    assert_eq!(world.faults(), [""; 0]);
    world.time(seen, 10, 11);
    world.time(repeated, 12, 13);
    world.assert_fault("it was so after entry 2, too early");
}

#[test]
fn a_lost_reservation_is_found() {
    let mut world = World::new();
    world.reserve(vec![item(PLAIN, 1)]);
    world.undo_last(PLAIN);
    world.reservations.clear();
    world.assert_fault("1-1-0 is about a reservation that isn't there");
}

#[test]
fn a_doubled_reservation_is_found() {
    let mut world = World::new();
    world.reserve(vec![item(PLAIN, 1)]);
    world.reserve(vec![item(PLAIN, 1)]);
    world.records.pop();
    world.assert_fault("nobody asked for it");
}

#[test]
fn a_reservation_of_something_else_is_found() {
    let mut world = World::new();
    world.reserve(vec![item(PLAIN, 1)]);
    let Request::Reserve(reserve) = &mut world.records[0].request else {
        panic!("it is something else");
    };
    reserve.items = vec![item(PLAIN, 1), item(LOCATED, 1)];
    world.assert_fault("1-1-0 asked for another one");
}

#[test]
fn a_partial_allocation_is_found() {
    let mut world = World::new();
    world.reserve(items());
    world.undo_last(LOCATED);
    world.assert_fault("before it is made: 1-1-0 lacks entries of product 1");
}

#[test]
fn a_doubled_allocation_is_found() {
    let mut world = World::new();
    let reserved = world.reserve(items());
    let id = world.id(reserved);
    world.move_all(id, &[item(LOCATED, 1)], &[Action::Allocate]);
    world.assert_fault("nothing explains entry 4 of product 1");
}

#[test]
fn a_lost_deallocation_is_found() {
    let mut world = World::new();
    let reserved = world.reserve(items());
    world.act(reserved, Act::Release(None), &items());
    assert_eq!(world.faults(), [""; 0]);
    world.undo_last(LOCATED);
    world.assert_fault("1-1-1 lacks entries of product 1");
}

#[test]
fn a_lost_shipment_is_found() {
    let mut world = World::new();
    let reserved = world.reserve(items());
    world.act(reserved, Act::Pay, &[]);
    world.act(reserved, Act::Fulfil(None), &items());
    assert_eq!(world.faults(), [""; 0]);
    world.undo_last(PLAIN);
    world.assert_fault("1-1-2 lacks entries of product 0");
}

#[test]
fn a_doubled_expiry_is_found() {
    let mut world = World::new();
    world.reserve(items());
    let expired = world.reserve(vec![item(PLAIN, 1)]);
    world.expire(expired, &[item(PLAIN, 1)]);
    let id = world.id(expired);
    world.move_all(id, &[item(PLAIN, 1)], &[Action::Deallocate]);
    world.assert_fault("nothing explains entry 5 of product 0");
}

#[test]
fn an_expiry_that_is_late_or_early_is_found() {
    for off in [1, -1] {
        let mut world = World::new();
        let expired = world.reserve(vec![item(PLAIN, 1)]);
        world.expire(expired, &[item(PLAIN, 1)]);
        assert_eq!(world.faults(), [""; 0]);
        let last = world.histories[PLAIN].last_mut().unwrap();
        let at: Timestamp = world.at + SignedDuration::from_millis(off);
        last["meta"]["timestamps"]["created_at"] = json!(at.to_string());
        world.assert_fault("moves other stock than entry 3 of product 0");
    }
}

#[test]
fn a_paid_reservation_that_expires_is_found() {
    let mut world = World::new();
    let reserved = world.reserve(vec![item(PLAIN, 1)]);
    let expires_at = world.reservations[reserved]["attributes"]["expires_at"].clone();
    world.act(reserved, Act::Pay, &[]);
    world.reservations[reserved]["attributes"]["expires_at"] = expires_at;
    world.expire(reserved, &[item(PLAIN, 1)]);
    world.assert_fault("was not due at 2026-01-01T00:00:01.001Z (it was so when it is Pending");
}

#[test]
fn payment_after_the_end_is_found() {
    let mut world = World::new();
    let reserved = world.reserve(vec![item(PLAIN, 1)]);
    let paid = world.act(reserved, Act::Pay, &[]);
    assert_eq!(world.faults(), [""; 0]);
    world.time(paid, 1_100, 1_101);
    world.assert_fault("1-1-1 was asked for after it had expired");
}

#[test]
fn stock_that_is_not_available_when_it_should_be_is_found() {
    let mut world = World::new();
    let expired = world.reserve(vec![item(PLAIN, 1)]);
    let seen = world.read(PLAIN);
    world.expire(expired, &[item(PLAIN, 1)]);
    assert_eq!(world.faults(), [""; 0]);
    world.time(seen, 1_100, 1_101);
    world.assert_fault("it was so after entry 2, too early");
}

#[test]
fn answers_that_are_not_so_are_found() {
    let mut world = World::new();
    let reserved = world.reserve(vec![item(PLAIN, 1)]);
    let seen = world.act(reserved, Act::Read, &[]);
    world.act(reserved, Act::Pay, &[]);
    assert_eq!(world.faults(), [""; 0]);
    world.answer(seen).body["data"]["attributes"]["state"] = json!("paid");
    world.assert_fault("is shown as Paid, and is Pending");
    let mut refusal = errors(409);
    refusal[0]["meta"] = json!({ "state": "expired" });
    let reservation = world.id(reserved);
    world.records.remove(seen);
    let refused = Ok(said(409, json!({ "errors": refusal })));
    let act = Act::Extend { expires_in: 1 };
    let refused = world.record(Request::Act { reservation, act }, refused);
    world.assert_fault("1-1-2 was answered 409");
    world.answer(refused).body["errors"][0]["meta"]["state"] = json!("paid");
    assert_eq!(world.faults(), [""; 0]);
}

#[test]
fn a_shortage_that_is_not_one_is_found() {
    let mut world = World::new();
    let mut refusal = errors(422);
    let product = world.products[PLAIN].id;
    refusal[0]["meta"] = json!({ "shortages": [
        { "product_id": product, "location": null, "requested": 11, "available": 10 },
    ] });
    let request = Request::Reserve(Reserve {
        items: vec![item(PLAIN, 5), item(LOCATED, 5), item(PLAIN, 6)],
        is_sourced: false,
        order: None,
        expires_in: 1,
    });
    let refused = Ok(said(422, json!({ "errors": refusal })));
    let refused = world.record(request, refused);
    assert_eq!(world.faults(), [""; 0]);
    let answer = &mut world.answer(refused).body["errors"][0]["meta"]["shortages"][0];
    answer["available"] = json!(9);
    world.assert_fault("1-1-0 was told of");
    let answer = &mut world.answer(refused).body["errors"][0]["meta"]["shortages"][0];
    answer["requested"] = json!(6);
    world.assert_fault("[11] of 00000000-0000-0000-0000-000000000001 were asked for");
}

#[test]
fn what_reservations_hold_is_not_given_back_otherwise() {
    let mut world = World::new();
    world.reserve(vec![item(PLAIN, 5)]);
    world.transact(line(PLAIN, Action::Allocate, 2));
    world.transact(line(PLAIN, Action::Deallocate, 3));
    assert_eq!(world.faults(), [""; 0]);
    world.transact(line(PLAIN, Action::Deallocate, 2));
    let made = world.transact(line(PLAIN, Action::Deallocate, 0));
    let name = world.records[made].name.to_string();
    world.histories[PLAIN].pop();
    world.write(PLAIN, Action::Deallocate, 1, None, Some(name));
    let last = world.histories[PLAIN].last().unwrap().clone();
    world.answer(made).body["data"] = last;
    let Request::Transact(line) = &mut world.records[made].request else {
        panic!("it is something else");
    };
    line.change.quantity = 1;
    world.assert_fault("is due to be refused with 422");
}

#[test]
fn holds_that_are_not_so_are_found() {
    let mut world = World::new();
    let reserved = world.reserve(items());
    world.transact(line(PLAIN, Action::Allocate, 2));
    let expires_at = world.reservations[reserved]["attributes"]["expires_at"].clone();
    let hold = |quantity: u64| {
        json!({
            "id": world.reservations[reserved]["id"],
            "attributes": {
                "order_id": null,
                "state": "pending",
                "location": null,
                "quantity": quantity,
                "expires_at": expires_at,
            },
        })
    };
    let (one, other) = (hold(2), hold(3));
    world.holds.insert(PLAIN, (json!([one, other]), 2));
    assert_eq!(world.faults(), [""; 0]);
    world.holds.insert(PLAIN, (json!([one, other]), 1));
    world.assert_fault("1 are shown as allocated plainly");
    world.holds.insert(PLAIN, (json!([one]), 2));
    world.assert_fault("what is shown as held isn't what is open");
}

#[test]
fn an_order_with_two_living_reservations_is_found() {
    let mut world = World::new();
    for number in [0, 1] {
        world.reserve(vec![item(PLAIN, 1)]);
        world.reservations[number]["attributes"]["order_id"] = json!("1-order-7");
        let Request::Reserve(reserve) = &mut world.records[number].request else {
            panic!("it is something else");
        };
        reserve.order = Some(7);
        world.answer(number).body["data"]["attributes"]["order_id"] = json!("1-order-7");
    }
    world.assert_fault("has another living one");
}

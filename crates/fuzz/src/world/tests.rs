use rand::SeedableRng as _;
use serde_json::json;

use super::*;
use crate::request::{Body, Sending};

fn sent(method: &str, id: &str) -> Request {
    Request {
        operation: String::new(),
        method: method.to_owned(),
        path: vec!["things".to_owned(), id.to_owned()],
        ids: vec![1],
        query: Vec::new(),
        headers: Vec::new(),
        body: Body::Nothing,
        sending: Sending::Whole,
    }
}

#[test]
fn what_was_made_is_known_until_it_is_gone() {
    let mut world = World::new("c0".to_owned(), Vec::new(), Vec::new());
    let mut rng = StdRng::seed_from_u64(1);
    let made = json!({ "data": {
        "id": "L", "type": "inventory_location", "attributes": { "slug": "berlin" },
    } });
    world.learn(&sent("POST", ""), true, 400, &made);
    world.learn(&sent("GET", ""), true, 200, &made);
    assert_eq!(world.thing(Kind::Location, &mut rng), None);
    world.learn(&sent("POST", ""), true, 201, &made);
    assert_eq!(
        world.thing(Kind::Location, &mut rng).unwrap().other,
        "berlin"
    );
    world.learn(&sent("GET", "L"), false, 404, &Value::Null);
    assert_eq!(world.any_id(&mut rng).as_deref(), Some("L"));
    world.learn(&sent("DELETE", "L"), true, 204, &Value::Null);
    assert_eq!(world.any_id(&mut rng), None);
}

#[test]
fn a_reservation_is_in_one_state() {
    let mut world = World::default();
    let mut rng = StdRng::seed_from_u64(1);
    for state in ["pending", "paid"] {
        let body = json!({ "data": {
            "id": "R", "type": "stock-reservation", "attributes": { "state": state },
        } });
        world.learn(&sent("POST", ""), true, 201, &body);
    }
    assert_eq!(world.thing(Kind::PendingReservation, &mut rng), None);
    assert!(world.thing(Kind::PaidReservation, &mut rng).is_some());
}

#[test]
fn a_reservation_that_holds_pieces_in_a_location_is_known_with_one() {
    let mut world = World::default();
    let mut learn = |sources: &Value| {
        let item = json!({
            "product_id": "P", "quantity": 3, "fulfilled": 1, "released": 0, "sources": sources,
        });
        let attributes = json!({ "state": "paid", "items": [item] });
        let data = json!({ "id": "R", "type": "stock-reservation", "attributes": attributes });
        world.learn(&sent("POST", ""), true, 200, &json!({ "data": data }));
        world.known(Kind::PlacedReservation, "R").cloned()
    };
    let source = |location: Option<&str>, fulfilled: u64| json!({ "location": location, "quantity": 1, "fulfilled": fulfilled, "released": 0 });
    let pool = source(None, 0);
    assert_eq!(learn(&json!([source(Some("york"), 1), pool])), None);
    let placed = learn(&json!([pool, source(Some("leeds"), 0)])).unwrap();
    assert_eq!((&*placed.product, &*placed.other), ("P", "leeds"));
}

#[test]
fn a_reservation_is_known_while_shipped_pieces_can_come_back() {
    let mut world = World::default();
    let mut learn = |location: Value, returned: u64| {
        let item = json!({
            "product_id": "P", "location": location, "quantity": 3, "fulfilled": 2,
            "released": 1, "returned": returned,
        });
        let attributes = json!({ "state": "released", "items": [item] });
        let data = json!({ "id": "R", "type": "stock-reservation", "attributes": attributes });
        world.learn(&sent("POST", ""), true, 200, &json!({ "data": data }));
        world.known(Kind::ShippedReservation, "R").cloned()
    };
    let shipped = learn(json!("york"), 1).unwrap();
    assert_eq!((&*shipped.product, &*shipped.other), ("P", "york"));
    assert_eq!(learn(json!(null), 0).unwrap().other, "");
    assert_eq!(learn(json!("york"), 2), None);
}

#[test]
fn a_transfer_is_known_by_what_can_be_done_with_it() {
    let mut world = World::default();
    let mut learn = |state: &str, figures: [u64; 3]| {
        let [allocated, in_transit, missing] = figures;
        let item = json!({
            "product_id": "P", "quantity": 3, "allocated": allocated, "in_transit": in_transit,
            "missing": missing,
        });
        let attributes = json!({ "state": state, "from": { "location": null }, "items": [item] });
        let data = json!({ "id": "T", "type": "stock-transfer", "attributes": attributes });
        world.learn(&sent("POST", ""), true, 200, &json!({ "data": data }));
        let all = [
            Kind::DraftTransfer,
            Kind::UnshippedTransfer,
            Kind::ShippedTransfer,
            Kind::ReceivedTransfer,
        ];
        all.map(|kind| world.known(kind, "T").is_some())
    };
    assert_eq!(learn("draft", [0, 0, 0]), [true, true, false, false]);
    assert_eq!(learn("ready", [3, 0, 0]), [false, true, false, false]);
    assert_eq!(learn("in_transit", [1, 1, 1]), [false, true, true, true]);
    assert_eq!(learn("cancelled", [0, 0, 0]), [false; 4]);
}

#[test]
fn a_receipt_is_known_until_it_is_undone() {
    let mut world = World::default();
    let list = Request {
        operation: "ListReceipts".to_owned(),
        ..sent("GET", "T")
    };
    let receipt = |id: &str, at: Value| json!({ "id": id, "attributes": { "undone_at": at } });
    let receipts = json!({ "data": [receipt("A", json!("now")), receipt("B", json!(null))] });
    world.learn(&list, true, 200, &receipts);
    assert_eq!(world.known(Kind::Receipt, "A"), None);
    assert_eq!(world.known(Kind::Receipt, "B").unwrap().other, "T");
    let undo = Request {
        operation: "UndoReceipt".to_owned(),
        ..sent("POST", "B")
    };
    world.learn(&undo, true, 200, &json!({}));
    assert_eq!(world.known(Kind::Receipt, "B"), None);
}

#[test]
fn only_so_much_is_remembered() {
    let mut world = World::default();
    for index in 0..=THINGS_MAX {
        world.add(Kind::Key, &index.to_string(), "");
    }
    assert_eq!(world.things[&Kind::Key].len(), THINGS_MAX);
    assert_eq!(world.things[&Kind::Key][0].id, "1");
}

//! The check finds each kind of fault in a history made by hand, and none in a sound one.

mod edits;
mod feed;
mod reservations;
mod safety;
mod search;
mod sourcing;
mod world;

use serde_json::json;

use crate::ask::Request;
use crate::model::{Action, Expect, Location};
use crate::record::{Answer, Unclear};

use world::{FLEETING, LOCATED, PLAIN, World, errors, figures, line, milliseconds, refused, said};

#[test]
fn a_sound_history_has_no_faults() {
    let mut world = World::new();
    world.transact(line(PLAIN, Action::Allocate, 4));
    world.transact(line(PLAIN, Action::Decrement, 7));
    world.transact(line(PLAIN, Action::Set, 4));
    world.read(PLAIN);
    world.page(PLAIN);
    let mut located = line(LOCATED, Action::Decrement, 3);
    located.change.location = Some(Location::North);
    world.transact(located.clone());
    world.transact(located.clone());
    let mut expecting = line(LOCATED, Action::Increment, 1);
    expecting.change.expect = Expect {
        available: Some(4),
        ..Expect::default()
    };
    world.transact(expecting);
    world.read(LOCATED);
    let lines = || {
        vec![
            line(PLAIN, Action::Increment, 5),
            located.clone(),
            line(PLAIN, Action::Decrement, 6),
            line(PLAIN, Action::Deallocate, 1),
        ]
    };
    world.batch(lines(), false);
    world.batch(lines(), true);
    world.batch(vec![line(PLAIN, Action::Deallocate, 1); 3], true);
    world.transact(line(FLEETING, Action::Allocate, 1));
    world.record(
        Request::Transact(line(PLAIN, Action::Set, 3)),
        Err(Unclear::Lost),
    );
    assert_eq!(world.faults(), [""; 0]);
}

#[test]
fn an_unclear_request_may_have_been_carried_out_once() {
    let mut world = World::new();
    let made = world.transact(line(PLAIN, Action::Allocate, 4));
    world.records[made].attempts[0].outcome = Err(Unclear::Cut);
    assert_eq!(world.faults(), [""; 0]);
    world.records[made].attempts[0].outcome = Err(Unclear::Incomplete);
    world.assert_fault("was carried out, and never sent whole");
}

#[test]
fn a_lost_change_is_found() {
    let mut world = World::new();
    world.transact(line(PLAIN, Action::Allocate, 4));
    world.undo_last(PLAIN);
    world.assert_fault("1-1-0 was acknowledged, and is not in the ledger");
}

#[test]
fn a_change_made_twice_is_found() {
    let mut world = World::new();
    world.transact(line(PLAIN, Action::Allocate, 2));
    world.write(PLAIN, Action::Allocate, 2, None, Some("1-1-0".to_owned()));
    world.assert_fault("1-1-0 was carried out twice");
}

#[test]
fn a_change_that_nobody_asked_for_is_found() {
    for reference in [None, Some("2-1-0".to_owned())] {
        let mut world = World::new();
        world.write(PLAIN, Action::Allocate, 2, None, reference);
        world.assert_fault("nobody asked for entry 2");
    }
}

#[test]
fn a_change_that_was_refused_and_made_is_found() {
    let mut world = World::new();
    let made = world.transact(line(PLAIN, Action::Allocate, 2));
    *world.answer(made) = refused(422);
    world.assert_fault("was carried out, though the answer was 422");
    let made = world.batch(vec![line(PLAIN, Action::Allocate, 2)], false);
    world.records.swap_remove(0);
    world.undo_last(PLAIN);
    world.undo_last(PLAIN);
    let entry = Some("1-1-1-0".to_owned());
    world.write(PLAIN, Action::Allocate, 2, None, entry);
    world.answer(made - 1).body["data"][0] = json!({ "errors": errors(422) });
    world.assert_fault("1-1-1-0 was carried out, though");
}

#[test]
fn a_gap_in_the_sequence_is_found() {
    let mut world = World::new();
    for _ in 0..3 {
        world.transact(line(PLAIN, Action::Allocate, 0));
    }
    world.histories[PLAIN].remove(2);
    world.assert_fault("the sequence has a gap: 4 where 3 is due");
}

#[test]
fn a_wrong_balance_is_found() {
    let mut world = World::new();
    world.transact(line(PLAIN, Action::Allocate, 1));
    world.histories[PLAIN][1]["attributes"]["balance"] = figures(8, 1);
    world.assert_fault("the balance of entry 2 is wrong");
}

#[test]
fn overselling_is_found() {
    let mut world = World::new();
    world.transact(line(PLAIN, Action::Allocate, 6));
    world.histories[PLAIN][1]["attributes"]["quantity"] = json!(11);
    world.assert_fault("oversold: entry 2");
}

#[test]
fn time_that_runs_backwards_is_found() {
    let mut world = World::new();
    world.transact(line(PLAIN, Action::Allocate, 6));
    let timestamps = &mut world.histories[PLAIN][1]["meta"]["timestamps"];
    timestamps["created_at"] = json!("2026-01-01T00:00:00Z");
    world.assert_fault("time runs backwards before entry 2");
}

#[test]
fn an_id_that_was_given_twice_is_found() {
    let mut world = World::new();
    world.transact(line(PLAIN, Action::Allocate, 6));
    let id = world.histories[LOCATED][0]["id"].clone();
    world.histories[PLAIN][1]["id"] = id;
    world.assert_fault("the id of entry 1 was given twice");
}

#[test]
fn stock_that_is_not_the_sum_of_its_ledger_is_found() {
    for server in [0, 1] {
        let mut world = World::new();
        world.shown(LOCATED, server)["attributes"]["locations"]["north"] = figures(2, 1);
        world.assert_fault(&format!("server {} shows a stock of", server + 1));
    }
}

#[test]
fn stock_that_was_created_otherwise_is_found() {
    let mut world = World::new();
    world.products[PLAIN].available = 11;
    world.assert_fault("the ledger doesn't begin with the stock that was created");
}

#[test]
fn an_answer_that_differs_from_the_ledger_is_found() {
    let mut world = World::new();
    let made = world.transact(line(PLAIN, Action::Allocate, 6));
    world.answer(made).body["data"]["attributes"]["balance"] = figures(5, 6);
    world.assert_fault("1-1-0 was answered otherwise than the ledger has it");
}

#[test]
fn a_change_other_than_the_one_asked_for_is_found() {
    for other in [
        line(PLAIN, Action::Allocate, 5),
        line(PLAIN, Action::Decrement, 6),
        line(PLAIN, Action::Allocate, 11),
    ] {
        let mut world = World::new();
        let made = world.transact(line(PLAIN, Action::Allocate, 6));
        world.records[made].request = Request::Transact(other);
        world.assert_fault("after entry 1: 1-1-0 has “");
    }
}

#[test]
fn a_change_that_was_not_as_expected_is_found() {
    let mut world = World::new();
    let made = world.transact(line(PLAIN, Action::Allocate, 6));
    let mut expecting = line(PLAIN, Action::Allocate, 6);
    expecting.change.expect.total = Some(9);
    world.records[made].request = Request::Transact(expecting);
    world.assert_fault("is due to be refused with 409");
}

#[test]
fn an_unjustified_refusal_is_found() {
    for status in [404, 422] {
        let mut world = World::new();
        let refused = Ok(refused(status));
        world.record(
            Request::Transact(line(PLAIN, Action::Allocate, 10)),
            refused,
        );
        world.assert_fault("after entry 1: 1-1-0 has “Allocate 10 unlocated");
    }
}

#[test]
fn a_refusal_may_be_justified_by_what_happened_meanwhile() {
    let mut world = World::new();
    let taking = world.transact(line(PLAIN, Action::Allocate, 6));
    let refused = world.transact(line(PLAIN, Action::Allocate, 6));
    let returning = world.transact(line(PLAIN, Action::Deallocate, 6));
    // It was asked for before, and answered after.
    world.time(refused, 0, 9);
    assert_eq!(world.faults(), [""; 0]);
    // It was asked for when all had been given back.
    world.records[refused].attempts[0].invoked = milliseconds(8);
    world.assert_fault("it was so after entry 2, too early");
    // It was answered before anything was taken.
    world.time(refused, 0, 1);
    for number in [taking, returning] {
        world.time(number, 3, 9);
    }
    world.assert_fault("it was so after entry 2, too late");
}

#[test]
fn an_answer_that_is_not_to_be_given_is_found() {
    let mut world = World::new();
    let made = world.transact(line(PLAIN, Action::Allocate, 6));
    *world.answer(made) = said(400, json!({}));
    world.assert_fault("1-1-0 was answered 400");
}

#[test]
fn changes_in_another_order_than_they_were_answered_are_found() {
    let mut world = World::new();
    let first = world.transact(line(PLAIN, Action::Allocate, 1));
    let second = world.transact(line(PLAIN, Action::Allocate, 2));
    // The second in the ledger was answered before the first was asked for.
    let attempts = world.records[second].attempts.clone();
    world.records[second].attempts = world.records[first].attempts.clone();
    world.records[first].attempts = attempts;
    let outcome = world.records[second].attempts[0].outcome.clone();
    world.records[second].attempts[0].outcome = world.records[first].attempts[0].outcome.clone();
    world.records[first].attempts[0].outcome = outcome;
    world.assert_fault(
        "after entry 1: 1-1-1 has no place there (it was so after entry 2, too late)",
    );
}

#[test]
fn readings_that_are_too_old_or_too_new_are_found() {
    for page in [false, true] {
        let mut world = World::new();
        let seen = if page {
            world.page(PLAIN)
        } else {
            world.read(PLAIN)
        };
        world.transact(line(PLAIN, Action::Allocate, 1));
        assert_eq!(world.faults(), [""; 0]);
        world.time(seen, 8, 9);
        world.assert_fault("it was so after entry 1, too early");

        let mut world = World::new();
        world.transact(line(PLAIN, Action::Allocate, 1));
        let seen = if page {
            world.page(PLAIN)
        } else {
            world.read(PLAIN)
        };
        world.time(0, 8, 9);
        world.time(seen, 6, 7);
        world.assert_fault("it was so after entry 2, too late");
    }
}

#[test]
fn readings_that_go_back_are_found() {
    let mut world = World::new();
    let before = world.read(PLAIN);
    let change = world.transact(line(PLAIN, Action::Allocate, 1));
    let after = world.read(PLAIN);
    // The change is under way all the time: each reading alone may be so.
    world.time(change, 0, 20);
    assert_eq!(world.faults(), [""; 0]);
    let attempts = world.records[before].attempts.clone();
    world.time(before, 10, 11);
    world.records[after].attempts[0].invoked = attempts[0].invoked;
    world.records[after].attempts[0].ended = attempts[0].ended;
    world.assert_fault("it was so after entry 1, too early");
}

#[test]
fn a_reading_of_what_never_was_is_found() {
    let mut world = World::new();
    let seen = world.read(PLAIN);
    world.answer(seen).body["data"]["attributes"]["allocated"] = json!(1);
    world.assert_fault("1-1-0 was shown a stock of");
    let mut world = World::new();
    let seen = world.page(PLAIN);
    world.answer(seen).body["meta"]["results"]["total"] = json!(2);
    world.assert_fault("1-1-0 was shown a page of a history of 2 entries");
}

#[test]
fn half_an_atomic_batch_is_found() {
    let mut world = World::new();
    let lines = vec![
        line(PLAIN, Action::Allocate, 1),
        line(LOCATED, Action::Allocate, 1),
    ];
    let made = world.batch(lines, true);
    world.records[made].attempts[0].outcome = Err(Unclear::Lost);
    assert_eq!(world.faults(), [""; 0]);
    world.undo_last(LOCATED);
    world.assert_fault("of the atomic batch 1-1-0, 1 of 2 lines were carried out");
}

#[test]
fn half_a_loose_batch_is_found() {
    let mut world = World::new();
    let lines = vec![
        line(PLAIN, Action::Allocate, 1),
        line(LOCATED, Action::Allocate, 1),
    ];
    let made = world.batch(lines, false);
    world.records[made].attempts[0].outcome = Err(Unclear::Lost);
    assert_eq!(world.faults(), [""; 0]);
    world.undo_last(LOCATED);
    world.assert_fault("after entry 2: 1-1-0 has “Allocate 1 unlocated of product 1”");
}

#[test]
fn a_batch_with_something_in_between_is_found() {
    let mut world = World::new();
    let lines = vec![
        line(PLAIN, Action::Allocate, 1),
        line(PLAIN, Action::Decrement, 1),
    ];
    world.batch(lines, true);
    world.undo_last(PLAIN);
    world.transact(line(PLAIN, Action::Set, 10));
    let reference = Some("1-1-0-1".to_owned());
    let entry = world.write(PLAIN, Action::Decrement, 1, None, reference);
    world.answer(0).body["data"][1] = entry;
    world.assert_fault("1-1-0 has its entries out of order: 4 where 3 is due");
}

#[test]
fn a_batch_that_was_refused_at_the_wrong_line_is_found() {
    let mut world = World::new();
    let lines = vec![
        line(PLAIN, Action::Allocate, 1),
        line(PLAIN, Action::Allocate, 10),
    ];
    let refused = world.batch(lines, true);
    assert_eq!(world.faults(), [""; 0]);
    let index = world
        .answer(refused)
        .body
        .pointer_mut("/errors/0/meta/index");
    *index.unwrap() = json!(0);
    world.assert_fault("after entry 1: 1-1-0 has “Allocate 1 unlocated");
}

#[test]
fn a_line_without_an_answer_is_found() {
    let mut world = World::new();
    let made = world.batch(vec![line(PLAIN, Action::Allocate, 1)], false);
    world.answer(made).body["data"] = json!([]);
    world.assert_fault("1-1-0 was not answered line by line");
}

/// A request that was made, and asked for again.
fn repeated() -> (World, usize) {
    let mut world = World::new();
    let made = world.transact(line(PLAIN, Action::Allocate, 1));
    let again = Answer {
        replayed: true,
        ..world.answer(made).clone()
    };
    world.attempt(made, Ok(again));
    (world, made)
}

#[test]
fn a_repeated_answer_is_the_same_and_says_so() {
    let (mut world, made) = repeated();
    assert_eq!(world.faults(), [""; 0]);
    world.answer(made).replayed = true;
    world.assert_fault("the first answer to 1-1-0 says that it was given before");

    let (mut world, made) = repeated();
    let again = world.records[made].attempts[1].outcome.as_mut().unwrap();
    again.body["data"]["attributes"]["quantity"] = json!(2);
    world.assert_fault("1-1-0 was answered 201");

    let (mut world, made) = repeated();
    let again = world.records[made].attempts[1].outcome.as_mut().unwrap();
    again.replayed = false;
    world.assert_fault("1-1-0 was answered, and then carried out again");
    // Twice at the same time.
    let attempts = &mut world.records[made].attempts;
    attempts[1].invoked = attempts[0].invoked;
    world.assert_fault("1-1-0 was carried out twice, says no answer otherwise");
}

#[test]
fn a_key_that_was_good_for_another_request_is_found() {
    let (mut world, of) = repeated();
    let line = line(PLAIN, Action::Increment, 1);
    let refused = Ok(refused(409));
    let request = Request::Misuse { of, line };
    let misuse = world.record(request, refused);
    assert_eq!(world.faults(), [""; 0]);
    let name = Some("1-1-1".to_owned());
    let entry = world.write(PLAIN, Action::Increment, 1, None, name);
    world.assert_fault("nobody asked for entry 3");
    *world.answer(misuse) = said(201, json!({ "data": entry }));
    world.assert_fault("1-1-1 used the key of 1-1-0, and was answered 201");
}

#[test]
fn stock_may_be_deleted_and_created_anew() {
    let mut world = World::new();
    world.transact(line(FLEETING, Action::Allocate, 1));
    world.delete(FLEETING);
    let missing = refused(404);
    let transact = Request::Transact(line(FLEETING, Action::Allocate, 1));
    world.record(transact, Ok(missing.clone()));
    let product = FLEETING;
    world.record(Request::Stock { product }, Ok(missing.clone()));
    world.record(Request::Delete { product }, Ok(missing));
    world.create(FLEETING, 7);
    world.transact(line(FLEETING, Action::Allocate, 7));
    world.read(FLEETING);
    let request = Request::Create {
        product,
        available: 3,
    };
    world.record(request, Ok(refused(400)));
    assert_eq!(world.faults(), [""; 0]);
    world.delete(FLEETING);
    assert_eq!(world.faults(), [""; 0]);
}

#[test]
fn stock_may_be_deleted_and_created_by_those_who_never_knew() {
    let mut world = World::new();
    let deleted = world.delete(FLEETING);
    let created = world.create(FLEETING, 7);
    for number in [deleted, created] {
        world.records[number].attempts[0].outcome = Err(Unclear::Lost);
    }
    assert_eq!(world.faults(), [""; 0]);
    // What isn't kept under a key says nothing of earlier attempts.
    world.attempt(created, Ok(said(400, json!({}))));
    assert_eq!(world.faults(), [""; 0]);
    world.records[created].request = Request::Create {
        product: FLEETING,
        available: 8,
    };
    world.assert_fault("after the deletion behind entry 1: nobody created stock");
    let mut world = World::new();
    let deleted = world.delete(FLEETING);
    world.records[deleted].attempts[0].outcome = Err(Unclear::Incomplete);
    world.assert_fault("after entry 1: nobody deleted the stock that is gone");
}

#[test]
fn who_deleted_stock_follows_from_what_was_seen() {
    let mut world = World::new();
    let first = world.delete(FLEETING);
    world.records[first].attempts[0].outcome = Err(Unclear::Lost);
    let missing = refused(404);
    let product = FLEETING;
    world.record(Request::Stock { product }, Ok(missing));
    world.create(FLEETING, 7);
    let second = world.delete(FLEETING);
    // It might have been the one to delete the first stock, if nobody had seen that gone before.
    world.records[second].attempts[0].invoked = milliseconds(4);
    assert_eq!(world.faults(), [""; 0]);
    world.records[first].attempts[0].outcome = Err(Unclear::Incomplete);
    world.assert_fault("1-1-1 was told that there is no stock (it was so after the deletion behind entry 1, too late); nobody deleted the stock that is gone");
}

#[test]
fn a_creation_that_did_nothing_is_found() {
    let mut world = World::new();
    world.delete(FLEETING);
    let created = world.create(FLEETING, 7);
    world.histories[FLEETING].pop();
    world.deleted.insert(FLEETING);
    world.assert_fault("1-1-1 was acknowledged, and did nothing");
    world.records.remove(created);
    assert_eq!(world.faults(), [""; 0]);
}

#[test]
fn a_deletion_that_did_nothing_is_found() {
    let mut world = World::new();
    let product = FLEETING;
    world.record(Request::Delete { product }, Ok(said(204, json!(null))));
    world.assert_fault("1-1-0 was acknowledged, and did nothing");
}

#[test]
fn a_change_of_stock_that_was_deleted_before_is_found() {
    let mut world = World::new();
    let changed = world.transact(line(FLEETING, Action::Allocate, 1));
    world.delete(FLEETING);
    assert_eq!(world.faults(), [""; 0]);
    world.time(changed, 8, 9);
    world.assert_fault(
        "after entry 1: 1-1-1 has no place there (it was so after entry 2, too late)",
    );
}

#[test]
fn what_was_told_of_stock_that_was_not_there_is_found() {
    let missing = || Ok(refused(404));
    let product = FLEETING;
    for request in [
        Request::Stock { product },
        Request::Delete { product },
        Request::Transact(line(product, Action::Allocate, 1)),
    ] {
        let mut world = World::new();
        world.record(request, missing());
        world.assert_fault("after entry 1: 1-1-0 ");
    }
    let mut world = World::new();
    world.delete(product);
    let seen = world.read(product);
    world.assert_fault("1-1-1 was shown a stock of 0 available + 0 allocated in all");
    world.records[seen].request = Request::Create {
        product,
        available: 1,
    };
    *world.answer(seen) = refused(400);
    world.assert_fault("1-1-1 was told that there is stock (it was so after entry 1, too early)");
}

#[test]
fn stock_of_two_lives_at_the_same_time_is_found() {
    let mut world = World::new();
    let seen = world.read(FLEETING);
    world.delete(FLEETING);
    world.create(FLEETING, 4);
    assert_eq!(world.faults(), [""; 0]);
    world.time(seen, 8, 9);
    world.assert_fault("it was so after entry 1, too early");
}

#[test]
fn a_wrong_past_is_found() {
    let mut world = World::new();
    world.transact(line(PLAIN, Action::Allocate, 1));
    let at = "2026-01-01T00:00:00.001Z".parse().unwrap();
    let mut stock = world.shown(PLAIN, 0).clone();
    world.past.push((PLAIN, at, stock.clone()));
    assert_eq!(world.faults(), [""; 0]);
    stock["attributes"]["available"] = json!(10);
    world.past.push((PLAIN, at, stock));
    world.assert_fault("the stock at 2026-01-01T00:00:00.001Z is shown as");
}

#[test]
fn a_failure_of_the_server_is_found() {
    let mut world = World::new();
    let request = || Request::Transact(line(PLAIN, Action::Allocate, 1));
    world.record(request(), Err(Unclear::Failed(503)));
    assert_eq!(world.faults(), [""; 0]);
    world.record(request(), Err(Unclear::Failed(500)));
    world.assert_fault("1-1-1 was answered 500");
}

#[test]
fn thousands_of_requests_are_checked_at_once() {
    let mut world = World::new();
    for number in 0..1_000 {
        world.transact(line(PLAIN, Action::Set, number % 50));
        world.read(PLAIN);
    }
    // A dozen of them are under way at any time.
    for (number, at) in (0..2_000).map(|number| 2 * number).enumerate() {
        world.time(number, at, at + 25);
    }
    assert_eq!(world.faults(), [""; 0]);
    world.answer(1_901).body["data"]["attributes"]["available"] = json!(51);
    world.assert_fault("1-1-1901 was shown a stock of");
}

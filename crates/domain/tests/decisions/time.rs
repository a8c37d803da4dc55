//! Time: it never runs backwards within a thing, and ids carry it.

use stockroom_domain::{
    Change, CreateStock, EchoedFigures, RecordChange, SetLocations, Timestamp, Transact,
    TransactionAction, TransactionId, UpdateLocation,
};
use uuid::Uuid;

use crate::scene::{
    Scene, at, balance, changed_stock, entries, id, location, product, quantity, slug, stock, store,
};

fn increment() -> Scene<Transact> {
    let request = Transact::new(product(), TransactionAction::Increment, quantity(1));
    Scene::new(request).with_stock(stock(store(), balance(0, 0)))
}

/// The stock was last changed a second before the clock's usual time.
#[test]
fn a_ledgers_time_never_runs_backwards() {
    for (now, dated) in [
        (at(0), at(0)),
        (at(-999), at(-999)),
        (at(-1_000), at(-1_000)),
        (at(-1_001), at(-1_000)),
        (Timestamp::UNIX_EPOCH, at(-1_000)),
    ] {
        let decision = increment().decide_at(now).expect("it is accepted");
        assert_eq!(decision.answer.entry.created_at, dated);
        let changed = changed_stock(&decision.changes).expect("the stock changes");
        assert_eq!(changed.updated_at, dated);
        assert_eq!(changed.created_at, at(-1_000));
    }
}

/// An entry's id carries the entry's time, which is not always the clock's.
#[test]
fn an_entrys_id_carries_its_time() {
    for now in [at(0), at(7), at(-60_000)] {
        let decision = increment().decide_at(now).expect("it is accepted");
        let entry = decision.answer.entry;
        assert_eq!(entry.id.created_at(), Some(entry.created_at));
    }
    let request = CreateStock {
        product: product(),
        unlocated: quantity(1),
        located: [(slug("here"), quantity(1))].into(),
    };
    let created = Scene::new(request)
        .with_location(location(store(), 1, "here"))
        .accepted();
    for entry in entries(&created.changes) {
        assert_eq!(entry.id.created_at(), Some(at(0)));
        assert_eq!(entry.created_at, at(0));
    }
}

#[test]
fn an_id_that_no_ledger_makes_has_no_time() {
    for foreign in [
        Uuid::nil(),
        Uuid::max(),
        // Version 4.
        Uuid::from_u64_pair(0x0123_4567_89ab_4def, 0x8123_4567_89ab_cdef),
        // Version 7, further in the future than a timestamp reaches.
        Uuid::from_u64_pair(0xffff_ffff_ffff_7000, 0x8000_0000_0000_0000),
    ] {
        assert_eq!(TransactionId::new(foreign).created_at(), None, "{foreign}");
    }
}

/// A PUT without entries dates the stock too, and not backwards.
#[test]
fn a_put_does_not_turn_time_back() {
    for (now, dated) in [(at(0), at(0)), (at(-60_000), at(-1_000))] {
        let request = SetLocations {
            product: product(),
            located: [(slug("new"), Some(quantity(0)))].into(),
            echoed: EchoedFigures::default(),
        };
        let scene = Scene::new(request)
            .with_stock(stock(store(), balance(0, 0)))
            .with_location(location(store(), 1, "new"));
        let decision = scene.decide_at(now).expect("it is accepted");
        assert_eq!(decision.answer.updated_at, dated);
    }
}

#[test]
fn a_locations_time_never_runs_backwards() {
    for (now, dated) in [(at(0), at(0)), (at(-60_000), at(-2_000))] {
        let request = UpdateLocation {
            slug: Some(slug("there")),
            ..UpdateLocation::new(id(1))
        };
        let scene = Scene::new(request).with_location(location(store(), 1, "here"));
        let decision = scene.decide_at(now).expect("it is accepted");
        assert_eq!(decision.answer.updated_at, dated);
        let record = RecordChange::Location(decision.answer);
        assert_eq!(decision.changes, [Change::Record(record)]);
    }
}

//! What reservations hold of stock: held against their lines, and these against the ledger.

use stockroom_domain::{HeldTotals, LocationId};

use crate::scene::at;
use crate::verify::{HERE, NOWHERE, Named, Stored, after, whole};

/// The stock of `whole`, of which all that is allocated is reserved: a piece here, and one in no
/// location. The first of it expires at 1000.
fn reserved() -> Stored {
    let mut stored = whole();
    stored.stock.held = HeldTotals {
        pieces: [(None, 1), (Some(HERE), 1)].into(),
        set_aside: [(Some(HERE), 1)].into(),
        first_expiry: Some(at(1_000).as_milliseconds()),
    };
    stored.stock.lines = stored.stock.held.clone();
    stored
}

fn lines(stored: &mut Stored, location: Option<LocationId>, pieces: i64) {
    stored.stock.lines.pieces.insert(location, pieces);
}

/// What can be made what the lines say.
const WRONG_HELD: [Named; 9] = [
    (
        |it| {
            it.stock.held.pieces.remove(&None);
        },
        &[(
            None,
            "in no location reservations are said to hold 0, but by their lines 1",
        )],
    ),
    (
        |it| {
            it.stock.held.pieces.insert(Some(HERE), -3);
        },
        &[(
            None,
            "in location 00000000-0000-0000-0000-000000000001 reservations are said to hold -3, but by \
             their lines 1",
        )],
    ),
    (
        |it| {
            it.stock.held.pieces.insert(Some(NOWHERE), 2);
        },
        &[(
            None,
            "in location 00000000-0000-0000-0000-000000000009 reservations are said to hold 2, but by \
             their lines 0",
        )],
    ),
    (
        |it| {
            it.stock.lines.pieces.clear();
        },
        &[
            (
                None,
                "in no location reservations are said to hold 1, but by their lines 0",
            ),
            (
                None,
                "in location 00000000-0000-0000-0000-000000000001 reservations are said to hold 1, but \
                 by their lines 0",
            ),
        ],
    ),
    (
        |it| {
            it.stock.held.set_aside.clear();
        },
        &[(
            None,
            "in location 00000000-0000-0000-0000-000000000001 0 are said to be set aside, but by the \
             lines of reservations 1",
        )],
    ),
    (
        |it| {
            it.stock.lines.set_aside.insert(None, 1);
        },
        &[(
            None,
            "in no location 0 are said to be set aside, but by the lines of reservations 1",
        )],
    ),
    (
        |it| it.stock.held.first_expiry = None,
        &[(
            None,
            "none of its reservations is said to expire, but by their lines one does at \
             2026-01-31T09:30:01.000Z",
        )],
    ),
    (
        |it| it.stock.held.first_expiry = Some(at(1_001).as_milliseconds()),
        &[(
            None,
            "none of its reservations is said to expire before 2026-01-31T09:30:01.001Z, but by their \
             lines one does at 2026-01-31T09:30:01.000Z",
        )],
    ),
    (
        |it| {
            it.stock.held.first_expiry = Some(i64::MIN);
            it.stock.lines.first_expiry = None;
        },
        &[(
            None,
            "none of its reservations is said to expire before -9223372036854775808, which is no time",
        )],
    ),
];

/// What nobody knows how to mend.
const WRONG_LINES: [Named; 4] = [
    (
        |it| {
            lines(it, None, 2);
            it.stock.held.pieces.insert(None, 2);
        },
        &[(
            None,
            "reservations hold 2 in no location, of which only 1 are allocated by the ledger",
        )],
    ),
    (
        |it| lines(it, Some(HERE), 3),
        &[
            (
                None,
                "in location 00000000-0000-0000-0000-000000000001 reservations are said to hold 1, but \
                 by their lines 3",
            ),
            (
                None,
                "reservations hold 3 in location 00000000-0000-0000-0000-000000000001, of which only 1 \
                 are allocated by the ledger",
            ),
        ],
    ),
    (
        |it| {
            lines(it, Some(NOWHERE), 1);
            it.stock.held.pieces.insert(Some(NOWHERE), 1);
        },
        &[(
            None,
            "reservations hold 1 in location 00000000-0000-0000-0000-000000000009, of which only 0 are \
             allocated by the ledger",
        )],
    ),
    (
        |it| it.stock.lines.first_expiry = Some(i64::MIN),
        &[(
            None,
            "none of its reservations is said to expire before 2026-01-31T09:30:01.000Z, but by their \
             lines one does at -9223372036854775808",
        )],
    ),
];

fn assert_named(cases: &[Named]) {
    for (number, (damage, expected)) in cases.iter().enumerate() {
        let mut stored = reserved();
        damage(&mut stored);
        let problems = stored.problems();
        let problems: Vec<_> = problems.iter().map(|(at, it)| (*at, it.as_str())).collect();
        assert_eq!(problems, *expected, "case {number}");
    }
}

#[test]
fn what_reservations_hold_shows_no_difference() {
    let mut stored = reserved();
    assert_eq!(stored.problems(), []);
    // Less than all that is allocated.
    stored.stock.held.pieces.remove(&None);
    stored.stock.lines.pieces.remove(&None);
    assert_eq!(stored.problems(), []);
    // A stock isn't told when what expires first is paid for.
    stored.stock.held.first_expiry = Some(0);
    assert_eq!(stored.problems(), []);
    stored.stock.lines.first_expiry = None;
    assert_eq!(stored.problems(), []);
    let (_, verified) = stored.verify();
    assert_eq!(verified.repaired(false), None);
}

#[test]
fn what_is_said_to_be_held_is_held_against_lines() {
    assert_named(&WRONG_HELD);
}

#[test]
fn what_is_said_to_be_held_is_made_what_the_lines_say() {
    for (number, (damage, _)) in WRONG_HELD.into_iter().enumerate() {
        let mut stored = reserved();
        damage(&mut stored);
        let (_, verified) = stored.verify();
        let repaired = verified.repaired(false).expect("it can be rebuilt");
        assert_eq!(repaired.held, stored.stock.lines, "case {number}");
        assert_eq!(repaired.lines, stored.stock.lines);
        stored.stock = repaired.clone();
        assert_eq!(stored.problems(), [], "case {number}");
    }
}

/// What is right stays as it is, also a time that is sooner than it has to be.
#[test]
fn figures_are_repaired_beside_what_is_held() {
    let mut right = reserved();
    right.stock.held.first_expiry = Some(0);
    let mut stored = right.clone();
    stored.stock.sums.available += 1;
    let (_, verified) = stored.verify();
    assert_eq!(verified.repaired(false), Some(&right.stock));
}

#[test]
fn lines_are_held_against_the_ledger() {
    assert_named(&WRONG_LINES);
    for (damage, _) in WRONG_LINES {
        let mut stored = reserved();
        damage(&mut stored);
        let (_, verified) = stored.verify();
        assert!(verified.is_sound);
        assert_eq!(verified.repaired(false), None);
    }
}

/// Deleted stock holds nothing, and lines that name it are of no concern to it.
#[test]
fn deleted_stock_is_not_held() {
    let mut stored = after(1);
    stored.stock.is_current = false;
    stored.stock.located.clear();
    assert_eq!(stored.stock.held, HeldTotals::default());
    assert_eq!(stored.problems(), []);
}

#[test]
fn wrong_holds_dont_hide_behind_damaged_ledgers() {
    for removed in 1..=8 {
        let mut stored = reserved();
        stored.entries.remove(removed - 1);
        stored.stock.held.pieces.remove(&None);
        let problems = stored.problems();
        let named = "in no location reservations are said to hold 0, but by their lines 1";
        let found = problems.iter().filter(|(_, it)| it == named).count();
        assert_eq!(found, 1, "{removed}: {problems:#?}");
    }
    // Nor where the last entry that the stock knows of is left out, and there are more.
    let mut stored = reserved();
    stored.stock.sequence = 5;
    stored.entries.remove(4);
    stored.stock.held.pieces.remove(&None);
    let (_, verified) = stored.verify();
    assert_eq!(verified.differences(true).count(), 1);
}

/// What is allocated where the ledger doesn't tell isn't held against anything.
#[test]
fn lines_are_not_held_against_what_is_not_known() {
    let mut stored = reserved();
    stored.entries.remove(4);
    lines(&mut stored, Some(HERE), 1_000);
    stored.stock.held = stored.stock.lines.clone();
    let problems = stored.problems();
    let overheld = |(_, it): &(_, String)| it.starts_with("reservations hold ");
    assert!(!problems.iter().any(overheld), "{problems:#?}");
}

/// While a ledger is read, what was reserved may be given back, or shipped, and more reserved.
#[test]
fn what_is_held_may_go_on_while_it_is_verified() {
    // After the third entry three pieces were allocated, of which two were given back since.
    let mut stored = reserved();
    stored.stock = after(3).stock;
    stored.stock.held.pieces = [(None, 3)].into();
    stored.stock.lines = stored.stock.held.clone();
    let (differences, verified) = stored.verify();
    assert_eq!(differences, []);
    assert_eq!(verified.differences(true).count(), 0);
    // Unless it hasn't: then it holds what isn't there any more.
    assert!(verified.differences(false).count() > 0);
    assert_eq!(verified.repaired(false), None);
    // What is wrong meanwhile is found, and may be repaired if nothing has gone on after all.
    stored.stock.held.pieces.clear();
    let (_, verified) = stored.verify();
    assert_eq!(verified.differences(true).count(), 1);
    assert!(verified.repaired(true).is_some());
}

//! Proving ledgers: what is as it should be, and every kind of damage by its name.

use stockroom_domain::{
    Command, Context, CreateStock, Difference, EchoedFigures, Entry, EntryAction, EntryHash,
    LedgerVerifier, LocationId, Operation, RawBalance, RawEntry, RawStock, Reason, SetLocations,
    State, Stock, StockId, Transact, TransactionAction, TransactionId, VerifiedLedger,
};
use uuid::Uuid;

use crate::scene::{
    CountingIds, actor, at, balance, decide_all, id, location, product, quantity, slug, stock,
    store,
};
use TransactionAction::{Allocate, Deallocate, Increment};

/// A stock and its ledger as they are stored.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) stock: RawStock,
    pub(crate) entries: Vec<RawEntry>,
}

fn transact(action: TransactionAction, pieces: u64, location: Option<&str>) -> Operation {
    let transact = Transact::new(product(), action, quantity(pieces));
    let location = location.map(str::to_owned);
    Transact {
        location,
        ..transact
    }
    .into()
}

fn put(location: &str, available: Option<u64>) -> Operation {
    let located = [(slug(location), available.map(quantity))].into();
    let product = product();
    SetLocations {
        product,
        located,
        echoed: EchoedFigures::default(),
    }
    .into()
}

/// How the stock is after so many entries of a life with everything in it: eight in all.
pub(crate) fn after(entries_max: usize) -> Stored {
    let create = CreateStock {
        product: product(),
        unlocated: quantity(10),
        located: [(slug("here"), quantity(5))].into(),
    };
    let operations = [
        create.into(),
        transact(Allocate, 3, None),
        transact(Increment, 2, Some("here")),
        put("empty", Some(0)),
        transact(Allocate, 1, Some("here")),
        transact(Increment, 4, Some("there")),
        put("there", None),
        transact(Deallocate, 2, None),
    ];
    let mut ids = CountingIds::default();
    let mut latest: Option<Stock> = None;
    let mut entries: Vec<Entry> = Vec::new();
    for (now, operation) in (0..).zip(operations) {
        if entries.len() >= entries_max {
            break;
        }
        let mut state = State::default();
        for (number, name) in [(1, "here"), (2, "there"), (3, "empty")] {
            state.add_location(location(store(), number, name));
        }
        if let Some(stock) = latest.take() {
            state.stocks.insert(stock.key(), stock);
        }
        let commands = [Command::new(actor(store()), operation)];
        let context = &mut Context::new(at(now), &mut ids);
        let (outcomes, changes) = decide_all(&commands, state, context);
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
        let mut stocks = changes.stocks.into_values();
        latest = stocks.next().and_then(|change| change.after);
        entries.extend(changes.entries);
    }
    Stored {
        stock: RawStock::new(&latest.expect("stock"), true),
        entries: entries.into_iter().map(RawEntry::from).collect(),
    }
}

pub(crate) fn whole() -> Stored {
    let stored = after(usize::MAX);
    assert_eq!(stored.entries.len(), 8);
    stored
}

impl Stored {
    pub(crate) fn verify(&self) -> (Vec<Difference>, VerifiedLedger) {
        let mut differences = Vec::new();
        let mut verifier = LedgerVerifier::new(self.stock.clone());
        for entry in &self.entries {
            verifier.entry(entry, &mut |difference| differences.push(difference));
        }
        (differences, verifier.finish())
    }

    /// The number of the entry, if it is about one, and what is wrong.
    pub(crate) fn problems(&self) -> Vec<(Option<i64>, String)> {
        let (mut differences, verified) = self.verify();
        differences.extend(verified.differences(false));
        differences
            .into_iter()
            .map(|difference| (difference.sequence, difference.problem.to_string()))
            .collect()
    }

    /// The entry of this number.
    pub(crate) fn entry(&mut self, number: usize) -> &mut Entry {
        self.entries[number - 1].content.as_mut().expect("an entry")
    }

    /// Removes the entry of this number.
    fn remove(&mut self, number: usize) {
        self.entries.remove(number - 1);
    }

    /// Brings all hashes in order, as someone would who knows how.
    pub(crate) fn reseal(&mut self) {
        let mut start = stock(store(), balance(0, 0));
        start.id = self.stock.id;
        let mut previous =
            EntryHash::start(start.id, start.product, start.owner, start.product_owner);
        for stored in &mut self.entries {
            let entry = stored.content.as_mut().expect("an entry");
            entry.hash = entry.seal(previous);
            previous = entry.hash;
            stored.hash = Some(previous);
        }
        self.stock.last_hash = Some(previous);
    }
}

/// An id of another time.
fn dated(id: TransactionId, milliseconds: u64) -> TransactionId {
    let (high, low) = id.uuid().as_u64_pair();
    TransactionId::new(Uuid::from_u64_pair(high - (milliseconds << 16), low))
}

pub(crate) type Damage = fn(&mut Stored);

/// A damage, and what is found of it: about which entry, and how that is said, as far as it is always
/// the same.
pub(crate) type Named = (Damage, &'static [(Option<i64>, &'static str)]);

/// Checks that each damage is named, and nothing else.
pub(crate) fn assert_named(cases: &[Named]) {
    for (number, (damage, expected)) in cases.iter().enumerate() {
        let mut stored = whole();
        damage(&mut stored);
        let problems = stored.problems();
        let are_expected = problems.len() == expected.len()
            && problems.iter().zip(*expected).all(|(problem, expected)| {
                problem.0 == expected.0 && problem.1.starts_with(expected.1)
            });
        assert!(are_expected, "case {number}: {problems:#?}");
    }
}

#[test]
fn what_is_right_shows_no_difference() {
    for entries in 1..=8 {
        let stored = after(entries);
        assert_eq!(stored.problems(), []);
        let (_, verified) = stored.verify();
        assert!(verified.is_sound);
        assert_eq!(verified.last_hash, stored.stock.last_hash);
        assert_eq!(verified.last, stored.stock.sequence);
        assert_eq!(verified.last_beyond(), None);
        assert_eq!(verified.repaired(false), None);
    }
}

const HASH: (Option<i64>, &str) = (Some(4), "its hash is ");

#[test]
fn changed_figures_are_named() {
    assert_named(&[
        (
            |it| it.entry(4).action = EntryAction::Decrement,
            &[
                HASH,
                (Some(4), "decrement 2 on 5 available and 0 allocated"),
            ],
        ),
        (
            |it| it.entry(4).quantity = quantity(3),
            &[
                HASH,
                (Some(4), "increment 3 on 5 available and 0 allocated"),
            ],
        ),
        (
            |it| it.entry(4).balance = balance(8, 0),
            &[
                HASH,
                (
                    Some(4),
                    "increment 2 on 5 available and 0 allocated doesn't give 8 available",
                ),
            ],
        ),
        (
            |it| it.entry(4).sums = balance(15, 3),
            &[
                HASH,
                (
                    Some(4),
                    "its sums are 15 available and 3 allocated, but before it they were 12 available and",
                ),
            ],
        ),
    ]);
}

#[test]
fn a_changed_entry_is_named() {
    assert_named(&[
        (
            |it| it.entry(4).id = id::<TransactionId>(5),
            &[
                HASH,
                (
                    Some(4),
                    "it was made at 2026-01-31T09:30:00.002Z, but its id",
                ),
            ],
        ),
        (
            |it| it.entry(4).created_at = at(999),
            &[
                HASH,
                (
                    Some(4),
                    "it was made at 2026-01-31T09:30:00.999Z, but its id",
                ),
            ],
        ),
        (
            |it| it.entry(4).location = Some(id::<LocationId>(2)),
            &[
                HASH,
                (
                    Some(4),
                    "increment 2 on 0 available and 0 allocated doesn't give 7 available and 0 all",
                ),
            ],
        ),
        (
            |it| it.entry(4).location = None,
            &[
                HASH,
                (Some(4), "increment 2 on 7 available and 3 allocated"),
            ],
        ),
        (
            |it| it.entry(4).annotation.reason = Reason::new("reason", "a").ok(),
            &[HASH],
        ),
        (
            |it| it.entry(4).undoes = Some(id::<TransactionId>(5)),
            &[HASH],
        ),
        (|it| it.entry(4).actor = None, &[HASH]),
        (|it| it.entry(4).hash = EntryHash([7; 32]), &[HASH]),
        (
            |it| it.entries[3].content = Err("action"),
            &[(Some(4), "its action holds an impossible value")],
        ),
        (
            |it| {
                it.entries[3].content = Err("hash");
                it.entries[3].hash = None;
            },
            &[(Some(4), "its hash holds an impossible value")],
        ),
        (
            |it| it.stock.product = id(0xB),
            &[(Some(1), "its hash is ")],
        ),
    ]);
}

/// Whatever is changed, in whichever entry, that entry is named and no other.
#[test]
fn a_wrong_entry_leaves_its_neighbours_right() {
    let changes: [fn(&mut Entry); 9] = [
        |entry| entry.id = dated(entry.id, 1),
        |entry| entry.created_at = at(-1),
        |entry| entry.created_at = at(1_000_000),
        |entry| entry.location = Some(id::<LocationId>(2)),
        |entry| entry.action = EntryAction::Deallocate,
        |entry| entry.quantity = quantity(999),
        |entry| entry.balance = balance(999, 0),
        |entry| entry.sums = balance(0, 999),
        |entry| entry.hash = EntryHash([7; 32]),
    ];
    for number in 1..=8 {
        for (place, change) in changes.into_iter().enumerate() {
            let mut stored = whole();
            let before = stored.entry(number).clone();
            change(stored.entry(number));
            if *stored.entry(number) == before {
                continue;
            }
            let problems = stored.problems();
            let of_it = i64::try_from(number).ok();
            let are_of_it = problems.iter().all(|(sequence, _)| *sequence == of_it);
            assert!(!problems.is_empty() && are_of_it, "{place}: {problems:#?}");
            let (_, verified) = stored.verify();
            assert!(!verified.is_sound);
            assert_eq!(verified.repaired(false), None);
        }
    }
}

#[test]
fn removed_and_inserted_entries_are_named() {
    assert_named(&[
        (|it| it.remove(1), &[(None, "entry 1 is missing")]),
        (|it| it.remove(4), &[(None, "entry 4 is missing")]),
        (|it| it.remove(8), &[(None, "entry 8 is missing")]),
        (
            |it| it.entries.truncate(5),
            &[(None, "the entries 6 to 8 are missing")],
        ),
        (
            |it| it.entries.clear(),
            &[(None, "the entries 1 to 8 are missing")],
        ),
        (
            |it| drop(it.entries.drain(2..4)),
            &[(None, "the entries 3 to 4 are missing")],
        ),
        (
            |it| {
                it.remove(6);
                it.remove(2);
            },
            &[(None, "entry 2 is missing"), (None, "entry 6 is missing")],
        ),
        (
            |it| it.entries.insert(4, it.entries[3].clone()),
            &[(Some(4), "its number is not the next one, which is 5")],
        ),
        (
            |it| {
                let mut entry = it.entries[7].clone();
                entry.sequence = -3;
                it.entries.insert(0, entry);
            },
            &[(Some(-3), "its number is not the next one, which is 1")],
        ),
        // One that fits in all but its place.
        (
            |it| {
                let mut next = it.entry(8).clone();
                next.sequence = 9;
                next.action = EntryAction::Allocate;
                next.balance = balance(7, 3);
                next.sums = balance(13, 4);
                next.hash = next.seal(next.hash);
                it.entries.push(next.into());
            },
            &[(
                None,
                "its last entry is said to be 8, but the ledger ends with 9",
            )],
        ),
    ]);
}

/// Who can bring the hashes in order is found out all the same if the rest doesn't fit.
#[test]
fn what_no_ledger_can_say_is_named_whatever_its_hash() {
    assert_named(&[
        (
            |it| {
                it.entry(1).action = EntryAction::Increment;
                it.reseal();
            },
            &[
                (Some(1), "it is the first, and doesn't create the stock"),
                (
                    Some(2),
                    "it creates the stock, but doesn't stand at the beginning",
                ),
            ],
        ),
        (
            |it| {
                it.entry(3).action = EntryAction::Create;
                it.reseal();
            },
            &[(Some(3), "create 3 on 10 available")],
        ),
        (
            |it| {
                it.entry(6).action = EntryAction::Create;
                it.reseal();
            },
            &[(Some(6), "it creates the stock, but")],
        ),
        (
            |it| {
                it.entry(4).quantity = quantity(3);
                it.reseal();
            },
            &[(Some(4), "increment 3 on 5 available")],
        ),
        (
            |it| {
                let entry = it.entry(4);
                entry.created_at = at(0);
                entry.id = dated(entry.id, 2);
                it.reseal();
            },
            &[(
                Some(4),
                "it was made at 2026-01-31T09:30:00.000Z, before the entry in front",
            )],
        ),
    ]);
}

#[test]
fn what_is_kept_beside_the_ledger_is_held_against_it() {
    assert_named(&DAMAGES_OF_STOCK);
    // Of deleted stock no positions are kept.
    let mut stored = whole();
    stored.stock.is_current = false;
    stored.stock.located.clear();
    assert_eq!(stored.problems(), []);
    stored.stock.sums.allocated = 7;
    let problem = "in all there are 15 available and 7 allocated, but by the ledger 15 available";
    let problems = stored.problems();
    assert!(
        problems.len() == 1 && problems[0].1.starts_with(problem),
        "{problems:#?}"
    );
    let (_, verified) = stored.verify();
    assert_eq!(verified.repaired(false), None);
}

pub(crate) const HERE: LocationId = LocationId::new(Uuid::from_u128(1));
pub(crate) const NOWHERE: LocationId = LocationId::new(Uuid::from_u128(9));

const DAMAGES_OF_STOCK: [Named; 11] = [
    (
        |it| it.stock.sums.available = 14,
        &[(
            None,
            "in all there are 14 available and 2 allocated, but by the ledger 15 available and 2 all",
        )],
    ),
    (
        |it| it.stock.unlocated.allocated = -1,
        &[(
            None,
            "in no location there are 9 available and -1 allocated, but by the ledger 9 available and 1",
        )],
    ),
    (
        |it| {
            it.stock.located.insert(HERE, RawBalance::default());
        },
        &[(
            None,
            "in location 00000000-0000-0000-0000-000000000001 there are 0 available and 0 allocated,",
        )],
    ),
    (
        |it| {
            it.stock.located.remove(&HERE);
        },
        &[(
            None,
            "in location 00000000-0000-0000-0000-000000000001 there is nothing, but by the ledger 6 ",
        )],
    ),
    (
        |it| {
            let some = RawBalance {
                available: 1,
                allocated: 0,
            };
            it.stock.located.insert(NOWHERE, some);
        },
        &[(
            None,
            "in location 00000000-0000-0000-0000-000000000009 there are 1 available and 0 allocated,",
        )],
    ),
    (
        |it| it.stock.sequence = 7,
        &[(
            None,
            "its last entry is said to be 7, but the ledger ends with 8",
        )],
    ),
    (
        |it| it.stock.sequence = 0,
        &[(
            None,
            "its last entry is said to be 0, but the ledger ends with 8",
        )],
    ),
    (
        |it| it.stock.sequence = 9,
        &[(
            None,
            "its last entry is said to be 9, but the ledger ends with 8",
        )],
    ),
    (
        |it| it.stock.last_hash = None,
        &[(None, "the hash of its last entry is said to be none, but")],
    ),
    (
        |it| it.stock.created_at += 1,
        &[(
            None,
            "it is said to be created at 2026-01-31T09:30:00.001Z, but was at 2026-01-31T09:30:00.000Z",
        )],
    ),
    (
        |it| it.stock.updated_at = i64::MAX,
        &[(
            None,
            "it is said to be last changed at 9223372036854775807, but was at 2026-01-31T09:30:00.007Z",
        )],
    ),
];

#[test]
fn stock_is_rebuilt_from_a_sound_ledger() {
    for (number, (damage, _)) in DAMAGES_OF_STOCK.into_iter().enumerate() {
        let right = whole().stock;
        let mut stored = whole();
        damage(&mut stored);
        let (_, verified) = stored.verify();
        let mut repaired = verified.repaired(false).expect("it can be rebuilt").clone();
        if let Some(nowhere) = repaired.located.remove(&NOWHERE) {
            assert_eq!(nowhere, RawBalance::default());
        }
        assert_eq!(repaired, right, "case {number}");
    }
}

/// A position that is empty may be there or not: that isn't written into the ledger.
#[test]
fn empty_positions_come_and_go() {
    let mut stored = whole();
    assert_eq!(stored.stock.located.len(), 2);
    stored.stock.located.insert(NOWHERE, RawBalance::default());
    assert_eq!(stored.problems(), []);
    stored.stock.located.retain(|location, _| *location == HERE);
    assert_eq!(stored.problems(), []);
}

/// Whatever is missing, the stock has to be right in itself.
#[test]
fn damaged_figures_dont_hide_behind_damaged_ledgers() {
    for remove in [8, 7] {
        let mut stored = whole();
        stored.entries.truncate(remove - 1);
        stored.stock.sums.available += 1;
        let problems = stored.problems();
        let found = |text: &str| problems.iter().any(|(_, it)| it.starts_with(text));
        assert!(
            found("in all there are 16 available and 2 allocated"),
            "{problems:#?}"
        );
    }
}

/// While a ledger is read, entries may be added to it.
#[test]
fn stock_may_go_on_while_it_is_verified() {
    for entries in 1..8 {
        let mut stored = whole();
        stored.stock = after(entries).stock;
        if stored.stock.sequence == 8 {
            continue;
        }
        let (differences, verified) = stored.verify();
        assert_eq!(differences, []);
        assert_eq!(verified.last_beyond(), Some(8));
        assert_eq!(verified.differences(true).count(), 0);
        // Unless it hasn't.
        let problems: Vec<_> = verified.differences(false).collect();
        assert_eq!(problems.len(), 1, "{problems:#?}");
        let repaired = verified.repaired(false).expect("it can be rebuilt");
        let [mut repaired, mut right] = [repaired.clone(), whole().stock];
        for stock in [&mut repaired, &mut right] {
            stock
                .located
                .retain(|_, figures| *figures != RawBalance::default());
        }
        assert_eq!(repaired, right);
    }
}

#[test]
fn a_difference_is_one_line() {
    let mut stored = whole();
    stored.stock.id = id::<StockId>(0x57);
    stored.remove(4);
    stored.stock.sequence = 7;
    let (differences, _) = stored.verify();
    let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines[1],
        "product 00000000-0000-0000-0000-00000000000a, stock \
         00000000-0000-0000-0000-000000000057: entry 4 is missing"
    );
    assert!(
        lines[0].contains("000057, entry 1: its hash is "),
        "{lines:#?}"
    );
}

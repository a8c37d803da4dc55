//! Requests that are sent again.

use stockroom_domain::{
    Answer, Command, Context, Decided, Idempotency, IdempotencyKey, IdempotencyRecords, Operation,
    Owner, Refusal, RequestDigest, State, Transact, TransactionAction, decide_all,
};

use crate::scene::{CountingIds, actor, at, balance, product, quantity, stock, store};
use TransactionAction::{Allocate, Decrement};

const HOUR: i64 = 3_600_000;

fn keyed(operation: impl Into<Operation>, request: u8) -> Command {
    Command {
        idempotency: Some(Idempotency {
            key: IdempotencyKey::new("key").expect("a key"),
            request: RequestDigest([request; 32]),
            kept_milliseconds: HOUR,
        }),
        ..Command::new(actor(store()), operation)
    }
}

fn transact(action: TransactionAction, pieces: u64) -> Transact {
    Transact::new(product(), action, quantity(pieces))
}

fn holding(available: u64) -> State {
    let held = stock(store(), balance(available, 0));
    let mut state = State::default();
    state.stocks.insert(held.key(), held);
    state
}

fn run_at(
    milliseconds: i64,
    idempotency_records: IdempotencyRecords,
    commands: &[Command],
) -> Decided {
    let mut ids = CountingIds::default();
    let mut context = Context::new(at(milliseconds), &mut ids);
    decide_all(commands, holding(5), idempotency_records, &mut context)
}

/// Nothing has been asked before.
fn nothing() -> IdempotencyRecords {
    IdempotencyRecords::default()
}

/// The answers that are kept when this command has been carried out.
fn later(command: &Command) -> IdempotencyRecords {
    let mut idempotency_records = nothing();
    let decided = run_at(0, nothing(), std::slice::from_ref(command));
    for kept in decided.idempotency_records {
        idempotency_records.add(kept);
    }
    idempotency_records
}

fn changes_nothing(decided: &Decided) -> bool {
    decided.changes.is_empty() && decided.idempotency_records.is_empty()
}

#[test]
fn what_is_sent_again_is_answered_the_same_and_done_once() {
    for operation in [transact(Allocate, 2), transact(Allocate, 6)] {
        let command = keyed(operation, 1);
        let decided = run_at(0, nothing(), &[command.clone(), command]);
        let outcomes = decided.outcomes;
        let replayed = Answer::Replayed(Box::new(outcomes[0].clone()));
        assert_eq!(outcomes[1], Ok(replayed));
        let done = usize::from(outcomes[0].is_ok());
        assert_eq!(decided.changes.entries.len(), done);
        assert_eq!(decided.idempotency_records.len(), 1);
    }
}

#[test]
fn an_answer_is_kept_for_its_time() {
    let command = keyed(transact(Allocate, 2), 1);
    for (milliseconds, is_replayed) in [(HOUR - 1, true), (HOUR, false)] {
        let decided = run_at(
            milliseconds,
            later(&command),
            std::slice::from_ref(&command),
        );
        let replayed = matches!(decided.outcomes[0], Ok(Answer::Replayed(_)));
        assert_eq!(replayed, is_replayed, "after {milliseconds} ms");
    }
}

#[test]
fn a_key_is_for_one_request() {
    let idempotency_records = later(&keyed(transact(Allocate, 2), 1));
    let unknown = Transact {
        location: Some("nowhere".to_owned()),
        ..transact(Allocate, 1)
    };
    let unmanaged = Transact::new(crate::scene::id(0xB), Allocate, quantity(1));
    for (operation, refusal) in [
        (transact(Allocate, 1), Refusal::IdempotencyKeyReused),
        // These would be refused anyway, the first two for a reason that goes before.
        (
            unknown,
            Refusal::UnknownLocation {
                slug: "nowhere".to_owned(),
            },
        ),
        (unmanaged, Refusal::UnknownStock),
        (transact(Decrement, 9), Refusal::IdempotencyKeyReused),
    ] {
        let decided = run_at(0, idempotency_records.clone(), &[keyed(operation, 2)]);
        assert_eq!(decided.outcomes, [Err(refusal)]);
        assert!(changes_nothing(&decided));
    }
}

/// An organization's key may do more in a store than the store's own.
#[test]
fn what_an_organizations_key_was_answered_is_not_for_a_stores() {
    let by_store = keyed(transact(Allocate, 2), 1);
    let mut by_organization = by_store.clone();
    by_organization.actor.key_owner = Owner::Organization;
    let other_request = keyed(transact(Allocate, 1), 2);
    for asked in [&by_store, &other_request] {
        let decided = run_at(0, later(&by_organization), std::slice::from_ref(asked));
        assert_eq!(decided.outcomes, [Err(Refusal::OrganizationKeyRequired)]);
        assert!(changes_nothing(&decided));
    }
    for (first, again) in [
        (&by_organization, &by_organization),
        (&by_store, &by_organization),
        (&by_store, &by_store),
    ] {
        let decided = run_at(0, later(first), std::slice::from_ref(again));
        assert!(
            matches!(decided.outcomes[0], Ok(Answer::Replayed(_))),
            "{again:?}"
        );
    }
}

#[test]
fn what_makes_no_sense_is_not_kept() {
    let nowhere = Transact {
        location: Some("nowhere".to_owned()),
        ..transact(Allocate, 1)
    };
    let decided = run_at(0, nothing(), &[keyed(nowhere, 1)]);
    assert!(decided.outcomes[0].is_err());
    assert!(changes_nothing(&decided));
}

#[test]
fn an_entry_names_the_key_of_its_own_request() {
    let commands = [
        keyed(transact(Allocate, 1), 1),
        Command::new(actor(store()), transact(Allocate, 1)),
    ];
    let decided = run_at(0, nothing(), &commands);
    let keys: Vec<Option<&str>> = decided
        .changes
        .entries
        .iter()
        .map(|entry| entry.idempotency_key.as_ref().map(IdempotencyKey::as_str))
        .collect();
    assert_eq!(keys, [Some("key"), None]);
}

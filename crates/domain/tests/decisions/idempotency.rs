//! Requests that are sent again.

use stockroom_domain::{
    Answer, Changes, Command, Context, Idempotency, IdempotencyKey, Operation, Outcome, Owner,
    Refusal, RequestDigest, State, Transact, TransactionAction, run,
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

fn run_at(milliseconds: i64, state: State, commands: &[Command]) -> (Vec<Outcome>, Changes) {
    let mut ids = CountingIds::default();
    let mut context = Context::new(at(milliseconds), &mut ids);
    run(commands, state, &mut context)
}

/// What is known later, when the first of these commands has been carried out.
fn later(command: &Command) -> State {
    let (_, changes) = run_at(0, holding(5), std::slice::from_ref(command));
    let mut state = holding(5);
    for kept in changes.kept_answers {
        state.keep(kept);
    }
    state
}

#[test]
fn what_is_sent_again_is_answered_the_same_and_done_once() {
    for operation in [transact(Allocate, 2), transact(Allocate, 6)] {
        let command = keyed(operation, 1);
        let (outcomes, changes) = run_at(0, holding(5), &[command.clone(), command]);
        let replayed = Answer::Replayed(Box::new(outcomes[0].clone()));
        assert_eq!(outcomes[1], Ok(replayed));
        let done = usize::from(outcomes[0].is_ok());
        assert_eq!(changes.entries.len(), done);
        assert_eq!(changes.kept_answers.len(), 1);
    }
}

#[test]
fn an_answer_is_kept_for_its_time() {
    let command = keyed(transact(Allocate, 2), 1);
    for (milliseconds, is_replayed) in [(HOUR - 1, true), (HOUR, false)] {
        let (outcomes, _) = run_at(
            milliseconds,
            later(&command),
            std::slice::from_ref(&command),
        );
        let replayed = matches!(outcomes[0], Ok(Answer::Replayed(_)));
        assert_eq!(replayed, is_replayed, "after {milliseconds} ms");
    }
}

#[test]
fn a_key_is_for_one_request() {
    let state = later(&keyed(transact(Allocate, 2), 1));
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
        let (outcomes, changes) = run_at(0, state.clone(), &[keyed(operation, 2)]);
        assert_eq!(outcomes, [Err(refusal)]);
        assert!(changes.is_empty());
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
        let (outcomes, changes) = run_at(0, later(&by_organization), std::slice::from_ref(asked));
        assert_eq!(outcomes, [Err(Refusal::OrganizationKeyRequired)]);
        assert!(changes.is_empty());
    }
    for (first, again) in [
        (&by_organization, &by_organization),
        (&by_store, &by_organization),
        (&by_store, &by_store),
    ] {
        let (outcomes, _) = run_at(0, later(first), std::slice::from_ref(again));
        assert!(matches!(outcomes[0], Ok(Answer::Replayed(_))), "{again:?}");
    }
}

#[test]
fn what_makes_no_sense_is_not_kept() {
    let nowhere = Transact {
        location: Some("nowhere".to_owned()),
        ..transact(Allocate, 1)
    };
    let (outcomes, changes) = run_at(0, holding(5), &[keyed(nowhere, 1)]);
    assert!(outcomes[0].is_err());
    assert!(changes.is_empty());
}

#[test]
fn an_entry_names_the_key_of_its_own_request() {
    let commands = [
        keyed(transact(Allocate, 1), 1),
        Command::new(actor(store()), transact(Allocate, 1)),
    ];
    let (_, changes) = run_at(0, holding(5), &commands);
    let keys: Vec<Option<&str>> = changes
        .entries
        .iter()
        .map(|entry| entry.idempotency_key.as_ref().map(IdempotencyKey::as_str))
        .collect();
    assert_eq!(keys, [Some("key"), None]);
}

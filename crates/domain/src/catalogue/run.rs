//! Batches: many commands, one state, one commit.

use super::command::Command;
use super::idempotency::{IdempotencyRecord, IdempotencyRecords};
use super::operation::Outcome;
use crate::decision::{Changes, Context, State};
use crate::reservations::settle::settle;

/// Splits a batch into runs of commands that can be decided one after the other on one loaded
/// state. A command that doesn't [share its state](crate::Operation::shares_state) is a run of its
/// own.
pub fn groups(commands: &[Command]) -> impl Iterator<Item = &[Command]> {
    commands.chunk_by(|one, next| one.operation.shares_state() && next.operation.shares_state())
}

/// What a run of commands was decided to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The outcome of each command, in order.
    pub outcomes: Vec<Outcome>,
    /// What all of them change together.
    pub changes: Changes,
    /// Answers to be kept; each replaces one that was kept before, whose time is over.
    pub idempotency_records: Vec<IdempotencyRecord>,
}

/// Decides a run of commands in order, each seeing what the ones before it changed. Gives an
/// outcome for each, and what all of them change together. First of all, what has run out of
/// reservations goes back into stock, whatever becomes of the commands. A refused command changes nothing and
/// does not hinder the others.
pub fn decide_all(
    commands: &[Command],
    mut state: State,
    mut idempotency_records: IdempotencyRecords,
    context: &mut Context<'_>,
) -> Decided {
    let mut changes = Changes::default();
    let mut to_keep = Vec::new();
    for change in settle(&mut state, context) {
        changes.add(&change, &state);
        state.apply(change);
    }
    let outcomes = commands
        .iter()
        .map(|command| {
            let decided = command.decide(&state, &idempotency_records, context);
            let outcome = decided.map(|decision| {
                for change in decision.changes {
                    changes.add(&change, &state);
                    state.apply(change);
                }
                decision.answer
            });
            if let Some(kept) = command.keep(&outcome, &idempotency_records, context.now) {
                idempotency_records.add(kept.clone());
                to_keep.push(kept);
            }
            outcome
        })
        .collect();
    Decided {
        outcomes,
        changes,
        idempotency_records: to_keep,
    }
}

//! Batches: many commands, one state, one commit.

use std::collections::BTreeSet;

use super::command::Command;
use super::idempotency::{IdempotencyRecord, IdempotencyRecords};
use super::operation::Outcome;
use crate::decision::{Change, Changes, Context, State};
use crate::policies::look;
use crate::reservations::settle::settle;

/// Splits a batch into groups of commands that can be decided one after the other on one loaded state. A
/// command that doesn't [share its state](crate::Operation::shares_state) is a group of its own.
pub fn groups(commands: &[Command]) -> impl Iterator<Item = &[Command]> {
    commands.chunk_by(|one, next| one.operation.shares_state() && next.operation.shares_state())
}

/// The results of a group of commands.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The outcome of each command, in order.
    pub outcomes: Vec<Outcome>,
    /// The changes of all commands together.
    pub changes: Changes,
    /// Idempotency records to store; each replaces an expired one of the same key.
    pub idempotency_records: Vec<IdempotencyRecord>,
}

/// Decides a group of commands in order; each sees the changes of those before it. Returns an outcome
/// for each, and the changes of all together. Expired holds are booked first, even if every command is
/// refused. A refused command changes nothing and does not affect the others.
pub fn decide_all(
    commands: &[Command],
    mut state: State,
    mut idempotency_records: IdempotencyRecords,
    context: &mut Context<'_>,
) -> Decided {
    let mut changes = Changes::default();
    let mut to_keep = Vec::new();
    let settled = settle(&mut state, context);
    make(settled, &mut changes, &mut state);
    let outcomes = commands
        .iter()
        .map(|command| {
            let decided = command.decide(&state, &idempotency_records, context);
            let outcome = decided.map(|decision| {
                make(decision.changes, &mut changes, &mut state);
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

/// Makes the changes of one request, and looks at the alerts of the stock that it has changed: once, however
/// often they crossed a level.
fn make(request: Vec<Change>, changes: &mut Changes, state: &mut State) {
    let mut watched = BTreeSet::new();
    let entries = changes.entries.len();
    for change in request {
        if let Change::Stock(stock) | Change::Policy(stock) = &change
            && stock.has_alerts()
        {
            watched.insert(stock.key());
        }
        changes.add(&change, state);
        state.apply(change);
    }
    if !watched.is_empty() {
        let made = changes.entries.get(entries..).unwrap_or_default();
        for change in look(&watched, made, state) {
            changes.add(&change, state);
            state.apply(change);
        }
    }
}

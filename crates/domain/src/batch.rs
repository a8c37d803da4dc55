//! Batches: many commands, one state, one commit.

use crate::decide::settle;
use crate::{Answer, Changes, Command, Context, Refusal, State};

/// What became of one command.
pub type Outcome = Result<Answer, Refusal>;

/// Splits a batch into runs of commands that can be decided one after the other on one loaded
/// state. A command that doesn't [share its state](crate::Operation::shares_state) is a run of its
/// own.
pub fn runs(commands: &[Command]) -> impl Iterator<Item = &[Command]> {
    commands.chunk_by(|one, next| one.operation.shares_state() && next.operation.shares_state())
}

/// Decides a run of commands in order, each seeing what the ones before it changed. Gives an
/// outcome for each, and what all of them change together. First of all, what has run out of
/// reservations goes back into stock, whatever becomes of the commands. A refused command changes nothing and
/// does not hinder the others.
pub fn run(
    commands: &[Command],
    mut state: State,
    context: &mut Context<'_>,
) -> (Vec<Outcome>, Changes) {
    let mut changes = Changes::default();
    for change in settle(&mut state, context) {
        changes.add(&change, &state);
        state.apply(change);
    }
    let outcomes = commands
        .iter()
        .map(|command| {
            let decided = command.decide(&state, context);
            let outcome = decided.map(|decision| {
                for change in decision.changes {
                    changes.add(&change, &state);
                    state.apply(change);
                }
                decision.answer
            });
            if let Some(kept) = command.keep(&outcome, &state, context.now) {
                state.keep(kept.clone());
                changes.kept_answers.push(kept);
            }
            outcome
        })
        .collect();
    (outcomes, changes)
}

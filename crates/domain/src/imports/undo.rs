//! Undoing of what an import has done.

use super::decide::{changed, check_status, end, kept, next, own_import};
use super::{Import, ImportStatus};
use crate::decision::{Actor, Context, Decide, Decision, LineError, Needs, Refusal, State};
use crate::ledger::Recorded;
use crate::transactions::undo::{need, undo_each};
use crate::values::ImportId;

/// Undoes the entries of a chunk of a job, the last first, together with the note that they are undone. An
/// entry that can't be undone stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoLines {
    /// The job.
    pub import: ImportId,
    /// The number of the chunk. It is refused unless it is the last one that isn't undone.
    pub chunk: u32,
    /// The entries, in the order in which they were made. They are read before the command is decided:
    /// entries never change.
    pub entries: Vec<MadeEntry>,
}

/// An entry that a line of a file made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeEntry {
    /// The number of the line.
    pub line: u32,
    /// The entry.
    pub recorded: Recorded,
}

impl Decide for UndoLines {
    type Answer = Import;

    fn name(&self) -> &'static str {
        "undo_import_lines"
    }

    fn weight(&self) -> usize {
        self.entries.len()
    }

    fn needs(&self, actor: &Actor, needs: &mut Needs) {
        needs.imports.insert(self.import);
        for made in &self.entries {
            need(&made.recorded, actor, needs);
        }
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Import>, Refusal> {
        let before = own_import(state, actor, self.import)?;
        check_status(before, &[ImportStatus::Undoing])?;
        if before.next_chunk.checked_sub(1) != Some(self.chunk) {
            return Err(Refusal::ImportMovedOn);
        }
        let mut import = next(before, context);
        import.next_chunk = self.chunk;
        let entries = || self.entries.iter().rev();
        let recorded = entries().map(|made| &made.recorded);
        let undone = undo_each(recorded, actor, state, context)?;
        let refused = entries().zip(undone.answer).filter_map(|(made, undone)| {
            let problem = undone.err()?.into();
            Some(LineError {
                line: made.line,
                problem,
                is_of_undo: true,
            })
        });
        let refused: Vec<_> = refused.collect();
        let not_undone = u32::try_from(refused.len()).unwrap_or(u32::MAX);
        import.not_undone = import.not_undone.saturating_add(not_undone);
        let errors = kept(&mut import.errors, Import::ERRORS_MAX, refused);
        if import.next_chunk == 0 {
            let status = match import.not_undone {
                0 => ImportStatus::Undone,
                _ => ImportStatus::PartlyUndone,
            };
            end(&mut import, status, context);
        }
        let decision = changed(import, Some(before), errors);
        Ok(Decision {
            changes: undone.changes.into_iter().chain(decision.changes).collect(),
            answer: decision.answer,
        })
    }
}

//! Decisions on import jobs.

use super::{
    Import, ImportCaller, ImportChange, ImportOptions, ImportStatus, ImportStep, ImportTarget,
    LineCounts,
};
use crate::decision::{
    Actor, Change, Context, Decide, Decision, LineError, Needs, RecordChange, Refusal, State,
};
use crate::values::{ImportId, first_version, next_version};

/// Makes a job of a file whose chunks are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmitImport {
    /// The id, under which the chunks are stored.
    pub id: ImportId,
    /// The wishes of the caller.
    pub options: ImportOptions,
    /// The way to read the lines of the file.
    pub layout: String,
    /// The client's name for the request.
    pub request_id: Option<String>,
    /// The number of chunks.
    pub chunks: u32,
    /// The number of lines.
    pub lines: u32,
}

/// Begins with a job that waits. The server asks for it, no client, as for all that follows but cancelling
/// and undoing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartImport {
    /// The job.
    pub id: ImportId,
}

/// Ends the check of a job's lines: too many that failed end the job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishCheck {
    /// The job.
    pub id: ImportId,
    /// The number of lines that failed.
    pub failed: u32,
    /// The first of them.
    pub errors: Vec<LineError>,
}

/// Ends a job that waits or is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelImport {
    /// The job.
    pub id: ImportId,
}

/// Begins to undo the entries of a job that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoImport {
    /// The job.
    pub id: ImportId,
}

impl Import {
    /// The caller in whose name the server works on the job.
    #[must_use]
    pub fn actor(&self) -> Actor {
        let undo = self.undo.as_ref().map(|undo| &undo.0);
        let caller = undo.unwrap_or(&self.caller);
        Actor {
            key: caller.key,
            key_name: caller.key_name.as_deref().map(Into::into),
            key_owner: caller.key_owner,
            acting: self.owner,
        }
    }
}

impl From<&Actor> for ImportCaller {
    fn from(actor: &Actor) -> Self {
        Self {
            key: actor.key,
            key_name: actor.key_name.as_deref().map(Into::into),
            key_owner: actor.key_owner,
        }
    }
}

impl Decide for SubmitImport {
    type Answer = Import;

    fn name(&self) -> &'static str {
        "submit_import"
    }

    fn needs(&self, _actor: &Actor, _needs: &mut Needs) {}

    fn decide(
        &self,
        actor: &Actor,
        _state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Import>, Refusal> {
        let import = Import {
            id: self.id,
            owner: actor.acting,
            caller: actor.into(),
            undo: None,
            status: ImportStatus::Pending,
            options: self.options.clone(),
            layout: self.layout.clone(),
            request_id: self.request_id.clone(),
            chunks: self.chunks,
            next_chunk: 0,
            is_checked: false,
            lines: LineCounts {
                total: self.lines,
                ..LineCounts::default()
            },
            errors: 0,
            changes: 0,
            not_undone: 0,
            stopped_by: None,
            created_at: context.now,
            started_at: None,
            completed_at: None,
            updated_at: context.now,
            version: first_version(),
        };
        Ok(changed(import, None, Vec::new()))
    }
}

impl Decide for StartImport {
    type Answer = Import;

    fn name(&self) -> &'static str {
        "start_import"
    }

    fn needs(&self, _actor: &Actor, needs: &mut Needs) {
        needs.imports.insert(self.id);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Import>, Refusal> {
        let before = own_import(state, actor, self.id)?;
        check_status(before, &[ImportStatus::Pending])?;
        let import = Import {
            status: ImportStatus::Started,
            started_at: Some(context.now),
            ..next(before, context)
        };
        Ok(changed(import, Some(before), Vec::new()))
    }
}

impl Decide for FinishCheck {
    type Answer = Import;

    fn name(&self) -> &'static str {
        "check_import"
    }

    fn needs(&self, _actor: &Actor, needs: &mut Needs) {
        needs.imports.insert(self.id);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Import>, Refusal> {
        let before = own_import(state, actor, self.id)?;
        check_status(before, &[ImportStatus::Started])?;
        if before.is_checked {
            return Ok(Decision::unchanged(before.clone()));
        }
        let mut import = Import {
            is_checked: true,
            ..next(before, context)
        };
        let mut errors = Vec::new();
        if self.failed > before.options.abort_after {
            import.stopped_by = Some(ImportStep::Check);
            import.lines.failed = self.failed;
            let found = self.errors.iter().cloned();
            errors = kept(&mut import.errors, Import::ERRORS_MAX, found);
            end(&mut import, ImportStatus::Failed, context);
        } else if import.chunks == 0 {
            end(&mut import, ImportStatus::Success, context);
        }
        Ok(changed(import, Some(before), errors))
    }
}

impl Decide for CancelImport {
    type Answer = Import;

    fn name(&self) -> &'static str {
        "cancel_import"
    }

    fn needs(&self, _actor: &Actor, needs: &mut Needs) {
        needs.imports.insert(self.id);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Import>, Refusal> {
        let before = own_import(state, actor, self.id)?;
        check_status(before, &[ImportStatus::Pending, ImportStatus::Started])?;
        let mut import = next(before, context);
        end(&mut import, ImportStatus::Cancelled, context);
        Ok(changed(import, Some(before), Vec::new()))
    }
}

impl Decide for UndoImport {
    type Answer = Import;

    fn name(&self) -> &'static str {
        "undo_import"
    }

    fn needs(&self, _actor: &Actor, needs: &mut Needs) {
        needs.imports.insert(self.id);
    }

    fn decide(
        &self,
        actor: &Actor,
        state: &State,
        context: &mut Context<'_>,
    ) -> Result<Decision<Import>, Refusal> {
        let before = own_import(state, actor, self.id)?;
        if before.options.dry_run {
            return Err(Refusal::ImportIsDryRun);
        }
        if before.options.target == ImportTarget::Policies {
            return Err(Refusal::ImportIsOfPolicies);
        }
        check_status(
            before,
            &[
                ImportStatus::Success,
                ImportStatus::Failed,
                ImportStatus::Cancelled,
            ],
        )?;
        let mut import = Import {
            status: ImportStatus::Undoing,
            undo: Some(Box::new((actor.into(), context.now))),
            completed_at: None,
            ..next(before, context)
        };
        if import.next_chunk == 0 {
            end(&mut import, ImportStatus::Undone, context);
        }
        Ok(changed(import, Some(before), Vec::new()))
    }
}

/// The job of the owner on whose behalf the caller acts.
pub(super) fn own_import<'a>(
    state: &'a State,
    actor: &Actor,
    id: ImportId,
) -> Result<&'a Import, Refusal> {
    let import = state.imports.get(&id);
    import
        .filter(|import| import.owner == actor.acting)
        .ok_or(Refusal::JobNotFound)
}

pub(super) fn check_status(import: &Import, allowed: &[ImportStatus]) -> Result<(), Refusal> {
    if allowed.contains(&import.status) {
        Ok(())
    } else {
        Err(Refusal::ImportIs(import.status))
    }
}

/// The job with its next version, and otherwise as before.
pub(super) fn next(before: &Import, context: &Context<'_>) -> Import {
    Import {
        version: next_version(before.version),
        updated_at: before.updated_at.max(context.now),
        ..before.clone()
    }
}

pub(super) fn end(import: &mut Import, status: ImportStatus, context: &Context<'_>) {
    import.status = status;
    import.completed_at = Some(import.updated_at.max(context.now));
}

/// Those of these errors or changes that are stored, of at most `max` in all, each with its place. They are
/// counted in `stored`.
pub(super) fn kept<T>(
    stored: &mut u32,
    max: u32,
    added: impl IntoIterator<Item = T>,
) -> Vec<(u32, T)> {
    let free = *stored..max;
    let kept: Vec<_> = free.zip(added).collect();
    if let Some((last, _)) = kept.last() {
        *stored = last.saturating_add(1);
    }
    kept
}

pub(super) fn changed(
    import: Import,
    before: Option<&Import>,
    errors: Vec<(u32, LineError)>,
) -> Decision<Import> {
    let change = ImportChange {
        import,
        before: before.map(|before| before.status),
        applied: None,
        changes: Vec::new(),
    };
    decided(change, errors)
}

pub(super) fn decided(change: ImportChange, errors: Vec<(u32, LineError)>) -> Decision<Import> {
    let answer = change.import.clone();
    let record = RecordChange::Import(Box::new(change), errors);
    Decision {
        changes: vec![Change::Record(record)],
        answer,
    }
}

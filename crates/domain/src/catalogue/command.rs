//! What can be asked for.

use super::idempotency::{Idempotency, IdempotencyRecord, IdempotencyRecords};
use super::operation::{Answer, Operation, Outcome};
use crate::decision::{Actor, Context, Decision, Needs, Refusal, RefusalKind, State};
use crate::values::{IdempotencyKey, Owner, Timestamp};

/// One request for change, by one caller.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// Who asks.
    pub actor: Actor,
    /// What for.
    pub operation: Operation,
    /// What the client calls it, if it may ask again.
    pub idempotency: Option<Idempotency>,
}

impl Command {
    /// A command that isn't to be asked for again.
    pub fn new(actor: Actor, operation: impl Into<Operation>) -> Self {
        Self {
            actor,
            operation: operation.into(),
            idempotency: None,
        }
    }

    /// Who asks under which key, if this may be asked for again.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<(Owner, IdempotencyKey)> {
        let idempotency = self.idempotency.as_ref()?;
        Some((self.actor.acting, idempotency.key.clone()))
    }

    /// What of the state has to be known to decide this command.
    pub fn needs(&self, needs: &mut Needs) {
        needs.idempotency_keys.extend(self.idempotency_key());
        self.operation.needs(&self.actor, needs);
    }

    /// What this command changes, given the state and the kept answer that it [needs](Self::needs). One that was
    /// carried out before, under the same key, changes nothing and is answered the same.
    ///
    /// # Errors
    /// The first [`Refusal`] that applies, in the order of their precedence. A refused command
    /// changes nothing.
    pub fn decide(
        &self,
        state: &State,
        idempotency_records: &IdempotencyRecords,
        context: &mut Context<'_>,
    ) -> Result<Decision<Answer>, Refusal> {
        let Some(idempotency) = &self.idempotency else {
            context.idempotency_key = None;
            return self.operation.decide(&self.actor, state, context);
        };
        context.idempotency_key = Some(idempotency.key.clone());
        let kept = idempotency_records.get(self.actor.acting, &idempotency.key, context.now);
        if let Some(kept) = kept {
            // What the organization's key was answered is not for those of its stores.
            self.actor.may_administer(kept.key_owner)?;
        }
        match kept {
            Some(kept) if kept.request == idempotency.request => {
                // It was carried out: to do so again would be the one thing that a key is to prevent.
                let outcome = kept.outcome.clone().ok_or(Refusal::KeptAnswerUnreadable)?;
                Ok(Decision::unchanged(Answer::Replayed(Box::new(outcome))))
            }
            // What would be refused for an earlier reason is.
            Some(_) => match self.operation.decide(&self.actor, state, context) {
                Err(refusal) if refusal.kind() < RefusalKind::Conflict => Err(refusal),
                _ => Err(Refusal::IdempotencyKeyReused),
            },
            None => self.operation.decide(&self.actor, state, context),
        }
    }

    /// The answer that is to be kept for the case that this is asked for again. One that is kept
    /// already stays.
    pub(crate) fn keep(
        &self,
        outcome: &Outcome,
        idempotency_records: &IdempotencyRecords,
        now: Timestamp,
    ) -> Option<IdempotencyRecord> {
        let idempotency = self.idempotency.as_ref()?;
        match idempotency_records.get(self.actor.acting, &idempotency.key, now) {
            Some(_) => None,
            None => idempotency.keep(&self.actor, outcome, now),
        }
    }
}

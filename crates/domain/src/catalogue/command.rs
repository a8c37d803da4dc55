//! Commands: operations, each with its caller and, perhaps, an idempotency key.

use super::idempotency::{Idempotency, IdempotencyRecord, IdempotencyRecords};
use super::operation::{Answer, Operation, Outcome};
use crate::decision::{Actor, Context, Decision, Needs, Refusal, RefusalKind, State};
use crate::values::{IdempotencyKey, Owner, Timestamp};

/// One request for change, by one caller.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// The caller.
    pub actor: Actor,
    /// The operation that the caller asks for.
    pub operation: Operation,
    /// The client's idempotency key and the digest of the request; `None` if the request has no key.
    pub idempotency: Option<Idempotency>,
}

impl Command {
    /// A command without an idempotency key.
    pub fn new(actor: Actor, operation: impl Into<Operation>) -> Self {
        Self {
            actor,
            operation: operation.into(),
            idempotency: None,
        }
    }

    /// The owner on whose behalf the caller acts and the idempotency key, if the command has one.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<(Owner, IdempotencyKey)> {
        let idempotency = self.idempotency.as_ref()?;
        Some((self.actor.acting, idempotency.key.clone()))
    }

    /// Adds the state that has to be loaded to decide this command.
    pub fn needs(&self, needs: &mut Needs) {
        needs.idempotency_keys.extend(self.idempotency_key());
        self.operation.needs(&self.actor, needs);
    }

    /// Decides what this command changes, given the state and the idempotency record that it
    /// [needs](Self::needs). A command that was carried out before under the same key changes nothing
    /// and gets the same answer.
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
            // An answer to the organization's key must not be shown to the keys of its stores.
            self.actor.may_administer(kept.key_owner)?;
        }
        match kept {
            Some(kept) if kept.request == idempotency.request => {
                // The command was carried out. To do so again is what the key must prevent.
                let outcome = kept.outcome.clone().ok_or(Refusal::KeptAnswerUnreadable)?;
                Ok(Decision::unchanged(Answer::Replayed(Box::new(outcome))))
            }
            // A refusal that takes precedence over the conflict is given instead of it.
            Some(_) => match self.operation.decide(&self.actor, state, context) {
                Err(refusal) if refusal.kind() < RefusalKind::Conflict => Err(refusal),
                _ => Err(Refusal::IdempotencyKeyReused),
            },
            None => self.operation.decide(&self.actor, state, context),
        }
    }

    /// The idempotency record to store for this command, if it has a key. An existing record stays as it
    /// is.
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

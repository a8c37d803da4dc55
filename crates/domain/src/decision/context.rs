//! The context of a decision, and its result.

use super::changes::Change;
use crate::values::{BatchId, IdempotencyKey, Ids, Timestamp};

/// The inputs of a decision that come from outside.
pub struct Context<'a> {
    /// The time of the decision.
    pub now: Timestamp,
    /// The source of fresh ids.
    pub ids: &'a mut dyn Ids,
    /// The key of the command that is being decided.
    pub(crate) idempotency_key: Option<IdempotencyKey>,
    /// The bulk request that is being decided.
    pub(crate) batch: Option<BatchId>,
}

impl<'a> Context<'a> {
    /// The context for the decisions of one commit, at the time `now`.
    pub fn new(now: Timestamp, ids: &'a mut dyn Ids) -> Self {
        Self {
            now,
            ids,
            idempotency_key: None,
            batch: None,
        }
    }
}

/// The result of an accepted command: its changes, and its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision<T> {
    /// The changes, in order. They are made together or not at all.
    pub changes: Vec<Change>,
    /// The answer.
    pub answer: T,
}

impl<T> Decision<T> {
    /// A decision that changes nothing.
    #[must_use]
    pub const fn unchanged(answer: T) -> Self {
        Self {
            changes: Vec::new(),
            answer,
        }
    }

    /// The same changes with another answer.
    pub fn map<U>(self, answer: impl FnOnce(T) -> U) -> Decision<U> {
        Decision {
            changes: self.changes,
            answer: answer(self.answer),
        }
    }
}

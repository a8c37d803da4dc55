//! The decisions: for every operation, what it needs to know and what it changes.

use super::changes::Change;
use crate::values::{BatchId, IdempotencyKey, Ids, Timestamp};

/// What a decision is given from outside.
pub struct Context<'a> {
    /// The time of the decision.
    pub now: Timestamp,
    /// Where fresh ids come from.
    pub ids: &'a mut dyn Ids,
    /// The key of the command that is being decided.
    pub(crate) idempotency_key: Option<IdempotencyKey>,
    /// The batch that is being decided.
    pub(crate) batch: Option<BatchId>,
}

impl<'a> Context<'a> {
    /// What the decisions of one commit are given: its time, and a source of ids.
    pub fn new(now: Timestamp, ids: &'a mut dyn Ids) -> Self {
        Self {
            now,
            ids,
            idempotency_key: None,
            batch: None,
        }
    }
}

/// An accepted command: what it changes, and what it is answered with.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision<T> {
    /// The changes, in order. They are made together or not at all.
    pub changes: Vec<Change>,
    /// The answer.
    pub answer: T,
}

impl<T> Decision<T> {
    /// Nothing changes.
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

//! The decisions: for every operation, what it needs to know and what it changes.

mod key;
mod ledger;
mod location;
mod product;
mod stock;
mod tenancy;
mod transaction;

use crate::{Change, Ids, Timestamp};

/// What a decision is given from outside.
pub struct Context<'a> {
    /// The time of the decision.
    pub now: Timestamp,
    /// Where fresh ids come from.
    pub ids: &'a mut dyn Ids,
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
    /// The same changes with another answer.
    pub fn map<U>(self, answer: impl FnOnce(T) -> U) -> Decision<U> {
        Decision {
            changes: self.changes,
            answer: answer(self.answer),
        }
    }
}

//! Requests that may be sent again without being carried out again.

use std::collections::HashMap;

use super::operation::Outcome;
use crate::decision::{Actor, Refusal, RefusalKind};
use crate::values::{IdempotencyKey, Owner, Timestamp};

/// A digest of everything in a request that its answer depends on. Two requests with the same digest are
/// the same request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestDigest(pub [u8; 32]);

/// The client's name for a request that it may send again, with a digest of that request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The client's key for the request.
    pub key: IdempotencyKey,
    /// The digest of the request.
    pub request: RequestDigest,
    /// The time for which the answer is stored, in milliseconds.
    pub kept_milliseconds: i64,
}

/// The answer to a request, stored for clients that send the request again.
#[derive(Debug, Clone, PartialEq)]
pub struct IdempotencyRecord {
    /// The owner on whose behalf the request was made: the same key of another owner is another key.
    pub owner: Owner,
    /// The owner of the application key that was used. An organization's key that acts in a store may do
    /// more there than the store's own keys.
    pub key_owner: Owner,
    /// The client's key for the request.
    pub key: IdempotencyKey,
    /// The digest of the request.
    pub request: RequestDigest,
    /// The outcome of the request; `None` if it was stored in a form that can't be read.
    pub outcome: Option<Outcome>,
    /// Time at which the record expires.
    pub expires_at: Timestamp,
}

/// Idempotency records, by owner and key.
#[derive(Debug, Clone, Default)]
pub struct IdempotencyRecords(HashMap<(Owner, IdempotencyKey), IdempotencyRecord>);

impl IdempotencyRecords {
    /// Adds a record, expired or not.
    pub fn add(&mut self, kept: IdempotencyRecord) {
        self.0.insert((kept.owner, kept.key.clone()), kept);
    }

    /// The record of `owner` under a key, unless it has expired at `now`.
    pub(crate) fn get(
        &self,
        owner: Owner,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Option<&IdempotencyRecord> {
        let kept = self.0.get(&(owner, key.clone()))?;
        Some(kept).filter(|kept| kept.expires_at > now)
    }
}

impl Idempotency {
    /// The record to store for a request that was decided at `now`. `None` if the request was forbidden
    /// or invalid: it may be accepted later, so it is decided anew.
    pub(crate) fn keep(
        &self,
        actor: &Actor,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Option<IdempotencyRecord> {
        let is_kept = match outcome {
            Ok(_) => true,
            // It is decided anew at once.
            Err(Refusal::ReservationEdited | Refusal::TransferEdited) => false,
            Err(refusal) => refusal.kind() >= RefusalKind::NotFound,
        };
        is_kept.then(|| IdempotencyRecord {
            owner: actor.acting,
            key_owner: actor.key_owner,
            key: self.key.clone(),
            request: self.request,
            outcome: Some(outcome.clone()),
            expires_at: now.plus_milliseconds(self.kept_milliseconds),
        })
    }
}

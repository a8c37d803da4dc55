//! Requests that may be sent again without being carried out again.

use std::collections::HashMap;

use super::operation::Outcome;
use crate::decision::{Actor, RefusalKind};
use crate::values::{IdempotencyKey, Owner, Timestamp};

/// A digest of everything in a request that its answer depends on. Two requests with one digest
/// are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestDigest(pub [u8; 32]);

/// How a client names a request that it may send again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// What it calls the request.
    pub key: IdempotencyKey,
    /// What the request is.
    pub request: RequestDigest,
    /// How long the answer is kept, in milliseconds.
    pub kept_milliseconds: i64,
}

/// What a request was answered, kept for those who send it again.
#[derive(Debug, Clone, PartialEq)]
pub struct IdempotencyRecord {
    /// Whom the request acted as: keys of others are other keys.
    pub owner: Owner,
    /// Whose application key asked. An organization's key that acts in a store may do more there than
    /// the store's own.
    pub key_owner: Owner,
    /// What the client called the request.
    pub key: IdempotencyKey,
    /// What the request was.
    pub request: RequestDigest,
    /// The outcome of the request; `None` if it was kept in a way that can't be read.
    pub outcome: Option<Outcome>,
    /// When it is forgotten.
    pub expires_at: Timestamp,
}

/// Answers that were kept, by whom the requests acted as and by their keys.
#[derive(Debug, Clone, Default)]
pub struct IdempotencyRecords(HashMap<(Owner, IdempotencyKey), IdempotencyRecord>);

impl IdempotencyRecords {
    /// Adds an answer that was kept, whether or not its time is over.
    pub fn add(&mut self, kept: IdempotencyRecord) {
        self.0.insert((kept.owner, kept.key.clone()), kept);
    }

    /// The answer that `owner` got under a key, if it is still kept at `now`.
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
    /// The answer to be kept for a request that was decided at `now`, if it is one that is kept: a
    /// request that makes no sense may make some later, and is decided anew.
    pub(crate) fn keep(
        &self,
        actor: &Actor,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Option<IdempotencyRecord> {
        let is_kept = outcome
            .as_ref()
            .err()
            .is_none_or(|refusal| refusal.kind() >= RefusalKind::NotFound);
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

//! The stored form of outcomes that are kept under idempotency keys.

use serde::{Deserialize, Serialize};
use stockroom_domain::{IdempotencyRecord, Outcome, Owner};

use super::error::StoreError;

/// The version of the form. It changes only when outcomes can no longer be read as they were
/// written: a field that is added to them has a default, a name that changes an alias.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    /// Whose application key asked, if not that of whom the request acted as.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_owner: Option<Owner>,
    outcome: &'a Outcome,
}

#[derive(Deserialize)]
struct Read {
    format: u32,
    #[serde(default)]
    key_owner: Option<Owner>,
    outcome: Outcome,
}

/// An outcome that was kept, as it is read from its stored form.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredOutcome {
    /// Whose application key asked.
    pub key_owner: Owner,
    /// The outcome; `None` if it can't be read.
    pub outcome: Option<Outcome>,
}

/// The text that an adapter stores of the outcome in a kept answer.
///
/// # Errors
/// [`StoreError::Failed`] if the answer has no outcome, or the outcome no such form, which is a fault
/// of the program.
pub fn outcome_to_text(kept: &IdempotencyRecord) -> Result<String, StoreError> {
    // Answers that can't be read are never kept anew.
    let outcome = kept.outcome.as_ref();
    let outcome = outcome.ok_or_else(|| StoreError::Failed("the answer has no outcome".into()))?;
    let written = Written {
        format: FORMAT,
        key_owner: Some(kept.key_owner).filter(|key_owner| *key_owner != kept.owner),
        outcome,
    };
    serde_json::to_string(&written).map_err(|error| StoreError::Failed(Box::new(error)))
}

/// What [`outcome_to_text`] has made a text of, in this version of the program or an earlier one, for
/// a request that acted as `owner`. That an outcome can't be read is logged.
#[must_use]
pub fn outcome_from_text(owner: Owner, text: &str) -> StoredOutcome {
    let read = read(text);
    let key_owner = read.as_ref().and_then(|read| read.key_owner);
    StoredOutcome {
        key_owner: key_owner.unwrap_or(owner),
        outcome: read.map(|read| read.outcome),
    }
}

fn read(text: &str) -> Option<Read> {
    match serde_json::from_str::<Read>(text) {
        Ok(read) if read.format == FORMAT => Some(read),
        Ok(Read { format, .. }) => {
            tracing::error!(
                format,
                "the answer kept for an Idempotency-Key has an unknown format"
            );
            None
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(
                error,
                "the answer kept for an Idempotency-Key can't be read"
            );
            None
        }
    }
}

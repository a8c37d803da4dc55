//! The stored form of the outcomes in idempotency records.

use serde::{Deserialize, Serialize};
use stockroom_domain::{IdempotencyRecord, Outcome, Owner};

use super::error::StoreError;

/// The version of the form. It changes only if older outcomes can no longer be read. To avoid that, a
/// new field gets a default, and a renamed one an alias.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    /// The owner of the application key that was used, if it differs from the owner on whose behalf the
    /// request was made.
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

/// An outcome as it is read from its stored form.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredOutcome {
    /// The owner of the application key that was used.
    pub key_owner: Owner,
    /// The outcome; `None` if it can't be read.
    pub outcome: Option<Outcome>,
}

/// The text in which an adapter stores the outcome of an idempotency record.
///
/// # Errors
/// [`StoreError::Failed`] if the record has no outcome, or the outcome can't be written in this form,
/// which is a fault of the program.
pub fn outcome_to_text(kept: &IdempotencyRecord) -> Result<String, StoreError> {
    // A record whose outcome can't be read is never stored again.
    let outcome = kept.outcome.as_ref();
    let outcome = outcome.ok_or_else(|| StoreError::Failed("the answer has no outcome".into()))?;
    let written = Written {
        format: FORMAT,
        key_owner: Some(kept.key_owner).filter(|key_owner| *key_owner != kept.owner),
        outcome,
    };
    serde_json::to_string(&written).map_err(|error| StoreError::Failed(Box::new(error)))
}

/// Reads a text that [`outcome_to_text`] wrote, in this version of the program or an earlier one, for a
/// request on behalf of `owner`. An outcome that can't be read is logged.
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

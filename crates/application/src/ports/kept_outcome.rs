//! The stored form of outcomes that are kept under idempotency keys.

use serde::{Deserialize, Serialize};
use stockroom_domain::Outcome;

use super::StoreError;

/// The version of the form. It changes only when outcomes can no longer be read as they were
/// written: a field that is added to them has a default, a name that changes an alias.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    outcome: &'a Outcome,
}

#[derive(Deserialize)]
struct Read {
    format: u32,
    outcome: Outcome,
}

/// The text that an adapter stores of an outcome.
///
/// # Errors
/// [`StoreError::Failed`] if the outcome has no such form, which is a fault of the program.
pub fn outcome_to_text(outcome: &Outcome) -> Result<String, StoreError> {
    let written = Written {
        format: FORMAT,
        outcome,
    };
    serde_json::to_string(&written).map_err(|error| StoreError::Failed(Box::new(error)))
}

/// The outcome that [`outcome_to_text`] has made a text of, in this version of the program or an
/// earlier one; `None` if it can't be read, which is logged.
#[must_use]
pub fn outcome_from_text(text: &str) -> Option<Outcome> {
    match serde_json::from_str::<Read>(text) {
        Ok(Read {
            format: FORMAT,
            outcome,
        }) => Some(outcome),
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

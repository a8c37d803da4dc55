//! Filters of events.

use axum::http::StatusCode;
use stockroom_domain::{EventCondition, EventFilter};

use crate::answer::ApiError;
use crate::filter::{conditions, product_id, word};

/// Parses the filter of an integration.
pub(crate) fn events(text: String) -> Result<EventFilter, ApiError> {
    let conditions = conditions(Some(&text), || {
        vec![
            product_id("product_id", EventCondition::Product),
            word("location", EventCondition::Location),
        ]
    });
    let conditions =
        conditions.map_err(|error| error.with_status(StatusCode::UNPROCESSABLE_ENTITY))?;
    Ok(EventFilter { text, conditions })
}

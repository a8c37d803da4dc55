//! Filters of events.

use axum::http::StatusCode;
use stockroom_domain::{DeliveryCondition, EventFilter};

use crate::answer::ApiError;
use crate::filter::{conditions, id, word};

/// Parses the filter of an integration.
pub(crate) fn events(text: String) -> Result<EventFilter, ApiError> {
    let conditions = conditions(Some(&text), || {
        vec![
            id("product_id", DeliveryCondition::Product),
            word("location", DeliveryCondition::Location),
        ]
    });
    let conditions =
        conditions.map_err(|error| error.with_status(StatusCode::UNPROCESSABLE_ENTITY))?;
    Ok(EventFilter { text, conditions })
}

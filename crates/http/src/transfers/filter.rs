//! Filters of transfers.

use stockroom_application::ports::TransferCondition;
use stockroom_domain::TransferState;

use crate::answer::ApiError;
use crate::filter::{conditions, id, nullable_text, text, time_of};

/// Parses a filter on transfers.
pub(crate) fn transfers(filter: Option<&str>) -> Result<Vec<TransferCondition>, ApiError> {
    conditions(filter, || {
        vec![
            text("state", |condition| {
                let matching = TransferState::ALL
                    .into_iter()
                    .filter(|state| condition.matches(Some(state.as_str())));
                TransferCondition::State(matching.collect())
            }),
            nullable_text("from", TransferCondition::From),
            nullable_text("to", TransferCondition::To),
            nullable_text("supplier", TransferCondition::Supplier),
            nullable_text("reference", TransferCondition::Reference),
            id("product_id", TransferCondition::Product),
            time_of("expected_at", TransferCondition::ExpectedAt),
            time_of("created_at", TransferCondition::CreatedAt),
        ]
    })
}

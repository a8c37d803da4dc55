//! Filters of reservations.

use stockroom_application::ports::ReservationCondition;
use stockroom_domain::ReservationStatus;

use crate::answer::ApiError;
use crate::filter::{conditions, id, nullable_text, text, time_of};

/// Parses a filter on reservations.
pub(crate) fn reservations(filter: Option<&str>) -> Result<Vec<ReservationCondition>, ApiError> {
    conditions(filter, || {
        vec![
            text("state", |condition| {
                let matching = ReservationStatus::ALL
                    .into_iter()
                    .filter(|status| condition.matches(Some(status.as_str())));
                ReservationCondition::Status(matching.collect())
            }),
            nullable_text("order_id", ReservationCondition::OrderId),
            nullable_text("hold_reason", ReservationCondition::HoldReason),
            id("product_id", ReservationCondition::Product),
            nullable_text("location", ReservationCondition::Location),
            time_of("expires_at", ReservationCondition::ExpiresAt),
            time_of("created_at", ReservationCondition::CreatedAt),
        ]
    })
}

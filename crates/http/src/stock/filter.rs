//! Filters of stock.

use stockroom_application::ports::StockCondition;

use crate::answer::ApiError;
use crate::filter::{conditions, id, nullable_text, number, time_of};

/// Parses a filter on stock.
pub(crate) fn stock(filter: Option<&str>) -> Result<Vec<StockCondition>, ApiError> {
    conditions(filter, || {
        vec![
            nullable_text("location", StockCondition::Location),
            nullable_text("locations", StockCondition::Location),
            id("id", StockCondition::Id),
            number("available", StockCondition::Available),
            number("allocated", StockCondition::Allocated),
            number("total", StockCondition::Total),
            time_of("created_at", StockCondition::CreatedAt),
            time_of("updated_at", StockCondition::UpdatedAt),
        ]
    })
}

//! Filters of stock.

use stockroom_application::ports::StockCondition;

use crate::answer::ApiError;
use crate::filter::{conditions, nullable_text, number, product_id, time_of};

/// Parses a filter on stock.
pub(crate) fn stock(filter: Option<&str>) -> Result<Vec<StockCondition>, ApiError> {
    conditions(filter, || {
        vec![
            nullable_text("location", StockCondition::Location),
            nullable_text("locations", StockCondition::Location),
            product_id("id", StockCondition::Id),
            number("available", StockCondition::Available),
            number("allocated", StockCondition::Allocated),
            number("total", StockCondition::Total),
            time_of("created_at", StockCondition::CreatedAt),
            time_of("updated_at", StockCondition::UpdatedAt),
        ]
    })
}

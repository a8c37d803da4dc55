//! Stock by columns, as statements take it.

use stockroom_domain::{OrganizationId, Stock};
use uuid::Uuid;

use crate::parameter::integer;

/// For each column of `stocks` the values of some stocks, in the same order.
#[derive(Default)]
pub(super) struct StockColumns {
    pub(super) product_ids: Vec<Uuid>,
    pub(super) owner_ids: Vec<Uuid>,
    pub(super) stock_ids: Vec<Uuid>,
    pub(super) product_owner_ids: Vec<Uuid>,
    pub(super) available: Vec<i64>,
    pub(super) allocated: Vec<i64>,
    pub(super) unlocated_available: Vec<i64>,
    pub(super) unlocated_allocated: Vec<i64>,
    pub(super) sequences: Vec<i64>,
    pub(super) created_at: Vec<i64>,
    pub(super) updated_at: Vec<i64>,
    pub(super) located: Vec<bool>,
}

impl StockColumns {
    pub(super) fn new<'a>(
        organization: OrganizationId,
        stocks: impl IntoIterator<Item = &'a Stock>,
    ) -> Self {
        let mut columns = Self::default();
        for stock in stocks {
            let sums = stock.sums();
            columns.product_ids.push(stock.product.uuid());
            columns.owner_ids.push(stock.owner.to_uuid(organization));
            columns.stock_ids.push(stock.id.uuid());
            let product_owner_id = stock.product_owner.to_uuid(organization);
            columns.product_owner_ids.push(product_owner_id);
            columns.available.push(sums.available.into());
            columns.allocated.push(sums.allocated.into());
            let unlocated = stock.unlocated;
            columns.unlocated_available.push(unlocated.available.into());
            columns.unlocated_allocated.push(unlocated.allocated.into());
            columns.sequences.push(integer(stock.sequence));
            columns.created_at.push(stock.created_at.as_milliseconds());
            columns.updated_at.push(stock.updated_at.as_milliseconds());
            columns.located.push(!stock.located.is_empty());
        }
        columns
    }
}

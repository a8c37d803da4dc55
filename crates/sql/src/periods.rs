//! Periods of stock, ended or not.

use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, Owner, ProductId, StockId, StockPeriod};
use uuid::Uuid;

use crate::Row;
use crate::columns::row;

row! {
    /// A row of `stocks` or of `deleted_stocks`, as a period.
    PeriodRow {
        stock_id: Uuid,
        product_id: Uuid,
        owner_id: Uuid,
        product_owner_id: Uuid,
        sequence: i64,
        created_at: i64,
        deleted_at: Option<i64>,
    }
}

impl PeriodRow {
    /// Decodes the period.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self, organization: OrganizationId) -> Result<StockPeriod, StoreError> {
        let row = Row::new("stocks", self.stock_id);
        Ok(StockPeriod {
            id: StockId::new(self.stock_id),
            product: ProductId::new(self.product_id),
            owner: Owner::from_uuid(self.owner_id, organization),
            product_owner: Owner::from_uuid(self.product_owner_id, organization),
            sequence: row.valid("sequence", u64::try_from(self.sequence))?,
            created_at: row.timestamp("created_at", self.created_at)?,
            deleted_at: row.optional_timestamp("deleted_at", self.deleted_at)?,
        })
    }
}

//! Pieces under way to stock.

use async_trait::async_trait;
use rusqlite::{Connection, params};
use stockroom_application::ports::{PlannedStock, PlanningReader, Scope, StoreError};
use stockroom_domain::{Expected, OrganizationId, ProductId, StockId};
use stockroom_sql::ExpectedRow;

use crate::connection::open::SqliteDatabase;
use crate::connection::statement::statements;
use crate::stock;

statements! {
    EXPECTED = "
        SELECT
            lines.transfer_id, transfers.to_location_id, locations.slug,
            coalesce(locations.enabled, 1), transfers.expected_at, lines.in_transit
        FROM transfer_lines AS lines INDEXED BY transfer_lines_open
        CROSS JOIN transfers
            ON transfers.organization_id = ?1 AND transfers.transfer_id = lines.transfer_id
        LEFT JOIN locations
            ON locations.organization_id = ?1
            AND locations.location_id = transfers.to_location_id
        WHERE lines.organization_id = ?1
            AND lines.stock_id = ?2
            AND lines.is_open = 1
            AND lines.in_transit > 0
        ORDER BY lines.transfer_id
    ";
}

/// The pieces under way to a stock, in the order of creation of the transfers.
pub(super) fn expected(
    connection: &Connection,
    organization: OrganizationId,
    stock: StockId,
) -> Result<Vec<Expected>, StoreError> {
    let parameters = params![organization.uuid(), stock.uuid()];
    let rows: Vec<ExpectedRow> = EXPECTED.rows(connection, parameters)?;
    rows.into_iter().map(ExpectedRow::decode).collect()
}

#[async_trait]
impl PlanningReader for SqliteDatabase {
    async fn planned_stocks(
        &self,
        scope: Scope,
        products: &[ProductId],
    ) -> Result<Vec<PlannedStock>, StoreError> {
        let products = products.to_vec();
        self.read(move |snapshot| {
            let stocks = products.into_iter();
            let stocks = stocks.map(|product| stock::read::visible(snapshot, scope, product));
            let planned = stocks.filter_map(Result::transpose).map(|stock| {
                let stock = stock?;
                let expected = expected(snapshot, scope.organization, stock.id)?;
                Ok(PlannedStock { stock, expected })
            });
            planned.collect()
        })
        .await
    }
}

//! Pieces under way to stock.

use std::collections::BTreeMap;

use async_trait::async_trait;
use stockroom_application::ports::{PlannedStock, PlanningReader, Scope, StoreError};
use stockroom_domain::{Expected, OrganizationId, ProductId, StockId};
use stockroom_sql::ExpectedRow;
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::open::PostgresDatabase;
use crate::connection::parameter::uuids;
use crate::connection::session::Session;
use crate::stock;

/// The pieces under way to each of these stocks, in the order of creation of the transfers.
pub(super) async fn expected(
    session: &mut Session,
    organization: OrganizationId,
    stocks: impl IntoIterator<Item = StockId>,
) -> Result<BTreeMap<StockId, Vec<Expected>>, StoreError> {
    let stocks: Vec<Uuid> = uuids(stocks);
    let found = sqlx::query!(
        r#"
        SELECT
            wanted.stock_id AS "stock_id!",
            lines.transfer_id AS "transfer_id!",
            transfers.to_location_id AS "location_id?",
            locations.slug AS "slug?",
            coalesce(locations.enabled, true) AS "enabled!",
            transfers.expected_at AS "expected_at?",
            lines.in_transit AS "in_transit!"
        FROM unnest($2::uuid[]) AS wanted (stock_id)
        CROSS JOIN LATERAL (
            SELECT transfer_id, in_transit FROM transfer_lines
            WHERE transfer_lines.organization_id = $1
                AND transfer_lines.stock_id = wanted.stock_id
                AND transfer_lines.is_open
                AND transfer_lines.in_transit > 0
            OFFSET 0
        ) AS lines
        CROSS JOIN LATERAL (
            SELECT to_location_id, expected_at FROM transfers
            WHERE transfers.organization_id = $1 AND transfers.transfer_id = lines.transfer_id
            OFFSET 0
        ) AS transfers
        LEFT JOIN LATERAL (
            SELECT slug, enabled FROM locations
            WHERE locations.organization_id = $1
                AND locations.location_id = transfers.to_location_id
            OFFSET 0
        ) AS locations ON transfers.to_location_id IS NOT NULL
        ORDER BY lines.transfer_id
        "#,
        organization.uuid(),
        &stocks,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    let mut expected: BTreeMap<StockId, Vec<Expected>> = BTreeMap::new();
    for found in found {
        let row = ExpectedRow {
            transfer_id: found.transfer_id,
            location_id: found.location_id,
            slug: found.slug,
            enabled: found.enabled,
            expected_at: found.expected_at,
            in_transit: found.in_transit,
        };
        let of_stock = expected.entry(StockId::new(found.stock_id)).or_default();
        of_stock.push(row.decode()?);
    }
    Ok(expected)
}

#[async_trait]
impl PlanningReader for PostgresDatabase {
    async fn planned_stocks(
        &self,
        scope: Scope,
        products: &[ProductId],
    ) -> Result<Vec<PlannedStock>, StoreError> {
        let mut snapshot = self.read().await?;
        let stocks = stock::read::visible(&mut snapshot, scope, products).await?;
        let ids = stocks.iter().map(|stock| stock.item.id);
        let mut expected = expected(&mut snapshot, scope.organization, ids).await?;
        snapshot.commit().await?;
        let planned = stocks.into_iter().map(|stock| PlannedStock {
            expected: expected.remove(&stock.item.id).unwrap_or_default(),
            stock: stock.item,
        });
        Ok(planned.collect())
    }
}

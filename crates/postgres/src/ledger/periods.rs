//! Periods of stock, ended or not.

use sqlx::FromRow;
use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, Owner, ProductId, StockId, StockPeriod};
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::session::Session;
use crate::row::Row;

/// The periods of all current and deleted stock of these owners and products, which come in pairs.
/// Periods are in the order of creation.
pub(crate) async fn periods(
    session: &mut Session,
    organization: OrganizationId,
    owner_ids: &[Uuid],
    product_ids: &[Uuid],
) -> Result<Vec<StockPeriod>, StoreError> {
    sqlx::query_as!(
        LifeRow,
        r#"
        SELECT
            stocks.stock_id AS "stock_id!",
            stocks.product_id AS "product_id!",
            stocks.owner_id AS "owner_id!",
            stocks.product_owner_id AS "product_owner_id!",
            stocks.sequence AS "sequence!",
            stocks.created_at AS "created_at!",
            NULL::bigint AS "deleted_at?"
        FROM unnest($2::uuid[], $3::uuid[]) AS wanted (owner_id, product_id)
        CROSS JOIN LATERAL (
            SELECT * FROM stocks
            WHERE stocks.organization_id = $1
                AND stocks.product_id = wanted.product_id
                AND stocks.owner_id = wanted.owner_id
            OFFSET 0
        ) AS stocks
        UNION ALL
        SELECT
            deleted.stock_id,
            deleted.product_id,
            deleted.owner_id,
            deleted.product_owner_id,
            deleted.sequence,
            deleted.created_at,
            deleted.deleted_at
        FROM unnest($2::uuid[], $3::uuid[]) AS wanted (owner_id, product_id)
        CROSS JOIN LATERAL (
            SELECT * FROM deleted_stocks
            WHERE deleted_stocks.organization_id = $1
                AND deleted_stocks.product_id = wanted.product_id
                AND deleted_stocks.owner_id = wanted.owner_id
            OFFSET 0
        ) AS deleted
        ORDER BY 1
        "#,
        organization.uuid(),
        owner_ids,
        product_ids,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?
    .into_iter()
    .map(|row| row.decode(organization))
    .collect()
}

#[derive(FromRow)]
pub(crate) struct LifeRow {
    stock_id: Uuid,
    product_id: Uuid,
    owner_id: Uuid,
    product_owner_id: Uuid,
    sequence: i64,
    created_at: i64,
    deleted_at: Option<i64>,
}

impl LifeRow {
    pub(crate) fn decode(self, organization: OrganizationId) -> Result<StockPeriod, StoreError> {
        let row = Row::new("stocks", self.stock_id);
        let deleted_at = self.deleted_at;
        let deleted_at = deleted_at.map(|at| row.timestamp("deleted_at", at));
        Ok(StockPeriod {
            id: StockId::new(self.stock_id),
            product: ProductId::new(self.product_id),
            owner: Owner::from_uuid(self.owner_id, organization),
            product_owner: Owner::from_uuid(self.product_owner_id, organization),
            sequence: row.valid("sequence", u64::try_from(self.sequence))?,
            created_at: row.timestamp("created_at", self.created_at)?,
            deleted_at: deleted_at.transpose()?,
        })
    }
}

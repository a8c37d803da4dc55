//! Periods of stock, ended or not.

use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, StockPeriod};
use stockroom_sql::PeriodRow;
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::session::Session;

/// The periods of all current and deleted stock of these owners and products, which come in pairs.
/// Periods are in the order of creation.
pub(crate) async fn periods(
    session: &mut Session,
    organization: OrganizationId,
    owner_ids: &[Uuid],
    product_ids: &[Uuid],
) -> Result<Vec<StockPeriod>, StoreError> {
    sqlx::query_as!(
        PeriodRow,
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

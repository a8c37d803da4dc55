//! Periods of stock, ended or not.

use sqlx::{FromRow, SqliteConnection};
use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, Owner, ProductId, StockId, StockPeriod};
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::parameter::{hex, json};
use crate::row::Row;

/// The periods of all current and deleted stock of these owners and products, in the order of creation.
pub(crate) async fn periods(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    wanted: impl IntoIterator<Item = (Owner, ProductId)>,
) -> Result<Vec<StockPeriod>, StoreError> {
    let wanted = json(wanted.into_iter().map(|(owner, product)| {
        let owner = owner.to_uuid(organization);
        (hex(product), hex(owner))
    }))?;
    let organization_id = organization.uuid();
    let rows = sqlx::query_as!(
        LifeRow,
        r#"
        SELECT
            stocks.stock_id AS "stock_id!: Uuid",
            stocks.product_id AS "product_id!: Uuid",
            stocks.owner_id AS "owner_id!: Uuid",
            stocks.product_owner_id AS "product_owner_id!: Uuid",
            stocks.sequence AS "sequence!: i64",
            stocks.created_at AS "created_at!: i64",
            NULL AS "deleted_at?: i64"
        FROM json_each(?2) AS wanted
        CROSS JOIN stocks
            ON stocks.organization_id = ?1
            AND stocks.product_id = unhex(wanted.value ->> 0)
            AND stocks.owner_id = unhex(wanted.value ->> 1)
        UNION ALL
        SELECT
            deleted_stocks.stock_id,
            deleted_stocks.product_id,
            deleted_stocks.owner_id,
            deleted_stocks.product_owner_id,
            deleted_stocks.sequence,
            deleted_stocks.created_at,
            deleted_stocks.deleted_at
        FROM json_each(?2) AS wanted
        CROSS JOIN deleted_stocks INDEXED BY deleted_stocks_of_product
            ON deleted_stocks.organization_id = ?1
            AND deleted_stocks.product_id = unhex(wanted.value ->> 0)
            AND deleted_stocks.owner_id = unhex(wanted.value ->> 1)
        "#,
        organization_id,
        wanted,
    )
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let periods = rows.into_iter().map(|row| row.decode(organization));
    let mut periods = periods.collect::<Result<Vec<_>, _>>()?;
    periods.sort_by_key(|period| period.id);
    Ok(periods)
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

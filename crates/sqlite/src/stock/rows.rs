//! Stock.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Balance, LocationId, OrganizationId, Owner, Position, ProductId, Slug, Stock, StockId, StockKey,
};
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::parameter::{hex, json};
use crate::row::Row;

/// The stock with these keys that exists, in any order.
pub(crate) async fn stocks(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    keys: impl IntoIterator<Item = StockKey>,
) -> Result<Vec<Stock>, StoreError> {
    let keys = json(keys.into_iter().map(|key| {
        let owner = key.owner.to_uuid(organization);
        (hex(key.product), hex(owner))
    }))?;
    let organization_id = organization.uuid();
    // The statement reads the positions, too, as JSON, so that a stock and its positions are always
    // from the same moment.
    sqlx::query!(
        r#"
        SELECT
            stocks.product_id AS "product_id!: Uuid",
            stocks.owner_id AS "owner_id!: Uuid",
            stocks.stock_id AS "stock_id!: Uuid",
            stocks.product_owner_id AS "product_owner_id!: Uuid",
            stocks.available AS "available!",
            stocks.allocated AS "allocated!",
            stocks.unlocated_available AS "unlocated_available!",
            stocks.unlocated_allocated AS "unlocated_allocated!",
            stocks.sequence AS "sequence!",
            stocks.last_hash AS "last_hash!",
            stocks.created_at AS "created_at!",
            stocks.updated_at AS "updated_at!",
            stocks.unlocated_held AS "unlocated_held!",
            stocks.next_expiry AS "next_expiry?",
            (
                SELECT json_group_array(json_array(
                    hex(positions.location_id),
                    locations.slug,
                    positions.available,
                    positions.allocated,
                    positions.held
                ))
                FROM positions
                CROSS JOIN locations
                    ON locations.organization_id = ?1
                    AND locations.location_id = positions.location_id
                WHERE positions.organization_id = ?1 AND positions.stock_id = stocks.stock_id
            ) AS "positions!: String"
        FROM json_each(?2) AS wanted
        CROSS JOIN stocks
            ON stocks.organization_id = ?1
            AND stocks.product_id = unhex(wanted.value ->> 0)
            AND stocks.owner_id = unhex(wanted.value ->> 1)
        "#,
        organization_id,
        keys,
    )
    .fetch_all(connection)
    .await
    .map_err(failed)?
    .into_iter()
    .map(|row| {
        let stock = StockRow {
            product_id: row.product_id,
            owner_id: row.owner_id,
            stock_id: row.stock_id,
            product_owner_id: row.product_owner_id,
            available: row.available,
            allocated: row.allocated,
            unlocated_available: row.unlocated_available,
            unlocated_allocated: row.unlocated_allocated,
            sequence: row.sequence,
            last_hash: row.last_hash,
            created_at: row.created_at,
            updated_at: row.updated_at,
            unlocated_held: row.unlocated_held,
            next_expiry: row.next_expiry,
        };
        let located = located(row.stock_id, &row.positions)?;
        stock.decode(organization, located)
    })
    .collect()
}

pub(crate) struct StockRow {
    pub(crate) product_id: Uuid,
    pub(crate) owner_id: Uuid,
    pub(crate) stock_id: Uuid,
    pub(crate) product_owner_id: Uuid,
    pub(crate) available: i64,
    pub(crate) allocated: i64,
    pub(crate) unlocated_available: i64,
    pub(crate) unlocated_allocated: i64,
    pub(crate) sequence: i64,
    pub(crate) last_hash: Vec<u8>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) unlocated_held: i64,
    pub(crate) next_expiry: Option<i64>,
}

impl StockRow {
    /// Decodes the stock, with its positions in locations.
    pub(crate) fn decode(
        self,
        organization: OrganizationId,
        located: BTreeMap<LocationId, Position>,
    ) -> Result<Stock, StoreError> {
        let row = Row::new("stocks", self.stock_id);
        let next_expiry = self.next_expiry;
        let next_expiry = next_expiry.map(|at| row.timestamp("next_expiry", at));
        let stock = Stock {
            id: StockId::new(self.stock_id),
            product: ProductId::new(self.product_id),
            owner: Owner::from_uuid(self.owner_id, organization),
            product_owner: Owner::from_uuid(self.product_owner_id, organization),
            unlocated: Balance {
                available: row.quantity("unlocated_available", self.unlocated_available)?,
                allocated: row.quantity("unlocated_allocated", self.unlocated_allocated)?,
            },
            unlocated_held: row.quantity("unlocated_held", self.unlocated_held)?,
            located,
            sequence: row.valid("sequence", u64::try_from(self.sequence))?,
            last_hash: row.hash("last_hash", &self.last_hash)?,
            created_at: row.timestamp("created_at", self.created_at)?,
            updated_at: row.timestamp("updated_at", self.updated_at)?,
            next_expiry: next_expiry.transpose()?,
        };
        // The stored sums must match the positions.
        let sums = stock.sums();
        if i64::from(sums.available) != self.available {
            return Err(row.corrupt("available"));
        }
        if i64::from(sums.allocated) != self.allocated {
            return Err(row.corrupt("allocated"));
        }
        Ok(stock)
    }
}

fn located(stock_id: Uuid, positions: &str) -> Result<BTreeMap<LocationId, Position>, StoreError> {
    let row = Row::new("positions", stock_id);
    let positions: Vec<(Uuid, String, i64, i64, i64)> =
        row.valid("location_id", serde_json::from_str(positions))?;
    positions
        .into_iter()
        .map(|(location_id, slug, available, allocated, held)| {
            let position = PositionRow {
                location_id,
                slug,
                available,
                allocated,
                held,
            };
            position.decode(stock_id)
        })
        .collect()
}

pub(crate) struct PositionRow {
    pub(crate) location_id: Uuid,
    pub(crate) slug: String,
    pub(crate) available: i64,
    pub(crate) allocated: i64,
    pub(crate) held: i64,
}

impl PositionRow {
    /// Decodes a position of the stock with this id.
    pub(crate) fn decode(self, stock_id: Uuid) -> Result<(LocationId, Position), StoreError> {
        let row = Row::new("positions", stock_id);
        let location = Row::new("locations", self.location_id);
        let position = Position {
            slug: location.valid("slug", Slug::new(self.slug))?,
            balance: Balance {
                available: row.quantity("available", self.available)?,
                allocated: row.quantity("allocated", self.allocated)?,
            },
            held: row.quantity("held", self.held)?,
        };
        Ok((LocationId::new(self.location_id), position))
    }
}

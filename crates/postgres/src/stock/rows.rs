//! Stock.

use std::collections::BTreeMap;

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Balance, LocationId, OrganizationId, Owner, Position, ProductId, Slug, Stock, StockId, StockKey,
};
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::parameter::owned;
use crate::connection::session::Session;
use crate::revision::Revised;
use crate::row::Row;

/// The stock with these keys that exists, in any order.
pub(crate) async fn stocks(
    session: &mut Session,
    organization: OrganizationId,
    keys: impl IntoIterator<Item = StockKey>,
) -> Result<Vec<Revised<Stock>>, StoreError> {
    let (owner_ids, product_ids) = columns(organization, keys);
    // The statement reads the positions, too, so that a stock and its positions are always from the
    // same moment.
    sqlx::query_as!(
        StockRow,
        r#"
        SELECT
            stocks.product_id AS "product_id!",
            stocks.owner_id AS "owner_id!",
            stocks.stock_id AS "stock_id!",
            stocks.product_owner_id AS "product_owner_id!",
            stocks.available AS "available!",
            stocks.allocated AS "allocated!",
            stocks.unlocated_available AS "unlocated_available!",
            stocks.unlocated_allocated AS "unlocated_allocated!",
            stocks.unlocated_held AS "unlocated_held!",
            stocks.sequence AS "sequence!",
            stocks.last_hash AS "last_hash!",
            stocks.created_at AS "created_at!",
            stocks.updated_at AS "updated_at!",
            stocks.next_expiry AS "next_expiry?",
            stocks.revision AS "revision!",
            located.location_ids AS "location_ids?",
            located.slugs AS "slugs?",
            located.available AS "located_available?",
            located.allocated AS "located_allocated?",
            located.held AS "located_held?"
        FROM unnest($2::uuid[], $3::uuid[]) AS wanted (owner_id, product_id)
        CROSS JOIN LATERAL (
            SELECT * FROM stocks
            WHERE stocks.organization_id = $1
                AND stocks.product_id = wanted.product_id
                AND stocks.owner_id = wanted.owner_id
            OFFSET 0
        ) AS stocks
        LEFT JOIN LATERAL (
            SELECT
                array_agg(positions.location_id) AS location_ids,
                array_agg(locations.slug) AS slugs,
                array_agg(positions.available) AS available,
                array_agg(positions.allocated) AS allocated,
                array_agg(positions.held) AS held
            FROM positions
            CROSS JOIN LATERAL (
                SELECT * FROM locations
                WHERE locations.organization_id = $1
                    AND locations.location_id = positions.location_id
                OFFSET 0
            ) AS locations
            WHERE positions.organization_id = $1 AND positions.stock_id = stocks.stock_id
        ) AS located ON stocks.located
        "#,
        organization.uuid(),
        &owner_ids,
        &product_ids,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?
    .into_iter()
    .map(|row| row.decode(organization))
    .collect()
}

/// Locks the stock with these keys that exists, in the locking order, and returns it. Until the
/// transaction ends, no other transaction changes this stock.
pub(crate) async fn lock(
    session: &mut Session,
    organization: OrganizationId,
    keys: impl IntoIterator<Item = StockKey>,
) -> Result<Vec<Revised<Stock>>, StoreError> {
    let mut keys: Vec<StockKey> = keys.into_iter().collect();
    keys.sort_unstable_by_key(|key| locking_order(organization, *key));
    let (owner_ids, product_ids) = columns(organization, keys);
    // After waiting for a lock, PostgreSQL returns the current row, but joined rows as they were before
    // the wait. Positions are therefore read afterwards.
    let rows = sqlx::query!(
        r#"
        SELECT
            stocks.product_id,
            stocks.owner_id,
            stocks.stock_id,
            stocks.product_owner_id,
            stocks.available,
            stocks.allocated,
            stocks.unlocated_held,
            stocks.sequence,
            stocks.last_hash,
            stocks.created_at,
            stocks.updated_at,
            stocks.next_expiry,
            stocks.revision,
            stocks.located
        FROM unnest($2::uuid[], $3::uuid[]) AS wanted (owner_id, product_id)
        CROSS JOIN LATERAL (
            SELECT * FROM stocks
            WHERE stocks.organization_id = $1
                AND stocks.product_id = wanted.product_id
                AND stocks.owner_id = wanted.owner_id
            FOR UPDATE
        ) AS stocks
        "#,
        organization.uuid(),
        &owner_ids,
        &product_ids,
    )
    .fetch_all(&mut *session)
    .await
    .map_err(failed)?;
    let mut locked = Vec::with_capacity(rows.len());
    let mut located = Vec::new();
    for row in rows {
        if row.located {
            located.push(StockKey {
                product: ProductId::new(row.product_id),
                owner: Owner::from_uuid(row.owner_id, organization),
            });
        } else {
            let row = StockRow {
                product_id: row.product_id,
                owner_id: row.owner_id,
                stock_id: row.stock_id,
                product_owner_id: row.product_owner_id,
                available: row.available,
                allocated: row.allocated,
                unlocated_available: row.available,
                unlocated_allocated: row.allocated,
                unlocated_held: row.unlocated_held,
                sequence: row.sequence,
                last_hash: row.last_hash,
                created_at: row.created_at,
                updated_at: row.updated_at,
                next_expiry: row.next_expiry,
                revision: row.revision,
                location_ids: None,
                slugs: None,
                located_available: None,
                located_allocated: None,
                located_held: None,
            };
            locked.push(row.decode(organization)?);
        }
    }
    if !located.is_empty() {
        locked.extend(stocks(session, organization, located).await?);
    }
    Ok(locked)
}

/// The order in which all transactions lock stock, so that they never wait in a circle.
pub(crate) fn locking_order(organization: OrganizationId, key: StockKey) -> (Uuid, Uuid) {
    (key.product.uuid(), key.owner.to_uuid(organization))
}

fn columns(
    organization: OrganizationId,
    keys: impl IntoIterator<Item = StockKey>,
) -> (Vec<Uuid>, Vec<Uuid>) {
    let keys = keys.into_iter();
    owned(
        organization,
        keys.map(|key| (key.owner, key.product.uuid())),
    )
}

struct StockRow {
    product_id: Uuid,
    owner_id: Uuid,
    stock_id: Uuid,
    product_owner_id: Uuid,
    available: i64,
    allocated: i64,
    unlocated_available: i64,
    unlocated_allocated: i64,
    unlocated_held: i64,
    sequence: i64,
    last_hash: Vec<u8>,
    created_at: i64,
    updated_at: i64,
    next_expiry: Option<i64>,
    revision: i64,
    location_ids: Option<Vec<Uuid>>,
    slugs: Option<Vec<String>>,
    located_available: Option<Vec<i64>>,
    located_allocated: Option<Vec<i64>>,
    located_held: Option<Vec<i64>>,
}

impl StockRow {
    fn decode(mut self, organization: OrganizationId) -> Result<Revised<Stock>, StoreError> {
        let row = Row::new("stocks", self.stock_id);
        let located = self.located()?;
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
        Ok(Revised {
            item: stock,
            revision: self.revision,
        })
    }

    fn located(&mut self) -> Result<BTreeMap<LocationId, Position>, StoreError> {
        let row = Row::new("positions", self.stock_id);
        let location_ids = self.location_ids.take().unwrap_or_default();
        let slugs = self.slugs.take().unwrap_or_default();
        let available = self.located_available.take().unwrap_or_default();
        let allocated = self.located_allocated.take().unwrap_or_default();
        let held = self.located_held.take().unwrap_or_default();
        let figures = available.into_iter().zip(allocated).zip(held);
        location_ids
            .into_iter()
            .zip(slugs)
            .zip(figures)
            .map(|((location_id, slug), ((available, allocated), held))| {
                let position = Position {
                    slug: Row::new("locations", location_id).valid("slug", Slug::new(slug))?,
                    balance: Balance {
                        available: row.quantity("available", available)?,
                        allocated: row.quantity("allocated", allocated)?,
                    },
                    held: row.quantity("held", held)?,
                };
                Ok((LocationId::new(location_id), position))
            })
            .collect()
    }
}

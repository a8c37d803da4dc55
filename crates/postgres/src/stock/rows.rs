//! Stock.

use std::collections::BTreeMap;

use stockroom_application::ports::StoreError;
use stockroom_domain::{LocationId, OrganizationId, Owner, Position, ProductId, Stock, StockKey};
use stockroom_sql::{LocatedRow, StockRow};
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::parameter::owned;
use crate::connection::session::Session;
use crate::revision::Revised;

/// The row of a stock that a statement found.
macro_rules! stock_row {
    ($found:ident, $unlocated_available:expr, $unlocated_allocated:expr) => {
        StockRow {
            product_id: $found.product_id,
            owner_id: $found.owner_id,
            stock_id: $found.stock_id,
            product_owner_id: $found.product_owner_id,
            available: $found.available,
            allocated: $found.allocated,
            unlocated_available: $unlocated_available,
            unlocated_allocated: $unlocated_allocated,
            unlocated_held: $found.unlocated_held,
            unlocated_set_aside: $found.unlocated_set_aside,
            sequence: $found.sequence,
            last_hash: $found.last_hash,
            created_at: $found.created_at,
            updated_at: $found.updated_at,
            next_expiry: $found.next_expiry,
            policy: $found.policy,
            low: $found.low,
        }
    };
}

/// The stock with these keys that exists, in any order.
#[expect(clippy::too_many_lines, reason = "most of it is a statement")]
pub(crate) async fn stocks(
    session: &mut Session,
    organization: OrganizationId,
    keys: impl IntoIterator<Item = StockKey>,
) -> Result<Vec<Revised<Stock>>, StoreError> {
    let (owner_ids, product_ids) = columns(organization, keys);
    // The statement reads the positions, too, so that a stock and its positions are always from the
    // same moment.
    let rows = sqlx::query!(
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
            stocks.unlocated_set_aside AS "unlocated_set_aside!",
            stocks.sequence AS "sequence!",
            stocks.last_hash AS "last_hash!",
            stocks.created_at AS "created_at!",
            stocks.updated_at AS "updated_at!",
            stocks.next_expiry AS "next_expiry?",
            stocks.policy AS "policy?",
            stocks.low AS "low!",
            stocks.revision AS "revision!",
            located.location_ids AS "location_ids?",
            located.slugs AS "slugs?",
            located.enabled AS "enabled?",
            located.priorities AS "priorities?",
            located.latitudes AS "latitudes?: Vec<Option<f64>>",
            located.longitudes AS "longitudes?: Vec<Option<f64>>",
            located.available AS "located_available?",
            located.allocated AS "located_allocated?",
            located.held AS "located_held?",
            located.set_aside AS "located_set_aside?",
            located.policies AS "located_policies?: Vec<Option<String>>",
            located.low AS "located_low?"
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
                array_agg(locations.enabled) AS enabled,
                array_agg(locations.priority) AS priorities,
                array_agg(locations.latitude) AS latitudes,
                array_agg(locations.longitude) AS longitudes,
                array_agg(positions.available) AS available,
                array_agg(positions.allocated) AS allocated,
                array_agg(positions.held) AS held,
                array_agg(positions.set_aside) AS set_aside,
                array_agg(positions.policy) AS policies,
                array_agg(positions.low) AS low
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
    .map_err(failed)?;
    let mut stocks = Vec::with_capacity(rows.len());
    for row in rows {
        let figures = parts(row.located_available).zip(parts(row.located_allocated));
        let held = parts(row.located_held).zip(parts(row.located_set_aside));
        let figures = figures.zip(held);
        let points = parts(row.latitudes).zip(parts(row.longitudes));
        let shown = parts(row.slugs).zip(parts(row.enabled));
        let shown = shown.zip(parts(row.priorities).zip(points));
        let policies = parts(row.located_policies).zip(parts(row.located_low));
        let positions = parts(row.location_ids)
            .zip(shown)
            .zip(figures)
            .zip(policies);
        let positions = positions.map(|(((location_id, shown), figures), (policy, low))| {
            let ((slug, enabled), (priority, (latitude, longitude))) = shown;
            let ((available, allocated), (held, set_aside)) = figures;
            LocatedRow {
                location_id,
                slug,
                enabled,
                priority,
                latitude,
                longitude,
                available,
                allocated,
                held,
                set_aside,
                policy,
                low,
            }
        });
        let located = located(row.stock_id, positions)?;
        let stock = stock_row!(row, row.unlocated_available, row.unlocated_allocated);
        stocks.push(Revised {
            item: stock.decode(organization, located)?,
            revision: row.revision,
        });
    }
    Ok(stocks)
}

fn parts<T>(column: Option<Vec<T>>) -> impl Iterator<Item = T> {
    column.into_iter().flatten()
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
            stocks.unlocated_set_aside,
            stocks.sequence,
            stocks.last_hash,
            stocks.created_at,
            stocks.updated_at,
            stocks.next_expiry,
            stocks.policy,
            stocks.low,
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
            // All of it lies in the pool.
            let stock = stock_row!(row, row.available, row.allocated);
            locked.push(Revised {
                item: stock.decode(organization, BTreeMap::new())?,
                revision: row.revision,
            });
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

fn located(
    stock_id: Uuid,
    positions: impl Iterator<Item = LocatedRow>,
) -> Result<BTreeMap<LocationId, Position>, StoreError> {
    positions.map(|row| row.decode(stock_id)).collect()
}

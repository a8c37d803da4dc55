//! Reads the state that transactions need.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{
    IdempotencyKey, IdempotencyRecords, LocationId, Needs, OrganizationId, Owner, Position, Slug,
    State, StockKey,
};
use uuid::Uuid;

use crate::connection::error::failed_directly as failed;
use crate::idempotency::store::IdempotencyRow;
use crate::locations::rows::LocationRow;
use crate::stock::rows::{PositionRow, StockRow};

pub(crate) const STOCK: &str = "
    SELECT
        product_id, owner_id, stock_id, product_owner_id, available, allocated,
        unlocated_available, unlocated_allocated, unlocated_held, sequence, last_hash, created_at,
        updated_at, next_expiry
    FROM stocks
    WHERE organization_id = ?1 AND product_id = ?2 AND owner_id = ?3
";

pub(crate) const POSITIONS: &str = "
    SELECT
        positions.location_id, locations.slug, positions.available, positions.allocated,
        positions.held
    FROM positions
    CROSS JOIN locations
        ON locations.organization_id = ?1
        AND locations.location_id = positions.location_id
    WHERE positions.organization_id = ?1 AND positions.stock_id = ?2
";

pub(crate) const LOCATION: &str = "
    SELECT
        location_id, owner_id, name, slug, external_ref, description, address, latitude,
        longitude, created_at, updated_at
    FROM locations
    WHERE organization_id = ?1 AND owner_id = ?2 AND slug = ?3 AND deleted_at IS NULL
";

pub(crate) const KEPT: &str = "
    SELECT request_digest, outcome, expires_at
    FROM idempotency_keys
    WHERE organization_id = ?1 AND owner_id = ?2 AND idempotency_key = ?3
";

/// Loads the stock, the locations and the idempotency records that transactions need; `None` if the
/// commands need anything else.
pub(crate) fn load(
    connection: &Connection,
    organization: OrganizationId,
    needs: &Needs,
) -> Result<Option<(State, IdempotencyRecords)>, StoreError> {
    // Destructured in full, so that every new kind of need is either loaded here or keeps commands off
    // this path.
    let Needs {
        organization: false,
        management,
        products,
        store_products,
        skus,
        external_refs,
        location_slugs,
        locations,
        location_use,
        location_counts,
        stocks,
        keys,
        key_totals,
        idempotency_keys,
        undone,
        reservations,
        orders,
        past,
        corrections,
    } = needs
    else {
        return Ok(None);
    };
    let needs_nothing_else = management.is_empty()
        && products.is_empty()
        && store_products.is_empty()
        && skus.is_empty()
        && external_refs.is_empty()
        && locations.is_empty()
        && location_use.is_empty()
        && location_counts.is_empty()
        && keys.is_empty()
        && key_totals.is_empty()
        && undone.is_empty()
        && reservations.is_empty()
        && orders.is_empty()
        && past.is_empty()
        && corrections.is_empty();
    if !needs_nothing_else {
        return Ok(None);
    }
    let mut state = State::default();
    let mut idempotency_records = IdempotencyRecords::default();
    for key in stocks {
        if let Some(row) = stock(connection, organization, *key).map_err(failed)? {
            let located = positions(connection, organization, row.stock_id)?;
            state
                .stocks
                .insert(*key, row.decode(organization, located)?);
        }
    }
    for (owner, slug) in location_slugs {
        if let Some(row) = location(connection, organization, *owner, slug).map_err(failed)? {
            state.add_location(row.decode(organization)?);
        }
    }
    for (owner, key) in idempotency_keys {
        let owner_id = owner.to_uuid(organization);
        if let Some(row) = kept_answer(connection, organization, owner_id, key).map_err(failed)? {
            idempotency_records.add(row.decode(owner_id, *owner, key)?);
        }
    }
    Ok(Some((state, idempotency_records)))
}

fn kept_answer(
    connection: &Connection,
    organization: OrganizationId,
    owner_id: Uuid,
    key: &IdempotencyKey,
) -> rusqlite::Result<Option<IdempotencyRow>> {
    let mut statement = connection.prepare_cached(KEPT)?;
    let key = params![organization.uuid(), owner_id, key.as_str()];
    let row = statement.query_row(key, |row| {
        Ok(IdempotencyRow {
            request_digest: row.get(0)?,
            outcome: row.get(1)?,
            expires_at: row.get(2)?,
        })
    });
    row.optional()
}

fn stock(
    connection: &Connection,
    organization: OrganizationId,
    key: StockKey,
) -> rusqlite::Result<Option<StockRow>> {
    let mut statement = connection.prepare_cached(STOCK)?;
    let owner_id = key.owner.to_uuid(organization);
    let key = params![organization.uuid(), key.product.uuid(), owner_id];
    let row = statement.query_row(key, |row| {
        Ok(StockRow {
            product_id: row.get(0)?,
            owner_id: row.get(1)?,
            stock_id: row.get(2)?,
            product_owner_id: row.get(3)?,
            available: row.get(4)?,
            allocated: row.get(5)?,
            unlocated_available: row.get(6)?,
            unlocated_allocated: row.get(7)?,
            unlocated_held: row.get(8)?,
            sequence: row.get(9)?,
            last_hash: row.get(10)?,
            created_at: row.get(11)?,
            updated_at: row.get(12)?,
            next_expiry: row.get(13)?,
        })
    });
    row.optional()
}

fn positions(
    connection: &Connection,
    organization: OrganizationId,
    stock_id: Uuid,
) -> Result<BTreeMap<LocationId, Position>, StoreError> {
    let mut statement = connection.prepare_cached(POSITIONS).map_err(failed)?;
    let mut rows = statement
        .query(params![organization.uuid(), stock_id])
        .map_err(failed)?;
    let mut located = BTreeMap::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let (location, position) = position(row).map_err(failed)?.decode(stock_id)?;
        located.insert(location, position);
    }
    Ok(located)
}

fn position(row: &SqlRow<'_>) -> rusqlite::Result<PositionRow> {
    Ok(PositionRow {
        location_id: row.get(0)?,
        slug: row.get(1)?,
        available: row.get(2)?,
        allocated: row.get(3)?,
        held: row.get(4)?,
    })
}

fn location(
    connection: &Connection,
    organization: OrganizationId,
    owner: Owner,
    slug: &Slug,
) -> rusqlite::Result<Option<LocationRow>> {
    let mut statement = connection.prepare_cached(LOCATION)?;
    let owner_id = owner.to_uuid(organization);
    let key = params![organization.uuid(), owner_id, slug.as_str()];
    let row = statement.query_row(key, |row| {
        Ok(LocationRow {
            location_id: row.get(0)?,
            owner_id: row.get(1)?,
            name: row.get(2)?,
            slug: row.get(3)?,
            external_ref: row.get(4)?,
            description: row.get(5)?,
            address: row.get(6)?,
            latitude: row.get(7)?,
            longitude: row.get(8)?,
            created_at: row.get(9)?,
            updated_at: row.get(10)?,
        })
    });
    row.optional()
}

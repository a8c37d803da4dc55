//! Repairs stock.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{LocationId, OrganizationId, RawBalance, RawStock, StockKey};

use stockroom_sql::raw_columns;

use super::rows;
use crate::connection::statement::statements;
use crate::stock::store::{DELETE_POSITION, STORE_POSITION};

statements! {
    UPDATE = "
        UPDATE stocks SET
            available = ?4,
            allocated = ?5,
            unlocated_available = ?6,
            unlocated_allocated = ?7,
            sequence = ?8,
            last_hash = ?9,
            created_at = ?10,
            updated_at = ?11,
            unlocated_held = ?12,
            next_expiry = ?13,
            policy = ?14,
            low = ?15,
            unlocated_set_aside = ?16
        WHERE organization_id = ?1 AND product_id = ?2 AND owner_id = ?3
    ";

    /// Begins the span of a position, unless it has one that hasn't ended.
    BEGIN_SPAN = "
        INSERT INTO position_spans (organization_id, stock_id, location_id, added_at)
        SELECT ?1, ?2, ?3, ?4
        WHERE NOT EXISTS (
            SELECT 1 FROM position_spans INDEXED BY position_spans_of_stock
            WHERE organization_id = ?1 AND stock_id = ?2 AND location_id = ?3 AND removed_at IS NULL
        )
    ";

    END_SPAN = "
        UPDATE position_spans INDEXED BY position_spans_of_stock SET removed_at = max(added_at, ?4)
        WHERE organization_id = ?1 AND stock_id = ?2 AND location_id = ?3 AND removed_at IS NULL
    ";
}

/// Replaces `found` with `repaired`, unless the stock has changed since it was found.
pub(crate) fn repair(
    transaction: &Connection,
    organization: OrganizationId,
    found: &RawStock,
    repaired: &RawStock,
) -> Result<bool, StoreError> {
    let key = StockKey {
        product: found.product,
        owner: found.owner,
    };
    if rows::current(transaction, organization, key)?.as_ref() != Some(found) {
        return Ok(false);
    }
    update(transaction, organization, repaired)?;
    for location in found.located.keys() {
        if !repaired.located.contains_key(location) {
            remove(transaction, organization, repaired, *location)?;
        }
    }
    for (location, balance) in &repaired.located {
        let [held, held_before] = [repaired, found].map(|it| it.held.in_location(*location));
        let [policy, policy_before] = [repaired, found].map(|it| it.policies.get(&Some(*location)));
        if found.located.get(location) != Some(balance)
            || held != held_before
            || policy != policy_before
        {
            keep(transaction, organization, repaired, *location, *balance)?;
        }
    }
    Ok(true)
}

fn update(
    connection: &Connection,
    organization: OrganizationId,
    stock: &RawStock,
) -> Result<(), StoreError> {
    let (policy, low) = raw_columns(stock.policies.get(&None));
    UPDATE.execute(
        connection,
        params![
            organization.uuid(),
            stock.product.uuid(),
            stock.owner.to_uuid(organization),
            stock.sums.available,
            stock.sums.allocated,
            stock.unlocated.available,
            stock.unlocated.allocated,
            stock.sequence,
            stock.last_hash.map(|hash| hash.0),
            stock.created_at,
            stock.updated_at,
            stock.held.pieces_in(None),
            stock.held.first_expiry,
            policy,
            low,
            stock.held.set_aside_in(None),
        ],
    )?;
    Ok(())
}

fn remove(
    connection: &Connection,
    organization: OrganizationId,
    stock: &RawStock,
    location: LocationId,
) -> Result<(), StoreError> {
    let (organization_id, stock_id) = (organization.uuid(), stock.id.uuid());
    let position = params![organization_id, stock_id, location.uuid()];
    DELETE_POSITION.execute(connection, position)?;
    let span = params![organization_id, stock_id, location.uuid(), stock.updated_at];
    END_SPAN.execute(connection, span)?;
    Ok(())
}

fn keep(
    connection: &Connection,
    organization: OrganizationId,
    stock: &RawStock,
    location: LocationId,
    balance: RawBalance,
) -> Result<(), StoreError> {
    let (organization_id, stock_id) = (organization.uuid(), stock.id.uuid());
    let (policy, low) = raw_columns(stock.policies.get(&Some(location)));
    let position = params![
        organization_id,
        stock_id,
        location.uuid(),
        balance.available,
        balance.allocated,
        stock.held.pieces_in(Some(location)),
        stock.held.set_aside_in(Some(location)),
        policy,
        low,
    ];
    STORE_POSITION.execute(connection, position)?;
    let span = params![organization_id, stock_id, location.uuid(), stock.updated_at];
    BEGIN_SPAN.execute(connection, span)?;
    Ok(())
}

//! Stores changes to stock.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, ProductId, Stock, StockChange, StockKey};
use stockroom_sql::{
    Growth, Kind, PositionChanges, PositionRow, Span, StockRow, StocksByFate, Value, integer,
};

use crate::connection::statement::{assignments, expect_rows, insert, of_organization, statements};
use crate::counts;

statements! {
    INSERT = insert("stocks", StockRow::COLUMNS);

    /// Updates a stock, provided that its row is as it was when the change was decided.
    UPDATE = format!(
        "UPDATE stocks SET {}
        WHERE organization_id = ?1
            AND product_id = ?2
            AND owner_id = ?3
            AND stock_id = ?4
            AND sequence = ?{}",
        assignments(StockRow::COLUMNS, StockRow::CONSTANT),
        StockRow::COLUMNS.len() + 2
    );

    DELETE = "
        DELETE FROM stocks
        WHERE organization_id = ?1
            AND product_id = ?2
            AND owner_id = ?3
            AND stock_id = ?4
            AND sequence = ?5
    ";

    DELETE_POSITIONS = "DELETE FROM positions WHERE organization_id = ?1 AND stock_id = ?2";

    pub(crate) STORE_POSITION = format!(
        "{}
        ON CONFLICT (organization_id, stock_id, location_id) DO UPDATE SET
            available = excluded.available,
            allocated = excluded.allocated,
            held = excluded.held,
            set_aside = excluded.set_aside,
            policy = excluded.policy,
            low = excluded.low",
        insert("positions", PositionRow::COLUMNS)
    );

    BEGIN_SPAN = insert("position_spans", &["stock_id", "location_id", "added_at"]);

    END_SPAN = "
        UPDATE position_spans INDEXED BY position_spans_of_stock SET removed_at = ?4
        WHERE organization_id = ?1 AND stock_id = ?2 AND location_id = ?3 AND removed_at IS NULL
    ";

    pub(crate) DELETE_POSITION = "
        DELETE FROM positions WHERE organization_id = ?1 AND stock_id = ?2 AND location_id = ?3
    ";
}

/// Stores changes to current stock, from its state before to its state after.
pub(crate) fn store(
    connection: &Connection,
    organization: OrganizationId,
    changes: &BTreeMap<StockKey, StockChange>,
) -> Result<(), StoreError> {
    let sorted = StocksByFate::new(changes);
    // If stock is created or deleted, other stores may see other stock than before.
    let products: BTreeSet<ProductId> = sorted.products().collect();
    let mut growth = Growth::default();
    add_shadowing(connection, organization, &products, -1, &mut growth)?;
    for stock in sorted.gone() {
        delete(connection, organization, stock)?;
    }
    for stock in sorted.new_ones() {
        let row = StockRow::of(stock, organization);
        INSERT.change(
            connection,
            "stocks",
            of_organization(organization, row.values()),
        )?;
    }
    for (before, after) in &sorted.updated {
        let row = StockRow::of(after, organization);
        let sequence = Value::Integer(integer(before.sequence));
        let values = row.values().into_iter().chain([sequence]);
        UPDATE.change(connection, "stocks", of_organization(organization, values))?;
    }
    store_positions(
        connection,
        organization,
        &PositionChanges::new(sorted.remaining()),
    )?;
    add_shadowing(connection, organization, &products, 1, &mut growth)?;
    growth.add_stocks(organization, sorted.deleted.iter().copied(), -1);
    growth.add_stocks(organization, sorted.created.iter().copied(), 1);
    counts::store(connection, organization, &growth)
}

fn add_shadowing(
    connection: &Connection,
    organization: OrganizationId,
    products: &BTreeSet<ProductId>,
    by: i64,
    growth: &mut Growth,
) -> Result<(), StoreError> {
    for product in products {
        for store_id in counts::shadowing(connection, organization, *product)? {
            growth.add(store_id, Kind::ShadowingStock, by);
        }
    }
    Ok(())
}

fn delete(
    connection: &Connection,
    organization: OrganizationId,
    stock: &Stock,
) -> Result<(), StoreError> {
    let (organization_id, stock_id) = (organization.uuid(), stock.id.uuid());
    if !stock.located.is_empty() {
        let deleted = DELETE_POSITIONS.execute(connection, params![organization_id, stock_id])?;
        expect_rows("positions", stock.located.len(), deleted)?;
    }
    let key = params![
        organization_id,
        stock.product.uuid(),
        stock.owner.to_uuid(organization),
        stock_id,
        integer(stock.sequence),
    ];
    DELETE.change(connection, "stocks", key)
}

fn store_positions(
    connection: &Connection,
    organization: OrganizationId,
    changes: &PositionChanges,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    for position in &changes.stored {
        let values = of_organization(organization, position.values());
        STORE_POSITION.change(connection, "positions", values)?;
    }
    for Span {
        stock_id,
        location_id,
        at,
    } in &changes.begun
    {
        let span = params![organization_id, stock_id, location_id, at];
        BEGIN_SPAN.change(connection, "position_spans", span)?;
    }
    for Span {
        stock_id,
        location_id,
        at,
    } in &changes.ended
    {
        let span = params![organization_id, stock_id, location_id, at];
        END_SPAN.change(connection, "position_spans", span)?;
        let position = params![organization_id, stock_id, location_id];
        DELETE_POSITION.change(connection, "positions", position)?;
    }
    Ok(())
}

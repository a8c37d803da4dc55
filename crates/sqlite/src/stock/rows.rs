//! Stock.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, Stock, StockKey};
use stockroom_sql::{LocatedRow, StockRow};

use crate::connection::statement::{columns, statements};

statements! {
    STOCK = format!(
        "SELECT {} FROM stocks WHERE organization_id = ?1 AND product_id = ?2 AND owner_id = ?3",
        columns("stocks", StockRow::COLUMNS)
    );

    POSITIONS = "
        SELECT
            positions.location_id, locations.slug, locations.enabled, locations.priority,
            locations.latitude, locations.longitude, positions.available, positions.allocated,
            positions.held, positions.set_aside, positions.policy, positions.low
        FROM positions
        CROSS JOIN locations
            ON locations.organization_id = ?1
            AND locations.location_id = positions.location_id
        WHERE positions.organization_id = ?1 AND positions.stock_id = ?2
    ";
}

/// The stock with this key, if it exists.
pub(crate) fn stock(
    connection: &Connection,
    organization: OrganizationId,
    key: StockKey,
) -> Result<Option<Stock>, StoreError> {
    let (organization_id, owner_id) = (organization.uuid(), key.owner.to_uuid(organization));
    let key = params![organization_id, key.product.uuid(), owner_id];
    let Some(row) = STOCK.row::<StockRow>(connection, key)? else {
        return Ok(None);
    };
    let stock_id = row.stock_id;
    let positions: Vec<LocatedRow> =
        POSITIONS.rows(connection, params![organization_id, stock_id])?;
    let located = positions.into_iter().map(|row| row.decode(stock_id));
    let located = located.collect::<Result<_, _>>()?;
    row.decode(organization, located).map(Some)
}

/// The stock with these keys that exists, in the order of the keys.
pub(crate) fn stocks(
    connection: &Connection,
    organization: OrganizationId,
    keys: impl IntoIterator<Item = StockKey>,
) -> Result<Vec<Stock>, StoreError> {
    let stocks = keys
        .into_iter()
        .map(|key| stock(connection, organization, key));
    stocks.filter_map(Result::transpose).collect()
}

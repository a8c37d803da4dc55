//! Periods of stock, ended or not.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{OrganizationId, Owner, ProductId, StockPeriod};
use stockroom_sql::PeriodRow;

use crate::connection::statement::statements;

statements! {
    PERIODS = "
        SELECT
            stock_id, product_id, owner_id, product_owner_id, sequence, created_at, NULL
        FROM stocks
        WHERE organization_id = ?1 AND product_id = ?2 AND owner_id = ?3
        UNION ALL
        SELECT
            stock_id, product_id, owner_id, product_owner_id, sequence, created_at, deleted_at
        FROM deleted_stocks INDEXED BY deleted_stocks_of_product
        WHERE organization_id = ?1 AND product_id = ?2 AND owner_id = ?3
    ";
}

/// The periods of all current and deleted stock of these owners and products, in the order of creation.
pub(crate) fn periods(
    connection: &Connection,
    organization: OrganizationId,
    wanted: impl IntoIterator<Item = (Owner, ProductId)>,
) -> Result<Vec<StockPeriod>, StoreError> {
    let mut periods = Vec::new();
    for (owner, product) in wanted {
        let owner_id = owner.to_uuid(organization);
        let key = params![organization.uuid(), product.uuid(), owner_id];
        for row in PERIODS.rows::<PeriodRow>(connection, key)? {
            periods.push(row.decode(organization)?);
        }
    }
    periods.sort_by_key(|period| period.id);
    Ok(periods)
}

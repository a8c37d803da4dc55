//! Stores policies of stock and of positions.

use stockroom_application::ports::StoreError;
use stockroom_domain::OrganizationId;
use stockroom_sql::{StocksByFate, changed_policies};

use crate::connection::error::{expect_rows, failed};
use crate::connection::session::Session;

/// Stores policies that have changed, one by one and by primary key, because changes are rare.
pub(crate) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    stocks: &StocksByFate<'_>,
) -> Result<(), StoreError> {
    for row in changed_policies(stocks, organization) {
        let (table, result) = match row.location_id {
            None => (
                "stocks",
                sqlx::query!(
                    r#"
                    UPDATE stocks SET policy = $5, low = $6
                    WHERE organization_id = $1
                        AND product_id = $2
                        AND owner_id = $3
                        AND stock_id = $4
                    "#,
                    organization.uuid(),
                    row.product_id,
                    row.owner_id,
                    row.stock_id,
                    row.policy,
                    row.low,
                )
                .execute(&mut *session)
                .await,
            ),
            Some(location_id) => (
                "positions",
                sqlx::query!(
                    r#"
                    UPDATE positions SET policy = $4, low = $5
                    WHERE organization_id = $1 AND stock_id = $2 AND location_id = $3
                    "#,
                    organization.uuid(),
                    row.stock_id,
                    location_id,
                    row.policy,
                    row.low,
                )
                .execute(&mut *session)
                .await,
            ),
        };
        expect_rows(table, 1, &result.map_err(failed)?)?;
    }
    Ok(())
}

//! Stores changes to positions.

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{LocationId, OrganizationId, Stock, StockId};
use uuid::fmt::Simple;

use crate::connection::error::{expect_rows, failed};
use crate::connection::parameter::{hex, json};

/// Stores the new and changed positions of stock, and removes those that are gone. Each stock is given
/// as it was before, if it existed, and as it is after.
pub(crate) async fn store<'a>(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    changes: impl Iterator<Item = (Option<&'a Stock>, &'a Stock)>,
) -> Result<(), StoreError> {
    let mut kept = Vec::new();
    let mut begun = Vec::new();
    let mut ended = Vec::new();
    for (before, after) in changes {
        let at = after.updated_at.as_milliseconds();
        for (location, position) in &after.located {
            let balance = before.and_then(|before| before.balance(Some(*location)));
            let held = before.map(|before| before.held(Some(*location)));
            if balance != Some(position.balance) || held != Some(position.held) {
                kept.push((
                    hex(after.id),
                    hex(*location),
                    position.balance.available.get(),
                    position.balance.allocated.get(),
                    position.held.get(),
                ));
            }
            if balance.is_none() {
                begun.push((hex(after.id), hex(*location), at));
            }
        }
        for location in before.into_iter().flat_map(|before| before.located.keys()) {
            if !after.located.contains_key(location) {
                ended.push((after.id, *location, at));
            }
        }
    }
    keep(connection, organization, kept).await?;
    begin(connection, organization, begun).await?;
    end(connection, organization, ended).await
}

async fn keep(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    kept: Vec<(Simple, Simple, u64, u64, u64)>,
) -> Result<(), StoreError> {
    if kept.is_empty() {
        return Ok(());
    }
    let organization_id = organization.uuid();
    let positions = kept.len();
    let kept = json(kept)?;
    let result = sqlx::query!(
        r#"
        INSERT INTO positions (organization_id, stock_id, location_id, available, allocated, held)
        SELECT
            ?1,
            unhex(kept.value ->> 0),
            unhex(kept.value ->> 1),
            kept.value ->> 2,
            kept.value ->> 3,
            kept.value ->> 4
        FROM json_each(?2) AS kept
        WHERE true
        ON CONFLICT (organization_id, stock_id, location_id)
            DO UPDATE SET
                available = excluded.available,
                allocated = excluded.allocated,
                held = excluded.held
        "#,
        organization_id,
        kept,
    )
    .execute(connection)
    .await
    .map_err(failed)?;
    expect_rows("positions", positions, &result)
}

/// Stores the times at which positions begin.
async fn begin(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    begun: Vec<(Simple, Simple, i64)>,
) -> Result<(), StoreError> {
    if begun.is_empty() {
        return Ok(());
    }
    let organization_id = organization.uuid();
    let spans = begun.len();
    let begun = json(begun)?;
    let result = sqlx::query!(
        r#"
        INSERT INTO position_spans (organization_id, stock_id, location_id, added_at)
        SELECT ?1, unhex(begun.value ->> 0), unhex(begun.value ->> 1), begun.value ->> 2
        FROM json_each(?2) AS begun
        "#,
        organization_id,
        begun,
    )
    .execute(connection)
    .await
    .map_err(failed)?;
    expect_rows("position_spans", spans, &result)
}

/// Removes positions, and stores the times at which they end.
async fn end(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    ended: Vec<(StockId, LocationId, i64)>,
) -> Result<(), StoreError> {
    if ended.is_empty() {
        return Ok(());
    }
    let organization_id = organization.uuid();
    for (stock, location, at) in &ended {
        let stock_id = stock.uuid();
        let location_id = location.uuid();
        let result = sqlx::query!(
            r#"
            UPDATE position_spans INDEXED BY position_spans_of_stock SET removed_at = ?4
            WHERE organization_id = ?1
                AND stock_id = ?2
                AND location_id = ?3
                AND removed_at IS NULL
            "#,
            organization_id,
            stock_id,
            location_id,
            at,
        )
        .execute(&mut *connection)
        .await
        .map_err(failed)?;
        expect_rows("position_spans", 1, &result)?;
    }
    let positions = ended.len();
    let ended = json(
        ended
            .iter()
            .map(|(stock, location, _)| (hex(*stock), hex(*location))),
    )?;
    let result = sqlx::query!(
        r#"
        DELETE FROM positions
        WHERE organization_id = ?1
            AND (stock_id, location_id) IN (
                SELECT unhex(ended.value ->> 0), unhex(ended.value ->> 1)
                FROM json_each(?2) AS ended
            )
        "#,
        organization_id,
        ended,
    )
    .execute(connection)
    .await
    .map_err(failed)?;
    expect_rows("positions", positions, &result)
}

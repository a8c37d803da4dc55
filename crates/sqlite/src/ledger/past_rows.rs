//! The contents of ledgers at a time in the past.

use std::collections::HashMap;

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Balance, LocationId, OrganizationId, PastPosition, Slug, StockId, StockPeriod, Timestamp,
};
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::parameter::{hex, json};
use crate::row::Row;

/// For each of these stocks, the sequence number of the last entry at or before a time, if there is
/// one. A binary search finds it, because time never runs backwards in a ledger.
pub(crate) async fn last_entries(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    periods: impl IntoIterator<Item = &StockPeriod>,
    at: Timestamp,
) -> Result<Vec<(StockId, u64)>, StoreError> {
    let periods = periods.into_iter();
    let wanted = json(periods.map(|period| (hex(period.id), period.sequence)))?;
    let organization_id = organization.uuid();
    let at = at.as_milliseconds();
    let rows = sqlx::query!(
        r#"
        WITH RECURSIVE search (stock_id, low, high) AS (
            SELECT unhex(wanted.value ->> 0), 1, (wanted.value ->> 1) + 1
            FROM json_each(?2) AS wanted
            UNION ALL
            SELECT
                search.stock_id,
                CASE WHEN entries.created_at <= ?3 THEN entries.sequence + 1 ELSE low END,
                CASE WHEN entries.created_at <= ?3 THEN high ELSE entries.sequence END
            FROM search
            CROSS JOIN entries
                ON entries.organization_id = ?1
                AND entries.stock_id = search.stock_id
                AND entries.sequence = (low + high) / 2
            WHERE low < high
        )
        SELECT stock_id AS "stock_id!: Uuid", low - 1 AS "sequence!: i64"
        FROM search
        WHERE low = high AND low > 1
        "#,
        organization_id,
        wanted,
        at,
    )
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|found| {
            let row = Row::new("entries", found.stock_id);
            let sequence = row.valid("sequence", u64::try_from(found.sequence))?;
            Ok((StockId::new(found.stock_id), sequence))
        })
        .collect()
}

/// The positions that were added to these stocks at or before a time, with their balances after the
/// last entry, whose sequence number is given.
pub(crate) async fn positions(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    last: &[(StockId, u64)],
    at: Timestamp,
) -> Result<HashMap<StockId, Vec<PastPosition>>, StoreError> {
    let wanted = json(
        last.iter()
            .map(|(stock, sequence)| (hex(*stock), *sequence)),
    )?;
    let organization_id = organization.uuid();
    let at = at.as_milliseconds();
    let rows = sqlx::query!(
        r#"
        SELECT
            position_spans.stock_id AS "stock_id!: Uuid",
            position_spans.location_id AS "location_id!: Uuid",
            position_spans.added_at AS "added_at!: i64",
            position_spans.removed_at AS "removed_at?: i64",
            locations.slug AS "slug!",
            (
                SELECT entries.sequence
                FROM entries INDEXED BY entries_in_location
                WHERE entries.organization_id = ?1
                    AND entries.stock_id = position_spans.stock_id
                    AND entries.location_id = position_spans.location_id
                    AND entries.sequence <= wanted.value ->> 1
                ORDER BY entries.sequence DESC
                LIMIT 1
            ) AS "sequence?: i64"
        FROM json_each(?2) AS wanted
        CROSS JOIN position_spans
            ON position_spans.organization_id = ?1
            AND position_spans.stock_id = unhex(wanted.value ->> 0)
            AND position_spans.added_at <= ?3
        CROSS JOIN locations
            ON locations.organization_id = ?1
            AND locations.location_id = position_spans.location_id
        "#,
        organization_id,
        wanted,
        at,
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(failed)?;
    let places = rows.iter().filter_map(|found| {
        let sequence = found.sequence?;
        Some((found.stock_id, sequence))
    });
    let balances = balances(connection, organization, places).await?;
    let mut positions: HashMap<StockId, Vec<PastPosition>> = HashMap::new();
    for found in rows {
        let row = Row::new("position_spans", found.stock_id);
        let removed_at = found.removed_at;
        let removed_at = removed_at.map(|at| row.timestamp("removed_at", at));
        let location = Row::new("locations", found.location_id);
        let balance = found.sequence.and_then(|sequence| {
            let place = (found.stock_id, sequence);
            balances.get(&place).copied()
        });
        let position = PastPosition {
            location: LocationId::new(found.location_id),
            slug: location.valid("slug", Slug::new(found.slug))?,
            added_at: row.timestamp("added_at", found.added_at)?,
            removed_at: removed_at.transpose()?,
            balance: balance.unwrap_or_default(),
        };
        let stock = StockId::new(found.stock_id);
        positions.entry(stock).or_default().push(position);
    }
    Ok(positions)
}

/// The balances of positions after these entries.
async fn balances(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    places: impl Iterator<Item = (Uuid, i64)>,
) -> Result<HashMap<(Uuid, i64), Balance>, StoreError> {
    let wanted = json(places.map(|(stock_id, sequence)| (hex(stock_id), sequence)))?;
    let organization_id = organization.uuid();
    let rows = sqlx::query!(
        r#"
        SELECT
            entries.stock_id AS "stock_id!: Uuid",
            entries.sequence AS "sequence!: i64",
            entries.available AS "available!: i64",
            entries.allocated AS "allocated!: i64"
        FROM json_each(?2) AS wanted
        CROSS JOIN entries
            ON entries.organization_id = ?1
            AND entries.stock_id = unhex(wanted.value ->> 0)
            AND entries.sequence = wanted.value ->> 1
        "#,
        organization_id,
        wanted,
    )
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    rows.into_iter()
        .map(|found| {
            let row = Row::new("entries", found.stock_id);
            let balance = Balance {
                available: row.quantity("available", found.available)?,
                allocated: row.quantity("allocated", found.allocated)?,
            };
            Ok(((found.stock_id, found.sequence), balance))
        })
        .collect()
}

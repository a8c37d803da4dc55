//! The contents of ledgers at a time in the past.

use std::collections::HashMap;

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Balance, LocationId, OrganizationId, PastPosition, Slug, StockId, StockPeriod, Timestamp,
};
use stockroom_sql::{Row, integer};
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::session::Session;

/// For each of these stocks, the sequence number of the last entry at or before a time, if there is
/// one. A binary search finds it, because time never runs backwards in a ledger.
pub(crate) async fn last_entries(
    session: &mut Session,
    organization: OrganizationId,
    periods: impl IntoIterator<Item = &StockPeriod>,
    at: Timestamp,
) -> Result<Vec<(StockId, u64)>, StoreError> {
    let periods = periods.into_iter();
    let (stock_ids, sequences): (Vec<Uuid>, Vec<i64>) = periods
        .map(|period| (period.id.uuid(), integer(period.sequence)))
        .unzip();
    let rows = sqlx::query!(
        r#"
        WITH RECURSIVE search (stock_id, low, high) AS (
            SELECT wanted.stock_id, 1::bigint, wanted.sequence + 1
            FROM unnest($2::uuid[], $3::bigint[]) AS wanted (stock_id, sequence)
            UNION ALL
            SELECT
                halves.stock_id,
                CASE WHEN entries.created_at <= $4 THEN middle + 1 ELSE low END,
                CASE WHEN entries.created_at <= $4 THEN high ELSE middle END
            FROM (
                SELECT stock_id, low, high, (low + high) / 2 AS middle
                FROM search
                WHERE low < high
            ) AS halves
            CROSS JOIN LATERAL (
                SELECT created_at FROM entries
                WHERE entries.organization_id = $1
                    AND entries.stock_id = halves.stock_id
                    AND entries.sequence = middle
                OFFSET 0
            ) AS entries
        )
        SELECT stock_id AS "stock_id!", low - 1 AS "sequence!"
        FROM search
        WHERE low = high AND low > 1
        "#,
        organization.uuid(),
        &stock_ids,
        &sequences,
        at.as_milliseconds(),
    )
    .fetch_all(session)
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
    session: &mut Session,
    organization: OrganizationId,
    last: &[(StockId, u64)],
    at: Timestamp,
) -> Result<HashMap<StockId, Vec<PastPosition>>, StoreError> {
    let last = last.iter();
    let (stock_ids, sequences): (Vec<Uuid>, Vec<i64>) = last
        .map(|(stock, sequence)| (stock.uuid(), integer(*sequence)))
        .unzip();
    let rows = sqlx::query!(
        r#"
        SELECT
            wanted.stock_id AS "stock_id!",
            spans.location_id AS "location_id!",
            spans.added_at AS "added_at!",
            spans.removed_at AS "removed_at?",
            locations.slug AS "slug!",
            coalesce(entries.available, 0) AS "available!",
            coalesce(entries.allocated, 0) AS "allocated!"
        FROM unnest($2::uuid[], $3::bigint[]) AS wanted (stock_id, sequence)
        CROSS JOIN LATERAL (
            SELECT * FROM position_spans
            WHERE position_spans.organization_id = $1
                AND position_spans.stock_id = wanted.stock_id
                AND position_spans.added_at <= $4
            OFFSET 0
        ) AS spans
        CROSS JOIN LATERAL (
            SELECT * FROM locations
            WHERE locations.organization_id = $1 AND locations.location_id = spans.location_id
            OFFSET 0
        ) AS locations
        LEFT JOIN LATERAL (
            SELECT available, allocated FROM entries
            WHERE entries.organization_id = $1
                AND entries.stock_id = wanted.stock_id
                AND entries.location_id = spans.location_id
                AND entries.sequence <= wanted.sequence
            ORDER BY entries.sequence DESC
            LIMIT 1
        ) AS entries ON true
        "#,
        organization.uuid(),
        &stock_ids,
        &sequences,
        at.as_milliseconds(),
    )
    .fetch_all(session)
    .await
    .map_err(failed)?;
    let mut positions: HashMap<StockId, Vec<PastPosition>> = HashMap::new();
    for found in rows {
        let row = Row::new("position_spans", found.stock_id);
        let removed_at = found.removed_at;
        let removed_at = removed_at.map(|at| row.timestamp("removed_at", at));
        let location = Row::new("locations", found.location_id);
        let position = PastPosition {
            location: LocationId::new(found.location_id),
            slug: location.valid("slug", Slug::new(found.slug))?,
            added_at: row.timestamp("added_at", found.added_at)?,
            removed_at: removed_at.transpose()?,
            balance: Balance {
                available: row.quantity("available", found.available)?,
                allocated: row.quantity("allocated", found.allocated)?,
            },
        };
        let stock = StockId::new(found.stock_id);
        positions.entry(stock).or_default().push(position);
    }
    Ok(positions)
}

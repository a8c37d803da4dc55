//! The contents of ledgers at a time in the past.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Balance, LocationId, OrganizationId, PastPosition, Slug, StockPeriod, Timestamp,
};
use stockroom_sql::{Row, integer};
use uuid::Uuid;

use crate::connection::statement::statements;

statements! {
    LAST = "
        WITH RECURSIVE search (low, high) AS (
            SELECT 1, ?3 + 1
            UNION ALL
            SELECT
                CASE WHEN entries.created_at <= ?4 THEN entries.sequence + 1 ELSE low END,
                CASE WHEN entries.created_at <= ?4 THEN high ELSE entries.sequence END
            FROM search
            CROSS JOIN entries
                ON entries.organization_id = ?1
                AND entries.stock_id = ?2
                AND entries.sequence = (low + high) / 2
            WHERE low < high
        )
        SELECT low - 1 FROM search WHERE low = high
    ";

    POSITIONS = "
        SELECT
            position_spans.location_id,
            position_spans.added_at,
            position_spans.removed_at,
            locations.slug,
            last.available,
            last.allocated
        FROM position_spans
        CROSS JOIN locations
            ON locations.organization_id = ?1
            AND locations.location_id = position_spans.location_id
        LEFT JOIN entries AS last
            ON last.organization_id = ?1
            AND last.stock_id = ?2
            AND last.sequence = (
                SELECT entries.sequence
                FROM entries INDEXED BY entries_in_location
                WHERE entries.organization_id = ?1
                    AND entries.stock_id = ?2
                    AND entries.location_id = position_spans.location_id
                    AND entries.sequence <= ?3
                ORDER BY entries.sequence DESC
                LIMIT 1
            )
        WHERE position_spans.organization_id = ?1
            AND position_spans.stock_id = ?2
            AND position_spans.added_at <= ?4
    ";
}

/// The sequence number of the last entry of a stock at or before a time; 0 if there is none. A binary
/// search finds it, because time never runs backwards in a ledger.
pub(crate) fn last_sequence(
    connection: &Connection,
    organization: OrganizationId,
    period: &StockPeriod,
    at: Timestamp,
) -> Result<u64, StoreError> {
    let stock_id = period.id.uuid();
    let parameters = params![
        organization.uuid(),
        stock_id,
        integer(period.sequence),
        at.as_milliseconds(),
    ];
    let last = LAST.number(connection, parameters)?;
    Row::new("entries", stock_id).valid("sequence", u64::try_from(last))
}

type SpanRow = (Uuid, i64, Option<i64>, String, Option<i64>, Option<i64>);

/// The positions that were added to a stock at or before a time, with their balances after the last
/// entry, whose sequence number is given.
pub(crate) fn positions(
    connection: &Connection,
    organization: OrganizationId,
    period: &StockPeriod,
    last: u64,
    at: Timestamp,
) -> Result<Vec<PastPosition>, StoreError> {
    let stock_id = period.id.uuid();
    let parameters = params![
        organization.uuid(),
        stock_id,
        integer(last),
        at.as_milliseconds(),
    ];
    let rows = POSITIONS.rows(connection, parameters)?;
    rows.into_iter().map(|row| decode(stock_id, row)).collect()
}

fn decode(
    stock_id: Uuid,
    (location_id, added_at, removed_at, slug, available, allocated): SpanRow,
) -> Result<PastPosition, StoreError> {
    let row = Row::new("position_spans", stock_id);
    let location = Row::new("locations", location_id);
    let entries = Row::new("entries", stock_id);
    Ok(PastPosition {
        location: LocationId::new(location_id),
        slug: location.valid("slug", Slug::new(slug))?,
        added_at: row.timestamp("added_at", added_at)?,
        removed_at: row.optional_timestamp("removed_at", removed_at)?,
        // Without an entry, the position holds nothing.
        balance: Balance {
            available: entries.quantity("available", available.unwrap_or(0))?,
            allocated: entries.quantity("allocated", allocated.unwrap_or(0))?,
        },
    })
}

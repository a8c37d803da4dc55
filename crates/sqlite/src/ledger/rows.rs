//! Ledger entries.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{BatchEntry, OrganizationId, Recorded};
use stockroom_sql::{EntryRow, RecordedRow, integer};

use crate::connection::statement::{columns, statements};

statements! {
    ENTRY = format!(
        "
        SELECT {}, locations.slug, key_names.name, undoing.transaction_id
        FROM entries
        LEFT JOIN locations
            ON locations.organization_id = ?1
            AND locations.location_id = entries.location_id
        LEFT JOIN key_names
            ON key_names.organization_id = ?1
            AND key_names.key_id = entries.actor_key_id
        LEFT JOIN entries AS undoing
            ON undoing.organization_id = ?1
            AND undoing.stock_id = entries.stock_id
            AND undoing.undoes = entries.transaction_id
        WHERE entries.organization_id = ?1 AND entries.stock_id = ?2 AND entries.sequence = ?3
        ",
        columns("entries", EntryRow::COLUMNS)
    );
}

/// The requested entries that exist, in the order of their stocks and sequence numbers.
pub(crate) fn entries(
    connection: &Connection,
    organization: OrganizationId,
    wanted: impl IntoIterator<Item = BatchEntry>,
) -> Result<Vec<Recorded>, StoreError> {
    let mut recorded = Vec::new();
    for wanted in wanted {
        let key = params![
            organization.uuid(),
            wanted.stock.uuid(),
            integer(wanted.sequence)
        ];
        if let Some(row) = ENTRY.row::<RecordedRow>(connection, key)? {
            recorded.push(row.decode(wanted.product)?);
        }
    }
    recorded.sort_by_key(|recorded| (recorded.entry.stock, recorded.entry.sequence));
    Ok(recorded)
}

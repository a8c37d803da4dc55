//! Application keys.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{ApplicationKey, KeyId, KeyTotals, OrganizationId, Owner};
use stockroom_sql::{KeyRow, Row};

use crate::connection::statement::{columns, statements};

statements! {
    KEY = format!(
        "SELECT {} FROM application_keys WHERE organization_id = ?1 AND key_id = ?2",
        columns("application_keys", KeyRow::COLUMNS)
    );

    TOTALS = "
        SELECT count(*), coalesce(sum(reserved_rate_limit), 0)
        FROM application_keys INDEXED BY application_keys_of_owner
        WHERE organization_id = ?1 AND owner_id = ?2
    ";
}

/// The application key with this id, if it exists.
pub(crate) fn key(
    connection: &Connection,
    organization: OrganizationId,
    id: KeyId,
) -> Result<Option<ApplicationKey>, StoreError> {
    let row: Option<KeyRow> = KEY.row(connection, params![organization.uuid(), id.uuid()])?;
    row.map(|row| row.decode(organization)).transpose()
}

/// The number and the reserved rate limits of an owner's keys. An owner never has many keys.
pub(crate) fn key_totals(
    connection: &Connection,
    organization: OrganizationId,
    owner: Owner,
) -> Result<KeyTotals, StoreError> {
    let owner_id = owner.to_uuid(organization);
    let totals: Option<(i64, i64)> =
        TOTALS.row(connection, params![organization.uuid(), owner_id])?;
    let (keys, reserved) = totals.unwrap_or_default();
    let row = Row::new("application_keys", owner_id);
    Ok(KeyTotals {
        keys: row.valid("key_id", u64::try_from(keys))?,
        reserved_rate_limit: row.valid("reserved_rate_limit", u64::try_from(reserved))?,
    })
}

//! Stores application keys.

use rusqlite::{Connection, params};
use stockroom_application::ports::StoreError;
use stockroom_domain::{ApplicationKey, KeyId, OrganizationId, RevokedGrants, Timestamp};
use stockroom_sql::{KeyRow, RevocationRow};

use crate::connection::statement::{insert, of_organization, statements};

statements! {
    UPDATE = "
        UPDATE application_keys
        SET name = ?3, reserved_rate_limit = ?4, allow_implicit = ?5, access = ?6, updated_at = ?7
        WHERE organization_id = ?1 AND key_id = ?2
    ";

    INSERT = insert("application_keys", KeyRow::COLUMNS);

    INSERT_CLIENT_ID = "
        INSERT INTO client_ids (client_id, organization_id, key_id) VALUES (?1, ?2, ?3)
    ";

    STORE_NAME = "
        INSERT INTO key_names (organization_id, key_id, name) VALUES (?1, ?2, ?3)
        ON CONFLICT (organization_id, key_id) DO UPDATE SET name = excluded.name
    ";

    DELETE_CLIENT_ID = "DELETE FROM client_ids WHERE organization_id = ?1 AND key_id = ?2";

    DELETE = "DELETE FROM application_keys WHERE organization_id = ?1 AND key_id = ?2";

    REVOKE = "
        INSERT INTO token_revocations (key_id, grants, revoked_at) VALUES (?1, ?2, ?3)
        ON CONFLICT (key_id, grants)
            DO UPDATE SET revoked_at = max(revoked_at, excluded.revoked_at)
    ";

    RECORD_USE = "
        UPDATE application_keys SET last_used_at = ?3
        WHERE organization_id = ?1 AND key_id = ?2 AND coalesce(last_used_at < ?3, true)
    ";

    FORGET_REVOCATIONS = "DELETE FROM token_revocations WHERE revoked_at <= ?1";
}

/// Creates the key, or changes it if it exists. The time of its last use is stored elsewhere.
pub(crate) fn store(
    connection: &Connection,
    organization: OrganizationId,
    key: &ApplicationKey,
) -> Result<(), StoreError> {
    let row = KeyRow::of(key, organization);
    let (organization_id, key_id) = (organization.uuid(), row.key_id);
    // The name outlives the key.
    let name = params![organization_id, key_id, row.name];
    STORE_NAME.change(connection, "key_names", name)?;
    let changed = params![
        organization_id,
        key_id,
        row.name,
        row.reserved_rate_limit,
        row.allow_implicit,
        row.access,
        row.updated_at,
    ];
    if UPDATE.execute(connection, changed)? > 0 {
        return Ok(());
    }
    let values = of_organization(organization, row.values());
    INSERT.change(connection, "application_keys", values)?;
    let client_id = params![row.client_id, organization_id, key_id];
    INSERT_CLIENT_ID.change(connection, "client_ids", client_id)
}

pub(crate) fn delete(
    connection: &Connection,
    organization: OrganizationId,
    key: KeyId,
) -> Result<(), StoreError> {
    let key = params![organization.uuid(), key.uuid()];
    DELETE_CLIENT_ID.change(connection, "client_ids", key)?;
    DELETE.change(connection, "application_keys", key)
}

/// Revokes tokens of the key.
pub(crate) fn revoke(
    connection: &Connection,
    key: KeyId,
    grants: RevokedGrants,
    at: Timestamp,
) -> Result<(), StoreError> {
    let RevocationRow {
        key_id,
        grants,
        revoked_at,
    } = RevocationRow::of(key, grants, at);
    REVOKE.change(
        connection,
        "token_revocations",
        params![key_id, grants, revoked_at],
    )
}

/// Stores the time of the key's last use, unless a later one is stored.
pub(crate) fn record_use(
    connection: &Connection,
    organization: OrganizationId,
    key: KeyId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let used = params![organization.uuid(), key.uuid(), at.as_milliseconds()];
    RECORD_USE.execute(connection, used)?;
    Ok(())
}

/// Deletes revocations that were made up to this time.
pub(crate) fn forget_revocations(
    connection: &Connection,
    until: Timestamp,
) -> Result<(), StoreError> {
    FORGET_REVOCATIONS.execute(connection, params![until.as_milliseconds()])?;
    Ok(())
}

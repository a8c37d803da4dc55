//! Stores application keys.

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{ApplicationKey, KeyId, OrganizationId, RevokedGrants, Timestamp};

use super::rows::grants_word;
use crate::connection::error::{expect_rows, failed};

/// Creates the key, or changes it if it exists. The time of its last use is stored elsewhere.
pub(crate) async fn store(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    key: &ApplicationKey,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let key_id = key.id.uuid();
    let owner_id = key.owner.to_uuid(organization);
    let name = key.name.as_str();
    let secret_hash = key.secret_hash.0.as_slice();
    let created_at = key.created_at.as_milliseconds();
    let updated_at = key.updated_at.as_milliseconds();
    store_name(connection, organization, key).await?;
    let updated = sqlx::query!(
        r#"
        UPDATE application_keys
        SET name = ?3, reserved_rate_limit = ?4, allow_implicit = ?5, updated_at = ?6
        WHERE organization_id = ?1 AND key_id = ?2
        "#,
        organization_id,
        key_id,
        name,
        key.reserved_rate_limit,
        key.allow_implicit,
        updated_at,
    )
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    if updated.rows_affected() > 0 {
        return Ok(());
    }
    sqlx::query!(
        r#"
        INSERT INTO application_keys (
            organization_id, key_id, owner_id, name, client_id, secret_hash, reserved_rate_limit,
            allow_implicit, created_at, updated_at
        )
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        "#,
        organization_id,
        key_id,
        owner_id,
        name,
        key.client_id,
        secret_hash,
        key.reserved_rate_limit,
        key.allow_implicit,
        created_at,
        updated_at,
    )
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    sqlx::query!(
        "INSERT INTO client_ids (client_id, organization_id, key_id) VALUES (?1, ?2, ?3)",
        key.client_id,
        organization_id,
        key_id,
    )
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Stores the name of the key, which outlives the key.
async fn store_name(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    key: &ApplicationKey,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let key_id = key.id.uuid();
    let name = key.name.as_str();
    let result = sqlx::query!(
        r#"
        INSERT INTO key_names (organization_id, key_id, name) VALUES (?1, ?2, ?3)
        ON CONFLICT (organization_id, key_id) DO UPDATE SET name = excluded.name
        "#,
        organization_id,
        key_id,
        name,
    )
    .execute(connection)
    .await
    .map_err(failed)?;
    expect_rows("key_names", 1, &result)
}

pub(crate) async fn delete(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    key: KeyId,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let key_id = key.uuid();
    let result = sqlx::query!(
        "DELETE FROM client_ids WHERE organization_id = ?1 AND key_id = ?2",
        organization_id,
        key_id,
    )
    .execute(&mut *connection)
    .await
    .map_err(failed)?;
    expect_rows("client_ids", 1, &result)?;
    let result = sqlx::query!(
        "DELETE FROM application_keys WHERE organization_id = ?1 AND key_id = ?2",
        organization_id,
        key_id,
    )
    .execute(connection)
    .await
    .map_err(failed)?;
    expect_rows("application_keys", 1, &result)
}

/// Revokes tokens of the key.
pub(crate) async fn revoke(
    connection: &mut SqliteConnection,
    key: KeyId,
    grants: RevokedGrants,
    at: Timestamp,
) -> Result<(), StoreError> {
    let key_id = key.uuid();
    let grants = grants_word(grants);
    let revoked_at = at.as_milliseconds();
    sqlx::query!(
        r#"
        INSERT INTO token_revocations (key_id, grants, revoked_at) VALUES (?1, ?2, ?3)
        ON CONFLICT (key_id, grants)
            DO UPDATE SET revoked_at = max(revoked_at, excluded.revoked_at)
        "#,
        key_id,
        grants,
        revoked_at,
    )
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

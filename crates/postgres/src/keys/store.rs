//! Stores application keys.

use stockroom_application::ports::StoreError;
use stockroom_domain::{ApplicationKey, KeyId, OrganizationId, RevokedGrants, Timestamp};
use stockroom_sql::{KeyRow, RevocationRow};

use crate::connection::error::{expect_rows, failed};
use crate::connection::session::Session;

/// Creates the key, or changes it if it exists. The time of its last use is stored elsewhere.
pub(crate) async fn store(
    session: &mut Session,
    organization: OrganizationId,
    key: &ApplicationKey,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let row = KeyRow::of(key, organization);
    store_name(session, organization, key).await?;
    let updated = sqlx::query!(
        r#"
        UPDATE application_keys
        SET name = $3, reserved_rate_limit = $4, allow_implicit = $5, access = $6, updated_at = $7
        WHERE organization_id = $1 AND key_id = $2
        "#,
        organization_id,
        row.key_id,
        row.name,
        row.reserved_rate_limit,
        row.allow_implicit,
        row.access,
        row.updated_at,
    )
    .execute(&mut *session)
    .await
    .map_err(failed)?;
    if updated.rows_affected() > 0 {
        return Ok(());
    }
    sqlx::query!(
        r#"
        INSERT INTO application_keys (
            organization_id, key_id, owner_id, name, client_id, secret_hash, reserved_rate_limit,
            allow_implicit, access, created_at, updated_at
        )
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        "#,
        organization_id,
        row.key_id,
        row.owner_id,
        row.name,
        row.client_id,
        row.secret_hash,
        row.reserved_rate_limit,
        row.allow_implicit,
        row.access,
        row.created_at,
        row.updated_at,
    )
    .execute(&mut *session)
    .await
    .map_err(failed)?;
    sqlx::query!(
        "INSERT INTO client_ids (client_id, organization_id, key_id) VALUES ($1, $2, $3)",
        row.client_id,
        organization_id,
        row.key_id,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Stores the name of the key, which outlives the key.
async fn store_name(
    session: &mut Session,
    organization: OrganizationId,
    key: &ApplicationKey,
) -> Result<(), StoreError> {
    let result = sqlx::query!(
        r#"
        INSERT INTO key_names (organization_id, key_id, name) VALUES ($1, $2, $3)
        ON CONFLICT (organization_id, key_id) DO UPDATE SET name = excluded.name
        "#,
        organization.uuid(),
        key.id.uuid(),
        key.name.as_str(),
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("key_names", 1, &result)
}

pub(crate) async fn delete(
    session: &mut Session,
    organization: OrganizationId,
    key: KeyId,
) -> Result<(), StoreError> {
    let organization_id = organization.uuid();
    let key_id = key.uuid();
    let result = sqlx::query!(
        "DELETE FROM client_ids WHERE organization_id = $1 AND key_id = $2",
        organization_id,
        key_id,
    )
    .execute(&mut *session)
    .await
    .map_err(failed)?;
    expect_rows("client_ids", 1, &result)?;
    let result = sqlx::query!(
        "DELETE FROM application_keys WHERE organization_id = $1 AND key_id = $2",
        organization_id,
        key_id,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    expect_rows("application_keys", 1, &result)
}

/// Revokes tokens of the key.
pub(crate) async fn revoke(
    session: &mut Session,
    key: KeyId,
    grants: RevokedGrants,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = RevocationRow::of(key, grants, at);
    sqlx::query!(
        r#"
        INSERT INTO token_revocations (key_id, grants, revoked_at) VALUES ($1, $2, $3)
        ON CONFLICT (key_id, grants, revoked_at) DO NOTHING
        "#,
        row.key_id,
        row.grants,
        row.revoked_at,
    )
    .execute(session)
    .await
    .map_err(failed)?;
    Ok(())
}

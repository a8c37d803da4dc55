//! Application keys and their revocations.

use stockroom_application::ports::StoreError;
use stockroom_domain::{ApplicationKey, KeyId, OrganizationId};
use stockroom_sql::KeyRow;

use crate::connection::error::failed;
use crate::connection::parameter::uuids;
use crate::connection::session::Session;

/// The application keys with these ids that exist, in the order of creation.
pub(crate) async fn keys(
    session: &mut Session,
    organization: OrganizationId,
    ids: impl IntoIterator<Item = KeyId>,
) -> Result<Vec<ApplicationKey>, StoreError> {
    let ids = uuids(ids);
    let organization_id = organization.uuid();
    sqlx::query_as!(
        KeyRow,
        r#"
        SELECT
            application_keys.key_id AS "key_id!",
            application_keys.owner_id AS "owner_id!",
            application_keys.name AS "name!",
            application_keys.client_id AS "client_id!",
            application_keys.secret_hash AS "secret_hash!",
            application_keys.reserved_rate_limit AS "reserved_rate_limit!",
            application_keys.allow_implicit AS "allow_implicit!: bool",
            application_keys.access AS "access!",
            application_keys.created_at AS "created_at!",
            application_keys.updated_at AS "updated_at!",
            application_keys.last_used_at AS "last_used_at?"
        FROM unnest($2::uuid[]) AS wanted (key_id)
        CROSS JOIN LATERAL (
            SELECT * FROM application_keys
            WHERE application_keys.organization_id = $1
                AND application_keys.key_id = wanted.key_id
            OFFSET 0
        ) AS application_keys
        ORDER BY application_keys.key_id
        "#,
        organization_id,
        &ids,
    )
    .fetch_all(session)
    .await
    .map_err(failed)?
    .into_iter()
    .map(|row| row.decode(organization))
    .collect()
}

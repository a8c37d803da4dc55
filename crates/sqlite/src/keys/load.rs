//! Loads the totals of application keys that commands need.

use sqlx::SqliteConnection;
use stockroom_application::ports::StoreError;
use stockroom_domain::{KeyTotals, OrganizationId, Owner};

use crate::connection::error::failed;
use crate::row;

/// The number and the reserved rate limits of an owner's keys. An owner never has many keys.
pub(crate) async fn key_totals(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    owner: Owner,
) -> Result<KeyTotals, StoreError> {
    let organization_id = organization.uuid();
    let owner_id = owner.to_uuid(organization);
    let totals = sqlx::query!(
        r#"
        SELECT
            count(*) AS "keys!: u32",
            coalesce(sum(reserved_rate_limit), 0) AS "reserved_rate_limit!: i64"
        FROM application_keys INDEXED BY application_keys_of_owner
        WHERE organization_id = ?1 AND owner_id = ?2
        "#,
        organization_id,
        owner_id,
    )
    .fetch_one(connection)
    .await
    .map_err(failed)?;
    let row = row::Row::new("application_keys", owner_id);
    let reserved = u64::try_from(totals.reserved_rate_limit);
    Ok(KeyTotals {
        keys: totals.keys.into(),
        reserved_rate_limit: row.valid("reserved_rate_limit", reserved)?,
    })
}

//! Loads the totals of application keys that commands need.

use stockroom_application::ports::StoreError;
use stockroom_domain::{KeyTotals, OrganizationId, Owner};
use stockroom_sql::Row;

use crate::connection::error::failed;
use crate::connection::session::Session;

/// The number and the reserved rate limits of an owner's keys. An owner never has many keys.
pub(crate) async fn key_totals(
    session: &mut Session,
    organization: OrganizationId,
    owner: Owner,
) -> Result<KeyTotals, StoreError> {
    let organization_id = organization.uuid();
    let owner_id = owner.to_uuid(organization);
    let totals = sqlx::query!(
        r#"
        SELECT
            count(*) AS "keys!",
            coalesce(sum(reserved_rate_limit), 0)::bigint AS "reserved_rate_limit!"
        FROM application_keys
        WHERE organization_id = $1 AND owner_id = $2
        "#,
        organization_id,
        owner_id,
    )
    .fetch_one(session)
    .await
    .map_err(failed)?;
    let row = Row::new("application_keys", owner_id);
    let reserved = u64::try_from(totals.reserved_rate_limit);
    Ok(KeyTotals {
        keys: row.valid("key_id", u64::try_from(totals.keys))?,
        reserved_rate_limit: row.valid("reserved_rate_limit", reserved)?,
    })
}

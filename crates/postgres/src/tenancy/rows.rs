//! Organizations and their stores.

use stockroom_application::ports::StoreError;
use stockroom_domain::{Organization, OrganizationId};
use stockroom_sql::OrganizationRow;

use crate::connection::error::failed;
use crate::connection::session::Session;

/// One organization, if it exists.
pub(crate) async fn organization(
    session: &mut Session,
    id: OrganizationId,
) -> Result<Option<Organization>, StoreError> {
    let organization_id = id.uuid();
    sqlx::query_as!(
        OrganizationRow,
        r#"
        SELECT
            organization_id AS "organization_id!",
            name AS "name!",
            per_store_stock AS "per_store_stock!: bool",
            created_at AS "created_at!"
        FROM organizations
        WHERE organization_id = $1
        "#,
        organization_id,
    )
    .fetch_optional(session)
    .await
    .map_err(failed)?
    .map(OrganizationRow::decode)
    .transpose()
}

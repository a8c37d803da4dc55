//! Organizations and their stores.

use stockroom_application::ports::StoreError;
use stockroom_domain::{Name, Organization, OrganizationId, Settings, Store, StoreId};
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::session::Session;
use crate::row::Row;

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

/// A row of `organizations`.
pub(crate) struct OrganizationRow {
    pub(crate) organization_id: Uuid,
    pub(crate) name: String,
    pub(crate) per_store_stock: bool,
    pub(crate) created_at: i64,
}

impl OrganizationRow {
    /// Decodes the row.
    pub(crate) fn decode(self) -> Result<Organization, StoreError> {
        let row = Row::new("organizations", self.organization_id);
        Ok(Organization {
            id: OrganizationId::new(self.organization_id),
            name: row.valid("name", Name::new("name", self.name))?,
            settings: Settings {
                per_store_stock: self.per_store_stock,
            },
            created_at: row.timestamp("created_at", self.created_at)?,
        })
    }
}

/// A row of `stores`.
pub(crate) struct StoreRow {
    pub(crate) store_id: Uuid,
    pub(crate) name: String,
    pub(crate) created_at: i64,
}

impl StoreRow {
    /// Decodes the row.
    pub(crate) fn decode(self) -> Result<Store, StoreError> {
        let row = Row::new("stores", self.store_id);
        Ok(Store {
            id: StoreId::new(self.store_id),
            name: row.valid("name", Name::new("name", self.name))?,
            created_at: row.timestamp("created_at", self.created_at)?,
        })
    }
}

//! Reads organizations and their stores.

use async_trait::async_trait;
use rusqlite::params;
use stockroom_application::ports::{StoreError, TenancyReader};
use stockroom_domain::{Organization, OrganizationId, Store, StoreId};
use stockroom_sql::{OrganizationRow, StoreRow};

use super::rows;
use crate::connection::open::SqliteDatabase;
use crate::connection::statement::{columns, statements};

statements! {
    ORGANIZATIONS = format!(
        "SELECT {} FROM organizations ORDER BY created_at, organization_id",
        columns("organizations", OrganizationRow::COLUMNS)
    );

    STORE = format!(
        "SELECT {} FROM stores WHERE organization_id = ?1 AND store_id = ?2",
        columns("stores", StoreRow::COLUMNS)
    );

    STORES = format!(
        "SELECT {} FROM stores WHERE organization_id = ?1 ORDER BY created_at, store_id",
        columns("stores", StoreRow::COLUMNS)
    );
}

#[async_trait]
impl TenancyReader for SqliteDatabase {
    async fn organization(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        self.read(move |snapshot| rows::organization(snapshot, id))
            .await
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        self.read(|snapshot| {
            let rows: Vec<OrganizationRow> = ORGANIZATIONS.rows(snapshot, [])?;
            rows.into_iter().map(OrganizationRow::decode).collect()
        })
        .await
    }

    async fn store(
        &self,
        organization: OrganizationId,
        id: StoreId,
    ) -> Result<Option<Store>, StoreError> {
        self.read(move |snapshot| {
            let key = params![organization.uuid(), id.uuid()];
            let row: Option<StoreRow> = STORE.row(snapshot, key)?;
            row.map(StoreRow::decode).transpose()
        })
        .await
    }

    async fn stores(&self, organization: OrganizationId) -> Result<Vec<Store>, StoreError> {
        self.read(move |snapshot| {
            let rows: Vec<StoreRow> = STORES.rows(snapshot, params![organization.uuid()])?;
            rows.into_iter().map(StoreRow::decode).collect()
        })
        .await
    }
}

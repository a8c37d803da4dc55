//! Reads organizations and their stores.

use async_trait::async_trait;
use stockroom_application::ports::{StoreError, TenancyReader};
use stockroom_domain::{Organization, OrganizationId, Store, StoreId};
use uuid::Uuid;

use super::rows;
use super::rows::{OrganizationRow, StoreRow};
use crate::connection::error::failed;
use crate::connection::open::SqliteDatabase;

#[async_trait]
impl TenancyReader for SqliteDatabase {
    async fn organization(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        let mut connection = self.reader().await?;
        rows::organization(&mut connection, id).await
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        let mut connection = self.reader().await?;
        sqlx::query_as!(
            OrganizationRow,
            r#"
            SELECT
                organization_id AS "organization_id!: Uuid",
                name AS "name!",
                per_store_stock AS "per_store_stock!: bool",
                created_at AS "created_at!"
            FROM organizations
            ORDER BY created_at, organization_id
            "#,
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?
        .into_iter()
        .map(OrganizationRow::decode)
        .collect()
    }

    async fn store(
        &self,
        organization: OrganizationId,
        id: StoreId,
    ) -> Result<Option<Store>, StoreError> {
        let organization_id = organization.uuid();
        let store_id = id.uuid();
        let mut connection = self.reader().await?;
        sqlx::query_as!(
            StoreRow,
            r#"
            SELECT store_id AS "store_id!: Uuid", name AS "name!", created_at AS "created_at!"
            FROM stores
            WHERE organization_id = ?1 AND store_id = ?2
            "#,
            organization_id,
            store_id,
        )
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed)?
        .map(StoreRow::decode)
        .transpose()
    }

    async fn stores(&self, organization: OrganizationId) -> Result<Vec<Store>, StoreError> {
        let organization_id = organization.uuid();
        let mut connection = self.reader().await?;
        sqlx::query_as!(
            StoreRow,
            r#"
            SELECT store_id AS "store_id!: Uuid", name AS "name!", created_at AS "created_at!"
            FROM stores
            WHERE organization_id = ?1
            ORDER BY created_at, store_id
            "#,
            organization_id,
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(failed)?
        .into_iter()
        .map(StoreRow::decode)
        .collect()
    }
}

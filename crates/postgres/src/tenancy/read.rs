//! Reads organizations and their stores.

use async_trait::async_trait;
use stockroom_application::ports::{StoreError, TenancyReader};
use stockroom_domain::{Organization, OrganizationId, Store, StoreId};
use stockroom_sql::{OrganizationRow, StoreRow};

use super::rows;
use crate::connection::error::failed;
use crate::connection::open::PostgresDatabase;

#[async_trait]
impl TenancyReader for PostgresDatabase {
    async fn organization(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        let mut session = self.reader().await?;
        let organization = rows::organization(&mut session, id).await?;
        session.commit().await?;
        Ok(organization)
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        let mut session = self.reader().await?;
        let organizations = sqlx::query_as!(
            OrganizationRow,
            r#"
            SELECT
                organization_id AS "organization_id!",
                name AS "name!",
                per_store_stock AS "per_store_stock!: bool",
                created_at AS "created_at!"
            FROM organizations
            ORDER BY created_at, organization_id
            "#,
        )
        .fetch_all(&mut session)
        .await
        .map_err(failed)?;
        session.commit().await?;
        organizations
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
        let mut session = self.reader().await?;
        let store = sqlx::query_as!(
            StoreRow,
            r#"
            SELECT store_id AS "store_id!", name AS "name!", created_at AS "created_at!"
            FROM stores
            WHERE organization_id = $1 AND store_id = $2
            "#,
            organization_id,
            store_id,
        )
        .fetch_optional(&mut session)
        .await
        .map_err(failed)?;
        session.commit().await?;
        store.map(StoreRow::decode).transpose()
    }

    async fn stores(&self, organization: OrganizationId) -> Result<Vec<Store>, StoreError> {
        let organization_id = organization.uuid();
        let mut session = self.reader().await?;
        let stores = sqlx::query_as!(
            StoreRow,
            r#"
            SELECT store_id AS "store_id!", name AS "name!", created_at AS "created_at!"
            FROM stores
            WHERE organization_id = $1
            ORDER BY created_at, store_id
            "#,
            organization_id,
        )
        .fetch_all(&mut session)
        .await
        .map_err(failed)?;
        session.commit().await?;
        stores.into_iter().map(StoreRow::decode).collect()
    }
}

//! Reads application keys.

use async_trait::async_trait;
use stockroom_application::ports::{KeyReader, Revocation, StoreError};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{ApplicationKey, KeyId, KeyTotals, OrganizationId, Owner, Timestamp};
use stockroom_sql::RevocationRow;
use uuid::Uuid;

use super::load::key_totals;
use super::rows;
use crate::connection::error::failed;
use crate::connection::open::PostgresDatabase;

#[async_trait]
impl KeyReader for PostgresDatabase {
    async fn key(
        &self,
        organization: OrganizationId,
        owner: Owner,
        id: KeyId,
    ) -> Result<Option<ApplicationKey>, StoreError> {
        let mut session = self.reader().await?;
        let mut keys = rows::keys(&mut session, organization, [id]).await?;
        session.commit().await?;
        Ok(keys.pop().filter(|key| key.owner == owner))
    }

    async fn list_keys(
        &self,
        organization: OrganizationId,
        owner: Owner,
        page: PageRequest<KeyId>,
    ) -> Result<(Page<ApplicationKey, KeyId>, KeyTotals), StoreError> {
        let organization_id = organization.uuid();
        // Every id comes after the nil id.
        let after = page.place().map_or(Uuid::nil(), |id| id.uuid());
        let owner_id = owner.to_uuid(organization);
        let mut snapshot = self.read().await?;
        let mut ids = sqlx::query_scalar!(
            r#"
            SELECT key_id AS "key_id!" FROM application_keys
            WHERE organization_id = $1 AND owner_id = $2 AND key_id > $3
            ORDER BY key_id LIMIT $4 OFFSET $5
            "#,
            organization_id,
            owner_id,
            after,
            i64::from(page.enough()),
            i64::from(page.offset()),
        )
        .fetch_all(&mut snapshot)
        .await
        .map_err(failed)?;
        let next = page.cut(&mut ids, |id| KeyId::new(*id));
        let ids = ids.into_iter().map(KeyId::new);
        let items = rows::keys(&mut snapshot, organization, ids).await?;
        let totals = key_totals(&mut snapshot, organization, owner).await?;
        snapshot.commit().await?;
        let total = Some(totals.keys);
        Ok((Page { items, total, next }, totals))
    }

    async fn key_by_client_id(
        &self,
        client_id: &str,
    ) -> Result<Option<(OrganizationId, ApplicationKey)>, StoreError> {
        // PostgreSQL accepts no NUL characters, not even in a search.
        if client_id.contains('\0') {
            return Ok(None);
        }
        let mut snapshot = self.own_read().await?;
        let found = sqlx::query!(
            r#"
            SELECT organization_id AS "organization_id!", key_id AS "key_id!"
            FROM client_ids
            WHERE client_id = $1
            "#,
            client_id,
        )
        .fetch_optional(&mut snapshot)
        .await
        .map_err(failed)?;
        let key = match found {
            None => None,
            Some(found) => {
                let organization = OrganizationId::new(found.organization_id);
                let id = KeyId::new(found.key_id);
                let mut keys = rows::keys(&mut snapshot, organization, [id]).await?;
                keys.pop().map(|key| (organization, key))
            }
        };
        snapshot.commit().await?;
        Ok(key)
    }

    async fn record_key_use(
        &self,
        organization: OrganizationId,
        id: KeyId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let organization_id = organization.uuid();
        let key_id = id.uuid();
        let at = at.as_milliseconds();
        let mut session = self.write().await?;
        sqlx::query!(
            r#"
            UPDATE application_keys SET last_used_at = $3
            WHERE organization_id = $1 AND key_id = $2 AND coalesce(last_used_at < $3, true)
            "#,
            organization_id,
            key_id,
            at,
        )
        .execute(&mut session)
        .await
        .map_err(failed)?;
        session.commit().await
    }

    async fn revocations_since(&self, since: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        let since = since.as_milliseconds();
        let mut session = self.own_reader().await?;
        let revocations = sqlx::query_as!(
            RevocationRow,
            r#"
            SELECT key_id, grants, max(revoked_at) AS "revoked_at!"
            FROM token_revocations
            WHERE revoked_at > $1
            GROUP BY key_id, grants
            "#,
            since,
        )
        .fetch_all(&mut session)
        .await
        .map_err(failed)?;
        session.commit().await?;
        revocations.into_iter().map(RevocationRow::decode).collect()
    }

    async fn forget_revocations(&self, until: Timestamp) -> Result<(), StoreError> {
        let until = until.as_milliseconds();
        let mut session = self.write().await?;
        sqlx::query!(
            "DELETE FROM token_revocations WHERE revoked_at <= $1",
            until
        )
        .execute(&mut session)
        .await
        .map_err(failed)?;
        session.commit().await
    }
}

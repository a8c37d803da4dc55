//! Reads application keys.

use async_trait::async_trait;
use rusqlite::params;
use stockroom_application::ports::{KeyReader, Revocation, StoreError};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{ApplicationKey, KeyId, KeyTotals, OrganizationId, Owner, Timestamp};
use stockroom_sql::RevocationRow;
use uuid::Uuid;

use super::{rows, store};
use crate::connection::open::SqliteDatabase;
use crate::connection::statement::statements;

statements! {
    PAGE = "
        SELECT key_id FROM application_keys
        WHERE organization_id = ?1 AND owner_id = ?2 AND key_id > ?3
        ORDER BY key_id
        LIMIT ?4 OFFSET ?5
    ";

    BY_CLIENT_ID = "SELECT organization_id, key_id FROM client_ids WHERE client_id = ?1";

    REVOCATIONS = "SELECT key_id, grants, revoked_at FROM token_revocations WHERE revoked_at > ?1";
}

#[async_trait]
impl KeyReader for SqliteDatabase {
    async fn key(
        &self,
        organization: OrganizationId,
        owner: Owner,
        id: KeyId,
    ) -> Result<Option<ApplicationKey>, StoreError> {
        self.read(move |snapshot| {
            let key = rows::key(snapshot, organization, id)?;
            Ok(key.filter(|key| key.owner == owner))
        })
        .await
    }

    async fn list_keys(
        &self,
        organization: OrganizationId,
        owner: Owner,
        page: PageRequest<KeyId>,
    ) -> Result<(Page<ApplicationKey, KeyId>, KeyTotals), StoreError> {
        // Every id comes after the nil id.
        let after = page.place().map_or(Uuid::nil(), |id| id.uuid());
        let owner_id = owner.to_uuid(organization);
        self.read(move |snapshot| {
            let (limit, offset) = (page.enough(), page.offset());
            let parameters = params![organization.uuid(), owner_id, after, limit, offset];
            let mut ids: Vec<(Uuid,)> = PAGE.rows(snapshot, parameters)?;
            let next = page.cut(&mut ids, |(id,)| KeyId::new(*id));
            let keys = ids.into_iter();
            let keys = keys.map(|(id,)| rows::key(snapshot, organization, KeyId::new(id)));
            let items = keys
                .filter_map(Result::transpose)
                .collect::<Result<_, _>>()?;
            let totals = rows::key_totals(snapshot, organization, owner)?;
            let total = Some(totals.keys);
            Ok((Page { items, total, next }, totals))
        })
        .await
    }

    async fn key_by_client_id(
        &self,
        client_id: &str,
    ) -> Result<Option<(OrganizationId, ApplicationKey)>, StoreError> {
        let client_id = client_id.to_owned();
        self.own_read(move |snapshot| {
            let found: Option<(Uuid, Uuid)> = BY_CLIENT_ID.row(snapshot, params![client_id])?;
            let Some((organization_id, key_id)) = found else {
                return Ok(None);
            };
            let organization = OrganizationId::new(organization_id);
            let key = rows::key(snapshot, organization, KeyId::new(key_id))?;
            Ok(key.map(|key| (organization, key)))
        })
        .await
    }

    async fn record_key_use(
        &self,
        organization: OrganizationId,
        id: KeyId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.write(move |transaction| store::record_use(transaction, organization, id, at))
            .await
    }

    async fn revocations_since(&self, since: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        self.own_read(move |snapshot| {
            let rows: Vec<RevocationRow> =
                REVOCATIONS.rows(snapshot, params![since.as_milliseconds()])?;
            rows.into_iter().map(RevocationRow::decode).collect()
        })
        .await
    }

    async fn forget_revocations(&self, until: Timestamp) -> Result<(), StoreError> {
        self.write(move |transaction| store::forget_revocations(transaction, until))
            .await
    }
}

//! Reading application keys.

use async_trait::async_trait;
use stockroom_application::ports::{KeyReader, Revocation, StoreError};
use stockroom_application::{Page, PageRequest};
use stockroom_domain::{ApplicationKey, KeyId, KeyTotals, OrganizationId, Owner, Timestamp};

use crate::list::page;
use crate::tenant::Tenant;
use crate::{MemoryDatabase, Tables};

impl Tenant {
    /// An owner's application keys, in the order of creation.
    pub(crate) fn keys_of(&self, owner: Owner) -> impl Iterator<Item = &ApplicationKey> {
        self.keys.values().filter(move |key| key.owner == owner)
    }

    pub(crate) fn key_totals(&self, owner: Owner) -> KeyTotals {
        self.keys_of(owner)
            .fold(KeyTotals::default(), |totals, key| KeyTotals {
                keys: totals.keys + 1,
                reserved_rate_limit: totals.reserved_rate_limit
                    + u64::from(key.reserved_rate_limit),
            })
    }
}

#[async_trait]
impl KeyReader for MemoryDatabase {
    async fn key(
        &self,
        organization: OrganizationId,
        owner: Owner,
        id: KeyId,
    ) -> Result<Option<ApplicationKey>, StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            let key = tenant.keys.get(&id).filter(|key| key.owner == owner);
            key.cloned()
        }))
    }

    async fn list_keys(
        &self,
        organization: OrganizationId,
        owner: Owner,
        request: PageRequest<KeyId>,
    ) -> Result<(Page<ApplicationKey, KeyId>, KeyTotals), StoreError> {
        let found = self.in_tenant(organization, |tenant| {
            let keys = tenant.keys_of(owner);
            let page = page(keys, &request, false, |key| key.id);
            Some((page, tenant.key_totals(owner)))
        });
        let none = || page([], &request, false, |key: &ApplicationKey| key.id);
        Ok(found.unwrap_or_else(|| (none(), KeyTotals::default())))
    }

    async fn key_by_client_id(
        &self,
        client_id: &str,
    ) -> Result<Option<(OrganizationId, ApplicationKey)>, StoreError> {
        let tables: &Tables = &self.read();
        let Some((organization, id)) = tables.client_ids.get(client_id) else {
            return Ok(None);
        };
        let tenant = tables.tenants.get(organization);
        let key = tenant.and_then(|tenant| tenant.keys.get(id));
        Ok(key.map(|key| (*organization, key.clone())))
    }

    async fn record_key_use(
        &self,
        organization: OrganizationId,
        id: KeyId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tables = self.write();
        let tenant = tables.tenants.get_mut(&organization);
        if let Some(key) = tenant.and_then(|tenant| tenant.keys.get_mut(&id)) {
            key.last_used_at = key.last_used_at.max(Some(at));
        }
        Ok(())
    }

    async fn revocations_since(&self, since: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        let tables = self.read();
        let revocations = tables.revocations.iter();
        Ok(revocations
            .filter(|(_, revoked_at)| **revoked_at > since)
            .map(|((key, grants), revoked_at)| Revocation {
                key: *key,
                grants: *grants,
                revoked_at: *revoked_at,
            })
            .collect())
    }

    async fn forget_revocations(&self, until: Timestamp) -> Result<(), StoreError> {
        self.write()
            .revocations
            .retain(|_, revoked_at| *revoked_at > until);
        Ok(())
    }
}

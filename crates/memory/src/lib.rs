//! A database in memory: every port of the application, without a disk.
//!
//! For demonstrations and tests; its data is gone when it is dropped. It contains no rules: a commit
//! takes the lock, loads the needs of the commands, lets the domain decide, and stores the result.

mod commit;
mod feed;
mod imports;
mod integrations;
mod inventory;
mod keys;
mod list;
mod past;
mod products;
mod reservations;
mod stored;
mod tenant;
mod transfers;

use std::collections::{BTreeMap, HashMap};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;
use stockroom_application::Environment;
use stockroom_application::ports::{ServerState, StoreError, TenancyReader};
use stockroom_domain::{
    KeyId, Organization, OrganizationId, RevokedGrants, Store, StoreId, Timestamp,
};

use crate::tenant::Tenant;

/// A database in memory.
pub struct MemoryDatabase {
    environment: Environment,
    tables: RwLock<Tables>,
}

/// All data by organization, and the data that is looked up before the organization is known.
#[derive(Default)]
struct Tables {
    tenants: BTreeMap<OrganizationId, Tenant>,
    client_ids: HashMap<String, (OrganizationId, KeyId)>,
    revocations: BTreeMap<(KeyId, RevokedGrants), Timestamp>,
    server_state: HashMap<String, Vec<u8>>,
}

impl MemoryDatabase {
    /// An empty database, whose commits take time and ids from `environment`.
    #[must_use]
    pub fn new(environment: Environment) -> Self {
        Self {
            environment,
            tables: RwLock::default(),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Tables> {
        self.tables.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Tables> {
        self.tables.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies `look` to a tenant; returns the default value if there is no such tenant.
    fn in_tenant<T: Default>(
        &self,
        organization: OrganizationId,
        look: impl FnOnce(&Tenant) -> T,
    ) -> T {
        self.read()
            .tenants
            .get(&organization)
            .map(look)
            .unwrap_or_default()
    }
}

#[async_trait]
impl TenancyReader for MemoryDatabase {
    async fn organization(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        Ok(self.in_tenant(id, |tenant| tenant.organization.clone()))
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        let tables = self.read();
        let tenants = tables.tenants.values();
        Ok(tenants
            .filter_map(|tenant| tenant.organization.clone())
            .collect())
    }

    async fn store(
        &self,
        organization: OrganizationId,
        id: StoreId,
    ) -> Result<Option<Store>, StoreError> {
        Ok(self.in_tenant(organization, |tenant| tenant.stores.get(&id).cloned()))
    }

    async fn stores(&self, organization: OrganizationId) -> Result<Vec<Store>, StoreError> {
        Ok(self.in_tenant(organization, |tenant| {
            tenant.stores.values().cloned().collect()
        }))
    }
}

#[async_trait]
impl ServerState for MemoryDatabase {
    async fn get_or_keep(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut tables = self.write();
        let kept = tables.server_state.entry(name.to_owned());
        Ok(kept.or_insert_with(|| value.to_vec()).clone())
    }

    async fn kept(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.read().server_state.get(name).cloned())
    }

    async fn replace(&self, name: &str, former: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        let mut tables = self.write();
        let kept = tables.server_state.get_mut(name);
        let found = kept.filter(|kept| *kept == former);
        Ok(found.map(|kept| value.clone_into(kept)).is_some())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

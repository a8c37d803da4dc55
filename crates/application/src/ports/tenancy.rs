//! The port for organizations and stores.

use async_trait::async_trait;
use stockroom_domain::{Organization, OrganizationId, Store, StoreId};

use super::error::StoreError;

/// Reads organizations and stores.
#[async_trait]
pub trait TenancyReader: Send + Sync {
    /// One organization, if it exists.
    async fn organization(&self, id: OrganizationId) -> Result<Option<Organization>, StoreError>;

    /// All organizations, in the order of creation. For the operator.
    async fn organizations(&self) -> Result<Vec<Organization>, StoreError>;

    /// One store of an organization, if it exists.
    async fn store(
        &self,
        organization: OrganizationId,
        id: StoreId,
    ) -> Result<Option<Store>, StoreError>;

    /// All stores of an organization, in the order of creation. For the operator.
    async fn stores(&self, organization: OrganizationId) -> Result<Vec<Store>, StoreError>;
}

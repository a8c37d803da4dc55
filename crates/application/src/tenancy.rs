//! Use cases of organizations, stores and settings.

use stockroom_domain::{
    CreateOrganization, CreateStore, Invalid, Name, Organization, OrganizationId, Owner, Settings,
    Store, StoreId,
};

use crate::access::{Administrator, Writer};
use crate::error::Error;
use crate::pipeline::timed;
use crate::ports::StoreError;
use crate::stockroom::Stockroom;

impl Stockroom {
    /// Creates an organization.
    ///
    /// # Errors
    /// [`Error`] if the database fails.
    pub async fn create_organization(&self, name: Name) -> Result<Organization, Error> {
        let id = OrganizationId::new(self.environment.next_id());
        self.create_organization_with(id, name).await
    }

    pub(crate) async fn create_organization_with(
        &self,
        id: OrganizationId,
        name: Name,
    ) -> Result<Organization, Error> {
        let operator = Writer::operator(id, Owner::Organization);
        let request = CreateOrganization { id, name };
        self.execute(&operator, request).await
    }

    /// Creates a store of an organization.
    ///
    /// # Errors
    /// [`Error`] if the organization doesn't exist, or the database fails.
    pub async fn create_store(
        &self,
        organization: OrganizationId,
        name: Name,
    ) -> Result<Store, Error> {
        let operator = Writer::operator(organization, Owner::Organization);
        let id = StoreId::new(self.environment.next_id());
        let request = CreateStore { id, name };
        self.execute(&operator, request).await
    }

    /// All organizations, oldest first. For the operator.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails; so for every reading below.
    pub async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        timed("organizations", self.pipeline.records().organizations()).await
    }

    /// All stores of an organization, oldest first. For the operator.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn stores(&self, organization: OrganizationId) -> Result<Vec<Store>, StoreError> {
        timed("stores", self.pipeline.records().stores(organization)).await
    }

    /// One organization. For the operator.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn organization(
        &self,
        id: OrganizationId,
    ) -> Result<Option<Organization>, StoreError> {
        timed("organization", self.pipeline.records().organization(id)).await
    }

    /// One store. For the operator.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn store(
        &self,
        organization: OrganizationId,
        id: StoreId,
    ) -> Result<Option<Store>, StoreError> {
        timed("store", self.pipeline.records().store(organization, id)).await
    }

    /// The settings of the caller's organization.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn settings(&self, administrator: &Administrator) -> Result<Settings, StoreError> {
        let organization = administrator.scope().organization;
        let organization = self.pipeline.records().organization(organization);
        let organization = timed("organization", organization).await?;
        Ok(organization.map_or_else(Settings::default, |organization| organization.settings))
    }
}

/// Unwraps a text that is written in the program: an invalid one is a fault of the program.
pub(crate) fn valid<T>(text: Result<T, Invalid>) -> Result<T, StoreError> {
    text.map_err(|invalid| StoreError::Failed(invalid.into()))
}

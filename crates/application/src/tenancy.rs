//! Organizations, stores and settings.

use stockroom_domain::{
    CreateOrganization, CreateStore, Invalid, Name, Organization, OrganizationId, Owner,
    ProductText, Refusal, Settings, Store, StoreId, UpdateSettings,
};
use uuid::Uuid;

use crate::ports::StoreError;
use crate::{Administrator, Error, NewKey, NewKeyRequest, Stockroom};

const FIRST_START_SHOWN: &str = "first_start_shown";

/// What is made at the first start, so that a newcomer can begin at once.
#[derive(Clone)]
pub struct FirstStart {
    /// The first organization.
    pub organization: Organization,
    /// Its first store.
    pub store: Store,
    /// A key of the store, with its secret.
    pub key: NewKey,
}

impl Stockroom {
    /// Makes a first organization, store and key, unless there is an organization already. However
    /// many servers start at once on an empty database, one of them does.
    ///
    /// Whoever gets them shows them, and says so with [`first_start_shown`](Self::first_start_shown).
    /// If that never came to pass, the next start makes a fresh key.
    ///
    /// # Errors
    /// [`Error`] if the database fails.
    pub async fn first_start(&self) -> Result<Option<FirstStart>, Error> {
        if self.database.kept(FIRST_START_SHOWN).await?.is_some() {
            return Ok(None);
        }
        let organizations = self.organizations().await?;
        let id = self.first_organization_id().await?;
        let organization = match organizations.into_iter().next() {
            None => {
                let name = valid(Name::new("name", "My organization"))?;
                match self.create_organization_with(id, name).await {
                    // Another server was faster.
                    Err(Error::Refused(Refusal::OrganizationExists)) => return Ok(None),
                    created => created?,
                }
            }
            // An earlier start was interrupted.
            Some(organization) if organization.id == id => organization,
            // An operator made this one.
            Some(_) => return Ok(None),
        };
        let stores = self.stores(id).await?;
        let store = if let Some(store) = stores.into_iter().next() {
            store
        } else {
            let name = valid(Name::new("name", "My store"))?;
            self.create_store(id, name).await?
        };
        let owner = Administrator::operator(id, Owner::Store(store.id));
        let request = NewKeyRequest {
            name: valid(ProductText::new("name", "First key"))?,
            reserved_rate_limit: 0,
            allow_implicit: false,
        };
        let key = self.create_key(&owner, request).await?;
        Ok(Some(FirstStart {
            organization,
            store,
            key,
        }))
    }

    /// Notes that what the first start made has been shown, so that no later start makes more.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn first_start_shown(&self) -> Result<(), StoreError> {
        self.database.get_or_keep(FIRST_START_SHOWN, &[]).await?;
        Ok(())
    }

    /// The id of the first organization, the same for all servers on the database.
    async fn first_organization_id(&self) -> Result<OrganizationId, StoreError> {
        let candidate = self.environment.next_id();
        let kept = self
            .database
            .get_or_keep("first_organization", candidate.as_bytes())
            .await?;
        Uuid::from_slice(&kept)
            .map(OrganizationId::new)
            .map_err(|_| StoreError::Corrupt {
                table: "server_state",
                column: "value",
                row: "first_organization".to_owned(),
            })
    }

    /// Creates an organization.
    ///
    /// # Errors
    /// [`Error`] if the database fails.
    pub async fn create_organization(&self, name: Name) -> Result<Organization, Error> {
        let id = OrganizationId::new(self.environment.next_id());
        self.create_organization_with(id, name).await
    }

    async fn create_organization_with(
        &self,
        id: OrganizationId,
        name: Name,
    ) -> Result<Organization, Error> {
        let operator = Administrator::operator(id, Owner::Organization);
        let request = CreateOrganization { id, name };
        self.submit(&operator, request, "create_organization").await
    }

    /// Creates a store of an organization.
    ///
    /// # Errors
    /// [`Error`] if there is no such organization, or the database fails.
    pub async fn create_store(
        &self,
        organization: OrganizationId,
        name: Name,
    ) -> Result<Store, Error> {
        let operator = Administrator::operator(organization, Owner::Organization);
        let id = StoreId::new(self.environment.next_id());
        let request = CreateStore { id, name };
        self.submit(&operator, request, "create_store").await
    }

    /// All organizations, oldest first. For the operator.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails; so for every reading below.
    pub async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        self.database.organizations().await
    }

    /// All stores of an organization, oldest first. For the operator.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn stores(&self, organization: OrganizationId) -> Result<Vec<Store>, StoreError> {
        self.database.stores(organization).await
    }

    /// One organization. For the operator.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn organization(
        &self,
        id: OrganizationId,
    ) -> Result<Option<Organization>, StoreError> {
        self.database.organization(id).await
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
        self.database.store(organization, id).await
    }

    /// How the caller's organization wants things done.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn settings(&self, administrator: &Administrator) -> Result<Settings, StoreError> {
        let organization = administrator.view().organization;
        let organization = self.database.organization(organization).await?;
        Ok(organization.map_or_else(Settings::default, |organization| organization.settings))
    }

    /// Changes how the caller's organization wants things done.
    ///
    /// # Errors
    /// [`Error`] if the key isn't the organization's, or the database fails.
    pub async fn update_settings(
        &self,
        administrator: &Administrator,
        request: UpdateSettings,
    ) -> Result<Settings, Error> {
        self.submit(administrator, request, "update_settings").await
    }
}

/// For texts written in the program: a wrong one is a fault of the program.
fn valid<T>(text: Result<T, Invalid>) -> Result<T, StoreError> {
    text.map_err(|invalid| StoreError::Failed(invalid.into()))
}

//! Organizations and their stores.

use stockroom_application::ports::StoreError;
use stockroom_domain::{Name, Organization, OrganizationId, Settings, Store, StoreId};
use uuid::Uuid;

use crate::Row;
use crate::columns::row;

row! {
    /// A row of `organizations`.
    OrganizationRow {
        organization_id: Uuid,
        name: String,
        per_store_stock: bool,
        created_at: i64,
    }
}

impl OrganizationRow {
    /// The row of an organization.
    #[must_use]
    pub fn of(organization: &Organization) -> Self {
        Self {
            organization_id: organization.id.uuid(),
            name: organization.name.as_str().to_owned(),
            per_store_stock: organization.settings.per_store_stock,
            created_at: organization.created_at.as_milliseconds(),
        }
    }

    /// Decodes the organization.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self) -> Result<Organization, StoreError> {
        let row = Row::new("organizations", self.organization_id);
        Ok(Organization {
            id: OrganizationId::new(self.organization_id),
            name: row.valid("name", Name::new("name", self.name))?,
            settings: Settings {
                per_store_stock: self.per_store_stock,
            },
            created_at: row.timestamp("created_at", self.created_at)?,
        })
    }
}

row! {
    /// A row of `stores`.
    StoreRow {
        store_id: Uuid,
        name: String,
        created_at: i64,
    }
}

impl StoreRow {
    /// The row of a store.
    #[must_use]
    pub fn of(store: &Store) -> Self {
        Self {
            store_id: store.id.uuid(),
            name: store.name.as_str().to_owned(),
            created_at: store.created_at.as_milliseconds(),
        }
    }

    /// Decodes the store.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self) -> Result<Store, StoreError> {
        let row = Row::new("stores", self.store_id);
        Ok(Store {
            id: StoreId::new(self.store_id),
            name: row.valid("name", Name::new("name", self.name))?,
            created_at: row.timestamp("created_at", self.created_at)?,
        })
    }
}

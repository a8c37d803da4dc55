//! Organizations and their stores.

pub(crate) mod decide;

pub use decide::{CreateOrganization, CreateStore, UpdateSettings};

use serde::{Deserialize, Serialize};

use crate::values::{Name, OrganizationId, StoreId, Timestamp};

/// A tenant. No request reads or changes things of two organizations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// The id of the organization.
    pub id: OrganizationId,
    /// The name.
    pub name: Name,
    /// The settings.
    pub settings: Settings,
    /// Time of creation.
    pub created_at: Timestamp,
}

/// The settings of an organization.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Whether every store may have stock of its own of an organization-level product. By default only
    /// one owner manages such a product.
    pub per_store_stock: bool,
}

/// A store of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Store {
    /// The id of the store.
    pub id: StoreId,
    /// The name.
    pub name: Name,
    /// Time of creation.
    pub created_at: Timestamp,
}

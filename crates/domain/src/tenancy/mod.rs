//! Organizations and their stores.

pub(crate) mod decide;

pub use decide::{CreateOrganization, CreateStore, UpdateSettings};

use serde::{Deserialize, Serialize};

use crate::values::{Name, OrganizationId, StoreId, Timestamp};

/// A tenant. No request sees or changes anything of two organizations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// Names it.
    pub id: OrganizationId,
    /// What it is called.
    pub name: Name,
    /// How it wants things done.
    pub settings: Settings,
    /// When it was created.
    pub created_at: Timestamp,
}

/// How an organization wants things done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Whether every store may keep stock of its own of an organization-level product. By default
    /// such a product is managed in one place only.
    pub per_store_stock: bool,
}

/// A store of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Store {
    /// Names it.
    pub id: StoreId,
    /// What it is called.
    pub name: Name,
    /// When it was created.
    pub created_at: Timestamp,
}

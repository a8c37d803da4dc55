//! The two levels at which things belong to someone.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ids::{OrganizationId, StoreId};

/// The owner of a thing within an organization: the organization itself, which shares it with its
/// stores, or one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Owner {
    /// The organization.
    Organization,
    /// One of its stores.
    Store(StoreId),
}

impl Owner {
    /// The owners whose things this owner sees, itself first: a store also sees its organization's
    /// things.
    pub fn visible(self) -> impl Iterator<Item = Self> {
        let shared = (self != Self::Organization).then_some(Self::Organization);
        std::iter::once(self).chain(shared)
    }

    /// Whether this owner sees the things of `other`.
    #[must_use]
    pub fn can_see(self, other: Self) -> bool {
        other == Self::Organization || other == self
    }

    /// The store, if the owner is one.
    #[must_use]
    pub const fn store(self) -> Option<StoreId> {
        match self {
            Self::Organization => None,
            Self::Store(store) => Some(store),
        }
    }

    /// The owner as one UUID, for adapters: the store's id, or the organization's own.
    #[must_use]
    pub const fn to_uuid(self, organization: OrganizationId) -> Uuid {
        match self {
            Self::Organization => organization.uuid(),
            Self::Store(store) => store.uuid(),
        }
    }

    /// The owner for which [`to_uuid`](Self::to_uuid) returns `uuid`.
    #[must_use]
    pub fn from_uuid(uuid: Uuid, organization: OrganizationId) -> Self {
        if uuid == organization.uuid() {
            Self::Organization
        } else {
            Self::Store(StoreId::new(uuid))
        }
    }
}

/// For logs and messages.
impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Organization => f.write_str("organization"),
            Self::Store(store) => write!(f, "store {store}"),
        }
    }
}

//! The scope of a read.

use stockroom_domain::{OrganizationId, Owner};

/// The scope of a read: the organization, and the owner on whose behalf it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The tenant. Things of other tenants are never visible.
    pub organization: OrganizationId,
    /// The owner: an organization sees its own things, a store also those of its organization.
    pub acting: Owner,
}

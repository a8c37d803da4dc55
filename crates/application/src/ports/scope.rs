//! The scope of a read.

use stockroom_domain::OrganizationId;
use stockroom_domain::Owner;

/// Whose things are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The tenant. Nothing of another one is ever seen.
    pub organization: OrganizationId,
    /// Who looks: an organization sees what is its own, a store also what its organization has.
    pub acting: Owner,
}

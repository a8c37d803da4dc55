//! The caller of a request.

use super::refusal::Refusal;
use crate::values::{KeyId, Owner};
use std::sync::Arc;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The key used, or `None` for the operator at the server's command line.
    pub key: Option<KeyId>,
    /// What the key is called, as far as that is known.
    pub key_name: Option<Arc<str>>,
    /// Whose key it is.
    pub key_owner: Owner,
    /// Whom the request acts as: an organization's key may act in any of its stores.
    pub acting: Owner,
}

impl Actor {
    /// The operator at the command line, who acts for the whole organization.
    pub const OPERATOR: Self = Self {
        key: None,
        key_name: None,
        key_owner: Owner::Organization,
        acting: Owner::Organization,
    };

    /// Whether this caller may change what belongs to `owner` directly.
    ///
    /// # Errors
    /// [`Refusal::OrganizationKeyRequired`] if it is the organization's and the key is a store's.
    pub fn may_administer(&self, owner: Owner) -> Result<(), Refusal> {
        if owner == Owner::Organization && self.key_owner != Owner::Organization {
            Err(Refusal::OrganizationKeyRequired)
        } else {
            Ok(())
        }
    }
}

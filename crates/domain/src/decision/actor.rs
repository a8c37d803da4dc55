//! The caller of a request.

use std::sync::Arc;

use super::refusal::Refusal;
use crate::keys::ActingKey;
use crate::values::{KeyId, Owner};

/// The caller of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The key used, or `None` for the operator at the server's command line.
    pub key: Option<KeyId>,
    /// The name of the key, if it is known.
    pub key_name: Option<Arc<str>>,
    /// The owner of the key.
    pub key_owner: Owner,
    /// The owner on whose behalf the request is made: an organization's key may act in any of its
    /// stores.
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

    /// The key used, as the things that it makes name it; `None` for the operator.
    #[must_use]
    pub fn acting_key(&self) -> Option<ActingKey> {
        let name = self.key_name.clone();
        self.key.map(|key| ActingKey { key, name })
    }

    /// Checks that this caller may change things that belong to `owner` directly.
    ///
    /// # Errors
    /// [`Refusal::OrganizationKeyRequired`] if `owner` is the organization and the key belongs to a
    /// store.
    pub fn may_administer(&self, owner: Owner) -> Result<(), Refusal> {
        if owner == Owner::Organization && self.key_owner != Owner::Organization {
            Err(Refusal::OrganizationKeyRequired)
        } else {
            Ok(())
        }
    }
}

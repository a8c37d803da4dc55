//! The port for application keys.

use async_trait::async_trait;
use stockroom_domain::{
    ApplicationKey, KeyId, KeyTotals, OrganizationId, Owner, RevokedGrants, Timestamp,
};

use super::error::StoreError;
use crate::page::{Page, PageRequest};

/// Tokens of a key that stopped working.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Revocation {
    /// The key.
    pub key: KeyId,
    /// The tokens that stopped working.
    pub grants: RevokedGrants,
    /// Time of the revocation. Tokens that the key issues later are valid.
    pub revoked_at: Timestamp,
}

/// Reads application keys.
#[async_trait]
pub trait KeyReader: Send + Sync {
    /// One key of an owner, if it exists.
    async fn key(
        &self,
        organization: OrganizationId,
        owner: Owner,
        id: KeyId,
    ) -> Result<Option<ApplicationKey>, StoreError>;

    /// All keys of an owner in the order of creation, and their totals.
    async fn list_keys(
        &self,
        organization: OrganizationId,
        owner: Owner,
        page: PageRequest<KeyId>,
    ) -> Result<(Page<ApplicationKey, KeyId>, KeyTotals), StoreError>;

    /// The key with this client id, and its organization.
    async fn key_by_client_id(
        &self,
        client_id: &str,
    ) -> Result<Option<(OrganizationId, ApplicationKey)>, StoreError>;

    /// Records that a key issued a token.
    async fn record_key_use(
        &self,
        organization: OrganizationId,
        id: KeyId,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// All revocations of all organizations after this instant.
    async fn revocations_since(&self, since: Timestamp) -> Result<Vec<Revocation>, StoreError>;

    /// Deletes revocations up to this instant, whose tokens have expired anyway.
    async fn forget_revocations(&self, until: Timestamp) -> Result<(), StoreError>;
}

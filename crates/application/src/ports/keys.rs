//! The port for application keys.

use super::error::StoreError;
use crate::page::{Page, PageRequest};

use async_trait::async_trait;
use stockroom_domain::ApplicationKey;
use stockroom_domain::KeyId;
use stockroom_domain::KeyTotals;
use stockroom_domain::OrganizationId;
use stockroom_domain::Owner;
use stockroom_domain::RevokedGrants;
use stockroom_domain::Timestamp;

/// Tokens of a key that stopped working.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Revocation {
    /// The key.
    pub key: KeyId,
    /// Which of its tokens.
    pub grants: RevokedGrants,
    /// When they were revoked. A key that gives implicit tokens again later gives valid ones.
    pub revoked_at: Timestamp,
}

/// Reads application keys.
#[async_trait]
pub trait KeyReader: Send + Sync {
    /// One key of an owner, if there is such a one.
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

    /// The key with this client id, and whose it is.
    async fn key_by_client_id(
        &self,
        client_id: &str,
    ) -> Result<Option<(OrganizationId, ApplicationKey)>, StoreError>;

    /// Notes that a key gave a token.
    async fn record_key_use(
        &self,
        organization: OrganizationId,
        id: KeyId,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Every revocation of any organization after this instant.
    async fn revocations_since(&self, since: Timestamp) -> Result<Vec<Revocation>, StoreError>;

    /// Forgets revocations up to this instant, when the tokens concerned have run out anyway.
    async fn forget_revocations(&self, until: Timestamp) -> Result<(), StoreError>;
}

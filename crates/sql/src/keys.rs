//! Application keys and their revocations.

use stockroom_application::ports::{Revocation, StoreError};
use stockroom_domain::{
    Access, ApplicationKey, KeyId, OrganizationId, Owner, ProductText, RevokedGrants, SecretHash,
    Timestamp,
};
use uuid::Uuid;

use crate::Row;
use crate::columns::row;

row! {
    /// A row of `application_keys`.
    KeyRow {
        key_id: Uuid,
        owner_id: Uuid,
        name: String,
        client_id: String,
        secret_hash: Vec<u8>,
        reserved_rate_limit: i64,
        allow_implicit: bool,
        access: String,
        created_at: i64,
        updated_at: i64,
        last_used_at: Option<i64>,
    }
}

impl KeyRow {
    /// The row of a key.
    #[must_use]
    pub fn of(key: &ApplicationKey, organization: OrganizationId) -> Self {
        Self {
            key_id: key.id.uuid(),
            owner_id: key.owner.to_uuid(organization),
            name: key.name.as_str().to_owned(),
            client_id: key.client_id.clone(),
            secret_hash: key.secret_hash.0.to_vec(),
            reserved_rate_limit: key.reserved_rate_limit.into(),
            allow_implicit: key.allow_implicit,
            access: key.access.as_str().to_owned(),
            created_at: key.created_at.as_milliseconds(),
            updated_at: key.updated_at.as_milliseconds(),
            last_used_at: key.last_used_at.map(Timestamp::as_milliseconds),
        }
    }

    /// Decodes the key.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self, organization: OrganizationId) -> Result<ApplicationKey, StoreError> {
        let row = Row::new("application_keys", self.key_id);
        let secret_hash = <[u8; 32]>::try_from(self.secret_hash.as_slice());
        let reserved_rate_limit = u32::try_from(self.reserved_rate_limit);
        Ok(ApplicationKey {
            id: KeyId::new(self.key_id),
            owner: Owner::from_uuid(self.owner_id, organization),
            name: row.valid("name", ProductText::new("name", self.name))?,
            client_id: self.client_id,
            secret_hash: SecretHash(row.valid("secret_hash", secret_hash)?),
            reserved_rate_limit: row.valid("reserved_rate_limit", reserved_rate_limit)?,
            allow_implicit: self.allow_implicit,
            access: Access::parse(&self.access).ok_or_else(|| row.corrupt("access"))?,
            created_at: row.timestamp("created_at", self.created_at)?,
            updated_at: row.timestamp("updated_at", self.updated_at)?,
            last_used_at: row.optional_timestamp("last_used_at", self.last_used_at)?,
        })
    }
}

row! {
    /// A row of `token_revocations`.
    RevocationRow {
        key_id: Uuid,
        grants: String,
        revoked_at: i64,
    }
}

impl RevocationRow {
    /// The row of a revocation.
    #[must_use]
    pub fn of(key: KeyId, grants: RevokedGrants, at: Timestamp) -> Self {
        Self {
            key_id: key.uuid(),
            grants: grants_word(grants).to_owned(),
            revoked_at: at.as_milliseconds(),
        }
    }

    /// Decodes the revocation.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if a value is impossible.
    pub fn decode(self) -> Result<Revocation, StoreError> {
        let row = Row::new("token_revocations", self.key_id);
        Ok(Revocation {
            key: KeyId::new(self.key_id),
            grants: GRANTS
                .into_iter()
                .find(|grants| grants_word(*grants) == self.grants)
                .ok_or_else(|| row.corrupt("grants"))?,
            revoked_at: row.timestamp("revoked_at", self.revoked_at)?,
        })
    }
}

const GRANTS: [RevokedGrants; 3] = [
    RevokedGrants::All,
    RevokedGrants::FullAccess,
    RevokedGrants::Implicit,
];

/// The word that databases store for the grants of revoked tokens.
const fn grants_word(grants: RevokedGrants) -> &'static str {
    match grants {
        RevokedGrants::Implicit => "implicit",
        RevokedGrants::FullAccess => "full_access",
        RevokedGrants::All => "all",
    }
}

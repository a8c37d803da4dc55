//! Application keys and their revocations.

use sqlx::SqliteConnection;
use stockroom_application::ports::{Revocation, StoreError};
use stockroom_domain::{
    ApplicationKey, KeyId, OrganizationId, Owner, ProductText, RevokedGrants, SecretHash,
};
use uuid::Uuid;

use crate::connection::error::failed;
use crate::connection::parameter::{hex, json};
use crate::row::Row;

/// The application keys with these ids that exist, in the order of creation.
pub(crate) async fn keys(
    connection: &mut SqliteConnection,
    organization: OrganizationId,
    ids: impl IntoIterator<Item = KeyId>,
) -> Result<Vec<ApplicationKey>, StoreError> {
    let ids = json(ids.into_iter().map(hex))?;
    let organization_id = organization.uuid();
    let mut keys: Vec<ApplicationKey> = sqlx::query_as!(
        KeyRow,
        r#"
        SELECT
            application_keys.key_id AS "key_id!: Uuid",
            application_keys.owner_id AS "owner_id!: Uuid",
            application_keys.name AS "name!",
            application_keys.client_id AS "client_id!",
            application_keys.secret_hash AS "secret_hash!",
            application_keys.reserved_rate_limit AS "reserved_rate_limit!",
            application_keys.allow_implicit AS "allow_implicit!: bool",
            application_keys.created_at AS "created_at!",
            application_keys.updated_at AS "updated_at!",
            application_keys.last_used_at AS "last_used_at?"
        FROM json_each(?2) AS wanted
        CROSS JOIN application_keys
            ON application_keys.organization_id = ?1
            AND application_keys.key_id = unhex(wanted.value)
        "#,
        organization_id,
        ids,
    )
    .fetch_all(connection)
    .await
    .map_err(failed)?
    .into_iter()
    .map(|row| row.decode(organization))
    .collect::<Result<_, _>>()?;
    keys.sort_by_key(|key| key.id);
    Ok(keys)
}

/// The word that the database stores for the grants of revoked tokens.
pub(crate) const fn grants_word(grants: RevokedGrants) -> &'static str {
    match grants {
        RevokedGrants::Implicit => "implicit",
        RevokedGrants::All => "all",
    }
}

struct KeyRow {
    key_id: Uuid,
    owner_id: Uuid,
    name: String,
    client_id: String,
    secret_hash: Vec<u8>,
    reserved_rate_limit: i64,
    allow_implicit: bool,
    created_at: i64,
    updated_at: i64,
    last_used_at: Option<i64>,
}

impl KeyRow {
    fn decode(self, organization: OrganizationId) -> Result<ApplicationKey, StoreError> {
        let row = Row::new("application_keys", self.key_id);
        let secret_hash = <[u8; 32]>::try_from(self.secret_hash.as_slice());
        let reserved_rate_limit = u32::try_from(self.reserved_rate_limit);
        let last_used_at = self
            .last_used_at
            .map(|last_used_at| row.timestamp("last_used_at", last_used_at));
        Ok(ApplicationKey {
            id: KeyId::new(self.key_id),
            owner: Owner::from_uuid(self.owner_id, organization),
            name: row.valid("name", ProductText::new("name", self.name))?,
            client_id: self.client_id,
            secret_hash: SecretHash(row.valid("secret_hash", secret_hash)?),
            reserved_rate_limit: row.valid("reserved_rate_limit", reserved_rate_limit)?,
            allow_implicit: self.allow_implicit,
            created_at: row.timestamp("created_at", self.created_at)?,
            updated_at: row.timestamp("updated_at", self.updated_at)?,
            last_used_at: last_used_at.transpose()?,
        })
    }
}

/// A row of `token_revocations`.
pub(crate) struct RevocationRow {
    pub(crate) key_id: Uuid,
    pub(crate) grants: String,
    pub(crate) revoked_at: i64,
}

impl RevocationRow {
    /// Decodes the row.
    pub(crate) fn decode(self) -> Result<Revocation, StoreError> {
        let row = Row::new("token_revocations", self.key_id);
        Ok(Revocation {
            key: KeyId::new(self.key_id),
            grants: [RevokedGrants::All, RevokedGrants::Implicit]
                .into_iter()
                .find(|grants| grants_word(*grants) == self.grants)
                .ok_or_else(|| row.corrupt("grants"))?,
            revoked_at: row.timestamp("revoked_at", self.revoked_at)?,
        })
    }
}

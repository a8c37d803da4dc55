//! Application keys.

use std::fmt::Write;

use stockroom_domain::{
    Access, ApplicationKey, CreateKey, DeleteKey, KeyId, KeyTotals, ProductText, RevokedGrants,
    UpdateKey,
};

use crate::access::{Administrator, Keyed, Writer, hash_secret, secret_matches};
use crate::error::Error;
use crate::page::{Page, PageRequest};
use crate::pipeline::timed;
use crate::ports::{Revocation, StoreError};
use crate::stockroom::Stockroom;

/// The properties of a new key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKeyRequest {
    /// The name.
    pub name: ProductText,
    /// Requests per second reserved for it.
    pub reserved_rate_limit: u32,
    /// Whether it issues tokens without its secret.
    pub allow_implicit: bool,
    /// What its tokens may be used for.
    pub access: Access,
}

/// A new key with its secret.
#[derive(Clone)]
pub struct NewKey {
    /// The key.
    pub key: ApplicationKey,
    /// Its secret: 256 random bits in hexadecimal. It is not stored, and can't be read again.
    pub client_secret: String,
}

/// A part of the list of keys.
#[derive(Debug, Clone)]
pub struct KeyPage {
    /// The keys.
    pub page: Page<ApplicationKey, KeyId>,
    /// Count and reserved rate limits of all keys.
    pub totals: KeyTotals,
}

impl Stockroom {
    /// Creates a key. If the request has an idempotency key, the secret is derived from the request and
    /// the client id, so that a repeated request gets the same answer although the secret isn't stored.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails; so for every change below.
    pub async fn create_key(
        &self,
        writer: &Writer,
        request: NewKeyRequest,
    ) -> Result<NewKey, Error> {
        let source = writer.idempotency().map_or_else(
            || SecretSource::Random(self.environment.random_bytes()),
            SecretSource::Request,
        );
        let secret_of = |client_id: &str| {
            hexadecimal(&match source {
                SecretSource::Random(bytes) => bytes,
                SecretSource::Request(keyed) => {
                    let scope = writer.scope();
                    self.tokens.secret_of(scope, keyed, client_id)
                }
            })
        };
        let client_id = hexadecimal(&self.environment.random_bytes::<20>());
        let request = CreateKey {
            name: request.name,
            secret_hash: hash_secret(&secret_of(&client_id)),
            client_id,
            reserved_rate_limit: request.reserved_rate_limit,
            allow_implicit: request.allow_implicit,
            access: request.access,
            rate_limit: self.limits.store_rate_limit,
        };
        let key = self.execute(writer, request).await?;
        // An idempotency record holds the client id of the key that the first request created.
        let client_secret = secret_of(&key.client_id);
        if !secret_matches(&client_secret, &key.secret_hash) {
            return Err(Error::SecretForgotten);
        }
        Ok(NewKey { key, client_secret })
    }

    /// Changes the named fields of a key. Tokens that it may no longer issue stop working.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn update_key(
        &self,
        writer: &Writer,
        request: UpdateKey,
    ) -> Result<ApplicationKey, Error> {
        let request = UpdateKey {
            rate_limit: self.limits.store_rate_limit,
            ..request
        };
        let forbids_implicit = request.allow_implicit == Some(false);
        let forbids_changes = request.access == Some(Access::Read);
        let key = self.execute(writer, request).await?;
        if forbids_implicit {
            self.revoke_here(key.id, RevokedGrants::Implicit);
        }
        if forbids_changes {
            self.revoke_here(key.id, RevokedGrants::FullAccess);
        }
        Ok(key)
    }

    /// Deletes a key. Its tokens stop working, here at once and on other servers within a second.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn delete_key(&self, writer: &Writer, id: KeyId) -> Result<(), Error> {
        let request = DeleteKey { id };
        self.execute(writer, request).await?;
        self.revoke_here(id, RevokedGrants::All);
        Ok(())
    }

    fn revoke_here(&self, key: KeyId, grants: RevokedGrants) {
        let revoked_at = self.now();
        self.tokens.revoke([Revocation {
            key,
            grants,
            revoked_at,
        }]);
    }

    /// One key of the owner on whose behalf the caller acts.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn key(
        &self,
        administrator: &Administrator,
        id: KeyId,
    ) -> Result<Option<ApplicationKey>, StoreError> {
        let scope = administrator.scope();
        timed(
            "key",
            self.pipeline
                .records()
                .key(scope.organization, scope.acting, id),
        )
        .await
    }

    /// All keys of the owner on whose behalf the caller acts, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails.
    pub async fn list_keys(
        &self,
        administrator: &Administrator,
        page: PageRequest<KeyId>,
    ) -> Result<KeyPage, StoreError> {
        let scope = administrator.scope();
        let keys = self
            .pipeline
            .records()
            .list_keys(scope.organization, scope.acting, page);
        let (page, totals) = timed("list_keys", keys).await?;
        Ok(KeyPage { page, totals })
    }
}

/// The source of a new key's secret.
enum SecretSource<'a> {
    Random([u8; 32]),
    /// The request, which has an idempotency key.
    Request(&'a Keyed),
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

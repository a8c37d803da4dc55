//! Application keys.

use std::fmt::Write;

use stockroom_domain::{
    ApplicationKey, CreateKey, DeleteKey, KeyId, KeyTotals, ProductText, RevokedGrants, UpdateKey,
};

use crate::access::{Administrator, Keyed, hash_secret, secret_matches};
use crate::error::Error;
use crate::page::{Page, PageRequest};
use crate::pipeline::timed;
use crate::ports::{Revocation, StoreError};
use crate::stockroom::Stockroom;

/// What a new key is to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKeyRequest {
    /// What it is called.
    pub name: ProductText,
    /// Requests per second kept free for it.
    pub reserved_rate_limit: u32,
    /// Whether it gives tokens without its secret.
    pub allow_implicit: bool,
}

/// A key just made.
#[derive(Clone)]
pub struct NewKey {
    /// The key.
    pub key: ApplicationKey,
    /// Its secret: 256 random bits in hexadecimal. It is kept nowhere, and can't be had again.
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
    /// Creates a key. The secret for a request that may be sent again follows from that request and
    /// the key's client id, so that it can be answered the same without being kept.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails; so for every change below.
    pub async fn create_key(
        &self,
        administrator: &Administrator,
        request: NewKeyRequest,
    ) -> Result<NewKey, Error> {
        let source = administrator.idempotency().map_or_else(
            || SecretSource::Random(self.environment.random_bytes()),
            SecretSource::Request,
        );
        let secret_of = |client_id: &str| {
            hexadecimal(&match source {
                SecretSource::Random(bytes) => bytes,
                SecretSource::Request(keyed) => {
                    let scope = administrator.scope();
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
            rate_limit: self.limits.store_rate_limit,
        };
        let key = self.execute(administrator, request).await?;
        // A kept answer has the client id of the key that was created then.
        let client_secret = secret_of(&key.client_id);
        if !secret_matches(&client_secret, &key.secret_hash) {
            return Err(Error::SecretForgotten);
        }
        Ok(NewKey { key, client_secret })
    }

    /// Changes the named fields of a key. Tokens that it may no longer give stop working.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn update_key(
        &self,
        administrator: &Administrator,
        request: UpdateKey,
    ) -> Result<ApplicationKey, Error> {
        let request = UpdateKey {
            rate_limit: self.limits.store_rate_limit,
            ..request
        };
        let forbids_implicit = request.allow_implicit == Some(false);
        let key = self.execute(administrator, request).await?;
        if forbids_implicit {
            self.revoke_here(key.id, RevokedGrants::Implicit);
        }
        Ok(key)
    }

    /// Deletes a key. Its tokens stop working, here at once and on other servers within a second.
    ///
    /// # Errors
    /// [`Error`] if it is refused or the database fails.
    pub async fn delete_key(&self, administrator: &Administrator, id: KeyId) -> Result<(), Error> {
        let request = DeleteKey { id };
        self.execute(administrator, request).await?;
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

    /// One key of whom the caller acts as.
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

    /// All keys of whom the caller acts as, oldest first.
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

/// Where the secret of a new key comes from.
enum SecretSource<'a> {
    Random([u8; 32]),
    /// A request that may be sent again.
    Request(&'a Keyed),
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

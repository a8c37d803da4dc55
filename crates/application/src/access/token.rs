//! Access tokens: signed, so that no database is asked to verify one.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use hmac::Mac;
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stockroom_domain::{
    Actor, ApplicationKey, KeyId, OrganizationId, Owner, RevokedGrants, SecretHash, StoreId,
    Timestamp,
};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::caller::{Caller, Grant, Keyed};
use super::jws;
use super::signing_key::KeyRing;
use crate::error::AccessError;
use crate::ports::{Revocation, Scope};

/// How long a token is valid. Whoever has a signing key could make longer ones, which are refused.
pub(crate) const LIFETIME_SECONDS: i64 = 3_600;

/// By how much the clock of the server that issued a token may be ahead of this one's.
const CLOCK_LEEWAY_MILLISECONDS: i64 = 60_000;

/// How many verified tokens are remembered. Each takes about half a kibibyte.
const VERIFIED_MAX: usize = 10_000;

/// What a client presents to get a token.
#[derive(Clone)]
pub enum TokenRequest {
    /// Its id and its secret.
    ClientCredentials {
        /// The key's client id.
        client_id: String,
        /// The key's secret.
        client_secret: String,
    },
    /// Its id alone.
    Implicit {
        /// The key's client id.
        client_id: String,
    },
}

/// A token for a client.
#[derive(Clone)]
pub struct Token {
    /// The token itself, to be sent as `Authorization: Bearer …`.
    pub access_token: String,
    /// When it runs out.
    pub expires_at: Timestamp,
    /// For how many seconds it is valid.
    pub lifetime_seconds: i64,
    /// How it was got.
    pub grant: Grant,
}

/// What a token says; its signature vouches for it.
#[derive(Serialize, Deserialize)]
struct Claims {
    /// The key.
    sub: Uuid,
    /// What the key was called, so that a ledger entry can say who acted. Those who have got a
    /// token without the secret don't act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<Arc<str>>,
    /// The organization.
    org: Uuid,
    /// The store, if the key is a store's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    store: Option<Uuid>,
    grant: Grant,
    /// The key's reserved rate limit, in requests per second.
    #[serde(default, skip_serializing_if = "is_zero")]
    reserved: u32,
    /// When it was issued, in milliseconds since the Unix epoch: revocations are that exact.
    iat_ms: i64,
    /// When it runs out, in seconds since the Unix epoch.
    exp: i64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Claims {
    /// Whether a token of this server could say so at `now`.
    const fn is_valid_at(&self, now: Timestamp) -> bool {
        let lifetime_ms = self.exp.saturating_mul(1_000).saturating_sub(self.iat_ms);
        let ahead_ms = self.iat_ms.saturating_sub(now.as_milliseconds());
        self.exp > now.as_seconds()
            && lifetime_ms <= LIFETIME_SECONDS * 1_000
            && ahead_ms <= CLOCK_LEEWAY_MILLISECONDS
    }
}

/// A token whose signature was right.
struct Verified {
    /// The id of the key that it is signed with.
    signing_key: String,
    claims: Claims,
}

/// Makes and verifies tokens.
pub(crate) struct Tokens {
    keys: RwLock<Arc<KeyRing>>,
    /// What tokens say whose signature was right: a client shows the same one again and again.
    verified: Cache<String, Arc<Verified>>,
    revoked: RwLock<HashMap<(KeyId, RevokedGrants), Timestamp>>,
}

impl Tokens {
    pub(crate) fn new(keys: KeyRing) -> Self {
        Self {
            keys: RwLock::new(Arc::new(keys)),
            verified: Cache::new(VERIFIED_MAX),
            revoked: RwLock::default(),
        }
    }

    /// The keys that tokens are signed with.
    pub(crate) fn keys(&self) -> Arc<KeyRing> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on signs and accepts tokens with these keys and no others.
    pub(crate) fn replace_keys(&self, keys: KeyRing) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// A token for a key, or `None` if it can't be encoded.
    pub(crate) fn issue(
        &self,
        organization: OrganizationId,
        key: &ApplicationKey,
        grant: Grant,
        now: Timestamp,
    ) -> Option<Token> {
        let expires_at = now.plus_milliseconds(LIFETIME_SECONDS * 1_000);
        let claims = Claims {
            sub: key.id.uuid(),
            name: (grant == Grant::ClientCredentials).then(|| key.name.as_str().into()),
            org: organization.uuid(),
            store: key.owner.store().map(StoreId::uuid),
            grant,
            reserved: key.reserved_rate_limit,
            iat_ms: now.as_milliseconds(),
            exp: expires_at.as_seconds(),
        };
        let keys = self.keys();
        let (key_id, mac) = keys.signing(now)?;
        let access_token = jws::sign(key_id, mac, &claims).ok()?;
        Some(Token {
            access_token,
            expires_at,
            lifetime_seconds: LIFETIME_SECONDS,
            grant,
        })
    }

    /// Who presents this token, acting for the owner of its key.
    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Result<Caller, AccessError> {
        let verified = self.verified(token, now)?;
        let claims = &verified.claims;
        let key = KeyId::new(claims.sub);
        if !claims.is_valid_at(now) || self.is_revoked(key, claims.grant, claims.iat_ms) {
            return Err(AccessError::InvalidToken);
        }
        let owner = claims.store.map_or(Owner::Organization, |store| {
            Owner::Store(StoreId::new(store))
        });
        Ok(Caller {
            organization: OrganizationId::new(claims.org),
            actor: Actor {
                key: Some(key),
                key_name: claims.name.clone(),
                key_owner: owner,
                acting: owner,
            },
            grant: claims.grant,
            reserved_rate_limit: claims.reserved,
        })
    }

    /// The secret of the key with this client id, created by a request that may be sent again: nobody
    /// without the key behind it can tell it, and it needn't be kept.
    pub(crate) fn secret_of(&self, scope: Scope, keyed: &Keyed, client_id: &str) -> [u8; 32] {
        let mut mac = self.keys().client_secrets();
        mac.update(scope.organization.uuid().as_bytes());
        mac.update(scope.acting.to_uuid(scope.organization).as_bytes());
        mac.update(&keyed.request.0);
        // All client ids have the same length, so that where it ends needn't be said.
        mac.update(client_id.as_bytes());
        mac.update(keyed.key.as_str().as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// What a token says, if it is one of ours.
    fn verified(&self, token: &str, now: Timestamp) -> Result<Arc<Verified>, AccessError> {
        let keys = self.keys();
        if let Some(verified) = self.verified.get(token) {
            // The key may have gone since.
            let accepted = keys.accepted(&verified.signing_key, now);
            return accepted.map(|_| verified).ok_or(AccessError::InvalidToken);
        }
        let (signing_key, claims) = jws::verify(token, |key_id| keys.accepted(key_id, now))
            .ok_or(AccessError::InvalidToken)?;
        let verified = Arc::new(Verified {
            signing_key,
            claims,
        });
        self.verified
            .insert(token.to_owned(), Arc::clone(&verified));
        Ok(verified)
    }

    fn is_revoked(&self, key: KeyId, grant: Grant, issued_at_ms: i64) -> bool {
        let revoked = self.revoked.read().unwrap_or_else(PoisonError::into_inner);
        // A deleted key is gone for good, so that it doesn't matter when the token was issued: one
        // that was on its way while the key was deleted is refused as well.
        if revoked.contains_key(&(key, RevokedGrants::All)) {
            return true;
        }
        grant == Grant::Implicit
            && revoked
                .get(&(key, RevokedGrants::Implicit))
                .is_some_and(|revoked_at| issued_at_ms <= revoked_at.as_milliseconds())
    }

    /// From now on refuses these tokens as well as those revoked before.
    pub(crate) fn revoke(&self, revocations: impl IntoIterator<Item = Revocation>) {
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        for revocation in revocations {
            let latest = revoked
                .entry((revocation.key, revocation.grants))
                .or_insert(revocation.revoked_at);
            *latest = revocation.revoked_at.max(*latest);
        }
    }

    /// Forgets revocations of tokens that have run out.
    pub(crate) fn forget_revocations(&self, until: Timestamp) {
        self.revoked
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, revoked_at| *revoked_at > until);
    }
}

/// The digest of a client secret. Secrets are random and 256 bits long, so that a plain digest
/// can't be guessed backwards.
pub(crate) fn hash_secret(secret: &str) -> SecretHash {
    SecretHash(Sha256::digest(secret.as_bytes()).into())
}

/// Whether it is the secret's digest, in a time that tells nothing about it.
pub(crate) fn secret_matches(secret: &str, hash: &SecretHash) -> bool {
    hash_secret(secret).0.ct_eq(&hash.0).into()
}

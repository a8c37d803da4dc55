//! Access tokens: they are signed, so that they are verified without a database call.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use hmac::Mac;
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use stockroom_domain::{
    Access, Actor, ApplicationKey, KeyId, OrganizationId, Owner, RevokedGrants, SecretHash,
    StoreId, Timestamp,
};
use subtle::ConstantTimeEq;
use tokio::sync::watch;
use uuid::Uuid;

use super::caller::{Caller, Grant, Keyed};
use super::jws;
use super::signing_key::KeyRing;
use crate::error::AccessError;
use crate::ports::{Revocation, Scope};

/// The time for which a token is valid. Tokens with a longer validity are refused, even if their
/// signature is right.
pub(crate) const LIFETIME_SECONDS: i64 = 3_600;

/// The time for which a session of the console lasts after its last use. (Source: the console's design.)
pub(crate) const SESSION_SECONDS: i64 = 12 * 3_600;

/// The age from which the token of a session is replaced: exact to some minutes is enough.
const SESSION_RENEWED_AFTER_MILLISECONDS: i64 = 5 * 60 * 1_000;

/// The largest lead of the clock of the server that issued a token over this server's clock.
const CLOCK_LEEWAY_MILLISECONDS: i64 = 60_000;

/// The number of verified tokens that are remembered. Each takes about half a kibibyte.
const VERIFIED_MAX: usize = 10_000;

/// The credentials that a client presents to get a token.
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
    /// Time at which it expires.
    pub expires_at: Timestamp,
    /// The number of seconds for which it is valid.
    pub lifetime_seconds: i64,
    /// The grant by which it was issued.
    pub grant: Grant,
}

/// The place where a token is presented: it is accepted nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Audience {
    /// The API: `Authorization: Bearer …`.
    #[default]
    Api,
    /// The console: a cookie.
    Console,
}

impl Audience {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    const fn is_api(&self) -> bool {
        matches!(self, Self::Api)
    }

    const fn lifetime_seconds(self) -> i64 {
        match self {
            Self::Api => LIFETIME_SECONDS,
            Self::Console => SESSION_SECONDS,
        }
    }
}

/// The claims of a token, which its signature proves.
#[derive(Clone, Serialize, Deserialize)]
struct Claims {
    /// The audience; absent from tokens for the API.
    #[serde(default, skip_serializing_if = "Audience::is_api")]
    aud: Audience,
    /// The key.
    sub: Uuid,
    /// The name of the key, for ledger entries. Absent from tokens issued without the secret, since
    /// these make no changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<Arc<str>>,
    /// The organization.
    org: Uuid,
    /// The store, if the key belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    store: Option<Uuid>,
    grant: Grant,
    /// What the token may be used for; left out if that is everything.
    #[serde(default, skip_serializing_if = "Access::is_full")]
    access: Access,
    /// The key's reserved rate limit, in requests per second.
    #[serde(default, skip_serializing_if = "is_zero")]
    reserved: u32,
    /// Time of issue, in milliseconds since the Unix epoch: revocations have that precision.
    iat_ms: i64,
    /// Time of signing in, in milliseconds since the Unix epoch, if the token renews another one: a
    /// revocation ends the whole session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auth_ms: Option<i64>,
    /// Time of expiry, in seconds since the Unix epoch.
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
    /// Whether a token with these claims is valid at `now`.
    const fn is_valid_at(&self, now: Timestamp) -> bool {
        let lifetime_ms = self.exp.saturating_mul(1_000).saturating_sub(self.iat_ms);
        let ahead_ms = self.iat_ms.saturating_sub(now.as_milliseconds());
        self.exp > now.as_seconds()
            && lifetime_ms <= self.aud.lifetime_seconds() * 1_000
            && ahead_ms <= CLOCK_LEEWAY_MILLISECONDS
    }
}

/// A token whose signature was right.
struct Verified {
    /// The id of its signing key.
    signing_key: String,
    claims: Claims,
}

/// Makes and verifies tokens.
pub(crate) struct Tokens {
    keys: RwLock<Arc<KeyRing>>,
    /// The claims of tokens whose signature was right: clients present the same token many times.
    verified: Cache<String, Arc<Verified>>,
    revoked: RwLock<HashMap<(KeyId, RevokedGrants), Timestamp>>,
    /// Tells that tokens may have ended that were valid before.
    changed: watch::Sender<()>,
}

impl Tokens {
    pub(crate) fn new(keys: KeyRing) -> Self {
        Self {
            keys: RwLock::new(Arc::new(keys)),
            verified: Cache::new(VERIFIED_MAX),
            revoked: RwLock::default(),
            changed: watch::Sender::default(),
        }
    }

    /// Changes from now on, after which tokens have to be verified again.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// The keys that tokens are signed with.
    pub(crate) fn keys(&self) -> Arc<KeyRing> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the keys: from now on only these sign tokens, and only their tokens are accepted.
    pub(crate) fn replace_keys(&self, keys: KeyRing) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        self.changed.send_replace(());
    }

    /// A token for a key, or `None` if it can't be encoded.
    pub(crate) fn issue(
        &self,
        organization: OrganizationId,
        key: &ApplicationKey,
        grant: Grant,
        audience: Audience,
        now: Timestamp,
    ) -> Option<Token> {
        let claims = Claims {
            aud: audience,
            sub: key.id.uuid(),
            name: (grant == Grant::ClientCredentials).then(|| key.name.as_str().into()),
            org: organization.uuid(),
            store: key.owner.store().map(StoreId::uuid),
            grant,
            access: key.access,
            reserved: key.reserved_rate_limit,
            iat_ms: 0,
            auth_ms: None,
            exp: 0,
        };
        self.sign(claims, now)
    }

    /// A token with these claims, issued now.
    fn sign(&self, claims: Claims, now: Timestamp) -> Option<Token> {
        let lifetime_seconds = claims.aud.lifetime_seconds();
        let expires_at = now.plus_milliseconds(lifetime_seconds * 1_000);
        let claims = Claims {
            iat_ms: now.as_milliseconds(),
            exp: expires_at.as_seconds(),
            ..claims
        };
        let keys = self.keys();
        let (key_id, mac) = keys.signing(now)?;
        let access_token = jws::sign(key_id, mac, &claims).ok()?;
        Some(Token {
            access_token,
            expires_at,
            lifetime_seconds,
            grant: claims.grant,
        })
    }

    /// A token that continues the session of this one; `None` if the token is young, or not valid.
    pub(crate) fn renew_session(&self, token: &str, now: Timestamp) -> Option<Token> {
        let verified = self.valid_for(Audience::Console, token, now).ok()?;
        let claims = &verified.claims;
        let age_ms = now.as_milliseconds().saturating_sub(claims.iat_ms);
        if age_ms < SESSION_RENEWED_AFTER_MILLISECONDS {
            return None;
        }
        let claims = Claims {
            auth_ms: claims.auth_ms.or(Some(claims.iat_ms)),
            ..claims.clone()
        };
        self.sign(claims, now)
    }

    /// The caller with this token, acting on behalf of the owner of its key.
    pub(crate) fn verify(
        &self,
        token: &str,
        audience: Audience,
        now: Timestamp,
    ) -> Result<Caller, AccessError> {
        let verified = self.valid_for(audience, token, now)?;
        let claims = &verified.claims;
        let key = KeyId::new(claims.sub);
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
            access: claims.access,
            reserved_rate_limit: claims.reserved,
        })
    }

    /// Time at which this token expires.
    ///
    /// # Errors
    /// [`AccessError::InvalidToken`] if it is not valid.
    pub(crate) fn expiry(&self, token: &str, now: Timestamp) -> Result<Timestamp, AccessError> {
        let expires_at = self.valid(token, now)?.claims.exp.saturating_mul(1_000);
        Timestamp::from_milliseconds(expires_at).ok_or(AccessError::InvalidToken)
    }

    /// The claims of a token that is valid now for this audience.
    fn valid_for(
        &self,
        audience: Audience,
        token: &str,
        now: Timestamp,
    ) -> Result<Arc<Verified>, AccessError> {
        let verified = self.valid(token, now)?;
        if verified.claims.aud == audience {
            Ok(verified)
        } else {
            Err(AccessError::InvalidToken)
        }
    }

    /// The claims of a token that is valid now for somebody.
    fn valid(&self, token: &str, now: Timestamp) -> Result<Arc<Verified>, AccessError> {
        let verified = self.verified(token, now)?;
        let claims = &verified.claims;
        if !claims.is_valid_at(now) || self.is_revoked(claims) {
            return Err(AccessError::InvalidToken);
        }
        Ok(verified)
    }

    /// The secret of the key with this client id, created by a request with an idempotency key. It is
    /// derived from a secret key, so it can't be computed without that, and need not be stored.
    pub(crate) fn secret_of(&self, scope: Scope, keyed: &Keyed, client_id: &str) -> [u8; 32] {
        let mut mac = self.keys().client_secrets();
        mac.update(scope.organization.uuid().as_bytes());
        mac.update(scope.acting.to_uuid(scope.organization).as_bytes());
        mac.update(&keyed.request.0);
        // All client ids have the same length, so no separator is needed after it.
        mac.update(client_id.as_bytes());
        mac.update(keyed.key.as_str().as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// The signing secret that a request with an idempotency key gives an integration, derived in the
    /// same way. The label keeps it apart from secrets of keys.
    pub(crate) fn signing_secret_of(&self, scope: Scope, keyed: &Keyed, salt: Uuid) -> [u8; 32] {
        self.secret_of(scope, keyed, &format!("integration {salt}"))
    }

    /// The claims of a token, if these servers issued it.
    fn verified(&self, token: &str, now: Timestamp) -> Result<Arc<Verified>, AccessError> {
        let keys = self.keys();
        if let Some(verified) = self.verified.get(token) {
            // The key may have been dropped since.
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

    fn is_revoked(&self, claims: &Claims) -> bool {
        let key = KeyId::new(claims.sub);
        let revoked = self.revoked.read().unwrap_or_else(PoisonError::into_inner);
        // A deleted key never comes back, so the time of issue doesn't matter: a token that was being
        // issued while the key was deleted is refused as well.
        if revoked.contains_key(&(key, RevokedGrants::All)) {
            return true;
        }
        let grants = match (claims.grant, claims.access) {
            (Grant::Implicit, _) => RevokedGrants::Implicit,
            (Grant::ClientCredentials, Access::Full) => RevokedGrants::FullAccess,
            (Grant::ClientCredentials, Access::Read) => return false,
        };
        let revoked_at = revoked.get(&(key, grants));
        let issued_at_ms = claims.auth_ms.unwrap_or(claims.iat_ms);
        revoked_at.is_some_and(|revoked_at| issued_at_ms <= revoked_at.as_milliseconds())
    }

    /// Adds revocations: from now on these tokens are refused as well.
    pub(crate) fn revoke(&self, revocations: impl IntoIterator<Item = Revocation>) {
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        let mut is_changed = false;
        for Revocation {
            key,
            grants,
            revoked_at,
        } in revocations
        {
            let known = revoked.get(&(key, grants));
            // Revocations are read again and again.
            if known.is_none_or(|known| *known < revoked_at) {
                revoked.insert((key, grants), revoked_at);
                is_changed = true;
            }
        }
        drop(revoked);
        if is_changed {
            self.changed.send_replace(());
        }
    }

    /// Forgets revocations up to a time, whose tokens have expired.
    pub(crate) fn forget_revocations(&self, until: Timestamp) {
        self.revoked
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|_, revoked_at| *revoked_at > until);
    }
}

/// The digest of a client secret. Secrets are random and 256 bits long, so a plain digest can't be
/// reversed by guessing.
pub(crate) fn hash_secret(secret: &str) -> SecretHash {
    SecretHash(Sha256::digest(secret.as_bytes()).into())
}

/// Whether it is the secret's digest, compared in constant time.
pub(crate) fn secret_matches(secret: &str, hash: &SecretHash) -> bool {
    hash_secret(secret).0.ct_eq(&hash.0).into()
}

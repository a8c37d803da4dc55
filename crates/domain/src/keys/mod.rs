//! Application keys: who may call, and for whom.

pub(crate) mod decide;

pub use decide::{CreateKey, DeleteKey, UpdateKey};

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::values::{KeyId, Owner, ProductText, Timestamp};

/// An application key. It acts for its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationKey {
    /// Names it.
    pub id: KeyId,
    /// Whose key it is.
    pub owner: Owner,
    /// What it is called.
    pub name: ProductText,
    /// What a client presents, together with the secret, to get a token.
    pub client_id: String,
    /// The digest of the secret, which itself is not kept.
    pub secret_hash: SecretHash,
    /// Requests per second kept free for this key, out of its store's rate limit.
    pub reserved_rate_limit: u32,
    /// Whether it gives tokens without its secret, for reading stock and locations.
    pub allow_implicit: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it last gave a token.
    pub last_used_at: Option<Timestamp>,
}

impl ApplicationKey {
    /// The most keys that one owner may have.
    pub const PER_OWNER_MAX: u64 = 1_000;
}

/// The digest of a client secret. It is never shown, not even in debug output.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretHash(pub [u8; 32]);

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// Which of a key's tokens stopped working when it was changed or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RevokedGrants {
    /// Those got without the secret until now: the key may give such tokens again later.
    Implicit,
    /// All of them, for ever: the key is gone.
    All,
}

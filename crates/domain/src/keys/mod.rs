//! Application keys: the credentials of callers, each of one owner.

pub(crate) mod decide;

pub use decide::{CreateKey, DeleteKey, UpdateKey};

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::values::{KeyId, Owner, ProductText, Timestamp};

/// An application key. It acts for its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationKey {
    /// The id of the key.
    pub id: KeyId,
    /// The owner of the key.
    pub owner: Owner,
    /// The name.
    pub name: ProductText,
    /// The id that a client presents, together with the secret, to get a token.
    pub client_id: String,
    /// The digest of the secret, which itself is not stored.
    pub secret_hash: SecretHash,
    /// Requests per second reserved for this key, out of its store's rate limit.
    pub reserved_rate_limit: u32,
    /// Whether it issues tokens without its secret, for reading stock and locations.
    pub allow_implicit: bool,
    /// What its tokens may be used for.
    #[serde(default, skip_serializing_if = "Access::is_full")]
    pub access: Access,
    /// Time of creation.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// Time at which it last issued a token.
    pub last_used_at: Option<Timestamp>,
}

impl ApplicationKey {
    /// The largest number of keys that one owner may have.
    pub const PER_OWNER_MAX: u64 = 1_000;
}

/// The application key that made something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActingKey {
    /// The key.
    pub key: KeyId,
    /// The name that the key had then, if it is known.
    pub name: Option<Arc<str>>,
}

/// What the tokens that a key issues for its secret may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// All that the owner of the key may do.
    #[default]
    Full,
    /// Reading, and trying out what a change would do.
    Read,
}

impl Access {
    /// Each of them.
    pub const ALL: [Self; 2] = [Self::Full, Self::Read];

    /// The access of this name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|access| access.as_str() == name)
    }

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Read => "read",
        }
    }

    /// Whether it is full.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Full)
    }
}

/// The digest of a client secret. It is never shown, not even in debug output.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretHash(pub [u8; 32]);

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// The tokens of a key that stopped working when it was changed or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RevokedGrants {
    /// Tokens issued without the secret until now: the key may issue such tokens again later.
    Implicit,
    /// Tokens of full access issued until now: the key may issue such tokens again later.
    FullAccess,
    /// All tokens, for ever: the key is deleted.
    All,
}

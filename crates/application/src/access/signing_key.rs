//! The keys that tokens are signed with: the newest one, and former ones, whose tokens are accepted
//! until they expire.
//!
//! Either an operator gives servers their key, or the database stores keys for all servers on it. Stored
//! keys are read several times a second, so that a new one is known everywhere before it signs.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use stockroom_domain::Timestamp;

use super::token::LIFETIME_SECONDS;
use crate::environment::Environment;
use crate::ports::{ServerState, StoreError};

/// The name under which the keys are stored.
const NAME: &str = "signing_keys";

/// The version of their stored form.
const FORMAT: u32 = 1;

/// The time between storing a new key and signing with it: within it every server has read the key, so
/// that none refuses a token signed by another one.
const KNOWN_AFTER_MILLISECONDS: i64 = 1_000;

/// The number of attempts to store a new key, if those of other operators are stored in between.
const ATTEMPTS_MAX: u32 = 8;

/// A key that tokens are signed with, given by an operator.
#[derive(Clone)]
pub struct SigningKey(Vec<u8>);

impl SigningKey {
    /// The smallest number of bytes of a signing key: that of the signature's digest.
    pub const BYTES_MIN: usize = 32;

    /// The key of these bytes, or `None` if they are fewer than [`BYTES_MIN`](Self::BYTES_MIN).
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (bytes.len() >= Self::BYTES_MIN).then_some(Self(bytes))
    }

    /// A random key.
    #[must_use]
    pub fn random(environment: &Environment) -> Self {
        Self(environment.random_bytes::<32>().to_vec())
    }
}

/// The result of making a new signing key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The id of the new key, which tokens name.
    pub key_id: String,
    /// Time until which tokens of the previous key are accepted; `None` if they are rejected at once.
    pub former_accepted_until: Option<Timestamp>,
}

/// The reason for which no new signing key was made.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The database stores none: its servers are given their key, or no server has started yet.
    #[error("the database keeps no signing key")]
    NoneKept,
    /// Too many former keys are still accepted.
    #[error("{accepted} signing keys are still accepted")]
    TooMany {
        /// The number of keys that are accepted.
        accepted: usize,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The largest number of keys that are accepted at once.
const ACCEPTED_MAX: usize = 16;

/// Makes a new signing key for all servers on the database. Tokens of the previous key are accepted
/// until they expire. If `drops_former`, they are rejected at once, and the key that secrets of
/// application keys are derived from is replaced as well: a repeated request can't get such a secret
/// again.
///
/// # Errors
/// [`RotationError`] if there is no key to replace, or the database fails.
pub async fn rotate_signing_key(
    database: &(impl ServerState + ?Sized),
    environment: &Environment,
    drops_former: bool,
) -> Result<Rotation, RotationError> {
    for _ in 0..ATTEMPTS_MAX {
        let kept = database.kept(NAME).await?.ok_or(RotationError::NoneKept)?;
        let mut keys = Kept::read(&kept)?;
        let former_accepted_until = if drops_former {
            keys = Kept::new(environment);
            None
        } else {
            Some(keys.rotate(environment)?)
        };
        if database.replace(NAME, &kept, &keys.to_bytes()?).await? {
            let ring = KeyRing::new(&keys, Vec::new()).ok_or_else(corrupt)?;
            let newest = ring.keys.last().ok_or_else(corrupt)?;
            return Ok(Rotation {
                key_id: newest.id.clone(),
                former_accepted_until,
            });
        }
    }
    let fault = "the signing keys kept being replaced by others";
    Err(StoreError::Unavailable(fault.into()).into())
}

/// The stored form of the keys. Bytes are in Base64, times in milliseconds since the Unix epoch.
#[derive(Serialize, Deserialize)]
struct Kept {
    format: u32,
    /// The key from which the secrets of application keys are derived that are created under an
    /// idempotency key. It outlives signing keys, so that a repeated request gets the same answer.
    client_secrets: String,
    /// The keys that are accepted, the newest last.
    keys: Vec<KeptKey>,
}

#[derive(Serialize, Deserialize)]
struct KeptKey {
    key: String,
    signs_from: Timestamp,
    accepted_until: Option<Timestamp>,
}

impl Kept {
    /// A first key, which signs at once.
    fn new(environment: &Environment) -> Self {
        let secret = || BASE64.encode(environment.random_bytes::<32>());
        let key = KeptKey {
            key: secret(),
            signs_from: environment.now(),
            accepted_until: None,
        };
        Self {
            format: FORMAT,
            client_secrets: secret(),
            keys: vec![key],
        }
    }

    fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        let kept: Self = serde_json::from_slice(bytes).map_err(|_| corrupt())?;
        if kept.format == FORMAT {
            Ok(kept)
        } else {
            Err(corrupt())
        }
    }

    fn to_bytes(&self) -> Result<Vec<u8>, StoreError> {
        serde_json::to_vec(self).map_err(|error| StoreError::Failed(Box::new(error)))
    }

    /// Adds a key, and returns the time until which the previous one is accepted: its last token expires
    /// then.
    fn rotate(&mut self, environment: &Environment) -> Result<Timestamp, RotationError> {
        let now = environment.now();
        let is_accepted = |key: &KeptKey| {
            key.accepted_until
                .is_none_or(|accepted_until| now < accepted_until)
        };
        self.keys.retain(is_accepted);
        if self.keys.len() >= ACCEPTED_MAX {
            let accepted = self.keys.len();
            return Err(RotationError::TooMany { accepted });
        }
        let signs_from = now.plus_milliseconds(KNOWN_AFTER_MILLISECONDS);
        let accepted_until = signs_from.plus_milliseconds(LIFETIME_SECONDS * 1_000);
        if let Some(former) = self.keys.last_mut() {
            former.accepted_until = Some(accepted_until);
        }
        self.keys.push(KeptKey {
            key: BASE64.encode(environment.random_bytes::<32>()),
            signs_from,
            accepted_until: None,
        });
        Ok(accepted_until)
    }
}

fn corrupt() -> StoreError {
    StoreError::Corrupt {
        table: "server_state",
        column: "value",
        row: NAME.to_owned(),
    }
}

/// The keys in the form used to sign and verify tokens.
pub(crate) struct KeyRing {
    /// The keys; never empty, the newest last.
    keys: Vec<Key>,
    client_secrets: Hmac<Sha256>,
    /// The bytes that they were read from; empty for a key that was given.
    bytes: Vec<u8>,
}

struct Key {
    id: String,
    mac: Hmac<Sha256>,
    signs_from: Timestamp,
    accepted_until: Option<Timestamp>,
}

impl KeyRing {
    /// A ring of one key, given by an operator.
    pub(crate) fn given(key: &SigningKey) -> Self {
        Self {
            keys: vec![Key::new(&key.0, Timestamp::UNIX_EPOCH, None)],
            client_secrets: client_secrets(&key.0),
            bytes: Vec::new(),
        }
    }

    /// The keys that the database stores; a first one is made if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails, or the stored keys can't be read.
    pub(crate) async fn open(
        database: &(impl ServerState + ?Sized),
        environment: &Environment,
    ) -> Result<Self, StoreError> {
        let candidate = Kept::new(environment).to_bytes()?;
        Self::read(database.get_or_keep(NAME, &candidate).await?)
    }

    /// The keys that the database stores now, if they differ from these.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails, or the stored keys can't be read.
    pub(crate) async fn renewed(
        &self,
        database: &(impl ServerState + ?Sized),
    ) -> Result<Option<Self>, StoreError> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let kept = database.kept(NAME).await?.ok_or_else(corrupt)?;
        if kept == self.bytes {
            return Ok(None);
        }
        Self::read(kept).map(Some)
    }

    fn read(bytes: Vec<u8>) -> Result<Self, StoreError> {
        let kept = Kept::read(&bytes)?;
        Self::new(&kept, bytes).ok_or_else(corrupt)
    }

    fn new(kept: &Kept, bytes: Vec<u8>) -> Option<Self> {
        let secret = |text: &str| {
            let bytes = BASE64.decode(text).ok()?;
            (bytes.len() >= SigningKey::BYTES_MIN).then_some(bytes)
        };
        let keys = kept.keys.iter().map(|key| {
            let bytes = secret(&key.key)?;
            Some(Key::new(&bytes, key.signs_from, key.accepted_until))
        });
        let keys = keys.collect::<Option<Vec<_>>>()?;
        (!keys.is_empty()).then_some(Self {
            keys,
            client_secrets: client_secrets(&secret(&kept.client_secrets)?),
            bytes,
        })
    }

    /// The key that signs at `now`, and its id: the newest that all servers know.
    pub(crate) fn signing(&self, now: Timestamp) -> Option<(&str, Hmac<Sha256>)> {
        let newest = self.keys.iter().rfind(|key| key.signs_from <= now);
        // If this clock is behind that of the machine that made the first key, the first key signs.
        let key = newest.or(self.keys.first())?;
        Some((&key.id, key.mac.clone()))
    }

    /// The key with this id, if its tokens are accepted at `now`.
    pub(crate) fn accepted(&self, id: &str, now: Timestamp) -> Option<Hmac<Sha256>> {
        let key = self.keys.iter().find(|key| key.id == id)?;
        let is_accepted = key.accepted_until.is_none_or(|until| now < until);
        is_accepted.then(|| key.mac.clone())
    }

    /// The key from which secrets of application keys are derived that a repeated request must get
    /// again.
    pub(crate) fn client_secrets(&self) -> Hmac<Sha256> {
        self.client_secrets.clone()
    }
}

impl Key {
    /// A key with an id that is derived from its bytes, so that all servers that are given the key use
    /// the same id.
    fn new(bytes: &[u8], signs_from: Timestamp, accepted_until: Option<Timestamp>) -> Self {
        let mac = mac(bytes);
        let digest = mac.clone().chain_update(b"key_id").finalize().into_bytes();
        Self {
            id: BASE64.encode(&digest[..9]),
            mac,
            signs_from,
            accepted_until,
        }
    }
}

fn client_secrets(bytes: &[u8]) -> Hmac<Sha256> {
    mac(bytes).chain_update(b"client_secret")
}

fn mac(bytes: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(bytes).expect("a key of any length is one")
}

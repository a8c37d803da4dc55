//! The keys that tokens are signed with: a newest one, and those before it, whose tokens are
//! accepted until they have run out.
//!
//! An operator gives servers their key, or else the database keeps keys for all servers on it. Those
//! are read several times a second, so that a new one is known everywhere before it signs.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use stockroom_domain::Timestamp;

use super::token::LIFETIME_SECONDS;
use crate::environment::Environment;
use crate::ports::{ServerState, StoreError};

/// The name that the keys are kept under.
const NAME: &str = "signing_keys";

/// The version of the form in which they are kept.
const FORMAT: u32 = 1;

/// How long a new key is kept before it signs: within that time every server has read it, and
/// refuses no token of another one.
const KNOWN_AFTER_MILLISECONDS: i64 = 1_000;

/// How often a key is put in its place again, where another operator's comes between.
const ATTEMPTS_MAX: u32 = 8;

/// The key that tokens are signed with, as an operator gives it.
#[derive(Clone)]
pub struct SigningKey(Vec<u8>);

impl SigningKey {
    /// The fewest bytes that a signing key may have: as many as the signature's digest.
    pub const BYTES_MIN: usize = 32;

    /// The key of these bytes, or `None` if they are fewer than [`BYTES_MIN`](Self::BYTES_MIN).
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (bytes.len() >= Self::BYTES_MIN).then_some(Self(bytes))
    }

    /// A key that nobody else knows.
    #[must_use]
    pub fn random(environment: &Environment) -> Self {
        Self(environment.random_bytes::<32>().to_vec())
    }
}

/// What came of making a new signing key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The id of the new key, which tokens name.
    pub key_id: String,
    /// The end of the time in which tokens of the key before it are accepted; `None` if it has gone
    /// at once.
    pub former_accepted_until: Option<Timestamp>,
}

/// Why no new signing key was made.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The database keeps none: its servers are given theirs, or none has started yet.
    #[error("the database keeps no signing key")]
    NoneKept,
    /// Too many are accepted still.
    #[error("{accepted} signing keys are accepted still")]
    TooMany {
        /// The number of keys that are accepted.
        accepted: usize,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The most keys that are accepted at once.
const ACCEPTED_MAX: usize = 16;

/// Makes a new signing key for all servers on the database. Tokens of the one before it are accepted
/// until they have run out; if `drops_former`, no longer at all, and what else followed from the former
/// keys doesn't any more, either: secrets of application keys aren't answered again.
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
    let fault = "the signing keys were replaced again and again meanwhile";
    Err(StoreError::Unavailable(fault.into()).into())
}

/// The keys as the database keeps them. Bytes are in Base64, times in milliseconds since the Unix
/// epoch.
#[derive(Serialize, Deserialize)]
struct Kept {
    format: u32,
    /// What the secrets of keys follow from that are created by requests that may be sent again. It
    /// outlives signing keys, so that such a request is answered the same.
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

    /// Adds a key, and gives the end of the time in which the one before it is accepted: its last
    /// token has run out then.
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

/// The keys as tokens are signed and verified with them.
pub(crate) struct KeyRing {
    /// Never empty; the newest last.
    keys: Vec<Key>,
    client_secrets: Hmac<Sha256>,
    /// The bytes that they were read from; none of a key that was given.
    bytes: Vec<u8>,
}

struct Key {
    id: String,
    mac: Hmac<Sha256>,
    signs_from: Timestamp,
    accepted_until: Option<Timestamp>,
}

impl KeyRing {
    /// The key that an operator gives, alone.
    pub(crate) fn given(key: &SigningKey) -> Self {
        Self {
            keys: vec![Key::new(&key.0, Timestamp::UNIX_EPOCH, None)],
            client_secrets: client_secrets(&key.0),
            bytes: Vec::new(),
        }
    }

    /// The keys that the database keeps; a first one is made if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails, or keeps what can't be read.
    pub(crate) async fn open(
        database: &(impl ServerState + ?Sized),
        environment: &Environment,
    ) -> Result<Self, StoreError> {
        let candidate = Kept::new(environment).to_bytes()?;
        Self::read(database.get_or_keep(NAME, &candidate).await?)
    }

    /// The keys that the database keeps now, if they are others than these.
    ///
    /// # Errors
    /// [`StoreError`] if the database fails, or keeps what can't be read.
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

    /// The key that signs at `now`, and its id: the newest that other servers know of.
    pub(crate) fn signing(&self, now: Timestamp) -> Option<(&str, Hmac<Sha256>)> {
        let newest = self.keys.iter().rfind(|key| key.signs_from <= now);
        // Where the clock is behind that of the machine that made the first key, that one signs.
        let key = newest.or(self.keys.first())?;
        Some((&key.id, key.mac.clone()))
    }

    /// The key with this id, if tokens of it are accepted at `now`.
    pub(crate) fn accepted(&self, id: &str, now: Timestamp) -> Option<Hmac<Sha256>> {
        let key = self.keys.iter().find(|key| key.id == id)?;
        let is_accepted = key.accepted_until.is_none_or(|until| now < until);
        is_accepted.then(|| key.mac.clone())
    }

    /// Where secrets of keys come from that have to be the same when they are asked for again.
    pub(crate) fn client_secrets(&self) -> Hmac<Sha256> {
        self.client_secrets.clone()
    }
}

impl Key {
    /// The id follows from the key, so that all servers that are given one call it the same.
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

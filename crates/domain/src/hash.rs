//! The hash chain: each ledger entry proves the ones in front of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    Balance, BatchId, Entry, IdempotencyKey, KeyId, LocationId, Owner, Reason, Reference, Stock,
    TransactionId,
};

/// Says which content, in which order, is hashed. Another layout would get another number.
const LAYOUT: &[u8] = b"stockroom ledger 1";

/// The hash of an entry's content and of the entry in front of it (BLAKE3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntryHash(pub [u8; 32]);

impl TryFrom<String> for EntryHash {
    type Error = blake3::HexError;

    fn try_from(text: String) -> Result<Self, blake3::HexError> {
        blake3::Hash::from_hex(text).map(|hash| Self(*hash.as_bytes()))
    }
}

impl From<EntryHash> for String {
    fn from(hash: EntryHash) -> Self {
        hash.to_string()
    }
}

/// In hexadecimal digits.
impl fmt::Display for EntryHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl EntryHash {
    /// What the first entry of a stock's ledger comes after: the stock's identity.
    #[must_use]
    pub fn start(stock: &Stock) -> Self {
        let mut content = Content::new();
        content.bytes(LAYOUT);
        content.bytes(stock.id.uuid().as_bytes());
        content.bytes(stock.product.uuid().as_bytes());
        for owner in [stock.owner, stock.product_owner] {
            match owner {
                Owner::Organization => content.absent(),
                Owner::Store(store) => content.bytes(store.uuid().as_bytes()),
            }
        }
        content.hash()
    }
}

impl fmt::Debug for EntryHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntryHash({self})")
    }
}

impl Entry {
    /// The hash that this entry has if it comes after an entry with the hash `previous`: of that
    /// hash, and of all that the entry holds. Each part is preceded by its length, so that none
    /// can lend a byte to its neighbour, and an absent one differs from an empty one.
    #[must_use]
    pub fn seal(&self, previous: EntryHash) -> EntryHash {
        let mut content = Content::new();
        content.bytes(&previous.0);
        content.bytes(self.id.uuid().as_bytes());
        content.bytes(self.stock.uuid().as_bytes());
        content.number(self.sequence);
        content.optional(self.location.map(LocationId::uuid).as_ref());
        content.bytes(self.action.as_str().as_bytes());
        content.number(self.quantity.get());
        for Balance {
            available,
            allocated,
        } in [self.balance, self.sums]
        {
            content.number(available.get());
            content.number(allocated.get());
        }
        let texts = [
            self.annotation.reason.as_ref().map(Reason::as_str),
            self.annotation.reference.as_ref().map(Reference::as_str),
            self.idempotency_key.as_ref().map(IdempotencyKey::as_str),
        ];
        for text in texts {
            content.optional(text);
        }
        let ids = [
            self.batch.map(BatchId::uuid),
            self.undoes.map(TransactionId::uuid),
            self.actor.map(KeyId::uuid),
        ];
        for id in &ids {
            content.optional(id.as_ref());
        }
        content.bytes(&self.created_at.as_milliseconds().to_le_bytes());
        content.hash()
    }
}

/// What is to be hashed. It is gathered first: hashing many small pieces takes longer.
struct Content(Vec<u8>);

impl Content {
    /// Most entries take less.
    const CAPACITY: usize = 256;

    fn new() -> Self {
        Self(Vec::with_capacity(Self::CAPACITY))
    }

    fn absent(&mut self) {
        self.0.push(u8::MAX);
    }

    fn optional(&mut self, part: Option<&(impl AsRef<[u8]> + ?Sized)>) {
        match part {
            Some(part) => self.bytes(part.as_ref()),
            None => self.absent(),
        }
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    /// A length below 255 takes one byte, any other nine that begin with 254.
    fn bytes(&mut self, part: &[u8]) {
        match u8::try_from(part.len()) {
            Ok(length) if length < 254 => self.0.push(length),
            _ => {
                self.0.push(254);
                let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
                self.0.extend(length.to_le_bytes());
            }
        }
        self.0.extend(part);
    }

    fn hash(&self) -> EntryHash {
        EntryHash(*blake3::hash(&self.0).as_bytes())
    }
}

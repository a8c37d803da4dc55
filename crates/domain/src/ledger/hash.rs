//! The hash chain: each ledger entry proves the previous ones.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::balance::Balance;
use super::entry::{Annotation, Entry};
use crate::values::{
    BatchId, IdempotencyKey, KeyId, LocationId, Owner, ProductId, Reason, Reference, StockId,
    Timestamp, TransactionId,
};

/// The version of the layout of hashed content, which is hashed with it. A layout that hashes the parts
/// of an entry differently gets another number; a new part gets a [`Tag`].
const LAYOUT: u8 = 1;

/// Distinguishes the content that a ledger starts with from all other content.
const START: &[u8] = b"stockroom ledger";

/// The hash (BLAKE3) of an entry's content and of the previous entry's hash.
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
    /// The hash before the first entry of a stock's ledger: that of the stock's identity.
    #[must_use]
    pub fn start(stock: StockId, product: ProductId, owner: Owner, product_owner: Owner) -> Self {
        let mut content = Content::new();
        content.bytes(START);
        content.bytes(&[LAYOUT]);
        content.bytes(stock.uuid().as_bytes());
        content.bytes(product.uuid().as_bytes());
        for owner in [owner, product_owner] {
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
    /// The hash of this entry if it comes after an entry with the hash `previous`: of that hash, and of
    /// every field of the entry. Each part is preceded by its length, so that a byte can't move from one
    /// part to its neighbour. Optional parts are preceded by their tag and left out when absent, so that
    /// a part added to entries later doesn't change the hashes of old ones.
    #[must_use]
    pub fn seal(&self, previous: EntryHash) -> EntryHash {
        // Destructured in full, so that a new field can't be forgotten.
        let Self {
            id,
            stock,
            sequence,
            location,
            action,
            quantity,
            balance,
            sums,
            annotation: Annotation { reason, reference },
            idempotency_key,
            batch,
            undoes,
            actor,
            as_of,
            created_at,
            hash: _,
        } = self;
        let mut content = Content::new();
        content.bytes(&[LAYOUT]);
        content.bytes(&previous.0);
        content.bytes(id.uuid().as_bytes());
        content.bytes(stock.uuid().as_bytes());
        content.number(*sequence);
        content.bytes(action.as_str().as_bytes());
        content.number(quantity.get());
        for Balance {
            available,
            allocated,
        } in [balance, sums]
        {
            content.number(available.get());
            content.number(allocated.get());
        }
        content.time(*created_at);
        content.optional(Tag::Location, location.map(LocationId::uuid).as_ref());
        content.optional(Tag::Reason, reason.as_ref().map(Reason::as_str));
        content.optional(Tag::Reference, reference.as_ref().map(Reference::as_str));
        let key = idempotency_key.as_ref().map(IdempotencyKey::as_str);
        content.optional(Tag::IdempotencyKey, key);
        content.optional(Tag::Batch, batch.map(BatchId::uuid).as_ref());
        content.optional(Tag::Undoes, undoes.map(TransactionId::uuid).as_ref());
        content.optional(Tag::Actor, actor.map(KeyId::uuid).as_ref());
        if let Some(as_of) = as_of {
            content.tag(Tag::AsOf);
            content.time(*as_of);
        }
        content.hash()
    }
}

/// The optional parts of an entry, in the order in which they are hashed. A number is never reused for
/// another part.
#[derive(Clone, Copy)]
enum Tag {
    Location = 1,
    Reason = 2,
    Reference = 3,
    IdempotencyKey = 4,
    Batch = 5,
    Undoes = 6,
    Actor = 7,
    AsOf = 8,
}

impl Tag {
    #[expect(clippy::as_conversions, reason = "the numbers are those above")]
    const fn number(self) -> u8 {
        self as u8
    }
}

/// The content to be hashed. It is collected first: hashing many small pieces takes longer.
struct Content(Vec<u8>);

impl Content {
    /// The number of bytes reserved; most entries take fewer.
    const CAPACITY: usize = 256;

    fn new() -> Self {
        Self(Vec::with_capacity(Self::CAPACITY))
    }

    fn absent(&mut self) {
        self.0.push(u8::MAX);
    }

    fn tag(&mut self, tag: Tag) {
        self.0.push(tag.number());
    }

    fn optional(&mut self, tag: Tag, part: Option<&(impl AsRef<[u8]> + ?Sized)>) {
        if let Some(part) = part {
            self.tag(tag);
            self.bytes(part.as_ref());
        }
    }

    fn time(&mut self, time: Timestamp) {
        self.bytes(&time.as_milliseconds().to_le_bytes());
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

//! Batches: the entries made by one bulk request.

use uuid::Uuid;

use crate::values::{BatchId, Owner, ProductId, StockId};

/// The entries made by one bulk request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The id of the batch.
    pub id: BatchId,
    /// The owner on whose behalf the request was made.
    pub owner: Owner,
    /// The entries, in order.
    pub entries: Vec<BatchEntry>,
}

/// A reference to an entry of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchEntry {
    /// The product.
    pub product: ProductId,
    /// Its stock at that time.
    pub stock: StockId,
    /// The entry's place in the ledger.
    pub sequence: u64,
}

impl BatchEntry {
    /// The number of bytes that one takes in a database.
    const BYTES: usize = 40;

    /// The stored form of entries, one after the other: for each the product, its stock and the number,
    /// most significant byte first.
    #[must_use]
    pub fn to_bytes(entries: &[Self]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(entries.len().saturating_mul(Self::BYTES));
        for entry in entries {
            bytes.extend(entry.product.uuid().as_bytes());
            bytes.extend(entry.stock.uuid().as_bytes());
            bytes.extend(entry.sequence.to_be_bytes());
        }
        bytes
    }

    /// The entries whose form these bytes are (see [`to_bytes`](Self::to_bytes)); `None` if they are not
    /// such a form.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Vec<Self>> {
        bytes.chunks(Self::BYTES).map(Self::read).collect()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (product, rest) = bytes.split_first_chunk()?;
        let (stock, rest) = rest.split_first_chunk()?;
        Some(Self {
            product: ProductId::new(Uuid::from_bytes(*product)),
            stock: StockId::new(Uuid::from_bytes(*stock)),
            sequence: u64::from_be_bytes(rest.try_into().ok()?),
        })
    }
}

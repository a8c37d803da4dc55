//! The hash chain.

use stockroom_domain::{
    Annotation, BatchId, Entry, EntryAction, EntryHash, IdempotencyKey, KeyId, LocationId, Reason,
    Reference, StockId, TransactionId,
};

use crate::scene::{at, balance, id, quantity};

fn entry() -> Entry {
    Entry {
        id: id::<TransactionId>(1),
        stock: id::<StockId>(2),
        sequence: 3,
        location: None,
        action: EntryAction::Increment,
        quantity: quantity(4),
        balance: balance(5, 6),
        sums: balance(7, 8),
        annotation: Annotation::default(),
        idempotency_key: None,
        batch: None,
        undoes: None,
        actor: None,
        as_of: None,
        created_at: at(0),
        hash: EntryHash([0; 32]),
    }
}

/// Any other content has another hash, and so has the same content behind another entry.
#[test]
fn a_hash_is_of_everything_in_an_entry() {
    let changes: [fn(&mut Entry); 20] = [
        |entry| entry.id = id::<TransactionId>(0x10),
        |entry| entry.stock = id::<StockId>(0x11),
        |entry| entry.sequence = 4,
        |entry| entry.location = Some(id::<LocationId>(0x12)),
        |entry| entry.action = EntryAction::Decrement,
        |entry| entry.quantity = quantity(5),
        |entry| entry.balance.available = quantity(6),
        |entry| entry.balance.allocated = quantity(7),
        |entry| entry.sums.available = quantity(8),
        |entry| entry.sums.allocated = quantity(9),
        |entry| entry.annotation.reason = Reason::new("reason", "text").ok(),
        |entry| entry.annotation.reference = Reference::new("reference", "text").ok(),
        |entry| entry.idempotency_key = IdempotencyKey::new("text").ok(),
        |entry| entry.batch = Some(id::<BatchId>(0x13)),
        |entry| entry.undoes = Some(id::<TransactionId>(0x13)),
        |entry| entry.actor = Some(id::<KeyId>(0x13)),
        |entry| entry.as_of = Some(at(0)),
        |entry| entry.created_at = at(1),
        // Of the length that takes nine bytes to say.
        |entry| entry.annotation.reason = Reason::new("reason", "ä".repeat(200)).ok(),
        |entry| entry.annotation.reason = Reason::new("reason", "ä".repeat(201)).ok(),
    ];
    let previous = EntryHash([1; 32]);
    let mut hashes = vec![entry().seal(previous), entry().seal(EntryHash([2; 32]))];
    for change in changes {
        let mut other = entry();
        change(&mut other);
        hashes.push(other.seal(previous));
    }
    for (place, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..place].contains(hash), "hash {place}");
    }
}

/// The hash itself isn't part of what it is of.
#[test]
fn a_hash_can_be_computed_again() {
    let mut entry = entry();
    let hash = entry.seal(EntryHash([1; 32]));
    entry.hash = hash;
    assert_eq!(entry.seal(EntryHash([1; 32])), hash);
}

/// Ledgers that are there have these hashes: a part that is added to entries must not change them.
#[test]
fn hashes_stay_the_same() {
    let previous = EntryHash([1; 32]);
    let mut full = entry();
    full.location = Some(id::<LocationId>(7));
    full.annotation.reason = Reason::new("reason", "damaged").ok();
    full.annotation.reference = Reference::new("reference", "ticket 8").ok();
    full.idempotency_key = IdempotencyKey::new("once").ok();
    full.batch = Some(id::<BatchId>(9));
    full.undoes = Some(id::<TransactionId>(10));
    full.actor = Some(id::<KeyId>(11));
    full.as_of = Some(at(-1));
    let hashes = [entry(), full].map(|entry| entry.seal(previous).to_string());
    assert_eq!(
        hashes,
        [
            "d69721f54a78e345e2e57a652f5bb66565b16d7e00774dde4521a51e7e72f539",
            "03cfda2c821bbc505044bb38a91237b9e026a283d221b408e7eec79132f84c52",
        ]
    );
}

//! The stored form of the items of receipts: what any version has written, every later one reads.
//!
//! The file beside this one is what was written. If a change to a type adds to it, the first test fails: add what
//! is written now as a file with the next number, and leave the files that are there as they are.

use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Arrival, OrganizationId, Owner, Quantity, Receipt, StoreId, Supplier, Timestamp, Transfer,
    TransferId, TransferKind, TransferLine, TransferOrigin, TransferProgress, TransferState,
};
use stockroom_sql::{ReceiptRow, Slugs, TransferLineRow, TransferRow};
use uuid::Uuid;

/// What was written of a receipt's items; the newest last.
const ITEMS: [&str; 1] = [include_str!("receipts-1.json")];

const ORGANIZATION: OrganizationId = OrganizationId::new(Uuid::from_u128(1));

fn pieces(pieces: u64) -> Quantity {
    Quantity::new(pieces).expect("a quantity")
}

fn line(product: u128, arrival: &Arrival) -> TransferLine {
    let taken = pieces(arrival.taken());
    TransferLine {
        product: Uuid::from_u128(product).into(),
        stock: Some(Uuid::from_u128(9).into()),
        quantity: taken,
        allocated: Quantity::ZERO,
        in_transit: Quantity::ZERO,
        received: arrival.received,
        damaged: arrival.damaged,
        missing: arrival.missing,
        cancelled: Quantity::ZERO,
        surplus: arrival.surplus,
    }
}

/// A delivery of two products with one receipt.
fn delivery() -> Transfer {
    let sound = Arrival::received(pieces(3));
    let other = Arrival {
        received: Quantity::ZERO,
        damaged: pieces(1),
        missing: pieces(2),
        surplus: pieces(4),
    };
    let at = Timestamp::UNIX_EPOCH;
    Transfer {
        id: TransferId::new(Uuid::from_u128(5)),
        owner: Owner::Store(StoreId::new(Uuid::from_u128(6))),
        from: TransferOrigin::Supplier(Supplier::new("supplier", "ACME").expect("a text")),
        to: None,
        progress: TransferProgress {
            kind: TransferKind::Delivery,
            state: TransferState::Received,
            lines: vec![line(1, &sound), line(2, &other)],
            receipts: vec![Receipt {
                id: Uuid::from_u128(7).into(),
                at,
                items: vec![
                    (Uuid::from_u128(1).into(), sound),
                    (Uuid::from_u128(2).into(), other),
                ],
                undone_at: None,
            }],
        },
        reference: None,
        note: None,
        expected_at: None,
        announced: None,
        actor: None,
        created_at: at,
        updated_at: at,
        version: 2,
    }
}

fn read(items: &str, quantity: i64) -> Result<Transfer, StoreError> {
    let transfer = delivery();
    let mut lines = TransferLineRow::of(&transfer);
    if let Some(line) = lines.first_mut() {
        line.quantity = quantity;
    }
    let mut receipts = ReceiptRow::of(&transfer);
    if let Some(receipt) = receipts.first_mut() {
        items.trim().clone_into(&mut receipt.items);
    }
    let row = TransferRow::of(&transfer, ORGANIZATION);
    row.decode(ORGANIZATION, &Slugs::new(), lines, receipts)
}

#[test]
fn what_is_written_is_what_the_newest_file_says() {
    let [receipt] = &ReceiptRow::of(&delivery())[..] else {
        panic!("there is one receipt")
    };
    assert_eq!(Some(&receipt.items.as_str()), ITEMS.map(str::trim).last());
}

#[test]
fn what_was_ever_written_can_be_read() {
    for items in ITEMS {
        assert_eq!(read(items, 3).expect("it can be read"), delivery());
    }
}

#[test]
fn what_does_not_add_up_or_no_version_has_written_is_not_read() {
    let column = |items: &str, quantity| match read(items, quantity) {
        Err(StoreError::Corrupt { column, .. }) => column,
        other => panic!("{other:?}"),
    };
    let items = ITEMS[0];
    assert_eq!(column(items, 4), "state");
    assert_eq!(column(&items.replace(":4}", ":5}"), 3), "state");
    assert_eq!(
        column(&items.replace("\"format\":1", "\"format\":2"), 3),
        "items"
    );
    assert_eq!(column("", 3), "items");
}

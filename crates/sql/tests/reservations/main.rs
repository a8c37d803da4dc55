//! The stored form of the items of reservations as they were sent: what any version has written, every later
//! one reads.
//!
//! The file beside this one is what was written. If a change to a type adds to it, the first test fails and
//! shows what is written now: add that as a file with the next number, and leave the files that are there as
//! they are.

use std::collections::BTreeMap;

use serde_json::Value;
use stockroom_application::ports::StoreError;
use stockroom_domain::{
    Geolocation, LocationId, OrganizationId, Owner, Quantity, Reservation, ReservationState,
    ReservedLine, SentItem, SentItems, SentPlace, Slug, Sourcing, SourcingOrder, Split, StockKey,
    Timestamp,
};
use stockroom_sql::{ReservationRow, ReservedRow};
use uuid::Uuid;

/// What was written of the items; the newest last.
const ITEMS: [&str; 1] = [include_str!("sent_items-1.json")];

const ORGANIZATION: OrganizationId = OrganizationId::new(Uuid::from_u128(1));

fn golden(file: &str) -> BTreeMap<String, Value> {
    serde_json::from_str(file).expect("a golden file is an object of items")
}

fn slug(text: &str) -> Slug {
    Slug::new(text).expect("a slug")
}

fn samples() -> BTreeMap<&'static str, SentItems> {
    let item = |place, lines| SentItem { place, lines };
    let near = Geolocation::new(52.5, 13.4).expect("a point");
    let only = vec!["berlin".to_owned(), "paris".to_owned()];
    let nearest = Sourcing::new(SourcingOrder::Nearest(near), Split::Units, Some(only));
    [
        (
            "placed by default",
            SentItems {
                sourcing: Some(Sourcing::default()),
                items: vec![item(SentPlace::Named, 1), item(SentPlace::Unnamed, 1)],
            },
        ),
        (
            "placed by all rules",
            SentItems {
                sourcing: nearest.ok(),
                items: vec![item(SentPlace::Unnamed, 2)],
            },
        ),
        (
            "moved",
            SentItems {
                sourcing: None,
                items: vec![
                    item(SentPlace::Moved(Some(slug("berlin"))), 1),
                    item(SentPlace::Moved(None), 1),
                ],
            },
        ),
    ]
    .into()
}

/// A reservation of two lines with these items.
fn reservation(sent: SentItems) -> Reservation {
    let line = |location: Option<&str>| ReservedLine {
        stock: Uuid::from_u128(3).into(),
        key: StockKey {
            product: Uuid::from_u128(4).into(),
            owner: Owner::Organization,
        },
        location: location.map(|text| (LocationId::new(Uuid::from_u128(5)), slug(text))),
        quantity: Quantity::new(2).expect("a quantity"),
        fulfilled: Quantity::ZERO,
        released: Quantity::ZERO,
        returned: Quantity::ZERO,
    };
    Reservation {
        id: Uuid::from_u128(2).into(),
        owner: Owner::Organization,
        order: None,
        hold_reason: None,
        state: ReservationState::Paid,
        lines: vec![line(Some("berlin")), line(None)],
        sent: Some(Box::new(sent)),
        actor: None,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        version: 1,
    }
}

/// Reads a reservation with this text in its row.
fn read(reservation: &Reservation, sent: &str) -> Result<Reservation, StoreError> {
    let row = ReservationRow {
        sent: Some(sent.to_owned()),
        ..ReservationRow::of(reservation, ORGANIZATION)
    };
    let lines = reservation.lines.iter().map(|line| ReservedRow {
        stock_id: line.stock.uuid(),
        product_id: line.key.product.uuid(),
        stock_owner_id: line.key.owner.to_uuid(ORGANIZATION),
        location_id: line.location.as_ref().map(|(location, _)| location.uuid()),
        slug: line.location.as_ref().map(|(_, slug)| slug.to_string()),
        quantity: line.quantity.into(),
        fulfilled: line.fulfilled.into(),
        released: line.released.into(),
        returned: line.returned.into(),
    });
    row.decode(ORGANIZATION, lines)
}

#[test]
fn what_is_written_is_what_the_newest_file_says() {
    let newest = ITEMS.last().map(|file| golden(file)).unwrap_or_default();
    let written: BTreeMap<String, Value> = samples()
        .into_iter()
        .map(|(name, sent)| {
            let row = ReservationRow::of(&reservation(sent), ORGANIZATION);
            let text = row.sent.expect("it says more than the lines");
            let value = serde_json::from_str(&text).expect("it is JSON");
            (name.to_owned(), value)
        })
        .collect();
    let shown = serde_json::to_string_pretty(&written).expect("it is JSON");
    assert!(written == newest, "now written:\n{shown}\n");
}

#[test]
fn what_was_ever_written_is_read() {
    let samples = samples();
    for file in ITEMS {
        for (name, stored) in golden(file) {
            let sent = samples.get(name.as_str()).expect("a sample").clone();
            let reservation = reservation(sent);
            let found = read(&reservation, &stored.to_string());
            assert_eq!(found.ok(), Some(reservation), "{name}");
        }
    }
}

#[test]
fn what_says_something_else_than_the_lines_is_an_error() {
    let reservation = reservation(samples().remove("moved").expect("a sample"));
    for sent in [
        "",
        "{}",
        r#"{"format":2,"sent":{"sourcing":null,"items":[]}}"#,
        // Two lines are of no item.
        r#"{"format":1,"sent":{"sourcing":null,"items":[]}}"#,
        // An item that names its place has one line.
        r#"{"format":1,"sent":{"sourcing":null,"items":[{"place":"Named","lines":2}]}}"#,
        r#"{"format":1,"sent":{"sourcing":null,"items":[{"place":"Unnamed","lines":3}]}}"#,
    ] {
        let found = read(&reservation, sent);
        assert!(matches!(found, Err(StoreError::Corrupt { .. })), "{sent}");
    }
}

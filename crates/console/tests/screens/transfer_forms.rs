//! The forms for new transfers and deliveries, and for editing them.

use axum::http::StatusCode;
use stockroom_domain::{Quantity, Transfer, TransferOrigin, TransferState};

use crate::support::{Answer, Shop, product};
use crate::transfers::{available, delivery, make, moved, now, path};

/// The only transfer that there is.
async fn only(shop: &Shop) -> Transfer {
    let owner = shop.owner();
    let page = stockroom_application::PageRequest::from_offset(2, 0);
    let found = shop
        .stockroom
        .list_transfers(owner.administrator(), &[], page);
    let mut found = found.await.unwrap().items;
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn shown(shop: &Shop, page: &Answer) -> String {
    page.main_of_any_showing()
        .replace(&shop.store.id.to_string(), "STORE")
}

#[tokio::test]
async fn a_transfer_is_made_in_each_state() {
    for (state, berlin, paris) in [
        (TransferState::Draft, 5, 0),
        (TransferState::Ready, 3, 0),
        (TransferState::InTransit, 3, 0),
        (TransferState::Received, 3, 2),
    ] {
        let mut shop = Shop::open().await;
        let page = shop.page("/transfers/new?product=BEAN-1").await;
        let once = page.field("once").unwrap();
        let form = [
            ("once", &*once),
            ("kind", "transfer"),
            ("from", "berlin"),
            ("to", " paris "),
            ("product.0", "BEAN-1"),
            ("quantity.0", "2"),
            ("reference", "TO-1"),
            ("note", "with care"),
            ("expected", "2026-03-01T08:00"),
            ("state", state.as_str()),
            ("step", "make"),
        ];
        let page = shop.do_and_see("/transfers", &form).await;
        assert!(page.body.contains("Created."));
        let again = shop.do_and_see("/transfers", &form).await;
        assert!(again.body.contains("It was carried out once."));
        let made = only(&shop).await;
        assert_eq!(made.progress.state, state);
        assert_eq!(available(&shop, product(1)).await, [berlin, paris]);
        let expected_at = made.expected_at.unwrap().to_string();
        assert_eq!(expected_at, "2026-03-01T08:00:00.000Z");
        assert!(page.body.contains("TO-1") && page.body.contains("with care"));
    }
}

#[tokio::test]
async fn a_delivery_is_expected_from_a_supplier() {
    let mut shop = Shop::open().await;
    let page = shop.page("/transfers/new?kind=delivery").await;
    insta::assert_snapshot!("new_delivery", shown(&shop, &page));
    let id = product(2).to_string();
    let form = [
        ("kind", "delivery"),
        ("from", "Beans <Co>"),
        ("to", "(none)"),
        ("product.0", "BEAN-1"),
        ("quantity.0", "1 000"),
        ("product.4", &id),
        ("quantity.4", "3"),
        ("state", "in_transit"),
    ];
    let page = shop.do_and_see("/transfers", &form).await;
    assert!(
        page.body
            .contains("from <bdi>Beans &#60;Co&#62;</bdi> to <bdi>no location</bdi>")
    );
    let made = only(&shop).await;
    assert!(matches!(made.from, TransferOrigin::Supplier(_)));
    let pieces = made.progress.lines.iter().map(|line| line.in_transit);
    assert_eq!(pieces.map(Quantity::get).collect::<Vec<_>>(), [1_000, 3]);
}

/// A form that is accepted.
const SOUND: [(&str, &str); 7] = [
    ("kind", "transfer"),
    ("from", "berlin"),
    ("to", "paris"),
    ("product.0", "BEAN-1"),
    ("quantity.0", "2"),
    ("note", "<note>"),
    ("state", "ready"),
];

/// Sends the form with these fields instead, and checks that it is refused with these words, and shown again.
async fn is_refused(shop: &mut Shop, changes: &[(&str, &str)], status: StatusCode, told: &str) {
    let mut form: Vec<(&str, &str)> = SOUND.to_vec();
    form.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    form.extend(changes);
    let answer = shop.post("/transfers", &form).await;
    assert_eq!(answer.status, status, "{told}: {}", answer.main());
    assert!(answer.body.contains(told), "{told}: {}", answer.main());
    assert!(answer.body.contains("&#60;note&#62;</textarea>"), "{told}");
    for (name, value) in changes {
        let field = format!("name=\"{name}\" value=\"{value}\"");
        let is_shown = answer.body.contains(&field) || value.trim().is_empty();
        assert!(is_shown || ["expected", "state"].contains(name), "{field}");
    }
}

#[tokio::test]
async fn a_refused_place_or_date_is_shown_again() {
    let mut shop = Shop::open().await;
    for (changes, told) in [
        (vec![("from", "")], "location that the pieces come from"),
        (
            vec![("to", " ")],
            "location that the pieces go to, or “(none)”",
        ),
        (vec![("to", "rome")], "There is no location &#34;rome&#34;."),
        (vec![("to", "berlin")], "The pieces would go to the place"),
        (
            vec![("kind", "delivery"), ("from", "")],
            "Write the name of the supplier.",
        ),
        (
            vec![("state", "cancelled")],
            "Choose what the new transfer is.",
        ),
        (vec![("expected", "soon")], "“soon” isn’t a date and time"),
    ] {
        is_refused(&mut shop, &changes, StatusCode::BAD_REQUEST, told).await;
    }
    let list = shop.page("/transfers?state=all").await;
    assert!(list.body.contains("No transfer or delivery is like that."));
}

#[tokio::test]
async fn a_refused_line_is_named_and_shown_again() {
    let mut shop = Shop::open().await;
    for (changes, told) in [
        (
            vec![("quantity.0", "none")],
            "Line 1: “none” isn’t a whole number",
        ),
        (vec![("product.0", "")], "Line 1: it names no product."),
        (
            vec![("product.0", "NONE")],
            "Line 1: no product has the id or SKU “NONE”.",
        ),
        (
            vec![("product.3", "BEAN-1"), ("quantity.3", "1")],
            "Line 4: a line above has the same product.",
        ),
        (
            vec![("product.0", ""), ("quantity.0", "")],
            "Write at least one product",
        ),
    ] {
        is_refused(&mut shop, &changes, StatusCode::BAD_REQUEST, told).await;
    }
    for (changes, told) in [
        (
            ("quantity.0", "6"),
            "1 kg in berlin: 5 available, 6 wanted.",
        ),
        (
            ("product.0", "00000000-0000-0000-0000-0000000000ee"),
            "These products have no stock: 00000000-0000-0000-0000-0000000000ee.",
        ),
    ] {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        is_refused(&mut shop, &[changes], status, told).await;
    }
    let list = shop.page("/transfers?state=all").await;
    assert!(list.body.contains("No transfer or delivery is like that."));
}

#[tokio::test]
async fn more_lines_keep_what_was_typed() {
    let mut shop = Shop::open().await;
    let form = [
        ("kind", "transfer"),
        ("from", "berlin"),
        ("product.12", "BEAN-1"),
        ("state", "received"),
        ("step", "lines"),
    ];
    let page = shop.post("/transfers", &form).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("name=\"product.12\" value=\"BEAN-1\""));
    assert!(page.body.contains("name=\"product.22\" value=\"\""));
    assert!(page.body.contains("value=\"received\" selected"));
}

#[tokio::test]
async fn a_draft_is_edited_as_a_whole() {
    let mut shop = Shop::open().await;
    let made = make(&shop, moved(TransferState::Draft, &[(1, 4), (3, 1)])).await;
    let form = path(&made, "/edit");
    let page = shop.page(&form).await;
    insta::assert_snapshot!(
        "edit_draft",
        shown(&shop, &page).replace(&made.id.to_string(), "TRANSFER")
    );
    let (one, three) = (product(1).to_string(), product(3).to_string());
    let shown = [
        ("version", "1"),
        ("from", "berlin"),
        ("to", "paris"),
        ("items", "2"),
        ("product.0", &*one),
        ("quantity.0", "4"),
        ("product.1", &three),
        ("quantity.1", "1"),
    ];
    let page = shop.do_and_see(&form, &shown).await;
    assert!(page.body.contains("Nothing was to be changed."));
    let edited = [
        ("version", "1"),
        ("from", "(none)"),
        ("to", "berlin"),
        ("items", "2"),
        ("product.0", &*one),
        ("quantity.0", "7"),
        ("product.1", &three),
        ("quantity.1", "0"),
        ("product.2", "FILTER"),
        ("quantity.2", "2"),
        ("reference", "TO-2"),
        ("expected", "2026-03-01T08:00:00"),
    ];
    let page = shop.do_and_see(&form, &edited).await;
    assert!(
        page.body.contains("Saved.")
            && page
                .body
                .contains("from <bdi>no location</bdi> to <bdi>berlin</bdi>")
    );
    let after = now(&shop, &made).await;
    let lines = after.progress.lines.iter();
    let lines: Vec<_> = lines.map(|it| (it.product, it.quantity.get())).collect();
    assert_eq!(lines, [(product(1), 7), (product(2), 2)]);
    // The form of before is outdated, and shows what was typed.
    let answer = shop.post(&form, &edited).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(
        answer
            .body
            .contains("Somebody has changed this transfer since")
    );
    assert_eq!(answer.field("version").as_deref(), Some("2"));
}

#[tokio::test]
async fn dates_and_texts_are_edited_in_every_state() {
    let mut shop = Shop::open().await;
    let made = make(&shop, delivery(TransferState::InTransit, &[(1, 4)])).await;
    let form = path(&made, "/edit");
    let page = shop.page(&form).await;
    assert!(!page.body.contains("name=\"from\"") && !page.body.contains("quantity.0"));
    let edited = [
        ("version", "1"),
        ("reference", "PO-3"),
        ("note", "half of it"),
        ("expected", "2026-01-01T08:00:00"),
    ];
    let page = shop.do_and_see(&form, &edited).await;
    for told in [
        "PO-3",
        "half of it",
        "<span class=\"badge warn\">overdue</span>",
    ] {
        assert!(page.body.contains(told), "{told}");
    }
    let long = "x".repeat(256);
    let answer = shop
        .post(&form, &[("version", "2"), ("reference", &long)])
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(
        answer
            .body
            .contains("The reference must be a text of 1 to 255 characters.")
    );
    let emptied = [("version", "2"), ("reference", ""), ("note", "")];
    shop.do_and_see(&form, &emptied).await;
    let after = now(&shop, &made).await;
    assert_eq!(
        (after.reference, after.note, after.expected_at),
        (None, None, None)
    );
}

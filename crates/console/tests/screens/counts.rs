//! The screens of counting.

use axum::http::StatusCode;
use stockroom_domain::{CreateLocation, Name, Owner, Quantity, Slug, Transact, TransactionAction};

use crate::support::{Answer, Shop, product};

/// The value of a hidden field.
pub(crate) fn hidden(page: &Answer, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let from = page.body.find(&start).unwrap() + start.len();
    let to = from + page.body[from..].find('"').unwrap();
    page.body[from..to].to_owned()
}

fn counted(number: u128) -> String {
    format!("counted.{}", product(number))
}

fn shown(shop: &Shop, page: &Answer) -> String {
    page.main().replace(&shop.store.id.to_string(), "STORE")
}

async fn sell(shop: &Shop, location: Option<&str>, quantity: u64) {
    let quantity = Quantity::new(quantity).unwrap();
    let sale = Transact {
        location: location.map(ToOwned::to_owned),
        ..Transact::new(product(1), TransactionAction::Decrement, quantity)
    };
    shop.stockroom.execute(&shop.owner(), sale).await.unwrap();
}

#[tokio::test]
async fn a_place_is_picked() {
    let mut shop = Shop::open().await;
    let page = shop.page("/counts").await;
    assert_eq!(page.status, StatusCode::OK);
    insta::assert_snapshot!(shown(&shop, &page));
    let found = shop.page("/counts?q=Pari").await;
    assert!(found.body.contains("/counts/paris") && !found.body.contains("/counts/berlin"));
    let none = shop.page("/counts?q=%3Cb%3E").await;
    assert!(none.body.contains("No location has such a name.") && !none.body.contains("<b>"));
}

#[tokio::test]
async fn a_sheet_shows_what_is_expected() {
    let mut shop = Shop::open().await;
    let page = shop.page("/counts/~").await;
    assert_eq!(page.status, StatusCode::OK);
    insta::assert_snapshot!(shown(&shop, &page));
    let berlin = shop.page("/counts/berlin").await;
    assert!(berlin.body.contains("Espresso beans") && !berlin.body.contains("FILTER"));
    let paris = shop.page("/counts/paris").await;
    assert!(paris.body.contains("No stock is here yet."));
}

#[tokio::test]
async fn differences_come_first_and_are_entered_as_one_batch() {
    let mut shop = Shop::open().await;
    let sheet = shop.page("/counts/~").await;
    let as_of = hidden(&sheet, "as_of");
    // Sold after the sheet was loaded.
    shop.clock.advance_seconds(60);
    sell(&shop, None, 4).await;
    let (first, second, third) = (counted(1), counted(2), counted(3));
    let fields = |step| {
        vec![
            (first.as_str(), "10"),
            (second.as_str(), "2"),
            (third.as_str(), " "),
            ("as_of", as_of.as_str()),
            ("reference", "stocktaking \"7\""),
            ("step", step),
        ]
    };
    let preview = shop.post("/counts/~", &fields("preview")).await;
    assert_eq!(preview.status, StatusCode::OK);
    insta::assert_snapshot!(shown(&shop, &preview));
    assert_eq!((shop.available(1).await, shop.available(2).await), (11, 0));

    let again = shop.post("/counts/~", &fields("edit")).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(hidden(&again, "as_of"), as_of);
    assert_eq!(hidden(&again, &first), "10");
    assert_eq!(hidden(&again, "reference"), "stocktaking &#34;7&#34;");

    let page = shop.do_and_see("/counts/~", &fields("enter")).await;
    assert!(page.body.contains("The changes were made, as one batch."));
    assert!(page.body.contains("/batches/"));
    // What was sold after the count is still sold.
    assert_eq!((shop.available(1).await, shop.available(2).await), (11, 2));
}

#[tokio::test]
async fn a_count_may_be_for_another_time() {
    let mut shop = Shop::open().await;
    let as_of = hidden(&shop.page("/counts/berlin").await, "as_of");
    shop.clock.advance_seconds(60);
    sell(&shop, Some("berlin"), 2).await;
    shop.clock.advance_seconds(60);
    let first = counted(1);
    let fields = [
        (first.as_str(), "3"),
        ("as_of", as_of.as_str()),
        ("at", "2026-01-31T09:35"),
        ("step", "enter"),
    ];
    shop.do_and_see("/counts/berlin", &fields).await;
    assert_eq!(shop.available(1).await, 13);
}

#[tokio::test]
async fn a_count_that_makes_no_sense_keeps_what_was_typed() {
    let mut shop = Shop::open().await;
    let as_of = hidden(&shop.page("/counts/~").await, "as_of");
    let (first, unknown) = (counted(1), counted(77));
    for (number, at, told) in [
        ("many", "", "isn't a whole number of pieces"),
        ("", "", "Nothing was counted."),
        ("7", "noon", "“noon” isn't a time"),
        ("7", "2027-01-01T00:00", "must not be in the future"),
    ] {
        let fields = [
            (first.as_str(), number),
            ("as_of", as_of.as_str()),
            ("at", at),
            ("reference", "a <b>"),
            ("step", "preview"),
        ];
        let answer = shop.post("/counts/~", &fields).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{told}");
        let body = answer.body.replace("&#39;", "'");
        assert!(body.contains(told), "{told}: {body}");
        assert_eq!(hidden(&answer, &first), number);
        assert_eq!(body.contains("aria-invalid"), number == "many");
        assert!(body.contains(&format!("data-utc value=\"{at}\"")));
        assert!(body.contains("a &#60;b&#62;") && !body.contains("<b>"));
    }
    // One that can't be entered keeps the others from being entered.
    let fields = [
        (first.as_str(), "7"),
        (unknown.as_str(), "1"),
        ("as_of", as_of.as_str()),
        ("step", "preview"),
    ];
    let preview = shop.post("/counts/~", &fields).await;
    assert!(preview.body.contains("1 can't be entered"));
    assert!(!preview.body.contains("Enter as one batch"));
    let mut entered = fields;
    entered[3].1 = "enter";
    let refused = shop.post("/counts/~", &entered).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.body.contains("Nothing was entered."));
    assert_eq!(hidden(&refused, &first), "7");
    entered[3].1 = "edit";
    let again = shop.post("/counts/~", &entered).await;
    assert_eq!(hidden(&again, &unknown), "1");
    assert_eq!(shop.available(1).await, 15);
}

#[tokio::test]
async fn a_place_of_others_is_not_there() {
    let mut shop = Shop::open().await;
    let name = Name::new("name", "Another").unwrap();
    let other = shop.stockroom.create_store(shop.organization.id, name);
    let other = shop.operator(Owner::Store(other.await.unwrap().id));
    let name = Name::new("name", "Theirs").unwrap();
    let location = CreateLocation::new(name, Slug::new("theirs").unwrap());
    shop.stockroom.execute(&other, location).await.unwrap();
    for place in ["theirs", "moon", "_"] {
        let path = format!("/counts/{place}");
        assert_eq!(shop.page(&path).await.status, StatusCode::NOT_FOUND);
        let answer = shop.post(&path, &[("step", "preview")]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
}

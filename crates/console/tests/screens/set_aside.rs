//! Stock that is set aside: on the page of its product, and as a reservation.

use axum::http::StatusCode;

use crate::support::{Answer, Shop, product};

fn path(screen: &str) -> String {
    format!("/products/{}{screen}", product(1))
}

/// Sets two damaged pieces in berlin aside, and gives the path of the reservation.
async fn damaged(shop: &mut Shop) -> String {
    let form = [
        ("reason", " damaged "),
        ("change", "2"),
        ("place", "berlin"),
    ];
    let page = shop.do_and_see(&path("/set-aside"), &form).await;
    assert!(page.body.contains("Set aside: the pieces"), "{}", page.body);
    let (_, rest) = page.body.split_once("/reservations/").expect("a link");
    format!("/reservations/{}", &rest[..36])
}

fn says(page: &Answer, words: &[&str]) {
    for words in words {
        assert!(page.body.contains(words), "{words}: {}", page.main());
    }
}

#[tokio::test]
async fn damaged_pieces_are_set_aside_and_counted() {
    let mut shop = Shop::open().await;
    damaged(&mut shop).await;
    let page = shop.page(&path("")).await;
    says(
        &page,
        &[
            "<dt>Set aside of it</dt><dd>2</dd>",
            "set aside: <bdi>damaged</bdi>",
            "until released or written off",
        ],
    );
    let list = shop.page("/reservations?state=held").await;
    says(&list, &["<bdi>Set aside: damaged</bdi>"]);
    let open = shop.page("/reservations").await;
    assert!(!open.body.contains("Set aside: damaged"));
}

#[tokio::test]
async fn what_is_set_aside_is_found_by_the_beginning_of_its_reason() {
    let mut shop = Shop::open().await;
    damaged(&mut shop).await;
    let row = "<bdi>Set aside: damaged</bdi>";
    let list = shop.page("/reservations?state=held&reason=dam").await;
    says(
        &list,
        &[
            row,
            "name=\"reason\" value=\"dam\"",
            "state=all&#38;reason=dam",
        ],
    );
    // There are no reasons among those that are not paid.
    assert!(!list.body.contains("state=pending&#38;reason"));
    let others = shop.page("/reservations?state=held&reason=amaged").await;
    assert!(!others.body.contains(row));
    says(&others, &["No reservation is like that."]);
    let open = shop.page("/reservations").await;
    assert!(!open.body.contains("name=\"reason\""));
}

#[tokio::test]
async fn what_is_set_aside_is_written_off_or_released_in_parts() {
    let mut shop = Shop::open().await;
    let before = shop.available(1).await;
    let held = damaged(&mut shop).await;
    assert_eq!(shop.available(1).await, before - 2);
    let page = shop.page(&held).await;
    says(&page, &["Write these pieces off", "<bdi>damaged</bdi>"]);
    assert!(!page.body.contains("Edit the order") && !page.body.contains(">Move<"));
    let form = [("line.0", "1"), ("step", "fulfil")];
    let page = shop.do_and_see(&format!("{held}/parts"), &form).await;
    says(&page, &["Written off: the pieces", "Wrote off 1"]);
    let page = shop.do_and_see(&format!("{held}/release"), &[]).await;
    says(&page, &["Released 1", "Nothing is held any more."]);
    assert_eq!(shop.available(1).await, before - 1);
}

#[tokio::test]
async fn a_form_that_makes_no_sense_is_shown_again() {
    let mut shop = Shop::open().await;
    for (reason, pieces, says) in [
        ("", "2", "The reason must be"),
        ("damaged", "0", "Write how many pieces"),
        ("damaged", "two", "“two” isn’t a whole number"),
        ("damaged", "999", "insufficient stock"),
    ] {
        let form = [("reason", reason), ("change", pieces), ("place", "berlin")];
        let answer = shop.post(&path("/set-aside"), &form).await;
        let expected = match pieces {
            "999" => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::BAD_REQUEST,
        };
        assert_eq!(answer.status, expected, "{reason} {pieces}");
        let body = answer.body.replace("&#39;", "’").replace('\'', "’");
        assert!(body.contains("Nothing was set aside."), "{body}");
        assert!(body.contains(says), "{says}: {}", answer.main());
        assert!(body.contains(&format!("value=\"{pieces}\"")), "{body}");
    }
}

#[tokio::test]
async fn a_form_that_is_sent_twice_is_carried_out_once() {
    let mut shop = Shop::open().await;
    let before = shop.available(1).await;
    let page = shop.page(&path("")).await;
    let once = page.field("once").expect("a form");
    let send = |pieces: &'static str| {
        [
            ("once", once.clone()),
            ("reason", "damaged".to_owned()),
            ("change", pieces.to_owned()),
            ("place", "berlin".to_owned()),
        ]
    };
    let [form, other] = [send("2"), send("1")];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    let first = shop.do_and_see(&path("/set-aside"), &form).await;
    says(&first, &["Set aside: the pieces"]);
    let again = shop.do_and_see(&path("/set-aside"), &form).await;
    says(&again, &["The form had been sent before."]);
    assert_eq!(shop.available(1).await, before - 2);
    // Others from the same page are something else.
    let other = other
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    shop.do_and_see(&path("/set-aside"), &other).await;
    assert_eq!(shop.available(1).await, before - 3);
    // So are the same from another page.
    let new = again.field("once").expect("a form");
    assert_ne!(new, once);
    let anew = form.map(|(name, value)| (name, if name == "once" { &*new } else { value }));
    shop.do_and_see(&path("/set-aside"), &anew).await;
    assert_eq!(shop.available(1).await, before - 5);
}

//! Shipped pieces that come back.

use axum::http::StatusCode;
use stockroom_domain::{
    ExpiresIn, OrderId, Owner, Quantity, Reservation, ReservationItem, ReservationState, Reserve,
};

use crate::support::{Shop, product};

/// A reservation of the store of 3 pieces in no location and 2 in berlin, all of them shipped.
async fn shipped(shop: &mut Shop) -> Reservation {
    let item = |location: Option<&str>, quantity| ReservationItem {
        product: product(1),
        place: location.map(ToOwned::to_owned).into(),
        quantity: Quantity::new(quantity).unwrap(),
    };
    let request = Reserve {
        order: Some(OrderId::new("order_id", "order 7").unwrap()),
        expires_in: ExpiresIn::default(),
        items: vec![item(None, 3), item(Some("berlin"), 2)],
        sourcing: None,
    };
    let writer = shop.operator(Owner::Store(shop.store.id));
    let reserved = shop.stockroom.execute(&writer, request).await.unwrap();
    let path = format!("/reservations/{}", reserved.reservation.id);
    for step in ["pay", "fulfil"] {
        shop.do_and_see(&format!("{path}/{step}"), &[]).await;
    }
    reserved.reservation
}

/// The pieces of each line: shipped, and those that came back.
async fn figures(shop: &Shop, reservation: &Reservation) -> (ReservationState, Vec<[u64; 2]>) {
    let owner = shop.owner();
    let found = shop
        .stockroom
        .reservation(owner.administrator(), reservation.id);
    let found = found.await.unwrap().unwrap();
    let lines = found.lines.iter();
    let lines = lines.map(|line| [line.fulfilled.get(), line.returned.get()]);
    (found.state, lines.collect())
}

/// The version of the reservation that the form shows.
async fn version(shop: &mut Shop, back: &str) -> String {
    let form = shop.page(back).await;
    let (_, rest) = form
        .body
        .split_once("name=\"version\" value=\"")
        .expect("a version");
    rest.split('"').next().expect("a number").to_owned()
}

#[tokio::test]
async fn pieces_come_back_good_damaged_or_to_be_shipped_again() {
    let mut shop = Shop::open().await;
    let made = shipped(&mut shop).await;
    let path = format!("/reservations/{}", made.id);
    let available = shop.available(1).await;
    let page = shop.page(&path).await;
    assert!(page.body.contains(">What comes back</a>"));
    let form = shop.page(&format!("{path}/return")).await;
    let shown = form.main().replace(&shop.store.id.to_string(), "STORE");
    insta::assert_snapshot!(shown.replace(&made.id.to_string(), "RESERVATION"));

    let back = format!("{path}/return");
    let shown = version(&mut shop, &back).await;
    let good = [
        ("line.0", "1"),
        ("what", "good"),
        ("to", "berlin"),
        ("version", &*shown),
    ];
    let page = shop.do_and_see(&back, &good).await;
    // What is sent twice is done once.
    let twice = shop.post(&back, &good).await;
    assert_eq!(twice.status, StatusCode::BAD_REQUEST);
    assert!(twice.body.contains("The reservation has changed since."));
    assert!(page.body.contains("The pieces came back."));
    assert!(
        page.body.contains("came back in berlin."),
        "{}",
        page.main()
    );
    let shown = version(&mut shop, &back).await;
    let damaged = [("line.1", "1"), ("what", "damaged"), ("version", &*shown)];
    let page = shop.do_and_see(&back, &damaged).await;
    assert!(page.body.contains("Damaged 1"), "{}", page.main());
    let shown = version(&mut shop, &back).await;
    let again = [("line.0", " 2 "), ("what", "again"), ("version", &*shown)];
    let page = shop.do_and_see(&back, &again).await;
    assert!(page.body.contains("reserved again."), "{}", page.main());
    let expected = (ReservationState::Paid, vec![[1, 1], [2, 1]]);
    assert_eq!(figures(&shop, &made).await, expected);
    assert_eq!(shop.available(1).await, available + 1);
}

#[tokio::test]
async fn a_form_that_makes_no_sense_is_shown_again() {
    let mut shop = Shop::open().await;
    let made = shipped(&mut shop).await;
    let before = figures(&shop, &made).await;
    let back = format!("/reservations/{}/return", made.id);
    for (pieces, what, status, says) in [
        (
            "",
            "good",
            StatusCode::BAD_REQUEST,
            "how many pieces of it come back",
        ),
        (
            "x",
            "good",
            StatusCode::BAD_REQUEST,
            "a whole number of pieces",
        ),
        ("1", "", StatusCode::BAD_REQUEST, "Choose what becomes"),
        (
            "4",
            "good",
            StatusCode::UNPROCESSABLE_ENTITY,
            "can come back.",
        ),
    ] {
        let shown = version(&mut shop, &back).await;
        let form = [("line.0", pieces), ("what", what), ("version", &*shown)];
        let answer = shop.post(&back, &form).await;
        assert_eq!(answer.status, status, "{pieces} {what}");
        assert!(answer.body.contains("Nothing came back."));
        assert!(answer.body.contains(says), "{says}: {}", answer.main());
        assert!(answer.body.contains(&format!("value=\"{pieces}\"")));
    }
    assert_eq!(figures(&shop, &made).await, before);
}

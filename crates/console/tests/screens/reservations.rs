//! The screens of reservations.

use axum::http::StatusCode;
use stockroom_domain::{
    ExpiresIn, Name, OrderId, Owner, Quantity, Reservation, ReservationItem, ReservationState,
    Reserve,
};

use crate::support::{Answer, Shop, product};

fn item(number: u128, location: Option<&str>, quantity: u64) -> ReservationItem {
    ReservationItem {
        product: product(number),
        place: location.map(ToOwned::to_owned).into(),
        quantity: Quantity::new(quantity).unwrap(),
    }
}

async fn reserve(
    shop: &Shop,
    owner: Owner,
    order: &str,
    minutes: u64,
    items: Vec<ReservationItem>,
) -> Reservation {
    let request = Reserve {
        order: Some(OrderId::new("order_id", order).unwrap()),
        expires_in: ExpiresIn::from_seconds(minutes * 60).unwrap(),
        items,
        sourcing: None,
    };
    let reserved = shop.stockroom.execute(&shop.operator(owner), request).await;
    reserved.unwrap().reservation
}

/// A reservation of the store.
async fn of_store(shop: &Shop, order: &str, minutes: u64) -> Reservation {
    let owner = Owner::Store(shop.store.id);
    let items = vec![item(1, None, 3), item(1, Some("berlin"), 2)];
    reserve(shop, owner, order, minutes, items).await
}

async fn now(shop: &Shop, reservation: &Reservation) -> Reservation {
    let owner = shop.owner();
    let found = shop
        .stockroom
        .reservation(owner.administrator(), reservation.id);
    found.await.unwrap().unwrap()
}

fn shown(shop: &Shop, page: &Answer, reservation: &Reservation) -> String {
    page.main()
        .replace(&shop.store.id.to_string(), "STORE")
        .replace(&reservation.id.to_string(), "RESERVATION")
}

/// The orders of the rows of a list, in order.
fn orders(page: &Answer) -> Vec<String> {
    let rows = page.body.split("id=\"reservation-").skip(1);
    let order = |row: &str| {
        let from = row.find("<bdi>").unwrap() + 5;
        row[from..from + row[from..].find("</bdi>").unwrap()].to_owned()
    };
    rows.map(order).collect()
}

#[tokio::test]
async fn the_list_shows_what_is_open_and_for_how_long() {
    let mut shop = Shop::open().await;
    let empty = shop.page("/reservations").await;
    assert!(empty.body.contains("No reservation is open."));
    let owner = Owner::Store(shop.store.id);
    let first = reserve(&shop, owner, "late <1>", 90, vec![item(1, None, 1)]).await;
    let second = reserve(&shop, owner, "soon 2", 10, vec![item(3, None, 1)]).await;
    let page = shop.page("/reservations").await;
    assert_eq!(page.status, StatusCode::OK);
    let shown = shown(&shop, &page, &first).replace(&second.id.to_string(), "SECOND");
    insta::assert_snapshot!(shown);

    let administrator = shop.owner();
    let pay = shop.stockroom.pay_reservation(&administrator, first.id);
    pay.await.unwrap();
    for (query, wanted) in [
        ("", vec!["late &#60;1&#62;", "soon 2"]),
        ("?state=pending", vec!["soon 2"]),
        ("?state=paid", vec!["late &#60;1&#62;"]),
        ("?state=fulfilled", vec![]),
        ("?state=nonsense", vec![]),
        ("?order=soon", vec!["soon 2"]),
        ("?product=BEAN-1", vec!["late &#60;1&#62;"]),
        ("?sort=next", vec!["soon 2"]),
    ] {
        let page = shop.page(&format!("/reservations{query}")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(orders(&page), wanted, "{query}");
    }
    let page = shop.page("/reservations?product=NONE").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.body.contains("No product has the id or SKU “NONE”."));
    assert!(page.body.contains("value=\"NONE\""));

    shop.clock.advance_seconds(11 * 60);
    let page = shop.page("/reservations?state=expired").await;
    assert_eq!(orders(&page), ["soon 2"]);
}

#[tokio::test]
async fn what_runs_out_next_comes_first() {
    let mut shop = Shop::open().await;
    let owner = Owner::Store(shop.store.id);
    for (order, minutes) in [("a", 600), ("b", 2), ("c", 40_000), ("d", 14)] {
        reserve(&shop, owner, order, minutes, vec![item(1, None, 1)]).await;
    }
    let page = shop.page("/reservations?sort=next").await;
    assert_eq!(orders(&page), ["b", "d", "a", "c"]);
}

#[tokio::test]
async fn a_reservation_is_paid_shipped_and_released_in_parts() {
    let mut shop = Shop::open().await;
    let made = of_store(&shop, "order <7>", 30).await;
    let path = format!("/reservations/{}", made.id);
    let page = shop.page(&path).await;
    insta::assert_snapshot!("pending", shown(&shop, &page, &made));

    shop.clock.advance_seconds(60);
    let page = shop
        .do_and_see(&format!("{path}/extend"), &[("minutes", "120")])
        .await;
    assert!(page.body.contains("The reservation lasts longer now."));
    assert!(page.body.contains("2\u{a0}h"));
    let page = shop.do_and_see(&format!("{path}/pay"), &[]).await;
    assert!(page.body.contains("The reservation is paid."));
    assert_eq!(now(&shop, &made).await.state, ReservationState::Paid);

    shop.clock.advance_seconds(60);
    let parts = format!("{path}/parts");
    let shipped = [("line.0", "2"), ("line.1", ""), ("step", "fulfil")];
    let page = shop.do_and_see(&parts, &shipped).await;
    assert!(page.body.contains("Shipped: the pieces have left"));
    shop.clock.advance_seconds(60);
    let released = [("line.0", ""), ("line.1", " 1 "), ("step", "release")];
    shop.do_and_see(&parts, &released).await;
    let lines = now(&shop, &made).await.lines;
    let figures = lines
        .iter()
        .map(|it| (it.fulfilled.get(), it.released.get()));
    assert_eq!(figures.collect::<Vec<_>>(), [(2, 0), (0, 1)]);
    let page = shop.page(&path).await;
    insta::assert_snapshot!("in_parts", shown(&shop, &page, &made));

    shop.do_and_see(&format!("{path}/fulfil"), &[]).await;
    assert_eq!(now(&shop, &made).await.state, ReservationState::Fulfilled);
    assert_eq!(shop.available(1).await, 15 - 5 + 1);
    let page = shop.page(&path).await;
    assert!(page.body.contains("All is shipped.") && !page.body.contains("Ship all"));
}

#[tokio::test]
async fn a_reservation_is_released() {
    let mut shop = Shop::open().await;
    let made = of_store(&shop, "o", 30).await;
    let path = format!("/reservations/{}/release", made.id);
    let back = shop.path("/stock?q=x");
    let answer = shop.post(&path, &[("back", &*back)]).await;
    assert_eq!(answer.location(), format!("{back}&done=released"));
    assert_eq!(shop.available(1).await, 15);
    let page = shop.page(&format!("/reservations/{}", made.id)).await;
    assert!(page.body.contains("Nothing is held any more."));
}

#[tokio::test]
async fn a_reservation_that_ran_out_says_so() {
    let mut shop = Shop::open().await;
    let made = of_store(&shop, "o", 1).await;
    shop.clock.advance_seconds(61);
    let page = shop.page(&format!("/reservations/{}", made.id)).await;
    assert!(page.body.contains("Ran out: it wasn&#39;t paid."));
    assert!(!page.body.contains("It is paid"));
    let answer = shop
        .post(&format!("/reservations/{}/pay", made.id), &[])
        .await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.body.contains("The reservation is expired."));
}

#[tokio::test]
async fn a_refused_step_keeps_what_was_typed() {
    let mut shop = Shop::open().await;
    let made = of_store(&shop, "o", 30).await;
    for (step, fields, status, told) in [
        (
            "extend",
            vec![("minutes", "soon")],
            StatusCode::BAD_REQUEST,
            "“soon” isn't a whole number of minutes",
        ),
        (
            "parts",
            vec![("step", "release"), ("line.0", "many")],
            StatusCode::BAD_REQUEST,
            "“many” isn't a whole number",
        ),
        (
            "parts",
            vec![("step", "release"), ("line.0", "4")],
            StatusCode::BAD_REQUEST,
            "Of a line, no more is open than 3.",
        ),
        (
            "parts",
            vec![("step", "fulfil"), ("line.1", "1")],
            StatusCode::CONFLICT,
            "The reservation is pending.",
        ),
        (
            "parts",
            vec![("step", "release")],
            StatusCode::BAD_REQUEST,
            "Write beside a line",
        ),
    ] {
        let path = format!("/reservations/{}/{step}", made.id);
        let answer = shop.post(&path, &fields).await;
        assert_eq!(answer.status, status, "{told}");
        let body = answer.body.replace("&#39;", "'");
        assert!(body.contains(told), "{body}");
        let (name, typed) = fields.last().unwrap();
        if *name != "step" {
            assert!(body.contains(&format!("value=\"{typed}\"")), "{typed}");
        }
    }
    assert_eq!(now(&shop, &made).await, made);
}

#[tokio::test]
async fn a_reservation_is_made_by_hand() {
    let mut shop = Shop::open().await;
    let page = shop.page("/reservations/new?product=BEAN-1").await;
    let main = page.main_of_any_showing();
    insta::assert_snapshot!(main.replace(&shop.store.id.to_string(), "STORE"));
    let id = product(3).to_string();
    let fields = [
        ("product.0", "BEAN-1"),
        ("location.0", "berlin"),
        ("quantity.0", "5"),
        ("product.2", &id),
        ("quantity.2", "1"),
        ("order", "by hand"),
        ("minutes", "45"),
        ("step", "reserve"),
    ];
    let page = shop.do_and_see("/reservations", &fields).await;
    assert!(page.body.contains("Created.") && page.body.contains("45\u{a0}min"));
    assert_eq!((shop.available(1).await, shop.available(3).await), (10, 0));

    // The order has it already.
    let page = shop.do_and_see("/reservations", &fields).await;
    assert!(page.body.contains("Nothing was to be changed."));
    assert_eq!(shop.available(1).await, 10);
}

#[tokio::test]
async fn a_form_without_an_order_that_is_sent_twice_reserves_once() {
    let mut shop = Shop::open().await;
    let before = shop.available(1).await;
    let page = shop.page("/reservations/new").await;
    let once = page.field("once").expect("a form");
    let form = [
        ("once", &*once),
        ("minutes", "5"),
        ("product.0", "BEAN-1"),
        ("quantity.0", "2"),
        ("location.0", "berlin"),
    ];
    let first = shop.post("/reservations", &form).await;
    let again = shop.post("/reservations", &form).await;
    let (first, again) = (first.location(), again.location());
    assert!(first.contains("done=created"), "{first}");
    assert_eq!(again, first.replace("done=created", "done=again"));
    assert_eq!(shop.available(1).await, before - 2);
}

#[tokio::test]
async fn a_reservation_that_is_not_made_keeps_what_was_typed() {
    let mut shop = Shop::open().await;
    for (line, minutes, status, told) in [
        (
            ["BEAN-1", "berlin", "6"],
            "15",
            StatusCode::UNPROCESSABLE_ENTITY,
            "Espresso beans, 1 kg in berlin: 5 available, 6 wanted.",
        ),
        (
            ["NONE", "", "6"],
            "15",
            StatusCode::BAD_REQUEST,
            "No product has the id or SKU “NONE”.",
        ),
        (
            ["BEAN-1", "moon", "1"],
            "15",
            StatusCode::BAD_REQUEST,
            "There is no location",
        ),
        (
            ["BEAN-1", "", "0"],
            "15",
            StatusCode::BAD_REQUEST,
            "isn't a whole number of pieces",
        ),
        (
            ["BEAN-1", "", "1"],
            "44641",
            StatusCode::BAD_REQUEST,
            "isn't a whole number of minutes",
        ),
        (
            ["", "", ""],
            "15",
            StatusCode::BAD_REQUEST,
            "Write at least one product",
        ),
    ] {
        let fields = [
            ("product.0", line[0]),
            ("location.0", line[1]),
            ("quantity.0", line[2]),
            ("minutes", minutes),
            ("order", "a <b>"),
        ];
        let answer = shop.post("/reservations", &fields).await;
        assert_eq!(answer.status, status, "{told}");
        let body = answer.body.replace("&#39;", "'");
        assert!(body.contains(told), "{told}: {body}");
        for typed in [line[0], line[1], line[2], minutes, "a &#60;b&#62;"] {
            assert!(body.contains(&format!("value=\"{typed}\"")), "{typed}");
        }
    }
    let fields = [("product.2", "X"), ("minutes", "15"), ("step", "lines")];
    let more = shop.post("/reservations", &fields).await;
    assert!(more.body.contains("Product of line 6"));
    assert!(more.body.contains("value=\"X\""));
}

#[tokio::test]
async fn reservations_of_others_are_not_there() {
    let mut shop = Shop::open().await;
    let name = Name::new("name", "Another").unwrap();
    let other = shop.stockroom.create_store(shop.organization.id, name);
    let other = Owner::Store(other.await.unwrap().id);
    let stock = stockroom_domain::CreateStock {
        product: product(50),
        unlocated: Quantity::new(5).unwrap(),
        located: [].into(),
    };
    let operator = shop.operator(other);
    shop.stockroom.execute(&operator, stock).await.unwrap();
    let made = reserve(&shop, other, "theirs", 30, vec![item(50, None, 1)]).await;
    let path = format!("/reservations/{}", made.id);
    assert_eq!(shop.page(&path).await.status, StatusCode::NOT_FOUND);
    for step in ["pay", "release", "parts"] {
        let answer = shop.post(&format!("{path}/{step}"), &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
    let page = shop.page("/reservations?state=all").await;
    assert!(!page.body.contains("theirs"));
    let nothing = shop.page("/reservations/nonsense").await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    let own = of_store(&shop, "o", 30).await;
    let step = format!("/reservations/{}/dance", own.id);
    assert_eq!(shop.post(&step, &[]).await.status, StatusCode::NOT_FOUND);
}

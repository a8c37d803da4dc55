//! Orders whose locations are chosen, and orders that are moved and edited.

use axum::http::StatusCode;
use stockroom_domain::{Quantity, Reservation, ReservationId, ReservationState};

use crate::support::{Answer, Shop, product};

/// A shop that has beans without a location (10), in Berlin (5) and in Paris (4).
async fn shop_with_paris() -> Shop {
    let mut shop = Shop::open().await;
    let path = format!("/products/{}/change", product(1));
    let change = [("seen", ":0:0"), ("place", "paris"), ("change", "+4")];
    shop.do_and_see(&path, &change).await;
    shop
}

/// Makes an order by the form, and goes to its page.
async fn order(shop: &mut Shop, fields: &[(&str, &str)]) -> (ReservationId, Answer) {
    let mut fields = fields.to_vec();
    fields.extend([("minutes", "30"), ("order", "order <7>")]);
    let answer = shop.post("/reservations", &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let path = answer.location().to_owned();
    let mut ids = path.split(['/', '?']).filter_map(ReservationId::parse);
    let id = ids.next_back().unwrap();
    (id, shop.get(&path).await)
}

/// An order of 11 pieces of beans, 5 of which come from Berlin, 4 from Paris and 2 from the unlocated pool, and
/// of the only piece that there is of another product.
async fn sourced(shop: &mut Shop) -> (ReservationId, Answer) {
    let id = product(3).to_string();
    let fields = [
        ("product.0", "BEAN-1"),
        ("quantity.0", "11"),
        ("product.1", &*id),
        ("location.1", "(none)"),
        ("quantity.1", "1"),
        ("choose", "priority"),
        ("split", "units"),
    ];
    order(shop, &fields).await
}

async fn now(shop: &Shop, id: ReservationId) -> Reservation {
    let owner = shop.owner();
    let found = shop.stockroom.reservation(owner.administrator(), id);
    found.await.unwrap().unwrap()
}

/// The lines: the place, and the pieces that are reserved, shipped and released.
async fn lines(shop: &Shop, id: ReservationId) -> Vec<(String, [u64; 3])> {
    let lines = now(shop, id).await.lines.into_iter().map(|line| {
        let place = line
            .location
            .map_or_else(String::new, |(_, slug)| slug.to_string());
        let figures = [line.quantity, line.fulfilled, line.released];
        (place, figures.map(Quantity::get))
    });
    lines.collect()
}

fn shown(shop: &Shop, page: &Answer, id: ReservationId) -> String {
    page.main()
        .replace(&shop.store.id.to_string(), "STORE")
        .replace(&id.to_string(), "RESERVATION")
}

/// The text of a refusal, which is shown with the form.
fn told(answer: &Answer) -> String {
    let from = answer.body.find("role=\"alert\">").unwrap() + 13;
    let to = answer.body[from..].find("</p>").unwrap();
    answer.body[from..from + to].replace("&#39;", "'")
}

#[tokio::test]
async fn locations_are_chosen_and_shown_as_sources() {
    let mut shop = shop_with_paris().await;
    let (id, page) = sourced(&mut shop).await;
    insta::assert_snapshot!("sources", shown(&shop, &page, id));
    let list = shop.page("/reservations").await;
    assert!(
        list.body
            .contains("11\u{a0}pieces of <bdi>Espresso beans, 1 kg</bdi> and 1 more line")
    );

    let path = format!("/reservations/{id}");
    let shipped = [("line.0", "2"), ("line.1", "1"), ("step", "fulfil")];
    shop.do_and_see(&format!("{path}/pay"), &[]).await;
    shop.do_and_see(&format!("{path}/parts"), &shipped).await;
    let released = [("line.1", "1"), ("step", "release")];
    shop.do_and_see(&format!("{path}/parts"), &released).await;
    let wanted = [
        ("berlin", [5, 2, 0]),
        ("paris", [4, 1, 1]),
        ("", [2, 0, 0]),
        ("", [1, 0, 0]),
    ];
    let wanted = wanted.map(|(place, figures)| (place.to_owned(), figures));
    assert_eq!(lines(&shop, id).await, wanted);
}

#[tokio::test]
async fn locations_that_cant_be_chosen_are_told() {
    let mut shop = shop_with_paris().await;
    for (fields, status, words) in [
        (
            [("choose", "priority"), ("latitude", ""), ("split", "never")],
            StatusCode::UNPROCESSABLE_ENTITY,
            "Nothing was reserved. There isn't enough. Espresso beans, 1 kg: 10 available, 11 wanted.",
        ),
        (
            [
                ("choose", "nearest"),
                ("latitude", "52"),
                ("split", "units"),
            ],
            StatusCode::BAD_REQUEST,
            "Nothing was reserved. Write the latitude and the longitude",
        ),
        (
            [("choose", ""), ("latitude", "52"), ("split", "units")],
            StatusCode::BAD_REQUEST,
            "Nothing was reserved. Choose the locations that are nearest",
        ),
    ] {
        let mut all = vec![
            ("product.0", "BEAN-1"),
            ("quantity.0", "11"),
            ("minutes", "15"),
        ];
        all.extend(fields);
        let answer = shop.post("/reservations", &all).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(told(&answer).starts_with(words), "{}", told(&answer));
        for (name, value) in fields {
            let kept = match name {
                "latitude" => format!("value=\"{value}\""),
                _ => format!("<option value=\"{value}\" selected>"),
            };
            assert!(value.is_empty() || answer.body.contains(&kept), "{kept}");
        }
    }
    assert_eq!(shop.available(1).await, 19);
}

#[tokio::test]
async fn open_pieces_are_moved() {
    let mut shop = shop_with_paris().await;
    let plain = [
        ("product.0", "BEAN-1"),
        ("location.0", "berlin"),
        ("quantity.0", "3"),
    ];
    let (id, page) = order(&mut shop, &plain).await;
    let path = format!("/reservations/{id}/move");
    let form = format!("{path}?product={}&amp;from=berlin", product(1));
    assert!(page.body.contains(&form.replace("&amp;", "&#38;")) || page.body.contains(&form));
    let form = shop.page(&form.replace("&amp;", "&")).await;
    insta::assert_snapshot!("move", shown(&shop, &form, id));

    shop.clock.advance_seconds(60);
    let beans = product(1).to_string();
    let fields = [
        ("product", &*beans),
        ("from", "berlin"),
        ("to", "paris"),
        ("quantity", "2"),
    ];
    let page = shop.do_and_see(&path, &fields).await;
    assert!(
        page.body
            .contains("Moved: the pieces are held at the other place now.")
    );
    assert!(
        page.body
            .contains("Moved 2\u{a0}pieces of Espresso beans, 1 kg from berlin to paris.")
    );
    shop.clock.advance_seconds(60);
    let fields = [
        ("product", &*beans),
        ("from", "paris"),
        ("to", "(none)"),
        ("quantity", "1"),
    ];
    let page = shop.do_and_see(&path, &fields).await;
    insta::assert_snapshot!("moved", shown(&shop, &page, id));
}

#[tokio::test]
async fn a_move_that_is_refused_says_how_many_there_are() {
    let mut shop = shop_with_paris().await;
    let plain = [("product.0", "BEAN-1"), ("quantity.0", "6")];
    let (id, _) = order(&mut shop, &plain).await;
    let path = format!("/reservations/{id}/move");
    let beans = product(1).to_string();
    for (from, to, quantity, status, words) in [
        (
            "",
            "paris",
            "5",
            StatusCode::UNPROCESSABLE_ENTITY,
            "Nothing was moved. There isn't enough. Espresso beans, 1 kg in paris: 4 available, 5 wanted.",
        ),
        (
            "",
            "berlin",
            "7",
            StatusCode::UNPROCESSABLE_ENTITY,
            "Nothing was moved. Only 6\u{a0}pieces of Espresso beans, 1 kg are open there.",
        ),
        (
            "",
            "(none)",
            "1",
            StatusCode::BAD_REQUEST,
            "Nothing was moved. The pieces are there already.",
        ),
        (
            "",
            "moon",
            "1",
            StatusCode::BAD_REQUEST,
            "Nothing was moved. There is no location",
        ),
        (
            "",
            "paris",
            "some",
            StatusCode::BAD_REQUEST,
            "Nothing was moved. “some” isn't a whole number of pieces",
        ),
        (
            "berlin",
            "paris",
            "1",
            StatusCode::UNPROCESSABLE_ENTITY,
            "Nothing was done. Only 0\u{a0}pieces of Espresso beans, 1 kg are open there.",
        ),
    ] {
        let fields = [
            ("product", &*beans),
            ("from", from),
            ("to", to),
            ("quantity", quantity),
        ];
        let answer = shop.post(&path, &fields).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(told(&answer).starts_with(words), "{}", told(&answer));
        if words.starts_with("Nothing was moved") {
            assert!(answer.body.contains(&format!("value=\"{quantity}\"")));
        }
    }
}

#[tokio::test]
async fn nothing_is_moved_of_what_is_not_open() {
    let mut shop = shop_with_paris().await;
    let plain = [("product.0", "BEAN-1"), ("quantity.0", "6")];
    let (id, _) = order(&mut shop, &plain).await;
    let path = format!("/reservations/{id}/move");
    let beans = product(1).to_string();
    let query = format!("{path}?product={beans}");
    let nothing = shop.page(&format!("{query}&from=berlin")).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(told(&nothing).contains("No piece of Espresso beans, 1 kg in berlin is open."));
    let nothing = shop.page(&format!("{path}?product=nonsense")).await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);

    shop.do_and_see(&format!("/reservations/{id}/release"), &[])
        .await;
    let form = shop.page(&query).await;
    let fields = [
        ("product", &*beans),
        ("from", ""),
        ("to", "paris"),
        ("quantity", "1"),
    ];
    for answer in [form, shop.post(&path, &fields).await] {
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert!(told(&answer).contains("The reservation is released."));
    }
}

#[tokio::test]
async fn an_order_is_edited() {
    let mut shop = shop_with_paris().await;
    let (id, _) = sourced(&mut shop).await;
    let path = format!("/reservations/{id}");
    shop.do_and_see(&format!("{path}/pay"), &[]).await;
    let parts = format!("{path}/parts");
    shop.do_and_see(&parts, &[("line.0", "2"), ("step", "fulfil")])
        .await;
    shop.do_and_see(&parts, &[("line.1", "1"), ("step", "release")])
        .await;
    let edit = format!("{path}/edit");
    let form = shop.page(&edit).await;
    insta::assert_snapshot!("edit", shown(&shop, &form, id));

    let (beans, mill) = (product(1).to_string(), product(3).to_string());
    let shown_fields = [
        ("version", "4"),
        ("items", "2"),
        ("product.0", &*beans),
        ("location.0", ""),
        ("quantity.0", "10"),
        ("product.1", &*mill),
        ("location.1", "(none)"),
        ("quantity.1", "1"),
    ];
    let page = shop.do_and_see(&edit, &shown_fields).await;
    assert!(page.body.contains("Nothing was to be changed."));
    assert_eq!(now(&shop, id).await.version, 4);

    shop.clock.advance_seconds(60);
    let mut fields = shown_fields.to_vec();
    fields[4].1 = "12";
    fields[7].1 = " ";
    fields.extend([
        ("product.3", "BEAN-1"),
        ("location.3", "(none)"),
        ("quantity.3", "2"),
    ]);
    fields.push(("step", "lines"));
    let more = shop.post(&edit, &fields).await;
    assert_eq!(more.status, StatusCode::OK);
    assert!(more.body.contains("Product of line 7") && more.body.contains("value=\"BEAN-1\""));
    fields.last_mut().unwrap().1 = "save";
    let page = shop.do_and_see(&edit, &fields).await;
    assert!(page.body.contains("The order is changed."));
    insta::assert_snapshot!("edited", shown(&shop, &page, id));
    assert_eq!(shop.available(3).await, 1);
    // Sent once more it changes nothing.
    shop.do_and_see(&edit, &fields).await;
    assert_eq!(now(&shop, id).await.version, 5);
}

#[tokio::test]
async fn an_edit_that_is_refused_keeps_what_was_typed() {
    let mut shop = shop_with_paris().await;
    let plain = [
        ("product.0", "BEAN-1"),
        ("location.0", "berlin"),
        ("quantity.0", "3"),
    ];
    let (id, _) = order(&mut shop, &plain).await;
    let path = format!("/reservations/{id}");
    shop.do_and_see(&format!("{path}/pay"), &[]).await;
    let shipped = [("line.0", "2"), ("step", "fulfil")];
    shop.do_and_see(&format!("{path}/parts"), &shipped).await;
    let edit = format!("{path}/edit");
    let beans = product(1).to_string();
    for (version, quantity, added, status, words) in [
        (
            "3",
            "1",
            "",
            StatusCode::UNPROCESSABLE_ENTITY,
            "2\u{a0}pieces of Espresso beans, 1 kg are shipped already: the order can't have fewer.",
        ),
        (
            "3",
            "9",
            "",
            StatusCode::UNPROCESSABLE_ENTITY,
            "There isn't enough. Espresso beans, 1 kg in berlin: 5 available, 9 wanted.",
        ),
        (
            "2",
            "4",
            "",
            StatusCode::CONFLICT,
            "Somebody has changed this order since you loaded the form.",
        ),
        (
            "",
            "4",
            "",
            StatusCode::CONFLICT,
            "Somebody has changed this order since you loaded the form.",
        ),
        (
            "3",
            "0",
            "",
            StatusCode::BAD_REQUEST,
            "Nothing would be left of the order. Release it instead.",
        ),
        (
            "3",
            "4",
            "NONE",
            StatusCode::BAD_REQUEST,
            "No product has the id or SKU “NONE”.",
        ),
    ] {
        let fields = [
            ("version", version),
            ("items", "1"),
            ("product.0", &*beans),
            ("location.0", "berlin"),
            ("quantity.0", quantity),
            ("product.1", added),
            ("step", "save"),
        ];
        let answer = shop.post(&edit, &fields).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        let words = format!("Nothing was saved. {words}");
        assert!(told(&answer).starts_with(&words), "{}", told(&answer));
        assert!(answer.body.contains(&format!("value=\"{quantity}\"")));
        // After a conflict the form can be sent again.
        assert!(answer.body.contains("name=\"version\" value=\"3\""));
    }
    shop.do_and_see(&format!("{path}/fulfil"), &[]).await;
    for answer in [shop.page(&edit).await, shop.post(&edit, &[]).await] {
        assert_eq!(answer.status, StatusCode::CONFLICT);
        assert!(told(&answer).contains("The reservation is fulfilled."));
    }
    assert_eq!(now(&shop, id).await.state, ReservationState::Fulfilled);
}

#[tokio::test]
async fn a_key_that_looks_sees_sources_and_no_forms() {
    let mut shop = shop_with_paris().await;
    let (id, _) = sourced(&mut shop).await;
    shop.look_only().await;
    let path = format!("/reservations/{id}");
    let page = shop.page(&path).await;
    assert!(page.body.contains("id=\"item-0\"") && page.body.contains("chosen by priority"));
    assert!(!page.body.contains("/move?") && !page.body.contains("Edit the order"));
    for form in ["edit", "move"] {
        let answer = shop.page(&format!("{path}/{form}")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
}

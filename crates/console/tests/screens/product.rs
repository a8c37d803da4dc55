//! The page of a product: its figures, its forms, why pieces are unavailable, and the chart.

use axum::http::StatusCode;
use stockroom_domain::{
    CreateStock, ExpiresIn, ItemPlace, OrderId, Owner, ProductText, Quantity, Reservation,
    ReservationItem, Reserve, Transact, TransactionAction,
};

use crate::support::{Shop, product, registered};

/// The path of the page of a product.
pub(crate) fn page_of(number: u128, rest: &str) -> String {
    format!("/products/{}{rest}", product(number))
}

/// A page without the ids and hashes that other tests could change: `ID-1`, `ID-2`, and so on.
pub(crate) fn plain(page: &str) -> String {
    let is_digit = |it: char| it.is_ascii_hexdigit() && !it.is_ascii_uppercase();
    let mut words: Vec<&str> = Vec::new();
    for word in page.split(|it: char| !is_digit(it) && it != '-') {
        let word = word.trim_matches('-');
        let is_id = word.len() == 36 && uuid::Uuid::parse_str(word).is_ok();
        let is_hash = word.len() == 64;
        let is_fixed = word.starts_with("00000000-");
        if (is_id || is_hash) && !is_fixed && !words.contains(&word) {
            words.push(word);
        }
    }
    let mut page = page.to_owned();
    for (number, word) in words.iter().enumerate() {
        page = page.replace(word, &format!("ID-{number}"));
        page = page.replace(&format!(">{}<", &word[..8]), ">HASH<");
        page = page.replace(&format!(">{}<", &word[word.len() - 8..]), ">SHORT<");
    }
    page
}

impl Shop {
    /// A reservation of the store, for 15 minutes.
    pub(crate) async fn reserve(&self, number: u128, order: &str, pieces: u64) -> Reservation {
        let reserve = Reserve {
            order: Some(OrderId::new("order", order).unwrap()),
            expires_in: ExpiresIn::default(),
            items: vec![ReservationItem {
                product: product(number),
                place: ItemPlace::Unnamed,
                quantity: Quantity::new(pieces).unwrap(),
            }],
            sourcing: None,
        };
        let reserved = self.stockroom.execute(&self.owner(), reserve).await;
        reserved.unwrap().reservation
    }

    /// A change of the pieces without a location, by the operator.
    pub(crate) async fn transact(&self, number: u128, action: TransactionAction, pieces: u64) {
        let pieces = Quantity::new(pieces).unwrap();
        let transact = Transact::new(product(number), action, pieces);
        self.stockroom
            .execute(&self.owner(), transact)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn the_page_shows_figures_positions_holds_and_the_chart() {
    let mut shop = Shop::open().await;
    shop.reserve(1, "1001 <b>", 2).await;
    let paid = shop.reserve(1, "1002", 1).await;
    let owner = shop.owner();
    shop.stockroom
        .pay_reservation(&owner, paid.id)
        .await
        .unwrap();
    shop.clock.advance_seconds(360);
    shop.transact(1, TransactionAction::Allocate, 1).await;
    let page = shop.page(&page_of(1, "")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.body.contains("<b>"));
    assert!(!page.body.contains(" style=") && page.body.len() < 100_000);
    insta::assert_snapshot!(plain(&page.main()));
}

#[tokio::test]
async fn a_position_is_changed_as_it_is_typed() {
    let mut shop = Shop::open().await;
    let change = page_of(1, "/change");
    for (fields, told, available) in [
        (
            vec![("seen", ":10:0"), ("change", "+5"), ("reason", "found")],
            "increment 5",
            20,
        ),
        (
            vec![
                ("seen", "berlin:5:0"),
                ("place", "berlin"),
                ("change", "=2"),
            ],
            "decrement 3 in berlin",
            17,
        ),
        (
            vec![("seen", ":15:0"), ("change", "4"), ("action", "allocate")],
            "allocate 4",
            13,
        ),
        (
            vec![("seen", ":11:4"), ("change", "1"), ("action", "deallocate")],
            "deallocate 1",
            14,
        ),
        (
            vec![("seen", ":0:0"), ("place", "paris"), ("change", "+1")],
            "increment 1 in paris",
            15,
        ),
    ] {
        let page = shop.do_and_see(&change, &fields).await;
        assert!(
            page.main().contains(&format!("Done: {told}")),
            "{}",
            page.main()
        );
        assert_eq!(shop.available(1).await, available);
    }
}

#[tokio::test]
async fn a_refused_change_is_shown_with_what_was_typed() {
    let mut shop = Shop::open().await;
    let change = page_of(1, "/change");
    for (seen, typed, action, status, told) in [
        (":9:0", "+5", "", StatusCode::CONFLICT, "not as expected"),
        (
            ":10:0",
            "-11",
            "",
            StatusCode::UNPROCESSABLE_ENTITY,
            "insufficient stock",
        ),
        (
            ":10:0",
            "five",
            "",
            StatusCode::BAD_REQUEST,
            "isn&#39;t a change",
        ),
        (
            ":10:0",
            "+2",
            "allocate",
            StatusCode::BAD_REQUEST,
            "isn&#39;t a whole number",
        ),
        ("", "+5", "", StatusCode::BAD_REQUEST, "Load it again"),
    ] {
        let fields = [
            ("seen", seen),
            ("change", typed),
            ("action", action),
            ("reason", "<i>found"),
            ("reference", "note 7"),
        ];
        let page = shop.post(&change, &fields).await;
        assert_eq!(page.status, status, "{typed}");
        let main = page.main();
        let problem = "<p class=\"problem\" role=\"alert\">Nothing was changed. ";
        assert_eq!(main.matches(problem).count(), 1);
        assert!(main.contains(told), "{main}");
        assert!(main.contains(&format!("name=\"change\" value=\"{typed}\"")));
        assert!(main.contains("value=\"note 7\"") && !main.contains("<i>"));
        assert_eq!(shop.available(1).await, 15);
    }
    let fields = [("seen", ":0:0"), ("place", "nowhere"), ("change", "+5")];
    let page = shop.post(&change, &fields).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.main().contains("There is no location"));
}

#[tokio::test]
async fn a_count_is_entered_also_for_an_earlier_time() {
    let mut shop = Shop::open().await;
    shop.clock.advance_seconds(3_600);
    shop.transact(1, TransactionAction::Decrement, 4).await;
    let count = page_of(1, "/count");
    let fields = [
        ("counted", "12"),
        ("as_of", "2026-01-31T10:00:00"),
        ("reference", "stocktaking"),
    ];
    let page = shop.do_and_see(&count, &fields).await;
    assert!(
        page.main().contains("Done: increment 2."),
        "{}",
        page.main()
    );
    assert_eq!(shop.available(1).await, 13);
    let page = shop
        .do_and_see(&count, &[("counted", "4"), ("place", "berlin")])
        .await;
    assert!(page.main().contains("decrement 1 in berlin"));
    for (counted, as_of, status, told) in [
        (
            "twelve",
            "",
            StatusCode::BAD_REQUEST,
            "isn&#39;t a whole number",
        ),
        (
            "12",
            "yesterday",
            StatusCode::BAD_REQUEST,
            "isn&#39;t a date",
        ),
        (
            "12",
            "2026-01-31T09:45:00",
            StatusCode::CONFLICT,
            "later count",
        ),
        (
            "12",
            "2020-01-01T00:00:00",
            StatusCode::NOT_FOUND,
            "not managed at that time",
        ),
        (
            "12",
            "2030-01-01T00:00:00",
            StatusCode::BAD_REQUEST,
            "in the future",
        ),
    ] {
        let page = shop
            .post(&count, &[("counted", counted), ("as_of", as_of)])
            .await;
        let main = page.main();
        assert_eq!(page.status, status, "{counted} {as_of}");
        assert!(main.contains(told), "{main}");
        assert!(main.contains(&format!("name=\"counted\" value=\"{counted}\"")));
        assert!(main.contains(&format!("name=\"as_of\" value=\"{as_of}\"")));
    }
}

#[tokio::test]
async fn stock_is_deleted_and_created_again() {
    let mut shop = Shop::open().await;
    let page = shop.do_and_see(&page_of(1, "/stock/delete"), &[]).await;
    assert!(page.main().contains("Deleted."));
    insta::assert_snapshot!(plain(&page.main()));
    let create = page_of(1, "/stock");
    for (level, place, told) in [
        ("some", "", "isn&#39;t a whole number"),
        ("3", "nowhere", "There is no location"),
        ("3", "no slug", "letters, digits"),
    ] {
        let page = shop
            .post(&create, &[("level", level), ("place", place)])
            .await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST);
        assert!(page.main().contains(told), "{}", page.main());
        assert!(
            page.main()
                .contains(&format!("name=\"level\" value=\"{level}\""))
        );
    }
    let page = shop
        .do_and_see(&create, &[("level", "3"), ("place", "paris")])
        .await;
    assert!(page.main().contains("Created.") && page.main().contains("position-paris"));
    assert_eq!(shop.available(1).await, 3);
    let page = shop.post(&create, &[("level", "4")]).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.main().contains("already managed"));
    shop.reserve_in_paris().await;
    let page = shop.post(&page_of(1, "/stock/delete"), &[]).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(
        page.main()
            .contains("Nothing was deleted. A reservation holds stock")
    );
}

impl Shop {
    async fn reserve_in_paris(&self) {
        let reserve = Reserve {
            order: None,
            expires_in: ExpiresIn::default(),
            items: vec![ReservationItem {
                product: product(1),
                place: ItemPlace::Location("paris".to_owned()),
                quantity: Quantity::new(1).unwrap(),
            }],
            sourcing: None,
        };
        self.stockroom
            .execute(&self.owner(), reserve)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn holds_are_released_and_extended_where_they_stand() {
    let mut shop = Shop::open().await;
    let first = shop.reserve(1, "1001", 2).await;
    let second = shop.reserve(1, "1002", 3).await;
    let of = |reservation: &Reservation, verb: &str| {
        page_of(1, &format!("/holds/{}/{verb}", reservation.id))
    };
    let back = shop.path(&page_of(1, "?from=2026-01-30T00%3A00"));
    let fields = [("minutes", "120"), ("back", &*back)];
    let page = shop.do_and_see(&of(&first, "extend"), &fields).await;
    assert!(page.main().contains("The reservation lasts longer now."));
    assert!(page.main().contains("2\u{a0}h left"));
    assert!(
        page.main().contains("value=\"2026-01-30T00:00:00\""),
        "the chart stays"
    );
    for minutes in ["0", "soon", "44641"] {
        let page = shop
            .post(&of(&first, "extend"), &[("minutes", minutes)])
            .await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{minutes}");
        let typed = format!("name=\"minutes\" value=\"{minutes}\"");
        assert!(page.main().contains(&typed), "{minutes}");
        assert_eq!(page.main().matches("role=\"alert\"").count(), 1);
    }
    let page = shop.do_and_see(&of(&second, "release"), &[]).await;
    assert!(
        page.main()
            .contains("Released: the pieces can be sold again.")
    );
    assert_eq!(shop.available(1).await, 13);
    let page = shop.post(&of(&second, "release"), &[]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "it is released already");
    let page = shop.post(&of(&second, "extend"), &[("minutes", "5")]).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.main().contains("The reservation is released."));
    let unknown = page_of(1, &format!("/holds/{}/release", product(9)));
    assert_eq!(shop.post(&unknown, &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn other_stores_orders_are_not_told() {
    let mut shop = Shop::open().await;
    let head = shop.operator(Owner::Organization);
    let mut shared = registered(7, "Shared cup");
    shared.sku = Some(ProductText::new("sku", "CUP").unwrap());
    shop.stockroom.execute(&head, shared).await.unwrap();
    let stock = CreateStock {
        product: product(7),
        unlocated: Quantity::new(10).unwrap(),
        located: std::collections::BTreeMap::new(),
    };
    shop.stockroom.execute(&head, stock).await.unwrap();
    let name = stockroom_domain::Name::new("name", "Acme Paris").unwrap();
    let other = shop.stockroom.create_store(shop.organization.id, name);
    let other = shop.operator(Owner::Store(other.await.unwrap().id));
    let reserve = Reserve {
        order: Some(OrderId::new("order", "secret order").unwrap()),
        expires_in: ExpiresIn::default(),
        items: vec![ReservationItem {
            product: product(7),
            place: ItemPlace::Unnamed,
            quantity: Quantity::new(3).unwrap(),
        }],
        sourcing: None,
    };
    let others = shop.stockroom.execute(&other, reserve).await.unwrap();
    let page = shop.page(&page_of(7, "")).await;
    let main = page.main();
    assert!(main.contains("another store’s order") && main.contains("shared by the organization"));
    assert!(!main.contains("secret order") && !main.contains("/release"));
    let release = page_of(7, &format!("/holds/{}/release", others.reservation.id));
    assert_eq!(shop.post(&release, &[]).await.status, StatusCode::NOT_FOUND);
    let page = shop.post(&page_of(7, "/stock/delete"), &[]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.main().contains("Nothing was deleted."));
}

#[tokio::test]
async fn the_chart_shows_any_span() {
    let mut shop = Shop::open().await;
    shop.clock.advance_seconds(86_400);
    shop.transact(1, TransactionAction::Decrement, 5).await;
    shop.clock.advance_seconds(86_400);
    let key = shop.key.clone();
    shop.sign_in(&key).await;
    let page = shop
        .page(&page_of(
            1,
            "?from=2026-02-01T09%3A32%3A00&to=2026-02-02T09%3A33",
        ))
        .await;
    let main = page.main();
    assert!(
        main.contains("<path class=\"series\" d=\"M0 0V67H1000\"/>"),
        "{main}"
    );
    assert!(main.contains("between 10 and 15 available, 10 at the end"));
    let page = shop
        .page(&page_of(1, "?from=2020-01-01&to=2020-02-01"))
        .await;
    assert!(page.main().contains("There was no stock from"));
    let page = shop.page(&page_of(1, "?from=%3Cb%3E")).await;
    assert!(page.main().contains("isn’t a date and time") && !page.body.contains("<b>"));
    assert!(page.main().contains("name=\"from\" value=\"&#60;b&#62;\""));
}

#[tokio::test]
async fn many_positions_and_changes_are_bounded() {
    let mut shop = Shop::open().await;
    let owner = shop.owner();
    for number in 0..60 {
        let slug = format!("shelf-{number:02}");
        let location = stockroom_domain::CreateLocation::new(
            stockroom_domain::Name::new("name", &slug).unwrap(),
            stockroom_domain::Slug::new(&slug).unwrap(),
        );
        shop.stockroom.execute(&owner, location).await.unwrap();
        let mut transact = Transact::new(
            product(1),
            TransactionAction::Increment,
            Quantity::new(1).unwrap(),
        );
        transact.location = Some(slug);
        shop.stockroom.execute(&owner, transact).await.unwrap();
    }
    let page = shop.page(&page_of(1, "")).await;
    assert_eq!(page.main().matches("id=\"position-").count(), 50);
    assert!(page.body.len() < 130_000, "{}", page.body.len());
    let page = shop.page(&page_of(1, "?after=shelf-47")).await;
    assert_eq!(page.main().matches("id=\"position-").count(), 12);
    for _ in 0..1_000 {
        shop.transact(3, TransactionAction::Increment, 1).await;
    }
    let page = shop.page(&page_of(3, "")).await;
    assert!(page.main().contains("only the first 1000 are drawn"));
}

#[tokio::test]
async fn products_of_others_are_not_found() {
    let mut shop = Shop::open().await;
    for (path, status) in [
        (page_of(8, ""), StatusCode::NOT_FOUND),
        ("/products/nonsense".to_owned(), StatusCode::NOT_FOUND),
        (page_of(1, ""), StatusCode::OK),
    ] {
        assert_eq!(shop.page(&path).await.status, status, "{path}");
    }
    for path in ["/change", "/count", "/stock", "/stock/delete"] {
        let fields = [
            ("level", "1"),
            ("seen", ":0:0"),
            ("change", "+1"),
            ("counted", "1"),
        ];
        let answer = shop.post(&page_of(8, path), &fields).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(shop.available(8).await, 0);
}

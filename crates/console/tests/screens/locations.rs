//! Locations.

use axum::http::StatusCode;
use stockroom_application::{LocationOrder, PageRequest};
use stockroom_domain::{Address, CreateLocation, Geolocation, Location, Name, Owner, Slug};

use crate::support::{Answer, Shop};

impl Shop {
    /// The location of this slug at the store's level.
    pub(crate) async fn location(&self, slug: &str) -> Location {
        let owner = self.owner();
        let page = PageRequest::from_offset(100, 0);
        let found =
            self.stockroom
                .list_locations(owner.caller(), &[], LocationOrder::Created, page);
        let mut found = found.await.unwrap().items.into_iter();
        found.find(|it| it.slug.as_str() == slug).unwrap()
    }

    async fn create_location(
        &self,
        owner: Owner,
        slug: &str,
        point: Option<(f64, f64)>,
    ) -> Location {
        let name = Name::new("name", format!("Place <{slug}>")).unwrap();
        let request = CreateLocation {
            address: Address::new(vec!["Westhafenstraße 1".into(), "13353 Berlin".into()]).ok(),
            geolocation: point.map(|(lat, lon)| Geolocation::new(lat, lon).unwrap()),
            ..CreateLocation::new(name, Slug::new(slug).unwrap())
        };
        let owner = self.operator(owner);
        self.stockroom.execute(&owner, request).await.unwrap()
    }

    async fn in_page(&self, page: &Answer) -> String {
        let mut text = page.main().replace(&self.store.id.to_string(), "STORE");
        for slug in ["berlin", "paris"] {
            let id = self.location(slug).await.id.to_string();
            text = text.replace(&id, &slug.to_uppercase());
        }
        text
    }
}

/// The slugs of a list, in its order.
fn listed(page: &Answer) -> Vec<String> {
    let rows = page.body.split("<tr id=\"location-").skip(1);
    let slug = |row: &str| {
        let from = row.find("/stock?location=").unwrap() + 16;
        row[from..from + row[from..].find('"').unwrap()].to_owned()
    };
    rows.map(slug).collect()
}

/// All fields of the form.
const FIELDS: [(&str, &str); 10] = [
    ("name", "Berlin <harbour>"),
    ("slug", "harbour"),
    ("external_ref", "WH-1"),
    ("description", "Open\r\nat night"),
    ("address", " Westhafenstraße 1\r\n13353 Berlin\r\n"),
    ("latitude", "52,54"),
    ("longitude", "13.34"),
    ("enabled", "on"),
    ("priority", " 20 "),
    ("version", "1"),
];

fn with<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = FIELDS
        .iter()
        .filter(|(name, _)| changes.iter().all(|(it, _)| it != name));
    kept.chain(changes).copied().collect()
}

fn check(location: &Location) {
    assert_eq!(location.name.as_str(), "Berlin <harbour>");
    assert_eq!(location.slug.as_str(), "harbour");
    assert_eq!(location.external_ref.as_ref().unwrap().as_str(), "WH-1");
    assert_eq!(
        location.description.as_ref().unwrap().as_str(),
        "Open\nat night"
    );
    let lines = location.address.as_ref().unwrap().lines();
    assert_eq!(lines, ["Westhafenstraße 1", "13353 Berlin"]);
    assert_eq!(location.geolocation, Geolocation::new(52.54, 13.34).ok());
    assert!(location.enabled);
    assert_eq!(location.priority.get(), 20);
}

#[tokio::test]
async fn the_list_shows_the_places_of_a_level() {
    let mut shop = Shop::open().await;
    let shared = shop
        .create_location(Owner::Organization, "depot", None)
        .await;
    let page = shop.page("/locations").await;
    let text = shop.in_page(&page).await;
    insta::assert_snapshot!(text.replace(&shared.id.to_string(), "DEPOT"));
    let mut shop = Shop::closed().await;
    let key = shop.key.clone();
    shop.sign_in(&key).await;
    let page = shop.page("/locations").await;
    assert!(page.body.contains("There is no location yet."));
}

#[tokio::test]
async fn locations_are_filtered_and_sorted_by_distance() {
    let mut shop = Shop::open().await;
    let store = Owner::Store(shop.store.id);
    shop.create_location(store, "tokyo", Some((35.6762, 139.6503)))
        .await;
    shop.create_location(store, "hamburg", Some((53.55, 9.99)))
        .await;
    for (query, slugs) in [
        ("?name=shelf", vec!["berlin"]),
        ("?slug=par", vec!["paris"]),
        ("?slug=aris", vec![]),
        ("?external_ref=x", vec![]),
        (
            "?near=52.52%2C+13.405",
            vec!["hamburg", "tokyo", "berlin", "paris"],
        ),
        ("?near=36+139", vec!["tokyo", "hamburg", "berlin", "paris"]),
    ] {
        let page = shop.page(&format!("/locations{query}")).await;
        assert_eq!(page.status, StatusCode::OK, "{query}");
        assert_eq!(listed(&page), slugs, "{query}");
    }
    let page = shop.page("/locations?near=52.52%2C+13.405").await;
    assert!(
        page.body.contains("<td class=\"num\">8\u{202f}9"),
        "{}",
        page.main()
    );
    let page = shop.page("/locations?near=%3CBerlin%3E").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.body.contains("“&#60;Berlin&#62;” isn&#39;t a point."));
    assert!(page.body.contains("value=\"&#60;Berlin&#62;\""));
}

#[tokio::test]
async fn long_lists_have_pages() {
    let mut shop = Shop::open().await;
    for number in 0..60 {
        let slug = format!("shelf-{number}");
        let point = (number % 2 == 0).then_some((f64::from(number), 1.0));
        shop.create_location(Owner::Store(shop.store.id), &slug, point)
            .await;
    }
    for query in ["", "?near=10+10"] {
        let mut path = shop.path(&format!("/locations{query}"));
        let mut seen = Vec::new();
        loop {
            let page = shop.get(&path).await;
            seen.extend(listed(&page));
            let Some(at) = page.body.find("rel=\"next\" href=\"") else {
                break;
            };
            let next = &page.body[at + 17..];
            path = next[..next.find('"').unwrap()].replace("&#38;", "&");
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 62, "{query}");
    }
}

#[tokio::test]
async fn a_location_is_created_with_all_its_fields() {
    let mut shop = Shop::open().await;
    let page = shop.page("/locations/new").await;
    insta::assert_snapshot!(shop.in_page(&page).await);
    let page = shop.do_and_see("/locations", &FIELDS).await;
    assert!(page.body.contains("Created.") && page.body.contains("Berlin &#60;harbour&#62;"));
    assert!(!page.body.contains("<harbour>"));
    check(&shop.location("harbour").await);
}

#[tokio::test]
async fn a_location_is_edited() {
    let mut shop = Shop::open().await;
    let id = shop.location("berlin").await.id;
    let path = format!("/locations/{id}");
    let page = shop.page(&path).await;
    insta::assert_snapshot!(shop.in_page(&page).await);
    let page = shop.do_and_see(&path, &FIELDS).await;
    assert!(page.body.contains("Saved."));
    check(&shop.location("harbour").await);

    // The page's own fields change nothing.
    let page = shop.do_and_see(&path, &with(&[("version", "2")])).await;
    assert!(page.body.contains("Nothing was to be changed."));
    let empty = [
        ("external_ref", ""),
        ("description", ""),
        ("address", " "),
        ("latitude", ""),
        ("longitude", ""),
        ("version", "2"),
    ];
    shop.do_and_see(&path, &with(&empty)).await;
    let location = shop.location("harbour").await;
    assert_eq!((location.external_ref, location.description), (None, None));
    assert_eq!((location.address, location.geolocation), (None, None));
}

#[tokio::test]
async fn a_location_is_turned_off_and_on() {
    let mut shop = Shop::open().await;
    let id = shop.location("berlin").await.id;
    let path = format!("/locations/{id}");
    let off: Vec<_> = FIELDS.into_iter().filter(|it| it.0 != "enabled").collect();
    shop.do_and_see(&path, &off).await;
    assert!(!shop.location("harbour").await.enabled);
    let page = shop.page(&path).await;
    assert!(page.body.contains("name=\"enabled\" value=\"on\" aria"));
    let page = shop.page("/locations").await;
    assert_eq!(page.body.matches(">off</span>").count(), 1);
    assert!(page.body.contains("priority 20</span>"));
    let usual = [("version", "2"), ("priority", "")];
    shop.do_and_see(&path, &with(&usual)).await;
    let location = shop.location("harbour").await;
    assert!(location.enabled && location.priority.is_default());
    let page = shop.page("/locations").await;
    assert!(!page.body.contains(">off</span>") && !page.body.contains("priority 1"));
}

#[tokio::test]
async fn a_form_that_is_refused_stays_typed() {
    let mut shop = Shop::open().await;
    let id = shop.location("berlin").await.id;
    let long = "x\r\n".repeat(9);
    for path in ["/locations".to_owned(), format!("/locations/{id}")] {
        for (field, value, told) in [
            (
                "name",
                "AB",
                "The name must be a text of 3 to 1024 characters.",
            ),
            (
                "slug",
                "a b",
                "The slug must be 1 to 128 letters, digits, hyphens and underscores.",
            ),
            (
                "slug",
                "paris",
                "Another location has the slug &#34;paris&#34;.",
            ),
            ("address", long.as_str(), "The address must be 1 to 8 lines"),
            ("latitude", "north", "“north” isn&#39;t a number of degrees"),
            (
                "latitude",
                "90.5",
                "The latitude must be a number from -90 to 90.",
            ),
            (
                "priority",
                "1 000 001",
                "The priority must be an integer from 0 to 1000000.",
            ),
            (
                "priority",
                "first",
                "The priority must be an integer from 0 to 1000000.",
            ),
            (
                "longitude",
                "",
                "Write both the latitude and the longitude, or neither.",
            ),
        ] {
            let answer = shop.post(&path, &with(&[(field, value)])).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{told}");
            assert!(answer.body.contains(told), "{told}: {}", answer.main());
            assert!(answer.body.contains("value=\"WH-1\""));
            assert!(answer.body.contains("at night</textarea>"));
        }
    }
    let path = format!("/locations/{id}");
    let answer = shop.post(&path, &with(&[("version", "0")])).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert!(answer.body.contains("Somebody has changed this location"));
    assert!(answer.body.contains("name=\"version\" value=\"1\""));
    assert_eq!(shop.location("berlin").await.version, 1);
}

#[tokio::test]
async fn a_location_without_stock_is_deleted() {
    let mut shop = Shop::open().await;
    let (berlin, paris) = (shop.location("berlin").await, shop.location("paris").await);
    let answer = shop
        .post(&format!("/locations/{}/delete", berlin.id), &[])
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(
        answer
            .body
            .contains("Nothing was deleted: stock has this location.")
    );
    let stock = shop.path("/stock?location=berlin");
    assert!(
        answer
            .body
            .contains(&format!("<a href=\"{stock}\">Look at that stock</a>"))
    );
    let page = shop
        .do_and_see(&format!("/locations/{}/delete", paris.id), &[])
        .await;
    assert!(page.body.contains("Deleted."));
    assert_eq!(listed(&page), ["berlin"]);
}

#[tokio::test]
async fn shared_locations_are_edited_with_a_key_of_the_organization_alone() {
    let mut shop = Shop::open().await;
    let depot = shop
        .create_location(Owner::Organization, "depot", Some((1.5, -2.0)))
        .await;
    let path = format!("/locations/{}", depot.id);
    let page = shop.page(&path).await;
    let text = shop.in_page(&page).await;
    insta::assert_snapshot!(text.replace(&depot.id.to_string(), "DEPOT"));
    for path in [path.clone(), format!("{path}/delete")] {
        let answer = shop.post(&path, &FIELDS).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    let mut shop = Shop::of_organization().await;
    let depot = shop
        .create_location(Owner::Organization, "depot", None)
        .await;
    let path = format!("/locations/{}", depot.id);
    shop.do_and_see(&path, &with(&[("slug", "depot-2")])).await;
    assert_eq!(shop.location("depot-2").await.id, depot.id);
    let page = shop.get("/console/organization/locations").await;
    assert_eq!(listed(&page), ["depot-2"]);
}

#[tokio::test]
async fn others_locations_are_not_found_and_a_key_that_looks_changes_nothing() {
    let mut shop = Shop::open().await;
    let other = Name::new("name", "Acme Paris").unwrap();
    let other = shop.stockroom.create_store(shop.organization.id, other);
    let other = Owner::Store(other.await.unwrap().id);
    let theirs = shop.create_location(other, "theirs", None).await;
    for path in [
        format!("/locations/{}", theirs.id),
        "/locations/nonsense".to_owned(),
    ] {
        assert_eq!(shop.page(&path).await.status, StatusCode::NOT_FOUND);
        for path in [path.clone(), format!("{path}/delete")] {
            assert_eq!(
                shop.post(&path, &FIELDS).await.status,
                StatusCode::NOT_FOUND
            );
        }
    }
    let id = shop.location("berlin").await.id;
    shop.look_only().await;
    let page = shop.page(&format!("/locations/{id}")).await;
    assert!(!page.main().contains("<form"), "{}", page.main());
    assert!(
        !shop
            .page("/locations")
            .await
            .main()
            .contains("/locations/new")
    );
    for path in [
        "/locations".to_owned(),
        format!("/locations/{id}"),
        format!("/locations/{id}/delete"),
    ] {
        assert_eq!(
            shop.post(&path, &FIELDS).await.status,
            StatusCode::FORBIDDEN
        );
    }
}

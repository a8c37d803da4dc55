//! Lists that are longer than offsets reach. On the database in memory only, where so much is there
//! in no time; what else an adapter may get wrong, the suite of the adapters looks for.

use std::collections::BTreeSet;

use serde_json::Value;
use stockroom_domain::{
    CommodityType, CreateLocation, CreateStock, ExpiresIn, Geolocation, ItemPlace, Name, Owner,
    Priority, ProductId, ProductStatus, ProductText, Quantity, RegisterProduct, ReservationItem,
    Reserve, Slug,
};

use crate::support::{Answer, Form, TestApp, id, query};

/// More than the last page that an offset reaches.
const MANY: u32 = 10_230;

fn register(number: u32) -> RegisterProduct {
    RegisterProduct {
        id: None,
        name: ProductText::new("name", format!("Product {number}")).unwrap(),
        sku: None,
        slug: None,
        description: None,
        status: ProductStatus::Draft,
        commodity_type: CommodityType::Physical,
        manage_stock: false,
        external_ref: None,
        stock: None,
    }
}

fn locate(number: u32) -> CreateLocation {
    // Many at the same point, some nowhere.
    let longitude = f64::from(number % 50);
    let geolocation = Geolocation::new(0.0, longitude).unwrap();
    let name = Name::new("name", format!("Location {number}")).unwrap();
    CreateLocation {
        geolocation: (!number.is_multiple_of(7)).then_some(geolocation),
        // Many of the same priority.
        priority: Priority::new(u64::from(number % 50)).unwrap(),
        ..CreateLocation::new(name, Slug::new(format!("l{number}")).unwrap())
    }
}

fn reserve(product: ProductId) -> Reserve {
    let item = ReservationItem {
        product,
        place: ItemPlace::Unnamed,
        quantity: Quantity::new(1).unwrap(),
    };
    Reserve {
        order: None,
        expires_in: ExpiresIn::from_seconds(2_000_000).unwrap(),
        items: vec![item],
        sourcing: None,
    }
}

/// An application whose store has so much stock and so many products, locations and reservations.
async fn app() -> TestApp {
    let app = TestApp::new().await;
    let store = Owner::Store(app.store.id);
    app.create_many_stocks(MANY - 1).await;
    app.make(store, (0..MANY).map(register)).await;
    // Neither may have as many by itself.
    app.make(Owner::Organization, (0..MANY / 2).map(locate))
        .await;
    app.make(store, (MANY / 2..MANY).map(locate)).await;
    let product = ProductId::parse(&id(MANY)).unwrap();
    let stock = CreateStock {
        product,
        unlocated: Quantity::new(MANY.into()).unwrap(),
        located: std::collections::BTreeMap::new(),
    };
    app.make(store, [stock].into_iter()).await;
    app.make(store, (0..MANY).map(|_| reserve(product))).await;
    app
}

async fn read(app: &TestApp, path: &str) -> Answer {
    let answer = app.get(path).header("ep-geolocation", "0,0");
    let answer = answer.form(Form::MultiLocation).send().await;
    answer.expect_status(200);
    answer
}

/// Follows `next` to the end, and gives the ids in the order seen.
async fn follow(app: &TestApp, start: &str) -> Vec<String> {
    let mut seen = Vec::new();
    let mut link = start.to_owned();
    loop {
        let answer = read(app, &link).await;
        seen.extend(answer.ids());
        match &answer.json()["links"]["next"] {
            Value::String(next) => link.clone_from(next),
            end => {
                assert!(end.is_null());
                return seen;
            }
        }
    }
}

/// From a page near the end of what offsets reach, every item is seen once, in the same order whatever a
/// page takes.
#[tokio::test]
async fn next_leads_to_the_end_of_every_list() {
    const FAR: usize = 9_950;
    let app = app().await;
    let now = app.now().to_string();
    let holds = format!("/v2/inventories/{}/holds", id(MANY));
    for (path, parameters) in [
        ("/v2/inventories", vec![]),
        ("/v2/inventories", vec![("filter", "ge(total,0)")]),
        ("/v2/inventories", vec![("at", now.as_str())]),
        (
            "/v2/inventories",
            vec![("at", now.as_str()), ("filter", "ge(total,0)")],
        ),
        ("/v2/products", vec![]),
        ("/v2/inventories/locations", vec![]),
        (
            "/v2/inventories/locations",
            vec![("filter", "like(slug,l*)")],
        ),
        ("/v2/inventories/locations", vec![("sort", "location")]),
        ("/v2/inventories/locations", vec![("sort", "priority")]),
        ("/v2/inventories/reservations", vec![]),
        (
            "/v2/inventories/reservations",
            vec![("filter", "eq(state,pending)")],
        ),
        (holds.as_str(), vec![]),
    ] {
        let page = |limit: &str, offset: usize| {
            let offset = offset.to_string();
            let paging = [("page[limit]", limit), ("page[offset]", offset.as_str())];
            query(path, &[&parameters[..], &paging[..]].concat())
        };
        let rest = follow(&app, &page("97", FAR)).await;
        assert_eq!(rest.len(), MANY as usize - FAR, "{path} {parameters:?}");
        let distinct: BTreeSet<&String> = rest.iter().collect();
        assert_eq!(distinct.len(), rest.len(), "{path} {parameters:?}");
        let by_less = follow(&app, &page("41", FAR)).await;
        assert_eq!(by_less, rest, "{path} {parameters:?}");
    }
}

#[tokio::test]
async fn next_leads_from_the_first_page_to_the_last() {
    let app = TestApp::new().await;
    app.create_many_stocks(MANY).await;
    let all = follow(&app, "/v2/inventories?page[limit]=100").await;
    assert_eq!(all, (0..MANY).map(id).collect::<Vec<_>>());
}

/// The last page that an offset reaches, and its cursor.
async fn last_by_offset(app: &TestApp, parameters: &[(&str, &str)]) -> (Answer, String) {
    let path = query("/v2/inventories", parameters);
    let answer = app.get(&format!("{path}&page%5Boffset%5D=10000"));
    let answer = answer.send().await;
    let next = answer.json()["links"]["next"].as_str().unwrap().to_owned();
    let (_, query) = next.split_once('?').unwrap();
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    let cursor = parameters.find(|(name, _)| name == "page[after]");
    let cursor = cursor.unwrap().1.into_owned();
    (answer, cursor)
}

/// A cursor stands for a place, not for an item.
#[tokio::test]
async fn a_cursor_outlives_its_item() {
    let app = TestApp::new().await;
    app.create_many_stocks(10_005).await;
    let (page, cursor) = last_by_offset(&app, &[("page[limit]", "2")]).await;
    assert_eq!(page.ids(), [id(10_000), id(10_001)]);
    for gone in [10_001, 10_003, 5] {
        let path = format!("/v2/inventories/{}", id(gone));
        app.delete(&path).send().await.expect_status(204);
    }
    let behind = [("page[limit]", "2"), ("page[after]", &cursor)];
    let behind = app.get(&query("/v2/inventories", &behind)).send().await;
    assert_eq!(behind.ids(), [id(10_002), id(10_004)]);
    assert_eq!(behind.json()["meta"]["results"]["total"], 10_002);
    assert_eq!(behind.json()["links"]["next"], Value::Null);
    // Another store learns nothing by it, and reads on in its own list.
    let (_, other) = app.another_store("Other").await;
    let path = query("/v2/inventories", &[("page[after]", &cursor)]);
    let others = app.get(&path).token(&other).send().await;
    assert_eq!(others.ids(), Vec::<String>::new());
    assert_eq!(others.json()["meta"]["results"]["total"], 0);
}

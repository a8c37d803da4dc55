//! Organizations and their stores: who sees and changes what.

use serde_json::{Value, json};
use stockroom_domain::StoreId;

use crate::support::{Answer, FORMS, Form, TestApp, TestRequest, id};

/// Someone who calls.
#[derive(Clone)]
struct Who {
    token: String,
    /// The store that an organization's key names.
    store: Option<StoreId>,
}

impl Who {
    fn sends<'a>(&self, request: TestRequest<'a>) -> TestRequest<'a> {
        let request = request.token(&self.token).form(Form::MultiLocation);
        match self.store {
            Some(store) => request.in_store(&store),
            None => request,
        }
    }

    /// Creates stock; gives the status.
    async fn creates(&self, app: &TestApp, product: &str, quantity: u64) -> Answer {
        let body = json!({ "data": { "quantity": quantity } });
        self.sends(app.post(&path(product), &body)).send().await
    }

    async fn transacts(&self, app: &TestApp, product: &str, data: Value) -> Answer {
        let path = format!("{}/transactions", path(product));
        self.sends(app.post(&path, &json!({ "data": data })))
            .send()
            .await
    }

    /// What it sees of a product: the same in one, several and list.
    async fn sees(&self, app: &TestApp, product: &str) -> Option<Value> {
        let one = self.sends(app.get(&path(product))).send().await;
        let body = json!({ "data": [{ "id": product }] });
        let several = self
            .sends(app.post("/v2/inventories/multiple", &body))
            .send()
            .await;
        let list = self
            .sends(app.get("/v2/inventories?page[limit]=100"))
            .send()
            .await
            .data();
        let list = list.as_array().unwrap().iter();
        let listed: Vec<&Value> = list.filter(|stock| stock["id"] == product).collect();
        if one.status == 200 {
            let stock = one.data();
            assert_eq!(several.data(), json!([stock]));
            assert_eq!(listed, [&stock]);
            return Some(stock);
        }
        one.expect_status(404);
        several.expect_status(404);
        assert!(listed.is_empty());
        None
    }

    /// How much of a product it sees to be available.
    async fn available(&self, app: &TestApp, product: &str) -> Option<u64> {
        let stock = self.sees(app, product).await?;
        stock["attributes"]["available"].as_u64()
    }
}

fn path(product: &str) -> String {
    format!("/v2/inventories/{product}")
}

/// An organization with two stores, and a stranger.
struct Scene {
    app: TestApp,
    berlin: Who,
    paris: Who,
    organization: Who,
    /// The organization's key in the store in Berlin.
    organization_in_berlin: Who,
    organization_in_paris: Who,
    strangers: [Who; 2],
}

impl Scene {
    async fn new() -> Self {
        let app = TestApp::new().await;
        let (paris, paris_token) = app.another_store("Acme Paris").await;
        let (_, stranger, strange_organization) = app.stranger().await;
        let who = |token: &str, store| Who {
            token: token.to_owned(),
            store,
        };
        Self {
            berlin: who(&app.token, None),
            paris: who(&paris_token, None),
            organization: who(&app.organization_token, None),
            organization_in_berlin: who(&app.organization_token, Some(app.store.id)),
            organization_in_paris: who(&app.organization_token, Some(paris.id)),
            strangers: [who(&stranger, None), who(&strange_organization, None)],
            app,
        }
    }

    /// Registers an organization-level product.
    async fn shared_product(&self) -> String {
        let body = json!({ "data": { "name": "Chair" } });
        let answer = self
            .organization
            .sends(self.app.post("/v2/products", &body))
            .send()
            .await;
        answer.expect_status(201);
        answer.created_id()
    }

    async fn allow_stock_per_store(&self, allowed: bool) {
        let body = json!({ "data": { "per_store_stock": allowed } });
        let request = self.app.put("/v2/settings/inventories", &body);
        self.organization
            .sends(request)
            .send()
            .await
            .expect_status(200);
    }
}

fn stock_id(stock: &Value) -> &Value {
    assert!(stock["meta"]["stock_id"].is_string());
    &stock["meta"]["stock_id"]
}

#[tokio::test]
async fn a_stores_stock_is_its_own() {
    let scene = Scene::new().await;
    let Scene {
        app,
        berlin,
        paris,
        organization,
        ..
    } = &scene;
    berlin.creates(app, &id(1), 5).await.expect_status(201);
    assert_eq!(berlin.available(app, &id(1)).await, Some(5));
    assert_eq!(
        scene.organization_in_berlin.available(app, &id(1)).await,
        Some(5)
    );
    for other in [paris, organization, &scene.organization_in_paris] {
        assert_eq!(other.sees(app, &id(1)).await, None);
    }
    for stranger in &scene.strangers {
        assert_eq!(stranger.sees(app, &id(1)).await, None);
    }
    // Another store may use the id for a product of its own, as may another organization.
    for (number, other) in [paris, &scene.strangers[0], &scene.strangers[1]]
        .iter()
        .enumerate()
    {
        let quantity = 10 + number as u64;
        other
            .creates(app, &id(1), quantity)
            .await
            .expect_status(201);
        assert_eq!(other.available(app, &id(1)).await, Some(quantity));
    }
    assert_eq!(berlin.available(app, &id(1)).await, Some(5));
    let increment = json!({ "action": "increment", "quantity": 1 });
    paris
        .transacts(app, &id(1), increment)
        .await
        .expect_status(201);
    assert_eq!(berlin.available(app, &id(1)).await, Some(5));
    assert_eq!(paris.available(app, &id(1)).await, Some(11));
}

#[tokio::test]
async fn an_organizations_stock_is_shared_by_its_stores() {
    let scene = Scene::new().await;
    let Scene {
        app,
        berlin,
        paris,
        organization,
        ..
    } = &scene;
    for product in [id(1), scene.shared_product().await] {
        organization
            .creates(app, &product, 100)
            .await
            .expect_status(201);
        let stock = organization.sees(app, &product).await;
        assert!(stock.is_some());
        for member in [
            berlin,
            paris,
            &scene.organization_in_berlin,
            &scene.organization_in_paris,
        ] {
            assert_eq!(member.sees(app, &product).await, stock);
        }
        for stranger in &scene.strangers {
            assert_eq!(stranger.sees(app, &product).await, None);
        }
        // All act on the one stock that it is, and have the one history.
        let mut available = 100;
        for member in [berlin, paris, organization, &scene.organization_in_paris] {
            let allocate = json!({ "action": "allocate", "quantity": 10 });
            member
                .transacts(app, &product, allocate)
                .await
                .expect_status(201);
            available -= 10;
            for reader in [berlin, paris, organization] {
                assert_eq!(reader.available(app, &product).await, Some(available));
            }
        }
        let history = format!("{}/transactions", path(&product));
        let expected = organization.sends(app.get(&history)).send().await;
        assert_eq!(expected.ids().len(), 5);
        for member in [berlin, paris] {
            let seen = member.sends(app.get(&history)).send().await;
            assert_eq!(seen.text(), expected.text());
        }
        for stranger in &scene.strangers {
            stranger
                .sends(app.get(&history))
                .send()
                .await
                .expect_status(404);
        }
    }
}

#[tokio::test]
async fn a_store_may_neither_delete_nor_put_the_organizations_stock() {
    let scene = Scene::new().await;
    let Scene {
        app,
        berlin,
        organization,
        ..
    } = &scene;
    organization
        .creates(app, &id(1), 100)
        .await
        .expect_status(201);
    let before = app.readings().await;
    let body = json!({ "data": { "locations": {} } });
    for form in FORMS {
        for request in [app.delete(&path(&id(1))), app.put(&path(&id(1)), &body)] {
            berlin
                .sends(request)
                .form(form)
                .send()
                .await
                .expect_status(403);
        }
    }
    assert_eq!(app.readings().await, before);
    // An organization's key may, also while it acts in a store.
    let in_berlin = &scene.organization_in_berlin;
    in_berlin
        .sends(app.put(&path(&id(1)), &body))
        .send()
        .await
        .expect_status(200);
    in_berlin
        .sends(app.delete(&path(&id(1))))
        .send()
        .await
        .expect_status(204);
    assert_eq!(organization.sees(app, &id(1)).await, None);
}

#[tokio::test]
async fn what_an_organizations_key_was_answered_is_not_for_a_stores() {
    let scene = Scene::new().await;
    let Scene {
        app,
        berlin,
        organization_in_berlin,
        ..
    } = &scene;
    let created = scene.organization.creates(app, &id(1), 100).await;
    created.expect_status(201);
    let delete = || app.delete(&path(&id(1))).header("idempotency-key", "key");
    let in_berlin = organization_in_berlin.sends(delete()).send().await;
    in_berlin.expect_status(204);
    let refused = berlin.sends(delete()).send().await;
    refused.expect_status(403);
    assert_eq!(refused.header("idempotent-replayed"), None);
    let again = organization_in_berlin.sends(delete()).send().await;
    again.expect_status(204);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}

#[tokio::test]
async fn stores_do_not_undo_one_anothers_changes_of_shared_stock() {
    let scene = Scene::new().await;
    let Scene {
        app,
        berlin,
        paris,
        organization,
        ..
    } = &scene;
    let created = organization.creates(app, &id(1), 100).await;
    created.expect_status(201);
    let undo = async |who: &Who, transaction: &str| {
        let path = format!("{}/transactions/{transaction}/undo", path(&id(1)));
        who.sends(app.post_nothing(&path)).send().await.status
    };
    let allocate = json!({ "action": "allocate", "quantity": 10 });
    for (maker, sister) in [(berlin, paris), (paris, berlin)] {
        let made = maker.transacts(app, &id(1), allocate.clone()).await;
        let made = made.created_id();
        assert_eq!(undo(sister, &made).await, 403);
        assert_eq!(undo(maker, &made).await, 201);
        let made = maker.transacts(app, &id(1), allocate.clone()).await;
        assert_eq!(undo(organization, &made.created_id()).await, 201);
        let made = organization.transacts(app, &id(1), allocate.clone()).await;
        assert_eq!(undo(maker, &made.created_id()).await, 403);
    }
    assert_eq!(berlin.available(app, &id(1)).await, Some(80));
}

#[tokio::test]
async fn a_store_with_stock_of_its_own_sees_that_instead() {
    let scene = Scene::new().await;
    let Scene {
        app,
        berlin,
        paris,
        organization,
        ..
    } = &scene;
    berlin.creates(app, &id(1), 5).await.expect_status(201);
    organization
        .creates(app, &id(1), 70)
        .await
        .expect_status(201);
    assert_eq!(berlin.available(app, &id(1)).await, Some(5));
    assert_eq!(
        scene.organization_in_berlin.available(app, &id(1)).await,
        Some(5)
    );
    assert_eq!(paris.available(app, &id(1)).await, Some(70));
    assert_eq!(organization.available(app, &id(1)).await, Some(70));
    let decrement = json!({ "action": "decrement", "quantity": 6 });
    berlin
        .transacts(app, &id(1), decrement.clone())
        .await
        .expect_status(422);
    paris
        .transacts(app, &id(1), decrement)
        .await
        .expect_status(201);
    assert_eq!(berlin.available(app, &id(1)).await, Some(5));
    assert_eq!(organization.available(app, &id(1)).await, Some(64));
    // Its own it may delete; then the organization's comes to light.
    berlin
        .sends(app.delete(&path(&id(1))))
        .send()
        .await
        .expect_status(204);
    assert_eq!(berlin.available(app, &id(1)).await, Some(64));
    berlin
        .sends(app.delete(&path(&id(1))))
        .send()
        .await
        .expect_status(403);
}

#[tokio::test]
async fn an_organization_level_product_is_managed_in_one_place() {
    let scene = Scene::new().await;
    let Scene {
        app,
        berlin,
        paris,
        organization,
        ..
    } = &scene;
    let everyone = [berlin, paris, organization];
    for first in everyone {
        let product = scene.shared_product().await;
        first.creates(app, &product, 5).await.expect_status(201);
        let before = app.readings().await;
        for second in everyone {
            let answer = second.creates(app, &product, 5).await;
            answer.expect_status(400);
            let own = first.token == second.token;
            let invalid = answer.detail() == "Invalid product identifier";
            assert_eq!(invalid, !own, "{}", answer.text());
        }
        assert_eq!(app.readings().await, before);
        // Once it is given up there, another place may have it.
        first
            .sends(app.delete(&path(&product)))
            .send()
            .await
            .expect_status(204);
        paris.creates(app, &product, 6).await.expect_status(201);
        assert_eq!(paris.available(app, &product).await, Some(6));
    }
}

#[tokio::test]
async fn an_unregistered_product_with_organization_stock_is_the_organizations() {
    let scene = Scene::new().await;
    let Scene {
        app,
        paris,
        organization,
        ..
    } = &scene;
    organization
        .creates(app, &id(1), 5)
        .await
        .expect_status(201);
    let answer = paris.creates(app, &id(1), 5).await;
    answer.expect_status(400);
    assert_eq!(answer.detail(), "Invalid product identifier");
}

#[tokio::test]
async fn with_stock_per_store_every_store_keeps_its_own() {
    let scene = Scene::new().await;
    let Scene {
        app,
        berlin,
        paris,
        organization,
        ..
    } = &scene;
    let product = scene.shared_product().await;
    scene.allow_stock_per_store(true).await;
    let mut stock_ids = Vec::new();
    for (who, quantity) in [(berlin, 1), (paris, 2), (organization, 3)] {
        who.creates(app, &product, quantity)
            .await
            .expect_status(201);
        assert_eq!(who.available(app, &product).await, Some(quantity));
        let stock = who.sees(app, &product).await.unwrap();
        stock_ids.push(stock_id(&stock).to_string());
    }
    stock_ids.sort();
    stock_ids.dedup();
    assert_eq!(stock_ids.len(), 3);
    let decrement = json!({ "action": "decrement", "quantity": 1 });
    berlin
        .transacts(app, &product, decrement)
        .await
        .expect_status(201);
    assert_eq!(berlin.available(app, &product).await, Some(0));
    assert_eq!(paris.available(app, &product).await, Some(2));
    assert_eq!(organization.available(app, &product).await, Some(3));
    // Switched off again, what there is stays, and no more is made.
    scene.allow_stock_per_store(false).await;
    assert_eq!(paris.available(app, &product).await, Some(2));
    paris
        .sends(app.delete(&path(&product)))
        .send()
        .await
        .expect_status(204);
    let answer = paris.creates(app, &product, 2).await;
    assert_eq!(answer.detail(), "Invalid product identifier");
}

#[tokio::test]
async fn locations_belong_to_a_level() {
    let scene = Scene::new().await;
    let Scene {
        app,
        berlin,
        paris,
        organization,
        ..
    } = &scene;
    let list = "/v2/inventories/locations";
    let mut ids = Vec::new();
    for (who, slug) in [(berlin, "shop"), (paris, "shop"), (organization, "hub")] {
        let body = json!({ "data": { "name": format!("The {slug}"), "slug": slug } });
        let answer = who.sends(app.post(list, &body)).send().await;
        answer.expect_status(201);
        ids.push(answer.created_id());
    }
    let [berlins, parises, hub] = [&ids[0], &ids[1], &ids[2]];
    for (who, usable) in [
        (berlin, vec![berlins, hub]),
        (paris, vec![parises, hub]),
        (organization, vec![hub]),
        (&scene.organization_in_berlin, vec![berlins, hub]),
        (&scene.strangers[0], vec![]),
        (&scene.strangers[1], vec![]),
    ] {
        let listed = who.sends(app.get(list)).send().await.ids();
        assert_eq!(listed.iter().collect::<Vec<_>>(), usable);
        for id in &ids {
            let one = who.sends(app.get(&format!("{list}/{id}"))).send().await;
            one.expect_status(if usable.contains(&id) { 200 } else { 404 });
        }
    }
    // Stock lies in the locations of whoever holds it.
    berlin.creates(app, &id(1), 0).await.expect_status(201);
    organization
        .creates(app, &id(2), 0)
        .await
        .expect_status(201);
    for (who, product, slug, status) in [
        (berlin, id(1), "shop", 201),
        (berlin, id(1), "hub", 400),
        (berlin, id(2), "shop", 400),
        (berlin, id(2), "hub", 201),
        (organization, id(2), "hub", 201),
        (organization, id(2), "shop", 400),
    ] {
        let increment = json!({ "action": "increment", "quantity": 1, "location": slug });
        who.transacts(app, &product, increment)
            .await
            .expect_status(status);
    }
    let shop = berlin.sees(app, &id(1)).await.unwrap()["attributes"]["locations"].take();
    assert_eq!(shop["shop"]["available"], 1);
    let hub = paris.sees(app, &id(2)).await.unwrap()["attributes"]["locations"].take();
    assert_eq!(hub["hub"]["available"], 2);
}

#[tokio::test]
async fn products_belong_to_a_level() {
    let scene = Scene::new().await;
    let Scene {
        app,
        berlin,
        paris,
        organization,
        ..
    } = &scene;
    let body = json!({ "data": { "name": "Berliner" } });
    let berlins = berlin
        .sends(app.post("/v2/products", &body))
        .send()
        .await
        .created_id();
    let shared = scene.shared_product().await;
    for (who, seen) in [
        (berlin, vec![&berlins, &shared]),
        (&scene.organization_in_berlin, vec![&berlins, &shared]),
        (paris, vec![&shared]),
        (organization, vec![&shared]),
        (&scene.strangers[0], vec![]),
        (&scene.strangers[1], vec![]),
    ] {
        let listed = who.sends(app.get("/v2/products")).send().await.ids();
        assert_eq!(listed.iter().collect::<Vec<_>>(), seen);
        for id in [&berlins, &shared] {
            let one = who
                .sends(app.get(&format!("/v2/products/{id}")))
                .send()
                .await;
            one.expect_status(if seen.contains(&id) { 200 } else { 404 });
        }
    }
    // The level is that of the stock which each sees.
    organization
        .creates(app, &shared, 7)
        .await
        .expect_status(201);
    for member in [berlin, paris, organization] {
        let product = member
            .sends(app.get(&format!("/v2/products/{shared}")))
            .send()
            .await;
        assert_eq!(product.data()["meta"]["stock"]["level"], 7);
    }
}

#[tokio::test]
async fn an_organizations_key_acts_in_the_store_that_it_names() {
    let scene = Scene::new().await;
    let Scene {
        app,
        berlin,
        paris,
        organization,
        ..
    } = &scene;
    scene
        .organization_in_berlin
        .creates(app, &id(1), 5)
        .await
        .expect_status(201);
    assert_eq!(berlin.available(app, &id(1)).await, Some(5));
    assert_eq!(paris.sees(app, &id(1)).await, None);
    assert_eq!(organization.sees(app, &id(1)).await, None);
    // A store's key may name its own store.
    let naming_its_own = Who {
        store: Some(app.store.id),
        ..berlin.clone()
    };
    assert_eq!(naming_its_own.available(app, &id(1)).await, Some(5));
    let uppercase = app.store.id.to_string().to_uppercase();
    let request = app.get(&path(&id(1))).organization().in_store(&uppercase);
    request.send().await.expect_status(200);
}

#[tokio::test]
async fn another_organizations_ids_in_bodies_name_nothing() {
    let scene = Scene::new().await;
    let Scene { app, berlin, .. } = &scene;
    let body = json!({ "data": { "name": "Shop", "slug": "shop" } });
    let create = app.post("/v2/inventories/locations", &body);
    berlin.sends(create).send().await.expect_status(201);
    berlin.creates(app, &id(1), 5).await.expect_status(201);
    let before = app.readings().await;
    for stranger in &scene.strangers {
        stranger.creates(app, &id(2), 5).await.expect_status(201);
        let increment = json!({ "action": "increment", "quantity": 1, "location": "shop" });
        stranger
            .transacts(app, &id(2), increment)
            .await
            .expect_status(400);
        let increment = json!({ "action": "increment", "quantity": 1, "product_id": id(1) });
        stranger
            .transacts(app, &id(2), increment)
            .await
            .expect_status(400);
        let put = json!({ "data": { "locations": { "shop": { "available": 1 } } } });
        let put = stranger.sends(app.put(&path(&id(2)), &put)).send().await;
        put.expect_status(400);
        let create =
            json!({ "data": { "id": id(3), "locations": { "shop": { "available": 1 } } } });
        let create = stranger
            .sends(app.post("/v2/inventories", &create))
            .send()
            .await;
        create.expect_status(400);
        let list = stranger.sends(app.get("/v2/inventories?filter=eq(location,shop)"));
        assert_eq!(list.send().await.ids(), [""; 0]);
    }
    assert_eq!(app.readings().await, before);
}

#[tokio::test]
async fn a_transaction_is_found_in_its_own_stock_alone() {
    let scene = Scene::new().await;
    let Scene {
        app, berlin, paris, ..
    } = &scene;
    for who in [berlin, paris, &scene.strangers[0]] {
        who.creates(app, &id(1), 5).await.expect_status(201);
    }
    let history = format!("{}/transactions", path(&id(1)));
    let own = berlin.sends(app.get(&history)).send().await.ids();
    let entry = format!("{history}/{}", own[0]);
    berlin
        .sends(app.get(&entry))
        .send()
        .await
        .expect_status(200);
    for other in [paris, &scene.strangers[0], &scene.strangers[1]] {
        other.sends(app.get(&entry)).send().await.expect_status(404);
    }
}

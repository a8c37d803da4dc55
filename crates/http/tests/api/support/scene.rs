//! Something of everything, and how to see that nothing of it has changed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Form, TestApp, id};

/// Ids of what there is in the application's store.
#[derive(Clone)]
pub(crate) struct Scene {
    /// A product whose stock is 100: 70 available and 10 allocated in the unlocated pool, 20 in
    /// the location `berlin`.
    pub(crate) stocked: String,
    /// A transaction of that stock.
    pub(crate) transaction: String,
    /// The batch in which the stock in `berlin` was added.
    pub(crate) batch: String,
    /// A location where no stock lies: `empty`.
    pub(crate) location: String,
    /// A registered product without stock.
    pub(crate) product: String,
    /// An application key that nobody uses.
    pub(crate) key: String,
    /// An integration that has delivered nothing but one event.
    pub(crate) integration: String,
    /// The job of that event.
    pub(crate) job: String,
    /// An import that waits.
    pub(crate) import: String,
    /// An import that has changed nothing.
    pub(crate) finished_import: String,
    /// A product whose stock is 5, of which 2 are reserved.
    pub(crate) reserved: String,
    /// The reservation, of order 7, pending for as long as may be.
    pub(crate) reservation: String,
    /// A draft of a transfer of 5 pieces of the stocked product to `berlin`.
    pub(crate) transfer: String,
    /// A delivery of 10 pieces of the reserved product, of which 9 are under way.
    pub(crate) shipped: String,
    /// The receipt by which the other one is missing.
    pub(crate) receipt: String,
}

impl TestApp {
    pub(crate) async fn scene(&self) -> Scene {
        let stocked = id(1);
        self.create_location("berlin").await;
        let location = self.create_location("empty").await;
        self.create_stock(&stocked, 80).await;
        let transaction = self.transact(&stocked, "allocate", 10).await;
        let located = json!({
            "product_id": stocked,
            "action": "increment",
            "quantity": 20,
            "location": "berlin",
        });
        let located = json!({ "data": [located], "atomic": true });
        let located = self.post("/v2/inventories/transactions", &located);
        let located = located.send().await;
        located.expect_status(201);
        let batch = located.json()["meta"]["batch_id"].take();
        let chair = json!({ "data": { "type": "product", "name": "Chair", "sku": "CHAIR" } });
        let product = self.post("/v2/products", &chair).send().await.created_id();
        let shop = json!({ "data": { "type": "application_key", "name": "Shop" } });
        let key = self.post("/v2/application-keys", &shop).send().await;
        let reserved = id(80);
        self.create_stock(&reserved, 5).await;
        let order = json!({
            "order_id": "order 7",
            "expires_in": 2_678_400,
            "items": [{ "product_id": reserved, "quantity": 2 }],
        });
        let order = self.post("/v2/inventories/reservations", &json!({ "data": order }));
        let reservation = order.send().await;
        reservation.expect_status(201);
        let (integration, job) = self.delivered().await;
        let file = format!("product_id,action,quantity\n{stocked},set,80\n");
        let finished_import = self.import("", &file).await;
        self.finish_imports().await;
        let import = self.import("", &file).await;
        let transfer = json!({
            "from": { "location": null },
            "to": { "location": "berlin" },
            "items": [{ "product_id": stocked, "quantity": 5 }],
        });
        let transfer = self.post("/v2/inventories/transfers", &json!({ "data": transfer }));
        let transfer = transfer.send().await;
        transfer.expect_status(201);
        let (shipped, receipt) = self.shipped(&reserved).await;
        Scene {
            import,
            finished_import,
            stocked,
            transaction,
            batch: batch.as_str().unwrap().to_owned(),
            location,
            product,
            key: key.created_id(),
            integration,
            job,
            reserved,
            reservation: reservation.created_id(),
            transfer: transfer.created_id(),
            shipped,
            receipt,
        }
    }

    /// Creates an integration, and logs the delivery of one event. Returns their ids.
    pub(crate) async fn delivered(&self) -> (String, String) {
        let index = json!({
            "type": "integration",
            "name": "Index",
            "observes": ["stock.created"],
            "configuration": { "url": "https://example.com/index" },
        });
        let created = self.post("/v2/integrations", &json!({ "data": index }));
        let created = created.send().await;
        created.expect_status(200);
        let created = created.json();
        let integration = created["data"]["id"].as_str().unwrap().to_owned();
        let job = id(70);
        self.log_delivery(&integration, &job, 71, true).await;
        (integration, job)
    }

    /// Orders 10 pieces of a product, of which one is missing. Returns the ids of the delivery and of the receipt
    /// that says so.
    async fn shipped(&self, product: &str) -> (String, String) {
        let delivery = json!({
            "from": { "supplier": "ACME" },
            "to": { "location": null },
            "state": "in_transit",
            "items": [{ "product_id": product, "quantity": 10 }],
        });
        let delivery = self.post("/v2/inventories/transfers", &json!({ "data": delivery }));
        let delivery = delivery.send().await.created_id();
        let path = format!("/v2/inventories/transfers/{delivery}");
        let missing = json!({ "items": [{ "product_id": product, "missing": 1 }] });
        let missing = self.post(&format!("{path}/receive"), &json!({ "data": missing }));
        missing.send().await.expect_status(200);
        let receipts = self.get(&format!("{path}/receipts")).send().await.ids();
        (delivery, receipts[0].clone())
    }

    /// All that the store and its organization can read.
    pub(crate) async fn readings(&self) -> BTreeMap<String, Value> {
        let mut readings = BTreeMap::new();
        for (level, token) in [
            ("store", &self.token),
            ("organization", &self.organization_token),
        ] {
            let mut paths = vec![
                "/v2/inventories/locations".to_owned(),
                "/v2/inventories/reservations".to_owned(),
                "/v2/inventories/transfers".to_owned(),
                "/v2/products".to_owned(),
                "/v2/application-keys".to_owned(),
                "/v2/integrations".to_owned(),
                "/v2/integrations/logs".to_owned(),
                "/v2/settings/inventories".to_owned(),
                "/v2/inventories/imports".to_owned(),
            ];
            let stocks = self.get("/v2/inventories?page[limit]=100").token(token);
            let stocks = stocks.query("include=planning");
            let stocks = stocks.form(Form::MultiLocation).send().await;
            for product in stocks.ids() {
                paths.push(format!("/v2/inventories/{product}/transactions"));
            }
            readings.insert(format!("{level}: stock"), stocks.json());
            for path in paths {
                let answer = self.get(&path).token(token).form(Form::MultiLocation);
                let answer = answer.send().await;
                answer.expect_status(200);
                readings.insert(format!("{level}: {path}"), answer.json());
            }
        }
        readings
    }
}

/// Two applications in which the same has happened.
pub(crate) async fn twins() -> [(TestApp, Scene); 2] {
    let one = TestApp::new().await;
    let other = TestApp::new().await;
    let scenes = [one.scene().await, other.scene().await];
    let [scene, other_scene] = scenes;
    [(one, scene), (other, other_scene)]
}

//! `/v2/inventories/transfers`

mod bodies;
mod deliveries;
mod edit;
mod example;
mod list;
mod neighbours;
mod refusals;
mod steps;

use serde_json::{Value, json};

use crate::support::{Answer, Form, TestApp, TestRequest, id};

const PATH: &str = "/v2/inventories/transfers";

/// A shop with two warehouses, and stock of two products in `york`: 20 of the first and 5 of the second.
struct Shop {
    app: TestApp,
}

impl Shop {
    async fn new() -> Self {
        let app = TestApp::new().await;
        app.create_location("york").await;
        app.create_location("leeds").await;
        for (product, pieces) in [(1, 20), (2, 5)] {
            app.create_stock(&id(product), 0).await;
            app.transact_at(&id(product), "york", "increment", pieces)
                .await;
        }
        Self { app }
    }

    /// A request to make a transfer.
    fn create(&self, data: &Value) -> TestRequest<'_> {
        self.app.post(PATH, &json!({ "data": data }))
    }

    /// Makes a transfer, and gives its id.
    async fn created(&self, data: &Value) -> String {
        let answer = self.create(data).send().await;
        answer.expect_status(201);
        answer.created_id()
    }

    /// Makes a transfer of these items from `york` to `leeds` in this state.
    async fn in_state(&self, state: &str, items: &Value) -> String {
        let data = json!({ "state": state, "items": items });
        self.created(&with_places(data)).await
    }

    /// Takes a step without a body.
    async fn act(&self, transfer: &str, step: &str) -> Answer {
        let path = format!("{PATH}/{transfer}/{step}");
        self.app.post_nothing(&path).send().await
    }

    /// Takes a step with these fields.
    async fn act_with(&self, transfer: &str, step: &str, data: &Value) -> Answer {
        let path = format!("{PATH}/{transfer}/{step}");
        self.app.post(&path, &json!({ "data": data })).send().await
    }

    async fn put(&self, transfer: &str, data: &Value) -> Answer {
        let path = format!("{PATH}/{transfer}");
        self.app.put(&path, &json!({ "data": data })).send().await
    }

    async fn read(&self, transfer: &str) -> Value {
        let answer = self.app.get(&format!("{PATH}/{transfer}")).send().await;
        answer.expect_status(200);
        answer.data()
    }

    async fn receipts(&self, transfer: &str) -> Vec<String> {
        let path = format!("{PATH}/{transfer}/receipts");
        self.app.get(&path).send().await.ids()
    }

    /// The transactions of a product that belong to a transfer, oldest first: position, action, quantity, reason.
    async fn entries(&self, product: u32, transfer: &str) -> Vec<String> {
        let path = format!(
            "/v2/inventories/{}/transactions?page[limit]=100&filter=eq(reference,{transfer})",
            id(product)
        );
        let request = self.app.get(&path).form(Form::MultiLocation);
        let entries = request.send().await.data();
        let entries = entries.as_array().unwrap().iter().map(|entry| {
            let it = &entry["attributes"];
            let text = |name: &str| it[name].as_str().unwrap_or("-").to_owned();
            format!(
                "{} {} {} ({})",
                text("location"),
                text("action"),
                it["quantity"],
                text("reason")
            )
        });
        entries.collect()
    }

    /// `available` and `allocated` of a product in a location.
    async fn position(&self, product: u32, location: &str) -> [u64; 2] {
        let stock = self.app.stock(&id(product)).await;
        let position = &stock["attributes"]["locations"][location];
        ["available", "allocated"].map(|it| position[it].as_u64().unwrap_or_default())
    }
}

fn item(product: u32, pieces: u64) -> Value {
    json!({ "product_id": id(product), "quantity": pieces })
}

/// The fields of a transfer from `york` to `leeds`.
fn with_places(mut data: Value) -> Value {
    data["from"] = json!({ "location": "york" });
    data["to"] = json!({ "location": "leeds" });
    data
}

/// The state of a transfer, and the figures of its lines in the order of the document.
fn shown(transfer: &Value) -> (String, Vec<[u64; 8]>) {
    let attributes = &transfer["attributes"];
    let items = attributes["items"].as_array().unwrap().iter();
    let figures = [
        "quantity",
        "allocated",
        "in_transit",
        "received",
        "damaged",
        "missing",
        "cancelled",
        "surplus",
    ];
    (
        attributes["state"].as_str().unwrap().to_owned(),
        items
            .map(|item| figures.map(|it| item[it].as_u64().unwrap()))
            .collect(),
    )
}

/// The `meta` of the error of an answer.
fn meta(answer: &Answer) -> Value {
    answer.json()["errors"][0]["meta"].take()
}

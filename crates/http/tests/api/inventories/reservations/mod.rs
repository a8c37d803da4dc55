//! `/v2/inventories/reservations`, and what else a checkout asks.

mod availability;
mod bodies;
mod checkout;
mod create;
mod disabled_locations;
mod edit;
mod expiry;
mod holds;
mod idempotency;
mod list;
mod neighbours;
mod relocate;
mod returns;
mod set_aside;
mod sourcing;
mod states;

use serde_json::{Value, json};

use crate::support::{Answer, TestApp, TestRequest, id};

const PATH: &str = "/v2/inventories/reservations";

/// A shop with stock of two products: 10 of the first and 5 more of it in `berlin`, 3 of the second.
struct Shop {
    app: TestApp,
}

impl Shop {
    async fn new() -> Self {
        let app = TestApp::new().await;
        app.create_location("berlin").await;
        app.create_stock(&id(1), 10).await;
        app.transact_at(&id(1), "berlin", "increment", 5).await;
        app.create_stock(&id(2), 3).await;
        Self { app }
    }

    /// A request to reserve.
    fn reserve(&self, data: &Value) -> TestRequest<'_> {
        self.app.post(PATH, &json!({ "data": data }))
    }

    /// Reserves so many of the first product for an order, and gives the reservation's id.
    async fn reserved(&self, order: &str, pieces: u64) -> String {
        let request = self.reserve(&json!({
            "order_id": order,
            "items": [item(1, pieces)],
        }));
        let answer = request.send().await;
        answer.expect_status(201);
        answer.created_id()
    }

    /// Does something to a reservation.
    async fn act(&self, reservation: &str, verb: &str) -> Answer {
        let path = format!("{PATH}/{reservation}/{verb}");
        if verb == "extend" {
            let body = json!({ "data": { "expires_in": 60 } });
            return self.app.post(&path, &body).send().await;
        }
        self.app.post_nothing(&path).send().await
    }

    /// Does something to some items of a reservation.
    async fn act_on(&self, reservation: &str, verb: &str, items: &Value) -> Answer {
        let body = json!({ "data": { "items": items } });
        let path = format!("{PATH}/{reservation}/{verb}");
        self.app.post(&path, &body).send().await
    }

    async fn read(&self, reservation: &str) -> Value {
        let answer = self.app.get(&format!("{PATH}/{reservation}")).send().await;
        answer.expect_status(200);
        answer.data()
    }

    async fn state(&self, reservation: &str) -> String {
        let reservation = self.read(reservation).await;
        let state = &reservation["attributes"]["state"];
        state.as_str().unwrap().to_owned()
    }

    /// `available` and `allocated` of the first product.
    async fn figures(&self) -> [u64; 2] {
        let [available, allocated, _] = self.app.figures(&id(1)).await;
        [available, allocated]
    }
}

pub(super) fn item(product: u32, pieces: u64) -> Value {
    json!({ "product_id": id(product), "quantity": pieces })
}

pub(super) fn item_at(product: u32, pieces: u64, location: &str) -> Value {
    json!({ "product_id": id(product), "quantity": pieces, "location": location })
}

/// `state`, and of each item what is reserved, fulfilled and released.
fn shown(reservation: &Value) -> (String, Vec<[u64; 3]>) {
    let attributes = &reservation["attributes"];
    let items = attributes["items"].as_array().unwrap().iter();
    let figures = ["quantity", "fulfilled", "released"];
    (
        attributes["state"].as_str().unwrap().to_owned(),
        items
            .map(|item| figures.map(|it| item[it].as_u64().unwrap()))
            .collect(),
    )
}

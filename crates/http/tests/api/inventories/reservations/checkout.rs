//! How a shop's checkout uses all this. What is sent and answered here is what `docs/checkout.md`
//! shows, to the letter.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::{Answer, TestApp, id};

const DOCUMENT: &str = include_str!("../../../../../../docs/checkout.md");
const COLUMNS: usize = 120;

/// A sequence of requests and answers, as the page shows it.
struct Sequence {
    app: TestApp,
    text: String,
    /// What is shown instead of ids.
    names: Vec<(String, &'static str)>,
    /// Whether reservations are shown with all that they have.
    whole: bool,
}

impl Sequence {
    /// A shop with 10 chairs and 3 lamps.
    async fn new() -> Self {
        let app = TestApp::new().await;
        app.create_stock(&id(1), 10).await;
        app.create_stock(&id(2), 3).await;
        Self {
            app,
            text: String::new(),
            names: vec![(id(1), "$CHAIR"), (id(2), "$LAMP")],
            whole: false,
        }
    }

    fn add(&mut self, request: &str, body: Option<&Value>, answer: &Answer) {
        let separator = if self.text.is_empty() { "" } else { "\n" };
        let mut shown = answer.text();
        if !self.whole {
            shown = shortened(&shown);
        }
        let mut request = request.to_owned();
        if let Some(body) = body {
            write!(
                request,
                " {}",
                wrapped(&body.to_string(), request.len() + 1, 0)
            )
            .unwrap();
        }
        for (id, name) in &self.names {
            request = request.replace(id, name);
            shown = shown.replace(id, name);
        }
        let shown = wrapped(&shown, 4, 0);
        let status = answer.status;
        writeln!(self.text, "{separator}{request}\n{status} {shown}").unwrap();
    }

    async fn post(&mut self, path: &str, body: Value) -> Answer {
        let request = self.app.post(&format!("/v2/inventories/{path}"), &body);
        let answer = request.send().await;
        self.add(&format!("POST {path}"), Some(&body), &answer);
        answer
    }

    async fn post_nothing(&mut self, path: &str) {
        let request = self.app.post_nothing(&format!("/v2/inventories/{path}"));
        let answer = request.send().await;
        self.add(&format!("POST {path}"), None, &answer);
    }

    async fn put(&mut self, path: &str, body: Value) {
        let request = self.app.put(&format!("/v2/inventories/{path}"), &body);
        let answer = request.send().await;
        self.add(&format!("PUT {path}"), Some(&body), &answer);
    }

    async fn get(&mut self, path: &str) {
        let path = path.to_owned();
        let request = self.app.get(&format!("/v2/inventories/{path}"));
        let answer = request.send().await;
        self.add(&format!("GET {path}"), None, &answer);
    }

    /// Reserves what is in the cart for an order.
    async fn reserve(&mut self, order: &str) -> String {
        let body = json!({ "data": { "order_id": order, "items": cart() } });
        self.reserve_by(body).await
    }

    async fn reserve_by(&mut self, body: Value) -> String {
        // Its id is known only after the answer, in which it is to be shown by its name.
        let request = self.app.post("/v2/inventories/reservations", &body);
        let answer = request.send().await;
        let id = answer.created_id();
        if !self.names.iter().any(|(known, _)| *known == id) {
            let name = if self.names.len() == 2 { "$ID" } else { "$NEW" };
            self.names.push((id.clone(), name));
        }
        self.add("POST reservations", Some(&body), &answer);
        id
    }

    /// What there is of both products.
    async fn figures(&mut self) {
        for product in [1, 2] {
            self.get(&id(product)).await;
        }
    }

    /// The page shows just this.
    fn check(&self) {
        let shown = format!("```\n{}```\n", self.text);
        assert!(
            DOCUMENT.contains(&shown),
            "docs/checkout.md lacks:\n{shown}"
        );
    }
}

/// An answer without what the page leaves out: what says what a reservation is, whose and since when, and
/// of lists all but their items and what is particular to them.
fn shortened(answer: &str) -> String {
    let mut answer = answer.to_owned();
    if let Some(start) = answer.find(r#","meta":{"timestamps""#) {
        answer.replace_range(start.., "}}");
        let start = answer.find(r#""id""#).unwrap();
        let end = answer.find(r#""attributes""#).unwrap();
        answer.replace_range(start..end, "");
        let start = answer.find(r#""actor":"#).unwrap();
        let end = answer.find(r#""items""#).unwrap();
        answer.replace_range(start..end, "");
    }
    if let Some(start) = answer.find(r#","links""#) {
        let end = answer.find(r#""allocated_unreserved""#).unwrap();
        answer.replace_range(start..end, r#","meta":{"#);
    }
    answer
}

/// JSON in lines of so many columns, of which the first begins at some column. Lists that don't fit
/// have a line for each item.
fn wrapped(json: &str, mut column: usize, indent: usize) -> String {
    if column + json.len() <= COLUMNS {
        return json.to_owned();
    }
    let is_list = json.starts_with('[');
    let indent = indent + 2;
    let mut text = json[..1].to_owned();
    column += 1;
    for part in parts(json) {
        let fits = column + part.len() < COLUMNS;
        // What a field holds may be broken instead.
        let value = part.find(':').filter(|_| part.starts_with('"'));
        let value = value.map(|at| at + 1);
        let value = value.filter(|at| part[*at..].starts_with(['{', '[']));
        if is_list || !fits && value.is_none() {
            write!(text, "\n{:indent$}", "").unwrap();
            column = indent;
        }
        let (key, value) = part.split_at(value.unwrap_or(0));
        let value = if key.is_empty() && !is_list {
            value.to_owned()
        } else {
            wrapped(
                value,
                column + key.len(),
                indent - 2 * usize::from(!is_list),
            )
        };
        write!(text, "{key}{value},").unwrap();
        let last = text.rsplit_once('\n');
        column = last.map_or(column + key.len() + value.len() + 1, |(_, last)| last.len());
    }
    text.pop();
    text.push_str(&json[json.len() - 1..]);
    text
}

/// What stands between the brackets of an object or a list. No text in these has brackets or commas.
fn parts(json: &str) -> Vec<&str> {
    if !json.starts_with(['{', '[']) {
        return Vec::new();
    }
    let inner = &json[1..json.len() - 1];
    let mut depth = 0_i32;
    inner
        .split(|character| {
            match character {
                '{' | '[' => depth += 1,
                '}' | ']' => depth -= 1,
                _ => {}
            }
            character == ',' && depth == 0
        })
        .collect()
}

/// Two chairs and a lamp.
fn cart() -> Value {
    json!([
        { "product_id": id(1), "quantity": 2 },
        { "product_id": id(2), "quantity": 1 },
    ])
}

#[tokio::test]
async fn paid() {
    let mut checkout = Sequence::new().await;
    checkout.whole = true;
    checkout
        .post("availability", json!({ "data": cart() }))
        .await;
    checkout
        .post("availability?strict=true", json!({ "data": cart() }))
        .await;
    let reservation = checkout.reserve("1001").await;
    checkout.figures().await;
    checkout
        .post_nothing(&format!("reservations/{reservation}/pay"))
        .await;
    checkout
        .post_nothing(&format!("reservations/{reservation}/fulfil"))
        .await;
    checkout.figures().await;
    checkout.check();
}

#[tokio::test]
async fn short() {
    let mut checkout = Sequence::new().await;
    let body = json!({ "data": [{ "product_id": id(2), "quantity": 4 }] });
    checkout.post("availability?strict=true", body).await;
    let items = json!([
        { "product_id": id(1), "quantity": 2 },
        { "product_id": id(2), "quantity": 4 },
    ]);
    let body = json!({ "data": { "order_id": "1002", "items": items } });
    checkout.post("reservations", body).await;
    checkout.check();
}

#[tokio::test]
async fn failed() {
    let mut checkout = Sequence::new().await;
    let reservation = checkout.reserve("1003").await;
    checkout
        .post_nothing(&format!("reservations/{reservation}/release"))
        .await;
    checkout.figures().await;
    checkout.reserve("1003").await;
    checkout.check();
}

#[tokio::test]
async fn abandoned() {
    let mut checkout = Sequence::new().await;
    let reservation = checkout.reserve("1004").await;
    let body = json!({ "data": { "expires_in": 600 } });
    checkout
        .post(&format!("reservations/{reservation}/extend"), body)
        .await;
    checkout.app.clock.advance_seconds(600);
    checkout.get(&format!("reservations/{reservation}")).await;
    checkout.figures().await;
    checkout
        .post_nothing(&format!("reservations/{reservation}/pay"))
        .await;
    checkout.check();
}

#[tokio::test]
async fn split() {
    let mut checkout = Sequence::new().await;
    let reservation = checkout.reserve("1005").await;
    checkout.reserve("1005").await;
    let lamps = json!([{ "product_id": id(2), "quantity": 3 }]);
    let body = json!({ "data": lamps, "order_id": "1005" });
    checkout.post("availability", body).await;
    let body = json!({ "data": { "order_id": "1005", "items": [cart()[0]] } });
    checkout.post("reservations", body).await;
    checkout
        .post_nothing(&format!("reservations/{reservation}/pay"))
        .await;
    checkout.figures().await;
    checkout.check();
}

#[tokio::test]
async fn cancelled() {
    let mut checkout = Sequence::new().await;
    let reservation = checkout.reserve("1006").await;
    checkout
        .post_nothing(&format!("reservations/{reservation}/pay"))
        .await;
    checkout
        .post_nothing(&format!("reservations/{reservation}/release"))
        .await;
    checkout.figures().await;
    checkout
        .post_nothing(&format!("reservations/{reservation}/fulfil"))
        .await;
    checkout.check();
}

#[tokio::test]
async fn partial() {
    let mut checkout = Sequence::new().await;
    let reservation = checkout.reserve("1007").await;
    checkout
        .post_nothing(&format!("reservations/{reservation}/pay"))
        .await;
    let chairs = json!({ "data": { "items": [cart()[0]] } });
    checkout
        .post(
            &format!("reservations/{reservation}/fulfil"),
            chairs.clone(),
        )
        .await;
    checkout.get(&format!("{}/holds", id(2))).await;
    checkout
        .post(&format!("reservations/{reservation}/fulfil"), chairs)
        .await;
    checkout
        .post_nothing(&format!("reservations/{reservation}/release"))
        .await;
    checkout.figures().await;
    checkout.check();
}

#[tokio::test]
async fn returns() {
    let mut checkout = Sequence::new().await;
    let reservation = checkout.reserve("1009").await;
    let path = format!("reservations/{reservation}");
    for step in ["pay", "fulfil"] {
        checkout.post_nothing(&format!("{path}/{step}")).await;
    }
    let chair = json!({ "product_id": id(1), "quantity": 1 });
    let damaged = json!({ "product_id": id(1), "quantity": 1, "damaged": true });
    let back = json!({ "data": { "items": [chair, damaged] } });
    checkout.post(&format!("{path}/return"), back).await;
    let lamp = json!({ "product_id": id(2), "quantity": 1 });
    let again = json!({ "data": { "items": [lamp], "reserve": true } });
    checkout.post(&format!("{path}/return"), again).await;
    checkout.figures().await;
    checkout.check();
}

#[tokio::test]
async fn set_aside() {
    let mut checkout = Sequence::new().await;
    let items = json!([{ "product_id": id(1), "quantity": 2 }]);
    let body = json!({ "data": { "hold_reason": "damaged", "items": items } });
    let held = checkout.reserve_by(body).await;
    checkout.get(&format!("{}/holds", id(1))).await;
    let one = json!({ "items": [{ "product_id": id(1), "quantity": 1 }] });
    let path = format!("reservations/{held}");
    let one = json!({ "data": one });
    checkout.post(&format!("{path}/fulfil"), one).await;
    checkout.post_nothing(&format!("{path}/release")).await;
    checkout.get(&id(1)).await;
    checkout.check();
}

/// A shop with two warehouses, and an order that is placed, edited, moved and shipped.
#[tokio::test]
async fn warehouses() {
    let mut checkout = Sequence::new().await;
    for (slug, chairs) in [("york", 1), ("leeds", 4)] {
        checkout.app.create_location(slug).await;
        let app = &checkout.app;
        app.transact_at(&id(1), slug, "increment", chairs).await;
        app.transact_at(&id(2), slug, "increment", 1).await;
    }
    let sourcing = json!({ "split": "units", "only": ["york", "leeds"] });
    let body = json!({ "data": cart(), "sourcing": sourcing });
    checkout.post("availability", body).await;
    let body = json!({ "data": { "order_id": "1008", "items": cart(), "sourcing": sourcing } });
    let reservation = checkout.reserve_by(body).await;
    let path = format!("reservations/{reservation}");
    let chairs = json!({ "items": [{ "product_id": id(1), "quantity": 5 }] });
    checkout.put(&path, json!({ "data": chairs })).await;
    checkout.post_nothing(&format!("{path}/pay")).await;
    let step = json!({ "product_id": id(1), "from": "leeds", "to": null, "quantity": 2 });
    let steps = json!({ "data": { "items": [step] } });
    checkout.post(&format!("{path}/move"), steps).await;
    let shipped = json!({ "product_id": id(1), "quantity": 2, "location": "leeds" });
    let shipped = json!({ "data": { "items": [shipped] } });
    checkout.post(&format!("{path}/fulfil"), shipped).await;
    checkout.check();
}

//! All endpoints, as the OpenAPI document lists them: a new one is tested with the others.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::Method;
use serde_json::{Value, json};

use super::{Scene, TestApp, TestRequest, id};

#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) method: Method,
    /// The path with its parameters in braces.
    pub(crate) template: String,
    pub(crate) has_body: bool,
    /// Whether it can do without its body.
    pub(crate) needs_no_body: bool,
    /// Whether it needs a token.
    pub(crate) is_secured: bool,
    /// The names of its query parameters.
    pub(crate) parameters: BTreeSet<String>,
    /// What the document says of it.
    operation: Value,
}

/// The OpenAPI document.
pub(crate) fn description() -> Value {
    let document = stockroom_http::openapi().to_json().unwrap();
    serde_json::from_str(&document).unwrap()
}

/// All endpoints, in the order of their paths.
pub(crate) fn endpoints() -> Vec<Endpoint> {
    let paths: BTreeMap<String, BTreeMap<String, Value>> =
        serde_json::from_value(description()["paths"].take()).unwrap();
    let mut endpoints = Vec::new();
    for (template, methods) in paths {
        for (method, operation) in methods {
            let security = operation["security"].as_array();
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let parameters = parameters.filter(|it| it["in"] == "query");
            let parameters = parameters.map(|it| it["name"].as_str().unwrap().to_owned());
            endpoints.push(Endpoint {
                method: method.to_uppercase().parse().unwrap(),
                template: template.clone(),
                needs_no_body: operation["requestBody"]["required"] != true,
                has_body: operation["requestBody"].is_object(),
                is_secured: !security.is_some_and(|ways| ways.contains(&json!({}))),
                parameters: parameters.collect(),
                operation,
            });
        }
    }
    assert!(!endpoints.is_empty());
    endpoints
}

/// All paths, and the methods that they take.
pub(crate) fn paths() -> BTreeMap<String, Vec<Method>> {
    let mut paths: BTreeMap<String, Vec<Method>> = BTreeMap::new();
    for endpoint in endpoints() {
        let methods = paths.entry(endpoint.template).or_default();
        methods.push(endpoint.method);
    }
    paths
}

/// A path whose parameters name things of a scene.
pub(crate) fn path(template: &str, scene: &Scene) -> String {
    let product = if template.starts_with("/v2/products") {
        &scene.product
    } else {
        &scene.stocked
    };
    let import = if template.trim_end_matches('/').ends_with("/undo") {
        &scene.finished_import
    } else {
        &scene.import
    };
    // A draft hasn't taken the step that these follow.
    let of_shipped = [
        "/receive",
        "/cancel",
        "/receipts",
        "/receipts/{receipt}/undo",
    ];
    let transfer = if of_shipped
        .iter()
        .any(|end| template.trim_end_matches('/').ends_with(end))
    {
        &scene.shipped
    } else {
        &scene.transfer
    };
    let path = template
        .replace("{product}", product)
        .replace("{transaction}", &scene.transaction)
        .replace("{batch}", &scene.batch)
        .replace("{location}", &scene.location)
        .replace("{key}", &scene.key)
        .replace("{integration}", &scene.integration)
        .replace("{job}", &scene.job)
        .replace("{import}", import)
        .replace("{reservation}", &scene.reservation)
        .replace("{transfer}", transfer)
        .replace("{receipt}", &scene.receipt);
    assert!(!path.contains('{'), "a parameter of {template} is unknown");
    path
}

impl Endpoint {
    /// Method and path, without a trailing slash.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.template.trim_end_matches('/'))
    }

    /// What generated clients call it.
    pub(crate) fn id(&self) -> &str {
        self.operation["operationId"].as_str().unwrap()
    }

    /// Its parameters in the `query`, a `header` or the `path`.
    pub(crate) fn parameters(&self, place: &str) -> Vec<&Value> {
        let parameters = self.operation["parameters"]
            .as_array()
            .into_iter()
            .flatten();
        parameters.filter(|it| it["in"] == place).collect()
    }

    /// The content types of its body, and what is said of each.
    pub(crate) fn content(&self) -> Vec<(&str, &Value)> {
        let content = self.operation["requestBody"]["content"].as_object();
        let content = content.into_iter().flatten();
        content
            .map(|(name, value)| (name.as_str(), value))
            .collect()
    }

    /// The ids of the operations that its answers lead to, and how.
    pub(crate) fn links(&self) -> Vec<(&str, &Value)> {
        let responses = self.operation["responses"].as_object().unwrap().values();
        let links = responses.filter_map(|response| response["links"].as_object());
        let links = links.flatten().map(|(_, link)| link);
        links
            .map(|link| (link["operationId"].as_str().unwrap(), link))
            .collect()
    }

    /// Whether it is this method on this path.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name() == name
    }

    /// Whether it takes many lines, each of which may be refused alone.
    pub(crate) fn is_batch(&self) -> bool {
        self.is("POST /v2/inventories/transactions") || self.is("POST /v2/inventories/counts")
    }

    /// Whether its body is a file.
    pub(crate) fn takes_file(&self) -> bool {
        self.is("POST /v2/inventories/imports")
    }

    /// Whether it answers in the multi-location form whatever the header says.
    pub(crate) fn has_one_form(&self) -> bool {
        [
            "/v2/inventories/locations",
            "/v2/inventories/availability",
            "/v2/inventories/reservations",
            "/v2/inventories/transfers",
            "/v2/inventories/{product}/holds",
            "/v2/inventories/{product}/policy",
            "/v2/inventories/{product}/forecast",
            "/v2/inventories/imports",
            "/v2/inventories/export",
        ]
        .iter()
        .any(|start| self.template.starts_with(start))
    }

    /// Whether its answer holds the time of asking, so that no two are the same.
    pub(crate) fn tells_the_time(&self) -> bool {
        self.is("GET /v2/inventories/{product}/forecast")
    }

    /// Whether it has this query parameter.
    pub(crate) fn takes(&self, parameter: &str) -> bool {
        self.parameters.contains(parameter)
    }

    pub(crate) fn names_something(&self) -> bool {
        self.template.contains('{')
    }

    /// Whether implicit tokens may use it.
    pub(crate) fn is_implicit(&self) -> bool {
        [
            "GET /v2/inventories",
            "GET /v2/inventories/{product}",
            "POST /v2/inventories/multiple",
            "GET /v2/inventories/locations",
            "GET /v2/inventories/locations/{location}",
        ]
        .contains(&self.name().as_str())
    }

    /// Whether it changes nothing, whatever its body says.
    pub(crate) fn only_reads(&self) -> bool {
        let reads = [
            "POST /v2/inventories/multiple",
            "POST /v2/inventories/availability",
        ];
        self.method == Method::GET || reads.contains(&self.name().as_str())
    }

    /// A request without a body.
    pub(crate) fn bare<'a>(&self, app: &'a TestApp, scene: &Scene) -> TestRequest<'a> {
        let request = app.request(self.method.clone(), &path(&self.template, scene));
        let of_product = ["/v2/inventories/audit", "/v2/inventories/verify"];
        if of_product.contains(&self.template.trim_end_matches('/')) {
            request.query(&format!("product_id={}", scene.stocked))
        } else if self.is("GET /v2/inventories/export") {
            // Of a time to which nothing is under way any more.
            request.query("at=2026-01-31T09:30:20Z")
        } else if self.is("PUT /v2/settings/inventories") {
            request.organization()
        } else {
            request
        }
    }

    /// A request that is valid, and accepted in the scene.
    pub(crate) fn request<'a>(&self, app: &'a TestApp, scene: &Scene) -> TestRequest<'a> {
        let request = self.bare(app, scene);
        if self.takes_file() {
            let file = format!("product_id,action,quantity\n{},set,95\n", scene.stocked);
            request.body(file).header("content-type", "text/csv")
        } else if self.has_body {
            request.json(&self.body(scene))
        } else {
            request
        }
    }

    fn body(&self, scene: &Scene) -> Value {
        let data = match self.name().as_str() {
            "POST /oauth/access_token" => {
                return json!({ "grant_type": "implicit", "client_id": "unknown" });
            }
            "POST /v2/inventories" => json!({ "type": "stock", "id": id(90), "quantity": 5 }),
            // Its path names stock that is there already.
            "POST /v2/inventories/{product}" => json!({ "type": "stock", "quantity": 5 }),
            "POST /v2/inventories/multiple" => json!([{ "id": scene.stocked }]),
            "PUT /v2/inventories/{product}" => json!({
                "type": "stock",
                "attributes": { "locations": {} },
            }),
            "PUT /v2/inventories/{product}/policy" => json!({
                "type": "stock-policy",
                "attributes": { "safety_stock": 5, "alerts": [{ "at": 10 }] },
            }),
            "POST /v2/inventories/{product}/transactions" => json!({
                "type": "stock-transaction",
                "action": "increment",
                "quantity": 5,
            }),
            "POST /v2/inventories/transactions" => json!([{
                "type": "stock-transaction",
                "product_id": scene.stocked,
                "action": "increment",
                "quantity": 5,
            }]),
            "POST /v2/inventories/{product}/counts" => json!({
                "type": "stock-count",
                "counted": 85,
                "as_of": "2026-01-31T09:30:10Z",
            }),
            "POST /v2/inventories/counts" => json!([{
                "type": "stock-count",
                "product_id": scene.stocked,
                "counted": 85,
            }]),
            "POST /v2/inventories/availability" => {
                json!([{ "product_id": scene.stocked, "quantity": 5 }])
            }
            name if self.template.starts_with("/v2/inventories/reservations") => {
                body_of_reservation(name, scene)
            }
            name if self.template.starts_with("/v2/inventories/transfers") => {
                body_of_transfer(name, scene)
            }
            "POST /v2/inventories/locations" => json!({
                "type": "inventory_location",
                "attributes": { "name": "Paris", "slug": "paris" },
            }),
            "PUT /v2/inventories/locations/{location}" => json!({
                "type": "inventory_location",
                "attributes": { "name": "Empty still" },
            }),
            "POST /v2/products" => json!({ "type": "product", "name": "Table" }),
            "PUT /v2/products/{product}" => json!({ "type": "product", "name": "Stool" }),
            "POST /v2/application-keys" => json!({ "type": "application_key", "name": "New" }),
            "PUT /v2/application-keys/{key}" => {
                json!({ "type": "application_key", "name": "Renamed" })
            }
            "POST /v2/integrations" => json!({
                "type": "integration",
                "name": "Search index",
                "observes": ["*"],
                "configuration": { "url": "https://example.com/search" },
            }),
            "PUT /v2/integrations/{integration}" => {
                json!({ "type": "integration", "name": "Renamed" })
            }
            "POST /v2/integrations/{integration}/replay" => json!({ "from": 1 }),
            "POST /v2/integrations/{integration}/rotate-secret" => json!({ "overlap_hours": 5 }),
            "PUT /v2/settings/inventories" => {
                json!({ "type": "settings", "per_store_stock": true })
            }
            name => panic!("no body is known for {name}"),
        };
        json!({ "data": data })
    }
}

/// What is sent to reserve, and to change a reservation.
fn body_of_reservation(name: &str, scene: &Scene) -> Value {
    match name {
        "POST /v2/inventories/reservations" => json!({
            "type": "stock-reservation",
            "attributes": {
                "order_id": "order 8",
                // Longer than any of these tests takes by its own clock.
                "expires_in": 86_400,
                "items": [{ "product_id": scene.reserved, "quantity": 1 }],
            },
        }),
        "POST /v2/inventories/reservations/{reservation}/release"
        // Its path names a reservation that isn't paid for, and of which nothing is shipped.
        | "POST /v2/inventories/reservations/{reservation}/fulfil"
        | "POST /v2/inventories/reservations/{reservation}/return" => json!({
            "items": [{ "product_id": scene.reserved, "quantity": 1 }],
        }),
        "POST /v2/inventories/reservations/{reservation}/extend" => {
            json!({ "expires_in": 600 })
        }
        // None of the product lies there.
        "POST /v2/inventories/reservations/{reservation}/move" => json!({
            "items": [{ "product_id": scene.reserved, "from": null, "to": "berlin", "quantity": 1 }],
        }),
        "PUT /v2/inventories/reservations/{reservation}" => json!({
            "type": "stock-reservation",
            "attributes": { "items": [{ "product_id": scene.reserved, "quantity": 3 }] },
        }),
        name => panic!("no body is known for {name}"),
    }
}

/// What is sent to make a transfer, and to change one.
fn body_of_transfer(name: &str, scene: &Scene) -> Value {
    match name {
        "POST /v2/inventories/transfers" => json!({
            "type": "stock-transfer",
            "attributes": {
                "from": { "location": null },
                "to": { "location": "berlin" },
                "state": "in_transit",
                "items": [{ "product_id": scene.stocked, "quantity": 5 }],
            },
        }),
        "PUT /v2/inventories/transfers/{transfer}" => json!({
            "type": "stock-transfer",
            "attributes": {
                "to": { "location": "empty" },
                "items": [{ "product_id": scene.stocked, "quantity": 3 }],
                "note": "Fewer",
            },
        }),
        "POST /v2/inventories/transfers/{transfer}/ready"
        | "POST /v2/inventories/transfers/{transfer}/receipts/{receipt}/undo" => {
            json!({ "reason": "by hand" })
        }
        "POST /v2/inventories/transfers/{transfer}/ship" => json!({
            "items": [{ "product_id": scene.stocked, "quantity": 1 }],
        }),
        "POST /v2/inventories/transfers/{transfer}/receive" => json!({
            "items": [{ "product_id": scene.reserved, "received": 1 }],
        }),
        "POST /v2/inventories/transfers/{transfer}/cancel" => json!({
            "items": [{ "product_id": scene.reserved, "quantity": 1 }],
        }),
        name => panic!("no body is known for {name}"),
    }
}

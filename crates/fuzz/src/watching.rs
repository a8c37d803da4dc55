//! Another tenant, of whom nothing may change and nothing may be seen: all that it reads is compared
//! with what it read before anybody else did anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use stockroom_test_server::Credentials;
use stockroom_test_server::http::{Connection, shown};

use crate::json::pointers;
use crate::request::is_id;
use crate::system::{Tenant, ask, token, tokens};
use crate::valid::{MULTI_LOCATION, STORE};

/// The longest that a reservation may be pending: none runs out while the tenant is watched.
const LONG_SECONDS: u32 = 2_678_400;

/// The products that there is stock of, at each level.
const PRODUCTS: [[&str; 2]; 2] = [
    [
        "0f0f0f0f-0000-4000-8000-000000000001",
        "0f0f0f0f-0000-4000-8000-000000000002",
    ],
    [
        "0f0f0f0f-0000-4000-8000-000000000003",
        "0f0f0f0f-0000-4000-8000-000000000004",
    ],
];

const LISTS: [&str; 8] = [
    "inventories?page[limit]=100",
    "inventories/locations?page[limit]=100",
    "inventories/reservations?page[limit]=100",
    "inventories/transfers?page[limit]=100",
    "inventories/imports?page[limit]=100",
    "products?page[limit]=100",
    "application-keys?page[limit]=100",
    "settings/inventories",
];

/// What is read of each product that there is stock of.
const OF_STOCK: [&str; 6] = [
    "inventories/{id}",
    "inventories/{id}/policy",
    "inventories/{id}/transactions?page[limit]=100",
    "inventories/{id}/holds?page[limit]=100",
    "inventories/audit?product_id={id}&page[limit]=100",
    "inventories/verify?product_id={id}",
];

/// What was answered to each question: the status, and the body.
pub(crate) type Readings = BTreeMap<String, (u16, Value)>;

/// The other tenant.
pub(crate) struct Watcher {
    address: SocketAddr,
    tenant: Tenant,
    /// What all its things are called.
    name: String,
    /// The paths of all its things.
    paths: BTreeSet<String>,
    /// The keys that were made over HTTP, which nobody uses until the end.
    keys: Vec<Credentials>,
    before: Readings,
}

impl Watcher {
    /// Makes things of every kind, named after the seed, and reads all of it.
    ///
    /// # Errors
    /// If anything is refused.
    pub(crate) async fn start(
        address: SocketAddr,
        tenant: Tenant,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let mut watcher = Self {
            address,
            tenant,
            name: format!("watched-{seed:016x}"),
            paths: LISTS.map(str::to_owned).into(),
            keys: Vec::new(),
            before: Readings::new(),
        };
        let tokens = tokens(address, &watcher.tenant).await?;
        let organization = tokens.organization.context("it has no such key")?;
        let levels = [("store", tokens.store), ("organization", organization)];
        for ((level, token), products) in levels.into_iter().zip(PRODUCTS) {
            let made = watcher.fill(level, &token, products).await;
            made.with_context(|| format!("the other tenant's {level}"))?;
        }
        watcher.before = watcher.read().await?;
        Ok(watcher)
    }

    /// The ids of its things.
    pub(crate) fn ids(&self) -> Vec<String> {
        let mut ids: BTreeSet<String> = self.tenant.stores.iter().cloned().collect();
        for (_, body) in self.before.values() {
            let pointers = pointers(body);
            let values = pointers.iter().filter_map(|it| body.pointer(it)?.as_str());
            ids.extend(values.filter(|text| is_id(text)).map(str::to_owned));
        }
        ids.into_iter().collect()
    }

    /// What nobody else may be shown.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let organization = self.tenant.organization_key.iter();
        let keys = self.keys.iter().chain(organization);
        let keys = keys.chain([&self.tenant.store_key]);
        let secrets = keys.map(|key| key.client_secret.clone());
        secrets.chain([self.name.clone()]).collect()
    }

    /// Everything that is otherwise than it was at first.
    ///
    /// # Errors
    /// If something can't be read.
    pub(crate) async fn changes(&self) -> anyhow::Result<Vec<String>> {
        Ok(differences(&self.before, &self.read().await?))
    }

    /// Those of its keys that don't give tokens any more. Using them changes what is read.
    pub(crate) async fn lost_keys(&self) -> Vec<String> {
        let mut lost = Vec::new();
        for key in &self.keys {
            if let Err(error) = token(self.address, key).await {
                lost.push(format!("another tenant's key {}: {error:#}", key.client_id));
            }
        }
        lost
    }

    /// How many questions it asks.
    pub(crate) fn questions(&self) -> usize {
        self.before.len()
    }

    async fn fill(&mut self, level: &str, token: &str, stock: [&str; 2]) -> anyhow::Result<()> {
        let name = format!("{} {level}", self.name);
        let slug = format!("{}-{level}", self.name);
        let location = json!({ "name": name, "slug": slug });
        self.make(token, "inventories/locations", location).await?;
        for product in stock {
            let path = format!("inventories/{product}");
            let figures = json!({ "available": 80, "locations": { &*slug: { "available": 20 } } });
            let made = json!({ "attributes": figures });
            self.make(token, &path, made).await?;
            for (action, quantity) in [("increment", 30), ("allocate", 7), ("decrement", 3)] {
                let line = json!({ "action": action, "quantity": quantity, "reference": name });
                self.make(token, &format!("{path}/transactions"), line)
                    .await?;
            }
            let count = json!({ "counted": 19, "location": slug });
            self.make(token, &format!("{path}/counts"), count).await?;
            let of_stock = OF_STOCK.map(|path| path.replace("{id}", product));
            self.paths.extend(of_stock);
        }
        let lines = stock
            .map(|product| json!({ "action": "increment", "quantity": 1, "product_id": product }));
        let lines = Value::from(lines.to_vec());
        self.make(token, "inventories/transactions", lines).await?;
        for pays in [false, true] {
            let items = stock.map(|product| json!({ "product_id": product, "quantity": 2 }));
            let reservation = json!({
                "items": items,
                "expires_in": LONG_SECONDS,
                "order_id": format!("{name} {pays}"),
            });
            let path = "inventories/reservations";
            let made = self.make(token, path, reservation).await?;
            let id = made["data"]["id"].as_str().unwrap_or_default();
            if pays {
                self.make(token, &format!("{path}/{id}/pay"), Value::Null)
                    .await?;
            }
        }
        self.fill_transfers(token, &name, &slug, stock).await?;
        let product = json!({ "name": name, "sku": slug, "stock": 20, "manage_stock": true });
        self.make(token, "products", product).await?;
        let key = json!({ "name": name });
        let key = self.make(token, "application-keys", key).await?;
        let text = |name: &str| key["data"][name].as_str().unwrap_or_default().to_owned();
        self.keys.push(Credentials {
            client_id: text("client_id"),
            client_secret: text("client_secret"),
        });
        Ok(())
    }

    /// Makes transfers into a location: one in each state in which something of it can still be done.
    async fn fill_transfers(
        &mut self,
        token: &str,
        name: &str,
        slug: &str,
        stock: [&str; 2],
    ) -> anyhow::Result<()> {
        let path = "inventories/transfers";
        for state in ["draft", "ready", "in_transit"] {
            let items = stock.map(|product| json!({ "product_id": product, "quantity": 4 }));
            let transfer = json!({
                "from": { "location": null },
                "to": { "location": slug },
                "reference": name,
                "state": state,
                "items": items,
            });
            let made = self.make(token, path, transfer).await?;
            let id = made["data"]["id"].as_str().unwrap_or_default();
            if state == "in_transit" {
                let items = stock.map(|product| json!({ "product_id": product, "received": 1 }));
                let path = format!("{path}/{id}/receive");
                self.make(token, &path, json!({ "items": items })).await?;
            }
            self.paths.insert(format!("{path}/{id}/receipts"));
        }
        Ok(())
    }

    /// Posts something, and remembers where it can be read.
    async fn make(&mut self, token: &str, path: &str, data: Value) -> anyhow::Result<Value> {
        let mut connection = Connection::open(self.address).await?;
        let head = head("POST", path, token, None, false);
        let body = if data.is_null() {
            Value::Null
        } else {
            json!({ "data": data })
        };
        let answer = ask(&mut connection, &head, &body).await?;
        let said = shown(&answer.body);
        ensure!(
            (200..300).contains(&answer.status),
            "{path}: {} {said}",
            answer.status
        );
        let made: Value = serde_json::from_slice(&answer.body)?;
        let id = made["data"]["id"].as_str().unwrap_or_default();
        let folder = match made["data"]["type"].as_str() {
            Some("inventory_location") => "inventories/locations",
            Some("stock-reservation") => "inventories/reservations",
            Some("stock-transfer") => "inventories/transfers",
            Some("product") => "products",
            Some("application_key") => "application-keys",
            _ => return Ok(made),
        };
        self.paths.insert(format!("{folder}/{id}"));
        Ok(made)
    }

    /// Reads everything, as its store, as the organization and as the organization in its store, in
    /// both forms.
    async fn read(&self) -> anyhow::Result<Readings> {
        let mut connection = Connection::open(self.address).await?;
        let tokens = tokens(self.address, &self.tenant).await?;
        let organization = tokens.organization.as_deref().unwrap_or_default();
        let store = self.tenant.stores.first().map(String::as_str);
        let mut readings = Readings::new();
        for (who, token, store) in [
            ("store", &*tokens.store, None),
            ("organization", organization, None),
            ("organization in its store", organization, store),
        ] {
            for is_multi_location in [false, true] {
                for path in &self.paths {
                    let head = head("GET", path, token, store, is_multi_location);
                    let answer = ask(&mut connection, &head, &Value::Null).await?;
                    ensure!(answer.status < 500, "{path}: {}", answer.status);
                    let mut body = serde_json::from_slice(&answer.body)?;
                    self.leave_out_own_traces(&mut body);
                    let form = if is_multi_location {
                        ", multi-location"
                    } else {
                        ""
                    };
                    readings.insert(format!("{path} ({who}{form})"), (answer.status, body));
                }
            }
        }
        Ok(readings)
    }

    /// Takes out when the keys that it reads with were last used.
    fn leave_out_own_traces(&self, body: &mut Value) {
        let own = self.tenant.organization_key.iter();
        let own: Vec<&str> = own
            .chain([&self.tenant.store_key])
            .map(|key| &*key.client_id)
            .collect();
        for pointer in pointers(body) {
            if let Some(Value::Object(key)) = body.pointer_mut(&pointer)
                && let Some(id) = key.get("client_id").and_then(Value::as_str)
                && own.contains(&id)
                && let Some(meta) = key.get_mut("meta")
            {
                meta["timestamps"]["last_used_at"] = Value::Null;
            }
        }
    }
}

/// What of the readings isn't the same.
fn differences(before: &Readings, after: &Readings) -> Vec<String> {
    let questions: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let shown = |reading: Option<&(u16, Value)>| match reading {
        Some((status, body)) => format!("{status} {body}"),
        None => "nothing".to_owned(),
    };
    let differences = questions.into_iter().filter_map(|question| {
        let (before, after) = (before.get(question), after.get(question));
        (before != after).then(|| {
            let (before, after) = (shown(before), shown(after));
            format!("another tenant's {question} was\n    {before}\n  and is\n    {after}")
        })
    });
    differences.collect()
}

fn head(
    method: &str,
    path: &str,
    token: &str,
    store: Option<&str>,
    is_multi_location: bool,
) -> String {
    let mut head = format!(
        "{method} /v2/{path} HTTP/1.1\r\nHost: stockroom\r\nAuthorization: Bearer {token}\r\n"
    );
    if let Some(store) = store {
        let _ = write!(head, "{STORE}: {store}\r\n");
    }
    if is_multi_location {
        head += MULTI_LOCATION;
        head += ": true\r\n";
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doctored_reading_is_a_difference() {
        let readings = |status, total| {
            let body = json!({ "data": { "total": total } });
            Readings::from([("stock".to_owned(), (status, body))])
        };
        let before = readings(200, 5);
        assert_eq!(differences(&before, &before.clone()).len(), 0);
        for after in [readings(200, 4), readings(404, 5), Readings::new()] {
            assert_eq!(differences(&before, &after).len(), 1);
        }
        assert_eq!(differences(&Readings::new(), &before).len(), 1);
    }

    #[test]
    fn only_its_own_use_of_its_keys_is_left_out() {
        let watcher = Watcher {
            address: "127.0.0.1:1".parse().unwrap(),
            tenant: Tenant {
                store_key: Credentials {
                    client_id: "own".to_owned(),
                    client_secret: String::new(),
                },
                ..Tenant::default()
            },
            name: String::new(),
            paths: BTreeSet::new(),
            keys: Vec::new(),
            before: Readings::new(),
        };
        let key = |id: &str| json!({ "client_id": id, "meta": { "timestamps": { "last_used_at": "now" } } });
        let mut body = json!({ "data": [key("own"), key("other")] });
        watcher.leave_out_own_traces(&mut body);
        let used = |index: usize| &body["data"][index]["meta"]["timestamps"]["last_used_at"];
        assert_eq!((used(0), used(1)), (&Value::Null, &json!("now")));
    }
}

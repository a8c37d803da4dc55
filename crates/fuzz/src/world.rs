//! What a connection knows of its tenant's things: out of the answers that it got, and nobody else's,
//! so that what it sends follows from the seed.

use std::collections::{BTreeMap, VecDeque};

use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::Value;

use crate::request::Request;

/// How many things of a kind are remembered; the oldest are forgotten first.
const THINGS_MAX: usize = 24;

/// What requests are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A product of which there is stock.
    Stock,
    /// A registered product.
    Product,
    Location,
    PendingReservation,
    PaidReservation,
    /// A reservation that holds pieces in a location.
    PlacedReservation,
    /// A reservation of which pieces are shipped and haven't come back.
    ShippedReservation,
    DraftTransfer,
    /// A transfer of which pieces are at the origin.
    UnshippedTransfer,
    /// A transfer or a delivery of which pieces are under way.
    ShippedTransfer,
    /// One of which pieces have arrived.
    ReceivedTransfer,
    /// A receipt that isn't undone.
    Receipt,
    Transaction,
    Batch,
    Key,
    Integration,
    /// The delivery of an event.
    Job,
    Import,
}

/// Something that there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Thing {
    pub(crate) id: String,
    /// The slug of a location, the product of a transaction, the integration of a job, the transfer of a
    /// receipt, the location that a reservation holds pieces in, or that they were shipped from.
    pub(crate) other: String,
    /// The product of the pieces that a reservation holds, that were shipped, or that a transfer moves.
    pub(crate) product: String,
}

/// What a connection knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    name: String,
    made: u64,
    things: BTreeMap<Kind, VecDeque<Thing>>,
    /// Cursors of lists.
    cursors: VecDeque<String>,
    /// Idempotency keys that were sent.
    keys: VecDeque<String>,
    /// The stores of its organization.
    pub(crate) stores: Vec<String>,
    /// Ids of another tenant's things.
    pub(crate) foreign: Vec<String>,
}

impl World {
    /// That of a connection of this name.
    pub(crate) fn new(name: String, stores: Vec<String>, foreign: Vec<String>) -> Self {
        Self {
            name,
            stores,
            foreign,
            ..Self::default()
        }
    }

    /// A text that nothing is called yet.
    pub(crate) fn fresh(&mut self) -> String {
        self.made += 1;
        format!("{}-{}", self.name, self.made)
    }

    /// An idempotency key that wasn't sent yet.
    pub(crate) fn fresh_key(&mut self) -> String {
        let key = self.fresh();
        push(&mut self.keys, key.clone());
        key
    }

    /// An idempotency key that was sent.
    pub(crate) fn sent_key(&self, rng: &mut StdRng) -> Option<String> {
        choose(&self.keys, rng).cloned()
    }

    /// A cursor of some list.
    pub(crate) fn cursor(&self, rng: &mut StdRng) -> Option<String> {
        choose(&self.cursors, rng).cloned()
    }

    /// Something of a kind.
    pub(crate) fn thing(&self, kind: Kind, rng: &mut StdRng) -> Option<&Thing> {
        choose(self.things.get(&kind)?, rng)
    }

    /// The thing of this kind and id.
    pub(crate) fn known(&self, kind: Kind, id: &str) -> Option<&Thing> {
        let mut things = self.things.get(&kind)?.iter();
        things.find(|thing| thing.id == id)
    }

    /// An id of anything.
    pub(crate) fn any_id(&self, rng: &mut StdRng) -> Option<String> {
        let all: VecDeque<&Thing> = self.things.values().flatten().collect();
        choose(&all, rng).map(|thing| thing.id.clone())
    }

    /// An id of another tenant's thing.
    pub(crate) fn foreign_id(&self, rng: &mut StdRng) -> Option<String> {
        let index = rng.random_range(0..self.foreign.len().max(1));
        self.foreign.get(index).cloned()
    }

    /// Takes note of what an answer says.
    pub(crate) fn learn(&mut self, request: &Request, is_as_made: bool, status: u16, body: &Value) {
        let mut ids = request.ids.iter();
        let last = ids.next_back().and_then(|index| request.path.get(*index));
        let is_gone = status == 204 || (status == 404 && is_as_made);
        if let Some(id) = last.filter(|_| is_gone) {
            self.forget(id);
        }
        if !(200..300).contains(&status) {
            return;
        }
        if let Some(next) = body["links"]["next"].as_str() {
            let cursor = next.split_once("page[after]=").map(|(_, cursor)| cursor);
            if let Some(cursor) = cursor.and_then(|it| it.split('&').next()) {
                push(&mut self.cursors, cursor.to_owned());
            }
        }
        if request.operation == "ListReceipts" {
            self.note_receipts(last.map_or("", String::as_str), &body["data"]);
        }
        // Lists hold what other connections have made.
        if request.method == "GET" {
            return;
        }
        if let Some(batch) = body["meta"]["batch_id"].as_str() {
            self.add(Kind::Batch, batch, "");
        }
        if let Some(receipt) = last.filter(|_| request.operation == "UndoReceipt") {
            self.forget(receipt);
        }
        match &body["data"] {
            Value::Array(items) => {
                for item in items.iter().take(THINGS_MAX) {
                    self.note(item);
                }
            }
            item => self.note(item),
        }
    }

    fn note(&mut self, item: &Value) {
        let Some(id) = item["id"].as_str() else {
            return;
        };
        let field = |name: &str| {
            let value = item["attributes"][name].as_str();
            value.or_else(|| item[name].as_str()).unwrap_or_default()
        };
        match item["type"].as_str() {
            Some("stock") => self.add(Kind::Stock, id, ""),
            Some("product") => self.add(Kind::Product, id, ""),
            Some("inventory_location") => self.add(Kind::Location, id, field("slug")),
            Some("stock-transaction") => self.add(Kind::Transaction, id, field("product_id")),
            Some("application_key") => self.add(Kind::Key, id, ""),
            Some("integration") => self.add(Kind::Integration, id, ""),
            Some("stock-job") => self.add(Kind::Import, id, ""),
            Some("integration-log") => {
                let related = |name: &str| item["relationships"][name]["data"]["id"].as_str();
                if let (Some(job), Some(integration)) = (related("job"), related("integration")) {
                    self.add(Kind::Job, job, integration);
                }
            }
            Some("stock-reservation") => {
                self.forget(id);
                if let Some((product, location)) = shipped_from(&item["attributes"]) {
                    self.add_about(Kind::ShippedReservation, id, location, product);
                }
                match field("state") {
                    "pending" => self.add(Kind::PendingReservation, id, ""),
                    "paid" => self.add(Kind::PaidReservation, id, ""),
                    _ => return,
                }
                if let Some((product, location)) = held_in_location(&item["attributes"]) {
                    self.add_about(Kind::PlacedReservation, id, location, product);
                }
            }
            Some("stock-transfer") => {
                self.forget(id);
                self.note_transfer(id, &item["attributes"]);
            }
            _ => {}
        }
    }

    fn note_transfer(&mut self, id: &str, attributes: &Value) {
        let is_draft = attributes["state"] == "draft";
        let is_internal = attributes["from"].get("location").is_some();
        let items = attributes["items"].as_array().into_iter().flatten();
        let there_is = |figures: &[&str]| {
            let mut items = items.clone();
            let item = items.find(|item| figures.iter().any(|it| count(item, it) > 0));
            item.and_then(|item| item["product_id"].as_str())
        };
        let at_origin: &[&str] = if is_draft {
            &["quantity"]
        } else {
            &["allocated"]
        };
        let arrived = ["received", "damaged", "missing", "surplus"];
        for (kind, product) in [
            (
                Kind::DraftTransfer,
                there_is(&["quantity"]).filter(|_| is_draft),
            ),
            (
                Kind::UnshippedTransfer,
                there_is(at_origin).filter(|_| is_internal),
            ),
            (Kind::ShippedTransfer, there_is(&["in_transit"])),
            (Kind::ReceivedTransfer, there_is(&arrived)),
        ] {
            if let Some(product) = product {
                self.add_about(kind, id, "", product);
            }
        }
    }

    fn note_receipts(&mut self, transfer: &str, receipts: &Value) {
        for receipt in receipts.as_array().into_iter().flatten() {
            let id = receipt["id"].as_str();
            if let Some(id) = id.filter(|_| receipt["attributes"]["undone_at"].is_null()) {
                self.add(Kind::Receipt, id, transfer);
            }
        }
    }

    fn add(&mut self, kind: Kind, id: &str, other: &str) {
        self.add_about(kind, id, other, "");
    }

    fn add_about(&mut self, kind: Kind, id: &str, other: &str, product: &str) {
        let things = self.things.entry(kind).or_default();
        things.retain(|thing| thing.id != id);
        let thing = Thing {
            id: id.to_owned(),
            other: other.to_owned(),
            product: product.to_owned(),
        };
        push(things, thing);
    }

    fn forget(&mut self, id: &str) {
        for things in self.things.values_mut() {
            things.retain(|thing| thing.id != id);
        }
    }
}

/// A product and the location in which a reservation holds pieces of it.
fn held_in_location(attributes: &Value) -> Option<(&str, &str)> {
    of_lines(attributes, |line| {
        let is_open = count(line, "quantity") > count(line, "fulfilled") + count(line, "released");
        line["location"].as_str().filter(|_| is_open)
    })
}

/// A product and the location from which pieces of it were shipped, which haven't come back; no location is an
/// empty text.
fn shipped_from(attributes: &Value) -> Option<(&str, &str)> {
    of_lines(attributes, |line| {
        let is_shipped = count(line, "fulfilled") > count(line, "returned");
        // An item with sources has no location of its own.
        let location = line.get("location").filter(|_| is_shipped)?;
        Some(location.as_str().unwrap_or_default())
    })
}

fn count(line: &Value, name: &str) -> u64 {
    line[name].as_u64().unwrap_or_default()
}

/// A product of a reservation, and what is found of a line of it.
fn of_lines<'a>(
    attributes: &'a Value,
    find: impl Fn(&'a Value) -> Option<&'a str>,
) -> Option<(&'a str, &'a str)> {
    let items = attributes["items"].as_array()?;
    items.iter().find_map(|item| {
        let sources = item["sources"].as_array();
        let mut lines = sources.into_iter().flatten().chain([item]);
        let found = lines.find_map(&find)?;
        Some((item["product_id"].as_str()?, found))
    })
}

fn push<T>(things: &mut VecDeque<T>, thing: T) {
    if things.len() >= THINGS_MAX {
        things.pop_front();
    }
    things.push_back(thing);
}

fn choose<'a, T>(things: &'a VecDeque<T>, rng: &mut StdRng) -> Option<&'a T> {
    if things.is_empty() {
        return None;
    }
    things.get(rng.random_range(0..things.len()))
}

#[cfg(test)]
mod tests;

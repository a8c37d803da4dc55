//! What a client can ask for, and how that is said over HTTP.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::model::{Change, Expect, Figures, Location, Stock};
use crate::reservation::{self, Act, Item, Pick, Reserve};
use crate::safety::Safety;

/// What a product is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Everybody wants it.
    Hot,
    /// There is hardly any, so that most of what is asked for is close to being refused.
    Scarce,
    /// There may be nearly as much of it as there can be.
    Edge,
    /// Its stock is deleted and created anew all the time.
    Fleeting,
}

/// A product, and the stock that a round begins with.
#[derive(Clone, Debug)]
pub(crate) struct Product {
    pub(crate) id: Uuid,
    pub(crate) kind: Kind,
    pub(crate) available: u64,
    pub(crate) located: BTreeMap<Location, u64>,
    /// What of it reservations have to leave.
    pub(crate) safety: Safety,
}

/// A transaction that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Which of the round's products.
    pub(crate) product: usize,
    pub(crate) change: Change,
    /// Why, for those who read the ledger.
    pub(crate) reason: Option<String>,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// A single transaction.
    Transact(Line),
    /// Many in one request.
    Batch { lines: Vec<Line>, atomic: bool },
    /// To create a product's stock.
    Create { product: usize, available: u64 },
    /// To delete it.
    Delete { product: usize },
    /// A transaction under the key that the client's request of this number had.
    Misuse { of: usize, line: Line },
    /// A product's stock.
    Stock { product: usize },
    /// A page of a product's history.
    History {
        product: usize,
        offset: usize,
        limit: usize,
    },
    /// To reserve stock.
    Reserve(Reserve),
    /// How much there is of these items.
    Availability(Vec<Item>),
    /// Something with a reservation.
    Act { reservation: Uuid, act: Act },
}

/// Where a client gives up a request: it closes the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// When so many thousandths of it are sent.
    Sending(usize),
    /// When it is sent, and there is no answer after so long.
    Waiting(Duration),
}

/// What a client does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Asks for something.
    Ask(Box<Ask>),
    /// Asks again for what the client's request of this number asked for, with its key.
    Again { of: usize, server: usize },
}

/// A request, and how it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) request: Request,
    /// What is asked for instead as soon as there is a reservation.
    pub(crate) pick: Option<Pick>,
    /// Whether it has a key, and is repeated with it until its answer is known.
    pub(crate) keyed: bool,
    /// What becomes of the first attempt.
    pub(crate) cut: Option<Cut>,
    /// Whether it is made twice at the same time.
    pub(crate) twin: bool,
    /// Which server is asked first.
    pub(crate) server: usize,
    /// How long the client does nothing before.
    pub(crate) pause: Duration,
}

/// A request as HTTP has it.
pub(crate) struct Message {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

impl Product {
    /// The stock that it begins with.
    pub(crate) fn stock(&self) -> Option<Stock> {
        let located = self.located.iter();
        let located = located.map(|(location, available)| {
            let figures = Figures::new(*available, 0)?;
            Some((*location, figures))
        });
        Some(Stock {
            unlocated: Figures::new(self.available, 0)?,
            located: located.collect::<Option<_>>()?,
            held: BTreeMap::new(),
        })
    }

    /// The request that creates that stock.
    pub(crate) fn creation(&self) -> Message {
        let located = self.located.iter();
        let located: BTreeMap<&str, Value> = located
            .map(|(location, available)| (location.slug(), json!({ "available": available })))
            .collect();
        Message {
            method: "POST",
            path: "/v2/inventories".to_owned(),
            body: Some(json!({ "data": {
                "id": self.id,
                "type": "stock",
                "attributes": { "available": self.available, "locations": located },
            } })),
        }
    }

    /// The request that sets its policy.
    pub(crate) fn policy(&self) -> Message {
        Message {
            method: "PUT",
            path: format!("/v2/inventories/{}/policy", self.id),
            body: Some(self.safety.body()),
        }
    }
}

impl Line {
    fn attributes(&self, reference: &str) -> Value {
        let Change {
            action,
            quantity,
            location,
            expect,
        } = &self.change;
        let mut attributes = json!({
            "action": action,
            "quantity": quantity,
            "reference": reference,
        });
        if let Some(location) = location {
            attributes["location"] = json!(location.slug());
        }
        if let Some(reason) = &self.reason {
            attributes["reason"] = json!(reason);
        }
        if *expect != Expect::default() {
            attributes["expect"] = json!(expect);
        }
        attributes
    }
}

impl Request {
    /// The transactions that it consists of.
    pub(crate) fn lines(&self) -> &[Line] {
        match self {
            Self::Transact(line) => std::slice::from_ref(line),
            Self::Batch { lines, .. } => lines,
            _ => &[],
        }
    }

    /// Whether it asks for a change.
    pub(crate) const fn changes(&self) -> bool {
        !matches!(
            self,
            Self::Stock { .. }
                | Self::History { .. }
                | Self::Availability(_)
                | Self::Act { act: Act::Read, .. }
        )
    }

    /// What is sent. Each transaction refers to the request's name, so that its entry is known by
    /// it, whatever the answer was.
    pub(crate) fn message(&self, name: &str, products: &[Product]) -> Message {
        let path = |product: usize, rest: &str| {
            let id = products.get(product).map_or(Uuid::nil(), |it| it.id);
            format!("/v2/inventories/{id}{rest}")
        };
        let transaction = |line: &Line| {
            let attributes = line.attributes(name);
            let data = json!({ "type": "stock-transaction", "attributes": attributes });
            let path = path(line.product, "/transactions");
            ("POST", path, Some(json!({ "data": data })))
        };
        let (method, path, body) = match self {
            Self::Transact(line) | Self::Misuse { line, .. } => transaction(line),
            Self::Batch { lines, atomic } => {
                let data = lines.iter().enumerate().map(|(number, line)| {
                    let mut data = line.attributes(&line_name(name, number));
                    let product = products.get(line.product).map(|it| it.id);
                    data["type"] = json!("stock-transaction");
                    data["product_id"] = json!(product);
                    data
                });
                let data: Vec<Value> = data.collect();
                let body = json!({ "data": data, "atomic": atomic });
                let path = "/v2/inventories/transactions".to_owned();
                ("POST", path, Some(body))
            }
            Self::Create { product, available } => {
                let body = json!({ "data": { "quantity": available } });
                ("POST", path(*product, ""), Some(body))
            }
            Self::Delete { product } => ("DELETE", path(*product, ""), None),
            Self::Stock { product } => ("GET", path(*product, ""), None),
            Self::History {
                product,
                offset,
                limit,
            } => {
                let query =
                    format!("/transactions?page%5Blimit%5D={limit}&page%5Boffset%5D={offset}");
                ("GET", path(*product, &query), None)
            }
            Self::Reserve(reserve) => {
                let path = "/v2/inventories/reservations".to_owned();
                ("POST", path, Some(reserve.body(round_of(name), products)))
            }
            Self::Availability(items) => {
                let path = "/v2/inventories/availability".to_owned();
                let body = json!({ "data": reservation::items(items, products) });
                ("POST", path, Some(body))
            }
            Self::Act { reservation, act } => {
                let path = format!("/v2/inventories/reservations/{reservation}");
                match act {
                    Act::Read => ("GET", path, None),
                    Act::Edit(_) => ("PUT", path, act.body(products)),
                    act => {
                        let path = format!("{path}/{}", act.word());
                        ("POST", path, act.body(products))
                    }
                }
            }
        };
        Message { method, path, body }
    }

    /// What the transaction in this place is known by in the ledger.
    pub(crate) fn reference(&self, name: &str, number: usize) -> String {
        match self {
            Self::Batch { .. } => line_name(name, number),
            _ => name.to_owned(),
        }
    }
}

/// The round that a name is of.
pub(crate) fn round_of(name: &str) -> u64 {
    let round = name.split('-').next();
    round.and_then(|it| it.parse().ok()).unwrap_or_default()
}

fn line_name(name: &str, number: usize) -> String {
    format!("{name}-{number}")
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of product {}", self.change, self.product)
    }
}

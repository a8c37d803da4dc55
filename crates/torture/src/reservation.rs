//! Reservations: what is asked of them, and what servers say of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::ask::Product;
use crate::ledger::{self, timestamp};
use crate::model::Location;

/// So many pieces of a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// Which of the round's products.
    pub(crate) product: usize,
    pub(crate) location: Option<Location>,
    pub(crate) quantity: u64,
}

/// A position of a product's stock, by the product's id.
pub(crate) type Position = (Uuid, Option<Location>);

/// So many pieces of each position.
pub(crate) type Positions = BTreeMap<Position, u64>;

/// A reservation that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reserve {
    pub(crate) items: Vec<Item>,
    /// Which of the round's orders it is for.
    pub(crate) order: Option<u32>,
    pub(crate) expires_in: u32,
}

/// What is done to a reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act<Part = Vec<Item>> {
    Pay,
    /// All that is open, or a part of it.
    Release(Option<Part>),
    Fulfil(Option<Part>),
    Extend {
        expires_in: u32,
    },
    Read,
}

/// What is to be done to a reservation of which nobody knows yet which it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pick {
    /// How many were told of after it.
    pub(crate) back: usize,
    /// If so, it is rather the one that expires next, and it is asked for so many milliseconds after
    /// that, or before.
    pub(crate) due: Option<i64>,
    /// What is done to it. A part has so many pieces of the items in these lines.
    pub(crate) act: Act<Vec<(usize, u64)>>,
}

/// The reservations that clients were told of.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<Vec<Known>>);

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    id: Uuid,
    items: Arc<[Item]>,
    /// When it expires, as it was shown last.
    expires_at: Option<Timestamp>,
}

/// What is picked.
#[derive(Clone, Debug)]
pub(crate) struct Picked {
    pub(crate) reservation: Uuid,
    pub(crate) act: Act,
    /// When it is to be done, if not at once.
    pub(crate) at: Option<Timestamp>,
}

/// Whoever is to do something when a reservation expires waits for no longer than this.
const WAIT_MAX: SignedDuration = SignedDuration::from_millis(300);

impl Pool {
    /// Notes a reservation that was shown to who asked for these items, or for something else.
    pub(crate) fn note(&self, shown: &Shown, items: Option<&[Item]>) {
        let mut pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let expires_at = shown.expires_at;
        if let Some(known) = pool.iter_mut().find(|known| known.id == shown.id) {
            known.expires_at = expires_at;
        } else if let Some(items) = items {
            pool.push(Known {
                id: shown.id,
                items: items.into(),
                expires_at,
            });
        }
    }

    /// What is picked at this time, and of which reservation; `None` as long as there is no
    /// reservation.
    pub(crate) fn picked(&self, pick: &Pick, now: Timestamp) -> Option<Picked> {
        let pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let back = pick.back.checked_rem(pool.len())?;
        let time = |known: &Known| {
            let expires_at = known.expires_at?;
            let wait = expires_at.duration_since(now);
            (SignedDuration::ZERO..WAIT_MAX)
                .contains(&wait)
                .then_some(expires_at)
        };
        let due = pick.due.and_then(|offset| {
            let times = pool.iter().filter_map(|known| Some((time(known)?, known)));
            let (expires_at, known) = times.min_by_key(|(expires_at, _)| *expires_at)?;
            let at = expires_at.checked_add(SignedDuration::from_millis(offset));
            Some((known, at.ok()))
        });
        let (known, at) = match due {
            Some(due) => due,
            None => (pool.iter().rev().nth(back)?, None),
        };
        let items = |part: &Vec<(usize, u64)>| {
            let part = part.iter().filter_map(|(line, quantity)| {
                let item = known.items.get(line.checked_rem(known.items.len())?)?;
                Some(Item {
                    quantity: *quantity,
                    ..item.clone()
                })
            });
            part.collect()
        };
        let act = match &pick.act {
            Act::Pay => Act::Pay,
            Act::Release(part) => Act::Release(part.as_ref().map(items)),
            Act::Fulfil(part) => Act::Fulfil(part.as_ref().map(items)),
            Act::Extend { expires_in } => Act::Extend {
                expires_in: *expires_in,
            },
            Act::Read => Act::Read,
        };
        Some(Picked {
            reservation: known.id,
            act,
            at,
        })
    }
}

/// Names an order: no other round has it.
pub(crate) fn order_id(round: u64, order: u32) -> String {
    format!("{round}-order-{order}")
}

/// How much of each position these items are together.
pub(crate) fn positions(items: &[Item], products: &[Product]) -> Positions {
    let mut positions = Positions::new();
    for item in items {
        let product = products.get(item.product).map(|product| product.id);
        let position = (product.unwrap_or_default(), item.location);
        *positions.entry(position).or_default() += item.quantity;
    }
    positions
}

pub(crate) fn items(items: &[Item], products: &[Product]) -> Value {
    let items = items.iter().map(|item| {
        let product = products.get(item.product).map(|product| product.id);
        let mut data = json!({ "product_id": product, "quantity": item.quantity });
        if let Some(location) = item.location {
            data["location"] = json!(location.slug());
        }
        data
    });
    items.collect()
}

impl Reserve {
    pub(crate) fn body(&self, round: u64, products: &[Product]) -> Value {
        let mut data = json!({
            "type": "stock-reservation",
            "items": items(&self.items, products),
            "expires_in": self.expires_in,
        });
        if let Some(order) = self.order {
            data["order_id"] = json!(order_id(round, order));
        }
        json!({ "data": data })
    }
}

impl Act {
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::Release(_) => "release",
            Self::Fulfil(_) => "fulfil",
            Self::Extend { .. } => "extend",
            Self::Read => "read",
        }
    }

    pub(crate) fn body(&self, products: &[Product]) -> Option<Value> {
        match self {
            Self::Pay | Self::Read => None,
            Self::Release(part) | Self::Fulfil(part) => {
                let part = part.as_ref()?;
                Some(json!({ "data": { "items": items(part, products) } }))
            }
            Self::Extend { expires_in } => Some(json!({ "data": { "expires_in": expires_in } })),
        }
    }
}

/// How far a reservation has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Pending,
    Paid,
    Fulfilled,
    Released,
    Expired,
}

impl State {
    /// Whether an order that has such a one can have no other.
    pub(crate) const fn is_living(self) -> bool {
        matches!(self, Self::Pending | Self::Paid | Self::Fulfilled)
    }
}

/// A reservation as a server shows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct Shown {
    pub(crate) id: Uuid,
    pub(crate) state: State,
    pub(crate) order_id: Option<String>,
    #[serde(deserialize_with = "timestamp")]
    pub(crate) created_at: Timestamp,
    #[serde(deserialize_with = "timestamp")]
    pub(crate) updated_at: Timestamp,
    #[serde(deserialize_with = "some_timestamp")]
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) items: Vec<ShownItem>,
}

/// One of its lines.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct ShownItem {
    pub(crate) product_id: Uuid,
    pub(crate) location: Option<Location>,
    pub(crate) quantity: u64,
    pub(crate) fulfilled: u64,
    pub(crate) released: u64,
}

/// What a line of a reservation holds of a product's stock.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct Hold {
    /// Whose line it is.
    pub(crate) id: Uuid,
    pub(crate) order_id: Option<String>,
    pub(crate) state: State,
    pub(crate) location: Option<Location>,
    pub(crate) quantity: u64,
    #[serde(deserialize_with = "some_timestamp")]
    pub(crate) expires_at: Option<Timestamp>,
}

/// What is not available of a product's stock, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Holds {
    pub(crate) holds: Vec<Hold>,
    pub(crate) allocated_unreserved: u64,
}

/// A position of which there wasn't enough.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct Shortage {
    pub(crate) product_id: Uuid,
    pub(crate) location: Option<Location>,
    pub(crate) requested: u64,
    pub(crate) available: u64,
}

/// How much there is of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct Availability {
    pub(crate) product_id: Uuid,
    pub(crate) location: Option<Location>,
    pub(crate) requested: u64,
    pub(crate) available: u64,
    pub(crate) sufficient: bool,
}

fn some_timestamp<'de, D: serde::Deserializer<'de>>(
    text: D,
) -> Result<Option<Timestamp>, D::Error> {
    let text: Option<String> = Option::deserialize(text)?;
    let time = text.map(|text| text.parse().map_err(serde::de::Error::custom));
    time.transpose()
}

/// How much of each position these lines have of something.
pub(crate) fn sums(items: &[ShownItem], of: impl Fn(&ShownItem) -> u64) -> Positions {
    let mut sums = Positions::new();
    for item in items {
        *sums.entry((item.product_id, item.location)).or_default() += of(item);
    }
    sums.retain(|_, sum| *sum > 0);
    sums
}

impl Shown {
    pub(crate) fn reserved(&self) -> Positions {
        sums(&self.items, |item| item.quantity)
    }
}

impl ShownItem {
    pub(crate) fn open(&self) -> u64 {
        let closed = self.fulfilled.saturating_add(self.released);
        self.quantity.saturating_sub(closed)
    }
}

/// What is short, as a refusal says.
pub(crate) fn shortages(body: &Value) -> anyhow::Result<Vec<Shortage>> {
    let shortages = body.pointer("/errors/0/meta/shortages");
    let shortages = shortages.context("there are no shortages in it")?;
    Ok(Vec::deserialize(shortages)?)
}

/// What there is, line by line.
pub(crate) fn availabilities(body: &Value) -> anyhow::Result<Vec<Availability>> {
    ledger::data(body)
}

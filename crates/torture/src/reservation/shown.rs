//! What servers say of reservations.

use std::collections::BTreeMap;

use anyhow::Context as _;
use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{ItemPlace, Positions, Wanted};
use crate::ledger::{self, timestamp};
use crate::model::Location;

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
    /// What is in each position, item by item.
    #[serde(rename = "items", deserialize_with = "lines")]
    pub(crate) lines: Vec<ShownLine>,
}

/// One of its lines: an item, or a source of one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ShownLine {
    /// Which item it is of.
    pub(crate) item: usize,
    /// Whether the item is shown with its sources.
    pub(crate) is_sourced: bool,
    pub(crate) product_id: Uuid,
    pub(crate) location: Option<Location>,
    pub(crate) quantity: u64,
    pub(crate) fulfilled: u64,
    pub(crate) released: u64,
}

/// An item as a server shows it.
#[derive(Deserialize)]
struct ItemBody {
    product_id: Uuid,
    /// The location, if the key is there.
    #[serde(default, deserialize_with = "present")]
    location: Option<Value>,
    #[serde(flatten)]
    pieces: Pieces,
    sources: Option<Vec<SourceBody>>,
}

/// A source of an item as a server shows it.
#[derive(Deserialize)]
struct SourceBody {
    location: Option<Location>,
    #[serde(flatten)]
    pieces: Pieces,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
struct Pieces {
    quantity: u64,
    fulfilled: u64,
    released: u64,
}

fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

fn lines<'de, D: Deserializer<'de>>(items: D) -> Result<Vec<ShownLine>, D::Error> {
    let items: Vec<ItemBody> = Vec::deserialize(items)?;
    let mut lines = Vec::new();
    for (number, item) in items.into_iter().enumerate() {
        let line = |location, pieces: Pieces, is_sourced| ShownLine {
            item: number,
            is_sourced,
            product_id: item.product_id,
            location,
            quantity: pieces.quantity,
            fulfilled: pieces.fulfilled,
            released: pieces.released,
        };
        match (item.location, item.sources) {
            (Some(location), None) => {
                let location = Option::deserialize(location).map_err(D::Error::custom)?;
                lines.push(line(location, item.pieces, false));
            }
            (None, Some(sources)) => {
                let mut sum = Pieces::default();
                for SourceBody { location, pieces } in sources {
                    sum.quantity += pieces.quantity;
                    sum.fulfilled += pieces.fulfilled;
                    sum.released += pieces.released;
                    if pieces.quantity == 0 {
                        return Err(D::Error::custom("a source has no pieces"));
                    }
                    lines.push(line(location, pieces, true));
                }
                if sum != item.pieces {
                    return Err(D::Error::custom("an item isn't the sum of its sources"));
                }
            }
            _ => {
                let rule = "an item has either a location, which may be null, or sources";
                return Err(D::Error::custom(rule));
            }
        }
    }
    Ok(lines)
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

fn some_timestamp<'de, D: Deserializer<'de>>(text: D) -> Result<Option<Timestamp>, D::Error> {
    let text: Option<String> = Option::deserialize(text)?;
    let time = text.map(|text| text.parse().map_err(D::Error::custom));
    time.transpose()
}

impl Shown {
    pub(crate) fn reserved(&self) -> Positions {
        let mut reserved = Positions::new();
        for line in &self.lines {
            let position = (line.product_id, line.location);
            *reserved.entry(position).or_default() += line.quantity;
        }
        reserved
    }

    /// Whether an item is in several places.
    pub(crate) fn is_split(&self, item: usize) -> bool {
        let lines = self.lines.iter();
        lines.filter(|line| line.item == item).count() > 1
    }

    /// The product, place and quantity of each item, as it was asked for, unless it was moved since.
    pub(crate) fn items(&self) -> Vec<(Uuid, ItemPlace, u64)> {
        let mut items: BTreeMap<usize, (Uuid, ItemPlace, u64)> = BTreeMap::new();
        for line in &self.lines {
            let place = if line.is_sourced {
                ItemPlace::Unnamed
            } else {
                ItemPlace::At(line.location)
            };
            let item = items.entry(line.item);
            let (_, _, quantity) = item.or_insert((line.product_id, place, 0));
            *quantity += line.quantity;
        }
        items.into_values().collect()
    }

    pub(crate) fn wanted(&self) -> Wanted {
        let mut wanted = Wanted::new();
        for (product, place, quantity) in self.items() {
            *wanted.entry((product, place)).or_default() += quantity;
        }
        wanted
    }
}

impl ShownLine {
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

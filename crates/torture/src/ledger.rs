//! What servers say of stock and its history.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Context as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::model::{Figures, Location, Movement, Stock};
use crate::reservation::Holds;

/// A line of a stock's ledger.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct Entry {
    pub(crate) id: Uuid,
    pub(crate) product_id: Uuid,
    /// Which stock of the product it changed.
    pub(crate) stock_id: Uuid,
    #[serde(flatten)]
    pub(crate) movement: Movement,
    pub(crate) sequence: u64,
    pub(crate) reference: Option<String>,
    pub(crate) reason: Option<String>,
    /// The batch that it was made in.
    pub(crate) batch_id: Option<Uuid>,
    #[serde(deserialize_with = "timestamp")]
    pub(crate) created_at: jiff::Timestamp,
    /// What proves it, and all before it.
    pub(crate) hash: String,
}

/// A stock as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct StockBody {
    pub(crate) stock_id: Uuid,
    #[serde(flatten)]
    pub(crate) sums: Figures,
    pub(crate) locations: BTreeMap<Location, Figures>,
}

/// A page of a history.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Page {
    pub(crate) data: Vec<Entry>,
    /// How much there is in all.
    pub(crate) total: usize,
}

/// What is read of a product when all is quiet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Reading {
    /// All that happened to its stock, and to what stock it had before.
    pub(crate) history: Vec<Entry>,
    /// The stock as it stood at some times.
    pub(crate) past: Vec<(jiff::Timestamp, StockBody)>,
    /// The stock as each server shows it, if there is any.
    pub(crate) stocks: Vec<Option<StockBody>>,
    /// What reservations hold of it, if there is any.
    pub(crate) holds: Option<Holds>,
}

pub(crate) fn timestamp<'de, D: serde::Deserializer<'de>>(
    text: D,
) -> Result<jiff::Timestamp, D::Error> {
    let text = String::deserialize(text)?;
    text.parse().map_err(serde::de::Error::custom)
}

/// The parts of a body that only group other ones.
const GROUPS: [&str; 4] = ["attributes", "meta", "timestamps", "results"];

/// A body without groups: what is in them stands beside them.
fn flat(body: &Value) -> Value {
    match body {
        Value::Object(parts) => {
            let mut all = Map::new();
            for (name, value) in parts {
                match flat(value) {
                    Value::Object(group) if GROUPS.contains(&&**name) => all.extend(group),
                    value => all.extend([(name.clone(), value)]),
                }
            }
            Value::Object(all)
        }
        Value::Array(values) => values.iter().map(flat).collect(),
        value => value.clone(),
    }
}

/// What a body says.
pub(crate) fn read<T: DeserializeOwned>(body: &Value) -> anyhow::Result<T> {
    T::deserialize(flat(body)).with_context(|| format!("unreadable: {body}"))
}

/// What is in an answer under `data`.
pub(crate) fn data<T: DeserializeOwned>(body: &Value) -> anyhow::Result<T> {
    read(body.get("data").unwrap_or(&Value::Null))
}

impl Entry {
    /// The reservation that made it, if one did: nothing else that is asked for has such a reference.
    pub(crate) fn reservation(&self) -> Option<Uuid> {
        self.reference.as_deref()?.parse().ok()
    }
}

impl StockBody {
    /// Whether it is what the model says.
    pub(crate) fn shows(&self, stock: &Stock) -> bool {
        stock.sums() == Some(self.sums) && stock.located == self.locations
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reference = self.reference.as_deref().unwrap_or("no reference");
        write!(
            f,
            "{:>6}  {}  [{reference}]  {} at {}",
            self.sequence, self.movement, self.id, self.created_at
        )
    }
}

impl fmt::Display for StockBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in all", self.sums)?;
        for (location, figures) in &self.locations {
            write!(f, "; {} {figures}", location.slug())?;
        }
        Ok(())
    }
}

//! What servers say of stock and its history.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::model::{Action, Figures, Location, Movement, Stock};
use crate::reservation::Holds;

/// A line of a stock's ledger.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct Entry {
    pub(crate) id: Uuid,
    pub(crate) attributes: Attributes,
    pub(crate) meta: EntryMeta,
}

/// What it says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct Attributes {
    pub(crate) action: Action,
    pub(crate) product_id: Uuid,
    pub(crate) quantity: u64,
    pub(crate) location: Option<Location>,
    pub(crate) balance: Figures,
    pub(crate) sequence: u64,
    pub(crate) reference: Option<String>,
    pub(crate) reason: Option<String>,
}

/// What is known of it beside that.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct EntryMeta {
    pub(crate) timestamps: EntryTimestamps,
    /// Which stock of the product it changed.
    pub(crate) stock_id: Uuid,
    /// The batch that it was made in.
    pub(crate) batch_id: Option<Uuid>,
    /// What proves it, and all before it.
    pub(crate) hash: String,
}

/// When it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct EntryTimestamps {
    #[serde(deserialize_with = "timestamp")]
    pub(crate) created_at: jiff::Timestamp,
}

/// A stock as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct StockBody {
    pub(crate) attributes: StockAttributes,
    pub(crate) meta: StockMeta,
}

/// Its figures.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct StockAttributes {
    #[serde(flatten)]
    pub(crate) sums: Figures,
    pub(crate) locations: BTreeMap<Location, Figures>,
}

/// Which stock of the product it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct StockMeta {
    pub(crate) stock_id: Uuid,
}

/// A page of a history.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Page {
    pub(crate) data: Vec<Entry>,
    pub(crate) meta: PageMeta,
}

/// Of what it is a page.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct PageMeta {
    pub(crate) results: PageResults,
}

/// How much there is in all.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct PageResults {
    pub(crate) total: usize,
}

#[derive(Deserialize)]
struct Document<T> {
    data: T,
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

/// What is in an answer under `data`.
pub(crate) fn data<T: serde::de::DeserializeOwned>(body: &Value) -> anyhow::Result<T> {
    let document = Document::deserialize(body).with_context(|| format!("unreadable: {body}"))?;
    Ok(document.data)
}

impl Page {
    pub(crate) fn of(body: &Value) -> anyhow::Result<Self> {
        Self::deserialize(body).with_context(|| format!("unreadable: {body}"))
    }
}

impl Entry {
    pub(crate) fn of(data: &Value) -> anyhow::Result<Self> {
        Self::deserialize(data).with_context(|| format!("unreadable: {data}"))
    }

    /// The reservation that made it, if one did: nothing else that is asked for has such a reference.
    pub(crate) fn reservation(&self) -> Option<Uuid> {
        self.attributes.reference.as_deref()?.parse().ok()
    }

    pub(crate) fn movement(&self) -> Movement {
        Movement {
            action: self.attributes.action,
            quantity: self.attributes.quantity,
            location: self.attributes.location,
            balance: self.attributes.balance,
        }
    }
}

impl StockBody {
    /// Whether it is what the model says.
    pub(crate) fn shows(&self, stock: &Stock) -> bool {
        stock.sums() == Some(self.attributes.sums) && stock.located == self.attributes.locations
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Attributes {
            sequence,
            reference,
            ..
        } = &self.attributes;
        let reference = reference.as_deref().unwrap_or("no reference");
        let (movement, created_at) = (self.movement(), self.meta.timestamps.created_at);
        write!(
            f,
            "{sequence:>6}  {movement}  [{reference}]  {} at {created_at}",
            self.id
        )
    }
}

impl fmt::Display for StockBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StockAttributes { sums, locations } = &self.attributes;
        write!(f, "{sums} in all")?;
        for (location, figures) in locations {
            write!(f, "; {} {figures}", location.slug())?;
        }
        Ok(())
    }
}

//! Reservations: what is asked of them, and what servers say of them.

mod pool;
mod shown;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::ask::Product;
use crate::model::Location;

pub(crate) use pool::{Pick, Picked, Pool};
pub(crate) use shown::{Hold, Holds, Shortage, Shown, ShownLine, State, availabilities, shortages};

/// So many pieces of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// Which of the round's products.
    pub(crate) product: usize,
    pub(crate) place: ItemPlace,
    pub(crate) quantity: u64,
}

/// The place that an item names. Those that name one come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ItemPlace {
    /// A location, or the unlocated pool.
    At(Option<Location>),
    /// None: it is wherever the server chooses, if it does, and otherwise the unlocated pool.
    Unnamed,
}

/// A position of a product's stock, by the product's id.
pub(crate) type Position = (Uuid, Option<Location>);

/// So many pieces of each position.
pub(crate) type Positions = BTreeMap<Position, u64>;

/// So many pieces of each product at the place that is named.
pub(crate) type Wanted = BTreeMap<(Uuid, ItemPlace), u64>;

/// A reservation that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reserve {
    pub(crate) items: Vec<Item>,
    /// Whether the server chooses the places of items that name none. If so there is one: from the answer
    /// nobody could tell otherwise.
    pub(crate) is_sourced: bool,
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
    /// Each item of a part, which names a place, goes to another place.
    Move {
        part: Part,
        to: Vec<Option<Location>>,
    },
    /// It becomes these items.
    Edit(Part),
    Read,
}

/// Names an order: no other round has it.
pub(crate) fn order_id(round: u64, order: u32) -> String {
    format!("{round}-order-{order}")
}

/// How much of each position these items are together, if no places are chosen.
pub(crate) fn positions(items: &[Item], products: &[Product]) -> Positions {
    let mut positions = Positions::new();
    for item in items {
        let product = products.get(item.product).map(|product| product.id);
        let position = (product.unwrap_or_default(), item.place.location());
        *positions.entry(position).or_default() += item.quantity;
    }
    positions
}

/// How much of each product these items want at each place. Where places aren't chosen, none is the
/// unlocated pool.
pub(crate) fn wanted(items: &[Item], is_sourced: bool, products: &[Product]) -> Wanted {
    let mut wanted = Wanted::new();
    for item in items {
        let product = products.get(item.product).map(|product| product.id);
        let place = match item.place {
            ItemPlace::Unnamed if !is_sourced => ItemPlace::At(None),
            place => place,
        };
        let key = (product.unwrap_or_default(), place);
        *wanted.entry(key).or_default() += item.quantity;
    }
    wanted
}

pub(crate) fn items(items: &[Item], products: &[Product]) -> Value {
    let items = items.iter().map(|item| {
        let product = products.get(item.product).map(|product| product.id);
        let mut data = json!({ "product_id": product, "quantity": item.quantity });
        if let ItemPlace::At(location) = item.place {
            data["location"] = json!(location);
        }
        data
    });
    items.collect()
}

impl ItemPlace {
    /// The location that it is where no places are chosen.
    pub(crate) const fn location(self) -> Option<Location> {
        match self {
            Self::At(location) => location,
            Self::Unnamed => None,
        }
    }
}

impl Reserve {
    pub(crate) fn wanted(&self, products: &[Product]) -> Wanted {
        wanted(&self.items, self.is_sourced, products)
    }

    pub(crate) fn body(&self, round: u64, products: &[Product]) -> Value {
        let mut data = json!({
            "type": "stock-reservation",
            "items": items(&self.items, products),
            "expires_in": self.expires_in,
        });
        if let Some(order) = self.order {
            data["order_id"] = json!(order_id(round, order));
        }
        if self.is_sourced {
            data["sourcing"] = json!({ "split": "units" });
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
            Self::Move { .. } => "move",
            Self::Edit(_) => "edit",
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
            Self::Edit(all) => Some(json!({ "data": { "items": items(all, products) } })),
            Self::Extend { expires_in } => Some(json!({ "data": { "expires_in": expires_in } })),
            Self::Move { part, to } => {
                let items = part.iter().zip(to).map(|(item, to)| {
                    let product = products.get(item.product).map(|product| product.id);
                    json!({
                        "product_id": product,
                        "from": item.place.location(),
                        "to": to,
                        "quantity": item.quantity,
                    })
                });
                Some(json!({ "data": { "items": items.collect::<Value>() } }))
            }
        }
    }
}

//! Items of carts and orders, as shops name them.

use serde::{Deserialize, Deserializer};
use stockroom_domain::{
    ExpiresIn, ItemPlace, MovedItem, ProductId, Reservation, ReservationItem, ReturnedItem,
};
use utoipa::ToSchema;

use crate::answer::ApiError;
use crate::request::{QuantityField, Scalar, StrictObject, at_least_one, check_count, product};

/// So many pieces of a product.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(expecting = "an object")]
pub(crate) struct Item {
    /// The product's id.
    #[serde(deserialize_with = "product")]
    #[schema(value_type = String, format = Uuid)]
    product_id: ProductId,
    /// How many pieces.
    quantity: QuantityField,
    /// The slug of the location; null for the unlocated pool. If it is left out, it is the unlocated pool as
    /// well, unless locations are chosen for the item.
    #[serde(default, deserialize_with = "place")]
    #[schema(value_type = Option<String>)]
    location: ItemPlace,
}

/// So many pieces of a product, which go from one place to another.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
pub(crate) struct Move {
    /// The product's id.
    #[serde(deserialize_with = "product")]
    #[schema(value_type = String, format = Uuid)]
    product_id: ProductId,
    /// The slug of the location that holds them; null for the unlocated pool.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    from: Option<String>,
    /// The slug of the location that is to hold them; null for the unlocated pool.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    to: Option<String>,
    /// How many pieces.
    #[schema(value_type = u64, minimum = 1)]
    quantity: QuantityField,
}

/// Shipped pieces of a product that come back.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
pub(crate) struct Return {
    /// The product's id.
    #[serde(deserialize_with = "product")]
    #[schema(value_type = String, format = Uuid)]
    product_id: ProductId,
    /// How many pieces.
    #[schema(value_type = u64, minimum = 1)]
    quantity: QuantityField,
    /// The slug of the location that they were shipped from; null for the unlocated pool. If it is left out, it
    /// is the unlocated pool as well, unless locations were chosen for the item.
    #[serde(default, deserialize_with = "place")]
    #[schema(value_type = Option<String>)]
    location: ItemPlace,
    /// The slug of the location that they come to; null for the unlocated pool. If it is left out, it is where
    /// they were shipped from.
    #[serde(default, deserialize_with = "place")]
    #[schema(value_type = Option<String>)]
    to: ItemPlace,
    /// Whether they are damaged: they are written off at once.
    #[serde(default)]
    damaged: bool,
}

impl From<Item> for ReservationItem {
    fn from(item: Item) -> Self {
        Self {
            product: item.product_id,
            place: item.location,
            quantity: item.quantity.0,
        }
    }
}

fn place<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ItemPlace, D::Error> {
    let slug = Option::deserialize(deserializer)?;
    Ok(slug.map_or(ItemPlace::Unlocated, ItemPlace::Location))
}

/// Deserializes the duration of a reservation. For use with `deserialize_with`.
pub(crate) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ExpiresIn, D::Error> {
    let seconds = Scalar::deserialize(deserializer)?;
    // Null is refused like any other value that isn't such a number.
    ExpiresIn::from_seconds(seconds.as_u64().unwrap_or(0))
        .map_err(|invalid| serde::de::Error::custom(format!("must be {}", invalid.rule)))
}

/// The items of a cart, which may be empty.
pub(crate) fn cart(items: Vec<Item>) -> Result<Vec<ReservationItem>, ApiError> {
    check_count("data", &items, 0..=Reservation::ITEMS_MAX)?;
    Ok(items.into_iter().map(Into::into).collect())
}

/// The items of an order, each of at least one piece.
pub(crate) fn order(items: Vec<StrictObject<Item>>) -> Result<Vec<ReservationItem>, ApiError> {
    check_count("items", &items, 1..=Reservation::ITEMS_MAX)?;
    let items = items.into_iter().enumerate();
    items
        .map(|(index, StrictObject(item))| {
            at_least_one(index, item.quantity)?;
            Ok(item.into())
        })
        .collect()
}

/// The pieces that are to be moved.
pub(crate) fn moved(items: Vec<StrictObject<Move>>) -> Result<Vec<MovedItem>, ApiError> {
    check_count("items", &items, 1..=Reservation::ITEMS_MAX)?;
    let items = items.into_iter().enumerate();
    items
        .map(|(index, StrictObject(item))| {
            at_least_one(index, item.quantity)?;
            Ok(MovedItem {
                product: item.product_id,
                from: item.from,
                to: item.to,
                quantity: item.quantity.0,
            })
        })
        .collect()
}

/// The pieces that come back.
pub(crate) fn returned(
    items: Vec<StrictObject<Return>>,
    reserve: bool,
) -> Result<Vec<ReturnedItem>, ApiError> {
    check_count("items", &items, 1..=Reservation::ITEMS_MAX)?;
    let items = items.into_iter().enumerate();
    items
        .map(|(index, StrictObject(item))| {
            at_least_one(index, item.quantity)?;
            if reserve && item.damaged {
                let detail = format!("items[{index}].damaged: must be left out with reserve");
                return Err(ApiError::validation(detail));
            }
            Ok(ReturnedItem {
                item: ReservationItem {
                    product: item.product_id,
                    place: item.location,
                    quantity: item.quantity.0,
                },
                to: item.to,
                damaged: item.damaged,
            })
        })
        .collect()
}

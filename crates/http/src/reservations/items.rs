//! Items of carts and orders, as shops name them.

use serde::{Deserialize, Deserializer};
use stockroom_domain::{ExpiresIn, ProductId, Quantity, Reservation, ReservationItem};
use utoipa::ToSchema;

use crate::answer::ApiError;
use crate::request::{QuantityField, Scalar, StrictObject};

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
    /// The slug of the location; the unlocated pool if left out or null.
    #[serde(default)]
    location: Option<String>,
}

impl From<Item> for ReservationItem {
    fn from(item: Item) -> Self {
        Self {
            product: item.product_id,
            location: item.location,
            quantity: item.quantity.0,
        }
    }
}

fn product<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ProductId, D::Error> {
    let id = Scalar::deserialize(deserializer)?;
    let product = id.as_str().and_then(ProductId::parse);
    product.ok_or_else(|| serde::de::Error::custom("must be a UUID"))
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
    check_count("data", &items, 0)?;
    Ok(items.into_iter().map(Into::into).collect())
}

/// The items of an order, each of at least one piece.
pub(crate) fn order(items: Vec<StrictObject<Item>>) -> Result<Vec<ReservationItem>, ApiError> {
    check_count("items", &items, 1)?;
    let items = items.into_iter().enumerate();
    items
        .map(|(index, StrictObject(item))| {
            if item.quantity.0.is_zero() {
                let range = format!("must be an integer from 1 to {}", Quantity::MAX);
                let detail = format!("items[{index}].quantity: {range}");
                return Err(ApiError::validation(detail));
            }
            Ok(item.into())
        })
        .collect()
}

fn check_count<T>(field: &str, items: &[T], min: usize) -> Result<(), ApiError> {
    let max = Reservation::LINES_MAX;
    if (min..=max).contains(&items.len()) {
        Ok(())
    } else {
        let detail = format!("{field} must contain {min} to {max} items");
        Err(ApiError::validation(detail))
    }
}

//! Items in bodies: products, and how many pieces of each.

use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer};
use stockroom_domain::{ProductId, Quantity};

use super::raw::Scalar;
use super::value::QuantityField;
use crate::answer::ApiError;

/// Deserializes the id of a product. For use with `deserialize_with`.
pub(crate) fn product<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ProductId, D::Error> {
    let id = Scalar::deserialize(deserializer)?;
    let product = id.as_str().and_then(ProductId::parse);
    product.ok_or_else(|| serde::de::Error::custom("must be a UUID"))
}

/// The pieces of the item with this index, of which there must be at least one.
///
/// # Errors
/// [`ApiError`] if it is 0.
pub(crate) fn at_least_one(
    index: usize,
    QuantityField(pieces): QuantityField,
) -> Result<Quantity, ApiError> {
    if pieces.is_zero() {
        let range = format!("must be an integer from 1 to {}", Quantity::MAX);
        let detail = format!("items[{index}].quantity: {range}");
        return Err(ApiError::validation(detail));
    }
    Ok(pieces)
}

/// Checks that the list in this field has an allowed number of items.
///
/// # Errors
/// [`ApiError`] if it has fewer or more.
pub(crate) fn check_count<T>(
    field: &str,
    items: &[T],
    allowed: RangeInclusive<usize>,
) -> Result<(), ApiError> {
    if allowed.contains(&items.len()) {
        Ok(())
    } else {
        let (min, max) = allowed.into_inner();
        let detail = format!("{field} must contain {min} to {max} items");
        Err(ApiError::validation(detail))
    }
}

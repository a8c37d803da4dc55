//! Products of transfers, and their pieces.

use std::collections::BTreeMap;

use serde::Deserialize;
use stockroom_domain::{Arrival, ProductId, Quantity, TransferParts, TransferProgress};
use utoipa::ToSchema;

use crate::answer::ApiError;
use crate::request::{QuantityField, StrictObject, at_least_one, check_count, non_null, product};

/// So many pieces of a product.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
#[schema(as = TransferItem)]
pub(super) struct Item {
    /// The product's id.
    #[serde(deserialize_with = "product")]
    #[schema(value_type = String, format = Uuid)]
    product_id: ProductId,
    /// How many pieces.
    #[schema(value_type = u64, minimum = 1, maximum = 9_007_199_254_740_991_u64)]
    quantity: QuantityField,
}

/// What has become of pieces of a product that were under way: at least one of the figures is above 0.
#[derive(Deserialize, ToSchema)]
#[serde(expecting = "an object")]
#[schema(as = ReceivedItem)]
pub(super) struct Arrived {
    /// The product's id.
    #[serde(deserialize_with = "product")]
    #[schema(value_type = String, format = Uuid)]
    product_id: ProductId,
    /// How many pieces have arrived in order.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    received: Option<QuantityField>,
    /// How many pieces have arrived damaged. They are written off at once.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    damaged: Option<QuantityField>,
    /// How many pieces won't arrive.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    missing: Option<QuantityField>,
    /// How many pieces have arrived beyond those that were shipped.
    #[serde(default, deserialize_with = "non_null")]
    #[schema(nullable = false)]
    surplus: Option<QuantityField>,
}

/// The products of a transfer, in their order.
pub(super) fn lines(
    items: Vec<StrictObject<Item>>,
) -> Result<Vec<(ProductId, Quantity)>, ApiError> {
    let mut named = TransferParts::new();
    check_count("items", &items, 1..=TransferProgress::LINES_MAX)?;
    let items = items.into_iter().enumerate();
    items
        .map(|(index, StrictObject(item))| {
            let pieces = at_least_one(index, item.quantity)?;
            add(&mut named, index, item.product_id, pieces)?;
            Ok((item.product_id, pieces))
        })
        .collect()
}

/// The pieces that a step is about.
pub(super) fn parts(items: Vec<StrictObject<Item>>) -> Result<TransferParts, ApiError> {
    lines(items).map(|lines| lines.into_iter().collect())
}

/// The pieces that a receipt records.
pub(super) fn arrivals(
    items: Vec<StrictObject<Arrived>>,
) -> Result<BTreeMap<ProductId, Arrival>, ApiError> {
    let mut arrivals = BTreeMap::new();
    check_count("items", &items, 1..=TransferProgress::LINES_MAX)?;
    for (index, StrictObject(item)) in items.into_iter().enumerate() {
        let pieces = |field: Option<QuantityField>| field.map_or(Quantity::ZERO, |field| field.0);
        let arrival = Arrival {
            received: pieces(item.received),
            damaged: pieces(item.damaged),
            missing: pieces(item.missing),
            surplus: pieces(item.surplus),
        };
        if arrival == Arrival::default() {
            let detail = "received, damaged, missing or surplus must be above 0";
            return Err(ApiError::validation(format!("items[{index}]: {detail}")));
        }
        add(&mut arrivals, index, item.product_id, arrival)?;
    }
    Ok(arrivals)
}

fn add<T>(
    named: &mut BTreeMap<ProductId, T>,
    index: usize,
    product: ProductId,
    value: T,
) -> Result<(), ApiError> {
    if named.insert(product, value).is_some() {
        let detail = format!("items[{index}].product_id: must be named once");
        return Err(ApiError::validation(detail));
    }
    Ok(())
}

//! Items that are short.

use serde::Serialize;
use stockroom_domain::{ItemAvailability, Shortage, Slug};
use uuid::Uuid;

/// An item that is short.
#[derive(Serialize, PartialEq, Eq)]
pub(crate) struct ShortageBody {
    product_id: Uuid,
    location: Option<String>,
    requested: u64,
    available: u64,
}

impl From<&ItemAvailability> for ShortageBody {
    fn from(item: &ItemAvailability) -> Self {
        Self {
            product_id: item.product.uuid(),
            location: item.location.clone(),
            requested: item.requested,
            available: item.in_time().get(),
        }
    }
}

impl From<Shortage> for ShortageBody {
    fn from(shortage: Shortage) -> Self {
        Self {
            product_id: shortage.product.uuid(),
            location: shortage.location.as_ref().map(Slug::to_string),
            requested: shortage.requested,
            available: shortage.available.get(),
        }
    }
}

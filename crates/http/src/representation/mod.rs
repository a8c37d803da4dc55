//! What things look like in answers.

mod key;
mod location;
mod product;
mod reservation;
mod stock;
mod transaction;
mod verification;

use serde::Serialize;
use stockroom_domain::Timestamp;
use utoipa::ToSchema;

pub(crate) use key::KeyBody;
pub(crate) use location::{GeolocationBody, LocationBody};
pub(crate) use product::{Commodity, ProductBody, Status};
pub(crate) use reservation::{AvailabilityBody, ReservationBody, ShortageBody, StockHoldBody};
pub(crate) use stock::StockBody;
pub(crate) use transaction::{TransactionBody, shown_action};
pub(crate) use verification::VerificationBody;

/// A single thing.
#[derive(Serialize, ToSchema)]
pub(crate) struct Data<T> {
    pub(crate) data: T,
}

/// When a thing was created and last changed.
#[derive(Serialize, ToSchema)]
pub(crate) struct Timestamps {
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "as_text")]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    #[serde(serialize_with = "as_text")]
    updated_at: Timestamp,
}

impl Timestamps {
    pub(crate) const fn new(created_at: Timestamp, updated_at: Timestamp) -> Self {
        Self {
            created_at,
            updated_at,
        }
    }
}

/// What is known about a thing beside its attributes.
#[derive(Serialize, ToSchema)]
pub(crate) struct Meta {
    timestamps: Timestamps,
}

impl Meta {
    pub(crate) const fn new(created_at: Timestamp, updated_at: Timestamp) -> Self {
        Self {
            timestamps: Timestamps::new(created_at, updated_at),
        }
    }
}

/// Writes a value as its text.
pub(crate) fn as_text<T: std::fmt::Display, S: serde::Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
